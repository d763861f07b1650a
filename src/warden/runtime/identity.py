"""Who and where we are: user, limits, background, pid file."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import resource
import signal
import stat
import sys
from collections.abc import Callable, Iterator

from warden.errors import StartupError
from warden.runtime.spawn import Identity

_READY = b"\0"  # what the background process says to its parent when all is well
_LIMIT_TEXT = {
    "minfds": (
        "The minimum number of file descriptors required to run this process is {least} as per the "
        '"minfds" command-line argument or config file setting. The current environment will only allow you to '
        "open {hard} file descriptors.  Either raise the number of usable file descriptors in your environment "
        "(see README.rst) or lower the minfds setting in the config file to allow the process to start."
    ),
    "minprocs": (
        "The minimum number of available processes required to run this program is {least} as per the "
        '"minprocs" command-line argument or config file setting. The current environment will only allow you to '
        "open {hard} processes.  Either raise the number of usable processes in your environment "
        "(see README.rst) or lower the minprocs setting in the config file to allow the program to start."
    ),
}


def look_up(uid: int, gid: int | None = None, more: tuple[int, ...] = ()) -> Identity:
    """Return the user with the primary group (or ``gid``), all groups that name it, and ``more``.

    Raises:
        StartupError: no such user; the text is the reference's.
    """
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        raise StartupError(f"Can't find uid {uid}") from None
    primary = user.pw_gid if gid is None else gid
    groups = os.getgrouplist(user.pw_name, primary)
    return Identity(uid=uid, gid=primary, groups=(*groups, *(other for other in more if other not in groups)))


def identity_for_child(uid: int | None, gid: int | None = None, groups: tuple[int, ...] = ()) -> Identity | str | None:
    """Decide how a child becomes ``uid``: an identity, a refusal in words, or None for "no change".

    ``gid`` takes the place of the user's primary group, ``groups`` come to those it is in.
    """
    same = uid is None or uid == os.getuid()
    if same and gid is None and not groups:
        return None
    if uid is None:
        return Identity(uid=os.getuid(), gid=os.getgid(), groups=tuple(sorted({*os.getgroups(), *groups})))
    try:
        identity = look_up(uid, gid, groups)
    except StartupError as error:
        return f"couldn't setuid to {uid}: {error}"
    if os.getuid() != 0:
        return f"couldn't setuid to {uid}: Can't drop privilege as nonroot user"
    return identity


@contextlib.contextmanager
def acting_as(uid: int) -> Iterator[None]:
    """Be another user in the eyes of the file system, for a moment; only for root.

    Raises:
        StartupError: no such user.
    """
    who, groups, gid = look_up(uid), os.getgroups(), os.getegid()
    os.setgroups(who.groups)
    os.setegid(who.gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def become(uid: int) -> None:
    """Become another user for good.

    Raises:
        StartupError: with the reference's text.
    """
    if uid == os.getuid():
        return
    who = look_up(uid)
    if os.getuid() != 0:
        raise StartupError("Can't drop privilege as nonroot user")
    try:
        os.setgroups(who.groups)
    except OSError:
        raise StartupError("Could not set groups of effective user") from None
    try:
        os.setgid(who.gid)
    except OSError:
        raise StartupError("Could not set group id of effective user") from None
    os.setuid(who.uid)


def raise_limits(minfds: int, minprocs: int) -> list[str]:
    """Raise the soft limits to at least these numbers and return what was done, for the log.

    Raises:
        StartupError: a limit cannot be raised that far.
    """
    done = []
    for option, least, name in (("minfds", minfds, "RLIMIT_NOFILE"), ("minprocs", minprocs, "RLIMIT_NPROC")):
        which: int | None = getattr(resource, name, None)
        if which is None:  # not on this system
            continue
        soft, hard = resource.getrlimit(which)
        if soft == resource.RLIM_INFINITY or soft >= least:
            continue
        wanted = hard if hard == resource.RLIM_INFINITY else max(hard, least)
        try:
            resource.setrlimit(which, (least, wanted))
        except (OSError, ValueError):
            raise StartupError(_LIMIT_TEXT[option].format(least=least, hard=hard)) from None
        done.append(f"Increased {name} limit to {least}")
    return done


def reset_signals() -> None:
    """Undo what a parent may have made us ignore: children inherit ignored signals."""
    for signum in signal.valid_signals():
        if signal.getsignal(signum) is signal.SIG_IGN and signum not in (
            signal.SIGPIPE,
            getattr(signal, "SIGXFSZ", -1),
        ):
            signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def open_standard_descriptors() -> None:
    """Make sure that 0, 1 and 2 are open: a log opened in their place would get what is meant for them.

    What is written to ``sys.stdout`` and ``sys.stderr`` goes there, too.
    """
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)
    for fd, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:  # it was closed when the interpreter began
            setattr(sys, name, open(fd, mode, closefd=False, encoding="utf-8"))  # noqa: SIM115 - for as long as we live


def daemonize(directory: str | None, umask: int, log: Callable[[str, str], None]) -> Callable[[str | None], None]:
    """Go on in a child of its own session; the parent waits until the child is ready.

    ``log`` takes a level and a text.  Returns the function with which the child
    reports: None means ready, a text is an error that the parent prints before
    it exits with 2; only the first report counts.

    Raises:
        StartupError: there is no process to be had.
    """
    ours, theirs = os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        raise StartupError(f"cannot go to the background: {error.strerror}") from None
    if pid:
        os.close(theirs)
        log("blather", "supervisord forked; parent exiting")
        _wait_for_child(ours)
    os.close(ours)
    log("info", "daemonizing the supervisord process")
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            log("critical", f"can't chdir into {directory!r}: {error}")
        else:
            log("info", f"set current directory: {directory!r}")
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    if null > 2:
        os.close(null)
    os.setsid()
    os.umask(umask)

    open_end = [theirs]

    def report(error: str | None) -> None:
        if open_end:
            fd = open_end.pop()
            with contextlib.suppress(BrokenPipeError):  # nobody waits any more, which is no reason to give up
                os.write(fd, _READY if error is None else os.fsencode(f"Error: {error}\n"))
            os.close(fd)

    return report


def _wait_for_child(fd: int) -> None:
    said = b""
    while data := os.read(fd, 4096):
        said += data
    if said == _READY:
        os._exit(0)
    if said:
        sys.stderr.write(os.fsdecode(said))
        sys.stderr.flush()
    os._exit(2)


class PidFile:
    """The file that tells others our pid; removed only if we wrote it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = False

    def check(self) -> None:
        """Make sure that no living supervisord owns the file.

        Raises:
            StartupError: one does.
        """
        pid = self._read()
        if pid is None or pid in (os.getpid(), os.getppid()) or not _is_supervisord(pid):
            return
        raise StartupError(
            f"Another supervisord is already running with pid {pid} (pid file {self._path}).  Shut it down first, or "
            'give this one its own "pidfile".'
        )

    def own(self) -> None:
        """Look after a file that somebody before us has written for both of us."""
        self._written = os.path.isfile(self._path)

    @property
    def is_ours(self) -> bool:
        """Whether there is a file, written by us."""
        return self._written

    def names(self, pid: int) -> bool:
        """Tell whether that pid stands in the file."""
        return self._read() == pid

    def _read(self) -> int | None:
        try:
            with open(self._path, encoding="ascii", errors="replace") as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def write(self, pid: int) -> bool:
        """Write the daemon's pid; return False if that is impossible."""
        try:
            with open(self._path, "w", encoding="ascii") as file:
                self._written = stat.S_ISREG(os.fstat(file.fileno()).st_mode)  # nobody wants /dev/null removed
                file.write(f"{pid}\n")
        except OSError:
            self.remove()  # an empty one would be worse than none
            return False
        return True

    def remove(self) -> None:
        """Remove the file if it is ours and still can be removed."""
        if self._written:
            self._written = False
            with contextlib.suppress(OSError):  # the next start replaces it
                os.unlink(self._path)


def _is_supervisord(pid: int) -> bool:
    """Tell whether ``pid`` is alive and looks like a supervisord.

    Only where /proc tells the command line; elsewhere an old file is replaced, as the reference does.
    """
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return False
    return any(word.rpartition(b"/")[2] in (b"supervisord", b"supervisor.supervisord") for word in words[:4])


def errno_name(error: OSError) -> str:
    """Return ``EACCES`` for errno 13."""
    return errno.errorcode.get(error.errno or 0, str(error))
