"""The keeper as its brains see it: programs, descriptors and signals outlive whoever asked for them."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from harness.waiting import until
from runtime.keeper_stage import FakeBrain, KeeperStage, read_all

if sys.platform != "linux":
    pytest.skip("a keeper needs process descriptors", allow_module_level=True)

PTRACE_SEIZE = 0x4206  # linux/ptrace.h


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- programs


def test_the_pid_of_a_program_is_told_and_later_how_it_ended(brain: FakeBrain) -> None:
    reader, writer = os.pipe()

    brain.spawn(7, "/bin/sh", "-c", "echo hello; exit 3", stdout=writer)
    os.close(writer)
    ended = brain.hears("ended")

    assert (ended["life"], ended["status"]) == (7, {"code": 3})
    assert read_all(reader) == b"hello\n"
    os.close(reader)


def test_a_program_that_a_signal_ends_is_told_as_such(brain: FakeBrain) -> None:
    pid = brain.spawn(1, "/bin/sleep", "1000")

    os.kill(pid, signal.SIGKILL)

    assert brain.hears("ended")["status"] == {"signum": signal.SIGKILL}


def test_the_dead_keep_their_pid_until_they_are_buried(brain: FakeBrain) -> None:
    pid = brain.spawn(1, "/bin/true")
    brain.hears("ended")
    assert is_there(pid)

    brain.wish("bury", lives=[1])
    _, _, children = brain.ask()

    assert children == []
    assert not is_there(pid)


def test_nobody_is_buried_twice(brain: FakeBrain) -> None:
    brain.wish("bury", lives=[99])

    facts, _, _ = brain.ask()

    assert facts["name"] == "kept"  # and no bug was told before


def test_a_program_without_room_for_its_descriptors_is_refused(stage: KeeperStage, brain: FakeBrain) -> None:
    in_use = len(os.listdir(f"/proc/{stage.process.pid}/fd"))
    resource.prlimit(stage.process.pid, resource.RLIMIT_NOFILE, (in_use, 4096))

    with open(os.devnull, "r+b") as nothing:
        brain.wish("spawn", [nothing.fileno()] * 3, life=5, tag={}, plan={}, fds=3)
        answer = brain.hears("failed")

    assert (answer["life"], answer["text"]) == (5, "Too many open files")


def test_the_end_of_a_program_is_told_when_somebody_who_traces_it_lets_go(stage: KeeperStage, brain: FakeBrain) -> None:
    pid = brain.spawn(1, "/bin/sleep", "1000")
    brain.ask()  # all is at rest
    if ctypes.CDLL(None).ptrace(PTRACE_SEIZE, pid, None, None) != 0:
        pytest.skip("we may not trace others")

    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    facts, _, children = brain.ask()  # answered all the same
    os.waitpid(pid, 0)

    assert facts["name"] == "kept"
    assert [row["status"] for row, _ends in children] == [None]
    assert brain.hears("ended")["status"] == {"signum": signal.SIGKILL}


@pytest.mark.parametrize("others_unburied", [False, True])
def test_orphans_of_programs_are_reaped_and_told(brain: FakeBrain, others_unburied: bool) -> None:
    reader, writer = os.pipe()
    script = "exec 3<&0; /bin/sh -c 'echo $$; exec >&- 2>&-; read -r word <&3; exit 5' &"
    feed, food = os.pipe()

    brain.spawn(1, "/bin/sh", "-c", script, stdin=feed, stdout=writer)
    os.close(feed)
    os.close(writer)
    orphan = int(read_all(reader))
    brain.hears("ended")
    if not others_unburied:
        brain.wish("bury", lives=[1])
    os.write(food, b"go\n")
    if others_unburied:
        until(lambda: " Z " in Path(f"/proc/{orphan}/stat").read_text(), lambda: "the orphan ends")
        brain.wish("bury", lives=[1])
    stranger = brain.hears("stranger")

    assert (stranger["pid"], stranger["status"]) == (orphan, {"code": 5})
    assert not is_there(orphan)
    os.close(food)
    os.close(reader)


# --- descriptors


def test_what_is_held_under_a_name_is_the_latest_and_can_be_dropped(brain: FakeBrain) -> None:
    fds = [os.memfd_create(name) for name in ("old", "new", "other")]
    for fd, text in zip(fds, (b"old", b"new", b"other"), strict=True):
        os.pwrite(fd, text, 0)

    brain.wish("hold", [fds[0]], name="record")
    brain.wish("hold", [fds[1]], name="record")
    brain.wish("hold", [fds[2]], name="slot")
    brain.wish("drop", name="slot")
    brain.wish("drop", name="never was")
    _, held, _ = brain.ask()

    assert {name: os.pread(fd, 10, 0) for name, fd in held.items()} == {"record": b"new"}
    for fd in (*fds, *held.values()):
        os.close(fd)


def test_more_descriptors_than_fit_into_a_message_come_in_parts(stage: KeeperStage, brain: FakeBrain) -> None:
    with open(os.devnull, "rb") as file:
        for number in range(70):  # more than one turn of the keeper, and more than one part
            brain.wish("hold", [file.fileno()], name=f"fd {number}")

    _, held, _ = brain.ask()

    assert list(held) == [f"fd {number}" for number in range(70)]
    for fd in held.values():
        os.close(fd)


# --- the end of a brain


def test_the_next_brain_gets_all_there_is(stage: KeeperStage, brain: FakeBrain) -> None:
    ours, theirs = os.pipe()
    lives = brain.spawn(1, "/bin/sleep", "1000", ends=[ours])
    brain.spawn(2, "/bin/sh", "-c", "exit 4")
    brain.hears("ended")
    brain.wish("hold", [theirs], name="end")
    brain.ask(programs=False)

    brain.kill()
    facts, held, children = stage.next_brain().ask()

    assert facts["why"] == f"the brain (pid {brain.pid}) ended (killed by signal 9)"
    assert (facts["trial"], facts["failures"]) == (False, 0)
    rows = [(row["life"], row["tag"], row["status"], len(fds)) for row, fds in children]
    assert rows == [(1, {"name": "p1"}, None, 1), (2, {"name": "p2"}, {"code": 4}, 0)]
    assert children[0][0]["pid"] == lives
    os.write(held["end"], b"through")
    assert os.read(children[0][1][0], 10) == b"through"
    for fd in (ours, theirs, held["end"], *children[0][1]):
        os.close(fd)


def test_the_pipes_of_many_programs_are_those_of_each(stage: KeeperStage, brain: FakeBrain) -> None:
    """They come in several messages, and some of the programs have ended meanwhile."""
    writers = {}
    for life in range(1, 121):
        reader, writers[life] = os.pipe()
        brain.spawn(life, "/bin/sleep", "1000", ends=[reader])
        os.close(reader)
    brain.wish("bury", lives=list(range(1, 121, 3)))
    brain.kill()

    _, _, children = stage.next_brain().ask()

    lives = [row["life"] for row, _ends in children]
    assert lives == [life for life in range(1, 121) if life % 3 != 1]
    for row, (reader,) in children:
        os.write(writers[row["life"]], b"%d" % row["life"])
        assert os.read(reader, 10) == b"%d" % row["life"]
        os.close(reader)
    for writer in writers.values():
        os.close(writer)


@pytest.mark.parametrize("life", [1, 60])
def test_a_program_that_ends_while_a_brain_asks_is_known_to_it(stage: KeeperStage, brain: FakeBrain, life: int) -> None:
    pids = {life: brain.spawn(life, "/bin/sleep", "1000") for life in range(1, 61)}
    brain.kill()
    successor = stage.next_brain()
    successor.wish("hello", first=True, programs=True)
    rows = successor.hears("part")["children"]

    os.kill(pids[life], signal.SIGKILL)
    until(lambda: " Z " in Path(f"/proc/{pids[life]}/stat").read_text(), lambda: "the program ends")
    last = False
    while not last:
        successor.wish("hello", first=False, programs=True)
        part = successor.hears("part")
        last = part["last"]
        rows += part.get("children", [])

    said = [(row["life"], row["status"]) for row in rows if row["status"]]
    if not said:
        news = successor.hears("ended")
        said = [(news["life"], news["status"])]
    assert said == [(life, {"signum": signal.SIGKILL})]


def test_a_last_wish_that_nobody_understands_costs_neither_the_others_nor_the_next_brain(
    stage: KeeperStage, brain: FakeBrain
) -> None:
    with open(os.devnull, "rb") as file:
        os.kill(stage.process.pid, signal.SIGSTOP)
        for _ in range(100):  # more than are heard in one turn
            brain.wish("drop", name="unknown")
        brain.wish("dance")
        brain.wish("hold", [file.fileno()], name="kept")
        brain.kill()
        os.kill(stage.process.pid, signal.SIGCONT)

    _, held, _ = stage.next_brain().ask()

    assert list(held) == ["kept"]
    os.close(held["kept"])


def test_what_a_brain_still_wanted_is_done(stage: KeeperStage, brain: FakeBrain) -> None:
    with open(os.devnull, "rb") as file:
        os.kill(stage.process.pid, signal.SIGSTOP)
        for number in range(150):
            brain.wish("hold", [file.fileno()], name=f"fd {number}")
        brain.kill()
        os.kill(stage.process.pid, signal.SIGCONT)

    _, held, _ = stage.next_brain().ask()

    assert len(held) == 150
    for fd in held.values():
        os.close(fd)


def test_a_program_that_ends_while_there_is_no_brain_is_known_to_the_next(stage: KeeperStage, brain: FakeBrain) -> None:
    pid = brain.spawn(1, "/bin/sleep", "1000")
    brain.kill()
    successor = stage.next_brain()

    os.kill(pid, signal.SIGKILL)
    until(lambda: " Z " in Path(f"/proc/{pid}/stat").read_text(), lambda: "the program ends")
    _, _, children = successor.ask()

    status = children[0][0]["status"] or successor.hears("ended")["status"]
    assert status == {"signum": signal.SIGKILL}


def test_a_brain_that_says_goodbye_ends_the_daemon_with_that_status(stage: KeeperStage, brain: FakeBrain) -> None:
    brain.wish("bye", status=42)
    brain.end(0)

    assert stage.status() == 42


@pytest.mark.parametrize(("end", "status"), [(lambda brain: brain.end(3), 3), (FakeBrain.kill, 2)])
def test_a_daemon_whose_first_brain_cannot_start_ends_as_that_brain_did(
    stage: KeeperStage, end: object, status: int
) -> None:
    assert callable(end)

    end(stage.next_brain())

    assert stage.status() == status


def test_brains_that_do_not_come_up_are_counted_until_one_does(stage: KeeperStage, brain: FakeBrain) -> None:
    brain.end(1)
    stage.next_brain().end(6)
    second = stage.next_brain()
    failures = second.ask()[0]["failures"]
    second.end(1)
    third = stage.next_brain()
    facts, _, _ = third.ask()
    third.wish("up")
    third.kill()

    assert (failures, facts["failures"]) == (1, 2)
    assert facts["why"] == f"the brain (pid {second.pid}) ended (exit status 1)"
    assert stage.next_brain().ask()[0]["failures"] == 0


# --- signals


def test_signals_to_the_keeper_are_for_the_brain(stage: KeeperStage, brain: FakeBrain) -> None:
    os.kill(stage.process.pid, signal.SIGHUP)

    assert brain.hears("signal")["signum"] == signal.SIGHUP


def test_signals_wait_until_a_brain_is_up(stage: KeeperStage, brain: FakeBrain) -> None:
    brain.kill()
    successor = stage.next_brain()
    os.kill(stage.process.pid, signal.SIGTERM)
    successor.ask()

    successor.wish("up")

    assert successor.hears("signal")["signum"] == signal.SIGTERM


# --- the unexpected


def test_a_bug_costs_one_wish_and_is_told(brain: FakeBrain) -> None:
    brain.wish("dance")
    bug = brain.hears("bug")
    facts, _, _ = brain.ask()

    assert "KeyError: 'dance'" in bug["text"]
    assert facts["here"] == "/"


def test_the_keeper_has_the_name_by_which_people_find_the_daemon(stage: KeeperStage, brain: FakeBrain) -> None:
    brain.ask()

    assert Path(f"/proc/{stage.process.pid}/comm").read_text() == "kept\n"


# --- upgrade


@pytest.fixture
def candidate(stage: KeeperStage, brain: FakeBrain) -> FakeBrain:
    """A new version that is tried beside the brain."""
    brain.wish("upgrade")
    return stage.next_brain()


def test_a_new_version_takes_over_when_the_old_one_has_made_way(
    stage: KeeperStage, brain: FakeBrain, candidate: FakeBrain
) -> None:
    facts, _, _ = candidate.ask()
    candidate.wish("fit", version="9.9")
    asked = brain.hears("yield")
    brain.wish("yielded")
    candidate.hears("go")
    candidate.wish("up")
    brain.hears("retire")
    brain.end(0)
    os.kill(stage.process.pid, signal.SIGUSR2)

    assert facts["trial"] is True
    assert asked["version"] == "9.9"
    assert candidate.hears("signal")["signum"] == signal.SIGUSR2
    candidate.wish("bye", status=0)
    candidate.end(0)
    assert stage.status() == 0


def test_while_the_new_version_takes_over_news_is_for_it(brain: FakeBrain, candidate: FakeBrain) -> None:
    brain.spawn(1, "/bin/sleep", "1000")
    _, _, children = candidate.ask()
    candidate.wish("fit", version="9.9")
    brain.hears("yield")
    brain.wish("yielded")
    candidate.hears("go")

    os.kill(children[0][0]["pid"], signal.SIGKILL)

    assert candidate.hears("ended")["life"] == 1


def test_a_version_that_is_not_fit_is_refused_with_its_reason(
    stage: KeeperStage, brain: FakeBrain, candidate: FakeBrain
) -> None:
    candidate.wish("unfit", why="it cannot read the record")

    assert brain.hears("refused")["why"] == "it cannot read the record"
    assert candidate.is_cut_off()


def test_a_version_that_ends_at_its_start_is_refused(brain: FakeBrain, candidate: FakeBrain) -> None:
    candidate.end(3)

    assert brain.hears("refused")["why"] == "the new version ended at its start (exit status 3)"


def test_a_version_that_cannot_be_started_is_refused(stage: KeeperStage, brain: FakeBrain) -> None:
    stage.program.unlink()

    brain.wish("upgrade")

    assert brain.hears("refused")["why"] == f"cannot start {stage.program}: No such file or directory"


def test_the_old_version_goes_on_when_the_new_one_ends_after_it_has_made_way(
    brain: FakeBrain, candidate: FakeBrain
) -> None:
    candidate.ask()
    candidate.wish("fit", version="9.9")
    brain.hears("yield")
    brain.wish("yielded")
    candidate.hears("go")

    candidate.kill()

    assert brain.hears("resume")["why"] == "the new version ended at its start (killed by signal 9)"


def test_a_brain_that_makes_way_for_nobody_goes_on(brain: FakeBrain) -> None:
    brain.wish("yielded")

    assert brain.hears("resume")["say"] == "resume"


def test_one_version_is_tried_at_a_time_and_only_for_the_brain(
    stage: KeeperStage, brain: FakeBrain, candidate: FakeBrain
) -> None:
    candidate.wish("upgrade")
    brain.wish("upgrade")
    brain.wish("fit", version="mine")
    brain.wish("unfit", why="mine")
    candidate.wish("unfit", why="not fit")

    assert brain.hears("refused")["why"] == "not fit"


def test_a_brain_that_dies_while_a_version_is_tried_gets_a_successor(
    stage: KeeperStage, brain: FakeBrain, candidate: FakeBrain
) -> None:
    brain.kill()

    successor = stage.next_brain()

    assert candidate.is_cut_off()
    assert successor.ask()[0]["why"] == f"the brain (pid {brain.pid}) ended (killed by signal 9)"
