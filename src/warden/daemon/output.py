"""One output channel of one process: from the bytes it writes to logs, events and followers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from warden.config.model import ChannelConfig
from warden.frozen import frozen
from warden.logs import journal
from warden.logs.ansi import AnsiStripper
from warden.logs.capture import CaptureScanner, Message
from warden.logs.family import Beside
from warden.logs.filesink import FileSink
from warden.logs.journal import JournalSink
from warden.logs.lines import LineSink
from warden.logs.mainlog import MainLog
from warden.logs.marks import NO_MARKS, Marks
from warden.logs.sinks import LineTaker, SyslogSink
from warden.logs.targets import Waiting, has_the_name
from warden.logs.watched import Watched
from warden.words import Channel, LineFormat


class Listeners(Protocol):
    """Who hears of a channel beside its log."""

    def on_output(self, data: bytes) -> None:
        """Hear of a chunk."""
        ...

    def on_message(self, data: bytes) -> None:
        """Hear of a captured message."""
        ...

    def burst(self) -> AbstractContextManager[None]:
        """Hear that what comes meanwhile came in one chunk."""
        ...

    def on_wait(self, sink: Waiting) -> None:
        """Hear that the log file cannot take its data at once."""
        ...


@frozen(kw_only=True)
class Held:
    """What a channel holds back: bytes that are no longer in the pipe and not yet where they belong.

    ``inode`` and ``size`` are the log file's at that time, ``message`` is set
    inside a capture.  ``lines`` are the unfinished lines of the targets that
    wait for whole ones, in the order in which the configuration makes them.
    """

    file: bytes = b""
    inode: int = 0
    size: int = 0
    stripper: bytes = b""
    lines: tuple[bytes, ...] = ()
    scanner: bytes = b""
    message: bytes | None = None


class _Rest:
    """Stands in for a log file that has the first ``done`` bytes already."""

    def __init__(self, file: FileSink, done: int) -> None:
        self._file = file
        self._done = done

    def write(self, data: bytes) -> None:
        """Write what is left of ``data``."""
        done = min(self._done, len(data))
        self._done -= done
        if done < len(data):
            self._file.write(data[done:])


class Output(Watched):
    """Takes what a child writes on one channel; lives as long as the process record.

    ``path`` is the log file (an AUTO name is chosen already), None for no file.
    ``compress(backups, path)`` is called after a rotation if the configuration
    wants it; ``beside`` does what takes long of one.  Between ``open`` and ``close`` there is a child.
    """

    __slots__ = (  # there are two of them for each process
        *("marks", "path", "_namespec", "_channel", "_config", "_strip_ansi", "_log", "_compress"),
        *("_beside", "_listeners", "_again", "_console", "_lines", "_published", "_scanner", "_stripper"),
    )

    def __init__(
        self,
        *,
        namespec: str,
        channel: Channel,
        config: ChannelConfig,
        path: str | None,
        strip_ansi: bool,
        log: MainLog,
        compress: Callable[[int, str], None],
        beside: Beside,
        listeners: Listeners,
    ) -> None:
        super().__init__()
        self.path = path
        self.marks = NO_MARKS if path is None else Marks()
        self._namespec = namespec
        self._channel = channel
        self._config = config
        self._strip_ansi = strip_ansi
        self._log = log
        self._compress = compress
        self._beside = beside
        self._listeners = listeners
        self._again: _Rest | None = None
        self._published = False
        self._console: FileSink | None = None
        self._lines: tuple[LineTaker, ...] = ()
        self._scanner: CaptureScanner | None = None
        self._stripper: AnsiStripper | None = None

    @property
    def _process(self) -> str:
        return self._namespec.rpartition(":")[2]

    @property
    def position(self) -> tuple[int, int]:
        """Inode and size of the log file; zeros if there is none."""
        return (0, 0) if self._file is None else self._file.position

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        return bool(
            (self._file is not None and self._file.waiting)
            or (self._stripper is not None and self._stripper.pending)
            or any(sink.rest for sink in self._lines)
            or (self._scanner is not None and self._scanner.held != (b"", None))
        )

    def held(self) -> Held:
        """Return what is held back."""
        inode, size = self.position
        scanner, message = (b"", None) if self._scanner is None else self._scanner.held
        return Held(
            file=b"" if self._file is None else self._file.kept,
            inode=inode,
            size=size,
            stripper=b"" if self._stripper is None else self._stripper.pending,
            lines=tuple(sink.rest for sink in self._lines),
            scanner=scanner,
            message=message,
        )

    def hold(self, held: Held) -> None:
        """Go on where somebody before us stood; it is open already."""
        if self._stripper is not None:
            self._stripper.pending = held.stripper
        for sink, rest in zip(self._lines, held.lines, strict=False):  # fewer before an update of ours
            sink.rest = rest
        if self._scanner is not None:
            self._scanner.hold(held.scanner, held.message)
        if self._file is not None and held.file:
            _Rest(self._file, self._file.grown_since(held.inode, held.size)).write(held.file)

    def again(self, chunk: bytes, inode: int, size: int, *, published: bool) -> None:
        """Take a chunk that somebody before us may have written to the log, or a part of it: inode and size before.

        If its events are ``published`` the listeners have heard of it.
        """
        if self._file is not None:
            self._again = _Rest(self._file, self._file.grown_since(inode, size))
        self._published = published
        try:
            self._take(chunk)
        finally:
            self._again, self._published = None, False

    @property
    def blocked(self) -> bool:
        """Whether a log waits for somebody who reads it, or for the end of a rotation."""
        return any(sink is not None and sink.blocked for sink in (self._file, self._console))

    def open(self, *, patient: bool = False) -> Callable[[bytes], None]:
        """Open the logs for a child and return what takes its output; if ``patient`` a log that fails is tried again.

        Raises:
            OSError: a log file cannot be opened.
        """
        config = self._config
        if self._file is not None and not has_the_name(self._file.path, self._file.fileno()):
            self._close_files()  # it is another file now
        if self.path is not None and self._file is None:
            self._file = self._open_file(self.path, patient=patient)
            self._ask_to_be_told()
        if config.console is not None and self._console is None:
            self._console = self._open_console()
        self._lines = tuple(self._dressed())
        self._scanner = CaptureScanner(config.capture_maxbytes) if config.capture_maxbytes > 0 else None
        self._stripper = AnsiStripper() if self._strip_ansi else None
        plain = not (self._scanner or self._stripper or self._lines or config.events_enabled)
        if plain and self._file is not None and not self._log.enabled("debug"):
            return self._file.write  # the hot path: nothing stands between the pipe and the file
        return self._take

    def _open_file(self, path: str, *, patient: bool) -> FileSink:
        config = self._config
        return FileSink(
            path,
            config.maxbytes,
            config.backups,
            self._report,
            on_wait=self._listeners.on_wait,
            period=config.period,
            on_rotate=partial(self._compress, config.backups) if config.compress else None,
            marks=self.marks,
            patient=patient,
            beside=self._beside,
        )

    def _open_console(self) -> FileSink:
        path = f"/dev/{self._channel}"
        return FileSink(path, 0, 0, self._report, on_wait=self._listeners.on_wait, whole_lines=True)

    def _dressed(self) -> Iterator[LineTaker]:
        """Make what takes whole lines: everything but a file that gets the bytes as they are."""
        config, who = self._config, (self._namespec, self._channel)
        if self._file is not None and not self._is_raw:
            yield LineSink(self._to_file, config.line_format, *who)
        if config.syslog:
            yield SyslogSink(self._process)
        if config.journal is not None:
            yield JournalSink(journal.client_of(config.journal, self._listeners.on_wait), *who)
        if self._console is not None and config.console is not None:
            yield LineSink(self._console.write, config.console, *who)

    @property
    def _is_raw(self) -> bool:
        return self._config.line_format is LineFormat.RAW

    def finish(self) -> None:
        """The child is gone: give out what was held back.  The log files stay open for another one, until ``close``."""
        if self._scanner is not None:
            for part in self._scanner.close():
                self._deliver(part.data)
            self._scanner = None
        if self._stripper is not None:
            self._emit(self._stripper.close())
            self._stripper = None
        for sink in self._lines:
            sink.close()
        self._lines = ()

    def close(self) -> None:
        """There is no child: give out what was held back and close the logs."""
        self.finish()
        self._close_files()

    def _close_files(self) -> None:
        if self._file is not None and not self._file.waiting:  # what waits is still to be written: keep it open
            self._file.close()
            self._file = None
        if self._console is not None and not self._console.waiting:
            self._console.close()
            self._console = None

    def abandon(self) -> None:
        """Let go of the logs and of what they could not take: somebody else has that too."""
        for sink in (self._file, self._console):
            if sink is not None:
                sink.abandon()
        self._file = self._console = None

    def dispose(self) -> None:
        """Let go of the logs; what they could not take by now is lost, and reported."""
        for sink in (self._file, self._console):
            if sink is not None:
                sink.close()
        self._file = self._console = None

    def reopen(self) -> None:
        """Go on in a new file of the same name, for an external rotation."""
        if self._file is not None:
            self._file.reopen()

    def clear(self) -> None:
        """Throw away what the log holds; rotated files stay.

        Raises:
            OSError: the file cannot be removed.
        """
        if self._file is not None:
            self._file.clear()
        elif self.path is not None and os.path.exists(self.path):
            os.truncate(self.path, 0)
        self._wake()

    def _report(self, text: str) -> None:
        self._log.critical(f"{self._process!r} {self._channel} log: {text}")

    def _take(self, data: bytes) -> None:
        if self._scanner is None:
            self._deliver(data)
            return
        with self._listeners.burst():
            for part in self._scanner.feed(data):
                if not isinstance(part, Message):
                    self._deliver(part.data)
                elif not self._published:
                    self._listeners.on_message(part.data)

    def _deliver(self, data: bytes) -> None:
        self._emit(data if self._stripper is None else self._stripper.feed(data))

    def _emit(self, data: bytes) -> None:
        if not data:
            return
        self._write(data)
        if self._config.events_enabled and not self._published:
            self._listeners.on_output(data)

    def _to_file(self, data: bytes) -> None:
        file = self._again or self._file
        if file is not None:
            file.write(data)

    def _write(self, data: bytes) -> None:
        if self._is_raw:
            self._to_file(data)
        for sink in self._lines:
            sink.write(data)
        if self._log.enabled("debug"):
            self._log.debug(f"{self._process!r} {self._channel} output:\n{_readable(data)}")


def _readable(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"Undecodable: {data!r}"
