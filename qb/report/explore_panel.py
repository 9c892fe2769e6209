"""Widgets for JupyterLab on top of a session, and what its choices do in words and one table."""

from __future__ import annotations

from html import escape
from pathlib import Path

import ipywidgets as widgets
import pandas as pd

from qb.errors import QbError
from qb.indicators.assessment import Assessment
from qb.indicators.verdicts import COMPOSITE
from qb.language import Both, FieldName, Message, told
from qb.planning.scenario import ScenarioError
from qb.planning.scenario.scenario_file import Refusal
from qb.report.context import ReportContext, open_context
from qb.report.explore_session import FORMS, Amount, Control, Free, Session, Where, save
from qb.report.tables import Column, Table, badge
from qb.report.words import Lang, label, listed, say, stage_label, title
from qb.standard import DEFAULT
from qb.terms import Term, Verdict

# What the choices of a session do, in words and one table.


KEY = ["district", "stage", "code"]


def coefficients(session: Session, lang: Lang) -> Table:
    """Return the coefficients of C1–C7 before and after, with their limit and the verdict after."""
    base, after = session.base, session.after
    before = base.balance.loc[:, [*KEY, "coefficient"]].rename(columns={"coefficient": "before"})
    shown = after.balance[(after.balance["code"] != COMPOSITE).to_numpy()]
    frame = shown[[*KEY, "coefficient", "limit", "verdict"]].merge(before, on=KEY, how="left")
    frame["indicator"] = [title(base.standard[code], lang, short=True) for code in frame["code"]]
    frame["stage"] = [stage_label(stage, lang) for stage in frame["stage"]]
    frame["failing"] = frame["verdict"] == Verdict.FAIL
    several = len(base.districts) > 1
    return Table(
        say(lang, "差异系数", "Difference coefficients"),
        (
            *((Column("district", say(lang, "县区", "District")),) if several else ()),
            Column("indicator", say(lang, "指标", "Indicator")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("before", say(lang, "现状", "Now"), 3, beside="limit"),
            Column("coefficient", say(lang, "之后", "After"), 3, beside="limit"),
            Column("limit", say(lang, "限值", "Limit"), 2),
            Column("verdict", say(lang, "结论", "Verdict"), verdict=True),
        ),
        frame,
        failing="failing",
        empty=say(lang, "没有参加评估的学校。", "No school is judged."),
        lang=lang,
    )


def verdicts(session: Session, lang: Lang) -> str:
    """Return each district's verdict, and how many school rows pass, before and after, as HTML."""
    old, new = _standing(session.base), _standing(session.after)
    lines = []
    for district, (now, _, passing) in old.items():
        then, rows, after = new[district]
        verdict = _arrow(badge(now, lang), badge(then, lang))
        met = _arrow(str(passing), str(after))
        count = say(lang, f"学校（学段）{rows} 个，达标 {met}", f"{rows} school stages, met: {met}")
        colon, stop = say(lang, "：", ": "), say(lang, "；", "; ")
        lines.append(f"<p><b>{escape(district)}</b>{colon}{verdict}{stop}{count}</p>")
    return "".join([*lines, _turned(session, lang)])


def _standing(assessment: Assessment) -> dict[str, tuple[str, int, int]]:
    """Return each district's verdict, its judged school rows, and how many of them pass."""
    rows, districts = assessment.rows, assessment.districts
    judged = rows["district"].value_counts()
    passing = rows.loc[rows["verdict"] == Verdict.PASS, "district"].value_counts()
    return {
        str(district): (str(verdict), int(judged.get(district, 0)), int(passing.get(district, 0)))
        for district, verdict in zip(districts["district"], districts["verdict"], strict=True)
    }


def _arrow(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"


def _turned(session: Session, lang: Lang) -> str:
    """Return which school rows come to pass, and which cease to."""
    now, then = (_by_row(assessment) for assessment in (session.base, session.after))
    won = [key for key, met in then.items() if met and not now.get(key, False)]
    lost = [key for key, met in now.items() if met and not then.get(key, False)]
    parts = [
        say(lang, f"{zh}：", f"{en}: ") + escape(listed([_row(session, key, lang) for key in keys], lang))
        for keys, zh, en in ((won, "转为达标", "Now met"), (lost, "不再达标", "No longer met"))
        if keys
    ]
    return f"<p>{say(lang, '。', '. ').join(parts)}</p>" if parts else ""


def _by_row(assessment: Assessment) -> dict[tuple[str, str], bool]:
    rows = assessment.rows
    keys = zip(rows["school_id"], rows["stage"], strict=True)
    return dict(zip(keys, rows["verdict"] == Verdict.PASS, strict=True))


def _row(session: Session, key: tuple[str, str], lang: Lang) -> str:
    return f"{session.name(key[0])} {stage_label(key[1], lang)}"


def sentences(error: QbError, lang: Lang) -> list[str]:
    """Return the lines of what is wrong; actions and fields of a scenario are called as the controls are."""
    if not isinstance(error, ScenarioError):
        return told(error.said, lang).splitlines()
    return [
        told(line, lang)
        for head, refusals in error.found
        for line in (head, *("  " + _called(refusal) for refusal in refusals))
    ]


def _called(refusal: Refusal) -> Message:
    form = FORMS.get(refusal.do) if refusal.number else None
    if form is None:
        return refusal.said
    names = {control.name: Both(*control.label) for control in form.controls}
    reason = refusal.reason.over(lambda a: names.get(a, a) if isinstance(a, FieldName) else a)
    return Message("第 {} 项 {}：{}", "Action {} {}: {}", refusal.number, Both(*form.label), reason)


def place_label(session: Session, place: object, lang: Lang) -> str:
    """Return a school, or a school and its stage, as a list offers it."""
    school, stage = place if isinstance(place, tuple) else (place, None)
    name = session.name(str(school))
    shown = name if pd.isna(stage) else f"{name}　{stage_label(stage, lang)}"
    return f"{shown}（{school}）" if name != school else shown


# Widgets on top of a session, for JupyterLab.


WIDE = widgets.Layout(width="34em")
BUTTON = widgets.Layout(width="auto", align_self="flex-start")
STYLE = {"description_width": "12em"}


def open_panel(
    data: str | Path, year: int | None = None, standard: str | Path = DEFAULT, lang: Lang = "zh"
) -> Panel:
    """Read a dataset, judge it, and return a panel on which to try actions out.

    Raises
    ------
    DataError, QbError
        See `qb.load` and `qb.assess`.
    """
    return Panel(open_context(data, year, standard, lang))


class Panel:
    """A list of actions to pick from, controls for each one picked, what they do, and a place to save.

    Attributes
    ----------
    session : Session
        What is chosen now; each change puts a new one in its place.
    """

    def __init__(self, context: ReportContext) -> None:
        self.lang: Lang = context.lang
        self.session = Session.of(context.data, context.year, context.standard)
        self._lists: list[tuple[widgets.Dropdown, Control]] = []
        self._marks: list[widgets.HTML] = []
        self._filling = False
        offered = [(say(self.lang, *form.label), do) for do, form in FORMS.items()]
        self._offer = widgets.Dropdown(
            options=offered, description=self._say("操作", "Action"), layout=WIDE, style=STYLE
        )
        self._stack = widgets.VBox()
        self._result = widgets.HTML().add_class("qb-explore-result")
        self._path = self._text(self._say("文件", "File"), "scenario.toml")
        self._title = self._text(self._say("标题", "Title"), self._say("试算", "A trial"))
        self._saved = widgets.HTML().add_class("qb-explore-saved")
        self._write = self._button("保存为情景文件", "Save as a scenario file", lambda _: self._save())
        add = self._button("添加", "Add", lambda _: self._add(self._offer.value))
        self.widget = widgets.VBox(
            [
                widgets.HBox([self._offer, add]),
                self._stack,
                self._result,
                self._path,
                self._title,
                self._write,
                self._saved,
            ]
        )
        self._show()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _say(self, zh: str, en: str) -> str:
        return say(self.lang, zh, en)

    def _text(self, description: str, value: str) -> widgets.Text:
        return widgets.Text(value=value, description=description, layout=WIDE, style=STYLE)

    def _button(self, zh: str, en: str, press) -> widgets.Button:
        made = widgets.Button(description=self._say(zh, en), layout=BUTTON)
        made.on_click(press)
        return made

    def _add(self, do: str) -> None:
        try:
            self.session = self.session.adding(do, self.lang)
        except QbError as error:
            self._result.value = self._sentence(error)
            return
        self._build()

    def _remove(self, number: int) -> None:
        self.session = self.session.without(number)
        self._build()

    def _build(self) -> None:
        """Make the controls anew: an action was added or taken away."""
        self._lists, self._marks = [], []
        self._stack.children = [self._card(number) for number in range(len(self.session.choices))]
        self._show()

    def _card(self, number: int) -> widgets.VBox:
        choice = self.session.choices[number]
        mark = widgets.HTML()
        self._marks.append(mark)
        gone = self._button("删除", "Remove", lambda _: self._remove(number))
        controls = [self._control(number, control) for control in FORMS[choice.do].controls]
        return widgets.VBox([widgets.HBox([mark, gone]), *controls])

    def _control(self, number: int, control: Control) -> widgets.Widget:
        value = self.session.choices[number].values[control.name]
        common = {"description": self._say(*control.label), "layout": WIDE, "style": STYLE, "value": value}
        if isinstance(control, Amount):
            made = widgets.IntSlider(max=control.most, step=control.step, **common)
        elif isinstance(control, Free):
            made = widgets.Text(continuous_update=False, **common)
        else:
            made = widgets.Dropdown(options=self._options(control, value), **common)
            self._lists.append((made, control))
        made.observe(lambda change: self._change(number, control.name, change["new"]), "value")
        return made

    def _options(self, control: Control, value: object) -> list[tuple[str, object]]:
        """Return what a list offers; a school that is no longer there stays, and the scenario says so."""
        offered = self.session.options(control)
        offered = offered if value in offered else [*offered, value]
        return [(self._label(control, one), one) for one in offered]

    def _label(self, control: Control, value: object) -> str:
        if isinstance(control, Where):
            return place_label(self.session, value, self.lang)
        return label(value, self.lang) if isinstance(value, Term) else str(value)

    def _change(self, number: int, name: str, value: object) -> None:
        if not self._filling:
            self.session = self.session.changing(number, **{name: value})
            self._show()

    def _show(self) -> None:
        """Say what the choices do, or why they cannot be done."""
        for made, control in self._lists:
            options = self._options(control, made.value)
            if options != list(made.options):
                chosen = made.value
                self._filling = True  # new options would choose the first one
                made.options = options
                made.value = chosen
                self._filling = False
        for mark, choice, number in zip(self._marks, self.session.choices, self.session.numbers, strict=True):
            name = self._say(*FORMS[choice.do].label)
            idle = self._say("（数量为零，尚未起作用）", " (all at zero: nothing is done yet)")
            mark.value = f"<b>{number} {escape(name)}</b>" if number else f"{escape(name)}{idle}"
        try:
            table = coefficients(self.session, self.lang)
            self._result.value = verdicts(self.session, self.lang) + table._repr_html_()
        except QbError as error:
            self._result.value = self._sentence(error)
        self._saved.value = ""

    def _save(self) -> None:
        try:
            path = save(self.session, self._path.value, self._title.value)
        except QbError as error:
            self._saved.value = self._sentence(error)
            return
        said = self._say(f"已保存 {path}。", f"Saved {path}.")
        self._saved.value = f'<p class="saved">{escape(said)}</p>'

    def _sentence(self, error: QbError) -> str:
        """Return what is wrong, line by line, in place of a traceback."""
        return f'<p class="fault">{"<br>".join(map(escape, sentences(error, self.lang)))}</p>'
