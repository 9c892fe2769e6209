"""Pages: what is refused before anything runs, what a failure leaves, and what a page is made of."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from html import unescape
from pathlib import Path

import nbformat
import pytest

import qb
from qb.data.sample import make
from qb.errors import QbError
from qb.publish import manifest, page_processes, site
from qb.publish.api import publish
from qb.publish.jobs import Failure, Job, JobOutcome, parameters_of, refuse
from qb.publish.page import THEME, Page, notebook_page
from qb.publish.page_processes import run
from qb.publish.site_plan import LONGEST, file_names
from qb.publish.worker_client import can_fork
from qb.report.context import ReportContext
from qb.standard import load as load_standard

HOSTILE = "a'b\"c\\\n'''\"\"\" {x} %s ?!ls $(id) 鼓楼\u2028😀</script><b>\\"
REMOTE = re.compile(
    r"""(?:src|href|action|data)\s*=\s*["']?\s*(?:\w+:)?//|url\(\s*["']?(?:\w+:)?//|@import""", re.I
)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")

text = nbformat.v4.new_markdown_cell


def code(source: str, *, tag: str = "", outputs: list | None = None) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, outputs=outputs or [])
    cell.metadata["tags"] = [tag] if tag else []
    return cell


def shown(**data: str) -> nbformat.NotebookNode:
    data = {
        {"html": "text/html", "svg": "image/svg+xml", "plain": "text/plain"}[k]: v for k, v in data.items()
    }
    return nbformat.v4.new_output("execute_result", data, execution_count=1)


def save(path: Path, *cells: nbformat.NotebookNode) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    return path


# Parameters


@pytest.fixture
def declaring(tmp_path):
    source = (
        "year: int = 2024  # school year starting (2024 = 2024/25)\n"
        "share: float = 0.5\nname = 'x'\nstage: str | None = None\nonce: bool = False"
    )
    return save(tmp_path / "declaring.ipynb", text("# T"), code(source, tag="parameters"))


def test_a_line_with_a_second_equals_sign_still_declares_its_parameter(declaring):
    assert parameters_of(declaring)["year"] == (int,)  # papermill's own inspection drops the line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("year", "2024"),
        ("year", True),
        ("year", 2024.0),
        ("year", None),
        ("share", "0.5"),
        ("name", 7),
        ("stage", 7),
        ("once", 1),
    ],
)
def test_a_mistyped_parameter_is_refused(declaring, name, value):
    with pytest.raises(QbError, match=f"declaring.ipynb 的参数 {name} 应为"):
        refuse([(declaring, {name: value})])


@pytest.mark.parametrize(
    ("name", "value"), [("share", 1), ("stage", "primary"), ("stage", None), ("name", "")]
)
def test_a_parameter_of_its_declared_type_is_taken(declaring, name, value):
    refuse([(declaring, {name: value})])


def test_wrong_parameters_are_all_named_and_nothing_runs(declaring, tmp_path):
    target = tmp_path / "page.html"
    target.write_text("of an earlier run")
    with pytest.raises(QbError) as caught:
        run([Job(declaring, {"yaer": 2024, "year": "2024"}, target, Page("T"))], progress=False)
    assert "没有参数 yaer。可用的参数：year（int）、share（float）、name（str）、stage（str | None）" in str(
        caught.value
    )
    assert "year 应为 int，现为 str（'2024'）" in str(caught.value)
    assert target.read_text() == "of an earlier run"


def test_a_file_that_is_no_notebook_is_refused_in_words(tmp_path):
    (tmp_path / "odd.ipynb").write_text("not json")
    with pytest.raises(QbError, match=r"odd\.ipynb 无法读取"):
        parameters_of(tmp_path / "odd.ipynb")


# Running: every ending a notebook can have, in processes of several pages and of one, forked and spawned

WAYS = [(forks, ours) for forks in (True, False) if can_fork() or not forks for ours in (True, False)]


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"forks={way[0]}-ours={way[1]}")
def ran(tmp_path_factory, request):
    forks, ours = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_processes, "can_fork", lambda: forks)  # Windows and macOS spawn
        yield _ran(tmp_path_factory, ours)


def _ran(tmp_path_factory, ours):
    folder = tmp_path_factory.mktemp("ran{year}")  # braces are papermill's place-holders
    parameters = code("name: str = ''\nhexed: str = ''", tag="parameters")
    cells = {
        "good": [
            "import warnings\nwarnings.warn('look again')",
            "print('intact:', name == bytes.fromhex(hexed).decode())\nprint(name)",
        ],
        "fails": ["kept = 1", "\n  # why\n1 / 0"],
        "leaves": ["import sys\nsys.exit(0)", "print('never')"],
        "dies": ["import os\nos._exit(1)"],
    }
    jobs = []
    for name, sources in cells.items():
        notebook = save(folder / f"{name}.ipynb", text(f"# {name}"), parameters, *map(code, sources))
        target = folder / "site" / f"{name}.html"
        target.parent.mkdir(exist_ok=True)
        target.write_text("of an earlier run")
        given = {"name": HOSTILE, "hexed": HOSTILE.encode().hex()}
        page = Page("</title><script>alert(1)</script>")
        jobs.append(Job(notebook, given, target, page, ours=ours))
    outcomes = run(jobs, workers=2, progress=True)
    return {outcome.job.notebook.stem: outcome for outcome in outcomes}


def test_a_hostile_parameter_arrives_as_it_is_and_stands_on_the_page_escaped(ran):
    html = ran["good"].job.target.read_text("utf-8")
    assert "intact: True" in html
    assert HOSTILE in unescape(html)
    assert "</script><b>" not in html
    assert "<script>alert" not in html


def test_what_a_notebook_says_on_stderr_is_noted_and_not_shown(ran):
    assert "look again" in ran["good"].notes[0]
    assert "look again" not in ran["good"].job.target.read_text("utf-8")


def test_a_failed_cell_is_named_as_a_reader_counts_and_the_others_go_on(ran):
    # Heading, parameters, `kept = 1`, then the fourth; papermill's added cell is not counted.
    assert ran["fails"].failure == Failure("ZeroDivisionError", "division by zero", 4, "# why")
    assert str(ran["fails"].failure) == "第 4 个单元（# why）：ZeroDivisionError：division by zero"
    assert ran["good"].failure is None


def test_a_notebook_that_leaves_early_has_failed(ran):
    assert (ran["leaves"].failure.name, ran["leaves"].failure.cell) == ("SystemExit", 3)


def test_a_killed_kernel_fails_its_own_page_in_words(ran):
    assert ran["dies"].failure.cell == 3
    assert "意外结束" in ran["dies"].failure.message


def test_failures_leave_no_page_no_half_page_and_none_from_before(ran):
    folder = ran["good"].job.target.parent
    assert [path.name for path in folder.iterdir()] == ["good.html"]


# A page


def page(*cells: nbformat.NotebookNode, **settings) -> str:
    settings = {"title": "示例页", "place": "甲区 · 2024—2025学年"} | settings
    return notebook_page(nbformat.v4.new_notebook(cells=list(cells)), Page(**settings))


def test_a_page_shows_outputs_and_text_but_no_code():
    html = page(
        text("# 标题\n\n正文"),
        code("secret_call()", outputs=[shown(html="<p>表格</p>", plain="<Table object>")]),
        code("f()", outputs=[nbformat.v4.new_output("stream", name="stdout", text="1 < 2")]),
    )
    assert "<p>表格</p>" in html
    assert "1 &lt; 2" in html
    assert "<p>正文</p>" in html
    for hidden in ("secret_call", "Table object", "In&nbsp;", "Out["):
        assert hidden not in html


def test_a_picture_stands_in_the_page_without_its_prolog():
    html = page(
        code("", outputs=[shown(svg='<?xml version="1.0"?><!DOCTYPE svg><svg viewBox="0 0 1 1"></svg>')])
    )
    assert 'viewBox="0 0 1 1"></svg>' in html
    assert "<?xml" not in html
    assert html.count("<!DOCTYPE") == 1


@pytest.mark.parametrize(
    ("markdown", "levels"),
    [
        ("# A\n\n### B\n\n#### C\n\n## D", [1, 2, 3, 2]),
        ("# A\n\n# B", [1, 2]),
        ("## A\n\n### B", [1, 2, 3]),  # the title comes first
        ("no heading", [1]),
    ],
)
def test_a_page_has_one_first_heading_and_skips_no_level(markdown, levels):
    main = re.search(r"<main.*?</main>", page(text(markdown)), re.S)[0]
    assert [int(level) for level in re.findall(r"<h(\d)", main)] == levels


def test_the_contents_list_leads_to_every_section():
    html = page(text("# T\n\n## 甲 & 乙\n\n### 小节"), code("", outputs=[shown(html="<h2 id='c'>丙</h2>")]))
    contents = re.findall(r'<li><a href="#(.*?)">(.*?)</a>', html)
    assert [name for _, name in contents] == ["甲 &amp; 乙", "丙"]
    for anchor, _ in contents:
        assert re.search(rf"<h2[^>]*id=[\"']{anchor}[\"']", html)


def test_a_page_asks_nothing_of_any_other_machine():
    html = page(text("# T"), invented=True, links=(("总览", "index.html"),))
    assert not REMOTE.search(html)
    assert "default-src 'none'" in html


def test_the_only_script_that_may_run_is_our_own():
    html = page(text("# T"), code("", outputs=[shown(html="<script>alert(1)</script>")]))
    allowed = re.search(r"script-src 'sha256-(.*?)'", html)[1]
    ours = re.findall(r"<script>(.*?)</script>", html, re.S)[-1]
    assert base64.b64encode(hashlib.sha256(ours.encode()).digest()).decode() == allowed
    assert "'unsafe-inline'; script" not in html


def test_a_paragraph_of_another_language_is_left_out():
    chinese, english = text("## 一"), text("## One")
    chinese.metadata["tags"], english.metadata["tags"] = ["zh"], ["en"]
    html = page(text("# T"), chinese, english, lang="en")
    assert "One</h2>" in html
    assert "一</h2>" not in html
    assert "一</h2>" in page(text("# T"), chinese, english)


def test_invented_data_are_called_so_and_others_are_not():
    assert "模拟数据</strong>" in page(text("# T"), invented=True)
    assert "模拟数据" not in page(text("# T"), invented=False)


def test_an_english_page_has_no_chinese_word():
    html = page(text("# T\n\n## A\n\n## B"), title="T", lang="en", place="P", invented=True)
    assert '<html lang="en">' in html
    outside_comments_and_script = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    assert not CHINESE.search(outside_comments_and_script)
    assert '<html lang="zh-CN">' in page(text("# T"))


def test_a_place_cannot_leave_the_style_sheet():
    html = page(text("# T"), place='"}</style><script>x()</script>')
    assert html.count("</style>") == 1
    assert "<script>x()" not in html


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_of_black_on_white_is_21_as_wcag_says():
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_colour_of_text_meets_wcag_aa(scheme):
    style = (THEME / "qb" / "style.css").read_text("utf-8")
    blocks = [b for b in re.findall(r":root \{(.*?)\}", style, re.S) if "--paper" in b]
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme]))
    pairs = [
        (ink, ground)
        for ink in ("ink", "muted", "accent", "fail", "pass", "nodata")
        for ground in ("paper", "panel")
    ]
    pairs += [("ink", "fail-tint"), ("muted", "fail-tint"), ("accent", "fail-tint"), ("on-fail", "fail")]
    pairs += [("invented-ink", "invented")]
    low = {pair: ratio for pair in pairs if (ratio := _contrast(*(colour[name] for name in pair))) < 4.5}
    assert not low


# File names

AWKWARD = [
    "001", "A1", "a1", "Ａ1", "con", "NUL", "com1", "../../etc/passwd", "a/b", "a\\b", "a:b", "", "_", ".",
    "..", "-rf", "x" * 300, "x" * 301, "trailing.", "trailing ", "鼓楼区", "e\u0301", "\u00e9", "a\nb",
    "%2e%2e", "~",
]  # fmt: skip


def test_file_names_are_safe_on_every_system_and_never_the_same():
    names = file_names(AWKWARD)
    assert list(names) == AWKWARD
    folded = [unicodedata.normalize("NFKC", name).casefold() for name in names.values()]
    assert len(set(folded)) == len(AWKWARD)
    for name in names.values():
        assert re.fullmatch(r"[\w（）·~-]+", name)
        assert not re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", name)
        assert not name.startswith(("-", "~", "."))
        assert len(name) <= LONGEST + 33 and len(name.encode()) < 200


def test_a_plain_identifier_is_its_own_file_name_and_others_are_the_same_each_time():
    assert file_names(["001", "鼓楼区"]) == {"001": "001", "鼓楼区": "鼓楼区"}
    assert file_names(["a/b"]) == file_names(["a/b"])
    assert file_names(["a/b"])["a/b"] != file_names(["a_b"])["a_b"]


# The site, with a runner that writes pages without running anything


@pytest.fixture(scope="module")
def samples():
    return {1: make(schools=8, years=[2025]), 2: make(schools=8, districts=2, years=[2025])}


@pytest.fixture
def published(monkeypatch, tmp_path, samples):
    """Publish a sample of one or two districts; the pages in `failing` fail. Returns site and jobs."""
    monkeypatch.chdir(tmp_path)

    def go(districts: int = 1, failing: tuple[str, ...] = (), **options):
        seen = []

        def fake_run(jobs, told, **_):
            seen.extend(jobs)
            bad = Failure("KeyError", "'<b>'", 3, "x")
            outcomes = [JobOutcome(j, 0.1, bad if j.target.name in failing else None) for j in jobs]
            for outcome in outcomes:
                if not outcome.failure:
                    outcome.job.target.parent.mkdir(parents=True, exist_ok=True)
                    outcome.job.target.write_text("page")
                told(outcome)
            return outcomes

        def fake_book(path, year, standard, lang):
            data = samples[districts]
            return ReportContext(data, qb.assess(data, year=year, standard=load_standard(standard)), lang)

        monkeypatch.setattr(site, "open_context", fake_book)
        monkeypatch.setattr(site, "run", fake_run)
        return publish(tmp_path / "样例", **options), seen

    return go


def links(index: Path) -> list[Path]:
    found = re.findall(r'href="([^"#:]+)"', index.read_text("utf-8"))
    return [index.parent / unescape(href) for href in found]


def test_one_district_gets_its_reports_and_a_page_for_each_judged_school(published, samples, tmp_path):
    made, jobs = published()
    assessment = qb.assess(samples[1])
    district = samples[1].districts[0]
    assert made.index == Path("outputs") / district / "2025" / "index.html"
    common = {"data": str(tmp_path / "样例"), "year": 2025, "standard": "gulou-2023", "lang": "zh"}
    assert jobs[1].parameters == common | {"district": district, "costs": ""}
    # Without scenarios there is nothing to compare.
    schools = [job.parameters["school_id"] for job in (jobs[0], *jobs[8:])]  # a quick page is the first
    # Those that take longest come next, so that no process ends alone with one of them.
    assert [job.target.stem for job in jobs[1:8]] == [
        "plan",
        "annual",
        "research",
        "district",
        "brief",
        "ledger",
        "data",
    ]
    assert schools == list(dict.fromkeys(assessment.rows["school_id"]))
    assert made.exit_code == 0


def test_every_link_of_every_index_leads_to_a_page(published):
    made, jobs = published(districts=2)
    first = links(made.index)  # from the table, and from the dots of the map
    assert len(set(first)) == 2 and len(first) == 4
    for index in first:
        assert all(path.exists() for path in links(index))
        assert made.index.resolve() in [path.resolve() for path in links(index)]
    for job in jobs:
        assert all((job.target.parent / href).exists() for _, href in job.page.links)


def test_the_index_of_many_districts_counts_the_coefficients_over_the_limit(published, samples):
    made, _ = published(districts=2)
    balance = qb.assess(samples[2]).balance
    over = balance[(balance["coefficient"] > balance["limit"]) & (balance["code"] != "composite")]
    rows = made.index.read_text("utf-8").partition("</table>")[0].split("<tr")[1:]
    found = {
        name[1]: int(re.findall(r">(\d+)</td>", row)[-1])
        for row in rows
        if (name := re.search(r"<a[^>]*>([^<]+)</a>", row))
    }
    assert found == {name: (over["district"] == name).sum() for name in samples[2].districts}


def test_the_index_puts_failing_schools_first_and_names_what_they_lack(published, samples):
    made, _ = published()
    html = made.index.read_text("utf-8")
    rows = qb.assess(samples[1]).rows
    body = re.search(r"<tbody>(.*?)</tbody>", html, re.S)[1].split("<tr")[1:]
    failing = [' class="fail"' in row.split(">", 1)[0] for row in body]
    assert len(body) == len(rows)
    assert sum(failing) == (rows["verdict"] == "fail").sum() > 0
    assert failing == sorted(failing, reverse=True)
    assert "C5 体育运动场馆" in body[0]
    assert re.search(r'<a class="verdict fail"[^>]*>未达标</a>', html.split("<h2")[0])
    assert "模拟数据" in html


def test_a_failed_page_is_listed_as_not_made_and_not_linked(published):
    made, jobs = published(failing=("district.html", "0001001.html"))
    assert made.exit_code == 1
    assert [outcome.job.target.name for outcome in made.failed] == ["district.html", "0001001.html"]
    assert "2 页未生成：\n  区域报告 · " in made.summary
    assert "第 3 个单元（x）：KeyError：'<b>'" in made.summary
    html = made.index.read_text("utf-8")
    main = re.search(r"<main.*</main>", html, re.S)[0]
    assert 'href="district.html"' not in main
    assert "0001001.html" not in main
    assert "区域报告（未生成）" in main
    assert "第 3 个单元（x）：KeyError：&#39;&lt;b&gt;&#39;" in main
    assert len(jobs) > 2


def test_only_what_was_asked_for_is_made(published, samples):
    school = samples[1]["schools"]["school_id"][0]
    made, jobs = published(only=["school"], schools=[school])
    assert [job.parameters["school_id"] for job in jobs] == [school]
    assert all(path.exists() for path in links(made.index))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"only": ["schol"]},
            "没有这种页面：schol。可选的有：district、brief、annual、ledger、data、research、scenario、plan、school",
        ),
        ({"schools": ["0009999"]}, "没有：0009999"),
        ({"year": 1999}, "1999"),
        ({"standard": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_published_is_refused_before_anything_is_written(
    published, tmp_path, options, message
):
    with pytest.raises(QbError, match=message):
        published(**options)
    assert list(tmp_path.iterdir()) == []


def test_an_excluded_school_that_is_asked_for_is_refused_with_the_rule(published, samples):
    campus = qb.assess(samples[1]).excluded.iloc[-1]
    with pytest.raises(QbError) as caught:
        published(schools=[campus["school_id"]])
    assert campus["reason"] in str(caught.value)


def test_a_missing_notebook_is_said_in_words(monkeypatch, tmp_path):
    monkeypatch.setattr(manifest, "shipped", tmp_path.joinpath)
    with pytest.raises(QbError, match=r"找不到笔记本 .*school\.ipynb"):
        manifest.notebook_of("school")


def test_an_english_site_speaks_english(published):
    made, _ = published(lang="en")
    html = made.index.read_text("utf-8")
    assert '<html lang="en">' in html
    assert "does not meet the standard" in html
    assert "未达标" not in html
