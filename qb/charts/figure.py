"""A finished figure: its caption, its marks, the table below it; as HTML, SVG or PNG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from html import escape
from io import BytesIO
from pathlib import Path
from re import sub
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from qb.charts.marks import (
    BODY,
    HALO,
    LARGE,
    NARROW,
    PAPER,
    QUIET,
    SMALL,
    STACK,
    WIDTH,
    Colour,
    Dot,
    Mark,
    Word,
    clean,
    label,
    style,
    svg,
    words,
    wrap,
)
from qb.errors import ArgumentError
from qb.files import write_whole
from qb.terms import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# What a figure shows, in numbers: its table, folded below it.


MOST_ROWS = 60  # a page keeps its weight; no figure can be read with more
DEGREES = 5  # decimals of a coordinate: about a metre
LONG = 10  # characters of a header
MARGIN = 8  # pixels on each side of the figure
INCH, CM = 72.0, 2.54  # pixels of our page in an inch, centimetres in one


def folded(table: pd.DataFrame, caption: Caption) -> str:
    """Return a figure's table as HTML that opens at a click, its columns under names a reader knows.

    Numbers are rounded to what can be told apart; sorting and saving go by the unrounded ones.
    """
    frame = _flat(table, caption)
    # By place, not by name: two schools, and two columns, may bear the same one.
    series = [column.iloc[:MOST_ROWS] for _, column in frame.items()]
    first, *others = ([*_cells(column, caption)] for column in series)
    heads = "".join(_head(column, caption) for column in series)
    rows = "".join(
        f'<tr><th scope="row"{kind}>{name}</th>'
        f"{''.join(f'<td{attributes}>{text}</td>' for text, attributes in cells)}</tr>"
        for (name, kind), *cells in zip(first, *others, strict=True)
    )
    cut = caption.word("first rows", MOST_ROWS, len(frame)) if len(frame) > MOST_ROWS else ""
    note = f'<p class="note">{escape(cut)}</p>' if cut else ""
    return (
        f'<details class="numbers"><summary>{escape(caption.word("numbers"))}</summary><div class="scroll">'
        f'<table class="data"><caption>{escape(caption.subtitle or caption.title)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{note}</details>"
    )


def _flat(table: pd.DataFrame, caption: Caption) -> pd.DataFrame:
    """Return the table with what names its rows as first columns; a plain count of rows names nothing."""
    if isinstance(table.index, pd.RangeIndex) and table.index.name is None:
        return table
    names = [name or caption.word("where") for name in table.index.names]
    return table.rename_axis(index=names).reset_index(allow_duplicates=True)


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _head(column: pd.Series, caption: Caption) -> str:
    name = clean(column.name)
    known = f"head {name}" in words()
    shown = (
        caption.word(f"head {name}")
        if known
        else name
        if caption.lang == "zh"
        else name[:1].upper() + name[1:]
    )
    return header(shown, numeric=_numeric(column))


def header(name: str, *, numeric: bool) -> str:
    """Return the header of a column as HTML; one as long as a scenario's name may break within words."""
    classes = " ".join(["num"] * numeric + ["long"] * (len(name) >= LONG))
    style = f' class="{classes}"' if classes else ""
    return f'<th scope="col"{style}>{escape(name)}</th>'


def _cells(column: pd.Series, caption: Caption) -> Iterator[tuple[str, str]]:
    """Yield the text of each cell and the attributes that go with it."""
    if not _numeric(column):
        yield from (("" if value != value else escape(clean(value)), "") for value in column)
    elif column.name == caption.word("year"):  # a year has no thousands
        yield from ((f"{value:.0f}", " class=num") for value in column)
    else:
        place = column.name in (caption.word("longitude"), caption.word("latitude"))
        decimals = DEGREES if place else decimals_of(column)
        band = column.name in ("low", "high")  # where there is none, none is meant
        for value in column.tolist():
            yield ("", "") if band and value != value else _number(float(value), decimals, caption.lang)


def decimals_of(column: pd.Series) -> int:
    """Return with how many decimals a column is shown: at most four figures of its middle one.

    Not of its largest: yuan and rooms may stand in one column.

    Examples
    --------
    >>> [decimals_of(pd.Series(column)) for column in ([1 / 3, 0.12], [5.72, 1.4, 2896.5], [3, 4.0])]
    [4, 2, 0]
    """
    values = column.to_numpy(float, na_value=math.nan)
    known = np.abs(values[np.isfinite(values) & (values != 0)])
    if (known % 1 == 0).all():
        return 0
    decimals = min(max(3 - math.floor(math.log10(np.median(known))), 0), 6)
    while decimals and (np.round(known, decimals - 1) == np.round(known, decimals)).all():
        decimals -= 1  # a last nought says nothing
    return decimals


def _number(value: float, decimals: int, lang: str) -> tuple[str, str]:
    if not math.isfinite(value):
        return label(Verdict.NO_DATA, lang), " class=num"
    text = f"{value + 0.0:,.{decimals}f}"
    exact = f"{value:.12g}"
    hidden = "" if float(exact) == float(text.replace(",", "")) else f" data-value={exact}"
    return text, f" class=num{hidden}"


# A finished figure: its caption, its marks, the table it shows; as HTML, SVG or PNG.


@dataclass(frozen=True)
class Caption:
    """The sentences around a figure. They come from the caller: a figure draws, it does not conclude.

    Attributes
    ----------
    title : str
        The finding, as a sentence.
    subtitle : str
        Measure, place and period.
    source : str
        Where the figures come from.
    alt : str
        What someone hears who cannot see the figure; title and subtitle where it is left out.
    lang : {"zh", "en"}
        Language of the few words that the figure adds by itself.
    width : float
        Of the drawing: 720, or 340 for a phone.
    """

    title: str
    subtitle: str = ""
    source: str = ""
    alt: str = ""
    lang: str = "zh"
    width: float = WIDTH

    def word(self, key: str, *values: object) -> str:
        """Return one of those words."""
        return words()[key][self.lang != "zh"].format(*values)

    @property
    def narrow(self) -> bool:
        """Whether the figure is drawn for a phone: names above their rows, panels below each other."""
        return self.width < WIDTH


@dataclass(frozen=True)
class Chart:
    """A figure that shows itself in a notebook and saves itself to a file.

    Attributes
    ----------
    caption : Caption
    marks : tuple of Mark
        In units of one pixel of a page 720 wide, from the top down.
    height : float
    table : DataFrame or None
        What the figure shows, unrounded.
    redraw : callable or None
        Draws the same figure with another caption.
    """

    caption: Caption
    marks: tuple[Mark, ...] = field(repr=False)
    height: float
    table: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    redraw: Callable[[Caption], Chart] | None = field(default=None, repr=False, compare=False)

    @property
    def title(self) -> str:
        """The finding."""
        return self.caption.title

    @property
    def subtitle(self) -> str:
        """Measure, place and period."""
        return self.caption.subtitle

    @property
    def source(self) -> str:
        """Where the figures come from."""
        return self.caption.source

    @property
    def alt(self) -> str:
        """The figure in words."""
        spare = "。" if self.caption.lang == "zh" else ". "
        return self.caption.alt or spare.join(part for part in (self.title, self.subtitle) if part)

    @cached_property
    def svg(self) -> str:
        """The figure without its caption. The same marks give the same text, byte by byte."""
        return self._svg(self.marks, f' font-family="{STACK}"')

    def _svg(self, marks: Iterable[Mark], attributes: str = "") -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(self.alt)}" width="100%"'
            f' viewBox="0 0 {self.caption.width:g} {self.height:.0f}" font-size="{SMALL}"'
            f' fill="currentColor"{attributes}>{svg(marks)}</svg>'
        )

    @cached_property
    def narrow(self) -> str:
        """The figure drawn for a phone, without what a pointer reads; the stylesheet of a page shows it there."""
        if self.redraw is None or self.caption.narrow:
            return ""
        chart = self.redraw(replace(self.caption, width=NARROW))
        silent = [replace(m, tip="") if isinstance(m, Dot) and m.tip else m for m in chart.marks]
        silent.sort(key=lambda mark: (1, mark.paint) if isinstance(mark, Word) else (0, ""))  # fewer groups
        return chart._svg(silent, ' class="narrow" display="none"')

    def _repr_html_(self) -> str:
        whole = sub(r"\d{4}—\d{4}学年", r'<span class="whole">\g<0></span>', escape(self.subtitle))
        measure = f'<div class="measure">{whole}</div>' if self.subtitle else ""
        source = f'<p class="source">{self._source()}</p>' if self.source else ""
        table = folded(self.table, self.caption) if self.table is not None and len(self.table) else ""
        return (
            '<figure class="chart"><figcaption>'
            f'<div><b class="finding">{escape(self.title)}</b></div>{measure}</figcaption>'
            f'<div class="plot">{self.svg}{self.narrow}</div>{source}{table}</figure>'
        )

    def _source(self) -> str:
        return escape(self.caption.word("source") + self.source)

    def _repr_svg_(self) -> str:
        return self._paper_svg()

    def _repr_png_(self) -> bytes:
        return self.png(dpi=144)

    def _repr_pdf_(
        self,
    ) -> bytes:  # what LaTeX takes; without it nbconvert asks Inkscape to make one of the SVG
        return self._picture("pdf", 144, None, grey=False)

    def _sheet(self) -> tuple[list[Mark], float, float]:
        """Return all marks of the figure with its caption, and where they begin and end."""
        above, top, below = _captions(self)
        return [*above, *self.marks, *below], top, self.height + (28 if below else 8)

    def _paper_svg(self, width_cm: float | None = None, *, grey: bool = False) -> str:
        marks, top, bottom = self._sheet()
        return _drawing(marks, self, top, bottom, width_cm, grey=grey)

    def figure(self, ax: Axes | None = None, *, width_cm: float | None = None, grey: bool = False) -> Figure:
        """Draw the figure with matplotlib; its texts, lines and shapes may be changed before it is saved.

        Parameters
        ----------
        ax : Axes, optional
            Draw on these, without title and source; type and lines follow the width of the axes.
        width_cm : float, optional
            Width on paper, for a figure of its own; type and lines follow it. 26 cm unless given.
        grey : bool
            In greys, what matters in the darker ones.

        Returns
        -------
        matplotlib.figure.Figure
            That of `ax`, or a new one known to pyplot.
        """
        if ax is not None:
            whole = cast("Figure", ax.get_figure(root=True))
            room = np.asarray(ax.get_position().size) * whole.get_size_inches() * INCH
            scale = float(min(room / (self.caption.width + 2 * MARGIN, self.height)))
            _draw(ax, self.marks, self.caption.width, 0, self.height, scale, grey=grey)
            return whole
        marks, top, bottom = self._sheet()
        width = self.caption.width
        figure, axes, scale = _paper(width, top, bottom, width_cm, shown=True)
        _draw(axes, marks, width, top, bottom, scale, grey=grey)
        return figure

    def png(self, dpi: int = 200) -> bytes:
        """Return the figure with its caption as a picture, for Word.

        Parameters
        ----------
        dpi : int
            Pixels per 72 units: 200 gives a picture about 2,000 pixels wide.
        """
        return self._picture("png", dpi, None, grey=False)

    def _picture(self, form: str, dpi: int, width_cm: float | None, *, grey: bool) -> bytes:
        """Return the figure as a file, ``png`` or ``pdf``: the same bytes for the same figure."""
        marks, top, bottom = self._sheet()
        width = self.caption.width
        figure, axes, scale = _paper(width, top, bottom, width_cm, shown=False)
        _draw(axes, marks, width, top, bottom, scale, grey=grey)
        made = BytesIO()
        metadata = {"Software": None} if form == "png" else {"CreationDate": None, "Creator": None}
        figure.savefig(made, format=form, dpi=dpi, metadata=metadata)
        return made.getvalue()

    def worded(self, **words: Any) -> Chart:
        """Return the same figure with other words: `title`, `subtitle`, `source`, `alt`, `lang`.

        The few words that a figure adds by itself follow `lang`; names of schools and rows stay.

        Raises
        ------
        ValueError
            If another language comes without a title in it, or the figure cannot be drawn again.
        """
        if words.get("lang", self.caption.lang) != self.caption.lang:
            if "title" not in words:
                raise ArgumentError(
                    "换一种语言时请一并给出那种语言的 title：图题由调用者撰写。",
                    "Give the title in the other language too: titles are written by who draws.",
                )
            words = {"subtitle": "", "source": "", "alt": "", **words}
        if self.redraw is None:
            raise ArgumentError(
                "这幅图不能改换文字：请用画图的函数和另一个 Caption 重画。",
                "The words of this figure cannot be changed: draw it again with another Caption.",
            )
        return self.redraw(replace(self.caption, **words))

    def save(
        self,
        path: str | Path,
        *,
        dpi: int = 200,
        width_cm: float | None = None,
        grey: bool = False,
        **words: Any,
    ) -> Path:
        """Write the figure with title and source to a file, by its ending: ``.svg``, ``.png`` or ``.pdf``.

        Parameters
        ----------
        path : str or Path
        dpi : int
            Dots per inch of a ``.png``.
        width_cm : float, optional
            Width on paper: 8.5 for a column, 17 for a page. Type and lines shrink with it; 26 unless given.
        grey : bool
            For print without colour.
        **words
            As in `worded`: ``lang="en", title="Three schools below"``.

        Raises
        ------
        ValueError
            If the ending is another, or the words do not go together.
        """
        path = Path(path)
        form = path.suffix.lower().removeprefix(".")
        if form not in ("svg", "png", "pdf"):
            raise ArgumentError(
                "图件只能存为 .svg、.png 或 .pdf：{}",
                "Figures can be saved as .svg, .png or .pdf alone: {}",
                path.name,
            )
        if width_cm is not None and not width_cm > 0:
            raise ArgumentError(
                "宽度应大于 0 厘米，而不是 {}", "The width must be above 0 cm, not {}", width_cm
            )
        chart = self.worded(**words) if words else self
        if form == "svg":
            write_whole(path, chart._paper_svg(width_cm, grey=grey))
        else:
            write_whole(path, chart._picture(form, dpi, width_cm, grey=grey))
        return path


def redrawn(draw: Callable[..., Chart]) -> Callable[..., Chart]:
    """Let the figures of a function be drawn again with another caption; columns of any index go by place."""

    def by_place(value: Any) -> Any:
        return value.reset_index(drop=True) if isinstance(value, pd.Series) else value

    @wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Chart:
        args, kwargs = tuple(map(by_place, args)), {name: by_place(value) for name, value in kwargs.items()}

        def again(caption: Caption) -> Chart:
            return drawn(*args, **{**kwargs, "caption": caption})

        return replace(draw(*args, **kwargs), redraw=again)

    return drawn


def _captions(chart: Chart) -> tuple[list[Mark], float, list[Mark]]:
    """Return the words above the figure, where they begin, and the words below."""
    titles = wrap(chart.title, chart.caption.width, LARGE, lines=3)
    measures = wrap(chart.subtitle, chart.caption.width, BODY) if chart.subtitle else []
    top = -(26 * len(titles) + 20 * len(measures) + 14)
    above: list[Mark] = [
        Word(0, top + 22 + 26 * row, text, size=LARGE, bold=True) for row, text in enumerate(titles)
    ]
    start = top + 26 * len(titles) + 18
    above += [Word(0, start + 20 * row, text, QUIET, BODY) for row, text in enumerate(measures)]
    source = chart.caption.word("source") + chart.source
    below: list[Mark] = [
        Word(0, chart.height + 20, text, QUIET)
        for text in wrap(source, chart.caption.width, lines=1)
        if chart.source
    ]
    return above, top, below


def blank(caption: Caption, table: pd.DataFrame | None = None) -> Chart:
    """Return the figure of nothing: it says so in words."""
    text = label(Verdict.NO_DATA, caption.lang)
    return Chart(caption, (Word(caption.width / 2, 48, text, QUIET, BODY, anchor="middle"),), 80, table)


# The figure on paper: the same marks in plain colours, as a drawing or on axes of matplotlib.


def _plain(marks: Iterable[Mark], *, grey: bool) -> list[Mark]:
    """Return marks in the colours of paper, or in greys; no page changes them."""
    tones = ((mark, mark.colour.grey if grey else mark.colour.paper) for mark in marks)
    return [replace(mark, colour=Colour(tone, tone, tone)) for mark, tone in tones]


def _drawing(
    marks: Iterable[Mark], chart: Chart, top: float, bottom: float, width_cm: float | None, *, grey: bool
) -> str:
    """Return marks as an SVG that stands by itself: plain colours, its size, its words, a white ground."""
    wide, high = chart.caption.width + 2 * MARGIN, bottom - top
    size = f'width="{wide}" height="{high:.0f}"'
    if width_cm is not None:
        size = f'width="{width_cm:g}cm" height="{width_cm * high / wide:.3f}cm"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} viewBox="{-MARGIN} {top:.0f} {wide}'
        f' {high:.0f}" font-family="{STACK}" font-size="{SMALL}" fill="{"#111111" if grey else "#111827"}">'
        f'<title>{escape(chart.alt)}</title><rect x="{-MARGIN}" y="{top:.0f}" width="{wide}" height="{high:.0f}"'
        f' fill="{PAPER.paper}"/>{svg(_plain(marks, grey=grey))}</svg>'
    )


def _draw(
    axes: Axes, marks: Iterable[Mark], width: float, top: float, bottom: float, scale: float, *, grey: bool
) -> None:
    """Draw marks on axes, whose type and lines are `scale` times as large as on a page."""
    from matplotlib.patheffects import withStroke

    axes.set(xlim=(-MARGIN, width + MARGIN), ylim=(bottom, top), aspect="equal")
    axes.set_axis_off()
    with style():
        for mark in _plain(marks, grey=grey):
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


def _paper(
    width: float, top: float, bottom: float, width_cm: float | None, *, shown: bool
) -> tuple[Figure, Axes, float]:
    """Return a figure of matplotlib with one empty field, and how much larger than a page it is.

    One that is `shown` belongs to pyplot, so that notebooks and windows show it.
    """
    own = (width + 2 * MARGIN) / INCH
    scale = 1.0 if width_cm is None else width_cm / CM / own
    size = (own * scale, (bottom - top) / INCH * scale)
    if shown:
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=size)
    else:
        from matplotlib.figure import Figure

        figure = Figure(figsize=size)
    return figure, figure.add_axes((0, 0, 1, 1)), scale
