"""Pages of odd districts say nothing that the verdicts do not carry, in either language."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import pytest
from law import KNOWN, Facts, Reading, taught
from odd_districts import MADE, odd_district
from pages import KINDS, Badge, Page, Text, read_index, read_page

from qb.indicators.assessment import Assessment, assess, json_document
from qb.report import forecast_report, plan_study, scenario_report
from qb.report.context import ReportContext, preload
from qb.standard import load

YEAR = 2024
SCENARIO = 'title = "现状"\nbase_year = 2024\n'
STANDARD = load()
TITLES = [
    words
    for i in STANDARD.indicators
    for text in (i.title, i.short)
    for words in (text.zh, text.en, text.en.lower())
]


@cache
def assessed(name: str, year: int = YEAR) -> Assessment:
    """Return the assessment, which is the same in both languages."""
    return assess(odd_district(name), year, STANDARD)


def entries(name: str, year: int = YEAR) -> dict[str, dict]:
    """Return what ``qb assess --json`` says of each district."""
    return {entry["district"]: entry for entry in json_document(assessed(name, year))["districts"]}


def facts_of(name: str) -> dict[str, Facts]:
    """Return the facts of each district of a dataset."""
    data = odd_district(name)
    before = entries(name, YEAR - 1) if YEAR - 1 in data.years else {}
    tables = {
        table: frame.astype(object).where(frame.notna(), None).to_dict("records")
        for table, frame in data.tables.items()
    }
    return {
        district: Facts(entry, tables, YEAR, before.get(district))
        for district, entry in entries(name).items()
    }


# What pages of both languages rest on, and take longest for.
COMPUTED = {
    plan_study: ("cheapest_plan", "plan_over_years", "transfers", "best_use", "price_of_balance", "explain"),
    scenario_report: ("whatif",),
    forecast_report: ("forecast", "verdicts_along", "places_of"),
}


class Whole(pickle.Pickler):
    """Writes all that an input holds, tables that cannot be changed included."""

    def reducer_override(self, found: object) -> object:
        """Write such a table as one that could be."""
        return (dict, (dict(found),)) if isinstance(found, MappingProxyType) else NotImplemented


@pytest.fixture(scope="module", autouse=True)
def computed_once():
    """Compute the same of the same input once: the second language differs in words alone."""
    kept: dict[bytes, object] = {}

    def once(work: Callable) -> Callable:
        def answer(*args: object, **how: object) -> object:
            written = BytesIO()
            Whole(written).dump((work.__qualname__, args, sorted(how.items())))
            key = hashlib.blake2b(written.getvalue()).digest()
            if key not in kept:
                kept[key] = work(*args, **how)
            return kept[key]

        return answer

    with pytest.MonkeyPatch.context() as patch:
        for module, names in COMPUTED.items():
            for name in names:
                patch.setattr(module, name, once(getattr(module, name)))
        yield


def pages_of(name: str, lang: str, folder: Path):
    """Yield each page of each district, with the district's name."""
    data = odd_district(name)
    assessment = assessed(name)
    book = ReportContext(data, assessment, lang)
    preload(book, folder)
    (folder / "scenario.toml").write_text(SCENARIO, encoding="utf-8")
    common = {"data": str(folder), "year": YEAR, "standard": "gulou-2023"}
    for district in assessment.districts["district"]:
        before = [past.of(district) for year, past in sorted(book.years.items(), reverse=True) if year < YEAR]
        yield district, read_index(assessment, district, lang, folder, before)
        for kind in KINDS:
            own = {"district": district}
            if kind == "scenario":
                own |= {"scenarios": [str(folder / "scenario.toml")]}
            if kind != "school":
                yield district, read_page(kind, lang, **common, **own)
                continue
            rows = assessment.rows
            for school in dict.fromkeys(rows.loc[rows["district"] == district, "school_id"]):
                yield district, read_page(kind, lang, **common, school_id=school)


def names_in(name: str) -> list[str]:
    """Return the names of districts and schools."""
    data = odd_district(name)
    return [str(x) for column in ("name", "school_id") for x in data["schools"][column]] + data.districts


# Their English pages say nothing, numbers and names aside, that those of others do not say on the same kind.
SAID_ELSEWHERE = ("everything met", "one school", "one of two empty", "a province of three", "no pupils")


@pytest.mark.parametrize(
    ("name", "lang"),
    [(name, lang) for name in MADE for lang in ("zh", "en") if lang == "zh" or name not in SAID_ELSEWHERE],
)
def test_nothing_is_said_that_the_verdicts_do_not_carry(name, lang, tmp_path):
    facts = facts_of(name)
    known, names = taught(), names_in(name)
    wrong, unknown = [], []
    for district, page in pages_of(name, lang, tmp_path):
        reading = Reading(page, facts[district], names, TITLES, known)
        wrong += [f"{page.kind}: {text}" for text in reading.wrong]
        unknown += [f"{page.kind}: {text}" for text in reading.unknown]
    assert not wrong, "\n".join(wrong)
    assert not unknown, f"teach these in {KNOWN.name} or as claims in law.py:\n" + "\n".join(
        dict.fromkeys(unknown)
    )


MET = "everything met"
NOBODY = "no pupils reported"


@pytest.mark.parametrize(
    ("name", "lang", "text"),
    [
        (MET, "zh", Text("card", "资源配置|缺数据|3 个学校（学段）中 3 个达标", "nodata")),
        (MET, "zh", Text("card", "资源配置|达标|3 个学校（学段）中 3 个达标", "fail")),
        (MET, "en", Text("card", "Government guarantee|Met|15 of 15 indicators met", "pass")),
        (MET, "zh", Text("line", "总体结论：未达标。其中资源配置未达标。")),
        (MET, "zh", Text("line", "3 个学校（学段）中 2 个七项指标达标。")),
        (MET, "en", Text("line", "3 of the 14 coefficients exceed their limit.")),
        (MET, "zh", Text("finding", "小学：体育运动场馆差距最大，最高的学校是最低的 1.0 倍")),
        (MET, "en", Text("line", "The district fails.")),
        (NOBODY, "zh", Text("finding", "14 个差异系数都在限值以内")),
        (NOBODY, "zh", Text("empty", "七项指标没有缺口。")),
        (NOBODY, "en", Text("empty", "Nothing to mend.")),
        (
            NOBODY,
            "en",
            Text(
                "card", "As it is|No data|0 of 3 school stages met; coefficients: 0 over the limit", "nodata"
            ),
        ),
        ("everything failing", "zh", Text("line", "C1 高学历教师：2 个学校（学段）低于标准")),
        ("everything failing", "zh", Text("finding", "小学：报送班额的 15 个班都不超过 45 人")),
    ],
)
def test_the_reader_finds_what_is_not_so(name, lang, text):
    (facts,) = facts_of(name).values()
    reading = Reading(Page("district", lang, texts=[text]), facts, names_in(name), TITLES, taught())
    assert reading.wrong


def test_the_reader_names_what_it_was_not_taught():
    (facts,) = facts_of(MET).values()
    text = Text("line", "小一明年大概会更好。")
    reading = Reading(Page("district", "zh", texts=[text]), facts, names_in(MET), TITLES, taught())
    assert reading.unknown == ["@明年大概会更好"]


@pytest.mark.parametrize("cell", [("0.4996", "0.50"), ("99.96", "99.9"), ("1234.5", "缺数据")])
def test_the_reader_holds_what_is_printed_against_what_is_held(cell):
    (facts,) = facts_of(MET).values()
    reading = Reading(Page("district", "zh", cells=[cell]), facts, [], TITLES, taught())
    assert bool(reading.wrong) == (cell[1] != "0.50")


@pytest.mark.parametrize(
    "badge",
    [
        Badge("缺数据", "pass", "", ""),
        Badge("达标", "pass", "district/2024/甲区", "fail"),
        Badge("未达标", "fail", "district/2024/甲区", "fail"),
        Badge("合格", "pass", "", ""),
    ],
)
def test_the_reader_holds_badges_against_verdicts_and_colours(badge):
    (facts,) = facts_of(MET).values()
    reading = Reading(Page("district", "zh", badges=[badge]), facts, [], TITLES, taught())
    assert reading.wrong
