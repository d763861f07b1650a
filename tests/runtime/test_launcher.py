"""The launcher: a process gets its limits, and then becomes its program or says why it cannot."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.signals import ignored

if sys.platform != "linux":
    pytest.skip("the program looks into /proc", allow_module_level=True)

IOPRIO_SET = {"x86_64": 251, "aarch64": 30}.get(platform.machine())
LOOK = """
import json, os, resource, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "argv": sys.argv[1:], "GREETING": os.environ.get("GREETING"),
    "nice": os.getpriority(os.PRIO_PROCESS, 0), "cpus": sorted(os.sched_getaffinity(0)),
    "nofile": resource.getrlimit(resource.RLIMIT_NOFILE), "core": resource.getrlimit(resource.RLIMIT_CORE),
    "oom": open("/proc/self/oom_score_adj").read().strip(), "locked": status["NoNewPrivs"].strip(),
}))
"""


def order(*argv: str, identity: object = None, executable: str = "", **limits: object) -> dict[str, object]:
    return {
        "argv": argv,
        "executable": executable or argv[0],
        "env": [("PATH", os.environ["PATH"]), ("GREETING", "gr\xc3\xbc\xc3\x9f")],
        "limits": limits,
        "identity": identity,
    }


def look(identity: object = None, **limits: object) -> dict[str, object]:
    return order(sys.executable, "-ISc", LOOK, "one", "two words", identity=identity, **limits)


def launch(what: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Carry out an order; not with -I -S as in life, since nobody could measure what is covered."""
    fd = os.memfd_create("order")
    try:
        os.write(fd, json.dumps(what).encode())
        command = [sys.executable, "-m", "warden.runtime.launcher", str(fd)]
        return subprocess.run(command, pass_fds=[fd], capture_output=True, encoding="utf-8", timeout=60)
    finally:
        os.close(fd)


def seen(what: dict[str, object]) -> dict[str, Any]:
    """Return what the program sees of itself."""
    ended = launch(what)
    assert (ended.returncode, ended.stderr) == (0, "")
    facts: dict[str, Any] = json.loads(ended.stdout)
    return facts


def test_the_program_has_its_words_and_its_environment_as_bytes() -> None:
    facts = seen(look())

    assert (facts["argv"], facts["GREETING"]) == (["one", "two words"], "grüß")


def test_the_program_ignores_no_signal() -> None:
    ended = launch(order("/bin/grep", "SigIgn", "/proc/self/status"))

    assert ignored(ended.stdout) == set()


@pytest.mark.parametrize(
    ("limits", "fact", "value"),
    [
        ({"nice": 7}, "nice", 7),
        ({"oom_score_adj": 500}, "oom", "500"),
        ({"cpu_affinity": [0]}, "cpus", [0]),
        ({"no_new_privs": True}, "locked", "1"),
        ({"rlimits": [["nofile", 100, 200], ["core", 0, -1]]}, "nofile", [100, 200]),
        ({"rlimits": [["core", 0, 0]]}, "core", [0, 0]),
    ],
)
def test_the_program_has_its_limits(limits: dict[str, object], fact: str, value: object) -> None:
    assert seen(look(**limits))[fact] == value


@pytest.mark.skipif(IOPRIO_SET is None, reason="the number of the system call is not known here")
def test_the_program_has_its_disk_precedence() -> None:
    script = "import ctypes; print(ctypes.CDLL(None).syscall(int(__import__('sys').argv[1]), 1, 0))"
    get = str((IOPRIO_SET or 0) + 1)

    ended = launch(order(sys.executable, "-ISc", script, get, ionice=[2, 7, IOPRIO_SET]))

    assert int(ended.stdout) == 2 << 13 | 7


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes somebody else")
def test_the_program_has_its_user_with_its_groups() -> None:
    ended = launch(order("/bin/sh", "-c", "id -u; id -g; id -G", identity=[65534, 65533, [65532]]))

    assert ended.stdout == "65534\n65533\n65533 65532\n"


@pytest.mark.parametrize("number", [3, 9])
def test_the_program_has_a_fifo_under_the_number_it_wants(tmp_path: Path, number: int) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        ended = launch(order("/bin/bash", "-c", f"echo ready >&{number}", fifo=[str(fifo), number]))

        assert (ended.returncode, ended.stderr) == (0, "")
        assert reader.read() == b"ready\n"


def test_the_program_starts_in_its_control_group(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpu pids")
    group = {
        "path": str(tmp_path / "web"),
        "controllers": ["cpu", "memory"],
        "files": [["memory.max", "100"], ["cpu.max", "10 20"]],
    }

    ended = launch(order("/bin/sh", "-c", "echo $$", cgroup=group))

    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"
    assert (tmp_path / "web" / "memory.max").read_text() == "100"
    assert (tmp_path / "web" / "cpu.max").read_text() == "10 20"
    assert (tmp_path / "web" / "cgroup.procs").read_text() == ended.stdout.strip()


def test_controllers_that_are_enabled_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpu pids")
    group = {"path": str(tmp_path / "web"), "controllers": ["cpu"], "files": []}

    launch(order("/bin/true", cgroup=group))

    assert (tmp_path / "cgroup.subtree_control").read_text() == "cpu pids"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (order("/nowhere/x"), "couldn't exec /nowhere/x: ENOENT"),
        (order("x", executable="/"), "couldn't exec x: EACCES"),
        (look(rlimits=[["nofile", 200, 100]]), "couldn't set the limit nofile: current limit exceeds maximum limit"),
        (look(oom_score_adj=5000), "couldn't set oom_score_adj to 5000: EINVAL"),
        (look(cpu_affinity=[4095]), "couldn't set cpu_affinity to [4095]: EINVAL"),
        (look(ionice=[2, 7, 100_000]), "couldn't set ionice: ENOSYS"),
        (look(fifo=["/nowhere/fifo", 3]), "couldn't open descriptor 3: ENOENT"),
        (
            look(cgroup={"path": "/nowhere/web", "controllers": [], "files": []}),
            "couldn't enter the cgroup /nowhere/web: ENOENT",
        ),
        (look(identity=[7, 7, [0] * 70_000]), "couldn't setuid to 7: too many groups"),
    ],
)
def test_what_the_system_refuses_is_said_in_the_programs_own_log(what: dict[str, object], why: str) -> None:
    ended = launch(what)

    assert ended.returncode == 127
    assert ended.stderr == f"supervisor: {why}\nsupervisor: child process was not spawned\n"
    assert ended.stdout == ""
