"""Everyone can use every page: axe-core finds nothing, words stand out, the keyboard reaches everything."""

from __future__ import annotations

from importlib.resources import files

import pytest
from playwright.sync_api import Page

from .conftest import KINDS, PHONE, WIDE, every_page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# What axe could not judge counts, too, but for the contrast of words in figures, which are judged below, and
# of words that a table has yet to scroll into sight, whose neighbours are judged.
VIOLATIONS = """async (options) => {
  const found = await axe.run(document, options);
  const told = ({ id, nodes }) =>
    nodes.map((node) => [id, node.html.slice(0, 160), node.any[0]?.message ?? ""]);
  const open = found.incomplete.flatMap(told).filter(([id]) => id !== "color-contrast");
  return found.violations.flatMap(told).concat(open);
}"""

# Words in figures against what is painted beneath their middle: the nearest shape with a fill, or the page.
FAINT = """() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (layers) => {
    pen.clearRect(0, 0, 1, 1);
    for (const [colour, alpha] of layers) {
      Object.assign(pen, { globalAlpha: alpha, fillStyle: colour });
      pen.fillRect(0, 0, 1, 1);
    }
    return pen.getImageData(0, 0, 1, 1).data.slice(0, 3);
  };
  const light = (colour) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = [...colour].map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const text of document.querySelectorAll("svg text")) {
    const box = text.getBoundingClientRect(), style = getComputedStyle(text);
    if (!box.width || !text.textContent.trim()) continue;
    const beneath = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2).reverse();
    const layers = [[getComputedStyle(document.documentElement).backgroundColor, 1]];
    for (const element of beneath) {
      const own = getComputedStyle(element);
      if (element instanceof SVGElement) {
        if (!["text", "tspan", "svg", "g"].includes(element.tagName) && own.fill !== "none")
          layers.push([own.fill, own.opacity * own.fillOpacity]);
      } else layers.push([own.backgroundColor, own.opacity]);
    }
    const ink = light(over([...layers, [style.fill, style.opacity * style.fillOpacity]]));
    const ground = light(over(layers));
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    if (contrast < 4.5) faint.push([text.textContent, style.fill, layers.at(-1)[0], contrast]);
  }
  return faint;
}"""


@pytest.fixture
def flawed(visit, tmp_path):
    """A page with known faults: #777777 on white has a contrast of 4.48, #767676 one of 4.54."""
    page = tmp_path / "page.html"
    words = "".join(f"<text y=30 fill='{colour}'>{colour}</text>" for colour in ("#777777", "#767676"))
    flaws = f"<img src='data:,'><svg>{words}</svg>"
    page.write_text(f"<html lang=zh style='background: #fff'><title>A</title><h1>A</h1>{flaws}", "utf-8")
    return visit(page).page


REACHABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']"

WATCH = """() => {
  window.reached = new Map();
  document.addEventListener("focusin", ({ target }) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    window.reached.set(target, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
  });
}"""

UNREACHED = """(reachable) => {
  const named = (element) => element.outerHTML.slice(0, 160);
  const wanted = [...document.querySelectorAll(reachable)].filter(
    (element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled);
  return {
    wanted: wanted.length,
    missed: wanted.filter((element) => !window.reached.has(element)).map(named),
    unseen: [...window.reached].filter(([, seen]) => !seen).map(([element]) => named(element)),
  };
}"""


def violations(page: Page, rules: dict[str, object]) -> list[list[str]]:
    page.evaluate(AXE)
    return page.evaluate(VIOLATIONS, {"runOnly": rules, "resultTypes": ["violations", "incomplete"]})


# Rows made like two before them, of the same elements with the same attributes and classes, are taken away.
ALIKE = """() => {
  const shape = (element) => element.tagName + element.getAttributeNames() + element.getAttribute("class");
  for (const body of document.querySelectorAll("tbody")) {
    if (body.querySelector("[rowspan]")) continue;
    const known = {};
    for (const row of [...body.rows]) {
      const made = [row, ...row.querySelectorAll("*")].map(shape).join();
      known[made] = (known[made] ?? 0) + 1;
      if (known[made] > 2) row.remove();
    }
  }
}"""
UNFOLDED = "document.querySelectorAll('.whatif details').forEach((panel) => { panel.open = true; })"
ALL = {"type": "tag", "values": TAGS}
# What another width or another scheme may change.
NARROW = {"type": "rule", "values": ["target-size", "scrollable-region-focusable", "bypass", "region"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# What another language may change: names, and the language that is said of the page and its parts.
NAMED = [
    *("html-has-lang", "html-lang-valid", "valid-lang", "document-title", "empty-heading", "heading-order"),
    *("image-alt", "svg-img-alt", "link-name", "button-name", "label", "select-name", "summary-name"),
    *("label-content-name-mismatch", "landmark-unique", "duplicate-id-aria", "empty-table-header"),
]


@every_page
@pytest.mark.parametrize(
    ("lang", "width", "rules"),
    [
        ("zh", WIDE, {"light": ALL, "dark": COLOURS}),
        ("en", WIDE, {"light": {"type": "rule", "values": NAMED}}),
        ("zh", PHONE, {"light": NARROW}),
    ],
    ids=["zh", "en", "phone"],
)
def test_axe_finds_nothing(visit, site, kind, lang, width, rules):
    page = visit(site[lang, kind], width).page
    page.evaluate(UNFOLDED)
    if width == WIDE:  # on a phone it counts what stands near
        page.evaluate(ALIKE)
    for scheme, asked in rules.items():
        page.emulate_media(color_scheme=scheme)
        assert violations(page, asked) == [], scheme


def test_what_has_no_words_or_faint_ones_would_be_found(flawed):
    assert "image-alt" in {rule for rule, *_ in violations(flawed, ALL)}
    assert [faint[0] for faint in flawed.evaluate(FAINT)] == ["#777777"]


# A phone folds the contents and stacks tables, on these pages as on any.
@pytest.mark.parametrize(
    ("kind", "width"),
    [
        *((kind, WIDE) for kind in ("index", *KINDS)),
        *((kind, PHONE) for kind in ("index", "district", "school")),
    ],
)
def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(visit, site, kind, width):
    page = visit(site["zh", kind], width).page
    page.evaluate(UNFOLDED)
    page.evaluate(ALIKE)
    page.evaluate(WATCH)
    for _ in range(page.locator(REACHABLE).count() + 2):
        page.keyboard.press("Tab")
    found = page.evaluate(UNREACHED, REACHABLE)
    assert found["wanted"] > 5
    assert found["missed"] == []
    assert found["unseen"] == []


def test_the_first_key_leads_past_the_frame(visit, site):
    page = visit(site["zh", "district"]).page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
