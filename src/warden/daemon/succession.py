"""A brain takes the place of another one, which has ended or makes way for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from warden.config.cmdline import daemon_args
from warden.daemon.codec import Undecodable
from warden.daemon.flusher import Flusher
from warden.daemon.life import Life
from warden.daemon.living import live, reading
from warden.daemon.opening import open_log
from warden.daemon.persistence import Persistence
from warden.daemon.remains import Remains
from warden.daemon.servers import Listeners
from warden.errors import ConfigError, StartupError
from warden.logs.mainlog import MainLog
from warden.runtime.courier import Courier, Gone
from warden.runtime.identity import PidFile
from warden.runtime.kept import Found, KeeperParent
from warden.runtime.record import Unreadable
from warden.words import VERSION

_MANY = 3  # brains that ended soon after their start: the record may be the reason


def succeed(argv: Sequence[str], courier: Courier) -> int:
    """Go on where a brain before us stood; return the exit status."""
    keeper = KeeperParent(courier)
    try:
        found = keeper.ask(programs=False)
        if found.facts["trial"]:
            Remains.of(found).check()
            keeper.wish("fit", version=VERSION)
            keeper.await_go()
        life, log = _life_after(argv, keeper, keeper.ask(programs=True))
        return live(life, log, keeper, lambda _error: None)
    except (Unreadable, Undecodable, ConfigError, StartupError) as error:
        keeper.wish("unfit", why=str(error))
        sys.stderr.write(f"Error: {error}\n")
    except Gone:
        sys.stderr.write("Error: the keeper is gone\n")
    return 2


def _life_after(argv: Sequence[str], keeper: KeeperParent, found: Found) -> tuple[Life, MainLog]:
    """Return the life that goes on with what was found, which is large: only the life knows it, and forgets it."""
    args = daemon_args(argv)
    here = found.facts["here"]
    path = args.configuration
    persistence = Persistence()
    remains: Remains | None = None
    told = ""
    if found.facts["failures"] < _MANY:
        try:
            remains = Remains.of(found)
            remains.check()
        except (Unreadable, Undecodable, KeyError) as error:
            remains, told = None, f"the record cannot be read: {error}"
    else:
        told = "the record is left aside, since it may be the reason"
    if remains is None:
        remains = Remains(found, None, reading(path or "", args, here, persistence)())
    config = remains.config
    flusher = Flusher()
    log = open_log(config, flusher, patient=True)
    if told:
        log.critical(f"{told}; going on with the configuration file and the programs that run")
    listeners = Listeners()
    listeners.inherit(config.http, keeper)
    pidfile = PidFile(config.server.pidfile)
    pidfile.own()
    life = Life(
        config,
        log,
        listeners,
        pidfile,
        flusher,
        persistence=persistence,
        read=reading(config.path, args, here, persistence),
        ready=lambda: keeper.wish("up"),
        keeper=keeper,
        remains=remains,
    )
    os.environ.pop("WARDEN_BRAIN", None)
    return life, log
