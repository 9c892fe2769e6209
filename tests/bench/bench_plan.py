"""How fast, and how close to the cheapest: ``pytest -s tests/bench/bench_plan.py``.

The invented district at three sizes, under its own caps (0.50 and 0.45) in two years, and under caps so low
that coefficients of both stages bind. The targets are stated for two cores and 2 GiB. Last, everything that
a plan's page shows.
"""

import resource
import sys
import time

import pytest

from qb import standard as standards
from qb.data.sample import make
from qb.indicators.assessment import assess
from qb.planning.costs import load_costs
from qb.planning.plan.integer_program import cheapest_by_school
from qb.planning.plan.plan_solver import gap_of, solve
from qb.planning.plan.planning_problem import build_problem
from qb.report.context import ReportContext
from qb.report.plan_report import PlanReport

TARGETS = {40: (0.01, 10), 400: (0.02, 60), 1400: (0.02, 120)}  # schools: gap, seconds


def peak():
    """Return the most memory that this process has held, in MiB."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (2**20 if sys.platform == "darwin" else 2**10)


@pytest.mark.parametrize("schools", TARGETS)
@pytest.mark.parametrize(("year", "cap"), [(2025, None), (2023, None), (2025, 0.3), (2025, 0.15)])
def test_a_district_is_planned_within_its_gap_and_time(schools, year, cap, capsys):
    gap, seconds = TARGETS[schools]
    data = make(schools=schools, years=[year])
    start = time.perf_counter()
    problem = build_problem(data, year, standards.load(), load_costs())
    problem = problem if cap is None else problem.capped(cap)
    found = solve(problem, gap=0.002, seconds=min(20.0, seconds / 2))
    took = time.perf_counter() - start
    cost = float(problem.yuan @ found.x)
    binding = len(problem.over(cheapest_by_school(problem).x))
    reached = gap_of(cost, found.bound)
    with capsys.disabled():
        print(
            f"\n{schools:>5} schools {year} cap {cap or 'as is':>5}: {binding:>2} coefficients bind, "
            f"cost {cost:>14,.0f}, bound {found.bound:>14,.0f}, gap {100 * reached:.4f} %, "
            f"{took:5.1f} s, {peak():5.0f} MiB",
            end="",
        )
    assert problem.passing(found.x).all() and not problem.over(found.x)
    assert reached <= gap
    assert took < seconds
    assert peak() < 2048


def test_everything_on_the_page_of_a_district_is_computed_in_three_seconds(capsys):
    data = make(schools=30, years=range(2021, 2026))
    report = PlanReport(ReportContext(data, assess(data)))
    report.work.plan  # noqa: B018 - the first one loads the solvers
    start = time.process_time()
    again = PlanReport(ReportContext(data, assess(data)))
    for name in ("plan", "why", "for_balance", "curve", "steps", "moves", "years"):
        getattr(again.work, name)
    took = time.process_time() - start
    with capsys.disabled():
        print(f"\nthe page of 30 schools: {took:.1f} s", end="")
    assert took < 3
