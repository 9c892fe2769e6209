"""Figures with a row or a column for each indicator: profile, coefficients, heat table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from qb.charts.figure import Caption, Chart, blank, redrawn
from qb.charts.figure_geometry import LINE, NamedRows, Scale, State, notes, states
from qb.charts.marks import (
    ALARM,
    ALLOW,
    BODY,
    FADE,
    INK,
    QUIET,
    RULE,
    SMALL,
    Bar,
    Dot,
    Line,
    Mark,
    Word,
    label,
    share,
    shorten,
    span,
    wrap,
)
from qb.rounding import decimals_beside
from qb.terms import Allowance, Verdict

CAP = 200.0  # per cent of the standard; longer bars end here, with an arrow


@redrawn
def profile(
    labels: Sequence[str],
    percent: Sequence[float],
    texts: Sequence[str],
    verdicts: Sequence[Verdict],
    *,
    caption: Caption,
    floor: float = 85,
) -> Chart:
    """Show one school on its indicators, against the standard and the lowest value allowed.

    Parameters
    ----------
    labels, percent, texts, verdicts : sequences of the same length
        One entry per indicator: title, percentage of its standard (NaN where it is missing), and
        the value with its standard in words, rounded as the rules want it.
    caption : Caption
        The sentences around the figure.
    floor : float
        Lowest percentage allowed for one indicator.
    """
    values = np.asarray(percent, float)
    state = states(values, verdicts)
    word = caption.word
    table = pd.DataFrame(
        {
            word("indicator"): list(labels),
            word("value"): list(texts),
            word("of standard"): values,
            word("verdict"): [label(s, caption.lang) for s in state],
        }
    )
    if not np.isfinite(values).any():
        return blank(caption, table)
    rows = NamedRows(caption, 24, *((24, 0) if caption.narrow else (42, 190)))
    scale = Scale(0, CAP, rows.start, caption.width - (120 if caption.narrow else 208))
    base = rows.base(len(values))
    marks: list[Mark] = [Line(((scale.start, 20), (scale.start, base)), RULE)]
    marks += [
        *rows.upright(scale(100), 18, len(values)),
        *(rows.upright(scale(floor), 18, len(values), dashed=True) if floor else []),
        Word(scale(100) + 3, 12, f"{word('standard')} 100%", bold=True),
        *([Word(scale(floor) - 3, 12, f"{floor:g}%", QUIET, anchor="end")] if floor else []),
    ]
    for k, (title, value, text, given) in enumerate(zip(labels, values, texts, state, strict=True)):
        y = rows.middle(k)
        marks += rows.name(k, title, gap=20, anchor="start", beside=text)
        marks += _bar(value, given, y, scale, caption)
        marks += _value(value, text, given, k, rows, scale.end + 18, floor)
    return Chart(caption, tuple(marks), base + 8, table)


def _bar(value: float, state: State, y: float, scale: Scale, caption: Caption) -> list[Mark]:
    if not math.isfinite(value):
        return [Word(scale.start + 6, y + 5, label(state, caption.lang), QUIET)]
    if state is Verdict.FAIL:
        reach = Bar(scale.start, y - 7, scale(value) - scale.start, 14, ALARM)
        return [reach, Dot(scale(value), y, 8, ALARM, "diamond")]
    if state is Allowance.AT_SCHOOL:
        reach = Bar(scale.start, y - 7, scale(value) - scale.start, 14, ALLOW, FADE)
        return [reach, Dot(scale(value), y, 7, ALLOW, "triangle")]
    reach = Bar(scale.start, y - 7, scale(value) - scale.start, 14, QUIET, FADE)
    return [reach, Dot(scale.end + 3, y, 7, QUIET, "arrow")] if value > CAP else [reach]


def _value(
    value: float, text: str, state: State, k: int, rows: NamedRows, x: float, floor: float
) -> list[Mark]:
    """The value with its standard, and beneath it, on a phone beside the bar, the percentage in words."""
    fails, caption, y = state is Verdict.FAIL, rows.caption, rows.middle(k)
    words, absent = shorten(text, caption.width - x, BODY), not math.isfinite(value)
    if caption.narrow:
        own = rows.end(k, text, QUIET if absent else INK, bold=fails)
    else:
        own = Word(x, y + 5 if absent else y - 3, words, QUIET if absent else INK, BODY, bold=fails)
    if absent:
        return [own]
    below = f"{share(value, floor)}%"
    colour = {Verdict.FAIL: ALARM, Allowance.AT_SCHOOL: ALLOW}.get(state, QUIET)
    if colour is not QUIET:
        below = f"{below} {label(state, caption.lang) if fails else caption.word('allowed')}"
    low = y + 5 if caption.narrow else y + LINE - 3
    return [own, Word(x, low, shorten(below, caption.width - x), colour, bold=fails)]


@redrawn
def coefficients(
    values: pd.DataFrame,
    verdicts: pd.DataFrame,
    limits: Mapping[str, float],
    *,
    caption: Caption,
    decimals: int = 3,
) -> Chart:
    """Show the difference coefficient of each indicator against its limit, a panel for each stage.

    Parameters
    ----------
    values, verdicts : DataFrame, shape (indicators, stages)
        The index holds the indicators' titles, the columns the stages' names.
    limits : mapping
        Limit of each stage, by the same names.
    caption : Caption
        The sentences around the figure.
    decimals : int
        Decimals in print; more where a value would look like its limit.
    """
    numbers = values.to_numpy(float)
    if not np.isfinite(numbers).any():
        return blank(caption, values)
    top = float(np.nanmax([np.nanmax(numbers), *limits.values()])) * 1.03
    count, head = values.shape[1], 48
    marks: list[Mark] = []
    if caption.narrow:  # the panels below each other
        panels = [NamedRows(caption, head, 20, 0)]
        for _ in range(count - 1):
            panels.append(replace(panels[-1], head=panels[-1].base(len(values)) + head + 8))
        lefts, wide = [0.0] * count, caption.width
    else:
        start, gap = 178, 26
        panels = [NamedRows(caption, head, 38, start)] * count
        wide = (caption.width - start - gap * (count - 1)) / count
        lefts = [start + k * (wide + gap) for k in range(count)]
    for k, (stage, rows, left) in enumerate(zip(values.columns, panels, lefts, strict=True)):
        given = states(numbers[:, k], verdicts[stage])
        marks += _panel(str(stage), numbers[:, k], given, limits[stage], rows, left, wide, top, decimals)
        for n, title in enumerate(values.index):
            marks += rows.name(n, title, gap=14, anchor="start") if caption.narrow or k == 0 else []
    return Chart(caption, tuple(marks), panels[-1].base(len(values)) + 8, values)


def _panel(
    stage: str,
    numbers: np.ndarray,
    given: Sequence[State],
    limit: float,
    rows: NamedRows,
    left: float,
    wide: float,
    top: float,
    decimals: int,
) -> list[Mark]:
    """The coefficients of a stage with their limit."""
    caption, head, edge = rows.caption, rows.head - 8, left + wide
    base, scale = rows.base(len(numbers)), Scale(0, top, left, edge - 82)
    marks: list[Mark] = [
        Word(left, head - 27, shorten(stage, wide / 2, BODY), size=BODY, bold=True),
        Line(((left, head), (left, base)), RULE),
    ]
    if limit == limit:  # a standard may set none
        marks += [
            Line(((scale(limit), head), (scale(limit), base)), INK, 1.2, dashed=True),
            Word(scale(limit), head - 6, f"{caption.word('limit')} {limit:.2f}", bold=True, anchor="middle"),
        ]
    for n, (value, state) in enumerate(zip(numbers, given, strict=True)):
        y = rows.middle(n)
        if not math.isfinite(value):
            marks.append(Word(left + 6, y + 5, label(state, caption.lang), QUIET))
            continue
        fails = state is Verdict.FAIL
        colour = ALARM if fails else QUIET
        text = f"{value:.{decimals_beside(value, limit, decimals)}f}"
        marks += [
            Line(((left, y), (scale(value), y)), colour, 2),
            Dot(scale(value), y, 6, colour, "diamond" if fails else "circle"),
            Word(edge - 42, y + 5, text, colour if fails else INK, bold=fails, anchor="end"),
        ]
        if fails:
            marks.append(Word(edge, y + 5, caption.word("above"), ALARM, bold=True, anchor="end"))
    return marks


@redrawn
def heat(
    percent: pd.DataFrame, verdicts: pd.DataFrame, deep: pd.DataFrame, *, caption: Caption, floor: float = 85
) -> Chart:
    """Show every school on every indicator as a table whose failing cells stand out.

    Parameters
    ----------
    percent : DataFrame, shape (schools, indicators)
        100 is the standard. The index holds the schools' names, the columns the indicators' titles.
    verdicts : DataFrame of the same shape
        Verdict of each school on each indicator.
    deep : DataFrame of the same shape
        Whether it is below the floor of the school rule, too: such cells are darker.
    caption : Caption
        The sentences around the figure.
    floor : float
        Lowest percentage allowed for one indicator.
    """
    values, darker = percent.to_numpy(float), deep.to_numpy(bool)
    if not np.isfinite(values).any():
        return blank(caption, percent)
    longest = max(span(shorten(name, 176)) for name in percent.index)
    start = 0 if caption.narrow else longest + 10
    wide = (caption.width - start) / values.shape[1]
    heads = [_even(title, wide - 6, 6 if caption.narrow else 3) for title in percent.columns]
    rows = NamedRows(caption, LINE * max(map(len, heads)) + 6, 23, start)
    top = rows.head
    marks: list[Mark] = []
    for k, lines in enumerate(heads):
        first = top - 8 - LINE * (len(lines) - 1)
        middle = start + wide * (k + 0.5)
        marks += [
            Word(middle, first + LINE * n, line, QUIET, anchor="middle") for n, line in enumerate(lines)
        ]
    for n, name in enumerate(percent.index):
        text = shorten(name, caption.width if caption.narrow else start - 10)
        marks.append(Word(0, rows.top(n) - 4 if caption.narrow else rows.top(n) + 16, text))
    for k in range(values.shape[1]):
        state = states(values[:, k], verdicts.iloc[:, k])
        for n, (value, given) in enumerate(zip(values[:, k], state, strict=True)):
            shade = 0.45 if darker[n, k] else 0.2
            marks += _cell(
                value, given, start + wide * k, rows.top(n), wide, rows.pitch, floor, shade, caption
            )
    allowed = verdicts.isin([Allowance.AT_SCHOOL]).to_numpy().any()
    below = [caption.word("heat") + (caption.word("heat floor", f"{floor:g}") if floor else "")] + [
        caption.word("heat allowed")
    ] * bool(allowed)
    written, height = notes([caption.word("stop").join(below)], rows.base(len(values)) + 4, caption)
    return Chart(caption, (*marks, *written), height, percent)


def _even(title: object, room: float, most: int) -> list[str]:
    """Break a heading into lines; no character is left alone on the last one."""
    lines = wrap(title, room, lines=most)
    while len(lines) > 1 and len(lines[-1]) == 1:
        room -= 1
        lines = wrap(title, room, lines=most)
    return lines


def _cell(
    value: float,
    state: State,
    x: float,
    y: float,
    wide: float,
    high: float,
    floor: float,
    shade: float,
    caption: Caption,
) -> list[Mark]:
    middle, low = x + wide / 2, y + 16
    if not math.isfinite(value):
        return [Word(middle, low, shorten(label(state, caption.lang), wide), QUIET, anchor="middle")]
    text = share(value, floor) if value < 1000 else ">999"
    size = 12 if caption.narrow else SMALL
    if state is Allowance.AT_SCHOOL:
        return [
            Bar(x + 1, y + 1, wide - 2, high - 2, ALLOW, 0.2),
            Word(middle, low, f"△ {text}", size=size, anchor="middle"),
        ]
    fails = state is Verdict.FAIL
    return [
        Bar(x + 1, y + 1, wide - 2, high - 2, ALARM if fails else QUIET, shade if fails else 0.12),
        Word(middle, low, f"× {text}" if fails else text, size=size, bold=fails, anchor="middle"),
    ]
