"""CPU and memory of the programs, measured only for those who look."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping

from warden.rpc.insight import Usage

_INTERVAL_SECONDS = 2.0  # while somebody looks
_KEEP_SAMPLES = 1800  # the last hour at that interval

_Seen = dict[tuple[int, float], float]  # (pid, moment of its start) -> CPU seconds so far


class UsageMeter:
    """Measures the tree of each program every two seconds while it is watched.

    Nobody watching means no timer.  The measurement itself runs in a thread: it
    reads a table of all processes of the machine, which may take longer than
    the loop may be kept.  ``roots`` gives the pids to measure by namespec;
    ``on_sample`` is called on the loop after each measurement.
    """

    def __init__(self, roots: Callable[[], Mapping[str, int]], on_sample: Callable[[], None]) -> None:
        self._roots = roots
        self._on_sample = on_sample
        self._watchers = 0
        self._seen: _Seen = {}
        self._history: dict[str, deque[Usage]] = {}
        self._task: asyncio.Task[None] | None = None

    def latest(self, namespec: str) -> Usage | None:
        """The last measurement of a program; None if there is none, or it is old."""
        samples = self._history.get(namespec)
        if not samples or time.time() - samples[-1].at > 2 * _INTERVAL_SECONDS + 1:
            return None
        return samples[-1]

    def history(self, namespec: str) -> tuple[Usage, ...]:
        """The measurements of the last hour that were taken, oldest first."""
        return tuple(self._history.get(namespec, ()))

    def watch(self) -> Callable[[], None]:
        """Measure until the returned function is called."""
        self._watchers += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._measure_on())
        stopped = False

        def stop() -> None:
            nonlocal stopped
            if not stopped:
                stopped = True
                self._watchers -= 1

        return stop

    def forget(self, namespec: str) -> None:
        """The program is gone."""
        self._history.pop(namespec, None)

    def close(self) -> None:
        """Measure no more."""
        if self._task is not None:
            self._task.cancel()

    async def _measure_on(self) -> None:
        while self._watchers:
            roots = dict(self._roots())
            now = time.time()
            usage, self._seen = await asyncio.to_thread(measure, roots, self._seen, now, _INTERVAL_SECONDS)
            for namespec, sample in usage.items():
                self._history.setdefault(namespec, deque(maxlen=_KEEP_SAMPLES)).append(sample)
            self._on_sample()
            await asyncio.sleep(_INTERVAL_SECONDS)
        self._seen = {}  # too long ago to be compared with
        self._task = None


def measure(roots: Mapping[str, int], seen: _Seen, now: float, interval: float) -> tuple[dict[str, Usage], _Seen]:
    """Measure the trees under ``roots`` (pids by name) and return them with what the next call needs.

    CPU is in percent of one core, over the time since ``seen``; memory is the
    resident set in bytes.  A process that ``seen`` does not know counts with
    what it has used on the average of its life.
    """
    import psutil  # here: a daemon whose page nobody opens does not pay for it

    children: dict[int, list[int]] = {}
    facts: dict[int, tuple[float, float, int]] = {}
    for process in psutil.process_iter(["pid", "ppid", "cpu_times", "memory_info", "create_time"]):
        info = process.info
        if info["cpu_times"] is None or info["memory_info"] is None:  # not ours to read
            continue
        children.setdefault(info["ppid"], []).append(info["pid"])
        cpu = info["cpu_times"].user + info["cpu_times"].system
        facts[info["pid"]] = (info["create_time"], cpu, info["memory_info"].rss)
    fresh: _Seen = {}
    usage = {}
    for name, root in roots.items():
        cpu_seconds, memory, count = 0.0, 0, 0
        todo = [root]
        while todo:
            pid = todo.pop()
            todo += children.get(pid, ())
            if pid not in facts:
                continue
            started, cpu, rss = facts[pid]
            before = seen.get((pid, started))
            cpu_seconds += cpu * interval / max(now - started, interval) if before is None else cpu - before
            fresh[pid, started] = cpu
            memory += rss
            count += 1
        if count:
            usage[name] = Usage(at=now, cpu=100 * cpu_seconds / interval, memory=memory, processes=count)
    return usage, fresh
