"""The workbooks that offices hand in: national forms, issue ledger, a plan per school; `qb forms`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from xlsxwriter import Workbook

from qb.data.layout_file import NATIONAL, Layout, load_layout
from qb.data.workbook import new_book, write_xlsx
from qb.language import Message, listing
from qb.report import form_ledgers
from qb.report.context import ReportContext, open_context
from qb.report.form_figures import Figures
from qb.report.form_layout import NONE, draw, lacking
from qb.report.form_plain import plain_layout
from qb.report.form_sheets import BELOW, INCOMPLETE, Filing, Form

FORMS, LEDGER, POLICIES = "表I—表VI和学校自评表.xlsx", "问题台账.xlsx", "一校一策.xlsx"


def write_forms(
    context: ReportContext,
    district: str,
    path: str | Path,
    *,
    layout: Layout | str | Path = NATIONAL,
    replace: bool = False,
) -> None:
    """Write 表I to 表VI and the school self-assessment form (学校自评表) of a district as one workbook.

    Parameters
    ----------
    context : ReportContext
    district : str
        One of the context's; may be empty where there is only one.
    path : str or Path
        The .xlsx file, made whole or not at all.
    layout : Layout, str or Path
        How the sheets are laid out: the national forms, or a file of one's own. Where the national ones ask
        for indicators that the standard does not have, the forms are made of the standard.
    replace : bool
        Whether a file that stands there may be replaced.

    Raises
    ------
    QbError
        If the district is not in the context, the layout cannot be used, or the file cannot be made.
    """
    chosen = layout if isinstance(layout, Layout) else load_layout(layout)
    fill = partial(_forms, filing=Filing.of(context, district), layout=chosen, fixed=layout != NATIONAL)
    _write(path, fill, replace)


def write_ledger(context: ReportContext, district: str, path: str | Path, *, replace: bool = False) -> None:
    """Write the issue ledger (问题台账) of a district; parameters as of :func:`write_forms`."""
    _write(path, partial(_ledger, filing=Filing.of(context, district)), replace)


def write_policies(context: ReportContext, district: str, path: str | Path, *, replace: bool = False) -> None:
    """Write what every school lacks and does about it (一校一策); parameters as of :func:`write_forms`."""
    _write(path, partial(_policies, filing=Filing.of(context, district)), replace)


def write_all(
    context: ReportContext,
    district: str,
    folder: str | Path,
    *,
    layout: str | Path = NATIONAL,
    replace: bool = False,
) -> list[Path]:
    """Write the three workbooks of a district into a folder and return their paths."""
    makers = {FORMS: partial(write_forms, layout=layout), LEDGER: write_ledger, POLICIES: write_policies}
    paths = [Path(folder) / name for name in makers]
    for path, make in zip(paths, makers.values(), strict=True):
        make(context, district, path, replace=replace)
    return paths


def run(
    data: Path, out: Path, year: int | None, standard: str, district: str, layout: str = NATIONAL
) -> Message:
    """Write a district's workbooks into a folder and return the sentence to print.

    Nothing that stands there is replaced: a ledger may have been filled in.

    Raises
    ------
    DataError, QbError
        If the data cannot be judged, the district is not named and there are several, the layout cannot
        be used, or a file is there.
    """
    paths = write_all(open_context(data, year, standard), district, out, layout=layout)
    return Message("已写入 {}：{}。", "Written to {}: {}.", out, listing(path.name for path in paths))


def _write(path: str | Path, fill: partial, replace: bool) -> None:
    def make(made: Path) -> None:
        with new_book(made, by_row=False) as workbook:
            fill(workbook)

    write_xlsx(Path(path), make, replace=replace)


def _forms(workbook: Workbook, filing: Filing, layout: Layout, fixed: bool) -> None:
    figures = Figures(filing, layout.subjects)
    if not fixed and lacking(layout, figures):  # the nation's forms ask for the nation's indicators
        layout = plain_layout(filing.standard)
    guide = Form(workbook, "填表说明", (110,))
    guide.fit()
    _guide(guide, filing, layout)
    draw(workbook, layout, figures)


def _guide(form: Form, filing: Filing, layout: Layout) -> None:
    standard = filing.standard
    form.opening("填表说明", filing.place, filing.invented)
    compared = "四舍五入前" if standard.rules.rounding.compare == "raw" else "四舍五入后"
    lines = (
        f"标准：{standard.title.zh}（{standard.source}）",
        *(["模拟数据：表中学校和数值均为虚构。"] if filing.invented else []),
        f"版式：{layout.title}。{layout.source}",
        "各表的栏目、栏号、单位和小数位数由版式文件规定；上级下发的表样与此不同的，"
        "照样另写一个版式文件，用 qb forms --layout 指定。",
        f"数值四舍五入后填写，达标与否按{compared}的数判定。",
        "“缺数据”指没有报送或不完整，不等于 0，也不等于未达标；有底色，请核实后补填。"
        f"“{NONE}”和“不适用”指没有这类学校、学生或数值。",
        f"{BELOW} 未达标（格有底色）；{INCOMPLETE} 另有缺数据的，未计入。",
    )
    for line in lines:
        form.span(line)
    if len(filing.own.warnings):
        form.span("核对提示", "section", 24)
    for row in filing.own.warnings.to_dict("records"):
        where = filing.school_names.get(row["school_id"], "全区")
        form.span("：".join(str(part) for part in (where, row["code"], row["message"]) if part))


def _ledger(workbook: Workbook, filing: Filing) -> None:
    for name, widths, write in (
        ("问题台账", form_ledgers.LEDGER_WIDTHS, form_ledgers.problems),
        ("历年整改登记", form_ledgers.OLD_WIDTHS, form_ledgers.earlier),
    ):
        form = Form(workbook, name, widths)
        form.fit()
        write(form, filing)


def _policies(workbook: Workbook, filing: Filing) -> None:
    index = Form(workbook, "目录", form_ledgers.INDEX_WIDTHS)
    index.fit()
    form_ledgers.policies(index, Form(workbook, form_ledgers.SECTIONS, form_ledgers.POLICIES_WIDTHS), filing)
