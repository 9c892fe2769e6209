"""The file of candidates: where a school could stand, of which kind and size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field, ValidationError, model_validator

from qb.errors import QbError
from qb.language import Both, FieldName, Message
from qb.planning.scenario.action_base import Estimate
from qb.standard import Count, Positive, Standard, Words
from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Location, Stage, Term
from qb.tomlfile import UNUSABLE, Entry, plainly, read_toml, shown

Degrees = Annotated[float, Field(strict=True)]


class SitingError(QbError):
    """Candidates or data with which no site can be chosen; the message names everything at fault."""


FILE = Message("候选校址文件", "File of candidates")
TABLE = Message("候选校址表", "Table of candidates")
EXCHANGED = (
    "校址 {} 的经度（现为 {}）与纬度（现为 {}）写反了，请对调",
    "longitude ({1}) and latitude ({2}) of site {0} changed places: exchange them",
)


class Candidate(Estimate):
    """A school of one kind and size that could be opened at a site.

    `site` becomes the identifier of the new school. Several candidates of one site are alternatives: at
    most one of them is opened. What it costs may be written, with low and high and where that is from; else
    it is what the cost file says of the floor, ground, equipment and rooms that the standard demands. A
    year's pay of its teachers comes to either.
    Coordinates may be left out where the table `distances` has the walks to it.
    """

    site: Words
    name: Words
    kind: Kind
    location: Location
    longitude: Annotated[Degrees, Field(ge=-180, le=180)] | None = None
    latitude: Annotated[Degrees, Field(ge=-90, le=90)] | None = None
    primary_capacity: Count = 0
    junior_capacity: Count = 0
    district: Words | None = None

    def capacity(self, stage: Stage) -> int:
        """Return the places of a compulsory stage."""
        return self.primary_capacity if stage == Stage.PRIMARY else self.junior_capacity

    @property
    def places(self) -> int:
        """Places of all stages."""
        return self.primary_capacity + self.junior_capacity

    @model_validator(mode="before")
    @classmethod
    def _in_order(cls, given: object) -> object:
        """Refuse a latitude that can only be a longitude, and a longitude that can be a latitude."""
        if not isinstance(given, dict):
            return given
        east, north = given.get("longitude"), given.get("latitude")
        if all(isinstance(x, int | float) for x in (east, north)) and abs(east) <= 90 < abs(north) <= 180:
            raise ValueError(Message(*EXCHANGED, given.get("site", ""), east, north))
        return given

    @model_validator(mode="after")
    def _fits(self) -> Candidate:
        wrong = [
            Message(
                "办学类型为“{}”的学校没有“{}”学段，{}_capacity 应为 0",
                "a school of the kind “{}” has no stage “{}”: {}_capacity must be 0",
                self.kind,
                stage,
                stage,
            )
            for stage in COMPULSORY
            if self.capacity(stage) and stage not in STAGES_OF_KIND[self.kind]
        ]
        if self.kind == Kind.SPECIAL:
            wrong.append(
                Message(
                    "特殊教育学校不按小区划片，不能参加选址",
                    "special schools have no zones and cannot be sited",
                )
            )
        if (self.longitude is None) != (self.latitude is None):
            zh, en = "{0} 与 {1} 须同时写", "{0} goes with {1}"
            wrong.append(Message(zh, en, FieldName("longitude"), FieldName("latitude")))
        wrong += self.price_faults()
        if not self.places:
            wrong.append(
                Message(
                    "没有学位：primary_capacity、junior_capacity 至少一项大于 0",
                    "no places: primary_capacity or junior_capacity must be above 0",
                )
            )
        if wrong:
            raise ValueError(*wrong)
        return self


class Aim(Term):
    """What counts first; of equals the least walk of all children together."""

    WITHIN = "within", "步行距离以内的学生数", "pupils within the walk"
    WALK = "walk", "全部学生的步行总里程", "the walks of all pupils together"
    FARTHEST = "farthest", "最远学生的步行距离", "the farthest walk of a pupil"


class WalkingLimits(Entry):
    """The longest walks that count as within distance, in place of the standard's."""

    primary: Positive | None = None
    junior: Positive | None = None


class Places(Entry):
    """The places of a school that is there, where not classes × class limit."""

    school_id: Words
    stage: Stage
    capacity: Count


class SitesFile(Entry):
    """The candidates, and what is asked of them where it is not the usual."""

    candidates: tuple[Candidate, ...] = ()
    counts: Aim = Aim.WITHIN
    walk_km: WalkingLimits = WalkingLimits()
    capacities: tuple[Places, ...] = ()

    def limit_km(self, stage: Stage, standard: Standard) -> float:
        """Return the longest walk of a compulsory stage that counts as within distance."""
        own = self.walk_km.primary if stage == Stage.PRIMARY else self.walk_km.junior
        return standard.rules.distance.limit_km(stage) if own is None else own


def load_sites(given: pd.DataFrame | str | Path) -> SitesFile:
    """Read candidates from a frame with the fields of `Candidate` as columns, or a TOML file.

    The file has one ``[[candidates]]`` entry for each site, kind and size. It may say what `counts` first,
    longest walks (``[walk_km]``, by stage) and the places of schools that are there (``[[capacities]]``).

    Raises
    ------
    SitingError
        Naming every entry that makes no sense: an unknown kind, a capacity below 0, a place off the
        globe, a site with two places or districts.
    """
    if isinstance(given, pd.DataFrame):
        found = _of_frame(given)
    else:
        found = read_toml(Path(given), SitesFile, FILE, SitingError)
    clashes = _clashes(found.candidates)
    none = Message("没有候选校址，请至少给出一处", "there is no candidate; give at least one")
    refuse(clashes if found.candidates else [none], named(given))
    return found


def named(given: pd.DataFrame | str | Path) -> Message:
    """Return how a message names the candidates: their file, or the table."""
    if isinstance(given, pd.DataFrame):
        return TABLE
    return Message("{} {}", "{} {}", FILE, given)


def refuse(wrong: list[Message], where: Message) -> None:
    """Refuse to go on if there is a reason to; `where` names the candidates."""
    if wrong:
        raise SitingError(
            "{}：不能选址，有 {} 处须先改正：",
            "{}: sites cannot be chosen, {} things must be put right first:",
            where,
            len(wrong),
            lines=wrong,
        )


def _of_frame(frame: pd.DataFrame) -> SitesFile:
    columns = [frame[name].tolist() for name in frame]
    rows = [
        {str(name): _plain(name, cell) for name, cell in zip(frame, row, strict=True) if not pd.isna(cell)}
        for row in zip(*columns, strict=True)
    ]
    try:
        return SitesFile(candidates=rows)
    except ValidationError as error:
        lines = [line for fault in error.errors(include_url=False) for line in _in_words(fault)]
        raise SitingError(*UNUSABLE, Both("候选校址", "Candidates"), len(lines), lines=lines) from None


def _plain(name: str, cell: object) -> object:
    """Return a cell as a file would write it: pandas holds whole numbers with gaps as floats."""
    whole = isinstance(cell, float) and cell.is_integer() and str(name).endswith("_capacity")
    return int(cell) if whole else cell


def _in_words(fault: dict) -> Iterator[Message]:
    row, field = [*fault["loc"][1:], ""][:2]
    given = shown(fault["input"]) if field else ""
    for line in plainly(fault):
        yield Message(
            "第 {} 行{}{}{}：{}", "row {}{}{}{}: {}", row + 1, " " if field else "", field, given, line
        )


def _clashes(found: tuple[Candidate, ...]) -> list[Message]:
    wrong, first = [], {}
    seen = set()
    for one in found:
        other = first.setdefault(one.site, one)
        for field in ("longitude", "latitude", "district", "name", "location"):
            ours, theirs = getattr(one, field), getattr(other, field)
            if ours != theirs:
                wrong.append(
                    Message(
                        "校址 {} 的 {} 前后不一：{}、{}",
                        "site {}: {} differs, {} and {}",
                        one.site,
                        field,
                        theirs,
                        ours,
                    )
                )
        key = (one.site, one.kind, one.primary_capacity, one.junior_capacity)
        if key in seen:
            wrong.append(
                Message(
                    "校址 {} 的{}（同样学位数）重复列出",
                    "site {}: {} (with as many places) is listed twice",
                    one.site,
                    one.kind,
                )
            )
        seen.add(key)
    return wrong
