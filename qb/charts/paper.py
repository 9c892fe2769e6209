"""A figure on paper: the same marks in plain colours, as a drawing or on axes of matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qb.charts.primitives import HALO, Mark
from qb.charts.style import PAPER, SMALL, STACK, WIDTH, Colour, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 8  # pixels on each side of the figure
INCH, CM = 72.0, 2.54  # pixels of our page in an inch, centimetres in one


def plain(marks: Iterable[Mark], *, grey: bool) -> list[Mark]:
    """Return marks in the colours of paper, or in greys; no page changes them."""
    found = []
    for mark in marks:
        tone = mark.colour.grey if grey else mark.colour.paper
        found.append(replace(mark, colour=Colour(tone, tone, tone)))
    return found


def drawing(
    marks: Sequence[Mark], top: float, bottom: float, words: str, *, width_cm: float | None, grey: bool
) -> str:
    """Return marks as an SVG that stands by itself: plain colours, its size, its words, a white ground."""
    wide, high = WIDTH + 2 * MARGIN, bottom - top
    size = f'width="{wide}" height="{high:.0f}"'
    if width_cm is not None:
        size = f'width="{width_cm:g}cm" height="{width_cm * high / wide:.3f}cm"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} viewBox="{-MARGIN} {top:.0f} {wide}'
        f' {high:.0f}" font-family="{STACK}" font-size="{SMALL}" fill="{"#111111" if grey else "#111827"}">'
        f'<title>{escape(words)}</title><rect x="{-MARGIN}" y="{top:.0f}" width="{wide}" height="{high:.0f}"'
        f' fill="{PAPER.paper}"/>{"".join(mark.svg() for mark in plain(marks, grey=grey))}</svg>'
    )


def draw(axes: Axes, marks: Iterable[Mark], top: float, bottom: float, scale: float, *, grey: bool) -> None:
    """Draw marks on axes, whose type and lines are `scale` times as large as on a page."""
    from matplotlib.patheffects import withStroke

    axes.set(xlim=(-MARGIN, WIDTH + MARGIN), ylim=(bottom, top), aspect="equal")
    axes.set_axis_off()
    with style():
        for mark in plain(marks, grey=grey):
            mark.draw(axes)
    if scale == 1:
        return
    for text in axes.texts:
        text.set_fontsize(float(text.get_fontsize()) * scale)
        if text.get_path_effects():
            text.set_path_effects([withStroke(linewidth=HALO * scale, foreground=PAPER.paper)])
    shapes: list[Any] = [*axes.lines, *axes.patches]
    for shape in shapes:
        shape.set_linewidth(shape.get_linewidth() * scale)


def sheet(top: float, bottom: float, width_cm: float | None, *, shown: bool) -> tuple[Figure, Axes, float]:
    """Return a figure of matplotlib with one empty field, and how much larger than a page it is.

    One that is `shown` belongs to pyplot, so that notebooks and windows show it.
    """
    own = (WIDTH + 2 * MARGIN) / INCH
    scale = 1.0 if width_cm is None else width_cm / CM / own
    size = (own * scale, (bottom - top) / INCH * scale)
    if shown:
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=size)
    else:
        from matplotlib.figure import Figure

        figure = Figure(figsize=size)
    return figure, figure.add_axes((0, 0, 1, 1)), scale


def picture(figure: Figure, form: str, dpi: int) -> bytes:
    """Return a figure as a file: ``png`` or ``pdf``, the same bytes for the same figure."""
    made = BytesIO()
    metadata = {"Software": None} if form == "png" else {"CreationDate": None, "Creator": None}
    figure.savefig(made, format=form, dpi=dpi, metadata=metadata)
    return made.getvalue()
