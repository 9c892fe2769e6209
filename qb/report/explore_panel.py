"""`qb app`: widgets on top of a session: data, check, actions, what they do, what is saved."""

from __future__ import annotations

import base64
import subprocess
import sys
import weakref
import webbrowser
from html import escape
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd

from qb.data import checks
from qb.data.dataset import with_columns
from qb.data.reading import read, write
from qb.errors import DataError, QbError
from qb.files import beside_notebooks, temporary_folder
from qb.indicators.assessment import Assessment, choose_year
from qb.indicators.verdicts import COMPOSITE, deciding
from qb.language import FieldName, Message, joined, told
from qb.planning.costs import load_costs
from qb.planning.scenario import ScenarioError, to_toml
from qb.planning.scenario.action_base import CHOSEN
from qb.planning.scenario.scenario_file import ACTIONS, Refusal
from qb.planning.scenario.scenario_summary import costs_said, field_words
from qb.report.explore_session import Control, Session, save
from qb.report.resource_tables import gap_text
from qb.report.scenario_report import does
from qb.report.tables import Column, Table, badge
from qb.report.words import Lang, label, listed, say, short_title, stage_label, without_rule
from qb.standard import DEFAULT
from qb.standard import load as load_standard
from qb.terms import Term, Verdict

# What the choices of a session do, in words and one table.


KEY = ["district", "stage", "code"]


def coefficients(session: Session, lang: Lang) -> Table:
    """Return the coefficients of C1–C7 before and after, with their limit and the verdict after."""
    base, after = session.base, session.after
    before = base.balance.loc[:, [*KEY, "coefficient"]].rename(columns={"coefficient": "before"})
    decides = COMPOSITE in deciding(base.standard)
    shown = after.balance[(after.balance["code"] != COMPOSITE).to_numpy() | decides]
    frame = shown[[*KEY, "coefficient", "limit", "verdict"]].merge(before, on=KEY, how="left")
    frame["indicator"] = [short_title(code, base.standard, lang) for code in frame["code"]]
    frame["stage"] = [stage_label(stage, lang) for stage in frame["stage"]]
    frame["failing"] = frame["verdict"] == Verdict.FAIL
    frame["limit"] = frame["limit"].astype(object).where(frame["limit"].notna(), None)
    limited = base.standard.rules.coefficient is not None
    several = len(base.districts) > 1
    return Table(
        say(lang, "差异系数", "Difference coefficients"),
        (
            *((Column("district", say(lang, "县区", "District")),) if several else ()),
            Column("indicator", say(lang, "指标", "Indicator")),
            Column("stage", say(lang, "学段", "Stage")),
            Column("before", say(lang, "现状", "Now"), 3, beside="limit"),
            Column("coefficient", say(lang, "之后", "After"), 3, beside="limit"),
            *(
                Column("limit", say(lang, "限值", "Limit"), 2),
                Column("verdict", say(lang, "结论", "Verdict"), verdict=True),
            )
            * limited,
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
        count = without_rule(rows, session.base.standard, lang) or count
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
        say(lang, f"{zh}：", f"{en}: ")
        + escape(listed([row_label(session, key, lang) for key in keys], lang))
        for keys, zh, en in ((won, "转为达标", "Now met"), (lost, "不再达标", "No longer met"))
        if keys
    ]
    return f"<p>{say(lang, '。', '. ').join(parts)}</p>" if parts else ""


def _by_row(assessment: Assessment) -> dict[tuple[str, str], bool]:
    rows = assessment.rows
    keys = zip(rows["school_id"], rows["stage"], strict=True)
    return dict(zip(keys, rows["verdict"] == Verdict.PASS, strict=True))


def row_label(session: Session, key: tuple[str, str], lang: Lang) -> str:
    """Return a school row as sentences name it."""
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
    if refusal.do not in ACTIONS or not refusal.number:
        return refusal.said
    names = lambda a: field_words(refusal.do, a) if isinstance(a, FieldName) else a  # noqa: E731
    return Message(
        "第 {} 项 {}：{}",
        "Action {} {}: {}",
        refusal.number,
        ACTIONS[refusal.do].called,
        refusal.reason.over(names),
    )


def option_label(session: Session, control: Control, value: object, lang: Lang) -> str:
    """Return what a list offers as its reader sees it: a school (and its stage), a zone, a word."""
    if isinstance(value, Term):
        return label(value, lang)
    if value in CHOSEN:
        return told(CHOSEN[value], lang)
    if value is None:
        return say(lang, "（不写）", "(none)")
    if control.name == "stage":
        return stage_label(value, lang)
    school, stage = value if isinstance(value, tuple) else (value, None)
    if school is None:
        return say(lang, "（按小区）{}", "(by zone) {}").format(stage_label(stage, lang))
    name = session.name(str(school))
    shown = name if pd.isna(stage) else f"{name}　{stage_label(stage, lang)}"
    return f"{shown}（{school}）" if name != school else shown


# Widgets on top of a session.


WIDE = widgets.Layout(width="40em", max_width="calc(100% - 4px)")  # less its margins
WIDEST = widgets.Layout(width="56em", max_width="calc(100% - 4px)")
BUTTON = widgets.Layout(width="auto", align_self="flex-start")
BESIDE = widgets.Layout(flex_flow="row wrap")
STYLE = {"description_width": "min(13em, 40%)"}  # less on a phone
ROWS = 8  # of a list that one clicks


def open_panel(
    data: str | Path, year: int | None = None, standard: str | Path = DEFAULT, lang: Lang = "zh"
) -> Panel:
    """Return a panel that reads a dataset, says what is wrong with it, judges it, and tries actions out."""
    return Panel(beside_notebooks(data), year, standard, lang)


class Panel:
    """Data to choose, a list of actions to pick from, controls for each one picked, what they do, what is saved.

    Attributes
    ----------
    session : Session or None
        What is chosen now; each change puts a new one in its place. None where the data cannot be judged.
    """

    def __init__(
        self, data: str | Path, year: int | None = None, standard: str | Path = DEFAULT, lang: Lang = "zh"
    ) -> None:
        self.lang, self._standard, self.standard = lang, standard, load_standard(standard)
        self.session: Session | None = None
        self._prices = load_costs(None)
        self._past: list[Session] = []
        self._last: tuple[int, str] | None = None
        self._lists: list[tuple[widgets.Dropdown, Control]] = []
        self._offered: dict[
            widgets.Dropdown, object
        ] = {}  # the schools opened and the choice at which each was filled
        self._fills: list[tuple[widgets.Button, int, Control]] = []
        self._marks: list[widgets.HTML] = []
        self._filling = False
        self._data = self._text("数据", "Data", str(data))
        self._year = widgets.Dropdown(description=self._say("学年", "Year"), layout=WIDE, style=STYLE)
        self._upload = widgets.FileUpload(
            accept=".xlsx", description=self._say("上传工作簿", "Upload a workbook"), layout=BUTTON
        )
        self._checked = widgets.HTML().add_class("qb-explore-check")
        self._failing = widgets.Select(
            description=self._say("未达标的学校", "Schools not met"), rows=ROWS, layout=WIDEST, style=STYLE
        )
        offered = [(does(do, lang), do) for do in ACTIONS]
        self._offer = widgets.Dropdown(
            options=offered, value="hire", description=self._say("操作", "Action"), layout=WIDE, style=STYLE
        )
        self._stack = widgets.VBox()
        self._undo = self._button("撤销", "Undo", lambda _: self._back())
        self._result = widgets.HTML().add_class("qb-explore-result")
        self._file = widgets.HTML().add_class("qb-explore-file")
        self._path = self._text("文件", "File", "scenario.toml")
        self._title = self._text("标题", "Title", self._say("试算", "A trial"))
        self._saved = widgets.HTML().add_class("qb-explore-saved")
        self._year.observe(lambda change: self._other_year(change["new"]), "value")
        self._upload.observe(lambda change: self._take(change["new"]), "value")
        buttons = (
            self._button("保存为情景文件", "Save as a scenario file", lambda _: self._trying(self._save)),
            self._button("下载工作簿", "Download the workbook", lambda _: self._trying(self._workbook)),
            self._button("发布报告网站", "Publish the site", lambda _: self._trying(self._publish)),
        )
        self.widget = widgets.VBox(
            [
                widgets.HBox(
                    [self._data, self._button("打开", "Open", lambda _: self._open()), self._upload],
                    layout=BESIDE,
                ),
                self._year,
                self._checked,
                self._failing,
                widgets.HBox(
                    [self._offer, self._button("添加", "Add", lambda _: self._add()), self._undo],
                    layout=BESIDE,
                ),
                self._stack,
                self._result,
                self._file,
                self._title,
                self._path,
                widgets.HBox(buttons, layout=BESIDE),
                self._saved,
            ]
        )
        self._open(year)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)

    def _say(self, zh: str, en: str) -> str:
        return say(self.lang, zh, en)

    def _text(self, zh: str, en: str, value: str) -> widgets.Text:
        return widgets.Text(value=value, description=self._say(zh, en), layout=WIDE, style=STYLE)

    def _button(self, zh: str, en: str, press) -> widgets.Button:
        made = widgets.Button(description=self._say(zh, en), layout=BUTTON)
        made.on_click(press)
        return made

    def _trying(self, hand_out) -> None:
        """Hand something out; where that is not possible, say why."""
        try:
            if self.session is None:
                raise QbError("没有可以评估的数据。", "There are no data that can be judged.")
            hand_out()
        except QbError as error:
            self._saved.value = self._sentence(error)

    # The data: chosen or uploaded, checked, judged.

    def _open(self, year: int | None = None) -> None:
        """Read and check the data that are named, and judge a year of them."""
        self.session, self._past = None, []
        dataset, path = None, self._data.value
        try:
            dataset = with_columns(read(path, self.standard), self.standard)
            faults = checks.check(dataset, self.standard)
            year = choose_year(dataset, year)
            self._filling, self._year.options, self._year.value = True, dataset.years, year
            self.session = Session.of(dataset, year, self.standard)
            wrong = ""
        except DataError as error:
            faults, wrong = list(error.faults), ""
        except QbError as error:
            faults, wrong = [], self._sentence(error)
        finally:
            self._filling = False
        head = self._say("qb check 怎么说", "What qb check says")
        said = (
            escape(told(checks.listing(faults, dataset), self.lang)) if faults or dataset is not None else ""
        )
        folded = f"<details{' open' if faults else ''}><summary>{head}</summary><pre>{said}</pre></details>"
        self._checked.value = wrong + (folded if said else "")
        self._build()

    def _other_year(self, year: int) -> None:
        if not self._filling:
            self._open(year)

    def _take(self, files: tuple) -> None:
        """Open a workbook that was uploaded."""
        for one in files:
            folder = temporary_folder()
            weakref.finalize(self, folder.cleanup)  # it goes with the panel
            path = Path(folder.name, Path(one["name"]).name)
            path.write_bytes(one["content"])
            self._data.value = str(path)
            self._open()

    # Actions: added, changed, taken away, taken back.

    def _become(self, session: Session, changed: tuple[int, str] | None = None) -> None:
        """Put another session in place of this one; moves of one slider are taken back as one."""
        if changed is None or changed != self._last:
            self._past.append(self.session)
        self.session, self._last = session, changed
        if changed is None:
            self._build()
        else:
            self._show()

    def _back(self) -> None:
        if self._past:
            self.session, self._last = self._past.pop(), None
            self._build()

    def _add(self) -> None:
        if self.session is None:
            return
        try:
            self._become(self.session.adding(self._offer.value, self._failing.value, self.lang))
        except QbError as error:
            self._result.value = self._sentence(error)

    def _build(self) -> None:
        """Make the controls anew: an action was added or taken away, or the data are others."""
        self._lists, self._marks, self._fills = [], [], []
        self._offered = {}
        self._stack.children = (
            [self._card(number) for number in range(len(self.session.choices))] if self.session else []
        )
        self._show()

    def _card(self, number: int) -> widgets.VBox:
        mark = widgets.HTML()
        self._marks.append(mark)
        gone = self._button("删除", "Remove", lambda _: self._become(self.session.without(number)))
        form = self.session.choices[number].controls
        rows = {one.name: self._control(number, one) for one in form}
        seldom = [rows[one.name] for one in form if one.name.count(".") > 1]
        shown = [rows[one.name] for one in form if one.name.count(".") <= 1]
        if seldom:
            folded = widgets.Accordion([widgets.VBox(seldom)], titles=[self._say("另写明", "Given singly")])
            folded.selected_index = None
            shown.append(folded)
        return widgets.VBox([widgets.HBox([mark, gone], layout=BESIDE), *shown])

    def _control(self, number: int, control: Control) -> widgets.Widget:
        """Return the widget of a control; beside one that adds to a resource, what is lacking, to be filled in."""
        choice = self.session.choices[number]
        value = choice.values[control.name]
        words = told(field_words(choice.do, control.name, self.standard), self.lang)
        common = {"description": words, "layout": WIDE, "style": STYLE, "value": value}
        if control.kind in ("one", "many"):
            options = self._options(control, value)
            kind = widgets.Dropdown if control.kind == "one" else widgets.SelectMultiple
            made = kind(options=options, **common, **({"rows": ROWS} if control.kind == "many" else {}))
            self._lists.append((made, control))
        elif control.kind == "slider":
            most = max(self.session.most(control), float(str(value)))
            kind = widgets.IntSlider if control.whole else widgets.FloatSlider
            step = step_of(most, control.whole)
            readout = {} if control.whole else {"readout_format": ".2f" if step < 1 else ",.0f"}
            made = kind(max=int(np.ceil(most)) if control.whole else most, step=step, **readout, **common)
        elif control.kind == "flag":
            made = widgets.Checkbox(**common)
        else:
            made = widgets.Text(continuous_update=False, **{**common, "value": str(value)})
        made.observe(lambda change: self._change(number, control.name, change["new"]), "value")
        if choice.controls[0].name != "school" or not self.session.indicator(control):
            return made
        fill = self._button("", "", lambda _: self._fill(number, control, made))
        self._fills.append((fill, number, control))
        return widgets.HBox([made, fill], layout=BESIDE)

    def _fill(self, number: int, control: Control, made: widgets.Widget) -> None:
        """Add to a control exactly what is lacking."""
        lacking = self.session.lacking(number, control)
        decimals = 0 if control.whole else self.standard[self.session.indicator(control)].resource.decimals
        had = float(str(made.value).replace(",", "") or 0)
        wanted = np.ceil((had + lacking) * 10**decimals - 1e-8) / 10**decimals
        if isinstance(made, widgets.Text):
            made.value = f"{wanted:g}"
        else:
            made.max = max(made.max, int(wanted) if control.whole else wanted)
            made.value = int(wanted) if control.whole else float(wanted)

    def _options(self, control: Control, value: object) -> list[tuple[str, object]]:
        """Return what a list offers; what was chosen and is no longer there stays, and the scenario says so."""
        offered = self.session.options(control)
        chosen = value if isinstance(value, tuple) and control.kind == "many" else (value,)
        offered = [*offered, *(one for one in chosen if one not in offered)]
        return [(option_label(self.session, control, one, self.lang), one) for one in offered]

    def _change(self, number: int, name: str, value: object) -> None:
        if not self._filling:
            self._become(self.session.changing(number, **{name: value}), (number, name))

    # What the choices do, or why they cannot be done.

    def _show(self) -> None:
        self._undo.disabled = not self._past
        self._saved.value = ""
        if self.session is None:
            self._result.value = self._file.value = ""
            self._failing.options = ()
            return
        self._offer_again()
        for mark, choice, number in zip(self._marks, self.session.choices, self.session.numbers, strict=True):
            name = does(choice.do, self.lang)
            idle = self._say("（还没有填写，尚未起作用）", " (not filled in yet: nothing is done)")
            mark.value = f"<b>{number} {escape(name)}</b>" if number else f"{escape(name)}{idle}"
        try:
            table = coefficients(self.session, self.lang)
            costs = joined("", "", costs_said(self.session.costs(self._prices), self._prices.title))
            spent = f"<p>{escape(told(costs, self.lang).strip())}</p>" if self.session.actions else ""
            self._result.value = verdicts(self.session, self.lang) + spent + table._repr_html_()
            self._file.value = self._preview()
            self._list_failing()
        except QbError as error:
            self._result.value, self._file.value = self._sentence(error), ""
            return
        for fill, number, control in self._fills:
            self._say_lacking(fill, self.session.lacking(number, control), control)

    def _offer_again(self) -> None:
        """Have lists offer what there is now: schools open under names that are typed, and what was chosen may go."""
        self._filling = True  # new options would choose the first one
        opened = [(one.fixed, one.values) for one in self.session.opened]
        for made, control in self._lists:
            if self._offered.get(made) == (opened, made.value):
                continue
            options = self._options(control, made.value)
            if options != list(made.options):
                chosen = made.value
                made.options, made.value = options, chosen
            self._offered[made] = (opened, made.value)
        self._filling = False

    def _list_failing(self) -> None:
        """List the schools that fail with what they lack; the one that was clicked stays so."""
        gaps, chosen = self.session.after.shortfalls, self._failing.value
        lacks: dict[tuple[str, str], list[str]] = {}
        for row in gaps.itertuples():
            lacks.setdefault((row.school_id, row.stage), []).append(
                f"{row.code} {gap_text(self.standard[row.code], row.to_standard, self.lang)}"
            )
        options = []
        for place in self.session.failing:
            said = self._say("：缺 ", ": lacks ") + listed(lacks[place], self.lang) if place in lacks else ""
            options.append((row_label(self.session, place, self.lang) + said, place))
        if options != list(self._failing.options):
            self._failing.options = options
            self._failing.value = chosen if chosen in [place for _, place in options] else None

    def _say_lacking(self, fill: widgets.Button, lacking: float | None, control: Control) -> None:
        indicator = self.standard[self.session.indicator(control)]
        fill.disabled = not lacking
        fill.description = self._say("不缺", "Nothing lacking")
        if lacking is None:
            fill.description = self._say("还差多少不明", "Not known what is lacking")
        elif lacking:
            text = gap_text(indicator, lacking, self.lang)
            fill.description = self._say(f"还差 {text}，补足", f"Lacks {text}: fill in")

    def _preview(self) -> str:
        """Return the file that would be saved, to read and to download."""
        if not self.session.actions:
            return ""
        text = to_toml(self.session.scenario(self._title.value.strip() or self._say("试算", "A trial")))
        head = self._say("情景文件", "Scenario file")
        link = self._link(
            text.encode(), self._path.value, self._say("下载情景文件", "Download the scenario file")
        )
        return f"<details><summary>{head}</summary><pre>{escape(text)}</pre></details><p>{link}</p>"

    @staticmethod
    def _link(content: bytes, name: str, words: str) -> str:
        coded = base64.b64encode(content).decode()
        return f'<a download="{escape(Path(name).name)}" href="data:application/octet-stream;base64,{coded}">{escape(words)}</a>'

    # What is handed out.

    def _save(self) -> None:
        path = save(self.session, self._path.value, self._title.value)
        self._told(self._say(f"已保存 {path}。", f"Saved {path}."))

    def _workbook(self) -> None:
        """Offer the data of the year, with the actions done, as a workbook."""
        with temporary_folder() as folder:
            path = Path(folder, "data.xlsx")
            write(self.session.done, path, "xlsx")
            words = self._say("下载工作簿（操作已计入）", "Download the workbook (with the actions done)")
            self._saved.value = f"<p>{self._link(path.read_bytes(), path.name, words)}</p>"

    def _publish(self) -> None:
        """Publish the data as a site, with the choices as a scenario, and open it: in a process of its own."""
        self._told(self._say("正在生成……", "Being made …"))
        command = [sys.executable, "-P", "-m", "qb", "publish", self._data.value, "--lang", self.lang]
        command += ["--year", str(self.session.base.year), "--standard", str(self._standard)]
        with temporary_folder() as folder:
            if self.session.actions:
                scenario = save(self.session, Path(folder, "scenario.toml"), self._title.value)
                command += ["--scenarios", str(scenario)]
            done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            self._saved.value = f'<pre class="fault">{escape(done.stderr)}</pre>'
            return
        index = Path(done.stdout.strip()).resolve()
        self._told(self._say(f"已生成 {index}。", f"Made {index}."))
        webbrowser.open(index.as_uri())

    def _told(self, said: str) -> None:
        self._saved.value = f'<p class="saved">{escape(said)}</p>'

    def _sentence(self, error: QbError) -> str:
        """Return what is wrong, line by line, in place of a traceback."""
        return f'<p class="fault">{"<br>".join(map(escape, sentences(error, self.lang)))}</p>'


def step_of(most: float, whole: bool) -> float:
    """Return the step of a slider: a round number, some hundred of them to its end; for persons 1 or more.

    >>> step_of(9257, False), step_of(60, True), step_of(1, False), step_of(3000000, False)
    (50.0, 1, 0.01, 20000.0)
    """
    ten = 10.0 ** np.floor(np.log10(most / 100))
    step = float(max(n * ten for n in (1, 2, 5) if n * ten <= most / 100))
    return max(1, int(step)) if whole else step
