# SPDX-License-Identifier: MIT
"""Runs the pages of docs/ whose examples take packages from the machine's mirror, from their first
line to their last: a new package, rendered, built, published, installed in an image."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cli"))
import docpage  # noqa: E402

ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if docpage.needs_mirror(page)]


@pytest.mark.skipif(os.getuid() != 0, reason="enters the images' trees as root")
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_tutorial(page, tmp_path):
    reached = subprocess.run([os.environ["STRAKE"], "-q", "-C", str(ROOT / "distro"), "upstream", "status"],
                             capture_output=True, text=True, timeout=300)
    if "Could not resolve" in reached.stderr:
        pytest.skip("no network")
    docpage.run_page(page, tmp_path, mirror=True)
