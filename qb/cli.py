"""The command line: parse, call, print; the terminal's side of it: streams, signals, exit codes, every ending in a sentence."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from qb.arguments import SAMPLE, parser_in
from qb.command_parser import argparse_in, language, refuse_language
from qb.errors import DataError, QbError, plain, why
from qb.files import copy_shipped, sample_scenarios, shipped, temporary_folder
from qb.language import Lang, Message, joined, json_text, say, told

# Whatever Voilà would fetch from elsewhere stays there: its icons are letters then.
OWN_ALONE = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'none'"


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit 0 when its work was done, 1 when its input cannot be used."""
    lang = language(sys.argv[1:] if arguments is None else arguments)
    with console(), in_sentences(lang):
        refuse_language()
        with argparse_in(lang):
            options = vars(parser_in(lang).parse_args(arguments))
        code = globals()[options.pop("run")](**options) or 0
    sys.exit(code)


def publish(data: Path, jobs: int | None, scenarios: list[Path] | None, lang: Lang, **options: object) -> int:
    """Publish a dataset's year as a site; the sample comes with its scenarios."""
    from qb.publish.api import publish as run

    if scenarios is None:
        scenarios = sample_scenarios() if data == SAMPLE else []
    site = run(data, jobs=jobs or os.cpu_count() or 1, scenarios=scenarios, lang=lang, **options)
    print(told(site.summary, lang), file=sys.stderr)
    print(site.index)
    return site.exit_code


def assess(data: Path, year: int | None, standard: str, transition: bool, as_json: bool, lang: Lang) -> None:
    """Print the verdicts of a year."""
    from qb.data.checks import doubts
    from qb.data.reading import read
    from qb.indicators.assessment import assess as judge
    from qb.indicators.assessment import json_document
    from qb.report.verdict_sentences import summary
    from qb.standard import load

    chosen = load(standard)
    tables = read(data, chosen)
    result = judge(tables, year, chosen, transition)
    doubtful = doubts(tables, result.standard, result.year)
    if as_json:
        print(json_text({**json_document(result), "doubts": [doubt.to_dict() for doubt in doubtful]}, lang))
        return
    print(summary(result, doubtful, lang))


def whatif(
    data: Path,
    scenarios: list[Path],
    together: list[Path] | None,
    year: int | None,
    standard: str,
    costs: Path | None,
    as_json: bool,
    lang: Lang,
) -> None:
    """Print the base and scenarios side by side; those of `together` are one."""
    from qb.data.reading import read
    from qb.planning.scenario import combined, json_document, summary
    from qb.planning.scenario import whatif as compare

    asked = [*scenarios, *([combined(together)] if together else [])]
    result = compare(read(data, standard), asked, year, standard, costs=costs)
    print(json_text(json_document(result), lang) if as_json else told(summary(result), lang))


def plan(data: Path, **options: object) -> None:
    """Print the cheapest plan that meets the standard."""
    from qb.planning.plan.plan_results import run

    print(run(data, **options))


def siting(data: Path, candidates: Path, **options: object) -> None:
    """Print where a new school brings most children within reach."""
    from qb.planning.siting.siting_summary import run

    print(run(data, candidates, **options))


def forecast(data: Path, to: int | None, against: bool, standard: str, as_json: bool, lang: Lang) -> None:
    """Print pupils by school, stage and grade in the years to come; or places against pupils."""
    from qb.data.reading import read
    from qb.planning.forecast.projection import forecast as look_ahead
    from qb.planning.forecast.projection import summary

    tables = read(data)
    made = look_ahead(tables, to)
    if against:
        from qb.planning.forecast.places_left import run

        print(run(tables, made, standard, as_json, lang))
        return
    if not as_json:
        print(told(summary(made), lang))
        return
    for note in made.notes:
        print(told(Message("说明：{}。", "Note: {}.", note), lang), file=sys.stderr)
    print(json_text(made.to_records(), lang))


def template(
    path: Path | None,
    year: int | None,
    source: Path | None,
    layout: str | None,
    per_school: list[Path] | None,
    standard: str,
    lang: Lang,
) -> None:
    """Write a workbook to fill in, or one form for each school."""
    from qb.data.blank_forms import run_template
    from qb.data.reading import read
    from qb.standard import load

    (given, folder), chosen = per_school or (source, None), load(standard)
    data = read(given, chosen) if given else None
    print(told(run_template(path, year, data, layout, folder, chosen), lang), file=sys.stderr)


def collect(
    folder: Path,
    out: Path,
    layout: str | None,
    expected: Path | None,
    year: int | None,
    as_json: bool,
    lang: Lang,
) -> None:
    """Make one dataset of many workbooks."""
    from qb.data.collect_report import json_document, run_collect, summary

    done = run_collect(folder, out, layout, expected, year, lang)
    print(json_text(json_document(done), lang) if as_json else told(joined("\n", "\n", summary(done)), lang))


def check(
    data: Path,
    as_json: bool = False,
    marked: Path | None = None,
    standard: str | None = None,
    lang: Lang = "zh",
) -> int:
    """Print every fault at once; 1 where the data cannot be read. With `marked` also write the marked workbook."""
    from qb.data.checks import check as find
    from qb.data.checks import listing
    from qb.data.reading import read
    from qb.standard import load

    try:
        chosen = load(standard) if standard else None
        dataset = read(data, chosen)
        faults = find(dataset, chosen)
    except DataError as error:
        dataset, faults = None, list(error.faults)
    if marked is not None:
        from qb.data.marking import mark

        mark(data, faults, marked, lang)
    print(
        json_text([fault.to_dict() for fault in faults], lang)
        if as_json
        else told(listing(faults, dataset), lang)
    )
    return 0 if dataset is not None else 1


def convert(table: Path, out: Path, recipe: Path | None, standard: str, lang: Lang) -> None:
    """Turn a table or a dataset into a dataset."""
    from qb.data.checks import line, require
    from qb.data.reading import read
    from qb.data.recipe import convert as apply
    from qb.data.recipe import load_recipe
    from qb.standard import load

    chosen = load(standard)
    data = apply(table, load_recipe(recipe, chosen), chosen) if recipe else read(table, chosen)
    require(data, chosen)
    for fault in data.faults:  # what was left out, or read in another way than typed
        print(told(line(fault), lang), file=sys.stderr)
    _save(data, out)
    rows = (
        Message("{} {} 行", "{} {} rows", name, len(frame))
        for name, frame in data.tables.items()
        if len(frame)
    )
    said = Message("已写入 {}：{}。", "Written to {}: {}.", out, joined("，", ", ", rows))
    print(told(said, lang), file=sys.stderr)


def recipe_new(table: Path, out: Path | None, lang: Lang) -> None:
    """Write a first draft of a recipe for a table."""
    from qb.data.recipe_draft import draft
    from qb.data.table_files import write_file

    text = draft(table, lang)
    if out is None:
        print(text, end="")
        return
    write_file(out, lambda made: made.write_text(text, encoding="utf-8"))
    zh = "已写入 {0}。逐条核对后：qb convert {1} 输出 --recipe {0}"
    en = "Written to {0}. Check it, then: qb convert {1} OUT --recipe {0}"
    print(told(Message(zh, en, out, table), lang), file=sys.stderr)


def sample(out: Path, schools: int, districts: int, years: range, seed: int, lang: Lang) -> None:
    """Write an invented dataset."""
    from qb.data.sample import make

    data = make(schools=schools, districts=districts, years=years, seed=seed)
    _save(data, out)
    zh, en = "已写入 {}：{} 所学校（模拟数据）。", "Written to {}: {} schools (invented data)."
    print(told(Message(zh, en, out, len(data["schools"])), lang), file=sys.stderr)


def verify(site: Path, data: Path, standard: str | None, as_json: bool, **beside: object) -> int:
    """Make published pages again, and name what differs."""
    from qb.publish.verify import run

    return run(site, data, standard, as_json, **beside)


def forms(data: Path, out: Path, lang: Lang, **options: object) -> None:
    """Write the workbooks that offices hand in."""
    from qb.report.forms import run

    print(told(run(data, out, **options), lang), file=sys.stderr)


def notebook_new(name: str, lang: Lang) -> None:
    """Write the first draft of a notebook of one's own."""
    from qb.publish.own_notebooks import write_skeleton

    zh = "已写入 {}。改好后：qb publish 数据 --notebooks ."
    en = "Written to {}. When it is ready: qb publish DATA --notebooks ."
    print(told(Message(zh, en, write_skeleton(name)), lang), file=sys.stderr)


def standard_show(name: str, year: int | None, lang: Lang) -> None:
    """Print what is in force in a standard."""
    from qb.report.standard_report import show
    from qb.standard import load

    print(show(load(name), year or date.today().year, lang))


def standard_diff(one: str, other: str, lang: Lang) -> None:
    """Print in what two standards differ."""
    from qb.report.standard_report import differences
    from qb.standard import load

    found = differences(load(one), load(other))
    same = Message("两套标准完全相同。", "The two standards are the same.")
    print(told(joined("\n", "\n", found or [same]), lang))


def standard_columns(name: str, lang: Lang) -> None:
    """Print the data dictionary of a standard."""
    from qb.report.standard_report import dictionary
    from qb.standard import load

    print(dictionary(load(name), lang))


def standard_check(file: str, year: int | None, lang: Lang) -> int:
    """Tell everything wrong with a standard's file at once."""
    from qb.report.standard_report import faults_of
    from qb.standard import WHAT
    from qb.tomlfile import UNUSABLE

    found = faults_of(file, year or date.today().year)
    head = Message("标准文件 {} 可以使用。", "Standard file {} can be used.", file)
    if found:
        head = Message(*UNUSABLE, Message("{} {} ", "{} {}", WHAT, file), len(found))
    print(told(joined("\n  ", "\n  ", [head, *found]), lang))
    return 1 if found else 0


def lab(folder: Path, no_browser: bool, lang: Literal["zh", "en", "both"]) -> int:
    """Copy what is not there yet of notebooks and sample into a folder, and open it in JupyterLab."""
    from qb.publish.jobs import SAFE_PATH
    from qb.publish.own_notebooks import in_language

    kept = copy_shipped(folder, None if lang == "both" else lambda notebook: in_language(notebook, lang))
    if kept:
        zh = "{} 中有 {} 个文件与随附的不同，已保留原样。"
        en = "{} holds {} files that differ from those that come with qb; kept as they are."
        print(told(Message(zh, en, folder, len(kept)), lang), file=sys.stderr)
    # Jupyter takes settings, which are code, from the folder in which it starts: never from one of data.
    notebooks = (folder / "notebooks").resolve()
    command = [sys.executable, "-P", "-m", "jupyterlab", str(notebooks), *["--no-browser"] * no_browser]
    return subprocess.call(command, cwd=notebooks, env={**os.environ, **SAFE_PATH})


def app(data: Path, year: int | None, standard: str, no_browser: bool, lang: Lang) -> int:
    """Serve `explore.ipynb` as a page: on this machine alone, to who has the address with its token."""
    if importlib.util.find_spec("voila") is None:
        zh = "qb app 要用 voila，现在没有安装。请运行：pip install 'qb-schools[app]'"
        raise QbError(zh, "qb app needs voila, which is not installed. Run: pip install 'qb-schools[app]'")
    import secrets
    import socket
    from threading import Thread

    from qb.publish.jobs import SAFE_PATH
    from qb.publish.own_notebooks import in_language

    notebook = json.loads(in_language(shipped("notebooks", "explore.ipynb").read_bytes(), lang))
    notebook["cells"] = [one for one in notebook["cells"] if "lab" not in one["metadata"].get("tags", ())]
    (cell,) = (one for one in notebook["cells"] if "parameters" in one["metadata"].get("tags", ()))
    given = f"data, year, standard = {str(data)!r}, {year!r}, {standard!r}"
    cell["source"] = f"import os\nos.chdir({str(Path.cwd())!r})\n{given}\nlang = {lang!r}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_urlsafe(24)  # told to the server in a file that others cannot read
    address = f"http://127.0.0.1:{port}/?token={token}"
    settings = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "token": token,
        "open_browser": False,
        "log_level": 40,
        "tornado_settings": {"headers": {"Content-Security-Policy": OWN_ALONE}},
    }
    zh = "在浏览器中打开 {}（只在本机有效；按 Ctrl+C 结束）"
    print(
        told(Message(zh, "Open {} in a browser (on this machine only; Ctrl+C ends it)", address), lang),
        flush=True,
    )
    if not no_browser:
        Thread(target=_open_when_up, args=(address,), daemon=True).start()
    # Voilà takes settings, which are code, from the folder in which it starts: one that holds the notebook alone.
    with temporary_folder() as folder:
        page = Path(folder, "explore.ipynb")
        page.write_text(json.dumps(notebook), encoding="utf-8")
        Path(folder, "voila.json").write_text(json.dumps({"Voila": settings}), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "voila", str(page)]
        return subprocess.call(command, cwd=folder, env={**os.environ, **SAFE_PATH})


def _open_when_up(address: str) -> None:
    import socket
    import webbrowser

    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", urlsplit(address).port), 1):
            webbrowser.open(address)
            return
        time.sleep(0.2)


def docs(**options: object) -> None:
    """Write the documentation; without a folder named, open it."""
    from qb.publish.documentation import run

    print(run(date.today().year, main, **options))


def _save(data: object, out: Path) -> None:
    """Write a dataset in the form its name asks for; a workbook may be filled in and is never replaced."""
    from qb.data.reading import write

    form = {".parquet": "parquet", ".xlsx": "xlsx"}.get(out.suffix.lower(), "csv")
    write(data, out, format=form, replace=form != "xlsx")


class Console(io.TextIOWrapper):
    """A stream in UTF-8, whatever the console's code page, to which no control character from data goes.

    Attributes
    ----------
    terminal : TextIO
        The stream itself, for what moves the cursor on purpose.
    """

    def __init__(self, terminal: io.TextIOWrapper) -> None:
        terminal.flush()
        buffered = {"line_buffering": terminal.line_buffering, "write_through": terminal.write_through}
        super().__init__(terminal.buffer, encoding="utf-8", errors="backslashreplace", **buffered)
        self.terminal = terminal

    def write(self, text: str) -> int:
        """Write a text; in a JSON document the numbers of characters stand for themselves all the same."""
        super().write(plain(text))
        return len(text)


@contextmanager
def console() -> Iterator[None]:
    """Print plainly, end in good order with the terminal, and let no file take a closed stream's place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free is this one
    before = sys.stdout, sys.stderr
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115  for as long as the process
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            setattr(sys, name, Console(stream))
    endings = [getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)]
    mine = threading.current_thread() is threading.main_thread()
    heard = {one: signal.getsignal(one) for one in endings if mine}
    for one, handler in heard.items():
        if handler is signal.SIG_DFL:  # not under nohup
            signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one, handler in heard.items():
            signal.signal(one, handler)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, Console):
                with suppress(OSError, ValueError):
                    stream.flush()
                stream.detach()
        sys.stdout, sys.stderr = before


@contextmanager
def in_sentences(lang: Lang = "zh") -> Iterator[None]:
    """End the program in a sentence, with 1, where the work within cannot be done."""
    try:
        if sys.stdout is None:
            raise QbError(
                "标准输出是关着的，结果无处可写。请接到终端或文件后再运行。",
                "The standard output is closed, so there is nowhere to write. Connect it to a terminal or a file.",
            )
        yield
        sys.stdout.flush()
    except DataError as error:
        from qb.data.checks import line

        sys.exit(plain(told(Message("错误：{}", "Error: {}", error.with_lines(line)), lang)))
    except QbError as error:
        sys.exit(plain(told(Message("错误：{}", "Error: {}", error), lang)))
    except KeyboardInterrupt:
        zh = "已中断。已完成的部分都保留；再次运行同一命令，从停下的地方继续。"
        sys.exit(
            say(lang, zh, "Stopped. What is done is kept; run the same command again to go on from here.")
        )
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        place = Message("（{}）", " ({})", plain(str(error.filename or say(lang, "输出", "output"))))
        usual = Message("请检查磁盘空间与权限。", "Check the space on the disk and the permissions.")
        remedy = REMEDIES.get(error.errno, usual)
        sys.exit(told(Message("错误：{}{}。{}", "Error: {}{}. {}", why(error), place, remedy), lang))
    except MemoryError:
        zh = "错误：内存不足，没有写出结果。请关闭其他程序，或分县区处理后再运行。"
        en = "Error: not enough memory; no result was written. Close other programs, or work district by district."
        sys.exit(say(lang, zh, en))
    except ImportError as error:  # where there are too few handles or there is no memory for a library
        said = Message(
            "错误：不能装载程序的一部分（{}）。请检查内存和可打开文件数的限制；都够用时，请重新安装 qb。",
            "Error: a part of the program cannot be loaded ({}). Check the limits of memory and open files; if they are enough, install qb again.",
            plain(str(error)),
        )
        sys.exit(told(said, lang))


REMEDIES = {
    errno.EMFILE: Message(
        "请提高限额（ulimit -n），或减少同时运行的进程（--jobs）。",
        "Raise the limit (ulimit -n), or run fewer processes (--jobs).",
    ),
    errno.ENFILE: Message("请关闭其他程序后再运行。", "Close other programs and run it again."),
    errno.ENOMEM: Message("请关闭其他程序后再运行。", "Close other programs and run it again."),
    errno.ENOENT: Message(
        "请检查路径；当前文件夹可能已被删去，请换一个文件夹运行。",
        "Check the path; the working folder may have been deleted: run it in another.",
    ),
}


if __name__ == "__main__":
    main()
