"""Pupils in the years to come on pages: true for many years, for two, for one, and for no classes at all."""

import re
from html import unescape

import pytest
from test_forecast import UNITED_STATES, dataset

import qb
from qb.data.sample import make
from qb.planning.forecast.projection import forecast_dataset
from qb.report.context import ReportContext, open_context
from qb.report.forecast_report import ForecastReport
from qb.terms import GRADES_OF_STAGE, Stage

CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def report(data, lang="zh", year=None, district=""):
    return ForecastReport(ReportContext(data, qb.assess(data, year), lang), district)


def text(shown) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown._repr_html_())))


def everything(page) -> str:
    shown = [page.sentences(), *page.outlooks(), page.table(), page.by_school(), page.ends(), page.backtest()]
    return " ".join(text(part) for part in shown)


def steady(years, a_grade=30):
    """A primary school whose every grade has the same pupils every year."""
    return dataset({("s", "primary"): [[a_grade] * 6] * years})


@pytest.fixture(scope="module")
def united_states():
    """Public schools of the United States, thousands (NCES, Digest of Education Statistics 2013, 203.10)."""
    rows = [[int(cell) for cell in line.split()] for line in UNITED_STATES.strip().split("\n")]
    pupils = {
        ("us", str(stage)): [row[grades.start : grades.stop] for row in rows]
        for stage, grades in GRADES_OF_STAGE.items()
    }
    return report(dataset(pupils, district="US", first=1990))


class TestBacktest:
    def test_on_the_real_table_it_shows_the_published_error_and_the_years_held_back(self, united_states):
        shown = united_states.backtest().frame
        row = shown[(shown["stage"] == "初中") & (shown["part"] == "8→9 年级升级")].iloc[0]
        # By hand of the table: grade 8 in 1991–1998, 26,354 thousand; grade 9 a year later, 29,558.
        assert row["naive"] == pytest.approx(100 * (29558 - 26354) / 29558)
        assert (row["years"], row["pupils"], row["method"]) == ("1992—1999", 29558, "按升级率升级")
        assert row["error"] < row["naive"] / 10

    def test_the_longest_forecast_of_the_real_table_was_tried_on_its_last_year(self, united_states):
        shown = united_states.backtest().frame
        whole = shown[(shown["stage"] == "初中") & (shown["part"] == "全部年级")]
        assert whole["ahead"].tolist() == list(range(1, 9))
        assert whole["years"].iloc[0] == "1992—1999" and whole["years"].iloc[-1] == "1999"

    def test_what_is_shown_as_taken_is_never_worse_than_the_naive_forecast_on_the_whole(self, united_states):
        shown = united_states.backtest().frame
        whole = shown[shown["part"] == "全部年级"]
        assert len(whole) == 16 and (whole["error"] <= whole["naive"] + 1e-9).all()

    def test_a_part_for_which_no_method_was_taken_shows_the_naive_error_as_its_own(self, committed):
        page = report(committed, year=2025)
        shown = page.backtest().frame
        moving = shown[shown["part"] == "1→2 年级升级"].iloc[0]
        tests = page.made.backtest.query("stage == 'primary' and part == '1→2'").iloc[0]
        # The model was tried (and its error stands in the back-test) and refused: everyone moves up.
        assert not tests["chosen"] and tests["error"] != tests["naive"]
        assert moving["error"] == moving["naive"] == 100 * tests["naive"]
        assert moving["method"] == "全部升级"

    def test_a_district_where_nothing_ever_changes_was_always_foretold(self):
        page = report(steady(5))
        assert set(page.backtest().frame["error"]) == {0.0}
        # 6 grades of 30 in classes of 30: 6 classes, 270 places by the limit of 45.
        assert "180 人，推算 2029 年 180 人" in page.sentences().lines[0]
        assert "可容 270 人，各年都不超过" in page.sentences().lines[0]


class TestTooLittle:
    def test_with_two_years_it_says_that_nothing_could_be_tried_and_gives_no_band(self):
        page = report(steady(2))
        said = everything(page)
        assert "学年太少，不能用往年检验" in said and "低 " not in page.sentences().lines[0]
        assert not len(page.backtest().frame)

    def test_with_one_year_everyone_moves_up_and_it_says_so(self):
        page = report(steady(1))
        assert set(page.made.methods["method"]) == {"naive"}
        assert "学年太少，不能用往年检验" in everything(page)

    def test_without_classes_it_says_so(self):
        data = make(years=[2024, 2025])
        page = report(data.replace(classes=data["classes"].head(0)))
        assert "班级" in page.sentences().lines[0] and len(page.sentences().lines) == 1

    def test_a_report_of_an_earlier_year_does_not_know_the_later_ones(self, committed):
        page = report(committed, year=2024)
        assert page.made.base == 2024 and page.made.years["year"].max() == 2024
        cut = {
            name: frame[frame["year"] <= 2024] for name, frame in committed.tables.items() if "year" in frame
        }
        assert page.table().frame.equals(report(committed.replace(**cut)).table().frame)

    def test_schools_without_classes_are_named_with_how_their_grades_became_known(self):
        pupils = {("a", "primary"): [[30] * 6] * 4, ("b", "primary"): [[20] * 6] * 4}
        data = dataset(pupils, name={"a": "有班级小学", "b": "无班级小学"})
        data = data.replace(classes=data["classes"][data["classes"]["school_id"] == "a"])
        said = everything(report(data))
        assert "无班级小学：没有班级数据，各年级人数按全区比例分摊。" in said
        assert "有班级小学：" not in said


class TestPast:
    def test_a_school_that_closed_leaves_the_pupils_of_the_others(self):
        data = dataset({("a", "primary"): [[30] * 6] * 4, ("b", "primary"): [[20] * 6, [20] * 6, None, None]})
        pupils = report(data).table().frame.set_index("year")["pupils"]
        assert pupils[["2020", "2021", "2022", "2023"]].tolist() == [300, 300, 180, 180]

    def test_pupils_that_a_school_did_not_report_are_not_taken_for_none(self):
        pupils = {("a", "primary"): [[30] * 6] * 4, ("b", "primary"): [[20] * 6] * 4}
        data = dataset(pupils)
        last = (data["sections"]["school_id"] == "b") & (data["sections"]["year"] == 2023)
        sections = data["sections"].assign(pupils=data["sections"]["pupils"].mask(last))
        listed = (data["classes"]["school_id"] == "b") & (data["classes"]["year"] == 2023)
        page = report(data.replace(sections=sections, classes=data["classes"][~listed]))
        assert "（2023 年有学校的人数不明）" in page.sentences().lines[0]
        assert "没有填报在校生数，班级表也不全，缺数据，没有推算" in everything(page)


class TestPlaces:
    def test_the_years_in_which_pupils_outnumber_the_places_are_named(self):
        # Six grades of one class, 10 pupils each, but ever more enter: 10, 40, 70, 100 in four years.
        rows = [
            [a, *rest]
            for a, rest in zip(
                (10, 40, 70, 100), ([10] * 5, [10] * 5, [40, *[10] * 4], [70, 40, 10, 10, 10]), strict=True
            )
        ]
        page = report(dataset({("s", "primary"): rows}))
        places = page.places(Stage.PRIMARY)
        assert places == 6 * 45
        ahead = page.made.course(stage="primary")["pupils"].loc[2024:]
        over = [str(year) for year, n in ahead.items() if n > 270]
        # At least 100 a year enter: 240 now, then 330 or more.
        assert over == ["2024", "2025", "2026", "2027", "2028"]
        assert f"{'、'.join(over)} 年超过现有班级的容量" in page.sentences().lines[0]
        left = page.table().frame.set_index("year")["left"]
        assert left["2023"] == "30" and left["2022"] == "—" and left["2024（推算）"].startswith("−")

    def test_places_are_not_known_where_a_school_has_not_reported_its_classes(self):
        data = steady(3)
        data = data.replace(sections=data["sections"].assign(classes=float("nan")))
        page = report(data)
        assert "可容" not in everything(page) and "缺数据" in page.table().frame["left"].tolist()

    def test_classes_of_special_schools_are_no_places(self):
        data = dataset({("s", "primary"): [[30] * 6] * 3, ("t", "primary"): [[5] * 6] * 3})
        schools = data["schools"].assign(kind=["primary", "special"])
        assert report(data.replace(schools=schools)).places(Stage.PRIMARY) == 6 * 45


def test_places_against_pupils_school_by_school(committed):
    page = report(steady(6))
    (row,) = page.by_school().frame.to_dict("records")
    # Six classes of at most 45 pupils, and six grades of 30, in every year.
    assert row["places"] == 270 and not row["short"]
    assert {row[str(year)] for year in range(page.made.base, page.made.to + 1)} == {90}
    assert row["band"] == "90 至 90"
    # Of the sample the schools are those of the whole, and so are their places; but for the special school.
    special = committed["schools"].query("kind == 'special'")["school_id"]
    page = report(committed)
    table = page.by_school().frame
    for stage, label in ((Stage.PRIMARY, "小学"), (Stage.JUNIOR, "初中")):
        own = table[table["stage"] == label]
        assert own["places"].sum() == page.places(stage)
        ahead = page.made.rows.query("stage == @stage and year == @page.made.to")
        ahead = ahead.loc[~ahead["school_id"].isin(special), "pupils"].sum()
        assert own[str(page.made.to)].sum() == pytest.approx(page.places(stage) - ahead)
    assert table["short"].tolist() == (table[[str(y) for y in range(2025, 2031)]] < 0).any(axis=1).tolist()


def test_verdicts_where_few_and_many_pupils_come(committed):
    page = report(committed)
    low, middle, high = page.ends().frame.to_dict("records")
    assert [row["path"] for row in (low, middle, high)] == ["低", "中", "高"]
    # The pupils are those of the bands' ends, stage by stage, but for whole pupils of each grade; the senior
    # stage is not judged, and no place of the table beside is one of it.
    for row, side in ((low, "low"), (middle, "pupils"), (high, "high")):
        total = page.made.total("district", "stage").query("year == @page.made.to and stage != 'senior'")
        assert row["pupils"] == pytest.approx(total[side].sum(), abs=12)
    # What stands in the middle is what the year as it is forecast is judged.
    later = forecast_dataset(committed, page.made, page.made.to)
    judged = qb.assess(later, page.made.to)
    assert middle["passing"] == (judged.rows["verdict"] == "pass").sum()
    # Fewer pupils to the same teachers and rooms: no school does worse than with more.
    assert low["passing"] >= middle["passing"] >= high["passing"]


def test_each_district_is_forecast_by_itself():
    data = make(schools=20, districts=2, years=range(2022, 2026))
    first, second = data.districts
    pages = [report(data, district=name) for name in (first, second)]
    totals = [page.table().frame["pupils"].iloc[0] for page in pages]
    schools = data["schools"].set_index("school_id")["district"]
    frame = data["sections"].query("year == 2022 and stage == 'primary'")
    assert totals == [
        frame["pupils"][frame["school_id"].map(schools) == name].sum() for name in (first, second)
    ]


@pytest.mark.parametrize("years", [1, 2, 5])
def test_in_english_no_chinese_is_left_but_names(years):
    said = everything(report(steady(years), "en")).replace("甲区", "").replace("内存中的数据", "")
    assert not CHINESE.findall(said)


def test_the_sample_in_english_has_no_chinese_but_names(committed):
    page = ForecastReport(open_context("data/sample", 2025, lang="en"))
    said = everything(page).replace(page.district, "")
    for name in sorted(committed["schools"]["name"], key=len, reverse=True):
        said = said.replace(name, "")
    assert not CHINESE.findall(said)
