"""The standard's files are whole, hold the district's numbers, and nonsense in them is refused by name."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import changed

from qb import standard
from qb.report.standard_report import show
from qb.standard import Limit, StandardError, Text, load, load_transition
from qb.terms import Kind, Stage

FILES = Path(standard.__file__).parent
TEXT = (FILES / "gulou-2023.toml").read_text(encoding="utf-8")

# Typed by hand from the plan's Annex 3, the national method and the national forms:
# (code, name, stage, kind, from year) -> (side, value).
LIMITS = {
    ("C1", "", "primary", None, None): (">=", 4.2),
    ("C1", "", "junior", None, None): (">=", 5.3),
    ("C2", "", "primary", None, None): (">=", 1),
    ("C2", "", "junior", None, None): (">=", 1),
    ("C3", "", "primary", None, None): (">=", 0.9),
    ("C3", "", "junior", None, None): (">=", 0.9),
    ("C4", "", "primary", None, None): (">=", 4.5),
    ("C4", "", "junior", None, None): (">=", 5.8),
    ("C5", "", "primary", None, None): (">=", 7.5),
    ("C5", "", "junior", None, None): (">=", 10.2),
    ("C6", "", "primary", None, None): (">=", 2000),
    ("C6", "", "junior", None, None): (">=", 2500),
    ("C7", "", "primary", None, None): (">=", 2.3),
    ("C7", "", "junior", None, None): (">=", 2.4),
    ("C10", "music", None, None, None): (">=", 96),
    ("C10", "art", None, None, None): (">=", 90),
    ("C11", "", None, None, None): ("<=", 2000),
    ("C11", "", None, "nine_year", None): ("<=", 2500),
    ("C11", "", None, "twelve_year", None): ("<=", 2500),
    ("C12", "", "primary", None, None): ("<=", 45),
    ("C12", "", "junior", None, None): ("<=", 50),
    ("C13", "pupils", None, None, None): ("<", 100),
    ("C14", "", None, None, None): (">=", 6000),
    ("C14", "", None, None, 2025): (">=", 7000),
    ("C15", "", None, None, None): (">=", 100),
    ("C16", "", None, None, None): (">=", 100),
    ("C18", "rotated", None, None, None): (">=", 10),
    ("C18", "backbone", None, None, None): (">=", 20),
    ("C19", "", None, None, None): (">=", 100),
    ("C20", "", "primary", None, None): (">=", 100),
    ("C20", "", "junior", None, None): (">=", 95),
    ("C21", "", None, None, None): (">=", 50),
    ("C22", "", None, None, None): (">=", 85),
    ("C23", "", None, None, None): (">=", 95),
    ("C24", "", None, None, None): (">=", 95),
    ("C25", "broadband", None, None, None): (">=", 100),
    ("C25", "multimedia", None, None, None): (">=", 100),
    ("C26", "budget", None, None, None): (">=", 5),
    ("C26", "final", None, None, None): (">=", 5),
    ("C31", "level", None, None, None): (">=", 3),
    ("C31", "rate", None, None, None): ("<", 0.15),
}

# Counted by hand in Annex 3's second table; the others are what an indicator's own wording asks.
ITEMS = {"C8": 5, "C17": 6, "C25": 7, "C27": 4, "C28": 6, "C29": 7, "C30": 6}
FROM_WORDING = {"C9": 4, "C15": 1, "C21": 1, "C22": 1}

# Annex 3's first table, with 区教育局, 区国土资源规划局, 区发改局 and 职能部门 under their one name.
RESPONSIBLE = {
    "C1": "区教体局 区人社局",
    "C2": "区教体局",
    "C3": "区教体局 区人社局",
    "C4": "区发改委 区资源规划分局 区教体局",
    "C5": "区发改委 区资源规划分局 区教体局",
    "C6": "区教体局 区财政局",
    "C7": "区教体局 区财政局",
    "C8": "区发改委 区资源规划分局",
    "C9": "区编办 区财政局 区发改委",
    "C10": "区教体局",
    "C11": "区教体局 区发改委",
    "C12": "区教体局",
    "C13": "区财政局",
    "C14": "区财政局",
    "C15": "区财政局 区人社局",
    "C16": "区财政局 区教体局",
    "C17": "相关职能部门",
    "C18": "区编办 区人社局 区教体局",
    "C19": "区人社局 区教体局",
    "C20": "区教体局",
    "C21": "区教体局",
    "C22": "区教体局 区财政局",
    "C23": "区教体局",
    "C24": "区教体局 区残联",
    "C25": "区教体局",
    "C26": "区教体局",
    "C27": "区教体局",
    "C28": "区教体局",
    "C29": "区教体局",
    "C30": "区教体局",
    "C31": "区人民政府 相关职能部门",
}

MEASURES = {
    "": "C1 C2 C3 C4 C5 C6 C7",  # resources: each declares its columns
    "checklist": "C8 C17 C27 C28 C29 C30",
    "uniform_standards": "C9",
    "special_rooms": "C10",
    "school_size": "C11",
    "class_size": "C12",
    "small_school_funds": "C13",
    "special_funds": "C14",
    "pay": "C15",
    "trained": "C16",
    "rotation": "C18",
    "certified": "C19",
    "in_zone": "C20",
    "quota": "C21",
    "migrants": "C22",
    "retention": "C23",
    "disabled_enrolment": "C24",
    "charter_and_it": "C25",
    "training_funds": "C26",
    "monitoring": "C31",
}


@pytest.fixture(scope="module")
def gulou():
    return load()


@pytest.fixture
def written(tmp_path):
    """Write a standard's file, as text or bytes, and return its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "other.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def with_change(old: str, new: str) -> str:
    return changed((old, new))


def limits_of(entry) -> dict:
    return {(entry.code, m.name, m.stage, m.kind, m.from_year): (m.side, m.value) for m in entry.limits}


# The district's standard


def test_all_31_indicators_are_there_in_order(gulou):
    assert [i.code for i in gulou.indicators] == [f"C{n}" for n in range(1, 32)]


def test_every_limit_is_the_one_that_the_rules_state(gulou):
    assert {key: limit for i in gulou.indicators for key, limit in limits_of(i).items()} == LIMITS


def test_areas_and_groups_are_those_of_annex_3(gulou):
    areas = Counter(i.area for i in gulou.indicators)
    assert areas == {"resources": 7, "guarantee": 15, "quality": 9}
    groups = Counter(i.group for i in gulou.indicators)
    # Annex 3: C1–3, C4–7, C8–12, C13–15, C16–19, C20–22, C23–24, C25–30, C31.
    assert [groups[f"B{n}"] for n in range(1, 10)] == [3, 4, 5, 3, 4, 3, 2, 6, 1]
    assert [g.code for g in gulou.groups] == ["A1", "A2", "A3", *(f"B{n}" for n in range(1, 10))]


def test_each_indicator_names_its_measure(gulou):
    expected = {code: name for name, codes in MEASURES.items() for code in codes.split()}
    assert {i.code: i.measure for i in gulou.indicators} == expected


def test_settings_of_the_measures_are_those_of_the_rules(gulou):
    """Teaching points of any size are asked by all, special schools where every teacher or school is."""
    kinds = {"exclusions": ("kinds",)}
    assert gulou.rules.rural.locations == ("town", "rural")
    assert {i.code: i.options for i in gulou.indicators if i.options} == {
        "C8": {
            "primary_classes_urban": 24,
            "junior_classes_urban": 30,
            "junior_classes_town": 24,
            "junior_classes_rural": 18,
        },
        "C10": {"classes_per_room": 12, **kinds},
        "C11": kinds,
        "C12": kinds,
        "C13": {"counted_pupils": 100, **kinds},
        "C16": {"exclusions": ()},
        "C19": {"exclusions": ()},
        "C20": {"ownership": "public", "locations": ("urban", "town"), "boarding": False, **kinds},
        "C21": kinds,
        "C26": {"exclusions": ()},
        "C23": {"formula": "standard", "cap": 100},
        # 国家义务教育质量监测方案: six subjects in 2015, three more and a new name in 2021.
        "C31": {
            "subjects": ("德育", "语文", "数学", "科学", "体育与健康", "艺术"),
            "others": ("英语", "劳动", "心理健康"),
            "synonyms": {"体育": "体育与健康"},
            "english": dict(
                zip(
                    ("德育", "语文", "数学", "科学", "体育与健康", "艺术", "英语", "劳动", "心理健康"),
                    (
                        "moral education",
                        "Chinese",
                        "mathematics",
                        "science",
                        "PE and health",
                        "arts",
                        "English",
                        "labour",
                        "mental health",
                    ),
                    strict=True,
                )
            ),
            "cycle_years": 3,
        },
    }


def test_rules_that_are_not_one_indicators(gulou):
    rules = gulou.rules
    assert (rules.school.met, rules.school.of, rules.school.floor) == (6, 7, 0.85)
    assert rules.coefficient.side == "<="
    assert gulou.coefficient_limit(Stage.PRIMARY) == 0.50
    assert gulou.coefficient_limit(Stage.JUNIOR) == 0.45
    assert rules.split.weights(Kind.NINE_YEAR) == {"primary": 1, "junior": 1.1}
    assert rules.split.weights(Kind.TWELVE_YEAR) == {"primary": 1, "junior": 1.1, "senior": 1.32}
    assert rules.split.weights(Kind.COMPLETE_SECONDARY) == {"junior": 1, "senior": 1.2}
    assert rules.split.weights(Kind.PRIMARY) == {}
    assert rules.exclusion.kinds == (Kind.SPECIAL,)
    assert rules.exclusion.small_point_pupils == 50
    assert (rules.new_school.primary, rules.new_school.junior) == (6, 3)
    rounding = rules.rounding
    assert (rounding.compare, rounding.tolerance) == ("raw", 1e-9)
    assert (rounding.values, rounding.coefficients, rounding.ratios) == (2, 3, 1)
    assert (gulou.recognition.limit.side, gulou.recognition.limit.value) == (">=", 85)
    assert gulou.target_year == 2025


def test_the_checklist_holds_41_items_of_the_annex_and_7_of_the_wording(gulou):
    assert sum(ITEMS.values()) == 41
    assert Counter(i.code for i in gulou.checklist) == ITEMS | FROM_WORDING
    for code in ITEMS | FROM_WORDING:
        items = gulou.items(code)
        assert [i.item for i in items] == [f"{code}.{n}" for n in range(1, len(items) + 1)]
    derived = [i.item for i in gulou.checklist if "取自指标文字" in i.source]
    assert derived == ["C9.1", "C9.2", "C9.3", "C9.4", "C15.1", "C21.1", "C22.1"]
    assert [i.item for i in gulou.checklist if i.needs_rural_junior] == ["C21.1"]


def test_items_split_by_a_page_break_are_whole_and_the_number_given_twice_is_counted_on(gulou):
    texts = {i.item: i.text.zh for i in gulou.checklist}
    assert texts["C27.1"].endswith("通用软件的功能及特点，并能熟练应用。")
    assert texts["C29.6"].endswith("《中小学健康教育指导纲要》要求。")
    assert texts["C25.4"] == "学校安全风险管理体系健全，岗位安全责任落实。"
    assert texts["C25.5"] == "学校宽带接入比例达到100%。"


def test_each_indicator_is_answered_for_as_in_annex_3(gulou):
    assert {i.code: " ".join(i.departments) for i in gulou.indicators} == RESPONSIBLE


def test_items_are_answered_for_as_in_the_second_table(gulou):
    # All items but these are 区教体局's alone; the four of the wording take their indicator's.
    planning = "区资源规划分局"
    others = {
        **dict.fromkeys(["C8.2", "C8.3", "C8.4", "C8.5"], planning),
        "C8.1": f"区政府办公室 {planning}",
        **dict.fromkeys(["C9.1", "C9.2", "C9.3", "C9.4"], RESPONSIBLE["C9"]),
        "C15.1": RESPONSIBLE["C15"],
        **dict.fromkeys(["C17.1", "C17.2"], "区编办 区人社局 区教体局"),
        "C17.4": "区编办 区教体局",
        **dict.fromkeys(["C17.5", "C17.6"], "区人社局 区教体局"),
        "C22.1": RESPONSIBLE["C22"],
        **dict.fromkeys(["C25.5", "C25.6", "C25.7"], "区财政局 区教体局"),
    }
    for item in gulou.checklist:
        assert " ".join(item.departments) == others.get(item.item, "区教体局"), item.item


def test_no_other_spelling_of_a_department_answers_for_anything(gulou):
    aliases = {alias: d.name for d in gulou.departments for alias in d.aliases}
    assert aliases["区教育局"] == "区教体局"
    assert aliases["区国土资源规划局"] == "区资源规划分局"
    assert aliases["区发改局"] == "区发改委"
    named = {d for i in (*gulou.indicators, *gulou.checklist) for d in i.departments}
    assert not named & set(aliases)


def test_16_tasks_and_6_vetoes(gulou):
    assert [t.item for t in gulou.tasks] == [f"T{n}" for n in range(1, 17)]
    # Section 三 of the plan: six headings with 2, 2, 4, 2, 4 and 2 tasks.
    assert list(Counter(t.heading.zh[:3] for t in gulou.tasks).values()) == [2, 2, 4, 2, 4, 2]
    assert gulou.tasks[0].title.zh == "落实义务教育布局规划"
    assert gulou.tasks[15].text.endswith("严厉打击非营运车辆运载学生的行为。")
    assert [v.item for v in gulou.vetoes] == [f"V{n}" for n in range(1, 7)]


def test_labels_fit_a_chart_and_texts_are_tidy(gulou):
    assert all(len(i.short.zh) <= 8 for i in gulou.indicators)
    assert len({i.short.zh for i in gulou.indicators}) == 31
    chinese = [i.wording for i in gulou.indicators] + [i.text.zh for i in gulou.checklist]
    chinese += [t.text for t in gulou.tasks]
    assert not [text for text in chinese if set(text) & set(" ,\n") or not text.endswith("。")]


@pytest.mark.parametrize("name", ["gulou-2023", "transition"])
def test_the_files_hold_rules_and_no_persons(name):
    text = (FILES / f"{name}.toml").read_text(encoding="utf-8")
    keys = {"name", "title", "edition", "source", "target_year", "groups", "departments", "vetoes", "rules"}
    keys |= {"checks", "recognition", "indicators", "checklist", "tasks", "clauses", "extends", "without"}
    assert set(tomllib.loads(text)) <= keys
    # Annex 1 lists persons under these words.
    assert not [word for word in ("组长", "成员", "局长", "区长", "理事长", "主席", "同志") if word in text]


# Which limit holds


@pytest.mark.parametrize(("year", "yuan"), [(2021, 6000), (2024, 6000), (2025, 7000), (2026, 7000)])
def test_c14_rises_in_2025(gulou, year, yuan):
    assert gulou["C14"].limit(year=year).value == yuan


@pytest.mark.parametrize(
    ("kind", "pupils"),
    [(Kind.PRIMARY, 2000), (Kind.COMPLETE_SECONDARY, 2000), (Kind.NINE_YEAR, 2500), (Kind.TWELVE_YEAR, 2500)],
)
def test_a_limit_for_a_kind_goes_before_the_one_for_all(gulou, kind, pupils):
    assert gulou["C11"].limit(kind=kind, year=2024).value == pupils


def test_a_stage_goes_before_a_kind_and_a_kind_before_a_later_year(gulou):
    def limit(value, **where):
        return Limit(side=">=", value=value, unit=Text(zh="人", en="pupils"), source="test", **where)

    every, later = limit(1), limit(2, from_year=2024)
    nine, stage = limit(3, kind="nine_year"), limit(4, stage="junior")
    c11 = gulou["C11"].model_copy(update={"limits": (stage, nine, later, every)})
    assert c11.limit(year=2023) == every
    assert c11.limit(year=2024) == later
    assert c11.limit(kind=Kind.NINE_YEAR, year=2024) == nine
    assert c11.limit(kind=Kind.NINE_YEAR, stage=Stage.JUNIOR, year=2024) == stage


def test_a_limit_that_is_not_given_is_an_error_and_not_a_guess(gulou):
    with pytest.raises(LookupError, match="C12"):
        gulou["C12"].limit(stage=Stage.SENIOR, year=2024)
    with pytest.raises(LookupError, match="C18"):
        gulou["C18"].limit(year=2024)


# Another standard


def test_another_provinces_limits_need_no_change_in_code(written):
    text = with_change('name = "national-2017"', 'name = "elsewhere-2026"')
    text = text.replace("value = 4.2,", "value = 4.5,").replace("primary = 0.50", "primary = 0.48")
    other = load(written(text))
    assert other.name == "elsewhere-2026"
    assert other["C1"].limit(stage=Stage.PRIMARY, year=2024).value == 4.5
    assert other.coefficient_limit(Stage.PRIMARY) == 0.48
    assert other["C1"].limit(stage=Stage.JUNIOR, year=2024).value == 5.3


def test_a_file_that_begins_with_a_byte_order_mark_is_read(written):
    assert load(written(b"\xef\xbb\xbf" + TEXT.encode())) == load()


# Each case: what is changed, into what, and what the message must say: the entry first.
NONSENSE = {
    "negative limit": ("value = 7.5,", "value = -7.5,", "C5 limits[0].value（现为 -7.5）：须不小于 0"),
    "infinite limit": ("value = 7.5,", "value = inf,", "C5 limits[0].value（现为 inf）：须为有限的数"),
    "limit that is no number": ("value = 10.2,", "value = nan,", "C5 limits[1].value（现为 nan）"),
    "limit in words": ("value = 10.2,", 'value = "十",', "C5 limits[1].value（现为 '十'）：须为数字"),
    "limit in quotes": ("value = 10.2,", 'value = "10.2",', "C5 limits[1].value（现为 '10.2'）：须为数字"),
    "limit true": ("value = 10.2,", "value = true,", "C5 limits[1].value（现为 True）：须为数字"),
    "unknown side": (
        'side = "<", value = 0.15',
        'side = "=<", value = 0.15',
        "C31 limits[1].side（现为 '=<'）",
    ),
    "unknown stage": (
        'stage = "junior", side = "<="',
        'stage = "middle", side = "<="',
        "C12 limits[1].stage",
    ),
    "senior stage": (
        'stage = "junior", side = "<="',
        'stage = "senior", side = "<="',
        "C12 limits[1]：义务教育阶段没有“高中”",
    ),
    "unknown kind": ('kind = "nine_year"', 'kind = "ten_year"', "C11 limits[1].kind（现为 'ten_year'）"),
    "stage that a kind lacks": (
        'kind = "nine_year", side',
        'kind = "primary", stage = "junior", side',
        "C11 limits[1]：小学义务教育阶段没有“初中”",
    ),
    "the same limit twice": ('kind = "nine_year"', 'kind = "twelve_year"', "C11：同一限值重复登记"),
    "one stage without a limit": (
        'stage = "primary", side = ">=", value = 4.2',
        'stage = "junior", from_year = 2030, side = ">=", value = 4.2',
        "C1：缺少小学的限值",
    ),
    "limit for a stage only from a year on": (
        'stage = "primary", side = ">=", value = 4.2',
        'stage = "primary", from_year = 2030, side = ">=", value = 4.2',
        "C1：缺少小学的限值",
    ),
    "limit for a stage only under a name": (
        'stage = "primary", side = ">=", value = 4.2',
        'stage = "primary", name = "degree", side = ">=", value = 4.2',
        "C1：缺少小学的限值",
    ),
    "limit for a stage only for a kind": (
        'stage = "primary", side = ">=", value = 4.2',
        'stage = "primary", kind = "nine_year", side = ">=", value = 4.2',
        "C1：缺少小学的限值",
    ),
    "senior stage of a kind that has one": (
        'kind = "twelve_year", side',
        'kind = "twelve_year", stage = "senior", side',
        "C11 limits[2]：十二年一贯制学校义务教育阶段没有“高中”",
    ),
    "a rule for another number of indicators": ("of = 7", "of = 8", "rules.school.of = 8，而资源指标有 7 项"),
    "more to be met than there are": ("met = 6", "met = 8", "rules.school.met = 8 大于 of = 7"),
    "indicator twice": ('code = "C7"', 'code = "C6"', "C6：重复登记"),
    "code that is none": ('code = "C7"', 'code = "第七项"', "第七项 code"),
    "item twice": ('item = "C8.2"', 'item = "C8.1"', "C8.1：重复登记"),
    "item of no indicator": ('item = "C8.2"', 'item = "C40.2"', "C40.2：没有登记指标 C40"),
    "checklist without items": (
        'measure = "class_size"',
        'measure = "checklist"',
        "C12：按清单判定，但没有清单条目",
    ),
    "unknown department": (
        'departments = ["区教体局", "区人社局"]',
        'departments = ["气象局"]',
        "C1：没有登记责任部门“气象局”",
    ),
    "department under an old name": (
        'departments = ["区教体局", "区残联"]',
        'departments = ["区教育局"]',
        "C24：没有登记责任部门“区教育局”",
    ),
    "nobody responsible": (
        'departments = ["区教体局", "区残联"]',
        "departments = []",
        "C24：没有责任部门",
    ),
    "department twice": ('name = "区残联"', 'name = "区妇联"', "区妇联：重复登记"),
    "group not listed": ('group = "B9"', 'group = "A9"', "C31：没有登记分组 A9"),
    "group missing": ('code = "B9", title', 'code = "A9", title', "C31：没有登记分组 B9"),
    "unknown key": (
        'measure = "class_size"',
        'measure = "class_size"\nlimit = 45',
        "C12 limit（现为 45）：不认识这一项",
    ),
    "missing key": ('short.zh = "班额"\n', "", "C12 short.zh：缺少这一项"),
    "text that is a number": ('short.zh = "班额"', "short.zh = 45", "C12 short.zh（现为 45）：须为文字"),
    "empty text": ('short.zh = "班额"', 'short.zh = " "', "C12 short.zh（现为 ' '）：不能为空"),
    "decimals in halves": ("decimals = 3", "decimals = 2.5", "C31 decimals（现为 2.5）：须为整数"),
    "setting without a value": ("cap = 100", "cap = nan", "C23 options.cap（现为 nan）：须为有限的数"),
    "setting of mixed types": ("cap = 100", 'cap = [1, "two"]', "C23 options.cap"),
    "threshold of one": ("ratio = 10,", "ratio = 1,", "checks.place.ratio（现为 1）：须大于 1"),
    "peers of two": ("schools = 10\n", "schools = 2\n", "checks.peers.schools（现为 2）：须不小于 3"),
    "a unit that is no larger": (
        "factor = 666.67",
        "factor = 1",
        "checks.slips[3].factor（现为 1）：须大于 1",
    ),
    "a check without thresholds": (
        "cohort = { ratio = 1.5, amount = 40 }\n",
        "",
        "checks.cohort：缺少这一项",
    ),
    "year far off": ("target_year = 2025", "target_year = 20255", "target_year（现为 20255）：须不大于 2100"),
    "floor in percent": ("floor = 0.85", "floor = 85", "rules.school.floor（现为 85）：须不大于 1"),
    "coefficient of zero": ("junior = 0.45", "junior = 0", "rules.coefficient.junior（现为 0）：须大于 0"),
    "comparison unknown": ('compare = "raw"', 'compare = "about"', "rules.rounding.compare（现为 'about'）"),
    "split without a stage": (
        "primary = 1, junior = 1.1 }",
        "primary = 1 }",
        "rules.split：nine_year 须恰好给出 primary、junior",
    ),
    "split with a stage too many": (
        "primary = 1, junior = 1.1 }",
        "primary = 1, junior = 1.1, senior = 1.32 }",
        "rules.split：nine_year 须恰好给出 primary、junior",
    ),
    "split of an unknown stage": (
        "senior = 1.2 }",
        "higher = 1.2 }",
        "rules.split.complete_secondary.higher",
    ),
    "number too large to print": (
        "value = 7.5,",
        f"value = 0x{'f' * 5000},",
        "大得不可能的数（value）",
    ),
    "broken TOML": ('name = "gulou-2023"', "name = ", "不是有效的 TOML"),
    "nested too deep": ('name = "gulou-2023"', f"name = {'[' * 5000}", "不是有效的 TOML"),
}


@pytest.mark.parametrize(("old", "new", "said"), NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_refused_with_the_entry_named(written, old, new, said):
    path = written(with_change(old, new))
    with pytest.raises(StandardError) as error:
        load(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_all_faults_are_told_at_once(written):
    text = with_change("value = 7.5,", "value = -1,").replace("floor = 0.85", "floor = 85")
    with pytest.raises(StandardError, match="有 2 处") as error:
        load(written(text))
    assert "C5 limits[0].value" in str(error.value)
    assert "rules.school.floor" in str(error.value)


def test_a_file_in_another_encoding_is_refused(written):
    with pytest.raises(StandardError, match="不是 UTF-8 编码"):
        load(written(TEXT.encode("gb18030", errors="replace")))


@pytest.mark.parametrize("name", ["nowhere-1999", "no/such/file.toml", "", "."])
def test_a_standard_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(StandardError, match="gulou-2023"):
        load(name)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, len(TEXT)), st.integers(0, 40), st.text(max_size=6))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path_factory, start, length, put):
    path = tmp_path_factory.mktemp("damaged") / "other.toml"
    damaged = TEXT[:start] + put + TEXT[start + length :]
    path.write_bytes(damaged.encode(errors="replace"))
    try:
        load(path)
    except StandardError as error:
        assert str(path) in str(error)


# The transition clauses


def test_transition_clauses_are_those_of_the_national_rules():
    clauses = load_transition().clauses
    assert [c.code for c in clauses] == ["C3", "C5", "C10", "C10", "C11", "C11"]
    rural_arts, roofs, rooms_2016, rooms_rural, size_2010, size_migrants = clauses
    assert (rural_arts.locations, rural_arts.pupils_from, rural_arts.pupils_to) == (("rural",), 50, 99)
    assert rural_arts.adds == "visiting_pe_arts_teachers"
    assert (roofs.locations, roofs.adds) == (("urban",), "supplementary_sports_m2")
    assert rooms_2016.built_by == 2016
    assert limits_of(rooms_2016) == {
        ("C10", "music", None, None, None): (">=", 73),
        ("C10", "art", None, None, None): (">=", 67),
    }
    assert (rooms_rural.locations, rooms_rural.largest_class_below) == (("rural",), 30)
    assert rooms_rural.pupils_to == 99  # 农村小规模: below 100
    assert limits_of(rooms_rural) == {
        ("C10", room, stage, None, None): (">=", area)
        for room in ("music", "art")
        for stage, area in (("primary", 54), ("junior", 61))
    }
    assert (size_2010.built_by, size_migrants.migrant_share_above) == (2010, 0.5)
    for clause in (size_2010, size_migrants):
        assert limits_of(clause) == {
            ("C11", "", None, None, None): ("<=", 2400),
            ("C11", "", None, "nine_year", None): ("<=", 3000),
            ("C11", "", None, "twelve_year", None): ("<=", 3000),
        }


def test_transition_limits_replace_limits_that_the_standard_has(gulou):
    for clause in load_transition().clauses:
        assert {m.name for m in clause.limits} <= {m.name for m in gulou[clause.code].limits}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("to_year = 2027", "to_year = 2022", "C3：起始学年 2023 晚于终止学年 2022"),
        ('adds = "visiting_pe_arts_teachers"\n', "", "C3：adds"),
        ("built_by = 2016\n", 'built_by = 2016\nadds = "rooms"\n', "C10：adds"),
        ("migrant_share_above = 0.5", "migrant_share_above = 50", "C11 migrant_share_above（现为 50）"),
    ],
    ids=["ends before it begins", "does nothing", "does two things", "share in percent"],
)
def test_a_transition_clause_that_makes_no_sense_is_refused(written, old, new, said):
    text = (FILES / "transition.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(StandardError) as error:
        load_transition(written(text.replace(old, new, 1)))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "words"), [("basic-2012", "17项的字句和85分未见到原件"), ("city-variant", "文号未能查到")]
)
def test_a_standard_says_what_of_it_was_not_held_against_its_document(name, words):
    assert words in show(load(name), 2024)
    assert load(name).note.en in show(load(name), 2024, "en")
