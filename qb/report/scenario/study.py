"""A comparison of one district's scenarios, taken once and shared by all parts of the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from qb.charts import Caption
from qb.errors import QbError
from qb.judge import COMPOSITE, Assessment
from qb.report.book import Book
from qb.report.seven import caption
from qb.report.words import Lang, number, say, school_year, stage_label
from qb.scenario import Comparison, Outcome
from qb.scenario.compare import BASE
from qb.terms import COMPULSORY, Stage


@dataclass(frozen=True)
class Study:
    """The base and scenarios of one district.

    Attributes
    ----------
    book : Book
    district : str
    comparison : Comparison
        Of all districts of the data.
    """

    book: Book
    district: str
    comparison: Comparison

    def __post_init__(self) -> None:
        known = self.comparison.base[self.year].districts["district"].tolist()
        if self.district not in known:
            raise QbError(f"数据中没有县区“{self.district}”。已有：{'、'.join(known)}。")

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.book.lang

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
        mark = "（模拟）" if self.book.data.invented else ""
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
        return self.book.standard.rules.rounding.coefficients

    def coefficient(self, value: float | None) -> str:
        """Return a coefficient for print."""
        return number(value, self.decimals, self.lang)

    def stage(self, stage: object) -> str:
        """Return a stage as the reader sees it."""
        return stage_label(stage, self.lang)

    def caption(self, finding: str, measure: str) -> Caption:
        """Return a figure's words."""
        return caption(finding, measure, self.place, self.book.source, self.lang)
