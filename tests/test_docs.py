"""What the documents say is so: commands exist, both languages agree, the test line is the one CI runs."""

import ast
import os
import pkgutil
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from qb.arguments import parser_in
from qb.data.schema import DISTRICT_ITEMS, TABLES
from qb.errors import QbError
from qb.language import LANGUAGES
from qb.planning.scenario.scenario_file import ACTIONS
from qb.publish.documentation import DOCS, Examples
from qb.standard import load

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]


def blocks(path):
    """Return the code blocks of a document, words in Chinese or English left out."""
    text = path.read_text(encoding="utf-8")
    return [re.findall(r"[!-~]+", block) for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)]


def test_both_readmes_have_the_same_headings_tables_and_links():
    shapes = []
    for path in READMES:
        text = path.read_text(encoding="utf-8")
        shapes.append(
            (
                re.findall(r"^#+(?= )", text, re.MULTILINE),
                len(re.findall(r"^\|", text, re.MULTILINE)),
                [
                    link.replace(".zh-CN", "")  # a page may stand in both languages
                    for link in re.findall(r"\]\(([^)]+)\)", text)
                    if "README" not in link
                ],
            )
        )
    assert shapes[0] == shapes[1]


def test_both_readmes_give_the_set_up_lines_alike():
    english, chinese = (blocks(path) for path in READMES)
    assert english[:5] == chinese[:5]


CHINESE = re.compile(r"[\u4e00-\u9fff]")
MARKS = (r"^#+(?= )", r"^\|", r"^- ", r"^\d+\. ")  # headings, rows, bullets, numbers of decisions
PAGES = sorted((ROOT / "qb" / "docs").glob("*.md"))


@pytest.mark.parametrize(
    "path", [*READMES, *(ROOT / "data").glob("README*.md"), *PAGES], ids=lambda path: path.name
)
def test_every_command_in_it_can_be_parsed(path):
    text = path.read_text(encoding="utf-8")
    fenced = "".join(re.findall(r"```\w*\n(.*?)```", text, re.DOTALL))
    for line in re.findall(r"^qb .+$", fenced, re.MULTILINE):
        parser_in("zh").parse_args(line.split("#")[0].split()[1:])


def test_every_command_is_in_both_readmes():
    (commands,) = (a for a in parser_in("zh")._actions if isinstance(a.choices, dict))
    for path in READMES:
        text = path.read_text(encoding="utf-8")
        assert {name for name in commands.choices if f"qb {name}" not in text} == set()


def test_every_path_that_a_readme_names_is_there():
    for path in [*READMES, *(ROOT / "qb").glob("README*.md"), *PAGES]:
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8")):
            if path in PAGES and link.endswith(".html"):
                continue  # a page that is generated: tests/test_packaging.py follows it
            assert (path.parent / link).exists(), link


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_a_page_of_the_site_says_as_much_in_chinese_as_in_english(doc):
    """As many headings, paragraphs, rows, bullets; the same numbers of decisions; in its own language."""
    shapes, said, examples = [], {}, {}
    for lang in LANGUAGES:
        text = re.sub(r"^```.*?^```$", "", doc.source(lang, 2025), flags=re.MULTILINE | re.DOTALL)
        examples[lang] = re.findall(r">>> .+", doc.source(lang, 2025))
        paragraphs = [part for part in re.split(r"\n\s*\n", text) if re.search(r"\w", part)]
        shapes.append([re.findall(mark, text, re.MULTILINE) for mark in MARKS] + [len(paragraphs)])
        said[lang] = [
            part for part in paragraphs if not re.match(r"\||- |#+ |\$|\[(English|中文)", part.strip())
        ]
    assert shapes[0] == shapes[1]
    assert examples["zh"] == examples["en"]  # those of one language alone are run
    if not doc.name.startswith(("api", "standards")):  # docstrings are English, sources have official names
        assert [part for part in said["zh"] if not CHINESE.search(part)] == []
        assert [part for part in said["en"] if len(CHINESE.findall(part)) > len(part) / 10] == []


@pytest.mark.parametrize("name", ["README.md", "README.en.md"])
def test_scenario_files_are_told_with_every_action_and_field(name):
    text = (ROOT / "qb" / "planning" / "scenario" / name).read_text(encoding="utf-8")
    rows = {row.split("`")[1]: row for row in re.findall(r"^\| `(?!do`).+$", text, re.MULTILINE)}
    assert rows.keys() == ACTIONS.keys()
    for do, action in ACTIONS.items():
        fields = {field.alias or name for name, field in action.model_fields.items()}
        assert [name for name in fields - {"do", "year", "stage"} if f"`{name}" not in rows[do]] == [], do


def test_an_example_of_the_documentation_that_fails_is_named():
    examples = Examples(2025, lambda _: None)
    with pytest.raises(QbError, match=r"文档 page\.md 的例子运行出错：ZeroDivisionError"):
        examples.of("page", "```python run\n1 / 0\n```\n", "zh")


def test_ci_runs_exactly_the_second_line_of_the_readme():
    line = (
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest -n 2 --dist loadfile"
    )
    found = [entry for entry in READMES[0].read_text(encoding="utf-8").splitlines() if entry == line]
    assert len(found) == 1
    pattern = re.search(r"grep -m1 -E '([^']+)'", (ROOT / ".ci" / "run").read_text()).group(1)
    assert re.search(pattern, line)


def test_the_readmes_example_in_python_gives_what_it_says():
    import qb

    found = qb.balance.difference_coefficient(amount=[12, 28], pupils=[100, 400]).coefficient
    assert round(found, 6) == 0.25
    for path in READMES:
        assert "coefficient  # 0.25" in path.read_text(encoding="utf-8")


def test_no_path_of_a_machine_and_no_address_of_a_registry_is_in_the_project():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = [ROOT / name for name in listed.split("\n") if name] or list(ROOT.rglob("*.py"))
    marks = [f"/{name}/" for name in ("work", "farm", "root")]
    wrong = [
        file.name
        for file in files
        if file.suffix in {".py", ".md", ".toml", ".ipynb", ".j2", ".css", ".js"} and file.exists()
        for mark in marks
        if mark in file.read_text(encoding="utf-8")
    ]
    assert not wrong


def test_every_library_the_project_needs_is_explained_in_both_readmes():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=~\[]", entry)[0] for entry in project["dependencies"]]
    for path in READMES:
        table = path.read_text(encoding="utf-8")
        assert [name for name in names if name not in table] == []


def test_the_map_of_files_has_every_module_with_what_its_docstring_says():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Where new code goes")[0]
    for path in (ROOT / "qb").rglob("*.py"):
        if path.name in ("__init__.py", "__main__.py"):
            continue
        room, *rest = path.relative_to(ROOT / "qb").parts
        heading, name = (f"qb/{room}/", "/".join(rest)) if rest else ("qb/", room)
        says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split("\n\n")[0]
        line = f"- `{name}`: {' '.join(says.split())}"
        assert line in text.split(f"### {heading}\n")[1].split("###")[0].splitlines(), line


def test_the_answers_of_the_contributors_guide_are_there():
    """Each of its twenty questions names the file, module, class or function that answers it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Twenty questions")[1]
    answers = re.findall(r"^\| .+\? \| `(qb[./][\w./-]+)`", text, re.MULTILINE)
    assert len(answers) == 20
    for answer in answers:
        assert (ROOT / answer).is_file() if "/" in answer else pkgutil.resolve_name(answer) is not None


def test_the_contributors_guide_names_every_room():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [path.name for path in (ROOT / "qb").iterdir() if (path / "__init__.py").exists()]
    assert [room for room in rooms if f"`qb/{room}/`" not in text] == []


def glossary():
    """Yield Chinese, English and the names in code of each row of the glossary."""
    text = (ROOT / "qb" / "docs" / "glossary.md").read_text(encoding="utf-8")
    for zh, en, names, clause in re.findall(
        r"^\| (.+?) \| (.+?) \| (`.+?`) \| (.+?) \|$", text, re.MULTILINE
    ):
        assert clause != "?"
        yield zh, en, re.findall(r"`([^`]+)`", names)


def test_every_name_in_code_of_the_glossary_is_there():
    standard = load()
    columns = {column.name for table in TABLES.values() for column in table.columns}
    for _, _, names in glossary():
        for name in names:
            table, _, column = name.removeprefix("table ").partition(".")
            if table == "qb":
                pkgutil.resolve_name(name)
            elif table in TABLES:
                assert not column or TABLES[table][column]
            else:
                assert name in columns or name in DISTRICT_ITEMS or name in standard.codes, name


def test_every_column_item_and_indicator_is_in_the_glossary_under_its_one_name():
    rows = list(glossary())
    assert len(rows) > 80
    called = {name: zh for zh, _, names in rows for name in names}
    assert len(called) == sum(len(names) for _, _, names in rows)
    assert len({zh for zh, _, _ in rows}) == len({en.lower() for _, en, _ in rows}) == len(rows)
    for table in TABLES.values():
        assert called[f"table {table.name}"] == table.label
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            assert called.get(name, called.get(column.name)) == column.label, name
    assert {name: called.get(name) for name in DISTRICT_ITEMS} == {
        name: item.zh for name, item in DISTRICT_ITEMS.items()
    }
    assert {i.code: called.get(i.code) for i in load().indicators} == {
        i.code: i.title.zh for i in load().indicators
    }


# Scripts to start by a double click


START = ROOT / "qb" / "docs"


def test_the_start_script_of_windows_can_be_read_there_and_calls_commands_that_exist():
    raw = (START / "start.bat").read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    lines = raw.decode("utf-8").splitlines()
    spoken = lines.index("chcp 65001 >nul")  # from here on the console reads UTF-8
    assert "\n".join(lines[:spoken]).isascii()
    called = [re.search(r"Scripts\\qb (.*?)(?: \|\||$)", line) for line in lines]
    commands = [found[1].replace('"%data%"', "data").split() for found in called if found]
    assert [parser_in("zh").parse_args(command).run for command in commands] == ["sample", "publish"]
    labels = {line[1:] for line in lines if line.startswith(":")}
    assert set(re.findall(r"goto (\w+)", "\n".join(lines))) == labels - {"failed"} | {"failed"}


@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="the script is for macOS and Linux")
def test_the_start_script_of_macos_publishes_what_lies_beside_it_and_opens_the_page(tmp_path):
    shutil.copy(START / "start.command", tmp_path)
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    stubs = {
        "qb": 'echo "qb $*" >> said\n[ "$1" = publish ] && mkdir -p site && : > site/index.html',
        "open": 'echo "open $*" >> said',
    }
    for name, does in stubs.items():
        (tools / name).write_text(f"#!/bin/sh\n{does}\nexit 0\n")
        (tools / name).chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    subprocess.run([tmp_path / "start.command"], check=True, env={"PATH": path}, cwd="/")
    assert (tmp_path / "said").read_text().splitlines() == [
        "qb sample data", "qb publish data --out site", "open site/index.html",
    ]  # fmt: skip
