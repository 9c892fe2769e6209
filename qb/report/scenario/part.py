"""What every part of the scenario page stands on."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from qb.judge import COMPOSITE, Assessment
from qb.report.scenario.study import Study
from qb.report.words import Lang, number, say
from qb.terms import Stage, Verdict


@dataclass(frozen=True)
class ScenarioPart:
    """A part of the page."""

    study: Study

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.study.lang

    def say(self, zh: str, en: str) -> str:
        """Return the wording in the page's language."""
        return say(self.lang, zh, en)

    def verdict(self, side: Assessment) -> str:
        """Return the district's verdict."""
        return str(side.districts["verdict"].iloc[0])

    def passing(self, side: Assessment) -> int:
        """Return how many schools (by stage) pass."""
        return int((side.rows["verdict"] == Verdict.PASS).sum())

    def over(self, side: Assessment) -> float:
        """Return how many of the coefficients exceed their limit; NaN where none can be computed."""
        known, _ = self._coefficients_known(side)
        verdicts = side.balance.loc[(side.balance["code"] != COMPOSITE).to_numpy(), "verdict"]
        return float((verdicts == Verdict.FAIL).sum()) if known else nan

    def unknown(self, side: Assessment, stage: Stage | None = None) -> int:
        """Return how many of the coefficients, of a stage where one is named, cannot be computed."""
        known, asked = self._coefficients_known(side, stage)
        return asked - known

    def _coefficients_known(self, side: Assessment, stage: Stage | None = None) -> tuple[int, int]:
        frame = side.balance[(side.balance["code"] != COMPOSITE).to_numpy()]
        if stage is not None:
            frame = frame[(frame["stage"] == stage).to_numpy()]
        return int(frame["coefficient"].notna().sum()), len(frame)

    def largest(self, side: Assessment, stage: Stage) -> float | None:
        """Return the largest of a stage's seven coefficients; None where none can be computed."""
        frame = side.balance[
            ((side.balance["code"] != COMPOSITE) & (side.balance["stage"] == stage)).to_numpy()
        ]
        found = frame["coefficient"].dropna()
        return float(found.max()) if len(found) else None

    def yuan(self, amount: float | None) -> str:
        """Return a sum of money for print."""
        if amount is None:
            return self.say("没有单价", "no price")
        return self.say(f"{number(amount / 1e4, 1)} 万元", f"{number(amount / 1e6, 2)} million yuan")
