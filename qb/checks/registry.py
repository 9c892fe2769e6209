"""All rules, and what they find in a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from qb.checks import change, keys, peers, people, places, presence, sums, units
from qb.checks.rule import Found, Rule
from qb.checks.view import View
from qb.dataset import Dataset
from qb.errors import DataError, Fault
from qb.schema import TABLES
from qb.standard import Standard
from qb.terms import Severity

RULES: tuple[Rule, ...] = (
    *keys.RULES,
    *people.RULES,
    *sums.RULES,
    *presence.RULES,
    *change.RULES,
    *units.RULES,
    *peers.RULES,
    *places.RULES,
)
LISTED = 1000  # faults shown for one rule and column; a table of the wrong schools has millions


def check(data: Dataset, standard: Standard | None = None) -> list[Fault]:
    """Return every fault: those found while reading, then those between rows and tables.

    Parameters
    ----------
    data : Dataset
        As it was read, faults and all.
    standard : Standard, optional
        Whose items are known and whose thresholds hold (its section ``checks``); the default one.

    Returns
    -------
    list of Fault
        In the order of tables, rows and rules; empty when there is nothing to mend. Of one rule and
        column the first 1,000, and the last of them says how many more there are.
    """
    return _in_order([*data.faults, *_faults(View(data, standard), RULES)])


def require(data: Dataset, standard: Standard | None = None) -> None:
    """Refuse a dataset with faults that stop; only their rules are run, with the names of this standard.

    Raises
    ------
    DataError
        Naming all of them.
    """
    stopping = [rule for rule in RULES if rule.severity is Severity.STOPS]
    stops = [*data.stops, *_faults(View(data, standard), stopping)]
    if stops:
        raise DataError(_in_order(stops))


def doubts(data: Dataset, standard: Standard | None = None) -> list[Fault]:
    """Return the findings for which no verdict can be trusted: columns beyond anything plausible (U02)."""
    return _in_order(list(_faults(View(data, standard), [r for r in RULES if r.number == "U02"])))


def _in_order(faults: list[Fault]) -> list[Fault]:
    order = {name: place for place, name in enumerate(TABLES)}
    return sorted(faults, key=lambda f: (order.get(f.table, -1), f.row or 0, f.rule))


def _faults(view: View, rules: Iterable[Rule]) -> Iterator[Fault]:
    for rule in rules:
        for found in rule.find(view):
            if found.where is None:
                yield _of_column(rule, found, view.data)
            else:
                yield from _of_rows(rule, found, view.data)


def _of_column(rule: Rule, found: Found, data: Dataset) -> Fault:
    """Return a fault at the header, where reading has noted which cell that is."""
    noted = next((f for f in data.faults if (f.table, f.column) == (found.table, found.column)), None)
    head = noted if noted is not None and noted.rule == "F21" else None
    return Fault(
        rule.number,
        rule.severity,
        found.say(-1),
        rule.remedy,
        table=found.table,
        row=head.row if head else None,
        column=found.column,
        cell=head.cell if head else None,
    )


def _of_rows(rule: Rule, found: Found, data: Dataset) -> Iterator[Fault]:
    frame, rest = data[found.table], len(found.where) - LISTED
    named = found.school is not None and found.school in frame
    for count, position in enumerate(found.where[:LISTED].tolist(), start=1):
        school = frame[found.school].iloc[position] if named else None
        more = f"（本列还有 {rest} 处同样的问题，不再列出）" if count == LISTED and rest > 0 else ""
        yield Fault(
            rule.number,
            rule.severity,
            found.say(position) + more,
            rule.remedy,
            table=found.table,
            row=data.line(found.table, position),
            column=found.column,
            cell=data.cell(found.table, position, found.column),
            school_id=None if pd.isna(school) else str(school),
        )
