"""The command line: what it prints, how it ends, and how it refuses input that cannot be used."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from qb.cli import main
from qb.data.reading import read, write

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"


def run(capsys, *arguments):
    """Return exit code, what was printed, and what was said on stderr."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    # A string given to sys.exit is what Python prints on stderr before it ends with 1.
    said = printed.err + (ended.value.code if isinstance(ended.value.code, str) else "")
    return (1 if isinstance(ended.value.code, str) else ended.value.code or 0), printed.out, said


@pytest.fixture
def copy(tmp_path):
    """A copy of the sample's last year, to be spoilt."""
    folder = tmp_path / "data"
    folder.mkdir()
    for file in SAMPLE.glob("*.csv"):
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
        frame = frame[frame["year"] == "2025"] if "year" in frame else frame
        frame.to_csv(folder / file.name, index=False, encoding="utf-8-sig")
    return folder


def spoil(folder, table, change):
    file = folder / f"{table}.csv"
    frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    change(frame).to_csv(file, index=False, encoding="utf-8-sig")


def setting(column, value, row=0):
    return lambda frame: frame.assign(**{column: [*frame[column][:row], value, *frame[column][row + 1 :]]})


def test_assess_prints_the_contracts_document_and_nothing_else(capsys):
    code, out, said = run(capsys, "assess", SAMPLE, "--json")
    document = json.loads(out)
    assert (code, said, document["year"], document["standard"]) == (0, "", 2025, "gulou-2023")
    (district,) = document["districts"]
    assert set(district["areas"]) == {"resources", "guarantee", "quality", "recognition", "veto"}
    assert len(district["indicators"]) == 31


def test_assess_says_in_a_few_lines_what_the_verdict_is(capsys):
    code, out, _ = run(capsys, "assess", SAMPLE)
    assert code == 0
    assert "模拟数据" in out and "差异系数超限：小学 C5" in out


def test_the_verdict_does_not_change_the_exit_code(capsys):
    """The sample fails in every year; the work was done all the same."""
    assert run(capsys, "assess", SAMPLE, "--year", "2021")[0] == 0


def test_transition_clauses_stand_beside_the_verdict(capsys):
    plain = json.loads(run(capsys, "assess", SAMPLE, "--json")[1])["districts"][0]
    both = json.loads(run(capsys, "assess", SAMPLE, "--json", "--transition")[1])["districts"][0]
    assert both.pop("transition")["verdict"] in {"pass", "fail", "no data"}
    assert both == plain


BAD = {
    "text in a number column": (
        "sections",
        setting("pupils", "很多"),
        ["“学段”表第 2 行“在校生数”列", "不是数字"],
    ),
    "a negative number": ("sections", setting("pupils", "-5"), ["“学段”表第 2 行“在校生数”列", "-5"]),
    "an infinite number": (
        "facilities",
        setting("equipment_yuan", "inf"),
        ["“办学条件”表", "“教学仪器设备值”列", "有限"],
    ),
    "an unknown stage": ("sections", setting("stage", "幼儿园"), ["“学段”表", "“学段”列", "幼儿园"]),
    "an unknown kind": ("schools", setting("kind", "大学"), ["“学校”表", "“办学类型”列", "大学"]),
    "a duplicate key": ("sections", lambda f: pd.concat([f, f.head(1)]), ["“学段”表", "重复"]),
    "a section of an unknown school": (
        "sections",
        setting("school_id", "999"),
        ["“学段”表", "999"],
    ),
    "two spellings of a district": (
        "schools",
        setting("district", "示例市 古城区(模拟)"),
        ["“学校”表", "两种写法"],
    ),
    "a table without its key": (
        "sections",
        lambda f: f.drop(columns="school_id"),
        ["“学段”表", "学校标识码"],
    ),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("command", ["assess", "publish"])
def test_bad_data_are_refused_in_sentences_and_nothing_is_written(case, command, copy, capsys, tmp_path):
    table, change, expected = BAD[case]
    spoil(copy, table, change)
    out = ["--out", tmp_path / "out"] if command == "publish" else []
    code, printed, said = run(capsys, command, copy, *out)
    assert (code, printed) == (1, "")
    assert all(word in said for word in expected), said
    assert re.search(r"[。]", said) and "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_every_command_says_of_a_cell_what_the_check_says(copy, capsys, tmp_path):
    made = read(copy)
    write(made, tmp_path / "a.xlsx", "xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    book["学段"]["D5"] = "约 800"
    book.save(tmp_path / "a.xlsx")
    checked = run(capsys, "check", tmp_path / "a.xlsx")[1]
    (line,) = (line.strip() for line in checked.splitlines() if "F11" in line and "约 800" in line)
    assert line.startswith("必须改正 F11 “学段”表第 5 行“在校生数”列（D5）：“约 800”不是数字")
    for command in (["assess"], ["publish", "--out", tmp_path / "o"], ["plan"], ["convert", tmp_path / "c"]):
        name, *rest = command
        said = run(capsys, name, tmp_path / "a.xlsx", *rest)[2]
        assert line in said, name


def test_a_template_says_what_was_faulty_in_last_years_data(copy, capsys, tmp_path):
    said = run(capsys, "template", tmp_path / "a.xlsx", "--from", copy)[2]
    assert "处问题" not in said
    spoil(copy, *BAD["an unknown kind"][:2])
    said = run(capsys, "template", tmp_path / "b.xlsx", "--from", copy)[2]
    assert "上一学年的数据有 1 处问题" in said and "“学校”表第 2 行“办学类型”列：“大学”" in said


def test_all_faults_are_named_at_once(copy, capsys):
    for case in ("an unknown kind", "text in a number column", "an infinite number"):
        spoil(copy, *BAD[case][:2])
    said = run(capsys, "assess", copy)[2]
    assert "3 处" in said and all(word in said for word in ("大学", "很多", "inf"))


def test_an_empty_folder_is_refused(tmp_path, capsys):
    assert "没有数据表" in run(capsys, "assess", tmp_path)[2]


def test_a_folder_that_is_not_there_is_refused(tmp_path, capsys):
    assert "不存在" in run(capsys, "assess", tmp_path / "nowhere")[2]


def test_an_unreadable_file_is_refused(copy, capsys):
    (copy / "funds.csv").write_bytes(b"\xff\xfe\x00\x81" * 50)
    code, _, said = run(capsys, "assess", copy)
    assert code == 1 and "经费" in said


def test_a_year_that_is_not_in_the_data_is_refused_with_the_years_there_are(capsys):
    code, _, said = run(capsys, "assess", SAMPLE, "--year", "1999")
    assert code == 1 and "1999" in said and "2021、2022、2023、2024、2025" in said


def test_an_unknown_standard_is_refused_with_the_known_ones(capsys):
    code, _, said = run(capsys, "assess", SAMPLE, "--standard", "nowhere")
    assert code == 1 and "gulou-2023" in said


@pytest.mark.parametrize(
    "arguments",
    [["assess"], ["nothing"], ["publish", "--jobs", "0"], ["sample", "x", "--years", "2025-2021"]],
)
def test_arguments_that_cannot_be_used_end_in_a_sentence_and_exit_code_1(arguments, capsys):
    code, _, said = run(capsys, *arguments)
    assert code == 1 and said.startswith("错误：") and "--help" in said


def test_what_is_wrong_with_arguments_is_said_in_one_language(capsys):
    """In English as argparse has it; in Chinese no word of that is left."""
    wrong = "assess|assess a b|assess a --years|assess a --lang fr|nothing|plan a --budget|assess a --json=1"
    for line in (*wrong.split("|"), "template a.xlsx --per-school"):
        code, _, said = run(capsys, *line.split())
        sentence = said.splitlines()[0]
        names = (
            "assess",
            "years",
            "lang",
            "fr",
            "zh",
            "en",
            "budget",
            "per-school",
            "json",
            "data",
            "nothing",
        )
        left = re.sub(r"'[a-z]+'|--[a-z-]+|" + "|".join(rf"\b{name}\b" for name in names), "", sentence)
        assert code == 1 and not re.search(r"[A-Za-z]{3,}", left), said
        _, _, said = run(capsys, *line.replace("--lang fr", "").split(), "--lang", "en")
        assert not re.search("[一-鿿]", said), said
    code, told, _ = run(capsys, "check", "--help")
    assert told.startswith("用法：") and "usage" not in told and "show this" not in told


def test_convert_goes_to_parquet_and_back_without_loss(copy, tmp_path, capsys):
    there, back = tmp_path / "there.parquet", tmp_path / "back"
    assert run(capsys, "convert", copy, there)[0] == 0
    assert run(capsys, "convert", there, back)[0] == 0
    first = run(capsys, "assess", copy, "--json")[1]
    assert run(capsys, "assess", there, "--json")[1] == first
    assert run(capsys, "assess", back, "--json")[1] == first


def test_convert_with_a_recipe_makes_a_dataset_that_can_be_judged(tmp_path, capsys):
    table = ROOT / "tests" / "data" / "tw_look_alike.csv"
    recipe = ROOT / "data" / "recipes" / "tw_primary_schools.toml"
    assert run(capsys, "convert", table, tmp_path / "tw", "--recipe", recipe)[0] == 0
    document = json.loads(run(capsys, "assess", tmp_path / "tw", "--json")[1])
    verdicts = {row["verdict"] for d in document["districts"] for row in d["balance"] if row["code"] == "C4"}
    assert verdicts == {"no data"}


REAL = ROOT.parent / "shared" / "data" / "tw_primary_schools_113.csv"


@pytest.mark.skipif(not REAL.exists(), reason="the real table is not part of the project")
def test_the_real_table_is_judged_with_its_empty_and_small_schools_listed(tmp_path, capsys):
    recipe = ROOT / "data" / "recipes" / "tw_primary_schools.toml"
    run(capsys, "convert", REAL, tmp_path / "tw", "--recipe", recipe)
    document = json.loads(run(capsys, "assess", tmp_path / "tw", "--json")[1])
    districts = document["districts"]
    assert len(districts) == 22
    # Counted in the table itself: 2,668 schools, of which 13 have no pupil.
    assert sum(len(d["schools"]) for d in districts) == 2668 - 13
    empty = [e for d in districts for e in d["excluded"] if e["reason"] == "在校生为 0"]
    assert len(empty) == 13
    small = [w for d in districts for w in d["warnings"] if "不足 50 人" in w["message"]]
    assert len(small) == 517 - 13
    # It has no facilities and no qualifications. One school of 140 pupils has no full-time teacher: whatever
    # was not reported, it has nobody for C1 nor for C3, and two figures below their limits fail.
    resources = {d["district"]: d["areas"]["resources"] for d in districts}
    assert {district for district, verdict in resources.items() if verdict == "fail"} == {"臺中市"}
    assert set(resources.values()) == {"no data", "fail"}
    known = {i["code"] for d in districts for i in d["indicators"] if i["verdict"] in ("pass", "fail")}
    # C12 where the mean of a school's classes is above 45: some class must be.
    assert known == {"C1", "C3", "C11", "C12"}


def test_sample_writes_the_same_data_for_the_same_seed(tmp_path, capsys):
    for name in ("a", "b"):
        assert (
            run(capsys, "sample", tmp_path / name, "--schools", "30", "--years", "2025", "--seed", "7")[0]
            == 0
        )
    for file in (tmp_path / "a").glob("*.csv"):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_every_command_explains_itself(capsys):
    code, out, _ = run(capsys, "--help")
    commands = re.findall(r"^    (\w+) ", out, re.MULTILINE)
    assert code == 0 and {"publish", "assess", "convert", "sample", "lab"} <= set(commands)
    for command in commands:
        code, out, _ = run(capsys, command, "--help")
        assert code == 0 and "例：" in out


def test_it_runs_as_a_program_of_its_own():
    qb = shutil.which("qb", path=str(Path(sys.executable).parent))
    done = subprocess.run([qb, "assess", SAMPLE, "--year", "1999"], capture_output=True, check=False)
    assert done.returncode == 1 and "1999" in done.stderr.decode("utf-8")


def test_json_is_utf_8_whatever_the_locale():
    command = [sys.executable, "-m", "qb.cli", "assess", str(SAMPLE), "--json"]
    done = subprocess.run(
        command, capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii", "PATH": ""}
    )
    assert json.loads(done.stdout.decode("utf-8"))["districts"][0]["district"].endswith("（模拟）")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["plan", str(SAMPLE), "--budget", "很多"],
            "应为金额（元），可写成 3000000、300万 或 三百万，现为“很多”",
        ),
        (["plan", str(SAMPLE), "--budget", "1e26"], "金额应在 0 与 100,000 亿元之间，现为“1e26”，请核对"),
        (["plan", str(SAMPLE), "--budget", "nan"], "应为金额（元）"),
        (["plan", "没有的文件夹", "--budget", "三百万"], "没有的文件夹"),
        (["whatif", "没有的文件夹", "甲.toml"], "没有的文件夹"),
        (["forecast", "没有的文件夹"], "没有的文件夹"),
        (["whatif", str(SAMPLE), "没有的情景.toml"], "情景文件 没有的情景.toml"),
    ],
)
def test_amounts_and_places_that_make_no_sense_are_refused_in_a_sentence(arguments, said, capsys):
    code, printed, told = run(capsys, *arguments)
    assert code == 1 and said in told and not printed


def test_a_declared_column_has_its_label_though_a_table_with_others_was_not_handed_in(tmp_path, capsys):
    tables = {
        "schools": "school_id,name,district,kind,ownership\n01,一,甲区,primary,public\n",
        "facilities": "year,school_id,stage,books\n2024,01,primary,-5\n",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    _, printed, _ = run(capsys, "check", tmp_path, "--standard", "basic-2012")
    assert "“图书册数”列" in printed
