# SPDX-License-Identifier: MIT
"""Files of the lookaside cache: fetched at once, resumed, checked, kept; archives edited."""
import hashlib
import http.server
import io
import os
import pty
import re
import signal
import subprocess
import tarfile
import threading

import pytest

from distgit import SPEC, Package, Project


class Server(http.server.ThreadingHTTPServer):
    """Serves @files by path, ranges too; @stall: (path, bytes): stops after so many bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.requests = []
        self.stall = None
        self.stalled = threading.Event()
        self.together = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.requests.append((self.path, wanted))
        data = self.server.files.get(self.path)
        if data is None:
            return self.send_error(404)
        if self.server.together:
            self.server.together.wait(20)
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        if start >= len(data) > 0:
            return self.send_error(416)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if self.server.stall and self.server.stall[0] == self.path:
            self.wfile.write(data[start:self.server.stall[1]])
            self.wfile.flush()
            self.server.stalled.set()
            self.rfile.read(1)  # until the client is gone
            return None
        return self.wfile.write(data[start:])


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture
def project(tmp_path, server):
    project = Project(tmp_path)
    project.package = Package(project.upstream, "hello")
    project.server = server
    return project


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"hello-1.0/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def offer(project, files, components="[components]\nhello = {}\n"):
    """@files: name -> content, listed in upstream's sources and served; returns their paths."""
    lines, paths = [], []
    for name, content in files.items():
        digest = hashlib.sha512(content).hexdigest()
        lines.append(f"SHA512 ({name}) = {digest}\n")
        paths.append(f"/hello/{name}/sha512/{digest}/{name}")
        project.server.files[paths[-1]] = content
    project.package.commit({"hello.spec": SPEC, "fix.patch": "a\n", "sources": "".join(lines)},
                           "Sources", 1600000000)
    project.define(components, lookaside=project.server.uri)
    return paths


def objects(project):
    return {p.parent.name + p.name for p in (project.store / "objects").glob("*/*")}


def test_from_the_lookaside_and_then_from_the_store(project):
    data = archive({"data.txt": b"good"})
    path, = offer(project, {"hello-1.0.tar.gz": data})
    project.server.files[path] = data + b"!"
    result = project.run("component", "prepare-sources", "hello", "out", ok=False)
    assert "component 'hello': " in result.stderr and "other bytes" in result.stderr
    assert not (project.root / "out").exists() and not objects(project)
    assert not list((project.store / "tmp").iterdir())
    project.server.files[path] = data
    project.run("component", "prepare-sources", "hello", "out")
    assert (project.root / "out/hello-1.0.tar.gz").read_bytes() == data
    assert (project.root / "out/fix.patch").exists()
    assert objects(project) == {hashlib.sha256(data).hexdigest()}
    project.server.requests.clear()
    project.run("--offline", "component", "prepare-sources", "hello", "again")
    result = project.run("component", "prepare-sources", "hello", "again", ok=False)
    assert "not an empty directory" in result.stderr and project.server.requests == []


def test_several_at_once(project):
    offer(project, {"a.tar.gz": b"a" * 1000, "b.tar.gz": b"b" * 1000})
    project.server.together = threading.Barrier(2)  # each answer waits for the other request
    project.run("component", "prepare-sources", "hello", "out")
    assert (project.root / "out/b.tar.gz").read_bytes() == b"b" * 1000


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_download_goes_on_where_it_was(project, sent):
    data = os.urandom(400000)
    path, = offer(project, {"hello-1.0.tar.gz": data})
    project.server.stall = (path, 250000)
    process = project.start("-q", "component", "prepare-sources", "hello", "out",
                            stderr=subprocess.PIPE, text=True)
    assert project.server.stalled.wait(30)
    partial = project.store / "tmp"
    while not any(p.stat().st_size == 250000 for p in partial.iterdir()):
        assert process.poll() is None
    process.send_signal(sent)
    error = process.communicate(timeout=30)[1]
    assert process.returncode != 0
    assert len(error.splitlines()) == (0 if sent == signal.SIGKILL else 1)
    assert not (project.root / "out").exists() and not objects(project)
    project.server.stall = None
    project.run("component", "prepare-sources", "hello", "out")
    assert project.server.requests == [(path, None), (path, "bytes=250000-")]
    assert (project.root / "out/hello-1.0.tar.gz").read_bytes() == data


def test_a_partial_file_of_other_bytes_is_fetched_again(project):
    data = os.urandom(300000)
    path, = offer(project, {"hello-1.0.tar.gz": data})
    key = hashlib.sha256(b"SHA512 " + hashlib.sha512(data).hexdigest().encode()).hexdigest()
    (project.store / "tmp").mkdir(parents=True)
    (project.store / f"tmp/partial-{key}").write_bytes(b"x" * 1000)
    project.run("component", "prepare-sources", "hello", "out")
    assert project.server.requests == [(path, "bytes=1000-"), (path, None)]
    assert (project.root / "out/hello-1.0.tar.gz").read_bytes() == data


def test_a_bar_on_a_terminal(project):
    offer(project, {"hello-1.0.tar.gz": os.urandom(3000000)})
    terminal, other = pty.openpty()
    process = project.start("component", "prepare-sources", "hello", "out", stderr=other,
                            stdout=subprocess.DEVNULL)
    os.close(other)
    text = b""
    try:
        while chunk := os.read(terminal, 65536):
            text += chunk
    except OSError:  # the other end is closed
        pass
    assert process.wait(30) == 0
    assert re.search(rb"sources +\[=* *\] [\d.]+ .B/3\.0 MB hello-1\.0\.tar\.gz", text)


def test_what_cannot_be_fetched(project):
    path, = offer(project, {"hello-1.0.tar.gz": b"x"})
    result = project.run("--offline", "component", "prepare-sources", "hello", "out", ok=False)
    assert "component 'hello'" in result.stderr and "without --offline" in result.stderr
    project.run("component", "update", "-a")
    result = project.run("--offline", "component", "prepare-sources", "hello", "out", ok=False)
    assert f"has to be fetched from {project.server.uri}{path}" in result.stderr
    del project.server.files[path]
    result = project.run("component", "prepare-sources", "hello", "out", ok=False)
    assert "404" in result.stderr and not (project.root / "out").exists()


EDITED = """\
[components.hello]
[[components.hello.overlays]]
type = "file-search-replace"
archive = "hello-1.0.tar.gz"
file = "data.txt"
regex = "good"
replacement = "better"
[[components.hello.source-files]]
filename = "hello-1.0.tar.gz"
hash = "{hash}"
hash-type = "SHA512"
origin = {{ type = "overlay" }}
replace-upstream = true
replace-reason = "The data is better."
"""


def test_an_edited_archive_is_what_its_hash_says(project):
    offer(project, {"hello-1.0.tar.gz": archive({"data.txt": b"good", "more.txt": b"m"})},
          EDITED.format(hash="0" * 128))
    result = project.run("component", "prepare-sources", "hello", "out", ok=False)
    assert "is not what 'hash' says after its overlays" in result.stderr
    assert not (project.root / "out").exists()
    digest = re.search(r'set hash = "([0-9a-f]{128})"', result.stderr)[1]
    project.define(EDITED.format(hash=digest), lookaside=project.server.uri)
    for directory in ("out", "again"):
        project.run("component", "prepare-sources", "hello", directory)
        data = (project.root / directory / "hello-1.0.tar.gz").read_bytes()
        assert hashlib.sha512(data).hexdigest() == digest
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.extractfile("hello-1.0/data.txt").read() == b"better"
        assert tar.getnames() == ["hello-1.0/data.txt", "hello-1.0/more.txt"]
    listed = f"SHA512 (hello-1.0.tar.gz) = {digest}\n"
    assert (project.root / "out/sources").read_text() == listed
    # What is rendered states the digest; the archive itself is no part of a review.
    project.run("component", "render", "hello")
    rendered = project.root / "specs/h/hello"
    assert (rendered / "sources").read_text() == listed
    assert not (rendered / "hello-1.0.tar.gz").exists()


def test_a_file_that_a_script_makes_comes_from_a_directory(project):
    made = b"made by a script\n"
    offer(project, {}, f"""\
[components.hello]
[[components.hello.source-files]]
filename = "made.txt"
hash = "{hashlib.sha256(made).hexdigest()}"
hash-type = "SHA256"
origin = {{ type = "custom", script = "make.sh" }}
""")
    (project.root / "make.sh").write_text("#!/bin/sh\ntouch ran\n")
    result = project.run("component", "prepare-sources", "hello", "out", ok=False)
    assert "'made.txt' is not at hand: its origin is a script, which is not run here" in result.stderr
    place = project.root / "made"
    place.mkdir()
    (place / "made.txt").write_bytes(b"other")
    result = project.run("component", "prepare-sources", "hello", "out", "--from", "made", ok=False)
    assert "holds other bytes than are listed" in result.stderr
    (place / "made.txt").write_bytes(made)
    result = project.run("component", "prepare-sources", "hello", "out", "--from", "made", "--json")
    assert '"path" : "made.txt"' in result.stdout
    assert (project.root / "out/made.txt").read_bytes() == made
    project.run("component", "prepare-sources", "hello", "again")
