"""How many events one listener, or each of ten, can acknowledge in a second.

The messages are not shorter because Supervisor 4.3.0 fails on a chunk of output with hundreds of them.
"""

from __future__ import annotations

import sys

from benchmarks.figures import Figures, Work
from benchmarks.sides import Ini
from benchmarks.stage import cost_so_far, stage, wait_until

EVENTS = Work("events to one listener that acknowledges each", "1/s", at_least=7000)
EVENTS_OF_TEN = Work("events to each of ten listeners that acknowledge them", "1/s")
COST = Work("events to one listener: the supervisor's CPU", "us each")
LOST = Work("events to one listener: lost", "events", at_most=0)

_SECTIONS = """\
[program:speaker]
command={python} -I -S {home}/speaker
autorestart=false
startsecs=0
stdout_capture_maxbytes=1MB
stdout_logfile=NONE
stderr_logfile=NONE
"""
_POOL = """\
[eventlistener:{name}]
command={python} -I -S {home}/{name}
events=PROCESS_COMMUNICATION
buffer_size={room}
stderr_logfile=NONE
"""
_SPEAKER = """\
import os
text = b"<!--XSUPERVISOR:BEGIN-->" + b"something has happened" * 20 + b"<!--XSUPERVISOR:END-->"
text *= {count}
while text:
    text = text[os.write(1, text):]
"""
_LISTENER = """\
import os, time
heard, count, began = b"", 0, 0.0
os.write(1, b"READY\\n")
while count < {count}:
    while b"\\n" not in heard:
        heard += os.read(0, 65536)
    head, _, heard = heard.partition(b"\\n")
    size = int(head.rpartition(b"len:")[2])
    while len(heard) < size:
        heard += os.read(0, 65536)
    heard = heard[size:]
    count += 1
    began = began or time.monotonic()
    os.write(1, b"RESULT 2\\nOKREADY\\n")
seconds = time.monotonic() - began
with open("{home}/{name}.new", "w") as result:
    result.write(f"{{count}} {{seconds}}")
os.rename("{home}/{name}.new", "{home}/{name}.result")
while True:
    heard = os.read(0, 65536)
"""


def measure(side: Ini, figures: Figures, count: int, listeners: int = 1) -> None:
    """Let a program send ``count`` messages in one go, and listeners acknowledge one after the other.

    Each listener is a pool of its own and gets every event; the slowest of them counts.
    """
    with stage() as here:
        (here.home / "speaker").write_text(_SPEAKER.format(count=count))
        sections = _SECTIONS.format(python=sys.executable, home=here.home)
        names = [f"hears{number}" for number in range(listeners)]
        for name in names:
            (here.home / name).write_text(_LISTENER.format(count=count, home=here.home, name=name))
            sections += _POOL.format(python=sys.executable, home=here.home, name=name, room=count + 10)
        side.start_with(here, sections)
        _, cpu_before = cost_so_far(here.daemon())
        results = [here.home / f"{name}.result" for name in names]
        wait_until(lambda: all(result.exists() for result in results), "the last event")
        _, cpu_after = cost_so_far(here.daemon())
        heard = [result.read_text().split() for result in results]
        work = EVENTS if listeners == 1 else EVENTS_OF_TEN
        figures.add(work, side.name, min(int(received) / float(seconds) for received, seconds in heard))
        if listeners == 1:
            figures.add(COST, side.name, 1e6 * (cpu_after - cpu_before) / count)
        figures.add(LOST, side.name, sum(count - int(received) for received, _ in heard))
