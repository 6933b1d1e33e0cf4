# SPDX-License-Identifier: MIT
"""Compiles every C header alone: each includes what it uses."""
import concurrent.futures
import pathlib
import subprocess
import sys

root, flags = pathlib.Path(sys.argv[1]), sys.argv[2:]


def problem_of(header):
    result = subprocess.run(
        ["cc", "-std=gnu17", "-fsyntax-only", "-D_GNU_SOURCE", f"-I{root / 'src'}", *flags, "-x", "c",
         "-include", str(header), "/dev/null"], capture_output=True, text=True)
    return result.stderr if result.returncode else ""


headers = sorted((root / "src").rglob("*.h"))
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    problems = [text for text in pool.map(problem_of, headers) if text]
print("\n".join(problems))
sys.exit(1 if problems or not headers else 0)
