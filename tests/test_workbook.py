"""Workbooks as people hand them in: read for what they say, refused in a sentence, written without loss."""

import datetime
import struct
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from clock import allowed
from hypothesis import given, settings
from hypothesis import strategies as st

from qb.data.cell_values import BLANKS
from qb.data.checks import check
from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.data.schema import TABLES
from qb.data.workbook import read_excel
from qb.data.xlsx_package import AREA_LIMIT, UNPACKED_LIMIT, column_number
from qb.errors import DataError, QbError
from qb.terms import Severity

HEAD = ["学年", "学校标识码", "学段", "在校生数（人）"]
ROW = [2024, "0101", "小学", 900]


@pytest.fixture
def book(tmp_path):
    """Return a function that makes a workbook of sheets given as rows."""

    def make(name="data.xlsx", **sheets):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, rows in sheets.items():
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(row)
        made.save(tmp_path / name)
        return tmp_path / name

    return make


def refused(path):
    with pytest.raises(DataError) as caught:
        read(path)
    assert all(fault.remedy for fault in caught.value.faults)
    return [(fault.rule, fault.table, fault.cell) for fault in caught.value.faults]


def found(data):
    return [(f.rule, f.table, f.cell) for f in data.faults]


# What is read


def test_sheets_may_be_named_in_either_language_and_stand_in_any_order(book):
    path = book(
        学段=[HEAD, ROW],
        schools=[["name", "县区", "school_id"], ["甲小学", "甲区", "0101"]],
    )
    data = read(path)
    assert data["sections"][["year", "school_id", "stage", "pupils"]].values.tolist() == [
        [2024, "0101", "primary", 900]
    ]
    assert data["schools"].loc[0, ["school_id", "name", "district"]].tolist() == ["0101", "甲小学", "甲区"]
    assert list(data.tables) == list(TABLES)
    assert (data.faults, data.source) == ((), str(path))
    assert len(data["funds"]) == 0


@pytest.mark.parametrize(
    ("header", "typed", "meant"),
    [
        ("在校生数", 900, 900),
        ("在校生数", 900.0, 900),
        ("在校生数", "900", 900),
        ("在校生数", "９００人", 900),
        ("在校生数", "1,234 人", 1234),
        ("在校生数", None, np.nan),
        ("在校生数", "无数据", np.nan),
        ("学校标识码", 101, "101"),
        ("学校标识码", "0101", "0101"),
        ("学校标识码", "０１０１", "0101"),
    ],
)
def test_a_cell_is_read_for_what_it_says(book, header, typed, meant):
    row = [typed if head.startswith(header) else cell for head, cell in zip(HEAD, ROW, strict=True)]
    data = read(book(学段=[HEAD, row, [2024, "7", "初中", 1]]))
    column = "pupils" if header == "在校生数" else "school_id"
    assert data["sections"].loc[0, column] == meant or (
        pd.isna(meant) and pd.isna(data["sections"].loc[0, column])
    )
    assert not data.stops


def test_dates_percentages_and_booleans_come_as_excel_stores_them(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as made:
        day, share = made.add_format({"num_format": "yyyy/m/d"}), made.add_format({"num_format": "0%"})
        evidence = made.add_worksheet("佐证材料")
        evidence.write_row(0, 0, ["学年", "县区", "条目", "核查日期"])
        evidence.write_row(1, 0, [2024, "甲区", "C8.1"])
        evidence.write_datetime(1, 3, datetime.date(2024, 9, 1), day)
        evidence.write_row(2, 0, ["2024—2025学年", "甲区", "C8.2", "2024年9月2日"])
        rates = made.add_worksheet("质量监测")
        rates.write_row(0, 0, ["学年", "县区", "学科", "水平等级", "校际差异率"])
        rates.write_row(1, 0, [2024, "甲区", "语文", "Ⅲ"])
        rates.write_number(1, 4, 0.12, share)
        rates.write_row(2, 0, [2024, "甲区", "数学", 4, "12.5%"])
        schools = made.add_worksheet("学校")
        schools.write_row(0, 0, ["学校标识码", "寄宿制"])
        schools.write_row(1, 0, ["1", True])
        schools.write_row(2, 0, ["2", False])
        schools.write_row(3, 0, ["3"])
    data = read(tmp_path / "a.xlsx")
    assert data["evidence"]["checked_on"].tolist() == ["2024-09-01", "2024-09-02"]
    assert data["evidence"]["year"].tolist() == [2024, 2024]
    assert data["monitoring"][["level", "between_school_rate"]].values.tolist() == [[3, 0.12], [4, 0.125]]
    assert data["schools"]["boarding"].tolist() == [True, False, pd.NA]
    assert {fault.severity for fault in data.faults} == {Severity.NOTE}


def test_title_rows_merged_or_not_and_blank_rows_leave_excels_row_numbers(book, tmp_path):
    rows = [["某区学段统计表"], [], HEAD, ROW, [], [2024, "0102", "小学", "甲"]]
    made = openpyxl.load_workbook(book(学段=rows))
    made["学段"].merge_cells("A1:D1")
    made.save(tmp_path / "merged.xlsx")
    data = read(tmp_path / "merged.xlsx")
    assert [data.line("sections", position) for position in (0, 1)] == [4, 6]
    assert found(data) == [("F11", "sections", "D6")]


def test_a_table_may_start_anywhere_and_reach_beyond_column_z(book):
    extra = [f"自列{number}" for number in range(1, 24)]
    data = read(book(学段=[[], [None, None, *HEAD, *extra], [None, None, *ROW[:3], "甲", *range(1, 24)]]))
    assert ("F11", "sections", "F3") in found(data)
    assert data.cell("sections", 0, "school_id") == "D3"
    assert data.cell("sections", 0, "自列23") == "AC3"  # C is the third, 4 of ours, 23 of theirs: the 29th
    assert data["sections"]["自列23"].tolist() == [23]


def test_columns_beyond_the_registry_are_kept_and_noted_at_their_header(book):
    data = read(book(学段=[[*HEAD, "备注", "编码"], [*ROW, "x", "007"]]))
    assert data["sections"].loc[0, ["备注", "编码"]].tolist() == ["x", "007"]
    assert found(data) == [("F21", "sections", "E1"), ("F21", "sections", "F1")]
    assert {fault.severity for fault in data.faults} == {Severity.NOTE}


def test_a_header_that_is_missing_above_content_is_named_by_its_place(book):
    data = read(book(学段=[["※校名", *HEAD, None], ["甲小学", *ROW, "x"]]))
    assert found(data) == [("F27", "sections", "F1")]  # it may be one of ours: a warning, not a note
    assert data["sections"]["第6列"].tolist() == ["x"]


def test_guiding_columns_are_not_read_and_rows_of_the_template_that_nobody_filled_in_are_none(book):
    head = ["学年", "县区", "条目", "※条目内容", "达到情况"]
    rows = [
        [2024, None, "C8.1", "规划", None],
        [2024, None, "C8.2", "布局", "达到"],
        [2024, "甲区", "C8.3", "x", None],
    ]
    data = read(book(佐证材料=[head, *rows]))
    assert data["evidence"]["item"].tolist() == ["C8.2", "C8.3"]
    assert list(data["evidence"]) == TABLES["evidence"].names
    assert found(data) == [("F10", "evidence", "B3")]  # what is filled in has a key, and says where it is not


def test_other_sheets_are_noted_and_ours_that_hold_no_data_are_not(book):
    data = read(book(学段=[HEAD, ROW], 填报说明=[["a"]], 条目说明=[["b"]], 核查结果=[["c"]], 草稿=[["d"]]))
    assert [(f.rule, "草稿" in f.message) for f in data.faults] == [("F22", True)]


def test_a_sheet_may_be_empty_or_have_a_header_only(book):
    data = read(book(学段=[], 经费=[["学年", "学校标识码", "公用经费预算（元）"]]))
    assert (len(data["sections"]), len(data["funds"]), data.faults) == (0, 0, ())
    assert data["funds"].dtypes.equals(TABLES["funds"].empty().dtypes)


# Formulas


def formulas(path, *cells):
    """Make a workbook whose pupils are formulas: each with its stored result, or None."""
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("学段")
        sheet.write_row(0, 0, HEAD)
        for row, (formula, result) in enumerate(cells, start=1):
            sheet.write_row(row, 0, [2024, f"{row}", "小学"])
            sheet.write_formula(row, 3, formula, None, result)
    return path


def test_a_formula_is_read_by_its_stored_result(tmp_path):
    data = read(formulas(tmp_path / "a.xlsx", ("=400+500", 900), ('="12 人"', "12 人")))
    assert data["sections"]["pupils"].tolist() == [900, 12]
    assert not data.stops


def test_a_formula_whose_result_is_an_empty_text_is_no_data(book, tmp_path):
    # So Excel stores ="": of type str, with a value that is empty
    row = (
        '<row r="3"><c r="A3"><v>2024</v></c><c r="B3" t="str"><v>2</v></c><c r="C3" t="str"><v>小学</v></c>'
    )
    cell = '<c r="D3" t="str"><f>""</f><v></v></c></row>'
    data = read(replaced(book(学段=[HEAD]), tmp_path / "a.xlsx", sheet_xml(row + cell)))
    assert np.isnan(data["sections"].loc[1, "pupils"])
    assert data.faults == ()


def test_a_formula_without_a_result_and_an_error_are_faults_in_their_cells_and_no_data(book, tmp_path):
    data = read(book(学段=[HEAD, ROW, [2024, "0102", "小学", "=SUM(D2:D2)"]]))
    assert found(data) == [("F19", "sections", "D3")]
    assert (data.faults[0].severity, data.faults[0].school_id) == (Severity.STOPS, "0102")
    assert np.isnan(data["sections"]["pupils"][1])
    data = read(formulas(tmp_path / "b.xlsx", ("=1/0", "#DIV/0!"), ("=1", 1)))
    assert found(data) == [("F19", "sections", "D2")]
    assert "#DIV/0!" in data.faults[0].message


def test_a_key_that_is_an_uncomputed_formula_is_said_once(book):
    data = read(book(学段=[HEAD, [2024, "=B9", "小学", 5], ["=A2", "1", "小学", 5]]))
    assert found(data) == [("F19", "sections", "B2"), ("F19", "sections", "A3")]


def test_a_formula_above_the_header_or_in_a_guiding_column_does_not_matter(book):
    data = read(book(学段=[["共", "=COUNTA(B3:B9)"], [*HEAD, "※合计"], [*ROW, "=D3"]]))
    assert data.faults == ()


# Faults carry their cells


def test_every_fault_of_a_cell_names_it_as_excel_does(book):
    rows = [
        ["在校生数", "学校标识码", "学年", "学段"],
        ["九百", "1", 2024, "小学"],
        [-5, "2", 2024, "小学部"],
        [5, None, 2024, "小学"],
        [5, "3", None, "小学"],
    ]
    data = read(book(学段=rows))
    assert [(f.rule, f.cell, f.row) for f in data.faults] == [
        ("F11", "A2", 2),
        ("F15", "D3", 3),
        ("F13", "A3", 3),
        ("F10", "B4", 4),
        ("F10", "C5", 5),
    ]
    assert "“-5”" in data.faults[2].message


def test_what_the_check_finds_between_rows_and_tables_has_its_cell_too(book):
    rows = [[], ["备注", *HEAD], [None, *ROW], [None, *ROW]]
    data = read(book(学校=[["学校标识码", "县区"], ["0102", "甲区"]], 学段=rows))
    assert [(f.rule, f.cell) for f in check(data) if f.rule.startswith("K")] == [
        ("K02", "C3"),  # one code that is unknown is one finding
        ("K01", "D4"),
    ]


def test_a_dataset_from_elsewhere_has_no_cells_and_a_changed_table_loses_them(book):
    data = read(book(学段=[HEAD, ROW]))
    assert data.cell("sections", 0, "pupils") == "D2"
    assert data.cell("sections", 0, "backbone_teachers") is None
    assert data.replace(sections=data["sections"]).cell("sections", 0, "pupils") is None
    assert Dataset.of(sections=data["sections"]).cell("sections", 0, "pupils") is None


# Files that cannot be read


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "空的"),
        (b"year,school_id\n2024,1\n", "不是有效的工作簿"),
        (b"PK\x03\x04 and nothing more", "不是有效的工作簿"),
        (OLE + bytes(600), "不是有效的工作簿"),
        (OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "有密码"),
    ],
    ids=["empty", "csv", "damaged", "old", "locked"],
)
def test_what_is_no_workbook_is_refused_with_the_reason(tmp_path, content, said):
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read(tmp_path / "a.xlsx")


def test_another_kind_of_file_or_none_is_refused(tmp_path, book):
    assert refused(tmp_path / "nowhere.xlsx") == [("F01", None, None)]
    old = tmp_path / "a.xls"
    old.write_bytes(OLE)
    with pytest.raises(DataError, match="另存为"):
        read(old)
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refused(tmp_path / "b.xlsx") == [("F04", None, None)]


def test_a_workbook_without_any_table_or_with_one_twice_is_refused(book):
    assert refused(book(草稿=[HEAD, ROW])) == [("F02", None, None)]
    assert refused(book(学段=[HEAD, ROW], sections=[HEAD, ROW])) == [("F03", "sections", None)]


def test_what_keeps_a_table_from_being_read_is_told_with_its_cell(book):
    path = book(
        学段=[[*HEAD[1:], "pupils"], [*ROW[1:], 5]], 办学条件=[["学年", "学段", "教学仪器设备值（万元）"]]
    )
    assert refused(path) == [
        ("F05", "sections", None),
        ("F06", "sections", "D1"),
        ("F05", "facilities", None),
        ("F07", "facilities", "C1"),
    ]


def replaced(source, target, xml, part="xl/worksheets/sheet1.xml"):
    """Copy a workbook with another sheet in it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, xml if entry.filename == part else old.read(entry))
    return target


def sheet_xml(rows):
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    head = "".join(
        f'<c r="{c}1" t="inlineStr"><is><t>{h}</t></is></c>' for c, h in zip("ABCD", HEAD, strict=True)
    )
    words = '<c r="B2" t="str"><v>1</v></c><c r="C2" t="str"><v>小学</v></c>'
    first = f'<row r="2"><c r="A2"><v>2024</v></c>{words}</row>'
    return (
        f'<worksheet xmlns="{space}"><sheetData><row r="1">{head}</row>{first}{rows}</sheetData></worksheet>'
    )


def test_a_zip_bomb_is_refused_before_it_is_unpacked(book, tmp_path):
    chunk = b" " * 2**24
    with (
        zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(UNPACKED_LIMIT // len(chunk) + 1):
            part.write(chunk)
    for reader in (read, read_excel):
        with pytest.raises(QbError, match="超过 1 GiB 的上限"):
            reader(tmp_path / "bomb.xlsx")


def test_a_part_larger_than_it_declares_is_refused(book, tmp_path):
    honest = sheet_xml("").encode()
    whole = honest + b" " * 2**20
    path = replaced(book(学段=[HEAD]), tmp_path / "lie.xlsx", whole)
    data = path.read_bytes()
    for true, told in ((len(whole), len(honest)), (zlib.crc32(whole), zlib.crc32(honest))):
        data = data.replace(struct.pack("<I", true), struct.pack("<I", told))
    path.write_bytes(data)
    assert refused(path) == [("F04", None, None)]


def test_a_million_empty_formatted_rows_are_no_rows(book, tmp_path):
    rows = "".join(f'<row r="{n}" s="1" customFormat="1"/>' for n in range(3, 1_048_577))
    data = read(replaced(book(学段=[HEAD]), tmp_path / "rows.xlsx", sheet_xml(rows)))
    assert data["sections"]["school_id"].tolist() == ["1"]
    assert data.faults == ()


def test_a_stray_cell_far_below_is_told_and_one_that_would_fill_the_memory_is_refused(book, tmp_path):
    base = book(学段=[HEAD])
    far = '<row r="1048576"><c r="{}1048576" t="str"><v>x</v></c></row>'
    data = read(replaced(base, tmp_path / "below.xlsx", sheet_xml(far.format("D"))))
    assert ("F11", "sections", "D1048576") in found(data)
    beyond = replaced(base, tmp_path / "beyond.xlsx", sheet_xml(far.format("XFD")))
    with pytest.raises(DataError, match="第 XFD 列、第 1048576 行"):
        read(beyond)
    assert AREA_LIMIT < 16_384 * 1_048_576
    formatted = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'  # without content it does no harm
    assert read(replaced(base, tmp_path / "formatted.xlsx", sheet_xml(formatted))).faults == ()


@pytest.mark.parametrize(("cell", "column"), [("XFD2", "XFD"), ("BTRUE2", "BTRUE"), ("abcd2", "ABCD")])
def test_a_stray_cell_far_to_the_right_costs_no_time(book, tmp_path, cell, column):
    stray = replaced(
        book(学段=[HEAD]),
        tmp_path / "right.xlsx",
        sheet_xml(f'<row r="2"><c r="{cell}" t="str"><v>x</v></c></row>'),
    )
    start = time.process_time()
    data = read(stray)
    assert time.process_time() - start < allowed(5)
    assert found(data) == [("F27", "sections", f"{column}1")]
    assert column_number(column) > 16_000 and data["sections"]["school_id"].tolist() == ["1"]


def test_a_sheet_may_have_a_name_in_code_that_looks_like_a_cell(book, tmp_path):
    named = '<sheetPr codeName="Sheet1"><pageSetUpPr fitToPage="1"/></sheetPr><sheetData>'
    xml = sheet_xml('<row r="3000"><c r="D3000"><v>5</v></c></row>').replace("<sheetData>", named)
    data = read(replaced(book(学段=[HEAD]), tmp_path / "named.xlsx", xml))
    assert ("F10", "sections", "A3000") in found(data)  # read to the last row, not refused


@pytest.mark.parametrize("encoding", ["UTFF-8", "gb2312"])
def test_a_workbook_in_no_encoding_of_workbooks_is_refused(book, tmp_path, encoding):
    path = book(学段=[HEAD, ROW])
    with zipfile.ZipFile(path) as archive:
        text = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + archive.read("xl/workbook.xml")
    assert refused(replaced(path, tmp_path / "a.xlsx", text, "xl/workbook.xml"))[0][0] in ("F04", "F02")


def test_a_part_of_the_same_name_twice_is_refused(book, tmp_path):
    path = book(学段=[HEAD, ROW])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/Sheet1.xml", sheet_xml(""))
    assert refused(path) == [("F04", None, None)]


@pytest.mark.parametrize("broken", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_workbook_with_a_broken_part_is_refused(book, tmp_path, broken):
    path = replaced(book(学段=[HEAD, ROW]), tmp_path / "a.xlsx", "<worksheet", broken)
    assert refused(path)[0][0] in ("F04", "F02")


STRANGE = [
    "a/b",
    "a\\b",
    "..",
    "../../x",
    "<b>",
    'say "x"',
    "=1+1",
    '=HYPERLINK("http://a.b")',
    "+1",
    "@x",
    "字" * 32_767,
]


@pytest.mark.parametrize("name", STRANGE, ids=range(len(STRANGE)))
def test_a_strange_name_is_a_text_like_any_other(tmp_path, name):
    path = tmp_path / "a.xlsx"
    write(
        Dataset.of(schools=pd.DataFrame({"school_id": [name[:20]], "name": [name], name: [name]})),
        path,
        "xlsx",
    )
    data = read(path)
    assert data["schools"].loc[0, ["school_id", "name", name]].tolist() == [name[:20], name, name]
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
    cells = [cell for row in openpyxl.load_workbook(path)["学校"] for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}


# Written without loss


def same(one, two):
    for name in TABLES:
        pd.testing.assert_frame_equal(one[name], two[name])


WORDS = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Cn"))
        | st.sampled_from("=+-@'\",\n\r\t")
    )
    .map(str.strip)
    .filter(lambda text: text not in BLANKS)
)
NUMBERS = st.none() | st.floats(0, 1e15) | st.integers(0, 10**9).map(float)
ROWS = st.lists(
    st.tuples(
        WORDS,
        st.none() | WORDS,
        st.none() | st.booleans(),
        NUMBERS,
        st.none() | st.dates().map(str),
        st.none() | st.sampled_from(["met", "partly", "unmet"]),
    ),
    max_size=6,
)


@settings(max_examples=5, deadline=None)
@given(ROWS)
def test_any_dataset_survives_all_three_forms_one_after_the_other(rows):
    count = len(rows)
    name, group, boarding, number, day, status = (
        (list(c) for c in zip(*rows, strict=True)) if rows else [[]] * 6
    )
    ids = [f"{i:03d}" for i in range(count)]
    year = [2024] * count
    data = Dataset.of(
        schools=pd.DataFrame(
            {
                "school_id": pd.Series(ids, dtype="str"),
                "name": pd.Series(name, dtype="str"),
                "group": pd.Series(group, dtype="str"),
                "boarding": pd.Series(boarding, dtype="boolean"),
                "备注": pd.Series(ids, dtype="str"),
            }
        ),
        zones=pd.DataFrame(
            {"year": year, "zone_id": ids, "primary_children": pd.Series(number, dtype="float64")}
        ),
        evidence=pd.DataFrame(
            {
                "year": year,
                "district": ["甲区"] * count,
                "item": ids,
                "status": pd.Series(status, dtype="str"),
                "checked_on": pd.Series(day, dtype="str"),
            }
        ),
    )
    with tempfile.TemporaryDirectory() as place:
        for form, target in (
            ("xlsx", "a.xlsx"),
            ("csv", "b"),
            ("xlsx", "c.xlsx"),
            ("parquet", "d"),
            ("xlsx", "e.xlsx"),
        ):
            path = Path(place) / target
            write(data, path, form)
            again = read(path)
            same(again, data)
            assert [fault.rule for fault in again.faults] == ["F21"]
            data = again


def test_the_sample_goes_through_a_workbook_unchanged(committed, tmp_path):
    write(committed, tmp_path / "a.xlsx", "xlsx")
    data = read(tmp_path / "a.xlsx")
    same(data, committed)
    assert data.faults == ()


def test_columns_beyond_the_registry_keep_their_types(tmp_path):
    extra = {"数": [1.5, np.nan], "码": ["007", None], "否": pd.array([True, None], dtype="boolean")}
    data = Dataset.of(schools=pd.DataFrame({"school_id": ["1", "2"], **extra}))
    write(data, tmp_path / "a.xlsx", "xlsx")
    same(read(tmp_path / "a.xlsx"), data)


def test_a_written_workbook_reads_as_a_person_expects(tmp_path):
    sections = pd.DataFrame({"year": [2024], "school_id": ["01"], "stage": ["primary"], "pupils": [900.0]})
    days = pd.DataFrame({"number": [1.0], "deadline": ["2025-06-30"], "status": ["open"]})
    write(Dataset.of(sections=sections, measures=days), tmp_path / "a.xlsx", "xlsx")
    made = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert made.sheetnames == ["学校", "学段", "整改台账"]  # tables without rows are not written
    sheet = made["学段"]
    assert [cell.value for cell in sheet[1]][:4] == HEAD
    assert [cell.value for cell in sheet[2]][:4] == [2024, "01", "小学", 900]
    assert sheet["B2"].number_format == "@"
    assert sheet.freeze_panes == "A2"
    ledger = {cell.value: made["整改台账"].cell(2, cell.column).value for cell in made["整改台账"][1]}
    assert ledger["完成时限"] == datetime.datetime(2025, 6, 30)
    assert ledger["整改状态"] == "整改中"


@pytest.mark.parametrize("number", [0.1 + 0.2, 1 / 3, 9.87654321e14, 5e-324, 2**49 + 0.5])
def test_a_number_keeps_all_its_digits(tmp_path, number):
    data = Dataset.of(zones=pd.DataFrame({"year": [2024], "zone_id": ["1"], "primary_children": [number]}))
    write(data, tmp_path / "a.xlsx", "xlsx")
    assert read(tmp_path / "a.xlsx")["zones"].loc[0, "primary_children"] == number


def test_what_a_workbook_cannot_hold_is_refused_and_nothing_is_written(tmp_path, monkeypatch):
    long = Dataset.of(schools=pd.DataFrame({"school_id": ["1"], "name": ["字" * 32_768]}))
    with pytest.raises(QbError, match="第 2 行“学校名称”有 32,768 字"):
        write(long, tmp_path / "a.xlsx", "xlsx")
    monkeypatch.setattr("qb.data.workbook.ROWS", 3)
    with pytest.raises(QbError, match="3 行，超过"):
        write(Dataset.of(schools=pd.DataFrame({"school_id": ["1", "2", "3"]})), tmp_path / "a.xlsx", "xlsx")
    with pytest.raises(QbError, match=r"应以 .xlsx 结尾"):
        write(Dataset.of(), tmp_path / "a.xls", "xlsx")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_workbook_is_replaced_only_when_asked_and_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    write(Dataset.of(schools=pd.DataFrame({"school_id": ["1"]})), path, "xlsx")
    two = Dataset.of(schools=pd.DataFrame({"school_id": ["2"]}))
    with pytest.raises(QbError, match="已经存在"):
        write(two, path, "xlsx")
    with monkeypatch.context() as broken:
        broken.setattr(
            Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(QbError, match="磁盘已满"):
            write(two, path, "xlsx", replace=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.xlsx"]
    assert read(path)["schools"]["school_id"].tolist() == ["1"]
    write(two, path, "xlsx", replace=True)
    assert read(path)["schools"]["school_id"].tolist() == ["2"]
