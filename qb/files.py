"""Files and folders: those that come with qb (`shipped`), and those written whole or not at all.

What is written is made beside the old under a hidden name that carries the process, reaches the disk, and
takes the old one's place in one step. What a killed process left beside is cleared by the next that writes
there.
Files that are found, rather than given, are opened without following links: a folder may come from anybody.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

from qb.errors import QbError, why
from qb.language import Message

Content = str | bytes | Callable[[Path], None]

PACKAGE = Path(str(files("qb")))
# What is said of a file of ours in which somebody has written.
FILLED_IN = (
    "{} 已有人填写或修改，或不是 qb 生成的，没有覆盖。要重新生成，请先把它移走或改名。",
    "{} was filled in or changed, or is none of qb's, and is not replaced. Move or rename it first.",
)
# The libraries on which figures and pages rest.
MAKING = ("pandas", "numpy", "scipy", "pyarrow", "clarabel", "matplotlib", "papermill", "nbconvert")
_PART = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)-[0-9a-f]{8}\.(?P<kind>part|old)")
_TEMPORARY = re.compile(r"qb-(?P<process>\d+)-\w+")
_AGE = 600  # seconds: another machine, whose processes we do not see, may work in the same folder
_FORBIDDEN = re.compile(r"[\0/\\:]")  # in a name; the last two lead elsewhere on Windows
_NAME_MOST = 255  # bytes
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux


def shipped(*parts: str) -> Path:
    """Return where notebooks or data that come with qb lie, as ``shipped("notebooks", "school.ipynb")``.

    A wheel has them in its folder `shipped`; in the repository they lie beside the package.
    """
    inside = PACKAGE / "shipped"
    return (inside if inside.is_dir() else PACKAGE.parent).joinpath(*parts)


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """Return the version of each library; empty for one that is not installed."""
    found = {}
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def beside_notebooks(path: str | Path) -> Path:
    """Return a path as a notebook means it: from where it runs, or else beside the notebooks of qb.

    papermill runs a notebook in the folder in which it was called; the defaults that come with the
    notebooks (``../data/sample``) are meant beside them.
    """
    given = Path(path)
    beside = shipped("notebooks") / given
    return beside if not given.is_absolute() and not given.exists() and beside.exists() else given


def sample_scenarios() -> list[Path]:
    """Return the scenarios that come with the sample."""
    return sorted(shipped("notebooks", "scenarios").glob("*.toml"))


def copy_shipped(folder: Path, edit: Callable[[bytes], bytes] | None = None) -> list[Path]:
    """Copy the notebooks and the data that come with qb into a folder, as they lie in the repository.

    Parameters
    ----------
    edit : callable, optional
        What becomes of the bytes of each notebook, where it is not to be copied as it is.

    Returns
    -------
    list of Path
        The files that were there with other content: they may have been edited, and were left as they are.
    """
    kept = []
    for name in ("notebooks", "data"):
        home = shipped(name)
        for source in sorted(path for path in home.rglob("*") if path.is_file()):
            target, stored = folder / name / source.relative_to(home), source.read_bytes()
            content = edit(stored) if edit and source.suffix == ".ipynb" else stored
            if not target.exists():
                write_whole(target, content)
            elif target.read_bytes() not in (content, stored):
                kept.append(target)
    return kept


class WriteError(QbError):
    """What could not be written: where, and why the system refused."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            Message(
                "无法写入 {}（{}）。请检查磁盘空间与权限。",
                "{} cannot be written ({}). Check the space on the disk and the permissions.",
                path,
                why(error),
            )
        )


def write_whole(path: Path, content: Content) -> None:
    """Write a file whole or not at all, in place of the one that stands there.

    Parameters
    ----------
    path : Path
        Folders above it that are missing are made.
    content : str, bytes or callable
        Text is written as UTF-8; a callable is given the name of the file to make.

    Raises
    ------
    WriteError
        If the disk refuses; what stood there still stands.
    """
    part = _part(path)
    try:
        _make_way(path)
        with os.fdopen(open_plain(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            if not callable(content):
                file.write(content.encode() if isinstance(content, str) else content)
        if callable(content):
            content(part)
        _sync(part)
        part.replace(path)
        _sync_names(path.parent)
    except OSError as error:
        raise WriteError(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder whole or not at all: `fill` a new one, which then takes the place of what stands there.

    Raises
    ------
    WriteError
        If the disk refuses; what stood there still stands.
    """
    part = _part(path)
    try:
        _make_way(path)
        part.mkdir()
        fill(part)
        for inside in part.iterdir():
            _sync(inside)
        _sync_names(part)
        if path.exists():
            _exchange(part, path)
        else:
            part.rename(path)
        _sync_names(path.parent)
    except OSError as error:
        raise WriteError(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def open_plain(path: Path, flags: int) -> int:
    """Return a descriptor of a plain file, opened without following a link and without waiting.

    Raises
    ------
    OSError
        If there is none, or what stands there is a link, a folder, a pipe or a device.
    """
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags | careful, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no plain file", str(path))
    return descriptor


def read_plain(path: Path, most: int | None = None) -> bytes:
    """Return what a plain file holds; see :func:`open_plain`.

    Raises
    ------
    OSError
        As there; and EFBIG if the file has more than `most` bytes.
    """
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        if most is not None and os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return file.read()


def is_plain_name(name: str, depth: int) -> bool:
    """Whether a name found in a file can be a place below a folder: no ``..``, no root, nothing odd.

    It has at most `depth` parts, each of a length that a file system takes.

    Examples
    --------
    >>> [is_plain_name(name, 2) for name in ("a.html", "a/b.html", "a/b/c.html", "../a", "/etc/x", "")]
    [True, True, False, False, False, False]
    """
    parts = name.split("/")
    return len(parts) <= depth and all(map(_is_plain, parts))


def _is_plain(part: str) -> bool:
    try:
        raw = part.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return 0 < len(raw) <= _NAME_MOST and part not in (".", "..") and not _FORBIDDEN.search(part)


def clear_parts(folder: Path) -> None:
    """Remove from a folder what killed processes left; put back what one had moved aside.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    for entry in list(os.scandir(folder)):
        left = _PART.fullmatch(entry.name) if entry.name.startswith(".") else None
        if not left or _runs(int(left["process"])):
            continue
        if left["kind"] == "old" and not (folder / left["name"]).exists():
            Path(entry.path).rename(folder / left["name"])
        elif entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder for what is temporary; those that our killed processes left behind are removed."""
    with suppress(OSError):
        for entry in os.scandir(tempfile.gettempdir()):
            left = _TEMPORARY.fullmatch(entry.name)
            if left and not _runs(int(left["process"])) and _is_ours_and_old(entry):
                shutil.rmtree(entry.path, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"qb-{os.getpid()}-", ignore_cleanup_errors=True)


def _is_ours_and_old(entry: os.DirEntry[str]) -> bool:
    """Whether a folder is this user's and untouched for so long that no other machine works in it."""
    found = entry.stat(follow_symlinks=False)
    mine = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return mine and stat.S_ISDIR(found.st_mode) and found.st_mtime < time.time() - _AGE


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid4().hex[:8]}.part")


def _make_way(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_parts(path.parent)


def _runs(process: int) -> bool:
    import psutil

    return process == os.getpid() or psutil.pid_exists(process)


def _sync(path: Path) -> None:
    """Have a file reach the disk."""
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_names(folder: Path) -> None:
    """Have the names in a folder reach the disk, where the system does so at all."""
    with suppress(OSError):
        _sync(folder)


def _exchange(part: Path, path: Path) -> None:
    """Let a new folder and the old one change places, in one step where the system can.

    Where it cannot, the old one stands aside for a moment; :func:`clear_parts` puts it back if that
    moment was the last.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # an old C library, a file system that does not know it
            _renamed_at_once(part, path)
            return
    old = part.with_suffix(".old")
    path.rename(old)
    try:
        part.rename(path)
    except OSError:
        old.rename(path)
        raise
    old.rename(part)


def _renamed_at_once(one: Path, other: Path) -> None:
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
