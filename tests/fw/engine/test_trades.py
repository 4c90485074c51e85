"""Round trips against a walk that takes fills apart lot by lot."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw.domain.result import Result
from fw.domain.time import HOUR
from fw.engine.trades import trades_of, unallocated

NAMES = [
    "instrument",
    "side",
    "entry_time",
    "exit_time",
    "quantity",
    "entry_price",
    "exit_price",
    "profit",
    "fees",
    "funding",
    "bars",
    "entry_reason",
    "exit_reason",
    "tag",
]


def equity_change(result: Result) -> float:
    return float(result.equity["equity"][-1]) - result.capital


def test_a_buy_and_a_sale_make_one_trade(by_hand: ModuleType) -> None:
    fill = by_hand.HandFill
    result = by_hand.result_by_hand(
        [100.0, 101.0, 103.0, 103.0],
        [
            fill(bar=1, lots=1000, price=100.0, fee=0.04, reason="signal", tag="breakout"),
            fill(bar=3, lots=-1000, price=103.0, fee=0.05, reason="stop", tag="other"),
        ],
    )
    trades = trades_of(result)
    assert list(trades) == NAMES
    assert trades.rows == 1
    opens = result.market.bars.open_time
    row = {name: column[0] for name, column in trades.items()}
    assert row["instrument"] == "BTCUSDT"
    assert (row["side"], row["entry_time"], row["exit_time"], row["bars"]) == (1, opens[1], opens[3], 2)
    assert (row["quantity"], row["entry_price"], row["exit_price"]) == (1.0, 100.0, 103.0)
    assert row["fees"] == pytest.approx(0.09)
    assert row["profit"] == pytest.approx(3.0 - 0.09)
    assert (row["entry_reason"], row["exit_reason"], row["tag"]) == ("signal", "stop", "breakout")


def test_entries_in_steps_and_partial_exits_belong_to_one_trade(by_hand: ModuleType) -> None:
    fill = by_hand.HandFill
    result = by_hand.result_by_hand(
        [100.0] * 6,
        [
            fill(bar=0, lots=-1000, price=100.0),
            fill(bar=1, lots=400, price=90.0),
            fill(bar=2, lots=-600, price=95.0),
            fill(bar=4, lots=1200, price=80.0),
        ],
    )
    trades = trades_of(result)
    assert trades.rows == 1
    assert trades["side"][0] == -1
    assert trades["quantity"][0] == pytest.approx(1.6)
    assert trades["entry_price"][0] == pytest.approx((100 * 1.0 + 95 * 0.6) / 1.6)
    assert trades["exit_price"][0] == pytest.approx((90 * 0.4 + 80 * 1.2) / 1.6)
    assert trades["profit"][0] == pytest.approx(157.0 - 132.0)


def test_a_flip_ends_one_trade_and_begins_the_next_and_splits_its_fee_by_lots(by_hand: ModuleType) -> None:
    fill = by_hand.HandFill
    result = by_hand.result_by_hand(
        [100.0] * 4,
        [
            fill(bar=0, lots=1000, price=100.0, fee=0.1),
            fill(bar=2, lots=-4000, price=110.0, fee=0.4, tag="down"),
            fill(bar=3, lots=3000, price=105.0, fee=0.3),
        ],
    )
    trades = trades_of(result)
    assert trades["side"].tolist() == [1, -1]
    assert trades["fees"].tolist() == pytest.approx([0.1 + 0.1, 0.3 + 0.3])
    assert trades["profit"].tolist() == pytest.approx([10.0 - 0.2, 15.0 - 0.6])
    assert trades["exit_time"][0] == trades["entry_time"][1]
    assert trades["tag"].tolist() == ["", "down"]


@pytest.mark.parametrize("words", ["object", "U"])
def test_an_open_trade_is_marked_at_the_last_close(by_hand: ModuleType, words: str) -> None:
    result = by_hand.result_by_hand(
        [100.0, 90.0, 80.0],
        [
            by_hand.HandFill(bar=0, lots=2000, price=100.0, fee=1.0, reason="x"),
            by_hand.HandFill(bar=1, lots=-500, price=90.0, reason="y"),
        ],
        words=words,
    )
    trades = trades_of(result)
    assert trades["exit_reason"].tolist() == ["end"]
    assert trades["exit_time"][0] == result.equity["time"][-1]
    assert trades["exit_price"][0] == pytest.approx((0.5 * 90 + 1.5 * 80) / 2)
    assert trades["profit"][0] == pytest.approx(-0.5 * 10 - 1.5 * 20 - 1.0)
    assert trades["bars"][0] == 3


def test_trades_stand_in_order_of_their_exits_and_open_ones_last(by_hand: ModuleType) -> None:
    fill = by_hand.HandFill
    result = by_hand.result_by_hand(
        {"BTCUSDT": [100.0] * 5, "ETHUSDT": [10.0] * 5},
        [
            fill(bar=0, lots=1, price=100.0, tag="open"),
            fill(bar=0, lots=1, price=10.0, instrument="ETHUSDT", tag="second"),
            fill(bar=3, lots=-1, price=10.0, instrument="ETHUSDT"),
            fill(bar=4, lots=-1, price=10.0, instrument="ETHUSDT", tag="third"),
            fill(bar=4, lots=1, price=10.0, instrument="ETHUSDT"),
        ],
    )
    assert trades_of(result)["tag"].tolist() == ["second", "third", "open"]


def test_funding_at_the_entry_belongs_to_the_position_held_before(by_hand: ModuleType) -> None:
    fill, stamp = by_hand.HandFill, by_hand.HandFunding
    result = by_hand.result_by_hand(
        [100.0] * 6,
        [
            fill(bar=1, lots=1000, price=100.0),
            fill(bar=3, lots=-3000, price=100.0),
            fill(bar=5, lots=2000, price=100.0),
        ],
        [stamp(bar=bar, rate=0.01, price=100.0) for bar in range(6)],
    )
    # paid for 1 coin at bars 2 and 3, received for 2 coins at bars 4 and 5
    assert trades_of(result)["funding"].tolist() == pytest.approx([-2.0, 4.0])
    assert unallocated(result) == pytest.approx(0.0)


def test_funding_inside_a_bar_is_paid_between_its_open_and_a_stop_touched_in_it(by_hand: ModuleType) -> None:
    fill, stamp = by_hand.HandFill, by_hand.HandFunding
    result = by_hand.result_by_hand(
        [100.0] * 3,
        [
            fill(bar=0, lots=1000, price=100.0),
            fill(bar=1, lots=-3000, price=100.0, reason="signal"),
            fill(bar=1, lots=2000, price=100.0, reason="stop", inside=True),
        ],
        [stamp(bar=1, rate=0.01, price=100.0), stamp(bar=1, rate=0.01, price=100.0, offset=8 * HOUR)],
        bar="1d",
    )
    assert trades_of(result)["funding"].tolist() == pytest.approx([-1.0, 2.0])


def test_fills_with_exact_times_take_the_funding_in_between(by_hand: ModuleType) -> None:
    fill = by_hand.HandFill
    result = by_hand.result_by_hand(
        [100.0] * 2,
        [
            fill(bar=0, lots=1000, price=100.0),
            fill(bar=0, lots=-1000, price=100.0),
            fill(bar=0, lots=1000, price=100.0),
        ],
        bar="1d",
    )
    opens = int(result.market.bars.open_time[0])
    times = np.array([opens + HOUR, opens + 2 * HOUR, opens + 3 * HOUR])
    payment = {"time": opens + 8 * HOUR, "instrument": "BTCUSDT", "lots": 1000, "rate": 0.01, "amount": -1.0}
    frame = type(result.fills)
    exact = attrs.evolve(
        result,
        fills=frame.of({**result.fills, "time": times}),
        funding=frame.of({name: np.array([value]) for name, value in payment.items()}),
    )
    assert trades_of(exact)["funding"].tolist() == [0.0, -1.0]


def test_money_that_no_trade_earned_is_unallocated(by_hand: ModuleType) -> None:
    result = by_hand.result_by_hand([100.0, 100.0], [by_hand.HandFill(bar=1, lots=1, price=100.0)])
    stray = {"time": result.market.bars.open_time[0], "instrument": "BTCUSDT", "lots": 5, "rate": 0.0, "amount": 2.5}
    with_stray = attrs.evolve(
        result,
        funding=type(result.fills).of({name: np.array([value]) for name, value in stray.items()}),
        totals={**result.totals, "shortfall": 4.0},
    )
    assert unallocated(with_stray) == pytest.approx(6.5)


def test_a_run_without_fills_has_no_trades(by_hand: ModuleType) -> None:
    trades = trades_of(by_hand.result_by_hand([100.0, 100.0]))
    assert trades.rows == 0
    assert list(trades) == NAMES


def test_trades_are_worked_out_once(by_hand: ModuleType) -> None:
    result = by_hand.result_by_hand([100.0], [by_hand.HandFill(bar=0, lots=1, price=1.0)])
    assert trades_of(result) is trades_of(result)


def lot_by_lot(result: Result) -> list[dict[str, Any]]:
    """Trades as a plain walk sees them, one lot at a time; funding by the lots held, in the order of events."""
    lot = 0.001
    found: list[dict[str, Any]] = []
    for symbol in result.instruments:
        position = 0
        now: dict[str, Any] = {}
        rows = list(zip(*result.fills.values(), strict=True))
        paid = list(zip(*result.funding.values(), strict=True))
        events = [(row[0], 1, k, row) for k, row in enumerate(rows) if row[1] == symbol]
        events += [(row[0], 0, k, row) for k, row in enumerate(paid) if row[1] == symbol]
        for _, is_fill, _, row in sorted(events, key=lambda event: event[:3]):
            if not is_fill:
                now["funding"] += row[4]
                continue
            _, _, lots, _, price, fee, _, _, reason, _, _ = row
            step = 1 if lots > 0 else -1
            for _ in range(abs(lots)):
                if position == 0:
                    now = {"side": step, "cash": 0.0, "fees": 0.0, "funding": 0.0, "entered": 0, "reason": reason}
                    found.append(now)
                now["entered"] += step == now["side"]
                now["cash"] -= step * lot * price
                now["fees"] += fee / abs(lots)
                position += step
        if position:
            now["cash"] += position * lot * result.market.of(symbol).bars.close[-1]
    return found


@st.composite
def stories(draw: st.DrawFn) -> tuple[dict[str, list[float]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Closes of one to three instruments, fills of up to nine lots, and funding at bar opens."""
    symbols = ["BTCUSDT", "ETHUSDT", "XRPUSDT"][: draw(st.integers(1, 3))]
    bars = draw(st.integers(1, 12))
    price = st.floats(0.5, 2000.0)
    closes = {symbol: draw(st.lists(price, min_size=bars, max_size=bars)) for symbol in symbols}
    fill = st.fixed_dictionaries(
        {
            "bar": st.integers(0, bars - 1),
            "lots": st.integers(-9, 9).filter(bool),
            "price": price,
            "instrument": st.sampled_from(symbols),
            "fee": st.floats(-0.1, 5.0),
            "reason": st.sampled_from(["signal", "stop", "liquidation"]),
        }
    )
    payment = st.fixed_dictionaries(
        {
            "bar": st.integers(0, bars - 1),
            "rate": st.floats(-0.02, 0.02),
            "price": price,
            "instrument": st.sampled_from(symbols),
        }
    )
    return closes, draw(st.lists(fill, max_size=25)), draw(st.lists(payment, max_size=10))


@settings(max_examples=150, deadline=None)
@given(story=stories())
def test_trades_agree_with_a_walk_lot_by_lot_and_sum_to_the_change_of_equity(
    by_hand: ModuleType, story: tuple[dict[str, list[float]], Sequence[Any], Sequence[Any]]
) -> None:
    closes, fills, payments = story
    result = by_hand.result_by_hand(
        closes, [by_hand.HandFill(**row) for row in fills], [by_hand.HandFunding(**row) for row in payments]
    )
    trades = trades_of(result)
    walked = lot_by_lot(result)
    columns = [trades[name] for name in ("side", "quantity", "fees", "funding", "profit")]
    ours = [
        row  # an instrument's trades never overlap, so they end in the order in which they began
        for symbol in result.instruments
        for row, instrument in zip(zip(*columns, strict=True), trades["instrument"], strict=True)
        if instrument == symbol
    ]
    theirs = [
        (t["side"], t["entered"] * 0.001, t["fees"], t["funding"], t["cash"] - t["fees"] + t["funding"]) for t in walked
    ]
    assert len(ours) == len(theirs)
    assert np.allclose(np.reshape(ours, (-1, 5)), np.reshape(theirs, (-1, 5)), rtol=1e-9, atol=1e-9)
    moved = sum(abs(row["price"] * row["lots"]) * 0.001 + abs(row["fee"]) for row in fills) + result.capital
    total = float(trades["profit"].sum()) + unallocated(result)
    assert total == pytest.approx(equity_change(result), abs=1e-9 * moved)
    assert unallocated(result) == pytest.approx(0.0, abs=1e-9 * moved)
    assert np.all(np.diff(trades["exit_time"]) >= 0)
    gross = trades["side"] * trades["quantity"] * (trades["exit_price"] - trades["entry_price"])
    assert np.allclose(gross - trades["fees"] + trades["funding"], trades["profit"], rtol=1e-9, atol=1e-9 * moved)
