"""Scenarios that cannot be done are refused in sentences, with file and action, before anything runs."""

import pytest
from messages import arguments_of
from test_scenario import STANDARD, town

from qb.planning import scenario
from qb.planning.scenario import ScenarioError, apply, load, to_toml, whatif, years
from qb.terms import Kind, Stage

OPEN = """
[[actions]]
do = "open_school"
school_id = "D"
name = "模拟D"
kind = "primary"
location = "urban"
"""


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a scenario's actions to a file."""

    def write(actions, head='title = "模拟"\nbase_year = 2025\n', name="坏.toml"):
        path = tmp_path / name
        path.write_text(head + actions, encoding="utf-8")
        return path

    return write


def refused(data, *paths):
    """Return the refusal of scenario files."""
    with pytest.raises(ScenarioError) as caught:
        whatif(data, paths, standard=STANDARD)
    return caught.value


def faults(data, *paths):
    return str(refused(data, *paths))


def not_done(data, action, year=None, standard=None):
    """Return where an action is refused, and what the refusal names."""
    with pytest.raises(ScenarioError) as caught:
        apply(data, [action], year, standard)
    _, _, number, *named = arguments_of(caught.value)
    assert number == 1
    return tuple(named)


# Each: what is written as the one action (or more), and what the refusal says.
BAD = {
    "an action that there is not": (
        'do = "teleport"\n',
        "第 1 项 teleport：没有“teleport”这种操作，可用：'open_school'",
    ),
    "an action that does not say what it does": ('school = "A"\n', "第 1 项：缺少 do（做什么）"),
    "a field that there is not": (
        'do = "buy"\nschool = "A"\nequipment = 5\n',
        "第 1 项 buy：equipment（现为 5）不认识这一项",
    ),
    "a field that is missing": ('do = "close_school"\n', "第 1 项 close_school：缺少 school"),
    "a negative number": (
        'do = "move_pupils"\nfrom = "A"\nto = "B"\npupils = -5\n',
        "第 1 项 move_pupils：pupils（现为 -5）须不小于 1",
    ),
    "a share above one": (
        'do = "move_pupils"\nfrom = "A"\nto = "B"\nshare = 1.5\n',
        "第 1 项 move_pupils：share（现为 1.5）须不大于 1",
    ),
    "a number written as text": (
        'do = "hire"\nschool = "A"\nteachers = "3"\n',
        "第 1 项 hire：teachers（现为 '3'）须为整数",
    ),
    "a number and a share at once": (
        'do = "move_pupils"\nfrom = "A"\nto = "B"\nshare = 0.5\npupils = 3\n',
        "第 1 项 move_pupils：pupils、share、zone 须写一个，且只写一个",
    ),
    "a school that there is not": (
        'do = "move_pupils"\nfrom = "X"\nto = "B"\npupils = 3\n',
        "第 1 项 move_pupils：没有学校 X，请核对学校标识码",
    ),
    "more pupils than there are": (
        'do = "move_pupils"\nfrom = "C"\nto = "B"\npupils = 31\n',
        "第 1 项 move_pupils：要从模拟C（C）小学转出 31 人，而那里只有 30 人",
    ),
    "more pupils than the grades have": (
        'do = "move_pupils"\nfrom = "A"\nto = "B"\npupils = 101\ngrades = [1, 2]\n',
        "要从模拟A（A）小学1、2 年级转出 101 人，而那里只有 100 人",
    ),
    "a grade that the stage has not": (
        'do = "move_pupils"\nfrom = "N"\nto = "A"\nstage = "primary"\npupils = 5\ngrades = [7]\n',
        "小学没有 7 年级",
    ),
    "a zone for a school without the stage": (
        'do = "rezone"\nzones = ["Z3"]\nstage = "junior"\nto = "A"\n',
        "第 1 项 rezone：模拟A（A）办学类型不设“初中”学段，不能接收初中学生",
    ),
    "a stage that the kind has not": (
        'do = "move_pupils"\nfrom = "N"\nto = "A"\nstage = "junior"\npupils = 3\n',
        "第 1 项 move_pupils：模拟A（A）办学类型不设“初中”学段，不能接收初中学生",
    ),
    "a school with two stages and none written": (
        'do = "move_pupils"\nfrom = "N"\nto = "A"\npupils = 3\n',
        "第 1 项 move_pupils：模拟N（N）有几个学段（primary、junior），须写 stage",
    ),
    "a closing school whose pupils go nowhere": (
        'do = "close_school"\nschool = "C"\n',
        "模拟C（C）关闭后，小学的30 名学生、5 名专任教师、1 个划片小区没有去处",
    ),
    "a closing school of two stages and a receiver for one": (
        'do = "close_school"\nschool = "N"\nto = ["A"]\n',
        "模拟N（N）关闭后，初中的90 名学生、9 名专任教师、4 个划片小区没有去处",
    ),
    "a merger into a school without the stage": (
        'do = "merge_schools"\nfrom = ["N"]\ninto = "A"\n',
        "第 1 项 merge_schools：模拟A（A）办学类型不设“初中”学段",
    ),
    "a merger with itself": (
        'do = "merge_schools"\nfrom = ["A"]\ninto = "A"\n',
        "第 1 项 merge_schools：from 中不能有 into 的学校",
    ),
    "more teachers than there are": (
        'do = "transfer_teachers"\nfrom = "C"\nto = "A"\nteachers = 6\n',
        "第 1 项 transfer_teachers：要从模拟C（C）小学调出 6 人，而那里只有 5 名专任教师",
    ),
    "more backbone teachers than there are": (
        'do = "transfer_teachers"\nfrom = "C"\nto = "A"\nteachers = 4\nbackbone = 3\n',
        "要从模拟C（C）小学调出县级以上骨干教师数 3 人，而那里只有 2 人",
    ),
    "fewer with a degree than must be among them": (
        'do = "transfer_teachers"\nfrom = "C"\nto = "A"\nteachers = 4\nabove_required = 2\n',
        "从模拟C（C）小学调出的 4 人中，高于规定学历教师数至少有 3 人",
    ),
    "more rotated than may be": (
        'do = "transfer_teachers"\nfrom = "A"\nto = "B"\nteachers = 19\nrotation = true\n',
        "计入后交流教师 21 人，多于符合交流条件的 20 人",
    ),
    "more trained than there are teachers": (
        'do = "train"\nschool = "C"\nbackbone = 4\n',
        "第 1 项 train：模拟C（C）小学的县级以上骨干教师数将为 6 人，多于专任教师 5 人",
    ),
    "indoor sports above the teaching area": (
        'do = "build"\nschool = "A"\nindoor_sports_area_m2 = 1401\n',
        "模拟A（A）（小学）的室内体育用房面积将大于教学及辅助用房面积",
    ),
    "a stage for what the school reports as one": (
        'do = "buy"\nschool = "N"\nstage = "primary"\nmultimedia_rooms = 2\n',
        '模拟N（N）的办学条件按全校填报，请写 stage = "whole" 或不写',
    ),
    "a zone that there is not": (
        'do = "rezone"\nzones = ["Z0", "Z9"]\nstage = "primary"\nto = "B"\n',
        "第 1 项 rezone：没有小区 Z9，请核对小区编号",
    ),
    "a zone that is there already": (
        'do = "rezone"\nzones = ["Z2"]\nstage = "primary"\nto = "B"\n',
        "小区 Z2 的小学已经划片在模拟B（B）",
    ),
    "overflow of a school in no group": (
        'do = "place_overflow"\nschool = "C"\n',
        "第 1 项 place_overflow：模拟C（C）不在任何集团中",
    ),
    "an item that the district has not": (
        'do = "set"\nitem = "rotation_planned"\nvalue = 3\n',
        "第 1 项 set：item（现为 'rotation_planned'）只能是 'base_amount_primary_yuan'",
    ),
    "a district that there is not": (
        'do = "set"\nitem = "deaths"\nvalue = 3\ndistrict = "别区"\n',
        "第 1 项 set：没有县区“别区”，现有：模拟区",
    ),
    "a year before the base year": (
        'do = "hire"\nyear = 2024\nschool = "A"\nteachers = 3\n',
        "第 1 项 hire：year（2024）早于基年 2025",
    ),
}


@pytest.mark.parametrize(("action", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_action_is_refused_with_file_and_number(written, action, sentence):
    path = written("[[actions]]\n" + action)
    error = refused(town(), path)
    assert arguments_of(error)[:3] == (path, 1, 1)
    assert sentence in str(error)


BAD_SCHOOLS = {
    "a model school that there is not": ('capacity = { primary = 90 }\nlike = "X"\n', "样板学校 X 不存在"),
    "a model school of another kind": (
        'capacity = { primary = 90 }\nlike = "N"\n',
        "样板学校模拟N（N）是九年一贯制学校，与要开办的小学不同",
    ),
    "nothing that says what it is given": (
        "capacity = { primary = 90 }\n",
        "小学没有写明 full_time_teachers、teachers_above_required",
    ),
    "a stage that its kind has not": (
        'capacity = { junior = 90 }\nlike = "standard"\n',
        "办学类型为“小学”的学校没有“初中”学段",
    ),
    "no size": ('like = "standard"\n', "capacity、classes 须写一个，且只写一个"),
    "half a place": (
        'classes = { primary = 6 }\nlike = "standard"\nlatitude = 34.0\n',
        "longitude 与 latitude 须同时写",
    ),
    "more backbone teachers than teachers": (
        'classes = { primary = 6 }\nlike = "standard"\ngiven = { primary = { backbone_teachers = 99 } }\n',
        "小学的县级以上骨干教师数（99）多于专任教师（12）",
    ),
}


@pytest.mark.parametrize(("rest", "sentence"), BAD_SCHOOLS.values(), ids=BAD_SCHOOLS)
def test_a_bad_new_school_is_refused(written, rest, sentence):
    assert f"第 1 项 open_school：{sentence}" in faults(town(), written(OPEN + rest))


def test_a_school_that_is_there_cannot_be_opened_again(written):
    text = OPEN.replace('"D"', '"C"') + 'classes = { primary = 6 }\nlike = "standard"\n'
    assert arguments_of(refused(town(), written(text)))[2:] == (1, "open_school", "C")


def test_all_faults_of_all_files_come_at_once_in_the_order_of_the_actions(written):
    first = written(
        """
[[actions]]
do = "move_pupils"
from = "X"
to = "Y"
pupils = 3
[[actions]]
do = "hire"
school = "A"
teachers = 0
[[actions]]
do = "close_school"
school = "C"
""",
        name="甲.toml",
    )
    second = written('[[actions]]\ndo = "buy"\nschool = "Q"\nequipment_yuan = 5\n', name="乙.toml")
    said = arguments_of(refused(town(), first, second))
    place = said.index("close_school")
    assert said[:place] == (
        first,
        4,
        1,
        "move_pupils",
        "X",
        1,
        "move_pupils",
        "Y",
        2,
        "hire",
        "teachers",
        0,
        3,
    )
    assert said[place + 1 : place + 3] == ("模拟C", "C")
    assert said[said.index(second) :] == (second, 1, 1, "buy", "Q")


def test_actions_are_checked_after_those_before_them(written):
    good = OPEN + 'classes = { primary = 6 }\nlike = "standard"\n'
    move = '[[actions]]\ndo = "move_pupils"\nfrom = "A"\nto = "D"\npupils = 60\n'
    assert arguments_of(refused(town(), written(move + good)))[2:5] == (1, "move_pupils", "D")
    whatif(town(), [written(good + move)], standard=STANDARD)
    away = '[[actions]]\ndo = "move_pupils"\nfrom = "C"\nto = "A"\npupils = 20\n'
    too_many = arguments_of(refused(town(), written(away + away)))
    assert too_many[2:] == (2, "move_pupils", "模拟C", "C", Stage.PRIMARY, 20, 10)
    zone = '[[actions]]\ndo = "move_pupils"\nzone = "Z3"\nstage = "primary"\nto = "B"\n'
    too_many = arguments_of(refused(town(), written(away + zone)))
    assert too_many[2:7] == (2, "move_pupils", "模拟C", "C", Stage.PRIMARY) and 30 in too_many[7:]


def test_what_needs_a_school_that_could_not_be_opened_is_not_a_second_fault(written):
    bad = OPEN + 'classes = { primary = 6 }\nlike = "X"\n'
    move = '[[actions]]\ndo = "move_pupils"\nfrom = "A"\nto = "D"\npupils = 60\n'
    message = faults(town(), written(bad + move))
    assert "有 1 处不能用" in message and "样板学校 X 不存在" in message
    worse = OPEN + 'classes = { primary = 0 }\nlike = "standard"\n'
    assert "有 1 处不能用" in faults(town(), written(worse + move))


def test_a_fault_of_a_later_year_names_the_year_once(written):
    text = '[[actions]]\ndo = "close_school"\nyear = 2026\nschool = "C"\n'
    head = 'title = "模拟"\nbase_year = 2025\nuntil = 2028\n'
    message = faults(town(), written(text, head))
    assert "有 1 处不能用" in message and message.endswith("（2026 学年）")


def test_data_that_do_not_add_up_are_named_instead_of_moved():
    data = town()
    wrong = data.replace(sections=data["sections"].assign(pupils=[301, 180, 30, 120, 90]))
    named = not_done(wrong, {"do": "move_pupils", "from": "A", "to": "B", "pupils": 3})
    assert named == ("move_pupils", "模拟A", "A", Stage.PRIMARY, 6, 300, "6", 301)
    silent = data.replace(sections=data["sections"].assign(pupils=[None, 180, 30, 120, 90]))
    named = not_done(silent, {"do": "close_school", "school": "A", "to": ["B"]})
    assert named == ("close_school", "模拟A", "A", Stage.PRIMARY)


def test_what_is_not_reported_cannot_be_added_to():
    data = town()
    facilities = data["facilities"].assign(equipment_yuan=None)
    named = not_done(data.replace(facilities=facilities), {"do": "buy", "school": "A", "equipment_yuan": 5})
    assert named == ("buy", "模拟A", "A", Stage.PRIMARY, "equipment_yuan")
    silent = data.replace(sections=data["sections"].assign(backbone_teachers=None))
    named = not_done(silent, {"do": "hire", "school": "A", "teachers": 1, "backbone": 1})
    assert named == ("hire", "模拟A", "A", Stage.PRIMARY, "backbone_teachers")


def test_classes_that_are_not_listed_cannot_be_split():
    data = town()
    data = data.replace(classes=data["classes"].iloc[:0])
    assert not_done(data, {"do": "split_classes", "school": "A"}) == ("split_classes", "模拟A", "A")


def test_a_school_with_a_campus_cannot_be_closed():
    data = town()
    schools = data["schools"].assign(parent_id=[None, "A", None, None])
    named = not_done(data.replace(schools=schools), {"do": "close_school", "school": "A", "to": ["C"]})
    assert named == ("close_school", "模拟A", "A", "模拟B", "B")


def test_a_base_year_that_the_data_lack_is_refused(written):
    path = written("", 'title = "模拟"\nbase_year = 2030\n')
    assert arguments_of(refused(town(), path)) == (path, 1, 2030, 2025)


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        ("base_year = 2025\n", "缺少 title"),
        ('title = "模拟"\nbase_year = "2025"\n', "base_year（现为 '2025'）须为整数"),
        ('title = "模拟"\nbase_year = 2025\nuntil = 2024\n', "until（2024）早于 base_year（2025）"),
        ('title = "模拟"\nbase_year = 2025\nactions = 3\n', "actions（现为 3）须为列表"),
        ('title = "模拟"\nbase_year = 2025\nactions = ["buy"]\n', "第 1 项：须为一组“键 = 值”"),
        ('title = "模拟\n', "不是有效的 TOML"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(written, head, sentence):
    path = written("", head)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert sentence in str(caught.value) and str(path) in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="无法读取"):
        load(tmp_path / "没有.toml")
    (tmp_path / "gbk.toml").write_bytes('title = "模拟"'.encode("gbk"))
    with pytest.raises(ScenarioError, match="不是 UTF-8 编码"):
        load(tmp_path / "gbk.toml")


def test_a_sum_that_would_have_no_end_is_refused(written):
    path = written('[[actions]]\ndo = "buy"\nschool = "A"\nequipment_yuan = 1.7e308\n')
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert arguments_of(caught.value) == (path, 1, "equipment_yuan")


def test_a_scenario_is_written_as_the_file_it_is_read_from(tmp_path, written):
    text = (
        OPEN
        + 'classes = { primary = 6 }\nlike = "standard"\ngiven = { primary = { multimedia_rooms = 9 } }\n'
    )
    text += '[[actions]]\ndo = "build"\nschool = "A"\nrooms = [{ kind = "art", area_m2 = 90.5 }]\n'
    text += '[[actions]]\ndo = "merge_schools"\nyear = 2026\nfrom = ["C"]\ninto = "B"\n'
    read = load(written(text))
    again = written("", to_toml(read), "又.toml")
    assert load(again).model_dump() == read.model_dump()
    assert whatif(town(), [again], standard=STANDARD).year == 2026


def test_a_scenario_made_in_memory_is_checked_as_a_file_is():
    made = scenario.Scenario(
        title="模拟情景", base_year=2025, actions=[{"do": "hire", "school": "X", "teachers": 1}]
    )
    with pytest.raises(ScenarioError) as caught:
        years(town(), made)
    assert arguments_of(caught.value) == ("模拟情景", 1, 1, "hire", "X")


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"do": "buy", "school": "A", "equipment_yuan": 1e26}, "equipment_yuan"),
        ({"do": "build", "school": "A", "sports_ground_m2": 1e14}, "sports_ground_m2"),
    ],
)
def test_amounts_that_no_district_has_are_refused(action, said):
    with pytest.raises(ScenarioError, match=said):
        apply(town(), [action], 2025, STANDARD)


def test_a_school_larger_than_the_standards_largest_is_refused():
    opened = {
        "do": "open_school", "school_id": "D", "name": "模拟D", "kind": "primary", "location": "urban",
        "capacity": {"primary": 1_000_000}, "like": "standard",
    }  # fmt: skip
    named = not_done(town(), opened, 2025, STANDARD)
    assert named == ("open_school", 1_000_000, Kind.PRIMARY, 2000, "capacity", "classes")
