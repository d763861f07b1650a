"""XML-RPC names for scripts and plugins; old import path, the code lives in ``warden.ctl.transport``."""

from __future__ import annotations

from warden.ctl.transport import SupervisorTransport, UnixStreamHTTPConnection

__all__ = ["SupervisorTransport", "UnixStreamHTTPConnection"]
