"""The data page: what is faulty, corrected and missing, and what hangs on it."""

import re
from html import unescape
from pathlib import Path

import pytest
from planting import PLANTS, Plant

import qb
import qb.data.reading
from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.data.sample import make
from qb.report.context import ReportContext, open_context
from qb.report.data_report import DataReport, FaultReport

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def text(shown) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", shown._repr_html_()))


def book_of(data, lang="zh"):
    return ReportContext(data, qb.assess(data), lang)


def planted(*numbers, lang="zh"):
    plant = Plant(read(SAMPLE))
    for number in numbers:
        PLANTS[number](plant)
    return book_of(plant.made(), lang)


@pytest.fixture(scope="module")
def page():
    return DataReport(planted("S01", "S04", "S07", "U01", "T02"))


def test_faults_are_counted_by_rule(page):
    shown = page.check.by_rule().frame
    counts = shown[["rule", "count", "schools"]].values.tolist()
    assert sorted(counts) == [["S01", 1, 1], ["S04", 1, 1], ["S07", 1, 0], ["T02", 1, 1], ["U01", 1, 1]]
    assert "班额按班判定" in text(page.check.by_rule())  # why S01 is asked; codes differ by standard


def test_faults_are_counted_by_school_and_notes_come_last(page):
    shown = page.check.by_school().frame
    assert shown["school"].tolist() == [
        "青石巷小学（0001014）", "钟楼小学（0001018）", "向阳小学（0001020）", "北仓小学（0001025）",
    ]  # fmt: skip
    assert shown[["stops", "warning", "note"]].values.tolist() == [[0, 1, 0]] * 3 + [[0, 0, 1]]


def test_a_district_sees_its_own_faults_and_those_of_nobody():
    data = make(schools=14, districts=2, years=[2025])
    plant = Plant(data)
    first, second = data.districts
    for school in ("0001003", "0002003"):
        plant.put("sections", "in_zone_pupils", 1e5, school_id=school)
    plant.put("district", "value", 1e6, item="rotation_backbone", district=second)
    plant.columns.append(("funds", "备注", "略"))
    context = book_of(plant.made())
    assert [(f.rule, f.school_id) for f in FaultReport(context, first).found] == [("S04", "0001003")]
    assert [(f.rule, f.school_id) for f in FaultReport(context, second).found] == [
        ("S04", "0002003"),
        ("S07", None),
    ]
    assert len(FaultReport(context).found) == 3


def test_in_english_faults_are_told_with_reasons_and_remedies(page):
    context = ReportContext(page.context.data, page.context.assessment, "en")
    report = FaultReport(context)
    said = " ".join(text(part) for part in (report.by_rule(), report.listed(), report.corrections()))
    assert set(CHINESE.findall(said)) <= {"万元"}  # the unit that was typed
    assert "Classes do not add up to the pupils" in said
    assert "Compare the two and put the wrong one right" in said
    assert "Each class is judged" in said


def test_corrections_are_listed_with_the_office_that_confirmed_them(tmp_path):
    data = make(schools=8, years=[2025])
    qb.data.reading.write(data, tmp_path / "data")
    old = int(data["sections"]["pupils"][2])
    (tmp_path / "data" / "corrections.toml").write_text(
        '[[corrections]]\ntable = "sections"\nkey = { school_id = "0001003" }\ncolumn = "pupils"\n'
        f'wrong = {old}\nright = {old + 1}\nwhy = "漏一人"\nconfirmed_by = "区教体局"\non = 2025-11-03\n',
        encoding="utf-8",
    )
    context = open_context(tmp_path / "data", 2025)
    said = text(DataReport(context, data.districts[0]).check.corrections())
    assert all(part in said for part in ("学段", "在校生数", str(old), str(old + 1), "漏一人", "区教体局"))
    assert "没有更正" in text(FaultReport(book_of(data)).corrections())


def test_the_emptiest_school_comes_first():
    data = make(schools=8, years=[2025])
    frame = data["facilities"]
    emptied = frame.assign(equipment_yuan=frame["equipment_yuan"].mask(frame["school_id"] == "0001005"))
    shown = DataReport(book_of(data.replace(facilities=emptied))).by_school().frame
    assert shown["school_id"].iloc[0] == "0001005"
    # 8 columns of the contract; one of them is empty.
    assert shown["facilities"].iloc[0] == pytest.approx(100 * 7 / 8)
    assert len(shown) == 8


def test_what_no_data_costs_names_the_indicator_its_area_and_the_schools():
    data = make(schools=8, years=[2025])
    frame = data["facilities"]
    passing = qb.assess(data).rows.query("verdict == 'pass'")["school_id"].iloc[0]
    gone = frame.assign(equipment_yuan=frame["equipment_yuan"].mask(frame["school_id"] == passing))
    page = DataReport(book_of(data.replace(facilities=gone, monitoring=data["monitoring"].head(0))))
    costs = page.cost_of_no_data().frame
    (monitored,) = costs[costs["title"].str.startswith("C31")].to_dict("records")
    assert (monitored["area"], monitored["districts"]) == ("教育质量", 1)
    assert monitored["rests"] == "质量监测：学科、水平等级、校际差异率"  # readers are told no name of code
    waiting = page.open_schools().frame
    assert waiting["codes"].tolist() == ["C6"] * len(waiting) and len(waiting) == 1


def test_every_part_can_be_made_of_schools_and_pupils_alone():
    data = make(years=[2025])
    sections = data["sections"][["year", "school_id", "stage", "pupils"]]
    for lang in ("zh", "en"):
        context = book_of(Dataset.of(schools=data["schools"], sections=sections), lang)
        page = DataReport(context, data.districts[0])
        parts = (page.by_school(), page.cost_of_no_data(), page.open_schools(), page.faults())
        assert "nan" not in " ".join(text(part) for part in parts)
        assert len(page.open_schools().frame) > 0


def test_columns_that_a_standard_declares_count_in_the_share_of_cells_filled_in(committed):
    """Of facilities 8 columns must be filled in and books and computers, of which nothing was reported."""
    assessment = qb.assess(committed, committed.years[-1], standard="basic-2012")
    report = DataReport(ReportContext(committed, assessment))
    assert set(report._filled_by_school("facilities")) == {0.8}
