"""Control the daemon from the command line; old import path, the code lives in ``warden.ctl``."""

from __future__ import annotations

import sys

from warden.ctl.codes import Exit, StatusExit
from warden.ctl.main import main
from warden.ctl.plugins import Controller, ControllerPluginBase
from warden.words import make_namespec, split_namespec

__all__ = [
    "Controller",
    "ControllerPluginBase",
    "LSBInitExitStatuses",
    "LSBStatusExitStatuses",
    "main",
    "make_namespec",
    "split_namespec",
]


class LSBInitExitStatuses:
    """Plain integers, because old plugins hand them on."""

    SUCCESS = int(Exit.SUCCESS)
    GENERIC = int(Exit.GENERIC)
    INVALID_ARGS = int(Exit.INVALID_ARGS)
    UNIMPLEMENTED_FEATURE = int(Exit.UNIMPLEMENTED_FEATURE)
    INSUFFICIENT_PRIVILEGES = int(Exit.INSUFFICIENT_PRIVILEGES)
    NOT_INSTALLED = int(Exit.NOT_INSTALLED)
    NOT_RUNNING = int(Exit.NOT_RUNNING)


class LSBStatusExitStatuses:
    """The action ``status`` has meanings of its own."""

    NOT_RUNNING = int(StatusExit.NOT_RUNNING)
    UNKNOWN = int(StatusExit.UNKNOWN)


if __name__ == "__main__":
    sys.exit(main())
