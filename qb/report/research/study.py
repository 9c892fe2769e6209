"""What all parts of the research page stand on: schools, stages, measures, years, cut as a figure needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qb import balance
from qb.errors import QbError
from qb.judge import fails
from qb.measure.census import Census, take_census
from qb.measure.resources import resources, share_facilities
from qb.report.book import Book
from qb.report.research.measures import COLUMNS, Measure, choose, names_in, unknown_in
from qb.report.words import Lang, say, stage_label, term
from qb.standard import SEVEN, Standard
from qb.terms import COMPULSORY, Kind, Location, Ownership, Stage

GROUPINGS = {
    "location": ("城乡类别", "location"),
    "ownership": ("办学性质", "ownership"),
    "kind": ("办学类型", "kind of school"),
    "group": ("教育集团", "school group"),
    "district": ("县区", "district"),
}
TOLERANCE = 1e-9  # coefficients nearer to each other are the same


@dataclass(frozen=True)
class Cut:
    """The schools of one stage and year by one measure: those that have the figure.

    Attributes
    ----------
    stage : Stage
    measure : Measure
    year : int
    rows : DataFrame
        A row per school: the columns of `panel`, with `amount` and `value` (in the measure's unit).
    missing : int
        Schools of the stage that have not reported the figure, and are left out.
    limit : float
        The standard for a school; NaN where there is none for this measure.
    cap : float
        The limit of the difference coefficient of the stage; NaN where the standard has none for this measure.
    """

    stage: Stage
    measure: Measure
    year: int
    rows: pd.DataFrame = field(repr=False, compare=False)
    missing: int
    limit: float
    cap: float
    standard: Standard = field(repr=False, compare=False)

    def above(self, coefficients: ArrayLike) -> np.ndarray:
        """Return which coefficients are above the stage's limit; none where the standard has none."""
        found = fails(coefficients, self.standard, "coefficient", stage=self.stage)
        return found & np.isfinite(self.cap)

    def below(self, values: ArrayLike) -> np.ndarray:
        """Return which values are below the standard for a school; none where there is none."""
        if not np.isfinite(self.limit):
            return np.zeros(np.shape(values), dtype=bool)
        return fails(values, self.standard, self.measure.key, stage=self.stage, year=self.year)

    @property
    def amount(self) -> np.ndarray:
        """What each school holds in all, shape (schools,)."""
        return self.rows["amount"].to_numpy()

    @property
    def pupils(self) -> np.ndarray:
        """Pupils of the stage, shape (schools,)."""
        return self.rows["pupils"].to_numpy()

    @property
    def value(self) -> np.ndarray:
        """What each school holds for a pupil or a hundred, shape (schools,)."""
        return self.rows["value"].to_numpy()

    @cached_property
    def spread(self) -> balance.Spread:
        """Mean and deviation in the measure's unit, and the coefficient; NaN where undefined."""
        one = np.zeros(len(self.rows), dtype=int)
        found = balance.difference_coefficients(self.measure.factor * self.amount, self.pupils, one, 1)
        return balance.Spread(*(float(x[0]) for x in (found.mean, found.deviation, found.coefficient)))

    @property
    def usable(self) -> bool:
        """Whether there is a coefficient: some school holds something."""
        return bool(np.isfinite(self.spread.coefficient))

    @property
    def differs(self) -> bool:
        """Whether schools differ at all."""
        return self.usable and len(self.rows) > 1 and self.spread.coefficient > TOLERANCE

    @property
    def held(self) -> bool:
        """Whether there is a coefficient and a limit to hold it against."""
        return self.usable and bool(np.isfinite(self.cap))

    @property
    def over(self) -> bool:
        """Whether the coefficient is above its limit."""
        return self.held and bool(self.above(self.spread.coefficient))


@dataclass(frozen=True)
class Study:
    """A question put to a book: which schools, by what, told apart how.

    Attributes
    ----------
    book : Book
    district : str
        Empty: all districts of the data together.
    stages : tuple of Stage
    measures : tuple of Measure
    grouping : str
        A key of `GROUPINGS`.
    error : float
        Share by which a reported figure may be off: 0.05.
    panel : DataFrame
        A row per year, school and stage: who it is, `pupils`, `small` (left out by rule, for comparison
        only) and what it holds in all of each measure.
    """

    book: Book
    district: str
    stages: tuple[Stage, ...]
    measures: tuple[Measure, ...]
    grouping: str
    error: float
    panel: pd.DataFrame = field(repr=False, compare=False)

    @classmethod
    def ask(cls, book: Book, district: str, stages: str, codes: str, grouping: str, error: float) -> Study:
        """Check what was asked for, all of it at once, and gather the schools.

        Raises
        ------
        QbError
            Naming every parameter that cannot be used, and what can.
        """
        wanted = names_in(stages) or list(map(str, COMPULSORY))
        faults = [f"没有学段“{s}”，可用：{'、'.join(COMPULSORY)}" for s in wanted if s not in COMPULSORY]
        known = book.assessment.districts["district"].tolist()
        if district and district not in known:
            faults.append(f"数据中没有县区“{district}”，已有：{'、'.join(known)}")
        if unknown := unknown_in(codes):
            faults.append(
                f"没有可比较的指标或列：{'、'.join(unknown)}，可用 {SEVEN[0]}—{SEVEN[-1]} 和列 {'、'.join(COLUMNS)}"
            )
        if grouping not in GROUPINGS:
            faults.append(f"不能按“{grouping}”分组，可用：{'、'.join(GROUPINGS)}")
        if not 0 <= error < 100:
            faults.append(f"报送误差应为 0 至 100 之间的百分数，现为 {error:g}")
        if faults:
            raise QbError("研究页的参数不能使用：" + "；".join(faults) + "。")
        panel = _panel(book, district)
        now = panel[(panel["year"] == book.year).to_numpy()]
        held = {key for key in (*SEVEN, *COLUMNS) if now[key].notna().any()}
        return cls(
            book,
            district or (known[0] if len(known) == 1 else ""),
            tuple(s for s in COMPULSORY if s in wanted and (now["stage"] == s).any()),
            choose(codes, book.standard, held),
            grouping,
            error / 100,
            panel,
        )

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.book.lang

    @property
    def years(self) -> list[int]:
        """School years of the panel, in rising order."""
        return sorted(int(year) for year in self.panel["year"].unique())

    @cached_property
    def districts(self) -> list[str]:
        """The districts whose schools are looked at."""
        return sorted(self.panel.loc[(self.panel["year"] == self.book.year).to_numpy(), "district"].unique())

    @cached_property
    def judged(self) -> frozenset[tuple[str, str]]:
        """Stages and districts with a judged school; each stage with an empty district as well."""
        rows = self.book.assessment.rows
        stages = rows["stage"].astype(str)
        return frozenset(zip(stages, rows["district"], strict=True)) | {
            (stage, "") for stage in stages.unique()
        }

    @property
    def place(self) -> str:
        """Where and when, for subtitles."""
        count = len(self.districts)
        name = self.district or say(self.lang, f"{count} 个县区合计", f"{count} districts together")
        return self.book.place(name)

    @cached_property
    def _cuts(self) -> dict[tuple, Cut]:
        return {}

    def cut(self, stage: Stage, measure: Measure, year: int | None = None) -> Cut:
        """Return the schools of a stage by a measure, in the page's year unless another is named."""
        year = self.book.year if year is None else year
        key = (stage, measure.key, year)
        if key not in self._cuts:
            self._cuts[key] = self._take(stage, measure, year, small=False)
        return self._cuts[key]

    def with_small(self, stage: Stage, measure: Measure) -> Cut:
        """Return the same with the small teaching points that the rules leave out."""
        return self._take(stage, measure, self.book.year, small=True)

    def _take(self, stage: Stage, measure: Measure, year: int, *, small: bool) -> Cut:
        panel = self.panel
        mine = (panel["year"] == year) & (panel["stage"] == stage) & (small | ~panel["small"])
        rows = panel[mine.to_numpy()]
        rows = rows.assign(amount=rows[measure.key]).drop(columns=[*SEVEN, *COLUMNS])
        there = rows["amount"].notna().to_numpy() & (rows["pupils"] > 0).to_numpy()
        missing = int((~there & ~rows["small"].to_numpy()).sum())
        rows = rows[there].reset_index(drop=True)
        rows["value"] = measure.factor * rows["amount"] / rows["pupils"]
        standard = self.book.standard
        limit = cap = np.nan  # the standard has none for other columns
        if measure.key in SEVEN:
            limit = standard[measure.key].limit(stage=stage, year=year).value
            cap = standard.coefficient_limit(stage)
        return Cut(stage, measure, year, rows, missing, limit, cap, standard)

    def cuts(self, stage: Stage) -> list[Cut]:
        """Return a stage by every measure."""
        return [self.cut(stage, measure) for measure in self.measures]

    def focus(self, stage: Stage) -> Cut | None:
        """Return the stage by the measure on which schools differ most; None where they do not differ."""
        cuts = [cut for cut in self.cuts(stage) if cut.differs]
        return max(cuts, key=lambda cut: cut.spread.coefficient, default=None)

    def groups(self, rows: pd.DataFrame) -> list[str]:
        """Return the group of each row in words; schools without one are a group of their own."""
        column = rows[self.grouping]
        words = {v: term(v, self.lang, (Location, Ownership, Kind)) for v in column.dropna().unique()}
        none = say(self.lang, "未填", "not stated")
        return [words.get(value, none) for value in column]

    def names(self, rows: pd.DataFrame) -> list[str]:
        """Return the schools' names, with the district where several are looked at."""
        if self.district:
            return rows["name"].tolist()
        shape = say(self.lang, "{0}（{1}）", "{0} ({1})")
        return [shape.format(*pair) for pair in zip(rows["name"], rows["district"], strict=True)]

    def of(self, cut: Cut) -> str:
        """Return stage and measure, to begin a sentence with."""
        return f"{stage_label(cut.stage, self.lang)} · {cut.measure.name(self.lang)}"


def _panel(book: Book, district: str) -> pd.DataFrame:
    """Gather every year up to the book's: a row per school and stage."""
    years = [year for year in book.data.years if year <= book.year]
    panel = pd.concat([_of_year(book, year) for year in years], ignore_index=True)
    return panel[(panel["district"] == district).to_numpy()].reset_index(drop=True) if district else panel


def _of_year(book: Book, year: int) -> pd.DataFrame:
    census = take_census(book.data, book.standard, year)
    small = _small(census, book)
    wider = replace(census, excluded=np.where(small, None, census.excluded))
    at, school = wider.judged, census.school[wider.judged]
    seven = resources(book.data, wider, book.standard).amount
    held = {**census.figures, **share_facilities(book.data, census, book.standard)}
    ids = census.schools["school_id"].array[school]
    names = census.schools["name"].array[school]
    return pd.DataFrame(
        {
            "year": year,
            "district": census.districts[census.district[school]],
            "school_id": ids,
            "name": np.where(pd.isna(names), ids, names),
            **{
                name: census.schools[name].array[school]
                for name in ("kind", "ownership", "location", "group", "longitude", "latitude")
            },
            "stage": np.array([str(stage) for stage in Stage], dtype=object)[census.stage[at]],
            "pupils": census.figures["pupils"][at],
            "small": small[at],
            **dict(zip(SEVEN, seven.T, strict=True)),
            **{name: held[name][at] for name in COLUMNS},
        }
    )


def _small(census: Census, book: Book) -> np.ndarray:
    """Return which sections are teaching points that the rules leave out for their size alone."""
    pupils = census.figures["pupils"]
    few = (pupils > 0) & (pupils < book.standard.rules.exclusion.small_point_pupils)
    point = census.kind[census.school] == list(Kind).index(Kind.TEACHING_POINT)
    return point & few & np.isin(census.stage, [list(Stage).index(stage) for stage in COMPULSORY])
