"""What a researcher meets first: names at the prompt, results that show themselves, labels, several years."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qb
from qb.errors import QbError

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@pytest.fixture(scope="module")
def data():
    return qb.load(SAMPLE)


def test_a_prompt_shows_the_public_names_and_the_version():
    shown = [name for name in dir(qb) if not name.startswith("_")]
    assert shown == qb.__all__
    assert "__version__" in dir(qb) and re.fullmatch(r"\d+\.\d+\.\d+\w*", qb.__version__)


def test_help_names_every_public_function():
    import pydoc

    text = pydoc.render_doc(qb, renderer=pydoc.plaintext)
    for name in ("assess(", "cheapest_plan", "check(", "load", "class Dataset"):
        assert name in text


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "qb", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"qb {qb.__version__}\n")


def test_results_show_themselves_in_a_few_lines(data):
    assessment = qb.assess(data)
    for result in (data, assessment, qb.assess(data, data.years)):
        assert len(repr(result).splitlines()) <= 25
        assert len(repr(result)) < 2_000
        assert result._repr_html_().startswith("<table>")
    assert "fail" in repr(assessment) and ".balance" in repr(assessment)
    assert "模拟数据" in repr(data) and "模拟数据" in repr(assessment)  # what is invented says so


def test_names_from_data_do_not_become_markup():
    data = qb.Dataset.of(schools=pd.DataFrame({"school_id": ["1"], "district": ["<script>"]}))
    assert "<script>" in repr(data)
    assert "<script>" not in data._repr_html_()


def test_a_folder_is_assessed_as_its_dataset_is(data):
    pd.testing.assert_frame_equal(qb.assess(str(SAMPLE)).balance, qb.assess(data).balance)


def test_several_years_are_judged_in_one_call(data):
    several = qb.assess(data, [2025, 2023])
    assert several.years == (2025, 2023)
    table = several.table("balance")
    assert list(table.index) == list(range(len(table)))  # each row has a label of its own
    for year in several:
        mine = table[table["assessed_year"] == year].drop(columns="assessed_year").reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, qb.assess(data, year).balance, check_categorical=False)


def test_a_year_that_is_not_there_is_refused_among_others_too(data):
    with pytest.raises(QbError, match="2031"):
        qb.assess(data, [2025, 2031])
    with pytest.raises(QbError, match="没有名为 sums 的表"):
        qb.assess(data, [2025]).table("sums")


# --- labels

b = qb.balance
# Town: the schools of the README's example (0.25); rural: 1 and 3 for a pupil each (0.5).
FOUR = pd.DataFrame(
    {
        "teachers": [1.0, 12.0, 3.0, 28.0],
        "pupils": [1, 100, 1, 400],
        "place": ["rural", "town", "rural", "town"],
    },
    index=["a", "b", "c", "d"],
)
BY_HAND = {"rural": 0.5, "town": 0.25}
TEN = {
    "gini": b.gini,
    "theil": b.theil,
    "mld": b.mld,
    "generalized_entropy(2)": lambda *a, **k: b.generalized_entropy(a[0], a[1], 2, *a[2:], **k),
    "atkinson(1)": lambda *a, **k: b.atkinson(a[0], a[1], 1, *a[2:], **k),
    "hoover": b.hoover,
    "mcloone": b.mcloone,
    "verstegen": b.verstegen,
    "value_range": b.value_range,
    "restricted_range": b.restricted_range,
    "federal_range_ratio": b.federal_range_ratio,
}


@pytest.mark.parametrize(
    "labels",
    [
        ["rural", "town", "rural", "town"],
        [2023, 2024, 2023, 2024],
        [("p", 1), ("p", 2), ("p", 1), ("p", 2)],
        [None, "town", None, "town"],
        pd.Categorical(["r", "t", "r", "t"], categories=["t", "r"]),
        pd.Series(["r", "t", "r", "t"], dtype="category"),
    ],
    ids=["texts", "years", "tuples", "one missing", "Categorical", "categories of a Series"],
)
def test_labels_of_any_hashable_kind_name_the_groups(labels):
    teachers, pupils = FOUR["teachers"].to_numpy(), FOUR["pupils"].to_numpy()
    if labels[0] is None:
        with pytest.raises(ValueError, match="位置 0, 2（从 0 数起）的学校没有分组"):
            b.gini(teachers, pupils, labels)
        return
    found = b.difference_coefficients(teachers, pupils, labels)
    first = labels.iloc[0] if isinstance(labels, pd.Series) else labels[0]
    assert found.coefficient[list(found.groups).index(first)] == pytest.approx(0.5)
    assert sorted(found.coefficient) == pytest.approx([0.25, 0.5])


def test_the_order_of_categories_is_kept_and_empty_ones_say_so():
    place = pd.Categorical(FOUR["place"], categories=["town", "island", "rural"])
    found = b.difference_coefficients(FOUR["teachers"].to_numpy(), FOUR["pupils"].to_numpy(), place)
    assert list(found.groups) == ["town", "island", "rural"]
    assert found.coefficient == pytest.approx([0.25, np.nan, 0.5], nan_ok=True)
    split = b.decompose(FOUR["teachers"].to_numpy(), FOUR["pupils"].to_numpy(), place)
    assert list(split.groups) == ["town", "rural"]
    assert split.squared.total == pytest.approx(split.squared.between + split.squared.within)


@pytest.mark.parametrize("name", TEN)
def test_every_measure_by_label_is_the_measure_of_the_group_by_itself(name):
    found = TEN[name](FOUR["teachers"], FOUR["pupils"], FOUR["place"])
    assert found.stat == name
    for place, part in FOUR.groupby("place"):
        assert found[place] == pytest.approx(TEN[name](part["teachers"], part["pupils"]), abs=1e-12)
    frame = found.to_frame()
    assert frame.columns.tolist() == ["stat", "group", "value"]
    assert dict(zip(frame["group"], frame["value"], strict=True)) == {p: found[p] for p in BY_HAND}
    with pytest.raises(KeyError):
        found["island"]


def test_spreads_as_a_tidy_table():
    frame = b.difference_coefficients(FOUR["teachers"], FOUR["pupils"], FOUR["place"]).to_frame()
    mine = frame[frame["stat"] == "coefficient"]
    assert dict(zip(mine["group"], mine["value"], strict=True)) == pytest.approx(BY_HAND)


def test_several_resources_keep_their_names():
    both = FOUR[["teachers"]].assign(rooms=[2.0, 6.0, 6.0, 14.0])
    frame = b.gini(both, FOUR["pupils"], FOUR["place"]).to_frame()
    assert frame["resource"].tolist() == ["teachers", "rooms"] * 2
    rows = frame.set_index(["group", "resource"])["value"]
    assert rows["town", "rooms"] == pytest.approx(b.gini([6, 14], [100, 400]))
    frame = b.quantiles(both, FOUR["pupils"], [0.1, 0.9], FOUR["place"]).to_frame()
    rows = frame.set_index(["group", "resource", "at"])["value"]
    assert rows["rural", "teachers", 0.9] == 3
    assert rows["town", "teachers", 0.1] == pytest.approx(0.07)


def test_two_groupings_at_once_are_a_table_of_them():
    found = b.gini(FOUR["teachers"], FOUR["pupils"], FOUR.assign(year=2024)[["year", "place"]])
    assert list(found.groups) == [(2024, "rural"), (2024, "town")]
    assert found[2024, "town"] == pytest.approx(0.1)  # the example of `gini`


@pytest.mark.parametrize("measure", [b.contributions, b.influence])
def test_figures_of_schools_keep_their_schools(measure):
    found = measure(FOUR["teachers"], FOUR["pupils"], FOUR["place"])
    assert found.index.equals(FOUR.index)
    plain = measure(FOUR["teachers"].to_numpy(), FOUR["pupils"].to_numpy(), FOUR["place"].to_numpy())
    assert isinstance(plain, np.ndarray)
    np.testing.assert_array_equal(found, plain)
    if measure is b.contributions:  # 0.05 and 0.0125 are the docstring's, by hand
        assert found["b"] == pytest.approx(0.05) and found["d"] == pytest.approx(0.0125)


def test_gradient_and_flip_keep_their_schools_too():
    assert b.gradient(FOUR["teachers"], FOUR["pupils"]).amount.index.equals(FOUR.index)
    assert b.flip(FOUR["teachers"], FOUR["pupils"], limit=0.5).change.index.equals(FOUR.index)


def indexed_calls():
    sort = FOUR["teachers"].sort_values
    for name, measure in TEN.items():
        yield pytest.param(lambda m=measure: m(sort(), FOUR["pupils"]), id=name)
    for name in ("difference_coefficient", "contributions", "influence", "gradient", "lorenz"):
        yield pytest.param(lambda m=name: getattr(b, m)(sort(), FOUR["pupils"]), id=name)
    yield pytest.param(lambda: b.flip(sort(), FOUR["pupils"], 0.5), id="flip")
    yield pytest.param(lambda: b.error_interval(sort(), FOUR["pupils"], 0.1), id="error_interval")
    yield pytest.param(lambda: b.conventions(sort(), FOUR["pupils"]), id="conventions")
    yield pytest.param(
        lambda: b.decompose(FOUR["teachers"], FOUR["pupils"], FOUR["place"][::-1]), id="groups"
    )
    ids = pd.Series(list("abcd"))
    same = [FOUR["teachers"], FOUR["pupils"]]
    yield pytest.param(lambda: b.change(*same, ids, *same, ids), id="ids")


@pytest.mark.parametrize("call", list(indexed_calls()))
def test_columns_sorted_in_different_ways_are_refused(call):
    with pytest.raises(ValueError, match="索引不同，不能逐校对应"):
        call()


@pytest.mark.parametrize("name", TEN)
def test_rates_and_amounts_give_the_same(name):
    rate = FOUR["teachers"] / FOUR["pupils"]
    by_rate = TEN[name](rate, FOUR["pupils"], FOUR["place"], per_pupil=True)
    np.testing.assert_allclose(
        by_rate, TEN[name](FOUR["teachers"], FOUR["pupils"], FOUR["place"]), atol=1e-15
    )
    with_rate_as_amount = TEN[name](rate, FOUR["pupils"], FOUR["place"])
    if name != "mcloone":  # which happens to be the same for two schools of which one has half the pupils
        assert not np.allclose(with_rate_as_amount, by_rate)  # what forgetting it would give


def test_rates_in_the_functions_that_look_at_schools():
    rate, amount, pupils = FOUR["teachers"] / FOUR["pupils"], FOUR["teachers"], FOUR["pupils"]
    for measure in (b.contributions, b.influence):
        np.testing.assert_allclose(measure(rate, pupils, per_pupil=True), measure(amount, pupils))
    assert b.difference_coefficient(rate, pupils, per_pupil=True).coefficient == pytest.approx(
        b.difference_coefficient(amount, pupils).coefficient
    )
    assert b.flip(rate, pupils, 0.4, per_pupil=True).smallest == pytest.approx(
        b.flip(amount, pupils, 0.4).smallest
    )
    interval = b.error_interval(rate, pupils, 0.1, per_pupil=True)
    assert interval.high == pytest.approx(b.error_interval(amount, pupils, 0.1).high)
    rows = b.conventions(rate, pupils, per_pupil=True), b.conventions(amount, pupils)
    assert [r.coefficient for r in rows[0]] == pytest.approx([r.coefficient for r in rows[1]])
    ids, year = list("abcd"), (amount, pupils, list("abcd"))
    moved = b.change(rate, pupils, ids, rate * 2, pupils, ids, per_pupil=True)
    assert moved.after == pytest.approx(b.change(*year, *year).after)
    split = b.decompose(rate, pupils, FOUR["place"], per_pupil=True)
    assert split.squared.between == pytest.approx(b.decompose(amount, pupils, FOUR["place"]).squared.between)
    np.testing.assert_allclose(
        b.lorenz(rate, pupils, per_pupil=True).amount, b.lorenz(amount, pupils).amount, atol=1e-15
    )


def test_results_draw_themselves_on_axes_that_may_be_changed():
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    for result in (
        b.lorenz(FOUR["teachers"], FOUR["pupils"]),
        b.gini(FOUR["teachers"], FOUR["pupils"], FOUR["place"]),
        b.difference_coefficients(FOUR["teachers"], FOUR["pupils"], FOUR["place"]),
        b.decompose(FOUR["teachers"], FOUR["pupils"], FOUR["place"]),
    ):
        assert result.plot(ax=ax) is ax
        assert result.plot().figure is not ax.figure
        assert len(repr(result).splitlines()) < 16
        assert result._repr_html_().startswith("<table>")
    plt.close("all")


# --- measures that the field expects


def test_the_concentration_index_as_the_world_bank_prints_it():
    # O'Donnell and others (2008), table 8.1: births, and deaths under five per 1,000 births, in India by
    # fifths of wealth, poorest first; the index is printed as -0.1694.
    births, rate = [29939, 28776, 26528, 24689, 19739], [154.7, 152.9, 119.5, 86.9, 54.3]
    found = b.concentration(rate, births, by=[1, 2, 3, 4, 5], per_pupil=True)
    assert found == pytest.approx(-0.1694, abs=0.00005)


def random_schools(schools=60):
    rng = np.random.default_rng(1)
    amount, pupils = rng.gamma(2, 50, schools), rng.integers(5, 90, schools).astype(float)
    return amount, pupils, rng.integers(0, 3, schools), rng.integers(0, 6, schools)


def test_the_concentration_index_is_what_counting_each_pupil_gives():
    amount, pupils, groups, by = random_schools()
    x, ranked = (np.repeat(values, pupils.astype(int)) for values in (amount / pupils, by))
    rank = pd.Series(ranked).rank(method="average").to_numpy() - 0.5
    plain = 2 * np.cov(x, rank / len(x), bias=True)[0, 1] / x.mean()  # ties share their mean rank
    assert b.concentration(amount, pupils, by) == pytest.approx(plain)
    curve = b.concentration_curve(amount, pupils, by)
    assert 1 - 2 * np.trapezoid(curve.amount, curve.pupils) == pytest.approx(plain)
    several = b.concentration(amount, pupils, by, groups)
    for group in range(3):
        mine = groups == group
        assert several[group] == pytest.approx(b.concentration(amount[mine], pupils[mine], by[mine]))


def test_ranked_by_itself_the_concentration_index_is_gini_and_ranked_the_other_way_its_negative():
    amount, pupils, _, _ = random_schools()
    assert b.concentration(amount, pupils, amount / pupils) == pytest.approx(b.gini(amount, pupils))
    assert b.concentration(amount, pupils, -amount / pupils) == pytest.approx(-b.gini(amount, pupils))
    assert b.concentration(amount, pupils, np.zeros(60)) == pytest.approx(0, abs=1e-15)  # all share one rank


@pytest.mark.parametrize("measure", [b.concentration, b.concentration_curve])
@pytest.mark.parametrize(
    ("by", "message"),
    [
        ([1, np.nan], "位置 1（从 0 数起）的排序依据缺失"),
        ([1, 2, 3], "排序依据的形状"),
        ([1, np.inf], "无穷"),
    ],
)
def test_a_ranking_that_is_none_is_refused(measure, by, message):
    with pytest.raises(ValueError, match=message):
        measure([12, 28], [100, 400], by)


def test_nested_levels_add_what_lies_between_within_the_level_above():
    amount, pupils, province, county = random_schools()
    levels = pd.DataFrame({"province": province, "county": county, "town": county % 2})
    split = b.nested(amount, pupils, levels)
    assert split.levels == ("province", "county", "town", "within")
    assert split.squared.sum() == pytest.approx(b.difference_coefficient(amount, pupils).coefficient ** 2)
    assert split.theil.sum() == pytest.approx(b.theil(amount, pupils))
    # Akita (2003): the part of counties is that within each province, weighted by its share of the resource
    # (Theil), or by pupils and the squared level (the coefficient).
    theil = squared = 0.0
    for name in range(3):
        mine = province == name
        inner = b.decompose(amount[mine], pupils[mine], county[mine])
        held, share = amount[mine].sum() / amount.sum(), pupils[mine].sum() / pupils.sum()
        theil += held * inner.theil.between
        squared += share * (held / share) ** 2 * inner.squared.between
    assert split.theil[1] == pytest.approx(theil)
    assert split.squared[1] == pytest.approx(squared)
    assert split.theil[2] == pytest.approx(0, abs=1e-12)  # town follows from county
    frame = split.to_frame()
    assert frame.columns.tolist() == ["stat", "group", "value"] and len(frame) == 8


def test_permutation_of_two_places_is_the_enumeration_of_all_splits():
    from itertools import combinations

    amount, pupils = [5.0, 9, 2, 7, 4, 8], [2.0, 1, 3, 2, 1, 2]
    found = b.permutation(amount, pupils, [*"aabbbb"], measure=b.gini)
    held = np.array(amount)
    held[:2] /= held[:2].sum() / sum(pupils[:2])
    held[2:] /= held[2:].sum() / sum(pupils[2:])
    apart = []
    for chosen in combinations(range(6), 4):
        rest = [i for i in range(6) if i not in chosen]
        one, other = ([held[list(s)], np.array(pupils)[list(s)]] for s in (rest, chosen))
        apart.append(b.gini(*other) - b.gini(*one))
    observed = apart[-1]  # places 2 to 5
    assert found.exact and found.relabellings == 15
    assert found.difference == pytest.approx(observed)
    assert found.p == pytest.approx(np.mean(np.abs(apart) >= abs(observed) - 1e-12))
    assert found.second - found.first == pytest.approx(observed)  # a coefficient has no unit


def test_permutation_of_two_years_changes_each_school_with_itself():
    # b and c are in both years, a and d in one: four relabellings, of which by hand the observed one and the
    # one that changes both are as far apart where the years mirror each other.
    amount, pupils = [1.0, 3, 2, 2], [1.0, 1, 1, 1]
    found = b.permutation(amount, pupils, [2023, 2023, 2024, 2024], ids=["b", "c", "b", "c"])
    assert found.exact and found.relabellings == 4
    # 1, 3 | 2, 2: -1/2; both changed: +1/2; one changed: 2, 3 | 1, 2 or 1, 2 | 2, 3: 1/3 - 1/5 apart.
    assert found.p == pytest.approx(2 / 4)
    alone = b.permutation([*amount, 9], [*pupils, 1], [2023] * 2 + [2024] * 3, ids=[*"bcbcd"])
    assert alone.relabellings == 4


def test_a_larger_place_is_drawn_at_random_the_same_each_time_and_the_observed_one_counts():
    amount, pupils, _, _ = random_schools()
    label = np.arange(60) % 2
    one, again = (b.permutation(amount, pupils, label, draws=199, seed=3) for _ in range(2))
    assert one == again and not one.exact and one.relabellings == 199
    assert one.p >= 1 / 200
    far = np.where(label == 1, 1.0, 1 + 50 * (np.arange(60) % 4 == 0))  # one place is equal
    assert b.permutation(far, np.ones(60), label, draws=199).p == pytest.approx(1 / 200, abs=0.02)
    # another level alone is no other spread
    twice = b.permutation(np.r_[amount, 10 * amount], np.r_[pupils, pupils], [0] * 60 + [1] * 60, draws=99)
    assert twice.difference == pytest.approx(0, abs=1e-12) and twice.p == 1


@pytest.mark.parametrize(
    ("groups", "ids", "message"),
    [
        ([*"aaaa"], None, "恰好需要两组"),
        ([*"aabc"], None, "恰好需要两组"),
        ([*"aabb"], [*"xxyz"], "同一组内重复"),
        ([*"aabb"], [*"wxyz"], "没有同一所学校"),
        ([*"aabb"], [*"wxy"], "学校标识的形状"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused(groups, ids, message):
    with pytest.raises(ValueError, match=message):
        b.permutation([1, 3, 2, 2], [1, 1, 1, 1], groups, ids)


# --- notebooks as others run and convert them


@pytest.fixture(scope="module")
def run_elsewhere(tmp_path_factory):
    """The notebook of a school, run by papermill's own engine in another folder, without qb publishing."""
    import contextlib

    import nbformat
    import papermill

    folder = tmp_path_factory.mktemp("elsewhere")
    with contextlib.chdir(folder):
        papermill.execute_notebook(
            str(NOTEBOOKS / "school.ipynb"),
            "out.ipynb",
            {"school_id": "0001001", "lang": "en"},
            progress_bar=False,
            kernel_name="python3",
        )
    return nbformat.read(folder / "out.ipynb", as_version=4)


def test_papermill_finds_the_defaults_beside_the_notebooks_and_figures_are_there_in_three_forms(
    run_elsewhere,
):
    outputs = [output for cell in run_elsewhere.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    figures = [output.data for output in outputs if "<figure" in str(output.get("data", {}).get("text/html"))]
    assert figures
    for data in figures:
        assert {"text/html", "image/svg+xml", "image/png", "application/pdf"} <= set(data)
        assert "var(" not in data["image/svg+xml"]


def test_stock_nbconvert_makes_latex_and_markdown_with_the_figures(run_elsewhere):
    import nbformat
    from nbconvert import LatexExporter, MarkdownExporter

    code = [cell for cell in run_elsewhere.cells if cell.cell_type == "code"]  # its prose asks for pandoc
    text, made = LatexExporter().from_notebook_node(nbformat.v4.new_notebook(cells=code))
    pdfs = [name for name in made["outputs"] if name.endswith(".pdf")]  # ours: nobody asked Inkscape
    assert pdfs and all(name in text for name in pdfs)
    text, _ = MarkdownExporter().from_notebook_node(run_elsewhere)
    assert "<figure" in text


def test_stock_nbconvert_shows_one_language_as_the_readme_says(run_elsewhere):
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    options = {"enabled": True, "remove_cell_tags": {"zh"}}
    html, _ = HTMLExporter(config=Config({"TagRemovePreprocessor": options})).from_notebook_node(
        run_elsewhere
    )
    prose = {
        tag: [c.source for c in run_elsewhere.cells if tag in c.metadata.get("tags", [])]
        for tag in ("zh", "en")
    }
    assert prose["zh"] and not [text for text in prose["zh"] if text.splitlines()[0].lstrip("# ") in html]
    assert all(text.splitlines()[0].lstrip("# ").split("`")[0].strip() in html for text in prose["en"])
    assert "TagRemovePreprocessor.remove_cell_tags zh" in (NOTEBOOKS.parent / "README.md").read_text("utf-8")


def test_the_theme_works_outside_qb_in_the_notebooks_language(run_elsewhere):
    from nbconvert import HTMLExporter

    from qb.publish.page import THEME

    exporter = HTMLExporter(template_name="qb", extra_template_basedirs=[str(THEME)])
    html, _ = exporter.from_notebook_node(run_elsewhere)
    assert '<html lang="en">' in html and 'class="invented"' in html
    assert "report.SchoolReport" not in html  # what it says and shows, not its code
    kept = [c.source for c in run_elsewhere.cells if "en" in c.metadata.get("tags", [])]
    left = [c.source for c in run_elsewhere.cells if "zh" in c.metadata.get("tags", [])]
    for text, there in [*((t, True) for t in kept), *((t, False) for t in left)]:
        line = text.splitlines()[0].lstrip("# ").split("`")[0].strip()
        assert (line in html) is there, line


def test_the_theme_escapes_what_notebooks_print_whoever_converts(run_elsewhere):
    import nbformat
    from nbconvert import HTMLExporter

    from qb.publish.page import THEME

    printed = nbformat.v4.new_output("stream", text="<script>alert(1)</script>")
    cells = [nbformat.v4.new_markdown_cell("# <i>T</i>"), nbformat.v4.new_code_cell("1", outputs=[printed])]
    exporter = HTMLExporter(template_name="qb", extra_template_basedirs=[str(THEME)])
    html, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html
    assert "<title>&lt;i&gt;T&lt;/i&gt;</title>" in html


def test_an_id_that_papermill_made_a_number_of_is_refused_with_what_to_write():
    from qb import report

    context = report.open_context(SAMPLE)
    with pytest.raises(QbError, match=r"请写 -r（原样传递），如：-r school_id 0001001"):
        report.SchoolReport(context, 1001)


def test_errors_are_told_in_the_language_that_was_set(monkeypatch):
    error = QbError("没有学校 {}", "There is no school {}", "0001")
    assert str(error) == "没有学校 0001"
    monkeypatch.setenv("QB_LANG", "en")
    assert str(error) == f"{error}" == "There is no school 0001"
    assert str(QbError("只有中文")) == "只有中文"
    monkeypatch.setenv("QB_LANG", "zh_CN.UTF-8")
    assert str(error) == "没有学校 0001"


@pytest.fixture(scope="module")
def first_steps(tmp_path_factory):
    """The first notebook of a researcher, run in English by papermill."""
    import contextlib

    import papermill

    folder = tmp_path_factory.mktemp("first")
    with contextlib.chdir(folder):
        return papermill.execute_notebook(
            str(NOTEBOOKS / "first_steps.ipynb"), "out.ipynb", {"lang": "en"}, progress_bar=False,
            kernel_name="python3",
        )  # fmt: skip


def test_the_first_notebook_goes_from_a_table_to_a_published_page(first_steps):
    shown = [
        output.data for cell in first_steps.cells for output in cell.get("outputs", []) if "data" in output
    ]
    text = "\n".join(data.get("text/plain", "") for data in shown)
    assert "Assessment" in text and "0.230965" in text  # the coefficient of C4, as `qb assess` has it
    assert "before" in text and "after" in text
    assert sum("image/png" in data for data in shown) == 2  # one of matplotlib's, one of ours
    assert "['index.html', 'schools/0001007.html']" in text


# --- the pages for researchers


@pytest.mark.parametrize(("page", "examples"), [("researcher", 55), ("pysal", 5)])
def test_a_page_for_researchers_runs_as_it_stands(page, examples, tmp_path):
    """The twenty tasks need nothing but public names, and each does what its page says."""
    import doctest

    ran = doctest.testfile(
        str(Path(qb.__file__).parent / "docs" / f"{page}.md"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE,
        globs={"folder": tmp_path},
    )
    assert ran.attempted >= examples and not ran.failed


def test_there_are_twenty_tasks_and_they_use_public_names_alone():
    text = (Path(qb.__file__).parent / "docs" / "researcher.md").read_text(encoding="utf-8")
    assert [int(n) for n in re.findall(r"^\*\*(\d+)\. ", text, re.MULTILINE)] == sorted([*range(1, 21)] * 2)
    assert "from qb" not in text and not re.search(r"qb\.\w*\._", text)
    assert set(re.findall(r"\bqb\.([A-Za-z]\w*)[.(]", text)) <= set(qb.__all__)
