"""Who may be replaced by the parent itself: whoever needs nothing but a start, while it is RUNNING."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from daemon.stage import SLEEP, program
from warden.config.bounds import Limits
from warden.config.model import Dependency, FcgiSocketConfig, Healthcheck, Schedule
from warden.config.probes import Probe, Way
from warden.daemon.records import Process
from warden.daemon.reflexes import Reflexes
from warden.runtime.parent import Order
from warden.runtime.reflex import FLAGS, Flags, flags_file
from warden.runtime.spawn import SpawnPlan
from warden.words import Autorestart, Phase

PLAN = SpawnPlan(tuple(SLEEP.split()), SLEEP.split()[0], {})
EXTRAS: dict[str, dict[str, object]] = {
    "it does not come back": {"autorestart": Autorestart.NEVER},
    "limits": {"limits": Limits(nice=5)},
    "a socket": {"socket": FcgiSocketConfig(program="p", url="unix:///s", path="/s")},
    "a schedule": {"schedule": Schedule(rules=("0 * * * *",))},
    "readiness": {"ready": Probe(Way.NOTIFY)},
    "health": {"healthcheck": Healthcheck(probe=Probe(Way.EXEC, "true"))},
    "a watchdog": {"watchdog_secs": 3.0},
    "dependencies": {"depends_on": (Dependency(name="other"),)},
}


@pytest.fixture
def flags() -> Flags:
    fd = flags_file()
    shared = Flags(fd)
    os.close(fd)
    return shared


@pytest.fixture
def reflexes(flags: Flags) -> Reflexes:
    return Reflexes(lambda: flags)


def process(**more: object) -> Process:
    return Process(program("p", SLEEP, autorestart=more.pop("autorestart", Autorestart.ALWAYS), **more), "p", {})


def enter(reflexes: Reflexes, process: Process, phase: Phase) -> None:
    process.state = replace(process.state, phase=phase)
    reflexes.follow(process)


def test_an_order_stands_while_its_process_runs(reflexes: Reflexes, flags: Flags) -> None:
    one = process()
    assert reflexes.order(one, PLAN) == Order(0, ())
    assert not flags.stands(0)
    for phase in Phase:
        enter(reflexes, one, phase)
        assert flags.stands(0) == (phase is Phase.RUNNING)


def test_exit_codes_that_are_expected_are_part_of_it(reflexes: Reflexes) -> None:
    one = process(autorestart=Autorestart.UNEXPECTED, exitcodes=(0, 2))
    assert reflexes.order(one, PLAN) == Order(0, (0, 2))


def test_each_process_has_a_flag_of_its_own_for_all_its_lives(reflexes: Reflexes) -> None:
    one, other = process(), process()
    orders = [reflexes.order(each, PLAN) for each in (one, other, one)]
    assert [order and order.flag for order in orders] == [0, 1, 0]


def test_the_flag_of_one_who_goes_is_for_another(reflexes: Reflexes, flags: Flags) -> None:
    one, other = process(), process()
    reflexes.order(one, PLAN)
    enter(reflexes, one, Phase.RUNNING)
    reflexes.forget(one)
    assert not flags.stands(0)
    assert reflexes.order(other, PLAN) == Order(0, ())


@pytest.mark.parametrize("more", EXTRAS.values(), ids=EXTRAS)
def test_what_takes_more_than_a_start_is_not_ordered(reflexes: Reflexes, more: dict[str, object]) -> None:
    assert reflexes.order(process(**more), PLAN) is None


@pytest.mark.parametrize("plan", [PLAN.but(argv=("sleep", "1")), PLAN.but(refusal="no such user")])
def test_a_plan_that_is_made_anew_each_time_is_not_ordered(reflexes: Reflexes, plan: SpawnPlan) -> None:
    assert reflexes.order(process(), plan) is None


def test_listeners_and_trees_are_not_ordered(reflexes: Reflexes) -> None:
    listener, tree = process(), process()
    listener.on_stdout = lambda _data: None
    tree.mark = 1
    assert [reflexes.order(each, PLAN) for each in (listener, tree)] == [None, None]


def test_an_order_ends_when_the_process_becomes_one_that_needs_more(reflexes: Reflexes, flags: Flags) -> None:
    one = process()
    reflexes.order(one, PLAN)
    enter(reflexes, one, Phase.RUNNING)
    one.config = replace(one.config, watchdog_secs=1.0)
    assert reflexes.order(one, PLAN) is None
    assert not flags.stands(0)


def test_no_order_stands_when_the_daemon_goes_down(reflexes: Reflexes, flags: Flags) -> None:
    one, other = process(), process()
    for each in (one, other):
        reflexes.order(each, PLAN)
        enter(reflexes, each, Phase.RUNNING)
    reflexes.close()
    assert not flags.stands(0)
    enter(reflexes, other, Phase.RUNNING)
    assert not flags.stands(1)
    assert reflexes.order(process(), PLAN) is None


def test_without_room_there_is_no_order(reflexes: Reflexes) -> None:
    given = [reflexes.order(process(), PLAN) for _ in range(FLAGS + 1)]
    assert None not in given[:-1]
    assert given[-1] is None


def test_a_parent_without_reflexes_gets_no_orders() -> None:
    one = process()
    reflexes = Reflexes(lambda: None)
    assert reflexes.order(one, PLAN) is None
    enter(reflexes, one, Phase.RUNNING)
    reflexes.close()
