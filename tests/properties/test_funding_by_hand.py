"""Funding, stamp by stamp, as a plain ledger in decimals has it from the fills, the rates and the prices alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.plan import Plan

HOUR = 3_600_000_000_000
MINUTE = HOUR // 60
NEAR = Decimal("1e-8")


@attrs.frozen
class Trades:
    """Fills of one instrument, in order: ns, lots."""

    times: Sequence[int]
    lots: Sequence[int]

    def held_before(self, time: int) -> int:
        """Lots held just before an instant: a fill at a stamp's own instant comes after its funding."""
        return sum(self.lots[: bisect_left(self.times, time)])


def exact(number: Any) -> Decimal:
    """A float as it is written."""
    return Decimal(repr(float(number)))


def paid_by_hand(
    trades: Trades, lot: Decimal, stamps: Sequence[tuple[int, float]], price_at: Callable[[int], float]
) -> list[tuple[int, Decimal]]:
    """Every payment as (time, amount received): −lots × lot × price × rate at the minute of each stamp."""
    booked = []
    for stamp, rate in stamps:
        time = stamp - stamp % MINUTE
        lots = trades.held_before(time)
        if lots:
            booked.append((time, -lots * lot * exact(price_at(time)) * exact(rate)))
    return booked


def assert_same_ledger(result: fw.Result, symbol: str, booked: Sequence[tuple[int, Decimal]]) -> None:
    """The run's payments of an instrument are the booked ones, each and in sum to 1e-8."""
    mine = result.funding["instrument"] == symbol
    assert result.funding["time"][mine].tolist() == [time for time, _ in booked]
    for ours, (_, amount) in zip(result.funding["amount"][mine], booked, strict=True):
        assert abs(exact(ours) - amount) <= NEAR
    assert abs(sum(map(exact, result.funding["amount"][mine]), Decimal(0)) - sum(a for _, a in booked)) <= NEAR


def trades_of(result: fw.Result, symbol: str) -> Trades:
    """What was traded of an instrument; every order was a market order, so every fill is at its bar's open."""
    mine = result.fills["instrument"] == symbol
    assert set(result.fills["reason"][mine]) <= {"signal", "risk"}
    return Trades(result.fills["time"][mine].tolist(), result.fills["lots"][mine].tolist())


def around_stamps(rng: np.random.Generator, open_time: Any, stamps: Any, every: int, reach: int) -> Any:
    """Strengths that change within `reach` bars of about one stamp in `every`, turning as often as not."""
    bars = len(open_time)
    strength = np.full(bars, np.nan)
    strength[0] = 0.0
    near = np.searchsorted(open_time, stamps[rng.random(len(stamps)) < 1.0 / every])
    at = np.clip(near - 1 + rng.integers(-reach, reach + 1, len(near)), 0, bars - 1)  # decided at the bar before
    strength[at] = rng.choice([-1.0, -0.3, 0.0, 0.4, 1.0], len(at))
    return strength


def test_five_years_of_real_rates(make_plan: Callable[..., Plan], made_up: ModuleType, real_data: Path) -> None:
    candles = pd.read_parquet(real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet")
    marks = pd.read_parquet(real_data / "btcusdt_perp_mark_8h_2019-12_2024-12.parquet")
    rates = pd.read_parquet(real_data / "btcusdt_perp_funding_8h_2019-09_2024-12.parquet")
    name = next(column for column in rates.columns if column != "timestamp")
    stamps = list(zip(_ns(rates), rates[name].astype(float).tolist(), strict=True))
    bars, mark = _bars(candles, "1h"), _bars(marks, "8h")
    funding = fw.Stamps(np.array([time for time, _ in stamps]), [rate for _, rate in stamps])
    market = fw.Market.single("BTCUSDT", bars, funding=funding, mark=mark)

    strength = around_stamps(np.random.default_rng(4), bars.open_time, funding.time, every=6, reach=2)
    plan = make_plan(
        market,
        made_up.Scripted(fw.SignalArrays(strength=strength[None, :])),
        account={"capital": 1_000_000.0, "margin": "cross", "leverage": 3},
        sizer={"use": "fixed_fraction", "fraction": 0.5},
    )
    result = plan.run(write=False)

    marked = dict(zip(_ns(marks), marks["open"].tolist(), strict=True))
    traded = dict(zip(_ns(candles), candles["open"].tolist(), strict=True))
    fills = trades_of(result, "BTCUSDT")
    lot = exact(round(abs(result.fills["quantity"][0] / result.fills["lots"][0]), 9))
    booked = paid_by_hand(fills, lot, stamps, lambda time: marked.get(time, traded[time]))
    assert len(fills.times) > 500
    assert len(booked) > 3_000
    assert {time in marked for time, _ in booked} == {True, False}
    turns = sum(a * b < 0 for a, b in zip(np.cumsum(fills.lots)[:-1], np.cumsum(fills.lots)[1:], strict=True))
    assert turns > 100
    assert_same_ledger(result, "BTCUSDT", booked)
    assert abs(exact(result.totals["funding"]) - sum(amount for _, amount in booked)) <= NEAR


def _ns(table: pd.DataFrame) -> list[int]:
    return [int(time) for time in table["timestamp"].astype("datetime64[ns, UTC]").astype("int64")]


def _bars(table: pd.DataFrame, size: str) -> fw.Bars:
    columns = {name: table[name].to_numpy(dtype=float) for name in ("open", "high", "low", "close")}
    return fw.Bars(size=fw.BarSize.parse(size), open_time=np.array(_ns(table)), volume=np.zeros(len(table)), **columns)


def changing_stamps(rng: np.random.Generator, hours: int) -> fw.Stamps:
    """Settlements every eight, four or one hours, the interval changing now and then; each some milliseconds late.

    The last one lies after the end, so that the rates cover the run whatever the interval is then.
    """
    times = []
    hour = int(rng.integers(0, 8))
    interval = int(rng.choice([8, 4, 1]))
    while hour < hours + 8:
        times.append(hour * HOUR + int(rng.integers(0, 60)) * 1_000_000)
        if rng.random() < 0.1:
            interval = int(rng.choice([8, 4, 1]))
        hour += interval
    return fw.Stamps(np.array(times), rng.standard_normal(len(times)) * 1e-3)


@settings(
    max_examples=max(100, settings.default.max_examples // 4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from(["1h", "4h"]),
    marked=st.booleans(),
    margin=st.sampled_from(["cross", "isolated"]),
    count=st.integers(1, 2),
)
def test_intervals_that_change_in_mid_history(
    make_plan: Callable[..., Plan], made_up: ModuleType, seed: int, size: str, marked: bool, margin: str, count: int
) -> None:
    rng = np.random.default_rng(seed)
    symbols = ("BTCUSDT", "ETHUSDT")[:count]
    hourly = made_up.random_market(rng, symbols, 480, wild=0.003, marked=marked)
    series = {s: attrs.evolve(data, funding=changing_stamps(rng, 480)) for s, data in hourly.series.items()}
    market = attrs.evolve(hourly, series=series).resampled(fw.BarSize.parse(size))
    strength = [
        around_stamps(rng, market.bars.open_time, market.of(symbol).funding.time, every=3, reach=1)
        for symbol in symbols
    ]
    plan = make_plan(
        market,
        made_up.Scripted(fw.SignalArrays(strength=np.array(strength))),
        account={"capital": 100_000.0, "margin": margin, "leverage": 3},
        sizer={"use": "fixed_fraction", "fraction": 0.4},
    )
    result = plan.run(write=False)
    for symbol in symbols:
        bars, mark, stamps = (getattr(market.of(symbol), name) for name in ("bars", "mark", "funding"))
        stamps = stamps.between(None, market.period[1])
        marks = {} if mark is None else dict(zip(mark.open_time.tolist(), mark.open.tolist(), strict=True))

        def price_at(time: int, bars: fw.Bars = bars, marks: dict[int, float] = marks) -> float:
            """The mark's open at the stamp, else the open of the first bar from there on, else the last close."""
            if time in marks:
                return marks[time]
            after = bisect_left(bars.open_time.tolist(), time)
            return float(bars.open[after] if after < len(bars) else bars.close[-1])

        known = zip(stamps.time.tolist(), stamps.value.tolist(), strict=True)
        booked = paid_by_hand(trades_of(result, symbol), Decimal("0.001"), list(known), price_at)
        assert_same_ledger(result, symbol, booked)
    assert result.fills.rows > 0
    assert result.totals["liquidations"] == 0
