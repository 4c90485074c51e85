"""The bundled sizers size as they say, bar by bar and for the scan alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fw
from fw.testing import check_sizer
from fw.testing.fakes import FakeHistory, FakeView
from fw.testing.markets import trend
from fw_features.volatility import Volatility
from fw_sizing.sizers import FixedFraction, FixedQuantity, VolatilityTarget

NAN = math.nan


@pytest.mark.parametrize(
    ("sizer", "features"),
    [
        (FixedFraction(), []),
        (FixedFraction(fraction=0.3), []),
        (FixedQuantity(quantity=0.5), []),
        (VolatilityTarget(target=0.4, span=24, limit=3.0), [Volatility(spans=(24,))]),
        (VolatilityTarget(target=0.4, span=24, limit=3.0), None),
    ],
    ids=str,
)
def test_bundled_sizers_keep_their_contract(sizer, features):
    check_sizer(sizer, features=features)


def view_of(volatility):
    market = trend(("BTCUSDT", "ETHUSDT"), bars=1)
    features = {
        name: {"volatility_24": np.array([value])} for name, value in zip(market.instruments, volatility, strict=True)
    }
    return FakeView(market=market, row=0, features_by=features)


def test_a_fixed_fraction_is_the_share_of_equity_at_full_strength():
    signals = {"BTCUSDT": fw.Signal(-0.5, stop_loss=9.0)}
    assert FixedFraction(fraction=2.0).size(signals, view_of([1.0, 1.0])) == {
        "BTCUSDT": fw.Target(exposure=-1.0, signal=signals["BTCUSDT"])
    }
    assert FixedFraction(fraction=2.0).terms(fw.Terms(taker=0.0005)) == fw.Terms(taker=0.0005, fraction=2.0)


def test_a_fixed_quantity_is_worth_what_the_price_says():
    view = view_of([1.0, 1.0])
    target = FixedQuantity(quantity=2.0).size({"ETHUSDT": fw.Signal(-0.5)}, view)["ETHUSDT"]
    assert target.notional == -1.0 * view.of("ETHUSDT").bars.last
    assert FixedQuantity(quantity=2.0).terms(fw.Terms()) == fw.Terms(quantity=2.0)


def test_twice_the_volatility_gives_half_the_exposure():
    sizer = VolatilityTarget(target=0.4, span=24, limit=10.0)
    targets = sizer.size({"BTCUSDT": fw.Signal(1.0), "ETHUSDT": fw.Signal(-1.0)}, view_of([0.4, 0.8]))
    assert (targets["BTCUSDT"].exposure, targets["ETHUSDT"].exposure) == (1.0, -0.5)


@pytest.mark.parametrize("volatility", [0.0, 1e-320, 0.1, 0.2])
def test_a_calm_market_is_capped_at_the_limit(volatility):
    sizer = VolatilityTarget(target=0.4, span=24, limit=2.0)
    assert sizer.size({"BTCUSDT": fw.Signal(1.0)}, view_of([volatility, 1.0]))["BTCUSDT"].exposure == 2.0


def test_without_a_measured_volatility_there_is_no_position():
    sizer = VolatilityTarget(span=24)
    assert sizer.size({"BTCUSDT": fw.Signal(1.0)}, view_of([NAN, 1.0]))["BTCUSDT"].exposure == 0.0


def test_the_scan_form_is_the_exposure_at_full_strength_with_nan_where_it_is_too_early():
    market = trend(bars=4)
    history = FakeHistory(market, 4, {"BTCUSDT": {"volatility_24": np.array([NAN, 0.0, 0.2, 0.8])}})
    scales = VolatilityTarget(target=0.4, span=24, limit=1.5).size_all(history)
    assert np.array_equal(scales, [[NAN, 1.5, 1.5, 0.5]], equal_nan=True)


def test_a_volatility_target_asks_for_its_column():
    assert VolatilityTarget(span=48).features == ({"use": "volatility", "spans": (48,)},)
