# SPDX-License-Identifier: MIT
"""A dist-git upstream and a project that uses it, made by git itself."""
import os
import subprocess

STRAKE = os.environ["STRAKE"]

SPEC = """\
Name:           hello
Version:        1.0
Release:        %autorelease
Summary:        Says hello
License:        MIT
Source0:        https://example.org/%{name}-%{version}.tar.gz
Patch0:         fix.patch

%description
It says hello.

%prep
%autosetup

%check
make check

%files

%changelog
%autochangelog
"""

PROJECT = """\
[project]
default-distro = {{ name = "mine", version = "1" }}
default-author-email = "dev@example.org"
rendered-specs-dir = "specs"
lock-dir = "locks"

[distros.mine.versions.1]
release-ver = "1.0"
default-component-config = {{ spec = {{ type = "upstream", upstream-distro = {{ name = "up", version = "43" }} }} }}

[distros.up]
dist-git-base-uri = "file://{upstream}/$pkg.git"
lookaside-base-uri = "{lookaside}/$pkg/$filename/$hashtype/$hash/$filename"
[distros.up.versions.43]
release-ver = "43"
dist-git-branch = "f43"

"""


def git(directory, *args, time=1700000000, author="Ann Author", mail="ann@example.org"):
    environment = {**os.environ, "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": mail,
                   "GIT_COMMITTER_NAME": author, "GIT_COMMITTER_EMAIL": mail,
                   "GIT_AUTHOR_DATE": f"{time} +0000", "GIT_COMMITTER_DATE": f"{time} +0000",
                   "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    return subprocess.run(["git", *args], cwd=directory, env=environment, check=True,
                          capture_output=True, text=True).stdout.strip()


class Package:
    """One repository of the upstream; commits are made in a work tree and pushed to NAME.git."""

    def __init__(self, root, name, branch="f43"):
        self.bare = root / f"{name}.git"
        self.work = root / f"{name}.work"
        self.work.mkdir(parents=True)
        git(root, "init", "-q", "--bare", "-b", branch, str(self.bare))
        git(self.work, "init", "-q", "-b", branch)
        self.branch = branch

    def commit(self, files, message, time, **who):
        for name, content in files.items():
            path = self.work / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(content)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message, time=time, **who)
        git(self.work, "push", "-q", str(self.bare), self.branch)
        return git(self.work, "rev-parse", "HEAD")


class Project:
    """A project on such an upstream, with a store of its own."""

    def __init__(self, root, root_name="strake.toml"):
        self.root = root / "project"
        self.upstream = root / "upstream"
        self.store = root / "store"
        self.root.mkdir()
        self.upstream.mkdir()
        self.root_name = root_name
        self.define('[components]\nhello = {}\n')

    def define(self, components, lookaside="http://127.0.0.1:9"):
        text = PROJECT.format(upstream=self.upstream, lookaside=lookaside) + components
        (self.root / self.root_name).write_text(text)

    def commit(self, message, time):
        if not (self.root / ".git").exists():
            git(self.root, "init", "-q", "-b", "main")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", message, time=time, author="Dev", mail="dev@example.org")

    def start(self, *args, **options):
        environment = {**os.environ, "XDG_CONFIG_HOME": "/nonexistent"}
        return subprocess.Popen([STRAKE, "--store", str(self.store), *args], cwd=self.root,
                                env=environment, **options)

    def run(self, *args, ok=True):
        process = self.start("-q", *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
        result = subprocess.CompletedProcess(args, process.returncode, out, err)
        assert (result.returncode == 0) == ok, result.stderr + result.stdout
        return result

    def spec(self, name="hello"):
        return (self.root / "specs" / name[0] / name / f"{name}.spec").read_text()
