"""What people read when something is wrong."""

from __future__ import annotations

from harness.config_bench import Bench
from warden.config.report import render_check, render_error
from warden.config.values import Severity
from warden.errors import ConfigError


def test_the_first_lines_are_those_of_the_reference_and_the_place_follows(bench: Bench) -> None:
    error = bench.error("[supervisord]\nminfds=x\n[inet_http_server]\n[unix_http_server]\n")

    assert render_error(error, "/bin/supervisord") == (
        "Error: invalid literal for int() with base 10: 'x'\n"
        "For help, use /bin/supervisord -h\n"
        "  at c.conf:2, [supervisord]\n"
        "  minfds = x\n"
        "  expected: A whole number\n"
        "2 more problems: use supervisord --check to see all\n"
    )


def test_a_mistake_on_the_command_line_has_no_place() -> None:
    assert render_error(ConfigError("option -x not recognized"), "sd") == (
        "Error: option -x not recognized\nFor help, use sd -h\n"
    )


def test_one_more_problem_is_one() -> None:
    error = ConfigError("a", others=(ConfigError("b"),))

    assert "1 more problem: " in render_error(error, "sd")


def test_check_tells_all_errors_and_warnings(bench: Bench) -> None:
    checked = bench.check("[supervisord]\nminfd=1\n[inet_http_server]\nport=z\n[include]\nfiles=\n")
    messages = (*checked.messages, (Severity.INFO, "not shown"))

    assert render_check("c.conf", checked.errors, messages) == (
        "Error: not a valid port number: 'z' \n"
        "  at c.conf:4, [inet_http_server]\n"
        "  port = z\n"
        "  expected: A port, host:port, *:port or [ipv6]:port\n"
        "Warning: Unknown option minfd in section [supervisord] (file: 'c.conf', line: 2) is ignored; "
        "did you mean minfds?\n"
        "c.conf: 1 error, 1 warning\n"
    )


def test_a_good_file_has_none() -> None:
    assert render_check("c.conf", (), ()) == "c.conf: 0 errors, 0 warnings\n"


def test_secrets_and_long_values_do_not_fill_the_terminal(bench: Bench) -> None:
    secret = bench.error("[supervisord]\nenvironment=KEY='hush\n")
    lines = bench.error("[supervisord]\nminfds=1\n 2\n")

    assert "environment = (not shown)\n" in render_error(secret, "sd")
    assert "minfds = 1\\n2\n" in render_error(lines, "sd")


def test_an_error_of_a_whole_file_names_the_file(bench: Bench) -> None:
    error = bench.error("")

    assert render_error(error, "sd").splitlines()[2:] == ["  at c.conf"]
