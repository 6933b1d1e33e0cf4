# SPDX-License-Identifier: MIT
"""The components of this distribution that are built from source: overlays apply without a network,
reasons are given, and the packages have the names of those that they replace."""
import os
import pathlib
import re
import subprocess
import tomllib

import pytest

ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
STRAKE = os.environ["STRAKE"]
REBUILT = ["chrony", "curl", "iproute", "irqbalance", "kmod", "logrotate"]
# What each takes the place of: names of packages that are made.
PACKAGES = {
    "chrony": {"chrony"},
    "curl": {"curl", "libcurl", "libcurl-gnutls", "libcurl-devel"},
    "iproute": {"iproute", "iproute-devel"},
    "irqbalance": {"irqbalance"},
    "kmod": {"kmod", "kmod-libs", "kmod-devel"},
    "logrotate": {"logrotate"},
}


def strake(tmp, *args):
    result = subprocess.run([STRAKE, "-q", "-C", ROOT / "distro", "--store", tmp / "store",
                             "--offline", *args], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """All of them as rendered from the lock, without a network."""
    tmp = tmp_path_factory.mktemp("rebuilt")
    strake(tmp, "component", "render", *[f"{n}-rebuilt" for n in REBUILT], "-o", str(tmp / "specs"))
    return tmp / "specs"


@pytest.mark.parametrize("name", REBUILT)
def test_overlays_apply_and_say_why(name, rendered):
    definition = tomllib.loads((ROOT / f"distro/components/rebuilt/{name}.toml").read_text())
    overlays = definition["components"][f"{name}-rebuilt"]["overlays"]
    assert overlays, "rebuilt without a change: upstream's package would do"
    for overlay in overlays:
        assert overlay["description"].endswith(".") and overlay["metadata"]["category"]
        assert overlay["metadata"]["upstream-status"]
    folder = rendered / name[0] / f"{name}-rebuilt"
    sources = (folder / "sources").read_text()
    assert re.fullmatch(r"SHA256 \(\S+\.orig\.tar\.\w+\) = [0-9a-f]{64}\n", sources)
    macros = (folder / f"{name}-rebuilt.azl.macros").read_text()
    assert re.search(r"^%upstream_version \d", macros, re.M)


@pytest.mark.parametrize("name", REBUILT)
def test_packages_take_the_place_of_the_imported(name, rendered):
    spec = (rendered / name[0] / f"{name}-rebuilt" / f"{name}-rebuilt.spec").read_text()
    main = re.search(r"^Name: +(\S+)$", spec, re.M)[1]
    others = re.findall(r"^%package (-n )?(\S+)$", spec, re.M)
    assert {main} | {n if full else f"{main}-{n}" for full, n in others} == PACKAGES[name]
    # Above every revision that upstream gives its packages, in whatever version it has.
    assert re.search(r"^Release: +100%\{\?dist\}$", spec, re.M)
    assert re.search(r"^Version: +%\{upstream_version\}$", spec, re.M)


def test_kmod_reads_the_modules_of_the_kernel(rendered):
    # Upstream's kernel packages hold NAME.ko.xz: without it depmod finds nothing and nothing boots.
    spec = (rendered / "k/kmod-rebuilt/kmod-rebuilt.spec").read_text()
    assert re.search(r"^%bcond xz 1$", spec, re.M)


def test_tools_are_packed_from_this_tree(tmp_path):
    strake(tmp_path, "component", "prepare-sources", "strake-tools", str(tmp_path / "tools"))
    listing = subprocess.run(["tar", "-tf", tmp_path / "tools/strake-tools.tar"], text=True,
                             capture_output=True, check=True, timeout=60).stdout.split()
    assert "strake-tools/meson.build" in listing and "strake-tools/tools/strake/main.c" in listing
    assert not [name for name in listing if "/tests/" in name or "/distro/" in name]
