"""A finished figure: its caption, its marks, the table it shows; as HTML, SVG or PNG."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path

import pandas as pd

from qb.charts.marks import Mark, Word
from qb.charts.numbers import folded
from qb.charts.style import BODY, LARGE, QUIET, SMALL, STACK, WIDTH, WORDS, label, style, wrap
from qb.files import write_whole
from qb.terms import Verdict


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
    """

    caption: Caption
    marks: tuple[Mark, ...] = field(repr=False)
    height: float
    table: pd.DataFrame | None = field(default=None, repr=False, compare=False)

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
            f' fill="currentColor">{"".join(mark.svg() for mark in self.marks)}</svg>'
        )

    def _repr_html_(self) -> str:
        measure = f'<span class="measure">{escape(self.subtitle)}</span>' if self.subtitle else ""
        source = f'<p class="source">{self._source()}</p>' if self.source else ""
        table = folded(self.table, self.caption) if self.table is not None and len(self.table) else ""
        return (
            f'<figure class="chart"><figcaption><b class="finding">{escape(self.title)}</b>{measure}'
            f'</figcaption><div class="plot">{self.svg}</div>{source}{table}</figure>'
        )

    def _source(self) -> str:
        return escape(self.caption.word("source") + self.source)

    def png(self, dpi: int = 200) -> bytes:
        """Return the figure with its caption as a picture, for Word.

        Parameters
        ----------
        dpi : int
            Pixels per 72 units: 200 gives a picture about 2,000 pixels wide.
        """
        from matplotlib.figure import Figure

        above, top, below = _captions(self)
        bottom = self.height + (28 if below else 8)
        with style():
            figure = Figure(figsize=((WIDTH + 16) / 72, (bottom - top) / 72), dpi=dpi)
            axes = figure.add_axes((0, 0, 1, 1), xlim=(-8, WIDTH + 8), ylim=(bottom, top))
            axes.set_axis_off()
            for mark in (*above, *self.marks, *below):
                mark.draw(axes)
            picture = BytesIO()
            figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the figure to a file, by its ending: ``.svg`` or ``.png``."""
        path = Path(path)
        if path.suffix not in (".svg", ".png"):
            raise ValueError(f"图件只能存为 .svg 或 .png：{path.name}")
        write_whole(path, self.png() if path.suffix == ".png" else self.svg)
        return path


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
