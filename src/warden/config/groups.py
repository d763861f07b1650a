"""From the program-like sections and ``[group:x]`` to the groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from warden.config import options, readers, vital_options
from warden.config.ini import Document, Section
from warden.config.model import FcgiSocketConfig, GroupConfig, Kind, PoolConfig, ProcessConfig
from warden.config.plugins import check_loadable
from warden.config.programs import Surroundings, check_name, program_name, read_processes
from warden.config.sections import SectionReader, sections_of
from warden.config.vitals import with_dependencies
from warden.errors import Place


def read_groups(document: Document, surroundings: Surroundings) -> tuple[GroupConfig, ...]:
    """Build all groups, in order of their creation: ascending priority, then name."""
    members: set[str] = set()
    made = [
        (section, _read_group(section, document, surroundings, members))
        for section in sections_of(document, options.GROUP)
    ]
    made += [
        (section, _read_standalone(section, surroundings))
        for section in sections_of(document, options.PROGRAM_SECTION)
        if section.name not in members
    ]
    made += [(section, _read_pool(section, surroundings)) for section in sections_of(document, options.EVENTLISTENER)]
    made += [
        (section, _read_fcgi(section, surroundings))
        for section in sections_of(document, options.FCGI_PROGRAM)
        if section.name not in members
    ]
    _refuse_duplicates(made, surroundings)
    return tuple(sorted((group for _, group in made), key=lambda group: (group.priority, group.name)))


def _read_group(section: Section, document: Document, surroundings: Surroundings, members: set[str]) -> GroupConfig:
    """Build a group of several programs; add the names of their sections to ``members``."""
    reader = surroundings.reader(section)
    check_name(reader)
    names = reader.read(options.GROUP_PROGRAMS)
    priority = reader.read(options.GROUP_PRIORITY)
    name = program_name(section)
    processes: list[ProcessConfig] = []
    for program in dict.fromkeys(names):
        simple = document.sections.get(f"program:{program}")
        fcgi = document.sections.get(f"fcgi-program:{program}")
        if simple and fcgi:
            message = f"[{section.name}] name {program} is ambiguous (exists as program and fcgi-program)"
            reader.fail(message, options.GROUP_PROGRAMS)
        elif simple:
            members.add(simple.name)
            processes += read_processes(simple, name, Kind.PROGRAM, surroundings)
        elif fcgi:
            members.add(fcgi.name)
            processes += read_processes(fcgi, name, Kind.FCGI, surroundings, _read_socket(fcgi, surroundings))
        else:
            message = f"[{section.name}] names unknown program or fcgi-program {program}"
            reader.fail(message, options.GROUP_PROGRAMS)
    shared = reader.read(vital_options.GROUP_DEPENDS_ON)
    if shared:
        processes = [with_dependencies(process, shared) for process in processes]
    processes.sort(key=lambda process: process.priority)  # stable: then as they are written
    return GroupConfig(name=name, priority=priority, processes=tuple(processes))


def _read_standalone(section: Section, surroundings: Surroundings) -> GroupConfig:
    """Build the group that a program outside of all groups makes of itself."""
    name = program_name(section)
    reader = surroundings.reader(section, program_name=name, group_name=name)
    check_name(reader)
    priority = reader.read(options.PRIORITY)
    processes = read_processes(section, name, Kind.PROGRAM, surroundings)
    return GroupConfig(name=name, kind=Kind.PROGRAM, priority=priority, processes=processes)


def _read_fcgi(section: Section, surroundings: Surroundings) -> GroupConfig:
    name = program_name(section)
    reader = surroundings.reader(section, program_name=name, group_name=name)
    check_name(reader)
    priority = reader.read(options.PRIORITY)
    socket = _read_socket(section, surroundings)
    processes = read_processes(section, name, Kind.FCGI, surroundings, socket)
    return GroupConfig(name=name, kind=Kind.FCGI, priority=priority, processes=processes)


def _read_socket(section: Section, surroundings: Surroundings) -> FcgiSocketConfig | None:
    """Read the shared socket; None if it cannot be used."""
    name = program_name(section)
    reader = surroundings.reader(section, program_name=name, group_name=name)
    user = reader.read(options.PROGRAM_USER)
    backlog = reader.read(options.SOCKET_BACKLOG)
    owner = reader.read(options.SOCKET_OWNER)
    mode = reader.read(options.SOCKET_MODE)
    if not reader.text(options.SOCKET):
        reader.fail(f'[{section.name}] section requires a "socket" line', options.SOCKET)
        return None
    address = reader.read(options.SOCKET)
    if address is None:
        return None
    url, path, host, port = address
    if path is None and not (owner is None and mode is None):
        message = "socket_owner and socket_mode params should only be used with a Unix domain socket in"
        reader.fail(f"{message} [{section.name}] socket", options.SOCKET)
    if path is not None:
        mode = options.DEFAULT_SOCKET_MODE if mode is None else mode
        if owner is None and user is not None and user[0] != surroundings.rights.uid:
            owner = user[0], readers.primary_group(user[0]) if user[1] is None else user[1]
    return FcgiSocketConfig(
        program=name, url=url, path=path, host=host, port=port, backlog=backlog, owner=owner, mode=mode
    )


def _read_pool(section: Section, surroundings: Surroundings) -> GroupConfig:
    name = program_name(section)
    reader = surroundings.reader(section, program_name=name, group_name=name)
    priority = reader.read(options.POOL_PRIORITY)
    buffer_size = reader.read(options.BUFFER_SIZE)
    if buffer_size < 1:
        reader.fail(f"[{section.name}] section sets invalid buffer_size ({buffer_size})", options.BUFFER_SIZE)
    handler = reader.read(options.RESULT_HANDLER)
    if handler != options.DEFAULT_RESULT_HANDLER:
        check_loadable(reader, options.RESULT_HANDLER, handler, surroundings.resolve)
    events = _read_events(reader, surroundings.known_events())
    if reader.read(options.REDIRECT_STDERR):
        message = "section sets redirect_stderr=true but this is not allowed because it will interfere with"
        reader.fail(f"[{section.name}] {message} the eventlistener protocol", options.REDIRECT_STDERR)
    processes = read_processes(section, name, Kind.LISTENER, surroundings)
    pool = PoolConfig(
        events=events,
        buffer_size=buffer_size,
        result_handler=handler,
        payload_facts=reader.read(options.PAYLOAD_FACTS),
        payload_text=reader.read(options.PAYLOAD_TEXT),
    )
    return GroupConfig(name=name, kind=Kind.LISTENER, priority=priority, processes=processes, pool=pool)


def _read_events(reader: SectionReader, known: Collection[str]) -> tuple[str, ...]:
    events = reader.read(options.EVENTS)
    if not events:
        reader.fail(f'[{reader.section.name}] section requires an "events" line', options.EVENTS)
        return ()
    for event in events:
        if event not in known:
            message = f"Unknown event type {event} in [{reader.section.name}] events"
            reader.fail(message, options.EVENTS, f"the events are {', '.join(sorted(known))}")
            break
    return events


def _refuse_duplicates(made: list[tuple[Section, GroupConfig]], surroundings: Surroundings) -> None:
    """Refuse what the reference silently drops: a second group or process of the same name.

    Only if all is well so far: a wrong process_name, say, would be told twice.
    """
    if surroundings.findings.errors:
        return
    first: dict[str, Section] = {}
    for section, group in made:
        place = Place(file=section.file, line=section.line, section=section.name)
        earlier = first.setdefault(group.name, section)
        if earlier is not section:
            message = f"[{earlier.name}] and [{section.name}] both make a group named {group.name}"
            surroundings.findings.error(message, place)
        counts = Counter(process.name for process in group.processes)
        for name in (name for name, count in counts.items() if count > 1):
            message = f"[{section.name}] makes {counts[name]} processes named {name}"
            surroundings.findings.error(message, place, "every process of a group needs its own process_name")
