"""vectorbt's trades of a strategy, by `from_signals`; runs in vectorbt's own environment."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import scenes
import vectorbt as vbt
from vectorbt.portfolio.enums import StopEntryPrice, StopExitPrice, TradeDirection, TradeStatus


def trades_of(strategy: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Closed trades; one that is open at the end stays out. A decision is a signal of the next bar, at its open."""
    index = pd.DatetimeIndex(columns["open_time"])
    bars = {name: pd.Series(columns[name], index) for name in scenes.PRICES}
    if strategy == "crossover":
        fast, slow = (vbt.MA.run(bars["close"], span).ma for span in (scenes.FAST, scenes.SLOW))
        side = np.where(fast > slow, 1.0, np.where(fast < slow, -1.0, np.nan))
        protections: dict[str, Any] = {}
    else:
        side = columns["side"]
        protections = protections_of(columns)
    wanted = np.concatenate(([np.nan], side[:-1]))
    portfolio = vbt.Portfolio.from_signals(
        bars["close"],
        entries=wanted > 0,
        exits=wanted == 0,
        short_entries=wanted < 0,
        short_exits=wanted == 0,
        price=bars["open"],
        open=bars["open"],
        high=bars["high"],
        low=bars["low"],
        size=float(scenes.COINS),
        fees=scenes.TAKER,  # it has one fee for all orders
        slippage=0.0,
        init_cash=scenes.CAPITAL,
        freq="1h",
        **protections,
    )
    trades = portfolio.trades.values
    trades = trades[trades["status"] == TradeStatus.Closed]
    return {
        "entry_bar": trades["entry_idx"],
        "exit_bar": trades["exit_idx"],
        "side": np.where(trades["direction"] == TradeDirection.Long, 1.0, -1.0),
        "entry_price": trades["entry_price"],
        "exit_price": trades["exit_price"],
        "profit": trades["pnl"],
    }


def protections_of(columns: dict[str, Any]) -> dict[str, Any]:
    """Levels as it wants them: shares of the entry price, none below 0, at the bar of the entry."""
    opened = columns["open"]
    side, stop, take = (np.concatenate(([np.nan], columns[name][:-1])) for name in ("side", "stop", "take"))
    return {
        "sl_stop": share(opened, stop, -side),
        "tp_stop": share(opened, take, side),
        "stop_entry_price": StopEntryPrice.Price,
        "stop_exit_price": StopExitPrice.StopMarket,
    }


def share(opened: Any, level: Any, sign: Any) -> Any:
    """Shares `s` that make `opened * (1 + sign * s)` the level, or a hair nearer: what touches it touches that too."""
    best = np.maximum(sign * (level / opened - 1.0), 0.0)
    for _ in range(4):
        reached = np.where(sign > 0, opened * (1.0 + best) <= level, opened * (1.0 - best) >= level)
        best = np.where(reached | (best == 0.0) | np.isnan(level), best, best - 1.1e-16)
    return best


if __name__ == "__main__":
    scenes.answer(trades_of, {"vectorbt": version("vectorbt"), "numba": version("numba")})
