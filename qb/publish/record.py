"""What a site's folder holds: ``run.json`` says of what each page was made, the lock who is at work."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from qb.errors import QbError
from qb.publish.inputs import digest
from qb.publish.page import write_whole

RECORD, LOCK = "run.json", ".qb.lock"
_EVERY = 2.0  # seconds between two writings of the record


@dataclass(frozen=True)
class Entry:
    """Of what a page was made.

    Attributes
    ----------
    content : str
        Digest of notebook, parameters and slice.
    frame : str
        Digest of what stands around: navigation, titles, provenance.
    page : str
        Digest of the page's bytes.
    """

    content: str
    frame: str
    page: str


@dataclass(frozen=True)
class Whole:
    """A publication that ended well.

    Attributes
    ----------
    of : str
        Digest of all that went into it; see :func:`qb.publish.inputs.of_all`.
    pages : int
        How many were asked for.
    indexes : dict of str to str
        Digests of the index pages' bytes by their names.
    """

    of: str
    pages: int
    indexes: dict[str, str]


class Record:
    """The pages that a folder holds and of what they were made; a page changed by hand is not ours."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._entries, self._whole = _read(site / RECORD)
        self._written = time.monotonic()
        self._cost = 0.0

    def holds(self, target: Path, content: str, frame: str | None = None) -> bool:
        """Whether a page stands there, made of this content and nothing else, as it was written."""
        entry = self._entries.get(self._name(target))
        return (
            entry is not None
            and entry.content == content
            and frame in (None, entry.frame)
            and _bytes(target) == entry.page
        )

    def kept(self, of: str) -> int:
        """Return how many pages were asked for where all stands as a publication of this digest left it.

        0 if the last publication was another, did not end well, or anything was touched since.
        """
        whole = self._whole
        if whole is None or whole.of != of:
            return 0
        made = {name: entry.page for name, entry in self._entries.items()} | whole.indexes
        return whole.pages if all(_bytes(self._site / name) == page for name, page in made.items()) else 0

    def close(self, of: str, pages: int, indexes: Iterable[Path]) -> None:
        """Note that a publication of this digest ended well, with so many pages asked for."""
        self._whole = Whole(of, pages, {self._name(index): _bytes(index) for index in indexes})
        self.save()

    def put(self, target: Path, content: str, frame: str) -> None:
        """Note a page that was written; it reaches the disk within seconds."""
        self._entries[self._name(target)] = Entry(content, frame, _bytes(target))
        if time.monotonic() - self._written > max(_EVERY, 20 * self._cost):
            self.save()

    def drop(self, target: Path) -> None:
        """Forget a page."""
        self._entries.pop(self._name(target), None)

    def clear_but(self, wanted: set[Path]) -> None:
        """Remove our pages that are not wanted: they show what is no longer so."""
        self._whole = None
        for name, entry in list(self._entries.items()):
            target = self._site / name
            if target not in wanted:
                if _bytes(target) == entry.page:
                    target.unlink()
                del self._entries[name]

    def save(self) -> None:
        """Write the record."""
        start = time.monotonic()
        pages = {name: asdict(entry) for name, entry in sorted(self._entries.items())}
        found = {"pages": pages, "whole": self._whole and asdict(self._whole)}
        write_whole(self._site / RECORD, json.dumps(found, ensure_ascii=False, indent=0))
        self._written = time.monotonic()
        self._cost = self._written - start

    def _name(self, target: Path) -> str:
        return target.relative_to(self._site).as_posix()


def _read(path: Path) -> tuple[dict[str, Entry], Whole | None]:
    try:
        found = json.loads(path.read_text("utf-8"))
        pages = {str(name): Entry(**entry) for name, entry in found["pages"].items()}
        return pages, Whole(**found["whole"]) if found.get("whole") else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, None  # none, or one that cannot be read: everything is made anew


def _bytes(target: Path) -> str:
    try:
        return digest(target.read_bytes())
    except OSError:
        return ""


@contextmanager
def locked(site: Path) -> Iterator[None]:
    """Keep a folder for one publication at a time; a lock whose process is gone does not count.

    Raises
    ------
    QbError
        If another process is at work in the folder.
    """
    lock = site / LOCK
    _take(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _take(lock: Path) -> None:
    mine = f"{os.getpid()} {socket.gethostname()}"
    for _ in range(2):
        try:
            with lock.open("x", encoding="utf-8") as file:
                file.write(mine)
            return
        except FileExistsError:
            if owner := _owner(lock):
                raise QbError(
                    f"另一个 qb publish（进程 {owner}）正在写入 {lock.parent}。"
                    f"请等它结束，或用 --out 指定另一个文件夹；若确认没有在运行，请删除 {lock}。"
                ) from None
            lock.unlink(missing_ok=True)
        except OSError as error:
            raise QbError(
                f"不能写入 {lock.parent}：{error.strerror}。请用 --out 指定另一个文件夹。"
            ) from None
    raise QbError(f"不能锁定 {lock.parent}，请稍后再试。")


def _owner(lock: Path) -> str:
    """Return who holds the lock; empty if that process is gone."""
    try:
        number, host = lock.read_text("utf-8").split()
    except (OSError, ValueError):
        return ""
    if host == socket.gethostname():
        return number if psutil.pid_exists(int(number)) else ""
    return f"{number}，在 {host} 上"
