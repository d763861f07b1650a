"""Events of groups and of the daemon itself: start, shutdown, restart, groups that come and go, ticks."""

from __future__ import annotations

import signal

from differential.events_lives import OBEDIENT
from differential.events_recorder import END, Records, listener, shown
from differential.story import Story
from harness.daemon import Daemon

# Takes its time to stop, so that listeners are told before it is their turn.
_SLOW = "command = sh -c 'trap \"sleep 1; exit 0\" TERM; while :; do sleep 0.1; done'\nstartsecs = 0\n"
_ALL = "PROCESS_STATE,PROCESS_GROUP,SUPERVISOR_STATE_CHANGE,REMOTE_COMMUNICATION"  # but no ticks
_QUIET = "stdout_logfile = NONE\nstderr_logfile = NONE\n"


def _recorder(story: Story, events: str = _ALL, name: str = "heard") -> str:
    return f"""
[eventlistener:recorder]
command = {listener(story.home, name)}
events = {events}
buffer_size = 1000
payload_text = true
startsecs = 0
"""


def _program(name: str, more: str = "startsecs = 0\n") -> str:
    return f"[program:{name}]\n{OBEDIENT}{_QUIET}{more}"


def _end(story: Story, daemon: Daemon, name: str = "heard") -> Records:
    daemon.rpc("supervisor.sendRemoteCommEvent", "end", "")
    heard = Records(story.home / name)
    heard.wait_for(END)
    return heard


def start_and_shutdown(story: Story) -> None:
    """From the first event to the last one that a listener can be told."""
    config = _recorder(story) + f"[program:early]\n{_SLOW}priority = 1\n[program:late]\n{_SLOW}"
    with story.daemon(config) as daemon:
        for name in ("recorder", "early", "late"):
            daemon.wait_state(name, "RUNNING")
        heard = _end(story, daemon)
        events = [event for event in heard.events if "processname:" not in event]
        story.note("the daemon and its groups", events)
        story.note("the listener itself", _of(heard, "recorder"))
        story.note("first", heard.events[0])
        for name in ("early", "late"):
            story.note(f"{name} starts", _of(heard, name))
        seen = len(heard.events)
        daemon.signal(signal.SIGTERM)
        daemon.wait_end()
        # Whether the end of the last one is still told is a race between the listener and its own end.
        told = [event for event in heard.refresh()[seen:] if "STOPPED processname:early" not in event]
        story.note("shutdown", shown(told))


def restart(story: Story) -> None:
    """A restart over RPC: the next life begins with new poolserials; serials go on."""
    with story.daemon(f"{_recorder(story)}[program:p]\n{_SLOW}") as daemon:
        daemon.wait_state("p", "RUNNING")
        heard = _end(story, daemon)
        seen = len(heard.events)
        daemon.rpc("supervisor.restart")
        heard.wait_for("processname:p .*from_state:STARTING", seen)
        told = [event for event in heard.events[seen:] if "recorder" not in event and "_STOPPED" not in event]
        story.note("after it", shown(told))
        story.note("the first poolserial of the next life", [head["poolserial"] for head in heard.heads].count("0"))


def groups(story: Story) -> None:
    """Groups are added, changed and removed, over RPC and by supervisorctl."""
    recorder = _recorder(story, "PROCESS_GROUP,PROCESS_STATE,REMOTE_COMMUNICATION")
    with story.daemon(recorder + _program("a")) as daemon:
        heard = Records(story.home / "heard")
        heard.wait_for("RUNNING processname:a ")
        daemon.rewrite(
            recorder + _program("a") + _program("b") + "[group:g]\nprograms = c,d\n" + _program("c") + _program("d")
        )
        daemon.rpc("supervisor.reloadConfig")
        seen = 0
        for name, running in (("b", "b"), ("g", "d")):
            seen = len(heard.refresh())
            story.rpc(daemon, "addProcessGroup", name)
            heard.wait_for(f"RUNNING processname:{running} ", seen)
        heard.wait_for("RUNNING processname:c ", seen)
        story.rpc(daemon, "stopProcess", "b")
        story.rpc(daemon, "removeProcessGroup", "b")
        story.rpc(daemon, "removeProcessGroup", "g")  # it runs: refused, no event
        story.rpc(daemon, "addProcessGroup", "nope")
        daemon.rewrite(recorder + _program("a", "startsecs = 0\nexitcodes = 5\n"))
        story.ctl(daemon, "update")
        heard.wait_for("RUNNING processname:a .*", seen)
        _end(story, daemon)
        heard.refresh()
        story.note("groups", [event for event in heard.events if event.startswith("PROCESS_GROUP_")])
        for name in "abcd":
            story.note(f"events of {name}", _of(heard, name))
        story.note("a and its group", shown([event for event in heard.events if _group(event) == "a"]))


def _group(event: str) -> str:
    """Return the group that an event is about."""
    return event.rpartition("groupname:")[2].split()[0] if "groupname:" in event else ""


def pools_come_and_go(story: Story) -> None:
    """A listener pool is added and removed while the daemon runs; others hear of it."""
    recorder = _recorder(story, "PROCESS_GROUP,PROCESS_STATE,REMOTE_COMMUNICATION")
    second = _recorder(story, "REMOTE_COMMUNICATION,PROCESS_GROUP", "second").replace(":recorder", ":second")
    with story.daemon(recorder) as daemon:
        daemon.wait_state("recorder", "RUNNING")
        daemon.rewrite(recorder + second)
        story.ctl(daemon, "reread")
        story.ctl(daemon, "add", "second")
        daemon.wait_state("second", "RUNNING")
        daemon.rpc("supervisor.sendRemoteCommEvent", "one", "")
        added = _end(story, daemon, "second")
        story.note("what the new pool hears", added.events)
        story.note("its serials", added.serials())
        story.ctl(daemon, "stop", "second")
        story.ctl(daemon, "remove", "second")
        daemon.rpc("supervisor.sendRemoteCommEvent", "two", "")
        heard = Records(story.home / "heard")
        heard.wait_for("type:two")
        story.note("what the old pool hears", shown([event for event in heard.events if _group(event) != "recorder"]))
        story.note("what the removed pool has heard", added.refresh())


def members_of_groups(story: Story) -> None:
    """Names of processes and groups in payloads: groups, numprocs, names beyond ASCII."""
    config = _recorder(story, "PROCESS_STATE,REMOTE_COMMUNICATION")
    config += "[group:shop]\nprograms = web,db\n" + _program("web") + _program("db")
    config += _program("many", "startsecs = 0\nnumprocs = 3\nprocess_name = %(program_name)s-%(process_num)02d\n")
    config += _program("grün")
    with story.daemon(config) as daemon:
        heard = Records(story.home / "heard")
        names = ("web", "db", "many-00", "many-01", "many-02", "grün")
        for name in names:
            heard.wait_for(f"RUNNING processname:{name} ")
        daemon.rpc("supervisor.stopProcessGroup", "shop")
        daemon.rpc("supervisor.stopProcessGroup", "many")
        daemon.rpc("supervisor.stopProcess", "grün")
        _end(story, daemon)
        heard.refresh()
        for name in names:
            story.note(name, _of(heard, name))


def ticks(story: Story) -> None:
    with story.daemon(_recorder(story, "TICK")) as daemon:
        daemon.wait_state("recorder", "RUNNING")
        heard = Records(story.home / "heard")
        first = heard.wait_for("^TICK_5 when:")
        event = heard.events[first - 1]
        story.note("name and form", shown([event]))
        story.note("a multiple of its period", int(event.rpartition(":")[2]) % 5)


def _of(heard: Records, process: str) -> list[str]:
    return shown([event for event in heard.events if f"processname:{process} " in event])
