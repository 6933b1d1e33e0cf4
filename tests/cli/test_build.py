# SPDX-License-Identifier: MIT
"""strake build: specs of the tests' own, built in the real buildroot from the machine's mirror.

The project is the distribution itself with components added. What is imported is kept in the user's
content store, as everywhere."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

STRAKE = os.environ["STRAKE"]
SOURCE = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])

HELLO = """Name: hello
Version: 1.0
Release: 1
Summary: Says hello
License: MIT
Source0: hello.c
BuildRequires: gcc
%description
Says hello.
%generate_buildrequires
echo 'pkgconfig(zlib)'
# Asked again once zlib is there: a second round.
test ! -e /usr/include/zlib.h || echo bison
%build
gcc -O2 -o hello %{SOURCE0} -lz
bison --version > version
test "$(uname -n) $(umask)" = "strake 0022"
test "$(grep -c : /proc/net/dev)" = 1
%install
install -D hello %{buildroot}/usr/bin/hello
install -D -m 644 version %{buildroot}/usr/share/hello/version
%files
/usr/bin/hello
/usr/share/hello
"""
HELLO_C = """#include <stdio.h>
#include <zlib.h>
int main(void) { return zlibVersion()[0] == 'x' || puts("hello") < 0; }
"""
# Takes the place of upstream's package of this name.
BC = """Name: bc
Version: 99
Release: 1
Summary: Knows one answer
License: MIT
BuildArch: noarch
%description
Knows one answer.
%install
mkdir -p %{buildroot}/usr/bin
printf '#!/bin/sh\\necho 42\\n' > %{buildroot}/usr/bin/bc
chmod 755 %{buildroot}/usr/bin/bc
%files
/usr/bin/bc
"""
GREET = """Name: greet
Version: 1.0
Release: 1
Summary: Greets
License: MIT
BuildArch: noarch
BuildRequires: hello
BuildRequires: bc
%description
Greets.
%build
hello > greeting
echo 1+1 | bc >> greeting
%install
install -D -m 644 greeting %{buildroot}/usr/share/greeting
%files
/usr/share/greeting
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(SOURCE / "distro", root / "distro")
    # What the distribution itself builds would only take time here.
    shutil.rmtree(root / "distro/components/rebuilt", ignore_errors=True)
    main = root / "distro/strake.toml"
    main.write_text(re.sub(r"^build-groups = .*$", 'build-groups = ["own"]', main.read_text(),
                           flags=re.M))
    own = root / "distro/packages/own"
    own.mkdir()
    for name, spec in (("hello", HELLO), ("bc", BC), ("greet", GREET)):
        (own / f"{name}").mkdir()
        (own / f"{name}/{name}.spec").write_text(spec)
    (own / "hello/hello.c").write_text(HELLO_C)
    (root / "distro/packages/own.toml").write_text("".join(
        f'[components.{name}]\nspec = {{ type = "local", path = "own/{name}/{name}.spec" }}\n'
        for name in ("hello", "bc", "greet")) +
        '[component-groups.own]\ncomponents = ["hello", "bc", "greet"]\n')
    made = strake(root, "upstream", "fetch")
    if made.returncode != 0 and re.search("mirror|resolve|connect|timed out", made.stderr):
        pytest.skip("the mirror does not have what the lock names: " + made.stderr.strip()[-300:])
    assert made.returncode == 0, made.stderr
    return root


def strake(root, *args, **kwargs):
    return subprocess.run([STRAKE, "-C", root, *args], capture_output=True, text=True,
                          check=False, **kwargs)


def build(root, *args):
    made = strake(root, "build", "--json", *args)
    rows = json.loads(made.stdout) if made.stdout else []
    return made, {f"{row['component']}.{row['stage']}": row for row in rows}


def test_order_stages_and_cache(project):
    made, rows = build(project, "greet")
    assert made.returncode == 0, made.stderr
    # What greet asks for is ours: built first, and greet against it.
    assert list(rows)[-1] == "greet.2" and set(rows) == {"bc.1", "hello.1", "greet.2"}
    files = project / "out/build/packages/greet"
    assert sorted(os.listdir(files)) == ["greet-1.0-1.noarch.rpm", "greet-1.0-1.src.rpm"]
    payload = subprocess.run(["sh", "-c", f"rpm2cpio {files}/greet-1.0-1.noarch.rpm | "
                              "cpio -i --quiet --to-stdout ./usr/share/greeting"],
                             capture_output=True, text=True, check=True).stdout
    assert payload == "hello\n42\n"
    made, rows = build(project, "-a")
    assert made.returncode == 0, made.stderr
    assert {row["state"] for row in rows.values()} == {"cached"}


def test_stage_1_takes_upstream(project):
    _, rows = build(project, "bc", "--stage", "1")
    assert list(rows) == ["bc.1"]
    made, rows = build(project, "bc", "--stage", "2")
    assert made.returncode == 0, made.stderr
    assert list(rows) == ["bc.1", "bc.2"]


def test_verify(project):
    made = strake(project, "build", "--verify", "hello")
    assert made.returncode == 0, made.stderr
    assert "the same bytes" in made.stderr


def test_verify_names_the_file(project):
    spec = project / "distro/packages/own/bc/bc.spec"
    spec.write_text(BC.replace("chmod 755", "date +%%N >> %{buildroot}/usr/bin/bc\nchmod 755"))
    made = strake(project, "build", "--verify", "bc")
    spec.write_text(BC)
    assert made.returncode == 1
    assert "bc-99-1.noarch.rpm: /usr/bin/bc" in made.stderr


@pytest.mark.parametrize("change,says", [
    (("BuildArch: noarch", "Bogus: x\nBuildArch: noarch"), "rendered bc.spec is: Bogus: x"),
    (("BuildArch: noarch", "BuildRequires: zlib-devell\nBuildArch: noarch"),
     "did you mean 'zlib-devel'?"),
    (("%install", "%build\necho broken here; exit 3\n%install"), "broken here"),
])
def test_failures_are_told(project, change, says):
    spec = project / "distro/packages/own/bc/bc.spec"
    spec.write_text(BC.replace(*change))
    made = strake(project, "build", "bc")
    spec.write_text(BC)
    assert made.returncode == 1
    assert says in made.stderr


def test_keep_going(project):
    spec = project / "distro/packages/own/bc/bc.spec"
    spec.write_text(BC.replace("%install", "%build\nexit 3\n%install"))
    made, rows = build(project, "-a", "-k")
    spec.write_text(BC)
    assert made.returncode == 1
    assert rows["bc.1"]["state"] == "failed" and rows["greet.2"]["state"] == "skipped"
    assert rows["hello.1"]["state"] == "cached"


def test_signal_ends_the_build_and_the_next_goes_on(project):
    spec = project / "distro/packages/own/bc/bc.spec"
    mark = "4711.25"
    spec.write_text(BC.replace("%install", f"%build\nsleep {mark}\n%install"))
    with subprocess.Popen([STRAKE, "-C", project, "build", "bc"], stderr=subprocess.PIPE,
                          text=True) as running:
        log = project / "out/build/logs/bc.stage1.log"
        until = time.monotonic() + 120
        while time.monotonic() < until and not (log.exists() and mark in log.read_text()):
            time.sleep(0.2)
        running.terminate()
        error = running.communicate()[1]
    spec.write_text(BC)
    assert running.returncode == 1 and "stopped by signal" in error
    assert subprocess.run(["pgrep", "-f", f"sleep {mark}"], check=False).returncode == 1
    assert strake(project, "build", "bc").returncode == 0


def test_one_build_in_a_process_of_its_own(project, tmp_path):
    assert build(project, "greet")[0].returncode == 0
    results = project / "out/build/results"
    made = strake(project, "build", "--only", "greet", "--stage", "2",
                  "--repository", project / "out/build/repo/x86_64",
                  "--with", results / "hello.1.json", "--with", results / "bc.1.json",
                  "--result", tmp_path / "result.json")
    assert made.returncode == 0, made.stderr
    again = json.loads((tmp_path / "result.json").read_text())
    first = json.loads((results / "greet.2.json").read_text())
    assert again["packages"] == first["packages"] and again["fingerprint"] == first["fingerprint"]


def test_publish_takes_ours(project):
    made = strake(project, "repo", "publish")
    assert made.returncode == 0, made.stderr
    packages = project / "out/repo/x86_64/Packages"
    assert (packages / "h/hello-1.0-1.x86_64.rpm").exists()
    assert [p.name for p in (packages / "b").glob("bc-[0-9]*")] == ["bc-99-1.noarch.rpm"]
    # The compiler is for building only.
    assert not list((packages / "m").glob("make-*"))


@pytest.mark.parametrize("args,says", [
    (["--stage", "3", "bc"], "no stage 3"),
    (["--result", "x", "bc"], "belong to --only"),
    (["--executor", "cloud", "bc"], "there are: local"),
    (["no-such"], "no-such"),
])
def test_usage(project, args, says):
    made = strake(project, "build", *args)
    assert made.returncode in (1, 2)
    assert says in made.stderr
