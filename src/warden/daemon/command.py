"""From a program's command line to the file that will be executed."""

from __future__ import annotations

import os
import shlex
import stat
from functools import lru_cache

from warden.config.model import ProcessConfig
from warden.errors import NoFile, NotExecutable

_DEFAULT_PATH = ("/bin", "/usr/bin", "/usr/local/bin")


@lru_cache(maxsize=256)  # what dies often is started often, and shlex takes a fifth of a millisecond
def split(command: str) -> tuple[str, ...]:
    """Split as a POSIX shell would; nothing is expanded.

    Raises:
        NotExecutable: the quoting is broken or there is no word.
    """
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        raise NotExecutable(f"can't parse command {command!r}: {error}") from None
    if not argv or not argv[0]:
        raise NotExecutable("command is empty")
    return argv


def resolve(config: ProcessConfig, argv0: str, daemon_path: str | None) -> str:
    """Return the file to execute for ``argv0``, seen from the program's directory.

    A word with a slash is taken as it is; others are searched as execvp does,
    in the program's own PATH if its environment has one.

    Raises:
        NoFile: there is no such file.
        NotExecutable: it is a directory or cannot be executed by us.
    """
    base = config.directory or ""
    if "/" in argv0:
        _check(argv0, os.path.join(base, argv0))
        return argv0
    path = dict(config.environment).get("PATH", daemon_path)
    refused: NotExecutable | None = None
    for folder in path.split(os.pathsep) if path else _DEFAULT_PATH:
        found = os.path.join(folder, argv0)
        try:
            _check(found, os.path.join(base, found))
        except NoFile:
            continue
        except NotExecutable as error:
            refused = refused or error
        else:
            return found
    raise refused or NoFile(f"can't find command {argv0!r}")


def _check(shown: str, path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        raise NoFile(f"can't find command {shown!r}") from None
    if stat.S_ISDIR(mode):
        raise NotExecutable(f"command at {shown!r} is a directory")
    if not mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
        raise NotExecutable(f"command at {shown!r} is not executable")
    if not os.access(path, os.X_OK):
        raise NotExecutable(f"no permission to run command {shown!r}")
