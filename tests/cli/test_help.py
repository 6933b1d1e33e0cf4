# SPDX-License-Identifier: MIT
"""The command table's texts: help, usage errors, exit statuses."""
import os
import subprocess

STRAKE = os.environ["STRAKE"]


def run(*args):
    return subprocess.run([STRAKE, *args], capture_output=True, text=True, timeout=60)


def commands():
    lines = run("--help").stdout.split("Commands:\n")[1].split("\nOptions:")[0].splitlines()
    return [line[2:].split("  ")[0].strip() for line in lines if line[2:3].strip()]


def test_help_is_at_most_80_columns_and_on_stdout():
    for command in [[]] + [name.split() for name in commands()]:
        result = run(*command, "--help")
        assert result.returncode == 0 and result.stderr == ""
        assert max(map(len, result.stdout.splitlines())) <= 80, command


def test_unknown_command_is_a_usage_error_on_stderr():
    result = run("frobnicate-nothing")
    assert result.returncode == 2 and result.stdout == ""
    assert "there is no command 'frobnicate-nothing'" in result.stderr


def test_unknown_option_is_a_usage_error():
    result = run("--frobnicate")
    assert result.returncode == 2 and "--frobnicate" in result.stderr


def test_version():
    assert run("--version").stdout.startswith("strake ")


def test_every_command_is_in_man_page_and_completion():
    man, completion = run("help", "--man").stdout, run("help", "--completion").stdout
    for name in commands():
        assert f".SS {name}" in man and name in completion
