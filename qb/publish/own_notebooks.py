"""Notebooks of one's own, published with the rest: found in a folder or in installed packages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from qb.errors import QbError
from qb.files import write_whole
from qb.language import Lang, Message, listing
from qb.publish.jobs import open_notebook, parameters_at, parameters_of
from qb.publish.manifest import KINDS
from qb.publish.page import WORDS

Per = Literal["dataset", "district", "school"]
GROUP = "qb.notebooks"  # entry points of packages that bring notebooks: the module in whose folder they lie
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = ("index", "brief", "explore", "siting", "schools", *KINDS)
_NEEDED: dict[str, tuple[str, ...]] = {
    "dataset": ("data",),
    "district": ("data", "district"),
    "school": ("data", "school_id"),
}


@dataclass(frozen=True, order=True)
class OwnNotebook:
    """A notebook with a `parameters` cell and an entry ``qb`` in its metadata."""

    order: int  # its place among the notebooks of one's own, from the least
    kind: str  # name of its pages: ``kind.html``, or ``kind/SCHOOL.html``
    path: Path
    # zh, en: titles.
    zh: str
    en: str
    per: Per  # of what there is a page each
    takes: tuple[str, ...]  # the parameters it declares

    def title(self, lang: Lang) -> str:
        """Return its title in a language."""
        return self.zh if lang == "zh" else self.en


def find_notebooks(folder: str | Path | None = None) -> tuple[OwnNotebook, ...]:
    """Return the notebooks of installed packages and those of a folder, in their order.

    A notebook without an entry ``qb`` in its metadata is left alone.

    Raises
    ------
    QbError
        Naming everything wrong with any of them; or if the folder is not there.
    """
    if folder is not None and not Path(folder).is_dir():
        raise QbError("笔记本文件夹 {} 不存在。", "The folder of notebooks {} is not there.", folder)
    folders = [*_of_packages(), *([Path(folder).resolve()] if folder is not None else [])]
    found, wrong = [], []
    for path in (path for one in folders for path in sorted(one.glob("*.ipynb"))):
        notebook = open_notebook(path)
        if "qb" not in notebook.metadata:
            continue
        faults = list(_faults(notebook.metadata["qb"], path, parameters_at(notebook) >= 0))
        wrong += [Message("笔记本 {}：{}", "Notebook {}: {}", path.name, fault) for fault in faults]
        if not faults:
            found.append(_own(notebook.metadata["qb"], path))
    for kind in {one.kind for one in found}:
        named = [one.path.name for one in found if one.kind == kind]
        if len(named) > 1:
            wrong.append(
                Message(
                    "笔记本 {}：kind 同为 {}，请各用一个名字。",
                    "Notebooks {}: the kind of all is {}; give each a name of its own.",
                    listing(named),
                    kind,
                )
            )
    if wrong:
        raise QbError("\n".join(wrong))
    return tuple(sorted(found))


def _of_packages() -> Iterator[Path]:
    """Yield the folders that installed packages name; none of their code runs."""
    for entry in sorted(entry_points(group=GROUP)):
        spec = find_spec(entry.module.split(".")[0])
        if spec is not None and spec.origin:
            yield Path(spec.origin).parent.joinpath(*entry.module.split(".")[1:])


def _own(entry: dict, path: Path) -> OwnNotebook:
    title, takes = entry["title"], tuple(parameters_of(path))
    return OwnNotebook(
        int(entry.get("order", 0)), entry["kind"], path, title["zh"], title["en"], entry["per"], takes
    )


def _faults(entry: object, path: Path, has_parameters: bool) -> Iterator[str]:
    """Yield what is wrong with the entry."""
    if not isinstance(entry, dict):
        yield Message(
            "元数据 qb 应为 {kind, title, per, order}。",
            "qb in the metadata must be {kind, title, per, order}.",
        )
        return
    kind, title, per = entry.get("kind"), entry.get("title"), entry.get("per")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        yield Message(
            "kind 应为小写英文字母开头的名字，现为 {!r}。",
            "kind must be a name in small letters; it is {!r}.",
            kind,
        )
    elif kind in _TAKEN:
        yield Message(
            "kind {} 是 qb 自己的页面名，请另取一个。",
            "kind {} is a page of qb itself; choose another.",
            kind,
        )
    if not isinstance(title, dict) or not all(
        isinstance(title.get(x), str) and title[x] for x in ("zh", "en")
    ):
        yield Message(
            'title 应写两种语言：{"zh": "…", "en": "…"}。',
            'title must be in both languages: {"zh": "…", "en": "…"}.',
        )
    if per not in _NEEDED:
        yield Message(
            "per 应为 {} 之一，现为 {!r}。", "per must be one of {}; it is {!r}.", listing(_NEEDED), per
        )
    if not isinstance(entry.get("order", 0), int):
        yield Message(
            "order 应为整数，现为 {!r}。", "order must be a whole number; it is {!r}.", entry["order"]
        )
    if not has_parameters:
        yield Message("没有标记为 parameters 的单元。", "There is no cell tagged parameters.")
    elif per in _NEEDED and (missing := set(_NEEDED[per]) - set(parameters_of(path))):
        yield Message(
            "parameters 单元缺少 {}。", "The cell of parameters lacks {}.", listing(sorted(missing))
        )


def in_language(content: bytes, lang: Lang) -> bytes:
    """Return a notebook with the paragraphs of one language alone, and that language as its default.

    So JupyterLab and stock nbconvert show one language; both are for who publishes in both.
    """
    notebook = json.loads(content)
    others = set(WORDS) - {lang}
    notebook["cells"] = [c for c in notebook["cells"] if not others & set(c["metadata"].get("tags", ()))]
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            source = "".join(cell["source"])
            cell["source"] = re.sub(
                r'^lang: str = "\w+"', f'lang: str = "{lang}"', source, flags=re.MULTILINE
            )
    return (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode()


PARAMETERS = """data: str = "../data/sample"  # 数据集：文件夹 / a folder
year: int = 2025  # 学年起始年 / school year starting
standard: str = "gulou-2023"  # 评估标准：名称或文件 / a name or a file
lang: str = "zh"  # zh | en
district: str = ""  # 县区；空则全部 / empty: all districts"""
FIRST = """import qb

qb.charts.style()
dataset = qb.load(data)
assessment = qb.assess(dataset, year, standard)
own = assessment.of(district) if district else assessment
own.rows.groupby("stage")[["pupils", "met"]].mean()"""


def write_skeleton(name: str, folder: Path = Path()) -> Path:
    """Write a notebook that `qb publish --notebooks` takes, to be filled in; return its path.

    Raises
    ------
    QbError
        If the name is none that a page can have, or the file is there already.
    """
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    kind = name.removesuffix(".ipynb")
    if not _KIND.fullmatch(kind) or kind in _TAKEN:
        raise QbError(
            "{} 不能作笔记本的名字：请用小写英文字母、数字和下划线，且不同于 qb 自己的页面。",
            "{} cannot name a notebook: use small letters, digits and underscores, and no page of qb itself.",
            kind,
        )
    path = folder / f"{kind}.ipynb"
    if path.exists():
        raise QbError(
            "{} 已经存在，没有改动。请换一个名字。",
            "{} is there already and was not changed. Choose another name.",
            path,
        )
    cells = [
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        new_markdown_cell("# 题目\n\n问题是什么，用哪些数字回答。", metadata={"tags": ["zh"]}),
        new_markdown_cell(
            "# Title\n\nWhat is asked, and which figures answer it.", metadata={"tags": ["en"]}
        ),
        new_code_cell(FIRST),
    ]
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "qb": {"kind": kind, "title": {"zh": "题目", "en": "Title"}, "per": "district", "order": 10},
    }
    notebook = new_notebook(cells=cells, metadata=metadata)
    write_whole(path, nbformat.writes(notebook))
    return path


# Notebooks that others run with papermill: `papermill --engine qb`.


class _Named:
    """papermill's engine `qb`, imported when papermill asks something of it.

    Papermill loads what is registered with it while it is itself half imported, and the engine builds on papermill.
    """

    def __getattr__(self, name: str) -> object:
        from qb.publish.engine import ForkEngine

        return getattr(ForkEngine, name)


ENGINE = _Named()
