# SPDX-License-Identifier: MIT
"""Adds up the JUnit files of Meson and pytest: prints "N passed, N failed, N skipped"."""
import pathlib
import sys
import xml.etree.ElementTree as ET

count = {"passed": 0, "failed": 0, "skipped": 0}
for build in map(pathlib.Path, sys.argv[1:]):
    by_pytest = {path.stem for path in build.glob("tests/**/*.xml")}
    for path in [build / "meson-logs/testlog.junit.xml", *build.glob("tests/**/*.xml")]:
        for case in ET.parse(path).iter("testcase"):
            ok = case.find("failure") is None and case.find("error") is None
            # pytest's own file counts its cases; Meson's line for the whole program if it failed.
            if path.name == "testlog.junit.xml" and case.get("name") in by_pytest and ok:
                continue
            skipped = ok and case.find("skipped") is not None
            count["skipped" if skipped else "passed" if ok else "failed"] += 1
print(", ".join(f"{number} {what}" for what, number in count.items()))
sys.exit(1 if count["failed"] or not count["passed"] else 0)
