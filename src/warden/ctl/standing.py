"""Actions whose effect outlives the daemon: enable, disable, scale."""

from __future__ import annotations

from collections.abc import Sequence

from warden.ctl import codes, processes
from warden.ctl.api import Refusal, segment
from warden.ctl.codes import Exit
from warden.ctl.processes import NO_SUCH_PROCESS, Verb
from warden.ctl.session import Session

ENABLE = Verb(done="enabled", reasons=NO_SUCH_PROCESS)
DISABLE = Verb(done="disabled", reasons=NO_SUCH_PROCESS)
AS_CONFIGURED = "file"  # scale web=file


def enable(session: Session, words: Sequence[str]) -> None:
    """Let processes start by themselves; with --now, start them, too."""
    if (names := _order(session, ENABLE, "enable", words)) and "--now" in words:
        processes.start(session, names)


def disable(session: Session, words: Sequence[str]) -> None:
    """Let processes not start by themselves; with --now, stop them, too."""
    if (names := _order(session, DISABLE, "disable", words)) and "--now" in words:
        processes.stop(session, names)


def _order(session: Session, verb: Verb, action: str, words: Sequence[str]) -> list[str] | None:
    """Do it and return the names; None if there is nothing to go on with."""
    names = session.names([word for word in words if word != "--now"])
    if names is None:
        return None
    if not names:
        session.fail(f"Error: {action} requires a process name", Exit.INVALID_ARGS)
        return None
    answer = session.api("POST", f"/processes/{action}", {"namespecs": "all" if "all" in names else names})
    return names if processes.tell_results(session, verb, answer) else None


def scale(session: Session, words: Sequence[str]) -> None:
    """Change how many processes programs have, one program after the other."""
    for word in words:
        program, equals, number = word.partition("=")
        if not equals or not (number == AS_CONFIGURED or (number.isascii() and number.isdigit() and int(number))):
            session.fail(
                f"{word}: ERROR (scale takes program=number, 1 or more, or program={AS_CONFIGURED})", Exit.INVALID_ARGS
            )
            continue
        count = None if number == AS_CONFIGURED else int(number)
        try:
            changes = session.api("POST", f"/programs/{segment(program)}/scale", {"numprocs": count})
        except Refusal as refusal:
            if refusal.code == codes.SHUTDOWN_STATE:
                raise
            reason = "no such program" if refusal.code == codes.BAD_NAME else str(refusal)
            session.fail(f"{program}: ERROR ({reason})")
            continue
        _tell(session, program, changes)


def _tell(session: Session, program: str, changes: object) -> None:
    match changes:
        case {"added": list(added), "removed": list(removed)}:
            for name in added:
                session.output(f"{name}: added")
            for name in removed:
                session.output(f"{name}: removed")
            if not (added or removed):
                session.output(f"{program}: nothing to change")
        case _:
            session.fail(f"{program}: ERROR (the daemon answered something unexpected)")
