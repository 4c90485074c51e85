"""What the practice exchange sends has the fields and JSON types of what the real one sent, one by one.

Beside payloads that were recorded stand examples of the exchange's documents, which later fields are taken from. A
field of theirs that we lack, a number where they have a text, a word where they have a number in a text: each is a
difference. Fields that we have and the older payloads lack are named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MINUTE = 60_000
RECORDED, DOCUMENTED = "recorded", "fixtures/binance_net"
EXAMPLE = f"{DOCUMENTED}/endpoints/ExchangeData_"

REST = [
    ("/fapi/v1/exchangeInfo", f"{RECORDED}/rest/fapi_v1_exchangeInfo_2021-07-22.json"),
    ("/fapi/v1/exchangeInfo", f"{EXAMPLE}GetExchangeInfo.json"),
    ("/fapi/v1/depth?symbol=BTCUSDT", f"{RECORDED}/rest/fapi_v1_depth_symbol_BTCUSDT_limit_1000_2024-08-08.json"),
    ("/fapi/v1/time", f"{EXAMPLE}GetServerTime.json"),
    ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m", f"{EXAMPLE}GetKlines.json"),
    (
        "/fapi/v1/continuousKlines?pair=BTCUSDT&contractType=PERPETUAL&interval=1m",
        f"{EXAMPLE}GetContinuousContractKlines.json",
    ),
    (
        "/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m",
        f"{EXAMPLE}GetMarkPriceKlines.json",
    ),
    (
        "/fapi/v1/indexPriceKlines?pair=BTCUSDT&interval=1m",
        f"{EXAMPLE}GetIndexPriceKlines.json",
    ),
    (
        "/fapi/v1/premiumIndexKlines?symbol=BTCUSDT&interval=1m",
        f"{EXAMPLE}GetPremiumIndexKlines.json",
    ),
    ("/fapi/v1/fundingRate?symbol=BTCUSDT", f"{EXAMPLE}GetFundingRates.json"),
    ("/fapi/v1/fundingInfo", f"{EXAMPLE}GetFundingInfo.json"),
    ("/fapi/v1/premiumIndex?symbol=BTCUSDT", f"{EXAMPLE}GetMarkPrice.json"),
    ("/fapi/v1/trades?symbol=BTCUSDT", f"{EXAMPLE}GetRecentTrades.json"),
    ("/fapi/v1/aggTrades?symbol=BTCUSDT", f"{EXAMPLE}GetAggregatedTradeHistory.json"),
    ("/fapi/v1/ticker/24hr?symbol=BTCUSDT", f"{EXAMPLE}GetTicker.json"),
    ("/fapi/v2/ticker/price?symbol=BTCUSDT", f"{EXAMPLE}GetPrice.json"),
    ("/fapi/v1/ticker/bookTicker?symbol=BTCUSDT", f"{EXAMPLE}GetBookPrice.json"),
    ("/fapi/v1/openInterest?symbol=BTCUSDT", f"{EXAMPLE}GetOpenInterest.json"),
    ("/fapi/v1/constituents?symbol=BTCUSDT", f"{EXAMPLE}GetIndexPriceConstituents.json"),
    (
        "/futures/data/openInterestHist?symbol=BTCUSDT&period=1h",
        f"{EXAMPLE}GetOpenInterestHistory.json",
    ),
    (
        "/futures/data/topLongShortAccountRatio?symbol=BTCUSDT&period=1h",
        f"{EXAMPLE}GetTopLongShortAccountRatio.json",
    ),
    (
        "/futures/data/topLongShortPositionRatio?symbol=BTCUSDT&period=1h",
        f"{EXAMPLE}GetTopLongShortPositionRatio.json",
    ),
    (
        "/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=1h",
        f"{EXAMPLE}GetGlobalLongShortAccountRatio.json",
    ),
    (
        "/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=1h",
        f"{EXAMPLE}GetTakerBuySellVolumeRatio.json",
    ),
    (
        "/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=1h",
        f"{EXAMPLE}GetBasis.json",
    ),
]

STREAMS = [
    ("market", "btcusdt@aggTrade", f"{RECORDED}/ws/aggTrade_combined.json"),
    ("market", "btcusdt@kline_1m", f"{RECORDED}/ws/kline_1m_combined.json"),
    ("public", "btcusdt@bookTicker", f"{RECORDED}/ws/btcusdt_bookTicker_combined.json"),
    ("public", "btcusdt@trade", f"{RECORDED}/ws/btcusdt_trade_combined.json"),
    ("public", "btcusdt@depth@100ms", f"{RECORDED}/ws/depth_100ms_combined.json"),
    ("public", "btcusdt@depth@0ms", f"{RECORDED}/ws/btcusdt_depth_0ms_combined.json"),
    ("public", "btcusdt@depth5@100ms", f"{DOCUMENTED}/subscriptions/PartialBook.json"),
    ("market", "btcusdt@markPrice@1s", f"{DOCUMENTED}/subscriptions/MarkPrice.json"),
    ("market", "btcusdt@ticker", f"{DOCUMENTED}/subscriptions/Ticker.json"),
    ("market", "btcusdt@miniTicker", f"{DOCUMENTED}/subscriptions/MiniTicker.json"),
    ("market", "btcusdt_perpetual@continuousKline_1m", f"{DOCUMENTED}/subscriptions/ContKlines.json"),
]

LATER = {
    ".symbols.[].settlePlan",  # not in the documents
    ".symbols.[].maxMoveOrderLimit",
    ".symbols.[].permissionSets",
    ".symbols.[].permissionSets.[]",
    ".symbols.[].filters.POSITION_RISK_CONTROL",
    ".symbols.[].filters.POSITION_RISK_CONTROL.filterType",
    ".symbols.[].filters.POSITION_RISK_CONTROL.positionControlSide",
    ".timezone",
    ".futuresType",
    ".[].nq",  # since 2025-12-31
    ".data.nq",
    ".ps",
}
"""Fields that some of these payloads lack: the exchange brought them later, or the documents leave them out."""

GONE = {
    ".symbols.[].filters.MAX_NUM_ALGO_ORDERS",  # since 2025-12-29
    ".symbols.[].filters.MAX_NUM_ALGO_ORDERS.filterType",
    ".symbols.[].filters.MAX_NUM_ALGO_ORDERS.limit",
    ".symbols.[].underlyingSubType.[]",  # our lists of them are empty
}

OTHERWISE = {
    "timestamp",  # a number on the exchange, though its documents have a text
    "multiplierDecimal",  # a text when it was recorded, a number in the documents
    "autoAssetExchange",  # the same
    "annualizedBasisRate",  # an empty text for a perpetual
}


def kind(value: Any) -> str:
    """A JSON type; a number inside a text is another one than a word."""
    if isinstance(value, str):
        return "a number in a text" if re.fullmatch(r"-?\d+(\.\d+)?\s*", value) else "a word"
    return {bool: "a truth", int: "a whole number", float: "a fraction", type(None): "null"}[type(value)]


def fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and kind of every field; of lists the first row, but of filters each by its name."""
    if isinstance(value, dict):
        yield path, "an object"
        for name, inner in value.items():
            yield from fields(inner, f"{path}.{name}")
    elif isinstance(value, list) and value and isinstance(value[0], dict) and "filterType" in value[0]:
        for inner in value:
            yield from fields(inner, f"{path}.{inner['filterType']}")
    elif isinstance(value, list) and value and isinstance(value[0], int) and len(value) == 12:
        yield path, " ".join(map(kind, value))  # a candle: each cell counts
    elif isinstance(value, list):
        yield path, "a list"
        for inner in value[:1]:
            yield from fields(inner, f"{path}.[]")
    else:
        yield path, kind(value)


def differences(ours: Any, theirs: Any) -> list[str]:
    """In words; empty where there is none."""
    mine, known = dict(fields(ours)), dict(fields(theirs))
    found = [f"they have {path}" for path in known.keys() - mine.keys() - GONE]
    found += [f"only we have {path}" for path in mine.keys() - known.keys() - LATER]
    for path in mine.keys() & known.keys():
        if mine[path] != known[path] and path.rpartition(".")[2] not in OTHERWISE:
            found.append(f"{path} is {mine[path]}, theirs {known[path]}")
    return sorted(found)


@pytest.fixture(scope="module")
def payloads(real_data: Path) -> Path:
    folder = real_data / "binance_payloads"
    if not (folder / RECORDED).is_dir():
        pytest.skip(f"no payloads of the exchange in {folder}")
    return folder


@pytest.fixture
def venue(make_venue: Callable[..., Any], venue_kit: ModuleType) -> Any:
    return make_venue(venue_kit.market(bars=1600), at=1500, pace=1_000)


@pytest.mark.parametrize(("path", "file"), REST, ids=[f"{path.partition('?')[0]} {file[:8]}" for path, file in REST])
def test_an_answer_has_the_fields_of_the_exchange(
    venue: Any, venue_kit: ModuleType, payloads: Path, path: str, file: str
) -> None:
    if path.endswith("fundingInfo"):
        hours = venue.contracts["BTCUSDT"]
        hours.rules = venue_kit.every_four_hours(hours.rules)
    theirs = json.loads((payloads / file).read_text(encoding="utf-8"))
    ours = venue_kit.rows(venue, path)
    assert ours
    assert differences(ours, theirs) == []


@pytest.mark.parametrize(("route", "stream", "file"), STREAMS, ids=[stream for _, stream, _ in STREAMS])
def test_a_message_has_the_fields_of_the_exchange(
    venue: Any, venue_kit: ModuleType, payloads: Path, route: str, stream: str, file: str
) -> None:
    theirs = json.loads((payloads / file).read_text(encoding="utf-8"))
    found = venue_kit.heard(venue, f"/{route}/stream?streams={stream}", lambda: venue.clock.advance(ms=2_000))
    assert found
    assert differences(found[0], theirs) == []


def test_prices_are_written_with_the_decimals_of_their_step(venue: Any, venue_kit: ModuleType) -> None:
    (info,) = venue_kit.rows(venue, "/fapi/v1/exchangeInfo")["symbols"]
    tick = next(row["tickSize"] for row in info["filters"] if row["filterType"] == "PRICE_FILTER")
    row = venue_kit.rows(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1")[0]
    assert len(row[1].partition(".")[2]) == len(tick.rstrip("0").partition(".")[2])
    assert info["pricePrecision"] > len(row[1].partition(".")[2])  # it is not the tick's, which clients must not forget
