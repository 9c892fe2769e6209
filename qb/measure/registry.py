"""Which function computes an indicator: the name in the standard's file is the function's."""

from __future__ import annotations

from collections.abc import Callable

from qb.errors import QbError
from qb.measure import districts, schools
from qb.measure.parts import Inputs, Measure
from qb.standard import SEVEN, Indicator, Standard

_FUNCTIONS: tuple[Callable[[Inputs, Indicator], Measure], ...] = (
    districts.checklist,
    districts.uniform_standards,
    schools.special_rooms,
    schools.school_size,
    schools.class_size,
    schools.small_school_funds,
    districts.special_funds,
    districts.pay,
    schools.trained,
    districts.rotation,
    schools.certified,
    schools.in_zone,
    districts.quota,
    districts.migrants,
    districts.retention,
    districts.disabled_enrolment,
    districts.charter_and_it,
    schools.training_funds,
    districts.monitoring,
)
FUNCTIONS = {function.__name__: function for function in _FUNCTIONS}


def measures(inputs: Inputs) -> dict[str, Measure]:
    """Compute C8–C31 for every district, in the order of the standard."""
    return {
        indicator.code: FUNCTIONS[indicator.measure](inputs, indicator)
        for indicator in inputs.standard.indicators
        if indicator.code not in SEVEN
    }


def require_functions(standard: Standard) -> None:
    """Refuse a standard that names a function that does not exist."""
    known = {**FUNCTIONS, "per_hundred": None, "per_pupil": None}
    wrong = [f"{i.code} 的 measure = {i.measure!r}" for i in standard.indicators if i.measure not in known]
    if wrong:
        raise QbError(
            f"标准 {standard.name} 写了没有的算法：{'、'.join(wrong)}。可用的有：{'、'.join(known)}。"
        )
