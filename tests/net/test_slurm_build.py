# SPDX-License-Identifier: MIT
"""strake build --executor slurm: packages of the distribution on a real slurmctld and two slurmd, the
same bytes as from the local executor. Needs the mirror once."""
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

STRAKE = os.environ["STRAKE"]
ROOT = pathlib.Path(os.environ["STRAKE_SOURCE_ROOT"])
sys.path.insert(0, str(ROOT / "tests/cli"))
import slurm_cluster  # noqa: E402

NAMES = ["irqbalance-rebuilt", "logrotate-rebuilt"]

pytestmark = pytest.mark.skipif(
    bool(slurm_cluster.missing_tools()), reason=f"needs {slurm_cluster.missing_tools()}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def command(*words):
    return [STRAKE, "-q", "-C", str(ROOT / "distro"), "build", *words]


def packages():
    """Name and digest of every package file that the last run gave."""
    found = {}
    for name in NAMES:
        folder = ROOT / "out/build/packages" / name
        for path in folder.iterdir():
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def local():
    """Built on this machine, which also fetches what builds need."""
    done = subprocess.run(command("--follow", *NAMES), capture_output=True, text=True, timeout=1500)
    if done.returncode != 0 and ("mirror" in done.stderr or "resolve" in done.stderr):
        pytest.skip("no mirror: " + done.stderr[-300:])
    assert done.returncode == 0, done.stderr
    return packages()


def test_same_packages_as_here(cluster, local):
    done = subprocess.run(command("--executor", "slurm", "--follow", "--force", "--json", *NAMES),
                          env=cluster.env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert [(o["component"], o["state"]) for o in outcomes] == [(n, "done") for n in NAMES]
    assert packages() == local
    assert len([j for j, state, _ in cluster.jobs() if state == "COMPLETED"]) == len(NAMES)
    again = subprocess.run(command("--executor", "slurm", "--follow", "--json", *NAMES),
                           env=cluster.env, capture_output=True, text=True, timeout=600)
    assert [o["state"] for o in json.loads(again.stdout)] == ["cached"] * len(NAMES)


def test_ctrl_c(cluster, local):
    process = subprocess.Popen(command("--executor", "slurm", "--follow", "--force", *NAMES),
                               env=cluster.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    cluster.wait_for(lambda: any(s == "RUNNING" for _, s, _ in cluster.jobs()), 300,
                     cluster.explain)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "stopped by signal 2" in err, err
    cluster.wait_for(lambda: not any(s in ("RUNNING", "PENDING", "COMPLETING")
                                     for _, s, _ in cluster.jobs()), 60, cluster.explain)
