"""What an account may change of its terms, and what it is told of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BTC = "BTCUSDT"
MINUTE = 60_000


def test_leverage_sets_the_margin_a_position_takes(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    body = trader.done("POST", "v1/leverage", symbol=BTC, leverage=4)
    assert (body["leverage"], body["symbol"]) == (4, BTC)
    trader.order("BUY", 0.5)
    account = trader.get("v3/account")
    assert float(account["totalInitialMargin"]) == 5_000.0
    assert float(account["availableBalance"]) == pytest.approx(5_000 - 10)
    for wanted in (0, 126, ""):
        assert trader.code("POST", "v1/leverage", symbol=BTC, leverage=wanted) == -4028
    assert trader.code("POST", "v1/leverage", symbol=BTC, leverage=1) == -2028


def test_the_margin_type_changes_while_nothing_is_open(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    assert trader.code("POST", "v1/marginType", symbol=BTC, marginType="CROSSED") == -4046
    assert trader.done("POST", "v1/marginType", symbol=BTC, marginType="ISOLATED") == {"code": 200, "msg": "success"}
    order = trader.order("BUY", 0.1, 39_000)
    assert trader.code("POST", "v1/marginType", symbol=BTC, marginType="CROSSED") == -4047
    trader.cancel(order["orderId"])
    trader.order("BUY", 0.1)
    assert trader.code("POST", "v1/marginType", symbol=BTC, marginType="CROSSED") == -4048
    assert trader.code("POST", "v1/leverage", symbol=BTC, leverage=10) == -4161


def test_an_isolated_position_can_be_given_margin(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 38_500, 38_500)
    trader.done("POST", "v1/marginType", symbol=BTC, marginType="ISOLATED")
    assert trader.code("POST", "v1/positionMargin", symbol=BTC, amount=10, type=1) == -4054
    trader.order("BUY", 0.1)  # 4,000 at 20x: 200 of margin end at a fall of about 2,000
    before = trader.get("v2/positionRisk", symbol=BTC)[0]
    assert before["isolatedWallet"] == "200.00000000"
    answer = trader.done("POST", "v1/positionMargin", symbol=BTC, amount=100, type=1)
    assert (answer["code"], answer["type"], answer["amount"]) == (200, 1, 100.0)
    after = trader.get("v2/positionRisk", symbol=BTC)[0]
    assert after["isolatedWallet"] == "300.00000000"
    moved = float(before["liquidationPrice"]) - float(after["liquidationPrice"])
    assert moved == pytest.approx(100 / 0.1 / (1 - 0.004), rel=1e-3)
    assert trader.wallet == 9_998.0  # it has only moved
    assert float(trader.get("v3/balance")[0]["availableBalance"]) == pytest.approx(9_998 - 300)
    assert trader.code("POST", "v1/positionMargin", symbol=BTC, amount=101, type=2) == -4051
    trader.done("POST", "v1/positionMargin", symbol=BTC, amount=50, type=2)
    assert trader.get("v2/positionRisk", symbol=BTC)[0]["isolatedWallet"] == "250.00000000"
    assert trader.code("POST", "v1/positionMargin", symbol=BTC, amount=1e6, type=1) == -4050


def test_positions_are_one_way_and_in_one_asset(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    assert trader.get("v1/positionSide/dual") == {"dualSidePosition": False}
    assert trader.code("POST", "v1/positionSide/dual", dualSidePosition=False) == -4059
    assert trader.code("POST", "v1/positionSide/dual", dualSidePosition=True) == -4068
    trader.order("BUY", 0.1, 39_000)
    assert trader.code("POST", "v1/positionSide/dual", dualSidePosition=True) == -4067
    assert trader.get("v1/multiAssetsMargin") == {"multiAssetsMargin": False}
    assert trader.code("POST", "v1/multiAssetsMargin", multiAssetsMargin=True) == -4167
    assert trader.code("POST", "v1/multiAssetsMargin", multiAssetsMargin=False) == -4171


def test_a_position_is_told_with_its_profit_and_where_it_ends(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 41_000, 41_000)
    assert trader.get("v3/positionRisk") == []  # only what is held or ordered
    trader.order("SELL", 0.5)
    trader.venue.clock.advance(MINUTE)
    (its,) = trader.get("v3/positionRisk")
    assert (its["positionAmt"], its["entryPrice"], its["markPrice"]) == ("-0.500", "40000.00", "41000.00000000")
    assert float(its["unRealizedProfit"]) == -500.0
    assert float(its["notional"]) == -20_500.0
    assert float(its["liquidationPrice"]) > 58_000  # 0.5 short with some 10,000 behind it
    account = trader.get("v2/account")
    assert float(account["totalUnrealizedProfit"]) == -500.0
    assert float(account["totalMarginBalance"]) == float(account["totalWalletBalance"]) - 500.0


def test_trades_and_income_are_paged_from_an_id_or_a_time(trading: Callable[..., Any]) -> None:
    trader = trading(*[40_000] * 5)
    for _ in range(4):
        trader.order("BUY", 0.01)
        trader.venue.clock.advance(MINUTE // 2)
    rows = trader.get("v1/userTrades", symbol=BTC)
    assert len(rows) == 4
    later = trader.get("v1/userTrades", symbol=BTC, fromId=rows[1]["id"], limit=2)
    assert [row["id"] for row in later] == [rows[1]["id"], rows[2]["id"]]
    newest = trader.get("v1/userTrades", symbol=BTC, startTime=rows[3]["time"])
    assert [row["id"] for row in newest] == [rows[3]["id"]]
    week = {"startTime": 0, "endTime": 7 * 86_400_000 + 1}
    assert trader.code("GET", "v1/userTrades", symbol=BTC, **week) == -4165
    first = trader.get("v1/income", incomeType="COMMISSION", limit=3)
    second = trader.get("v1/income", incomeType="COMMISSION", limit=3, page=2)
    assert [row["tradeId"] for row in first + second] == [str(row["id"]) for row in rows]
