# SPDX-License-Identifier: MIT
"""The command table's texts: help, usage errors, exit statuses."""
import fcntl
import os
import pty
import struct
import subprocess
import termios

import pytest

from tool import STRAKE, strake


def commands():
    text = strake("--help").stdout.split("Commands:\n")[1].split("\nOptions:")[0]
    return [line[2:].split("  ")[0].strip() for line in text.splitlines() if line[2:3].strip()]


def groups():
    return sorted({name.split()[0] for name in commands() if " " in name})


def test_help_is_at_most_80_columns_and_on_stdout():
    for command in [[]] + [[group] for group in groups()] + [name.split() for name in commands()]:
        result = strake(*command, "--help")
        assert result.returncode == 0 and result.stderr == ""
        assert max(map(len, result.stdout.splitlines())) <= 80, command


def test_help_fits_a_narrow_terminal():
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    child = subprocess.Popen([STRAKE, "image", "build", "--help"], stdout=inside)
    os.close(inside)
    text = b""
    while True:
        try:
            text += os.read(terminal, 65536)
        except OSError:  # the end of a terminal
            break
    assert child.wait() == 0
    assert max(map(len, text.decode().splitlines())) <= 40


def test_commands_of_a_group_stand_together():
    firsts = [name.split()[0] for name in commands()]
    assert len(set(firsts)) == sum(a != b for a, b in zip(firsts, firsts[1:])) + 1


def test_help_of_a_group_lists_its_commands():
    for args in [("image", "--help"), ("help", "image")]:
        result = strake(*args)
        assert result.returncode == 0 and "image build" in result.stdout
        assert "config check" not in result.stdout


@pytest.mark.parametrize("args, message", [
    (["frobnicate-nothing"], "there is no command 'frobnicate-nothing'"),
    (["confg", "check"], "there is no command 'confg'; did you mean 'config check'?"),
    (["repo"], "'repo' takes one of: "),
    (["repo", "chekc"], "'repo' has no command 'chekc'; did you mean 'repo check'?"),
    (["repo", "frobnicate"], "'repo' has no command 'frobnicate'; it takes one of: "),
    (["--offlin", "repo"], "there is no option '--offlin'; did you mean '--offline'?"),
    (["image", "build", "--forse", "x"], "there is no option '--forse'; did you mean '--force'?"),
    (["config", "check", "--zzzzzzzz"], "there is no option '--zzzzzzzz'\n"),
    (["repo", "check"], "'repo check' needs DIR"),
    (["repo", "key", "extra"], "'repo key' has no use for 'extra'"),
    (["-j", "-3", "repo", "key"], "--jobs: expected 1 or more"),
    (["help", "--completion", "csh"], "no completion for 'csh'; there is bash, zsh and fish"),
    (["help", "--man", "frob"], "there is no command 'frob'"),
])
def test_wrong_usage_says_what_is_right(args, message):
    result = strake(*args)
    assert result.returncode == 2 and result.stdout == ""
    assert message in result.stderr


def test_every_command_refuses_an_unknown_option_and_needs_no_terminal():
    for name in commands():
        result = strake(*name.split(), "--no-such-option-anywhere", stdin=subprocess.DEVNULL)
        assert result.returncode == 2 and result.stdout == "", name
        assert f"Try 'strake {name} --help'" in result.stderr


def test_bytes_that_are_not_text_are_refused_without_a_crash(tmp_path):
    for name in commands():
        result = strake("-C", tmp_path, *name.split(), os.fsdecode(b"\xff\xfe"), text=False,
                        stdin=subprocess.DEVNULL, cwd=tmp_path)
        assert result.returncode in (1, 2) and result.stderr.startswith(b"strake: "), name


def test_a_project_directory_may_have_any_name(tmp_path):
    odd = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(odd)
    with open(odd + b"/strake.toml", "w", encoding="utf-8") as file:
        file.write("[components]\nbash = {}\n")
    result = subprocess.run([STRAKE, "-C", odd, "config", "check"], capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr


def test_project_directory_must_exist(tmp_path):
    result = strake("-C", tmp_path / "nothing", "config", "check")
    assert result.returncode == 1 and "there is no directory" in result.stderr


def test_a_reader_that_goes_away_is_no_error_message():
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run([STRAKE, "config", "schema"], stdout=writing, stderr=subprocess.PIPE,
                            timeout=60)
    os.close(writing)
    assert result.returncode == 1 and result.stderr == b""


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["image", "--help"],
                                  ["image", "build", "--help"], ["config", "schema"]])
def test_a_full_disk_is_an_error(args):
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run([STRAKE, *args], stdout=full, stderr=subprocess.PIPE, text=True,
                                timeout=60)
    assert result.returncode == 1 and "No space left on device" in result.stderr


def test_version():
    assert strake("--version").stdout.startswith("strake ")
