# SPDX-License-Identifier: MIT
"""Runs the examples of docs/*.md and docs/man/*.md, so that the guides cannot lie.

A fence "```console" is run line by line: "$ COMMAND" is a command, the lines below it are the output
it must print ("..." alone stands for any lines). A fence "```toml file=NAME" (or any language)
writes NAME first. All fences of one page share one empty directory. Anything else is prose.
"""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
FENCE = re.compile(r"^```(\S+)(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)
PAGES = [page for page in sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/man").glob("*.md")])
         if "```console" in page.read_text()]


def pattern_of(lines):
    text = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n"
                   for line in lines)
    return re.compile(text)


def run_console(block, directory, page):
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    environment = dict(os.environ, XDG_CACHE_HOME=str(directory / ".cache"),
                       STRAKE_KEYS=str(directory / ".keys"),
                       PATH=f"{directory}/.bin:{os.environ['PATH']}")
    for command, wanted in commands:
        result = subprocess.run(["bash", "-c", command], cwd=directory, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        printed = result.stdout if result.stdout.endswith("\n") or not result.stdout \
            else result.stdout + "\n"
        assert pattern_of(wanted).fullmatch(printed), \
            f"{page.name}: $ {command}\nprinted:\n{printed}\nwanted:\n" + "\n".join(wanted)


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_examples(page, tmp_path):
    (tmp_path / ".bin").mkdir()
    (tmp_path / ".bin/strake").symlink_to(os.environ["STRAKE"])
    for language, name, body in FENCE.findall(page.read_text()):
        if name:
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body)
        elif language == "console":
            run_console(body, tmp_path, page)


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to missing {target}"
