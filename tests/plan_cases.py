"""Small planning problems, and what the best answer to them is by trying every one."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from itertools import product

import numpy as np
import pandas as pd
from town import Town

from qb.planning.costs import Costs
from qb.planning.plan.planning_problem import Cone, Problem
from qb.standard import load

# The limits of primary schools as the rules print them, and whether a figure is per hundred pupils.
LIMIT = np.array([4.2, 1, 0.9, 4.5, 7.5, 2000, 2.3])
FACTOR = np.array([100, 100, 100, 1, 1, 1, 100.0])
COLUMN = {
    "C1": ("sections", "teachers_above_required"),
    "C2": ("sections", "backbone_teachers"),
    "C3": ("sections", "pe_arts_teachers"),
    "C4": ("facilities", "teaching_area_m2"),
    "C5": ("facilities", "sports_ground_m2"),
    "C6": ("facilities", "equipment_yuan"),
    "C7": ("facilities", "multimedia_rooms"),
}


def costs(*schools: dict, **yuan: float) -> Costs:
    """Return the shipped costs with some prices changed and limits at schools added."""
    shipped = tomllib.loads((files("qb") / "standard" / "costs.toml").read_text(encoding="utf-8"))
    for entry in shipped["costs"]:
        price = yuan.get(entry["code"], entry["yuan"])
        entry.update(yuan=price, low=min(price, entry["low"]), high=max(price, entry["high"]))
    return Costs.model_validate({**shipped, "schools": list(schools)})


def two_equal(columns: dict[str, tuple[float, float]], pupils: int = 100) -> Town:
    """Return two primary schools with so many pupils each, and these columns."""
    town = Town(schools=False).add("甲", "primary", primary=pupils).add("乙", "primary", primary=pupils)
    for column, values in columns.items():
        table = "sections" if "teachers" in column else "facilities"
        for school, value in zip(("甲", "乙"), values, strict=True):
            town.set(table, {"school_id": school}, **{column: value})
    return town


def problem_of(
    pupils: np.ndarray, have: np.ndarray, most: np.ndarray, yuan: np.ndarray, caps: np.ndarray
) -> Problem:
    """Return the problem of some primary schools of one district; shapes (n,), (n, 7), (n, 7), (7,), (7,)."""
    n = len(pupils)
    rows = pd.DataFrame({"district": ["甲区"] * n, "stage": ["primary"] * n})
    ids = [f"校{i}" for i in range(n)]
    codes = [f"C{k + 1}" for k in range(7)]
    pools = pd.DataFrame(
        {
            "district": "甲区",
            "school_id": np.repeat(ids, 7),
            "name": np.repeat(ids, 7),
            "owner": np.repeat(ids, 7),
            "stage": "primary",
            "k": np.tile(np.arange(7), n),
            "code": np.tile(codes, n),
            "unit": "个",
            **{name: np.tile(yuan, n).astype(float) for name in ("yuan", "low", "high")},
            "yearly": False,
        }
    )
    return Problem(
        standard=load(),
        rows=rows.assign(school_id=ids, name=ids),
        pupils=pupils,
        have=have,
        limit=np.tile(LIMIT, (n, 1)),
        factor=FACTOR,
        pool=np.arange(7 * n).reshape(n, 7),
        share=np.ones((n, 7)),
        pools=pools,
        most=most.ravel().astype(float),
        whole=np.tile(FACTOR == 100, n),
        sums=(),
        cones=tuple(Cone("甲区", "primary", k, np.arange(n), float(caps[k]), codes[k]) for k in range(7)),
        spare=1,
        floor=0.85,
    )


def random_problem(rng: np.random.Generator, most_units: int = 7) -> tuple[Problem, tuple[int, ...]]:
    """Return two or three schools that lack two kinds of persons or rooms, with tight caps, and those kinds.

    Some have too little sports ground, which cannot be bought: what may stay at 85 % is then settled.
    """
    n = int(rng.integers(2, 4))
    codes = tuple(sorted(rng.choice([0, 1, 2, 6], 2, replace=False).tolist()))
    pupils = rng.integers(80, 400, n).astype(float)
    asked = LIMIT * pupils[:, None] / FACTOR
    have, most = np.ceil(1.3 * asked), np.zeros((n, 7))
    for k in codes:
        have[:, k] = np.floor(asked[:, k] * rng.uniform(0.6, 1.8, n))
        most[:, k] = rng.integers(2, most_units, n)
    have[:, 4] = np.where(rng.random(n) < 0.25, asked[:, 4] * rng.uniform(0.86, 0.99, n), have[:, 4])
    caps = np.where(np.isin(np.arange(7), codes), rng.uniform(0.1, 0.3), 9.0)
    return problem_of(pupils, have, most, rng.integers(1, 30, 7) * 1000.0, caps), codes


def every_plan(problem: Problem, codes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Try every whole plan that the upper bounds allow.

    Written apart from the project's own arithmetic, with the formulas as the rules give them.

    Returns
    -------
    cost, passing, meets : ndarray, shape (plans,)
        What each plan costs, how many schools pass, and whether all of them and every coefficient do.
    """
    n = len(problem.pupils)
    pools = [n_row * 7 + k for k in codes for n_row in range(n)]
    grid = np.array(list(product(*(range(int(problem.most[j]) + 1) for j in pools))), dtype=float)
    amount = np.tile(problem.have, (len(grid), 1, 1))
    for place, j in enumerate(pools):
        amount[:, j // 7, j % 7] += grid[:, place]
    per_pupil = amount / problem.pupils[:, None]
    reached = per_pupil * FACTOR / LIMIT
    unmet = (reached < 1 - 1e-12).sum(axis=2)
    passes = (unmet <= 1) & (reached >= 0.85 - 1e-12).all(axis=2)
    weight = problem.pupils / problem.pupils.sum()
    mean = np.einsum("pik,i->pk", per_pupil, weight)
    spread = np.sqrt(np.einsum("pik,i->pk", (per_pupil - mean[:, None]) ** 2, weight))
    caps = np.array([c.cap for c in problem.cones])
    meets = passes.all(axis=1) & (spread <= caps * mean + 1e-12).all(axis=1)
    return grid @ problem.yuan[pools], passes.sum(axis=1), meets
