"""A report as a Word document says what the page says, in forms that an office can go on editing."""

import re
import zipfile
from html import unescape
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from docx import Document
from docx.oxml.ns import qn

from qb.charts import Caption, Chart
from qb.errors import QbError
from qb.publish.jobs import Job
from qb.publish.notebook_to_word import shown_by, write_word
from qb.publish.page import Page
from qb.report.tables import Table
from qb.report.word_writer import DocumentFrame, chinese, write_document

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PAGE = Page("一校一策", "zh", "古城区 · 2025—2026学年", True, provenance=(("数据来源", "sample"),))


def notebook(folder: Path, *cells: tuple[str, str, tuple[str, ...]]) -> Path:
    """Write a notebook of cells: kind, source, tags."""
    made = nbformat.v4.new_notebook()
    for kind, source, tags in cells:
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source)
        cell.metadata["tags"] = list(tags)
        made.cells.append(cell)
    path = folder / "试.ipynb"
    nbformat.write(made, path)
    return path


def code(source: str, *tags: str) -> tuple[str, str, tuple[str, ...]]:
    return "code", source, tags


def written(tmp_path: Path, *shown: object, cover: DocumentFrame | None = None):
    path = tmp_path / "稿.docx"
    write_document(shown, path, cover or DocumentFrame("题"))
    return Document(str(path))


class Shown:
    """Something that a page shows as HTML."""

    def __init__(self, source: str) -> None:
        self.source = source

    def _repr_html_(self) -> str:
        return self.source


def chart(title="甲校最低", alt="") -> Chart:
    return Chart(Caption(title, "生均面积 · 古城区", "sample", alt), (), 100)


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A school's report: what the notebook shows, and the document made of it."""
    path = tmp_path_factory.mktemp("word") / "学校.docx"
    job = Job(NOTEBOOKS / "school.ipynb", {"school_id": "0001004"}, path, PAGE)
    write_word(job)
    return shown_by(job), Document(str(path))


def headings(document) -> list[tuple[str, str]]:
    named = [(p.style.name, p.text) for p in document.paragraphs]
    return [(style, text) for style, text in named if style == "Title" or style.startswith("Heading")]


def cells(table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def read(source: str) -> str:
    """Return the text of HTML as a reader sees it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", source)).split())


def test_headings_stand_in_the_notebooks_order_without_a_skipped_level(school):
    shown, document = school
    found = headings(document)
    assert found[0][0] == "Title"
    assert "青石路学校" not in found[0][0] and "一校一策" in found[0][1]
    own = [text for style, text in found if style == "Heading 1"]
    prose = [thing.source for thing in shown if hasattr(thing, "source")]
    expected = [text.splitlines()[0].removeprefix("## ") for text in prose if text.startswith("## ")]
    assert own == [f"{chinese(n)}、{text}" for n, text in enumerate([*expected, "数据与方法"], start=1)]
    levels = [0 if style == "Title" else int(style[-1]) for style, _ in found]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_table_cells_are_the_pages(school):
    shown, document = school
    tables = [thing for thing in shown if isinstance(thing, Table) and len(thing.frame)]
    assert len(tables) >= 5
    found = [cells(table) for table in document.tables]
    for table in tables:
        source = table._repr_html_()
        expected = [
            [read(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", source, re.DOTALL)
        ]
        assert expected in found, table.caption


def test_captions_are_numbered_by_fields_in_order(school):
    shown, document = school
    captions = [p for p in document.paragraphs if p.style.name == "Caption"]
    titles = [thing.caption for thing in shown if isinstance(thing, Table) and len(thing.frame)]
    tables = [p.text for p in captions if p.text.startswith("表 ")]
    assert [text.split("  ")[0] for text in tables] == [f"表 {i}" for i in range(1, len(tables) + 1)]
    assert {text.split("  ", 1)[1] for text in tables} >= set(titles)
    fields = [p._p.findall(f".//{qn('w:instrText')}")[0].text.split()[:2] for p in captions]
    assert {tuple(field) for field in fields} == {("SEQ", "表"), ("SEQ", "图")}


def test_figures_are_pictures_with_their_words_as_alternative_text(school):
    shown, document = school
    charts = [thing for thing in shown if isinstance(thing, Chart)]
    alts = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert len(charts) == 4  # a nine-year school: two profiles, two strips
    assert alts == [each.alt for each in charts]
    text_width = (210 - 28 - 26) * 36000  # millimetres in the unit of pictures
    assert {shape.width for shape in document.inline_shapes} == {text_width}
    captions = [p.text.split("  ", 1)[1] for p in document.paragraphs if p.text.startswith("图 ")]
    assert captions == [each.title for each in charts]


def test_every_page_says_where_when_and_that_the_data_are_invented(school):
    document = school[1]
    section = document.sections[0]
    assert section.header.paragraphs[0].text == "古城区 · 2025—2026学年\t模拟数据"
    fields = [f.text.strip() for f in section.footer._element.iter(qn("w:instrText"))]
    assert fields == ["PAGE"]
    assert section.footer.paragraphs[0].text == "— 1 —"
    # GB/T 9704—2012, 5.2.1: 37 mm above, 28 mm on the left, a type area of 156 by 225 mm.
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(margin.mm) for margin in margins] == [37, 35, 28, 26]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert cells(document.tables[-1]) == [["数据来源", "sample"]]


def test_the_contents_list_has_each_heading_with_the_field_of_its_page(school):
    document = school[1]
    entries = [p for p in document.paragraphs if p.style.name == "toc 1"]
    chapters = [p for p in document.paragraphs if p.style.name == "Heading 1"]
    assert [p.text for p in entries] == [f"{p.text}\t" for p in chapters]
    marks = [p._p.find(qn("w:bookmarkStart")).get(qn("w:name")) for p in chapters]
    fields = [p._p.find(f".//{qn('w:instrText')}").text.split() for p in entries]
    assert fields == [["PAGEREF", mark, "\\h"] for mark in marks] and len(set(marks)) == len(marks)
    asked = [p._p.find(f".//{qn('w:fldChar')}").get(qn("w:dirty")) for p in entries]
    assert set(asked) == {"true"}  # who opens it computes the page


def test_chinese_has_chinese_fonts_in_text_headings_and_captions(school):
    document = school[1]
    for style, font in (
        ("Normal", "仿宋_GB2312"),
        ("Title", "方正小标宋简体"),
        ("Heading 1", "黑体"),
        ("Heading 2", "楷体_GB2312"),
        ("Caption", "黑体"),
    ):
        fonts = document.styles[style].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font
        assert not [name for name in fonts.attrib if name.endswith("Theme")]  # a theme would win


def test_heads_of_tables_are_repeated_and_rows_do_not_break(tmp_path):
    source = "<table><thead><tr><th>校</th></tr></thead><tbody><tr><td>甲</td></tr></tbody></table>"
    (table,) = written(tmp_path, Shown(source)).tables
    first, second = (row._tr.trPr for row in table.rows)
    assert first.find(qn("w:tblHeader")) is not None
    assert second.find(qn("w:tblHeader")) is None
    assert all(row.find(qn("w:cantSplit")) is not None for row in (first, second))
    order = [child.tag for child in table._tbl.tblPr]
    # Word refuses a file in which these two change places.
    assert order.index(qn("w:tblCellMar")) < order.index(qn("w:tblLook"))


def test_numbers_stand_on_the_right_and_failing_rows_are_shaded(tmp_path):
    source = '<table><tr><td>甲</td><td class="num">1</td></tr><tr class="fail"><td>乙</td></tr></table>'
    (table,) = written(tmp_path, Shown(source)).tables
    sides = [cell.paragraphs[0].alignment for cell in table.rows[0].cells]
    assert [None if side is None else side.name for side in sides] == [None, "RIGHT"]
    shaded = [bool(list(row._tr.iter(qn("w:shd")))) for row in table.rows]
    assert shaded == [False, True]
    assert len(table.rows[1].cells) == 2  # a short row is filled up


def test_a_title_is_given_where_the_content_brings_none(tmp_path):
    document = written(tmp_path, Shown("<p>一句话</p>"), cover=DocumentFrame("年度报告"))
    assert headings(document) == [("Title", "年度报告")]
    assert "一句话" in [p.text for p in document.paragraphs]


def test_without_headings_there_is_no_contents_list(tmp_path):
    assert [p.text for p in written(tmp_path, "甲").paragraphs if p.text] == ["题", "甲"]


def test_a_heading_too_deep_is_raised_to_the_next_level(tmp_path):
    document = written(tmp_path, Shown("<h1>甲</h1><h4>乙</h4><h4>丙</h4><h2>丁</h2><h1>戊</h1>"))
    assert [style for style, _ in headings(document)] == [
        "Title", "Heading 1", "Heading 2", "Heading 1", "Heading 1",
    ]  # fmt: skip


def test_rules_are_annexed_under_names_in_bold_that_are_no_headings(tmp_path):
    rules = '<h2>依据</h2><div class="rules"><h3>C1 甲</h3><dl><dt>条文</dt><dd>乙</dd></dl></div>'
    document = written(tmp_path, Shown(f"<h1>题</h1>{rules}"))
    assert [style for style, _ in headings(document)] == ["Title", "Heading 1"]
    (name,) = (p for p in document.paragraphs if p.text == "C1 甲")  # no number of its own before it
    assert name.runs[0].bold and name.paragraph_format.keep_with_next
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [["条文", "乙"]]


def test_text_is_taken_as_it_is_whatever_characters_it_holds(tmp_path):
    document = written(tmp_path, "甲<b>&\x07乙", Shown("<p>1 &lt; 2 &amp; 3</p>"), None, ["丙", 4])
    texts = [p.text for p in document.paragraphs]
    assert [text for text in texts if text][1:] == ["甲<b>&乙", "1 < 2 & 3", "丙", "4"]


def test_what_is_folded_away_or_drawn_as_svg_is_left_out(tmp_path):
    source = "<div><svg><text>画</text></svg><details><p>折</p></details><p>留</p></div>"
    texts = [p.text for p in written(tmp_path, Shown(source)).paragraphs]
    assert "留" in texts
    assert not {"画", "折"} & set(texts)


def test_a_figure_without_alternative_text_is_told_by_title_and_measure(tmp_path):
    (shape,) = written(tmp_path, chart()).inline_shapes
    assert shape._inline.docPr.get("descr") == "甲校最低。生均面积 · 古城区"


def test_the_words_of_a_figure_stand_in_the_text_and_can_be_edited(tmp_path):
    texts = [p.text for p in written(tmp_path, chart()).paragraphs]
    at = texts.index("图 1  甲校最低")
    assert texts[at + 1 : at + 3] == ["生均面积 · 古城区", "资料来源：sample"]


def test_a_note_follows_its_table_without_an_empty_line(tmp_path):
    source = '<table><tr><td>甲</td></tr></table><p class="note">缺数据不计。</p>'
    document = written(tmp_path, Shown(source))
    after = document.tables[0]._tbl.getnext()
    assert "".join(t.text for t in after.iter(qn("w:t"))) == "缺数据不计。"


def test_english_documents_have_english_words(tmp_path):
    cover = DocumentFrame("Report", "Old town", "en", True, (("Data", "sample"),))
    table = Shown("<table><caption>Schools</caption><tr><td>A</td></tr></table>")
    document = written(tmp_path, table, chart("Lowest"), cover=cover)
    texts = "\n".join(p.text for p in document.paragraphs)
    for words in ("Contents", "Table 1  Schools", "Figure 1  Lowest", "Source: sample", "Data and methods"):
        assert words in texts
    assert document.sections[0].header.paragraphs[0].text == "Old town\tInvented data"


def test_a_document_says_nothing_of_the_library_that_wrote_it(tmp_path):
    about = written(tmp_path, "甲", cover=DocumentFrame("题\x07")).core_properties
    assert (about.title, about.author, about.comments) == ("题", "qb", "")
    with zipfile.ZipFile(tmp_path / "稿.docx") as package:
        assert b"python-docx" not in package.read("docProps/core.xml")


def test_cells_run_in_order_with_parameters_as_values(tmp_path):
    path = notebook(
        tmp_path,
        code('n: int = 1\nname: str = ""', "parameters"),
        ("markdown", "## 甲", ("zh",)),
        ("markdown", "## A", ("en",)),
        ("markdown", "两种语言都有", ()),
        code("m = n * 2\nm"),
        code("for each in (name, m):\n    display(each)"),
        code("k = 3"),
    )
    job = Job(path, {"n": 5, "name": '"); raise SystemExit("'}, tmp_path / "稿.docx", PAGE)
    shown = [thing for thing in shown_by(job) if thing is not None]
    assert [getattr(thing, "source", thing) for thing in shown] == [
        "## 甲", "两种语言都有", 10, '"); raise SystemExit("', 10,
    ]  # fmt: skip


def test_a_cell_that_fails_is_named_and_nothing_is_written(tmp_path):
    path = notebook(tmp_path, code("a = 1"), code("a / 0"))
    target = tmp_path / "稿.docx"
    with pytest.raises(QbError, match=r"试\.ipynb 第 2 个单元运行出错：ZeroDivisionError"):
        write_word(Job(path, {}, target, PAGE))
    assert not target.exists()


def test_a_parameter_that_the_notebook_does_not_have_is_refused(tmp_path):
    path = notebook(tmp_path, code("n: int = 1", "parameters"))
    with pytest.raises(QbError, match="没有参数 m"):
        write_word(Job(path, {"m": 1}, tmp_path / "稿.docx", PAGE))


def test_a_large_table_is_written_in_seconds(tmp_path):
    """Looking each cell up again, as the library does, takes more than a minute for these."""
    row = "<tr>" + "<td>第四百零一初级中学</td>" * 12 + "</tr>"
    (table,) = written(tmp_path, Shown(f"<table>{row * 400}</table>")).tables
    assert len(table.rows) == 400


# As offices hand it in


@pytest.fixture(scope="module")
def annual(tmp_path_factory):
    job = Job(NOTEBOOKS / "annual.ipynb", {}, tmp_path_factory.mktemp("word") / "年报.docx", PAGE)
    write_word(job)
    return job


def test_a_report_has_the_chapters_that_offices_hand_in_with_places_to_fill_in(annual):
    document = Document(str(annual.target))
    chapters = [text for style, text in headings(document) if style == "Heading 1"]
    assert chapters == [
        "一、基本情况", "二、主要做法", "三、达标情况", "四、存在问题及原因", "五、下一步措施", "六、附表",
    ]  # fmt: skip
    marked = [run.text for p in document.paragraphs for run in p.runs if run.font.highlight_color]
    assert len(marked) == 6 and all(text.startswith("【填写：") for text in marked)


def test_a_document_in_which_somebody_wrote_is_not_replaced(annual):
    write_word(annual)  # nobody has
    document = Document(str(annual.target))
    document.paragraphs[1].add_run("甲区教育体育局")
    document.save(str(annual.target))
    before = annual.target.read_bytes()
    with pytest.raises(QbError, match="没有覆盖"):
        write_word(annual)
    assert annual.target.read_bytes() == before
