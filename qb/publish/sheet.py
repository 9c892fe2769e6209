"""A published page as a program reads it: what it says about itself, what it states, where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from qb.publish.words import Lang


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
