"""The live half of the source: a thread that keeps the streams of one run, and an iterator over what they say."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from random import Random
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw.domain.time import MILLISECOND
from fw_binance.environment import Environment
from fw_binance.streams.asking import Asking
from fw_binance.streams.counters import Counters
from fw_binance.streams.hub import Hub, Setup
from fw_binance.streams.outbox import Outbox
from fw_binance.streams.patience import Patience
from fw_binance.streams.session import LONGEST_GOODBYE, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fw.domain.event import Event
    from fw_binance.limits import Limiter

MOST_WAITING = 10_000
"""Bars and rows kept for a reader that is behind; what comes after them stays on the exchange until there is room."""

LONGEST_BEGINNING = 10.0
"""Seconds within which whoever asks for the exchange's time gets an answer."""


@attrs.frozen(kw_only=True)
class Terms:
    """How to reach the exchange, and how long to wait for what."""

    environment: Environment
    patience: Patience = attrs.field(factory=Patience)
    seed: int = 0
    """Of the random part of pauses between tries."""
    limiter: Limiter | None = None
    """None: that of the process for this host."""
    log: Any = None
    lag: int = 0
    """From the time of a row of statistics to its publication, ns."""
    most_waiting: int = MOST_WAITING


class LiveStream:
    """A `fw.Stream`; mutable, as a stream is. It begins at once, in a thread of its own."""

    def __init__(self, terms: Terms, want: fw.Want) -> None:
        self.counters = Counters()
        self._terms, self._want = terms, want
        self._outbox = Outbox(terms.most_waiting)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._closing = threading.Event()
        self._hub: Hub | None = None
        self._timed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="binance streams", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return self._outbox.take()

    @property
    def thread(self) -> int:
        """The thread that listens, as the operating system numbers it; whoever measures looks at its time."""
        assert self._thread.ident is not None
        return self._thread.ident

    @property
    def now(self) -> int:
        """The exchange's clock as of the newest message, ns; waits for its first word, 0 where that does not come."""
        hub = self._known()
        return 0 if hub is None else hub.now * MILLISECOND

    @property
    def ahead(self) -> int:
        """By how much its clock is ahead of this machine's, ns; 0 where nothing is heard."""
        hub = self._known()
        return 0 if hub is None else hub.ahead

    def _known(self) -> Hub | None:
        self._timed.wait(LONGEST_BEGINNING)
        return self._hub

    def close(self) -> None:
        """End it, from any thread; returns when connections are let go."""
        self._closing.set()
        self._outbox.end()
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop ended by itself
                loop.call_soon_threadsafe(stop.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(2 * LONGEST_GOODBYE)

    def _work(self) -> None:
        try:
            asyncio.run(self._main())
        except fw.FwError as problem:
            self._outbox.end(problem)
        except BaseException as problem:  # the reader is in another thread: it must hear of our own mistakes, too
            self._outbox.end(problem)
            raise
        finally:
            self._timed.set()
        self._outbox.end()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._closing.is_set():
            return
        async with connected(self._terms.environment, limiter=self._terms.limiter) as (asking, exchange):
            await self._until_stopped(asking, exchange)

    async def _until_stopped(self, asking: Asking, exchange: Any) -> None:
        assert self._stop is not None
        setup = Setup(
            want=self._want,
            asking=asking,
            exchange=exchange,
            outbox=self._outbox,
            patience=self._terms.patience,
            counters=self.counters,
            random=Random(self._terms.seed),
            log=self._terms.log or _log(),
            timed=self._timed.set,
            lag=self._terms.lag,
        )
        self._hub = Hub(setup)
        working = asyncio.ensure_future(self._hub.run())
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


def _log() -> Any:
    import structlog

    return structlog.get_logger("fw_binance.streams")
