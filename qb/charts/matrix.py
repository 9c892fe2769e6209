"""Which shortfalls go together: a heat map with its rows in an order that shows it, drawn by seaborn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from qb.charts.chart import Caption, Chart, _captions, blank
from qb.charts.layout import notes
from qb.charts.phrases import phrase
from qb.charts.style import ACCENT, FAMILY, INK, QUIET, RULE, SMALL, STACK, WIDTH, shorten, style, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, LEFT, HEAD = 46, 190, 44
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
        wide, high = min(WIDTH - LEFT, 76 * count), ROW * count
        box = (LEFT / WIDTH, (bottom - HEAD - high) / whole, wide / WIDTH, high / whole)
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
            [shorten(name, LEFT - 10) for name in self.table.index],
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
