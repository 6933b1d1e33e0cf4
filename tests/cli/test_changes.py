# SPDX-License-Identifier: MIT
"""strake changes: every overlay with its reason and place, as text, JSON and one page."""
import hashlib
import html.parser
import json
import os
import pathlib
import shutil
import subprocess

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


SCRIPT = """#!/bin/sh
set -e
mkdir -p /var/lib/app
chown app:app /var/lib/app
adduser --system --group --home /var/lib/app app
update-alternatives --install /usr/bin/editor editor /usr/bin/app 10
ldconfig
"""
LOCKED = """
[upstreams.mini]
kind = "deb"
description = "An archive of one package"
suite = "mini"
mirror = "file://{root}"
keyring = "{root}/no-keyring-is-needed-for-a-lock"
"""


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb")
def test_scripts_that_were_translated(project, tmp_path):
    """What became of a locked package's scripts: counted in the text, listed in JSON and the page."""
    control = tmp_path / "app/DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text("Package: app\nVersion: 1.0-1\nArchitecture: amd64\n"
                                     "Maintainer: A <a@example.org>\nDescription: an app\n")
    (control / "postinst").write_text(SCRIPT)
    (control / "postinst").chmod(0o755)
    (tmp_path / "app/usr/bin").mkdir(parents=True)
    (tmp_path / "app/usr/bin/app").write_text("app\n")
    subprocess.run(["dpkg-deb", "-Zgzip", "--root-owner-group", "-b", tmp_path / "app",
                    tmp_path / "app.deb"], check=True, stdout=subprocess.PIPE)
    deb = (tmp_path / "app.deb").read_bytes()
    text = ROOT.replace("strict = true", 'strict = true\nlock-dir = "."\n'
                        'default-distro = { name = "d", version = "1" }')
    (project / "strake.toml").write_text(text + LOCKED.format(root=tmp_path) + """
[distros.d]
description = "d"
default-version = "1"
[distros.d.versions.1]
description = "1"
release-ver = "1"
upstream = "mini"
""")
    (project / "mini.lock").write_text(
        'format = 1\n[release]\nsuite = "mini"\ndate = "Fri, 30 Oct 2026 08:08:01 UTC"\n'
        f'inrelease-sha256 = "{"0" * 64}"\n[packages]\n"app" = {{ version = "1.0-1", arch = "amd64", '
        f'filename = "app.deb", size = {len(deb)}, sha256 = "{hashlib.sha256(deb).hexdigest()}" }}\n')

    def strake_here(*args):
        return subprocess.run([os.environ["STRAKE"], "-C", project, "--store", tmp_path / "store", *args],
                              capture_output=True, text=True, timeout=60)

    before = strake_here("changes")
    assert before.returncode == 0 and "app\n" not in before.stdout
    assert "scripts of 1 locked packages is not known" in before.stderr
    imported = strake_here("bridge", "import")
    assert imported.returncode == 0, imported.stderr
    after = strake_here("changes", "app")
    assert after.returncode == 0 and after.stderr == "", after.stderr
    assert "scripts became 1 account" in after.stdout and "1 alternative" in after.stdout
    row = json.loads(strake_here("changes", "--json", "app").stdout)[0]
    assert row["type"] == "script" and "ldconfig" in row["details"]
    assert any("/usr/bin/editor -> /usr/bin/app" in detail for detail in row["details"])
    page = strake_here("changes", "--html", str(tmp_path / "page.html"))
    assert page.returncode == 0
    assert "/usr/bin/editor -&gt; /usr/bin/app" in (tmp_path / "page.html").read_text()


def test_the_distribution_itself():
    """Every change of our own definitions has a reason and a place."""
    rows = [row for row in json.loads(run(SOURCE / "distro", "--json").stdout)
            if row["type"] != "script"]
    assert len(rows) > 200
    assert [row for row in rows if not row.get("description") or not row.get("file")] == []
    assert {row["type"] for row in rows} >= {"package-rename", "package-file-add", "own-package"}
