"""The bundled strategies decide as they say, bar by bar and as arrays alike."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fw
from fw.testing import check_strategy
from fw.testing.fakes import FakeHistory, FakeView
from fw.testing.markets import trend
from fw_features.averages import Sma
from fw_features.price import Returns
from fw_strategies.cross import SmaCross
from fw_strategies.hold import BuyAndHold
from fw_strategies.threshold import Momentum, Threshold

NAN = math.nan


def view_of(close=100.0, signal=None, **columns):
    """A view on two bars whose newest close is `close`, with the newest value of each column."""
    market = trend(bars=2)
    bars = attrs.evolve(market.bars, close=[50.0, close])
    features = {"BTCUSDT": {name: np.array([NAN, value]) for name, value in columns.items()}}
    signals = {} if signal is None else {"BTCUSDT": signal}
    return FakeView(market=fw.Market.single("BTCUSDT", bars), row=1, features_by=features, signals=signals)


def history_of(close, **columns):
    market = trend(bars=len(close))
    bars = attrs.evolve(market.bars, close=close)
    columns = {"BTCUSDT": {name: np.array(values, dtype=float) for name, values in columns.items()}}
    return FakeHistory(fw.Market.single("BTCUSDT", bars), len(close), columns)


@pytest.mark.parametrize(
    ("strategy", "features"),
    [
        (BuyAndHold(), []),
        (BuyAndHold(stop_loss=0.1), []),
        (SmaCross(fast=5, slow=20), [Sma(spans=(5, 20))]),
        (SmaCross(fast=5, slow=20, stop_loss=0.02), [Sma(spans=(5, 20))]),
        (SmaCross(fast=5, slow=20, stop_loss=0.02, take_profit=0.07), [Sma(spans=(5, 20))]),
        (Momentum(span=3), [Returns(spans=(3,))]),
        (Momentum(span=3, take_profit=0.01), [Returns(spans=(3,))]),
        (Threshold(column="return_3", above=0.004, below=-0.004), [Returns(spans=(3,))]),
        (Threshold(column="return_3", above=0.004, exit_long=-0.002, stop_loss=0.01), [Returns(spans=(3,))]),
        (Threshold(column="trend.mean_24", above=1.0, below=-1.0, exit_long=0.0, exit_short=0.0), None),
        (Threshold(column="trend.mean_24", below=-1.0, exit_short=-0.5, take_profit=0.01), None),
    ],
    ids=str,
)
def test_both_forms_of_a_bundled_strategy_give_the_same_signals(strategy, features):
    check_strategy(strategy, features=features)


def test_buy_and_hold_is_long_from_the_first_decision():
    assert BuyAndHold().decide(view_of()) == fw.LONG


@pytest.mark.parametrize(("fast", "slow", "decision"), [(2.0, 1.0, 1.0), (1.0, 2.0, -1.0), (1.0, 1.0, None)])
def test_a_cross_is_long_above_short_below_and_keeps_on_a_tie(fast, slow, decision):
    assert SmaCross().decide(view_of(sma_20=fast, sma_100=slow)) == decision


def test_a_cross_keeps_while_its_averages_are_not_there_yet():
    assert SmaCross().decide(view_of(sma_20=1.0, sma_100=NAN)) is None


def test_a_cross_asks_for_its_averages():
    assert SmaCross(fast=3, slow=9).features == ({"use": "sma", "spans": (3, 9)},)


@pytest.mark.parametrize(("fast", "slow"), [(100, 20), (20, 20)])
def test_a_fast_average_that_is_not_faster_is_refused(fast, slow):
    with pytest.raises(ValueError, match=f"fast must be less than slow, but {fast} is not less than {slow}"):
        SmaCross(fast=fast, slow=slow)


def test_stop_and_take_profit_are_shares_of_the_close_on_the_position_s_losing_and_winning_side():
    cross = SmaCross(stop_loss=0.02, take_profit=0.05)
    long = cross.decide(view_of(close=200.0, sma_20=2.0, sma_100=1.0))
    short = cross.decide(view_of(close=200.0, sma_20=1.0, sma_100=2.0))
    assert (long.strength, long.stop_loss, long.take_profit) == (1.0, pytest.approx(196.0), pytest.approx(210.0))
    assert (short.strength, short.stop_loss, short.take_profit) == (-1.0, pytest.approx(204.0), pytest.approx(190.0))


def test_protections_stay_where_they_were_until_the_strength_changes():
    cross = SmaCross(stop_loss=0.02)
    in_force = fw.Signal(1.0, stop_loss=98.0)
    assert cross.decide(view_of(close=500.0, signal=in_force, sma_20=2.0, sma_100=1.0)) is None
    assert cross.decide(view_of(close=500.0, signal=in_force, sma_20=1.0, sma_100=2.0)).stop_loss == pytest.approx(510)


def test_the_array_form_puts_a_stop_at_each_change_and_nothing_between():
    history = history_of([100.0, 101.0, 102.0, 103.0], sma_20=[2, 2, 1, 1], sma_100=[1, 1, 2, 2])
    arrays = SmaCross(stop_loss=0.5).decide_all(history)
    assert np.array_equal(arrays.strength, [[1.0, NAN, -1.0, NAN]], equal_nan=True)
    assert np.array_equal(arrays.stop_loss, [[50.0, NAN, 153.0, NAN]], equal_nan=True)
    assert np.isnan(arrays.take_profit).all()


@pytest.mark.parametrize(("change", "decision"), [(0.01, 1.0), (-0.01, -1.0), (0.0, None), (NAN, None)])
def test_momentum_follows_the_sign_of_its_return(change, decision):
    assert Momentum(span=7).decide(view_of(return_7=change)) == decision
    assert Momentum(span=7).features == ({"use": "returns", "spans": (7,)},)


@pytest.mark.parametrize(
    ("value", "held", "decision"),
    [
        (0.7, 0.0, 1.0),
        (0.6, 0.0, None),  # above means above
        (0.3, 1.0, None),
        (0.1, 1.0, 0.0),
        (0.1, -1.0, 0.0),
        (0.1, 0.0, None),
        (-0.7, 1.0, -1.0),
        (-0.1, -1.0, 0.0),
        (-0.3, -1.0, None),
        (NAN, 1.0, None),
    ],
)
def test_a_threshold_enters_beyond_its_levels_and_leaves_at_its_exits(value, held, decision):
    strategy = Threshold(column="z", above=0.6, below=-0.6, exit_long=0.2, exit_short=-0.2)
    signal = fw.Signal(held) if held else None
    assert strategy.decide(view_of(signal=signal, z=value)) == decision


def test_a_one_sided_threshold_never_takes_the_other_side():
    history = history_of([1.0] * 5, z=[0.0, 1.0, -9.0, 0.4, 1.0])
    strength = Threshold(column="z", above=0.5, exit_long=0.0).decide_all(history)
    assert np.array_equal(strength, [[NAN, 1.0, 0.0, NAN, 1.0]], equal_nan=True)


@given(
    values=st.lists(st.floats(-2, 2) | st.just(NAN), min_size=1, max_size=40),
    levels=st.lists(st.floats(-1, 1), min_size=4, max_size=4),
)
def test_threshold_over_any_column_is_the_fold_of_its_single_decisions(values, levels):
    below, exit_long, exit_short, above = sorted(levels)
    strategy = Threshold(column="z", above=above, below=below, exit_long=exit_long, exit_short=exit_short)
    signal, folded = None, []
    for value in values:
        decision = strategy.decide(view_of(signal=signal, z=value))
        if decision is not None:
            signal = fw.Signal(decision)
        folded.append(NAN if decision is None else decision)
    strength = strategy.decide_all(history_of([1.0] * len(values), z=values))
    assert np.array_equal(strength, [folded], equal_nan=True)


def test_a_threshold_on_a_column_that_is_not_there_names_those_that_are():
    with pytest.raises(fw.SettingsError, match="no feature or forecast named 'rsi_14'; there is sma_20"):
        Threshold(column="rsi_14", above=70.0).decide(view_of(sma_20=1.0))


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ({}, "needs a level"),
        ({"above": 0.0, "below": 1.0}, "below must not be more than above"),
        ({"above": 0.0, "exit_long": 1.0}, "exit_long must not be more than above"),
        ({"below": 0.0, "exit_short": -1.0}, "exit_short must not be less than below"),
    ],
)
def test_thresholds_that_contradict_themselves_are_refused(levels, message):
    with pytest.raises(ValueError, match=message):
        Threshold(column="z", **levels)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_protections_are_shares_between_nothing_and_all_of_the_price(share):
    with pytest.raises(ValueError, match="must be"):
        BuyAndHold(stop_loss=share)
