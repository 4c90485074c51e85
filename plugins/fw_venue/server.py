"""The practice exchange as a server on this machine: it runs in a thread of its own, on loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from fw.domain.market import Market
from fw.domain.time import MILLISECOND
from fw.errors import BrokerError, DataError
from fw.parts.broker import Terms
from fw_venue.answers import Asked, Refusal
from fw_venue.archive import Archive
from fw_venue.clock import Clock
from fw_venue.contracts import contracts
from fw_venue.faults import Faults
from fw_venue.market_data import MarketData
from fw_venue.routes import Limits, Routes
from fw_venue.sockets import ROUTES, Hub
from fw_venue.statistics import TraderStatistics
from fw_venue.streams import Streams
from fw_venue.tape import Tape
from fw_venue.trading.accounts import CAPITAL, USUAL, Accounts
from fw_venue.trading.desk import add_trading
from fw_venue.trading.socket_api import PATH as SOCKET_API
from fw_venue.trading.socket_api import SocketApi

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"
Found = TypeVar("Found")
Settle = Callable[[int], None]


class Venue:
    """A practice exchange that trades a market; `with Venue(market) as venue:` starts and stops it.

    Mutable: it is a server. Its clock begins where the market's last bar closes, where none is given: all of it is
    history then, and nothing moves.
    """

    def __init__(
        self,
        market: Market,
        *,
        clock: Clock | None = None,
        port: int = 0,
        pace: int | None = None,
        rules: Path | None = None,
        keys: Mapping[str, str] | None = None,
        faults: Faults | None = None,
        capital: float = CAPITAL,
        terms: Terms = USUAL,
    ) -> None:
        """`pace`: ms between two prices inside a bar, at least; `rules`: a file of contract rules; port 0: any.

        `capital` is what each account begins with, `terms` are its fees, leverage and margin, and what takers lose.
        """
        empty = [symbol for symbol, series in market.series.items() if not len(series.bars)]
        if empty or not market.series:
            raise DataError(
                f"the market has no bars of {', '.join(empty) or 'anything'}: an exchange without prices cannot trade; "
                "ask the source for another period"
            )
        self.market = market
        size = market.bars.size.ns // MILLISECOND
        self.begins = min(int(series.bars.open_time[0]) for series in market.series.values()) // MILLISECOND
        """Open of the first bar, ms."""
        self.ends = max(int(series.bars.open_time[-1]) for series in market.series.values()) // MILLISECOND + size
        """Close of the last bar, ms."""
        self.clock = clock or Clock(self.ends)
        self.clock.attach(self._advanced)
        self.faults = faults or Faults()
        self.contracts = contracts(market, override=rules)
        self.tapes = {
            symbol: Tape(self.contracts[symbol], series, pace=pace or max(250, size // 240))
            for symbol, series in market.series.items()
        }
        self._pace = next(iter(self.tapes.values())).traded.pace
        self._origin = market.bars.size.origin // MILLISECOND
        self.keys = dict(keys or {"key": "secret"})
        """API keys and their secrets."""
        self.limits = Limits()
        self.routes = Routes(self.clock, self.limits, self.keys)
        market_data = MarketData(self.tapes, self.clock, self.limits)
        market_data.add_to(self.routes)
        TraderStatistics(market_data, self.clock).add_to(self.routes)
        self.archive_files = Archive(self.tapes, self.clock)
        self.hub = Hub(Streams(self.tapes), self.faults)
        self.settlers: list[Settle] = []
        """Called at every moment (ms) after its prices are known and before its streams are sent."""
        self.served = 0
        """Requests so far."""
        self.sockets: dict[str, Callable[[web.Request], Any]] = {}
        """Other websockets by path, as the order API is."""
        self.accounts = Accounts(self.tapes, self.clock, self.hub, self.settlers, capital=capital, terms=terms)
        """What each key holds and has ordered."""
        add_trading(self.routes, self.accounts, self.limits, self.hub)
        self.sockets[SOCKET_API] = SocketApi(self.routes, self.limits, self.accounts.ready).serve
        self.port = port
        self.problem: BaseException | None = None
        """What ended it, where it was not `stop`."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stepping = asyncio.Lock()

    @property
    def rest(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def archive(self) -> str:
        return self.rest

    @property
    def ws(self) -> str:
        return f"ws://{HOST}:{self.port}"

    @property
    def hosts(self) -> dict[str, str]:
        """What the setting `environment` of the source and the broker `binance` takes."""
        return {"rest": self.rest, "ws": self.ws, "archive": self.archive}

    def start(self) -> str:
        """Listen, and give the address of its REST half; BrokerError where the port is taken."""
        started = threading.Event()
        failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(started, failed), name="fw-venue", daemon=True)
        self._thread.start()
        started.wait()
        if failed:
            self._thread.join()
            self._thread = None
            if isinstance(failed[0], OSError):
                raise BrokerError(
                    f"port {self.port} of {HOST} is taken by another program: give another one, or 0 for any free one"
                ) from None
            raise failed[0]
        return self.rest

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._thread is None or self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._thread = self._loop = None

    def __enter__(self) -> Venue:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def halt(self, symbol: str, *, delisted: bool = False) -> None:
        """Stop trading a contract now: it is settled, or gone altogether. Its streams fall silent."""
        self.call(lambda: self.tapes[symbol].halt(self.clock.now, delisted=delisted))

    def call(self, work: Callable[[], Found]) -> Found:
        """Do something in the server's own thread, and wait for it."""

        async def run() -> Found:
            return work()

        assert self._loop is not None, "the exchange has not been started"
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    # the thread

    def _run(self, started: threading.Event, failed: list[BaseException]) -> None:
        try:
            asyncio.run(self._serve(started))
        except BaseException as problem:  # told to the thread that starts it
            if not started.is_set():
                failed.append(problem)
                started.set()
            else:
                raise

    async def _serve(self, started: threading.Event) -> None:
        from aiohttp import web

        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{tail:.*}", self._dispatch)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handle_signals=False)
        await runner.setup()
        site = web.TCPSite(runner, HOST, self.port)
        try:
            await site.start()
            assert runner.addresses
            self.port = runner.addresses[0][1]
            self.clock.start()
            tasks = [asyncio.create_task(self.hub.keep_watch())]
            if self.clock.speed is not None:
                tasks.append(asyncio.create_task(self._go_on()))
            started.set()
            ended = asyncio.create_task(self._ended.wait())
            await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in (ended, *tasks):
                task.cancel()
            self.problem = next((task.exception() for task in tasks if task.done() and not task.cancelled()), None)
            await asyncio.gather(ended, *tasks, return_exceptions=True)
            self.hub.drop()
        finally:
            await runner.cleanup()

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        self.served += 1
        parts = request.path.strip("/").split("/")
        if instead := await self.faults.before(request):
            return instead
        if request.headers.get("Upgrade", "").lower() == "websocket":
            if request.path in self.sockets:
                answer: web.StreamResponse = await self.sockets[request.path](request)
                return answer
            if parts[0] in ("ws", "stream") or (parts[0] in ROUTES and parts[1:2] in (["ws"], ["stream"])):
                return await self.hub.serve(request)
        response = await self._rest(request) if parts[0] in ("fapi", "futures") else self.archive_files.answer(request)
        return await self.faults.after(request, response)

    async def _rest(self, request: web.Request) -> web.Response:
        from aiohttp import web

        body = (await request.text()) if request.can_read_body else ""
        query = request.rel_url.raw_query_string
        asked = Asked(
            method=request.method,
            path=request.path,
            params=dict(parse_qsl(body)) | dict(parse_qsl(query)),
            address=request.remote or HOST,
            key=request.headers.get("X-MBX-APIKEY"),
            signed=_unsigned(query) + _unsigned(body),
        )
        if asked.key in self.keys:
            await self.accounts.ready()
        status = 200
        try:
            content = self.routes.answer(asked)
        except Refusal as refusal:
            content, status = refusal.body, refusal.status
            asked.headers |= refusal.headers
        text = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
        return web.Response(body=text, status=status, headers=asked.headers, content_type="application/json")

    # time

    def _advanced(self, moment: int) -> None:
        """Step to a moment, from another thread than the server's."""
        if self._loop is None:
            self.clock.now = moment
            return
        asyncio.run_coroutine_threadsafe(self._step(moment), self._loop).result()

    async def _go_on(self) -> None:
        """Follow the running clock."""
        assert self.clock.speed is not None
        pause = min(max(self._pace / 1000 / self.clock.speed / 2, 0.005), 0.1)
        while True:
            await self._step(self.clock.due())
            await asyncio.sleep(pause)

    async def _step(self, moment: int) -> None:
        """Live through every moment up to this one."""
        async with self._stepping:
            before, pace = self.clock.now, self._pace
            following = before - (before - self._origin) % pace + pace
            count = 0
            while following <= moment:
                if not self.hub.listeners and not self.settlers:
                    break  # nobody looks
                self.clock.now = following
                for settle in tuple(self.settlers):  # one may leave
                    settle(following)
                self.hub.speak(before, following)
                before, following = following, following + pace
                count += 1
                if count % 64 == 0:
                    await self.hub.settle()
                    await asyncio.sleep(0)
            self.clock.now = moment
            await self.hub.settle()


def _unsigned(text: str) -> str:
    """Parameters without their signature, which comes last."""
    return "&".join(part for part in text.split("&") if part and not part.startswith("signature="))
