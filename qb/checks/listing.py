"""The list of faults that people read: school by school, so that each can be sent its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qb.checks.registry import RULES
from qb.dataset import FORM_RULES, Dataset
from qb.errors import Fault
from qb.schema import TABLES
from qb.terms import Severity


def listing(faults: Sequence[Fault], data: Dataset | None = None) -> str:
    """Return faults as text.

    Parameters
    ----------
    faults : sequence of Fault
    data : Dataset, optional
        Gives schools their names; None where it could not be read.

    Returns
    -------
    str
        How many there are; each school with its own faults, in the order of `schools`; what belongs to no
        school; and why the rules that found them are asked.
    """
    parts = [_summary(faults)]
    for school, mine in _by_school(faults, data).items():
        heading = f"【{school}】" if school else "【县区及全部数据】"
        parts.append("\n".join([heading, *(f"  {_line(fault)}" for fault in mine)]))
    if faults:
        parts.append("\n".join(["规则与依据", *_reasons(faults)]))
    if data is not None:
        parts.append(looked_at(faults, data))
    return "\n\n".join(parts)


def _summary(faults: Sequence[Fault]) -> str:
    if not faults:
        return "没有发现问题。"
    counts = {severity: sum(fault.severity is severity for fault in faults) for severity in Severity}
    listed = "，".join(f"{severity.zh} {count} 处" for severity, count in counts.items() if count)
    return f"发现 {len(faults)} 处：{listed}。"


def looked_at(faults: Iterable[Fault], data: Dataset) -> str:
    """Say what was looked at, so that silence means something: rules, schools, rows, cells."""
    numbers = {rule.number for rule in RULES}
    silent = len(numbers - {fault.rule for fault in faults})
    cells = sum(int(frame.count().sum()) for frame in data.tables.values())
    rows = sum(len(frame) for frame in data.tables.values())
    return (
        f"核对了 {len(numbers)} 条规则（其中 {silent} 条没有发现问题）、{len(data['schools']):,} 所学校、"
        f"{rows:,} 行、{cells:,} 个有内容的单元格。"
    )


def _by_school(faults: Iterable[Fault], data: Dataset | None) -> dict[str, list[Fault]]:
    """Return faults under the school's name and identifier, those of no school last under an empty text."""
    schools = data["schools"] if data is not None else None
    names = dict(zip(schools["school_id"], schools["name"], strict=True)) if schools is not None else {}
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.school_id or "", []).append(fault)
    place = {school: number for number, school in enumerate(names)}
    order = sorted(found, key=lambda school: (school == "", place.get(school, len(place))))
    return {title(school, names): found[school] for school in order}


def title(school: str, names: dict[str, object]) -> str:
    """Return a school as a heading names it."""
    name = names.get(school)
    return f"{name}（{school}）" if isinstance(name, str) else school


def place(fault: Fault) -> str:
    """Return where a fault is: sheet, row, column, and the cell where there is one."""
    table = TABLES.get(fault.table or "")
    if table is None:
        return ""
    column = table.by_name.get(fault.column or "")
    label = column.label if column else fault.column
    parts = (
        f"“{table.label}”表",
        f"第 {fault.row} 行" if fault.row else "",
        f"“{label}”列" if label else "",
    )
    return "".join(parts) + (f"（{fault.cell}）" if fault.cell else "")


def _line(fault: Fault) -> str:
    where = place(fault)
    return f"{fault.severity.zh} {fault.rule} {where}{'：' if where else ''}{fault.message}。{fault.remedy}。"


def _reasons(faults: Iterable[Fault]) -> list[str]:
    numbers = {fault.rule for fault in faults}
    form = [f"  {rule.number} {rule.title}" for rule in FORM_RULES.values() if rule.number in numbers]
    return form + [f"  {rule.number} {rule.title}：{rule.reason}" for rule in RULES if rule.number in numbers]
