"""A database: made by a hook, ready before its users, healthy, told to read its configuration, stopped in steps."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.shop import PATH, need
from harness.daemon import Daemon, environment
from harness.sides import WARDEN
from harness.waiting import until

CONFIG = """
[program:postgres]
command=postgres -D {home}/data -k {home} -c listen_addresses=
user={user}
before_start=sh -c 'test -e {home}/data/PG_VERSION || initdb --auth=trust --no-sync -U app -D {home}/data'
hook_timeout=120
ready=exec:pg_isready -q -h {home} -U app -d postgres
healthcheck=exec:psql -h {home} -U app -d postgres -qtc "select 1"
healthcheck_interval=0.5
reload_signal=HUP
stopsignal=TERM:1 INT:30 QUIT
redirect_stderr=true
[program:schema]
command=psql -h {home} -U app -d postgres -c "create table visits (at timestamptz)"
depends_on=postgres
startsecs=0
autorestart=false
[program:client]
command=psql -h {home} -U app -d postgres -c "insert into visits values (now())" -c "select pg_sleep(3600)"
depends_on=schema:finished
autorestart=false
"""
SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # where Debian puts what only servers need
SEARCH = os.pathsep.join([*(str(folder) for folder in SERVERS[-1:]), PATH])


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    need({"server": "postgres", "cluster": "initdb", "client": "psql"}, SEARCH)
    root = os.getuid() == 0  # as which postgres does not run
    with tempfile.TemporaryDirectory(prefix="wd", dir="/tmp") as folder:  # paths of sockets must be short
        if root:
            shutil.chown(folder, "postgres")
        user = "postgres" if root else str(os.getuid())
        running = Daemon(WARDEN, Path(folder), CONFIG.format(home=folder, user=user))
        running.start(environment(PATH=SEARCH))
        try:
            yield running
        finally:
            running.close()


def test_a_database_is_made_used_reloaded_and_stopped_well(daemon: Daemon) -> None:
    daemon.wait_line("INFO ready: postgres")
    daemon.wait_state("client", "RUNNING")
    until(lambda: daemon.info("postgres").get("health") == "healthy", lambda: "postgres is healthy")
    assert daemon.info("schema")["exitstatus"] == 0
    assert [text.split("'")[1] for _, text in daemon.log() if text.startswith("spawned: ")] == [
        "postgres",
        "schema",
        "client",
    ]

    assert daemon.ctl("reload", "postgres").rc == 0
    until(lambda: "reloading configuration files" in said(daemon), lambda: said(daemon))

    assert daemon.ctl("stop", "postgres").stdout == "postgres: stopped\n"

    assert "database system is shut down" in said(daemon)
    why = daemon.ctl("why", "postgres").stdout
    assert "step 2 of 3: SIGINT sent" in why, "a client was connected, and SIGTERM waits for those"
    assert "exit status 0" in why


def said(daemon: Daemon) -> str:
    """What the database has written."""
    return daemon.ctl("tail", "-100000", "postgres").stdout
