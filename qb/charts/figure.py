"""A finished figure: its caption, its marks, the table below it; as HTML, SVG or PNG."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from qb.charts import paper
from qb.charts.primitives import Mark, Word, drawn
from qb.charts.style import BODY, LARGE, QUIET, SMALL, STACK, WIDTH, WORDS, clean, label, wrap
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
HEADS = {
    "gini": ("基尼系数", "Gini coefficient"),
    "half": ("最少一半学生所得份额", "Share of the lower half"),
    "level": ("均值占标准 %", "Mean, % of standard"),
    "coefficient": ("差异系数", "Coefficient"),
    "value": ("数值", "Value"),
    "mean": ("均值", "Mean"),
    "low": ("下限", "Low"),
    "high": ("上限", "High"),
    "pupils": ("学生数", "Pupils"),
    "z": ("与均值之差（标准差）", "Distance from the mean (deviations)"),
    **{f"p{p}": (f"第 {p} 百分位", f"{p}th percentile") for p in (5, 25, 50, 75, 95)},
}


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
    zh, en = HEADS.get(name, (name, name[:1].upper() + name[1:]))
    kind = " class=num" if _numeric(column) else ""
    return f'<th scope="col"{kind}>{escape(zh if caption.lang == "zh" else en)}</th>'


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
    """

    title: str
    subtitle: str = ""
    source: str = ""
    alt: str = ""
    lang: str = "zh"

    def word(self, key: str, *values: object) -> str:
        """Return one of those words."""
        return WORDS[self.lang][key].format(*values)


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
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(self.alt)}" width="100%"'
            f' viewBox="0 0 {WIDTH} {self.height:.0f}" font-family="{STACK}" font-size="{SMALL}"'
            f' fill="currentColor">{drawn(self.marks)}</svg>'
        )

    def _repr_html_(self) -> str:
        measure = f'<div class="measure">{escape(self.subtitle)}</div>' if self.subtitle else ""
        source = f'<p class="source">{self._source()}</p>' if self.source else ""
        table = folded(self.table, self.caption) if self.table is not None and len(self.table) else ""
        return (
            '<figure class="chart"><figcaption>'
            f'<div><b class="finding">{escape(self.title)}</b></div>{measure}</figcaption>'
            f'<div class="plot">{self.svg}</div>{source}{table}</figure>'
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
        return paper.drawing(*self._sheet(), self.alt, width_cm=width_cm, grey=grey)

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
            room = np.asarray(ax.get_position().size) * whole.get_size_inches() * paper.INCH
            scale = float(min(room / (WIDTH + 2 * paper.MARGIN, self.height)))
            paper.draw(ax, self.marks, 0, self.height, scale, grey=grey)
            return whole
        marks, top, bottom = self._sheet()
        figure, axes, scale = paper.sheet(top, bottom, width_cm, shown=True)
        paper.draw(axes, marks, top, bottom, scale, grey=grey)
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
        marks, top, bottom = self._sheet()
        figure, axes, scale = paper.sheet(top, bottom, width_cm, shown=False)
        paper.draw(axes, marks, top, bottom, scale, grey=grey)
        return paper.picture(figure, form, dpi)

    def worded(self, **words: str) -> Chart:
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
        **words: str,
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
    titles = wrap(chart.title, WIDTH, LARGE, lines=3)
    measures = wrap(chart.subtitle, WIDTH, BODY) if chart.subtitle else []
    top = -(26 * len(titles) + 20 * len(measures) + 14)
    above: list[Mark] = [
        Word(0, top + 22 + 26 * row, text, size=LARGE, bold=True) for row, text in enumerate(titles)
    ]
    start = top + 26 * len(titles) + 18
    above += [Word(0, start + 20 * row, text, QUIET, BODY) for row, text in enumerate(measures)]
    words = chart.caption.word("source") + chart.source
    below: list[Mark] = [
        Word(0, chart.height + 20, text, QUIET) for text in wrap(words, WIDTH, lines=1) if chart.source
    ]
    return above, top, below


def blank(caption: Caption, table: pd.DataFrame | None = None) -> Chart:
    """Return the figure of nothing: it says so in words."""
    words = label(Verdict.NO_DATA, caption.lang)
    return Chart(caption, (Word(WIDTH / 2, 48, words, QUIET, BODY, anchor="middle"),), 80, table)


# The few words that the figures of the research page add by themselves.


PHRASES = {
    "zh": {
        "coefficient": "差异系数",
        "mean": "均值",
        "dashed mean": "虚线：均值",
        "mean 100": "均值 = 100 %",
        "limit": "限值 {:.2f}",
        "standard": "标准 {}",
        "standard 100": "标准 100 %",
        "strip": "● 一点一所学校，面积与学生数成正比",
        "strip standard": "；◆ 低于标准；短粗线为标准",
        "over": "↑ 高于限值 {:.2f}",
        "beyond": "▶ 超出 {} %，画在右端（{} 所）",
        "quantiles": "细线：第 5 至第 95 百分位的学生；粗线：第 25 至第 75；竖线：中位数",
        "quantiles standard": "；短粗线：标准",
        "lorenz": "横轴：学生累计比例，由少到多排列；纵轴：资源累计比例；直线为完全均等；阴影越大越不均",
        "half": "最少一半 {}",
        "gini": "基尼 {}",
        "no years": "× 缺数据，或各校均为 0",
        "median": "中位数",
        "percentile": "第 {} 百分位",
        "level": "均值占标准 %（→ 水平高）",
        "uneven": "差异系数（↑ 差异大）",
        "below": "◆ 明显偏低（{} 所）",
        "within": "○ 相近（{} 所）",
        "above": "● 明显偏高（{} 所）",
        "area": "面积与学生数成正比",
        "no place": "缺坐标：{} 所",
        "own scales": "各小图纵轴不同",
        "matrix": "等级相关系数：1 同升同降，0 无关，-1 此升彼降",
    },
    "en": {
        "coefficient": "coefficient",
        "mean": "mean",
        "dashed mean": "dashed: mean",
        "mean 100": "mean = 100 %",
        "limit": "limit {:.2f}",
        "standard": "standard {}",
        "standard 100": "standard 100 %",
        "strip": "● a school, area by pupils",
        "strip standard": "; ◆ below the standard; short thick line: the standard",
        "over": "↑ above the limit of {:.2f}",
        "beyond": "▶ beyond {} %, drawn at the right edge ({})",
        "quantiles": "bars: pupils from the 5th to 95th, 25th to 75th percentile; upright: median",
        "quantiles standard": "; short thick line: the standard",
        "lorenz": "across: pupils, least first; upwards: the resource; straight line: equal shares",
        "half": "lower half {}",
        "gini": "Gini {}",
        "no years": "× no data, or nothing held",
        "median": "median",
        "percentile": "{}th percentile",
        "level": "mean as % of the standard (→ higher)",
        "uneven": "coefficient (↑ more uneven)",
        "below": "◆ far below ({})",
        "within": "○ near the mean ({})",
        "above": "● far above ({})",
        "area": "area in proportion to pupils",
        "no place": "schools without coordinates: {}",
        "own scales": "each panel has its own scale",
        "matrix": "rank correlation: 1 together, 0 unrelated, -1 opposite",
    },
}


def phrase(caption: Caption, key: str, *values: object) -> str:
    """Return one of those words, in the language of the caption."""
    return PHRASES[caption.lang][key].format(*values)
