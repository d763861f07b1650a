"""What may be written for restarts, and what is said of what may not."""

from __future__ import annotations

import pytest

from warden.config import measures, readers
from warden.words import FOREVER


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90", 90), ("0.5", 0.5), ("15s", 15), ("2 m", 120), ("1.5h", 5400), ("1D", 86400)]
)
def test_a_duration_is_seconds_or_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert measures.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1w", "1h30m", "inf", "nan", "1e3", "five"])
def test_what_is_no_duration_is_told_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="a number with s, m, h or d"):
        measures.duration(text)


def test_what_is_switched_off_is_left_out() -> None:
    with pytest.raises(ValueError, match="leave the option out"):
        measures.positive_duration("0")


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("2.5", 2.5)])
def test_a_factor_is_at_least_one(text: str, number: float) -> None:
    assert measures.factor(text) == number


@pytest.mark.parametrize("text", ["0.9", "x", "inf", "nan", ""])
def test_other_factors_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        measures.factor(text)


@pytest.mark.parametrize("text", ["1.1", "-0.1", "x", "nan"])
def test_a_part_is_from_nothing_to_all(text: str) -> None:
    assert measures.part("0.25") == 0.25
    with pytest.raises(ValueError, match="from 0 to 1"):
        measures.part(text)


def test_a_rate_is_a_number_in_a_time() -> None:
    assert measures.rate("5/1m") == (5, 60)
    assert measures.rate("3 / 90") == (3, 90)


@pytest.mark.parametrize("text", ["5", "0/1m", "x/1m", "-1/3"])
def test_what_is_no_rate_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 5/1m"):
        measures.rate(text)


@pytest.mark.parametrize("text", ["-1", "5 apples", "MB"])
def test_what_is_no_size_is_told_with_an_example(text: str) -> None:
    assert measures.memory("1MB") == 1024**2
    with pytest.raises(ValueError, match="such as 500MB"):
        measures.memory(text)


def test_tries_may_go_on_forever() -> None:
    assert readers.retries("Forever") == FOREVER
    assert readers.retries("7") == 7
