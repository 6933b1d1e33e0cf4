# SPDX-License-Identifier: MIT
"""Upstream kind rpm-md: a dnf repository of our own on loopback, and all that may be wrong with one,
from `strake upstream update` to an installed tree."""
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
import rpmrepo

STRAKE = os.environ["STRAKE"]

pytestmark = pytest.mark.skipif(
    bool(rpmrepo.missing_tools()), reason=f"needs {rpmrepo.missing_tools()}")

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
kind = "rpm-md"
description = "test repository"
{upstream}
[images.base]
description = "image"
definition = {{ type = "strake" }}
capabilities = {{ container = true }}
kind = "oci"
packages = [{packages}]
"""


class World:
    """A repository, its server, a project that uses it and a store."""

    def __init__(self, tmp, key):
        self.tmp, self.key = tmp, key
        self.repo = rpmrepo.Repository(tmp / "www/fedora/99", key)
        self.server = debarchive.Server(tmp / "www")
        self.project = tmp / "project"
        (self.project / "parts").mkdir(parents=True)
        shutil.copy(key.armored, self.project / "key.asc")
        self.store = tmp / "store"
        self.define(["app"])

    def signed(self, *mirrors, base=None):
        lines = [f'base-uri = "{base or self.server.uri + "/fedora/$releasever/"}"',
                 'release-ver = "99"', 'gpg-key = "key.asc"', "repo-gpg-check = true"]
        if mirrors:
            lines.append("mirrors = [" + ", ".join(f'"{m}"' for m in mirrors) + "]")
        return "\n".join(lines)

    def define(self, packages, upstream=None, parts=""):
        (self.project / "strake.toml").write_text(PROJECT.format(
            upstream=upstream or self.signed(),
            packages=", ".join(f'"{p}"' for p in packages)))
        (self.project / "parts/components.toml").write_text(parts)

    def command(self, *args):
        options = [a for a in args if a in ("--offline", "-q")]
        words = [a for a in args if a not in options]
        if words[0] not in ("repo", "pkg", "config", "bridge"):
            words.insert(0, "upstream")
        return [STRAKE, "-C", str(self.project), "--store", str(self.store), *options, *words]

    def run(self, *args):
        env = dict(os.environ, XDG_CONFIG_HOME=str(self.tmp), STRAKE_KEYS=str(self.tmp / "keys"))
        for name in ["http_proxy", "https_proxy", "all_proxy"]:
            env.pop(name, None)
        return subprocess.run(self.command(*args), capture_output=True, text=True, timeout=120,
                              env=env)

    def ok(self, *args):
        result = self.run(*args)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def plain(self, text):
        text = text.replace(self.server.uri, "MIRROR").replace(str(self.tmp), "TMP")
        return re.sub(r"[0-9a-f]{64}", "DIGEST", text)

    def fails(self, *args):
        """The one error message, without what differs from run to run."""
        result = self.run("-q", *args)
        assert result.returncode == 1, result.stdout + result.stderr
        warnings, _, message = result.stderr.rpartition("strake: error: ")
        assert "error:" not in warnings and _, result.stderr
        return self.plain(message.rstrip("\n"))

    def lock(self):
        return (self.project / "mini.lock").read_text()

    def locked(self):
        return re.findall(r'^"([^"]+)" = .*version = "([^"]+)"', self.lock(), re.M)

    def objects(self):
        return {p.parent.name + p.name for p in (self.store / "objects").glob("*/*")}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    home = tmp_path_factory.mktemp("gpg")
    made = [rpmrepo.Key(home / name, name) for name in ["upstream", "stranger"]]
    yield made
    for key in made:
        key.stop()


def fill(repo):
    repo.add("app", version="1.0", tags="Requires: lib >= 1.2, tool-data\n")
    repo.add("lib", version="1.2", epoch=3)
    repo.add("lib-old", version="9", tags="Provides: lib = 1.0\n")
    repo.add("tool", version="2~rc1", tags="Provides: tool-data\nRequires: /opt/deep/file\n")
    repo.add("deep", files=["/opt/deep/file"])
    repo.add("unused")


@pytest.fixture(scope="module")
def base(tmp_path_factory, keys):
    root = tmp_path_factory.mktemp("base") / "www"
    repo = rpmrepo.Repository(root / "fedora/99", keys[0])
    fill(repo)
    repo.publish()
    return root


@pytest.fixture
def world(tmp_path, keys, base):
    shutil.copytree(base, tmp_path / "www")
    w = World(tmp_path, keys[0])
    yield w
    w.server.stop()


LOCKED = [("app", "1.0-1.fc99"), ("deep", "1-1.fc99"), ("lib", "3:1.2-1.fc99"),
          ("tool", "2~rc1-1.fc99")]


# -- the good way


def test_update_fetch_offline_and_status(world):
    out = world.ok("update")
    assert re.fullmatch(r"mini: 4 packages, [\d.]+ kB, index of 2023-11-14 22:13:20 UTC: 4 added\n",
                        out)
    assert world.locked() == LOCKED
    assert "repomd-sha256" in world.lock() and "suite" not in world.lock()
    assert "nothing moved" in world.ok("status", "--exit-code")
    assert "4 packages" in world.ok("fetch")
    for name in ["app", "lib"]:
        data = next(world.repo.packages.glob(f"{name}-[0-9]*.rpm")).read_bytes()
        assert rpmrepo.sha256(data) in world.objects()
        assert rpmrepo.sha256(data) in world.lock()
    before = len(world.server.log)
    assert "all in the store" in world.ok("--offline", "fetch")
    assert "nothing moved" in world.ok("--offline", "status")
    assert len(world.server.log) == before, "offline means offline"
    assert re.search(r"^mini +rpm-md +- +4  2023-11-14 22:13:20 UTC$", world.ok("list"), re.M)
    assert json.loads(world.ok("list", "mini", "--json"))[2]["version"] == "3:1.2-1.fc99"


def test_the_metadata_is_fetched_once(world):
    world.ok("update")
    world.ok("status")
    assert len(world.server.requests("primary")) == 1
    assert len(world.server.requests("filelists")) == 1, "only because of /opt/deep/file"


def test_file_lists_are_left_alone_when_nobody_needs_them(world):
    world.define(["lib"])
    world.ok("update")
    assert world.server.requests("filelists") == []


@pytest.mark.parametrize("compress", ["gz", "xz", "zstd", "bz2"])
def test_compressions(world, compress):
    if compress == "zstd":
        listed = subprocess.run(["createrepo_c", "--help"], capture_output=True, text=True).stdout
        if "zstd" not in listed:
            compress_with_zstd(world.repo)
        else:
            world.repo.publish(compress="zstd")
    else:
        world.repo.publish(compress=compress)
    world.ok("update")
    assert world.locked() == LOCKED


def compress_with_zstd(repo):
    """createrepo_c 0.17 cannot: the same metadata, packed anew and listed so."""
    import gzip
    text = repo.repomd.read_text()
    for path in list(repo.repomd.parent.glob("*.xml.gz")):
        packed = subprocess.run(["zstd", "-q", "-c"], input=gzip.decompress(path.read_bytes()),
                                capture_output=True, check=True).stdout
        name = rpmrepo.sha256(packed) + "-" + path.name.split("-")[1].replace(".gz", ".zst")
        old = path.read_bytes()
        (path.parent / name).write_bytes(packed)
        text = text.replace(path.name, name).replace(rpmrepo.sha256(old), rpmrepo.sha256(packed))
        text = text.replace(f"<size>{len(old)}</size>", f"<size>{len(packed)}</size>")
        path.unlink()
    repo.repomd.write_text(text)
    repo.sign()


def test_zchunk_is_passed_over_and_refused_alone(world):
    world.repo.edit_repomd(lambda text: text.replace(
        "</repomd>", '<data type="primary_zck"><location href="repodata/p.xml.zck"/></data>'
                     "</repomd>"))
    world.ok("update")
    world.repo.edit_repomd(lambda text: re.sub(r'(href="[^"]*-primary\.xml)\.gz"', r'\1.zck"',
                                               text))
    assert world.fails("update") == (
        "upstream 'mini': MIRROR/fedora/99/repodata/repomd.xml: the primary metadata is "
        "'repodata/DIGEST-primary.xml.zck'; expected .xml, .gz, .xz, .zst or .bz2")


def test_moves_are_compared_as_rpm_versions(world):
    world.ok("update")
    world.repo.add("tool", version="2", tags="Provides: tool-data\n")  # 2 is newer than 2~rc1
    world.repo.add("lib", version="1.10", epoch=3)
    world.repo.publish(revision="1700000001")
    out = world.ok("status")
    assert "  upgraded   lib 3:1.2-1.fc99 -> 3:1.10-1.fc99\n" in out
    assert "  upgraded   tool 2~rc1-1.fc99 -> 2-1.fc99\n" in out
    assert "  removed    deep 1-1.fc99\n" in out
    assert world.locked() == LOCKED, "status writes nothing"


def test_lock_is_stable(world):
    world.ok("update")
    first = world.lock()
    shutil.rmtree(world.store)
    world.ok("update")
    assert world.lock() == first


def test_repositories_of_a_distro(world):
    updates = rpmrepo.Repository(world.tmp / "www/updates/99", world.key)
    updates.add("lib", version="1.3", epoch=3)
    updates.publish(revision="1700000500")
    world.define(["app"], parts=f"""[distros.fedora]
description = "f"
default-version = "99"
repos = [
  {{ base-uri = "{world.server.uri}/fedora/$releasever/" }},
  {{ base-uri = "{world.server.uri}/gone", mirrors = ["{world.server.uri}/updates/$releasever"] }},
]
[distros.fedora.versions.99]
description = "99"
release-ver = "99"
""", upstream='distro = "fedora"\ngpg-key = "key.asc"\nrepo-gpg-check = true')
    world.ok("update")
    assert world.locked()[2] == ("lib", "3:1.3-1.fc99")
    assert 'lib-1.3-1.fc99.noarch.rpm", repo = 1, size' in world.lock()
    assert "4 packages" in world.ok("fetch")
    world.define(["app"])
    assert world.fails("fetch").startswith(
        "upstream 'mini': the lock has package 'lib' from repository 1, but there are only 1 now")


def test_a_lock_of_more_repositories_is_refused(world):
    world.ok("update")
    path = world.project / "mini.lock"
    path.write_text(world.lock().replace(", size", ", repo = 4, size", 1))
    assert world.fails("fetch") == (
        "upstream 'mini': the lock has package 'app' from repository 4, but there are only 1 now: "
        "run `strake upstream update mini`")


def test_own_packages_come_first(world):
    spec = world.project / "parts/lib.spec"
    spec.write_text("Name: lib\nVersion: 5\nRelease: 1%{?dist}\nSummary: s\nLicense: MIT\n"
                    "Requires: unused\n%description\nd\n%files\n")
    world.define(["app"], parts='[components.lib]\nspec = { type = "local", path = "lib.spec" }\n')
    world.ok("update")
    assert [name for name, _ in world.locked()] == ["app", "deep", "tool", "unused"]
    spec.write_text(spec.read_text().replace("Version: 5", "Version: 1.1"))
    assert ("needs lib >= 1.2, whose provider lib-3:1.2-1.fc99.noarch is excluded"
            in world.fails("update"))


# -- mirrors


def test_a_broken_mirror_is_passed_over(world):
    good = f"{world.server.uri}/fedora/99"
    world.define(["app"], upstream=world.signed(good, base=f"{world.server.uri}/nowhere"))
    result = world.run("update")
    assert result.returncode == 0
    assert world.plain(result.stderr).startswith(
        "warning: MIRROR/nowhere/repodata/repomd.xml: the server answered 404; trying the "
        "next mirror\n")
    world.ok("fetch")


def test_packages_come_from_whichever_mirror_has_them_whole(world):
    shutil.copytree(world.repo.root, world.tmp / "www/second")
    first = f"{world.server.uri}/fedora/99"
    world.define(["app"], upstream=world.signed(f"{world.server.uri}/second", base=first))
    world.ok("update")
    next(world.repo.packages.glob("tool-*.rpm")).unlink()
    broken = next(world.repo.packages.glob("app-*.rpm"))
    broken.write_bytes(b"\0" * broken.stat().st_size)
    assert "4 packages" in world.ok("fetch")


def test_all_mirrors_broken(world):
    world.define(["app"], upstream=world.signed(f"{world.server.uri}/b", base=f"{world.server.uri}/a"))
    assert world.fails("update") == (
        "upstream 'mini': none of 2 mirrors is good; the first: MIRROR/a/repodata/repomd.xml: "
        "the server answered 404")


# -- what is wrong with an index


REPOMD = "upstream 'mini': MIRROR/fedora/99/repodata/repomd.xml: "


def test_index_changed_after_signing(world):
    world.repo.edit_repomd(lambda text: text.replace("1700000000", "1800000000"), sign=False)
    assert world.fails("update") == (
        REPOMD + "the signature is BAD: the index was changed after it was signed")


def test_index_unsigned(world):
    (world.repo.repomd.parent / "repomd.xml.asc").unlink()
    assert world.fails("update") == (
        REPOMD + "it is not signed (there is no repomd.xml.asc), but upstream 'mini' asks for that "
        "with 'repo-gpg-check'")


def test_index_signed_by_a_stranger(world, keys):
    world.repo.sign(keys[1])
    assert re.fullmatch(
        re.escape(REPOMD) + r"signed only by keys that the keyring does not have \([0-9A-F]{16}\); "
        "add the new key to the upstream's gpg-key", world.fails("update"))


def test_http_without_a_signed_index_is_refused(world):
    world.define(["app"], upstream=f'base-uri = "{world.server.uri}/fedora/99"\n'
                                   'gpg-key = "key.asc"')
    assert world.fails("update") == (
        "TMP/project/strake.toml:14:12: upstream 'mini': nothing vouches for what comes from "
        "'MIRROR/fedora/99'; use https://, or set 'repo-gpg-check = true' where repomd.xml is "
        "signed")
    world.define(["app"], upstream=f'base-uri = "file://{world.repo.root}"\ngpg-key = "key.asc"')
    world.ok("update")
    world.ok("fetch")
    assert world.locked() == LOCKED


@pytest.mark.parametrize("upstream, message", [
    ('base-uri = "https://x.example"',
     "upstream 'mini' needs a 'gpg-key', or 'disable-gpg-check = true'"),
    ('gpg-key = "key.asc"', "upstream 'mini' needs one of the keys 'base-uri' and 'distro'"),
    ('base-uri = "https://x.example"\ndisable-gpg-check = true\nrepo-gpg-check = true',
     "upstream 'mini' asks for 'repo-gpg-check' and has no 'gpg-key' to check with"),
    ('distro = "t"\ngpg-key = "key.asc"', "upstream 'mini' names a distro that has no 'repos'"),
])
def test_definitions(world, upstream, message):
    world.define(["app"], upstream=upstream)
    assert world.fails("config", "check") == "TMP/project/strake.toml:14:12: " + message


def test_addresses_and_keys(world):
    world.define(["app"], upstream='base-uri = "ftp://x.example/"\ngpg-key = "key.asc"')
    assert world.fails("update").endswith(
        "the address 'ftp://x.example' is not http://, https:// or file:///")
    world.define(["app"], upstream='base-uri = "https://x.example/$releasever"\n'
                                   'gpg-key = "key.asc"')
    assert world.fails("update").endswith(
        "the address 'https://x.example/$releasever' needs a 'release-ver'")
    world.define(["app"])
    (world.project / "key.asc").write_text("no key")
    assert world.fails("update").endswith("the gpg-key 'TMP/project/key.asc' is not an armored "
                                          "OpenPGP key")
    (world.project / "key.asc").unlink()
    assert world.fails("update") == (
        "gpg-key of upstream 'mini': open 'TMP/project/key.asc': No such file or directory")


@pytest.mark.parametrize("text, message", [
    ("", "it is empty"),
    ("<html>404</html>", ":1: the document is not a <repomd>"),
    ("<repomd><da", None),
    ('<!DOCTYPE a [<!ENTITY b "c">]><repomd/>', ":1: a document type is not allowed here"),
    ("<repomd><revision>1</revision></repomd>", "it lists no primary metadata"),
    ('<repomd><data type="primary"><location href="../../x.xml"/></data></repomd>',
     ":1: the href of a location is not a path below the repository"),
    ('<repomd><data type="primary"><checksum type="sha1">aa</checksum>'
     '<location href="p.xml"/><size>3</size></data></repomd>',
     "it gives no SHA-256 of the primary metadata"),
])
def test_index_malformed(world, text, message):
    world.repo.edit_repomd(lambda _: text)
    said = world.fails("update")
    prefix = REPOMD.removesuffix(": ")
    if message is None:
        assert said.startswith(prefix + ":1: this is not XML: ")
    else:
        assert said == prefix + (message if message.startswith(":") else ": " + message)


def test_index_absurd_size(world):
    world.repo.edit_repomd(lambda text: re.sub(r"<open-size>\d+", "<open-size>99999999999999", text))
    assert world.fails("update") == (
        REPOMD + "the primary metadata would be 100.0 TB, more than is accepted")


def test_primary_bomb(world):
    world.repo.edit_primary(lambda text: text + " " * (64 << 20), open_size=5000)
    said = world.fails("update")
    assert said == ("upstream 'mini': MIRROR/fedora/99/repodata/DIGEST-primary.xml.gz: unpacks to "
                    "more than the 5000 bytes that are accepted")


def test_primary_corrupt(world):
    path = world.repo.primary()
    path.write_bytes(b"\0" * path.stat().st_size)
    assert world.fails("update") == (
        "upstream 'mini': MIRROR/fedora/99/repodata/DIGEST-primary.xml.gz: the server sent other "
        "bytes than are listed: SHA256 DIGEST, expected DIGEST; nothing of them was kept")


def test_primary_truncated(world):
    path = world.repo.primary()
    path.write_bytes(path.read_bytes()[:100])
    assert re.fullmatch(
        r"upstream 'mini': MIRROR/fedora/99/repodata/DIGEST-primary.xml.gz: the server stopped "
        r"after 100 of \d+ bytes \(3 attempts\)", world.fails("update"))


def test_primary_gone(world):
    world.repo.primary().unlink()
    assert world.fails("update") == (
        "upstream 'mini': MIRROR/fedora/99/repodata/DIGEST-primary.xml.gz: the server answered 404")


def test_primary_lies_about_what_it_unpacks_to(world):
    world.repo.edit_repomd(lambda text: re.sub(
        r'(<data type="primary">.*?<open-checksum type="sha256">)[0-9a-f]+', r"\g<1>" + "a" * 64,
        text, flags=re.S))
    assert world.fails("update") == (
        "upstream 'mini': MIRROR/fedora/99/repodata/DIGEST-primary.xml.gz: unpacks to other bytes "
        "than repomd.xml lists")


@pytest.mark.parametrize("old, new, message", [
    (r'<location href="Packages/app-', '<location href="../../../app-',
     "the index gives no usable location of package app-1.0-1.fc99.noarch"),
    (r'<size package="', '<size was="', "the index gives no size of package "),
    (r'<checksum type="sha256" pkgid="YES">', '<checksum type="md5" pkgid="YES">',
     "repository '0': 'MIRROR/fedora/99/repodata/DIGEST-primary.xml.gz': line "),
])
def test_primary_hostile(world, old, new, message):
    world.repo.edit_primary(lambda text: text.replace(old, new))
    assert world.fails("update").startswith("upstream 'mini': " + message)


def test_primary_is_not_xml(world):
    world.repo.edit_primary(lambda text: text[:len(text) // 2])
    assert world.fails("update").startswith("upstream 'mini': repository '0': ")


def test_names_that_cannot_be_had(world):
    world.define(["app", "unusd"])
    assert world.fails("update") == (
        "upstream 'mini': image 'base' asks for 'unusd', but no package has this name or provides "
        "it; did you mean 'unused'?")
    world.repo.remove("lib")
    world.repo.publish()
    world.define(["app"])
    assert world.fails("update") == (
        "upstream 'mini': the packages asked for cannot be installed together:\n"
        "  image 'base' asks for 'app'\n"
        "  app-1.0-1.fc99.noarch needs lib >= 1.2, which no package provides\n"
        "  it would be solved by not asking for 'app'")


def test_offline_without_anything(world):
    assert world.fails("--offline", "update") == (
        "the index of upstream 'mini' was never fetched into 'TMP/store', and --offline forbids to "
        "fetch it now")
    world.ok("update")
    assert world.fails("--offline", "fetch") == (
        "upstream 'mini': 4 of 4 packages are not in the store 'TMP/store', and --offline forbids "
        "to fetch them: app 1.0-1.fc99, deep 1-1.fc99, lib 3:1.2-1.fc99, tool 2~rc1-1.fc99")


# -- what is wrong with packages


def test_package_vanished(world):
    world.ok("update")
    world.repo.remove("tool")
    assert world.fails("fetch") == (
        "upstream 'mini': the mirror no longer has 1 of the packages that 'TMP/project/mini.lock' "
        "pins (tool 2~rc1-1.fc99): `strake upstream update mini` moves the lock")


def test_package_corrupt(world):
    world.ok("update")
    path = next(world.repo.packages.glob("app-*.rpm"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert world.fails("fetch") == (
        "MIRROR/fedora/99/Packages/app-1.0-1.fc99.noarch.rpm: the server sent other bytes than are "
        "listed: SHA256 DIGEST, expected DIGEST; nothing of them was kept")
    assert rpmrepo.sha256(bytes(data)) not in world.objects()


def republish_as_is(world):
    world.repo.publish(revision="1700000002")
    world.ok("update")


def test_package_unsigned(world):
    world.repo.remove("app")
    world.repo.add("app", key=False, version="1.0", tags="Requires: lib >= 1.2\n")
    republish_as_is(world)
    assert world.fails("fetch") == "upstream 'mini': package 'app' is not signed"
    world.define(["app"], upstream=world.signed() + "\ndisable-gpg-check = true")
    world.ok("fetch")


def test_package_signed_by_a_stranger(world, keys):
    world.repo.remove("app")
    world.repo.add("app", key=keys[1], version="1.0", tags="Requires: lib >= 1.2\n")
    republish_as_is(world)
    message = ("upstream 'mini': package 'app' is signed with a key that is not among the keys of "
               "its upstream")
    assert world.fails("fetch") == message
    assert world.fails("--offline", "fetch") == message, "what failed is not remembered as good"
    with (world.project / "key.asc").open("a") as ring:
        ring.write(keys[1].armored.read_text())
    world.ok("fetch")


def test_package_renamed(world):
    """Another package, signed by upstream as well, under this one's name."""
    world.ok("update")
    evil = next(world.repo.packages.glob("unused-*.rpm"))
    victim = next(world.repo.packages.glob("app-*.rpm"))
    old = victim.read_bytes()
    shutil.copy(evil, victim)
    new = victim.read_bytes()
    first = world.lock().index('"app"')
    lock = world.lock().replace(rpmrepo.sha256(old), rpmrepo.sha256(new))
    (world.project / "mini.lock").write_text(
        lock[:first] + lock[first:].replace(f"size = {len(old)}, ", f"size = {len(new)}, ", 1))
    assert world.fails("fetch") == (
        "the file of package 'app-1.0-1.fc99.noarch' is package 'unused-1-1.fc99.noarch': the index "
        "lies")


def test_payload_changed_under_a_good_signature(world):
    """The signature covers the header, the header covers the payload."""
    world.ok("update")
    victim = next(world.repo.packages.glob("app-*.rpm"))
    old = victim.read_bytes()
    new = old[:-1] + bytes([old[-1] ^ 1])
    victim.write_bytes(new)
    (world.project / "mini.lock").write_text(
        world.lock().replace(rpmrepo.sha256(old), rpmrepo.sha256(new)))
    said = world.fails("fetch")
    assert said.startswith("package 'app': ") and "payload" in said, said


def test_interrupted_download_goes_on(world):
    world.repo.remove("app")
    world.repo.add("app", version="1.0", tags="Requires: lib >= 1.2\n")
    path = next(world.repo.packages.glob("app-*.rpm"))
    republish_as_is(world)
    world.server.rules["app-1.0"] = ("pause", 1000, 30)
    process = subprocess.Popen(world.command("fetch"), stderr=subprocess.PIPE, text=True)
    partial = world.store / "tmp" / f"partial-{rpmrepo.sha256(path.read_bytes())}"
    for _ in range(300):
        if partial.exists() and partial.stat().st_size >= 1000:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 1
    world.server.rules.clear()
    world.ok("fetch")
    assert ("fedora/99/Packages/app-1.0-1.fc99.noarch.rpm", "bytes=1000-") in world.server.log


# -- overlays, publishing, installing


def test_overlays_on_inherited_packages_are_refused(world):
    world.define(["app"], parts="""[[components.lib.overlays]]
type = "package-file-remove"
description = "no"
file = "/usr/share/lib/data"
""")
    message = (
        "TMP/project/parts/components.toml:1:1: component 'lib': an overlay of type "
        "'package-file-remove' changes packages that the bridge makes, but 'lib' is inherited as an "
        "RPM, byte for byte; to change it, build it from source with overlays on its spec")
    assert world.fails("update") == message
    world.define(["app"])
    world.ok("update")
    world.define(["app"], parts="""[[components.lib.overlays]]
type = "package-file-remove"
description = "no"
file = "/usr/share/lib/data"
""")
    assert world.fails("fetch") == message


def test_there_is_nothing_to_bridge(world):
    world.ok("update")
    assert world.fails("bridge", "import") == (
        "upstream 'mini' is not of kind 'deb': there is nothing to bridge")


def test_published_solved_and_installed(world):
    world.ok("update")
    world.ok("repo", "publish")
    published = world.project / "out/repo/x86_64"
    for path in published.glob("Packages/*/*.rpm"):
        assert path.read_bytes() == (world.repo.packages / path.name).read_bytes()
    assert len(list(published.glob("Packages/*/*.rpm"))) == 4
    trusted = (published / "RPM-GPG-KEY").read_text()
    assert trusted.count("BEGIN PGP PUBLIC KEY BLOCK") == 2
    assert trusted.endswith(world.key.armored.read_text())
    assert world.ok("repo", "check", str(published)) == ""
    solved = world.ok("pkg", "solve", "-r", str(published), "app")
    assert "lib-3:1.2-1.fc99.noarch" in solved and "needed by app-1.0-1.fc99.noarch" in solved
    if subprocess.run(["unshare", "-U", "-m", "-r", "true"]).returncode != 0:
        pytest.skip("no user name spaces: the last step needs them")
    tree = world.tmp / "tree"
    world.ok("pkg", "install", "-r", str(published), "--root", str(tree), "app")
    assert (tree / "usr/share/app/data").read_text() == "app 1.0\n"
    before = len(world.server.log)
    world.ok("--offline", "repo", "publish", str(world.tmp / "again"))
    assert len(world.server.log) == before


@pytest.mark.skipif(shutil.which("dnf") is None, reason="no dnf")
@pytest.mark.skipif(os.getuid() != 0, reason="dnf installs as root only")
def test_dnf_trusts_what_is_inherited(world, keys):
    """A client that knows one file, RPM-GPG-KEY: metadata signed by us, packages by upstream."""
    world.ok("update")
    world.ok("repo", "publish")
    published = world.project / "out/repo/x86_64"

    def install(tag, key):
        repos = world.tmp / f"repos-{tag}"
        repos.mkdir()
        (repos / "dnf.conf").write_text("[main]\n")
        (repos / "own.repo").write_text(
            f"[own]\nname=own\nbaseurl=file://{published}\ngpgcheck=1\nrepo_gpgcheck=1\n"
            f"gpgkey=file://{key}\n")
        return subprocess.run(
            ["dnf", "-y", "-c", repos / "dnf.conf", f"--setopt=reposdir={repos}",
             f"--setopt=cachedir={repos}/cache", "--setopt=plugins=0", "--releasever=1",
             f"--installroot={world.tmp}/dnf-{tag}", "install", "app"],
            capture_output=True, text=True, timeout=120)

    done = install("good", published / "RPM-GPG-KEY")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (world.tmp / "dnf-good/usr/share/lib/data").exists()
    ours = world.tmp / "ours.asc"
    ours.write_text((published / "RPM-GPG-KEY").read_text().removesuffix(
        world.key.armored.read_text()))
    assert install("ours", ours).returncode != 0, "upstream's key is needed for its packages"


def test_scripts_need_a_reason(world):
    world.repo.add("hooked", tags="Provides: /bin/sh\n", body="%post\necho hi\n%preun\necho bye\n")
    world.repo.publish(revision="1700000003")
    world.define(["hooked", "lib"])
    world.ok("update")
    assert world.fails("repo", "publish") == (
        "inherited packages have scripts, and no script runs when an image is composed:\n"
        "  hooked 1-1.fc99 has %post, %preun\n"
        "allow one with 'allow-unhandled = true' and an 'allow-reason' in its component, or leave "
        "them out with --skip-refused")
    world.ok("repo", "publish", "--skip-refused")
    assert len(list(world.project.glob("out/repo/x86_64/Packages/*/*.rpm"))) == 1
    world.define(["hooked", "lib"], parts='[components.hooked]\nallow-unhandled = true\n'
                                          'allow-reason = "it only says hello"\n')
    world.ok("repo", "publish")
    assert len(list(world.project.glob("out/repo/x86_64/Packages/*/*.rpm"))) == 2
