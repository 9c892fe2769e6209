"""A browser, and a site to look at: the sample in Chinese and in English, every kind of page."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from qb.publish.api import publish
from qb.publish.manifest import KINDS

SCHOOL = "0001004"  # of nine years
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDE, PHONE = 1280, 390

# Of a module, so that what looks at the same page follows one another.
every_page = pytest.mark.parametrize("kind", ("index", *KINDS), scope="module")
both_languages = pytest.mark.parametrize("lang", ("zh", "en"), scope="module")

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


def _window(
    browser: Browser, path: Path, width: int = WIDE, scheme: str = "light", **options: object
) -> View:
    """Open a page in a window of its own. Only files are let through."""
    window = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce", **options
    )
    view = View(window.new_page())
    window.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
    view.page.on("request", lambda request: view.asked.append(request.url))
    view.page.on("console", lambda message: view.said.append(message.text))
    view.page.on("pageerror", lambda error: view.said.append(str(error)))
    view.page.goto(path.as_uri())
    return view


@pytest.fixture
def visit(browser) -> Iterator[Visit]:
    """Open a page to do something there: visit(path, width=…, scheme=…)."""
    views = []

    def open_page(path: Path, *how: object, **options: object) -> View:
        views.append(_window(browser, path, *how, **options))
        return views[-1]

    yield open_page
    for view in views:
        view.page.context.close()


@pytest.fixture(scope="module")
def look(browser) -> Iterator[Visit]:
    """Open a page to look at: look(path, width). It stays open while what follows looks at the same."""
    held: dict[tuple[Path, int], View] = {}

    def close() -> None:
        while held:
            held.popitem()[1].page.context.close()

    def open_page(path: Path, width: int = WIDE) -> View:
        if (path, width) not in held:
            close()
            held[path, width] = _window(browser, path, width)
        return held[path, width]

    yield open_page
    close()


def site_of(data: Path, out: Path, lang: str, **options: object) -> Site:
    """Publish a dataset; return one page of each kind and the index."""
    made = publish(data, out=out, lang=lang, progress=False, **options)
    assert [str(outcome.failure) for outcome in made.failed] == []
    pages = {(lang, outcome.job.notebook.stem): outcome.job.target for outcome in made.outcomes}
    return pages | {(lang, "index"): made.index}


@pytest.fixture(scope="session")
def site(published) -> Site:
    """The sample's pages, one of each kind, in both languages."""
    pages = {}
    for lang in ("zh", "en"):
        folder = published(lang)
        pages |= {(lang, page.stem): page for page in folder.glob("*.html")}
        pages[lang, "school"] = folder / "schools" / f"{SCHOOL}.html"
    return pages
