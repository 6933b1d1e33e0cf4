# SPDX-License-Identifier: MIT
"""The real mirror of this machine's apt configuration: index only, no packages. Skips without."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

STRAKE = os.environ["STRAKE"]
ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
SKIP = 77


def run(store, *args):
    return subprocess.run([STRAKE, "-C", str(ROOT), "--store", store, *args], text=True,
                          capture_output=True, timeout=600)


def main():
    with tempfile.TemporaryDirectory() as store:
        for upstream in ["forky", "trixie"]:
            result = run(store, "upstream", "update", "--dry-run", "--json", upstream)
            unreachable = ["Could not resolve", "Failed to connect", "Connection", "timed out",
                           "no mirror is known", "no keyring is known"]
            if result.returncode != 0 and any(text in result.stderr for text in unreachable):
                print(f"skipped: {result.stderr}")
                return SKIP
            if result.returncode != 0:
                print(result.stderr)
                return 1
            found = json.loads(result.stdout)[0]
            assert found["suite"] == upstream and found["packages"] > 100, found["packages"]
            again = run(store, "--offline", "upstream", "status", "--json", upstream)
            assert again.returncode == 0, again.stderr
            assert json.loads(again.stdout)[0]["index"] == found["index"]
            print(f"{upstream}: {found['packages']} packages, {len(found['moves'])} moved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
