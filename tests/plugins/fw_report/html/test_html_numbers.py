"""What the page measures, against plain loops and pandas."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise
from types import ModuleType

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw import Frame, Result
from fw.domain.time import BarSize
from fw_report.html.candles import around_trades, candles_of, round_size
from fw_report.html.charts import waterfall_chart
from fw_report.html.costs import printed, waterfall
from fw_report.html.course import buy_and_hold, drawdowns, quantity_at, returns_by_month, stake_of, underwater
from fw_report.html.downsample import extremes, grouped
from fw_report.html.groups import groupings
from fw_report.html.render import as_json, packed
from fw_report.html.shades import hundredths, shade_of

curves = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300)


@given(values=curves, most=st.integers(4, 60))
def test_a_thinned_line_keeps_its_ends_and_its_extremes(values: list[float], most: int) -> None:
    column = np.array(values)
    rows = extremes(column, most)
    assert len(rows) <= max(most, 4)
    assert (np.diff(rows) > 0).all()
    assert {0, len(values) - 1} <= set(rows.tolist())
    assert column[rows].min() == min(values)
    assert column[rows].max() == max(values)
    assert len(rows) == len(values) or len(values) > most


def test_a_thinned_line_passes_over_what_is_no_number() -> None:
    column = np.full(1000, np.nan)
    column[[333, 700]] = 5.0, -5.0
    assert {333, 700} <= set(extremes(column, 20).tolist())


@pytest.mark.parametrize("size", [1, 3, 7, 48, 1000])
def test_larger_candles_are_those_of_pandas(busy: Result, size: int) -> None:
    bars = busy.market.bars
    ours = grouped(bars, size)
    group = np.arange(len(bars)) // size
    theirs = (
        bars.to_pandas()
        .reset_index()
        .groupby(group)
        .agg({"open_time": "first", "open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"})
    )
    for name in ("open", "high", "low", "close"):
        assert getattr(ours, name).tolist() == theirs[name].tolist()
    assert pd.to_datetime(ours.open_time, utc=True).tolist() == theirs["open_time"].tolist()


@pytest.mark.parametrize(
    ("least", "bar", "size"), [(1, "1m", 1), (9, "1m", 10), (9, "1h", 12), (2, "5m", 2), (4, "5m", 4), (100, "1d", 100)]
)
def test_candles_span_a_round_stretch_of_time(least: int, bar: str, size: int) -> None:
    assert round_size(least, BarSize.parse(bar).ns) == size


def test_every_bar_of_a_trade_is_at_hand_and_the_largest_trades_come_first(busy: Result) -> None:
    opens, trades = busy.market.bars.open_time, busy.trades
    runs = around_trades(busy, "BTCUSDT", most=10**6)
    assert all(last < first for (_, last), (first, _) in pairwise(runs))
    for entry, leave in zip(trades["entry_time"], trades["exit_time"], strict=True):
        first, last = np.searchsorted(opens, [entry, leave])
        assert any(begin <= first and last < end for begin, end in runs)
    few = around_trades(busy, "BTCUSDT", most=120)
    assert 0 < sum(last - first for first, last in few) <= 120
    largest = int(np.abs(trades["profit"]).argmax())
    at = int(np.searchsorted(opens, trades["entry_time"][largest]))
    assert any(first <= at < last for first, last in few)


def test_a_long_run_is_held_in_few_enough_candles(long_run: Result) -> None:
    (held,) = candles_of(long_run)
    assert held["bars"] == 500_000
    assert held["size"] == 12
    assert len(held["whole"]["open"]["bdata"]) <= 60_000 * 4 * 4 / 3 + 4
    assert len(held["detail"]["open"]["bdata"]) <= 60_000 * 4 * 4 / 3 + 4


def test_buying_and_holding_splits_the_capital_over_the_instruments(by_hand: ModuleType) -> None:
    run = by_hand.result_by_hand({"A": [10.0, 20.0, 5.0], "B": [4.0, 4.0, 8.0]}, capital=100.0)
    opened = {name: float(run.market.of(name).bars.open[0]) for name in ("A", "B")}
    assert buy_and_hold(run).tolist() == pytest.approx(
        [50 * a / opened["A"] + 50 * b / opened["B"] for a, b in ((10, 4), (20, 4), (5, 8))]
    )


@settings(max_examples=150)
@given(path=st.lists(st.floats(1.0, 200.0), min_size=1, max_size=40))
def test_the_worst_falls_are_those_of_a_plain_loop(by_hand: ModuleType, path: list[float]) -> None:
    run = by_hand.result_of_equity(path, capital=100.0, bar="1h")
    start = int(run.equity["time"][0]) - run.bar.ns
    peak, peak_time, falls, current = 100.0, start, [], None
    for time, value in zip(run.equity["time"].tolist(), path, strict=True):
        if value / peak - 1.0 < -1e-12:
            depth = 1.0 - value / peak
            current = current or [0.0, peak_time, time, None]
            if depth > current[0]:
                current[0], current[2] = depth, time
        else:
            if current:
                falls.append([*current[:3], time])
            current, peak_time, peak = None, time, max(peak, value)
    if current:
        falls.append(current)
    found = drawdowns(run)
    assert len(found) == min(len(falls), 5)
    assert [fall.depth for fall in found] == pytest.approx(sorted((fall[0] for fall in falls), reverse=True)[:5])
    told = {(fall[1], fall[2], fall[3]) for fall in falls}
    assert {(fall.start, fall.trough, fall.end) for fall in found} <= told
    assert all(fall.length == (fall.end or int(run.equity["time"][-1])) - fall.start for fall in found)
    assert underwater(run).max() <= 0.0


def test_monthly_and_yearly_returns_are_those_of_pandas(by_hand: ModuleType) -> None:
    rng = np.random.default_rng(5)
    path = 1_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, 800)))
    run = by_hand.result_of_equity(path, capital=1_000.0, bar="1d")
    opened = pd.to_datetime(run.equity["time"] - run.bar.ns, utc=True)
    series = pd.Series(path, index=opened)
    table = returns_by_month(run)
    months = pd.concat([pd.Series([1_000.0]), series.resample("ME").last()]).pct_change().dropna()
    ours = [row[month] for row in table.values() for month in sorted(row) if month]
    assert ours == pytest.approx(months.tolist())
    years = pd.concat([pd.Series([1_000.0]), series.resample("YE").last()]).pct_change().dropna()
    assert [row[0] for row in table.values()] == pytest.approx(years.tolist())
    assert [len(row) for row in table.values()] == [13, 13, 4], "two whole years, then January to March"


def test_a_month_after_ruin_has_no_return(by_hand: ModuleType) -> None:
    run = by_hand.result_of_equity([100.0] * 31 + [-5.0] * 29 + [10.0], capital=100.0, bar="1d")
    assert returns_by_month(run)[2024] == {1: 0.0, 2: -1.05, 3: None, 0: -0.9}


def test_exposure_and_margin_are_those_of_a_plain_loop(busy: Result) -> None:
    held, fills = 0.0, list(zip(busy.fills["time"].tolist(), busy.fills["lots"].tolist(), strict=True))
    expected = []
    for opened, close, equity in zip(
        busy.market.bars.open_time.tolist(),
        busy.market.bars.close.tolist(),
        busy.equity["equity"].tolist(),
        strict=True,
    ):
        held += sum(lots * 0.001 for time, lots in fills if time == opened)
        expected.append(abs(held) * close / equity)
    stake = stake_of(busy)
    assert stake.exposure.tolist() == pytest.approx(expected, abs=1e-12)
    assert stake.margin is not None
    assert stake.margin.tolist() == pytest.approx([exposure / 4.0 for exposure in expected], abs=1e-12)
    assert set(np.unique(quantity_at(busy, "BTCUSDT"))) == {-2.0, 0.0, 2.0}, "whole lots: flat is exactly nothing"
    assert stake_of(attrs.evolve(busy, settings={})).margin is None


def test_the_waterfall_adds_up_as_it_is_printed(busy: Result, odd_runs: dict[str, Result]) -> None:
    for run in (busy, *odd_runs.values()):
        flow = waterfall(run)
        assert flow.gross.amount + sum(step.amount for step in flow.steps) == flow.net.amount
        read = [Decimal(printed(step.amount).replace("−", "-").replace(",", "")) for step in flow.all]
        assert sum(read[:-1]) == read[-1]
    flow = waterfall(busy)
    assert float(flow.net.amount) == pytest.approx(busy.equity["equity"][-1] - busy.capital, abs=0.006)
    assert [step.name for step in flow.steps] == ["Fees", "Funding", "Slippage"]
    assert flow.steps[0].amount == Decimal("-8.00")
    assert flow.steps[2].amount == Decimal("-1.60")
    gross = math.fsum(busy.fills["realised"]) + 80 * 0.02
    assert float(flow.gross.amount) == pytest.approx(gross, abs=0.03)


def test_bars_of_the_waterfall_are_coloured_by_their_sign(by_hand: ModuleType) -> None:
    for leave, fee, gross, net in (
        (110.0, 1.0, "gain", "gain"),
        (110.0, 20.0, "gain", "loss"),
        (90.0, 1.0, "loss", "loss"),
    ):
        fills = [
            by_hand.HandFill(bar=0, lots=1_000, price=100.0),
            by_hand.HandFill(bar=1, lots=-1_000, price=leave, fee=fee),
        ]
        (trace,) = waterfall_chart(waterfall(by_hand.result_by_hand([100.0] * 3, fills)))["data"]
        assert trace["measure"][0] == "relative", "plotly colours it as it does a step"
        assert (trace["y"][0] > 0) == (gross == "gain")
        assert trace["totals"]["marker"]["color"] == f"@{net}/75"
        assert trace["increasing"]["marker"]["color"] == "@gain/75"
        assert trace["decreasing"]["marker"]["color"] == "@loss/75"


def test_losses_borne_by_the_venue_are_a_step_of_their_own(busy: Result) -> None:
    flow = waterfall(attrs.evolve(busy, totals={**busy.totals, "shortfall": 12.5}))
    assert flow.steps[-1].name == "Insurance fund"
    assert flow.gross.amount == waterfall(busy).gross.amount - Decimal("12.50")


def test_every_trade_is_in_one_group_of_each_kind(busy: Result) -> None:
    trades = busy.trades.to_pandas()
    ways = {way.key: way for way in groupings(busy)}
    assert list(ways) == ["hour", "weekday", "holding", "exit", "tag"]
    for way in ways.values():
        assert sum(group.trades for group in way.groups) == 40
        assert math.fsum(group.profit for group in way.groups) == pytest.approx(trades["profit"].sum())
    by_hour = trades.groupby(trades["entry_time"].dt.hour)["profit"].sum()
    assert {group.name: group.profit for group in ways["hour"].groups if group.trades} == pytest.approx(
        {str(hour): profit for hour, profit in by_hour.items()}
    )
    by_day = trades.groupby(trades["entry_time"].dt.day_name())["profit"].count()
    assert {g.name: g.trades for g in ways["weekday"].groups if g.trades} == by_day.to_dict()
    by_reason = trades.groupby("exit_reason")["profit"].agg(lambda profits: (profits > 0).sum())
    assert {g.name.replace(" ", "_"): g.won for g in ways["exit"].groups} == by_reason.to_dict()
    held = (trades["exit_time"] - trades["entry_time"]).dt.total_seconds() / 3600
    short = next(group for group in ways["holding"].groups if group.name == "1h to 4h")
    assert short.trades == int(((held >= 1) & (held < 4)).sum())


def test_rare_tags_are_put_together(busy: Result) -> None:
    trades = {name: busy.trades[name] for name in busy.trades}
    tags = np.array([f"tag {k % 20:02}" for k in range(40)])
    run = attrs.evolve(busy, trade=lambda _: Frame.of({**trades, "tag": tags}))
    tagged = next(way for way in groupings(run) if way.key == "tag")
    assert len(tagged.groups) == 13
    assert tagged.groups[-1].name == "all others"
    assert tagged.groups[-1].trades == 16


def test_json_in_a_page_has_nothing_that_ends_a_script() -> None:
    text = as_json({"a": ["</script><!--", "&\u2028\u2029\ud800", math.nan, np.float64(1.5), np.int64(3)]})
    assert not set("<>&\u2028\u2029") & set(text)
    assert "null,1.5,3" in text
    assert packed(np.array([1, 2]), "i4") == {"dtype": "i4", "bdata": "AQAAAAIAAAA="}


@pytest.mark.parametrize(
    ("share", "text"),
    [(-8.54e-5, "−0.01"), (-7.3e-5, "−0.01"), (-1e-6, "0.00"), (0.0, "0.00"), (0.12345, "12.35"), (-12.5, "−1,250.00")],
)
def test_a_table_of_returns_has_two_digits_whatever_their_size(share, text):
    assert hundredths(share) == text


def test_little_movement_has_no_colour_and_much_has_the_strongest():
    assert [shade_of(value) for value in (0.0049, -0.005, 0.03, -0.1, 0.9)] == ["", "down-1", "up-2", "down-3", "up-3"]
