"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from qb.checks.view import View
from qb.terms import Severity


@dataclass(frozen=True)
class Found:
    """Records of one table that break a rule in the same column.

    Attributes
    ----------
    table : str
    where : ndarray of int, or None
        Positions in the table; None for the column as a whole, or the table.
    column : str or None
        Where to look, or what to mend.
    say : callable
        Gives what is wrong with the record at a position, in Chinese, without a full stop.
    school : str or None
        Column that names the school to mend it; None where that is the district's.
    """

    table: str
    where: np.ndarray | None
    column: str | None
    say: Callable[[int], str]
    school: str | None = "school_id"


@dataclass(frozen=True)
class Rule:
    """A numbered rule.

    Attributes
    ----------
    number : str
    severity : Severity
        ``stops``: nothing can be computed of it, or nobody may hold it. ``warning``: it can be
        computed, and looks wrong. ``note``: it is read for what it says.
    title, en : str
        What is wrong, in Chinese and in English.
    reason : str
        The indicator or clause that suffers, or why it is asked.
    remedy : str
        What to do.
    find : callable
    """

    number: str
    severity: Severity
    title: str
    en: str
    reason: str
    remedy: str
    find: Callable[[View], Iterator[Found]]
