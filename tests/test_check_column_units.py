"""Figures beyond anything plausible by the standard's own limits, and the lines that mend a whole column."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from qb.cli import main
from qb.data.checks import check, doubts
from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.errors import DataError
from qb.indicators.assessment import assess, json_document
from qb.publish.api import publish

pytestmark = pytest.mark.usefixtures("one_worker")

YUAN, PUPILS = ("facilities", "equipment_yuan"), ("sections", "pupils")


def changed(data, table, **columns):
    """The data with columns of a table made of the old ones."""
    frame = data[table]
    return data.replace(**{table: frame.assign(**{name: make(frame) for name, make in columns.items()})})


@pytest.fixture(scope="module")
def verdicts(committed):
    """The verdicts of the sample as it is."""
    return verdicts_of(committed)


def verdicts_of(data):
    found = json_document(assess(data))
    return [[row["verdict"] for row in district["indicators"]] for district in found["districts"]]


def told(data):
    return [(f.rule, f.table, f.column) for f in check(data)]


@pytest.mark.parametrize(
    ("table", "column", "factor", "unit"),
    [
        (*YUAN, 10_000, "万元"),
        (*YUAN, 1_000, "千元"),
        ("facilities", "sports_ground_m2", 10_000, "公顷"),
        ("facilities", "teaching_area_m2", 666.67, "亩"),
        ("funds", "training_budget_yuan", 10_000, "万元"),
        ("funds", "public_funds_final_yuan", 1_000, "千元"),
        (*PUPILS, 1_000, "千人"),
    ],
)
def test_a_column_in_another_unit_is_one_finding_that_is_mended_by_its_own_lines(
    committed, verdicts, tmp_path, table, column, factor, unit
):
    """Written in the unit, checked, mended by the lines that the check gave: as it was, verdicts too."""
    data = changed(committed, table, **{column: lambda frame: frame[column] / factor})
    if column == "teaching_area_m2":  # the part of it is in the same unit
        data = changed(
            data, table, indoor_sports_area_m2=lambda frame: frame["indoor_sports_area_m2"] / factor
        )
    write(data, tmp_path / "d")
    found = [f for f in check(read(tmp_path / "d")) if f.column == column]
    assert [(f.rule, f.table, len(f.rows)) for f in found] == [("U02", table, len(committed[table]))]
    assert f"像是按“{unit}”填的" in found[0].message and f"factor = {float(factor)}" in found[0].mend
    if column == "teaching_area_m2":
        return
    lines = found[0].mend.replace("（写确认的单位，如某某局）", "区教体局")
    (tmp_path / "d" / "corrections.toml").write_text(lines, encoding="utf-8")
    mended = read(tmp_path / "d")
    assert check(mended) == [] and doubts(mended) == []
    assert np.allclose(mended[table][column], committed[table][column], rtol=1e-11)
    assert verdicts_of(mended) == verdicts

    write(mended, tmp_path / "e")  # with the record of the correction, which is not made twice
    again = read(tmp_path / "e")
    assert (
        np.allclose(again[table][column], committed[table][column], rtol=1e-11)
        and len(again.corrections) == 1
    )
    write(committed, tmp_path / "d", replace=True)  # the source was mended: the correction is a fault
    with pytest.raises(DataError, match=r"F24.*来源现有 0 行"):
        assess(read(tmp_path / "d"))


def test_the_lines_are_not_ready_until_an_office_confirms(committed, tmp_path):
    write(changed(committed, *YUAN[:1], equipment_yuan=lambda f: f["equipment_yuan"] / 1e4), tmp_path / "d")
    (found,) = check(read(tmp_path / "d"))
    (tmp_path / "d" / "corrections.toml").write_text(found.mend, encoding="utf-8")
    with pytest.raises(Exception, match="须写单位名称"):
        read(tmp_path / "d")


def test_one_year_in_another_unit_is_told_as_that_and_the_years_beside_it_are_not_blamed(committed):
    def slip(frame):
        return frame["equipment_yuan"].where(frame["year"] != 2023, frame["equipment_yuan"] / 1e4)

    (found,) = check(changed(committed, "facilities", equipment_yuan=slip))
    assert (found.rule, len(found.rows)) == ("U02", 31) and "（2023 学年）" in found.message
    assert "key = { year = 2023 }" in found.mend and "rows = 31" in found.mend


def test_figures_in_order_among_those_in_doubt_leave_no_line_for_the_column(committed):
    """Two thirds are in 万元; of those in 元 one lies among the others: no range tells them apart."""
    heads = committed["sections"].groupby(["year", "school_id"])["pupils"].sum()
    facilities = committed["facilities"]
    keys = zip(facilities["year"], facilities["school_id"], strict=True)
    own = np.array([heads[key] for key in keys])
    tiny = int(own.argmin())

    def slip(frame):
        slipped = frame["equipment_yuan"] / 1e4
        slipped.iloc[::3] = frame["equipment_yuan"].iloc[::3]
        slipped.iloc[tiny] = own[tiny] * 60.0  # a pupil: above a fiftieth of 2,000
        slipped.iloc[1] = own[tiny] * 61.0  # of a school of 1,236 pupils: below it
        return slipped

    data = changed(committed, "facilities", equipment_yuan=slip)
    found = [f for f in check(data) if f.rule == "U02" and len(f.rows) > 1]
    assert [f.mend for f in found] == [None]


def test_pupils_in_thousands_without_classes_are_told_from_all_amounts(committed):
    data = changed(
        committed, "sections", pupils=lambda f: f["pupils"] / 1e3, classes=lambda f: f["classes"] * np.nan
    )
    data = data.replace(classes=data["classes"].iloc[:0])
    assert told(data) == [("U02", *PUPILS)]
    (doubt,) = doubts(data, year=2025)
    assert "C1" in doubt.codes and "C13" in doubt.codes


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("facilities", "teaching_area_m2", 7e9),
        ("facilities", "equipment_yuan", 7e13),
        ("sections", "pupils", 7e9),
    ],
)
def test_one_figure_beyond_belief_is_told_in_a_county_without_peers(table, column, value):
    data = county()
    frame = data[table].copy()
    frame.loc[1, column] = value
    found = check(data.replace(**{table: frame}))  # pupils beyond belief are told once, not per amount too
    assert [(f.rule, f.table, f.column, f.row) for f in found] == [("U02", table, column, 3)]
    assert "e+" not in found[0].message and f"{value:,.0f}" in found[0].message


def county():
    """Five primary schools of one year, one with ten pupils and a room: invented (模拟数据), in order."""
    ids = [f"{n}" for n in range(5)]
    same = {"year": 2025, "school_id": ids, "stage": "primary"}
    heads = [600, 500, 400, 300, 10]
    return Dataset.of(
        schools=pd.DataFrame({"school_id": ids, "district": "甲区", "kind": "primary", "source": "模拟数据"}),
        sections=pd.DataFrame(
            {
                **same,
                "pupils": heads,
                "classes": [14, 12, 10, 7, 2],
                "full_time_teachers": [40, 30, 25, 20, 8],
            }
        ),
        facilities=pd.DataFrame(
            {
                **same,
                "teaching_area_m2": [n * 5 for n in heads[:4]]
                + [900],  # 90 m² a pupil: twenty times the limit
                "equipment_yuan": [n * 2100 for n in heads[:4]] + [200],  # little, of ten pupils
                "multimedia_rooms": [
                    15,
                    12,
                    10,
                    8,
                    6,
                ],  # 60 for 100 pupils, and yet one a class and four more
            }
        ),
    )


def test_a_tiny_school_is_plausible_with_its_few_rooms():
    assert told(county()) == []


def test_counts_are_whole_but_for_a_count_split_by_stage(committed):
    data = county()
    frame = data["sections"].copy()
    frame.loc[[0, 2], "full_time_teachers"] += 0.5
    (found,) = check(data.replace(sections=frame))
    assert (found.rule, found.rows) == ("U03", (2, 4)) and "如本行 40.5人" in found.message
    split = committed["sections"].copy()
    both = split.duplicated(["year", "school_id"], keep=False)
    first = split[both].index[:2]
    split.loc[first, "backbone_teachers"] += [0.25, -0.25]
    assert (split.loc[first, "school_id"].nunique(), told(committed.replace(sections=split))) == (1, [])


def test_no_pupils_are_asked_about_only_where_the_school_is_open():
    data = county()
    sections, schools = data["sections"].copy(), data["schools"].copy()
    sections.loc[1, ["pupils", "classes", "full_time_teachers"]] = 0
    data = data.replace(sections=sections)
    zero = [(f.rule, f.row) for f in check(data) if f.rule == "T14"]
    schools.loc[1, "closed_year"] = 2024
    assert zero == [("T14", 3)] and "T14" not in {f.rule for f in check(data.replace(schools=schools))}


@pytest.mark.parametrize("year", [2052, 2205, 1925])
def test_a_year_far_from_all_others_is_told_once_and_asks_for_nothing_else(committed, year):
    frame = committed["funds"].copy()
    frame.loc[7, "year"] = year
    (found,) = check(committed.replace(funds=frame))
    assert (found.rule, found.table, found.row, found.column) == ("T15", "funds", 9, "year")
    assert f"学年是 {year}，其余的数据是 2021—2025 学年" in found.message


def test_an_old_school_may_be_older_than_a_century(tmp_path):
    (tmp_path / "schools.csv").write_text("school_id,district,opened_year\n1,甲区,1898\n", encoding="utf-8")
    assert check(read(tmp_path)) == []


def test_verdicts_from_a_column_in_doubt_stand_with_the_doubt(committed, tmp_path, capsys):
    year = committed.years[-1]
    write(
        changed(committed, "facilities", equipment_yuan=lambda f: f["equipment_yuan"] / 1e4), tmp_path / "d"
    )
    with pytest.raises(SystemExit):
        main(["assess", str(tmp_path / "d")])
    assert "结论有疑问（C6），“教学仪器设备值”先核对" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["assess", str(tmp_path / "d"), "--json"])
    (doubt,) = json.loads(capsys.readouterr().out)["doubts"]
    assert (doubt["codes"], doubt["districts"], doubt["rule"]) == (["C6"], committed.districts, "U02")
    with pytest.raises(SystemExit):
        main(["check", str(tmp_path / "d")])
    said = capsys.readouterr().out
    assert f"写进 {tmp_path / 'd' / 'corrections.toml'}" in said and "factor = 10000" in said
    for lang, words in (("zh", "结论有疑问（C6）"), ("en", "Verdicts in doubt (C6)")):
        site = publish(tmp_path / "d", out=tmp_path / lang, only=["district"], jobs=1, lang=lang)
        said = {"zh": "请核实", "en": "Please check"}[lang]
        for page in (site.index, site.index.with_name("district.html")):
            text = page.read_text("utf-8")
            assert words in text
            marked = set(re.findall(rf'data-fact="([^"]+)"[^<>]* data-doubt="{said}"', text))
            plain = set(re.findall(r'class="verdict [^<>]*data-fact="([^"]+)"', text)) - marked
            assert any(fact.startswith(f"district/{year}/") for fact in marked)
            assert any(fact.startswith(f"area/{year}/resources/") for fact in marked)
            assert any(fact.startswith(f"area/{year}/veto/") for fact in plain)
        of = {fact.split("/")[2] for fact in marked if fact.startswith("indicator/")}
        assert of == {"C6"}  # and of no other indicator


def test_every_column_of_funds_in_another_unit_is_told(committed):
    columns = [name for name in committed["funds"] if name.endswith("_yuan")]
    told = changed(committed, "funds", **{name: lambda f, name=name: f[name] / 1e4 for name in columns})
    assert {f.column for f in check(told) if f.rule == "U02"} == set(columns)
