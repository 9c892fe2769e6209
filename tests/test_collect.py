"""Forms that go out to forty invented schools, come back with slips, are mended and published."""

import json
import os
import shutil

import openpyxl
import pytest

from qb.cli import main
from qb.data.blank_forms import write_per_school
from qb.data.collect_report import run_collect, summary
from qb.data.layout_file import load_layout
from qb.data.reading import read, write
from qb.data.sample import make
from qb.errors import QbError

pytestmark = pytest.mark.usefixtures("one_worker")

YEAR = 2026
PHONE = "13800001111"
SCHOOL = load_layout("school-form")


def cells(book):
    """The cell of each answer by its label."""
    return {line[2].value: line[4] for line in book.active.iter_rows(min_row=4) if line[2].value}


def answers(path):
    return cells(openpyxl.load_workbook(path))


def fill(path, **slips):
    """Fill in a form as a clerk would: this year's few more pupils, the teachers by degree and subject."""
    book = openpyxl.load_workbook(path)
    at = cells(book)
    primary, junior = (at[label].value or 0 for label in ("小学人数", "初中人数"))
    at["小学人数"].value, at["初中人数"].value = primary, junior
    teachers = at["专任教师总人数"].value or 0
    for label, cell in at.items():
        if "学历专任教师" in label:
            mine = primary if "小学" in label else junior
            cell.value = (
                int(teachers * mine / max(primary + junior, 1) * 0.9) if label.startswith("本科") else 0
            )
        elif label.endswith("专任教师") and label[:2] in ("体育", "音乐", "美术", "艺术"):
            cell.value = max(1, teachers // 20) if label[:2] != "艺术" else 0
        elif label in ("初中毕业生数", "初一时在校生数") and junior:
            cell.value = junior // 3
        elif label in ("三年内转入学生数", "三年内转出学生数", "三年内死亡学生数") and junior:
            cell.value = 0
    for label, value in slips.items():
        at[label].value = value
    book.save(path)


def fill_only(path, **slips):
    """Change some answers of a form, and nothing else."""
    book = openpyxl.load_workbook(path)
    at = cells(book)
    for label, value in slips.items():
        at[label].value = value
    book.save(path)


def unit(path, label, text):
    book = openpyxl.load_workbook(path)
    cell = cells(book)[label]
    book.active.cell(cell.row, 4).value = text
    book.save(path)


def command(*words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert not ended.value.code


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    folder = tmp_path_factory.mktemp("before") / "data"
    write(make(schools=40, years=[YEAR - 2, YEAR - 1]), folder)
    return folder


@pytest.fixture(scope="module")
def forms(before, tmp_path_factory):
    """Forty forms filled in, and the district's."""
    folder = tmp_path_factory.mktemp("forms") / "forms"
    command("template", "--layout", "school-form", "--per-school", before, folder)
    assert len(list(folder.iterdir())) == 40
    for path in folder.iterdir():
        fill(path)
    command("template", folder / "县区.xlsx", "--layout", "district-form", "--year", YEAR)
    book = openpyxl.load_workbook(folder / "县区.xlsx")
    at = cells(book)
    at["区县名称"].value, at["填报年度"].value = read(before).districts[0], YEAR
    at["教师年平均工资"].value, at["公务员年平均工资"].value = 9.8, 9.5
    book.save(folder / "县区.xlsx")
    return folder


def of(folder, number):
    return next(folder.glob(f"000{1000 + number} *.xlsx"))


def test_ten_slips_are_named_mended_and_the_year_published(before, forms, tmp_path, capsys):
    """Each step is a command, as an office would type it."""
    back = tmp_path / "交回"
    shutil.copytree(forms, back)
    rules = {}
    fill(of(back, 1), 小学人数="约900")
    rules[1] = "F11"
    unit(of(back, 3), "教学仪器设备资产值", "元")
    rules[3] = "B04"
    yuan = 10_000 * answers(of(back, 5))["教学仪器设备资产值"].value
    fill(of(back, 5), 教学仪器设备资产值=yuan)  # under 万元
    rules[5] = "U01"
    fill(of(back, 7), 艺术专任教师=None)
    rules[7] = "B05"
    fill(of(back, 13), 音乐教室总间数=1, 美术教室总间数=1, **{"96平方米及以上音乐教室": 4})
    rules[13] = "B08"
    fill(of(back, 14), 班级总数=None)
    rules[14] = "B01"
    of(back, 16).unlink()  # did not return
    again = of(back, 20).with_name("又一份.xlsx")
    shutil.copy(of(back, 20), again)  # returned twice
    os.utime(again, (1, 1))  # the older one
    fill(again, 网络多媒体教室间数=1)
    os.utime(again, (1, 1))
    (back / "说明.csv").write_text("通知,内容\n一,二\n", encoding="utf-8")  # no form
    (back / "坏.xlsx").write_bytes(b"PK\x03\x04 broken")
    out = tmp_path / "今年"
    capsys.readouterr()
    command("collect", back, out, "--expected", before, "--json")
    told = json.loads(capsys.readouterr().out)

    faults = {one["file"]: one["faults"] for one in told["files"]}
    for number, rule in rules.items():
        name = of(back, number).name
        mine = next(fault for fault in faults[name] if fault["rule"] == rule)
        assert mine["cell"] and mine["sheet"] == "学校填报表" and mine["school_id"] == f"000{1000 + number}"
        marked = openpyxl.load_workbook(out / "收集" / "退回" / name)
        assert rule in marked["学校填报表"][mine["cell"]].comment.text
    lines = "\n".join(told["summary"])
    silent = of(forms, 16).stem.split(" ", 1)[1]
    assert f"应交 40 所，已交 39 所，没有交 1 所：{silent}" in lines
    assert "交了不止一份的 1 所" in lines
    assert "认不出的表 1 份：说明.csv" in lines and "不能读 1 份：坏.xlsx" in lines
    (twice,) = told["again"]
    assert [twice[name] for name in ("school_id", "used", "left")] == [
        "0001020",
        of(back, 20).name,
        again.name,
    ]
    (different,) = twice["differences"]
    assert "网络多媒体教室数" in different and different.endswith(" / 1")

    # Mended on the copies that were sent back, and collected again.
    mended = tmp_path / "改好"
    shutil.copytree(forms, mended)
    for number in rules:
        copy = out / "收集" / "退回" / of(back, number).name
        right = {label: cell.value for label, cell in answers(of(forms, number)).items()}
        slips = ("小学人数", "教学仪器设备资产值", "艺术专任教师", "班级总数", "音乐教室总间数")
        wanted = (*slips, "美术教室总间数", "96平方米及以上音乐教室")
        shutil.copy(copy, of(mended, number))
        book = openpyxl.load_workbook(of(mended, number))
        for label in wanted:
            cells(book)[label].value = right[label]
        book.save(of(mended, number))
        unit(of(mended, number), "教学仪器设备资产值", "万元")
    final = tmp_path / "定稿"
    command("collect", mended, final, "--expected", before, "--json")
    told = json.loads(capsys.readouterr().out)
    assert len(told["files"]) == 41 and not told["again"]
    assert {one["state"] for one in told["schools"]} == {"returned"}
    assert not [fault for one in told["files"] for fault in one["faults"] if fault["severity"] == "stops"]
    command("check", final)
    data = read(final)
    assert data.years == [YEAR - 2, YEAR - 1, YEAR] and data.invented
    assert data["schools"]["district"].notna().all()
    pay = data["district"].query("item == 'teacher_mean_pay_yuan' and year == @YEAR")["value"]
    assert pay.tolist() == [98_000]
    graduates = data["district"].query("item == 'graduates' and year == @YEAR")["value"]
    assert len(graduates) == 1 and graduates.iloc[0] > 0
    command("publish", final, "--out", tmp_path / "报告", "--only", "district", "--jobs", 1)
    assert (tmp_path / "报告" / "index.html").exists()


def test_a_form_that_came_back_as_it_went_out_is_said_to_be_unchanged(before, tmp_path):
    back = tmp_path / "交回"
    write_per_school(read(before), back, SCHOOL)
    for path in sorted(back.iterdir())[3:]:
        path.unlink()
    one = of(back, 2)
    book = openpyxl.load_workbook(one)
    book.active["A80"] = f"填表人：张某 {PHONE}"
    old = book.copy_worksheet(book.active)  # of another year, hidden behind it
    old.title, old.sheet_state = "旧", "hidden"
    next(line[4] for line in old.iter_rows() if line[2].value == "小学人数").value = 7
    book.create_sheet("学校").append(["学校标识码", "学校名称"])  # a table of ours beside the form
    book.save(one)
    (back / "扫描件.pdf").write_bytes(b"%PDF-1.4")
    done = run_collect(back, tmp_path / "今年", expected=before)
    assert "数据完全没有变的 3 所" in "\n".join(summary(done))  # what is seen counts, not what is hidden
    said = {(file.name, f.rule, f.sheet) for file in done.returned for f in file.faults}
    persons = {(one.name, "P02", "学校填报表"), (one.name, "P02", "旧")}
    beside = {(one.name, "F28", "旧"), (one.name, "F31", "学校"), ("扫描件.pdf", "F04", None)}
    assert persons | beside <= said
    copy = openpyxl.load_workbook(tmp_path / "今年" / "收集" / "退回" / one.name)
    shown = " ".join(str(cell.value) for sheet in copy for row in sheet.iter_rows() for cell in row)
    assert PHONE not in shown and "张某" in shown


def test_schools_new_gone_unchanged_and_changed_are_counted_on_one_page_and_as_json(before, tmp_path, capsys):
    """Forms of last year: one as it was, one of more pupils, one of a new school; one school has closed."""
    data = read(before)
    schools = data["schools"].copy()
    closed = schools["school_id"] == "0001002"
    schools["closed_year"] = schools["closed_year"].mask(closed, YEAR - 1.0)
    write(data.replace(schools=schools), tmp_path / "去年")
    back = tmp_path / "交回"
    write_per_school(data, back, SCHOOL)
    same, more, new = of(back, 3), of(back, 4), of(back, 5)
    for path in set(back.iterdir()) - {same, more, new}:
        path.unlink()
    pupils = answers(more)["小学人数"].value
    fill_only(more, 小学人数=round(pupils * 1.5))
    fill_only(new, 学校代码="0009999", 学校名称="新校")
    with pytest.raises(SystemExit):
        main(["collect", str(back), str(tmp_path / "今年"), "--expected", str(tmp_path / "去年"), "--json"])
    told = json.loads(capsys.readouterr().out)
    page = "\n".join(told["summary"])
    assert "新增学校 1 所：新校" in page and "停办 1 所：" in page
    assert "数据完全没有变的 1 所" in page and "有变化的 1 所" in page and "小学在校生数 +50%" in page
    states = {one["school_id"]: (one["state"], one["changed"]) for one in told["schools"]}
    assert states["0009999"] == ("new", None) and "0001002" not in states
    assert states["0001003"] == ("returned", 0) and states["0001004"][1] >= 1
    assert states["0001006"] == ("silent", None)
    assert {one["file"] for one in told["files"]} == {same.name, more.name, new.name}


def test_our_own_workbooks_and_folders_of_tables_are_collected_too(before, tmp_path):
    data = read(before)
    back = tmp_path / "交回"
    back.mkdir()
    for number, school in enumerate(data["schools"]["school_id"][:3]):
        tables = {
            name: data[name][
                (data[name]["school_id"] == school) & (data[name].get("year", YEAR - 1) == YEAR - 1)
            ]
            for name in ("schools", "sections", "facilities", "classes", "rooms", "funds")
        }
        where = back / (f"{school}.xlsx" if number else school)
        write(data.replace(**tables), where, "xlsx" if number else "csv")
    done = run_collect(back, tmp_path / "今年")
    assert (done.year, len(done.used)) == (YEAR - 1, 3)
    collected = read(tmp_path / "今年")
    for name in ("sections", "facilities", "funds"):
        ids = data["schools"]["school_id"][:3]
        same = data[name][data[name]["school_id"].isin(ids) & (data[name]["year"] == YEAR - 1)]
        assert (
            collected[name]
            .reset_index(drop=True)
            .equals(same.reset_index(drop=True)[collected[name].columns])
        )


def test_nothing_is_overwritten_and_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "空").mkdir()
    with pytest.raises(QbError, match="没有工作簿"):
        run_collect(tmp_path / "空", tmp_path / "出")
    (tmp_path / "出").mkdir()
    (tmp_path / "出" / "a.txt").write_text("x")
    with pytest.raises(QbError, match="不覆盖"):
        run_collect(tmp_path / "空", tmp_path / "出")


def test_without_a_year_anywhere_it_is_asked_for(tmp_path):
    (tmp_path / "甲.csv").write_text("填报项目,填报值\n", encoding="utf-8")
    with pytest.raises(QbError, match="--year"):
        run_collect(tmp_path, tmp_path / "出")
