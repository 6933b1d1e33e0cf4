# SPDX-License-Identifier: MIT
"""Sources that overlays edit are as before or as after, whatever is killed when."""
import os
import random
import signal
import subprocess

import pytest

STRAKE = os.environ["STRAKE"]
N = 40
SPEC = "Name: demo\nVersion: 1\n\n%description\nText.\n"
OVERLAYS = """\
[[overlays]]
type = "file-search-replace"
file = "*.txt"
regex = "old"
replacement = "new"
[[overlays]]
type = "file-remove"
file = "gone-*"
[[overlays]]
type = "file-add"
file = "sub/added"
source = "extra"
[[overlays]]
type = "file-rename"
file = "a.name"
replacement = "b.name"
[[overlays]]
type = "spec-set-tag"
tag = "Version"
value = "2"
"""


def make(place):
    place.mkdir()
    for n in range(N):
        (place / f"{n}.txt").write_text(f"{n} old\n")
        (place / f"gone-{n}").write_text("x\n")
    (place / "a.name").write_text("named\n")
    (place / "demo.spec").write_text(SPEC)
    (place / "sub").mkdir()
    (place / "sub/kept").write_text("kept\n")
    (place / "link").symlink_to("0.txt")
    (place / ".git").mkdir()
    (place / ".git/HEAD").write_text("ref: refs/heads/main\n")


def state(place):
    return {str(p.relative_to(place)): os.readlink(p) if p.is_symlink() else p.read_text()
            for p in sorted(place.rglob("*")) if p.is_symlink() or p.is_file()}


def command(root):
    return [STRAKE, "-q", "overlay", "apply", str(root / "src/demo.spec"), str(root / "ov.toml"),
            "--sources", str(root / "src"), "-o", str(root / "src/demo.spec")]


@pytest.fixture
def root(tmp_path):
    (tmp_path / "extra").write_text("extra\n")
    (tmp_path / "ov.toml").write_text(OVERLAYS)
    make(tmp_path / "src")
    return tmp_path


def names(root):
    return sorted(p.name for p in root.iterdir())


def test_all_in_one_step(root):
    src = root / "src"
    src.chmod(0o750)
    kept = (src / "sub/kept").stat().st_ino
    subprocess.run(command(root), check=True)
    after = state(src)
    assert after["demo.spec"] == SPEC.replace("1", "2") and after["0.txt"] == "0 new\n"
    assert after["sub/added"] == "extra\n" and after["b.name"] == "named\n"
    assert after["link"] == "0.txt" and after[".git/HEAD"] == "ref: refs/heads/main\n"
    assert "a.name" not in after and "gone-0" not in after
    assert (src / "sub/kept").stat().st_ino == kept and src.stat().st_mode & 0o777 == 0o750
    assert names(root) == ["extra", "ov.toml", "src"]


def test_killed_anywhere_it_is_all_or_nothing(root):
    before = state(root / "src")
    make(root / "want")
    subprocess.run([*command(root)[:4], str(root / "want/demo.spec"), str(root / "ov.toml"),
                    "--sources", str(root / "want"), "-o", str(root / "want/demo.spec")], check=True)
    after = state(root / "want")
    clock = random.Random(1)
    seen = {"before": 0, "after": 0}
    slowest = 0.02
    for _ in range(100):
        process = subprocess.Popen(command(root))
        try:
            process.wait(clock.uniform(0, slowest))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        now = state(root / "src")
        assert now in (before, after)
        seen["after" if now == after else "before"] += 1
        # Aim where it matters: later as long as nothing was done, sooner once it was.
        slowest *= 1.1 if now == before else 0.9
        if now == after:
            for name in names(root):
                if name == "src":
                    subprocess.run(["rm", "-r", str(root / "src")], check=True)
            make(root / "src")
    assert seen["before"] > 5 and seen["after"] > 5
    subprocess.run(command(root), check=True)
    assert state(root / "src") == after
    assert names(root) == ["extra", "ov.toml", "src", "want"]  # nothing is left of the killed ones


@pytest.mark.parametrize("overlay, change", [
    ('type = "file-search-replace"\nfile = "0.txt"\nregex = "old"\nreplacement = "new"', "0.txt"),
    ('type = "file-remove"\nfile = "0.txt"', "0.txt"),
    ('type = "file-add"\nfile = "0.new"\nsource = "extra"', "0.new"),
    ('type = "file-rename"\nfile = "0.txt"\nreplacement = "z.txt"', "z.txt")])
def test_a_change_of_one_file_keeps_the_directory(root, overlay, change):
    (root / "ov.toml").write_text("[[overlays]]\n" + overlay + "\n")
    inode = (root / "src").stat().st_ino
    before = state(root / "src")
    subprocess.run([*command(root)[:-2], "-o", str(root / "out.spec")], check=True)
    after = state(root / "src")
    assert before.get(change) != after.get(change) and (root / "src").stat().st_ino == inode
    assert names(root) == ["extra", "out.spec", "ov.toml", "src"]


def test_a_mount_point_is_edited_file_by_file(root):
    script = ('mount -t tmpfs -o size=8m t "$1/src" && cp -a "$1/copy/." "$1/src" && '
              'shift && "$@" && cd "$0/src" && ls -A && cat 0.txt demo.spec')
    subprocess.run(["cp", "-a", str(root / "src"), str(root / "copy")], check=True)
    result = subprocess.run(["unshare", "-rm", "sh", "-ec", script, str(root), str(root),
                             *command(root)], capture_output=True, text=True)
    if "unshare" in result.stderr:
        pytest.skip("no user namespaces here: " + result.stderr.strip())
    assert result.returncode == 0, result.stderr
    assert "0 new\n" in result.stdout and "Version: 2\n" in result.stdout
    assert "gone-0" not in result.stdout and ".strake" not in result.stdout


def test_the_own_directory(root):
    """--sources . with a relative output: both are found although the directory is another one."""
    result = subprocess.run(
        [STRAKE, "overlay", "apply", "demo.spec", "../ov.toml", "--sources", ".", "-o",
         "demo.spec"], cwd=root / "src", capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "Version: 2\n" in state(root / "src")["demo.spec"]
    assert "enter it again" in result.stderr


def test_a_full_disk_changes_nothing(root):
    big = root / "extra"
    big.write_bytes(b"x" * 3_000_000)
    script = ('mkdir "$1/disk" && mount -t tmpfs -o size=2m t "$1/disk" && '
              'mv "$1/src" "$1/disk/src" && cd "$1/disk" && ls -AR > "$1/before" && '
              'if "$2" -q overlay apply src/demo.spec "$1/ov.toml" --sources src -o src/demo.spec; '
              'then exit 9; fi; ls -AR > "$1/after"; cat src/0.txt src/demo.spec')
    result = subprocess.run(["unshare", "-rm", "sh", "-ec", script, "sh", str(root), STRAKE],
                            capture_output=True, text=True)
    if "unshare" in result.stderr:
        pytest.skip("no user namespaces here: " + result.stderr.strip())
    assert result.returncode == 0, result.stderr
    assert "No space left" in result.stderr and len(result.stderr.splitlines()) == 1
    assert "0 old\n" in result.stdout and "Version: 1\n" in result.stdout
    assert (root / "before").read_text() == (root / "after").read_text()
