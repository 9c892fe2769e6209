"""What `qb collect` says: who returned what, as a workbook, text and JSON; copies to send back, marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import nan
from pathlib import Path

from qb.data.collect import Collection, Returned, collect, counted
from qb.data.dataset import Dataset, is_open
from qb.data.layout_file import layout_names, load_layout
from qb.data.marking import mark
from qb.data.reading import read, write
from qb.data.schema import TABLES
from qb.data.workbook import HEADER, new_book
from qb.errors import Fault, QbError
from qb.files import write_folder
from qb.language import NOTHING, Lang, Message, joined, listing, say, told
from qb.terms import WORKBOOK, Severity, Stage

FOLDER, LIST = Message("收集", "collection"), Message("收集清单", "list")
COPIES = Message("退回", "returned")
_STATES = {
    "read": Message("已读入", "read"),
    "empty": Message("空表", "empty"),
    "unknown": Message("认不出的表", "not recognised"),
    "unreadable": Message("不能读", "unreadable"),
}
_COMPARED = ("sections", "facilities", "funds")
Line = tuple[str, ...]
Table = tuple[Line, list[Line], Sequence[float]]


def run_collect(
    folder: Path,
    out: Path,
    layout: str | Path | None = None,
    expected: Path | None = None,
    year: int | None = None,
    lang: Lang = "zh",
) -> Collection:
    """Do what ``qb collect`` asks: write the dataset, and in its folder 收集 who returned what.

    Parameters
    ----------
    folder : Path
        What came back.
    out : Path
        The folder to make, whole or not at all. It must not be there, or be empty.
    layout : str or Path, optional
        Name or file of the forms' layout; all that come with the package unless given.
    expected : Path, optional
        Last year's dataset.
    year : int, optional
        As :func:`qb.data.collect.collect` has it.
    lang : {"zh", "en"}
        Of the lists and marks, and of the names of their files.

    Raises
    ------
    QbError
        Also if a layout makes no sense, something stands at `out`, or the disk refuses.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise QbError(
            "{} 已经存在，不覆盖。请换一个名字。", "{} exists and is not replaced. Choose another name.", out
        )
    layouts = [load_layout(layout)] if layout else [load_layout(name) for name in layout_names()]
    done = collect(folder, layouts, read(expected) if expected else None, year, lang)

    def fill(made: Path) -> None:
        write(done.data, made)
        write_report(done, made / told(FOLDER, lang), lang)

    write_folder(out.resolve(), fill)
    return done


def write_report(done: Collection, folder: Path, lang: Lang = "zh") -> None:
    """Write the list, its summary and the marked copies into a new folder."""
    folder.mkdir()
    copies, name_of_list = _send_back(done, folder / told(COPIES, lang), lang), told(LIST, lang)
    sheets = {
        _SUMMARY: ((_SUMMARY,), [(line,) for line in summary(done)], (110,)),
        Message("学校", "Schools"): _schools(done, copies),
        Message("文件", "Files"): _files(done, copies),
        Message("重复", "Twice"): _again(done),
        _FAULTS: _faults(done),
    }
    with new_book(folder / f"{name_of_list}{WORKBOOK}") as book:
        head, plain = book.add_format(HEADER), book.add_format({"text_wrap": True, "valign": "top"})
        for name, (header, lines, widths) in sheets.items():
            sheet = book.add_worksheet(told(name, lang))
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.set_paper(9)  # A4
            sheet.fit_to_pages(1, 0)
            for place, width in enumerate(widths):
                sheet.set_column(place, place, width)
            for row, texts in enumerate([header, *lines]):
                for place, text in enumerate(texts):
                    sheet.write_string(row, place, told(text, lang), plain if row else head)
    (folder / f"{name_of_list}.txt").write_text(_text(sheets, lang), encoding="utf-8")


_SUMMARY, _FAULTS = Message("概况", "Summary"), Message("问题", "Faults")


def _text(sheets: dict[Message, Table], lang: Lang) -> str:
    parts = []
    for name, (header, lines, _) in sheets.items():
        rows = lines if name is _SUMMARY else [header, *lines]
        texts = ["\t".join(told(text, lang) for text in row) for row in rows]
        head = say(lang, f"【{name}】", f"[{told(name, lang)}]")
        parts.append("\n".join([head, *(texts if lines else [say(lang, "没有。", "None.")])]))
    return "\n\n".join(parts) + "\n"


def summary(done: Collection) -> list[Message]:
    """Return the state of a collection in the lines of one page."""
    due, used = done.due, set(done.used)
    names = {**_names(done), **due}
    states = [one.state for one in done.returned]
    lines = [
        Message(
            "{}—{}学年，收到 {} 份，{} 所学校的数据已合并。",
            "{}–{}: {} returned, the data of {} schools put together.",
            done.year,
            done.year + 1,
            len(done.returned),
            len(used),
        )
    ]
    if due:
        silent = [school for school in due if school not in used]
        lines.append(
            Message(
                "应交 {} 所，已交 {} 所，没有交 {} 所{}。",
                "Due: {} schools; returned: {}; not returned: {}{}.",
                len(due),
                len(due) - len(silent),
                len(silent),
                _listed(silent, names),
            )
        )
    else:
        lines.append(
            Message(
                "没有给出应交的学校（--expected），不知道谁没有交。",
                "Nobody said which schools are due (--expected), so who did not return is not known.",
            )
        )
    again = sorted({school for school, *_ in done.again})
    lines.append(
        Message(
            "交了不止一份的 {} 所{}。", "Returned more than once: {}{}.", len(again), _listed(again, names)
        )
    )
    for state in ("empty", "unknown", "unreadable"):
        which = [one.name for one in done.returned if one.state == state]
        lines.append(
            Message("{} {} 份{}。", "Files {}: {}{}.", _STATES[state], len(which), _listed(which, {}))
        )
    lines += _against_last_year(done, names)
    faults = [fault for one in done.returned for fault in one.faults] + done.faults
    counts = (
        Message("{} {} 处", "{}: {}", severity, sum(fault.severity is severity for fault in faults))
        for severity in Severity
    )
    lines.append(
        Message(
            "问题：{}；逐条见“{}”，标注的副本在文件夹“{}”。",
            "Faults: {}; one by one under “{}”, marked copies in the folder “{}”.",
            joined("，", ", ", counts),
            _FAULTS,
            COPIES,
        )
    )
    lines += [Message("{}：{}。{}。", "{}: {}. {}.", f.severity, f.message, f.remedy) for f in done.faults]
    if not any(state == "read" for state in states):
        lines.append(Message("没有一份能合并。", "Not one can be put together."))
    return lines


def json_document(done: Collection) -> dict[str, object]:
    """Return a collection in the shape that ``qb collect --json`` prints."""
    names, due = {**_names(done), **done.due}, done.due
    changes = _changes(done) if done.expected is not None else {}
    schools = []
    for school in [*due, *(school for school in done.used if school not in due)]:
        file = done.used[school][0].name if school in done.used else None
        state = "silent" if file is None else "returned" if school in due or not due else "new"
        changed = len(changes[school]) if school in changes else None
        schools.append(
            {"school_id": school, "name": names.get(school), "state": state, "file": file, "changed": changed}
        )
    return {
        "year": done.year,
        "summary": summary(done),
        "schools": schools,
        "again": [
            {"school_id": school, "used": kept.name, "left": other.name, "differences": different}
            for school, kept, other, different in done.again
        ],
        "files": [
            {"file": one.name, "state": one.state, "faults": [fault.to_dict() for fault in one.faults]}
            for one in done.returned
        ],
        "faults": [fault.to_dict() for fault in done.faults],
    }


def _against_last_year(done: Collection, names: dict[str, str]) -> list[Message]:
    if done.expected is None:
        return []
    schools = done.expected["schools"]
    known = set(schools["school_id"])
    new = [school for school in done.used if school not in known]
    there = is_open(schools, done.year - 1) & ~is_open(schools, done.year)
    gone = schools["school_id"][there].tolist()
    changes = _changes(done)
    same = [school for school, differences in changes.items() if not differences]
    changed = len(changes) - len(same)
    most = [
        (abs(share), school, str(label), label, share)
        for school, differences in changes.items()
        for label, share in differences
        if share == share
    ]
    lines = [
        Message(
            "与上一学年相比：新增学校 {} 所{}；停办 {} 所{}；数据完全没有变的 {} 所{}；有变化的 {} 所。",
            "Against last year: new schools: {}{}; closed: {}{}; no figure changed: {}{}; changed: {}.",
            *(part for some in (new, gone, same) for part in (len(some), _listed(some, names))),
            changed,
        )
    ]
    top = sorted(most, key=lambda one: one[:3], reverse=True)[:5]
    if top:
        shown = joined(
            "；",
            "; ",
            (
                Message("{}{} {:+.0%}", "{}: {} {:+.0%}", names.get(school, school), label, share)
                for _, school, _, label, share in top
            ),
        )
        lines.append(Message("变化最大的：{}。", "Most changed: {}.", shown))
    return lines


def _changes(done: Collection) -> dict[str, list[tuple[Message, float]]]:
    """Return which figures of each school are not as last year, and by how much they changed."""
    now, before = _figures(done.data, done.year), _figures(done.expected, done.year - 1)
    found = {}
    for school in done.used:
        one, two = now.get(school, {}), before.get(school, {})
        if two:
            found[school] = [
                (label, (one[label] - two[label]) / two[label] if two.get(label) else nan)
                for label in sorted(one)
                if one.get(label) != two.get(label)
            ]
    return found


def _figures(data: Dataset, year: int) -> dict[str, dict[Message, float]]:
    """Return the figures of each school in a year, by what they are called."""
    found: dict[str, dict[Message, float]] = {}
    for name in _COMPARED:
        frame = data[name][data[name]["year"] == year]
        columns = [column for column in TABLES[name].columns if column.numeric and column.name != "year"]
        labels = {
            stage: [(column.name, Message("{}{}", "{} {}", stage, column)) for column in columns]
            for stage in Stage
        }
        whole = [(column.name, Message("{}", "{}", column)) for column in columns]
        for row in frame.to_dict("records"):
            mine = found.setdefault(row["school_id"], {})
            for column, label in labels.get(row.get("stage"), whole):
                if row[column] == row[column]:
                    mine[label] = row[column]
    return found


def _names(done: Collection) -> dict[str, str]:
    schools = done.data["schools"]
    return {
        school: name
        for school, name in zip(schools["school_id"], schools["name"], strict=True)
        if isinstance(name, str)
    }


def _listed(schools: Iterable[str], names: dict[str, str]) -> Message:
    shown = [names.get(school, school) for school in schools]
    more = Message(" 等", " …") if len(shown) > 10 else ""
    return Message("：{}{}", ": {}{}", listing(shown[:10]), more) if shown else NOTHING


_FILE, _COPY = Message("文件", "File"), Message("退回的副本", "Copy sent back")
_SCHOOL = Message("学校标识码", "School"), Message("学校名称", "Name")


def _schools(done: Collection, copies: dict[str, str]) -> Table:
    """Return a line for each school: whether it returned, in which file, how many faults."""
    names, due = {**_names(done), **done.due}, done.due
    changes = _changes(done) if done.expected is not None else {}
    lines = []
    for school in [*due, *(school for school in done.used if school not in due)]:
        if school not in done.used:
            lines.append((school, names.get(school, ""), Message("没有交", "not returned"), *("",) * 7))
            continue
        one, _ = done.used[school]
        state = Message("已交", "returned") if school in due or not due else Message("新增", "new")
        if any(school == other for other, *_ in done.again):
            state += Message("，不止一份", ", more than once")
        mine = [fault for fault in one.faults if fault.school_id in (school, None)]
        differences = changes.get(school)
        than = (
            Message("上一年没有", "not there last year")
            if differences is None
            else Message("{} 项有变", "{} figures changed", len(differences))
            if differences
            else Message("完全没有变", "nothing changed")
        )
        counts = (str(sum(fault.severity is severity for fault in mine)) for severity in Severity)
        lines.append(
            (school, names.get(school, ""), state, one.name, *counts, than, copies.get(one.name, ""))
        )
    header = (
        *_SCHOOL,
        Message("状态", "State"),
        _FILE,
        *Severity,
        Message("与上一年相比", "Against last year"),
        _COPY,
    )
    return header, [line[: len(header)] for line in lines], (16, 28, 14, 34, 10, 10, 10, 14, 34)


def _files(done: Collection, copies: dict[str, str]) -> Table:
    """Return a line for each file: what it is, whose, and what became of it."""
    names, lines = _names(done), []
    for one in done.returned:
        schools = [rows.school for rows in one.rows if rows.school]
        districts = [rows.district for rows in one.rows if rows.district]
        of = listing([*(names.get(school, school) for school in schools[:5]), *districts])
        what = listing(dict.fromkeys(form.form.name for form in one.forms))
        state = _STATES[one.state]
        if one.state == "read" and not any(pair[0] is one for pair in done.used.values()) and not districts:
            state = Message("没有计入", "not counted")
        why = next((fault.message for fault in one.faults if fault.severity is Severity.STOPS), "")
        why = "" if state is _STATES["read"] else why
        lines.append((one.name, state, what, of, why, copies.get(one.name, "")))
    header = (
        _FILE,
        Message("状态", "State"),
        Message("表样", "Form"),
        Message("填报单位", "Of"),
        Message("原因", "Reason"),
        _COPY,
    )
    return header, lines, (36, 12, 16, 36, 50, 34)


def _again(done: Collection) -> Table:
    """Return a line for each school that returned twice, and what differs."""
    names = _names(done)
    lines = [
        (
            school,
            names.get(school, ""),
            kept.name,
            other.name,
            joined("；", "; ", different) or Message("内容相同", "the same"),
        )
        for school, kept, other, different in done.again
    ]
    header = (
        *_SCHOOL,
        Message("计入的（后写的）", "Counted (written last)"),
        Message("没有计入的", "Not counted"),
        Message("不同之处（计入的 / 没有计入的）", "What differs (counted / not counted)"),
    )
    return header, lines, (16, 28, 34, 34, 80)


def _faults(done: Collection) -> Table:
    """Return a line for each fault, file by file, then those of no school."""
    names = _names(done)
    lines = [
        (
            one.name, fault.school_id or "", names.get(fault.school_id or "", ""), fault.severity,
            fault.rule, fault.sheet or "", fault.cell or "", fault.message, fault.remedy,
        )
        for one in done.returned
        for fault in one.faults
    ]  # fmt: skip
    lines += [("", "", "", f.severity, f.rule, "", "", f.message, f.remedy) for f in done.faults]
    header = (
        _FILE,
        *_SCHOOL,
        Message("程度", "Severity"),
        Message("规则", "Rule"),
        Message("工作表", "Sheet"),
        Message("单元格", "Cell"),
        Message("问题", "What is wrong"),
        Message("怎么改", "What to do"),
    )
    return header, lines, (34, 14, 24, 10, 8, 14, 9, 70, 50)


def _send_back(done: Collection, folder: Path, lang: Lang) -> dict[str, str]:
    """Write a copy of each file with faults, marked if it is a workbook, else as a list; return its name."""
    copies: dict[str, str] = {}
    for one in counted(done.returned, say(lang, "标注", "Marking"), lang):
        if not any(fault.severity is not Severity.NOTE for fault in one.faults):
            continue
        folder.mkdir(exist_ok=True)
        name = one.name.replace("/", "_")
        if one.path.suffix.lower() == WORKBOOK and _marked(one, folder / name, lang):
            copies[one.name] = name
            continue
        (folder / f"{name}.txt").write_text(_listing(one.faults, lang), encoding="utf-8")
        copies[one.name] = f"{name}.txt"
    return copies


def _marked(one: Returned, copy: Path, lang: Lang) -> bool:
    try:
        mark(one.path, one.faults, copy, lang)
    except QbError:  # what cannot be opened cannot be marked
        return False
    return True


def _listing(faults: Sequence[Fault], lang: Lang) -> str:
    lines = (
        " ".join(
            told(part, lang)
            for part in (
                f.severity,
                f.rule,
                f.sheet,
                f.cell,
                Message("{}。{}。", "{}. {}.", f.message, f.remedy),
            )
            if part
        )
        for f in faults
    )
    return "".join(f"{line}\n" for line in lines)
