# SPDX-License-Identifier: MIT
"""A miniature dnf repository, made by the test that uses it: packages by rpmbuild, signed by rpmsign
with a key of its own, metadata by createrepo_c."""
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import textwrap

NEEDS = ["rpmbuild", "rpmsign", "createrepo_c", "gpg", "gpgv"]


def missing_tools():
    return [tool for tool in NEEDS if shutil.which(tool) is None]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def run(*argv, **kwargs):
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, timeout=120,
                          **kwargs)


class Key:
    """An OpenPGP key that rpmsign can use, in a home directory of its own."""

    def __init__(self, home, name):
        self.home, self.name = pathlib.Path(home), f"{name}@example.org"
        self.home.mkdir(mode=0o700)
        self.gpg("--quick-generate-key", f"{name} <{self.name}>", "rsa2048", "sign", "never")
        self.armored = self.home / "key.asc"
        self.armored.write_bytes(self.gpg("--armor", "--export").stdout)

    def gpg(self, *args, **kwargs):
        return run("gpg", "--homedir", self.home, "--batch", "--quiet", "--passphrase", "", *args,
                   **kwargs)

    def sign_package(self, path):
        run("rpmsign", "--addsign", "--define", f"_gpg_name {self.name}",
            "--define", f"_gpg_path {self.home}", "--define", f"__gpg {shutil.which('gpg')}",
            "--define", "_gpg_digest_algo sha256", path)

    def sign_detached(self, path):
        path.with_name(path.name + ".asc").unlink(missing_ok=True)
        self.gpg("--armor", "--detach-sign", path)

    def stop(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)


def build(top, name, version="1", release="1.fc99", epoch=None, tags="", body="", files=()):
    """An unsigned noarch package; @files: paths beside its one file of its own."""
    root, spec = top / "root", top / f"{name}.spec"
    shutil.rmtree(root, ignore_errors=True)
    paths = [f"/usr/share/{name}/data", *files]
    for path in paths:
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{name} {version}\n")
    spec.write_text(textwrap.dedent(f"""\
        Name: {name}
        Version: {version}
        Release: {release}
        {f"Epoch: {epoch}" if epoch is not None else ""}
        Summary: Test package {name}
        License: MIT
        BuildArch: noarch
        AutoReqProv: no
        """) + tags + f"\n%description\nA test.\n{body}\n%files\n" + "\n".join(paths) + "\n")
    run("rpmbuild", "-bb", "--quiet", "--noclean", "--noprep", "--buildroot", root,
        "--define", f"_topdir {top}/rpmbuild", "--define", f"_rpmdir {top}/rpms",
        "--define", "__os_install_post %{nil}", "--define", "__spec_install_pre %{nil}",
        "--define", "_build_id_links none", "--define", "_buildhost test",
        "--define", "use_source_date_epoch_as_buildtime 1",
        spec, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    return top / "rpms" / "noarch" / f"{name}-{version}-{release}.noarch.rpm"


class Repository:
    """Packages/ and repodata/ under @root."""

    def __init__(self, root, key):
        self.root, self.key = pathlib.Path(root), key
        self.packages = self.root / "Packages"
        self.packages.mkdir(parents=True, exist_ok=True)
        self.repomd = self.root / "repodata/repomd.xml"

    def add(self, name, key=None, **kwargs):
        top = self.root.parent / "build"
        top.mkdir(exist_ok=True)
        path = build(top, name, **kwargs)
        if key is not False:
            (key or self.key).sign_package(path)
        return pathlib.Path(shutil.copy(path, self.packages / path.name))

    def remove(self, name):
        for path in self.packages.glob(f"{name}-*.rpm"):
            path.unlink()

    def publish(self, revision="1700000000", compress="gz", sign=True):
        shutil.rmtree(self.root / "repodata", ignore_errors=True)
        run("createrepo_c", "--quiet", "--no-database", "--revision", revision,
            f"--general-compress-type={compress}", self.root)
        if sign:
            self.sign()

    def sign(self, key=None):
        (key or self.key).sign_detached(self.repomd)

    def primary(self):
        href = re.search(r'<data type="primary">.*?href="([^"]+)"', self.repomd.read_text(), re.S)
        return self.root / href.group(1)

    def edit_repomd(self, change, sign=True):
        self.repomd.write_text(change(self.repomd.read_text()))
        if sign:
            self.sign()

    def edit_primary(self, change, open_size=None):
        """Changes the text of the (gzip) primary metadata and lists it as it is then."""
        old = self.primary()
        plain = change(gzip.decompress(old.read_bytes()).decode()).encode()
        packed = gzip.compress(plain, mtime=0)
        old.unlink()
        new = old.with_name(sha256(packed) + "-primary.xml.gz")
        new.write_bytes(packed)

        def relist(text):
            head, block, tail = re.match(r'(.*)(<data type="primary">.*?</data>)(.*)', text,
                                         re.S).groups()
            size = open_size if open_size is not None else len(plain)
            block = re.sub(r"(<checksum[^>]*>)[^<]*", rf"\g<1>{sha256(packed)}", block)
            block = re.sub(r"(<open-checksum[^>]*>)[^<]*", rf"\g<1>{sha256(plain)}", block)
            block = re.sub(r'href="[^"]*"', f'href="repodata/{new.name}"', block)
            block = re.sub(r"<size>\d+", f"<size>{len(packed)}", block)
            block = re.sub(r"<open-size>\d+", f"<open-size>{size}", block)
            return head + block + tail

        self.edit_repomd(relist)
