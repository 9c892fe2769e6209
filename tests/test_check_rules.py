"""Every rule of the check finds the fault that is planted for it, where it is, and nothing else."""

import json
import re
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from planting import PLANTS, YEAR, Plant, section
from test_english import left_over, own_words
from town import Town

from qb.cli import check as run_check
from qb.data.checks import LISTED, RULES, check, listing, place, require
from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.data.sample import make
from qb.data.schema import TABLES, ColumnKind
from qb.data.table_headers import FORM_RULES
from qb.data.template import write_template
from qb.errors import DataError
from qb.personal_data import is_identity_number
from qb.standard import StandardError
from qb.terms import Severity


def places(faults):
    """Return faults as (rule, table, position, column), in an order of their own."""
    found = [(f.rule, f.table, None if f.row is None else f.row - 2, f.column) for f in faults]
    return sorted(found, key=str)


def planted(data, *numbers):
    """Return a plant of these rules' faults."""
    plant = Plant(data)
    for number in numbers:
        PLANTS[number](plant)
    return plant


def rules(data, standard=None):
    return [fault.rule for fault in check(data, standard)]


# The registry


def test_every_rule_has_its_number_once_and_says_why_and_what_to_do():
    numbers = [rule.number for rule in RULES]
    assert len(set(numbers)) == len(numbers)
    for rule in RULES:
        assert rule.title and rule.reason and rule.remedy
        assert not rule.remedy.endswith("。") and rule.title.en.isascii()


def test_only_what_cannot_be_computed_or_held_stops():
    """A sum that is off is computed all the same: one slip must not keep a province from its report."""
    stops = {rule.number[0] for rule in RULES if rule.severity is Severity.STOPS}
    assert stops == {"K", "P"}
    assert all(rule.severity is Severity.STOPS for rule in RULES if rule.number[0] in stops)


@pytest.mark.parametrize(("lang", "name"), [("zh", "README.md"), ("en", "README.en.md")])
def test_the_dictionary_lists_every_rule(lang, name):
    dictionary = (Path(__file__).parents[1] / "data" / name).read_text(encoding="utf-8")
    for rule in RULES:
        title, reason, remedy = (getattr(text, lang) for text in (rule.title, rule.reason, rule.remedy))
        severity = rule.severity.zh if lang == "zh" else rule.severity.en.lower()
        assert f"| {rule.number} | {severity} | {title} | {reason} | {remedy} |\n" in dictionary


def test_no_rule_is_without_a_planted_fault():
    assert set(PLANTS) == {rule.number for rule in RULES}


@pytest.fixture(scope="module")
def found(committed):
    """Give the plant of a rule's fault and what the check finds: found(number)."""

    @cache
    def of(number):
        plant = planted(committed, number)
        return plant, check(plant.made())

    return of


@pytest.mark.parametrize("number", PLANTS)
def test_the_planted_fault_is_found_where_it_is_and_nothing_else(found, number):
    plant, faults = found(number)
    assert places(faults) == sorted([(number, *place) for place in plant.expected], key=str)
    severity = next(rule.severity for rule in RULES if rule.number == number)
    assert {fault.severity for fault in faults} == {severity}


@pytest.mark.parametrize("number", [number for number in PLANTS if number[0] in "KP"])
def test_rules_that_stop_refuse(committed, number):
    with pytest.raises(DataError) as refused:
        require(planted(committed, number).made())
    assert {fault.rule for fault in refused.value.faults} == {number}


def test_all_other_rules_together_do_not(committed):
    require(planted(committed, *[number for number in PLANTS if number[0] not in "KP"]).made())


SIZES = {"万": " 10,000 ", "千": " 1,000 ", "百": " 100 "}


@pytest.mark.parametrize("number", PLANTS)
def test_a_fault_says_the_same_in_both_languages(found, committed, number):
    digits = re.compile(r"(?<![a-z_\d])\d[\d,.]*\d|(?<![a-z_\d])\d")  # not those of the name of a column
    plant, faults = found(number)
    typed = {value for *_, value in plant.cells} | {word for words in plant.columns for word in words}
    typed |= {value for _, row in plant.rows for value in row.values()}
    typed = {word for word in typed if isinstance(word, str)} | own_words(committed)
    for fault in faults:
        at, said = place(fault), fault.message
        assert sorted(digits.findall(at.zh)) == sorted(digits.findall(at.en))
        assert fault.table in at.en and (fault.column or "") in at.en
        chinese = re.sub("[万千百]元", lambda unit: SIZES[unit[0][0]], said)
        assert sorted(digits.findall(chinese)) == sorted(digits.findall(said.en)), fault
        words = {"示例市古城区（模拟）", "模拟数据", "万元"}
        assert not left_over(f"{said.en} {fault.remedy.en}", typed | words), said.en


def test_the_check_changes_nothing(committed):
    data = planted(committed, *PLANTS).made()
    before = {name: frame.copy() for name, frame in data.tables.items()}
    check(data)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(data[name], frame)


# Data in order


def test_the_sample_in_the_repository_has_no_fault(committed):
    assert check(committed) == []


@pytest.mark.parametrize("seed", range(6))
def test_invented_data_have_no_fault(seed):
    assert check(make(schools=40, districts=2, seed=seed)) == []


def test_a_dataset_without_rows_and_one_with_schools_alone_have_no_fault():
    assert check(Dataset.of()) == []
    schools = pd.DataFrame({"school_id": ["1"], "district": ["甲区"], "kind": ["primary"]})
    assert check(Dataset.of(schools=schools)) == []


def test_sections_alone_have_no_fault():
    """No table that is missing is held against another."""
    data = make(schools=12, years=[2024, 2025])
    assert check(Dataset.of(schools=data["schools"], sections=data["sections"])) == []


@pytest.mark.parametrize("seed", range(8))
def test_data_full_of_holes_and_strangers_are_checked_without_an_accident(seed):
    """A third of the cells empty, rows gone, doubled and of unknown schools."""
    rng = np.random.default_rng(seed)
    data = make(schools=12, years=[2023, 2024, 2025])
    frames = {}
    for name, table in TABLES.items():
        frame = data[name].sample(frac=0.7, random_state=seed)
        frame = pd.concat([frame, frame.head(3)], ignore_index=True)
        for column in [column.name for column in table.columns if not column.required]:
            frame.loc[rng.random(len(frame)) < 1 / 3, column] = None
        if "school_id" in table.required and name != "schools":
            frame.loc[rng.random(len(frame)) < 0.1, "school_id"] = "外"
        frames[name] = frame if rng.random() < 0.9 else frame.head(0)
    found = check(data.replace(**frames))
    assert found
    assert not [fault for fault in found if "nan" in str(fault).lower()]


# Slips of real life


def slip(table, column, change, **where):
    def plant(p):
        p.put(table, column, change, **where)

    return plant


SLIPS = {
    "ten thousands of yuan for yuan": (
        "U01",
        slip("facilities", "equipment_yuan", lambda x: x / 10000, **section("0001003")),
    ),
    "mu for square metres": (
        "U01",
        slip("facilities", "sports_ground_m2", lambda x: round(x / 666.67, 1), **section("0001016")),
    ),
    "hectares for square metres": (
        "U01",
        slip("facilities", "teaching_area_m2", lambda x: round(x / 10000, 2), **section("0001016")),
    ),
    "thousands of yuan in the accounts": (
        "U01",
        slip("funds", "training_final_yuan", lambda x: x / 1000, **section("0001016")),
    ),
    "more backbone teachers rotated than teachers": (
        "S07",
        slip("district", "value", 999.0, year=YEAR, item="rotation_backbone"),
    ),
    "more satisfied than asked": (
        "S07",
        slip("district", "value", 1e6, year=YEAR, item="survey_satisfied"),
    ),
    "more pupils in zone than pupils": (
        "S04",
        slip("sections", "in_zone_pupils", lambda x: 10 * x, **section("0001003")),
    ),
    "a teaching point with 3,000 pupils": (
        "T08",
        slip("sections", "pupils", 3000.0, **section("0001010")),
    ),
    "a digit too many": (
        "Y01",
        slip("sections", "full_time_teachers", lambda x: 10 * x, **section("0001003")),
    ),
    "a degree too many": ("L01", slip("schools", "latitude", lambda x: x + 1, school_id="0001016")),
}


@pytest.mark.parametrize(("number", "plant"), SLIPS.values(), ids=SLIPS)
def test_a_slip_of_real_life_is_found_in_its_place(committed, number, plant):
    p = Plant(committed)
    plant(p)
    found = {(f.rule, f.table, f.row - 2, f.column) for f in check(p.made())}
    assert {(number, *place) for place in p.expected} <= found


def test_a_figure_in_another_unit_is_told_as_that_and_as_nothing_else(committed):
    """It is a jump too, and far from its peers."""
    for name in [name for name in SLIPS if name.startswith(("ten thousands", "mu", "thousands"))]:
        p = Plant(committed)
        SLIPS[name][1](p)
        assert rules(p.made()) == ["U01"]


def test_the_unit_is_named():
    data = make()
    p = Plant(data)
    SLIPS["mu for square metres"][1](p)
    (fault,) = check(p.made())
    assert "“亩”" in fault.message and "1/667" in fault.message
    assert "本校以往" in fault.message


# Year on year


def years(values, column="sports_ground_m2", table="facilities", opened=1980):
    """Return one school with a figure in consecutive years."""
    schools = pd.DataFrame(
        {"school_id": ["1"], "district": ["甲区"], "kind": ["primary"], "opened_year": [opened]}
    )
    first = 2026 - len(values)
    rows = pd.DataFrame({"year": range(first, 2026), "school_id": "1", "stage": "primary"})
    sections = rows.assign(pupils=500.0)
    frames = {"schools": schools, "sections": sections, "facilities": rows}
    frames[table] = frames[table].assign(**{column: values})
    return Dataset.of(**frames)


# 5,000 m² and half as much again is 7,500; the amount is 1,500 (the standard's file).
@pytest.mark.parametrize(
    ("values", "where"),
    [
        ([5000, 7500, 7500], []),
        ([5000, 7501, 7501], [1]),
        ([2000, 3499, 3499], []),
        ([2000, 3500, 3500], [1]),
        ([7501, 5000, 5000], [1]),
        ([5000, 9000, 5000], [1]),  # the way back is none
        ([5000, 9000, 5100, 9000], [1, 3]),
        ([5000, None, 9000], [2]),
        ([0, 9000], [1]),
        ([9000, 0, 9000], [1]),
    ],
)
def test_a_jump_is_beyond_the_ratio_and_the_amount(values, where):
    assert places(check(years(values))) == [("Y01", "facilities", p, "sports_ground_m2") for p in where]


def test_a_new_school_that_fills_up_makes_no_jump():
    """Six years a primary school has a grade more each year; the seventh is compared."""
    grown = [100, 300, 500, 700, 900, 1100, 2200]
    assert rules(years(grown, "pupils", "sections", opened=2019)) == ["Y01"]
    assert rules(years(grown[1:], "pupils", "sections", opened=2020)) == []


def test_the_thresholds_are_those_of_the_standard(with_change):
    strict = with_change(
        (
            'column = "sports_ground_m2", ratio = 1.5, amount = 1500',
            'column = "sports_ground_m2", ratio = 1.1, amount = 100',
        )
    )
    data = years([5000, 5600])
    assert (rules(data), rules(data, strict)) == ([], ["Y01"])


def test_thresholds_of_a_column_that_is_none_are_refused(with_change):
    wrong = with_change(('column = "sports_ground_m2", ratio', 'column = "sports_ground", ratio'))
    with pytest.raises(StandardError, match=r"facilities\.sports_ground "):
        check(years([1, 2]), wrong)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ([3e6, 300, 3e6], [1]),
        ([3e6, 3.1e6, 310], [2]),
        ([3e6, 3e10], [1]),
        ([3e6, 3e6 / 90], []),  # neither 1,000 nor 10,000 within a factor of 3: a jump, but no unit
        ([None, 3e6], []),
    ],
)
def test_a_unit_slip_shows_from_the_school_alone_where_it_has_no_peers(values, where):
    found = check(years(values, "equipment_yuan"))
    assert [f.row - 2 for f in found if f.rule == "U01"] == where


def test_a_unit_slip_in_the_only_year_shows_from_the_peers():
    data = make(years=[YEAR])
    p = Plant(data)
    p.put("facilities", "equipment_yuan", lambda x: x / 10000, **section("0001003"))
    (fault,) = check(p.made())
    assert fault.rule == "U01" and "同学段" in fault.message


# Peers


def test_a_school_is_compared_only_with_enough_others():
    data = make(schools=12, years=[YEAR])
    p = Plant(data)
    p.put("facilities", "teaching_area_m2", lambda x: 9 * x, **section("0001003"))
    assert rules(p.made()) == ["Z01"]
    few = make(schools=7, years=[YEAR])
    p = Plant(few)
    p.put("facilities", "teaching_area_m2", lambda x: 9 * x, **section("0001003"))
    assert rules(p.made()) == []


def test_pupils_in_doubt_blame_no_other_figure():
    """Ten times the pupils would put every resource of the school far below its peers."""
    data = make(years=[YEAR])
    p = Plant(data)
    p.put("sections", "pupils", lambda x: 10 * x, **section("0001003"))
    found = places(check(p.made()))
    (row,) = p.at("sections", **section("0001003"))
    assert found == [("S01", "sections", row, "pupils"), ("Z01", "sections", row, "classes")]


# Sums


def test_classes_are_compared_only_where_all_are_listed_with_their_pupils():
    town = Town(schools=False).add("小", "primary", primary=100)
    assert rules(town.data()) == []
    town.set("sections", {}, pupils=101)
    assert rules(town.data()) == ["S01"]
    town.set("sections", {}, classes=None)
    assert rules(town.data()) == ["S01"]
    town.set("classes", {"grade": 2}, pupils=None)
    assert rules(town.data()) == []
    town.set("sections", {}, classes=3)
    town.set("classes", {"grade": 2}, pupils=40)
    town.drop("classes", grade=3)
    assert rules(town.data()) == ["S02"]
    town["classes"].clear()
    assert rules(town.data()) == []


@pytest.mark.parametrize(
    ("items", "found"),
    [
        ({"survey_issued": 10, "survey_valid": 10, "survey_satisfied": 10}, 0),
        ({"survey_issued": 10, "survey_valid": 11, "survey_satisfied": 11}, 1),
        ({"survey_issued": 10, "survey_valid": None, "survey_satisfied": 11}, 1),
        ({"survey_issued": 10, "survey_valid": 12, "survey_satisfied": 11}, 1),
        ({"survey_issued": None, "survey_valid": None, "survey_satisfied": 11}, 0),
        ({"quota_planned": 10, "quota_allocated": 11, "quota_allocated_rural": 12}, 2),
    ],
)
def test_an_item_is_held_against_the_next_one_that_was_reported(items, found):
    """With 10 issued, 11 satisfied are too many though nobody counted the valid ones."""
    assert rules(Town().item(**items).data()) == ["S07"] * found


def test_a_floor_that_is_not_reported_holds_any_room():
    town = Town(schools=False).add("小", "primary", primary=50)
    town.set("rooms", {"kind": "music"}, area_m2=9000)
    assert rules(town.data()) == ["S06"]
    town.set("facilities", {}, teaching_area_m2=None)
    assert rules(town.data()) == []


# Presence


def test_a_campus_reports_like_a_school_and_a_closed_school_must_say_so():
    data = make(schools=8, years=[2024, 2025])
    gone = data["sections"].query("not (year == 2025 and school_id in ['0001008', '0001003'])")
    others = {
        name: data[name].query("not (year == 2025 and school_id in ['0001008', '0001003'])")
        for name in ("facilities", "classes", "rooms", "funds")
    }
    data = data.replace(sections=gone, **others)
    found = check(data)
    assert [(f.rule, f.school_id) for f in found] == [("T04", "0001003"), ("T04", "0001008")]
    assert {f.message for f in found} == {"2025 学年没有报送学段数据"}
    closed = data["schools"]["school_id"].map({"0001003": 2024.0})
    told = data.replace(schools=data["schools"].assign(closed_year=closed))
    assert [f.school_id for f in check(told)] == ["0001008"]


def test_a_stage_that_the_kind_must_have_is_missed():
    town = Town(schools=False).add("九", "nine_year", primary=50, junior=50)
    for table in ("sections", "facilities", "classes", "rooms"):
        town.drop(table, stage="junior")
    assert [(f.rule, f.message) for f in check(town.data())] == [
        ("T04", f"{town.year} 学年没有报送初中学段数据")
    ]


def test_a_school_whose_opening_is_not_known_is_taken_to_have_been_there():
    """As the assessment of the earlier year takes it; the year it opened says that it was not."""
    data = make(schools=8, years=[2024, 2025])
    late = data["sections"].query("not (year == 2024 and school_id == '0001003')")
    others = {
        name: data[name].query("not (year == 2024 and school_id == '0001003')")
        for name in ("facilities", "classes", "rooms", "funds")
    }
    schools = data["schools"].assign(opened_year=np.nan)
    assert rules(data.replace(sections=late, schools=schools, **others)) == ["T04"]
    assert rules(data.replace(sections=late, **others)) == ["T04"]


# Persons


def extra(**columns):
    schools = pd.DataFrame({"school_id": ["1", "2"], "district": "甲区", **columns})
    return Dataset.of(schools=schools)


@pytest.mark.parametrize(
    "header",
    [
        "校长姓名",
        "身份证号",
        "联系电话",
        "手机",
        "联系人",
        "班主任",
        "家庭住址",
        "学籍号",
        "ID_card",
        "Mobile",
    ],
)
def test_a_column_about_persons_is_refused(header):
    (fault,) = check(extra(**{header: ["某", "某"]}))
    assert (fault.rule, fault.table, fault.column) == ("P01", "schools", header)


@pytest.mark.parametrize("header", ["备注", "校名简称", "教师数", "多媒体品牌", "identifier", "电教设备"])
def test_other_columns_are_kept(header):
    assert check(extra(**{header: ["甲", "乙"]})) == []


# The example of GB 11643-1999; a mobile number in the way of the numbering plan, of nobody (all zeros).
@pytest.mark.parametrize(
    "cell", ["11010519491231002X", "证号11010519491231002x。", "13800000000", "+86 138-0000-0000"]
)
def test_a_number_of_a_person_is_refused_and_not_repeated(cell):
    (fault,) = check(extra(备注=["无", cell]))
    assert (fault.rule, fault.row, fault.column) == ("P02", 3, "备注")
    assert not any(part in str(fault) for part in ("1101", "138"))


@pytest.mark.parametrize(
    "cell",
    ["110105194912310021", "12410204MB1234567X", "410204199913320012", "2024-09-01 00:00", "0371-22222222"],
    ids=["wrong check digit", "social credit code", "no such day", "a time", "a line telephone"],
)
def test_other_long_numbers_are_kept(cell):
    assert check(extra(备注=["无", cell])) == []


def test_an_identifier_may_look_like_a_mobile_number_but_not_be_an_identity_number():
    def ids(school):
        return Dataset.of(schools=pd.DataFrame({"school_id": [school], "district": ["甲区"]}))

    assert check(ids("13810000001")) == []
    assert rules(ids("11010519491231002X")) == ["P02"]


def test_numbers_of_persons_in_a_column_of_numbers_are_found():
    assert rules(extra(备注=[1.0, 13800000000.0])) == ["P02"]
    assert rules(extra(备注=[1.5e9, 3.0e9])) == []


def test_the_check_digit_of_an_identity_number():
    assert is_identity_number("11010519491231002X")
    assert not any(is_identity_number(f"11010519491231002{digit}") for digit in range(10))
    assert not is_identity_number("110105180001010029")  # the check digit fits, but nobody is so old


# Many faults


def test_a_column_full_of_faults_lists_the_first_and_says_how_many_more():
    rows = LISTED + 5
    codes = [f"{i:05}" for i in range(rows)]
    sections = pd.DataFrame({"year": 2024, "school_id": codes, "stage": "primary"})
    sections["pupils"] = 500.0 + np.arange(rows) % 3  # the same everywhere would be dragged down (S12)
    schools = pd.DataFrame({"school_id": codes, "district": "甲区", "kind": "teaching_point"})
    found = check(Dataset.of(schools=schools, sections=sections))
    assert {f.rule for f in found} == {"T08"} and len(found) == LISTED
    assert [f for f in found if "还有 5 处" in f.message] == [found[-1]]


# A workbook filled in by hand


def typed(value, column):
    """Return a value as a person types it."""
    if pd.isna(value):
        return None
    if column.terms:
        return next(term.zh for term in column.terms if term == value)
    if column.kind is ColumnKind.BOOL:
        return "是" if value else "否"
    if column.kind is ColumnKind.DATE:
        return date.fromisoformat(value)
    return value.item() if isinstance(value, np.generic) else value


def cells_of(book):
    """Return the cell of (table, position, column): below the header, under the Chinese label."""
    sheets = {name: book[table.label] for name, table in TABLES.items()}
    letters = {
        name: {cell.value.split("（")[0]: cell.column for cell in sheet[1] if cell.value}
        for name, sheet in sheets.items()
    }
    return lambda table, position, column: sheets[table].cell(
        position + 2, letters[table][TABLES[table][column].label]
    )


# What breaks each rule of reading: table, which record of the last year, column, what is typed.
TYPED = {
    "F10": ("rooms", -1, "kind", None),
    "F11": ("facilities", 5, "supplementary_sports_m2", "约 20"),
    "F12": ("funds", 5, "training_final_yuan", "inf"),
    "F13": ("sections", 5, "migrant_pupils", -5),
    "F14": ("classes", -1, "class_no", 1.5),
    "F15": ("schools", 5, "ownership", "国营"),
    "F16": ("vetoes", -1, "found", "也许"),
    "F17": ("measures", -1, "deadline", "2025-13-40"),
    "F18": ("measures", 0, "code", "1.5E+10"),
    "F19": ("zones", -1, "primary_children", "=1+1"),
    "F20": ("sections", 6, "trained_teachers", "60 人"),
}


NOT_TYPED = {
    "S11": "whole columns change places, with all that is planted in them",
    "S12": "a whole column is filled down, over what is planted in it",
    "K09": "the reader refuses the whole school as a word that the column does not have",
    "T05": "it takes a whole year away, and has no cell",
    "U01": "the whole column is in another unit by U02, which is said once",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A template filled in with two years of the sample, one fault planted for each rule, and where."""
    data = make(years=[YEAR - 1, YEAR])
    plant, where = Plant(data), []
    for number in PLANTS:
        if number not in NOT_TYPED:
            before = set(plant.expected)
            PLANTS[number](plant)
            where += [(number, *place) for place in plant.expected - before]
    folder = tmp_path_factory.mktemp("filled")
    write_template(folder / "empty.xlsx", YEAR)
    book = openpyxl.load_workbook(folder / "empty.xlsx")
    cell, changed = cells_of(book), plant.made()
    for name, table in TABLES.items():
        for column in (column for column in table.columns if column.name != "source"):
            for position, value in enumerate(changed[name][column.name]):
                cell(name, position, column.name).value = typed(value, column)
    heads = {}
    for table, header, value in plant.columns:
        sheet = book[TABLES[table].label]
        heads[header] = sheet.cell(1, sheet.max_column + 1, header).coordinate
        sheet[heads[header]].offset(1).value = value
    expected = []
    for number, (table, position, column, value) in TYPED.items():
        place = cell(table, position % len(changed[table]), column)
        place.value = value
        expected.append((number, table, place.coordinate))
    for number, table, position, column in where:
        place = heads[column] if position is None else cell(table, position, column).coordinate
        expected.append((number, table, place))
    sheet = book[TABLES["zones"].label]
    expected.append(("F21", "zones", sheet.cell(1, sheet.max_column + 1, "划定依据").coordinate))
    book.create_sheet("备注")
    book.save(folder / "filled.xlsx")
    return folder / "filled.xlsx", [*expected, ("F22", None, None)]


def test_a_template_filled_in_by_hand_has_every_planted_fault_in_its_cell(filled):
    path, expected = filled
    found = [(fault.rule, fault.table, fault.cell) for fault in check(read(path))]
    assert sorted(found, key=str) == sorted(expected, key=str)
    by_rule = {rule for rule, *_ in expected}
    assert by_rule == {rule.number for rule in RULES} - set(NOT_TYPED) | {
        number for number, rule in FORM_RULES.items() if not rule.structure and number < "F23"
    }


# The command


def test_the_list_is_grouped_by_school_and_says_why(committed, tmp_path, capsys):
    plant = planted(committed, "S01", "S04", "S07", "U01")
    write(plant.made(), tmp_path / "data")
    assert run_check(tmp_path / "data") == 0
    said = capsys.readouterr().out
    assert said.startswith("发现 4 处：请核实 4 处。")
    headings = [line for line in said.splitlines() if line.startswith("【")]
    assert headings == [
        "【青石巷小学（0001014）】",
        "【钟楼小学（0001018）】",
        "【向阳小学（0001020）】",
        "【县区及全部数据】",
    ]
    one = said.split("【青石巷小学（0001014）】")[1].split("\n\n")[0]
    assert "S01 “学段”表" in one and "“在校生数”列" in one and "S04" not in one
    assert "S07 县区数据中部分大于整体：这些比例是部分与整体之比" in said


def test_nothing_found_is_said(committed):
    told = listing(check(committed), committed)
    assert told.startswith("没有发现问题。\n\n核对了 ")
    cells = sum(int(frame.notna().to_numpy().sum()) for frame in committed.tables.values())
    assert f"{len(RULES)} 条规则（其中 {len(RULES)} 条没有发现问题）、30 所学校" in told
    assert f"{cells:,} 个有内容的单元格" in told


def test_the_list_for_programs_is_that_of_the_contract(committed, tmp_path, capsys):
    write(planted(committed, "S01").made(), tmp_path / "data")
    assert run_check(tmp_path / "data", as_json=True) == 0
    (fault,) = json.loads(capsys.readouterr().out)
    assert list(fault) == [
        "rule", "severity", "message", "remedy", "table", "row", "column", "cell", "school_id", "rows",
        "sheet", "mend", "also",
    ]  # fmt: skip
    assert (fault["severity"], fault["school_id"], fault["cell"]) == ("warning", "0001014", None)


def test_data_with_faults_that_stop_are_checked_and_data_that_cannot_be_read_are_not(
    committed, tmp_path, capsys
):
    write(planted(committed, "K02").made(), tmp_path / "data")
    assert run_check(tmp_path / "data") == 0
    (tmp_path / "data" / "sections.csv").write_bytes(b"\xff\xff\x00")
    capsys.readouterr()
    assert run_check(tmp_path / "data", as_json=True) == 1
    (fault,) = json.loads(capsys.readouterr().out)
    assert fault["rule"] == "F04"


def test_a_marked_workbook_has_its_faulty_cells_coloured(committed, tmp_path, capsys):
    write(planted(make(schools=14, years=[YEAR]), "S01").made(), tmp_path / "a.xlsx", "xlsx")
    assert run_check(tmp_path / "a.xlsx", as_json=True, marked=tmp_path / "b.xlsx") == 0
    (fault,) = json.loads(capsys.readouterr().out)
    cell = openpyxl.load_workbook(tmp_path / "b.xlsx")["学段"][fault["cell"]]
    assert cell.fill.fgColor.rgb == "FFFFEB9C" and "S01" in cell.comment.text
