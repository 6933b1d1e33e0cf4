# SPDX-License-Identifier: MIT
"""forky's own dnf5 and rpm 6, in a tree that strake installed, on a repository that strake
published from the machine's mirror: they find, verify and install packages, and refuse tampered
ones. Needs root (chroot) and the mirror or a filled store."""
import os
import pathlib
import subprocess

import pytest

STRAKE = os.environ["STRAKE"]
SOURCE = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root for chroot")

# /dev, /proc and the repository inside the tree, in a mount name space that ends with the command.
INSIDE = """set -e
root=$1 repo=$2; shift 2
mount --make-rprivate /
mkdir -p "$root/proc" "$root/dev" "$root/repo" "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for node in null zero random urandom; do
  touch "$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"
done
mount --bind "$repo" "$root/repo"
exec chroot "$root" "$@"
"""


class Tree:
    def __init__(self, top):
        self.top = top
        self.env = {**os.environ, "STRAKE_KEYS": str(top / "keys")}
        self.root = top / "root"
        self.repo = top / "repo" / "x86_64"

    def strake(self, *argv, check=True):
        return subprocess.run([STRAKE, *map(str, argv)], env=self.env, check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def inside(self, *argv, repo=None):
        return subprocess.run(
            ["unshare", "--mount", "--fork", "sh", "-c", INSIDE, "sh", str(self.root),
             str(repo or self.repo), *argv], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                                           "LANG": "C.UTF-8", "HOME": "/root"})

    def configure(self, key="/repo/RPM-GPG-KEY"):
        folder = self.root / "etc/yum.repos.d"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        (folder / "t.repo").write_text(
            "[t]\nname=t\nbaseurl=file:///repo\nenabled=1\ngpgcheck=1\n"
            f"gpgkey=file://{key}\nmetadata_expire=0\n")

    def dnf5(self, *argv, **kw):
        return self.inside("dnf5", "-y", "--releasever=1", *argv, **kw)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    tree = Tree(tmp_path_factory.mktemp("dnf5"))
    made = tree.strake("-C", SOURCE / "distro", "repo", "publish", "--follow", "--skip-refused",
                       tree.repo.parent, check=False)
    if made.returncode != 0 and any(word in made.stderr for word in (
            "Could not resolve", "Couldn't connect", "offline", "Timeout")):
        pytest.skip(made.stderr)
    assert made.returncode == 0, made.stderr
    wishes = ["strake-filesystem", "strake-release", "bash", "coreutils", "dnf5", "rpm"]
    done = tree.strake("pkg", "install", "-r", tree.repo, "--root", tree.root, "--time",
                       "1795000000", *wishes, check=False)
    assert done.returncode == 0, done.stderr
    tree.configure()
    return tree


def test_rpm6_reads_the_database(tree):
    shown = tree.inside("rpm", "-qa", "--qf", "%{NAME} %{SIGPGP:pgpsig}%{RSAHEADER:pgpsig}\n")
    assert shown.returncode == 0, shown.stdout
    assert "bash " in shown.stdout
    verified = tree.inside("rpm", "-V", "--nodeps", "bash", "coreutils")
    assert verified.returncode == 0, verified.stdout


def test_rpm6_verifies_packages(tree):
    key = tree.inside("rpmkeys", "--import", "/repo/RPM-GPG-KEY")
    assert key.returncode == 0, key.stdout
    package = next(tree.repo.glob("Packages/b/bash-5*.rpm")).relative_to(tree.repo)
    shown = tree.inside("rpmkeys", "-Kv", f"/repo/{package}")
    assert shown.returncode == 0, shown.stdout
    assert "OpenPGP V4 RSA/SHA256 signature" in shown.stdout


def test_dnf5_installs(tree):
    found = tree.dnf5("repoquery", "--qf", "%{name}\n", "less", "jq")
    assert {"less", "jq"} <= set(found.stdout.split()), found.stdout
    done = tree.dnf5("install", "jq")
    assert done.returncode == 0, done.stdout
    assert tree.inside("jq", "-n", "1 + 1").stdout == "2\n"
    assert tree.inside("rpm", "-q", "jq").returncode == 0


def test_dnf5_refuses_a_changed_package(tree):
    bad = tree.top / "bad"
    subprocess.run(["cp", "-a", str(tree.repo), str(bad)], check=True)
    package = next(bad.glob("Packages/l/less-*.rpm"))
    data = bytearray(package.read_bytes())
    data[-50] ^= 1
    package.unlink()
    package.write_bytes(data)
    done = tree.dnf5("install", "less", repo=bad)
    assert done.returncode != 0, done.stdout
    assert tree.inside("rpm", "-q", "less").returncode != 0


def test_dnf5_refuses_another_key(tree):
    other = tree.top / "other"
    subprocess.run(["cp", "-a", str(tree.repo), str(other)], check=True)
    env = {**tree.env, "STRAKE_KEYS": str(tree.top / "other-keys")}
    less = next(tree.repo.glob("Packages/l/less-*.rpm"))
    subprocess.run([STRAKE, "repo", "publish", str(tree.top / "resigned"), str(less)], env=env,
                   check=True, stderr=subprocess.PIPE)
    tree.configure("/etc/first.key")
    (tree.root / "etc/first.key").write_text((tree.repo / "RPM-GPG-KEY").read_text())
    done = tree.dnf5("install", "less", repo=tree.top / "resigned" / "x86_64")
    assert done.returncode != 0, done.stdout
    assert tree.inside("rpm", "-q", "less").returncode != 0
    tree.configure()
