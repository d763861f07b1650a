"""From text to values, with the old types; the code lives in ``warden.config.readers``."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Mapping

from warden.config import readers
from warden.config.environment import parse_environment
from warden.config.values import AUTO
from warden.daemon.facade.markers import (
    AUTORESTART,
    Automatic,
    RestartUnconditionally,
    RestartWhenExitUnexpected,
    Syslog,
)
from warden.daemon.facade.refusal import refused
from warden.logs.mainlog import LEVELS

__all__ = ["Automatic", "RestartUnconditionally", "RestartWhenExitUnexpected", "Syslog"]

TRUTHY_STRINGS = ("yes", "true", "on", "1")
FALSY_STRINGS = ("no", "false", "off", "0")
LOGFILE_NONES = ("none", "off", None)
LOGFILE_AUTOS = (Automatic, "auto")
LOGFILE_SYSLOGS = (Syslog, "syslog")
SIGNUMS = [number for name, number in vars(signal).items() if name.startswith("SIG") and isinstance(number, int)]
_SOCKETS = "sockets of programs are made by the daemon"
SocketConfig = refused("supervisor.datatypes.SocketConfig", _SOCKETS)
InetStreamSocketConfig = refused("supervisor.datatypes.InetStreamSocketConfig", _SOCKETS)
UnixStreamSocketConfig = refused("supervisor.datatypes.UnixStreamSocketConfig", _SOCKETS)

gid_for_uid = readers.primary_group
url = readers.url


def existing_directory(v: str) -> str:
    """Read the name of a directory that exists."""
    return readers.existing_directory(v)


def existing_dirpath(v: str) -> str:
    """Read a path in a directory that exists."""
    return readers.path_in_directory(v)


def inet_address(s: str) -> tuple[str, int]:
    """Read ``port`` or ``host:port``."""
    return readers.inet_address(s)


def name_to_uid(name: str) -> int:
    """Read a user by name or number."""
    return readers.user(name)


def octal_type(arg: str) -> int:
    """Read an octal number."""
    return readers.octal(arg)


def process_or_group_name(name: str) -> str:
    """Read a name without blanks, colons and slashes."""
    return readers.name(name)


def integer(value: str | int) -> int:
    """Read a whole number."""
    return int(value)


def boolean(s: object) -> bool:
    """Read a word for yes or no."""
    return readers.boolean(str(s))


def byte_size(v: str) -> int:
    """Read a number of bytes, maybe in KB, MB or GB."""
    return readers.byte_size(v)


def list_of_strings(arg: str) -> list[str]:
    """Read words separated by commas."""
    return list(readers.words(arg)) if arg else []


def list_of_ints(arg: str) -> list[int]:
    """Read whole numbers separated by commas."""
    return [int(word) for word in list_of_strings(arg)]


def list_of_exitcodes(arg: str) -> list[int]:
    """Read exit codes separated by commas."""
    return list(readers.exit_codes(arg))


def dict_of_key_value_pairs(arg: str) -> dict[str, str]:
    """Read ``KEY=value`` pairs separated by commas."""
    return parse_environment(arg)


def logfile_name(val: str | type | None) -> object:
    """Read a path, None, Automatic or Syslog."""
    if not isinstance(val, str):
        return val
    found = readers.child_log(val)
    if found is AUTO:
        return Automatic
    return Syslog if isinstance(found, readers.Special) else found


def logging_level(value: str) -> int:
    """Read the name of a level and return its number."""
    return LEVELS[readers.log_level(value)]


def signal_number(value: str | int) -> int:
    """Read a signal by name or number."""
    number = readers.signal_number(str(value))
    return signal.Signals(number) if number in set(signal.Signals) else number


def auto_restart(value: str) -> object:
    """Read false, unexpected or true; the answers are False and two classes."""
    return AUTORESTART[readers.autorestart(str(value))]


def port_number(value: str | int) -> int:
    """Read a port."""
    return RangeCheckedConversion(int, readers.MIN_PORT, readers.MAX_PORT)(value)


def colon_separated_user_group(arg: str) -> tuple[int, int]:
    """Read ``user`` or ``user:group``; -1 means none."""
    return readers.owner(arg)


def name_to_gid(name: str) -> int:
    """Read a group by name or number."""
    return readers.owner(f"0:{name}")[1]


class RangeCheckedConversion:
    """Converts and checks the bounds, which belong to the range; None for no bound."""

    def __init__(
        self,
        conversion: Callable[[str | int], int],
        min: int | None = None,
        max: int | None = None,
    ) -> None:
        self._conversion = conversion
        self._min = min
        self._max = max

    def __call__(self, value: str | int) -> int:
        number = self._conversion(value)
        low = number if self._min is None else self._min
        return readers.in_range(number, low, number if self._max is None else self._max)


class SuffixMultiplier:
    """Reads numbers that may end in a unit, given in lower case with its factor; all of the same length."""

    def __init__(self, d: Mapping[str, int], default: int = 1) -> None:
        self._d = d
        self._default = default
        self._keysz = max((len(suffix) for suffix in d), default=0)

    def __call__(self, v: str) -> int:
        text = v.lower()
        for suffix, factor in self._d.items():
            if text.endswith(suffix):
                return int(text.removesuffix(suffix)) * factor
        return int(text) * self._default


class SocketAddress:
    """``family`` and ``address`` of a path or of ``host:port``."""

    def __init__(self, s: str) -> None:
        self.family = socket.AF_UNIX if "/" in s else socket.AF_INET
        self.address: str | tuple[str, int] = s if "/" in s else readers.inet_address(s)
