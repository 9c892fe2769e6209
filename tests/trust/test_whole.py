"""What is written stands whole, or what stood there stands; a disk that refuses is named in a sentence."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from qb import files
from qb.errors import QbError
from qb.files import WriteError, clear_parts, write_folder, write_whole
from qb.publish.manifest import locked

linux = pytest.mark.skipif(sys.platform != "linux", reason="folders change places in one step on Linux alone")


def gone() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@linux
def test_a_writing_killed_at_any_moment_leaves_the_old_or_the_new(tmp_path):
    script = Path(__file__).with_name("moments.py")
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == ["csv", "parquet", "template", "workbook", "marked", "text"]


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_makes_is_not(tmp_path):
    dead, living = gone(), os.getppid()
    left = tmp_path / f".a.toml.{dead}-0123abcd.part"
    left.write_text("half")
    (tmp_path / f".data.{dead}-0123abcd.part").mkdir()
    (tmp_path / f".data.{dead}-0123abcd.part" / "x.csv").write_text("half")
    theirs = tmp_path / f".a.toml.{living}-0123abcd.part"
    theirs.write_text("at work")
    mine = tmp_path / ".a.toml.part"  # of no pattern of ours
    mine.write_text("mine")
    write_whole(tmp_path / "a.toml", "new")
    assert {path.name for path in tmp_path.iterdir()} == {"a.toml", theirs.name, mine.name}


def test_a_folder_set_aside_by_a_killed_process_is_put_back(tmp_path):
    aside = tmp_path / f".data.{gone()}-0123abcd.old"
    aside.mkdir()
    (aside / "x.csv").write_text("old")
    clear_parts(tmp_path)
    assert (tmp_path / "data" / "x.csv").read_text() == "old"


def test_where_folders_cannot_change_places_the_new_one_takes_it_all_the_same(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(files, "_renamed_at_once", refuse)
    for text in ("old", "new"):
        write_folder(tmp_path / "data", lambda made, text=text: (made / "x.csv").write_text(text))
    assert (tmp_path / "data" / "x.csv").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_disk_that_is_full_is_named_and_the_old_file_stands(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # no file may be longer
    try:
        with pytest.raises(WriteError, match=r"无法写入 .*a\.toml（文件超过允许的大小）。请检查磁盘空间"):
            write_whole(path, "x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.toml"]


def test_a_folder_where_nothing_can_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError, match="无法写入"):
        write_whole(tmp_path / "file" / "a.toml", "x")


HOLD = """
import sys, time
from pathlib import Path
from qb.publish.manifest import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_of_two_processes_one_has_the_folder_until_it_ends_however_it_ends(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(QbError, match=f"另一个 qb publish（进程 {other.pid}）正在写入"), locked(tmp_path):
            pass
        other.kill()
        other.wait()
    (tmp_path / f".index.html.{other.pid}-0123abcd.part").write_text("half")
    with locked(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".qb.lock"]
    assert not list(tmp_path.iterdir())


class Windows:
    """Its locks, as its documentation has them: so many bytes from where the file stands, or an error."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: set[int] = set()

    def locking(self, number: int, mode: int, count: int) -> None:
        at = os.lseek(number, 0, os.SEEK_CUR)
        if (mode, count) != (self.LK_NBLCK, 1) or at in self.held:
            raise PermissionError(13, "Permission denied")
        self.held.add(at)


def test_where_windows_locks_bytes_the_second_reads_who_the_first_is(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "msvcrt", Windows())
    monkeypatch.setattr("qb.publish.manifest.sys", SimpleNamespace(platform="win32"))
    with locked(tmp_path):
        # A locked byte cannot be read on Windows: the owner's name lies before it.
        assert (tmp_path / ".qb.lock").stat().st_size < min(sys.modules["msvcrt"].held)
        with (
            pytest.raises(QbError, match=f"另一个 qb publish（进程 {os.getpid()}）正在写入"),
            locked(tmp_path),
        ):
            pass
