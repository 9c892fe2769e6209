"""What code and standards say of themselves, as Markdown: the generated part of the documentation."""

from __future__ import annotations

import base64
import inspect
import io
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from qb.language import Lang, say
from qb.report.standard_report import in_force
from qb.report.words import area_label, terms
from qb.standard import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STANDARDS = ("national-2017", "gulou-2023", "basic-2012", "city-variant")
ROOMS = {
    "qb": ("load", "Dataset", "check", "assess", "scenario.apply", "scenario.whatif", "cheapest_plan"),
    "qb.balance": (),  # all that it exports
    "qb.charts": (),
}
# What these give: not made by hand, so not exported.
RESULTS = {
    "qb": (
        "qb.indicators.assessment.Assessment",
        "qb.indicators.assessment.Assessments",
        "qb.errors.Fault",
        "qb.planning.scenario.Comparison",
        "qb.planning.plan.cheapest.Plan",
    )
}
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_TITLES = {
    "Parameters": "参数",
    "Returns": "返回",
    "Yields": "逐项返回",
    "Raises": "报错",
    "Notes": "说明",
    "Examples": "例",
    "Attributes": "属性",
}


def api(room: str, lang: Lang) -> str:
    """Return a room's public names with what their docstrings say."""
    module = pkgutil.resolve_name(room)
    things = {f"{room}.{name}": attrgetter(name)(module) for name in ROOMS[room] or module.__all__}
    lines = [
        f"# {room}",
        "",
        say(
            lang,
            "说明取自程序的文档字符串（英文），例子都作为测试运行。",
            "From the docstrings; every example is run as a test.",
        ),
        "",
    ]
    if room == "qb":
        lines += [
            say(
                lang,
                "另见 [qb.balance](api-balance.html) 和 [qb.charts](api-charts.html)。",
                "See also [qb.balance](api-balance.html) and [qb.charts](api-charts.html).",
            ),
            "",
        ]
    things |= {name: pkgutil.resolve_name(name) for name in RESULTS.get(room, ())}
    for name in sorted(things, key=lambda name: inspect.isclass(things[name])):  # functions first
        lines += [*_entry(name, things[name], lang), ""]
    return "\n".join(lines)  # fmt: skip


def _entry(name: str, thing: Any, lang: Lang) -> Iterator[str]:
    short = name.rsplit(".", 1)[-1]
    term = terms().get(name)
    yield f"## {short}" + (f" {term[0]}" if term and lang == "zh" else "")
    yield f"\n```python\n{name}{_signature(thing)}\n```\n"
    yield markdown_of(inspect.getdoc(thing) or "", lang)
    if inspect.isclass(thing):
        for own, value in vars(thing).items():
            called = getattr(value, "__func__", value)
            if own.startswith("_") or not (inspect.isfunction(called) or isinstance(value, property)):
                continue
            signature = _signature(called) if inspect.isfunction(called) else ""
            first = (inspect.getdoc(value) or "").split("\n\n")[0]
            yield f"\n- `{short}.{own}{signature}`: {_inline(first)}"


def _signature(thing: Any) -> str:
    """Return how it is called, without types: the section on parameters has them in words."""
    if inspect.isclass(thing) and not is_dataclass(thing):
        return ""
    found = inspect.signature(thing)
    bare = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in found.parameters.values()
        if p.name not in ("self", "cls")
    ]
    return str(found.replace(parameters=bare, return_annotation=inspect.Signature.empty))  # fmt: skip


def markdown_of(doc: str, lang: Lang = "en") -> str:
    r"""Return a docstring (NumPy's style, formulas as reStructuredText has them) as Markdown.

    Examples
    --------
    >>> print(markdown_of("Say.\n\nNotes\n-----\nIt is :math:`x^2`, not twice x."))
    Say.
    <BLANKLINE>
    **Notes**
    <BLANKLINE>
    It is $x^2$, not twice x.
    """
    first, *parts = _SECTION.split(doc)
    made = [_prose(first)]
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        made.append(f"**{_TITLES.get(name, name) if lang == 'zh' else name}**")
        listed = name in ("Parameters", "Attributes", "Raises", "Returns", "Yields")
        made.append(_definitions(text) if listed else _prose(text))
    return "\n\n".join(part for part in made if part)


def _definitions(text: str) -> str:
    """Return entries, each a line with an indented text below it, as a list."""
    lines = []
    for line in text.strip("\n").splitlines():
        if line and not line.startswith(" "):
            name, _, kind = line.partition(" : ")
            lines.append(f"- `{name}`" + (f" ({_inline(kind)})" if kind else "") + ":")
        elif line.strip():
            lines.append(f"  {_inline(line.strip())}")
    return "\n".join(lines)


def _prose(text: str) -> str:
    """Return paragraphs, formulas and examples."""
    made = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if block.lstrip().startswith(">>>"):
            made.append(f"```python\n{block}\n```")
        elif ".. math::" in block:
            before, _, formula = block.partition(".. math::")
            made += [_inline(before.strip()), f"$${' '.join(formula.split())}$$"]
        else:
            made.append(_inline(block))
    return "\n\n".join(part for part in made if part)


def _inline(text: str) -> str:
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text)
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def standards(lang: Lang, year: int) -> str:
    """Return what is in force in each standard that comes with qb."""
    heads = say(lang, "| 规则或指标 | 要求 | 出处 |", "| rule or indicator | asks | source |")
    lines = [
        say(lang, "# 标准", "# Standards"),
        "",
        say(
            lang,
            f"{year} 年有效的内容，由标准文件生成；`qb standard show 名称` 打印同样的内容，`qb standard diff` 列出两套的不同。",
            f"What is in force in {year}, made from the files; `qb standard show NAME` prints the same, `qb standard diff` what differs between two.",
        ),
        "",
    ]
    for name in STANDARDS:
        standard = load(name)
        title = standard.title.zh if lang == "zh" else standard.title.en
        lines += [f"## {title} (`{name}`)", "", standard.source, ""]
        if standard.extends:
            lines += [say(lang, f"在 `{standard.extends}` 之上。", f"Extends `{standard.extends}`."), ""]
        for area, rows in groupby(in_force(standard, year, lang), key=lambda row: row[0]):
            if area:
                lines += [f"### {area_label(area, standard, lang)}", ""]
            lines += [
                heads,
                "|---|---|---|",
                *("| " + " | ".join(_cell(part) for part in row[1:]) + " |" for row in rows),
                "",
            ]
    return "\n".join(lines)  # fmt: skip


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def picture(figure: Figure) -> str:
    """Return a figure of matplotlib as HTML; its titles are what it is called."""
    import matplotlib.pyplot as plt

    made = io.BytesIO()
    figure.savefig(made, format="png", dpi=120, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    alt = "；".join(title for axes in figure.axes if (title := axes.get_title()))
    return f'<figure class="chart"><div class="scroll"><img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}"></div></figure>'
