"""Where a call on files fails or is cut, nothing is half made, and the next run mends it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("failing.py")
COMMANDS = (
    "convert to csv",
    "convert to parquet",
    "template",
    "check --marked",
    "forms",
    "collect",
    "publish",
)


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("cc"), reason="the layer is made for Linux by a C compiler"
)
def test_a_call_that_fails_or_is_cut_leaves_nothing_half_made(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path, "1"], capture_output=True, text=True)
    found = {line["command"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert tuple(found) == COMMANDS, done.stderr
    assert {name: line["wrong"] for name, line in found.items()} == {name: [] for name in COMMANDS}
    assert all(line["calls"] >= 5 and line["tried"] >= 3 for line in found.values())
    assert sum(line.get("killed", 0) for line in found.values()) >= 7
