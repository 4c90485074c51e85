"""A second derivation of the formulas by bisection, and what must hold whatever the numbers."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw.ledger import formulas

# BTCUSDT in October 2024, in part
TIERS = np.array(
    [
        (0, 0.004, 0),
        (50_000, 0.005, 50),
        (600_000, 0.0065, 950),
        (3_000_000, 0.01, 11_450),
        (12_000_000, 0.02, 131_450),
        (70_000_000, 0.025, 481_450),
        (100_000_000, 0.05, 2_981_450),
        (230_000_000, 0.1, 14_481_450),
    ]
)


def one(value):
    return np.array([float(value)])


def price_of(balance, size, entry, tiers, mark=None, multiplier=1.0, is_inverse=False):
    sizes, entries = np.atleast_1d(np.float64(size)), np.atleast_1d(np.float64(entry))
    return formulas.liquidation_price(
        float(mark or entries[0]), float(balance), sizes, entries, tiers, float(multiplier), is_inverse
    )


def exact_spare(price, balance, legs, tiers, multiplier=1, is_inverse=False):
    """The same balance in decimals, written down a second time from the definitions."""
    spare = Decimal(balance)
    for size, entry in legs:
        size, entry, price = Decimal(size), Decimal(entry), Decimal(price)
        worth = abs(size) * multiplier / price if is_inverse else abs(size) * price
        gain = size * multiplier * (1 / entry - 1 / price) if is_inverse else size * (price - entry)
        rate, amount = next((Decimal(r), Decimal(a)) for floor, r, a in reversed(tiers) if worth >= Decimal(floor))
        spare += gain - (worth * rate - amount)
    return spare


def crossing(low, high, *about):
    """Where that balance changes its sign, by halving; None where both ends have the same."""
    signs = [exact_spare(end, *about) > 0 for end in (low, high)]
    if signs[0] == signs[1]:
        return None
    low, high = Decimal(low), Decimal(high)
    for _ in range(60):
        middle = (low + high) / 2
        if (exact_spare(middle, *about) > 0) == signs[0]:
            low = middle
        else:
            high = middle
    return float(high)


positions = st.tuples(
    st.floats(0.001, 2_000.0), st.sampled_from([1.0, -1.0]), st.floats(5_000.0, 90_000.0), st.floats(1.01, 125.0)
)


@given(position=positions)
@settings(max_examples=500)
def test_the_liquidation_price_is_where_the_balance_equals_the_maintenance(position):
    size, sign, entry, leverage = position
    wallet = size * entry / leverage
    found = price_of(wallet, sign * size, entry, TIERS)
    wanted = crossing(1e-6, 1e7, wallet, [(sign * size, entry)], TIERS.tolist())
    assert found == (0.0 if wanted is None else pytest.approx(wanted, abs=0.1, rel=1e-9))  # within a tick


@given(
    long=st.floats(0.1, 50.0),
    short=st.floats(0.1, 50.0),
    entries=st.tuples(st.floats(20_000.0, 40_000.0), st.floats(20_000.0, 40_000.0)),
    wallet=st.floats(1_000.0, 500_000.0),
)
def test_in_hedge_mode_both_sides_share_one_price(long, short, entries, wallet):
    mark = 30_000.0
    legs = [(long, entries[0]), (-short, entries[1])]
    found = price_of(wallet, [long, -short], entries, TIERS, mark)
    if found > 0.0:
        rest = exact_spare(found, wallet, legs, TIERS.tolist())
        assert abs(rest) < Decimal("1e-6") * Decimal(wallet + (long + short) * found)
    if exact_spare(mark, wallet, legs, TIERS.tolist()) > 0:
        below, above = (crossing(*ends, wallet, legs, TIERS.tolist()) for ends in ((1e-6, mark), (mark, 1e12)))
        near = min((price for price in (below, above) if price is not None), key=lambda p: abs(p - mark), default=0.0)
        assert found == pytest.approx(near, rel=1e-9, abs=1e-6)  # a price of nothing but float noise is none


# tiers of a coin-margined contract are in coins: made up, with the amounts that make maintenance continuous
COIN_TIERS = np.array([(0.0, 0.004, 0.0), (5.0, 0.005, 0.005), (10.0, 0.01, 0.055)])


@given(
    size=st.floats(10.0, 5_000.0),
    sign=st.sampled_from([1.0, -1.0]),
    entry=st.floats(5_000.0, 90_000.0),
    leverage=st.floats(1.5, 50.0),
)
def test_an_inverse_contract_is_liquidated_where_its_coins_run_out(size, sign, entry, leverage):
    wallet = size * 100 / entry / leverage
    found = price_of(wallet, sign * size, entry, COIN_TIERS, multiplier=100.0, is_inverse=True)
    wanted = crossing(1.0, 1e9, wallet, [(sign * size, entry)], COIN_TIERS.tolist(), 100, True)
    assert found == (0.0 if wanted is None else pytest.approx(wanted, rel=1e-9))


@given(position=positions, more=st.floats(1.0, 5.0))
def test_more_leverage_never_moves_liquidation_further_away(position, more):
    size, sign, entry, leverage = position
    near = price_of(size * entry / (leverage * more), sign * size, entry, TIERS)
    far = price_of(size * entry / leverage, sign * size, entry, TIERS)
    assert sign * near >= sign * far * (1 - 1e-12) if sign > 0 else near <= far * (1 + 1e-12)


@given(position=positions)
def test_the_position_is_bankrupt_no_sooner_than_it_is_liquidated(position):
    size, sign, entry, leverage = position
    margin = size * entry / leverage
    bankrupt = formulas.bankruptcy_price(sign * size, entry, margin, 1.0, False)
    liquidated = price_of(margin, sign * size, entry, TIERS)
    assert sign * bankrupt <= sign * liquidated * (1 + 1e-12) or liquidated == 0.0
    if bankrupt > 0.0:
        assert formulas.profit(sign * size, entry, bankrupt, 1.0, False) == pytest.approx(-margin, rel=1e-9)


@given(size=st.floats(1.0, 5_000.0), entry=st.floats(5_000.0, 90_000.0), leverage=st.floats(1.5, 50.0))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_inverse_position_is_bankrupt_where_its_loss_is_its_margin(sign, size, entry, leverage):
    margin = size * 100 / entry / leverage
    price = formulas.bankruptcy_price(sign * size, entry, margin, 100.0, True)
    if price > 0.0:
        assert formulas.profit(sign * size, entry, price, 100.0, True) == pytest.approx(-margin, rel=1e-9)


def test_maintenance_is_continuous_over_the_real_tiers(real_data):
    symbols = json.loads((real_data / "binance_payloads/leverage_tiers_usdm.json").read_text())
    for brackets in symbols.values():
        tiers = np.array(
            [[float(b["info"][name]) for name in ("notionalFloor", "maintMarginRatio", "cum")] for b in brackets]
        )
        for (_, below_rate, below_amount), (floor, rate, amount) in pairwise(tiers):
            assert floor * rate - amount == pytest.approx(floor * below_rate - below_amount, rel=1e-9)
            assert formulas.maintenance_margin(float(floor), tiers) == pytest.approx(floor * rate - amount)
            assert formulas.maintenance_margin(math.nextafter(floor, 0), tiers) == pytest.approx(floor * rate - amount)
