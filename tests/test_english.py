"""A site in English holds no Chinese but what the data themselves say: names, documents, causes, measures."""

import re
from html import unescape
from pathlib import Path

import pytest

import qb
from qb.charts.figure import HEADS, PHRASES
from qb.charts.style import WORDS as FIGURE_WORDS
from qb.data.checks import RULES
from qb.data.table_intake import FORM_RULES
from qb.publish.api import publish
from qb.publish.page import WORDS

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
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
def own():
    data = qb.load(SAMPLE)
    return {
        text
        for table, columns in OWN_WORDS.items()
        for column in columns
        for text in data[table][column].dropna().unique()
        if CHINESE.search(text)
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = publish(
        SAMPLE, out=tmp_path_factory.mktemp("english"), lang="en", schools=(SCHOOL,), progress=False
    )
    assert not made.failed, made.summary
    return {"index": made.index} | {
        outcome.job.notebook.stem: outcome.job.target for outcome in made.outcomes
    }


def test_no_page_in_english_has_chinese_words_of_our_own(site, own):
    assert {"index", "district", "data", "research", "school"} <= site.keys()
    found = {kind: left_over(page.read_text("utf-8"), own) for kind, page in site.items()}
    assert {kind: words for kind, words in found.items() if words} == {}


def test_every_rule_of_the_check_has_english_words():
    for rule in (*RULES, *FORM_RULES.values()):
        for words in (rule.title, rule.reason, rule.remedy):
            assert bool(words) == bool(words.en) and not CHINESE.search(words.en), rule.number


def test_what_is_said_in_one_language_is_said_in_the_other():
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    assert FIGURE_WORDS["zh"].keys() == FIGURE_WORDS["en"].keys()
    assert PHRASES["zh"].keys() == PHRASES["en"].keys()
    english = [*WORDS["en"].values(), *FIGURE_WORDS["en"].values(), *PHRASES["en"].values()]
    assert not [words for words in english if CHINESE.search(words)]
    assert not [en for _, en in HEADS.values() if CHINESE.search(en)]
