"""Trying actions out: what is shown is what `whatif` says of the saved file, and it is shown at once."""

import base64
import re
import time
from datetime import datetime
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from clock import allowed
from test_scenario import STANDARD, town

from qb.data.reading import read, write
from qb.errors import QbError
from qb.planning.scenario import ScenarioError, load, scenario_cost, whatif
from qb.planning.scenario.scenario_file import ACTIONS
from qb.planning.scenario.scenario_summary import field_words
from qb.report.explore_panel import Panel, coefficients, sentences, verdicts
from qb.report.explore_session import Session, controls, save

# In `town`: A (300 pupils, 20 teachers), B (180, 12) and C (30, 5) are primary schools, N has both stages.
# What the controls of each action say, by the name of the control.
SAID = {
    "open_school": {"capacity.primary": 270, "like": "A"},
    "close_school": {"school": "C", "to": ("B",)},
    "merge_schools": {"from": ("C",), "into": "A", "sites": "close"},
    "move_pupils": {"pupils": 30, "grades": (1, 2)},
    "rezone": {"zones": ("Z1",), "to": "B", "moves": "all"},
    "new_estate": {"households": "1000", "primary_per_thousand": 30.0},
    "transfer_teachers": {"teachers": 3, "backbone": "0", "rotation": True},
    "hire": {"teachers": 2, "pe_arts": "1"},
    "train": {"pe_arts": "1"},
    "build": {"teaching_area_m2": 100.5, "rooms.art": "60"},
    "buy": {"equipment_yuan": 50000, "multimedia_rooms": 2},
    "transfer_equipment": {"equipment_yuan": 1000},
    "split_classes": {"limit": "45"},
    "place_overflow": {"stage": "primary", "limit": "45"},
    "fund": {"allocation_yuan": 5000},
    "set": {"item": "rotation_rotated", "value": "0"},
}


@pytest.fixture(scope="module")
def base():
    return Session.of(town(), 2025, STANDARD)


@pytest.fixture
def session(base):
    return base


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The town as files."""
    made = tmp_path_factory.mktemp("data") / "town"
    write(town(), made)
    return made


@pytest.fixture
def panel(folder):
    return Panel(folder)


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def labelled(panel, number=0):
    """Return the widgets of an action by their labels."""
    return {
        one.description: one for one in walk(panel._stack.children[number]) if getattr(one, "description", "")
    }


def control(panel, name, number=0):
    """Return the widget of a field of an action."""
    return labelled(panel, number)[str(field_words(panel.session.choices[number].do, name))]


def press(panel, text):
    """Press the last button so called."""
    found = [one for one in walk(panel.widget) if isinstance(one, ipywidgets.Button)]
    [one for one in found if one.description == text][-1].click()


def add(panel, do):
    panel._offer.value = do
    press(panel, "添加")


# The session


@pytest.mark.parametrize("do", ACTIONS)
def test_every_field_that_an_action_declares_has_a_control_with_a_name(do):
    declared = {field.alias or name for name, field in ACTIONS[do].model_fields.items()} - {"do", "year"}
    form = controls(do, STANDARD)
    there = (
        {one.name.split(".")[0] for one in form} | {one.stage for one in form} | {"school_id", "columns", ""}
    )
    assert declared <= there  # without columns of the standard's own there is nothing to choose
    called = [str(field_words(do, one.name)) for one in form]
    assert len({*called}) == len(called)
    assert not [one for one in called if re.search("[a-z]", one.replace("C", ""))], called
    assert all(field_words(do, one.name).en.isascii() or "²" in field_words(do, one.name).en for one in form)


@pytest.mark.parametrize("do", ACTIONS)
def test_every_action_is_done_by_its_widgets_as_whatif_does_its_file(panel, base, do, tmp_path):
    """Driven as a reader drives it: added, filled in, saved; `whatif` says the same of the file."""
    add(panel, do)
    idle = do in ("split_classes", "place_overflow")  # nothing must be said: done at once
    assert panel.session.numbers == [1 if idle else None]
    for name, value in SAID[do].items():
        control(panel, name).value = value
    assert [action["do"] for action in panel.session.actions] == [do], panel._result.value
    assert "fault" not in panel._result.value and "费用" in panel._result.value
    file = save(panel.session, tmp_path / "trial.toml", "试算")
    found = whatif(town(), [file], standard=STANDARD)
    theirs, ours = found.outcomes[0].assessments[2025], panel.session.after
    assert theirs.balance.equals(ours.balance) and theirs.rows.equals(ours.rows)
    assert theirs.indicators.equals(ours.indicators)
    assert scenario_cost(found.outcomes[0].costs) == scenario_cost(panel.session.costs(panel._prices))
    panel._title.value = "试算"
    panel._show()
    shown = re.search(r'download="scenario.toml" href="data:[^,]*,([^"]*)"', panel._file.value)
    assert base64.b64decode(shown[1]).decode() == file.read_text(encoding="utf-8")


def test_columns_that_a_standard_declares_have_controls_with_its_labels():
    from qb.standard import load as load_standard

    taiwan = load_standard(Path(__file__).parents[1] / "data" / "standards" / "taiwan-primary.toml")
    named = {one.name: one for do in ("train", "buy") for one in controls(do, taiwan)}
    declared = [column for column in taiwan.columns if column.table != "district"]
    assert {f"columns.{column.name}" for column in declared} <= set(named)
    for column in declared:
        assert field_words("buy", f"columns.{column.name}", taiwan).zh.startswith(
            column.label.zh.removesuffix("数")
        )


def test_a_choice_is_written_as_a_scenario_file_has_it(session):
    made = session.adding("open_school").changing(0, **{"capacity.primary": 270, "name": "甲校"})
    assert made.actions == [
        {
            "do": "open_school",
            "school_id": "NEW1",
            "like": "standard",
            "name": "甲校",
            "kind": "primary",
            "location": "urban",
            "district": "模拟区",
            "ownership": "public",
            "capacity": {"primary": 270},
        }
    ]
    built = session.adding("build").changing(0, **{"rooms.music": "100", "rooms.art": "1,060.5"})
    assert built.actions[0]["rooms"] == [
        {"kind": "music", "area_m2": 100},
        {"kind": "art", "area_m2": 1060.5},
    ]


def test_nothing_is_a_statement_where_a_number_may_be_nothing(session):
    # Without a number backbone teachers go in proportion, with 0 none goes: A has some of its 20.
    moved = session.adding("transfer_teachers").changing(0, teachers=10)
    rows = [one.done["sections"].set_index("school_id")["backbone_teachers"]["B"]
            for one in (session, moved, moved.changing(0, backbone="0"))]  # fmt: skip
    assert rows[1] > rows[0] == rows[2]


def test_two_teachers_hired_are_two_more(session):
    rows = session.adding("hire").changing(0, teachers=2, pe_arts=1).after.rows.set_index("school_id")
    # A has 20 teachers, 19 of them above the required degree, for 300 pupils; both newcomers are above it.
    assert rows.loc["A", "C1"] == pytest.approx(21 / 3) and rows.loc["A", "C3"] == pytest.approx(3 / 3)


def test_actions_add_up_in_their_order(session):
    opened = session.adding("open_school").changing(0, **{"capacity.primary": 90})
    moved = opened.adding("move_pupils").changing(1, **{"from": ("B", "primary"), "to": "NEW1", "pupils": 60})
    pupils = moved.after.rows.set_index("school_id")["pupils"]
    assert (pupils["NEW1"], pupils["B"], pupils["A"]) == (60, 120, 300)
    # Without the school there is nowhere to go.
    with pytest.raises(ScenarioError, match="第 1 项 move_pupils：没有学校 NEW1"):
        _ = moved.without(0).after


def test_a_school_to_be_opened_is_offered_to_the_actions_after_it(session):
    opened = session.adding("open_school").changing(0, kind="nine_year")
    staffed, receiving = controls("hire", STANDARD)[0], controls("move_pupils", STANDARD)[1]
    assert opened.options(staffed)[-2:] == [("NEW1", "primary"), ("NEW1", "junior")]
    assert opened.options(receiving)[-1] == "NEW1"
    assert opened.adding("open_school").choices[1].fixed["school_id"] == "NEW2"


def test_who_receives_is_at_first_another_school_with_the_stage(session):
    values = session.adding("move_pupils").choices[0].values
    assert values["from"] == ("A", "primary") and values["to"] == "B"


def test_a_session_is_never_changed(session):
    added = session.adding("hire")
    added.changing(0, teachers=5)
    assert session.choices == () and added.choices[0].values["teachers"] == 0


def test_everything_that_cannot_be_done_is_named_as_the_controls_are(session):
    bad = session.adding("hire").changing(0, teachers=1, pe_arts=3)
    bad = bad.adding("move_pupils").changing(1, pupils=400)
    with pytest.raises(ScenarioError) as refused:
        _ = bad.after
    lines = sentences(refused.value, "zh")
    assert lines[1] == "  第 1 项 新进教师：其中体育艺术专任教师（人）（3）多于 人数（1）"
    assert lines[2].startswith("  第 2 项 转学：") and len(lines) == 3


# Saving


def test_a_file_that_is_there_is_not_replaced(session, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(QbError, match="没有覆盖"):
        save(session.adding("hire").changing(0, teachers=1), file, "试算")
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("teachers", "name", "title", "said"),
    [
        (0, "a.toml", "试算", "没有可保存的"),
        (1, "a.toml", " ", "没有标题"),
        (1, "a.txt", "试算", "应以 .toml 结尾"),
        (1, "file/a.toml", "试算", "无法写入 .*a\\.toml（已有同名的文件）"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_a_sentence(session, tmp_path, teachers, name, title, said):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(QbError, match=said):
        save(session.adding("hire").changing(0, teachers=teachers), tmp_path / name, title)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_scenario_that_cannot_be_done_is_not_saved(session, tmp_path):
    with pytest.raises(ScenarioError):
        save(session.adding("move_pupils").changing(0, pupils=400), tmp_path / "a.toml", "试算")
    assert list(tmp_path.iterdir()) == []


# What is shown


def test_the_table_has_every_coefficient_before_and_after(session):
    made = session.adding("hire").changing(0, teachers=4)
    frame = coefficients(made, "zh").frame
    assert len(frame) == 14 and not frame.duplicated(["code", "stage"]).any()
    changed = frame[frame["before"] != frame["coefficient"]]
    assert list(zip(changed["code"], changed["stage"], strict=True)) == [("C1", "小学")]


def test_schools_whose_verdict_turns_are_named(session):
    # A has 300 pupils. One more backbone teacher and one of PE and arts make 1 for 100 (limits 1 and 0.9),
    # and one of the seven may be missed, by 15% at most: 1900 m² of sports area and 100 more, of 2250.
    made = session.adding("train").changing(0, backbone=1, pe_arts=1)
    assert verdicts(made, "zh").endswith("达标 3</p>")
    shown = verdicts(made.adding("build").changing(1, sports_ground_m2=100), "zh")
    assert "达标 3 → 4" in shown and "转为达标：模拟A 小学" in shown
    # Eight of B's twelve teachers leave; a third of the rest is not enough in C1, C2 and C3.
    taken = session.adding("transfer_teachers")
    taken = taken.changing(0, **{"from": ("B", "primary"), "to": "A", "teachers": 8})
    assert "不再达标：模拟B 小学" in verdicts(taken, "zh")


def test_names_from_data_are_shown_as_text(session):
    made = session.adding("open_school").changing(0, **{"capacity.primary": 90, "name": "<b>甲</b>"})
    made = made.adding("move_pupils").changing(1, to="NEW1", pupils=60)
    assert "<b>甲" not in verdicts(made, "zh")


# The panel


def test_moving_a_slider_shows_the_new_coefficient(panel):
    add(panel, "hire")
    control(panel, "teachers").value = 4
    # Above the required degree for pupils: A 19 + 4 for 300, B 11 for 180, C 4 for 30, N 9 for 120.
    pupils, held = np.array([300, 180, 30, 120]), np.array([23, 11, 4, 9])
    mean = held.sum() / pupils.sum()
    spread = np.sqrt(np.average((held / pupils - mean) ** 2, weights=pupils))
    shown = re.search(
        r"C1 [^/]*</th><td[^>]*>小学</td>.*?<td.*?</td><td.*?>([^<]*)</td>", panel._result.value
    )
    assert shown[1] == f"{spread / mean:.3f}"
    assert panel._marks[0].value == "<b>1 新进教师</b>"


def test_what_is_lacking_stands_beside_the_control_and_is_filled_in_exactly(panel):
    panel._failing.value = ("A", "primary")
    add(panel, "build")
    assert control(panel, "school").value == ("A", "primary")

    def fill():
        return {control.name: button for button, _, control in panel._fills}["sports_ground_m2"]

    # C5 asks for 7.5 m² of sports area a pupil: 2,250 for 300. A has 1,800 of ground and 100 indoors.
    assert fill().description == "还差 350.0 平方米，补足"
    fill().click()
    assert control(panel, "sports_ground_m2").value == 350
    assert fill().description == "不缺" and fill().disabled


def test_the_schools_that_fail_are_a_list_and_the_one_clicked_gets_the_action(panel):
    listed = [place for _, place in panel._failing.options]
    assert listed == panel.session.failing and len(listed) > 1
    panel._failing.value = listed[1]
    add(panel, "hire")
    assert control(panel, "school").value == listed[1]
    assert "缺" in panel._failing.options[1][0]


def test_an_impossible_action_is_a_sentence_and_the_next_move_goes_on(panel):
    add(panel, "hire")
    control(panel, "backbone").value = "5"
    assert "人数" in panel._result.value and "Traceback" not in panel._result.value
    control(panel, "teachers").value = 6
    assert "差异系数" in panel._result.value
    control(panel, "backbone").value = "五"
    assert "其中县级以上骨干教师" in panel._result.value and "fault" in panel._result.value


def test_actions_can_be_stacked_taken_away_and_taken_back(panel):
    for do in ("hire", "buy", "move_pupils"):
        add(panel, do)
    for pupils in (10, 20, 30):
        control(panel, "pupils", 2).value = pupils
    press(panel, "删除")  # the last one
    assert [choice.do for choice in panel.session.choices] == ["hire", "buy"]
    press(panel, "撤销")
    assert control(panel, "pupils", 2).value == 30
    press(panel, "撤销")  # one slider that was moved, however often
    assert control(panel, "pupils", 2).value == 0
    for _ in range(3):
        press(panel, "撤销")
    assert panel.session.choices == () and panel._undo.disabled


def test_a_school_renamed_stays_chosen_in_the_lists(panel):
    for do in ("open_school", "move_pupils"):
        add(panel, do)
    receiving = control(panel, "to", 1)
    receiving.value = "NEW1"
    control(panel, "name").value = "乙校"
    assert (receiving.value, receiving.label) == ("NEW1", "乙校（NEW1）")
    assert panel.session.choices[1].values["to"] == "NEW1"


def test_the_panel_saves_and_says_so(panel, tmp_path):
    add(panel, "hire")
    control(panel, "teachers").value = 4
    panel._path.value = str(tmp_path / "trial.toml")
    press(panel, "保存为情景文件")
    assert "已保存" in panel._saved.value and load(tmp_path / "trial.toml").actions[0].teachers == 4
    press(panel, "保存为情景文件")
    assert "没有覆盖" in panel._saved.value


def test_a_workbook_is_uploaded_checked_and_downloaded_with_the_actions_done(panel, tmp_path):
    write(town(), tmp_path / "town.xlsx", "xlsx")
    content, now = (tmp_path / "town.xlsx").read_bytes(), datetime(2025, 9, 1)
    panel._upload.value = (
        {"name": "../交来.xlsx", "type": "", "size": len(content), "content": content, "last_modified": now},
    )
    assert panel._data.value.endswith("/交来.xlsx") and ".." not in panel._data.value
    assert "没有发现问题" in panel._checked.value
    add(panel, "hire")
    control(panel, "teachers").value = 4
    press(panel, "下载工作簿")
    link = re.search(r'download="data.xlsx" href="data:[^,]*,([^"]*)"', panel._saved.value)
    (tmp_path / "back.xlsx").write_bytes(base64.b64decode(link[1]))
    staff = read(tmp_path / "back.xlsx")["sections"].set_index(["school_id", "stage"])["full_time_teachers"]
    assert staff["A", "primary"] == 24


def test_data_that_cannot_be_used_are_told_of_and_others_can_be_opened(panel, folder, tmp_path):
    add(panel, "hire")
    (tmp_path / "schools.csv").write_text("school_id,kind\nA,palace\n", encoding="utf-8")
    for path in (tmp_path, tmp_path / "none"):
        panel._data.value = str(path)
        press(panel, "打开")
        assert panel.session is None and panel._stack.children == () and not panel._result.value
        assert "Traceback" not in panel._checked.value and len(panel._checked.value) > 20
        for text in ("添加", "保存为情景文件", "下载工作簿", "发布报告网站"):
            press(panel, text)
        assert "没有可以评估的数据" in panel._saved.value
    panel._data.value = str(folder)
    press(panel, "打开")
    assert "差异系数" in panel._result.value and panel.session.choices == ()


def test_an_english_panel_has_no_chinese_but_names(folder):
    panel = Panel(folder, lang="en")
    press(panel, "Add")
    labelled(panel)["Teachers"].value = 4
    for do in ACTIONS:
        panel._offer.value = do
        press(panel, "Add")
    texts = [one.description for one in walk(panel.widget) if getattr(one, "description", "")]
    texts += [str(options) for one in walk(panel.widget) for options in [getattr(one, "options", ())]]
    texts += [panel._result.value, panel._checked.value]
    shown = re.sub("模拟(区|集团|小区)?", "", " ".join(texts))
    assert "fault" in panel._result.value and not re.search("[\u4e00-\u9fff]", shown)
    panel._back()
    assert "Difference coefficients" in shown + panel._result.value


def test_a_change_is_shown_within_a_fifth_of_a_second_for_thirty_schools():
    panel = Panel(Path(__file__).parents[1] / "data" / "sample", 2025)
    assert len(panel.session.base.rows) >= 30
    for do in ("hire", "open_school", "buy", "move_pupils"):
        add(panel, do)
    slider, taken = control(panel, "teachers"), []
    for number in range(1, 8):
        start = time.process_time()  # not what others on the machine take
        slider.value = number
        taken.append(time.process_time() - start)
    assert panel.session.choices[0].values["teachers"] == 7 and "差异系数" in panel._result.value
    assert np.median(taken) < allowed(0.2), taken


def test_the_notebook_only_opens_the_panel():
    text = (Path(__file__).parents[1] / "notebooks" / "explore.ipynb").read_text(encoding="utf-8")
    assert "report.open_panel(data, year, standard, lang)" in text and "运行所有单元" in text
