"""``depends_on``: what may be written, whom it means, and what can never hold."""

from __future__ import annotations

import pytest

from warden.config.dependencies import check, find, read_names
from warden.config.model import Dependency, GroupConfig, Policy, ProcessConfig
from warden.words import Autorestart, Condition


def group(name: str, *processes: str) -> GroupConfig:
    """``web.web_0`` is process web_0 of program web."""
    made = tuple(
        ProcessConfig(name=text.rpartition(".")[2], program=text.partition(".")[0], command="x") for text in processes
    )
    return GroupConfig(name=name, processes=made)


FLEET = {
    one.name: one
    for one in (
        group("db", "db"),
        group("site", "web.web_0", "web.web_1", "cache", "admin"),
        group("jobs", "cache", "mailer.m_0", "mailer.m_1"),
        group("workers", "workers.w_0", "workers.w_1"),
    )
}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ()),
        ("db", (("db", Condition.READY),)),
        ("db, cache:started ,site:web:finished", (("db", "ready"), ("cache", "started"), ("site:web", "finished"))),
        ("site:*:healthy", (("site:*", "healthy"),)),
        ("db,db:ready", (("db", "ready"),)),
        ("db\ncache", (("db", "ready"), ("cache", "ready"))),
    ],
)
def test_names_may_carry_a_condition(text: str, read: tuple[tuple[str, str], ...]) -> None:
    assert read_names(text) == tuple(Dependency(name=name, condition=Condition(word)) for name, word in read)


@pytest.mark.parametrize("text", ["a b", ":ready", "a:b:c", "a:b:c:ready"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not NAME, GROUP:NAME or GROUP:\\*, with one of started, ready"):
        read_names(text)


@pytest.mark.parametrize(
    ("name", "own_group", "means"),
    [
        ("db", "site", ["db:db"]),
        ("site:*", "db", ["site:web_0", "site:web_1", "site:cache", "site:admin"]),
        ("jobs", "db", ["jobs:cache", "jobs:m_0", "jobs:m_1"]),
        ("site:web_1", "db", ["site:web_1"]),
        ("site:web", "db", ["site:web_0", "site:web_1"]),
        ("web", "db", ["site:web_0", "site:web_1"]),
        ("cache", "jobs", ["jobs:cache"]),
        ("cache", "db", ["site:cache", "jobs:cache"]),
        ("workers", "workers", ["workers:w_0", "workers:w_1"]),
        ("nobody", "db", []),
        ("nobody:web", "db", []),
        ("site:mailer", "db", []),
    ],
)
def test_a_name_means_a_process_a_program_or_a_group_the_nearest_first(
    name: str, own_group: str, means: list[str]
) -> None:
    assert [":".join(found) for found in find(name, own_group, FLEET)] == means


def complaints(**needs: str) -> tuple[list[str], list[str]]:
    """Check programs of these names with these dependencies; a name that ends with _ runs always."""
    groups = []
    for name, text in needs.items():
        policy = Policy(autorestart=Autorestart.ALWAYS if name.endswith("_") else Autorestart.NEVER)
        process = ProcessConfig(name=name, program=name, command="x", policy=policy, depends_on=read_names(text))
        groups.append(GroupConfig(name=name, processes=(process,)))
    errors: list[str] = []
    warnings: list[str] = []
    check(groups, lambda _group, process, _written, text: errors.append(f"{process.name}: {text}"), warnings.append)
    return errors, warnings


@pytest.mark.parametrize(
    ("needs", "error"),
    [
        ({"web": "db", "db": ""}, ""),
        (
            {"web": "dbx", "db": ""},
            "web: depends_on names 'dbx', but there is no program, process or group of that name",
        ),
        ({"web": "web"}, "web: depends_on makes a circle: web -> web"),
        ({"a": "b", "b": "c,d", "c": "", "d": "b:started"}, "b: depends_on makes a circle: b -> d -> b"),
        ({"web": "db:healthy", "db": ""}, "web: depends_on says db:healthy, but db has neither healthcheck nor"),
        ({"web": "db_:finished", "db_": ""}, "web: depends_on says db_:finished, but db_ never finishes"),
    ],
)
def test_what_can_never_hold_is_an_error_that_says_why(needs: dict[str, str], error: str) -> None:
    errors, _ = complaints(**needs)

    assert len(errors) == bool(error)
    assert "".join(errors).startswith(error)


def test_whoever_is_to_finish_within_startsecs_is_warned_of() -> None:
    assert complaints(web="job:finished", job="")[1] == [
        "job is to finish for others, but it has startsecs=1: an earlier end is a failed start; "
        "programs that do their work and end need startsecs=0"
    ]


def test_a_long_chain_costs_no_recursion() -> None:
    chain = {f"p{number}": f"p{number + 1}" for number in range(3000)}

    assert complaints(**chain, p3000="")[0] == []
    assert complaints(**chain, p3000="p2999")[0] == ["p2999: depends_on makes a circle: p2999 -> p3000 -> p2999"]
