# SPDX-License-Identifier: MIT
"""Runs the examples of a page of the documentation, so that the guides cannot lie.

A fence "```console" is run line by line: "$ COMMAND" is a command, the lines below it are the output
it must print ("..." alone stands for any lines, within a line for any text). A fence
"```toml file=NAME" (or any language) writes NAME first. All fences of one page share one directory.
"```console mirror" needs the machine's apt mirror. Anything else is prose.
"""
import os
import re
import subprocess

FENCE = re.compile(r"^```(\S+)(?: (mirror))?(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)


def needs_mirror(page):
    return "```console mirror\n" in page.read_text()


def pattern_of(lines):
    text = "".join(r"(?:.*\n)*?" if line == "..." else
                   ".*".join(map(re.escape, line.split("..."))) + r"\n" for line in lines)
    return re.compile(text)


def run_console(block, directory, page, environment):
    commands = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    for command, wanted in commands:
        result = subprocess.run(["bash", "-c", command], cwd=directory, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
        printed = result.stdout if result.stdout.endswith("\n") or not result.stdout \
            else result.stdout + "\n"
        assert pattern_of(wanted).fullmatch(printed), \
            f"{page.name}: $ {command}\nprinted:\n{printed}\nwanted:\n" + "\n".join(wanted)


def run_page(page, directory, mirror=False, **environment):
    """All examples of @page in the empty @directory, those that need the mirror only if @mirror."""
    (directory / ".bin").mkdir()
    (directory / ".bin/strake").symlink_to(os.environ["STRAKE"])
    environment = {**os.environ, "STRAKE_KEYS": str(directory / ".keys"),
                   "PATH": f"{directory}/.bin:{os.environ['PATH']}", **environment}
    for language, condition, name, body in FENCE.findall(page.read_text()):
        if name:
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body)
        elif language == "console" and (mirror or condition != "mirror"):
            run_console(body, directory, page, environment)
