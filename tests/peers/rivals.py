"""The plugin of the benchmarks: the strategies every peer runs too, and one coin per position at 4 basis points."""

from __future__ import annotations

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
class OneCoin:
    """One coin at strength 1, whatever the equity; and the fee that the peers are told."""

    def size(self, signals, view):  # type: ignore[no-untyped-def]
        raise NotImplementedError("the rule stands in the terms")

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, quantity=1.0, fraction=None, taker=FEE, maker=FEE)


@fw.hookimpl
def fw_strategies() -> dict[str, type]:
    return {"last_50": Last50, "last_50_float": Last50Float}


@fw.hookimpl
def fw_sizers() -> dict[str, type]:
    return {"one_coin": OneCoin}
