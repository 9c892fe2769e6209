"""Workbooks that offices hand in: figures are the assessment's, rounded half up, and text stays text."""

import csv
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import oracle
import pytest
from town import YEAR, Town

from qb.errors import QbError
from qb.forms import write_all, write_forms, write_ledger, write_policies
from qb.forms.command import run
from qb.report import Book, open_book

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
SEVEN = [f"C{i}" for i in range(1, 8)]
SHEETS = [
    "填表说明", "表I-1 基本情况", "表I-2 小学资源", "表I-3 初中资源", "表II-1 小学达标", "表II-2 初中达标",
    "表III 校际均衡", "表IV 政府保障", "表V 质量", "表VI 社会认可度", "一票否决自查", "未参加七项评估",
    "学校自评表",
]  # fmt: skip


def book_of(town: Town) -> Book:
    return Book(town.data(), town.assess())


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


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    book = open_book(SAMPLE, 2025)
    return book, [
        openpyxl.load_workbook(path) for path in write_all(book, "", tmp_path_factory.mktemp("out"))
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


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    path = tmp_path_factory.mktemp("forms") / "表.xlsx"
    write_forms(book_of(uneven()), "甲区", path)
    return openpyxl.load_workbook(path)


def test_the_workbook_holds_every_form_in_the_national_order(forms):
    assert forms.sheetnames == SHEETS


def test_form_one_counts_schools_classes_pupils_and_teachers(tmp_path):
    town = Town()
    town.add("九年", "nine_year", primary=120, junior=81, ownership="private")
    town.add("特教", "special", primary=30)
    town.add("点", "teaching_point", primary=20)
    write_forms(book_of(town), "甲区", tmp_path / "表.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "表.xlsx")["表I-1 基本情况"]
    row = line(sheet, "甲区")
    assert row[1:9] == ["缺数据"] * 8  # the registry does not ask for population and economy
    # 2 primary, 1 nine-year, 1 junior, no 完中; 1 special; 1 teaching point
    assert row[9:15] == [2, 1, 1, 0, 1, 1]
    # Classes of 40: 5 + 10 + 3 + 1 in primary, 8 + 3 in junior; the special school's do not count.
    assert row[15:17] == [19, 11]
    assert row[17:19] == [200 + 400 + 120 + 20, 300 + 81]
    # 8 teachers for 100 pupils, begun hundreds: 16 + 32 + 10 + 2 and 24 + 7
    assert row[19:23] == ["缺数据", 60, "缺数据", 31]
    assert any("其中民办：小学 0 所、一贯制学校 1 所" in text for text in texts(sheet))
    heads = values(sheet)
    assert [cell for cell in heads[2] if cell in ("自然情况", "经济情况")] == ["自然情况", "经济情况"]
    assert line(sheet, "L1", 1)[1:] == [f"L{i}" for i in range(1, 23)]


def test_what_was_not_reported_leaves_a_sum_open(tmp_path):
    town = Town().set("sections", {"school_id": "小一"}, full_time_teachers=None)
    write_forms(book_of(town), "甲区", tmp_path / "表.xlsx")
    row = line(openpyxl.load_workbook(tmp_path / "表.xlsx")["表I-1 基本情况"], "甲区")
    assert (row[20], row[22]) == ("缺数据", 24)


def test_form_two_gives_each_school_with_the_verdict_in_words_and_marks(forms):
    sheet = forms["表II-1 小学达标"]
    first, second = line(sheet, "小一", 1), line(sheet, "小二", 1)
    #                  pupils  C1 C2 C3 C4   C5   C6    C7
    assert first[6:14] == [200, 7, 2, 2, 7, 4.5, 3000, 4]
    assert second[6:14] == [400, 7, 2, 2, 7, 13, 3000, 2.25]
    assert first[14:16] == [6, "未达标"]  # one below the standard, and below 85 % of it
    assert second[14:16] == [6, "达标"]
    assert line(sheet, "达标学校数（所）", 1)[7:16] == [2, 2, 2, 2, 1, 2, 1, None, 1]
    assert line(sheet, "达标学校比例（%）", 1)[15] == 50
    place = {row[1].value: row for row in sheet.iter_rows()}
    assert place["小一"][11].number_format == '#,##0.00"▼▼"'
    assert place["小二"][13].number_format == '#,##0.00"▼"'
    assert place["小二"][12].number_format == "#,##0.00"


def test_halves_are_rounded_up_in_the_cell_itself(tmp_path):
    """1037 m² less 200 m² indoors for 200 pupils is 4.185: Python's `round` would print 4.18."""
    town = Town().set("facilities", {"school_id": "小一"}, teaching_area_m2=1037)
    write_forms(book_of(town), "甲区", tmp_path / "表.xlsx")
    assert line(openpyxl.load_workbook(tmp_path / "表.xlsx")["表II-1 小学达标"], "小一", 1)[10] == 4.19


def test_form_three_gives_mean_deviation_and_coefficient_weighted_by_pupils(forms):
    """C5: (900 + 5200) / 600 = 10.1667; variance (200·5.6667² + 400·2.8333²) / 600 = 16.0556, S = 4.0069.

    S / mean = 0.39413; weighing schools alike would give 0.4857.
    """
    row = next(row for row in values(forms["表III 校际均衡"]) if str(row[0]).startswith("C5 "))
    assert row[1:6] == [10.17, 4.01, 0.394, "≤0.50", "达标"]
    # One junior school: nothing differs. 13 m² against 10.2.
    assert row[6:] == [13, 0, 0, "≤0.45", "达标"]


def test_form_four_and_five_give_every_indicator_with_its_parts(forms):
    sheet = forms["表IV 政府保障"]
    codes = [row[0] for row in values(sheet) if str(row[0]).startswith("C")]
    assert codes == [f"C{i}" for i in range(8, 23)]
    rooms = line(sheet, "C10")
    # Three schools, two kinds of room each; one kind of one school is missing: 2 of 3 schools pass.
    assert rooms[2:9] == ["音乐、美术专用教室均达标的学校比例", "%", "全部学校", 66.7, 6, 1, 0]
    assert rooms[9:12] == ["未达标", "未达标", "区教体局"]
    pay = line(sheet, "C15")
    assert pay[3:6] == ["%", "≥100", 105.3]  # 100000 / 95000
    retention = line(forms["表V 质量"], "C23")
    assert retention[4:6] == ["≥95", 98]  # 98 / (100 + 3 - 3 - 0)
    codes = [row[0] for row in values(forms["表V 质量"]) if str(row[0]).startswith("C")]
    assert codes == [f"C{i}" for i in range(23, 32)]


def test_form_six_gives_the_questionnaires(forms):
    row = line(forms["表VI 社会认可度"], "甲区")
    # issued, valid, satisfied: all and parents; 810 / 900; no visits were reported
    assert row[1:8] == [1000, "缺数据", 900, "缺数据", 810, "缺数据", 90]
    assert row[8:] == ["缺数据"] * 4 + ["达标"]


def test_the_veto_list_says_whether_each_was_found(tmp_path):
    town = Town().set("vetoes", {"item": "V3"}, found=True).drop("vetoes", item="V5")
    write_forms(book_of(town), "", tmp_path / "表.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "表.xlsx")["一票否决自查"]
    assert [line(sheet, f"V{i}")[2] for i in range(1, 7)] == ["否", "否", "是", "否", "缺数据", "否"]


def test_every_school_has_its_self_assessment_on_a_page_of_its_own(forms):
    sheet = forms["学校自评表"]
    rows = values(sheet)
    starts = [place for place, row in enumerate(rows) if row[0] == "义务教育优质均衡发展学校自评表"]
    assert [rows[place + 2][0] for place in starts] == ["学校：小一", "学校：小二", "学校：初一"]
    assert [each.id for each in sheet.row_breaks.brk] == starts[1:]  # a break stands before its row
    mine = [row for row in rows[starts[1] : starts[2]] if row[0] == "C7"]
    #           name                       unit         standard  85 %   held  value
    assert mine[0][:7] == ["C7", "每百名学生拥有网络多媒体教室数", "间/百名学生", "≥2.3", 1.955, 9, 2.25]
    assert mine[0][7:] == ["未达标", "1 间"]


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
    for stage, sheet in (("primary", "表II-1 小学达标"), ("junior", "表II-2 初中达标")):
        expected = {key[0]: row for key, row in found["rows"].items() if key[1] == stage}
        shown = {row[2]: row for row in values(sample[1][0][sheet]) if row[2] in expected}
        assert len(expected) > 10
        assert shown.keys() == expected.keys()
        for school_id, row in expected.items():
            assert shown[school_id][1] == names[school_id]
            assert shown[school_id][7:14] == [printed(row["values"][code], 2) for code in SEVEN]
        for code in SEVEN:
            balance = values(sample[1][0]["表III 校际均衡"])
            row = next(row for row in balance if str(row[0]).startswith(f"{code} "))
            _, mean, deviation, coefficient, _ = found["balance"][stage, code]
            wanted = [printed(mean, 2), printed(deviation, 2), printed(coefficient, 3)]
            assert row[1 if stage == "primary" else 6 :][:3] == wanted


def test_invented_data_say_so_on_every_sheet_and_every_printed_page(sample):
    for workbook in sample[1]:
        for sheet in workbook:
            assert any("模拟数据" in text for text in texts(sheet)), sheet.title
            assert sheet.oddHeader.right.text == "模拟数据"


def test_data_that_are_not_invented_do_not(forms):
    assert not [text for sheet in forms for text in texts(sheet) if "模拟" in text]


def test_sheets_print_on_landscape_a4_with_their_heads_repeated(sample):
    for workbook in sample[1]:
        for sheet in workbook:
            assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9")
    forms, ledger, _ = sample[1]
    assert forms["表II-1 小学达标"].print_title_rows == "$3:$5"
    assert ledger["问题台账"].print_title_rows == "$4:$4"
    merged = {str(area) for area in forms["表II-1 小学达标"].merged_cells.ranges}
    assert {"A3:A5", "H3:J3", "K3:N3"} <= merged  # 序号 goes down; 教师队伍 and 办学条件 span


def test_the_ledger_lists_every_problem_with_its_gap_and_departments(tmp_path):
    town = uneven()
    town["measures"] = [
        {"number": 1, "year": YEAR, "district": "甲区", "code": "C5", "school_id": "小一", "cause": "用地紧",
         "measure": "租用场地", "department": "区教体局", "deadline": "2025-08-31", "status": "open"},
        {"number": 2, "year": YEAR - 1, "district": "甲区", "code": "C15", "measure": "补差",
         "status": "closed", "closed_on": "2024-01-31"},
    ]  # fmt: skip
    write_ledger(book_of(town), "甲区", tmp_path / "台账.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "台账.xlsx")
    rows = [row for row in values(workbook["问题台账"]) if str(row[1]).startswith("C")]
    assert [(row[1], row[3]) for row in rows] == [("C5", "小一"), ("C7", "小二"), ("C10", "小一")]
    # 7.5·200 − 900 = 600 m²; one room; a room of a kind has no gap of the seven
    assert [row[6:9] for row in rows] == [[4.5, 7.5, 600], [2.25, 2.3, 1], [0, 1, None]]
    assert rows[0][9:11] == ["用地紧", "租用场地"]
    assert rows[0][11:13] == ["区发改委、区资源规划分局、区教体局", "区教体局"]
    assert rows[0][13].date().isoformat() == "2025-08-31"
    assert rows[0][14] == "整改中"
    old = [row for row in values(workbook["历年整改登记"]) if row[2] == "C15"]
    assert [row[5] for row in old] == ["补差"]
    assert not [row for row in values(workbook["历年整改登记"]) if row[2] == "C5"]
    (rule,) = workbook["问题台账"].data_validations.dataValidation
    assert rule.formula1 == '"整改中,已完成,已销号"'


def test_a_ledger_without_problems_says_so(tmp_path):
    write_ledger(book_of(Town()), "甲区", tmp_path / "台账.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "台账.xlsx")["问题台账"]
    assert "没有需要整改的问题。" in texts(sheet)


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


def test_a_file_that_stands_there_is_replaced_only_when_asked(tmp_path):
    book, path = book_of(Town()), tmp_path / "台账.xlsx"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(QbError, match="已经存在"):
        write_ledger(book, "甲区", path)
    assert path.read_text(encoding="utf-8") == "mine"
    write_ledger(book, "甲区", path, replace=True)
    assert openpyxl.load_workbook(path).sheetnames == ["问题台账", "历年整改登记"]
    assert [each.name for each in tmp_path.iterdir()] == ["台账.xlsx"]


def test_a_district_that_is_not_in_the_book_is_refused(tmp_path):
    with pytest.raises(QbError, match="请指明县区，可选：甲区；现为“乙区”"):
        write_forms(book_of(Town()), "乙区", tmp_path / "表.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_district_without_judged_schools_still_has_its_forms(tmp_path):
    town = Town(schools=False).add("特教", "special", primary=30)
    paths = write_all(book_of(town), "甲区", tmp_path)
    sheet = openpyxl.load_workbook(paths[0])["表I-1 基本情况"]
    assert line(sheet, "甲区")[9:15] == [0, 0, 0, 0, 1, 0]


def test_the_command_names_what_it_wrote_and_never_replaces_it(tmp_path):
    said = run(SAMPLE, tmp_path, 2025, "gulou-2023", "")
    assert said.endswith("：表I—表VI和学校自评表.xlsx、问题台账.xlsx、一校一策.xlsx。")
    with pytest.raises(QbError, match="已经存在"):
        run(SAMPLE, tmp_path, 2025, "gulou-2023", "")
