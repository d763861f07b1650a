"""HTTP/1.1 to the daemon over unix and TCP sockets.

Only what the client needs: ``http.client`` would take 27 ms to import, which is
a third of the time a whole ``supervisorctl status`` may take.
"""

from __future__ import annotations

import binascii
import select
import socket
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from warden.errors import WardenError

OK = 200
RECEIVE_BYTES = 65536
LINE_LIMIT = 65536  # bytes of one header line; a longer one is not from our server
LOSSES = 20  # answers lost in a row after which we no longer ask; a keeper replaces as many brains without a pause
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~:/")


class ClientError(WardenError):
    """The daemon could not be asked; the text is for people, without a prefix."""


class CannotConnect(ClientError):
    """No connection; the text is ``<serverurl> <why>``."""


class NoSocketFile(CannotConnect):
    """The unix socket does not exist."""


class Refused(CannotConnect):
    """Nobody listens there."""


class HttpStatus(ClientError):
    """An answer other than 200."""

    def __init__(self, url: str, status: int, reason: str) -> None:
        super().__init__(f"{url}: {status} {reason}")
        self.status = status


class BrokenAnswer(ClientError):
    """The connection was dropped, or what came back is not an answer."""


class Lost(BrokenAnswer):
    """The connection broke before the answer was there: whether it was done what was asked, nobody knows."""


class _Unsent(Lost):
    """It broke before the request was sent: nothing was done."""


class Address(NamedTuple):
    """Where a server URL leads: ``path`` for unix sockets, else ``host`` and ``port``."""

    url: str
    path: str | None = None
    host: str = "localhost"
    port: int = 80
    tls: bool = False

    @property
    def host_header(self) -> str:
        """Value of the Host header; the default port is left out."""
        if self.path is not None:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Answer(NamedTuple):
    """A complete answer; the body is empty where a refusal does not say why as JSON."""

    status: int
    reason: str
    media_type: str  # lower-case, without parameters
    body: bytes


def parse_url(url: str) -> Address:
    """Read ``unix:///path``, ``http://host[:port]`` or ``https://host[:port]``.

    User, password and path of an http URL are ignored.  Raises ValueError for
    anything else.
    """
    if url.startswith("unix://"):
        return Address(url=url, path=url.removeprefix("unix://"))
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("http", "https"):
        raise ValueError(f"Unknown protocol for serverurl {url}")
    tls = scheme == "https"
    authority = rest.split("/", 1)[0].rpartition("@")[2]
    if authority.startswith("["):
        host, _, after = authority[1:].partition("]")
        port = after.removeprefix(":")
    else:
        host, _, port = authority.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        raise ValueError(f"invalid port {port!r} in serverurl {url}")
    return Address(url=url, host=host, port=int(port) if port else (443 if tls else 80), tls=tls)


def quote(text: str) -> str:
    """Percent-encode ``text`` for a request path; ``/`` and ``:`` stay."""
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


def connect(address: Address) -> socket.socket:
    """Open a blocking connection without time limit; raises CannotConnect."""
    try:
        if address.path is not None:
            return _connect_unix(address.path)
        connection = socket.create_connection((address.host, address.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _wrap_tls(connection, address) if address.tls else connection
    except FileNotFoundError:
        raise NoSocketFile(f"{address.url} no such file") from None
    except ConnectionRefusedError:
        raise Refused(f"{address.url} refused connection") from None
    except PermissionError:
        raise CannotConnect(f"{address.url} permission denied") from None
    except socket.gaierror:
        raise CannotConnect(f"{address.url} unknown host") from None
    except (OSError, UnicodeError, OverflowError) as error:  # a host or port that cannot exist
        raise CannotConnect(f"{address.url} {getattr(error, 'strerror', None) or error}") from None


def _connect_unix(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _wrap_tls(connection: socket.socket, address: Address) -> socket.socket:
    import ssl  # 14 ms, and hardly anybody uses https

    return ssl.create_default_context().wrap_socket(connection, server_hostname=address.host)


class Connection:
    """One server, asked over a connection that is kept open between requests.

    Not thread-safe.
    """

    def __init__(self, address: Address, username: str | None, password: str | None) -> None:
        self.address = address
        self._authorization = _authorization(username, password)
        self._socket: socket.socket | None = None
        self._reader: BinaryIO | None = None

    def post(self, path: str, body: bytes, *, again: bool = False) -> bytes:
        """Send an XML document, return the body of the answer; raises like ``request``, or HttpStatus."""
        answer = self.request("POST", path, body, "text/xml", again=again)
        if answer.status != OK:
            raise HttpStatus(self.address.url + path, answer.status, answer.reason)
        return answer.body

    def request(self, method: str, path: str, body: bytes, media_type: str, *, again: bool = False) -> Answer:
        """Ask; what is sent, and preferred as answer, is of ``media_type``.

        A brain that is killed takes its answers along, and its successor can be
        asked at once: ``again`` tells that this does no harm.  Raises
        CannotConnect, BrokenAnswer, Lost.
        """
        headers = f"Content-Type: {media_type}\r\nAccept: {media_type}\r\nContent-Length: {len(body)}\r\n"
        request = self._head(method, path, headers) + body
        for _loss in range(LOSSES):
            try:
                return self._exchange(request)
            except _Unsent:
                continue
            except Lost:
                if not again:
                    raise
        raise self._lost()

    def stream(self, path: str, headers: str = "") -> Stream:
        """Begin a GET on a connection of its own, with more ``headers``; raises like ``post``."""
        connection = connect(self.address)
        try:
            connection.sendall(self._head("GET", path, headers))
            # Unbuffered, so that nothing waits unseen when somebody selects on the socket.
            with connection.makefile("rb", buffering=0) as reader:
                status, reason, told = self._read_head(reader)  # type: ignore[arg-type] # SocketIO reads lines, too
            if status != OK:
                raise HttpStatus(self.address.url + path, status, reason)
            return Stream(connection, told)
        except OSError:
            connection.close()
            raise self._lost() from None
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Drop the connection; the next request opens a new one."""
        if self._reader is not None:
            self._reader.close()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._reader = None

    def _exchange(self, request: bytes) -> Answer:
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()  # nobody has asked, so what can be read is the end
        if self._socket is None or self._reader is None:
            self._socket = connect(self.address)
            self._reader = self._socket.makefile("rb")
        keep = False
        try:
            self._send(self._socket, request)
            status, reason, headers = self._read_head(self._reader)
            media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
            if status != OK and not media_type.endswith("json"):  # a page for browsers: nobody reads it
                return Answer(status, reason, media_type, b"")
            body = self._read_body(self._reader, headers)
            keep = headers.get("connection", "keep-alive").lower() == "keep-alive" and "" not in headers
            return Answer(status, reason, media_type, body)
        except OSError:
            raise self._lost() from None
        finally:  # whatever else happened, half an answer must not be taken for the next one
            if not keep:
                self.close()

    def _send(self, connection: socket.socket, request: bytes) -> None:
        try:
            connection.sendall(request)
        except OSError:
            raise _Unsent(str(self._lost())) from None

    def _lost(self) -> Lost:
        return Lost(f"{self.address.url}: the server closed the connection")

    def _head(self, verb: str, path: str, headers: str) -> bytes:
        return (
            f"{verb} {path} HTTP/1.1\r\nHost: {self.address.host_header}\r\nUser-Agent: supervisorctl\r\n"
            f"{headers}{self._authorization}\r\n"
        ).encode("latin-1", "replace")

    def _read_head(self, reader: BinaryIO) -> tuple[int, str, dict[str, str]]:
        """Return status, reason and headers (lower-case names)."""
        line = reader.readline(LINE_LIMIT).decode("latin-1")
        if not line:
            raise self._lost()
        version, _, rest = line.strip().partition(" ")
        code, _, reason = rest.partition(" ")
        if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdigit()):
            raise BrokenAnswer(f"{self.address.url}: the answer is not HTTP")
        headers = {} if version != "HTTP/1.0" else {"connection": "close"}
        while (line := reader.readline(LINE_LIMIT).decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(code), reason, headers

    def _read_body(self, reader: BinaryIO, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._read_chunks(reader))
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            headers["connection"] = "close"  # the end of the connection is the end of the body
            return reader.read()
        body = reader.read(int(length))
        if len(body) < int(length):
            raise self._lost()
        return body

    def _read_chunks(self, reader: BinaryIO) -> Iterator[bytes]:
        chunks = ChunkDecoder()
        while not chunks.ended:
            line = reader.readline(LINE_LIMIT)
            if not line:
                raise self._lost()
            yield chunks.feed(line)


class ChunkDecoder:
    """Takes the chunk frames out of a chunked body, wherever the pieces are cut.

    ``ended`` is true after the last chunk.  Raises BrokenAnswer for a frame
    that is none.
    """

    def __init__(self) -> None:
        self.ended = False
        self._frame = b""  # begin of a size line
        self._left = 0  # bytes of the current chunk still to come, its CRLF included

    def feed(self, data: bytes) -> bytes:
        """Return the content in ``data``."""
        content = []
        while data and not self.ended:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                content.append(piece[: max(0, self._left - 2)])
                self._left -= len(piece)
                continue
            line, newline, data = data.partition(b"\n")
            self._frame += line
            if newline:
                self._begin_chunk()
        return b"".join(content)

    def _begin_chunk(self) -> None:
        text, self._frame = self._frame.split(b";")[0].strip(), b""
        try:
            size = int(text, 16)
        except ValueError:
            raise BrokenAnswer(f"not a chunk size: {text[:20]!r}") from None
        self.ended = size == 0
        self._left = size + 2


class Stream:
    """The body of an endless answer with these ``headers``; select on it, then ``read``."""

    def __init__(self, connection: socket.socket, headers: dict[str, str]) -> None:
        self.headers = headers
        self._socket = connection
        self._chunks = ChunkDecoder() if headers.get("transfer-encoding", "").lower() == "chunked" else None

    @property
    def was_cut(self) -> bool:
        """Whether it broke off, after its end: then the server did not mean to end it."""
        return self._chunks is not None and not self._chunks.ended

    def fileno(self) -> int:
        """Descriptor to select on."""
        return self._socket.fileno()

    def read(self) -> bytes | None:
        """Wait for data and return them (may be empty), or None at the end."""
        if self._chunks is not None and self._chunks.ended:
            return None
        try:
            data = self._socket.recv(RECEIVE_BYTES)
            while pending := getattr(self._socket, "pending", lambda: 0)():  # decrypted, so select cannot see it
                data += self._socket.recv(pending)
        except ConnectionResetError:
            return None
        if not data:
            return None
        return data if self._chunks is None else self._chunks.feed(data)

    def close(self) -> None:
        """Leave the server."""
        self._socket.close()


def _authorization(username: str | None, password: str | None) -> str:
    if username is None or password is None:
        return ""
    credentials = f"{username}:{password}".encode("utf-8", "surrogateescape")
    return f"Authorization: Basic {binascii.b2a_base64(credentials, newline=False).decode('ascii')}\r\n"
