"""Print a sample configuration; old module name, the code lives in ``warden.config.sample``."""

from __future__ import annotations

from warden.config.sample import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
