"""Which function computes an indicator, and what it asks of the standard's file.

The name in the file (`measure`) is the function's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from qb.data.schema import DISTRICT_ITEMS, TABLES, items_of
from qb.errors import QbError
from qb.indicators import declared_figures, district_figures, school_figures
from qb.indicators.indicator_figures import IndicatorFigures, Inputs
from qb.indicators.population import summed_columns
from qb.language import Both, Message, joined, listing
from qb.standard import Indicator, Standard
from qb.terms import COMPULSORY, Kind, Location, Ownership


def _positive(option: object) -> bool:
    return isinstance(option, float) and option > 0


def _among(words: tuple) -> Callable[[object], bool]:
    def fits(option: object) -> bool:
        given = option if isinstance(option, tuple) else (option,)
        return bool(given) and all(word in words for word in given)

    return fits


@dataclass(frozen=True)
class Needs:
    """What a function asks of its indicator's entry."""

    limits: tuple[str, ...] = ("",)  # names of the limits; the empty name where there is only one
    # Stages or kinds for each of which the limits must be given.
    places: tuple[dict[str, object], ...] = ({},)
    # Settings, each with what it may be.
    options: dict[str, Callable[[object], bool]] = field(default_factory=dict)

    def lacking(self, indicator: Indicator, year: int) -> Iterator[Message]:
        """Say what the entry does not give, or gives wrongly."""
        for name in self.limits:
            for place in self.places:
                try:
                    indicator.limit(name=name, year=year, **place)
                except LookupError:
                    where = joined("", " ", (word for word in place.values() if word))
                    which = Message("（name = {!r}）", " (name = {!r})", name) if name else ""
                    yield Message(
                        "{} 缺少 {} 学年{}的限值{}",
                        "{} lacks the limit of {} {}{}",
                        indicator.code,
                        year,
                        where,
                        which,
                    )
        for name, fits in self.options.items():
            given = indicator.options.get(name)
            if not fits(given):
                amiss = (
                    Both("缺少", "is missing")
                    if given is None
                    else Message("= {!r} 不可用", "= {!r} cannot be used", given)
                )
                yield Message("{} 的 options.{} {}", "{}: options.{} {}", indicator.code, name, amiss)


_BY_STAGE = tuple({"stage": stage} for stage in COMPULSORY)
_BY_KIND = tuple({"kind": kind} for kind in (*Kind, None))
_LOCATIONS = _among(tuple(Location))
_ASKED = {
    "exclusions": lambda given: isinstance(given, tuple) and set(given) <= set(school_figures.EXCLUSIONS)
}

_FUNCTIONS: dict[Callable[[Inputs, Indicator], IndicatorFigures], Needs] = {
    district_figures.checklist: Needs(limits=()),
    district_figures.uniform_standards: Needs(limits=()),
    school_figures.special_rooms: Needs(
        limits=("music", "art"), options={"classes_per_room": _positive, **_ASKED}
    ),
    school_figures.school_size: Needs(places=_BY_KIND, options=_ASKED),
    school_figures.class_size: Needs(places=_BY_STAGE, options=_ASKED),
    school_figures.small_school_funds: Needs(
        limits=("pupils",), options={"counted_pupils": _positive, **_ASKED}
    ),
    district_figures.special_funds: Needs(),
    district_figures.pay: Needs(),
    school_figures.trained: Needs(places=_BY_STAGE, options=_ASKED),
    district_figures.rotation: Needs(limits=("rotated", "backbone")),
    school_figures.certified: Needs(places=_BY_STAGE, options=_ASKED),
    school_figures.in_zone: Needs(
        places=_BY_STAGE,
        options={
            "ownership": _among(tuple(Ownership)),
            "locations": _LOCATIONS,
            "boarding": _among((True, False)),
            **_ASKED,
        },
    ),
    district_figures.quota: Needs(options=_ASKED),
    district_figures.migrants: Needs(),
    district_figures.retention: Needs(options={"formula": _among(("standard", "variant")), "cap": _positive}),
    district_figures.disabled_enrolment: Needs(),
    district_figures.charter_and_it: Needs(limits=("broadband", "multimedia")),
    school_figures.training_funds: Needs(limits=("budget", "final"), options=_ASKED),
    district_figures.monitoring: Needs(
        limits=("level", "rate"),
        options={
            "subjects": lambda given: isinstance(given, tuple) and bool(given),
            "others": lambda given: isinstance(given, tuple),
            "synonyms": lambda given: isinstance(given, dict),
            "english": lambda given: isinstance(given, dict),
            "cycle_years": lambda given: isinstance(given, float) and given >= 1 and given.is_integer(),
        },
    ),
}
FUNCTIONS = {function.__name__: function for function in _FUNCTIONS}
SCORE = "score"  # adds up what the others have been judged to be
_OF_SCORE = Needs(options={"out_of": _positive})


def compute_figures(inputs: Inputs) -> dict[str, IndicatorFigures]:
    """Compute all but the resources and the scores for every district, in the order of the standard."""
    return {
        indicator.code: (declared_figures.ratio if indicator.ratio else FUNCTIONS[indicator.measure])(
            inputs, indicator
        )
        for indicator in inputs.standard.indicators
        if not indicator.resource and indicator.measure != SCORE
    }


def require_functions(standard: Standard, year: int) -> None:
    """Refuse a standard that names what does not exist, or lacks what a function needs in that year."""
    wrong = faults(standard, year)
    if wrong:
        raise QbError(
            "标准 {} 有 {} 处不能用：",
            "Standard {} cannot be used in {} places:",
            standard.name,
            len(wrong),
            lines=wrong,
        )


def faults(standard: Standard, year: int) -> list[Message]:
    """Say which columns and functions are named that do not exist, and what is lacking in a year."""
    wrong = [
        Message(
            "columns {}：表 {} 已有这一列或这一项",
            "columns {}: table {} has it already",
            column.name,
            column.table,
        )
        for column in standard.columns
        if column.name in (DISTRICT_ITEMS if column.table == "district" else TABLES[column.table].by_name)
    ]
    for indicator in standard.indicators:
        if indicator.resource or indicator.ratio:
            wrong += _unknown_columns(indicator, standard)
        else:
            wrong += unknown_function(indicator.code, indicator.measure) or lacking(indicator, year)
    return wrong


def unknown_function(code: str, measure: str) -> list[Message]:
    """Say that there is no such function; nothing where there is."""
    names = [*FUNCTIONS, SCORE]
    words = ("{} 的 measure = {!r}，可用的有 {}", "{}: measure = {!r}; there are {}")
    return [] if measure in names else [Message(*words, code, measure, listing(names))]


def lacking(indicator: Indicator, year: int) -> Iterator[Message]:
    """Say what the function of an indicator needs in a year and its entry does not give."""
    needs = _OF_SCORE if indicator.measure == SCORE else _FUNCTIONS[FUNCTIONS[indicator.measure]]
    return needs.lacking(indicator, year)


def _unknown_columns(indicator: Indicator, standard: Standard) -> Iterator[Message]:
    if ratio := indicator.ratio:
        known = {*summed_columns("sections", standard), *summed_columns("facilities", standard)}
        known.add(declared_figures.SCHOOLS)
        items = set(items_of(standard))
        of_schools = ratio.level == "schools"
        condition = {ratio.where.column} if ratio.where else set()
        for name in ratio.columns:
            if name not in (known if of_schools or name in condition else known | items):
                kind = (
                    Both("学校的列", "column of schools")
                    if of_schools or name in condition
                    else Both("学校的列或县区数据项", "column of schools or item of the district")
                )
                yield Message(
                    "{} 的 ratio：没有{} {}", "{} ratio: there is no {} {}", indicator.code, kind, name
                )
        return
    resource = indicator.resource
    named = [(resource.table, name) for name in resource.columns]
    named += [("sections", resource.at_most)] if resource.at_most else []
    for table, name in named:
        known = summed_columns(table, standard)
        if name not in known:
            yield (
                Message(
                    "{} 的 resource：表 {} 没有可以相加的列 {}，可用的有 {}",
                    "{} resource: table {} has no column {} that can be added up; there are {}",
                    indicator.code,
                    table,
                    name,
                    listing(known),
                )
            )
