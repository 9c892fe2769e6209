"""`qb verify`: every page is made again in memory, and whatever differs is named by key or section."""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from qb.errors import QbError, plain, why
from qb.files import read_plain, sample_scenarios, temporary_folder
from qb.language import Lang, Message, joined, json_text, listing, told
from qb.publish.jobs import Job, JobOutcome
from qb.publish.own_notebooks import find_notebooks
from qb.publish.page import WORDS
from qb.publish.page_processes import run as make_pages
from qb.publish.site import indexes
from qb.publish.site_plan import Request, SitePlan
from qb.publish.site_settings import settings_file
from qb.publish.worker_client import PreloadedContext
from qb.report.context import open_context
from qb.report.verdict_keys import in_words
from qb.standard import DEFAULT, shipped_files, whole_name

# A published page as a program reads it: what it says about itself, its sections, what it states. Whether
# a page is right is told by its bytes; what is read here only names the place.


PAGE_MOST = 64 << 20  # bytes of a page that is read at all
_SAID_MOST = 200  # differences of one page
_SNIPPET = 60  # letters of a page in a sentence
_META = re.compile(r'<meta name="qb:([\w-]+)" content="([^"]*)">')
_LANG = re.compile(r'<html lang="([^"]*)"')
_LINK = re.compile(r'<a [^<>]*?href="([^"#<>]+?\.html)["#]')
_TOKEN = re.compile(r"<[^<>]*>?|[^<>]+|>")  # in linear time, whatever stands there
_FACT = re.compile(r'<(\w+)[^<>]*? data-fact="([^"]*)"')
_VALUE = re.compile(r' data-value="([^"]*)"')
_HEADING = re.compile(r"<(h[1-6])\b")
_FACT_MOST = 40  # tokens of a figure with what stands around it
_HEAD = Message("页首（标题和安全策略）", "head (title and security policy)")
_TOP = Message("页眉和目录", "header and contents")
_INSIDE = {"<style": Message("样式", "styles"), "<script": Message("程序", "scripts")}
_PAGE = Message("全页", "whole page")


@dataclass(frozen=True)
class FoundPage:
    """A page as it stands in a folder."""

    name: str  # its place in the site
    text: str

    @cached_property
    def meta(self) -> Mapping[str, str]:
        """What the page says about itself, ``qb:`` left out of the names."""
        head = self.text.partition("<style")[0]
        return {name: unescape(content) for name, content in _META.findall(head)}

    @property
    def lang(self) -> Lang:
        """The page's language."""
        found = _LANG.search(self.text)
        return "en" if found and found[1].startswith("en") else "zh"

    def said(self, name: str) -> str:
        """Return what stands under a name in the page's provenance; empty where nothing does."""
        _, _, after = self.text.rpartition(f"<dt>{WORDS[self.lang][name]}</dt><dd>")
        return unescape(after.partition("</dd>")[0]) if after else ""

    @property
    def links(self) -> Iterator[str]:
        """Pages of the site that it leads to, by their places."""
        for href in _LINK.findall(self.text):
            if ":" not in href:
                yield posixpath.normpath(posixpath.join(posixpath.dirname(self.name), unquote(href)))


@dataclass(frozen=True)
class Stated:
    """A verdict or a figure on a page: how it is written, the unrounded value, what a reader sees."""

    written: str
    value: str | None
    text: str

    def beside(self, other: Stated) -> tuple[str, str]:
        """Return this and another in the words that tell them apart."""
        if self.text != other.text:
            blank = Message("空白", "blank")
            return self.text or blank, other.text or blank
        if self.value != other.value:
            zh, en = "{}（未取整 {}）", "{} (unrounded {})"
            return Message(zh, en, self.text, self.value), Message(zh, en, other.text, other.value)
        return self.written, other.written


class Sections:
    """A page's text in sections; each figure that is marked as one stands in for itself."""

    def __init__(self, html: str) -> None:
        self.parts: defaultdict[str, list[str]] = defaultdict(list)
        self.stated: defaultdict[str, list[Stated]] = defaultdict(list)
        tokens = _TOKEN.findall(html)
        name, outer, at = _HEAD, _HEAD, 0
        while at < len(tokens):
            token = tokens[at]
            if token.startswith("<body"):
                name = _TOP
            elif inside := next((label for tag, label in _INSIDE.items() if token.startswith(tag)), ""):
                name, outer = inside, (outer if name in _INSIDE.values() else name)
            elif _HEADING.match(token):
                name = _text(tokens[at + 1 : _closing(tokens, at)]) or name
            if fact := _FACT.match(token):
                end = _closing(tokens, at, fact[1])
                value = _VALUE.search(token)
                written = "".join(tokens[at : end + 1])
                self.stated[unescape(fact[2])].append(
                    Stated(written, value[1] if value else None, _text(tokens[at + 1 : end]))
                )
                token, at = f"<{fact[2]}>", end
            self.parts[name].append(token)
            if token.startswith(("</style", "</script")):
                name = outer
            at += 1


def _closing(tokens: list[str], at: int, tag: str = "") -> int:
    """Return where the element that begins here ends; so many tokens on where it does not."""
    tag = tag or _HEADING.match(tokens[at])[1]
    depth, last = 0, min(at + _FACT_MOST, len(tokens)) - 1
    for place in range(at, last + 1):
        depth += tokens[place].startswith((f"<{tag} ", f"<{tag}>"))
        depth -= tokens[place].startswith(f"</{tag}")
        if not depth:
            return place
    return last


def _text(tokens: Iterable[str]) -> str:
    return " ".join(unescape("".join(one for one in tokens if not one.startswith("<"))).split())


# The comparison of a page with the one made anew.


@dataclass(frozen=True)
class Difference:
    """A place where a page is not what the data give."""

    page: str
    section: str  # its heading; of a verdict or a figure what it is, in words
    fact: str  # key of the verdict or the figure; empty where it is something else
    stated: str
    recomputed: str

    @property
    def said(self) -> Message:
        """The difference in words."""
        return Message(
            "{}：{}，页面为 {}，重做为 {}",
            "{}: {}, the page says {}, made again {}",
            self.page,
            self.section if self.fact else Message("“{}”一节", "section “{}”", self.section),
            _short(self.stated),
            _short(self.recomputed),
        )


def _short(text: str) -> Message:
    return Message("{}", "{}", text).each(_snippet)


def _snippet(text: str) -> str:
    text = plain(" ".join(text.split()))
    return text if len(text) <= _SNIPPET else f"{text[:_SNIPPET]}……"


def compared(name: str, stated: str, remade: str, in_words: Callable[[str], str] = str) -> list[Difference]:
    """Return where two pages differ: every figure, and the first other difference of each section.

    `in_words` says what a figure is of which the key is given.

    Examples
    --------
    >>> for one in compared("a.html", "<h2>甲</h2><p>都达标</p>", "<h2>甲</h2><p>未达标</p>"): print(one.said)
    a.html：“甲”一节，页面为 都达标</p>，重做为 未达标</p>
    """
    if stated == remade:
        return []
    one, other = Sections(stated), Sections(remade)
    found = list(_figures(name, one.stated, other.stated, in_words))
    for section in {**other.parts, **one.parts}:
        ours, theirs = one.parts.get(section, []), other.parts.get(section, [])
        if ours != theirs:
            at = next((i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
                      min(len(ours), len(theirs)))  # fmt: skip
            shown = (
                "".join(tokens[at : at + 3]) or Message("（没有）", "(nothing)") for tokens in (ours, theirs)
            )
            found.append(Difference(name, section, "", *shown))
    other_order = Message("各节的次序或空白不同", "other order of sections, or other white space")
    as_made = Message("原来的次序和空白", "order and white space as made")
    return found[:_SAID_MOST] or [Difference(name, _PAGE, "", other_order, as_made)]


def _figures(
    name: str,
    ours: Mapping[str, list[Stated]],
    theirs: Mapping[str, list[Stated]],
    in_words: Callable[[str], str],
) -> Iterator[Difference]:
    for fact in {**theirs, **ours}:
        one, other = ours.get(fact, []), theirs.get(fact, [])
        if len(one) == len(other):
            for here, there in zip(one, other, strict=True):
                if here != there:
                    yield Difference(name, in_words(fact), fact, *here.beside(there))
        else:
            yield Difference(name, in_words(fact), fact, *map(_counted, (one, other)))


def _counted(held: list[Stated]) -> str:
    if not held:
        return Message("没有这一项", "no such entry")
    texts = listing(Counter(one.text for one in held))
    return Message("{}（共 {} 处）", "{} ({} in all)", texts, len(held))


# A site made again: the pages that stand there, of the data given, by the standard given.


_MOST = 20  # names in a sentence; all stand in the document


_LISTS = {  # of a verification, and what its summary calls them
    "missing": Message(
        "有链接指向、但文件夹中没有的页面", "Pages that others lead to and that are not there"
    ),
    "extra": Message("由这份数据不会生成的页面", "Pages that the data do not give"),
    "odd": Message(
        "不能当作页面读取的（管道、链接、文件夹或过大的文件）",
        "What cannot be read as a page (a pipe, a link, a folder, a file that is too large)",
    ),
    "other_data": Message(
        "由另一版数据生成的页面（数据指纹不同；已用现有数据重做核对）",
        "Pages made of other data (another fingerprint; made again and compared with these)",
    ),
    "other_standard": Message(
        "按另一版标准生成的页面（可用 --standard 指定标准文件）",
        "Pages made by another standard (name its file with --standard)",
    ),
    "other_version": Message(
        "由另一版 qb 生成的页面（版式可能不同，请用那一版核对）",
        "Pages made by another version of qb (they may look otherwise; check with that version)",
    ),
    "files": Message("没有核对的附件", "Files beside the pages, not compared"),
}


@dataclass(frozen=True)
class Verification:
    """What came of checking a site."""

    # pages, figures: how many were made again and compared.
    pages: int
    figures: int
    differences: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()  # pages that others lead to and that are not there
    extra: tuple[str, ...] = ()  # pages that the data do not give
    # What cannot be read as a page: a pipe, a folder, a link, a file that is too large.
    odd: tuple[str, ...] = ()
    # other_data, other_standard, other_version: pages made of data, by a standard or by a version of qb other
    # than those of this check.
    other_data: tuple[str, ...] = ()
    other_standard: tuple[str, ...] = ()
    other_version: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # what goes with the pages and is not compared

    @property
    def exit_code(self) -> int:
        """0 if every page is there, as the data give it, and no other; otherwise 1."""
        return int(bool(self.differences or self.missing or self.extra or self.odd))

    @property
    def summary(self) -> Message:
        """What was found, in sentences."""
        wrong = len(self.differences)
        lines = [
            Message(
                "用数据重做了 {} 页，逐字核对了文字、图表、样式和程序，其中结论和数字 {} 处：{}",
                "{} pages were made again from the data, and texts, figures, styles and scripts compared letter by letter, among them {} verdicts and figures: {}",
                self.pages,
                self.figures,
                Message("{} 处与重做的不同。", "{} places are not as made again.", wrong)
                if wrong
                else Message("全部与数据相符。", "all as the data give them."),
            ),
            *("  " + difference.said for difference in self.differences),
        ]
        for name, sentence in _LISTS.items():
            if names := getattr(self, name):
                count = len(names)
                more = Message(" 等 {} 个", " and more, {} in all", count) if count > _MOST else ""
                shown = listing(_short(name) for name in names[:_MOST])
                lines.append(Message("{}：{}{}。", "{}: {}{}.", sentence, shown, more))
        return joined("\n", "\n", lines)

    def document(self) -> dict[str, object]:
        """Return the same as one JSON document."""
        return asdict(self)


@dataclass(frozen=True)
class _Remade(SitePlan):
    """The pages of a site that stand there, or to which one of them leads."""

    standing: frozenset[str] = frozenset()

    def _stays(self, path: Path, content: Callable[[], str]) -> bool:
        return path.relative_to(self.site).as_posix() in self.standing

    @property
    def jobs(self) -> Iterator[tuple[str, Job]]:
        """Each page's place and job."""
        for task in self.tasks:
            yield task.job.target.relative_to(self.site).as_posix(), task.job


def verify(
    site: Path,
    data: Path,
    standard: str | Path | None = None,
    *,
    scenarios: Collection[str | Path] | None = None,
    costs: str | Path | None = None,
    notebooks: str | Path | None = None,
    settings: str | Path | None = None,
    progress: bool = False,
) -> Verification:
    """Make the pages of a published folder again and compare them, byte by byte.

    Two publications are equal but for the day and the fingerprint of the data, which are taken from the
    page. The folder's record is not asked.

    Parameters
    ----------
    site : path
        The folder that holds ``index.html``.
    data : path
        The dataset, under the name that it had.
    standard : name or path, optional
        The standard that judges; by default the one shipped under the name that the site gives.
    scenarios, costs, notebooks, settings : paths, optional
        As they were given to :func:`qb.publish.api.publish`; where the site compares scenarios and none is
        given, those of the sample.
    progress : bool
        Show a bar on stderr where that is a terminal.

    Raises
    ------
    DataError, QbError
        If there is no page of ours, or the data or the standard cannot be used.
    """
    sheets, odd = _read(Path(site))
    ours = {name: sheet for name, sheet in sheets.items() if sheet.meta}
    if not ours:
        raise QbError(
            "{} 中没有 qb publish 生成的页面。请给出含 index.html 的文件夹。",
            "{} holds no page made by qb publish. Name the folder with index.html.",
            plain(str(site)),
        )
    compared = any(posixpath.basename(name) == "scenario.html" for name in ours)
    scenarios = scenarios or (sample_scenarios() if compared else ())
    first = ours.get("index.html") or ours[min(ours)]
    chosen = whole_name(standard or _shipped(first))
    beside = tuple(str(Path(one).resolve()) for one in scenarios), str(Path(costs).resolve()) if costs else ""
    data = Path(data).resolve()
    whole = settings_file(data, str(Path(settings).resolve()) if settings else "")
    plan = _plan(Path(site), data, first, chosen, *beside, find_notebooks(notebooks), whole)
    links = {to for sheet in ours.values() for to in sheet.links}
    plan = replace(plan, standing=frozenset(sheets) | links)
    if "district" in first.meta and len(plan.parts) > 1:
        raise QbError(
            "{} 只是网站的一部分。请给出整个网站的文件夹（上一级）。",
            "{} is only part of a site. Name the folder of the whole site (the one above).",
            plain(str(site)),
        )
    comparison = _Comparison(plan, sheets)
    comparison.run(progress)
    known = comparison.known
    fingerprint, own = dict(plan.meta)["data"], dict(plan.meta)
    differing = {
        name: tuple(sorted(page for page in known if sheets[page].meta.get(name) != own[name]))
        for name in ("standard-digest", "version")
    }
    return Verification(
        pages=len(known),
        figures=comparison.figures,
        differences=(*_source(first, plan), *sorted(comparison.found, key=lambda one: one.page)),
        missing=tuple(sorted((links | {"index.html"}) & comparison.expected - set(sheets))),
        extra=tuple(sorted(set(sheets) - comparison.expected)),
        odd=tuple(odd),
        other_data=tuple(sorted(page for page in known if sheets[page].meta.get("data") != fingerprint)),
        other_standard=differing["standard-digest"],
        other_version=differing["version"],
        files=tuple(
            path.relative_to(site).as_posix() for one in plan.bundles for path in one.paths if path.is_file()
        ),
    )


def _read(site: Path) -> tuple[dict[str, FoundPage], list[str]]:
    """Return the pages of a folder by their places, and what has the name of one and is none."""
    if not site.is_dir():
        raise QbError(
            "没有网站文件夹 {}。请给出含 index.html 的文件夹。",
            "There is no folder {}. Name the one with index.html.",
            plain(str(site)),
        )
    sheets, odd = {}, []
    for folder, folders, names in os.walk(site):
        odd += [Path(folder, name).relative_to(site).as_posix() for name in folders if name.endswith(".html")]
        for name in names:
            if name.endswith(".html"):
                path = Path(folder, name)
                place = path.relative_to(site).as_posix()
                try:
                    raw = read_plain(path, PAGE_MOST)
                    sheets[place] = FoundPage(place, raw.decode("utf-8", "surrogateescape"))
                except OSError as error:
                    odd.append(f"{place}（{why(error)}）")
    return sheets, odd


def _shipped(sheet: FoundPage) -> str:
    """Return the standard that a page names, if it is shipped; a file of its own decides nothing."""
    name = sheet.meta.get("standard", "")
    return name if name in shipped_files() else DEFAULT


def _plan(site: Path, data: Path, first: FoundPage, standard: str, *beside: Any) -> _Remade:
    year = first.meta.get("year", "")
    if not re.fullmatch(r"[0-9]{4}", year):
        raise QbError(
            "{} 没有写明学年，不能重做。请给出 qb publish 生成的文件夹。",
            "{} does not say its school year and cannot be made again. Name a folder made by qb publish.",
            first.name,
        )
    context = open_context(data, int(year), standard, first.lang)
    scenarios, costs, own, settings = beside
    request = Request(
        data, standard, first.lang, (), frozenset(), scenarios, costs, own=own, settings=settings
    )
    return _Remade(site, context, request, None)


def _source(first: FoundPage, plan: SitePlan) -> Iterator[Difference]:
    """Yield the name of the data, where the pages give another than the data given do."""
    named, name = first.said("source"), plan.context.source
    if named != name:
        yield Difference(first.name, WORDS[first.lang]["source"], "", named, name)


@dataclass
class _Comparison:
    """Pages made again one by one, each compared and thrown away."""

    plan: _Remade
    sheets: Mapping[str, FoundPage]
    figures: int = 0
    found: list[Difference] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    expected: set[str] = field(default_factory=set)

    def run(self, progress: bool) -> None:
        jobs = dict(self.plan.jobs)
        self.expected |= set(jobs)
        there = [name for name in jobs if name in self.sheets]
        held = PreloadedContext(self.plan.context, self.plan.request.data, self.plan.request.standard)
        with temporary_folder() as folder:
            moved = {Path(folder, f"{i}.html"): name for i, name in enumerate(there)}

            def told(outcome: JobOutcome) -> None:
                target, name = outcome.job.target, moved[outcome.job.target]
                if outcome.failure:
                    self.known.add(name)
                    failed = Message("不能生成：{}", "cannot be made: {}", outcome.failure)
                    there = Message("有这一页", "there is this page")
                    self.found.append(Difference(name, _PAGE, "", there, failed))
                else:
                    self._compare(name, target.read_bytes().decode("utf-8"))
                    target.unlink()

            asked = [replace(jobs[name], target=target) for target, name in moved.items()]
            make_pages(asked, held=held, told=told, progress=progress)
        outcomes = {job.target: JobOutcome(job, 0.0, kept=True) for job in jobs.values()}
        for target, html in indexes(self.plan, outcomes):
            name = target.relative_to(self.plan.site).as_posix()
            self.expected.add(name)
            if name in self.sheets:
                self._compare(name, html)

    def _compare(self, name: str, remade: str) -> None:
        sheet = self.sheets[name]
        self.known.add(name)
        self.figures += remade.count(' data-fact="')
        self.found += compared(name, sheet.text, self._dated(sheet, remade), self._in_words)

    def _in_words(self, fact: str) -> str:
        try:
            return in_words(fact, self.plan.context.standard)
        except (ValueError, LookupError):  # a key that is none of ours
            return fact

    def _dated(self, sheet: FoundPage, remade: str) -> str:
        """Return a page made now as it would have been on the page's day, of data of its fingerprint."""
        words, own = WORDS[self.plan.request.lang], dict(self.plan.provenance)
        day, mark = words["made_on"], words["fingerprint"]
        if _is_day(said := sheet.said("made_on")):
            remade = _put(remade, f"<dt>{day}</dt><dd>{{}}</dd>", own[day], said)
        if _is_fingerprint(said := sheet.said("fingerprint")) and said == sheet.meta.get("data"):
            for written in (f"<dt>{mark}</dt><dd>{{}}</dd>", '<meta name="qb:data" content="{}">'):
                remade = _put(remade, written, own[mark], said)
        return remade


def _put(page: str, written: str, old: str, new: str) -> str:
    return page.replace(written.format(old), written.format(new))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text <= date.today().isoformat()
    except ValueError:
        return False


def _is_fingerprint(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{32}", text))


def run(
    site: Path, data: Path, standard: str | None, as_json: bool, lang: Lang = "zh", **beside: object
) -> int:
    """Print what was found, and return the exit code: 0 where all is as the data give it."""
    found = verify(site, data, standard, progress=True, **beside)
    print(json_text(found.document(), lang) if as_json else told(found.summary, lang))
    return found.exit_code
