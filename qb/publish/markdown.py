"""Markdown as a page shows it: formulas as MathML, which browsers draw without any program."""

from __future__ import annotations

import re
from html import escape, unescape
from xml.etree.ElementTree import tostring

from latex2mathml.converter import convert_to_element
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath


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
