"""Each reader: what it takes, and the exact words for what it does not take."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.config import readers
from warden.config.option import Option
from warden.config.options import SECTION_KINDS
from warden.config.values import AUTO
from warden.words import Autorestart, Leftovers

GOOD = [
    (readers.text, "  as it is ", "  as it is "),
    (readers.integer, " -1_0 ", -10),
    (readers.boolean, "YES", True),
    (readers.boolean, "on", True),
    (readers.boolean, "Off", False),
    (readers.boolean, "0", False),
    (readers.autorestart, "Unexpected", Autorestart.UNEXPECTED),
    (readers.leftovers, "Adopt", Leftovers.ADOPT),
    (readers.leftovers, "ignore", Leftovers.IGNORE),
    (readers.autorestart, "TRUE", Autorestart.ALWAYS),
    (readers.autorestart, "no", Autorestart.NEVER),
    (readers.byte_size, "10", 10),
    (readers.byte_size, "2kb", 2048),
    (readers.byte_size, "50 MB", 50 * 1024**2),
    (readers.byte_size, "1Gb", 1024**3),
    (readers.byte_size, "-1", -1),
    (readers.octal, "022", 0o22),
    (readers.octal, " 0o700 ", 0o700),
    (readers.signal_number, " term ", signal.SIGTERM),
    (readers.signal_number, "SIGHUP", signal.SIGHUP),
    (readers.signal_number, "9", signal.SIGKILL),
    (readers.signal_number, "RTMIN", signal.SIGRTMIN),
    (readers.signal_number, "SIGRTMIN+2", signal.SIGRTMIN + 2),
    (readers.signal_number, "rtmax-1", signal.SIGRTMAX - 1),
    (readers.signal_number, str(signal.SIGRTMIN + 3), signal.SIGRTMIN + 3),
    (readers.exit_codes, "", ()),
    (readers.exit_codes, " 2, 0 ,255", (2, 0, 255)),
    (readers.words, "a, b ,c", ("a", "b", "c")),
    (readers.words, "a,", ("a", "")),
    (readers.words, " ", ()),
    (readers.upper_words, "tick_5, Event", ("TICK_5", "EVENT")),
    (readers.user, "root", 0),
    (readers.user, "0", 0),
    (readers.owner, "root", (0, -1)),
    (readers.owner, "0:0", (0, 0)),
    (readers.owner, "root:root", (0, 0)),
    (readers.existing_directory, "/", "/"),
    (readers.path_in_directory, "bare", "bare"),
    (readers.path_in_directory, "/x", "/x"),
    (readers.activity_log, "SysLog", readers.Special.SYSLOG),
    (readers.activity_log, "/x.log", "/x.log"),
    (readers.child_log, "auto", AUTO),
    (readers.child_log, "None", None),
    (readers.child_log, "OFF", None),
    (readers.child_log, "", None),
    (readers.child_log, "syslog", readers.Special.SYSLOG),
    (readers.child_log, "/x.log", "/x.log"),
    (readers.log_level, "WARN", "warn"),
    (readers.inet_address, "9001", ("", 9001)),
    (readers.inet_address, ":9001", ("", 9001)),
    (readers.inet_address, "*:9001", ("", 9001)),
    (readers.inet_address, "LocalHost:1", ("localhost", 1)),
    (readers.inet_address, "[::1]:65535", ("::1", 65535)),
    (readers.inet_address, "::1:9001", ("::1", 9001)),
    (readers.fcgi_address, "unix:///tmp//x", ("unix:///tmp//x", "/tmp/x", None, None)),
    (readers.fcgi_address, "tcp://Host:80", ("tcp://host:80", None, "host", 80)),
    (readers.fcgi_address, "tcp://[::1]:80", ("tcp://[::1]:80", None, "::1", 80)),
    (readers.backlog, "65535", 65535),
    (readers.serverurl, " auto", None),
    (readers.serverurl, "http://x", "http://x"),
    (readers.url, "http://localhost:9001", "http://localhost:9001"),
    (readers.url, "unix:///tmp/x", "unix:///tmp/x"),
    (readers.url, "unix:/x", "unix:/x"),
    (readers.name, " x ", "x"),
]

BAD = [
    (readers.integer, "1.5", "invalid literal for int() with base 10: '1.5'"),
    (readers.boolean, " true", "not a valid boolean value: ' true'"),
    (readers.boolean, "it's", 'not a valid boolean value: "it\'s"'),
    (readers.autorestart, "Maybe", "invalid 'autorestart' value 'maybe'"),
    (readers.leftovers, "keep", "invalid 'leftovers' value 'keep': it is one of stop, adopt, ignore"),
    (readers.byte_size, "5 M", "invalid literal for int() with base 10: '5 m'"),
    (readers.byte_size, "1.5MB", "invalid literal for int() with base 10: '1.5'"),
    (readers.byte_size, "1TB", "invalid literal for int() with base 10: '1tb'"),
    (readers.octal, "08", "08 can not be converted to an octal type"),
    (readers.signal_number, "foo", "value 'foo' is not a valid signal name"),
    (readers.signal_number, "SIG_IGN", "value 'SIG_IGN' is not a valid signal name"),
    (readers.signal_number, "TERM+1", "value 'TERM+1' is not a valid signal name"),
    (readers.signal_number, "RTMIN+99", "value 'RTMIN+99' is not a valid signal name"),
    (readers.signal_number, "RTMIN-1", "value 'RTMIN-1' is not a valid signal name"),
    (readers.signal_number, "0", "value '0' is not a valid signal number"),
    (readers.signal_number, "999", "value '999' is not a valid signal number"),
    (readers.exit_codes, "0,", "not a valid list of exit codes: '0,'"),
    (readers.exit_codes, "256", "not a valid list of exit codes: '256'"),
    (readers.user, "no such", "Invalid user name no such"),
    (readers.user, "99999", "Invalid user id 99999"),
    (readers.user, "9" * 30, f"Invalid user id {'9' * 30}"),
    (readers.owner, "root:no such", "Invalid group name no such"),
    (readers.owner, "root:99999", "Invalid group id 99999"),
    (readers.existing_directory, "", " is not an existing directory"),
    (readers.existing_directory, "/no/no", "/no/no is not an existing directory"),
    (readers.path_in_directory, "/no/x", "The directory named as part of the path /no/x does not exist"),
    (readers.path_in_directory, "", "The directory named as part of the path  does not exist"),
    (readers.child_log, "/no/x", "The directory named as part of the path /no/x does not exist"),
    (readers.log_level, "warning", "bad logging level name 'warning'"),
    (readers.inet_address, "abc", "not a valid port number: 'abc' "),
    (readers.inet_address, "0", "not a valid port number: '0' "),
    (readers.inet_address, "host:", "no port number specified in ''"),
    (readers.inet_address, "host:x", "invalid literal for int() with base 10: 'x'"),
    (readers.inet_address, "host:0", "0 is below lower bound (1)"),
    (readers.inet_address, "host:65536", "65536 is above upper bound (65535)"),
    (readers.fcgi_address, "foo", "Bad socket format foo"),
    (readers.fcgi_address, "unix://x", "Unix socket path x is not an absolute path"),
    (readers.fcgi_address, "tcp://h:0", "0 is below lower bound (1)"),
    (readers.backlog, "0", "Invalid socket_backlog value 0"),
    (readers.url, "localhost", "value 'localhost' is not a URL"),
    (readers.url, "127.0.0.1:9001", "value '127.0.0.1:9001' is not a URL"),
    (readers.url, "http://", "value 'http://' is not a URL"),
    (readers.url, "unix:", "value 'unix:' is not a URL"),
    (readers.name, "a b/", "Invalid name: 'a b/' because of character: ' '"),
    (readers.name, "a:b", "Invalid name: 'a:b' because of character: ':'"),
    (readers.name, "", "Invalid name: '' because it is empty"),
]

READERS = sorted({option.read for kind in SECTION_KINDS for option in kind.options}, key=lambda read: read.__name__)
OPTIONS = [(kind.header, option) for kind in SECTION_KINDS for option in kind.options]


@pytest.mark.parametrize(("read", "text", "value"), GOOD)
def test_readers_take(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(("read", "text", "message"), BAD)
def test_readers_refuse_in_the_words_of_the_reference(read: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared below
        read(text)

    assert str(caught.value) == message


@pytest.mark.parametrize("read", READERS)
@given(text=st.text())
def test_readers_raise_nothing_but_value_error(read: Callable[[str], object], text: str) -> None:
    complaint = "none"
    try:
        read(text)
    except ValueError as error:
        complaint = str(error)

    assert complaint  # a refusal says something


def test_paths_are_looked_up_where_the_daemon_was_started(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()

    assert readers.existing_directory("logs", str(tmp_path)) == "logs"
    assert readers.path_in_directory("logs/x", str(tmp_path)) == "logs/x"
    with pytest.raises(ValueError, match="not an existing directory"):
        readers.existing_directory("logs", "/")


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert readers.home_path("~/x") == f"{tmp_path}/x"
    assert readers.existing_directory("~") == str(tmp_path)
    assert readers.path_in_directory("~/x") == f"{tmp_path}/x"


def test_the_primary_group_is_that_of_the_user_database() -> None:
    assert readers.primary_group(0) == 0
    assert os.getuid() == readers.user(str(os.getuid()))


@pytest.mark.parametrize(("header", "option"), OPTIONS, ids=lambda value: getattr(value, "name", value))
def test_every_row_reads_its_default_and_explains_itself(header: str, option: Option[object]) -> None:
    if option.default_text or option.default is not None:
        assert option.read(option.default_text) == option.default
    assert option.doc.endswith(".")
    assert option.accepts
    assert option.example
    assert not (option.required and option.default_text)
