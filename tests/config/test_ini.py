"""The INI dialect, line by line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.config.ini import Document, Value
from warden.errors import ConfigError


def read(text: str) -> Document:
    document = Document()
    document.add(text, "f")
    return document


def values(text: str) -> dict[str, dict[str, str]]:
    return {
        name: {option: value.text for option, value in section.items().items()}
        for name, section in read(text).sections.items()
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("[a]\nx=1", {"a": {"x": "1"}}),
        ("\ufeff[a]\nx=1\n", {"a": {"x": "1"}}),
        ("[a]\r\nx=1\ry=2\r\n", {"a": {"x": "1", "y": "2"}}),
        ("  [a]\n  x=1\n", {"a": {"x": "1"}}),
        ("[a] b ] c\n", {"a] b ": {}}),
        ("[ a ]\n[A]\n[]]\n", {" a ": {}, "A": {}, "]": {}}),
        ("[a]\nX Y = 1\nz : 2=3\nu=:\n", {"a": {"x y": "1", "z": "2=3", "u": ":"}}),
        ("[a]\nx=\ny =  \n", {"a": {"x": "", "y": ""}}),
        ("[a]\nx='q' \"r\"\n", {"a": {"x": "'q' \"r\""}}),
        ("; c\n[a]\n# c\n  ; c\nx=1\n", {"a": {"x": "1"}}),
        ("[a]\nx=1 ; c\ny=2\t# c\nz=3;4#5\n", {"a": {"x": "1", "y": "2", "z": "3;4#5"}}),
        ("[a]\nx= ;c\ny=;c\n", {"a": {"x": "", "y": ";c"}}),
        ("[a]\nx=a;b ;c # d\n", {"a": {"x": "a;b"}}),
        ("[a]\nx=1\n 2\n\t3\n", {"a": {"x": "1\n2\n3"}}),
        ("[a]\nx=\n  1\n", {"a": {"x": "\n1"}}),
        ("[a]\nx=1\n\n ; c\n 2 ; c\n\n\ny=3", {"a": {"x": "1\n\n2", "y": "3"}}),
        ("[a]\n  x=1\n  y=2\n    z\n", {"a": {"x": "1", "y": "2\nz"}}),
        ("[a]\nx=1\n  [b]\n", {"a": {"x": "1\n[b]"}}),
        ("[a]\n  x=1\n[b]\n  y=2\n", {"a": {"x": "1"}, "b": {"y": "2"}}),
        ("[a]\nx=1\nX=2\n", {"a": {"x": "2"}}),
        ("[a]\nx=1\ny=1\n[b]\n[a]\nx=2\n", {"a": {"x": "2", "y": "1"}, "b": {}}),
        ("[DEFAULT]\nx=1\ny=1\n[a]\ny=2\n", {"a": {"x": "1", "y": "2"}}),
        ("[a]\n[DEFAULT]\nx=1\n", {"a": {"x": "1"}}),
        ("[a]\nx=1\x0c2\u20283\n", {"a": {"x": "1\x0c2\u20283"}}),
    ],
)
def test_the_dialect(text: str, expected: dict[str, dict[str, str]]) -> None:
    assert values(text) == expected


def test_every_value_knows_its_file_and_line() -> None:
    document = Document()

    document.add("[a]\n\nx=1\n 2\n", "main")
    document.add("[b]\n[a]\ny=3\nx=4\n", "other")

    section = document.sections["a"]
    assert (section.file, section.line) == ("main", 1)
    assert section.own == {"x": Value("4", "other", 4), "y": Value("3", "other", 3)}
    assert list(document.sections) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x=1\n", "File contains no section headers.\nfile: 'f', line: 1\n'x=1\\n'"),
        ("\n [a\n", "File contains no section headers.\nfile: 'f', line: 2\n' [a\\n'"),
        ("[a]\nfoo\n", "Source contains parsing errors: 'f'\n\t[line  2]: 'foo\\n'"),
        ("[a]\nfoo", "Source contains parsing errors: 'f'\n\t[line  2]: 'foo'"),
        (
            "[a]\n=1\n b\n[]\n",
            "Source contains parsing errors: 'f'\n\t[line  2]: '=1\\n'\n\t[line  3]: ' b\\n'\n\t[line  4]: '[]\\n'",
        ),
        ("[a]\nx=1\nfoo\n bar\n", "Source contains parsing errors: 'f'\n\t[line  3]: 'foo\\n'"),
    ],
)
def test_lines_that_cannot_be_understood(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)

    assert str(caught.value) == message
    assert caught.value.place.file == "f"


@given(st.text(alphabet="[]ab=: \t\n\r;#DEFAULT\ufeff%"))
def test_nothing_but_config_errors_comes_out(text: str) -> None:
    with contextlib.suppress(ConfigError):
        for section in read(text).sections.values():
            for option, value in section.items().items():
                assert option == option.lower().strip()
                assert value.text == value.text.rstrip()
                assert 1 <= value.line <= text.count("\n") + text.count("\r") + 1


names = st.text("abcxyz_.-", min_size=1, max_size=5)
texts = st.text(st.characters(blacklist_categories=["Z", "C"], blacklist_characters=";#"), max_size=9)


@given(st.dictionaries(names, st.dictionaries(names, texts)))
def test_what_is_written_is_read(sections: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{option} = {value}\n" for option, value in options.items())
        for name, options in sections.items()
    )

    assert values(text) == sections
