"""Values of options that are no plain text or number: plugins compare with these classes."""

from __future__ import annotations

from warden.words import Autorestart


class Automatic:
    """The value of a log file that the daemon names itself."""


class Syslog:
    """The value of a log file that means syslog."""


class RestartWhenExitUnexpected:
    """The value of ``autorestart=unexpected``."""


class RestartUnconditionally:
    """The value of ``autorestart=true``."""


AUTORESTART: dict[Autorestart, object] = {
    Autorestart.NEVER: False,
    Autorestart.UNEXPECTED: RestartWhenExitUnexpected,
    Autorestart.ALWAYS: RestartUnconditionally,
}
