"""Money and statuses as a reader of a plan sees them."""

from __future__ import annotations

from qb.plan.ahead import Path, Pupils
from qb.plan.cheapest import PlanStatus
from qb.report.words import Lang, number, say

_STATUS = {
    PlanStatus.OPTIMAL: "proven to be the cheapest",
    PlanStatus.FEASIBLE: "meets the standard; how far it may be from the cheapest is known",
    PlanStatus.INFEASIBLE: "proven to be impossible",
    PlanStatus.UNDECIDED: "no plan found in the time, nor proven impossible",
}
_PATH = {
    Path.FORECAST: "pupils as forecast",
    Path.GIVEN: "pupils as given",
    Path.CONSTANT: "pupils as they are now (these data allow no forecast)",
}


def money(yuan: float, lang: Lang) -> str:
    """Return an amount of money in the unit that readers count in.

    >>> money(11_744_811.5, "zh"), money(11_744_811.5, "en"), money(float("nan"), "zh")
    ('1,174.5 万元', '11.745 million yuan', '缺数据')
    """
    if yuan != yuan:
        return number(yuan, 1, lang)
    return say(lang, f"{number(yuan / 1e4, 1)} 万元", f"{number(yuan / 1e6, 3)} million yuan")


def money_range(low: float, high: float, lang: Lang) -> str:
    """Return a range of money, its unit once.

    >>> money_range(5_956_000, 27_828_000, "zh")
    '595.6—2,782.8 万元'
    """
    unit, decimals = (1e4, 1) if lang == "zh" else (1e6, 3)
    ends = number(low / unit, decimals), number(high / unit, decimals)
    return say(lang, "—".join(ends) + " 万元", "–".join(ends) + " million yuan")


def status_words(status: PlanStatus, lang: Lang) -> str:
    """Return what is known of a plan."""
    return say(lang, status.zh, _STATUS[status])


def path_words(pupils: Pupils, lang: Lang) -> str:
    """Return whose pupils a plan over years counts on."""
    return say(lang, pupils.words, _PATH[pupils.path])
