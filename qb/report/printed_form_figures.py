"""Every figure, count and conclusion that the printed forms ask of a district's year, by name.

A figure is a number, NaN ("no data"), None (there is nothing of the kind), a text, a `Verdict`, or one of
the two kinds below. Keys are written out in ``data/README.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from qb.data.schema import TABLES, ColumnKind, items_of, tables_of
from qb.indicators.population import summed_columns
from qb.indicators.school_figures import of_schools
from qb.indicators.verdicts import COMPOSITE, class_verdicts, overall
from qb.report.printed_form_canvas import KINDS, Filing, Line, by_school, text_of
from qb.report.resource_tables import allowed
from qb.report.words import (
    department_names,
    floor_label,
    listed,
    number,
    resources_said,
    school_rule,
    school_year,
    stage_label,
    term,
)
from qb.standard import Indicator
from qb.terms import COMPULSORY, Allowance, Kind, Ownership, RoomKind, Stage, Verdict

Scope = Mapping[str, object]
NAN = float("nan")
ALL_THROUGH = "all_through"  # 一贯制学校, of nine or twelve years
# Kinds of school as the forms group them; a teaching point is a primary, 完全中学 a junior school.
_GROUPS = {
    Stage.PRIMARY.value: (Kind.PRIMARY, Kind.TEACHING_POINT),
    Stage.JUNIOR.value: (Kind.JUNIOR, Kind.COMPLETE_SECONDARY),
    ALL_THROUGH: (Kind.NINE_YEAR, Kind.TWELVE_YEAR),
}
_FUNDS = tuple(c.name for c in TABLES["funds"].columns if c.numeric and c.name != "year")


@dataclass(frozen=True)
class Judged:
    """A figure with the verdict on it, and the limit that it is held against."""

    value: float
    verdict: Verdict
    limit: float | None = None


@dataclass(frozen=True)
class Count:
    """How many are known to be so, and of how many nobody knows; NaN where nothing is known at all."""

    known: float
    unknown: int

    @classmethod
    def of(cls, verdicts: pd.Series | Iterable[str], wanted: Verdict) -> Count:
        """Count the verdicts that are `wanted`."""
        found = list(verdicts)
        return cls.made(found.count(wanted), found.count(Verdict.NO_DATA))

    @classmethod
    def made(cls, known: int, unknown: int) -> Count:
        """Return a count of which some are not known: none known and some unknown says nothing."""
        return cls(NAN if unknown and not known else float(known), unknown)


class FormFigures:
    """The figures of one district's year.

    Parameters
    ----------
    filing : Filing
    subjects : tuple of str
        Of the monitoring, in the order and by the names that the forms print; all others follow.

    Attributes
    ----------
    place : str
        District and school year, for the line under a title.
    invented : bool
    """

    def __init__(self, filing: Filing, subjects: tuple[str, ...] = ()) -> None:
        self.filing, self._subjects = filing, subjects
        self.place, self.invented = filing.place, filing.invented
        tables = tables_of(filing.standard)
        self._counts = tuple(c.name for c in tables["sections"].columns if c.kind is ColumnKind.COUNT)
        self._facilities = summed_columns("facilities", filing.standard)

    def each(self, what: str) -> Iterator[Scope]:
        """Return the figures of each ``section``, ``school`` or ``excluded`` one, with the district's."""
        return (self.district | own for own in getattr(self, f"_each_{what}")())

    def names(self, what: str) -> set[str]:
        """Return every key that a sheet may use."""
        example = {"": dict, "section": self._blank_section, "school": self._blank_school}
        return {*self.district, *example.get(what, self._excluded)()}

    # The district

    @cached_property
    def district(self) -> dict[str, object]:
        """The figures of the whole district."""
        stages = [self._stage(stage) for stage in COMPULSORY]
        return {
            **self._words(),
            **self._items(),
            **self._schools(),
            **{key: value for found in stages for key, value in found.items()},
            **self._indicators(),
            **self._counted(),
        }

    def _words(self) -> dict[str, object]:
        standard, year = self.filing.standard, self.filing.context.year
        recognition = standard.recognition
        words: dict[str, object] = {
            "district": self.filing.district,
            "place": self.place,
            "standard": standard.title.zh,
            "floor": floor_label(standard),
            "school_rule": school_rule(standard, "zh"),
            "resources": resources_said(standard, "zh"),
            "items": resources_said(standard, "zh", bare=True),
            "point_pupils": f"{standard.rules.exclusion.small_point_pupils:g}",
            **({"recognition.limit": f"{recognition.limit.value:g}"} if recognition else {}),
        }
        words |= {group.code: group.title.zh for group in standard.groups}
        words |= {veto.item: veto.text.zh for veto in standard.vetoes}
        for indicator in standard.indicators:
            code = indicator.code
            words |= {
                f"{code}.title": indicator.title.zh,
                f"{code}.wording": indicator.wording,
                f"{code}.area": standard.area_title(indicator.area).zh,
                f"{code}.departments": department_names(indicator.departments, standard, "zh"),
            }
            for limit in indicator.limits:
                place = (limit.name, limit.stage or "", limit.kind or "")
                key = ".".join(str(part) for part in (code, *place, "limit") if part)
                held = indicator.limit(name=limit.name, stage=limit.stage, kind=limit.kind, year=year)
                words[key] = f"{held.value:,g}"
        return words

    def _items(self) -> dict[str, object]:
        items: dict[str, object] = {
            item: self.filing.items.get(item, NAN) for item in items_of(self.filing.standard)
        }
        shares = {
            "parents.rate": ("parents_satisfied", "parents_valid"),
            "visits.rate": ("visits_satisfied", "visits"),
            "parent_visits.rate": ("parent_visits_satisfied", "parent_visits"),
            "quota_rural.rate": ("quota_allocated_rural", "quota_allocated"),
            "disabled_special.rate": ("disabled_special", "disabled_enrolled"),
        }
        return items | {key: _percent(items[top], items[whole]) for key, (top, whole) in shares.items()}

    def _schools(self) -> dict[str, object]:
        """Count the schools with a compulsory stage in the year, campuses left to their parents."""
        filing = self.filing
        rows, out = filing.own.rows, filing.own.excluded
        here = {*rows["school_id"], *out.loc[out["stage"].isin(COMPULSORY), "school_id"]}
        schools = filing.schools[filing.schools["school_id"].isin(here).to_numpy()]
        unknown = int(schools["kind"].isna().sum())
        kinds = {kind.value: int((schools["kind"] == kind).sum()) for kind in Kind}
        counts: dict[str, object] = {
            f"schools.{kind}": Count.made(number, unknown) for kind, number in kinds.items()
        }
        private = schools[(schools["ownership"] == Ownership.PRIVATE).to_numpy()]
        for name, group in {**_GROUPS, Kind.COMPLETE_SECONDARY.value: (Kind.COMPLETE_SECONDARY,)}.items():
            counts[f"private.{name}"] = float(private["kind"].isin(list(group)).sum())
        points = rows[(rows["kind"] == Kind.TEACHING_POINT).to_numpy()]
        unsized = int(points["pupils"].isna().sum())
        counts["points.judged"] = Count.made(len(points) - unsized, unsized)
        return counts

    def _stage(self, stage: Stage) -> dict[str, object]:
        """Return totals, what of the seven is met, and how evenly they are shared, of one stage."""
        filing = self.filing
        rows = filing.own.rows
        rows = rows[(rows["stage"] == stage).to_numpy()]
        found: dict[str, object] = {
            f"{stage}.{name}": self._total(name, (stage,), special=False) for name in self._counts
        }
        found[f"{stage}.schools"] = float(len(rows))
        for name, group in (
            (ALL_THROUGH, _GROUPS[ALL_THROUGH]),
            (Kind.COMPLETE_SECONDARY.value, (Kind.COMPLETE_SECONDARY,)),
            (Kind.TEACHING_POINT.value, (Kind.TEACHING_POINT,)),
        ):
            found[f"{stage}.schools.{name}"] = float(rows["kind"].isin(list(group)).sum())
        for code, column in {
            **{code: f"{code}_verdict" for code in self.filing.standard.resource_codes},
            "overall": "verdict",
        }.items():
            met = Count.of(rows[column].astype(str), Verdict.PASS)
            known = 100 * met.known / len(rows) if len(rows) and not met.unknown else NAN
            found[f"{stage}.{code}.met"] = met if len(rows) else None
            found[f"{stage}.{code}.met_share"] = known if len(rows) else None
        spread = filing.own.balance
        spread = spread[(spread["stage"] == stage).to_numpy()].set_index("code").to_dict("index")
        for code in (*filing.standard.resource_codes, COMPOSITE):
            line = spread.get(code)
            mean = None if line is None or code == COMPOSITE else line["mean"]
            found[f"{stage}.{code}.mean"] = mean
            found[f"{stage}.{code}.deviation"] = None if mean is None else line["deviation"]
            verdict = Verdict(str(line["verdict"])) if line else Verdict.NOT_APPLICABLE
            found[f"{stage}.{code}.coefficient"] = (
                Judged(line["coefficient"], verdict, line["limit"]) if line else None
            )
        return found

    def _total(self, name: str, stages: tuple[Stage, ...], special: bool) -> float:
        """Return a sum over the sections of stages; one that has not reported leaves it open."""
        sections = self._sections
        mine = sections["stage"].isin(stages).to_numpy()
        if not special:
            mine = mine & (sections["kind_of_school"] != Kind.SPECIAL).to_numpy()
        own = self.filing.own
        silent = any(
            frame[frame["stage"].isin(stages).to_numpy()]["pupils"].isna().any()
            for frame in ([own.rows, own.excluded] if special else [own.rows])
        )
        return NAN if silent else float(sections.loc[mine, name].sum(skipna=False))

    @cached_property
    def _sections(self) -> pd.DataFrame:
        """The year's sections, each with the school that it is counted with and that school's kind."""
        return self._at_root(self.filing.of_year("sections"))

    def _at_root(self, frame: pd.DataFrame) -> pd.DataFrame:
        root = frame["school_id"].map(self.filing.roots)
        return frame.assign(root=root, kind_of_school=root.map(self.filing.kinds))

    def _indicators(self) -> dict[str, object]:
        """Return verdict, figure and conclusion of every indicator, and the figures of its parts."""
        filing = self.filing
        findings = dict(list(filing.own.findings.groupby("code", observed=True)))
        empty = filing.own.findings.iloc[:0]
        table = filing.own.indicators.set_index("code").to_dict("index")
        found: dict[str, object] = {}
        for indicator in filing.standard.indicators:
            code = indicator.code
            verdict = Verdict(str(table[code]["verdict"]))
            mine = findings.get(code, empty)
            found |= _blank_parts(indicator)
            found[code] = verdict
            found[f"{code}.value"] = None if verdict is Verdict.NOT_APPLICABLE else table[code]["value"]
            district = mine[mine["school_id"].isna().to_numpy()]
            if indicator.measure != "monitoring":  # its parts are subjects, which have no limit of their own
                found |= _part_figures(code, district.to_dict("records"))
            found[f"{code}.conclusion"] = _conclusion(filing, mine, verdict)
            found[f"{code}.documents"] = self._documents(code)
        for code in ("recognition", "veto"):
            found |= {code: overall(findings.get(code, empty)["verdict"].astype(str))}
        found["recognition.value"] = _first(findings.get("recognition", empty)["value"])
        told = {Verdict.PASS: "否", Verdict.FAIL: "是"}
        for row in findings.get("veto", empty).to_dict("records"):
            verdict = Verdict(str(row["verdict"]))
            found[f"{row['part']}.verdict"] = verdict
            found[f"{row['part']}.found"] = told.get(verdict, verdict.zh)
        return found

    def _documents(self, code: str) -> str:
        frame = self.filing.of_year("evidence")
        mine = frame[
            frame["item"].str.startswith(f"{code}.", na=False).to_numpy() & frame["document"].notna()
        ]
        return "\n".join(dict.fromkeys(mine["document"]))

    def _counted(self) -> dict[str, object]:
        """Return what stands behind the figures of single indicators, by what they measure."""
        found: dict[str, object] = {}
        makers: dict[str, Callable[[str], dict[str, object]]] = {
            "school_size": self._large_schools,
            "class_size": self._large_classes,
            "small_school_funds": self._small_schools,
            "trained": lambda code: self._teachers(code, "trained_teachers"),
            "certified": lambda code: self._teachers(code, "certified_teachers"),
            "training_funds": self._training,
            "monitoring": self._monitoring,
        }
        for indicator in self.filing.standard.indicators:
            if indicator.measure in makers:
                found |= makers[indicator.measure](indicator.code)
        return found

    def _found(self, code: str) -> pd.DataFrame:
        frame = self.filing.own.findings
        return frame[(frame["code"] == code).to_numpy()]

    def _large_schools(self, code: str) -> dict[str, object]:
        found = self._found(code)
        kinds = found["school_id"].astype(str).map(self.filing.kinds)
        return {
            f"{code}.{name}.above": Count.of(
                found[kinds.isin(list(group)).to_numpy()]["verdict"].astype(str), Verdict.FAIL
            )
            for name, group in _GROUPS.items()
        }

    def _large_classes(self, code: str) -> dict[str, object]:
        found = self._found(code)
        return {
            f"{code}.{stage}.above": self._classes_above(found[(found["stage"] == stage).to_numpy()])
            for stage in COMPULSORY
        }

    def _classes_above(self, found: pd.DataFrame) -> Count | None:
        """Count the classes above the limit in sections; those whose classes are not all known are open."""
        if not len(found):
            return None
        above, unknown = 0, 0
        for row in found.to_dict("records"):
            key = (str(row["school_id"]), str(row["stage"]))
            verdicts = self._classes.get(key, [])
            above += verdicts.count(Verdict.FAIL)
            fewer = not len(verdicts) - verdicts.count(Verdict.NO_DATA) >= self._class_numbers.get(key, NAN)
            unknown += row["verdict"] == Verdict.NO_DATA or (row["verdict"] == Verdict.FAIL and fewer)
        return Count.made(above, unknown)

    @cached_property
    def _classes(self) -> dict[tuple[str, str], list[Verdict]]:
        """The verdict on each class, by school and stage; of a band of sizes once for each of its classes."""
        frame = self._at_root(self.filing.of_year("classes"))
        frame = frame[frame["stage"].isin(COMPULSORY).to_numpy()]
        found: dict[tuple[str, str], list[Verdict]] = {}
        verdicts = class_verdicts(frame, self.filing.standard, self.filing.context.year)
        number = frame["count"].where(TABLES["classes"].bands(frame), 1.0).fillna(0)
        for root, stage, verdict, n in zip(frame["root"], frame["stage"], verdicts, number, strict=True):
            found.setdefault((root, stage), []).extend([Verdict(verdict)] * int(n))
        return found

    @cached_property
    def _class_numbers(self) -> dict[tuple[str, str], float]:
        """The number of classes reported, by school and stage."""
        sums = self._sections.groupby(["root", "stage"])["classes"].sum(min_count=1)
        known = self._sections.groupby(["root", "stage"])["classes"].apply(
            lambda column: column.notna().all()
        )
        numbers = {key: value for key, value in sums.items() if known[key]}
        rows = self.filing.own.rows  # a campus that said nothing makes the number of its school unknown
        return numbers | dict(
            zip(zip(rows["school_id"], rows["stage"], strict=True), rows["classes"], strict=True)
        )

    def _small_schools(self, code: str) -> dict[str, object]:
        """Return the small schools that the clause is about: how many, their pupils, their public funds."""
        found = self._found(code)
        ids = found["school_id"].astype(str)
        sections = self._sections
        mine = sections["root"].isin(ids).to_numpy() & sections["stage"].isin(COMPULSORY).to_numpy()
        nobody = not len(found)
        return {
            f"{code}.schools": float(len(found)),
            f"{code}.pupils": None if nobody else float(sections.loc[mine, "pupils"].sum(skipna=False)),
            f"{code}.allocation_yuan": None if nobody else float(found["value"].sum(skipna=False)),
        }

    def _teachers(self, code: str, having: str) -> dict[str, object]:
        """Return teachers with something and all of them, special schools among them as in the indicator."""
        return {
            f"{code}.{having}": self._total(having, COMPULSORY, special=True),
            f"{code}.full_time_teachers": self._total("full_time_teachers", COMPULSORY, special=True),
        }

    def _training(self, code: str) -> dict[str, object]:
        found = self._found(code)
        by_part = found.groupby(found["part"].astype(str))["value"]
        lowest = by_part.agg(lambda shares: shares.min(skipna=False))  # one unknown may be lower
        return {f"{code}.{part}.lowest": lowest.get(part, NAN) for part in ("budget", "final")}

    def _monitoring(self, code: str) -> dict[str, object]:
        """Return level, rate and year of each subject that decides, in one sentence."""
        subjects: dict[str, list[Line]] = {}
        for row in self._found(code).to_dict("records"):
            if row["verdict"] != Verdict.NOT_APPLICABLE:
                subjects.setdefault(text_of(row["detail"]), []).append(row)
        digits = self.filing.standard[code].decimals
        accepted = self.filing.standard.subjects()
        printed = {accepted.get(name, name): name for name in self._subjects}
        place = {subject: k for k, subject in enumerate(printed)}
        told = []
        for subject in sorted(subjects, key=lambda subject: place.get(subject, len(place))):
            rows = subjects[subject]
            held = {str(row["part"]): row["value"] for row in rows}
            rate = number(held.get("rate", NAN), digits)
            name, year = printed.get(subject, subject), school_year(int(rows[0]["year"]), "zh")
            told.append(f"{name}（{year}）：{_level(held.get('level', NAN))}，校际差异率 {rate}")
        return {f"{code}.conclusion": "；".join(told) or Verdict.NO_DATA.zh}

    # Every school and stage that is judged

    def _each_section(self) -> Iterator[dict[str, object]]:
        rows = self.filing.own.rows
        place = 0
        for stage in COMPULSORY:
            for row in rows[(rows["stage"] == stage).to_numpy()].to_dict("records"):
                place += 1
                yield {"number": float(place), **self._section(row)}

    def _blank_section(self) -> dict[str, object]:
        row: Line = dict.fromkeys(self.filing.own.rows.columns, NAN)
        verdicts = {name: str(Verdict.NO_DATA) for name in row if name.endswith("verdict")}
        blank = self._section(row | verdicts | {"school_id": "", "name": "", "stage": ""})
        return {"number": NAN, **blank}

    def _section(self, row: Line) -> dict[str, object]:
        """Return the figures of a judged school and stage."""
        filing = self.filing
        school = self._school_words(str(row["school_id"]), row)
        verdicts = {code: Verdict(str(row[f"{code}_verdict"])) for code in filing.standard.resource_codes}
        lacking = {
            code: filing.lacking.get((row["school_id"], row["stage"], code), {})
            for code in filing.standard.resource_codes
        }
        found: dict[str, object] = {
            **school,
            "stage": stage_label(row["stage"], "zh"),
            "grades": self._grades(row),
            "overall": Verdict(str(row["verdict"])),
            "met": float(row["met"]),
            "note": "新建未满员" if row["new"] is True else None,
            "items.met": _codes(
                code for code in filing.standard.resource_codes if verdicts[code] is Verdict.PASS
            ),
            "items.near": _codes(
                code for code in filing.standard.resource_codes if lacking[code].get("near") is True
            ),
            "items.far": _codes(
                code for code in filing.standard.resource_codes if lacking[code].get("near") is False
            ),
            "items.unknown": _codes(
                code for code in filing.standard.resource_codes if verdicts[code] is Verdict.NO_DATA
            ),
        }
        key = (row["school_id"], row["stage"])
        silent = _silent(row)
        found |= {name: NAN if silent else self._by_section[name].get(key, NAN) for name in self._counts}
        for code in filing.standard.resource_codes:
            found[code] = Judged(row[code], verdicts[code], row.get(f"{code}_limit"))
            found[f"{code}.verdict"] = verdicts[code]
            found[f"{code}.amount"] = row[f"{code}_amount"]
            found[f"{code}.least"] = row[f"{code}_limit"]
            found[f"{code}.gap"] = lacking[code].get("to_standard")
        return found

    @cached_property
    def _by_section(self) -> dict[str, dict[tuple[str, str], float]]:
        by_school = self._sections.groupby(["root", "stage"])[list(self._counts)]
        sums = by_school.agg(lambda column: column.sum(skipna=False))
        return {name: sums[name].to_dict() for name in self._counts}

    def _school_words(self, school_id: str, row: Line) -> dict[str, object]:
        school = self.filing.school.get(school_id, {})
        opened, sponsor = school.get("opened_year", NAN), school.get("sponsor", NAN)
        return {
            "school_id": school_id,
            "name": text_of(row["name"]) or school_id,
            **{key: term(row[key], "zh", (of,)) or Verdict.NO_DATA.zh for key, of in KINDS.items()},
            "opened_year": Verdict.NO_DATA.zh if pd.isna(opened) else f"{opened:.0f}",
            "sponsor": float(sponsor),
        }

    def _grades(self, row: Line) -> float:
        """Return how many grades a stage has: known where every class reported is listed with its grade."""
        key = (row["school_id"], row["stage"])
        listed_grades = self._class_grades.get(key, [])
        complete = (
            len(listed_grades) >= self._class_numbers.get(key, NAN) and not np.isnan(listed_grades).any()
        )
        return float(len(set(listed_grades))) if complete and listed_grades else NAN

    @cached_property
    def _class_grades(self) -> dict[tuple[str, str], list[float]]:
        frame = self._at_root(self.filing.of_year("classes"))
        return frame.groupby(["root", "stage"])["grade"].apply(list).to_dict() if len(frame) else {}

    # Every judged school

    def _each_school(self) -> Iterator[dict[str, object]]:
        for school_id, rows in self.filing.rows.items():
            yield self._school(school_id, rows)

    def _blank_school(self) -> dict[str, object]:
        row: Line = dict.fromkeys(self.filing.own.rows.columns, NAN)
        return self._school("", [row | {"name": "", "school_id": ""}], known=False)

    def _school(self, school_id: str, rows: list[Line], known: bool = True) -> dict[str, object]:
        """Return a school's figures, those of a stage under its name; what it cannot say is blank."""
        filing = self.filing
        found: dict[str, object] = self._school_words(school_id, rows[0])
        by_stage = {row["stage"]: self._section(row) for row in rows if known}
        blank = dict.fromkeys(self._blank_section())
        for stage in COMPULSORY:
            found |= {f"{stage}.{key}": value for key, value in by_stage.get(stage, blank).items()}
        verdicts = [Verdict(str(row["verdict"])) for row in rows if known]
        found["overall"] = overall(verdicts)
        below = {str(row["stage"]): allowed(row) for row in rows if known}
        for code in filing.standard.resource_codes:
            found[code] = overall(section[f"{code}.verdict"] for section in by_stage.values())
            failing = [s for s, one in by_stage.items() if one[f"{code}.verdict"] is Verdict.FAIL]
            if failing and all(code in below[str(stage)] for stage in failing):
                found[code] = Allowance.AT_SCHOOL.zh
        findings: dict[str, list[Line]] = {}
        for row in filing.findings.get(school_id, []):
            findings.setdefault(str(row["code"]), []).append(row)
        for indicator in filing.standard.indicators:
            if indicator.resource:
                continue
            mine = findings.get(indicator.code, [])
            found |= _blank_parts(indicator) | _part_figures(indicator.code, mine)
            # One that is not counted has nothing of the kind.
            nothing = Verdict.NOT_APPLICABLE if of_schools(indicator) else ""
            found[indicator.code] = overall(str(row["verdict"]) for row in mine) if mine else nothing
            if indicator.measure == "class_size":
                for stage in COMPULSORY:
                    told = [row for row in mine if row["stage"] == stage]
                    found[f"{indicator.code}.{stage}.above"] = self._classes_above(pd.DataFrame(told))
        return found | self._reported(school_id)

    def _reported(self, school_id: str) -> dict[str, object]:
        """Return what a school and its campuses reported for all stages together, senior ones left out."""
        found: dict[str, object] = {}
        if school_id not in self.filing.rows:
            return dict.fromkeys((*self._facilities, *_FUNDS, *(f"rooms.{kind}" for kind in RoomKind)))
        for table, names in (("facilities", self._facilities), ("funds", _FUNDS)):
            mine = self._tables[table].get(school_id)
            whole = mine is not None and not any(map(_silent, self.filing.rows[school_id]))
            if whole:  # a site that has pupils and is not in the table leaves the sum open
                covers = table == "funds" and (mine["covers_campuses"] == True).any()  # noqa: E712
                whole = covers or self._sites.get(school_id, set()) <= {*mine["school_id"]}
            for name in names:
                found[name] = float(mine[name].sum(skipna=False)) if whole else NAN
        rooms = self._tables["rooms"].get(school_id)
        for kind in RoomKind:
            found[f"rooms.{kind}"] = _rooms(rooms, kind)
        return found

    @cached_property
    def _sites(self) -> dict[str, set[str]]:
        """The sites of each school that reported a stage other than the senior one."""
        mine = self._sections[self._sections["stage"].isin(COMPULSORY).to_numpy()]
        return mine.groupby("root")["school_id"].agg(set).to_dict()

    @cached_property
    def _tables(self) -> dict[str, dict[str, pd.DataFrame]]:
        found = {}
        for name in ("facilities", "funds", "rooms"):
            frame = self._at_root(self.filing.of_year(name))
            if "stage" in frame:
                frame = frame[(frame["stage"] != Stage.SENIOR).to_numpy()]
            found[name] = dict(list(frame.groupby("root")))
        return found

    # Who is left out

    def _each_excluded(self) -> Iterator[dict[str, object]]:
        for row in self.filing.own.excluded.to_dict("records"):
            whole = not isinstance(row["stage"], str)
            yield self._excluded() | {
                "school_id": str(row["school_id"]),
                "name": text_of(row["name"]) or str(row["school_id"]),
                "stage": None if whole else stage_label(row["stage"], "zh"),
                "pupils": None if whole else row["pupils"],
                "reason": str(row["reason"]),
            }

    def _excluded(self) -> dict[str, object]:
        return dict.fromkeys(("school_id", "name", "stage", "pupils", "reason"))


def _silent(row: Line) -> bool:
    """Return whether a school, or one of its campuses, did not report a stage at all."""
    return bool(pd.isna(row["pupils"]) and pd.isna(row["classes"]) and pd.isna(row["full_time_teachers"]))


def _percent(part: object, whole: object) -> float | None:
    """Return a share; there is none of nobody."""
    if whole == 0:
        return None
    return 100 * float(part) / float(whole)


def _first(values: pd.Series) -> float:
    return float(values.iloc[0]) if len(values) else NAN


def _codes(codes: Iterable[str]) -> tuple[str, ...] | None:
    return tuple(codes) or None


def _level(level: float) -> str:
    return Verdict.NO_DATA.zh if level != level else f"{'ⅠⅡⅢⅣⅤ'[int(level) - 1]} 级"


def _blank_parts(indicator: Indicator) -> dict[str, object]:
    """Return the keys of an indicator's parts, so that a layout may ask for one that nobody has."""
    names = {"", *(limit.name for limit in indicator.limits), "allocation"}
    keys = [_key(indicator.code, name, stage) for name in names for stage in ("", *COMPULSORY)]
    return dict.fromkeys([*keys, *(f"{key}.asked" for key in keys)])


def _key(code: str, part: str, stage: object) -> str:
    """Return the key of a part of an indicator: C18.backbone, C20.primary, C14.value."""
    named = [part] if part else []
    staged = [str(stage)] if isinstance(stage, str) and stage else []
    return ".".join([code, *(named + staged or ["value"])])


def _part_figures(code: str, rows: Iterable[Line]) -> dict[str, object]:
    """Return the figures of an indicator's parts with what is asked of each; checklist items have none."""
    found: dict[str, object] = {}
    for row in rows:
        if str(row["part"]).startswith(f"{code}."):
            continue
        key = _key(code, str(row["part"]), row["stage"])
        verdict = Verdict(str(row["verdict"]))
        value, limit = float(row["value"]), float(row["limit"])
        found[key] = None if verdict is Verdict.NOT_APPLICABLE else Judged(value, verdict, limit)
        found[f"{key}.asked"] = None if pd.isna(row["limit"]) else float(row["limit"])
    return found


def _conclusion(filing: Filing, found: pd.DataFrame, verdict: Verdict) -> str:
    """Return in words how many items and schools meet an indicator, and which do not."""
    told = []
    items = found[found["part"].astype(str).str.contains(".", regex=False).to_numpy()]
    if len(items):
        told.append(
            _tally(zip(items["part"].astype(str), items["verdict"].astype(str), strict=True), "项要求")
        )
    at_schools = by_school(found)
    if at_schools:
        names = filing.school_names
        worst = (
            (names.get(key, key), overall(str(row["verdict"]) for row in rows))
            for key, rows in at_schools.items()
        )
        told.append(_tally(worst, "所学校"))
    return "；".join(told) or verdict.zh


def _tally(verdicts: Iterable[tuple[str, str]], unit: str) -> str:
    """Say how many there are and which of them are not met or not known."""
    by_verdict: dict[str, list[str]] = {}
    for name, verdict in verdicts:
        by_verdict.setdefault(verdict, []).append(name)
    total = sum(map(len, by_verdict.values()))
    parts = []
    for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.NO_DATA, Verdict.NOT_APPLICABLE):
        names = by_verdict.get(verdict, [])
        if names:
            which = f"（{listed(names, 'zh')}）" if verdict in (Verdict.FAIL, Verdict.NO_DATA) else ""
            parts.append(f"{len(names)} {unit[0]}{verdict.zh}{which}")
    return f"共 {total} {unit}：{'，'.join(parts)}"


def _rooms(frame: pd.DataFrame | None, kind: RoomKind) -> str:
    """Return how many rooms of a kind a school lists, and the area of every one."""
    if frame is None:
        return Verdict.NO_DATA.zh
    mine = frame[(frame["kind"] == kind).to_numpy()]
    bands = TABLES["rooms"].bands(mine)
    areas = mine.loc[~bands, "area_m2"].sort_values(ascending=False)
    shown = [number(float(area), 1).removesuffix(".0") for area in areas]
    shown += [_band(row) for row in mine[bands].to_dict("records")]
    count = len(areas) + float(mine.loc[bands, "count"].sum(skipna=False))
    if not shown:
        return "0 间"
    return f"{Verdict.NO_DATA.zh if np.isnan(count) else f'{count:.0f} 间'}（{'、'.join(shown)} 平方米）"


def _band(row: Line) -> str:
    """Return a band of areas as "73—96 的 2 间"; its upper end is not in it."""
    low, high, count = (row[name] for name in TABLES["rooms"].band.columns)
    span = f"{low:g} 及以上" if pd.isna(high) else f"不足 {high:g} " if pd.isna(low) else f"{low:g}—{high:g} "
    return f"{span}的 {'？' if pd.isna(count) else f'{count:.0f}'} 间"
