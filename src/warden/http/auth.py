"""HTTP Basic authentication: plain and ``{SHA}`` passwords, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

CHALLENGE = {"WWW-Authenticate": 'Basic realm="default"', "Connection": "close"}
_SHA = "{SHA}"


class Credentials:
    """The one user of a server; without a user name everybody may enter."""

    def __init__(self, username: str | None, password: str | None) -> None:
        self._open = not username
        self._user = (username or "").encode("utf-8")
        stored = password or ""
        self._hashed = stored.startswith(_SHA)
        self._password = stored.removeprefix(_SHA).encode("utf-8")

    def allow(self, authorization: str | None) -> bool:
        """Tell whether the value of an ``Authorization`` header (None: there is none) lets the client in."""
        if self._open:
            return True
        scheme, _, encoded = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):  # ValueError: there is more than ASCII in it
            return False
        user, colon, password = decoded.partition(b":")
        if self._hashed:
            password = hashlib.sha1(password, usedforsecurity=False).hexdigest().encode("ascii")
        # Both are always compared, so that the time tells nothing about the user name.
        same_user = hmac.compare_digest(user, self._user)
        same_password = hmac.compare_digest(password, self._password)
        return bool(colon) and same_user and same_password
