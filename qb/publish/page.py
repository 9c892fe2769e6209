"""How a page looks: notebook or index in the theme, as one file; its contents list, links, doubts beside verdicts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from qb.files import PACKAGE
from qb.language import LANGUAGES, Lang
from qb.publish.site_settings import SiteSettings
from qb.terms import Kind

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

    from qb.report.tables import SiteLinks

# The words that stand on a page around what a notebook says, in the languages that a page may have.


# Chinese and English; what stands in brackets after a word is left out where the standard has no such thing.
_WORDS = {
    "tag": ("zh-CN", "en"),
    "skip": ("跳到正文", "Skip to the text"),
    "site": ("本站页面", "Pages of this site"),
    "contents": ("目录", "Contents"),
    "filter": ("筛选", "Filter"),
    "only_failing": ("只看未达标（{}）", "Not met only ({})"),
    "rows": ("共 {} 行", "{} rows"),
    "rows_of": ("显示 {} / {} 行", "{} of {} rows"),
    "all_rows": ("显示全部 {} 行", "Show all {} rows"),
    "fewer": ("只显示前 {} 行", "Show the first {} rows"),
    "csv": ("下载 CSV（{}）", "Download CSV ({})"),
    "every_row": ("全部 {} 行", "all {} rows"),
    "some_rows": ("筛选出 {} 行，共 {} 行", "{} of {} rows"),
    "address": ("本节的链接：", "Link to this section:"),
    "search": ("搜索学校、指标、部门", "Search schools, indicators, departments"),
    "nothing": ("没有找到", "Nothing found"),
    "top": ("回到顶部", "Back to top"),
    "lookup": ("指标与部门索引", "Indicators and departments"),
    "terms": ("术语", "Terms"),
    "every_entry": ("全部条目", "Every entry"),
    "table": ("表", "Table"),
    "figure": ("图", "Figure"),
    "no_alt": ("图（没有文字说明）", "A figure without a description"),
    "needs_program": (
        "这里的图要由程序画出，本页不运行程序。请在笔记本里以静态图（SVG 或 PNG）输出。",
        "This figure is drawn by a program, and pages run none: give it as a still picture (SVG or PNG).",
    ),
    "workbook": ("下载全部 {} 张表（Excel）", "Download all {} tables (Excel)"),
    "about": ("说明", "About"),
    "png": ("保存图片（PNG）", "Save as picture (PNG)"),
    "svg": ("矢量图（SVG）", "Save as drawing (SVG)"),
    "invented": ("模拟数据", "Invented data"),
    "invented_note": (
        "本页数据由程序虚构，不代表任何真实的地区、学校或个人。",
        "A program made up these figures; they stand for no real place, school or person.",
    ),
    "doubt": ("请核实", "Please check"),
    "provenance": ("数据与方法", "Data and method"),
    "rules": ("依据", "Rules"),
    "overview": ("总览", "Overview"),
    "data": ("数据概况", "The data"),
    "data_note": (
        "上报了哪些数据、缺哪些、哪里需要核实",
        "What was handed in, what is missing, what needs a second look",
    ),
    "brief": ("一页纸", "Brief"),
    "brief_note": (
        "结论、变化、最要紧的几件事：[departments:谁负责、]什么时限、多少钱；附作战图、时间表[departments:和部门任务单]",
        "Verdict, changes, what matters most: [departments:who, ]by when, for how much; wall chart, timetable[departments:, a sheet for each department]",
    ),
    "district": ("区域报告", "District report"),
    "district_note": (
        "{n} 项指标、差异系数[limits_schools:、各校差距][departments:与责任部门]",
        "All {n} indicators, coefficients, schools[limits_schools:, shortfalls][departments: and departments]",
    ),
    "research": ("校际差异研究", "Research"),
    "research_note": (
        "差异有多大、谁造成的、结论有多稳、先帮哪所学校；附方法与文献",
        "How large the differences are, what makes them, how sure we are, whom to help first",
    ),
    "school": ("一校一策", "School report"),
    "source": ("数据来源", "Data"),
    "standard": ("评估标准", "Standard"),
    "fingerprint": ("数据指纹", "Data fingerprint"),
    "made_on": ("生成日期", "Made on"),
    "software": ("软件", "Software"),
    "office": ("发布单位", "Published by"),
    "contact": ("联系方式", "Contact"),
    "next_date": ("下次更新", "Next edition"),
    "title": ("{subject}评估", "{subject}"),
    "title_of": ("{district}{subject}评估", "{district}: {subject}"),
    "reports": ("报告", "Reports"),
    "files": ("附件", "Files"),
    "schools": ("学校", "Schools"),
    "excluded": ("按规则不参与评估的学校", "Schools that the rules leave out"),
    "failed": ("未生成的页面", "Pages that were not made"),
    "failed_note": (
        "下列页面运行出错，没有生成；改正后重新发布即可。",
        "These pages stopped with an error and were not made. Mend the cause and publish again.",
    ),
    "not_made": ("（未生成）", " (not made)"),
    "at_cell": ("第 {cell} 个单元（{line}）：", "cell {cell} ({line}): "),
    "error": ("{name}：{message}", "{name}: {message}"),
    "districts": ("各地区", "Districts"),
    "map": ("位置", "Where they are"),
    "years": ("学年", "School years"),
    "earlier": ("往年", "Earlier years"),
    "coefficients": ("差异系数", "Difference coefficients"),
    "annual": ("年度报告", "Annual report"),
    "annual_note": (
        "五年走势、变化原因、[tasks:重点任务、]问题与整改、佐证材料与学生数推算",
        "Five years, what moved and why, [tasks:tasks, ]problems and measures, evidence, pupils to come",
    ),
    "ledger": ("问题台账", "Issue ledger"),
    "ledger_note": (
        "未达标的每一项：[departments:谁负责、]措施、时限和状态，逾期的在前",
        "Everything that is not met: [departments:who, ]measure, deadline, state; overdue ones first",
    ),
    "scenario": ("情景比较", "Scenarios"),
    "scenario_note": (
        "开办新校、撤并、交流轮岗、添置设备后，各校和各项差异系数会怎样",
        "What new schools, mergers, rotation and purchases would do to verdicts and coefficients",
    ),
    "plan": ("达标方案", "Plan"),
    "plan_note": (
        "最少花多少钱达标，花在哪里[departments:，由谁负责]；附证明",
        "The least that meeting the standard costs, where[departments:, and who answers for it]; with proof",
    ),
}

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        lang: MappingProxyType({name: pair[k] for name, pair in _WORDS.items()})
        for k, lang in enumerate(LANGUAGES)
    }
)


THEME = PACKAGE / "publish" / "theme"
# Tags of cells that are not run for the page: for who works in the notebook, and for its Word document.
ASIDE = frozenset(("work", "document"))
PANEL = "panel"  # the script that only pages with a panel have
SCRIPTS = (
    "script",
    "tables",
    "workbook",
    "figures",
    PANEL,
    "contents",
    "search",
)  # one program, in this order
CONTROLS = (
    "filter",
    "only_failing",
    "rows",
    "rows_of",
    "all_rows",
    "fewer",
    "csv",
    "every_row",
    "some_rows",
    "workbook",
    "about",
    "png",
    "svg",
    "address",
    "search",
    "nothing",
)

_HEADING = re.compile(r"<h([1-6])((?:\s[^>]*)?)>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_ANCHOR = re.compile(
    r'<a class="anchor-link" href="[^"]*">¶</a>'
)  # of stock nbconvert: ours has a list of contents
_PROGRAM = re.compile(r"application/(vnd\.(plotly|vega|vegalite|bokeh|holoviews)|javascript)")
# Of the forms in which an output may come, the first of these is shown.
SHOWN = ("text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain")
_STYLED = re.compile(r'<style type="text/css">.*?<table id="(T_[0-9a-f]+)"', re.DOTALL)
_ID = re.compile(r"""\sid\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """What stands on a page around its content."""

    title: str  # title of the window, and the heading where the content brings none
    lang: Lang = "zh"
    place: str = ""  # district and school year, on the top of the page and of every printed sheet
    invented: bool = False  # whether the data are invented; the page then says so
    doubts: tuple[str, ...] = ()  # which verdicts on it cannot be trusted, and why
    # What rests on these (`qb.report.verdict_keys.doubted`); each verdict on it shows the doubt beside it.
    doubted: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # the other pages of the site, relative to this one
    here: str = ""  # the one of those hrefs that is this page; empty if none is
    provenance: tuple[tuple[str, str], ...] = ()  # what the figures rest on: data, standard, date, software
    # The same for programs (`qb verify`), written as ``<meta name="qb:…">``.
    meta: tuple[tuple[str, str], ...] = ()
    # Schools that the content may name, each with its page; the href is empty where it has none, and the name
    # where another school has it too.
    schools: tuple[tuple[str, str, str], ...] = ()
    explained: tuple[str, ...] = ()  # anchors of the words that the overview explains
    kind: str = ""  # what the style sheet calls a page of this kind
    settings: SiteSettings = field(default_factory=SiteSettings)  # who publishes

    @property
    def words(self) -> Mapping[str, str]:
        """The words of the page's language."""
        return WORDS[self.lang]

    @property
    def site_links(self) -> SiteLinks:
        """What tables and verdicts on the page lead to, and which of them are in doubt."""
        from qb.report.tables import SiteLinks  # not above: it loads pandas, see Kernel.load

        schools = {school: href for school, href, _ in self.schools if href}
        pages = {Path(href).stem: href for _, href in self.links}
        return SiteLinks(schools, pages, self.doubted, self.words["doubt"])

    @property
    def controls(self) -> dict[str, str]:
        """The words that our script needs."""
        return {name: self.words[name] for name in CONTROLS}


@cache
def _exporter() -> HTMLExporter:
    """Return the exporter of this process: making one costs more than most pages."""
    # Not above: it takes long to load, and who writes indexes alone has no need of it.
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    class Exporter(HTMLExporter):
        def from_notebook_node(self, nb, resources=None, **kw):
            """Leave out the parent's second pass: it parses the finished page only to add what ours has."""
            return super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)

        def _preprocess(self, nb, resources):
            """Leave out the parent's copies and checks: what it is given is a copy, and was just executed."""
            for preprocessor in self._preprocessors:
                nb, resources = preprocessor(nb, resources)
            return nb, resources

    exporter = Exporter(
        config=Config({"NbConvertBase": {"display_data_priority": list(SHOWN)}}),
        template_name="qb",
        extra_template_basedirs=[str(THEME)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        optimistic_validation=True,
    )
    _furnish(exporter.environment)
    return exporter


@cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(THEME / "qb"), autoescape=True)
    _furnish(environment)
    return environment


def _furnish(environment: Environment) -> None:
    environment.autoescape = True
    environment.globals["tools"] = TOOLS


def bare(path: Path) -> str:
    """Return a file of the theme without its indentation, blank lines and lines of remarks: every page holds it."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"//|/\*.*\*/$", line))


@cache
def _theme(panel: bool) -> SimpleNamespace:
    folder = THEME / "qb"
    names = [name for name in SCRIPTS if panel or name != PANEL]
    parts = "\n".join(bare(folder / f"{name}.js") for name in names)
    script = f'(() => {{\n"use strict";\n{parts}\n}})();\n'
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = re.sub(r" *([{};]) +", r"\1", bare(folder / "style.css"))
    return SimpleNamespace(style=style, script=script, script_hash=f"sha256-{digest}")


def notebook_page(notebook: NotebookNode, page: Page, *, ours: bool = False) -> str:
    """Return an executed notebook as a page: its text and outputs, no code, nothing from stderr.

    A cell tagged with a language (``zh``, ``en``) is left out of pages in the others, one tagged ``work`` or
    ``document`` of all: it is for who works in the notebook, or for the Word document made of it. On pages of `ours` what there is not is said once (:func:`saying`).
    """
    from qb.publish.markdown import with_terms  # who writes indexes alone has no need of it

    shown, lang = copy(notebook), page.lang
    told = (cell for cell in notebook.cells if ASIDE.isdisjoint(cell.metadata.get("tags", ())))
    cells = [readable(cell, lang) for cell in told if speaks(cell, lang)]
    shown["cells"] = list(saying(cells)) if ours else cells
    html, _ = _exporter().from_notebook_node(shown, resources={"page": page})
    html = with_names(html, page)
    if overview := dict(page.links).get(page.words["overview"]):
        html = with_terms(html, page.lang, overview, page.explained)
    return html


def saying(cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield cells without lines that the page has said before, and without headings under which nothing is left.

    What there is not is said once: an output is left out whose lines all stood above, and a heading (with its
    sentence on how to read what follows) whose cells show nothing. Outputs tell their lines in their metadata
    (:func:`qb.report.tables.lines_told`).
    """
    before: set[str] = set()
    section: list[NotebookNode] = []
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            yield from _kept(section)
            section = []
        if cell.get("outputs"):
            cell = copy(cell)
            cell["outputs"] = [one for one in cell["outputs"] if not _repeats(one, before)]
        section.append(cell)
    yield from _kept(section)


def _kept(section: list[NotebookNode]) -> list[NotebookNode]:
    """Return a section's cells; none where its code shows nothing."""
    code = [cell for cell in section if cell.cell_type == "code"]
    empty = (
        section and section[0].cell_type == "markdown" and code and not any(c.get("outputs") for c in code)
    )
    return [] if empty else section


def _repeats(output: NotebookNode, before: set[str]) -> bool:
    """Whether an output shows nothing, or lines alone that were said before; they are then known to be said."""
    told = output.get("metadata", {}).get("text/html", {})
    lines = told.get("lines", ())
    repeats = told.get("alone", False) and before.issuperset(lines)
    before.update(lines)
    return repeats or output.get("data", {}).get("text/html") == ""


# Elements in which names of schools lead nowhere, then tags alone, so that what is left is text.
_TEXT = re.compile(
    r"<(a|h1|h2|caption|figcaption|title|style|script|summary|button|label|select|math|template)\b.*?</\1>"
    r"|<[^>]*>|([^<]+)",
    re.DOTALL,
)
_SHORT = 4  # characters of a name that leads on only where nothing else stands beside it: 小一
_KINDS = {kind.zh for kind in Kind}  # a school called by its kind alone is not told from the kind


def with_names(html: str, page: Page) -> str:
    """Return content in which every name of a school that has a page leads there, in text, tables and figures.

    The longest name counts, of schools without a page too: the branch of a school is not the school.

    >>> page = Page("甲区", schools=(("1", "1.html", "西门小学"), ("2", "", "西门小学北校区"), ("3", "3.html", "小一")))
    >>> with_names("<main><td>西门小学、小一</td><td>西门小学北校区</td><td>小一班</td></main>", page)
    '<main><td><a href="1.html">西门小学</a>、<a href="3.html">小一</a></td><td>西门小学北校区</td><td>小一班</td></main>'
    """
    ways = {str(escape(name)): href for _, href, name in page.schools if name and name not in _KINDS}
    if not any(ways.values()):
        return html
    first = re.compile(f"[{re.escape(''.join(sorted({name[0] for name in ways})))}]")
    lengths = sorted({len(name) for name in ways}, reverse=True)

    def alone(text: str, start: int, end: int, beside: re.Pattern[str]) -> bool:
        return not any(map(beside.match, text[max(start - 1, 0) : start] + text[end : end + 1]))

    def lead(match: re.Match[str]) -> str:
        text = match[2]
        if text is None:
            return match[0]
        made, done = [], 0
        for found in first.finditer(text):
            start = found.start()
            name = next((n for size in lengths if (n := text[start : start + size]) in ways), "")
            end = start + len(name)
            if start < done or not name or not alone(text, start, end, _BESIDE[len(name) < _SHORT]):
                continue
            if ways[name]:
                made += [text[done:start], f'<a href="{escape(ways[name])}">{name}</a>']
            else:
                made.append(text[done:end])
            done = end
        return "".join((*made, text[done:]))

    head, opened, main = html.rpartition("<main")
    content, closed, foot = main.partition("</main>")
    return head + opened + _DRAWN.sub(_with_parts, _TEXT.sub(lead, content)) + closed + foot


_DRAWN = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


def _with_parts(match: re.Match[str]) -> str:
    """Return a drawing; one that holds links is no picture, whose parts nobody could reach."""
    return match[0].replace('role="img"', 'role="group"', 1) if "<a href" in match[0] else match[0]


# What a name does not stand beside: letters and figures of the same word, any word where the name is short.
_BESIDE = (re.compile(r"[A-Za-z0-9]"), re.compile(r"\w"))


def speaks(cell: NotebookNode, lang: Lang) -> bool:
    """Whether a cell belongs to pages in a language: it names that one, or none."""
    tags = cell.metadata.get("tags", ())
    return lang in tags or not any(other in tags for other in WORDS)


def readable(cell: NotebookNode, lang: Lang) -> NotebookNode:
    """Return a cell with outputs that can be read without a program, and that are the same when made again.

    Where a figure needs a program, its still picture is shown, or a sentence says that there is none. The
    random names that pandas gives the parts of a styled table become those of its contents.
    """
    if not cell.get("outputs"):
        return cell
    made = copy(cell)
    made["outputs"] = [_readable(output, lang) for output in cell["outputs"]]
    return made


def _readable(output: NotebookNode, lang: Lang) -> NotebookNode:
    data = output.get("data", {})
    html = data.get("text/html", "")
    if any(_PROGRAM.match(kind) for kind in data) or "<script" in html.lower():
        still = {kind: data[kind] for kind in ("image/svg+xml", "image/png") if kind in data}
        data = still or {"text/markdown": f"> [!WARNING]\n> {WORDS[lang]['needs_program']}"}
    elif named := _STYLED.search(html):
        bare = html.replace(named[1], "")
        data = {"text/html": html.replace(named[1], f"T_{hashlib.sha256(bare.encode()).hexdigest()[:8]}")}
    else:
        return output
    made = copy(output)
    made["data"] = data
    return made


def undescribed(notebook: NotebookNode) -> list[int]:
    """Return the cells, counted from 1, that show a picture of which nothing is said to who cannot see it."""
    own = (c for c in notebook.cells if "injected-parameters" not in c.metadata.get("tags", ()))
    return [
        number
        for number, cell in enumerate(own, 1)
        if any(_undescribed(output) for output in cell.get("outputs", ()))
    ]


_NAMED = re.compile(r"<svg\b[^>]*\saria-label(?:ledby)?\s*=|<svg\b[^>]*>\s*<title\b", re.IGNORECASE)


def _undescribed(output: NotebookNode) -> bool:
    """Return whether what is shown of an output is a picture without a name."""
    shown = _readable(output, "en").get("data", {})
    kind = next((kind for kind in SHOWN if kind in shown), "")
    named = kind == "image/svg+xml" and _NAMED.search(shown[kind])
    return kind.startswith("image/") and not named and not get_metadata(output, "alt", kind)


def get_metadata(output: NotebookNode, key: str, kind: str) -> str:
    """Return what an output says of itself, of one of its forms first."""
    told = output.get("metadata") or {}
    return told.get(kind, {}).get(key) or told.get(key) or ""


def index_page(template: str, page: Page, **values: object) -> str:
    """Return a page of our own: a template of the theme, filled in. Every value is escaped."""
    return with_names(_environment().get_template(template).render(page=page, **values), page)


@dataclass(frozen=True)
class ContentsEntry:
    """A line of the contents list."""

    id: str
    text: str


@dataclass(frozen=True)
class Outline:
    """Content whose headings are in order, and its contents list."""

    html: Markup
    contents: tuple[ContentsEntry, ...]


def outline(content: str, title: str) -> Outline:
    """Give the content one h1 and headings that skip no level; list its h2.

    A first heading that is no h1 gets `title` before it. A later h1 becomes an h2.

    Examples
    --------
    >>> found = outline("<h1>A</h1><h3>B &amp; C</h3><h1>D</h1>", title="T")
    >>> print(found.html)
    <h1 id="s1">A</h1><h2 id="s2">B &amp; C</h2><h2 id="s3">D</h2>
    >>> [entry.text for entry in found.contents]
    ['B & C', 'D']
    >>> print(outline("<h2 id='x'>A</h2>", title="1 < 2").html)
    <h1 id="s1">1 &lt; 2</h1>
    <h2 id='x'>A</h2>
    """
    content = _ANCHOR.sub("", content)
    first = _HEADING.search(content)
    if not first or first[1] != "1":
        content = f"<h1>{escape(title)}</h1>\n{content}"
    contents: list[ContentsEntry] = []
    level = number = 0

    def put(match: re.Match[str]) -> str:
        nonlocal level, number
        number += 1
        level = max(2, min(int(match[1]), level + 1)) if level else 1
        own = _ID.search(match[2])
        anchor = own[1] if own else f"s{number}"
        if level == 2:
            contents.append(ContentsEntry(anchor, Markup(match[3]).striptags()))
        attributes = match[2] if own else f'{match[2]} id="{anchor}"'
        return f"<h{level}{attributes}>{match[3]}</h{level}>"

    return Outline(Markup(_HEADING.sub(put, content)), tuple(contents))


def css_string(text: str) -> str:
    r"""Return `text` as a string of CSS that can end neither itself nor the style sheet.

    Examples
    --------
    >>> print(css_string('甲区 "</style>'))
    "甲区 \22 \3c /style\3e "
    """
    return '"' + re.sub(r'[\\"<>&\n\r\f]', lambda m: f"\\{ord(m[0]):x} ", text) + '"'


class Tools:
    """What templates call: they have it from the environment, or with a notebook's resources."""

    outline = staticmethod(outline)
    css_string = staticmethod(css_string)

    @staticmethod
    def drawing(output: NotebookNode, page: Page) -> Markup:
        """Return a picture of lines with its own name, or with what is said of it."""
        svg = output.data["image/svg+xml"]
        svg = svg[max(svg.find("<svg"), 0) :]  # a prolog has no place inside a page
        if not _NAMED.match(svg):
            said = get_metadata(output, "alt", "image/svg+xml") or page.words["no_alt"]
            svg = svg.replace("<svg", Markup('<svg role="img" aria-label="{}"').format(said), 1)
        return Markup('<figure class="chart"><div class="scroll">{}</div></figure>').format(Markup(svg))

    @staticmethod
    def picture(output: NotebookNode, kind: str, page: Page) -> Markup:
        """Return a picture with what is said of it."""
        return Markup(
            '<figure class="chart"><div class="scroll"><img alt="{}" src="data:{};base64,{}"></div></figure>'
        ).format(get_metadata(output, "alt", kind) or page.words["no_alt"], kind, output.data[kind].strip())

    @staticmethod
    def markdown(source: str, cell: Mapping[str, Any] = MappingProxyType({})) -> str:
        """Return Markdown, or LaTeX with formulas in dollars, as HTML."""
        from qb.publish.markdown import html_of  # who writes indexes alone has no need of it

        return html_of(source, cell.get("attachments"))

    @staticmethod
    def theme(content: str) -> SimpleNamespace:
        """Return style sheet, script and its hash, for a page with this content."""
        return _theme("<template data-whatif=" in content)


TOOLS = Tools()
