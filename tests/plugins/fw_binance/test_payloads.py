"""What other people recorded of the exchange, and its documents' own examples, read as the exchange's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fw.domain.time import parse_time
from fw.domain.venue import VENUES
from fw_binance.client import candle_columns, trade_columns
from fw_binance.csv import parse
from fw_binance.listed import Listed
from fw_binance.rules import record

pytestmark = pytest.mark.real

AGES = 4_102_444_800 * 10**9
"""2100."""


@pytest.fixture(scope="module")
def payloads(real_data: Path) -> Path:
    return real_data / "binance_payloads"


@pytest.fixture(scope="module")
def endpoints(payloads: Path) -> Any:
    folder = payloads / "fixtures" / "binance_net" / "endpoints"
    return lambda name: json.loads((folder / f"ExchangeData_{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def info(payloads: Path) -> dict[str, Any]:
    """exchangeInfo, captured on 2021-07-22."""
    text = (payloads / "recorded" / "rest" / "fapi_v1_exchangeInfo_2021-07-22.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_rules_that_were_recorded_become_the_records_that_come_with_the_program(info: dict[str, Any]) -> None:
    """Those were written down by hand from the same recording."""
    shipped = json.loads((VENUES / "binance_usdm" / "instruments.json").read_text(encoding="utf-8"))
    compared = 0
    for symbol, records in shipped.items():
        for known in records:
            if not known["source"].startswith("exchangeInfo, recorded 2021-07-21"):
                continue
            numbers = {name: value for name, value in known.items() if name not in ("from", "source")}
            seen = record(Listed.of(info).contracts[symbol], 8.0, "2021-07-22")
            assert {name: seen[name] for name in numbers} == pytest.approx(numbers), symbol
            compared += 1
    assert compared >= 10


def test_every_contract_that_was_recorded_gives_rules(info: dict[str, Any]) -> None:
    contracts = Listed.of(info).contracts
    assert len(contracts) > 100
    for contract in contracts.values():
        seen = record(contract, 8.0, "2021-07-22")
        assert seen["tick"] > 0
        assert seen["lot"] > 0


def test_a_misspelt_contract_of_the_recording_is_recognised(info: dict[str, Any]) -> None:
    assert "Did you mean BTCUSDT?" in str(Listed.of(info).complaint("BTC-USDT".replace("-", "/"), "it"))
    assert "DOGEUSDT" in str(Listed.of(info).complaint("DOGUSDT", "it"))


@pytest.mark.parametrize("kind", ["Klines", "MarkPriceKlines", "IndexPriceKlines", "PremiumIndexKlines"])
def test_candles_of_the_documents(endpoints: Any, kind: str) -> None:
    rows = endpoints(f"Get{kind}")
    columns = candle_columns("klines", rows, 0, AGES)
    for at, row in enumerate(rows):
        assert columns["open_time"][at] == row[0] * 1_000_000
        told = [columns[name][at] for name in ("open", "high", "low", "close")]
        assert told == [float(text) for text in row[1:5]]
    if kind == "Klines":
        names = ("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")
        assert [columns[name][0] for name in names] == [
            148976.11427815,
            2434.19055334,
            308.0,
            1756.87402397,
            28.46694368,
        ]


def test_trades_of_the_documents(endpoints: Any) -> None:
    columns = trade_columns(endpoints("GetAggregatedTradeHistory"))
    assert {name: column[0] for name, column in columns.items()} == {
        "time": 1498793709153 * 1_000_000,
        "agg_trade_id": 26129,
        "price": 0.01633102,
        "quantity": 4.70443515,
        "first_trade_id": 27781,
        "last_trade_id": 27781,
        "is_buyer_maker": True,
    }


def test_a_day_of_statistics_as_the_archive_has_it(real_data: Path) -> None:
    """The columns of a real file, written as the archive writes them, come back as they were."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(real_data / "btcusdt_perp_metrics_5m_2024-01-01.parquet")
    names = table.column_names
    theirs = {
        "open_interest": "sum_open_interest",
        "open_interest_value": "sum_open_interest_value",
        "top_accounts": "count_toptrader_long_short_ratio",
        "top_positions": "sum_toptrader_long_short_ratio",
        "accounts": "count_long_short_ratio",
        "taker_ratio": "sum_taker_long_short_vol_ratio",
    }
    assert set(theirs.values()) <= set(names)
    times = np.asarray(table.column(names[0]).to_pandas().dt.tz_localize(None), dtype="datetime64[ns]")
    text = ",".join(["create_time", "symbol", *theirs.values()]) + "\n"
    columns = [table.column(name).to_pylist() for name in theirs.values()]
    for at, time in enumerate(times):
        written = str(time.astype("datetime64[s]")).replace("T", " ")
        text += ",".join([written, "BTCUSDT", *(repr(column[at]) for column in columns)]) + "\n"
    found = parse("metrics", text.encode())
    assert found["time"][0] == parse_time("2024-01-01")
    np.testing.assert_array_equal(found["time"], times.astype(np.int64))
    for ours, name in theirs.items():
        np.testing.assert_array_equal(found[ours], np.array(table.column(name).to_pylist(), dtype=float))
