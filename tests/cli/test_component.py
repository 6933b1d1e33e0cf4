# SPDX-License-Identifier: MIT
"""strake component list, show and add."""
import json

import pytest

from tool import strake


PROJECT = """\
includes = ["more/*.toml"]
[project]
default-distro = { name = "d" }
[distros.d]
default-version = "1"
[distros.d.versions.1]
release-ver = "1"
upstream = "u"
[upstreams.u]
kind = "deb"
suite = "forky"
[component-groups.g]
components = ["alpha"]
default-component-config = { build = { with = ["x"] } }
"""
COMPONENTS = """\
# kept
[components]
alpha = {}
[components.beta]
spec = { type = "upstream", upstream-distro = { name = "d", version = "1" } }
[[components.beta.overlays]]
type = "spec-remove-tag"
tag = "Epoch"
description = "Not needed."
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "strake.toml").write_text(PROJECT)
    (tmp_path / "more" / "c.toml").write_text(COMPONENTS)
    return tmp_path


def run(project, *args):
    return strake(*args, cwd=project)


def test_list(project):
    assert run(project, "component", "list").stdout == (
        "name   source              overlays  groups  defined at\n"
        "alpha  binary, from u             0  g       more/c.toml:3:1\n"
        "beta   upstream, from d 1         1          more/c.toml:4:13\n")
    assert run(project, "component", "list", "b*").stdout.count("\n") == 2


def test_list_as_json(project):
    rows = json.loads(run(project, "component", "list", "--json").stdout)
    assert [row["name"] for row in rows] == ["alpha", "beta"]
    assert rows[0]["groups"] == ["g"] and rows[1]["overlays"] == 1


def test_list_refuses_a_pattern_without_components(project):
    result = run(project, "component", "list", "gamma*")
    assert result.returncode == 1 and "no component matches 'gamma*'" in result.stderr


def test_show(project):
    assert run(project, "component", "show", "alpha", "beta").stdout == (
        "alpha  (more/c.toml:3:1)\n"
        "  spec               binary, from u\n"
        "  groups             g\n"
        "  with               x\n"
        "\n"
        "beta  (more/c.toml:4:13)\n"
        "  spec               upstream, from d 1\n"
        "  overlays           spec-remove-tag  (more/c.toml:6:1)\n"
        "                       Not needed.\n")
    shown = json.loads(run(project, "component", "show", "--json", "alpha").stdout)
    assert shown == {"build": {"with": ["x"]}}
    assert "no table of its own" in run(project, "component", "show", "other").stdout


def test_add_appends_and_keeps_the_rest(project):
    result = run(project, "component", "add", "gamma", "libstdc++")
    assert result.returncode == 0, result.stderr
    text = (project / "more" / "c.toml").read_text()
    assert text == COMPONENTS + '\n[components.gamma]\n\n[components."libstdc++"]\n'
    assert run(project, "component", "list", "libstdc*").returncode == 0


@pytest.mark.parametrize("names, message", [
    (["alpha"], "component 'alpha' is defined already"),
    (["new", "new"], "nothing was changed"),
    (["a/b"], "'a/b' cannot be the name of a component"),
    ([""], "'' cannot be the name of a component"),
])
def test_add_changes_nothing_when_it_fails(project, names, message):
    result = run(project, "component", "add", *names)
    assert result.returncode == 1 and message in result.stderr
    assert (project / "more" / "c.toml").read_text() == COMPONENTS
    assert [p.name for p in (project / "more").iterdir()] == ["c.toml"]


def test_add_to_a_named_file(project):
    assert run(project, "component", "add", "--file", "strake.toml", "z").returncode == 0
    assert (project / "strake.toml").read_text() == PROJECT + "\n[components.z]\n"
