"""Known errors of a source are put right on reading, and a correction that no longer fits is a fault."""

import tomllib
from datetime import date

import pandas as pd
import pytest

from qb.data.checks import check, require
from qb.data.corrections import CorrectionError
from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.errors import DataError
from qb.standard import load

SECTIONS = """year,school_id,stage,pupils,full_time_teachers
2024,001,primary,1200,60
2025,001,primary,12000,61
2025,002,小学,3万,30
2025,003,primary,,20
"""
SCHOOLS = "school_id,district,kind,boarding\n001,甲区,primary,否\n002,甲区,primary,否\n003,甲区,primary,\n"

PUPILS = {
    "table": '"sections"',
    "key": '{ year = 2025, school_id = "001", stage = "primary" }',
    "column": '"pupils"',
    "wrong": "12000",
    "right": "1200",
    "why": '"多写一个 0"',
    "confirmed_by": '"甲区第一小学"',
    "on": "2025-11-03",
}


def entry(**changes):
    """Return a correction as TOML: of the pupils of school 001, but for the changes; None leaves out."""
    lines = {name: text for name, text in (PUPILS | changes).items() if text is not None}
    return "\n".join(["[[corrections]]", *(f"{name} = {text}" for name, text in lines.items())]) + "\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of two tables; three cells of it are wrong, one of them unreadable."""
    path = tmp_path / "data"
    path.mkdir()
    (path / "sections.csv").write_text(SECTIONS, encoding="utf-8")
    (path / "schools.csv").write_text(SCHOOLS, encoding="utf-8")
    return path


def corrected(folder, *entries):
    (folder / "corrections.toml").write_text("\n".join(entries), encoding="utf-8")
    return read(folder)


def pupils(data):
    return data["sections"]["pupils"].tolist()


def rules(data):
    return [(f.rule, f.table, f.row, f.column) for f in data.faults]


def test_a_cell_is_put_right_and_the_source_stays(folder):
    before = (folder / "sections.csv").read_bytes()
    data = corrected(folder, entry())
    assert pupils(data)[:2] == [1200, 1200]
    assert (folder / "sections.csv").read_bytes() == before
    (applied,) = data.corrections
    assert (applied.wrong, applied.right, applied.on) == (12000, 1200, date(2025, 11, 3))


def test_without_a_file_nothing_is_corrected(folder):
    assert read(folder).corrections == ()
    assert pupils(read(folder))[1] == 12000


def test_what_could_not_be_read_is_put_right_and_its_fault_is_gone(folder):
    assert rules(read(folder)) == [("F11", "sections", 4, "pupils")]
    two = entry(key='{ year = 2025, school_id = "002" }', wrong='"3万"', right="300")
    data = corrected(folder, two)
    assert data.faults == () and pupils(data)[2] == 300


def test_what_was_empty_is_filled_in_and_what_was_wrong_becomes_no_data(folder):
    key = '{ year = 2025, school_id = "003" }'
    data = corrected(folder, entry(key=key, wrong='""', right="400"), entry(right='""'))
    assert pupils(data)[3] == 400 and pd.isna(pupils(data)[1])


@pytest.mark.parametrize(
    ("changes", "table", "column", "value"),
    [
        (
            {"table": '"schools"', "key": '{ school_id = "001" }', "column": '"kind"', "wrong": '"小学"',
             "right": '"九年一贯制学校"'},
            "schools", "kind", "nine_year",
        ),
        (
            {"table": '"schools"', "key": '{ school_id = "001" }', "column": '"boarding"', "wrong": "false",
             "right": "true"},
            "schools", "boarding", True,
        ),
        ({"column": '"year"', "wrong": "2025", "right": "2023"}, "sections", "year", 2023),
        ({"wrong": '"12，000 人"'}, "sections", "pupils", 1200),
    ],
    ids=["a word of a list", "yes or no", "a key", "as people type"],
)  # fmt: skip
def test_values_are_written_as_people_type_them(folder, changes, table, column, value):
    data = corrected(folder, entry(**changes))
    row = 1 if table == "sections" else 0
    assert data[table][column][row] == value
    assert data[table][column].dtype == read(folder)[table][column].dtype


def test_the_key_is_that_of_the_source_though_it_is_corrected_too(folder):
    """Were the first applied before the second is looked up, 2025 would not be found."""
    data = corrected(folder, entry(column='"year"', wrong="2025", right="2023"), entry())
    assert data["sections"].loc[1, ["year", "pupils"]].tolist() == [2023, 1200]


# What no longer fits


def test_a_source_that_no_longer_holds_the_wrong_value_is_a_fault_that_stops(folder):
    (folder / "sections.csv").write_text(SECTIONS.replace("12000", "1210"), encoding="utf-8")
    data = corrected(folder, entry())
    assert rules(data) == [("F11", "sections", 4, "pupils"), ("F24", "sections", 3, "pupils")]
    assert pupils(data)[1] == 1210 and data.corrections == ()
    assert "“12000”" in str(data.faults[1]) and "“1210”" in str(data.faults[1])
    assert data.faults[1].school_id == "001"
    with pytest.raises(DataError, match="F24"):
        require(data)


@pytest.mark.parametrize(
    "key",
    ['{ year = 2025, school_id = "009" }', '{ school_id = "001" }', '{ year = 2025, stage = "junior" }'],
    ids=["no such school", "two years", "no such stage"],
)
def test_a_key_that_is_not_of_one_record_is_a_fault(folder, key):
    data = corrected(folder, entry(key=key))
    assert rules(data)[1:] == [("F23", "sections", None, "pupils")]
    assert pupils(data)[1] == 12000


def test_two_corrections_of_one_cell_are_a_fault(folder):
    data = corrected(folder, entry(), entry(right="1201"))
    assert rules(data)[1:] == [("F23", "sections", None, "pupils")]
    assert pupils(data)[1] == 1200


def test_an_unreadable_value_that_is_another_one_is_a_fault(folder):
    two = entry(key='{ year = 2025, school_id = "002" }', wrong='"4万"', right="300")
    assert [rule for rule, *_ in rules(corrected(folder, two))] == ["F11", "F24"]


# What makes no sense


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"table": '"pupils"'}, "没有名为 pupils 的表"),
        ({"column": '"pupil"'}, "没有列 pupil"),
        ({"key": '{ grade = 1 }'}, "没有列 grade"),
        ({"key": "{ }"}, "一格的更正写 key、wrong 和 right"),
        ({"wrong": None, "factor": "10"}, "least 和 most"),
        (
            {"wrong": None, "right": None, "factor": "1", "least": "2", "most": "1", "rows": "3"},
            "factor 不能是 1，least 不能大于 most",
        ),
        (
            {
                "column": "'year'", "wrong": None, "right": None,
                "factor": "2", "least": "1", "most": "3", "rows": "3",
            },
            "year 不是数量",
        ),
        ({"right": '"很多"'}, "不是数字"),
        ({"right": "-5"}, "不能小于 0"),
        ({"right": "12000"}, "wrong 与 right 相同"),
        ({"right": '"12,000"'}, "wrong 与 right 相同"),
        ({"column": '"stage"', "wrong": '"小学"', "right": '""'}, "关键列 stage 不能改为没有数据"),
        ({"why": '""'}, "不能为空"),
        ({"why": None}, "缺少这一项"),
        ({"confirmed_by": None}, "缺少这一项"),
        ({"confirmed_by": '"某某某"'}, "不写个人姓名"),
        ({"on": '"上周"'}, "on"),
        ({"wront": "1"}, "不认识这一项"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_the_entry_named(folder, changes, said):
    with pytest.raises(CorrectionError, match=said) as refused:
        corrected(folder, entry(**changes))
    assert "corrections.toml" in str(refused.value) and "corrections[0]" in str(refused.value)


@pytest.mark.parametrize(
    "office",
    ["区教体局", "区教体局基教科", "甲区第一小学", "Bureau of Education", "区财政局（国库科）办公室"],
)
def test_an_office_confirms(folder, office):
    assert corrected(folder, entry(confirmed_by=f'"{office}"')).corrections[0].confirmed_by == office


def test_broken_toml_is_refused(folder):
    with pytest.raises(CorrectionError, match="不是有效的 TOML"):
        corrected(folder, "[[corrections]")


# Workbooks, and writing


def workbook(tmp_path, name="a.xlsx"):
    frame = pd.DataFrame({"year": [2025], "school_id": ["001"], "stage": ["primary"], "pupils": [12000.0]})
    schools = pd.DataFrame({"school_id": ["001"], "district": ["甲区"]})
    write(Dataset.of(schools=schools, sections=frame), tmp_path / name, "xlsx")
    return tmp_path / name


@pytest.mark.parametrize("name", ["a.corrections.toml", "corrections.toml"])
def test_the_corrections_of_a_workbook_lie_beside_it(tmp_path, name):
    book = workbook(tmp_path)
    (tmp_path / name).write_text(entry(), encoding="utf-8")
    assert pupils(read(book)) == [1200]


def test_a_workbooks_own_corrections_go_before_those_of_its_folder(tmp_path):
    book = workbook(tmp_path)
    (tmp_path / "corrections.toml").write_text(entry(right="7"), encoding="utf-8")
    (tmp_path / "a.corrections.toml").write_text(entry(), encoding="utf-8")
    assert pupils(read(book)) == [1200]


def test_a_correction_that_does_not_fit_names_the_cell(tmp_path):
    book = workbook(tmp_path)
    (tmp_path / "corrections.toml").write_text(entry(wrong="13"), encoding="utf-8")
    (fault,) = read(book).faults
    assert (fault.rule, fault.cell) == ("F24", "D2")


@pytest.mark.parametrize("format", ["csv", "parquet", "xlsx"])
def test_what_is_written_is_right_and_the_record_goes_along(folder, tmp_path, format):
    """Without `applied` the file written would be refused: its table no longer holds the wrong value."""
    data = corrected(
        folder, entry(), entry(key='{ year = 2025, school_id = "002" }', wrong='"3万"', right="300")
    )
    out = tmp_path / ("out.xlsx" if format == "xlsx" else "out")
    write(data, out, format)
    again = read(out)
    assert again.faults == () and pupils(again)[:3] == [1200, 1200, 300]
    assert [c.applied for c in again.corrections] == [True, True]
    assert [c.model_copy(update={"applied": False}) for c in again.corrections] == list(data.corrections)
    write(again, out, format, replace=True)
    assert read(out).corrections == again.corrections


def test_a_value_that_was_put_right_and_changed_since_is_a_fault(folder, tmp_path):
    write(corrected(folder, entry()), tmp_path / "out")
    path = tmp_path / "out" / "sections.csv"
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace("2025,001,primary,1200", "2025,001,primary,1300"),
        encoding="utf-8",
    )
    assert [f.rule for f in read(tmp_path / "out").faults] == ["F24"]


def test_every_text_is_written_as_toml_has_it(folder, tmp_path):
    odd = '引号 " 反斜杠 \\\\ 换行\n制表\t😀'
    data = corrected(folder, entry(why=f"'''{odd}'''"))
    write(data, tmp_path / "out")
    text = (tmp_path / "out" / "corrections.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["corrections"][0]["why"] == data.corrections[0].why


def test_a_table_that_is_replaced_loses_its_corrections(folder):
    data = corrected(folder, entry())
    assert data.replace(sections=data["sections"]).corrections == ()
    assert len(data.replace(schools=data["schools"]).corrections) == 1


def test_the_check_and_the_verdicts_see_what_is_right(folder):
    """12,000 pupils after 1,200 the year before would be a jump."""
    assert "Y01" in [fault.rule for fault in check(read(folder))]
    assert "Y01" not in [fault.rule for fault in check(corrected(folder, entry()))]


def test_a_correction_may_name_a_column_that_the_standard_declares(tmp_path):
    schools = pd.DataFrame({"school_id": ["0001"], "district": ["甲区"]})
    books = pd.DataFrame({"year": [2024], "school_id": ["0001"], "stage": ["primary"], "books": [12.0]})
    standard = load("basic-2012")
    write(Dataset.of(schools=schools, facilities=books), tmp_path / "d")
    (tmp_path / "d" / "corrections.toml").write_text(
        """
        [[corrections]]
        table = "facilities"
        key = { year = 2024, school_id = "0001", stage = "primary" }
        column = "books"
        wrong = 12
        right = 1200
        why = "少写两位"
        confirmed_by = "甲区教体局"
        on = 2025-03-01
        """,
        encoding="utf-8",
    )
    assert read(tmp_path / "d", standard)["facilities"]["books"].tolist() == [1200.0]
    with pytest.raises(CorrectionError, match="没有列 books"):
        read(tmp_path / "d")
