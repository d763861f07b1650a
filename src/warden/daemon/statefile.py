"""The state file: what outlives the daemon, as JSON with a version; read strictly, written atomically."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field

from warden.frozen import frozen
from warden.rpc.insight import Transition
from warden.words import Phase

VERSION = 1
_MODE = 0o600  # causes name users, and command lines may be in them


@frozen(kw_only=True)
class Remembered:
    """What a state file says.

    ``disabled`` are namespecs that do not start by themselves, ``scales`` the
    numprocs that somebody chose, by program, ``history`` the last changes of
    phase by namespec, oldest first, ``due`` the next moments of schedules by
    namespec, in seconds since the epoch.
    """

    disabled: frozenset[str] = frozenset()
    scales: Mapping[str, int] = field(default_factory=dict)
    history: Mapping[str, tuple[Transition, ...]] = field(default_factory=dict)
    due: Mapping[str, float] = field(default_factory=dict)


def load(path: str) -> Remembered:
    """Read a state file; one that does not exist says nothing.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what ``encode`` writes, or somebody else may have
            put it there; the text says why.
    """
    try:
        with open(path, "rb") as file:
            _require_ours(path, os.fstat(file.fileno()).st_uid)
            return decode(file.read())
    except FileNotFoundError:
        return Remembered()


def decode(data: bytes) -> Remembered:
    """Read the content of a state file; raises ValueError."""
    match json.loads(data):
        case {"version": 1, "disabled": list(disabled), "scales": dict(scales), "history": dict(history), **more}:
            return Remembered(
                disabled=frozenset(_text(name) for name in disabled),
                scales={program: _number(count) for program, count in scales.items()},
                history={name: tuple(map(_transition, steps)) for name, steps in history.items()},
                due=_moments(more.get("due", {})),  # older files have none
            )
        case {"version": version} if version != VERSION:
            raise ValueError(f"its version is {version!r}, and only {VERSION} is known")
        case _:
            raise ValueError("it is not a state file")


def encode_steps(steps: Iterable[Transition]) -> bytes:
    """Write one history."""
    return json.dumps([_plain(step) for step in steps], separators=(",", ":")).encode()


def decode_steps(data: bytes) -> tuple[Transition, ...]:
    """Read what ``encode_steps`` has written."""
    return tuple(map(_transition, json.loads(data)))


def encode(
    disabled: Iterable[str], scales: Mapping[str, int], history: Mapping[str, bytes], due: Mapping[str, float]
) -> Iterator[bytes]:
    """Give the pieces of a state file; histories are what ``encode_steps`` returned, by namespec."""
    yield b'{"version":%d,\n"disabled":%s,\n"scales":%s,\n"due":%s,\n"history":{' % (
        VERSION,
        json.dumps(sorted(disabled)).encode(),
        json.dumps(dict(sorted(scales.items()))).encode(),
        json.dumps(dict(sorted(due.items()))).encode(),
    )
    between = b""
    for name in sorted(history):
        yield b"%s%s:%s" % (between, json.dumps(name).encode(), history[name])
        between = b",\n"
    yield b"}}\n"


def write(path: str, pieces: Iterable[bytes]) -> None:
    """Put the new content in the place of the old one, or leave that untouched.

    Raises:
        OSError: the system refuses; a full disk, say.
    """
    new = f"{path}.new"
    try:
        with suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)  # never one that somebody put there
        with open(descriptor, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
        raise


def _require_ours(path: str, owner: int) -> None:
    """Where everybody may make files, as in ``/tmp``, believe only in our own and root's; raises ValueError."""
    folder = os.stat(os.path.dirname(path) or os.curdir)
    if owner not in (0, os.geteuid()) and folder.st_mode & stat.S_IWOTH:
        raise ValueError(f"it belongs to uid {owner}, in a directory where everybody may make files")


def set_aside(path: str) -> str:
    """Rename a broken state file, so that it can be looked at, and return its new path; raises OSError."""
    broken = f"{path}.broken"
    os.replace(path, broken)
    return broken


def _plain(step: Transition) -> dict[str, object]:
    plain = {"at": step.at, "phase": step.phase.name, "previous": step.previous.name, "cause": step.cause}
    return plain | {name: value for name in ("pid", "exit", "sent") if (value := getattr(step, name))}


def _transition(plain: object) -> Transition:
    if not isinstance(plain, dict) or not isinstance(at := plain.get("at"), int | float):
        raise ValueError(f"{plain!r} is not a change of phase")
    return Transition(
        at=at,
        phase=_phase(plain.get("phase")),
        previous=_phase(plain.get("previous")),
        cause=_text(plain.get("cause")),
        pid=_number(plain.get("pid", 0)),
        exit=_text(plain.get("exit", "")),
        sent=_text(plain.get("sent", "")),
    )


def _phase(value: object) -> Phase:
    if value not in Phase.__members__:
        raise ValueError(f"{value!r} is not a phase")
    return Phase[str(value)]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _moments(plain: object) -> Mapping[str, float]:
    if not isinstance(plain, dict) or not all(isinstance(moment, int | float) for moment in plain.values()):
        raise ValueError(f"{plain!r} are not the moments of schedules")
    return plain


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a number")
    return value
