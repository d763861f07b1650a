"""Percent signs: names, conversions, and everything that can be wrong with them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.config.expand import ExpansionError, Names, environment_names, expand, words_of

NAMES = {"here": "/etc", "process_num": 7, "ENV_X": "100%(no)s"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("%(here)s/x", "/etc/x"),
        ("%(process_num)02d", "07"),
        ("%(process_num)x|%(process_num)+d|%(process_num)-3d|", "7|+7|7  |"),
        ("%(here)6s", "  /etc"),
        ("%(here).2s", "/e"),
        ("100%%", "100%"),
        ("%%(here)s", "%(here)s"),
        ("%%(here)99999s", "%(here)99999s"),
        ("%(ENV_X)s", "100%(no)s"),
    ],
)
def test_names_are_replaced_once(value: str, expected: str) -> None:
    assert expand(value, NAMES, "s.o") == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("%", "incomplete format"),
        ("5%", "incomplete format"),
        ("%(here", "incomplete format key"),
        ("%(here)", "incomplete format"),
        ("%y", "unsupported format character 'y' (0x79) at index 1"),
        ("%(here)d", "%d format: a real number is required, not str"),
        ("%s", "not enough arguments for format string"),
        ("%5.3s", "not enough arguments for format string"),
        ("%ls", "not enough arguments for format string"),
        ("%r", "not enough arguments for format string"),
        ("%(here)99999s", "width too big"),
        ("%(here).99999s", "width too big"),
        ("%(here)*d", "* wants int"),
    ],
)
def test_other_percent_signs_are_refused(value: str, reason: str) -> None:
    with pytest.raises(ExpansionError) as caught:
        expand(value, NAMES, "s.o")

    assert str(caught.value) == f"Format string {value!r} for 's.o' is badly formatted: {reason}"


def test_an_unknown_name_is_told_with_the_known_ones_in_order() -> None:
    with pytest.raises(ExpansionError) as caught:
        expand("%(x)s", NAMES, "s.o")

    assert str(caught.value) == (
        "Format string '%(x)s' for 's.o' contains names ('x') which cannot be expanded. "
        "Available names: ENV_X, here, process_num"
    )


def test_the_known_names_can_be_kept_secret() -> None:
    with pytest.raises(ExpansionError, match=r"which cannot be expanded\.$"):
        expand("%(x)s", NAMES, "s.o", tell_names=False)


def test_a_row_names_the_words_it_may_use() -> None:
    assert words_of(Names.ENV) == ()
    assert words_of(Names.HERE | Names.INSTANCE) == ("here", "process_num", "numprocs")


def test_environment_variables_get_a_prefix() -> None:
    assert environment_names({"A": "1"}) == {"ENV_A": "1"}


@given(st.text(alphabet="%()shereENV_X0.*d "))
def test_nothing_but_expansion_errors_comes_out(value: str) -> None:
    with contextlib.suppress(ExpansionError):
        assert isinstance(expand(value, NAMES, "s.o"), str)


@given(st.text())
def test_doubling_the_percent_signs_protects_any_text(value: str) -> None:
    assert expand(value.replace("%", "%%"), NAMES, "s.o") == value
