"""Carries out what the core orders, in the order in which it serves: first the child is asked for, then it is told."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence

from warden.daemon.announce import Announcer
from warden.daemon.children import CannotSpawn, Children
from warden.daemon.errands import Errands
from warden.daemon.notes import Notes
from warden.daemon.records import Process
from warden.daemon.signals import Signals
from warden.logs.mainlog import MainLog
from warden.process.step import Announce, Effect, EndErrand, Event, Remark, RunErrand, SendSignal, Spawn


class Effects:
    """``refuse`` hears why a process gets no child; ``going_down`` tells whether the daemon does.

    What is announced of a start waits until the child was asked for: the keeper
    makes it meanwhile.  So does what is announced of an end after which the process
    goes on at once and unseen (see ``carry_out``).  All is said in the order in which
    it happened, and before anything else is logged.
    """

    def __init__(
        self,
        *,
        notes: Notes,
        log: MainLog,
        announcer: Announcer,
        children: Children,
        errands: Errands,
        signals: Signals,
        refuse: Callable[[Process, str], None],
        going_down: Callable[[], bool],
    ) -> None:
        self._notes = notes
        self._log = log
        self._announcer = announcer
        self._children = children
        self._errands = errands
        self._signals = signals
        self._refuse = refuse
        self._going_down = going_down

    def carry_out(self, process: Process, effects: Sequence[Effect], event: Event, *, more: bool = False) -> None:
        """Do what the latest step of ``process`` wants done; ``event`` brought it about.

        With ``more`` another step follows at once, and nobody hears of this one who
        would look at the process before that.
        """
        put_off = more or any(isinstance(effect, Spawn) for effect in effects)
        for effect in effects:
            try:
                self._carry_out(process, effect, event, put_off)
            except Exception:  # noqa: BLE001 - the loop boundary: a bug of ours must not end the daemon
                self._log.critical(f"internal error in {process.namespec}:\n{traceback.format_exc()}")
        if not more:
            self._announcer.catch_up()
            self._notes.done()

    def _carry_out(self, process: Process, effect: Effect, event: Event, put_off: bool) -> None:
        if isinstance(effect, Announce):
            self._announcer.announce(process, effect, event, going_down=self._going_down(), put_off=put_off)
            return
        self._notes.write()  # whoever comes after us must know what we were about
        match effect:
            case Spawn():
                self._spawn(process)
            case SendSignal():
                self._stop(process, effect)
            case RunErrand(errand):
                self._errands.run(process, errand)
            case EndErrand():
                self._errands.end(process)
            case Remark(text):
                self._announcer.remark(process, text)

    def _spawn(self, process: Process) -> None:
        try:
            self._children.start(process)
        except CannotSpawn as error:
            self._refuse(process, str(error))

    def _stop(self, process: Process, order: SendSignal) -> None:
        if process.config.policy.kill_tree:
            self._errands.trees.look_below(process)
            self._notes.facts(process)
        self._signals.stop(process, order)
