"""Files of environment variables, and defaults of variables in values."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config_bench import Bench
from warden.config.envfile import parse, read_files


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", {}),
        ("# only\n\n   # comments\n", {}),
        ("A=1\nB = two words  \n", {"A": "1", "B": "two words"}),
        ("export A=1", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=x # a remark\nB=x#y\nC=#", {"A": "x", "B": "x#y", "C": ""}),
        ("A='$HOME # \"x\"'", {"A": '$HOME # "x"'}),
        ('A="a\\n\\"b\\" \\$c\\\\"  # remark', {"A": 'a\n"b" $c\\'}),
        ("A=\"one\ntwo\"\nB='three\n\nfour'", {"A": "one\ntwo", "B": "three\n\nfour"}),
        ('A="one \\\ntwo"', {"A": "one two"}),
        ("A=1\nA=2", {"A": "2"}),
        ("URL=postgres://u:p=w@h/db?x=1", {"URL": "postgres://u:p=w@h/db?x=1"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=%(here)s", {"A": "%(here)s"}),
    ],
)
def test_a_file_says(content: str, found: dict[str, str]) -> None:
    assert parse(content) == found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("A=1\nnonsense\n", "line 2: not a line of the form KEY=value"),
        ("1A=x", "line 1: not a line of the form KEY=value"),
        ("\n\nA='x\n", "line 3: the quote ' is not closed"),
        ('A="x" y', "line 1: there is something after the closing quote"),
        ("A=x\0y", "line 1: a value cannot contain a null character"),
    ],
)
def test_a_wrong_line_is_named(content: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(content)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_]\w*", fullmatch=True).filter(str.isascii), st.text().filter(lambda t: "\0" not in t)
    )
)
def test_whatever_stands_in_double_quotes_comes_back(variables: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"')

    assert parse("".join(f'{key}="{quoted(value)}"\n' for key, value in variables.items())) == variables


def test_later_files_win_and_optional_ones_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("A=1\nB=1\n")
    (tmp_path / "two").write_bytes(b"B=2\nC=\xff\n")

    found = read_files("one, -none ,-two", str(tmp_path))

    assert found == {"A": "1", "B": "2", "C": "\udcff"}


def test_the_program_gets_daemon_files_then_daemon_options_then_its_files_then_its_options(bench: Bench) -> None:
    bench.write("A=main file\nB=main file\nC=main file\nD=main file\n", "main.env")
    bench.write("C=file\nD=file\n", "own.env")

    config = bench.load(
        "[supervisord]\nenv_file=main.env\nenvironment=B=main\n"
        "[program:x]\ncommand=cat %(ENV_C)s %(ENV_D)s\nenv_file=%(here)s/own.env\nenvironment=D=own,E=%(ENV_C)s\n"
    )

    process = config.groups[0].processes[0]
    assert dict(process.environment) == {"A": "main file", "B": "main", "C": "file", "D": "own", "E": "file"}
    assert process.command == "cat file own"


def test_a_missing_file_is_an_error_with_its_path(bench: Bench) -> None:
    error = bench.error("[supervisord]\n[program:x]\ncommand=cat\nenv_file=gone.env\n")

    assert f"there is no file {bench.directory}/gone.env" in str(error)
    assert error.place.option == "env_file"


def test_a_wrong_line_of_a_file_is_an_error_with_path_and_number(bench: Bench) -> None:
    bench.write("A=1\n?\n", "x.env")

    error = bench.error("[supervisord]\n[program:x]\ncommand=cat\nenv_file=x.env\n")

    assert f"{bench.directory}/x.env, line 2: not a line of the form KEY=value" in str(error)


def test_an_unreadable_file_is_an_error_even_if_it_may_be_missing(bench: Bench) -> None:
    os.mkdir(bench.directory / "folder")

    error = bench.error("[supervisord]\n[program:x]\ncommand=cat\nenv_file=-folder\n")

    assert f"cannot read {bench.directory}/folder as user" in str(error)


@pytest.mark.parametrize(
    ("command", "expanded"),
    [
        ("x %(ENV_NOBODY:-8080)s", "x 8080"),
        ("x %(ENV_GIVEN:-8080)s", "x 9"),
        ("x %(ENV_EMPTY:-8080)s", "x 8080"),
        ("x %(ENV_NOBODY:-)s.", "x ."),
        ("x %(ENV_NOBODY:-a:-b c%%)s", "x a:-b c%%"),
        ("%(ENV_NOBODY:-a)5s|%(program_name)s", "    a|x"),
    ],
)
def test_a_variable_may_have_a_default(bench: Bench, command: str, expanded: str) -> None:
    config = bench.load(f"[supervisord]\nenvironment=GIVEN=9,EMPTY=''\n[program:x]\ncommand={command}\n")

    assert config.groups[0].processes[0].command == expanded


def test_only_variables_have_defaults(bench: Bench) -> None:
    error = bench.error("[supervisord]\n[program:x]\ncommand=x %(nobody:-1)s\n")

    assert "contains names ('nobody:-1') which cannot be expanded" in str(error)


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_could_keep_us_waiting_is_not_read(tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "fifo"
    if kind == "fifo":
        os.mkfifo(path)

    with pytest.raises(ValueError, match=f"cannot read {path} as user .*: it is not a file"):
        read_files(str(path))


def test_a_dash_alone_names_no_file() -> None:
    with pytest.raises(ValueError, match="there is no path after the -"):
        read_files("-")
