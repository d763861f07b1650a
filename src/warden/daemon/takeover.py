"""Takes the place of a Supervisor 4.x that runs, without touching its programs: ``supervisord --take-over``.

Everything is looked at first; then the old daemon is halted at a moment when it
holds nothing that is not in a pipe or a log, copied from, and killed.  What we go
on with looks as if a brain of ours had left it.
"""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from functools import partial

from warden.config.client import load_client
from warden.config.model import Config, FcgiSocketConfig, HttpServerConfig
from warden.daemon.children import socket_name
from warden.daemon.codec import encode
from warden.daemon.notes import Notes
from warden.daemon.plugins import resolve
from warden.daemon.records import Group
from warden.daemon.remains import Remains
from warden.daemon.spots import Spot
from warden.daemon.survey import Case, Survey
from warden.daemon.teller import Teller
from warden.errors import StartupError
from warden.events.letters import Standing
from warden.events.listener import ListenerState
from warden.runtime import foreign
from warden.runtime.courier import new_life
from warden.runtime.kept import Found
from warden.runtime.parent import FoundChild
from warden.runtime.predecessor import Predecessor
from warden.runtime.record import Record, read
from warden.runtime.slot import Slot

_TURNS = 200  # how often it is halted until that is a good moment
_QUIET_TURNS = 60  # in which all listeners should wait for events, too
_PAUSE_SECONDS = 0.05  # that it is given to get on, in between


class TakeOver:
    """The daemon of ``pidfile`` and what is to become of it.

    Raises:
        StartupError: it cannot be taken over; nothing has been changed.
    """

    def __init__(self, pidfile: str, config: Config, now: float) -> None:
        self._pidfile = pidfile
        self._config = config
        self._credentials = partial(load_client, config.path, {}, environ=os.environ, resolve=resolve)
        self._now = now
        self._old = Predecessor.of(pidfile)
        teller = Teller(self._old.pid, config, self._credentials)
        self._name = f"Supervisor {teller.version} (pid {self._old.pid})"
        self._url = teller.url
        self._survey = self._look(teller)
        teller.close()
        self.sockets: dict[HttpServerConfig, int] = {}  # listening already

    def _look(self, teller: Teller) -> Survey:
        survey = Survey(self._old, teller.processes(), self._config)
        self._check(survey)
        return survey

    def _check(self, survey: Survey) -> None:
        if survey.unknown:
            raise StartupError(
                f"cannot take over from {self._name}: {self._config.path} does not have what runs there: "
                f"{', '.join(survey.unknown)}; stop it first, or configure it"
            )

    def report(self) -> str:
        """Say process by process what would happen."""
        lines = [f"{self._name} at {self._url}: nothing has been changed.  It would be replaced, and:", ""]
        lines += self._survey.lines()
        lines += ["", "Lost: events that wait to be sent to listeners, and how often a start has failed."]
        return "".join(f"{line}\n" for line in lines)

    def seize(self) -> Remains:
        """Halt it at a good moment and copy what it has open; afterwards either ``release`` it or ``finish``.

        Raises:
            StartupError: there was no such moment, or it cannot be copied from; it goes on.
        """
        teller = Teller(self._old.pid, self._config, self._credentials)
        try:
            for turn in range(_TURNS):
                told = teller.processes()
                if self._old.halt():
                    survey = Survey(self._old, told, self._config)
                    if survey.is_true and (survey.is_quiet or turn >= _QUIET_TURNS):
                        self._check(survey)
                        return self._copy(survey)
                self._old.resume()
                self._old.wait(_PAUSE_SECONDS)
        except BaseException:
            self.release()
            raise
        finally:
            teller.close()
        raise StartupError(f"cannot take over from {self._name}: its programs come and go too fast")

    def release(self) -> None:
        """Let it go on: nothing has happened."""
        self._old.resume()

    def finish(self, pidfile: str) -> None:
        """Kill it; its programs live on.  Its pid file goes, unless that is ``pidfile``, ours by now."""
        self._old.end()
        if os.path.abspath(self._pidfile) != pidfile:
            with suppress(OSError):
                os.unlink(self._pidfile)

    def _copy(self, survey: Survey) -> Remains:
        slot = Slot()
        found = Found(held={"slot": slot.fd}, facts={"why": f"took over from {self._name}", "trial": False})
        records: list[int] = []
        record = Record(lambda fd: records.append(os.dup(fd)), self._give_up)
        notes = Notes(record, slot)
        notes.begin(self._config)
        for group in self._config.groups:
            notes.group(Group(group, {}))
        notes.all_made()
        notes.starting()
        for case in survey.cases:
            if case.config is not None:
                self._copy_case(case, found, notes)
        self._copy_sockets(found)
        record.close()
        facts = read(records[-1])
        for fd in records:
            os.close(fd)
        return Remains(found, facts)

    def _give_up(self, error: OSError) -> None:
        raise StartupError(f"cannot take over from {self._name}: {error.strerror}")

    def _copy_case(self, case: Case, found: Found, notes: Notes) -> None:
        life, told = new_life(), case.told
        notes.know(told.namespec, case.facts(life, self._now))
        if not case.is_alive:
            return
        pidfd = foreign.open_process(told.pid)
        if pidfd is None:
            raise StartupError(f"cannot take over from {self._name}: {told.namespec} has ended")
        tag = {"name": told.namespec, "ends": [end.name for end in case.ends], "stop": case.stop_orders}
        ends = [self._old.copy(end.fd) for end in case.ends]
        born = self._now - max(told.now - told.start, 0)
        found.children.append(FoundChild(life=life, tag=tag, pid=told.pid, ends=ends, born=born, pidfd=pidfd))
        if case.is_listener and case.group is not None and case.config is not None:
            known = case.listens is not None
            standing = Standing(
                phase=told.phase, state=case.listens or ListenerState.UNKNOWN, letter=None if known else 0
            )
            name = case.config.name
            pool = f"pool {case.group.name}"
            entries: list[tuple[str, object]] = [(f"{pool} listener {name}", encode(Spot(standing=standing)))]
            notes.pools(entries if known else [*entries, (f"{pool} partly {name}", 0)])

    def _copy_sockets(self, found: Found) -> None:
        """Find out what each of its listening sockets is for."""
        shared = {process.socket for group in self._config.groups for process in group.processes if process.socket}
        for listener in self._old.listeners():
            for server in self._config.http:
                if server not in self.sockets and _is_at(listener, server):
                    self.sockets[server] = listener.detach()
                    break
            else:
                for config in shared:
                    if socket_name(config) not in found.given and _is_at(listener, config):
                        found.given[socket_name(config)] = listener.detach()
                        break
            listener.close()


def _is_at(listener: socket.socket, place: HttpServerConfig | FcgiSocketConfig) -> bool:
    """Whether a socket listens where ``place`` says; 4.x binds the one of its server as ``<path>.<pid>`` first."""
    address = listener.getsockname()
    if listener.family is socket.AF_UNIX:
        return place.path is not None and re.fullmatch(re.escape(place.path) + r"(\.\d+)?", str(address)) is not None
    if place.path is not None or address[1] != place.port:
        return False
    every = "::" if listener.family is socket.AF_INET6 else "0.0.0.0"
    with suppress(OSError):
        known = {row[4][0] for row in socket.getaddrinfo(place.host or every, place.port, listener.family)}
        return address[0] in known
    return False
