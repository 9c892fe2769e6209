"""Records and what they belong to (rules K): one refusal each, with the row that a spreadsheet shows."""

import pandas as pd
import pytest
from town import DISTRICT, YEAR, Town

import qb
from qb.data.checks import RULES, check, require
from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.errors import DataError, Fault
from qb.terms import Severity

NUMBERS = [f"K{i:02d}" for i in range(1, 16)]


def found_by_k(data):
    return [fault for fault in check(data) if fault.rule in NUMBERS]


def faults(town):
    """Return what is wrong as (rule, table, row, column, school)."""
    return [(f.rule, f.table, f.row, f.column, f.school_id) for f in found_by_k(town.data())]


def repeat(town, table, **changes):
    town[table].append({**town[table][0], **changes})


def whole(town, school_id="九", **figures):
    row = {"year": YEAR, "school_id": school_id, "stage": "whole", **figures}
    town["facilities"].append(row)


def nine(**given):
    return Town(schools=False).add("九", "nine_year", primary=100, junior=90, **given)


def test_the_committed_sample_has_no_fault(committed):
    assert found_by_k(committed) == []
    require(committed)


def test_a_district_in_order_has_no_fault():
    assert faults(Town()) == []


def test_every_rule_has_its_number_once_and_stops():
    numbers = [rule.number for rule in RULES]
    assert [number for number in numbers if number.startswith("K")] == NUMBERS
    assert len(set(numbers)) == len(numbers)
    assert {rule.severity for rule in RULES if rule.number in NUMBERS} == {Severity.STOPS}
    assert all(rule.title and rule.remedy for rule in RULES)


# Row 1 is the header: the first record stands in row 2. A town has 3 schools, 3 sections, 3 rows of
# facilities and of funds, so what is appended to these stands in row 5.


@pytest.mark.parametrize(
    ("table", "row", "column", "school"),
    [
        ("schools", 5, "school_id", "小一"),
        ("sections", 5, "stage", "小一"),
        ("facilities", 5, "stage", "小一"),
        ("funds", 5, "school_id", "小一"),
        ("classes", 25, "class_no", "小一"),
        ("district", 32, "item", None),
        ("evidence", 50, "item", None),
        ("monitoring", 8, "subject", None),
        ("vetoes", 8, "item", None),
    ],
)
def test_k01_the_same_record_twice(table, row, column, school):
    town = Town()
    repeat(town, table)
    assert faults(town) == [("K01", table, row, column, school)]


def test_k01_names_the_row_that_was_first():
    town = Town()
    repeat(town, "sections")
    repeat(town, "sections")
    messages = [fault.message for fault in found_by_k(town.data())]
    assert messages == [f"学年 {YEAR}、学校标识码 小一、学段 小学 与第 2 行重复"] * 2


def test_k01_the_same_key_in_another_year_or_stage_is_no_fault_and_rooms_have_no_key():
    town = nine()
    repeat(town, "sections", year=YEAR - 1)
    repeat(town, "rooms")
    assert faults(town) == []


@pytest.mark.parametrize("table", ["sections", "facilities", "classes", "rooms", "funds"])
def test_k02_a_school_that_is_not_listed(table):
    town = Town().drop(table)
    row = Town()[table][0]
    town[table].append({**row, "school_id": "无名"})
    assert faults(town) == [("K02", table, 2, "school_id", "无名")]


def test_k02_in_the_ledger_and_on_either_side_of_a_zone():
    town = Town()
    town["measures"].append({"number": 1, "year": YEAR, "district": DISTRICT, "school_id": "无名"})
    zone = {"year": YEAR, "zone_id": "Z1", "district": DISTRICT}
    town["zones"].append({**zone, "primary_school_id": "小一", "junior_school_id": "无校"})
    assert faults(town) == [
        ("K02", "measures", 2, "school_id", "无名"),
        ("K02", "zones", 2, "junior_school_id", "无校"),
    ]


def coded(codes=("0234001", "0234002", "0234003", "0234014")):
    """Return a town of three primary schools and a junior one with real codes, one away from each other."""
    town = Town(schools=False)
    for code, kind in zip(codes, ("primary", "primary", "primary", "junior"), strict=True):
        town.add(code, kind, **{kind: 200})
    return town


@pytest.mark.parametrize(
    ("code", "typed", "meant"),
    [
        ("0234003", "0234009", "与 0234003 只差一处"),  # one away from three schools, two have their own row
        ("0234014", "0234041", "与 0234014 只差一处"),  # two digits that changed places
        ("0234003", "9990000", "只有 0234003 没有填报"),
    ],
)
def test_one_wrong_code_is_one_finding_of_all_rules(code, typed, meant):
    town = coded().set("sections", {"school_id": code}, school_id=typed)
    (found,) = check(town.data())
    assert (found.rule, found.row) == ("K02", [row["school_id"] for row in town["sections"]].index(typed) + 2)
    assert meant in found.message


def test_a_code_wrong_in_the_table_of_schools_is_one_finding_that_names_the_tables():
    town = coded().set("schools", {"school_id": "0234003"}, school_id="0234030")
    (found,) = check(town.data())
    assert found.rule == "K02" and "0234030" in found.message
    assert all(f"“{table}”表" in found.message for table in ("学段", "办学条件", "经费"))


def test_names_where_the_codes_belong_are_one_finding():
    town = coded()
    for number, row in enumerate(town["schools"]):
        row["name"] = f"第{number}小学"
        for table in ("sections", "facilities", "funds"):
            town.set(table, {"school_id": row["school_id"]}, school_id=row["name"])
    (found,) = check(town.data())
    assert found.rule == "K02" and "有 4 个填的是校名（如 第0小学，标识码是 0234001）" in found.message


def test_a_row_under_the_code_of_a_school_without_its_stage_is_one_finding():
    """The junior school's section under a primary school's code: nothing is said of what it then lacks."""
    town = coded().set("sections", {"school_id": "0234014"}, school_id="0234001")
    assert [(f.rule, f.row) for f in check(town.data())] == [("K08", 5)]


def test_years_dragged_down_as_a_series_are_one_finding():
    town = coded()
    for number, row in enumerate(town["sections"]):
        row["year"] = YEAR + number
    (found,) = check(town.data())
    assert (found.rule, found.rows) == ("T15", (2, 3, 4, 5))
    assert f"从 {YEAR} 到 {YEAR + 3}" in found.message


def test_a_sum_wrong_in_most_rows_is_one_finding_and_in_few_rows_each():
    town = coded()
    for row in town["sections"]:
        row["certified_teachers"] = 99
    town.add("0234005", "primary", primary=200)
    (found,) = check(town.data())
    assert (found.rule, found.rows) == ("S03", (2, 3, 4, 5)) and "第 2—5 行中有 4 行如此" in found.message
    for number in range(6, 11):  # not all alike, as figures dragged down are (S12)
        town.add(f"02340{number:02}", "primary", primary=200 + number)
    assert [f.rule for f in check(town.data())] == ["S03"] * 4


def exchanged(rows, one, other):
    for row in rows:
        row[one], row[other] = row[other], row[one]


def school_row(rows, code):
    return next(row for row in rows if row["school_id"] == code)


SLIPPED = {
    "stages the wrong way round": ("K08", lambda t: [turn(row) for row in t["sections"]]),
    "stages of facilities the wrong way round": ("K08", lambda t: [turn(row) for row in t["facilities"]]),
    "kinds the wrong way round": ("K08", lambda t: [turn(row, "kind") for row in t["schools"]]),
    "pupils and teachers": ("S11", lambda t: exchanged(t["sections"], "pupils", "full_time_teachers")),
    "pupils and classes": ("S11", lambda t: exchanged(t["sections"], "pupils", "classes")),
    "classes and teachers": ("S11", lambda t: exchanged(t["sections"], "classes", "full_time_teachers")),
    "number and pupils of a class": ("S11", lambda t: exchanged(t["classes"], "class_no", "pupils")),
    "codes dragged down": ("K02", lambda t: drag(t["sections"])),
    "codes one row too low": ("K08", lambda t: shift(t["sections"])),
    "one stage everywhere": ("K08", lambda t: [row.update(stage="primary") for row in t["sections"]]),
    "names and codes": ("K02", lambda t: exchanged(t["schools"], "school_id", "name")),
    "a year dragged on": ("T03", lambda t: [row.update(year=YEAR + 1) for row in t["facilities"]]),
    "one figure copied down": ("S12", lambda t: [row.update(equipment_yuan=1e6) for row in t["facilities"]]),
    "a figure continued": (
        "S12",
        lambda t: [row.update(sports_ground_m2=9e3 + n) for n, row in enumerate(t["facilities"])],
    ),
}


def turn(row, column="stage"):
    row[column] = {"primary": "junior", "junior": "primary"}.get(row[column], row[column])


def drag(rows):
    for number, row in enumerate(rows, start=1):
        row["school_id"] = f"0234{number:03}"


def shift(rows):
    codes = [row["school_id"] for row in rows]
    for row, code in zip(rows, codes[-1:] + codes, strict=False):
        row["school_id"] = code


@pytest.mark.parametrize(("rule", "slip"), SLIPPED.values(), ids=SLIPPED)
def test_a_slip_of_a_whole_column_is_one_finding(rule, slip):
    """Twelve schools in order: what follows from the slip is not said beside it."""
    town = Town(schools=False)
    for number in range(1, 13):
        stages = ["primary", "primary", "junior", "nine_year"][number % 4]
        both = ("primary", "junior") if stages == "nine_year" else (stages,)
        pupils = dict.fromkeys(both, 300.0 + 40 * number)
        town.add(f"0234{number:03}", stages, **pupils)
        school_row(town["schools"], f"0234{number:03}")["name"] = (
            f"河湾第{'一二三四五六七八九十甲乙'[number - 1]}学校"
        )
    assert check(town.data()) == []
    slip(town)
    found = check(town.data())
    assert [f.rule for f in found] == [rule] and (len(found[0].rows) > 2 or rule == "K02")


def test_k02_a_problem_of_the_whole_district_needs_no_school():
    town = Town()
    town["measures"].append({"number": 1, "year": YEAR, "district": DISTRICT, "code": "C15"})
    assert faults(town) == []


@pytest.mark.parametrize("table", ["district", "evidence", "monitoring", "vetoes"])
def test_k03_a_district_that_no_school_belongs_to(table):
    town = Town()
    repeat(town, table, district="乙区")
    row = len(town[table]) + 1
    assert faults(town) == [("K03", table, row, "district", None)]


@pytest.mark.parametrize("name", ["甲县", "甲区教育局", "大甲区"])
def test_k03_a_name_like_that_of_a_district_with_schools_is_misspelt(name):
    town = Town()
    repeat(town, "district", district=name)
    assert [fault[0] for fault in faults(town)] == ["K03"]


def test_k03_items_that_can_only_be_of_the_one_district_with_schools():
    town = Town()
    for table in ("district", "evidence", "monitoring", "vetoes"):
        for row in town[table]:
            row["district"] = "河湾镇"
    assert {fault[0] for fault in faults(town)} == {"K03"}


def test_t13_a_district_that_reported_items_and_no_school():
    town = Town()
    repeat(town, "district", district="河湾镇")
    repeat(town, "vetoes", district="河湾镇")
    assert faults(town) == []
    (fault,) = [f for f in check(town.data()) if f.rule == "T13"]
    assert (fault.table, fault.row, fault.severity) == (
        "district",
        len(town["district"]) + 1,
        Severity.WARNING,
    )


def test_k03_in_the_ledger_and_in_zones():
    town = Town()
    town["measures"].append({"number": 1, "district": "乙区"})
    town["zones"].append({"year": YEAR, "zone_id": "Z1", "district": "乙区"})
    (found,) = check(town.data())  # one name is one finding, marked wherever it stands
    assert (found.rule, found.table, found.row) == ("K03", "measures", 2)
    assert [(place["table"], place["rows"]) for place in found.also] == [("zones", [2])]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("鼓楼区", "鼓楼 区"),
        ("鼓楼区", "鼓楼区\u200b"),
        ("鼓楼区", "鼓楼区\u3000"),
        ("A区", "Ａ区"),
        ("A区", "a区"),
        ("鼓楼区", "开封市鼓楼区"),
        ("开封市鼓楼区", "鼓楼区"),
        ("开封市鼓楼区", "河南省开封市鼓楼区"),
    ],
)
def test_k04_one_district_written_in_two_ways(one, other):
    town = Town(schools=False, district=one)
    town.add("甲", "primary", primary=100).add("乙", "primary", primary=100, district=other)
    found = found_by_k(town.data())
    assert [(f.rule, f.table, f.row, f.column) for f in found] == [("K04", "schools", 3, "district")]
    assert f"“{other}”与“{one}”" in found[0].message


@pytest.mark.parametrize(
    ("one", "other"),
    [("鼓楼区", "龙亭区"), ("开封市鼓楼区", "南京市鼓楼区"), ("城区", "新城区"), ("东区", "东区新")],
)
def test_k04_two_districts_are_two(one, other):
    town = Town(schools=False, district=one)
    town.add("甲", "primary", primary=100).add("乙", "primary", primary=100, district=other)
    assert faults(town) == []


def test_k05_a_parent_that_is_not_listed():
    assert faults(Town().add("分", "primary", primary=50, parent_id="无校")) == [
        ("K05", "schools", 5, "parent_id", "分")
    ]


def test_k06_campuses_in_a_circle():
    town = Town().set("schools", {"school_id": "小一"}, parent_id="小二")
    town.set("schools", {"school_id": "小二"}, parent_id="小一")
    assert faults(town) == [
        ("K06", "schools", 2, "parent_id", "小一"),
        ("K06", "schools", 3, "parent_id", "小二"),
    ]


def test_k06_a_school_that_is_its_own_parent():
    town = Town().set("schools", {"school_id": "小一"}, parent_id="小一")
    assert faults(town) == [("K06", "schools", 2, "parent_id", "小一")]


def test_k06_a_campus_of_schools_in_a_circle_ends_the_search():
    town = Town().set("schools", {"school_id": "小一"}, parent_id="小二")
    town.set("schools", {"school_id": "小二"}, parent_id="小一")
    town.add("分", "primary", primary=50, parent_id="小一")
    assert {fault[4] for fault in faults(town)} == {"小一", "小二"}


def test_k07_a_campus_in_another_district_than_its_school():
    town = Town().add("分", "primary", primary=50, parent_id="小一", district="乙区")
    assert faults(town) == [("K07", "schools", 5, "district", "分")]


def test_k07_a_campus_without_a_district_is_where_its_school_is():
    assert faults(Town().add("分", "primary", primary=50, parent_id="小一", district=None)) == []


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        ("primary", "junior"),
        ("junior", "primary"),
        ("nine_year", "senior"),
        ("complete_secondary", "primary"),
        ("teaching_point", "junior"),
    ],
)
def test_k08_a_stage_that_the_kind_of_school_does_not_have(kind, stage):
    town = Town(schools=False).add("校", kind, **{stage: 100})
    assert [fault[:4] for fault in faults(town)] == [("K08", "sections", 2, "stage")]


def test_k08_of_facilities_is_said_where_no_section_said_it():
    town = Town(schools=False).add("校", "primary", primary=100)
    town["facilities"].append({**town["facilities"][0], "stage": "junior"})
    assert [fault[:4] for fault in faults(town)] == [("K08", "facilities", 3, "stage")]


def test_k08_a_campus_counts_as_the_school_it_belongs_to():
    """A primary campus of a nine-year school is in order, a junior campus of a primary school is not."""
    assert faults(nine().add("分", "primary", primary=50, parent_id="九")) == []
    assert faults(nine().add("分", "junior", primary=50, parent_id="九")) == []
    town = Town().add("分", "junior", junior=50, parent_id="小一")
    assert [fault[:2] for fault in faults(town)] == [("K08", "sections")]


def test_k08_a_school_of_unknown_kind_may_have_any_stage():
    assert faults(Town(schools=False).add("校", None, primary=100, junior=100)) == []


def test_k09_pupils_of_the_whole_school():
    town = nine().set("sections", {"stage": "junior"}, stage="whole").drop("facilities", stage="junior")
    assert faults(town) == [("K09", "sections", 3, "stage", "九")]


def test_k10_facilities_both_as_a_whole_and_by_stage():
    town = nine()
    whole(town, equipment_yuan=1, multimedia_rooms=2)
    assert faults(town) == [
        ("K10", "facilities", 4, "equipment_yuan", "九"),
        ("K10", "facilities", 4, "multimedia_rooms", "九"),
    ]


def test_k11_one_subject_under_two_names():
    town = nine()
    twice = {**town["monitoring"][4], "subject": "体育"}
    town["monitoring"].append(twice)
    assert faults(town) == [("K11", "monitoring", len(town["monitoring"]) + 1, "subject", None)]


def test_a_subject_that_nobody_monitors_is_named():
    town = nine()
    town["monitoring"].append({**town["monitoring"][0], "subject": "书法"})
    (fault,) = [f for f in check(town.data()) if f.table == "monitoring"]
    assert (fault.severity, fault.column) == (Severity.WARNING, "subject") and "书法" in fault.message


def test_k10_one_column_as_a_whole_and_another_by_stage_is_no_fault():
    town = nine().set("facilities", {}, equipment_yuan=None)
    whole(town, equipment_yuan=1)
    assert faults(town) == []


def test_k10_another_year_or_school_is_no_fault():
    town = nine()
    whole(town, equipment_yuan=1)
    town.set("facilities", {"stage": "whole"}, year=YEAR - 1)
    town.add("另", "nine_year", whole=True, primary=10, junior=10)
    assert faults(town) == []


# Together


def everything_wrong():
    town = nine().add("一", "primary", primary=50, district="甲 区").add("二", "primary", parent_id="无")
    town.add("三", "primary", parent_id="三").add("四", "junior", primary=40)
    town.add("五", "primary", parent_id="九", district="乙区")
    repeat(town, "funds")
    town.add("六", "primary", parent_id="九").set("funds", {"school_id": "九"}, covers_campuses=True)
    repeat(town, "vetoes", district="丙区")
    town["monitoring"].append({**town["monitoring"][4], "subject": "体育"})
    repeat(town, "sections", school_id="外")
    repeat(town, "funds", school_id="0一")
    town["sections"].append({"year": YEAR, "school_id": "九", "stage": "whole", "pupils": 1})
    whole(town, equipment_yuan=1)
    mine = {"year": YEAR, "school_id": "九", "stage": "primary", "count": 1}
    town["classes"].append({**mine, "pupils_from": 45, "pupils_to": 41})
    town["rooms"].append({**mine, "kind": "music", "area_from": 73, "area_to": 97})
    town["rooms"].append({**mine, "kind": "music", "area_from": 96})
    return town


def test_all_faults_are_told_at_once_in_the_order_of_the_tables():
    found = found_by_k(everything_wrong().data())
    assert {fault.rule for fault in found} == set(NUMBERS)
    tables = list(dict.fromkeys(fault.table for fault in found))
    assert tables == [
        "schools",
        "sections",
        "facilities",
        "classes",
        "rooms",
        "funds",
        "monitoring",
        "vetoes",
    ]
    for table in tables:
        rows = [fault.row for fault in found if fault.table == table]
        assert rows == sorted(rows)


def test_nothing_is_computed_from_data_that_must_be_mended():
    data = everything_wrong().data()
    with pytest.raises(DataError) as refused:
        qb.assess(data)
    assert list(refused.value.faults) == found_by_k(data)
    assert all(f"[{number}]" in str(refused.value) for number in NUMBERS)


def test_each_fault_says_what_to_do_in_a_sentence():
    for fault in found_by_k(everything_wrong().data()):
        assert fault.message and fault.remedy and not fault.message.endswith("。")
        assert "nan" not in str(fault).lower()


def test_faults_of_reading_come_along_and_rows_are_those_of_the_file(tmp_path):
    """The first record stands in row 4 and its double in row 5: two title lines are above the header."""
    town = Town(schools=False).add("小", "primary", primary=100)
    town["sections"].append({**town["sections"][0]})
    for name, rows in ((name, rows) for name, rows in town.items() if rows):
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    path = tmp_path / "sections.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    blank = "," * lines[0].count(",")
    path.write_text("\n".join([f"某区学段表{blank}", f"（模拟）{blank}", *lines]), encoding="utf-8")
    (tmp_path / "schools.csv").write_text(
        "school_id,district,kind,opened_year\n小,甲区,primary,很早\n", encoding="utf-8"
    )
    found = [fault for fault in check(read(tmp_path)) if fault.severity is Severity.STOPS]
    assert [(f.rule, f.table, f.row) for f in found] == [("F11", "schools", 2), ("K01", "sections", 5)]


def test_a_note_alone_does_not_refuse_the_data():
    town = Town()
    note = Fault("F20", Severity.NOTE, "写法不规范", "不用改", table="sections", row=2)
    warning = Fault("F99", Severity.WARNING, "请核实", "看一看")
    data = Dataset(town.data().tables, (note, warning))
    require(data)
    assert [fault for fault in check(data) if fault in (note, warning)] == [warning, note]
