"""C31 against a second reading of the rules: results of several years under several names, some missing."""

from __future__ import annotations

import random

import oracle
import pytest
from town import YEAR, Town

NAMES = (*oracle.SUBJECTS, "体育", "劳动")
FIGURES = [
    (4, 0.1),
    (3, 0.149),
    (3, 0.1),
    (5, 0.12),
    (2, 0.1),
    (3, 0.15),
    (None, 0.1),
    (3, None),
    (None, None),
]


def results(dice):
    """Return rows of ``monitoring``: mostly good, of five years, one row for each subject and year."""
    rows, weights = [], (12, 4, 8, 4, 1, 1, 1, 1, 1)
    for year in range(YEAR - 4, YEAR + 1):
        taken = set()
        for name in dice.sample(NAMES, dice.choice((0, 2, 3, 6))):
            if (own := oracle.SYNONYMS.get(name, name)) in taken:
                continue
            taken.add(own)
            level, rate = dice.choices(FIGURES, weights)[0]
            rows.append({"year": year, "subject": name, "level": level, "between_school_rate": rate})
    return rows


@pytest.mark.parametrize("seed", range(40))
def test_the_latest_results_within_the_cycle_decide(seed):
    rows = results(random.Random(seed))
    town = Town()
    town["monitoring"] = [{**row, "district": town.name} for row in rows]
    made = town.assess()
    verdict, subjects = oracle.monitoring(rows, YEAR)
    assert made.indicators.set_index("code").loc["C31", "verdict"] == verdict
    found = made.findings[(made.findings["code"] == "C31").to_numpy()]
    for subject, (year, expected) in subjects.items():
        mine = found[(found["detail"] == subject).to_numpy()]
        worst = next(v for v in ("fail", "no data", "pass") if (mine["verdict"] == v).any())
        assert worst == expected, subject
        assert year is None or set(mine["year"].astype(int)) == {year}, subject


def test_the_cases_tell_the_verdicts_apart():
    made = [oracle.monitoring(results(random.Random(seed)), YEAR)[0] for seed in range(40)]
    assert set(made) == {"fail", "no data", "pass"}
