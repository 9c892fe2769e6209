"""A comparison of one district's scenarios, taken once and shared by all parts of the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import nan

import pandas as pd

from qb.charts import Caption
from qb.errors import QbError
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE
from qb.language import listing
from qb.planning.scenario import Comparison, Outcome
from qb.planning.scenario.comparison import BASE
from qb.report.context import ReportContext
from qb.report.resource_tables import caption
from qb.report.words import Lang, number, say, school_year, stage_label
from qb.terms import COMPULSORY, Stage, Verdict

# A comparison of one district's scenarios, taken once and shared by all parts of the page.


@dataclass(frozen=True)
class Study:
    """The base and scenarios of one district.

    Attributes
    ----------
    context : ReportContext
    district : str
    comparison : Comparison
        Of all districts of the data.
    """

    context: ReportContext
    district: str
    comparison: Comparison

    def __post_init__(self) -> None:
        known = self.comparison.base[self.year].districts["district"].tolist()
        if self.district not in known:
            raise QbError(
                "数据中没有县区“{}”。已有：{}。",
                "The data have no district “{}”. There are: {}.",
                self.district,
                listing(known),
            )

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.context.lang

    @property
    def year(self) -> int:
        """The year compared."""
        return self.comparison.year

    @property
    def years(self) -> list[int]:
        """All years compared."""
        return list(self.comparison.base)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What becomes of the data under each scenario."""
        return self.comparison.outcomes

    @cached_property
    def labels(self) -> list[str]:
        """How the base and each scenario are called, in their order.

        What the whole page says of invented data need not be said with every title.
        """
        base = say(self.lang, "现状", "As it is")
        mark = "（模拟）" if self.context.data.invented else ""
        return [base, *(outcome.scenario.title.removesuffix(mark) for outcome in self.outcomes)]

    @cached_property
    def sides(self) -> list[Assessment]:
        """The district in the year compared: as it is, then under each scenario."""
        return self.at(self.year)

    def at(self, year: int) -> list[Assessment]:
        """Return the district in a year: as it is, then under each scenario."""
        found = [self.comparison.base[year], *(outcome.assessments[year] for outcome in self.outcomes)]
        return [assessment.of(self.district) for assessment in found]

    @property
    def stages(self) -> list[Stage]:
        """The compulsory stages that the district has on any side."""
        held = {stage for side in self.sides for stage in side.rows["stage"]}
        return [stage for stage in COMPULSORY if stage in held]

    @cached_property
    def names(self) -> dict[str, str]:
        """How schools are called, those that a scenario opens among them."""
        frames = [self.comparison.base_data[self.year], *(o.data[self.year] for o in self.outcomes)]
        return {
            school: name if isinstance(name, str) else school
            for data in frames
            for school, name in data["schools"][["school_id", "name"]].itertuples(index=False)
        }

    @cached_property
    def zones(self) -> dict[str, str]:
        """How zones are called."""
        frame = self.comparison.base_data[self.year]["zones"]
        return {
            zone: name if isinstance(name, str) else zone
            for zone, name in frame[["zone_id", "name"]].itertuples(index=False)
        }

    @cached_property
    def home(self) -> frozenset[str]:
        """The schools of the district, on any side."""
        frames = [self.comparison.base_data[self.year], *(o.data[self.year] for o in self.outcomes)]
        schools = pd.concat([data["schools"][["school_id", "district"]] for data in frames])
        return frozenset(schools.loc[schools["district"] == self.district, "school_id"])

    def walks(self, side: int, stage: Stage) -> pd.Series | None:
        """Return the walking distances of a side and stage; None where no way is known."""
        frame = self.comparison.walking
        mine = (frame["scenario"] == side) & (frame["district"] == self.district) & (frame["stage"] == stage)
        rows = frame[(mine & (frame["children"] > 0)).to_numpy()]
        return rows.iloc[0] if len(rows) else None

    def moved(self, side: int) -> pd.DataFrame:
        """Return who changes school within, into or out of the district; empty for the base."""
        if side == BASE:
            return self.outcomes[0].moved.iloc[:0]
        moved = self.outcomes[side - 1].moved
        return moved[(moved["from"].isin(self.home) | moved["to"].isin(self.home)).to_numpy()]

    def own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the district's rows."""
        return frame[(frame["district"] == self.district).to_numpy()]

    def changes(self, side: int, what: str) -> pd.DataFrame:
        """Return what changes of one kind of figure under a scenario."""
        frame = self.own(self.outcomes[side - 1].changes)
        return frame[(frame["what"] == what).to_numpy()]

    def contributions(self, side: int) -> pd.DataFrame:
        """Return what each action of a scenario does to the district, without the mean of the seven."""
        frame = self.own(self.outcomes[side - 1].contributions)
        return frame[(frame["code"] != COMPOSITE).to_numpy()]

    @property
    def place(self) -> str:
        """District and the year compared, for subtitles."""
        return f"{self.district} · {school_year(self.year, self.lang)}"

    @property
    def decimals(self) -> int:
        """Decimals of coefficients in print."""
        return self.context.standard.rules.rounding.coefficients

    def coefficient(self, value: float | None) -> str:
        """Return a coefficient for print."""
        return number(value, self.decimals, self.lang)

    def stage(self, stage: object) -> str:
        """Return a stage as the reader sees it."""
        return stage_label(stage, self.lang)

    def caption(self, finding: str, measure: str) -> Caption:
        """Return a figure's words."""
        return caption(finding, measure, self.place, self.context.source, self.lang)


# What every part of the scenario page stands on.


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
