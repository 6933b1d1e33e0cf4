# SPDX-License-Identifier: MIT
"""strake bridge script: whole pages compared with golden files, JSON, summaries, bad input.

STRAKE_BLESS=1 rewrites the golden files; read the difference before it goes in.
"""
import json
import os
import pathlib

import pytest

from tool import strake

DATA = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"]) / "tests/data/scripts"
CASES = sorted(path.name for path in DATA.iterdir() if path.is_dir())


def run(*args, cwd=DATA):
    return strake("bridge", "script", *args, cwd=cwd)


@pytest.mark.parametrize("case", CASES)
def test_golden_page(case):
    result = run(case)
    golden = DATA / f"{case}.expected"
    assert result.returncode == 0 and result.stderr == ""
    if os.environ.get("STRAKE_BLESS"):
        golden.write_text(result.stdout)
    assert result.stdout == golden.read_text()


@pytest.mark.parametrize("case", CASES)
def test_json_tells_the_same(case):
    [plan] = json.loads(run("--json", case).stdout)
    page = run(case).stdout
    assert page.startswith(f"{case}: class {plan['class']},")
    for item in plan["unhandled"]:
        assert f"{item['script']}:{item['line']}: {item['why']}" in page
    for script, digest in plan["residue"].items():
        assert f"{script}: residue {digest}" in page
    summary = run("--summary", case).stdout
    assert f"class {plan['class']}, {len(plan['unhandled'])} unhandled" in summary


def test_rules_are_listed():
    assert "sysusers.d lines\n    addgroup adduser" in run("--rules").stdout


def test_bad_input_is_one_message(tmp_path):
    (tmp_path / "x.deb").write_bytes(b"!<arch>\nnonsense")
    result = run("x.deb", cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.count("\n") == 1 and "x.deb" in result.stderr
    result = run("missing.deb", cwd=tmp_path)
    assert result.returncode == 1 and "missing.deb" in result.stderr
    assert run().returncode == 2


def test_text_that_is_not_utf8_is_shown(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/postinst").write_bytes(b"#!/bin/sh\n# caf\xe9\nfrob caf\xe9\n")
    assert run("p", cwd=tmp_path).returncode == 0
    [plan] = json.loads(run("--json", "p", cwd=tmp_path).stdout)
    assert plan["class"] == 3 and plan["unhandled"][0]["line"] == 3
