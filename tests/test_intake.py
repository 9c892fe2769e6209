"""Files as clerks hand them in: each holds one slip, and gets one finding that says its cause, or is read.

What each must get was written down beside the slips before anything was mended; all schools are invented
(模拟数据).
"""

import csv
import datetime
import os
import re
import subprocess
import sys
import time
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clock import allowed

from qb.cli import check as run_check
from qb.data.cell_values import tidy_cells, unseen
from qb.data.checks import check, doubts
from qb.data.marking import mark
from qb.data.reading import read, write
from qb.data.recipe import convert, load_recipe
from qb.errors import DataError, Fault, QbError
from qb.language import NOTHING, Message
from qb.terms import Severity

PHONE, IDENTITY = "13800001111", "11010519491231002X"  # the second is the example of GB 11643-1999
SCHOOLS = [
    ("0234001", "河湾区第一小学", "河湾区", "小学", "公办", "城区"),
    ("0234002", "河湾区柳林小学", "河湾区", "小学", "公办", "镇区"),
    ("0234003", "河湾区第一中学", "河湾区", "初级中学", "公办", "城区"),
    ("0234004", "河湾区实验学校", "河湾区", "九年一贯制学校", "公办", "城区"),
    ("0234005", "河湾区东庄小学", "河湾区", "小学", "公办", "乡村"),
]
SECTIONS = [
    ("0234001", "小学", 1200, 66),
    ("0234002", "小学", 480, 28),
    ("0234003", "初中", 900, 70),
    ("0234004", "小学", 700, 40),
    ("0234004", "初中", 500, 42),
    ("0234005", "小学", 220, 15),
]
SHEETS = {
    "学校": [("学校标识码", "学校名称", "县区", "办学类型", "办学性质", "城乡类别"), *SCHOOLS],
    "学段": [
        ("学年", "学校标识码", "学段", "在校生数（人）", "专任教师数（人）"),
        *((2025, *row) for row in SECTIONS),
    ],
    "办学条件": [
        ("学年", "学校标识码", "学段", "教学仪器设备值（元）"),
        (2025, "0234001", "小学", 2_800_000),
        (2025, "0234002", "小学", 1_100_000),
        (2025, "0234003", "初中", 2_600_000),
        (2025, "0234004", "全校", 3_000_000),
        (2025, "0234005", "小学", 520_000),
    ],
}


@pytest.fixture
def book(tmp_path):
    """Return a function that saves the filled-in workbook after a slip was made in it."""

    def make(slip=lambda made: None, name="a.xlsx", **sheets):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, rows in {**SHEETS, **sheets}.items():
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(row)
        slip(made)
        made.save(tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes the tables as CSV, one of them as given."""

    def make(name="学段.csv", content=None):
        made = tmp_path / "data"
        made.mkdir()
        for title, rows in SHEETS.items():
            if title not in name:
                (made / f"{title}.csv").write_text(lines(rows), encoding="utf-8")
        (made / name).write_bytes(content)
        return made

    return make


def lines(rows, separator=","):
    return "".join(separator.join(map(str, row)) + "\r\n" for row in rows)


def told(path):
    """Return what the check says: rule, table, cell or row."""
    return [(f.rule, f.table, f.cell or f.row) for f in check(read(path))]


def values(path, table="sections", column="school_id"):
    return read(path)[table][column].tolist()


CODES = [code for code, *_ in SECTIONS]


def test_the_workbook_without_a_slip_has_no_fault(book):
    assert told(book()) == []


# Codes


def test_codes_shown_through_a_format_of_zeros_are_read_as_shown(book):
    def slip(made):
        for row in range(2, 7):
            cell = made["学校"].cell(row, 1)
            cell.value, cell.number_format = int(cell.value), "0000000"

    path = book(slip)
    assert told(path) == []
    assert sorted(values(path, "schools")) == [code for code, *_ in SCHOOLS]


def test_codes_without_their_zeros_are_one_finding_and_no_school_is_asked_for(book):
    def slip(made):
        for row in range(2, 7):
            made["学校"].cell(row, 1).value = int(made["学校"].cell(row, 1).value)

    (found,) = check(read(book(slip)))
    assert (found.rule, found.table, found.cell) == ("K13", "schools", "A2")
    assert "5 个标识码" in found.message and "文本格式" in found.remedy and "补上这所学校" not in found.remedy


def test_codes_in_scientific_notation_are_one_finding_and_no_key_is_compared(folder):
    rows = [SHEETS["学段"][0], *((2025, "2.14E+09", *row[1:]) for row in SECTIONS)]
    (found,) = check(read(folder(content=lines(rows).encode("gb18030"))))
    assert (found.rule, found.rows) == ("F18", (2, 3, 4, 5, 6, 7))
    assert "6 处：第 2—7 行" in found.message


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u202c", "\u200e"])
def test_what_no_eye_sees_is_taken_out_of_a_code_with_a_note(book, mark):
    def slip(made):
        made["学段"]["B2"] = "0234001" + mark

    path = book(slip)
    assert told(path) == [("F20", "sections", "B2")] and values(path) == CODES


def test_a_guard_around_a_code_is_no_part_of_it(folder):
    rows = [SHEETS["学段"][0], *((2025, f'"=""{row[0]}"""', *row[1:]) for row in SECTIONS)]
    path = folder(content=lines(rows).encode("gb18030"))
    assert told(path) == [("F20", "sections", 2)] and values(path) == CODES


def test_a_name_where_the_code_belongs_is_told_once_with_the_code(book):
    def slip(made):
        made["学段"]["B3"] = "河湾区柳林小学"

    found = [f for f in check(read(book(slip))) if f.severity is Severity.STOPS]
    assert [(f.rule, f.cell) for f in found] == [("K02", "B3")]
    assert "其标识码是 0234002" in found[0].message


# Cells


def test_an_error_and_a_formula_without_a_result_are_told_in_cells_without_names(book, tmp_path):
    def slip(made):
        made["学段"]["D3"], made["学段"]["E4"] = "=1/0", "=1+1"

    source = book(slip)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for part in old.namelist():
            xml = old.read(part)
            if part == "xl/worksheets/sheet2.xml":
                error = rb'<c r="D3"\1 t="e"><f>1/0</f><v>#DIV/0!</v></c>'
                xml = re.sub(rb'<c r="D3"([^>]*)>.*?</c>', error, xml)
                xml = re.sub(rb'(<c) r="[A-Z]+\d+"', rb"\1", xml)
            new.writestr(part, xml)
    assert told(tmp_path / "b.xlsx") == [("F19", "sections", "D3"), ("F19", "sections", "E4")]


def test_days_are_read_where_they_are_plain_and_refused_with_the_reason(book):
    typed = [
        45901, 20250901, datetime.datetime(2025, 9, 1, 14, 30), "2025.9.1", "25-9-1", "2025年9月", "9月1日",
    ]  # fmt: skip
    rows = [("学年", "县区", "条目", "核查日期")]
    rows += [(2025, "河湾区", f"C8.{n}", day) for n, day in enumerate(typed, start=1)]

    def slip(made):
        made["佐证材料"]["D2"].number_format = "General"

    data = read(book(slip, 佐证材料=rows))
    assert data["evidence"]["checked_on"].tolist()[:4] == ["2025-09-01"] * 4
    assert data["evidence"]["checked_on"].isna().tolist() == [False] * 4 + [True] * 3
    refused = {f.cell: f.message for f in data.faults if f.rule == "F17"}
    assert "两位数的年份" in refused["D6"] and "没有写日" in refused["D7"] and "没有写年份" in refused["D8"]


@pytest.mark.parametrize("typed", ["10①", "10²", "㉑", "10*", "10 ¹"])
def test_a_mark_beside_a_number_is_no_digit(book, typed):
    def slip(made):
        made["学段"]["D2"] = typed

    (found,) = read(book(slip)).faults
    assert (found.rule, found.cell) == ("F11", "D2") and "注号" in found.message


def test_grades_classes_levels_and_shares_as_people_write_them(book):
    path = book(
        班级=[
            ("学年", "学校标识码", "学段", "年级", "班号", "班额"),
            (2025, "0234001", "小学", "一年级", "1班", 40),
            (2025, "0234003", "初中", "初二", "八（3）班", 45),
        ],
        质量监测=[
            ("学年", "县区", "学科", "水平等级", "校际差异率"),
            (2025, "河湾区", "语文", "Ⅲ级", "12 %"),
        ],
    )
    data = read(path)
    assert data["classes"][["grade", "class_no"]].to_numpy().tolist() == [[1, 1], [8, 3]]
    assert data["monitoring"][["level", "between_school_rate"]].to_numpy().tolist() == [[3, 0.12]]


# Headers


def test_headers_are_read_with_marks_units_and_breaks(book):
    heads = ("学年：", "学校标识码*", "学 段", "在校生数\n（人）", "专任教师数【人】*")
    path = book(学段=[heads, *SHEETS["学段"][1:]])
    assert told(path) == [] and values(path, column="full_time_teachers") == [66, 28, 70, 40, 42, 15]
    path = book(name="b.xlsx", 学段=[(*SHEETS["学段"][0][:4], "③专任教师数/人"), *SHEETS["学段"][1:]])
    assert told(path) == [] and values(path, column="full_time_teachers") == [66, 28, 70, 40, 42, 15]


def test_a_header_that_only_looks_like_one_of_ours_is_asked_about(book):
    path = book(学段=[(*SHEETS["学段"][0][:4], "专任教师人数"), *SHEETS["学段"][1:]])
    (found,) = read(path).faults
    assert (found.rule, found.severity, found.cell) == ("F27", Severity.WARNING, "E1")
    assert "像是“专任教师数”列" in found.message


def test_two_rows_of_headers_with_heads_of_groups_are_read(book):
    def slip(made):
        sheet = made["学段"]
        sheet.insert_rows(1)
        for column in (1, 2, 3):
            sheet.cell(1, column).value, sheet.cell(2, column).value = sheet.cell(2, column).value, None
            sheet.merge_cells(start_row=1, end_row=2, start_column=column, end_column=column)
        sheet["D1"] = "人数"
        sheet.merge_cells("D1:E1")

    path = book(slip)
    assert told(path) == [("F28", "sections", 1)] and values(path, column="pupils") == [
        r[2] for r in SECTIONS
    ]


def test_merged_keys_are_filled_down_and_merged_numbers_are_not(book):
    def slip(made):
        sheet = made["学段"]
        sheet["A6"] = sheet["B6"] = None
        sheet.merge_cells("A5:A6")
        sheet.merge_cells("B5:B6")

    path = book(slip)
    assert values(path) == CODES
    assert told(path) == [("F28", "sections", "A5"), ("F28", "sections", "B5")]

    def numbers(made):
        made["学段"].merge_cells("D5:D6")

    data = read(book(numbers, name="b.xlsx"))
    assert [(f.rule, f.cell) for f in data.faults] == [("F29", "D5")]
    assert pd.isna(data["sections"]["pupils"].iloc[4])


@pytest.mark.parametrize(
    ("header", "table", "found"),
    [
        ("在校生数（含附属幼儿园）", "学段", [("F27", "sections", "D1")]),
        ("在校生数(人，含附设幼儿班)", "学段", [("F27", "sections", "D1")]),
        ("在校生数（不含幼儿园）", "学段", []),
        ("在校生数（2024学年）", "学段", None),
        ("在校生数（千人）", "学段", None),
        (1200, "学段", [("F27", "sections", "D1")]),  # typed over
        (None, "学段", [("F27", "sections", "D1")]),
        ("教学及辅助用房面积（含室内体育用房）", "办学条件", []),  # as the column is meant
        ("教学仪器设备值（万元）", "办学条件", None),
        ("教学仪器设备值（人民币万元）", "办学条件", None),
    ],
)
def test_a_remark_in_a_header_is_read_asked_about_or_refused(book, header, table, found):
    path = book(**{table: [(*SHEETS[table][0][:3], header, *SHEETS[table][0][4:]), *SHEETS[table][1:]]})
    if found is None:
        with pytest.raises(DataError, match="的单位应为"):
            read(path)
        return
    assert [(f.rule, f.table, f.cell) for f in read(path).faults] == found


def test_cells_merged_over_columns_are_told(book):
    """What the second column would have said is not known, and is not taken for "not handed in"."""
    path = book(lambda made: made["学段"].merge_cells("D2:E2"))
    assert [(f.rule, f.cell) for f in read(path).faults] == [("F29", "D2")]
    title = book(lambda made: (made["学段"].insert_rows(1), made["学段"].merge_cells("A1:E1")), name="b.xlsx")
    assert read(title).faults == ()


# Rows that are no records


def test_a_header_that_comes_again_on_the_next_page_is_left_out(book):
    path = book(学段=[*SHEETS["学段"][:4], SHEETS["学段"][0], *SHEETS["学段"][4:]])
    assert told(path) == [("F25", "sections", "A5")] and values(path) == CODES


def test_a_space_within_a_code_is_none_of_it(book):
    def slip(made):
        made["学段"]["B2"] = " 023 4001"

    path = book(slip)
    assert told(path) == [("F20", "sections", "B2")] and values(path) == CODES


def test_totals_notes_and_signatures_are_left_out_each_with_one_finding(book):
    def slip(made):
        sheet = made["学段"]
        sheet["A9"], sheet["D9"] = "合 计", 4000
        sheet["A10"] = "注：数据截至2025年9月1日，由各校填报。"
        sheet["A11"] = f"填表人：张某  联系电话：{PHONE}"
        for row, text in enumerate(("制表人：张某", "以上数据截至9月1日，由各校填报"), start=8):
            made["学校"][f"A{row}"] = text  # where the codes of schools stand

    path = book(slip)
    notes = [
        ("F25", "schools", "A8"),
        ("F25", "schools", "A9"),
        ("F25", "sections", "A9"),
        ("F25", "sections", "A10"),
    ]
    assert told(path) == [*notes, ("P02", "sections", "A11")]
    assert values(path) == CODES and len(read(path)["schools"]) == 5


def test_a_row_without_a_code_that_is_the_sum_of_those_above_is_left_out(book):
    path = book(学段=[*SHEETS["学段"], (2025, None, None, 4000, 261)])
    assert told(path) == [("F25", "sections", "D8")] and values(path) == CODES


def test_a_year_dragged_too_far_is_one_finding(book):
    path = book(学段=[*SHEETS["学段"], *[(2025,)] * 32])
    (found,) = check(read(path))
    assert (found.rule, found.cell, found.rows) == ("F26", "A8", tuple(range(8, 40)))
    assert "第 8—39 行只填了学年 2025，" in found.message


def test_an_own_column_never_blocks(book):
    def slip(made):
        made["学段"]["G1"], made["学段"]["G2"], made["学段"]["G3"] = "生师比", 15, "#DIV/0!"
        made["学段"]["G3"].data_type = "e"

    found = read(book(slip)).faults
    assert {(f.rule, f.severity) for f in found} == {("F21", Severity.NOTE)}
    assert any("错误值" in f.message and f.cell == "G3" for f in found)


# Files


@pytest.mark.parametrize("separator", [";", "\t", "，", "|"])
def test_other_separators_are_read_with_a_note(folder, separator):
    path = folder(content=lines(SHEETS["学段"], separator).encode())
    assert told(path) == [("F28", "sections", None)] and values(path) == CODES


def test_a_stated_separator_and_title_lines_without_any(folder):
    content = "sep=;\r\n河湾区2025学年学段基本情况\r\n" + lines(SHEETS["学段"], ";")
    data = read(folder(content=content.encode()))
    assert data["sections"]["school_id"].tolist() == CODES and data.line("sections", 0) == 4


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "big5", "gb18030", "utf-8-sig"])
def test_encodings(folder, encoding):
    rows = [("school_id", "name", "district"), *((f"{n}", "國民小學臺北縣學校", "臺北縣") for n in range(40))]
    if encoding == "gb18030":
        rows = [rows[0], *((f"{n}", "河湾区第一小学", "河湾区") for n in range(40))]
    names = values(folder("学校.csv", lines(rows).encode(encoding)), "schools", "name")
    assert set(names) == {rows[1][1]}


@pytest.mark.parametrize("name", ["学段（2025）.csv", "2 学段.csv", "学段表.csv"])
def test_a_file_whose_name_begins_like_ours_is_read_with_a_note(folder, name):
    path = folder(name, lines(SHEETS["学段"]).encode())
    assert told(path) == [("F28", "sections", None)] and values(path) == CODES


def test_a_sheet_that_only_looks_like_ours_is_asked_about(book):
    (found,) = check(read(book(学段统计=[("甲", "乙")])))
    assert (found.rule, found.severity) == ("F27", Severity.WARNING) and "像是“学段”表" in found.message


def test_formats_to_the_last_row_and_a_blank_to_the_last_column_do_no_harm(book):
    def slip(made):
        for column in range(1, 6):
            made["学段"].cell(1048576, column).number_format = "0"
        made["学段"]["XFD1"] = " "

    path = book(slip)
    assert told(path) == [] and values(path) == CODES


def test_a_line_that_no_table_has_is_refused_before_it_is_read_whole(folder):
    path = folder(content=b"a," * 9_000_000)
    with pytest.raises(DataError, match="有一行超过 16 MiB"):
        read(path)


@pytest.mark.parametrize("more", [1_000, 15_000, 100_000])
def test_more_columns_than_any_table_has_are_refused_with_their_number_at_once(folder, more):
    path = folder(
        content=lines([[*SHEETS["学段"][0], *range(more)], [2025, *SECTIONS[0], *range(more)]]).encode()
    )
    start = time.process_time()
    with pytest.raises(DataError, match=f"有 {more + 5:,} 列"):
        read(path)
    assert time.process_time() - start < allowed(5)


def test_a_line_of_half_a_gigabyte_is_refused_without_reading_it_whole(tmp_path):
    """In a process of its own, for its memory: what it takes above that of an empty one is below 200 MiB."""
    (tmp_path / "d").mkdir()
    with (tmp_path / "d" / "学段.csv").open("wb") as file:
        file.write("学年,学校标识码,学段\n".encode())
        file.truncate(500 * 2**20)  # a line of zeros, of which the disk holds nothing
    code = """
import resource, sys, time
from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.errors import DataError
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    read(sys.argv[1])
except DataError as error:
    print(error)
print(time.process_time() - start)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "d")], capture_output=True, text=True, check=True
    )
    *said, seconds, memory = done.stdout.split("\n")[:-1]
    assert "有一行超过 16 MiB（文件共 500 MiB），没有读入" in "".join(said)
    assert float(seconds) < 2 and float(memory) < 200


def test_names_that_are_no_utf8_are_read_or_told_in_a_sentence(tmp_path, capsys):
    """As a zip made on a Chinese Windows leaves them where it is unpacked elsewhere."""
    for title, rows in SHEETS.items():
        name = os.fsdecode(f"{title}.csv".encode("gb18030"))
        (tmp_path / name).write_text(lines(rows), encoding="utf-8")
    (tmp_path / os.fsdecode("营养餐.csv".encode("gb18030"))).write_text("a,b\n", encoding="utf-8")
    (tmp_path / os.fsdecode("旧表.xls".encode("gb18030"))).write_bytes(b"")
    assert values(tmp_path) == CODES
    assert run_check(tmp_path) == 0 and run_check(tmp_path, as_json=True) == 0
    said = capsys.readouterr().out
    assert "文件“营养餐.csv”没有读入" in said and "旧表.xls" in said
    strange = tmp_path / os.fsdecode(b"\xff\xfe\xff")
    with pytest.raises(DataError) as refused:
        read(strange)
    assert str(refused.value).encode("utf-8") and "不存在" in str(refused.value)


def test_a_time_zone_that_does_not_exist_is_refused_in_a_sentence(tmp_path):
    days = pa.array([1_750_000_000], pa.timestamp("s", tz="Mars/Olympus"))
    frame = {"year": [2025], "district": ["甲区"], "item": ["C8.1"], "checked_on": days}
    pq.write_table(pa.table(frame), tmp_path / "evidence.parquet")
    with pytest.raises(DataError, match="时区“Mars/Olympus”不存在"):
        read(tmp_path)


def test_numbers_without_end_are_refused(book):
    def slip(made):
        made["学段"]["D2"] = made["学段"]["D3"] = 1e308

    assert told(book(slip)) == [("F13", "sections", "D2"), ("F13", "sections", "D3")]


# Plausible


def test_a_column_in_another_unit_is_one_finding_before_any_verdict(book):
    def slip(made):
        for row in range(2, 7):
            made["办学条件"].cell(row, 4).value /= 10_000

    data = read(book(slip))
    (found,) = check(data)
    assert (found.rule, found.cell) == ("U02", "D2")
    # 280 / 1200 pupils, and the limit of C6 in primary schools
    assert all(said in found.message for said in ("5 行", "0.233元", "2,000元", "万元", "10,000"))
    (doubt,) = doubts(data)
    assert (doubt.fault, doubt.codes, doubt.districts) == (found, ("C6",), {"河湾区"})


def test_a_county_of_one_school_one_letter_away_is_asked_about(book):
    def slip(made):
        made["学校"]["C4"] = "河弯区"

    (found,) = check(read(book(slip)))
    assert (found.rule, found.severity, found.cell) == ("T12", Severity.WARNING, "C4")
    assert "河弯区" in found.message and "河湾区" in found.message


# Persons


def test_numbers_of_persons_are_told_and_stand_nowhere_in_full(book, tmp_path, capsys):
    def slip(made):
        made["学段"]["A9"] = f"填表人：张某  联系电话：{PHONE}  身份证 {IDENTITY}"
        made.create_sheet("通讯录")["B2"] = PHONE
        made["学校"]["B2"].comment = openpyxl.comments.Comment(f"找 {PHONE}", "甲")
        made["学段"]["D2"] = PHONE[:3] + " " + PHONE[3:7] + " " + PHONE[7:]

    path = book(slip)
    found = check(read(path))
    assert [f.rule for f in found].count("P02") == 4
    for as_json in (False, True):
        run_check(path, as_json, tmp_path / f"{as_json}.xlsx")
        said = capsys.readouterr().out
        assert PHONE not in said and IDENTITY not in said and "138 0000" not in said
        with zipfile.ZipFile(tmp_path / f"{as_json}.xlsx") as made:
            everything = b"".join(made.read(part) for part in made.namelist()).decode("utf-8", "replace")
        assert PHONE not in everything and IDENTITY not in everything


def test_a_fault_never_shows_a_number_of_a_person():
    said = Message("“{}”不是数字", "“{}” is no number", f"{PHONE}、{IDENTITY}")
    made = Fault("F11", Severity.STOPS, said, Message("改正", "Mend it"))
    assert made.message == "“138****1111、110***********002X”不是数字"
    named = Message("学校 {}", "school {}", PHONE)
    assert Fault("K02", Severity.STOPS, named, NOTHING, school_id=PHONE).message == f"学校 {PHONE}"


# Recipes

RECIPE = """
title = "t"
source = "s"
{more}
[[schools]]
school_id = "学校代码"
name = "校名"
district = "县"
kind = {{ value = "primary" }}
[[sections]]
year = {{ value = 2025 }}
school_id = "学校代码"
stage = {{ value = "primary" }}
pupils = "小学生数"
"""
HEAD = ["学校代码", "校名", "县", "小学生数"]
ROWS = [[code, name, "河湾区", "300"] for code, name, *_ in SCHOOLS]


@pytest.fixture
def recipe(tmp_path):
    def make(more=""):
        (tmp_path / "r.toml").write_text(RECIPE.format(more=more), encoding="utf-8")
        return load_recipe(tmp_path / "r.toml")

    return make


def test_a_recipe_counts_title_lines_without_separators(recipe, tmp_path):
    source = tmp_path / "a.csv"
    source.write_text("2025年学校基本情况\n制表单位：某局\n" + lines([HEAD, *ROWS]), encoding="utf-8")
    assert len(convert(source, recipe("header_row = 3"))["schools"]) == 5


def test_a_total_in_a_recipes_source_is_left_out_and_named(recipe, tmp_path):
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *ROWS, ["合计", "合计", "河湾区", "1500"]])
    data = convert(tmp_path / "a.csv", recipe())
    assert len(data["schools"]) == len(data["sections"]) == 5
    assert [(f.rule, f.table, f.row) for f in data.faults] == [("F25", "schools", 7)]  # one row, one finding


def test_errors_in_a_recipes_source_are_told_with_their_rows(recipe, tmp_path):
    made = openpyxl.Workbook()
    for row in [HEAD, *ROWS]:
        made.active.append(row)
    made.active["D2"], made.active["D3"] = "#DIV/0!", "=SUM(1,2)"
    made.active["D2"].data_type = "e"
    made.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError) as refused:
        convert(tmp_path / "a.xlsx", recipe())
    assert [(f.rule, f.row, f.cell) for f in refused.value.faults] == [("F19", 2, "D2"), ("F19", 3, "D3")]


def test_a_recipe_keeps_rows_scales_amounts_and_knows_the_marks_of_its_source(tmp_path):
    (tmp_path / "r.toml").write_text(
        """
title = "t"
source = "s"
separator = ";"
encoding = "gb18030"
missing = ["…"]
skip_last = 1
[[facilities]]
year = { value = 2025 }
school_id = "代码"
stage = { value = "primary" }
equipment_yuan = { from = "设备", scale = 10000 }
where = { "状态" = ["在办", "新建"] }
""",
        encoding="utf-8",
    )
    rows = [
        ("代码", "状态", "设备"),
        ("01", "在办", "2.5"),
        ("02", "撤销", "3"),
        ("03", "新建", "…"),
        ("x", "", ""),
    ]
    (tmp_path / "a.csv").write_bytes(lines(rows, ";").encode("gb18030"))
    data = convert(tmp_path / "a.csv", load_recipe(tmp_path / "r.toml"))
    made = data["facilities"][["school_id", "equipment_yuan"]]
    assert made.fillna(-1).to_numpy().tolist() == [["01", 25000], ["03", -1]]
    how, left_out = data.faults  # how the source was read is said, too
    assert how.rule == "F28" and "分号" in how.message
    assert left_out.rule == "R06" and "1 行" in left_out.message


def test_a_column_that_the_source_lacks_is_named_with_its_place_and_what_there_is(recipe, tmp_path):
    (tmp_path / "a.csv").write_text(lines([["学校代码", "校名", "县"], ["1", "甲", "乙"]]), encoding="utf-8")
    with pytest.raises(DataError, match=r"\[sections\] pupils）；现有列：学校代码、校名、县"):
        convert(tmp_path / "a.csv", recipe())


def test_the_copy_marks_every_cell_of_one_finding(book, tmp_path):
    path = book(学段=[*SHEETS["学段"], *[(2025,)] * 4])
    mark(path, check(read(path)), tmp_path / "m.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "m.xlsx")["学段"]
    assert all(sheet.cell(row, 1).comment for row in range(8, 12)) and not sheet["A7"].comment
    with pytest.raises(QbError):
        mark(tmp_path / "data", [], tmp_path / "n.xlsx")


def test_a_column_of_few_texts_is_read_as_one_of_many(monkeypatch):
    """Only the distinct texts of a long column are looked at; the cells come out the same, by their rows."""
    typed = [" 甲 ", '="007"', "小\u200b学", None, "-", "无数据", "x\x01y"] * 1000
    column = pd.Series(typed, dtype="str", index=range(2, 7002))
    tidied, marks = tidy_cells(column), unseen(column)
    assert tidied.iloc[:7].fillna("").tolist() == ["甲", "007", "小学", "", "", "", "xy"]
    assert marks.tolist() == [False, True, True, False, False, False, False] * 1000
    monkeypatch.setattr("qb.data.cell_values._LOOKED_AT", len(typed))
    pd.testing.assert_series_equal(tidied, tidy_cells(column))
    assert (marks == unseen(column)).all()


def test_what_holds_of_every_file_of_a_folder_is_said_once(committed, tmp_path):
    write(committed, tmp_path / "d")
    for file in (tmp_path / "d").glob("*.csv"):
        file.write_text(file.read_text("utf-8-sig"), "utf-16")
    told = [found for found in read(tmp_path / "d").faults if found.rule == "F28"]
    count = len(list((tmp_path / "d").glob("*.csv")))
    assert [f"按 UTF-16 编码读入（共 {count} 个表如此）"] == [found.message for found in told]


def test_a_workbook_whose_parts_are_named_with_backslashes_is_read(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "schools"
    for row in (["school_id", "district"], ["0001", "甲区"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as whole, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as made:
        for name in whole.namelist():
            made.writestr(name.replace("/", "\\"), whole.read(name))
    assert read(tmp_path / "b.xlsx")["schools"]["school_id"].tolist() == ["0001"]
