"""Workbooks that offices hand in: figures are the assessment's, rounded half up, and text stays text."""

import csv
import re
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from pathlib import Path

import openpyxl
import oracle
import pytest
from odd_districts import silent_school, six_of_seven
from town import YEAR, Town

from qb.data.dataset import Dataset
from qb.data.reading import write
from qb.data.schema import TABLES, DistrictItem
from qb.errors import QbError
from qb.indicators.assessment import assess
from qb.report.context import ReportContext, open_context
from qb.report.forms import run, write_all, write_forms, write_ledger, write_policies
from qb.report.issue_ledger import ledger_table
from qb.report.printed_form_canvas import Filing
from qb.report.printed_form_figures import FormFigures
from qb.terms import Kind

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
SEVEN = [f"C{i}" for i in range(1, 8)]
SHEETS = [
    "填表说明", "表I 基本情况", "表II-1 资源配置", "表II-2 资源配置分学校", "表III 校际均衡",
    "表IV 政府保障程度", "表V 教育质量", "表VI 社会认可度", "一票否决自查", "未参加评估", "学校自评表",
]  # fmt: skip
MISSING = "缺数据"


def book_of(town: Town) -> ReportContext:
    return ReportContext(town.data(), town.assess())


def values(sheet) -> list[list[object]]:
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def line(sheet, first: object, column: int = 0) -> list[object]:
    """Return the one row with this text in a column."""
    (found,) = [row for row in values(sheet) if row[column] == first]
    return found


def texts(sheet) -> list[str]:
    return [str(cell) for row in values(sheet) for cell in row if cell is not None]


def printed(value, decimals: int) -> float:
    """Return a number as arithmetic at school rounds it, by decimal digits and not by our code."""
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


# 教督〔2017〕6号: teachers above the required degree, backbone, PE and arts; m², m², yuan; multimedia rooms
LEAST = {
    "primary": (4.2, 1, 0.9, 4.5, 7.5, 2000, 2.3),
    "junior": (5.3, 1, 0.9, 5.8, 10.2, 2500, 2.4),
}


def told(value: float, limit: float) -> float:
    """Return a figure of the seven with two decimals, with more where two would make it its limit."""
    decimals = 2
    while abs(value - limit) > 1e-9 and printed(value, decimals) == limit:
        decimals += 1
    return printed(value, decimals)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    context = open_context(SAMPLE, 2025)
    return context, [
        openpyxl.load_workbook(path) for path in write_all(context, "", tmp_path_factory.mktemp("out"))
    ]


def uneven() -> Town:
    """Three schools; 小一 lacks a music room and half of its grounds, 小二 one multimedia room.

    小一, 200 pupils: 8 m² of rooms less 1 m² for sports, 700 m² of grounds and 200 m² indoors = 4.5 m²
    a pupil against 7.5: below 85 % (6.375). 小二, 400 pupils: 9 rooms for 100·9/400 = 2.25 against 2.3,
    which is above 85 % (1.955); 2.3·400/100 = 9.2 are needed, one more.
    """
    town = Town()
    town.set("facilities", {"school_id": "小一"}, sports_ground_m2=700)
    town.set("facilities", {"school_id": "小二"}, multimedia_rooms=9)
    town.drop("rooms", school_id="小一", kind="music")
    return town


def test_a_school_plan_has_its_target_money_and_a_place_for_acceptance(sample):
    # 0001001 lacks 30.8 m² of rooms to 4.5 a pupil; a m² is assumed at 3,000 yuan: 92,400 yuan. A junior
    # school's 1,017.3 m² of grounds are what its rule allows: nothing is bought.
    rows = list(sample[1][2]["各校措施"].iter_rows(values_only=True))
    heads = next(row for row in rows if row[0] == "序号")
    assert {"目标（标准）", "整改措施", "费用（万元）", "完成时限", "验收意见、验收人和日期"} <= set(heads)
    money = {(row[1][:2], row[5]): row[heads.index("费用（万元）")] for row in rows if row[5] is not None}
    assert money["C4", 30.8] == 9.24 and money["C5", 1017.3] == "—"


def test_every_sheet_is_printed_with_letters_of_at_least_eight_points(sample):
    # As LibreOffice prints them: 95 characters of Latin text in a line of A4 on its side, 1.41 times as many
    # on A3, 0.68 times as many upright.
    for sheet in (sheet for book in sample[1] for sheet in book):
        page, widths = sheet.page_setup, [column.width for column in sheet.column_dimensions.values()]
        spans = [column.max - column.min + 1 for column in sheet.column_dimensions.values()]
        room = (
            95 * (1.41 if int(page.paperSize) == 8 else 1) * (1 if page.orientation == "landscape" else 0.68)
        )
        scale = min(1, room / sum((width - 0.71) * span for width, span in zip(widths, spans, strict=True)))
        sizes = [cell.font.sz for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert min(sizes) * scale > 7.9, sheet.title


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    path = tmp_path_factory.mktemp("forms") / "表.xlsx"
    write_forms(book_of(uneven()), "甲区", path)
    return openpyxl.load_workbook(path)


def test_the_workbook_holds_every_form_in_the_national_order(forms):
    assert forms.sheetnames == SHEETS


def sheet_of(town: Town, name: str, tmp_path: Path, **options: object):
    write_forms(book_of(town), "甲区", tmp_path / "表.xlsx", **options)
    return openpyxl.load_workbook(tmp_path / "表.xlsx")[name]


def middle(sheet, number: int) -> str:
    """Return the middle column of a line of 表IV or 表V."""
    return line(sheet, str(number))[2]


def test_form_one_has_24_columns_under_their_heads(tmp_path):
    town = Town()
    town.add("九年", "nine_year", primary=120, junior=81, ownership="private")
    town.add("十二年", "twelve_year", primary=100, junior=50, senior=40)
    town.add("完中", "complete_secondary", junior=90, senior=60)
    town.add("特教", "special", primary=30)
    town.add("小点", "teaching_point", primary=49)
    town.add("大点", "teaching_point", primary=50)
    town.item(
        population=356_049, rural_population=120_551, townships=7, villages=61, gdp_per_person_yuan=52_340.4,
        revenue_per_person_yuan=4_100.5, farmer_income_yuan=18_250, urban_income_yuan=36_700,
        staff_primary=90, staff_junior=61,
    )  # fmt: skip
    sheet = sheet_of(town, "表I 基本情况", tmp_path)
    row = line(sheet, "甲区")
    assert row[1:5] == [35.6, 12.06, 7, 61]  # in 万人, halves up: 35.6049 and 12.0551
    assert row[5:9] == [52_340, 4_101, 18_250, 36_700]  # whole yuan
    # 小一, 小二 · 九年 · 初一 · 完中 · 十二年 · 特教 · two points, of which one has 50 pupils
    assert row[9:17] == [2, 1, 1, 1, 1, 1, 2, 1]
    # Classes of 40: 5 + 10 + 3 + 3 + 2 + 2 in primary, 8 + 3 + 2 + 3 in junior, none of the special school.
    assert row[17:19] == [25, 16]
    assert row[19:21] == [200 + 400 + 120 + 100 + 49 + 50, 300 + 81 + 50 + 90]
    # 8 teachers for 100 pupils, begun hundreds up: 16 + 32 + 10 + 8 + 4 + 4 and 24 + 7 + 4 + 8
    assert row[21:25] == [90, 74, 61, 43]
    assert sheet.cell(6, 2).number_format == "#,##0.00"
    assert line(sheet, "L1", 1)[1:] == [f"L{i}" for i in range(1, 25)]
    heads = [cell for cell in values(sheet)[2] if cell]
    assert heads == [
        "县（市、区）", "自然情况", "经济情况", "普通中小学校数（所）", "特殊教育学校（所）",
        "小学教学点（个）", "教学班数（个）", "在校学生数（人）", "教职工数（人）",
    ]  # fmt: skip
    assert any("一贯制学校 1 所" in text and "民办" in text for text in texts(sheet))


def test_what_nobody_reported_is_marked_and_never_nought(tmp_path):
    town = Town().set("sections", {"school_id": "小一"}, full_time_teachers=None)
    sheet = sheet_of(town, "表I 基本情况", tmp_path)
    row = line(sheet, "甲区")
    assert row[1:9] == [MISSING] * 8
    assert row[21:25] == [MISSING, MISSING, MISSING, 24]  # a sum that one school leaves open; 8 · 300 / 100
    place = next(cells for cells in sheet.iter_rows() if cells[0].value == "甲区")
    assert place[1].fill.fgColor.rgb == place[22].fill.fgColor.rgb == "FFFFF2CC"
    assert place[24].fill.fgColor.rgb != "FFFFF2CC"


def test_form_two_one_counts_the_schools_that_meet_each_of_the_seven(forms):
    rows = [row for row in values(forms["表II-1 资源配置"]) if row[1] and str(row[1]).startswith("达标")]
    #                 C1 C2 C3 C4 C5 C6 C7 all
    assert rows[0] == ["小学", "达标学校总数（所）", 2, 2, 2, 2, 1, 2, 1, 1]
    assert rows[1][2:] == [100, 100, 100, 100, 50, 100, 50, 50]
    assert rows[2] == ["初中", "达标学校总数（所）", *[1] * 8]


def test_a_count_with_schools_that_did_not_report_says_so_and_has_no_share(tmp_path):
    """C6 of 小一 is not known; of the only junior school neither is its C6: that is no nought."""
    town = Town().set("facilities", {"school_id": "小一"}, equipment_yuan=None)
    town.set("facilities", {"school_id": "初一"}, equipment_yuan=None)
    sheet = sheet_of(town, "表II-1 资源配置", tmp_path)
    rows = [row for row in values(sheet) if row[1] and str(row[1]).startswith("达标")]
    assert (rows[0][7], rows[1][7], rows[2][7], rows[3][7]) == (1, MISSING, MISSING, MISSING)
    place = next(cells for cells in sheet.iter_rows() if cells[1].value == "达标学校总数（所）")
    assert place[7].number_format == '#,##0"＊"'
    assert "＊ 另有缺数据的，未计入。" in texts(sheet)


def test_form_two_two_lists_primary_rows_first_with_their_remarks(tmp_path):
    town = uneven().add("九年", "nine_year", primary=120, junior=90)
    town.set("schools", {"school_id": "小二"}, sponsor=7)
    town.drop("classes", school_id="小二", grade=6)
    sheet = sheet_of(town, "表II-2 资源配置分学校", tmp_path)
    rows = [row for row in values(sheet) if isinstance(row[0], int)]
    assert [row[:2] for row in rows] == [[1, "小一"], [2, "小二"], [3, "九年"], [4, "初一"], [5, "九年"]]
    first, second = rows[:2]
    # 5 classes in five grades; of 小二 a class is not listed, so nobody knows its grade
    assert first[2:6] == [MISSING, 200, 5, 5]
    assert second[2:6] == [7, 400, MISSING, 10]
    #                      C1 C2 C3 C4 C5   C6    C7
    assert first[6:13] == [7, 2, 2, 7, 4.5, 3000, 4]
    assert second[6:13] == [7, 2, 2, 7, 13, 3000, 2.25]
    # 4.5 is below 85 % of 7.5 (6.375); 2.25 is above 85 % of 2.3 (1.955)
    assert first[13:] == ["未达标", "达标：L7、L8、L9、L10、L12、L13\n未达到85%：L11"]
    assert second[13:] == ["达标", "达标：L7、L8、L9、L10、L11、L12\n其余达到85%：L13"]
    place = {row[1].value: row for row in sheet.iter_rows()}
    assert place["小一"][10].number_format == '#,##0.00"▼"'
    assert place["小二"][10].number_format == "#,##0.00"
    assert any("小学共 3 所，其中一贯制学校小学部 1 所" in text for text in texts(sheet))


def test_halves_are_rounded_up_in_the_cell_itself(tmp_path):
    """1037 m² less 200 m² indoors for 200 pupils is 4.185: Python's `round` would print 4.18."""
    town = Town().set("facilities", {"school_id": "小一"}, teaching_area_m2=1037)
    sheet = sheet_of(town, "表II-2 资源配置分学校", tmp_path)
    assert line(sheet, "小一", 1)[9] == 4.19


def test_form_three_gives_mean_and_coefficient_weighted_by_pupils(forms):
    """C5: (900 + 5200) / 600 = 10.1667; variance (200·5.6667² + 400·2.8333²) / 600 = 16.0556, S = 4.0069.

    S / mean = 0.39413; weighing schools alike would give 0.4857. C7: 8 + 9 rooms for 600 are 2.8333 for a
    hundred; variance (200·1.1667² + 400·0.5833²) / 600 = 0.6806, coefficient 0.8250 / 2.8333 = 0.29117.
    All others are shared evenly: the composite is (0.39413 + 0.29117) / 7 = 0.0979.
    """
    rows = [row for row in values(forms["表III 校际均衡"]) if row[1] in ("全县平均值", "差异系数")]
    assert rows[0] == ["小学", "全县平均值", 7, 2, 2, 7, 10.17, 3000, 2.83, "—"]
    assert rows[1][2:] == [0, 0, 0, 0, 0.394, 0, 0.291, 0.098]
    assert rows[3][2:] == [0] * 8  # one junior school: nothing differs


def test_form_four_says_how_many_schools_and_classes_are_too_large(tmp_path):
    town = Town()
    town.add("大", "primary", primary=2001).add("满", "primary", primary=2000)
    town.add("长", "nine_year", primary=1500, junior=1001).add("短", "nine_year", primary=1500, junior=1000)
    town.set("classes", {"school_id": "小一", "grade": 1}, pupils=46)
    town.set("classes", {"school_id": "小一", "grade": 2}, pupils=45)
    town.set("classes", {"school_id": "初一", "grade": 7, "class_no": 1}, pupils=50)
    town.set("classes", {"school_id": "初一", "grade": 8, "class_no": 1}, pupils=51)
    town.set("classes", {"school_id": "初一", "grade": 8, "class_no": 2}, pupils=60)
    sheet = sheet_of(town, "表IV 政府保障程度", tmp_path)
    assert middle(sheet, 4) == "超过 2,000 人的小学 1 所，初中 0 所\n超过 2,500 人的一贯制学校 1 所"
    assert middle(sheet, 5) == "超过 45 人的小学班级 1 个\n超过 50 人的初中班级 2 个"
    assert [line(sheet, "4")[3], line(sheet, "5")[3]] == ["未达标", "未达标"]


def test_classes_that_were_not_all_reported_leave_their_number_open(tmp_path):
    """小一: one class too large, one without pupils; 初一: one without pupils, none too large so far."""
    town = Town().set("classes", {"school_id": "小一", "grade": 1}, pupils=46)
    town.set("classes", {"school_id": "小一", "grade": 2}, pupils=None)
    town.set("classes", {"school_id": "初一", "grade": 7, "class_no": 1}, pupils=None)
    sheet = sheet_of(town, "表IV 政府保障程度", tmp_path)
    assert middle(sheet, 5).splitlines() == [
        "超过 45 人的小学班级 1（另有 1 个缺数据） 个",
        "超过 50 人的初中班级 缺数据 个",
    ]


def test_form_four_has_the_counts_of_every_other_line(tmp_path):
    town = Town().add("村小", "primary", primary=60, location="rural")
    town.drop("rooms", school_id="小一", kind="music")
    town.set("funds", {"school_id": "村小"}, allocation_yuan=80_000)
    town.set("sections", {"school_id": "小一"}, trained_teachers=15, in_zone_pupils=199)
    town.item(migrant_public=80, migrant_bought=15)
    town.set("evidence", {"item": "C8.2"}, status="unmet")
    sheet = sheet_of(town, "表IV 政府保障程度", tmp_path)
    told = {number: middle(sheet, number) for number in range(1, 16)}
    assert told[1].startswith("共 5 项要求：4 项达标，1 项未达标（C8.2）")
    assert told[2].endswith("生均公用经费基准定额：小学 720 元，初中 940 元")
    assert told[3] == "共 4 所学校：3 所达标，1 所未达标（小一）"
    assert told[6] == "不足 100 人的学校在校生 60 人，公用经费 80,000 元"
    assert told[7] == "特殊教育公用经费 8 万元，学生 10 人，生均 8,000 元"
    assert told[8] == "教师年平均工资 100,000 元，公务员年平均工资 95,000 元"
    # 16 + 32 + 24 + 5 teachers, all but one trained: 76 / 77 = 98.70 %
    assert told[9] == "完成培训的教师 76 人，教师总数 77 人，完成率 98.7%"
    assert told[11] == "符合交流条件的教师 100 人，上年交流 20 人，占 20.0%\n其中骨干教师 5 人，占 25.0%"
    assert told[12] == "专任教师 77 人，持证 77 人，持证率 100.0%"
    assert told[13] == "小学 99.8%\n初中 100.0%"  # 599 of 600 in the city
    assert told[14] == "招生名额 1,000 个，分配 600 个，占 60.0%\n其中分配给农村初中 60 个，占已分配的 10.0%"
    assert told[15] == (
        "符合条件的随迁子女 100 人，在公办学校 80 人，在政府购买学位的民办学校 15 人，两项共占 95.0%"
    )
    assert [line(sheet, str(n))[3] for n in (1, 3, 9, 15)] == ["未达标", "未达标", "未达标", "达标"]


def test_form_five_has_its_counts_and_the_subjects(tmp_path):
    town = Town().item(disabled_special=12)
    town.set("monitoring", {"subject": "科学"}, level=2, between_school_rate=0.142)
    sheet = sheet_of(town, "表V 教育质量", tmp_path)
    # 98 / (100 + 3 − 3 − 0)
    assert middle(sheet, 1) == (
        "毕业生 98 人，三年前入学 100 人，转入 3 人，死亡 0 人，转出 3 人，巩固率 98.0%"
    )
    assert middle(sheet, 2) == (
        "适龄残疾儿童少年 20 人，已入学 20 人，入学率 100.0%\n其中在特殊教育学校 12 人，占已入学的 60.0%"
    )
    assert "比例最低的学校：预算 6.0%，决算 6.0%" in middle(sheet, 4)  # 12000 of 200000
    # in the order of the issued form, by the names that it prints
    good = "（2024—2025学年）：Ⅳ 级，校际差异率 0.100"
    assert middle(sheet, 9).split("；") == [
        f"语文{good}", f"数学{good}", "科学（2024—2025学年）：Ⅱ 级，校际差异率 0.142",
        f"体育{good}", f"艺术{good}", f"德育{good}",
    ]  # fmt: skip
    assert [line(sheet, str(n))[3] for n in range(1, 10)] == ["达标"] * 8 + ["未达标"]


def test_a_subject_that_the_layout_does_not_name_follows(tmp_path):
    """Six subjects decide whatever the layout prints: none may be lost."""
    own = (files("qb") / "data" / "layouts" / "national.toml").read_text(encoding="utf-8")
    named = 'subjects = ["语文", "数学", "科学", "体育", "艺术", "德育"]'
    assert named in own
    (tmp_path / "省.toml").write_text(own.replace(named, 'subjects = ["艺术"]'), encoding="utf-8")
    told = middle(sheet_of(Town(), "表V 教育质量", tmp_path, layout=tmp_path / "省.toml"), 9)
    names = [part.split("（")[0] for part in told.split("；")]
    assert names == ["艺术", "德育", "语文", "数学", "科学", "体育与健康"]


def test_the_lowest_share_is_not_known_where_a_school_has_not_reported(tmp_path):
    """One school gives 5 %, one nothing: what it gives may be less."""
    town = Town().set("funds", {"school_id": "小一"}, training_budget_yuan=10_000)
    town.set("funds", {"school_id": "小二"}, training_budget_yuan=None)
    told = middle(sheet_of(town, "表V 教育质量", tmp_path), 4)
    assert "比例最低的学校：预算 缺数据%，决算 6.0%" in told
    assert told.startswith("共 3 所学校：2 所达标，1 所缺数据（小二）")


def test_form_six_has_a_line_for_all_and_one_for_parents(tmp_path):
    town = Town().item(parents_issued=500, parents_valid=400, parents_satisfied=333, visits=40,
                       visits_satisfied=39)  # fmt: skip
    sheet = sheet_of(town, "表VI 社会认可度", tmp_path)
    assert line(sheet, "计")[1:] == [1000, 900, 810, 90, 40, 39, 97.5, "达标"]
    assert line(sheet, "其中：家长")[1:8] == [500, 400, 333, 83.3, MISSING, MISSING, MISSING]


def test_the_veto_list_says_whether_each_was_found(tmp_path):
    town = Town().set("vetoes", {"item": "V3"}, found=True).drop("vetoes", item="V5")
    sheet = sheet_of(town, "一票否决自查", tmp_path)
    assert [line(sheet, str(i))[2] for i in range(1, 7)] == ["否", "否", "是", "否", MISSING, "否"]
    assert [line(sheet, str(i))[3] for i in (2, 3, 5)] == ["达标", "未达标", MISSING]


def test_every_school_has_its_self_assessment_on_pages_of_its_own(tmp_path):
    town = uneven()
    town.set("classes", {"school_id": "初一", "grade": 7, "class_no": 1}, pupils=51)
    sheet = sheet_of(town, "学校自评表", tmp_path)
    rows = values(sheet)
    starts = [place for place, row in enumerate(rows) if row[0] == "义务教育优质均衡发展学校自评表"]
    assert [str(rows[place + 2][0])[:9] for place in starts] == [
        "学校名称：小一（标",
        "学校名称：小二（标",
        "学校名称：初一（标",
    ]
    assert [each.id for each in sheet.row_breaks.brk] == starts[1:]  # a break stands before its row
    first, junior = rows[starts[0] : starts[1]], rows[starts[2] :]
    assert rows[2][0].endswith("学校类型：小学    建校年：1980")

    def told(page: list, wording: str) -> list:
        (row,) = [row for row in page if str(row[1]).startswith(wording)]
        return row[2:]

    # 小一 has 700 m² of grounds and 200 m² indoors for 200 pupils.
    assert told(first, "生均体育运动场馆面积") == [
        "小学：体育运动场馆 900 平方米，生均 4.50 平方米\n"
        "全校：体育运动场地 700 平方米，室内体育用房 200 平方米，屋顶、地下及租用场地 缺数据 平方米",
        "未达标",
    ]
    assert told(first, "所有小学、初中每12个班级") == [
        "班级：小学 5 个\n音乐教室 0 间\n美术教室 1 间（95 平方米）",
        "未达标",
    ]
    assert told(junior, "小学、初中所有班级") == ["初中：最大班额 51 人，超过 50 人的班 1 个", "未达标"]
    assert told(junior, "农村不足100人") == ["—", "不适用"]
    assert told(junior, "全县残疾儿童少年入学率") == [
        None,
        None,
    ]  # the district's: the school leaves it blank
    assert any(str(row[0]).startswith("七项指标综合评估：未达标") for row in first)


def test_a_campus_is_counted_with_its_school(tmp_path):
    """小一 of 200 pupils in 5 classes of grades 1–5, with a campus of 240 in 6 classes of grades 1–6."""
    town = Town().add("分校", "primary", primary=240, parent_id="小一")
    write_forms(book_of(town), "甲区", tmp_path / "表.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "表.xlsx")
    assert line(workbook["表II-2 资源配置分学校"], "小一", 1)[3:6] == [440, 6, 11]
    assert line(workbook["表I 基本情况"], "甲区")[9] == 2
    assert line(workbook["未参加评估"], "分校", 1)[2:4] == ["—", "—"]
    page = [str(row[2]) for row in values(workbook["学校自评表"]) if "每百名学生拥有高于" in str(row[1])]
    assert page[0] == "小学：高于规定学历教师 31 人，每百名学生 7.05 人"  # 14 + 17 of 440


def test_a_school_and_a_campus_that_said_nothing_leave_what_rests_on_them_open(tmp_path):
    """哑校 reported nothing, nor did a campus of 初一; 停办 has been closed for years and is not counted."""
    town = Town()
    quiet = {"district": "甲区", "location": "urban", "ownership": "public"}
    town["schools"] += [
        {**quiet, "school_id": "哑校", "name": "哑校", "kind": "primary"},
        {**quiet, "school_id": "哑区", "name": "哑区", "kind": "junior", "parent_id": "初一"},
        {**quiet, "school_id": "停办", "name": "停办", "kind": "primary", "closed_year": YEAR - 3},
    ]
    write_forms(book_of(town), "甲区", tmp_path / "表.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "表.xlsx")
    row = line(workbook["表I 基本情况"], "甲区")
    assert [row[9], row[11], *row[17:21], row[22], row[24]] == [3, 1, *[MISSING] * 6]
    met = [row for row in values(workbook["表II-1 资源配置"]) if row[1] and "达标学校" in str(row[1])]
    assert [row[2:] for row in met] == [[2] * 8, *[[MISSING] * 8] * 3]
    silent = line(workbook["表II-2 资源配置分学校"], "哑校", 1)
    assert silent[2:] == [*[MISSING] * 12, "缺数据：L7、L8、L9、L10、L11、L12、L13"]
    assert line(workbook["表II-2 资源配置分学校"], "初一", 1)[3:7] == [MISSING] * 4
    assert (
        middle(workbook["表IV 政府保障程度"], 9)
        == "完成培训的教师 缺数据 人，教师总数 缺数据 人，完成率 缺数据%"
    )
    page = [str(row[2]) for row in values(workbook["学校自评表"]) if "生均体育运动场馆面积" in str(row[1])]
    assert (
        page[-1].splitlines()[1].startswith("全校：体育运动场地 缺数据 平方米")
    )  # not the main site's alone
    assert line(workbook["未参加评估"], "停办", 1)[4].startswith("已停办")


OWN = """
title = "某省申报表"
source = "依据本省表样。"
[[sheets]]
name = "甲表"
title = "甲表  {district}"
portrait = true
paper = "A3"
columns = [
  { head = ["学校"], number = "1", width = 20, cell = "{name}" },
  { head = ["用房（万平方米）"], number = "2", width = 14, cell = "{C4.amount/10000:3}" },
  { head = ["生均用房"], number = "3", width = 14, cell = "{C4:1}" },
  { head = ["教室"], number = "4", width = 14, cell = "{C7:2}" },
  { head = ["说明"], width = 30, cell = ["达：{items.met}", "近：{items.near}"] },
]
each = "section"
notes = ["教学点满 {point_pupils} 人的 {points.judged} 个。"]
"""


def test_a_province_lays_out_its_own_forms_in_a_file(tmp_path):
    (tmp_path / "本省.toml").write_text(OWN, encoding="utf-8")
    town = uneven()
    write_forms(book_of(town), "甲区", tmp_path / "表.xlsx", layout=tmp_path / "本省.toml")
    workbook = openpyxl.load_workbook(tmp_path / "表.xlsx")
    assert workbook.sheetnames == ["填表说明", "甲表"]
    sheet = workbook["甲表"]
    assert sheet["A1"].value == "甲表  甲区"
    assert line(sheet, "1")[:4] == ["1", "2", "3", "4"]
    # 小二: 3200 − 400 = 2800 m², 0.28 万; the numbers in the remark are this form's, codes where it has none
    assert line(sheet, "小二") == ["小二", 0.28, 7, 2.25, "达：C1、C2、C3、3、C5、C6\n近：4"]
    assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("portrait", "8")
    assert "教学点满 50 人的 0 个。" in texts(sheet)
    assert any("版式：某省申报表。依据本省表样。" in text for text in texts(workbook["填表说明"]))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{C7:2}", "{C7.sum}", "工作表“甲表”：C7.sum"),
        ("{point_pupils}", "{points}", "工作表“甲表”：points"),
        ('each = "section"', 'lines = [["甲"]]', "第 1 行有 1 格，应有 5 格"),
        ('each = "section"', 'each = "class"', "甲表 each（现为 'class'）：只能是"),
        ('cell = "{name}"', 'cell = ""', ""),
        ('head = ["说明"]', 'head = ["说明", "一"]', "head 层数须相同"),
        ('name = "甲表"', 'name = "甲/表"', "名称不能含"),
        ("width = 20", "width = 0", "须大于 0"),
        ("title =", "titel =", "不认识这一项"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused_with_its_place(tmp_path, old, new, said):
    (tmp_path / "本省.toml").write_text(OWN.replace(old, new, 1), encoding="utf-8")
    if not said:  # an empty cell is a blank to fill in
        write_forms(book_of(Town()), "甲区", tmp_path / "表.xlsx", layout=tmp_path / "本省.toml")
        return
    with pytest.raises(QbError, match=re.escape(said)):
        write_forms(book_of(Town()), "甲区", tmp_path / "表.xlsx", layout=tmp_path / "本省.toml")
    assert not (tmp_path / "表.xlsx").exists()


def test_a_layout_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(QbError, match="无法读取"):
        write_forms(book_of(Town()), "甲区", tmp_path / "表.xlsx", layout=tmp_path / "没有.toml")


def test_the_dictionary_names_every_figure_that_a_layout_may_use():
    chinese, english = (
        (Path(__file__).parents[1] / "data" / name)
        .read_text(encoding="utf-8")
        .split(head)[1]
        .split("\n## ")[0]
        for name, head in (("README.md", "| 用在哪里 |"), ("README.en.md", "| where |"))
    )
    words = set(re.findall(r"`([\w.]+)`", chinese))
    assert words == set(re.findall(r"`([\w.]+)`", english))
    figures = FormFigures(Filing.of(book_of(Town()), "甲区"))
    plain = {*DistrictItem, *(c.name for name in ("facilities", "funds") for c in TABLES[name].columns)}
    for what in ("", "section", "school", "excluded"):
        unnamed = {key for key in figures.names(what) - plain if not _named(key, words)}
        assert not unnamed, what


def _named(key: str, words: set[str]) -> bool:
    """Return whether a key is one of the words with its parts put in."""
    if re.match(r"(primary|junior)\.", key) and _named(key.split(".", 1)[1], words):
        return True  # of a stage of a school, as of a section
    parts = {
        "STAGE": "(primary|junior)", "GROUP": "(primary|junior|all_through)", "Cn": r"C\d+", "Vn": r"V\d",
        "An": r"A\d", "Bn": r"B\d", "KIND": f"({'|'.join(Kind)})",
        "COUNT": f"({'|'.join(TABLES['sections'].names)})",
        "PART": r"(primary|junior|[a-z]+(\.(primary|junior))?)",
    }  # fmt: skip
    return any(
        re.fullmatch(r"\.".join(parts.get(part, part) for part in word.split(".")), key) for word in words
    )


def test_the_figures_of_the_sample_are_those_of_a_second_computation(sample):
    """The oracle is written from the rules, with fractions, and shares no code with the package."""
    tables = {
        path.stem: [
            {key: value or None for key, value in row.items()}
            for row in csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
        ]
        for path in SAMPLE.glob("*.csv")
    }
    for row in (row for rows in tables.values() for row in rows if row.get("year")):
        row["year"] = int(row["year"])
    (found,) = oracle.assess(tables, 2025).values()
    names = {row["school_id"]: row["name"] for row in tables["schools"]}
    listed = [row for row in values(sample[1][0]["表II-2 资源配置分学校"]) if isinstance(row[0], int)]
    balance = [row for row in values(sample[1][0]["表III 校际均衡"]) if row[1] in ("全县平均值", "差异系数")]
    for place, stage in enumerate(("primary", "junior")):
        expected = {names[key[0]]: row for key, row in found["rows"].items() if key[1] == stage}
        start = place and len(listed) - len(expected)  # primary rows first
        shown = {row[1]: row for row in listed[start : start + len(expected)]}
        assert len(expected) > 10
        assert shown.keys() == expected.keys()
        for name, row in expected.items():
            assert shown[name][6:13] == [
                told(row["values"][code], limit) for code, limit in zip(SEVEN, LEAST[stage], strict=True)
            ]
        for column, code in enumerate(SEVEN, start=2):
            _, mean, _, coefficient, _ = found["balance"][stage, code]
            wanted = [printed(mean, 2), printed(coefficient, 3)]
            assert [row[column] for row in balance[2 * place : 2 * place + 2]] == wanted


def test_invented_data_say_so_on_every_sheet_and_every_printed_page(sample):
    for workbook in sample[1]:
        for sheet in workbook:
            assert any("模拟数据" in text for text in texts(sheet)), sheet.title
            assert sheet.oddHeader.right.text == "模拟数据"


def test_data_that_are_not_invented_do_not(forms):
    assert not [text for sheet in forms for text in texts(sheet) if "模拟" in text]


def test_sheets_print_on_paper_of_an_office_with_their_heads_repeated(sample):
    printed_on = {
        sheet.title: (sheet.page_setup.orientation, str(sheet.page_setup.paperSize))
        for workbook in sample[1]
        for sheet in workbook
    }
    assert printed_on.pop("表I 基本情况") == ("landscape", "8")  # A3: 24 columns
    assert printed_on.pop("学校自评表")[0] in (None, "default", "portrait")
    # A3 too where letters of eight points would not fit A4
    assert set(printed_on.values()) == {("landscape", "9"), ("landscape", "8")}
    assert printed_on["问题台账"] == ("landscape", "8")
    forms, ledger, _ = sample[1]
    assert forms["表II-2 资源配置分学校"].print_title_rows == "$3:$5"
    assert ledger["问题台账"].print_title_rows == "$4:$4"
    merged = {str(area) for area in forms["表II-2 资源配置分学校"].merged_cells.ranges}
    assert {"A3:A4", "G3:I3", "J3:M3"} <= merged  # 序号 goes down; 教师队伍 and 办学条件 span


def test_the_ledger_lists_every_problem_with_its_gap_and_departments(tmp_path):
    town = uneven()
    town["measures"] = [
        {"number": 1, "year": YEAR, "district": "甲区", "code": "C5", "school_id": "小一", "cause": "用地紧",
         "measure": "租用场地", "department": "区教体局", "deadline": "2025-08-31", "status": "open"},
        {"number": 2, "year": YEAR - 1, "district": "甲区", "code": "C15", "measure": "补差",
         "status": "closed", "closed_on": "2024-01-31"},
        {"number": 3, "year": YEAR - 1, "district": "甲区", "code": "C5", "school_id": "小一",
         "measure": "扩建", "status": "open"},
        {"number": 4, "year": YEAR - 1, "district": "甲区", "code": "C10", "school_id": "小一",
         "measure": "改建", "status": "open"},
    ]  # fmt: skip
    write_ledger(book_of(town), "甲区", tmp_path / "台账.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "台账.xlsx")
    rows = [row for row in values(workbook["问题台账"]) if str(row[1]).startswith("C")]
    assert [(row[1], row[3]) for row in rows] == [("C5", "小一"), ("C7", "小二"), ("C10", "小一")]
    # 7.5·200 − 900 = 600 m²; one multimedia room; one music room
    assert [row[6:9] for row in rows] == [[4.5, 7.5, 600], [2.25, 2.3, 1], [0, 1, 1]]
    assert rows[0][9:11] == ["用地紧", "租用场地"]
    assert rows[0][11:13] == ["区发改委、区资源规划分局、区教体局", "区教体局"]
    assert rows[0][13].date().isoformat() == "2025-08-31"
    assert rows[0][14] == "整改中"
    old = [row for row in values(workbook["历年整改登记"]) if str(row[2]).startswith("C")]
    # C15 is met by now; of C10 the ledger shows the entry of last year, of C5 the later of two.
    assert [(row[2], row[5]) for row in old] == [("C15", "补差"), ("C5", "扩建")]
    assert rows[2][10] == "改建"
    (rule,) = workbook["问题台账"].data_validations.dataValidation
    assert rule.formula1 == '"整改中,已完成,已销号"'


def test_the_workbook_and_the_page_tell_overdue_by_the_same_day(tmp_path):
    """The latest check or closing of the school year: 20 May 2025, whenever the workbook is opened."""
    town = uneven()
    town["evidence"][0]["checked_on"] = "2025-05-20"
    context = book_of(town)
    write_ledger(context, "甲区", tmp_path / "台账.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "台账.xlsx")["问题台账"]
    (rule,) = [rule for rules in sheet.conditional_formatting for rule in rules.rules]
    assert "<DATE(2025,5,20)" in rule.formula[0] and "TODAY" not in rule.formula[0]
    assert any("截至 2025-05-20" in str(cell) for row in values(sheet) for cell in row)
    assert "截至 2025-05-20" in ledger_table(context, context.ledger, "甲区").caption


def test_a_ledger_without_problems_says_so(tmp_path):
    write_ledger(book_of(Town()), "甲区", tmp_path / "台账.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "台账.xlsx")["问题台账"]
    assert "没有需要整改的问题。" in texts(sheet)


def test_where_nobody_reported_the_workbooks_do_not_say_that_nothing_is_to_be_mended(tmp_path):
    context = book_of(silent_school())
    write_ledger(context, "甲区", tmp_path / "台账.xlsx")
    write_policies(context, "甲区", tmp_path / "策.xlsx")
    ledger = texts(openpyxl.load_workbook(tmp_path / "台账.xlsx")["问题台账"])
    # C1–C7, C10–C12, C16, C19, C20 and C26 rest on the silent school.
    assert "没有判为未达标的项目；14 项缺数据，是否需要整改无法判断。" in ledger
    policies = texts(openpyxl.load_workbook(tmp_path / "策.xlsx")["各校措施"])
    own = policies[policies.index("静校：一校一策") :]
    assert "小学：七项中达标 0 项，缺数据 7 项，综合结论：缺数据。" in own
    # The seven, music and art rooms, size, classes, training, certificates, training funds planned and spent.
    assert "没有判为未达标的项目；15 项缺数据，是否需要整改无法判断。" in own
    assert "没有需要整改的问题。" not in [*own, *ledger]


def test_what_the_school_rule_allows_is_said_to_be_allowed_in_every_workbook(tmp_path):
    context = book_of(six_of_seven())
    write_ledger(context, "甲区", tmp_path / "台账.xlsx")
    write_policies(context, "甲区", tmp_path / "策.xlsx")
    named = "生均体育运动场馆面积（规则允许，学校仍达标）"
    assert named in texts(openpyxl.load_workbook(tmp_path / "台账.xlsx")["问题台账"])
    assert f"C5 {named}" in texts(openpyxl.load_workbook(tmp_path / "策.xlsx")["各校措施"])
    sheet = sheet_of(six_of_seven(), "学校自评表", tmp_path)
    told = [row[3] for row in values(sheet) if str(row[1]).startswith("生均体育运动场馆面积")]
    assert sorted(told) == ["低于标准，规则允许", "达标", "达标"]


def test_each_school_has_a_section_that_the_list_leads_to(tmp_path):
    write_policies(book_of(uneven()), "甲区", tmp_path / "策.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "策.xlsx")
    index, sections = workbook["目录"], workbook["各校措施"]
    #                             primary       junior        gaps, others
    assert line(index, "小一", 1)[3:] == [6, "未达标", None, None, 1, 1]
    assert line(index, "小二", 1)[3:] == [6, "达标", None, None, 1, 0]
    assert line(index, "初一", 1)[3:] == [None, None, 7, "达标", 0, 0]
    for row in index.iter_rows(min_row=5, max_row=7):
        target = row[1].hyperlink.location.rpartition("!")[2]
        assert str(sections[target].value).startswith(f"{row[1].value}：一校一策")
    row = next(row for row in values(sections) if str(row[1]).startswith("C5 "))
    # To 7.5: 600 m²; to 6.375: 1275 − 900 = 375 m²; 900 / 7.5 = 120 pupils
    assert row[3:8] == [4.5, 7.5, 600, 375, 120]
    assert "没有需要整改的问题。" in texts(sections)  # 初一


def test_text_from_data_never_becomes_a_formula_or_a_link(tmp_path):
    bad = '=HYPERLINK("http://a.b","x")'
    town = Town()
    town.add(bad, "primary", primary=100, name=bad).set("facilities", {"school_id": bad}, equipment_yuan=1)
    town["measures"] = [
        {"number": 1, "year": YEAR, "district": "甲区", "code": "C6", "school_id": bad, "cause": "+1",
         "measure": "@sum", "department": "http://a.b", "deadline": "2025-08-31", "status": "open"},
    ]  # fmt: skip
    seen = 0
    for path in write_all(book_of(town), "甲区", tmp_path):
        for sheet in openpyxl.load_workbook(path):
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", cell.value
                    assert cell.hyperlink is None or not cell.hyperlink.target
                    seen += cell.value == bad
    assert seen >= 5


def test_a_name_with_an_ampersand_prints_as_it_is(tmp_path):
    town = Town(district="A&P区")
    write_ledger(book_of(town), "A&P区", tmp_path / "台账.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "台账.xlsx")["问题台账"]
    assert sheet.oddHeader.left.text.startswith("A&&P区")


def test_a_file_that_stands_there_is_replaced_only_when_asked_and_made_by_us(tmp_path):
    context, path = book_of(Town()), tmp_path / "台账.xlsx"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(QbError, match="已经存在"):
        write_ledger(context, "甲区", path)
    with pytest.raises(QbError, match="不是 qb 生成的"):
        write_ledger(context, "甲区", path, replace=True)
    assert path.read_text(encoding="utf-8") == "mine"
    path.unlink()
    write_ledger(context, "甲区", path)
    with pytest.raises(QbError, match="已经存在"):
        write_ledger(context, "甲区", path)
    write_ledger(context, "甲区", path, replace=True)
    assert openpyxl.load_workbook(path).sheetnames == ["问题台账", "历年整改登记"]
    assert [each.name for each in tmp_path.iterdir()] == ["台账.xlsx"]


def test_a_district_that_is_not_in_the_book_is_refused(tmp_path):
    with pytest.raises(QbError, match="请指明县区，可选：甲区；现为“乙区”"):
        write_forms(book_of(Town()), "乙区", tmp_path / "表.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_district_without_judged_schools_still_has_its_forms(tmp_path):
    town = Town(schools=False).add("特教", "special", primary=30)
    paths = write_all(book_of(town), "甲区", tmp_path)
    workbook = openpyxl.load_workbook(paths[0])
    assert line(workbook["表I 基本情况"], "甲区")[9:17] == [0, 0, 0, 0, 0, 1, 0, 0]
    # A stage without schools has neither a count nor a mean.
    assert line(workbook["表II-1 资源配置"], "小学")[2:] == ["—"] * 8
    assert line(workbook["表III 校际均衡"], "初中")[2:] == ["—"] * 8
    assert "没有。" in texts(workbook["表II-2 资源配置分学校"])


def test_the_command_names_what_it_wrote_and_never_replaces_it(tmp_path):
    said = run(SAMPLE, tmp_path, 2025, "gulou-2023", "")
    assert said.endswith("：评估表册.xlsx、问题台账.xlsx、一校一策.xlsx。")
    with pytest.raises(QbError, match="已经存在"):
        run(SAMPLE, tmp_path, 2025, "gulou-2023", "")


def test_forms_say_which_verdicts_are_in_doubt(tmp_path, committed):
    """Equipment in 万元 where 元 is asked: C6 of every school is 10,000 times too small."""
    data = {name: frame.copy() for name, frame in committed.tables.items()}
    slipped = data["facilities"]["year"] == committed.years[-1]
    data["facilities"].loc[slipped, "equipment_yuan"] /= 10_000
    write(Dataset.of(**data), tmp_path / "data")
    for path in write_all(open_context(tmp_path / "data"), "", tmp_path / "forms"):
        first = openpyxl.load_workbook(path).worksheets[0]
        told = [str(row[0].value) for row in first.iter_rows(max_row=4)]
        assert any(said.startswith("结论有疑问（C6），“教学仪器设备值”") for said in told), path.name
    assert not Filing.of(ReportContext(committed, assess(committed))).doubts
