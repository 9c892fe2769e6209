"""Notebooks of one's own, published with the rest: the example of the README, from draft to page."""

import json
import re

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from qb.errors import QbError
from qb.files import shipped
from qb.publish.api import publish
from qb.publish.own_notebooks import find_notebooks, in_language, write_skeleton
from qb.publish.page import Page, notebook_page, undescribed
from qb.publish.verify import verify

SAMPLE = shipped("data", "sample")
TITLE = {"zh": "一校一卡", "en": "Card"}


def put(folder, name="card", parameters='data: str = ""\nschool_id: str = ""', code="1", **entry):
    """Write a notebook with an entry of this kind; None leaves a field out."""
    qb = {"kind": name, "title": TITLE, "per": "school", "order": 1} | entry
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), new_code_cell(code)]
    cells.append(new_code_cell("raise OSError", metadata={"tags": ["work"]}))  # not run for a page
    cells.append(new_markdown_cell("私下的话", metadata={"tags": ["work"]}))
    notebook = new_notebook(cells=cells, metadata={"qb": {k: v for k, v in qb.items() if v is not None}})
    nbformat.write(notebook, folder / f"{name}.ipynb")


pytestmark = pytest.mark.usefixtures("one_worker")

CARD = """import matplotlib.pyplot as plt
import qb
qb.charts.style()
sections = qb.load(data)["sections"]
mine = sections[sections["school_id"] == school_id]
mine.plot(x="year", y="pupils", title="学生数")
mine[["year", "stage", "pupils"]]"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    write_skeleton("my_study", folder)
    put(folder, code=CARD)
    nbformat.write(new_notebook(), folder / "left_alone.ipynb")
    return folder


@pytest.fixture(scope="module")
def site(own, tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    return out, publish(SAMPLE, notebooks=own, out=out, **WANTED)


WANTED = {"only": ["my_study", "card"], "schools": ["0001001"], "jobs": 1, "progress": False}


def test_those_with_an_entry_are_found_in_their_order(own):
    found = find_notebooks(own)
    assert [(one.kind, one.per) for one in found] == [("card", "school"), ("my_study", "district")]
    assert found[0].title("en") == "Card" and found[0].takes == ("data", "school_id")
    assert find_notebooks() == ()


def test_they_are_pages_like_the_rest(site):
    out, made = site
    assert made.exit_code == 0 and len(made.outcomes) == 2
    card = (out / "card" / "0001001.html").read_text(encoding="utf-8")
    assert "一校一卡 · " in card and 'class="dataframe"' in card and "data:image/png;base64," in card
    assert "私下的话" not in card and "sections[" not in card  # what it says and shows, not its code
    assert '<a href="../my_study.html">题目</a>' in card  # found in the navigation of the others
    assert "第 2 个单元的图没有文字说明" in made.summary
    index = (out / "index.html").read_text(encoding="utf-8")
    assert 'href="my_study.html"' in index
    assert "未达标" in index


def test_a_second_run_keeps_them_and_an_edit_makes_that_one_anew(site, own):
    out, _ = site
    assert publish(SAMPLE, notebooks=own, out=out, **WANTED).kept == 2
    put(own, code=CARD + ".head(1)")
    again = publish(SAMPLE, notebooks=own, out=out, **WANTED)
    assert (len(again.outcomes), again.kept) == (1, 1)
    assert verify(out, SAMPLE, notebooks=own).differences == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "district"}, "是 qb 自己的页面名"),
        ({"kind": "Card 1"}, "应为小写英文字母开头的名字"),
        ({"kind": "../etc"}, "应为小写英文字母开头的名字"),
        ({"title": "卡"}, "title 应写两种语言"),
        ({"per": "street"}, "per 应为 dataset、district、school 之一，现为 'street'"),
        ({"per": None}, "per 应为"),
        ({"order": "first"}, "order 应为整数"),
        ({"parameters": 'data: str = ""'}, "parameters 单元缺少 school_id"),
    ],
)
def test_an_entry_that_cannot_be_used_is_refused_by_what_is_wrong(tmp_path, given, said):
    put(tmp_path, **given)
    with pytest.raises(QbError, match=f"笔记本 card.ipynb：.*{said}"):
        find_notebooks(tmp_path)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    put(tmp_path, "a", per="street", kind="district")
    put(tmp_path, "b", kind="same")
    put(tmp_path, "c", kind="same")
    with pytest.raises(QbError) as refused:
        find_notebooks(tmp_path)
    assert len(str(refused.value).splitlines()) == 3 and "kind 同为 same" in str(refused.value)
    with pytest.raises(QbError, match="不存在"):
        find_notebooks(tmp_path / "nowhere")


def test_a_draft_replaces_nothing_and_takes_no_name_of_ours(tmp_path):
    path = write_skeleton("my_study", tmp_path)
    nbformat.validate(nbformat.read(path, as_version=4))
    assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["qb"]["kind"] == "my_study"
    with pytest.raises(QbError, match="已经存在"):
        write_skeleton("my_study", tmp_path)
    for name in ("school", "../x", "中文", ""):
        with pytest.raises(QbError, match="不能作笔记本的名字"):
            write_skeleton(name, tmp_path)


def test_a_kind_that_nobody_has_is_refused_with_ones_own_among_the_known(own, tmp_path):
    with pytest.raises(QbError, match=r"没有这种页面：cards。可选的有：.*、card、my_study"):
        publish(SAMPLE, notebooks=own, out=tmp_path, only=["cards"], progress=False)


def test_a_cluster_takes_none(own, tmp_path):
    with pytest.raises(QbError, match="不能交给集群"):
        publish(SAMPLE, notebooks=own, out=tmp_path, scheduler="tcp://127.0.0.1:1", progress=False)


@pytest.mark.parametrize(("lang", "other"), [("zh", "en"), ("en", "zh")])
def test_a_notebook_in_one_language_shows_no_other_and_runs_in_it(lang, other):
    stored = shipped("notebooks", "first_steps.ipynb").read_bytes()
    notebook = nbformat.reads(in_language(stored, lang).decode(), as_version=4)
    nbformat.validate(notebook)
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert lang in tags and other not in tags
    (parameters,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert f'lang: str = "{lang}"' in parameters.source
    both = nbformat.reads(stored.decode(), as_version=4)
    code = [[c.source for c in one.cells if c.cell_type == "code"] for one in (both, notebook)]
    assert code[0][1:] == code[1][1:]


# --- what notebooks of others contain


# What `figure.show("svg")` of Plotly 7 and `altair.renderers.enable("svg")` of Altair 6 hand out
SCRIPT = "<div><script>draw()</script></div>"
PLOTLY = {
    "application/vnd.plotly.v1+json": {},
    "image/svg+xml": '<svg class="main-svg" width="700" height="500" viewBox="0 0 700 500"></svg>',
    "text/html": SCRIPT,
}
VEGA = {
    "application/vnd.vegalite.v6+json": {},
    "image/svg+xml": '<svg class="marks" width="163" height="377" viewBox="0 0 163 377"></svg>',
}
NAMED = '<svg id="own" aria-label="各年"></svg>'


def shows(*outputs, text="# T"):
    """Return the page of a notebook with a text and a cell of these outputs: (data, metadata)."""
    made = [new_output("display_data", data=data, metadata=said) for data, said in outputs]
    return notebook_page(
        new_notebook(cells=[new_markdown_cell(text), new_code_cell("1", outputs=made)]), Page("T")
    )


def test_formulas_are_drawn_without_a_program_and_run_none():
    page = shows(
        ({"text/latex": r"$\displaystyle \frac{1}{2}$", "text/plain": "1/2"}, {}),
        text="# $x^2$\n\n$$\\bar X < \\text{<script>alert(1)</script>}$$\n\n$\\frac{$",
    )
    assert page.count("<math ") == 3 and page.count("<mfrac>") == 1
    assert "<mover><mi>X</mi>" in page and "<script>alert" not in page
    assert r"<code>\frac{</code>" in page  # what cannot be read stays as written


def test_a_picture_says_what_it_shows_and_one_that_does_not_is_asked_for():
    png = {"image/png": "iVBORw0KGgo="}
    page = shows((png, {"image/png": {"alt": '两点 "连线"'}}), (png, {"alt": "一点"}), (png, {}))
    assert 'alt="两点 &#34;连线&#34;"' in page and 'alt="一点"' in page and 'alt="图（没有文字说明）"' in page
    cells = [
        new_code_cell("1", outputs=[new_output("display_data", data=data, metadata=said)])
        for data, said in (
            (png, {}),
            (png | {"text/html": "<b>1</b>"}, {}),
            (png, {"alt": "一点"}),
            (png, {}),
            (PLOTLY, {}),
            (VEGA, {"image/svg+xml": {"alt": "各年学生数"}}),
            ({"image/svg+xml": "<?xml version='1.0'?><svg id='a'><title>各年</title></svg>"}, {}),
            ({"image/svg+xml": "<svg id='a'><g><title>一部分</title></g></svg>"}, {}),
        )
    ]
    assert undescribed(new_notebook(cells=cells)) == [1, 4, 5, 8]


def test_a_drawing_says_what_it_shows_and_is_told_once():
    page = shows(
        (VEGA, {"image/svg+xml": {"alt": "各年<学生数>"}}), (PLOTLY, {}), ({"image/svg+xml": NAMED}, {})
    )
    assert '<svg role="img" aria-label="各年&lt;学生数&gt;" class="marks"' in page
    assert '<svg role="img" aria-label="图（没有文字说明）" class="main-svg"' in page and NAMED in page


def test_a_figure_that_needs_a_program_is_shown_still_or_said_to_be_none():
    page = shows(
        (PLOTLY, {}),
        ({"application/vnd.vegalite.v5+json": {}, "text/plain": "alt.Chart(...)"}, {}),
        ({"text/html": SCRIPT}, {}),
    )
    assert 'class="main-svg"' in page and "draw()" not in page and "alt.Chart" not in page
    assert page.count("这里的图要由程序画出") == 2


def test_a_styled_table_is_the_same_whenever_it_is_made():
    def styled():
        return pd.DataFrame({"a": [1, 2]}).style.highlight_max(color="red").to_html()

    one, other = styled(), styled()
    assert one != other  # pandas names its parts at random
    assert shows(({"text/html": one}, {})) == shows(({"text/html": other}, {}))
    page = shows(({"text/html": one}, {}))
    (name,) = set(re.findall(r"T_[0-9a-f]+(?=_row1_col0)", page))
    assert f"#{name}_row1_col0" in page and f'id="{name}_row1_col0"' in page  # the style finds its cell


def test_notes_and_warnings_stand_apart_from_quotations():
    page = shows(text="# T\n\n> [!NOTE]\n> 说明 $x$\n\n> [!WARNING]\n> 小心\n\n> 引文")
    assert re.search(r'<div class="alert alert-note"><p>说明 <math', page)
    assert '<div class="alert alert-warning"><p>小心' in page
    assert re.search(r"<blockquote>\s*<p>引文", page)
