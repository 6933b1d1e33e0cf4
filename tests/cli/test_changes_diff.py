# SPDX-License-Identifier: MIT
"""strake changes with the resulting diffs: as text, Markdown, JSON and a page seen by a browser."""
import json
import shutil
import subprocess

import pytest

from distgit import SPEC, Package, Project

OVERLAYS = """
[components.hello]
overlay-files = ["hello.overlay.toml"]
[components.plain]
"""
FILE = """
[metadata]
category = "upstream-backport"
upstream-status = "upstreamed"
commits = [{ url = "https://example.org/commit/1" }]
bugs = [{ url = "https://example.org/bug/<2>" }]
[[overlays]]
type = "spec-set-tag"
tag = "Summary"
value = "Greets <b>loudly</b> & `often`"
description = "Our *wording*."
"""


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    for name in ("hello", "plain"):
        Package(project.upstream, name).commit(
            {f"{name}.spec": SPEC.replace("hello", name), "fix.patch": "a\n"}, "Import", 1600000000)
    project.define(OVERLAYS)
    (project.root / "hello.overlay.toml").write_text(FILE)
    return project


def test_json(project):
    rows = json.loads(project.run("changes", "--json", "--diff").stdout)
    assert [(r["component"], r["type"]) for r in rows] == [
        ("hello", "spec-set-tag"), ("hello", "result")]
    assert rows[0]["links"] == ["https://example.org/commit/1", "https://example.org/bug/<2>"]
    assert "-Summary:        Says hello\n+Summary: Greets <b>loudly</b>" in rows[1]["diff"]
    assert "diff" not in rows[0]
    assert len(json.loads(project.run("changes", "--json").stdout)) == 1


def test_text(project):
    text = project.run("changes", "--diff").stdout
    assert "    -Summary:        Says hello\n    +Summary: Greets" in text


def test_markdown(project):
    text = project.run("changes", "--markdown", "--diff").stdout
    assert text.startswith("# Strake\n\n## hello\n\n* `spec-set-tag`: ")
    assert "Our \\*wording\\*. (upstream\\-" not in text and "Our \\*wording\\*." in text
    assert "(upstream-backport, upstreamed) <https://example.org/commit/1>" in text
    assert "\n```diff\ndiff --git a/hello.spec b/hello.spec\n" in text
    assert text.endswith("\n```\n")


def test_without_the_commit_at_hand(project):
    result = project.run("--offline", "changes", "--diff", ok=False)
    assert "component 'hello'" in result.stderr and "without --offline" in result.stderr
    project.run("--offline", "changes")


def test_in_a_browser(project, tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("no headless browser (chromium) on this machine")
    page = tmp_path / "page.html"
    project.run("changes", "--diff", "--html", str(page))
    # What the page's own script makes of it: a search that hides what does not match.
    page.write_text(page.read_text().replace("</html>", """<script>
const box = document.querySelector("input");
const shown = () => [...document.querySelectorAll("tr")].filter(
  row => row.getClientRects().length > 0).length;
const before = shown();
box.value = "loudly"; box.dispatchEvent(new Event("input", {bubbles: true}));
const found = shown();
box.value = "no such words"; box.dispatchEvent(new Event("input", {bubbles: true}));
document.title = `before ${before} found ${found} none ${shown()}`;
</script></html>"""))
    result = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    dom = result.stdout
    assert "<title>before " in dom, dom[:500]
    counts = dict(zip(*[iter(dom.split("<title>")[1].split("</title>")[0].split())] * 2))
    assert int(counts["before"]) >= int(counts["found"]) > int(counts["none"])
    assert "<b>loudly" not in dom and "&lt;b&gt;loudly&lt;/b&gt;" in dom
    assert 'href="https://example.org/commit/1"' in dom and "<details>" in dom
