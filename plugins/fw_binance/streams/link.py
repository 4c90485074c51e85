"""One connection to the exchange's streams, held by ccxt's websocket client, subscribed and listened to.

Only the connection is ccxt's: its `watch_…` calls cost a millisecond a message where 200 symbols are watched, lose what
arrives between two calls, and do not tell whether a bar has closed. What it does with a connection that fails is
replaced too: a message that cannot be read would stop its reader without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fw_binance.streams.counters import Counters
from fw_binance.streams.frames import MalformedFrame, decode
from fw_binance.streams.patience import Patience, seconds

Sink = Callable[[Mapping[str, Any]], None]
"""Is given every message of a stream; raises MalformedFrame for one that it cannot read."""

IN_ONE_MESSAGE = 50
"""Streams subscribed with one message."""
PACE = 0.2
"""Seconds between two messages to the exchange, which ends connections that send more than ten a second."""
BROKEN_AT_MOST = 20
"""Unreadable messages after which a connection is replaced."""


class LinkFailed(Exception):
    """The connection could not be made, or has ended; says why."""


class Link:
    """Mutable: it is made, opened once, and ends once."""

    def __init__(
        self,
        exchange: Any,
        url: str,
        streams: Sequence[str],
        sink: Sink,
        *,
        patience: Patience,
        counters: Counters,
        log: Any,
    ) -> None:
        self.streams = tuple(streams)
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Why it ended."""
        self.heard = 0.0
        """When the last message of a stream came, by the loop's clock; 0: none yet."""
        self.first = asyncio.Event()
        """Whether one ever came."""
        self._exchange, self._url, self._sink = exchange, url, sink
        self._patience, self._counters, self._log = patience, counters, log
        self._unanswered: set[int] = set()
        self._acknowledged: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """What the exchange refused, or nothing."""
        self._broken = 0
        self._time = asyncio.get_running_loop().time
        self._client = self._made()

    async def open(self) -> None:
        """Connect and subscribe; LinkFailed where the exchange does not answer in time, or refuses."""
        connecting = self._client.connect(self._exchange.session)
        await asyncio.wait(
            {connecting, self.ended}, timeout=seconds(self._patience.connect), return_when=asyncio.FIRST_COMPLETED
        )
        if self.ended.done():
            raise LinkFailed(self.ended.result())
        if not connecting.done():
            raise LinkFailed(f"no connection to {self._url} within {self._patience.connect}")
        batches = [self.streams[i : i + IN_ONE_MESSAGE] for i in range(0, len(self.streams), IN_ONE_MESSAGE)]
        self._unanswered = set(range(1, len(batches) + 1))
        for number, batch in enumerate(batches, 1):
            if number > 1:
                await asyncio.sleep(PACE)
            await self._ask(number, batch)
        await self._answered()
        self._counters.connections += 1

    async def close(self) -> None:
        """Let go of the connection, whatever the other side does."""
        self._end("closed by us")
        self._exchange.clients.pop(self._url, None)
        with contextlib.suppress(Exception):  # a dead socket cannot be closed politely; there is nothing to be done
            await asyncio.wait_for(self._client.close(), 0.5)

    def _made(self) -> Any:
        self._exchange.open()
        client = self._exchange.client(self._url)
        client.keepAlive = max(1, self._patience.ping.ns // 1_000_000)
        client.options = {"compress": 0}  # inflating costs more than these short messages save
        client.handle_text_or_binary_message = self._received
        client.on_error_callback = lambda _, error: self._end(f"{type(error).__name__}: {error}")
        client.on_close_callback = lambda _, code: self._end(f"the exchange closed the connection ({code})")
        client.on_connected_callback = self._connected
        return client

    def _connected(self, client: Any) -> None:
        if self.ended.done():  # given up while it was still being made
            self._keep = asyncio.ensure_future(client.close())

    async def _ask(self, number: int, batch: Sequence[str]) -> None:
        try:
            await self._client.send({"method": "SUBSCRIBE", "params": list(batch), "id": number})
        except Exception as problem:  # whatever ccxt and the socket raise, the connection is of no use
            raise LinkFailed(f"could not subscribe: {problem}") from None

    async def _answered(self) -> None:
        await asyncio.wait(
            {self._acknowledged, self.ended},
            timeout=seconds(self._patience.acknowledge),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self.ended.done():
            raise LinkFailed(self.ended.result())
        if self._acknowledged.done():
            if refused := self._acknowledged.result():
                raise LinkFailed(f"the exchange refused the streams: {refused}")
            return
        raise LinkFailed(f"{self._url} did not answer the subscription within {self._patience.acknowledge}")

    def _received(self, data: str | bytes) -> None:
        counters = self._counters
        counters.frames += 1
        try:
            message = decode(data)
            if "e" in message:
                self.heard = self._time()
                if not self.first.is_set():
                    self.first.set()
                self._sink(message)
            else:
                self._answer(message)
        except MalformedFrame as problem:
            counters.malformed += 1
            self._broken += 1
            if self._broken == 1:
                self._log.warning("unreadable message", problem=str(problem))
            if self._broken >= BROKEN_AT_MOST:
                self._end(f"{self._broken} messages could not be read, the last: {problem}")
        except Exception as problem:  # ccxt would stop reading in silence; our own mistake must end the link aloud
            self._log.exception("cannot handle a message", problem=str(problem))
            self._end(f"cannot handle a message: {problem!r}")

    def _answer(self, message: Mapping[str, Any]) -> None:
        number = message.get("id")
        refused = message.get("error") or (message if "code" in message else None)
        if number not in self._unanswered:
            self._counters.unknown += 1
            if refused:
                self._end(f"the exchange says {refused}")
            return
        self._unanswered.discard(number)
        if not self._acknowledged.done() and (refused or not self._unanswered):
            self._acknowledged.set_result(str(refused or ""))

    def _end(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)
