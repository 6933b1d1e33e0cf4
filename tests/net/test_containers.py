# SPDX-License-Identifier: MIT
"""The container images, from the machine's mirror to running containers: `skopeo inspect` reads
them, `podman run` runs what is in them, and the distroless ones hold compiled programs and no shell."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest

STRAKE = os.environ["STRAKE"]
SOURCE = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
pytestmark = pytest.mark.skipif(os.getuid() != 0 or shutil.which("podman") is None,
                                reason="needs root and podman")
IMAGES = ["container-base", "container-distroless-minimal", "container-distroless-base",
          "container-distroless-debug"]
MOST_BYTES = dict(zip(IMAGES, [60e6, 1e6, 10e6, 25e6]))

# A host may allow less than podman asks for: the limits of its own session, no cgroups to write.
# crun refuses to start where both cgroup versions are mounted, even when it is to use none, so each
# container gets a mount name space of its own without the second one.
LIMITS = ["--network=none", "--cgroups=disabled", "--ulimit=nofile=1024:1024",
          "--ulimit=nproc=1024:1024"]
APART = "umount -R /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\""

PROGRAM = r"""
#include <pwd.h>
#include <stdio.h>
#include <time.h>
int main(void)
{
	time_t summer = 1782000000;
	struct passwd *root = getpwuid(0);
	FILE *certificates = fopen("/etc/ssl/certs/ca-certificates.crt", "r");
	char line[64] = "";
	if (certificates == NULL || fgets(line, sizeof(line), certificates) == NULL)
		return 1;
	printf("%s %s %s", root != NULL ? root->pw_name : "?", localtime(&summer)->tm_zone, line);
	return 0;
}
"""
TLS = r"""
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <iostream>
#include <string>
int main()
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (context == nullptr || SSL_CTX_set_default_verify_paths(context) != 1)
		return 1;
	std::cout << std::string(OpenSSL_version(OPENSSL_VERSION_STRING)) << std::endl;
	return 0;
}
"""


# A container with units: what dnf does to them on a machine needs no booted systemd.
UNITS = """
[images.container-units]
description = "Units and dnf, to look at presets"
definition = { type = "strake" }
capabilities = { container = true }
kind = "oci"
outputs = ["archive"]
packages = [
  "strake-release", "strake-filesystem", "strake-repos", "strake-triggers", "strake-config-base", "bash",
  "chrony", "coreutils", "dash", "dnf5", "findutils", "grep", "rpm", "sed", "systemd",
]
files = [{ path = "/etc/rpm/macros.container", lines = ["%__transaction_unshare %{nil}"] }]
environment = ["PATH=/usr/sbin:/usr/bin"]
"""


class World:
    def __init__(self, top):
        self.top = top
        self.env = {**os.environ, "STRAKE_KEYS": str(top / "keys")}
        # all of it: packages of our own take sources from the whole tree
        tops = [name for name in os.listdir(SOURCE) if name.startswith(("build", "out", ".git"))]
        shutil.copytree(SOURCE, top / "project", symlinks=True, ignore=lambda folder, names:
                        tops if pathlib.Path(folder) == SOURCE else [])
        (top / "project/distro/images/units.toml").write_text(UNITS)

    def strake(self, *args):
        result = subprocess.run([STRAKE, "-q", "-C", self.top / "project", *args], env=self.env,
                                capture_output=True, text=True, timeout=900)
        if result.returncode and "Could not resolve" in result.stderr:
            pytest.skip("no network")
        assert result.returncode == 0, result.stderr
        return result.stdout

    def podman(self, *args):
        storage = ["--root", self.top / "storage", "--runroot", self.top / "run",
                   "--storage-driver=vfs", "--events-backend=none", "--cgroup-manager=cgroupfs"]
        return subprocess.run(["unshare", "--mount", "sh", "-c", APART, "sh", "podman",
                               *map(str, storage), *map(str, args)],
                              capture_output=True, text=True, timeout=300)

    def run(self, image, *command, options=(), check=True):
        done = self.podman("run", "--rm", *LIMITS, *options, f"localhost/strake/{image}", *command)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout if check else done


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("containers"))
    world.strake("repo", "publish", "--follow", world.top / "repo")
    world.strake("image", "build", *IMAGES, "container-units", "-r", world.top / "repo/x86_64", "-o",
                 world.top / "images")
    for image in [*IMAGES, "container-units"]:
        pulled = world.podman("pull", f"oci-archive:{world.top}/images/{image}.oci.tar")
        assert pulled.returncode == 0, pulled.stderr
    yield world
    world.podman("rmi", "--all", "--force")


@pytest.mark.parametrize("image", IMAGES)
def test_skopeo_reads_it(world, image):
    for place in (f"oci-archive:{world.top}/images/{image}.oci.tar",
                  f"oci:{world.top}/images/{image}.oci"):
        shown = subprocess.run(["skopeo", "inspect", place], capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr
        inspected = json.loads(shown.stdout)
        assert inspected["Architecture"] == "amd64" and inspected["Os"] == "linux"
        assert any(word.startswith("PATH=") for word in inspected["Env"])
        assert len(inspected["Layers"]) == 1
    assert (world.top / f"images/{image}.oci.tar").stat().st_size < MOST_BYTES[image]


def test_base_runs(world):
    shell = world.run("container-base", "sh", "-c", ". /etc/os-release; echo $ID; id -un; pwd")
    assert shell == "strake\nroot\n/\n"
    packages = world.run("container-base", "rpm", "-qa", "--qf", "%{NEVRA}\n").split()
    manifest = json.loads((world.top / "images/container-base.manifest.json").read_text())
    known = {package["nevra"] for package in manifest["packages"]}
    assert set(packages) == known and any(name.startswith("bash-") for name in known)
    assert "dnf5 version" in world.run("container-base", "dnf", "--version")


def test_base_installs_with_dnf(world):
    """dnf inside takes a signed package from the project's repository."""
    said = world.run(
        "container-base", "sh", "-c",
        "echo file:///repo > /etc/dnf/vars/strake_baseurl && dnf -y install jq >/tmp/log 2>&1 || "
        "{ cat /tmp/log; exit 1; }; jq -n '1 + 1'; rpm -q --qf '%{NAME}\n' jq",
        options=["-v", f"{world.top}/repo:/repo:ro"])
    assert said == "2\njq\n"


def test_metadata_signature(world):
    """With gpg installed repo_gpgcheck=1 works, and a repomd.xml that was changed is refused."""
    said = world.run("container-base", "sh", "-c", """
        echo file:///repo > /etc/dnf/vars/strake_baseurl
        dnf -y install gnupg2 >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
        sed -i s/repo_gpgcheck=0/repo_gpgcheck=1/ /etc/yum.repos.d/strake.repo
        dnf -y --refresh repoquery --qf '%{name}\n' jq 2>/dev/null
        mkdir -p /tmp/bad/x86_64 && cp -r /repo/x86_64/repodata /tmp/bad/x86_64
        sed -i 's|<revision>|<revision>1|' /tmp/bad/x86_64/repodata/repomd.xml
        echo file:///tmp/bad > /etc/dnf/vars/strake_baseurl
        dnf -y --refresh repoquery jq 2>&1 | grep -c 'Bad PGP signature'
        """, options=["-v", f"{world.top}/repo:/repo:ro"])
    lines = said.splitlines()
    assert lines[0] == "jq" and int(lines[1]) > 0, said


def test_presets_are_applied_once(world):
    """As when an image is made, units of new packages get what the presets say, and what the
    administrator disables stays so when its package comes again."""
    said = world.run("container-units", "sh", "-c", """
        echo file:///repo > /etc/dnf/vars/strake_baseurl
        mkdir -p /etc/systemd/system-preset
        echo 'enable nginx.service' > /etc/systemd/system-preset/10-test.preset
        install() { dnf -y "$@" >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }; }
        state() { echo $1 $(systemctl is-enabled chrony.service nginx.service haproxy.service 2>/dev/null); }
        state image
        install install nginx haproxy
        state new
        systemctl disable chrony nginx 2>/dev/null
        install reinstall chrony nginx
        state again
        install remove nginx
        install install nginx
        state later
        """, options=["-v", f"{world.top}/repo:/repo:ro"])
    assert said.splitlines() == ["image enabled not-found not-found", "new enabled enabled disabled",
                                 "again disabled disabled disabled", "later disabled disabled disabled"]


def compile_program(world, name, source, *options, compiler="gcc"):
    path = world.top / name
    text = path.with_suffix(".c" if compiler == "gcc" else ".cc")
    text.write_text(source)
    subprocess.run([compiler, "-O1", "-o", path, text, *options], check=True,
                   stderr=subprocess.DEVNULL)
    return ["-v", f"{path}:/program:ro", "-e", "TZ=Europe/Berlin"]


@pytest.mark.parametrize("image", IMAGES[1:])
def test_static_program_runs(world, image):
    """Accounts, time zones and certificates are there for a program that brings the rest."""
    program = compile_program(world, "static", PROGRAM, "-static")
    assert world.run(image, "/program", options=program) == "root CEST -----BEGIN CERTIFICATE-----\n"


@pytest.mark.parametrize("image", IMAGES[2:])
def test_dynamic_programs_run(world, image):
    program = compile_program(world, "dynamic", PROGRAM)
    assert world.run(image, "/program", options=program).startswith("root CEST -----BEGIN")
    program = compile_program(world, "tls", TLS, "-lssl", "-lcrypto", compiler="g++")
    major, minor = world.run(image, "/program", options=program).split(".")[:2]
    assert (int(major), int(minor)) >= (3, 5)


def test_dynamic_program_needs_the_base(world):
    program = compile_program(world, "dynamic-too", PROGRAM)
    assert world.run(IMAGES[1], "/program", options=program, check=False).returncode != 0


def members(world, image):
    """{path: tar member} of the image's one layer."""
    layout = world.top / f"images/{image}.oci"
    index = json.loads((layout / "index.json").read_text())
    digest = index["manifests"][0]["digest"].removeprefix("sha256:")
    manifest = json.loads((layout / "blobs/sha256" / digest).read_text())
    layer = layout / "blobs/sha256" / manifest["layers"][0]["digest"].removeprefix("sha256:")
    with tarfile.open(layer) as tar:
        return {member.name.removeprefix("./"): member for member in tar}


@pytest.mark.parametrize("image", IMAGES[1:3])
def test_distroless_has_no_program(world, image):
    """No shell, no package manager, no interpreter: nothing to run but what is copied into it."""
    for shell in ("/bin/sh", "/usr/bin/bash", "/usr/bin/rpm", "/usr/bin/env"):
        assert world.run(image, shell, check=False).returncode != 0
    files = members(world, image)
    programs = [path for path, member in files.items()
                if path.startswith(("usr/bin/", "usr/sbin/", "usr/libexec/")) and not member.isdir()]
    assert programs == []
    # the database stays: scanners read from it what is in the image
    assert files["var/lib/rpm/rpmdb.sqlite"].isfile()
    assert any(path.startswith("usr/share/common-licenses/") for path in files)


def test_distroless_debug_has_a_shell(world):
    assert world.run(IMAGES[3], "sh", "-c", "ps -o comm= -p 1; ls / | grep -c usr") == "sh\n1\n"
