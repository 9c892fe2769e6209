"""What goes with a district's pages: forms, Word documents, a PDF, the data package."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from qb import __version__
from qb.data.dataset import district_of
from qb.data.schema import ColumnKind, SchemaColumn, SchemaTable, tables_of
from qb.data.table_files import write_csv, write_file, write_parquet
from qb.data.withheld import suppressed_classes
from qb.errors import QbError, why
from qb.files import temporary_folder
from qb.language import Message
from qb.publish.site_settings import SiteSettings
from qb.report.words import Lang, say, school_year
from qb.standard import files_of

if TYPE_CHECKING:
    from qb.publish.jobs import Job
    from qb.publish.worker_client import PreloadedContext
    from qb.report.context import ReportContext

# The data package: every table as CSV and parquet, described as Frictionless asks, in one ZIP.


# The types of Table Schema; years and counts are numbers, because figures may be shares of a person.
_TYPES = {
    ColumnKind.BOOL: "boolean",
    ColumnKind.DATE: "date",
    ColumnKind.YEAR: "year",
    ColumnKind.COUNT: "number",
    ColumnKind.ORDINAL: "integer",
    ColumnKind.NUMBER: "number",
    ColumnKind.SHARE: "number",
}
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of a ZIP: the same data give the same file


def write_data_package(
    context: ReportContext, district: str, standard: str, path: Path, settings: SiteSettings | None = None
) -> None:
    """Write a district's data as a ZIP; one that stands there is replaced.

    It holds the tables that have rows, each as CSV and as parquet, the files of the standard, a
    ``datapackage.json`` (Frictionless Data Package) with types, labels, units, sizes and SHA-256 of every
    file, and a ``README.md`` that says how to cite it.

    Parameters
    ----------
    standard : str
        Name or file of the standard by which the site judges.
    settings : SiteSettings, optional
        Who publishes, whom to ask, when the next edition is due, under which licence.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    settings = settings or SiteSettings()
    write_file(path, lambda made: _fill(context, district, standard, settings, made), replace=True)


def _fill(context: ReportContext, district: str, standard: str, settings: SiteSettings, made: Path) -> None:
    with temporary_folder() as name:
        folder = Path(name)
        resources = []
        for table in tables_of(context.standard).values():
            frame = published(context, table, district)
            if len(frame):
                resources += _written(table, frame, folder)
        for source in files_of(standard):
            (folder / source.name).write_bytes(source.read_bytes())
            resources.append(_described(folder / source.name, "toml", "application/toml"))
        described = _package(context, district, resources)
        if settings.office:
            described["contributors"] = [{"title": settings.office, "role": "publisher"}]
        text = json.dumps(described, ensure_ascii=False, indent=1) + "\n"
        (folder / "datapackage.json").write_text(text, encoding="utf-8")
        (folder / "README.md").write_text(_readme(context, district, settings), encoding="utf-8")
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.writestr(_entry(file.name), file.read_bytes())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _FIRST_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def published(context: ReportContext, table: SchemaTable, district: str) -> pd.DataFrame:
    """Return a district's rows of a table, the columns of the dictionary alone.

    Sizes of classes that the standard's settings keep back are blank, as on the pages.
    """
    data = context.data
    frame = data[table.name]
    mine = district_of(data, table.name) == district
    frame = frame.loc[mine.to_numpy(dtype=bool), [c for c in table.names if c in frame]]
    if table.name != "classes":
        return frame
    back = suppressed_classes(data, context.standard.rules.publication.smallest_class)
    return frame.assign(pupils=frame["pupils"].mask(back[mine.to_numpy(dtype=bool)]))


def _written(table: SchemaTable, frame: pd.DataFrame, folder: Path) -> list[dict[str, object]]:
    csv, parquet = folder / f"{table.name}.csv", folder / f"{table.name}.parquet"
    write_csv(frame, csv)
    write_parquet(frame, parquet)
    schema = {
        "fields": [_field(column) for column in table.columns if column.name in frame],
        "missingValues": [""],
        "primaryKey": [name for name in table.key if frame[name].notna().all()],
    }
    return [
        _described(csv, "csv", "text/csv")
        | {"title": table.label, "type": "table", "profile": "tabular-data-resource"}
        | {"encoding": "utf-8", "schema": schema},
        _described(parquet, "parquet", "application/vnd.apache.parquet") | {"title": table.label},
    ]


def _field(column: SchemaColumn) -> dict[str, object]:
    about = {"name": column.name, "type": _TYPES.get(column.kind, "string"), "title": column.label}
    if column.unit:
        about["unit"] = column.unit
    if column.note:
        about["description"] = column.note
    if column.terms:
        about["constraints"] = {"enum": [str(term) for term in column.terms]}
    return about


def _described(file: Path, form: str, medium: str) -> dict[str, object]:
    raw = file.read_bytes()
    return {
        "name": file.name.lower().replace(".", "-"),
        "type": "file",  # Frictionless counts no bytes of a parquet file that it reads as a table
        "path": file.name,
        "format": form,
        "mediatype": medium,
        "bytes": len(raw),
        "hash": f"sha256:{hashlib.sha256(raw).hexdigest()}",
    }


def _package(context: ReportContext, district: str, resources: list[dict[str, object]]) -> dict[str, object]:
    lang = context.lang
    return {
        "profile": "data-package",
        "name": f"qb-{context.year}-{hashlib.sha256(district.encode()).hexdigest()[:12]}",
        "title": _title(context, district, lang),
        "description": _invented(context, lang) + context.standard.title.zh,
        "version": str(context.year),
        "sources": [{"title": context.source}],
        "resources": resources,
    }


def _title(context: ReportContext, district: str, lang: Lang) -> str:
    year = school_year(context.year, lang)
    return say(
        lang, f"{district}义务教育优质均衡数据（{year}）", f"{district}: data on compulsory schooling, {year}"
    )


def _invented(context: ReportContext, lang: Lang) -> str:
    return say(lang, "模拟数据。", "Invented data (模拟数据). ") if context.data.invented else ""


def _readme(context: ReportContext, district: str, settings: SiteSettings) -> str:
    lang, title = context.lang, _title(context, district, context.lang)
    made_up = _invented(context, lang)
    zh = (
        f"{made_up}每张表有 CSV（UTF-8）和 parquet 两种格式；列的名称、单位和说明见 `datapackage.json`，"
        "它还列出每个文件的大小和 SHA-256。判定所依据的标准也在其中。",
        f"引用格式：{title}，数据来源：{context.source}，由 qb {__version__} 整理。",
        f"许可：{settings.licence or '由数据的提供单位规定；没有另行说明的，使用前请征得同意。'}",
    )
    en = (
        f"{made_up}Each table as CSV (UTF-8) and parquet; names, units and notes of the columns stand in "
        "`datapackage.json`, with the size and SHA-256 of every file. The standard that judges is enclosed.",
        f"Cite as: {title}. Source: {context.source}. Prepared with qb {__version__}.",
        f"Licence: {settings.licence or 'as the office that provides the data decides; where nothing else is said, ask before use.'}",
    )
    words = (
        ("发布单位：", "Published by: ", settings.office),
        ("联系方式：", "Contact: ", settings.contact),
        ("下次更新：", "Next edition: ", settings.next_date),
    )
    who = [f"{say(lang, *label)}{told}" for *label, told in words if told]
    return "\n\n".join((f"# {title}", *(zh if lang == "zh" else en), *who)) + "\n"


# The files.


# A page as a PDF, printed by whatever Chromium is installed.


SECONDS = 180
_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe",
            "Chromium/Application/chrome.exe")  # fmt: skip
_MAC = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "Chromium.app/Contents/MacOS/Chromium",
)
NONE_INSTALLED = Message(
    "没有找到 Chromium、Chrome 或 Edge，不能生成 PDF。请安装其中之一，或在浏览器中打开页面，用“打印”另存为 PDF。",
    "Neither Chromium, Chrome nor Edge was found, so no PDF can be made. Install one of them, or open the page in a browser and print it to PDF.",
)


def find_chromium() -> Path | None:
    """Return a Chromium, Chrome or Edge of this machine; None where there is none."""
    for command in _COMMANDS:
        if found := shutil.which(command):
            return Path(found)
    return next((path for path in _usual_places() if path.is_file()), None)


def _usual_places() -> Iterator[Path]:
    if sys.platform == "win32":
        roots = (os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"))
        yield from (Path(root) / place for root in roots if root for place in _WINDOWS)
    if sys.platform == "darwin":
        roots = (Path("/Applications"), Path.home() / "Applications")
        yield from (root / place for root in roots for place in _MAC)


def write_pdf(page: str | Path, path: str | Path, *, seconds: float = SECONDS) -> None:
    """Print a page to a PDF: A4, selectable text, head and foot by the page's own print style.

    The browser starts with an empty profile of its own that is thrown away, and asks nothing of any
    other machine.

    Parameters
    ----------
    page : str or Path
        The HTML file.
    path : str or Path
        The PDF, made whole or not at all; one that stands there is replaced.
    seconds : float
        How long the browser may take.

    Raises
    ------
    QbError
        If no browser is installed, or it makes no PDF.
    """
    browser = find_chromium()
    if browser is None:
        raise QbError(NONE_INSTALLED)
    source = Path(page).resolve()
    if not source.is_file():
        raise QbError(
            "没有页面 {}，不能生成 PDF。请先发布。",
            "There is no page {}, so no PDF can be made. Publish first.",
            page,
        )
    write_file(Path(path), lambda made: _print(browser, source, made, seconds), replace=True)


def _print(browser: Path, source: Path, made: Path, seconds: float) -> None:
    with temporary_folder() as profile:
        try:
            done = subprocess.run(
                [str(browser), *_options(profile), f"--print-to-pdf={made.resolve()}", source.as_uri()],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise QbError(
                "浏览器 {:g} 秒内没有生成 {} 的 PDF。请稍后重试。",
                "The browser made no PDF of {1} in {0:g} seconds. Try again later.",
                seconds,
                source.name,
            ) from None
    if not made.is_file() or made.stat().st_size == 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = lines[-1] if lines else Message("退出码 {}", "exit code {}", done.returncode)
        raise QbError(
            "浏览器没有生成 {} 的 PDF（{}）。请更新浏览器后重试。",
            "The browser made no PDF of {} ({}). Update it and try again.",
            source.name,
            said,
        )


def _options(profile: str) -> Iterator[str]:
    yield from (
        "--headless=new",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-gpu",
        "--disable-extensions",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",  # a page is whole by itself
        "--no-pdf-header-footer",
        "--generate-pdf-document-outline",  # a bookmark for each heading
        "--export-tagged-pdf",
        "--run-all-compositor-stages-before-draw",
    )
    if sys.platform == "linux" and os.geteuid() == 0:
        yield "--no-sandbox"  # Chromium refuses to start for root otherwise, as in a container


# What goes with a district's pages: the forms as workbooks, the annual report as Word and PDF, the brief as Word.


FOLDER: Mapping[Lang, str] = {"zh": "附件", "en": "files"}
_PACKAGE: Mapping[Lang, str] = {"zh": "数据包", "en": "data-package"}
_REPORT: Mapping[Lang, str] = {"zh": "年度报告", "en": "annual-report"}
_BRIEF: Mapping[Lang, str] = {"zh": "领导一页纸", "en": "brief"}


@dataclass(frozen=True)
class Bundle:
    """A district's files."""

    district: str
    # annual, brief: the pages of the annual report and of the brief; the files stand in a folder beside them.
    annual: Job
    brief: Job

    @property
    def folder(self) -> Path:
        """Where the files stand."""
        return self.annual.target.parent / FOLDER[self.annual.page.lang]

    @property
    def workbooks(self) -> tuple[Path, ...]:
        """The forms, the issue ledger, and a plan for every school."""
        from qb.report.forms import (
            FORMS,
            LEDGER,
            POLICIES,  # not above: who asks for no files has no need of it
        )

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
    def word_brief(self) -> Path:
        """The brief as a Word document."""
        return self.folder / f"{_BRIEF[self.annual.page.lang]}.docx"

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.workbooks, self.word, self.pdf, self.word_brief, self.package)

    @property
    def package(self) -> Path:
        """The data package."""
        return self.folder / f"{_PACKAGE[self.annual.page.lang]}.zip"


def make_files(bundles: Sequence[Bundle], held: PreloadedContext, workers: int) -> Iterator[tuple[Path, str]]:
    """Make files, the districts side by side; yield each with what went wrong, "" where it was made."""
    from qb.publish.page_processes import pool_of

    with pool_of(min(workers, len(bundles))) as pool:
        asked = {pool.submit(_make, bundle, held): bundle for bundle in bundles}
        for future in as_completed(asked):
            try:
                yield from future.result()
            except BrokenProcessPool:
                yield from (
                    (
                        path,
                        Message(
                            "生成附件的进程中途被结束，可能是内存不足",
                            "The process that made the files was ended, perhaps for lack of memory",
                        ),
                    )
                    for path in asked[future].paths
                )


def _make(bundle: Bundle, held: PreloadedContext) -> list[tuple[Path, str]]:
    from qb.report.context import preload

    preload(held.context, held.data, held.standard)
    bundle.folder.mkdir(parents=True, exist_ok=True)
    return [(path, _said(make)) for path, make in _makers(bundle, held).items()]


def _makers(bundle: Bundle, held: PreloadedContext) -> dict[Path, Callable[[], None]]:
    from qb.publish.notebook_to_word import write_word
    from qb.report.forms import write_forms, write_ledger, write_policies

    context = held.context
    plans = partial(write_policies, costs=str(bundle.brief.parameters.get("costs", "")))
    books = zip(bundle.workbooks, (write_forms, write_ledger, plans), strict=True)
    makers = {path: partial(make, context, bundle.district, path, replace=True) for path, make in books}
    brief = partial(write_word, replace(bundle.brief, target=bundle.word_brief), short=True)
    words = {
        bundle.word: partial(write_word, replace(bundle.annual, target=bundle.word)),
        bundle.word_brief: brief,
    }
    settings = bundle.annual.page.settings
    package = partial(
        write_data_package, context, bundle.district, str(held.standard), bundle.package, settings
    )
    return makers | words | {bundle.pdf: partial(_pdf, bundle), bundle.package: package}


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
