# SPDX-License-Identifier: MIT
"""strake component changed: locks and rendered sources of two commits of the project."""
import json

import pytest

from distgit import SPEC, Package, Project

LISTED = "SHA512 (hello-1.0.tar.gz) = " + "ab" * 64 + "\n"


@pytest.fixture
def project(tmp_path):
    """Three states: both locked and rendered; one gone, one new; other archives of hello."""
    project = Project(tmp_path)
    project.packages = {}
    for name in ("hello", "other", "third"):
        project.packages[name] = Package(project.upstream, name)
        project.packages[name].commit(
            {f"{name}.spec": SPEC.replace("hello", name), "fix.patch": "a\n", "sources": LISTED},
            "Import", 1600000000)
    project.define("[components]\nhello = {}\nother = {}\n")
    step(project, "One", 1600100000)
    project.define("[components]\nhello = {}\nthird = {}\n")
    step(project, "Two", 1600200000)
    project.packages["hello"].commit({"sources": LISTED.replace("ab", "cd")}, "Newer", 1600300000)
    step(project, "Three", 1600400000)
    return project


def step(project, message, time):
    project.run("component", "update", "-a")
    project.run("component", "render", "-a", "--clean-stale")
    project.commit(message, time)


def changed(project, *args, **how):
    rows = json.loads(project.run("component", "changed", "--json", *args, **how).stdout)
    return [(r["name"], r["change"], r["sources-change"]) for r in rows]


def test_locks_and_sources(project):
    assert changed(project, "--from", "HEAD") == []
    assert changed(project, "--from", "HEAD~1") == [("hello", "changed", True)]
    assert changed(project, "--from", "HEAD~2", "--to", "HEAD~1") == [
        ("other", "deleted", True), ("third", "added", True)]
    assert changed(project, "--from", "HEAD~1", "--to", "HEAD~2") == [
        ("other", "added", True), ("third", "deleted", True)]
    assert changed(project, "--from", "HEAD~1", "--include-unchanged") == [
        ("hello", "changed", True), ("third", "unchanged", False)]


def test_names_are_always_listed(project):
    assert changed(project, "--from", "HEAD~1", "third") == [("third", "unchanged", False)]
    assert changed(project, "--from", "HEAD~1", "h*", "third") == [
        ("hello", "changed", True), ("third", "unchanged", False)]
    result = project.run("component", "changed", "--from", "HEAD~1", "none", ok=False)
    assert "matches 'none'" in result.stderr


def test_a_table(project):
    lines = project.run("component", "changed", "--from", "HEAD~1").stdout.splitlines()
    assert lines[0].split() == ["component", "lock", "sources", "was", "is"]
    assert lines[1].split()[:3] == ["hello", "changed", "changed"]


def test_todays_definitions_play_no_part(project):
    project.define("[components]\n")
    assert changed(project, "--from", "HEAD~1") == [("hello", "changed", True)]


def test_archives_that_the_lock_does_not_know_of(project):
    (project.root / "specs/h/hello/sources").write_text(LISTED)
    project.commit("Edited by hand", 1600500000)
    result = project.run("component", "changed", "--from", "HEAD~1", ok=False)
    assert "component 'hello': its rendered 'sources' changed, but its lock did not" in result.stderr
    assert result.stdout.splitlines()[1].split()[:3] == ["hello", "unchanged", "changed"]


def test_what_cannot_be_compared(project):
    result = project.run("component", "changed", "--from", "nowhere", ok=False)
    assert "has no revision 'nowhere'" in result.stderr
    result = project.run("component", "changed", ok=False)
    assert "--from REVISION is needed" in result.stderr
    (project.root / "locks/components.lock").write_text("version = 9\n")
    project.commit("Broken", 1600600000)
    (project.root / "locks/components.lock").unlink()
    result = project.run("component", "changed", "--from", "HEAD~1", ok=False)
    assert "as committed" in result.stderr
