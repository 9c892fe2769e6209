"""The closed sets of words that the whole project shares, with the labels a reader sees."""

from __future__ import annotations

from enum import StrEnum


class Term(StrEnum):
    """A word of a closed set: the value is the English name, `zh` the Chinese label."""

    zh: str

    def __new__(cls, value: str, zh: str) -> Term:
        """Make the member of a line below."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        return member

    @classmethod
    def find(cls, text: str) -> Term | None:
        """Return the member whose English name or Chinese label is `text`, or None."""
        return next((m for m in cls if text in (m.value, m.zh)), None)


class Stage(Term):
    """Stages of schooling; `whole` is a school reported as one, to be split."""

    PRIMARY = "primary", "小学"
    JUNIOR = "junior", "初中"
    SENIOR = "senior", "高中"
    WHOLE = "whole", "全校"


class Kind(Term):
    """Kinds of school (办学类型)."""

    PRIMARY = "primary", "小学"
    JUNIOR = "junior", "初级中学"
    NINE_YEAR = "nine_year", "九年一贯制学校"
    TWELVE_YEAR = "twelve_year", "十二年一贯制学校"
    COMPLETE_SECONDARY = "complete_secondary", "完全中学"
    TEACHING_POINT = "teaching_point", "教学点"
    SPECIAL = "special", "特殊教育学校"


class Ownership(Term):
    """Who runs the school."""

    PUBLIC = "public", "公办"
    PRIVATE = "private", "民办"


class Location(Term):
    """城乡类别 of the national statistics."""

    URBAN = "urban", "城区"
    TOWN = "town", "镇区"
    RURAL = "rural", "乡村"


class RoomKind(Term):
    """Special rooms that C10 counts."""

    MUSIC = "music", "音乐教室"
    ART = "art", "美术教室"


class Status(Term):
    """State of a checklist item."""

    MET = "met", "达到"
    PARTLY = "partly", "部分达到"
    UNMET = "unmet", "未达到"


class Progress(Term):
    """State of a measure in the ledger (整改台账)."""

    OPEN = "open", "整改中"
    DONE = "done", "已完成"
    CLOSED = "closed", "已销号"


class Verdict(Term):
    """What a rule says of a figure. Absence has names; it is never zero and never silence."""

    PASS = "pass", "达标"
    FAIL = "fail", "未达标"
    NO_DATA = "no data", "缺数据"
    NOT_APPLICABLE = "not applicable", "不适用"


class Severity(Term):
    """How much a fault in the data matters."""

    STOPS = "stops", "必须改正"
    WARNING = "warning", "请核实"
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
DATA_SUFFIXES = (".csv", ".parquet", ".xlsx", ".xls", ".et", ".ods", ".tsv", ".txt")
