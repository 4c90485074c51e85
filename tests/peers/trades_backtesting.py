"""backtesting.py's trades of a strategy; runs in backtesting.py's own environment."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import backtesting.backtesting
import numpy as np
import pandas as pd
import scenes
from backtesting import Backtest, Strategy

warnings.filterwarnings("ignore", message="Some trades remain open")
warnings.filterwarnings("ignore", message=".*A contingent SL/TP order would execute")
backtesting.backtesting._tqdm = lambda bars, **_: bars


class Crossover(Strategy):  # type: ignore[misc]
    """Long while the fast average is above the slow one, short while it is below."""

    def init(self) -> None:
        self.fast, self.slow = (self.I(average, self.data.Close, span) for span in (scenes.FAST, scenes.SLOW))

    def next(self) -> None:
        if len(self.data) < scenes.SLOW:
            return
        if self.fast[-1] > self.slow[-1] and not self.position.is_long:
            self.position.close()
            self.buy(size=scenes.COINS)
        elif self.fast[-1] < self.slow[-1] and not self.position.is_short:
            self.position.close()
            self.sell(size=scenes.COINS)


def average(close: Any, span: int) -> Any:
    """A mean of the last closes; 0 until there are enough, for NaN would put the first bar off."""
    return pd.Series(close).rolling(span).mean().fillna(0.0).to_numpy()


class Decided(Strategy):  # type: ignore[misc]
    """Does what the columns say; an order that rests too long it withdraws itself, for there is no expiry here."""

    columns: Mapping[str, Any] = MappingProxyType({})

    def init(self) -> None:
        self.last = -1

    def next(self) -> None:
        bar = len(self.data) - 1
        side, stop, take, limit, expiry = (none_or(self.columns[name][bar]) for name in scenes.COLUMNS)
        if side is not None or bar == self.last:
            for order in self.orders:
                if not order.is_contingent:
                    order.cancel()
        if side is None:
            return
        self.position.close()
        self.last = bar + int(expiry or 10**9)
        if side > 0:
            self.buy(size=scenes.COINS, limit=limit, sl=stop, tp=take)
        elif side < 0:
            self.sell(size=scenes.COINS, limit=limit, sl=stop, tp=take)


def none_or(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def trades_of(strategy: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Closed trades; one that is open at the end stays out."""
    frame = pd.DataFrame({name.capitalize(): columns[name] for name in scenes.PRICES})
    frame.index = pd.DatetimeIndex(columns["open_time"])
    backtest = Backtest(
        frame,
        Crossover if strategy == "crossover" else Decided,
        cash=scenes.CAPITAL,
        commission=scenes.TAKER,  # it has one fee for all orders
        spread=0.0,
    )
    trades = backtest.run(**({} if strategy == "crossover" else {"columns": columns}))["_trades"]
    trades = trades.sort_values("EntryBar")
    return {
        "entry_bar": trades["EntryBar"],
        "exit_bar": trades["ExitBar"],
        "side": np.sign(trades["Size"]),
        "entry_price": trades["EntryPrice"],
        "exit_price": trades["ExitPrice"],
        "profit": trades["PnL"],  # commissions are in it
    }


if __name__ == "__main__":
    scenes.answer(trades_of, {"backtesting.py": version("backtesting")})
