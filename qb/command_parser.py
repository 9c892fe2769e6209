"""What all commands share: argparse in two languages, the common options, numbers, years and sums of money as people write them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import qb
from qb.errors import QbError
from qb.files import MAKING, versions
from qb.language import LANGUAGES, Lang, say

LIBRARIES = (*MAKING, "jupyterlab", "distributed", "pyscipopt")


class Completion(argparse.Action):
    """Print a script by which a shell completes commands, options and file names."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: object, *__: object) -> NoReturn:
        """Print it; the shell reads it as the README says."""
        import shtab

        (commands,) = (action for action in parser._actions if isinstance(action.choices, dict))
        for one in commands.choices.values():
            for action in one._actions:
                if getattr(action.type, "func", None) is path:
                    action.complete = shtab.FILE
        print(shtab.complete(parser, str(shell)))
        parser.exit()


class Version(argparse.Action):
    """Print the versions of qb, of Python and of the libraries that figures and pages rest on."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print one line each; a library that is not installed is said to be so."""
        lang: Lang = getattr(parser, "lang", "zh")
        print(f"qb {qb.__version__}\nPython {sys.version.split()[0]}")
        for name, version in versions(LIBRARIES).items():
            print(name, version or say(lang, "（未安装）", "(not installed)"))
        parser.exit()


# What argparse says of itself: the keys are its texts, as it hands them to gettext.
_CHINESE = {
    "usage: ": "用法：",
    "positional arguments": "参数",
    "options": "选项",
    "show this help message and exit": "显示本说明",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s：%(message)s",
    "the following arguments are required: %s": "缺少 %s",
    "one of the arguments %s is required": "%s 中应有一个",
    "unrecognized arguments: %s": "没有这样的参数：%s",
    "not allowed with argument %s": "不能与 %s 一起用",
    "ignored explicit argument %r": "后面不应有 %r",
    "ambiguous option: %(option)s could match %(matches)s": "%(option)s 可以是 %(matches)s，请写全",
    "expected one argument": "后面应有一个值",
    "expected at most one argument": "后面至多有一个值",
    "expected at least one argument": "后面至少有一个值",
    "expected %s arguments": "后面应有 %s 个值",
    "invalid %(type)s value: %(value)r": "值 %(value)r 不能用",
    "invalid choice: %(value)r (choose from %(choices)s)": "没有 %(value)r，可用：%(choices)s",
}


@contextmanager
def argparse_in(lang: Lang) -> Iterator[None]:
    """Have argparse speak the language while parsers are made and used; it speaks English by itself."""
    kept = {name: vars(argparse)[name] for name in ("_", "ngettext")}
    try:
        if lang == "zh":
            vars(argparse).update(
                _=lambda text: _CHINESE.get(text, text),
                ngettext=lambda one, many, _: _CHINESE.get(many, many),
            )
        yield
    finally:
        vars(argparse).update(kept)


class Parser(argparse.ArgumentParser):
    """A parser that ends in a sentence and exit code 1 where the arguments cannot be used."""

    lang: Lang = "zh"

    def say(self, zh: str, en: str) -> str:
        """Return the wording in the parser's language."""
        return say(self.lang, zh, en)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where to read more."""
        zh = f"错误：参数不能用：{message}\n用法见：{self.prog} --help\n"
        en = f"Error: the arguments cannot be used: {message}\nSee {self.prog} --help\n"
        self.exit(1, self.say(zh, en))


def language(arguments: list[str]) -> Lang:
    """Return the language asked for, before the arguments are understood: their help is in it too.

    The last ``--lang`` counts, else the variable QB_LANG, else it is Chinese.

    >>> language(["assess", "data", "--lang", "en"]), language(["--lang=zh"])
    ('en', 'zh')
    """
    asked = os.environ.get("QB_LANG", "")
    for option, value in pairwise([*arguments, ""]):
        name, _, joint = option.partition("=")
        if name == "--lang" and (joint or value) in LANGUAGES:
            asked = joint or value
    return "en" if asked == "en" else "zh"


def refuse_language() -> None:
    """Refuse what QB_LANG says if it is no language."""
    asked = os.environ.get("QB_LANG", "")
    if asked and asked not in LANGUAGES:
        raise QbError(
            "环境变量 QB_LANG 应为 zh 或 en，现为“{}”。",
            "The variable QB_LANG must be zh or en; it is “{}”.",
            asked,
        )


def path(text: str, lang: Lang = "zh") -> Path:
    """Return a path as it is typed; refuse an empty one, which would be the working directory."""
    if not text.strip():
        raise argparse.ArgumentTypeError(say(lang, "路径不能是空的", "a path cannot be empty"))
    return Path(text)


def span(years: str, lang: Lang = "zh") -> range:
    """Return the school years that are typed as 2021-2025, or as one."""
    first, _, last = years.partition("-")
    if not (_is_year(first) and _is_year(last or first)) or int(first) > int(last or first):
        zh = f"应写成 2021-2025 的样子（起始年在前），现为“{years}”"
        raise argparse.ArgumentTypeError(say(lang, zh, f"write it as 2021-2025, not “{years}”"))
    return range(int(first), int(last or first) + 1)


def school_year(text: str, lang: Lang = "zh") -> int:
    """Return the year in which a school year starts."""
    if not _is_year(text):
        zh, en = f"应为学年起始年，如 2025，现为“{text[:30]}”", f"must be a year as 2025, not “{text[:30]}”"
        raise argparse.ArgumentTypeError(say(lang, zh, en))
    return int(text)


def _is_year(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4


def natural(text: str, lang: Lang = "zh", least: int = 1) -> int:
    """Return a whole number from the least on."""
    if not (text.isascii() and text.isdigit() and len(text) <= 100) or int(text) < least:
        en = f"must be a whole number of {least} or more, not “{text[:30]}”"
        raise argparse.ArgumentTypeError(say(lang, f"应为不小于 {least} 的整数，现为“{text[:30]}”", en))
    return int(text)


def add_layout(parser: Parser) -> None:
    """Add the option that names a layout."""
    parser.add_argument(
        "--layout",
        metavar="NAME|FILE",
        help=parser.say(
            "表样：school-form（学校）、district-form（县区）、table-1（表I），或版式文件（TOML）",
            "form: school-form (school), district-form (district), table-1 (Table I), or a layout (TOML)",
        ),
    )


def add_data(parser: Parser) -> None:
    """Add the dataset."""
    parser.add_argument("data", type=partial(path, lang=parser.lang), help=parser.say("数据集", "dataset"))


def add_json(parser: Parser) -> None:
    """Add the option that asks for JSON."""
    help_ = parser.say("打印一个 JSON 文档", "print one JSON document")
    parser.add_argument("--json", dest="as_json", action="store_true", help=help_)


def add_settings(parser: Parser) -> None:
    """Add who publishes."""
    help_ = parser.say(
        "网站设置：单位、标志、联系方式、颜色、页脚；默认用数据文件夹里的 site.toml",
        "who publishes: office, logo, contact, colours, foot; by default site.toml in the folder of the data",
    )
    reads = partial(path, lang=parser.lang)
    parser.add_argument("--site", dest="settings", type=reads, metavar="FILE.toml", help=help_)


def add_costs(parser: Parser) -> None:
    """Add the option that names a cost file."""
    help_ = parser.say(
        "费用文件（TOML）；默认用随附的费用假设",
        "cost file (TOML); by default the assumed costs that come with qb",
    )
    parser.add_argument("--costs", type=partial(path, lang=parser.lang), help=help_)


def add_year(parser: Parser, default: tuple[str, str] = ("取数据中最后一年", "the last of the data")) -> None:
    """Add the option that names a school year; `default` says which one is taken without it."""
    zh, en = default
    help_ = parser.say(
        f"学年起始年，如 2025；默认{zh}", f"school year (the year it starts in), as 2025; by default {en}"
    )
    parser.add_argument("--year", type=partial(school_year, lang=parser.lang), help=help_)


def add_standard(parser: Parser) -> None:
    """Add the option that names a standard."""
    help_ = parser.say(
        "评估标准：名称或 TOML 文件；默认 gulou-2023", "standard: name or TOML file; gulou-2023 by default"
    )
    parser.add_argument("--standard", default="gulou-2023", help=help_)


def add_lang(parser: Parser) -> None:
    """Add the option that names the language."""
    help_ = parser.say(
        "语言：zh 或 en；默认为环境变量 QB_LANG，没有则为 zh",
        "language: zh or en; by default that of the variable QB_LANG, else zh",
    )
    parser.add_argument("--lang", choices=LANGUAGES, default=parser.lang, help=help_)


DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}
MOST_YUAN = 1e13  # what a nation spends on schools in a year is less


def yuan(text: str, lang: Lang = "zh") -> float:
    """Return an amount of money, written as 3000000, 300万 or 三百万.

    >>> yuan("3000000"), yuan("300万元"), yuan("三百万"), yuan("1.5亿"), yuan("一千二百万元")
    (3000000.0, 3000000.0, 3000000.0, 150000000.0, 12000000.0)
    """
    plain = text.strip().replace(",", "").replace("，", "").removesuffix("元")
    number = _number(plain)
    if number is None or number != number:
        zh = f"应为金额（元），可写成 3000000、300万 或 三百万，现为“{text}”"
        en = f"must be an amount of yuan, as 3000000, not “{text}”"
        raise argparse.ArgumentTypeError(say(lang, zh, en))
    if not 0 <= number <= MOST_YUAN:
        zh = f"金额应在 0 与 {MOST_YUAN / 1e8:,.0f} 亿元之间，现为“{text}”，请核对"
        en = f"must lie between 0 and {MOST_YUAN:,.0f} yuan, not “{text}”"
        raise argparse.ArgumentTypeError(say(lang, zh, en))
    return number


def _number(plain: str) -> float | None:
    for ending, factor in (("亿", 1e8), ("万", 1e4)):
        head, found, rest = plain.rpartition(ending)
        if found:
            high, low = _number(head), _number(rest) if rest else 0.0
            return None if high is None or low is None else high * factor + low
    try:
        return float(plain)
    except ValueError:
        return _in_words(plain)


def _in_words(plain: str) -> float | None:
    """Return a number below ten thousand in Chinese words; None for what is none."""
    total, digit = 0, None
    for sign in plain:
        if sign in DIGITS:
            digit = DIGITS[sign]
        elif sign in UNITS:
            total += (1 if digit is None else digit) * UNITS[sign]
            digit = None
        else:
            return None
    return float(total + (digit or 0)) if plain else None
