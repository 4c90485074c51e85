"""Weights, limits and bans: what a request costs, and what happens to one that goes on."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

USED = "X-MBX-USED-WEIGHT-1M"


@pytest.fixture
def at_noon(make_venue: Callable[..., Any]) -> tuple[Any, list[float]]:
    """A venue, and the clock in seconds by which it counts."""
    venue, now = make_venue(at=100), [1_700_000_040.0]  # a minute has just begun
    venue.limits._now = lambda: now[0]
    return venue, now


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("v1/ping", 1),
        ("v1/exchangeInfo", 1),
        ("v1/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("v1/klines?symbol=BTCUSDT&interval=1m&limit=499", 2),
        ("v1/klines?symbol=BTCUSDT&interval=1m", 5),
        ("v1/klines?symbol=BTCUSDT&interval=1m&limit=1000", 5),
        ("v1/markPriceKlines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
        ("v1/depth?symbol=BTCUSDT&limit=100", 5),
        ("v1/depth?symbol=BTCUSDT&limit=1000", 20),
        ("v1/aggTrades?symbol=BTCUSDT", 20),
        ("v1/premiumIndex?symbol=BTCUSDT", 1),
        ("v1/premiumIndex", 10),
        ("v1/ticker/24hr", 40),
    ],
)
def test_a_request_costs_what_the_exchange_says(
    at_noon: tuple[Any, list[float]], venue_kit: ModuleType, path: str, weight: int
) -> None:
    venue, _ = at_noon
    status, headers, _ = venue_kit.get(venue, f"/fapi/{path}")
    assert (status, headers[USED]) == (200, str(weight))
    assert venue.limits.used() == weight


def test_used_weight_adds_up_and_begins_anew_with_the_minute(
    at_noon: tuple[Any, list[float]], venue_kit: ModuleType
) -> None:
    venue, now = at_noon
    used = []
    for seconds in (0, 10, 59, 60):
        now[0] = 1_700_000_040.0 + seconds
        used.append(venue_kit.get(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m")[1][USED])
    assert used == ["5", "10", "15", "5"]


def test_too_much_is_429_until_the_minute_ends_and_going_on_is_418(
    at_noon: tuple[Any, list[float]], venue_kit: ModuleType
) -> None:
    venue, now = at_noon
    venue.limits.weight, venue.limits.patience = 10, 2
    now[0] += 15
    path = "/fapi/v1/klines?symbol=BTCUSDT&interval=1m"
    assert [venue_kit.get(venue, path)[0] for _ in range(2)] == [200, 200]
    status, headers, body = venue_kit.get(venue, path)
    assert (status, body["code"], int(headers["Retry-After"])) == (429, -1003, 46)
    assert venue_kit.get(venue, path)[0] == 429
    status, headers, body = venue_kit.get(venue, path)
    assert (status, body["code"], int(headers["Retry-After"])) == (418, -1003, 121)
    assert str(round((now[0] + 120) * 1000)) in body["msg"]
    now[0] += 60  # the minute is over, the ban is not
    assert venue_kit.get(venue, path)[0] == 418
    now[0] += 61
    assert venue_kit.get(venue, path)[0] == 200


def test_one_who_waits_after_429_is_not_banned(at_noon: tuple[Any, list[float]], venue_kit: ModuleType) -> None:
    venue, now = at_noon
    venue.limits.weight, venue.limits.patience = 10, 2
    for _ in range(4):
        statuses = [venue_kit.get(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m")[0] for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        now[0] += 60


def test_statistics_are_counted_in_requests_and_not_by_weight(
    at_noon: tuple[Any, list[float]], venue_kit: ModuleType
) -> None:
    venue, now = at_noon
    venue.limits.requests = 2
    path = "/futures/data/openInterestHist?symbol=BTCUSDT&period=1h"
    answers = [venue_kit.get(venue, path) for _ in range(3)]
    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert all(USED not in headers for _, headers, _ in answers)
    now[0] += 300
    assert venue_kit.get(venue, path)[0] == 200


def test_the_limit_is_stated_in_the_rules(at_noon: tuple[Any, list[float]], venue_kit: ModuleType) -> None:
    venue, _ = at_noon
    venue.limits.weight = 6000
    limits = venue_kit.rows(venue, "/fapi/v1/exchangeInfo")["rateLimits"]
    assert {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000} in limits


def test_what_does_not_exist_is_said_to_be_invalid(at_noon: tuple[Any, list[float]], venue_kit: ModuleType) -> None:
    status, _, body = venue_kit.get(at_noon[0], "/fapi/v1/nonsense")
    assert (status, body["code"]) == (404, -5000)
