"""The HTML pages: facts of the daemon through templates that escape everything."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import jinja2

from warden.errors import NoFile, RequestError
from warden.frozen import frozen
from warden.logs.ansi import AnsiStripper
from warden.rpc.control import Control, ProcessView
from warden.rpc.logs import read_now
from warden.rpc.xmltext import legal
from warden.web.actions import fault_text
from warden.words import RUNNING_PHASES, STOPPED_PHASES, VERSION, Channel, Mood, Phase, make_namespec

TAIL_MIN_BYTES = 1024
TAIL_MAX_BYTES = 1024 * 1024

_CLASS = {Phase.RUNNING: "statusrunning", Phase.FATAL: "statuserror", Phase.BACKOFF: "statuserror"}
_QUESTIONS = {
    "start": "Start {}?",
    "stop": "Stop {}?",
    "restart": "Restart {}?",
    "clearlog": "Clear the log of {}?",
    "stopall": "Stop all processes?",
    "restartall": "Restart all processes?",
}
_BANNERS = {
    Mood.SHUTDOWN: "The daemon is shutting down.",
    Mood.RESTARTING: "The daemon is restarting.",
}


@frozen(kw_only=True)
class Link:
    """One link of a row; a link without target only keeps its place."""

    label: str
    target: str = ""
    opens_window: bool = False


@frozen(kw_only=True)
class Row:
    """One process on the status page."""

    state: str
    state_class: str
    description: str
    namespec: str
    tail: str
    links: tuple[Link, ...]


# Read at import: the user that the daemon has become may not be able to later.
_TEMPLATES = {file.name: file.read_text(encoding="utf-8") for file in (Path(__file__).parent / "templates").iterdir()}


class Pages:
    """Renders pages; ``token`` marks forms as ours and changes with every start of the daemon."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._templates = jinja2.Environment(
            loader=jinja2.DictLoader(_TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.token = secrets.token_urlsafe(24)

    def status(self, message: str | None) -> str:
        """Return the status page."""
        rows = [_row(view) for view in self._control.processes()]
        return self._render(
            "status.html", rows=rows, message=message, banner=_BANNERS.get(self._control.mood), version=VERSION
        )

    def tail(self, namespec: str | None, limit: str | None, channel: Channel) -> str:
        """Return the page with the end of a log; ``limit`` is the number of bytes as it was asked for."""
        wanted = _limit(limit)
        again = None
        if namespec is not None:
            again = f"tail.html?processname={quote(namespec, safe='')}&limit={wanted}"
            again += "&channel=stderr" if channel is Channel.STDERR else ""
        return self._render(
            "tail.html", namespec=namespec, text=self._tail_text(namespec, wanted, channel), again=again
        )

    def confirmation(self, fields: Mapping[str, str]) -> str:
        """Return the page that asks before an action of an old link; ``fields`` are those of the request."""
        question = _QUESTIONS[fields["action"]].format(fields.get("processname", ""))
        kept = {name: fields[name] for name in ("action", "processname") if name in fields}
        return self._render("confirm.html", question=question, fields={**kept, "token": self.token})

    def refusal(self) -> str:
        """Return the page for a request that another site's page made a browser send."""
        return self._render("refused.html")

    def _tail_text(self, namespec: str | None, wanted: int, channel: Channel) -> str:
        if namespec is None:
            return "No process name found"
        try:
            data = read_now(self._control.log_path(namespec, channel), -wanted, 0)
        except NoFile:
            return f"No file for {namespec}"
        except RequestError as error:
            return f"ERROR: {fault_text(error)}"
        stripper = AnsiStripper()
        plain = stripper.feed(data) + stripper.close()
        return plain.decode("utf-8", "replace")

    def _render(self, template: str, **facts: object) -> str:
        return legal(self._templates.get_template(template).render(facts))


def _limit(text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdigit():
        return TAIL_MIN_BYTES
    return max(TAIL_MIN_BYTES, min(int(text[:12]), TAIL_MAX_BYTES))


def _row(view: ProcessView) -> Row:
    namespec = make_namespec(view.group, view.name)
    quoted = quote(namespec, safe="")
    return Row(
        state=view.phase.name.lower(),
        state_class=_CLASS.get(view.phase, "statusnominal"),
        description=view.description,
        namespec=namespec,
        tail=f"tail.html?processname={quoted}",
        links=(*_actions(view.phase, quoted), *_logs(view, quoted)),
    )


def _actions(phase: Phase, quoted: str) -> tuple[Link, ...]:
    def link(label: str, action: str) -> Link:
        return Link(label=label, target=f"index.html?processname={quoted}&action={action}")

    hidden = Link(label="Action")
    if phase is Phase.RUNNING:
        first = (link("Restart", "restart"), link("Stop", "stop"))
    elif phase in RUNNING_PHASES:
        first = (hidden, link("Stop", "stop"))
    elif phase in STOPPED_PHASES and phase is not Phase.UNKNOWN:
        first = (link("Start", "start"), hidden)
    else:
        first = (hidden, hidden)
    return (*first, link("Clear Log", "clearlog"))


def _logs(view: ProcessView, quoted: str) -> tuple[Link, ...]:
    links = []
    if view.stdout_logfile:
        links.append(Link(label="Tail -f Stdout", target=f"logtail/{quoted}", opens_window=True))
    if view.stderr_logfile:
        links.append(Link(label="Tail -f Stderr", target=f"logtail/{quoted}/stderr", opens_window=True))
    return tuple(links)
