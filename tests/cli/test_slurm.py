# SPDX-License-Identifier: MIT
"""Builds on a Slurm cluster: a real slurmctld and two slurmd on this machine."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

import slurm_cluster

GRAPH = os.environ["SLURM_GRAPH"]

pytestmark = pytest.mark.skipif(
    bool(slurm_cluster.missing_tools()), reason=f"needs {slurm_cluster.missing_tools()}")

# A task's program: notes where it runs, waits while told to, leaves a result or fails.
WORK = f"""#!{sys.executable}
import json, os, pathlib, sys, time
top, name = pathlib.Path(__file__).parent, sys.argv[1]
with open(top / "log", "a") as log:
    print(name, os.environ["SLURMD_NODENAME"], os.getpid(), os.getppid(), file=log)
while (top / "wait" / name).exists() and not (top / "go" / name).exists():
    time.sleep(0.05)
for need in (top / "needs" / name).read_text().split():
    assert (top / "results" / need).exists(), need
told = lambda kind: (top / kind / name).exists()
if told("die"):
    print("working on", name)
    sys.exit("strake: error: " + (top / "die" / name).read_text())
error = (top / "fail" / name).read_text() if told("fail") else None
result = dict(component=name, stage=1, state="failed" if error else "cached" if told("cached") else
              "done", seconds=0.1, fingerprint="x", log="", packages=[], error=error)
if not told("lose"):
    (top / "results" / (name + ".new")).write_text(json.dumps(result))
    (top / "results" / (name + ".new")).rename(top / "results" / name)
sys.exit(1 if error else 0)
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Graph:
    def __init__(self, top, cluster, graph):
        self.top, self.cluster = top, cluster
        for name in ["wait", "go", "die", "fail", "cached", "lose", "results", "needs"]:
            (top / name).mkdir()
        (top / "graph").write_text("".join(f"{n} {' '.join(d)}".strip() + "\n"
                                           for n, d in graph.items()))
        for name, needs in graph.items():
            (top / "needs" / name).write_text(" ".join(needs))
        (top / "work").write_text(WORK)
        (top / "work").chmod(0o755)

    def mark(self, kind, name, text=""):
        (self.top / kind / name).write_text(text)

    def begin(self, *options, env=None):
        self.process = subprocess.Popen([GRAPH, str(self.top), *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env=env or self.cluster.env)
        return self

    def end(self, timeout=120):
        self.out, self.err = self.process.communicate(timeout=timeout)
        self.plain = re.sub(r"job \d+", "job ID", re.sub(
            r"job \d+ on n[12]", "job ID on NODE", self.out.replace(str(self.top), "TOP")))
        return self.process.returncode

    def run(self, *options, **kwargs):
        return self.begin(*options, **kwargs).end()

    def ends(self):
        return dict(line[5:].split(" ", 1) for line in self.plain.splitlines()
                    if line.startswith("end: "))

    def ran(self):
        """(node, machine, pid, pid of Slurm's process above it) of each start of a program."""
        path = self.top / "log"
        return [tuple(line.split()) for line in path.read_text().splitlines()] \
            if path.exists() else []

    def wait_until_runs(self, name):
        slurm_cluster.Cluster.wait_for(
            lambda: any(n == name for n, *_ in self.ran()), 60, self.cluster.explain)


DIAMOND = {"alone": [], "base": [], "left": ["base"], "right": ["base"], "top": ["left", "right"]}


def test_a_graph_runs_in_its_order(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, DIAMOND)
    graph.mark("cached", "left")
    assert graph.run() == 0, graph.err
    assert graph.ends() == {"alone": "done", "base": "done", "left": "cached", "right": "done",
                            "top": "done"}
    order = [name for name, *_ in graph.ran()]
    assert order.index("base") < min(order.index("left"), order.index("right"))
    assert order[-1] == "top" or order[-2:] == ["top", "alone"]
    assert sorted(order) == sorted(DIAMOND), "each once"
    assert "base running\n" in graph.out


def test_both_machines_work(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {f"n{i}": [] for i in range(4)})
    for i in range(4):
        graph.mark("wait", f"n{i}")
    graph.begin()
    for i in range(4):
        graph.wait_until_runs(f"n{i}")
    assert {machine for _, machine, *_ in graph.ran()} == {"n1", "n2"}
    for i in range(4):
        graph.mark("go", f"n{i}")
    assert graph.end() == 0, graph.err


def test_names_are_never_shell_text(tmp_path, cluster):
    names = ["a$(touch pwned)", "b;exit", "c'd\"e", "f%j", "g*", "-h", "i\\n"]
    graph = Graph(tmp_path, cluster, {name.replace(" ", "_"): [] for name in names})
    assert graph.run() == 0, graph.err + graph.out
    assert sorted(n for n, *_ in graph.ran()) == sorted(n.replace(" ", "_") for n in names)
    assert not (tmp_path / "results/slurm/pwned").exists()


def test_a_failure_stops_what_has_not_begun(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"bad": [], "user": ["bad"], "slow": [], "later": ["slow"]})
    graph.mark("die", "bad", "no such header")
    graph.mark("wait", "slow")
    graph.mark("wait", "bad")
    graph.begin()
    graph.wait_until_runs("slow")
    graph.mark("go", "bad")
    slurm_cluster.Cluster.wait_for(
        lambda: not any(state == "PENDING" for _, state, _ in cluster.jobs()), 60, cluster.explain)
    graph.mark("go", "slow")
    assert graph.end() == 0, "a failed build is told by its task"
    assert graph.ends() == {
        "bad": "failed: job ID on NODE: no such header; its output is in 'TOP/results/slurm/job-0.out'",
        "user": "skipped: 'bad' failed", "slow": "done", "later": "skipped: the run was stopped"}
    assert [n for n, *_ in graph.ran()].count("later") == 0


def test_keep_going_does_what_does_not_depend_on_it(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"bad": [], "user": ["bad"], "more": ["user"], "good": [],
                                      "fine": ["good"]})
    graph.mark("fail", "bad", "no")
    assert graph.run("--keep-going") == 0
    ends = graph.ends()
    assert ends["fine"] == "done" and ends["good"] == "done"
    assert ends["bad"] == "failed: no"
    assert ends["user"] == "skipped: 'bad' failed" and ends["more"] == "skipped: 'user' was skipped"
    cluster.wait_for(lambda: not any(s == "PENDING" for _, s, _ in cluster.jobs()), 60)


def test_a_program_that_leaves_no_result(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"a": []})
    graph.mark("lose", "a")
    assert graph.run() == 0
    assert graph.ends()["a"] == "failed: open 'TOP/results/a': No such file or directory"


def test_ctrl_c_cancels_its_own_jobs(tmp_path, cluster):
    other = subprocess.run(["sbatch", "--parsable", "-o", "/dev/null", "--wrap", "sleep 300"],
                           env=cluster.env, capture_output=True, text=True, check=True)
    graph = Graph(tmp_path, cluster, {"a": [], "b": ["a"]})
    graph.mark("wait", "a")
    graph.begin()
    graph.wait_until_runs("a")
    graph.process.send_signal(signal.SIGINT)
    assert graph.end() == 1
    assert graph.err == "error: stopped by signal 2\n"
    assert graph.ends() == {"a": "skipped: the run was stopped",
                            "b": "skipped: the run was stopped"}
    cluster.wait_for(lambda: [j for j, s, _ in cluster.jobs() if s in ("RUNNING", "PENDING",
                     "COMPLETING")] == [other.stdout.strip()], 60, cluster.explain)
    subprocess.run(["scancel", other.stdout.strip()], env=cluster.env, check=True)
    pid = int(graph.ran()[0][2])
    cluster.wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 30)


def test_time_limit(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"a": []})
    graph.mark("wait", "a")
    graph.begin(env=dict(cluster.env, SBATCH_TIMELIMIT="1"))
    assert graph.end(timeout=200) == 0
    assert graph.ends()["a"] == ("failed: job ID on NODE: it reached its time limit; its output is "
                                 "in 'TOP/results/slurm/job-0.out'")


def test_somebody_cancels_a_job(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"a": []})
    graph.mark("wait", "a")
    graph.begin()
    graph.wait_until_runs("a")
    running = [job for job, state, _ in cluster.jobs() if state == "RUNNING"]
    subprocess.run(["scancel", *running], env=cluster.env, check=True)
    assert graph.end() == 0
    assert graph.ends()["a"].startswith("failed: job ID on NODE: somebody cancelled it; ")


def test_refused_jobs(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"a": [], "b": ["a"]})
    assert graph.run(env=dict(cluster.env, SBATCH_PARTITION="nowhere")) == 1
    assert graph.err.startswith(
        "error: Slurm does not take the job of 'a': sbatch failed with status 1: ")
    assert "invalid partition specified: nowhere" in graph.err
    assert graph.ran() == []


def test_a_job_that_can_never_run(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"a": []})
    limits = dict(cluster.env, SBATCH_PARTITION="short", SBATCH_TIMELIMIT="90")
    assert graph.run(env=limits) == 0
    assert graph.ends()["a"] == ("failed: job ID: Slurm will not run it: PartitionTimeLimit; its "
                                 "output is in 'TOP/results/slurm/job-0.out'")
    assert graph.ran() == []


def test_no_cluster(tmp_path, cluster):
    graph = Graph(tmp_path, cluster, {"a": []})
    assert graph.run(env=dict(cluster.env, SLURM_CONF="/nonexistent/slurm.conf")) == 1
    assert graph.err == ("error: $SLURM_CONF names '/nonexistent/slurm.conf', which does not "
                         "exist\n")
    silent = tmp_path / "slurm.conf"
    text = (cluster.top / "slurm.conf").read_text()
    port = slurm_cluster.free_ports(1)[0]
    silent.write_text(re.sub(r"SlurmctldPort=\d+", f"SlurmctldPort={port}", text))
    assert graph.run(env=dict(cluster.env, SLURM_CONF=str(silent))) == 1
    assert graph.err.startswith(
        "error: Slurm does not answer (is slurmctld running, and $SLURM_CONF or "
        "/etc/slurm/slurm.conf right?): squeue failed with status 1: ")
    (tmp_path / "bin").mkdir()
    assert graph.run(env=dict(cluster.env, PATH=str(tmp_path / "bin"))) == 1
    assert graph.err == ("error: building on a cluster needs Slurm's program 'sbatch': install the "
                         "package slurm-client\n")


def test_a_lost_machine(tmp_path, cluster):
    """Last: one machine is gone for a while, and comes back."""
    graph = Graph(tmp_path, cluster, {"a": [], "b": ["a"]})
    graph.mark("wait", "a")
    graph.begin()
    graph.wait_until_runs("a")
    lost = graph.ran()[0]
    # As when the power goes: the machine's daemon, its process for this job, and the program.
    cluster.kill_machine(lost[1])
    for pid in (lost[3], lost[2]):
        os.kill(int(pid), signal.SIGKILL)
    cluster.wait_for(lambda: len(graph.ran()) > 1, 90, cluster.explain)
    graph.mark("go", "a")
    assert graph.end() == 0, graph.err + graph.out
    assert [name for name, *_ in graph.ran()] == ["a", "a", "b"]
    assert graph.ran()[1][1] != lost[1], "on the other machine"
    assert f"a: Slurm lost it on machine {lost[1]} and runs it again\n" in graph.err
    assert graph.out.startswith("a running\na waiting\na running\n")
    assert graph.ends() == {"a": "done", "b": "done"}
    cluster.start_machine(lost[1])
    cluster.wait_for(lambda: cluster.states().count("idle") == 2, 60, cluster.explain)
