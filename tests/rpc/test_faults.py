"""Every refusal has its number and its name on the wire."""

from __future__ import annotations

import xmlrpc.client

import pytest

from warden import errors
from warden.rpc.faults import FAULT_OF, Faults, RPCError, fault_from, fault_name
from warden.rpc.xmlrpc import dump_fault


@pytest.mark.parametrize("error", errors.RequestError.__subclasses__())
def test_every_request_error_has_a_fault(error: type[errors.RequestError]) -> None:
    assert error in FAULT_OF


def test_no_two_errors_share_a_code() -> None:
    assert len(set(FAULT_OF.values())) == len(FAULT_OF)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (errors.BadName("cat"), 10, "BAD_NAME: cat"),
        (errors.BadName(""), 10, "BAD_NAME: "),
        (errors.ShuttingDown(), 6, "SHUTDOWN_STATE"),
        (errors.NoFile("can't find command '/x'"), 20, "NO_FILE: can't find command '/x'"),
        (errors.SpawnFailed("p"), 50, "SPAWN_ERROR: p"),
        (errors.CannotReread("why"), 92, "CANT_REREAD: why"),
        (RPCError(Faults.FAILED, "by hand"), 30, "FAILED: by hand"),
        (RPCError(12345), 12345, "UNKNOWN"),
        (RPCError(12345, "x"), 12345, "UNKNOWN: x"),
    ],
)
def test_a_fault_survives_the_wire(error: errors.RequestError | RPCError, code: int, text: str) -> None:
    fault = fault_from(error)
    wire = dump_fault(fault.faultCode, fault.faultString)

    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(wire)

    assert (caught.value.faultCode, caught.value.faultString) == (code, text)


def test_a_plugin_may_add_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Faults, "TOO_LATE", 777, raising=False)

    assert RPCError(777, "really").text == "TOO_LATE: really"
    assert fault_name(777) == "TOO_LATE"


def test_rpc_error_prints_as_in_supervisor() -> None:
    error = RPCError(10, "x")

    assert (str(error), repr(error), error.args) == ("code=10, text='BAD_NAME: x'", "RPCError(10, 'x')", (10, "x"))
