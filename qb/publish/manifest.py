"""What a site's folder holds, and whether a page in it is still right (`Record.is_current`): ``run.json``, digests, the lock."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import TextIO

import qb
from qb.errors import QbError, why
from qb.files import PACKAGE, clear_parts, is_plain_name, open_plain, read_plain, shipped, write_whole
from qb.language import Message
from qb.terms import DATA_SUFFIXES

# What a site is made of, told apart by digests: data, standard, notebooks, code, and what was asked for.


# In the order in which they are listed; a scenario's page is made where scenarios are given.
OF_DISTRICT = ("district", "brief", "annual", "ledger", "data", "research", "scenario", "plan")
KINDS = (*OF_DISTRICT, "school")


def digest(*parts: object) -> str:
    """Return a digest of texts and bytes in their order."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        found.update(len(raw).to_bytes(8) + raw)
    return found.hexdigest()


@cache
def code_version() -> str:
    """Return a digest of all that makes pages: qb, its standards, theme and fonts."""
    found = {path.relative_to(PACKAGE): path for path in PACKAGE.rglob("*") if path.is_file()}
    ours = sorted(name for name in found if {"__pycache__", "shipped"}.isdisjoint(name.parts))
    return digest(qb.__version__, *(part for name in ours for part in (name, found[name].read_bytes())))


def notebook_of(kind: str) -> Path:
    """Return the notebook that makes pages of a kind."""
    path = shipped("notebooks", f"{kind}.ipynb")
    if not path.is_file():
        raise QbError(
            "找不到笔记本 {}。安装不完整，请重新安装 qb。",
            "The notebook {} is not there. The installation is incomplete: install qb again.",
            path,
        )
    return path


def of_all(data: Path, standard: str, beside: Iterable[str] = (), **asked: object) -> str:
    """Return a digest of every byte from which a publication comes, and of what was asked for.

    `beside` are the files that were asked for with the data: scenarios, costs.
    Two publications with the same digest come out the same, so the second need not read and judge.
    """
    from qb.standard import files_of  # not above: it takes long to load

    notebooks = (notebook_of(kind).read_bytes() for kind in KINDS)
    files = (*data_files(data), *files_of(standard), *map(Path, beside))
    return digest(data, standard, asked, code_version(), *notebooks, *of_files(files))


def data_files(data: Path) -> list[Path]:
    """Return the files of which a dataset is made: its tables, then its corrections."""
    tables = [p for p in data.glob("*") if p.suffix.lower() in DATA_SUFFIXES] if data.is_dir() else [data]
    corrections = (data if data.is_dir() else data.parent).glob("*corrections.toml")
    return [*sorted(tables), *sorted(corrections)]


def of_files(files: Iterable[Path]) -> Iterator[object]:
    """Yield each file that is there, and its bytes; whoever reads one that cannot be read says so."""
    for path in files:
        with suppress(OSError):
            yield from (path, path.read_bytes())


# What a site's folder holds: ``run.json`` says of what each page was made, the lock who is at work.


# A line of the journal for each page as it is made: what a run that was killed had made so far.
RECORD, JOURNAL, LOCK = "run.json", ".qb.journal", ".qb.lock"
RECORD_MOST = 128 << 20  # bytes: 300,000 pages and more
_DEPTH = 3  # a district's folder, the folder of its schools or files, the page
_SUFFIXES = (".html", ".xlsx", ".docx", ".pdf", ".zip")
_DIGEST = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class PageEntry:
    """The digests recorded for one page: what it was made of."""

    content: str  # digest of notebook, parameters and slice
    frame: str  # digest of what stands around: navigation, titles, provenance
    page: str  # digest of the page's bytes


@dataclass(frozen=True)
class Whole:
    """A publication that ended well."""

    of: str  # digest of all that went into it; see :func:`of_all`
    pages: int  # how many were asked for
    indexes: dict[str, str]  # digests of the index pages' bytes by their names


class Record:
    """The pages that a folder holds and of what they were made; a page changed by hand is not ours.

    What the folder says of itself is an input like any other: names that lead out of it, and all that
    is no entry, are left out. A page stands where a plain file was read back, and nowhere else.

    Attributes
    ----------
    refused : str
        Why the record could not be used, in a sentence; empty where it could, and where there is none.
    """

    def __init__(self, site: Path) -> None:
        self._site, self._root = site, Path(os.path.realpath(site))
        self._ours: dict[Path, bool] = {}
        self._entries, self._whole, self.refused = read_record(site)
        if made := _read_journal(site / JOURNAL):
            self._entries, self._whole = self._entries | made, None

    def is_current(
        self, target: Path, content: Callable[[], str], frame: Callable[[], str] | None = None
    ) -> bool:
        """Whether a page stands there, made of this content and nothing else, as it was written.

        The digests are found only where there is one to compare them with.
        """
        entry = self._entries.get(self._name(target))
        return (
            entry is not None
            and entry.content == content()
            and (frame is None or entry.frame == frame())
            and self._bytes(target) == entry.page
        )

    def stands(self, target: Path) -> bool:
        """Whether a page that was noted is there, as it was written."""
        entry = self._entries.get(self._name(target))
        return entry is not None and self._bytes(target) == entry.page

    def kept(self, of: str) -> int:
        """Return how many pages were asked for where all stands as a publication of this digest left it.

        0 if the last publication was another, did not end well, or anything was touched since.
        """
        whole = self._whole
        if whole is None or whole.of != of:
            return 0
        made = {name: entry.page for name, entry in self._entries.items()} | whole.indexes
        right = all(self._bytes(self._site / name) == page for name, page in made.items())
        return whole.pages if right else 0

    def close(self, of: str, pages: int, indexes: Iterable[Path]) -> None:
        """Note that a publication of this digest ended well, with so many pages asked for."""
        found = {self._name(index): self._bytes(index) for index in indexes}
        self._whole = Whole(of, pages, found) if all(found.values()) else None
        self.save()

    def put(self, target: Path, content: str, frame: str) -> None:
        """Note a page that was written, as it is read back; one that is not there is not noted."""
        page = self._bytes(target)
        if page is None:
            self.drop(target)
            return
        entry = PageEntry(content, frame, page)
        self._entries[self._name(target)] = entry
        line = json.dumps([self._name(target), asdict(entry)], ensure_ascii=False)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with suppress(OSError), os.fdopen(open_plain(self._site / JOURNAL, flags), "ab") as journal:
            journal.write(f"{line}\n".encode())  # a page that cannot be noted, on a full disk, is made again

    def drop(self, *targets: Path) -> None:
        """Forget pages."""
        for target in targets:
            self._entries.pop(self._name(target), None)

    def clear_but(self, wanted: set[Path]) -> None:
        """Remove our pages that are not wanted: they show what is no longer so."""
        self._whole = None
        for name, entry in list(self._entries.items()):
            target = self._site / name
            if target not in wanted:
                if self._bytes(target) == entry.page:
                    with suppress(OSError):  # whoever took it away meanwhile did what was to be done
                        target.unlink()
                del self._entries[name]

    def save(self) -> None:
        """Write the record.

        Raises
        ------
        QbError
            If the disk refuses.
        """
        pages = {name: asdict(entry) for name, entry in sorted(self._entries.items())}
        found = {"pages": pages, "whole": self._whole and asdict(self._whole)}
        write_whole(self._site / RECORD, json.dumps(found, ensure_ascii=False, indent=0))
        with suppress(OSError):  # one that stays has the next run look at every page
            (self._site / JOURNAL).unlink()

    def _name(self, target: Path) -> str:
        return target.relative_to(self._site).as_posix()

    def _bytes(self, target: Path) -> str | None:
        """Return the digest of a page's bytes; None where no plain file of the site can be read."""
        try:
            return digest(read_plain(target)) if self._is_ours(target.parent) else None
        except OSError:
            return None

    def _is_ours(self, folder: Path) -> bool:
        """Whether a folder is the site's own, not one elsewhere to which a link leads."""
        if folder not in self._ours:
            self._ours[folder] = Path(os.path.realpath(folder)).is_relative_to(self._root)
        return self._ours[folder]


def read_record(site: Path) -> tuple[dict[str, PageEntry], Whole | None, str]:
    """Return the pages that a site's record names, its last publication, and why it could not be used."""
    path = site / RECORD
    try:
        found = json.loads(read_plain(path, RECORD_MOST))
        pages = dict(_entries(found["pages"].items()))
        whole = _whole(found.get("whole"))
        sound = whole is not None and len(pages) == len(found["pages"]) and whole.pages <= len(pages)
        return pages, whole if sound else None, ""
    except FileNotFoundError:
        return {}, None, ""
    except OSError as error:
        reason = Message("太大", "too large") if error.errno == errno.EFBIG else why(error)
    except (ValueError, KeyError, TypeError, AttributeError):
        reason = Message("不是 qb 写的样子", "not as qb writes it")
    except (RecursionError, MemoryError):
        reason = Message("嵌套太深", "nested too deeply")
    return (
        {},
        None,
        Message(
            "{} 不能用（{}），不以它为准，各页重新生成。",
            "{} cannot be used ({}); it is not relied on, and pages are made anew.",
            path,
            reason,
        ),
    )


def _entries(found: Iterable[tuple[object, object]]) -> Iterator[tuple[str, PageEntry]]:
    for name, entry in found:
        if _is_name(name) and _is_strings(entry, PageEntry) and _DIGEST.fullmatch(entry["page"]):
            yield name, PageEntry(**entry)


def _whole(found: object) -> Whole | None:
    if not isinstance(found, dict) or not isinstance(found.get("indexes"), dict):
        return None
    of, pages, indexes = found.get("of"), found.get("pages"), found["indexes"]
    counted = isinstance(of, str) and type(pages) is int and pages > 0
    named = all(_is_name(name) and isinstance(page, str) for name, page in indexes.items())
    return Whole(of, pages, indexes) if counted and named and indexes else None


def _is_name(name: object) -> bool:
    """Whether a record may name this: a page or a file that a site can have."""
    return isinstance(name, str) and name.endswith(_SUFFIXES) and is_plain_name(name, _DEPTH)


def _is_strings(found: object, of: type) -> bool:
    wanted = {field.name for field in fields(of)}
    return (
        isinstance(found, dict) and set(found) == wanted and all(isinstance(v, str) for v in found.values())
    )


def _read_journal(path: Path) -> dict[str, PageEntry]:
    made = {}
    with suppress(OSError, ValueError, TypeError, RecursionError):
        for line in read_plain(path, RECORD_MOST).splitlines():  # the last one may be half a line
            made |= _entries([json.loads(line)])
    return made


@contextmanager
def locked(site: Path) -> Iterator[None]:
    """Keep a folder for one publication at a time, and clear it of what a killed one left half made.

    The system gives the lock back when its process ends, however it ends.

    Raises
    ------
    QbError
        If another process is at work in the folder, or nothing can be written there.
    """
    lock = site / LOCK
    file = _take(lock)
    try:
        for folder, _, _ in os.walk(site):
            with suppress(OSError):
                clear_parts(Path(folder))
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            lock.unlink()
        file.close()


def _take(lock: Path) -> TextIO:
    """Return the lock's file, open and locked, with its owner written in it."""
    mine = f"{os.getpid()} {socket.gethostname()}"
    try:
        while True:
            file = os.fdopen(
                open_plain(lock, os.O_RDWR | os.O_CREAT), "r+", encoding="utf-8", errors="replace"
            )
            if not _locks(file):
                file.seek(0)
                with file:
                    raise QbError(_busy(lock, file.read(_OWNER_MOST)))
            if lock.exists() and os.path.samestat(os.fstat(file.fileno()), lock.lstat()):
                break
            file.close()  # its owner has removed it meanwhile
        file.seek(0)
        file.truncate()
        file.write(mine)
        file.flush()
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EINVAL):
            raise QbError(
                "{} 不是 qb 写的锁文件（是链接或别的东西）。请删去它后再运行。",
                "{} is no lock of qb (a link, or something else). Delete it and run again.",
                lock,
            ) from None
        raise QbError(
            "不能写入 {}：{}。请用 --out 指定另一个文件夹。",
            "{} cannot be written to: {}. Name another folder with --out.",
            lock.parent,
            why(error),
        ) from None
    return file


def _locks(file: TextIO) -> bool:
    """Whether a file could be locked; False where another process holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_BEYOND)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


_OWNER_MOST = 300  # letters: a number and the name of a machine
_BEYOND = 1 << 20  # Windows locks bytes, and what is locked cannot be read: one behind the owner's name


def _busy(lock: Path, owner: str) -> str:
    number, _, host = owner.partition(" ")
    where = Message("，在 {} 上", ", on {}", host) if host not in ("", socket.gethostname()) else ""
    return Message(
        "另一个 qb publish（进程 {}{}）正在写入 {}。请等它结束，或用 --out 指定另一个文件夹。",
        "Another qb publish (process {}{}) is writing to {}. Wait for it, or name another folder with --out.",
        number,
        where,
        lock.parent,
    )
