"""Publishing, seen from outside: a site that is right stays as it is, any other is made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from qb.publish import inputs
from qb.publish.fork import Press, can_fork
from qb.publish.job import CELL_SECONDS, Outcome
from qb.publish.record import RECORD, Record, locked
from qb.publish.words import Lang

Isolation = Literal["fork", "kernel"]
CHANGED = (
    "生成期间，数据（或所用的标准、情景、费用文件）被改动或移走，各页可能出自不同的数据。"
    "请再运行一次，这些页面会重新生成。"
)


@dataclass(frozen=True)
class Site:
    """What was published.

    Attributes
    ----------
    index : Path
        The page that leads to all others.
    outcomes : tuple of Outcome
        One for each page that was made or failed, index pages apart.
    kept : int
        How many of the pages asked for stand from an earlier run and are still right.
    files : dict of Path to str
        What goes with the pages and was asked to be made, with what went wrong, "" where it was made.
    changed : bool
        Whether a file of which the pages are made was edited or removed while they were made.
    """

    index: Path
    outcomes: tuple[Outcome, ...]
    kept: int = 0
    files: Mapping[Path, str] = field(default_factory=dict)
    changed: bool = False

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The pages that were not made."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure)

    @property
    def summary(self) -> str:
        """What came out, in sentences: pages made, each that failed and why, and what to look at."""
        made = len(self.outcomes) - len(self.failed)
        noted = [outcome for outcome in self.outcomes if outcome.notes]
        said = [f"已生成 {made} 页" if made or not self.kept else "没有需要重新生成的页面"]
        said += [f"{self.kept} 页内容未变，沿用"] * bool(self.kept)
        said += [f"{len(self.failed)} 页未生成"] * bool(self.failed)
        lines = ["，".join(said) + ("：" if self.failed else "。")]
        lines += [f"  {o.job.page.title}：{o.failure}" for o in self.failed]
        lines += self._said_of_files()
        lines += [CHANGED] * self.changed
        if noted:
            lines.append(f"{len(noted)} 页运行时有提示，例如 {noted[0].job.page.title}：")
            lines.append("  " + noted[0].notes[0].replace("\n", "\n  "))
        return "\n".join(lines)

    def _said_of_files(self) -> Iterator[str]:
        made = [path for path, wrong in self.files.items() if not wrong]
        if made:
            yield f"已生成附件 {len(made)} 个，例如 {made[0]}。"
        yield from (f"  附件 {path.name} 未生成：{wrong}" for path, wrong in self.files.items() if wrong)

    @property
    def exit_code(self) -> int:
        """0 if all that was asked for was made of files that stayed as they were, otherwise 1."""
        return int(bool(self.failed) or any(self.files.values()) or self.changed)


def publish(
    data_path: str | Path,
    *,
    year: int | None = None,
    out: str | Path | None = None,
    only: Collection[str] = (),
    schools: Collection[str] = (),
    scenarios: Collection[str | Path] = (),
    costs: str | Path | None = None,
    files: bool = False,
    jobs: int | None = None,
    lang: Lang = "zh",
    standard: str | Path = "gulou-2023",
    force: bool = False,
    isolation: Isolation | None = None,
    scheduler: str | None = None,
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
        Kinds of page (:data:`qb.publish.inputs.KINDS`) and schools' ids to confine the run to; empty for
        all. Pages of earlier runs stay where they are still right, and go where they are not.
    scenarios : collection of paths
        Scenario files, compared on a page of their own; without any there is no such page.
    costs : path, optional
        The costs that the plan reckons with; the standard's assumptions by default.
    files : bool
        Also make what goes with the pages; see :mod:`qb.publish.files`.
    jobs : int, optional
        Pages made at once.
    lang : {"zh", "en"}
        Language of the pages.
    standard : name or path
        One of the standards shipped with qb, or a file.
    force : bool
        Make all pages anew.
    isolation : {"fork", "kernel"}, optional
        See :func:`qb.publish.run.run`.
    scheduler : str, optional
        Address of a Dask cluster that does the work.
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
    name = str(Path(standard).resolve()) if Path(standard).is_file() else str(standard)
    beside = {"scenarios": tuple(map(_whole, scenarios)), "costs": _whole(costs) if costs else ""}
    asked = {
        "files": files,
        "year": year,
        "out": out,
        "only": tuple(only),
        "schools": tuple(schools),
        "lang": lang,
        **beside,
    }
    reckon = partial(inputs.of_all, data, name, (*beside["scenarios"], beside["costs"]), **asked)
    of = reckon()
    if not force and (site := _as_it_stands(out, of)):
        return site
    with _press_under_way(isolation, scheduler) as press:
        from qb.publish.site import make  # not above: a press loads its libraries while we load ours

        return make(data, name, of=of, unchanged=lambda: reckon() == of, **asked,
                    cell_seconds=cell_seconds, force=force, workers=jobs, isolation=isolation,
                    scheduler=scheduler, press=press, progress=progress)  # fmt: skip


def _whole(path: str | Path) -> str:
    return str(Path(path).resolve())


def _as_it_stands(out: str | Path | None, of: str) -> Site | None:
    """Return the site that a publication of the same digest left, if nobody has touched it since."""
    records = [Path(out) / RECORD] if out else sorted(Path("outputs").glob(f"*/*/{RECORD}"))
    for folder in (path.parent for path in records if path.exists()):
        if kept := Record(folder).kept(of):
            with locked(folder):
                return Site(folder / "index.html", (), kept)
    return None


def _press_under_way(
    isolation: Isolation | None, scheduler: str | None
) -> AbstractContextManager[Press | None]:
    wanted = not scheduler and isolation != "kernel" and can_fork()
    return Press() if wanted else nullcontext()
