# SPDX-License-Identifier: MIT
"""Overlays from the command line: specs, loose files, tarballs; all or nothing."""
import gzip
import io
import json
import lzma
import os
import pathlib
import subprocess
import tarfile

import pytest

from tool import strake


SPEC = """\
Name:           demo
Version:        1
Source0:        demo-1.tar.gz
Patch0:         CVE-1.patch

%description
Text.

%build
make
"""


def run(*args, data=None):
    return strake(*args, input=data, text=False)


@pytest.fixture
def place(tmp_path):
    class Place:
        spec = tmp_path / "demo.spec"
        toml = tmp_path / "ov.toml"
        sources = tmp_path / "src"

        def apply(self, overlays, *args, sources=True):
            self.toml.write_text(overlays)
            where = ["--sources", self.sources] if sources else []
            return run("overlay", "apply", self.spec, self.toml, *where, *args)

        def files(self):
            return {str(p.relative_to(self.sources)): p.read_bytes()
                    for p in sorted(self.sources.rglob("*")) if p.is_file() and not p.is_symlink()}

    place = Place()
    place.sources.mkdir()
    place.spec.write_text(SPEC)
    (place.sources / "demo.spec").write_text(SPEC)
    (place.sources / "CVE-1.patch").write_text("one\n")
    (place.sources / "a.conf").write_text("x=1\ny=1\n")
    (place.sources / "sub").mkdir()
    (place.sources / "sub" / "b.conf").write_text("x=1\n")
    (place.sources / ".git").mkdir()
    (place.sources / ".git" / "b.conf").write_text("x=1\n")
    return place


# -- specs

def test_print_gives_the_same_bytes(tmp_path):
    for i, data in enumerate([b"", b"a", b"a\r\nb", b"\x00\xff%if\n", SPEC.encode(),
                              b"x" * 3_000_000 + b"\n%build"]):
        path = tmp_path / str(i)
        path.write_bytes(data)
        result = run("spec", "print", path)
        assert result.returncode == 0 and result.stdout == data
        assert run("spec", "print", "-", data=data).stdout == data


def test_parse_json(tmp_path):
    path = tmp_path / "x.spec"
    path.write_text("%global a 1\n%if 1\n%ifarch x\nName: n\n%else\n%endif\n%endif\n"
                    "%package -n b\nSummary: s\n")
    doc = json.loads(run("spec", "parse", "--json", path).stdout)
    assert [(s["name"], s["package"], s["line"], s["end-line"]) for s in doc["sections"]] == [
        ("", "", 1, 7), ("%package", "b", 8, 9)]
    assert doc["sections"][0]["tags"] == [
        {"name": "Name", "value": "n", "line": 4, "conditionals": [2, 3]}]
    (outer,) = doc["conditionals"]
    (inner,) = outer["children"]
    assert (outer["line"], outer["end-line"], outer["expression"]) == (2, 7, "1")
    assert inner["directive"] == "%ifarch" and inner["branches"][0]["line"] == 5
    assert doc["macros"] == [{"directive": "%global", "name": "a", "options": "", "body": "1",
                              "line": 1, "end-line": 1}]
    assert doc["first-unpaired-line"] is None and doc["line-ends"] == "lf"
    assert doc["files"] == []


def test_parse_lists_files(tmp_path):
    path = tmp_path / "x.spec"
    path.write_text("Name: n\nVersion: 1\nSource0: https://x/%{name}-%{version}%{?tail}.tgz\n"
                    "Patch: %{unknown}.patch\n")
    result = run("spec", "parse", "--json", "-D", "tail -rc", path)
    assert [(f["kind"], f["file"], f["line"], f["expanded"])
            for f in json.loads(result.stdout)["files"]] == [
        ("source", "n-1-rc.tgz", 3, True), ("patch", "%{unknown}.patch", 4, False)]
    assert run("spec", "parse", "--define", "tail", path).returncode == 2


def test_styles(place):
    overlay = '[[overlays]]\ntype = "spec-set-tag"\ntag = "version"\nvalue = "2"\n'
    azldev = place.apply(overlay, sources=False)
    assert azldev.stdout.decode() == SPEC.replace("Version:        1", "version: 2")
    kept = place.apply(overlay, "--style", "preserving", sources=False)
    assert kept.stdout.decode() == SPEC.replace("Version:        1", "Version:        2")
    wrong = place.apply(overlay, "--style", "other", sources=False)
    assert wrong.returncode == 1 and b"azldev or preserving" in wrong.stderr


def test_all_failures_are_reported_and_nothing_is_written(place):
    out = place.spec.parent / "out.spec"
    result = place.apply("""
[[overlays]]
type = "spec-set-tag"
tag = "Version"
value = "2"

[[overlays]]
type = "spec-update-tag"
description = "a newer release"
tag = "Relase"
value = "2"

[[overlays]]
type = "file-remove"
file = "a.conf"

[[overlays]]
type = "spec-search-replace"
regex = "^maek"
replacement = "x"

[[overlays]]
type = "file-remove"
file = "nothing-*"
""", "-o", out)
    text = result.stderr.decode()
    assert result.returncode == 1 and result.stdout == b""
    assert "3 of 5 overlays do not apply" in text
    assert "ov.toml:7: spec-update-tag (a newer release): there is no tag 'Relase'" in text
    assert "ov.toml:17: spec-search-replace" in text
    assert "ov.toml:22: file-remove: 'nothing-*' matches no file" in text
    assert not out.exists() and "a.conf" in place.files()
    assert not [p for p in place.sources.iterdir() if p.name.startswith(".strake")]


def test_output_file(place):
    place.spec.chmod(0o640)
    result = place.apply('[[overlays]]\ntype = "spec-append-lines"\nlines = ["x"]\n', "-o",
                         place.spec, sources=False)
    assert result.returncode == 0 and result.stdout == b""
    assert place.spec.read_text() == SPEC + "x\n" and place.spec.stat().st_mode & 0o777 == 0o640


def test_spec_from_standard_input(place):
    place.toml.write_text('[[overlays]]\ntype = "spec-append-lines"\nlines = ["x"]\n')
    assert run("overlay", "apply", "-", place.toml, data=b"a").stdout == b"a\nx\n"


def test_a_long_line(place):
    place.spec.write_bytes(b"a" * (100 << 20))
    result = place.apply('[[overlays]]\ntype = "spec-search-replace"\nregex = "(a|aa)+$"\n'
                         'replacement = "b"\n', sources=False)
    assert result.returncode == 0 and result.stdout == b"b\n"


# -- loose files

GOOD = [
    ("prepend to several", 'type = "file-prepend-lines"\nfile = "**/*.conf"\nlines = ["p", "q"]',
     {"a.conf": b"p\nq\nx=1\ny=1\n", "sub/b.conf": b"p\nq\nx=1\n"}),
    ("replace where it matches",
     'type = "file-search-replace"\nfile = "**/*.conf"\nregex = "y=1"\nreplacement = "z"',
     {"a.conf": b"x=1\nz\n"}),
    ("anchors are those of the text",
     'type = "file-search-replace"\nfile = "a.conf"\nregex = "1\\n$"\nreplacement = "2"',
     {"a.conf": b"x=1\ny=2"}),
    ("replacement is literal",
     'type = "file-search-replace"\nfile = "a.conf"\nregex = "(x)"\nreplacement = "\\\\1$1"',
     {"a.conf": b"\\1$1=1\ny=1\n"}),
    ("replacement with groups",
     'type = "file-search-replace"\nfile = "a.conf"\nregex = "(.)=1"\n'
     'replacement = "\\\\1=2"\nexpand = true\ncount = 2',
     {"a.conf": b"x=2\ny=2\n"}),
    ("add", 'type = "file-add"\nfile = "sub/new"\nsource = "given"', {"sub/new": b"given\n"}),
    ("remove", 'type = "file-remove"\nfile = "*.conf"', {"a.conf": None}),
    ("remove below", 'type = "file-remove"\nfile = "sub/**"', {"sub/b.conf": None}),
    ("rename", 'type = "file-rename"\nfile = "sub/*"\nreplacement = "c"',
     {"sub/b.conf": None, "sub/c": b"x=1\n"}),
    ("add a patch", 'type = "patch-add"\nsource = "given"', {"given": b"given\n"}),
    ("remove a patch", 'type = "patch-remove"\nfile = "CVE-*"', {"CVE-1.patch": None}),
]


@pytest.mark.parametrize("style", ["azldev", "preserving"])
@pytest.mark.parametrize("name,overlay,want", GOOD, ids=[row[0] for row in GOOD])
def test_files(place, name, overlay, want, style):
    (place.toml.parent / "given").write_text("given\n")
    expected = place.files()
    for path, content in want.items():
        if content is None:
            del expected[path]
        else:
            expected[path] = content
    result = place.apply("[[overlays]]\n" + overlay, "--style", style)
    assert result.returncode == 0, result.stderr
    assert place.files() == expected


BAD = [
    ("only specs match", 'type = "file-remove"\nfile = "*.spec"', "but specs"),
    ("git is not seen", 'type = "file-remove"\nfile = ".git/*"', "matches no file"),
    ("add over a file", 'type = "file-add"\nfile = "a.conf"\nsource = "given"', "exists already"),
    ("add a spec", 'type = "file-add"\nfile = "x.spec"\nsource = "given"', "spec"),
    ("add what is missing", 'type = "file-add"\nfile = "x"\nsource = "missing"', "missing"),
    ("add outside", 'type = "file-add"\nfile = "../x"\nsource = "given"', "../x"),
    ("add below a link", 'type = "file-add"\nfile = "out/x"\nsource = "given"', "out"),
    ("rename of two", 'type = "file-rename"\nfile = "**/*.conf"\nreplacement = "c"', "2 files"),
    ("rename elsewhere", 'type = "file-rename"\nfile = "a.conf"\nreplacement = "../c"', "../c"),
    ("no change", 'type = "file-search-replace"\nfile = "*"\nregex = "q"\nreplacement = ""', "q"),
    ("link is not followed",
     'type = "file-search-replace"\nfile = "link"\nregex = "e"\nreplacement = ""',
     "matches no file"),
    ("links of directories are not entered", 'type = "file-remove"\nfile = "out/**"',
     "matches no file"),
    ("patch without a reference", 'type = "patch-remove"\nfile = "a.conf"', "no PatchN tag"),
    ("patch exists", 'type = "patch-add"\nsource = "given"\nfile = "a.conf"', "exists already"),
    ("count", 'type = "file-search-replace"\nfile = "a.conf"\nregex = "1"\nreplacement = "2"\n'
     "count = 3", "matches 2 times"),
]


@pytest.mark.parametrize("name,overlay,message", BAD, ids=[row[0] for row in BAD])
def test_file_failures(place, name, overlay, message):
    (place.toml.parent / "given").write_text("given\n")
    outside = place.toml.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret\n")
    (place.sources / "out").symlink_to(outside)
    (place.sources / "link").symlink_to(outside / "secret")
    before = place.files()
    result = place.apply("[[overlays]]\n" + overlay)
    assert result.returncode == 1 and message in result.stderr.decode()
    assert place.files() == before and os.listdir(outside) == ["secret"]


def test_patch_whose_file_is_gone(place):
    (place.sources / "CVE-1.patch").unlink()
    result = place.apply('[[overlays]]\ntype = "patch-remove"\nfile = "CVE-*"\n')
    assert result.returncode == 1 and b"matches no file" in result.stderr


def test_mode_is_kept(place):
    (place.sources / "a.conf").chmod(0o751)
    place.apply('[[overlays]]\ntype = "file-prepend-lines"\nfile = "a.conf"\nlines = ["#!"]\n')
    assert (place.sources / "a.conf").stat().st_mode & 0o7777 == 0o751


def test_overlays_see_each_other(place):
    (place.toml.parent / "given").write_text("given\n")
    result = place.apply("""
overlays = [
  { type = "file-add", file = "n1", source = "given" },
  { type = "file-search-replace", file = "n*", regex = "given", replacement = "taken" },
  { type = "file-rename", file = "n1", replacement = "n2" },
  { type = "file-rename", file = "a.conf", replacement = "n1" },
  { type = "file-prepend-lines", file = "n1", lines = ["top"] },
  { type = "file-rename", file = "n2", replacement = "a.conf" },
  { type = "file-remove", file = "sub/b.conf" },
  { type = "file-add", file = "sub/b.conf", source = "given" },
]
""")
    assert result.returncode == 0, result.stderr
    files = place.files()
    assert files["a.conf"] == b"taken\n" and files["n1"] == b"top\nx=1\ny=1\n"
    assert files["sub/b.conf"] == b"given\n" and "n2" not in files


def test_files_without_sources(place):
    result = place.apply('[[overlays]]\ntype = "file-remove"\nfile = "a"\n', sources=False)
    assert result.returncode == 1 and b"no directory of sources" in result.stderr


def test_patch_without_sources_edits_the_spec(place):
    (place.toml.parent / "given").write_text("given\n")
    result = place.apply('[[overlays]]\ntype = "patch-add"\nsource = "given"\n', sources=False)
    assert result.returncode == 0 and b"Patch1: given\n" in result.stdout
    assert b"no --sources" in result.stderr


# -- archives

def entry(name, kind=tarfile.REGTYPE, link="", mode=0o644, size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.size, info.mtime = kind, link, mode, size, 1000
    return info


def archive(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def content(path):
    with tarfile.open(path) as tar:
        return {m.name: tar.extractfile(m).read() if m.isfile() else m.linkname or None
                for m in tar}


TREE = [(entry("demo-1/", tarfile.DIRTYPE, mode=0o755), b""),
        (entry("demo-1/a.c"), b"int a = 1;\n"),
        (entry("demo-1/run", mode=0o755), b"#!/bin/sh\n"),
        (entry("demo-1/x.spec"), b"Name: x\n"),
        (entry("demo-1/sub/b.c"), b"int a = 1;\n"),
        (entry("demo-1/link", tarfile.SYMTYPE, "sub/b.c"), b"")]


@pytest.mark.parametrize("suffix,mode", [("tar", "w"), ("tar.gz", "w:gz"), ("tgz", "w:gz"),
                                         ("tar.xz", "w:xz"), ("tar.bz2", "w:bz2")])
def test_archive(place, suffix, mode):
    path = place.sources / f"demo-1.{suffix}"
    archive(path, TREE, mode)
    path.chmod(0o600)
    overlay = f"""
[[overlays]]
type = "file-search-replace"
archive = "demo-1.{suffix}"
file = "**/*.c"
regex = "a = (.)"
replacement = "a = 22"

[[overlays]]
type = "file-remove"
archive = "demo-1.{suffix}"
file = "run"
"""
    original = path.read_bytes()
    assert place.apply(overlay).returncode == 0
    assert content(path) == {"demo-1": None, "demo-1/a.c": b"int a = 22;\n",
                             "demo-1/x.spec": b"Name: x\n", "demo-1/sub/b.c": b"int a = 22;\n",
                             "demo-1/link": "sub/b.c"}
    packed = path.read_bytes()
    assert packed[:3] == original[:3] and path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(original)
    place.apply(overlay)
    assert path.read_bytes() == packed  # the same, whenever


def test_zstd_archive(place):
    subprocess.run(["zstd", "--version"], check=True, capture_output=True)
    plain = place.sources / "d.tar"
    archive(plain, TREE, "w")
    subprocess.run(["zstd", "-q", "--rm", plain], check=True)
    path = place.sources / "d.tar.zst"
    result = place.apply('[[overlays]]\ntype = "file-remove"\narchive = "d.tar.zst"\nfile = "a.c"\n')
    assert result.returncode == 0, result.stderr
    names = subprocess.run(["tar", "--zstd", "-tf", path], check=True, capture_output=True)
    assert b"a.c" not in names.stdout and b"sub/b.c" in names.stdout


@pytest.mark.parametrize("pattern,gone", [
    ("sub/*", {"demo-1/sub/b.c"}), ("**", {"demo-1/a.c", "demo-1/run", "demo-1/sub/b.c"}),
    ("sub/**", {"demo-1/sub/b.c"}), ("*.c", {"demo-1/a.c"}), ("sub", None), ("*.spec", None),
    ("demo-1/a.c", None), ("link", None)])
def test_archive_patterns(place, pattern, gone):
    path = place.sources / "d.tar.gz"
    archive(path, TREE)
    before = content(path)
    result = place.apply(
        f'[[overlays]]\ntype = "file-remove"\narchive = "d.tar.gz"\nfile = "{pattern}"\n')
    assert (result.returncode == 0) == (gone is not None), result.stderr
    assert content(path) == {k: v for k, v in before.items() if k not in (gone or set())}


def test_archive_without_a_single_top_directory(place):
    path = place.sources / "d.tar"
    archive(path, [(entry("a/x"), b"1"), (entry("b"), b"2")], "w")
    assert place.apply(
        '[[overlays]]\ntype = "file-remove"\narchive = "d.tar"\nfile = "a/x"\n').returncode == 0
    assert content(path) == {"b": b"2"}


UNSAFE = [
    ("climbs", [(entry("../x"), b"")], "safe name"),
    ("climbs in the middle", [(entry("a/../../x"), b"")], "safe name"),
    ("absolute", [(entry("/etc/x"), b"")], "safe name"),
    ("device", [(entry("d", tarfile.CHRTYPE), b"")], "special file"),
    ("fifo", [(entry("d", tarfile.FIFOTYPE), b"")], "special file"),
    ("hard link", [(entry("a"), b"1"), (entry("b", tarfile.LNKTYPE, "a"), b"")], "hard link"),
    ("absolute link", [(entry("a", tarfile.SYMTYPE, "/etc/passwd"), b"")], "leads out"),
    ("climbing link", [(entry("a/b", tarfile.SYMTYPE, "../../x"), b"")], "leads out"),
    ("bomb", [(entry("zeros"), b"\0" * (300 << 20))], "more than we unpack"),
]


@pytest.mark.parametrize("name,members,message", UNSAFE, ids=[row[0] for row in UNSAFE])
def test_unsafe_archives(place, name, members, message):
    path = place.sources / "d.tar.gz"
    archive(path, [(entry("f"), b"x")] + members)
    before = path.read_bytes()
    result = place.apply('[[overlays]]\ntype = "file-remove"\narchive = "d.tar.gz"\nfile = "f"\n')
    assert result.returncode == 1 and message in result.stderr.decode(), result.stderr
    assert path.read_bytes() == before


def test_damaged_archives(place):
    path = place.sources / "d.tar.gz"
    archive(path, TREE)
    whole = path.read_bytes()
    for data in [b"", b"not an archive", whole[:60], gzip.compress(b"junk" * 1000),
                 lzma.compress(b"")]:
        path.write_bytes(data)
        result = place.apply(
            '[[overlays]]\ntype = "file-remove"\narchive = "d.tar.gz"\nfile = "a.c"\n')
        assert result.returncode == 1 and b"d.tar.gz" in result.stderr
        assert path.read_bytes() == data


def test_archive_rules(place):
    archive(place.sources / "d.tar.gz", TREE)
    (place.sources / "d.zip").write_bytes(b"PK")
    one = '[[overlays]]\ntype = "file-remove"\narchive = "d.tar.gz"\nfile = "a.c"\n'
    rows = [
        ('[[overlays]]\ntype = "file-remove"\narchive = "d.zip"\nfile = "x"\n', "packed again"),
        ('[[overlays]]\ntype = "file-remove"\narchive = "e.tar"\nfile = "x"\n', "e.tar"),
        (one + '[[overlays]]\ntype = "file-remove"\nfile = "d.*"\n', "also edited"),
        ('[[overlays]]\ntype = "file-search-replace"\narchive = "d.tar.gz"\nfile = "*"\n'
         'regex = "nothing"\nreplacement = ""\n', "changes nothing"),
    ]
    before = place.files()
    for overlay, message in rows:
        result = place.apply(overlay)
        assert result.returncode == 1 and message in result.stderr.decode(), result.stderr
        assert place.files() == before


# -- check

def test_check(tmp_path):
    path = tmp_path / "o.toml"
    path.write_text('[[overlays]]\ntype = "spec-remove-tag"\ntag = "A"\n')
    assert run("overlay", "check", path).stdout == b"ok: 1 overlay\n"
    listed = json.loads(run("overlay", "check", "--json", path).stdout)
    assert listed == [{"line": 1, "type": "spec-remove-tag", "description": ""}]
    for text, message in [('[[overlays]]\ntype = "spec-remove-tga"\ntag = "A"\n', "spec-remove-tag"),
                          ('[[overlays]]\ntype = "spec-remove-tag"\n', "tag"),
                          ('[[overlays]]\ntype = "spec-add-tag"\ntag = "A"\nvalue = ""\n', "value"),
                          ('[[overlays]]\ntype = "spec-append-lines"\nlines = []\n', "lines"),
                          ('[[overlays]]\ntype = "spec-search-replace"\nregex = "(?=a)"\n', "o.toml"),
                          ("[[overlays]\n", "o.toml:1")]:
        path.write_text(text)
        result = run("overlay", "check", path)
        assert result.returncode == 1 and message in result.stderr.decode()


def test_package_overlays_are_refused(place):
    result = place.apply('[[overlays]]\ntype = "package-rename"\nvalue = "x"\n', sources=False)
    assert result.returncode == 1 and b"package" in result.stderr


def test_no_such_file(place):
    assert run("overlay", "apply", "/nonexistent.spec", place.toml).returncode == 1
    assert run("overlay", "apply", place.spec, pathlib.Path("/nonexistent.toml")).returncode == 1
