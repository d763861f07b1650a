"""Processes that are nobody's children of ours: recognized by pid and start time, their ends told by the kernel."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import signal
import subprocess
from collections.abc import Iterator

import pytest

from warden.runtime import foreign, proc
from warden.words import ExitStatus

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs process descriptors")

ENDS = [
    ("exit 0", ExitStatus(code=0)),
    ("exit 7", ExitStatus(code=7)),
    ("kill -9 $$", ExitStatus(signum=9)),
    ("kill -TERM $$", ExitStatus(signum=15)),
]


@pytest.fixture
def cat() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        yield child


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Allow this process more than 2000 descriptors."""
    limits = _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    except ValueError:
        pytest.skip(f"needs 4096 descriptors, may have {hard}")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("many_descriptors")
def test_the_end_is_seen_on_descriptors_of_any_number(cat: subprocess.Popen[bytes]) -> None:
    pidfd = foreign.open_process(cat.pid)
    assert pidfd is not None
    high = fcntl.fcntl(pidfd, fcntl.F_DUPFD_CLOEXEC, 2000)  # select(2) ends at 1023
    try:
        assert not foreign.has_ended(high)
        cat.kill()
        cat.wait(40)
        assert foreign.has_ended(high)
    finally:
        os.close(high)
        os.close(pidfd)


def watch(child: subprocess.Popen[bytes], *, reaped: bool) -> ExitStatus:
    """Let a child go on that waits for its stdin, and return how a watch says that it ended."""

    async def scenario() -> ExitStatus:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[ExitStatus] = loop.create_future()
        watcher = foreign.Watch(loop)
        pidfd = foreign.open_process(child.pid)
        assert pidfd is not None
        watcher.add(pidfd, child.pid, over.set_result)
        assert child.stdin is not None
        child.stdin.close()
        if reaped:
            child.wait(40)
        async with asyncio.timeout(40):
            status = await over
        watcher.close()
        os.close(pidfd)
        return status

    return asyncio.run(scenario())


@pytest.mark.parametrize(("end", "status"), ENDS, ids=[end for end, _status in ENDS])
@pytest.mark.parametrize("reaped", [False, True], ids=["not reaped", "reaped by somebody else"])
def test_how_a_process_ended_is_known(end: str, status: ExitStatus, *, reaped: bool) -> None:
    if reaped and not foreign.tells_exit_status():
        status = ExitStatus()

    with subprocess.Popen(["sh", "-c", f"cat; {end}"], stdin=subprocess.PIPE) as child:
        assert watch(child, reaped=reaped) == status


def test_a_process_that_was_started_at_another_time_is_another_one(cat: subprocess.Popen[bytes]) -> None:
    found = proc.stat(cat.pid)
    assert found is not None

    assert foreign.open_process(cat.pid, found.start + 1) is None
    pidfd = foreign.open_process(cat.pid, found.start)
    assert pidfd is not None
    os.close(pidfd)


def test_a_process_that_has_ended_is_not_opened(cat: subprocess.Popen[bytes]) -> None:
    cat.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, cat.pid, os.WEXITED | os.WNOWAIT)

    assert foreign.open_process(cat.pid) is None
    cat.wait(40)
    assert foreign.open_process(cat.pid) is None


def test_descriptors_of_another_process_are_copied(cat: subprocess.Popen[bytes]) -> None:
    pidfd = os.pidfd_open(cat.pid)
    try:
        copied = foreign.copy_descriptor(pidfd, 0)
    except PermissionError:
        pytest.skip("may not trace other processes here")
    assert cat.stdin is not None

    assert os.fstat(copied).st_ino == os.fstat(cat.stdin.fileno()).st_ino

    os.close(copied)
    os.close(pidfd)


def test_pipes_are_found_by_their_inode(cat: subprocess.Popen[bytes]) -> None:
    assert cat.stdin is not None
    inode = os.fstat(cat.stdin.fileno()).st_ino

    assert [(pipe.fd, pipe.writes) for pipe in proc.pipes(cat.pid) if pipe.inode == inode] == [(0, False)]
    assert [pipe.writes for pipe in proc.pipes(os.getpid()) if pipe.inode == inode] == [True]


def test_what_is_gone_has_no_facts() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait(40)

    assert proc.stat(child.pid) is None
    assert proc.started_at(child.pid) is None
    assert proc.exit_code(child.pid) is None
    assert proc.system_call(child.pid) is None
    assert proc.children(child.pid) == set()
    assert proc.command(child.pid) == []
    assert list(proc.pipes(child.pid)) == []
    assert proc.sockets(child.pid) == []
