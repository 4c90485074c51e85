"""vectorbt: the crossover by `from_signals`, end to end; runs in vectorbt's own environment."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import market
import numpy as np
import vectorbt as vbt
import worker


def scan(path: Path) -> worker.Job:
    """Averages, signals, fills at the next open, and the four numbers that ours gives too."""
    frame = market.read_pandas(path)
    close, opening = frame["close"], frame["open"]

    def job() -> dict[str, Any]:
        fast, slow = vbt.MA.run(close, market.FAST).ma, vbt.MA.run(close, market.SLOW).ma
        portfolio = vbt.Portfolio.from_signals(
            close,
            entries=(fast > slow).vbt.fshift(1),
            short_entries=(fast < slow).vbt.fshift(1),
            price=opening,
            size=1.0,
            fees=market.FEE,
            slippage=market.SLIPPAGE,
            init_cash=market.CAPITAL,
            freq="1min",
        )
        orders = portfolio.orders.values
        numbers = (portfolio.final_value(), portfolio.max_drawdown(), portfolio.sharpe_ratio())
        return {
            "bar": orders["idx"],
            "quantity": np.where(orders["side"] == 0, orders["size"], -orders["size"]),
            "price": orders["price"],
            "numbers": [float(number) for number in numbers],
        }

    return job


if __name__ == "__main__":
    worker.serve({"scan": scan}, {"vectorbt": version("vectorbt"), "numba": version("numba")})
