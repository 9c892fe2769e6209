"""The words of a forecast: how a school's grades became known, and how entrants are forecast."""

from __future__ import annotations

from qb.terms import Term

LONGEST = 10  # years that a forecast may reach ahead
USUAL = 5  # years it reaches unless told


class Basis(Term):
    """Where the pupils by grade of a school's last year come from."""

    CLASSES = "classes", "班级表"
    SCALED = "scaled", "班级表，按学段在校生数折算"
    SHARES = "shares", "没有班级表，按县区各年级比例分摊"


class Moving(Term):
    """How a grade becomes the next one: everyone moves up, or by progression ratios."""

    NAIVE = "naive", "全部升级"
    MODEL = "model", "按升级率升级"


class Total(Term):
    """What the entrants of a district follow. The first is the naive forecast."""

    LAST = "last", "人数同上年"
    TREND = "trend", "人数按近年增减（逐年减弱）"
    BIRTHS = "births", "人数按出生人数"
    LEAVERS = "leavers", "人数按上一学段毕业人数"


class Share(Term):
    """How the entrants of a district are shared among its schools. The first is the naive forecast."""

    LAST = "last", "各校份额同上年"
    MEAN = "mean", "各校份额取近三年平均"
    ZONES = "zones", "各校份额按学区适龄儿童"


# Every method of entry, as places in Total and Share; the first is naive.
METHODS = tuple((total, share) for total in range(len(Total)) for share in range(len(Share)))


def code(total: int, share: int) -> str:
    """Return the name of a method of entry.

    >>> code(0, 0), code(1, 1)
    ('naive', 'trend+mean')
    """
    return str(Moving.NAIVE) if not (total or share) else f"{list(Total)[total]}+{list(Share)[share]}"


def words(method: str, part: str) -> str:
    """Return how a part is forecast (``entry``, or a transition as ``1→2``), as a reader sees it.

    >>> words("model", "1→2"), words("trend+mean", "entry")
    ('按升级率升级', '人数按近年增减（逐年减弱），各校份额取近三年平均')
    """
    if part != "entry":
        return Moving(method).zh
    total, _, share = method.partition("+") if method != Moving.NAIVE else (Total.LAST, "", Share.LAST)
    return f"{Total(total).zh}，{Share(share).zh}"
