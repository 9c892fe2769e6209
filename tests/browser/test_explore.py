"""The notebook `explore` in JupyterLab and as a page: what they show `qb whatif` says of the file."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from qb.cli import main

ROOT = Path(__file__).parents[2]
PATIENCE = 120_000  # milliseconds; a kernel that starts on a busy machine takes its time
NOTIFICATIONS = {"checkForUpdates": False, "fetchNews": "false", "doNotDisturbMode": True}


def quiet(folder: Path) -> dict[str, str]:
    """Return an environment in which JupyterLab keeps its files to the folder and asks nobody anything."""
    plugin = folder / "settings" / "@jupyterlab" / "apputils-extension"
    plugin.mkdir(parents=True)
    (plugin / "notification.jupyterlab-settings").write_text(json.dumps(NOTIFICATIONS), encoding="utf-8")
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "share",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {**os.environ, **{name: str(folder / place) for name, place in own.items()}}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until_up(server: subprocess.Popen, address: str, log: Path) -> None:
    """Wait until the server answers; say what it wrote where it does not."""
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab does not answer:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """A JupyterLab on loopback, in a copy of the notebook and the sample; and the notebook's folder."""
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    shutil.copy(ROOT / "notebooks" / "explore.ipynb", notebooks)
    shutil.copytree(ROOT / "data" / "sample", folder / "data" / "sample")
    port, token, log = free_port(), secrets.token_hex(16), folder / "log.txt"
    settings = {
        "IdentityProvider.token": token,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": notebooks,
        "ServerApp.allow_root": True,
        "LabApp.extension_manager": "readonly",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", *options]
    with log.open("wb") as written:
        server = subprocess.Popen(
            command, env=quiet(folder), cwd=notebooks, stdout=written, stderr=subprocess.STDOUT
        )
    try:
        home = f"http://127.0.0.1:{port}"
        wait_until_up(server, f"{home}/api?token={token}", log)
        yield f"{home}/lab/tree/explore.ipynb?token={token}", notebooks
    finally:
        server.terminate()  # it ends its kernels
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture
def page(browser, lab) -> Iterator[Page]:
    """The notebook, all of its cells run."""
    address, _ = lab
    window = browser.new_context(viewport={"width": 1280, "height": 1600})
    window.route(lambda url: not url.startswith(address.split("/lab")[0]), lambda route: route.abort())
    page = window.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.get_by_text("| Idle").wait_for()  # the kernel; before, JupyterLab would ask which one
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(".qb-explore-result table").wait_for()
    yield page
    window.close()


def after(page: Page, indicator: str, stage: str) -> Locator:
    """Return the cell of the coefficient once the actions are done."""
    rows = page.locator(".qb-explore-result tbody tr")
    return rows.filter(has_text=indicator).filter(has_text=stage).locator("td").nth(2)


def coefficients(data: Path, scenario: Path) -> dict[tuple[str, str], float]:
    """Return what ``qb whatif`` says of the file."""
    command = [sys.executable, "-m", "qb.cli", "whatif", data, scenario, "--json"]
    done = subprocess.run(command, capture_output=True, check=True)
    balance = json.loads(done.stdout)["scenarios"][0]["assessment"]["districts"][0]["balance"]
    return {(one["stage"], one["code"]): one["coefficient"] for one in balance}


def test_a_slider_moves_the_coefficient_and_the_saved_file_says_the_same(page, lab):
    folder = lab[1]
    before = after(page, "C1 ", "小学").get_attribute("data-value")
    page.get_by_role("button", name="添加", exact=True).click()
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(7):
        slider.press("ArrowRight")
    page.wait_for_timeout(2000)  # the kernel hears of a slider a moment after it stands still
    page.get_by_text("1 新进教师").wait_for()
    page.wait_for_function(
        "now => document.querySelector('.qb-explore-result tbody tr td:nth-of-type(3)').dataset.value != now",
        arg=before,
    )
    page.get_by_label("文件").fill("trial.toml")
    page.get_by_label("文件").press("Tab")
    page.get_by_role("button", name="保存为情景文件").click()
    page.get_by_text("已保存").wait_for()
    text = (folder / "trial.toml").read_text(encoding="utf-8")
    assert 'do = "hire"' in text and "teachers = 7" in text
    expected = coefficients(folder.parent / "data" / "sample", folder / "trial.toml")["primary", "C1"]
    shown = after(page, "C1 ", "小学")
    assert float(shown.get_attribute("data-value")) == pytest.approx(expected, abs=1e-12)
    assert shown.inner_text() == f"{expected:.3f}" and before != shown.get_attribute("data-value")

    # A second time the file is there, and stays as it is.
    page.get_by_role("button", name="保存为情景文件").click()
    page.get_by_text("没有覆盖").wait_for()
    assert (folder / "trial.toml").read_text(encoding="utf-8") == text


# The same as a page of its own


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """Where ``qb app`` says that it is to be found, and the folder in which it was started."""
    folder = tmp_path_factory.mktemp("app")
    command = [sys.executable, "-m", "qb", "app", ROOT / "data" / "sample", "--no-browser"]
    with (folder / "log.txt").open("wb") as written:
        server = subprocess.Popen(
            command, env=quiet(folder), cwd=folder, stdout=subprocess.PIPE, stderr=written, text=True
        )
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=[\w-]+", server.stdout.readline())[0]
        wait_until_up(server, address.replace("?", "login?"), folder / "log.txt")
        yield address, folder
    finally:
        server.terminate()  # and with it the server it has started
        server.wait(timeout=60)
        server.stdout.close()


def test_the_app_opens_to_who_has_its_token_and_shows_no_code(browser, app):
    address, folder = app
    home = address.split("?")[0]
    window = browser.new_context(viewport={"width": 1200, "height": 1200})
    page = window.new_page()
    page.set_default_timeout(PATIENCE)
    for stranger in (home, f"{home}?token=wrong"):
        page.goto(stranger)
        assert "/login" in page.url and not page.get_by_text("试一试").count()
    with pytest.raises(OSError):  # who listens everywhere would listen here too
        socket.create_connection(("127.0.0.2", int(home.rsplit(":", 1)[1].strip("/"))), timeout=2)
    refused = []
    page.on("requestfailed", lambda request: refused.append(request.url))
    page.goto(address)
    page.locator(".qb-explore-result table").wait_for()
    text = page.inner_text("body")
    assert "没有发现问题" in page.locator(".qb-explore-check pre").text_content()
    assert "open_panel" not in text and "os.chdir" not in text and "运行所有单元" not in text

    page.get_by_role("button", name="添加", exact=True).click()
    backbone = page.get_by_label("其中县级以上骨干教师（人）")
    backbone.fill("1")
    backbone.press("Tab")
    page.get_by_text("缺少 人数").wait_for()
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('.qb-explore-file pre')?.textContent.includes('teachers = 3')"
    )
    with page.expect_download() as got:
        page.get_by_text("下载情景文件").click()
    scenario = Path(got.value.path()).read_text(encoding="utf-8")
    assert 'do = "hire"' in scenario and "teachers = 3" in scenario and "backbone = 1" in scenario
    (folder / "got.toml").write_text(scenario, encoding="utf-8")
    expected = coefficients(ROOT / "data" / "sample", folder / "got.toml")["primary", "C1"]
    shown = float(after(page, "C1 ", "小学").get_attribute("data-value"))
    assert shown == pytest.approx(expected, abs=1e-12)

    page.get_by_role("button", name="下载工作簿").click()
    with page.expect_download() as got:
        page.get_by_text("下载工作簿（操作已计入）").click()
    assert Path(got.value.path()).read_bytes().startswith(b"PK")
    assert all(
        url.startswith(("https://cdn", "ws://")) for url in refused
    )  # icons, and they stay where they are
    window.close()


def test_without_voila_the_app_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("qb.cli.importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        main(["app", "--no-browser"])
    assert "pip install 'qb-schools[app]'" in str(ended.value.code)
