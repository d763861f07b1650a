"""Asking the daemon's JSON API from supervisorctl."""

from __future__ import annotations

import pytest

from tests.ctl.fake_daemon import FakeDaemon, problem
from warden.ctl.api import NoJsonApi, Refusal, segment
from warden.ctl.client import Client
from warden.ctl.wire import BrokenAnswer, HttpStatus


def test_a_value_comes_back_decoded_over_the_kept_connection(daemon: FakeDaemon) -> None:
    daemon.json = {"GET /plan": (200, {"added": ["ä"]}), "POST /update": lambda body: (200, body)}
    client = Client(daemon.url)

    assert client.text("getVersion") == "3.0"
    assert client.api("GET", "/plan") == {"added": ["ä"]}
    assert client.api("POST", "/update", {"groups": ["web"]}) == {"groups": ["web"]}
    assert client.api("POST", "/update") == {}
    assert daemon.connections == 1
    client.close()


def test_a_refusal_has_the_daemons_reason_and_the_fault(daemon: FakeDaemon) -> None:
    daemon.json = {"GET /processes/x": (404, problem(404, "BAD_NAME", "BAD_NAME: x", 10))}
    client = Client(daemon.url)

    with pytest.raises(Refusal, match=r"^BAD_NAME: x$") as caught:
        client.api("GET", "/processes/x")

    assert (caught.value.status, caught.value.code, caught.value.fault) == (404, 10, "BAD_NAME")
    client.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_daemon_without_the_api_is_told_in_one_clear_message(daemon: FakeDaemon, method: str) -> None:
    client = Client(daemon.url)

    with pytest.raises(NoJsonApi) as caught:
        client.api(method, "/plan")

    assert str(caught.value) == (
        f"{daemon.url} has no JSON API: this action needs the supervisord that belongs to this supervisorctl"
    )
    assert client.text("getVersion") == "3.0"
    client.close()


def test_credentials_are_asked_for_as_by_the_other_actions(daemon: FakeDaemon) -> None:
    daemon.credentials = "Basic eDp5"
    client = Client(daemon.url)

    with pytest.raises(HttpStatus) as caught:
        client.api("GET", "/plan")

    assert caught.value.status == 401
    client.close()


def test_half_a_refusal_is_a_broken_answer(daemon: FakeDaemon) -> None:
    daemon.json = {"GET /plan": (422, {"detail": "?"})}
    client = Client(daemon.url)

    with pytest.raises(BrokenAnswer, match="not one of the JSON API"):
        client.api("GET", "/plan")
    client.close()


def test_a_namespec_is_one_segment() -> None:
    assert segment("web:a/b c") == "web:a%2Fb%20c"
