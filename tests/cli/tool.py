# SPDX-License-Identifier: MIT
"""What every command test needs: the tool, run as a person runs it."""
import os
import subprocess

STRAKE = os.environ["STRAKE"]
ROOT = os.environ["STRAKE_SOURCE_ROOT"]


def strake(*args, env=None, **how):
    """Runs the tool; the result has returncode, stdout and stderr as text.

    The user's own configuration plays no part; env adds variables.
    """
    environment = {**os.environ, "XDG_CONFIG_HOME": "/nonexistent", **(env or {})}
    how = {"capture_output": True, "text": True, "timeout": 120, **how}
    return subprocess.run([STRAKE, *map(str, args)], env=environment, **how)
