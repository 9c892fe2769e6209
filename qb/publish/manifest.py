"""What a site is made of and what its folder holds: digests of the sources, ``run.json``, the lock."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

import qb
from qb.errors import QbError, why
from qb.files import clear_parts, write_whole
from qb.standard import files_of
from qb.terms import DATA_SUFFIXES

# What a site is made of, told apart by digests: data, standard, notebooks, code, and what was asked for.


# In the order in which they are listed; a scenario's page is made where scenarios are given.
OF_DISTRICT = ("district", "annual", "data", "research", "scenario", "plan")
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
    home = Path(qb.__file__).parent
    files = sorted(path for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return digest(
        version("qb"), *(text for path in files for text in (path.relative_to(home), path.read_bytes()))
    )


def notebook_of(kind: str) -> Path:
    """Return the notebook that makes pages of a kind."""
    path = Path(qb.__file__).parents[1] / "notebooks" / f"{kind}.ipynb"
    if not path.is_file():
        raise QbError(f"找不到笔记本 {path}。请在项目文件夹中用 pip install -e . 安装后再运行。")
    return path


def of_all(data: Path, standard: str, beside: Iterable[str] = (), **asked: object) -> str:
    """Return a digest of every byte from which a publication comes, and of what was asked for.

    `beside` are the files that were asked for with the data: scenarios, costs.
    Two publications with the same digest come out the same, so the second need not read and judge.
    """
    notebooks = (notebook_of(kind).read_bytes() for kind in KINDS)
    tables = [p for p in data.glob("*") if p.suffix.lower() in DATA_SUFFIXES] if data.is_dir() else [data]
    corrections = (data if data.is_dir() else data.parent).glob("*corrections.toml")
    files = (*sorted(tables), *sorted(corrections), *files_of(standard), *map(Path, beside))
    return digest(data, standard, asked, code_version(), *notebooks, *of_files(files))


def of_files(files: Iterable[Path]) -> Iterator[object]:
    """Yield each file that is there, and its bytes; whoever reads one that cannot be read says so."""
    for path in files:
        with suppress(OSError):
            yield from (path, path.read_bytes())


# What a site's folder holds: ``run.json`` says of what each page was made, the lock who is at work.


# A line of the journal for each page as it is made: what a run that was killed had made so far.
RECORD, JOURNAL, LOCK = "run.json", ".qb.journal", ".qb.lock"


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
        Digest of all that went into it; see :func:`of_all`.
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
        if made := _read_journal(site / JOURNAL):
            self._entries, self._whole = self._entries | made, None

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
        """Note a page that was written."""
        entry = Entry(content, frame, _bytes(target))
        self._entries[self._name(target)] = entry
        line = json.dumps([self._name(target), asdict(entry)], ensure_ascii=False)
        with suppress(OSError), (self._site / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(f"{line}\n")  # a page that cannot be noted, on a full disk, is made again

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
                if _bytes(target) == entry.page:
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
        (self._site / JOURNAL).unlink(missing_ok=True)

    def _name(self, target: Path) -> str:
        return target.relative_to(self._site).as_posix()


def _read(path: Path) -> tuple[dict[str, Entry], Whole | None]:
    try:
        found = json.loads(path.read_text("utf-8"))
        pages = {str(name): Entry(**entry) for name, entry in found["pages"].items()}
        return pages, Whole(**found["whole"]) if found.get("whole") else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, None  # none, or one that cannot be read: everything is made anew


def _read_journal(path: Path) -> dict[str, Entry]:
    made = {}
    with suppress(OSError, ValueError, TypeError), path.open(encoding="utf-8") as journal:
        for line in journal:  # the last one may be half a line
            name, entry = json.loads(line)
            made[str(name)] = Entry(**entry)
    return made


def _bytes(target: Path) -> str:
    try:
        return digest(target.read_bytes())
    except OSError:
        return ""


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
            file = lock.open("a+", encoding="utf-8")
            if not _locks(file):
                file.seek(0)
                with file:
                    raise QbError(_busy(lock, file.read()))
            if lock.exists() and os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                break
            file.close()  # its owner has removed it meanwhile
        file.truncate(0)
        file.write(mine)
        file.flush()
    except OSError as error:
        raise QbError(f"不能写入 {lock.parent}：{why(error)}。请用 --out 指定另一个文件夹。") from None
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


_BEYOND = 1 << 20  # Windows locks bytes, and what is locked cannot be read: one behind the owner's name


def _busy(lock: Path, owner: str) -> str:
    number, _, host = owner.partition(" ")
    where = f"，在 {host} 上" if host not in ("", socket.gethostname()) else ""
    return (
        f"另一个 qb publish（进程 {number}{where}）正在写入 {lock.parent}。"
        "请等它结束，或用 --out 指定另一个文件夹。"
    )
