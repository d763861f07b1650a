"""Watches files for processes, and lets them restart or reload when these change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warden.config.model import ServerConfig, Watch
from warden.daemon.records import Process
from warden.logs.mainlog import MainLog
from warden.process import watching
from warden.process.step import Event, RestartRequested
from warden.process.watching import Reaction
from warden.runtime import roster
from warden.words import counted

if TYPE_CHECKING:
    from warden.runtime.lookout import Lookout, Sight, Tower

UNSEEN = "files changed while nobody watched"


@dataclass(slots=True, eq=False)
class _Post:
    """One set of patterns, and who watches it.

    ``first`` and ``last`` are the moments of the signs of a change at which
    nobody has looked yet.
    """

    watch: Watch
    processes: set[Process] = field(default_factory=set)
    lookout: Lookout | None = None
    sight: Sight | None = None
    first: float | None = None
    last: float | None = None
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None
    complained: bool = False

    def rest(self) -> None:
        """Do nothing more."""
        if self.timer is not None:
            self.timer.cancel()
        if self.task is not None:
            self.task.cancel()


class Watches:
    """Follows the processes whose configuration asks for it; the others cost nothing.

    ``reload`` sends a process its reload signal, ``remember`` notes facts that
    are no step of the machine.  ``ours`` tells which files the daemon itself
    writes: they do not count, else each restart would be the reason of the next.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log: MainLog,
        *,
        feed: Callable[[Process, Event], None],
        reload: Callable[[Process, int, str], None],
        remember: Callable[[Process], None],
        ours: Callable[[], Collection[str]],
    ) -> None:
        self._loop = loop
        self._ours = ours
        self._log = log
        self._feed = feed
        self._reload = reload
        self._remember = remember
        self._tower: Tower | None = None
        self._posts: dict[Watch, _Post] = {}
        self._post_of: dict[Process, _Post] = {}

    def follow(self, process: Process) -> None:
        """Watch for a process what its configuration says, and nothing else."""
        watch, post = process.config.watch, self._post_of.get(process)
        if watch == (None if post is None else post.watch):
            return
        self.forget(process)
        if watch is not None:
            post = self._post_of[process] = self._posts.get(watch) or self._man(watch)
            post.processes.add(process)
            if post.sight is not None:
                self._note(process, post.sight)

    def forget(self, process: Process) -> None:
        """Watch nothing for a process any more."""
        post = self._post_of.pop(process, None)
        if post is None:
            return
        post.processes.discard(process)
        if not post.processes:
            post.rest()
            del self._posts[post.watch]
            if self._tower is not None and post.lookout is not None:
                self._tower.dismiss(post.lookout)

    def close(self) -> None:
        """Watch nothing any more."""
        for post in self._posts.values():
            post.rest()
        self._posts.clear()
        self._post_of.clear()
        if self._tower is not None:
            self._tower.close()

    def _man(self, watch: Watch) -> _Post:
        """Begin to watch, from the next moment on."""
        from warden.runtime.lookout import Tower  # and with it ctypes: only for who watches something

        if self._tower is None:
            self._tower = Tower(self._loop, ours=self._ours)
        post = self._posts[watch] = _Post(watch)
        post.lookout = self._tower.lookout(watch.wanted, watch.unwanted, lambda: self._rung(post))
        post.task = self._loop.create_task(self._look(post))
        return post

    # --- signs of a change

    def _rung(self, post: _Post) -> None:
        post.last = self._loop.time()
        if post.first is None:
            post.first = post.last
            self._wait(post)

    def _wait(self, post: _Post) -> None:
        """Look when it is quiet, unless somebody is looking: then it is done afterwards."""
        if post.task is None and post.first is not None and post.last is not None:
            due = watching.due(post.first, post.last, post.watch.debounce)
            post.timer = self._loop.call_at(due, self._due, post, due)

    def _due(self, post: _Post, due: float) -> None:
        assert post.first is not None
        assert post.last is not None
        if watching.due(post.first, post.last, post.watch.debounce) > due:
            self._wait(post)
        else:
            post.task = self._loop.create_task(self._look(post))

    async def _look(self, post: _Post) -> None:
        assert post.lookout is not None
        assert self._tower is not None
        self._tower.open()
        before, since = post.sight, post.last
        post.first = post.last = None
        sight = await post.lookout.look()
        post.sight, post.task = sight, None
        if sight.limited and not post.complained:
            post.complained = True
            self._complain(post, sight)
        if before is None:
            self._begin(post, sight)
        elif sight.changed:
            cause = watching.cause(sight.changed, post.watch.base)
            for process in tuple(post.processes):
                self._tell(process, sight, cause, since)
        self._wait(post)

    # --- what follows

    def _begin(self, post: _Post, sight: Sight) -> None:
        """Know what there is; who knew it otherwise was watched by somebody before us."""
        if not all(process.files for process in post.processes):
            self._log.info(f"watching {counted(len(sight.files), 'file')} for {_names(post)}")
        for process in tuple(post.processes):
            if process.files and process.files != sight.digest:
                self._tell(process, sight, UNSEEN, None)
            else:
                self._note(process, sight)

    def _note(self, process: Process, sight: Sight) -> None:
        if process.files != sight.digest:
            process.files = sight.digest
            self._remember(process)

    def _tell(self, process: Process, sight: Sight, cause: str, since: float | None) -> None:
        """Do what is to be done; it is noted in one step with what was seen, so that it is not done again."""
        watch, signum = process.config.watch, process.config.reload_signal
        assert watch is not None
        process.files = sight.digest
        reaction = watching.reaction(watch.action, process.state, disabled=process.disabled, since=since)
        if reaction is Reaction.RELOAD and signum is not None:
            with suppress(OSError):  # it is UNKNOWN then, and the log says why
                self._reload(process, signum, cause)
        elif reaction is Reaction.RESTART:
            self._log.info(f"restarting: {process.name} ({cause})")
            self._feed(process, RestartRequested(cause))
        else:
            self._remember(process)

    def _complain(self, post: _Post, sight: Sight) -> None:
        from warden.runtime.lookout import watch_limit  # see above

        self._log.warn(
            f"not all files are watched for {_names(post)}: the system's limit fs.inotify.{sight.limited}="
            f"{watch_limit(sight.limited)} is reached; raise it with sysctl, or except directories (watch=...,!NAME)"
        )


def _names(post: _Post) -> str:
    return ", ".join(sorted(process.name for process in post.processes))


def own_files(server: ServerConfig, processes: Iterable[Process]) -> frozenset[str]:
    """Return the files that the daemon itself writes: its own, and the logs of the processes."""
    own = {server.logfile, server.statefile, server.pidfile, roster.path_beside(server.pidfile)}
    logs = {output.path for process in processes for output in process.outputs.values()}
    return frozenset(path for path in own | logs if path is not None)
