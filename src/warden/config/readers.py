"""Turn one text into one value; every reader raises ValueError with the message people see.

The first sentence of a reader's docstring says what it accepts; it is the
advice in error reports and the type column of the manual.
"""

from __future__ import annotations

import enum
import grp
import os
import pwd
import re
import signal
from typing import TypeVar

from warden.config.values import AUTO, Auto
from warden.words import FOREVER, Autorestart, Leftovers, UnhealthyAction

TRUE_WORDS = frozenset({"yes", "true", "on", "1"})
FALSE_WORDS = frozenset({"no", "false", "off", "0"})
SIZE_SUFFIXES = {"kb": 1024, "mb": 1024**2, "gb": 1024**3}
LOG_LEVELS = frozenset({"critical", "error", "warn", "info", "debug", "trace", "blather"})
FORBIDDEN_IN_NAMES = " :/"
MIN_PORT, MAX_PORT = 1, 65535

Word = TypeVar("Word", bound=enum.StrEnum)

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//)?+[^?#]")
_TCP_SOCKET = re.compile(r"tcp://(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]]+)):(?P<port>\d+)")


class Special(enum.Enum):
    """Log file values that are no path (beside AUTO)."""

    SYSLOG = "syslog"


def text(value: str) -> str:
    """Any text."""
    return value


def command_line(value: str) -> str:
    """A command with its arguments, quoted as a shell would want it; no shell is involved."""
    import shlex  # here: files without such a value do not pay for it

    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ValueError(f"cannot split the command {value!r} into words: {str(error).lower()}") from None
    if not words or not words[0]:
        raise ValueError(f"{value!r} names no command to run")
    return value


def integer(value: str) -> int:
    """A whole number."""
    return int(value)


def positive(value: str) -> int:
    """A whole number, 1 or more."""
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError(f"not a whole number of 1 or more: {value!r}")
    return number


def one_of(words: type[Word], value: str) -> Word:
    """Return the member of ``words`` that ``value`` names, in any case."""
    try:
        return words(value.strip().lower())
    except ValueError:
        raise ValueError(f"not one of {', '.join(word.value for word in words)}: {value!r}") from None


def unhealthy_action(value: str) -> UnhealthyAction:
    """One of restart, stop, none."""
    return one_of(UnhealthyAction, value)


def retries(value: str) -> int:
    """A whole number, or forever."""
    return FOREVER if value.strip().lower() == "forever" else int(value)


def boolean(value: str) -> bool:
    """One of true, yes, on, 1, false, no, off, 0."""
    word = value.lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError(f"not a valid boolean value: {value!r}")


def autorestart(value: str) -> Autorestart:
    """One of unexpected, true, false."""
    word = value.lower()
    if word in TRUE_WORDS:
        return Autorestart.ALWAYS
    if word in FALSE_WORDS:
        return Autorestart.NEVER
    if word == "unexpected":
        return Autorestart.UNEXPECTED
    raise ValueError(f"invalid 'autorestart' value {word!r}")


def leftovers(value: str) -> Leftovers:
    """One of stop, adopt, ignore."""
    try:
        return Leftovers(value.lower())
    except ValueError:
        raise ValueError(f"invalid 'leftovers' value {value!r}: it is one of stop, adopt, ignore") from None


def byte_size(value: str) -> int:
    """A number of bytes, or a number followed by KB, MB or GB."""
    number, factor = value.lower(), 1
    for suffix, size in SIZE_SUFFIXES.items():
        if number.endswith(suffix):
            number, factor = number.removesuffix(suffix), size
            break
    return int(number) * factor


def octal(value: str) -> int:
    """An octal number such as 022 or 0700."""
    try:
        return int(value, 8)
    except ValueError:
        raise ValueError(f"{value} can not be converted to an octal type") from None


def signal_number(value: str) -> int:
    """A signal by name (TERM, SIGTERM, RTMIN+1) or number."""
    name = value.strip().upper()
    try:
        number = int(name)
    except ValueError:
        named = _signal_by_name(name.removeprefix("SIG"))
        if named is None:
            raise ValueError(f"value {value!r} is not a valid signal name") from None
        return named
    if number not in signal.valid_signals():
        raise ValueError(f"value {value!r} is not a valid signal number")
    return number


def _signal_by_name(name: str) -> int | None:
    """Look up a name without SIG; None if the platform has no such signal."""
    known = signal.Signals.__members__
    if f"SIG{name}" in known:
        return int(known[f"SIG{name}"])
    shifted = re.fullmatch(r"(RTMIN|RTMAX)([+-]\d{1,2})", name, re.ASCII)
    if shifted is None:
        return None
    number = known[f"SIG{shifted[1]}"] + int(shifted[2])
    return number if known["SIGRTMIN"] <= number <= known["SIGRTMAX"] else None


def exit_codes(value: str) -> tuple[int, ...]:
    """Numbers from 0 to 255 separated by commas, or nothing."""
    try:
        codes = tuple(int(code) for code in value.split(",")) if value.strip() else ()
    except ValueError:
        codes = (-1,)
    if any(not 0 <= code <= 255 for code in codes):
        raise ValueError(f"not a valid list of exit codes: {value!r}")
    return codes


def words(value: str) -> tuple[str, ...]:
    """Words separated by commas."""
    return tuple(word.strip() for word in value.split(",")) if value.strip() else ()


def upper_words(value: str) -> tuple[str, ...]:
    """Words separated by commas, in any case."""
    return words(value.upper())


def user(value: str) -> int:
    """Name or number of a user that exists."""
    try:
        uid = int(value)
    except ValueError:
        try:
            return pwd.getpwnam(value).pw_uid
        except KeyError:
            raise ValueError(f"Invalid user name {value}") from None
    try:
        return pwd.getpwuid(uid).pw_uid
    except (KeyError, OverflowError):
        raise ValueError(f"Invalid user id {value}") from None


def primary_group(uid: int) -> int:
    """Return the primary gid of a user that exists."""
    return pwd.getpwuid(uid).pw_gid


def owner(value: str) -> tuple[int, int]:
    """A user, or user:group, by name or number, that exist."""
    user_name, colon, group_name = value.partition(":")
    return user(user_name), _group(group_name) if colon else -1


def identity(value: str) -> tuple[int, int | None]:
    """A user, or user:group, by name or number, that exist.

    Returns the gid as None where the group is not named.
    """
    user_name, colon, group_name = value.partition(":")
    return user(user_name), _group(group_name) if colon else None


def groups(value: str) -> tuple[int, ...]:
    """Names or numbers of groups that exist, with commas."""
    return tuple(sorted({_group(word) for word in words(value)}))


def _group(value: str) -> int:
    try:
        gid = int(value)
    except ValueError:
        try:
            return grp.getgrnam(value).gr_gid
        except KeyError:
            raise ValueError(f"Invalid group name {value}") from None
    try:
        return grp.getgrgid(gid).gr_gid
    except (KeyError, OverflowError):
        raise ValueError(f"Invalid group id {value}") from None


def existing_directory(value: str, base: str = "") -> str:
    """A directory that exists.

    ``~`` is expanded; a relative path is looked up in ``base`` (default: the
    current directory), but returned as it is.
    """
    path = os.path.expanduser(value)
    if not path or not os.path.isdir(os.path.join(base, path)):
        raise ValueError(f"{value} is not an existing directory")
    return path


def path_in_directory(value: str, base: str = "") -> str:
    """A path in a directory that exists.

    ``~`` is expanded; relative paths as in ``existing_directory``.
    """
    path = os.path.expanduser(value)
    parent = os.path.dirname(path)
    if not path or (parent and not os.path.isdir(os.path.join(base, parent))):
        raise ValueError(f"The directory named as part of the path {value} does not exist")
    return path


def exit_when(value: str) -> bool:
    """One of never, all_finished."""
    word = value.lower()
    if word not in ("never", "all_finished"):
        raise ValueError(f"value for exit_when must be never or all_finished, not {value!r}")
    return word == "all_finished"


def state_file(value: str, base: str = "") -> str:
    """A path in a directory that exists, or NONE."""
    if value.upper() == "NONE":
        return ""
    path = path_in_directory(value, base)
    if os.path.isdir(path):
        raise ValueError(f"{path} is a directory: the state needs a file")
    return path


def activity_log(value: str, base: str = "") -> str | Special:
    """A path in a directory that exists, or syslog."""
    return Special.SYSLOG if value.lower() == Special.SYSLOG.value else path_in_directory(value, base)


def child_log(value: str) -> str | Auto | Special | None:
    """AUTO, NONE, or a path in a directory that exists."""
    match value.upper():
        case "AUTO":
            return AUTO
        case "NONE" | "OFF" | "":
            return None
        case "SYSLOG":
            return Special.SYSLOG
        case _:
            return path_in_directory(value)


def home_path(value: str) -> str:
    """A path, also one that begins with ~."""
    return os.path.expanduser(value)


def log_level(value: str) -> str:
    """One of critical, error, warn, info, debug, trace, blather."""
    level = value.lower()
    if level not in LOG_LEVELS:
        raise ValueError(f"bad logging level name {value!r}")
    return level


def in_range(number: int, low: int, high: int) -> int:
    """Return ``number`` if it is within the bounds, which belong to the range."""
    if number < low:
        raise ValueError(f"{number} is below lower bound ({low})")
    if number > high:
        raise ValueError(f"{number} is above upper bound ({high})")
    return number


def inet_address(value: str) -> tuple[str, int]:
    """A port, host:port, *:port or [ipv6]:port.

    Returns host ("" = all addresses) and port.
    """
    host, colon, port = value.rpartition(":")
    if not colon:
        try:
            return "", in_range(int(value), MIN_PORT, MAX_PORT)
        except ValueError:
            raise ValueError(f"not a valid port number: {value!r} ") from None  # the blank is the reference's
    if not port:
        raise ValueError(f"no port number specified in {port!r}")
    number = in_range(int(port), MIN_PORT, MAX_PORT)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    return ("" if host == "*" else host.lower()), number


def fcgi_address(value: str) -> tuple[str, str | None, str | None, int | None]:
    """A unix:///absolute/path or tcp://host:port.

    Returns url, path, host, port: either the path or host and port are set.
    """
    if value.startswith("unix://"):
        path = value.removeprefix("unix://")
        if not path.startswith("/"):
            raise ValueError(f"Unix socket path {path} is not an absolute path")
        return value, os.path.normpath(path), None, None
    match = _TCP_SOCKET.fullmatch(value)
    if match is None:
        raise ValueError(f"Bad socket format {value}")
    port = in_range(int(match["port"]), MIN_PORT, MAX_PORT)
    host = (match["ipv6"] or match["host"]).lower()
    return f"tcp://[{host}]:{port}" if match["ipv6"] else f"tcp://{host}:{port}", None, host, port


def backlog(value: str) -> int:
    """A whole number from 1 to 65535."""
    number = int(value)
    if not MIN_PORT <= number <= MAX_PORT:
        raise ValueError(f"Invalid socket_backlog value {number}")
    return number


def serverurl(value: str) -> str | None:
    """AUTO, or the URL that programs are told."""
    return None if value.strip().upper() == "AUTO" else value


def url(value: str) -> str:
    """A URL such as http://localhost:9001 or unix:///path."""
    if not _URL.match(value):
        raise ValueError(f"value {value!r} is not a URL")
    return value


def name(value: str) -> str:
    """A name without blanks, colons and slashes."""
    stripped = value.strip()
    if not stripped:
        raise ValueError(f"Invalid name: {value!r} because it is empty")
    for character in FORBIDDEN_IN_NAMES:
        if character in stripped:
            raise ValueError(f"Invalid name: {value!r} because of character: {character!r}")
    return stripped
