"""What a page looks like: notebook or index, in one theme, in one file that asks nothing of any other."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from qb.publish.words import WORDS, Lang

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

THEME = Path(__file__).parent / "theme"
SCRIPTS = ("script", "tables", "workbook", "figures", "contents")  # one program, in this order
CONTROLS = ("filter", "only_failing", "rows", "rows_of", "csv", "workbook", "about", "png", "svg")

_HEADING = re.compile(r"<h([1-6])((?:\s[^>]*)?)>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_ID = re.compile(r"""\sid\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """What stands on a page around its content.

    Attributes
    ----------
    title : str
        Title of the window, and the heading where the content brings none.
    lang : {"zh", "en"}
    place : str
        District and school year, on the top of the page and of every printed sheet.
    invented : bool
        Whether the data are invented; the page then says so.
    links : tuple of (text, href)
        The other pages of the site, relative to this one.
    here : str
        The one of those hrefs that is this page; empty if none is.
    provenance : tuple of (name, value)
        What the figures rest on: data, standard, date, software.
    meta : tuple of (name, value)
        The same for programs (`qb verify`), written as ``<meta name="qb:…">``.
    """

    title: str
    lang: Lang = "zh"
    place: str = ""
    invented: bool = False
    links: tuple[tuple[str, str], ...] = ()
    here: str = ""
    provenance: tuple[tuple[str, str], ...] = ()
    meta: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> Mapping[str, str]:
        """The words of the page's language."""
        return WORDS[self.lang]

    @property
    def controls(self) -> dict[str, str]:
        """The words that our script needs."""
        return {name: self.words[name] for name in CONTROLS}


@cache
def _exporter() -> HTMLExporter:
    """Return the exporter of this process: making one costs more than most pages."""
    # Not above: it takes long to load, and who writes indexes alone has no need of it.
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    class Exporter(HTMLExporter):
        def from_notebook_node(self, nb, resources=None, **kw):
            """Leave out the parent's second pass: it parses the finished page only to add what ours has."""
            return super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)

        def _preprocess(self, nb, resources):
            """Leave out the parent's copies and checks: what it is given is a copy, and was just executed."""
            for preprocessor in self._preprocessors:
                nb, resources = preprocessor(nb, resources)
            return nb, resources

    shown = ["text/html", "text/markdown", "image/svg+xml", "image/png", "text/plain"]
    exporter = Exporter(
        config=Config({"NbConvertBase": {"display_data_priority": shown}}),
        template_name="qb",
        extra_template_basedirs=[str(THEME)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        optimistic_validation=True,
    )
    _furnish(exporter.environment)
    return exporter


@cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(THEME / "qb"), autoescape=True)
    _furnish(environment)
    return environment


def _furnish(environment: Environment) -> None:
    environment.autoescape = True
    environment.filters |= {"outline": outline, "css_string": css_string, "bare_svg": bare_svg}
    environment.globals["theme"] = _theme()


def _theme() -> SimpleNamespace:
    folder = THEME / "qb"
    parts = "\n".join((folder / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = (folder / "style.css").read_text("utf-8")
    return SimpleNamespace(style=style, script=script, script_hash=f"sha256-{digest}")


def notebook_page(notebook: NotebookNode, page: Page) -> str:
    """Return an executed notebook as a page: its text and outputs, no code, nothing from stderr.

    A cell tagged with a language (``zh``, ``en``) is left out of pages in the others.
    """
    shown = copy(notebook)
    shown["cells"] = [cell for cell in notebook.cells if _speaks(cell, page.lang)]
    html, _ = _exporter().from_notebook_node(shown, resources={"page": page})
    return html


def _speaks(cell: NotebookNode, lang: Lang) -> bool:
    tags = cell.metadata.get("tags", ())
    return lang in tags or not any(other in tags for other in WORDS)


def index_page(template: str, page: Page, **values: object) -> str:
    """Return a page of our own: a template of the theme, filled in. Every value is escaped."""
    return _environment().get_template(template).render(page=page, **values)


@dataclass(frozen=True)
class Entry:
    """A line of the contents list."""

    id: str
    text: str


@dataclass(frozen=True)
class Outline:
    """Content whose headings are in order, and its contents list."""

    html: Markup
    contents: tuple[Entry, ...]


def outline(content: str, title: str) -> Outline:
    """Give the content one h1 and headings that skip no level; list its h2.

    A first heading that is no h1 gets `title` before it. A later h1 becomes an h2.

    Examples
    --------
    >>> found = outline("<h1>A</h1><h3>B &amp; C</h3><h1>D</h1>", title="T")
    >>> print(found.html)
    <h1 id="s1">A</h1><h2 id="s2">B &amp; C</h2><h2 id="s3">D</h2>
    >>> [entry.text for entry in found.contents]
    ['B & C', 'D']
    >>> print(outline("<h2 id='x'>A</h2>", title="1 < 2").html)
    <h1 id="s1">1 &lt; 2</h1>
    <h2 id='x'>A</h2>
    """
    first = _HEADING.search(content)
    if not first or first[1] != "1":
        content = f"<h1>{escape(title)}</h1>\n{content}"
    contents: list[Entry] = []
    level = number = 0

    def put(match: re.Match[str]) -> str:
        nonlocal level, number
        number += 1
        level = max(2, min(int(match[1]), level + 1)) if level else 1
        own = _ID.search(match[2])
        anchor = own[1] if own else f"s{number}"
        if level == 2:
            contents.append(Entry(anchor, Markup(match[3]).striptags()))
        attributes = match[2] if own else f'{match[2]} id="{anchor}"'
        return f"<h{level}{attributes}>{match[3]}</h{level}>"

    return Outline(Markup(_HEADING.sub(put, content)), tuple(contents))


def css_string(text: str) -> str:
    r"""Return `text` as a string of CSS that can end neither itself nor the style sheet.

    Examples
    --------
    >>> print(css_string('甲区 "</style>'))
    "甲区 \22 \3c /style\3e "
    """
    return '"' + re.sub(r'[\\"<>&\n\r\f]', lambda m: f"\\{ord(m[0]):x} ", text) + '"'


def bare_svg(svg: str) -> str:
    """Return the svg element alone: a prolog has no place inside a page."""
    return svg[max(svg.find("<svg"), 0) :]
