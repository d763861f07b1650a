"""Read files of environment variables: ``KEY=value`` on each line, as shells, containers and service managers do."""

from __future__ import annotations

import errno
import os
import re
import stat

_BLANK = re.compile(r"(?:\s+|#[^\n]*)+")
_KEY = re.compile(r"(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*", re.ASCII)
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN = re.compile(r"[^\n]*")
_COMMENT = re.compile(r"(?:^|[ \t]+)#.*")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\n|$)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}


def read_files(value: str, base: str = "") -> dict[str, str]:
    """Paths of files with KEY=value lines, with commas; with a - before it, a file may be missing.

    Returns the variables of all of them; later ones win.
    """
    found: dict[str, str] = {}
    for word in (word.strip() for word in value.split(",")):
        if not word:
            continue
        name = word.removeprefix("-").strip()
        if not name:
            raise ValueError("there is no path after the -")
        path = os.path.join(base, os.path.expanduser(name))
        try:
            content = _content(path)
        except FileNotFoundError:
            if word.startswith("-"):
                continue
            raise ValueError(f"there is no file {path}") from None
        except OSError as error:
            raise ValueError(f"cannot read {path} as user {os.geteuid()}: {error.strerror}") from None
        try:
            found.update(parse(content))
        except ValueError as error:
            raise ValueError(f"{path}, {error}") from None
    return found


def _content(path: str) -> str:
    """Read a file; never from a pipe or a device, which could keep us waiting for ever.

    Raises:
        OSError: it cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, encoding="utf-8", errors="surrogateescape") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        return file.read()


def parse(content: str) -> dict[str, str]:
    r"""Return the variables of one file.

    Blank lines, lines that begin with ``#`` and the word ``export`` mean nothing.
    A value without quotes ends with its line or before a blank and ``#``.  Between
    quotes it may hold anything, line ends too; in double quotes ``\n``, ``\t`` and
    ``\r`` are characters, and any other character after a backslash is itself.
    Nothing is expanded.

    Raises:
        ValueError: a line is none of these; the text begins with its number.
    """
    found: dict[str, str] = {}
    position = 0
    while position < len(content):
        if blank := _BLANK.match(content, position):
            position = blank.end()
            continue
        key = _KEY.match(content, position)
        if key is None:
            raise ValueError(f"line {_line(content, position)}: not a line of the form KEY=value")
        found[key[1]], position = _value(content, key.end())
        if "\0" in found[key[1]]:
            raise ValueError(f"line {_line(content, key.start())}: a value cannot contain a null character")
    return found


def _value(content: str, start: int) -> tuple[str, int]:
    """Return the value that begins at ``start``, and where it ends."""
    quote = content[start : start + 1]
    if quote not in ("'", '"') or not quote:
        plain = _PLAIN.match(content, start)
        assert plain is not None  # it matches everything
        return _COMMENT.sub("", plain[0]).strip(), plain.end()
    quoted = (_SINGLE if quote == "'" else _DOUBLE).match(content, start)
    if quoted is None:
        raise ValueError(f"line {_line(content, start)}: the quote {quote} is not closed")
    rest = _REST.match(content, quoted.end())
    if rest is None:
        raise ValueError(f"line {_line(content, quoted.end())}: there is something after the closing quote")
    text = quoted[1]
    return (text if quote == "'" else _ESCAPE.sub(lambda one: _ESCAPED.get(one[1], one[1]), text)), rest.end()


def _line(content: str, position: int) -> int:
    return content.count("\n", 0, position) + 1
