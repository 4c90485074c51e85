"""Keeps a group of streams coming: opens a connection, notices when it is of no use, replaces it, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import attrs

from fw_binance.streams.backoff import Backoff
from fw_binance.streams.counters import Counters
from fw_binance.streams.link import Link, LinkFailed
from fw_binance.streams.patience import Patience, seconds


@attrs.frozen
class Group:
    """Streams that share one connection, and the instruments they are of."""

    name: str
    route: str
    """`market` or `public`: where the exchange serves these streams."""
    streams: tuple[str, ...]
    instruments: tuple[str, ...]


class Owner(Protocol):
    """What a keeper tells of its group."""

    def opened(self, group: Group) -> None:
        """The streams are subscribed: ask for what was missed until now."""
        ...

    def comes(self, group: Group) -> None:
        """And data does come."""
        ...

    def lost(self, group: Group, reason: str) -> None:
        """No data comes."""
        ...

    async def rightly_silent(self, group: Group) -> bool:
        """Whether the exchange has nothing to say of this group; asked where nothing came for long."""
        ...


class Keeper:
    """Mutable: it holds the connection of the moment."""

    def __init__(
        self,
        group: Group,
        make: Callable[[Group], Link],
        owner: Owner,
        *,
        patience: Patience,
        backoff: Backoff,
        counters: Counters,
        log: Any,
    ) -> None:
        self.group = group
        self._make, self._owner = make, owner
        self._patience, self._backoff, self._counters, self._log = patience, backoff, counters, log
        self._time = asyncio.get_running_loop().time
        self._fault: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """For ever; ends by being cancelled, and lets go of its connection."""
        while True:
            try:
                link = await self._open()
            except LinkFailed as problem:
                await self._failed(str(problem))
                continue
            self._owner.opened(self.group)
            link, reason = await self._hold(link)
            await link.close()
            await self._failed(reason)

    def fail(self, reason: str) -> None:
        """Give the connection up: what it brings is known to be wrong."""
        if not self._fault.done():
            self._fault.set_result(reason)

    async def _open(self) -> Link:
        link = self._make(self.group)
        try:
            await link.open()
        except BaseException:  # cancelled, too: a connection is never left behind
            await link.close()
            raise
        return link

    async def _failed(self, reason: str) -> None:
        self._counters.failures += 1
        pause = self._backoff.next()
        self._log.warning("streams lost", group=self.group.name, reason=reason, next_try_in=round(pause, 3))
        self._owner.lost(self.group, reason)
        await asyncio.sleep(pause)

    async def _hold(self, link: Link) -> tuple[Link, str]:
        """Until it is of no use: the connection that is then held, and why."""
        self._fault = asyncio.get_running_loop().create_future()
        try:
            while True:
                reason = await self._useful(link)
                if reason is not None:
                    return link, reason
                fresh = await self._replacement()
                if fresh is not None:
                    link, old = fresh, link
                    self._counters.rotations += 1
                    await old.close()
        except BaseException:
            await link.close()
            raise

    async def _useful(self, link: Link) -> str | None:
        """Wait until the connection fails (the reason) or is due to be replaced (None)."""
        patience, time = self._patience, self._time
        opened = since = time()
        told = False
        coming = asyncio.ensure_future(link.first.wait())
        try:
            while True:
                watched: set[asyncio.Future[Any]] = {link.ended, self._fault} | (set() if told else {coming})
                await asyncio.wait(watched, timeout=seconds(patience.look), return_when=asyncio.FIRST_COMPLETED)
                now = time()
                if link.ended.done():
                    return link.ended.result()
                if self._fault.done():
                    return self._fault.result()
                if not told and coming.done():
                    told = True
                    self._owner.comes(self.group)
                if now - max(link.heard, since) > seconds(patience.silence):
                    if not await self._owner.rightly_silent(self.group):
                        self._counters.silences += 1
                        return self._silent(link)
                    since = time()
                    if not told:
                        told = True
                        self._owner.comes(self.group)
                if now - opened > seconds(patience.stable):
                    self._backoff.reset()
                if now - opened > seconds(patience.rotate):
                    return None
        finally:
            coming.cancel()

    def _silent(self, link: Link) -> str:
        after = "nothing more came" if link.heard else "the exchange acknowledged them and sent nothing"
        return f"{len(link.streams)} streams of {self.group.name}: {after} for {self._patience.silence}"

    async def _replacement(self) -> Link | None:
        """A second connection that already brings data, while the first still does; None where it cannot be had."""
        link = self._make(self.group)
        good = False
        try:
            await link.open()
            first = link.first.wait()
            await asyncio.wait_for(first, seconds(self._patience.silence))
            good = True
        except (LinkFailed, TimeoutError) as problem:
            self._log.warning("streams not yet renewed", group=self.group.name, reason=str(problem))
            return None
        finally:
            if not good:
                await link.close()
        return link
