"""What a standard declares: ratios, counts, points, a mean that decides; and a standard of another place."""

import csv
import json
import re
import shutil
from collections import Counter
from contextlib import closing
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_standard_kinds import YEAR, coefficient, file, of_year, schools, two_schools
from town import Town, area, verdict

import qb
from qb.cli import main
from qb.data.dataset import Dataset
from qb.data.recipe import convert, load_recipe
from qb.indicators.assessment import assess
from qb.publish.worker_client import Worker
from qb.report.standard_report import faults_of
from qb.standard import load

# Ratios and counts that a file declares

RATIOS = """
extends = "gulou-2023"
name = "own"
without = ["indicators", "groups", "recognition", "vetoes", "rules.school", "rules.coefficient"]
departments = []
tasks = []
groups = [{ code = "A", title = { zh = "甲", en = "A" }, source = "甲" }]
areas = [
  { name = "money", title = { zh = "经费", en = "Money" } },
  { name = "watched", title = { zh = "关注", en = "Watched" }, asks = "nothing" },
]

[[columns]]
table = "district"
name = "buses"
label = { zh = "校车数", en = "School buses" }
unit = { zh = "辆", en = "buses" }
kind = "count"
source = "甲"

"""
OWN = """
[[indicators]]
code = "{code}"
area = "{area}"
group = "A"
title = {{ zh = "{code}", en = "{code}" }}
short = {{ zh = "{code}", en = "{code}" }}
wording = "{code}"
limits = [{limits}]
source = "甲"
[indicators.ratio]
what = {{ zh = "甲", en = "a" }}
{ratio}
"""
UNIT = 'unit = { zh = "个", en = "of" }'


def declared(code, ratio, *limits, area="money"):
    limits = ", ".join(f"{{ {limit}, {UNIT} }}" for limit in limits)
    return OWN.format(code=code, area=area, limits=limits, ratio=ratio)


OF = 'of = { zh = "乙", en = "b" }'


def test_ratios_and_counts_of_district_and_schools_by_hand(tmp_path):
    """Four schools: pupils 40, 60, 300 and 600, teachers 4, 5, 20 and 30, classes 2, 2, 8 and 12."""
    text = RATIOS + "".join(
        [
            # 1 of 4 schools is under 50 pupils: 25 %.
            declared(
                "small",
                'add = ["schools"]\nwhere = { column = "pupils", side = "<", value = 50 }\n'
                f'divide = ["schools"]\nper = 100\n{OF}',
                'side = "<=", value = 25',
            ),
            # 1000 pupils for 59 teachers: 16.949 (the mean of the schools' own ratios would be 14.25).
            declared(
                "load",
                f'add = ["pupils"]\ndivide = ["full_time_teachers"]\nif_zero = "no data"\n{OF}',
                'side = "<=", value = 15',
            ),
            # Each school: 20, 30, 37.5 and 50 pupils a class; the last one is above 45.
            declared(
                "classroom",
                f'level = "schools"\nadd = ["pupils"]\ndivide = ["classes"]\nif_zero = "no data"\n{OF}',
                'side = "<=", value = 45',
            ),
            # Seven buses of the district, at least 5.
            declared("fleet", 'add = ["buses"]', 'side = ">=", value = 5'),
            # Pupils a bus: 1000 / 7 = 142.86, shown in an area that decides nothing.
            declared(
                "crowd",
                f'add = ["pupils"]\ndivide = ["buses"]\nif_zero = "fail"\n{OF}',
                'side = "<=", value = 100',
                area="watched",
            ),
        ]
    )
    own = load(file(tmp_path, text))
    data = Dataset.of(
        schools=schools("A", "B", "C", "D"),
        sections=of_year(
            "ABCD",
            "primary",
            pupils=[40.0, 60, 300, 600],
            full_time_teachers=[4.0, 5, 20, 30],
            classes=[2.0, 2, 8, 12],
        ),
        district=pd.DataFrame({"year": [YEAR], "district": ["甲区"], "item": ["buses"], "value": [7.0]}),
    )
    found = assess(data, YEAR, own).indicators.set_index("code")
    assert found["value"].to_dict() == pytest.approx(
        {"small": 25, "load": 1000 / 59, "classroom": 50, "fleet": 7, "crowd": 1000 / 7}
    )
    assert found["verdict"].astype(str).to_dict() == {
        "small": "pass",
        "load": "fail",
        "classroom": "fail",
        "fleet": "pass",
        "crowd": "fail",
    }
    whole = assess(data, YEAR, own)
    findings = whole.findings.set_index(["code", "school_id"])["verdict"].astype(str)
    assert [findings["classroom", s] for s in "ABCD"] == ["pass", "pass", "pass", "fail"]
    assert whole.areas.set_index("area")["verdict"].astype(str).to_dict() == {
        "money": "fail",
        "watched": "fail",
    }
    better = data.replace(
        sections=data["sections"].assign(full_time_teachers=[4.0, 6, 25, 40], classes=[2.0, 2, 8, 15])
    )
    assert assess(better, YEAR, own).districts["verdict"].tolist() == [
        "pass"
    ]  # 1000 / 75; what is watched fails


def test_what_is_not_reported_leaves_a_ratio_open_unless_the_rest_decides(tmp_path):
    """Of 40, ? and 300 pupils one or two schools are small: 33 or 67 % of three."""
    ratio = (
        'add = ["schools"]\nwhere = { column = "pupils", side = "<", value = 50 }\n'
        f'divide = ["schools"]\nper = 100\n{OF}'
    )
    data = Dataset.of(
        schools=schools("A", "B", "C"), sections=of_year("ABC", "primary", pupils=[40.0, np.nan, 300])
    )
    for limit, wanted in ((25, "fail"), (40, "no data"), (70, "pass")):
        own = load(file(tmp_path, RATIOS + declared("small", ratio, f'side = "<=", value = {limit}')))
        assert verdict(assess(data, YEAR, own), "small") == wanted
    none = Dataset.of(schools=schools("A"), sections=of_year("A", "primary", pupils=[10.0], classes=[0.0]))
    for said in ("fail", "no data", "not applicable"):
        ratio = f'add = ["pupils"]\ndivide = ["classes"]\nif_zero = "{said}"\n{OF}'
        own = load(file(tmp_path, RATIOS + declared("size", ratio, 'side = "<=", value = 45')))
        assert verdict(assess(none, YEAR, own), "size") == said


def test_what_a_ratio_takes_off_is_taken_off_at_both_ends(tmp_path):
    """Of 100 pupils 90 live in the zone; where the second school does not say, 0 to 60 do not."""
    ratio = f'add = ["pupils"]\nsubtract = ["in_zone_pupils"]\ndivide = ["pupils"]\nper = 100\n{OF}'
    near = {"known": [36.0, 54], "open": [40.0, np.nan]}
    for known, limit, wanted in (
        ("known", 10, "pass"),
        ("known", 9, "fail"),
        ("open", 60, "pass"),
        ("open", 59, "no data"),
    ):
        data = Dataset.of(
            schools=schools("A", "B"),
            sections=of_year("AB", "primary", pupils=[40.0, 60], in_zone_pupils=near[known]),
        )
        own = load(file(tmp_path, RATIOS + declared("far", ratio, f'side = "<=", value = {limit}')))
        assert verdict(assess(data, YEAR, own), "far") == wanted


def test_a_ratio_by_stage_has_a_limit_for_each(tmp_path):
    """A nine-year school: 300 / 20 = 15 in the primary stage (at most 14), 100 / 10 in junior (12)."""
    ratio = f'level = "schools"\nadd = ["pupils"]\ndivide = ["full_time_teachers"]\nif_zero = "fail"\n{OF}'
    limits = ('stage = "primary", side = "<=", value = 14', 'stage = "junior", side = "<=", value = 12')
    own = load(file(tmp_path, RATIOS + declared("load", ratio, *limits)))
    sections = [
        of_year("A", stage, pupils=[p], full_time_teachers=[t])
        for stage, p, t in (("primary", 300.0, 20.0), ("junior", 100.0, 10.0))
    ]
    data = Dataset.of(schools=schools("A", kind="nine_year"), sections=pd.concat(sections))
    found = assess(data, YEAR, own).findings.set_index("stage")
    assert found["value"].to_dict() == {"primary": 15, "junior": 10}
    assert found["verdict"].astype(str).to_dict() == {"primary": "fail", "junior": "pass"}
    assert faults_of(file(tmp_path, RATIOS + declared("load", ratio, limits[0]), "half.toml"), YEAR) == [
        "load：缺少初中的限值"
    ]


# Points


def test_the_score_of_the_governments_work_adds_up_what_is_met():
    """Each of 17 counts 100 / 17: 14 are 82.35 points, 15 are 88.24. One without evidence leaves either."""
    for met, unknown, wanted in ((14, 0, "fail"), (15, 0, "pass"), (14, 1, "no data"), (15, 1, "pass")):
        items = [f"G{n}.1" for n in range(1, 18) if n != 3]
        status = ["met"] * (met - 1) + [None] * unknown + ["unmet"] * (17 - met - unknown)
        data = two_schools("primary", [0.1] * 8).replace(
            evidence=pd.DataFrame({"year": YEAR, "district": "甲区", "item": items, "status": status}),
            district=pd.DataFrame(
                {
                    "year": YEAR,
                    "district": "甲区",
                    "item": ["disabled_of_age", "disabled_enrolled"],
                    "value": [10.0, 8.0],  # 80 %, as G3 asks
                }
            ),
        )
        assessment = assess(data, YEAR, "basic-2012")
        assert (verdict(assessment, "G3"), verdict(assessment, "G0")) == ("pass", wanted), (met, unknown)
        assert area(assessment, "government") == wanted == assessment.districts["verdict"].iloc[0]
        score = assessment.indicators.set_index("code").loc["G0", "value"]
        assert np.isnan(score) if unknown else score == pytest.approx(100 * met / 17)


# The plan where the mean decides

LEFT_OUT = [*(f"J{n}" for n in (1, 2, 3, 6, 7, 8)), *(f"G{n}" for n in range(18))]
TWO = f"""
extends = "basic-2012"
name = "two"
without = {LEFT_OUT}
[rules.coefficient]
primary = {{limit}}
""".replace("'", '"')


def books_and_computers():
    return Dataset.of(
        schools=schools("A", "B"),
        sections=of_year("AB", "primary", pupils=[100.0, 100.0]),
        facilities=of_year("AB", "primary", books=[100.0, 300.0], computers=[10.0, 30.0]),
    )


def costs(**prices):
    from qb.planning.costs import Cost, Costs

    words = {"zh": "甲", "en": "a"}
    return Costs(
        name="own",
        title=words,
        hired="J5",
        costs=[
            Cost(code=c, yuan=float(y), low=float(y), high=float(y), unit=words, what=words, source="甲")
            for c, y in prices.items()
        ],
    )


@pytest.mark.parametrize(
    ("limit", "prices", "bought", "cost"),
    [
        # Both coefficients are 0.5. b books more: (200 − b) / (400 + b) ≤ 0.4 from b = 28.57 on.
        # (Each of them at most 0.45 would take 14 books and 2 computers.)
        (0.45, {"J4": 1000, "J5": 10}, {"J5": 29}, 290),
        # n computers more: (20 − n) / (40 + n) ≤ 0.4 from 2.86 on; a book costs as much as a computer.
        (0.45, {"J4": 10, "J5": 10}, {"J4": 3}, 30),
        # One computer makes 19 / 41 = 0.4634, enough for 0.98 in all, at 50 yuan; six books, the least with
        # which theirs is 0.48, cost 60.
        (0.49, {"J4": 50, "J5": 10}, {"J4": 1}, 50),
        (0.5, {"J4": 10, "J5": 10}, {}, 0),
    ],
)
def test_the_cheapest_plan_for_a_mean_is_proven(tmp_path, limit, prices, bought, cost):
    from qb.planning.plan.cheapest import PlanStatus, cheapest_plan

    own = load(file(tmp_path, TWO.format(limit=limit)))
    plan = cheapest_plan(books_and_computers(), YEAR, costs(**prices), standard=own)
    assert dict(zip(plan.purchases["code"], plan.purchases["amount"], strict=True)) == bought
    assert (plan.cost, plan.status) == (cost, PlanStatus.OPTIMAL)
    assert plan.bound == pytest.approx(cost, rel=1e-6, abs=1e-6)
    assert coefficient(plan.assessment, "composite")["verdict"] == "pass"


def test_a_plan_of_declared_columns_is_a_scenario_that_gives_the_same(tmp_path):
    """29 books more at A: (300 − 129) / (300 + 129) = 0.3986 in what-if as in the plan."""
    from qb.planning.plan.cheapest import cheapest_plan, scenario
    from qb.planning.scenario import whatif

    own, data, prices = (
        load(file(tmp_path, TWO.format(limit=0.45))),
        books_and_computers(),
        costs(J4=1000, J5=10),
    )
    made = scenario(cheapest_plan(data, YEAR, prices, standard=own), data, "方案")
    outcome = whatif(data, [made], YEAR, own, costs=prices).outcomes[0]
    assert coefficient(outcome.assessments[YEAR], "J5")["coefficient"] == pytest.approx(171 / 429)
    assert outcome.costs["cost_yuan"].sum() == 290
    with pytest.raises(qb.planning.scenario.ScenarioError, match="没有可以增加的列 bookz"):
        whatif(
            data,
            [
                made.model_copy(
                    update={"actions": (made.actions[0].model_copy(update={"columns": {"bookz": 1.0}}),)}
                )
            ],
            YEAR,
            own,
        )


def test_a_plan_over_years_keeps_the_mean_by_the_target_year(tmp_path):
    """The same 29 books (as above, pupils as they are) at once, in either of two years: 290 yuan, no less."""
    from qb.planning.plan.cheapest import PlanStatus
    from qb.planning.plan.plan_summary import means_met, years_summary
    from qb.planning.plan.years_plan import plan_over_years

    own, prices = load(file(tmp_path, TWO.format(limit=0.45))), costs(J4=1000, J5=10)
    plan = plan_over_years(books_and_computers(), None, YEAR + 2, YEAR, prices, own)
    assert (plan.status, plan.cost, plan.bound) == (PlanStatus.OPTIMAL, 290, pytest.approx(290, rel=1e-6))
    assert plan.purchases.groupby("code")["amount"].sum().to_dict() == {"J5": 29}
    assert coefficient(plan.assessments[YEAR + 2], "composite")["verdict"] == "pass"
    assert means_met(plan.assessments[YEAR + 2], ["甲区"]) == (1, 1)
    said = str(years_summary(plan, prices))
    assert f"至 {YEAR + 2} 学年差异系数平均值达标" in said and "1 个差异系数平均值中 1 个在限值以内" in said


def test_stages_that_share_facilities_are_bounded_together(tmp_path):
    """A nine-year school's books serve both stages; no plan costs less than their bound, and it is near."""
    from qb.planning.plan.cheapest import cheapest_plan

    own = load(file(tmp_path, TWO.format(limit=0.45) + "junior = 0.45\n"))
    sections = [
        of_year("AN", "primary", pupils=[100.0, 100.0]),
        of_year("BN", "junior", pupils=[100.0, 100.0]),
    ]
    data = Dataset.of(
        schools=pd.concat([schools("A"), schools("B", kind="junior"), schools("N", kind="nine_year")]),
        sections=pd.concat(sections),
        facilities=pd.concat(
            [
                of_year("A", "primary", books=[400.0], computers=[30.0]),
                of_year("B", "junior", books=[400.0], computers=[30.0]),
                of_year("N", "whole", books=[100.0], computers=[21.0]),
            ]
        ),
    )
    plan = cheapest_plan(data, YEAR, costs(J4=1000, J5=10), standard=own)
    assert set(plan.assessment.balance.query("code == 'composite'")["verdict"]) == {"pass"}
    assert 0.5 * plan.cost < plan.bound <= plan.cost


def test_what_a_mean_does_not_allow_is_said(tmp_path):
    from qb.errors import QbError
    from qb.planning.plan.budget_and_transfers import best_use
    from qb.planning.plan.cheapest import PlanStatus, cheapest_plan

    own = load(file(tmp_path, TWO.format(limit=0.45)))
    dear = costs(J4=1000, J5=10)
    poor = cheapest_plan(books_and_computers(), YEAR, dear, budget=200, standard=own)
    assert poor.cost is None and "预算 200 元不足" in poor.clashes[0]
    # 290 yuan is the least (see above), to the yuan.
    just, short = (cheapest_plan(books_and_computers(), YEAR, dear, n, own) for n in (290, 289))
    assert (just.cost, just.status, just.problem.budget) == (290, PlanStatus.OPTIMAL, 290)
    assert (short.cost, short.status, len(short.purchases)) == (None, PlanStatus.INFEASIBLE, 0)
    with pytest.raises(QbError, match="平均值判定，不支持预算的最佳用法"):
        best_use(books_and_computers(), 200, YEAR, dear, own)


# Taiwan's primary schools: a standard of three indicators

ROOT = Path(__file__).parents[1]
TAIWAN = ROOT / "data" / "standards" / "taiwan-primary.toml"
LOOK_ALIKE = ROOT / "tests" / "data" / "tw_look_alike.csv"
TABLE = next(
    p
    for p in (
        ROOT.parent / "shared" / "data" / "tw_primary_schools_113.csv",  # not committed
        LOOK_ALIKE,
    )
    if p.is_file()
)


def counted_by_hand(table=TABLE):
    """Return by county: schools, teachers lacking for 14 pupils each, largest class, schools under 50."""
    found = {}
    with table.open(encoding="utf-8-sig") as lines:
        for row in csv.DictReader(lines):
            pupils = sum(int(row[f"{n}年級{s}學生數"]) for n in range(1, 7) for s in "男女")
            classes = sum(int(row[f"{n}年級班級數"]) for n in range(1, 7))
            teachers = int(row["男專任教師"]) + int(row["女專任教師"])
            if pupils:
                county = found.setdefault(row["縣市名稱"], [0, 0, 0.0, 0])
                county[0] += 1
                county[1] += max(ceil(pupils / 14) - teachers, 0)
                county[2] = max(county[2], pupils / classes if classes else np.inf)
                county[3] += pupils < 50
    return found


@pytest.fixture(scope="module")
def taiwan():
    own = load(TAIWAN)
    recipe = load_recipe(ROOT / "data" / "recipes" / "tw_primary_schools.toml", own)
    return own, convert(TABLE, recipe, own)


def test_taiwans_list_is_judged_from_its_file_alone(taiwan):
    own, data = taiwan
    assessment = assess(data, standard=own)
    found = assessment.indicators.set_index(["district", "code"])
    for county, (count, lacking, largest, small) in counted_by_hand().items():
        assert (assessment.rows["district"] == county).sum() == count
        share = 100 * small / count
        assert found.loc[(county, "T3"), "value"] == pytest.approx(share)
        assert found.loc[(county, "T3"), "verdict"] == ("pass" if share <= 25 else "fail")
        assert found.loc[(county, "T1"), "verdict"] == ("fail" if lacking else "pass")
        if np.isfinite(largest):
            assert found.loc[(county, "T2"), "value"] == pytest.approx(largest)
            assert found.loc[(county, "T2"), "verdict"] == ("pass" if largest <= 29 else "fail")


def test_taiwans_plan_says_how_many_teachers_and_where(taiwan):
    from qb.planning.plan.cheapest import cheapest_plan

    own, data = taiwan
    plan = cheapest_plan(data, costs=TAIWAN.with_name("taiwan-costs.toml"), standard=own)
    wanted = {county: lacking for county, (_, lacking, _, _) in counted_by_hand().items() if lacking}
    bought = plan.purchases.groupby("district")["amount"].sum().to_dict()
    assert bought == wanted and plan.cost == plan.bound == 900_000 * sum(wanted.values())
    assert set(plan.assessment.rows["verdict"]) == {"pass"}
    staff = [d["sections"]["full_time_teachers"].sum() for d in (data, plan.data)]
    assert staff[1] - staff[0] == sum(wanted.values())  # each teacher is counted once


# All faults at once

FAULTY = RATIOS + "".join(
    [
        declared("a", f'add = ["no_such"]\ndivide = ["pupils"]\n{OF}', 'side = ">=", value = 1'),
        declared("b", f'add = ["pupils"]\ndivide = ["classes"]\n{OF}', 'side = ">=", value = 1'),
        declared("c", 'add = ["pupils"]', 'stage = "junior", side = ">=", value = 1'),
        declared("d", 'add = ["pupils"]', 'side = ">=", value = 1', area="nowhere"),
    ]
)


def test_every_fault_of_a_declared_ratio_is_told_at_once(tmp_path):
    assert sorted(faults_of(file(tmp_path, FAULTY), YEAR)) == [
        "a 的 ratio：没有学校的列或县区数据项 no_such",
        "b ratio：除数 classes 可能为 0，须用 if_zero 写明此时的结论（fail、no data 或 not applicable）",
        "c：缺少小学的限值",
        "d：没有登记方面 nowhere",
    ]
    twice = RATIOS + declared("a", 'add = ["pupils"]') * 2
    assert faults_of(file(tmp_path, twice), YEAR) == ["a：重复登记"]
    file(tmp_path, 'extends = "two.toml"\nname = "one"\n', "one.toml")
    assert "成环" in faults_of(file(tmp_path, 'extends = "one.toml"\nname = "two"\n', "two.toml"), YEAR)[0]


# Every command with every standard

STANDARDS = ("national-2017", "gulou-2023", "city-variant", "basic-2012", str(TAIWAN))
# What no page may say of a standard without limits for schools, vetoes and departments.
UNTRUE = re.compile(
    r"优质均衡|够标准|各校都判为达标|全部达标|每个差异系数|每项指标都不能|一票否决|无法计算|\bNone\b"
    r"|are enough|every school passes|every coefficient|veto|占标准的百分比|of the standard"
)
FIXED = re.compile(r"七项|\bseven\b|C1[—–-]C7|C8[—–-]C31|31 ?项指标|31 indicators", re.IGNORECASE)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory, small):
    """Return the sample with what the standard of 2012 declares, and Taiwan's list."""
    from qb.data.reading import read, write

    folder = tmp_path_factory.mktemp("standards")
    sample = read(ROOT / "data" / "sample")
    facilities, sections = sample["facilities"], sample["sections"]
    write(
        sample.replace(
            facilities=facilities.assign(
                computers=(facilities["equipment_yuan"] / 20000).round(),
                books=(5 * facilities["teaching_area_m2"]).round(),
            ),
            sections=sections.assign(senior_title_teachers=(0.45 * sections["full_time_teachers"]).round()),
        ),
        folder / "basic",
    )
    return {"basic-2012": str(folder / "basic"), str(TAIWAN): str(small[str(TAIWAN)])}


def short_of_rooms():
    """小一 (200 pupils) has 3 rooms, 小二 33 certificates of 32 teachers; 7,500 yuan of special needs."""
    town = Town().set("facilities", {"school_id": "小一"}, multimedia_rooms=3)
    town.set("sections", {"school_id": "小二"}, certified_teachers=33)
    return town.item(special_allocation_yuan=75000)


def nothing_at_one():
    """小一 (200 pupils) holds nothing, the others alike for each pupil; of seventeen items one is unmet."""
    town = Town()
    for school, part in (("小一", 0), ("小二", 1), ("初一", 1)):
        (section,), (held,) = (town.rows(table, school_id=school) for table in ("sections", "facilities"))
        pupils = section["pupils"]
        for row, own in (
            (section, {"senior_title_teachers": pupils // 25}),
            (held, {"computers": pupils // 10, "books": 30 * pupils}),
        ):
            kept = ("year", "school_id", "stage", "pupils", "classes", "in_zone_pupils")
            row.update({name: part * value for name, value in (row | own).items() if name not in kept})
    town.set("sections", {"school_id": "小二"}, senior_title_teachers=33)  # of 32 teachers
    town["evidence"] = [
        {"year": 2024, "district": "甲区", "item": f"G{k}.1", "status": "unmet" if k == 5 else "met"}
        for k in range(1, 18)
        if k != 3  # disabled children: a ratio, 20 of 20 here
    ]
    return town


@pytest.fixture(scope="module")
def small(tmp_path_factory, taiwan):
    """Return a small dataset for each standard."""
    from qb.data.reading import write

    folder = tmp_path_factory.mktemp("small")
    write(short_of_rooms().data(), folder / "rooms")
    write(nothing_at_one().data(), folder / "nothing")
    own, _ = taiwan
    recipe = load_recipe(ROOT / "data" / "recipes" / "tw_primary_schools.toml", own)
    write(convert(ROOT / "tests" / "data" / "tw_look_alike.csv", recipe, own), folder / "taiwan")
    rooms = dict.fromkeys(STANDARDS[:3], folder / "rooms")
    return rooms | {"basic-2012": folder / "nothing", str(TAIWAN): folder / "taiwan"}


# Rules of the check and how often. The national file has 14 items, the town evidence of 48:
# 34 too many. That of 2012 has no monitoring (6 subjects) and no vetoes (6). Of the look-alike one school
# has no pupils, and one has pupils without a class.
FOUND = {
    "national-2017": {"S03": 1, "T07": 34},
    "gulou-2023": {"S03": 1},
    "city-variant": {"S03": 1, "T07": 34},
    "basic-2012": {"S03": 1, "S06": 1, "S08": 1, "T07": 12},
    str(TAIWAN): {"S08": 1, "T14": 1},
}
# C7 of 小一: 3 / 200 · 100 = 1.5 of 2.3; 85 % of it are 1.955 · 2 = 3.91 rooms, so that one more, the 4th,
# lets the other six carry it: 40,000 yuan. To the standard, 4.6 rooms, it lacks 2. The city asks 8,000 of
# special needs where there are 7,500, and base amounts of 1,150 and 1,350 where there are 720 and 940.
# 2012: what one of two schools (1/3 and 2/3 of the pupils) does not hold has a coefficient of
# √(1/3 · 2/3) · c / (2/3 · c) = 0.707, and so has the mean of eight: 0.057 too much. With t of the other's
# level it is 1.41421 (1 − t) / (t + 2). Seven of 0.70711 leave 5.2 − 4.94975 = 0.25025: t ≥ 0.549. That is 11
# computers at 4,000 (10 per 100 pupils would be 20). 10 and books for the rest: 40,000 + 4,660.
COST = {"national-2017": 40_000, "gulou-2023": 40_000, "city-variant": 40_000, "basic-2012": 44_000}
BOUGHT = {name: [("小一", "C7", 1)] for name in STANDARDS[:3]} | {"basic-2012": [("小一", "J4", 11)]}
LEDGER = {  # code, actual, limit, gap
    "national-2017": [("C7", 1.5, 2.3, 2)],
    "gulou-2023": [("C7", 1.5, 2.3, 2)],
    "city-variant": [
        ("C7", 1.5, 2.3, 2),
        ("C9", 720, 1150, 430),
        ("C9", 940, 1350, 410),
        ("C14", 7500, 8000, 500),
    ],
    "basic-2012": [("G5", "未达标", None, None), ("平均", 0.707, 0.65, 0.057)],
}
AFTER = {"national-2017": "pass", "gulou-2023": "pass", "city-variant": "fail", "basic-2012": "pass"}


@pytest.mark.parametrize("standard", STANDARDS)
def test_check_template_plan_forms_and_whatif_give_the_figures_of_the_file_alone(
    small, standard, tmp_path, capsys
):
    from openpyxl import load_workbook

    data, one, taiwan = str(small[standard]), ["--standard", standard], standard == str(TAIWAN)
    prices = ["--costs", str(TAIWAN.with_name("taiwan-costs.toml"))] if taiwan else []
    district = ["--district", "模拟甲縣"] if taiwan else []

    def run(*command: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main([*command, *one])
        said = capsys.readouterr()
        assert not ended.value.code, (command, said.err)
        if standard in STANDARDS[3:]:
            assert not FIXED.search(said.out), (command, FIXED.search(said.out))
        return said.out

    run("assess", data)
    found = json.loads(run("check", data, "--json"))
    assert dict(Counter(fault["rule"] for fault in found)) == FOUND[standard]

    run("template", str(tmp_path / "next.xlsx"), "--from", data, "--year", "2025")
    with closing(load_workbook(tmp_path / "next.xlsx", read_only=True)) as book:
        every = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    heads = [str(cell) for row in every for cell in row if cell]
    declared = {column.label.zh for column in load(standard).columns}
    assert declared == {label for label in declared if any(head.startswith(label) for head in heads)}

    file = tmp_path / "plan.toml"
    plan = json.loads(run("plan", data, "--scenario", str(file), "--json", *prices))
    bought = [(row["school_id"], row["code"], row["amount"]) for row in plan["purchases"]]
    whatif = json.loads(run("whatif", data, str(file), "--json", *prices))
    after = {d["district"]: d["verdict"] for d in whatif["scenarios"][0]["assessment"]["districts"]}
    run("forms", data, str(tmp_path / "forms"), *district)
    with closing(load_workbook(tmp_path / "forms" / "问题台账.xlsx", read_only=True)) as ledger:
        rows = [row for row in ledger.worksheets[0].iter_rows(values_only=True) if str(row[0]).isdigit()]
    if taiwan:  # in 模拟甲縣 5 schools lack teachers, 6 have more than 29 in a class
        lacking = {county: n for county, (_, n, _, _) in counted_by_hand(LOOK_ALIKE).items()}
        assert plan["cost_yuan"] == 900_000 * sum(lacking.values()) == 900_000 * 64
        assert [row[1] for row in rows] == ["T1"] * 5 + ["T2"] * 6
        assert set(after.values()) == {"fail"}  # no teacher makes a class smaller
        return
    assert (plan["cost_yuan"], bought) == (COST[standard], BOUGHT[standard])
    assert after == {"甲区": AFTER[standard]}
    held = sorted((row[1], *row[6:9]) for row in rows)
    assert held == sorted(LEDGER[standard])


def test_pages_of_a_district_above_the_limit_of_the_mean_name_it(small):
    """The mean is 0.707 of 0.65; 11 computers at 4,000 yuan bring it back (see above)."""
    from qb.report.brief_report import BriefReport
    from qb.report.context import open_context
    from qb.report.district_report import DistrictReport

    context = open_context(str(small["basic-2012"]), YEAR, "basic-2012")
    ledger = DistrictReport(context, "甲区").gaps.ledger()._repr_html_()
    assert "各项平均：差异系数" in ledger and "0.707 / 0.650" in ledger and "超出 0.057" in ledger
    first = BriefReport(context, "甲区").first()._repr_html_()
    assert "4.4 万元" in first and "平均值回到限值以内" in first


@pytest.mark.usefixtures("one_worker")
@pytest.mark.parametrize("standard", ["basic-2012", str(TAIWAN)])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_whole_site_counts_from_the_standard_at_hand(datasets, standard, lang, tmp_path):
    from qb.publish.api import publish

    costs = TAIWAN.with_name("taiwan-costs.toml") if standard == str(TAIWAN) else None
    site = publish(
        Path(datasets[standard]),
        standard=standard,
        out=tmp_path / "site",
        lang=lang,
        costs=costs,
        jobs=2,
        only=("data", "district", "annual", "research", "plan"),
    )
    assert site.exit_code == 0, site.summary
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert pages
    for page in pages:
        text = re.sub(
            r"<script.*?</script>|<style.*?</style>|<[^>]*>", " ", page.read_text("utf-8"), flags=re.S
        )
        about = standard == "basic-2012" and page.stem in ("index", "district", "annual", "plan")
        found = FIXED.search(text) or (UNTRUE.search(text) if about else None)
        assert not found, (page.name, text[found.start() - 60 : found.end() + 60])


def test_the_commands_of_the_tutorial_run_as_written(tmp_path, monkeypatch, capsys):
    pages = [ROOT / "qb" / "docs" / f"another-standard{lang}.md" for lang in ("", ".zh-CN")]
    lines, same = (re.findall(r"^qb .*$", page.read_text("utf-8"), flags=re.MULTILINE) for page in pages)
    assert lines == same
    assert {line.split()[1] for line in lines} == {
        "standard",
        "convert",
        "check",
        "assess",
        "plan",
        "publish",
    }
    shutil.copytree(ROOT / "data" / "standards", tmp_path / "data" / "standards")
    shutil.copytree(ROOT / "data" / "recipes", tmp_path / "data" / "recipes")
    shutil.copy(ROOT / "tests" / "data" / "tw_look_alike.csv", tmp_path / "tw_primary_schools_113.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("qb.publish.page_processes.Worker", Worker)  # one that begins in this folder
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            main(line.split()[1:])
        assert not ended.value.code, (line, capsys.readouterr().err)
    assert len(list((tmp_path / "pages").rglob("plan.html"))) == 2  # a county each
