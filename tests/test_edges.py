"""Districts at the edge of what the rules speak of: nobody judged, nothing reported, everything met."""

import pytest
from odd_districts import odd_district

from qb.cli import main
from qb.data.reading import write

pytestmark = pytest.mark.usefixtures("one_worker")

PUBLISHED = ("one school", "senior pupils alone", "no facilities at all")  # test_law reads the pages of all
DISTRICTS = (
    *PUBLISHED,
    "small teaching points alone",
    "no pupils reported",
    "no facilities reported",
    "everything met",
)


def ended(*arguments):
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


@pytest.mark.parametrize("district", PUBLISHED)
def test_a_district_has_pages_that_agree_with_its_data(district, tmp_path, capfd):
    data, site = tmp_path / "data", tmp_path / "site"
    write(odd_district(district), data)
    assert ended("publish", data, "--out", site) == 0
    said = capfd.readouterr().err
    assert "Traceback" not in said and "kernel" not in said  # which is what a broken press leaves the work to
    assert ended("verify", site, data) == 0
    assert "全部与数据相符" in capfd.readouterr().out


@pytest.mark.parametrize("district", DISTRICTS)
def test_a_district_has_forms_to_hand_in(district, tmp_path):
    write(odd_district(district), tmp_path / "data")
    assert ended("forms", tmp_path / "data", tmp_path / "forms") == 0
    assert len(list((tmp_path / "forms").glob("*.xlsx"))) == 3


@pytest.mark.parametrize("district", DISTRICTS)
@pytest.mark.parametrize("more", [(), ("--to", 2027), ("--budget", 100_000)])
def test_a_district_has_a_plan_or_the_reason_why_there_is_none(district, more, tmp_path, capfd):
    write(odd_district(district), tmp_path)
    end = ended("plan", tmp_path, *more)
    said = capfd.readouterr()
    assert (said.out and end == 0) or (not said.out and end.startswith("错误："))
    assert not said.err


@pytest.mark.parametrize(
    ("district", "said"),
    [
        ("small teaching points alone", "学校（学段）0 个，达标 0；差异系数缺数据\n"),
        ("no pupils reported", "学校（学段）3 个，达标 0，缺数据 3；差异系数缺数据\n"),
        # C4–C7 at two stages
        ("no facilities reported", "超限 0 项，缺数据 8 项\n"),
        ("everything met", "、初中最大 0.000（限值 0.45），超限 0 项\n"),
    ],
)
def test_coefficients_that_nobody_knows_are_not_counted_as_kept(district, said, tmp_path, capsys):
    write(odd_district(district), tmp_path)
    (tmp_path / "现状.toml").write_text('title = "现状"\nbase_year = 2024\n', encoding="utf-8")
    assert ended("whatif", tmp_path, tmp_path / "现状.toml") == 0
    assert said in capsys.readouterr().out
