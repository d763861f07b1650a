"""Starts one child process from a finished plan."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

# Written to the child's stderr by a stand-in when the real program cannot be executed: the reference starts a
# child in any case, which then explains itself there and exits with 127, and people look for the reason in that log.
_STAND_IN = "import os, sys; os.write(2, os.fsencode(sys.argv[1])); os._exit(127)"
_NOT_SPAWNED = "supervisor: child process was not spawned\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The user a child becomes: numbers only, looked up before."""

    uid: int
    gid: int
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnPlan:
    """Everything the child needs, resolved: no look-ups happen after this.

    ``argv[0]`` is what the child sees, ``executable`` the file that runs.
    ``umask`` -1 means inherit.  ``refusal`` says why the child cannot become
    its user; it then only explains that on its stderr.
    """

    argv: tuple[str, ...]
    executable: str
    env: Mapping[str, str]
    cwd: str | None = None
    umask: int = -1
    identity: Identity | None = None
    refusal: str | None = None
    stdin: int = subprocess.DEVNULL
    stdout: int = subprocess.DEVNULL
    stderr: int = subprocess.DEVNULL


def spawn(plan: SpawnPlan) -> int:
    """Start the child in its own process group and return its pid.

    Without a user to switch to this is a vfork: its cost does not grow with our
    memory.  ``preexec_fn`` is forbidden in this project because it loses that
    and runs Python code between fork and exec.  Popen resets SIGPIPE and
    SIGXFSZ, which Python ignores, to their defaults, and closes all other
    descriptors.

    If the program, its directory or its user cannot be used, the child still
    exists: it writes the reason to its stderr and exits with 127.

    Raises:
        OSError: there is no child (no process, no memory).
    """
    if plan.refusal is not None:
        return _explain(plan, plan.refusal)
    who = plan.identity
    try:
        child = subprocess.Popen(
            plan.argv,
            executable=plan.executable,
            env=plan.env,
            cwd=plan.cwd,
            umask=plan.umask,
            user=who.uid if who else None,
            group=who.gid if who else None,
            extra_groups=who.groups if who else None,
            stdin=plan.stdin,
            stdout=plan.stdout,
            stderr=plan.stderr,
            process_group=0,
        )
    except OSError as error:
        if error.filename is None and error.errno in (errno.EAGAIN, errno.ENOMEM):
            raise
        return _explain(plan, _reason(plan, error))
    except ValueError as error:  # an embedded null byte, say
        return _explain(plan, f"couldn't exec {plan.argv[0]}: {error}")
    return _disown(child)


def _reason(plan: SpawnPlan, error: OSError) -> str:
    name = errno.errorcode.get(error.errno or 0, str(error.errno))
    if plan.cwd is not None and error.filename == plan.cwd:
        return f"couldn't chdir to {plan.cwd}: {name}"
    if error.filename is None and plan.identity is not None:
        return f"couldn't setuid to {plan.identity.uid}: {name}"
    return f"couldn't exec {plan.argv[0]}: {name}"


def _explain(plan: SpawnPlan, reason: str) -> int:
    text = f"supervisor: {reason}\n{_NOT_SPAWNED}"
    child = subprocess.Popen(
        (sys.executable, "-I", "-S", "-c", _STAND_IN, text.replace("\0", "\\0")),
        env={},
        stdin=plan.stdin,
        stdout=plan.stdout,
        stderr=plan.stderr,
        process_group=0,
    )
    return _disown(child)


def _disown(child: subprocess.Popen[bytes]) -> int:
    """Take the pid out of Popen's hands: the reaper collects every child."""
    child.returncode = 0
    return child.pid


def send_signal(pid: int, signum: int, *, to_group: bool) -> None:
    """Signal a child of ours, or the process group that it leads.

    A child that is gone already is not an error: its exit is on the way.

    Raises:
        OSError: the operating system refuses (the child changed its user, say).
    """
    try:
        if to_group:
            os.killpg(pid, signum)
        else:
            os.kill(pid, signum)
    except ProcessLookupError:
        return
