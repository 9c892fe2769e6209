"""Pages read as a program reads them and checked against data: what they state is computed again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.errors import QbError
from qb.indicators.assessment import assess
from qb.publish import digests
from qb.publish.manifest import RECORD, digest
from qb.publish.page import Lang
from qb.report.facts import facts, in_words, year_of
from qb.report.words import number, verdict_label
from qb.standard import Standard
from qb.standard import load as load_standard

# A published page as a program reads it: what it says about itself, what it states, where it leads.


@dataclass(frozen=True)
class Stated:
    """A verdict or a figure as a page states it: its key, the unrounded value, the words a reader sees."""

    fact: str
    value: str | None
    text: str


@dataclass(frozen=True)
class Sheet:
    """A page as read.

    Attributes
    ----------
    name : str
        Its place in the site.
    lang : {"zh", "en"}
    meta : dict of str to str
        What it says about itself, ``qb:`` left out of the names.
    stated : tuple of Stated
    links : tuple of str
        Pages of the site that it leads to, by their places.
    """

    name: str
    lang: Lang
    meta: Mapping[str, str]
    stated: tuple[Stated, ...]
    links: tuple[str, ...]


def read_sheet(path: Path, site: Path) -> Sheet:
    """Read what a page states."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8", errors="replace"))
    reader.close()
    folder = path.parent.resolve()
    inside = ((folder / unquote(link)).resolve() for link in reader.links)
    root = site.resolve()
    return Sheet(
        path.relative_to(site).as_posix(),
        "en" if reader.lang.startswith("en") else "zh",
        reader.meta,
        tuple(reader.stated),
        tuple(to.relative_to(root).as_posix() for to in inside if to.is_relative_to(root)),
    )


class _Reader(HTMLParser):
    """Collects language, meta, links to pages, and every element that is marked as a fact, with its text."""

    def __init__(self) -> None:
        super().__init__()
        self.lang = ""
        self.meta: dict[str, str] = {}
        self.links: set[str] = set()
        self.stated: list[Stated] = []
        self._open: tuple[str, str, str | None] | None = None  # tag, key, value
        self._depth = 0
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "html":
            self.lang = found.get("lang") or ""
        elif tag == "meta" and (found.get("name") or "").startswith("qb:"):
            self.meta[found["name"].removeprefix("qb:")] = found.get("content") or ""
        elif tag == "a" and (to := _page_in(found.get("href") or "")):
            self.links.add(to)
        if self._open:
            self._depth += tag == self._open[0]
        elif fact := found.get("data-fact"):
            self._open, self._depth, self._text = (tag, fact, found.get("data-value")), 1, []

    def handle_data(self, data: str) -> None:
        if self._open:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[0]:
            self._depth -= 1
            if not self._depth:
                _, fact, value = self._open
                self.stated.append(Stated(fact, value, " ".join("".join(self._text).split())))
                self._open = None


def _page_in(href: str) -> str:
    """Return the page of this site that a link leads to, without its fragment; empty for any other link."""
    page = href.partition("#")[0]
    return page if page.endswith(".html") and ":" not in page else ""


# Pages checked against data: each figure they state is computed again, and what differs is named.


TOLERANCE = 1e-9  # of the unrounded figures, relative
_NUMBER = re.compile(r"-?[\d,]*\d(?:\.(\d+))?")
_MOST = 20  # names in a sentence; all stand in the document


@dataclass(frozen=True)
class Difference:
    """A figure that is not what the data give."""

    page: str
    fact: str
    stated: str
    recomputed: str
    standard: Standard = field(repr=False, compare=False)

    def __str__(self) -> str:
        what = in_words(self.fact, self.standard)
        return f"{self.page}：{what}，页面为 {self.stated}，重算为 {self.recomputed}"


@dataclass(frozen=True)
class Verification:
    """What came of checking a site.

    Attributes
    ----------
    pages, figures : int
        How many were checked.
    differences : tuple of Difference
    missing : tuple of str
        Pages that others lead to and that are not there.
    touched : tuple of str
        Pages that are not as qb wrote them, by the site's own record.
    other_data, other_standard : tuple of str
        Pages made of data, or by a standard, other than those of this check: no difference by itself.
    silent : tuple of str
        Pages that state no figure.
    """

    pages: int
    figures: int
    differences: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    other_data: tuple[str, ...] = ()
    other_standard: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if every figure is what the data give and every page is there as it was made, otherwise 1."""
        return int(bool(self.differences or self.missing or self.touched))

    @property
    def summary(self) -> str:
        """What was found, in sentences."""
        wrong = len(self.differences)
        lines = [f"核对了 {self.pages} 页上的 {self.figures} 处结论和数字："]
        lines[0] += f"{wrong} 处与数据不符。" if wrong else "全部与数据相符。"
        lines += [f"  {difference}" for difference in self.differences]
        for names, sentence in (
            (self.missing, "有链接指向、但文件夹中没有的页面"),
            (self.touched, "生成以后被改动过的页面"),
            (self.other_data, "由另一版数据生成的页面（数据指纹不同；其中的数字已用现有数据核对）"),
            (self.other_standard, "按另一版标准生成的页面（可用 --standard 指定标准文件）"),
            (self.silent, "没有结论和数字可核对的页面"),
        ):
            if names:
                more = f" 等 {len(names)} 页" if len(names) > _MOST else ""
                lines.append(f"{sentence}：{'、'.join(names[:_MOST])}{more}。")
        return "\n".join(lines)

    def document(self) -> dict[str, object]:
        """Return the same as one JSON document."""
        return asdict(self)


def verify(site: Path, data: Path, standard: str | Path | None = None) -> Verification:
    """Compute again what the pages of a published folder state, and compare.

    Parameters
    ----------
    site : path
        The folder that holds ``index.html``.
    data : path
        The dataset.
    standard : name or path, optional
        The standard that judges; each page's own by default, which must be one of those shipped.

    Raises
    ------
    DataError, QbError
        If there is no page of ours, or the data or the standard cannot be used.
    """
    sheets = [sheet for path in sorted(site.rglob("*.html")) if (sheet := read_sheet(path, site)).meta]
    if not sheets:
        raise QbError(f"{site} 中没有 qb publish 生成的页面。请给出含 index.html 的文件夹。")
    again = _Again(read(data), standard)
    return Verification(
        pages=len(sheets),
        figures=sum(len(sheet.stated) for sheet in sheets),
        differences=tuple(difference for sheet in sheets for difference in again.differences(sheet)),
        missing=tuple(sorted({to for sheet in sheets for to in sheet.links if not (site / to).is_file()})),
        touched=tuple(_touched(site)),
        other_data=tuple(s.name for s in sheets if s.meta.get("data") != again.fingerprint),
        other_standard=tuple(
            s.name for s in sheets if s.meta.get("standard-digest") != digests.of_standard(again.standard(s))
        ),
        silent=tuple(s.name for s in sheets if not s.stated),
    )


@dataclass
class _Again:
    """The data judged anew, once for each standard and year that pages speak of."""

    data: Dataset
    asked: str | Path | None
    _facts: dict[tuple[str, int], Mapping[str, str | float]] = field(default_factory=dict)
    _standards: dict[str, Standard] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        return digests.of_data(self.data)

    def standard(self, sheet: Sheet) -> Standard:
        name = str(self.asked or sheet.meta.get("standard", ""))
        if name not in self._standards:
            self._standards[name] = load_standard(name)
        return self._standards[name]

    def differences(self, sheet: Sheet) -> Iterator[Difference]:
        standard = self.standard(sheet)
        for stated in sheet.stated:
            known = self._judged(standard, year_of(stated.fact))
            if stated.fact not in known:
                yield Difference(sheet.name, stated.fact, stated.text, "数据中没有这一项", standard)
            elif (found := _difference(stated, known[stated.fact], sheet.lang)) is not None:
                yield Difference(sheet.name, stated.fact, *found, standard)

    def _judged(self, standard: Standard, year: int) -> Mapping[str, str | float]:
        key = (digests.of_standard(standard), year)  # two files may give themselves one name
        if key not in self._facts:
            there = year in (self.data.years or [year])  # without any, schools alone are judged in any year
            self._facts[key] = facts(assess(self.data, year, standard)) if there else {}
        return self._facts[key]


def _difference(stated: Stated, expected: str | float, lang: Lang) -> tuple[str, str] | None:
    """Return what is stated and what it should be, where the two are not the same."""
    if isinstance(expected, str):
        words = verdict_label(expected, lang)
        same = stated.text == words and stated.value in (None, expected)
        return None if same else (stated.text, words)
    shown = _NUMBER.search(stated.text)
    if math.isnan(expected):
        same = not shown and stated.value is None
        return None if same else (stated.text, number(expected, 0, lang))
    if not shown:
        return stated.text or "空白", f"{expected:.6g}"
    rounded = number(expected, len(shown[1] or ""), lang)
    if shown[0] != rounded:
        return shown[0], rounded
    if stated.value is None or _close(stated.value, expected):
        return None
    return f"{shown[0]}（未取整 {stated.value}）", f"{rounded}（未取整 {expected!r}）"


def _close(value: str, expected: float) -> bool:
    try:
        return math.isclose(float(value), expected, rel_tol=TOLERANCE, abs_tol=1e-12)
    except ValueError:
        return False


def _touched(site: Path) -> Iterator[str]:
    """Yield the pages that differ from the site's own record of them; none where it holds no record."""
    try:
        found = json.loads((site / RECORD).read_text("utf-8"))
        made = {name: entry["page"] for name, entry in found["pages"].items()}
        made |= (found["whole"] or {}).get("indexes", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    for name, of in sorted(made.items()):
        path = site / name
        if path.is_file() and digest(path.read_bytes()) != of:
            yield name


def run(site: Path, data: Path, standard: str | None, as_json: bool) -> int:
    """Print what was found, and return the exit code: 0 where all is as the data give it."""
    found = verify(site, data, standard)
    print(json.dumps(found.document(), ensure_ascii=False, allow_nan=False) if as_json else found.summary)
    return found.exit_code
