"""Makes way for another version of the daemon, and goes on if that one is not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from warden.errors import Failed
from warden.logs.mainlog import MainLog
from warden.runtime.courier import Message
from warden.runtime.kept import KeeperParent
from warden.words import VERSION


class Upgrade:
    """One after the other: somebody asks, the keeper tries the new version, we make way, and one of both goes on.

    ``make_way`` begins the end of the present session.
    """

    def __init__(self, keeper: KeeperParent | None, log: Callable[[], MainLog], make_way: Callable[[], None]) -> None:
        self.failure = ""  # of the last upgrade
        self._keeper = keeper
        self._log = log
        self._make_way = make_way
        self._asked: list[asyncio.Future[None]] = []
        self._verdict: asyncio.Future[bool] | None = None

    async def ask(self) -> None:
        """Begin an upgrade; return when the new version is about to take over.

        Raises:
            Failed: it is not fit, and why; nothing has changed.
        """
        if self._keeper is None:
            raise Failed("cannot upgrade: there is no keeper that would hold the programs")
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        if len(self._asked) == 1:
            self._log().info(f"upgrade requested, running version {VERSION}")
            self._keeper.wish("upgrade")
        await answer

    def hear(self, message: Message) -> None:
        """Hear what the keeper says about an upgrade."""
        asked, self._asked = self._asked, []
        match message["say"]:
            case "yield":
                self._log().info(f"making way for version {message['version']}")
                self._verdict = asyncio.get_running_loop().create_future()
                self._make_way()
                for answer in asked:
                    answer.set_result(None)
            case "refused":
                self._fail(message["why"])
                for answer in asked:
                    answer.set_exception(Failed(f"the upgrade failed: {self.failure}"))
            case "retire" | "resume" if self._verdict is not None:
                if message["say"] == "resume":
                    self._fail(message["why"])
                self._verdict.set_result(message["say"] == "retire")

    def _fail(self, why: str) -> None:
        self.failure = why
        self._log().critical(f"the upgrade failed, version {VERSION} goes on: {why}")

    @property
    def making_way(self) -> bool:
        """Whether the present session ends for another version."""
        return self._verdict is not None

    async def is_over(self) -> bool:
        """Tell the keeper that we have made way; return whether we are done for, or have to go on."""
        assert self._keeper is not None
        assert self._verdict is not None
        self._keeper.wish("yielded")
        retire = await self._verdict
        self._verdict = None
        return retire
