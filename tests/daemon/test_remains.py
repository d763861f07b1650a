"""What a brain before us has left, as its successor reads it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daemon.stage import alone, program
from warden.config.model import Config, GroupConfig, ServerConfig
from warden.daemon.codec import Undecodable
from warden.daemon.notes import Facts, Notes
from warden.daemon.records import Group, Process
from warden.daemon.remains import Remains
from warden.process.step import Announce, SendSignal, Spawn, State
from warden.process.trial import Trial
from warden.rpc.insight import Transition
from warden.runtime.kept import Found
from warden.runtime.parent import FoundChild
from warden.runtime.record import Record, Unreadable
from warden.runtime.slot import InFlight, Slot
from warden.words import Channel, ExitStatus, Mood, Phase

WEB = alone(program("web"))
DB = alone(program("db"))
CONFIG = Config(
    path="/etc/conf", server=ServerConfig(logfile=None, pidfile="/run/pid", childlogdir="/tmp"), groups=(WEB, DB)
)


class Predecessor:
    """A brain that takes notes and is gone; ``found`` is what the keeper has of it."""

    def __init__(self) -> None:
        self.found = Found()
        self.slot = Slot()
        self.record = Record(self._hold, pytest.fail)
        self.notes = Notes(self.record, self.slot)
        self.notes.begin(CONFIG)

    def _hold(self, fd: int) -> None:
        self._let_go("record")
        self.found.held["record"] = os.dup(fd)

    def _let_go(self, name: str) -> None:
        if name in self.found.held:
            os.close(self.found.held.pop(name))

    def remains(self) -> Remains:
        """Return what a successor finds."""
        self._let_go("slot")
        self.found.held["slot"] = os.dup(self.slot.fd)
        return Remains.of(self.found)

    def close(self) -> None:
        self.notes.close()
        self._let_go("record")
        self._let_go("slot")


@pytest.fixture
def before() -> Iterator[Predecessor]:
    one = Predecessor()
    yield one
    one.close()


def process(config: GroupConfig, **state: Any) -> Process:
    return Process(config.processes[0], config.name, outputs={}, state=State(**state))


def child(life: int, name: str, **more: Any) -> FoundChild:
    return FoundChild(life=life, tag={"name": name}, pid=1000 + life, ends=[], born=5.0, **more)


def test_a_brain_that_has_just_begun_leaves_its_configuration(before: Predecessor) -> None:
    remains = before.remains()

    assert remains.config == CONFIG
    assert remains.groups == (WEB, DB)  # none was made yet: all are to be
    assert (remains.whole, remains.made, remains.announced, remains.begun) == (True, False, False, False)
    assert remains.mood is Mood.RUNNING
    assert remains.effects() == {}


def test_once_all_groups_are_made_those_count_that_were_noted(before: Predecessor) -> None:
    before.notes.group(Group(WEB, {}))
    before.notes.all_made()

    assert before.remains().groups == (WEB,)


def test_how_far_the_session_had_come_is_known(before: Predecessor) -> None:
    before.notes.since(77.0)
    before.notes.starting()
    waiting = before.remains()
    states = [(waiting.announced, waiting.begun)]
    before.notes.all_started()
    before.notes.mood(Mood.SHUTDOWN)
    later = before.remains()
    states.append((later.announced, later.begun))

    assert states == [(True, False), (True, True)]
    assert (later.mood, later.since) == (Mood.SHUTDOWN, 77.0)


def test_effects_count_until_they_are_carried_out(before: Predecessor) -> None:
    web = process(WEB, phase=Phase.STARTING)
    effects = [Announce(Phase.STARTING, Phase.STOPPED, tries=0, pid=0), Spawn()]
    before.notes.step(web, effects)
    before.notes.write()
    ordered = before.remains().effects()
    before.notes.done()

    assert ordered == {"web": effects}
    assert before.remains().effects() == {}


def test_of_several_steps_the_last_one_may_not_have_been_carried_out(before: Predecessor) -> None:
    web = process(WEB)
    before.notes.step(web, [Spawn()])
    before.notes.done()
    before.notes.step(web, [SendSignal(7, 15, to_group=False)])

    before.notes.write()

    assert before.remains().effects() == {"web": [SendSignal(7, 15, to_group=False)]}


def test_facts_of_a_process_are_the_latest(before: Predecessor) -> None:
    web = process(WEB, phase=Phase.RUNNING, pid=7)
    web.restarts = 3
    web.last_exit = ExitStatus(code=1)
    before.notes.facts(process(WEB, phase=Phase.STARTING))
    before.notes.facts(web)

    assert before.remains().process("web", 0.0) == Facts(state=web.state, restarts=3, last_exit=ExitStatus(code=1))
    assert before.remains().process("db", 0.0) is None


def test_an_update_on_trial_is_remembered_until_it_is_none(before: Predecessor) -> None:
    trial = Trial(seconds=60.0, touched=("web",), groups=(WEB,), running=("web",), deadline=1234.5, why="why")
    before.notes.trial(trial)
    known = before.remains().trial
    before.notes.trial(None)

    assert known == trial
    assert before.remains().trial is None


def test_what_is_gone_left_nothing(before: Predecessor) -> None:
    web = process(WEB, phase=Phase.RUNNING, pid=7)
    before.notes.facts(web)
    before.notes.history(web, Transition(at=1.0, phase=Phase.RUNNING, previous=Phase.STARTING, cause="x"))
    before.notes.write()
    had = before.remains()
    before.notes.group_gone(Group(WEB, {"web": web}))
    has = before.remains()

    assert (len(had.history("web")), has.history("web")) == (1, [])
    assert has.process("web", 0.0) is None


def test_children_are_handed_out_once_and_the_rest_are_strays(before: Predecessor) -> None:
    before.found.children = [child(1, "web"), child(2, "db")]
    remains = before.remains()

    first, second = remains.child(1), remains.child(1)

    assert (first, second) == (before.found.children[0], None)
    assert remains.strays() == [before.found.children[1]]


def test_the_chunk_under_way_is_for_its_owner_alone(before: Predecessor) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"half a line")
    before.slot.read(reader, 5, 77, 1000)
    remains = before.remains()

    assert remains.chunk(4) is None
    assert remains.chunk(5) == InFlight(before.slot.number, 5, b"half a line", 77, 1000)
    os.close(reader)
    os.close(writer)


def test_without_a_record_the_programs_that_run_are_what_is_known() -> None:
    running, ended = child(1, "web"), child(2, "db", status=ExitStatus(code=0), at=6.0)
    remains = Remains(Found(children=[running, ended], facts={"why": "it fell"}), None, CONFIG)

    facts = remains.process("web", 8.0)

    assert facts is not None
    assert facts.state == State(phase=Phase.RUNNING, pid=1001, started_at=5.0)
    assert remains.process("db", 8.0) is None
    assert (remains.config, remains.groups) == (CONFIG, CONFIG.groups)
    assert (remains.announced, remains.begun, remains.why) == (True, True, "it fell")
    assert (remains.chunk(0), remains.effects()) == (None, {})
    remains.slot.close()


@pytest.mark.parametrize("content", [b"", b"warden-record 2", b"warden-record 3\n", b"something else\n"])
def test_a_record_of_another_format_is_none(content: bytes) -> None:
    fd = os.memfd_create("record")
    os.write(fd, content)

    with pytest.raises(Unreadable):
        Remains.of(Found(held={"record": fd}))
    os.close(fd)


def test_a_record_that_nobody_holds_is_none() -> None:
    with pytest.raises(KeyError):
        Remains.of(Found())


@pytest.mark.parametrize("part", range(0, 100, 9))
def test_a_record_that_was_cut_off_tells_what_was_noted_before(before: Predecessor, part: int) -> None:
    whole = os.fstat(before.found.held["record"]).st_size
    before.notes.mood(Mood.SHUTDOWN)
    size = os.fstat(before.found.held["record"]).st_size
    os.ftruncate(before.found.held["record"], whole + (size - whole) * part // 100)

    remains = before.remains()

    assert remains.config == CONFIG
    assert remains.mood is Mood.RUNNING


SPOILERS: dict[str, Callable[[Predecessor], None]] = {
    "a state of tomorrow": lambda one: one.record.put(("process web", {"state": {"mind": 1}})),
    "a history of tomorrow": lambda one: one.record.put(("+history web", [{"when": 1}])),
    "an effect of tomorrow": lambda one: one.record.put(("effects", [1, "web", [["Spawn", {"how": 1}]]])),
    "a listener of tomorrow": lambda one: one.record.put(("pool web listener web", [1, {"mood": 1}])),
}


def test_what_can_be_read_passes_the_check(before: Predecessor) -> None:
    before.notes.facts(process(WEB, phase=Phase.RUNNING, pid=7))

    assert before.remains().check() is None


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_a_version_that_does_not_understand_a_fact_knows_before_it_takes_over(
    before: Predecessor, spoil: Callable[[Predecessor], None]
) -> None:
    spoil(before)

    with pytest.raises(Undecodable):
        before.remains().check()


def test_what_a_channel_held_back_is_of_one_life(before: Predecessor) -> None:
    before.record.put(("held stdout web", [5, 99, {"stripper": "G1s="}]))
    remains = before.remains()
    chunk = InFlight(99, 0, b"x", 0, 0)

    held = remains.held("web", Channel.STDOUT, 5)

    assert held is not None
    assert held.stripper == b"\x1b["
    assert remains.held("web", Channel.STDOUT, 6) is None
    assert remains.was_logged(chunk, "web", Channel.STDOUT)
    assert not remains.was_logged(chunk, "web", Channel.STDERR)
