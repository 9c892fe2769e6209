"""A published figure moves only where the change is named."""

from __future__ import annotations

import copy
import json

import pins

PINNED = json.loads(pins.PINS.read_text(encoding="utf-8"))


def test_no_published_figure_has_moved_without_being_named():
    differs = pins.moved(PINNED["figures"], pins.figures())
    assert differs == [], 'see tests/pins.py: name them under "What changed" in qb/README.md'


def test_every_publication_is_named_with_the_indicators_that_moved():
    told = pins.told()
    assert len(told) == PINNED["revision"]
    assert told[-1] == PINNED["moved"]


def test_the_pins_hold_every_indicator_and_every_school():
    figures = PINNED["figures"]
    assert figures.keys() == {*(f"C{i}" for i in range(1, 32)), "composite", "whole"}
    # 20 primary and 11 junior sections are judged: counted in data/sample, less what the rules leave out.
    assert len(figures["whole"]["schools"]) == 31
    assert len([place for place in figures["C1"] if place[0].isdigit()]) == 31


def test_a_coefficient_that_moves_in_the_sixth_digit_is_found_and_its_indicator_alone():
    now = copy.deepcopy(PINNED["figures"])
    now["C5"]["balance primary"]["coefficient"] += 1e-6
    assert pins.moved(PINNED["figures"], now) == ["C5"]
    now["whole"]["schools"].popitem()
    assert pins.moved(PINNED["figures"], now) == ["C5", "whole"]
