"""What goes with the pages: made when asked for, kept while right, gone when stale, each fault named."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import zipfile
from urllib.parse import unquote

import pandas as pd
import pytest
from openpyxl import load_workbook

from qb.data.reading import write
from qb.data.sample import make
from qb.publish import attachments, site
from qb.publish.api import publish
from qb.publish.jobs import JobOutcome
from qb.report.forms import FORMS, LEDGER, POLICIES
from qb.standard import files_of

DOCUMENTS = ("年度报告.docx", "年度报告.pdf", "领导一页纸.docx", "数据包.zip")


@pytest.fixture(scope="module")
def sample():
    return make(schools=6, years=[2024, 2025])


def _write_pages(jobs, told, **_):
    outcomes = [JobOutcome(job, 0.1) for job in jobs]
    for outcome in outcomes:
        outcome.job.target.write_text("<!DOCTYPE html>", "utf-8")
        told(outcome)
    return outcomes


def _stand_ins(patch):
    """Have a line of text stand in for the page and for each document."""
    patch.setattr(site, "run", _write_pages)
    patch.setattr(attachments, "find_chromium", lambda: True)
    patch.setattr(attachments, "write_pdf", lambda page, path: path.write_bytes(page.read_bytes()[:9]))
    patch.setattr(
        "qb.publish.notebook_to_word.write_word",
        lambda job, **_: job.target.write_text(job.page.title, "utf-8"),
    )
    # Not in processes of their own, which would not know the stand-ins.
    patch.setattr(
        site,
        "make_files",
        lambda todo, held, _: [pair for one in todo for pair in attachments._make(one, held)],
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory, sample):
    """Publish the annual report alone with its files, once: what was made, where, and a copy of it."""
    home = tmp_path_factory.mktemp("files") / "home"
    write(sample, home / "数据")
    with pytest.MonkeyPatch.context() as patch:
        _stand_ins(patch)
        made = publish(home / "数据", out=home / "site", only=["annual"], files=True)
    return made, home, shutil.copytree(home, home.with_name("copy"))


@pytest.fixture
def go(first, monkeypatch):
    """Publish again, beginning from what was made at first, or with `new` from nothing."""
    _stand_ins(monkeypatch)
    _, home, copy = first
    shutil.rmtree(home)
    shutil.copytree(copy, home)

    def run(changed=None, *, new=False, **options):
        if changed is not None:
            write(changed, run.data, replace=True)
        if new:
            shutil.rmtree(home / "site")
        return publish(run.data, out=home / "site", only=["annual"], **options)

    run.data, run.folder = home / "数据", home / "site" / "附件"
    return run


def listed(made) -> set[str]:
    links = re.findall(r'href="([^"#]+)"', made.index.read_text("utf-8"))
    return {
        unquote(link).split("/")[1] for link in links if "/" in unquote(link) and not link.startswith("http")
    }


def test_no_file_is_made_unless_asked_for(go):
    made = go(new=True)
    assert made.files == {}
    assert not go.folder.exists()
    assert listed(made) == set()


def test_seven_files_are_made_and_listed_on_the_index(first, go):
    made, *_ = first
    assert {path.name for path in made.files} == {FORMS, LEDGER, POLICIES, *DOCUMENTS}
    assert set(made.files.values()) == {""}
    assert listed(made) == {path.name for path in go.folder.iterdir()} == {path.name for path in made.files}
    assert (go.folder / "年度报告.pdf").read_text("utf-8") == "<!DOCTYPE"
    assert "表III 校际均衡" in load_workbook(go.folder / FORMS).sheetnames
    assert "一页纸" in (go.folder / "领导一页纸.docx").read_text("utf-8")
    assert "已生成附件 7 个" in made.summary


def test_files_stand_while_they_are_right_and_go_when_they_are_not(go, sample):
    times = {path: path.stat().st_mtime_ns for path in go.folder.iterdir()}
    assert go(files=True).files == {}
    assert listed(go()) == {path.name for path in times}  # not asked for, and still right
    assert {path: path.stat().st_mtime_ns for path in times} == times
    sections = sample["sections"]
    changed = sample.replace(sections=sections.assign(pupils=sections["pupils"] + 1))
    assert listed(go(changed)) == set()  # they would show last week's figures
    assert list(go.folder.iterdir()) == []


def test_a_file_that_was_removed_is_made_again(go):
    (go.folder / LEDGER).unlink()
    made = go(files=True)
    assert (go.folder / LEDGER).exists()
    assert made.exit_code == 0


def test_a_workbook_in_which_somebody_has_written_is_never_replaced(go):
    paths = [go.folder / name for name in (FORMS, LEDGER, POLICIES)]
    for path in paths:
        book = load_workbook(path)
        book.worksheets[-1]["T99"] = "逐校落实"
        book.save(path)
    written = [path.read_bytes() for path in paths]
    for year in (2024, 2025):  # and not the time after, either
        (go.folder.parent / "run.json").unlink()  # nor where what qb knew of the folder is lost
        made = go(make(schools=6, years=[2023, year]), files=True)
        assert [path.read_bytes() for path in paths] == written
        assert all(f"{path.name} 已有人填写或修改" in made.summary for path in paths)
        assert made.exit_code == 1
    for path in paths:
        path.rename(path.with_name(f"已填{path.name}"))
    assert "已有人填写" not in go(files=True).summary and all(path.exists() for path in paths)


def test_a_file_that_is_none_of_ours_is_never_replaced_and_one_in_which_nobody_wrote_is(go):
    (go.folder / FORMS).write_bytes(b"another office's")
    before = (go.folder / LEDGER).stat().st_mtime_ns
    (go.folder.parent / "run.json").unlink()
    made = go(files=True)
    assert (go.folder / FORMS).read_bytes() == b"another office's"
    assert {path.name for path, wrong in made.files.items() if wrong} == {FORMS}
    assert (go.folder / LEDGER).stat().st_mtime_ns > before  # made anew: it is as qb left it


def test_where_no_browser_is_installed_the_pdf_alone_is_missing_and_the_reason_said(go, monkeypatch):
    monkeypatch.setattr(attachments, "find_chromium", lambda: None)
    made = go(new=True, files=True)
    assert made.exit_code == 1
    assert {path.name for path, wrong in made.files.items() if wrong} == {"年度报告.pdf"}
    assert "附件 年度报告.pdf 未生成：没有找到 Chromium、Chrome 或 Edge" in made.summary
    assert listed(made) == {FORMS, LEDGER, POLICIES, *DOCUMENTS} - {"年度报告.pdf"}


# The data package


def package(path):
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(files["datapackage.json"]), files


def test_the_data_package_describes_every_file_it_holds(go):
    described, files = package(go.folder / "数据包.zip")
    beside = {"datapackage.json", "README.md"}
    assert {one["path"] for one in described["resources"]} == set(files) - beside
    for one in described["resources"]:
        assert one["hash"] == f"sha256:{hashlib.sha256(files[one['path']]).hexdigest()}"
        assert one["bytes"] == len(files[one["path"]])
    assert {"national-2017.toml", "gulou-2023.toml"} <= set(files)
    assert "模拟数据" in described["description"] and "模拟数据" in files["README.md"].decode()


def test_the_package_says_who_publishes_it_under_which_licence_and_is_made_again_when_that_changes(go):
    plain = package(go.folder / "数据包.zip")
    assert "contributors" not in plain[0] and "使用前请征得同意" in plain[1]["README.md"].decode()
    (go.data / "site.toml").write_text(
        'office = "甲区教体局"\ncontact = "督导室"\nnext_date = "2026-11-30"\nlicence = "注明来源即可使用"\n',
        "utf-8",
    )
    go(files=True)
    described, files = package(go.folder / "数据包.zip")
    assert described["contributors"] == [{"title": "甲区教体局", "role": "publisher"}]
    told = files["README.md"].decode()
    for line in (
        "引用格式：",
        "许可：注明来源即可使用",
        "发布单位：甲区教体局",
        "联系方式：督导室",
        "下次更新：2026-11-30",
    ):
        assert f"\n{line}" in told
    # Only CSV files are tables to Frictionless: its reader of parquet counts no bytes.
    kinds = {(one["format"], one["type"]) for one in described["resources"]}
    assert kinds == {("csv", "table"), ("parquet", "file"), ("toml", "file")}


def test_its_tables_are_the_districts_own_with_types_and_units(go, sample):
    described, files = package(go.folder / "数据包.zip")
    (sections,) = [one for one in described["resources"] if one["path"] == "sections.csv"]
    as_csv = pd.read_csv(io.BytesIO(files["sections.csv"]), dtype={"school_id": str})
    as_parquet = pd.read_parquet(io.BytesIO(files["sections.parquet"]))
    fields = {one["name"]: one for one in sections["schema"]["fields"]}
    assert list(fields) == list(as_csv.columns) == list(as_parquet.columns)
    assert as_csv["school_id"].tolist() == sample["sections"]["school_id"].tolist()  # zeros in front are kept
    assert as_csv["pupils"].sum() == as_parquet["pupils"].sum() == sample["sections"]["pupils"].sum()
    assert (fields["school_id"]["type"], fields["pupils"]["type"], fields["year"]["type"]) == (
        "string",
        "number",
        "year",
    )


def test_the_same_data_give_the_same_package(go):
    first = (go.folder / "数据包.zip").read_bytes()
    go(files=True, force=True)
    assert (go.folder / "数据包.zip").read_bytes() == first


def test_sizes_of_classes_that_are_kept_back_are_kept_back_here_too(go, sample, tmp_path):
    text = (files_of("gulou-2023")[0]).read_text("utf-8") + "\n[rules.publication]\nsmallest_class = 41\n"
    (tmp_path / "kept.toml").write_text(text, encoding="utf-8")
    go(files=True, standard=str(tmp_path / "kept.toml"))
    _, files = package(go.folder / "数据包.zip")
    shown = pd.read_parquet(io.BytesIO(files["classes.parquet"]))
    keys = ["year", "school_id", "stage", "grade", "class_no"]
    both = sample["classes"][[*keys, "pupils"]].astype({"stage": str, "grade": str, "class_no": str})
    both = both.merge(shown[[*keys, "pupils"]].astype({"stage": str, "grade": str, "class_no": str}), on=keys)
    assert len(both) == len(shown) and (both["pupils_x"] < 41).any()
    assert both.loc[both["pupils_x"] < 41, "pupils_y"].isna().all()
    # What a section has in all less what is shown never tells a single class, unless it has no other.
    of_section = both.assign(back=both["pupils_y"].isna()).groupby(["year", "school_id", "stage"])["back"]
    alone = (of_section.sum() == 1) & (of_section.size() > 1)
    assert not alone.any()
