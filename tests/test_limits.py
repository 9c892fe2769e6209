"""Limits in force, on their side and in their year; rounding half up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import CODES as SEVEN
from town import STANDARD, Town, area, changed, coefficient, findings, school_row, together, verdict

from qb.rounding import round_half_up
from qb.standard import Limit, StandardError

# Every limit of the standard's file: at the limit, just inside, just outside, and not reported


NEAR = 1e-6  # relative, where no natural step is smaller
YEAR = 2024


def key(code: str, limit: Limit) -> tuple:
    return (code, limit.name, str(limit.stage or ""), str(limit.kind or ""), limit.from_year)


LIMITS = {key(i.code, m): m for i in STANDARD.indicators for m in i.limits}
LIMITS["recognition", "", "", "", None] = STANDARD.recognition.limit


@dataclass(frozen=True)
class Case:
    """How a figure comes about: `build` gives a district that has it; None is "not reported".

    `step` is the smallest natural step (a person, a pupil); 0: a millionth of the limit. `unreported` is
    the verdict where it is missing, `passed` that where the limit is kept.
    """

    build: Callable[[Town, float | None], object]
    step: float = 0
    unreported: str = "no data"
    passed: str = "pass"


# Builders


def times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


SCHOOL = {"primary": ("小一", 200), "junior": ("初一", 300)}


def staff(column: str, stage: str) -> Case:
    school, pupils = SCHOOL[stage]

    def build(town: Town, value: float | None) -> None:
        town.set("sections", {"school_id": school}, **{column: times(pupils / 100, value)})

    return Case(build)


def facility(column: str, stage: str, per: float = 1, indoor: int = 0) -> Case:
    """Of C4 and C5 a part is indoor: 100 m² that C4 leaves out (indoor = 100) and C5 counts (-100)."""
    school, pupils = SCHOOL[stage]

    def build(town: Town, value: float | None) -> None:
        held = None if value is None else value * pupils / per + indoor
        town.set("facilities", {"school_id": school}, indoor_sports_area_m2=100, **{column: held})

    return Case(build)


def room(kind: str) -> Case:
    return Case(lambda town, area: town.set("rooms", {"school_id": "小一", "kind": kind}, area_m2=area), 0.1)


def size(kind: str) -> Case:
    """A school of 小 and 初 has 900 junior pupils; the 500 senior ones do not count."""

    def build(town: Town, pupils: float | None) -> None:
        more = {"junior": 900} if kind in ("nine_year", "twelve_year") else {}
        rest = None if pupils is None else int(pupils) - sum(more.values())
        if kind == "twelve_year":
            more["senior"] = 500
        town.add("大", kind, primary=rest, **more)

    return Case(build, 1)


def class_size(stage: str) -> Case:
    where = {"school_id": SCHOOL[stage][0], "grade": {"primary": 1, "junior": 7}[stage], "class_no": 1}
    return Case(lambda town, pupils: town.set("classes", where, pupils=pupils), 1)


def small_school(town: Town, pupils: float | None) -> None:
    """A rural school with too little money: it fails where it is small, and is not asked otherwise."""
    town.add("村", "primary", location="rural", primary=None if pupils is None else int(pupils))
    town.set("funds", {"school_id": "村"}, allocation_yuan=1)


def special(town: Town, yuan: float | None) -> None:
    town.item(special_pupils=10, special_allocation_yuan=times(10, yuan))


def ratio(part: str, whole: str, of: float = 1000, unreported: str = "no data") -> Case:
    """A share of the district's own figures; `unreported` is the verdict where neither is reported."""

    def build(town: Town, percent: float | None) -> None:
        town.item(**{part: times(of / 100, percent), whole: None if percent is None else of})

    return Case(build, unreported=unreported)


def of_teachers(column: str) -> Case:
    """小一 has 16 full-time teachers."""

    def build(town: Town, percent: float | None) -> None:
        town.set("sections", {"school_id": "小一"}, **{column: times(16 / 100, percent)})

    return Case(build)


def in_zone(stage: str) -> Case:
    """Each school of the stage has the share."""

    def build(town: Town, percent: float | None) -> None:
        for row in town.rows("sections", stage=stage):
            row["in_zone_pupils"] = times(row["pupils"] / 100, percent)

    return Case(build)


def retention(town: Town, percent: float | None) -> None:
    town.item(entrants_three_years_before=1000, transferred_in=20, transferred_out=10, deaths=10)
    town.item(graduates=times(10, percent))


def training(account: str) -> Case:
    def build(town: Town, percent: float | None) -> None:
        where = {"school_id": "小一"}
        town.set("funds", where, **{f"training_{account}_yuan": times(2000, percent)})

    return Case(build)


def subject(column: str, step: float = 0) -> Case:
    return Case(lambda town, value: town.set("monitoring", {"subject": "数学"}, **{column: value}), step)


def pay(town: Town, percent: float | None) -> None:
    town.item(civil_servant_mean_pay_yuan=95_000, teacher_mean_pay_yuan=times(950, percent))


def backbone(town: Town, percent: float | None) -> None:
    town.item(rotation_rotated=20, rotation_backbone=times(0.2, percent))


CASES: dict[tuple, Case] = {
    ("C10", "music", "", "", None): room("music"),
    ("C10", "art", "", "", None): room("art"),
    ("C11", "", "", "", None): size("primary"),
    ("C11", "", "", "nine_year", None): size("nine_year"),
    ("C11", "", "", "twelve_year", None): size("twelve_year"),
    ("C12", "", "primary", "", None): class_size("primary"),
    ("C12", "", "junior", "", None): class_size("junior"),
    ("C14", "", "", "", None): Case(special),
    ("C14", "", "", "", 2025): Case(special),
    ("C15", "", "", "", None): Case(pay),
    ("C16", "", "", "", None): of_teachers("trained_teachers"),
    ("C18", "rotated", "", "", None): ratio("rotation_rotated", "rotation_eligible", 10),
    ("C18", "backbone", "", "", None): Case(backbone),
    ("C19", "", "", "", None): of_teachers("certified_teachers"),
    ("C20", "", "primary", "", None): in_zone("primary"),
    ("C20", "", "junior", "", None): in_zone("junior"),
    ("C21", "", "", "", None): ratio("quota_allocated", "quota_planned"),
    ("C22", "", "", "", None): ratio("migrant_placed", "migrant_eligible"),
    ("C23", "", "", "", None): Case(retention),
    ("C24", "", "", "", None): ratio("disabled_enrolled", "disabled_of_age"),
    # Where neither figure of the share is reported, the checklist decides (decision 9).
    ("C25", "broadband", "", "", None): ratio("schools_with_broadband", "schools_checked", 100, "pass"),
    ("C25", "multimedia", "", "", None): ratio(
        "regular_classrooms_multimedia", "regular_classrooms", 100, "pass"
    ),
    ("C26", "budget", "", "", None): training("budget"),
    ("C26", "final", "", "", None): training("final"),
    ("C31", "level", "", "", None): subject("level", 1),
    ("C31", "rate", "", "", None): subject("between_school_rate"),
    ("recognition", "", "", "", None): ratio("survey_satisfied", "survey_valid"),
}
for stage in SCHOOL:
    for code, column in (
        ("C1", "teachers_above_required"),
        ("C2", "backbone_teachers"),
        ("C3", "pe_arts_teachers"),
    ):
        CASES[code, "", stage, "", None] = staff(column, stage)
    CASES["C4", "", stage, "", None] = facility("teaching_area_m2", stage, indoor=100)
    CASES["C5", "", stage, "", None] = facility("sports_ground_m2", stage, indoor=-100)
    CASES["C6", "", stage, "", None] = facility("equipment_yuan", stage)
    CASES["C7", "", stage, "", None] = facility("multimedia_rooms", stage, per=100)
# The one limit whose far side is no failure: a school that is not small is not asked.
NOT_ASKED = ("C13", "pupils", "", "", None)


def expected(limit: Limit, step: float) -> dict[str, tuple[float, bool]]:
    """Return a figure at the limit, inside and outside, and whether the limit is kept."""
    near = step or limit.value * NEAR
    inwards = near if limit.side in (">=", ">") else -near
    return {
        "at": (limit.value, limit.side in (">=", "<=")),
        "inside": (limit.value + inwards, True),
        "outside": (limit.value - inwards, False),
    }


def found(assessment, code: str, district: str) -> str:
    return area(assessment, code, district) if code == "recognition" else verdict(assessment, code, district)


@pytest.mark.parametrize("which", CASES, ids=lambda k: " ".join(str(x) for x in k if x))
def test_a_limit_holds_exactly_where_it_says(which):
    code, limit, case = which[0], LIMITS[which], CASES[which]
    year = limit.from_year or YEAR
    wanted, towns = {"missing": case.unreported}, []
    for name, (figure, kept) in expected(limit, case.step).items():
        towns.append(Town(year=year, district=name))
        case.build(towns[-1], figure)
        wanted[name] = case.passed if kept else "fail"
    towns.append(Town(year=year, district="missing"))
    case.build(towns[-1], None)
    assessment = together(towns)
    assert {name: found(assessment, code, name) for name in wanted} == wanted


def test_a_rural_school_is_small_below_a_hundred_pupils():
    limit = LIMITS[NOT_ASKED]
    assert (limit.side, limit.value) == ("<", 100)
    towns = []
    for name, pupils in (("at", 100), ("below", 99), ("above", 101), ("missing", None)):
        towns.append(Town(district=name))
        small_school(towns[-1], pupils)
    assessment = together(towns)
    assert {town.name: verdict(assessment, "C13", town.name) for town in towns} == {
        "at": "not applicable",
        "below": "fail",
        "above": "not applicable",
        "missing": "no data",
    }


def test_the_money_of_a_small_school_is_held_against_a_hundred_base_amounts():
    """720 yuan a primary pupil: 72000."""
    towns = []
    for name, yuan in (("at", 72_000), ("inside", 72_000.01), ("outside", 71_999.99), ("missing", None)):
        towns.append(Town(district=name).add("村", "primary", location="rural", primary=80))
        towns[-1].set("funds", {"school_id": "村"}, allocation_yuan=yuan)
    assessment = together(towns)
    assert [verdict(assessment, "C13", town.name) for town in towns] == ["pass", "pass", "fail", "no data"]


def test_the_year_before_a_limit_begins_the_earlier_one_holds():
    """6999 yuan: enough in 2024, too little from 2025."""
    for year, wanted in ((2024, "pass"), (2025, "fail")):
        town = Town(year=year)
        special(town, 6999)
        assert verdict(town.assess(), "C14") == wanted


# The rules that are not one indicator's


def columns(code: str) -> tuple[str, str, float]:
    """Return where the amount of one of the seven stands, and the amount for a pupil that is plenty."""
    return {
        "C1": ("sections", "teachers_above_required", 0.2),
        "C2": ("sections", "backbone_teachers", 0.2),
        "C3": ("sections", "pe_arts_teachers", 0.2),
        "C4": ("facilities", "teaching_area_m2", 50),
        "C5": ("facilities", "sports_ground_m2", 50),
        "C6": ("facilities", "equipment_yuan", 9000),
        "C7": ("facilities", "multimedia_rooms", 0.2),
    }[code]


def uneven(name: str, stage: str, code: str, cv: float | None) -> Town:
    """Two schools of 100 pupils, one with 1 + cv of the mean and one with 1 - cv: the coefficient is cv."""
    town = Town(district=name, schools=False)
    town.add("少", stage, **{stage: 100}).add("多", stage, **{stage: 100})
    town.set("facilities", {}, indoor_sports_area_m2=0)
    table, column, plenty = columns(code)
    for school, share in (("少", -1), ("多", 1)):
        held = None if cv is None else 100 * plenty * (1 + share * cv)
        town.set(table, {"school_id": school}, **{column: held})
    return town


@pytest.mark.parametrize("stage", SCHOOL)
@pytest.mark.parametrize("code", SEVEN)
def test_a_coefficient_holds_up_to_its_limit(stage, code):
    limit = STANDARD.rules.coefficient.primary if stage == "primary" else STANDARD.rules.coefficient.junior
    cases = {
        "at": (limit, "pass"),
        "inside": (limit * (1 - NEAR), "pass"),
        "outside": (limit * (1 + NEAR), "fail"),
        "missing": (None, "no data"),
    }
    assessment = together([uneven(name, stage, code, cv) for name, (cv, _) in cases.items()])
    for name, (cv, wanted) in cases.items():
        row = coefficient(assessment.of(name), stage, code)
        assert (name, row["verdict"], area(assessment, "resources", name)) == (name, wanted, wanted)
        assert cv is None or row["coefficient"] == pytest.approx(cv, abs=1e-12)
        # Every school passes by itself: the coefficient alone decides.
        assert cv is None or set(assessment.of(name).rows["verdict"]) == {"pass"}


@pytest.mark.parametrize("stage", SCHOOL)
@pytest.mark.parametrize("code", SEVEN)
def test_the_remaining_one_of_seven_holds_down_to_its_floor(stage, code):
    floor = STANDARD.rules.school.floor * LIMITS[code, "", stage, "", None].value
    cases = {
        "at": (floor, "pass"),
        "inside": (floor * (1 + NEAR), "pass"),
        "outside": (floor * (1 - NEAR), "fail"),
    }
    towns = [Town(district=name) for name in cases]
    for town in towns:
        CASES[code, "", stage, "", None].build(town, cases[town.name][0])
    assessment = together(towns)
    for name, (_, wanted) in cases.items():
        row = school_row(assessment.of(name), f"{name}{SCHOOL[stage][0]}", stage)
        assert (row["met"], row[f"{code}_verdict"], row["verdict"]) == (6, "fail", wanted)


def test_every_limit_of_the_standard_has_a_case():
    assert set(LIMITS) == {*CASES, NOT_ASKED}


# One reader: a changed file changes every verdict that the entry has a part in


def test_two_thousand_pupils_fail_where_fewer_are_asked(with_change):
    """The limit of a kind keeps its own side: 2,500 pupils of a nine-year school are still allowed."""
    town = (
        Town(schools=False)
        .add("大", "primary", primary=2000)
        .add("九", "nine_year", primary=1500, junior=1000)
    )
    strict = with_change(('{ side = "<=", value = 2000', '{ side = "<", value = 2000'))
    assert verdict(town.assess(), "C11") == "pass"
    assessment = town.assess(standard=strict)
    rows = findings(assessment, "C11").set_index("school_id")
    assert rows["verdict"].to_dict() == {"大": "fail", "九": "pass"}
    assert (rows.loc["大", "side"], rows.loc["大", "gap"]) == ("<", 1)


def test_a_class_may_keep_a_side_of_its_stage(with_change):
    """Fewer than 45 at primary, at most 50 at junior: 45 fails there, 50 passes here."""
    strict = with_change(
        ('stage = "primary", side = "<=", value = 45', 'stage = "primary", side = "<", value = 45')
    )
    town = Town()
    town.set("classes", {"school_id": "小一", "grade": 1, "class_no": 1}, pupils=45)
    town.set("classes", {"school_id": "初一", "grade": 7, "class_no": 1}, pupils=50)
    assert verdict(town.assess(), "C12") == "pass"
    failing = findings(town.assess(standard=strict), "C12")
    failing = failing[(failing["verdict"] == "fail").to_numpy()]
    assert failing[["school_id", "gap", "detail"]].to_numpy().tolist() == [
        ["小一", 1, "1 个班达到或超过 45 人"]
    ]


def test_the_order_of_entries_says_nothing(with_change):
    """C14: 6,999 yuan is enough in 2024 and too little in 2025, whichever entry stands first."""
    text = changed(name="national-2017")
    first, second = (line for line in text.splitlines() if "value = 6000" in line or "value = 7000" in line)
    turned = with_change((first, "@"), (second, first), ("@", second))
    assert [m.value for m in turned["C14"].limits] == [7000, 6000]
    for year, wanted in ((2024, "pass"), (2025, "fail")):
        town = Town(year=year)
        special(town, 6999)
        assert verdict(town.assess(standard=turned), "C14") == wanted


def test_a_small_school_may_be_funded_for_more_pupils(with_change):
    """720 yuan for 120 pupils: 86,400. 80,000 is enough for a hundred, and 6,400 short of that."""
    town = Town().add("村", "primary", location="rural", primary=80)
    town.set("funds", {"school_id": "村"}, allocation_yuan=80_000)
    more = with_change(("counted_pupils = 100", "counted_pupils = 120"))
    assert verdict(town.assess(), "C13") == "pass"
    row = findings(town.assess(standard=more), "C13").iloc[0]
    assert (row["verdict"], row["limit"], row["gap"]) == ("fail", 86_400, 6_400)


def test_the_tolerance_is_the_same_everywhere(with_change):
    """0.0008 off is at the limit with a tolerance of 0.0009, and not with that of the file."""
    wide = with_change(("tolerance = 1e-9", "tolerance = 0.0009"))
    town = Town()
    town.set("rooms", {"school_id": "小一", "kind": "music"}, area_m2=95.9992)
    town.set("sections", {"school_id": "小二"}, backbone_teachers=3.997)  # 0.99925 of 400 pupils
    town.item(teacher_mean_pay_yuan=949.9933, civil_servant_mean_pay_yuan=950)  # 99.99929 %
    town.add("村", "primary", location="rural", primary=80)
    town.set("funds", {"school_id": "村"}, allocation_yuan=71_999.9992)
    codes = ("C2", "C10", "C13", "C15")
    for standard, wanted in ((STANDARD, "fail"), (wide, "pass")):
        assessment = town.assess(standard=standard)
        assert {code: verdict(assessment, code) for code in codes} == dict.fromkeys(codes, wanted)


def test_a_room_is_compared_rounded_where_all_is(with_change):
    """95.6 m² is 96 in print."""
    rounded = with_change(('compare = "raw"', 'compare = "rounded"'))
    town = Town()
    town.set("rooms", {"school_id": "小一", "kind": "music"}, area_m2=95.6)
    assert [verdict(town.assess(standard=s), "C10") for s in (STANDARD, rounded)] == ["fail", "pass"]


def test_the_limits_of_a_resource_are_all_on_one_side(with_change):
    """Less may be better, but not at one stage only: what a school lacks would mean two things."""
    with pytest.raises(StandardError, match="C6：资源指标的限值须在同一侧"):
        with_change(('side = ">=", value = 2000', 'side = "<=", value = 2000'))


@pytest.mark.parametrize(
    ("side", "figure", "gap"),
    [(">=", 44, 1), (">", 45, 1), ("<=", 46, 1), ("<", 45, 1), (">=", 45, 0), ("<=", 44, 0), ("<", 47, 3)],
)
def test_the_gap_of_what_is_counted(side, figure, gap):
    """Held against 45; what may not be reached is passed by a whole one."""
    assert STANDARD.hold(45, side).gap(np.array([figure])).tolist() == [gap]
    assert np.isnan(STANDARD.hold(45, side).gap(np.array([np.nan]))[0])


def test_the_gap_of_what_is_measured():
    """4.95 of 5 %: 0.05 points, no whole number to go."""
    assert STANDARD.hold(5, ">=", 1).gap(np.array([4.95])) == pytest.approx(0.05)
    assert STANDARD.hold(0.15, "<", 3).gap(np.array([0.15])).tolist() == [0]


# Rounding half up, against decimal arithmetic on the number as it was typed


thousandths = st.integers(-10_000_000_000, 10_000_000_000)


def by_decimal(literal: str, decimals: int) -> float:
    return float(Decimal(literal).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


@given(st.lists(thousandths, min_size=1, max_size=50), st.integers(0, 2))
def test_a_typed_number_of_three_decimals_rounds_as_on_paper(whole, decimals):
    literals = [str(Decimal(number).scaleb(-3)) for number in whole]
    rounded = round_half_up([float(literal) for literal in literals], decimals)
    assert rounded.tolist() == [by_decimal(literal, decimals) for literal in literals]


@given(st.integers(0, 9_999_999), st.integers(0, 3))
def test_a_coefficient_of_four_decimals_rounds_as_on_paper(whole, decimals):
    literal = str(Decimal(whole).scaleb(-4))
    assert float(round_half_up(float(literal), decimals)) == by_decimal(literal, decimals)


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [
        # Halves that binary numbers miss from below: Python's round gives 4.18, 1.0, 2.67.
        (4.185, 2, 4.19),
        (1.005, 2, 1.01),
        (2.675, 2, 2.68),
        # The greater the number, the more: 429712364.49999994 hundredths.
        (4_297_123.645, 2, 4_297_123.65),
        (9_999_999.995, 2, 10_000_000.0),
        # Halves that go to even in Python: 0.12, 0, 2.
        (0.125, 2, 0.13),
        (0.5, 0, 1),
        (2.5, 0, 3),
        (-0.125, 2, -0.13),
        # Just below a half is below.
        (4.1849999, 2, 4.18),
        (0.4995, 3, 0.5),
        (0.49949, 3, 0.499),
        (0, 2, 0),
    ],
)
def test_halves_go_away_from_zero(value, decimals, rounded):
    assert float(round_half_up(value, decimals)) == rounded


def test_what_is_missing_stays_missing_and_shapes_stay():
    given_ = np.array([[1.005, np.nan], [2.675, 0]])
    assert np.array_equal(round_half_up(given_, 2), [[1.01, np.nan], [2.68, 0]], equal_nan=True)


def test_a_rounded_number_is_not_rounded_again():
    once = round_half_up(np.linspace(0, 10, 1001), 2)
    assert np.array_equal(round_half_up(once, 2), once)
