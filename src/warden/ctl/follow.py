"""Commands that show logs: tail, maintail and fg, with their endless streams."""

from __future__ import annotations

import time
from collections.abc import Sequence
from select import select

from warden.ctl import codes
from warden.ctl.client import Fault
from warden.ctl.lines import Lines
from warden.ctl.logstream import LogStream
from warden.ctl.session import Session
from warden.ctl.wire import BrokenAnswer, HttpStatus
from warden.words import Phase

DEFAULT_BYTES = 1600
MAX_BYTES = 2**31 - 1  # XML-RPC integers have 32 bits
PRESS_CTRL_C = "==> Press Ctrl-C to exit <=="
NOT_FOUND = 404
DEATH_CHECK_SECONDS = 1.0  # the API can only be asked whether a process still lives
TAIL_REASONS = {codes.BAD_NAME: "no such process name", codes.NO_FILE: "no log file"}
UNREADABLE = "unknown error reading log"


def tail(session: Session, words: Sequence[str]) -> None:
    """Show the end of a process log, or follow it."""
    modifier, names = (words[0], words[1:]) if words[0].startswith("-") else (None, words)
    if not names:
        session.fail("Error: tail requires process name")
        return
    name, channel = names[0], names[-1].lower() if len(names) > 1 else "stdout"
    if channel not in ("stdout", "stderr"):
        session.fail(f"Error: bad channel '{channel}'")
        return
    if modifier == "-f":
        try:
            _follow(session, session.client.follow_log(name, channel))
        except HttpStatus as error:
            if error.status != NOT_FOUND:
                raise
            session.fail(f"{name}: ERROR ({_why_no_log(session, name)})")
        return
    size = _size(modifier)
    if size is None:
        session.fail(f"Error: bad argument {modifier}")
        return
    method = "readProcessStdoutLog" if channel == "stdout" else "readProcessStderrLog"
    _show(session, name, size, (method, name))


def maintail(session: Session, words: Sequence[str]) -> None:
    """Show the end of the activity log, or follow it."""
    modifier = words[0] if words else None
    if modifier == "-f":
        try:
            _follow(session, session.client.follow_main_log())
        except HttpStatus as error:
            if error.status != NOT_FOUND:
                raise
            session.fail("supervisord: ERROR (no log file)")
        return
    size = _size(modifier)
    if size is None:
        session.fail(f"Error: bad argument {modifier}")
        return
    _show(session, "supervisord", size, ("readLog",))


def _size(modifier: str | None) -> int | None:
    """Return the bytes that ``-<N>`` asks for, None if it is something else."""
    if modifier is None:
        return DEFAULT_BYTES
    digits = modifier.removeprefix("-")
    if len(digits) != len(modifier) - 1 or not (digits.isascii() and digits.isdigit()):
        return None
    return min(int(digits), MAX_BYTES)


def _show(session: Session, name: str, size: int, request: tuple[str, ...]) -> None:
    try:
        text = session.client.text(*request, -max(size, 1), 0)  # -0 would mean the whole file
    except Fault as fault:
        if fault.code not in (codes.BAD_NAME, codes.NO_FILE, codes.FAILED):
            raise
        session.fail(f"{name}: ERROR ({TAIL_REASONS.get(fault.code, UNREADABLE)})")
        return
    if size:
        session.output(text)


def _follow(session: Session, stream: LogStream) -> None:
    session.output(PRESS_CTRL_C)
    try:
        while (data := stream.read()) is not None:
            session.write(data)
    except KeyboardInterrupt:
        session.output("")
    finally:
        stream.close()


def _why_no_log(session: Session, name: str) -> str:
    try:
        session.client.struct("getProcessInfo", name)
    except Fault as fault:
        if fault.code == codes.BAD_NAME:
            return TAIL_REASONS[codes.BAD_NAME]
        raise
    return TAIL_REASONS[codes.NO_FILE]


def fg(session: Session, words: Sequence[str]) -> None:
    """Show the output of a process and send it what is typed."""
    if len(words) > 1:
        session.fail("ERROR: too many process names supplied")
        return
    name = words[0]
    try:
        info = session.client.struct("getProcessInfo", name)
    except Fault as fault:
        if fault.code == codes.SHUTDOWN_STATE:
            raise
        session.fail(f"ERROR: {'bad process name supplied' if fault.code == codes.BAD_NAME else fault.text}")
        return
    if info["state"] != Phase.RUNNING:
        session.fail("ERROR: process not running")
        return
    foreground = _Foreground(session, name, info["pid"])
    try:
        session.output(PRESS_CTRL_C)
        foreground.run()
    except KeyboardInterrupt:
        session.output("")
    except Fault as fault:
        session.output(f"ERROR: {fault.text}")
    finally:
        foreground.close()
    session.output("Exiting foreground")


class _Foreground:
    """Both logs of one process on our output, our input on its input."""

    def __init__(self, session: Session, name: str, pid: object) -> None:
        self._session = session
        self._name = name
        self._pid = pid
        self._streams: list[LogStream] = []

    def run(self) -> None:
        """Return when the input ends or the process is dead."""
        for channel in ("stdout", "stderr"):
            self._open(channel)
        lines = self._session.lines
        check_at = time.monotonic() + DEATH_CHECK_SECONDS
        while True:
            for line in lines.take():
                self._session.client.call("sendProcessStdin", self._name, line + "\n")
            if lines.at_end():
                return
            sources: list[Lines | LogStream] = [lines, *self._streams]
            ready, _, _ = select(sources, [], [], max(0.0, check_at - time.monotonic()))
            self._show(ready)
            if lines in ready:
                lines.fill()
            if time.monotonic() >= check_at:
                if not self._lives():
                    self._show(select(self._streams, [], [], 0)[0] if self._streams else [])  # its last words
                    self._session.output("Process got killed")
                    return
                check_at = time.monotonic() + DEATH_CHECK_SECONDS

    def close(self) -> None:
        for stream in self._streams:
            stream.close()

    def _open(self, channel: str) -> None:
        try:
            self._streams.append(self._session.client.follow_log(self._name, channel))
        except HttpStatus as error:
            if error.status != NOT_FOUND:  # no log of that channel: nothing to show
                raise

    def _show(self, ready: Sequence[Lines | LogStream]) -> None:
        for stream in [stream for stream in self._streams if stream in ready]:
            data = stream.read()
            if data is None:
                raise BrokenAnswer(f"{self._session.client.url}: the server closed the connection")
            self._session.write(data)

    def _lives(self) -> bool:
        info = self._session.client.struct("getProcessInfo", self._name)
        return info["state"] == Phase.RUNNING and info["pid"] == self._pid
