"""What a figure is made of: line, bar, dot, word, area; with the colours, type, font and few words that all share.

Each mark writes itself as SVG and draws itself with matplotlib. SVG is for the page: its text stays text, its colours
follow the page, it carries no ids that could clash. matplotlib draws the same marks as a picture for Word.

Figures are drawn in units of one pixel of a page `WIDTH` pixels wide, on a phone `NARROW`. Colours are grey and one accent;
what falls short has a colour, a shape and a word of its own, so colour never speaks alone.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from itertools import groupby
from pathlib import Path
from tomllib import loads
from typing import TYPE_CHECKING, Literal, NamedTuple

from qb.files import PACKAGE
from qb.rounding import round_half_up
from qb.terms import Allowance, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, NARROW = 720, 340
SMALL, BODY, LARGE = 13, 14, 18
FAMILY = "qb Sans SC"
STACK = (
    f"'{FAMILY}','PingFang SC','Microsoft YaHei',"
    "'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC',sans-serif"
)
FOLDER = PACKAGE / "charts" / "fonts"


class Colour(NamedTuple):
    """A colour on the page, where the stylesheet may change it (dark pages do), on paper, and in grey print.

    In grey what matters is dark and what accompanies it light: luminance alone would make them alike.
    """

    page: str
    paper: str
    grey: str


INK = Colour("currentColor", "#111827", "#111111")
QUIET = Colour("var(--chart-quiet,#6b7280)", "#6b7280", "#7a7a7a")
RULE = Colour("var(--chart-rule,#d1d5db)", "#d1d5db", "#d4d4d4")
ACCENT = Colour("var(--chart-accent,#0b6e99)", "#0b6e99", "#262626")
ALARM = Colour("var(--chart-alarm,#c2410c)", "#c2410c", "#000000")
ALLOW = Colour("var(--chart-allow,#7a5200)", "#7a5200", "#444444")
PAPER = Colour("var(--chart-paper,Canvas)", "#ffffff", "#ffffff")
FADE = 0.8  # of quiet shapes: still three to one against the page


@cache
def words() -> dict[str, tuple[str, str]]:
    """Return the few words that figures add by themselves, by key: in Chinese, in English."""
    return {
        key: (zh, en)
        for key, (zh, en) in loads((PACKAGE / "charts" / "words.toml").read_text("utf-8")).items()
    }


def label(verdict: Verdict | Allowance, lang: str) -> str:
    """Return a verdict as a reader sees it."""
    return verdict.zh if lang == "zh" else verdict.en


def clean(text: object) -> str:
    """Return text on one line, without control, direction and broken characters."""
    text = str(text)
    if not text.isprintable():
        dropped = ("Cc", "Cf", "Cs")
        text = "".join(c if c.isprintable() or unicodedata.category(c) not in dropped else " " for c in text)
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def span(text: str, size: float = SMALL) -> float:
    """Return about how wide text is: a Chinese character is as wide as it is high.

    The reader's font is not known, so this errs on the wide side.

    >>> span("小学", 10)
    20.0
    """
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.6 for c in text)


def shorten(text: object, room: float, size: float = SMALL) -> str:
    """Return text cut to the room there is, with … where something was cut.

    >>> shorten("福州市鼓楼第一中心小学", 65, 13)
    '福州市鼓…'
    """
    text = clean(text)
    if span(text, size) <= room:
        return text
    return text[: _fitting(text, room - span("…", size), size)] + "…"


def _fitting(text: str, room: float, size: float) -> int:
    """Return how many first characters have room; halving, for a name may have ten thousand."""
    return max(0, bisect_right(range(len(text) + 1), room, key=lambda n: span(text[:n], size)) - 1)


def wrap(text: object, room: float, size: float = SMALL, lines: int = 2) -> list[str]:
    """Return text broken into at most so many lines; the last one is cut where it must be.

    >>> wrap("每百名学生拥有骨干教师数", 91, 13)
    ['每百名学生拥有', '骨干教师数']
    """
    rest, out = clean(text), []
    while rest and len(out) < lines - 1 and span(rest, size) > room:
        cut = max(1, _fitting(rest, room, size))
        # words of European languages stay whole, or end a line at their hyphen
        space = max(rest.rfind(" ", 1, cut + 1), rest.rfind("-", 1, cut) + 1)
        cut = space if space > 0 and rest[cut - 1 : cut + 1].isascii() else cut
        while cut > 1 and rest[cut] in "，、。；：）》”":  # these do not begin a line
            cut -= 1
        out.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*out, shorten(rest, room, size)]


def share(percent: float, *edges: float) -> str:
    """Return a percentage with one decimal, with more where one would hide that it is below an edge.

    Figures, tables and sentences print percentages of a standard with this, so they show the same digits.

    Parameters
    ----------
    percent : float
    *edges : float
        100 is always one.

    Examples
    --------
    >>> share(99.6), share(100.0), share(99.96), share(84.996, 85)
    ('99.6', '100.0', '99.96', '84.996')
    """
    decimals = 1
    while decimals < 9 and any(
        percent < edge - 1e-9 and round_half_up(percent, decimals) >= edge for edge in (100.0, *edges)
    ):
        decimals += 1
    return f"{round_half_up(percent, decimals) + 0.0:,.{decimals}f}"


def plain(value: float, decimals: int | None = None) -> str:
    """Return a number as people write it: thousands set apart, no needless zeros.

    >>> plain(2000), plain(4.50), plain(0.5, 2)
    ('2,000', '4.5', '0.50')
    """
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


@cache
def fonts() -> tuple[Path, Path]:
    """Make matplotlib know our font, once, and return the files it resolves: regular and bold."""
    from matplotlib import font_manager

    for path in sorted(FOLDER.glob("*.otf")):
        font_manager.fontManager.addfont(path)
    found = [
        font_manager.findfont(
            font_manager.FontProperties(family=FAMILY, weight=weight), fallback_to_default=False
        )
        for weight in ("normal", "bold")
    ]
    return Path(found[0]), Path(found[1])


class style(AbstractContextManager):  # noqa: N801  called as a function is
    """Let matplotlib draw Chinese text with our font: from here on, or within a ``with`` alone.

    Seaborn's themes choose a font too: call it after ``seaborn.set_theme()``.

    Parameters
    ----------
    math : bool
        Whether ``$x^2$`` is a formula; unless asked for, a $ in a name is a $.

    Examples
    --------
    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["font.family"]
    ['qb Sans SC']
    """

    def __init__(self, *, math: bool = False) -> None:
        import matplotlib

        fonts()
        own = {
            "font.family": [FAMILY],
            "text.usetex": False,
            "text.parse_math": math,
            "axes.unicode_minus": True,
        }
        self._before = {name: matplotlib.rcParams[name] for name in own}
        matplotlib.rcParams.update(own)

    def __exit__(self, *_: object) -> None:
        """Put back what was."""
        import matplotlib

        matplotlib.rcParams.update(self._before)

    def __repr__(self) -> str:
        return f"matplotlib draws with {FAMILY}"


Anchor = Literal["start", "middle", "end"]
HALO = 4  # width of the ground around words that cross a line
Shape = Literal["circle", "ring", "diamond", "triangle", "arrow"]


def svg(marks: Iterable[Mark]) -> str:
    """Return marks as SVG; neighbours of the same paint share one group, which makes pages light.

    >>> svg([Dot(1, 2, 3), Dot(4, 5, 3)])
    '<path d="M1-1a3 3 0 1 0 .1 0zM4 2a3 3 0 1 0 .1 0z" fill="var(--chart-quiet,#6b7280)"/>'
    """
    out = []
    for paint, run in groupby(marks, key=lambda mark: mark.paint):
        some = list(run)
        if len(some) == 1 or not paint:
            out += [mark.element(paint) for mark in some]
        elif all(isinstance(m, Dot) and m.shape in ("circle", "ring") and not m.tip for m in some):
            # an arc that all but closes is a third of a circle's element
            arcs = (
                f"M{_n(m.x)} {_n(m.y - m.radius)}a{_n(m.radius)} {_n(m.radius)} 0 1 0 .1 0z" for m in some
            )
            out.append(f'<path d="{"".join(arcs).replace(" -", "-")}"{paint}/>')
        else:
            out.append(f"<g{paint}>{''.join(mark.element('') for mark in some)}</g>")
    return "".join(out)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: Colour = QUIET
    width: float = 1.0
    dashed: bool = False

    @property
    def paint(self) -> str:
        """How it is painted, as attributes of SVG."""
        dash = ' stroke-dasharray="5 4"' if self.dashed else ""
        return f' fill="none" stroke="{self.colour.page}" stroke-width="{self.width}"{dash}'

    def element(self, paint: str) -> str:
        """Return the mark as an element of SVG with that paint."""
        return f'<path d="M{"L".join(f"{_n(x)} {_n(y)}" for x, y in self.points)}"{paint}/>'

    def draw(self, axes: Axes) -> None:
        """Draw the mark on axes."""
        x, y = zip(*self.points, strict=True)
        dashes = (0, (5 / self.width, 4 / self.width)) if self.dashed else "-"
        axes.plot(x, y, color=self.colour.paper, linewidth=self.width, linestyle=dashes)


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour = QUIET
    opacity: float = 1.0

    @property
    def paint(self) -> str:
        """How it is painted, as attributes of SVG."""
        return _fill(self.colour, self.opacity)

    def element(self, paint: str) -> str:
        """Return the mark as an element of SVG with that paint."""
        size = f'width="{_n(self.width)}" height="{_n(self.height)}"'
        return f'<rect x="{_n(self.x)}" y="{_n(self.y)}" {size}{paint}/>'

    def draw(self, axes: Axes) -> None:
        """Draw the mark on axes."""
        from matplotlib.patches import Rectangle

        corner = (self.x, self.y)
        axes.add_patch(
            Rectangle(corner, self.width, self.height, facecolor=self.colour.paper, alpha=self.opacity)
        )


@dataclass(frozen=True, slots=True)
class Dot:
    """A school, or another single thing; `tip` is read when the pointer rests on it.

    `leads` is the address of what it stands for; empty for none.
    """

    x: float
    y: float
    radius: float
    colour: Colour = QUIET
    shape: Shape = "circle"
    opacity: float = 1.0
    tip: str = ""
    leads: str = ""

    def _corners(self) -> list[tuple[float, float]]:
        x, y, r = self.x, self.y, self.radius * 1.2
        if self.shape == "arrow":
            return [(x - r, y - r), (x + r, y), (x - r, y + r)]
        if self.shape == "triangle":
            return [(x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8)]
        return [(x, y - r), (x + r, y), (x, y + r), (x - r, y)]

    @property
    def paint(self) -> str:
        """How it is painted, as attributes of SVG."""
        if self.shape == "ring":
            return f' fill="none" stroke="{self.colour.page}" stroke-width="2"'
        return _fill(self.colour, self.opacity)

    def element(self, paint: str) -> str:
        """Return the mark as an element of SVG with that paint."""
        if self.shape in ("circle", "ring"):
            form = f'circle cx="{_n(self.x)}" cy="{_n(self.y)}" r="{_n(self.radius)}"'
        else:
            form = f'path d="M{"L".join(f"{_n(x)} {_n(y)}" for x, y in self._corners())}Z"'
        if not self.tip:
            return f"<{form}{paint}/>"
        drawn = f"<{form}{paint}><title>{escape(clean(self.tip))}</title></{form.split()[0]}>"
        return f'<a href="{escape(self.leads)}">{drawn}</a>' if self.leads else drawn

    def draw(self, axes: Axes) -> None:
        """Draw the mark on axes."""
        from matplotlib.patches import Circle, Polygon

        paint = {"facecolor": self.colour.paper, "alpha": self.opacity, "linewidth": 0}
        if self.shape == "ring":
            paint = {"fill": False, "edgecolor": self.colour.paper, "linewidth": 2}
        if self.shape in ("circle", "ring"):
            axes.add_patch(Circle((self.x, self.y), self.radius, **paint))
        else:
            axes.add_patch(Polygon(self._corners(), **paint))


@dataclass(frozen=True, slots=True)
class Word:
    """Text on one line; `y` is its baseline. A halo keeps it readable where it crosses a line."""

    x: float
    y: float
    text: str
    colour: Colour = INK
    size: float = SMALL
    bold: bool = False
    anchor: Anchor = "start"
    halo: bool = False

    @property
    def paint(self) -> str:
        """How it is painted, as attributes of SVG."""
        weight = ' font-weight="700"' if self.bold else ""
        size = f' font-size="{_n(self.size)}"' if self.size != SMALL else ""
        colour = f' fill="{self.colour.page}"' if self.colour != INK else ""
        anchor = f' text-anchor="{self.anchor}"' if self.anchor != "start" else ""
        ground = PAPER.paper if self.colour.page == self.colour.paper else PAPER.page
        halo = f' stroke="{ground}" stroke-width="{HALO}" paint-order="stroke"' if self.halo else ""
        return f"{halo}{size}{weight}{colour}{anchor}"

    def element(self, paint: str) -> str:
        """Return the mark as an element of SVG with that paint."""
        return f'<text x="{_n(self.x)}" y="{_n(self.y)}"{paint}>{escape(clean(self.text))}</text>'

    def draw(self, axes: Axes) -> None:
        """Draw the mark on axes. A character that our font lacks is printed as 〓, as printers do."""
        from matplotlib.patheffects import withStroke

        known = _known()
        text = "".join(c if ord(c) in known else "〓" for c in clean(self.text))
        side = {"start": "left", "middle": "center", "end": "right"}[self.anchor]
        axes.text(
            self.x,
            self.y,
            text,
            color=self.colour.paper,
            fontsize=self.size,
            fontweight="bold" if self.bold else "normal",
            ha=side,
            va="baseline",
            parse_math=False,
            path_effects=[withStroke(linewidth=HALO, foreground=PAPER.paper)] if self.halo else None,
        )


@dataclass(frozen=True, slots=True)
class Polygon:
    """The inside of a line of points that comes back to where it began."""

    points: tuple[tuple[float, float], ...]
    colour: Colour = ACCENT
    opacity: float = 0.2

    @property
    def paint(self) -> str:
        """How it is painted, as attributes of SVG."""
        return _fill(self.colour, self.opacity)

    def element(self, paint: str) -> str:
        """Return the mark as an element of SVG with that paint."""
        return f'<path d="M{"L".join(f"{_n(x)} {_n(y)}" for x, y in self.points)}Z"{paint}/>'

    def draw(self, axes: Axes) -> None:
        """Draw the mark on axes."""
        from matplotlib.patches import Polygon

        axes.add_patch(Polygon(self.points, facecolor=self.colour.paper, alpha=self.opacity, linewidth=0))


Mark = Line | Bar | Dot | Word | Polygon


def _fill(colour: Colour, opacity: float) -> str:
    faint = f' fill-opacity="{opacity}"' if opacity < 1 else ""
    return f' fill="{colour.page}"{faint}'


@cache
def _known() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(fonts()[0])).get_charmap())
