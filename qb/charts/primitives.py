"""What a figure is made of: line, bar, dot, word, area. Each writes itself as SVG and draws itself with
matplotlib.

SVG is for the page: its text stays text, its colours follow the page, it carries no ids that could
clash. matplotlib draws the same marks as a picture for Word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from qb.charts.style import ACCENT, INK, PAPER, QUIET, SMALL, Colour, clean, fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    """A school, or another single thing; `tip` is read when the pointer rests on it."""

    x: float
    y: float
    radius: float
    colour: Colour = QUIET
    shape: Shape = "circle"
    opacity: float = 1.0
    tip: str = ""

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
        return f"<{form}{paint}><title>{escape(clean(self.tip))}</title></{form.split()[0]}>"

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
