"""Every kind of page in a browser: nothing breaks, nothing leaves, all can be read, found and printed."""

from __future__ import annotations

import io
import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

import docx
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from odd_districts import odd_district
from playwright.sync_api import Locator, Page, expect
from pypdf import PageObject, PdfReader

from qb.data.reading import write
from qb.publish.api import publish
from qb.publish.jobs import Job
from qb.publish.notebook_to_word import write_word
from qb.publish.page import Page as PageOfSite
from qb.publish.page import notebook_page

from .conftest import KINDS, PHONE, SCHOOL, WIDE, View, both_languages, every_page

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
A4 = (595.0, 842.0)  # points, to the whole one: 210 × 297 mm at 72 to the inch

# The letters of a page as its own fonts draw them, beside code points that no font may hold.
# A letter without a glyph comes out like one of those, or as nothing.
LACKING = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 48;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const drawn = (letter, font) => {
    pen.clearRect(0, 0, 48, 48);
    pen.font = font;
    pen.fillText(letter, 8, 36);
    return new Uint32Array(pen.getImageData(0, 0, 48, 48).data.buffer).join();
  };
  const letters = new Map();
  const note = (text, style) => {
    const font = `${style.fontWeight} 28px ${style.fontFamily}`;
    if (!letters.has(font)) letters.set(font, new Set());
    for (const letter of text)
      if (!/[\\p{Z}\\p{Cc}\\p{Cf}\\p{M}]/u.test(letter)) letters.get(font).add(letter);
  };
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const own = node.parentNode;
    if (!["SCRIPT", "STYLE"].includes(own.tagName)) note(node.data, getComputedStyle(own));
  }
  for (const element of document.querySelectorAll("*"))
    for (const side of ["::before", "::after"]) {
      const style = getComputedStyle(element, side);
      if (style.content.startsWith('"')) note(style.content.slice(1, -1), style);
    }
  const missing = [];
  for (const [font, found] of letters) {
    const none = new Set(["\\u0378", "\\u{10ffff}", " "].map((letter) => drawn(letter, font)));
    for (const letter of found) if (none.has(drawn(letter, font))) missing.push(letter);
  }
  return missing;
}"""

# Tables wider than the box in which they stand.
CUT = """() => [...document.querySelectorAll(".scroll")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.querySelector("caption")?.textContent)"""

# What of a page is broken over two lines: dates, amounts, and names of schools in cells of names.
BROKEN = """(wide) => {
  const broken = [], date = /\\d{4}-\\d\\d-\\d\\d/g;
  const whole = wide ? /\\d{4}-\\d\\d-\\d\\d|−?\\d[\\d,.]* (?:万元|平方米)/g : date;
  const lines = (range) => new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const own = node.parentNode;
    if (!own.checkVisibility() || own.closest("caption, h1, h2, h3, .rules, svg")) continue;
    const parts = [...node.data.matchAll(whole)].map((found) => [found.index, found[0].length]);
    if (wide && own.matches("tbody :is(th, .phrases) a[href*='schools/']") && node.data.length < 8)
      parts.push([0, node.data.length]);
    for (const [start, length] of parts) {
      const range = new Range();
      range.setStart(node, start);
      range.setEnd(node, start + length);
      if (lines(range) > 1) broken.push(range.toString());
    }
  }
  return broken;
}"""

# Tables of few columns whose box hides a part of them.
HIDDEN = """() => [...document.querySelectorAll(".scroll:has(> table.data)")]
  .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
  .filter((box) => box.querySelector("thead tr").cells.length <= 11)
  .map((box) => box.querySelector("caption")?.textContent)"""

# Words of figures through which a line runs: a point of it lies well inside the word.
CROSSED = """() => {
  const found = [];
  for (const svg of document.querySelectorAll("figure.chart .plot > svg")) {
    if (!svg.checkVisibility()) continue;
    const boxed = (text) => [text.textContent, text.getBoundingClientRect()];
    const words = [...svg.querySelectorAll("text")].map(boxed);
    for (const line of svg.querySelectorAll("path[fill=none]")) {
      const style = line.getAttribute("stroke");
      if (style.includes("rule")) continue;
      const matrix = line.getScreenCTM(), long = line.getTotalLength();
      for (let at = 0; at <= long; at += 1.5) {
        const point = line.getPointAtLength(at).matrixTransform(matrix);
        for (const [word, box] of words)
          if (point.x > box.left + 2 && point.x < box.right - 2)
            if (point.y > box.top + 5 && point.y < box.bottom - 5) found.push(word);
      }
    }
  }
  return [...new Set(found)];
}"""

# Figures over the years: what their subtitle says of the time, their finding, and the name of the thick line.
COURSES = """() => [...document.querySelectorAll("figure.chart")]
  .map((one) => [".finding", ".measure", "svg :is(text, g text):is([fill*=accent], [fill*=accent] *)"]
    .map((part) => [...one.querySelectorAll(part)].map((found) => found.textContent)))
  .map(([finding, measure, thick]) =>
    [finding[0], measure[0] ?? "", thick.filter((word) => !/^[\\d.,]+$/.test(word))])
  .filter(([, measure]) => /按学年/.test(measure))"""

HEADINGS = (
    """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((h) => Number(h.tagName[1]))"""
)

TABLES = """() => [...document.querySelectorAll("main table")].map((table) => ({
  caption: table.caption?.textContent.trim() ?? "",
  unscoped: [...table.querySelectorAll("th")].filter((th) => !th.scope).map((th) => th.textContent),
  columns: table.querySelectorAll("thead th").length,
  rows: table.querySelectorAll("tbody tr").length - table.querySelectorAll("tbody th").length,
}))"""


# The words of figures that are shown: how large they are, and whether they lie outside the figure's box.
LETTERS = """() => [...document.querySelectorAll("figure.chart .plot > svg")]
  .filter((svg) => svg.checkVisibility())
  .flatMap((svg) => [...svg.querySelectorAll("text")].map((text) => {
    const box = text.getBoundingClientRect(), plot = svg.parentElement.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a;
    return [text.textContent, size, box.left < plot.left - 2 || box.right > plot.right + 2];
  }))"""


@pytest.fixture
def view(visit, site, lang, kind) -> View:
    return visit(site[lang, kind])


def test_there_is_a_page_of_every_kind(site):
    assert {kind for _, kind in site} == {"index", *KINDS}


@both_languages
@every_page
@pytest.mark.parametrize("width", [WIDE, PHONE], scope="module")
def test_a_page_says_nothing_on_the_console_asks_for_nothing_but_itself_and_shows_its_tables_whole(
    look, site, lang, kind, width
):
    view = look(site[lang, kind], width)
    view.page.wait_for_load_state("networkidle")
    assert view.said == []
    assert [url for url in view.asked if not url.startswith("data:")] == [site[lang, kind].as_uri()]
    if width == WIDE:
        assert view.page.evaluate(CUT) == []
    assert view.page.evaluate(BROKEN, width == WIDE) == []
    assert view.page.evaluate(CROSSED) == []


@both_languages
@every_page
def test_a_page_tells_its_language_and_has_one_title_headings_in_order_and_scoped_tables(
    look, site, lang, kind
):
    view = look(site[lang, kind])
    assert view.page.evaluate("document.documentElement.lang").startswith(lang)
    levels = view.page.evaluate(HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper <= above + 1 for above, deeper in pairwise(levels))
    for table in view.page.evaluate(TABLES):
        assert table["caption"], table
        assert table["unscoped"] == [], table
        assert table["columns"] > 0, table
        assert table["rows"] <= 0, table  # each row is named by a cell of its own


@both_languages
@every_page
def test_every_letter_has_a_glyph(look, site, lang, kind):
    assert look(site[lang, kind]).page.evaluate(LACKING) == []


def test_a_letter_without_a_glyph_would_be_found(visit, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<meta charset=utf-8><p>鼓楼区 A1%</p><p>\u05ff</p>", "utf-8")  # never assigned
    assert visit(page).page.evaluate(LACKING) == ["\u05ff"]


@both_languages
@every_page
@pytest.mark.parametrize("width", [PHONE], scope="module")
def test_a_phone_need_not_scroll_sideways(look, site, lang, kind, width):
    page = look(site[lang, kind], width).page
    letters = page.evaluate(LETTERS)
    assert not [text for text, size, _ in letters if size < 11]
    assert not [text for text, _, hidden in letters if hidden]
    assert page.evaluate(HIDDEN) == []
    for width in (320, PHONE):  # 320: WCAG 1.4.10
        page.set_viewport_size({"width": width, "height": 800})
        widths = page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]")
        assert widths == [width, width]


@pytest.mark.parametrize(
    ("district", "verdict"),
    [
        ("everything met", "各校的办学条件够标准"),
        ("no facilities reported", "有的数据还没有报送"),
        ("a province of three", ""),
    ],
)
def test_pages_of_other_districts_are_whole_too(visit, tmp_path, district, verdict):
    write(odd_district(district), tmp_path / "data")
    made = publish(tmp_path / "data", out=tmp_path / "site", only=("district", "brief"), progress=False)
    pages = [*made.index.parent.glob("*.html"), *sorted(made.index.parent.glob("*/*.html"))[:2]]
    assert len(pages) >= 3
    for page in pages:
        for width in (WIDE, PHONE):
            view = visit(page, width)
            assert view.said == [] and set(view.asked) == {page.as_uri()}
            assert view.page.evaluate(BROKEN, width == WIDE) == [], page
            assert view.page.evaluate(CROSSED) == view.page.evaluate(HIDDEN) == [], page
            assert view.page.evaluate("document.documentElement.scrollWidth") == width
            assert not [text for text, size, cut in view.page.evaluate(LETTERS) if size < 10.9 or cut]
            assert verdict in view.page.evaluate(FIRST) or page.stem != "index"


def test_a_drawing_of_one_s_own_keeps_its_size(visit, tmp_path):
    svg = '<svg class="marks" width="163" height="377" viewBox="0 0 163 377"></svg>'  # as Altair writes it
    cell = new_code_cell("1", outputs=[new_output("display_data", data={"image/svg+xml": svg})])
    page = tmp_path / "page.html"
    page.write_text(notebook_page(new_notebook(cells=[cell]), PageOfSite("T")), "utf-8")
    for width in (WIDE, PHONE):
        drawn = visit(page, width).page.locator("svg.marks").bounding_box()
        assert (drawn["width"], drawn["height"]) == (163, 377)


def test_on_a_phone_a_row_says_its_name_its_verdict_and_the_rest_with_labels(visit, site):
    page = visit(site["zh", "index"], PHONE).page
    row = page.locator("table.stacked tbody tr").first
    name, verdict = row.locator("th").bounding_box(), row.locator(".verdict").bounding_box()
    assert abs(name["y"] - verdict["y"]) < 10 and name["x"] < verdict["x"] < PHONE - 40
    told = row.locator("td[data-label]").evaluate_all("cells => cells.map((cell) => cell.dataset.label)")
    assert {"办学类型", "学段", "未达标指标"} <= set(told) and "结论" not in told
    schools = page.locator("table.stacked").first
    assert schools.locator("tbody tr:visible").count() == 12  # a screen or three, then a button for all
    schools.locator("thead th").first.get_by_role("button").click()
    assert schools.locator("thead th").first.get_attribute("aria-sort") == "ascending"


@pytest.mark.parametrize("kind", ["district", "annual", "scenario"])
def test_a_figure_over_the_years_names_its_years_and_the_series_that_stands_out(visit, site, kind):
    found = visit(site["zh", kind]).page.evaluate(COURSES)
    assert found
    for finding, measure, thick in found:
        assert re.search(r"\d{4}—\d{4} 年$", measure), measure
        for name in thick:
            assert re.sub(r" ?[\d,.]+$", "", name) in finding, (name, finding)


# What five readers ask, and where the first screen, or what one click leads to, answers.

FIRST = """() => [...document.querySelectorAll("main :is(h1, li, p, td, th, caption)")]
  .filter((one) => one.getBoundingClientRect().top < innerHeight)
  .map((one) => one.innerText.replace(/\\s+/g, " ")).join("\\n")"""


def test_five_readers_find_their_answer_on_the_first_screen_or_one_click_away(visit, site):
    page = visit(site["zh", "index"]).page
    first = page.evaluate(FIRST)
    assert (
        re.search("未达到.*标准", first) and "去年" in first
    )  # the head of the district: where do we stand?
    page.get_by_role("link", name="一页纸").first.click()
    head = [text.strip() for text in page.locator("main table").first.locator("thead th").all_inner_texts()]
    assert {"问题", "责任部门", "时限", "费用", "办成之后"} <= {text.split(" ")[0] for text in head}
    assert re.search(r"先做哪一步.*万元", page.evaluate(FIRST))
    school = visit(site["zh", "school"]).page
    first = school.evaluate(FIRST)  # the head of the school: what lacks, the cheapest way, who answers
    for asked in (r"未达标的是 C\d", r"本校达标最省的做法：.*万元", r"责任部门：.*时限"):
        assert re.search(asked, first), asked
    assert "通俗地说" in first  # the parent: is it enough?
    badge = school.locator("main li a.verdict").first  # the inspector: by which rule?
    badge.click()
    rule = school.locator(f"[id='{badge.get_attribute('href')[1:]}'] + dl")
    assert "条文" in rule.inner_text() and "算法" in rule.inner_text()
    annual = visit(site["zh", "annual"]).page  # who writes the report: what moved, and tables to take along
    assert re.search(r"2024 年", annual.evaluate(FIRST))
    assert annual.get_by_role("button", name=re.compile("CSV")).count() > 10


# What of a page's text names one of these schools and leads nowhere.
LOST = """(names) => {
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), lost = [];
  for (let node = walk.nextNode(); node; node = walk.nextNode())
    if (!node.parentNode.closest("a, h1, h2, caption, figcaption, summary, title, select, script, template"))
      for (const name of names) if (node.data.includes(name)) lost.push(node.data);
  return lost;
}"""


def test_every_name_of_a_school_on_any_page_leads_to_its_page(visit, site):
    names = ["曲院街小学", "青石路学校"]
    for kind in ("index", "brief", "district", "annual", "data", "research", "plan"):
        page = visit(site["zh", kind]).page
        lost = {text.strip() for text in page.evaluate(LOST, names)}
        assert lost <= {"曲院街小学北校区"}, kind  # its branch, counted with it, has no page
        ways = page.locator("main a", has_text=re.compile("^青石路学校")).all()
        assert {way.get_attribute("href") for way in ways} <= {f"schools/{SCHOOL}.html"}


# Contents list


@every_page
@pytest.mark.parametrize("lang", ["zh"])
def test_each_line_of_the_contents_leads_to_its_heading_and_is_marked_there(view):
    page = view.page
    titles = [title.strip() for title in page.locator("main h2").all_text_contents()]
    lines = page.locator(".toc a")
    assert lines.all_text_contents() == (titles if len(titles) > 1 else [])
    for number in range(lines.count()):
        lines.nth(number).click()
        heading = page.locator(f"main [id='{page.evaluate('decodeURIComponent(location.hash.slice(1))')}']")
        assert heading.text_content().strip() == titles[number]
        top = heading.bounding_box()["y"]
        at_end = page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
        assert -1 <= top < 100 or (at_end and top < 800)
        if not at_end:  # where several headings are in sight
            expect(lines.nth(number)).to_have_attribute("aria-current", "true")
            assert page.locator(".toc [aria-current]").count() == 1
    assert view.said == []


@every_page
@pytest.mark.parametrize("lang", ["zh"])
def test_on_a_phone_the_contents_are_folded_and_open_by_keyboard(visit, site, lang, kind):
    page = visit(site[lang, kind], PHONE).page
    if not page.locator(".toc").count():
        assert page.locator("main h2").count() < 2
        return
    first = page.locator(".toc a").first
    assert not first.is_visible()
    page.locator(".toc summary").focus()
    page.keyboard.press("Enter")
    assert first.is_visible()


# Tables


def schools_of(page: Page) -> Locator:
    """Return the table of the index that has a row for each school and stage."""
    return next(table for table in page.locator("table.data").all() if table.locator("tbody tr").count() > 20)


def column(table: Locator, number: int) -> list[str]:
    rows = table.locator("tbody tr:visible").all()
    return [row.locator("th, td").nth(number).text_content().strip() for row in rows]


def numbers(table: Locator, number: int) -> list[int]:
    return [int(text.replace(",", "")) for text in column(table, number)]


@pytest.mark.parametrize(("lang", "label"), [("zh", "在校生"), ("en", "Pupils")])
@pytest.mark.parametrize("kind", ["index"])
def test_a_key_sorts_a_column_up_down_and_back(view, label):
    table = schools_of(view.page)
    labels = [text.strip() for text in table.locator("thead th").all_text_contents()]
    place = next(i for i, text in enumerate(labels) if text.startswith(label))
    head = table.locator("thead th").nth(place)
    names, before = column(table, 0), numbers(table, place)
    assert before not in (sorted(before), sorted(before, reverse=True))
    found = []
    for _ in range(3):
        head.get_by_role("button").press("Enter")
        found.append((numbers(table, place), head.get_attribute("aria-sort")))
    assert found[0] == (sorted(before), "ascending")  # as text "1,000" would stand before "95"
    assert found[1] == (sorted(before, reverse=True), "descending")
    assert found[2] == (before, None)
    assert column(table, 0) == names
    assert view.said == []


@pytest.mark.parametrize("lang", ["zh"])
@pytest.mark.parametrize("kind", ["index"])
def test_a_filter_keeps_the_rows_with_all_its_words_and_says_how_many(view):
    table = schools_of(view.page)
    rows = [" ".join(row.split()) for row in table.locator("tbody tr").all_text_contents()]
    name, stage = column(table, 0)[4], column(table, 2)[4]
    expected = [row for row in rows if name in row and stage in row]
    assert 0 < len(expected) < len(rows)
    search = view.page.locator("main").get_by_role("searchbox").first
    search.press_sequentially(f"{name} {stage}")
    shown = [" ".join(row.split()) for row in table.locator("tbody tr:visible").all_text_contents()]
    assert shown == expected
    status = view.page.get_by_role("status").first
    assert re.findall(r"\d+", status.text_content()) == [str(len(expected)), str(len(rows))]
    search.fill("没有这样的学校")
    assert table.locator("tbody tr:visible").count() == 0
    search.fill("")
    assert table.locator("tbody tr:visible").count() == len(rows)
    assert view.said == []


# Paper


# Fonts draw a radical as the character that it stands for, and Chromium may write down either.
RADICALS = str.maketrans(
    "⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳―",
    "母民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟—",
)


def words_of(text: str) -> str:
    """Return a text without spaces, each character in its plain form."""
    return "".join(unicodedata.normalize("NFKC", text).translate(RADICALS).split())


@pytest.fixture(scope="module")
def paper(look):
    """Print a page: the sheets of paper and the words on each."""

    @cache
    def printed(path: Path) -> tuple[list[PageObject], list[str]]:
        sheets = PdfReader(io.BytesIO(look(path).page.pdf(prefer_css_page_size=True))).pages
        return sheets, [words_of(sheet.extract_text()) for sheet in sheets]

    return printed


@every_page
@pytest.mark.parametrize("lang", ["zh"], scope="module")
def test_on_paper_no_sheet_is_empty_and_the_text_is_text(look, paper, site, lang, kind):
    view = look(site[lang, kind])
    title = words_of(view.page.locator("h1").text_content())
    sheets, texts = paper(site[lang, kind])
    place = words_of(view.page.locator("header .place").text_content())
    assert title in "".join(texts)
    assert kind != "school" or len(sheets) <= 3
    for number, (sheet, text) in enumerate(zip(sheets, texts, strict=True), start=1):
        assert (round(sheet.mediabox.width), round(sheet.mediabox.height)) == A4
        assert place in text
        assert f"{number}/{len(sheets)}" in text
        own = text.replace(place, "", 1).replace(f"{number}/{len(sheets)}", "", 1)
        assert len(own) > 40, f"{kind}, sheet {number}: {text}"


@both_languages
def test_the_brief_is_one_sheet_and_no_short_header_is_broken_on_paper(visit, site, lang):
    first, last, annex, header = {
        "zh": ("通俗地说", "按同一指标下规则不允许的问题个数排列", "作战图与时间表", "合计"),
        "en": ("In plain words", "By the number of problems", "Wall chart and timetable", "Places"),
    }[lang]
    sheets = PdfReader(io.BytesIO(visit(site[lang, "brief"]).page.pdf(prefer_css_page_size=True))).pages
    texts = [sheet.extract_text() for sheet in sheets]
    assert words_of(first) in words_of(texts[0]) and words_of(last) in words_of(texts[0])
    assert words_of(annex) in words_of(texts[1])
    assert header in "\n".join(texts)  # on one line


def test_tables_and_figures_are_numbered_alike_on_the_page_and_in_word(paper, site, tmp_path):
    where = PageOfSite("年度报告", place="示例区")
    write_word(Job(NOTEBOOKS / "annual.ipynb", {}, tmp_path / "年度报告.docx", where))
    document = docx.Document(str(tmp_path / "年度报告.docx"))
    captions = [one.text for one in document.paragraphs if one.style.name == "Caption"]
    printed = "".join(paper(site["zh", "annual"])[1])
    lacking = [caption for caption in captions if words_of(caption) not in printed]
    assert len(captions) > 20 and {caption[0] for caption in captions} == {"表", "图"}
    # The ledger whole, which has a page of its own, stands last among the tables annexed to the document.
    tables = [caption for caption in captions if caption.startswith("表 ")]
    assert lacking == tables[-2:] and [line.split("  ")[1][:4] for line in lacking] == [
        "问题台账",
        "整改台账",
    ]


def test_an_english_page_of_a_nine_year_school_that_fails_is_on_three_sheets(visit, site):
    page = site["en", "school"].with_name("0001004.html")
    sheets = PdfReader(io.BytesIO(visit(page).page.pdf(prefer_css_page_size=True))).pages
    assert len(sheets) == 3
