"""A second table of descriptors, in a thread of its own: what stands there is not copied for each child.

A child begins with a copy of its parent's table, and closes it when it becomes its program.  But the threads of a
process may have tables of their own, and only that of the thread which starts the child is copied.  Standard library
only: the keeper imports this.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from warden.runtime.courier import receive

_CLOSE_RANGE = 436  # the system call has this number on all machines that Python runs on
_UNSHARE = 1 << 1  # CLOSE_RANGE_UNSHARE, linux/close_range.h; containers that refuse unshare(2) let it through
_HIGHEST = 2**31 - 1  # number of a descriptor
_BUFFER_BYTES = 16 * 1024  # several times what a message with the numbers of ``MOST_FDS`` has

Call = Callable[..., int]


class Shelf:
    """The table.  Descriptors are known by their *places*: their numbers in it.

    ``ended`` is an epoll that tells the places of those that were put there to
    be watched, once each time that one becomes readable.  All this is for the
    thread that has made it.  No message holds more than ``MOST_FDS``.

    Raises:
        OSError: the system has no such thing, or does not let us have it.
        ImportError: Python has no ``ctypes``.
        RuntimeError: there is no thread to be had.
    """

    def __init__(self) -> None:
        from warden.runtime import libc  # and with it ctypes, for those with many children

        self.ended = select.epoll()
        self.fault: BaseException | None = None  # by which the thread has ended
        self._counter, behind = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = behind.detach()
        sample = os.open(os.devnull, os.O_RDONLY)
        work = threading.Thread(target=self._serve, args=(libc.call, number, sample), daemon=True)
        # No signal may interrupt it: that its handlers write to is another file over there.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            work.start()
            self._answer()
        except (OSError, RuntimeError):
            self.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(number)  # ours; the thread has its own
            os.close(sample)

    def put(self, watched: Sequence[int], others: Sequence[int]) -> list[int]:
        """Put duplicates there; return their places, in this order.

        Raises:
            OSError: there is no room, and none of them lies there.
        """
        fds = [*watched, *others]
        self._order("put", [len(watched), len(others)], fds)
        return self._answer()[0]

    def lend(self, places: Sequence[int]) -> list[int]:
        """Return duplicates of what lies in those places, for the caller to close.

        Those for which this process has no room are missing at the end.

        Raises:
            OSError: the system refuses to pass them on.
        """
        self._order("lend", places)
        return self._answer()[1]

    def drop(self, places: Sequence[int]) -> None:
        """Let go of what lies there: when this returns it may be under way, but comes before other orders."""
        with suppress(OSError):  # a thread that has ended holds nothing
            self._order("drop", places)

    def fileno(self) -> int:
        """Return what can be read between two orders if the thread has ended, and all that lay there is lost."""
        return self._counter.fileno()

    def close(self) -> None:
        """Let go of everything."""
        self._counter.close()
        self.ended.close()

    def _order(self, verb: str, numbers: Sequence[int], fds: Sequence[int] = ()) -> None:
        socket.send_fds(self._counter, [json.dumps([verb, numbers]).encode()], fds)

    def _answer(self) -> tuple[list[int], list[int]]:
        data, fds = receive(self._counter, _BUFFER_BYTES)
        if not data:
            raise BrokenPipeError(errno.EPIPE, "the thread has ended")
        error, places = json.loads(data)
        if error is not None:
            raise OSError(*error)
        return places, fds

    # --- the other side of the counter, where descriptors have other numbers

    def _serve(self, call: Call, number: int, sample: int) -> None:
        try:
            _move_out(call, sample, keep=sorted((number, self.ended.fileno())))
        except OSError as error:
            os.write(number, _said(error))
            return
        try:
            with socket.socket(fileno=number) as counter:
                counter.send(_said())
                while self._carry_out(counter):
                    continue
        except BaseException as error:
            self.fault = error
            raise

    def _carry_out(self, counter: socket.socket) -> bool:
        """Carry out an order; return whether there may be more."""
        data, fds = receive(counter, _BUFFER_BYTES)
        if not data:
            return False
        verb, numbers = json.loads(data)
        if verb == "drop":
            _close_all(numbers)
            return True
        try:
            if verb == "put":
                counter.send(_said(places=self._take(fds, *numbers)))
            else:
                socket.send_fds(counter, [_said()], numbers)
        except OSError as error:
            counter.send(_said(error))
        return True

    def _take(self, fds: list[int], watched: int, others: int) -> list[int]:
        try:
            if len(fds) < watched + others:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            for fd in fds[:watched]:
                self.ended.register(fd, select.EPOLLIN | select.EPOLLET)
        except OSError:
            _close_all(fds)
            raise
        return fds


def _move_out(call: Call, sample: int, keep: Sequence[int]) -> None:
    """Give the calling thread a table of its own, with nothing in it but ``keep`` (rising).

    Copies of other descriptors would outlive those: of a connection, say, whose other side waits for its end.
    """
    call("syscall", _CLOSE_RANGE, sample, sample, _UNSHARE)
    closed_for_us = not os.path.exists(f"/proc/thread-self/fd/{sample}")
    if not closed_for_us or not os.path.exists(f"/proc/self/fd/{sample}"):  # that is the process's first thread
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))  # it is no table of our own: to go on would be fatal
    for first, end in zip((0, *(fd + 1 for fd in keep)), (*keep, _HIGHEST + 1), strict=True):
        if first < end:
            call("syscall", _CLOSE_RANGE, first, end - 1, 0)
    while os.open(os.devnull, os.O_RDWR) < 2:  # else what is written to stderr might go to somebody's program
        continue


def _said(error: OSError | None = None, places: Sequence[int] = ()) -> bytes:
    return json.dumps([error and (error.errno, error.strerror), places]).encode()


def _close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
