"""The last line that each process has written, for those who watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from warden.api.sse import Doorbell
from warden.errors import RequestError
from warden.rpc.control import Control
from warden.rpc.logs import tail_now
from warden.words import Channel, make_namespec

_DELAY_SECONDS = 0.03
_PAUSE_SECONDS = 0.5  # at most two lines per second and process
_READ_BYTES = 512  # from the end of a log
_READ_AT_ONCE = 100  # then the loop has its turn
_LINE_CHARACTERS = 300

_Key = tuple[str, Channel]


class LastLines:
    """Watches the logs of all processes between ``start`` and ``stop``.

    ``tell`` gets the lines that are new, by namespec.  ``now`` has them all.
    """

    def __init__(self, control: Control, tell: Callable[[Mapping[str, str]], None]) -> None:
        self._control = control
        self._tell = tell
        self._watched: dict[_Key, Callable[[], None]] = {}
        self._fresh: dict[_Key, None] = {}
        self._bell: Doorbell | None = None
        self.now: dict[str, str] = {}

    def start(self) -> None:
        """Begin to watch; the lines that are there are told soon."""
        self._bell = Doorbell(self._read_some, delay=_DELAY_SECONDS, pause=_PAUSE_SECONDS)
        self.renew()

    def stop(self) -> None:
        """Watch no more."""
        for unwatch in self._watched.values():
            unwatch()
        if self._bell is not None:
            self._bell.close()
            self._bell = None
        self._watched.clear()
        self._fresh.clear()
        self.now.clear()

    def renew(self) -> None:
        """Look which processes there are: a group came, went or was replaced."""
        if self._bell is None:
            return
        for unwatch in self._watched.values():
            unwatch()
        self._watched.clear()
        for view in self._control.processes():
            namespec = make_namespec(view.group, view.name)
            for channel, path in ((Channel.STDERR, view.stderr_logfile), (Channel.STDOUT, view.stdout_logfile)):
                if path:  # stdout last: where both say something at the beginning, it is what shows
                    self._watch((namespec, channel))
        self.now = {namespec: line for namespec, line in self.now.items() if self._is_watched(namespec)}

    def _is_watched(self, namespec: str) -> bool:
        return (namespec, Channel.STDOUT) in self._watched or (namespec, Channel.STDERR) in self._watched

    def _watch(self, key: _Key) -> None:
        def wake() -> None:
            self._fresh[key] = None
            if self._bell is not None:
                self._bell.press()

        namespec, channel = key
        self._watched[key] = self._control.watch_log(namespec, channel, wake)
        if namespec not in self.now:
            wake()

    def _read_some(self) -> None:
        changed: dict[str, str] = {}
        for key in list(self._fresh)[:_READ_AT_ONCE]:
            del self._fresh[key]
            line = self._last_line(*key)
            if line and self.now.get(key[0]) != line:
                self.now[key[0]] = changed[key[0]] = line
        if changed:
            self._tell(changed)
        if self._fresh and self._bell is not None:
            self._bell.again()

    def _last_line(self, namespec: str, channel: Channel) -> str:
        try:
            data, _size, _overflow = tail_now(self._control.log_path(namespec, channel), 0, _READ_BYTES)
        except RequestError:  # it is gone, or the daemon goes down: no news
            return ""
        lines = data.decode("utf-8", "replace").rstrip().rsplit("\n", 1)
        return lines[-1].rsplit("\r", 1)[-1][-_LINE_CHARACTERS:]
