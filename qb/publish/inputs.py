"""What a site is made of, told apart by digests: data, standard, notebooks, code, and what was asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import qb
from qb.errors import QbError
from qb.terms import DATA_SUFFIXES

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
    files = (*sorted(tables), *sorted(corrections), Path(standard), *map(Path, beside))
    return digest(data, standard, asked, code_version(), *notebooks, *of_files(files))


def of_files(files: Iterable[Path]) -> Iterator[object]:
    """Yield each file that is there, and its bytes; whoever reads one that cannot be read says so."""
    for path in files:
        with suppress(OSError):
            yield from (path, path.read_bytes())
