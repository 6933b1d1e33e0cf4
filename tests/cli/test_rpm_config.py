# SPDX-License-Identifier: MIT
"""The distribution's macros (strake-rpm-config), evaluated by the rpm of this machine."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
CONFIG = ROOT / "distro/packages/strake-rpm-config"

pytestmark = pytest.mark.skipif(shutil.which("rpmbuild") is None, reason="needs rpmbuild")


def rpm(*args, program="rpm"):
    files = [f"--rcfile=/usr/lib/rpm/rpmrc:{CONFIG}/rpmrc",
             f"--macros=/usr/lib/rpm/macros:/usr/lib/rpm/platform/%{{_target}}/macros:{CONFIG}/macros"]
    result = subprocess.run([program, *files, *args], capture_output=True, text=True, timeout=60,
                            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    assert result.returncode == 0, result.stderr
    return result.stdout


def value(name, *options):
    return rpm("--target", "x86_64", *options, "--eval", "%{" + name + "}").rstrip("\n")


@pytest.mark.parametrize("name, want", [
    ("dist", ".st1"),
    ("vendor", "Strake"),
    ("?packager", ""),
    ("_libdir", "/usr/lib/x86_64-linux-gnu"),
    ("_sbindir", "/usr/sbin"),
    ("_libexecdir", "/usr/libexec"),
    ("_sharedstatedir", "/var/lib"),
    ("_unitdir", "/usr/lib/systemd/system"),
    ("_presetdir", "/usr/lib/systemd/system-preset"),
    ("_tmpfilesdir", "/usr/lib/tmpfiles.d"),
    ("_sysusersdir", "/usr/lib/sysusers.d"),
    ("_buildhost", "strake"),
    ("use_source_date_epoch_as_buildtime", "1"),
    ("clamp_mtime_to_source_date_epoch", "1"),
    ("_build_id_links", "none"),
    ("_binary_payload", "w19.zstdio"),
    ("_rpmformat", "4"),
    ("__brp_compress", ""),
])
def test_value(name, want):
    assert value(name) == want


def test_hardened_flags():
    for name in ["optflags", "build_cflags", "build_cxxflags"]:
        flags = value(name).split()
        for flag in ["-O2", "-Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=3", "-fstack-protector-strong",
                     "-fstack-clash-protection", "-fcf-protection", "-D_GLIBCXX_ASSERTIONS",
                     "-Werror=format-security"]:
            assert flag in flags, name
    flags = value("build_ldflags").split()
    assert "-Wl,-z,relro" in flags and "-Wl,-z,now" in flags and "-Wl,--as-needed" in flags


def test_a_spec_may_soften_them():
    soft = value("build_cflags", "--define", "_fortify_level 2")
    assert "-D_FORTIFY_SOURCE=2" in soft and "-D_FORTIFY_SOURCE=3" not in soft
    bare = value("build_ldflags", "--undefine", "_hardened_build")
    assert "-Wl,-z,relro" in bare and "now" not in bare
    assert "-fstack-protector" not in value("build_cflags", "--undefine", "_hardened_build")


def test_debug_information_is_a_choice():
    assert "-g0" in value("optflags").split()
    options = ["--define", "_enable_debug_packages 1"]
    assert "-g" in value("optflags", *options).split()
    assert value("_build_id_links", *options) == "alldebug"


def test_data_packages_have_no_architecture():
    assert rpm("--target", "noarch", "--eval", "%{_libdir}").strip() == "/usr/lib"


@pytest.mark.parametrize("macro", [
    "systemd_post a.service", "systemd_preun a.service", "systemd_postun_with_restart a.service",
    "systemd_user_post a.service", "sysusers_create_package a b", "tmpfiles_create_package a b",
    "udev_rules_update", "sysctl_apply a.conf", "ldconfig_scriptlets -n libs"])
def test_what_triggers_do_expands_to_nothing(macro):
    assert rpm("--eval", f"<%{macro}>" if " " not in macro else f"<%{{{macro}}}>").strip() == "<>"


def test_build_systems():
    configure = value("configure")
    assert "--libdir=/usr/lib/x86_64-linux-gnu" in configure and "--sharedstatedir=/var/lib" in configure
    assert re.search(r"CFLAGS=.*; export CFLAGS", configure)
    meson = value("meson")
    assert "--libdir=/usr/lib/x86_64-linux-gnu" in meson and "--wrap-mode=nodownload" in meson
    assert value("meson_build").endswith("--verbose")
    assert 'DESTDIR="' in value("ninja_install") and value("ninja_build").startswith("/usr/bin/ninja -v")
    cmake = value("cmake")
    assert "-DCMAKE_INSTALL_LIBDIR=lib/x86_64-linux-gnu" in cmake
    assert "-DCMAKE_SKIP_INSTALL_RPATH=ON" in cmake
    assert '--build "strake-linux-build"' in value("cmake_build")


SPEC = """Name: probe
Version: 1
Release: 1%{?dist}
Summary: s
License: MIT
BuildRequires: systemd-rpm-macros
%{?systemd_requires}
%description
d
%build
%set_build_flags
cat > a.c <<'EOF'
#include <stdio.h>
#include <string.h>
int main(int n, char **v) { char b[64]; strcpy(b, v[n - 1]); return puts(b); }
EOF
$CC $CFLAGS -fPIE -pie $LDFLAGS -o probe a.c
%install
install -D -m 0755 probe %{buildroot}%{_bindir}/probe
install -D -m 0644 a.c %{buildroot}%{_libdir}/probe.txt
%files
%{_bindir}/probe
%{_libdir}/probe.txt
%changelog
* Mon Jan 05 2026 A Person <a@example.org> - 1-1
- First
"""


def build(folder):
    folder.mkdir()
    (folder / "probe.spec").write_text(SPEC)
    rpm("--target", "x86_64", "--nodeps", "-bb", "--define", f"_topdir {folder}",
        "--define", "_rpmdir %{_topdir}",
        "--define", f"__brp_strip {CONFIG}/brp-strip", str(folder / "probe.spec"), program="rpmbuild")
    return next(folder.rglob("probe-1-1.st1.x86_64.rpm"))


@pytest.mark.skipif(shutil.which("readelf") is None or shutil.which("gcc") is None,
                    reason="needs a compiler")
def test_a_package_is_hardened_stripped_and_reproducible(tmp_path):
    one, two = build(tmp_path / "one"), build(tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()
    query = "%{VENDOR} %{BUILDHOST} %{BUILDTIME} %{PAYLOADCOMPRESSOR}"
    fields = subprocess.run(["rpm", "-qp", "--qf", query, one], capture_output=True, text=True,
                            timeout=60).stdout
    assert fields == "Strake strake 1767571200 zstd"
    scripts = subprocess.run(["rpm", "-qp", "--scripts", one], capture_output=True, text=True,
                             timeout=60).stdout
    assert scripts == ""
    program = next((tmp_path / "one/BUILDROOT").rglob("probe"), None)
    if program is None:  # removed after the build: take it from the package
        subprocess.run(f"rpm2cpio {one} | cpio -idm --quiet", shell=True, cwd=tmp_path, check=True,
                       timeout=60)
        program = tmp_path / "usr/bin/probe"
    elf = subprocess.run(["readelf", "-Wdhls", program], capture_output=True, text=True,
                         timeout=60).stdout
    assert "DYN (Position-Independent" in elf and "GNU_RELRO" in elf and "BIND_NOW" in elf
    assert "__strcpy_chk" in elf and "__stack_chk_fail" in elf
    assert ".symtab" not in elf
