"""Protections as they stood before each bar say which fills it must and must not have, and at what price."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds

BARS = 150


@settings(
    max_examples=max(150, settings.default.max_examples // 2),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    bar_path=st.sampled_from(["pessimistic", "optimistic"]),
    slippage=st.sampled_from([0.0, 0.001]),
    wild=st.sampled_from([0.003, 0.01]),
)
def test_stops_and_profits_of_what_is_carried_into_a_bar(
    made_up: ModuleType, seed: int, bar_path: str, slippage: float, wild: float
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, ("BTCUSDT",), BARS, wild=wild)
    signals = made_up.random_signals(rng, market)
    columns = {name: getattr(signals, name) for name in kinds.SIGNAL_FIELDS if getattr(signals, name) is not None}
    terms = fw.Terms(fraction=0.5, leverage=1.0, isolated=False, bar_path=bar_path, slippage=slippage)
    simulation = made_up.venue_of(market, terms, capital=10_000.0, **columns)
    simulation.advance(1)
    told = len(simulation.fills)
    for bar in range(1, BARS):
        before, working = simulation.positions[0].copy(), len(simulation.working)
        simulation.advance(bar + 1)
        fills = simulation.fills[told:]
        told = len(simulation.fills)
        if before["lots"] == 0 or working or kinds.LIQUIDATION in fills["reason"]:
            continue  # what orders and liquidations do is tried elsewhere
        expected = exit_of(before, simulation.tape.block[0, :, bar], bar_path)
        assert [kinds.REASONS[row["reason"]] for row in fills] == ([] if expected is None else [expected[0]])
        if expected is not None:
            slip = 0.0 if expected[0] == "take_profit" else slippage * (-1 if before["lots"] > 0 else 1)
            assert fills["price"][0] == pytest.approx(expected[1] * (1 + slip), rel=1e-12)
        elif before["trail"] > 0.0 and not len(simulation.orders[simulation.orders["bar"] == bar]):
            assert simulation.positions[0]["trail_stop"] == pytest.approx(trailed(before, simulation, bar))


def exit_of(position: Any, bar: Any, bar_path: str) -> tuple[str, float] | None:
    """How a position leaves in a bar: (reason, price), or None where nothing is touched."""
    side = 1 if position["lots"] > 0 else -1
    # prices seen by a short are those of a long, upside down
    opened, best = side * bar[kinds.OPEN], max(side * bar[kinds.HIGH], side * bar[kinds.LOW])
    worst = min(side * bar[kinds.HIGH], side * bar[kinds.LOW])
    stops = [(side * position[name], reason) for name, reason in (("stop", "stop"), ("trail_stop", "trailing"))]
    stops = [stop for stop in stops if stop[0] != 0.0]
    nearest = max(stops, key=lambda stop: stop[0], default=(-np.inf, ""))
    stopped = worst <= nearest[0]
    profit = side * position["take"] + 0.5 * position["tick"] if position["take"] > 0.0 else np.inf
    taken = best > profit
    if stopped and taken and opened > profit:
        stopped = False  # the open had passed it already
    if stopped and (bar_path == "pessimistic" or not taken or opened <= nearest[0]):
        return nearest[1], float(side * min(opened, nearest[0]))
    return ("take_profit", float(position["take"])) if taken else None


def trailed(before: Any, simulation: Any, bar: int) -> float:
    """Where a trailing stop stands after a bar: it only ever comes nearer."""
    block = simulation.tape.block[0, :, bar]
    if before["lots"] > 0:
        return float(max(before["trail_stop"], block[kinds.HIGH] - before["trail"]))
    return float(min(before["trail_stop"], block[kinds.LOW] + before["trail"]))
