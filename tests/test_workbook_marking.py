"""The marked workbook: every fault in its cell, and nothing else changed."""

import datetime
import re
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from lxml import etree
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation

from qb.data.marking import COLOURS, mark
from qb.data.reading import read, write
from qb.data.sample import make
from qb.data.schema import TABLES
from qb.data.table_headers import fault
from qb.data.template import write_template
from qb.errors import DataError, Fault, QbError
from qb.terms import Severity

HEAD = ["学年", "学校标识码", "学段", "在校生数（人）", "班级数（个）", "核对"]
ROW = [2024, "0101", "小学", 900, 20, None]


@pytest.fixture
def path(tmp_path):
    """A workbook with what people put into one: formats, rules, merged cells, notes, another sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "学段"
    for row in [["学段统计表"], HEAD, ROW, [2024, "0102", "小学部", "九百", None, None]]:
        sheet.append(row)
    sheet.merge_cells("A1:F1")
    sheet["D3"].number_format = '#,##0"人"'
    sheet["D3"].fill = PatternFill("solid", fgColor="FFFFFF00")
    sheet["D4"].font = Font(bold=True, name="宋体", size=14)
    sheet["D4"].border = Border(left=Side("thick"))
    sheet["D2"].comment = Comment("请核对", "区教体局")
    sheet.column_dimensions["B"].width = 33
    sheet.row_dimensions[3].height = 40
    sheet.freeze_panes = "C3"
    rule = DataValidation("list", formula1='"小学,初中"', allow_blank=True)
    rule.add("C3:C99")
    sheet.add_data_validation(rule)
    sheet.conditional_formatting.add(
        "D3:D9", CellIsRule("lessThan", ["10"], fill=PatternFill("solid", bgColor="FF00FF00"))
    )
    other = book.create_sheet("备忘")
    other["B2"] = datetime.date(2024, 9, 1)
    other["B3"] = 0.125
    other["B3"].number_format = "0.0%"
    other.sheet_state = "hidden"
    other.auto_filter.ref = "A1:B3"
    book.save(tmp_path / "填报.xlsx")
    return tmp_path / "填报.xlsx"


def marked(path, faults=None, name="标注.xlsx"):
    out = path.parent / name
    mark(path, read(path).faults if faults is None else faults, out)
    return loaded(out)


def loaded(path):
    with warnings.catch_warnings():  # openpyxl says what of a decorated workbook it would leave out
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(path)


def looks(cell):
    styles = (cell.font, cell.border, cell.alignment, cell.number_format, cell.protection)
    return cell.value, cell.data_type, *map(repr, styles)


def outside(sheet):
    """What a sheet is beside its cells."""
    return (
        {letter: (d.width, d.hidden, d.min, d.max) for letter, d in sheet.column_dimensions.items()},
        {row: (d.height, d.hidden) for row, d in sheet.row_dimensions.items()},
        sheet.freeze_panes,
        sheet.sheet_state,
        sheet.auto_filter.ref,
        sorted(map(str, sheet.merged_cells.ranges)),
        [
            (v.type, v.formula1, v.formula2, v.operator, str(v.sqref), v.prompt, v.error)
            for v in sheet.data_validations.dataValidation
        ],
        [(str(area.sqref), [rule.type for rule in area.rules]) for area in sheet.conditional_formatting],
        (sheet.protection.sheet, sheet.protection.sort, sheet.protection.password),
        (
            sheet.print_title_rows,
            sheet.page_setup.orientation,
            sheet.page_setup.paperSize,
            sheet.oddFooter.left.text,
        ),
    )


def same_but_for(one, two, cells):
    for sheet in one:
        other = two[sheet.title]
        assert outside(sheet) == outside(other)
        assert sheet.dimensions == other.dimensions
        for row in sheet.iter_rows():
            for cell in row:
                again = other[cell.coordinate]
                assert looks(cell) == looks(again)
                if (sheet.title, cell.coordinate) not in cells:
                    assert repr(cell.fill) == repr(again.fill)
                    assert (cell.comment and cell.comment.text) == (again.comment and again.comment.text)


# What is marked


def test_a_faulty_cell_is_coloured_and_says_rule_reason_and_remedy(path):
    sheet = marked(path)["学段"]
    assert sheet["D4"].fill.fgColor.rgb == COLOURS[Severity.STOPS]
    text = sheet["D4"].comment.text
    assert "必须改正（F11）：“九百”不是数字。只填数字（单位：人），没有数据就留空。" in text
    assert "F15" in sheet["C4"].comment.text


def test_nothing_else_changes(path):
    one, two = openpyxl.load_workbook(path), marked(path)
    assert two.sheetnames == ["学段", "备忘", "核查结果"]
    same_but_for(one, two, {("学段", cell) for cell in ("F2", "B3", "B4", "C4", "D4")})


def test_nothing_else_changes_in_the_template_either(tmp_path):
    write_template(tmp_path / "a.xlsx", data=make(schools=4, years=[2025]))
    where = {"table": "sections", "row": 3, "column": "school_id", "cell": "B3"}
    one, two = (
        openpyxl.load_workbook(tmp_path / "a.xlsx"),
        marked(tmp_path / "a.xlsx", [Fault("X1", Severity.NOTE, "甲", "一", **where)]),
    )
    assert one["学段"]["B3"].value == "0001002"
    same_but_for(one, two, {("学段", "B3")})
    assert [n.attr_text for n in one.defined_names.values()] == [
        n.attr_text for n in two.defined_names.values()
    ]


def test_a_cell_with_several_faults_shows_all_in_the_colour_of_the_gravest(path):
    where = {"table": "sections", "row": 3, "column": "pupils", "cell": "D3"}
    three = [
        Fault("X1", Severity.NOTE, "甲", "一", **where),
        Fault("X2", Severity.STOPS, "乙", "二", **where),
        Fault("X3", Severity.WARNING, "丙", "三", **where),
    ]
    cell = marked(path, three)["学段"]["D3"]
    assert cell.fill.fgColor.rgb == COLOURS[Severity.STOPS]
    assert [line for line in cell.comment.text.split("\n") if "X" in line] == [
        "提示（X1）：甲。一。",
        "必须改正（X2）：乙。二。",
        "请核实（X3）：丙。三。",
    ]
    assert cell.number_format == '#,##0"人"'


def test_the_three_severities_have_three_colours(path):
    faults = [
        Fault("X", severity, "甲", "乙", table="sections", row=3, column="x", cell=f"{letter}3")
        for letter, severity in zip("ABC", Severity, strict=True)
    ]
    sheet = marked(path, faults)["学段"]
    assert len({sheet[f"{letter}3"].fill.fgColor.rgb for letter in "ABC"}) == 3


def test_every_fault_is_listed_also_those_without_a_cell(path):
    nowhere = Fault("X9", Severity.WARNING, "=整张表缺“经费”", "补上", table="funds")
    faults = [*read(path).faults, nowhere]
    sheet = marked(path, faults)["核查结果"]
    rows = list(sheet.iter_rows(min_row=3, values_only=True))
    assert len(rows) == len(faults)
    assert rows[-1] == ("请核实", "X9", "funds", None, None, "=整张表缺“经费”", "补上")
    assert sheet.cell(sheet.max_row, 6).data_type == "s"
    assert (
        "必须改正",
        "F11",
        "学段",
        "D4",
        "0102",
        "“九百”不是数字",
        "只填数字（单位：人），没有数据就留空",
    ) in rows
    link = next(cell for cell in sheet["D"] if cell.value == "D4").hyperlink
    assert link.location == "'学段'!D4"


def test_without_faults_it_says_so(path):
    assert marked(path, [])["核查结果"]["A1"].value == "没有发现问题"


def test_a_note_that_stood_there_stays_above_ours(path):
    where = {"table": "sections", "row": 2, "column": "pupils", "cell": "D2"}
    comment = marked(path, [Fault("X1", Severity.NOTE, "甲", "一", **where)])["学段"]["D2"].comment
    assert comment.text.startswith("请核对\n")
    assert "提示（X1）：甲。一。" in comment.text
    assert comment.author == "区教体局"


def test_a_merged_cell_is_marked_where_it_shows(path):
    where = {"table": "sections", "row": 1, "column": "x", "cell": "C1"}
    sheet = marked(path, [Fault("X1", Severity.NOTE, "甲", "一", **where)])["学段"]
    assert "X1" in sheet["A1"].comment.text


def test_a_workbook_that_cannot_be_read_as_data_is_marked_all_the_same(path):
    book = openpyxl.load_workbook(path)
    book["学段"]["E2"] = "在校生数"
    book.save(path)
    with pytest.raises(DataError) as caught:
        read(path)
    sheet = marked(path, caught.value.faults)["学段"]
    assert "F06" in sheet["E2"].comment.text


# A decorated workbook


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def decorated(tmp_path):
    """A workbook with all that people put on a sheet, and two parts that only other programs write."""
    plain = tmp_path / "plain.xlsx"
    with xlsxwriter.Workbook(plain) as book:
        sheet = book.add_worksheet("学段")
        head, money = (
            book.add_format({"bold": True, "bg_color": "#FFFF00"}),
            book.add_format({"num_format": "0.0"}),
        )
        sheet.set_column("B:B", 20, book.add_format({"num_format": "@"}))
        sheet.write_row(0, 0, HEAD, head)
        for row in range(1, 30):
            sheet.write_row(row, 0, [2024, f"01{row:02}", "小学", 900 + row, 20], money)
        sheet.write_formula("F2", "=D2/E2", money, 45.05)
        sheet.write_rich_string("H1", "注：", head, "粗体", "说明")
        sheet.write_comment("D3", "请核对", {"author": "区教体局"})
        sheet.write_comment("E9", "已核", {"author": "区教体局"})
        sheet.insert_textbox("J2", "填报说明")
        sheet.insert_button("J12", {"caption": "核对"})
        sheet.insert_checkbox(1, 8, True)
        sheet.add_sparkline("G2", {"range": "学段!D2:E2"})
        sheet.conditional_format("D2:D30", {"type": "data_bar", "data_bar_2010": True})
        sheet.data_validation("C2:C99", {"validate": "list", "source": ["小学", "初中"]})
        sheet.autofilter("A1:F30")
        sheet.protect("", {"sort": True})
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=学段!$D$2:$D$30"})
        sheet.insert_chart("J20", chart)
        other = book.add_worksheet("表格")
        other.add_table("A1:B3", {"data": [["甲", 1], ["乙", 2]]})
        other.write_comment("A2", "别的表")
        book.define_name("班数", "=学段!$E$2:$E$30")
        book.set_custom_property("单位", "某区")
    path = tmp_path / "装饰.xlsx"
    path.write_bytes(plain.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("customXml/item1.xml", "<任意 attribute='1'/>")
        archive.writestr("xl/printerSettings/printerSettings1.bin", bytes(range(256)))
    return path


FAULTS = [
    fault("F11", "甲", "乙", table="sections", row=3, column="pupils", cell="D3"),
    fault("F20", "丙", "丁", table="sections", row=5, column="classes", cell="E5"),
    fault("F10", "戊", "己", table="sections", row=40, column="school_id", cell="B40"),
]


def test_every_other_part_of_a_decorated_workbook_is_kept_byte_by_byte(decorated):
    marked(decorated, FAULTS)
    before, after = parts(decorated), parts(decorated.parent / "标注.xlsx")
    assert list(after)[: len(before)] == list(before)
    assert set(after) - set(before) == {"xl/worksheets/sheet3.xml"}  # the sheet of results
    assert {name for name in before if before[name] != after[name]} == {
        "[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/workbook.xml",  # where that sheet is named
        "xl/styles.xml", "xl/worksheets/sheet1.xml",  # colours
        "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml",  # notes
    }  # fmt: skip


def test_the_xml_of_a_marked_sheet_differs_in_the_marked_cells_only(decorated):
    marked(decorated, FAULTS)
    name = "xl/worksheets/sheet1.xml"
    before, after = parts(decorated)[name], parts(decorated.parent / "标注.xlsx")[name]
    blank = re.compile(rb'<c r="(?:D3|E5)"[^>]*>')
    row = re.search(rb'<row r="40"><c r="B40" s="\d+"/></row>', after)
    assert blank.sub(b"", before) == blank.sub(b"", after.replace(row[0], b""))


def test_formats_and_notes_are_appended_to_those_there(decorated):
    sheet = marked(decorated, FAULTS)["学段"]
    assert sheet["D3"].comment.text.startswith("请核对\n\n【核查结果】\n必须改正（F11）：甲。乙。")
    assert sheet["E9"].comment.text == "已核"
    assert sheet["E5"].number_format == "0.0"
    assert sheet["B40"].number_format == "@"  # as its column shows what is typed there
    before, after = (
        etree.fromstring(parts(file)["xl/styles.xml"]) for file in (decorated, decorated.parent / "标注.xlsx")
    )
    for group in ("fonts", "fills", "borders", "cellXfs"):
        old, new = (root.find(f"{{*}}{group}") for root in (before, after))
        assert [etree.tostring(e) for e in new][: len(old)] == [etree.tostring(e) for e in old]
        assert new.get("count") == str(len(new))


def test_shapes_of_new_notes_stand_beside_buttons_under_numbers_of_their_own(decorated):
    marked(decorated, FAULTS)
    before, after = (
        parts(file)["xl/drawings/vmlDrawing1.vml"].decode()
        for file in (decorated, decorated.parent / "标注.xlsx")
    )
    numbers = re.findall(r'id="(_x0000_s\d+)"', after)
    assert len(numbers) == len(set(numbers)) == before.count("<v:shape ") + 2
    assert 'ObjectType="Button"' in after


def test_marks_are_taken_off_again_and_nothing_of_them_stays(decorated):
    marked(decorated, FAULTS)
    marked(decorated.parent / "标注.xlsx", FAULTS[:1], name="再.xlsx")
    once, again = parts(decorated.parent / "标注.xlsx"), parts(decorated.parent / "再.xlsx")
    assert list(once) == list(again)
    sheet = loaded(decorated.parent / "再.xlsx")["学段"]
    assert sheet["E5"].comment is None and sheet["E5"].fill.fill_type is None
    assert sheet["D3"].comment.text.count("【核查结果】") == 1
    assert again["xl/drawings/vmlDrawing1.vml"].count(b'ObjectType="Note"') == 2


def test_a_conversation_is_coloured_and_its_text_left_to_the_spreadsheet(decorated):
    threaded = decorated.parent / "会话.xlsx"
    with zipfile.ZipFile(threaded, "w") as archive:
        for name, content in parts(decorated).items():
            archive.writestr(
                name, content.replace("区教体局".encode(), b"tc={00000000-0000-0000-0000-000000000001}")
            )
    cell = marked(threaded, FAULTS)["学段"]["D3"]
    assert cell.comment.text == "请核对"
    assert cell.fill.fgColor.rgb == COLOURS[Severity.STOPS]


def test_a_sheet_with_formats_to_its_last_row_is_marked_and_its_copy_checked_again(tmp_path):
    path = tmp_path / "满.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet, look = book.add_worksheet("学段"), book.add_format({"bg_color": "#EEEEEE"})
        sheet.write_row(0, 0, HEAD[:5])
        sheet.write_row(1, 0, ["2024", "0101", "小学", "九百", 20])
        for row in range(2, 1_048_576):
            sheet.set_row(row, None, look)
    made = marked_only(path)
    assert [f.rule for f in read(made).faults] == [f.rule for f in read(path).faults] == ["F11"]


def marked_only(path):
    out = path.parent / "标注.xlsx"
    mark(path, read(path).faults, out)
    return out


def test_numbers_of_persons_are_in_no_part_of_the_copy(tmp_path):
    path = tmp_path / "甲.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("学段")
        sheet.write_row(0, 0, [*HEAD[:5], "联系"])
        sheet.write_row(1, 0, [2024, "0101", "小学", 900, 20, 13800001111])
        sheet.write_string(2, 5, "电话 139 0000 1111")
        sheet.write_comment("A2", "138-0000-2222")
        sheet.insert_textbox("J2", "13800003333")
    made = parts(marked_only(path))
    text = b"".join(made.values()).decode("utf-8", "replace")
    assert not [n for n in ("13800001111", "139 0000 1111", "138-0000-2222", "13800003333") if n in text]
    assert text.replace("＊", "*").count("****") >= 4  # a name in the workbook has no *


# What people do with it


def test_an_empty_cell_to_fill_in_stays_open_in_a_protected_sheet(tmp_path):
    write_template(tmp_path / "a.xlsx", 2025)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    book["学段"]["A2"], book["学段"]["B2"], book["学段"]["D2"] = 2025, "0101", 900
    book.save(tmp_path / "a.xlsx")
    cell = marked(tmp_path / "a.xlsx")["学段"]["C2"]
    assert "F10" in cell.comment.text
    assert not cell.protection.locked


def test_marks_of_an_earlier_check_are_taken_off_when_the_corrected_copy_is_marked(path):
    first = marked(path, name="一.xlsx")
    first["学段"]["D4"] = 900
    first.save(path.parent / "改.xlsx")
    sheet = marked(path.parent / "改.xlsx", name="二.xlsx")
    assert sheet.sheetnames == ["学段", "备忘", "核查结果"]
    assert sheet["学段"]["D4"].comment is None
    assert sheet["学段"]["D4"].fill.fill_type is None
    assert sheet["学段"]["C4"].comment.text == first["学段"]["C4"].comment.text
    assert sheet["学段"]["D2"].comment.text == "请核对"


def test_formulas_keep_their_stored_results(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        sheet = made.add_worksheet("学段")
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, [2024, "0101", "小学部"])
        for column, (formula, result) in enumerate(
            [("=A2<3000", True), ("=0.1+0.2", 0.1 + 0.2), ('="<&>"', "<&>"), ("=1/0", "#DIV/0!")], start=3
        ):
            sheet.write_formula(1, column, formula, None, result)
    one = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=True)["学段"]
    marked(tmp_path / "a.xlsx")
    out = tmp_path / "标注.xlsx"
    two = openpyxl.load_workbook(out, data_only=True)["学段"]
    assert [cell.value for cell in two[2]] == [cell.value for cell in one[2]]
    assert openpyxl.load_workbook(out)["学段"]["E2"].value == "=0.1+0.2"
    assert read(out).faults == read(tmp_path / "a.xlsx").faults


def test_one_planted_fault_of_each_form_rule_is_found_in_its_cell_and_nothing_else(tmp_path):
    path = tmp_path / "a.xlsx"
    write(make(schools=4, years=[2025]), path, "xlsx")
    book = openpyxl.load_workbook(path)
    planted = {
        ("学段", "C2"): (None, "F10"),
        ("学段", "D3"): ("约900", "F11"),
        ("学段", "D4"): ("1e999", "F12"),
        ("学段", "D5"): (-5, "F13"),
        ("班级", "D2"): (1.5, "F14"),
        ("办学条件", "C2"): ("小学部", "F15"),
        ("一票否决", "D2"): ("可能", "F16"),
        ("佐证材料", "G2"): ("2024-02-30", "F17"),
        ("学校", "L2"): ("3.2106E+11", "F18"),
        ("经费", "C2"): ("=1+1", "F19"),
        ("学段", "E6"): ("20 个", "F20"),
        ("居住小区", "M1"): ("备注", "F21"),
    }
    for (title, cell), (value, _) in planted.items():
        book[title][cell] = value
        book[title][cell].data_type = "f" if value == "=1+1" else book[title][cell].data_type
    book.save(path)
    faults = read(path).faults
    assert {(TABLES[f.table].label, f.cell): f.rule for f in faults} == {
        place: rule for place, (_, rule) in planted.items()
    }
    sheets = marked(path, faults)
    for (title, cell), (_, rule) in planted.items():
        assert rule in sheets[title][cell].comment.text


# Refused


def test_only_a_workbook_can_be_marked_and_nothing_is_replaced(path, tmp_path):
    for source in (tmp_path, tmp_path / "nowhere.xlsx", Path(__file__)):
        with pytest.raises(QbError, match=r"只有 .xlsx 工作簿可以标注"):
            mark(source, [], tmp_path / "out.xlsx")
    with pytest.raises(QbError, match="已经存在"):
        mark(path, [], path)
    (tmp_path / "text.xlsx").write_text("no workbook")
    with pytest.raises(QbError, match="不是有效的工作簿"):
        mark(tmp_path / "text.xlsx", [], tmp_path / "out.xlsx")
    with pytest.raises(QbError, match=r"应以 .xlsx 结尾"):
        mark(path, [], tmp_path / "out.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["text.xlsx", "填报.xlsx"]


def test_a_mark_that_fails_leaves_nothing(path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("qb.data.xlsx_copy.Package.write", refuse)
    with pytest.raises(QbError, match="磁盘已满"):
        mark(path, [], path.parent / "out.xlsx")
    assert [p.name for p in path.parent.iterdir()] == ["填报.xlsx"]


def test_arguments_stay_as_they_are(path):
    faults = [fault("F11", "甲", "乙", table="sections", row=4, column="pupils", cell="D4")]
    content = path.read_bytes()
    marked(path, faults)
    assert path.read_bytes() == content
    assert len(faults) == 1
