"""What a second publication makes again: exactly the pages that would come out different, and no other."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from qb import files
from qb.data.reading import write
from qb.data.sample import make
from qb.errors import QbError
from qb.files import WriteError
from qb.publish import data_digests, manifest, site
from qb.publish.api import publish
from qb.publish.data_digests import PageDigests
from qb.publish.jobs import Failure, JobOutcome
from qb.publish.manifest import JOURNAL, LOCK, RECORD, Record, locked
from qb.report.context import open_context
from qb.report.school_report import SchoolReport


@pytest.fixture(scope="module")
def sample():
    return make(schools=10, districts=2, years=[2024, 2025])


class Desk:
    """A dataset on disk, published with a runner that writes pages without running anything."""

    def __init__(self, folder: Path, data, monkeypatch) -> None:
        self.source, self.out, self.data = folder / "数据", folder / "site", data
        self.failing, self.interrupted_after, self.meanwhile = set(), None, lambda: None
        monkeypatch.setattr(site, "run", self._run)
        self.first, self.second = data.districts
        self.save(data)

    def save(self, data) -> None:
        self.data, self._context = data, None
        write(data, self.source, replace=True)

    def change(self, table: str, mask, **values) -> None:
        frame = self.data[table].copy()
        for column, value in values.items():
            frame.loc[mask(frame), column] = value(frame) if callable(value) else value
        self.save(self.data.replace(**{table: frame}))

    def _run(self, jobs, told, **_):
        self.meanwhile()
        outcomes = []
        for job in jobs:
            if len(outcomes) == self.interrupted_after:
                raise KeyboardInterrupt
            bad = job.target.name in self.failing
            if not bad:
                job.target.parent.mkdir(parents=True, exist_ok=True)
                job.target.write_text(f"{time.monotonic_ns()}", "utf-8")
            outcomes.append(JobOutcome(job, 0.1, Failure("E", "x") if bad else None))
            told(outcomes[-1])
        return outcomes

    def publish(self, **options) -> set[str]:
        """Return the pages that were made."""
        made = publish(self.source, out=self.out, **options)
        return {
            str(o.job.target.relative_to(self.out)).removesuffix(".html") for o in made.outcomes if not o.kept
        }

    def pages(self) -> set[str]:
        """Return the pages of the record."""
        return {
            page.removesuffix(".html") for page in json.loads((self.out / RECORD).read_text("utf-8"))["pages"]
        }

    def context(self):
        """Return what the pages are made of; read once for the same data."""
        self._context = self._context or open_context(self.source, 2025)
        return self._context

    def schools(self, district: str, stage: str = "") -> set[str]:
        """Return the pages of a district's schools, of those with a stage if one is named."""
        rows = self.context().assessment.rows
        mine = rows[(rows["district"] == district) & (rows["stage"].isin([stage]) if stage else True)]
        return {f"{district}/schools/{school}" for school in mine["school_id"]}


@pytest.fixture(scope="module")
def published(tmp_path_factory, sample):
    """Return a folder with data and their site, and a copy of it to begin from again."""
    folder = tmp_path_factory.mktemp("desk") / "desk"
    with pytest.MonkeyPatch.context() as patch:
        Desk(folder, sample, patch).publish()
    return folder, shutil.copytree(folder, folder.with_name("copy"))


@pytest.fixture
def desk(published, sample, monkeypatch):
    folder, copy = published
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    return Desk(folder, sample, monkeypatch)


def reports(district: str) -> set[str]:
    return {f"{district}/{kind}" for kind in manifest.OF_DISTRICT if kind != "scenario"}


def test_nothing_changed_makes_nothing(desk):
    assert desk.publish() == set()


def test_force_makes_all(desk):
    everything = (
        reports(desk.first) | reports(desk.second) | desk.schools(desk.first) | desk.schools(desk.second)
    )
    assert desk.publish(force=True) == everything


def test_one_figure_of_a_school_renews_its_peers_and_its_district_and_no_other(desk):
    rows = desk.context().assessment.rows
    mine = rows[(rows["district"] == desk.first) & (rows["kind"] == "primary")].iloc[0]["school_id"]
    desk.change(
        "facilities",
        lambda f: (f["school_id"] == mine) & (f["year"] == 2025),
        sports_ground_m2=lambda f: f["sports_ground_m2"] * 1.01 + 1,
    )
    # Its values place every other primary school of the district: means, ranks, strips.
    assert desk.publish() == reports(desk.first) | desk.schools(desk.first, "primary")
    assert desk.schools(desk.first, "primary") < desk.schools(desk.first)


def test_a_row_of_another_put_above_renews_the_pages_that_name_the_lines_below(desk):
    rows = desk.context().assessment.rows
    last = rows["school_id"].max()
    classes = desk.data["classes"]
    senior = (
        classes[classes["school_id"] == classes["school_id"].min()].head(1).assign(stage="senior", grade=10.0)
    )
    desk.save(desk.data.replace(classes=pd.concat([senior, classes], ignore_index=True)))
    (home,) = rows["district"][rows["school_id"] == last].unique()
    # No figure of theirs moves, but the lines on which their classes stand do.
    assert {f"{home}/schools/{last}", *reports(desk.second)} <= desk.publish()


def test_one_figure_of_a_nine_year_school_renews_the_schools_of_both_its_stages(desk):
    rows = desk.context().assessment.rows
    twice = rows[(rows["district"] == desk.first) & rows["school_id"].duplicated(keep=False)]
    assert set(twice["stage"]) == {"primary", "junior"}
    mine = twice.iloc[0]["school_id"]
    desk.change(
        "facilities",
        lambda f: (f["school_id"] == mine) & (f["year"] == 2025),
        sports_ground_m2=lambda f: f["sports_ground_m2"] * 1.01 + 1,
    )
    assert desk.publish() == reports(desk.first) | desk.schools(desk.first)


def test_a_measure_renews_its_school_and_its_district_alone(desk):
    context = desk.context()
    problem = context.ledger[
        (context.ledger["district"] == desk.first) & context.ledger["school_id"].notna()
    ].iloc[0]
    entry = {"year": 2025, "district": desk.first, "code": problem["code"], "school_id": problem["school_id"],
             "measure": "添置器材", "status": "open", "number": 99, "source": "模拟数据"}  # fmt: skip
    frame = desk.data["measures"]
    added = pd.concat([frame, pd.DataFrame([entry]).reindex(columns=frame.columns)], ignore_index=True)
    desk.save(desk.data.replace(measures=added.astype(frame.dtypes.to_dict())))
    # What is being done about a problem is no matter of research, and no plan rests on it.
    shown = reports(desk.first) - {f"{desk.first}/research", f"{desk.first}/plan"}
    assert desk.publish() == shown | {f"{desk.first}/schools/{problem['school_id']}"}


def test_a_year_before_renews_the_district_and_its_schools_which_show_their_years_alone(desk):
    desk.change(
        "facilities",
        lambda f: (f["year"] == 2024) & f["school_id"].isin(_ids(desk, desk.first)),
        sports_ground_m2=lambda f: f["sports_ground_m2"] * 1.01 + 1,
    )
    assert desk.publish() == reports(desk.first) | desk.schools(desk.first)


def test_a_name_renews_the_pages_that_show_it(desk):
    school = _ids(desk, desk.first)[0]
    desk.change("schools", lambda f: f["school_id"] == school, name="改名学校")
    stages = desk.context().assessment.rows.set_index("school_id").loc[[school], "stage"]
    peers = set().union(*(desk.schools(desk.first, stage) for stage in stages))
    assert desk.publish() == reports(desk.first) | peers


def test_language_standard_notebook_and_code_renew_all_or_their_kind(desk, monkeypatch, tmp_path):
    everything = desk.pages()
    assert desk.publish(lang="en") == everything
    assert desk.publish(lang="zh") == everything
    other = tmp_path / "other.toml"
    text = (Path(manifest.qb.__file__).parent / "standard" / "gulou-2023.toml").read_text("utf-8")
    other.write_text(text, "utf-8")
    assert desk.publish(standard=other) == everything
    other.write_text(text.replace('edition = "', 'edition = "又', 1), "utf-8")
    assert desk.publish(standard=other) == everything
    assert desk.publish(standard=other) == set()
    notebook = tmp_path / "school.ipynb"
    notebook.write_bytes(manifest.notebook_of("school").read_bytes() + b"\n")
    stored = manifest.notebook_of
    monkeypatch.setattr(manifest, "notebook_of", lambda kind: notebook if kind == "school" else stored(kind))
    assert desk.publish(standard=other) == {page for page in everything if "/schools/" in page}
    monkeypatch.setattr(manifest, "code_version", lambda: "another")
    assert desk.publish(standard=other) == everything


def test_a_page_deleted_or_changed_by_hand_is_made_again(desk):
    school = sorted(desk.schools(desk.first))[0]
    (desk.out / f"{school}.html").unlink()
    (desk.out / f"{desk.second}/district.html").write_text("mine", "utf-8")
    assert desk.publish() == {school, f"{desk.second}/district"}


def test_an_interrupted_run_goes_on_where_it_stopped(desk):
    everything = desk.pages()
    (desk.out / RECORD).unlink()
    desk.interrupted_after = 7
    with pytest.raises(KeyboardInterrupt):
        desk.publish()
    assert not (desk.out / "index.html").exists()
    assert not (desk.out / LOCK).exists()
    desk.interrupted_after = None
    assert len(desk.publish()) == len(everything) - 7


def test_a_page_that_failed_is_tried_again(desk):
    desk.failing = {"district.html"}
    desk.publish(force=True)
    desk.failing = set()
    assert desk.publish() == {f"{desk.first}/district", f"{desk.second}/district"}


def test_a_confined_run_keeps_what_is_right_and_removes_what_is_not(desk):
    school = sorted(_ids(desk, desk.first))[0]
    assert desk.publish(only=["school"], schools=[school]) == set()
    assert f"schools/{school}.html" in (desk.out / desk.first / "index.html").read_text("utf-8")
    desk.change(
        "facilities",
        lambda f: (f["school_id"] == school) & (f["year"] == 2025),
        sports_ground_m2=lambda f: f["sports_ground_m2"] * 1.01 + 1,
    )
    assert desk.publish(only=["district"]) == {f"{desk.first}/district"}
    index = (desk.out / desk.first / "index.html").read_text("utf-8")
    assert f"schools/{school}.html" not in index
    assert not (desk.out / desk.first / "schools" / f"{school}.html").exists()
    assert all((desk.out / f"{page}.html").exists() for page in desk.schools(desk.second))


def test_a_record_that_cannot_be_read_makes_all_anew(desk):
    everything = desk.pages()
    (desk.out / RECORD).write_text("{", "utf-8")
    assert desk.publish() == everything
    assert len(json.loads((desk.out / RECORD).read_text("utf-8"))["pages"]) == len(everything)


class ReadError(Exception):
    """What was to be known without reading was read."""


@pytest.fixture
def unread(desk, monkeypatch):
    def read(*_):
        raise ReadError

    monkeypatch.setattr(site, "open_context", read)
    return desk


def test_that_nothing_changed_is_known_without_reading_the_data(unread):
    found = publish(unread.source, out=unread.out)
    pages = json.loads((unread.out / RECORD).read_text("utf-8"))["pages"]
    assert (found.index, found.outcomes, found.kept) == (unread.out / "index.html", (), len(pages))
    with pytest.raises(ReadError):
        publish(unread.source, out=unread.out, force=True)


@pytest.mark.parametrize(
    "touched",
    [
        lambda desk: desk.source / "schools.csv",
        lambda desk: desk.source / "corrections.toml",
        lambda desk: desk.out / desk.first / "data.html",
        lambda desk: desk.out / desk.second / "index.html",
        lambda desk: desk.out / "index.html",
        lambda desk: desk.out / RECORD,
    ],
    ids=["data", "corrections", "page", "index", "site's index", "record"],
)
def test_a_byte_more_in_a_file_has_the_data_read(unread, touched):
    with touched(unread).open("ab") as file:
        file.write(b"#")
    with pytest.raises(ReadError):
        unread.publish()


def test_another_code_or_another_request_has_the_data_read(unread, monkeypatch):
    for options in ({"lang": "en"}, {"year": 2025}, {"only": ["school"]}, {"standard": "national-2017"}):
        with pytest.raises(ReadError):
            unread.publish(**options)
    assert unread.publish() == set()
    monkeypatch.setattr(manifest, "code_version", lambda: "another")
    with pytest.raises(ReadError):
        unread.publish()


def test_after_a_run_that_failed_or_was_interrupted_the_data_are_read(desk, monkeypatch):
    desk.failing = {"district.html"}
    desk.publish(force=True)
    monkeypatch.setattr(site, "open_context", lambda *_: pytest.fail("read"))
    with pytest.raises(pytest.fail.Exception, match="read"):
        desk.publish()


@pytest.mark.parametrize("removed", [False, True])
def test_pages_made_while_the_data_changed_are_made_again(desk, removed):
    table = desk.source / "funds.csv"
    before = table.read_bytes()
    desk.meanwhile = lambda: table.unlink() if removed else table.write_bytes(before + b"\n")
    found = publish(desk.source, out=desk.out, force=True)
    assert found.exit_code == 1 and not found.failed
    assert "被改动或移走" in found.summary and "请再运行一次" in found.summary
    assert all(outcome.job.target.exists() for outcome in found.outcomes)
    # A kernel that read in between made pages of other data than those which stand there now.
    table.write_bytes(before)
    desk.meanwhile = lambda: None
    again = publish(desk.source, out=desk.out)
    assert len(again.outcomes) == len(found.outcomes) and again.exit_code == 0
    assert desk.publish() == set()


def test_a_site_within_its_data_is_not_of_what_it_is_made(desk):
    inside = desk.source / "网站"
    first = publish(desk.source, out=inside)
    assert first.exit_code == 0
    assert publish(desk.source, out=inside).kept == len(first.outcomes)


def test_where_no_index_can_be_written_the_pages_that_failed_are_named_too(desk, monkeypatch):
    def full(*_):
        raise WriteError(desk.out / "index.html", OSError(28, "No space left on device"))

    monkeypatch.setattr(site, "districts_index", full)
    desk.failing = {"annual.html"}
    with pytest.raises(QbError, match=r"index\.html（磁盘已满）(?s:.*)，2 页未生成：(?s:.*)年度报告"):
        desk.publish(force=True)
    assert not (desk.out / "index.html").exists()


def test_corrections_beside_a_workbook_are_of_what_its_site_is_made(tmp_path):
    context = tmp_path / "数据.xlsx"
    context.write_bytes(b"1")
    found = [manifest.of_all(context, "gulou-2023")]
    for name in ("数据.corrections.toml", "corrections.toml"):
        (tmp_path / name).write_text("", "utf-8")
        found.append(manifest.of_all(context, "gulou-2023"))
    assert len(set(found)) == 3


def test_files_given_with_the_data_are_of_what_a_site_is_made(tmp_path):
    context, costs = tmp_path / "数据.xlsx", tmp_path / "费用.toml"
    context.write_bytes(b"1")
    found = [manifest.of_all(context, "gulou-2023", [str(costs)])]
    for text in ("a", "b"):
        costs.write_text(text, "utf-8")
        found.append(manifest.of_all(context, "gulou-2023", [str(costs)]))
    assert len(set(found)) == 3


def test_a_year_before_the_first_of_a_district_is_not_on_its_index(tmp_path, sample, monkeypatch):
    first, second = sample.districts
    home = sample["schools"].set_index("school_id")["district"]

    def kept(frame):
        place = frame["district"] if "district" in frame else frame["school_id"].map(home)
        return frame[(frame["year"] != 2024) | (place != second)]

    later = {name: kept(frame) for name, frame in sample.tables.items() if "year" in frame}
    # A school that is silent is taken to be open, and judged as "no data": these had not opened yet.
    schools = sample["schools"].copy()
    schools.loc[schools["district"] == second, "opened_year"] = 2025
    desk = Desk(tmp_path, sample.replace(**later, schools=schools), monkeypatch)
    desk.publish()
    pages = [(desk.out / name / "index.html").read_text("utf-8") for name in (first, second)]
    assert ['href="#y2024"' in page and 'id="y2024"' in page for page in pages] == [True, False]


# One at a time


def test_a_second_publication_in_the_same_folder_is_refused_in_a_sentence(desk):
    with locked(desk.out), pytest.raises(QbError, match=f"另一个 qb publish（进程 {os.getpid()}）正在写入"):
        desk.publish()


def test_the_lock_of_a_process_that_is_gone_does_not_count(desk):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (desk.out / LOCK).write_text(f"{gone.pid} {os.uname().nodename}", "utf-8")
    assert desk.publish() == set()
    assert not (desk.out / LOCK).exists()


# PageDigests


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": ["甲\n乙", "丙"]}, {"a": ["甲", "乙\n丙"]}),
        ({"a": ["甲", "乙"], "b": ["", "x"]}, {"a": ["甲", "乙x"], "b": ["", ""]}),
        ({"a": ["1:x", "y"]}, {"a": ["1", ":xy"]}),
        ({"a": pd.Series(["", "甲"], dtype="str")}, {"a": pd.Series([None, "甲"], dtype="str")}),
        ({"a": pd.Series([True, "甲"], dtype=object)}, {"a": pd.Series([1, "甲"], dtype=object)}),
        ({"a": pd.Series(["None"], dtype=object)}, {"a": pd.Series([None], dtype=object)}),
        ({"a": [2**53, 1]}, {"a": [2**53 + 1, 1]}),
    ],
    ids=["lines", "columns", "lengths", "empty", "true", "none", "large"],
)
def test_rows_that_say_different_things_have_different_digests_of_128_bits(one, other):
    made = [data_digests._Rows(pd.DataFrame(columns)) for columns in (one, other)]
    assert made[0].all() != made[1].all()
    assert made[0]._rows.shape == (len(one["a"]), 128 // 8)
    assert made[0].all() == data_digests._Rows(pd.DataFrame(one)).all()


def test_the_spelling_of_a_column_in_the_fingerprint_is_of_no_other_column():
    one, other = (pd.Series(texts, dtype="str") for texts in (["甲\n乙", "丙"], ["甲", "乙\n丙"]))
    assert data_digests._bytes(one) != data_digests._bytes(other)


def test_a_school_page_is_made_of_its_slice_alone(sample, tmp_path):
    """All that is outside the slice may be anything: the page shows the same."""
    write(sample, tmp_path / "data")
    context = open_context(tmp_path / "data", 2025)
    whole = context.assessment
    school = whole.rows["school_id"].iloc[0]
    own = whole.rows["school_id"] == school
    peers = (whole.rows["district"] == whole.rows["district"][own].iloc[0]) & whole.rows["stage"].isin(
        whole.rows["stage"][own]
    )
    rows = whole.rows[peers].copy()
    for column in rows.columns.difference(
        ["district", "school_id", "stage", *data_digests._of_peers(whole.standard.resource_codes)]
    ):
        rows[column] = rows[column].where(rows["school_id"] == school, rows[column].iloc[-1])
    frames = {
        name: frame[frame["school_id"] == school]
        for name in ("findings", "shortfalls", "warnings", "excluded")
        for frame in (getattr(whole, name),)
    }
    sliced = dataclasses.replace(
        context, assessment=dataclasses.replace(whole, rows=rows, **frames, indicators=None, areas=None)
    )
    # The numbers of its problems are those of the district's ledger.
    home = context.ledger["district"] == whole.rows["district"][own].iloc[0]
    sliced.__dict__["ledger"] = context.ledger[home.to_numpy()]
    assert _html(SchoolReport(sliced, school)) == _html(SchoolReport(context, school))


def test_two_books_of_the_same_data_have_the_same_slices(sample, tmp_path):
    write(sample, tmp_path / "data")
    one, other = (PageDigests(open_context(tmp_path / "data", 2025)) for _ in range(2))
    assert one.of_data(sample.districts[0]) == other.of_data(sample.districts[0])


def _html(page: SchoolReport) -> list[str]:
    lists = (page.profiles(), page.seven_tables(), page.strips())
    single = (page.title, page.cards, page.headlines, page.shortfalls, page.findings, page.measures)
    blocks = [block for blocks in lists for block in blocks] + [make() for make in (*single, page.warnings)]
    return [block._repr_html_() for block in blocks]


def _ids(desk: Desk, district: str) -> list[str]:
    rows = desk.context().assessment.rows
    return list(rows["school_id"][rows["district"] == district].unique())


# What the folder holds is an input: a page counts where it is read back, and the record is not believed.


def test_pages_that_vanish_under_the_run_are_not_counted_and_are_made_by_the_next(desk):
    stored = manifest.Record.put

    def put(record, target, *of):
        if "schools" in target.parts:
            target.unlink()
        stored(record, target, *of)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest.Record, "put", put)
        found = publish(desk.source, out=desk.out, force=True)
    gone = {o.job.target for o in found.failed}
    assert gone == {path for o in found.outcomes if "schools" in (path := o.job.target).parts}
    assert found.exit_code == 1 and f"已生成 {len(found.outcomes) - len(gone)} 页" in found.summary
    assert "又从网站文件夹中消失" in found.summary
    assert not gone & {
        desk.out / name for name in json.loads((desk.out / RECORD).read_text("utf-8"))["pages"]
    }
    again = publish(desk.source, out=desk.out)
    assert {o.job.target for o in again.outcomes} == gone and again.exit_code == 0


def test_an_entry_with_an_empty_digest_of_a_page_that_is_not_there_blocks_no_other_data(desk, tmp_path):
    page = next((desk.out / desk.first / "schools").iterdir())
    page.unlink()
    record = json.loads((desk.out / RECORD).read_text("utf-8"))
    record["pages"][page.relative_to(desk.out).as_posix()]["page"] = ""  # as an older version wrote
    (desk.out / RECORD).write_text(json.dumps(record), "utf-8")
    assert desk.publish() == {page.relative_to(desk.out).with_suffix("").as_posix()}
    write(make(schools=6, districts=1, years=[2025], seed=7), tmp_path / "别的数据")
    assert publish(tmp_path / "别的数据", out=desk.out).exit_code == 0


def test_a_pipe_in_a_pages_place_makes_nobody_wait_and_is_no_page(desk):
    page = next((desk.out / desk.first / "schools").iterdir())
    page.unlink()
    os.mkfifo(page)
    desk.failing = {page.name}
    found = publish(desk.source, out=desk.out)
    assert [o.job.target for o in found.failed] == [page]


ODD_NAMES = (
    "/outside.html", "../outside.html", "a/../../outside.html", "linked/inside.html", "a\x00.html",
    "\udc80.html", "a" * 5000 + ".html", "甲/" * 900 + "a.html", "C:\\outside.html", "", ".", "notes.txt",
    "a//b.html",
)  # fmt: skip


def noted(folder: Path, names, page: str) -> Record:
    """Return the record of a folder that names these, each as a page of this digest."""
    entry = {"content": "x", "frame": "x", "page": page}
    whole = {"of": "all", "pages": 1, "indexes": dict.fromkeys(names, page)}
    text = json.dumps({"pages": dict.fromkeys(names, entry), "whole": whole})
    (folder / RECORD).write_text(text, "utf-8")
    (folder / JOURNAL).write_text("".join(json.dumps([name, entry]) + "\n" for name in names), "utf-8")
    return Record(folder)


def test_names_in_a_tampered_record_read_and_delete_nothing_outside(tmp_path):
    folder, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    victims = [tmp_path / "outside.html", elsewhere / "inside.html", folder / "notes.txt"]
    for victim in victims:
        victim.write_text("not ours", "utf-8")
    (folder / "ours.html").write_text("not ours", "utf-8")
    (folder / "linked").symlink_to(elsewhere)
    names = (*ODD_NAMES, str(victims[0]), "ours.html")
    noted(folder, names, manifest.digest(b"not ours")).clear_but(set())
    assert all(victim.read_text("utf-8") == "not ours" for victim in victims)
    assert not (folder / "ours.html").exists()  # as a page that nobody wants any more
    assert noted(folder, names, manifest.digest(b"not ours")).kept("all") == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"pages": ' + "[" * 100_000, "嵌套太深"),
        ("{", "不是 qb 写的样子"),
        ('{"pages": []}', "不是 qb 写的样子"),
        ('{"pages": {}, "whole": 7}', ""),
        ('{"pages": {"a.html": {"page": 1}, "b.html": [], "c.html": {"x": "y"}}}', ""),
        (" " * 300_000, "太大"),
        ("\\ud800", "不是 qb 写的样子"),
    ],
)
def test_a_record_that_is_none_is_refused_in_a_sentence_and_counts_for_nothing(
    tmp_path, monkeypatch, text, reason
):
    monkeypatch.setattr(manifest, "RECORD_MOST", 200_000)
    (tmp_path / RECORD).write_text(text, "utf-8")
    (tmp_path / JOURNAL).write_text("[" * 100_000, "utf-8")
    record = Record(tmp_path)
    assert reason in record.refused and (RECORD in record.refused) == bool(reason)
    record.clear_but(set())
    record.save()
    assert json.loads((tmp_path / RECORD).read_text("utf-8")) == {"pages": {}, "whole": None}


@pytest.mark.parametrize("put", ["link", "pipe", "folder"])
@pytest.mark.parametrize("name", [LOCK, JOURNAL, RECORD])
def test_what_the_folder_keeps_is_no_link_no_pipe_and_no_folder(tmp_path, name, put):
    victim, folder = tmp_path / "victim", tmp_path / "site"
    victim.write_text("precious", "utf-8")
    folder.mkdir()
    {
        "link": lambda: (folder / name).symlink_to(victim),
        "pipe": lambda: os.mkfifo(folder / name),
        "folder": lambda: (folder / name).mkdir(),
    }[put]()
    (folder / "a.html").write_text("page", "utf-8")
    try:
        with locked(folder):
            record = Record(folder)
            record.put(folder / "a.html", "x", "x")
            assert record.stands(folder / "a.html")
            record.save()
    except QbError as refusal:
        assert str(folder) in str(refusal) and (name == LOCK or put == "folder")
    else:
        assert name != LOCK
    assert victim.read_text("utf-8") == "precious"


def test_a_file_is_made_beside_under_a_name_that_no_link_holds(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("precious", "utf-8")
    monkeypatch.setattr(files, "uuid4", lambda: SimpleNamespace(hex="0" * 32))
    for content in ("new", lambda path: path.write_text("new", "utf-8")):
        files._part(tmp_path / "a.html").symlink_to(victim)
        with pytest.raises(WriteError):
            files.write_whole(tmp_path / "a.html", content)
    assert victim.read_text("utf-8") == "precious"
