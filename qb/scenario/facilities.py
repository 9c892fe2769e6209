"""What a school holds in floor, ground and equipment, by stage."""

from __future__ import annotations

import math

from qb.scenario.register import Register, missing
from qb.standard import Standard
from qb.terms import Kind, Stage

MEANS = (
    "teaching_area_m2",
    "indoor_sports_area_m2",
    "sports_ground_m2",
    "equipment_yuan",
    "multimedia_rooms",
)
FACILITIES = (*MEANS, "supplementary_sports_m2")


def by_stage(register: Register, standard: Standard, school: str) -> dict[str, dict[str, float]]:
    """Return a school's facilities by stage; what it reports as one is split by weighted pupils.

    As `qb.measure.resources.share_facilities` does; NaN where a figure, or the pupils, are not reported.
    """
    rows = {stage: row for (s, stage), row in register["facilities"].items() if s == school}
    whole = rows.pop(str(Stage.WHOLE), dict.fromkeys(FACILITIES, math.nan))
    kind = register["schools"][school]["kind"]
    weights = {} if missing(kind) else standard.rules.split.weights(Kind(kind))
    stages = register.stages(school)
    weighted = {str(s): weights.get(s, 1.0) * register["sections"][school, s]["pupils"] for s in stages}
    total = sum(weighted.values())
    found = {}
    for stage in dict.fromkeys([*weighted, *rows]):
        share = weighted.get(stage, 0) / total if total else 1 / max(len(stages), 1)
        own = rows.get(stage, {})
        found[stage] = {name: _total(own.get(name), whole[name] * share) for name in FACILITIES}
    return found


def _total(own: float | None, shared: float) -> float:
    """Add what is reported by stage and a share of the whole; a figure stands in one of the two rows."""
    known = [part for part in (own, shared) if not missing(part)]
    return sum(known) if known else math.nan


def with_facilities(
    register: Register, school: str, stage: str, amounts: dict[str, float], *, new: bool
) -> Register:
    """Return the register with so much more at a school, in the row in which it reports each figure.

    `new`: the school had nobody at the stage, so that what it does not report is nothing, not unknown.
    """
    blank = register.row(
        "facilities",
        school_id=school,
        stage=str(stage),
        **dict.fromkeys(FACILITIES, 0.0 if new else math.nan),
    )
    whole = register["facilities"].get((school, Stage.WHOLE))
    own = register["facilities"].get((school, stage), blank)
    shared = {name for name in amounts if whole is not None and not missing(whole[name])}
    changed = {name: own[name] + amount for name, amount in amounts.items() if name not in shared}
    if own is not blank or not all(map(missing, changed.values())):
        nothing = dict.fromkeys(shared, math.nan) if own is blank else {}
        register = register.put("facilities", {(school, str(stage)): {**own, **changed, **nothing}})
    if shared:
        row = {**whole, **{name: whole[name] + amounts[name] for name in shared}}
        register = register.put("facilities", {(school, str(Stage.WHOLE)): row})
    return register
