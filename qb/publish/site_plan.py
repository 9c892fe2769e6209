"""Which pages a site has: what was asked for, where they stand, what makes them; each one's digest (`PageTask.content`)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from qb import __version__
from qb.data.checks import Doubt
from qb.errors import QbError, why
from qb.indicators.assessment import Assessment
from qb.language import Lang, Message, listing
from qb.publish import data_digests, manifest
from qb.publish.attachments import Bundle
from qb.publish.data_digests import PageDigests
from qb.publish.jobs import CELL_SECONDS, Job, Parameter
from qb.publish.manifest import KINDS, OF_DISTRICT, Record, digest
from qb.publish.own_notebooks import OwnNotebook
from qb.publish.page import WORDS, Page
from qb.publish.site_settings import SiteSettings, load_settings
from qb.report.context import ReportContext
from qb.report.verdict_keys import doubted
from qb.report.verdict_sentences import doubts_said
from qb.report.words import plain_words, school_year

# File names made of identifiers: readable where they can be, safe on every system, never the same twice.


LONGEST = 40  # characters: 40 Chinese ones take 120 of the 255 bytes that a name may have

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_OTHER = re.compile(r"[^\w（）·-]+")


def file_names(identifiers: Iterable[str]) -> dict[str, str]:
    """Return a file name, without its ending, for each identifier.

    An identifier of letters, digits and ``_-·（）`` is its own name. Any other, one that Windows
    reserves, one that is too long, and those that differ only in case or in width, get what is left of
    them and a digest of 128 bits, which nobody can make collide: the same for the same identifier among
    the same ones.

    Examples
    --------
    >>> file_names(["001", "西门小学", "../etc"])
    {'001': '001', '西门小学': '西门小学', '../etc': '_etc~f7f9121fdb53d8de1eccbfa65c4bd976'}
    >>> file_names(["a1", "A1"])["a1"] == "a1"
    False
    """
    wanted = {text: _legible(text) for text in identifiers}
    taken = Counter(map(_folded, wanted.values()))
    own = {t for t, n in wanted.items() if t == n and taken[_folded(n)] == 1 and not _RESERVED.fullmatch(n)}
    return {text: name if text in own else f"{name}~{_digest(text)}" for text, name in wanted.items()}


def _legible(text: str) -> str:
    # A leading hyphen would make the name an option of the next command.
    return _OTHER.sub("_", unicodedata.normalize("NFC", text))[:LONGEST].lstrip("-") or "_"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# A dataset's site on paper: what was asked for, which pages there are, where they stand, what makes them.


Key = tuple[str, str]  # kind and school's id, which is empty for the pages of the district itself
_OF_FILES = ("annual", "brief")  # kinds of page from which the files beside them are made


@dataclass(frozen=True)
class Request:
    """What was asked for, checked."""

    data: Path
    standard: str
    lang: Lang
    kinds: tuple[str, ...]
    schools: frozenset[str]
    scenarios: tuple[str, ...] = ()
    costs: str = ""
    cell_seconds: float = CELL_SECONDS
    files: bool = False
    own: tuple[OwnNotebook, ...] = ()
    settings: str = ""

    def own_of(self, *per: str) -> list[OwnNotebook]:
        """Return the notebooks of one's own of which there is a page for each of these."""
        return [one for one in self.own if one.per in per]

    def title(self, kind: str) -> str:
        """Return what pages of a kind are called."""
        own = next((one for one in self.own if one.kind == kind), None)
        return own.title(self.lang) if own else WORDS[self.lang][kind]


@dataclass(frozen=True)
class Part:
    """One district's pages: a folder with an index, its reports, and its schools' below it."""

    folder: Path
    district: str
    assessment: Assessment  # the district's slice
    pages: Mapping[Key, Path]  # the pages asked for, and those of earlier runs that are still right
    above: bool  # whether an index of all districts stands one folder above


@dataclass(frozen=True)
class PageTask:
    """A page, whether it is asked for, and the digests of what it is made of, found when they are asked for."""

    job: Job
    asked: bool
    of: Callable[[], str]

    @cached_property
    def content(self) -> str:
        """Digest of notebook, parameters and slice."""
        return self.of()

    @cached_property
    def frame(self) -> str:
        """Digest of what stands around it."""
        # The day and the data as a whole say when a page was made, not what it shows: it stays for them.
        page = self.job.page
        passing = [page.words[name] for name in ("made_on", "fingerprint")]
        lasting = tuple(pair for pair in page.provenance if pair[0] not in passing)
        return digest(replace(page, provenance=lasting, meta=()))

    def is_current(self, record: Record) -> bool:
        """Whether it stands in the folder as it would be made now."""
        return record.is_current(self.job.target, lambda: self.content, lambda: self.frame)


@dataclass(frozen=True)
class SitePlan:
    """All pages of a site."""

    site: Path  # the folder
    context: ReportContext
    request: Request
    record: Record | None  # what the folder holds already; None where that is not asked

    @cached_property
    def settings(self) -> SiteSettings:
        """Who publishes."""
        return load_settings(self.request.settings)

    @cached_property
    def digests(self) -> PageDigests:
        """Digests of what the pages can show."""
        return PageDigests(self.context, self.request.costs)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The districts, each with its pages."""
        return tuple(self._parts())

    @cached_property
    def tasks(self) -> tuple[PageTask, ...]:
        """The pages of the dataset as a whole, then those of all parts, district by district."""
        return (*self._whole_tasks(), *(task for part in self.parts for task in self._tasks(part)))

    def _parts(self) -> Iterator[Part]:
        whole = self.context.assessment
        districts = list(whole.districts["district"])
        names = file_names(districts)
        for district in districts:
            one = whole if len(districts) == 1 else whole.of(district)
            folder = self.site if len(districts) == 1 else self.site / names[district]
            ids = list(dict.fromkeys(one.rows["school_id"]))
            files = file_names(ids)
            pages = {(kind, ""): folder / f"{kind}.html" for kind in self.reports}
            pages |= {("school", i): folder / "schools" / f"{files[i]}.html" for i in ids}
            pages |= {
                (own.kind, i): folder / own.kind / f"{files[i]}.html"
                for own in self.request.own_of("school")
                for i in ids
            }
            kept = {
                key: path
                for key, path in pages.items()
                if self._asked(key) or self._stays(path, partial(self._content, key, district))
            }
            yield Part(folder, district, one, kept, above=len(districts) > 1)

    @property
    def reports(self) -> tuple[str, ...]:
        """The kinds of page that a district has one of; without scenarios there is nothing to compare."""
        single = len(self.context.assessment.districts) == 1
        own = self.request.own_of("district", *["dataset"] * single)
        ours = (kind for kind in OF_DISTRICT if kind != "scenario" or self.request.scenarios)
        return (*ours, *(one.kind for one in own))

    @property
    def whole(self) -> list[OwnNotebook]:
        """The notebooks of a dataset of several districts that have a page beside the index of all."""
        return self.request.own_of("dataset") if len(self.context.assessment.districts) > 1 else []

    def _whole_tasks(self) -> Iterator[PageTask]:
        for own in self.whole:
            target = self.site / f"{own.kind}.html"
            content = partial(self._own_content, own, ("", ""))
            asked = own.kind in self.request.kinds
            if asked or self._stays(target, content):
                page = replace(self.top_page(own.title(self.request.lang)), here=target.name)
                job = Job(own.path, self._own_parameters(own), target, page, self.request.cell_seconds)
                yield PageTask(job, asked, content)

    def top_page(self, title: str) -> Page:
        """Return what stands around the index of all districts, and around the pages beside it."""
        words = WORDS[self.request.lang]
        links = [(words["districts"], "index.html")] * bool(self.whole)
        return Page(
            title=title,
            lang=self.request.lang,
            place=school_year(self.context.year, self.request.lang),
            invented=self.context.assessment.invented,
            settings=self.settings,
            links=(*links, *((own.title(self.request.lang), f"{own.kind}.html") for own in self.whole)),
            provenance=self.provenance,
            meta=self.meta,
        )

    def _own_content(self, own: OwnNotebook, key: Key) -> str:
        """Return a digest of what a page of one's own may show: all data, and the code beside it."""
        beside = sorted(p for p in own.path.parent.iterdir() if p.suffix in (".py", ".toml"))
        files = (own.path, *manifest.data_files(self.request.data), *beside)
        return digest(key, *manifest.of_files(files), data_digests.of_standard(self.context.standard))

    def _own_parameters(self, own: OwnNotebook, **of: str) -> dict[str, Parameter]:
        given = self._common() | of
        return {name: value for name, value in given.items() if name in own.takes}

    def _stays(self, path: Path, content: Callable[[], str]) -> bool:
        """Whether a page that is not asked for stands there and is still right."""
        return self.record.is_current(path, content)

    def _asked(self, key: Key) -> bool:
        kind, school = key
        return kind in self.request.kinds and (not school or school in self.request.schools)

    def _content(self, key: Key, district: str) -> str:
        kind, school = key
        if own := self._own(kind):
            return self._own_content(own, (district, school))
        digests = self.digests
        shown = {
            "annual": digests.of_data,
            "brief": digests.of_data,
            "ledger": digests.of_data,
            "data": digests.of_data,
            "plan": digests.of_plan,
            "scenario": digests.of_plan,
            "research": digests.of_research,
            "school": digests.of_school,
        }.get(kind, digests.of_district)
        parameters = sorted(self._parameters(key, district).items())
        beside = manifest.of_files(map(Path, self._beside(kind)))
        return digest(self._templates[kind], parameters, shown(school or district), *beside)

    def _beside(self, kind: str) -> tuple[str, ...]:
        """Return the files, besides data and standard, that pages of a kind rest on."""
        costs = (self.request.costs,)
        if kind == "scenario":
            return (*self.request.scenarios, *costs)
        return costs if kind in ("plan", "brief", "school") else ()

    @cached_property
    def _templates(self) -> dict[str, bytes]:
        return {kind: manifest.notebook_of(kind).read_bytes() for kind in KINDS}

    def _own(self, kind: str) -> OwnNotebook | None:
        return next((one for one in self.request.own if one.kind == kind), None)

    def _common(self) -> dict[str, Parameter]:
        return {
            "data": str(self.request.data),
            "year": self.context.year,
            "standard": self.request.standard,
            "lang": self.request.lang,
        }

    def _parameters(self, key: Key, district: str) -> dict[str, Parameter]:
        request, common = self.request, self._common()
        kind, school = key
        if notebook := self._own(kind):
            return self._own_parameters(notebook, district=district, school_id=school)
        own = {
            "school": {"school_id": school, "costs": request.costs},
            "scenario": {"district": district, "scenarios": list(request.scenarios)},
            "plan": {"district": district, "costs": request.costs},
            "brief": {"district": district, "costs": request.costs},
        }
        return common | own.get(kind, {"district": district})

    @cached_property
    def bundles(self) -> tuple[Bundle, ...]:
        """The files of each part, whether they are asked for or stand from an earlier run."""
        return tuple(
            Bundle(
                part.district,
                *(self._job(part, (kind, ""), part.folder / f"{kind}.html") for kind in _OF_FILES),
            )
            for part in self.parts
        )

    def content_of(self, bundle: Bundle) -> str:
        """Return the digest of what files are made of."""
        return digest(self.settings, *(self._content((kind, ""), bundle.district) for kind in _OF_FILES))

    def _tasks(self, part: Part) -> Iterator[PageTask]:
        for key, target in part.pages.items():
            job = self._job(part, key, target)
            yield PageTask(job, self._asked(key), partial(self._content, key, part.district))

    def _job(self, part: Part, key: Key, target: Path) -> Job:
        kind, school = key
        name = self.context.school_index.rows[school][0]["name"] if school else part.district
        page = self.page(part, f"{self.request.title(kind)} · {name}", target, school)
        parameters, own = self._parameters(key, part.district), self._own(kind)
        return Job(
            own.path if own else manifest.notebook_of(kind),
            parameters,
            target,
            page,
            self.request.cell_seconds,
            ours=own is None,
        )

    def page(self, part: Part, title: str, target: Path, school: str = "") -> Page:
        """Return what stands around the content of a district's page or a school's."""
        words = WORDS[self.request.lang]
        up = "../" * len(target.relative_to(part.folder).parents[:-1])
        links = [(words["districts"], f"{up}../index.html")] if part.above else []
        links.append((words["overview"], f"{up}index.html"))
        links += [
            (self.request.title(kind), f"{up}{kind}.html")
            for kind in self.reports
            if (kind, "") in part.pages
        ]
        if school and (of_school := self.request.own_of("school")):  # a school's pages lead to each other
            kinds = ["school", *(own.kind for own in of_school)]
            links += [
                (self.request.title(kind), f"{up}{place.relative_to(part.folder).as_posix()}")
                for kind in kinds
                if (place := part.pages.get((kind, school))) and place != target
            ]
        return Page(
            title=title,
            lang=self.request.lang,
            place=f"{part.district} · {school_year(self.context.year, self.request.lang)}",
            invented=part.assessment.invented,
            doubts=tuple(doubts_said(self._doubts(part.district), self.request.lang)),
            doubted=doubted(self._doubts(part.district), self.context.standard),
            links=tuple(links),
            here=target.name if target.parent == part.folder else "",
            provenance=self.provenance,
            meta=(("district", part.district), *self.meta),
            schools=tuple(self._ways(part, school, up)),
            explained=tuple(id for id, *_ in plain_words(self.request.lang, self.context.standard)),
            kind="school" if school else target.stem,
            settings=self.settings,
        )

    def _ways(self, part: Part, school: str, up: str) -> Iterator[tuple[str, str, str]]:
        """Yield the schools that a page may name, each with the way to its page; a school's own page is none.

        Those without a page come along where their name begins with one that leads somewhere.
        """
        names = self._names.get(part.district, {})
        ids = self.context.school_index.named_by(school) if school else names
        ways = {one: place for one in ids if (place := part.pages.get(("school", one)))}
        for one, place in ways.items():
            yield one, f"{up}{place.relative_to(part.folder).as_posix()}", names.get(one, "")
        led = tuple(filter(None, (names.get(one) for one in ways)))
        for one, name in names.items():
            if one not in ways and any(other in name for other in led):
                yield one, "", name

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        """Each district's schools by id with their names; empty where several of them have it."""
        known, schools, found = self.context.school_index.names, self.context.data["schools"], {}
        for district, own in schools.groupby("district", observed=True)["school_id"]:
            held = {one: known.get(one, "") for one in own}
            times = Counter(held.values())
            found[district] = {one: name if times[name] == 1 else "" for one, name in held.items()}
        return found

    def _doubts(self, district: str) -> list[Doubt]:
        return [one for one in self.context.doubts if district in one.districts]

    @cached_property
    def provenance(self) -> tuple[tuple[str, str], ...]:
        """What the figures rest on: data, standard, date, software."""
        words, standard, zh = WORDS[self.request.lang], self.context.standard, self.request.lang == "zh"
        return (
            (words["source"], self.context.source),
            (words["standard"], f"{standard.title.zh}（{standard.edition}）" if zh else standard.title.en),
            (words["fingerprint"], self._fingerprint),
            (words["made_on"], date.today().isoformat()),
            (words["software"], f"qb {__version__}"),
        )

    @cached_property
    def meta(self) -> tuple[tuple[str, str], ...]:
        """The same for programs; see :mod:`qb.publish.verify`."""
        standard = self.context.standard
        return (
            ("year", str(self.context.year)),
            ("data", self._fingerprint),
            ("standard", standard.name),
            ("edition", standard.edition),
            ("standard-digest", data_digests.of_standard(standard)),
            ("version", __version__),
        )

    @cached_property
    def _fingerprint(self) -> str:
        return data_digests.of_data(self.context.data)


def known_kinds(
    only: Collection[str], scenarios: Collection[str], own: Collection[OwnNotebook] = ()
) -> tuple[str, ...]:
    """Return the kinds of page asked for, all if none is named; refuse one that there is not."""
    kinds = (*KINDS, *(one.kind for one in own))
    if "scenario" in only and not scenarios:
        raise QbError(
            "要生成情景比较页，请用 --scenarios 给出情景文件（TOML）。",
            "To make the page of scenarios, name scenario files (TOML) with --scenarios.",
        )
    if unknown := [kind for kind in only if kind not in kinds]:
        raise QbError(
            "没有这种页面：{}。可选的有：{}。",
            "There is no such kind of page: {}. There are: {}.",
            listing(unknown),
            listing(kinds),
        )
    return tuple(kind for kind in kinds if not only or kind in only)


def known_schools(wanted: Collection[str], assessment: Assessment) -> frozenset[str]:
    """Return the schools asked for, all if none is named; refuse one that is not judged."""
    judged = frozenset(assessment.rows["school_id"])
    excluded = dict(zip(assessment.excluded["school_id"], assessment.excluded["reason"], strict=True))
    wrong = [
        Message("{}（按规则不参与评估：{}）", "{} (left out by the rules: {})", school, excluded[school])
        if school in excluded
        else school
        for school in wanted
        if school not in judged
    ]
    if wrong:
        raise QbError(
            "{} 学年参与评估的学校中没有：{}。请核对学校标识码。",
            "Among the schools judged in {} there is no: {}. Check the identifiers.",
            assessment.year,
            listing(wrong),
        )
    return frozenset(wanted) or judged


def folder_for(out: str | Path | None, data: Path, assessment: Assessment) -> Path:
    """Return the site's folder, made where there was none."""
    districts = list(assessment.districts["district"])
    name = districts[0] if len(districts) == 1 else data.stem
    folder = Path(out) if out else Path("outputs") / file_names([name])[name] / str(assessment.year)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QbError(
            "不能写入 {}：{}。请用 --out 指定另一个文件夹。",
            "{} cannot be written to: {}. Name another folder with --out.",
            folder,
            why(error),
        ) from None
    return folder
