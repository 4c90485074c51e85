"""Compute columns from the market, the same way for research, backtest and live; make a set of one's own."""

import json
from pathlib import Path
from typing import ClassVar

import attrs
import numpy as np

import fw
import fw.testing

HERE = Path(__file__).parent

# Bundled sets and a column composed of theirs; the same list may stand in a strategy file.
sets = [
    {"use": "ema", "spans": [20, 50]},
    "atr",
    "rsi",
    {"use": "bollinger", "bar": "4h"},
    {"use": "expression", "name": "trend", "expr": "(ema_20 - ema_50) / max(atr_14, 0.1) * (rsi_14 > 50)"},
]
plan = fw.load(HERE / "quickstart.yaml", overrides=["features=" + json.dumps(sets)])
columns = plan.features()  # by instrument
print(columns["BTCUSDT"].to_pandas().set_index("time").tail(2).T.round(3))  # sma_24 and sma_120 are its strategy's


@attrs.frozen
class Channel:
    """Where the close lies between the lowest low (0) and the highest high (1) of the last `span` bars."""

    span: int = fw.setting(48, ge=2, help="bars in the channel")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return self.span

    def compute(self, market: fw.Market) -> fw.Frame:
        bars = market.bars
        place = np.full(len(bars), np.nan)  # NaN where there are too few bars
        if len(bars) >= self.span:
            high = np.lib.stride_tricks.sliding_window_view(bars.high, self.span).max(axis=1)
            low = np.lib.stride_tricks.sliding_window_view(bars.low, self.span).min(axis=1)
            width = np.where(high > low, high - low, 1.0)  # a channel without width: the close lies at its bottom
            place[self.span - 1 :] = (bars.close[self.span - 1 :] - low) / width
        return fw.Frame.of({f"channel_{self.span}": place})


# The leak contract: what live computes from its last bars is what the backtest had, bit for bit.
fw.testing.check_features(Channel(span=24))
print("no leak")


@attrs.frozen
class Breakout:
    """Long near the top of the channel, short near its bottom, as before in between."""

    features: ClassVar[tuple[object, ...]] = (Channel(),)

    def decide(self, view: fw.View) -> float | None:
        place = view.features["channel_48"][-1]
        return fw.LONG if place > 0.95 else fw.SHORT if place < 0.05 else None


result = fw.backtest(plan.market(), Breakout(), sizer={"use": "fixed_fraction", "fraction": 0.5})
print(f"{result.trades.rows} trades, Sharpe {result.metrics['sharpe']:.2f}")
