"""The workbook to fill in: what it shows, what it refuses, and that it reads back as it was filled in."""

import shutil
import subprocess
import zipfile
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest

from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.data.schema import TABLES, ColumnKind, DistrictItem
from qb.data.template import write_template
from qb.errors import QbError
from qb.standard import load

STANDARD = load()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    target = tmp_path_factory.mktemp("template") / "填报.xlsx"
    assert write_template(target, 2025) == 2025
    return target


@pytest.fixture(scope="module")
def empty(path):
    return openpyxl.load_workbook(path)  # warnings are errors here: it loads without one


@pytest.fixture(scope="module")
def before():
    """Last year: two districts, a school with two stages, and a name that could be a formula."""
    schools = {
        "school_id": ["0101", "0201"],
        "name": ["=甲学校", "乙小学"],
        "district": ["甲区", "乙区"],
        "kind": ["nine_year", "primary"],
        "boarding": pd.array([True, None], dtype="boolean"),
    }
    sections = {
        "year": [2023, 2024, 2024, 2024],
        "school_id": ["0101", "0101", "0101", "0201"],
        "stage": ["primary", "primary", "junior", "primary"],
        "pupils": [1.0, 2.0, 3.0, 4.0],
    }
    return Dataset.of(schools=pd.DataFrame(schools), sections=pd.DataFrame(sections))


@pytest.fixture(scope="module")
def filled_before(before, tmp_path_factory):
    target = tmp_path_factory.mktemp("template") / "a.xlsx"
    assert write_template(target, data=before) == 2025  # the year after the last
    return target


def headers(sheet):
    return {cell.value: cell for cell in sheet[1]}


def rows(sheet, *columns):
    place = {name: cell.column for name, cell in headers(sheet).items()}
    return [
        tuple(sheet.cell(row, place[name]).value for name in columns) for row in range(2, sheet.max_row + 1)
    ]


EVERY_COLUMN = [
    pytest.param(table, column, id=f"{table.name}.{column.name}")
    for table in TABLES.values()
    for column in table.columns
    if column.name != "source"
]


def validation(sheet, letter):
    return next((v for v in sheet.data_validations.dataValidation if f"{letter}2" in v.sqref), None)


# What it shows


def test_there_is_a_sheet_for_each_table_between_two_to_read(empty):
    labels = [table.label for table in TABLES.values()]
    assert empty.sheetnames == ["填报说明", *labels, "条目说明"]


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_a_column_has_its_chinese_header_with_the_unit_and_its_english_name_in_a_note(empty, table, column):
    cell = headers(empty[table.label])[column.header]
    assert cell.comment.text.split("\n")[0] == column.name
    assert ("必填" in cell.comment.text) == column.required
    assert cell.protection.locked


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_a_column_takes_what_the_registry_allows(empty, table, column):
    sheet = empty[table.label]
    rule = validation(sheet, headers(sheet)[column.header].column_letter)
    if column.terms or column.kind is ColumnKind.BOOL:
        labels = [term.zh for term in column.terms] or ["是", "否"]
        assert (rule.type, listed(empty, rule.formula1)) == ("list", labels)
    elif column.numeric:
        whole = column.kind in (ColumnKind.YEAR, ColumnKind.ORDINAL)
        assert rule.type == ("whole" if whole else "decimal")
        assert float(rule.formula1) == column.low
        if column.high == float("inf"):
            assert (rule.operator, rule.formula2) == ("greaterThanOrEqual", None)
        else:
            assert (rule.operator or "between", float(rule.formula2)) == ("between", column.high)
    elif column.kind is ColumnKind.DATE:
        assert rule.type == "date"
    if rule and rule.type:
        assert rule.showErrorMessage
        assert f"{headers(sheet)[column.header].column_letter}1048576" in rule.sqref


def listed(book, formula):
    """Return the words of a drop-down: written in the rule, or in the cells that a name stands for."""
    if formula.startswith('"'):
        return formula.strip('"').split(",")
    title, cells = next(iter(book.defined_names[formula].destinations))
    return [cell.value for (cell,) in book[title][cells]]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_structure_is_protected_without_a_password_and_cells_are_open(empty, table):
    sheet = empty[table.label]
    assert sheet.protection.sheet
    assert sheet.protection.password is None
    columns = sheet.column_dimensions.values()
    assert not any(openpyxl.cell.Cell(sheet, 9, 9, style_array=c._style).protection.locked for c in columns)
    assert sheet.freeze_panes.endswith("2")
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.page_setup.orientation == "landscape"


def test_identifiers_are_text_and_name_columns_are_wide(empty):
    schools = empty["学校"]
    assert schools.column_dimensions["A"].number_format == "@"
    assert schools.column_dimensions["B"].width >= 20


def test_the_instructions_tell_of_every_column_and_cite_the_clause(empty):
    sheet = empty["填报说明"]
    told = {(row[0], row[3]): row for row in sheet.iter_rows(values_only=True)}
    for table in TABLES.values():
        for column in table.columns:
            row = told[table.label, column.name]
            assert row[2] == column.label
            assert row[4] == (column.unit or None)
            for code in column.codes:
                if code.startswith("C") and not column.clause.startswith("C1—C7"):
                    assert f"{code} {STANDARD[code].title}：{STANDARD[code].source}" in row[7]
    assert told["学段", "pupils"][7].startswith("C1—C7 资源配置：鼓政〔2023〕19号 附件3 A1\nC11 ")
    assert told["一票否决", "found"][7].startswith("一票否决：教督〔2017〕6号")
    text = "\n".join(str(row[0]) for row in sheet.iter_rows(values_only=True))
    assert "2025—2026学年" in text
    assert STANDARD.title.zh in text


def test_the_page_of_items_has_the_text_of_every_item_of_the_standard(empty):
    told = {row[0]: row for row in empty["条目说明"].iter_rows(values_only=True)}
    for item in STANDARD.checklist:
        assert told[item.item][1].endswith(item.text.zh)
        assert told[item.item][3] == "、".join(item.departments)
        assert told[item.item][4] == item.source
    for veto in STANDARD.vetoes:
        assert told[veto.item][1].endswith(veto.text.zh)
    for task in STANDARD.tasks:
        assert task.text in told[task.item][1]
    assert [told[item.zh][2] for item in DistrictItem] == [item.unit for item in DistrictItem]


def test_items_are_listed_with_their_text_or_unit_so_that_only_the_answer_is_missing(empty):
    evidence = rows(empty["佐证材料"], "学年", "条目", "※条目内容", "达到情况")
    assert evidence[0] == (2025, "C8.1", STANDARD.items("C8")[0].text.zh, None)
    assert [item for _, item, *_ in evidence] == [i.item for i in (*STANDARD.checklist, *STANDARD.tasks)]
    vetoes = rows(empty["一票否决"], "条目", "※条目内容", "是否发生")
    assert vetoes == [(veto.item, veto.text.zh, None) for veto in STANDARD.vetoes]
    district = rows(empty["县区数据"], "项目", "※单位", "数值")
    assert district == [(item.zh, item.unit, None) for item in DistrictItem]
    assert empty["一票否决"]["C2"].protection.locked
    assert not empty["一票否决"]["A2"].protection.locked


# Read back


def test_an_untouched_workbook_is_no_data_and_no_fault(path):
    data = read(path)
    assert {name: len(frame) for name, frame in data.tables.items() if len(frame)} == {}
    assert data.faults == ()


def test_what_a_person_fills_in_is_what_is_read(path, tmp_path):
    book = openpyxl.load_workbook(path)
    schools, sections, vetoes = book["学校"], book["学段"], book["一票否决"]
    for column, value in {
        "学校标识码": "0101",
        "学校名称": "甲小学",
        "县区": "甲区",
        "办学类型": "小学",
        "寄宿制": "否",
    }.items():
        schools.cell(2, headers(schools)[column].column, value)
    figures = {
        "学年": 2025,
        "学校标识码": "0101",
        "学段": "小学",
        "在校生数（人）": 900,
        "班级数（个）": "20 个",
    }
    for column, value in figures.items():
        sections.cell(2, headers(sections)[column].column, value)
    for row in range(2, 8):
        vetoes.cell(row, headers(vetoes)["县区"].column, "甲区")
        vetoes.cell(row, headers(vetoes)["是否发生"].column, "否")
    book.save(tmp_path / "filled.xlsx")
    data = read(tmp_path / "filled.xlsx")
    assert data["schools"].loc[0, ["school_id", "name", "kind"]].tolist() == ["0101", "甲小学", "primary"]
    assert data["schools"].loc[0, "boarding"] is False or not data["schools"].loc[0, "boarding"]
    assert data["sections"][["year", "school_id", "pupils", "classes"]].values.tolist() == [
        [2025, "0101", 900, 20]
    ]
    assert data["vetoes"]["item"].tolist() == [veto.item for veto in STANDARD.vetoes]
    assert data["vetoes"]["found"].tolist() == [False] * 6
    assert [(fault.rule, fault.cell) for fault in data.faults] == [("F20", "E2")]


# Filled in with what is known


def test_schools_come_as_they_are_and_who_reports_without_figures(before, filled_before):
    data = read(filled_before)
    pd.testing.assert_frame_equal(data["schools"], before["schools"])
    assert data["sections"][["year", "school_id", "stage"]].values.tolist() == [
        [2025, "0101", "primary"],
        [2025, "0101", "junior"],
        [2025, "0201", "primary"],
    ]
    assert data["sections"]["pupils"].isna().all()
    assert data.faults == ()
    shown = rows(openpyxl.load_workbook(filled_before)["学段"], "学校标识码", "※学校名称")
    assert shown == [("0101", "=甲学校"), ("0101", "=甲学校"), ("0201", "乙小学")]


def test_items_are_listed_for_each_district(filled_before):
    data = read(filled_before)
    assert data["vetoes"].groupby("district").size().to_dict() == {"甲区": 6, "乙区": 6}
    assert set(data["district"]["year"]) == {2025}
    assert data["evidence"]["status"].isna().all()
    assert data["monitoring"]["subject"].tolist()[:2] == list(STANDARD["C31"].options["subjects"][:2])


def test_an_earlier_year_takes_those_who_reported_up_to_it(before, tmp_path):
    write_template(tmp_path / "a.xlsx", 2023, before)
    sections = read(tmp_path / "a.xlsx")["sections"]
    assert sections[["year", "school_id", "stage"]].values.tolist() == [[2023, "0101", "primary"]]


def test_invented_schools_still_say_so(committed, tmp_path):
    write_template(tmp_path / "a.xlsx", data=committed)
    data = read(tmp_path / "a.xlsx")
    assert data.invented
    pd.testing.assert_frame_equal(data["schools"], committed["schools"])
    texts = [
        row[0] for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["填报说明"].iter_rows(values_only=True)
    ]
    assert "预填的学校为模拟数据，不是真实的学校。" in texts


# The file


def test_no_cell_is_a_formula_whatever_its_text_begins_with(filled_before):
    book = openpyxl.load_workbook(filled_before)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert book["学校"]["B2"].value == "=甲学校"
    assert book["学校"]["B2"].quotePrefix  # so it stays a text when someone edits it


def test_every_part_is_well_formed_and_the_sheets_reach_no_further_than_they_must(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
    sheet = openpyxl.load_workbook(path)["学校"]
    assert sheet.max_row == 1


def test_what_stands_there_is_not_replaced_and_a_year_must_be_one(path, tmp_path):
    content = path.read_bytes()
    with pytest.raises(QbError, match="已经存在"):
        write_template(path, 2025)
    assert path.read_bytes() == content
    for year in (25, 1899, 2200):
        with pytest.raises(QbError, match="公历年份"):
            write_template(tmp_path / "a.xlsx", year)
    with pytest.raises(QbError, match=r"\.xlsx 结尾"):
        write_template(tmp_path / "a.xls")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice (soffice) is not installed")
def test_libreoffice_opens_it_and_loses_nothing(filled_before, tmp_path):
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx",
         "--outdir", str(tmp_path), str(filled_before)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    one, two = read(filled_before), read(tmp_path / filled_before.name)
    for name in TABLES:
        pd.testing.assert_frame_equal(one[name], two[name])
