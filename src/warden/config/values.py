"""The part of the model that supervisorctl needs too.

Named tuples and not dataclasses, here and in all that supervisorctl imports:
``dataclasses`` and a dozen classes made with it would double the time of a
``supervisorctl status``.
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Auto(enum.Enum):
    """``AUTO``: the daemon chooses."""

    AUTO = "AUTO"


AUTO = Auto.AUTO


class Severity(enum.StrEnum):
    """Level of a message the reading of a configuration left for the activity log."""

    CRITICAL = "critical"
    WARNING = "warn"
    INFO = "info"


class PluginConfig(NamedTuple):
    """One ``[rpcinterface:x]`` or ``[ctlplugin:x]`` section: ``factory`` as ``module:attr``, other options as text."""

    name: str
    factory: str
    options: tuple[tuple[str, str], ...] = ()


class ClientConfig(NamedTuple):
    """What supervisorctl needs, command line applied over ``[supervisorctl]`` over defaults."""

    serverurl: str = "http://localhost:9001"
    username: str | None = None
    password: str | None = None
    prompt: str = "supervisor"
    history_file: str | None = None
    interactive: bool = False
    plugins: tuple[PluginConfig, ...] = ()
