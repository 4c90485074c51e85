"""vectorbt: the crossover by `from_signals`, end to end; runs in vectorbt's own environment."""

from __future__ import annotations

import gc
import itertools
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


def signals(path: Path) -> worker.Job:
    """`from_signals` alone: the signals are there, and nothing is measured."""
    frame = market.read_pandas(path)
    close, opening = frame["close"], frame["open"]
    fast, slow = vbt.MA.run(close, market.FAST).ma, vbt.MA.run(close, market.SLOW).ma
    entries, short_entries = (fast > slow).vbt.fshift(1), (fast < slow).vbt.fshift(1)

    def job() -> None:
        vbt.Portfolio.from_signals(
            close,
            entries=entries,
            short_entries=short_entries,
            price=opening,
            size=1.0,
            fees=market.FEE,
            slippage=market.SLIPPAGE,
            init_cash=market.CAPITAL,
            freq="1min",
        )

    return job


CHUNK = 100
"""Combinations at once: all thousand take 10 GB and are no quicker."""


def sweep(number: str) -> Any:
    """A case: every pair of averages, and one number of each combination."""

    def prepare(path: Path) -> worker.Job:
        frame = market.read_pandas(path)
        close, opening = frame["close"], frame["open"]
        grid = list(itertools.product(market.FASTS, market.SLOWS))

        def job() -> Any:
            found = []
            for start in range(0, len(grid), CHUNK):
                spans = zip(*grid[start : start + CHUNK], strict=True)
                fast, slow = (vbt.MA.run(close, window=list(windows), per_column=False).ma for windows in spans)
                fast.columns = slow.columns = range(fast.shape[1])
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
                found.append(np.asarray(getattr(portfolio, number)()))
                del portfolio
                gc.collect()  # portfolios stand in cycles with their cached arrays; without it they take 5 to 19 GB
            return np.concatenate(found)

        return job

    return prepare


if __name__ == "__main__":
    worker.serve(
        {"scan": scan, "signals": signals, "sweep": sweep("final_value"), "real_sweep": sweep("sharpe_ratio")},
        {"vectorbt": version("vectorbt"), "numba": version("numba")},
    )
