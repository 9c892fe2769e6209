"""The panel of a page in a browser: every figure after an edit is what commands say of the same scenario."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from qb.cli import main
from qb.data.dataset import Dataset, with_columns
from qb.data.sample import make
from qb.indicators.assessment import Assessment, assess
from qb.indicators.population import STAGES, take_population
from qb.indicators.resources import resources
from qb.indicators.verdicts import JudgedResources
from qb.planning.scenario import Scenario, ScenarioError, apply, load, to_toml, whatif
from qb.planning.scenario.resource_actions import BUILT
from qb.planning.scenario.year_records import YearRecords, unusable
from qb.publish.page import Page, notebook_page
from qb.report.context import ReportContext
from qb.report.explore_panel import Panel
from qb.report.whatif_panel import PanelFigures, WhatIf
from qb.standard import Standard
from qb.standard import load as load_standard

YEAR = 2025
ROOT = Path(__file__).parents[2]
SAMPLE, SCENARIOS = ROOT / "data" / "sample", sorted((ROOT / "notebooks" / "scenarios").glob("*.toml"))
TAIWAN = ROOT / "data" / "standards" / "taiwan-primary.toml"
EDITS = 24  # for each of four standards
NEAR = 1e-9
STAFF = ("above_required", "backbone", "pe_arts")

# What the page has after each of several lists of actions, numbers that are not known as null; and the row of
# facilities, a stage's or the whole school's, in which each site reports each column.
TRIED = """([edits, sites, held]) => {
  const panel = document.querySelector(".whatif");
  const found = edits.map((actions) => {
    const { rows, balance, counts, faults } = panel.tried(actions);
    return { rows, balance, counts, faults, file: panel.scenario("试算", actions) };
  });
  return [found, sites.map((at) => held.map((name) => panel.stageOf(at, name)))];
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
        facilities = _by_stage(facilities, nine)
        _doubtful(schools, sections, facilities)
    return with_columns(made.replace(schools=schools, facilities=facilities, sections=sections), standard)


def _by_stage(facilities: pd.DataFrame, school: str) -> pd.DataFrame:
    """Return facilities in which a school reports its sports ground by stage, all of it at one of them."""
    whole = facilities[(facilities["school_id"] == school).to_numpy()]
    numbers = [name for name in whole if pd.api.types.is_float_dtype(whole[name])]
    rows = [whole.assign(stage=stage, **dict.fromkeys(numbers, np.nan)) for stage in ("primary", "junior")]
    for row, part in zip(rows, (1.0, 0.0), strict=True):
        row["sports_ground_m2"] = part * whole["sports_ground_m2"]
    facilities.loc[whole.index, "sports_ground_m2"] = np.nan
    return pd.concat([facilities, *rows], ignore_index=True)


def _doubtful(schools: pd.DataFrame, sections: pd.DataFrame, facilities: pd.DataFrame) -> None:
    """Change frames so that what is not reported decides: a coefficient, and whether a small point is judged.

    One junior school has thirty times its equipment and another has not reported any: the coefficient is
    unknown and above its limit whatever the other has. A teaching point has 30 pupils, its campus may have
    any, and neither has a multimedia room: with fewer than 50 pupils it is left out. Another has 60, so that
    it is judged whatever its campus has.
    """
    junior = schools["school_id"][(schools["kind"] == "junior").to_numpy()].tolist()
    rich, silent = ((facilities["school_id"] == school).to_numpy() for school in (junior[0], junior[-1]))
    facilities.loc[rich, "equipment_yuan"] *= 30
    facilities.loc[silent, "equipment_yuan"] = np.nan
    point = schools.index[(schools["kind"] == "teaching_point").to_numpy()][0]
    large, its, campus = schools.index[(schools["kind"] == "primary").to_numpy()][-3:]
    schools.loc[[large, its, campus], "kind"] = "teaching_point"
    schools.loc[[campus, its], "parent_id"] = schools.loc[[point, large], "school_id"].tolist()
    for at, pupils in ((point, 30.0), (campus, np.nan), (large, 60.0), (its, np.nan)):
        sections.loc[(sections["school_id"] == schools.loc[at, "school_id"]).to_numpy(), "pupils"] = pupils
        mine = (facilities["school_id"] == schools.loc[at, "school_id"]).to_numpy()
        facilities.loc[mine, "multimedia_rooms"] = 0.0


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


def balance_differs(shown: dict, expected: Assessment) -> list[object]:
    """Return where a page's coefficients and counts are not those of an assessment."""
    codes = [*expected.standard.resource_codes, "composite"]
    wrong = [
        (row["stage"], row["code"])
        for row in expected.balance.to_dict("records")
        if not close(
            shown["balance"][row["stage"]][codes.index(row["code"])]["coefficient"], row["coefficient"]
        )
    ]
    passing = int((expected.rows["verdict"] == "pass").sum())
    return wrong if shown["counts"]["pass"] == passing else [*wrong, (shown["counts"], passing)]


def can_add(data: Dataset, school: str, stage: str, name: str, standard: Standard) -> bool:
    """Return whether a scenario adds to a column of facilities in the row of a stage."""
    do = "build" if name in BUILT else "buy"
    try:
        apply(data, [{"do": do, "school": school, "stage": stage, name: 1}], YEAR, standard)
    except ScenarioError:
        return False
    return True


def tried(visit, tmp_path: Path, panel: WhatIf, asked: list[list[dict]]) -> tuple[list[dict], list[list]]:
    """Return what the page has after each list of actions, and in which row each site reports each column."""
    path = tmp_path / "page.html"
    path.write_text(page_of(panel), "utf-8")
    view = visit(path)
    document = json.loads(panel.document)
    places = list(range(len(document["sites"])))
    found, stages = view.page.evaluate(TRIED, [asked, places, document["held"]])
    assert view.said == [] and [url for url in view.asked if not url.startswith("file:")] == []
    return json.loads(json.dumps(found).replace("NaN", "null")), stages


@pytest.mark.parametrize(
    ("name", "gaps"), [("gulou-2023", False), ("national-2017", True), ("basic-2012", False), (TAIWAN, False)]
)
def test_random_edits_come_out_as_in_python(visit, tmp_path, name, gaps):
    standard = load_standard(name)
    data = dataset(standard, gaps=gaps)
    context = ReportContext(data, assess(data, YEAR, standard))
    district = str(context.assessment.districts["district"].iloc[0])
    panel = WhatIf(context, district)
    document = json.loads(panel.document)
    if gaps:
        unknown = context.assessment.balance["coefficient"].isna()
        assert (context.assessment.balance.loc[unknown.to_numpy(), "verdict"] == "fail").any()
        doubtful = context.assessment.rows
        point = doubtful[(doubtful["kind"] == "teaching_point").to_numpy()]
        assert sorted(point["C7_verdict"]) == ["fail", "no data"]
    asked = [[], *edits(document, seed=2, count=EDITS)]
    found, stages = tried(visit, tmp_path, panel, asked)
    for at, (row, school, *_, group, _) in enumerate(document["sites"]) if gaps else ():
        for name in document["held"] if group >= 0 and document["sites"][at][3][0] else ():
            ways = [
                w for w in (document["rows"][row][0], "whole") if can_add(data, school, w, name, standard)
            ]
            assert (stages[at][document["held"].index(name)] or "none") in (ways or ["none"])
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
        if done == 2:  # the first that changes something, as the panel saves it
            file = tmp_path / "trial.toml"
            file.write_text(shown["file"], encoding="utf-8")
            by_file = whatif(data, [file], standard=standard).outcomes[0].assessments[YEAR]
            assert balance_differs(shown, by_file) == [] and actions
    assert EDITS / 3 < done < EDITS  # some ask for too much, and both say so


def test_the_pupils_that_a_panel_cannot_move_are_those_of_which_a_scenario_says_so():
    """Numbers that are blank or no whole ones, classes that are not those of the section, or none listed."""
    standard = load_standard()
    data = dataset(standard, gaps=True)
    sections, classes = data["sections"].copy(), data["classes"].copy()
    keys = list(zip(sections["school_id"], sections["stage"], strict=True))
    sections.loc[1, "pupils"] += 0.5
    sections.loc[4, "classes"] += 1
    sections.loc[5, "classes"] = np.nan
    of = list(zip(classes["school_id"], classes["stage"], strict=True))
    classes.loc[classes.index[of.index(keys[6])], "pupils"] += 1
    classes = classes[[key != keys[7] for key in of]]
    data = data.replace(sections=sections, classes=classes)
    register, sites = (
        YearRecords.of(data, YEAR),
        PanelFigures.of(ReportContext(data, assess(data, YEAR, standard))).sites,
    )
    listed = [(site, (site["id"], str(STAGES[site["stage"]]))) for group in sites.values() for site in group]
    found = {key: bool(site["stuck"]) for site, key in listed if key in register["sections"]}
    assert found == {key: bool(unusable(register, key)) for key in found}
    assert {keys[1], keys[4], keys[6]} <= {key for key, stuck in found.items() if stuck}
    assert not found[keys[5]] and not found[keys[7]]


def chosen(panel: Panel, action: dict, names: dict[str, str]) -> None:
    """Pick an action of a file on the panel of the notebook, which is that of the app, and fill it in."""
    panel._offer.value = action["do"]
    panel._add()
    number = len(panel.session.choices) - 1
    choice = panel.session.choices[number]
    names |= {str(action.get("school_id")): str(choice.fixed.get("school_id"))}
    said: dict[str, object] = {}
    for control in choice.controls:
        group, _, part = control.name.partition(".")
        given = action.get(group) if not part else action.get(group, {}).get(part)
        if control.offered == "places" and given:
            stage = action.get(control.stage)
            said[control.name] = next(
                place
                for place in panel.session.options(control)
                if place[0] == given and stage in (None, place[1])
            )
        elif given is not None:
            given = names.get(given, given) if isinstance(given, str) else given
            said[control.name] = tuple(given) if control.kind == "many" else given
    panel.session = panel.session.changing(number, **said)
    panel._build()  # every widget takes what it is to show


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_examples_come_out_alike_by_command_on_the_notebooks_panel_and_on_the_page(
    visit, tmp_path, capsys, committed, path
):
    """All of their actions in one year: the panels are about one."""
    told = [a.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True) | {"do": a.do}
            for a in load(path).actions]  # fmt: skip
    actions = [{name: value for name, value in action.items() if name != "year"} for action in told]
    file = tmp_path / path.name
    file.write_text(
        to_toml(Scenario.model_validate({"title": "试算", "base_year": YEAR, "actions": actions})),
        encoding="utf-8",
    )
    with pytest.raises(SystemExit) as ended:
        main(["whatif", str(SAMPLE), str(file), "--json"])
    assert ended.value.code == 0
    document = json.loads(capsys.readouterr().out)["scenarios"][0]["assessment"]["districts"][0]
    command = {(row["stage"], row["code"]): row["coefficient"] for row in document["balance"]}
    met = {(row["school_id"], row["stage"]): row["verdict"] for row in document["schools"]}

    panel, names = Panel(SAMPLE, YEAR), {}
    for action in actions:
        chosen(panel, action, names)
    after = panel.session.after
    shown = {(row["stage"], row["code"]): row["coefficient"] for row in after.balance.to_dict("records")}
    assert shown == pytest.approx(command, abs=NEAR)
    verdicts = zip(after.rows["school_id"], after.rows["stage"], after.rows["verdict"], strict=True)
    back = {new: old for old, new in names.items()}
    assert {(back.get(school, school), stage): verdict for school, stage, verdict in verdicts} == met

    page = WhatIf(ReportContext(committed, panel.session.base), document["district"])
    offered = {action["do"] for action in json.loads(page.document)["actions"]}
    if {action["do"] for action in actions} <= offered:
        (found,), _ = tried(visit, tmp_path, page, [panel.session.actions])
        assert not any(found["faults"]) and balance_differs(found, after) == []
    assert offered >= {action["do"] for action in actions} or path.stem in ("merger", "new_school")
