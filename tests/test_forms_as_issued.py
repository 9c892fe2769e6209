"""Forms as issued: layouts, forms to fill in, and what is read from them.

Expected figures are worked out beside each case; the numbers of items are those of the forms that bureaus use
(68 for a school, 20 for a district; 表I has eight figures of the county, two of staff and its name).
"""

import openpyxl
import pandas as pd
import pytest

from qb.data.blank_forms import write_form, write_per_school
from qb.data.dataset import Dataset
from qb.data.grid import Grid
from qb.data.layout_file import label_key, layout_names, load_layout
from qb.data.returned_form_rows import rows_of
from qb.data.returned_forms import find_forms
from qb.data.workbook import open_book
from qb.errors import QbError

SCHOOL, DISTRICT, TABLE_1 = (load_layout(name) for name in ("school-form", "district-form", "table-1"))
HEAD = ["序号", "类别", "填报项目", "单位", "填报值", "是否必填", "备注"]
PLAIN = {
    "学校名称": "甲小学", "学校类型": "小学", "学校代码": "0101", "小学人数": 500, "初中人数": 0,
    "班级总数": 12, "专任教师总人数": 30, "教学及辅助用房总面积": 3000,
    "教学仪器设备资产值": 85.5, "网络多媒体教室间数": 14,
}  # fmt: skip
NINE = {**PLAIN, "学校类型": "九年一贯制", "小学人数": 600, "初中人数": 300}


def sheet(answers, layout=SCHOOL, *, head=HEAD, label=str, units=None, title="某表"):
    """The cells of a form: every item of the layout, and what was answered."""
    rows = [[title, *[""] * 6], head]
    for number, item in enumerate(layout.sheets[0].items, start=1):
        unit = (units or {}).get(item.label, item.unit)
        value = answers.get(item.label, "")
        rows.append([number, item.group, label(item.label), unit, value, "", ""])
    return rows


def grid(rows):
    return Grid.of(rows, lettered=True)


def read(rows, layouts=(SCHOOL, DISTRICT, TABLE_1), year=2025, name="表"):
    filled = find_forms({name: grid(rows)}, layouts)
    assert len(filled) == 1
    return rows_of(filled[0], year)


def answers(answered, **more):
    return read(sheet(answered, **more))


def row(rows, table, *key):
    return rows.tables[table][key]


def rules(rows):
    return sorted(fault.rule for fault in rows.faults)


# Layouts


def test_the_forms_have_as_many_items_as_those_that_bureaus_use():
    assert [len(layout.sheets[0].items) for layout in (SCHOOL, DISTRICT)] == [68, 20]
    assert [item.to for item in TABLE_1.sheets[0].read_back()] == [
        "district.district",
        *(f"district.{name}" for name in (
            "population", "rural_population", "townships", "villages", "gdp_per_person_yuan",
            "revenue_per_person_yuan", "farmer_income_yuan", "urban_income_yuan", "staff_primary",
            "staff_junior",
        )),
    ]  # fmt: skip
    assert {"school-form", "district-form", "table-1", "national"} <= set(layout_names())


def test_every_fault_of_a_layout_is_named_at_once_with_its_file_and_entry(tmp_path):
    wrong = tmp_path / "本省.toml"
    wrong.write_text(
        'title = "表"\nsource = "某省"\n[[sheets]]\nname = "表"\ntitle = "表"\nof = "school"\n'
        'columns = [{ head = ["项目"], width = 9, cell = "{label}" },'
        ' { head = ["值"], width = 9, cell = "{value}" }]\n'
        "items = [\n"
        '  { label = "代码", to = "schools.id" },\n'
        '  { label = "设备", unit = "万元", to = "facilities.equipment_yuan" },\n'
        '  { label = "类型", to = "schools.kind", words = { "初中" = "middle" } },\n'
        '  { label = "班数", to = "classes" },\n'
        '  { label = "教室", to = "rooms", band = [96, 73] },\n'
        '  { label = "人数", to = "sections.pupils", stage = "college" },\n'
        '  { label = "面积", to = "facilities.teaching_area_m2", unit = "m²", factor = -1 },\n'
        '  { label = "校名", to = "schools.name", stage = "primary", weight = 3 },\n'
        "]\n",
        encoding="utf-8",
    )
    with pytest.raises(QbError) as caught:
        load_layout(wrong)
    said = str(caught.value)
    assert str(wrong) in said
    for place, reason in {
        "items[0]": "没有 schools.id 这样的去处",
        "items[1]": "要写 factor",
        "items[2]": "“middle”",
        "items[3]": "必须写 band",
        "items[4]": "由小到大",
        "items[5].stage": "只能是",
        "items[6].factor": "须大于 0",
        "items[7].weight": "不认识这一项",
    }.items():
        assert any(place in line and reason in line for line in said.splitlines()), (place, said)


def test_a_layout_whose_items_go_to_one_place_or_lack_the_school_is_refused(tmp_path):
    file = tmp_path / "甲.toml"
    file.write_text(
        'title = "表"\nsource = "某省"\n[[sheets]]\nname = "表"\ntitle = "表"\nof = "school"\n'
        'columns = [{ head = ["项目"], width = 9, cell = "{label}" }]\n'
        'items = [{ label = "甲", to = "sections.pupils", stage = "primary" },'
        ' { label = "乙", to = "sections.pupils", stage = "primary" }, { label = "（甲）" }]\n',
        encoding="utf-8",
    )
    with pytest.raises(QbError) as caught:
        load_layout(file)
    for reason in (
        "第 2 项“乙”：与“甲”的去处相同",
        "第 3 项“（甲）”：与“甲”的名称相同",
        "schools.school_id",
        "{value}",
    ):
        assert reason in str(caught.value)


# Labels


def test_a_layout_like_another_says_which_sheets_it_takes(tmp_path):
    (tmp_path / "甲.toml").write_text('title = "表"\nsource = "某省"\nlike = "national"\n', encoding="utf-8")
    with pytest.raises(QbError, match="only 中写明"):
        load_layout(tmp_path / "甲.toml")


@pytest.mark.parametrize(
    "written",
    [
        str,
        lambda text: f"  {text}：",
        lambda text: f"3．{text}*",
        lambda text: f"（十二）{text.replace('（', '(').replace('）', ')')}",
        lambda text: text.replace("（", "【").replace("）", "】").replace("—", "-"),
        lambda text: "　".join(text),
    ],
    ids=["as issued", "spaces", "numbered", "half-width", "other brackets", "spread"],
)
def test_labels_are_matched_by_meaning(written):
    rows = answers(PLAIN, label=written)
    assert rows.faults == []
    assert row(rows, "facilities", 2025, "0101", "primary")["equipment_yuan"] == 855_000


def test_numbering_is_no_size():
    assert label_key("25人以下") != label_key("24人以下")
    assert label_key("2.5公里") == "25公里"  # marks aside, digits stay
    assert label_key("5、25人以下") == label_key("25 人以下")


def test_a_unit_may_stand_with_the_label():
    written = sheet(
        PLAIN, label=lambda text: "教学仪器设备资产值（万元）" if text == "教学仪器设备资产值" else text
    )
    assert row(read(written), "facilities", 2025, "0101", "primary")["equipment_yuan"] == 855_000


def test_another_unit_is_refused_and_its_figure_not_taken():
    rows = answers({**PLAIN, "教学仪器设备资产值": 855_000}, units={"教学仪器设备资产值": "元"})
    assert "equipment_yuan" not in row(rows, "facilities", 2025, "0101", "primary")
    (fault,) = rows.faults
    assert (fault.rule, fault.cell, fault.sheet, fault.school_id) == ("B04", "E53", "表", "0101")
    assert "应为“万元”，表中是“元”" in fault.message


def test_two_lists_may_stand_side_by_side():
    rows = sheet(PLAIN)
    left, right = rows[2:36], rows[36:]
    beside = [rows[0] * 2, HEAD + HEAD, *(a + b for a, b in zip(left, right, strict=True))]
    assert answers(PLAIN).tables == read(beside).tables


def test_forms_of_a_school_and_of_its_district_may_share_a_sheet():
    below = (
        sheet(PLAIN)
        + sheet({"区县名称": "甲区", "填报年度": 2025, "小学生均公用经费标准": 750}, DISTRICT)[1:]
    )
    school, district = find_forms({"表": grid(below)}, [SCHOOL, DISTRICT])
    assert row(rows_of(school, 2025), "sections", 2025, "0101", "primary")["pupils"] == 500
    assert row(rows_of(district, 2025), "district", 2025, "甲区", "base_amount_primary_yuan")["value"] == 750


def test_items_beyond_the_layout_and_those_lacking_are_named():
    rows = [line for line in sheet(PLAIN) if line[2] != "县级及以上骨干教师"]
    rows.insert(5, [99, "", "县级以上的骨干教师", "人", 7, "", ""])
    rows.insert(6, [99, "", "食堂面积", "m²", 300, "", ""])
    said = {fault.rule + fault.message for fault in read(rows).faults}
    assert said == {
        "B02表中没有：县级及以上骨干教师",
        "B03“县级以上的骨干教师”像是“县级及以上骨干教师”，没有读入",
        "B03“食堂面积”不在表样中，没有读入",
    }


def test_a_sheet_that_is_no_form_is_none():
    assert find_forms({"表": grid([["项目", "值"], ["甲", 1]])}, [SCHOOL, DISTRICT, TABLE_1]) == []


# What the answers become


def test_a_school_of_one_stage():
    """12 classes: 10 of 41–45 and 2 of 46–50; 5 music rooms, 1 of 96 m² and 3 of 73–96, so one below 61."""
    rows = answers(
        {
            **PLAIN, "41—45人班级数": 10, "46—50人班级数": 2, "音乐教室总间数": 5,
            "96平方米及以上音乐教室": 1, "73—96平方米音乐教室": 3, "美术教室总间数": 0,
            "上年公用经费决算": "40.25", "体育专任教师": 3,
            "音乐专任教师": 1, "美术专任教师": 1, "艺术专任教师": 0, "建校时间": "1998年",
            "是否2010年及之前规划并建成": "是",
        }
    )  # fmt: skip
    assert row(rows, "schools", "0101") == {
        "school_id": "0101", "name": "甲小学", "kind": "primary", "opened_year": 1998,
        "是否2010年及之前规划并建成": "是",
    }  # fmt: skip
    section = row(rows, "sections", 2025, "0101", "primary")
    assert (section["pupils"], section["classes"], section["pe_arts_teachers"]) == (500, 12, 5)
    assert list(rows.tables["sections"]) == [(2025, "0101", "primary")]
    assert {key[3:]: one["count"] for key, one in rows.tables["classes"].items()} == {
        (41, 45): 10,
        (46, 50): 2,
    }
    counts = {key[2:]: one.get("count", one.get("area_m2")) for key, one in rows.tables["rooms"].items()}
    assert counts == {
        ("primary", "music", 96, None): 1, ("primary", "music", 73, 96): 3, ("primary", "music", 0, 61): 1,
        ("primary", "art", None, None): 0,  # a room of no size: there is none
    }  # fmt: skip
    assert row(rows, "funds", 2025, "0101")["public_funds_final_yuan"] == 402_500


def test_what_two_stages_report_together_is_split_by_pupils_and_said():
    """600 and 300 pupils: of 30 teachers 20 and 10; of 5 backbone ones 3⅓ and 1⅔; of 13 classes 9 and 4."""
    rows = answers({**NINE, "班级总数": 13, "县级及以上骨干教师": 5})
    primary, junior = (row(rows, "sections", 2025, "0101", stage) for stage in ("primary", "junior"))
    assert (primary["full_time_teachers"], junior["full_time_teachers"]) == (20, 10)
    assert (primary["backbone_teachers"], junior["backbone_teachers"]) == pytest.approx((10 / 3, 5 / 3))
    assert (primary["classes"], junior["classes"]) == (9, 4)
    assert row(rows, "facilities", 2025, "0101", "whole")["teaching_area_m2"] == 3000
    (note,) = rows.faults
    assert note.rule == "B06" and "小学 600 人、初中 300 人" in note.message


def test_teachers_by_degree_stay_by_degree_and_stage():
    given = {"专科学历专任教师（小学）": 9, "本科（小学）": 7, "本科学历专任教师（初中）": 8}
    rows = answers(
        {**NINE, **given}, label=lambda text: text.replace("本科学历专任教师（小学）", "本科（小学）")
    )
    primary, junior = (row(rows, "sections", 2025, "0101", stage) for stage in ("primary", "junior"))
    assert (primary["college_teachers"], junior["bachelor_teachers"]) == (9, 8)
    assert "teachers_above_required" not in primary  # added up by the rule of each stage when it is computed


def test_a_stage_without_pupils_is_not_split():
    rows = answers({**NINE, "初中人数": 0})
    assert row(rows, "sections", 2025, "0101", "primary")["full_time_teachers"] == 30
    assert row(rows, "sections", 2025, "0101", "junior")["pupils"] == 0
    assert list(rows.tables["facilities"]) == [(2025, "0101", "primary")]


def test_parts_of_a_sum_must_all_be_filled_in():
    rows = answers({**PLAIN, "体育专任教师": 3, "音乐专任教师": 1, "美术专任教师": 1})
    assert "pe_arts_teachers" not in row(rows, "sections", 2025, "0101", "primary")
    (fault,) = rows.faults
    assert (fault.rule, fault.cell) == ("B05", "E42")
    assert "“艺术专任教师”没有填" in fault.message


def test_more_rooms_by_size_than_in_all_are_named():
    rows = answers({**PLAIN, "音乐教室总间数": 2, "96平方米及以上音乐教室": 3})
    assert rules(rows) == ["B08"]


def test_a_gymnasium_that_is_not_the_indoor_area_is_asked_about():
    assert rules(answers({**PLAIN, "其中室内体育用房面积": 400, "学校体育馆面积": 400})) == []
    assert rules(answers({**PLAIN, "其中室内体育用房面积": 400, "学校体育馆面积": 900})) == ["B07"]


def test_cells_that_cannot_be_read_are_named_with_their_cell():
    rows = answers({**PLAIN, "小学人数": "约500", "教学仪器设备资产值": -3, "学校类型": "书院"})
    found = {(fault.rule, fault.cell, fault.table, fault.column) for fault in rows.faults}
    assert found == {
        ("F15", "E4", "schools", "kind"),
        ("F11", "E12", "sections", "pupils"),
        ("F13", "E53", "facilities", "equipment_yuan"),
    }
    assert "小学人数：“约500”不是数字" in {fault.message for fault in rows.faults}


def test_what_must_be_filled_in_and_is_not_is_named():
    rows = answers({name: value for name, value in PLAIN.items() if name != "班级总数"})
    assert [(fault.rule, fault.severity) for fault in rows.faults] == [("B01", "stops")]


def test_a_form_of_another_year_is_not_taken():
    rows = answers(PLAIN, title="学校填报表（2024—2025学年）")
    assert rules(rows) == ["B09"] and rows.tables == {}


def test_a_school_without_its_code_is_known_by_its_name():
    (filled,) = find_forms({"表": grid(sheet({**PLAIN, "学校代码": ""}))}, [SCHOOL])
    assert rows_of(filled, 2025, {"甲小学": "0101"}).school == "0101"
    assert rows_of(filled, 2025, {}).tables == {}


def test_the_district_form_in_our_units():
    """Pay in 万元; children in public and in bought places add up to those placed."""
    rows = read(sheet(
        {
            "区县名称": "甲区", "填报年度": "2025", "教师年平均工资": 9.87, "公务员年平均工资": 9.5,
            "在公办学校就读": 900, "在政府购买服务的民办学校就读": 30,
        },
        DISTRICT,
    ))  # fmt: skip
    values = {key[2]: one["value"] for key, one in rows.tables["district"].items()}
    assert values == {
        "teacher_mean_pay_yuan": 98_700, "civil_servant_mean_pay_yuan": 95_000, "migrant_public": 900,
        "migrant_bought": 30, "migrant_placed": 930,
    }  # fmt: skip


def test_table_1_is_read_back_under_its_two_heads_and_numbers():
    columns = load_layout("national").sheets[0].columns
    heads = [[column.head[level] for column in columns] for level in (0, 1)]
    numbers = [column.number for column in columns]
    line = ["甲区", 45.21, 12.5, 9, 88, *[50_000] * 4, *range(9, 21), 812, 800, 433, 430]
    rows = read([["表I", *[""] * 24], *heads, numbers, line], [TABLE_1])
    values = {key[2]: one["value"] for key, one in rows.tables["district"].items()}
    assert values == {
        "population": 452_100, "rural_population": 125_000, "townships": 9, "villages": 88,
        "gdp_per_person_yuan": 50_000, "revenue_per_person_yuan": 50_000, "farmer_income_yuan": 50_000,
        "urban_income_yuan": 50_000, "staff_primary": 812, "staff_junior": 433,
    }  # fmt: skip


# Forms to fill in


@pytest.fixture
def before():
    schools = {"school_id": ["0101", "0102", "0103"], "name": ["甲/小学", "乙校", "丙校"], "district": "甲区",
               "kind": ["primary", "nine_year", "primary"], "closed_year": [None, None, 2024]}  # fmt: skip
    sections = {"year": 2024, "school_id": ["0101", "0102", "0102"],
                "stage": ["primary", "primary", "junior"], "pupils": [500.0, 600, 300],
                "full_time_teachers": [30.0, 40, 25]}  # fmt: skip
    facilities = {"year": 2024, "school_id": ["0101", "0102"], "stage": ["primary", "whole"],
                  "equipment_yuan": [855_000.0, 1_234_567]}  # fmt: skip
    classes = {"year": 2024, "school_id": "0101", "stage": "primary", "grade": 1.0, "class_no": [1.0, 2, 3],
               "pupils": [45.0, 46, 66]}  # fmt: skip
    rooms = {
        "year": 2024,
        "school_id": "0101",
        "stage": "primary",
        "kind": ["music", "music"],
        "area_m2": [96.0, 60],
    }
    tables = {
        "schools": schools,
        "sections": sections,
        "facilities": facilities,
        "classes": classes,
        "rooms": rooms,
    }
    return Dataset.of(**{name: pd.DataFrame(columns) for name, columns in tables.items()})


def values(path):
    page = openpyxl.load_workbook(path).active
    return {line[2].value: line[4] for line in page.iter_rows(min_row=4) if line[2].value}


def test_each_open_school_gets_a_form_with_last_years_figures_in_grey(before, tmp_path):
    assert write_per_school(before, tmp_path, SCHOOL) == (2, 2025)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0101 甲_小学.xlsx", "0102 乙校.xlsx"]
    one = values(tmp_path / "0101 甲_小学.xlsx")
    filled = {label: cell.value for label, cell in one.items() if cell.value is not None}
    assert filled == {
        "学校名称": "甲/小学", "学校类型": "小学", "学校代码": "0101", "小学人数": 500, "专任教师总人数": 30,
        "教学仪器设备资产值": 85.5, "25人及以下班级数": 0, "26—30人班级数": 0, "31—35人班级数": 0,
        "36—40人班级数": 0, "41—45人班级数": 1, "46—50人班级数": 1, "51—55人班级数": 0,
        "56—60人班级数": 0, "61—65人班级数": 0,
        "66人及以上班级数": 1, "音乐教室总间数": 2, "96平方米及以上音乐教室": 1, "73—96平方米音乐教室": 0,
        "61—73平方米音乐教室": 0,
    }  # fmt: skip
    assert {one[label].font.color.rgb for label in filled} == {"FF808080"}
    two = values(tmp_path / "0102 乙校.xlsx")
    assert (two["专任教师总人数"].value, two["教学仪器设备资产值"].value) == (65, 123.4567)
    with pytest.raises(QbError, match="不覆盖"):
        write_per_school(before, tmp_path, SCHOOL)


def test_what_is_written_reads_back(before, tmp_path):
    write_per_school(before, tmp_path, SCHOOL)
    with open_book(tmp_path / "0102 乙校.xlsx") as book:
        (filled,) = find_forms({name: book.grid(name) for name in book.names}, [DISTRICT, TABLE_1, SCHOOL])
    assert filled.year == 2025
    rows = rows_of(filled, 2025)
    assert row(rows, "sections", 2025, "0102", "junior")["pupils"] == 300
    assert row(rows, "facilities", 2025, "0102", "whole")["equipment_yuan"] == 1_234_567


def test_our_own_workbook_for_one_school_has_its_rows_and_no_tables_of_the_district(before, tmp_path):
    write_per_school(before, tmp_path, None, 2025)
    book = openpyxl.load_workbook(tmp_path / "0102 乙校.xlsx")
    assert book.sheetnames == ["填报说明", "学校", "学段", "办学条件", "班级", "音乐美术教室", "经费"]
    assert [line[1] for line in book["学段"].iter_rows(min_row=2, values_only=True)] == ["0102", "0102"]


@pytest.mark.parametrize("layout", [DISTRICT, TABLE_1])
def test_an_empty_form_is_known_for_what_it_is(layout, tmp_path):
    write_form(tmp_path / "表.xlsx", layout, 2025)
    with open_book(tmp_path / "表.xlsx") as book:
        (filled,) = find_forms({name: book.grid(name) for name in book.names}, [SCHOOL, DISTRICT, TABLE_1])
    assert filled.form == layout.sheets[0] and filled.is_empty


def test_a_form_for_schools_is_asked_for(before, tmp_path):
    with pytest.raises(QbError, match="不是学校填的"):
        write_per_school(before, tmp_path, DISTRICT)
    national = load_layout("national")
    written_only = national.model_copy(update={"sheets": national.sheets[1:]})
    with pytest.raises(QbError, match="没有可以填报的工作表"):
        write_form(tmp_path / "表.xlsx", written_only, 2025)
