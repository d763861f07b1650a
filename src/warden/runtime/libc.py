"""Functions of the C library that Python does not have; imported only where one is needed, since ctypes is large."""

from __future__ import annotations

import ctypes
import errno
import os

_LIBRARY = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int | bytes | None) -> int:
    """Call a function that returns a number below 0 when it fails, and return that number.

    Raises:
        OSError: it failed.
        AttributeError: this system has no such function.
    """
    result: int = getattr(_LIBRARY, name)(*arguments)
    if result < 0:
        number = ctypes.get_errno() or errno.EIO
        raise OSError(number, os.strerror(number))
    return result
