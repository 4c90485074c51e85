"""Made-up finished runs, the awkward ones included, for metrics and reporters."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from fw.domain.bounds import Bounds, bound_of
from fw.domain.frame import Frame
from fw.domain.result import Result
from fw.domain.time import BarSize
from fw.testing.markets import trend


def results() -> Mapping[str, Result]:
    """Runs by what is odd about them: some trades, no trades, one bar, all lost, bars that leave the result open."""
    random = np.random.default_rng(0)
    usual = 10_000.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, 400)))
    return {
        "some trades": result(usual, profits=(120.0, -40.0, 15.0, -60.0, 0.0)),
        "only gains": result(np.linspace(10_000.0, 12_000.0, 50), profits=(1000.0, 1000.0)),
        "no trades": result(np.full(100, 10_000.0)),
        "one bar": result(np.full(1, 10_000.0)),
        "ambiguous bars": _bounded(
            result(usual * np.linspace(1.0, 0.8, 400), profits=(120.0, -40.0, -80.0)),
            result(usual, profits=(120.0, -40.0, 80.0)),
        ),
        "all lost": result(np.append(np.linspace(10_000.0, 100.0, 99), 0.0), profits=(-10_000.0,)),
    }


def result(equity: np.ndarray[tuple[int], np.dtype[np.float64]], profits: tuple[float, ...] = ()) -> Result:
    """A run of one hour bars with this equity curve and closed long trades of these profits, one after another."""
    bars = len(equity)
    market = trend(bars=bars)
    close_time = market.bars.close_time
    count = len(profits)
    size = max(1, bars // max(1, count))
    entry = np.minimum(np.arange(count) * size, bars - 1)
    leave = np.minimum(entry + size // 2, bars - 1)
    name = np.array(["BTCUSDT"] * count, dtype=object)
    price = market.bars.open

    def words(word: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.array([word] * count, dtype=object)

    quantity = np.full(count, 0.1)
    fees = np.full(count, 1.0)
    trades = {
        "instrument": name,
        "side": np.ones(count, np.int64),
        "entry_time": market.bars.open_time[entry],
        "exit_time": market.bars.open_time[leave],
        "quantity": quantity,
        "entry_price": price[entry],
        "exit_price": price[leave],
        "profit": np.array(profits, dtype=np.float64),
        "fees": 2 * fees,
        "funding": np.zeros(count),
        "bars": (leave - entry).astype(np.int64),
        "entry_reason": words("signal"),
        "exit_reason": words("signal"),
        "tag": words(""),
    }
    at = np.stack([entry, leave], axis=1).ravel()
    twice = np.array(["BTCUSDT"] * (2 * count), dtype=object)
    lots = np.tile(np.array([100, -100], dtype=np.int64), count)
    fills = {
        "time": market.bars.open_time[at],
        "instrument": twice,
        "lots": lots,
        "quantity": lots * 0.001,
        "price": price[at],
        "fee": np.ones(2 * count),
        "realised": np.stack([np.zeros(count), np.array(profits) + 2.0], axis=1).ravel(),
        "slippage": np.zeros(2 * count),
        "reason": np.array(["signal"] * (2 * count), dtype=object),
        "order": np.arange(2 * count, dtype=np.int64),
        "tag": np.array([""] * (2 * count), dtype=object),
    }
    return Result(
        name="made-up",
        engine="scan",
        engine_reason="",
        bar=BarSize.parse("1h"),
        capital=10_000.0,
        instruments=("BTCUSDT",),
        market=market,
        equity=Frame.of({"time": close_time, "equity": equity}),
        fills=Frame.of(fills),
        funding=_empty("time instrument lots rate amount"),
        signals=_empty("time instrument strength stop_loss take_profit trailing limit expiry tag"),
        orders=_empty("time instrument id kind lots price reduce_only reason"),
        vetoes=_empty("time instrument check reason"),
        totals={
            "realised": float(equity[-1] - 10_000.0),
            "unrealised": 0.0,
            "fees": 2.0 * count,
            "funding": 0.0,
            "slippage": 0.0,
            "shortfall": 0.0,
            "liquidations": 0.0,
            "ambiguous_bars": 0.0,
            "exposure_bars": float((leave - entry).sum()),
            "rejected": 0.0,
        },
        trade=lambda _: Frame.of(trades),
    )


def _bounded(worse: Result, better: Result) -> Result:
    """The pessimistic run of the two, in which one bar did not tell what came first."""
    worse, better = (attrs.evolve(one, totals={**one.totals, "ambiguous_bars": 1.0}) for one in (worse, better))
    bounds = Bounds(shown="pessimistic", pessimistic=bound_of(worse), optimistic=bound_of(better))
    return attrs.evolve(worse, bound=lambda _: bounds)


def _empty(names: str) -> Frame:
    text = ("instrument", "tag", "reason", "check", "kind", "id")
    times = ("time", "lots")
    return Frame.of(
        {
            name: np.empty(0, object if name in text else np.int64 if name in times else np.float64)
            for name in names.split()
        }
    )
