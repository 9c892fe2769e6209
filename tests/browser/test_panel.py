"""The panel of a page in a browser: every figure after an edit is what commands say of the same scenario."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import nbformat
import numpy as np
import pytest

from qb.data.dataset import Dataset, with_columns
from qb.data.sample import make
from qb.indicators.assessment import assess
from qb.indicators.population import take_population
from qb.indicators.resources import resources
from qb.indicators.verdicts import JudgedResources
from qb.planning.scenario import ScenarioError, apply
from qb.publish.page import Page, notebook_page
from qb.report.context import ReportContext
from qb.report.whatif_panel import WhatIf
from qb.standard import Standard
from qb.standard import load as load_standard

YEAR = 2025
TAIWAN = Path(__file__).parents[2] / "data" / "standards" / "taiwan-primary.toml"
EDITS = 50  # for each of four standards
NEAR = 1e-9
STAFF = ("above_required", "backbone", "pe_arts")

# What the page has after each of several lists of actions, numbers that are not known as null.
TRIED = """(edits) => {
  const panel = document.querySelector(".whatif");
  return edits.map((actions) => {
    const { rows, balance, counts, faults } = panel.tried(actions);
    return { rows, balance, counts, faults };
  });
}"""


def dataset(standard: Standard, *, gaps: bool = False) -> Dataset:
    """Return an invented district with what the standard declares; with `gaps` some cells are silent."""
    made = make(schools=16, years=(YEAR, YEAR), seed=7)
    facilities, sections = made["facilities"], made["sections"]
    if standard.columns:
        facilities = facilities.assign(
            computers=(facilities["equipment_yuan"] / 20000).round(),
            books=(5 * facilities["teaching_area_m2"]).round(),
        )
        sections = sections.assign(senior_title_teachers=(0.45 * sections["full_time_teachers"]).round())
    schools = made["schools"]
    if gaps:
        dice = np.random.default_rng(3)
        for frame, names in (
            (sections, ("pupils", "pe_arts_teachers", "backbone_teachers", "full_time_teachers")),
            (facilities, ("teaching_area_m2", "indoor_sports_area_m2", "equipment_yuan")),
        ):
            for name in names:
                frame.loc[frame.index[dice.integers(len(frame), size=1)], name] = np.nan
        primary = schools.index[(schools["kind"] == "primary").to_numpy()]
        schools.loc[primary[1], "parent_id"] = schools.loc[primary[0], "school_id"]
        nine = schools["school_id"][(schools["kind"] == "nine_year").to_numpy()].iloc[0]
        schools.loc[primary[2], "parent_id"] = nine
    return with_columns(made.replace(schools=schools, facilities=facilities, sections=sections), standard)


def page_of(*panels: WhatIf) -> str:
    cells = []
    for panel in panels:
        output = nbformat.v4.new_output("display_data", data={"text/html": panel._repr_html_()})
        cells.append(nbformat.v4.new_code_cell("", outputs=[output]))
    cells.insert(0, nbformat.v4.new_markdown_cell("# 题\n\n## 一\n\n## 二"))
    return notebook_page(nbformat.v4.new_notebook(cells=cells), Page("题", place="模拟区"))


def edits(document: dict, seed: int, count: int) -> list[list[dict]]:
    """Return random lists of actions of every kind that a panel offers; some ask for too much."""
    dice = random.Random(seed)
    found = []
    stages = [document["rows"][site[0]][0] for site in document["sites"]]

    def amount(do: str, name: str, has: float | None) -> float:
        large = (has or 0) * dice.choice((0.05, 0.2, 0.5, 1.1)) + 1
        whole = name not in ("equipment_yuan", "books") and not name.endswith("m2")
        return max(1, round(large)) if whole else round(large, 2)

    def where(at: int, name: str) -> str:
        group = document["sites"][at][5]
        shared = group >= 0 and document["groups"][group][0][document["held"].index(name)] is not None
        return "whole" if shared else stages[at]

    while len(found) < count:
        actions = []
        for _ in range(dice.randint(1, 4)):
            action = dice.choice(document["actions"])
            at = dice.choice([k for k, site in enumerate(document["sites"]) if site[3][0]])
            others = [k for k, s in enumerate(stages) if s == stages[at] and document["sites"][k][3][0]
                      and document["sites"][k][1] != document["sites"][at][1]]  # fmt: skip
            do, site, section = action["do"], document["sites"][at], document["sites"][at][3]
            fields = dice.sample(action["fields"], dice.randint(1, len(action["fields"])))
            made = {"do": do}
            if do in ("move_pupils", "transfer_teachers", "transfer_equipment"):
                if not others:
                    continue
                to = dice.choice(others)
                if do == "move_pupils" and (site[6] or document["sites"][to][6]):
                    continue
                made |= {"from": site[1], "to": document["sites"][to][1]}
                if do == "transfer_equipment":
                    ends = {"from_stage": at, "to_stage": to}
                    made |= {end: where(place, "equipment_yuan") for end, place in ends.items()}
                else:
                    made |= {"stage": stages[at]}
            else:
                made |= {"school": site[1]}
                made |= {"stage": where(at, fields[0][0]) if do in ("build", "buy") else stages[at]}
            if do in ("hire", "transfer_teachers"):
                has = section[document["columns"].index("full_time_teachers")]
                made["teachers"] = amount(do, "teachers", has)
                fields = [field for field in fields if field[0] != "teachers"]
            for name, _, *more in fields:
                if do in ("build", "buy") and where(at, name) != made["stage"]:
                    continue
                column = document["staff"].get(name)
                has = section[column] if column is not None else section[0] / 10
                value = min(made.get("teachers", 9e9), amount(do, name, has))
                (made.setdefault("columns", {}) if more else made)[name] = value
            actions.append(made)
        if actions:
            found.append(actions)
    return found


def judged(data: Dataset, standard: Standard) -> JudgedResources:
    population = take_population(data, standard, YEAR)
    return JudgedResources.judge(population, resources(population, standard), standard)


def close(shown: float | None, value: float) -> bool:
    if shown is None or math.isnan(value):
        return shown is None and math.isnan(value)
    return abs(shown - value) <= NEAR * max(1.0, abs(value))


def differences(shown: dict, document: dict, held: JudgedResources, standard: Standard) -> list[object]:
    """Return where the page differs from the assessment: values, verdicts, coefficients and counts."""
    rows, balance, codes, wrong = held.rows(), held.balance(), standard.resource_codes, []
    found = {(row["school_id"], str(row["stage"])): row for row in rows.to_dict("records")}
    roots = {}
    for site in document["sites"]:
        roots.setdefault(site[0], []).append(site[1])
    kept = set()
    for number, row in enumerate(shown["rows"]):
        key = next((k for k in ((i, row["stage"]) for i in roots[number]) if k in found), None)
        if row["out"] or key is None:
            wrong += [] if row["out"] and key is None else [(roots[number], row["stage"], row["out"])]
            continue
        kept.add(key)
        expected = found[key]
        wrong += [
            (key, code, row["value"][k], expected[code])
            for k, code in enumerate(codes)
            if not close(row["value"][k], expected[code]) or row["verdict"][k] != expected[f"{code}_verdict"]
        ]
        if (row["school"], row["met"]) != (expected["verdict"], expected["met"]):
            wrong.append((key, row["school"], row["met"], expected["verdict"], expected["met"]))
    wrong += sorted({key for key in found if key[1] != "senior"} - kept)
    for row in balance.to_dict("records"):
        one = shown["balance"][row["stage"]][([*codes, "composite"]).index(row["code"])]
        if not close(one["coefficient"], row["coefficient"]) or one["verdict"] != row["verdict"]:
            wrong.append((row["stage"], row["code"], one, row["coefficient"], row["verdict"]))
    counts = [(rows["verdict"] == word).sum() for word in ("pass", "fail")]
    expected = [len(rows), *counts, (balance["verdict"] == "fail").sum()]
    if [shown["counts"][name] for name in ("rows", "pass", "fail", "over")] != expected:
        wrong.append((shown["counts"], expected))
    return wrong


def tried(visit, tmp_path: Path, panel: WhatIf, asked: list[list[dict]]) -> list[dict]:
    """Return what the page has after each list of actions, all of them asked for at once."""
    path = tmp_path / "page.html"
    path.write_text(page_of(panel), "utf-8")
    view = visit(path)
    found = view.page.evaluate(TRIED, asked)
    assert view.said == [] and [url for url in view.asked if not url.startswith("file:")] == []
    return json.loads(json.dumps(found).replace("NaN", "null"))


@pytest.mark.parametrize(
    ("name", "gaps"), [("gulou-2023", False), ("national-2017", True), ("basic-2012", False), (TAIWAN, False)]
)
def test_fifty_random_edits_come_out_as_in_python(visit, tmp_path, name, gaps):
    standard = load_standard(name)
    data = dataset(standard, gaps=gaps)
    context = ReportContext(data, assess(data, YEAR, standard))
    district = str(context.assessment.districts["district"].iloc[0])
    panel = WhatIf(context, district)
    document = json.loads(panel.document)
    asked = [[], *edits(document, seed=2, count=EDITS)]
    found = tried(visit, tmp_path, panel, asked)
    done = 0
    for actions, shown in zip(asked, found, strict=True):
        try:
            after = apply(data, actions, YEAR, standard)
        except ScenarioError as error:
            assert any(shown["faults"]), (actions, str(error))
            continue
        assert not any(shown["faults"]), (actions, shown["faults"])
        assert differences(shown, document, judged(after, standard), standard) == [], actions
        done += 1
    assert EDITS / 3 < done < EDITS  # some ask for too much, and both say so
