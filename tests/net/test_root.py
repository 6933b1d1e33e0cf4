# SPDX-License-Identifier: MIT
"""The base set of every suite, from the machine's mirror to an installed root directory: imported
without a refused package, installed, and looked at as the running system would."""
import os
import pathlib
import subprocess
import sys
import tomllib

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import rootcheck  # noqa: E402

STRAKE = os.environ["STRAKE"]
SOURCE = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
PACKAGES = tomllib.loads((SOURCE / "distro/images/vm-base.toml").read_text())["images"]["vm-base"][
    "packages"]


def strake(*args):
    return subprocess.run([STRAKE, "-q", "-C", str(SOURCE / "distro"), *map(str, args)],
                          capture_output=True, text=True, timeout=1500)


@pytest.fixture(scope="module", params=["forky", "trixie"])
def root(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param)
    os.environ["STRAKE_KEYS"] = str(path / "keys")
    published = strake("repo", "publish", "--upstream", request.param, "--follow", path / "repo")
    if published.returncode and "Could not resolve" in published.stderr:
        pytest.skip("no network")
    assert published.returncode == 0, published.stderr
    (path / "root").mkdir()
    installed = strake("pkg", "install", "-r", path / "repo/x86_64", f"--root={path / 'root'}",
                       "--no-docs", *PACKAGES)
    assert installed.returncode == 0, installed.stderr
    return path / "root"


def test_every_library_is_there(root):
    # loaded by programs that have loaded the other one already
    known = ("libsystemd-core-", "_hawkey_test")
    missing = [line for line in rootcheck.missing_libraries(root)
               if not any(name in line for name in known)]
    assert missing == []


def test_links_lead_somewhere(root):
    # the bundle is made by the image build, the file type table is a package of its own
    made_later = ("/usr/lib/ssl/cert.pem", "/etc/pki/tls/", "/etc/rmt", "/usr/share/misc/magic")
    assert rootcheck.dangling_links(root, made_later) == []


def test_interpreters_are_there(root):
    assert [line for line in rootcheck.shell_commands(root) if "c_rehash" not in line] == []


@pytest.mark.parametrize("path", [
    "/etc/nsswitch.conf", "/etc/pam.d/common-auth", "/etc/pam.d/common-session", "/etc/pam.d/sshd",
    "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/50-strake.conf", "/etc/chrony/chrony.conf",
    "/etc/selinux/config", "/etc/localtime", "/etc/os-release", "/etc/yum.repos.d/strake.repo",
    "/etc/pki/rpm-gpg/RPM-GPG-KEY-strake", "/etc/shells", "/bin/sh", "/usr/bin/dnf",
    "/usr/lib/systemd/system-preset/85-strake.preset", "/usr/libexec/strake/trigger",
])
def test_files_that_scripts_would_have_made(root, path):
    assert rootcheck.resolve(root, path) is not None


def test_the_kernel_is_beside_its_modules(root):
    assert list((root / "usr/lib/modules").glob("*/vmlinuz"))


def test_selinux_is_enforcing(root):
    assert "\nSELINUX=enforcing\n" in (root / "etc/selinux/config").read_text()
