"""Stand in for a program that daemonizes itself; old module name, the code lives in ``warden.runtime.pidproxy``."""

from __future__ import annotations

import sys

from warden.runtime.pidproxy import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
