"""Where a new school should stand: equal to trying everything, and done by the scenario that says it."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from messages import arguments_of
from test_scenario import STANDARD, town

from qb.planning.scenario import apply, load, to_toml, whatif
from qb.planning.scenario.year_records import rows_of
from qb.planning.siting.candidate_sites import Aim, SitingError, load_sites
from qb.planning.siting.site_choice import json_document, site
from qb.planning.siting.siting_problem import NONE, SitingProblem, build
from qb.planning.siting.siting_solver import SitingStatus, solve
from qb.planning.siting.siting_summary import summary
from qb.standard.limits import LimitInForce
from qb.terms import Stage


def within(km):
    """Return the longest walks as a limit that the walks keep."""
    return LimitInForce(km, "<=", 2, False, 1e-9)


CANDIDATE = {
    "site": "S1",
    "name": "模拟新校",
    "kind": "primary",
    "location": "urban",
    "longitude": 114.003,
    "latitude": 34.0,
    "primary_capacity": 90,
}


def candidates(*changes):
    return pd.DataFrame([{**CANDIDATE, **change} for change in changes or ({},)])


def sited(*changes, data=None, **options):
    return site(data or town(), candidates(*changes), standard=STANDARD, **options)


def schools_of(data, year=2025):
    """Return the school of each zone and stage as the table has it."""
    zones = rows_of(data["zones"], year).set_index("zone_id")
    return {(z, s): zones.loc[z, f"{s}_school_id"] for z in zones.index for s in ("primary", "junior")}


# Against trying everything


def question(seed):
    """Return a small problem of two stages, tight enough that some have no answer."""
    rng = np.random.default_rng(seed)
    groups, sites = int(rng.integers(3, 6)), int(rng.integers(1, 4))
    stage = rng.integers(0, 2, groups)
    seat_stage = np.array([0, 1, *[s for _ in range(sites) for s in (0, 1)]])
    site = np.array([NONE, NONE, *np.repeat(np.arange(sites), 2)])
    option_site = np.sort(np.concatenate([np.arange(sites), rng.integers(0, sites, 1)]))
    brought = np.where(
        site == option_site[:, None], rng.choice([0, 40, 90, 150], (len(option_site), len(site))), 0
    )
    spot, home = rng.random((len(site), 2)), rng.random((groups, 2))
    spot[3::2] = spot[2::2]
    km = np.hypot(*(home[:, None] - spot[None]).transpose(2, 0, 1))
    children = rng.integers(1, 80, groups).astype(float)
    now = np.where(rng.random(groups) < 0.8, stage, NONE)
    return SitingProblem(
        children=children,
        km=np.where(stage[:, None] == seat_stage, km, np.nan),
        limit=within(np.where(stage == 0, 0.3, 0.5)),
        now=now,
        capacity=np.where(site == NONE, rng.integers(40, 250, len(site)), 0).astype(float),
        leaving=np.where(site == NONE, rng.integers(30, 250, len(site)), np.inf),
        site=site,
        option_site=option_site,
        option_capacity=brought.astype(float),
    )  # fmt: skip


def tried(problem, most):
    """Return the least (children without a place, what counts first, walk) over every choice there is."""
    groups, seats = problem.km.shape
    every = np.array(list(itertools.product(range(-1, seats), repeat=groups)))
    rows = np.arange(groups)
    ways = np.where(every == NONE, 0.0, problem.km[rows, every])
    every, ways = every[~np.isnan(ways).any(axis=1)], ways[~np.isnan(ways).any(axis=1)]
    load = np.stack([(problem.children * (every == seat)).sum(axis=1) for seat in range(seats)], axis=1)
    gone = np.stack(
        [
            (problem.children * ((problem.now == s) & (every != s) & (every != NONE))).sum(axis=1)
            for s in range(seats)
        ],
        axis=1,
    )
    able = (gone <= problem.leaving).all(axis=1)
    left = (problem.children * (every == NONE)).sum(axis=1)
    near = (problem.children * ((every != NONE) & (ways <= problem.limit.value))).sum(axis=1)
    walk = (problem.children * ways).sum(axis=1)
    first = {Aim.WITHIN: -near, Aim.WALK: 0 * walk, Aim.FARTHEST: ways.max(axis=1)}[problem.counts]
    found = []
    for count in range(most + 1):
        for opened in itertools.combinations(range(len(problem.option_site)), count):
            if len(set(problem.option_site[list(opened)])) == count:
                room = problem.capacity + problem.option_capacity[list(opened)].sum(axis=0)
                fits = able & (load <= room).all(axis=1)
                found += list(zip(left[fits], first[fits], walk[fits], strict=True))
    least = min(found)
    return least if least[0] == 0 else (least[0], None, None)


@pytest.mark.parametrize("seed", range(60))
def test_a_plan_is_the_best_of_all_that_there_are(seed):
    problem, most = question(seed), 1 + seed % 2
    left, within, walk = tried(problem, most)
    plan = solve(problem, most)
    assert plan.unplaced == left
    if left:
        assert plan.status is SitingStatus.INFEASIBLE
        return
    assert plan.status is SitingStatus.OPTIMAL
    assert plan.within.value == -within == plan.within.bound
    assert plan.walk.value == pytest.approx(walk, rel=1e-6) and plan.walk.gap <= 1e-6
    assert plan.walk.bound <= plan.walk.value
    # What is reported is what the seats give.
    ways = problem.km[np.arange(len(plan.seat)), plan.seat]
    assert problem.children @ ways == pytest.approx(plan.walk.value)
    room = problem.capacity + problem.option_capacity[list(plan.opened)].sum(axis=0)
    assert (np.bincount(plan.seat, problem.children, len(room)) <= room).all()
    assert len(plan.opened) <= most


@pytest.mark.parametrize("aim", [Aim.WALK, Aim.FARTHEST])
@pytest.mark.parametrize("seed", range(12))
def test_so_it_is_where_something_else_counts_first(seed, aim):
    problem, most = replace(question(seed), counts=aim), 1 + seed % 2
    left, far, walk = tried(problem, most)
    plan = solve(problem, most)
    assert plan.unplaced == left
    if left:
        return
    assert plan.status is SitingStatus.OPTIMAL and np.isnan(plan.within.bound)
    assert plan.walk.value == pytest.approx(walk, rel=1e-6) and plan.walk.gap <= 1e-6
    if aim is Aim.FARTHEST:
        assert plan.farthest == (pytest.approx(far), pytest.approx(far), 0)


def test_the_random_cases_are_of_every_sort():
    plans = [solve(question(seed), 1 + seed % 2) for seed in range(60)]
    infeasible = sum(plan.status is SitingStatus.INFEASIBLE for plan in plans)
    opened = [len(plan.opened) for plan in plans if plan.status is SitingStatus.OPTIMAL]
    assert infeasible >= 5 and opened.count(0) >= 3 and opened.count(1) >= 5 and opened.count(2) >= 5


# By hand. A degree of longitude at 34° is 92.19 km, so Z0, Z1 and Z2 lie 0, 0.24 and 0.12 km (× 1.3) from
# A, A and B. A has 6 classes of 45 and 179 pupils of no zone: 91 places, and 60 + 61 children.


def test_children_within_distance_come_before_kilometres():
    plan = sited({"longitude": 114.9}).scenario(1)
    # Keeping Z1 (61) at A rather than Z0 (60) brings one child more within 500 m, though it costs
    # 61 × 0.24 + 60 × 1.20 km, not 61 × 0.96.
    assert [(a.zones, a.to) for a in plan.actions] == [(("Z0",), "B")]


def test_what_counts_first_decides():
    """A (91 places) holds 90 children 0.4 km away or 10 children next door, not all 100.

    The 10 to the other school: 90 within 0.5 km, 36 + 11 km in all, the farthest walks 1.1 km. The 90
    there: 10 within, 81 km, the farthest 0.9 km.
    """
    problem = SitingProblem(
        children=np.array([90.0, 10.0]),
        km=np.array([[0.4, 0.9], [0.0, 1.1]]),
        limit=within(np.array([0.5, 0.5])),
        now=np.array([0, 0]),
        capacity=np.array([91.0, 300.0]),
        leaving=np.array([100.0, 100.0]),
        site=np.array([NONE, NONE]),
        option_site=np.array([], dtype=int),
        option_capacity=np.zeros((0, 2)),
    )
    found = {aim: solve(replace(problem, counts=aim), most=0) for aim in Aim}
    assert {aim: plan.seat.tolist() for aim, plan in found.items()} == {
        Aim.WITHIN: [0, 1],
        Aim.WALK: [0, 1],
        Aim.FARTHEST: [1, 0],
    }
    assert found[Aim.FARTHEST].farthest == (0.9, 0.9, 0) and found[Aim.FARTHEST].within.value == 10
    assert found[Aim.WALK].walk.value == pytest.approx(47) and found[Aim.WITHIN].within.bound == 90


def asking(tmp_path, **options):
    """Return a file of one candidate, far away, that asks for something."""
    lines = [f"{k} = {v}" for k, v in options.items()]
    lines += ["[[candidates]]", *(f"{k} = {v!r}" for k, v in {**CANDIDATE, "longitude": 114.9}.items())]
    file = tmp_path / "sites.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_the_file_says_what_counts_how_far_is_near_and_how_many_places_there_are(tmp_path):
    usual = site(town(), asking(tmp_path), standard=STANDARD)
    assert [(a.zones, a.to) for a in usual.scenario(1).actions] == [(("Z0",), "B")]
    # 60 × 1.20 + 61 × 0.24 km, or 61 × 0.96.
    walk = site(town(), asking(tmp_path, counts='"walk"'), standard=STANDARD)
    assert [(a.zones, a.to) for a in walk.scenario(1).actions] == [(("Z1",), "B")]
    made = json_document(walk)
    assert (made["counts"], made["detour"], made["limits_km"]) == ("walk", 1.3, {"primary": 0.5, "junior": 1})
    assert made["options"][1]["within_bound"] is None and made["options"][1]["gap"] <= 1e-6
    text = summary(walk)
    assert walk.asked.counts is Aim.WALK and "先比全部学生的步行总里程" in text
    assert "步行距离按直线距离 × 1.3 估算" in text and "步行距离以内至多" not in text and "nan" not in text
    # With 0.2 km for both stages neither Z1 (0.24 km) nor a junior is near: Z0, Z2 and Z3 are.
    near = site(town(), asking(tmp_path, walk_km="{ primary = 0.2 }"), standard=STANDARD)
    assert near.options["within"][0] == 60 + 90 + 30 and near.labels.limits_km == {
        "primary": 0.2,
        "junior": 1,
    }
    # 300 places at A, 179 of them taken by others: both zones stay.
    places = '[{ school_id = "A", stage = "primary", capacity = 300 }]'
    assert not site(town(), asking(tmp_path, capacities=places), standard=STANDARD).scenario(1).actions


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"counts": '"near"'}, "counts（现为 'near'）：只能是"),
        ({"walk_km": "{ primary = 0 }"}, "walk_km.primary（现为 0）：须大于 0"),
        ({"walk_km": "{ senior = 2 }"}, "walk_km.senior（现为 2）：不认识这一项"),
        ({"capacities": '[{ school_id = "Q", stage = "primary", capacity = 3 }]'}, "学校 Q 不在学校表中"),
    ],
)
def test_an_option_of_the_file_that_makes_no_sense_is_refused(tmp_path, options, said):
    with pytest.raises(SitingError) as refused:
        site(town(), asking(tmp_path, **options), standard=STANDARD)
    assert said in str(refused.value) and "sites.toml" in str(refused.value)


def test_a_new_school_takes_what_the_old_one_cannot():
    found = sited()
    best = found.assigned(1).set_index(["zone_id", "stage"])["school_id"]
    assert [one.site for one in found.chosen] == ["S1"]
    assert (best["Z0", "primary"], best["Z1", "primary"], best["Z2", "primary"]) == ("A", "S1", "B")
    of = found.distances.set_index(["option", "stage"])
    # 60 + 61 + 90 + 30 children; Z1 walks 0.001° to the new school, 0.002° to the old one.
    assert of.loc[(1, "primary"), "within"] == 241
    assert of.loc[(1, "primary"), "mean_km"] == pytest.approx((61 + 90) * 0.001 * 92.19 * 1.3 / 241, rel=1e-3)
    assert of.loc[(0, "primary"), "mean_km"] == pytest.approx(
        (122 + 90) * 0.001 * 92.19 * 1.3 / 241, rel=1e-3
    )


def test_a_walk_of_the_table_goes_before_the_straight_line():
    # There is a river between Z1 and the new school: 0.9 km, not 0.12. Now Z0 goes there (0.003°: 0.36 km)
    # and Z1 stays at A, 0.24 km away. Of 4 zones there are ways to A, B, C, N and S1; X9 is none of them.
    table = pd.DataFrame({"zone_id": ["Z1", "Z0"], "place_id": ["S1", "X9"], "walk_km": [0.9, 1.0]})
    found = sited(data=town().replace(distances=table))
    best = found.assigned(1).set_index(["zone_id", "stage"])
    assert (best["school_id"]["Z0", "primary"], best["school_id"]["Z1", "primary"]) == ("S1", "A")
    assert best["km"]["Z0", "primary"] == pytest.approx(0.3595, abs=1e-3)
    assert json_document(found)["ways"] == 20 and json_document(found)["ways_measured"] == 1
    assert (found.labels.pairs, found.labels.measured, found.labels.detour) == (20, 1, 1.3)
    assert [arguments_of(note) for note in found.notes] == [(1, "X9")]


def test_where_the_table_has_every_walk_no_coordinates_are_needed():
    """The straight lines of the town as a table and no coordinates: the same plan. One walk less is named."""
    data, before = town(), sited()
    groups, seats = before.labels.groups, before.labels.seats
    zone, place = np.nonzero(~np.isnan(before.problem.km))
    names = {"zone_id": groups["zone_id"].to_numpy()[zone], "place_id": seats["school_id"].to_numpy()[place]}
    table = (
        pd.DataFrame(names)
        .assign(walk_km=before.problem.km[zone, place])
        .drop_duplicates(["zone_id", "place_id"])
    )
    nowhere = {"longitude": np.nan, "latitude": np.nan}
    bare = data.replace(schools=data["schools"].assign(**nowhere), zones=data["zones"].assign(**nowhere))
    site_ = {"longitude": None, "latitude": None}
    found = sited(site_, data=bare.replace(distances=table))
    pd.testing.assert_frame_equal(found.assigned(1), before.assigned(1))
    assert json_document(found)["ways_measured"] == json_document(found)["ways"] == 20
    assert found.scenario(1).actions[0].longitude is None
    # Zone Z3 without its walk to the site: it is left out, and so is its part of the children.
    short = table[~((table["zone_id"] == "Z3") & (table["place_id"] == "S1"))]
    placed = bare.replace(
        zones=data["zones"].assign(
            longitude=data["zones"]["longitude"].mask(data["zones"]["zone_id"] == "Z3")
        )
    )
    left = sited(site_, data=placed.replace(distances=short))
    assert [arguments_of(note) for note in left.notes] == [(1, 30)]
    with pytest.raises(SitingError) as refused:
        sited(site_, data=data.replace(distances=short))
    assert arguments_of(refused.value) == (1, "S1")


def test_the_smallest_size_that_does_as_well_is_recommended():
    found = sited({"primary_capacity": 600}, {"primary_capacity": 61}, {"primary_capacity": 300})
    assert [one.primary_capacity for one in found.chosen] == [61]


def test_a_zone_is_not_divided_and_the_answer_says_what_would_help():
    given = [{"school_id": s, "stage": "primary", "capacity": 300} for s in "ABCN"]
    # Beyond the children of zones A has 179 pupils, B 90, N 120: room for 50 at A, 50 at B and 50 at C.
    given = pd.DataFrame(given).assign(capacity=[229, 140, 50, 120])
    found = sited({"primary_capacity": 59, "junior_capacity": 0}, capacities=given)
    # Z3 (30) finds room; 60, 61 and 90 do not, though 50 + 50 + 20 + 59 places are left.
    assert found.status is SitingStatus.INFEASIBLE and found.best.unplaced == 60 + 61 + 90
    text = "".join(found.notes)
    assert "小学有 211 名学生没有学位" in text and "请扩大候选学校的规模" in text
    with pytest.raises(SitingError, match="放不下全部学生"):
        found.scenario(1)
    assert "没有学位" in summary(found)


def test_a_school_too_small_for_any_zone_is_not_opened():
    found = sited({"primary_capacity": 20})
    told = (found.status, found.chosen, found.options["option"].tolist())
    assert told == (SitingStatus.OPTIMAL, (), [0, 1])
    assert "只调整划片" in summary(found)


def test_more_sites_are_proposed_where_one_is_too_few():
    given = pd.DataFrame({"school_id": list("ABCN"), "stage": "primary", "capacity": [0, 0, 30, 0]})
    four = [{"site": f"S{i}", "longitude": 114 + i / 1000, "primary_capacity": 100} for i in range(4)]
    found = sited(*four, capacities=given)
    assert found.status is SitingStatus.INFEASIBLE and found.best.unplaced == 60 + 61
    assert any("放宽到 3 所" in note for note in found.notes)
    assert sited(*four, capacities=given, most=3).status is SitingStatus.OPTIMAL


def test_the_walking_limits_are_those_of_the_standard():
    rule = STANDARD.rules.distance.model_copy(update={"primary_km": 0.2})
    strict = STANDARD.model_copy(update={"rules": STANDARD.rules.model_copy(update={"distance": rule})})
    wide, near = (site(town(), candidates(), standard=s).distances for s in (STANDARD, strict))
    # Z1 walks 0.24 km to A today.
    assert wide.query("option == 0 and stage == 'primary'")["within"].item() == 241
    assert near.query("option == 0 and stage == 'primary'")["within"].item() == 241 - 61
    # Nobody is within 1 km of the one junior school: Z2 has 1.08 km.
    assert wide.query("option == 0 and stage == 'junior'")["within"].item() == 0


def test_a_school_does_not_send_away_more_pupils_than_it_has():
    data = town()
    zones = data["zones"].copy()
    zones.loc[zones["zone_id"] == "Z3", "primary_children"] = 31  # C has 30 pupils
    found = sited({"longitude": 114.05, "primary_capacity": 300}, data=data.replace(zones=zones))
    assert found.assigned(1).set_index(["zone_id", "stage"]).loc[("Z3", "primary"), "school_id"] == "C"
    assert found.options["reason"].isna().all()


def test_a_campus_counts_with_its_parent():
    data = town()
    schools = data["schools"].copy()
    schools.loc[schools["school_id"] == "C", "parent_id"] = "B"
    zones = data["zones"].copy()
    zones.loc[zones["zone_id"] == "Z3", "primary_school_id"] = "B"
    problem, labels = build(
        data.replace(schools=schools, zones=zones), load_sites(candidates()), 2025, STANDARD
    )
    room = dict(
        zip(zip(labels.seats["school_id"], labels.seats["stage"], strict=True), problem.capacity, strict=True)
    )
    # 12 classes of 45, and 180 + 30 pupils, 90 + 30 of whom come from the zones.
    assert room["B", "primary"] == 540 - 90 and ("C", "primary") not in room


# The sample


@pytest.fixture(scope="module")
def sample(committed):
    zones = rows_of(committed["zones"], 2025)
    rng = np.random.default_rng(7)
    corners = zones[["longitude", "latitude"]].agg(["min", "max"]).to_numpy()
    kinds = [("primary", 540, 0), ("nine_year", 660, 360), ("junior", 0, 750)]
    rows = [
        {
            **CANDIDATE,
            "site": f"S{i}",
            "kind": kind,
            "longitude": lon,
            "latitude": lat,
            "primary_capacity": primary,
            "junior_capacity": junior,
        }
        for i, (lon, lat) in enumerate(rng.uniform(*corners, (4, 2)))
        for kind, primary, junior in kinds
    ]  # fmt: skip
    return site(committed, pd.DataFrame(rows), 2025)


def test_the_file_of_the_best_plan_gives_the_same_assignment_under_whatif(sample, committed, tmp_path):
    file = tmp_path / "best.toml"
    file.write_text(to_toml(sample.scenario(1)), encoding="utf-8")
    assert load(file).actions == sample.scenario(1).actions
    found = whatif(committed, [file])
    after, before = schools_of(found.outcomes[0].data[2025]), schools_of(committed)
    planned = sample.assigned(1).set_index(["zone_id", "stage"])["school_id"]
    assert sample.chosen and (planned != sample.assigned(1).set_index(["zone_id", "stage"])["before"]).any()
    assert {key: after[key] for key in planned.index} == planned.to_dict()
    assert all(after[key] == before[key] for key in after if key not in planned.index)
    # The figures of the table are those of the comparison, and the walks those of qb.scenario.
    row, rows = sample.options.iloc[1], found.outcomes[0].assessments[2025].rows
    assert (row["rows"], row["passing"]) == (len(rows), (rows["verdict"] == "pass").sum())
    for option, number in ((0, 0), (1, 1)):
        mine = sample.distances[(sample.distances["option"] == option).to_numpy()]
        walked = found.walking[(found.walking["scenario"] == number).to_numpy()]
        for name in ("children", "mean_km", "farthest_km", "unknown"):
            np.testing.assert_allclose(mine[name], walked[name])


def test_no_school_gets_more_pupils_than_its_classes_hold(sample, committed):
    for option in range(1, len(sample.solutions) + 1):
        after = apply(committed, sample.scenario(option), 2025)
        held, old = (
            rows_of(data["sections"], 2025).set_index(["school_id", "stage"])["pupils"]
            for data in (after, committed)
        )
        classes = rows_of(committed["sections"], 2025).set_index(["school_id", "stage"])["classes"]
        grown = [key for key in old.index if held[key] > old[key]]
        assert all(held[school, stage] <= classes[school, stage] * (45 if stage == "primary" else 50)
                   for school, stage in grown)  # fmt: skip
        for one in sample.opened(option):
            assert held.get((one.site, "primary"), 0) <= one.primary_capacity
            assert held.get((one.site, "junior"), 0) <= one.junior_capacity


def test_plans_are_ranked_and_differ_in_their_sites(sample):
    plans = sample.options.iloc[1:]
    assert plans["sites"].is_unique and len(plans) == 4
    order = list(zip(-plans["within"], plans["child_km"].round(6), strict=True))
    assert order == sorted(order)
    assert sample.within.value == plans["within"].iloc[0] and sample.gap <= 1e-6
    assert sample.bound <= plans["child_km"].iloc[0] + 1e-6


def test_the_ranked_plans_are_the_best_site_by_site(sample):
    alone = []
    for number in range(sample.problem.sites):
        others = [frozenset({s}) for s in range(sample.problem.sites) if s != number]
        alone.append(solve(sample.problem, 1, without=others, least=1))
    best = sorted((-plan.within.value, round(plan.walk.value, 4)) for plan in alone)[:3]
    ranked = [s for s in sample.solutions if s.opened]
    assert [(-s.within.value, round(s.walk.value, 4)) for s in ranked] == best


def test_a_plan_no_better_than_new_zones_alone_is_not_listed():
    # The second site lies 80 km away: pupils could be sent there, and nobody gains.
    found = sited({}, {"site": "S2", "longitude": 114.9})
    assert found.options["sites"].tolist() == ["", "S1", ""]


def test_the_same_question_has_the_same_answer():
    one, other = sited(), sited()
    pd.testing.assert_frame_equal(one.options, other.options)
    pd.testing.assert_frame_equal(one.assigned(1), other.assigned(1))


def test_a_file_says_the_same_as_a_frame(tmp_path):
    file = tmp_path / "sites.toml"
    lines = [f"{k} = {v!r}" for k, v in CANDIDATE.items()]
    file.write_text("[[candidates]]\n" + "\n".join(lines), encoding="utf-8")
    assert load_sites(file) == load_sites(candidates())


def test_the_summary_names_site_kind_and_size():
    text = summary(sited())
    assert "建议开办：模拟新校（S1），小学，小学 90 人" in text and "已证最优" in text


# What is refused


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "college"}, "kind（现为 'college'）：只能是"),
        ({"primary_capacity": -1}, "primary_capacity（现为 -1）：须不小于 0"),
        ({"primary_capacity": 60.5}, "primary_capacity（现为 60.5）"),
        ({"primary_capacity": None}, "没有学位"),
        ({"kind": "special"}, "特殊教育学校不按小区划片"),
        ({"junior_capacity": 50}, "没有“初中”学段"),
        ({"longitude": 214.0}, "longitude（现为 214.0）：须不大于 180"),
        ({"latitude": None}, "longitude 与 latitude 须同时写"),
        ({"site": "A"}, "校址 A 与现有学校（模拟A）的标识码相同"),
        ({"district": "远县"}, "县区“远县”不在数据中"),
        ({"colour": "red"}, "colour（现为 'red'）：不认识这一项"),
    ],
)
def test_a_candidate_that_makes_no_sense_is_refused(change, said):
    with pytest.raises(SitingError) as refused:
        sited(change)
    assert said in str(refused.value)


def test_what_is_refused_names_the_file(tmp_path):
    file = tmp_path / "old.toml"
    lines = [f"{k} = {v!r}" for k, v in {**CANDIDATE, "site": "A"}.items()]
    file.write_text("[[candidates]]\n" + "\n".join(lines), encoding="utf-8")
    with pytest.raises(SitingError) as refused:
        site(town(), file, standard=STANDARD)
    assert arguments_of(refused.value) == (file, 1, "A", "模拟A")


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        # At 114° east there is no such latitude; at 80° east, 34° north there is one, 5,000 km away.
        ({}, {"longitude": 34.0, "latitude": 114.003}),
        ({"longitude": 80.0}, {"longitude": 34.0, "latitude": 80.003}),
    ],
)
def test_longitude_and_latitude_exchanged_are_refused_in_those_words(zone, change):
    data = town()
    data = data.replace(zones=data["zones"].assign(**zone))
    with pytest.raises(SitingError) as refused:
        sited(change, data=data)
    assert arguments_of(refused.value)[-3:] == ("S1", change["longitude"], change["latitude"])


def test_a_site_too_far_for_every_zone_is_questioned():
    # 0.01° of latitude are 1.112 km, × 1.3; Z0 lies south of it, and 0.5 km is the limit.
    (note,) = sited({"longitude": 114.0, "latitude": 34.01}).notes
    assert arguments_of(note) == ("S1", "模拟新校", pytest.approx(1.3 * 1.112, abs=1e-3))
    assert sited().notes == ()


def test_a_site_for_a_stage_of_which_no_zone_has_children_is_refused():
    data = town()
    data = data.replace(zones=data["zones"].assign(junior_children=0.0))
    with pytest.raises(SitingError) as refused:
        sited({"kind": "junior", "primary_capacity": 0, "junior_capacity": 90}, data=data)
    assert arguments_of(refused.value) == (1, "S1", "模拟新校")


@pytest.mark.parametrize(
    ("kind", "primary", "junior", "said"),
    [
        # 2,000 pupils are the most of a primary school, 2,500 of a nine-year one, of both stages together.
        ("primary", 2000, 0, None),
        ("primary", 2001, 0, "义务教育阶段按 2001 人开办，超过小学规模的限值 2000 人"),
        ("nine_year", 1600, 900, None),
        ("nine_year", 1600, 901, "义务教育阶段按 2501 人开办，超过九年一贯制学校规模的限值 2500 人"),
    ],
)
def test_a_school_larger_than_the_largest_of_the_standard_is_refused(kind, primary, junior, said):
    change = {"kind": kind, "primary_capacity": primary, "junior_capacity": junior}
    if said is None:
        assert sited(change).options["reason"].isna().all()
        return
    with pytest.raises(SitingError, match=said):
        sited(change)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"latitude": 34.1}, "latitude 前后不一：34.0、34.1"), ({}, "重复列出")],
)
def test_two_entries_that_contradict_or_repeat_are_refused(change, said):
    with pytest.raises(SitingError, match=said):
        sited({}, change)


def test_everything_wrong_is_named_at_once():
    data = town()
    zones = data["zones"].assign(longitude=np.nan)
    given = pd.DataFrame({"school_id": ["A", "Q"], "stage": ["primary", "primary"], "capacity": [-5, 10]})
    with pytest.raises(SitingError) as refused:
        sited({"kind": "college"}, data=data.replace(zones=zones), capacities=given, most=0)
    text = str(refused.value)
    for said in ("有 5 处", "most（", "只能是", "没有一个小区", "现为 -5", "学校 Q 不在学校表中"):
        assert said in text


def test_a_file_that_makes_no_sense_is_refused_with_every_entry(tmp_path):
    file = tmp_path / "sites.toml"
    lines = [f"{k} = {v!r}" for k, v in {**CANDIDATE, "kind": "college", "primary_capacity": -1}.items()]
    file.write_text("[[candidates]]\n" + "\n".join(lines), encoding="utf-8")
    with pytest.raises(SitingError) as refused:
        load_sites(file)
    assert all(said in str(refused.value) for said in ("有 2 处", "只能是", "须不小于 0"))
    file.write_text("", encoding="utf-8")
    with pytest.raises(SitingError, match="没有候选校址"):
        load_sites(file)
    with pytest.raises(SitingError, match="无法读取"):
        site(town(), tmp_path / "absent.toml", standard=STANDARD)


def test_a_school_with_zones_needs_a_place():
    data = town()
    schools = data["schools"].assign(
        longitude=data["schools"]["longitude"].where(data["schools"]["school_id"] != "B")
    )
    with pytest.raises(SitingError, match="没有填报经纬度") as refused:
        sited(data=data.replace(schools=schools))
    assert arguments_of(refused.value) == (1, "模拟B", "B", Stage.PRIMARY)


def silent(data, school, *, row):
    """Return the data with a school that did not report: no row, or a row without figures."""
    mine = data["sections"]["school_id"] == school
    if row:
        blank = {name: data["sections"][name].mask(mine) for name in ("pupils", "classes")}
        return data.replace(sections=data["sections"].assign(**blank))
    return data.replace(
        sections=data["sections"][~mine], classes=data["classes"][data["classes"]["school_id"] != school]
    )


@pytest.mark.parametrize("row", [True, False])
def test_a_silent_school_keeps_its_zones_and_no_free_place_is_presumed(row):
    data = silent(town(), "B", row=row)
    before = schools_of(data)
    found = sited(data=data)
    (note,) = [note for note in found.notes if "（B）" in note]
    assert "缺数据，不当作有空余学位" in note and "划片在该校的小区不变" in note
    after = schools_of(apply(data, found.scenario(1), 2025))
    at_b = {key for key, school in before.items() if school == "B"}
    assert at_b and {key for key, school in after.items() if school == "B"} == at_b


@pytest.mark.parametrize("row", [True, False])
def test_a_silent_school_without_zones_takes_no_part_and_is_named(row):
    data = town()
    away = {
        name: data["zones"][name].mask(data["zones"][name] == "B", "A") for name in ("primary_school_id",)
    }
    found = sited(data=silent(data.replace(zones=data["zones"].assign(**away)), "B", row=row))
    (note,) = found.notes
    assert arguments_of(note) == ("模拟B", "B", Stage.PRIMARY) and "未参加选址" in note
    assert not (found.assigned(1)["school_id"] == "B").any()


def test_a_walk_at_the_limit_is_within_by_the_tolerance_of_the_standard():
    walk = np.array([0.5, 0.5 + 5e-10, 0.5004, np.nan])
    loose = STANDARD.model_copy(
        update={
            "rules": STANDARD.rules.model_copy(
                update={"rounding": STANDARD.rules.rounding.model_copy(update={"tolerance": 0.0009})}
            )
        }
    )
    for standard, kept in ((STANDARD, [True, True, False, False]), (loose, [True, True, True, False])):
        problem, _ = build(town(), load_sites(candidates()), 2025, standard)
        assert problem.limit.at(0.5).meets(walk).tolist() == kept


def test_a_school_with_zones_that_has_closed_is_refused():
    data = silent(town(), "B", row=False)
    ended = data["schools"].assign(closed_year=data["schools"]["school_id"].map({"B": 2024.0}))
    with pytest.raises(SitingError, match="没有开办") as refused:
        sited(data=data.replace(schools=ended))
    assert arguments_of(refused.value) == (1, "模拟B", "B", Stage.PRIMARY, 2025)


def test_zones_that_are_left_out_are_named_and_stay():
    data = town()
    zones = data["zones"].assign(longitude=data["zones"]["longitude"].where(data["zones"]["zone_id"] != "Z3"))
    found = sited(data=data.replace(zones=zones))
    assert [arguments_of(note) for note in found.notes] == [(1, 42)]
    assert schools_of(apply(data, found.scenario(1), 2025))["Z3", "primary"] == "C"


# Against another program


def medians(seed, groups=12, places=6):
    rng = np.random.default_rng(seed)
    home, spot = rng.random((groups, 2)), rng.random((places, 2))
    km = np.hypot(*(home[:, None] - spot[None]).transpose(2, 0, 1))
    return rng.integers(1, 50, groups).astype(float), km


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its solver's interface
@pytest.mark.parametrize("room", [None, 150.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_p_median_is_that_of_spopt(seed, room):
    locate = pytest.importorskip("spopt.locate", reason="spopt is not installed (the extra `siting`)")
    pulp = pytest.importorskip("pulp")
    children, km = medians(seed)
    places = km.shape[1]
    capacity = np.full(places, room or children.sum())
    problem = SitingProblem(
        children=children,
        km=km,
        limit=within(np.full(len(children), np.inf)),
        now=np.full(len(children), NONE),
        capacity=np.zeros(places),
        leaving=np.full(places, np.inf),
        site=np.arange(places),
        option_site=np.arange(places),
        option_capacity=np.diag(capacity),
    )
    theirs = locate.PMedian.from_cost_matrix(
        km, children, p_facilities=3, facility_capacities=None if room is None else capacity
    ).solve(pulp.PULP_CBC_CMD(msg=False))
    assert solve(problem, 3).walk.value == pytest.approx(theirs.problem.objective.value(), rel=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its solver's interface
@pytest.mark.parametrize("seed", range(3))
def test_the_children_within_distance_are_those_of_spopts_maximal_covering(seed):
    locate = pytest.importorskip("spopt.locate", reason="spopt is not installed (the extra `siting`)")
    pulp = pytest.importorskip("pulp")
    children, km = medians(seed, groups=30, places=12)
    places = km.shape[1]
    problem = SitingProblem(
        children=children,
        km=km,
        limit=within(np.full(len(children), 0.25)),
        now=np.full(len(children), NONE),
        capacity=np.zeros(places),
        leaving=np.full(places, np.inf),
        site=np.arange(places),
        option_site=np.arange(places),
        option_capacity=np.diag(np.full(places, children.sum())),
    )
    theirs = locate.MCLP.from_cost_matrix(km, children, service_radius=0.25, p_facilities=3)
    theirs = theirs.solve(pulp.PULP_CBC_CMD(msg=False)).problem.objective.value()
    plan = solve(problem, 3)
    assert plan.within.value == plan.within.bound == pytest.approx(theirs)


# A county


def test_what_the_short_ways_alone_promise_is_given_up_where_not_everyone_would_have_a_place():
    # The near school holds 60, the far one too. The first zone can go to the near one alone, so the 60 of the
    # second, whom the short ways would put there, go far.
    problem = SitingProblem(
        children=np.array([50.0, 60.0]),
        km=np.array([[0.1, np.nan], [0.1, 2.0]]),
        limit=within(np.array([0.5, 0.5])),
        now=np.array([NONE, NONE]),
        capacity=np.array([60.0, 60.0]),
        leaving=np.array([np.inf, np.inf]),
        site=np.array([NONE, NONE]),
        option_site=np.array([], dtype=int),
        option_capacity=np.zeros((0, 2)),
    )
    plan = solve(problem, 0)
    assert (plan.status, plan.within.value, plan.within.bound) == (SitingStatus.OPTIMAL, 50, 50)
    assert plan.walk.value == pytest.approx(50 * 0.1 + 60 * 2.0)


def county(seed=1, zones=120, schools=24, sites=16, side=5.0):
    """Return a county of one stage; each zone is at its nearest school, with room for none to four classes.

    Sites may have 540, 810 or 1,080 places.
    """
    rng = np.random.default_rng(seed)
    home, spot = rng.random((zones, 2)) * side, rng.random((schools + sites, 2)) * side
    children = rng.integers(20, 180, zones).astype(float)
    km = 1.3 * np.hypot(*(home[:, None] - spot[None]).transpose(2, 0, 1))
    now = np.argmin(km[:, :schools], axis=1)
    held = np.bincount(now, children, schools)
    place = np.append(np.full(schools, NONE), np.arange(sites))
    option_site = np.repeat(np.arange(sites), 3)
    sizes = np.tile([540.0, 810, 1080], sites)[:, None]
    return SitingProblem(
        children=children,
        km=km,
        limit=within(np.full(zones, 0.5)),
        now=now,
        capacity=np.append(held + 45 * rng.integers(0, 5, schools), np.zeros(sites)),
        leaving=np.append(1.2 * held, np.full(sites, np.inf)),
        site=place,
        option_site=option_site,
        option_capacity=np.where(place == option_site[:, None], sizes, 0.0),
    )


def test_many_zones_and_sites_are_proven_of_both_within_and_walk():
    plan = solve(county(), 2)
    assert plan.status is SitingStatus.OPTIMAL and plan.within.gap == 0 and plan.walk.gap <= 1e-6
    assert len(plan.opened) == 2
