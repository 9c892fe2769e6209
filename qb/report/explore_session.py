"""Actions tried out on a year: a control for every field, the choices made, what they do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from qb import terms
from qb.data.dataset import Dataset
from qb.data.schema import DistrictItem, tables_of
from qb.errors import QbError
from qb.files import write_whole
from qb.indicators.assessment import Assessment, assess, judge
from qb.language import Lang, say
from qb.planning.costs import Costs
from qb.planning.scenario import BaseYears, Scenario, apply, carry_forward, to_toml
from qb.planning.scenario.comparison import costing
from qb.planning.scenario.scenario_file import ACTIONS, draft_of
from qb.planning.scenario.school_actions import STANDARD
from qb.planning.scenario.teacher_actions import STAFF_COLUMNS
from qb.standard import Standard
from qb.terms import COMPULSORY, GRADES_OF_STAGE, STAGES_OF_KIND

# A control for every field that an action declares, by the kind of field.


Place = tuple[str | None, str]  # school_id and stage; no school where the action may do without
NEW = "NEW"  # what the identifiers of schools to be opened begin with
OPENS, NAME = "school_id", "name"  # fields of a school to be opened: given by itself; asked for
SCHOOLS = ("school", "from", "to", "into", "like")  # fields that name schools
COLUMNS = {"teachers": "full_time_teachers", "capacity": "pupils", "classes": "classes", **STAFF_COLUMNS}
HELD = ("sections", "facilities", "funds")


@dataclass(frozen=True)
class Control:
    """What fills in a field of an action."""

    name: str  # as a scenario file has it; with a dot before a part of it, as ``capacity.primary``
    # ``slider`` (at nothing the field is not written), ``number`` and ``text`` (not written where blank),
    # ``one`` and ``many`` of what is offered, ``flag``.
    kind: str
    needed: bool = False  # whether the action cannot do without
    whole: bool = False  # whether it is a number of persons or things
    most: float = math.inf  # the largest number that the action takes; infinite where it names none
    column: str = ""  # the column of the tables that it adds to or takes from; empty where there is none
    # A closed set, or what of the data there is to choose from: ``places`` (school and stage, by the rows of
    # `table`), ``schools``, ``zones``, ``district``.
    offered: str | tuple[object, ...] = ()
    table: str = ""  # whose rows are the places
    stage: str = ""  # the field in which a place's stage is written
    # Where it stands for an entry of a list: the entry's fields for the part and for the number.
    entry: tuple[str, ...] = ()

    def put(self, made: dict[str, object], value: object) -> bool:
        """Write what the control says into an action, and return whether it says anything."""
        if value in (None, "", ()) or (value == 0 and self.kind in ("slider", "flag")):
            return False
        group, _, part = self.name.partition(".")
        if self.kind in ("number", "slider"):
            value = _number(value, self.whole)
        if self.offered == "places":
            made |= {k: v for k, v in zip((self.name, self.stage), value, strict=True) if not pd.isna(v)}
        elif self.entry:
            made.setdefault(group, []).append(dict(zip(self.entry, (part, value), strict=True)))
        else:
            *path, last = self.name.split(".")
            for name in path:
                made = made.setdefault(name, {})
            made[last] = list(value) if self.kind == "many" else value
        return True


def _number(value: object, whole: bool) -> object:
    """Return a number as a file has it; a text that is none stays, and the action says so."""
    try:
        number = float(str(value).replace(",", ""))
    except ValueError:
        return value
    return int(number) if number == number // 1 and (whole or abs(number) < 2**53) else number


def controls(do: str, standard: Standard) -> tuple[Control, ...]:
    """Return the controls of an action: one for every field that it declares but its year, places first.

    >>> from qb.standard import load
    >>> [(one.name, one.kind) for one in controls("rezone", load())]
    [('to', 'one'), ('zones', 'many'), ('stage', 'one'), ('moves', 'one')]
    """
    schema = ACTIONS[do].model_json_schema(by_alias=True)
    fields, needed = schema["properties"], schema.get("required", ())
    single = [name for name in SCHOOLS if name in fields and fields[name].get("type") != "array"]
    # A school and its stage are chosen as one: the stage has no control of its own.
    stages = {name: f"{name}_stage" for name in single if f"{name}_stage" in fields}
    if "stage" in fields and not stages:
        stages = {name: "stage" for name in single if name in ("school", "from")}
    held = {*tables_of(standard)["facilities"].by_name} - {*tables_of(standard)["sections"].by_name}
    found: list[Control] = []
    for name, entry in fields.items():
        if name in ("do", "year", OPENS, *stages.values()):
            continue
        own: dict[str, object] = {"needed": name in needed}
        if name in stages:
            table = "facilities" if held & {*fields} else "sections"
            own |= {"kind": "one", "offered": "places", "table": table, "stage": stages[name]}
        found += _declared(name, entry, schema.get("$defs", {}), standard, own)
    places, own_fields = (*SCHOOLS, "zone", "zones"), ACTIONS[do].__annotations__

    def order(one: Control) -> tuple[int, int, bool, bool]:
        """Places first, then what is needed, then the action's own fields before those it shares with others."""
        place = places.index(one.name) if one.name in places else len(places)
        return one.name.count("."), place, not one.needed, one.name.partition(".")[0] not in own_fields

    return tuple(sorted(found, key=order))


def _declared(
    name: str, entry: Mapping, defs: Mapping, standard: Standard, own: dict[str, object]
) -> Iterator[Control]:
    """Yield the controls of a field, as its JSON schema declares it."""
    default = entry.get("default")
    entry = next((one for one in entry.get("anyOf", ()) if one.get("type") != "null"), entry)
    called = entry.get("$ref", "").rpartition("/")[2]
    entry = defs.get(called, entry)
    items, inner = entry.get("items", {}), entry.get("additionalProperties")
    if isinstance(inner, dict):  # by stage, or by a column that the standard declares
        table = "facilities" if "exclusiveMinimum" in inner else "sections"
        declared = [c.name for c in standard.columns if c.table == table]
        for part in GRADES_OF_STAGE if "$ref" in entry["propertyNames"] else declared:
            yield from _declared(f"{name}.{part}", inner, defs, standard, own)
    elif entry.get("type") == "object":
        for part, each in entry["properties"].items():
            yield from _declared(f"{name}.{part}", each, defs, standard, own)
    elif "$ref" in items:  # a list of entries: a control for each word of the first field
        (kind, words), (amount, _) = defs[items["$ref"].rpartition("/")[2]]["properties"].items()
        for part in defs[words["$ref"].rpartition("/")[2]]["enum"]:
            yield Control(f"{name}.{part}", "number", entry=(kind, amount))
    else:
        yield Control(name, **(_plain(name, called, entry, default, standard) | own))


def _plain(name: str, called: str, entry: Mapping, default: object, standard: Standard) -> dict[str, object]:
    """Return what kind of control a field has that is no group of others."""
    kind, last, group = entry.get("type"), name.rpartition(".")[2], name.partition(".")[0]
    if "enum" in entry:
        known = {"DistrictItem": DistrictItem}.get(called) or getattr(terms, called, None) or str
        words = tuple(known(word) for word in entry["enum"])
        return {
            "kind": "one",
            "offered": words if default is not None or called != "Stage" else (None, *COMPULSORY),
        }
    if kind == "boolean":
        return {"kind": "flag"}
    if kind == "array":
        grades = tuple(grade for stage in COMPULSORY for grade in GRADES_OF_STAGE[stage])
        offered = grades if entry["items"]["type"] == "integer" else "zones" if name == "zones" else "schools"
        return {"kind": "many", "offered": offered}
    if kind in ("integer", "number"):
        tables = tables_of(standard)
        column = COLUMNS.get(group, last if any(last in tables[table].by_name for table in HELD) else "")
        most = float(entry.get("maximum", math.inf))
        counts = "exclusiveMinimum" in entry or entry.get("minimum", 0) >= 1 or default == 0
        slides = counts and bool(column or most < 1e13)
        return {
            "kind": "slider" if slides else "number",
            "whole": kind == "integer",
            "most": most,
            "column": column,
        }
    offered = {"zone": "zones", "district": "district"}.get(name, "schools" if name in SCHOOLS else "")
    return {"kind": "one" if offered else "text", "offered": offered}


@dataclass(frozen=True)
class ActionChoice:
    """An action with what its controls say: numbers, words, texts, schools (with a stage); `fixed` has no control."""

    do: str
    controls: tuple[Control, ...]
    values: Mapping[str, object]
    fixed: Mapping[str, object] = field(default_factory=dict)

    @property
    def action(self) -> dict[str, object] | None:
        """The action as a scenario file has it; None as long as no number and no list of its says anything.

        One that asks for nothing is done at once.
        """
        made: dict[str, object] = {"do": self.do, **self.fixed}
        said = [one for one in self.controls if one.put(made, self.values[one.name])]
        asks = any(one.needed for one in self.controls)
        acts = any(
            one.kind in ("slider", "number", "many") or (one.name, one.needed) == ("zone", False)
            for one in said
        )
        return made if acts or not asks else None


# A year of a dataset and the choices made about it: what they do, and the scenario they amount to.


@dataclass(frozen=True)
class Session:
    """Choices, in the order in which they are done, about one year of a dataset."""

    data: Dataset  # of that year alone
    base: Assessment  # where nothing is done
    choices: tuple[ActionChoice, ...] = ()  # one whose sliders all stand at nothing does nothing

    @classmethod
    def of(cls, data: Dataset, year: int, standard: Standard) -> Session:
        """Return a session about a year, with nothing chosen yet."""
        alone = carry_forward(data, year, standard)
        return cls(alone, assess(alone, year, standard))

    def adding(self, do: str, place: Place | None = None, lang: Lang = "zh") -> Session:
        """Return the session with one more action, its controls as they stand at first."""
        values: dict[str, object] = {}
        form = controls(do, self.base.standard)
        for one in form:
            values[one.name] = self._first(one, values, place)
        fixed = {OPENS: self._new_id()} if OPENS in ACTIONS[do].model_fields else {}
        values |= {NAME: say(lang, "新建学校", "New school")} if fixed else {}
        return replace(self, choices=(*self.choices, ActionChoice(do, form, values, fixed)))

    def changing(self, number: int, **values: object) -> Session:
        """Return the session with the choice of that place, counted from 0, changed."""
        choices = list(self.choices)
        choices[number] = replace(choices[number], values={**choices[number].values, **values})
        return replace(self, choices=tuple(choices))

    def without(self, number: int) -> Session:
        """Return the session without the choice of that place, counted from 0."""
        return replace(self, choices=self.choices[:number] + self.choices[number + 1 :])

    def options(self, control: Control) -> list[object]:
        """Return what a control offers: places, schools, zones, words or districts; nothing for numbers and texts."""
        blank = [] if control.needed else [None]
        if not isinstance(control.offered, str):
            return list(control.offered)
        if control.offered == "places":
            frame = self.data[control.table]
            there = [*zip(frame["school_id"], frame["stage"], strict=True)]
            there += [
                (one.fixed[OPENS], str(s)) for one in self.opened for s in STAGES_OF_KIND[one.values["kind"]]
            ]
            return there + ([] if control.needed else [(None, str(stage)) for stage in COMPULSORY])
        if control.offered == "schools":
            there = list(dict.fromkeys(self.data["sections"]["school_id"]))
            like = [STANDARD] if control.name == "like" else []
            return like + blank * (control.kind == "one") + there + [one.fixed[OPENS] for one in self.opened]
        if control.offered == "zones":
            return blank * (control.kind == "one") + list(self.data["zones"]["zone_id"])
        return list(self.data.districts) if control.offered else []

    def name(self, school: str) -> str:
        """Return a school's or a zone's name; its identifier where there is none."""
        named = {str(one.fixed[OPENS]): str(one.values[NAME]) for one in self.opened}
        return named.get(school) or self._names.get(school, school)

    @property
    def numbers(self) -> list[int | None]:
        """The number of each choice in the scenario; None for one that does nothing."""
        found, count = [], 0
        for choice in self.choices:
            acts = choice.action is not None
            count += acts
            found.append(count if acts else None)
        return found

    @property
    def actions(self) -> list[dict[str, object]]:
        """The actions that the choices amount to, as a scenario file has them."""
        return [action for choice in self.choices if (action := choice.action) is not None]

    @cached_property
    def done(self) -> Dataset:
        """The data once the actions are done.

        Raises
        ------
        ScenarioError
            If one of them cannot be done; every reason is named.
        """
        return (
            apply(self.data, self.actions, self.base.year, self.base.standard) if self.actions else self.data
        )

    @cached_property
    def after(self) -> Assessment:
        """The assessment once the actions are done; refused like `done`. What was checked is not checked again."""
        return judge(self.done, self.base.year, self.base.standard) if self.actions else self.base

    def costs(self, prices: Costs) -> pd.DataFrame:
        """Return what the actions cost in the year, as `qb.planning.scenario.comparison.costing` has it."""
        year, standard = self.base.year, self.base.standard
        alone = BaseYears({year: self.data}, {}, ())
        return costing(draft_of(self.scenario("-")), alone, prices, standard, year)

    def lacking(self, number: int, control: Control) -> float | None:
        """Return what the school of a choice still lacks to the standard in what a control adds; None where unknown.

        Of a school as one it is not said: how much falls to each stage is not the choice's.
        """
        choice = self.choices[number]
        place, code = choice.values.get("school"), self._codes.get(control.column)
        if not code or not isinstance(place, tuple) or choice.controls[0].name != "school":
            return None
        school, stage = place
        if math.isnan(self._values.get((school, stage), {}).get(code, math.nan)):
            return None
        return self._gaps.get((school, stage, code), 0.0)

    def indicator(self, control: Control) -> str | None:
        """Return the code of the resource that a control adds to."""
        return self._codes.get(control.column)

    def most(self, control: Control) -> float:
        """Return where a slider ends: at the declared bound, else at what the school with most of all has."""
        for table in HELD:
            if control.most >= 1e13 and control.column in self.data[table]:
                largest = self.data[table][control.column].max(skipna=True)
                return max(10.0, 0.0 if pd.isna(largest) else float(largest))
        return control.most

    @property
    def failing(self) -> list[Place]:
        """The school rows that fail now: by the school's rule, or where there is none by a resource."""
        rows, gaps = self.after.rows, self.after.shortfalls
        failed = (
            rows[(rows["verdict"] == terms.Verdict.FAIL).to_numpy()]
            if self.base.standard.rules.school
            else gaps
        )
        return list(dict.fromkeys(zip(failed["school_id"], failed["stage"], strict=True)))

    def scenario(self, title: str) -> Scenario:
        """Return the choices as a scenario; refused like `done`."""
        _ = self.done  # a scenario that cannot be done is none
        document = {"title": title, "base_year": self.base.year, "actions": self.actions}
        return Scenario.model_validate(document)

    def _first(self, control: Control, values: Mapping[str, object], place: Place | None) -> object:
        """Return what a control says at first: the place asked for, another school that may receive, its default."""
        if control.kind in ("slider", "flag"):
            return 0 if control.kind == "slider" else False
        if control.kind == "many":
            return ()
        if control.kind in ("number", "text"):
            return ""
        options = self.options(control)
        if not options:
            raise QbError("数据中没有可供选择的{}。", "The data have no {} to choose from.", control.name)
        if control.name == "to":
            giver, stage = next(
                (v for v in values.values() if isinstance(v, tuple) and len(v) == 2), (None, None)
            )
            alike = [s for s, t in zip(*self._sections, strict=True) if t == stage and s != giver]
            options = [o for o in options if (o[0] if isinstance(o, tuple) else o) in alike] or options
        if place and control.name in ("school", "from"):
            same = [o for o in options if (o[0] if isinstance(o, tuple) else o) == place[0]]
            options = [place] if place in same else same or options
        return options[0]

    @property
    def _sections(self) -> tuple[pd.Series, pd.Series]:
        return self.data["sections"]["school_id"], self.data["sections"]["stage"]

    @cached_property
    def _values(self) -> dict[Place, dict[str, float]]:
        codes = list(self.base.standard.resource_codes)
        return self.after.rows.set_index(["school_id", "stage"])[codes].to_dict("index")

    @cached_property
    def _gaps(self) -> dict[tuple[str, str, str], float]:
        return self.after.shortfalls.set_index(["school_id", "stage", "code"])["to_standard"].to_dict()

    @property
    def _codes(self) -> dict[str, str]:
        return {i.adds_to[1]: i.code for i in self.base.standard.resources if not i.at_most}

    @property
    def opened(self) -> list[ActionChoice]:
        """The choices that open a school."""
        return [choice for choice in self.choices if OPENS in choice.fixed]

    @cached_property
    def _names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for table, key in (("zones", "zone_id"), ("schools", "school_id")):
            named = self.data[table].dropna(subset=["name"])
            found |= dict(zip(named[key], named["name"], strict=True))
        return found

    def _new_id(self) -> str:
        taken = {*self.data["schools"]["school_id"], *(one.fixed[OPENS] for one in self.opened)}
        return next(name for n in range(1, len(taken) + 2) if (name := f"{NEW}{n}") not in taken)


def save(session: Session, path: str | Path, title: str) -> Path:
    """Write the choices as a scenario file, whole or not at all; what stands there is never replaced.

    Raises
    ------
    QbError
        If nothing was chosen, an action cannot be done, the title is empty, or the file cannot be written.
    """
    path = Path(path).expanduser()
    if not title.strip():
        raise QbError("没有标题。请给情景写一个标题。", "There is no title. Give the scenario one.")
    if not session.actions:
        raise QbError(
            "还没有选任何操作，或数量都是零，没有可保存的。",
            "No action is chosen, or all amounts are zero: there is nothing to save.",
        )
    scenario = session.scenario(title.strip())
    if path.suffix != ".toml":
        raise QbError(
            "文件名应以 .toml 结尾，现为“{}”。", "The file's name must end in .toml; it is “{}”.", path
        )
    if path.exists():
        raise QbError(
            "已经有 {}，没有覆盖。请换一个文件名，或先把原来的移走。",
            "{} is there already and is not replaced. Choose another name, or move it away first.",
            path,
        )
    write_whole(path, to_toml(scenario))
    return path
