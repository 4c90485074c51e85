"""The exchange's rules as dated records that a run reads by `account.rules`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fw
from fw.domain.time import parse_time
from fw.domain.venue import rules
from fw_binance.rules import record, tiers_note, write_rules

DAY = parse_time("2026-11-23")


def contract(symbol: str = "BTCUSDT", tick: str = "0.10") -> dict[str, Any]:
    """As exchangeInfo states one."""
    return {
        "symbol": symbol,
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "261.10", "maxPrice": "809484", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500"},
            {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
        ],
    }


def test_a_record_says_what_the_filters_say() -> None:
    assert record(contract(), 4.0, "2026-11-23") == {
        "from": "2026-11-23",
        "source": "exchangeInfo",
        "clearance_fee": 0.0125,
        "funding_hours": 4,
        "lot": 0.001,
        "market_lot": 0.001,
        "max_limit_quantity": 1000,
        "max_orders": 200,
        "max_price": 809484,
        "max_quantity": 120,
        "min_market_quantity": 0.001,
        "min_notional": 100,
        "min_price": 261.1,
        "min_quantity": 0.001,
        "percent_down": 0.95,
        "percent_up": 1.05,
        "take_bound": 0.05,
        "tick": 0.1,
    }


def test_a_run_reads_them_by_date(tmp_path: Path) -> None:
    file, new = write_rules(tmp_path, [contract()], {}, DAY)
    assert new == ("BTCUSDT",)
    now, _ = rules("binance_usdm", "BTCUSDT", start=DAY, end=DAY + 10**15, override=file)
    assert (now.tick, now.lot, now.min_notional, now.max_lots) == (0.1, 0.001, 100.0, 120_000)
    long_ago = parse_time("2021-01-01")
    then, _ = rules("binance_usdm", "BTCUSDT", start=long_ago, end=long_ago + 10**15, override=file)
    assert then.tick == 0.01, "what comes with fw of earlier years stays"


def test_only_a_change_is_a_new_record(tmp_path: Path) -> None:
    file, _ = write_rules(tmp_path, [contract()], {}, DAY)
    before = file.read_bytes()
    assert write_rules(tmp_path, [contract()], {}, DAY + 10**15)[1] == ()
    assert file.read_bytes() == before
    later = parse_time("2027-01-01")
    assert write_rules(tmp_path, [contract(tick="0.01"), contract("ETHUSDT")], {}, later)[1] == ("BTCUSDT", "ETHUSDT")
    records = json.loads(file.read_text())["instruments"]["BTCUSDT"]
    assert [record["from"] for record in records[-2:]] == ["2026-11-23", "2027-01-01"]
    assert [record["tick"] for record in records[-2:]] == [0.1, 0.01]


def test_two_changes_of_one_day_are_one_record(tmp_path: Path) -> None:
    write_rules(tmp_path, [contract()], {}, DAY)
    file, _ = write_rules(tmp_path, [contract(tick="0.01")], {"BTCUSDT": 4.0}, DAY)
    records = json.loads(file.read_text())["instruments"]["BTCUSDT"]
    assert [record["from"] for record in records].count("2026-11-23") == 1
    assert (records[-1]["tick"], records[-1]["funding_hours"]) == (0.01, 4)


def test_a_file_that_somebody_broke_is_named(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text("[]")
    with pytest.raises(fw.DataError, match=r"rules\.json is not what fw data wrote there"):
        write_rules(tmp_path, [contract()], {}, DAY)


def test_a_contract_without_a_tick_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(fw.DataError, match="no tick and lot of NEWUSDT"):
        write_rules(tmp_path, [{"symbol": "NEWUSDT", "filters": []}], {}, DAY)


def test_leverage_tiers_are_those_that_come_with_the_program() -> None:
    note = tiers_note(("BTCUSDT", "NEWUSDT"))
    assert "API key" in note
    assert "BTCUSDT (of 2024-10-24)" in note
    assert "fw has none of NEWUSDT: give them in a JSON file named by account.rules" in note
