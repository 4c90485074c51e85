"""Liquidations, with the prices worked out beside them; maintenance is 1 % of notional unless told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fw

NAN = float("nan")
FLAT = (100, 100, 100, 100)


@pytest.mark.parametrize(("low", "happens"), [(91.0, False), (90.9, True), (80.0, True)])
def test_isolated_long(trade: Callable[..., Any], low: float, happens: bool) -> None:
    # margin 100 / 10 = 10; 10 + (P − 100) = 0.01 P at P = 90 / 0.99 = 90.909
    simulation = trade([FLAT, FLAT, (100, 100, low, 95)], strength=[[1.0, NAN, NAN]], rules={"clearance_fee": 0.005})
    assert simulation.account["liquidations"][0] == int(happens)
    if happens:
        assert simulation.fills[1]["price"] == pytest.approx(90.0 / 0.99)
        # loses 9.0909, and the clearance fee of 0.5 % of 90.909 out of the 0.909 that are left
        assert simulation.equity[-1] == pytest.approx(1000.0 - (100 - 90 / 0.99) - 0.005 * 90 / 0.99)


def test_isolated_short(trade: Callable[..., Any]) -> None:
    # 10 − (P − 100) = 0.01 P at P = 110 / 1.01 = 108.911
    for high, count in ((108.9, 0), (109.0, 1)):
        simulation = trade([FLAT, FLAT, (100, high, 100, 105)], strength=[[-1.0, NAN, NAN]])
        assert simulation.account["liquidations"][0] == count
    assert simulation.fills[1]["price"] == pytest.approx(110.0 / 1.01)
    assert simulation.fills[1]["lots"] == 100


def test_the_clearance_fee_takes_no_more_than_is_left(trade: Callable[..., Any]) -> None:
    simulation = trade([FLAT, FLAT, (100, 100, 85, 95)], strength=[[1.0, NAN, NAN]], rules={"clearance_fee": 0.0125})
    # 1.25 % of 90.909 is 1.136, more than the 0.909 of maintenance: the whole margin of 10 is gone, nothing beyond
    assert simulation.equity[-1] == pytest.approx(990.0)
    assert simulation.account["shortfall"][0] == 0.0


def test_the_tier_that_holds_the_notional_decides(trade: Callable[..., Any]) -> None:
    # from a notional of 50 on: 2 % less 0.5. 10 + (P − 100) = 0.02 P − 0.5 at P = 89.5 / 0.98 = 91.327
    tiers = (fw.Tier(0, 0.01, 0, 100), fw.Tier(50, 0.02, 0.5, 50))
    simulation = trade([FLAT, FLAT, (100, 100, 91.3, 95)], strength=[[1.0, NAN, NAN]], rules={"tiers": tiers})
    assert simulation.fills[1]["price"] == pytest.approx(89.5 / 0.98)


def test_a_gap_beyond_the_bankruptcy_price_is_borne_by_the_insurance_fund(trade: Callable[..., Any]) -> None:
    # margin 10 against a loss of 15 at the open of 85: the fund bears 5
    simulation = trade([FLAT, FLAT, (85, 86, 84, 86)], strength=[[1.0, NAN, NAN]], rules={"clearance_fee": 0.0125})
    assert simulation.fills[1]["price"] == 85.0
    assert simulation.fills[1]["realised"] == pytest.approx(-15.0)
    assert simulation.fills[1]["fee"] == 0.0
    assert simulation.account["shortfall"][0] == pytest.approx(5.0)
    assert simulation.equity[-1] == pytest.approx(990.0)


def test_an_isolated_loss_leaves_the_rest_of_the_account_alone(trade: Callable[..., Any]) -> None:
    other = [FLAT, FLAT, FLAT]
    simulation = trade([FLAT, FLAT, (60, 60, 50, 55)], other, strength=[[1.0, NAN, NAN], [1.0, NAN, NAN]])
    assert simulation.positions[0]["lots"] == 0
    assert simulation.positions[1]["lots"] == 100
    assert simulation.wallet == pytest.approx(990.0)


def test_cross_survives_what_isolated_does_not(trade: Callable[..., Any]) -> None:
    bars = [FLAT, FLAT, (100, 100, 60, 70)]
    simulation = trade(bars, strength=[[1.0, NAN, NAN]], isolated=False)
    assert simulation.account["liquidations"][0] == 0
    assert simulation.equity[-1] == pytest.approx(970.0)


def test_cross_liquidates_both_where_both_together_broke_the_account(trade: Callable[..., Any]) -> None:
    # 20 of capital: long 1 at 100, short 1 at 50. The marks go to 88 and 58 together; at the share t of their way
    # 20 − 12 t − 8 t = 0.01 (100 − 12 t) + 0.01 (50 + 8 t), so t = 18.5 / 19.96
    t = 18.5 / 19.96
    one = [FLAT, FLAT, (100, 100, 88, 90)]
    other = [(50, 50, 50, 50), (50, 50, 50, 50), (50, 58, 50, 55)]
    simulation = trade(one, other, strength=[[1.0, NAN, NAN], [-1.0, NAN, NAN]], isolated=False, capital=20.0)
    assert simulation.account["liquidations"][0] == 1
    assert [row["price"] for row in simulation.fills[2:]] == pytest.approx([100 - 12 * t, 50 + 8 * t])
    assert simulation.equity[-1] == pytest.approx(20.0 - 20.0 * t)
    assert not simulation.positions["lots"].any()


def test_in_a_cross_gap_both_close_at_their_opens_and_the_fund_bears_the_rest(trade: Callable[..., Any]) -> None:
    one = [FLAT, FLAT, (85, 85, 85, 85)]
    other = [(50, 50, 50, 50), (50, 50, 50, 50), (60, 60, 60, 60)]
    simulation = trade(one, other, strength=[[1.0, NAN, NAN], [-1.0, NAN, NAN]], isolated=False, capital=20.0)
    assert [row["price"] for row in simulation.fills[2:]] == [85.0, 60.0]
    assert simulation.account["shortfall"][0] == pytest.approx(5.0)  # 15 + 10 lost of 20
    assert simulation.equity[-1] == 0.0


def test_a_liquidation_withdraws_the_instrument_s_orders(trade: Callable[..., Any], place: Callable[..., int]) -> None:
    simulation = trade([FLAT, FLAT, (100, 100, 85, 86), (86, 86, 70, 80)], until=1)
    place(simulation, 100)
    simulation.advance(2)
    row = place(simulation, 10, "limit", 80.0)
    simulation.advance(4)
    assert simulation.orders[row]["state"] == 3  # cancelled
    assert len(simulation.fills) == 2


def test_a_stop_before_the_liquidation_price_saves_the_margin(trade: Callable[..., Any]) -> None:
    simulation = trade([FLAT, FLAT, (100, 100, 85, 95)], strength=[[1.0, NAN, NAN]], stop_loss=[[92.0] * 3])
    assert (simulation.fills[1]["reason"], simulation.fills[1]["price"]) == (4, 92.0)


def test_a_stop_that_liquidation_has_come_to_lie_before_saves_nothing(trade: Callable[..., Any]) -> None:
    # funding of 5 halves the margin of 10 after the stop was accepted: liquidation moves from 90 / 0.99 to 95 / 0.99
    bars = [FLAT, FLAT, (100, 100, 85, 95)]
    simulation = trade(bars, strength=[[1.0, NAN, NAN]], stop_loss=[[92.0] * 3], rates=[(2.0, 0.05)])
    assert simulation.fills[1]["reason"] == 7
    assert simulation.fills[1]["price"] == pytest.approx(95.0 / 0.99)


def test_the_account_ends_where_its_wallet_is_used_up(trade: Callable[..., Any]) -> None:
    bars = [FLAT, FLAT, (50, 50, 50, 50), (50, 50, 50, 50), (50, 50, 50, 50)]
    simulation = trade(bars, strength=[[1.0, NAN, 0.5, NAN, NAN]], isolated=False, capital=20.0)
    assert simulation.equity[-1] == 0.0
    assert len(simulation.fills) == 2  # in, and out: the signal of bar 2 opens nothing any more
    assert simulation.account["halted"][0] == 3


TWO_BRACKETS = (fw.Tier(0, 0.01, 0, 100), fw.Tier(50, 0.05, 2, 20))


@pytest.mark.parametrize(("low", "steps"), [(92.7, 0), (92.6, 1), (89.0, 1), (88.9, 2)])
def test_a_large_position_goes_bracket_by_bracket(trade: Callable[..., Any], low: float, steps: int) -> None:
    # from a notional of 50 on 5 % less 2: 10 + (P − 100) = 0.05 P − 2 at P = 88 / 0.95 = 92.632
    first = 88.0 / 0.95
    simulation = trade(
        [FLAT, FLAT, (100, 100, low, 95)],
        strength=[[1.0, NAN, NAN]],
        rules={"tiers": TWO_BRACKETS, "clearance_fee": 0.005},
    )
    assert len(simulation.fills) == 1 + steps
    assert simulation.account["liquidations"][0] == min(steps, 1)
    if steps == 0:
        return
    # 0.53 coins are worth 49.09 there, 0.54 would be 50.02: 47 lots go
    assert simulation.fills[1]["lots"] == -47
    assert simulation.fills[1]["price"] == pytest.approx(first)
    assert simulation.fills[1]["fee"] == pytest.approx(0.005 * 0.47 * first)
    margin = 10.0 - 0.47 * (100 - first) - 0.005 * 0.47 * first
    if steps == 1:
        assert simulation.positions[0]["lots"] == 53
        assert simulation.positions[0]["margin"] == pytest.approx(margin)
        return
    # the rest, in the lowest bracket: margin + 0.53 (P − 100) = 0.01 × 0.53 P
    assert simulation.fills[2]["lots"] == -53
    assert simulation.fills[2]["price"] == pytest.approx((53 - margin) / (0.53 * 0.99))


def test_a_shared_margin_gives_up_the_position_in_the_highest_bracket_first(trade: Callable[..., Any]) -> None:
    # 12 of capital, one coin at 100 and one at 40, which falls to 37 while the first falls to 92. At the share t of the
    # way 12 − 11 t = 0.05 (100 − 8 t) − 2 + 0.01 (40 − 3 t), so t = 8.6 / 10.57
    t = 8.6 / 10.57
    small = [(40, 40, 40, 40), (40, 40, 40, 40), (40, 40, 37, 37)]
    simulation = trade(
        [FLAT, FLAT, (100, 100, 92, 92)],
        small,
        strength=[[1.0, NAN, NAN], [1.0, NAN, NAN]],
        rules={"tiers": TWO_BRACKETS},
        isolated=False,
        capital=12.0,
        leverage=20.0,
    )
    price = 100 - 8 * t
    assert [(int(row["instrument"]), int(row["lots"])) for row in simulation.fills[2:]] == [
        (0, int(50 / price * 100) - 100)
    ]
    assert simulation.fills[2]["price"] == pytest.approx(price)
    assert simulation.positions[1]["lots"] == 100


def test_after_sixteen_steps_the_rest_goes_at_once_and_every_fill_has_a_row(
    made_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # worth N at 0.5 N − 490 of margin it is cut to 1,000, which keep 10: the 0.5 (N − 1,000) between them last until it
    # is worth 1,000 + (N − 1,000) / 3, and so on by a third, until less than one of its tiny lots is too much
    from fw.ledger import arrays

    monkeypatch.setattr(arrays, "FIRST_ROOM", 10)
    tiers = (fw.Tier(0, 0.01, 0, 100), fw.Tier(1000, 0.5, 490, 2))
    market = made_up.market_of([(100, 9000, 100, 9000)], tiers=tiers, lot=1e-9)
    for isolated in (True, False):
        simulation = made_up.venue_of(market, fw.Terms(isolated=isolated), capital=3000.0)
        position = simulation.positions[0]
        position["lots"], position["entry"], position["margin"] = -20_000_000_000, 100.0, 3000.0
        simulation.advance(1)
        assert len(simulation.fills) == 17
        assert simulation.positions[0]["lots"] == 0
        assert simulation.fills["lots"].sum() == 20_000_000_000
        assert simulation.account["liquidations"][0] == 1
        assert len(simulation._rows("fills")) >= 17
