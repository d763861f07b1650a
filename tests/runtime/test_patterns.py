"""A search in a line ends, whatever the pattern."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from warden.runtime.patterns import TooLong, is_found


@pytest.mark.parametrize(("line", "found"), [(b"accepting 3 connections", True), (b"accepting connections", False)])
def test_what_is_there_is_found(line: bytes, found: bool) -> None:
    assert is_found(re.compile(rb"accepting \d+ "), line) is found


@pytest.mark.parametrize(
    ("pattern", "line"),
    [(rb"(a+)+b", b"a" * 60), (rb"(a|a)*b", b"a" * 60), (rb".*x.*y.*z", b"x" * 60_000), (rb"(x+x+)+y", b"x" * 4000)],
)
def test_a_search_without_end_is_given_up(pattern: bytes, line: bytes) -> None:
    begin = time.thread_time()

    with pytest.raises(TooLong):
        is_found(re.compile(pattern), line)

    assert time.thread_time() - begin < 1.0
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_a_timer_that_comes_late_ends_nothing() -> None:
    is_found(re.compile(b"x"), b"x")
    heard = threading.Event()

    signal.raise_signal(signal.SIGVTALRM)
    heard.set()

    assert heard.is_set()
