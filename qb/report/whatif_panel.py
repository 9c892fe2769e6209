"""The panel on a published page that tries changes out: its data (figures of schools, limits, rules), for `panel.js`.

The page's own script (``theme/qb/panel.js``) computes; nothing that a rule says stands there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from html import escape

import numpy as np
import pandas as pd

from qb.data.schema import tables_of
from qb.indicators.population import KINDS, STAGES, exclusions, take_population
from qb.indicators.resources import Reports, split_shares, split_weights
from qb.indicators.verdicts import deciding, floor_of, resource_limits
from qb.language import told
from qb.planning.scenario.resource_actions import BUILT
from qb.planning.scenario.scenario_file import ACTIONS
from qb.planning.scenario.scenario_summary import field_words
from qb.planning.scenario.teacher_actions import STAFF_COLUMNS
from qb.report.context import ReportContext
from qb.report.words import say, stage_label, title, unit_of, value_decimals, verdict_label
from qb.standard import SIDES as PRINTED
from qb.standard import Standard
from qb.terms import COMPULSORY, Kind, Verdict

SIDES = list(PRINTED)  # their places are those the script knows
_STAFF = ("full_time_teachers", *STAFF_COLUMNS.values())
# Words of the panel: in Chinese and in English.
WORDS = {
    "title": ("试一试：改几项，看结论怎样变", "Try it: change a few things and see what becomes of the verdicts"),
    "intro": (
        "选一所学校，填写要增加或调出的数量，各项数值、学校结论、差异系数和全区达标数随即重算。只在本页试算，不改动数据；其余指标、费用和以后各年，保存为情景文件后用 qb whatif 计算。",
        "Choose a school and say what it gets or gives: values, its verdict, the coefficients and the district's counts follow at once. Nothing is changed in the data. Save a scenario file, and qb whatif computes the other indicators, costs and later years.",
    ),
    "open": ("打开试算", "Open the panel"),
    "school": ("学校", "School"),
    "to": ("调到", "To"),
    "nobody": ("（请选学校）", "(choose a school)"),
    "lacks": ("距标准还差 {}", "{} short of the standard"),
    "has": ("现有 {}", "now {}"),
    "changes": ("已作的改动", "Changes made"),
    "none": ("还没有改动。", "Nothing has been changed yet."),
    "undo": ("撤销", "Undo"),
    "clear": ("全部清除", "Clear all"),
    "remove": ("删除", "Remove"),
    "save": ("保存为情景文件", "Save as a scenario file"),
    "name": ("情景标题", "Title of the scenario"),
    "trial": ("试算", "A trial"),
    "indicator": ("指标", "Indicator"),
    "stage": ("学段", "Stage"),
    "now": ("现状", "Now"),
    "after": ("之后", "After"),
    "limit": ("标准", "Standard"),
    "cap": ("限值", "Limit"),
    "verdict": ("结论", "Verdict"),
    "coefficients": ("差异系数", "Difference coefficients"),
    "mean": ("各项平均", "Mean of all"),
    "rows": ("达标的学校（学段）", "School stages met"),
    "waiting": ("缺数据的学校（学段）", "School stages without data"),
    "over": ("超限的差异系数", "Coefficients above the limit"),
    "won": ("转为达标：{}", "Now met: {}"),
    "lost": ("不再达标：{}", "No longer met: {}"),
    "out": ("不参加评估", "Not judged"),
    "few": ("那里只有 {}，改动没有计入", "there are only {}; not counted"),
    "part": ("“其中”各项不能多于或少于人数所允许的，改动没有计入", "a part must fit the number of teachers; not counted"),
    "blank": ("有一项没有填报，不能在其上增加，改动没有计入", "a figure is not reported, so nothing can be added to it; not counted"),
    "unknown": ("有一项没有填报", "a figure is not reported"),
    "whole": ("至少留 1 名学生；停办、合并请写情景文件", "one pupil must stay; close or merge schools in a scenario file"),
    "comma": ("，", ", "),
    "colon": ("：", ": "),
}  # fmt: skip


@dataclass(frozen=True)
class PanelFigures:
    """What every school of a context holds, site by site; all panels of a context are cut from it."""

    context: ReportContext

    @classmethod
    def of(cls, context: ReportContext) -> PanelFigures:
        """Return the stock of a context, the same one each time."""
        return vars(context).setdefault("stock", cls(context))

    @property
    def standard(self) -> Standard:
        """The standard that judges."""
        return self.context.standard

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of ``sections`` that a panel needs, pupils first."""
        used = [i.resource for i in self.standard.resources]
        named = [name for r in used if r.table == "sections" for name in (*r.columns, r.at_most)]
        names = ("pupils", *(r.divisor for r in used), *_STAFF, *filter(None, named))
        asked = {"pupils", "full_time_teachers", *filter(None, named), *(r.divisor for r in used)}
        return tuple(name for name in dict.fromkeys(names) if name in asked)

    @cached_property
    def held(self) -> tuple[str, ...]:
        """The columns of ``facilities`` that a panel needs."""
        used = (i.resource for i in self.standard.resources if i.resource.table == "facilities")
        return tuple(dict.fromkeys(name for resource in used for name in resource.columns))

    @cached_property
    def _population(self):
        return take_population(self.context.data, self.standard, self.context.year)

    @cached_property
    def rows(self) -> dict[str, list[tuple[int, int]]]:
        """The sections that are judged, or would be with more pupils, by school: stage, and fewest pupils."""
        population = self._population
        enough = np.where(population.figures["pupils"] == 0, 0, np.inf)
        kind = population.kind[population.school]
        others = exclusions(
            self.standard, population.schools, population.school, kind, population.stage, enough
        )
        ids = population.schools["school_id"].to_numpy(dtype=object)
        point = kind == KINDS.index(Kind.TEACHING_POINT)
        least = np.where(point, self.standard.rules.exclusion.small_point_pupils, 1)
        found: dict[str, list[tuple[int, int]]] = {}
        for at in np.flatnonzero(pd.isna(others)):
            place = found.setdefault(str(ids[population.school[at]]), [])
            place.append((int(population.stage[at]), int(least[at])))
        return found

    def of_district(self, district: str) -> list[str]:
        """Return the schools of a district that have a row, in the order of the data."""
        population = self._population
        named = population.districts[population.district]
        ids = population.schools["school_id"]
        return [s for s, of in zip(ids, named, strict=True) if of == district and s in self.rows]

    @cached_property
    def sites(self) -> dict[str, list[dict[str, object]]]:
        """The sections of the sites of each school: what they report themselves, and how their whole is split."""
        population, standard = self._population, self.standard
        table = population.records.rows("facilities")
        reports = Reports.of(population, split_shares(population, standard))
        given = {name: reports.given(table[name].to_numpy(dtype=float)) for name in self.held}
        weight, alone = split_weights(population, standard)
        weight = np.where(alone, 1.0, weight)
        figures, known = self._figures(), population.sites
        shares = known.having | ~population.populated[known.school]
        ids = population.schools["school_id"].to_numpy(dtype=object)
        names = population.schools["name"].to_numpy(dtype=object)
        found: dict[str, list[dict[str, object]]] = {}
        for at, key in enumerate(reports.key.tolist()):
            school, stage = divmod(key, len(STAGES))
            listed = at < len(known.school)
            # Nothing is owed where neither is reported and nobody lacks it.
            own = [
                0.0 if np.isnan(o[at]) and np.isnan(w[at]) and not lacking[at] else o[at]
                for o, w, lacking in given.values()
            ]
            site = {
                "id": str(ids[school]),
                "name": str(names[school]) if names[school] == names[school] else str(ids[school]),
                "stage": stage,
                "section": figures[at].tolist() if listed else [0.0] * len(self.columns),
                "own": own,
                "whole": [w[at] for _, w, _ in given.values()],
                "weight": float(weight[at]) if listed and shares[at] else None,
                "stuck": int(listed and self._stuck[at]),
            }
            found.setdefault(str(ids[population.root[school]]), []).append(site)
        return found

    def _figures(self) -> np.ndarray:
        """Return the columns of ``sections`` by site, shape (sites, columns), NaN where not reported."""
        population = self._population
        table, sites = population.records.rows("sections"), population.sites
        width = len(STAGES)
        keys = population.records.keys("sections")
        found = np.full((len(population.schools) * width, len(self.columns)), np.nan)
        found[keys] = np.column_stack([table[name].to_numpy(dtype=float) for name in self.columns])
        place = sites.school * width + sites.stage
        # Classes may be listed in bands: what is counted of a school with one site stands in the population.
        root = population.root[sites.school] * width + sites.stage
        several = np.bincount(root, minlength=len(found))[root] > 1
        at = np.searchsorted(population.school * width + population.stage, root[~several])
        made = found[place]
        kept = at < len(population.school)
        alone = np.flatnonzero(~several)[kept]
        same = (population.school * width + population.stage)[at[kept]] == root[alone]
        for k, name in enumerate(self.columns):
            made[alone[same], k] = population.figures[name][at[kept][same]]
        return made

    @cached_property
    def rules(self) -> dict[str, object]:
        """What the standard says: resources, limits in force, school rule, coefficients, actions and words."""
        standard, lang, year = self.standard, self.context.lang, self.context.year
        stages = np.arange(len(COMPULSORY))
        limit = resource_limits(standard, stages, year)
        floor = floor_of(limit, standard)
        sides = [np.broadcast_to(each.side, limit.value.shape) for each in (limit, floor)]
        spread = [standard.limit_in_force("coefficient", stage=stage) for stage in COMPULSORY]
        decided = deciding(standard)
        rule = standard.rules.school
        return {
            "year": year,
            "lang": lang,
            "stages": {stage: stage_label(stage, lang) for stage in COMPULSORY},
            "columns": self.columns,
            "held": self.held,
            "part": [self._part_of(name) for name in self.columns],
            "staff": {n: self.columns.index(c) for n, c in STAFF_COLUMNS.items() if c in self.columns},
            "resources": [self._resource(indicator) for indicator in standard.resources],
            "limits": [
                [
                    [limit.value[s, k], SIDES.index(sides[0][s, k]), floor.value[s, k], SIDES.index(sides[1][s, k])]
                    for k in range(len(standard.resources))
                ]
                for s in stages
            ],
            "decimals": [limit.decimals, spread[0].decimals],
            "rounded": limit.rounded,
            "tolerance": limit.tolerance,
            "rule": rule and rule.of - rule.met,
            "spread": [[each.value, SIDES.index(each.side)] for each in spread],
            "decide": [code in decided for code in (*standard.resource_codes, "composite")],
            "verdicts": {v: verdict_label(v, lang) for v in Verdict},
            "actions": self._actions(),
            "say": {name: say(lang, *words) for name, words in WORDS.items()},
        }  # fmt: skip

    def _part_of(self, name: str) -> int:
        whole = [i.resource.at_most for i in self.standard.resources if name in i.resource.columns]
        return self.columns.index(whole[0]) if whole and whole[0] else -1

    def _resource(self, indicator) -> dict[str, object]:
        resource, lang = indicator.resource, self.context.lang
        names = self.columns if resource.table == "sections" else self.held
        at = {s: [names.index(n) for n in added] for s, added in resource.add_at.items()}
        return {
            "code": indicator.code,
            "label": title(indicator, lang, short=True),
            "unit": unit_of(indicator, lang),
            "table": int(resource.table == "facilities"),
            "add": [names.index(name) for name in resource.add],
            "at": {stage: at[stage] for stage in COMPULSORY if stage in at},
            "less": [names.index(name) for name in resource.subtract],
            "by": self.columns.index(resource.divisor),
            "per": resource.per,
            "decimals": value_decimals(indicator, self.standard),
            "low": indicator.at_most,
            "zero": resource.if_zero == "fail",
            "whole": resource.whole,
            "what": resource.unit.zh if lang == "zh" else resource.unit.en,
        }

    def _actions(self) -> list[dict[str, object]]:
        """Return the actions on offer: what they do, their fields, and which column each is about."""
        lang, standard = self.context.lang, self.standard
        tables = tables_of(standard)
        own = [c.name for c in standard.columns]
        more = [name for name in own if name in tables["sections"].by_name and name in self.columns]
        staff = [n for n, c in STAFF_COLUMNS.items() if c in self.columns]
        bought = [name for name in self.held if name not in BUILT]
        moves = standard.computed_by("class_size") is not None
        moves &= all(i.resource.divisor != "classes" for i in standard.resources)
        offered = [
            ("hire", ("teachers", *staff), ()),
            ("train", staff, more),
            ("build", [name for name in self.held if name in BUILT], ()),
            ("buy", [n for n in bought if n not in own], [n for n in bought if n in own]),
            ("move_pupils", ["pupils"] * moves, ()),
            ("transfer_teachers", ("teachers", *staff), ()),
            ("transfer_equipment", [n for n in bought if n == "equipment_yuan"], ()),
        ]
        return [
            {
                "do": do,
                "label": told(ACTIONS[do].called, lang),
                "fields": [
                    [n, told(field_words(do, n, standard), lang), *([1] if n in more_ else [])] for n in (*fields, *more_)
                ],
            }
            for do, fields, more_ in offered
            if fields or more_
        ]  # fmt: skip

    def data(self, schools: Iterable[str]) -> dict[str, object]:
        """Return what a panel of these schools needs."""
        listed = [school for school in schools if school in self.rows]
        stages = [*map(str, COMPULSORY)]
        rows, sites, groups = [], [], []
        for school in listed:
            place = {stage: len(rows) + k for k, (stage, _) in enumerate(self.rows[school])}
            point = self._kind_of(school) == Kind.TEACHING_POINT
            rows += [[stages[stage], least, int(point)] for stage, least in self.rows[school]]
            group: dict[str, int] = {}
            for site in self.sites[school]:
                shared = [None if v != v else v for v in site["whole"]]
                number = -1
                if any(v is not None for v in shared):
                    if site["id"] not in group:
                        group[site["id"]] = len(groups)
                        groups.append([shared, [], 0.0])
                    number = group[site["id"]]
                row = place.get(site["stage"], -1)
                if number >= 0 and site["weight"] is not None:
                    if row >= 0:
                        groups[number][1].append([len(sites), site["weight"]])
                    else:
                        weighted = site["weight"] * site["section"][0] if site["weight"] else np.nan
                        groups[number][2] += weighted
                if row >= 0:
                    sites.append(
                        [row, site["id"], site["name"], site["section"], site["own"], number, site["stuck"]]
                    )
        return {**self.rules, "rows": rows, "sites": sites, "groups": groups}

    @cached_property
    def _kinds(self) -> dict[str, object]:
        schools = self.context.data["schools"]
        return dict(zip(schools["school_id"], schools["kind"], strict=True))

    def _kind_of(self, school: str) -> object:
        return self._kinds.get(school)

    @cached_property
    def _stuck(self) -> np.ndarray:
        """Whether a scenario cannot move a section's pupils (`qb.planning.scenario.year_records.unusable`).

        They are not reported, or the classes listed are not those of the section; shape (sites,).
        """
        population, sites = self._population, self._population.sites
        records = population.records
        classes, key = records.rows("classes"), records.keys("classes")
        size = len(population.schools) * len(STAGES)
        rows = np.bincount(key, minlength=size)
        counted = np.bincount(key, weights=classes["pupils"].to_numpy(dtype=float), minlength=size)
        reported = np.full(size, np.nan)
        reported[records.keys("sections")] = records.rows("sections")["classes"].to_numpy(dtype=float)
        at = sites.school * len(STAGES) + sites.stage
        agree = (counted[at] == sites.pupils) & (np.isnan(reported[at]) | (reported[at] == rows[at]))
        return np.isnan(sites.pupils) | (sites.pupils % 1 != 0) | ((rows[at] > 0) & ~agree)


@dataclass(frozen=True)
class WhatIf:
    """A panel on a page that tries changes out; a page without a script does not show it."""

    context: ReportContext
    district: str

    @cached_property
    def schools(self) -> list[str]:
        """The district's schools that have a row."""
        return PanelFigures.of(self.context).of_district(self.district)

    @cached_property
    def document(self) -> str:
        """The panel's data as JSON, "no data" as null."""
        found = PanelFigures.of(self.context).data(self.schools)
        return json.dumps(_plain(found), ensure_ascii=False, separators=(",", ":"))

    def _repr_html_(self) -> str:
        if not self.context.standard.resources or not self.schools:
            return ""
        return f"<template data-whatif='{escape(self.document, quote=False).replace(chr(39), '&#39;')}'></template>"


def _plain(value: object) -> object:
    """Return what JSON can hold: whole numbers as such, what is not known or has no limit as None."""
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        if not np.isfinite(value):
            return None
        return int(value) if value == int(value) and abs(value) < 2**53 else float(value)
    return value
