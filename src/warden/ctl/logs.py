"""The command that shows the logs of many processes: whole lines, each with the name of its process."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

from warden.ctl.names import NothingExcepted, expand, members
from warden.ctl.output import namespec
from warden.ctl.session import Session
from warden.ctl.wire import LOSSES, ClientError, Lost, quote

DEFAULT_LINES = 10
MAX_LINES = 10_000  # what the daemon accepts
MAX_NAMES_BYTES = 6000  # of a URL; with more all are asked for, and the others left out here
COLOURS = ("36", "33", "32", "35", "34", "31")
MAX_PLACES_BYTES = 8000  # of a header
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SINCE = re.compile(r"(\d+[smhd])+", re.ASCII)
_PART = re.compile(r"(\d+)([smhd])", re.ASCII)

Event = tuple[str, dict[str, object]]


class WrongWords(ValueError):
    """The words of the command make no sense; the text says why."""


class Wish(NamedTuple):
    """What was typed: ``lines`` and ``since`` (seconds) are None where nothing was said."""

    names: list[str]
    follow: bool = False
    lines: int | None = None
    since: int | None = None
    channel: str = "both"


def parse(words: Sequence[str]) -> Wish:
    """Read options and names in any order; raises WrongWords."""
    wish = Wish([])
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if option in ("-n", "--lines", "--since"):
            text = value if equals else next(rest, "")
            wish = wish._replace(since=_seconds(text)) if option == "--since" else wish._replace(lines=_lines(text))
        elif word in ("-f", "--follow"):
            wish = wish._replace(follow=True)
        elif word in ("--stdout", "--stderr"):
            wish = wish._replace(channel=word.removeprefix("--"))
        elif word.startswith("-"):
            raise WrongWords(f"unknown option {word}")
        else:
            wish.names.append(word)
    if not wish.names:
        raise WrongWords("logs requires a process name")
    return wish


def _lines(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise WrongWords(f"-n needs a number of lines, not {text!r}")
    return min(int(text), MAX_LINES)


def _seconds(text: str) -> int:
    """Return the seconds of ``10m``, ``1h30m`` or ``45``."""
    if text.isascii() and text.isdigit():
        return int(text)
    if not _SINCE.fullmatch(text):
        raise WrongWords(f"--since needs a time such as 30s, 10m, 2h or 1d, not {text!r}")
    return sum(int(number) * UNITS[unit] for number, unit in _PART.findall(text))


def logs(session: Session, words: Sequence[str]) -> None:
    """Show the ends of logs, or follow them."""
    try:
        wish = parse(words)
        names = _resolve(session, wish)
    except WrongWords as error:
        session.fail(f"Error: {error}")
        return
    except NothingExcepted as error:
        session.fail(f"{error.word}: ERROR (no such process)")
        return
    if not names:
        return
    lines = DEFAULT_LINES if wish.lines is None and wish.since is None else wish.lines
    asked = [f"names={quote(_asked(names))}", f"channel={wish.channel}"]
    asked += [f"{key}={value}" for key, value in (("lines", lines), ("since", wish.since)) if value is not None]
    printer = Printer(session, names)
    events = _lasting(session, f"/logs/stream?{'&'.join(asked)}")
    try:
        printer.show(events, stop_at_present=not wish.follow)
    except KeyboardInterrupt:
        printer.finish()
    finally:
        events.close()


def _lasting(session: Session, path: str) -> Generator[Event, None, None]:
    """Yield the events of a stream, and where its brain is killed, those of the next brain from there on."""
    places: dict[str, str] = {}
    losses = 0
    while losses < LOSSES:
        try:
            for event in session.client.events(path, _resumption(places)):
                losses = 0
                _note_places(*event, places)
                yield event
            return
        except Lost:
            losses += 1
        except ClientError:
            if not places:
                raise
            return  # nobody is there any more


def _note_places(name: str, data: dict[str, object], places: dict[str, str]) -> None:
    """Remember up to where logs were told."""
    told = data.get("logs") if name == "present" else [data]
    for log in told if isinstance(told, list) else []:
        if "place" in log:
            places[f"{log['process']}/{log['channel']}"] = str(log["place"])


def _resumption(places: dict[str, str]) -> str:
    """Return the header that lets logs go on; what does not fit begins as it did."""
    told = ""
    for name, place in places.items():
        more = f"{quote(name)}={place}"
        if len(told) + len(more) >= MAX_PLACES_BYTES:
            break
        told = f"{told},{more}" if told else more
    return f"Last-Event-ID: {told}\r\n" if told else ""


def _resolve(session: Session, wish: Wish) -> list[str]:
    """Return the processes that are meant and have a log; the others are told."""
    rows = session.client.structs("getAllProcessInfo")
    channels = ("stdout", "stderr") if wish.channel == "both" else (wish.channel,)
    known = {namespec(row): any(row[f"{channel}_logfile"] for channel in channels) for row in rows}
    found = members(expand(wish.names, rows), rows)
    for name in found:
        if not known.get(name):
            session.fail(f"{name}: ERROR ({'no log file' if name in known else 'no such process'})")
    return [name for name in found if known.get(name)]


def _asked(names: Sequence[str]) -> str:
    joined = ",".join(names)
    return joined if len(joined) <= MAX_NAMES_BYTES else "*"


class Printer:
    """Makes whole lines of the pieces that come, and writes them with the name of their process."""

    def __init__(self, session: Session, names: Sequence[str]) -> None:
        self._session = session
        self._rest: dict[tuple[str, str], str] = {}
        self._prefixes = dict.fromkeys(names, "")
        if len(names) > 1:
            width = max(map(len, names))
            self._prefixes = {
                name: self._coloured(f"{name:<{width}} | ", COLOURS[index % len(COLOURS)])
                for index, name in enumerate(names)
            }

    def _coloured(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._session.colour else text

    def show(self, events: Iterator[Event], *, stop_at_present: bool) -> None:
        """Write what ``events`` tell until they end, or until all that was there is written."""
        for name, data in events:
            source = str(data.get("process")), str(data.get("channel"))
            if name == "present" and stop_at_present:
                break
            if source[0] not in self._prefixes:
                continue
            if name == "log":
                if stop_at_present:  # the logs come one after the other, and no rest of a line will come
                    self._end_others(source)
                self._take(source, str(data.get("text")))
            elif name == "unknown":
                note = f"{source[0]} ({source[1]}): nobody knows when its older lines were written; these are the last"
                self._session.note(note)
            else:  # rotated, cleared
                self._end(source)
        self.finish()

    def finish(self) -> None:
        """Write what has no line end."""
        self._end_others(None)

    def _end_others(self, present: tuple[str, str] | None) -> None:
        for source in tuple(self._rest):
            if source != present:
                self._end(source)

    def _take(self, source: tuple[str, str], text: str) -> None:
        *lines, rest = (self._rest.get(source, "") + text).split("\n")
        self._rest[source] = rest
        self._write(source, lines)

    def _end(self, source: tuple[str, str]) -> None:
        if rest := self._rest.pop(source, ""):
            self._write(source, [rest])

    def _write(self, source: tuple[str, str], lines: Sequence[str]) -> None:
        prefix = self._prefixes[source[0]]
        self._session.write("".join(f"{prefix}{line}\n" for line in lines).encode("utf-8", "replace"))
