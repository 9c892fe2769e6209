"""The command line: parse, call, print."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Literal

from qb.command_parser import (
    Completion,
    Parser,
    Version,
    add_costs,
    add_data,
    add_json,
    add_layout,
    add_settings,
    add_standard,
    add_year,
    natural,
    path,
    span,
    yuan,
)
from qb.console import console, in_sentences
from qb.files import copy_shipped, sample_scenarios, shipped
from qb.publish.manifest import KINDS

SAMPLE = shipped("data", "sample")


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit 0 when its work was done, 1 when its input cannot be used."""
    with console(), in_sentences():
        options = vars(_parser().parse_args(arguments))
        run = options.pop("run")
        code = run(**options) or 0
    sys.exit(code)


def publish(data: Path, jobs: int | None, scenarios: list[Path] | None, **options: object) -> int:
    """Publish a dataset's year as a site; the sample comes with its scenarios."""
    from qb.publish.api import publish as run

    if scenarios is None:
        scenarios = sample_scenarios() if data == SAMPLE else []
    site = run(data, jobs=jobs or os.cpu_count() or 1, scenarios=scenarios, **options)
    print(site.summary, file=sys.stderr)
    print(site.index)
    return site.exit_code


def assess(data: Path, year: int | None, standard: str, transition: bool, as_json: bool) -> None:
    """Print the verdicts of a year."""
    from qb.data.checks import doubts
    from qb.data.reading import read
    from qb.indicators.assessment import assess as judge
    from qb.indicators.assessment import document
    from qb.report.facts import summary

    tables = read(data, standard)
    result = judge(tables, year, standard, transition)
    doubtful = doubts(tables, result.standard, result.year)
    if as_json:
        told = {**document(result), "doubts": [doubt.to_dict() for doubt in doubtful]}
        print(json.dumps(told, ensure_ascii=False, allow_nan=False))
        return
    print(summary(result, doubtful))


def whatif(
    data: Path,
    scenarios: list[Path],
    together: list[Path] | None,
    year: int | None,
    standard: str,
    costs: Path | None,
    as_json: bool,
) -> None:
    """Print the base and scenarios side by side; those of `together` are one."""
    from qb.data.reading import read
    from qb.planning.scenario import combined, document, summary
    from qb.planning.scenario import whatif as compare

    asked = [*scenarios, *([combined(together)] if together else [])]
    result = compare(read(data, standard), asked, year, standard, costs=costs)
    print(json.dumps(document(result), ensure_ascii=False, allow_nan=False) if as_json else summary(result))


def plan(data: Path, **options: object) -> None:
    """Print the cheapest plan that meets the standard."""
    from qb.planning.plan.plan_results import run

    print(run(data, **options))


def siting(data: Path, candidates: Path, **options: object) -> None:
    """Print where a new school brings most children within reach."""
    from qb.planning.siting.site_front import run

    print(run(data, candidates, **options))


def forecast(data: Path, to: int | None, against: bool, standard: str, as_json: bool) -> None:
    """Print pupils by school, stage and grade in the years to come; or places against pupils."""
    from qb.data.reading import read
    from qb.planning.forecast.projection import forecast as look_ahead
    from qb.planning.forecast.projection import summary

    tables = read(data)
    made = look_ahead(tables, to)
    if against:
        from qb.planning.forecast.places import run

        print(run(tables, made, standard, as_json))
        return
    if not as_json:
        print(summary(made))
        return
    for note in made.notes:
        print(f"说明：{note}。", file=sys.stderr)
    print(json.dumps(made.to_records(), ensure_ascii=False, allow_nan=False))


def template(
    path: Path | None,
    year: int | None,
    source: Path | None,
    layout: str | None,
    per_school: list[Path] | None,
    standard: str,
) -> None:
    """Write a workbook to fill in, or one form for each school."""
    from qb.data.form_template import run_template
    from qb.data.reading import read
    from qb.standard import load

    (given, folder), chosen = per_school or (source, None), load(standard)
    data = read(given, chosen) if given else None
    print(run_template(path, year, data, layout, folder, chosen), file=sys.stderr)


def collect(
    folder: Path, out: Path, layout: str | None, expected: Path | None, year: int | None, as_json: bool
) -> None:
    """Make one dataset of many workbooks."""
    from qb.data.collect_report import document, run_collect, summary

    done = run_collect(folder, out, layout, expected, year)
    print(json.dumps(document(done), ensure_ascii=False) if as_json else "\n".join(summary(done)))


def check(data: Path, as_json: bool, marked: Path | None, standard: str) -> int:
    """Tell every fault at once."""
    from qb.data.checks import run_check

    return run_check(data, as_json, marked, standard)


def convert(table: Path, out: Path, recipe: Path | None, standard: str) -> None:
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
        print(line(fault), file=sys.stderr)
    _save(data, out)
    rows = "，".join(f"{name} {len(frame)} 行" for name, frame in data.tables.items() if len(frame))
    print(f"已写入 {out}：{rows}。", file=sys.stderr)


def recipe_new(table: Path, out: Path | None) -> None:
    """Write a first draft of a recipe for a table."""
    from qb.data.recipe_draft import draft
    from qb.data.table_files import write_file

    text = draft(table)
    if out is None:
        print(text, end="")
        return
    write_file(out, lambda made: made.write_text(text, encoding="utf-8"))
    print(f"已写入 {out}。逐条核对后：qb convert {table} 输出 --recipe {out}", file=sys.stderr)


def sample(out: Path, schools: int, districts: int, years: range, seed: int) -> None:
    """Write an invented dataset."""
    from qb.data.sample import make

    data = make(schools=schools, districts=districts, years=years, seed=seed)
    _save(data, out)
    print(f"已写入 {out}：{len(data['schools'])} 所学校（模拟数据）。", file=sys.stderr)


def verify(site: Path, data: Path, standard: str | None, as_json: bool, **beside: object) -> int:
    """Make published pages again, and name what differs."""
    from qb.publish.verify import run

    return run(site, data, standard, as_json, **beside)


def forms(data: Path, out: Path, **options: object) -> None:
    """Write the workbooks that offices hand in."""
    from qb.report.forms import run

    print(run(data, out, **options), file=sys.stderr)


def notebook_new(name: str) -> None:
    """Write the first draft of a notebook of one's own."""
    from qb.publish.own_notebooks import write_skeleton

    print(f"已写入 {write_skeleton(name)}。改好后：qb publish 数据 --notebooks .", file=sys.stderr)


def standard_show(name: str, year: int | None) -> None:
    """Print what is in force in a standard."""
    from qb.report.standard_report import show
    from qb.standard import load

    print(show(load(name), year or date.today().year))


def standard_diff(one: str, other: str) -> None:
    """Print in what two standards differ."""
    from qb.report.standard_report import differences
    from qb.standard import load

    found = differences(load(one), load(other))
    print("\n".join(found) or "两套标准完全相同。")


def standard_columns(name: str, lang: str) -> None:
    """Print the data dictionary of a standard."""
    from qb.report.standard_report import dictionary
    from qb.standard import load

    print(dictionary(load(name), lang))


def standard_check(file: str, year: int | None) -> int:
    """Tell everything wrong with a standard's file at once."""
    from qb.report.standard_report import faults_of

    found = faults_of(file, year or date.today().year)
    print(f"标准文件 {file} " + (f"有 {len(found)} 处不能用，请逐条改正：" if found else "可以使用。"))
    for fault in found:
        print(f"  {fault}")
    return 1 if found else 0


def lab(folder: Path, no_browser: bool, lang: Literal["zh", "en", "both"] = "zh") -> int:
    """Copy what is not there yet of notebooks and sample into a folder, and open it in JupyterLab."""
    from qb.publish.jobs import SAFE_PATH
    from qb.publish.own_notebooks import in_language

    kept = copy_shipped(folder, None if lang == "both" else lambda notebook: in_language(notebook, lang))
    if kept:
        print(f"{folder} 中有 {len(kept)} 个文件与随附的不同，已保留原样。", file=sys.stderr)
    # Jupyter takes settings, which are code, from the folder in which it starts: never from one of data.
    notebooks = (folder / "notebooks").resolve()
    command = [sys.executable, "-P", "-m", "jupyterlab", str(notebooks), *["--no-browser"] * no_browser]
    return subprocess.call(command, cwd=notebooks, env={**os.environ, **SAFE_PATH})


def docs(**options: object) -> None:
    """Write the documentation; without a folder named, open it."""
    from qb.publish.documentation import run

    print(run(date.today().year, main, **options))


def _save(data: object, out: Path) -> None:
    """Write a dataset in the form its name asks for; a workbook may be filled in and is never replaced."""
    from qb.data.reading import write

    form = {".parquet": "parquet", ".xlsx": "xlsx"}.get(out.suffix.lower(), "csv")
    write(data, out, format=form, replace=form != "xlsx")


def _parser() -> Parser:
    parser = Parser(
        prog="qb",
        description="义务教育优质均衡分析：区域是否均衡，还差什么，由谁负责。",
        epilog="不熟悉时先运行 qb publish：用随附的模拟数据生成一个完整的报告网站。",
    )
    parser.add_argument(
        "--version", action=Version, nargs=0, default=argparse.SUPPRESS, help="显示 qb 和主要软件库的版本"
    )
    parser.add_argument(
        "--completion",
        action=Completion,
        choices=("bash", "zsh", "tcsh"),
        default=argparse.SUPPRESS,
        help="打印该 shell 的补全脚本",
    )
    commands = parser.add_subparsers(title="命令", metavar="命令", required=True)

    def command(run, summary: str, *examples: str, name: str = "") -> Parser:
        added = commands.add_parser(
            name or run.__name__,
            help=summary,
            description=summary,
            epilog="例：\n" + "\n".join(f"  {example}" for example in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    it = command(
        publish,
        "生成报告网站：首页、区域报告、年度报告、数据概况、校际差异研究、情景比较、达标方案和各校“一校一策”。",
        "qb publish",
        "qb publish 我的数据 --year 2025 --out 报告",
        "qb publish 我的数据 --only district data",
        "qb publish 我的数据 --schools 0001001 0001003",
        "qb publish 我的数据 --scenarios 新校.toml 撤并.toml",
    )
    it.add_argument("data", type=path, nargs="?", default=SAMPLE, help="数据集；不写则用随附的模拟数据")
    add_year(it)
    it.add_argument("--out", type=path, help="输出文件夹；默认 outputs/<县区>/<学年>/")
    it.add_argument(
        "--only",
        nargs="+",
        default=(),
        metavar="KIND",
        help=f"只生成某类页面：{'、'.join(KINDS)}，或自己的笔记本的 kind",
    )
    it.add_argument(
        "--schools", nargs="+", default=(), metavar="ID", help="只生成这些学校的页面（学校标识码）"
    )
    it.add_argument("--jobs", type=natural, help="同时运行的进程数；默认与处理器核数相同")
    it.add_argument(
        "--scenarios",
        nargs="+",
        type=path,
        metavar="FILE.toml",
        help="情景文件：另生成一页，与现状并列比较；用随附的模拟数据时默认为随附的示例情景",
    )
    add_costs(it)
    add_settings(it)
    it.add_argument(
        "--notebooks",
        type=path,
        metavar="FOLDER",
        help="自己的笔记本所在的文件夹：元数据中有 qb 一项的，与报告一起生成（见 qb notebook new）",
    )
    add_standard(it)
    it.add_argument("--lang", choices=("zh", "en"), default="zh", help="页面语言；默认 zh")
    it.add_argument(
        "--files",
        action="store_true",
        help="另生成附件：表I—表VI和学校自评表、问题台账、一校一策（Excel），年度报告（Word、PDF）",
    )
    it.add_argument("--force", action="store_true", help="全部重新生成；默认只生成有变化的页面")
    it.add_argument(
        "--isolation",
        choices=("warm", "fork", "kernel"),
        help="每页的运行方式，结果相同：warm（一个进程接连做多页，默认）、fork（每页一个进程，仅 Linux）、"
        "kernel（每页一个内核，慢）；自己的笔记本用 fork 或 kernel",
    )
    it.add_argument("--scheduler", metavar="ADDRESS", help="交给 Dask 集群，如 tcp://10.0.0.1:8786")
    it.add_argument(
        "--cell-seconds", type=natural, default=600, metavar="N", help="一个单元最多几秒；默认 600"
    )

    it = command(
        assess,
        "评估：标准的各项指标、差异系数、各校和区域的结论。",
        "qb assess data/sample",
        "qb assess 我的数据 --year 2024 --json > 结果.json",
    )
    add_data(it)
    add_year(it)
    add_standard(it)
    it.add_argument("--transition", action="store_true", help="另按过渡条款评估一次，两种结论并列")
    it.add_argument(
        "--json", dest="as_json", action="store_true", help="打印一个 JSON 文档，含全部结论和数值"
    )

    it = command(
        whatif,
        "情景推演：现状与若干情景并列，逐年比较结论、差异系数、缺口、换学校的学生和步行距离。",
        "qb whatif data/sample notebooks/scenarios/new_school.toml",
        "qb whatif 我的数据 甲.toml 乙.toml --year 2027 --json > 结果.json",
        "qb whatif 我的数据 --actions 甲.toml --actions 乙.toml",
    )
    add_data(it)
    it.add_argument(
        "scenarios", type=path, nargs="*", metavar="SCENARIO.toml", help="情景文件，可给出多个，并列比较"
    )
    it.add_argument(
        "--actions",
        dest="together",
        type=path,
        action="append",
        metavar="SCENARIO.toml",
        help="把几个情景文件合成一个情景：每个文件写一次，各项操作依次进行",
    )
    it.add_argument("--year", type=int, help="比较哪一学年；默认为各情景说到的最后一年")
    add_standard(it)
    add_costs(it)
    add_json(it)

    it = command(
        plan,
        "方案：达到标准最少要花多少，花在哪里，并证明不能更省。",
        "qb plan data/sample",
        "qb plan 我的数据 --budget 3000000",
        "qb plan 我的数据 --scenario 方案.toml",
        "qb plan 我的数据 --to 2028 --budget 3000000 --scenario 分年方案.toml",
        "qb plan 我的数据 --transfers 调配.toml",
    )
    add_data(it)
    add_year(it)
    add_costs(it)
    it.add_argument(
        "--budget", type=yuan, help="预算（元，可写 300万）；不够时说明至少要多少，并给出最佳用法"
    )
    add_standard(it)
    it.add_argument("--district", help="只为这个县区制定方案")
    it.add_argument(
        "--scenario", dest="out", type=path, metavar="FILE.toml", help="写成情景文件，供 qb whatif 复算"
    )
    it.add_argument(
        "--transfers",
        dest="moves",
        type=path,
        metavar="FILE.toml",
        help="不花钱，只调配教师和设备，写成情景文件，供 qb whatif 复算",
    )
    it.add_argument(
        "--to",
        type=int,
        metavar="YEAR",
        help="分年方案：到这一学年全部达标；--budget 为每年预算，不写则平均分摊；各年同 qb whatif",
    )
    it.add_argument(
        "--prices", action="store_true", help="另说明哪一项单价升降 20%% 时，买什么会变（逐项重新求解，较慢）"
    )
    it.add_argument(
        "--solver",
        choices=("highs", "scip"),
        default="highs",
        help="求解器；scip 须先 pip install pyscipopt，在同样长的时间里继续改进方案",
    )
    add_json(it)

    it = command(
        siting,
        "新校选址：候选校址中哪一处让最多的孩子就近入学，附最优性证明。",
        "qb siting data/sample notebooks/sites/old_town.toml --most 1 --out 选址.toml",
    )
    it.add_argument("data", type=path, help="数据集，zones（居住小区）表要有坐标和适龄儿童数")
    it.add_argument("candidates", type=path, help="候选校址文件（TOML）")
    it.add_argument("--year", type=int, help="学年起始年；默认取数据中最后一年")
    add_standard(it)
    it.add_argument("--most", type=natural, default=1, help="最多新建几所；默认 1")
    it.add_argument(
        "--curve",
        action="store_true",
        help="另列建校数从 0 起逐所增加，多建一所换来什么；以及费用、就近学生数、里程互不占优的全部方案",
    )
    it.add_argument(
        "--out", type=path, metavar="FILE.toml", help="把最好的方案写成情景文件，供 qb whatif 复算"
    )
    add_costs(it)
    add_json(it)

    it = command(
        forecast,
        "推算今后各校各年级的学生数，并用往年检验。",
        "qb forecast data/sample --to 2030",
        "qb forecast 我的数据 --json > 学生数.json",
        "qb forecast 我的数据 --places",
    )
    it.add_argument("data", type=path, help="数据集，有班级表；只有一个学年的，按全部升级推算")
    it.add_argument("--to", type=int, help="推算到哪一学年；默认五年后，十年以后各数不变")
    it.add_argument(
        "--places", dest="against", action="store_true", help="各校各学年的学位与学生：余多少，缺多少"
    )
    add_standard(it)
    it.add_argument("--json", dest="as_json", action="store_true", help="打印一个 JSON 文档：人数及其低、高")

    it = command(
        check,
        "核查：一次指出全部问题、位置和改法，按学校分列。",
        "qb check 填报.xlsx --marked 标注.xlsx",
        "qb check 我的数据 --json",
    )
    it.add_argument("data", type=path, help="数据集：文件夹或工作簿")
    add_standard(it)
    add_json(it)
    it.add_argument("--marked", type=path, metavar="FILE.xlsx", help="另存一份工作簿，有问题的格着色并加批注")

    it = command(
        template,
        "生成填报用的工作簿：每张表一个工作表，附填报说明。",
        "qb template 填报.xlsx --year 2025",
        "qb template 填报.xlsx --from 去年的数据",
        "qb template 县区.xlsx --layout district-form --year 2025",
        "qb template --layout school-form --per-school 去年的数据 下发",
    )
    it.add_argument(
        "path", type=path, nargs="?", metavar="FILE.xlsx", help="要生成的工作簿；已有的文件不覆盖"
    )
    it.add_argument("--year", type=int, help="学年起始年；默认为 --from 数据最后一年的下一年")
    it.add_argument("--from", dest="source", type=path, metavar="DATA", help="预填：学校照抄，其他数值留空")
    add_layout(it)
    add_standard(it)
    it.add_argument(
        "--per-school",
        nargs=2,
        type=path,
        metavar=("DATA", "FOLDER"),
        help="每所学校一份，写入文件夹；用 --layout 的表样时，上一学年的数以灰色预填",
    )

    it = command(
        collect,
        "收集：各校交回的表合成一个数据集，列出谁交了、谁没有交、谁交了两份，每份的问题标注在副本上。",
        "qb collect 交回的表 今年的数据 --expected 去年的数据",
        "qb collect 交回的表 今年的数据 --layout 本省表样.toml --year 2025",
    )
    it.add_argument("folder", type=path, metavar="FOLDER", help="放交回的工作簿、CSV 或数据文件夹的文件夹")
    it.add_argument("out", type=path, metavar="OUT", help="写到哪里：一个新文件夹，清单和副本在其中的“收集”")
    add_layout(it)
    it.add_argument(
        "--expected",
        type=path,
        metavar="DATA",
        help="去年的数据：谁应当交，表上没有问的县区、城乡等",
    )
    it.add_argument("--year", type=int, help="学年起始年；默认照表上写的，其次是 --expected 最后一年的下一年")
    add_json(it)

    it = command(
        convert,
        "转换：任意表格按规则转成数据集，或在 CSV、工作簿与 parquet 之间互换。",
        "qb convert 学校名录.csv 我的数据 --recipe data/recipes/tw_primary_schools.toml",
        "qb convert 我的数据 我的数据.parquet",
    )
    it.add_argument("table", type=path, help="原表或数据集")
    it.add_argument(
        "out",
        type=path,
        help="写到哪里；以 .xlsx 结尾写成工作簿，以 .parquet 结尾写成 parquet，否则写成 CSV",
    )
    it.add_argument("--recipe", type=path, help="转换规则（TOML），说明原表各列对应哪里")
    add_standard(it)

    summary = "配方：按表头猜出各列，写一份可以直接运行的初稿，供核对修改。"
    example = "例：qb recipe new 统计表.xlsx --out 配方.toml"
    recipes = commands.add_parser("recipe", help=summary, description=summary, epilog=example)
    it = recipes.add_subparsers(title="操作", metavar="操作", required=True).add_parser(
        "new",
        help="为一个表写初稿",
        description=summary,
        epilog=example,
    )
    it.add_argument("table", type=path, metavar="TABLE", help="CSV、Excel 或 parquet 表")
    it.add_argument("--out", type=path, metavar="FILE.toml", help="写到哪里；不写就打印")
    it.set_defaults(run=recipe_new)

    it = command(
        sample,
        "生成任意规模的模拟数据集，每一行都注明“模拟数据”。",
        "qb sample 试用数据",
        "qb sample 大省.parquet --schools 160 --districts 158 --years 2025-2025",
    )
    it.add_argument(
        "out",
        type=path,
        help="写到哪里；以 .xlsx 结尾写成工作簿，以 .parquet 结尾写成 parquet，否则写成 CSV",
    )
    it.add_argument("--schools", type=natural, default=30, help="每个县区的学校数；默认 30")
    it.add_argument("--districts", type=natural, default=1, help="县区数；默认 1")
    it.add_argument("--years", type=span, default=range(2021, 2026), help="学年范围；默认 2021-2025")
    it.add_argument("--seed", type=int, default=2025, help="随机种子，相同种子得到相同数据；默认 2025")

    it = command(
        verify,
        "核对：用数据重做已发布的每一页，逐字比较文字、图表、样式和程序；有不同的，退出码为 1。",
        "qb verify outputs/某区/2025 我的数据",
        "qb verify outputs/某区/2025 我的数据 --scenarios 新校.toml",
    )
    it.add_argument("site", type=path, metavar="DIR", help="qb publish 生成的文件夹（含 index.html）")
    add_data(it)
    it.add_argument("--standard", help="评估标准：名称或 TOML 文件；默认为随附的、与页面所写同名的标准")
    it.add_argument(
        "--scenarios",
        nargs="+",
        type=path,
        metavar="FILE.toml",
        help="生成情景比较页时所用的情景文件；默认为随附的示例情景",
    )
    add_costs(it)
    add_settings(it)
    it.add_argument("--notebooks", type=path, metavar="FOLDER", help="生成网站时所用的自己的笔记本（会运行）")
    add_json(it)

    it = command(
        forms,
        "表册：表I—表VI和学校自评表、问题台账、一校一策三个工作簿。",
        "qb forms data/sample 表册",
        "qb forms 我的数据 表册 --district 甲区",
        "qb forms 我的数据 表册 --layout 本省版式.toml",
    )
    add_data(it)
    it.add_argument("out", type=path, metavar="FOLDER", help="写到哪个文件夹；已有的文件不覆盖")
    add_year(it)
    add_standard(it)
    it.add_argument("--district", default="", help="县区；数据只有一个县区时不写")
    it.add_argument(
        "--layout",
        default="national",
        metavar="FILE",
        help="表I—表VI和学校自评表的版式文件（TOML）；不写就按国家表式",
    )

    summary = "笔记本：自己的分析，与报告一起发布。"
    example = "例：\n  qb notebook new my_study\n  qb publish 我的数据 --notebooks ."
    notebook = commands.add_parser(
        "notebook",
        help=summary,
        description=summary,
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    it = notebook.add_subparsers(title="操作", metavar="操作", required=True).add_parser(
        "new", help="在本文件夹写一个笔记本的初稿，改好后用 qb publish --notebooks 发布"
    )
    it.add_argument("name", metavar="NAME", help="名字：小写英文字母、数字、下划线")
    it.set_defaults(run=notebook_new)

    summary = "标准：在某学年有效的内容，两套标准的不同，一个标准文件的全部错误。"
    standards = commands.add_parser(
        "standard",
        help=summary,
        description=summary,
        epilog="例：\n  qb standard show national-2017\n  qb standard diff national-2017 gulou-2023",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = standards.add_subparsers(title="操作", metavar="操作", required=True)
    it = actions.add_parser("show", help="列出一套标准在某学年有效的规则、限值和出处")
    it.add_argument("name", metavar="NAME|FILE.toml", help="随附标准的名称，或标准文件")
    add_year(it)
    it.set_defaults(run=standard_show)
    it = actions.add_parser("columns", help="数据字典：一套标准用到的各表各列，连同它自己声明的列")
    it.add_argument("name", metavar="NAME|FILE.toml", help="随附标准的名称，或标准文件")
    it.add_argument("--lang", choices=("zh", "en"), default="zh", help="语言；默认 zh")
    it.set_defaults(run=standard_columns)
    it = actions.add_parser("diff", help="逐项列出两套标准的不同")
    it.add_argument("one", metavar="A")
    it.add_argument("other", metavar="B")
    it.set_defaults(run=standard_diff)
    it = actions.add_parser("check", help="一次列出标准文件的全部错误")
    it.add_argument("file", metavar="FILE.toml")
    add_year(it)
    it.set_defaults(run=standard_check)

    it = command(
        lab,
        "把笔记本、示例数据、情景和选址文件复制到一个文件夹（已有的文件不覆盖），在 JupyterLab 中打开。",
        "qb lab",
        "qb lab 我的笔记本",
    )
    it.add_argument(
        "folder", type=path, nargs="?", default=Path("qb-notebooks"), help="文件夹；默认 qb-notebooks"
    )
    it.add_argument("--no-browser", action="store_true", help="不自动打开浏览器")
    it.add_argument("--lang", choices=("zh", "en", "both"), default="zh", help="笔记本的语言；默认 zh")

    it = command(
        docs,
        "文档：入门、各类用户的操作指南、图库、方法、接口、数据字典、标准、术语；中英文，离线阅读。",
        "qb docs",
        "qb docs --lang en",
        "qb docs --out 文档",
    )
    it.add_argument("--out", type=path, help="写到这个文件夹，不打开；不写则写到 qb-docs 并在浏览器中打开")
    it.add_argument("--lang", choices=("zh", "en"), default="zh", help="先打开哪种语言；两种都写；默认 zh")
    return parser


if __name__ == "__main__":
    main()
