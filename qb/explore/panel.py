"""Widgets on top of a session, for JupyterLab."""

from __future__ import annotations

from html import escape
from pathlib import Path

import ipywidgets as widgets

from qb.errors import QbError
from qb.explore.forms import FORMS, Amount, Control, Free, Where
from qb.explore.session import Session, save
from qb.explore.view import coefficients, place_label, sentences, verdicts
from qb.report import Book, open_book
from qb.report.words import Lang, label, say
from qb.standard import DEFAULT
from qb.terms import Term

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
    return Panel(open_book(data, year, standard, lang))


class Panel:
    """A list of actions to pick from, controls for each one picked, what they do, and a place to save.

    Attributes
    ----------
    session : Session
        What is chosen now; each change puts a new one in its place.
    """

    def __init__(self, book: Book) -> None:
        self.lang: Lang = book.lang
        self.session = Session.of(book.data, book.year, book.standard)
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
