"""The documentation as pages: the text of ``qb/docs``, what code and rules say of themselves, and a search over all.

Its examples are run as the pages are made: what stands below one is what it gave. No network is asked.
"""

from __future__ import annotations

import ast
import base64
import inspect
import io
import pkgutil
import re
import shlex
import sys
import webbrowser
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass, is_dataclass
from html import escape, unescape
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qb import __version__
from qb.errors import QbError
from qb.files import PACKAGE, shipped, temporary_folder, write_whole
from qb.language import LANGUAGES, Lang, say
from qb.publish.markdown import html_of
from qb.publish.page import WORDS, Page, index_page
from qb.report.standard_report import about, tables
from qb.report.words import school_year, terms
from qb.standard import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What code and standards say of themselves, as Markdown: the generated part.


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
    lines = [
        say(lang, "# 标准", "# Standards"),
        "",
        say(
            lang,
            f"{school_year(year, lang)}有效的内容，由标准文件生成；`qb standard show 名称` 打印同样的内容，`qb standard diff` 列出两套的不同。",
            f"What is in force in the {school_year(year, lang).lower()}, made from the files; `qb standard show NAME` prints the same, `qb standard diff` what differs between two.",
        ),
        "",
    ]
    for name in STANDARDS:
        standard = load(name)
        title = standard.title.zh if lang == "zh" else standard.title.en
        lines += [f"## {title} (`{name}`)", ""]
        for line in about(standard, year, lang):
            lines += [line, ""]
        for area, (head, *rows) in tables(standard, year, lang):
            lines += [f"### {area}", ""] if area else []
            lines += [_row(head), "|" + "---|" * len(head), *map(_row, rows), ""]
    return "\n".join(lines)  # fmt: skip


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def picture(figure: Figure) -> str:
    """Return a figure of matplotlib as HTML; its titles are what it is called."""
    import matplotlib.pyplot as plt

    made = io.BytesIO()
    figure.savefig(made, format="png", dpi=120, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    alt = "；".join(title for axes in figure.axes if (title := axes.get_title()))
    return f'<figure class="chart"><div class="scroll"><img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}"></div></figure>'


# The pages.


_PART = re.compile(r"^<!-- (zh|en|all) -->$", re.MULTILINE)  # which language what follows is for
_SUFFIX = {"zh": "zh-CN", "en": "en"}  # of a file that has one language: README.zh-CN.md
_RUN = re.compile(r"^```(python|sh) run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_GAVE = re.compile(r"<!-- gave (\d+) -->")
_HEAD = re.compile(r"<h([1-4])>(.*?)</h\1>")
_LINK = re.compile(r'<a href="([^"#:]*)(#[^"]*)?">(.*?)</a>', re.DOTALL)
_ROW = re.compile(r'<tr id="(r\d+)">\s*<td>(.*?)</td>\s*<td>(.*?)</td>', re.DOTALL)


@dataclass(frozen=True)
class DocumentText:
    """A file of the documentation, for one language or (in parts) for both."""

    path: Path

    def __call__(self, lang: Lang, _: int = 0) -> str:
        """Return what of it is for a language; a file beside it may be its Chinese, or its English."""
        beside = self.path.with_name(f"{self.path.stem}.{_SUFFIX[lang]}.md")
        path = beside if beside.exists() else self.path
        first, *parts = _PART.split(path.read_text(encoding="utf-8"))
        return first + "".join(
            text for name, text in zip(parts[::2], parts[1::2], strict=True) if name in (lang, "all")
        )


@dataclass(frozen=True)
class Doc:
    """A page of the documentation."""

    name: str  # of its file, in the folder of each language
    # zh, en: what it is called in lists.
    zh: str
    en: str
    # zh_note, en_note: for whom, or what is in it.
    zh_note: str
    en_note: str
    source: Callable[[Lang, int], str]  # its Markdown in a language
    top: bool = True  # whether every page leads to it
    rows: bool = False  # whether the search knows the rows of its tables

    def said(self, lang: Lang) -> tuple[str, str]:
        """Return its name in lists, and what is in it."""
        return (self.zh, self.zh_note) if lang == "zh" else (self.en, self.en_note)


class Leaf(Page):
    """A page whose search knows the documentation."""

    @property
    def controls(self) -> dict[str, str]:
        """The words that our script needs."""
        return {**super().controls, "search": say(self.lang, "搜索文档", "Search the documentation")}


def _text(name: str) -> DocumentText:
    return DocumentText(PACKAGE / "docs" / f"{name}.md")


DOCS = (
    Doc("index", "文档", "Documentation", "", "", _text("index")),
    Doc("tutorial", "入门", "Tutorial", "半小时：从安装到结论、推演和网页", "Half an hour: from set-up to a verdict, a what-if and a site", _text("tutorial")),
    Doc("policy", "决策", "Policy", "给县区决策人员：差在哪里，怎样补，花多少钱", "For those who decide: what lacks, what would mend it, what it costs", _text("policy")),
    Doc("reports", "报告", "Reports", "给写报告的人：网站、年度报告、国家表册、核对", "For those who report: the site, the annual report, the forms, checking", _text("reports")),
    Doc("clerk", "填报", "Data entry", "给填报和收集的人：模板、检查、收集、转换", "For those who hand in and collect: templates, checks, recipes", _text("clerk")),
    Doc("researcher", "研究", "Research", "给研究人员：二十项任务", "For researchers: twenty tasks", _text("researcher")),
    Doc("gallery", "图库", "Gallery", "每种图一例，附代码", "Each kind of figure with its code", _text("gallery")),
    Doc("methods", "方法", "Methods", "公式、出处、参考文献", "Formulas, sources, references", _text("methods")),
    Doc("api", "接口", "API", "读入、检查、评估、推演、方案", "Read, check, judge, what-if, plan", lambda lang, _: api("qb", lang)),
    Doc("api-balance", "接口：qb.balance", "API: qb.balance", "各种不均等指标，附公式", "Measures of inequality, with formulas", lambda lang, _: api("qb.balance", lang), top=False),
    Doc("api-charts", "接口：qb.charts", "API: qb.charts", "图", "Figures", lambda lang, _: api("qb.charts", lang), top=False),
    Doc("dictionary", "数据", "Data", "每张表、每一列，怎样读入、核查、转换", "Every table and column; how files are read, checked, converted", DocumentText(shipped("data", "README.md")), rows=True),
    Doc("standards", "标准", "Standards", "随附的各套标准：每项限值及其出处", "The standards that come with qb: every limit with its source", standards, rows=True),
    Doc("glossary", "术语", "Terms", "中文、英文、代码中的名称", "In Chinese, in English, in code", _text("glossary"), rows=True),
    Doc("another-standard", "自己的标准", "A standard of your own", "换一套标准，走完全部命令", "Another standard, through every command", _text("another-standard"), top=False),
    Doc("scenarios", "情景文件", "Scenario files", "每项操作及其字段", "Every action and its fields", DocumentText(PACKAGE / "planning" / "scenario" / "README.md"), top=False),
    Doc("balance", "qb.balance 手算例", "qb.balance by hand", "每个指标一个手算的例子", "Each measure worked out by hand", DocumentText(PACKAGE / "balance" / "README.md"), top=False),
    Doc("pysal", "与 PySAL 配合", "With PySAL", "空间分析", "Spatial analysis", _text("pysal"), top=False),
    Doc("decisions", "编号决定", "Decisions", "规则没有写明之处怎样处理，为什么", "What was decided where the rules are silent, and why", DocumentText(PACKAGE / "README.md"), top=False),
    Doc("security", "安全", "Security", "防什么，不防什么", "What it protects against, and what not", _text("security"), top=False),
)  # fmt: skip


Command = Callable[[list[str]], None]  # what runs `qb …`: the command line stands above this room


def run(year: int, command: Command, out: Path | None, lang: Lang) -> Path:
    """Write the documentation and return its first page; without a folder named, open it."""
    folder = out or Path("qb-docs")
    said = say(lang, "正在生成文档（连同其中的例子）：", "Writing the documentation, running its examples: ")
    print(f"{said}{folder}", file=sys.stderr)
    write(folder, year, command)
    start = (folder / lang / "index.html").resolve()
    if out is None:
        webbrowser.open(start.as_uri())
    return start


def write(folder: Path, year: int, command: Command) -> None:
    """Write the documentation in both languages.

    Raises
    ------
    QbError
        If an example fails, or the folder cannot be written.
    """
    examples = Examples(year, command)
    for lang in LANGUAGES:
        for name, html in pages(lang, examples).items():
            write_whole(folder / lang / f"{name}.html", html)


def pages(lang: Lang, examples: Examples) -> dict[str, str]:
    """Return the pages of a language, each whole, by name."""
    contents = {doc.name: _content(doc, lang, examples) for doc in DOCS}
    listing = [entry for doc in DOCS for entry in _entries(doc, contents[doc.name], lang)]
    rest = [(*doc.said(lang), f"{doc.name}.html") for doc in DOCS[1:]]
    links = [(doc.said(lang)[0], f"{doc.name}.html") for doc in DOCS if doc.top]
    made = {}
    for doc in DOCS:
        first = doc is DOCS[0]
        page = Leaf(
            title=f"{doc.said(lang)[0]} · qb",
            lang=lang,
            place=f"qb {__version__}",
            links=(
                (say(lang, "English", "中文"), f"../{_other(lang)}/{doc.name}.html"),
                *links[1:],
                links[0],
            ),
            here=f"{doc.name}.html",
            provenance=((WORDS[lang]["software"], f"qb {__version__}"),),
        )
        made[doc.name] = index_page(
            "documentation.html.j2",
            page,
            body=contents[doc.name],
            docs=rest if first else (),
            listing=listing if first else (),
        )
    return made


def _content(doc: Doc, lang: Lang, examples: Examples) -> str:
    """Return a page's text as HTML: headings with addresses, links to pages, below examples what they gave."""
    source, gave = examples.of(doc.name, _unwrapped(doc.source(lang, examples.year)), lang)
    html, used, numbers = html_of(source), {}, count()
    html = _HEAD.sub(
        lambda found: f'<h{found[1]} id="{_slug(found[2], used)}">{found[2]}</h{found[1]}>', html
    )
    if doc.rows:
        html = re.sub("<tr>", lambda _: f'<tr id="r{next(numbers)}">', html)
    html = html.replace("<table>", '<div class="scroll"><table class="data">').replace(
        "</table>", "</table></div>"
    )
    html = _LINK.sub(lambda found: _link(doc, lang, *found.groups("")), html)
    return _GAVE.sub(lambda found: gave[int(found[1])], html)


def _unwrapped(text: str) -> str:
    r"""Return a text without line ends between Chinese signs: a browser would show a space there.

    >>> _unwrapped("各项\n指标的\n`qb`，\n  数值")
    '各项指标的\n`qb`，数值'
    """
    return re.sub(r"(?<=[⺀-￯“”—]) *\n *(?=[⺀-￯“”—])", "", text)


def _slug(heading: str, used: dict[str, int]) -> str:
    """Return the address of a heading as GitHub makes it, so that links hold in both places.

    >>> _slug("How <code>far</code> apart?", {})
    'how-far-apart'
    """
    text = unescape(re.sub(r"<[^>]+>", "", heading)).lower()
    slug = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-") or "part"
    used[slug] = used.get(slug, -1) + 1
    return slug if not used[slug] else f"{slug}-{used[slug]}"


def _link(here: Doc, lang: Lang, target: str, anchor: str, text: str) -> str:
    """Return a link to a page of the documentation; to a file that is none, the text alone.

    A page that links to its own file means the other language.
    """
    if not target or target.endswith(".html"):
        return f'<a href="{target}{anchor}">{text}</a>'
    home = here.source.path.parent if isinstance(here.source, DocumentText) else PACKAGE / "docs"
    path = (home / target).resolve()
    path = path / "README.md" if path.is_dir() else path
    path = path.with_name(re.sub(r"\.(zh-CN|en)\.md$", ".md", path.name))
    for doc in DOCS:
        if isinstance(doc.source, DocumentText) and doc.source.path.resolve() == path:
            place = f"../{_other(lang)}/" if doc is here else ""
            return f'<a href="{place}{doc.name}.html{anchor}">{text}</a>'
    return text


def _other(lang: Lang) -> Lang:
    return "en" if lang == "zh" else "zh"


class Examples:
    """Runs the examples of the pages, each with the names of those before it on its page.

    Those of a page that does not ask for the language are run once for both.
    """

    def __init__(self, year: int, command: Command) -> None:
        self.year, self._command = year, command
        self._gave: dict[tuple[str, str], list[str]] = {}

    def of(self, page: str, source: str, lang: Lang) -> tuple[str, list[str]]:
        """Return a page's text with a mark below each example, and what each gave, as HTML.

        Raises
        ------
        QbError
            If one fails.
        """
        found = _RUN.findall(source)
        asks = lang if any(re.search(r"\blang\b", code) for _, code in found) else ""
        if (page, asks) not in self._gave:
            with temporary_folder() as folder, chdir(shipped("data").parent):
                names = {"lang": lang, "folder": Path(folder)}
                self._gave[page, asks] = [self._run(kind, code, names, page) for kind, code in found]
        numbers = count()
        marked = _RUN.sub(lambda one: f"```{one[1]}\n{one[2]}```\n\n<!-- gave {next(numbers)} -->\n", source)
        return marked, self._gave[page, asks]

    def _run(self, kind: str, code: str, names: dict[str, Any], page: str) -> str:
        try:
            return self._printed(code) if kind == "sh" else _shown(_evaluated(code, names))
        except (Exception, SystemExit) as error:
            name, text = type(error).__name__, str(error)
            raise QbError(
                "文档 {}.md 的例子运行出错：{}：{}", "An example of {}.md failed: {}: {}", page, name, text
            ) from error

    def _printed(self, code: str) -> str:
        """Run lines of ``qb …`` and return what they printed."""
        printed = io.StringIO()
        for line in code.splitlines():
            with redirect_stdout(printed):
                try:
                    self._command(shlex.split(line, comments=True)[1:])
                except SystemExit as ended:
                    if ended.code:
                        raise
        return f'<pre class="gave">{escape(printed.getvalue().rstrip())}</pre>'


def _evaluated(code: str, names: dict[str, Any]) -> object:
    """Run Python; return the value of its last line, where that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<example>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<example>", "eval"), names) if last else None


def _shown(value: object) -> str:
    if value is None:
        return ""
    show = getattr(value, "_repr_html_", None)
    if show is not None:
        return re.sub(r"\n\s*\n", "\n", f'<div class="gave">{show()}</div>')
    picture = getattr(value, "get_figure", lambda: value)()  # of axes, their figure
    if hasattr(picture, "savefig"):
        return picture(picture)
    return f'<pre class="gave">{escape(repr(value))}</pre>'


def _entries(doc: Doc, html: str, lang: Lang) -> Iterator[tuple[str, str]]:
    """Yield what the search finds on a page: headings, and rows where a page is a list of things."""
    title = doc.said(lang)[0]
    for _, anchor, heading in re.findall(r'<h([2-4]) id="([^"]+)">(.*?)</h\1>', html):
        yield f"{_plain(heading)} — {title}", f"{doc.name}.html#{anchor}"
    if doc.rows:
        for anchor, one, other in _ROW.findall(html):
            yield f"{_plain(one)} {_plain(other)} — {title}", f"{doc.name}.html#{anchor}"


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()
