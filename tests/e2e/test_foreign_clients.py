"""Clients that we did not write: one from the npm registry, Python's own, curl."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.daemon import Daemon
from harness.sides import ROOT, WARDEN

CREDENTIALS = "ann:s3cret"
NODE_CLIENT = "xmlrpc@1.3.2"
NODE_SCRIPT = """\
const xmlrpc = require('xmlrpc');
const [port, ...calls] = process.argv.slice(2);
const client = xmlrpc.createClient({ host: '127.0.0.1', port: Number(port), path: '/RPC2',
    basic_auth: { user: 'ann', pass: 's3cret' } });
(function next(answers) {
    const call = calls.shift();
    if (call === undefined) { console.log(JSON.stringify(answers)); return; }
    const [method, ...params] = JSON.parse(call);
    client.methodCall(method, params, (error, value) => {
        next([...answers, error ? { fault: error.faultCode, text: error.faultString } : value]);
    });
})([]);
"""


@dataclass(frozen=True)
class Served:
    daemon: Daemon
    port: int


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A daemon with a TCP server that wants credentials."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = f"""
[inet_http_server]
port = 127.0.0.1:{port}
username = ann
password = s3cret
[program:web]
command = /bin/cat
startsecs = 0
"""
    with Daemon(WARDEN, tmp_path, config) as daemon:
        daemon.wait_state("web", "RUNNING")
        yield Served(daemon, port)


def test_python_s_own_client(served: Served) -> None:
    with xmlrpc.client.ServerProxy(f"http://{CREDENTIALS}@127.0.0.1:{served.port}/RPC2") as server:
        (info,) = server.supervisor.getAllProcessInfo()  # type: ignore[misc]
        with pytest.raises(xmlrpc.client.Fault) as caught:
            server.supervisor.startProcess("nope")

    assert info["statename"] == "RUNNING"  # type: ignore[index,call-overload]
    assert (caught.value.faultCode, caught.value.faultString) == (10, "BAD_NAME: nope")
    with (
        xmlrpc.client.ServerProxy(f"http://127.0.0.1:{served.port}/RPC2") as nobody,
        pytest.raises(xmlrpc.client.ProtocolError) as refused,
    ):
        nobody.supervisor.getState()
    assert refused.value.errcode == 401


def test_curl(served: Served) -> None:
    if shutil.which("curl") is None:
        pytest.skip("not installed: curl")
    call = "<methodCall><methodName>supervisor.getState</methodName></methodCall>"

    def curl(*words: str) -> str:
        done = subprocess.run(["curl", "-sS", "--max-time", "60", *words], capture_output=True, text=True, check=True)
        return done.stdout

    rpc = curl("-u", CREDENTIALS, "-d", call, f"http://127.0.0.1:{served.port}/RPC2")
    local = curl("--unix-socket", str(served.daemon.socket), "http://localhost/ok.html")
    listed = json.loads(curl("-u", CREDENTIALS, f"http://127.0.0.1:{served.port}/api/v1/processes"))

    assert "<string>RUNNING</string>" in rpc
    assert local == "OK"
    assert [process["namespec"] for process in listed["processes"]] == ["web"]


def test_a_client_from_the_npm_registry(served: Served, node_client: Path) -> None:
    (node_client / "ask.js").write_text(NODE_SCRIPT)
    calls = [
        ["supervisor.getAPIVersion"],
        ["supervisor.stopProcess", "web"],
        ["supervisor.startProcess", "web", False],
        ["supervisor.getProcessInfo", "web"],
        ["supervisor.signalProcess", "web", "NOSUCH"],
        ["system.multicall", [{"methodName": "supervisor.getIdentification", "params": []}]],
    ]
    done = subprocess.run(
        ["node", node_client / "ask.js", str(served.port), *map(json.dumps, calls)],
        cwd=node_client,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    version, stopped, started, info, signalled, many = json.loads(done.stdout)

    assert (version, stopped, started) == ("3.0", True, True)
    assert info["name"] == "web"
    assert signalled["fault"] == 11
    assert many == ["supervisor"]


@pytest.fixture(scope="session")
def node_client() -> Path:
    """A folder with the npm package, installed once and kept; skipped without node or without a network."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("not installed: node and npm")
    folder = ROOT / ".venv-plugins.node"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / "xmlrpc").exists():
            done = subprocess.run(
                ["npm", "install", "--silent", "--prefix", str(folder), NODE_CLIENT],
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            if done.returncode and os.environ.get("CI"):
                pytest.fail(f"CI must run this test, but npm says:\n{done.stderr}")
            if done.returncode:
                pytest.skip(f"cannot install {NODE_CLIENT}")
    return folder
