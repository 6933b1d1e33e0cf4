# SPDX-License-Identifier: MIT
"""Upstream moves every day: a component of ours that no longer builds on what the mirror has today is
said, and upstream's own package is published in its place."""
import os
import pathlib
import shutil
import subprocess

import pytest

STRAKE = os.environ["STRAKE"]
SOURCE = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])

# Each has another reason not to be there: an overlay that fits nothing, and a failing build.
BROKEN = """
[component-groups.broken]
components = ["kmod-broken", "logrotate-broken"]

[components.kmod-broken]
spec = { type = "local", path = "kmod-broken.spec" }

[[components.kmod-broken.overlays]]
type = "spec-search-replace"
regex = "not in the spec"
replacement = ""
description = "Fitted once."

[components.logrotate-broken]
spec = { type = "local", path = "logrotate-broken.spec" }
"""
SPEC = """
Name: {name}
Version: 100
Release: 1
Summary: Broken
License: MIT
%description
Broken.
%build
echo no compiler does this; exit 1
%files
"""


@pytest.fixture
def project(tmp_path):
    shutil.copytree(SOURCE / "distro", tmp_path / "distro")
    place = tmp_path / "distro/components/broken"
    place.mkdir()
    (place / "broken.toml").write_text(BROKEN)
    for name in ("kmod", "logrotate"):
        (place / f"{name}-broken.spec").write_text(SPEC.format(name=name))
    root = tmp_path / "distro/strake.toml"
    text = root.read_text()
    lines = ['build-groups = ["broken"]' if line.startswith("build-groups") else line
             for line in text.splitlines()]
    root.write_text("\n".join(lines) + "\n")
    return tmp_path


def test_upstreams_package_stands_in_for_a_broken_build(project):
    result = subprocess.run(
        [STRAKE, "-q", "-C", project / "distro", "repo", "publish", "--follow", project / "repo"],
        env={**os.environ, "STRAKE_KEYS": str(project / "keys")},
        capture_output=True, text=True, timeout=1500)
    if result.returncode and "Could not resolve" in result.stderr:
        pytest.skip("no network")
    assert result.returncode == 0, result.stderr
    instead = "warning: not built, upstream's package is published instead: "
    said = [line for line in result.stderr.splitlines() if line.startswith(instead)]
    assert len(said) == 2, result.stderr
    assert "kmod-broken" in said[0] and "logrotate-broken" in said[1]
    assert "no compiler does this" in result.stderr
    for name in ("kmod", "logrotate"):
        packages = [path.name for path in (project / "repo").rglob(f"{name}-[0-9]*.rpm")]
        assert len(packages) == 1 and "~br" in packages[0]
