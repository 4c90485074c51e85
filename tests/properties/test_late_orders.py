"""Signals whose orders arrive late and fill in parts: never more than was ever wanted, and in the end what is."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds

BARS, TAIL = 80, 60
HOUR = 3_600_000_000_000
STRENGTHS = [-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]


@settings(
    max_examples=max(100, settings.default.max_examples // 2),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    late=st.integers(0, 5),
    participation=st.sampled_from([float("inf"), 0.05]),
    limited=st.booleans(),
    isolated=st.booleans(),
    restless=st.sampled_from([0.1, 0.5, 1.0]),
)
def test_the_position_comes_to_what_is_wanted_and_never_to_more(
    made_up: ModuleType, seed: int, late: int, participation: float, limited: bool, isolated: bool, restless: float
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, ("BTCUSDT",), BARS + TAIL, wild=0.01)
    wanted = np.full(BARS + TAIL, rng.choice(STRENGTHS))
    for bar in range(1, BARS):
        wanted[bar:] = rng.choice(STRENGTHS) if rng.random() < restless else wanted[bar]
    signals = {"strength": wanted[None]}
    if limited:  # entries rest a little inside the market; the last one goes at the market, so that it is surely made
        side = np.sign(np.concatenate(([0.0], np.diff(wanted))))
        limit = market.bars.close * (1 - 0.002 * side)
        signals["limit"] = np.where(np.arange(BARS + TAIL) < BARS, limit, np.nan)[None]
    terms = fw.Terms(
        quantity=1.0, leverage=1.0, reserve=0.0, isolated=isolated, latency=late * HOUR, participation=participation
    )
    simulation = made_up.venue_of(market, terms, capital=1_000_000.0, **signals)
    most = int(np.abs(wanted).max() * 1000)
    for bar in range(BARS + TAIL):
        simulation.advance(bar + 1)
        assert abs(int(simulation.positions[0]["lots"])) <= most
    assert simulation.positions[0]["lots"] == round(wanted[-1] * 1000)
    assert simulation.count("working") == 0
    assert not (simulation.orders["state"] == kinds.REJECTED).any()
