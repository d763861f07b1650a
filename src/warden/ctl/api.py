"""How supervisorctl asks the daemon's JSON API over the connection it has."""

from __future__ import annotations

from collections.abc import Generator

from warden.ctl.wire import OK, Answer, BrokenAnswer, ClientError, Connection, HttpStatus, Lost, quote

ROOT = "/api/v1"
NO_API_STATUSES = (400, 404, 405)  # of a daemon that knows nothing below ROOT; our own refusals say why as JSON


class NoJsonApi(ClientError):
    """The daemon has no such API: it is Supervisor's, or something else."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} has no JSON API: this action needs the supervisord that belongs to this supervisorctl")


class Refusal(ClientError):
    """The daemon says no; the text is its reason.

    ``status`` is the HTTP status, ``code`` and ``fault`` are number and name of
    the XML-RPC fault (see ``ctl.codes``).
    """

    def __init__(self, status: int, code: int, fault: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.fault = fault


def segment(text: str) -> str:
    """Percent-encode one segment of a path, a namespec for example."""
    return quote(text).replace("/", "%2F")


def ask(connection: Connection, method: str, path: str, body: object = None, *, again: bool = False) -> object:
    """Send one request for ``path`` below the root of the API and return the decoded answer.

    ``body`` is what JSON can say, an object of parameters as a rule.  A GET,
    and what may be asked ``again``, is sent until somebody answers.  Raises
    Refusal, NoJsonApi, HttpStatus, CannotConnect, BrokenAnswer, Lost.
    """
    import json  # 5 ms, only for the actions that ask this API

    data = json.dumps({} if body is None else body).encode() if method == "POST" else b""
    answer = connection.request(method, ROOT + path, data, "application/json", again=again or method == "GET")
    url = connection.address.url
    if answer.media_type.endswith("json"):
        try:
            return _judged(answer, json.loads(answer.body))
        except ValueError:
            raise BrokenAnswer(f"{url}: the answer is not one of the JSON API") from None
    if answer.status == OK or answer.status in NO_API_STATUSES:
        raise NoJsonApi(url)
    raise HttpStatus(url + ROOT + path, answer.status, answer.reason)


def _judged(answer: Answer, value: object) -> object:
    """Return the value of a good answer, raise what another one says."""
    if answer.status == OK:
        return value
    match value:
        case {"code": int(code), "fault": str(fault), "detail": str(detail)}:
            raise Refusal(answer.status, code, fault, detail)
        case _:
            raise ValueError(value)


def results_of(answer: object) -> list[dict[str, object]]:
    """Return the results in the answer to an action; raises BrokenAnswer."""
    match answer:
        case {"results": list(results)}:
            return results
        case _:
            raise BrokenAnswer("the daemon answered something unexpected")


def events(
    connection: Connection, path: str, headers: str = ""
) -> Generator[tuple[str, dict[str, object]], None, None]:
    """Open a stream of the API and yield name and data of its events until it ends; close it to leave.

    Raises what ``ask`` raises, Lost also if the stream breaks off; a refusal has
    no reason here.
    """
    import json  # see above

    try:
        stream = connection.stream(ROOT + path, headers)
    except HttpStatus as error:
        if error.status in NO_API_STATUSES:
            raise NoJsonApi(connection.address.url) from None
        raise
    try:
        pending = b""
        while (data := stream.read()) is not None:
            *complete, pending = (pending + data).split(b"\n\n")
            for block in complete:
                fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if not line.startswith(b":"))
                if b"event" in fields:
                    yield fields[b"event"].decode(), json.loads(fields[b"data"])
        if stream.was_cut:
            raise Lost(f"{connection.address.url}: the server closed the connection")
    finally:
        stream.close()
