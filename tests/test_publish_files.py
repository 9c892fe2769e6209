"""What goes with the pages: made when asked for, kept while right, gone when stale, each fault named."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook

from qb.dataset import write
from qb.forms.entry import FORMS, LEDGER, POLICIES
from qb.publish import files, publish
from qb.sample import make

DOCUMENTS = ("年度报告.docx", "年度报告.pdf")


@pytest.fixture(scope="module")
def sample():
    return make(schools=6, years=[2024, 2025])


@pytest.fixture
def go(tmp_path, sample, monkeypatch):
    """Publish the annual report alone; the two documents are stood in for by a line of text."""
    monkeypatch.setattr(files, "make_files", None)  # its processes would not know the stand-ins
    monkeypatch.setattr(files, "find_chromium", lambda: True)
    monkeypatch.setattr(files, "write_pdf", lambda page, path: path.write_bytes(page.read_bytes()[:9]))
    monkeypatch.setattr(
        "qb.publish.word.write_word", lambda job: job.target.write_text(job.page.title, "utf-8")
    )
    monkeypatch.setattr(
        "qb.publish.site.make_files",
        lambda todo, held, _: [pair for one in todo for pair in files._make(one, held)],
    )
    data = tmp_path / "数据"
    write(sample, data)

    def run(changed=None, **options):
        if changed is not None:
            write(changed, data, replace=True)
        return publish(data, out=tmp_path / "site", only=["annual"], **options)

    run.folder = tmp_path / "site" / "附件"
    return run


def listed(site) -> set[str]:
    links = re.findall(r'href="([^"#]+)"', site.index.read_text("utf-8"))
    return {
        unquote(link).split("/")[1] for link in links if "/" in unquote(link) and not link.startswith("http")
    }


def test_no_file_is_made_unless_asked_for(go):
    site = go()
    assert site.files == {}
    assert not go.folder.exists()
    assert listed(site) == set()


def test_five_files_are_made_and_listed_on_the_index(go):
    site = go(files=True)
    assert {path.name for path in site.files} == {FORMS, LEDGER, POLICIES, *DOCUMENTS}
    assert set(site.files.values()) == {""}
    assert listed(site) == {path.name for path in go.folder.iterdir()} == {path.name for path in site.files}
    assert (go.folder / "年度报告.pdf").read_text("utf-8") == "<!DOCTYPE"
    assert "表III 校际均衡" in load_workbook(go.folder / FORMS).sheetnames
    assert "已生成附件 5 个" in site.summary


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
    site = go(files=True)
    assert (go.folder / LEDGER).exists()
    assert site.exit_code == 0


def test_where_no_browser_is_installed_the_pdf_alone_is_missing_and_the_reason_said(go, monkeypatch):
    monkeypatch.setattr(files, "find_chromium", lambda: None)
    site = go(files=True)
    assert site.exit_code == 1
    assert {path.name for path, wrong in site.files.items() if wrong} == {"年度报告.pdf"}
    assert "附件 年度报告.pdf 未生成：没有找到 Chromium、Chrome 或 Edge" in site.summary
    assert listed(site) == {FORMS, LEDGER, POLICIES, "年度报告.docx"}
