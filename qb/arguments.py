"""What the command line understands: commands, options and their help, in Chinese and English."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from qb.command_parser import (
    Completion,
    Parser,
    Version,
    add_costs,
    add_data,
    add_json,
    add_lang,
    add_layout,
    add_settings,
    add_standard,
    add_year,
    natural,
    path,
    school_year,
    span,
    yuan,
)
from qb.files import shipped
from qb.language import LANGUAGES, Lang, say
from qb.publish.manifest import KINDS

SAMPLE = shipped("data", "sample")
OWN_LANGUAGE = ("lab", "docs")  # whose --lang says something of its own


def parser_in(lang: Lang) -> Parser:
    """Return the parser with its help in a language; `run` of what it parses is the name of a function of `qb.cli`."""
    t = partial(say, lang)
    readers = (natural, span, school_year, yuan, path)
    whole, years, a_year, money, a_path = (partial(read, lang=lang) for read in readers)
    parser = type("Parser", (Parser,), {"lang": lang})(
        prog="qb",
        description=t(
            "义务教育优质均衡分析：区域是否均衡，还差什么，由谁负责。",
            "Balanced compulsory schooling: is a district balanced, what is lacking, who answers for it.",
        ),
        epilog=t(
            "不熟悉时先运行 qb publish：用随附的模拟数据生成一个完整的报告网站。",
            "To begin, run qb publish: it makes a complete site of reports from the invented data that come with qb.",
        ),
    )
    parser.add_argument(
        "--version",
        action=Version,
        nargs=0,
        default=argparse.SUPPRESS,
        help=t("显示 qb 和主要软件库的版本", "show the versions of qb and the main libraries"),
    )
    parser.add_argument(
        "--completion",
        action=Completion,
        choices=("bash", "zsh", "tcsh"),
        default=argparse.SUPPRESS,
        help=t("打印该 shell 的补全脚本", "print the completion script of that shell"),
    )
    add_lang(parser)
    commands = parser.add_subparsers(title=t("命令", "commands"), metavar=t("命令", "COMMAND"), required=True)

    def command(name: str, summary: str, *examples: str) -> Parser:
        added = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=t("例：\n", "Examples:\n") + "\n".join(f"  {example}" for example in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=name)
        if name not in OWN_LANGUAGE:
            add_lang(added)
        return added

    # fmt: off
    it = command(
        "publish",
        t("生成报告网站：首页、区域报告、一页纸、年度报告、问题台账、数据概况、校际差异研究、情景比较、达标方案和各校“一校一策”。", "Make a site of reports: index, district, brief, annual report, issue ledger, data, differences between schools, scenarios, plan, and a page for each school."),
        "qb publish",
        t("qb publish 我的数据 --year 2025 --out 报告", "qb publish mydata --year 2025 --out report"),
        t("qb publish 我的数据 --only district data", "qb publish mydata --only district data"),
        t("qb publish 我的数据 --schools 0001001 0001003", "qb publish mydata --schools 0001001 0001003"),
        t("qb publish 我的数据 --scenarios 新校.toml 撤并.toml", "qb publish mydata --scenarios new.toml merger.toml"),
    )
    it.add_argument("data", type=a_path, nargs="?", default=SAMPLE, help=t("数据集；不写则用随附的模拟数据", "dataset; without it the invented data that come with qb"))
    add_year(it)
    it.add_argument("--out", type=a_path, help=t("输出文件夹；默认 outputs/<县区>/<学年>/", "folder to write to; by default outputs/<district>/<year>/"))
    it.add_argument(
        "--only",
        nargs="+",
        default=(),
        metavar="KIND",
        help=t(f"只生成某类页面：{'、'.join(KINDS)}，或自己的笔记本的 kind", f"make pages of a kind only: {', '.join(KINDS)}, or the kind of a notebook of your own"),
    )
    it.add_argument(
        "--schools", nargs="+", default=(), metavar="ID", help=t("只生成这些学校的页面（学校标识码）", "make the pages of these schools only (identifiers)")
    )
    it.add_argument("--jobs", type=whole, help=t("同时运行的进程数；默认与处理器核数相同", "processes at once; by default as many as processors"))
    it.add_argument(
        "--scenarios",
        nargs="+",
        type=a_path,
        metavar="FILE.toml",
        help=t("情景文件：另生成一页，与现状并列比较；用随附的模拟数据时默认为随附的示例情景", "scenario files: one more page that compares them with today; by default those that come with the invented data"),
    )
    add_costs(it)
    add_settings(it)
    it.add_argument(
        "--notebooks",
        type=a_path,
        metavar="FOLDER",
        help=t("自己的笔记本所在的文件夹：元数据中有 qb 一项的，与报告一起生成（见 qb notebook new）", "folder of notebooks of your own: those with an entry qb in their metadata are made with the reports (see qb notebook new)"),
    )
    add_standard(it)
    it.add_argument(
        "--files",
        action="store_true",
        help=t("另生成附件：评估表册、问题台账、一校一策（Excel），年度报告（Word、PDF），一页纸（Word），数据包（ZIP）", "make files too: the forms, the issue ledger, school plans (Excel), the annual report (Word, PDF), the brief (Word), the data package (ZIP)"),
    )
    it.add_argument("--force", action="store_true", help=t("全部重新生成；默认只生成有变化的页面", "make all pages anew; by default only those that change"))
    it.add_argument("--scheduler", metavar="ADDRESS", help=t("交给 Dask 集群，如 tcp://10.0.0.1:8786", "hand the pages to a Dask cluster, as tcp://10.0.0.1:8786"))
    tls = t("集群各机器互相确认身份的文件（PEM）：{}", "by which the machines of a cluster know each other (PEM): {}")
    for name, of in (("ca", t("签发机构的证书", "certificate of the authority")), ("cert", t("本机的证书", "this machine's certificate")), ("key", t("本机的私钥", "its key"))):
        it.add_argument(f"--tls-{name}", type=a_path, metavar="FILE.pem", help=tls.format(of))
    it.add_argument(
        "--cell-seconds", type=whole, default=600, metavar="N", help=t("一个单元最多几秒；默认 600", "seconds for a cell at most; 600 by default")
    )

    it = command(
        "assess",
        t("评估：标准的各项指标、差异系数、各校和区域的结论。", "Assess: the indicators of the standard, difference coefficients, verdicts on schools and district."),
        "qb assess data/sample",
        t("qb assess 我的数据 --year 2024 --json > 结果.json", "qb assess mydata --year 2024 --json > result.json"),
    )
    add_data(it)
    add_year(it)
    add_standard(it)
    it.add_argument("--transition", action="store_true", help=t("另按过渡条款评估一次，两种结论并列", "assess by the transition clauses as well, both verdicts side by side"))
    it.add_argument(
        "--json", dest="as_json", action="store_true", help=t("打印一个 JSON 文档，含全部结论和数值", "print one JSON document with all verdicts and figures")
    )

    it = command(
        "whatif",
        t("情景推演：现状与若干情景并列，逐年比较结论、差异系数、缺口、换学校的学生和步行距离。", "Scenarios: today and scenarios side by side, year by year: verdicts, coefficients, gaps, pupils who change school, walks."),
        "qb whatif data/sample notebooks/scenarios/new_school.toml",
        t("qb whatif 我的数据 甲.toml 乙.toml --year 2027 --json > 结果.json", "qb whatif mydata a.toml b.toml --year 2027 --json > result.json"),
        t("qb whatif 我的数据 --actions 甲.toml --actions 乙.toml", "qb whatif mydata --actions a.toml --actions b.toml"),
    )
    add_data(it)
    it.add_argument(
        "scenarios", type=a_path, nargs="*", metavar="SCENARIO.toml", help=t("情景文件，可给出多个，并列比较", "scenario files, one or more, compared side by side")
    )
    it.add_argument(
        "--actions",
        dest="together",
        type=a_path,
        action="append",
        metavar="SCENARIO.toml",
        help=t("把几个情景文件合成一个情景：每个文件写一次，各项操作依次进行", "make one scenario of several files: once for each, their actions in order"),
    )
    it.add_argument("--year", type=a_year, help=t("比较哪一学年；默认为各情景说到的最后一年", "the school year to compare; by default the last that the scenarios speak of"))
    add_standard(it)
    add_costs(it)
    add_json(it)

    it = command(
        "plan",
        t("方案：达到标准最少要花多少，花在哪里，并证明不能更省。", "Plan: the least that meeting the standard costs, where it goes, and the proof that less is not enough."),
        "qb plan data/sample",
        t("qb plan 我的数据 --budget 3000000", "qb plan mydata --budget 3000000"),
        t("qb plan 我的数据 --scenario 方案.toml", "qb plan mydata --scenario plan.toml"),
        t("qb plan 我的数据 --to 2028 --budget 3000000 --scenario 分年方案.toml", "qb plan mydata --to 2028 --budget 3000000 --scenario years.toml"),
        t("qb plan 我的数据 --transfers 调配.toml", "qb plan mydata --transfers moves.toml"),
    )
    add_data(it)
    add_year(it)
    add_costs(it)
    it.add_argument(
        "--budget", type=money, help=t("预算（元，可写 300万）；不够时说明至少要多少，并给出最佳用法", "budget (yuan); if it is not enough: what is, and the best use of it")
    )
    add_standard(it)
    it.add_argument("--district", help=t("只为这个县区制定方案", "plan for this district only"))
    it.add_argument(
        "--scenario", dest="out", type=a_path, metavar="FILE.toml", help=t("写成情景文件，供 qb whatif 复算", "write it as a scenario, to compute it again with qb whatif")
    )
    it.add_argument(
        "--transfers",
        dest="moves",
        type=a_path,
        metavar="FILE.toml",
        help=t("不花钱，只调配教师和设备，写成情景文件，供 qb whatif 复算", "no money: move teachers and equipment alone, written as a scenario for qb whatif"),
    )
    it.add_argument(
        "--to",
        type=a_year,
        metavar="YEAR",
        help=t("分年方案：到这一学年全部达标；--budget 为每年预算，不写则平均分摊；各年同 qb whatif", "a plan over years: all met by this school year; --budget is that of each year, spread evenly without; years as in qb whatif"),
    )
    it.add_argument(
        "--prices", action="store_true", help=t("另说明哪一项单价升降 20%% 时，买什么会变（逐项重新求解，较慢）", "say too what would be bought if a price moved by 20%% (solved again for each, slower)")
    )
    it.add_argument(
        "--solver",
        choices=("highs", "scip"),
        default="highs",
        help=t("求解器；scip 须先 pip install pyscipopt，在同样长的时间里继续改进方案", "solver; for scip first pip install pyscipopt; it betters the plan in the same time"),
    )
    add_json(it)

    it = command(
        "siting",
        t("新校选址：候选校址中哪一处让最多的孩子就近入学，附最优性证明。", "Sites for new schools: which candidate brings most children within reach, with proof."),
        t("qb siting data/sample notebooks/sites/old_town.toml --most 1 --out 选址.toml", "qb siting data/sample notebooks/sites/old_town.toml --most 1 --out site.toml"),
    )
    it.add_argument("data", type=a_path, help=t("数据集，zones（居住小区）表要有坐标和适龄儿童数", "dataset whose table zones has coordinates and children"))
    it.add_argument("candidates", type=a_path, help=t("候选校址文件（TOML）", "file of candidates (TOML)"))
    it.add_argument("--year", type=a_year, help=t("学年起始年；默认取数据中最后一年", "school year (the year it starts in); by default the last of the data"))
    add_standard(it)
    it.add_argument("--most", type=whole, default=1, help=t("最多新建几所；默认 1；写了 2 以上的，--curve 也到此为止", "new schools at most; 1 by default; where it is 2 or more --curve ends there too"))
    it.add_argument(
        "--curve",
        action="store_true",
        help=t("另列建校数从 0 起逐所增加，多建一所换来什么；以及费用、就近学生数、里程互不占优的全部方案", "list too what each school more brings, from none on, and all plans of which none is better in cost, pupils within reach and walks"),
    )
    it.add_argument("--points", type=whole, metavar="N", help=t("互不占优的方案只取 N 档费用（校址多时用，含 --curve）", "of these plans only those of N sums of money (for many sites; with it --curve)"))
    it.add_argument(
        "--out", type=a_path, metavar="FILE.toml", help=t("把最好的方案写成情景文件，供 qb whatif 复算", "write the best plan as a scenario, to compute it again with qb whatif")
    )
    add_costs(it)
    add_json(it)

    it = command(
        "forecast",
        t("推算今后各校各年级的学生数，并用往年检验。", "Forecast pupils by school and grade, tested on past years."),
        "qb forecast data/sample --to 2030",
        t("qb forecast 我的数据 --json > 学生数.json", "qb forecast mydata --json > pupils.json"),
        t("qb forecast 我的数据 --places", "qb forecast mydata --places"),
    )
    it.add_argument("data", type=a_path, help=t("数据集，有班级表；只有一个学年的，按全部升级推算", "dataset with classes; of a single school year everyone is taken to move up"))
    it.add_argument("--to", type=a_year, help=t("推算到哪一学年；默认五年后，十年以后各数不变", "forecast up to which school year; by default five years ahead; beyond ten years all stays as it is"))
    it.add_argument(
        "--places", dest="against", action="store_true", help=t("各校各学年的学位与学生：余多少，缺多少", "places and pupils of each school and year: how many to spare, how many short")
    )
    add_standard(it)
    it.add_argument("--json", dest="as_json", action="store_true", help=t("打印一个 JSON 文档：人数及其低、高", "print one JSON document: pupils with low and high"))

    it = command(
        "check",
        t("核查：一次指出全部问题、位置和改法，按学校分列。", "Check: every fault at once, where it is and what to do, school by school."),
        t("qb check 填报.xlsx --marked 标注.xlsx", "qb check filled.xlsx --marked marked.xlsx"),
        t("qb check 我的数据 --json", "qb check mydata --json"),
    )
    it.add_argument("data", type=a_path, help=t("数据集：文件夹或工作簿", "dataset: folder or workbook"))
    add_standard(it)
    add_json(it)
    it.add_argument("--marked", type=a_path, metavar="FILE.xlsx", help=t("另存一份工作簿，有问题的格着色并加批注", "also write a workbook with the faulty cells coloured and annotated"))

    it = command(
        "template",
        t("生成填报用的工作簿：每张表一个工作表，附填报说明。", "Make a workbook to fill in: a sheet for each table, with instructions."),
        t("qb template 填报.xlsx --year 2025", "qb template fill.xlsx --year 2025"),
        t("qb template 填报.xlsx --from 去年的数据", "qb template fill.xlsx --from lastyear"),
        t("qb template 县区.xlsx --layout district-form --year 2025", "qb template county.xlsx --layout district-form --year 2025"),
        t("qb template --layout school-form --per-school 去年的数据 下发", "qb template --layout school-form --per-school lastyear outgoing"),
    )
    it.add_argument(
        "path", type=a_path, nargs="?", metavar="FILE.xlsx", help=t("要生成的工作簿；已有的文件不覆盖", "workbook to make; a file that is there is not replaced")
    )
    it.add_argument("--year", type=a_year, help=t("学年起始年；默认为 --from 数据最后一年的下一年", "school year (the year it starts in); by default the one after the last of --from"))
    it.add_argument("--from", dest="source", type=a_path, metavar="DATA", help=t("预填：学校照抄，其他数值留空", "pre-fill: schools as they are, figures left blank"))
    add_layout(it)
    add_standard(it)
    it.add_argument(
        "--per-school",
        nargs=2,
        type=a_path,
        metavar=("DATA", "FOLDER"),
        help=t("每所学校一份，写入文件夹；用 --layout 的表样时，上一学年的数以灰色预填", "one form for each school, into a folder; with a layout by --layout, last year's figures are pre-filled in grey"),
    )

    it = command(
        "collect",
        t("收集：各校交回的表合成一个数据集，列出谁交了、谁没有交、谁交了两份，每份的问题标注在副本上。", "Collect: the forms that schools returned become one dataset; who returned, who did not, who twice, with faults marked on copies."),
        t("qb collect 交回的表 今年的数据 --expected 去年的数据", "qb collect returned thisyear --expected lastyear"),
        t("qb collect 交回的表 今年的数据 --layout 本省表样.toml --year 2025", "qb collect returned thisyear --layout ours.toml --year 2025"),
    )
    it.add_argument("folder", type=a_path, metavar="FOLDER", help=t("放交回的工作簿、CSV 或数据文件夹的文件夹", "folder with the workbooks, CSV files or datasets returned"))
    it.add_argument("out", type=a_path, metavar="OUT", help=t("写到哪里：一个新文件夹，清单和副本在其中的“收集”", "where to write: a new folder; lists and copies stand in its folder collection"))
    add_layout(it)
    it.add_argument(
        "--expected",
        type=a_path,
        metavar="DATA",
        help=t("去年的数据：谁应当交，表上没有问的县区、城乡等", "last year's data: who should return, and districts, locations and the like that the form does not ask"),
    )
    it.add_argument("--year", type=a_year, help=t("学年起始年；默认照表上写的，其次是 --expected 最后一年的下一年", "school year (the year it starts in); by default as the forms say, else the one after the last of --expected"))
    add_json(it)

    it = command(
        "convert",
        t("转换：任意表格按规则转成数据集，或在 CSV、工作簿与 parquet 之间互换。", "Convert: any table by a recipe into a dataset, or between CSV, workbook and parquet."),
        t("qb convert 学校名录.csv 我的数据 --recipe data/recipes/tw_primary_schools.toml", "qb convert schools.csv mydata --recipe data/recipes/tw_primary_schools.toml"),
        t("qb convert 我的数据 我的数据.parquet", "qb convert mydata mydata.parquet"),
    )
    it.add_argument("table", type=a_path, help=t("原表或数据集", "table or dataset"))
    it.add_argument(
        "out",
        type=a_path,
        help=t("写到哪里；以 .xlsx 结尾写成工作簿，以 .parquet 结尾写成 parquet，否则写成 CSV", "where to write; .xlsx makes a workbook, .parquet parquet, anything else CSV"),
    )
    it.add_argument("--recipe", type=a_path, help=t("配方（TOML），说明原表各列对应哪里", "recipe (TOML) that says which column goes where"))
    add_standard(it)

    summary = t("配方：按表头猜出各列，写一份可以直接运行的初稿，供核对修改。", "Recipes: a first draft that runs, its columns guessed by their headers, to be checked and changed.")
    example = t("例：qb recipe new 统计表.xlsx --out 配方.toml", "Example: qb recipe new table.xlsx --out recipe.toml")
    recipes = commands.add_parser("recipe", help=summary, description=summary, epilog=example)
    it = recipes.add_subparsers(title=t("操作", "actions"), metavar=t("操作", "ACTION"), required=True).add_parser(
        "new",
        help=t("为一个表写初稿", "write a draft for a table"),
        description=summary,
        epilog=example,
    )
    it.add_argument("table", type=a_path, metavar="TABLE", help=t("CSV、Excel 或 parquet 表", "CSV, Excel or parquet table"))
    it.add_argument("--out", type=a_path, metavar="FILE.toml", help=t("写到哪里；不写就打印", "where to write; printed without"))
    it.set_defaults(run="recipe_new")
    add_lang(it)

    it = command(
        "sample",
        t("生成任意规模的模拟数据集，每一行都注明“模拟数据”。", "Make an invented dataset of any size; every row says so."),
        t("qb sample 试用数据", "qb sample trial"),
        t("qb sample 大省.parquet --schools 160 --districts 158 --years 2025-2025", "qb sample province.parquet --schools 160 --districts 158 --years 2025-2025"),
    )
    it.add_argument(
        "out",
        type=a_path,
        help=t("写到哪里；以 .xlsx 结尾写成工作簿，以 .parquet 结尾写成 parquet，否则写成 CSV", "where to write; .xlsx makes a workbook, .parquet parquet, anything else CSV"),
    )
    it.add_argument("--schools", type=whole, default=30, help=t("每个县区的学校数；默认 30", "schools a district; 30 by default"))
    it.add_argument("--districts", type=whole, default=1, help=t("县区数；默认 1", "districts; 1 by default"))
    it.add_argument("--years", type=years, default=range(2021, 2026), help=t("学年范围；默认 2021-2025", "school years; 2021-2025 by default"))
    it.add_argument("--seed", type=partial(natural, lang=lang, least=0), default=2025, help=t("随机种子，相同种子得到相同数据；默认 2025", "random seed: the same seed gives the same data; 2025 by default"))

    it = command(
        "verify",
        t("核对：用数据重做已发布的每一页，逐字比较文字、图表、样式和程序；有不同的，退出码为 1。", "Verify: make every published page again from the data and compare texts, figures, styles and scripts letter by letter; ends with 1 if anything differs."),
        t("qb verify outputs/某区/2025 我的数据", "qb verify outputs/district/2025 mydata"),
        t("qb verify outputs/某区/2025 我的数据 --scenarios 新校.toml", "qb verify outputs/district/2025 mydata --scenarios new.toml"),
    )
    it.add_argument("site", type=a_path, metavar="DIR", help=t("qb publish 生成的文件夹（含 index.html）", "folder made by qb publish (with index.html)"))
    add_data(it)
    it.add_argument("--standard", help=t("评估标准：名称或 TOML 文件；默认为随附的、与页面所写同名的标准", "standard: name or TOML file; by default the one that comes with qb and has the name on the pages"))
    it.add_argument(
        "--scenarios",
        nargs="+",
        type=a_path,
        metavar="FILE.toml",
        help=t("生成情景比较页时所用的情景文件；默认为随附的示例情景", "scenario files of which the page of scenarios was made; by default those that come with qb"),
    )
    add_costs(it)
    add_settings(it)
    it.add_argument("--notebooks", type=a_path, metavar="FOLDER", help=t("生成网站时所用的自己的笔记本（会运行）", "notebooks of your own with which the site was made (they are run)"))
    add_json(it)

    it = command(
        "forms",
        t("表册：评估表册（国家表式的表I—表VI和学校自评表，或按标准生成的表）、问题台账、一校一策三个工作簿。", "The forms (the national Tables I–VI with the schools' own, or those made of the standard), the issue ledger and the school plans as three workbooks."),
        t("qb forms data/sample 表册", "qb forms data/sample forms"),
        t("qb forms 我的数据 表册 --district 甲区", "qb forms mydata forms --district A"),
        t("qb forms 我的数据 表册 --layout 本省版式.toml", "qb forms mydata forms --layout ours.toml"),
    )
    add_data(it)
    it.add_argument("out", type=a_path, metavar="FOLDER", help=t("写到哪个文件夹；已有的文件不覆盖", "folder to write to; files that are there are not replaced"))
    add_year(it)
    add_standard(it)
    it.add_argument("--district", default="", help=t("县区；数据只有一个县区时不写", "district; not needed where the data have one"))
    it.add_argument(
        "--layout",
        default="national",
        metavar="FILE",
        help=t("评估表册的版式文件（TOML）；不写就按国家表式，标准没有国家表式所要指标的按标准生成", "layout (TOML) of the forms; by default the national one, or what the standard asks for where it lacks the indicators of that"),
    )

    summary = t("笔记本：自己的分析，与报告一起发布。", "Notebooks: your own analyses, published with the reports.")
    example = t("例：\n  qb notebook new my_study\n  qb publish 我的数据 --notebooks .", "Examples:\n  qb notebook new my_study\n  qb publish mydata --notebooks .")
    notebook = commands.add_parser(
        "notebook",
        help=summary,
        description=summary,
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    it = notebook.add_subparsers(title=t("操作", "actions"), metavar=t("操作", "ACTION"), required=True).add_parser(
        "new", help=t("在本文件夹写一个笔记本的初稿，改好后用 qb publish --notebooks 发布", "write a draft of a notebook in this folder; when ready, publish it with qb publish --notebooks")
    )
    it.add_argument("name", metavar="NAME", help=t("名字：小写英文字母、数字、下划线", "name: small letters, digits, underscores"))
    it.set_defaults(run="notebook_new")
    add_lang(it)

    summary = t("标准：在某学年有效的内容，两套标准的不同，一个标准文件的全部错误。", "Standards: what is in force in a year, in what two differ, everything wrong with a file.")
    standards = commands.add_parser(
        "standard",
        help=summary,
        description=summary,
        epilog=t("例：\n  qb standard show national-2017\n  qb standard diff national-2017 gulou-2023", "Examples:\n  qb standard show national-2017\n  qb standard diff national-2017 gulou-2023"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = standards.add_subparsers(title=t("操作", "actions"), metavar=t("操作", "ACTION"), required=True)
    it = actions.add_parser("show", help=t("列出一套标准在某学年有效的规则、限值和出处", "list the rules, limits and sources in force in a school year"))
    it.add_argument("name", metavar="NAME|FILE.toml", help=t("随附标准的名称，或标准文件", "name of a standard that comes with qb, or a file"))
    add_year(it, ("今年", "this year's"))
    it.set_defaults(run="standard_show")
    add_lang(it)
    it = actions.add_parser("columns", help=t("数据字典：一套标准用到的各表各列，连同它自己声明的列", "data dictionary: the tables and columns on which a standard rests, those that it declares among them"))
    it.add_argument("name", metavar="NAME|FILE.toml", help=t("随附标准的名称，或标准文件", "name of a standard that comes with qb, or a file"))
    it.set_defaults(run="standard_columns")
    add_lang(it)
    it = actions.add_parser("diff", help=t("逐项列出两套标准的不同", "list in what two standards differ"))
    it.add_argument("one", metavar="A")
    it.add_argument("other", metavar="B")
    it.set_defaults(run="standard_diff")
    add_lang(it)
    it = actions.add_parser("check", help=t("一次列出标准文件的全部错误", "list everything wrong with a standard's file"))
    it.add_argument("file", metavar="FILE.toml")
    add_year(it, ("今年", "this year's"))
    it.set_defaults(run="standard_check")
    add_lang(it)

    it = command(
        "lab",
        t("把笔记本、示例数据、情景和选址文件复制到一个文件夹（已有的文件不覆盖），在 JupyterLab 中打开。", "Copy the notebooks, sample, scenarios and sites to a folder (nothing there is replaced) and open it in JupyterLab."),
        "qb lab",
        t("qb lab 我的笔记本", "qb lab mynotebooks"),
    )
    it.add_argument(
        "folder", type=a_path, nargs="?", default=Path("qb-notebooks"), help=t("文件夹；默认 qb-notebooks", "folder; qb-notebooks by default")
    )
    it.add_argument("--no-browser", action="store_true", help=t("不自动打开浏览器", "do not open a browser"))
    it.add_argument("--lang", choices=(*LANGUAGES, "both"), default=lang, help=t("笔记本的语言；默认 zh", "language of the notebooks: zh, en or both; by default that of the command"))

    it = command(
        "app",
        t("在浏览器中试算，不用终端和 JupyterLab：选数据或上传工作簿，看核查结果，试各项操作，发布网站，下载情景和工作簿。只在本机有效，地址带口令。须先 pip install 'qb-schools[app]'。", "Try changes out in a browser, without a terminal or JupyterLab: choose data or upload a workbook, see what check says, try actions, publish the site, download scenario and workbook. On this machine only, at an address with a token. Needs pip install 'qb-schools[app]'."),
        "qb app",
        t("qb app 我的数据 --year 2025", "qb app mydata --year 2025"),
    )
    it.add_argument("data", type=a_path, nargs="?", default=SAMPLE, help=t("数据集；不写则用随附的模拟数据", "dataset; without it the invented data that come with qb"))
    add_year(it)
    add_standard(it)
    it.add_argument("--no-browser", action="store_true", help=t("不自动打开浏览器", "do not open a browser"))

    it = command(
        "docs",
        t("文档：入门、各类用户的操作指南、图库、方法、接口、数据字典、标准、术语；中英文，离线阅读。", "Documentation: tutorial, guides, gallery, methods, API, data dictionary, standards, terms; in Chinese and English, to read offline."),
        "qb docs",
        "qb docs --lang en",
        t("qb docs --out 文档", "qb docs --out docs"),
    )
    it.add_argument("--out", type=a_path, help=t("写到这个文件夹，不打开；不写则写到 qb-docs 并在浏览器中打开", "write to this folder and do not open it; without it, write to qb-docs and open it in a browser"))
    it.add_argument("--lang", choices=LANGUAGES, default=lang, help=t("先打开哪种语言；两种都写；默认 zh", "language to open first (both are written); by default that of the command"))
    # fmt: on
    return parser
