"""A dataset's site: which pages there are, where they stand, and what is run to make them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import qb
from qb.errors import QbError
from qb.publish.engine import Job, Outcome
from qb.publish.index import district_index, districts_index
from qb.publish.names import file_names
from qb.publish.page import Page
from qb.publish.run import run
from qb.publish.words import WORDS, Lang
from qb.report.words import school_year

if TYPE_CHECKING:
    from qb.judge import Assessment

KINDS = ("data", "district", "school")


@dataclass(frozen=True)
class Site:
    """What was published.

    Attributes
    ----------
    index : Path
        The page that leads to all others.
    outcomes : tuple of Outcome
        One for each page, index pages apart.
    """

    index: Path
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The pages that were not made."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure)

    @property
    def summary(self) -> str:
        """What came out, in sentences: pages made, each that failed and why, and what to look at."""
        made = len(self.outcomes) - len(self.failed)
        noted = [outcome for outcome in self.outcomes if outcome.notes]
        lines = [f"已生成 {made} 页" + (f"，{len(self.failed)} 页未生成：" if self.failed else "。")]
        lines += [f"  {o.job.page.title}：{o.failure}" for o in self.failed]
        if noted:
            lines.append(f"{len(noted)} 页运行时有提示，例如 {noted[0].job.page.title}：")
            lines.append("  " + noted[0].notes[0].replace("\n", "\n  "))
        return "\n".join(lines)

    @property
    def exit_code(self) -> int:
        """0 if every page was made, otherwise 1."""
        return int(bool(self.failed))


@dataclass(frozen=True)
class Part:
    """One district's pages: a folder with an index, its reports, and its schools' below it.

    Attributes
    ----------
    folder : Path
    district : str
    assessment : Assessment
        The district's slice.
    pages : dict of (kind, school id) to Path
        Where its pages will stand; the id is empty for the pages of the district itself.
    above : bool
        Whether an index of all districts stands one folder above.
    """

    folder: Path
    district: str
    assessment: Assessment
    pages: Mapping[tuple[str, str], Path]
    above: bool


@dataclass(frozen=True)
class Request:
    """What was asked for, checked."""

    data: Path
    standard: str
    lang: Lang
    kinds: tuple[str, ...]
    schools: frozenset[str]


def publish(
    data_path: str | Path,
    *,
    year: int | None = None,
    out: str | Path | None = None,
    only: Collection[str] = (),
    schools: Collection[str] = (),
    jobs: int | None = None,
    lang: Lang = "zh",
    standard: str | Path = "gulou-2023",
    progress: bool = True,
) -> Site:
    """Publish a dataset's year as web pages.

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
        Kinds of page (:data:`KINDS`) and schools' ids to confine the run to; empty for all.
    jobs : int, optional
        Pages made at once.
    lang : {"zh", "en"}
        Language of the pages.
    standard : name or path
        One of the standards shipped with qb, or a file.
    progress : bool
        Show a bar on stderr where that is a terminal.

    Raises
    ------
    QbError
        If the data cannot be used (DataError), or a kind, a school or the year is unknown, or a
        notebook is missing. Nothing has been written.
    """
    data = Path(data_path).resolve()
    assessment = qb.assess(qb.load(data), year=year, standard=standard)
    request = Request(data, _absolute(standard), lang, _kinds(only), _schools(schools, assessment))
    site = _folder(out, data, assessment)
    parts = list(_parts(site, assessment, request))
    work = [job for part in parts for job in _jobs(part, request)]
    (site / "index.html").unlink(missing_ok=True)  # an interrupted run leaves no index to half of it
    outcomes = run(work, workers=jobs, progress=progress)
    index = _write_indexes(site, parts, assessment, request, outcomes)
    return Site(index, tuple(outcomes))


def _absolute(standard: str | Path) -> str:
    """Notebooks run in their own folder, so a file is named from the root."""
    return str(Path(standard).resolve()) if Path(standard).is_file() else str(standard)


def _kinds(only: Collection[str]) -> tuple[str, ...]:
    if unknown := [kind for kind in only if kind not in KINDS]:
        raise QbError(f"没有这种页面：{'、'.join(unknown)}。可选的有：{'、'.join(KINDS)}。")
    return tuple(kind for kind in KINDS if not only or kind in only)


def _schools(wanted: Collection[str], assessment: Assessment) -> frozenset[str]:
    judged = frozenset(assessment.rows["school_id"])
    excluded = dict(zip(assessment.excluded["school_id"], assessment.excluded["reason"], strict=True))
    wrong = [
        f"{school}（按规则不参与评估：{excluded[school]}）" if school in excluded else school
        for school in wanted
        if school not in judged
    ]
    if wrong:
        raise QbError(f"{assessment.year} 学年参与评估的学校中没有：{'、'.join(wrong)}。请核对学校标识码。")
    return frozenset(wanted) or judged


def _folder(out: str | Path | None, data: Path, assessment: Assessment) -> Path:
    districts = list(assessment.districts["district"])
    name = districts[0] if len(districts) == 1 else data.stem
    folder = Path(out) if out else Path("outputs") / file_names([name])[name] / str(assessment.year)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QbError(f"不能写入 {folder}：{error.strerror}。请用 --out 指定另一个文件夹。") from None
    return folder


def _parts(site: Path, assessment: Assessment, request: Request) -> Iterator[Part]:
    districts = list(assessment.districts["district"])
    names = file_names(districts)
    for district in districts:
        one = assessment if len(districts) == 1 else assessment.of(district)
        folder = site if len(districts) == 1 else site / names[district]
        ids = list(dict.fromkeys(one.rows["school_id"]))
        pages = {(kind, ""): folder / f"{kind}.html" for kind in request.kinds if kind != "school"}
        if "school" in request.kinds:
            files = file_names(ids)
            pages |= {
                ("school", i): folder / "schools" / f"{files[i]}.html" for i in ids if i in request.schools
            }
        yield Part(folder, district, one, pages, above=len(districts) > 1)


def _jobs(part: Part, request: Request) -> Iterator[Job]:
    words = WORDS[request.lang]
    common = {
        "data": str(request.data),
        "year": part.assessment.year,
        "standard": request.standard,
        "lang": request.lang,
    }
    names = dict(zip(part.assessment.rows["school_id"], part.assessment.rows["name"], strict=True))
    for (kind, school), target in part.pages.items():
        own = {"school_id": school} if kind == "school" else {"district": part.district}
        title = f"{words[kind]} · {names.get(school, part.district)}"
        yield Job(_notebook(kind), common | own, target, page_of(part, request, title, target))


def _notebook(kind: str) -> Path:
    path = Path(qb.__file__).parents[1] / "notebooks" / f"{kind}.ipynb"
    if not path.is_file():
        raise QbError(f"找不到笔记本 {path}。请在项目文件夹中用 pip install -e . 安装后再运行。")
    return path


def page_of(part: Part, request: Request, title: str, target: Path) -> Page:
    """Return what stands around the content of a district's page or a school's."""
    words = WORDS[request.lang]
    up = "../" * len(target.relative_to(part.folder).parents[:-1])
    links = [(words["districts"], f"{up}../index.html")] if part.above else []
    links.append((words["overview"], f"{up}index.html"))
    links += [(words[kind], f"{up}{kind}.html") for kind in ("district", "data") if (kind, "") in part.pages]
    return Page(
        title=title,
        lang=request.lang,
        place=f"{part.district} · {school_year(part.assessment.year, request.lang)}",
        invented=part.assessment.invented,
        links=tuple(links),
        here=target.name if target.parent == part.folder else "",
        provenance=_provenance(part.assessment, request),
    )


def _provenance(assessment: Assessment, request: Request) -> tuple[tuple[str, str], ...]:
    words, standard, zh = WORDS[request.lang], assessment.standard, request.lang == "zh"
    return (
        (words["source"], request.data.name),
        (words["standard"], f"{standard.title.zh}（{standard.edition}）" if zh else standard.title.en),
        (words["made_on"], date.today().isoformat()),
        (words["software"], f"qb {version('qb')}"),
    )


def _write_indexes(
    site: Path, parts: list[Part], assessment: Assessment, request: Request, outcomes: Iterable[Outcome]
) -> Path:
    """Write the indexes, last of all pages, so that an index never promises what is not there."""
    by_target = {outcome.job.target: outcome for outcome in outcomes}
    for part in parts:
        target = part.folder / "index.html"
        title = WORDS[request.lang]["title_of"].format(district=part.district)
        district_index(part, by_target, target, page_of(part, request, title, target))
    target = site / "index.html"
    if len(parts) > 1:
        page = Page(
            title=WORDS[request.lang]["title"],
            lang=request.lang,
            place=school_year(assessment.year, request.lang),
            invented=assessment.invented,
            provenance=_provenance(assessment, request),
        )
        districts_index(parts, target, page)
    return target
