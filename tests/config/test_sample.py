"""echo_supervisord_conf."""

from __future__ import annotations

import pytest

from harness.config_bench import Bench
from warden.config.client import load_client
from warden.config.options import SECTION_KINDS
from warden.config.sample import main, sample


def test_the_daemon_and_the_client_accept_it(bench: Bench) -> None:
    config = bench.load(sample())
    client = load_client(str(bench.path), {}, environ={}, resolve=bench.resolve)

    assert config.messages == ()
    assert config.groups == ()
    assert [server.path for server in config.http] == ["/tmp/supervisor.sock"]
    assert config.server.logfile == "/tmp/supervisord.log"
    assert config.rpcinterfaces[0].name == "supervisor"
    assert client.serverurl == "unix:///tmp/supervisor.sock"


def test_every_section_and_option_stands_in_it() -> None:
    lines = sample().splitlines()

    for kind in SECTION_KINDS:
        at = next(number for number, line in enumerate(lines) if line.lstrip(";").startswith(f"[{kind.header}"))
        below = lines[at + 1 : at + 1 + len(kind.options)]
        assert [line.lstrip(";").partition("=")[0] for line in below] == [option.name for option in kind.options]


def test_what_is_commented_out_is_valid_too(bench: Bench) -> None:
    """Only what names users and files of other machines is left out."""
    skipped = (
        "chown=",
        "user=",
        "socket_owner=",
        "files=",
        "cgroup",
        "supplementary_groups=",
        "programs=",
        "supervisor.ctl_factory=",
        "depends_on=",
    )
    lines = [line.removeprefix(";") for line in sample().splitlines() if not line.startswith("; ")]
    text = "\n".join(line for line in lines if not line.startswith(skipped) and line != "[include]")

    config = bench.load(text)

    assert [group.name for group in config.groups] == [
        "theeventlistenername",
        "thefcgiprogramname",
        "thegroupname",
        "theprogramname",
    ]
    assert config.messages == ()


def test_it_is_plain_ascii_and_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    main()

    assert capsys.readouterr().out == sample()
    assert sample().isascii()
    assert sample().endswith("\n")
