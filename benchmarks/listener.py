"""How many events one listener can acknowledge in a second.

The messages are not shorter because Supervisor 4.3.0 fails on a chunk of output with hundreds of them.
"""

from __future__ import annotations

import sys

from benchmarks.figures import Figures, Work
from benchmarks.sides import Ini
from benchmarks.stage import stage, wait_until

EVENTS = Work("events to one listener that acknowledges each", "1/s", at_least=7000)
LOST = Work("events to one listener: lost", "events", at_most=0)

_SECTIONS = """\
[program:speaker]
command={python} -I -S {home}/speaker
autorestart=false
startsecs=0
stdout_capture_maxbytes=1MB
stdout_logfile=NONE
stderr_logfile=NONE
[eventlistener:hears]
command={python} -I -S {home}/hears
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
with open("{home}/result.new", "w") as result:
    result.write(f"{{count}} {{seconds}}")
os.rename("{home}/result.new", "{home}/result")
while True:
    heard = os.read(0, 65536)
"""


def measure(side: Ini, figures: Figures, count: int) -> None:
    """Let a program send ``count`` messages in one go, and a listener acknowledge one after the other."""
    with stage() as here:
        (here.home / "speaker").write_text(_SPEAKER.format(count=count))
        (here.home / "hears").write_text(_LISTENER.format(count=count, home=here.home))
        side.start_with(here, _SECTIONS.format(python=sys.executable, home=here.home, room=count + 10))
        result = here.home / "result"
        wait_until(result.exists, "the last event")
        heard, seconds = result.read_text().split()
        figures.add(EVENTS, side.name, int(heard) / float(seconds))
        figures.add(LOST, side.name, count - int(heard))
