"""From a program-like section to its processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any, TypeVar

from warden.config import limit_options, operating, options, readers
from warden.config.ini import Section
from warden.config.limiting import with_limits
from warden.config.log_options import ChannelOptions
from warden.config.model import ChannelConfig, FcgiSocketConfig, Kind, Policy, ProcessConfig
from warden.config.readers import Special
from warden.config.restart_options import MAX_AGE, MEMORY_LIMIT, REVIVE_AFTER, STARTRETRIES, read_restart
from warden.config.rights import Rights, obstacle_to_groups
from warden.config.schedule_options import with_schedule
from warden.config.sections import Findings, Scope, SectionReader
from warden.config.stop_options import KILL_TREE, STOPSIGNAL, sequence, with_hooks
from warden.config.values import AUTO
from warden.config.vitals import with_vitals
from warden.config.watch_options import with_changes
from warden.frozen import frozen
from warden.words import Channel

T = TypeVar("T")


@frozen(kw_only=True)
class Surroundings:
    """What every program section is read in.

    ``environment`` and ``cgroup`` are those of ``[supervisord]``, ``rights`` what
    the daemon may do after its start.  ``resolve`` and ``known_events`` are as in
    ``load``, ``scales`` are the numprocs by program that win over the files.
    """

    scope: Scope
    findings: Findings
    environment: dict[str, str]
    rights: Rights
    cgroup: str | None
    resolve: Callable[[str], object]
    known_events: Callable[[], Collection[str]]
    scales: Mapping[str, int] = field(default_factory=dict)
    _seen: dict[Any, Any] = field(default_factory=dict)

    def shared(self, value: T) -> T:
        """Return the first value that was equal to this one: thousands of processes have much in common."""
        seen: T = self._seen.setdefault(value, value)
        return seen

    def reader(self, section: Section, **words: str) -> SectionReader:
        """Return a reader whose messages have no suffix."""
        return SectionReader(section, self.scope.with_words(**words), self.findings)


@frozen(kw_only=True)
class _Program:
    """What all processes of one section have in common."""

    kind: Kind
    policy: Policy
    priority: int
    numprocs: int
    uid: int | None
    gid: int | None
    umask: int | None
    serverurl: str | None
    redirect_stderr: bool
    capture: dict[Channel, tuple[int, bool]]  # capture_maxbytes, events_enabled
    socket: FcgiSocketConfig | None


def program_name(section: Section) -> str:
    """Return what stands after the colon of the section's header."""
    return section.name.partition(":")[2].strip()


def read_processes(
    section: Section, group: str, kind: Kind, surroundings: Surroundings, socket: FcgiSocketConfig | None = None
) -> tuple[ProcessConfig, ...]:
    """Build the processes of one section as members of ``group``, in order of priority and name."""
    suffix = f" in section {section.name!r} (file: {section.file!r})"
    scope = surroundings.scope.with_words(program_name=program_name(section), group_name=group)
    reader = SectionReader(section, scope, surroundings.findings, suffix=suffix)
    check_name(reader)
    scale = None if kind is Kind.LISTENER else surroundings.scales.get(program_name(section))
    program, start = _read_program(reader, kind, socket, surroundings.rights, scale)
    processes = [
        _read_process(program, reader, number, surroundings) for number in range(start, start + program.numprocs)
    ]
    return tuple(sorted(processes, key=lambda process: process.name))


def check_name(reader: SectionReader) -> None:
    """Check what stands after the colon of the section's header."""
    try:
        readers.name(reader.section.name.partition(":")[2])
    except ValueError as error:
        reader.fail(str(error))


def _read_program(
    reader: SectionReader, kind: Kind, socket: FcgiSocketConfig | None, rights: Rights, scale: int | None
) -> tuple[_Program, int]:
    """Read in the order of the reference's checks; also return the first process_num."""
    read = reader.read
    priority = read(options.PRIORITY)
    policy = _read_policy(reader)
    redirect_stderr = read(options.REDIRECT_STDERR)
    numprocs, start = _scaled(reader, read(options.NUMPROCS), scale), read(options.NUMPROCS_START)
    capture = {
        Channel.STDOUT: (read(options.STDOUT.capture_maxbytes), read(options.STDOUT.events_enabled)),
        Channel.STDERR: (read(options.STDERR.capture_maxbytes), read(options.STDERR.events_enabled)),
    }
    serverurl, user, umask = read(options.PROGRAM_SERVERURL), read(options.PROGRAM_USER), read(options.PROGRAM_UMASK)
    uid, gid = user or (None, None)
    if gid is not None and (obstacle := obstacle_to_groups(rights)):
        reader.fail(obstacle, options.PROGRAM_USER)
    _check_process_name(reader, numprocs)
    if policy.stopasgroup and not policy.killasgroup:
        reader.fail("Cannot set stopasgroup=true and killasgroup=false", options.KILLASGROUP)
    program = _Program(
        kind=kind,
        policy=policy,
        priority=priority,
        numprocs=numprocs,
        uid=uid,
        gid=gid,
        umask=umask,
        serverurl=serverurl,
        redirect_stderr=redirect_stderr,
        capture=capture,
        socket=socket,
    )
    return program, start


def _read_policy(reader: SectionReader) -> Policy:
    """Read when and how the processes are started, stopped and started again."""
    read = reader.read
    autostart, autorestart = read(options.AUTOSTART), read(options.AUTORESTART)
    startsecs, startretries = read(options.STARTSECS), read(STARTRETRIES)
    stopsignals, stopwaitsecs = read(STOPSIGNAL), read(options.STOPWAITSECS)
    stopasgroup, killasgroup = read(options.STOPASGROUP), read(options.KILLASGROUP)
    return Policy(
        autostart=autostart,
        autorestart=autorestart,
        startsecs=startsecs,
        startretries=startretries,
        exitcodes=read(options.EXITCODES),
        stopsignal=stopsignals[0][0],
        stopwaitsecs=stopwaitsecs,
        stopasgroup=stopasgroup,
        killasgroup=stopasgroup if killasgroup is None else killasgroup,
        stop_sequence=sequence(stopsignals, stopwaitsecs),
        essential=read(operating.ESSENTIAL),
        restart=read_restart(reader),
        revive_after=read(REVIVE_AFTER),
        max_age=read(MAX_AGE),
        memory_limit=read(MEMORY_LIMIT),
        kill_tree=read(KILL_TREE),
    )


def _scaled(reader: SectionReader, configured: int, chosen: int | None) -> int:
    """Return the number that somebody chose, if the names of the processes still allow it."""
    if chosen is None:
        return configured
    if chosen != 1 and "%(process_num)" not in _written_name(reader):
        reader.warn(f"scaled to {chosen} processes, but process_name has no %(process_num): it has {configured}")
        return configured
    return chosen


def _written_name(reader: SectionReader) -> str:
    value = reader.section.get(options.PROCESS_NAME.name)
    return value.text if value else options.PROCESS_NAME.default


def _check_process_name(reader: SectionReader, numprocs: int) -> None:
    """Check the name as it is written; the reference does it before the expansion."""
    written = _written_name(reader)
    try:
        readers.name(written)
    except ValueError as error:
        reader.fail(str(error), options.PROCESS_NAME)
    if numprocs > 1 and "%(process_num)" not in written:
        message = "%(process_num) must be present within process_name when numprocs > 1"
        reader.fail(message, options.PROCESS_NAME, "for example process_name=%(program_name)s_%(process_num)02d")


def _read_process(program: _Program, reader: SectionReader, number: int, surroundings: Surroundings) -> ProcessConfig:
    """Read what may differ from process to process, in the order of the reference's checks."""
    reader = reader.with_scope(reader.scope.with_words(process_num=number, numprocs=program.numprocs))
    from_files = reader.read(limit_options.ENV_FILE)
    reader = reader.with_scope(reader.scope.with_environment(from_files))
    own_environment = {**from_files, **reader.read(options.PROGRAM_ENVIRONMENT)}
    reader = reader.with_scope(reader.scope.with_environment(own_environment))
    directory = reader.read(options.PROGRAM_DIRECTORY)
    stdout = _read_channel(program, reader, Channel.STDOUT, options.STDOUT)
    stderr = _read_channel(program, reader, Channel.STDERR, options.STDERR)
    command = reader.read(options.COMMAND)
    if command is None:
        reader.fail(f"program section {reader.section.name} does not specify a command", options.COMMAND)
    process = ProcessConfig(
        name=_read_name(reader),
        program=program_name(reader.section),
        kind=program.kind,
        command=command or "",
        priority=program.priority,
        policy=surroundings.shared(program.policy),
        uid=program.uid,
        gid=program.gid,
        directory=directory,
        umask=program.umask,
        environment=surroundings.shared(tuple(sorted({**surroundings.environment, **own_environment}.items()))),
        serverurl=program.serverurl,
        redirect_stderr=program.redirect_stderr,
        stdout=surroundings.shared(stdout),
        stderr=surroundings.shared(stderr),
        socket=program.socket,
    )
    process = with_limits(process, reader, surroundings.rights, surroundings.cgroup)
    process = with_hooks(with_changes(with_vitals(process, reader), reader), reader)
    return process if program.kind is Kind.LISTENER else with_schedule(process, reader)


def _read_name(reader: SectionReader) -> str:
    if reader.section.get(options.PROCESS_NAME.name) is None:
        return program_name(reader.section)
    name = reader.text(options.PROCESS_NAME) or ""
    try:
        return readers.name(name)  # once more: the expansion may have brought in a blank, a colon or a slash
    except ValueError as error:
        reader.fail(str(error), options.PROCESS_NAME)
        return name


def _read_channel(program: _Program, reader: SectionReader, channel: Channel, rows: ChannelOptions) -> ChannelConfig:
    logfile, backups = reader.read(rows.logfile), reader.read(rows.backups)
    maxbytes, syslog = reader.read(rows.maxbytes), reader.read(rows.syslog)
    journal = reader.read(rows.journal)
    capture_maxbytes, events_enabled = program.capture[channel]
    if logfile is Special.SYSLOG:
        reader.warn(
            f"{channel}_logfile=syslog but this is deprecated and will be removed.  "
            f"Use {channel}_syslog=true to enable syslog instead."
        )
        logfile, syslog = None, True
    if journal is not None and not os.path.exists(journal):
        reader.warn(f"{channel}_journal is set but nobody listens at {journal}; lines wait for it, the latest 4 MB")
    if logfile is AUTO and maxbytes == 0:
        reader.warn(
            f"AUTO logging used for {channel}_logfile without rollover, "
            "set maxbytes > 0 to avoid filling up filesystem unintentionally"
        )
    if channel is Channel.STDERR and program.redirect_stderr:
        if isinstance(logfile, str):
            reader.warn(
                "redirect_stderr=true but stderr_logfile has also been set to a filename, the filename has been ignored"
            )
        logfile = None
    return ChannelConfig(
        logfile=logfile,
        maxbytes=maxbytes,
        backups=backups,
        period=reader.read(rows.rotate),
        compress=reader.read(rows.compress),
        line_format=reader.read(rows.format),
        capture_maxbytes=capture_maxbytes,
        events_enabled=events_enabled,
        syslog=syslog,
        journal=journal,
        console=reader.read(rows.console),
    )
