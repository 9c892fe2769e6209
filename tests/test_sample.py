"""The invented sample: the same on every machine, consistent, and like real life.

Published means come from 教育部 and 河南省教育厅: the address stands beside each. The bands around them
are ours, and say how far an old city centre may stand from the mean of the country.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from qb.data.checks import check
from qb.data.reading import read
from qb.data.sample import make
from qb.data.schema import TABLES
from qb.errors import QbError
from qb.indicators.assessment import assess
from qb.terms import Kind, Stage

COMMITTED = Path(__file__).parents[1] / "data" / "sample"
COMPULSORY = ["primary", "junior"]


@pytest.fixture(scope="module")
def sample():
    return make()


@pytest.fixture(scope="module")
def latest(sample):
    """Sections of the compulsory stages in 2025, without the special school, with the school's kind."""
    sections = sample["sections"].merge(sample["schools"][["school_id", "kind"]], on="school_id")
    kept = sections["stage"].isin(COMPULSORY) & (sections["kind"] != "special") & (sections["year"] == 2025)
    return sections[kept]


def compulsory(sample, year):
    frame = sample["sections"]
    return frame[(frame["year"] == year) & frame["stage"].isin(COMPULSORY)]


# The same everywhere


def test_the_same_seed_gives_the_same_data_and_another_seed_others():
    first, again, other = make(schools=9), make(schools=9), make(schools=9, seed=7)
    for name in TABLES:
        assert_frame_equal(first[name], again[name])
    assert not first["sections"]["pupils"].equals(other["sections"]["pupils"])


def test_the_committed_sample_is_what_make_makes(sample):
    committed = read(COMMITTED)
    assert not committed.faults
    for name in TABLES:
        assert_frame_equal(committed[name], sample[name])


def test_the_committed_sample_is_small():
    assert sum(file.stat().st_size for file in COMMITTED.iterdir()) < 1_500_000


def test_a_year_is_the_same_whichever_others_are_asked_for(sample):
    alone = make(years=[2024])
    for name in (name for name, table in TABLES.items() if "year" in table.key):
        frame = sample[name]
        same = frame[frame["year"] == 2024].reset_index(drop=True)
        assert_frame_equal(alone[name], same)


def test_the_first_district_is_the_same_however_many_follow():
    one, three = make(years=[2025]), make(districts=3, years=[2025])
    for name, frame in one.tables.items():
        assert_frame_equal(three[name].head(len(frame)), frame)


# What is in it


def test_every_row_of_every_table_says_that_it_is_invented(sample):
    for name, frame in sample.tables.items():
        assert len(frame) or TABLES[name].optional, name
        assert (frame["source"] == "模拟数据").all(), name
    assert sample.districts == ["示例市古城区（模拟）"]


def test_the_size_is_that_of_an_old_city_centre(sample):
    assert sample.years == [2021, 2022, 2023, 2024, 2025]
    assert 28 <= len(sample["schools"]) <= 34
    assert 18_000 <= compulsory(sample, 2025)["pupils"].sum() <= 22_000


def test_all_kinds_of_school_are_there(sample, latest):
    schools = sample["schools"]
    assert set(schools["kind"]) == {str(kind) for kind in Kind}
    assert set(schools["ownership"]) == {"public", "private"}
    assert set(schools["location"]) == {"urban", "town", "rural"}
    points = latest.loc[latest["kind"] == "teaching_point", "pupils"]
    assert (points < 50).sum() == 1
    assert (points >= 50).sum() == 1
    assert (schools["group"].value_counts() >= 3).sum() >= 2


def test_the_campus_has_rows_of_its_own_and_the_stage_of_its_school(sample):
    campus = sample["schools"].dropna(subset="parent_id").iloc[0]
    for table in ("sections", "facilities"):
        frame = sample[table]
        stages = [
            set(frame.loc[frame["school_id"] == i, "stage"]) for i in campus[["school_id", "parent_id"]]
        ]
        assert stages == [{"primary"}, {"primary"}]


def test_schools_that_share_report_their_facilities_as_one(sample):
    frame = sample["facilities"].merge(sample["schools"][["school_id", "kind"]], on="school_id")
    shared = frame["kind"].isin(["nine_year", "twelve_year", "complete_secondary"])
    assert set(frame.loc[shared, "stage"]) == {"whole"}
    assert set(frame.loc[~shared, "stage"]) <= {str(Stage.PRIMARY), str(Stage.JUNIOR)}


def test_a_school_opened_in_2023_fills_up_from_grade_one(sample):
    new = sample["schools"].loc[sample["schools"]["opened_year"] == 2023, "school_id"].item()
    classes = sample["classes"][sample["classes"]["school_id"] == new]
    grades = {year: set(rows["grade"]) for year, rows in classes.groupby("year")}
    assert grades == {2023: {1}, 2024: {1, 2}, 2025: {1, 2, 3}}


def test_every_school_has_a_room_of_each_kind(sample):
    rooms = sample["rooms"].groupby(["year", "school_id"])["kind"].nunique()
    open_schools = sample["sections"].groupby("year")["school_id"].nunique()
    assert (rooms == 2).all()
    assert rooms.groupby("year").size().equals(open_schools)


def test_only_what_does_not_apply_is_blank(sample):
    blank = {
        (name, column)
        for name, frame in sample.tables.items()
        for column in frame
        if frame[column].isna().any()
    }
    # The sample lists each class and room, and reports the teachers above the degree as one number.
    other_ways = {
        *(("classes", name) for name in ("pupils_from", "pupils_to", "count")),
        *(("rooms", name) for name in ("area_from", "area_to", "count")),
        *(("sections", f"{degree}_teachers") for degree in ("college", "bachelor", "master", "doctor")),
    }
    assert blank == {
        *other_ways,
        ("zones", "births"),  # given for the district
        ("schools", "group"),
        ("schools", "land_available_m2"),
        ("schools", "closed_year"),  # no school of the sample has closed
        ("schools", "parent_id"),
        ("funds", "covers_campuses"),  # each campus has its own accounts
        ("sections", "in_zone_pupils"),
        ("evidence", "note"),
        ("measures", "school_id"),
        ("measures", "closed_on"),
        ("measures", "evidence"),
    }
    sections = sample["sections"].merge(sample["schools"][["school_id", "kind"]], on="school_id")
    outside = (sections["stage"] == "senior") | (sections["kind"] == "special")
    assert (sections["in_zone_pupils"].isna() == outside).all()


# It hangs together


def test_the_check_finds_nothing(sample):
    assert check(sample) == []


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.key])
def test_keys_are_unique(sample, name):
    assert not sample[name].duplicated(list(TABLES[name].key)).any()


def test_classes_add_up_to_the_section(sample):
    key = ["year", "school_id", "stage"]
    added = sample["classes"].groupby(key)["pupils"].agg(["sum", "size"])
    sections = sample["sections"].set_index(key).sort_index()
    assert added.index.equals(sections.index)
    assert (added["sum"] == sections["pupils"]).all()
    assert (added["size"] == sections["classes"]).all()
    assert sample["classes"]["pupils"].min() >= 1


def test_parts_are_no_more_than_the_whole(sample):
    sections = sample["sections"]
    for part in (
        "teachers_above_required",
        "backbone_teachers",
        "pe_arts_teachers",
        "certified_teachers",
        "trained_teachers",
    ):
        assert sections[part].between(0, sections["full_time_teachers"]).all(), part
    for part in ("in_zone_pupils", "migrant_pupils"):
        assert (sections[part].fillna(0) <= sections["pupils"]).all(), part
    facilities = sample["facilities"]
    assert (facilities["indoor_sports_area_m2"] < facilities["teaching_area_m2"]).all()


def test_grades_move_up_with_few_leaving_or_joining(sample):
    size = sample["classes"].groupby(["year", "school_id", "grade"])["pupils"].sum()
    size = size[~size.index.get_level_values("grade").isin([6, 9, 12])]
    before = size.reset_index()
    before["year"] += 1
    before["grade"] += 1
    pairs = before.merge(
        sample["classes"].groupby(["year", "school_id", "grade"], as_index=False)["pupils"].sum(),
        on=["year", "school_id", "grade"],
        suffixes=("_before", "_after"),
    )
    # Every grade of the last four years but the entering ones has its year before.
    assert len(pairs) == len(size[size.index.get_level_values("year") < 2025])
    moved = (pairs["pupils_after"] - pairs["pupils_before"]).abs()
    assert (moved <= 0.05 * pairs["pupils_before"] + 1).all()
    assert moved.sum() > 0


def test_children_of_the_zones_are_about_the_pupils_in_zone(sample):
    for stage in COMPULSORY:
        zones, sections = sample["zones"], sample["sections"]
        schools = sample["schools"].set_index("school_id")
        in_zone = sections[(sections["stage"] == stage) & (sections["year"] == 2025)]
        public = schools.loc[in_zone["school_id"], "ownership"].to_numpy() == "public"
        children = zones.loc[zones["year"] == 2025, f"{stage}_children"].sum()
        assert children == pytest.approx(in_zone.loc[public, "in_zone_pupils"].sum(), rel=0.02)


def test_a_zone_belongs_to_the_nearest_school_of_the_stage(sample):
    zones = sample["zones"][sample["zones"]["year"] == 2025]
    schools = sample["schools"].set_index("school_id")
    for stage in COMPULSORY:
        taken = schools.loc[zones[f"{stage}_school_id"].unique()]
        apart = np.hypot(
            (zones["longitude"].to_numpy()[:, None] - taken["longitude"].to_numpy()) * 0.83,
            zones["latitude"].to_numpy()[:, None] - taken["latitude"].to_numpy(),
        )
        assert (taken.index[apart.argmin(axis=1)] == zones[f"{stage}_school_id"]).all()
    assert 50 <= len(zones) <= 70


def test_overdue_closed_and_open_measures_are_all_there(sample):
    measures = sample["measures"]
    assert set(measures["status"]) == {"open", "done", "closed"}
    assert ((measures["status"] == "open") & (measures["deadline"] < "2025-09-01")).any()
    assert (measures["closed_on"].notna() == (measures["status"] == "closed")).all()


# Like real life


# (what, published, band): the band is where the sample of 2025 must lie.
PUBLISHED = [
    # 16.19 in 2022, 教育部 (168ayy.com/guancha/2023/0705/16314.html); Henan 18.63 in 2017 (jyt.henan.gov.cn)
    ("pupils per teacher, primary", (16.19, 18.63), (16.2, 18.7)),
    # 51,206,000 / 4,025,200 in 2022 (djxww.com/public/2023/0323/138229.html); Henan 13.51 in 2017
    ("pupils per teacher, junior", (12.72, 13.51), (12.5, 13.6)),
    # Henan .9455 in 2017; country .989 in 2022
    ("above the required degree, primary", (0.9455, 0.989), (0.9455, 0.989)),
    # Henan .7743 in 2017; country .9171 in 2022
    ("above the required degree, junior", (0.7743, 0.9171), (0.80, 0.9171)),
    # Henan 35.9 in 2023 (gd.huaxia.com/c/2024/04/15/1908194.shtml); a city lies above, under the limit of 45
    ("class size, primary", (35.9,), (35.9, 45)),
]


def test_people_are_as_many_as_published(latest):
    totals = latest.groupby("stage")[
        ["pupils", "classes", "full_time_teachers", "teachers_above_required"]
    ].sum()
    ratio = totals["pupils"] / totals["full_time_teachers"]
    degree = totals["teachers_above_required"] / totals["full_time_teachers"]
    found = {
        "pupils per teacher, primary": ratio["primary"],
        "pupils per teacher, junior": ratio["junior"],
        "above the required degree, primary": degree["primary"],
        "above the required degree, junior": degree["junior"],
        "class size, primary": totals.loc["primary", "pupils"] / totals.loc["primary", "classes"],
    }
    outside = {what: found[what] for what, _, (low, high) in PUBLISHED if not low <= found[what] <= high}
    assert outside == {}


def test_the_district_is_wealthier_than_in_2021_and_narrower_than_the_country(sample):
    # 2021, both stages together: 5.1 m² floor, 8.2 m² sports, 2285 yuan a pupil
    # (教育部 2022-09-27, yndtjj.com/caijing/20220927/2727918.html)
    pupils = sample["sections"].groupby("year")["pupils"].sum()
    amounts = sample["facilities"].groupby("year").sum(numeric_only=True)
    per_pupil = amounts.div(pupils, axis=0)
    assert per_pupil.loc[2021, "equipment_yuan"] == pytest.approx(2285, rel=0.06)
    assert per_pupil["equipment_yuan"].is_monotonic_increasing
    sports = per_pupil["sports_ground_m2"] + per_pupil["indoor_sports_area_m2"]
    assert sports[2021] < 8.2
    floor = per_pupil["teaching_area_m2"] - per_pupil["indoor_sports_area_m2"]
    assert floor[2021] == pytest.approx(5.1, rel=0.08)


def test_entrants_of_primary_school_decline_as_in_henan(sample):
    # Henan 2023: 1,489,500 entered and 1,691,400 left (gd.huaxia.com/c/2024/04/15/1908194.shtml): .88
    size = sample["classes"].groupby(["year", "grade"])["pupils"].sum()
    assert size[2023, 1] > size[2024, 1] > size[2025, 1]
    assert 0.80 <= size[2025, 1] / size[2025, 6] <= 0.95


def test_things_improve_over_the_years(sample):
    sections = sample["sections"]
    sections = sections[sections["stage"].isin(COMPULSORY)]
    totals = sections.groupby("year").sum(numeric_only=True)
    for column in ("teachers_above_required", "backbone_teachers", "trained_teachers", "certified_teachers"):
        assert (totals[column] / totals["full_time_teachers"]).is_monotonic_increasing, column
    limit = sample["classes"]["stage"].map({"primary": 45, "junior": 50})
    large = (sample["classes"]["pupils"] > limit).groupby(sample["classes"]["year"]).sum()
    assert large.is_monotonic_decreasing
    assert large[2025] < large[2021] / 4
    assert large[2025] > 0


def test_sizes_differ_as_sizes_do(latest):
    total = latest[latest["stage"] == "primary"].groupby("school_id")["pupils"].sum()
    assert total.max() > 2000
    assert total.mean() > 1.2 * total.median()  # skewed to the right


def test_nothing_is_perfectly_round(sample):
    facilities = sample["facilities"]
    for column in ("teaching_area_m2", "sports_ground_m2", "equipment_yuan"):
        assert (facilities[column] % 100 == 0).mean() < 0.05, column


# What the rules say of it


@pytest.fixture(scope="module")
def verdicts(sample):
    return {year: assess(sample, year=year) for year in (2021, 2025)}


def test_about_half_of_the_schools_pass_in_2025_and_fewer_in_2021(verdicts):
    share = {year: (a.rows["verdict"] == "pass").mean() for year, a in verdicts.items()}
    assert 0.45 <= share[2025] <= 0.65
    assert share[2021] < share[2025] - 0.2


def test_many_fail_on_sports_ground_and_some_on_floor(verdicts):
    rows = verdicts[2025].rows
    fails = {code: (rows[f"{code}_verdict"] == "fail").mean() for code in ("C1", "C4", "C5")}
    assert 0.25 <= fails["C4"] <= 0.6
    assert 0.35 <= fails["C5"] <= 0.6
    assert fails["C1"] < 0.1


def test_one_or_two_coefficients_exceed_their_limit_in_2025(verdicts):
    balance = verdicts[2025].balance
    over = balance[balance["verdict"] == "fail"]
    assert 1 <= len(over) <= 2
    assert ("primary", "C5") in set(zip(over["stage"], over["code"], strict=True))


def test_the_guarantees_and_quality_are_mostly_met_in_2025(verdicts):
    indicators = verdicts[2025].indicators.set_index("code")["verdict"].iloc[7:]
    assert {code for code, verdict in indicators.items() if verdict != "pass"} == {
        "C10",
        "C11",
        "C12",
        "C16",
        "C25",
    }
    earlier = verdicts[2021].indicators.set_index("code")["verdict"]
    assert earlier["C26"] == "fail"
    assert earlier["C31"] == "fail"
    areas = verdicts[2025].areas.set_index("area")["verdict"]
    assert areas["recognition"] == "pass"
    assert areas["veto"] == "pass"


# Any size


def test_many_districts_have_names_and_identifiers_of_their_own():
    data = make(schools=66, districts=20, years=[2025])
    schools = data["schools"]
    assert len(data.districts) == 20
    assert (schools.groupby("district").size() == 66).all()
    assert schools["school_id"].is_unique
    assert schools["school_id"].str.startswith("0").all()
    assert not schools.duplicated(["district", "name"]).any()
    assert len(data["sections"]) == pytest.approx(66 * 20 * 1.25, rel=0.05)
    assert data["sections"].groupby("year")["pupils"].sum().item() == pytest.approx(66 * 20 * 670, rel=0.15)
    assert check(data) == []


@pytest.mark.parametrize("schools", [1, 2, 7, 31])
def test_a_district_of_any_number_of_schools_is_whole(schools):
    data = make(schools=schools, years=[2025])
    assert len(data["schools"]) == schools
    assert set(data["schools"]["parent_id"].dropna()) <= set(data["schools"]["school_id"])
    assert [fault for fault in check(data) if fault.severity == "stops"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"schools": 0}, "学校数"),
        ({"districts": -1}, "县区数"),
        ({"years": []}, "学年"),
        ({"years": [1990]}, "1990"),
        ({"seed": -1}, "随机种子"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments, said):
    with pytest.raises(QbError, match=said):
        make(**arguments)


def test_years_may_come_in_any_order_and_twice():
    data = make(schools=5, years=[2025, 2024, 2025])
    assert data.years == [2024, 2025]
    assert not data["sections"].duplicated(["year", "school_id", "stage"]).any()
    assert isinstance(data["sections"]["pupils"].dtype, np.dtype)
    assert pd.api.types.is_integer_dtype(data["sections"]["year"])
