"""Random markets, and strategies that follow a script; `plan_over` runs one on the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

import fw
from fw.domain.order import Conditions
from fw.engine.given import GivenMarket
from fw.engine.tape import lay
from fw.ledger import kinds
from fw.ledger.simulation import Simulation
from fw.plan import Plan
from fw.plugins import Plugins
from fw.settings.read import strategy_from
from fw.workspace import Workspace

Bar = tuple[float, float, float, float]
"""Open, high, low, close."""

HOUR = 3_600_000_000_000
TICK = 0.1


def random_market(
    rng: np.random.Generator, symbols: tuple[str, ...], bars: int, *, wild: float = 0.01, marked: bool = False
) -> fw.Market:
    """Prices on the tick with jumps now and then, funding every one, four or eight hours, and maybe mark prices."""
    series = {}
    times = np.arange(bars, dtype=np.int64) * HOUR
    for k, symbol in enumerate(symbols):
        steps = rng.standard_normal(bars) * wild + (rng.random(bars) < 0.02) * rng.standard_normal(bars) * 5 * wild
        close = 1000.0 * (k + 1) * np.exp(np.cumsum(steps))
        opened = np.concatenate(([close[0]], close[:-1])) * np.exp(rng.standard_normal(bars) * wild / 4)
        high = np.maximum(opened, close) * (1 + np.abs(rng.standard_normal(bars)) * wild / 2)
        low = np.minimum(opened, close) * (1 - np.abs(rng.standard_normal(bars)) * wild / 2)
        o, h, lo, c = (np.round(np.maximum(column, 1.0) / TICK) / 10 for column in (opened, high, low, close))
        bar_columns = {"open": o, "high": np.maximum(h, np.maximum(o, c)), "low": np.minimum(lo, np.minimum(o, c))}
        volume = np.round(rng.exponential(50.0, bars) * (rng.random(bars) < 0.95), 3)  # now and then nothing is traded
        stamps = np.arange(0, bars * HOUR, 8 * HOUR // int(rng.choice([1, 2, 8])), dtype=np.int64)
        stamps = stamps + int(rng.choice([0, 0, HOUR // 2]))  # at the bars' opens, or inside them
        mark = None
        if marked:
            away = np.exp(rng.standard_normal(bars) * wild / 10)  # one factor a bar: its order of prices stays
            columns = {name: column * away for name, column in {**bar_columns, "close": c}.items()}
            mark = fw.Bars(size=fw.BarSize(HOUR), open_time=times, volume=np.zeros(bars), **columns)
        series[symbol] = fw.Series(
            mark=mark,
            bars=fw.Bars(size=fw.BarSize(HOUR), open_time=times, close=c, volume=volume, **bar_columns),
            funding=fw.Stamps(stamps, rng.standard_normal(len(stamps)) * 1e-3),
            rules=fw.Instrument(
                symbol=symbol,
                tick=TICK,
                lot=0.001,
                min_notional=5.0,
                clearance_fee=0.0125,
                tiers=(fw.Tier(0.0, 0.004, 0.0, 125.0), fw.Tier(20_000.0, 0.01, 120.0, 50.0)),
            ),
        )
    return fw.Market(series=series, focus=symbols[0])


def random_actions(
    rng: np.random.Generator, simulation: Simulation, bar: int, *, reducing: float = 0.3, conditional: float = 0.6
) -> None:
    """Some orders, amendments and withdrawals at the close of a bar; a share of the orders is reduce-only, and a share
    has conditions.

    No limit applies, so that the venue has to refuse what it must.
    """
    count = len(simulation.instruments)
    for _ in range(int(rng.choice([0, 0, 1, 2, 4]))):
        k = int(rng.integers(count))
        close = float(simulation.tape.block[k, kinds.CLOSE, bar])
        price = close * float(rng.uniform(0.95, 1.05))
        if len(simulation.working) and rng.random() < 0.3:
            row = int(rng.choice(simulation.working))
            if rng.random() < 0.3:
                simulation.cancel(bar, row)
            else:
                order = simulation.orders[row]
                lots = max(1, abs(int(order["lots"]) * int(rng.integers(1, 4)) // 2))
                lots = lots if order["lots"] > 0 else -lots
                moved = float(simulation.tape.block[order["instrument"], kinds.CLOSE, bar]) * rng.uniform(0.95, 1.05)
                has_price = order["kind"] in (kinds.LIMIT, kinds.STOP, kinds.TAKE_PROFIT) and order["triggered"] < 0
                simulation.amend(row, lots=lots, price=float(moved) if has_price else None)
            continue
        kind = str(rng.choice(PLACEABLE))
        lots = int(rng.choice([-1, 1])) * int(10 ** rng.uniform(0, 5))
        conditions = random_conditions(rng, simulation, kind, price) if rng.random() < conditional else None
        if conditions is None and kind in ("stop_limit", "take_profit_limit", "trailing_stop"):
            continue
        row = simulation.add_explicit(
            bar,
            k,
            kind=kinds.ORDER_KINDS.index(kind),
            lots=lots,
            price=0.0 if kind == "market" or (kind == "trailing_stop" and rng.random() < 0.5) else price,
            expiry=int(rng.choice([0, 0, 1, 5])),
            reduce_only=bool(rng.random() < reducing) or (conditions is not None and conditions.close_position),
            conditions=conditions,
        )
        simulation.place(row)


PLACEABLE = [kind for kind in kinds.ORDER_KINDS if kind != "bracket"]


def random_conditions(rng: np.random.Generator, simulation: Simulation, kind: str, price: float) -> Conditions:
    """What an order of a kind may ask for beyond its price."""
    later_limit = kind in ("stop_limit", "take_profit_limit")
    groups = int(simulation.account["groups"][0])
    if rng.random() < 0.3:
        group = int(rng.integers(1, groups + 1)) if groups and rng.random() < 0.7 else simulation.new_group()
    else:
        group = 0
    return Conditions(
        limit=price * float(rng.uniform(0.98, 1.02)) if later_limit else None,
        callback=float(rng.uniform(0.001, 0.05)) if kind == "trailing_stop" else None,
        time_in_force=str(rng.choice(kinds.TIMES_IN_FORCE)) if kind == "limit" or later_limit else "gtc",
        by_mark=simulation.has_marks and kind not in ("market", "limit") and bool(rng.random() < 0.5),
        close_position=kind in ("stop", "take_profit") and bool(rng.random() < 0.3),
        group=group,
    )


@attrs.frozen(eq=False)
class Scripted:
    """Says what its arrays say, as arrays or bar by bar."""

    arrays: Any
    lookback: int = 50
    step: int = HOUR

    def decide_all(self, history: fw.History) -> fw.SignalArrays:
        return self.arrays

    def decide(self, view: fw.View) -> fw.Signal | None:
        i, k = view.time // self.step - 1, view.instruments.index(view.instrument)

        def number(name: str) -> float | None:
            column = getattr(self.arrays, name)
            return None if column is None or np.isnan(column[k, i]) else float(column[k, i])

        strength = number("strength")
        if strength is None:
            return None
        expiry = number("expiry")
        return fw.Signal(
            strength=strength,
            stop_loss=number("stop_loss"),
            take_profit=number("take_profit"),
            trailing=number("trailing"),
            limit=number("limit"),
            expiry=None if expiry is None else int(expiry),
            tag="scripted",
        )


def random_signals(rng: np.random.Generator, market: fw.Market) -> fw.SignalArrays:
    """Strengths that last some bars, with any of the protections around the price."""
    n, bars = len(market.instruments), len(market.bars)
    close = np.array([market.of(symbol).bars.close for symbol in market.instruments])

    def held(values: np.ndarray) -> np.ndarray:
        chosen = rng.random((n, bars)) < rng.choice([0.02, 0.1, 0.5])
        chosen[:, 0] = True
        last = np.maximum.accumulate(np.where(chosen, np.arange(bars), 0), axis=1)
        return np.take_along_axis(values, last, axis=1)

    strength = held(rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0, np.nan], (n, bars)))
    side = np.where(np.nan_to_num(strength) < 0, -1.0, 1.0)

    def around(sign: float) -> np.ndarray | None:
        if rng.random() < 0.4:
            return None
        level = held(close) * (1 + sign * side * rng.uniform(0.001, 0.08))
        return np.where(rng.random((n, 1)) < 0.8, level, np.nan) * np.ones((n, bars))

    limit = around(-0.3)
    return fw.SignalArrays(
        strength=strength,
        stop_loss=around(-1.0),
        take_profit=around(1.0),
        trailing=held(close) * rng.uniform(0.005, 0.05) if rng.random() < 0.4 else None,
        limit=limit,
        expiry=held(rng.integers(1, 20, (n, bars)).astype(float)) if limit is not None and rng.random() < 0.5 else None,
    )


def plan_over(market: fw.Market, strategy: Any, *, plugins: Plugins, workspace: Workspace, **settings: Any) -> Plan:
    """A plan over a market at hand, as `fw.backtest` makes it."""
    whole = {
        "instruments": list(market.instruments),
        "bar": str(market.bars.size),
        "source": GivenMarket(market),
        "strategy": strategy,
        **settings,
    }
    return Plan(
        strategy_from(whole, plugins.registry),
        plugins,
        workspace,
        again=lambda more: strategy_from(whole, plugins.registry, overrides=more),
    )


def bars_of(rows: Sequence[Bar], *, size: str = "1h") -> fw.Bars:
    """Bars with these prices, one after another from the epoch on."""
    step = fw.BarSize.parse(size)
    prices = dict(zip(("open", "high", "low", "close"), np.array(rows, dtype=float).T, strict=True))
    times = np.arange(len(rows), dtype=np.int64) * step.ns
    return fw.Bars(size=step, open_time=times, volume=np.ones(len(rows)), **prices)


def market_of(*rows: Sequence[Bar], rates: Sequence[tuple[float, float]] = (), **rules: Any) -> fw.Market:
    """A market of one instrument for each list of bars: A, B, …; lot 0.01, tick 0.1, `rates` at (hour, rate)."""
    stamps = fw.Stamps(np.array([int(hour * HOUR) for hour, _ in rates]), [rate for _, rate in rates])
    series = {
        symbol: fw.Series(
            bars=bars_of(bars),
            funding=stamps,
            rules=fw.Instrument(**{"symbol": symbol, "tick": 0.1, "lot": 0.01, **rules}),
        )
        for symbol, bars in zip("ABC", rows, strict=False)
    }
    return fw.Market(series=series, focus="A")


def venue_of(
    market: fw.Market, terms: fw.Terms, *, capital: float = 1000.0, with_marks: bool = False, **signals: Any
) -> Simulation:
    """A simulated venue at the start of a market; `signals` are rows [instrument][bar], None or NaN: none."""
    tape, _, _ = lay([market], first=0, with_marks=with_marks, with_funding=True)
    arrays = {name: np.array(rows, dtype=float, ndmin=2) for name, rows in signals.items()}
    instruments = [market.series[symbol].rules for symbol in market.instruments]
    return Simulation(
        tape,
        instruments,  # type: ignore[arg-type]
        terms,
        capital=capital,
        signals=fw.SignalArrays(**arrays) if arrays else None,
    )
