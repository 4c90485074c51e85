"""Funding is paid at its stamp by what is held then: before the open's fills, or after them inside the bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NAN = float("nan")


def still(*prices: float) -> list[tuple[float, float, float, float]]:
    return [(price, price, price, price) for price in prices]


@pytest.mark.parametrize(
    ("strength", "hour", "amount"),
    [
        ([1.0, NAN, NAN, NAN], 1.0, 0.0),  # bought at the stamp's instant: held nothing before
        ([1.0, 0.0, NAN, NAN], 2.0, -0.12),  # sold at the stamp's instant: was held until then; 1 × 120 × 0.001
        ([1.0, 0.0, NAN, NAN], 2.5, 0.0),  # sold half an hour before
        ([1.0, NAN, NAN, NAN], 1.5, -0.12),  # bought half an hour before; the next price known is bar 2's open
        ([-0.5, NAN, NAN, NAN], 2.0, 0.06),  # a short is paid
    ],
)
def test_who_pays_a_stamp(trade: Callable[..., Any], strength: list[float], hour: float, amount: float) -> None:
    simulation = trade(still(100.0, 110.0, 120.0, 130.0), strength=[strength], rates=[(hour, 0.001)])
    assert simulation.account["funding"][0] == pytest.approx(amount)
    assert simulation.account["payments"][0] == (1 if amount else 0)


def test_a_negative_rate_is_paid_by_shorts(trade: Callable[..., Any]) -> None:
    simulation = trade(still(100.0, 100.0, 100.0), strength=[[-1.0, NAN, NAN]], rates=[(2.0, -0.003)])
    assert simulation.account["funding"][0] == pytest.approx(-0.3)


def test_funding_comes_out_of_the_isolated_margin_and_moves_its_liquidation(trade: Callable[..., Any]) -> None:
    # 1 coin at 100, margin 10. Without funding the end is (100 − 10) / 0.99 = 90.909: a low of 91 does not reach it.
    # A stamp of 1 % takes 1 from the margin: the end is (100 − 9) / 0.99 = 91.919, and 91 is below
    bars = [*still(100.0, 100.0, 100.0), (100, 100, 91, 95)]
    signals = {"strength": [[1.0, NAN, NAN, NAN]]}
    calm = trade(bars, **signals)
    paid = trade(bars, rates=[(2.0, 0.01)], **signals)
    assert calm.account["liquidations"][0] == 0
    assert paid.account["liquidations"][0] == 1
    assert paid.fills[-1]["price"] == pytest.approx(91.0 / 0.99)


def test_funding_at_the_open_may_liquidate_before_the_open_s_orders(trade: Callable[..., Any]) -> None:
    # a stamp of 9.5 % leaves 0.5 of margin against 1 of maintenance: closed at the open's mark, not by the order there
    bars = still(100.0, 100.0, 100.0, 100.0)
    simulation = trade(bars, strength=[[1.0, 0.0, NAN, NAN]], rates=[(2.0, 0.095)])
    assert [row["reason"] for row in simulation.fills] == [0, 7]  # signal, liquidation
    assert simulation.fills[1]["bar"] == 2


def test_a_late_stamp_counts_at_its_minute(trade: Callable[..., Any]) -> None:
    # 36 ms after the hour is at the hour: paid by what was held before the open's sale
    simulation = trade(
        still(100.0, 100.0, 100.0, 100.0), strength=[[1.0, 0.0, NAN, NAN]], rates=[(2.0 + 0.036 / 3600, 0.001)]
    )
    assert simulation.account["funding"][0] == pytest.approx(-0.1)
