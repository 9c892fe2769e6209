"""A published site is checked against data: what differs is named, and nothing else."""

import json
import re
import shutil

import pandas as pd
import pytest
from oracle import assess as slowly

from qb.data.reading import read, write
from qb.data.sample import make
from qb.errors import QbError
from qb.publish.api import publish
from qb.publish.digests import of_data
from qb.publish.verify import _Again, run, verify
from qb.standard import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A dataset and its site, both on disk."""
    folder = tmp_path_factory.mktemp("published")
    write(make(schools=8, years=[2024, 2025]), folder / "data")
    site = publish(folder / "data", out=folder / "site", schools=["0001001", "0001003"], progress=False)
    assert not site.failed
    return folder


@pytest.fixture
def site(folder, tmp_path):
    """A copy of the site that may be tampered with."""
    return shutil.copytree(folder / "site", tmp_path / "site")


def tamper(page, pattern, new):
    """Change one place of a page, found by a pattern with one group, and return what stood there."""
    html = page.read_text("utf-8")
    found = re.search(pattern, html)
    page.write_text(html[: found.start(1)] + new + html[found.end(1) :], "utf-8")
    return found[1]


def other_digit(text):
    return text[:-1] + ("1" if text[-1] == "0" else "0")


def changed(folder, to, table, where, column, factor):
    """Save the dataset with one figure changed, and return it."""
    data = read(folder / "data")
    frame = data[table].copy()
    frame.loc[where(frame), column] *= factor
    new = data.replace(**{table: frame})
    write(new, to)
    return read(to)


def test_what_was_just_published_is_right(folder):
    found = verify(folder / "site", folder / "data")
    assert (found.exit_code, found.differences, found.missing, found.touched) == (0, (), (), ())
    assert (found.other_data, found.other_standard) == ((), ())
    assert found.silent == ("data.html", "plan.html")  # what was handed in, and what would be
    html = sorted((folder / "site").rglob("*.html"))
    assert found.pages == len(html)
    assert found.figures == sum(page.read_text("utf-8").count("data-fact=") for page in html) > 300
    assert "全部与数据相符" in found.summary


def test_every_kind_of_page_that_judges_states_figures(folder):
    silent = verify(folder / "site", folder / "data").silent
    for name in ("index.html", "district.html", "research.html"):
        assert name not in silent and "data-fact=" in (folder / "site" / name).read_text("utf-8")


def test_a_page_carries_fingerprint_edition_and_version_in_sight_and_for_programs(folder):
    mark = of_data(read(folder / "data"))
    for page in (folder / "site").rglob("*.html"):
        html = page.read_text("utf-8")
        assert f"<dd>{mark}</dd>" in html and f'<meta name="qb:data" content="{mark}">' in html
        assert "2023年9月18日印发" in html and "<dd>qb " in html and 'name="qb:version"' in html


def test_a_schools_page_stays_light(folder):
    assert max(page.stat().st_size for page in (folder / "site" / "schools").iterdir()) < 200_000


@pytest.mark.parametrize(
    ("page", "pattern"),
    [
        ("district.html", r'data-fact="coefficient/2025/primary/C3/[^"]+"><a [^>]+>([\d.]+)<'),
        ("district.html", r'data-fact="figure/2025/C22/[^"]+">([\d.]+)'),
        ("research.html", r'data-fact="reported/2025/primary/C5/[^"]+"><a [^>]+>([\d.]+)<'),
        ("index.html", r'data-fact="coefficient/2024/primary/C3/[^"]+"><a [^>]+>([\d.]+)<'),
    ],
)
def test_one_digit_changed_in_print_is_found(folder, site, page, pattern):
    old = tamper(site / page, pattern, other_digit(re.search(pattern, (site / page).read_text("utf-8"))[1]))
    found = verify(site, folder / "data")
    (difference,) = found.differences
    assert (difference.page, difference.stated, difference.recomputed) == (page, other_digit(old), old)
    assert found.exit_code == 1 and found.touched == (page,)


def test_a_changed_value_behind_the_print_is_found(folder, site):
    page = sorted((site / "schools").iterdir())[0]
    old = tamper(page, r'data-value="([\d.]+)" data-fact="resource/2025/C5/', "1234.5")
    (difference,) = verify(site, folder / "data").differences
    assert "1234.5" in difference.stated and old in difference.recomputed


@pytest.mark.parametrize("page", ["district.html", "index.html"])
def test_a_verdict_in_other_words_is_found(folder, site, page):
    old = tamper(site / page, r'data-fact="area/2025/quality/[^>]+>([^<]+)<', "已整改")
    (difference,) = verify(site, folder / "data").differences
    assert (difference.stated, difference.recomputed) == ("已整改", old)
    assert difference.fact.startswith("area/2025/quality/")


def test_a_changed_sentence_is_found_by_the_record(folder, site):
    tamper(site / "district.html", r'<ul class="headlines"><li>([^<]+)<', "本区各项均已达标。")
    found = verify(site, folder / "data")
    assert (found.differences, found.touched, found.exit_code) == ((), ("district.html",), 1)


def test_a_page_that_was_taken_away_is_named(folder, site):
    page = sorted((site / "schools").iterdir())[0]
    page.unlink()
    found = verify(site, folder / "data")
    assert (found.missing, found.exit_code) == ((f"schools/{page.name}",), 1)


def plain(data):
    """Return a dataset as lists of plain rows."""
    return {
        name: [{k: None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]
        for name, frame in data.tables.items()
    }


def test_a_changed_dataset_names_exactly_the_figures_that_move(folder, tmp_path):
    data = read(folder / "data")
    schools = data["schools"]
    # Not the largest step that one could take: it must move no verdict, so that what moves can be listed.
    primary = schools.loc[(schools["kind"] == "primary") & schools["parent_id"].isna(), "school_id"]
    school, district = primary.iloc[-1], schools["district"].iloc[0]
    new = changed(
        folder, tmp_path / "data", "facilities",
        lambda f: (f["year"] == 2025) & (f["school_id"] == school), "equipment_yuan", 1.2,
    )  # fmt: skip
    found = verify(folder / "site", tmp_path / "data")
    named = {difference.fact for difference in found.differences}
    place = f"primary/C6/{district}"
    assert named == {
        f"resource/2025/C6/primary/{school}",
        *(f"{kind}/2025/{place}" for kind in ("coefficient", "reported", "mean", "deviation")),
        f"coefficient/2025/primary/composite/{district}",
    }
    # By the second computation, in fractions, written from the rules alone.
    *_, expected, _ = slowly(plain(new), 2025)[district]["balance"]["primary", "C6"]
    (one,) = {
        d.recomputed for d in found.differences
        if d.fact == f"coefficient/2025/{place}" and d.page == "district.html"
    }  # fmt: skip
    assert one.startswith(f"{expected:.3f}")
    assert found.exit_code == 1 and len(found.other_data) == found.pages
    assert "由另一版数据生成" in found.summary and school in found.summary


def test_figures_of_a_school_that_is_gone_are_named(folder, tmp_path):
    data = read(folder / "data")
    schools = data["schools"]
    gone = schools.loc[(schools["kind"] == "primary") & schools["parent_id"].isna(), "school_id"].iloc[-1]
    tables = {
        name: frame[((frame["school_id"] != gone) | (frame["year"] != 2025)).to_numpy()]
        for name, frame in data.tables.items()
        if {"school_id", "year"} <= set(frame)
    }
    closed = schools.assign(closed_year=schools["closed_year"].mask(schools["school_id"] == gone, 2024))
    write(data.replace(**tables, schools=closed), tmp_path / "data")
    found = verify(folder / "site", tmp_path / "data").differences
    lost = {d.fact for d in found if d.recomputed == "数据中没有这一项"}
    assert lost and all(fact.endswith(f"/{gone}") for fact in lost)


def test_figures_of_a_year_that_is_gone_are_named(folder, tmp_path):
    data = read(folder / "data")
    tables = {
        name: frame[(frame["year"] != 2024).to_numpy()]
        for name, frame in data.tables.items()
        if "year" in frame
    }
    write(data.replace(**tables), tmp_path / "data")
    found = verify(folder / "site", tmp_path / "data").differences
    assert found and {d.fact.split("/")[1] for d in found} == {"2024"}


def test_the_fingerprint_is_of_what_the_data_say_not_of_file_or_place(folder, tmp_path):
    data = read(folder / "data")
    mark = of_data(data)
    for name in ("甲", "乙.parquet", "丙.xlsx"):
        form = {"parquet": "parquet", "xlsx": "xlsx"}.get(name.rpartition(".")[2], "csv")
        write(data, tmp_path / name, format=form)
        assert of_data(read(tmp_path / name)) == mark, name
    noted = data["funds"].assign(备注="略")
    assert of_data(data.replace(funds=noted)) == mark
    less = data["funds"].assign(allocation_yuan=data["funds"]["allocation_yuan"] + 0.01)
    assert of_data(data.replace(funds=less)) != mark
    assert re.fullmatch(r"[0-9a-f]{32}", mark)


def test_another_standard_is_said_and_its_figures_are_named(folder, tmp_path):
    path = tmp_path / "standard.toml"
    path.write_text(
        'extends = "gulou-2023"\nname = "other"\n[rules.coefficient]\nprimary = 0.01\n', encoding="utf-8"
    )
    found = verify(folder / "site", folder / "data", path)
    assert len(found.other_standard) == found.pages
    kinds = {d.fact.partition("/")[0] for d in found.differences}
    assert "balance" in kinds and kinds <= {"balance", "area", "district"}


def test_a_folder_without_pages_of_ours_is_refused(folder, tmp_path):
    (tmp_path / "a.html").write_text("<p>别处的网页</p>", encoding="utf-8")
    with pytest.raises(QbError, match="没有 qb publish 生成的页面"):
        verify(tmp_path, folder / "data")


def test_the_document_holds_every_difference(folder, site, capsys):
    tamper(site / "district.html", r'data-fact="area/2025/quality/[^>]+>([^<]+)<', "已整改")
    assert run(site, folder / "data", None, True) == 1
    document = json.loads(capsys.readouterr().out)
    assert [d["stated"] for d in document["differences"]] == ["已整改"]
    assert document["touched"] == ["district.html"]
    assert run(folder / "site", folder / "data", None, False) == 0
    assert "处结论和数字" in capsys.readouterr().out


def test_two_standards_that_give_themselves_one_name_are_told_apart(committed, tmp_path):
    path = tmp_path / "lax.toml"
    path.write_text(
        'extends = "gulou-2023"\nname = "lax"\n[rules.coefficient]\nprimary = 0.01\n', encoding="utf-8"
    )
    again, one, other = _Again(committed, None), load("gulou-2023"), load(path)
    assert again._judged(one, 2025) != again._judged(other.model_copy(update={"name": one.name}), 2025)
