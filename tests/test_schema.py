"""The registry: complete, free of contradictions, and told the same in the dictionary."""

import re
from pathlib import Path

import pytest
from oracle import ALL as CODES

from qb.data.recipe import RECIPE_RULES
from qb.data.returned_forms import FORM_SHEET_RULES
from qb.data.schema import DISTRICT_ITEMS, TABLES, ColumnKind
from qb.data.table_headers import FORM_RULES
from qb.publish.documentation import terms

DICTIONARY, ENGLISH = (
    (Path(__file__).parents[1] / "data" / name).read_text(encoding="utf-8")
    for name in ("README.md", "README.en.md")
)
EVERY_COLUMN = [(table, column) for table in TABLES.values() for column in table.columns]

# The contract's tables and columns, typed from it by hand; `source` and the optional columns are ours.
CONTRACT = {
    "schools": "school_id name district kind ownership location boarding group longitude latitude "
    "opened_year parent_id",
    "sections": "year school_id stage pupils classes full_time_teachers teachers_above_required "
    "backbone_teachers pe_arts_teachers certified_teachers trained_teachers in_zone_pupils",
    "facilities": "year school_id stage teaching_area_m2 indoor_sports_area_m2 sports_ground_m2 "
    "equipment_yuan multimedia_rooms",
    "classes": "year school_id stage grade class_no pupils",
    "rooms": "year school_id stage kind area_m2",
    "funds": "year school_id public_funds_budget_yuan public_funds_final_yuan training_budget_yuan "
    "training_final_yuan allocation_yuan",
    "district": "year district item value",
    "evidence": "year district item status document note checked_on",
    "monitoring": "year district subject level between_school_rate",
    "vetoes": "year district item found",
    "measures": "number year district code school_id cause measure department deadline status "
    "closed_on evidence",
    "zones": "year zone_id name district longitude latitude primary_children junior_children "
    "primary_school_id junior_school_id",
    "distances": "zone_id place_id walk_km",
}


def test_the_registry_holds_the_tables_and_columns_of_the_contract_in_its_order():
    ours = {t.name: " ".join(c.name for c in t.columns if not c.optional) for t in TABLES.values()}
    assert ours == CONTRACT


def test_the_columns_beyond_the_contract_are_these():
    beyond = {(t.name, c.name) for t, c in EVERY_COLUMN if c.optional and c.name != "source"}
    assert beyond == {
        ("schools", "closed_year"),
        ("schools", "land_available_m2"),
        ("schools", "built_year"),
        ("schools", "sponsor"),
        ("sections", "visiting_pe_arts_teachers"),
        ("sections", "migrant_pupils"),
        *(("sections", f"{degree}_teachers") for degree in ("college", "bachelor", "master", "doctor")),
        *(("classes", name) for name in ("pupils_from", "pupils_to", "count")),
        *(("rooms", name) for name in ("area_from", "area_to", "count")),
        ("facilities", "supplementary_sports_m2"),
        ("funds", "covers_campuses"),
        ("zones", "births"),
    }
    assert all("source" in table.by_name for table in TABLES.values())


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_header_names_two_columns_and_every_key_column_is_required(table):
    names = [name for column in table.columns for name in (column.name, column.label, *column.aliases)]
    assert len(table.headers) == len(set(names)) == len(names)
    assert set(table.key) <= set(table.required)


def test_every_indicator_a_column_names_exists_and_the_seven_rest_on_something():
    named = {code for _, column in EVERY_COLUMN for code in column.codes}
    assert named <= {*CODES, "recognition", "veto"}
    assert set(CODES[:7]) <= named


def test_a_column_has_terms_exactly_when_it_is_a_closed_set():
    assert all(bool(c.terms) == (c.kind is ColumnKind.TERM) for _, c in EVERY_COLUMN)


def test_no_label_carries_its_unit():
    assert not [c.label for _, c in EVERY_COLUMN if "（" in c.label or "(" in c.label]


def test_an_empty_table_has_every_column_in_its_dtype():
    frame = TABLES["schools"].empty()
    assert list(frame) == TABLES["schools"].names
    assert frame.dtypes["boarding"] == "boolean"
    assert TABLES["sections"].empty().dtypes[["year", "stage", "pupils"]].tolist() == [
        "int64",
        "str",
        "float64",
    ]


# The dictionary in data/README.md says what the registry says


def _kind(column):
    if column.terms and column.name != "item":
        return "选项：" + " · ".join(f"`{t.value}` {t.zh}" for t in column.terms)
    return column.kind.zh


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN, ids=lambda x: x.name)
def test_the_dictionary_describes_the_column_under_its_table(table, column):
    section = DICTIONARY.split(f"### `{table.name}` {table.label}\n")[1].split("\n##")[0]
    mark = "必有" if column.required else "可选" if column.optional else ""
    facts = (f"`{column.name}`", column.label, _kind(column), column.unit, mark, column.clause, column.note)
    assert f"| {' | '.join(facts)} |\n" in section


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_dictionary_names_the_tables_row_and_key_and_no_other_columns(table):
    section = DICTIONARY.split(f"### `{table.name}` {table.label}\n")[1].split("\n##")[0]
    key = "、".join(f"`{k}`" for k in table.key) or "无（一行一间）"
    assert f"一行是{table.row}；不得重复：{key}。" in section
    assert section.count("\n| `") == len(table.columns)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_dictionary_in_english_has_the_same_columns_under_the_glossarys_terms(table):
    section = ENGLISH.split(f"### `{table.name}` {terms()[f'table {table.name}'][1]}\n")[1].split("\n##")[0]
    key = ", ".join(f"`{k}`" for k in table.key) or "none (a row for each room)"
    assert f"; not twice: {key}." in section
    rows = [row.strip("|").split("|") for row in re.findall(r"^\| `.+$", section, re.MULTILINE)]
    assert [row[0].strip(" `") for row in rows] == table.names
    for column, (_, label, kind, _, mark, codes, note) in zip(table.columns, rows, strict=True):
        called = terms().get(f"{table.name}.{column.name}") or terms()[column.name]
        assert label.strip() == called[1]
        listed = [] if column.name == "item" else [term.value for term in column.terms]
        assert re.findall(r"`(\w+)`", kind) == listed
        assert mark.strip() == ("required" if column.required else "optional" if column.optional else "")
        assert codes.strip() == _codes(column.codes)
        assert bool(note.strip()) == bool(column.note), column.name


def _codes(codes):
    named = ", ".join({"recognition": "recognition", "veto": "vetoes"}.get(code, code) for code in codes)
    return named.replace("C1, C2, C3, C4, C5, C6, C7", "C1–C7")


def test_the_dictionary_lists_every_district_item_and_rule():
    for item in DISTRICT_ITEMS.values():
        codes = "、".join("社会认可度" if code == "recognition" else code for code in item.codes)
        assert f"| `{item.value}` | {item.zh} | {item.unit} | {codes} |" in DICTIONARY
        assert f"| `{item.value}` | {terms()[item.value][1]} | " in ENGLISH
    for rule in (*FORM_RULES.values(), *RECIPE_RULES.values(), *FORM_SHEET_RULES.values()):
        assert f"| {rule.number} | {rule.severity.zh} | {rule.title.zh} |\n" in DICTIONARY
        assert f"| {rule.number} | {rule.severity.en.lower()} | {rule.title.en} |\n" in ENGLISH + "\n"
