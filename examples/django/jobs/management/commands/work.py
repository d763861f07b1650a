"""``manage.py work``: take jobs until told to stop."""

from __future__ import annotations

import itertools
import signal
import threading

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Does one pretended job every five seconds and finishes it before it stops."""

    help = "Take jobs until SIGTERM."

    def handle(self, *_args: object, **_options: object) -> None:
        """Work until SIGTERM arrives."""
        asked_to_stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda _signum, _frame: asked_to_stop.set())
        for number in itertools.count(1):
            self.stdout.write(f"job {number} done")
            if asked_to_stop.wait(5):
                break
        self.stdout.write("no more jobs, bye")
