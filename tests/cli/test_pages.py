# SPDX-License-Identifier: MIT
"""The HTML pages in a real browser: they render, filter, and load nothing from elsewhere."""
import os
import re
import shutil
import subprocess

import pytest

STRAKE = os.environ["STRAKE"]
ROOT = os.environ["STRAKE_SOURCE_ROOT"]
CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def rendered(page, tmp_path):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    result = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}/profile", "--dump-dom",
                             page.as_uri()], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-500:]
    return result.stdout


@pytest.fixture(scope="module")
def changes(tmp_path_factory):
    page = tmp_path_factory.mktemp("changes") / "changes.html"
    subprocess.run([STRAKE, "-C", ROOT, "changes", "--html", str(page)], check=True,
                   capture_output=True, timeout=120)
    return page


def test_changes_page_loads_nothing(changes):
    text = changes.read_text()
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "<link" not in text and "@import" not in text


def test_changes_page_shows_every_change(changes, tmp_path):
    known = subprocess.run([STRAKE, "-C", ROOT, "changes"], capture_output=True, text=True,
                           timeout=120, check=True).stdout
    dom = rendered(changes, tmp_path)
    assert "debconf" in dom and dom.count("package-rename") >= known.count("package-rename") > 0
