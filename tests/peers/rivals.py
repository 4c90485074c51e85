"""The plugin of the benchmarks: the strategies every peer runs too, and one coin per position at 4 basis points."""

from __future__ import annotations

from typing import Any

import attrs

import fw

FEE = 4e-4


@attrs.frozen
class Last50:
    """Long above the close of 49 bars ago, short otherwise; a fresh signal at every bar."""

    lookback = 50

    def decide(self, view: fw.View) -> fw.Signal | None:
        close = view.bars.close[-50:]
        if len(close) < 50:
            return None
        return fw.Signal(strength=1.0 if close[-1] > close[0] else -1.0)


@attrs.frozen
class Last50Float:
    """The same, as a bare strength."""

    lookback = 50

    def decide(self, view: fw.View) -> float | None:
        close = view.bars.close[-50:]
        if len(close) < 50:
            return None
        return fw.LONG if close[-1] > close[0] else fw.SHORT


@attrs.frozen
class Last50Changes:
    """The same, said only when the side changes; with a bracket, where one is asked for, that is never reached."""

    bracket: float | None = None
    lookback = 50

    def decide(self, view: fw.View) -> fw.Signal | None:
        close = view.bars.close[-50:]
        if len(close) < 50:
            return None
        strength = 1.0 if close[-1] > close[0] else -1.0
        held = view.signal
        if held is not None and held.strength == strength:
            return None
        if self.bracket is None:
            return fw.Signal(strength)
        price, away = float(close[-1]), strength * self.bracket
        return fw.Signal(strength, stop_loss=price * (1.0 - away), take_profit=price * (1.0 + away))


@attrs.frozen
class Sides:
    """Short where one average is below another, else long, by arrays; a bracket around the close of each change."""

    fast: int = 20
    slow: int = 100
    stop: float | None = None
    take: float | None = None

    @property
    def features(self) -> tuple[dict[str, Any], ...]:
        # one set for each average, so that combinations of a sweep share them
        return tuple(
            {"use": "sma", "name": name, "spans": (span,)} for name, span in (("fast", self.fast), ("slow", self.slow))
        )

    def decide(self, view: fw.View) -> float:
        raise NotImplementedError("the arrays say it")

    def decide_all(self, history: fw.History) -> Any:
        import numpy as np

        fast, slow = (history.features[f"sma_{span}"] for span in (self.fast, self.slow))
        if self.stop is None or self.take is None:
            side = fast - slow
            return np.copysign(1.0, side, out=side)  # half the time of a choice bar by bar
        strength, stop, take = np.full((3, *fast.shape), np.nan)
        for k in range(len(fast)):
            above = fast[k, history.first :] >= slow[k, history.first :]
            turned = np.flatnonzero(above[1:] != above[:-1]) + 1
            side = np.where(above[np.append(0, turned)], 1.0, -1.0)
            at = history.first + np.append(0, turned)
            close = history.bars.close[k, at]
            strength[k, at] = side
            stop[k, at], take[k, at] = close * (1.0 - self.stop * side), close * (1.0 + self.take * side)
        return fw.SignalArrays(strength=strength, stop_loss=stop, take_profit=take)


@attrs.frozen
class OneCoin:
    """One coin at strength 1, whatever the equity; and the fee that the peers are told."""

    def size(self, signals, view):  # type: ignore[no-untyped-def]
        raise NotImplementedError("the rule stands in the terms")

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, quantity=1.0, fraction=None, taker=FEE, maker=FEE)


@fw.hookimpl
def fw_strategies() -> dict[str, type]:
    return {"last_50": Last50, "last_50_float": Last50Float, "last_50_changes": Last50Changes, "sides": Sides}


@fw.hookimpl
def fw_sizers() -> dict[str, type]:
    return {"one_coin": OneCoin}
