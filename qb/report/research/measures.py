"""What a researcher may compare: the seven, or any other column that schools report by stage."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from qb.measure.census import SECTION_FIGURES
from qb.measure.resources import FACILITY_FIGURES, FACTOR
from qb.report.words import UNITS, Lang, say, title
from qb.schema import TABLES
from qb.standard import SEVEN, Standard

COLUMNS = {
    name: TABLES[table].by_name[name]
    for table, names in (("sections", SECTION_FIGURES), ("facilities", FACILITY_FIGURES))
    for name in names
    if name != "pupils"
}
UNIT_NAMES = {"m²": "m²", "元": "yuan"}  # what is no count of persons, classes or rooms


@dataclass(frozen=True)
class Measure:
    """A resource and how it is stated.

    Attributes
    ----------
    key : str
        C1–C7, or a column of ``sections`` or ``facilities``.
    zh, en : str
        Its name.
    unit_zh, unit_en : str
        Of the value of a school.
    factor : float
        ``value = factor * amount / pupils``: 100 or 1.
    step : float
        How much of it comes at once: a person, a room, 100 m², 10,000 yuan.
    step_zh, step_en : str
        That in words.
    """

    key: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    factor: float
    step: float
    step_zh: str
    step_en: str

    def name(self, lang: Lang) -> str:
        """Return its name."""
        return say(lang, self.zh, self.en)

    def unit(self, lang: Lang) -> str:
        """Return the unit of a school's value."""
        return say(lang, self.unit_zh, self.unit_en)

    def in_steps(self, lang: Lang) -> str:
        """Return how much of it comes at once."""
        return say(lang, self.step_zh, self.step_en)

    @property
    def decimals(self) -> int:
        """Decimals of a value in print."""
        return 0 if self.unit_en.startswith("yuan") else 2


def choose(codes: str, standard: Standard, held: Container[str]) -> tuple[Measure, ...]:
    """Return the measures that a parameter names, in its order; none of them unknown.

    Parameters
    ----------
    codes : str
        C1–C7 and columns, with commas between them. Empty: the seven; where none of them has data, the
        columns that have.
    standard : Standard
        For titles and units.
    held : container of str
        Keys that have data in the year.
    """
    wanted = names_in(codes)
    if not wanted:
        wanted = list(SEVEN)
        if not any(key in held for key in SEVEN):
            wanted = [name for name in COLUMNS if name in held] or wanted
    return tuple(measure_of(key, standard) for key in dict.fromkeys(wanted))


def unknown_in(codes: str) -> list[str]:
    """Return the names in a parameter that are neither an indicator of the seven nor a column."""
    return [key for key in names_in(codes) if key not in SEVEN and key not in COLUMNS]


def names_in(text: str) -> list[str]:
    """Return the names in a list, whatever comma stands between them."""
    return [name for name in re.split(r"[,，、;；\s]+", text) if name]


def measure_of(key: str, standard: Standard) -> Measure:
    """Return the measure of an indicator or a column."""
    if key in SEVEN:
        indicator = standard[key]
        unit = indicator.limits[0].unit
        names = title(indicator, "zh", short=True), title(indicator, "en", short=True)
        return Measure(
            key, *names, unit.zh, unit.en, FACTOR[indicator.measure], *_step(*UNITS[key], indicator.measure)
        )
    column = COLUMNS[key]
    plain = key.removesuffix("_m2").removesuffix("_yuan").replace("_", " ")
    if column.unit in UNIT_NAMES:
        names = f"生均{column.label}", f"{plain.capitalize()} per pupil"
        unit_en = UNIT_NAMES[column.unit]
        step = _step(column.unit, unit_en, "per_pupil")
        return Measure(key, *names, f"{column.unit}/生", f"{unit_en} per pupil", 1.0, *step)
    names = f"每百名学生{column.label}", f"{plain.capitalize()} per 100 pupils"
    step = _step(f"{column.unit}{column.label.removesuffix('数')}", plain, "per_hundred")
    return Measure(key, *names, f"{column.unit}/百名学生", "per 100 pupils", 100.0, *step)


def _step(zh: str, en: str, measure: str) -> tuple[float, str, str]:
    """Return how much comes at once, and that in words."""
    if measure == "per_hundred":
        return 1.0, f"1 {zh}", f"1 {en.removesuffix('es' if en.endswith('sses') else 's')}"
    return (1e4, f"1 万{zh}", f"10,000 {en}") if en == "yuan" else (100.0, f"100 {zh}", f"100 {en}")
