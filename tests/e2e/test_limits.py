"""Limits, groups and environment files, seen from inside real programs under a real daemon."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from pathlib import Path

import pytest

from harness.daemon import Daemon, run
from harness.sides import WARDEN
from harness.waiting import until

LOOK = """\
import json, os, resource, signal, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
facts = {
    "nofile": resource.getrlimit(resource.RLIMIT_NOFILE), "core": resource.getrlimit(resource.RLIMIT_CORE),
    "nice": os.getpriority(os.PRIO_PROCESS, 0), "oom": open("/proc/self/oom_score_adj").read().strip(),
    "cpus": sorted(os.sched_getaffinity(0)), "locked": status["NoNewPrivs"].strip(),
    "ids": [os.getresuid(), os.getresgid(), sorted(os.getgroups())], "umask": os.umask(0), "cwd": os.getcwd(),
    "env": {name: os.environ.get(name) for name in ("SECRET", "PORT", "SUPERVISOR_PROCESS_NAME")},
    "leader": os.getpgrp() == os.getpid(), "fds": sorted(map(int, os.listdir("/proc/self/fd")))[:3],
    "ignored": status["SigIgn"].strip(), "argv": sys.argv[1:],
}
print(json.dumps(facts), flush=True)
signal.pause()
"""

IONICE = shutil.which("ionice")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the program looks into /proc")


def facts(daemon: Daemon, name: str = "x") -> dict[str, object]:
    path = daemon.home / f"{name}.log"
    text = until(lambda: path.exists() and path.read_text().endswith("\n") and path.read_text(), lambda: str(path))
    loaded: dict[str, object] = json.loads(str(text))
    return loaded


def program(home: Path, options: str) -> str:
    (home / "look.py").write_text(LOOK)
    return (
        f"[program:x]\ncommand={sys.executable} -S %(here)s/look.py one 'two words'\n"
        f"stdout_logfile=%(here)s/x.log\nstderr_logfile=%(here)s/x.err\nstartretries=0\n{options}"
    )


def test_a_program_has_its_limits_from_its_first_instruction(tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("SECRET='from a file'\nPORT=1\n")
    options = (
        "rlimits=nofile=100:200,core=0\nnice=7\nionice=best-effort:7\noom_score_adj=500\ncpu_affinity=0\n"
        "no_new_privs=true\numask=027\ndirectory=/\nenv_file=%(here)s/x.env\n"
        "environment=PORT=%(ENV_NOBODY:-8080)s\n"
    )

    with Daemon(WARDEN, tmp_path, program(tmp_path, options)) as daemon:
        daemon.wait_line("success: x entered RUNNING")
        found = facts(daemon)
        scheduling = run([IONICE, "-p", str(daemon.pids()["x:x"])], tmp_path).stdout.strip() if IONICE else ""

    assert found["nofile"] == [100, 200]
    assert found["core"] == [0, 0]
    assert (found["nice"], found["oom"], found["cpus"], found["locked"]) == (7, "500", [0], "1")
    assert (found["umask"], found["cwd"], found["leader"]) == (0o027, "/", True)
    assert found["env"] == {"SECRET": "from a file", "PORT": "8080", "SUPERVISOR_PROCESS_NAME": "x"}
    assert found["argv"] == ["one", "two words"]
    assert found["fds"] == [0, 1, 2]
    assert scheduling in ("", "best-effort: prio 7")


def test_with_limits_and_without_a_program_finds_the_same_world(tmp_path: Path) -> None:
    """Signals, descriptors, environment, directory: nothing else may tell that something of ours ran before."""
    seen = []
    for number, options in enumerate(("", "rlimits=core=0\n")):
        home = tmp_path / str(number)
        home.mkdir()
        with Daemon(WARDEN, home, program(home, options)) as daemon:
            daemon.wait_line("success: x entered RUNNING")
            seen.append({key: value for key, value in facts(daemon).items() if key != "core"})

    assert {**seen[0], "cwd": ""} == {**seen[1], "cwd": ""}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_program_runs_as_user_and_group_with_more_groups(tmp_path: Path) -> None:
    text = (
        "[program:x]\ncommand=/bin/sh -c 'id -u && id -g && id -G && nice && exec sleep 1000'\n"
        "stdout_logfile=%(here)s/x.log\nuser=nobody:daemon\nsupplementary_groups=mail\nnice=3\n"
    )

    with Daemon(WARDEN, tmp_path, text) as daemon:
        daemon.wait_line("success: x entered RUNNING")
        found = (tmp_path / "x.log").read_text().split("\n")

    assert found == ["65534", "1", "1 8", "3", ""]


def test_what_cannot_be_executed_says_so_in_its_own_log(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("#!/no/such/interpreter\n")
    (tmp_path / "broken").chmod(0o755)
    text = "[program:x]\ncommand=%(here)s/broken\nstderr_logfile=%(here)s/x.err\nnice=5\nstartretries=0\n"

    with Daemon(WARDEN, tmp_path, text) as daemon:
        daemon.wait_line("gave up: x entered FATAL")

    assert (tmp_path / "x.err").read_text() == (
        f"supervisor: couldn't exec {tmp_path}/broken: ENOENT\nsupervisor: child process was not spawned\n"
    )


def test_a_process_is_put_into_its_own_control_group(tmp_path: Path) -> None:
    """The kernel's files are stood for by ordinary ones: not every machine lets us make real groups."""
    parent = tmp_path / "cgroup"
    parent.mkdir()
    for name, content in (("controllers", "cpu memory pids"), ("subtree_control", "cpu")):
        (parent / f"cgroup.{name}").write_text(content)
    options = "cgroup_memory_max=64MB\ncgroup_cpu_max=150%%\ncgroup_pids_max=20\n"
    text = f"cgroup={parent}\n" + program(tmp_path, options)

    with Daemon(WARDEN, tmp_path, text) as daemon:
        daemon.wait_line("success: x entered RUNNING")
        pid = daemon.pids()["x:x"]
        files = {path.name: path.read_text() for path in (parent / "x:x").iterdir()}

    assert files == {
        "memory.max": str(64 * 1024**2),
        "cpu.max": "150000 100000",
        "pids.max": "20",
        "cgroup.procs": str(pid),
    }
    assert (parent / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_wish_that_the_system_refuses_is_an_error_when_the_file_is_read(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    text = f"{program(tmp_path, '')}rlimits=nofile={2**31}\ncpu_affinity=0,4095\n"
    daemon = Daemon(WARDEN, tmp_path, text)

    ran = run([WARDEN.command("supervisord"), "-c", str(daemon.conf), "--check"], tmp_path)

    assert ran.rc == 2
    assert "there is no CPU 4095 that could be used" in ran.stdout
    assert str(2**31) in ran.stdout
    assert hard < 2**31
