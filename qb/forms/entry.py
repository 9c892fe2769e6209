"""The workbooks that offices hand in, made from a book: national forms, issue ledger, a plan per school."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from xlsxwriter import Workbook

from qb.dataset.sheets import new_book, write_xlsx
from qb.forms import basics, indicators, ledger, policies, selfcheck, seven
from qb.forms.filing import Filing
from qb.forms.sheet import Figure, Form
from qb.report import Book
from qb.report.words import stage_label
from qb.terms import COMPULSORY

FORMS, LEDGER, POLICIES = "表I—表VI和学校自评表.xlsx", "问题台账.xlsx", "一校一策.xlsx"
_HELD_WIDTHS = (*basics.SCHOOL_WIDTHS, 9, 7, 9, 9, 9, 9, 11, 11, 14, 9)
_SEVEN_WIDTHS = (*basics.SCHOOL_WIDTHS, 9, *(11,) * 7, 7, 9, 11)
_VETO_WIDTHS = (8, 64, 12, 12, 36)


def write_forms(book: Book, district: str, path: str | Path, *, replace: bool = False) -> None:
    """Write 表I to 表VI and the school self-assessment form (学校自评表) of a district as one workbook.

    Parameters
    ----------
    book : Book
    district : str
        One of the book's; may be empty where there is only one.
    path : str or Path
        The .xlsx file, made whole or not at all.
    replace : bool
        Whether a file that stands there may be replaced.

    Raises
    ------
    QbError
        If the district is not in the book, or the file cannot be made.
    """
    _write(path, partial(_forms, filing=Filing.of(book, district)), replace)


def write_ledger(book: Book, district: str, path: str | Path, *, replace: bool = False) -> None:
    """Write the issue ledger (问题台账) of a district; parameters as of :func:`write_forms`."""
    _write(path, partial(_ledger, filing=Filing.of(book, district)), replace)


def write_policies(book: Book, district: str, path: str | Path, *, replace: bool = False) -> None:
    """Write what every school lacks and does about it (一校一策); parameters as of :func:`write_forms`."""
    _write(path, partial(_policies, filing=Filing.of(book, district)), replace)


def write_all(book: Book, district: str, folder: str | Path, *, replace: bool = False) -> list[Path]:
    """Write the three workbooks of a district into a folder and return their paths."""
    makers = {FORMS: write_forms, LEDGER: write_ledger, POLICIES: write_policies}
    paths = [Path(folder) / name for name in makers]
    for path, make in zip(paths, makers.values(), strict=True):
        make(book, district, path, replace=replace)
    return paths


def _write(path: str | Path, fill: partial, replace: bool) -> None:
    def make(made: Path) -> None:
        with new_book(made, by_row=False) as workbook:
            fill(workbook)

    write_xlsx(Path(path), make, replace=replace)


def _forms(workbook: Workbook, filing: Filing) -> None:
    def form(name: str, widths: tuple[float, ...]) -> Form:
        made = Form(workbook, name, widths)
        made.fit()
        return made

    _guide(form("填表说明", (110,)), filing)
    basics.overview(form("表I-1 基本情况", (14, *(7.2,) * 22)), filing)
    for number, stage in enumerate(COMPULSORY, start=2):
        basics.holdings(form(f"表I-{number} {stage.zh}资源", _HELD_WIDTHS), filing, stage)
    for number, stage in enumerate(COMPULSORY, start=1):
        seven.attainment(form(f"表II-{number} {stage.zh}达标", _SEVEN_WIDTHS), filing, stage)
    seven.balance(form("表III 校际均衡", (44, *(10,) * 10)), filing)
    for number, area, title in (("IV", "guarantee", "政府保障程度"), ("V", "quality", "质量")):
        made = form(f"表{number} {title.removesuffix('程度')}", indicators.WIDTHS)
        indicators.area(made, filing, area, f"表{number}  县域义务教育{title}情况")
    indicators.recognition(form("表VI 社会认可度", (18, *(10,) * 12)), filing)
    indicators.vetoes(form("一票否决自查", _VETO_WIDTHS), filing)
    _excluded(form("未参加七项评估", (14, 40, 10, 12, 60)), filing)
    # Not fitted: spreadsheets forget where a page is to end on a sheet that is.
    selfcheck.self_assessment(Form(workbook, "学校自评表", selfcheck.WIDTHS), filing)


def _guide(form: Form, filing: Filing) -> None:
    standard = filing.standard
    form.opening("义务教育优质均衡发展督导评估表", filing.place, filing.invented)
    rounding = standard.rules.rounding
    compared = "四舍五入前" if rounding.compare == "raw" else "四舍五入后"
    lines = (
        f"标准：{standard.title.zh}（{standard.source}）",
        *(["模拟数据：表中学校和数值均为虚构。"] if filing.invented else []),
        "表I 基本情况和资源配置基础数据；表II 各校七项指标达标情况；表III 校际均衡情况；"
        "表IV 政府保障程度；表V 教育质量；表VI 社会认可度；"
        "另附一票否决自查、未参加七项评估的学校、学校自评表（每校一页）。",
        "表号、表名、指标、单位和次序按国家评估表及本标准所列；国家表式未能逐格核对之处，"
        "版式由本软件拟定，报送前请与上级下发的表样对照。",
        f"数值四舍五入：学校数值和平均值 {rounding.values} 位小数，差异系数 {rounding.coefficients} 位，"
        f"比例 {rounding.ratios} 位；达标与否按{compared}的数判定。",
        "“缺数据”指没有报送或不完整，不等于 0，也不等于未达标；“不适用”指本县（市、区）没有这类学校或学生。",
        f"{seven.BELOW} 低于标准；{seven.FAR_BELOW} 低于标准的底线。",
    )
    for line in lines:
        form.span(line)
    if len(filing.own.warnings):
        form.span("核对提示", "section", 24)
    names = dict(zip(filing.schools["school_id"], filing.schools["name"], strict=True))
    for row in filing.own.warnings.to_dict("records"):
        where = names.get(row["school_id"], "全区")
        form.span("：".join(str(part) for part in (where, row["code"], row["message"]) if part))


def _excluded(form: Form, filing: Filing) -> None:
    form.opening("未参加七项评估的学校和学段", filing.place, filing.invented)
    form.head([(text,) for text in ("学校标识码", "学校名称", "学段", "在校生（人）", "原因")])
    for row in filing.own.excluded.to_dict("records"):
        whole = not isinstance(row["stage"], str)
        stage, pupils = ("", "") if whole else (stage_label(row["stage"], "zh"), Figure(row["pupils"]))
        form.line([str(row["school_id"]), str(row["name"]), stage, pupils, str(row["reason"])])
    if not len(filing.own.excluded):
        form.span("没有。")


def _ledger(workbook: Workbook, filing: Filing) -> None:
    for name, widths, write in (
        ("问题台账", ledger.WIDTHS, ledger.problems),
        ("历年整改登记", ledger.OLD_WIDTHS, ledger.earlier),
    ):
        form = Form(workbook, name, widths)
        form.fit()
        write(form, filing)


def _policies(workbook: Workbook, filing: Filing) -> None:
    index = Form(workbook, "目录", policies.INDEX_WIDTHS)
    index.fit()
    policies.policies(index, Form(workbook, policies.SECTIONS, policies.WIDTHS), filing)
