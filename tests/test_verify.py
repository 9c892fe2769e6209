"""A published site is made again from data: what differs is named by section, and nothing else."""

import json
import os
import re
import shutil
import time

import pandas as pd
import pytest
from clock import allowed
from oracle import assess as slowly

from qb.data.reading import read, write
from qb.data.sample import make
from qb.errors import QbError
from qb.publish.api import publish
from qb.publish.data_digests import of_data
from qb.publish.manifest import RECORD
from qb.publish.verify import compared, run, verify

pytestmark = pytest.mark.usefixtures("one_worker")

LAX = 'extends = "gulou-2023"\nname = "gulou-2023"\n[rules.coefficient]\nprimary = 9\n'
TITLE = "示例市古城区（模拟）义务教育优质均衡发展评估（2025—2026学年）"
DIGITS = "9" * 5000
MOST = shutil.ignore_patterns("schools", "[abpr]*.html")  # of a site, for what one page tells


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A dataset and its site, both on disk."""
    folder = tmp_path_factory.mktemp("published")
    write(make(schools=8, years=[2024, 2025]), folder / "data")
    site = publish(folder / "data", out=folder / "site", schools=["0001001", "0001003"], progress=False)
    assert not site.failed
    return folder


def tamper(page, pattern, new):
    """Change one place of a page, found by a pattern with one group, and return what stood there."""
    html = page.read_text("utf-8")
    found = re.search(pattern, html, re.DOTALL)
    page.write_text(html[: found.start(1)] + new + html[found.end(1) :], "utf-8")
    return found[1]


def other_digit(text):
    return text[:-1] + ("1" if text[-1] == "0" else "0")


def test_what_was_just_published_is_right(folder, capsys):
    found = verify(folder / "site", folder / "data")
    assert (found.exit_code, found.differences, found.missing, found.extra, found.odd) == (0, (), (), (), ())
    assert (found.other_data, found.other_standard, found.other_version, found.files) == ((), (), (), ())
    html = sorted((folder / "site").rglob("*.html"))
    assert found.pages == len(html) > 7
    assert found.figures == sum(page.read_text("utf-8").count("data-fact=") for page in html) > 300
    assert "全部与数据相符" in found.summary


# One site, tampered with everywhere at once: each change is found where it is.

CHANGES = {
    # what: page, pattern, what stands there instead, section
    "a sentence": (
        "district.html", r'<ul class="headlines"><li>([^<]+)<', "本区各项均已达标。", TITLE
    ),
    "a title": ("district.html", r"<title>([^<]+)<", "全省第一", "页首（标题和安全策略）"),
    "CSS that hides failures": ("index.html", r"(</style>)", ".fail { display: none }\n</style>", "样式"),
    "a script": ("annual.html", r"(</body>)", "<script>alert(1)</script></body>", "程序"),
    "a hidden element": ("data.html", r"<main( )id", " hidden ", "页眉和目录"),
    "a key of its own": ("annual.html", r"(<h1[^>]*>)", '<h1 data-fact="x">', ""),
    "a removed chart": ("research.html", r'(<figure class="chart">.*?</figure>)', "", ""),
    "a language": ("schools/0001003.html", r'<html lang="(zh-CN)"', "en", "页首（标题和安全策略）"),
    "a removed section": ("schools/0001003.html", r'(<h2 id="s4">.*?)<h2 ', "", "缺口"),
}  # fmt: skip
COEFFICIENT = r'data-fact="coefficient/{}/primary/C3/[^"]+"><a [^>]+>([\d.]+)<'
FIGURES = {
    # what: page, pattern, what stands there instead, figure
    "a digit": ("district.html", COEFFICIENT.format(2025), other_digit, "coefficient/2025/primary/C3/"),
    "a digit of a year before": (
        "index.html", COEFFICIENT.format(2024), other_digit, "coefficient/2024/primary/C3/"
    ),
    "a verdict": (
        "district.html", r'data-fact="area/2025/quality/[^>]+>([^<]+)<', lambda _: "已整改",
        "area/2025/quality/",
    ),
    "a value behind the print": (
        "schools/0001001.html", r'data-value="([\d.]+)" data-fact="resource/2025/C5/', lambda _: "1234.5",
        "resource/2025/C5/",
    ),
    "a hidden figure": (
        "district.html", r'<td( )data-fact="figure/2025/C22/', lambda _: ' style="display:none" ',
        "figure/2025/C22/",
    ),
    "a figure of 5,000 digits": (
        "schools/0001001.html", r'data-fact="resource/2025/C6/[^"]+">([\d,.]+)', lambda _: DIGITS,
        "resource/2025/C6/",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def tampered(folder):
    """What is found in a site that was tampered with, by page; and how long that took."""
    site = shutil.copytree(folder / "site", folder / "tampered")
    (site / RECORD).unlink()
    for page, pattern, new, _ in CHANGES.values():
        tamper(site / page, pattern, new)
    for page, pattern, new, _ in FIGURES.values():
        html = (site / page).read_text("utf-8")
        tamper(site / page, pattern, new(re.search(pattern, html)[1]))
    (site / "plan.html").unlink()
    shutil.copy(site / "schools" / "0001001.html", site / "schools" / "0001009.html")
    os.mkfifo(site / "pipe.html")
    (site / "folder.html").mkdir()
    (site / "link.html").symlink_to("/dev/zero")
    far = "".join(f'<a href="{to}.html">x</a>' for to in ("%00", "a" * 5000, "../" * 900 + "x", "x:y"))
    tamper(site / "annual.html", r"(</main>)", f"{far}</main>")
    return verify(site, folder / "data")


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_anywhere_is_found_with_its_section(tampered, what):
    page, _, _, section = CHANGES[what]
    named = [one.section for one in tampered.differences if one.page == page and not one.fact]
    assert section in named if section else len(named) >= 1


@pytest.mark.parametrize("what", FIGURES)
def test_a_changed_figure_is_named(tampered, what):
    page, _, _, fact = FIGURES[what]
    (one,) = [one for one in tampered.differences if one.page == page and one.fact.startswith(fact)]
    assert one.stated != one.recomputed


def test_nothing_else_is_named(tampered):
    changed = {page for page, *_ in (*CHANGES.values(), *FIGURES.values())}
    assert {one.page for one in tampered.differences} == changed
    assert len([one for one in tampered.differences if one.fact]) <= len(FIGURES) + 30  # a section's figures


def test_pages_that_are_gone_or_too_many_or_none_are_named(tampered):
    assert {"plan.html"} == set(tampered.missing)
    assert tampered.extra == ("schools/0001009.html",)
    assert {name.partition("（")[0] for name in tampered.odd} == {"pipe.html", "folder.html", "link.html"}
    assert tampered.exit_code == 1
    assert max(map(len, tampered.summary.splitlines())) < 600  # 5,000 digits are cut


@pytest.mark.parametrize(
    "text",
    ["<" * 10**6, "<!--" * 10**5, "<h2>" * 10**5, '<td data-fact="a/1/b">' * 10**5, '<a href="x' * 10**5,
     '<meta name="qb:' * 10**5, "\x00" * 10**6, '<a href="' + ".html" * 10**5],
    ids=["brackets", "comments", "headings", "figures", "links", "metas", "nothing", "one link"],
)  # fmt: skip
def test_what_no_browser_would_read_is_compared_in_seconds(text):
    from qb.publish.verify import FoundPage

    start = time.process_time()
    assert compared("a.html", text, "<h2>甲</h2>")
    assert FoundPage("a.html", text).meta == {} and len(list(FoundPage("a.html", text).links)) < 10
    assert time.process_time() - start < allowed(5)


def test_a_page_judged_by_a_lax_standard_of_its_own_path_is_found(folder, tmp_path):
    path = tmp_path / "gulou-2023.toml"
    path.write_text(LAX, encoding="utf-8")
    site = publish(folder / "data", out=tmp_path / "site", only=["district"], standard=path, progress=False)
    assert site.exit_code == 0
    found = verify(tmp_path / "site", folder / "data")
    assert len(found.other_standard) == found.pages == 2
    sections = {one.section for one in found.differences}
    assert {"校际差异", "差异系数"} <= sections  # the limit stands there
    assert verify(tmp_path / "site", folder / "data", path).exit_code == 0


def test_a_site_of_several_districts_in_english_is_right_and_a_part_of_it_is_no_site(tmp_path):
    write(make(schools=3, districts=2, years=[2025]), tmp_path / "data")
    publish(tmp_path / "data", out=tmp_path / "site", only=["district"], lang="en", progress=False)
    found = verify(tmp_path / "site", tmp_path / "data")
    assert (found.exit_code, found.pages) == (0, 5)
    part = next(path for path in (tmp_path / "site").iterdir() if path.is_dir())
    with pytest.raises(QbError, match="上一级"):
        verify(part, tmp_path / "data")


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
    frame = data["facilities"].copy()
    frame.loc[(frame["year"] == 2025) & (frame["school_id"] == school), "equipment_yuan"] *= 1.2
    new = data.replace(facilities=frame)
    write(new, tmp_path / "data")
    found = verify(folder / "site", tmp_path / "data")
    named = {difference.fact for difference in found.differences if difference.fact}
    place = f"primary/C6/{district}"
    assert named == {
        f"resource/2025/C6/primary/{school}",
        *(f"{kind}/2025/{place}" for kind in ("coefficient", "reported", "mean", "deviation")),
        f"coefficient/2025/primary/composite/{district}",
    }
    # By the second computation, in fractions, written from the rules alone.
    *_, expected, _ = slowly(plain(read(tmp_path / "data")), 2025)[district]["balance"]["primary", "C6"]
    (one,) = {
        d.recomputed for d in found.differences
        if d.fact == f"coefficient/2025/{place}" and d.page == "district.html"
    }  # fmt: skip
    assert one.startswith(f"{expected:.3f}")
    assert found.exit_code == 1 and len(found.other_data) == found.pages
    assert "由另一版数据生成" in found.summary and school in found.summary


def test_a_school_that_is_gone_has_no_page_and_data_of_another_source_are_said(folder, tmp_path):
    data = read(folder / "data")
    schools = data["schools"]
    tables = {
        name: frame[((frame["school_id"] != "0001003") | (frame["year"] != 2025)).to_numpy()]
        for name, frame in data.tables.items()
        if {"school_id", "year"} <= set(frame)
    }
    closed = schools.assign(closed_year=schools["closed_year"].mask(schools["school_id"] == "0001003", 2024))
    whole = {**data.tables, **tables, "schools": closed}
    named = {
        name: frame.assign(source="模拟数据（另一份）") if "source" in frame else frame
        for name, frame in whole.items()
    }
    write(data.replace(**named), tmp_path / "另一份")
    found = verify(folder / "site", tmp_path / "另一份")
    assert found.extra == ("schools/0001003.html",)
    assert ("数据来源", "模拟数据", "模拟数据（另一份）") in {
        (one.section, one.stated, one.recomputed) for one in found.differences
    }


def test_data_of_another_year_are_refused(folder, tmp_path):
    data = read(folder / "data")
    tables = {n: f[(f["year"] == 2024).to_numpy()] for n, f in data.tables.items() if "year" in f}
    write(data.replace(**tables), tmp_path / "data")
    with pytest.raises(QbError, match="2025"):
        verify(folder / "site", tmp_path / "data")


def test_a_day_to_come_is_no_day(folder, tmp_path):
    site = shutil.copytree(
        folder / "site", tmp_path / "site", ignore=shutil.ignore_patterns("schools", "[abpr]*.html")
    )
    tamper(site / "district.html", r"<dt>生成日期</dt><dd>([^<]+)<", "2999-01-01")
    found = verify(site, folder / "data")
    assert [one.stated for one in found.differences if one.page == "district.html" and "2999" in one.stated]


def test_a_page_carries_fingerprint_edition_and_version_in_sight_and_for_programs(folder):
    mark = of_data(read(folder / "data"))
    for page in (folder / "site").rglob("*.html"):
        html = page.read_text("utf-8")
        assert f"<dd>{mark}</dd>" in html and f'<meta name="qb:data" content="{mark}">' in html
        assert "2023年9月18日印发" in html and "<dd>qb " in html and 'name="qb:version"' in html


def test_a_schools_page_stays_light(folder):
    assert max(page.stat().st_size for page in (folder / "site" / "schools").iterdir()) < 200_000


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


def test_a_folder_without_pages_of_ours_is_refused(folder, tmp_path):
    (tmp_path / "a.html").write_text("<p>别处的网页</p>", encoding="utf-8")
    with pytest.raises(QbError, match="没有 qb publish 生成的页面"):
        verify(tmp_path, folder / "data")
    with pytest.raises(QbError, match="没有网站文件夹"):
        verify(tmp_path / "none", folder / "data")


def test_the_document_holds_every_difference(folder, tmp_path, capsys):
    site = shutil.copytree(
        folder / "site", tmp_path / "site", ignore=shutil.ignore_patterns("schools", "[abpr]*.html")
    )
    tamper(site / "district.html", r'data-fact="area/2025/quality/[^>]+>([^<]+)<', "已整改")
    assert run(site, folder / "data", None, True) == 1
    document = json.loads(capsys.readouterr().out)
    assert "已整改" in {d["stated"] for d in document["differences"]}
    assert "schools/0001001.html" in document["missing"]
