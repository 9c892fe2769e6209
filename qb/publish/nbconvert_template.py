"""The theme for notebooks that others run and convert: ``jupyter nbconvert --to html --template qb``."""

from __future__ import annotations

import ast
import re

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from qb import __version__
from qb.data.schema import INVENTED
from qb.language import Lang
from qb.publish.page import TOOLS, WORDS, Page, readable, speaks

MARKS = (INVENTED, "invented data")  # as tables and sources say it
_HEADING = re.compile(r"^#\s+(.+)$", re.MULTILINE)


class PageFrame(Preprocessor):
    """Give the theme what it needs where qb itself does not publish: named in the theme's ``conf.json``."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Add the frame of the page, and leave out the cells of other languages."""
        resources["tools"] = TOOLS
        if "page" in resources:
            return nb, resources
        lang = language_of(nb)
        nb.cells = [readable(cell, lang) for cell in nb.cells if speaks(cell, lang)]
        texts = (cell.source for cell in nb.cells if cell.cell_type == "markdown")
        titles = (found[1] for text in texts for found in _HEADING.finditer(text))
        name = resources.get("metadata", {}).get("name", "")
        resources["page"] = Page(
            title=next(titles, name),
            lang=lang,
            invented=any(mark in str(cell.get("outputs", "")) for cell in nb.cells for mark in MARKS),
            provenance=((WORDS[lang]["software"], f"qb {__version__}"),),
        )
        return nb, resources


def language_of(nb: NotebookNode) -> Lang:
    """Return the language a notebook was run in: its parameter ``lang``, as papermill set it last."""
    found: Lang = "zh"
    tagged = ("parameters", "injected-parameters")
    for cell in nb.cells:
        if cell.cell_type != "code" or not any(tag in cell.metadata.get("tags", ()) for tag in tagged):
            continue
        for statement in ast.parse(cell.source).body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name("lang")], value=ast.Constant(value))
                    | ast.AnnAssign(target=ast.Name("lang"), value=ast.Constant(value))
                ) if value in WORDS:
                    found = "en" if value == "en" else "zh"
    return found
