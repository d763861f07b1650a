"""Whatever is asked for and whatever happens, no dependency is violated and nobody is left behind."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from warden.config.model import Dependency, GroupConfig, Policy, ProcessConfig
from warden.process.dependencies import ALIVE, Dependencies, Fact, Leave, Order
from warden.process.ending import Fate, is_final
from warden.process.fleet import ShutdownPlan, stop_order
from warden.process.machine import transition
from warden.process.step import (
    Effect,
    Event,
    Exited,
    GiveUp,
    RestartRequested,
    SendSignal,
    Spawn,
    Spawned,
    SpawnFailed,
    StartRequested,
    State,
    Tick,
)
from warden.words import STOPPED_PHASES, Autorestart, Condition, ExitStatus, Health, Phase

Name = tuple[str, str]
ENDS = (ExitStatus(code=0), ExitStatus(code=1), ExitStatus(signum=9))


class Fleet:
    """Records, and a world in which children are born late and end when the script wants it."""

    def __init__(self, groups: list[GroupConfig]) -> None:
        self.groups = groups
        self.config = {(group.name, process.name): process for group in groups for process in group.processes}
        self.state = {name: State() for name in self.config}
        self.leaving: dict[Name, Leave | None] = dict.fromkeys(self.config)
        self.ready = dict.fromkeys(self.config, False)
        self.unborn: set[Name] = set()
        self.told_to_end: set[Name] = set()
        self.inbox: list[tuple[Name, Event | Leave]] = []
        self.now, self.next_pid = 1000.0, 1
        self.plan: ShutdownPlan | None = None
        self.dependencies = Dependencies(lambda: groups, self.look)

    def look(self, name: Name) -> Fact:
        state = self.state[name]
        ready = self.ready[name] and bool(state.pid)
        return Fact(
            phase=state.phase,
            ready=ready,
            health=Health.HEALTHY if ready else Health.UNKNOWN,
            final=is_final(Fate(state, self.config[name].policy, state.exitstatus, starts=True, started=True)),
            finished=state.phase is Phase.EXITED and state.exitstatus == ENDS[0],
            waiting=state.waiting,
            leaving=self.leaving[name],
            story=state.phase.name,
        )

    # --- what the daemon does

    def ask(self, name: Name, event: Event | Leave) -> None:
        self.inbox.append((name, event))
        while self.inbox:
            name, event = self.inbox.pop(0)
            if isinstance(event, Leave):
                self.leave(name, event)
            else:
                self.advance(name, event)

    def leave(self, name: Name, leave: Leave) -> None:
        self.leaving[name] = leave
        first = self.dependencies.stop(name)
        if first is None:
            self.inbox.append((name, leave.event()))
        else:
            self.obey(first)

    def obey(self, orders: list[Order]) -> None:
        self.inbox += orders

    def advance(self, name: Name, event: Event) -> None:
        before, policy = self.state[name], self.config[name].policy
        if isinstance(event, StartRequested) and self.plan is not None:
            return
        held = self.plan is not None or self.dependencies.held(name)
        self.state[name], effects = transition(before, event, self.now, policy, held=held)
        state = self.state[name]
        for effect in effects:
            self.check(name, effect, event)
        if state.deadline is not None and state.deadline <= self.now and not self.answer_is_due(name):
            self.inbox.append((name, Tick(self.plan is None)))
        leaving = self.leaving[name]
        if leaving is not None and event == leaving.event():
            self.leaving[name] = None
        if self.plan is not None and state.phase in STOPPED_PHASES and before.phase is not state.phase:
            self.order(self.plan.ended(*name))
        if state.waiting and isinstance(event, StartRequested):
            self.obey(self.dependencies.start(name, event.cause))
        if (state.phase, state.pid, state.waiting) != (before.phase, before.pid, before.waiting):
            self.obey(self.dependencies.changed(name))

    def answer_is_due(self, name: Name) -> bool:
        return self.state[name].phase is Phase.STARTING and not self.state[name].pid

    def go_down(self) -> None:
        alive = [
            member
            for member in stop_order(self.groups)
            if self.state[member.group.name, member.process.name].phase not in STOPPED_PHASES
        ]
        self.plan = ShutdownPlan(alive)
        self.order(self.plan.begin())
        self.ask(next(iter(self.state)), Tick(False))  # let the inbox run

    def order(self, members) -> None:  # type: ignore[no-untyped-def]
        for member in members:
            name = (member.group.name, member.process.name)
            give_up = self.state[name].phase is Phase.BACKOFF
            self.inbox.append((name, GiveUp() if give_up else Leave("the daemon goes down")))

    # --- what must hold

    def check(self, name: Name, effect: Effect, event: Event) -> None:
        if isinstance(effect, Spawn):
            assert self.plan is None, "nothing starts while the daemon goes down"
            for target, condition in self.needs(name):
                assert self.holds(target, condition), f"{name} started, but {target} is not {condition}"
            self.unborn.add(name)
            self.ready[name] = False
        if isinstance(effect, SendSignal):
            if not effect.forced and not isinstance(event, RestartRequested):
                staying = [other for other in self.lasting(name) if self.state[other].phase in ALIVE]
                assert not staying, f"{name} was told to stop before {staying}"
            self.told_to_end.add(name)

    def needs(self, name: Name) -> list[tuple[Name, Condition]]:
        return [((need.name, need.name), need.condition) for need in self.config[name].depends_on]

    def lasting(self, name: Name) -> list[Name]:
        return [
            other
            for other in self.config
            if any(target == name and condition is not Condition.FINISHED for target, condition in self.needs(other))
        ]

    def holds(self, name: Name, condition: Condition) -> bool:
        state = self.state[name]
        if condition is Condition.FINISHED:
            return state.phase is Phase.EXITED and state.exitstatus == ENDS[0]
        if condition is Condition.STARTED:
            return state.phase is Phase.RUNNING
        return state.phase in (Phase.STARTING, Phase.RUNNING) and bool(state.pid) and self.ready[name]

    def idle(self) -> list[Name]:
        """Return who waits, or is to stop, for no reason: nothing will ever happen to them."""
        found = []
        for name, state in self.state.items():
            if state.waiting and self.plan is None:
                unmet = [target for target, condition in self.needs(name) if not self.holds(target, condition)]
                stopping = self.leaving[name] or any(self.leaving[target] for target, _ in self.needs(name))
                if not (unmet or stopping) or not self.dependencies.obstacles(name):
                    found.append(name)
            if self.leaving[name] is not None and all(
                self.state[other].phase not in ALIVE for other in self.lasting(name)
            ):
                found.append(name)
        return found

    # --- what the world does

    def birth(self, name: Name, works: bool) -> None:
        self.unborn.discard(name)
        self.next_pid += 1
        self.ask(name, Spawned(self.next_pid) if works else SpawnFailed("no"))

    def exit(self, name: Name, status: ExitStatus) -> None:
        self.told_to_end.discard(name)
        self.ready[name] = False
        self.ask(name, Exited(status))

    def find_ready(self, name: Name) -> None:
        self.ready[name] = True
        self.obey(self.dependencies.changed(name))
        self.ask(name, Tick())

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for name, state in tuple(self.state.items()):
            if state.deadline is not None and state.deadline <= self.now:
                self.ask(name, Tick(self.plan is None))

    def settle(self) -> None:
        """Let everybody be born, and end who was told to."""
        for _ in range(100 * len(self.state)):
            if self.unborn:
                self.birth(next(iter(self.unborn)), works=True)
            elif self.told_to_end:
                self.exit(next(iter(self.told_to_end)), ENDS[2])
            else:
                return
        raise AssertionError("there is no end to it")


policies = st.builds(
    Policy,
    startsecs=st.sampled_from([0, 1]),
    startretries=st.integers(0, 2),
    autorestart=st.sampled_from(Autorestart),
    autostart=st.booleans(),
)


@st.composite
def fleets(draw: st.DrawFn) -> list[GroupConfig]:
    """Each program may need those before it; priorities are at odds with that."""
    groups = []
    for number in range(draw(st.integers(2, 6))):
        needed = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        depends_on = tuple(
            Dependency(name=f"p{other}", condition=draw(st.sampled_from(Condition))) for other in sorted(needed)
        )
        process = ProcessConfig(name=f"p{number}", command="x", policy=draw(policies), depends_on=depends_on)
        groups.append(GroupConfig(name=f"p{number}", priority=draw(st.integers(0, 3)), processes=(process,)))
    return groups


def happen(fleet: Fleet, rng: random.Random) -> None:
    """Let one thing happen that can happen now."""
    name = rng.choice(list(fleet.state))
    living = [one for one, state in fleet.state.items() if state.pid]
    what = rng.randrange(8)
    if what == 0 and fleet.plan is None:
        fleet.ask(name, StartRequested())
    elif what == 1:
        fleet.ask(name, Leave("stop requested"))
    elif what == 2 and living:
        fleet.exit(rng.choice(living), rng.choice(ENDS))
    elif what == 3:
        fleet.pass_time(rng.choice([0.5, 1, 5, 20]))
    elif what == 4 and living:
        fleet.find_ready(rng.choice(living))
    elif what == 5 and living and fleet.plan is None:
        fleet.ask(rng.choice(living), RestartRequested("unhealthy"))
    elif fleet.unborn:
        fleet.birth(rng.choice(sorted(fleet.unborn)), works=rng.random() < 0.8)


@settings(max_examples=400, deadline=None)
@given(fleets(), st.randoms(use_true_random=False), st.integers(0, 60))
def test_no_start_comes_too_early_and_no_stop(groups: list[GroupConfig], rng: random.Random, length: int) -> None:
    fleet = Fleet(groups)
    for _ in range(length):
        happen(fleet, rng)
        assert fleet.idle() == []


@settings(max_examples=300, deadline=None)
@given(fleets(), st.randoms(use_true_random=False), st.integers(0, 40))
def test_stopping_all_leaves_nobody_running_and_nobody_waiting(
    groups: list[GroupConfig], rng: random.Random, length: int
) -> None:
    fleet = Fleet(groups)
    for _ in range(length):
        happen(fleet, rng)

    while fleet.unborn:
        fleet.birth(next(iter(fleet.unborn)), works=True)
    names = list(fleet.state)
    rng.shuffle(names)
    for name in names:
        fleet.ask(name, Leave("stop requested"))
    fleet.settle()

    assert {state.phase for state in fleet.state.values()} <= STOPPED_PHASES
    assert not any(state.waiting for state in fleet.state.values())
    assert not any(fleet.leaving.values())


@settings(max_examples=300, deadline=None)
@given(fleets(), st.randoms(use_true_random=False), st.integers(0, 40), st.integers(0, 10))
def test_a_shutdown_in_the_middle_of_anything_comes_to_an_end(
    groups: list[GroupConfig], rng: random.Random, length: int, after: int
) -> None:
    fleet = Fleet(groups)
    for _ in range(length):
        happen(fleet, rng)

    while fleet.unborn:
        fleet.birth(next(iter(fleet.unborn)), works=True)
    fleet.go_down()
    for _ in range(after):
        happen(fleet, rng)
    fleet.settle()

    assert {state.phase for state in fleet.state.values()} <= STOPPED_PHASES
    assert fleet.plan is not None
    assert fleet.plan.complete


@settings(max_examples=300, deadline=None)
@given(fleets(), st.randoms(use_true_random=False))
def test_what_can_start_does_in_the_end(groups: list[GroupConfig], rng: random.Random) -> None:
    """When everything works, one request brings up a process with all that it needs."""
    fleet = Fleet(groups)
    last = list(fleet.state)[-1]

    fleet.ask(last, StartRequested())
    for _ in range(200):
        for name in sorted(fleet.unborn):
            fleet.birth(name, works=True)
        for name, state in tuple(fleet.state.items()):
            if state.pid and any((name, Condition.FINISHED) in fleet.needs(other) for other in fleet.config):
                fleet.pass_time(2)
                if fleet.state[name].pid and not lives_on(fleet, name):
                    fleet.exit(name, ENDS[0])
            elif state.pid and not fleet.ready[name]:
                fleet.find_ready(name)
        fleet.pass_time(2)
        assert fleet.idle() == []

    impossible = any(
        (name, Condition.FINISHED) in fleet.needs(other)
        and (lives_on(fleet, name) or fleet.config[name].policy.autorestart is Autorestart.ALWAYS)
        for name in fleet.config
        for other in fleet.config
    )
    assert impossible or fleet.state[last].phase is Phase.RUNNING


def lives_on(fleet: Fleet, name: Name) -> bool:
    """Whether somebody needs the process to run, whatever others want."""
    return bool(fleet.lasting(name))
