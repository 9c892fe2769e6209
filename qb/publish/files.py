"""What goes with a district's pages: the forms as workbooks, the annual report as Word and PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qb.errors import QbError, why
from qb.publish.pdf import NONE_INSTALLED, find_chromium, write_pdf
from qb.publish.words import Lang

if TYPE_CHECKING:
    from qb.publish.fork import Held
    from qb.publish.job import Job
    from qb.report.book import Book

FOLDER: Mapping[Lang, str] = {"zh": "附件", "en": "files"}
_REPORT: Mapping[Lang, str] = {"zh": "年度报告", "en": "annual-report"}


@dataclass(frozen=True)
class Bundle:
    """A district's files.

    Attributes
    ----------
    district : str
    annual : Job
        The page of the annual report; the files stand in a folder beside it.
    content : str
        Digest of what they are made of.
    """

    district: str
    annual: Job
    content: str

    @property
    def folder(self) -> Path:
        """Where the files stand."""
        return self.annual.target.parent / FOLDER[self.annual.page.lang]

    @property
    def workbooks(self) -> tuple[Path, ...]:
        """The forms, the issue ledger, and a plan for every school."""
        from qb.forms.entry import (
            FORMS,
            LEDGER,
            POLICIES,
        )  # not above: who asks for no files has no need of it

        return tuple(self.folder / name for name in (FORMS, LEDGER, POLICIES))

    @property
    def word(self) -> Path:
        """The annual report as a Word document."""
        return self.folder / f"{_REPORT[self.annual.page.lang]}.docx"

    @property
    def pdf(self) -> Path:
        """The annual report as a PDF."""
        return self.word.with_suffix(".pdf")

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.workbooks, self.word, self.pdf)


def make_files(bundles: Sequence[Bundle], held: Held, workers: int) -> Iterator[tuple[Path, str]]:
    """Make files, the districts side by side; yield each with what went wrong, "" where it was made."""
    from qb.publish.pool import pool_of

    with pool_of(min(workers, len(bundles))) as pool:
        asked = {pool.submit(_make, bundle, held): bundle for bundle in bundles}
        for future in as_completed(asked):
            try:
                yield from future.result()
            except BrokenProcessPool:
                yield from (
                    (path, "生成附件的进程中途被结束，可能是内存不足") for path in asked[future].paths
                )


def _make(bundle: Bundle, held: Held) -> list[tuple[Path, str]]:
    from qb.report.book import preload

    preload(held.book, held.data, held.standard)
    bundle.folder.mkdir(parents=True, exist_ok=True)
    return [(path, _said(make)) for path, make in _makers(bundle, held.book).items()]


def _makers(bundle: Bundle, book: Book) -> dict[Path, Callable[[], None]]:
    from qb.forms import write_forms, write_ledger, write_policies
    from qb.publish.word import write_word

    books = zip(bundle.workbooks, (write_forms, write_ledger, write_policies), strict=True)
    makers = {path: partial(make, book, bundle.district, path, replace=True) for path, make in books}
    word = partial(write_word, replace(bundle.annual, target=bundle.word))
    return makers | {bundle.word: word, bundle.pdf: partial(_pdf, bundle)}


def _pdf(bundle: Bundle) -> None:
    if not find_chromium():
        raise QbError(NONE_INSTALLED)
    write_pdf(bundle.annual.target, bundle.pdf)


def _said(make: Callable[[], None]) -> str:
    """Make a file and return what went wrong; whatever befalls one, the others are made."""
    try:
        make()
    except OSError as error:
        return f"{why(error)}：{error.filename or ''}"
    except Exception as error:
        return str(error) or type(error).__name__
    return ""
