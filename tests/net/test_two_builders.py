# SPDX-License-Identifier: MIT
"""Two builds of the same packages with the same keys are equal, byte for byte: by root in one
directory, and by an ordinary user in another, with a store, home, umask, locale, time zone and
number of jobs of its own."""
import filecmp
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

STRAKE = os.environ["STRAKE"]
SOURCE = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
IMAGES = ["vm-base", "container-base"]
USER = "strake-builder"
UID = 54321

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("newuidmap") is None,
    reason="needs root, to become somebody else, and the package uidmap")

# The account exists in a mount name space of its own; this machine's files stay as they are.
AS_USER = """set -e
accounts=$1; shift
mount --make-rprivate /
for file in passwd group subuid subgid; do
  mount --bind "$accounts/$file" "/etc/$file"
done
umask 0077
exec setpriv --reuid=%d --regid=%d --clear-groups "$@"
""" % (UID, UID)


def make_accounts(folder):
    folder.mkdir()
    lines = {"passwd": f"{USER}:x:{UID}:{UID}::/nonexistent:/bin/sh\n", "group": f"{USER}:x:{UID}:\n",
             "subuid": f"{USER}:300000:65536\n", "subgid": f"{USER}:300000:65536\n"}
    for name, line in lines.items():
        there = pathlib.Path("/etc") / name
        (folder / name).write_text((there.read_text() if there.exists() else "") + line)


def run(*argv, env, cwd="/"):
    result = subprocess.run(list(map(str, argv)), env={"PATH": os.environ["PATH"], **env}, cwd=cwd,
                            capture_output=True, text=True, timeout=1200)
    if result.returncode and "Could not resolve" in result.stderr:
        pytest.skip("no network")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-3000:]


@pytest.fixture(scope="module")
def built():
    """The two output directories. Not below pytest's own, which nobody else may enter."""
    top = pathlib.Path(tempfile.mkdtemp(prefix="strake-test-"))
    top.chmod(0o755)
    try:
        yield build_twice(top)
    finally:
        shutil.rmtree(top, ignore_errors=True)


def build_twice(top):
    keys = {"STRAKE_KEYS": str(top / "keys"), "HOME": os.environ.get("HOME", "/root")}
    run(STRAKE, "-q", "-C", SOURCE, "repo", "publish", "--follow", top / "repo", env=keys)
    run(STRAKE, "-q", "-C", SOURCE, "image", "build", *IMAGES, "-r", top / "repo/x86_64", "-o",
        top / "first", env={**keys, "LC_ALL": "C", "TZ": "UTC"})
    make_accounts(top / "accounts")
    home = top / "another place"
    home.mkdir()
    shutil.copytree(SOURCE / "distro", home / "clone/distro")
    shutil.copytree(top / "keys", home / "keys")
    shutil.copy(STRAKE, home / "strake")
    (home / "run").mkdir()
    subprocess.run(["chown", "-R", f"{UID}:{UID}", home], check=True)
    env = {"STRAKE_KEYS": str(home / "keys"), "HOME": str(home), "LC_ALL": "tr_TR.UTF-8",
           "LANG": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "XDG_RUNTIME_DIR": str(home / "run"),
           "TMPDIR": str(home / "run")}
    run("unshare", "--mount", "sh", "-c", AS_USER, "sh", top / "accounts", home / "strake", "-q",
        "--jobs=1", "--store", home / "store", "-C", home / "clone", "image", "build", *IMAGES, "-r",
        top / "repo/x86_64", "-o", home / "second", env=env)
    return top / "first", home / "second"


def files_of(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_the_same_files(built):
    first, second = built
    names = files_of(first)
    assert names == files_of(second)
    suffixes = {"".join(name.suffixes[-2:]) for name in names if len(name.parts) == 1}
    assert {".raw", ".qcow2", ".vhd", ".oci.tar", ".manifest.json", ".spdx.json"} <= suffixes
    assert (second / "vm-base.raw").stat().st_uid == UID


def test_the_same_bytes(built):
    first, second = built
    different = [str(name) for name in files_of(first)
                 if not filecmp.cmp(first / name, second / name, shallow=False)]
    assert different == []
