"""The price of liquidation is where the margin balance is the maintenance margin; leverage only brings it nearer."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import fw

RANDOM = st.randoms(use_true_random=False)
shared = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def contracts(liquidation: ModuleType) -> tuple[Any, Any]:
    return liquidation.linear_contracts(), liquidation.inverse_contracts()


@settings(max_examples=max(500, settings.default.max_examples), suppress_health_check=shared)
@given(rng=RANDOM)
def test_the_balance_is_the_maintenance_at_the_price_of_liquidation(
    liquidation: ModuleType, contracts: Any, rng: random.Random
) -> None:
    liquidation.check(liquidation.drawn(rng, *contracts))


def test_the_search_itself_finds_the_exchange_s_worked_example(liquidation: ModuleType) -> None:
    # FAQ b3c689c1f50a44cabb3a84e663b81d93 states rate and amount of one bracket each; below its floor lie the slices
    # that come to the amount: at no rate, up to amount / rate
    def bracket(symbol: str, rate: float, amount: float) -> Any:
        tiers = ((0.0, 0.0, 0.0, 125.0), (amount / rate, rate, amount, 20.0))
        return liquidation.Contract(symbol, tick=0.01, tiers=tiers)

    btc, eth = bracket("BTCUSDT", 0.025, 16_300.0), bracket("ETHUSDT", 0.1, 135_365.0)
    held = liquidation.Position(eth, 3_683.979, 1_456.84, 1_335.18)
    case = liquidation.Case(btc, ((109.488, 32_481.98),), 31_967.27, wallet=1_535_443.01, others=(held,))
    assert liquidation.searched(case) == pytest.approx(26_316.89, abs=0.01)


@settings(suppress_health_check=shared)
@given(rng=RANDOM, more=st.floats(1.0, 20.0))
def test_more_leverage_brings_liquidation_no_further_away(
    liquidation: ModuleType, contracts: Any, rng: random.Random, more: float
) -> None:
    calm = liquidation.drawn(rng, *contracts)
    bold = attrs.evolve(calm, wallet=calm.wallet / more)  # the same position on so many times less margin
    assume(len(calm.legs) == 1 and bold.is_solvent())
    long = calm.legs[0][0] > 0
    # 0 is a price that is never reached: below every long's, beyond every short's
    far, near = (liquidation.reckoned(case) or (0.0 if long else float("inf")) for case in (calm, bold))
    assert near >= far * (1 - 1e-12) if long else near <= far * (1 + 1e-12)


BARS = 200


@settings(max_examples=max(150, settings.default.max_examples // 2), suppress_health_check=shared)
@given(
    seed=st.integers(0, 2**32 - 1),
    side=st.sampled_from([1.0, -1.0]),
    leverages=st.tuples(st.floats(1.0, 100.0), st.floats(1.0, 100.0)),
    wild=st.sampled_from([0.003, 0.01, 0.03]),
    marked=st.booleans(),
)
def test_in_a_run_more_leverage_is_liquidated_no_later(
    made_up: ModuleType, seed: int, side: float, leverages: tuple[float, float], wild: float, marked: bool
) -> None:
    market = made_up.random_market(np.random.default_rng(seed), ("BTCUSDT",), BARS, wild=wild, marked=marked)
    strength = np.full((1, BARS), np.nan)
    strength[0, 0] = side
    runs = []
    for leverage in sorted(leverages):
        terms = fw.Terms(quantity=1.0, leverage=leverage, taker=0.0005)
        venue = made_up.venue_of(market, terms, capital=10_000.0, with_marks=marked, strength=strength)
        runs.append(venue)
    closed = [False, False]
    for bar in range(BARS):
        for k, venue in enumerate(runs):
            venue.advance(bar + 1)
            closed[k] = bool(venue.account["liquidations"][0])
        assert closed[1] or not closed[0], "the lower leverage was liquidated first"
        calm, bold = (venue.positions[0] for venue in runs)
        if calm["lots"] and bold["lots"]:
            assert (calm["lots"], calm["entry"]) == (bold["lots"], bold["entry"])
            ends = [end_of(position, market.of("BTCUSDT").series["BTCUSDT"].rules) for position in (calm, bold)]
            assert side * ends[1] >= side * ends[0] * (1 - side * 1e-12)


def end_of(position: Any, rules: fw.Instrument) -> float:
    """Where a position of a run is liquidated, by its own margin."""
    from fw.ledger.formulas import liquidation_price

    tiers = np.array([(tier.floor, tier.rate, tier.amount) for tier in rules.tiers])
    size, entry = np.array([position["lots"] * position["lot"]]), np.array([position["entry"]])
    return liquidation_price(float(entry[0]), float(position["margin"]), size, entry, tiers, 1.0, False)


@settings(max_examples=50, suppress_health_check=shared)
@given(seed=st.integers(0, 2**32 - 1), leverages=st.tuples(st.floats(3.0, 100.0), st.floats(3.0, 100.0)))
def test_on_a_cross_account_leverage_moves_no_liquidation(
    made_up: ModuleType, seed: int, leverages: tuple[float, float]
) -> None:
    symbols = ("BTCUSDT", "ETHUSDT")
    market = made_up.random_market(np.random.default_rng(seed), symbols, BARS, wild=0.02)
    strength = np.full((2, BARS), np.nan)
    strength[:, 0] = 1.0, -1.0
    ends = []
    for leverage in leverages:
        terms = fw.Terms(quantity=1.0, leverage=leverage, isolated=False)
        venue = made_up.venue_of(market, terms, capital=1_200.0, strength=strength)
        venue.advance(BARS)
        assert (venue.fills["bar"][:2] == 1).all()
        ends.append(venue.fills[["bar", "lots", "price"]].tolist())
    assert ends[0] == ends[1]
