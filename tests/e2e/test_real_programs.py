"""redis, nginx, Flask, Django and a start script, run from the example files for real."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from e2e.shop import PATH, Shop, ask_redis, fetch, leftovers, replace
from harness.waiting import until


def test_every_program_answers_and_a_killed_one_comes_back(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of("redis", "nginx", "flask")
    shop.open()
    shop.wait_running("redis", "flask_0", "flask_1", "nginx")

    assert ask_redis(shop.redis_port, "PING") == "+PONG"
    assert [_who_answers(shop.flask_port(number)) for number in (0, 1)] == ["flask_0", "flask_1"]
    assert {_who_answers(shop.nginx_port) for _ in range(4)} == {"flask_0", "flask_1"}

    before = shop.pid_of("redis")
    os.kill(before, signal.SIGKILL)
    shop.daemon.wait_line(r"WARN exited: redis \(terminated by SIGKILL; not expected\)")
    shop.wait_running("redis", times=2)

    assert shop.pid_of("redis") != before
    assert ask_redis(shop.redis_port, "PING") == "+PONG"
    shop.shut_down()


def test_after_a_rename_and_usr2_logs_go_on_in_new_files_and_no_line_is_lost(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of("nginx", "flask")
    shop.open()
    shop.wait_running("flask_0", "flask_1", "nginx")
    logs = [shop.run / "flask_0.log", shop.run / "nginx.log"]
    main_log = shop.run / "supervisord.log"

    _request_both(shop, "before")
    for log in (*logs, main_log):
        log.rename(f"{log}.1")
    _request_both(shop, "between")
    shop.daemon.signal(signal.SIGUSR2)
    shop.daemon.wait_line("INFO received SIGUSR2 indicating log reopen request")
    until(lambda: all(log.exists() for log in (*logs, main_log)), lambda: "new log files appear")
    _request_both(shop, "after")

    for log in logs:
        _wait_for_request(log, "after")
        together = _requests(Path(f"{log}.1")) + _requests(log)
        assert together == ["before", "between", "after"]
        assert "before" not in _requests(log)
    assert "supervisord logreopen" in Path(f"{main_log}.1").read_text()
    shop.shut_down()


def test_reread_tells_and_update_applies_what_changed_and_nothing_else(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of("redis", "flask")
    flask, old = shop.programs / "flask.conf", shop.programs / "old.conf"
    old.write_text("[program:old]\ncommand=cat\n")
    shop.open()
    shop.wait_running("redis", "flask_0", "flask_1", "old")
    redis = shop.pid_of("redis")

    replace(flask, {"numprocs=2": "numprocs=many"})
    refused = shop.daemon.ctl("reread")
    replace(flask, {"numprocs=many": "numprocs=3"})
    old.unlink()
    (shop.programs / "new.conf").write_text("[program:new]\ncommand=cat\n")

    assert refused.rc == 1
    assert refused.stdout.startswith("ERROR: CANT_REREAD: invalid literal for int() with base 10: 'many'")
    assert shop.said("reread") == ["flask: changed", "new: available", "old: disappeared"]
    assert shop.said("update") == [
        "old: stopped",
        "old: removed process group",
        "flask: stopped",
        "flask: updated process group",
        "new: added process group",
    ]
    shop.wait_running("flask_2", "new")
    assert _who_answers(shop.flask_port(2)) == "flask_2"
    assert shop.pid_of("redis") == redis
    shop.shut_down()


def test_a_django_worker_finishes_its_job_before_it_stops(shop_of: Callable[..., Shop]) -> None:
    shop = shop_of("django")
    shop.open()
    log = shop.run / "django-worker.log"
    shop.wait_running("django-worker")
    until(lambda: "job 1 done" in log.read_text(), lambda: "the worker works")

    assert shop.said("stop", "django-worker") == ["django-worker: stopped"]

    assert log.read_text().endswith("no more jobs, bye\n")
    shop.shut_down()


def test_a_server_behind_a_start_script_stops_with_the_script(shop_of: Callable[..., Shop], tmp_path: Path) -> None:
    """The stand-in for ``java`` is enough: what matters is a process that the script started and did not exec."""
    stand_in = tmp_path / "bin" / "java"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\necho "$$" > java.pid\nexec tail -f /dev/null\n')
    stand_in.chmod(0o755)
    shop = shop_of("java")
    shop.open(path=f"{stand_in.parent}:{PATH}")
    shop.wait_running("java")
    server = int((shop.folder / "java" / "java.pid").read_text())
    assert server in leftovers(shop.daemon)

    assert shop.said("stop", "java") == ["java: stopped"]

    until(lambda: server not in leftovers(shop.daemon), lambda: "the script's child ends")
    shop.shut_down()


def _who_answers(port: int) -> str:
    return str(json.loads(fetch(port))["process"])


def _request_both(shop: Shop, name: str) -> None:
    """Make the first Flask process and nginx log a line each; nginx asks the other Flask process or the first."""
    fetch(shop.flask_port(0), f"/?direct={name}")
    fetch(shop.nginx_port, f"/?via-nginx={name}")


def _wait_for_request(log: Path, name: str) -> None:
    until(lambda: name in _requests(log), lambda: f"{log.name} has {name}: {log.read_text()}")


def _requests(log: Path) -> list[str]:
    """Return the names of the requests in a log, in order: its own kind only."""
    kind = "via-nginx" if log.name.startswith("nginx") else "direct"
    marked = (line.partition(f"/?{kind}=")[2] for line in log.read_text().splitlines())
    return [rest.split()[0] for rest in marked if rest]
