"""A page printed by a real browser: text that can be selected, no empty page, no other machine asked."""

import os
import re
import stat
import unicodedata
from pathlib import Path

import pytest

from qb.errors import QbError
from qb.publish import attachments
from qb.publish.attachments import find_chromium, write_pdf
from qb.publish.page import Page, notebook_page

BROWSER = find_chromium()
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="No Chromium was found; on Debian: apt-get install chromium fonts-noto-cjk."
)
PAGE = Page("古城区年度报告", "zh", "古城区 · 2025—2026学年", True)


def page(folder: Path, paragraphs: int = 3) -> Path:
    """Write a page of the site's theme with so many paragraphs."""
    import nbformat

    cells = [nbformat.v4.new_markdown_cell(f"## 第{i}节\n\n生均面积低于标准。") for i in range(paragraphs)]
    target = folder / "年度 报告.html"
    target.write_text(notebook_page(nbformat.v4.new_notebook(cells=cells), PAGE), encoding="utf-8")
    return target


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdf")
    target = folder / "年度 报告.pdf"
    write_pdf(page(folder, 40), target)
    return target


@pytest.fixture(scope="module")
def sheets(printed):
    pypdf = pytest.importorskip("pypdf")
    return pypdf.PdfReader(printed).pages


@needs_browser
def test_chinese_text_can_be_selected(sheets):
    found = "".join(sheet.extract_text() for sheet in sheets)
    # Fonts give 生 and the radical ⽣ one glyph, and browsers may name either: readers take them for one.
    text = "".join(unicodedata.normalize("NFKC", found).split())
    assert "古城区年度报告" in text
    assert text.count("生均面积低于标准。") == 40


@needs_browser
def test_each_heading_has_a_bookmark_and_what_is_read_out_has_tags(printed):
    reader = pytest.importorskip("pypdf").PdfReader(printed)
    title, chapters = reader.outline
    # Chromium says a heading twice that it laid out on two sheets before it found its place.
    found = [re.sub(r"^(.+)\1$", r"\1", entry["/Title"]) for entry in (title, *chapters)]
    assert found == ["古城区年度报告", *(f"第{i}节" for i in range(40)), "数据与方法"]
    assert reader.root_object["/MarkInfo"]["/Marked"]


@needs_browser
def test_no_page_is_empty_and_paper_is_a4(sheets):
    assert len(sheets) > 1
    assert all(len(sheet.extract_text().strip()) > 40 for sheet in sheets)
    # 210 mm and 297 mm in points
    assert {(round(float(s.mediabox.width)), round(float(s.mediabox.height))) for s in sheets} <= {
        (595, 842), (595, 841), (596, 842),
    }  # fmt: skip


@needs_browser
def test_the_browser_adds_no_address_and_leaves_nothing_behind(printed, sheets):
    assert not [sheet for sheet in sheets if "file://" in sheet.extract_text()]
    assert sorted(each.name for each in printed.parent.iterdir()) == ["年度 报告.html", "年度 报告.pdf"]


def test_without_a_browser_a_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(attachments, "find_chromium", lambda: None)
    with pytest.raises(QbError, match="没有找到 Chromium、Chrome 或 Edge"):
        write_pdf(page(tmp_path), tmp_path / "a.pdf")


@pytest.fixture
def a_browser(tmp_path, monkeypatch):
    """Put a program of this text in the place of the browser."""
    if os.name == "nt":
        pytest.skip("Shell scripts do not run here.")

    def put(script: str) -> None:
        program = tmp_path / "browser"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setattr(attachments, "find_chromium", lambda: program)

    return put


def test_a_browser_that_makes_nothing_is_quoted_and_an_old_file_stays(tmp_path, a_browser):
    a_browser("echo out of memory >&2; exit 1")
    target = tmp_path / "a.pdf"
    target.write_bytes(b"old")
    with pytest.raises(QbError, match=r"没有生成 年度 报告\.html 的 PDF（out of memory）"):
        write_pdf(page(tmp_path), target)
    assert target.read_bytes() == b"old"


def test_a_browser_that_does_not_end_is_stopped(tmp_path, a_browser):
    a_browser("exec sleep 60")
    with pytest.raises(QbError, match="1 秒内没有生成"):
        write_pdf(page(tmp_path), tmp_path / "a.pdf", seconds=1)
    assert not (tmp_path / "a.pdf").exists()


def test_the_browser_is_kept_from_other_machines_and_the_users_profile(tmp_path, a_browser):
    a_browser(f'for each in "$@"; do echo "$each" >> "{tmp_path}/asked"; done; exit 0')
    with pytest.raises(QbError):
        write_pdf(page(tmp_path), tmp_path / "a.pdf")
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    (profile,) = [each.partition("=")[2] for each in asked if each.startswith("--user-data-dir=")]
    assert not Path(profile).exists()  # thrown away
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in asked
    assert "--no-pdf-header-footer" in asked
    assert asked[-1].startswith("file:///")


def test_a_page_that_is_not_there_is_told(tmp_path, a_browser):
    a_browser("exit 0")
    with pytest.raises(QbError, match="没有页面"):
        write_pdf(tmp_path / "none.html", tmp_path / "a.pdf")


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("darwin", "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("win32", "Microsoft/Edge/Application/msedge.exe"),
    ],
)
def test_a_browser_is_found_where_it_is_usually_installed(tmp_path, monkeypatch, platform, place):
    installed = tmp_path / place
    installed.parent.mkdir(parents=True)
    installed.touch()
    monkeypatch.setattr(attachments.shutil, "which", lambda command: None)
    monkeypatch.setattr(attachments.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("PROGRAMFILES", str(tmp_path))
    assert find_chromium() == installed
