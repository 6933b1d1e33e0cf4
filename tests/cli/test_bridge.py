# SPDX-License-Identifier: MIT
"""strake bridge: packages built here by dpkg-deb, judged by rpm and compared with rpmbuild's."""
import base64
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest

STRAKE = os.environ["STRAKE"]
NEEDED = ["dpkg-deb", "rpm", "rpm2cpio", "rpmbuild"]

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in NEEDED), reason=f"needs {NEEDED}")

CONTROL = {
    "Package": "hello", "Version": "1:2.10+dfsg-3+b1", "Architecture": "amd64",
    "Maintainer": "A <a@example.org>", "Section": "misc", "Priority": "optional",
    "Description": "says hello\n A longer text.\n .\n The end.",
}

PROJECT = """[project]
description = "test"
[components.hello]
overlays = [
{overlays}
]
[components.newlib0t64]
overlays = [ {{ type = "package-rename", value = "newlib", description = "Its name here." }} ]
"""


def run(*args, cwd=None, check=True):
    result = subprocess.run(args, cwd=cwd, capture_output=True, text=True, timeout=120)
    if check:
        assert result.returncode == 0, result.stderr
    return result


class Bench:
    """Builds .deb files and converts them in a directory of its own."""

    def __init__(self, path):
        self.path = path
        self.store = path / "store"
        self.count = 0

    def deb(self, files=None, scripts=None, conffiles=(), md5sums=None, **fields):
        self.count += 1
        root = self.path / f"deb{self.count}"
        control = root / "DEBIAN"
        control.mkdir(parents=True)
        merged = {**CONTROL, **{k.replace("_", "-"): v for k, v in fields.items()}}
        (control / "control").write_text("".join(f"{k}: {v}\n" for k, v in merged.items()))
        for path, content in (files or {}).items():
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, tuple) and content[0] == "link":
                target.symlink_to(content[1])
            elif isinstance(content, tuple) and content[0] == "hard":
                os.link(root / content[1].lstrip("/"), target)
            else:
                target.write_bytes(content if isinstance(content, bytes) else content.encode())
        for name, text in (scripts or {}).items():
            (control / name).write_text(text)
            (control / name).chmod(0o755)
        if conffiles:
            (control / "conffiles").write_text("".join(f"{p}\n" for p in conffiles))
        if md5sums is not None:
            (control / "md5sums").write_text(md5sums)
        for item in sorted(root.rglob("*"), reverse=True):
            os.utime(item, (1700000000, 1700000000), follow_symlinks=False)
        return self.pack(root)

    def pack(self, root):
        out = self.path / f"{root.name}.deb"
        run("dpkg-deb", "--root-owner-group", "-Znone", "-b", str(root), str(out))
        return out

    def project(self, overlays):
        lines = "\n".join(f"  {o}," for o in overlays)
        (self.path / "strake.toml").write_text(PROJECT.format(overlays=lines))

    def strake(self, *args, check=True, store=None):
        return run(STRAKE, "-q", "--store", str(store or self.store), *map(str, args),
                   cwd=self.path, check=check)

    def convert(self, deb, *args, out="out", **kwargs):
        result = self.strake("bridge", "convert", deb, "-o", out, *args, **kwargs)
        return self.path / result.stdout.strip()

    def refused(self, deb, *args):
        result = self.strake("bridge", "convert", deb, "-o", "out", *args, check=False)
        assert result.returncode == 1 and result.stdout == ""
        return result.stderr

    def report(self, deb):
        return json.loads(self.strake("bridge", "inspect", "--json", deb).stdout)[0]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def query(rpm, option):
    return run("rpm", "-qp", "--nosignature", option, str(rpm)).stdout.splitlines()


def array(rpm, expression):
    return run("rpm", "-qp", "--nosignature", "--qf", f"[{expression}\\n]",
               str(rpm)).stdout.splitlines()


def contents(rpm, path):
    """The payload, unpacked by rpm2cpio and cpio."""
    path.mkdir()
    archive = subprocess.run(["rpm2cpio", str(rpm)], capture_output=True, check=True).stdout
    subprocess.run(["cpio", "-idm", "--quiet"], input=archive, cwd=path, check=True)
    return path


FILES = {
    "/usr/bin/hello": "#!/bin/sh\necho hello\n",
    "/usr/bin/hello2": ("hard", "/usr/bin/hello"),
    "/usr/bin/a-third-name": ("hard", "/usr/bin/hello"),
    "/usr/bin/hi": ("link", "hello"),
    "/etc/hello.conf": "answer=42\n",
    "/usr/share/doc/hello/copyright": "free\n",
    "/usr/share/doc/hello/changelog.gz": gzip.compress(b"old news", mtime=0),
    "/usr/share/doc/hello/README": "read me\n",
    "/usr/share/locale/pt_BR/LC_MESSAGES/hello.mo": "ola",
    "/usr/share/man/man1/hello.1.gz": gzip.compress(b".TH", mtime=0),
    "/usr/lib/hello/data": "x" * 100000,
}


def test_package_is_what_was_meant(bench):
    rpm = bench.convert(bench.deb(FILES, conffiles=["/etc/hello.conf"]))
    assert rpm.name == "hello-2.10^dfsg-3^b1^~br1.x86_64.rpm"
    verified = run("rpm", "-K", "-v", "--nosignature", str(rpm)).stdout
    assert verified.count(": OK") == 3 and "BAD" not in verified
    dump = {line.split()[0]: line.split()[1:] for line in query(rpm, "--dump")}
    assert sorted(dump) == [
        "/etc/hello.conf", "/usr/bin/a-third-name", "/usr/bin/hello", "/usr/bin/hello2",
        "/usr/bin/hi", "/usr/lib/hello", "/usr/lib/hello/data", "/usr/share/doc/hello",
        "/usr/share/doc/hello/README", "/usr/share/doc/hello/copyright",
        "/usr/share/locale/pt_BR/LC_MESSAGES/hello.mo", "/usr/share/man/man1/hello.1.gz"]
    text = FILES["/usr/bin/hello"].encode()
    assert dump["/usr/bin/hello"] == [str(len(text)), "1700000000",
                                      hashlib.sha256(text).hexdigest(), "0100644", "root", "root",
                                      "0", "0", "0", "X"]
    assert dump["/usr/bin/hi"][-1] == "hello"
    assert query(rpm, "-c") == ["/etc/hello.conf"]
    assert query(rpm, "-d") == ["/usr/share/doc/hello/README", "/usr/share/man/man1/hello.1.gz"]
    assert query(rpm, "--licensefiles") == ["/usr/share/doc/hello/copyright"]
    assert "pt /usr/share/locale/pt_BR/LC_MESSAGES/hello.mo" in array(
        rpm, "%{FILELANGS} %{FILENAMES}")
    assert query(rpm, "--scripts") == [] and query(rpm, "--triggers") == []
    assert array(rpm, "%{NAME}|%{EPOCH}|%{VERSION}|%{RELEASE}|%{SUMMARY}|%{ARCH}|%{SOURCERPM}") == [
        "hello|1|2.10^dfsg|3^b1^~br1|says hello|x86_64|hello-2.10^dfsg-3^b1.src.rpm"]
    assert run("rpm", "-qp", "--qf", "%{DESCRIPTION}",
               str(rpm)).stdout == "A longer text.\n\nThe end."


def test_payload_unpacks_with_its_hard_links(bench, tmp_path):
    root = contents(bench.convert(bench.deb(FILES)), tmp_path / "root")
    assert (root / "usr/lib/hello/data").read_text() == FILES["/usr/lib/hello/data"]
    names = [root / "usr/bin" / n for n in ("hello", "hello2", "a-third-name")]
    assert len({n.stat().st_ino for n in names}) == 1
    assert names[0].read_text() == FILES["/usr/bin/hello"]
    assert not (root / "usr/share/doc/hello/changelog.gz").exists()


def test_same_bytes_everywhere(bench, tmp_path):
    deb = bench.deb(FILES, conffiles=["/etc/hello.conf"])
    first = bench.convert(deb).read_bytes()
    again = bench.convert(deb, out="again", store=tmp_path / "elsewhere").read_bytes()
    assert first == again
    assert bench.convert(deb, out="memo").read_bytes() == first


def test_dependencies(bench):
    bench.project([])
    rpm = bench.convert(bench.deb(
        FILES,
        Pre_Depends="init-helper", Depends="newlib0t64 (>= 2.42-1), a | b (>= 1.0), c:any, "
        "d (= 1.0-1), e (<< 2~), f (<= 3), g (>> 4-1), h (<< 1:2.53.0-.)",
        Recommends="r", Suggests="s | t", Enhances="u", Breaks="old (<< 2-1), plain",
        Conflicts="mta", Replaces="old (<< 2-1), moved (<< 9), mta",
        Provides="old (= 2), mta, virtual (= 1.5)"))
    requires = [line for line in query(rpm, "--requires") if not line.startswith("rpmlib")]
    assert requires == [
        "(a or b >= 1.0-0)", "c", "deb(d) = 1.0-1", "deb(f) <= 3-0", "deb(g) > 4-1",
        "e < 2~-0", "h < 1:2.53.0-99999999", "init-helper", "newlib >= 2.42-1"]
    assert query(rpm, "--recommends") == ["r"] and query(rpm, "--suggests") == ["(s or t)"]
    assert query(rpm, "--enhances") == ["u"]
    assert query(rpm, "--conflicts") == ["deb(old) < 2-1", "mta", "plain"]
    assert query(rpm, "--obsoletes") == ["old < 2-1"]  # neither moved files nor a shared name
    assert query(rpm, "--provides") == [
        "deb(hello) = 1:2.10^dfsg-3^b1", "deb(old) = 2-0", "deb(virtual) = 1.5-0",
        "hello = 1:2.10^dfsg-3^b1^~br1", "hello(x86-64) = 1:2.10^dfsg-3^b1^~br1", "mta",
        "old = 2-0", "virtual = 1.5-0"]


def test_native_version_and_noarch(bench):
    rpm = bench.convert(bench.deb({"/usr/share/x": "x"}, Version="12", Architecture="all"))
    assert rpm.name == "hello-12-0^~br1.noarch.rpm"


def test_libraries_provide_and_need_sonames(bench):
    true = pathlib.Path(shutil.which("true")).resolve()
    deb = bench.deb({"/usr/bin/true2": true.read_bytes()})
    root = bench.path / "deb1"
    (root / "usr/bin/true2").chmod(0o755)
    requires = query(bench.convert(bench.pack(root)), "--requires")
    wanted = run("/usr/lib/rpm/elfdeps", "--requires", str(true)).stdout.split("\n")
    assert "libc.so.6()(64bit)" in requires and set(filter(None, wanted)) <= set(requires)
    assert deb.exists()


def test_pkgconfig_files_are_provides(bench):
    rpm = bench.convert(bench.deb({
        "/usr/lib/x86_64-linux-gnu/pkgconfig/zlib.pc":
            "prefix=/usr\nmajor=1\nv=${major}.3\n\nName: z\nVersion: ${v}.1\nRequires: x\n",
        "/usr/share/pkgconfig/odd.pc": "Name: odd\nVersion: no version\n"}))
    provides = query(rpm, "--provides")
    assert "pkgconfig(zlib) = 1.3.1" in provides and "pkgconfig(odd)" in provides


SPEC = """Name: hello
Epoch: 1
Version: 2.10^dfsg
Release: 3^b1^~br1
Summary: says hello
License: unknown; see copyright file
Group: misc
Requires: (a or b)
Requires: c >= 1-0
Provides: deb(hello) = 1:2.10^dfsg-3^b1
%description
A longer text.

The end.
%install
cp -a {root}/usr {root}/etc %{{buildroot}}/
rm -r %{{buildroot}}/usr/share/doc/hello/changelog.gz
%files
%config(noreplace) /etc/hello.conf
/usr/bin/*
%dir /usr/lib/hello
/usr/lib/hello/data
%dir /usr/share/doc/hello
%doc /usr/share/doc/hello/README
%license /usr/share/doc/hello/copyright
%lang(pt) /usr/share/locale/pt_BR/LC_MESSAGES/hello.mo
/usr/share/man/man1/hello.1.gz
"""


def tags(rpm, expression):
    return run("rpm", "-qp", "--nosignature", "--qf", expression, str(rpm)).stdout


def test_tags_are_those_of_rpmbuild(bench, tmp_path):
    ours = bench.convert(bench.deb(FILES, conffiles=["/etc/hello.conf"], Depends="a | b, c (>= 1)"))
    spec = tmp_path / "hello.spec"
    spec.write_text(SPEC.format(root=bench.path / "deb1"))
    run("rpmbuild", "-bb", "--target", "x86_64", "--define", f"_topdir {tmp_path}/rpmbuild",
        "--define", "_binary_payload w3.zstdio", "--define", "__os_install_post %{nil}",
        "--define", "debug_package %{nil}", "--define", "_build_id_links none", str(spec))
    theirs = next((tmp_path / "rpmbuild/RPMS/x86_64").glob("*.rpm"))
    same = ["NAME", "EPOCH", "VERSION", "RELEASE", "SUMMARY", "DESCRIPTION", "LICENSE", "GROUP",
            "SIZE", "OS", "ARCH", "PAYLOADFORMAT", "PAYLOADCOMPRESSOR", "PAYLOADFLAGS",
            "ENCODING", "FILEDIGESTALGO", "PAYLOADDIGESTALGO"]
    for tag in same:
        assert tags(ours, f"%{{{tag}}}") == tags(theirs, f"%{{{tag}}}"), tag
    arrays = ["FILENAMES", "FILEMODES", "FILESIZES", "FILEDIGESTS", "FILELINKTOS",
              "FILEUSERNAME", "FILEGROUPNAME", "FILEVERIFYFLAGS", "FILELANGS", "FILERDEVS",
              "FILENLINKS", "BASENAMES", "DIRNAMES", "DIRINDEXES", "REQUIRENAME", "REQUIREVERSION",
              "REQUIREFLAGS", "PROVIDENAME", "PROVIDEVERSION", "PROVIDEFLAGS", "HEADERI18NTABLE"]
    # a licence that lies among the documentation is no documentation: --nodocs must keep it
    assert [f.replace("130", "128") for f in array(theirs, "%{FILEFLAGS}")] == \
        array(ours, "%{FILEFLAGS}")
    for tag in arrays:
        assert array(ours, f"%{{{tag}}}") == array(theirs, f"%{{{tag}}}"), tag
    ignored = {"BUILDHOST", "SIGMD5", "PKGID", "PACKAGER", "OPTFLAGS", "FILECAPS", "FILESIGNATURES",
               "CHANGELOGTIME", "COOKIE", "VENDOR", "DISTRIBUTION", "FILEDEPENDSX",
               "FILEDEPENDSN", "DEPENDSDICT"}
    names = run("rpm", "--querytags").stdout.split()
    for tag in names:  # what rpmbuild records, we record
        if tag in ignored or tag.startswith(("CHANGELOG", "HEADERSIG", "SIG", "DSA", "RSA")):
            continue
        if tags(theirs, f"%{{{tag}}}") != "(none)":
            assert tags(ours, f"%{{{tag}}}") != "(none)", tag


def overlay(what, **fields):
    body = ", ".join(f"{k} = {json.dumps(v)}" for k, v in fields.items())
    return f'{{ type = "package-{what}", description = "why", {body} }}'


def test_overlays_change_the_package(bench):
    bench.project([
        overlay("rename", value="hallo"),
        overlay("file-remove", file="/usr/share/man/**"),
        overlay("file-add", file="/etc/hallo.d/x.conf", lines=["a", "b"], mode=0o600, config=True),
        overlay("file-move", file="/usr/lib/hello", replacement="/usr/lib/hallo"),
        overlay("set-attr", file="/usr/bin/hello", mode=0o4755, capability="cap_net_raw=ep"),
        overlay("add-dependency", kind="requires", value="extra >= 1-0"),
        overlay("remove-dependency", kind="requires", value="gone*"),
        overlay("add-user", lines=["u hallo - \"Hallo\" /"]),
        overlay("add-tmpfiles", lines=["d /var/lib/hallo 0750 hallo hallo -"]),
        overlay("enable-unit", value="hallo.service"),
        overlay("alternative", file="/usr/bin/salve", target="hello"),
    ])
    rpm = bench.convert(bench.deb(FILES, Depends="gone1 | other, stays"))
    assert rpm.name.startswith("hallo-2.10")
    dump = {line.split()[0]: line.split() for line in query(rpm, "--dump")}
    assert not any(path.startswith("/usr/share/man") for path in dump)
    assert dump["/etc/hallo.d/x.conf"][4:8] == ["0100600", "root", "root", "1"]
    assert dump["/usr/lib/hallo/data"][1] == "100000" and "/usr/lib/hello" not in dump
    assert dump["/usr/bin/hello"][4] == "0104755" and dump["/usr/bin/salve"][-1] == "hello"
    assert "/usr/bin/hello cap_net_raw=ep" in array(rpm, "%{FILENAMES} %{FILECAPS}")
    requires = query(rpm, "--requires")
    assert "extra >= 1-0" in requires and "stays" in requires
    assert not any("gone" in r or "other" in r for r in requires)
    provides = query(rpm, "--provides")
    line = base64.b64encode(b'u hallo - "Hallo" /' + bytes(2)).decode()
    assert {f"user(hallo) = {line}", "group(hallo)", "hello = 1:2.10^dfsg-3^b1^~br1"} <= set(provides)
    root = contents(rpm, bench.path / "root")
    assert (root / "usr/lib/sysusers.d/hallo-strake.conf").read_text() == 'u hallo - "Hallo" /\n'
    assert (root / "usr/lib/tmpfiles.d/hallo-strake.conf").read_text() == \
        "d /var/lib/hallo 0750 hallo hallo -\n"
    assert (root / "usr/lib/systemd/system-preset/60-hallo.preset").read_text() == \
        "enable hallo.service\n"
    assert (root / "etc/hallo.d/x.conf").read_text() == "a\nb\n"


@pytest.mark.parametrize("wrong", [
    overlay("file-remove", file="/usr/share/nothing/**"),
    overlay("file-move", file="/usr/lib/nothing", replacement="/usr/lib/x"),
    overlay("set-attr", file="/usr/bin/nothing", mode=0o755),
    overlay("remove-dependency", kind="requires", value="nothing"),
])
def test_overlay_without_effect_is_an_error(bench, wrong):
    bench.project([wrong])
    message = bench.refused(bench.deb(FILES))
    assert "strake.toml:5:3: package-" in message and "matches nothing in hello" in message
    assert "why" in message and not list(bench.path.glob("out/*"))


def test_scripts_become_data(bench):
    script = ("#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then\n"
              "  chown root:mail /usr/bin/hello\n  chmod 2755 /usr/bin/hello\n"
              "  cp /usr/share/hello/default.conf /etc/hello-copied.conf\n"
              "  ldconfig\nfi\n")
    deb = bench.deb({**FILES, "/usr/share/hello/default.conf": "default\n"},
                    scripts={"postinst": script})
    rpm = bench.convert(deb)
    assert query(rpm, "--scripts") == []
    dump = {line.split()[0]: line.split() for line in query(rpm, "--dump")}
    assert dump["/usr/bin/hello"][4:7] == ["0102755", "root", "mail"]
    assert dump["/etc/hello-copied.conf"][7] == "1"
    root = contents(rpm, bench.path / "root")
    assert (root / "etc/hello-copied.conf").read_text() == "default\n"
    assert (root / "usr/bin/hello").stat().st_mode & 0o7777 == 0o2755
    assert "ldconfig" in bench.report(deb)["caches"]
    assert "group(mail)" in query(rpm, "--requires")


STRANGE = "#!/bin/sh\nset -e\nfrobnicate --the world\n"


def residue(bench, deb):
    page = bench.strake("bridge", "inspect", deb).stdout
    line = next(text for text in page.splitlines() if text.startswith("Script postinst"))
    return line.split()[-1]


def test_unhandled_script_is_refused_until_an_overlay_has_read_it(bench):
    deb = bench.deb(FILES, scripts={"postinst": STRANGE})
    message = bench.refused(deb)
    assert "postinst:3: frobnicate --the world" in message and "package-note-script" in message
    page = bench.strake("bridge", "inspect", deb).stdout
    assert "UNHANDLED" in page and "Refused" in page
    good = residue(bench, deb)
    bench.project([overlay("note-script", script="postinst", sha256=good)])
    assert bench.convert(deb).exists()
    changed = bench.deb(FILES, scripts={"postinst": STRANGE + "frobnicate more\n"})
    message = bench.refused(changed, "--following")
    assert "is not the text that the overlay at" in message and "frobnicate more" in message


def test_changed_script_whose_commands_are_understood(bench):
    bench.project([overlay("note-script", script="postinst", sha256="0" * 64)])
    deb = bench.deb(FILES, scripts={"postinst": "#!/bin/sh\nset -e\nchmod 0755 /usr/bin/hello\n"})
    assert "residue has the SHA-256" in bench.refused(deb)
    assert bench.convert(deb, "--following").exists()


def test_force_writes_what_is_refused(bench):
    deb = bench.deb(FILES, scripts={"postinst": STRANGE})
    assert bench.convert(deb, "--force").exists()


def test_wrong_md5sum_is_an_error(bench):
    deb = bench.deb(FILES, md5sums="0" * 32 + "  usr/lib/hello/data\n")
    assert "usr/lib/hello/data" in bench.refused(deb) and not list(bench.path.glob("out/*"))


@pytest.mark.parametrize("damage", ["truncate", "garbage", "empty"])
def test_bad_deb_is_one_clear_error(bench, damage):
    deb = bench.deb(FILES)
    data = deb.read_bytes()
    deb.write_bytes({"truncate": data[:len(data) // 2], "garbage": os.urandom(5000),
                     "empty": b""}[damage])
    message = bench.refused(deb)
    assert message.count("\n") == 1 and "deb1.deb" in message
    assert not list(bench.path.glob("out/*")) and not list(bench.store.glob("tmp/*"))


def test_missing_file(bench):
    assert "nowhere.deb" in bench.refused("nowhere.deb")


def test_moves_by_pattern_keep_the_version(bench):
    bench.project([
        overlay("file-move", file="/boot/vmlinuz-*", replacement="/usr/lib/modules/*/vmlinuz"),
        overlay("file-move", file="/usr/share/hello/sample.conf",
                replacement="/etc/hello/hello.conf", config=True),
        overlay("file-move", file="/boot/none-*", replacement="/usr/lib/*", optional=True),
        overlay("file-remove", file="/usr/share/none/**", optional=True),
        overlay("remove-dependency", kind="requires", value="none", optional=True),
    ])
    rpm = bench.convert(bench.deb({
        "/boot/vmlinuz-6.1+x-cloud": "kernel", "/boot/vmlinuz-": "nothing between",
        "/usr/share/hello/sample.conf": "a = 1\n"}))
    dump = {line.split()[0]: line.split() for line in query(rpm, "--dump")}
    assert "/usr/lib/modules/6.1+x-cloud/vmlinuz" in dump and "/boot/vmlinuz-" in dump
    assert "/boot/vmlinuz-6.1+x-cloud" not in dump
    assert dump["/etc/hello/hello.conf"][7] == "1"


def test_noted_script_adds_nothing(bench):
    script = "#!/bin/sh\nset -e\ncp /usr/share/hello/default.conf /etc/hello-copied.conf\n"
    deb = bench.deb({**FILES, "/usr/share/hello/default.conf": "default\n"},
                    scripts={"postinst": script})
    assert "/etc/hello-copied.conf" in query(bench.convert(deb, out="one"), "-l")
    bench.project([overlay("note-script", script="postinst", sha256=residue(bench, deb))])
    assert "/etc/hello-copied.conf" not in query(bench.convert(deb, out="two"), "-l")


def test_noted_script_that_is_gone_hides_nothing(bench):
    bench.project([overlay("note-script", script="postinst", sha256="0" * 64)])
    assert bench.convert(bench.deb(FILES)).exists()
