"""Commands on the daemon itself: version, open, reload, shutdown."""

from __future__ import annotations

from collections.abc import Sequence

from warden.ctl import codes, processes
from warden.ctl.client import Fault
from warden.ctl.session import Session
from warden.ctl.wire import NoSocketFile, Refused

SCHEMES = ("http://", "https://", "unix://")


def version(session: Session, _words: Sequence[str]) -> None:
    """Show the version of the server."""
    if session.preflight():
        session.output(session.client.text("getSupervisorVersion"))


def open_(session: Session, words: Sequence[str]) -> None:
    """Talk to another server from now on and show its status."""
    url = words[0] if words else ""
    try:
        if not url.startswith(SCHEMES):
            raise ValueError
        session.open(url)
    except ValueError:
        session.fail("ERROR: url must be http:// or unix://")
        return
    before = session.exitstatus
    processes.status(session, ())
    session.exitstatus = before  # an error that is raised instead still counts


def reload(session: Session, words: Sequence[str]) -> None:
    """Restart the daemon and all its processes; with names, let these processes read their configuration again."""
    if words:
        processes.reload(session, words)
        return
    if not session.confirmed("Really restart the remote supervisord process y/N? "):
        return
    try:
        session.client.call("restart")
    except Fault as fault:
        if fault.code != codes.SHUTDOWN_STATE:
            raise
        session.fail("ERROR: already shutting down")
    else:
        session.output("Restarted supervisord")


def upgrade(session: Session, _words: Sequence[str]) -> None:
    """Let the installed version of the daemon take over; no program is touched."""
    before = session.api("GET", "/daemon")
    session.api("POST", "/daemon/upgrade")
    after = session.api("GET", "/daemon")  # whoever takes over answers it
    match before, after:
        case {"version": old, "brain": gone}, {"version": new, "brain": brain} if gone != brain:
            session.output(f"Upgraded supervisord from {old} to {new}")
        case _, {"upgrade_failure": str(why)}:
            session.fail(f"ERROR: the upgrade failed: {why}")
        case _:
            session.fail("ERROR: the upgrade failed")


def shutdown(session: Session, _words: Sequence[str]) -> None:
    """Shut the daemon down."""
    if not session.confirmed("Really shut the remote supervisord process down y/N? "):
        return
    try:
        session.client.call("shutdown")
    except Fault as fault:
        if fault.code != codes.SHUTDOWN_STATE:
            raise
        session.output("ERROR: already shutting down")  # what was wanted, so no failure
    except (NoSocketFile, Refused) as error:
        session.fail(f"ERROR: {error} (already shut down?)")
    else:
        session.output("Shut down")
