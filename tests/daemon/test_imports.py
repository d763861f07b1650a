"""What a daemon without plugins does not load before somebody talks to it: it would keep that in memory for ever."""

from __future__ import annotations

import pytest

from harness.imports import imported_with

COSTLY = (
    *(
        "pathlib",
        "xmlrpc.client",
        "http.client",
        "secrets",
        "urllib.parse",
        "email",
        "configparser",
        "aiohttp",
        "jinja2",
    ),
    *("psutil", "platform", "unittest", "concurrent.futures.thread", "multiprocessing", "warden.daemon.facade.session"),
    *("warden.daemon.trees", "warden.runtime.felling", "warden.runtime.remnants", "warden.runtime.census"),
    *("warden.config.globs", "warden.runtime.lookout", "warden.runtime.libc", "ctypes", "watchdog"),
    *("warden.config.cron", "warden.config.zones", "warden.runtime.timerfd", "cronsim", "zoneinfo"),
    *("gzip", "shutil", "tempfile", "random", "glob", "calendar", "datetime"),
    *("warden.rpc.xmlrpc", "xml.parsers.expat"),
    *("warden.daemon.listeners", "warden.daemon.letters", "warden.daemon.spots"),
    *("warden.events.pool", "warden.events.letters"),
)


@pytest.fixture(scope="module")
def imported() -> set[str]:
    return imported_with("warden.daemon.main", "warden.daemon.life")


@pytest.mark.parametrize("module", COSTLY)
def test_the_daemon_does_not_import(module: str, imported: set[str]) -> None:
    assert "warden.daemon.supervisor" in imported
    assert module not in imported


def test_the_life_of_the_daemon_is_imported_while_its_keeper_comes_up() -> None:
    before_the_fork = imported_with("warden.daemon.main")
    assert not before_the_fork & {"warden.daemon.life", "warden.daemon.supervisor", "warden.process.machine"}


@pytest.mark.parametrize(
    "module", ["typing", "traceback", "dataclasses", "inspect", "asyncio", "logging", "ctypes", "warden.words"]
)
def test_the_keeper_does_not_import(module: str) -> None:
    imported = imported_with("warden.runtime.keeper")

    assert "warden.runtime.spawn" in imported
    assert module not in imported
