"""Our own trades of a strategy, in this process, on settings under which the models coincide as far as they can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import scenes

import fw

HERE = Path(__file__).resolve().parent


@attrs.frozen(eq=False)
class Decided:
    """Says what the columns say."""

    columns: dict[str, Any]

    def decide_all(self, history: fw.History) -> fw.SignalArrays:
        side, stop, take, limit, expiry = (np.atleast_2d(self.columns[name]) for name in scenes.COLUMNS)
        return fw.SignalArrays(strength=side, stop_loss=stop, take_profit=take, limit=limit, expiry=expiry)

    def decide(self, view: fw.View) -> fw.Signal | None:
        raise NotImplementedError("the columns are decided as arrays")


@attrs.frozen
class ManyCoins:
    """The same coins whatever the equity, at the fees that the peer knows."""

    maker: float
    taker: float

    def size(self, signals: Any, view: fw.View) -> Any:
        raise NotImplementedError("the rule stands in the terms")

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, quantity=float(scenes.COINS), fraction=None, maker=self.maker, taker=self.taker)


def trades_of(
    strategy: str, columns: dict[str, Any], *, maker: float = scenes.MAKER, through: int = 0, path: str = "pessimistic"
) -> dict[str, Any]:
    """Columns of `scenes.TRADE`, and `reason`: what each trade ended by; one that is open at the end stays out."""
    prices = {name: columns[name] for name in scenes.PRICES}
    bars = fw.Bars(
        size=fw.BarSize(scenes.HOUR), open_time=columns["open_time"], volume=np.ones(len(prices["close"])), **prices
    )
    rules = fw.Instrument(symbol="BTCUSDT", tick=0.01, lot=0.001)
    averages = {"use": "sma_cross", "fast": scenes.FAST, "slow": scenes.SLOW}
    result = fw.backtest(
        fw.Market(series={"BTCUSDT": fw.Series(bars=bars, rules=rules)}, focus="BTCUSDT"),
        averages if strategy == "crossover" else Decided(columns),
        sizer=ManyCoins(maker, scenes.TAKER),
        account={"capital": scenes.CAPITAL, "margin": "cross"},
        simulation={"slippage": {"bps": 0}, "through": through, "bar_path": path},
    )
    closed = result.trades["exit_reason"] != "end"
    trades = {name: result.trades[name][closed] for name in result.trades}
    return {
        "entry_bar": np.searchsorted(bars.open_time, trades["entry_time"], side="right") - 1,
        "exit_bar": np.searchsorted(bars.open_time, trades["exit_time"], side="right") - 1,
        "side": trades["side"].astype(float),
        "entry_price": trades["entry_price"],
        "exit_price": trades["exit_price"],
        "profit": trades["profit"],
        "reason": trades["exit_reason"],
    }
