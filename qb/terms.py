"""The closed sets of words that the whole project shares, with the labels a reader sees."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

# No figure of schooling comes near it; squares and products of smaller ones have an end.
LARGEST = 1e15


class Term(StrEnum):
    """A word of a closed set: the value is its name in data, `zh` and `en` are what readers see."""

    zh: str
    en: str

    # Each member below has a Chinese label; it may be missing only where a member is looked up by its value.
    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        """Make the member of a line below; its English is its name with a capital unless given."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh, member.en = zh, en or value.capitalize()
        return member

    @classmethod
    def called(cls, text: str) -> Self | None:
        """Return the member whose English name or Chinese label is `text`, or None."""
        return next((m for m in cls if text in (m.value, m.zh)), None)


class Stage(Term):
    """Stages of schooling; `whole` is a school reported as one, to be split."""

    PRIMARY = "primary", "小学"
    JUNIOR = "junior", "初中"
    SENIOR = "senior", "高中"
    WHOLE = "whole", "全校", "Whole school"


class Kind(Term):
    """Kinds of school (办学类型)."""

    PRIMARY = "primary", "小学", "Primary school"
    JUNIOR = "junior", "初级中学", "Junior secondary school"
    NINE_YEAR = "nine_year", "九年一贯制学校", "Nine-year school"
    TWELVE_YEAR = "twelve_year", "十二年一贯制学校", "Twelve-year school"
    COMPLETE_SECONDARY = "complete_secondary", "完全中学", "Complete secondary school"
    TEACHING_POINT = "teaching_point", "教学点", "Teaching point"
    SPECIAL = "special", "特殊教育学校", "Special school"


class Ownership(Term):
    """Who runs the school."""

    PUBLIC = "public", "公办"
    PRIVATE = "private", "民办"


class Location(Term):
    """城乡类别 of the national statistics."""

    URBAN = "urban", "城区", "City"
    TOWN = "town", "镇区"
    RURAL = "rural", "乡村"


class RoomKind(Term):
    """Special rooms that C10 counts."""

    MUSIC = "music", "音乐教室"
    ART = "art", "美术教室"


class Status(Term):
    """State of a checklist item."""

    MET = "met", "达到"
    PARTLY = "partly", "部分达到", "Partly met"
    UNMET = "unmet", "未达到", "Not met"


class Progress(Term):
    """State of a measure in the ledger (整改台账)."""

    OPEN = "open", "整改中"
    DONE = "done", "已完成"
    CLOSED = "closed", "已销号"


class Verdict(Term):
    """What a rule says of a figure. Absence has names; it is never zero and never silence."""

    PASS = "pass", "达标", "Met"
    FAIL = "fail", "未达标", "Not met"
    NO_DATA = "no data", "缺数据"
    NOT_APPLICABLE = "not applicable", "不适用"


class Allowance(Term):
    """What readers see of a figure of C1–C7 that is not met where every school concerned passes all the same.

    The school rule lets one indicator stay below the standard. The verdict on the figure stays "fail".
    """

    AT_SCHOOL = "allowed", "低于标准，规则允许", "Below, the rule allows"
    IN_DISTRICT = "allowed at schools", "个别学校低于标准，规则允许", "Some schools below, the rule allows"


class Severity(Term):
    """How much a fault in the data matters."""

    STOPS = "stops", "必须改正", "Must be mended"
    WARNING = "warning", "请核实", "Please check"
    NOTE = "note", "提示"


# Which stages a school of each kind may have, in the order of the grades.
STAGES_OF_KIND: dict[Kind, tuple[Stage, ...]] = {
    Kind.PRIMARY: (Stage.PRIMARY,),
    Kind.JUNIOR: (Stage.JUNIOR,),
    Kind.NINE_YEAR: (Stage.PRIMARY, Stage.JUNIOR),
    Kind.TWELVE_YEAR: (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR),
    Kind.COMPLETE_SECONDARY: (Stage.JUNIOR, Stage.SENIOR),
    Kind.TEACHING_POINT: (Stage.PRIMARY,),
    Kind.SPECIAL: (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR),
}

GRADES_OF_STAGE: dict[Stage, range] = {
    Stage.PRIMARY: range(1, 7),
    Stage.JUNIOR: range(7, 10),
    Stage.SENIOR: range(10, 13),
}

COMPULSORY = (Stage.PRIMARY, Stage.JUNIOR)

# How names of files with data end. In a folder of data, one of them that is no table is pointed out.
WORKBOOK = ".xlsx"  # as written; as read, one of the next
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".et")
DATA_SUFFIXES = (".csv", ".parquet", ".xlsx", ".xls", ".et", ".ods", ".tsv", ".txt")
