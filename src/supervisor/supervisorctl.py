"""Old module name, for ``python -m supervisor.supervisorctl``; the code lives in ``warden.ctl.main``."""

from __future__ import annotations

import sys

from warden.ctl.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
