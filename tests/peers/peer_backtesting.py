"""backtesting.py: the same Python decision at every bar; runs in backtesting.py's own environment."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import backtesting.backtesting
import market
import numpy as np
import worker
from backtesting import Backtest, Strategy

warnings.filterwarnings("ignore")
backtesting.backtesting._tqdm = lambda bars, **_: bars  # its progress bar costs it time


class Last50(Strategy):  # type: ignore[misc]
    """Long above the close of 49 bars ago, short otherwise."""

    def init(self) -> None:
        pass

    def next(self) -> None:
        if len(self.data) < 50:
            return
        close = self.data.Close[-50:]
        if close[-1] > close[0]:
            if not self.position.is_long:
                self.position.close()
                self.buy(size=1)
        elif not self.position.is_short:
            self.position.close()
            self.sell(size=1)


def loop(path: Path) -> worker.Job:
    """Bars one by one, fills at the next open, and its own statistics."""
    frame = market.read_pandas(path, capitals=True)

    def job() -> dict[str, Any]:
        backtest = Backtest(
            frame,
            Last50,
            cash=market.CAPITAL,
            commission=market.FEE,
            spread=market.SLIPPAGE,
            finalize_trades=True,
        )
        trades = backtest.run()["_trades"]
        size = trades["Size"].to_numpy(dtype=float)
        return {
            "bar": np.concatenate((trades["EntryBar"], trades["ExitBar"])),
            "quantity": np.concatenate((size, -size)),
        }

    return job


if __name__ == "__main__":
    worker.serve({"loop": loop}, {"backtesting.py": version("backtesting"), "pandas": version("pandas")})
