"""Listener pools with real children: what they get, and that none of them can harm the daemon or the others."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.waiting import until_true
from tests.daemon.stage import Stage, alone, play, program, python
from warden.config.model import ChannelConfig, GroupConfig, Kind, PoolConfig
from warden.events import types
from warden.events.effects import RejectEvent
from warden.events.listener import ListenerState
from warden.words import Autorestart, Phase

# Keeps everything it is sent: one record per event, ended by a NUL byte.  Answers with its last argument.
RECORDER = """\
import sys
say, hear, records = sys.stdout.buffer, sys.stdin.buffer, open(sys.argv[1], "ab", 0)
answer = sys.argv[2].encode()
while True:
    say.write(b"READY\\n")
    say.flush()
    head = hear.readline()
    if not head:
        break
    words = dict(word.split(b":", 1) for word in head.split())
    records.write(head + hear.read(int(words[b"len"])) + b"\\0")
    say.write(b"RESULT %d\\n%s" % (len(answer), answer))
    say.flush()
"""

Scenario = Callable[[Stage], Awaitable[None]]


def pool(name: str, *commands: str, events: str = "REMOTE_COMMUNICATION", **more: object) -> GroupConfig:
    """A pool with one listener per command, called a, b, ...; options of pool and programs by name."""
    ours = {key: more.pop(key) for key in tuple(more) if key in PoolConfig.__dataclass_fields__}
    config = PoolConfig(events=tuple(events.split(",")), **{"buffer_size": 100, **ours})  # type: ignore[arg-type]
    more.setdefault("startsecs", 0)
    listeners = [
        program(f"{name}_{letter}", command, **more) for letter, command in zip("abcdef", commands, strict=False)
    ]
    processes = tuple(replace(listener, kind=Kind.LISTENER) for listener in listeners)
    return GroupConfig(name=name, kind=Kind.LISTENER, priority=-1, processes=processes, pool=config)


@pytest.fixture
def recorder(tmp_path: Path) -> Callable[..., str]:
    """Return the command of a listener that records into ``tmp_path/<name>``."""
    script = tmp_path / "recorder.py"
    script.write_text(RECORDER)

    def command(name: str = "heard", answer: str = "OK") -> str:
        return f"{sys.executable} -S {script} {tmp_path / name} {answer}"

    return command


def records(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\0")[:-1] if path.exists() else []


def bodies(path: Path) -> list[bytes]:
    return [record.partition(b"\n")[2] for record in records(path)]


async def received(path: Path, count: int) -> None:
    await until_true(lambda: len(records(path)) >= count)


def publish(stage: Stage, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        stage.bus.publish(types.RemoteCommunicationEvent("n", str(number)))


def numbers(*values: int) -> list[bytes]:
    return [b"type:n\n%d" % value for value in values]


# --- what a pool gets


def test_events_arrive_in_order_with_their_headers(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        publish(stage, 3)
        await received(tmp_path / "heard", 3)

        assert records(tmp_path / "heard") == [
            b"ver:3.0 server:supervisor serial:%d pool:p poolserial:%d eventname:REMOTE_COMMUNICATION len:8\ntype:n\n%d"
            % (number, number, number)
            for number in range(3)
        ]

    play(tmp_path, scenario, pool("p", recorder()))


def test_one_event_has_one_serial_in_all_pools_and_none_is_used_up_for_nobody(
    tmp_path: Path, recorder: Callable[..., str]
) -> None:
    def on_tick(event: types.Event) -> None:  # a plugin that answers an event with another one, before the pools
        stage_.bus.publish(types.RemoteCommunicationEvent("n", "from a plugin"))

    async def scenario(stage: Stage) -> None:
        nonlocal stage_
        stage_ = stage
        stage.supervisor.start_all()
        stage.bus.subscribe(types.Tick5Event, on_tick)
        stage.bus.publish(types.Tick60Event(60))  # nobody's
        stage.bus.publish(types.Tick5Event(5))
        publish(stage, 1)
        await received(tmp_path / "one", 3)
        await received(tmp_path / "two", 2)

        def told(name: str) -> list[bytes]:
            return [word for record in records(tmp_path / name) for word in record.split() if word[:7] == b"serial:"]

        assert told("two") == [b"serial:%d" % number for number in (1, 2)]
        assert told("one") == [b"serial:%d" % number for number in (0, 1, 2)]

    stage_: Stage
    both = pool("one", recorder("one"), events="TICK_5,REMOTE_COMMUNICATION")
    play(tmp_path, scenario, both, pool("two", recorder("two")))


def test_overlapping_types_bring_an_event_once(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        publish(stage, 2)
        await received(tmp_path / "heard", 2)

        assert bodies(tmp_path / "heard") == numbers(0, 1)

    play(tmp_path, scenario, pool("p", recorder(), events="REMOTE_COMMUNICATION,REMOTE_COMMUNICATION"))


def test_a_listener_hears_of_itself_but_is_sent_nothing_once_it_is_to_stop(
    tmp_path: Path, recorder: Callable[..., str]
) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await received(tmp_path / "heard", 2)
        await stage.control.stop("p:p_a", wait=True)
        await stage.control.start("p:p_a", wait=True)
        await received(tmp_path / "heard", 6)

        heard = [body.split()[2] for body in bodies(tmp_path / "heard")]
        names = [record.split()[5].removeprefix(b"eventname:PROCESS_STATE_") for record in records(tmp_path / "heard")]
        assert names == [b"STARTING", b"RUNNING", b"STOPPING", b"STOPPED", b"STARTING", b"RUNNING"]
        assert heard[2:] == [
            b"from_state:RUNNING",
            b"from_state:STOPPING",
            b"from_state:STOPPED",
            b"from_state:STARTING",
        ]
        assert not [line for line in stage.said if "epipe" in line], "nobody wrote to a listener that was going"

    play(tmp_path, scenario, pool("p", recorder(), events="PROCESS_STATE"), level="debug")


def test_several_listeners_share_the_events_of_their_pool(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        publish(stage, 60)
        await until_true(lambda: len(records(tmp_path / "a")) + len(records(tmp_path / "b")) == 60)

        assert sorted(bodies(tmp_path / "a") + bodies(tmp_path / "b")) == sorted(numbers(*range(60)))

    play(tmp_path, scenario, pool("p", recorder("a"), recorder("b")))


def test_what_is_not_text_arrives_as_it_is_or_described(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        event = types.ProcessLogStdoutEvent(processname="x", groupname="x", pid=1, data=b"\xff")
        stage.bus.publish(event)
        await received(tmp_path / "plain", 1)
        await received(tmp_path / "text", 1)

        head = b"processname:x groupname:x pid:1 channel:stdout\n"
        assert bodies(tmp_path / "plain") == [head + b"\xff"]
        assert bodies(tmp_path / "text") == [head + b"Undecodable: b'\\xff'"]

    kinds = {"events": "PROCESS_LOG"}
    groups = pool("plain", recorder("plain"), **kinds), pool("text", recorder("text"), payload_text=True, **kinds)  # type: ignore[arg-type]
    play(tmp_path, scenario, *groups)


@pytest.mark.parametrize(
    ("code", "ends", "word"),
    [
        ("raise SystemExit(3)", Phase.EXITED, b"expected:0 pid:%d exitcode:3 requested:0 cause:exit"),
        (
            "import os; os.kill(os.getpid(), 9)",
            Phase.EXITED,
            b"expected:0 pid:%d signal:SIGKILL requested:0 cause:exit",
        ),
        ("import signal; signal.pause()", Phase.STOPPED, b"pid:%d signal:SIGTERM requested:1 cause:exit"),
    ],
)
def test_facts_stand_at_the_end_for_those_who_ask(
    tmp_path: Path, recorder: Callable[..., str], code: str, ends: Phase, word: bytes
) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("x", Phase.RUNNING)
        pid = process.state.pid
        if ends is Phase.STOPPED:
            await stage.control.stop("x", wait=True)
        await received(tmp_path / "facts", 1)
        await received(tmp_path / "plain", 1)

        (plain,) = (body for body in bodies(tmp_path / "plain") if b"processname:x " in body)
        (facts,) = (body for body in bodies(tmp_path / "facts") if b"processname:x " in body)
        end = word % pid
        assert facts.endswith(end)
        assert plain.endswith(end[: end.index(b"pid")] + b"pid:%d" % pid)

    events = f"PROCESS_STATE_{ends.name}"
    play(
        tmp_path,
        scenario,
        pool("f", recorder("facts"), events=events, payload_facts=True),
        pool("g", recorder("plain"), events=events),
        alone(program("x", python(code), startsecs=0, autorestart=Autorestart.NEVER)),
    )


# --- listeners that misbehave

ASK = "os.write(1, b'READY\\n'); os.read(0, 9999)"
WAIT = "signal.pause()"
MISBEHAVED = {
    "never says a word and never reads": WAIT,
    "is ready and never reads": f"os.write(1, b'READY\\n'); {WAIT}",
    "writes garbage": f"os.write(1, b'garbage\\n'); {WAIT}",
    "writes half a line": f"os.write(1, b'REA'); {WAIT}",
    "answers with garbage": f"{ASK}; os.write(1, b'fine!\\n'); {WAIT}",
    "answers half": f"{ASK}; os.write(1, b'RESULT 4\\nFA'); {WAIT}",
    "promises a petabyte": f"{ASK}; os.write(1, b'RESULT %d\\n' % 10**15); {WAIT}",
    "dies in mid-event": "os.write(1, b'READY\\n'); os.read(0, 9)",
    "dies at once": "os._exit(3)",
    "closes its stdin": f"os.close(0); os.write(1, b'READY\\n'); {WAIT}",
    "closes its stdout": f"os.close(1); {WAIT}",
    "fails for ever": f"\nwhile True: {ASK}; os.write(1, b'RESULT 4\\nFAIL')",
}


@pytest.mark.parametrize("code", MISBEHAVED.values(), ids=MISBEHAVED)
def test_one_listener_that_misbehaves_harms_nobody(tmp_path: Path, recorder: Callable[..., str], code: str) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("bad:bad_a", Phase.RUNNING, Phase.EXITED)
        publish(stage, 100)
        await received(tmp_path / "good", 100)
        publish(stage, 100, first=100)
        await received(tmp_path / "good", 200)

        assert bodies(tmp_path / "good") == numbers(*range(200))
        assert stage.errors == []

    bad = pool("bad", python(f"import os, signal\n{code}"), buffer_size=5)
    play(tmp_path, scenario, bad, pool("good", recorder("good"), buffer_size=200))


def test_a_listener_that_dies_gives_its_event_to_the_next_life(tmp_path: Path, recorder: Callable[..., str]) -> None:
    """The first life reads the event and dies, the second one gets it again, with the same serials."""
    script = tmp_path / "mortal.py"
    script.write_text(
        "import os\n"
        "if not os.path.exists('died'):\n"
        "    os.write(1, b'READY\\n'); os.read(0, 10)\n"
        "    open('died', 'w').close(); os._exit(1)\n" + RECORDER
    )

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        publish(stage, 3)
        await received(tmp_path / "heard", 3)

        assert bodies(tmp_path / "heard") == numbers(0, 1, 2)
        assert [line for line in stage.said if "rebuffering" in line] == [
            "DEBG rebuffering event 0 for pool p (buf size=2, max=100)"
        ]

    command = f"{sys.executable} -S {script} {tmp_path / 'heard'} OK"
    play(tmp_path, scenario, pool("p", command, directory=str(tmp_path)), level="debug")


def test_a_listener_that_fails_for_ever_is_asked_less_and_less_often(
    tmp_path: Path, recorder: Callable[..., str]
) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await stage.until("p:p_a", Phase.RUNNING)
        begin = asyncio.get_running_loop().time()
        publish(stage, 2)
        await received(tmp_path / "heard", 4)

        assert asyncio.get_running_loop().time() - begin > 0.1 + 0.2 + 0.4 - 0.05
        assert bodies(tmp_path / "heard") == numbers(0, 0, 0, 0), "nothing overtakes it"

    play(tmp_path, scenario, pool("p", recorder(answer="FAIL")))


def test_a_listener_that_answers_without_reading_is_given_up_when_too_much_waits(tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b'RESULT 2\\nOKREADY\\n'))\n"
        "os.write(1, b'READY\\n')\n"
        "while True: signal.pause()"
    )

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        process = await stage.until("p:p_a", Phase.RUNNING)
        pools = stage.supervisor.pools
        given_up = 0
        for number in range(20):  # a megabyte each; 16 may wait
            await until_true(lambda: pools.listener_state("p", "p_a") is ListenerState.READY)
            stage.bus.publish(types.RemoteCommunicationEvent("big", "x" * 1024 * 1024))
            if pools.listener_state("p", "p_a") is ListenerState.UNKNOWN:
                given_up = number
                break
            os.kill(process.state.pid, signal.SIGUSR1)

        assert given_up in (16, 17)
        assert process.state.phase is Phase.RUNNING
        assert stage.said[-1].startswith("WARN p_a: has entered the UNKNOWN state")

    play(tmp_path, scenario, pool("p", python(code)))


def test_an_unknown_listener_that_is_started_again_is_trusted_again(
    tmp_path: Path, recorder: Callable[..., str]
) -> None:
    script = tmp_path / "liar.py"
    script.write_text(
        "import os, signal\n"
        "if not os.path.exists('lied'):\n"
        "    open('lied', 'w').close(); os.write(1, b'liar liar\\n'); signal.pause()\n" + RECORDER
    )

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await until_true(lambda: stage.supervisor.pools.listener_state("p", "p_a") is ListenerState.UNKNOWN)
        publish(stage, 1)
        await stage.control.stop("p:p_a", wait=True)
        await stage.control.start("p:p_a", wait=True)
        await received(tmp_path / "heard", 1)

        assert bodies(tmp_path / "heard") == numbers(0)

    command = f"{sys.executable} -S {script} {tmp_path / 'heard'} OK"
    play(tmp_path, scenario, pool("p", command, directory=str(tmp_path)))


def test_an_overflow_is_logged_event_by_event_and_then_summed_up(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        publish(stage, 6)
        await until_true(lambda: any(" lost " in line for line in stage.said))

        assert stage.said == [
            *(f"ERRO pool p event buffer overflowed, discarding event {number}" for number in range(4)),
            "WARN pool p lost 4 events (4 since it was added): its buffer of 2 was full",
        ]

    play(tmp_path, scenario, pool("p", "/bin/cat", buffer_size=2))


def test_a_listener_that_is_ready_gets_the_first_message_of_a_chunk_and_the_buffer_the_others(
    tmp_path: Path, recorder: Callable[..., str]
) -> None:
    (tmp_path / "speaker.py").write_text(
        "import os, sys\n"
        "message = '<!--XSUPERVISOR:BEGIN-->%d<!--XSUPERVISOR:END-->'\n"
        "os.write(1, ''.join(message % number for number in range(4)).encode())\n"
    )
    speaker = program(
        "speaker",
        f"{sys.executable} -S {tmp_path}/speaker.py",
        stdout=ChannelConfig(logfile=None, capture_maxbytes=1000),
        autostart=False,
        autorestart=Autorestart.NEVER,
    )

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await until_true(lambda: stage.supervisor.pools.listener_state("p", "p_a") is ListenerState.READY)
        await stage.control.start("speaker", wait=False)
        await received(tmp_path / "heard", 4)

        assert [body.rpartition(b"\n")[2] for body in bodies(tmp_path / "heard")] == [b"0", b"1", b"2", b"3"]
        assert not any("overflowed" in line for line in stage.said)

    play(tmp_path, scenario, pool("p", recorder(), events="PROCESS_COMMUNICATION", buffer_size=3), alone(speaker))


def test_who_takes_no_notes_does_not_pile_up_what_would_be_noted(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        publish(stage, 50)
        await received(tmp_path / "heard", 50)
        running = stage.supervisor.pools.find("p")
        assert running is not None

        assert len(running.core.take_changes().over) <= 1

    play(tmp_path, scenario, pool("p", recorder()))


def test_a_pool_that_is_removed_says_what_it_lost(tmp_path: Path) -> None:
    async def scenario(stage: Stage) -> None:
        publish(stage, 3)
        stage.control.remove_group("p")

        assert stage.said[-1] == "WARN pool p lost 1 event (1 since it was added): its buffer of 2 was full"

    play(tmp_path, scenario, pool("p", "/bin/cat", buffer_size=2))


# --- result handlers


def reject_twice(event: types.Event, result: bytes, seen: list[bytes] = []) -> None:  # noqa: B006 - counts the calls
    seen.append(result)
    if len(seen) < 3:
        raise RejectEvent


def crash(event: types.Event, result: bytes) -> None:
    raise RuntimeError("of the plugin")


def test_a_result_handler_decides_and_gets_bytes(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        publish(stage, 2)
        await received(tmp_path / "heard", 4)

        assert bodies(tmp_path / "heard") == numbers(0, 0, 0, 1)

    handler = f"{__name__}:reject_twice"
    play(tmp_path, scenario, pool("p", recorder(answer="whatever"), result_handler=handler))


def test_a_result_handler_that_raises_costs_only_its_listener(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        publish(stage, 2)
        await received(tmp_path / "good", 2)
        await until_true(lambda: stage.supervisor.pools.listener_state("p", "p_a") is ListenerState.UNKNOWN)

        assert "WARN p_a: event caused an error" in stage.said
        assert any("RuntimeError: of the plugin" in line for line in (tmp_path / "main.log").read_text().splitlines())

    handler = f"{__name__}:crash"
    bad = pool("p", recorder("bad"), result_handler=handler)
    play(tmp_path, scenario, bad, pool("good", recorder("good")), level="debug")


# --- while the daemon runs


def test_pools_come_and_go(tmp_path: Path, recorder: Callable[..., str]) -> None:
    async def scenario(stage: Stage) -> None:
        publish(stage, 1)
        stage.next = replace(stage.config, groups=(pool("p", recorder("new")),))
        changes = await stage.control.reload_config()
        assert changes.added == ("p",)

        stage.control.add_group("p")
        publish(stage, 2, first=1)
        await received(tmp_path / "new", 2)
        await stage.control.stop("p:p_a", wait=True)
        stage.control.remove_group("p")
        publish(stage, 1, first=3)

        assert bodies(tmp_path / "new") == numbers(1, 2)
        assert stage.supervisor.pools.listener_state("p", "p_a") is None

    play(tmp_path, scenario)


def test_the_protocol_stands_in_the_listener_s_log_and_capture_is_not_looked_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os, signal; os.write(1, b'READY\\n<!--XSUPERVISOR:BEGIN-->x<!--XSUPERVISOR:END-->'); signal.pause()"

    async def scenario(stage: Stage) -> None:
        stage.supervisor.start_all()
        await until_true(lambda: log.exists() and b"END-->" in log.read_bytes())

        assert log.read_bytes() == b"READY\n<!--XSUPERVISOR:BEGIN-->x<!--XSUPERVISOR:END-->"
        assert not [event for event in stage.events if isinstance(event, types.ProcessCommunicationEvent)]

    stdout = ChannelConfig(logfile=str(log), maxbytes=0, capture_maxbytes=100, events_enabled=True)
    play(tmp_path, scenario, pool("p", python(code), stdout=stdout))
