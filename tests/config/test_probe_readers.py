"""What may be said about readiness and health, and the words with which the rest is refused."""

from __future__ import annotations

import pytest

from warden.config import probe_readers


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('exec:cat "x', "cannot split the command 'cat \"x' into words: no closing quotation"),
        ("exec:''", "names no command to run"),
        (f"unix:/{'x' * 107}", "is longer than the path of a socket can be"),
        ("http://two words/", "is not a whole URL, such as"),
        ("http://host/\x01", "is not a whole URL, such as"),
        ("http://[::1", "is not a whole URL, such as"),
        ("http://host/\u00e4", "is not a whole URL, such as"),
        ("http://host:x/", "is not a whole URL, such as"),
    ],
)
def test_what_can_never_work_is_refused_when_it_is_read(value: str, message: str) -> None:
    for read in (probe_readers.ready, probe_readers.healthcheck):
        with pytest.raises(ValueError, match=message):
            read(value)


@pytest.mark.parametrize("value", ["exec:test -e '/a b'", "http://[::1]:80/x?y=%20", f"unix:/{'x' * 106}", "tcp:h:1"])
def test_what_may_work_is_taken(value: str) -> None:
    assert probe_readers.ready(value) == probe_readers.healthcheck(value)
