"""What a made-up market has beside its bars: premium, order book and trades bar by bar, ratios by the hour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import DAY, HOUR, MINUTE, WEEK
from fw_synthetic.weeks import BASIS, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.instrument import Instrument
    from fw_synthetic.bars import Paths
    from fw_synthetic.plugin import Synthetic
    from fw_synthetic.weeks import Weeks

    Floats = NDArray[np.float64]

LAG = 5 * MINUTE
"""Time from the instant of a statistic to its publication."""

LEVELS = 5
"""The deepest level of a book."""

RESTING = 1e-4
"""Usual size of a level, as a share of what is traded in a day."""

TRADES = 2_000_000
"""Trades in a day."""

RATIOS = {"accounts": (0.45, -0.15), "top_accounts": (0.3, -0.1), "top_positions": (0.15, 0.1)}
"""Mean of the log of each ratio, and how it moves with the basis, in its standard deviations: the crowd leans against
what the large ones do."""


def depth(needs: Iterable[str]) -> int:
    """The deepest level of a book that is asked for; 0 where no book is."""
    levels = [int(need.rpartition("_")[2]) for need in needs if need.startswith("book.")]
    return min(LEVELS, max(levels, default=1)) if "book" in needs else 0


def premium_columns(before: Floats, after: Floats) -> dict[str, Floats]:
    """The premium index of bars: how far the perpetual is above its index, as a share."""
    high, low = np.maximum(before, after), np.minimum(before, after)
    return {"premium.open": before, "premium.high": high, "premium.low": low, "premium.close": after}


def book_columns(
    spec: Synthetic, symbol: str, path: Paths, close: Floats, contract: Instrument, where: tuple[int, int, int]
) -> dict[str, Floats]:
    """Prices and sizes at the close of every bar, the last price being the best bid or the best ask.

    `where`: number of the first week, size of a bar in ns, levels.
    """
    week, size, levels = where
    count, bars = close.shape
    usual = RESTING * spec.turnover / spec.price
    columns: dict[str, Floats] = {}
    at = {"bid": close, "ask": close}
    for level in range(1, levels + 1):
        draws = [stream("book", spec.seed, symbol, size, week + row, level) for row in range(count)]
        bought = np.stack([draw.random(bars) < 0.5 for draw in draws])
        for side, way in (("bid", -1), ("ask", 1)):
            gap = 1 + np.stack([draw.poisson(0.4, bars) for draw in draws])
            if level == 1:  # the last trade met one side of the book; the other is a tick away, more in wild hours
                wild = np.stack([draw.poisson(0.2, bars) for draw in draws]) * (path.activity > 1.0)
                gap = np.where(bought == (way > 0), 0, gap + wild)
            at[side] = np.maximum(at[side] + way * gap * contract.tick, contract.tick)
            resting = usual * np.exp(0.8 * np.stack([draw.standard_normal(bars) for draw in draws]))
            columns[f"book.{side}_{level}"] = in_steps(at[side], contract.tick)
            columns[f"book.{side}_size_{level}"] = np.maximum(in_steps(resting, contract.lot), contract.lot)
    return columns


def trade_columns(
    spec: Synthetic, symbol: str, prices: dict[str, Floats], contract: Instrument, week: int, size: int
) -> dict[str, Floats]:
    """Volume and number of trades bought and sold by takers in every bar, who buy more in bars that rise."""
    volume, (count, bars) = prices["volume"], prices["volume"].shape
    draws = [stream("trades", spec.seed, symbol, size, week + row) for row in range(count)]
    rose = np.log(prices["close"] / prices["open"]) / (spec.volatility * np.sqrt(size / (365 * DAY)))
    share, of_trades = (0.04 * np.stack([draw.standard_normal(bars) for draw in draws]) for _ in range(2))
    share = np.clip(0.5 + 0.2 * np.tanh(rose) + share, 0.02, 0.98)
    bought = np.minimum(in_steps(volume * share, contract.lot), volume)
    trades = np.ceil(volume * prices["close"] * (TRADES / spec.turnover))
    buys = np.round(trades * np.clip(share + of_trades, 0.0, 1.0))
    return {
        "trades.bought": bought,
        "trades.sold": in_steps(volume - bought, contract.lot),
        "trades.buys": buys,
        "trades.sells": trades - buys,
    }


def extra_columns(prices: dict[str, Floats], trades: dict[str, Floats]) -> dict[str, Floats]:
    """What an exchange states of a bar beside its prices and volume."""
    typical = (prices["high"] + prices["low"] + prices["close"]) / 3.0
    return {
        "bars.quote_volume": prices["volume"] * typical,
        "bars.trades": trades["trades.buys"] + trades["trades.sells"],
        "bars.taker_buy_volume": trades["trades.bought"],
    }


def ratios(spec: Synthetic, symbol: str, plan: Weeks) -> dict[str, Floats]:
    """[hour]: long over short accounts and positions."""
    lean = _lean(plan)
    return {
        name: np.asarray(np.round(np.exp(mean + by_lean * lean + 0.01 * _hourly(spec, symbol, plan, name)), 4))
        for name, (mean, by_lean) in RATIOS.items()
    }


def taker_ratio(spec: Synthetic, symbol: str, plan: Weeks) -> Floats:
    """[hour]: volume bought over volume sold by takers."""
    return np.asarray(np.round(np.exp(0.03 * _lean(plan) + 0.15 * _hourly(spec, symbol, plan, "taker")), 4))


def hours(plan: Weeks, anchor: int) -> NDArray[np.int64]:
    """The instants of hourly statistics, ns."""
    return anchor + plan.first * WEEK + HOUR * np.arange(len(plan.level) * (WEEK // HOUR), dtype=np.int64)


def _lean(plan: Weeks) -> Floats:
    """[hour]: the basis in its standard deviations, without its mean."""
    along = np.arange(WEEK // HOUR) / (WEEK // HOUR)
    basis = plan.basis[:-1, None] * (1.0 - along) + plan.basis[1:, None] * along
    return np.asarray((basis - BASIS[2]).reshape(-1) / BASIS[1])


def _hourly(spec: Synthetic, symbol: str, plan: Weeks, what: str) -> Floats:
    weeks = range(plan.first, plan.first + len(plan.level))
    return np.concatenate(
        [stream(what, "ratio", spec.seed, symbol, week).standard_normal(WEEK // HOUR) for week in weeks]
    )


def in_steps(values: Any, step: float) -> Floats:
    """The nearest multiples, each the nearest float to its decimal writing."""
    per_unit = round(1.0 / step)
    return np.asarray(np.round(values * per_unit) / per_unit if per_unit >= 1 else np.round(values / step) * step)
