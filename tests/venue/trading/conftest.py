"""A client that signs its requests as the exchange's documents say, on a market whose prices are known."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

import fw
from fw.domain.stamps import Stamps
from fw.domain.time import MINUTE, parse_time

BTC = "BTCUSDT"
SECRETS = {"key": "secret", "other": "other secret"}


class Trader:
    """One account's client, without any library between it and the exchange."""

    def __init__(self, venue: Any, key: str = "key") -> None:
        self.venue, self.key = venue, key

    def ask(self, method: str, path: str, /, **params: Any) -> tuple[int, Any, Any]:
        """Status, headers and body of a signed request; `__key`, `__secret` and `timestamp` may be wrong."""
        secret = params.pop("__secret", SECRETS[self.key])
        params = {name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()}
        query = urlencode({"timestamp": self.venue.clock.now, **params})
        signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = f"{self.venue.rest}/fapi/{path}?{query}&signature={signature}"
        request = urllib.request.Request(url, method=method, headers={"X-MBX-APIKEY": self.key})
        try:
            with urllib.request.urlopen(request, timeout=100) as answer:
                return answer.status, answer.headers, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, json.loads(error.read())

    def get(self, path: str, /, **params: Any) -> Any:
        return self.done("GET", path, **params)

    def done(self, method: str, path: str, /, **params: Any) -> Any:
        """The body of a request that succeeds."""
        status, _, body = self.ask(method, path, **params)
        assert status == 200, body
        return body

    def code(self, method: str, path: str, /, **params: Any) -> int:
        """The code of a request that is refused."""
        status, _, body = self.ask(method, path, **params)
        assert status >= 400, body
        return int(body["code"])

    def order(self, side: str, quantity: float, price: float | None = None, **rest: Any) -> Any:
        """A limit order where it has a price, else a market order, and what became of it."""
        return self.done("POST", "v1/order", **order_of(side, quantity, price, **rest))

    def refused(self, side: str, quantity: float, price: float | None = None, **rest: Any) -> int:
        return self.code("POST", "v1/order", **order_of(side, quantity, price, **rest))

    def conditional(self, side: str, kind: str, quantity: float | None = None, **rest: Any) -> Any:
        return self.done("POST", "v1/algoOrder", **conditional_of(side, kind, quantity, **rest))

    def cancel(self, number: int) -> Any:
        return self.done("DELETE", "v1/order", symbol=BTC, orderId=number)

    @property
    def wallet(self) -> float:
        return float(self.get("v3/balance")[0]["balance"])

    @property
    def size(self) -> float:
        """Of the position in BTCUSDT, signed."""
        return float(self.get("v2/positionRisk", symbol=BTC)[0]["positionAmt"])

    def events(self, doing: Callable[[], object]) -> list[Any]:
        """Every user event that comes while something is done, in order."""
        from aiohttp import ClientSession

        listen_key = self.done("POST", "v1/listenKey")["listenKey"]

        async def listen() -> list[Any]:
            found: list[Any] = []
            async with (
                ClientSession() as session,
                session.ws_connect(f"{self.venue.ws}/private/ws?listenKey={listen_key}") as socket,
            ):
                await asyncio.to_thread(doing)
                await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 99})
                while (message := await socket.receive_json()).get("id") != 99:
                    found.append(message)
            return found

        return asyncio.run(listen())


def order_of(side: str, quantity: float, price: float | None = None, **rest: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"symbol": BTC, "side": side, "quantity": quantity, "newOrderRespType": "RESULT"}
    given |= {"type": "MARKET"} if price is None else {"type": "LIMIT", "price": price, "timeInForce": "GTC"}
    return given | rest


def conditional_of(side: str, kind: str, quantity: float | None = None, **rest: Any) -> dict[str, Any]:
    given = {"algoType": "CONDITIONAL", "symbol": BTC, "side": side, "type": kind}
    return given | ({} if quantity is None else {"quantity": quantity}) | rest


@pytest.fixture
def trading_tools() -> ModuleType:
    """This module, for its builders of orders."""
    import sys

    return sys.modules[__name__]


@pytest.fixture
def prices_of() -> Callable[..., fw.Market]:
    """A market of one-minute bars that open at the prices given, and move straight to the next."""
    return straight_market


def straight_market(
    *opens: float, funding: tuple[tuple[int, float], ...] = (), marks: tuple[float, ...] | None = None, **rest: Any
) -> fw.Market:
    """Bar by bar from open to open; `funding`: number of the bar at whose open a rate is settled, and the rate."""
    start = parse_time("2024-01-01")
    size = fw.BarSize.parse("1m")

    def bars(values: tuple[float, ...]) -> fw.Bars:
        opened = np.array(values[:-1], float)
        close = np.array(values[1:], float)
        return fw.Bars(
            size=size,
            open_time=start + MINUTE * np.arange(len(opened)),
            open=opened,
            high=np.maximum(opened, close),
            low=np.minimum(opened, close),
            close=close,
            volume=np.full(len(opened), 100.0),
        )

    stamps = Stamps(
        np.array([start + MINUTE * bar for bar, _ in funding], np.int64),
        {"value": np.array([rate for _, rate in funding], float)},
    )
    series = fw.Series(
        bars=bars(opens), mark=None if marks is None else bars(marks), funding=stamps if funding else None, **rest
    )
    return fw.Market(series={BTC: series}, focus=BTC)


@pytest.fixture
def trading(make_venue: Callable[..., Any], prices_of: Callable[..., fw.Market]) -> Callable[..., Trader]:
    """A client of an exchange whose prices go straight from one number to the next, a minute each.

    `at`: the minute at whose open its clock stands; `market` in place of prices; the rest goes to the exchange.
    """

    def make(*opens: float, at: int = 0, market: Any = None, funding: Any = (), marks: Any = None, **rest: Any) -> Any:
        given = prices_of(*opens, funding=funding, marks=marks) if market is None else market
        return Trader(make_venue(given, at=at, **{"keys": SECRETS, **rest}))

    return make
