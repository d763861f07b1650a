"""A plugin that uses what plugins may use; the tests run it in both daemons."""

from __future__ import annotations

import threading
from typing import Any

from supervisor import events
from supervisor.dispatchers import RejectEvent
from supervisor.http import NOT_DONE_YET
from supervisor.rpcinterface import SupervisorNamespaceRPCInterface
from supervisor.xmlrpc import Faults, RPCError

EARLY: list[str] = []  # what was heard by a subscription made when this module was imported


class OwnEvent(events.Event):
    """An event of the plugin."""

    def __init__(self, text: str) -> None:
        self.text = text

    def payload(self) -> str:
        """Return the text."""
        return self.text


events.register("OWN_EVENT", OwnEvent)
events.subscribe(events.RemoteCommunicationEvent, lambda event: EARLY.append(event.type + event.data))


class Inside:
    """The namespace ``inside``."""

    def __init__(self, supervisord: Any, **config: str) -> None:
        self.supervisord = supervisord
        self.rpc = SupervisorNamespaceRPCInterface(supervisord)
        self.config = config
        self.states: list[list[object]] = []
        self.marks = getattr(supervisord, "marks", 0) + 1
        supervisord.marks = self.marks
        events.subscribe(events.ProcessStateEvent, self._on_state)

    def _on_state(self, event: Any) -> None:
        known = isinstance(event, events.ProcessStateEvent)
        name = events.getEventNameByType(event.__class__)
        self.states.append([name, event.process.config.name, event.from_state, known, event.payload().split(" ")[0]])

    def options(self) -> object:
        """Return what the section said."""
        return self.config

    def heard(self, name: str) -> object:
        """Return the state events of a process."""
        return [told for told in self.states if told[1] == name]

    def early(self) -> object:
        """Return what was heard by the early subscription."""
        return EARLY

    def start(self, name: str, wait: bool = True) -> object:
        """Start a process through the namespace in the process."""
        return self.rpc.startProcess(name, wait)

    def stop(self, name: str, wait: bool = True) -> object:
        """Stop a process likewise."""
        return self.rpc.stopProcess(name, wait)

    def in_thread(self, method: str, *arguments: Any) -> object:
        """Call the namespace in the process from a thread, as plugins with a server of their own do."""
        told: list[object] = []

        def work() -> None:
            try:
                told.append(getattr(self.rpc, method)(*arguments))
            except RPCError as error:
                told.append(error.text)

        thread = threading.Thread(target=work)
        thread.start()

        def ask() -> object:
            return NOT_DONE_YET if thread.is_alive() else told[0]

        ask.delay = 0.01  # type: ignore[attr-defined]
        return ask

    def start_group(self, name: str) -> object:
        """Start a group likewise."""
        return self.rpc.startProcessGroup(name)

    def stop_all(self) -> object:
        """Stop all likewise."""
        return self.rpc.stopAllProcesses()

    def kinds(self, name: str) -> object:
        """Say what start and stop answer with: a function to be called, or a value."""
        begun = self.rpc.startProcess(name, False)
        later = self.rpc.stopProcess(name)
        return [begun, callable(later), later() is NOT_DONE_YET, later.delay >= 0]

    def process(self, group: str, name: str) -> object:
        """Say what a process looks like."""
        process = self.supervisord.process_groups[group].processes[name]
        config = process.config
        same = self.supervisord.process_groups[group].processes[name] is process
        return [
            *(process.state, process.get_state(), bool(process.pid), process.backoff, process.killing, same),
            *(process.group.config.name, [each.name for each in process.group.config.process_configs]),
            *(config.name, config.command, config.priority, config.autostart, config.startsecs, config.stopwaitsecs),
            *(int(config.stopsignal), config.exitcodes, config.environment, config.redirect_stderr),
            *(getattr(config.autorestart, "__name__", config.autorestart), config.stdout_logfile is None),
            *(config.stdout_logfile_maxbytes, config.stdout_capture_maxbytes, config.stderr_syslog),
        ]

    def daemon(self) -> object:
        """Say what the daemon looks like."""
        options = self.supervisord.options
        server = options.server_configs[0]
        handler = options.httpservers[0][1].handlers[0]
        return [
            *(options.mood, self.supervisord.get_state(), options.identifier, options.silent, bool(options.nodaemon)),
            *(server["section"], server["chmod"], int(server["family"]), server["username"] is None),
            *(sorted(self.supervisord.process_groups), handler.rpcinterface.inside is self),
            handler.rpcinterface.supervisor.getIdentification(),
            [group.name for group in options.process_group_configs],
        ]

    def log(self, text: str) -> bool:
        """Write to the activity log."""
        self.supervisord.options.logger.warn(text)
        self.supervisord.options.logger.info("%(who)s says %(text)s", who="inside", text=text)
        return True

    def publish(self, text: str) -> bool:
        """Publish an event of the plugin, and one of the daemon's."""
        events.notify(OwnEvent(text))
        events.notify(events.RemoteCommunicationEvent("from inside ", text))
        return True

    def slow(self, rounds: int) -> object:
        """Answer after some rounds."""
        left = [rounds]

        def ask() -> object:
            left[0] -= 1
            return NOT_DONE_YET if left[0] > 0 else "done"

        ask.delay = 0.01  # type: ignore[attr-defined]
        return ask

    def slow_fault(self) -> object:
        """Refuse after a while."""

        def ask() -> object:
            raise RPCError(Faults.FAILED, "later")

        ask.delay = 0.01  # type: ignore[attr-defined]
        return ask

    def own_fault(self) -> object:
        """Refuse with a code of its own."""
        Faults.OUT_OF_CHEESE = 4711  # type: ignore[attr-defined]
        raise RPCError(4711, "brie")

    def bug(self) -> object:
        """Fail."""
        raise ZeroDivisionError("a bug of the plugin")

    def mood(self, value: int) -> bool:
        """Ask for the end."""
        self.supervisord.options.mood = value
        return True


def make(supervisord: Any, **config: str) -> Inside:
    """Make the namespace."""
    return Inside(supervisord, **config)


def refuse(supervisord: Any, **config: str) -> None:
    """Fail at load."""
    raise RuntimeError(f"no {config}")


def tell(event: Any, result: bytes) -> None:
    """Result handler: prints, as those do that bring what programs write to the daemon's stdout."""
    print("told", event.process.config.name, result.decode())


def judge(event: Any, result: bytes) -> None:
    """Result handler: writes what it got into the stdin of the process that the event is about."""
    if result == b"again":
        raise RejectEvent(result)
    event.process.write(f"{event.process.config.name} {event.payload()} {result.decode()}\n".encode())
