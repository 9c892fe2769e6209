"""Tables made by others become datasets, or are refused with every reason."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from messages import arguments_of

from qb.cli import main
from qb.data.reading import read, write
from qb.data.recipe import RecipeError, convert, load_recipe
from qb.data.recipe_draft import draft
from qb.errors import DataError, QbError
from qb.terms import Severity

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "data" / "recipes" / "tw_primary_schools.toml"
LOOK_ALIKE = ROOT / "tests" / "data" / "tw_look_alike.csv"
REAL = ROOT.parent / "shared" / "data" / "tw_primary_schools_113.csv"  # not committed

HEAD = 'title = "模拟"\nsource = "模拟数据"\n'


@pytest.fixture
def run(tmp_path):
    """Return a function that converts a CSV text by the text of a recipe."""

    def do(table, recipe):
        (tmp_path / "table.csv").write_text(table, encoding="utf-8")
        (tmp_path / "recipe.toml").write_text(HEAD + recipe, encoding="utf-8")
        return convert(tmp_path / "table.csv", load_recipe(tmp_path / "recipe.toml"))

    return do


def refused(run, table, recipe):
    with pytest.raises(DataError) as caught:
        run(table, recipe)
    return [(f.rule, f.table, f.row, f.column) for f in caught.value.faults]


def faults(source, *asked, **tables):
    """Return what stops a conversion."""
    with pytest.raises(DataError) as caught:
        source(*asked, **tables)
    return caught.value.faults


# The recipe that is shipped


def test_the_look_alike_becomes_schools_and_primary_sections():
    data = convert(LOOK_ALIKE, load_recipe(SHIPPED))
    schools, sections = data["schools"], data["sections"]
    assert len(schools) == len(sections) == 20
    assert data.districts == ["模拟甲縣", "模拟乙市"]
    assert data.years == [2024]
    assert (sections["stage"] == "primary").all()
    # added up by hand from the file's lines 2, 3 and 4; the second school has no pupils
    assert sections["pupils"].tolist()[:3] == [126, 0, 726]
    assert sections["classes"].tolist()[:3] == [6, 0, 24]
    assert sections["full_time_teachers"].tolist()[:3] == [11, 3, 55]
    assert schools.loc[0, ["school_id", "kind", "longitude", "latitude"]].tolist() == [
        "000001", "primary", 120.2, 23.1,
    ]  # fmt: skip
    # 縣立, 縣立, 市立, 私立, 財團法人, 國立, and one whose name does not say
    assert schools["ownership"].tolist()[:6] == ["public"] * 3 + ["private"] * 2 + ["public"]
    assert pd.isna(schools.loc[6, "ownership"])


def test_what_the_source_lacks_is_missing_and_no_class_is_made_up():
    data = convert(LOOK_ALIKE, load_recipe(SHIPPED))
    assert data["schools"]["location"].isna().all()
    assert data["sections"]["backbone_teachers"].isna().all()
    assert data["classes"].empty
    assert data["facilities"].empty


def test_the_converted_dataset_is_written_and_read_back(tmp_path):
    data = convert(LOOK_ALIKE, load_recipe(SHIPPED))
    write(data, tmp_path / "out")
    pd.testing.assert_frame_equal(read(tmp_path / "out")["sections"], data["sections"])


@pytest.mark.skipif(not REAL.is_file(), reason="the real table is not committed")
def test_the_real_table_keeps_every_school():
    # counted with Python's csv module, apart from this code: 2,668 lines, 22 counties, 1,202,761 pupils,
    # 52,398 classes, 100,374 teachers, 13 schools without pupils, 517 with fewer than 50
    data = convert(REAL, load_recipe(SHIPPED))
    sections = data["sections"]
    assert data.faults == ()
    assert (len(data["schools"]), len(data.districts)) == (2668, 22)
    assert data["schools"]["school_id"].is_unique
    assert sections["pupils"].sum() == 1_202_761
    assert sections["classes"].sum() == 52_398
    assert sections["full_time_teachers"].sum() == 100_374
    assert (sections["pupils"] == 0).sum() == 13
    assert (sections["pupils"] < 50).sum() == 517
    assert data["schools"]["ownership"].isna().sum() == 8


# What a recipe can say


SCHOOLS = '[[schools]]\nschool_id = "码"\n'


def test_one_row_splits_into_stages_and_rows_without_one_are_skipped_and_noted(run):
    block = (
        '[[sections]]\nskip_if_empty = ["{0}"]\nyear = {{ value = 2024 }}\nschool_id = "码"\n'
        'stage = {{ value = "{1}" }}\npupils = "{0}"\n'
    )
    data = run("码,小,初\n01,100,50\n02,80,\n", block.format("小", "primary") + block.format("初", "junior"))
    assert data["sections"][["school_id", "stage", "pupils"]].values.tolist() == [
        ["01", "primary", 100], ["02", "primary", 80], ["01", "junior", 50],
    ]  # fmt: skip
    assert [(f.rule, f.severity) for f in data.faults] == [("R06", Severity.NOTE)]
    assert "1 行" in data.faults[0].message


def test_a_sum_lacks_where_a_part_lacks_and_is_not_zero(run):
    recipe = (
        '[[sections]]\nyear = { value = 2024 }\nschool_id = "码"\nstage = { value = "小学" }\n'
        'pupils = { sum = ["男", "女"] }\n'
    )
    data = run('码,男,女\n1,"1,000",２\n2,5,\n', recipe)
    assert data["sections"].loc[0, "pupils"] == 1002
    assert pd.isna(data["sections"].loc[1, "pupils"])
    assert data["sections"]["stage"].tolist() == ["primary", "primary"]


def test_maps_translate_whole_values_and_contains_takes_the_first_that_is_found(run):
    recipe = SCHOOLS + (
        'boarding = { from = "寄宿", map = { "有" = true, "没有" = false } }\n'
        '[schools.ownership]\nfrom = "名"\ndefault = "public"\n'
        'contains = { "民办公助" = "public", "民办" = "private" }\n'
    )
    data = run("码,名,寄宿\n1,民办甲校,有\n2,民办公助乙校,没有\n3,丙校,\n", recipe)
    assert data["schools"]["ownership"].tolist() == ["private", "public", "public"]
    assert data["schools"]["boarding"].tolist()[:2] == [True, False]
    assert data["schools"]["boarding"].isna().tolist() == [False, False, True]


def test_an_empty_default_leaves_the_cell_without_data(run):
    recipe = SCHOOLS + 'kind = { from = "类", map = { "小" = "primary" }, default = "" }\n'
    assert run("码,类\n1,小\n2,别的\n", recipe)["schools"]["kind"].isna().tolist() == [False, True]


def test_rows_that_come_out_alike_are_one(run):
    data = run("年,码\n2023,1\n2024,1\n2024,2\n", SCHOOLS)
    assert data["schools"]["school_id"].tolist() == ["1", "2"]


def test_headers_of_the_source_are_compared_without_spaces_and_width(run):
    assert run(" 码 ,（名）\n1,甲\n", SCHOOLS + 'name = "(名)"\n')["schools"].loc[0, "name"] == "甲"


def make_workbook(file, sheets):
    """Write the least that is a workbook: named sheets of rows, text inline and numbers as numbers."""

    def cell(value):
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    formats = "http://schemas.openxmlformats.org"
    office = f"{formats}/officeDocument/2006/relationships"
    main = f'xmlns="{formats}/spreadsheetml/2006/main"'

    def links(*targets):
        each = "".join(
            f'<Relationship Id="r{i}" Type="{office}/{kind}" Target="{target}"/>'
            for i, (kind, target) in enumerate(targets)
        )
        return f'<Relationships xmlns="{formats}/package/2006/relationships">{each}</Relationships>'

    listed = "".join(f'<sheet name="{n}" sheetId="{i + 1}" r:id="r{i}"/>' for i, n in enumerate(sheets))
    parts = {
        "_rels/.rels": links(("officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": links(
            *(("worksheet", f"worksheets/{i}.xml") for i in range(len(sheets)))
        ),
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
    }
    for i, rows in enumerate(sheets.values()):
        body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
        parts[f"xl/worksheets/{i}.xml"] = f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>"
    with zipfile.ZipFile(file, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)


def test_a_named_sheet_of_a_workbook_is_a_source(tmp_path):
    (tmp_path / "r.toml").write_text(
        HEAD + 'sheet = "表二"\nheader_row = 2\n' + SCHOOLS + 'opened_year = "开办"\n', encoding="utf-8"
    )
    make_workbook(tmp_path / "t.xlsx", {"表一": [["无关"]], "表二": [["某县"], ["码", "开办"], [101, 1998]]})
    schools = convert(tmp_path / "t.xlsx", load_recipe(tmp_path / "r.toml"))["schools"]
    assert schools.loc[0, ["school_id", "opened_year"]].tolist() == ["101", 1998]
    make_workbook(tmp_path / "t.xlsx", {"表一": [["无关"]]})
    with pytest.raises(DataError, match="没有工作表“表二”"):
        convert(tmp_path / "t.xlsx", load_recipe(tmp_path / "r.toml"))


def test_a_parquet_file_is_a_source(tmp_path):
    (tmp_path / "r.toml").write_text(HEAD + SCHOOLS, encoding="utf-8")
    pd.DataFrame({"码": [101, 102]}).to_parquet(tmp_path / "t.parquet")
    schools = convert(tmp_path / "t.parquet", load_recipe(tmp_path / "r.toml"))["schools"]
    assert schools["school_id"].tolist() == ["101", "102"]


# What the source can have wrong


def test_a_column_that_the_source_lacks_is_named(run):
    recipe = SCHOOLS + 'name = "校名"\n' + '[schools.ownership]\nfrom = "性质"\nmap = { "公" = "public" }\n'
    with pytest.raises(DataError) as caught:
        run("码\n1\n", recipe)
    assert [fault.rule for fault in caught.value.faults] == ["R02", "R02"]
    assert "校名" in str(caught.value)
    assert "性质" in str(caught.value)


def test_a_column_that_stands_twice_in_the_source_is_named(run):
    assert refused(run, "码,码\n1,2\n", SCHOOLS) == [("R02", "schools", None, None)]


def test_a_value_that_the_map_does_not_know_is_named_with_its_row(run):
    recipe = SCHOOLS + 'kind = { from = "类", map = { "小" = "primary" } }\n'
    assert refused(run, "码,类\n1,小\n2,别的\n3,\n", recipe) == [("R03", "schools", 3, "kind")]


def test_a_part_of_a_sum_that_is_no_number_is_named_with_its_row(run):
    recipe = (
        '[[sections]]\nyear = { value = 2024 }\nschool_id = "码"\nstage = { value = "小学" }\n'
        'pupils = { sum = ["男", "女"] }\n'
    )
    assert refused(run, "码,男,女\n1,5,约6\n2,-1,5\n", recipe) == [
        ("R04", "sections", 2, "pupils"),
        ("R04", "sections", 3, "pupils"),
    ]


def test_two_different_rows_under_one_key_are_named(run):
    assert refused(run, "码,名\n1,甲\n1,乙\n", SCHOOLS + 'name = "名"\n') == [
        ("R05", "schools", 3, "school_id")
    ]


def test_rows_without_their_key_are_named_once(run):
    recipe = SCHOOLS + 'name = "名"\n'
    assert [rule for rule, *_ in refused(run, "码,名\n,甲\n,乙\n", recipe)] == ["F10", "F10"]


def test_a_cell_that_its_column_does_not_take_is_named(run):
    assert refused(run, "码,开\n1,去年\n", SCHOOLS + 'opened_year = "开"\n') == [
        ("F11", "schools", 2, "opened_year")
    ]


def test_all_that_is_wrong_with_the_source_is_told_at_once(run):
    recipe = SCHOOLS + 'kind = { from = "类", map = { "小" = "primary" } }\nopened_year = "开"\n'
    assert [rule for rule, *_ in refused(run, "码,类,开\n1,别的,去年\n", recipe)] == ["R03", "F11"]


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.xlsx", "nowhere.parquet"])
def test_a_source_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="R01"):
        convert(tmp_path / name, load_recipe(SHIPPED))


# What a recipe can have wrong


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ("", "没有写任何表"),
        ('[[pupils]]\nschool_id = "码"\n', "没有名为 pupils 的表"),
        (SCHOOLS + 'colour = "色"\n', "没有名为 colour 的列"),
        ('[[schools]]\nname = "名"\n', "缺少关键列 school_id"),
        (SCHOOLS + 'kind = { value = "中心校" }\n', "“中心校”不是“办学类型”认识的写法"),
        (SCHOOLS + 'kind = { from = "类", map = { "小" = "xiaoxue" } }\n', "“xiaoxue”"),
        (SCHOOLS + 'opened_year = { value = "去年" }\n', "“去年”不是数字"),
        (SCHOOLS + 'name = { from = "名", value = "甲" }\n', "必须且只能写一个"),
        (SCHOOLS + 'name = { value = "甲", map = { "a" = "b" } }\n', "只能与 from 同用"),
        (SCHOOLS + 'name = { from = "名", map = { a = "b" }, contains = { a = "b" } }\n', "只能写一个"),
        (SCHOOLS + 'name = { from = "名", default = "甲" }\n', "只能与 map、contains 或 extract 同用"),
        (SCHOOLS + 'name = { from = "名", rename = "甲" }\n', "name.rename（现为 '甲'）：不认识这一项"),
        (SCHOOLS + "name = { sum = [] }\n", "name.sum：至少要有 1 条"),
        ("header_row = -1\n" + SCHOOLS, "header_row"),
        ("[[schools]\n", "不是有效的 TOML"),
    ],
)
def test_nonsense_in_a_recipe_is_refused_with_the_entry_named(run, recipe, said):
    with pytest.raises(RecipeError, match=said):
        run("码\n1\n", recipe)


def test_all_that_is_wrong_with_a_recipe_is_told_at_once(run):
    recipe = SCHOOLS + 'colour = "色"\nkind = { value = "x" }\n' + "[[rooms]]\nyear = { value = 2024 }\n"
    with pytest.raises(RecipeError) as caught:
        run("码\n1\n", recipe)
    for said in ("colour", "“x”", "[rooms]：缺少关键列 school_id"):
        assert said in str(caught.value)


def test_a_recipe_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="无法读取"):
        load_recipe(tmp_path / "nowhere.toml")


# Sources that are laid out otherwise

KEYS = 'year = { value = 2025 }\nschool_id = "码"\nstage = { value = "primary" }\n'


@pytest.fixture
def source(tmp_path):
    """Return a function that writes files, and converts one of them, or their folder, by a recipe."""

    def do(recipe, table="a.csv", **files):
        folder = tmp_path / "来源"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        (tmp_path / "r.toml").write_text(HEAD + recipe, encoding="utf-8")
        return convert(folder / table, load_recipe(tmp_path / "r.toml"))

    return do


def figures(data, table="sections", column="pupils"):
    return dict(zip(data[table]["school_id"], data[table][column], strict=True))


def test_a_header_of_two_rows_is_named_from_both(source):
    text = "某县统计\n码,小学,,初中,\n,班数,人数,班数,人数\n01,6,200,3,120\n"
    recipe = "header_row = [2, 3]\n[[sections]]\n" + KEYS + 'classes = "小学-班数"\npupils = "初中-人数"\n'
    data = source(recipe, a=text)
    assert data["sections"][["classes", "pupils"]].to_numpy().tolist() == [[6, 120]]


def test_columns_without_a_header_are_known_by_their_letters(source):
    recipe = "header_row = 0\nskip_first = 1\n[[sections]]\n" + KEYS.replace('"码"', '"B"') + 'pupils = "C"\n'
    assert figures(source(recipe, a="甲,00,1\n乙,01,200\n丙,02,300\n")) == {"01": 200, "02": 300}


def test_files_of_one_kind_stand_below_each_other_and_their_names_can_be_read(source):
    recipe = (
        'files = "*学年.csv"\n[[sections]]\n'
        + KEYS.replace("{ value = 2025 }", '{ from = "文件名", extract = "^(\\\\d{4})" }')
        + 'pupils = "人数"\n'
    )
    data = source(
        recipe, ".", **{"2024学年": "码,人数\n01,200\n", "2025学年": "码,人数\n01,210\n", "别的": "x\n1\n"}
    )
    assert data["sections"][["year", "pupils"]].to_numpy().tolist() == [[2024, 200], [2025, 210]]
    (fault,) = faults(source, recipe, ".", **{"2025学年": "码,人数\n01,二百\n"})
    assert (fault.rule, fault.row, fault.column) == ("F11", 2, "pupils")
    assert arguments_of(fault.message) == ("2025学年.csv", "二百")
    (fault,) = faults(source, recipe.replace("*学年.csv", "*.xls"), ".")
    assert fault.rule == "R01" and {"*.xls", "2024学年.csv"} <= {*arguments_of(fault.message)}


def test_files_with_one_key_stand_beside_each_other(source):
    recipe = (
        'files = "*.csv"\nby = "码"\n[[sections]]\n' + KEYS + 'pupils = "人数"\nfull_time_teachers = "教师"\n'
    )
    data = source(recipe, ".", a="码,人数\n01,200\n02,300\n", b="码,教师\n02,30\n01,20\n01,20\n")
    assert figures(data) == {"01": 200, "02": 300}
    assert figures(data, column="full_time_teachers") == {"01": 20, "02": 30}


def test_another_table_is_joined_by_its_key_and_what_it_lacks_is_said(source):
    recipe = (
        '[[join]]\nfile = "b.csv"\nby = { "码" = "代码" }\n[[sections]]\n'
        + KEYS
        + 'full_time_teachers = "教师"\n'
    )
    data = source(recipe, a="码,人数\n01,200\n02,300\n", b="代码,教师\n02,30\n")
    assert figures(data, column="full_time_teachers")["02"] == 30
    assert pd.isna(figures(data, column="full_time_teachers")["01"])
    assert [(f.rule, "没有 1 行的“码”（如 01）" in f.message) for f in data.faults] == [("R08", True)]
    data = source(
        recipe, b="代码,教师,人数\n01,20,\n02,30,310\n03,40,7\n"
    )  # a school, and another number, of b alone
    assert figures(data, column="full_time_teachers") == {"01": 20, "02": 30}
    said = [f.message for f in data.faults if f.rule == "R08"]
    assert len(said) == 2 and "b.csv 有 1 行的“代码”（如 03）" in said[0] and "“人数”与前一个来源" in said[1]
    (fault,) = faults(source, recipe, b="代码,教师\n02,30\n02,31\n")
    assert (fault.rule, arguments_of(fault.message)) == ("R07", ("b.csv", 3, "代码", "02"))
    (fault,) = faults(source, recipe, b="码,教师\n02,30\n")
    column, place, there = arguments_of(fault.message)
    assert (fault.rule, column, there) == ("R02", "代码", "码、教师")
    assert "[[join]]" in place and "b.csv" in place


def test_items_downwards_become_columns(source):
    text = "码,项目,值\n01,在校生数,200\n,班级数,6\n02,班级数,8\n,在校生数,…\n"
    recipe = (
        'missing = ["…"]\npivot = { rows = ["码"], items = "项目", values = "值", fill = true }\n'
        "[[sections]]\n" + KEYS + 'pupils = "在校生数"\nclasses = "班级数"\n'
    )
    data = source(recipe, a=text)
    assert figures(data, column="classes") == {"01": 6, "02": 8}
    assert figures(data)["01"] == 200 and pd.isna(figures(data)["02"])
    (fault,) = faults(source, recipe, a=text.replace("\n02,", "\n01,"))
    assert (fault.rule, fault.row, arguments_of(fault.message)) == ("R07", 4, ("01", "班级数"))


def test_an_expression_takes_what_it_finds_and_names_what_it_does_not(source):
    recipe = '[[schools]]\nschool_id = { from = "学校", extract = "[(（](\\\\d+)" }\nname = "学校"\n'
    assert source(recipe, a="学校\n一小（0234001）\n")["schools"]["school_id"].tolist() == ["0234001"]
    fault, _ = faults(source, recipe, a="学校\n二小\n")
    assert (fault.rule, fault.row) == ("R03", 2)
    assert arguments_of(fault.message) == ("学校", "二小", "[schools]", "school_id")
    with pytest.raises(RecipeError, match="不是正则表达式"):
        source(recipe.replace("[(（](", "[(（]"), a="学校\n二小\n")


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ('pupils = { sum = ["数", "数二"] }', "[sections] pupils"),
        ('pupils = { from = "数", map = { "1" = 2 }, default = 0 }', "[sections] pupils"),
        ('pupils = { from = "数", extract = "\\\\d+", default = "" }', "[sections] pupils"),
        ('pupils = "数二"\nwhere = { "数" = "1" }', "[sections]"),
        ('pupils = "数二"\nskip_if_empty = ["数"]', "[sections]"),
    ],
)
def test_an_error_cell_is_an_error_wherever_it_is_used(source, entry, place):
    with pytest.raises(DataError) as caught:
        source("[[sections]]\n" + KEYS + entry + "\n", a="码,数,数二\n01,#DIV/0!,1\n")
    (found,) = [fault for fault in caught.value.faults if fault.rule == "F19"]
    assert found.row == 2 and "#DIV/0!" in found.message and place in found.message


def test_the_second_group_is_named_where_there_are_several(source):
    block = "[[sections]]\n" + KEYS
    (fault,) = faults(source, block + 'pupils = "小学"\n' + block + 'pupils = "初中"\n', a="码,小学\n01,1\n")
    column, place, there = arguments_of(fault.message)
    assert (fault.rule, column, there) == ("R02", "初中", "码、小学") and "2" in place


# A first draft


DRAFTED = """某县2025年学校基本情况,,,,,,,,
序号,学校代码,校名,区县,办学类型,小学,,初中,,教学仪器设备值（万元）
,,,,,班级数,在校生数,班级数,在校生数,
1,0234001,第一小学,河湾区,完全小学,20,800,,,160.5
2,0234002,实验学校,河湾区,九年一贯制,12,480,9,约400,200
3,0234003,第一中学,河湾区,初级中学,,,24,1100,300
合计,,,,,32,1280,33,1500,660.5
"""


def test_a_draft_runs_and_says_what_was_guessed_and_what_left_out(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(DRAFTED, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["recipe", "new", str(tmp_path / "a.csv"), "--out", str(tmp_path / "r.toml")])
    assert ended.value.code == 0
    text = (tmp_path / "r.toml").read_text("utf-8")
    assert "没有用到的列：序号" in text and "学年开始的公历年份，取自标题，请核对" in text
    assert '#   [sections] pupils = "初中-在校生数"：“约400”不是数字' in text
    data = convert(tmp_path / "a.csv", load_recipe(tmp_path / "r.toml"))
    assert figures(data, "schools", "kind") == {
        "0234001": "primary",
        "0234002": "nine_year",
        "0234003": "junior",
    }
    rows = data["sections"][["year", "school_id", "stage", "classes"]].to_numpy().tolist()
    assert rows == [
        [2025, "0234001", "primary", 20], [2025, "0234002", "primary", 12],
        [2025, "0234002", "junior", 9], [2025, "0234003", "junior", 24],
    ]  # fmt: skip
    assert figures(data, "facilities", "equipment_yuan")["0234001"] == 1_605_000
    with pytest.raises(SystemExit) as ended:  # nothing is written over
        main(["recipe", "new", str(tmp_path / "a.csv"), "--out", str(tmp_path / "r.toml")])
    assert "已经存在" in str(ended.value.code)


def test_a_draft_of_the_look_alike_runs(tmp_path):
    (tmp_path / "r.toml").write_text(draft(LOOK_ALIKE), encoding="utf-8")
    assert len(convert(LOOK_ALIKE, load_recipe(tmp_path / "r.toml"))["schools"]) == 20


def test_a_table_that_names_no_school_has_no_draft(tmp_path):
    (tmp_path / "a.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(QbError, match="没有认出学校标识码或校名的列"):
        draft(tmp_path / "a.csv")
