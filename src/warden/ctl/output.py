"""What supervisorctl writes: rows, colours, JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warden.ctl.client import Struct
from warden.words import make_namespec

COLOURS = {"RUNNING": "32", "STARTING": "33", "STOPPING": "33", "BACKOFF": "33", "FATAL": "31", "UNKNOWN": "31"}
NAME_WIDTH = 30  # columns; grows with the longest name shown
VITALS = ("ready", "health", "trouble", "status_text", "waiting_for")  # where the configuration asks for them
SCHEDULE = ("schedule", "next_run", "last_run", "last_run_exit")  # likewise
LOGFILES = ("stdout_logfile", "stderr_logfile")
JSON_FIELDS = ("pid", "start", "stop", "now", "exitstatus", "spawnerr", *LOGFILES, *VITALS, *SCHEDULE)


def wants_colour(terminal: bool, environ: Mapping[str, str]) -> bool:
    """Colours are for people only: a terminal, and nobody said NO_COLOR."""
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def namespec(row: Struct) -> str:
    """Return the name of a process, result or configuration struct as people type it."""
    return make_namespec(str(row["group"]), str(row["name"]))


def status_text(rows: Sequence[Struct], *, colour: bool) -> str:
    """Return the status table without a final newline; the layout is parsed by scripts."""
    names = [namespec(row) for row in rows]
    width = max(NAME_WIDTH, *map(len, names)) + 3 if names else 0
    return "\n".join(
        f"{name:<{width}}{_state(str(row['statename']), colour)}{row['description']}"
        for name, row in zip(names, rows, strict=True)
    )


def _state(state: str, colour: bool) -> str:
    code = COLOURS.get(state) if colour else None
    padding = " " * max(10 - len(state), 0)
    return f"\x1b[{code}m{state}\x1b[0m{padding}" if code else state + padding


def avail_text(rows: Sequence[Struct]) -> str:
    """Return the table of available processes without a final newline."""
    return "\n".join(
        f"{namespec(row):<32} {'in use' if row['inuse'] else 'avail':<9} {'auto' if row['autostart'] else 'manual':<9} "
        f"{row['group_prio']}:{row['process_prio']}"
        for row in rows
    )


def status_json(rows: Sequence[Struct], errors: Sequence[tuple[str, str]]) -> str:
    """Return one JSON array: an object per process, and ``{"name", "error"}`` for names that match nothing.

    Times are seconds since the epoch, 0 = never.
    """
    listed: list[Struct] = [{"name": name, "error": reason} for name, reason in errors]
    for row in rows:
        entry: Struct = {
            "name": namespec(row),
            "group": row["group"],
            "process": row["name"],
            "state": row["statename"],
            "statecode": row["state"],
            "description": row["description"],
        }
        listed.append(entry | {key: row[key] for key in JSON_FIELDS if key in row})
    return json_text(listed)


def avail_json(rows: Sequence[Struct]) -> str:
    """Return one JSON array with the settings of every available process, named like the XML-RPC fields."""
    return json_text([{**row, "name": namespec(row), "process": row["name"]} for row in rows])


def json_text(value: object) -> str:
    """Return ``value`` as indented JSON."""
    import json  # 5 ms, only for --json

    return json.dumps(value, indent=2, ensure_ascii=False)
