"""What an action does, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qb.report.words import Lang, label, number, say, stage_label
from qb.scenario import Action
from qb.scenario.summary import CALLED
from qb.schema import DISTRICT_ITEMS, TABLES
from qb.terms import RoomKind

# What is called what: columns of the tables in Chinese come from the schema.
ENGLISH = {
    "full_time_teachers": "teachers",
    "teachers_above_required": "with more than the required degree",
    "backbone_teachers": "backbone teachers",
    "pe_arts_teachers": "PE and arts teachers",
    "certified_teachers": "certified",
    "trained_teachers": "with 360 hours of training",
    "teaching_area_m2": "teaching floor",
    "indoor_sports_area_m2": "indoor sports floor",
    "sports_ground_m2": "sports ground",
    "equipment_yuan": "equipment",
    "multimedia_rooms": "multimedia rooms",
}
OTHER = {"site": ("征地和开办", "land and setting up"), "rooms": ("音美教室", "music and art rooms")}


def does(do: str, lang: Lang) -> str:
    """Return what kind of action it is."""
    return CALLED[do] if lang == "zh" else do.replace("_", " ").capitalize()


def item_label(item: str, lang: Lang) -> str:
    """Return what an item of the costs is called.

    >>> item_label("site", "en"), item_label("sports_ground_m2", "zh")
    ('land and setting up', '体育运动场地面积')
    """
    if item in CALLED:
        return does(item, lang)
    return say(lang, *OTHER[item]) if item in OTHER else say(lang, _columns()[item], ENGLISH[item])


def _columns() -> dict[str, str]:
    return {c.name: c.label for table in ("sections", "facilities") for c in TABLES[table].columns}


class Telling:
    """Says what actions do, with the names of schools and zones."""

    def __init__(self, schools: Mapping[str, str], zones: Mapping[str, str], lang: Lang) -> None:
        self._schools, self._zones, self._lang = schools, zones, lang

    def of(self, action: Action) -> str:
        """Return an action as a sentence without a full stop."""
        return getattr(self, f"_{action.do}")(action)

    def _say(self, zh: str, en: str) -> str:
        return say(self._lang, zh, en)

    def _school(self, school: str, stage: object = None) -> str:
        name = self._schools.get(school, school)
        return name + (self._say("", " ") + stage_label(stage, self._lang) if stage else "")

    def _list(self, parts: object, name: Callable[[object], str] = str) -> str:
        return self._say("、", ", ").join(name(part) for part in parts)

    def _amounts(self, amounts: Mapping[str, float]) -> str:
        return self._list(
            [
                f"{_thing(name, self._lang)} {_plain(value)}{self._unit(name)}"
                for name, value in amounts.items()
            ]
        )

    def _unit(self, column: str) -> str:
        zh, en = next(
            pair
            for end, pair in {
                "_m2": (" ㎡", " m²"),
                "_yuan": (" 元", " yuan"),
                "_rooms": (" 间", ""),
                "_teachers": (" 人", ""),
                "_required": (" 人", ""),
            }.items()
            if column.endswith(end)
        )
        return self._say(zh, en)

    def _open_school(self, action: Action) -> str:
        sizes = action.capacity or action.classes
        unit = self._say(" 人", " pupils") if action.capacity else self._say(" 个班", " classes")
        parts = self._list([f"{stage_label(stage, self._lang)} {n}{unit}" for stage, n in sizes.items()])
        like = {None: "", "standard": self._say("，按标准配足", ", with what the standard demands")}
        model = like.get(
            action.like, self._say(f"，比照{self._school(action.like or '')}", f", like {action.like}")
        )
        kind = label(action.kind, self._lang)
        return self._say(
            f"开办{action.name}（{kind}）：{parts}{model}", f"Open {action.name} ({kind}): {parts}{model}"
        )

    def _close_school(self, action: Action) -> str:
        to = self._list(action.to, self._school)
        goes = self._say(f"，学生和教师到{to}", f"; pupils and teachers go to {to}") if to else ""
        return self._say("关闭", "Close ") + self._school(action.school) + goes

    def _merge_schools(self, action: Action) -> str:
        gone, into = self._list(action.from_, self._school), self._school(action.into)
        return self._say(f"{gone}并入{into}", f"Merge {gone} into {into}")

    def _move_pupils(self, action: Action) -> str:
        to = self._school(action.to)
        if action.zone is not None:
            zone, stage = self._zones.get(action.zone, action.zone), stage_label(action.stage, self._lang)
            return self._say(f"{zone}的{stage}学生转到{to}", f"{stage} pupils of {zone} move to {to}")
        grades = f"（{self._list(action.grades)} 年级）" if action.grades else ""
        english = f" (grades {self._list(action.grades)})" if action.grades else ""
        share = None if action.share is None else f"{100 * action.share:g}%"
        source = self._school(action.from_, action.stage)
        return self._say(
            f"从{source}{grades}转 {share or f'{action.pupils} 人'}到{to}",
            f"Move {share or action.pupils} {'of the ' if share else ''}pupils from {source}{english} to {to}",
        )

    def _rezone(self, action: Action) -> str:
        zones, stage = (
            self._list(action.zones, lambda z: self._zones.get(z, z)),
            stage_label(action.stage, self._lang),
        )
        zh, en = {
            "entrants": ("从新生起逐年", "entrants first, one more grade each year"),
            "all": ("在校生一并转来", "those at school move as well"),
        }[action.moves]
        to = self._school(action.to)
        return self._say(f"{zones}的{stage}改划到{to}（{zh}）", f"{stage}: {zones} now belong to {to} ({en})")

    def _staff(self, action: Action) -> str:
        parts = [f"{_thing(c, self._lang)} {n}{self._say(' 人', '')}" for c, n in action.given.items()]
        if not parts:
            return ""
        return self._say(f"（其中{self._list(parts)}）", f" (of whom {self._list(parts)})")

    def _transfer_teachers(self, action: Action) -> str:
        source, to = self._school(action.from_, action.stage), self._school(action.to)
        staff = self._staff(action)
        counted = self._say("，计入交流轮岗", ", counted as rotation") if action.rotation else ""
        return self._say(
            f"从{source}到{to}交流教师 {action.teachers} 人{staff}{counted}",
            f"{action.teachers} teachers{staff} go from {source} to {to}{counted}",
        )

    def _transfer_equipment(self, action: Action) -> str:
        source, to = self._school(action.from_, action.from_stage), self._school(action.to, action.to_stage)
        amount = _plain(action.equipment_yuan)
        return self._say(
            f"从{source}调配价值 {amount} 元的设备到{to}",
            f"Equipment worth {amount} yuan goes from {source} to {to}",
        )

    def _hire(self, action: Action) -> str:
        school = self._school(action.school, action.stage)
        return self._say(
            f"{school}新进教师 {action.teachers} 人{self._staff(action)}",
            f"{school} hires {action.teachers} teachers{self._staff(action)}",
        )

    def _train(self, action: Action) -> str:
        school, amounts = self._school(action.school, action.stage), self._amounts(action.given)
        return self._say(f"{school}培养：{amounts}", f"{school}: train {amounts}")

    def _build(self, action: Action) -> str:
        amounts = self._amounts(action.amounts) if action.amounts else ""
        unit = self._unit("area_m2")
        rooms = self._list(
            [f"{_room(room.kind, self._lang)} {room.area_m2:g}{unit}" for room in action.rooms]
        )
        what = self._list([part for part in (amounts, rooms) if part])
        return self._say(
            f"{self._school(action.school, action.stage)}建设：{what}",
            f"{self._school(action.school, action.stage)}: build {what}",
        )

    def _buy(self, action: Action) -> str:
        school, what = self._school(action.school, action.stage), self._amounts(action.amounts)
        return self._say(f"{school}添置：{what}", f"{school}: buy {what}")

    def _by_school(self, action: Action) -> str:
        schools = self._list(action.school, self._school) or self._say("各校", "all schools")
        stage = stage_label(action.stage, self._lang) if action.stage else ""
        limit = f" {action.limit}" if action.limit else self._say("为标准的班额", " the standard's")
        return f"{schools}{self._say('', ' ')}{stage}".strip() + self._say(
            f"（上限{limit}）", f" (limit:{limit})"
        )

    def _split_classes(self, action: Action) -> str:
        return self._say("大班分开：", "Split large classes: ") + self._by_school(action)

    def _place_overflow(self, action: Action) -> str:
        zh, en = (
            "超出班额的学生统筹到集团内学校：",
            "Pupils above the class limit go to schools of the group: ",
        )
        return self._say(zh, en) + self._by_school(action)

    def _set(self, action: Action) -> str:
        where = f"{action.district} " if action.district else ""
        return self._say(
            f"{where}县区数据“{DISTRICT_ITEMS[action.item].zh}”改为 {action.value:g}",
            f"{where}{action.item} becomes {action.value:g}",
        )


def _thing(column: str, lang: Lang) -> str:
    """Return what a column counts, for a number to follow: 骨干教师 2 人, not 骨干教师数 2 人."""
    return item_label(column, lang).removesuffix("数")


def _room(kind: RoomKind, lang: Lang) -> str:
    return say(
        lang, *{RoomKind.MUSIC: ("音乐教室", "music room"), RoomKind.ART: ("美术教室", "art room")}[kind]
    )


def _plain(value: float) -> str:
    return number(value, 0 if float(value).is_integer() else 1)
