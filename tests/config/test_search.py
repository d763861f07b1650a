"""Where the configuration file is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from warden.config.search import candidates, find, require
from warden.errors import ConfigError


def test_the_places_in_order() -> None:
    assert candidates("/opt/x/bin/supervisord") == (
        "/opt/x/etc/supervisord.conf",
        "/opt/x/supervisord.conf",
        "supervisord.conf",
        "etc/supervisord.conf",
        "/etc/supervisord.conf",
        "/etc/supervisor/supervisord.conf",
    )


def test_a_bare_program_name_makes_the_first_two_relative() -> None:
    assert candidates("supervisord")[:2] == ("etc/supervisord.conf", "supervisord.conf")


def test_the_first_that_exists_wins(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/supervisord.conf").mkdir()  # to exist is enough, as in the reference

    assert find("/no/no/no", str(tmp_path)) == "etc/supervisord.conf"
    assert require(f"{tmp_path}/bin/supervisord") == f"{tmp_path}/etc/supervisord.conf"


def test_nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warden.config.search.candidates", lambda argv0: (f"{tmp_path}/a", f"{tmp_path}/b"))

    assert find("x") is None
    with pytest.raises(ConfigError) as caught:
        require("x")
    assert str(caught.value) == (
        f"No config file found at default paths ({tmp_path}/a, {tmp_path}/b); "
        "use the -c option to specify a config file at a different path"
    )
