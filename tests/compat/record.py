"""Records the public surface of the ``supervisor`` package that runs it, as JSON on stdout.

    .venv-supervisor/bin/python tests/compat/record.py > tests/compat/contract.json

It only asks the running package (dir, signatures, values); it reads no source.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import sys
import types

# Ring 1 and 2 by module. ``Name.`` stands for the name and all its public members.
NAMES = {
    "childutils": "getRPCTransport getRPCInterface get_headers eventdata get_asctime pcomm listener "
    "ProcessCommunicationsProtocol. EventListenerProtocol.",
    "compat": "PY2 as_bytes as_string is_text_stream import_spec resource_filename escape encodestring decodestring "
    "long basestring unicode unichr raw_input letters maxint md5 sha1 thread syslog urllib urlparse httplib xmlrpclib "
    "Fault ConfigParser StringIO HTMLParser htmlentitydefs StringTypes",
    "datatypes": "Automatic Syslog RestartUnconditionally RestartWhenExitUnexpected SuffixMultiplier "
    "RangeCheckedConversion SocketAddress auto_restart boolean byte_size colon_separated_user_group "
    "dict_of_key_value_pairs existing_directory existing_dirpath gid_for_uid inet_address integer list_of_exitcodes "
    "list_of_ints list_of_strings logfile_name logging_level name_to_gid name_to_uid octal_type port_number "
    "process_or_group_name signal_number url TRUTHY_STRINGS FALSY_STRINGS LOGFILE_NONES LOGFILE_AUTOS LOGFILE_SYSLOGS",
    "dispatchers": "RejectEvent default_handler stripEscapes EventListenerStates",
    "events": "subscribe unsubscribe notify clear register getEventNameByType callbacks EventTypes Event TickEvent "
    "Tick5Event Tick60Event Tick3600Event ProcessStateEvent ProcessStateStartingOrBackoffEvent "
    "ProcessStateStartingEvent ProcessStateRunningEvent ProcessStateBackoffEvent ProcessStateStoppingEvent "
    "ProcessStateStoppedEvent ProcessStateExitedEvent ProcessStateFatalEvent ProcessStateUnknownEvent "
    "SupervisorStateChangeEvent SupervisorRunningEvent SupervisorStoppingEvent ProcessGroupEvent "
    "ProcessGroupAddedEvent ProcessGroupRemovedEvent RemoteCommunicationEvent. getProcessStateDescription "
    "ProcessCommunicationEvent.BEGIN_TOKEN ProcessCommunicationEvent.END_TOKEN Tick5Event.period TICK_EVENTS",
    "http": "NOT_DONE_YET",
    "loggers": "Logger. Handler. StreamHandler. FileHandler. RotatingFileHandler. SyslogHandler. LogRecord. BoundIO. "
    "LevelsByName. LevelsByDescription. LOG_LEVELS_BY_NUM getLogger getLevelNumByDescription handle_file "
    "handle_stdout handle_syslog handle_boundIO",
    "options": "split_namespec make_namespec expand signame decode_wait_status normalize_path import_spec VERSION "
    "UnhosedConfigParser ProcessException BadCommand NotExecutable NotFound NoPermission ClientOptions "
    "ClientOptions.realize ClientOptions.getServerProxy ClientOptions.serverurl ClientOptions.username "
    "ClientOptions.password ClientOptions.prompt ClientOptions.interactive ClientOptions.history_file "
    "ServerOptions ProcessConfig EventListenerConfig FastCGIProcessConfig",
    "process": "Subprocess ProcessGroupBase ProcessStates. Subprocess.spawn Subprocess.stop Subprocess.get_state "
    "Subprocess.give_up Subprocess.transition Subprocess.change_state Subprocess.write Subprocess.kill "
    "Subprocess.signal ProcessGroupBase.stop_all ProcessGroupBase.get_unstopped_processes",
    "rpcinterface": "SupervisorNamespaceRPCInterface. make_main_rpcinterface make_allfunc isRunning isNotRunning "
    "isSignallable API_VERSION NOT_DONE_YET",
    "states": "ProcessStates. SupervisorStates. EventListenerStates. STOPPED_STATES RUNNING_STATES SIGNALLABLE_STATES "
    "getProcessStateDescription getSupervisorStateDescription getEventListenerStateDescription "
    "_process_states_by_code _supervisor_states_by_code _eventlistener_states_by_code",
    "supervisorctl": "Controller ControllerPluginBase ControllerPluginBase.name LSBInitExitStatuses. "
    "LSBStatusExitStatuses. Controller.onecmd Controller.output Controller.upcheck Controller.get_supervisor "
    "Controller.get_server_proxy",
    "supervisord": "Supervisor SupervisorStates. Supervisor.get_state Supervisor.get_process_map "
    "Supervisor.add_process_group Supervisor.remove_process_group",
    "web": "VIEWS MeldView StatusView OKView TailView ViewContext",
    "xmlrpc": "Faults. RPCError SupervisorTransport UnixStreamHTTPConnection SystemNamespaceRPCInterface NOT_DONE_YET "
    "RootRPCInterface capped_int gettags make_datetime getFaultDescription xmlrpc_marshal",
}
PLAIN = (bool, int, float, str, bytes, type(None))


def is_plain(value: object) -> bool:
    """Whether a value can be compared as it is."""
    if isinstance(value, tuple | list):
        return all(is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(is_plain(item) for pair in value.items() for item in pair)
    return isinstance(value, PLAIN)


def default_of(parameter: inspect.Parameter) -> str:
    """Name a parameter with its default; streams and None are the same: both mean "as it is when it is called"."""
    mark = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    if parameter.default is inspect.Parameter.empty:
        return mark + parameter.name
    default = None if isinstance(parameter.default, io.TextIOBase | types.NoneType) else parameter.default
    return f"{parameter.name}={default!r}"


def signature_of(function: object) -> str:
    """Return the names and defaults of the parameters, nothing of annotations; ``?`` if nobody knows."""
    try:
        return ", ".join(default_of(parameter) for parameter in inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return "?"


def describe(value: object) -> object:
    """Say what a name stands for: its kind, and what can be compared of it."""
    if isinstance(value, types.ModuleType):
        return ["module", value.__name__]
    if inspect.isclass(value):
        return ["exception" if issubclass(value, BaseException) else "class"]
    if callable(value):
        return ["function", signature_of(value)]
    if is_plain(value):
        return ["value", type(value).__name__, repr(value)]
    return ["value", "object"]


def members(kind: type) -> dict[str, object]:
    """Describe the public attributes of a class and its constructor."""
    found: dict[str, object] = {}
    for name in dir(kind):
        if name == "__init__" or not name.startswith("_"):
            value = getattr(kind, name)
            found[name] = ["function", signature_of(value)] if callable(value) else describe(value)
    return found


def find(module: types.ModuleType, name: str) -> object:
    """Return what a dotted name in a module stands for."""
    found: object = module
    for part in name.split("."):
        found = getattr(found, part)
    return found


def surface(module: types.ModuleType, names: str) -> dict[str, object]:
    """Describe names of a module; absent ones are left out."""
    found: dict[str, object] = {}
    for name in names.split():
        whole = name.endswith(".")
        try:
            value = find(module, name.rstrip("."))
        except AttributeError:
            continue
        found[name.rstrip(".")] = describe(value)
        if whole and inspect.isclass(value):
            found.update({f"{name}{member}": told for member, told in members(value).items()})
    return found


if __name__ == "__main__":
    contract = {name: surface(importlib.import_module(f"supervisor.{name}"), names) for name, names in NAMES.items()}
    json.dump(contract, sys.stdout, indent=0, sort_keys=True)
    sys.stdout.write("\n")
