"""A worker that does pretended jobs and finishes the current one before it stops."""

from __future__ import annotations

import random
import signal
import sys
import threading

if __name__ == "__main__":
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signum, _frame: asked_to_stop.set())
    job = 0
    while not asked_to_stop.wait(random.uniform(1, 4)):
        job += 1
        print(f"worker {sys.argv[1]}: job {job} done")
    print(f"worker {sys.argv[1]}: told to stop after {job} jobs, bye")
