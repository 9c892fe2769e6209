"""Markdown as a page shows it: formulas as MathML, words of the glossary led to where they are explained."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape, unescape
from xml.etree.ElementTree import tostring

from latex2mathml.converter import convert_to_element
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from qb.language import Lang
from qb.report.words import plain_words


def mathml(formula: str, display: str = "inline") -> str:
    r"""Return a formula in LaTeX as MathML; one that cannot be read stays as it was written, as code.

    Examples
    --------
    >>> mathml(r"\bar X < 1").count("<mo"), "&lt;" in mathml(r"\text{<b>}")  # of mover, its bar and the sign
    (3, True)
    >>> mathml(r"\frac{")
    '<code>\\frac{</code>'
    """
    try:
        element = convert_to_element(formula, display=display)
    except Exception:  # of many kinds, RecursionError among them: the page goes on
        return f"<code>{escape(formula)}</code>"
    for part in element.iter():  # it keeps signs as entities, and texts as they come
        part.text = unescape(part.text or "")
    return tostring(element, encoding="unicode")


_ALERT = re.compile(r"<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](?:<br\s*/?>)?\s*")


class Renderer(IPythonRenderer):
    """nbconvert's own, but for formulas."""

    def block_math(self, body: str) -> str:
        """Show a formula that stands by itself."""
        return f'<div class="formula">{mathml(body, "block")}</div>\n'

    def inline_math(self, body: str) -> str:
        """Show a formula within a line."""
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        """Show an environment: an equation is its formula, any other is part of one."""
        bare = name.removesuffix("*") in ("equation", "displaymath", "math")
        return self.block_math(body if bare else rf"\begin{{{name}}}{body}\end{{{name}}}")

    def block_quote(self, text: str) -> str:
        """Show a quotation, or what GitHub calls an alert: ``> [!NOTE]``."""
        found = _ALERT.match(text)
        if found is None:
            return super().block_quote(text)
        kind = "warning" if found[1] in ("WARNING", "CAUTION", "IMPORTANT") else "note"
        return f'<div class="alert alert-{kind}"><p>{text[found.end() :]}</div>\n'


def html_of(source: str, attachments: dict[str, dict[str, str]] | None = None) -> str:
    """Return Markdown, or LaTeX with its formulas in dollars, as HTML."""
    renderer = Renderer(escape=False, attachments=attachments, exclude_anchor_links=True)
    return MarkdownWithMath(renderer=renderer).render(
        re.sub(r"\$\\displaystyle\s*(.*?)\$", r"$$\1$$", source)
    )


# Words of the text that the glossary explains.


_SHUT = "a|h[1-6]|figure|svg|table|dl|summary|button|label|select|script|math"  # in these words lead nowhere


@cache
def _terms(lang: Lang) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Return what finds words that the glossary explains, the longest first, and the anchor of each."""
    anchors = {word.lower(): anchor for anchor, word, _ in plain_words(lang)}
    words = "|".join(map(re.escape, sorted(anchors, key=len, reverse=True)))
    words = rf"\b(?:{words})\b" if lang == "en" else words
    # Whole elements that stay as they are, then tags alone, so that what is left is text.
    pattern = rf"<({_SHUT})\b.*?</\1>|<[^>]*>|(?P<word>{words})"
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), anchors


def with_terms(html: str, lang: Lang, place: str, explained: Sequence[str]) -> str:
    """Return a page in which the first use of each word explained at a place leads there; `explained`: their anchors.

    Headings, links, figures and tables stay as they are.

    >>> with_terms("<h2>差异系数</h2><p>差异系数超限；差异系数小则均衡。班额</p>", "zh", "index.html", ["term-2"])
    '<h2>差异系数</h2><p><a class="term" href="index.html#term-2">差异系数</a>超限；差异系数小则均衡。班额</p>'
    """
    pattern, anchors = _terms(lang)
    told: set[str] = set()

    def lead(match: re.Match[str]) -> str:
        anchor = anchors.get((match["word"] or "").lower(), "")
        if anchor in told or anchor not in explained:
            return match[0]
        told.add(anchor)
        return f'<a class="term" href="{escape(place)}#{anchor}">{match[0]}</a>'

    head, opened, main = html.rpartition("<main")
    content, closed, foot = main.partition("</main>")
    return head + opened + pattern.sub(lead, content) + closed + foot
