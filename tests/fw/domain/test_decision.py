"""What a decision may say, and what it may not."""

from __future__ import annotations

import math

import pytest

import fw


@pytest.mark.parametrize("strength", [1.0001, -2.0, math.nan, math.inf])
def test_a_strength_lies_between_fully_short_and_fully_long(strength: float):
    with pytest.raises(ValueError, match=r"lies in \[-1, 1\]"):
        fw.Signal(strength)


@pytest.mark.parametrize("name", ["stop_loss", "take_profit", "trailing", "limit"])
@pytest.mark.parametrize("price", [0.0, -5.0, math.nan, math.inf])
def test_a_price_is_above_zero(name: str, price: float):
    with pytest.raises(ValueError, match=f"{name} is a price above 0"):
        fw.Signal(1.0, **{name: price})


@pytest.mark.parametrize(("expiry", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_an_expiry_is_a_number_of_bars(expiry: object, error: type[Exception]):
    with pytest.raises(error, match="an expiry is"):
        fw.Signal(1.0, limit=5.0, expiry=expiry)  # type: ignore[arg-type]
    with pytest.raises(error, match="an expiry is"):
        fw.Place(1.0, "limit", 5.0, expiry=expiry)  # type: ignore[arg-type]


def test_a_target_has_exactly_one_unit():
    with pytest.raises(ValueError, match="exactly one"):
        fw.Target()
    with pytest.raises(ValueError, match="exactly one"):
        fw.Target(exposure=1.0, lots=3)
    with pytest.raises(ValueError, match="finite"):
        fw.Target(notional=math.nan)


def test_a_target_in_lots_is_whole():
    with pytest.raises(ValueError, match=r"lots are whole steps, not 2\.5; for parts of one, give a notional"):
        fw.Target(lots=2.5)  # type: ignore[arg-type]
    assert fw.Target(lots=-3).size == -3.0


def test_a_scaled_target_keeps_its_unit_and_its_signal():
    signal = fw.Signal(1.0, stop_loss=9.0)
    assert fw.Target(lots=-7, signal=signal).scaled(0.5) == fw.Target(lots=-3, signal=signal)
    assert fw.Target(exposure=2.0).scaled(0.25) == fw.Target(exposure=0.5)
    assert fw.Target(notional=-100.0).scaled(0.0).size == 0.0
