"""A market laid out for the ledger: one block of prices, and each funding stamp in its bar at its price."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.engine.tape import lay

HOUR = 3_600_000_000_000
ROWS = [(100.0 + i, 101.0 + i, 99.0 + i, 100.5 + i) for i in range(6)]


def stamps_of(
    made_up: ModuleType, times: list[int], *, bars: fw.Bars | None = None, mark: fw.Bars | None = None
) -> Any:
    data = fw.Series(bars=bars or made_up.bars_of(ROWS), funding=fw.Stamps(times, [0.001] * len(times)), mark=mark)
    tape, _, notes = lay([fw.Market(series={"A": data}, focus="A")], first=0, with_marks=False, with_funding=True)
    return tape.stamps[0], notes


@pytest.mark.parametrize(
    ("time", "bar", "inside", "price"),
    [
        (2 * HOUR, 2, 0, 102.0),  # at the open of bar 2
        (2 * HOUR + 17_000_000, 2, 0, 102.0),  # 17 ms late is still that stamp
        (2 * HOUR + HOUR // 2, 2, 1, 103.0),  # inside bar 2: the next price known is bar 3's open
        (0, 0, 0, 100.0),
        (5 * HOUR + HOUR // 2, 5, 1, 105.5),  # no bar begins after it: the last close
    ],
)
def test_a_stamp_lies_in_its_bar_at_its_price(
    made_up: ModuleType, time: int, bar: int, inside: int, price: float
) -> None:
    rows, notes = stamps_of(made_up, [time])
    assert (rows["bar"][0], rows["inside"][0]) == (bar, inside)
    assert rows["cash"][0] == pytest.approx(0.001 * price)
    assert notes == ("A: 1 funding stamps priced at traded opens, for want of mark prices",)


def test_a_stamp_after_the_last_bar_is_not_of_this_run(made_up: ModuleType) -> None:
    assert len(stamps_of(made_up, [6 * HOUR])[0]) == 0


def test_a_mark_price_of_the_instant_counts_before_any_traded_one(made_up: ModuleType) -> None:
    mark = made_up.bars_of([(200.0 + i,) * 4 for i in range(4)])
    rows, notes = stamps_of(made_up, [2 * HOUR, 5 * HOUR], mark=mark)
    assert list(rows["cash"]) == pytest.approx([0.202, 0.105])  # the second has no mark bar
    assert notes == ("A: 1 funding stamps priced at traded opens, for want of mark prices",)


def test_stamps_of_the_warm_up_are_not_counted(made_up: ModuleType) -> None:
    market = made_up.market_of(ROWS, rates=[(1, 0.001), (4, 0.001)])
    _, _, notes = lay([market], first=3, with_marks=False, with_funding=True)
    assert notes == ("A: 1 funding stamps priced at traded opens, for want of mark prices",)


def test_a_stamp_in_a_hole_is_paid_at_the_open_after_it(made_up: ModuleType) -> None:
    bars = made_up.bars_of(ROWS).rows(np.array([0, 1, 4, 5]))
    rows, _ = stamps_of(made_up, [3 * HOUR, 3 * HOUR + HOUR // 2], bars=bars)
    assert list(zip(rows["bar"], rows["inside"], strict=True)) == [(2, 0), (2, 0)]
    assert list(rows["cash"]) == pytest.approx([0.104, 0.104])


def test_the_market_s_columns_lie_in_the_block_and_cannot_be_written(made_up: ModuleType) -> None:
    tape, market, _ = lay([made_up.market_of(ROWS, ROWS)], first=2, with_marks=False, with_funding=True)
    assert tape.block.shape == (2, 5, 6)
    assert tape.first == 2
    for k, symbol in enumerate("AB"):
        for field, name in enumerate(("open", "high", "low", "close", "volume")):
            column = getattr(market.of(symbol).bars, name)
            assert np.shares_memory(column, tape.block[k, field])
            assert not column.flags.writeable


def test_marks_follow_the_traded_prices_in_the_block(made_up: ModuleType) -> None:
    mark = made_up.bars_of([tuple(price + 0.5 for price in row) for row in ROWS])
    market = made_up.market_of(ROWS)
    data = attrs.evolve(market.series["A"], mark=mark)
    tape, _, _ = lay([fw.Market(series={"A": data}, focus="A")], first=0, with_marks=True, with_funding=True)
    np.testing.assert_array_equal(tape.block[0, 5:], tape.block[0, :4] + 0.5)


def test_without_funding_there_are_no_stamps_but_the_rates_stay_for_features(made_up: ModuleType) -> None:
    market = made_up.market_of(ROWS, rates=[(0, 0.001)])
    tape, laid, _ = lay([market], first=0, with_marks=False, with_funding=False)
    assert len(tape.stamps[0]) == 0
    assert len(laid.series["A"].funding) == 1
