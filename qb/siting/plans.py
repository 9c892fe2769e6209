"""The best plans as tables, each with the assignment of the zones, and as a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb.scenario import Scenario
from qb.siting.candidates import Candidate, SitingError
from qb.siting.problem import NONE, Labels, Problem
from qb.siting.solve import Proof, Solution, Status
from qb.terms import COMPULSORY, Stage

NOW = 0  # the option in which nothing is done


@dataclass(frozen=True)
class Siting:
    """The best plans, ranked. Option 1 is the best; option 0 is the district as it is.

    Attributes
    ----------
    year : int
    candidates : tuple of Candidate
    solutions : tuple of Solution
        By rank; one of them opens no site and only assigns the zones anew.
    options : DataFrame
        `option`, `sites`, `status`; `children` with a way, `within` (those within distance), `mean_km`,
        `farthest_km`, `child_km`, its `bound` and `gap`, `unplaced`; `moved`, the children whose zone
        changes school; `cost_yuan`, `low_yuan` and `high_yuan` of opening its schools; of the district
        under it `rows`, `passing` and `no_data` (school and stage), `over` (C1–C7 coefficients above
        their limit, NaN where none can be computed), `lacking` (figures of
        C1–C7 below the standard), `lacking_yuan` (what it would cost to mend
        them), and `reason`, why it cannot be done on these data.
    distances : DataFrame
        By option and stage: `children`, `within`, `mean_km`, `farthest_km`, `unknown` (without a way).
    notes : tuple of str
        What was left out; where not everyone has a place, how many have none and what would help.
    """

    year: int
    candidates: tuple[Candidate, ...]
    problem: Problem
    labels: Labels
    solutions: tuple[Solution, ...]
    options: pd.DataFrame
    distances: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def best(self) -> Solution:
        """The plan of option 1."""
        return self.solutions[0]

    @property
    def status(self) -> Status:
        """What is known of the best plan."""
        return self.best.status

    @property
    def within(self) -> Proof:
        """Children within distance under the best plan, and the most that any plan can reach."""
        return self.best.within

    @property
    def bound(self) -> float:
        """No plan with as many within distance makes the children walk fewer kilometres together."""
        return self.best.walk.bound

    @property
    def gap(self) -> float:
        """By what share the walk of the best plan lies above `bound`."""
        return self.best.walk.gap

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        """The candidates that the best plan opens."""
        return self.opened(1)

    @cached_property
    def assignment(self) -> pd.DataFrame:
        """The assignment of the best plan; see `assigned`."""
        return self.assigned(1)

    @property
    def closest(self) -> int | None:
        """The option that brings the district closest to the standard; None where none can be done.

        The one with fewest school rows that do not pass, then fewest coefficients above their limit, then
        the cheapest to mend what is lacking; of equals the higher ranked.
        """
        judged = self.options[self.options["passing"].notna() & (self.options["option"] != NOW)]
        if judged.empty:
            return None
        failing = judged.assign(failing=judged["rows"] - judged["passing"])
        order = failing.sort_values(["failing", "over", "lacking_yuan", "option"])
        return int(order["option"].iloc[0])

    def opened(self, option: int) -> tuple[Candidate, ...]:
        """Return the candidates that an option opens."""
        return tuple(self.candidates[number] for number in self._solution(option).opened)

    def assigned(self, option: int) -> pd.DataFrame:
        """Return a row for each zone and stage: `before` and `school_id` (None: no place), `km`, `within`."""
        seat, problem = self._solution(option).seat, self.problem
        way, group = walked(problem, seat), self.labels.groups
        return pd.DataFrame(
            {
                "zone_id": group["zone_id"],
                "stage": group["stage"],
                "children": group["children"],
                "before": group["assigned"],
                "school_id": _names(self.labels, seat),
                "km_before": walked(problem, problem.now),
                "km": way,
                "within": way <= problem.limit + 1e-9,
            }
        )

    def walks(self, option: int, stage: Stage) -> pd.DataFrame:
        """Return the walks of a stage as a map draws them: `zone`, `to`, `moved`; none without a place."""
        table = self.assigned(option)
        table = table[((table["stage"] == stage) & table["school_id"].notna()).to_numpy()]
        moved = (table["before"] != table["school_id"]).to_numpy()
        ends = {"zone": table["zone_id"].to_numpy(), "to": table["school_id"].to_numpy(), "moved": moved}
        return pd.DataFrame(ends)

    def scenario(self, option: int = 1) -> Scenario:
        """Return an option as a scenario: the schools opened as the standard demands, all grades moving.

        Raises
        ------
        SitingError
            If there is no such option, or not every child has a place under it.
        """
        solution = self._solution(option)
        if solution.status is Status.INFEASIBLE:
            raise SitingError(f"方案 {option} 放不下全部学生，不能写成情景。")
        opened = self.opened(option)
        title = f"新建{'、'.join(one.name for one in opened)}" if opened else "只调整划片，不建新校"
        actions = [_opening(one) for one in opened]
        moved = self.assigned(option)
        moved = moved[(moved["before"] != moved["school_id"]).to_numpy()]
        for (to, stage), part in moved.groupby(["school_id", "stage"], sort=False):
            zones = part["zone_id"].tolist()
            actions.append({"do": "rezone", "zones": zones, "stage": stage, "to": to, "moves": "all"})
        return Scenario.model_validate({"title": title, "base_year": self.year, "actions": actions})

    def _solution(self, option: int) -> Solution:
        if not 1 <= option <= len(self.solutions):
            raise SitingError(f"没有方案 {option}，可选 1—{len(self.solutions)}。")
        return self.solutions[option - 1]


def walked(problem: Problem, seat: np.ndarray) -> np.ndarray:
    """Return the way of each group to its seat, NaN without one."""
    way = problem.km[np.arange(len(seat)), seat]
    return np.where(seat == NONE, np.nan, way)


def _names(labels: Labels, seat: np.ndarray) -> np.ndarray:
    names = np.append(labels.seats["school_id"].to_numpy(dtype=object), None)
    return names[seat]  # the last one stands for "no seat"


def _opening(one: Candidate) -> dict[str, object]:
    place = {"longitude": one.longitude, "latitude": one.latitude}
    fields = {"school_id": one.site, "name": one.name, "kind": one.kind, "location": one.location, **place}
    if one.district is not None:
        fields["district"] = one.district
    capacity = {str(stage): one.capacity(stage) for stage in COMPULSORY if one.capacity(stage)}
    return {"do": "open_school", **fields, "capacity": capacity, "like": "standard"}
