"""What taking costs, by the formulas written out beside it; one lot is 0.01 coins."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import fw

NAN = float("nan")
CLOSES = [100.0, 101.0, 99.0, 102.0, 100.0, 100.0, 100.0]


def bars(closes: list[float]) -> list[tuple[float, float, float, float]]:
    """Each opens at the close before it, so that a fill at the open of a bar sees the last close."""
    opens = [closes[0], *closes[:-1]]
    return [(a, max(a, b), min(a, b), b) for a, b in zip(opens, closes, strict=True)]


def paid(trade: Callable[..., Any], side: float, slippage: float | fw.Slippage, **rest: Any) -> float:
    """The price of an entry at the open of bar 5, where the last close is 100, over 100."""
    strength = [[0.0] * 4 + [side, NAN, NAN]]
    simulation = trade(bars(CLOSES), strength=strength, slippage=slippage, **rest)
    return float(simulation.fills[0]["price"]) / 100.0


def test_a_fixed_share_is_lost_on_either_side(trade: Callable[..., Any]) -> None:
    assert paid(trade, 1.0, 0.001) == pytest.approx(1.001)
    assert paid(trade, -1.0, fw.Slippage(share=0.001)) == pytest.approx(0.999)


def test_half_the_spread_is_counted_in_ticks(trade: Callable[..., Any]) -> None:
    # a tick is 0.1, so two and a half are 0.25 of 100
    assert paid(trade, 1.0, fw.Slippage(half_spread=2.5)) == pytest.approx(1.0025)


@pytest.mark.parametrize("span", [2, 3, 60])
def test_volatility_is_that_of_the_bars_before(trade: Callable[..., Any], span: int) -> None:
    returns = [b / a - 1.0 for a, b in pairwise(CLOSES[:5])][-span:]
    expected = 0.3 * statistics.pstdev(returns)
    assert paid(trade, -1.0, fw.Slippage(volatility=0.3, span=span)) == pytest.approx(1.0 - expected, rel=1e-12)


@pytest.mark.parametrize("coins", [0.04, 1.0, 9.0])
def test_impact_grows_with_the_root_of_the_share_of_the_volume(trade: Callable[..., Any], coins: float) -> None:
    # every bar trades one coin
    returns = np.diff(CLOSES[:5]) / CLOSES[:4]
    expected = 0.8 * float(np.std(returns)) * math.sqrt(coins)
    got = paid(trade, 1.0, fw.Slippage(impact=0.8), quantity=coins, capital=1e6)
    assert got == pytest.approx(1.0 + expected, rel=1e-12)


def test_before_two_returns_are_known_the_range_of_the_bar_before_stands_in(trade: Callable[..., Any]) -> None:
    rows = [(100, 104, 98, 100), (100, 100, 100, 100), (100, 100, 100, 100)]
    simulation = trade(rows, strength=[[1.0, NAN, NAN]], slippage=fw.Slippage(volatility=0.5))
    assert simulation.fills[0]["price"] == pytest.approx(100.0 * (1 + 0.5 * 0.06))


def test_all_terms_sum_up_and_stop_at_nine_tenths(trade: Callable[..., Any]) -> None:
    assert paid(trade, 1.0, fw.Slippage(share=0.01, half_spread=1.0)) == pytest.approx(1.011)
    assert paid(trade, -1.0, fw.Slippage(share=0.5, half_spread=1e6), capital=1e6) == pytest.approx(0.1)


def test_bars_cut_into_pieces_have_the_volatility_of_whole_ones(made_up: Any) -> None:
    import attrs

    from fw.engine.tape import lay
    from fw.ledger.simulation import Simulation

    whole = bars(CLOSES)
    pieces = [(a, max(a, b), min(a, b), b) for o, h, low, c in whole for a, b in ((o, h), (h, low), (low, c))]
    prices = []
    for rows, every in ((whole, 1), (pieces, 3)):
        tape, _, _ = lay([made_up.market_of(rows)], first=0, with_marks=False, with_funding=True)
        tape.block[0, 4] /= every
        strength = np.full((1, len(rows)), NAN)
        strength[0, 5 * every - 1] = 1.0
        simulation = Simulation(
            attrs.evolve(tape, pieces=every),
            [fw.Instrument(symbol="A", tick=0.1, lot=0.01)],
            fw.Terms(quantity=1.0, slippage=fw.Slippage(volatility=0.2, impact=0.5)),
            capital=1000.0,
            signals=fw.SignalArrays(strength=strength),
        )
        simulation.advance(len(rows))
        prices.append(float(simulation.fills[0]["price"]))
    assert prices[1] == pytest.approx(prices[0], rel=1e-13)


@pytest.mark.parametrize(
    "bad", [{"share": -0.1}, {"share": 1.0}, {"impact": float("nan")}, {"span": 1}, {"half_spread": float("inf")}]
)
def test_nonsense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        fw.Slippage(**bad)  # type: ignore[arg-type]
