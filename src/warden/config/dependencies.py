"""Whom ``depends_on`` means: names to processes, and the check that nobody depends on himself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from warden.config.model import Dependency, GroupConfig, ProcessConfig
from warden.words import Autorestart, Condition, make_namespec

Name = tuple[str, str]  # group, process
Complain = Callable[[str, ProcessConfig, str, str], None]  # group, whose option is wrong, the name in it, and how

CIRCLE = "depends_on makes a circle"  # how the complaint about one begins
_CONDITIONS = ", ".join(condition.value for condition in Condition)


def read_names(value: str) -> tuple[Dependency, ...]:
    """Names separated by commas, each with :started, :ready, :healthy or :finished if need be."""
    return tuple(dict.fromkeys(_read_name(word) for word in value.replace("\n", ",").split(",") if word.strip()))


def _read_name(word: str) -> Dependency:
    text = word.strip()
    name, colon, last = text.rpartition(":")
    if colon and last in Condition.__members__.values():
        name, condition = name, Condition(last)
    else:
        name, condition = text, Condition.READY
    if not name or " " in name or name.count(":") > 1:
        raise ValueError(f"{text!r} is not NAME, GROUP:NAME or GROUP:*, with one of {_CONDITIONS} after a colon")
    return Dependency(name=name, condition=condition)


def find(name: str, own_group: str, groups: Mapping[str, GroupConfig]) -> tuple[Name, ...]:
    """Return the processes that ``name`` means for a member of ``own_group``; none if there is nobody of that name.

    A name without a colon means, whichever is found first: a process or program
    of the own group, a group, a process or program of any other group.  A
    program means all its processes, and so does a group.
    """
    group, colon, process = name.partition(":")
    if colon:
        found = groups.get(group)
        if found is None:
            return ()
        return _all(found) if process in ("", "*") else _of(found, process)
    own = groups.get(own_group)
    if own is not None and own.name != name and (members := _of(own, name)):
        return members
    if name in groups:
        return _all(groups[name])
    return tuple(member for other in groups.values() for member in _of(other, name))


def _all(group: GroupConfig) -> tuple[Name, ...]:
    return tuple((group.name, process.name) for process in group.processes)


def _of(group: GroupConfig, name: str) -> tuple[Name, ...]:
    """Return the process of that name, or else the processes of the program of that name."""
    exact = tuple((group.name, process.name) for process in group.processes if process.name == name)
    return exact or tuple((group.name, process.name) for process in group.processes if process.program == name)


def check(groups: Iterable[GroupConfig], complain: Complain, warn: Callable[[str], None]) -> None:
    """Complain about names that mean nobody, conditions that can never hold, and circles; warn of what is unlikely."""
    by_name = {group.name: group for group in groups}
    processes = {(group.name, process.name): process for group in by_name.values() for process in group.processes}
    edges: dict[Name, dict[Name, str]] = {}  # and with which name
    hasty: dict[Name, int] = {}
    sound = True
    for (group, _), process in processes.items():
        targets = edges.setdefault((group, process.name), {})
        for dependency in process.depends_on:
            found = find(dependency.name, group, by_name)
            if trouble := _trouble(dependency, [processes[name] for name in found]):
                sound = False
                complain(group, process, dependency.name, trouble)
            for name in found if dependency.condition is Condition.FINISHED else ():
                if (startsecs := processes[name].policy.startsecs) > 0:
                    hasty[name] = startsecs
            targets.update(dict.fromkeys(found, dependency.name))
    if sound and (circle := _circle(edges)):
        path = " -> ".join(make_namespec(*name) for name in circle)
        written = edges[circle[0]][circle[1]]
        complain(circle[0][0], processes[circle[0]], written, f"{CIRCLE}: {path}")
    for name, startsecs in hasty.items():
        warn(
            f"{make_namespec(*name)} is to finish for others, but it has startsecs={startsecs}: "
            "an earlier end is a failed start; programs that do their work and end need startsecs=0"
        )


def _trouble(dependency: Dependency, targets: Sequence[ProcessConfig]) -> str:
    """Say why a dependency can never hold; "" if it can."""
    name = dependency.name
    if not targets:
        return f"depends_on names {name!r}, but there is no program, process or group of that name"
    for target in targets:
        match dependency.condition:
            case Condition.HEALTHY if target.healthcheck is None and not target.watchdog_secs:
                return f"depends_on says {dependency}, but {target.name} has neither healthcheck nor watchdog_secs"
            case Condition.FINISHED if target.policy.autorestart is Autorestart.ALWAYS:
                return f"depends_on says {dependency}, but {target.name} never finishes: it has autorestart=true"
    return ""


def _circle(edges: Mapping[Name, Iterable[Name]]) -> tuple[Name, ...]:
    """Return a path that ends where it begins; empty if there is none."""
    done: set[Name] = set()
    for start in edges:
        path: dict[Name, Iterable[Name]] = {}  # where we stand, and what is left to look at there
        at: Name | None = start if start not in done else None
        while at is not None:
            rest = path.setdefault(at, iter(edges.get(at, ())))
            after = next((name for name in rest if name not in done), None)
            if after is None:
                done.add(at)
                path.popitem()
                at = next(reversed(path), None)
            elif after in path:
                names = tuple(path)
                return (*names[names.index(after) :], after)
            else:
                at = after
    return ()
