"""The scenario page: base and scenarios side by side, and what each action does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qb.errors import QbError
from qb.report.book import Book
from qb.report.scenario.details import ScenarioDetails
from qb.report.scenario.sides import ScenarioSides
from qb.report.scenario.story import ScenarioStory
from qb.report.scenario.study import Study
from qb.scenario import whatif


@dataclass(frozen=True)
class ScenarioReport:
    """Everything the scenario page shows, part by part.

    Attributes
    ----------
    book : Book
    district : str
        Empty for the only one of the data.
    scenarios : sequence of str or Path
        Scenario files.
    """

    book: Book
    district: str
    scenarios: Sequence[str | Path]

    @cached_property
    def study(self) -> Study:
        """The comparison, made once.

        Raises
        ------
        QbError
            See `qb.scenario.whatif`; or if no district is named where there are several.
        """
        known = self.book.assessment.districts["district"].tolist()
        if not self.district and len(known) != 1:
            raise QbError(f"数据中有 {len(known)} 个县区，请写明 district。已有：{'、'.join(known)}。")
        compared = whatif(self.book.data, self.scenarios, standard=self.book.standard)
        return Study(self.book, self.district or known[0], compared)

    @property
    def story(self) -> ScenarioStory:
        """What was compared and what came of it."""
        return ScenarioStory(self.study)

    @property
    def sides(self) -> ScenarioSides:
        """Base and scenarios side by side."""
        return ScenarioSides(self.study)

    @property
    def details(self) -> ScenarioDetails:
        """Schools, actions and costs."""
        return ScenarioDetails(self.study)


__all__ = ["ScenarioReport"]
