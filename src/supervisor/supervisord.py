"""Run a set of programs as daemons; old module name, the code lives in ``warden.daemon``."""

from __future__ import annotations

import sys

from supervisor.states import SupervisorStates, getProcessStateDescription
from warden.daemon.facade.supervisord import SupervisordView as Supervisor
from warden.daemon.main import main

__all__ = ["Supervisor", "SupervisorStates", "getProcessStateDescription", "main"]

if __name__ == "__main__":
    sys.exit(main())
