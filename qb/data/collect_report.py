"""Who returned what: the list as a workbook and as text, a summary on one page, copies to send back."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from math import nan
from pathlib import Path

from tqdm import tqdm

from qb.data.collect import Collection, Returned, collect
from qb.data.dataset import Dataset, is_open
from qb.data.layout_file import layout_names, load_layout
from qb.data.marking import mark
from qb.data.reading import read, write
from qb.data.schema import TABLES
from qb.data.workbook import HEADER, WORKBOOK, new_book
from qb.errors import Fault, QbError
from qb.files import write_folder
from qb.terms import Severity, Stage

FOLDER, LIST, COPIES = "收集", "收集清单", "退回"
_STATES = {"read": "已读入", "empty": "空表", "unknown": "认不出的表", "unreadable": "不能读"}
_COMPARED = ("sections", "facilities", "funds")
Line = tuple[str, ...]


def run_collect(
    folder: Path,
    out: Path,
    layout: str | Path | None = None,
    expected: Path | None = None,
    year: int | None = None,
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

    Raises
    ------
    QbError
        Also if a layout makes no sense, something stands at `out`, or the disk refuses.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise QbError(f"{out} 已经存在，不覆盖。请换一个名字。")
    layouts = [load_layout(layout)] if layout else [load_layout(name) for name in layout_names()]
    done = collect(folder, layouts, read(expected) if expected else None, year)

    def fill(made: Path) -> None:
        write(done.data, made)
        write_report(done, made / FOLDER)

    write_folder(out.resolve(), fill)
    return done


def write_report(done: Collection, folder: Path) -> None:
    """Write the list, its summary and the marked copies into a new folder."""
    folder.mkdir()
    copies = _send_back(done, folder / COPIES)
    sheets = {
        "概况": (("概况",), [(line,) for line in summary(done)], (110,)),
        "学校": _schools(done, copies),
        "文件": _files(done, copies),
        "重复": _again(done),
        "问题": _faults(done),
    }
    with new_book(folder / f"{LIST}{WORKBOOK}") as book:
        head, plain = book.add_format(HEADER), book.add_format({"text_wrap": True, "valign": "top"})
        for name, (header, lines, widths) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.set_paper(9)  # A4
            sheet.fit_to_pages(1, 0)
            for place, width in enumerate(widths):
                sheet.set_column(place, place, width)
            for row, texts in enumerate([header, *lines]):
                for place, text in enumerate(texts):
                    sheet.write_string(row, place, text, plain if row else head)
    (folder / f"{LIST}.txt").write_text(_text(sheets), encoding="utf-8")


def _text(sheets: dict[str, tuple[Line, list[Line], Sequence[float]]]) -> str:
    parts = []
    for name, (header, lines, _) in sheets.items():
        rows = lines if name == "概况" else ["\t".join(one) for one in (header, *lines)]
        texts = [row[0] if isinstance(row, tuple) else row for row in rows]
        parts.append("\n".join([f"【{name}】", *(texts if lines else ["没有。"])]))
    return "\n\n".join(parts) + "\n"


def summary(done: Collection) -> list[str]:
    """Return the state of a collection in the lines of one page."""
    due, used = done.due, set(done.used)
    names = {**_names(done), **due}
    states = [one.state for one in done.returned]
    lines = [
        f"{done.year}—{done.year + 1}学年，收到 {len(done.returned)} 份，{len(used)} 所学校的数据已合并。"
    ]
    if due:
        silent = [school for school in due if school not in used]
        counted = f"应交 {len(due)} 所，已交 {len(due) - len(silent)} 所"
        lines.append(f"{counted}，没有交 {len(silent)} 所{_listed(silent, names)}。")
    else:
        lines.append("没有给出应交的学校（--expected），不知道谁没有交。")
    again = sorted({school for school, *_ in done.again})
    lines.append(f"交了不止一份的 {len(again)} 所{_listed(again, names)}。")
    for state in ("empty", "unknown", "unreadable"):
        which = [one.name for one in done.returned if one.state == state]
        lines.append(f"{_STATES[state]} {len(which)} 份{_listed(which, {})}。")
    lines += _against_last_year(done, names)
    faults = [fault for one in done.returned for fault in one.faults] + done.faults
    counts = [
        f"{severity.zh} {sum(fault.severity is severity for fault in faults)} 处" for severity in Severity
    ]
    lines.append(f"问题：{'，'.join(counts)}；逐条见“问题”，标注的副本在文件夹“{COPIES}”。")
    lines += [f"{fault.severity.zh}：{fault.message}。{fault.remedy}。" for fault in done.faults]
    return lines if any(state == "read" for state in states) else [*lines, "没有一份能合并。"]


def document(done: Collection) -> dict[str, object]:
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


def _against_last_year(done: Collection, names: dict[str, str]) -> list[str]:
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
        (abs(share), school, label, share)
        for school, differences in changes.items()
        for label, share in differences
        if share == share
    ]
    lines = [
        f"与上一学年相比：新增学校 {len(new)} 所{_listed(new, names)}；"
        f"停办 {len(gone)} 所{_listed(gone, names)}；"
        f"数据完全没有变的 {len(same)} 所{_listed(same, names)}；有变化的 {changed} 所。"
    ]
    top = sorted(most, reverse=True)[:5]
    if top:
        shown = "；".join(
            f"{names.get(school, school)}{label} {share:+.0%}" for _, school, label, share in top
        )
        lines.append(f"变化最大的：{shown}。")
    return lines


def _changes(done: Collection) -> dict[str, list[tuple[str, float]]]:
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


def _figures(data: Dataset, year: int) -> dict[str, dict[str, float]]:
    """Return the figures of each school in a year, by what they are called."""
    found: dict[str, dict[str, float]] = {}
    for name in _COMPARED:
        frame = data[name][data[name]["year"] == year]
        columns = [column for column in TABLES[name].columns if column.numeric and column.name != "year"]
        for row in frame.to_dict("records"):
            stage = Stage(row["stage"]).zh if row.get("stage") in set(Stage) else ""
            mine = found.setdefault(row["school_id"], {})
            mine |= {stage + c.label: row[c.name] for c in columns if row[c.name] == row[c.name]}
    return found


def _names(done: Collection) -> dict[str, str]:
    schools = done.data["schools"]
    return {
        school: name
        for school, name in zip(schools["school_id"], schools["name"], strict=True)
        if isinstance(name, str)
    }


def _listed(schools: Iterable[str], names: dict[str, str]) -> str:
    shown = [names.get(school, school) for school in schools]
    more = " 等" if len(shown) > 10 else ""
    return f"：{'、'.join(shown[:10])}{more}" if shown else ""


Table = tuple[Line, list[Line], Sequence[float]]


def _schools(done: Collection, copies: dict[str, str]) -> Table:
    """Return a line for each school: whether it returned, in which file, how many faults."""
    names, due = {**_names(done), **done.due}, done.due
    changes = _changes(done) if done.expected is not None else {}
    lines = []
    for school in [*due, *(school for school in done.used if school not in due)]:
        if school not in done.used:
            lines.append((school, names.get(school, ""), "没有交", *("",) * 7))
            continue
        one, _ = done.used[school]
        state = "已交" if school in due or not due else "新增"
        state += "，不止一份" if any(school == other for other, *_ in done.again) else ""
        mine = [fault for fault in one.faults if fault.school_id in (school, None)]
        differences = changes.get(school)
        than = (
            "上一年没有"
            if differences is None
            else f"{len(differences)} 项有变"
            if differences
            else "完全没有变"
        )
        counts = (str(sum(fault.severity is severity for fault in mine)) for severity in Severity)
        lines.append(
            (school, names.get(school, ""), state, one.name, *counts, than, copies.get(one.name, ""))
        )
    header = (
        "学校标识码",
        "学校名称",
        "状态",
        "文件",
        *(s.zh for s in Severity),
        "与上一年相比",
        "退回的副本",
    )
    return header, [line[: len(header)] for line in lines], (16, 28, 14, 34, 10, 10, 10, 14, 34)


def _files(done: Collection, copies: dict[str, str]) -> Table:
    """Return a line for each file: what it is, whose, and what became of it."""
    names, lines = _names(done), []
    for one in done.returned:
        schools = [rows.school for rows in one.rows if rows.school]
        districts = [rows.district for rows in one.rows if rows.district]
        of = "、".join([*(names.get(school, school) for school in schools[:5]), *districts])
        what = "、".join(dict.fromkeys(form.form.name for form in one.forms))
        state = _STATES[one.state]
        if one.state == "read" and not any(pair[0] is one for pair in done.used.values()) and not districts:
            state = "没有计入"
        why = next((fault.message for fault in one.faults if fault.severity is Severity.STOPS), "")
        lines.append((one.name, state, what, of, "" if state == "已读入" else why, copies.get(one.name, "")))
    return ("文件", "状态", "表样", "填报单位", "原因", "退回的副本"), lines, (36, 12, 16, 36, 50, 34)


def _again(done: Collection) -> Table:
    """Return a line for each school that returned twice, and what differs."""
    names = _names(done)
    lines = [
        (school, names.get(school, ""), kept.name, other.name, "；".join(different) or "内容相同")
        for school, kept, other, different in done.again
    ]
    header = ("学校标识码", "学校名称", "计入的（后写的）", "没有计入的", "不同之处（计入的 / 没有计入的）")
    return header, lines, (16, 28, 34, 34, 80)


def _faults(done: Collection) -> Table:
    """Return a line for each fault, file by file, then those of no school."""
    names = _names(done)
    lines = [
        (
            one.name, fault.school_id or "", names.get(fault.school_id or "", ""), fault.severity.zh,
            fault.rule, fault.sheet or "", fault.cell or "", fault.message, fault.remedy,
        )
        for one in done.returned
        for fault in one.faults
    ]  # fmt: skip
    lines += [("", "", "", f.severity.zh, f.rule, "", "", f.message, f.remedy) for f in done.faults]
    header = ("文件", "学校标识码", "学校名称", "程度", "规则", "工作表", "单元格", "问题", "怎么改")
    return header, lines, (34, 14, 24, 10, 8, 14, 9, 70, 50)


def _send_back(done: Collection, folder: Path) -> dict[str, str]:
    """Write a copy of each file with faults, marked if it is a workbook, else as a list; return its name."""
    copies: dict[str, str] = {}
    for one in tqdm(done.returned, desc="标注", unit="份", file=sys.stderr):
        if not any(fault.severity is not Severity.NOTE for fault in one.faults):
            continue
        folder.mkdir(exist_ok=True)
        name = one.name.replace("/", "_")
        if one.path.suffix.lower() == WORKBOOK and _marked(one, folder / name):
            copies[one.name] = name
            continue
        (folder / f"{name}.txt").write_text(_listing(one.faults), encoding="utf-8")
        copies[one.name] = f"{name}.txt"
    return copies


def _marked(one: Returned, copy: Path) -> bool:
    try:
        mark(one.path, one.faults, copy)
    except QbError:  # what cannot be opened cannot be marked
        return False
    return True


def _listing(faults: Sequence[Fault]) -> str:
    lines = (
        " ".join(
            part for part in (f.severity.zh, f.rule, f.sheet, f.cell, f"{f.message}。{f.remedy}。") if part
        )
        for f in faults
    )
    return "".join(f"{line}\n" for line in lines)
