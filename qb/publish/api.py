"""`publish()`, which `qb publish` calls: a site of which nothing changed stays as it is, any other is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qb.errors import QbError
from qb.language import Lang, listing
from qb.publish import manifest
from qb.publish.jobs import CELL_SECONDS, Site
from qb.publish.manifest import RECORD, Record, locked
from qb.publish.own_notebooks import find_notebooks
from qb.publish.page_processes import PageProcesses
from qb.publish.site_settings import PICTURES, settings_file

if TYPE_CHECKING:
    from qb.publish.cluster import Cluster


def publish(
    data_path: str | Path,
    *,
    year: int | None = None,
    out: str | Path | None = None,
    only: Collection[str] = (),
    schools: Collection[str] = (),
    scenarios: Collection[str | Path] = (),
    costs: str | Path | None = None,
    settings: str | Path | None = None,
    files: bool = False,
    notebooks: str | Path | None = None,
    jobs: int | None = None,
    lang: Lang = "zh",
    standard: str | Path = "gulou-2023",
    force: bool = False,
    scheduler: str | None = None,
    tls_ca: str | Path | None = None,
    tls_cert: str | Path | None = None,
    tls_key: str | Path | None = None,
    cell_seconds: float = CELL_SECONDS,
    progress: bool = True,
) -> Site:
    """Publish a dataset's year as web pages. A page that would come out the same is not made again.

    Parameters
    ----------
    data_path : path
        The dataset.
    year : int, optional
        School year (the year it starts); the latest of the data by default.
    out : path, optional
        Folder of the site; ``outputs/<district>/<year>`` by default, and for a dataset of many
        districts ``outputs/<name of its folder>/<year>`` with a folder for each.
    only, schools : collections of str
        Kinds of page (:data:`qb.publish.manifest.KINDS`) and schools' ids to confine the run to; empty for
        all. Pages of earlier runs stay where they are still right, and go where they are not.
    scenarios : collection of paths
        Scenario files, compared on a page of their own; without any there is no such page.
    costs : path, optional
        The costs that the plan reckons with; the standard's assumptions by default.
    settings : path, optional
        Who publishes: office, mark, contact, colour (:mod:`qb.publish.site_settings`); by default the
        ``site.toml`` beside the tables, where there is one.
    files : bool
        Also make what goes with the pages; see :mod:`qb.publish.attachments`.
    notebooks : path, optional
        A folder of notebooks of one's own, published with the rest; see :mod:`qb.publish.own_notebooks`.
    jobs : int, optional
        Pages made at once.
    lang : {"zh", "en"}
        Language of the pages.
    standard : name or path
        One of the standards shipped with qb, or a file.
    force : bool
        Make all pages anew.
    scheduler : str, optional
        Address of a Dask cluster that does the work.
    tls_ca, tls_cert, tls_key : paths, optional
        The cluster's authority, one's own certificate and its key (PEM), where its machines know each
        other by certificates.
    cell_seconds : float
        The time that one cell of a notebook may take.
    progress : bool
        Show a bar on stderr where that is a terminal.

    Raises
    ------
    QbError
        If the data cannot be used (DataError), or a kind, a school or the year is unknown, or a
        notebook is missing, or another publication is at work in the folder. Nothing has been written.
    """
    data = Path(data_path).resolve()
    own, tls = find_notebooks(notebooks), _keys(scheduler, (tls_ca, tls_cert, tls_key))
    if own and scheduler:
        raise QbError(
            "自己的笔记本只能在本机生成，不能交给集群。请去掉 --scheduler 或 --notebooks。",
            "Notebooks of your own are made on this machine only, not on a cluster. Leave out --scheduler or --notebooks.",
        )
    with ExitStack() as started:
        source: PageProcesses | Cluster | None = None
        records = _records(out)
        if not (scheduler or records):  # nothing can stand: they load while this process does
            source = started.enter_context(PageProcesses(jobs))
        from qb.standard import whole_name  # not above: it takes long to load

        name = whole_name(standard)
        beside = {"scenarios": tuple(map(_whole, scenarios)), "costs": _whole(costs) if costs else ""}
        beside["settings"] = settings_file(data, _whole(settings) if settings else "")
        asked = {
            "own": own,
            "files": files,
            "year": year,
            "out": out,
            "only": tuple(only),
            "schools": tuple(schools),
            "lang": lang,
            **beside,
        }
        folders = {one.path.parent for one in own}
        code = sorted(str(p) for f in folders for p in f.iterdir() if p.suffix in (".py", ".toml", ".ipynb"))
        reckon = partial(
            manifest.of_all,
            data,
            name,
            (*beside["scenarios"], beside["costs"], *_marks(beside["settings"]), *code),
            **asked,
        )
        of = reckon()
        if not force and (site := _as_it_stands(records, of)):
            return site
        source = source or started.enter_context(
            _cluster(scheduler, tls) if scheduler else PageProcesses(jobs)
        )
        from qb.publish.site import make

        made_by = {"cluster" if scheduler else "processes": source}
        return make(data, name, of=of, unchanged=lambda: reckon() == of, **asked,
                    cell_seconds=cell_seconds, force=force, workers=jobs,
                    progress=progress, **made_by)  # fmt: skip


def _cluster(address: str, tls: Sequence[str]) -> Cluster:
    from qb.publish.cluster import Cluster, Tls

    return Cluster(address, Tls(*tls) if tls else None)


def _keys(scheduler: str | None, tls: Sequence[str | Path | None]) -> list[str]:
    """Return the files by which a cluster's machines know each other; none where none is given."""
    given = [_whole(path) for path in tls if path]
    if given and (len(given) < len(tls) or not scheduler):
        raise QbError(
            "--tls-ca、--tls-cert、--tls-key 须同时给出，并与 --scheduler 一起使用。",
            "--tls-ca, --tls-cert and --tls-key go together, and with --scheduler.",
        )
    if missing := [path for path in given if not Path(path).is_file()]:
        raise QbError("证书文件 {} 不存在。", "There is no certificate file {}.", listing(missing))
    return given


def _marks(settings: str) -> list[str]:
    """Return the file of settings and all pictures beside it, of which one may be the mark."""
    beside = Path(settings).parent.iterdir() if settings else ()
    return [settings, *sorted(str(path) for path in beside if path.suffix.lower() in PICTURES)]


def _whole(path: str | Path) -> str:
    return str(Path(path).resolve())


def _as_it_stands(records: Iterable[Path], of: str) -> Site | None:
    """Return the site that a publication of the same digest left, if nobody has touched it since."""
    for folder in (path.parent for path in records):
        if kept := Record(folder).kept(of):
            with locked(folder):
                return Site(folder / "index.html", (), kept)
    return None


def _records(out: str | Path | None) -> list[Path]:
    """Return the records of the folders in which what is asked for may stand."""
    records = [Path(out) / RECORD] if out else sorted(Path("outputs").glob(f"*/*/{RECORD}"))
    return [path for path in records if path.exists()]
