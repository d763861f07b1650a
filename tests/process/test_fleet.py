"""Order across processes: start, stop, and the groups of a shutdown one after the other."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from warden.config.model import GroupConfig, ProcessConfig
from warden.process.fleet import Member, ShutdownPlan, start_order, stop_order


def group(name: str, priority: int, *priorities: int) -> GroupConfig:
    processes = tuple(ProcessConfig(name=f"p{i}", command="x", priority=p) for i, p in enumerate(priorities))
    return GroupConfig(name=name, priority=priority, processes=processes)


def names(members: Sequence[Member]) -> list[str]:
    return [f"{member.group.name}:{member.process.name}" for member in members]


FLEET = [group("late", 999, 5, 1), group("pool", -1, 999), group("idle", 500), group("later", 999, 7)]


def test_start_order_is_ascending_by_priority_and_keeps_the_order_of_creation_among_equals() -> None:
    assert names(start_order(FLEET)) == ["pool:p0", "late:p1", "late:p0", "later:p0"]


def test_stop_order_is_the_reverse() -> None:
    assert names(stop_order(FLEET)) == ["later:p0", "late:p0", "late:p1", "pool:p0"]


def test_a_shutdown_takes_one_group_after_the_other() -> None:
    plan = ShutdownPlan(stop_order(FLEET))

    assert names(plan.begin()) == ["later:p0"]
    assert names(plan.ended("later", "p0")) == ["late:p0", "late:p1"]
    assert names(plan.ended("late", "p0")) == []
    assert names(plan.waiting()) == ["late:p1", "pool:p0"]
    assert names(plan.ended("late", "p1")) == ["pool:p0"]
    assert not plan.complete
    assert names(plan.ended("pool", "p0")) == []
    assert plan.complete


def test_a_group_that_ended_before_its_turn_is_skipped_at_once() -> None:
    plan = ShutdownPlan(stop_order(FLEET))
    plan.begin()

    assert plan.ended("late", "p0") == plan.ended("late", "p1") == []
    assert names(plan.ended("later", "p0")) == ["pool:p0"]


def test_an_end_is_counted_once_and_strangers_do_not_count() -> None:
    plan = ShutdownPlan(stop_order(FLEET))
    plan.begin()

    assert names(plan.ended("later", "p0")) == ["late:p0", "late:p1"]
    assert plan.ended("later", "p0") == plan.ended("late", "nobody") == plan.ended("idle", "p0") == []


def test_with_nothing_alive_the_shutdown_is_complete_before_it_begins() -> None:
    plan = ShutdownPlan([])

    assert (plan.begin(), plan.waiting(), plan.complete) == ([], [], True)


fleets = st.lists(st.tuples(st.integers(-1, 3), st.lists(st.integers(0, 3), max_size=4)), max_size=6).map(
    lambda rows: [group(f"g{i}", priority, *priorities) for i, (priority, priorities) in enumerate(rows)]
)


@given(fleets)
def test_every_process_starts_exactly_once_and_groups_are_not_mixed(groups: list[GroupConfig]) -> None:
    order = start_order(groups)

    assert sorted(names(order)) == sorted(f"{g.name}:{p.name}" for g in groups for p in g.processes)
    keys = [(m.group.priority, groups.index(m.group), m.process.priority, int(m.process.name[1:])) for m in order]
    assert keys == sorted(keys)


@given(fleets, st.randoms(use_true_random=False), st.data())
def test_every_member_is_ordered_once_and_never_before_all_higher_groups_ended(
    groups: list[GroupConfig], rng: random.Random, data: st.DataObject
) -> None:
    """Processes end in any order: when told to, or by themselves before."""
    alive = [member for member in stop_order(groups) if rng.random() < 0.8]
    plan = ShutdownPlan(alive)
    left = set(names(alive))
    ordered: list[str] = []

    orders = plan.begin()
    while True:
        if orders:
            assert names(orders) == [name for name in names(alive) if name in left][: len(orders)], "in stop order"
            assert len({member.group.name for member in orders}) == 1, "one group at a time"
            assert not left & set(ordered), "the group before has ended"
            ordered += names(orders)
        assert set(names(plan.waiting())) == left
        if not left:
            break
        assert left & set(ordered), "somebody was told to stop"
        ending = data.draw(st.sampled_from(sorted(left)))
        left.remove(ending)
        orders = plan.ended(*ending.split(":"))

    assert plan.complete
    assert len(ordered) == len(set(ordered))
