"""Causes name who called a verb, and over which socket."""

from __future__ import annotations

import base64
import os
import sys
from contextvars import copy_context
from pathlib import Path

import pytest

from tests.api.asking import post
from tests.fakes_control import FakeControl, view
from tests.http.serving import Served, serve
from warden.rpc.caller import requested, set_caller

LOGIN = f"Authorization: Basic {base64.b64encode(b'u:x').decode()}"


class Asking(FakeControl):
    """Notes the cause with which a start would be told."""

    async def start(self, namespec: str, *, wait: bool) -> None:
        self.done.append((requested("start"),))


def test_without_a_caller_a_cause_names_nobody() -> None:
    context = copy_context()

    context.run(set_caller, lambda: "somebody")

    assert context.run(requested, "stop") == "stop requested by somebody"
    assert requested("stop") == "stop requested"


def test_a_caller_is_asked_once_who_it_is_whatever_it_stops() -> None:
    context = copy_context()
    asked: list[str] = []

    def describe() -> str:
        asked.append("who")
        return "somebody"

    context.run(set_caller, describe)
    causes = {context.run(requested, what) for what in ("stop", "start", "stop")}

    assert causes == {"stop requested by somebody", "start requested by somebody"}
    assert len(asked) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell the pid")
def test_over_a_unix_socket_the_process_is_named(tmp_path: Path) -> None:
    control = Asking(views=[view("web")])

    async def scenario(served: Served) -> None:
        await post(served, "processes/web/start")

    serve(tmp_path, control, scenario)

    [(cause,)] = control.done
    command = Path("/proc/self/comm").read_text().strip()
    me = f"{command} (pid {os.getpid()}, uid {os.getuid()})"
    assert cause == f"start requested by {me} over unix://{tmp_path / 's'}"


def test_over_tcp_user_and_address_are_named(tmp_path: Path) -> None:
    control = Asking(views=[view("web")])
    ports = []

    async def scenario(served: Served) -> None:
        ports.append(served.port)
        await served.post("/api/v1/processes/web/start", b"{}", "Content-Type: application/json", LOGIN, tcp=True)

    serve(tmp_path, control, scenario)

    assert control.done == [(f"start requested by u from 127.0.0.1 over port {ports[0]}",)]
