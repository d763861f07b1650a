"""What all commands share: the server, the output, the exit status, the interactive flag."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from warden.config.values import ClientConfig
from warden.ctl import codes
from warden.ctl.client import Client, Fault
from warden.ctl.codes import Exit
from warden.ctl.lines import Lines
from warden.ctl.names import NothingExcepted, expand, members, need_expansion
from warden.ctl.output import wants_colour
from warden.ctl.wire import NoSocketFile, Refused
from warden.words import API_VERSION, split_namespec

WRONG_API_VERSION = (
    "Sorry, this version of supervisorctl expects to talk to a server with API version {}, "
    "but the remote version is {}."
)
NO_NAMESPACE = (
    "Sorry, supervisord responded but did not recognize the supervisor namespace commands that "
    "supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is "
    "enabled in the configuration file (see sample.conf)."
)


class Session:
    """One run of supervisorctl.

    ``exitstatus`` is overwritten by each failure and never reset by a success.
    Raises ValueError if the server URL cannot be used.
    """

    def __init__(self, config: ClientConfig, lines: Lines) -> None:
        self.config = config
        self.lines = lines
        self.interactive = config.interactive
        self.exitstatus: int = Exit.SUCCESS
        self.colour = wants_colour(sys.stdout.isatty(), os.environ)
        self.client = Client(config.serverurl, config.username, config.password)

    def output(self, text: str) -> None:
        """Write ``text`` and a newline at once, so that a reader of a pipe sees every result when it is there."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def write(self, data: bytes) -> None:
        """Write log bytes as they are."""
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def note(self, text: str) -> None:
        """Write ``text`` where it does not mix with what was asked for."""
        sys.stderr.write(text + "\n")

    def fail(self, text: str, status: int = Exit.GENERIC) -> None:
        """Write ``text`` and remember that something failed."""
        self.output(text)
        self.exitstatus = status

    def preflight(self) -> bool:
        """Ask whether the server is there and speaks our language; if not, say so and return False.

        Raises ClientError for troubles that are not about being there.
        """
        try:
            version = self.client.text("getVersion")
        except NoSocketFile as error:
            self.fail(str(error), Exit.NOT_RUNNING)
            return False
        except Refused as error:
            self.fail(str(error), Exit.INSUFFICIENT_PRIVILEGES)
            return False
        except Fault as fault:
            if fault.code != codes.UNKNOWN_METHOD:
                raise
            self.fail(NO_NAMESPACE, Exit.UNIMPLEMENTED_FEATURE)
            return False
        if version != API_VERSION:
            self.fail(WRONG_API_VERSION.format(API_VERSION, version), Exit.NOT_INSTALLED)
            return False
        return True

    def api(self, method: str, path: str, body: object = None, *, again: bool = False) -> object:
        """Ask the daemon's JSON API: ``path`` is below ``/api/v1``, quoted (``ctl.api.segment``).

        ``again``: it does no harm to do it twice.  Returns the decoded answer.
        Raises Refusal with the daemon's reason, NoJsonApi if the daemon is too
        old to have the API, or another ClientError.
        """
        return self.client.api(method, path, body, again=again)

    def names(self, words: Sequence[str]) -> list[str] | None:
        """Return plain names for names with wildcards and exceptions; None after telling that they are a mistake."""
        if not need_expansion(words):
            return list(words)
        try:
            names = expand(words, self.client.structs("getAllProcessInfo"))
        except NothingExcepted as mistake:
            self.fail(f"{mistake.word}: ERROR (no such process)")
            return None
        if not names:
            self.fail("ERROR: the exceptions leave nothing")
        return names or None

    def members(self, words: Sequence[str]) -> list[str]:
        """Return the processes that plain names mean: groups and ``all`` become their members."""
        if all(word != "all" and split_namespec(word)[1] is not None for word in words):
            return list(dict.fromkeys(words))
        return members(words, self.client.structs("getAllProcessInfo"))

    def confirmed(self, question: str) -> bool:
        """Ask ``question`` if a person is there; raises EOFError if nobody answers."""
        return not self.interactive or self.lines.read(question)[:1] in ("y", "Y")

    def log_in(self, username: str, password: str) -> None:
        """Use these credentials from now on."""
        self._connect(self.config._replace(username=username, password=password))

    def open(self, url: str) -> None:
        """Talk to another server from now on; credentials stay only if the host stays.

        Raises ValueError for a URL that cannot be used.
        """
        config = self.config._replace(serverurl=url)
        client = Client(url)
        if (client.address.path, client.address.host) != (self.client.address.path, self.client.address.host):
            config = config._replace(username=None, password=None)
        self._connect(config)

    def _connect(self, config: ClientConfig) -> None:
        self.client.close()
        self.config = config
        self.client = Client(config.serverurl, config.username, config.password)
