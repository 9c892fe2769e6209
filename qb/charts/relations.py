"""How two things go together: shortfalls with each other, level with balance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, _captions, blank, phrase
from qb.charts.layout import Scale, notes, ticks
from qb.charts.primitives import Dot, Line, Mark, Word
from qb.charts.style import (
    ACCENT,
    ALARM,
    FAMILY,
    INK,
    QUIET,
    RULE,
    SMALL,
    STACK,
    WIDTH,
    plain,
    shorten,
    span,
    style,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Which shortfalls go together: a heat map with its rows in an order that shows it, drawn by seaborn.


ROW, MATRIX_LEFT, HEAD = 46, 190, 44
PALE, CELL_INK = "#f7f8f8", "#101418"  # cells keep their paper and ink, on dark pages too


def correlations(table: pd.DataFrame, *, caption: Caption) -> Chart:
    """Show a correlation matrix, what goes together side by side.

    Parameters
    ----------
    table : DataFrame, shape (k, k)
        Symmetric, -1 to 1, names as index and columns; at least two rows, none missing.
    caption : Caption
    """
    if len(table) < 2:
        return blank(caption, table)
    ordered = _clustered(table)
    marks, height = notes([phrase(caption, "matrix")], HEAD + ROW * len(table) + 4)
    return Heat(caption, tuple(marks), height, ordered)


def _clustered(table: pd.DataFrame) -> pd.DataFrame:
    """Order rows and columns so that what correlates lies together (average linkage on 1 - r)."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    away = 1 - (table.to_numpy() + table.to_numpy().T) / 2
    np.fill_diagonal(away, 0)
    order = leaves_list(
        linkage(squareform(np.maximum(away, 0), checks=False), "average", optimal_ordering=True)
    )
    return table.iloc[order, order]


@dataclass(frozen=True)
class Heat(Chart):
    """A figure whose picture is drawn by seaborn; its words stay text, its notes are marks as elsewhere."""

    table: pd.DataFrame = field(default=None, repr=False, compare=False)

    @cached_property
    def svg(self) -> str:
        """The figure without its caption. The same table gives the same text, byte by byte."""
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        with style(), rc_context({"svg.fonttype": "none", "svg.hashsalt": self.title}):
            figure = Figure(figsize=(WIDTH / 72, self.height / 72))
            figure.patch.set_visible(False)
            self._draw(figure, 0, self.height)
            text = StringIO()
            figure.savefig(
                text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
            )
        return _inline(text.getvalue(), self)

    def png(self, dpi: int = 200) -> bytes:
        """Return the figure with its caption as a picture, for Word."""
        from matplotlib.figure import Figure

        above, top, below = _captions(self)
        bottom = self.height + (28 if below else 8)
        with style():
            figure = Figure(figsize=(WIDTH / 72, (bottom - top) / 72), dpi=dpi)
            axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(bottom, top))
            axes.set_axis_off()
            for mark in (*above, *self.marks, *below):
                mark.draw(axes)
            self._draw(figure, top, bottom)
            picture = BytesIO()
            figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()

    def _draw(self, figure: Figure, top: float, bottom: float) -> None:
        """Put the heat map where it stands on a page that reaches from `top` to `bottom`."""
        import seaborn
        from matplotlib.colors import LinearSegmentedColormap

        count, whole = len(self.table), bottom - top
        wide, high = min(WIDTH - MATRIX_LEFT, 76 * count), ROW * count
        box = (MATRIX_LEFT / WIDTH, (bottom - HEAD - high) / whole, wide / WIDTH, high / whole)
        axes: Axes = figure.add_axes(box)
        colours = LinearSegmentedColormap.from_list("qb", ["#e9a58c", PALE, "#8cc3dc"])
        seaborn.heatmap(
            self.table, vmin=-1, vmax=1, cmap=colours, annot=True, fmt=".2f", cbar=False, ax=axes,
            linewidths=2, linecolor="none", annot_kws={"color": CELL_INK, "fontsize": SMALL},
        )  # fmt: skip
        axes.set(xlabel="", ylabel="")
        axes.xaxis.tick_top()
        axes.set_xticklabels(
            ["\n".join(wrap(str(name).split()[0], wide / count - 4)) for name in self.table],
            fontsize=SMALL,
            color=QUIET.paper,
        )
        axes.set_yticklabels(
            [shorten(name, MATRIX_LEFT - 10) for name in self.table.index],
            rotation=0,
            fontsize=SMALL,
            color=INK.paper,
        )
        axes.tick_params(length=0)
        for artist in axes.get_children():
            artist.set_clip_on(False)  # a clip would need an id, and pages hold many figures


def _inline(text: str, chart: Chart) -> str:
    """Return matplotlib's SVG as part of a page: its colours, no ids, no style sheet; then the notes."""
    body = text[text.index("<svg") :]
    body = re.sub(
        r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", "", body, flags=re.DOTALL
    )
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r"\s*\n\s*", " ", body)
    for colour in (INK, QUIET, RULE, ACCENT):
        body = body.replace(colour.paper, colour.page)
    body = body.replace(f"'{FAMILY}'", STACK.replace('"', "'"))
    content = body[body.index(">") + 1 : body.rindex("</svg>")]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img"'
        f' aria-label="{chart.alt}" width="100%" viewBox="0 0 {WIDTH} {chart.height:.0f}"'
        f' font-family="{STACK}" font-size="{SMALL}" fill="currentColor">{content}'
        f"{''.join(mark.svg() for mark in chart.marks)}</svg>"
    )


# Level against balance: is there enough, and is it shared evenly?


QUADRANTS_LEFT, RIGHT, TOP, BASE = 44, 440, 30, 360
BEYOND = 400.0  # per cent of the standard; what is higher is drawn at the edge, its words say how high


def quadrants(
    codes: Sequence[str],
    titles: Sequence[str],
    level: Sequence[float],
    coefficient: Sequence[float],
    texts: Sequence[str],
    *,
    cap: float,
    poor: Sequence[bool],
    corners: Sequence[str],
    caption: Caption,
) -> Chart:
    """Show each resource by its mean level and by its difference coefficient.

    Parameters
    ----------
    codes, titles : sequences of the same length
        Short code for the figure, and the name for the list beside it.
    level, coefficient : sequences of float
        Mean as a percentage of the standard, and the coefficient; NaN where there is none.
    texts : sequence of str
        Both in words, or why there is none.
    cap : float
        Limit of the coefficient.
    poor : sequence of bool
        Which are below the standard or above the limit.
    corners : sequence of 4 str
        Names of the quadrants: low and uneven, high and uneven, low and even, high and even.
    caption : Caption
    """
    x, y = np.asarray(level, float), np.asarray(coefficient, float)
    table = pd.DataFrame({"level": x, "coefficient": y}, index=list(codes))
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return blank(caption, table)
    grid = ticks(min(x[known].min(), 90.0), max(min(x[known].max(), BEYOND), 110.0), 5)
    steps = ticks(0, max(y[known].max(), cap * 1.15), 4)
    across, rise = Scale(grid[0], grid[-1], QUADRANTS_LEFT, RIGHT), Scale(0, steps[-1], BASE, TOP)
    poor = known & np.asarray(poor, bool)
    marks = _frame(across, rise, grid, steps, cap, caption)
    for k, text in enumerate(corners):
        right, low = k % 2, BASE - 8 if k > 1 else TOP + 34
        if span(text) <= (RIGHT - across(100) if right else across(100) - QUADRANTS_LEFT) - 12:
            at, anchor = (RIGHT - 6, "end") if right else (QUADRANTS_LEFT + 6, "start")
            marks.append(Word(at, low, text, QUIET, anchor=anchor))
    places = {int(k): (across(x[k]), rise(y[k])) for k in np.flatnonzero(known)}
    marks += _points(codes, places, poor)
    for k, (title, text) in enumerate(zip(titles, texts, strict=True)):
        low = TOP + 16 + 40 * k
        marks += [
            Word(RIGHT + 26, low, shorten(title, WIDTH - RIGHT - 26), bold=True),
            Word(RIGHT + 26, low + 17, text, ALARM if poor[k] else QUIET),
        ]
    return Chart(caption, tuple(marks), max(BASE + 44, TOP + 16 + 40 * len(codes)), table)


def _frame(
    across: Scale, rise: Scale, grid: Sequence[float], steps: Sequence[float], cap: float, caption: Caption
) -> list[Mark]:
    """The axes, and the two lines that make the quadrants."""
    middle, text = across(100), phrase(caption, "standard 100")
    return [
        Line(((QUADRANTS_LEFT, TOP), (QUADRANTS_LEFT, BASE), (RIGHT, BASE)), RULE),
        Line(((middle, TOP), (middle, BASE)), INK, 1.2),
        Line(((QUADRANTS_LEFT, rise(cap)), (RIGHT, rise(cap))), INK, 1.2, dashed=True),
        Word(0, 12, phrase(caption, "uneven"), QUIET),
        Word(min(middle + 5, RIGHT - span(text)), TOP + 14, text, bold=True, halo=True),
        Word(RIGHT - 4, rise(cap) - 5, phrase(caption, "limit", cap), bold=True, anchor="end", halo=True),
        Word(RIGHT, BASE + 36, phrase(caption, "level"), QUIET, anchor="end"),
        *(Word(across(v), BASE + 18, f"{v:g} %", QUIET, 12, anchor="middle") for v in grid),
        *(Word(QUADRANTS_LEFT - 6, rise(v) + 5, plain(v), QUIET, 12, anchor="end") for v in steps),
    ]


def _points(codes: Sequence[str], places: dict[int, tuple[float, float]], poor: np.ndarray) -> list[Mark]:
    """The dots with their codes, each on the first side that is free."""
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places.values()]
    marks: list[Mark] = []

    def free(left: float, low: float, wide: float) -> bool:
        return all(left + wide <= a or left >= c or low + 2 <= b or low - 11 >= d for a, b, c, d in taken)

    for k, (x, y) in places.items():
        colour, shape, wide = (*((ALARM, "diamond") if poor[k] else (ACCENT, "circle")), span(codes[k]))
        sides = [(x + dx, y + dy) for dy in (5, -9, 19) for dx in (9, -9 - wide)]
        sides += [(x - wide / 2, y - 10), (x - wide / 2, y + 20)]
        left, low = next((side for side in sides if free(*side, wide)), sides[0])
        taken.append((left, low - 11, left + wide, low + 2))
        marks += [Dot(x, y, 6, colour, shape), Word(left, low, codes[k], colour, bold=True, halo=True)]
    return marks
