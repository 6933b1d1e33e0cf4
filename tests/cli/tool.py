# SPDX-License-Identifier: MIT
"""What every command test needs: the tool, run as a person runs it."""
import os
import subprocess

STRAKE = os.environ["STRAKE"]
ROOT = os.environ["STRAKE_SOURCE_ROOT"]


def strake(*args, **how):
    """Runs the tool; the result has returncode, stdout and stderr as text."""
    how = {"capture_output": True, "text": True, "timeout": 120, **how}
    return subprocess.run([STRAKE, *map(str, args)], **how)
