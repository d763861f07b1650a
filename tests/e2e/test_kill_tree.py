"""With kill_tree nobody of a program's tree outlives its child, whatever ends it, with and without a keeper."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2e.survivors import Successor, alive, brain_of, kill_both
from harness.cgroups import own_cgroup
from harness.daemon import SERVER, Daemon
from harness.sides import WARDEN
from harness.waiting import until
from warden.runtime import census

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who lives is read from /proc")

# Each line writes its pid into the file ``pids``: in the group, in a session, a daemon, without environment in the
# group, and one that ignores SIGTERM.
TREE = """\
(sh -c 'echo $$ >> pids; exec sleep 1000' &)
setsid sh -c 'echo $$ >> pids; exec sleep 1000' &
(setsid sh -c '(sh -c "echo \\$\\$ >> pids; exec sleep 1000" &)' &)
env -i sh -c 'echo $$ >> pids; exec sleep 1000' &
setsid sh -c 'trap "" TERM; echo $$ >> pids; exec sleep 1000' &
"""
MEMBERS = 5
# A hook that leaves somebody behind, and waits until he is there.
LEAVES = (
    'sh -c \'setsid sh -c "echo \\$\\$ >> pids; touch left.$SUPERVISOR_HOOK; exec sleep 1000" & '
    "until test -e left.$SUPERVISOR_HOOK; do sleep 0.02; done"
)


class Grove:
    """A daemon whose program ``web`` has a tree."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def pids(self) -> list[int]:
        path = self.daemon.home / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def living(self) -> list[int]:
        return [pid for pid in self.pids() if alive(pid)]

    def grown(self, lives: int = 1) -> Grove:
        """Wait until the whole tree of so many lives was there."""
        until(lambda: len(self.pids()) >= lives * MEMBERS, lambda: f"the tree is there: {self.pids()}")
        return self

    def said(self, part: str) -> list[str]:
        return [message for _level, message in self.daemon.log() if part in message]


Plant = Callable[..., Grove]


@pytest.fixture(params=["keeper", "alone"])
def plant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plant]:
    """Make a grove; ``then`` is what the child does when it has made its tree."""
    if request.param == "alone" and os.environ.get("WARDEN_TEST_KEEPER") == "off":
        pytest.skip("the other one is without a keeper, too")
    with ExitStack() as groves:

        def make(then: str = "exec sleep 1000", options: str = "", server: str = "") -> Grove:
            (tmp_path / "tree.sh").write_text(f"{TREE}{then}\n")
            mode = "" if request.param == "keeper" else "keeper = false\n"
            program = f"[program:web]\ncommand=sh tree.sh\ndirectory=%(here)s\nkill_tree=true\nstartsecs=0\n{options}"
            grove = Grove(Daemon(WARDEN, tmp_path, program, server=SERVER + mode + server))
            groves.callback(lambda: [os.kill(pid, signal.SIGKILL) for pid in grove.living()])
            groves.enter_context(grove.daemon)
            return grove

        yield make


def test_after_a_stop_nobody_lives(plant: Plant) -> None:
    grove = plant().grown()

    ran = grove.daemon.ctl("stop", "web")

    assert ran.stdout == "web: stopped\n"
    assert grove.living() == []
    assert grove.said("ended 4 processes that it had left: ")
    assert grove.said("killed ")
    assert "killed " in grove.daemon.ctl("why", "web").stdout


def test_after_a_restart_only_the_new_tree_lives(plant: Plant) -> None:
    grove = plant().grown()
    before = grove.pids()

    grove.daemon.ctl("restart", "web")

    assert [pid for pid in before if alive(pid)] == []
    assert len(grove.grown(2).living()) == MEMBERS


@pytest.mark.parametrize("end", ["kill -9 $$", "exit 1", "exit 0"])
def test_the_next_life_starts_only_when_the_tree_of_a_child_that_ended_by_itself_is_gone(
    end: str, plant: Plant
) -> None:
    first = f"test -f again && exec sleep 1000; touch again; while test $(wc -l < pids) -lt {MEMBERS}; do :; done; "
    grove = plant(first + end, "autorestart=true\n")

    grove.daemon.wait_line("spawned: 'web'", 2)

    grove.grown(2)
    assert [pid for pid in grove.pids()[:MEMBERS] if alive(pid)] == []
    said = grove.said("web")
    [killed] = [place for place, message in enumerate(said) if "killed " in message]
    [_, second] = [place for place, message in enumerate(said) if message.startswith("spawned: 'web'")]
    assert killed < second


def test_after_a_shutdown_nobody_lives(plant: Plant) -> None:
    grove = plant().grown()

    grove.daemon.signal(signal.SIGTERM)
    status = grove.daemon.wait_end()

    assert status == 0
    assert grove.living() == []


def test_a_brain_that_is_killed_while_a_tree_ends_is_followed_by_one_that_goes_on(plant: Plant) -> None:
    grove = plant().grown()
    if "keeper = false" in grove.daemon.conf.read_text() or os.environ.get("WARDEN_TEST_KEEPER") == "off":
        pytest.skip("there is no brain to kill")
    stubborn = next(pid for pid in grove.pids() if _ignores_term(pid))

    grove.daemon.rpc("supervisor.stopProcess", "web", False)
    until(lambda: grove.living() == [stubborn], lambda: "the others have been asked to end")
    os.kill(brain_of(grove.daemon), signal.SIGKILL)

    until(lambda: not grove.living(), lambda: "the last one is killed")
    grove.daemon.ctl("start", "web")
    assert len(grove.grown(2).living()) == MEMBERS


def _ignores_term(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    [mask] = [line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:")]
    return bool(int(mask, 16) >> signal.SIGTERM - 1 & 1)


def test_a_stop_finds_who_hides_below_the_child(plant: Plant) -> None:
    """Without environment, in a session of its own: known because it was seen before the child was signalled."""
    grove = plant("env -i setsid sh -c 'echo $$ >> pids; exec sleep 1000' &\nexec sleep 1000")
    until(lambda: len(grove.pids()) == MEMBERS + 1, lambda: f"the hidden one is there: {grove.pids()}")

    grove.daemon.ctl("stop", "web")

    assert len(grove.pids()) == MEMBERS + 1
    assert grove.living() == []


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_in_a_control_group_nobody_can_hide(end: str, plant: Plant) -> None:
    """An orphan without environment in a session of its own is nobody's by all that can be seen."""
    hidden = "(env -i setsid sh -c 'echo $$ >> pids; exec sleep 1000' &)\n"
    with own_cgroup() as parent:
        grove = plant(f"{hidden}exec sleep 1000", "autorestart=false\n", f"cgroup = {parent}\n")
        until(lambda: len(grove.pids()) > MEMBERS, lambda: f"the hidden one is there: {grove.pids()}")
        inside = (parent / "web:web" / "cgroup.procs").read_text().split()

        if end == "stop":
            grove.daemon.ctl("stop", "web")
        else:
            os.kill(grove.daemon.pids()["web:web"], signal.SIGKILL)
            grove.daemon.wait_line("web: killed ")
            until(lambda: not (parent / "web:web").exists(), lambda: "the group is removed")

        assert {str(pid) for pid in grove.pids()} < set(inside)
        assert grove.living() == []
        assert not (parent / "web:web").exists()


def test_a_supervisord_in_the_tree_ends_with_all_its_programs(tmp_path: Path, plant: Plant) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "conf").write_text(
        "[supervisord]\npidfile=%(here)s/pid\nlogfile=%(here)s/log\n"
        "[program:x]\ncommand=sh -c 'echo $$ >> pids; exec setsid sleep 1000'\nkill_tree=true\n"
        "[program:y]\ncommand=sh -c 'echo $$ >> pids; exec setsid sleep 1000'\n"
    )
    grove = plant(f"exec {WARDEN.command('supervisord')} -n -c inner/conf", "autorestart=false\n")
    until(lambda: len(grove.pids()) == MEMBERS + 2, lambda: f"the inner programs run: {grove.pids()}")

    tree = [one.pid for one in census.everybody() if _bears(one, grove.daemon.pids()["web:web"])]

    os.kill(grove.daemon.pids()["web:web"], signal.SIGKILL)
    grove.daemon.wait_line("web: (ended|killed) ")

    until(lambda: not grove.living(), lambda: f"nobody lives: {grove.living()}")
    assert len(tree) >= MEMBERS + 2  # and the inner brain, and what a program has started
    assert [pid for pid in tree if alive(pid)] == []


def _bears(one: census.Pinned, child: int) -> bool:
    """Whether it bears the mark of the tree in which the child is, that of an inner daemon or none beside it."""
    outer = Path(f"/proc/{child}/environ").read_bytes().partition(b"SUPERVISOR_TREE=")[2].partition(b"\0")[0].decode()
    return (census.variable(one, "SUPERVISOR_TREE") or "").split(":")[0] == outer


@pytest.mark.parametrize(
    "what", ["it is configured", "it is configured no more", "it has ended meanwhile", "it is adopted"]
)
def test_after_keeper_and_brain_were_killed_the_next_start_knows_the_tree(what: str, plant: Plant) -> None:
    mode = "leftovers = adopt\n" if what == "it is adopted" else ""
    grove = plant(server=mode).grown()
    dead = grove.daemon
    if "keeper = false" in dead.conf.read_text() or os.environ.get("WARDEN_TEST_KEEPER") == "off":
        pytest.skip("there is no keeper to kill")
    before, child = grove.pids(), dead.pids()["web:web"]
    hidden = [pid for pid in before if b"SUPERVISOR_TREE" not in Path(f"/proc/{pid}/environ").read_bytes()]
    kill_both(dead)
    if what == "it has ended meanwhile":
        os.kill(child, signal.SIGKILL)
        until(lambda: not alive(child), lambda: "it has ended")
    if what == "it is configured no more":
        dead.rewrite("")

    with Successor(WARDEN, dead) as daemon:
        if what == "it is adopted":
            daemon.wait_line("adopted: 'web'")
            daemon.ctl("restart", "web")
        if what == "it is configured no more":
            until(lambda: not grove.living(), lambda: "nobody lives")
        else:
            daemon.wait_line("spawned: 'web'")
            assert [pid for pid in before if alive(pid)] == (hidden if what == "it has ended meanwhile" else [])
        daemon.wait_line("killed 1 process that it had left")


def test_a_brain_that_goes_on_without_its_keeper_ends_trees_as_well(plant: Plant) -> None:
    grove = plant().grown()
    if "keeper = false" in grove.daemon.conf.read_text() or os.environ.get("WARDEN_TEST_KEEPER") == "off":
        pytest.skip("there is no keeper to kill")
    brain = brain_of(grove.daemon)
    grove.daemon.popen.kill()
    grove.daemon.wait_line("going on alone")

    grove.daemon.ctl("stop", "web")

    assert grove.living() == []
    grove.daemon.ctl("shutdown")
    until(lambda: not alive(brain), lambda: "the brain has ended")


def test_what_hooks_leave_behind_ends_with_the_tree(plant: Plant) -> None:
    hooks = "".join(f"{hook}={LEAVES}'\n" for hook in ("before_start", "after_start", "before_stop", "after_stop"))
    grove = plant(options=hooks)
    until(lambda: len(grove.pids()) == MEMBERS + 2, lambda: f"two hooks have run: {grove.pids()}")

    grove.daemon.ctl("stop", "web")

    assert len(grove.pids()) == MEMBERS + 4
    assert grove.living() == []


def test_what_a_hook_before_a_start_that_fails_leaves_behind_ends_at_once(plant: Plant) -> None:
    grove = plant(options=f"before_start={LEAVES}; exit 1'\nstartretries=0\n")

    grove.daemon.wait_line("gave up: web entered FATAL")

    assert len(grove.pids()) == 1
    assert grove.living() == []


def test_a_program_without_the_option_leaves_what_it_always_left(tmp_path: Path) -> None:
    (tmp_path / "tree.sh").write_text(f"{TREE}exec sleep 1000\n")
    grove = Grove(Daemon(WARDEN, tmp_path, "[program:web]\ncommand=sh tree.sh\ndirectory=%(here)s\n"))
    with grove.daemon:
        grove.grown()
        environment = Path(f"/proc/{grove.pids()[0]}/environ").read_bytes()
        grove.daemon.ctl("stop", "web")
        living = len(grove.living())
        for pid in grove.living():
            os.kill(pid, signal.SIGKILL)

    assert living == MEMBERS
    assert b"SUPERVISOR_TREE" not in environment
