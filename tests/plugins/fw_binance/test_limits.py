"""What is asked of an exchange in a minute, and how long one is silent when it wants that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import fw
from fw_binance.limits import Limiter, Pace, limiter_of, silence

START = 1_700_000_040.0 + 0.5
"""Half a second after a minute began."""


class Minutes:
    """Time that passes only when somebody sleeps. Mutable as time is."""

    def __init__(self) -> None:
        self.time = START
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@pytest.fixture
def minutes() -> Minutes:
    return Minutes()


@pytest.fixture
def limiter(minutes: Minutes) -> Limiter:
    return Limiter("exchange", Pace(now=minutes.now, sleep=minutes.sleep), limit=1000.0)


def ask(limiter: Limiter, weight: float, *, stated: int | None = None, counter: str = "") -> None:
    async def once() -> None:
        await limiter.enter(weight, counter)
        limiter.hear({} if stated is None else {"X-MBX-USED-WEIGHT-1M": str(stated)})
        limiter.leave(weight)

    asyncio.run(once())


def test_below_the_share_nobody_waits(limiter: Limiter, minutes: Minutes) -> None:
    for used in range(100, 700, 100):
        ask(limiter, 90, stated=used)
    assert minutes.slept == []


def test_above_the_share_the_next_minute_is_waited_for(limiter: Limiter, minutes: Minutes) -> None:
    ask(limiter, 5, stated=690)
    ask(limiter, 5, stated=5)
    assert minutes.slept == [pytest.approx(59.75)]


def test_what_others_at_the_same_address_use_counts(limiter: Limiter, minutes: Minutes) -> None:
    ask(limiter, 1, stated=699)  # the exchange says so: another program has been busy
    ask(limiter, 1, stated=1)
    assert len(minutes.slept) == 1


def test_without_the_exchanges_count_our_own_holds(limiter: Limiter, minutes: Minutes) -> None:
    for _ in range(7):
        ask(limiter, 100)
    assert len(minutes.slept) == 1


def test_what_is_under_way_counts(limiter: Limiter, minutes: Minutes) -> None:
    async def many() -> int:
        most = 0

        async def one() -> None:
            nonlocal most
            await limiter.enter(100)
            most = max(most, int(limiter.under_way))
            await asyncio.sleep(0)
            limiter.hear({"X-MBX-USED-WEIGHT-1M": "100"})
            limiter.leave(100)

        ask_first = [one() for _ in range(20)]
        await asyncio.gather(*ask_first)
        return most

    assert asyncio.run(many()) <= 690


def test_an_older_count_that_comes_later_does_not_win(limiter: Limiter, minutes: Minutes) -> None:
    ask(limiter, 1, stated=695)
    limiter.hear({"x-mbx-used-weight-1m": "10"})
    ask(limiter, 1, stated=1)
    assert len(minutes.slept) == 1


def test_silence_is_for_everybody(limiter: Limiter, minutes: Minutes) -> None:
    limiter.hush(12.0, "asks for fewer requests (429)")

    async def one() -> None:
        await limiter.enter(1.0)
        limiter.leave(1.0)

    async def many() -> None:
        await asyncio.gather(*(one() for _ in range(3)))

    asyncio.run(many())
    assert minutes.time == pytest.approx(START + 12.0, abs=0.5)


def test_a_silence_longer_than_one_waits_is_an_error_that_says_until_when(limiter: Limiter) -> None:
    with pytest.raises(fw.RateLimited, match=r"exchange has banned this address, and takes nothing .* UTC"):
        limiter.hush(3600.0, "has banned this address")
    with pytest.raises(fw.RateLimited):
        ask(limiter, 1)


def test_what_is_counted_and_not_weighed_has_its_own_limit(limiter: Limiter, minutes: Minutes) -> None:
    for _ in range(351):  # 70 % of 500 in five minutes
        ask(limiter, 0, stated=0, counter="funding")
    assert minutes.slept == [pytest.approx(300.0, abs=1.0)]


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {"Retry-After": "17"}, "", 17.0),
        (429, {"retry-after": "0.5"}, "", 0.5),
        (429, {}, "", 30.0),
        (418, {}, "", 120.0),
        (418, {"Retry-After": "600"}, "", 600.0),
        (418, {}, "Way too many requests; IP banned until 1700000099000.", 98.5),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", 30.0),
    ],
)
def test_how_long_the_exchange_wants_silence(status: int, headers: Any, body: str, seconds: float) -> None:
    assert silence(status, headers, body, 1_700_000_000.5) == pytest.approx(seconds)


def test_a_host_has_one_budget_in_the_process() -> None:
    assert limiter_of("https://one.example") is limiter_of("https://one.example")
    assert limiter_of("https://one.example") is not limiter_of("https://two.example")
