# SPDX-License-Identifier: MIT
"""strake upstream: a small apt archive of our own, and everything that may be wrong with one."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

import debarchive

STRAKE = os.environ["STRAKE"]

pytestmark = pytest.mark.skipif(
    bool(debarchive.missing_tools()), reason=f"needs {debarchive.missing_tools()}")

APT_CONF = """Dir::Etc::Parts "/nonexistent";
Dir::Etc::Main "/dev/null";
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "/nonexistent";
Acquire::Check-Valid-Until "{check}";
Acquire::Retries "{retries}";
Acquire::http::Timeout "{timeout}";
Acquire::http::Proxy "DIRECT";
"""

PROJECT = """includes = ["parts/*.toml"]
[project]
description = "test"
default-distro = {{ name = "t", version = "1" }}
lock-dir = "."
output-dir = "out"
[distros.t]
description = "t"
default-version = "1"
[distros.t.versions.1]
description = "1"
release-ver = "1"
upstream = "mini"
[upstreams.mini]
kind = "deb"
description = "test archive"
suite = "mini"
{upstream}
[images.base]
description = "image"
definition = {{ type = "strake" }}
capabilities = {{ container = true }}
kind = "oci"
packages = [{packages}]
"""


class World:
    """An archive, its server, a project that uses it and a store."""

    def __init__(self, tmp, key):
        self.tmp = tmp
        self.archive = debarchive.Archive(tmp / "www", key)
        self.server = debarchive.Server(tmp / "www")
        self.project = tmp / "project"
        (self.project / "parts").mkdir(parents=True)
        self.store = tmp / "store"
        self.apt_conf = tmp / "apt.conf"
        self.apt(check="true")
        self.define(["app"])

    def apt(self, check="true", retries=2, timeout=5, sources="/dev/null"):
        self.apt_conf.write_text(
            APT_CONF.format(check=check, retries=retries, timeout=timeout, sources=sources))

    def define(self, packages, upstream=None, parts=""):
        if upstream is None:
            upstream = (f'mirror = "{self.server.uri}"\n'
                        f'keyring = "{self.archive.key.keyring}"')
        self.upstream = upstream
        (self.project / "strake.toml").write_text(PROJECT.format(
            upstream=upstream, packages=", ".join(f'"{p}"' for p in packages)))
        (self.project / "parts/components.toml").write_text(parts)

    def env(self):
        env = dict(os.environ, APT_CONFIG=str(self.apt_conf), XDG_CONFIG_HOME=str(self.tmp))
        for name in ["http_proxy", "https_proxy", "all_proxy"]:
            env.pop(name, None)
        return env

    def command(self, *args):
        options = [a for a in args if a in ("--offline", "-q")]
        words = [a for a in args if a not in options]
        return [STRAKE, "-C", str(self.project), "--store", str(self.store), *options,
                "upstream", *words]

    def run(self, *args):
        return subprocess.run(self.command(*args), capture_output=True, text=True, timeout=120,
                              env=self.env())

    def ok(self, *args):
        result = self.run(*args)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def fails(self, *args, status=1):
        result = self.run("-q", *args)
        assert result.returncode == status, result.stdout + result.stderr
        prefix = "strake: " if status == 2 else "strake: error: "
        assert result.stderr.startswith(prefix), result.stderr
        assert result.stderr.count("strake: error:") == (status != 2)
        return self.plain(result.stderr.removeprefix(prefix).rstrip("\n"))

    def plain(self, text):
        """Without what differs from run to run."""
        text = text.replace(self.server.uri, "MIRROR").replace(str(self.tmp), "TMP")
        return text

    def lock(self, text=None):
        path = self.project / "mini.lock"
        return re.findall(r'^"([^"]+)" = .*version = "([^"]+)"', path.read_text(), re.M)

    def objects(self):
        return sorted(p.parent.name + p.name for p in (self.store / "objects").glob("*/*"))

    def partials(self):
        return sorted((self.store / "tmp").glob("partial-*"))

    def partial(self, name):
        return (self.store / "tmp" / f"partial-{self.deb_digest(name)}").stat().st_size

    def deb_digest(self, name):
        return debarchive.sha256((self.archive.root / self.archive.file(name)).read_bytes())


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    made = debarchive.Key(tmp_path_factory.mktemp("gpg") / "home", "archive")
    yield made
    made.stop()


def fill(archive):
    archive.add("app", Depends="lib (>= 1.0), tool | other", Priority="optional")
    archive.add("lib", "1.2-1")
    archive.add("tool", "2:3.0-1")
    archive.add("other", "9")


@pytest.fixture(scope="module")
def base(tmp_path_factory, key):
    """The archive that most tests begin with, built and signed once."""
    archive = debarchive.Archive(tmp_path_factory.mktemp("base") / "www", key)
    fill(archive)
    archive.publish()
    return archive.root


@pytest.fixture
def world(tmp_path, key, base):
    shutil.copytree(base, tmp_path / "www")
    w = World(tmp_path, key)
    fill(w.archive)
    yield w
    w.server.stop()


# -- the good way


def test_update_status_fetch_and_offline(world):
    out = world.ok("update")
    assert re.fullmatch(r"mini: 3 packages, [\d.]+ (bytes|kB), index of .* UTC: 3 added\n", out)
    assert world.lock() == [("app", "1.0-1"), ("lib", "1.2-1"), ("tool", "2:3.0-1")]
    assert "nothing moved" in world.ok("status", "--exit-code")
    assert "3 packages" in world.ok("fetch")
    for name in ["app", "lib", "tool"]:
        assert world.deb_digest(name) in world.objects()
    assert world.partials() == []
    before = len(world.server.log)
    assert "all in the store" in world.ok("--offline", "fetch", "--locked")
    assert "nothing moved" in world.ok("--offline", "status")
    assert len(world.server.log) == before, "offline means offline"


def test_index_is_fetched_once_while_it_does_not_change(world):
    world.ok("update")
    world.ok("status")
    assert len(world.server.requests("InRelease")) == 2
    assert len(world.server.requests("Packages")) + len(world.server.requests("by-hash")) == 1


def test_lock_is_stable_and_sorted(world):
    world.ok("update")
    first = (world.project / "mini.lock").read_bytes()
    shutil.rmtree(world.store)
    world.ok("update")
    assert (world.project / "mini.lock").read_bytes() == first


def test_dry_run_writes_nothing(world):
    assert "3 added" in world.ok("update", "--dry-run")
    assert not (world.project / "mini.lock").exists()


def test_json(world):
    world.ok("update")
    world.archive.add("lib", "1.3-1")
    world.archive.publish()
    data = json.loads(world.ok("status", "--json"))[0]
    assert data["upstream"] == "mini" and data["packages"] == 3
    assert data["moves"] == [
        {"kind": "upgraded", "name": "lib", "from": "1.2-1", "to": "1.3-1"}]
    listed = json.loads(world.ok("list", "--json"))[0]
    assert listed["name"] == "mini" and listed["packages"] == 3


def test_list(world):
    assert world.ok("list").splitlines()[1].split() == ["mini", "deb", "mini", "-", "-"]
    world.ok("update")
    assert world.ok("list").splitlines()[1].split()[:4] == ["mini", "deb", "mini", "3"]
    packages = world.ok("list", "mini").splitlines()
    assert [line.split()[:3] for line in packages] == [
        ["app", "1.0-1", "all"], ["lib", "1.2-1", "all"], ["tool", "2:3.0-1", "all"]]
    assert json.loads(world.ok("list", "mini", "--json"))[1]["sha256"] == world.deb_digest("lib")


def test_what_moved(world):
    world.ok("update")
    world.archive.add("lib", "1.3-1")
    world.archive.add("tool", "2:2.9-1")
    world.archive.add("extra", "5")
    world.archive.add("app", "1.0-1", Depends="lib, tool, extra")
    (world.archive.root / world.archive.file("app")).unlink()
    world.archive.publish()
    result = world.run("-q", "status", "--exit-code")
    assert result.returncode == 1 and result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].endswith(": 1 added, 1 upgraded, 1 downgraded, 1 rebuilt")
    assert lines[1:] == ["  rebuilt    app 1.0-1", "  added      extra 5",
                         "  upgraded   lib 1.2-1 -> 1.3-1",
                         "  downgraded tool 2:3.0-1 -> 2:2.9-1"]
    assert world.lock()[1] == ("lib", "1.2-1"), "status writes nothing"
    world.ok("update")
    assert ("lib", "1.3-1") in world.lock()


def test_follow_uses_the_mirror_and_its_own_lock(world):
    world.ok("update")
    committed = (world.project / "mini.lock").read_bytes()
    world.archive.add("lib", "1.3-1")
    world.archive.publish()
    result = world.run("fetch", "--follow")
    assert result.returncode == 0
    assert re.search(r"mini: since the lock of .* UTC: 1 upgraded", result.stderr)
    assert (world.project / "mini.lock").read_bytes() == committed
    assert "1.3-1" in (world.project / "out/mini.lock").read_text()
    assert world.deb_digest("lib") in world.objects()


def test_follow_and_locked_exclude_each_other(world):
    assert world.fails("fetch", "--follow", "--locked", status=2).startswith(
        "--follow and --locked exclude each other")


def test_armored_keyring(world):
    world.define(["app"], f'mirror = "{world.server.uri}"\nkeyring = "{world.archive.key.armored}"')
    assert "3 added" in world.ok("update")


def test_mirror_without_by_hash(world):
    world.archive.by_hash = False
    world.archive.publish()
    world.ok("update")
    assert world.server.requests("by-hash") == []


def test_mirror_that_lacks_its_by_hash_copy(world):
    shutil.rmtree(world.archive.root / "dists/mini/main/binary-amd64/by-hash")
    assert "3 added" in world.ok("update")


def test_file_mirror(world):
    world.define(["app"], f'mirror = "file://{world.archive.root}"\n'
                          f'keyring = "{world.archive.key.keyring}"')
    world.ok("update")
    assert "all in the store" in world.ok("fetch")
    assert world.server.log == []


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="needs apt-config")
@pytest.mark.parametrize("text", [
    "deb [arch=amd64 signed-by=/k/debian-archive-keyring.gpg] {uri}/ stable main\n",
    "# deb http://wrong.invalid/ x main\ndeb-src http://wrong.invalid/ x main\n"
    "deb [signed-by=/k/other.gpg] http://wrong.invalid/ any main\n"
    "deb [signed-by=/k/debian-archive-keyring.gpg] http://wrong.invalid/ stable-security main\n"
    "deb [signed-by=/k/debian-archive-keyring.gpg] {uri} stable main\n",
])
def test_mirror_from_apt(world, text):
    sources = world.tmp / "sources.list"
    sources.write_text(text.format(uri=world.server.uri))
    world.apt(sources=sources)
    world.define(["app"], f'keyring = "{world.archive.key.keyring}"')
    assert "3 added" in world.ok("update")


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="needs apt-config")
def test_no_mirror_known(world):
    world.define(["app"], f'keyring = "{world.archive.key.keyring}"')
    assert world.fails("update") == (
        "no mirror is known for upstream 'mini': this machine's apt names no Debian archive; set "
        "mirror = \"http://...\" in [upstreams.mini]")


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="needs apt-config")
@pytest.mark.parametrize("setting", ['Acquire::http::Proxy "{proxy}";',
                                     'Acquire::http::Proxy::elsewhere.invalid "{proxy}";',
                                     'Acquire::http::Proxy-Auto-Detect "{program}";'])
def test_proxy_from_apt(world, setting):
    """The mirror's host does not exist: only the proxy can know it."""
    program = world.tmp / "detect"
    program.write_text(f"#!/bin/sh\n[ $1 = http://elsewhere.invalid ] && echo {world.server.uri}\n")
    program.chmod(0o755)
    conf = world.apt_conf.read_text().replace('Acquire::http::Proxy "DIRECT";\n', "")
    world.apt_conf.write_text(conf + setting.format(proxy=world.server.uri, program=program))
    world.define(["app"], 'mirror = "http://elsewhere.invalid"\n'
                          f'keyring = "{world.archive.key.keyring}"')
    assert "3 added" in world.ok("update")


# -- names and overlays

RENAME = """
[default-component-config]
overlays = [{ type = "package-remove-dependency", kind = "requires", value = "bridge-*", description = "d" }]
[components.lib]
overlays = [{ type = "package-rename", value = "red-lib", description = "d" }]
[components.other]
overlays = [{ type = "package-add-dependency", kind = "requires", value = "red-lib >= 1.0-0", description = "d" },
            { type = "package-add-dependency", kind = "provides", value = "red-other = 9-0", description = "d" }]
"""


def names(world):
    return [name for name, _ in world.lock()]


def test_new_names_old_names_and_provided_names(world):
    for package, want in [("red-lib", ["lib"]), ("lib", ["lib"]), ("other", ["lib", "other"]),
                          ("red-other", ["lib", "other"])]:
        world.define([package], world.upstream, RENAME)
        world.ok("update")
        assert names(world) == want, package


def test_dependencies_that_overlays_remove(world):
    world.archive.add("app", "2", Depends="bridge-a (>= 7), bridge-b | lib, tool | bridge-c")
    world.archive.publish()
    world.define(["app"], world.upstream, RENAME)
    world.ok("update")
    assert names(world) == ["app", "tool"], "with the preferred one, the whole wish goes"


def test_an_alternative_that_is_needed_anyway_wins(world):
    world.define(["app", "other"])
    world.ok("update")
    assert names(world) == ["app", "lib", "other"]


def test_virtual_packages(world):
    world.archive.add("app", "2", Depends="mail-agent")
    world.archive.add("zmail", "1", Provides="mail-agent", Priority="important")
    world.archive.add("amail", "1", Provides="mail-agent (= 4)", Priority="optional")
    world.archive.add("bmail", "1", Provides="mail-agent", Priority="optional")
    world.archive.publish()
    world.ok("update")
    assert names(world) == ["app", "zmail"], "the highest priority"
    world.define(["app"], world.upstream + '\nprefer = { mail-agent = "bmail" }')
    world.ok("update")
    assert names(world) == ["app", "bmail"], "the definition's choice"
    world.define(["app", "amail"])
    world.ok("update")
    assert names(world) == ["amail", "app"], "what is needed anyway"
    world.archive.add("app", "3", Depends="mail-agent (>= 3)")
    world.archive.publish()
    world.define(["app"])
    world.ok("update")
    assert names(world) == ["amail", "app"], "only versioned ones answer to a version"


def test_packages_of_our_own(world):
    (world.project / "our.spec").write_text(
        "Name: our\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nProvides: base-thing = 1\n"
        "Requires: lib\n%description\nd\n%package extra\nSummary: e\nRequires: tool\n"
        "%description extra\ne\n")
    part = '[components.our]\nspec = { type = "local", path = "../our.spec" }\n'
    world.archive.add("app", "2", Depends="base-thing")
    world.archive.publish()
    world.define(["app", "our"], world.upstream, part)
    world.ok("update")
    assert names(world) == ["app", "lib"]
    part += ('[components.tool]\noverlays = [{ type = "package-rename", value = "red-tool", '
             'description = "d" }]\n')
    (world.project / "tool.spec").write_text((world.project / "our.spec").read_text()
                                             .replace("Name: our", "Name: red-tool")
                                             .replace("base-thing", "another"))
    rebuilt = '[components.rebuilt]\nspec = { type = "local", path = "../tool.spec" }\n'
    world.archive.add("app", "3", Depends="lib, tool")
    world.archive.publish()
    world.define(["app"], world.upstream, part + rebuilt)
    world.ok("update")
    assert names(world) == ["app", "lib"], "what is rebuilt here is not imported"
    world.define(["our-extra"], world.upstream, part)
    world.ok("update")
    assert names(world) == ["tool"]


def test_package_groups_are_imported_too(world):
    world.define(["lib"], world.upstream,
                 '[package-groups.more]\ndescription = "m"\npackages = ["other"]\n')
    world.ok("update")
    assert names(world) == ["lib", "other"]


def test_recommends_and_other_architectures_are_not_followed(world):
    world.archive.add("app", "2", Depends="lib [arm64], tool [amd64]", Recommends="other")
    world.archive.borrow_package("app", "lib")
    world.archive.publish()
    world.ok("update")
    assert names(world) == ["app", "tool"]


# -- what cannot be had


def test_a_name_that_does_not_exist(world):
    world.define(["app", "toool"])
    assert world.fails("update") == (
        "image 'base' wants 'toool', which is no package of upstream 'mini', no new name of one "
        "and none of our own; the nearest name is 'tool'")


def test_unsatisfiable_dependency_names_the_chain(world):
    world.archive.add("lib", "1.2-1", Depends="deep")
    world.archive.add("deep", "1", Depends="gone1 (>= 2) | gone2")
    world.archive.publish()
    assert world.fails("update") == (
        "package 'deep' needs 'gone1 (>= 2) | gone2', which upstream 'mini' does not have\n"
        "  wanted by: image 'base' -> app -> lib -> deep\n"
        "  to go on, give component 'deep' a package-remove-dependency overlay with value = "
        "\"gone1\", or rename or provide the package that took its place")
    assert not (world.project / "mini.lock").exists()


def test_a_version_that_is_not_there(world):
    world.archive.add("app", "2", Depends="lib (>= 7)")
    world.archive.publish()
    assert world.fails("update").startswith(
        "package 'app' needs 'lib (>= 7)', which upstream 'mini' does not have; it has version "
        "1.2-1 of it\n  wanted by: image 'base' -> app\n")


def test_all_that_is_missing_is_reported_at_once(world):
    world.archive.add("app", "2", Depends="gone-a, gone-b, gone-a")
    world.archive.publish()
    message = world.fails("update")
    assert message.count("package 'app' needs") == 2
    assert "'gone-a'" in message and "'gone-b'" in message


def test_broken_stanza(world):
    world.archive.add("lib", "1.3-1", Depends="a (>= 1")
    world.archive.borrow_package("lib", "tool")
    world.archive.publish()
    message = world.fails("update")
    assert re.fullmatch(r"Depends: mini/main/Packages:\d+: relation ends where '\)' is expected, "
                        r"after 'a \(>= 1'", message), message


# -- the altered archive: what a later state of upstream brings


def test_altered_archive(world):
    """A renamed package, a new dependency that nobody has, a file that vanished."""
    world.ok("update")
    vanished = world.archive.root / world.archive.file("tool")
    # lib became lib2, app wants that and something new; the old tool is no longer in the pool
    world.archive.remove("lib")
    world.archive.add("lib2", "2.0-1")
    world.archive.add("tool", "2:3.1-1")
    world.archive.add("app", "1.1-1", Depends="lib2, tool, brand-new (>= 1)")
    world.archive.publish()
    vanished.unlink()
    tool = "tool 2:3.0-1"
    assert world.fails("fetch", "--locked") == (
        f"upstream 'mini': the mirror no longer has 1 of the packages that "
        f"'TMP/project/mini.lock' pins ({tool}): `strake upstream update mini` moves the lock")
    needs = (
        "package 'app' needs 'brand-new (>= 1)', which upstream 'mini' does not have\n"
        "  wanted by: image 'base' -> app\n"
        "  to go on, give component 'app' a package-remove-dependency overlay with value = "
        "\"brand-new\", or rename or provide the package that took its place")
    assert world.fails("fetch", "--follow") == needs
    assert world.fails("update") == needs
    world.define(["app", "lib"], world.upstream,
                 '[components.app]\noverlays = [{ type = "package-remove-dependency", '
                 'kind = "requires", value = "brand-new", description = "d" }]\n')
    assert world.fails("update") == (
        "image 'base' wants 'lib', which is no package of upstream 'mini', no new name of one "
        "and none of our own; the nearest name is 'lib2'")
    (world.project / "parts/lib2.toml").write_text(
        '[components.lib2]\noverlays = [{ type = "package-rename", value = "lib", '
        'description = "d" }]\n')
    lines = world.ok("update").splitlines()
    assert lines[1:] == ["  upgraded   app 1.0-1 -> 1.1-1", "  removed    lib 1.2-1",
                         "  added      lib2 2.0-1", "  upgraded   tool 2:3.0-1 -> 2:3.1-1"]
    assert "3 packages" in world.ok("fetch", "--locked")


# -- a mirror that is not to be believed


def test_unsigned_index(world):
    (world.archive.root / "dists/mini/InRelease").write_text("Suite: mini\n")
    assert world.fails("update") == (
        "mini InRelease: not a signed index: it does not begin as a signed message")


def test_index_changed_after_signing(world):
    path = world.archive.root / "dists/mini/InRelease"
    path.write_bytes(path.read_bytes().replace(b"Origin: Test", b"Origin: Evil"))
    assert world.fails("update") == (
        "mini InRelease: the signature is BAD: the index was changed after it was signed")


def test_text_around_the_signed_part(world):
    path = world.archive.root / "dists/mini/InRelease"
    path.write_bytes(path.read_bytes() + b"\nSHA256:\n evil\n")
    assert world.fails("update") == (
        "mini InRelease: not a signed index: it does not end with a signature")


def test_signed_by_another_key(world, tmp_path):
    stranger = debarchive.Key(tmp_path / "stranger", "stranger")
    try:
        world.archive.key, known = stranger, world.archive.key
        world.archive.publish()
        world.archive.key = known
        message = world.fails("update")
    finally:
        stranger.stop()
    assert re.fullmatch(
        r"mini InRelease: signed only by keys that the keyring does not have \([0-9A-F]{16}\); "
        r"install a newer debian-archive-keyring or set the upstream's keyring", message)


def test_signed_for_another_suite(world):
    release = world.archive.publish()
    world.archive.write_release(release.replace("Codename: mini", "Codename: maxi"))
    assert world.fails("update") == (
        "mini InRelease: it is signed, but for suite 'mini-suite' (maxi) and not for 'mini'")


def test_expired_index(world):
    world.archive.valid_until = 1_700_000_000
    world.archive.released = 1_699_000_000
    world.archive.publish()
    assert world.fails("update") == (
        "mini InRelease: expired on 2023-11-14: the mirror is stale; use another, or tell apt "
        "that this one is meant to be (Acquire::Check-Valid-Until \"false\";)")
    if shutil.which("apt-config"):
        world.apt(check="false")
        result = world.run("update")
        assert result.returncode == 0
        assert "mini: index of 2023-11-03, expired on 2023-11-14; apt is set not to mind" in \
            result.stderr


def test_index_from_the_future(world):
    world.archive.released = time.time() + 86400
    world.archive.publish()
    assert re.fullmatch(r"mini InRelease: its date \(.* UTC\) is in the future; check the clock of "
                        r"this machine", world.fails("update"))


def test_index_that_becomes_bad_leaves_the_old_one(world):
    world.ok("update")
    path = world.archive.root / "dists/mini/InRelease"
    path.write_bytes(path.read_bytes().replace(b"Origin: Test", b"Origin: Evil"))
    world.fails("update")
    assert "nothing moved" in world.ok("--offline", "status")


def test_wrong_bytes_for_packages(world):
    world.server.rules["by-hash"] = ("bytes", b"x" * 50)
    message = world.fails("update")
    assert re.fullmatch(r"MIRROR/dists/mini/main/binary-amd64/by-hash/SHA256/[0-9a-f]{64}: the "
                        r"server stopped after 50 of \d+ bytes \(3 attempts\)", message)


def test_wrong_bytes_for_a_package(world):
    world.ok("update")
    deb = world.archive.root / world.archive.file("lib")
    good = deb.read_bytes()
    world.server.rules["pool/lib"] = ("bytes", bytes(b ^ 1 for b in good))
    message = world.fails("fetch")
    assert re.fullmatch(
        r"MIRROR/pool/lib_1.2-1_all.deb: the server sent other bytes than are listed: "
        r"SHA256 [0-9a-f]{64}, expected [0-9a-f]{64}; nothing of them was kept", message)
    assert world.deb_digest("lib") not in world.objects()
    world.server.rules.clear()
    world.ok("fetch")
    assert world.deb_digest("lib") in world.objects()


def test_more_bytes_than_listed(world):
    world.ok("update")
    good = (world.archive.root / world.archive.file("lib")).read_bytes()
    world.server.rules["pool/lib"] = ("bytes", good + b"more")
    assert world.fails("fetch") == (
        f"MIRROR/pool/lib_1.2-1_all.deb: the server sends more than the {len(good)} bytes that "
        f"the index lists")
    world.server.rules.clear()
    world.ok("fetch")


def test_missing_suite(world):
    world.define(["app"], world.upstream)
    text = (world.project / "strake.toml").read_text().replace('suite = "mini"', 'suite = "nope"')
    (world.project / "strake.toml").write_text(text)
    assert world.fails("update") == (
        "upstream 'mini' (mirror of the definition): MIRROR/dists/nope/InRelease: the server "
        "answered 404")


def test_missing_component(world):
    world.define(["app"], world.upstream + '\ncomponents = ["main", "extra"]')
    assert world.fails("update") == (
        "upstream 'mini': suite 'mini' has no component 'extra' for architecture 'amd64'")


def test_no_server(world):
    world.apt(retries=0)
    world.ok("update")
    world.server.stop()
    assert re.fullmatch(
        r"upstream 'mini' \(mirror of the definition\): MIRROR/dists/mini/InRelease: Failed to "
        r"connect .*; --offline uses the index of \w+, .* UTC", world.fails("update"))
    shutil.rmtree(world.store)
    assert "--offline" not in world.fails("update")


# -- transfers that break


def test_server_error_that_passes(world):
    world.ok("update")
    world.server.rules["pool/lib"] = {"rule": ("status", 503), "times": 2}
    world.ok("fetch")
    assert len(world.server.requests("pool/lib")) == 3


def test_server_error_that_stays(world):
    world.ok("update")
    world.server.rules["pool/lib"] = ("status", 503)
    assert world.fails("fetch") == (
        "MIRROR/pool/lib_1.2-1_all.deb: the server answered 503 (3 attempts)")


def test_connection_that_breaks_is_resumed(world):
    world.archive.add("lib", "1.4-1", padding=300_000)
    world.archive.publish()
    world.ok("update")
    world.server.rules["pool/lib"] = {"rule": ("cut", 100_000), "times": 1}
    world.ok("fetch")
    assert [r for _, r in world.server.requests("pool/lib")] == [None, "bytes=100000-"]
    assert world.deb_digest("lib") in world.objects()


def test_next_run_goes_on_where_the_last_one_stopped(world):
    world.archive.add("lib", "1.4-1", padding=300_000)
    world.archive.publish()
    world.ok("update")
    world.apt(retries=0)
    world.server.rules["pool/lib"] = ("cut", 120_000)
    message = world.fails("fetch")
    assert "pool/lib_1.4-1_all.deb: " in message and "(1 attempts)" in message
    assert world.partial("lib") == 120_000
    world.server.rules.clear()
    world.ok("fetch")
    assert world.server.requests("pool/lib")[-1][1] == "bytes=120000-"
    assert world.partials() == [] and world.deb_digest("lib") in world.objects()


def test_server_without_ranges(world):
    world.archive.add("lib", "1.4-1", padding=300_000)
    world.archive.publish()
    world.ok("update")
    world.apt(retries=0)
    world.server.rules["pool/lib"] = ("cut", 120_000)
    world.fails("fetch")
    world.server.rules["pool/lib"] = ("no-range",)
    world.ok("fetch")
    assert world.deb_digest("lib") in world.objects()


def test_partial_file_with_wrong_bytes_is_started_anew(world):
    world.archive.add("lib", "1.4-1", padding=300_000)
    world.archive.publish()
    world.ok("update")
    (world.store / "tmp" / f"partial-{world.deb_digest('lib')}").write_bytes(b"z" * 5000)
    world.ok("fetch")
    assert [r for _, r in world.server.requests("pool/lib")] == ["bytes=5000-", None]
    assert world.deb_digest("lib") in world.objects()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle(world, how):
    world.archive.add("lib", "1.4-1", padding=300_000)
    world.archive.publish()
    world.ok("update")
    world.server.rules["pool/lib"] = ("pause", 90_000, 20)
    with subprocess.Popen(world.command("fetch"), env=world.env(), stderr=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        for _ in range(400):
            if any(p.stat().st_size >= 90_000 for p in world.partials()):
                break
            time.sleep(0.05)
        process.send_signal(how)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode != 0
    if how != signal.SIGKILL:
        assert process.returncode == 1 and stderr.count("strake: error:") == 1, stderr
    assert world.partial("lib") == 90_000
    assert world.deb_digest("lib") not in world.objects()
    world.server.rules.clear()
    world.ok("fetch")
    assert world.server.requests("pool/lib")[-1][1] == "bytes=90000-"
    assert world.deb_digest("lib") in world.objects() and world.partials() == []


def test_silence_is_a_timeout(world):
    world.apt(retries=0, timeout=3)
    world.ok("update")
    world.server.rules["pool/lib"] = ("slow", 8)
    assert "pool/lib_1.2-1_all.deb: " in world.fails("fetch")


def test_disk_full(world, tmp_path):
    """A store on a file system of 4 MiB, in a mount name space of its own."""
    if subprocess.run(["unshare", "-Ur", "-m", "true"], check=False).returncode != 0:
        pytest.skip("no user name spaces here")
    world.archive.add("lib", "1.4-1", padding=3_000_000)
    world.archive.publish()
    world.ok("update")
    lock = (world.project / "mini.lock").read_bytes()
    fetch = " ".join(world.command("fetch"))
    script = (f"mount -t tmpfs -o size=2m none {world.store} && {fetch}")
    result = subprocess.run(["unshare", "-Ur", "-m", "sh", "-c", script], env=world.env(),
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert re.fullmatch(r"strake: error: the download needs 3.0 MB in the store '.*', where "
                        r"2.1 MB are free\n", result.stderr), result.stderr
    # Space that goes away while bytes arrive: the same, only later.
    world.server.rules["pool/lib"] = ("pause", 500_000, 5)
    script = (f"mount -t tmpfs -o size=4m none {world.store} && "
              f"({fetch} & p=$!; "
              f"while ! find {world.store}/tmp -name 'partial-*' -size +488k 2>/dev/null | grep -q .; "
              f"do kill -0 $p || break; sleep 0.05; done; "
              f"head -c 5m /dev/zero > {world.store}/fill 2>/dev/null; "
              f"wait $p); s=$?; ls {world.store}/objects/*; exit $s")
    result = subprocess.run(["unshare", "-Ur", "-m", "sh", "-c", script], env=world.env(),
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "No space left on device" in result.stderr, result.stderr
    assert world.deb_digest("lib")[2:] not in result.stdout
    assert (world.project / "mini.lock").read_bytes() == lock
    world.server.rules.clear()
    world.ok("fetch")


# -- locks and the store


def test_no_lock(world):
    assert world.fails("fetch") == (
        "upstream 'mini' has no lock at 'TMP/project/mini.lock': run `strake upstream update mini`")


@pytest.mark.parametrize("edit, want", [
    (("format = 1", "format = 2"), "2:10: the lock is of a format that this strake does not know"),
    (("[release]", "[rel"), "4:5: "),
    (('arch = "all", ', ""), "10:9: found no key 'arch'"),
    (("size = ", "size = -"), "10:"),
    (('"pool/', '"../pool/'), "10:1: 'filename' is not a path below the archive"),
    (('version = "1.0-1"', 'version = "1_0"'), "10:1: '1_0' is not a Debian version: "),
])
def test_broken_lock(world, edit, want):
    world.ok("update")
    path = world.project / "mini.lock"
    path.write_text(path.read_text().replace(*edit, 1))
    message = world.fails("fetch")
    assert message.startswith(f"TMP/project/mini.lock:{want}"), message
    assert "3 packages" in world.ok("update"), "update replaces a broken lock"


def test_lock_of_another_suite(world):
    world.ok("update")
    path = world.project / "mini.lock"
    path.write_text(path.read_text().replace('suite = "mini"', 'suite = "maxi"'))
    assert world.fails("fetch") == (
        "'TMP/project/mini.lock' locks suite 'maxi', but upstream 'mini' is suite 'mini' now: run "
        "`strake upstream update mini`")


def test_offline_without_anything(world):
    assert world.fails("--offline", "update") == (
        "the index of upstream 'mini' was never fetched into 'TMP/store', and --offline forbids "
        "to fetch it now")
    world.ok("update")
    assert world.fails("--offline", "fetch") == (
        "upstream 'mini': 3 of 3 packages are not in the store 'TMP/store', and --offline forbids "
        "to fetch them: app 1.0-1, lib 1.2-1, tool 2:3.0-1")


def test_unknown_upstream(world):
    assert "'minni'" in world.fails("update", "minni")


def test_two_fetches_at_once(world):
    world.archive.add("lib", "1.4-1", padding=500_000)
    world.archive.publish()
    world.ok("update")
    world.server.rules["pool/lib"] = ("pause", 100_000, 1)
    both = [subprocess.Popen(world.command("fetch"), env=world.env(), stderr=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
    assert world.deb_digest("lib") in world.objects() and world.partials() == []
