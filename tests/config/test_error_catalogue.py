"""Every error of the catalogue, against what Supervisor 4.3.0 said to the same files (``recorded_errors.json``)."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path

import pytest

from differential.config_cases import CASES, Case
from warden.config.cmdline import daemon_args
from warden.config.load import load
from warden.errors import ConfigError

RECORDED: dict[str, str] = json.loads(Path(__file__).with_name("recorded_errors.json").read_text())
ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "ENV_Q": "q", "Q": "qq"}
EVENTS = (
    *("EVENT", "PROCESS_STATE", "PROCESS_STATE_STOPPED", "PROCESS_COMMUNICATION_STDOUT", "PROCESS_LOG", "TICK"),
    *("REMOTE_COMMUNICATION", "SUPERVISOR_STATE_CHANGE", "SUPERVISOR_STATE_CHANGE_RUNNING", "TICK_5", "TICK_60"),
    *("PROCESS_GROUP", "PROCESS_GROUP_ADDED"),
)

# Where the reference's words are an accident, or a later version of it says more.
OURS = {
    "expansion: environment unknown name": RECORDED["expansion: environment unknown name"] + ", host_node_name",
    "sections: unknown second member": "[group:g] names unknown program or fcgi-program y",
    "sections: empty member": "[group:g] names unknown program or fcgi-program ",
    "sections: a program in two groups": "[group:h] names unknown program or fcgi-program z",
    "fcgi: bad format": "Bad socket format foo in [fcgi-program:f] socket",
    "fcgi: relative path": "Unix socket path rel/x is not an absolute path in [fcgi-program:f] socket",
    "fcgi: tcp without port": "Bad socket format tcp://h in [fcgi-program:f] socket",
    "fcgi: tcp without host": "Bad socket format tcp://:80 in [fcgi-program:f] socket",
    "fcgi: tcp with path": "Bad socket format tcp://h:80/x in [fcgi-program:f] socket",
    "fcgi: upper case scheme": "Bad socket format UNIX:///tmp/x in [fcgi-program:f] socket",
    "fcgi: no path": "Unix socket path  is not an absolute path in [fcgi-program:f] socket",
    "listener: result_handler": RECORDED["listener: result_handler"] + ": no colon",
    "listener: result_handler module": RECORDED["listener: result_handler module"] + ": No module named 'no'",
    "plugins: not loadable": RECORDED["plugins: not loadable"] + ": no colon",
    "plugins: no module": RECORDED["plugins: no module"] + ": No module named 'no'",
    "plugins: no attribute": RECORDED["plugins: no attribute"] + ": module 'os' has no attribute 'foo'",
    "plugins: empty factory": RECORDED["plugins: empty factory"] + ": no colon",
}


def resolve(reference: str) -> object:
    module, colon, name = reference.partition(":")
    if not colon:
        raise ValueError("no colon")
    found: object = getattr(importlib.import_module(module), name)
    return found


def start_like_supervisord(argv: list[str]) -> None:
    args = daemon_args(argv)
    load(argv[3], args.overrides, environ=ENVIRON, resolve=resolve, known_events=lambda: EVENTS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_first_error_is_that_of_the_reference(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/root")
    path = tmp_path / "c.conf"
    path.write_bytes(case.text.encode(errors="surrogateescape"))
    for name, text in case.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    expected = OURS.get(case.name, RECORDED[case.name]).replace("HOST_", f"{os.uname().nodename}_")

    with pytest.raises(ConfigError) as caught:
        start_like_supervisord(["supervisord", "-n", "-c", str(path), *case.argv])

    assert str(caught.value).replace(str(tmp_path), "DIR") == expected


def test_every_deliberate_difference_is_one() -> None:
    assert all(OURS[name] != RECORDED[name] for name in OURS)
