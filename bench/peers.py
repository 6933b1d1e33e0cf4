# SPDX-License-Identifier: MIT
"""The peers: a tree of forky, made once from the machine's mirror, in which mkosi runs."""
import shutil
import subprocess
import sys

from common import PEERS, ROOT, say

INCLUDE = """mkosi mtools dosfstools systemd-repart systemd-boot-tools systemd-boot-efi systemd-ukify
    e2fsprogs cpio zstd python3-pefile python3-cryptography kmod openssl systemd xz-utils uidmap
    bubblewrap debian-archive-keyring ca-certificates""".split()
# What boots: systemd, udev, ssh, a network, the cloud kernel.
SMALL = """systemd systemd-sysv systemd-boot systemd-boot-efi udev dbus openssh-server
    linux-image-cloud-amd64 iproute2 ca-certificates""".split()
TREE = PEERS / "tree"

CONF = """\
[Distribution]
Distribution=debian
Release=forky
[Output]
Format=disk
OutputDirectory=out
[Build]
PackageCacheDirectory=pkgs
CacheDirectory=cache
WorkspaceDirectory=/work-space
WithNetwork=no
[Content]
Bootable=yes
BuildSources=
SourceDateEpoch=1760000000
Seed=0e9a6fe3-5ba1-4a4b-8a3c-0f5d0a3a1d11
RootPassword=hashed:!
Hostname=peer
Timezone=Etc/UTC
Locale=C.UTF-8
Keymap=us
KernelCommandLine=console=ttyS0,115200 quiet
RemoveFiles=/etc/ssh/ssh_host_*
Packages={packages}
"""
SOURCES = """\
Types: deb
URIs: {mirror}
Suites: forky
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
NETWORK = "[Match]\nType=ether\n[Network]\nDHCP=yes\n"

# mkosi's own sandbox wants a real root: bind the tree on itself and pivot into it.
ENTER = """\
#!/bin/sh
set -eu
tree=$1
cd "$2"
shift 2
mount --bind "$tree" "$tree"
cd "$tree"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
cp -L /etc/resolv.conf etc/resolv.conf
mkdir -p .old
pivot_root . .old
umount -l /.old
cd "/projects/$PROJECT"
exec "$@"
"""


def mirror():
    return subprocess.run([ROOT / "script/mirror"], check=True, text=True,
                          capture_output=True).stdout.strip()


def make_tree():
    if (PEERS / "ready").exists():
        return
    shutil.rmtree(PEERS, ignore_errors=True)
    PEERS.mkdir(parents=True)
    say("making the peers' tree (once)")
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase",
                    "--aptopt=Acquire::Check-Valid-Until \"false\"",
                    "--include=" + ",".join(INCLUDE), "forky", TREE, mirror()],
                   check=True, stdout=sys.stderr)
    (PEERS / "ready").touch()


class Mkosi:
    """One mkosi project in the tree; the first build downloads and is not to be counted."""

    def __init__(self, name, packages=SMALL):
        make_tree()
        self.name = name
        self.work = TREE / "projects" / name
        self.raw = self.work / "out/image.raw"
        sources = self.work / "mkosi.sandbox/etc/apt/sources.list.d"
        units = self.work / "mkosi.extra/etc/systemd/network"
        for folder in [sources, units, self.work / "pkgs", self.work / "cache", TREE / "work-space"]:
            folder.mkdir(parents=True, exist_ok=True)
        (PEERS / "enter").write_text(ENTER)
        (PEERS / "enter").chmod(0o755)
        (sources / "mkosi.sources").write_text(SOURCES.format(mirror=mirror()))
        (units / "80-ethernet.network").write_text(NETWORK)
        (self.work / "mkosi.conf").write_text(
            CONF.format(packages="\n         ".join(packages)))

    def argv(self, *arguments):
        return ["env", f"PROJECT={self.name}", "unshare", "-m", "--propagation", "private",
                str(PEERS / "enter"), str(TREE), "/", "mkosi", *arguments]
