# SPDX-License-Identifier: MIT
"""Under the sanitizers: whatever a run of the tool reports fails the test that ran it, whether or
not a failure of the tool was expected. Without them, nothing."""
import os
import pathlib
import tempfile

import pytest

REPORTS = pathlib.Path(tempfile.mkdtemp(prefix="strake-sanitizers-"))
for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
    options = [os.environ.get(name), f"log_path={REPORTS}/report", "print_stacktrace=1"]
    os.environ[name] = ":".join(filter(None, options))


def pytest_unconfigure():
    for report in REPORTS.iterdir():
        report.unlink()
    REPORTS.rmdir()


@pytest.fixture(autouse=True)
def sanitizers_are_silent():
    yield
    reports = sorted(REPORTS.iterdir())
    text = "".join(report.read_text() for report in reports)
    for report in reports:
        report.unlink()
    assert not reports, text
