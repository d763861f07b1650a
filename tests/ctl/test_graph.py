"""The actions graph and blame."""

from __future__ import annotations

import pytest

from tests.ctl.fake_daemon import Run
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
