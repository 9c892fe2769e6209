"""What every figure shares: colours, sizes of type, the few words a figure adds by itself, the font.

Figures are drawn in units of one pixel of a page `WIDTH` pixels wide, on a phone `NARROW`. Colours are grey and one accent;
what falls short has a colour, a shape and a word of its own, so colour never speaks alone.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from pathlib import Path
from tomllib import loads
from typing import NamedTuple

from qb.files import PACKAGE
from qb.rounding import round_half_up
from qb.terms import Allowance, Verdict

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
