"""Names, makes and clears away the child logs that the daemon chooses itself (``AUTO``)."""

from __future__ import annotations

import fcntl
import os
import re
import string

from warden.words import Channel

_ALPHABET = string.ascii_lowercase + string.digits + "_"
_RANDOM_LENGTH = 8
_TOKEN_LENGTH = 4
_ATTEMPTS = 100


class Claim:
    """Marks the AUTO logs of one running daemon, so that another one does not clear them away.

    The names of the logs begin their random part with ``token``; while the
    daemon lives it holds a lock on the file ``lock---<identifier>-<token>....log``
    beside them.  The lock survives a fork and ends with the last holder, however
    that ends.
    """

    def __init__(self, childlogdir: str, identifier: str) -> None:
        """Take the lock.

        Raises:
            OSError: no file can be made in ``childlogdir``.
        """
        path, fd = _make(childlogdir, f"lock---{_plain(identifier)}-", "")
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the file is ours alone: it cannot be held
        self._set(path, fd)

    @classmethod
    def inherited(cls, path: str, fd: int) -> Claim:
        """Go on with a claim that somebody before us has made: the lock belongs to all who have the descriptor."""
        claim = cls.__new__(cls)
        claim._set(path, fd)
        return claim

    def _set(self, path: str, fd: int) -> None:
        self.path, self.fd = path, fd
        self.token = path[-len(".log") - _RANDOM_LENGTH :][:_TOKEN_LENGTH]

    def release(self) -> None:
        """Give the logs free: the next start may remove them."""
        if self.fd >= 0:
            _unlink(self.path)
            os.close(self.fd)
            self.fd = -1


def create(childlogdir: str, process: str, channel: Channel, identifier: str, *, token: str = "") -> str:
    """Make an empty log, mode 0600, and return its path.

    Raises:
        OSError: it cannot be made.
    """
    path, fd = _make(childlogdir, f"{_plain(process)}-{channel.value}---{_plain(identifier)}-", token)
    os.close(fd)
    return path


def cleanup(childlogdir: str, identifier: str) -> list[str]:
    """Remove the AUTO logs, with their rotated files, that daemons named ``identifier`` left behind.

    Those of a daemon that lives (see ``Claim``) stay.  Returns the paths that
    could not be removed.

    Raises:
        OSError: ``childlogdir`` cannot be listed.
    """
    rotated = r"(?:\.(?:\d{1,4}(?:\.gz)?|compressing))?"
    pattern = re.compile(rf".+---{re.escape(_plain(identifier))}-([a-z0-9_]{{{_RANDOM_LENGTH}}})\.log{rotated}")
    found = {name: match[1][:_TOKEN_LENGTH] for name in os.listdir(childlogdir) if (match := pattern.fullmatch(name))}
    alive = {
        token
        for name, token in found.items()
        if name.startswith("lock---") and _is_locked(os.path.join(childlogdir, name))
    }
    stale = (os.path.join(childlogdir, name) for name, token in sorted(found.items()) if token not in alive)
    return [path for path in stale if not _unlink(path)]


def _plain(name: str) -> str:
    """Keep a name from leading out of the directory."""
    return name.replace("/", "_")


def _make(directory: str, prefix: str, token: str) -> tuple[str, int]:
    for _ in range(_ATTEMPTS):
        # Not by the module secrets: it would load a megabyte of hash functions.
        rest = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(_RANDOM_LENGTH - len(token)))
        path = os.path.join(directory, f"{prefix}{token}{rest}.log")
        try:
            return path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(f"no free name for {prefix}*.log in {directory}")


def _is_locked(path: str) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
