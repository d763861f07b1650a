"""One name for what two Pythons called differently: public in practice, so it stays."""

from __future__ import annotations

import _thread as thread
import configparser as ConfigParser
import html.entities as htmlentitydefs
import http.client as httplib
import importlib
import importlib.resources
import io
import syslog
import urllib.parse as urllib
import urllib.parse as urlparse
import xmlrpc.client as xmlrpclib
from base64 import decodebytes as decodestring
from base64 import encodebytes as encodestring
from hashlib import md5, sha1
from html import escape
from html.parser import HTMLParser
from io import StringIO
from string import ascii_letters as letters
from sys import maxsize as maxint
from xmlrpc.client import Fault

__all__ = [
    "PY2",
    "ConfigParser",
    "Fault",
    "HTMLParser",
    "StringIO",
    "StringTypes",
    "as_bytes",
    "as_string",
    "basestring",
    "decodestring",
    "encodestring",
    "escape",
    "htmlentitydefs",
    "httplib",
    "import_spec",
    "is_text_stream",
    "letters",
    "long",
    "maxint",
    "md5",
    "raw_input",
    "resource_filename",
    "sha1",
    "syslog",
    "thread",
    "unichr",
    "unicode",
    "urllib",
    "urlparse",
    "xmlrpclib",
]

PY2 = False
StringTypes = (str,)
basestring = str
long = int
raw_input = input
unichr = chr


class unicode(str):
    """Text, made of bytes and how they are encoded."""

    __slots__ = ()

    def __init__(self, string: object, encoding: str, errors: str) -> None: ...


def as_bytes(s: str | bytes, encoding: str = "utf8") -> bytes:
    """Return bytes."""
    return s if isinstance(s, bytes) else s.encode(encoding)


def as_string(s: str | bytes, encoding: str = "utf8") -> str:
    """Return text."""
    return s if isinstance(s, str) else s.decode(encoding)


def is_text_stream(stream: object) -> bool:
    """Whether a stream takes text."""
    return isinstance(stream, io.TextIOBase)


def import_spec(spec: str) -> object:
    """Return what ``package.module:attribute`` names."""
    module, _, path = spec.partition(":")
    found: object = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def resource_filename(package: str, path: str) -> str:
    """Return the path of a file that came with a package."""
    return str(importlib.resources.files(package).joinpath(path))
