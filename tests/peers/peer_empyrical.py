"""empyrical-reloaded: four metrics of an equity curve; it lives in our own environment, as the tests' oracle."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import empyrical
import market
import numpy as np
import worker

warnings.filterwarnings("ignore")
MINUTES_PER_YEAR = 365 * 24 * 60


def equity_of(path: Path) -> Any:
    """The closes as an equity curve, float64[bar]."""
    return np.ascontiguousarray(market.read(path)["close"])


def metrics(path: Path) -> worker.Job:
    """Sharpe, Sortino, Calmar and the deepest drawdown of returns given as an array, its quickest input."""
    equity = equity_of(path)
    returns = np.append(0.0, equity[1:] / equity[:-1] - 1.0)  # the first bar's is from a capital of its own close

    def job() -> dict[str, Any]:
        return {
            "sharpe": empyrical.sharpe_ratio(returns, annualization=MINUTES_PER_YEAR),
            "sortino": empyrical.sortino_ratio(returns, annualization=MINUTES_PER_YEAR),
            "calmar": empyrical.calmar_ratio(returns, annualization=MINUTES_PER_YEAR),
            "max_drawdown": -empyrical.max_drawdown(returns),
        }

    return job


if __name__ == "__main__":
    worker.serve({"metrics": metrics}, {"empyrical-reloaded": version("empyrical-reloaded")})
