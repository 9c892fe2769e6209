"""A table as a page shows it: numbers aligned, units in the header, verdicts in words; cards and headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from html import escape
from numbers import Real
from typing import Any

import pandas as pd

from qb.charts import shares, sparkline
from qb.charts.figure import header
from qb.report.verdict_keys import address
from qb.report.words import Lang, number, verdict_label
from qb.terms import Allowance, Term, Verdict

Row = Mapping[str, Any]
Mime = tuple[dict[str, Any], dict[str, Any]]

BADGE = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.NO_DATA: "nodata",
    Verdict.NOT_APPLICABLE: "na",
    Allowance.AT_SCHOOL: "allowed",
    Allowance.IN_DISTRICT: "allowed",
}


def found(value: str) -> Term | None:
    """Return the verdict, or what readers see in its place, that a word of a table is."""
    return next((m for m in (*Verdict, *Allowance) if value in (m.value, m.zh, m.en)), None)


@dataclass(frozen=True)
class Column:
    """How one column of a frame is shown."""

    key: str  # column of the frame
    label: str | tuple[str, str]  # header, with its unit; Chinese and English until the table is made
    decimals: int | str | None = None  # given for numbers; a column's name where decimals differ by row
    # Column of what the number is held against (or of the figure, where this is the limit): as many digits
    # more are printed as tell the two apart.
    beside: str | None = None
    verdict: bool = False  # the column holds verdicts, shown in words with a mark of their own
    # Column that holds the address each cell leads to, or what tells it of a row.
    link: str | Callable[[Row, Any], str] | None = None
    # Column that holds the key of what each cell states (:mod:`qb.report.verdict_keys`), empty for a cell
    # that states nothing; or what tells it of a row. A verdict and a coefficient lead to their rule, on the
    # same page.
    fact: str | Callable[[Row, Any], str] | None = None
    # Column that holds the class of a badge (one of :data:`BADGE`) in which each cell that says something
    # stands: states in words, with a colour of their own.
    badge: str | None = None
    # Column that holds the school each cell names: on a site the name leads to its page.
    school: str | None = None
    course: str | None = None  # column that holds the figures of some years, drawn small after the text
    shares: str | None = None  # column that holds named shares, drawn as small bars after the text
    # Column that holds a place on another page of the site (``ledger#ledger-3``), to which the text leads.
    page: str | None = None
    whole: bool = False  # whether cells stay on one line: an amount with its unit
    # What a reader sees of a row (:func:`qb.report.columns.table`).
    show: Callable[[Row, Any], object] | None = field(default=None, repr=False)

    @property
    def numeric(self) -> bool:
        """Whether the column is aligned as numbers are."""
        return self.decimals is not None


def lines_told(lines: Sequence[str], *, alone: bool) -> Mime:
    """Return no data, and as metadata which sentences an object shows: a page says each of them once.

    `alone` where it shows nothing else, so that it need not be shown where all were said before.
    """
    return {}, {"text/html": {"lines": [*filter(None, lines)], "alone": alone}}


@dataclass(frozen=True)
class Table:
    """Rows with the words and forms in which it is shown. Everything from the data is escaped.

    Attributes
    ----------
    caption : str
    columns : tuple of Column
    rows : DataFrame or list of dict
        What is shown, a line of the page each.
    failing : str, optional
        Column of truths or of verdicts: rows to be marked.
    note : str
        Explains symbols; stands below the table.
    empty : str
        What is said where there are no rows.
    sheet : bool
        On paper the table begins a sheet of its own.
    anchor : str
        The address of the table on its page; empty for none.
    rows_at : str, optional
        Column that holds the address of each row on its page.
    more : (text, place)
        What leads to the whole where the table quotes a part of it: words, and ``ledger#ledger``.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame | list[dict] = field(repr=False)  # a notebook asks for a text of all that it shows
    failing: str | None = None
    note: str = ""
    empty: str = ""
    lang: Lang = "zh"
    sheet: bool = False
    anchor: str = ""
    rows_at: str | None = None
    more: tuple[str, str] | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """What is shown, as a frame."""
        return (
            pd.DataFrame(self.rows) if len(self.rows) else pd.DataFrame(columns=[c.key for c in self.columns])
        )

    def _repr_mimebundle_(self, **_: object) -> Mime:
        any_ = len(self.rows) > 0
        return lines_told((self.note if any_ else self.empty or self.caption,), alone=not any_)

    def _repr_html_(self) -> str:
        if not len(self.rows):
            return f'<p class="note">{escape(self.empty or self.caption)}</p>'
        head = "".join(header(c.label, numeric=c.numeric) for c in self.columns)
        rows = self.rows.to_dict("records") if isinstance(self.rows, pd.DataFrame) else self.rows
        body = "".join(map(self._row, rows))
        note = f'<p class="note">{unbroken(self.note)}</p>' if self.note else ""
        if self.more:
            note += f'<p class="note">{elsewhere(self.more[1], escape(self.more[0]))}</p>'
        own = f' id="{escape(self.anchor)}"' if self.anchor else ""
        return (
            f'<div{own} class="scroll{" sheet" * self.sheet}" role="region" tabindex="0" aria-label="{escape(self.caption)}">'
            f'<table class="data"><caption>{escape(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}"
        )

    def _row(self, row: dict[str, object]) -> str:
        mark = ' class="fail"' if self.failing and row[self.failing] in (True, Verdict.FAIL) else ""
        if self.rows_at:
            mark += f' id="{escape(str(row[self.rows_at]))}"'
        first, *rest = self.columns
        name = f'<th scope="row"{_kept(first, row[first.key])}>{self._text(first, row)}</th>'
        cells = [name, *(self._cell(c, row) for c in rest)]
        return f"<tr{mark}>{''.join(cells)}</tr>"

    def _cell(self, column: Column, row: dict[str, object]) -> str:
        raw = row[column.key]
        kind = ' class="num"' if column.numeric else _WHOLE if column.whole else _kept(column, raw)
        known = column.numeric and isinstance(raw, Real) and raw == raw
        value = f' data-value="{raw}"' if known else ""
        fact = "" if column.verdict else _marked(_fact(column, row))
        return f"<td{kind}{value}{fact}>{self._text(column, row)}</td>"

    def _text(self, column: Column, row: dict[str, object]) -> str:
        value = row[column.key]
        if column.verdict:
            return badge(str(value), self.lang, _fact(column, row))
        if column.badge:
            kind = escape(str(row[column.badge]))
            return f'<span class="verdict {kind}">{escape(str(value))}</span>' if value else ""
        if column.numeric:
            decimals = column.decimals if isinstance(column.decimals, int) else int(row[column.decimals])
            beside = row[column.beside] if column.beside else None
            text = escape(number(value, decimals, self.lang, beside=beside))
        else:
            text = "" if value is None or value != value else unbroken(str(value))
        if column.course:
            text += sparkline(row[column.course])
        if column.shares:
            text += shares(row[column.shares])
        if column.school and isinstance(row[column.school], str):
            return named(row[column.school], text)
        if column.page:
            return elsewhere(str(row[column.page]), text)
        leads = row.get(column.link) if column.link else address(_fact(column, row))
        return f'<a href="{escape(leads)}">{text}</a>' if leads and isinstance(leads, str) else text


@dataclass(frozen=True)
class SiteLinks:
    """What a page knows of the site around it: where names lead, and which of its verdicts are in doubt."""

    schools: Mapping[str, str] = field(default_factory=dict)  # the page of each school that has one
    pages: Mapping[str, str] = field(default_factory=dict)  # the other pages, by the stem of the file
    doubted: Collection[str] = ()  # what rests on doubtful figures (`qb.report.verdict_keys.doubted`)
    doubt: str = ""  # the words that stand beside a verdict in doubt


_NO_SITE = SiteLinks()
_LINKS = ContextVar("links", default=_NO_SITE)


@contextmanager
def linked(links: SiteLinks) -> Iterator[None]:
    """Let tables, cards and verdicts shown meanwhile be those of a page of a site."""
    before = _LINKS.set(links)
    try:
        yield
    finally:
        _LINKS.reset(before)


def named(school: str, text: str) -> str:
    """Return HTML that names a school; on a site it leads to the school's page, where that is made.

    >>> named("001", "西门小学")
    '<a data-school="001">西门小学</a>'
    >>> with linked(SiteLinks(schools={"001": "schools/001.html"})): print(named("001", "西门小学"))
    <a href="schools/001.html">西门小学</a>
    """
    return _way("data-school", school, _LINKS.get().schools.get(school), text)


def school_page(school: str) -> str:
    """Return the address of a school's page; empty where the site, or what is shown outside of one, has none."""
    return _LINKS.get().schools.get(school, "")


def elsewhere(place: str, text: str) -> str:
    """Return HTML that leads to a place on another page of the site, where that is made.

    >>> elsewhere("ledger#ledger-3", "3")
    '<a data-page="ledger#ledger-3">3</a>'
    >>> with linked(SiteLinks(pages={"ledger": "../ledger.html"})): print(elsewhere("ledger#ledger-3", "3"))
    <a href="../ledger.html#ledger-3">3</a>
    """
    page, mark, at = place.partition("#")
    to = _LINKS.get().pages.get(page)
    return _way("data-page", place, to and f"{to}{mark}{at}", text)


def _way(kind: str, what: str, to: str | None, text: str) -> str:
    return f'<a href="{escape(to)}">{text}</a>' if to else f'<a {kind}="{escape(what)}">{text}</a>'


def _fact(column: Column, row: dict[str, object]) -> str:
    return str(row[column.fact]) if column.fact else ""


def _marked(fact: str) -> str:
    return f' data-fact="{escape(fact)}"' if fact else ""


_WHOLE, _PHRASES = ' class="whole"', ' class="phrases"'
_SHORT = 4  # characters of a word that is not broken: 小学
# A date, or an amount with its unit: on one line too.
_AMOUNT = r"−?\d[\d,.]* ?(?:万元|亿元|平方米|个百分点)"
_UNBROKEN = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}|\d{{4}}—\d{{4}}学年|{_AMOUNT}")
_NAME = r"[一-鿿0-9]{1,9}(?:（[^）]*）)?"  # a longer one would push the other columns out
_NAMES = re.compile(rf"{_NAME}(?:(?:、|, ){_NAME})*(?:等 \d+ 个| and \d+ more)?")


def _kept(column: Column, raw: object) -> str:
    """Return the class of a cell whose text stays on one line, or breaks between its names alone."""
    if not isinstance(raw, str) or not raw:
        return ""
    if len(raw) <= _SHORT or _UNBROKEN.fullmatch(raw):
        return _WHOLE
    names = column.school or column.link or "、" in raw or ", " in raw
    return _PHRASES if names and _NAMES.fullmatch(raw) else ""


def unbroken(text: str, *, cell: bool = True) -> str:
    """Return a text as HTML in which dates and amounts do not end a line in their middle.

    Of a `cell` that is one of them, the class says so.

    >>> unbroken("截至 2025-12-19")
    '截至 <span class="whole">2025-12-19</span>'
    >>> unbroken("2025-12-19")
    '2025-12-19'
    """
    if cell and _UNBROKEN.fullmatch(text):
        return escape(text)
    return _UNBROKEN.sub(r'<span class="whole">\g<0></span>', escape(text))


def badge(verdict: str, lang: Lang, fact: str = "", *, leads: bool = True) -> str:
    """Return a verdict in words, with a class for its colour.

    With the key of what it states (:mod:`qb.report.verdict_keys`) it leads to its rule, unless it stands in what
    is itself to be clicked on; one that rests on a figure in doubt says so beside it.

    >>> with linked(SiteLinks(doubted=("C6",), doubt="请核实")): print(badge("pass", "zh", "indicator/2025/C6/甲区"))
    <a class="verdict pass" href="#rule-C6" data-fact="indicator/2025/C6/甲区" data-value="pass" data-doubt="请核实">达标</a>
    """
    shown = found(verdict)
    kind = BADGE.get(shown, "na")
    mark = f'{_marked(fact)} data-value="{escape(verdict)}"{_in_doubt(fact)}' if fact else ""
    tag, to = ("a", f' href="{escape(address(fact))}"') if fact and leads else ("span", "")
    return f'<{tag} class="verdict {kind}"{to}{mark}>{escape(verdict_label(verdict, lang))}</{tag}>'


def _in_doubt(fact: str) -> str:
    links, (kind, _, *of) = _LINKS.get(), fact.split("/")
    shaky = any(part in links.doubted for part in (kind, *of[:2]))
    return f' data-doubt="{escape(links.doubt)}"' if shaky else ""


@dataclass(frozen=True)
class Sentences:
    """Sentences of a page: a list, or a paragraph where there is one."""

    lines: tuple[str, ...]
    kind: str = "headlines"

    def _repr_mimebundle_(self, **_: object) -> Mime:
        return lines_told(self.lines, alone=True)

    def _repr_html_(self) -> str:
        if not self.lines:
            return ""
        items = "".join(f"<li>{unbroken(line)}</li>" for line in self.lines)
        return f'<ul class="{escape(self.kind)}">{items}</ul>'


@dataclass(frozen=True)
class Cards:
    """Key figures side by side: each a label, a value (or a verdict) and a line beneath.

    A verdict's card may have a fourth part, the key of what it states (:mod:`qb.report.verdict_keys`); a fifth says
    what it was the year before, and a sixth holds its figures of some years, drawn small.
    """

    cards: tuple[tuple[Any, ...], ...]
    lang: Lang = "zh"

    def _repr_html_(self) -> str:
        return f'<ul class="cards">{"".join(self._card(*card) for card in self.cards)}</ul>'

    @property
    def _nobody(self) -> str:
        return verdict_label(Verdict.NO_DATA, self.lang)

    def _card(
        self,
        label: str,
        value: str,
        beneath: str,
        fact: str = "",
        before: str = "",
        course: Sequence[tuple[int, float]] = (),
    ) -> str:
        # A figure that nobody reported says so in words.
        verdict = found(value) or (Verdict.NO_DATA if value == self._nobody else None)
        shown = badge(str(verdict), self.lang, fact) if verdict else unbroken(value, cell=False)
        mark = f' class="{BADGE[verdict]}"' if verdict else ""
        lines = [unbroken(beneath), *filter(None, [unbroken(before)])]
        lines[-1] += sparkline(course)
        details = "".join(f'<div class="detail">{line}</div>' for line in lines)
        return (
            f'<li{mark}><div class="label">{escape(label)}</div><div class="value">{shown}</div>'
            f"{details}</li>"
        )


# Where a title may go on in the next line: after a bracket or colon, before the years.
_PHRASE = re.compile(r"(?<=）)(?=[一-鿿])|(?<=：)(?=.)|(?=（\d)")


def _title(text: str) -> str:
    """Return a title as HTML whose phrases stay whole where the window has room for them."""
    parts = _PHRASE.split(escape(text))
    return "".join(f'<span class="phrase">{part}</span>' for part in parts) if len(parts) > 1 else parts[0]


@dataclass(frozen=True)
class Heading:
    """The page's one title."""

    text: str
    beneath: str = ""

    def _repr_html_(self) -> str:
        line = f'<p class="lead">{unbroken(self.beneath)}</p>' if self.beneath else ""
        return f"<h1>{_title(self.text)}</h1>{line}"
