"""A siting to look at in JupyterLab: the plans side by side, the best one on a map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from qb.charts import Caption, Chart
from qb.charts.maps import map_of_sites
from qb.charts.plan_figures import cost_curve
from qb.charts.plan_figures import front as front_of
from qb.data.dataset import Dataset
from qb.data.reading import read
from qb.files import beside_notebooks
from qb.language import told
from qb.planning.costs import load_costs
from qb.planning.scenario import Scenario
from qb.planning.siting.pareto_front import PATIENT, QUICK, SWING, front, swayed, trade_off
from qb.planning.siting.site_choice import prices, site
from qb.planning.siting.siting_solver import NOW, Siting, SitingStatus
from qb.planning.siting.siting_summary import proven_lines
from qb.report.columns import table
from qb.report.tables import Column, Table
from qb.report.words import Lang, number, say, school_year, sources_said, stage_label
from qb.standard import DEFAULT, Standard, chosen_standard
from qb.terms import COMPULSORY, Stage


def open_siting(
    data: str | Path,
    candidates: str | Path,
    year: int | None = None,
    standard: str | Path = DEFAULT,
    most: int = 1,
    lang: Lang = "zh",
    points: int | None = None,
) -> SitingPlans:
    """Read a dataset and candidates, choose the sites, and return what there is to look at.

    With `points` the front is of so many sums of money, see `qb.planning.siting.pareto_front.front`; the front
    and the curve end at `most` schools where these are more than one.

    Raises
    ------
    DataError, QbError
        See `qb.load` and `qb.planning.siting.site_choice.site`.
    """
    dataset, chosen, costs = read(beside_notebooks(data)), chosen_standard(standard), load_costs(None)
    found = site(dataset, beside_notebooks(candidates), year, standard, most, costs=costs)
    end = most if most > 1 else None
    seconds = QUICK if points is None else PATIENT
    edge = front(found, dataset, chosen, costs, end, seconds, points)
    swings = swayed(edge, found, prices(found.candidates, dataset, found.year, costs, chosen))
    reached = trade_off(found, dataset, chosen, costs, end, seconds)
    return SitingPlans(dataset, found, reached, edge, swings, chosen, lang)


# What the tables show of a plan.
WITHIN = Column("within", ("步行距离以内（人）", "Within walking distance (pupils)"), 0)
MEAN_KM = Column("mean_km", ("平均步行（千米）", "Mean walk (km)"), 2)
COST = Column("million_yuan", ("建校和一年工资（百万元）", "To build, with a year's pay (million yuan)"), 1)
PER_CHILD = Column("per_child", ("每增一人（万元）", "For each more (10,000 yuan)"))
PROOF = Column("proof", ("证明", "Proof"))


class SitingPlans:
    """The plans of a siting as a table and as maps; what each number of schools and sum of money reaches."""

    def __init__(
        self,
        data: Dataset,
        found: Siting,
        reached: pd.DataFrame,
        edge: pd.DataFrame,
        swings: pd.DataFrame,
        standard: Standard,
        lang: Lang = "zh",
    ) -> None:
        self.data, self.found, self.reached, self.lang = data, found, reached, lang
        self.edge, self.swings, self.standard, self.year = edge, swings, standard, found.year

    def table(self) -> Table:
        """Return the plans side by side, the district as it is first."""
        frame = self.found.options.copy()
        frame["plan"] = [self._plan(option) for option in frame["option"]]
        frame["million_yuan"] = frame["cost_yuan"] / 1e6
        frame["proof"] = [self._proof(option) for option in frame["option"]]
        return table(
            self,
            ("各方案对照", "The plans side by side"),
            (
                Column("plan", ("方案", "Plan")),
                WITHIN,
                MEAN_KM,
                Column("moved", ("换学校（人）", "Change school (pupils)"), 0),
                Column("passing", ("达标的学校（学段）", "School stages met"), 0),
                Column("over", ("超限的差异系数", "Coefficients above the limit"), 0),
                Column("lacking", ("未达标准的项次", "Figures below the standard"), 0),
                replace(
                    COST,
                    label=(
                        "建校和一年工资（百万元，假设）",
                        "To build, with a year's pay (million yuan, assumed)",
                    ),
                ),
                PROOF,
            ),
            frame,
            note=(
                "建校费用是假设：候选校址文件没有写明的，按标准应有的教学用房、运动场地、设备计，不含征地；另加新校教师一年的工资。",
                "Costs are assumed: unless the candidates' file says so, the floor, grounds and equipment "
                "that the standard demands, without land; to it comes a year's pay of its teachers.",
            ),
        )

    def curve(self) -> Table:
        """Return what each number of new schools reaches at best, and what one more buys."""
        late = ""
        if self.reached.attrs["late"]:
            zh, en = "到时，第 {} 所起没有算。", "Out of time: nothing is known from school {} on."
            late = self._say(zh, en).format(len(self.reached))
        # Of the first row nothing was before; what buys nobody has no price for each.
        more = {
            name: [number(v, places, self.lang) if v == v else "" for v in values]
            for name, values, places in (
                ("more_within", self.reached["more_within"], 0),
                ("less_km", self.reached["less_km"], 0),
                ("per_child", self.reached["yuan_per_child"] / 1e4, 1),
            )
        }
        frame = self.reached.assign(
            **more,
            sites=self.reached["sites"].str.replace("、", self._say("、", ", ")),
            million_yuan=self.reached["cost_yuan"] / 1e6,
            proof=[self._proven(status) for status in self.reached["status"]],
        )
        return table(
            self,
            ("逐所增加：每种建校数的最优方案", "One more each time: the best of each number of schools"),
            (
                Column("new", ("新建（所）", "New schools"), 0),
                Column("sites", ("校址", "Sites")),
                WITHIN,
                Column("more_within", ("比少一所多（人）", "More than with one less (pupils)")),
                MEAN_KM,
                Column("less_km", ("总里程减少（千米）", "Walked less in all (km)")),
                COST,
                PER_CHILD,
                PROOF,
            ),
            frame,
            note=late,
        )

    def curve_chart(self) -> Chart:
        """Return the pupils within distance against the mean walk, a point for each number of schools."""
        known = self.reached[self.reached["within"].notna()]
        last = known.iloc[-1] if len(known) else None
        said = (
            self._say("学位不够", "Too few places")
            if last is None
            else self._say(
                f"新建 {last['new']} 所，步行距离以内 {number(last['within'], 0, self.lang)} 人",
                f"With {last['new']} new schools {number(last['within'], 0, self.lang)} pupils are near",
            )
        )
        caption = Caption(
            said,
            self._say("从左到右依次多建一所", "One more school from left to right"),
            sources_said(self.data, self.lang),
            lang=self.lang,
        )
        labels = (
            self._say("平均步行（千米）", "Mean walk (km)"),
            self._say("步行距离以内（人）", "Within walking distance (pupils)"),
        )
        return cost_curve(known["mean_km"], known["within"], caption=caption, labels=labels)

    def front(self) -> Table:
        """Return the plans of which none is cheaper, reaches more and walks less than another at once."""
        more = {
            name: [number(v, places, self.lang) if v == v else "" for v in values]
            for name, values, places in (
                ("more", self.edge["more_within"], 0),
                ("per_child", self.edge["yuan_per_child"] / 1e4, 1),
            )
        }
        frame = self.edge.assign(
            **more,
            sites=[self._opened(sites) for sites in self.edge["sites"]],
            million_yuan=self.edge["cost_yuan"] / 1e6,
            proof=[self._proven(status) for status in self.edge["status"]],
        )
        proven = [] if self.edge.attrs["complete"] else [told(m, self.lang) for m in proven_lines(self.edge)]
        return table(
            self,
            ("互不占优的方案：费用、就近与里程", "Plans that no other outdoes: cost, reach and walk"),
            (
                COST,
                Column("sites", ("校址（学位）", "Sites (places)")),
                WITHIN,
                MEAN_KM,
                Column("child_km", ("步行总里程（千米）", "Walked in all (km)"), 0),
                Column("more", ("比省钱一档多（人）", "More than the cheaper (pupils)")),
                PER_CHILD,
                PROOF,
            ),
            frame,
            note=" ".join([*self._swings(), *(self._say(f"{line}。", f"{line}.") for line in proven)]),
        )

    def front_chart(self) -> Chart:
        """Return the pupils within distance against the cost of these plans, the mean walk at each."""
        last = self.edge[self.edge["best"]].tail(1)
        said = self._say("学位不够", "Too few places")
        if len(last):
            cost, near = last["cost_yuan"].item() / 1e6, number(last["within"].item(), 0, self.lang)
            said = self._say(
                f"最多 {near} 人就近入学，须 {number(cost, 1, self.lang)} 百万元",
                f"At most {near} pupils near a school, for {number(cost, 1, self.lang)} million yuan",
            )
        caption = Caption(
            said,
            self._say("每点一个方案，旁注平均步行千米数", "A dot is a plan, beside it the mean walk in km"),
            sources_said(self.data, self.lang),
            lang=self.lang,
        )
        labels = (
            self._say("建校和一年工资（百万元）", "To build, with a year's pay (million yuan)"),
            self._say("步行距离以内（人）", "Within walking distance (pupils)"),
        )
        words = [number(km, 2, self.lang) for km in self.edge["mean_km"]]
        cost = self.edge["cost_yuan"] / 1e6
        return front_of(
            cost, self.edge["within"], words, caption=caption, labels=labels, best=self.edge["best"]
        )

    def _opened(self, sites: str) -> str:
        return sites.replace("、", self._say("、", ", ")) or self._say("只调整划片", "new zones only")

    def _swings(self) -> list[str]:
        """Say which plan buys each further pupil for least, and which site's cost would change that."""
        if not (self.edge.attrs["proven"] and len(self.swings) and self.swings["now"].iloc[0]):
            return []
        now, percent = self.swings["now"].iloc[0], f"{100 * SWING:.0f}%"
        chosen = self._opened(now)
        lines = [
            self._say(
                f"每增一名学生花费最少的是 {chosen}。", f"Each further pupil costs least with {chosen}."
            )
        ]
        for row in self.swings.itertuples():
            for zh, en, other in (("降", "less", row.cheaper), ("升", "more", row.dearer)):
                if other != now:
                    to = self._opened(other)
                    lines.append(
                        self._say(
                            f"{row.site} 的费用{zh} {percent}，改为 {to}。",
                            f"Were {row.site} {percent} {en}, with {to}.",
                        )
                    )
        same = self._say(
            f"任一校址的费用升降 {percent}，选择不变。",
            f"No site's cost, {percent} up or down, changes that.",
        )
        return lines if len(lines) > 1 else [*lines, same]

    def maps(self, option: int = 1) -> list[Chart]:
        """Return a map of each stage under a plan."""
        return [chart for stage in COMPULSORY if (chart := self._map(option, stage)) is not None]

    def scenario(self, option: int = 1) -> Scenario:
        """Return a plan as a scenario."""
        return self.found.scenario(option)

    def _say(self, zh: str, en: str) -> str:
        return say(self.lang, zh, en)

    def _plan(self, option: int) -> str:
        if option == NOW:
            return self._say("现状", "As it is")
        names = [one.name for one in self.found.opened(option)]
        if not names:
            return f"{option} {self._say('只调整划片', 'new zones only')}"
        return f"{option} {self._say('、', ', ').join(names)}"

    def _proven(self, status: SitingStatus) -> str:
        return {
            SitingStatus.OPTIMAL: self._say("已证最优", "proven best"),
            SitingStatus.TIME_LIMIT: self._say("未证", "not proven"),
            SitingStatus.INFEASIBLE: self._say("学位不够", "too few places"),
        }[status]

    def _proof(self, option: int) -> str:
        """Return what is known of a plan: the best of its sites, or how far from it at most."""
        if option == NOW:
            return ""
        plan = self.found.solutions[option - 1]
        if plan.status is not SitingStatus.TIME_LIMIT:
            return self._proven(plan.status)
        if plan.within.bound != plan.within.bound:  # something else counted first
            far, gap = (number(100 * proof.gap, 2, self.lang) for proof in (plan.farthest, plan.walk))
            if plan.farthest.gap != plan.farthest.gap:
                return self._say(f"未证：总里程至多差 {gap}%", f"not proven: at most {gap}% too far in all")
            return self._say(
                f"未证：最远至多差 {far}%，最远不增时总里程至多差 {gap}%",
                f"not proven: the farthest walk is at most {far}% too long, and with none farther "
                f"at most {gap}% too far in all",
            )
        most = number(plan.within.bound, 0, self.lang)
        reach, gap = (number(100 * proof.gap, 2, self.lang) for proof in (plan.within, plan.walk))
        return self._say(
            f"未证：步行距离以内至多 {most} 人（差 {reach}%），覆盖不减时总里程至多差 {gap}%",
            f"not proven: at most {most} within distance ({reach}% more), and with as many "
            f"within distance at most {gap}% too far in all",
        )

    def _map(self, option: int, stage: Stage) -> Chart | None:
        walks = self.found.walks(option, stage)
        if walks.empty:
            return None
        ways = self.found.distances.set_index(["option", "stage"])
        now, then = (number(ways.loc[(o, stage), "within"], 0, self.lang) for o in (NOW, option))
        what, plan = stage_label(stage, self.lang), self._plan(option)
        caption = Caption(
            self._say(
                f"{plan}：{what}步行距离以内的学生由 {now} 人变为 {then} 人",
                f"{plan}: pupils within walking distance go from {now} to {then} ({what.lower()})",
            ),
            f"{what} · {school_year(self.found.year, self.lang)}",
            sources_said(self.data, self.lang),
            lang=self.lang,
        )
        places = self._places(option, stage, walks).dropna(subset=["longitude", "latitude"])
        drawn = walks[(walks["zone"].isin(places["id"]) & walks["to"].isin(places["id"])).to_numpy()]
        return map_of_sites(places, drawn, caption=caption) if len(drawn) else None

    def _places(self, option: int, stage: Stage, walks: pd.DataFrame) -> pd.DataFrame:
        """Return schools that zones go or went to, zones, and sites; one that is opened is new."""
        groups, schools = self.found.labels.groups, self.data["schools"]
        zones = groups[(groups["stage"] == stage).to_numpy()].rename(columns={"zone_id": "id"})
        there = schools[schools["school_id"].isin({*walks["to"], *zones["assigned"]}).to_numpy()]
        opened = {one.site for one in self.found.opened(option)}
        sites = {one.site: one for one in self.found.candidates if one.capacity(stage)}
        new = pd.DataFrame(
            {
                "id": list(sites),
                "name": [one.name for one in sites.values()],
                "kind": ["new" if one in opened else "spare" for one in sites],
                "longitude": [one.longitude for one in sites.values()],
                "latitude": [one.latitude for one in sites.values()],
            }
        )
        frames = [
            there.rename(columns={"school_id": "id"}).assign(kind="school"),
            zones.assign(kind="zone", name=zones["id"]),
            new,
        ]
        names = ["id", "name", "kind", "longitude", "latitude", "children"]
        plain = [frame.reindex(columns=names).astype({"children": float}) for frame in frames]
        return pd.concat(plain, ignore_index=True)
