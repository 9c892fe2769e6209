"""Pages made without a press and read as people do: titles, sentences, cards, figures, badges."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import nbformat

from qb.indicators.assessment import Assessment
from qb.publish.page import Page as Frame
from qb.publish.site_index import district_index
from qb.publish.site_plan import Part

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
KINDS = ("brief", "district", "annual", "ledger", "data", "research", "plan", "school", "scenario")
VOID = {"br", "img", "hr", "input", "meta", "link", "col", "source", "wbr"}


@dataclass(frozen=True)
class Text:
    """What one element of a page says.

    Attributes
    ----------
    role : str
        ``title``, ``lead``, ``line`` (of a list of sentences), ``empty`` (in the place of a table), ``card``
        or ``finding`` (the title of a figure).
    text : str
        A card's three parts are separated by bars.
    colour : str
        The class that gives a card its colour.
    """

    role: str
    text: str
    colour: str = ""


@dataclass(frozen=True)
class Badge:
    """A verdict in words, with the class that gives its colour and what it states."""

    text: str
    colour: str
    fact: str
    value: str


@dataclass
class Page:
    """What a page says, read from its HTML."""

    kind: str
    lang: str
    school: str = ""
    texts: list[Text] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)
    cells: list[tuple[str, str]] = field(default_factory=list)  # what a cell of numbers holds, and prints


class Reader(HTMLParser):
    """Reads what :mod:`qb.report` writes, knowing the classes of its elements and nothing of its code."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page, self.open, self.heard = page, [], []
        self.after_table = False

    def handle_starttag(self, tag, attrs):
        """Open an element."""
        if tag in VOID:
            return
        attributes = dict(attrs)
        self.open.append((tag, set((attributes.get("class") or "").split()), attributes, len(self.heard)))

    def handle_data(self, data):
        """Hear text."""
        self.heard.append(data)

    def handle_endtag(self, tag):
        """Close an element, and keep what it said."""
        if tag in VOID:
            return
        name, classes, attributes, start = self.open.pop()
        assert name == tag, (name, tag)
        text = "".join(self.heard[start:]).strip()
        parent, around = (self.open[-1][0], self.open[-1][1]) if self.open else ("", set())
        if tag == "div" and "cards" in (self.open[-2][1] if len(self.open) > 1 else ()):
            self.heard.append("|")
        if "verdict" in classes:
            colour = " ".join(sorted(classes - {"verdict"}))
            self.page.badges.append(
                Badge(text, colour, attributes.get("data-fact", ""), attributes.get("data-value", ""))
            )
        if tag == "td" and "num" in classes and attributes.get("data-value"):
            self.page.cells.append((attributes["data-value"], text))
        role = ""
        if tag == "h1":
            role = "title"
        elif tag == "p" and classes & {"lead", "hero"}:
            role = "lead"
        elif tag == "p" and "note" in classes and not self.after_table:
            role = "empty"
        elif tag == "li" and "cards" in around:
            role = "card"
        elif tag == "li" and parent == "ul" and around and not around & {"cards", "links"}:
            role = "line"
        elif tag == "b" and "finding" in classes:
            role = "finding"
        if role:
            colour = " ".join(sorted(classes)) if role == "card" else ""
            self.page.texts.append(Text(role, text.rstrip("|"), colour))
        if tag in ("div", "p"):
            self.after_table = tag == "div" and "scroll" in classes


def shown(kind: str, lang: str, **parameters: object) -> list[str]:
    """Run a notebook's cells here and return the HTML of what they show."""
    outputs: list[str] = []

    def display(*found: object) -> None:
        outputs.extend(html for one in found if hasattr(one, "_repr_html_") and (html := one._repr_html_()))

    names = {"display": display}
    for cell in nbformat.read(NOTEBOOKS / f"{kind}.ipynb", as_version=4).cells:
        if cell.cell_type != "code" or {"work", "document"} & set(cell.metadata.get("tags", ())):
            continue
        tree = ast.parse(cell.source)
        last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        if last is not None:
            tree.body.pop()
        exec(compile(tree, kind, "exec"), names)
        if "parameters" in cell.metadata.get("tags", ()):
            names |= parameters | {"lang": lang}
        if last is not None:
            display(eval(compile(ast.Expression(last.value), kind, "eval"), names))
    return outputs


def read_index(
    assessment: Assessment, district: str, lang: str, folder: Path, earlier: Sequence[Assessment] = ()
) -> Page:
    """Make the index of a district, without links to pages, and read what it says of the latest year."""
    one = assessment.of(district)
    page = Page("index", lang)
    part = Part(folder, district, one, {}, above=False)
    around = Frame(district, lang, place=district)
    html = district_index(part, earlier, {}, (), around)
    reader = Reader(page)
    reader.feed(
        html[html.index("<main") : html.index("</main>")].partition('<details class="year">')[0] + "</main>"
    )
    return page


def read_page(kind: str, lang: str, **parameters: object) -> Page:
    """Make a page and read it."""
    page = Page(kind, lang, str(parameters.get("school_id", "")))
    reader = Reader(page)
    for html in shown(kind, lang, **parameters):
        reader.feed(html)
        reader.close()
        assert not reader.open, (kind, reader.open)
        reader.heard.clear()
    return page
