"""A siting to look at: the table and the maps say what the siting found, in both languages."""

import re
from pathlib import Path

import pytest

from qb.report.explore_sites import open_siting

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", params=["zh", "en"])
def sites(request):
    return open_siting(
        ROOT / "data" / "sample", ROOT / "notebooks" / "sites" / "old_town.toml", 2025, lang=request.param
    )


def test_the_table_has_the_district_as_it_is_and_every_plan(sites):
    frame = sites.table().frame
    assert frame["plan"].iloc[0] in ("现状", "As it is") and frame["option"].tolist() == [0, 1, 2, 3]
    assert "缺数据" not in sites.table()._repr_html_() and "No data" not in sites.table()._repr_html_()
    assert frame["million_yuan"].iloc[2] == 60  # the candidates' file says so of the second plan's site


def test_a_map_shows_every_zone_with_a_school_and_the_new_school(sites):
    primary, junior = sites.maps()
    assert len(sites.data["zones"].query("year == 2025")) == 60
    for chart, stage in ((primary, "primary"), (junior, "junior")):
        table = sites.found.assigned(1)
        table = table[table["stage"] == stage]
        assert len(chart.table) == len(table)
        moved = (table["before"] != table["school_id"]).sum()
        assert chart.table["moved"].sum() == moved > 0
        # One coloured line for each zone that changes school, one quiet one for each that does not.
        assert len(re.findall(r"stroke=\"var\(--chart-accent", chart.svg)) == moved
        assert "北门新校" in chart.svg


def test_the_title_tells_how_many_more_are_within_distance(sites):
    ways = sites.found.distances.set_index(["option", "stage"])["within"]
    chart = sites.maps()[0]
    assert f"{ways[0, 'primary']:,.0f}" in chart.title and f"{ways[1, 'primary']:,.0f}" in chart.title
    assert ways[1, "primary"] > ways[0, "primary"]


def test_an_english_view_has_no_chinese_but_names(sites):
    if sites.lang == "zh":
        assert "步行距离以内" in sites.table()._repr_html_()
        return
    text = re.sub("[东北]门新校（模拟）", "", sites.table()._repr_html_())
    assert not re.findall(r"[\u4e00-\u9fff]", text)
