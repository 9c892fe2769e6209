"""Where a folder is read-only or a disk full, every command says so, and leaves nothing half made."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import pytest
from refusing import commands

from qb.data.reading import write
from qb.data.sample import make

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are those of Linux")
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1
SAID = {"read-only": ("没有权限",), "full": ("文件超过允许的大小", "磁盘读写出错")}  # older lxml says no more


def ordinary() -> None:
    """Let what this process becomes obey permissions, though its user be root."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


@pytest.fixture(scope="module", params=SAID)
def ended(request, tmp_path_factory):
    """Return what was refused, the folder, and how each command ended."""
    home = tmp_path_factory.mktemp("refusing")
    place, book = home / "place", home / "book.xlsx"
    write(make(schools=3, districts=1, years=[2025], seed=1), book, "xlsx")
    place.mkdir()
    if request.param == "read-only":
        place.chmod(0o555)
    script = Path(__file__).with_name("refusing.py")
    done = subprocess.run(
        [sys.executable, script, place, book, request.param],
        capture_output=True, text=True, encoding="utf-8", preexec_fn=ordinary,
    )  # fmt: skip
    place.chmod(0o755)
    assert done.returncode == 0, done.stderr
    found = {name: (code, said) for name, code, said in map(json.loads, done.stdout.splitlines())}
    return request.param, place, found, done.stderr


@pytest.mark.parametrize("name", commands(Path(), Path()))
def test_a_command_that_may_not_write_says_so_in_a_sentence(ended, name):
    refusal, place, found, _ = ended
    code, said = found[name]
    assert code == 1
    assert "Traceback" not in said and "Error:" not in said
    last = said[said.index("错误：") :]
    assert any(words in last for words in SAID[refusal]) and str(place) in last


def test_nothing_else_is_said_and_no_file_is_left(ended):
    _, place, _, heard = ended
    assert "Traceback" not in heard
    assert [path for path in place.rglob("*") if path.is_file()] == []


def test_a_full_disk_names_every_page_that_was_not_made(ended):
    refusal, _, found, _ = ended
    said = found["publish"][1]
    if refusal == "full":
        _, missing = said.split("2 页未生成", 1)
        assert {name for name in ("district", "data") if f"{name}.html（文件超过允许的大小）" in missing} == {
            "district",
            "data",
        }
