"""A site in English holds no Chinese but what the data themselves say: names, documents, causes, measures."""

import ast
import json
import re
from html import unescape
from pathlib import Path
from string import Formatter

import pytest
from conftest import SAMPLE, SCENARIOS

import qb
from qb.charts.marks import words as figure_words
from qb.cli import main
from qb.data.checks import RULES
from qb.data.recipe import RECIPE_RULES
from qb.data.returned_forms import FORM_SHEET_RULES
from qb.data.table_headers import FORM_RULES
from qb.publish.page import WORDS

PACKAGE = Path(qb.__file__).parent
IDEOGRAPHS = re.compile("[一-鿿]")
SCHOOL = "0001004"  # of two stages, failing, in the ledger
# Ideographs, the marks of Chinese punctuation, full-width forms, units squeezed into one character (㎡).
CHINESE = re.compile(r"[⺀-〿㈀-鿿豈-﫿︰-﹏＀-￯]+")
# What offices enter in their own words. Departments are not among them: the standard has their English names.
OWN_WORDS = {
    "schools": ("name", "district", "group"),
    "zones": ("name",),
    "evidence": ("document", "note"),
    "monitoring": ("subject",),
    "measures": ("cause", "measure", "evidence"),
}


def left_over(html: str, own: set[str]) -> set[str]:
    """Return the Chinese of a page, wherever it stands, that is not in `own`.

    Our program is no text, nor is what the page tells `qb verify` in its head.
    """
    source = unescape(re.sub(r'<script>.*?</script>|<meta name="qb:.*?>', "", html, flags=re.S))
    for words in sorted(own, key=len, reverse=True):
        source = source.replace(words, "")
    return {
        source[max(found.start() - 40, 0) : found.end() + 20].replace("\n", " ")
        for found in CHINESE.finditer(source)
    }


@pytest.mark.parametrize(
    "html",
    [
        "<p>达标</p>",
        '<p title="达标">',
        "<svg><text>达标</text><title>甲校 达标</title></svg>",
        "<p>甲校（Primary）</p>",
        "<p>C5：limit</p>",
        "<p>12 ㎡</p>",
        "<p>&#36798;&#26631;</p>",
        '<script type="application/json">{"csv": "下载"}</script>',
    ],
)
def test_chinese_is_found_wherever_it_stands(html):
    assert left_over(html, {"甲校"})


def test_names_and_our_program_are_not_what_is_looked_for():
    assert not left_over("<h1>甲校 (Primary), 12 m² · 5–6 “x” ≥ 3</h1><script>'甲'</script>", {"甲校"})


@pytest.fixture(scope="module")
def own(committed):
    return own_words(committed)


def own_words(data):
    """Return the Chinese that offices enter in their own words."""
    return {
        text
        for table, columns in OWN_WORDS.items()
        for column in columns
        for text in data[table][column].dropna().unique()
        if CHINESE.search(text)
    }


@pytest.fixture(scope="module")
def planned():
    """What the scenarios say in words of their own; where space is short, without （模拟）."""
    said = {text for path in SCENARIOS for text in re.findall(r'"([^"]+)"', path.read_text("utf-8"))}
    return {short for text in said if CHINESE.search(text) for short in (text, text.removesuffix("（模拟）"))}


def test_no_page_in_english_has_chinese_words_of_our_own(published, own, planned):
    pages = {page.relative_to(published("en")).as_posix(): page for page in published("en").rglob("*.html")}
    assert {
        "index.html",
        "district.html",
        "data.html",
        "scenario.html",
        f"schools/{SCHOOL}.html",
    } <= pages.keys()
    found = {name: left_over(page.read_text("utf-8"), own | planned) for name, page in pages.items()}
    assert {name: words for name, words in found.items() if words} == {}


MESSAGES = ("Message", "QbError", "say", "t", "Both")


def pairs() -> list[tuple[str, ast.Call]]:
    """Return every call in the package that hands out a sentence in both languages, with its place."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in MESSAGES or name.endswith("Error"):
                texts = [
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                ]
                if len(texts) > 1 and IDEOGRAPHS.search(texts[0]):
                    found.append((f"{path.name}:{node.lineno}", node))
    return found


def fields(wording: str) -> list[tuple[str, str]]:
    """Return the places that a wording has for arguments, in order, each with how it is written."""
    auto, made = 0, []
    for _, name, spec, _ in Formatter().parse(wording):
        if name is not None:
            made.append((name or str(auto), spec or ""))
            auto += not name
    return sorted(set(made))


def test_every_sentence_stands_in_both_languages_and_takes_the_same_arguments():
    found = pairs()
    assert len(found) > 500
    for at, call in found:
        zh, en = (a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
        assert not IDEOGRAPHS.search(en.replace("模拟数据", "")), (at, en)
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if len(call.args) > 2 and name != "say":
            given = [str(place) for place in range(len(call.args) - 2)]
            assert fields(zh) == fields(en), (at, zh, en)
            if not any(isinstance(a, ast.Starred) for a in call.args):
                assert sorted({name for name, _ in fields(zh)}) == sorted(given), (at, zh)


def test_nothing_is_refused_in_chinese_alone():
    lacking = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
                continue
            first = node.exc.args[0] if node.exc.args else None
            texts = [*ast.walk(first)] if isinstance(first, ast.Constant | ast.JoinedStr) else []
            chinese = any(isinstance(t, ast.Constant) and IDEOGRAPHS.search(str(t.value)) for t in texts)
            if chinese and len(node.exc.args) < 2:
                lacking.append(f"{path.name}:{node.lineno}")
    assert lacking == []


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "位置 1（从 0 数起）的学生数不大于 0；位置 0（从 0 数起）的数量缺失"),
        (
            "en",
            "pupils are not above 0 at positions 1 (counted from 0); "
            "no amount is given at positions 0 (counted from 0)",
        ),
    ],
)
def test_a_measure_refuses_its_arguments_in_the_language_of_the_setting(monkeypatch, lang, said):
    monkeypatch.setenv("QB_LANG", lang)
    with pytest.raises(ValueError) as refused:
        qb.balance.difference_coefficient([float("nan"), 1], [1, -1])
    assert str(refused.value) == said


def test_every_rule_of_the_check_has_english_words():
    for rule in (*RULES, *FORM_RULES.values(), *FORM_SHEET_RULES.values(), *RECIPE_RULES.values()):
        for words in (rule.title, rule.reason, rule.remedy):
            assert bool(words) == bool(words.en) and not CHINESE.search(words.en), rule.number


@pytest.mark.parametrize("asked", [{"QB_LANG": "en"}, {}])
def test_the_check_speaks_english_where_it_is_asked_to(tmp_path, monkeypatch, capsys, own, asked):
    qb.data.reading.write(qb.load(SAMPLE), tmp_path / "data")
    sections = tmp_path / "data" / "sections.csv"
    lines = sections.read_text("utf-8").splitlines()
    cells = lines[3].split(",")
    cells[lines[0].split(",").index("pupils")] = "many"
    sections.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]), "utf-8")
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path / "data"), *([] if asked else ["--lang", "en"])])
    said = capsys.readouterr().out
    assert ended.value.code == 0 and "table sections, row 4, column pupils: “many” is not a number" in said
    assert not left_over(said, own)


def test_errors_help_and_json_follow_the_language(monkeypatch, capsys):
    for arguments, words in (
        (["assess", "nowhere", "--lang", "en"], "Error: "),
        (["--lang=en", "plan", str(SAMPLE), "--to", "1999"], "the target year 1999 must come after"),
        (["sample", "x", "--schools", "0", "--lang", "en"], "must be a whole number of 1 or more"),
        (["check", "--help", "--lang", "en"], "every fault at once"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out = capsys.readouterr()
        text = f"{out.out}{out.err}{ended.value.code}"
        assert words in text and not CHINESE.search(text)
    monkeypatch.setenv("QB_LANG", "fr")
    with pytest.raises(SystemExit, match="QB_LANG"):
        main(["check", str(SAMPLE)])
    monkeypatch.setenv("QB_LANG", "en")
    with pytest.raises(SystemExit):
        main(["assess", str(SAMPLE), "--json"])
    told = json.loads(capsys.readouterr().out)
    reasons = {row["reason"] for row in told["districts"][0]["excluded"]}
    assert "Teaching point under 50 pupils: not judged on the seven" in reasons
    assert told["districts"][0]["verdict"] == "fail"


def test_what_is_said_in_one_language_is_said_in_the_other():
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    english = [*WORDS["en"].values(), *(en for _, en in figure_words().values())]
    assert not [words for words in english if CHINESE.search(words)]
