"""How long siting takes for a district: ``pytest -s tests/bench/bench_siting.py``.

60 zones, 30 schools, 10 sites of three kinds and two sizes each: the invented district, and, harder,
zones and schools that lie anywhere with hardly a place to spare. And a county: 300 zones, 60 schools with
room for none to four classes, 40 sites of three sizes. Aims there: proven in 10 s for one site, in 30 s for
three; printed is the time as a part of the aim.
"""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
from test_siting import county, within

from qb.data.sample import make
from qb.planning.siting.pareto_front import edge, undominated
from qb.planning.siting.site_choice import site
from qb.planning.siting.siting_problem import NONE, SitingProblem
from qb.planning.siting.siting_solver import solve

ZONES, SCHOOLS, SITES = 60, 30, 10
SIZES = ((540, 0), (1080, 0), (0, 500), (0, 1000), (540, 250), (1080, 500))
KINDS = ("primary", "primary", "junior", "junior", "nine_year", "nine_year")


def scattered(seed, spare=1.03):
    """Return a district whose schools have hardly more places than there are children."""
    rng = np.random.default_rng(seed)
    home, spot = rng.random((ZONES, 2)) * 8, rng.random((SCHOOLS + SITES, 2)) * 8
    stage = np.repeat([0, 1], ZONES)
    children = np.concatenate([rng.integers(60, 380, ZONES), rng.integers(20, 190, ZONES)]).astype(float)
    place = np.concatenate([np.arange(SCHOOLS), np.repeat(np.arange(SCHOOLS, SCHOOLS + SITES), 2)])
    seat_stage = np.concatenate([np.arange(SCHOOLS) % 3 == 2, np.tile([False, True], SITES)]).astype(int)
    ways = np.hypot(*(home[:, None] - spot[None]).transpose(2, 0, 1))
    km = 1.3 * np.vstack([ways, ways])[:, place]
    site_of = np.where(place < SCHOOLS, NONE, place - SCHOOLS)
    size = rng.uniform(0.5, 1.5, SCHOOLS)
    capacity = np.zeros(len(place))
    for s in (0, 1):
        mine = np.flatnonzero((seat_stage == s) & (site_of == NONE))
        capacity[mine] = np.ceil(spare * children[stage == s].sum() * size[mine] / size[mine].sum())
    option_site = np.repeat(np.arange(SITES), len(SIZES))
    brought = np.zeros((len(option_site), len(place)))
    for option, (where, sizes) in enumerate(zip(option_site, SIZES * SITES, strict=True)):
        brought[option, site_of == where] = sizes
    return SitingProblem(
        children=children,
        km=np.where(stage[:, None] == seat_stage, km, np.nan),
        limit=within(np.where(stage == 0, 0.5, 1.0)),
        now=np.full(len(children), NONE),
        capacity=capacity,
        leaving=np.full(len(place), np.inf),
        site=site_of,
        option_site=option_site,
        option_capacity=brought,
    )


def test_a_county_is_sited_to_proof(capsys):
    lines = []
    for seed in (1, 2, 3):
        for most, aim in ((1, 10), (3, 30)):
            start = time.perf_counter()
            plan = solve(county(seed, 300, 60, 40, 8.0), most, 60)
            taken = time.perf_counter() - start
            lines.append(
                f"county {seed}, at most {most}: {taken:.1f} s, {taken / aim:.2f} of the aim, {plan.status}, "
                f"within {plan.within.value:.0f} of at most {plan.within.bound:.0f}, "
                f"walk gap {plan.walk.gap:.1e}"
            )
    with capsys.disabled():
        print("\n" + "\n".join(lines))


def test_the_front_of_a_county(capsys):
    # Of cost, pupils within distance and walk, up to three new schools, at nine sums of money: in how long.
    problem = county(1, 300, 60, 40, 8.0)
    yuan = problem.option_capacity.sum(axis=1) * np.random.default_rng(1).uniform(
        2e4, 4e4, len(problem.option_site)
    )
    problem = replace(problem, option_yuan=yuan.round(-4))
    start, worked = time.perf_counter(), time.process_time()
    found = edge(problem, 3, 300, points=9)
    table = undominated(problem, found.plans)
    with capsys.disabled():
        print(f"\nfront of a county at nine sums of money: {len(table)} plans in "
              f"{time.perf_counter() - start:.0f} s ({time.process_time() - worked:.0f} s of a core), "
              f"all proven: {found.proven}; "
              f"{table['within'].min():.0f} to {table['within'].max():.0f} near, "
              f"{table['cost_yuan'].max() / 1e6:.0f} million yuan")  # fmt: skip
        print(found.bounds.round(1).to_string(index=False))


def test_a_district_is_sited_in_half_a_minute(capsys):
    data = make(schools=SCHOOLS, years=[2025])
    zones = data["zones"]
    corners = zones[["longitude", "latitude"]].agg(["min", "max"]).to_numpy()
    spots = np.random.default_rng(1).uniform(*corners, (SITES, 2))
    rows = [
        {
            "site": f"S{i}",
            "name": f"模拟新校{i}",
            "kind": kind,
            "location": "urban",
            "longitude": lon,
            "latitude": lat,
            "primary_capacity": primary,
            "junior_capacity": junior,
        }
        for i, (lon, lat) in enumerate(spots)
        for kind, (primary, junior) in zip(KINDS, SIZES, strict=True)
    ]
    assert len(zones) == ZONES
    lines = []
    for most in (1, 2, 3):
        start = time.perf_counter()
        found = site(data, pd.DataFrame(rows), most=most)
        taken = time.perf_counter() - start
        lines.append(
            f"invented, at most {most}: {taken:.1f} s with four plans judged, "
            f"{found.status}, gap {found.gap:.1e}"
        )
        assert taken < 30
    for seed in (1, 2):
        for most in (1, 2):
            start = time.perf_counter()
            plan = solve(scattered(seed), most, 30)
            taken = time.perf_counter() - start
            lines.append(
                f"scattered {seed}, at most {most}: {taken:.1f} s, {plan.status}, "
                f"within {plan.within.value:.0f} of at most {plan.within.bound:.0f}, "
                f"walk gap {plan.walk.gap:.1e}"
            )
    with capsys.disabled():
        print("\n" + "\n".join(lines))
