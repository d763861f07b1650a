"""The two sets of commands that tests can run: Warden's and those of Supervisor 4.3.0."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Side:
    """Where one implementation has its commands."""

    name: str
    bin: Path

    def command(self, name: str) -> str:
        """Return the path of ``supervisord``, ``supervisorctl``, ``python`` ...

        Raises:
            FileNotFoundError: the environment is not installed; the message says how to mend that.
        """
        path = self.bin / name
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: run scripts/environment, which installs both sides")
        return str(path)


REFERENCE = Side("reference", ROOT / ".venv-supervisor" / "bin")
WARDEN = Side("warden", Path(sys.executable).parent)
