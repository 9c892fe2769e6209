"""A browser, and a site to look at: the sample in Chinese and in English, every kind of page."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from qb.publish.api import publish
from qb.publish.manifest import KINDS

HOME = Path(__file__).parents[2]
SAMPLE = HOME / "data" / "sample"
SCENARIOS = [HOME / "notebooks" / "scenarios" / f"{name}.toml" for name in ("equipment", "merger")]
SCHOOLS = ("0001001", "0001004")  # a primary school; a school of nine years
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDE, PHONE = 1280, 390

every_page = pytest.mark.parametrize("kind", ("index", *KINDS))
both_languages = pytest.mark.parametrize("lang", ("zh", "en"))

Site = dict[tuple[str, str], Path]  # (language, kind of page) to a page


@dataclass
class View:
    """A page in a window, and what it said and asked for beyond itself."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


Visit = Callable[..., View]


# Not for the whole session: while it is open, asyncio takes this thread for its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or one like it."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing = "No Chromium was found; on Debian: apt-get install chromium fonts-noto-cjk."
        if os.environ.get("CI") == "true" and sys.platform == "linux":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser) -> Iterator[Visit]:
    """Open a page in a window of its own: visit(path, width=…, scheme=…). Only files are let through."""
    windows = []

    def open_page(path: Path, width: int = WIDE, scheme: str = "light", **options: object) -> View:
        window = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce", **options
        )
        windows.append(window)
        view = View(window.new_page())
        window.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
        view.page.on("request", lambda request: view.asked.append(request.url))
        view.page.on("console", lambda message: view.said.append(message.text))
        view.page.on("pageerror", lambda error: view.said.append(str(error)))
        view.page.goto(path.as_uri())
        return view

    yield open_page
    for window in windows:
        window.close()


def site_of(data: Path, out: Path, lang: str, **options: object) -> Site:
    """Publish a dataset; return one page of each kind and the index."""
    made = publish(data, out=out, lang=lang, progress=False, **options)
    assert [str(outcome.failure) for outcome in made.failed] == []
    pages = {(lang, outcome.job.notebook.stem): outcome.job.target for outcome in made.outcomes}
    return pages | {(lang, "index"): made.index}


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Site:
    """The sample's pages, few schools among them, in both languages; one process makes them for all."""
    home = tmp_path_factory.getbasetemp()
    folder = (home.parent if "PYTEST_XDIST_WORKER" in os.environ else home) / "browser-site"
    listed, ended = folder / "pages.json", folder / "ended"
    try:
        folder.mkdir()
    except FileExistsError:
        while not ended.exists():
            time.sleep(0.5)
        pages = json.loads(listed.read_text(encoding="utf-8"))
        return {(lang, kind): Path(page) for lang, kind, page in pages}
    try:
        few = {"schools": SCHOOLS, "scenarios": SCENARIOS}
        made = site_of(SAMPLE, folder / "zh", "zh", **few) | site_of(SAMPLE, folder / "en", "en", **few)
        pages = [[*key, str(page)] for key, page in made.items()]
        listed.write_text(json.dumps(pages), encoding="utf-8")
        return made
    finally:
        ended.touch()
