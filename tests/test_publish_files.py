"""What goes with the pages: made when asked for, kept while right, gone when stale, each fault named."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook

from qb.data.reading import write
from qb.data.sample import make
from qb.publish import attachments, site
from qb.publish.api import publish
from qb.publish.jobs import Outcome
from qb.report.forms import FORMS, LEDGER, POLICIES

DOCUMENTS = ("年度报告.docx", "年度报告.pdf")


@pytest.fixture(scope="module")
def sample():
    return make(schools=6, years=[2024, 2025])


def _write_pages(jobs, told, **_):
    outcomes = [Outcome(job, 0.1) for job in jobs]
    for outcome in outcomes:
        outcome.job.target.write_text("<!DOCTYPE html>", "utf-8")
        told(outcome)
    return outcomes


@pytest.fixture
def go(tmp_path, sample, monkeypatch):
    """Publish the annual report alone; the page and the two documents are stood in for by a line of text."""
    monkeypatch.setattr(site, "run", _write_pages)
    monkeypatch.setattr(attachments, "find_chromium", lambda: True)
    monkeypatch.setattr(attachments, "write_pdf", lambda page, path: path.write_bytes(page.read_bytes()[:9]))
    monkeypatch.setattr(
        "qb.publish.word_export.write_word", lambda job: job.target.write_text(job.page.title, "utf-8")
    )
    # Not in processes of their own, which would not know the stand-ins.
    monkeypatch.setattr(
        site,
        "make_files",
        lambda todo, held, _: [pair for one in todo for pair in attachments._make(one, held)],
    )
    data = tmp_path / "数据"
    write(sample, data)

    def run(changed=None, **options):
        if changed is not None:
            write(changed, data, replace=True)
        return publish(data, out=tmp_path / "site", only=["annual"], **options)

    run.folder = tmp_path / "site" / "附件"
    return run


def listed(made) -> set[str]:
    links = re.findall(r'href="([^"#]+)"', made.index.read_text("utf-8"))
    return {
        unquote(link).split("/")[1] for link in links if "/" in unquote(link) and not link.startswith("http")
    }


def test_no_file_is_made_unless_asked_for(go):
    made = go()
    assert made.files == {}
    assert not go.folder.exists()
    assert listed(made) == set()


def test_five_files_are_made_and_listed_on_the_index(go):
    made = go(files=True)
    assert {path.name for path in made.files} == {FORMS, LEDGER, POLICIES, *DOCUMENTS}
    assert set(made.files.values()) == {""}
    assert listed(made) == {path.name for path in go.folder.iterdir()} == {path.name for path in made.files}
    assert (go.folder / "年度报告.pdf").read_text("utf-8") == "<!DOCTYPE"
    assert "表III 校际均衡" in load_workbook(go.folder / FORMS).sheetnames
    assert "已生成附件 5 个" in made.summary


def test_files_stand_while_they_are_right_and_go_when_they_are_not(go, sample):
    first = go(files=True)
    times = {path: path.stat().st_mtime_ns for path in first.files}
    assert go(files=True).files == {}
    assert listed(go()) == {path.name for path in times}  # not asked for, and still right
    assert {path: path.stat().st_mtime_ns for path in times} == times
    sections = sample["sections"]
    changed = sample.replace(sections=sections.assign(pupils=sections["pupils"] + 1))
    assert listed(go(changed)) == set()  # they would show last week's figures
    assert list(go.folder.iterdir()) == []


def test_a_file_that_was_removed_is_made_again(go):
    go(files=True)
    (go.folder / LEDGER).unlink()
    made = go(files=True)
    assert (go.folder / LEDGER).exists()
    assert made.exit_code == 0


def test_where_no_browser_is_installed_the_pdf_alone_is_missing_and_the_reason_said(go, monkeypatch):
    monkeypatch.setattr(attachments, "find_chromium", lambda: None)
    made = go(files=True)
    assert made.exit_code == 1
    assert {path.name for path, wrong in made.files.items() if wrong} == {"年度报告.pdf"}
    assert "附件 年度报告.pdf 未生成：没有找到 Chromium、Chrome 或 Edge" in made.summary
    assert listed(made) == {FORMS, LEDGER, POLICIES, "年度报告.docx"}
