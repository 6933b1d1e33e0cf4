# SPDX-License-Identifier: MIT
"""strake repo publish/check, strake pkg solve/install, with rpm, dnf 4 and zypper as judges."""
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile
import textwrap
import threading
import time
import xml.etree.ElementTree as ET

import pytest

STRAKE = os.environ["STRAKE"]
NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="dnf and zypper install as root only")


def run(*argv, check=True, **kw):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, **kw)
    if check and done.returncode != 0:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def can_sandbox():
    return run("unshare", "-U", "-m", "-r", "true", check=False).returncode == 0


def build(top, name, version="1", files=None, tags="", release="1", body=""):
    """A noarch package made by rpmbuild; files: path -> (content, %attr or flags)."""
    files = files if files is not None else {f"/usr/share/{name}/data": (f"{name} {version}\n", "")}
    root = top / "root"
    shutil.rmtree(root, ignore_errors=True)
    listed = []
    for path, (content, flags) in files.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            target.mkdir(exist_ok=True)
        elif isinstance(content, int):
            target.touch()
            os.truncate(target, content)
        elif content.startswith("-> "):
            target.symlink_to(content[3:])
        else:
            target.write_text(content)
        listed.append(f"{flags} {path}".strip())
    spec = top / f"{name}.spec"
    spec.write_text(textwrap.dedent(f"""\
        Name: {name}
        Version: {version}
        Release: {release}
        Summary: Test package {name}
        License: MIT
        BuildArch: noarch
        AutoReqProv: no
        """) + tags + "\n%description\nA test.\n" + body + "\n%files\n" + "\n".join(listed) + "\n")
    run("rpmbuild", "-bb", "--quiet", "--noclean", "--noprep", "--buildroot", root,
        "--define", f"_topdir {top}/rpmbuild", "--define", f"_rpmdir {top}/rpms",
        "--define", "__os_install_post %{nil}", "--define", "__spec_install_pre %{nil}",
        "--define", "_binary_payload w3.zstdio", "--define", "_build_id_links none",
        "--define", "use_source_date_epoch_as_buildtime 1", "--define", "_buildhost test",
        "--define", "clamp_mtime_to_source_date_epoch 1",
        spec, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    return top / "rpms" / "noarch" / f"{name}-{version}-{release}.noarch.rpm"


class World:
    def __init__(self, top):
        self.top = top
        self.keys = top / "keys"
        self.packages = {}

    def strake(self, *argv, check=True, store="store", **kw):
        env = {**os.environ, "STRAKE_KEYS": str(self.keys)}
        return run(STRAKE, "--store", self.top / store, *argv, check=check, env=env, **kw)

    def publish(self, out, names=None, **kw):
        picked = [p for n, p in self.packages.items() if names is None or n in names]
        return self.strake("repo", "publish", out, *picked, **kw)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("repo"))
    top = world.top / "build"
    top.mkdir()
    world.packages = {
        "filesystem": build(top, "filesystem", files={
            "/usr/bin": (None, "%dir"), "/bin": ("-> usr/bin", "")},
            tags="Provides: /bin/sh\n"),
        "aaa-tool": build(top, "aaa-tool", files={
            "/bin/aaa": ("#!/bin/sh\n", "%attr(4755,root,root)"),
            "/usr/share/doc/aaa/README": ("read me\n", "%doc"),
            "/usr/share/locale/de/aaa.mo": ("de\n", "%lang(de)"),
            "/etc/aaa.conf": ("x=1\n", "%config(noreplace) %attr(0640,root,aaagroup)")},
            tags="Requires: libfoo >= 2\nRecommends: extra\n"),
        "libfoo": build(top, "libfoo", version="2"),
        "extra": build(top, "extra"),
        "clash": build(top, "clash", files={"/usr/share/extra/data": ("other\n", "")}),
        "script": build(top, "script", body="%post\ntouch /script-ran\n"),
    }
    world.publish(world.top / "out")
    return world


def test_layout_and_metadata(world):
    repo = world.top / "out" / "x86_64"
    tree = ET.parse(repo / "repodata" / "repomd.xml")
    ns = {"r": "http://linux.duke.edu/metadata/repo"}
    hrefs = {d.get("type"): d.find("r:location", ns).get("href")
             for d in tree.getroot().findall("r:data", ns)}
    assert sorted(hrefs) == ["filelists", "other", "primary"]
    assert all(h.endswith(".xml.zst") for h in hrefs.values())
    assert (repo / "Packages" / "l" / "libfoo-2-1.noarch.rpm").is_file()
    assert (repo / "RPM-GPG-KEY").read_text() == world.strake("repo", "key").stdout
    assert stat.S_IMODE(world.keys.stat().st_mode) == 0o700
    assert world.strake("repo", "check", repo).returncode == 0


def test_same_bytes_from_another_store(world):
    world.publish(world.top / "again", store="store2")
    one, two = world.top / "out" / "x86_64", world.top / "again" / "x86_64"
    assert run("diff", "-r", one, two).stdout == ""


def test_rpm_verifies(world):
    db = world.top / "rpmdb"
    key = world.top / "key.asc"
    key.write_text(world.strake("repo", "key").stdout)
    run("rpmkeys", "--dbpath", db, "--import", key)
    package = world.top / "out/x86_64/Packages/a/aaa-tool-1-1.noarch.rpm"
    shown = run("rpmkeys", "--dbpath", db, "-Kv", package).stdout
    assert "Header V4 RSA/SHA256 Signature" in shown
    assert all(line.endswith(": OK") for line in shown.strip().splitlines()[1:])
    # Signing changes the signature header only.
    dump = [run("rpm", "-qp", "--dump", p).stdout for p in (package, world.packages["aaa-tool"])]
    assert dump[0] == dump[1]


def test_incremental_and_previous_state(world):
    out = world.top / "inc"
    world.publish(out, ["libfoo", "extra"])
    first = {p.relative_to(out) for p in out.rglob("*") if p.is_file()}
    said = world.publish(out, ["libfoo"]).stderr
    assert "published 1 package" in said and "0 signed now" in said
    kept = {p.relative_to(out) for p in out.rglob("*") if p.is_file()}
    assert first <= kept, "a client that read the old repomd.xml still finds its files"
    world.publish(out, ["libfoo"])
    assert not (out / "x86_64/Packages/e/extra-1-1.noarch.rpm").exists()
    assert world.strake("repo", "check", out / "x86_64").returncode == 0


def repo_config(world, folder, baseurl, key=None):
    folder.mkdir(parents=True, exist_ok=True)
    key = key or f"{baseurl}/RPM-GPG-KEY"
    (folder / "strake.repo").write_text(
        f"[strake]\nname=strake\nbaseurl={baseurl}\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\n"
        f"gpgkey={key}\n")


def dnf(world, tag, *argv, baseurl=None, check=True, key=None):
    root = world.top / f"dnf-{tag}"
    repos = world.top / f"dnf-{tag}-repos"
    repo_config(world, repos, baseurl or f"file://{world.top}/out/x86_64", key)
    config = repos / "dnf.conf"
    config.write_text("[main]\n")
    return run("dnf", "-y", "-c", config, f"--setopt=reposdir={repos}",
               f"--setopt=cachedir={world.top}/dnf-{tag}-cache", "--setopt=plugins=0",
               f"--installroot={root}", "--releasever=1", "--setopt=logdir=/var/log",
               *argv, check=check)


@pytest.mark.skipif(shutil.which("dnf") is None, reason="no dnf")
@NEEDS_ROOT
def test_dnf4(world):
    names = dnf(world, "a", "repoquery", "--qf", "%{name}").stdout.split()
    assert {"aaa-tool", "libfoo", "extra"} <= set(names)
    shown = dnf(world, "a", "install", "--setopt=tsflags=noscripts", "aaa-tool")
    assert "libfoo" in shown.stdout
    root = world.top / "dnf-a"
    assert (root / "usr/share/libfoo/data").read_text() == "libfoo 2\n"


@pytest.mark.skipif(shutil.which("dnf") is None, reason="no dnf")
@NEEDS_ROOT
def test_dnf4_refuses_tampering(world):
    top = world.top / "tampered"
    shutil.copytree(world.top / "out/x86_64", top / "x86_64")
    url = f"file://{top}/x86_64"
    good_key = f"file://{world.top}/out/x86_64/RPM-GPG-KEY"
    # A changed package: the size stays, a byte of the payload differs.
    package = top / "x86_64/Packages/l/libfoo-2-1.noarch.rpm"
    data = bytearray(package.read_bytes())
    data[-20] ^= 1
    package.chmod(0o644)
    package.write_bytes(data)
    assert dnf(world, "t1", "install", "libfoo", baseurl=url, check=False).returncode != 0
    problems = world.strake("repo", "check", top / "x86_64", check=False)
    assert problems.returncode == 1
    assert f"package '{package}' is damaged" in problems.stdout
    # A changed repomd.xml.
    repomd = top / "x86_64/repodata/repomd.xml"
    repomd.write_text(repomd.read_text().replace("<revision>", "<revision>1"))
    shown = dnf(world, "t2", "repoquery", baseurl=url, check=False, key=good_key)
    assert "libfoo" not in shown.stdout
    problems = world.strake("repo", "check", top / "x86_64", check=False)
    assert "repomd.xml' does not verify" in problems.stdout
    # Metadata that is not what repomd.xml names.
    shutil.copy(world.top / "out/x86_64/repodata/repomd.xml", repomd)
    primary = next((top / "x86_64/repodata").glob("*-primary.xml.zst"))
    data = bytearray(primary.read_bytes())
    data[len(data) // 2] ^= 1
    primary.write_bytes(data)
    failed = world.strake("repo", "check", top / "x86_64", check=False)
    assert failed.returncode == 1 and "is damaged" in failed.stderr
    # Not signed at all.
    (top / "x86_64/repodata/repomd.xml.asc").unlink()
    primary.unlink()
    shutil.copy(next((world.top / "out/x86_64/repodata").glob("*-primary.xml.zst")), primary)
    problems = world.strake("repo", "check", top / "x86_64", check=False)
    assert "repomd.xml' is not signed" in problems.stdout


def test_unsigned_package_is_refused(world):
    repo = world.top / "unsigned"
    repo.mkdir()
    shutil.copy(world.packages["libfoo"], repo)
    run("createrepo_c", "-q", repo)
    key = world.top / "out/x86_64/RPM-GPG-KEY"
    failed = world.strake("pkg", "install", "-r", repo, "--key", key, "--root",
                          world.top / "no-root", "libfoo", check=False)
    assert failed.returncode == 1
    assert "libfoo-2-1.noarch.rpm' is not signed" in failed.stderr
    assert not (world.top / "no-root" / "usr").exists()


def test_wrong_key_is_refused(world):
    env = {**os.environ, "STRAKE_KEYS": str(world.top / "other-keys")}
    other = world.top / "other.asc"
    other.write_text(run(STRAKE, "repo", "key", env=env).stdout)
    failed = world.strake("pkg", "install", "-r", world.top / "out/x86_64", "--key", other,
                          "--root", world.top / "no-root", "libfoo", check=False)
    assert failed.returncode == 1
    assert "is signed with a key that is not the project's" in failed.stderr
    problems = world.strake("repo", "check", "--key", other, world.top / "out/x86_64", check=False)
    assert problems.returncode == 1


@pytest.mark.skipif(shutil.which("zypper") is None, reason="no zypper")
@NEEDS_ROOT
def test_zypper(world):
    root = world.top / "zypper"
    url = f"file://{world.top}/out/x86_64"
    repo_config(world, root / "etc/zypp/repos.d", url)
    base = ["zypper", "--non-interactive", "--root", root]
    run(*base, "--gpg-auto-import-keys", "refresh")
    found = run(*base, "search", "libfoo").stdout
    assert "libfoo" in found
    run(*base, "download", "aaa-tool")
    shown = run(*base, "install", "--dry-run", "--no-recommends", "aaa-tool").stdout
    assert "libfoo" in shown and "extra" not in shown.split("The following")[1]


def test_solve_output(world):
    repo = world.top / "out/x86_64"
    listed = json.loads(world.strake("pkg", "solve", "-r", repo, "--json", "aaa-tool").stdout)
    assert [p["name"] for p in listed] == ["libfoo", "aaa-tool"]
    assert listed[0]["why"] == "needed by aaa-tool-1-1.noarch"
    assert listed[0]["path"] == str(repo / "Packages/l/libfoo-2-1.noarch.rpm")
    more = json.loads(world.strake("pkg", "solve", "-r", repo, "--json", "--recommends",
                                   "aaa-tool").stdout)
    assert {p["name"] for p in more} == {"libfoo", "aaa-tool", "extra"}
    failed = world.strake("pkg", "solve", "-r", repo, "libfo", check=False)
    assert failed.returncode == 1 and "did you mean 'libfoo'?" in failed.stderr
    assert world.strake("pkg", "solve", "libfoo", check=False).returncode == 2


def install(world, root, *wishes, check=True, options=()):
    return world.strake("pkg", "install", "-r", world.top / "out/x86_64", "--root", root,
                        "--time", "1700000000", *options, *wishes, check=check)


def tree_of(root):
    listing = {}
    for path in sorted(root.rglob("*")):
        st = path.lstat()
        what = os.readlink(path) if path.is_symlink() else (
            path.read_bytes() if path.is_file() else None)
        listing[str(path.relative_to(root))] = (st.st_mode, what)
    return listing


@pytest.mark.skipif(not can_sandbox(), reason="no user name spaces")
def test_install(world):
    one, two = world.top / "root1", world.top / "root2"
    # aaa-tool sorts first and writes below /bin, which filesystem makes a link.
    install(world, one, "aaa-tool", "filesystem", "script")
    install(world, two, "aaa-tool", "filesystem", "script")
    assert (one / "bin").is_symlink()
    assert stat.S_IMODE((one / "usr/bin/aaa").stat().st_mode) == 0o4755
    assert not (one / "script-ran").exists() and not pathlib.Path("/script-ran").exists()
    assert tree_of(one) == tree_of(two)
    assert sorted(os.listdir(one / "var/lib/rpm")) == ["rpmdb.sqlite"]
    names = run("rpm", "--root", one, "--dbpath", "/var/lib/rpm", "-qa", "--qf", "%{NAME} ").stdout
    assert sorted(names.split()) == ["aaa-tool", "filesystem", "libfoo", "script"]


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("setpriv") is None,
                    reason="needs root to become somebody else")
@pytest.mark.skipif(not can_sandbox(), reason="no user name spaces")
def test_install_as_ordinary_user(world):
    """A user without subordinate ids installs the same tree and database as root."""
    ours = world.top / "root-of-root"
    install(world, ours, "aaa-tool", "filesystem")
    with tempfile.TemporaryDirectory(prefix="strake-test-") as folder:
        top = pathlib.Path(folder)
        top.chmod(0o755)
        shutil.copytree(world.top / "out/x86_64", top / "repo")
        shutil.copy(STRAKE, top / "strake")
        (top / "home").mkdir()
        os.chown(top / "home", 65534, 65534)
        run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", top / "strake",
            "--store", top / "home/store", "pkg", "install", "-r", top / "repo", "--root",
            top / "home/root", "--time", "1700000000", "aaa-tool", "filesystem", cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(top / "home")})
        assert tree_of(top / "home/root") == tree_of(ours)
        assert (top / "home/root/usr/bin/aaa").stat().st_uid == 65534


@pytest.mark.skipif(not can_sandbox(), reason="no user name spaces")
def test_install_without_docs(world):
    root = world.top / "root-nodocs"
    install(world, root, "aaa-tool", options=["--no-docs"])
    assert not (root / "usr/share/doc/aaa/README").exists()


@pytest.mark.skipif(not can_sandbox(), reason="no user name spaces")
def test_file_conflict(world):
    root = world.top / "root-conflict"
    failed = install(world, root, "extra", "clash", check=False)
    assert failed.returncode == 1
    assert "'/usr/share/extra/data' is in " in failed.stderr
    assert "clash-1-1.noarch" in failed.stderr and "extra-1-1.noarch" in failed.stderr
    assert not (root / "usr/share/extra").exists()


@pytest.mark.skipif(not can_sandbox(), reason="no user name spaces")
def test_interrupted(world):
    """Ctrl-C while files are written: one line, status 1, and nothing goes on writing."""
    top = world.top / "build3"
    top.mkdir()
    files = {f"/usr/share/big/z{i}": (64 << 20, "") for i in range(6)}
    big = build(top, "big", files={"/usr/share/big/a": ("first\n", ""), **files})
    world.strake("repo", "publish", world.top / "big", big)
    root = world.top / "big-root"
    process = subprocess.Popen(
        [STRAKE, "pkg", "install", "-r", str(world.top / "big/x86_64"), "--root", str(root), "big"],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "STRAKE_KEYS": str(world.keys)})
    while process.poll() is None and not (root / "usr/share/big").exists():
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 1 and "stopped by signal 2" in said
    before = sorted((p.name, p.stat().st_size) for p in (root / "usr/share/big").iterdir())
    time.sleep(0.3)
    assert before == sorted((p.name, p.stat().st_size) for p in (root / "usr/share/big").iterdir())


@NEEDS_ROOT
@pytest.mark.skipif(not can_sandbox(), reason="no user name spaces")
def test_disk_full(world):
    root = world.top / "small"
    root.mkdir()
    if run("mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", root, check=False).returncode != 0:
        pytest.skip("cannot mount")
    try:
        failed = install(world, root, "aaa-tool", check=False)
        assert failed.returncode == 1
        assert "of free space, but the packages need" in failed.stderr
        assert not (root / "usr").exists()
    finally:
        run("umount", root)


@NEEDS_ROOT
def test_publish_disk_full(world):
    out = world.top / "small-out"
    out.mkdir()
    if run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", out, check=False).returncode != 0:
        pytest.skip("cannot mount")
    try:
        world.publish(out, ["libfoo"])
        before = (out / "x86_64/repodata/repomd.xml").read_bytes()
        failed = world.publish(out, check=False)
        assert failed.returncode == 1 and "No space left" in failed.stderr
        assert (out / "x86_64/repodata/repomd.xml").read_bytes() == before
        assert [p.name for p in out.iterdir() if ".new-" in p.name] == []
    finally:
        run("umount", out)


def test_bad_packages(world):
    bad = world.top / "bad"
    bad.mkdir()
    out = world.top / "bad-out"
    (bad / "text.rpm").write_text("not a package\n" * 20)
    failed = world.strake("repo", "publish", out, bad / "text.rpm", check=False)
    assert failed.returncode == 1 and "text.rpm" in failed.stderr
    whole = world.packages["libfoo"].read_bytes()
    (bad / "short.rpm").write_bytes(whole[:-100])
    failed = world.strake("repo", "publish", out, bad / "short.rpm", check=False)
    assert failed.returncode == 1 and "short.rpm" in failed.stderr
    top = world.top / "build2"
    top.mkdir()
    twin = build(top, "libfoo", version="2", files={"/usr/share/libfoo/data": ("changed\n", "")})
    failed = world.strake("repo", "publish", out, world.packages["libfoo"], twin, check=False)
    assert failed.returncode == 1 and "a changed package needs a new release" in failed.stderr
    failed = world.strake("repo", "publish", out, world.top / "missing.rpm", check=False)
    assert failed.returncode == 1 and "missing.rpm" in failed.stderr
    (bad / "empty").mkdir()
    assert world.strake("repo", "publish", out, bad / "empty", check=False).returncode == 2
    failed = world.strake("-C", bad / "empty", "repo", "publish", out, check=False)
    assert failed.returncode == 1 and "strake.toml" in failed.stderr
    assert not out.exists() or not any(out.iterdir())


def read_whole(repo):
    """A client: repomd.xml, then every file that it names, by digest."""
    import hashlib
    ns = {"r": "http://linux.duke.edu/metadata/repo"}
    root = ET.fromstring((repo / "repodata/repomd.xml").read_bytes())
    for data in root.findall("r:data", ns):
        content = (repo / data.find("r:location", ns).get("href")).read_bytes()
        assert hashlib.sha256(content).hexdigest() == data.find("r:checksum", ns).text


def test_reader_never_sees_half(world):
    out = world.top / "switching"
    repo = out / "x86_64"
    world.publish(out, ["libfoo"])
    env = {**os.environ, "STRAKE_KEYS": str(world.keys)}
    stop = threading.Event()
    problems, reads = [], [0]

    def reader():
        while not stop.is_set():
            try:
                read_whole(repo)
                reads[0] += 1
            except Exception as error:  # any failure is a half-seen repository
                problems.append(repr(error))
                return

    thread = threading.Thread(target=reader)
    thread.start()
    sets = [["libfoo"], ["libfoo", "extra"], ["extra", "filesystem"]]
    for i in range(18):
        argv = [STRAKE, "--store", world.top / "store", "repo", "publish", out]
        argv += [world.packages[n] for n in sets[i % 3]]
        process = subprocess.Popen([str(a) for a in argv], env=env, stderr=subprocess.DEVNULL)
        if i % 2 == 0:
            # Killed at another point each time; whatever it was at, the repository is whole.
            time.sleep(0.002 * i)
            process.send_signal(signal.SIGKILL)
            process.wait()
            reads_before = reads[0]
            while reads[0] <= reads_before and thread.is_alive():
                time.sleep(0.005)
        else:
            process.wait()
    world.publish(out, ["libfoo"])
    stop.set()
    thread.join()
    assert problems == []
    assert reads[0] > 0
    assert [p.name for p in out.iterdir() if ".new-" in p.name] == []
    assert world.strake("repo", "check", repo).returncode == 0
