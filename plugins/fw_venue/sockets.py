"""The websocket half: who is connected on which route and hears what; messages are made once for all of them."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fw_venue.faults import Faults
from fw_venue.streams import PRIVATE, Stream, Streams

if TYPE_CHECKING:
    from aiohttp import web

ROUTES = ("public", "market", "private")
MOST_STREAMS = 1024
MOST_MESSAGES = 10
"""That a client may send in a second."""

PING = b"\x89\x00"

TOO_MUCH = 32 << 20
"""Bytes a client may leave unread before the exchange waits for it, and then lets go of it."""


class Connection:
    """One websocket. Mutable in what it listens to."""

    def __init__(
        self, socket: web.WebSocketResponse, request: web.Request, *, route: str, wrapped: bool, opened: float
    ) -> None:
        self.socket, self.route, self.wrapped = socket, route, wrapped
        """`route` is public, market, private, or nothing for the old addresses without one."""
        self.path = request.path
        self.streams: dict[str, Stream | None] = {}
        """By name, in order of subscription; None: acknowledged, and never heard of again."""
        self.listen_key: str | None = None
        self.opened = self.answered = opened
        """When it was opened, and when it last answered a ping, s."""
        self.pinged = self.opened
        self.dead = False
        """Open, and nothing passes in either direction any more."""
        transport = request.transport
        assert transport is not None
        self._transport = transport
        self._waiting: list[bytes] = []
        self._heard: list[float] = []

    def put(self, data: bytes) -> None:
        """Send a frame with the next flush."""
        if not self.dead:
            self._waiting.append(data)

    def flush(self) -> None:
        if self._waiting:
            data, self._waiting = b"".join(self._waiting), []
            if not self._transport.is_closing():
                self._transport.write(data)

    def say(self, message: Any) -> None:
        """Send a message of its own at once."""
        self.put(frame(json.dumps(message, separators=(",", ":")).encode()))
        self.flush()

    @property
    def unread(self) -> int:
        """Bytes the client has not taken yet."""
        return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()

    @property
    def is_closing(self) -> bool:
        """Whether it has been cut."""
        return self._transport.is_closing()

    def abort(self) -> None:
        """Cut it, without a word."""
        self._transport.abort()

    def go_silent(self) -> None:
        """Stay open, and let nothing pass any more: neither messages nor pings nor pongs."""
        self.dead = True
        self._transport.pause_reading()

    def talks_too_much(self) -> bool:
        """Whether it sent more messages in the last second than one may."""
        now = time.monotonic()
        self._heard = [heard for heard in self._heard if now - heard < 1.0] + [now]
        return len(self._heard) > MOST_MESSAGES


class Hub:
    """All connections and their streams. Mutable: they come and go."""

    def __init__(self, streams: Streams, faults: Faults) -> None:
        self._streams, self._faults = streams, faults
        self._quiet = type(faults) is Faults
        self.ping_every, self.patience, self.life = 180.0, 600.0, 24 * 3600.0
        """Real seconds: between two pings, until one that answers none is cut, and until any is."""
        self.now = time.monotonic
        self.connections: list[Connection] = []
        self.listeners: dict[str, tuple[Stream, list[Connection]]] = {}
        """Connections that are to hear each stream."""
        self.also: list[Callable[[], None]] = []
        """What else is to be looked after once a second."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from its opening to its end."""
        from aiohttp import WSMsgType, web

        parts = request.path.strip("/").split("/")
        route = parts.pop(0) if parts[0] in ROUTES else ""
        wrapped = parts[0] == "stream"
        socket = web.WebSocketResponse(compress=False, autoping=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(socket, request, route=route, wrapped=wrapped, opened=self.now())
        self.connections.append(connection)
        asked = request.query.get("streams", "").split("/") if wrapped else parts[1:]
        if route == PRIVATE:
            connection.listen_key = request.query.get("listenKey") or next(iter(asked), None)
        else:
            self.subscribe(connection, [name for name in asked if "@" in name or name.startswith("!")])
        try:
            async for message in socket:
                if message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    connection.answered = self.now()
                if message.type is not WSMsgType.TEXT:
                    continue
                if connection.talks_too_much():
                    await socket.close(code=1008, message=b"Too many requests")
                    break
                self._hear(connection, message.data)
        finally:
            self.forget(connection)
        return socket

    def _hear(self, connection: Connection, text: str) -> None:
        """Answer what a client asks of its subscriptions."""
        try:
            asked = json.loads(text)
            method, names, number = asked["method"], list(map(str, asked.get("params") or [])), asked.get("id")
        except (ValueError, KeyError, TypeError, AttributeError):
            connection.say({"error": {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"}})
            return
        result: Any = None
        if method == "SUBSCRIBE":
            if len(connection.streams) + len(names) > MOST_STREAMS:
                connection.say({"error": {"code": 2, "msg": "Too many subscriptions"}, "id": number})
                return
            self.subscribe(connection, names)
        elif method == "UNSUBSCRIBE":
            self.unsubscribe(connection, names)
        elif method == "LIST_SUBSCRIPTIONS":
            result = list(connection.streams)
        else:
            connection.say({"error": {"code": 2, "msg": f"Invalid request: unknown method {method}"}, "id": number})
            return
        connection.say({"result": result, "id": number})

    def subscribe(self, connection: Connection, names: list[str]) -> None:
        """Let it hear these; of a name that is unknown, or carried by another route, it will hear nothing."""
        for name in names:
            if name in connection.streams:
                continue
            stream = self._streams.find(name)
            if stream is not None and stream.route != connection.route:
                stream = None
            connection.streams[name] = stream
            if stream is not None:
                self.listeners.setdefault(name, (stream, []))[1].append(connection)

    def unsubscribe(self, connection: Connection, names: list[str]) -> None:
        for name in names:
            if connection.streams.pop(name, None) is not None:
                there = self.listeners[name][1]
                there.remove(connection)
                if not there:
                    del self.listeners[name]

    def forget(self, connection: Connection) -> None:
        """It has gone."""
        self.unsubscribe(connection, list(connection.streams))
        if connection in self.connections:
            self.connections.remove(connection)

    def speak(self, before: int, now: int) -> None:
        """Send what every stream has to say at this moment."""
        for name, (stream, connections) in list(self.listeners.items()):
            if stream.is_due(before, now):
                for text in stream.payloads(now):
                    self.publish(name, text, connections)
        self.flush()

    def publish(self, name: str, text: str, connections: list[Connection] | None = None) -> None:
        """Send one message of a stream to all that hear it, with the next flush."""
        if connections is None:
            connections = self.listeners[name][1] if name in self.listeners else []
        bare = wrapped = None
        for connection in connections:
            if not self._quiet:
                for message in self._faults.messages(connection, name, text):
                    connection.put(message if isinstance(message, bytes) else self._framed(connection, name, message))
            elif connection.wrapped:
                wrapped = wrapped or self._framed(connection, name, text)
                connection.put(wrapped)
            else:
                bare = bare or self._framed(connection, name, text)
                connection.put(bare)

    def tell(self, listen_key: str, event: Mapping[str, Any]) -> None:
        """Send an event to whoever listens with a key, at once."""
        text = json.dumps(event, separators=(",", ":"))
        for connection in self.connections:
            if connection.listen_key == listen_key:
                messages = self._faults.messages(connection, listen_key, text)
                for message in messages:
                    connection.put(
                        message if isinstance(message, bytes) else self._framed(connection, listen_key, message)
                    )
                connection.flush()

    @staticmethod
    def _framed(connection: Connection, name: str, text: str) -> bytes:
        return frame((f'{{"stream":"{name}","data":{text}}}' if connection.wrapped else text).encode())

    def flush(self) -> None:
        for connection in self.connections:
            connection.flush()

    async def settle(self, patience: float = 10.0) -> None:
        """Wait for clients that read slowly, and let go of those that do not read at all."""
        until = time.monotonic() + patience
        while late := [connection for connection in self.connections if connection.unread > TOO_MUCH]:
            if time.monotonic() > until:
                for connection in late:
                    connection.abort()
                return
            await asyncio.sleep(0.001)

    async def keep_watch(self) -> None:
        """Look after all connections once a second, for ever."""
        while True:
            await asyncio.sleep(1.0)
            self.look_after()

    def look_after(self) -> None:
        """Ping those whose turn it is, and cut those that do not answer or are too old."""
        for look in self.also:
            look()
        now = self.now()
        for connection in list(self.connections):
            if now - connection.answered > self.patience or now - connection.opened > self.life:
                connection.abort()
            elif now - connection.pinged >= self.ping_every:
                connection.pinged = now
                connection.put(PING)
                connection.flush()

    def drop(self, chosen: Callable[[Connection], bool] = lambda connection: True) -> int:
        """Cut connections, without a word; how many."""
        cut = [connection for connection in self.connections if chosen(connection)]
        for connection in cut:
            connection.abort()
        return len(cut)


def frame(payload: bytes) -> bytes:
    """It is a text message as the bytes of one websocket frame, from server to client."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
