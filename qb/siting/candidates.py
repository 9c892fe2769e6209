"""Candidates: where a school could stand, of which kind and size, from a TOML file or a frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field, ValidationError, model_validator

from qb.errors import QbError
from qb.standard import Count, Positive, Words
from qb.terms import COMPULSORY, STAGES_OF_KIND, Kind, Location, Stage
from qb.tomlfile import PLAIN, Entry, read_toml, shown

Degrees = Annotated[float, Field(strict=True)]


class SitingError(QbError):
    """Candidates or data with which no site can be chosen; the message names everything at fault."""


class Candidate(Entry):
    """A school of one kind and size that could be opened at a site.

    `site` becomes the identifier of the new school. Several candidates of one site are alternatives: at
    most one of them is opened. What it costs may be written, with low and high and where that is from; else
    it is what the cost file says of the floor, ground, equipment and rooms that the standard demands.
    """

    site: Words
    name: Words
    kind: Kind
    location: Location
    longitude: Annotated[Degrees, Field(ge=-180, le=180)]
    latitude: Annotated[Degrees, Field(ge=-90, le=90)]
    primary_capacity: Count = 0
    junior_capacity: Count = 0
    district: Words | None = None
    cost_yuan: Positive | None = None
    low_yuan: Positive | None = None
    high_yuan: Positive | None = None
    source: Words | None = None

    def capacity(self, stage: Stage) -> int:
        """Return the places of a compulsory stage."""
        return self.primary_capacity if stage == Stage.PRIMARY else self.junior_capacity

    @property
    def places(self) -> int:
        """Places of all stages."""
        return self.primary_capacity + self.junior_capacity

    @model_validator(mode="after")
    def _fits(self) -> Candidate:
        wrong = [
            f"办学类型为“{self.kind.zh}”的学校没有“{stage.zh}”学段，{stage}_capacity 应为 0"
            for stage in COMPULSORY
            if self.capacity(stage) and stage not in STAGES_OF_KIND[self.kind]
        ]
        if self.kind == Kind.SPECIAL:
            wrong.append("特殊教育学校不按小区划片，不能参加选址")
        wrong += self._price_faults()
        if not self.places:
            wrong.append("没有学位：primary_capacity、junior_capacity 至少一项大于 0")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _price_faults(self) -> list[str]:
        around = [value for value in (self.low_yuan, self.high_yuan, self.source) if value is not None]
        if self.cost_yuan is None:
            return ["没有写 cost_yuan，不能写 low_yuan、high_yuan、source"] if around else []
        wrong = [] if self.source else ["写了费用 cost_yuan，须用 source 写明依据（估算、批复或假设）"]
        low, high = self.low_yuan or self.cost_yuan, self.high_yuan or self.cost_yuan
        if not low <= self.cost_yuan <= high:
            wrong.append(
                f"cost_yuan（{self.cost_yuan:g}）应在 low_yuan 与 high_yuan 之间，现为 {low:g}—{high:g}"
            )
        return wrong


class _Candidates(Entry):
    candidates: tuple[Candidate, ...] = ()


def load_candidates(given: pd.DataFrame | str | Path) -> tuple[Candidate, ...]:
    """Read candidates from a frame with the fields of `Candidate` as columns, or a TOML file.

    The file has one ``[[candidates]]`` entry for each site, kind and size.

    Raises
    ------
    SitingError
        Naming every entry that makes no sense: an unknown kind, a capacity below 0, a place off the
        globe, a site with two places or districts.
    """
    if isinstance(given, pd.DataFrame):
        found = _of_frame(given)
    else:
        found = read_toml(Path(given), _Candidates, "候选校址文件", SitingError).candidates
    refuse(_clashes(found) if found else ["没有候选校址，请至少给出一处"])
    return found


def refuse(wrong: list[str]) -> None:
    """Refuse to go on if there is a reason to."""
    if wrong:
        lines = "\n".join(f"  {line}" for line in wrong)
        raise SitingError(f"不能选址，有 {len(wrong)} 处须先改正：\n{lines}")


def _of_frame(frame: pd.DataFrame) -> tuple[Candidate, ...]:
    columns = [frame[name].tolist() for name in frame]
    rows = [
        {str(name): _plain(name, cell) for name, cell in zip(frame, row, strict=True) if not pd.isna(cell)}
        for row in zip(*columns, strict=True)
    ]
    try:
        return _Candidates(candidates=rows).candidates
    except ValidationError as error:
        faults = error.errors(include_url=False)
        lines = "\n".join(f"  {line}" for fault in faults for line in _in_words(fault))
        raise SitingError(f"候选校址有 {len(lines.splitlines())} 处不能用，请逐条改正：\n{lines}") from None


def _plain(name: str, cell: object) -> object:
    """Return a cell as a file would write it: pandas holds whole numbers with gaps as floats."""
    whole = isinstance(cell, float) and cell.is_integer() and str(name).endswith("_capacity")
    return int(cell) if whole else cell


def _in_words(fault: dict) -> Iterator[str]:
    row, field = [*fault["loc"][1:], ""][:2]
    plain = PLAIN.get(fault["type"])
    text = plain.format(**fault.get("ctx", {})) if plain else fault["msg"]
    place = f"第 {row + 1} 行 {field}{shown(fault['input'])}" if field else f"第 {row + 1} 行"
    for line in text.replace(" or ", ", ").splitlines():
        yield f"{place}：{line}"


def _clashes(found: tuple[Candidate, ...]) -> list[str]:
    wrong, first = [], {}
    seen = set()
    for one in found:
        other = first.setdefault(one.site, one)
        for field in ("longitude", "latitude", "district", "name", "location"):
            ours, theirs = getattr(one, field), getattr(other, field)
            if ours != theirs:
                wrong.append(f"校址 {one.site} 的 {field} 前后不一：{theirs}、{ours}")
        key = (one.site, one.kind, one.primary_capacity, one.junior_capacity)
        if key in seen:
            wrong.append(f"校址 {one.site} 的{one.kind.zh}（同样学位数）重复列出")
        seen.add(key)
    return wrong
