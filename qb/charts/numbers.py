"""What a figure shows, in numbers: its table, folded below it."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from qb.charts.style import clean, label
from qb.terms import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qb.charts.chart import Caption

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
