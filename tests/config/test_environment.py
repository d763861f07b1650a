"""The grammar of environment=."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.config.environment import parse_environment


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {}),
        (" \n ", {}),
        ("A=1", {"A": "1"}),
        (" A = 1 ,\n B=2,", {"A": "1", "B": "2"}),
        ("A=/a.b+c-(d):e_f,B=ü", {"A": "/a.b+c-(d):e_f", "B": "ü"}),
        ('A=\'x,y="z"#\',B="it\'s"', {"A": 'x,y="z"#', "B": "it's"}),
        ('A="a\nb"', {"A": "a\nb"}),
        ("A='',B=\"\"", {"A": "", "B": ""}),
        ("A=\"x\"y'z'", {"A": "xyz"}),
        (r'A="a\"b\\c\d"', {"A": 'a"b\\c\\d'}),
        (r"A=a\ b\,c", {"A": "a b,c"}),
        (r"A='a\b'", {"A": r"a\b"}),
        ("A=1 # B=2\n,C=3", {"A": "1", "C": "3"}),
        ("A=1#x", {"A": "1"}),
        ("'A'=1", {"A": "1"}),
        ("A=1,A=2", {"A": "2"}),
    ],
)
def test_pairs_are_read(value: str, expected: dict[str, str]) -> None:
    assert parse_environment(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "A",
        "A=",
        "=",
        "=1",
        ",",
        ",A=1",
        "A=1,,B=2",
        "A==1",
        "A=1 B=2",
        "A b=1",
        "A=a b",
        "A=1;B=2",
        "A=$X",
        "A=~/x",
        "A=,",
    ],
)
def test_anything_but_a_comma_between_pairs_is_refused(value: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared below
        parse_environment(value)

    assert str(caught.value) == f"Unexpected end of key/value pairs in value '{value}'"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("A='", "No closing quotation"),
        ('A,B="x', "No closing quotation"),
        ("A=x\\", "No escaped character"),
        ("''=1", "'' cannot be the name of an environment variable in value '''=1'"),
        ("'A=B'=1", "'A=B' cannot be the name of an environment variable in value ''A=B'=1'"),
        ("A='\0'", "'A' cannot be the name of an environment variable in value 'A='\0''"),
    ],
)
def test_other_mistakes_have_their_own_words(value: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared below
        parse_environment(value)

    assert str(caught.value) == message


@given(st.text(alphabet="AB=,'\"\\ #\n;$1"))
def test_nothing_but_value_errors_comes_out(value: str) -> None:
    with contextlib.suppress(ValueError):
        assert all(key and "=" not in key for key in parse_environment(value))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


no_nul = st.characters(blacklist_characters="\0")


@given(st.dictionaries(st.text(no_nul, min_size=1).filter(lambda key: "=" not in key), st.text(no_nul)))
def test_quoted_pairs_come_back_as_they_were(pairs: dict[str, str]) -> None:
    value = " ,\n".join(f"{quoted(key)} = {quoted(text)}" for key, text in pairs.items())

    assert parse_environment(value) == pairs
