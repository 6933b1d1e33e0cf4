# SPDX-License-Identifier: MIT
"""What several benchmarks share: where things are, and what a command costs."""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STRAKE = os.environ.get("STRAKE", str(ROOT / "build/tools/strake/strake"))
HOME_CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
STORE = HOME_CACHE / "strake"
CACHE = HOME_CACHE / "strake-bench"
PEERS = CACHE / "peers"


def measure(argv, **kwargs):
    """CPU seconds (with all children), peak MB of the largest process, wall seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT, **kwargs)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status != 0:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-3000:])
            sys.exit(f"failed: {' '.join(map(str, argv))}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, usage.ru_maxrss / 1024, time.monotonic() - start


def median(values):
    return sorted(values)[(len(values) - 1) // 2]


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def copy_tree(top):
    """distro/ with the sources around it, of which our own packages are made; not what is built."""
    shutil.rmtree(top, ignore_errors=True)
    shutil.copytree(ROOT, top, symlinks=True,
                    ignore=lambda folder, names: [
                        name for name in names if name in {".git", "__pycache__", "out"} or
                        (name.startswith("build") and folder == str(ROOT))])


class Project:
    """A copy of the project in the cache, so that what is built of it stays out of the work tree."""

    def __init__(self, name="project", store=STORE):
        self.top, self.store = CACHE / name, pathlib.Path(store)
        copy_tree(self.top)
        self.repository = self.top / "out/repo"

    def argv(self, *arguments, store=None):
        return [STRAKE, "-q", "-C", str(self.top / "distro"), "--store", str(store or self.store),
                *map(str, arguments)]

    def publish(self):
        return measure(self.argv("repo", "publish", "--follow"))

    def build(self, image):
        measure(self.argv("image", "build", image))
        return self.top / f"out/images/{image}.raw"


CACHE.mkdir(parents=True, exist_ok=True)
