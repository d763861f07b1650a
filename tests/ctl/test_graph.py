"""The actions graph and blame."""

from __future__ import annotations

import json

import pytest

from tests.ctl.fake_daemon import FakeDaemon, Run
from warden.ctl.graph import dot, tree


def row(name: str, state: str, *needs: tuple[str, str, str]) -> dict[str, object]:
    return {
        "namespec": name,
        "state": state,
        "needs": [{"namespec": other, "condition": condition, "obstacle": text} for other, condition, text in needs],
    }


ROWS = {
    one["namespec"]: one
    for one in (
        row("alone", "RUNNING"),
        row("db", "FATAL"),
        row("site:app", "STOPPED", ("db", "ready", "db: FATAL"), ("gone", "started", "gone: not active")),
        row("web", "STOPPED", ("site:app", "ready", "site:app: waiting"), ("db", "finished", "")),
        row('q"', "RUNNING", ("site:app", "started", "")),
    )
}


def test_the_tree_begins_with_those_whom_nobody_needs_and_shows_nobody_twice_in_full() -> None:
    assert list(tree(ROWS, colour=False)) == [  # type: ignore[arg-type]
        "web STOPPED",
        "├─ site:app STOPPED  not ready",
        "│  ├─ db FATAL  not ready",
        "│  └─ gone not active  not started",
        "└─ db FATAL  finished",
        'q" RUNNING',
        "└─ site:app STOPPED  started (as above)",
    ]


def test_states_are_coloured_for_people() -> None:
    assert "db \x1b[31mFATAL\x1b[0m  finished" in "\n".join(tree(ROWS, colour=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        '  "web" [label="web\\nSTOPPED"];',
        '  "site:app" -> "db" [label="ready", color=red];',
        '  "web" -> "db" [label="finished"];',
        '  "q\\"" -> "site:app" [label="started"];',
    ],
)
def test_graphviz_gets_every_process_and_need(line: str) -> None:
    lines = list(dot(ROWS))  # type: ignore[arg-type]

    assert (lines[0], lines[-1]) == ("digraph supervisor {", "}")
    assert line in lines


@pytest.mark.parametrize("words", ["web", "--dot web"])
def test_what_is_not_understood_is_refused(run: Run, words: str) -> None:
    assert run(f"graph {words}").out.startswith("Error: graph accepts only --dot and --json")


@pytest.fixture
def asked(daemon: FakeDaemon) -> FakeDaemon:
    times = {"web": (0.25, 1.5), "db": (None, 0), "site:app": (1.75, 0), "alone": (0.5, 0), 'q"': (0.0, 0)}
    rows = [row | dict(zip(("took", "waited"), times[str(name)], strict=True)) for name, row in ROWS.items()]
    daemon.json = {"GET /dependencies": (200, {"dependencies": rows})}
    return daemon


def test_graph_shows_what_the_daemon_tells(run: Run, asked: FakeDaemon) -> None:
    assert run("graph").out.splitlines() == list(tree(ROWS, colour=False))  # type: ignore[arg-type]
    assert run("graph --dot").out.splitlines() == list(dot(ROWS))  # type: ignore[arg-type]
    assert [row["namespec"] for row in json.loads(run("graph --json").out)] == list(ROWS)


def test_where_nobody_needs_anybody_graph_says_so(run: Run, daemon: FakeDaemon) -> None:
    daemon.json = {"GET /dependencies": (200, {"dependencies": [row("alone", "RUNNING")]})}

    assert run("graph").out == "No program depends on another one\n"


def test_blame_tells_the_slowest_first_and_last_those_who_are_not_ready(run: Run, asked: FakeDaemon) -> None:
    assert run("blame").out.splitlines() == [
        "       took       waited  process",
        "    1.750 s            -  site:app",
        "    0.500 s            -  alone",
        "    0.250 s      1.500 s  web",
        '    0.000 s            -  q"',
        "          -            -  db (FATAL)",
    ]
    assert [row["namespec"] for row in json.loads(run("blame --json").out)] == ["site:app", "alone", "web", 'q"', "db"]


def test_an_answer_of_another_kind_is_an_error(run: Run, daemon: FakeDaemon) -> None:
    daemon.json = {"GET /dependencies": (200, {"something": "else"})}

    ran = run("graph")

    assert "the daemon answered something unexpected" in ran.out
    assert ran.status == 1
