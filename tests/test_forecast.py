"""Pupils in the years to come: by hand, against published figures, real tables, and past years held back."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from messages import arguments_of

from qb.charts import Caption, outlook
from qb.charts.marks import Polygon
from qb.data.checks import check
from qb.data.dataset import Dataset
from qb.data.sample import make
from qb.errors import DataError, QbError
from qb.indicators.assessment import assess
from qb.planning.forecast.backtest import Leavers, predict, two_parts
from qb.planning.forecast.grades import past
from qb.planning.forecast.places_left import places
from qb.planning.forecast.places_left import summary as places_summary
from qb.planning.forecast.progression_ratios import (
    Basis,
    Total,
    pooled_ratio,
    progression_ratio,
    progressions,
    project,
)
from qb.planning.forecast.projection import forecast, forecast_dataset, summary
from qb.rounding import round_half_up
from qb.standard import load
from qb.terms import GRADES_OF_STAGE, Severity, Stage

REAL = Path(__file__).parents[2] / "shared" / "data" / "tw_primary_schools_113.csv"  # not committed


KIND_OF = {
    ("primary",): "primary",
    ("junior",): "junior",
    ("senior",): "complete_secondary",
    ("junior", "primary"): "nine_year",
    ("junior", "senior"): "complete_secondary",
}


def dataset(pupils, district="甲区", first=2020, **schools):
    """Return a dataset of `pupils`: (school, stage) -> one row of grades a year, None where not reported.

    One class a grade. A school is of the kind that has its stages. `schools` are more columns of the table,
    by school.
    """
    sections, classes = [], []
    for (school, stage), years in pupils.items():
        for year, grades in enumerate(years, first):
            if grades is None:
                continue
            key = {"year": year, "school_id": school, "stage": stage}
            sections.append({**key, "pupils": float(sum(grades)), "classes": float(len(grades))})
            classes += [
                {**key, "grade": float(grade), "class_no": 1.0, "pupils": float(number)}
                for grade, number in zip(GRADES_OF_STAGE[Stage(stage)], grades, strict=True)
                if number
            ]
    ids = list(dict.fromkeys(school for school, _ in pupils))
    stages = [tuple(sorted({stage for own, stage in pupils if own == school})) for school in ids]
    kinds = [KIND_OF.get(own, "twelve_year") for own in stages]
    table = pd.DataFrame({"school_id": ids, "district": district, "kind": kinds})
    for name, values in schools.items():
        table[name] = [values.get(school) for school in ids]
    return Dataset.of(schools=table, sections=pd.DataFrame(sections), classes=pd.DataFrame(classes))


def pupils_of(made, **where):
    """Return the pupils of a forecast by year and grade."""
    rows = made.rows
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return {(row.year, row.grade): row.pupils for row in rows.itertuples()}


def steady(years, cohorts, ratio, grades=6):
    """Return rows of a school whose cohorts (one a year, the oldest first) shrink by a ratio each year."""
    return [[cohorts[year + grades - 1 - g] * ratio**g for g in range(grades)] for year in range(years)]


# Ratios: published figures


def test_the_progression_ratio_is_that_of_enrollcast():
    # enrollcast's README: K 100, 110, 120; grade 1 90, 95, 99; grade 2 80, 88, 91 give .925 and .9678363
    found = progression_ratio([[100, 110, 120], [90, 95, 99]], [[90, 95, 99], [80, 88, 91]])
    assert found[0] == pytest.approx(0.925, abs=1e-12)
    assert found[1] == pytest.approx(0.9678363, abs=5e-8)


def test_a_small_school_is_pulled_toward_the_district_more_than_a_large_one():
    lower = np.array([[1000.0], [50.0], [950.0]])
    found = pooled_ratio(lower, lower * [[0.8], [0.8], [1.0]], np.zeros(3, int), 1)
    # The district: (800 + 40 + 950) / 2000 = 0.895. Its schools do not agree: they are 95, 4.75 and 99.75
    # pupils off, so the squared error of the sum is 3/2 · 18,997.625; of 210 lost that makes t² 1.5476.
    whole = 1 - 0.105 * 210**2 / (210**2 + 6 * 1.5 * 18_997.625)
    assert found.district[0] == pytest.approx(whole) == pytest.approx(0.978471, abs=1e-6)
    # A school has its own pupils and 200 of the district's.
    assert found.school[:2] == pytest.approx([(800 + 200 * whole) / 1200, (40 + 200 * whole) / 250])


def test_a_year_counts_three_tenths_of_the_year_after_it():
    lower = np.array([[100.0, 100.0]])
    # (0.3 · 90 + 60) / 130 = 0.66923; all years alike would give 0.75. Each year is 90/13 pupils off, so of
    # the 43 lost the squared error is 2 · 2 · (90/13)².
    whole = 1 - 43 / 130 * 43**2 / (43**2 + 6 * 2 * 2 * (90 / 13) ** 2)
    assert pooled_ratio(lower, np.array([[90.0, 60.0]]), np.zeros(1, int), 1).district[0] == pytest.approx(
        whole
    )


def test_of_a_single_transition_it_is_not_known_whether_it_was_chance():
    lower = np.array([[100.0]])
    assert pooled_ratio(lower, 0.8 * lower, np.zeros(1, int), 1).district.tolist() == [1.0]


def test_a_district_without_any_transition_lets_everyone_move_up():
    nothing = np.full((1, 2), np.nan)
    assert pooled_ratio(nothing, nothing, np.zeros(1, int), 1).school.tolist() == [1.0]


# Which grades move


def test_a_teaching_point_that_ends_at_a_grade_does_not_grow_another():
    ends = [[10, 10, 10, 0, 0, 0]] * 3
    whole = [[50, 50, 50, 50, 50, 50]] * 3
    made = forecast(dataset({("点", "primary"): ends, ("校", "primary"): whole}), 2026)
    last = pupils_of(made, school_id="点")
    assert {grade for _, grade in last} == {1, 2, 3}
    assert last[2026, 3] == 10


def test_a_teaching_point_ends_where_it_ended_by_the_ratios_too():
    pupils = np.array([[[20, 18, 0]] * 3, [[100, 90, 81]] * 3], float)
    found = progressions(pupils, np.ones((2, 3), bool), np.zeros(2, int), 1)
    assert found.model[0].tolist() == [pytest.approx(0.9), 0.0]
    assert found.naive[0].tolist() == [1.0, 0.0]
    # Those who leave it are no loss of the district's: the ratio is that of the schools that go on.
    assert found.district[0].tolist() == pytest.approx([0.9, 0.9])


def test_a_new_school_grows_upward_by_the_ratio_of_the_district():
    # The old school keeps nine in ten from each grade to the next; the new one opened in 2023 with grade 1.
    years = 6
    old = steady(years, [1000] * 11, 0.9)
    new = [None] * 4 + [[100, 0, 0, 0, 0, 0], [100, 90, 0, 0, 0, 0]]
    data = dataset({("老", "primary"): old, ("新", "primary"): new}, opened_year={"老": 1950, "新": 2024})
    found = pupils_of(forecast(data, 2029), school_id="新")
    assert found[2026, 3] == pytest.approx(81)
    assert found[2029, 6] == round(100 * 0.9**5)
    assert found[2026, 6] == 0


def test_a_merger_is_not_taken_for_a_habit():
    # In 2023 the second school's pupils come to the first; afterwards everyone moves up as before.
    one = [[100] * 6, [100] * 6, [100] * 6, [200] * 6, [200] * 6]
    two = [[100] * 6, [100] * 6, [100] * 6, None, None]
    data = dataset({("一", "primary"): one, ("二", "primary"): two})
    found = progressions(np.array([one], float), np.ones((1, 5), bool), np.zeros(1, int), 1)
    assert found.model[0].tolist() == [1.0] * 5
    made = forecast(data, 2026)
    assert set(made.rows["school_id"]) == {"一"}
    assert made.total()["pupils"].tolist() == [1200, 1200]


# Against plain loops


def looped(start, entry, ratios, years):
    """Move one school's grades up, year by year, in plain Python."""
    found, now = [], list(start)
    for year in range(years):
        now = [entry[year]] + [now[g] * ratios[g] for g in range(len(now) - 1)]
        found.append(list(now))
    return found


def test_projecting_is_the_same_as_plain_loops():
    rng = np.random.default_rng(1)
    start, ratio, entry = rng.random((5, 6)), rng.random((5, 5)), rng.random((5, 7))
    found = project(start, ratio, entry)
    for s in range(5):
        assert found[s] == pytest.approx(np.array(looped(start[s], entry[s], ratio[s], 7)))


def test_with_two_years_the_forecast_is_the_naive_one_and_says_so():
    years = [[60, 58, 61, 55, 57, 59], [64, 50, 58, 60, 54, 56]]
    made = forecast(dataset({("甲", "primary"): years}), 2024)
    found = pupils_of(made)
    for year, grades in enumerate(looped(years[-1], [64] * 3, [1] * 5, 3), 2022):
        assert [found[year, g] for g in range(1, 7)] == grades
    assert made.rows[["low", "high"]].isna().all(axis=None)
    assert set(made.methods["method"]) == {"naive"}
    assert not len(made.backtest)
    assert made.notes == (
        "甲区小学：学年太少，不能用往年检验，一律按“全部升级，入学人数同上年”推算，不给高低区间",
    )
    assert {record["low"] for record in made.to_records()} == {None}


def ratios_by_loops(pairs):
    """Return the schools' ratios at one transition in plain Python; `pairs`: (before, after), one a year."""
    weighed = {}
    for school, years in pairs.items():
        before = after = 0.0
        for b, a in years:
            before, after = 0.3 * before + b, 0.3 * after + a
        weighed[school] = before, after
    base = sum(b for b, _ in weighed.values())
    whole = sum(a for _, a in weighed.values()) / base
    off = count = 0
    for years in pairs.values():
        for ago, (b, a) in enumerate(reversed(years)):
            off, count = off + (0.3**ago * (a - whole * b)) ** 2, count + 1
    squared = (whole - 1) ** 2 / (off * count / (count - 1) / base**2)
    whole = 1 + (whole - 1) * squared / (squared + 6)
    return {school: (a + 200 * whole) / (b + 200) for school, (b, a) in weighed.items()}


def in_whole(numbers):
    """Return numbers in whole ones that add up to their sum, half up: the largest remainders go up."""
    down = [int(number) for number in numbers]
    up = sorted(range(len(down)), key=lambda i: down[i] - numbers[i])[: int(sum(numbers) + 0.5) - sum(down)]
    return [number + (i in up) for i, number in enumerate(down)]


def test_the_model_is_the_same_as_plain_loops_where_it_is_chosen():
    # Two schools lose pupils from each grade to the next, one a tenth, one a fifth, with a little noise.
    rng = np.random.default_rng(7)
    years = 6
    school = {"甲": (0.9, 400), "乙": (0.8, 150)}
    pupils = {}
    for name, (ratio, size) in school.items():
        rows = [[float(round(size * ratio**g)) for g in range(6)]]
        for _ in range(years - 1):
            noise = rng.normal(1, 0.01, 5)
            rows.append([float(size)] + [float(round(rows[-1][g] * ratio * noise[g])) for g in range(5)])
        pupils[name, "primary"] = rows
    made = forecast(dataset(pupils), 2027)
    assert set(made.methods.loc[made.methods["part"] != "entry", "method"]) == {"model"}
    ratios = {name: [] for name in school}
    for g in range(5):
        pairs = {n: [(pupils[n, "primary"][t][g], pupils[n, "primary"][t + 1][g + 1]) for t in range(5)]
                 for n in school}  # fmt: skip
        found = ratios_by_loops(pairs)
        for name in school:
            ratios[name].append(found[name])
    expected = {
        n: looped(pupils[n, "primary"][-1], [size] * 2, ratios[n], 2) for n, (_, size) in school.items()
    }
    found = {name: pupils_of(made, school_id=name) for name in school}
    for year, grades in enumerate(zip(*expected.values(), strict=True), 2026):
        for g, numbers in enumerate(zip(*grades, strict=True), 1):
            assert [found[name][year, g] for name in school] == in_whole(numbers)


# Laws


def test_a_stationary_district_stays_as_it_is_without_any_band():
    grades = {("甲", "primary"): [[50, 50, 50, 50, 50, 50]] * 5, ("甲", "junior"): [[50, 50, 50]] * 5}
    made = forecast(dataset(grades), 2034)
    assert made.rows["pupils"].tolist() == [50.0] * len(made.rows)
    assert (made.rows["low"] == 50).all() and (made.rows["high"] == 50).all()


def test_pupils_neither_appear_nor_vanish_where_everyone_moves_up():
    made = forecast(make(schools=8, years=[2024, 2025]), 2026)  # two years: naive
    before = made.years[made.years["year"] == 2025].groupby(["stage", "grade"])["pupils"].sum()
    after = made.rows.groupby(["stage", "grade"])["pupils"].sum()
    for stage, grades in GRADES_OF_STAGE.items():
        for grade in list(grades)[1:]:
            if (str(stage), grade) in after.index:
                assert after[stage, grade] == pytest.approx(before[stage, grade - 1])
        if (str(stage), grades.start) in after.index:
            assert after[stage, grades.start] == pytest.approx(before[stage, grades.start])


def test_the_schools_of_a_district_share_its_entrants_and_no_more():
    data = make(schools=12)
    for given in (data, data.replace(zones=data["zones"].iloc[:0])):
        made = forecast(given, 2035)
        method = made.methods.query("stage == 'primary' and part == 'entry'")["method"].item()
        assert method in ("naive", "last+zones")  # both keep the number of last year
        entry = made.rows[made.rows["grade"] == 1].groupby("year")["pupils"].sum()
        history = made.years[made.years["grade"] == 1].groupby("year")["pupils"].sum()
        assert entry.tolist() == pytest.approx([history[2025]] * 10)


def test_a_district_is_forecast_alike_whatever_others_are_in_the_data():
    alone, both = forecast(make(schools=9, districts=1), 2028), forecast(make(schools=9, districts=2), 2028)
    same = both.rows[both.rows["district"] == alone.rows["district"][0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, alone.rows)


def test_nothing_that_came_later_is_used_when_the_past_is_forecast():
    # Of years 2021–2025, the error of the forecast made at the end of 2024 is that of forecasting 2025 from
    # the years to 2024, by the same method.
    data = make(schools=9)
    early = data.replace(**{n: data[n][data[n]["year"] < 2025] for n in ("sections", "classes", "zones")})
    shorter, whole = forecast(early), forecast(data)
    cut = whole.learned[Stage.PRIMARY].grades.pupils[:, :-1]
    assert np.array_equal(cut, shorter.learned[Stage.PRIMARY].grades.pupils)


# Never worse than the naive forecast


def never_worse(made):
    tests = made.backtest
    chosen = tests[tests["chosen"]]
    whole = tests[tests["part"] == "all"]
    moving = chosen[chosen["part"].str.contains("→")]
    entry = chosen[chosen["part"] == "entry"]
    sums = entry.assign(n=entry["naive"] * entry["pupils"], e=entry["error"] * entry["pupils"])
    sums = sums.groupby(["district", "stage"])[["n", "e"]].sum()
    return (
        (whole["error"] <= whole["naive"] + 1e-12).all()
        and (moving["error"] < moving["naive"]).all()
        and (sums["e"] < sums["n"]).all()
    )


def test_on_the_sample_the_chosen_forecast_was_never_worse_than_the_naive_one(committed):
    made = forecast(committed)
    assert never_worse(made)
    whole = made.backtest[made.backtest["part"] == "all"].set_index(["stage", "ahead"])
    ratio = (whole["error"] / whole["naive"]).unstack().round(2)
    # A trend foretold the primary stage better by 15 % and more: its entrants fall since 2023. It was given
    # up for the real schools, which smoothing foretold better; here smoothing erred more than the naive
    # forecast (by 1, 6 and 4 % of its error in the entrants), and children of the zones by 43, 32 and 0 %.
    assert ratio.loc["primary"].tolist() == [1.0, 1.0, 1.0]
    assert ratio.loc["junior"].tolist() == [0.94, 0.95, 0.83]


@pytest.mark.parametrize("seed", range(6))
def test_on_any_district_the_chosen_forecast_was_never_worse_than_the_naive_one(seed):
    assert never_worse(forecast(make(schools=10, districts=2, years=range(2019, 2026), seed=seed)))


def test_the_naive_error_of_the_back_test_is_that_of_plain_loops(committed):
    classes = committed["classes"]
    table = classes.groupby(["school_id", "stage", "year", "grade"])["pupils"].sum()
    off = came = 0.0
    for (school, stage, year, grade), number in table.items():
        # Forecasts are made at the end of 2022, 2023 and 2024: two years are needed to learn from.
        if stage == "primary" and grade == 3 and year in (2023, 2024, 2025):
            off += abs(table.get((school, stage, year - 1, 2), 0) - number)
            came += number
    row = forecast(committed).backtest.query("stage == 'primary' and part == '2→3'").iloc[0]
    assert row["pupils"] == came
    assert row["naive"] == pytest.approx(off / came)


# A real table of many years: United States, public schools, thousands of pupils in grades 1–12 in the fall
# of each year (NCES, Digest of Education Statistics 2013, table 203.10).
UNITED_STATES = """
1990 3499 3327 3297 3248 3197 3110 3067 2979 3169 2896 2612 2381
1991 3556 3360 3334 3315 3268 3239 3181 3020 3313 2915 2645 2392
1992 3542 3431 3361 3342 3325 3303 3299 3129 3352 3027 2656 2431
1993 3529 3429 3437 3361 3350 3356 3355 3249 3487 3050 2751 2424
1994 3593 3440 3439 3426 3372 3381 3404 3302 3604 3131 2748 2488
1995 3671 3507 3445 3431 3438 3395 3422 3356 3704 3237 2826 2487
1996 3770 3600 3524 3454 3453 3494 3464 3403 3801 3323 2930 2586
1997 3755 3689 3597 3507 3458 3492 3520 3415 3819 3376 2972 2673
1998 3727 3681 3696 3592 3520 3497 3530 3480 3856 3382 3021 2722
1999 3684 3656 3691 3686 3604 3564 3541 3497 3935 3415 3034 2782
"""


@pytest.fixture(scope="module")
def united_states():
    rows = [[int(cell) for cell in line.split()] for line in UNITED_STATES.strip().split("\n")]
    pupils = {
        ("us", str(stage)): [row[grades.start : grades.stop] for row in rows]
        for stage, grades in GRADES_OF_STAGE.items()
    }
    return dataset(pupils, district="US", first=1990)


def test_twice_the_pupils_give_twice_the_forecast_where_the_schools_of_a_district_agree():
    # Where they do not, a small school's ratio is drawn to its district's more than a large one's.
    rows = {"甲": [[800, 640, 512], [800, 640, 512], [400, 640, 512]], "乙": [[400, 320, 256]] * 3}
    one, two = (
        forecast(dataset({(s, "junior"): [[n * x for x in r] for r in v] for s, v in rows.items()}), 2028)
        for n in (1, 2)
    )
    assert set(one.methods.loc[one.methods["part"] != "entry", "method"]) == {"model"}
    assert (two.rows["pupils"] - 2 * one.rows["pupils"]).abs().max() <= 1  # of whole pupils
    assert pupils_of(one, school_id="甲")[2026, 8] == 320  # a fifth leaves from each grade to the next


def test_on_the_real_table_the_chosen_forecast_was_never_worse_and_often_far_better(united_states):
    made = forecast(united_states)
    assert never_worse(made)
    # One in ten repeats grade 9, so the naive forecast is off by a tenth there; see the rows for 8 and 9.
    repeats = made.backtest.query("part == '8→9'").iloc[0]
    eight = [3020, 3129, 3249, 3302, 3356, 3403, 3415, 3480]  # fall 1991–1998
    nine = [3352, 3487, 3604, 3704, 3801, 3819, 3856, 3935]  # a year later
    assert repeats["naive"] == pytest.approx(sum(n - e for e, n in zip(eight, nine, strict=True)) / sum(nine))
    assert repeats["error"] < 0.1 * repeats["naive"]
    entry = made.methods[made.methods["part"] == "entry"].set_index("stage")["method"]
    assert entry["junior"] == "leavers+smoothed" and entry["senior"] == "leavers+smoothed"
    whole = made.backtest[made.backtest["part"] == "all"]
    for stage in ("junior", "senior"):
        rows = whole[whole["stage"] == stage]
        assert (rows["error"] < 0.36 * rows["naive"]).all() and len(rows) == 8


def test_the_bands_of_the_real_table_hold_three_quarters_of_the_totals_that_came(united_states):
    # Forecasts from the falls of 1995–1998 of all years to 1999, by stage: 22 of 30 lay within. Of junior
    # schools in 2000 (11,130 thousand, the same table) the band from 1999 ends 4 thousand below.
    rows = [[int(cell) for cell in line.split()] for line in UNITED_STATES.strip().split("\n")]
    held = []
    for seen in range(6, 10):
        pupils = {
            ("us", str(stage)): [row[grades.start : grades.stop] for row in rows[:seen]]
            for stage, grades in GRADES_OF_STAGE.items()
        }
        made = forecast(dataset(pupils, district="US", first=1990), 1999)
        for row in made.total("stage").itertuples():
            grades = GRADES_OF_STAGE[Stage(row.stage)]
            held.append(row.low <= sum(rows[row.year - 1990][grades.start : grades.stop]) <= row.high)
    assert len(held) == 30 and sum(held) == 22
    juniors = forecast(united_states, 2000).total("stage").set_index("stage").loc["junior"]
    assert (round(juniors["low"]), round(juniors["high"])) == (11_004, 11_126) and 11_126 < 11_130


CITY = REAL.with_name("us_city_enrolment_by_grade_2005_2010.csv")  # not committed


@pytest.fixture(scope="module")
def city():
    if not CITY.exists():
        pytest.skip("the real table is not part of the project")
    return by_district(pd.read_csv(CITY, dtype={"school_id": str}))


def by_district(table):
    """Return the city's table with stage and district: the first two characters of a school's code."""
    stage = np.where(table["grade"] <= 6, "primary", "junior")
    return table.assign(stage=stage, district=table["school_id"].str[:2])


def known_by(city, year):
    """Return what the city knew at the end of a year, as a dataset."""
    seen = city[city["year"] <= year]
    classes = seen.astype({"grade": float, "pupils": float}).assign(class_no=1.0)
    names = ["year", "school_id", "stage", "grade", "class_no", "pupils"]
    sections = classes.groupby(["year", "school_id", "stage"], as_index=False)["pupils"].sum()
    schools = seen[["school_id", "district"]].drop_duplicates().assign(kind="nine_year")
    return Dataset.of(schools=schools, sections=sections, classes=classes[names].reset_index(drop=True))


# Absolute errors over pupils, of grades that were forecast and came. The naive errors follow from the table
# by moving everyone up; the others are what was measured. They are not wholly held back: these years were
# looked at when it was settled what a merger is, and that a stage moves up by one method in all its grades.
# How much an older year, the district and chance count was settled on forecasts from 2006 and 2007.
@pytest.mark.parametrize(
    ("origin", "naive", "error"), [(2008, 0.0831, 0.0715), (2009, 0.0766, 0.0705)], ids=["2008", "2009"]
)
def test_1500_real_schools_are_forecast_with_these_errors_and_bands(city, origin, naive, error):
    made = forecast(known_by(city, origin), 2010)
    key = ["year", "school_id", "grade"]
    both = made.rows.merge(city[[*key, "pupils"]], on=key, suffixes=("", "_came"))
    both = both[both["pupils"] > 0]
    now = city[city["year"] == origin].assign(year=origin + 1)[[*key, "pupils"]]
    up = now.assign(grade=now["grade"] + 1)
    plain = pd.concat([now[now["grade"].isin([1, 7])], up[~up["grade"].isin([1, 7, 10])]])
    first = both[both["year"] == origin + 1].merge(plain, on=key, suffixes=("", "_naive"))
    total = first["pupils_came"].sum()
    assert (first["pupils_came"] - first["pupils_naive"]).abs().sum() / total == pytest.approx(
        naive, abs=2e-4
    )
    assert (first["pupils_came"] - first["pupils"]).abs().sum() / total == pytest.approx(error, abs=2e-4)
    for _, ahead in both.groupby("year"):
        inside = (ahead["low"] <= ahead["pupils_came"]) & (ahead["pupils_came"] <= ahead["high"])
        assert 0.75 < inside.mean() < 0.85
    width = (first["high"] - first["low"]).sum() / first["pupils"].sum()
    assert 0.2 < width < 0.25
    # No grade of a school that has pupils now is said to be anything up to thousands.
    assert (first["high"] < 4 * first["pupils"] + 10).all()
    came = city.groupby(["year", "district", "stage"])["pupils"].sum().rename("came")
    totals = made.total("district", "stage").join(came, on=["year", "district", "stage"])
    totals = totals.assign(held=(totals["low"] <= totals["came"]) & (totals["came"] <= totals["high"]))
    held = totals.groupby("year")["held"].mean()  # 48 and 51 of 64, and 59
    assert ((held > 0.74) & (held < 0.95)).all()
    first = totals[totals["year"] == origin + 1]
    assert ((first["high"] - first["low"]) / first["pupils"]).mean() < 0.1


def growing(table, last):
    """Return today's grades as the entrants of past years: a history of schools that fill up.

    Nobody is taken to have moved in between, so that only the entrants are history.
    """
    sizes = {g: table[f"{g}年級男學生數"] + table[f"{g}年級女學生數"] for g in range(1, 7)}
    parts = [
        pd.DataFrame(
            {"year": year, "school_id": table["學校代碼"], "stage": "primary", "grade": float(g),
             "class_no": 1.0, "pupils": sizes[g + 2024 - year].astype(float)}
        )
        for year in range(2019, last + 1)
        for g in range(1, 7 - (2024 - year))
    ]  # fmt: skip
    classes = pd.concat(parts, ignore_index=True)
    sections = classes.groupby(["year", "school_id", "stage"], as_index=False)["pupils"].sum()
    schools = pd.DataFrame({"school_id": table["學校代碼"], "district": table["縣市名稱"], "kind": "primary"})
    return Dataset.of(schools=schools, sections=sections, classes=classes)


@pytest.fixture(scope="module")
def real_schools():
    if not REAL.exists():
        pytest.skip("the real table is not part of the project")
    return pd.read_csv(REAL, dtype={"學校代碼": str})


def test_the_entrants_of_2600_real_schools_are_foretold_no_worse_and_the_band_holds_most(real_schools):
    table = real_schools
    made = forecast(growing(table, 2022), 2024)
    assert never_worse(made)
    entrants = made.rows[(made.rows["grade"] == 1) & (made.rows["pupils"] > 0)]
    came = {
        (2024 - (g - 1), school): number
        for g in (1, 2)
        for school, number in zip(
            table["學校代碼"], table[f"{g}年級男學生數"] + table[f"{g}年級女學生數"], strict=True
        )
    }
    actual = np.array([came[row.year, row.school_id] for row in entrants.itertuples()])
    inside = (actual >= entrants["low"]) & (actual <= entrants["high"])
    small = entrants["pupils"] < 20
    # Four in five are meant, and seven in ten held: 75 % one year ahead, 65 % in the second, small schools as
    # large ones. The bands of a school are those of two past forecasts, which had not seen what befell the
    # districts later; made wider for that, they held nine in ten of the city's grades above.
    shares = [part.mean() for part in (inside, inside[small], inside[~small])]
    shares += inside.groupby(entrants["year"]).mean().tolist()
    assert shares == pytest.approx([0.704, 0.711, 0.699, 0.753, 0.654], abs=1e-3)


def test_the_spread_of_six_years_of_real_schools_falls_with_their_size_as_fitted(real_schools):
    # Totals six years apart (107 and 113 學年度). The two parts are fitted on every other school and tried
    # on the rest: about four in five must lie within 1.2816 deviations (normal distribution), small or large.
    pupils = sum(real_schools[f"{g}年級{sex}學生數"] for g in range(1, 7) for sex in "男女")
    before = real_schools["107學年度學生人數"]
    known = (before > 0) & (pupils > 0)
    change = np.log((pupils + 0.5) / (before + 0.5))[known].to_numpy()
    size, half = before[known].to_numpy(), np.arange(known.sum()) % 2 == 0
    middle = np.average(change[half], weights=size[half])
    fixed, sized = two_parts((change[half] - middle) ** 2, size[half], np.zeros(half.sum(), int), 1)
    assert fixed[0] > 0 and sized[0] > 0
    inside = np.abs(change - middle) <= 1.2816 * np.sqrt(fixed[0] + sized[0] / size)
    small = size < np.median(size)
    for rest in (~half & small, ~half & ~small):
        assert 0.7 < inside[rest].mean() < 0.92


# The low and the high path


def simulated(seed, districts=6, schools=20, years=13):
    """Return pupils of grades 1–6, shape (districts, schools, years, 6), some of it common to a district."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(4, 0.7, (districts, schools))
    level = np.cumsum(rng.normal(0, 0.05, (districts, 1, years + 5)), axis=2)
    own = rng.normal(0, 0.06, (districts, schools, years + 5))
    cohort = size[..., None] * np.exp(level + own)
    grades = np.empty((districts, schools, years, 6))
    moves = np.exp(np.cumsum(rng.normal(0, 0.03, (districts, schools, years + 5, 6)), axis=3))
    for year in range(years):
        for g in range(6):
            grades[:, :, year, g] = cohort[:, :, year + 5 - g] * (moves[:, :, year + 5 - g, g] if g else 1)
    return np.rint(grades)


def as_dataset(grades, years):
    shape = (*grades.shape[:2], years, 6)
    d, s, y, g = (axis.ravel() for axis in np.indices(shape))
    ids = np.array([f"{i}" for i in range(shape[0] * shape[1])], dtype=object)
    classes = pd.DataFrame(
        {"year": 2010 + y, "school_id": ids[d * shape[1] + s], "stage": "primary", "grade": g + 1.0,
         "class_no": 1.0, "pupils": grades[:, :, :years].ravel()}
    )  # fmt: skip
    sections = classes.groupby(["year", "school_id", "stage"], as_index=False)["pupils"].sum()
    names = np.repeat([f"{i}区" for i in range(shape[0])], shape[1])
    schools = pd.DataFrame({"school_id": ids, "district": names, "kind": "primary"})
    return Dataset.of(schools=schools, sections=sections, classes=classes)


def test_about_four_in_five_of_what_comes_lie_between_the_paths():
    inside, totals = [], []
    for seed in range(3):
        grades = simulated(seed)
        made = forecast(as_dataset(grades, 10), 2022)
        rows = made.rows
        place = rows["school_id"].astype(int).to_numpy()
        at = place // 20, place % 20, rows["year"].to_numpy() - 2010, rows["grade"].to_numpy() - 1
        actual = grades[at]
        within = (actual >= rows["low"]) & (actual <= rows["high"])
        inside.append(pd.DataFrame({"kind": at[3] >= rows["year"] - 2019, "within": within}))
        whole = made.total("district")
        real = grades.sum(axis=(1, 3))
        totals += [
            row.low <= real[int(row.district[0]), row.year - 2010] <= row.high for row in whole.itertuples()
        ]
    share = pd.concat(inside).groupby("kind")["within"].mean()
    assert 0.75 < share[True] < 0.93  # pupils already at school
    assert 0.7 < share[False] < 0.95  # entrants to come: few years tell of what befalls a district
    assert 0.65 < np.mean(totals) < 0.97


def test_the_paths_drift_apart_with_the_years():
    rows = forecast(make(schools=12), 2035).rows
    first = rows[(rows["grade"] == 1) & (rows["school_id"] == "0001001")].sort_values("year")
    # Nearer years bound what errs less farther out: here the third year, and no other.
    more = first["spread"].diff().dropna()
    assert (more >= 0).all() and (more > 0).sum() == len(more) - 1 == 8
    assert first["spread"].iloc[-1] > 2 * first["spread"].iloc[0]
    assert ((rows["low"] <= rows["pupils"]) & (rows["pupils"] <= rows["high"])).all()


def test_what_befalls_schools_singly_partly_cancels_in_the_sum():
    # Two grades of 100 pupils, spread 0.05, of which 0.03 in common, a tenth of it alike for both grades:
    # √(0.1 · 6² + 0.9 · (3² + 3²) + 2 · 100² · (0.05² − 0.03²)) / 200
    made = forecast(make(schools=2, years=[2023, 2024, 2025]), 2026)
    rows = made.rows.iloc[:2].assign(pupils=100.0, spread=0.05, common=0.03, district="甲", stage="primary")
    total = made.__class__(**{**vars(made), "rows": rows}).total().iloc[0]
    half = np.sqrt(0.1 * 6**2 + 0.9 * 2 * 3**2 + 2 * 100**2 * 0.0016) / 200
    assert total["pupils"] == 200
    assert total["high"] == pytest.approx(200 * np.exp(half))
    assert total["high"] < 200 * np.exp(0.05)  # adding up the rows


# Entrants


def test_junior_entrants_follow_the_leavers_of_the_primary_schools():
    # Cohorts of 100, 120, 90, … move through six grades and all enter the junior school.
    rng = np.random.default_rng(3)
    cohorts = rng.integers(60, 160, 17).tolist()
    years = 8
    primary = [[cohorts[year + 8 - g] for g in range(6)] for year in range(years)]
    junior = [[cohorts[year + 8 - g] for g in range(6, 9)] for year in range(years)]
    made = forecast(dataset({("小", "primary"): primary, ("初", "junior"): junior}), 2034)
    assert made.methods.query("stage == 'junior' and part == 'entry'")["method"].item() == "leavers+smoothed"
    entry = made.rows[made.rows["grade"] == 7]["pupils"].tolist()
    # Those in grades 6, 5, … 1 now, and then nobody knows more than the primary forecast itself.
    assert entry[:6] == pytest.approx(primary[-1][::-1])
    assert entry[6] == pytest.approx(made.rows.query("grade == 6 and year == 2033")["pupils"].item())


def birthed(born, shown):
    """Return a school whose entrants are half the births six years before, with births to a given year."""
    years = 8
    primary = [[born[2020 + t - g - 6] / 2 for g in range(6)] for t in range(years)]
    data = dataset({("小", "primary"): primary})
    rows = [
        {"year": year, "district": "甲区", "item": "births", "value": float(number)}
        for year, number in born.items()
        if year <= shown
    ]
    return data.replace(district=pd.DataFrame(rows))


def test_births_foretell_entrants_as_far_as_children_are_born():
    rng = np.random.default_rng(5)
    born = {year: float(rng.integers(80, 200)) for year in range(2009, 2030)}
    made = forecast(birthed(born, 2027), 2036)
    assert made.methods.query("part == 'entry'")["method"].item() == "births+smoothed"
    entry = made.rows[made.rows["grade"] == 1].set_index("year")["pupils"]
    for year in range(2028, 2034):
        assert entry[year] == round_half_up(born[year - 6] / 2, 0)
    assert entry[2036] == round_half_up(born[2027] / 2, 0)  # not yet born: as the last year known


def test_births_that_came_after_a_year_are_not_used_in_what_is_said_at_its_end():
    born = {year: 100.0 + 10 * (year % 7) for year in range(2009, 2030)}
    told = []
    for shown in (2022, 2029):
        seen = past(birthed(born, shown))
        view = predict(seen, seen.stages[Stage.PRIMARY], Leavers.none(seen), 2)  # the end of 2022
        told.append(view.path[list(Total).index(Total.BIRTHS)])
    assert told[0].tolist() == told[1].tolist()
    assert told[0][0, 5] == born[2022] / born[2016]


def zoned():
    """Return two schools: children move from one's zones to the other's, and the next entrants with them."""
    years, share = 7, [0.5, 0.8, 0.3, 0.6, 0.2, 0.7, 0.4, 0.9]
    pupils = {("东", "primary"): [], ("西", "primary"): []}
    for t in range(years):
        pupils["东", "primary"].append([200 * share[max(t - g, 0)] for g in range(6)])
        pupils["西", "primary"].append([200 * (1 - share[max(t - g, 0)]) for g in range(6)])
    zones = pd.DataFrame(
        {
            "year": 2020 + t,
            "zone_id": zone,
            "district": "甲区",
            "primary_school_id": school,
            "primary_children": 1200 * part,
        }
        for t in range(years)
        for zone, school, part in (("z1", "东", share[t + 1]), ("z2", "西", 1 - share[t + 1]))
    )
    return dataset(pupils).replace(zones=zones)


def test_entrants_go_where_the_children_of_the_zones_are_if_that_foretold_best():
    made = forecast(zoned(), 2027)
    assert made.methods.query("part == 'entry'")["method"].item() == "last+zones"
    assert pupils_of(made, school_id="东")[2027, 1] == pytest.approx(200 * 0.9)
    assert pupils_of(made, school_id="西")[2027, 1] == pytest.approx(200 * 0.1)


# Births of three zones in 2012, 2013, …: two of the eastern school, one of the western, which keeps half.
BORN = {"z1": [80, 120, 60, 90, 110, 70, 130, 100, 50, 140, 75, 95, 85, 105],
        "z2": [60, 30, 90, 75, 45, 80, 55, 70, 90, 40, 65, 85, 35, 60],
        "z3": [200, 160, 220, 180, 240, 150, 210, 190, 170, 230, 140, 205, 185, 215]}  # fmt: skip


def born_by_zone(shown=2025):
    """Return two schools of seven years; births by zone up to a year, each in a row of that year."""
    enter = {
        "东": [a + b for a, b in zip(BORN["z1"], BORN["z2"], strict=True)],
        "西": [n / 2 for n in BORN["z3"]],
    }
    pupils = {
        (school, "primary"): [[came[max(t - g, 0)] for g in range(6)] for t in range(2, 8)]
        for school, came in enter.items()
    }
    rows = [
        {"year": year, "zone_id": zone, "district": "甲区", "births": float(number)}
        | ({"primary_school_id": "西" if zone == "z3" else "东"} if year == 2025 else {})
        for zone, numbers in BORN.items()
        for year, number in enumerate(numbers, 2012)
        if year <= shown or year == 2025
    ]
    zones = pd.DataFrame(rows)
    return dataset(pupils).replace(zones=zones.assign(births=zones["births"].mask(zones["year"] > shown)))


def test_entrants_of_a_school_follow_the_births_of_its_zones():
    # Who entered in 2025 was born in 2019; births of 2020–2024 enter in 2026–2030, and then as in 2030.
    data = born_by_zone(2024)
    made = forecast(data, 2031)
    assert made.methods.query("part == 'entry'")["method"].item() == "births+births"
    found = {name: pupils_of(made, school_id=name) for name in "东西"}
    whole = sum(sum(numbers[7:8]) for numbers in BORN.values())
    for year in range(2026, 2032):
        at = min(year, 2030) - 2018
        # Together as all births; apart, as the births of their zones move what entered last on.
        total = (100 + 70 + 95) * sum(numbers[at] for numbers in BORN.values()) / whole
        east = 170 * (BORN["z1"][at] + BORN["z2"][at]) / 170
        west = 95 * BORN["z3"][at] / 190
        expected = in_whole([total * each / (east + west) for each in (east, west)])
        assert [found[name][year, 1] for name in "东西"] == expected
    # A zone that changes school takes its births along, in years that are carried on without them too.
    later = forecast_dataset(data, made, 2026)
    assert later["zones"]["births"].isna().all()
    zones = later["zones"]
    given = later.replace(
        zones=zones.assign(primary_school_id=zones["primary_school_id"].mask(zones["zone_id"] == "z2", "西"))
    )
    on = forecast(given, before=made)
    now = {name: found[name][2026, 1] for name in "东西"}
    east, west = now["东"] * BORN["z1"][9] / BORN["z1"][8], now["西"] * (230 + 40) / (170 + 90)
    total = sum(now.values()) * (140 + 40 + 230) / (50 + 90 + 170)
    expected = in_whole([total * each / (east + west) for each in (east, west)])
    assert [pupils_of(on, school_id=name)[2027, 1] for name in "东西"] == expected


def test_a_new_school_without_pupils_is_filled_from_its_zones():
    data = zoned()
    before = forecast(data, 2028)
    # The eastern zone, nine tenths of the children, goes to a school that has nobody yet.
    zones = data["zones"]
    moved = (zones["zone_id"] == "z1") & (zones["year"] == 2026)
    schools = pd.DataFrame(
        [{"school_id": "新", "district": "甲区", "kind": "primary", "opened_year": 2026.0}]
    )
    section = {"year": 2026, "school_id": "新", "stage": "primary", "pupils": 0.0}
    sections = data["sections"].assign(in_zone_pupils=0.8 * data["sections"]["pupils"])
    opened = data.replace(
        schools=pd.concat([data["schools"], schools], ignore_index=True),
        sections=pd.concat([sections, pd.DataFrame([section])], ignore_index=True),
        zones=zones.assign(primary_school_id=zones["primary_school_id"].mask(moved, "新")),
    )
    made = forecast(opened, before=before)
    assert [pupils_of(made, school_id="新")[2027, g] for g in (1, 2)] == [pytest.approx(180), 0]
    assert pupils_of(made, school_id="新")[2028, 2] == pytest.approx(180)
    # Nothing is reported of how many of its pupils live in its zone: as many as at the others.
    later = forecast_dataset(opened, made, 2027)["sections"].set_index("school_id")
    assert later.loc["新", ["pupils", "in_zone_pupils"]].tolist() == [180, 144]


# Where the pupils by grade come from


def test_a_school_without_classes_is_spread_like_its_district_and_says_so():
    data = dataset({("甲", "primary"): [[60, 50, 40, 30, 20, 0]] * 4, ("乙", "primary"): [[10] * 6] * 4})
    classes = data["classes"]
    made = forecast(data.replace(classes=classes[classes["school_id"] == "甲"]), 2024)
    own = made.rows[made.rows["school_id"] == "乙"]
    assert set(own["basis"]) == {"shares"}
    now = made.years.query("school_id == '乙' and year == 2023").set_index("grade")["pupils"]
    assert now.to_dict() == pytest.approx({1: 18, 2: 15, 3: 12, 4: 9, 5: 6})
    assert ("乙", Basis.SHARES) in map(arguments_of, made.notes)


def test_pupils_that_were_spread_are_no_outcome_of_a_past_forecast():
    data = dataset({("甲", "primary"): [[50] * 6] * 4, ("乙", "primary"): [[10] * 6] * 4})
    classes = data["classes"]
    gone = (classes["school_id"] == "乙") & (classes["year"] == 2023)
    tests = forecast(data.replace(classes=classes[~gone]), 2024).backtest
    # Made at the end of 2021: both schools a year later, the first alone two years later and from 2022 on.
    whole = tests[tests["part"] == "all"].set_index("ahead")["pupils"]
    assert whole.to_dict() == {1: 300 + 60 + 300, 2: 300}


def test_a_new_school_without_classes_has_only_the_grades_that_its_pupils_can_have_reached():
    grown = [None, None, [30, 0, 0, 0, 0, 0], [30, 30, 0, 0, 0, 0]]
    data = dataset(
        {("甲", "primary"): [[50] * 6] * 4, ("新", "primary"): grown},
        opened_year={"甲": 1950, "新": 2022},
    )
    classes = data["classes"]
    made = forecast(data.replace(classes=classes[classes["school_id"] == "甲"]), 2024)
    now = made.years.query("school_id == '新' and year == 2023 and pupils > 0").set_index("grade")["pupils"]
    assert now.to_dict() == {1: 30, 2: 30}


def test_classes_that_do_not_add_up_to_the_section_are_scaled_to_it():
    data = dataset({("甲", "primary"): [[50] * 6] * 3})
    sections = data["sections"]
    more = sections.assign(pupils=sections["pupils"].where(sections["year"] < 2022, 330))
    made = forecast(data.replace(sections=more), 2023)
    assert made.rows["pupils"].tolist() == pytest.approx([55.0] * 6)
    assert ("甲", Basis.SCALED) in map(arguments_of, made.notes)


def test_a_school_that_reported_nothing_in_the_last_year_is_named_unless_it_has_closed():
    data = dataset({("甲", "primary"): [[50] * 6] * 3, ("乙", "primary"): [[50] * 6] * 3})
    out = data.replace(
        **{
            name: data[name][~((data[name]["school_id"] == "乙") & (data[name]["year"] == 2022))]
            for name in ("sections", "classes")
        }
    )
    made = forecast(out, 2023)
    assert made.missing[["school_id", "stage"]].to_numpy().tolist() == [["乙", "primary"]]
    assert any({Stage.PRIMARY, "乙"} <= {*arguments_of(note)} for note in made.notes)
    closed = out["schools"]["school_id"].map({"乙": 2021.0})
    told = forecast(out.replace(schools=out["schools"].assign(closed_year=closed)), 2023)
    assert not len(told.missing)


def test_a_stage_without_a_row_is_named_though_the_school_reported_another():
    nine = {("甲", "primary"): [[50] * 6] * 3, ("甲", "junior"): [[40] * 3, [40] * 3, None]}
    data = dataset(nine | {("乙", "junior"): [[30] * 3] * 3})
    made = forecast(data.replace(schools=data["schools"].assign(name=["甲校", "乙校"])), 2024)
    assert made.missing[["school_id", "stage"]].to_numpy().tolist() == [["甲", "junior"]]
    assert any({Stage.JUNIOR, "甲校", "甲"} <= {*arguments_of(note)} for note in made.notes)
    assert set(zip(made.rows["school_id"], made.rows["stage"], strict=True)) == {
        ("甲", "primary"),
        ("乙", "junior"),
    }


def closing(last):
    """Return two schools of 300 pupils, of whom one teaches up to a year."""
    pupils = {("甲", "primary"): [[50] * 6] * 3, ("乙", "primary"): [[50] * 6] * 3}
    return dataset(pupils, closed_year={"乙": last}, name={"甲": "甲校", "乙": "乙校"})


@pytest.mark.parametrize(("last", "forecast_for"), [(2022.0, []), (2023.0, [2023]), (2030.0, [2023, 2024])])
def test_a_school_is_forecast_no_further_than_it_teaches_and_named(last, forecast_for):
    data = closing(last)
    made = forecast(data, 2024)
    rows = made.rows
    assert sorted(rows.loc[rows["school_id"] == "乙", "year"].unique()) == forecast_for
    # Nobody is presumed to get its pupils: the other school stays at six grades of 50.
    assert made.total("school_id").query("school_id == '甲'")["pupils"].tolist() == pytest.approx([300, 300])
    told = [note for note in made.notes if "乙" in note]
    if last == 2030:
        assert told == [] and not len(made.missing)
    else:
        assert {Stage.PRIMARY, "乙校", "乙", last} <= {*arguments_of(*told)}
        assert made.missing["closed_year"].tolist() == [last]
    for year in (2023, 2024):
        later = forecast_dataset(data, made, year)
        for table in ("sections", "classes"):
            assert set(later[table]["school_id"]) == ({"甲", "乙"} if year in forecast_for else {"甲"})


@pytest.mark.parametrize(("first", "named"), [(2023, True), (2024, True), (2025, False), (2022, None)])
def test_a_school_that_opens_within_the_forecast_is_named_with_each_stage_of_its_kind(first, named):
    data = dataset({("甲", "primary"): [[50] * 6] * 3})
    new = {
        "school_id": "新",
        "name": "新校",
        "district": "甲区",
        "kind": "nine_year",
        "opened_year": float(first),
    }
    schools = pd.concat([data["schools"], pd.DataFrame([new])], ignore_index=True)
    made = forecast(data.replace(schools=schools), 2024)
    told = [note for note in made.notes if "新" in note]
    if named:
        assert [note.split("开办")[0] for note in told] == [
            f"小学：新校（新）{first} 学年",
            f"初中：新校（新）{first} 学年",
        ]
        assert made.missing["opened_year"].tolist() == [first] * 2
    elif named is None:  # it is there, and has not reported
        named = arguments_of(told[0])
        assert {Stage.PRIMARY, "新校", "新"} <= {*named} and first not in named
    else:
        assert not told and not len(made.missing)


def test_a_section_without_pupils_and_classes_is_named_and_not_forecast():
    data = dataset({("甲", "primary"): [[50] * 6] * 3, ("乙", "primary"): [[50] * 6] * 3})
    here = data["sections"]
    gone = (here["school_id"] == "乙") & (here["year"] == 2022)
    classes = data["classes"]
    out = data.replace(
        sections=here.assign(pupils=here["pupils"].mask(gone)),
        classes=classes[~((classes["school_id"] == "乙") & (classes["year"] == 2022))],
    )
    made = forecast(out, 2023)
    assert made.missing["school_id"].tolist() == ["乙"]
    assert "乙" not in set(made.rows["school_id"])
    assert any("没有推算" in note for note in made.notes)
    later = forecast_dataset(out, made, 2023)["sections"].set_index("school_id")
    assert np.isnan(later.loc["乙", "pupils"]) and later.loc["甲", "pupils"] == 300


def test_classes_of_a_grade_that_is_not_of_their_stage_are_named():
    data = dataset({("甲", "primary"): [[50] * 6] * 3})
    odd = data["classes"].iloc[[0]].assign(grade=9.0)
    made = forecast(data.replace(classes=pd.concat([data["classes"], odd], ignore_index=True)), 2023)
    assert (1,) in map(arguments_of, made.notes)


# What cannot be forecast


SMALL = {("甲", "primary"): [[50] * 6] * 3}


def without(table):
    data = dataset(SMALL)
    return data.replace(**{table: data[table].iloc[:0]})


@pytest.mark.parametrize(
    ("data", "to", "words"),
    [
        (without("classes"), None, "班级表没有数据.*请填报"),
        (without("sections"), None, "表 sections（学段）没有数据"),
        (dataset(SMALL), 2022, "推算到 2022 学年不行：数据的最后学年是 2022.*2023 至 2072"),
        (dataset(SMALL), 2073, "推算到 2073 学年不行.*最多推算 50 年"),
    ],
    ids=["no classes", "no sections", "to is not later", "to is too far"],
)
def test_what_cannot_be_forecast_is_refused_in_a_sentence(data, to, words):
    with pytest.raises(QbError, match=words):
        forecast(data, to)


def test_one_year_of_classes_gives_the_naive_forecast_and_says_so():
    made = forecast(dataset({("甲", "primary"): [[60, 58, 61, 55, 57, 59]]}), 2022)
    assert [pupils_of(made)[2022, g] for g in range(1, 7)] == [60, 60, 60, 58, 61, 55]
    assert set(made.methods["method"]) == {"naive"} and made.rows["low"].isna().all()
    assert "学年太少" in made.notes[0] and "全部升级，入学人数同上年" in made.notes[0]


def test_beyond_ten_years_figures_stay_where_they_are_and_a_note_says_so():
    made = forecast(make(schools=4), 2038)
    tenth, last = (made.rows[made.rows["year"] == year].drop(columns="year") for year in (2035, 2038))
    pd.testing.assert_frame_equal(tenth.reset_index(drop=True), last.reset_index(drop=True))
    assert (2036, 2038, 10, 2035) in map(arguments_of, made.notes)
    assert forecast_dataset(make(schools=4), made, 2038).years == [2038]


def test_classes_of_early_years_alone_are_refused_where_the_last_has_no_pupils_either():
    data = dataset(SMALL)
    last = data["sections"]["year"] == 2022
    classes = data["classes"]
    bare = data.replace(
        sections=data["sections"].assign(pupils=data["sections"]["pupils"].mask(last)),
        classes=classes[classes["year"] < 2022],
    )
    with pytest.raises(QbError) as refused:
        forecast(bare)
    assert arguments_of(refused.value) == (2022,)


def test_data_with_faults_that_stop_are_refused():
    data = dataset(SMALL)
    twice = data.replace(sections=pd.concat([data["sections"]] * 2, ignore_index=True))
    with pytest.raises(DataError, match="K01"):
        forecast(twice)


def test_a_forecast_changes_nothing_it_is_given():
    data = make(schools=4)
    copies = {name: frame.copy() for name, frame in data.tables.items()}
    made = forecast(data)
    forecast_dataset(data, made, 2027)
    for name, frame in copies.items():
        pd.testing.assert_frame_equal(data[name], frame)


# A dataset that was changed


def changed(data):
    """Close the second school in the last year: its pupils are at the first."""
    sections, classes = data["sections"].copy(), data["classes"].copy()
    last = sections["year"].max()
    first = (sections["school_id"] == "一") & (sections["year"] == last)
    other = (sections["school_id"] == "二") & (sections["year"] == last)
    sections.loc[first, "pupils"] += sections.loc[other, "pupils"].item()
    classes.loc[(classes["school_id"] == "二") & (classes["year"] == last), ["school_id", "class_no"]] = [
        "一",
        2.0,
    ]
    return data.replace(sections=sections[~other], classes=classes)


def test_a_closed_school_is_forecast_on_at_the_school_that_took_its_pupils():
    rng = np.random.default_rng(2)
    rows = {(s, "primary"): [rng.integers(90, 110, 6).tolist() for _ in range(5)] for s in ("一", "二", "三")}
    data = dataset(rows)
    before = forecast(data, 2029)
    after = forecast(changed(data), before=before)
    assert (after.base, after.to) == (2024, 2029)
    assert set(after.rows["school_id"]) == {"一", "三"}
    moved = after.total()["pupils"].to_numpy()
    # The ratios of the past hold on: nobody is lost or won but by the ratios of the two schools.
    assert moved == pytest.approx(before.total()["pupils"].to_numpy(), rel=0.02)
    pd.testing.assert_frame_equal(after.backtest, before.backtest)


def test_a_school_without_a_past_takes_the_ratios_of_the_district():
    old = {
        (school, "primary"): [[1000 * ratio**g for g in range(6)]] * 6
        for school, ratio in (("老", 0.9), ("衰", 0.8))
    }
    before = forecast(dataset(old), 2027)
    made = forecast(dataset({**old, ("新", "primary"): [None] * 5 + [[100] * 6]}), before=before)
    # The district's is 0.85, drawn to 1: ten transitions, each 50 pupils off, of weights 1, 0.3, 0.09, …
    weight, squares = sum(0.3**k for k in range(5)), sum(0.09**k for k in range(5))
    squared = (0.15 * 2000 * weight) ** 2 / (10 / 9 * 2 * 50**2 * squares)
    whole = 1 - 0.15 * squared / (squared + 6)
    assert whole == pytest.approx(0.875, abs=1e-3)
    # So many of 1,000 at the others, at their own ratio and with 200 pupils of the district's.
    others = [1000 * (own * weight + 200 * whole) / (1000 * weight + 200) for own in (900, 800)]
    expected = in_whole([*others, 100 * whole])
    assert [pupils_of(made, school_id=name)[2026, 2] for name in ("老", "衰", "新")] == expected


def test_a_grade_that_a_school_had_not_and_was_given_goes_on():
    point, whole = [[30, 30, 30, 0, 0, 0]] * 5, [[100] * 6] * 5
    before = forecast(dataset({("点", "primary"): point, ("校", "primary"): whole}), 2026)
    extended = {("点", "primary"): [*point[:-1], [30, 30, 30, 20, 0, 0]], ("校", "primary"): whole}
    made = forecast(dataset(extended), before=before)
    assert pupils_of(made, school_id="点")[2025, 4] == pytest.approx(30)


def test_junior_entrants_follow_the_leavers_on_from_what_was_changed():
    cohorts = np.random.default_rng(3).integers(60, 160, 17).tolist()
    primary = [[cohorts[year + 8 - g] for g in range(6)] for year in range(8)]
    junior = [[cohorts[year + 8 - g] for g in range(6, 9)] for year in range(8)]
    before = forecast(dataset({("小", "primary"): primary, ("初", "junior"): junior}), 2029)
    # In the last year half as many again enter from elsewhere, and so they will; grade 6 loses ten.
    more = [*junior[:-1], [junior[-1][0] * 1.5, *junior[-1][1:]]]
    fewer = [*primary[:-1], [*primary[-1][:-1], primary[-1][-1] - 10]]
    made = forecast(dataset({("小", "primary"): fewer, ("初", "junior"): more}), before=before)
    assert pupils_of(made, stage="junior")[2028, 7] == round_half_up(1.5 * (primary[-1][-1] - 10), 0)


def test_a_school_opened_in_the_last_year_grows_upward():
    data = dataset({("一", "primary"): [[100] * 6] * 5, ("二", "primary"): [[100] * 6] * 5})
    before = forecast(data, 2029)
    last = data["sections"]["year"] == 2024
    new = {"year": 2024, "school_id": "新", "stage": "primary"}
    schools = pd.DataFrame(
        [{"school_id": "新", "district": "甲区", "kind": "primary", "opened_year": 2024.0}]
    )
    sections = data["sections"].assign(
        pupils=data["sections"]["pupils"].mask(last & (data["sections"]["school_id"] == "一"), 560)
    )
    classes = data["classes"]
    first = (classes["year"] == 2024) & (classes["grade"] == 1) & (classes["school_id"] == "一")
    opened = data.replace(
        schools=pd.concat([data["schools"], schools], ignore_index=True),
        sections=pd.concat([sections, pd.DataFrame([{**new, "pupils": 40.0}])], ignore_index=True),
        classes=pd.concat(
            [
                classes.assign(pupils=classes["pupils"].mask(first, 60)),
                pd.DataFrame([{**new, "grade": 1.0, "class_no": 1.0, "pupils": 40.0}]),
            ],
            ignore_index=True,
        ),
    )
    for made in (forecast(opened, before=before), forecast(opened)):
        found = pupils_of(made, school_id="新")
        assert [found[2026, g] for g in range(1, 7)] == pytest.approx([40, 40, 40, 0, 0, 0])
        assert [found[2029, g] for g in range(1, 7)] == pytest.approx([40] * 6)
        assert made.total()["pupils"].tolist() == pytest.approx([1200] * 5)


def test_a_later_year_is_forecast_on_as_the_first_forecast_had_it():
    data = make(schools=9)
    before = forecast(data, 2030)
    later = forecast_dataset(data, before, 2027)
    on = forecast(later, before=before)
    assert (on.base, on.to) == (2027, 2030)
    one, two = before.rows[before.rows["year"] > 2027], on.rows
    both = one.merge(two, on=["year", "school_id", "stage", "grade"], suffixes=("", "_on"))
    assert len(both) == len(two)
    # They differ by the rounding to whole pupils, and the band is as wide as it was.
    assert both["pupils_on"].to_numpy() == pytest.approx(both["pupils"].to_numpy(), abs=1.6)
    assert both["spread_on"].to_numpy() == pytest.approx(both["spread"].to_numpy(), rel=0.1)


def test_a_forecast_of_other_places_or_years_is_refused():
    before = forecast(make(schools=4), 2028)
    with pytest.raises(QbError, match="没有县区甲区"):
        forecast(dataset(SMALL, first=2023), before=before)
    with pytest.raises(QbError) as refused:
        forecast(dataset(SMALL), before=before)
    assert arguments_of(refused.value) == (2022, 2025, 2027, "甲区")


# The dataset of a year to come


@pytest.fixture(scope="module")
def sample_forecast():
    data = make()
    return data, forecast(data, 2035)


def test_a_year_to_come_can_be_judged(sample_forecast):
    data, made = sample_forecast
    for year in (2026, 2035):
        later = forecast_dataset(data, made, year)
        assert later.years == [year] and later.invented
        assert not [fault for fault in check(later) if fault.severity is Severity.STOPS]
        result = assess(later)
        now = assess(data)
        assert len(result.rows) == len(now.rows)
        assert "no data" not in set(result.indicators["verdict"])


def test_pupils_of_a_year_to_come_are_those_of_the_forecast_in_whole_numbers(sample_forecast):
    data, made = sample_forecast
    later = forecast_dataset(data, made, 2029)
    sections, classes = later["sections"], later["classes"]
    by_grade = classes.groupby(["school_id", "stage", "grade"])["pupils"].sum()
    rows = made.rows[made.rows["year"] == 2029].set_index(["school_id", "stage", "grade"])["pupils"]
    assert (by_grade == rows.reindex(by_grade.index)).all() and not (rows % 1).any()
    listed = classes.groupby(["school_id", "stage"])["pupils"].agg(["sum", "size"])
    told = sections.set_index(["school_id", "stage"])
    assert (told["pupils"] == listed["sum"].reindex(told.index)).all()
    assert (told["classes"] == listed["size"].reindex(told.index)).all()
    assert (
        sections["in_zone_pupils"].dropna() <= sections["pupils"][sections["in_zone_pupils"].notna()]
    ).all()


def test_classes_of_a_year_to_come_are_as_few_as_the_limit_allows_and_even(sample_forecast):
    data, made = sample_forecast
    classes = forecast_dataset(data, made, 2028)["classes"]
    limits = {"primary": 45, "junior": 50, "senior": 50}  # C12; the senior stage takes that of junior
    for (_, stage, _), own in classes.groupby(["school_id", "stage", "grade"]):
        sizes = own["pupils"].tolist()
        assert max(sizes) <= limits[stage] and max(sizes) - min(sizes) <= 1
        assert len(sizes) == -(-sum(sizes) // limits[stage])


def test_teachers_leave_and_all_else_stays_as_it_was(sample_forecast):
    data, made = sample_forecast
    later = forecast_dataset(data, made, 2027)
    now = data["sections"][data["sections"]["year"] == 2025].set_index(["school_id", "stage"])
    then = later["sections"].set_index(["school_id", "stage"])
    # Three in a hundred a year: of 100 there are 97, then 94.09; halves go up.
    expected = np.floor(now["full_time_teachers"] * 0.9409 + 0.5)
    assert (then["full_time_teachers"] == expected).all()
    for name in ("certified_teachers", "backbone_teachers", "teachers_above_required"):
        assert (then[name] <= then["full_time_teachers"]).all()
    for name in ("facilities", "rooms", "funds", "district", "evidence", "zones"):
        old = data[name][data[name]["year"] == 2025].drop(columns=["year", "source"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(later[name].drop(columns=["year", "source"]), old)
    assert set(later["facilities"]["source"]) == {"模拟数据；沿用 2025 学年"}
    assert set(later["classes"]["source"]) == {"模拟数据；推算"}


def test_without_leaving_teachers_all_of_them_stay(sample_forecast):
    data, made = sample_forecast
    rules = load().rules
    nobody = rules.forecast.model_copy(update={"teachers_leaving_per_year": 0.0})
    staying = load().model_copy(update={"rules": rules.model_copy(update={"forecast": nobody})})
    later = forecast_dataset(data, made, 2035, staying)
    now = data["sections"][data["sections"]["year"] == 2025]
    assert later["sections"]["full_time_teachers"].tolist() == now["full_time_teachers"].tolist()


def test_a_year_that_the_forecast_has_not_is_refused(sample_forecast):
    data, made = sample_forecast
    for year in (2025, 2036):
        with pytest.raises(QbError, match="只有 2026 至 2035 学年"):
            forecast_dataset(data, made, year)
    with pytest.raises(QbError, match="同一份数据"):
        forecast_dataset(make(schools=3, years=[2023, 2024]), made, 2026)


# What a reader gets


def test_records_have_the_names_that_others_rely_on(sample_forecast):
    _, made = sample_forecast
    records = json.loads(json.dumps(made.to_records(), allow_nan=False))
    assert set(records[0]) == {"year", "school_id", "stage", "grade", "pupils", "low", "high"}
    keys = [(r["year"], r["school_id"], r["stage"], r["grade"]) for r in records]
    assert len(set(keys)) == len(keys) and keys == sorted(keys)
    assert {r["year"] for r in records} == set(range(2026, 2036))
    assert isinstance(records[0]["grade"], int)


def test_the_summary_tells_pupils_methods_and_how_they_did(sample_forecast):
    _, made = sample_forecast
    text = summary(made)
    total = made.total("district", "stage").query("stage == 'primary' and year == 2026").iloc[0]
    assert f"2026 {total['pupils']:,.0f}（{total['low']:,.0f}—{total['high']:,.0f}）" in text
    assert "模拟数据" in text and "升级 1→2、2→3" in text
    assert re.search(r"往年检验的误差.*1 年后 \d\.\d%（\d\.\d%）", text)
    assert "nan" not in text


def test_the_summary_of_two_years_says_why_there_is_no_band():
    text = summary(forecast(dataset({("甲", "primary"): [[50] * 6] * 2})))
    assert "不给高低区间" in text and "（nan" not in text


def test_the_chart_shows_the_years_before_and_the_band(sample_forecast):
    _, made = sample_forecast
    course = made.course(stage="primary")
    assert course.index.tolist() == list(range(2021, 2036))
    assert course["low"].notna().tolist() == [False] * 5 + [True] * 10
    chart = outlook(course, made.base, caption=Caption("题", "副题"), limits={"满员": 12000})
    (area,) = [mark for mark in chart.marks if isinstance(mark, Polygon)]
    assert len(area.points) == 1 + 2 * 10  # from the last known year, there along the high path and back
    for text in ("2021", "2035", "满员", "低", "高"):
        assert text in chart.svg
    assert chart.png(dpi=40).startswith(b"\x89PNG")


def test_a_school_that_closed_does_not_make_the_years_after_unknown():
    # 6 grades of 30 and of 20; the smaller school reports nothing from the third year on.
    rows = {("甲", "primary"): [[30] * 6] * 4, ("乙", "primary"): [[20] * 6, [20] * 6, None, None]}
    made = forecast(dataset(rows))
    past = made.course(stage="primary")["pupils"].loc[: made.base]
    assert past.tolist() == [300, 300, 180, 180]
    assert made.course(school_id="乙").index.tolist()[:2] == past.index.tolist()[:2]


def test_a_school_that_is_there_and_reports_no_pupils_leaves_the_year_unknown():
    data = dataset({("甲", "primary"): [[30] * 6] * 4, ("乙", "primary"): [[20] * 6] * 4})
    gone = {
        name: (data[name]["school_id"] == "乙") & (data[name]["year"] == 2022)
        for name in ("sections", "classes")
    }
    sections = data["sections"].assign(pupils=data["sections"]["pupils"].mask(gone["sections"]))
    made = forecast(data.replace(sections=sections, classes=data["classes"][~gone["classes"]]))
    past = made.course(stage="primary")["pupils"].loc[: made.base]
    assert past.isna().tolist() == [False, False, True, False]


def test_a_school_is_shown_from_the_year_it_opened(sample_forecast):
    _, made = sample_forecast
    assert made.course(school_id="0001013").index[0] == 2023


def test_the_chart_of_a_forecast_without_a_band_says_nothing_of_one():
    made = forecast(dataset({("甲", "primary"): [[50] * 6] * 2}))
    chart = outlook(made.course(), made.base, caption=Caption("题"))
    assert not [mark for mark in chart.marks if isinstance(mark, Polygon)]
    assert "浅色带" not in chart.svg and chart.svg.count("推算") == 5


def test_the_chart_names_years_without_data_and_is_blank_without_any():
    course = pd.DataFrame(
        {"pupils": [10.0, np.nan, 12.0], "low": np.nan, "high": np.nan}, index=[2020, 2021, 2022]
    )
    assert "缺数据：2021" in outlook(course, 2022, caption=Caption("题")).svg
    assert "缺数据" in outlook(course.iloc[[1]], 2022, caption=Caption("题")).svg


def test_places_are_classes_times_the_class_limit_and_stand_against_each_years_pupils():
    # 6 classes of 45 are 270 places. 250 pupils now; the 5 who leave and the 60 who enter make 305: 35 short.
    data = dataset({("甲", "primary"): [[60, 60, 45, 40, 40, 5]]})
    found = places(data, forecast(data, data.years[-1] + 1), load()).set_index("year")
    now, then = data.years[-1], data.years[-1] + 1
    assert found["places"].tolist() == [270, 270]
    assert (found.loc[now, "pupils"], found.loc[now, "spare"]) == (250, 20)
    assert (found.loc[then, "pupils"], found.loc[then, "spare"]) == (305, -35)
    assert f"{then} 学年：学位 270，学生 305；1 所缺学位，共缺 35（甲 35）" in places_summary(
        found.reset_index()
    )
