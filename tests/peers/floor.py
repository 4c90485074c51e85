"""The floor: a bare numba loop of the crossover, nothing general in it; what a compiled engine is measured against."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import market
import numba
import numpy as np
import worker


@numba.njit(cache=False)
def crossover(opening, close, fast, slow, fee, slippage, capital, equity, fills):
    """Averages, fills at the next open, fees, slippage, equity, drawdown and moments of returns, in one pass.

    Fills `equity` [bar] and `fills` [fill, (bar, quantity)]; returns their number, the drawdown and a Sharpe ratio.
    """
    cash, position, wanted = capital, 0.0, 0.0
    fast_sum = slow_sum = 0.0
    peak = before = capital
    drawdown = mean = square = 0.0
    count = 0
    bars = len(close)
    for bar in range(bars):
        if wanted != position:
            traded = wanted - position
            price = opening[bar] * (1.0 + slippage if traded > 0.0 else 1.0 - slippage)
            cash -= traded * price + abs(traded) * price * fee
            position = wanted
            fills[count, 0] = bar
            fills[count, 1] = traded
            count += 1
        now = cash + position * close[bar]
        equity[bar] = now
        gain = now / before - 1.0
        before = now
        mean += gain
        square += gain * gain
        peak = max(peak, now)
        drawdown = max(drawdown, 1.0 - now / peak)
        fast_sum += close[bar]
        slow_sum += close[bar]
        if bar >= fast:
            fast_sum -= close[bar - fast]
        if bar >= slow:
            slow_sum -= close[bar - slow]
        if bar >= slow - 1:
            quick, lazy = fast_sum / fast, slow_sum / slow
            if quick > lazy:
                wanted = 1.0
            elif quick < lazy:
                wanted = -1.0
    mean /= bars
    deviation = (square / bars - mean * mean) ** 0.5
    return count, drawdown, mean / deviation if deviation > 0.0 else 0.0


def scan(path: Path) -> worker.Job:
    """The whole work on arrays that are there already."""
    bars = market.read(path)
    opening, close = (np.ascontiguousarray(bars[name]) for name in ("open", "close"))
    equity, fills = np.empty(len(close)), np.empty((len(close) // 2, 2))

    def job() -> dict[str, Any]:
        count, drawdown, sharpe = crossover(
            opening, close, market.FAST, market.SLOW, market.FEE, market.SLIPPAGE, market.CAPITAL, equity, fills
        )
        return {
            "bar": fills[:count, 0],
            "quantity": fills[:count, 1],
            "numbers": [float(equity[-1]), drawdown, sharpe],
        }

    return job


if __name__ == "__main__":
    worker.serve({"scan": scan}, {"numba": version("numba")})
