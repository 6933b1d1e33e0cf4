# SPDX-License-Identifier: MIT
"""strake changes: every overlay with its reason and place, as text, JSON and one page."""
import html.parser
import json
import os
import pathlib

import pytest

from tool import strake

SOURCE = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])

ROOT = """
[project]
description = "Sample & <others>"
strict = true

[default-component-config]
overlays = [{ type = "package-remove-dependency", kind = "requires", value = "debconf", description = "No questions." }]

[components.libc6]
overlays = [{ type = "package-rename", value = "glibc", description = "The Red Hat name." }]

[components.chrony]
[[components.chrony.overlays]]
type = "package-file-add"
file = "/etc/chrony.conf"
lines = ["pool a", "pool b"]
mode = "0640"
group = "_chrony"
config = true
description = "A <b>bold</b> reason & more."

[components.ours]
spec = { type = "local", path = "ours.spec" }
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "strake.toml").write_text(ROOT)
    (tmp_path / "ours.spec").write_text("Name: ours\nSummary:   Our package\n")
    return tmp_path


def run(project, *args):
    return strake("-C", project, "changes", *args)


def test_text(project):
    result = run(project)
    assert result.returncode == 0, result.stderr
    assert result.stdout == """\
every package
  package-remove-dependency  no longer requires debconf
                               No questions.
                               strake.toml:7

chrony
  package-file-add           adds /etc/chrony.conf: mode 0640, owner root:_chrony, configuration
                               A <b>bold</b> reason & more.
                               strake.toml:13

libc6
  package-rename             renamed to glibc
                               The Red Hat name.
                               strake.toml:10

ours
  own-package                a package of our own
                               Our package
                               strake.toml:22

4 changes in 4 components
"""


def test_json_and_selection(project):
    rows = json.loads(run(project, "--json", "libc6").stdout)
    assert rows == [{"component": "libc6", "type": "package-rename", "what": "renamed to glibc",
                     "description": "The Red Hat name.", "file": "strake.toml", "line": 10}]
    missing = run(project, "nothing")
    assert missing.returncode == 1 and "component 'nothing' is not changed" in missing.stderr


class Page(html.parser.HTMLParser):
    """Text of table cells, and everything that would be fetched."""

    def __init__(self):
        super().__init__()
        self.cells, self.outside, self.open = [], [], False

    def handle_starttag(self, tag, attrs):
        self.open = tag in ("td", "th")
        if self.open:
            self.cells.append("")
        self.outside += [v for k, v in attrs if k in ("src",) or (k == "href" and tag == "link")]

    def handle_data(self, data):
        if self.open and self.cells:
            self.cells[-1] += data


def test_page_is_escaped_and_needs_nothing(project):
    result = run(project, "--html", str(project / "page.html"))
    assert result.returncode == 0 and result.stdout == ""
    page = Page()
    text = (project / "page.html").read_text()
    page.feed(text)
    assert page.outside == [] and "@ROWS@" not in text and "url(" not in text
    assert "Sample &amp; &lt;others&gt;" in text and "<b>bold" not in text
    assert any("A <b>bold</b> reason & more." in cell for cell in page.cells)


def test_the_distribution_itself():
    """Every change of our own definitions has a reason and a place."""
    rows = json.loads(run(SOURCE / "distro", "--json").stdout)
    assert len(rows) > 200
    assert [row for row in rows if not row.get("description") or not row.get("file")] == []
    assert {row["type"] for row in rows} >= {"package-rename", "package-file-add", "own-package"}
