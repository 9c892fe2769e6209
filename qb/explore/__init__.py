"""Trying actions out in JupyterLab: pick them, move sliders, see verdicts and coefficients, keep a scenario.

`forms` says what can be picked, `session` turns choices into actions and an assessment without any widget,
`view` writes what they do, and `panel` puts widgets on top. `sites` shows where a new school could stand.
"""

from qb.explore.forms import FORMS, Choice
from qb.explore.session import Session, save
from qb.explore.sites import Sites, open_siting

__all__ = ["FORMS", "Choice", "Panel", "Session", "Sites", "open_panel", "open_siting", "save"]


def __getattr__(name: str) -> object:
    if name not in ("Panel", "open_panel"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qb.explore import panel  # widgets are only loaded where they are shown

    return getattr(panel, name)
