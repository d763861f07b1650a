"""Old module name, for ``python -m supervisor.supervisord``; the code lives in ``warden.daemon.main``."""

from __future__ import annotations

import sys

from warden.daemon.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
