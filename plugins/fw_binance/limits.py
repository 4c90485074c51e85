"""How much one may ask of an exchange: one budget a host for the whole process, and silence when it asks for that."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import cache

import attrs

import fw
from fw.domain.time import format_time

SHARE = 0.7
"""Of the exchange's limit that is used at most: an address is shared with other programs, perhaps one that trades."""

USUAL_LIMIT = 2400
"""Weight a minute, before the exchange has said its own."""

MINUTE = 60.0
AFTER_429, AFTER_418 = 30.0, 120.0
"""Seconds of silence where the exchange does not say how many; a ban lasts two minutes at the least."""

MARGIN = 0.25
"""Seconds after a minute's end, as two clocks differ."""

GLANCE = 0.02
"""Seconds before looking again whether the first answer of a minute is there, which says how much is used."""

PROBE = 10.0
"""Weight kept back: what is asked before it is seen that the exchange's minute ends later than ours."""

COUNTED = {"funding": 500, "statistics": 1000}
"""Requests in five minutes, of the endpoints that are counted beside their weight."""


@attrs.define
class Pace:
    """The times it goes by; tests have their own."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    patience: float = 300.0
    """Longest silence (s) that is waited for; a longer one is told instead."""
    tries: int = 6
    """Times that one request is sent at most."""
    first_wait: float = 0.5
    """Seconds before the second time; twice as many before the third, and so on, each up to half less by chance."""

    def wait_before(self, attempt: int) -> float:
        """Seconds before the nth repetition, from 1 on."""
        return self.first_wait * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)


@attrs.define
class Limiter:
    """Weight used in the running minute, by the exchange's own count, and what is still under way.

    Mutable, and shared by every loop and thread of the process that talks to one host.
    """

    host: str
    pace: Pace = attrs.field(factory=Pace)
    limit: float = USUAL_LIMIT
    stated: float | None = None
    """Weight used in the minute as the exchange counts it; None before its first answer in this minute."""
    sent: float = 0.0
    """What we asked in the minute ourselves."""
    under_way: float = 0.0
    minute: int = 0
    silent_until: float = 0.0
    reason: str = ""
    reached: bool = False
    """Whether it has ever answered."""
    counted: dict[str, deque[float]] = attrs.field(factory=dict)
    """When what is counted was asked."""
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False)

    async def enter(self, weight: float, counter: str = "") -> None:
        """Wait until this much may be asked, and take it; whoever enters says `leave` in the end.

        RateLimited where the exchange wants longer silence than one should wait for.
        """
        while (wait := self._take(weight, counter)) > 0.0:
            if self.silent_until - self.pace.now() > self.pace.patience:
                raise self.refusal()
            await self.pace.sleep(wait)

    def leave(self, weight: float) -> None:
        """An answer came, or none will."""
        with self._lock:
            self.under_way = max(0.0, self.under_way - weight)
            self._turn()
            self.sent += weight

    def hear(self, headers: Mapping[str, str]) -> None:
        """What an answer states of the weight used."""
        found = header(headers, "x-mbx-used-weight-1m")
        if found.isdigit():
            with self._lock:
                self._turn()
                # answers overtake one another, so the greatest count of the minute is the newest
                self.stated = max(self.stated or 0.0, float(found))

    def hush(self, seconds: float, reason: str) -> None:
        """Nobody in this process asks anything for so long; RateLimited where that is longer than one waits."""
        with self._lock:
            self.silent_until = max(self.silent_until, self.pace.now() + seconds)
            self.reason = reason
        if seconds > self.pace.patience:
            raise self.refusal()

    def refusal(self) -> fw.RateLimited:
        """What to say where one does not wait."""
        until = format_time(round(self.silent_until) * 10**9)
        return fw.RateLimited(
            f"{self.host} {self.reason}, and takes nothing from this address until {until} UTC: run the same command "
            "after that; what was fetched is kept"
        )

    def _take(self, weight: float, counter: str) -> float:
        """Seconds to wait; 0 where the weight was taken."""
        with self._lock:
            now = self.pace.now()
            if now < self.silent_until:
                return self.silent_until - now
            self._turn()
            if counter and (wait := self._wait_to_count(counter, now)) > 0.0:
                return wait
            if self.stated is None and self.under_way:
                return GLANCE
            room = self.limit * SHARE - PROBE - max(self.stated or 0.0, self.sent) - self.under_way
            if weight > room and (self.stated is not None or self.sent):
                return MINUTE - now % MINUTE + MARGIN
            self.under_way += weight
            if counter:
                self.counted[counter].append(now)
            return 0.0

    def _wait_to_count(self, counter: str, now: float) -> float:
        asked = self.counted.setdefault(counter, deque())
        while asked and asked[0] <= now - 5 * MINUTE:
            asked.popleft()
        return asked[0] + 5 * MINUTE - now if len(asked) >= COUNTED[counter] * SHARE else 0.0

    def _turn(self) -> None:
        """Begin a new count where a new minute has begun."""
        minute = int((self.pace.now() - MARGIN) // MINUTE)
        if minute != self.minute:
            self.minute, self.stated, self.sent = minute, None, 0.0


@cache
def limiter_of(host: str) -> Limiter:
    """The one budget of this process for a host."""
    return Limiter(host)


def silence(status: int, headers: Mapping[str, str], body: str, now: float) -> float:
    """Seconds that a 429 or 418 asks one to be silent for."""
    after = header(headers, "retry-after").strip()
    if re.fullmatch(r"\d+(\.\d+)?", after):
        return float(after)
    if (until := re.search(r"until (\d{13})", body)) is not None:
        return max(0.0, int(until[1]) / 1000 - now)
    return AFTER_418 if status == 418 else AFTER_429


def header(headers: Mapping[str, str], name: str) -> str:
    """A header in whatever case it is written; empty where it is not there."""
    return next((value for key, value in headers.items() if key.lower() == name), "")
