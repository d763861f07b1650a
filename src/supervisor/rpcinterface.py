"""The ``supervisor`` namespace for plugins; old import path, the code lives in ``warden.daemon.facade.rpc``."""

from __future__ import annotations

from supervisor.options import make_namespec
from supervisor.states import (
    RUNNING_STATES,
    SIGNALLABLE_STATES,
    STOPPED_STATES,
    ProcessStates,
    SupervisorStates,
    getProcessStateDescription,
    getSupervisorStateDescription,
)
from warden.daemon.facade.rpc import InProcessApi as SupervisorNamespaceRPCInterface
from warden.daemon.facade.rpc import isNotRunning, isRunning, isSignallable, make_allfunc
from warden.daemon.facade.supervisord import SupervisordView
from warden.rpc.faults import Faults, RPCError
from warden.rpc.registry import NOT_DONE_YET
from warden.words import API_VERSION, VERSION, split_namespec

__all__ = [
    "API_VERSION",
    "NOT_DONE_YET",
    "RUNNING_STATES",
    "SIGNALLABLE_STATES",
    "STOPPED_STATES",
    "VERSION",
    "Faults",
    "ProcessStates",
    "RPCError",
    "SupervisorNamespaceRPCInterface",
    "SupervisorStates",
    "getProcessStateDescription",
    "getSupervisorStateDescription",
    "isNotRunning",
    "isRunning",
    "isSignallable",
    "make_allfunc",
    "make_namespec",
    "split_namespec",
]


def make_main_rpcinterface(supervisord: SupervisordView) -> SupervisorNamespaceRPCInterface:
    """Return the namespace for calls within the process; the daemon makes its own for the network."""
    return SupervisorNamespaceRPCInterface(supervisord)
