"""`qb collect`: many returned workbooks, one a school, become one dataset."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pandas as pd
from tqdm import tqdm

from qb.data.cell_values import IF_WRONG
from qb.data.checks import check
from qb.data.dataset import Dataset, is_open
from qb.data.grid import Grid
from qb.data.layout_file import Layout
from qb.data.reading import read
from qb.data.returned_form_rows import FormRows, rows_of
from qb.data.returned_forms import Filled, FilledIn, fault, find_forms
from qb.data.schema import DISTRICT_ITEMS, TABLES
from qb.data.table_files import read_csv, spoken
from qb.data.table_headers import A_SHEET, table_named, tables_among
from qb.data.table_headers import fault as form_fault
from qb.data.template import REPORTED_BY_SCHOOLS
from qb.data.workbook import ITEMS, RESULT, kept_back, open_book, persons_in
from qb.errors import DataError, Fault, QbError, UnreadableError
from qb.language import Lang, Message, listing, say
from qb.personal_data import mask
from qb.terms import WORKBOOKS, Severity, Stage

T = TypeVar("T")
READ = (*WORKBOOKS, ".csv", ".txt", ".tsv")
_OF_SYSTEMS = ("thumbs.db", "desktop.ini")  # files that nobody sent
Origin = tuple[FormRows, tuple] | None


@dataclass
class Returned:
    """One file, or one folder of tables, that came back."""

    path: Path
    name: str  # as the folder has it
    state: str = "read"  # ``read``, ``empty`` (a form that nobody filled in), ``unknown`` or ``unreadable``
    forms: list[Filled] = field(default_factory=list)  # forms as issued that it holds
    rows: list[FormRows] = field(default_factory=list)  # what it says, school by school
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Collection:
    """What was collected."""

    year: int
    returned: list[Returned]
    expected: Dataset | None
    used: dict[str, tuple[Returned, FormRows]] = field(default_factory=dict)  # by school: what counts
    # Schools that returned twice: what counts, what does not, and what differs.
    again: list[tuple[str, Returned, Returned, list[str]]] = field(default_factory=list)
    data: Dataset = field(default_factory=Dataset.of)  # the dataset made of it all
    # For each row of each table the return and the key it comes from; None for what was known before.
    origins: dict[str, list[Origin]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)  # of no school

    @property
    def due(self) -> dict[str, str]:
        """Names of the schools that should have returned, by code; empty where nobody said who."""
        if self.expected is None:
            return {}
        schools = self.expected["schools"]
        there = schools[is_open(schools, self.year)]
        names = there["name"].where(there["name"].notna(), there["school_id"])
        return dict(zip(there["school_id"], names, strict=True))


def counted(files: Sequence[T], doing: str, lang: Lang) -> Iterable[T]:
    """Yield each of them, with a bar of how many are done on a terminal; a log is spared it."""
    terminal = getattr(sys.stderr, "terminal", sys.stderr)  # a bar moves the cursor on purpose
    return tqdm(files, desc=doing, unit=say(lang, "份", " files"), disable=None, file=terminal)


def collect(
    folder: str | Path,
    layouts: Sequence[Layout],
    expected: Dataset | None = None,
    year: int | None = None,
    lang: Lang = "zh",
) -> Collection:
    """Read every workbook of a folder as one dataset. A file that cannot be read stops none of the others.

    Parameters
    ----------
    folder : str or Path
        Forms as issued, our own workbooks, folders of tables, or text files.
    layouts : sequence of Layout
        The forms that may have come back.
    expected : Dataset, optional
        Last year's: says who should return, fills in what forms do not ask (county, place, ownership), and
        gives the years before.
    year : int, optional
        The school year collected; unless given as the forms say, else the one after `expected`.
    lang : {"zh", "en"}
        Of the progress bar.

    Raises
    ------
    QbError
        If the folder holds nothing to read, or nobody says the year.
    """
    folder = Path(folder)
    files = list(_files(folder))
    if not files:
        raise QbError(
            "{} 中没有工作簿或 CSV 文件。请检查路径。",
            "{} holds no workbook or CSV file. Check the path.",
            folder,
        )
    returned = [
        _read(path, mask(spoken(path.relative_to(folder))), layouts)
        for path in counted(files, say(lang, "读取", "Reading"), lang)
    ]
    done = Collection(_year(year, returned, expected), returned, expected)
    _to_rows(done)
    _choose(done)
    _combine(done)
    _check(done)
    return done


# What came back


def _files(folder: Path) -> Iterator[Path]:
    """Give every file, whatever it is, and a folder of tables as one."""
    if not folder.is_dir():
        raise QbError("{} 不是文件夹。请检查路径。", "{} is no folder. Check the path.", folder)
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "~$")))
    if any(path.suffix.lower() in (".csv", ".parquet") and table_named(path.stem) for path in inside):
        yield folder
        inside = [path for path in inside if path.is_dir() or path.suffix.lower() in WORKBOOKS]
    for path in inside:
        if path.is_dir():
            yield from _files(path)
        elif path.name.lower() not in _OF_SYSTEMS:
            yield path


def _read(path: Path, name: str, layouts: Sequence[Layout]) -> Returned:
    """Read one file for what it is."""
    found = Returned(path, name if name != "." else spoken(path.name))
    try:
        if not path.is_dir():
            if path.suffix.lower() not in READ:
                raise UnreadableError(
                    Message("不是工作簿或 CSV 文件", "is no workbook or CSV file"),
                    Message("请学校用发下的表填报", "Ask the school to fill in the form it was sent"),
                )
            grids, ours, noted = _grids(path)
            found.forms = find_forms(grids, layouts)
            if found.forms:
                of_forms = {form.sheet for form in found.forms}
                found.faults = [f for f in noted if f.rule != "F28" or (f.sheet or "") in of_forms]
                found.faults += [_beside_forms(sheet) for sheet in ours]
                found.state = "empty" if all(form.is_empty for form in found.forms) else "read"
                return found
            if not ours:
                found.state = "unknown" if any(len(grid.rows) for grid in grids.values()) else "empty"
                return found
        data = read(path)
        found.rows, found.faults = list(_rows_of_dataset(data)), list(data.faults)
        found.state = "read" if found.rows else "empty"
    except DataError as error:
        found.state, found.faults = "unreadable", list(error.faults)
    except QbError as error:
        found.state, again = "unreadable", Message("改正后再收", "Put it right and collect again")
        said = (error.message, error.remedy) if isinstance(error, UnreadableError) else (error.clause, again)
        found.faults = [Fault("F04", Severity.STOPS, *said)]
    return found


def _beside_forms(sheet: str) -> Fault:
    return form_fault(
        "F31",
        Message("这是一张数据表，但同一个文件里有表样：只读表样", "is a table of data, but the file holds a form: the form alone is read"),
        Message("数据表另存为一个文件再收", "Save the tables of data as a file of their own and collect again"),
        sheet=sheet,
    )  # fmt: skip


def _grids(path: Path) -> tuple[dict[str, Grid], list[str], list[Fault]]:
    """Return the cells of each other sheet, hidden ones first, the sheets that are our tables, and what to say."""
    if path.suffix.lower() not in WORKBOOKS:
        grids, ours = {"": read_csv(path)}, list[str]()
        noted = persons_in(grids)
    else:
        with open_book(path) as book:
            names = [name for name in book.names if name not in (RESULT, ITEMS)]
            tables, _ = tables_among(names, A_SHEET)
            others = sorted(
                set(names) - set(tables.values()),
                key=lambda name: (name not in book.hidden, names.index(name)),
            )
            grids, ours = {name: book.grid(name) for name in others}, list(tables.values())
            noted = kept_back(book, path) + persons_in(grids, book)
    noted += [
        form_fault("F28", said, IF_WRONG, sheet=name or None)
        for name, grid in grids.items()
        for said in grid.said
    ]
    return grids, ours, noted


def _rows_of_dataset(data: Dataset) -> Iterator[FormRows]:
    """Give the rows of a dataset school by school, then those of districts."""
    by_school: dict[str | None, FormRows] = {}
    for name, frame in data.tables.items():
        table = TABLES[name]
        of_school = name in REPORTED_BY_SCHOOLS
        for position, row in enumerate(frame.to_dict("records")):
            row = {column: value for column, value in row.items() if not pd.isna(value)}
            school = row.get("school_id") if of_school else None
            if of_school and school is None:
                continue
            mine = by_school.setdefault(school, FormRows("", school))
            key = tuple(row.get(column) for column in table.key) if table.key else (position,)
            mine.tables.setdefault(name, {})[key] = row
            line = data.line(name, position)
            for column in row:
                cell = data.cell(name, position, column)
                if cell:
                    mine.cells[name, key, column] = FilledIn(row[column], line, cell)
    for rows in by_school.values():
        years = [row["year"] for table in rows.tables.values() for row in table.values() if "year" in row]
        rows.year = int(max(years)) if years else 0
        yield rows


def _year(year: int | None, returned: list[Returned], expected: Dataset | None) -> int:
    if year is not None:
        return year
    said = Counter(form.year for one in returned for form in one.forms if form.year)
    said += Counter(rows.year for one in returned for rows in one.rows if rows.year)
    if said:
        return said.most_common(1)[0][0]
    if expected is not None and expected.years:
        return expected.years[-1] + 1
    raise QbError(
        "表上没有写学年。请用 --year 指明收集的是哪一学年，如 --year 2025。",
        "The forms have no school year. Name the one to collect with --year, as --year 2025.",
    )


def _to_rows(done: Collection) -> None:
    """Turn forms into rows of our tables."""
    schools = (
        done.expected["schools"] if done.expected is not None else pd.DataFrame({"school_id": [], "name": []})
    )
    once = schools[~schools["name"].duplicated(keep=False)]
    names = dict(zip(once["name"], once["school_id"], strict=True))
    for one in done.returned:
        for form in one.forms:
            if form.is_empty:
                continue
            rows = rows_of(form, done.year, names)
            one.rows.append(rows)
            one.faults += rows.faults


# One dataset


def _choose(done: Collection) -> None:
    """Take of each school the file written last; say what another one says otherwise."""
    by_school: dict[str, list[tuple[Returned, FormRows]]] = {}
    for one in done.returned:
        for rows in one.rows:
            if rows.school and rows.tables and rows.year == done.year:
                by_school.setdefault(rows.school, []).append((one, rows))
    for school, found in by_school.items():
        found.sort(key=lambda pair: (pair[0].path.stat().st_mtime, pair[0].name))
        done.used[school] = found[-1]
        for other, rows in found[:-1]:
            done.again.append((school, found[-1][0], other, list(_differences(found[-1][1], rows))))


def _figures(rows: FormRows) -> dict[tuple[str, tuple, str], object]:
    return {
        (table, key, column): value
        for table, mine in rows.tables.items()
        for key, row in mine.items()
        for column, value in row.items()
    }


def _differences(kept: FormRows, other: FormRows) -> Iterator[Message]:
    """Give what two returns of a school say differently, in words."""
    one, two = _figures(kept), _figures(other)
    for place in sorted({*one, *two}, key=str):
        if one.get(place) != two.get(place):
            table, key, column = place
            known = TABLES[table].by_name.get(column)
            stage = next((Message("（{}）", " ({})", Stage(part)) for part in key if part in set(Stage)), "")
            values = _shown(one.get(place)), _shown(two.get(place))
            yield Message("{}{}：{} / {}", "{}{}: {} / {}", known or column, stage, *values)


def _shown(value: object) -> str:
    if value is None:
        return Message("没有填", "blank")
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _combine(done: Collection) -> None:
    """Put all rows into one dataset: what was known, the years before, and what was returned."""
    expected = done.expected if done.expected is not None else Dataset.of()
    made: dict[str, dict[object, tuple[dict[str, object], Origin]]] = {name: {} for name in TABLES}
    for name, frame in expected.tables.items():
        if name in REPORTED_BY_SCHOOLS and name != "schools":
            frame = frame[frame["year"] < done.year]  # what is not returned is not taken for returned
        for row in _records(frame):
            _put(made, name, row, None)
    districts = [rows for one in done.returned for rows in one.rows if not rows.school]
    for rows in (*(rows for _, rows in done.used.values()), *districts):
        known, _ = made["schools"].get((rows.school,), ({}, None))
        said = (
            {"source": known["source"]} if "source" in known else {}
        )  # invented schools report invented figures
        for name, mine in rows.tables.items():
            for key, row in mine.items():
                _put(made, name, said | row, (rows, key))
        if rows.school:
            _put(made, "schools", {"school_id": rows.school}, None)
    _give_districts(done, made["schools"], districts)
    _add_up(done, made)
    frames = {name: pd.DataFrame([row for row, _ in rows.values()]) for name, rows in made.items() if rows}
    done.data = Dataset.of(**frames)
    done.origins = {name: [origin for _, origin in rows.values()] for name, rows in made.items()}


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return rows without what is missing in them."""
    known = frame.notna().to_numpy()
    return [
        {name: value for (name, value), here in zip(row.items(), mask, strict=True) if here}
        for row, mask in zip(frame.to_dict("records"), known, strict=True)
    ]


def _put(made: Mapping[str, dict], name: str, row: dict[str, object], origin: Origin) -> None:
    """Put a row into a table; what one of the same key said before stays where this one says nothing."""
    key = tuple(row.get(column) for column in TABLES[name].key)
    if not key or None in key:  # rooms, and bands of sizes: no row stands for another
        key = len(made[name])
    before, came = made[name].get(key, ({}, None))
    made[name][key] = ({**before, **row}, origin or came)


def _give_districts(done: Collection, schools: dict, districts: list[FormRows]) -> None:
    """Give the schools whose county nobody said the only one there is, and say so."""
    known = {row["district"] for row, _ in schools.values() if "district" in row}
    known |= {rows.district for rows in districts if rows.district}
    lacking = [key for key, (row, _) in schools.items() if "district" not in row]
    if not lacking:
        return
    if len(known) == 1:
        only = known.pop()
        for key in lacking:
            row, origin = schools[key]
            schools[key] = ({**row, "district": only}, origin)
        message = Message(
            "{} 所学校的表上没有县区，都记作“{}”",
            "the forms of {} schools have no district; all are entered under “{}”",
            len(lacking),
            only,
        )
        done.faults.append(
            fault(
                "B10",
                message,
                Message("如不符，请在 schools 表改正", "If that is wrong, put it right in the table schools"),
            )
        )
    else:
        message = Message(
            "{} 所学校不知属于哪个县区，不会参加评估",
            "the district of {} schools is not known: they will not be judged",
            len(lacking),
        )
        remedy = Message(
            "用 --expected 指明去年的数据，或一并收集县区填报表",
            "Name last year's data with --expected, or collect the district's form as well",
        )
        done.faults.append(fault("B10", message, remedy))


def _add_up(done: Collection, made: Mapping[str, dict]) -> None:
    """Add up what each school says of an item of its district; where one does not, nobody knows the sum."""
    junior = {row["school_id"] for row, _ in made["sections"].values() if row.get("stage") == Stage.JUNIOR}
    asked = {item for _, rows in done.used.values() for item in rows.parts}
    sums: dict[tuple[str, str], list[tuple[str, float | None]]] = {}
    for school, (row, _) in made["schools"].items():
        code, district = school[0], row.get("district")
        if district is None or (code not in done.used and code not in done.due):
            continue
        parts = done.used[code][1].parts if code in done.used else {}
        for item in asked if code in junior else ():
            sums.setdefault((district, item), []).append((str(row.get("name", code)), parts.get(item)))
    for (district, item), parts in sums.items():
        key = (done.year, district, item)
        lacking = [name for name, value in parts if value is None]
        if key in made["district"]:
            continue  # the district says it itself
        if lacking:
            shown = listing(lacking[:5]) + (
                Message(" 等 {} 所", " and more, {} schools", len(lacking)) if len(lacking) > 5 else ""
            )
            message = Message(
                "{}“{}”要各校相加，{}没有填，因此缺数据",
                "{} “{}” is added up over schools; {} did not fill it in, so there is no data",
                district,
                DISTRICT_ITEMS[item],
                shown,
            )
            done.faults.append(
                fault(
                    "B11",
                    message,
                    Message("请这些学校补填，没有的填 0", "Ask these schools to complete it; 0 for none"),
                )
            )
            continue
        row = dict(zip(TABLES["district"].key, key, strict=True))
        _put(made, "district", {**row, "value": sum(value for _, value in parts)}, None)


def _check(done: Collection) -> None:
    """Check the dataset as one, and give each finding to the file and the cell that it is about."""
    owner = {id(rows): one for one in done.returned for rows in one.rows}
    for found in check(done.data):
        places = [(found.table, found.column, row) for row in found.rows or (found.row,) if row]
        places += [(at["table"], at["column"], row) for at in found.also for row in at["rows"]]
        mine: dict[int, tuple[Returned, Fault]] = {}
        for table, column, row in places:
            if (origin := done.origins[table][row - 2]) is None:
                continue
            rows, key = origin
            answer = rows.cells.get((table, key, column)) or next(
                (answer for (*place, _), answer in rows.cells.items() if place == [table, key]), None
            )
            where = {
                "school_id": found.school_id or rows.school,
                "rows": (),
                "row": None,
                "cell": None,
                "also": (),
            }
            where |= {"table": table, "column": column}
            if answer is not None:
                where |= {"sheet": answer.sheet or None, "row": answer.row, "cell": answer.cell}
            mine.setdefault(id(owner[id(rows)]), (owner[id(rows)], dataclasses.replace(found, **where)))
        for one, about in mine.values():
            one.faults.append(about)
        if not places:
            done.faults.append(found)
