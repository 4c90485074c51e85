"""A tape finer than the clock: which bars it is made of, when it decides, and what a run says of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.engine.finer import Laid, lay_out
from fw.errors import DataError, Gap

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
CLOCK = fw.BarSize.parse("4h")
ROWS = [(100.0 + i, 103.0 + i, 98.0 + i, 101.0 + i) for i in range(12)]


def laid(market: fw.Market, **options: Any) -> Laid:
    given = {"clock": CLOCK, "start": None, "bar_path": "pessimistic", "with_marks": False, "with_funding": True}
    return lay_out([market], **{**given, **options})


def later(market: fw.Market, hours: int) -> fw.Market:
    """The same market, some hours later."""
    data = market.series["A"]
    bars = attrs.evolve(data.bars, open_time=data.bars.open_time + hours * HOUR)
    return attrs.evolve(market, series={"A": attrs.evolve(data, bars=bars, funding=None)})


def test_bars_of_the_clock_are_made_of_the_finer_ones(made_up: ModuleType) -> None:
    found = laid(made_up.market_of(ROWS, ROWS))
    assert list(found.tape.closes) == [4, 8, 12]
    assert found.tape.block.shape == (2, 5, 12)
    assert found.block.shape == (2, 5, 3)
    bars = found.market.of("B").bars
    assert (bars.open[1], bars.high[1], bars.low[1], bars.close[1], bars.volume[1]) == (104.0, 110.0, 102.0, 108.0, 4.0)
    assert np.shares_memory(bars.close, found.block)
    assert np.shares_memory(found.data.bars.close, found.tape.block)


def test_where_the_tape_is_the_clock_nothing_is_made_twice(made_up: ModuleType) -> None:
    found = laid(made_up.market_of(ROWS), clock=fw.BarSize(HOUR))
    assert found.tape.closes is None
    assert found.data is found.market
    assert found.block is found.tape.block


def test_bars_at_the_ends_that_fill_no_bar_of_the_clock_are_left_out(made_up: ModuleType) -> None:
    found = laid(later(made_up.market_of(ROWS), 3))
    assert list(found.market.bars.open_time // HOUR) == [4, 8]
    assert found.tape.open_time[0] == 4 * HOUR
    assert found.tape.bars == 8
    assert found.notes == (
        "the first bar of 1h fills no whole bar of 4h, and is left out",
        "the last 3 bars of 1h fill no whole bar of 4h, and are left out",
    )


def test_warm_up_that_fills_no_bar_of_the_clock_is_not_worth_a_note(made_up: ModuleType) -> None:
    found = laid(later(made_up.market_of(ROWS), 3), start=4 * HOUR)
    assert found.notes == ("the last 3 bars of 1h fill no whole bar of 4h, and are left out",)


def test_data_that_fills_no_bar_of_the_clock_is_an_error(made_up: ModuleType) -> None:
    with pytest.raises(DataError, match="bars of 1h from 1970-01-01 01:00 to 1970-01-01 07:00 fill no bar of 4h"):
        laid(later(made_up.market_of(ROWS[:6]), 1))


def test_a_bar_of_the_clock_with_a_hole_is_made_of_what_is_there(made_up: ModuleType) -> None:
    market = made_up.market_of(ROWS)
    data = market.series["A"]
    holed = attrs.evolve(data, bars=data.bars.rows(np.array([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11])))
    found = laid(attrs.evolve(market, series={"A": holed}))
    assert list(found.tape.closes) == [4, 7, 11]
    assert found.market.bars.close[1] == ROWS[6][3]
    assert found.tape.close_time(6) == 8 * HOUR  # known with the bar of the clock, though its last hour is missing
    assert list(found.tape.clock_bar(np.arange(11))) == [0] * 4 + [1] * 3 + [2] * 4


def test_trading_starts_where_the_asked_bar_of_the_clock_does(made_up: ModuleType) -> None:
    found = laid(made_up.market_of(ROWS), start=4 * HOUR)
    assert (found.tape.first, found.tape.start) == (1, 4)


def test_finer_marks_serve_the_ledger_and_larger_ones_the_features(made_up: ModuleType) -> None:
    market = made_up.market_of(ROWS, rates=[(5, 0.001)])
    mark = made_up.bars_of([tuple(price + 0.5 for price in row) for row in ROWS])
    found = laid(
        attrs.evolve(market, series={"A": attrs.evolve(market.series["A"], mark=mark)}),
        with_marks=True,
        bar_path="ohlc",
    )
    np.testing.assert_array_equal(found.tape.block[0, 5:], found.tape.block[0, :4] + 0.5)
    assert found.market.mark is not None
    assert list(found.market.mark.open) == [100.5, 104.5, 108.5]
    assert found.tape.stamps[0]["cash"][0] == pytest.approx(0.001 * 105.5)  # the mark's open at 05:00


@pytest.mark.parametrize(
    ("bar", "path", "corners"),
    [
        ((100.0, 104.0, 90.0, 101.0), "ohlc", [100.0, 104.0, 90.0, 101.0]),
        ((100.0, 104.0, 90.0, 101.0), "adaptive", [100.0, 104.0, 90.0, 101.0]),
        ((100.0, 110.0, 96.0, 101.0), "adaptive", [100.0, 96.0, 110.0, 101.0]),
        ((100.0, 104.0, 96.0, 101.0), "adaptive", [100.0, 96.0, 104.0, 101.0]),  # as near: it closes up
        ((1006.7, 1009.6, 1003.8, 1009.6), "adaptive", [1006.7, 1003.8, 1009.6, 1009.6]),  # and floats differ
        ((100.0, 104.0, 96.0, 99.0), "adaptive", [100.0, 104.0, 96.0, 99.0]),
        ((100.0, 104.0, 96.0, 100.0), "adaptive", [100.0, 104.0, 96.0, 100.0]),
        ((100.0, 100.0, 96.0, 96.0), "ohlc", [100.0, 100.0, 96.0, 96.0]),
    ],
)
def test_a_walked_bar_is_three_that_only_rise_or_only_fall(
    made_up: ModuleType, bar: Any, path: str, corners: list[float]
) -> None:
    tape = laid(made_up.market_of([bar]), clock=fw.BarSize(HOUR), bar_path=path).tape
    opened, high, low, close, volume = tape.block[0]
    assert list(opened) == corners[:3]
    assert list(close) == corners[1:]
    assert list(high) == [max(pair) for pair in itertools.pairwise(corners)]
    assert list(low) == [min(pair) for pair in itertools.pairwise(corners)]
    assert list(volume) == [1 / 3] * 3
    assert list(tape.open_time) == [0, 20 * MINUTE, 40 * MINUTE]
    assert list(tape.closes) == [3]
    assert int(tape.close_time(2)) == HOUR


def test_marks_turn_at_their_own_extremes_in_the_order_of_the_traded_ones(made_up: ModuleType) -> None:
    market = made_up.market_of([(100.0, 110.0, 96.0, 101.0)])
    mark = made_up.bars_of([(100.0, 101.0, 92.0, 100.5)])  # by itself it would go to its high first
    series = {"A": attrs.evolve(market.series["A"], mark=mark)}
    tape = laid(attrs.evolve(market, series=series), clock=fw.BarSize(HOUR), bar_path="adaptive", with_marks=True).tape
    assert list(tape.block[0, 5]) == [100.0, 92.0, 101.0]
    assert list(tape.block[0, 8]) == [92.0, 101.0, 100.5]


@pytest.mark.parametrize(
    ("minute", "bar", "inside"), [(0, 3, 0), (1, 3, 1), (20, 4, 0), (30, 4, 1), (40, 5, 0), (59, 5, 1)]
)
def test_a_stamp_inside_a_walked_bar_falls_into_its_third(
    made_up: ModuleType, minute: int, bar: int, inside: int
) -> None:
    market = made_up.market_of(ROWS, rates=[((60.01 + minute) / 60, 0.001)])
    (stamp,) = laid(market, clock=fw.BarSize(HOUR), bar_path="ohlc").tape.stamps[0]
    assert (stamp["bar"], stamp["inside"]) == (bar, inside)
    assert stamp["cash"] == pytest.approx(0.001 * (101.0 if minute == 0 else 102.0))  # an open, never an extreme


class Watch:
    """Buys at a moment, and keeps what it sees at each."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def decide(self, view: fw.View) -> float:
        self.seen.append((view.time // HOUR, view.bars.last, view.position.unrealised, view.account.equity))
        return 1.0 if view.time == 4 * HOUR else 0.0 if view.time == 8 * HOUR else None


def test_a_strategy_sees_bars_of_the_clock_and_the_account_at_their_closes(
    make_plan: Callable[..., Any], made_up: ModuleType
) -> None:
    watch = Watch()
    result = make_plan(
        made_up.market_of(ROWS),
        watch,
        bar="4h",
        account={"funding": "zero"},
        simulation={"finer": "1h", "slippage": {"bps": 0}},
        sizer={"use": "fixed_fraction", "fraction": 0.5},
    ).run(write=False)
    assert [moment for moment, *_ in watch.seen] == [4, 8, 12]
    assert [close for _, close, *_ in watch.seen] == [104.0, 108.0, 112.0]
    quantity = result.fills["quantity"][0]
    assert watch.seen[1][2] == pytest.approx(quantity * (108.0 - 104.0))
    assert list(result.fills["time"] // HOUR) == [4, 8]
    assert list(result.equity["time"] // HOUR) == [4, 8, 12]
    assert result.totals["exposure_bars"] == 1
    assert "fills are found on 1h bars inside 4h decisions" in result.notes


def test_a_fill_has_the_time_of_its_finer_bar(make_plan: Callable[..., Any], made_up: ModuleType) -> None:
    rows = [(100.0,) * 4] * 6 + [(100.0, 100.0, 94.0, 99.0)] + [(100.0,) * 4] * 5
    signals = fw.SignalArrays(strength=np.array([[1.0, 1.0, 1.0]]), stop_loss=np.array([[95.0, 95.0, 95.0]]))
    result = make_plan(
        made_up.market_of(rows),
        made_up.Scripted(signals, step=CLOCK.ns),
        bar="4h",
        account={"funding": "zero"},
        simulation={"finer": "1h", "slippage": {"bps": 0}},
    ).run(write=False, engine="scan")
    assert list(result.fills["time"] // HOUR) == [4, 6]
    assert result.trades["exit_time"][0] == 6 * HOUR
    assert result.trades["bars"][0] == 0
    assert result.totals["exposure_bars"] == 0


def test_a_walked_run_says_so(make_plan: Callable[..., Any], made_up: ModuleType) -> None:
    for path, said in (
        ("ohlc", "bars are walked open, high, low, close (simulation.bar_path: ohlc)"),
        (
            "adaptive",
            "bars are walked from the open to the nearer of high and low first (simulation.bar_path: adaptive)",
        ),
    ):
        market, script = made_up.market_of(ROWS), {"use": "sma_cross", "fast": 2, "slow": 3}
        result = make_plan(market, script, account={"funding": "zero"}, simulation={"bar_path": path}).run(write=False)
        assert said in result.notes


def test_a_source_without_finer_bars_is_told_what_asked_for_them(
    make_plan: Callable[..., Any], made_up: ModuleType
) -> None:
    plan = make_plan(made_up.market_of(ROWS), Watch(), account={"funding": "zero"}, simulation={"finer": "1m"})
    with pytest.raises(DataError, match=r"the source gave A in bars of 1h, not of 1m\. Bars of 1m are asked for by"):
        plan.run(write=False)


def test_a_gap_in_finer_bars_is_found_on_their_timeline(made_up: ModuleType) -> None:
    market = made_up.market_of(ROWS)
    data = market.series["A"]
    holed = attrs.evolve(data, bars=data.bars.rows(np.array([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11])))

    def run(gaps: str) -> fw.Result:
        market_with_hole = attrs.evolve(market, series={"A": holed})
        account, simulation = {"funding": "zero"}, {"finer": "1h"}
        return fw.backtest(
            market_with_hole, Watch(), bar="4h", source={"gaps": gaps}, account=account, simulation=simulation
        )

    with pytest.raises(Gap, match="1 bar missing from 1970-01-01 07:00 on"):
        run("error")
    assert list(run("skip").signals["time"] // HOUR) == [4, 8]
    assert run("flat").market.bars.volume[1] == 3.0
