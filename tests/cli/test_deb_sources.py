# SPDX-License-Identifier: MIT
"""Source archives of an apt archive in components: pinned by the lock, fetched by digest."""
import json
import os
import subprocess

import pytest

import debarchive
from test_upstream import World, key, pytestmark  # noqa: F401 (a fixture and the same needs)

STRAKE = os.environ["STRAKE"]

SPEC = """Name: hello
Epoch: %{upstream_epoch}
Version: %{upstream_version}
Release: 1
Summary: Says hello
License: MIT
Source0: hello.tar.xz
Source1: note

%description
It says hello.

%changelog
* Mon Jan 05 2026 A Person <a@example.org> - 1
- First
"""

COMPONENT = """
[components.hello]
spec = {{ type = "local", path = "hello/hello.spec" }}
[[components.hello.source-files]]
filename = "hello.tar.xz"
origin = {{ type = "deb", source = "{source}"{more} }}
{hash}
"""


class SourceWorld(World):
    def component(self, source="hello", more="", hash=""):
        self.define(["app"], parts=COMPONENT.format(source=source, more=more, hash=hash))
        folder = self.project / "parts/hello"
        folder.mkdir(exist_ok=True)
        (folder / "hello.spec").write_text(SPEC)
        (folder / "note").write_text("a file of the component\n")

    def source(self, version="1:2.5+dfsg-3", content=b"tar " * 1000):
        upstream = version.split(":")[-1].split("-")[0]
        files = {f"hello_{upstream}.orig.tar.xz": content,
                 f"hello_{upstream}.orig.tar.xz.asc": b"signature",
                 f"hello_{upstream}.orig-extra.tar.gz": b"extra " * 50,
                 f"hello_{version.split(':')[-1]}.debian.tar.xz": b"debian", "hello.dsc": b"dsc"}
        self.archive.add_source("hello", version, files)
        self.archive.publish()

    def strake(self, *args, ok=True):
        words = [STRAKE, "-q", "-C", str(self.project), "--store", str(self.store), *args]
        result = subprocess.run(words, capture_output=True, text=True, timeout=120, env=self.env())
        assert (result.returncode == 0) == ok, result.stderr + result.stdout
        return result.stdout if ok else self.plain(result.stderr)

    def prepare(self, name, *options):
        folder = self.tmp / name
        self.strake(*options, "component", "prepare-sources", "hello", str(folder))
        return folder


@pytest.fixture
def world(tmp_path, key):  # noqa: F811
    w = SourceWorld(tmp_path, key)
    w.archive.add("app")
    w.component()
    w.source()
    yield w
    w.server.stop()


def test_from_the_archive_into_the_rendered_tree(world):
    assert "1 package, 1 source" in world.ok("update")
    assert '\n[sources]\n"hello" = { version = "1:2.5+dfsg-3", arch = "source", filename = ' \
           '"pool/h/hello/hello_2.5+dfsg.orig.tar.xz", size = 4000, ' in \
           (world.project / "mini.lock").read_text()
    tree = world.prepare("one")
    assert (tree / "hello.tar.xz").read_bytes() == b"tar " * 1000
    assert (tree / "note").exists()
    digest = debarchive.sha256(b"tar " * 1000)
    assert (tree / "sources").read_text() == f"SHA256 (hello.tar.xz) = {digest}\n"
    macros = (tree / "hello.azl.macros").read_text()
    assert "%upstream_version 2.5^dfsg\n" in macros and "%upstream_epoch 1\n" in macros
    seen = len(world.server.log)
    again = world.prepare("two", "--offline")
    assert (again / "hello.tar.xz").read_bytes() == b"tar " * 1000
    assert len(world.server.log) == seen, "the second time needs no network"


def test_render_without_the_archive_names_its_digest(world):
    world.ok("update")
    seen = len(world.server.requests("pool/"))
    world.strake("component", "render", "hello", "-o", str(world.tmp / "specs"))
    digest = debarchive.sha256(b"tar " * 1000)
    sources = world.tmp / "specs/h/hello/sources"
    assert sources.read_text() == f"SHA256 (hello.tar.xz) = {digest}\n"
    assert len(world.server.requests("pool/")) == seen


def test_index_of_sources_only_when_needed(world):
    world.define(["app"])
    world.ok("update")
    assert not world.server.requests("main/source")
    world.component()
    world.ok("update")
    assert len(world.server.requests("main/source")) == 1
    world.ok("status")
    assert len(world.server.requests("main/source")) == 1


def test_fetch_takes_sources_too(world):
    world.ok("update")
    assert "1 package, 1 source" in world.ok("fetch")
    seen = len(world.server.log)
    world.prepare("one", "--offline")
    assert len(world.server.log) == seen


def test_interrupted_download_goes_on(world):
    world.ok("update")
    world.apt(retries=0)
    world.server.rules["orig.tar.xz"] = {"rule": ("cut", 1000), "times": 1}
    world.strake("component", "prepare-sources", "hello", str(world.tmp / "x"), ok=False)
    world.prepare("one")
    assert [r for _, r in world.server.requests("orig.tar.xz")][-1] == "bytes=1000-"


def test_moved_upstream(world):
    world.ok("update")
    pool = world.archive.root / "pool/h/hello"
    (pool / "hello_2.5+dfsg.orig.tar.xz").unlink()
    world.source("1:2.6-1", b"new " * 10)
    error = world.strake("component", "prepare-sources", "hello", str(world.tmp / "x"), ok=False)
    assert "the mirror no longer has 1 of" in error and "hello 1:2.5+dfsg-3" in error
    assert "`strake upstream update mini` moves the lock" in error
    status = world.ok("status")
    assert "upgraded   hello (source) 1:2.5+dfsg-3 -> 1:2.6-1" in status
    moves = json.loads(world.ok("status", "--json"))[0]
    assert moves["sources"] == 1 and moves["moves"][0]["arch"] == "source"
    world.ok("update")
    assert (world.prepare("one") / "hello.tar.xz").read_bytes() == b"new " * 10


def test_other_bytes_are_refused(world):
    world.ok("update")
    world.server.rules["orig.tar.xz"] = ("bytes", b"bad " * 1000)
    error = world.strake("component", "prepare-sources", "hello", str(world.tmp / "x"), ok=False)
    assert "the server sent other bytes than " in error
    assert not (world.tmp / "x").exists()


def test_a_file_by_glob(world):
    world.component(more=', file = "*.orig-extra.tar.*"')
    world.ok("update")
    assert '"hello *.orig-extra.tar.*" = {' in (world.project / "mini.lock").read_text()
    assert (world.prepare("one") / "hello.tar.xz").read_bytes() == b"extra " * 50


def test_a_digest_in_the_definition_holds(world):
    good = debarchive.sha256(b"tar " * 1000)
    world.component(hash=f'hash-type = "SHA256"\nhash = "{good}"')
    world.ok("update")
    world.prepare("one")
    world.component(hash='hash-type = "SHA256"\nhash = "' + "0" * 64 + '"')
    error = world.strake("component", "prepare-sources", "hello", str(world.tmp / "x"), ok=False)
    assert "parts/components.toml:4:1: component 'hello': 'hash' of 'hello.tar.xz' is not that of " \
           "version 1:2.5+dfsg-3" in error


def test_what_cannot_be_had(world):
    error = world.strake("component", "prepare-sources", "hello", str(world.tmp / "x"), ok=False)
    assert "upstream 'mini' has no lock" in error and "strake upstream update mini" in error
    world.ok("update")
    world.component(more=', file = "*.zip"')
    error = world.strake("component", "prepare-sources", "hello", str(world.tmp / "x"), ok=False)
    assert "source 'hello *.zip' is not in the lock of upstream 'mini': `strake upstream update " \
           "mini` adds it" in error
    assert "has no file '*.zip'; it has hello_2.5+dfsg.orig.tar.xz," in world.fails("update")
    world.component(more=', file = "*.tar.*"')
    assert "matches both" in world.fails("update")
    world.component(source="helo")
    assert "component 'hello': the archive has no source package 'helo'; the nearest is 'hello'" \
        in world.fails("update")
    world.component(more=', url = "x"')
    assert "unknown key 'url'" in world.fails("update")


def test_offline_without_the_index(world):
    world.define(["app"])
    world.ok("update")
    world.component()
    error = world.fails("--offline", "update")
    assert "mini/main/Sources was never fetched" in error


# -- archives of the project's own files

TREE = """
[components.hello]
spec = {{ type = "local", path = "hello/hello.spec" }}
build.defines = {{ upstream_version = "1", upstream_epoch = "0" }}
[[components.hello.source-files]]
filename = "hello.tar.xz"
origin = {{ type = "tree", path = "../own", files = [{files}] }}
"""


def tree_world(world, files='"*.c", "sub/**"'):
    world.component()
    (world.project / "parts/components.toml").write_text(TREE.format(files=files))
    own = world.project / "own"
    (own / "sub").mkdir(parents=True)
    (own / "b.c").write_text("b\n")
    (own / "a.c").write_text("a\n")
    (own / "left.o").write_text("no source\n")
    (own / "sub/run").write_text("#!/bin/sh\n")
    (own / "sub/run").chmod(0o700)
    return own


def test_archive_of_the_projects_files(world):
    own = tree_world(world)
    one = world.prepare("one") / "hello.tar.xz"
    listing = subprocess.run(["tar", "--utc", "--numeric-owner", "-tvf", one], text=True,
                             capture_output=True, check=True, timeout=60).stdout
    rows = [line.split() for line in listing.splitlines()]
    assert [(r[0], r[1], r[5]) for r in rows] == [
        ("-rw-r--r--", "0/0", "hello/a.c"), ("-rw-r--r--", "0/0", "hello/b.c"),
        ("-rwxr-xr-x", "0/0", "hello/sub/run")]
    assert {(r[3], r[4]) for r in rows} == {("2026-01-01", "00:00")}
    os.utime(own / "a.c", (1, 1))
    (own / "a.c").chmod(0o600)
    assert (world.prepare("two") / "hello.tar.xz").read_bytes() == one.read_bytes()
    (own / "a.c").write_text("changed\n")
    assert (world.prepare("three") / "hello.tar.xz").read_bytes() != one.read_bytes()


def test_archive_of_no_files(world):
    tree_world(world, '"*.h"')
    error = world.strake("component", "prepare-sources", "hello", str(world.tmp / "x"), ok=False)
    assert "source file 'hello.tar.xz': '*.h' matches no file below" in error
    world.component(source="hello")
    (world.project / "parts/components.toml").write_text(
        TREE.format(files='"*"').replace(', files = ["*"]', ""))
    assert "an origin of type 'tree' needs the key 'files'" in world.fails("update")


def test_the_tools_spec_has_the_tools_version():
    root = os.environ["STRAKE_SOURCE_ROOT"]
    spec = open(f"{root}/distro/specs/strake-tools/strake-tools.spec").read()
    assert f"\nVersion:        {open(f'{root}/VERSION').read().strip()}\n" in spec
