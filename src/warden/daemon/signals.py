"""Sends signals to children, and remembers why: to stop them, or because somebody asked for it."""

from __future__ import annotations

from collections.abc import Callable

from warden.daemon.records import Process, Sent
from warden.logs.mainlog import MainLog
from warden.process.step import Event, SendSignal, SignalFailed
from warden.runtime.identity import errno_name
from warden.runtime.spawn import send_signal
from warden.words import signal_text


class Signals:
    """``feed`` lets an event happen to a process: one that cannot be signalled is UNKNOWN."""

    def __init__(self, log: MainLog, feed: Callable[[Process, Event], None]) -> None:
        self._log = log
        self._feed = feed

    def stop(self, process: Process, order: SendSignal) -> None:
        """Send what the core has ordered."""
        name = process.name
        if order.forced:
            self._log.warn(f"killing {name!r} ({order.pid}) with SIGKILL")
        group = "process group " if order.to_group else ""
        self._log.debug(f"killing {name} (pid {order.pid}) {group}with signal {signal_text(order.signum)}")
        process.sent = Sent(order.signum, "it did not stop in time" if order.forced else "to stop it")
        try:
            send_signal(order.pid, order.signum, to_group=order.to_group)
        except OSError as error:
            self._log.critical(f"unknown problem killing {name} ({order.pid}):{errno_name(error)}")
            self._feed(process, SignalFailed())

    def send(self, process: Process, signum: int, cause: str) -> None:
        """Send a child the signal that ``cause`` says who asked for.

        Raises:
            OSError: the system refuses.
        """
        pid = process.state.pid
        self._log.debug(f"sending {process.name} (pid {pid}) sig {signal_text(signum)}")
        process.sent = Sent(signum, cause)
        try:
            send_signal(pid, signum, to_group=False)
        except OSError as error:
            self._log.critical(f"unknown problem sending sig {process.name} ({pid}):{errno_name(error)}")
            self._feed(process, SignalFailed())
            raise
