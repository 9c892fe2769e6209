"""Streams that are closed, folders that are gone, few handles, names that are no text: work or a sentence."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from clock import allowed

from qb import files
from qb.cli import main
from qb.errors import plain
from qb.files import shipped, temporary_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and signals are those of Linux")
QB = (sys.executable, "-P", "-m", "qb")
SHOW = ("standard", "diff", "basic-2012", "basic-2012")  # the lightest that prints
SAID = "两套标准完全相同"


def started(*arguments: object, before=lambda: None, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*QB, *map(str, arguments)], capture_output=True, text=True, errors="surrogateescape",
        preexec_fn=before, timeout=120, **how,
    )  # fmt: skip


def test_a_result_that_can_be_written_nowhere_is_no_success():
    done = started(*SHOW, before=lambda: os.close(1))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "错误：标准输出是关着的，结果无处可写。请接到终端或文件后再运行。\n"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*QB, *SHOW], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "错误：磁盘已满（输出）。请检查磁盘空间与权限。\n")


def test_what_is_written_takes_no_closed_streams_place(tmp_path):
    done = started("sample", tmp_path / "made", "--schools", "2", before=lambda: (os.close(2), os.close(0)))
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "made" / "schools.csv").read_text("utf-8-sig").startswith("school_id")


def test_no_home_is_needed(tmp_path):
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "none")}
    assert SAID in started(*SHOW, env={"PATH": bare["PATH"]}).stdout
    assert SAID in started(*SHOW, env=bare).stdout and not (tmp_path / "none").exists()


def test_a_working_directory_that_is_gone_is_said_where_it_is_needed(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()

    def leave() -> None:
        os.chdir(gone)
        gone.rmdir()

    done = started("sample", "made", "--schools", "2", before=leave)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "当前文件夹可能已被删去" in done.stderr


def test_too_few_handles_are_not_taken_for_too_little_memory(tmp_path):
    few = (10, 10)
    done = started("sample", tmp_path / "made.xlsx", "--schools", "2",
                   before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few))  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr and "内存" not in done.stderr
    assert "同时打开的文件太多" in done.stderr and not list(tmp_path.iterdir())


def test_too_little_memory_is_said_and_nothing_is_half_made(tmp_path):
    small = (400 << 20, 400 << 20)
    done = started("sample", tmp_path / "made", "--schools", "3000", "--districts", "20",
                   before=lambda: resource.setrlimit(resource.RLIMIT_DATA, small))  # fmt: skip
    assert done.returncode == 1 and not list(tmp_path.iterdir())
    assert "Traceback" not in done.stderr and "内存" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["publish", "--out", ""], "路径不能是空的"),
        (["sample", " "], "路径不能是空的"),
        (["sample", "x", "--schools", "1" + "0" * 20], "最多 2,000,000 所"),
        (["sample", "x", "--years", "1-99999999999"], "应写成 2021-2025 的样子"),
        (["sample", "x", "--schools", "9" * 5000], "应为不小于 1 的整数"),
        (["sample", "x", "--schools", "²"], "应为不小于 1 的整数"),
        (["forecast", "x", "--to", "明年"], "应为学年起始年，如 2025，现为“明年”"),
    ],
    ids=["out", "blank", "schools", "years", "digits", "square", "year"],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_taken(
    arguments, sentence, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    start = time.process_time()
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert sentence in f"{capsys.readouterr().err}{ending.value.code}"
    assert time.process_time() - start < allowed(2) and not list(tmp_path.iterdir())


ODD = "甲\x1b[2J\x9b31m\u202e校\r\x07"


def test_no_control_character_from_data_reaches_a_terminal(tmp_path, capsys):
    with pytest.raises(SystemExit) as ending:
        main(["assess", str(tmp_path / ODD)])
    said = f"{capsys.readouterr().err}{ending.value.code}"
    assert "\\u202e校" in said and "\\u001b[2J" in said and plain(said) == said
    table = tmp_path / "数据"
    table.mkdir()
    (table / "schools.csv").write_text(f"school_id,name,kind\n1,{ODD},{ODD}\n", "utf-8")
    for arguments in (["check", str(table)], ["check", str(table), "--json"], ["assess", str(table)]):
        with pytest.raises(SystemExit) as ending:
            main(arguments)
        out, err = capsys.readouterr()
        whole = f"{out}{err}{ending.value.code}"
        assert plain(whole) == whole


def test_a_name_that_is_no_text_in_any_encoding_is_a_name(tmp_path):
    name = os.fsdecode(b"\xb9\xab\xff")
    done = started("sample", tmp_path / name, "--schools", "2", "--years", "2025")
    assert done.returncode == 0 and os.listdir(tmp_path) == [name]  # noqa: PTH208  names, not paths


def test_every_command_takes_names_that_are_no_text(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode("古城区".encode("gb18030"))  # as a Chinese zip unpacks elsewhere
    assert name.encode("utf-8", "surrogateescape") != "古城区".encode()
    shutil.copy(shipped("notebooks", "scenarios", "new_school.toml"), f"{name}.toml")
    for line in (
        "sample @ --schools 2 --years 2024-2025", "assess @", "check @", "convert @ @.xlsx",
        "convert @ @.parquet", "collect @ @-all", "check @.xlsx --marked @-marked.xlsx",
        "template @-new.xlsx --from @", "forms @ @-forms", "forecast @", "whatif @ @.toml",
        "recipe new @/schools.csv --out @-recipe.toml",
        "publish @ --only data --out @-site --jobs 1", "verify @-site @",
    ):  # fmt: skip
        with pytest.raises(SystemExit) as ending:
            main(line.replace("@", name).split())
        said = f"{capsys.readouterr()}{ending.value.code}"
        assert ending.value.code in (None, 0) or (line[0] == "w" and "错误" in said), (line, said)
    assert "古城区" in (tmp_path / f"{name}-site" / "data.html").read_text("utf-8")


HOLD = """
import signal, sys, time
from pathlib import Path
from qb.cli import console
from qb.publish.manifest import locked
for ending in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(ending, signal.SIG_DFL)  # as a terminal starts it, whatever runs the tests ignores
try:
    with console(), locked(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    sys.exit(1)
"""


@pytest.mark.parametrize("ending", [signal.SIGHUP, signal.SIGTERM])
def test_a_terminal_that_goes_leaves_no_lock(tmp_path, ending):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        assert (tmp_path / ".qb.lock").read_text().split()[0] == str(other.pid)
        other.send_signal(ending)
        assert other.wait(30) == 1
    assert not list(tmp_path.iterdir())


def test_what_killed_runs_left_in_the_folder_for_temporary_things_is_cleared(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = {"old": f"qb-{ended.pid}-old", "young": f"qb-{ended.pid}-young", "runs": f"qb-{os.getppid()}-x",
             "other": "qb-notes", "linked": f"qb-{ended.pid}-linked"}  # fmt: skip
    for what, name in names.items():
        place = tmp_path / name
        place.symlink_to(tmp_path.parent) if what == "linked" else place.mkdir()
        if place.is_dir() and what != "linked":
            (place / "kernel-1.json").write_text('{"key": "secret"}')
        if what != "young":
            os.utime(place, (1, 1), follow_symlinks=False)
    with temporary_folder() as made:
        assert Path(made).name.startswith(f"qb-{os.getpid()}-")
    assert {path.name for path in tmp_path.iterdir()} == {names[what] for what in names if what != "old"}
    monkeypatch.setattr(files.os, "geteuid", lambda: 12345)
    os.utime(tmp_path / names["young"], (1, 1))
    temporary_folder().cleanup()
    assert (tmp_path / names["young"]).exists()  # another user's
