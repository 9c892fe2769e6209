"""Class sizes and rooms: what C12 and C10 rest on, as distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qb import charts
from qb.charts.rooms import rooms
from qb.judge import fails
from qb.report.annual.part import AnnualPart
from qb.report.table import Column, Table
from qb.report.words import PARTS, number, say, stage_label, title, verdict_label
from qb.terms import COMPULSORY, RoomKind, Stage, Verdict


class AnnualConditions(AnnualPart):
    """How large classes are, and how large the rooms for music and art."""

    def class_sizes(self) -> list[charts.Chart]:
        """Return the sizes of all classes that C12 asks for, a figure a stage."""
        found = self.own.findings
        asked = found[(found["code"] == "C12").to_numpy()]
        by_stage = {
            stage: asked.loc[(asked["stage"] == stage).to_numpy(), "school_id"] for stage in COMPULSORY
        }
        return [self._sizes(stage, schools) for stage, schools in by_stage.items() if len(schools)]

    def _sizes(self, stage: Stage, schools: pd.Series) -> charts.Chart:
        lang, label = self.book.lang, stage_label(stage, self.book.lang)
        limit = self.book.standard["C12"].limit(stage=stage, year=self.book.year).value
        classes = self._of("classes", schools)
        sizes = classes.loc[(classes["stage"] == stage).to_numpy(), "pupils"].to_numpy(float)
        known = sizes[np.isfinite(sizes)]
        above = fails(sizes, self.book.standard, "C12", stage=stage, year=self.book.year)
        over = int(above.sum())
        finding = (
            say(
                lang,
                f"{label}：报送班额的 {len(known)} 个班中 {over} 个超过 {limit:g} 人"
                if over
                else f"{label}：报送班额的 {len(known)} 个班都不超过 {limit:g} 人",
                f"{label}: {over} of the {len(known)} classes reported are above {limit:g} pupils"
                if over
                else f"{label}: none of the {len(known)} classes reported is above {limit:g} pupils",
            )
            if len(known)
            else say(lang, f"{label}：班额缺数据", f"{label}: no data on class sizes")
        )
        smallest = self.book.standard.rules.publication.smallest_class
        kept = int((known < smallest).sum())
        measure = say(lang, "各班人数的分布，一柱为一种班额", "Classes by size, a bar for each size")
        measure += say(
            lang,
            f"；不足 {smallest} 人的 {kept} 个班按设定不显示",
            f"; {kept} of fewer than {smallest} pupils are kept back",
        ) * bool(kept)
        return charts.classes(
            sizes[~(sizes < smallest)],
            limit,
            over=above[~(sizes < smallest)],
            caption=self.caption(finding, measure),
        )

    def rooms(self) -> charts.Chart:
        """Return the areas of all music and art rooms of the judged schools against the standard."""
        lang = self.book.lang
        panels = {say(lang, *PARTS[kind]): self._panel(kind) for kind in RoomKind}
        known = {
            name: (areas[np.isfinite(areas)], least, int(below.sum()))
            for name, (areas, least, below) in panels.items()
        }
        parts = [
            say(
                lang,
                f"{name} {len(areas)} 间，{below} 间不足 {least:g} ㎡",
                f"{below} of {len(areas)} {name.lower()} are below {least:g} m²",
            )
            for name, (areas, least, below) in known.items()
            if len(areas)
        ]
        nobody = (
            ("音乐、美术教室缺数据", "No data on music and art rooms")
            if len(self._room_findings)
            else ("没有须配音乐、美术教室的学校", "No school is asked for music and art rooms")
        )
        finding = say(lang, "；", "; ").join(parts) or say(lang, *nobody)
        measure = say(
            lang, "每间面积的分布；不足标准的不计入应配间数", "Rooms by area; those below do not count"
        )
        return rooms(panels, caption=self.caption(finding, measure))

    def _areas(self, kind: RoomKind) -> np.ndarray:
        frame = self._of("rooms", self._room_findings["school_id"])
        return frame.loc[(frame["kind"] == kind).to_numpy(), "area_m2"].to_numpy(float)

    def _panel(self, kind: RoomKind) -> tuple[np.ndarray, float, np.ndarray]:
        """Return the areas of rooms of a kind, the least that counts, and which are below it."""
        areas = self._areas(kind)
        below = fails(areas, self.book.standard, "C10", name=str(kind), year=self.book.year)
        return areas, self._least(kind), below

    def _least(self, kind: RoomKind) -> float:
        return self.book.standard["C10"].limit(name=str(kind), year=self.book.year).value

    @property
    def _room_findings(self) -> pd.DataFrame:
        return self.own.findings[(self.own.findings["code"] == "C10").to_numpy()]

    def lacking(self) -> Table:
        """Return the schools with too few rooms large enough, or without data on them."""
        lang, frame = self.book.lang, self._room_findings
        short = frame["verdict"].isin([Verdict.FAIL, Verdict.NO_DATA]).to_numpy()
        schools = frame.loc[short, ["school_id", "name"]].drop_duplicates()
        cells = frame.set_index(["school_id", "part"])
        lines = [
            {
                "name": name,
                **{str(kind): self._have(cells, school, kind) for kind in RoomKind},
                "verdict": self._worst(cells, school),
                "fails": self._worst(cells, school) == Verdict.FAIL,
            }
            for school, name in schools.itertuples(index=False)
        ]
        lines.sort(key=lambda line: not line["fails"])
        columns = (
            Column("name", say(lang, "学校", "School")),
            *(Column(str(kind), say(lang, *PARTS[kind])) for kind in RoomKind),
            Column("verdict", say(lang, "结论", "Verdict"), verdict=True),
        )
        named = title(self.book.standard["C10"], lang, short=True)
        return Table(
            say(lang, f"{named}：未达标或缺数据的学校", f"{named}: schools not met or without data"),
            columns,
            pd.DataFrame(lines, columns=[*(column.key for column in columns), "fails"]),
            failing="fails",
            note=say(
                lang,
                "“a / b”：面积够的有 a 间，按班级数应有 b 间。",
                "“a / b”: a rooms large enough, b needed for the classes.",
            ),
            empty=say(
                lang, "各校音乐、美术教室都达标。", "Every school has the music and art rooms it needs."
            )
            if len(frame)
            else say(lang, "没有须配音乐、美术教室的学校。", "No school is asked for music and art rooms."),
            lang=lang,
        )

    def _have(self, cells: pd.DataFrame, school: str, kind: RoomKind) -> str:
        """Return how many rooms there are of those needed."""
        if (school, str(kind)) not in cells.index:
            return ""
        row = cells.loc[(school, str(kind))]
        if row["value"] != row["value"] and row["limit"] != row["limit"]:
            return verdict_label(Verdict.NO_DATA, self.book.lang)
        return f"{number(row['value'], 0, self.book.lang)} / {number(row['limit'], 0, self.book.lang)}"

    def _worst(self, cells: pd.DataFrame, school: str) -> str:
        verdicts = set(cells.loc[school, "verdict"])
        return str(Verdict.FAIL if Verdict.FAIL in verdicts else Verdict.NO_DATA)

    def _of(self, name: str, schools: pd.Series) -> pd.DataFrame:
        """Return the year's rows of a table that belong to these schools or to their campuses."""
        table = self.book.data["schools"]
        parent = dict(zip(table["school_id"], table["parent_id"], strict=True))

        def root(school: str) -> str:
            while isinstance(parent.get(school), str):
                school = parent[school]
            return school

        frame = self.book.data[name]
        wanted = set(schools)
        mine = {school for school in parent if root(school) in wanted}
        return frame[(frame["year"] == self.book.year).to_numpy() & frame["school_id"].isin(mine).to_numpy()]
