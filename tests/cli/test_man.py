# SPDX-License-Identifier: MIT
"""Manual pages, completion and `meson install`: what a user of an installed tool finds."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from tool import ROOT, STRAKE, strake

BUILD = pathlib.Path(STRAKE).resolve().parents[2]
PAGES = sorted((BUILD / "docs/man").glob("*.[15]"))


def plain(page):
    """The page as it is read, without the formatter's line breaks."""
    text = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", page], capture_output=True,
                          text=True, check=True).stdout
    return " ".join(text.split())


def options_of(command):
    text = strake(*command.split(), "--help").stdout.partition("\nOptions:\n")[2]
    return re.findall(r"^ .*?(--[a-z-]+)", text, re.M)


def all_commands():
    words = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)(?=  |$)", strake("--help").stdout, re.M)
    return [name for name in words if not name.startswith("-")]


def test_every_command_and_option_is_on_its_page():
    for command in all_commands():
        page = BUILD / f"docs/man/strake-{command.split()[0]}.1"
        assert page.exists(), f"write docs/man/{page.name}.md and list it in docs/man/meson.build"
        text = plain(page)
        for option in options_of(command):
            assert option in text, f"{page.name}: {command} {option}"


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_page_is_clean(page):
    result = subprocess.run(["groff", "-man", "-ww", "-z", "-b", page], capture_output=True,
                            text=True, check=True)
    assert result.stderr == ""
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True,
                              text=True, check=False).stdout
        # A page has no date: the same sources give the same page on every day.
        assert [line for line in lint.splitlines() if "missing date" not in line] == []


def test_pages_that_are_named_exist():
    names = {page.name for page in PAGES}
    for page in PAGES:
        for name, section in re.findall(r"\b(strake[a-z\\-]*)\((\d)\)", page.read_text()):
            wanted = name.replace("\\", "") + "." + section
            assert wanted in names, f"{page.name} names {wanted}"


def test_every_key_of_the_language_is_explained():
    text = plain(BUILD / "docs/man/strake-overlays.5")
    for key in ["replacement (string)", "count (integer)", '"spec-set-tag"', "Not in azldev"]:
        assert key in text


def complete(line, directory):
    """What bash offers at the end of @line."""
    words = re.findall(r"=|[^\s=]+", line) + ([""] if line.endswith(" ") else [])
    script = ('source <("$STRAKE" help --completion bash)\n'
              'compopt() { :; }\nCOMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n_strake\n'
              'printf "%s\\n" "${COMPREPLY[@]}"\n')
    result = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                            cwd=directory, check=True, timeout=60)
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize("line, offered", [
    ("strake im", ["image"]),
    ("strake image ", ["boot", "build", "list", "report"]),
    ("strake image bu", ["build"]),
    ("strake -q --store here image bu", ["build"]),
    ("strake --store=here image bu", ["build"]),
    ("strake -C image image rep", ["report"]),
    ("strake --off", ["--offline"]),
    ("strake image build --fo", ["--force"]),
    ("strake image build --out", ["--out="]),
    ("strake image build --out=no", ["notes.txt"]),
    ("strake image list --out x --js", ["--json"]),
    ("strake spec print no", ["notes.txt"]),
    ("strake repo check --force", []),
])
def test_bash_completion(line, offered, tmp_path):
    (tmp_path / "notes.txt").touch()
    assert sorted(complete(line, tmp_path)) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_program_of_its_shell(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "completion"
    script.write_text(strake("help", "--completion", shell).stdout)
    result = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0 and result.stderr == ""


def test_fish_offers_commands_and_options(tmp_path):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    script = tmp_path / "strake.fish"
    script.write_text(strake("help", "--completion", "fish").stdout)
    for line, wanted in [("strake image b", "build"), ("strake image build --fo", "--force")]:
        result = subprocess.run(["fish", "-c", f"source {script}; complete -C '{line}'"],
                                capture_output=True, text=True, check=True,
                                env=dict(os.environ, HOME=str(tmp_path)))
        assert wanted in result.stdout


def test_installed_tool_has_its_pages_completion_and_distribution(tmp_path):
    if shutil.which("meson") is None:
        pytest.skip("meson is not installed")
    options = json.loads(subprocess.run(
        ["meson", "introspect", "--buildoptions", BUILD], capture_output=True, text=True,
        check=True).stdout)
    prefix = next(option["value"] for option in options if option["name"] == "prefix")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True,
                   capture_output=True, env=dict(os.environ, DESTDIR=str(tmp_path)), timeout=120)
    root = pathlib.Path(f"{tmp_path}{prefix}")
    assert {page.name for page in root.glob("share/man/man*/*")} == {page.name for page in PAGES}
    for path in ["bash-completion/completions/strake", "fish/vendor_completions.d/strake.fish",
                 "zsh/site-functions/_strake"]:
        assert (root / "share" / path).stat().st_size > 0
    # Outside of any project the installed distribution is the project.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    listed = subprocess.run([root / "bin/strake", "image", "list"], cwd=elsewhere, text=True,
                            capture_output=True, check=True, timeout=60).stdout
    assert "vm-base" in listed
    assert strake("-C", ROOT, "image", "list").stdout.splitlines()[0].split()[0] in listed
