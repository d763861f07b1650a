"""Every error a caller may handle.

    WardenError
        ConfigError             the user's mistake in a file or on the command line
        StartupError            the daemon cannot start here (limits, privileges, sockets)
        RequestError            a request that is refused; one subclass per XML-RPC fault
            UnknownMethod, IncorrectParameters, BadArguments, SignatureUnsupported
            ShuttingDown, BadName, BadSignal, NoFile, NotExecutable, Failed
            AbnormalTermination, SpawnFailed, AlreadyStarted, NotRunning
            AlreadyAdded, StillRunning, CannotReread

``str(error)`` is the text that follows the fault's name on the wire; it may be empty.
"""

from __future__ import annotations

from typing import NamedTuple


class WardenError(Exception):
    """Base of all errors that a caller may want to handle."""


class Place(NamedTuple):
    """Where in the configuration a value stands; unknown parts are None."""

    file: str | None = None
    line: int | None = None
    section: str | None = None
    option: str | None = None
    value: str | None = None


class ConfigError(WardenError):
    """A configuration that cannot be used.

    ``str(error)`` is exactly Supervisor's message.  ``place`` says where it is,
    ``advice`` what would be right (may be empty); ``others`` are further errors
    found in the same reading, in the order of the checks.
    """

    def __init__(
        self, message: str, *, place: Place | None = None, advice: str = "", others: tuple[ConfigError, ...] = ()
    ) -> None:
        super().__init__(message)
        self.place = place or Place()
        self.advice = advice
        self.others = others


class StartupError(WardenError):
    """The daemon cannot start here: limits, privileges, sockets, log file."""


class RequestError(WardenError):
    """A request that is refused and changes nothing."""


class UnknownMethod(RequestError):
    """No such XML-RPC method."""


class IncorrectParameters(RequestError):
    """The number or the types of the arguments do not fit the method."""


class BadArguments(RequestError):
    """An offset and length that make no sense together."""


class SignatureUnsupported(RequestError):
    """No documentation for that method."""


class ShuttingDown(RequestError):
    """The daemon takes no more orders."""


class BadName(RequestError):
    """No such process or group; the text is the name as given."""


class BadSignal(RequestError):
    """No such signal; the text is the signal as given."""


class NoFile(RequestError):
    """The command, log file or stdin asked for does not exist."""


class NotExecutable(RequestError):
    """The command cannot be executed."""


class Failed(RequestError):
    """The operating system refused."""


class AbnormalTermination(RequestError):
    """The process started, but did not stay up."""


class SpawnFailed(RequestError):
    """The process could not be started, or exited before ``startsecs``."""


class AlreadyStarted(RequestError):
    """The process is starting, running or waiting for its next try."""


class NotRunning(RequestError):
    """The process has no child that could be stopped or signalled."""


class AlreadyAdded(RequestError):
    """The group is active already."""


class StillRunning(RequestError):
    """A group with running processes cannot be removed."""


class CannotReread(RequestError):
    """The configuration file cannot be used; the text is the configuration error."""
