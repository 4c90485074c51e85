"""What a simulation did, told in a result: names for numbers, times for bars, and what a reader must know."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import fw

FLAT = (100.0, 100.0, 100.0, 100.0)
HOUR = 3_600_000_000_000
Drive = Callable[..., fw.Result]


def test_times_are_those_of_the_close_for_decisions_and_of_the_open_for_fills(drive: Drive) -> None:
    result = drive({2: fw.Signal(1.0, stop_loss=95.04, take_profit=120.0, trailing=7.5, limit=99.96, expiry=4)})
    assert list(result.signals["time"]) == [3 * HOUR]
    assert list(result.orders["time"]) == [3 * HOUR]
    assert list(result.equity["time"]) == [HOUR * (i + 1) for i in range(10)]
    row = {name: result.signals[name][0] for name in result.signals}
    assert (row["strength"], row["stop_loss"], row["take_profit"]) == (1.0, 95.0, 120.0)  # on the tick
    assert (row["trailing"], row["limit"], row["expiry"]) == (7.5, 100.0, 4)
    assert list(result.fills["time"]) == [3 * HOUR]  # 100 is marketable at bar 3's open


def test_what_a_signal_does_not_say_is_nan(drive: Drive) -> None:
    result = drive({0: 1.0})
    for name in ("stop_loss", "take_profit", "trailing", "limit"):
        assert np.isnan(result.signals[name]).all()
    assert np.isnan(result.orders["price"]).all()


def test_a_protection_s_fill_has_no_order_and_the_tag_of_its_signal(drive: Drive) -> None:
    rows = [FLAT, FLAT, (100.0, 100.0, 94.0, 96.0), FLAT, FLAT]
    result = drive({0: fw.Signal(0.5, stop_loss=95.0, tag="dip"), 3: fw.Signal(-0.5, tag="fade")}, rows)
    assert list(result.fills["order"]) == [0, -1, 1]
    assert list(result.fills["tag"]) == ["dip", "dip", "fade"]
    assert list(result.fills["reason"]) == ["signal", "stop", "signal"]


def test_the_parts_of_equity_sum_to_it(drive: Drive) -> None:
    rows = [(100.0 + i, 102.0 + i, 98.0 + i, 101.0 + i) for i in range(10)]
    result = drive({0: 0.5, 3: -0.5, 6: 0.25}, rows, rates=[(0, 0.001), (4, 0.002), (8, -0.001)])
    totals = result.totals
    earned = totals["realised"] + totals["unrealised"] - totals["fees"] + totals["funding"] + totals["shortfall"]
    assert result.equity["equity"][-1] == pytest.approx(10_000.0 + earned)
    assert totals["funding"] == pytest.approx(result.funding["amount"].sum())
    assert totals["fees"] == pytest.approx(result.fills["fee"].sum())
    assert result.trades["profit"].sum() == pytest.approx(result.equity["equity"][-1] - 10_000.0)


def test_rejections_and_bars_that_touched_both_are_told_in_the_notes(drive: Drive) -> None:
    rejected = drive({0: (fw.Place(0.01),)}, rules={"min_notional": 5.0})
    assert rejected.totals["rejected"] == 1
    assert any(
        note.startswith("1 order was rejected, at 1970-01-01 01:00: notional is below the minimum (-4164)")
        for note in rejected.notes
    )
    both = drive(
        {0: fw.Signal(0.5, stop_loss=95.0, take_profit=105.0)}, [FLAT, FLAT, (100.0, 106.0, 94.0, 100.0), FLAT]
    )
    assert both.totals["ambiguous_bars"] == 1
    assert any(note.startswith("in 1 bar it is unknown what came first") for note in both.notes)


def test_a_halt_stands_among_the_vetoes_with_what_it_saw(drive: Drive) -> None:
    rows = [FLAT, FLAT, (70.0,) * 4, (70.0,) * 4]
    result = drive({0: 1.0}, rows, account={"leverage": 1.1}, risk=[{"use": "drawdown_stop", "limit": 0.25}])
    assert list(result.vetoes["check"]) == ["drawdown_stop"]
    assert any(note.startswith("trading ended at ") and "drawdown_stop" in note for note in result.notes)
    assert list(result.vetoes["time"]) == [3 * HOUR]
    assert result.vetoes["reason"][0].startswith("equity fell 30.0% from its peak; the limit is 25.0%")


def test_an_account_used_up_stands_among_the_vetoes(drive: Drive) -> None:
    rows = [FLAT, FLAT, (50.0,) * 4, (50.0,) * 4]
    result = drive({0: 1.0}, rows, account={"margin": "cross"}, sizer={"use": "fixed_fraction", "fraction": 5})
    assert list(result.vetoes["reason"]) == ["the wallet is used up"]
    assert result.totals["liquidations"] == 1
    assert result.equity["equity"][-1] == 0.0
    assert result.totals["shortfall"] > 0


def test_a_run_without_trades_has_every_frame(drive: Drive) -> None:
    result = drive({})
    for name in ("fills", "trades", "funding", "signals", "orders", "vetoes"):
        assert getattr(result, name).rows == 0
    assert (result.equity["equity"] == 10_000.0).all()
    assert len(result.metrics) > 10
    for value in result.metrics.values():
        assert value == value  # never NaN


def test_a_result_s_frames_become_dataframes(drive: Drive) -> None:
    result = drive({0: 1.0, 3: 0.0})
    assert list(result.fills.to_pandas().columns) == list(result.fills)
    assert len(result.equity.to_pandas()) == 10
