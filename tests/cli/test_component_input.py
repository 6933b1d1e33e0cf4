# SPDX-License-Identifier: MIT
"""Bad input to strake component: one clear error, non-zero exit, nothing half-written."""
import http.server
import os
import signal
import subprocess
import threading

import pytest

from distgit import SPEC, Package, Project, git


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def local(project, content, overlays=""):
    """A component whose spec is @content."""
    (project.root / "own").mkdir(exist_ok=True)
    (project.root / "own/tool.spec").write_bytes(content)
    project.define('[components.tool]\nspec = { type = "local", path = "own/tool.spec" }\n'
                   + overlays)


def fails(project, *words, command=("component", "render", "-a")):
    """One line says why, and there is no trace of a result."""
    result = project.run(*command, ok=False)
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.stderr
    for word in words:
        assert word in result.stderr
    assert not list(project.root.glob("specs/*/*")) and not list(project.root.glob("**/.*strake*"))
    return errors[0]


PLAIN = SPEC.replace("hello", "tool").replace("%autorelease", "1").replace(
    "%autochangelog", "* Mon Jan 01 2024 A <a@b> - 1.0-1\n- x")


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"\x7fELF" + bytes(range(256)) * 50,
                                     b"%if 1\n" * 5000, b"%description\n"])
def test_a_spec_that_is_none(project, content):
    local(project, content)
    fails(project, "component 'tool'", "Release")


def test_a_line_of_100_megabytes(project):
    line = b"# " + b"x" * 100_000_000 + b"\n"
    local(project, PLAIN.encode() + line, 'overlays = [ { type = "spec-search-replace", '
          'regex = "(x+x+)+y", replacement = "z" } ]\n')
    fails(project, "component 'tool'")
    local(project, line + PLAIN.encode())
    project.run("component", "render", "-a")
    assert line in (project.root / "specs/t/tool/tool.spec").read_bytes()


@pytest.mark.parametrize("regex", ["(a+)+$", "(a|aa)+c", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*y"])
def test_an_expression_that_would_backtrack(project, regex):
    local(project, PLAIN.encode() + b"# " + b"a" * 100_000 + b"!\n",
          f"overlays = [ {{ type = \"spec-search-replace\", regex = '{regex}Q', "
          'replacement = "z" } ]\n')
    fails(project, "spec-search-replace", "strake.toml:20")


@pytest.mark.parametrize("overlay, words", [
    ('type = "spec-search-replace", regex = "nowhere", replacement = "x"', "spec-search-replace"),
    ('type = "spec-search-replace", regex = "e", replacement = "x", count = 2', "count = 2"),
    ('type = "spec-remove-tag", tag = "Epoch"', "Epoch"),
    ('type = "file-remove", file = "none-*"', "matches no file"),
    ('type = "file-rename", file = "*.patch", replacement = "a.patch"', "matches 2 files")])
def test_an_overlay_that_matches_nothing_or_too_much(project, overlay, words):
    local(project, PLAIN.encode(), f"overlays = [ {{ {overlay} }} ]\n")
    for name in ("fix.patch", "other.patch"):
        (project.root / "own" / name).write_text("x\n")
    fails(project, words, "strake.toml:20", "nothing was written")


# -- repositories that git itself would refuse to make

def raw_tree(bare, entries):
    data = b"".join(b"%s %s\0%s" % (mode, name, bytes.fromhex(sha)) for mode, name, sha in entries)
    return subprocess.run(["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
                          cwd=bare, input=data, check=True, capture_output=True).stdout.decode().strip()


def blob(bare, content):
    return subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=bare, input=content,
                          check=True, capture_output=True).stdout.decode().strip()


def hostile(project, entries):
    """A component 'hello' whose newest tree has these entries (from the bare repository) besides
    its spec."""
    package = Package(project.upstream, "hello")
    package.commit({"hello.spec": SPEC}, "Import", 1600000000)
    spec = git(package.bare, "rev-parse", "f43:hello.spec")
    rows = [(b"100644", b"hello.spec", spec)] + entries(package.bare)
    tree = raw_tree(package.bare, sorted(rows, key=lambda row: row[1]))
    commit = git(package.bare, "commit-tree", "-m", "Evil", tree, time=1600100000)
    git(package.bare, "update-ref", "refs/heads/f43", commit)


def file(mode, name, content=b"x\n"):
    return lambda bare: [(mode, name, blob(bare, content))]


def inside(name):
    return lambda bare: [(b"40000", name, raw_tree(bare, [(b"100644", b"config", blob(bare, b"x"))]))]


def nested(bare):
    tree = raw_tree(bare, [])
    for _ in range(100):
        tree = raw_tree(bare, [(b"40000", b"d", tree)])
    return [(b"40000", b"d", tree)]


def bomb(bare):
    tree = raw_tree(bare, [])
    for _ in range(20):
        tree = raw_tree(bare, [(b"40000", b"%d" % n, tree) for n in range(10)])
    return [(b"40000", b"d", tree)]


HOSTILE = {
    "climbs": (file(b"100644", b".."), "is not a plain name"),
    "climbs in the middle": (file(b"100644", b"a/../../x"), "is not a plain name"),
    "git directory": (inside(b".git"), "is a git directory"),
    "git directory in capitals": (inside(b".GiT"), "is a git directory"),
    "git directory of Windows": (inside(b"git~1"), "is a git directory"),
    "git file": (file(b"100644", b".git", b"gitdir: /tmp\n"), "is a git directory"),
    "absolute link": (file(b"120000", b"fix.patch", b"/etc/passwd"), "leads out"),
    "climbing link": (file(b"120000", b"fix.patch", b"a/../../../x"), "leads out"),
    "control character": (file(b"100644", b"a\nb"), "control character"),
    "huge": (file(b"100644", b"zeros", b"\0" * (65 << 20)), "too large"),
    "deep": (nested, "nested too deeply"),
    "bomb of trees": (bomb, "too many"),
    "file and directory": (
        lambda bare: [(b"100644", b"a", blob(bare, b"1")), *inside(b"a")(bare)], "'a/config'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_tree(project, name):
    entries, words = HOSTILE[name]
    hostile(project, entries)
    project.define('[components.hello]\nrender = { skip-file-filter = true }\n')
    fails(project, "component 'hello'", words)


def test_names_that_differ_in_case_only(project):
    """Two files, as they are upstream; nothing is lost."""
    Package(project.upstream, "hello").commit(
        {"hello.spec": SPEC, "fix.patch": "a\n", "Fix.patch": "b\n"}, "Import", 1600000000)
    project.define('[components.hello]\nrender = { skip-file-filter = true }\n')
    project.run("component", "render", "-a")
    rendered = project.root / "specs/h/hello"
    assert [(rendered / n).read_text() for n in ("fix.patch", "Fix.patch")] == ["a\n", "b\n"]


# -- a full disk, a signal

def test_a_full_disk(project):
    Package(project.upstream, "hello").commit(
        {"hello.spec": SPEC.replace("%prep\n", "%prep\n# " + "x" * 3_000_000 + "\n")}, "Import", 1600000000)
    project.run("component", "update", "-a")
    (project.root / "specs").mkdir()
    script = ('mount -t tmpfs -o size=1m t "$1/specs"; shift; "$@"; echo "status $?"; '
              'find specs -mindepth 2')
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(project.root), os.environ["STRAKE"],
         "--store", str(project.store), "-q", "component", "render", "-a"],
        cwd=project.root, capture_output=True, text=True, timeout=120)
    if "unshare" in result.stderr:
        pytest.skip("no user namespaces here: " + result.stderr.strip())
    assert "status 1\n" in result.stdout and result.stdout.endswith("status 1\n"), result.stdout
    assert "No space left on device" in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_full_store(project):
    Package(project.upstream, "hello").commit(
        {"hello.spec": SPEC, "big.patch": os.urandom(3_000_000)}, "Import", 1600000000)
    project.store.mkdir()
    script = ('mount -t tmpfs -o size=1m t "$1"; shift; "$@"; echo "status $?"; ls specs')
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(project.store), os.environ["STRAKE"],
         "--store", str(project.store), "-q", "component", "render", "-a"],
        cwd=project.root, capture_output=True, text=True, timeout=120)
    if "unshare" in result.stderr:
        pytest.skip("no user namespaces here: " + result.stderr.strip())
    assert "status 1\n" in result.stdout
    assert "o space left on device" in result.stderr
    assert not list(project.root.glob("specs/*/*"))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle(project, sent):
    names = [f"pkg{n}" for n in range(150)]
    for name in names[:3]:
        Package(project.upstream, name).commit(
            {f"{name}.spec": SPEC.replace("hello", name), "fix.patch": "a\n"}, "Import", 1600000000)
    for name in names[3:]:  # their own copies in the store, of the same repository
        (project.upstream / f"{name}.git").symlink_to("pkg0.git")
    project.define("".join(
        f"[components.{name}]\n" + ("" if n < 3 else 'spec = { upstream-name = "pkg0" }\n')
        for n, name in enumerate(names)))
    project.run("component", "update", "-a")
    process = project.start("-q", "component", "render", "-a", stderr=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, text=True)
    while not list(project.root.glob("specs/p/pkg*")) and process.poll() is None:
        pass
    process.send_signal(sent)
    error = process.communicate(timeout=60)[1]
    done = list(project.root.glob("specs/p/*"))
    assert all((path / f"{path.name}.spec").exists() for path in done)
    assert not list(project.root.glob("specs/p/.*"))
    if len(done) < len(names):  # it was not quicker than the signal
        assert process.returncode != 0 and len(error.splitlines()) == 1, error
    project.run("component", "render", "-a")
    assert len(list(project.root.glob("specs/p/*/*.spec"))) == len(names)


def test_a_signal_while_a_server_is_silent(project):
    asked = threading.Event()

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            self.rfile.read(1)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = project.root / "strake.toml"
    path.write_text(path.read_text().replace(
        f"file://{project.upstream}", f"http://127.0.0.1:{server.server_port}"))
    process = project.start("-q", "component", "render", "hello", stderr=subprocess.PIPE, text=True)
    assert asked.wait(30)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=30)[1]
    server.shutdown()
    assert process.returncode != 0 and len(error.splitlines()) == 1, error
    assert not (project.root / "specs/h").exists()
