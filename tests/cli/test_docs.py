# SPDX-License-Identifier: MIT
"""Runs the examples of docs/*.md and docs/man/*.md (docpage.py says which) and follows their links."""
import os
import pathlib
import re

import docpage
import pytest

ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
PAGES = [page for page in sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/man").glob("*.md")])
         if "```console" in page.read_text()]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_examples(page, tmp_path):
    docpage.run_page(page, tmp_path, XDG_CACHE_HOME=str(tmp_path / ".cache"))


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to missing {target}"
