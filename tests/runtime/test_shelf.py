"""The shelf: a table of descriptors beside ours, out of which we get duplicates."""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from io import FileIO
from pathlib import Path

import pytest

from harness.waiting import until

if sys.platform != "linux":
    pytest.skip("a keeper needs process descriptors", allow_module_level=True)

from warden.runtime import libc
from warden.runtime.shelf import Shelf


def open_here() -> set[str]:
    """Return the numbers in our table, without that by which they were read."""
    return {number for number in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{number}")}


def make_shelf() -> Shelf:
    try:
        return Shelf()
    except OSError as error:
        pytest.skip(f"no shelf on this system: {error}")


def task_of(before: set[str]) -> Path:
    """Return the folder in which the system tells of the thread that came since."""
    (new,) = set(os.listdir("/proc/self/task")) - before
    return Path(f"/proc/self/task/{new}")


def close_all(*fds: int) -> None:
    for fd in fds:
        os.close(fd)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with closing(make_shelf()) as shelf:
        yield shelf


@pytest.fixture
def pipe() -> Iterator[tuple[FileIO, FileIO]]:
    """A reader and a writer, which may be closed twice."""
    reader, writer = os.pipe()
    with FileIO(reader, "r") as reading, FileIO(writer, "w") as writing:
        yield reading, writing


def test_what_lies_there_stays_open_and_is_lent_again_and_again(shelf: Shelf, pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    places = shelf.put([], [reader.fileno(), writer.fileno()])
    reader.close()
    writer.close()

    lent = [shelf.lend(places) for _ in range(2)]

    os.write(lent[0][1], b"through")
    assert os.read(lent[1][0], 10) == b"through"
    assert not any(os.get_inheritable(fd) for fds in lent for fd in fds)
    close_all(*(fd for fds in lent for fd in fds))


def test_what_was_let_go_of_is_closed(shelf: Shelf, pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    places = shelf.put([], [writer.fileno()])
    writer.close()

    shelf.drop(places)

    assert reader.read(1) == b""  # when nobody can write any more


def test_orders_are_carried_out_one_after_the_other(shelf: Shelf, pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    for _ in range(100):
        (first,) = shelf.put([], [writer.fileno()])
        shelf.drop([first])
        (second,) = shelf.put([], [reader.fileno()])  # its number is free again
        (lent,) = shelf.lend([second])
        shelf.drop([second])

        assert os.path.sameopenfile(lent, reader.fileno())
        os.close(lent)


def test_nothing_of_it_stands_in_our_table(shelf: Shelf, pipe: tuple[FileIO, FileIO]) -> None:
    before = open_here()

    shelf.put([pipe[0].fileno()], [pipe[1].fileno()] * 150)

    assert open_here() == before


def test_a_change_is_told_once(shelf: Shelf, pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    place, _other = shelf.put([reader.fileno()], [writer.fileno()])
    reader.close()
    quiet = shelf.ended.poll(0)

    writer.write(b"a")

    assert quiet == []
    assert shelf.ended.poll(0) == [(place, select.EPOLLIN)]
    assert shelf.ended.poll(0) == []


def test_what_can_be_read_already_is_told(shelf: Shelf, pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    writer.write(b"a")

    (place,) = shelf.put([reader.fileno()], [])

    assert shelf.ended.poll(0) == [(place, select.EPOLLIN)]


# --- the thread


def test_its_table_holds_nothing_of_ours() -> None:
    """A copy of our end of a connection would hide from the other side that we have closed it."""
    ours, theirs = socket.socketpair()
    tasks = set(os.listdir("/proc/self/task"))
    with closing(make_shelf()), theirs:
        folder = task_of(tasks) / "fd"
        names = {os.readlink(folder / number).partition(":")[0] for number in os.listdir(folder)}

        ours.close()

        assert theirs.recv(1) == b""
        assert [os.readlink(folder / number) for number in "012"] == ["/dev/null"] * 3
        assert names == {"/dev/null", "socket", "anon_inode"}
        assert len(os.listdir(folder)) == 5


def test_no_signal_is_for_it() -> None:
    """What Python's handlers write to is another file there."""
    tasks = set(os.listdir("/proc/self/task"))
    ours = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with closing(make_shelf()):
        status = (task_of(tasks) / "status").read_text()
        blocked = int(status.partition("SigBlk:")[2].split()[0], 16)

        assert all(blocked >> signum - 1 & 1 for signum in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP))
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == ours


def test_it_ends_with_the_shelf(pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    before, tasks = open_here(), set(os.listdir("/proc/self/task"))
    shelf = make_shelf()
    task = task_of(tasks)
    shelf.put([], [writer.fileno()])
    gone = str(writer.fileno())
    writer.close()

    shelf.close()

    assert reader.read(1) == b""
    until(lambda: not task.exists(), lambda: "the thread ends")
    assert open_here() == before - {gone}


def test_a_thread_that_has_ended_can_be_noticed_and_orders_fail(shelf: Shelf, pipe: tuple[FileIO, FileIO]) -> None:
    with socket.socket(fileno=os.dup(shelf.fileno())) as counter:
        counter.shutdown(socket.SHUT_RDWR)
    select.select([shelf], [], [])

    with pytest.raises(OSError, match=r"pipe|thread"):
        shelf.put([], [pipe[0].fileno()])
    with pytest.raises(OSError, match=r"pipe|thread"):
        shelf.lend([0])
    shelf.drop([0])


# --- no room


@pytest.fixture
def narrow() -> Iterator[Callable[[int], None]]:
    """Let no descriptor get a number from ``limit`` on, in either table."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda limit: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_all_of_an_order_finds_room_or_nothing(
    shelf: Shelf, pipe: tuple[FileIO, FileIO], narrow: Callable[[int], None]
) -> None:
    reader, writer = pipe
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    narrow(100)
    with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
        shelf.put([], [writer.fileno()] * 150)
    narrow(soft)
    places = shelf.put([], [reader.fileno()] * 150)
    writer.close()

    assert len(places) == 150
    assert reader.read(1) == b""  # no copy is left


def test_what_finds_no_room_here_is_missing_at_the_end(
    shelf: Shelf, pipe: tuple[FileIO, FileIO], narrow: Callable[[int], None]
) -> None:
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    places = shelf.put([], [end.fileno() for end in pipe])
    free = os.dup(0)
    os.close(free)

    narrow(free + 1)
    lent = shelf.lend(places)
    narrow(soft)

    assert lent == [free]
    assert os.path.sameopenfile(lent[0], pipe[0].fileno())
    os.close(lent[0])


# --- systems without


def refuse(name: str, *_arguments: object) -> int:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def pretend(_name: str, *_arguments: object) -> int:
    return 0


def ignore_that_it_shall_be_ours(_name: str, _number: int, first: int, last: int, _flags: int) -> int:
    os.closerange(first, last + 1)
    return 0


@pytest.mark.parametrize("system", [refuse, pretend, ignore_that_it_shall_be_ours])
def test_without_a_table_of_its_own_there_is_no_shelf(
    monkeypatch: pytest.MonkeyPatch, system: Callable[..., int]
) -> None:
    before = open_here()
    monkeypatch.setattr(libc, "call", system)

    with pytest.raises(OSError, match=r"."):
        Shelf()

    assert open_here() == before


def test_without_a_thread_there_is_no_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = open_here()
    monkeypatch.setattr(threading.Thread, "start", start)

    with pytest.raises(RuntimeError):
        Shelf()

    assert open_here() == before
