"""Nothing in the data becomes part of a page: markup planted in every text of every table stays text."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from qb.data.dataset import Dataset
from qb.data.reading import read, write
from qb.data.sample import make
from qb.data.schema import TABLES, ColumnKind

from .conftest import PHONE, WIDE, Site, View, every_page, site_of

pytestmark = pytest.mark.usefixtures("one_worker")

# Whatever gets through has the class `planted`, or runs.
MARKUP = (
    "<script class=planted>window.hit = 1</script>",
    "<img class=planted src=x onerror='window.hit = 1'>",
    "\"'><svg class=planted onload='window.hit = 1'></svg>",
    '" class=planted onfocus=window.hit=1 autofocus tabindex=0 x="',
    "' class=planted onfocus=window.hit=1 autofocus tabindex=0 x='",
    "</style></title></textarea></text></svg></script><script class=planted>window.hit = 1</script>",
    "]]> --> <iframe class=planted srcdoc='<script>parent.hit = 1</script>'></iframe>",
    "&lt;script class=planted&gt;window.hit = 1&lt;/script&gt;",
    "<a class=planted href='javascript:window.hit = 1'>a</a>",
)
OTHERWISE = (
    "[b](javascript:window.hit=1) ![c](x) **d** `e` $f$",
    "{{7*7}} {%raw%} ${7*7} #{7*7} %s {0}",
    "\u202e\u2066ab\u200f",
    "😀👩\u200d🏫",
    "\x00",
)
PLANT = " ".join(MARKUP + OTHERWISE)
LITERAL = "{{7*7}}"
LONG = "长" * 10_000

FOUND = """() => ({
  hit: window.hit ?? null,
  planted: [...document.querySelectorAll(".planted")].map((element) => element.outerHTML.slice(0, 160)),
  handlers: [...document.querySelectorAll("*")].flatMap((element) => element.getAttributeNames())
    .filter((name) => name.startsWith("on")),
  links: [...document.querySelectorAll("[href], [src]")].map((element) => element.href ?? element.src)
    .map((address) => new URL(address?.baseVal ?? address, document.baseURI).href)
    .filter((address) => !/^(file|data):/.test(address)),
  emphasis: [...document.querySelectorAll("strong, code, em")].map((element) => element.textContent)
    .filter((text) => ["d", "e", "f"].includes(text)),
})"""

# What a reader can set in motion: fold out, sort, filter, look at a figure's data.
USE = """(text) => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const button of document.querySelectorAll("button")) button.click();
  for (const input of document.querySelectorAll("input[type=search]")) {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""


KEYS = (
    *("school_id", "parent_id", "primary_school_id", "junior_school_id"),
    *("zone_id", "place_id", "district", "subject"),
)
CLOSED = ("code", "item")  # what is no member of their lists is refused or passed over


SCENARIO = """
title = {plant}
base_year = 2025

[[actions]]
do = "open_school"
school_id = {plant}
name = {plant}
group = {plant}
kind = "primary"
location = "urban"
capacity = {{ primary = 360 }}
like = "standard"

[[actions]]
do = "buy"
school = {like}
equipment_yuan = 80000
"""


def quoted(text: str) -> str:
    """Return a text as TOML writes it, which takes escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def planted(data: Dataset) -> Dataset:
    """Return the data with the plant in every text of every table, and one text of 10,000 letters in each."""
    frames = {}
    here, there = data["zones"]["zone_id"][:1], data["schools"]["school_id"][:1]
    walk = pd.DataFrame({"zone_id": here, "place_id": there, "walk_km": 1.2})
    data = data.replace(distances=Dataset.of(distances=walk)["distances"])
    for name, table in TABLES.items():
        frame = data[name].copy()
        for column in table.columns:
            if column.kind in (ColumnKind.TEXT, ColumnKind.ID) and column.name not in CLOSED:
                text = frame[column.name]
                if column.name in KEYS:
                    frame[column.name] = text.mask(text.notna(), text + PLANT)
                else:
                    frame[column.name] = text.fillna("") + PLANT
                    frame.loc[0, column.name] = LONG + PLANT
        frames[name] = frame
    return data.replace(**frames)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Site:
    """A site of planted data and a planted scenario; in parquet, for a CSV file with NUL in it is refused."""
    folder = tmp_path_factory.mktemp("hostile")
    data = planted(make(schools=6, years=[2024, 2025]))
    write(data, folder / "data", format="parquet")
    scenario = folder / "scenario.toml"
    scenario.write_text(
        SCENARIO.format(plant=quoted(PLANT), like=quoted(read(folder / "data")["schools"]["school_id"][0])),
        "utf-8",
    )
    return site_of(folder / "data", folder / "site", "zh", scenarios=[scenario])


def used(view: View) -> dict[str, object]:
    """Use all there is on a page, and return what is on it that no page of ours has."""
    asked = []
    view.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    view.page.evaluate(USE, MARKUP[0])
    view.page.wait_for_load_state("networkidle")
    return view.page.evaluate(FOUND) | {"asked": asked}


NOTHING = {"hit": None, "planted": [], "handlers": [], "links": [], "emphasis": [], "asked": []}


def test_there_is_something_planted_in_every_text_of_every_table():
    data = planted(make(schools=2, years=[2025]))
    for name, table in TABLES.items():
        for column in table.columns:
            if column.kind in (ColumnKind.TEXT, ColumnKind.ID) and column.name not in CLOSED:
                text = data[name][column.name].dropna()
                assert len(text) or column.name == "parent_id", (name, column.name)
                assert text.str.endswith(PLANT).all(), (name, column.name)


@every_page
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "unguarded"])
def test_what_is_planted_stays_text_even_where_the_browser_would_run_it(visit, hostile, kind, guarded):
    view = visit(hostile["zh", kind], bypass_csp=not guarded)
    assert LITERAL in view.page.locator("body").text_content()
    if guarded:  # a text without end or space makes no page wider than a phone
        view.page.set_viewport_size({"width": PHONE, "height": 800})
        assert view.page.evaluate("document.documentElement.scrollWidth") == PHONE
        view.page.set_viewport_size({"width": WIDE, "height": 800})
    assert used(view) == NOTHING
    assert view.said == []  # a guard that had something to do says so
    assert {url for url in view.asked if not url.startswith(("data:", "blob:"))} == {
        hostile["zh", kind].as_uri()
    }


@pytest.mark.parametrize("markup", MARKUP[:3])
def test_markup_let_through_would_be_found(visit, tmp_path, markup):
    page = tmp_path / "page.html"
    page.write_text(f"<meta charset=utf-8><p>{markup}</p>", "utf-8")
    found = used(visit(page))
    assert found["hit"] == 1
    assert found["planted"]
