"""The names, signatures and values of rings 1 and 2 are those of Supervisor 4.3.0, recorded in contract.json."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compat import record
from harness import oracle

FOLDER = Path(__file__).parent
CONTRACT: dict[str, dict[str, Any]] = json.loads((FOLDER / "contract.json").read_text())
DIFFERENT = {
    "options.VERSION": ["value", "str", "'5.0.0'"],  # newer, for scripts that compare versions
    "options.ClientOptions.realize": ["function", "self, args=None, doc=None, progname=None"],  # was *arg, **kw
}


def ours(module: str) -> dict[str, object]:
    return record.surface(importlib.import_module(f"supervisor.{module}"), record.NAMES[module])


def test_the_recording_is_that_of_the_ancestor() -> None:
    ran = subprocess.run(
        [oracle.python(), str(FOLDER / "record.py")], capture_output=True, text=True, timeout=100, check=True
    )

    assert json.loads(ran.stdout) == CONTRACT


@pytest.mark.parametrize("module", CONTRACT)
def test_old_names_are_what_they_were(module: str) -> None:
    recorded = {name: DIFFERENT.get(f"{module}.{name}", told) for name, told in CONTRACT[module].items()}

    found = ours(module)

    assert {name: told for name, told in found.items() if name in recorded} == recorded


EXPRESSIONS = (
    "childutils.get_headers('a:1 b:2\\n')",
    "childutils.get_headers('')",
    "childutils.get_headers('a:b:c')",
    "childutils.eventdata('a:1 b:2\\nxx\\nyy')",
    "childutils.eventdata('a:1')",
    "childutils.get_asctime(0.5)",
    "childutils.getRPCTransport({})",
    "compat.as_string(b'caf\\xc3\\xa9')",
    "compat.as_bytes('café')",
    "compat.as_bytes(b'x')",
    "compat.escape('<&>')",
    "compat.encodestring(b'ab')",
    "compat.import_spec('os:getcwd').__name__",
    "datatypes.boolean('yes')",
    "datatypes.boolean('OFF')",
    "datatypes.boolean('maybe')",
    "datatypes.integer('1_0')",
    "datatypes.integer('x')",
    "datatypes.byte_size('1KB')",
    "datatypes.byte_size('x')",
    "datatypes.list_of_strings('a, b')",
    "datatypes.list_of_strings('')",
    "datatypes.list_of_strings([])",
    "datatypes.list_of_ints('1,2')",
    "datatypes.list_of_exitcodes('0,2')",
    "datatypes.list_of_exitcodes('999')",
    "datatypes.logfile_name('auto').__name__",
    "datatypes.logfile_name('none')",
    "datatypes.logfile_name('/tmp/x')",
    "datatypes.logfile_name('syslog').__name__",
    "datatypes.logging_level('warn')",
    "datatypes.logging_level('warning')",
    "datatypes.signal_number('hup')",
    "datatypes.signal_number('x')",
    "datatypes.octal_type('022')",
    "datatypes.octal_type('9')",
    "datatypes.auto_restart('unexpected').__name__",
    "datatypes.auto_restart('true').__name__",
    "datatypes.auto_restart('no')",
    "datatypes.inet_address('*:9001')",
    "datatypes.inet_address('9001')",
    "datatypes.colon_separated_user_group('root:root')",
    "datatypes.dict_of_key_value_pairs('A=1,B=\"x y\"')",
    "datatypes.dict_of_key_value_pairs('A')",
    "datatypes.process_or_group_name(' a ')",
    "datatypes.process_or_group_name('a b')",
    "datatypes.url('http://x')",
    "datatypes.port_number('80')",
    "datatypes.name_to_uid('root')",
    "datatypes.name_to_gid('root')",
    "datatypes.existing_directory('/tmp')",
    "datatypes.existing_directory('/nope')",
    "datatypes.existing_dirpath('/nope/x')",
    "datatypes.gid_for_uid(0)",
    "datatypes.RangeCheckedConversion(int, 1, 5)('3')",
    "datatypes.RangeCheckedConversion(int, 1, 5)('0')",
    "datatypes.RangeCheckedConversion(int, 1, 5)('9')",
    "datatypes.SuffixMultiplier({'kb': 1024, 'mb': 1048576})('3KB')",
    "datatypes.SuffixMultiplier({'kb': 1024})('7')",
    "vars(datatypes.SocketAddress('localhost:80'))",
    "vars(datatypes.SocketAddress('/x'))",
    "dispatchers.default_handler(None, b'OK')",
    "dispatchers.default_handler(None, b'FAIL')",
    "dispatchers.stripEscapes(b'\\x1b[34mblue\\x1b[0m')",
    "events.getEventNameByType(events.Tick5Event)",
    "events.getEventNameByType(int)",
    "sorted(name for name in dir(events.EventTypes) if not name.startswith('_'))",
    "events.RemoteCommunicationEvent('a', 'b').payload()",
    "issubclass(events.ProcessStateBackoffEvent, events.ProcessStateStartingOrBackoffEvent)",
    "loggers.getLevelNumByDescription('info')",
    "loggers.getLevelNumByDescription('nope')",
    "vars(loggers.getLogger())",
    "loggers.LogRecord(20, 'a %(x)s', x=1).asdict()['message']",
    "loggers.LogRecord(20, '50%').asdict()['message']",
    "loggers.Handler.fmt, loggers.Handler.level",
    "options.expand('%(x)s', {'x': 1}, 'n')",
    "options.expand('%(y)s', {'x': 1}, 'n')",
    "options.expand('%(y', {'x': 1}, 'n')",
    "options.split_namespec('a:*'), options.split_namespec('a'), options.split_namespec('a:b')",
    "options.make_namespec('a', 'a'), options.make_namespec('a', 'b')",
    "options.decode_wait_status(9), options.decode_wait_status(256)",
    "options.signame(15), options.signame(999)",
    "options.normalize_path('/a/../b')",
    "states.getProcessStateDescription(20), states.getProcessStateDescription(5)",
    "states.getSupervisorStateDescription(1), states.getEventListenerStateDescription(10)",
    "xmlrpc.getFaultDescription(10), xmlrpc.getFaultDescription(999)",
    "xmlrpc.RPCError(10, 'a').text, xmlrpc.RPCError(10).text, xmlrpc.RPCError(999).code",
    "str(xmlrpc.RPCError(10)), repr(xmlrpc.RPCError(10, 'a')), xmlrpc.RPCError(10).args",
    "xmlrpc.capped_int('99999999999'), xmlrpc.capped_int(-99999999999), xmlrpc.capped_int(7)",
    "xmlrpc.gettags('Text\\n Second\\n\\n @param string|int level\\n @return int x  Foo\\n   more')",
    "xmlrpc.gettags('@param string name  The name')",
    "xmlrpc.make_datetime('20200101T01:02:03')",
    "sorted(vars(xmlrpc.RootRPCInterface([('a', 1)])))",
    "sorted(web.VIEWS)",
    "rpcinterface.make_allfunc([], lambda p: True, lambda name: True)()",
)
TELL = """
import importlib
for name in "childutils compat datatypes dispatchers events loggers options states xmlrpc web rpcinterface".split():
    globals()[name] = importlib.import_module("supervisor." + name)

def tell(expression):
    try:
        return repr(eval(expression))
    except Exception as error:
        caught = next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")  # what old code catches
        return f"{caught.__name__}: {error}"
"""


@pytest.fixture(scope="module")
def told() -> tuple[list[str], list[str]]:
    """What each side says of every expression: the ancestor's first."""
    script = TELL + "import json, sys\nprint(json.dumps([tell(line) for line in json.load(sys.stdin)]))"
    ran = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(EXPRESSIONS), capture_output=True, text=True, check=True
    )
    return oracle.ask(script, EXPRESSIONS), json.loads(ran.stdout)


@pytest.mark.parametrize("number", range(len(EXPRESSIONS)), ids=EXPRESSIONS)
def test_old_functions_answer_as_they_did(number: int, told: tuple[list[str], list[str]]) -> None:
    ancestor, warden = told

    assert warden[number] == ancestor[number]


@pytest.mark.parametrize(
    "name",
    ["options:ServerOptions", "http:supervisor_auth_handler", "web:MeldView", "dispatchers:POutputDispatcher"],
)
def test_what_is_not_supported_can_be_imported_and_says_so_when_it_is_used(name: str) -> None:
    module, _, attribute = name.partition(":")
    kind = getattr(importlib.import_module(f"supervisor.{module}"), attribute)

    with pytest.raises(NotImplementedError, match=f"Warden does not support supervisor.{module}.{attribute}: "):
        kind()
