"""One table of REST endpoints, and the one place where keys and weights are looked at before a handler runs."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from fw_venue.answers import Asked, Refusal
from fw_venue.clock import Clock

Security = Literal["none", "key", "signed"]
Handler = Callable[[Asked], Any]
"""Gives what is written as JSON, or bytes that are JSON already; raises Refusal."""

MINUTE = 60.0


@attrs.frozen(kw_only=True)
class Route:
    """One endpoint."""

    handler: Handler
    weight: int | Callable[[Asked], int] = 1
    security: Security = "none"
    statistics: bool = False
    """Counted in requests of five minutes, as /futures/data is, and not by weight."""
    orders: int | Callable[[Asked], int] = 0
    """How many it counts as in the account's order counters."""

    def weighs(self, asked: Asked) -> int:
        return self.weight(asked) if callable(self.weight) else self.weight

    def counts(self, asked: Asked) -> int:
        return self.orders(asked) if callable(self.orders) else self.orders


class Limits:
    """How much one may ask: weight a minute for an address, orders for an account, and bans for going on.

    It goes by this machine's clock, not the exchange's: clients wait in real seconds. Mutable, since it counts.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self.weight = 2400
        """A minute."""
        self.requests = 1000
        """Of statistics in five minutes."""
        self.orders_minute = 1200
        self.orders_ten_seconds = 300
        self.patience = 20
        """Requests refused with 429 until the address is banned."""
        self.ban = 120.0
        """Seconds."""
        self._now = now
        self._used: dict[tuple[str, str], tuple[int, int]] = {}
        self._banned: dict[str, float] = {}
        self._refused: dict[str, int] = {}

    def spend(self, asked: Asked, route: Route) -> None:
        """Count a request; 429 where that is too much, 418 where one went on after it."""
        now, who = self._now(), asked.address
        if (until := self._banned.get(who, 0.0)) > now:
            raise self._ban(until, now)
        if route.statistics:
            if self._count("requests", who, 1, 5 * MINUTE) > self.requests:
                raise self._too_many(who, now, 5 * MINUTE)
            return
        used = self._count("weight", who, route.weighs(asked), MINUTE)
        asked.headers["X-MBX-USED-WEIGHT-1M"] = str(used)
        if used > self.weight:
            raise self._too_many(who, now, MINUTE)
        self._refused.pop(who, None)
        if count := route.counts(asked):
            account = asked.key or who
            short = self._count("orders-10s", account, count, 10.0)
            long = self._count("orders-1m", account, count, MINUTE)
            asked.headers["X-MBX-ORDER-COUNT-10S"], asked.headers["X-MBX-ORDER-COUNT-1M"] = str(short), str(long)
            if short > self.orders_ten_seconds or long > self.orders_minute:
                raise Refusal(-1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS.", status=429)

    def used(self, address: str = "127.0.0.1") -> int:
        """Weight spent in this minute."""
        window, used = self._used.get(("weight", address), (0, 0))
        return used if window == int(self._now() // MINUTE) else 0

    def _count(self, what: str, who: str, count: int, window: float) -> int:
        number = int(self._now() // window)
        before, used = self._used.get((what, who), (number, 0))
        used = (used if before == number else 0) + count
        self._used[what, who] = number, used
        return used

    def _too_many(self, who: str, now: float, window: float) -> Refusal:
        self._refused[who] = self._refused.get(who, 0) + 1
        if self._refused[who] > self.patience:
            self._refused.pop(who)
            self._banned[who] = now + self.ban
            return self._ban(now + self.ban, now)
        wait = {"Retry-After": str(int(window - now % window) + 1)}
        msg = f"Too many requests; current limit of IP({who}) is {self.weight} requests per minute."
        return Refusal(-1003, msg, status=429, headers=wait)

    @staticmethod
    def _ban(until: float, now: float) -> Refusal:
        msg = f"Way too many requests; IP banned until {int(until * 1000)}."
        return Refusal(-1003, msg, status=418, headers={"Retry-After": str(int(until - now) + 1)})


class Routes:
    """Endpoints by method and path. Mutable: each half of the exchange adds its own."""

    def __init__(self, clock: Clock, limits: Limits, keys: Mapping[str, str]) -> None:
        self.clock, self.limits, self.keys = clock, limits, keys
        self._table: dict[tuple[str, str], Route] = {}

    def add(self, method: str, path: str, handler: Handler, **rest: Any) -> None:
        """Serve a path; the rest are fields of Route."""
        self._table[method, path] = Route(handler=handler, **rest)

    def answer(self, asked: Asked) -> Any:
        """What the handler gives; Refusal where it, the keys or the limits say no."""
        route = self._table.get((asked.method, asked.path))
        if route is None:
            if any(path == asked.path for _, path in self._table):
                raise Refusal(-1000, f"Request method '{asked.method}' not supported", status=405)
            raise Refusal(-5000, f"Path {asked.path}, Method {asked.method} is invalid", status=404)
        self.limits.spend(asked, route)
        if route.security != "none":
            self._admit(asked, route.security)
        return route.handler(asked)

    def _admit(self, asked: Asked, security: Security) -> None:
        """Look at the key, and at the signature and its time."""
        if not asked.key:
            raise Refusal(-2014, "API-key format invalid.", status=401)
        secret = self.keys.get(asked.key)
        if secret is None:
            raise Refusal(-2015, "Invalid API-key, IP, or permissions for action, request ip: 127.0.0.1", status=401)
        if security == "key":
            return
        sent, window = asked.number("timestamp"), asked.number("recvWindow", 5000)
        if sent is None:
            raise Refusal(-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
        assert window is not None
        now = self.clock.shown
        if self.clock.speed not in (None, 1.0):
            now = sent  # a client's clock cannot follow one that runs at another speed than its own
        if sent >= now + 1000:
            raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now - sent > window:
            raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
        wanted = hmac.new(secret.encode(), asked.signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, asked.params.get("signature", "")):
            raise Refusal(-1022, "Signature for this request is not valid.")
