"""A connection to the exchange for a command: REST and streams, let go of when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fw_binance.environment import Environment, exchange_of
from fw_binance.streams.asking import Asking

if TYPE_CHECKING:
    from fw_binance.limits import Limiter

LONGEST_GOODBYE = 5.0
"""Seconds within which connections are let go."""


@asynccontextmanager
async def connected(environment: Environment, *, limiter: Limiter | None = None) -> AsyncIterator[tuple[Asking, Any]]:
    """Questions over REST, and ccxt's client with its websocket half."""
    from fw_binance.client import Client

    exchange = exchange_of(environment, pro=True)
    try:
        async with Client(environment, limiter=limiter) as client:
            yield Asking(client), exchange
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(exchange.close(), LONGEST_GOODBYE)


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Any:
    """Let Ctrl-C and a polite kill end a recording as its end of time would."""
    loop = asyncio.get_running_loop()
    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not on every system or thread
            loop.add_signal_handler(number, stop)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
