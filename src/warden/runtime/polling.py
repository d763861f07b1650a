"""The keeper's loop: descriptors and what to do when they can be read, and signals.  Standard library only."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
from collections.abc import Callable, Iterable

_EVENTS = 64  # that are dealt with before anybody else gets a turn

Handler = Callable[[], object]


def readable(fd: int, seconds: float | None) -> bool:
    """Wait until ``fd`` can be read, at most ``seconds`` (None: for ever); tell whether it can.

    Not by ``select.select``, which knows no descriptors above 1023.
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


class Poll:
    """Calls the handlers of descriptors; ``on_bug`` gets the trace of whatever they raise."""

    def __init__(self, on_bug: Callable[[str], None]) -> None:
        self._on_bug = on_bug
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._writers: set[int] = set()  # descriptors that are waited for to be writable, too
        self._heard: set[int] = set()

    def watch(self, fd: int, handler: Handler, *, changes_only: bool = False) -> None:
        """Call ``handler`` whenever ``fd`` can be read, or only once for each time that it becomes so.

        Raises:
            OSError: the system refuses.
        """
        self._epoll.register(fd, select.EPOLLIN | (select.EPOLLET if changes_only else 0))
        self._handlers[fd] = handler

    def ignore(self, fd: int) -> None:
        """Do so no more; nobody may have asked for it."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)
            self._writers.discard(fd)

    def also_when_writable(self, fd: int, wanted: bool) -> None:
        """Call the handler of ``fd`` when it can be written, too, or no more."""
        if fd in self._handlers and wanted != (fd in self._writers):
            self._epoll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if wanted else 0))
            self._writers ^= {fd}

    def listen_to(self, signals: Iterable[int], handler: Callable[[set[int]], None]) -> None:
        """Call ``handler`` with the signals that came; several of a kind may count as one."""
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)

        def tell() -> None:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
            heard, self._heard = self._heard, set()
            handler(heard)

        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for signum in signals:
            signal.signal(signum, lambda signum, _frame: self._heard.add(signum))
        self.watch(woken.fileno(), tell)
        self._lasting = wake  # it lives as long as we do

    def turn(self, seconds: float | None) -> None:
        """Wait for something to happen, at most ``seconds``, and do what follows."""
        for fd, _events in self._epoll.poll(seconds, _EVENTS):
            handler = self._handlers.get(fd)
            if handler is not None:
                self.safely(handler)

    def safely(self, handler: Handler) -> None:
        """Call ``handler``: whatever goes wrong in one step must not end the keeper."""
        try:
            handler()
        except Exception as error:  # noqa: BLE001 - the loop boundary
            self._on_bug(_trace(error))


def _trace(error: Exception) -> str:
    """Tell what was raised and where, as the module ``traceback`` does, but without the text of the lines.

    It is 0.3 MiB, and where descriptors are what is missing it could be read as little as the files of those lines.
    """
    lines = ["Traceback (most recent call last):"]
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        lines.append(f'  File "{code.co_filename}", line {step.tb_lineno}, in {code.co_qualname}')
        step = step.tb_next
    return "\n".join([*lines, f"{type(error).__name__}: {error}"])
