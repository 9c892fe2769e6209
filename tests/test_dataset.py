"""Reading what people hand in, and writing it without losing anything."""

import csv
import re
import tempfile
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qb import files
from qb.data.cell_values import BLANKS
from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.data.sample import make
from qb.data.schema import TABLES
from qb.data.table_intake import LISTED
from qb.data.template import write_template
from qb.data.withheld import suppressed_classes
from qb.data.workbook import read_excel
from qb.errors import DataError, QbError
from qb.terms import Severity

HEAD = "year,school_id,stage,pupils,classes\n"
ROW = "2024,0101,primary,900,20\n"


@pytest.fixture
def folder(tmp_path):
    """Return a function that makes a dataset folder of the files given as text or bytes."""

    def make(**files):
        place = tmp_path / "data"
        place.mkdir(exist_ok=True)
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (place / (name if "." in name else f"{name}.csv")).write_bytes(data)
        return place

    return make


def refused(place):
    with pytest.raises(DataError) as caught:
        read(place)
    assert all(fault.remedy for fault in caught.value.faults)
    return [(fault.rule, fault.table, fault.column) for fault in caught.value.faults]


def found(data, rule):
    return [(f.table, f.row, f.column) for f in data.faults if f.rule == rule]


# What is read


def test_a_table_comes_with_all_its_columns_and_the_others_without_rows(folder):
    data = read(folder(sections=HEAD + ROW))
    assert list(data.tables) == list(TABLES)
    assert list(data["sections"]) == TABLES["sections"].names
    assert data["sections"]["backbone_teachers"].isna().all()
    assert data["funds"].shape == (0, len(TABLES["funds"].columns))
    assert data.faults == ()
    assert data.years == [2024]


def test_a_table_may_have_a_header_and_no_rows(folder):
    data = read(folder(sections=HEAD))
    assert data["sections"].dtypes.equals(TABLES["sections"].empty().dtypes)
    assert (data.years, data.faults) == ([], ())


def test_leading_zeros_survive(folder):
    assert read(folder(sections=HEAD + ROW))["sections"].loc[0, "school_id"] == "0101"


@pytest.mark.parametrize(
    "header",
    [
        "year,school_id,stage,pupils",
        "学年,学校标识码,学段,在校生数",
        "学年,学校标识码,学段,在校生数（人）",
        "学 年 , Ｓｃｈｏｏｌ＿ｉｄ,STAGE,在校生数 (人)",
    ],
)
def test_a_header_may_be_english_or_chinese_with_or_without_its_unit(folder, header):
    data = read(folder(sections=f"{header}\n2024,0101,小学,900\n"))
    assert data["sections"][["school_id", "stage", "pupils"]].values.tolist() == [["0101", "primary", 900]]
    assert data.faults == ()


@pytest.mark.parametrize("unit", ["㎡", "m²", "m2", "平方米"])
def test_a_square_metre_is_one_unit_however_it_is_written(folder, unit):
    text = f"year,school_id,stage,体育运动场地面积（{unit}）\n2024,1,全校,5000\n"
    data = read(folder(facilities=text))
    assert data["facilities"].loc[0, ["stage", "sports_ground_m2"]].tolist() == ["whole", 5000]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_is_recognised(folder, encoding):
    text = "school_id,name,district\n1,鼓楼㐂小学,鼓楼区\n"  # 㐂 is in GB18030 but not in GBK's older part
    data = read(folder(schools=text.encode(encoding)))
    assert data["schools"].loc[0, ["name", "district"]].tolist() == ["鼓楼㐂小学", "鼓楼区"]


def test_a_file_may_have_its_chinese_name_tabs_and_windows_line_ends(folder):
    place = folder(**{"学段.csv": HEAD.replace(",", "\t") + ROW.replace(",", "\t").replace("\n", "\r\n")})
    assert read(place)["sections"].loc[0, "pupils"] == 900


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("９００", 900),
        ('"1,234"', 1234),
        ("1，234", 1234),
        ('"１，２３４．５"', 1234.5),
        ("900人", 900),
        (" 900 人 ", 900),
        ("1e3", 1000),
        (" 900 ", 900),
        ("900.0", 900),
    ],
)
def test_a_number_is_read_for_what_it_says(folder, typed, meant):
    data = read(folder(sections=HEAD + f"2024,0101,primary,{typed},20\n"))
    assert data["sections"].loc[0, "pupils"] == meant
    assert not data.stops


def test_odd_spellings_are_noted_once_for_each_column(folder):
    rows = "".join(f"2024,{i},primary,９{i},2\n" for i in range(3))
    notes = [f for f in read(folder(sections=HEAD + rows)).faults if f.rule == "F20"]
    assert [(f.row, f.column, f.severity) for f in notes] == [(2, "pupils", Severity.NOTE)]
    assert "读作 90" in notes[0].message
    assert "共 3 处" in notes[0].message


@pytest.mark.parametrize("typed", BLANKS)
def test_what_stands_for_no_data_is_missing_and_not_zero(folder, typed):
    data = read(folder(sections=HEAD + f"2024,0101,primary,{typed},0\n"))
    assert np.isnan(data["sections"].loc[0, "pupils"])
    assert data["sections"].loc[0, "classes"] == 0
    assert data.faults == ()


def test_a_percentage_is_a_share_only_where_shares_are_asked_for(folder):
    shares = "year,district,subject,level,between_school_rate\n2024,甲区,语文,Ⅲ,12%\n"
    data = read(folder(monitoring=shares, sections=HEAD + "2024,1,primary,12%,1\n"))
    assert data["monitoring"].loc[0, ["level", "between_school_rate"]].tolist() == [3, 0.12]
    assert found(data, "F11") == [("sections", 2, "pupils")]


@pytest.mark.parametrize("typed", ["2024.0", "2024学年", "2024年", "2024-2025学年", "2024—2025"])
def test_a_school_year_is_the_year_it_starts(folder, typed):
    data = read(folder(sections=HEAD + f"{typed},0101,primary,900,20\n"))
    assert data["sections"]["year"].tolist() == [2024]
    assert data["sections"]["year"].dtype == "int64"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("true", True), ("TRUE", True), ("1", True), ("是", True), ("Yes", True), ("0", False), ("否", False)],
)
def test_a_boolean_may_be_typed_in_many_ways(folder, typed, meant):
    data = read(folder(schools=f"school_id,boarding\n1,{typed}\n2,\n"))
    assert data["schools"].loc[0, "boarding"] is np.True_ if meant else not data["schools"].loc[0, "boarding"]
    assert data["schools"].loc[1, "boarding"] is pd.NA


@pytest.mark.parametrize(
    "typed", ["2024-09-01", "2024/9/1", "2024.9.1", "2024年9月1日", "2024-09-01 00:00:00"]
)
def test_a_date_becomes_iso(folder, typed):
    data = read(folder(evidence=f"year,district,item,checked_on\n2024,甲区,C8.1,{typed}\n"))
    assert data["evidence"].loc[0, "checked_on"] == "2024-09-01"
    assert data.faults == ()


def test_a_district_item_may_be_named_in_chinese(folder):
    data = read(folder(district="year,district,item,value\n2024,甲区,初中毕业生数,950\n"))
    assert data["district"].loc[0, "item"] == "graduates"


def test_a_full_width_identifier_is_made_half_width_and_noted(folder):
    data = read(folder(sections=HEAD + "2024,０１０１,primary,900,20\n"))
    assert data["sections"].loc[0, "school_id"] == "0101"
    assert found(data, "F20") == [("sections", 2, "school_id")]


def test_title_rows_and_blank_rows_leave_the_row_numbers_of_the_file(folder):
    title = ",".join(["某区统计表", "", "", "", ""]) + "\n"
    data = read(folder(sections=title + HEAD + ROW + ",,,,\n" + "2024,0102,primary,甲,1\n"))
    assert data["sections"]["school_id"].tolist() == ["0101", "0102"]
    assert found(data, "F11") == [("sections", 5, "pupils")]
    assert [data.line("sections", position) for position in (0, 1)] == [3, 5]


def test_extra_columns_and_files_are_kept_or_left_and_noted(folder):
    place = folder(sections=HEAD.replace("\n", ",备注\n") + ROW.replace("\n", ",007\n"), other="a,b\n1,2\n")
    data = read(place)
    assert data["sections"]["备注"].tolist() == ["007"]
    assert [(f.rule, f.severity) for f in data.faults] == [("F22", Severity.NOTE), ("F21", Severity.NOTE)]


def test_the_source_column_is_known_in_every_table_and_says_that_data_are_invented(folder):
    data = read(folder(sections=HEAD.replace("\n", ",数据来源\n") + ROW.replace("\n", ",模拟数据\n")))
    assert data.faults == ()
    assert data.invented
    assert not read(folder(sections=HEAD + ROW)).invented


def test_unused_trailing_columns_of_a_spreadsheet_are_passed_over(folder):
    assert read(folder(sections=HEAD.replace("\n", ",,\n") + ROW.replace("\n", ",,\n"))).faults == ()


# Cells that cannot be read


@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        ("2024,1,primary,约20,1", "F11", "pupils"),
        ("2024,1,primary,3万元,1", "F11", "pupils"),
        ('2024,1,primary,"12,34",1', "F11", "pupils"),
        ("2024,1,primary,nan,1", "F11", "pupils"),
        ("2024,1,primary,12 34,1", "F11", "pupils"),
        ("2024,1,primary,inf,1", "F12", "pupils"),
        ("2024,1,primary,1e999,1", "F12", "pupils"),
        ("2024,1,primary,2e15,1", "F13", "pupils"),  # squares and sums of more would have no end
        ("2024,1,primary,-5,1", "F13", "pupils"),
        ("113,1,primary,5,1", "F13", "year"),
        ("2024.5,1,primary,5,1", "F14", "year"),
        ("2024-2026,1,primary,5,1", "F11", "year"),
        (",1,primary,5,1", "F10", "year"),
        ("2024,,primary,5,1", "F10", "school_id"),
        ("2024,1,,5,1", "F10", "stage"),
        ("2024,3.2106E+11,primary,5,1", "F18", "school_id"),
        ("2024,1,小学部,5,1", "F15", "stage"),
        ("2024,1,whole,5,1", "F15", "stage"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_and_missing(folder, row, rule, column):
    data = read(folder(sections=HEAD + ROW + row + "\n"))
    assert [(f.rule, f.row, f.column, f.severity) for f in data.faults] == [(rule, 3, column, Severity.STOPS)]
    assert data.faults[0].remedy
    if column == "year":  # a row without a year belongs nowhere
        assert len(data["sections"]) == 1
    else:
        assert pd.isna(data["sections"].loc[1, column])


@pytest.mark.parametrize(
    ("table", "text", "rule"),
    [
        ("schools", "school_id,boarding\n1,有时\n", "F16"),
        ("schools", "school_id,kind\n1,中心校\n", "F15"),
        ("schools", "school_id,latitude\n1,118.7\n", "F13"),
        ("evidence", "year,district,item,checked_on\n2024,甲区,C8.1,2024-02-30\n", "F17"),
        ("district", "year,district,item,value\n2024,甲区,毕业人数,5\n", "F15"),
        ("monitoring", "year,district,subject,between_school_rate\n2024,甲区,语文,12\n", "F13"),
        ("classes", "year,school_id,stage,grade,class_no\n2024,1,junior,13,1\n", "F13"),
    ],
)
def test_a_value_outside_its_set_or_range_stops(folder, table, text, rule):
    assert [(f.table, f.rule, f.row) for f in read(folder(**{table: text})).stops] == [(table, rule, 2)]


def test_a_longitude_may_be_negative(folder):
    data = read(folder(schools="school_id,longitude,latitude\n1,-0.1,51.5\n"))
    assert data["schools"].loc[0, "longitude"] == -0.1


def test_a_fault_shows_what_was_typed_and_whose_row_it_is(folder):
    fault = read(folder(sections=HEAD + "2024,0101,primary,九百,20\n")).faults[0]
    assert "“九百”" in fault.message
    assert fault.school_id == "0101"
    assert "第 2 行" in str(fault)


def test_faults_come_by_row_and_then_by_column(folder):
    data = read(folder(sections=HEAD + "2024,1,primary,甲,乙\n2024,2,小,丙,1\n"))
    assert found(data, "F11") == [
        ("sections", 2, "pupils"),
        ("sections", 2, "classes"),
        ("sections", 3, "pupils"),
    ]
    assert [f.column for f in data.faults] == ["pupils", "classes", "stage", "pupils"]


def test_a_column_of_the_wrong_kind_is_not_listed_without_end(folder):
    # Each has another text, in half of the column: where most of it is wrong, it is one finding.
    count = LISTED + 5
    wrong, right = ([f"2024,{i},primary,{sign}{i},1\n" for i in range(count)] for sign in ("甲", ""))
    faults = read(folder(sections=HEAD + "".join(wrong + right))).faults
    assert len(faults) == LISTED
    assert "还有 5 处" in faults[-1].message
    (found,) = read(folder(sections=HEAD + "".join(wrong + right[1:]))).faults
    assert len(found.rows) == count and "“甲0”等 1005 种写法不是数字" in found.message


# Folders and files that cannot be read


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    assert refused(tmp_path / "nowhere") == [("F01", None, None)]


def test_a_file_in_place_of_a_folder_is_refused(folder):
    assert refused(folder(sections=HEAD) / "sections.csv") == [("F01", None, None)]


def test_an_empty_folder_is_refused(folder):
    assert refused(folder()) == [("F02", None, None)]


def test_two_files_for_one_table_are_refused(folder):
    place = folder(sections=HEAD + ROW)
    TABLES["sections"].empty().to_parquet(place / "sections.parquet")
    assert refused(place) == [("F03", "sections", None)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "空的"),
        (b"PK\x03\x04\x00\x00\x00", "是工作簿，不是 CSV 文本"),
        (b"\x1f\x8b\x08\x00\x00\x00", "不是文本文件"),
        (HEAD.encode() + b"2024,0101,primary,900,20,7\n", "第 2 行的内容比表头多"),
        (HEAD.encode() + b'2024,"0101,primary,900,20\n', "引号没有成对"),
    ],
)
def test_a_csv_that_is_none_is_refused_with_the_reason(folder, content, said):
    with pytest.raises(DataError, match=said):
        read(folder(sections=content))


def test_a_parquet_file_that_is_none_is_refused(folder):
    assert refused(folder(**{"sections.parquet": b"PAR1 is not enough"})) == [("F04", "sections", None)]


@pytest.mark.parametrize("part", [b"name", "实验小学".encode()])
def test_a_parquet_file_with_text_of_another_encoding_is_refused(folder, part):
    place = folder()
    file = place / "schools.parquet"
    pd.DataFrame({"school_id": ["1"], "name": ["实验小学"]}).to_parquet(file, compression="none")
    file.write_bytes(file.read_bytes().replace(part, b"\xb8" * len(part)))
    assert refused(place) == [("F04", "schools", None)]


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_control_characters_are_taken_out_of_text(tmp_path, form):
    # A file of CSV that holds a NUL is refused, so what was read elsewhere may hold none when it is written.
    odd = make(schools=2, districts=1, years=[2025], seed=1)
    names = ["实\0验\x07小学\x7f", "\x1b二\t中\n"]
    first = {"name": names, "备\x01注": ["\x02", "甲\x03"]}
    odd = odd.replace(
        schools=odd["schools"].assign(**{k: pd.Series(v, dtype="str") for k, v in first.items()})
    )
    write(odd, tmp_path / f"odd.{form}", form)
    schools = read(tmp_path / f"odd.{form}")["schools"]
    assert schools["name"].tolist() == ["实验小学", "二\t中"]
    assert schools["备注"].fillna("").tolist() == ["", "甲"]
    write(read(tmp_path / f"odd.{form}"), tmp_path / "csv")
    assert read(tmp_path / "csv")["schools"]["name"].tolist() == ["实验小学", "二\t中"]


def test_a_parquet_column_of_lists_is_refused(folder):
    place = folder()
    pd.DataFrame({"school_id": ["1"], "name": [["a", "b"]]}).to_parquet(place / "schools.parquet")
    assert refused(place) == [("F04", "schools", None)]


def test_a_table_without_its_key_column_is_refused(folder):
    assert refused(folder(sections="year,stage,pupils\n2024,primary,5\n")) == [
        ("F05", "sections", "school_id")
    ]


def test_the_same_column_under_two_names_is_refused(folder):
    text = "year,school_id,stage,pupils,在校生数\n2024,1,primary,5,6\n"
    assert refused(folder(sections=text)) == [("F06", "sections", "pupils")]


def test_a_header_with_another_unit_is_refused(folder):
    text = "year,school_id,stage,教学仪器设备值（万元）\n2024,1,primary,5\n"
    assert refused(folder(facilities=text)) == [("F07", "facilities", "equipment_yuan")]


def test_everything_that_stops_is_told_at_once(folder):
    place = folder(schools="name\n甲\n", sections="year,stage\n2024,小\n", funds=b"")
    assert refused(place) == [
        ("F05", "schools", "school_id"),
        ("F05", "sections", "school_id"),
        ("F04", "funds", None),
    ]


# Parquet as others make it


def test_parquet_may_have_no_rows_or_one_column_twice(folder):
    place = folder()
    pd.DataFrame({"school_id": pd.Series(dtype="str"), "备注": pd.Series(dtype="str")}).to_parquet(
        place / "schools.parquet"
    )
    data = read(place)
    assert len(data["schools"]) == 0
    assert list(data["schools"]) == [*TABLES["schools"].names, "备注"]
    twice = pa.table([pa.array(["1"]), pa.array(["2"])], names=["school_id", "school_id"])
    pq.write_table(twice, place / "schools.parquet")
    assert refused(place) == [("F06", "schools", "school_id")]


def test_parquet_may_hold_numbers_for_text_categories_and_dates(folder):
    place = folder()
    pd.DataFrame(
        {
            "school_id": [101, 102],
            "kind": pd.Categorical(["小学", "junior"]),
            "boarding": [True, None],
            "opened_year": [1998, None],
            "name": ["甲", ""],
        }
    ).to_parquet(place / "schools.parquet")
    dates = pd.DataFrame({"year": [2024], "district": ["甲区"], "item": ["C8.1"]})
    dates.assign(checked_on=pd.to_datetime(["2024-09-01"])).to_parquet(place / "evidence.parquet")
    data = read(place)
    schools = data["schools"]
    assert schools["school_id"].tolist() == ["101", "102"]
    assert schools["kind"].tolist() == ["primary", "junior"]
    assert schools["boarding"].isna().tolist() == [False, True]
    assert schools["opened_year"].isna().tolist() == [False, True]
    assert schools["name"].isna().tolist() == [False, True]
    assert data["evidence"].loc[0, "checked_on"] == "2024-09-01"
    assert data.faults == ()


# Made in memory


def test_a_dataset_made_in_memory_is_complete_and_leaves_its_frames_alone():
    frame = pd.DataFrame({"year": [2024], "school_id": ["1"], "stage": ["primary"], "pupils": [5]}, index=[7])
    before = frame.copy()
    data = Dataset.of(sections=frame)
    pd.testing.assert_frame_equal(frame, before)
    assert data["sections"].dtypes["pupils"] == "float64"
    assert data["sections"].index.tolist() == [0]


def test_replace_returns_a_changed_copy():
    one = Dataset.of(schools=pd.DataFrame({"school_id": ["1"], "district": ["甲区"]}))
    two = one.replace(schools=one["schools"].assign(district="乙区"))
    assert (one.districts, two.districts) == (["甲区"], ["乙区"])
    with pytest.raises(KeyError, match="pupils"):
        one.replace(pupils=one["schools"])


# Writing


def same(one, two):
    for name in TABLES:
        pd.testing.assert_frame_equal(one[name], two[name])


def test_a_dataset_goes_through_csv_and_parquet_unchanged(folder, tmp_path):
    first = read(
        folder(
            sections=HEAD + ROW + "2023,0101,junior,,\n",
            schools="school_id,name,boarding,longitude,备注\n0101,甲,是,-0.1,=1+1\n0102,,,118.123456789,007\n",
            monitoring="year,district,subject,between_school_rate\n2024,甲区,语文,0.1234567890123\n",
        )
    )
    write(first, tmp_path / "parquet", "parquet")
    write(read(tmp_path / "parquet"), tmp_path / "csv")
    same(read(tmp_path / "csv"), first)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@A1", "＝1", "'=1", "''@", "'x", 'a"b', "a,b", "a\nb", "a\rb"]
)
def test_no_text_starts_a_formula_in_csv_and_none_is_lost(tmp_path, text):
    data = Dataset.of(schools=pd.DataFrame({"school_id": ["1"], "name": [text], text: [text]}))
    write(data, tmp_path / "out")
    cells = read_cells(tmp_path / "out" / "schools.csv")
    assert not [cell for cell in cells if cell[:1] in "=+-@＝" and cell]
    same(read(tmp_path / "out"), data)


def read_cells(file):
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return [cell for row in csv.reader(opened) for cell in row]


def test_whole_numbers_are_written_without_a_decimal_point_and_missing_as_nothing(tmp_path):
    sections = pd.DataFrame({"year": [2024], "school_id": ["01"], "stage": ["primary"], "pupils": [900.0]})
    write(Dataset.of(sections=sections), tmp_path / "out")
    text = (tmp_path / "out" / "sections.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbfyear,school_id,stage,pupils,")
    assert text.endswith(b"\n2024,01,primary,900,,,,,,,,\n")


def test_an_existing_dataset_is_replaced_only_when_asked_and_other_files_stay(tmp_path):
    one = Dataset.of(schools=pd.DataFrame({"school_id": ["1"]}))
    two = Dataset.of(schools=pd.DataFrame({"school_id": ["2"]}))
    write(one, tmp_path / "out")
    (tmp_path / "out" / "corrections.toml").write_text("# kept")
    with pytest.raises(QbError, match="已有一个数据集"):
        write(two, tmp_path / "out")
    write(two, tmp_path / "out", "parquet", replace=True)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["corrections.toml", "schools.parquet"]
    assert read(tmp_path / "out")["schools"]["school_id"].tolist() == ["2"]


@pytest.mark.parametrize("inside", ["letter.txt", "photos/one.png"])
def test_a_folder_that_is_no_dataset_is_not_overwritten(tmp_path, inside):
    file = tmp_path / "mine" / inside
    file.parent.mkdir(parents=True)
    file.write_text("precious")
    with pytest.raises(QbError, match="数据集以外的内容"):
        write(Dataset.of(), tmp_path / "mine", replace=True)
    assert file.read_text() == "precious"


def test_a_write_that_fails_leaves_what_stood_there_and_nothing_half_made(tmp_path, monkeypatch):
    write(Dataset.of(schools=pd.DataFrame({"school_id": ["1"]})), tmp_path / "out")
    full = OSError(28, "No space left on device")

    def refuse(*_):
        raise full

    monkeypatch.setitem(write.__globals__["WRITERS"], "csv", (".csv", refuse))
    with pytest.raises(QbError, match="磁盘已满"):
        write(Dataset.of(), tmp_path / "out", replace=True)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert read(tmp_path / "out")["schools"]["school_id"].tolist() == ["1"]


def test_what_stood_there_comes_back_when_the_new_folder_cannot_take_its_place(tmp_path, monkeypatch):
    write(Dataset.of(schools=pd.DataFrame({"school_id": ["1"]})), tmp_path / "out")
    rename = Path.rename

    def refuse(*_):
        raise OSError(22, "Invalid argument")  # a file system on which two folders cannot change places

    def refuse_the_new(self, target):
        if Path(target).name == "out" and not self.name.endswith(".old"):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(files, "_renamed_at_once", refuse)
    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(QbError, match="没有权限"):
        write(Dataset.of(), tmp_path / "out", replace=True)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert read(tmp_path / "out")["schools"]["school_id"].tolist() == ["1"]


# Text a dataset can hold: without surrounding spaces or characters nobody sees, not a mark for "no data"
WORDS = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Cn"))
        | st.sampled_from("=+-@'\",\n\r")
    )
    .map(str.strip)
    .filter(lambda text: text not in BLANKS)
)
NUMBERS = st.none() | st.floats(0, 1e12) | st.integers(0, 10**9).map(float)
SCHOOLS = st.lists(st.tuples(WORDS, st.none() | WORDS, st.none() | st.booleans(), NUMBERS), max_size=8)


@settings(max_examples=10, deadline=None)
@given(SCHOOLS)
def test_any_dataset_survives_both_forms(rows):
    frame = pd.DataFrame(
        {
            "school_id": [f"{i:03d}" for i in range(len(rows))],
            "name": pd.Series([name for name, *_ in rows], dtype="str"),
            "group": pd.Series([group for _, group, *_ in rows], dtype="str"),
            "boarding": pd.Series([boarding for *_, boarding, _ in rows], dtype="boolean"),
        }
    )
    zones = pd.DataFrame(
        {
            "year": [2024] * len(rows),
            "zone_id": [f"{i}" for i in range(len(rows))],
            "primary_children": pd.Series([number for *_, number in rows], dtype="float64"),
        }
    )
    data = Dataset.of(schools=frame, zones=zones)
    with tempfile.TemporaryDirectory() as place:
        for form in ("csv", "parquet"):
            write(data, Path(place) / form, form)
            same(read(Path(place) / form), data)


# Workbooks as a source of cells


def test_a_file_that_is_no_workbook_is_refused(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(QbError, match="不是有效的工作簿"):
        read_excel(tmp_path / "a.xlsx")


def test_a_class_is_kept_back_with_the_next_larger_of_its_section_and_of_the_stage():
    sizes = {"甲": [40, 9, 38], "乙": [41, 42], "丙": [8, 7, 44]}
    rows = [
        {
            "year": 2025,
            "school_id": school,
            "stage": "primary",
            "grade": "1",
            "class_no": f"{i}",
            "pupils": pupils,
        }
        for school, many in sizes.items()
        for i, pupils in enumerate(many)
    ]

    def back(data, smallest):
        return sorted(data["classes"]["pupils"][suppressed_classes(data, smallest)])

    data = Dataset.of(classes=pd.DataFrame(rows))
    # 87 - 40 - 38 would tell the nine; the two of 丙 hide each other.
    assert back(data, 10) == [7, 8, 9, 38]
    assert back(data, 8) == [7, 8]  # 59 - 44 - 8 would tell the seven
    assert back(data, 0) == []
    # A school of one class is its own total; of the stage's total the next larger goes with it.
    alone = Dataset.of(
        classes=pd.DataFrame([*rows[:1], *rows[2:5], {**rows[0], "school_id": "丁", "pupils": 6}])
    )
    assert back(alone, 10) == [6, 38]


def test_a_school_put_right_in_place_is_looked_up_again():
    schools = pd.DataFrame({"school_id": ["01", "02"], "district": "甲区"})
    sections = pd.DataFrame({"year": 2024, "school_id": ["02", "03"], "stage": "primary"})
    data = Dataset.of(schools=schools, sections=sections)
    assert data.places("sections").tolist() == [1, -1]
    data["sections"].loc[1, "school_id"] = "01"
    assert data.places("sections").tolist() == [1, 0]
    data["schools"].loc[0, "school_id"] = "03"
    assert data.places("sections").tolist() == [1, -1]


def test_nothing_that_is_written_holds_a_number_of_a_person_in_full(tmp_path):
    # the example of GB 11643-1999, and a mobile number; the code of a school may look like one
    data = make(schools=4, years=(2025, 2025))
    schools = data["schools"].assign(联系电话="13800001111", 备注="电话 13800001111，11010519491231002X")
    schools = schools.assign(school_id=["13900002222", *schools["school_id"][1:]])
    data = Dataset.of(schools=schools)
    write(data, tmp_path / "out")
    written = (tmp_path / "out" / "schools.csv").read_text("utf-8-sig")
    assert "13900002222" in written and "电话 138****1111，110***********002X" in written
    assert not re.search("13800001111|联系电话|11010519491231002X", written)
    write_template(tmp_path / "next.xlsx", 2026, data)
    with ZipFile(tmp_path / "next.xlsx") as book:
        texts = "".join(book.read(name).decode("utf-8") for name in book.namelist() if name.endswith(".xml"))
    assert "13900002222" in texts and not re.search("13800001111|联系电话|11010519491231002X", texts)
