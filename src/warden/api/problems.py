"""Refusals as problem documents (RFC 9457); which error becomes which status stands in one table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from http import HTTPStatus

from warden import errors
from warden.api.schema import first_line
from warden.api.shapes import Problem
from warden.frozen import frozen
from warden.rpc.faults import FAULT_OF, Faults, fault_from, fault_name

PROBLEM_TYPE = "application/problem+json"

STATUS_OF: dict[type[errors.RequestError], int] = {
    errors.UnknownMethod: 404,
    errors.IncorrectParameters: 422,
    errors.BadArguments: 422,
    errors.SignatureUnsupported: 404,
    errors.ShuttingDown: 503,
    errors.BadName: 404,
    errors.BadSignal: 422,
    errors.NoFile: 404,
    errors.NotExecutable: 409,
    errors.Failed: 500,
    errors.AbnormalTermination: 409,
    errors.SpawnFailed: 409,
    errors.AlreadyStarted: 409,
    errors.NotRunning: 409,
    errors.AlreadyAdded: 409,
    errors.StillRunning: 409,
    errors.CannotReread: 422,
}


@frozen(kw_only=True)
class Answer:
    """A complete answer."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpRefusal(Exception):
    """A request that is refused for its form, before any verb of the daemon was asked."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def problem_answer(error: errors.RequestError | HttpRefusal) -> Answer:
    """Return the answer that says what was wrong."""
    if isinstance(error, HttpRefusal):
        return _answer(_of_form(error), error.headers)
    return _answer(_of_fault(error), {"Retry-After": "5"} if isinstance(error, errors.ShuttingDown) else {})


def problem_type(fault: str) -> str:
    """Return the URI of a kind of problem."""
    return "urn:warden:problem:" + fault.lower().replace("_", "-")


def _of_fault(error: errors.RequestError) -> Problem:
    fault = fault_name(FAULT_OF.get(type(error), Faults.FAILED))
    said = fault_from(error)
    return Problem(
        type=problem_type(fault),
        title=first_line(type(error)).split(";")[0].rstrip("."),
        status=STATUS_OF.get(type(error), 500),
        detail=said.faultString,
        code=said.faultCode,
        fault=fault,
    )


def _of_form(refusal: HttpRefusal) -> Problem:
    code = Faults.UNKNOWN_METHOD if refusal.status in (404, 405) else Faults.INCORRECT_PARAMETERS
    if refusal.status >= 500:
        code = Faults.FAILED
    return Problem(
        type="about:blank",  # RFC 9457: nothing to say beyond the status
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.detail,
        code=code,
        fault=fault_name(code),
    )


def _answer(problem: Problem, headers: Mapping[str, str]) -> Answer:
    return Answer(
        status=problem["status"], content_type=PROBLEM_TYPE, body=json.dumps(problem).encode(), headers=headers
    )
