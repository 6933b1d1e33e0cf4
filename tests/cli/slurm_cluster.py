# SPDX-License-Identifier: MIT
"""A real Slurm cluster of two machines on this one, made and ended by the test that uses it: munged,
slurmctld and two slurmd (`slurmd -N`) with a configuration of their own in one directory."""
import getpass
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time

NEEDS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo"]
MACHINES = ["n1", "n2"]

# cred_expire is also how long Slurm waits before it runs a lost machine's job again.
CONFIG = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={top}/munge.socket,cred_expire=5
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
SlurmctldPidFile={top}/slurmctld.pid
SlurmdPidFile={top}/slurmd-%n.pid
SlurmdSpoolDir={top}/spool-%n
StateSaveLocation={top}/state
SlurmctldLogFile={top}/slurmctld.log
SlurmdLogFile={top}/slurmd-%n.log
SlurmdTimeout=5
InactiveLimit=0
MinJobAge=300
KillWait=2
ReturnToService=2
JobRequeue=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SlurmdParameters=config_overrides
{nodes}
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=short Nodes=n1,n2 MaxTime=1 State=UP
"""


def missing_tools():
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [tool for tool in NEEDS if shutil.which(tool, path=path) is None]


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Cluster:
    """Up after start(); stop() ends exactly the processes that it began."""

    def __init__(self, top):
        self.top = pathlib.Path(top)
        self.processes = {}
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        self.env = dict(os.environ, SLURM_CONF=str(self.top / "slurm.conf"), PATH=path)

    def configure(self):
        host = socket.gethostname().split(".")[0]
        ports = free_ports(1 + len(MACHINES))
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 State=UNKNOWN"
            for name, port in zip(MACHINES, ports[1:]))
        (self.top / "slurm.conf").write_text(CONFIG.format(
            host=host, port=ports[0], user=getpass.getuser(), top=self.top, nodes=nodes))
        for name in ["state", *[f"spool-{m}" for m in MACHINES]]:
            (self.top / name).mkdir()
        key = self.top / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)

    def spawn(self, name, *argv):
        with open(self.top / f"{name}.out", "wb") as out:
            self.processes[name] = subprocess.Popen(
                [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, env=self.env)

    def start_machine(self, name):
        self.spawn(name, "slurmd", "-D", "-N", name)

    def start(self):
        self.configure()
        # --force: the test's directory lies below one that others may write to.
        self.spawn("munged", "munged", "--foreground", "--force", "--key-file",
                   self.top / "munge.key", "--socket", self.top / "munge.socket", "--pid-file",
                   self.top / "munged.pid", "--log-file", self.top / "munged.log", "--seed-file",
                   self.top / "munged.seed")
        self.spawn("slurmctld", "slurmctld", "-D", "-c")
        for name in MACHINES:
            self.start_machine(name)
        self.wait_for(lambda: self.states().count("idle") == len(MACHINES), 60, self.explain)

    def states(self):
        shown = subprocess.run(["sinfo", "-h", "-N", "-p", "main", "-o", "%T"], env=self.env,
                               capture_output=True, text=True, timeout=30)
        return shown.stdout.split()

    def explain(self):
        logs = [p.read_text(errors="replace")[-1500:] for p in sorted(self.top.glob("*.out"))]
        logs += [p.read_text(errors="replace")[-1500:] for p in sorted(self.top.glob("*.log"))]
        return "\n".join(logs)

    @staticmethod
    def wait_for(true, seconds, explain=lambda: ""):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, explain()
            time.sleep(0.1)

    def jobs(self):
        """(number, state, machine) of all jobs that Slurm knows."""
        shown = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%i %T %N"], env=self.env,
                               capture_output=True, text=True, timeout=30, check=True).stdout
        return [tuple((line + " ").split(" ")[:3]) for line in shown.splitlines()]

    def kill_machine(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self):
        ids = [job for job, state, _ in self.jobs_or_none() if state in ("RUNNING", "PENDING")]
        if ids:
            subprocess.run(["scancel", "--quiet", *ids], env=self.env, timeout=30, check=False)
            time.sleep(0.5)
        for name, process in reversed(self.processes.items()):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def jobs_or_none(self):
        try:
            return self.jobs()
        except (subprocess.SubprocessError, OSError):
            return []
