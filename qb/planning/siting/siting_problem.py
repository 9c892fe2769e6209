"""The siting problem as arrays: children of zones, seats at schools and sites, the ways between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb.data.dataset import KINDS, TAUGHT, Dataset, index_of, is_open, silent_stages
from qb.data.distances import Walks, walks
from qb.language import Message, listing
from qb.planning.scenario.school_actions import beyond_largest
from qb.planning.scenario.year_records import class_limit, rows_of
from qb.planning.siting.candidate_sites import EXCHANGED, TABLE, Aim, Candidate, SitesFile, refuse
from qb.standard import Standard
from qb.standard.limits import LimitInForce
from qb.terms import COMPULSORY, Kind, Ownership, Stage

# The question as arrays: children of zones, seats at schools and sites, and the ways between them.


NONE = -1  # a group of children without a seat, a seat of no site


@dataclass(frozen=True)
class SitingProblem:
    """Groups of children to be seated; a group is the children of one zone and stage, and stays whole.

    Notes
    -----
    A seat is a school (or a site) and a stage.
    """

    children: np.ndarray  # (groups,): above 0
    km: np.ndarray  # (groups, seats): the walk; NaN where the seat is of another stage or district
    limit: LimitInForce  # the longest walk that counts as within distance
    now: np.ndarray  # (groups,) of int: the seat that the group has today, or `NONE`
    # (seats,): children of zones that the seat takes; 0 for a site before anything is opened there.
    capacity: np.ndarray
    # (seats,): the most children that can leave: a school does not send away more pupils than it has.
    leaving: np.ndarray
    site: np.ndarray  # (seats,) of int: the site that the seat belongs to, `NONE` for a school that is there
    option_site: np.ndarray  # (options,) of int: the site of each kind and size that could be opened
    option_capacity: np.ndarray  # (options, seats): the capacity that opening it brings
    counts: Aim = Aim.WITHIN  # what counts first
    option_yuan: np.ndarray | None = None  # (options,): what opening each costs, where that matters

    @cached_property
    def near(self) -> np.ndarray:
        """Whether a walk is within its limit, shape (groups, seats)."""
        return self.limit.at(self.limit.value[:, None]).meets(self.km)

    @property
    def sites(self) -> int:
        """How many sites there are."""
        return int(self.option_site.max(initial=NONE)) + 1


@dataclass(frozen=True)
class Labels:
    """What the places of a problem are called."""

    # (groups, …): `zone_id`, `district`, `stage`, `children`, and `assigned`: the school as the data have it.
    groups: pd.DataFrame
    seats: pd.DataFrame  # (seats, …): `school_id` (that of a site: the new school's) and `stage`
    notes: tuple[str, ...]  # what was left out, and why
    limits_km: dict[str, float]  # the longest walk within distance, by stage
    detour: float  # a walk as a multiple of the straight line, where the table `distances` has none
    # pairs, measured: zones and schools (or sites) between which there is a way, and those of which the table
    # has it.
    pairs: int
    measured: int


def build(
    data: Dataset,
    asked: SitesFile,
    year: int,
    standard: Standard,
    capacities: pd.DataFrame | None = None,
    where: Message = TABLE,
) -> tuple[SitingProblem, Labels]:
    """Return the problem of a year.

    A school that is there takes part with its stages if a zone is assigned to it, or if it is public and
    not a special school. It has as many places as its classes times the class limit (C12), a campus
    counted with its parent, unless `capacities` (`school_id`, `stage`, `capacity`), or else the file of
    candidates, says otherwise. Pupils
    beyond the children of the zones assigned to it keep their places. Messages name the candidates as
    `where` does. Of a school whose pupils or classes
    are not reported no free place is presumed: it keeps the children of its zones and takes nobody else.

    Coordinates are asked for only where the table `distances` has not all walks between zones and places.

    Raises
    ------
    SitingError
        Naming all of: no zone with children and known ways, a school with zones that has no place or is closed,
        a capacity below 0 or of an unknown school, a site that is a school's identifier or of no
        district of the data, that no zone can reach, or whose school would be larger than the standard's
        largest.
    """
    zones = rows_of(data["zones"], year)
    every, candidates = _groups(zones), asked.candidates
    if capacities is None and asked.capacities:
        capacities = pd.DataFrame([entry.model_dump() for entry in asked.capacities])
    given, wrong = _given(data, capacities)
    sites = list(dict.fromkeys(one.site for one in candidates))
    there = _schools(data, every, year, standard, given)[0]
    near, ways = _known(
        data, every, pd.concat([there, _sites(candidates, sites)], ignore_index=True), standard
    )
    groups, notes = every[near].reset_index(drop=True), _left_out(zones, every[~near])
    if groups.empty:
        wrong.append(
            Message(
                "{} 学年没有一个小区既有适龄儿童数又有经纬度（或到校距离表中的全部距离），请填写小区表（zones）",
                "no zone of {} has both children and coordinates (or all its walks in the table distances); complete the table zones",
                year,
            )
        )
    wrong += _unplaced(candidates, ways)
    wrong += _misplaced(data, candidates)
    wrong += _oversized(candidates, year, standard)
    unreached, far = _reach(data, groups, asked, standard)
    schools, faults, left = _schools(data, groups, year, standard, given, ways)
    refuse(wrong + unreached + faults, where)
    seats = pd.concat([schools, _sites(candidates, sites)], ignore_index=True)
    held = pd.MultiIndex.from_frame(seats[["school_id", "stage"]])
    option_site = np.array([sites.index(one.site) for one in candidates])
    brought = np.zeros((len(candidates), len(seats)))
    for number, one in enumerate(candidates):
        for stage in COMPULSORY:
            if one.capacity(stage):
                brought[number, held.get_loc((one.site, str(stage)))] = one.capacity(stage)
    detour = standard.rules.distance.detour
    ways = _ways(data["distances"], groups, seats, detour)
    problem = SitingProblem(
        children=groups["children"].to_numpy(),
        km=ways.km,
        limit=_limit(groups, asked, standard),
        now=held.get_indexer(pd.MultiIndex.from_frame(groups[["assigned", "stage"]])),
        capacity=seats["capacity"].to_numpy(),
        leaving=seats["leaving"].to_numpy(),
        site=np.where(seats["new"].astype(bool), pd.Index(sites).get_indexer(seats["school_id"]), NONE),
        option_site=option_site,
        option_capacity=brought,
        counts=asked.counts,
    )
    notes = (*notes, *left, *far, *_nowhere(data, sites))
    limits = {str(stage): asked.limit_km(stage, standard) for stage in COMPULSORY}
    counts = (_pairs(groups, seats, there) for there in (~np.isnan(ways.km), ways.measured))
    return problem, Labels(groups, seats[["school_id", "stage"]], notes, limits, detour, *counts)


def _pairs(groups: pd.DataFrame, seats: pd.DataFrame, there: np.ndarray) -> int:
    """Return how many pairs of a zone and a school `there` holds; both of its stages are one way."""
    group, seat = np.nonzero(there)
    zone, place = groups["zone_id"].to_numpy()[group], seats["school_id"].to_numpy()[seat]
    return len(set(zip(zone, place, strict=True)))


def _nowhere(data: Dataset, sites: list[str]) -> list[Message]:
    """Say which places of the table of distances are neither a school nor a site."""
    given = data["distances"]["place_id"].dropna().unique()
    strange = [name for name in given if name not in {*data["schools"]["school_id"], *sites}]
    some = listing(strange[:FEW]) + (Message("等", " …") if len(strange) > FEW else "")
    zh = "到校距离表中有 {} 个编号既不是学校也不是校址，没有用到：{}"
    en = "{} codes of the table of walking distances are neither a school nor a site, and not used: {}"
    return [Message(zh, en, len(strange), some)] if strange else []


def _limit(groups: pd.DataFrame, asked: SitesFile, standard: Standard) -> LimitInForce:
    limits = {str(stage): asked.limit_km(stage, standard) for stage in COMPULSORY}
    return standard.hold(groups["stage"].map(limits).to_numpy(dtype=float), "<=", decimals=2)


def _groups(zones: pd.DataFrame) -> pd.DataFrame:
    """Return the children of each zone and stage, where there are any."""
    frames = [
        pd.DataFrame(
            {
                "zone_id": zones["zone_id"],
                "district": zones["district"],
                "stage": str(stage),
                "children": zones[f"{stage}_children"],
                "assigned": zones[f"{stage}_school_id"],
                "longitude": zones["longitude"],
                "latitude": zones["latitude"],
            }
        )
        for stage in COMPULSORY
    ]
    table = pd.concat(frames, ignore_index=True)
    return table[table["children"] > 0].reset_index(drop=True)


def _known(
    data: Dataset, groups: pd.DataFrame, seats: pd.DataFrame, standard: Standard
) -> tuple[np.ndarray, frozenset[str]]:
    """Return which groups take part, and the places without coordinates to which all their ways are known.

    Without coordinates a place needs the walks from all zones that have some, and then a zone those to all
    places: what the table of distances lacks could not be estimated.
    """
    unknown = _alike(groups, seats) & np.isnan(
        _ways(data["distances"], groups, seats, standard.rules.distance.detour).km
    )
    bare, nowhere = (f[["longitude", "latitude"]].isna().any(axis=1).to_numpy() for f in (groups, seats))
    lost = nowhere & (unknown[~bare].any(axis=0) | ~(_alike(groups, seats) & ~unknown).any(axis=0))
    left = set(seats["school_id"][lost])  # of a school whose ways at one stage are not known, neither stage
    lost = seats["school_id"].isin(left).to_numpy()
    return ~unknown[:, ~lost].any(axis=1), frozenset(seats["school_id"][nowhere & ~lost])


def _unplaced(candidates: tuple[Candidate, ...], known: frozenset[str]) -> list[Message]:
    bare = dict.fromkeys(one.site for one in candidates if one.longitude is None)
    zh = "校址 {} 没有经纬度，到校距离表（distances）也没有它与各小区的全部距离，请补一样"
    en = "site {} has no coordinates, nor has the table distances all its walks from the zones: complete either"
    return [Message(zh, en, site) for site in bare if site not in known]


def _left_out(zones: pd.DataFrame, lost: pd.DataFrame) -> list[Message]:
    """Say which zones take no part."""
    notes = []
    if len(lost):
        notes.append(
            Message(
                "{} 个小区没有经纬度，到校距离表也没有其全部距离，其 {:.0f} 名适龄儿童未参加选址，划片不变",
                "{} zones have no coordinates, nor all walks in the table distances; their {:.0f} children are left out, their zones as they are",
                lost["zone_id"].nunique(),
                lost["children"].sum(),
            )
        )
    blanks = zones[[f"{stage}_children" for stage in COMPULSORY]].isna().any(axis=1)
    if blanks.any():
        blank = zones.loc[blanks, "zone_id"].nunique()
        notes.append(
            Message(
                "{} 个小区没有填报适龄儿童数，未参加选址，划片不变",
                "{} zones have no children reported and are left out, their zones as they are",
                blank,
            )
        )
    return notes


def _given(data: Dataset, capacities: pd.DataFrame | None) -> tuple[dict[tuple[str, str], float], list[str]]:
    if capacities is None:
        return {}, []
    lacking = [name for name in ("school_id", "stage", "capacity") if name not in capacities]
    if lacking:
        return {}, [Message("学位表缺少列：{}", "the places lack the columns: {}", listing(lacking))]
    known, wrong, found = set(data["schools"]["school_id"]), [], {}
    for school, stage, capacity in capacities[["school_id", "stage", "capacity"]].itertuples(index=False):
        if school not in known:
            wrong.append(
                Message(
                    "学位表中的学校 {} 不在学校表中，请核对学校标识码",
                    "school {} of the places is not in the table schools; check its identifier",
                    school,
                )
            )
        if stage not in COMPULSORY:
            wrong.append(
                Message(
                    "学位表中学校 {} 的学段“{}”应为 primary 或 junior",
                    "stage “{1}” of school {0} in the places must be primary or junior",
                    school,
                    stage,
                )
            )
        if not capacity >= 0 or math.isinf(capacity):
            wrong.append(
                Message(
                    "学位表中学校 {} 的学位数须为不小于 0 的数，现为 {:g}",
                    "the places of school {} must be a number not below 0; they are {:g}",
                    school,
                    capacity,
                )
            )
        if (school, stage) in found:
            wrong.append(
                Message(
                    "学位表中学校 {} 的同一学段重复列出",
                    "one stage of school {} stands twice in the places",
                    school,
                )
            )
        found[school, stage] = float(capacity)
    return found, wrong


def _misplaced(data: Dataset, candidates: tuple[Candidate, ...]) -> list[Message]:
    taken = dict(zip(data["schools"]["school_id"], data["schools"]["name"], strict=True))
    named = {one.site: one.district for one in candidates}
    wrong = [
        Message(
            "校址 {} 与现有学校（{}）的标识码相同，请另取",
            "site {} has the identifier of a school that is there ({}); choose another",
            site,
            taken[site],
        )
        for site in named
        if site in taken
    ]
    known = data.districts
    wrong += [
        Message(
            "校址 {} 的县区“{}”不在数据中，已有：{}",
            "the district “{1}” of site {0} is not in the data; there are: {2}",
            site,
            district,
            listing(known),
        )
        for site, district in named.items()
        if district is not None and district not in known
    ]
    wrong += [
        Message(
            "数据有 {} 个县区，请写明校址 {} 的 district",
            "the data have {} districts: write the district of site {}",
            len(known),
            site,
        )
        for site, district in named.items()
        if district is None and len(known) > 1
    ]
    return wrong


def _oversized(candidates: tuple[Candidate, ...], year: int, standard: Standard) -> list[str]:
    beyond = ((one, beyond_largest(standard, one.kind, one.places, year)) for one in candidates)
    return [
        Message(
            "校址 {}（{}）{}，请核对 primary_capacity、junior_capacity",
            "site {} ({}) {}; check primary_capacity, junior_capacity",
            one.site,
            one.name,
            said,
        )
        for one, said in beyond
        if said
    ]


FEW = 5  # codes named in one sentence
FARTHER = 10  # times as near with longitude and latitude exchanged: they are


def _reach(
    data: Dataset, groups: pd.DataFrame, asked: SitesFile, standard: Standard
) -> tuple[list[str], list[str]]:
    """Return which sites no zone can reach, and a note on each to which all zones have too far."""
    placed = tuple(one for one in asked.candidates if one.district in (None, *data.districts))
    if groups.empty or not placed:
        return [], []
    names = {one.site: one.name for one in placed}
    new, detour = _sites(placed, list(names)), standard.rules.distance.detour
    limit = _limit(groups, asked, standard)
    km = _ways(data["distances"], groups, new, detour).km
    near = limit.at(limit.value[:, None]).meets(km)
    north = new["longitude"].where(new["longitude"].abs() <= 90)
    exchanged = new.assign(longitude=new["latitude"], latitude=north)
    other = _ways(data["distances"].iloc[:0], groups, exchanged, detour).km
    wrong, notes = [], []
    for site, name in names.items():
        mine = (new["school_id"] == site).to_numpy()
        nearest, turned = (float(np.fmin.reduce(way[:, mine].ravel(), initial=np.inf)) for way in (km, other))
        if math.isinf(nearest):
            wrong.append(
                Message(
                    "校址 {}（{}）没有一个小区能到：所在县区没有这一学段的适龄儿童，请核对",
                    "no zone can reach site {} ({}): its district has no children of that stage; check it",
                    site,
                    name,
                )
            )
        elif not near[:, mine].any() and turned * FARTHER < nearest:
            first = new[mine].iloc[0]
            wrong.append(Message(*EXCHANGED, site, first["longitude"], first["latitude"]))
        elif not near[:, mine].any():
            notes.append(
                Message(
                    "校址 {}（{}）步行距离以内没有小区，最近的也要走 {:.2f} 千米，请核对经纬度",
                    "no zone is within the walk of site {} ({}), the nearest {:.2f} km away; check longitude and latitude",
                    site,
                    name,
                    nearest,
                )
            )
    return wrong, notes


def _schools(
    data: Dataset,
    groups: pd.DataFrame,
    year: int,
    standard: Standard,
    given: dict[tuple[str, str], float],
    known: frozenset[str] | None = None,
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return the seats of schools that are there, what is wrong with them, and what is left out.

    Without coordinates those in `known` take part alone; all, where that is not given.
    """
    schools = data["schools"].set_index("school_id")
    sections = rows_of(data["sections"], year)
    sections = sections[sections["stage"].isin([str(stage) for stage in COMPULSORY])]
    parent = sections["school_id"].map(schools["parent_id"])
    merged = sections.assign(root=parent.where(parent.isin(schools.index), sections["school_id"]))
    figures = merged.groupby(["root", "stage"])[["pupils", "classes"]].agg(lambda x: x.sum(skipna=False))
    own = sections.set_index(["school_id", "stage"])["pupils"]
    zoned = groups.groupby(["assigned", "stage"])["children"].sum()
    open_then = dict(zip(schools.index, is_open(data["schools"], year), strict=True))
    rows, wrong, notes = [], [], []
    for key in dict.fromkeys([*zoned.index, *figures.index, *_silent(data["schools"], sections, year)]):
        school, stage = key
        if school not in schools.index:
            continue  # the checks of the data speak of it
        row, children = schools.loc[school], zoned.get(key, 0.0)
        public = pd.isna(row["ownership"]) or row["ownership"] == Ownership.PUBLIC
        if not children and (not public or row["kind"] == Kind.SPECIAL):
            continue
        pupils, classes = figures.loc[key] if key in figures.index else (math.nan, math.nan)
        whole = given.get(key, classes * class_limit(standard, stage, year))
        named = Message("{}（{}）{}", "{} ({}), {}", row["name"], school, Stage(stage))
        if not open_then[school] and pd.isna(pupils):
            wrong += (
                [
                    Message(
                        "{}{} 学年没有开办，而有小区划片在该校，请改划片",
                        "{} is not open in {}, and zones are assigned to it: assign them anew",
                        named,
                        year,
                    )
                ]
                if children
                else []
            )
            continue
        if pd.isna(row["longitude"] + row["latitude"]) and known is not None and school not in known:
            zh, en = (
                "{}没有填报经纬度，到校距离表也没有全部距离",
                "{}: no coordinates, nor all walks in the table",
            )
            text = Message(zh, en, named)
            wrong += (
                [
                    Message(
                        "{}，而有小区划片在该校，请补填",
                        "{}, and zones are assigned to it; complete it",
                        text,
                    )
                ]
                if children
                else []
            )
            notes += [] if children else [Message("{}，缺数据，未参加选址", "{}: no data, left out", text)]
            continue
        figures_ = ((Message("在校生数", "pupils"), pupils), (Message("班级数", "classes"), whole))
        lacking = [n for n, value in figures_ if pd.isna(value)]
        if lacking:
            what = (
                Message(
                    "划片在该校的小区不变，不再接收别的小区", "its zones stay as they are and no others come"
                )
                if children
                else Message("未参加选址", "left out")
            )
            notes.append(
                Message(
                    "{}没有填报{}，缺数据，不当作有空余学位：{}",
                    "{}: {} not reported; no free place is presumed: {}",
                    named,
                    listing(lacking),
                    what,
                )
            )
            whole, pupils, there = children, children, 0.0
            if not children:
                continue
        else:
            there = own.get(key, 0.0)
        others = max(pupils - children, 0.0)
        spot = (row["longitude"], row["latitude"], row["district"])
        rows.append((school, stage, max(whole - others, 0.0), there, *spot, False))
    names = ["school_id", "stage", "capacity", "leaving", "longitude", "latitude", "district", "new"]
    return pd.DataFrame(rows, columns=names), wrong, notes


def _silent(schools: pd.DataFrame, sections: pd.DataFrame, year: int) -> list[tuple[str, str]]:
    """Return school and stage of what should have been reported and has no row."""
    ids = pd.Index(schools["school_id"])
    reported = np.zeros((len(ids), len(TAUGHT)), dtype=bool)
    reported[ids.get_indexer(sections["school_id"]), index_of(sections["stage"], list(map(str, TAUGHT)))] = (
        True
    )
    parent = np.where(schools["parent_id"].notna(), ids.get_indexer(schools["parent_id"]), -1)
    root = np.where(parent >= 0, parent, np.arange(len(ids)))
    kind = index_of(schools["kind"], list(map(str, KINDS)))
    school, stage = np.nonzero(silent_stages(kind, root, reported, is_open(schools, year)))
    return [
        (ids[root[s]], str(TAUGHT[k])) for s, k in zip(school, stage, strict=True) if TAUGHT[k] in COMPULSORY
    ]


def _sites(candidates: tuple[Candidate, ...], sites: list[str]) -> pd.DataFrame:
    first = {one.site: one for one in reversed(candidates)}
    return pd.DataFrame(
        [
            {
                "school_id": site,
                "stage": str(stage),
                "capacity": 0.0,
                "leaving": math.inf,
                "longitude": math.nan if first[site].longitude is None else first[site].longitude,
                "latitude": math.nan if first[site].latitude is None else first[site].latitude,
                "district": first[site].district,
                "new": True,
            }
            for site in sites
            for stage in COMPULSORY
            if any(one.site == site and one.capacity(stage) for one in candidates)
        ]
    )


def _ways(distances: pd.DataFrame, groups: pd.DataFrame, seats: pd.DataFrame, detour: float) -> Walks:
    found, alike = walks(distances, groups, seats, detour, crossed=True), _alike(groups, seats)
    return Walks(np.where(alike, found.km, np.nan), alike & found.measured)


def _alike(groups: pd.DataFrame, seats: pd.DataFrame) -> np.ndarray:
    """Return which seats are of the group's stage and district, shape (groups, seats)."""
    own, other = (
        index_of(frame["district"], groups["district"].dropna().unique()) for frame in (groups, seats)
    )
    unknown = (pd.isna(groups["district"]).to_numpy()[:, None]) | pd.isna(seats["district"]).to_numpy()
    here = unknown | (own[:, None] == other)
    alike = groups["stage"].to_numpy(dtype=object)[:, None] == seats["stage"].to_numpy(dtype=object)
    return here & alike
