"""What pages and streams see (``rpc.insight.Insight``), over the supervisor's records."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass

from warden.config.diff import diff
from warden.config.model import Config, GroupConfig, ProcessConfig
from warden.config.option import option_name
from warden.config.probes import Probe
from warden.config.servers import open_to_all
from warden.daemon.control import DaemonControl
from warden.daemon.records import Process
from warden.daemon.supervisor import Supervisor
from warden.daemon.usage import UsageMeter
from warden.events import types
from warden.events.bus import Bus
from warden.rpc.control import ConfigView
from warden.rpc.insight import DaemonView, Notice, OptionChange, Plan, TieView, Transition, Usage
from warden.words import VERSION, make_namespec

_SECRET = "(hidden)"
_SEPARATORS = {"depends_on": ",", "rules": "; "}  # of values that are written as lists


class DaemonInsight:
    """Facts for those who look; costs nothing while nobody does."""

    def __init__(
        self,
        supervisor: Supervisor,
        control: DaemonControl,
        config: Config,
        since: float,
        upgrade_failure: Callable[[], str] = lambda: "",
    ) -> None:
        self._upgrade_failure = upgrade_failure
        self._supervisor = supervisor
        self._control = control
        self._config = config
        self._started = since
        self._watchers: list[Callable[[Notice], None]] = []
        self._measured = 0
        self._meter = UsageMeter(self._roots, self._on_usage)

    @property
    def revision(self) -> int:
        """Grows with every change and every measurement."""
        return self._supervisor.revision + self._measured

    def daemon(self) -> DaemonView:
        """Describe the daemon."""
        server = self._config.server
        return DaemonView(
            identifier=server.identifier,
            version=VERSION,
            pid=self._supervisor.pid,
            brain=os.getpid(),
            upgrade_failure=self._upgrade_failure(),
            mood=self._supervisor.mood,
            started=self._started,
            config_file=self._config.path,
            logfile=self._supervisor.log.path or "",
            warnings=open_to_all(self._config),
        )

    def watch(self, notify: Callable[[Notice], None]) -> Callable[[], None]:
        """Tell of every change, and measure meanwhile."""
        stop_measuring = self._meter.watch()
        if not self._watchers:
            self._connect(self._supervisor.bus)
            self._supervisor.onlookers.append(self._on_facts)
        self._watchers.append(notify)

        def stop() -> None:
            if notify in self._watchers:
                stop_measuring()
                self._watchers.remove(notify)
                if not self._watchers:
                    self._disconnect(self._supervisor.bus)
                    self._supervisor.onlookers.remove(self._on_facts)

        return stop

    def history(self, namespec: str) -> Sequence[Transition]:
        """The last changes of phase."""
        return tuple(self._control.find(namespec).history)

    def usage(self, namespec: str) -> Usage | None:
        """The last measurement."""
        return self._meter.latest(self._control.find(namespec).namespec)

    def usage_history(self, namespec: str) -> Sequence[Usage]:
        """The measurements of the last hour."""
        return self._meter.history(self._control.find(namespec).namespec)

    def config(self, namespec: str) -> ConfigView:
        """The configuration a process runs with."""
        process = self._control.find(namespec)
        group = self._supervisor.groups[process.group].config
        return ConfigView(group=group, process=process.config, inuse=True)

    def dependencies(self) -> Sequence[TieView]:
        """What all processes need."""
        return [self._supervisor.ties.view(process) for process in self._supervisor.processes_in_start_order()]

    async def plan(self) -> Plan:
        """Say what an update would do."""
        config = await self._control.read_config()
        active = {name: group.config for name, group in self._supervisor.groups.items()}
        changes = diff(list(active.values()), config.groups)
        new = {group.name: group for group in config.groups}
        options = [option for name in changes.changed for option in _differences(active[name], new[name])]
        warnings = tuple(text for severity, text in config.messages if severity != "info")
        return Plan(changes=changes, options=tuple(options), warnings=warnings)

    def close(self) -> None:
        """Measure no more."""
        self._meter.close()

    def _roots(self) -> Mapping[str, int]:
        return {process.namespec: process.state.pid for process in self._supervisor.processes() if process.state.pid}

    def _connect(self, bus: Bus) -> None:
        bus.subscribe(types.ProcessStateEvent, self._on_process)
        bus.subscribe(types.ProcessGroupEvent, self._on_group)
        bus.subscribe(types.SupervisorStateChangeEvent, self._on_daemon)

    def _disconnect(self, bus: Bus) -> None:
        bus.unsubscribe(types.ProcessStateEvent, self._on_process)
        bus.unsubscribe(types.ProcessGroupEvent, self._on_group)
        bus.unsubscribe(types.SupervisorStateChangeEvent, self._on_daemon)

    def _on_usage(self) -> None:
        self._measured += 1
        self._tell(Notice(kind="usage"))

    def _on_process(self, event: types.Event) -> None:
        assert isinstance(event, types.ProcessStateEvent)
        self._tell(Notice(kind="process", name=make_namespec(event.groupname, event.processname)))

    def _on_facts(self, process: Process) -> None:
        self._tell(Notice(kind="process", name=process.namespec))

    def _on_group(self, event: types.Event) -> None:
        assert isinstance(event, types.ProcessGroupEvent)
        self._tell(Notice(kind="group", name=event.groupname))

    def _on_daemon(self, _event: types.Event) -> None:
        self._tell(Notice(kind="daemon"))

    def _tell(self, notice: Notice) -> None:
        # Events come before the new state is stored: who hears of one looks at the facts a turn later.
        asyncio.get_running_loop().call_soon(self._tell_now, notice)

    def _tell_now(self, notice: Notice) -> None:
        for notify in tuple(self._watchers):
            notify(notice)


def _differences(old: GroupConfig, new: GroupConfig) -> list[OptionChange]:
    """The options in which two versions of a group differ."""
    before = {process.name: process for process in old.processes}
    after = {process.name: process for process in new.processes}
    found = [
        change
        for name in [*before, *(name for name in after if name not in before)]
        for change in _process_differences(old.name, name, before.get(name), after.get(name))
    ]
    for option in ("priority", "pool"):
        one, other = getattr(old, option), getattr(new, option)
        if one != other:
            found.append(OptionChange(group=old.name, process="", option=option, old=str(one), new=str(other)))
    return found


def _process_differences(
    group: str, name: str, old: ProcessConfig | None, new: ProcessConfig | None
) -> list[OptionChange]:
    before, after = flatten(old) if old else {}, flatten(new) if new else {}
    if not (before and after):  # a process more or less: its command says enough
        before, after = ({"command": flat["command"]} if flat else {} for flat in (before, after))
    return [
        OptionChange(group=group, process=name, option=option, old=before.get(option), new=after.get(option))
        for option in sorted({*before, *after})
        if before.get(option) != after.get(option)
    ]


def flatten(config: object, outer: str = "") -> dict[str, str]:
    """Name every value of a frozen configuration as its option is named; environment values are secrets."""
    flat: dict[str, str] = {}
    assert is_dataclass(config)
    for row in fields(config):
        value = getattr(config, row.name)
        if is_dataclass(value) and not isinstance(value, Probe):
            flat |= flatten(value, "" if row.name == "policy" else row.name)
        elif row.name == "environment":
            flat |= {f"environment {key}": f"{_SECRET} #{hash(text) & 0xFFFF:04x}" for key, text in value}
        elif row.name in _SEPARATORS:
            flat[option_name(outer, row.name)] = _SEPARATORS[row.name].join(map(str, value))
        else:
            flat[option_name(outer, row.name)] = str(value)
    return flat
