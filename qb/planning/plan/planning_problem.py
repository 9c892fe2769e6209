"""The planning problem of a year as arrays: what each school row has, can be given (land, staff), and must reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from qb.data.dataset import Dataset, index_of, with_columns
from qb.errors import QbError
from qb.indicators.assessment import choose_year
from qb.indicators.population import STAGES, Population, counted, take_population
from qb.indicators.resources import amounts_held
from qb.language import STOP, Message, joined, listing
from qb.planning.costs import Costs, price_code
from qb.planning.plan.other_purchases import refuse_missing, refuse_unplannable, stranger
from qb.standard import Indicator, Standard
from qb.terms import Stage

# The planning problem as arrays: what each school row has, what can be added where, and the limits.
#
# A *row* is a judged school and stage. A *pool* is one cell of the dataset to which a purchase adds: the
# teachers of a stage, or the facilities of a stage; for a school that reports its facilities as one,
# those of the whole school, of which each stage gets its share by the split rule. `x` is always what is
# added to the pools, shape (pools,), in persons, m², yuan and rooms.


NOISE = 1e-7  # of a person or room: below it a fraction is noise of the division


@dataclass(frozen=True, eq=False)
class Cone:
    """One coefficient and its cap."""

    district: str
    stage: str
    k: int  # place of the indicator among the resources; `code` is its own
    rows: np.ndarray  # of int: the judged rows of the stage
    cap: float  # the coefficient may not exceed it
    code: str

    @property
    def label(self) -> Message:
        """Words for a reader."""
        return Message(
            "{} {} {} 差异系数限值 {:g}",
            "{}, {}, {}: limit {:g} on the coefficient",
            self.district,
            Stage(self.stage),
            self.code,
            self.cap,
        )


@dataclass(frozen=True, eq=False)
class Mean:
    """The mean of all coefficients of a district and stage, and its cap; `rows` are those of the stage."""

    district: str
    stage: str
    rows: np.ndarray
    cap: float

    @property
    def label(self) -> Message:
        """Words for a reader."""
        return Message(
            "{} {} 各项差异系数平均值限值 {:g}",
            "{}, {}: limit {:g} on the mean of the coefficients",
            self.district,
            Stage(self.stage),
            self.cap,
        )


@dataclass(frozen=True)
class Sum:
    """The most that the pools of one school and indicator may be given together."""

    pools: np.ndarray
    most: float


@dataclass(frozen=True, eq=False)
class HiresBeyondStaff:
    """Where a course is not enough: more teachers of a kind than a section has teachers must be hired."""

    pool: np.ndarray  # (n,) of int: pools of teachers of a kind
    room: np.ndarray  # (n,): teachers of the section who are not of the kind yet: so many can become it
    # (n,) of int: the pool of the same section in which all that is added are hired teachers, who make room
    # as well; −1 where there is none.
    hires: np.ndarray
    extra: np.ndarray  # (n,): what a teacher hired costs (a year) more than the course
    # low, high: (n,): the same of the low and the high price.
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def none(cls) -> HiresBeyondStaff:
        """Return that of a problem in which every section has teachers enough."""
        whole, real = np.zeros(0, dtype=int), np.zeros(0)
        return cls(whole, real, whole, real, real, real)

    def chosen(self, keep: np.ndarray) -> HiresBeyondStaff:
        """Return the entries of a mask."""
        return HiresBeyondStaff(
            *(getattr(self, name)[keep] for name in ("pool", "room", "hires", "extra", "low", "high"))
        )

    def hired(self, x: np.ndarray) -> np.ndarray:
        """Return how many must be hired for the additions `x`, shape (..., pools), to these pools."""
        also = np.where(self.hires >= 0, x[..., self.hires], 0.0)
        return np.maximum(x[..., self.pool] - also - self.room, 0.0)


@dataclass(frozen=True)
class Problem:
    """Everything that decides a plan about k resource indicators.

    Where less is better the divisor is what is bought: so many pupils a teacher at most are so many teachers
    for a pupil at least.
    """

    standard: Standard  # its resource indicators are those of the plan, k of them
    rows: pd.DataFrame  # (rows, …): district, school_id, name, stage of each judged row
    pupils: np.ndarray  # (rows,)
    # have, limit: (rows, k): what each row holds now, in all; the standard per pupil or per hundred.
    have: np.ndarray
    limit: np.ndarray
    factor: np.ndarray  # (k,): 100 or 1: ``value = factor * amount / pupils``
    pool: np.ndarray  # (rows, k) of int: the pool from which a row and indicator is supplied
    # (rows, k): how much of what the pool is given counts for the row; 1 except for schools that report as
    # one.
    share: np.ndarray
    # (pools, …): district, school_id, name, stage and code of each pool (the dataset's row), k, unit, yuan,
    # low, high, yearly.
    pools: pd.DataFrame
    most: np.ndarray  # (pools,): upper bound, infinite where none is given
    whole: np.ndarray  # (pools,) of bool: whether only whole numbers can be added
    sums: tuple[Sum, ...]  # upper bounds on several pools of a school together
    cones: tuple[Cone, ...]
    spare: int  # how many of them may stay below the standard; `floor` is how low
    floor: float
    budget: float | None = None
    beyond: HiresBeyondStaff = field(default_factory=HiresBeyondStaff.none)
    paid: frozenset[str] = frozenset()  # indicators of which all that is added are hired teachers

    means: tuple[Mean, ...] = ()  # where the mean of the coefficients decides; there are no cones then

    @property
    def yuan(self) -> np.ndarray:
        """Price of a unit of each pool, shape (pools,); of teachers who must be hired see `beyond`."""
        return self.pools["yuan"].to_numpy(dtype=float)

    def cost(self, x: np.ndarray) -> float:
        """Return what the purchases `x` cost."""
        return float(self.yuan @ x + self.beyond.extra @ self.beyond.hired(x))

    @cached_property
    def tight(self) -> HiresBeyondStaff:
        """The pools that the standard alone may ask for more than a course can give.

        Elsewhere a plan may hire too, for a coefficient; a bound that leaves that out is one all the same.
        """
        return self.beyond.chosen(self.by_pool(self.needed())[self.beyond.pool] > self.beyond.room)

    def amounts(self, x: np.ndarray) -> np.ndarray:
        """Return what each row holds after the purchases `x`, shape (rows, k)."""
        return self.have + self.share * x[self.pool]

    def values(self, x: np.ndarray) -> np.ndarray:
        """Return the resource indicators of each row after the purchases, in the indicators' units."""
        return self.factor * self.amounts(x) / self.pupils[:, None]

    def reached(self, values: np.ndarray, limit: np.ndarray) -> np.ndarray:
        """Return whether values reach limits, as the standard compares."""
        return self.standard.hold(limit, ">=").meets(values)

    def needed(self, part: float = 1.0) -> np.ndarray:
        """Return the least addition with which each row reaches `part` of the standard, shape (rows, k).

        In the pool's units: persons and rooms whole, judged with the tolerance of the standard.
        """
        target = part * self.limit
        share = self.share
        lacking = (target * self.pupils[:, None] / self.factor - self.have) / share
        count = np.maximum(np.ceil(lacking - NOISE), 0)
        short = ~self.reached(self.factor * (self.have + share * count) / self.pupils[:, None], target)
        met = self.reached(self.factor * self.have / self.pupils[:, None], target)
        return np.where(met, 0.0, np.where(self.whole[self.pool], count + short, np.maximum(lacking, 0)))

    def by_pool(self, asked: np.ndarray) -> np.ndarray:
        """Return the most that the rows ask of each pool; `asked` has shape (rows, k)."""
        most = np.zeros(len(self.most))
        np.maximum.at(most, self.pool.ravel(), asked.ravel())
        return most

    def coefficient(self, cone: Cone, x: np.ndarray) -> float:
        """Return a difference coefficient after the purchases; infinite where nothing is held at all."""
        amount = (
            self.have[cone.rows, cone.k] + self.share[cone.rows, cone.k] * x[self.pool[cone.rows, cone.k]]
        )
        weight = self.pupils[cone.rows] / self.pupils[cone.rows].sum()
        value = amount / self.pupils[cone.rows]
        mean = weight @ value
        return float(np.sqrt(weight @ (value - mean) ** 2) / mean) if mean > 0 else np.inf

    def over(self, x: np.ndarray, cones: Sequence[Cone] | None = None) -> tuple[Cone, ...]:
        """Return the cones (of all, unless given) that the purchases leave above their caps."""
        cones = self.cones if cones is None else cones
        spare = self.standard.rules.rounding.tolerance / 2  # of the tolerance half is left to the assessment
        return tuple(
            c for c in cones if not self.standard.hold(c.cap - spare, "<=").meets(self.coefficient(c, x))
        )

    def means_over(self, x: np.ndarray) -> tuple[Mean, ...]:
        """Return the means that the purchases leave above their caps."""
        spare = self.standard.rules.rounding.tolerance / 2
        return tuple(
            m
            for m in self.means
            if not self.standard.hold(m.cap - spare, "<=").meets(np.mean(self.coefficients_of(m, x)))
        )

    def coefficients_of(self, mean: Mean, x: np.ndarray) -> list[float]:
        """Return the coefficients of which a mean is taken, after the purchases."""
        cones = (Cone(mean.district, mean.stage, k, mean.rows, np.inf, "") for k in range(len(self.factor)))
        return [self.coefficient(cone, x) for cone in cones]

    def passing(self, x: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return which rows pass the school rule after the purchases."""
        amount = self.have[rows] + self.share[rows] * x[self.pool[rows]]
        value = self.factor * amount / self.pupils[rows, None]
        limit = self.limit[rows]
        unmet = (~self.reached(value, limit)).sum(axis=1)
        return (unmet <= self.spare) & self.reached(value, self.floor * limit).all(axis=1)

    def part(self, rows: np.ndarray) -> tuple[Problem, np.ndarray]:
        """Return the problem of some rows, and the places of its pools in this one.

        No pool, upper bound or coefficient may reach outside these rows.
        """
        pools = np.unique(self.pool[rows])
        row_at = np.full(len(self.pupils), -1)
        row_at[rows] = np.arange(len(rows))
        inside = set(rows.tolist())
        return replace(
            self,
            rows=self.rows.iloc[rows].reset_index(drop=True),
            pupils=self.pupils[rows],
            have=self.have[rows],
            limit=self.limit[rows],
            pool=np.searchsorted(pools, self.pool[rows]),
            share=self.share[rows],
            pools=self.pools.iloc[pools].reset_index(drop=True),
            most=self.most[pools],
            whole=self.whole[pools],
            sums=tuple(
                replace(s, pools=np.searchsorted(pools, s.pools)) for s in self.sums if s.pools[0] in pools
            ),
            cones=tuple(replace(c, rows=row_at[c.rows]) for c in self.cones if c.rows[0] in inside),
            means=tuple(replace(m, rows=row_at[m.rows]) for m in self.means if m.rows[0] in inside),
            budget=None,
            beyond=self.beyond_of(pools),
        ), pools

    def beyond_of(self, pools: np.ndarray) -> HiresBeyondStaff:
        """Return what is beyond a course among some pools, by their places."""
        place = np.full(len(self.most) + 1, -1)  # the last stands for none
        place[pools] = np.arange(len(pools))
        kept = self.beyond.chosen(place[self.beyond.pool] >= 0)
        return replace(kept, pool=place[kept.pool], hires=place[kept.hires])

    def capped(self, caps: dict[tuple[str, str, int], float] | float) -> Problem:
        """Return the same with other caps: one for all, or by district, stage and place of the indicator."""
        return replace(
            self,
            cones=tuple(
                replace(c, cap=caps if isinstance(caps, float) else caps[c.district, c.stage, c.k])
                for c in self.cones
            ),
        )


# The planning problem of a year, read from a dataset and a cost file.


_STAGES = tuple(str(stage) for stage in STAGES)
_WHOLE = str(Stage.WHOLE)
_MORE = 2.0**30  # so large that the share which is measured with it has no noise


def build_problem(
    data: Dataset,
    year: int | None,
    standard: Standard,
    costs: Costs | None,
    budget: float | None = None,
    district: str | None = None,
) -> Problem:
    """Read the problem of a year from a dataset; without costs, where nothing is bought.

    Raises
    ------
    QbError
        If a figure of a resource or a price is missing, the budget is negative, a limit names a school that
        is not judged, or the standard compares in a way that a plan cannot promise; all of it is named.
    """
    year = choose_year(data, year)
    refuse_unplannable(standard, costs, budget)
    data = with_columns(data, standard)
    population = take_population(data, standard, year)
    judged = everywhere = population.judged
    if district is not None:
        if district not in population.districts:
            raise QbError(
                "数据中没有县区“{}”。已有：{}。",
                "The data have no district “{}”. There are: {}.",
                district,
                listing(population.districts),
            )
        judged = judged[population.districts[population.district[population.school[judged]]] == district]
    if not len(judged):
        raise QbError(
            "{} 年度没有参加{}评估的学校，无法制定方案。",
            "No school is judged on {1} in {0}, so no plan can be made.",
            year,
            counted(standard),
        )
    rows, have = _rows(population, judged), _have(population, standard)[judged]
    pupils = population.figures["pupils"][judged]
    refuse_missing(rows, pupils, have, standard.resource_codes)
    pool, share, pools = _pools(population, standard, judged)
    priced = _priced(pools, rows, pool, costs, standard)
    ids = population.schools["school_id"].to_numpy(dtype=object)
    most, yuan, sums = _limits(
        priced, costs, set(ids[population.school[everywhere]]) - set(rows["school_id"])
    )
    for land in _land(data, priced, standard):
        if len(land.pools) == 1:
            most[land.pools] = np.minimum(most[land.pools], land.most)
        else:
            sums += (land,)
    factor = np.array([1.0 if i.at_most else float(i.resource.per) for i in standard.resources])
    stages = rows["stage"].to_numpy()
    limit = np.array(
        [[_least(i, Stage(stage), year) for i in standard.resources] for stage in np.unique(stages)]
    )[np.unique(stages, return_inverse=True)[1]]
    rule = standard.rules.school
    priced = priced.assign(yuan=yuan)
    return Problem(
        standard=standard,
        rows=rows,
        pupils=pupils,
        have=have,
        limit=limit,
        factor=factor,
        pool=pool,
        share=share,
        pools=priced,
        most=most,
        whole=np.array([i.resource.whole or i.at_most for i in standard.resources])[pools["k"].to_numpy()],
        sums=sums,
        cones=_cones(rows, standard),
        means=_means(rows, standard),
        spare=rule.of - rule.met if rule else 0,
        floor=rule.floor or 0.0 if rule else 0.0,
        budget=budget,
        beyond=_beyond(data, year, standard, costs, priced) if costs else HiresBeyondStaff.none(),
        paid=hired_codes(standard, costs) if costs else frozenset(),
    )


def hired_codes(standard: Standard, costs: Costs) -> frozenset[str]:
    """Return the indicators of which all that is added are hired teachers: their price is a teacher's pay."""
    paid = (i for i in standard.resources if price_code(i) == costs.hired)
    return frozenset(i.code for i in paid if i.adds_to[0] == "sections")


def _beyond(
    data: Dataset, year: int, standard: Standard, costs: Costs, pools: pd.DataFrame
) -> HiresBeyondStaff:
    """Return for teachers of a kind how many a section has who can become it, and what a hire costs."""
    paid = hired_codes(standard, costs)
    kinds = {
        i.code: i.adds_to[1]
        for i in standard.resources
        if i.resource.at_most == "full_time_teachers" and i.code not in paid
    }
    at = np.flatnonzero(pools["code"].isin(kinds).to_numpy())
    if not len(at) or costs.hired not in {cost.code for cost in costs.costs}:
        return HiresBeyondStaff.none()
    keys = ["school_id", "stage"]
    mine = pools.iloc[at]
    sections = data["sections"]
    sections = sections[(sections["year"] == year).to_numpy()].set_index(keys)
    held = sections.reindex(pd.MultiIndex.from_frame(mine[keys]))
    has = np.select([mine["code"].to_numpy() == c for c in kinds], [held[name] for name in kinds.values()])
    room = held["full_time_teachers"].to_numpy(dtype=float) - has
    hiring = pools[pools["code"].isin(paid).to_numpy()]
    place = pd.Series(hiring.index, index=pd.MultiIndex.from_frame(hiring[keys]))
    pay = [costs.cost(costs.hired, stage) for stage in mine["stage"]]
    price = {name: np.array([getattr(p, name) for p in pay]) - mine[name] for name in ("yuan", "low", "high")}
    extra, low, high = (np.asarray(price[name], dtype=float) for name in ("yuan", "low", "high"))
    # Where the number of teachers is not reported nothing says that they are too few.
    known = ~np.isnan(room) & (extra > 0)
    hires = place.reindex(pd.MultiIndex.from_frame(mine[keys])).fillna(-1).to_numpy(dtype=int)
    return HiresBeyondStaff(at, np.maximum(room, 0.0), hires, extra, low, high).chosen(known)


def _least(indicator: Indicator, stage: Stage, year: int) -> float:
    """Return the least that the standard asks for a pupil (or a hundred); 0 where it asks nothing."""
    if not indicator.limits:
        return 0.0
    limit = indicator.limit(stage=stage, year=year).value
    return indicator.resource.per / limit if indicator.at_most else limit


def _rows(population: Population, judged: np.ndarray) -> pd.DataFrame:
    school = population.school[judged]
    return pd.DataFrame(
        {
            "district": population.districts[population.district[school]],
            "school_id": population.schools["school_id"].to_numpy(dtype=object)[school],
            "name": population.schools["name"].to_numpy(dtype=object)[school],
            "stage": np.array([str(s) for s in STAGES], dtype=object)[population.stage[judged]],
        }
    )


def _have(population: Population, standard: Standard) -> np.ndarray:
    """Return what every section holds of what is bought, shape (sections, k)."""
    held = amounts_held(population, standard)
    for k, indicator in enumerate(standard.resources):
        if indicator.at_most:
            held[:, k] = population.figures[indicator.resource.divisor]
    return held


def _pools(
    population: Population, standard: Standard, judged: np.ndarray
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return which cell of the dataset supplies each row and indicator, its share, and the cells.

    The share is measured: with as much more in every such cell, how much more does each row hold.
    """
    keys = list(zip(population.school[judged], np.array(_STAGES)[population.stage[judged]], strict=True))
    pool = np.empty((len(judged), len(standard.resources)), dtype=int)
    data, cells = population.records.data, list[pd.DataFrame]()
    more = {table: data[table].copy() for table in ("sections", "facilities")}
    for k, indicator in enumerate(standard.resources):
        code, (table, column) = indicator.code, indicator.adds_to
        chosen = _positions(population, table, column)
        positions, place = np.unique([chosen[key] for key in keys], return_inverse=True)
        pool[:, k] = place + sum(map(len, cells))
        cells.append(data[table].loc[positions, ["school_id", "stage"]].assign(k=k, code=code))
        more[table].loc[positions, column] += _MORE
    changed = data.replace(**more)
    gained = _have(take_population(changed, standard, population.year), standard)
    gained -= _have(population, standard)
    frame = pd.concat(cells, ignore_index=True)
    at = index_of(frame["school_id"], population.schools["school_id"])
    named = frame.assign(
        district=population.districts[population.district[at]],
        name=population.schools["name"].to_numpy(dtype=object)[at],
    )
    return pool, gained[judged] / _MORE, named


def _positions(population: Population, table: str, column: str) -> dict[tuple[int, str], int]:
    """Return for a school and stage the row of a table that takes what is bought for it.

    Where the figure is reported: by stage before as a whole, the school's own before a campus's.
    """
    records = population.records
    known = records.rows(table)[column].notna().to_numpy()
    frame, place = records.rows(table)[known], records.places(table)[known]
    own = population.root[place] == place
    stage = np.array(_STAGES)[records.stages(table)[known]]
    sites = population.sites
    taught: dict[int, list[str]] = {}
    for school, name in zip(sites.school[sites.having], sites.stage[sites.having], strict=True):
        taught.setdefault(school, []).append(_STAGES[name])
    chosen: dict[tuple[int, str], int] = {}
    for i in np.lexsort((stage == _WHOLE, ~own)):
        root = population.root[place[i]]
        for name in taught.get(place[i], []) if stage[i] == _WHOLE else [stage[i]]:
            chosen.setdefault((root, name), frame.index[i])
    return chosen


def _priced(
    pools: pd.DataFrame, rows: pd.DataFrame, pool: np.ndarray, costs: Costs | None, standard: Standard
) -> pd.DataFrame:
    """Add prices, and the judged school that each pool belongs to; a price of 1 where nothing is bought."""
    owner = np.empty(len(pools), dtype=object)
    owner[pool.ravel()] = np.repeat(rows["school_id"].to_numpy(dtype=object), pool.shape[1])
    if costs is None:
        units = {i.code: i.resource.unit.zh for i in standard.resources}
        return pools.assign(
            owner=owner, unit=pools["code"].map(units), yuan=1.0, low=1.0, high=1.0, yearly=False
        )
    held = {
        (code, stage): costs.cost(price_code(standard[code]), stage)
        for code, stage in set(zip(pools["code"], pools["stage"], strict=True))
    }
    mine = [held[key] for key in zip(pools["code"], pools["stage"], strict=True)]
    return pools.assign(
        owner=owner,
        unit=[c.unit.zh for c in mine],
        yuan=[c.yuan for c in mine],
        low=[c.low for c in mine],
        high=[c.high for c in mine],
        yearly=[c.yearly for c in mine],
    )


def _limits(
    pools: pd.DataFrame, costs: Costs | None, elsewhere: set[str]
) -> tuple[np.ndarray, np.ndarray, tuple[Sum, ...]]:
    """Return upper bounds and prices by pool, and the bounds on several pools together.

    What is said of schools of other districts, `elsewhere`, is not for this plan.
    """
    most, yuan = np.full(len(pools), np.inf), pools["yuan"].to_numpy(dtype=float).copy()
    sums, wrong = [], []
    owner, stage, code = (pools[name].to_numpy(dtype=object) for name in ("owner", "stage", "code"))
    for entry in costs.schools if costs else ():
        if entry.school_id in elsewhere:
            continue
        mine = (owner == entry.school_id) & (code == entry.code)
        at = np.flatnonzero(mine if entry.stage is None else mine & (stage == str(entry.stage)))
        if not len(at):
            wrong.append(stranger(entry, set(stage[mine])))
            continue
        if entry.yuan is not None:
            yuan[at] = entry.yuan
        if entry.most is not None and len(at) == 1:
            most[at] = np.minimum(most[at], entry.most)
        elif entry.most is not None:
            sums.append(Sum(at, entry.most))
    if wrong:
        raise QbError(
            Message(
                "费用文件中的学校限制用不上：", "Limits on schools in the cost file that cannot be used: "
            )
            + joined("；", "; ", wrong)
            + STOP
        )
    return most, yuan, tuple(sums)


def ground_codes(standard: Standard) -> list[str]:
    """Return the indicators of which more takes land: sports ground. Floor is taken to rise in storeys."""
    return [i.code for i in standard.resources if i.adds_to == ("facilities", "sports_ground_m2")]


def _land(data: Dataset, pools: pd.DataFrame, standard: Standard) -> tuple[Sum, ...]:
    """Return the land that a school reports as the most ground that its stages can be given together."""
    land = data["schools"].drop_duplicates("school_id").set_index("school_id")["land_available_m2"].dropna()
    at = np.flatnonzero(pools["code"].isin(ground_codes(standard)).to_numpy())
    mine = pools.iloc[at]["school_id"].to_numpy(dtype=object)
    reported = (school for school in dict.fromkeys(mine) if school in land.index)
    return tuple(Sum(at[mine == school], float(land[school])) for school in reported)


def _cones(rows: pd.DataFrame, standard: Standard) -> tuple[Cone, ...]:
    cones = []
    for (district, stage), at in rows.groupby(["district", "stage"], sort=True).indices.items():
        if len(at) > 1:  # one school alone has a coefficient of 0
            cap = standard.coefficient_limit(Stage(stage))
            each = standard.rules.coefficient and standard.rules.coefficient.decides == "each"
            codes = standard.resource_codes if each else ()
            cones += [Cone(district, stage, k, at, cap, code) for k, code in enumerate(codes)]
    return tuple(cones)


def _means(rows: pd.DataFrame, standard: Standard) -> tuple[Mean, ...]:
    rule = standard.rules.coefficient
    if rule is None or rule.decides != "mean":
        return ()
    by_stage = rows.groupby(["district", "stage"], sort=True).indices
    return tuple(
        Mean(district, stage, at, standard.coefficient_limit(Stage(stage)))
        for (district, stage), at in by_stage.items()
        if len(at) > 1
    )
