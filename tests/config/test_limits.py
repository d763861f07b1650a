"""Groups and limits of a program: how they are written, and what the system does not allow."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config_bench import Bench
from warden.config import limits, rights
from warden.config.bounds import NO_LIMITS, UNLIMITED, CgroupLimits, Limits
from warden.config.rights import ALL_CAPABILITIES, Rights

ROOT = Rights(uid=0, capabilities=ALL_CAPABILITIES)
NOBODY = Rights(uid=65534, capabilities=0)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (limits.rlimits, "", ()),
        (limits.rlimits, "nofile=1024", (("nofile", 1024, 1024),)),
        (limits.rlimits, "NOFILE = 10:20 , core=unlimited", (("core", UNLIMITED, UNLIMITED), ("nofile", 10, 20))),
        (limits.rlimits, "as=2GB:unlimited", (("as", 2 * 1024**3, UNLIMITED),)),
        (limits.nice, "-20", -20),
        (limits.oom_score_adj, "1000", 1000),
        (limits.ionice, "idle", (3, 0)),
        (limits.ionice, "best-effort", (2, 4)),
        (limits.ionice, "Realtime:0", (1, 0)),
        (limits.cpus, "3,0-1, 1", (0, 1, 3)),
        (limits.percent, "150%", 150),
        (limits.memory_size, "1MB", 1024**2),
    ],
)
def test_a_value_is_read(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (limits.rlimits, "files=3", "there is no resource limit 'files' here; there are"),
        (limits.rlimits, "nofile", "must be given once, as nofile=LIMIT"),
        (limits.rlimits, "nofile=1,nofile=2", "must be given once"),
        (limits.rlimits, "nofile=2:1", "the soft limit of nofile is above the hard one"),
        (limits.rlimits, "nofile=unlimited:1", "the soft limit of nofile is above the hard one"),
        (limits.rlimits, "nofile=-1", "not a limit: '-1'; write a number"),
        (limits.rlimits, "nofile=many", "not a limit: 'many'; write a number, a size such as 2GB, or unlimited"),
        (limits.nice, "20", "20 is above upper bound"),
        (limits.nice, "much", "not a whole number: 'much'"),
        (limits.oom_score_adj, "-1001", "-1001 is below lower bound"),
        (limits.ionice, "idle:1", "not a valid I/O class: 'idle:1'"),
        (limits.ionice, "fast", "not a valid I/O class"),
        (limits.ionice, "best-effort:8", "8 is above upper bound"),
        (limits.cpus, "a", "not a CPU or a range of CPUs: 'a'"),
        (limits.cpus, "2-1", "the range '2-1' is empty"),
        (limits.percent, "50", "not a percentage above 0%"),
        (limits.percent, "0%", "not a percentage above 0%"),
        (limits.memory_size, "0", "leaves no memory"),
        (limits.memory_size, "much", "not a size: 'much'; write bytes"),
        (limits.directory, "cgroup", "is not an absolute path"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(read: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(text)


WRONG = {
    "user": "nobody:no-such-group",
    "supplementary_groups": "no-such-group",
    "rlimits": "nofile=x",
    "nice": "99",
    "ionice": "x",
    "oom_score_adj": "x",
    "cpu_affinity": "9999",
    "no_new_privs": "perhaps",
    "cgroup_memory_max": "512MB",  # without cgroup in [supervisord]
    "cgroup_cpu_max": "x",
    "cgroup_pids_max": "0",
    "kill_tree": "perhaps",
    "env_file": "gone",
}


def test_every_wrong_value_is_told_at_once(bench: Bench) -> None:
    lines = "\n".join(f"{name}={value}" for name, value in WRONG.items())

    checked = bench.check(f"[supervisord]\ncgroup=here\n[program:x]\ncommand=cat\n{lines}\n")

    assert {error.place.option for error in checked.errors} == {*WRONG, "cgroup"}


def test_a_program_without_these_options_has_no_limits(bench: Bench) -> None:
    assert bench.process("").limits == NO_LIMITS


def test_a_tree_that_is_to_be_killed_has_a_control_group_where_there_is_a_place_for_it(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "cgroup").mkdir()
    parent = cgroup(tmp_path / "cgroup")

    without = bench.process("kill_tree=true\n")
    within = bench.load(f"[supervisord]\ncgroup={parent}\n[program:x]\ncommand=cat\nkill_tree=true\n")

    assert without.policy.kill_tree
    assert without.limits == NO_LIMITS
    assert within.groups[0].processes[0].limits == Limits(cgroup=CgroupLimits(parent=str(parent)))


def test_a_place_for_control_groups_that_is_none_is_told(bench: Bench, tmp_path: Path) -> None:
    checked = bench.check(f"[supervisord]\ncgroup={tmp_path}\n[program:x]\ncommand=cat\nkill_tree=true\n")

    assert [error.place.option for error in checked.errors] == ["kill_tree"]
    assert "is not a directory of a cgroup v2 file system" in str(checked.errors[0])


def test_limits_may_differ_from_process_to_process(bench: Bench) -> None:
    config = bench.load(
        "[supervisord]\n[program:x]\ncommand=cat\nnumprocs=2\nprocess_name=%(process_num)d\nnice=1%(process_num)d\n"
    )

    assert [process.limits.nice for process in config.groups[0].processes] == [10, 11]


def test_a_user_may_come_with_a_group_and_more_groups(bench: Bench) -> None:
    if not rights.rights_of(os.getuid()).have(rights.SETGID):
        pytest.skip("only root can give groups")

    process = bench.process("user=nobody:daemon\nsupplementary_groups=mail,daemon\n")

    assert (process.uid, process.gid, process.groups) == (65534, 1, (1, 8))


@pytest.mark.parametrize(
    ("find", "wish", "who", "text"),
    [
        (rights.obstacle_to_nice, Limits(nice=-5), NOBODY, "user 65534 without the capability SYS_NICE cannot set"),
        (rights.obstacle_to_nice, Limits(nice=-5), ROOT, None),
        (rights.obstacle_to_nice, Limits(nice=19), NOBODY, None),
        pytest.param(
            *(rights.obstacle_to_oom_score, Limits(oom_score_adj=-1000), NOBODY, "cannot set it to -1000, below the"),
            marks=LINUX,
        ),
        pytest.param(rights.obstacle_to_oom_score, Limits(oom_score_adj=1000), NOBODY, None, marks=LINUX),
        pytest.param(rights.obstacle_to_ionice, Limits(ionice=(1, 0)), NOBODY, "the I/O class realtime", marks=LINUX),
        pytest.param(rights.obstacle_to_ionice, Limits(ionice=(2, 0)), NOBODY, None, marks=LINUX),
        pytest.param(
            *(rights.obstacle_to_affinity, Limits(cpu_affinity=(0, 9999)), ROOT, "there is no CPU 9999"), marks=LINUX
        ),
    ],
)
def test_what_the_system_does_not_allow_is_said(
    find: Callable[[Limits, Rights], str | None], wish: Limits, who: Rights, text: str | None
) -> None:
    obstacle = find(wish, who)

    assert obstacle is None if text is None else text in (obstacle or "")


def test_a_hard_limit_can_only_be_raised_by_root() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    above = Limits(rlimits=(("nofile", 10, hard + 1),))

    assert f"the hard limit of nofile is {hard} here" in (rights.obstacle_to_rlimits(above, NOBODY) or "")
    assert rights.obstacle_to_rlimits(Limits(rlimits=(("nofile", 10, hard),)), NOBODY) is None


@LINUX
def test_even_root_gets_no_more_files_than_the_kernel_has() -> None:
    wish = Limits(rlimits=(("nofile", 10, UNLIMITED),))

    assert "(fs.nr_open)" in (rights.obstacle_to_rlimits(wish, ROOT) or "")


def cgroup(folder: Path, *, controllers: str = "cpu memory pids", enabled: str = "", procs: str = "") -> Path:
    """What the kernel shows in a control group, as far as we look at it."""
    for name, text in (
        ("controllers", controllers),
        ("subtree_control", enabled),
        ("procs", procs),
        ("type", "domain"),
    ):
        (folder / f"cgroup.{name}").write_text(text)
    return folder


def test_a_control_group_with_its_controllers_is_fine(tmp_path: Path) -> None:
    wish = CgroupLimits(parent=str(cgroup(tmp_path)), memory=1, cpu=1, pids=1)

    assert rights.obstacle_to_cgroup(wish) is None


def test_a_control_group_cannot_do_what_its_parent_does_not_delegate(tmp_path: Path) -> None:
    wish = CgroupLimits(parent=str(cgroup(tmp_path, controllers="cpu pids")), memory=1)

    assert "the controller 'memory' is not available" in (rights.obstacle_to_cgroup(wish) or "")


def test_controllers_cannot_be_enabled_below_a_group_with_processes(tmp_path: Path) -> None:
    wish = CgroupLimits(parent=str(cgroup(tmp_path, procs="1\n")), pids=1)

    assert "because there are processes in it" in (rights.obstacle_to_cgroup(wish) or "")
    cgroup(tmp_path, enabled="pids", procs="1\n")
    assert rights.obstacle_to_cgroup(wish) is None


@pytest.mark.parametrize(
    ("there", "text"), [(True, "is not a directory of a cgroup v2"), (False, "is not a directory")]
)
def test_a_folder_is_no_control_group(tmp_path: Path, there: bool, text: str) -> None:
    wish = CgroupLimits(parent=str(tmp_path if there else tmp_path / "none"), pids=1)

    assert text in (rights.obstacle_to_cgroup(wish) or "")


def test_what_root_drops_it_does_not_have() -> None:
    assert rights.rights_of(os.getuid() + 1) == Rights(uid=os.getuid() + 1, capabilities=0)
