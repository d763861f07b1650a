"""Schemathesis asks what the OpenAPI document allows, and what it does not: no answer is a failure of ours."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fakes_control import FakeControl, view
from tests.fakes_insight import FakeInsight
from tests.http.serving import Log
from warden.api.app import OPERATIONS
from warden.api.openapi import document
from warden.config.model import HttpServerConfig
from warden.http.server import HttpServer
from warden.rpc.registry import Registry
from warden.rpc.supervisor_api import SupervisorApi
from warden.words import Channel, Phase

_STREAMS = sorted(operation.name for operation in OPERATIONS if operation.is_stream)
_CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)

schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document(OPERATIONS)))).exclude(operation_id=_STREAMS)


class Lasting(FakeControl):
    """A daemon that takes the order to go, and stays: the next questions need one."""

    def shutdown(self) -> None:
        self.done.append(("shutdown",))

    async def restart(self) -> None:
        self.done.append(("restart",))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the API of a daemon in memory from a loop in a thread."""
    log = tmp_path_factory.mktemp("logs") / "log"
    log.write_text("some\ntext\n")
    control = Lasting(
        views=[view("web"), view("a", "g"), view("b", "g", Phase.STOPPED)], logs=dict.fromkeys(_logs(), log)
    )
    insight = FakeInsight(control)
    control.configs.append(insight.config("web"))
    listener = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    server = HttpServer(
        [(HttpServerConfig(section="inet_http_server"), listener)],
        Registry({"supervisor": SupervisorApi(control)}, trace=str),
        control,
        insight,
        Log(),
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    loop.call_soon_threadsafe(server.start, loop)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
    asyncio.run_coroutine_threadsafe(server.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def _logs() -> list[tuple[str | None, Channel]]:
    return [(name, channel) for name in (None, "web", "g:a") for channel in Channel]


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_is_answered_against_the_document(case: schemathesis.Case, address: str) -> None:
    response = case.call_and_validate(base_url=address, checks=list(_CHECKS))

    assert response.status_code != 500
