"""What the first brain and its successors have in common: how to read the configuration again, and how to live."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from warden.config.cmdline import DaemonArgs
from warden.config.load import load
from warden.config.model import Config
from warden.daemon.persistence import Persistence
from warden.daemon.plugins import known_events, resolve
from warden.errors import StartupError
from warden.logs.mainlog import MainLog
from warden.runtime.kept import KeeperParent

if TYPE_CHECKING:
    from warden.daemon.life import Life


def reading(path: str, args: DaemonArgs, here: str, persistence: Persistence) -> Callable[[], Config]:
    """Return what reads the configuration with this command line.

    ``here`` is what relative paths are relative to, whatever the present directory is.
    """
    return partial(
        load,
        path,
        args.overrides,
        environ=dict(os.environ),
        resolve=resolve,
        known_events=known_events,
        cwd=here,
        scales=persistence.scales_of,
    )


def live(life: Life, log: MainLog, keeper: KeeperParent | None, on_failure: Callable[[str], None]) -> int:
    """Live to the end and return the exit status.

    Raises:
        StartupError: the life could not begin; ``on_failure`` was told.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # what plugins print is there when they print it
        sys.stdout.reconfigure(line_buffering=True)
    try:
        asyncio.run(life.run())
    except StartupError as error:
        on_failure(str(error))
        raise
    except Exception as error:  # nobody sees our stderr in the background: tell the log and the waiting parent
        log.critical(f"internal error:\n{traceback.format_exc()}")
        on_failure(f"internal error: {error!r}")
        raise
    if keeper is not None:
        keeper.farewell(life.exit_status)
    return life.exit_status
