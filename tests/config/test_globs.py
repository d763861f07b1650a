"""Which files patterns mean."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warden.config import globs


def means(pattern: str, path: str, *exceptions: str) -> bool:
    wanted = globs.absolute(pattern, "/app")
    unwanted = [globs.absolute(one, "/app") for one in exceptions]
    place = globs.start([wanted], unwanted).at(path)
    return place is not None and place.is_meant


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.py", "/app/a.py"),
        ("**/*.py", "/app/a.py"),
        ("**/*.py", "/app/x/y/a.py"),
        ("src/**", "/app/src/x/y"),
        ("**", "/app/x/y"),
        (".", "/app/x/y"),
        ("src", "/app/src"),
        ("src", "/app/src/x/y"),
        ("src/", "/app/src/x"),
        ("a?[0-9].txt", "/app/ab7.txt"),
        ("**/src/**/x", "/app/src/x"),
        ("**/src/**/x", "/app/a/src/b/c/x"),
        ("../other/*.conf", "/other/a.conf"),
        ("/etc/nginx/**/*.conf", "/etc/nginx/conf.d/a.conf"),
        (".env", "/app/.env"),
        (".config/**", "/app/.config/x"),
        (".*", "/app/.env"),
        ("__pycache__/*", "/app/__pycache__/x"),
    ],
)
def test_what_patterns_mean(pattern: str, path: str) -> None:
    assert means(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.py", "/app/x/a.py"),
        ("*.py", "/app/a.pyc"),
        ("src/*", "/app/src/x/y"),
        ("src/*", "/other/src/x"),
        ("**", "/app/.git/config"),
        ("**", "/app/x/.a.swp"),
        ("*", "/app/.env"),
        ("?env", "/app/.env"),
        ("**/*.pyc", "/app/__pycache__/a.pyc"),
        ("**", "/app/__pycache__/a.pyc"),
    ],
)
def test_what_they_do_not_mean(pattern: str, path: str) -> None:
    assert not means(pattern, path)


@pytest.mark.parametrize(
    ("exception", "path"),
    [
        ("build", "/app/build/x/a.py"),
        ("**/*.tmp", "/app/x/y.tmp"),
        ("**/.hidden", "/app/.hidden"),
        ("x/y", "/app/x/y/z"),
    ],
)
def test_an_exception_excepts_an_entry_with_all_below_it(exception: str, path: str) -> None:
    assert not means("**", path, exception)
    assert means("**", "/app/x/other", exception)


def test_the_base_is_no_pattern() -> None:
    place = globs.start([globs.absolute("*.py", "/srv/a[1]*")], []).at("/srv/a[1]*/x.py")
    assert place is not None
    assert place.is_meant
    assert globs.root(globs.absolute("*.py", "/srv/a[1]*")) == "/srv/a[1]*"


@pytest.mark.parametrize(
    ("pattern", "root"),
    [("src/**/*.py", "/app/src"), ("*.py", "/app"), ("/etc/x.conf", "/etc/x.conf"), ("a/b*/c", "/app/a")],
)
def test_the_root_is_the_last_path_on_the_way_to_all(pattern: str, root: str) -> None:
    assert globs.root(globs.absolute(pattern, "/app")) == root


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("a**", r"write \*\*/a\*$"), ("x/**.py", r"\*\*/\*\.py"), ("/**", "whole system"), ("/*", "sys")],
)
def test_what_cannot_be_meant_is_told(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        globs.absolute(pattern, "/app")


def test_nobody_walks_in_circles_through_links() -> None:
    place = globs.start(["/app/**/x"], []).at("/app")
    assert place is not None
    assert place.enter("link") is not None
    assert place.enter("link", through_link=True) is None
    assert globs.start(["/app/*/x"], []).at("/app").enter("link", through_link=True) is not None  # type: ignore[union-attr]


NAMES = st.text("ab", min_size=1, max_size=2)
PARTS = st.one_of(st.just("**"), NAMES, st.text("ab*?", min_size=1, max_size=3).filter(lambda part: "**" not in part))


def _model(pattern: list[str], names: list[str]) -> bool:
    """The meaning of a pattern in the plainest words."""
    if not pattern:
        return not names
    if pattern[0] == "**":
        return _model(pattern[1:] or ["*"], names) or bool(names and _model(pattern, names[1:]))
    return bool(names) and fnmatch.fnmatchcase(names[0], pattern[0]) and _model(pattern[1:], names[1:])


@given(st.lists(PARTS, min_size=1, max_size=5), st.lists(NAMES, min_size=1, max_size=5))
def test_patterns_mean_what_the_plainest_model_says(pattern: list[str], names: list[str]) -> None:
    whole = pattern[-1] != "**" and not set("*?") & set(pattern[-1])
    expected = _model(pattern, names) or (whole and _model([*pattern, "**"], names))

    assert means("/".join(pattern), "/app/" + "/".join(names)) == expected
