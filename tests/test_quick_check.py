"""The short check of speed: one bad measurement is none, a bound that breaks each time is."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fleet, quick
from benchmarks.figures import ANCESTOR, LIMIT, WARDEN, Figures

GOOD, SLOW = 1.0, 1e6


def figures(warden: float) -> Figures:
    """Return what a run finds in which Warden is so much slower than all others."""
    found = Figures()
    for work, other in quick.AT_MOST:
        found.values[work] = {WARDEN: [warden], ANCESTOR: [10_000.0], LIMIT: [10_000.0]}
        assert other in found.values[work]
    for work, _other in quick.AT_LEAST:
        found.values[work] = {WARDEN: [100.0], ANCESTOR: [1.0], LIMIT: [1.0]}
    for work in quick.NOTHING:
        found.values[work] = {WARDEN: [0.0]}
    return found


def runs(monkeypatch: pytest.MonkeyPatch, *found: Figures) -> list[Figures]:
    """Let the next measurements find this; return those that are still to come."""
    left = list(found)
    monkeypatch.setattr(quick, "measure", lambda _warden: left.pop(0))
    return left


def test_a_good_run_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    left = runs(monkeypatch, figures(GOOD), figures(GOOD))
    assert quick.check(Path()) == 0
    assert len(left) == 1


def test_what_is_broken_once_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    left = runs(monkeypatch, figures(SLOW), figures(GOOD))
    assert quick.check(Path()) == 0
    assert not left


def test_what_is_broken_each_time_is_a_regression(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(monkeypatch, *(figures(SLOW) for _ in range(quick.ATTEMPTS)))
    assert quick.check(Path()) == 1
    assert f"BROKEN in every attempt: {fleet.starts(quick.COUNT).title}" in capsys.readouterr().out


def test_what_must_be_nothing_is_broken_by_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lossy = [figures(GOOD) for _ in range(quick.ATTEMPTS)]
    for run in lossy:
        run.values[quick.NOTHING[-1]][WARDEN] = [1.0]
    runs(monkeypatch, *lossy)
    assert quick.check(Path()) == 1
    assert f"NOT ZERO  {quick.NOTHING[-1].title}" in capsys.readouterr().out
