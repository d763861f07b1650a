"""Starts one child process from a finished plan.  Standard library only: the keeper imports this."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

TYPE_CHECKING = False  # see warden.runtime.courier: no NamedTuple here, either
if TYPE_CHECKING:
    from typing import Any

# Written to the child's stderr by a stand-in when the real program cannot be executed: the reference starts a
# child in any case, which then explains itself there and exits with 127, and people look for the reason in that log.
_STAND_IN = "import os, sys; os.write(2, os.fsencode(sys.argv[1])); os._exit(127)"
_LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launcher.py")
_NOT_SPAWNED = "supervisor: child process was not spawned\n"


class Identity:
    """The user a child becomes: numbers only, looked up before."""

    __slots__ = ("gid", "groups", "uid")

    def __init__(self, uid: int, gid: int, groups: tuple[int, ...]) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups


class SpawnPlan:
    """Everything the child needs, resolved: no look-ups happen after this.  Plain data: it can be sent (``pack``).

    ``argv[0]`` is what the child sees, ``executable`` the file that runs.
    ``umask`` -1 means inherit.  ``refusal`` says why the child cannot become
    its user; it then only explains that on its stderr.  ``limits`` is what
    ``runtime.launcher`` sets before the program runs, in words of JSON.
    """

    __slots__ = (
        *("argv", "executable", "env", "cwd", "umask", "identity", "refusal", "limits"),
        *("stdin", "stdout", "stderr"),
    )

    def __init__(
        self,
        argv: tuple[str, ...],
        executable: str,
        env: Mapping[str, str],
        *,
        cwd: str | None = None,
        umask: int = -1,
        identity: Identity | None = None,
        refusal: str | None = None,
        limits: Mapping[str, Any] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> None:
        self.argv = argv
        self.executable = executable
        self.env = env
        self.cwd = cwd
        self.umask = umask
        self.identity = identity
        self.refusal = refusal
        self.limits = limits
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr

    def but(self, **changes: Any) -> SpawnPlan:
        """Return a plan that differs in ``changes``."""
        return SpawnPlan(**{**self._facts(), **changes})

    def _facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def pack(self) -> dict[str, Any]:
        """Return it as JSON has it, without the three descriptors."""
        who = self.identity
        packed = None if who is None else (who.uid, who.gid, who.groups)
        return {**self._facts(), "identity": packed, "stdin": 0, "stdout": 1, "stderr": 2}

    @classmethod
    def unpack(cls, packed: Mapping[str, Any], fds: Sequence[int]) -> SpawnPlan:
        """Make it again; ``fds`` begin with the three descriptors."""
        identity = packed["identity"]
        return cls(
            **{
                **packed,
                "identity": Identity(*identity) if identity else None,
                "stdin": fds[0],
                "stdout": fds[1],
                "stderr": fds[2],
            }
        )


def spawn(plan: SpawnPlan) -> int:
    """Start the child in its own process group and return its pid.

    Without a user to switch to this is a vfork: its cost does not grow with our
    memory.  With limits the child is first a small program of ours that sets
    them (about 20 ms).  ``preexec_fn`` is forbidden in this project because it loses that
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
    if plan.limits is not None:
        return _launch(plan, plan.limits)
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
        return _stand_in(plan, error)
    except ValueError as error:  # an embedded null byte, say
        return _explain(plan, f"couldn't exec {plan.argv[0]}: {error}")
    return _disown(child)


def _launch(plan: SpawnPlan, limits: Mapping[str, Any]) -> int:
    """Start ``runtime.launcher``, which becomes the program.

    What it is to do goes through a file without a name: other users can read
    the words of a command, and the program's environment must not work on a
    process that may be root.
    """
    who = plan.identity
    order = {
        "argv": [_plain(word) for word in plan.argv],
        "executable": _plain(plan.executable),
        "env": [(_plain(key), _plain(value)) for key, value in plan.env.items()],
        "limits": limits,
        "identity": None if who is None else (who.uid, who.gid, who.groups),
    }
    fd = _nameless()
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(json.dumps(order).encode())
        child = subprocess.Popen(
            (sys.executable, "-I", "-S", _LAUNCHER, str(fd)),
            env={},
            cwd=plan.cwd,
            umask=plan.umask,
            stdin=plan.stdin,
            stdout=plan.stdout,
            stderr=plan.stderr,
            pass_fds=(fd,),
            process_group=0,
        )
    except OSError as error:
        return _stand_in(plan, error)
    finally:
        os.close(fd)
    return _disown(child)


def _plain(text: str) -> str:
    """Return the bytes that the system gets as characters that JSON can carry."""
    return os.fsencode(text).decode("latin-1")


def _nameless() -> int:
    if sys.platform == "linux":
        return os.memfd_create("supervisor-launch")
    import tempfile  # only where there are no files in memory

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _stand_in(plan: SpawnPlan, error: OSError) -> int:
    if error.filename is None and error.errno in (errno.EAGAIN, errno.ENOMEM):
        raise error
    return _explain(plan, _reason(plan, error))


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
