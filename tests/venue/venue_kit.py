"""Markets for the practice exchange, and knobs for everything that can go wrong on the way to the real one."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw.domain.time import parse_time
from fw_venue.faults import Faults
from fw_venue.server import Venue
from fw_venue.sockets import Connection

if TYPE_CHECKING:
    from aiohttp import web

MS = 1_000_000
NEEDS = ("bars", "funding", "mark", "index", "premium", "open_interest", "long_short", "taker_ratio")


def market(
    symbols: tuple[str, ...] = ("BTCUSDT",),
    bars: int = 600,
    *,
    bar: str = "1m",
    start: str = "2024-01-01",
    needs: tuple[str, ...] = NEEDS,
    seed: int = 1,
) -> fw.Market:
    """A made-up market of so many bars, with marks, index, funding and statistics of traders."""
    from fw_synthetic.plugin import Synthetic

    size, first = fw.BarSize.parse(bar), parse_time(start)
    source = Synthetic(seed=seed).build(None)  # type: ignore[arg-type]  # it asks nothing of its run
    end = first + bars * size.ns
    return source.history(fw.Want(instruments=symbols, bar=size, start=first, end=end, needs=needs))


def open_of(given: fw.Market, bar: int) -> int:
    """When a bar opens, ms."""
    return int(given.bars.open_time[bar]) // MS


def every_four_hours(rules: fw.Instrument) -> fw.Instrument:
    """The same contract with funding every four hours."""
    return attrs.evolve(rules, funding_interval=4 * 3600 * 1_000_000_000)


def get(venue: Venue, path: str, **headers: str) -> tuple[int, Mapping[str, str], Any]:
    """Status, headers and JSON of a request to the REST half, or bytes of one to the archive."""
    request = urllib.request.Request(venue.rest + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, found, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, found, body = error.code, error.headers, error.read()
        error.close()
    return status, found, json.loads(body) if path.startswith(("/fapi", "/futures")) else body


def rows(venue: Venue, path: str) -> Any:
    """The JSON of a request that succeeds."""
    status, _, body = get(venue, path)
    assert status == 200, body
    return body


def heard(venue: Venue, path: str, doing: Callable[[], object], *, subscribe: Sequence[str] = ()) -> list[Any]:
    """Every message that one websocket gets while something is done, acknowledgements left out.

    It asks for its subscriptions at the end: what comes before that answer is all there was.
    """
    from aiohttp import ClientSession

    async def listen() -> list[Any]:
        found: list[Any] = []
        async with ClientSession() as session, session.ws_connect(venue.ws + path) as socket:
            if subscribe:
                await socket.send_json({"method": "SUBSCRIBE", "params": list(subscribe), "id": 1})
                assert await socket.receive_json() == {"result": None, "id": 1}
            await asyncio.to_thread(doing)
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 99})
            while not ((message := await socket.receive_json()) and message.get("id") == 99):
                found.append(message)
        return found

    return asyncio.run(listen())


class Knobs(Faults):
    """What is to go wrong, and how often; every knob may be turned while the exchange runs.

    `path` and `stream` are regular expressions for the whole of a request's path and of a stream's name.
    """

    def __init__(self) -> None:
        self.venue: Venue | None = None
        self.requests: list[str] = []
        """Path and query of every request that came, websockets included."""
        self._answers: list[_Times] = []
        self._bodies: list[_Times] = []
        self._cuts: list[_Times] = []
        self._messages: list[_Times] = []
        self._afterwards: list[_Times] = []

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._answers, self._bodies, self._cuts, self._messages, self._afterwards = [], [], [], [], []

    # requests

    def answer(
        self,
        path: str = ".*",
        *,
        status: int,
        body: str | bytes = b"",
        headers: Mapping[str, str] | None = None,
        kind: str = "application/json",
        times: int | None = 1,
    ) -> None:
        """The next so many requests get this answer; None: all of them, until `calm`."""
        from aiohttp import web

        content = body.encode() if isinstance(body, str) else body

        async def reply(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=content, headers=headers, content_type=kind)

        self._answers.append(_Times(path, times, reply))

    def too_many(self, path: str = ".*", *, retry_after: int | None = None, times: int | None = 1) -> None:
        """429, with or without Retry-After (s)."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.refuse(-1003, "Too many requests.", path, status=429, headers=headers, times=times)

    def banned(self, until: int, path: str = ".*", *, retry_after: int | None = None, times: int | None = 1) -> None:
        """418 until a time, ms."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        msg = f"Way too many requests; IP banned until {until}. Please use the websocket to avoid bans."
        self.refuse(-1003, msg, path, status=418, headers=headers, times=times)

    def forbidden(self, path: str = ".*", *, times: int | None = 1) -> None:
        """403 of the firewall before the exchange, with a page of HTML."""
        self.answer(path, status=403, body="<html>Request blocked.</html>", kind="text/html", times=times)

    def unavailable(
        self, path: str = ".*", *, status: int = 503, msg: str = "Service Unavailable.", times: int | None = 1
    ) -> None:
        """A fault of the exchange's."""
        self.answer(path, status=status, body=json.dumps({"msg": msg}), times=times)

    def refuse(
        self,
        code: int,
        msg: str,
        path: str = ".*",
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
    ) -> None:
        """An error of the exchange's own."""
        body = json.dumps({"code": code, "msg": msg})
        self.answer(path, status=status, body=body, headers=headers, times=times)

    def hang(self, path: str = ".*", *, seconds: float = 60.0, times: int | None = 1) -> None:
        """No answer for so long; then the true one."""

        async def wait(request: web.Request) -> None:
            await asyncio.sleep(seconds)

        self._answers.append(_Times(path, times, wait))

    def cut(self, path: str = ".*", *, times: int | None = 1) -> None:
        """The connection breaks before an answer."""

        async def abort(request: web.Request) -> None:
            assert request.transport is not None
            request.transport.abort()

        self._answers.append(_Times(path, times, abort))

    def truncate(self, path: str = ".*", *, times: int | None = 1) -> None:
        """Half of the body comes, with the length of the whole; then the connection breaks."""
        self._cuts.append(_Times(path, times, None))

    def executed_but(
        self,
        path: str = "/fapi/v1/order",
        *,
        status: int = 503,
        body: str = '{"msg":"Unknown error, please check your request or try again later."}',
        times: int | None = 1,
    ) -> None:
        """It is done, and the answer says something else: the outcome is unknown to whoever asked."""

        async def instead(request: web.Request) -> web.StreamResponse:
            from aiohttp import web

            return web.Response(status=status, text=body, content_type="application/json")

        self._afterwards.append(_Times(path, times, instead))

    def executed_unanswered(self, path: str = "/fapi/v1/order", *, times: int | None = 1) -> None:
        """It is done, and the connection breaks before the answer."""

        async def abort(request: web.Request) -> web.StreamResponse | None:
            assert request.transport is not None
            request.transport.abort()
            return None

        self._afterwards.append(_Times(path, times, abort))

    def answer_late(self, path: str = "/fapi/v1/order", *, seconds: float = 0.05, times: int | None = 1) -> None:
        """It is done and its events are told, and only then comes the answer."""

        async def wait(request: web.Request) -> web.StreamResponse | None:
            await asyncio.sleep(seconds)
            return None

        self._afterwards.append(_Times(path, times, wait))

    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        from aiohttp import web

        for afterwards in _due(self._afterwards, request.path):
            if instead := await afterwards(request):
                answer: web.StreamResponse = instead
                return answer
        assert isinstance(response.body, bytes)
        for change in _due(self._bodies, request.path):
            response.body = change(response.body)
        if not _due(self._cuts, request.path):
            return response
        half = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
        half.content_length = len(response.body)
        await half.prepare(request)
        await half.write(response.body[: len(response.body) // 2])
        assert request.transport is not None
        request.transport.close()
        return half

    def change(self, path: str, edit: Callable[[bytes], bytes], *, times: int | None = 1) -> None:
        """The true body, edited."""
        self._bodies.append(_Times(path, times, edit))

    def corrupt(self, path: str = r".*\.zip", *, times: int | None = 1) -> None:
        """A byte in the middle of the body is another one."""

        def flip(body: bytes) -> bytes:
            middle = len(body) // 2
            return body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]

        self.change(path, flip, times=times)

    def page(self, path: str = r".*\.zip", *, times: int | None = 1) -> None:
        """A page of HTML under status 200."""
        self.change(path, lambda body: b"<!DOCTYPE html><html><body>Please wait</body></html>", times=times)

    def broken_json(self, path: str = "/fapi/.*", *, times: int | None = 1) -> None:
        """Half of the JSON under status 200, its length that of the half."""
        self.change(path, lambda body: body[: len(body) // 2], times=times)

    def without_row(self, path: str, open_time: int, *, times: int | None = None) -> None:
        """Candles lack the one that opens then (ms), until `calm`."""

        def cut(body: bytes) -> bytes:
            rows = json.loads(body)
            return json.dumps([row for row in rows if row[0] != open_time]).encode() if isinstance(rows, list) else body

        self.change(path, cut, times=times)

    def hide_candle(self, open_time: int, symbol: str = "[a-z]+") -> None:
        """The candle that opens then (ms) is missing from streams and from REST, until `calm`."""
        self.without_row("/fapi/v1/klines", open_time)

        def unless_hidden(text: str) -> Iterable[str]:
            return () if json.loads(text)["k"]["t"] == open_time else (text,)

        self.edit(f"{symbol}@kline_.*", unless_hidden, times=None)

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        self.requests.append(request.path_qs)
        for reply in _due(self._answers, request.path, most=1):
            answer: web.StreamResponse | None = await reply(request)
            return answer
        return None

    # streams

    def disconnect(self) -> None:
        """Every websocket breaks, now."""
        assert self.venue is not None
        venue = self.venue
        venue.call(venue.hub.drop)

    def half_open(self) -> None:
        """Every websocket stays open, and nothing passes any more, pongs included."""
        assert self.venue is not None
        connections = self.venue.hub.connections
        self.venue.call(lambda: [connection.go_silent() for connection in connections])

    def silence(self, stream: str = ".*", *, times: int | None = None) -> None:
        """What is subscribed is acknowledged, and then nothing comes."""
        self.edit(stream, lambda text: (), times=times)

    def malformed(self, stream: str = ".*", *, times: int | None = 1) -> None:
        """A message that is half a JSON object."""
        self.edit(stream, lambda text: (text[: len(text) // 2],), times=times)

    def garbage(self, stream: str = ".*", *, times: int | None = 1) -> None:
        """Bytes that are no frame of a websocket."""
        self.edit(stream, lambda text: (b"\xff\xff\xff\xff",), times=times)

    def unknown_fields(self, stream: str = ".*", *, times: int | None = None) -> None:
        """Messages have a number, a word and an object more than is known of."""
        more = {"zz": 1, "zy": "new", "zx": {"a": [1, 2]}}
        self.edit(stream, lambda text: (json.dumps({**json.loads(text), **more}),), times=times)

    def missing_field(self, stream: str, field: str, *, times: int | None = 1) -> None:
        """Messages lack a field; `k.x` is one inside another."""

        def cut(text: str) -> Iterable[str]:
            message = json.loads(text)
            inner = message
            *outer, last = field.split(".")
            for name in outer:
                inner = inner[name]
            inner.pop(last, None)
            return (json.dumps(message),)

        self.edit(stream, cut, times=times)

    def duplicate(self, stream: str = ".*", *, times: int | None = 1) -> None:
        """Messages come twice."""
        self.edit(stream, lambda text: (text, text), times=times)

    def lose(self, stream: str = ".*", *, times: int | None = 1) -> None:
        """Messages do not come: a gap in a depth stream, or a closing candle that never arrives."""
        self.edit(stream, lambda text: (), times=times)

    def swap(self, stream: str = ".*", *, times: int = 1) -> None:
        """A message comes after the one that followed it."""
        held: list[str] = []

        def late(text: str) -> Iterable[str]:
            if not held:
                held.append(text)
                return ()
            return (text, held.pop())

        self.edit(stream, late, times=2 * times)

    def edit(self, stream: str, change: Callable[[str], Iterable[str | bytes]], *, times: int | None = 1) -> None:
        """What comes in place of the next so many messages."""
        self._messages.append(_Times(stream, times, change))

    def messages(self, connection: Connection, stream: str, text: str) -> Iterable[str | bytes]:
        found: list[str | bytes] = [text]
        for change in _due(self._messages, stream):
            found = [new for old in found for new in (change(old) if isinstance(old, str) else [old])]
        return found


class _Times:
    """Something that happens so many times to what its pattern matches."""

    def __init__(self, pattern: str, times: int | None, do: Any) -> None:
        self.pattern, self.times, self.do = re.compile(pattern), times, do


def _due(waiting: list[_Times], name: str, *, most: int | None = None) -> list[Any]:
    found: list[Any] = []
    for one in list(waiting):
        if one.pattern.fullmatch(name) and len(found) != most:
            found.append(one.do)
            if one.times is not None:
                one.times -= 1
                if one.times <= 0:
                    waiting.remove(one)
    return found
