"""Entries, exits and turns, with the sums worked out beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fw.ledger import kinds

NAN = float("nan")


def still(*prices: float) -> list[tuple[float, float, float, float]]:
    """Bars in which the price does not move."""
    return [(price, price, price, price) for price in prices]


# decisions at the closes of bars 0 to 3 fill at the opens of bars 1 to 4:
#   50 lots bought at 100; 50 more at 110; 75 sold at 120; 75 sold at 90, of which 25 close and 50 open a short
LIFE = {"strength": [[0.5, 1.0, 0.25, -0.5, NAN]], "taker": 0.001, "leverage": 2.0}
PRICES = (100.0, 100.0, 110.0, 120.0, 90.0)


@pytest.mark.parametrize(
    ("bars", "lots", "entry", "realised", "fees", "margin"),
    [
        (2, 50, 100.0, 0.0, 0.05, 25.0),  # 0.5 × 100 × 0.001; 50 / 2
        (3, 100, 105.0, 0.0, 0.105, 52.5),  # (100 + 110) / 2; + 0.055; 25 + 55 / 2
        (4, 25, 105.0, 11.25, 0.195, 13.125),  # 0.75 × (120 − 105); + 0.09; a quarter of 52.5
        (5, -50, 90.0, 7.5, 0.2625, 22.5),  # 0.25 × (90 − 105) = −3.75; + 0.0675; 0.5 × 90 / 2
    ],
)
def test_scale_in_partial_close_and_flip(
    trade: Callable[..., Any], bars: int, lots: int, entry: float, realised: float, fees: float, margin: float
) -> None:
    simulation = trade(still(*PRICES), until=bars, **LIFE)
    position, account = simulation.positions[0], simulation.account[0]
    assert position["lots"] == lots
    assert position["entry"] == pytest.approx(entry)
    assert position["margin"] == pytest.approx(margin)
    assert account["realised"] == pytest.approx(realised)
    assert account["fees"] == pytest.approx(fees)
    assert simulation.wallet == pytest.approx(1000.0 + realised - fees)
    size = lots * 0.01
    assert simulation.equity[bars - 1] == pytest.approx(simulation.wallet + size * (PRICES[bars - 1] - entry))


def test_slippage_worsens_the_price_and_the_fee_is_charged_on_what_was_paid(trade: Callable[..., Any]) -> None:
    simulation = trade(still(100.0, 100.0, 100.0), strength=[[1.0, 0.0, NAN]], slippage=0.01, taker=0.001)
    bought, sold = simulation.fills
    assert (bought["price"], sold["price"]) == (101.0, 99.0)
    assert bought["fee"] == pytest.approx(0.101)
    assert sold["fee"] == pytest.approx(0.099)
    assert sold["realised"] == pytest.approx(-2.0)
    assert simulation.account["slippage"][0] == pytest.approx(2.0)
    assert simulation.equity[-1] == pytest.approx(1000.0 - 2.0 - 0.2)


def test_a_decision_trades_at_the_next_open_not_at_its_own_close(trade: Callable[..., Any]) -> None:
    simulation = trade([(100, 104, 98, 103), (107, 108, 106, 108)], strength=[[1.0, NAN]])
    assert [(row["bar"], row["price"]) for row in simulation.fills] == [(1, 107.0)]


def test_the_last_bar_s_decision_trades_nothing(trade: Callable[..., Any]) -> None:
    assert len(trade(still(100.0, 100.0), strength=[[NAN, 1.0]]).fills) == 0


def test_a_flat_position_has_neither_entry_nor_margin_nor_protections(trade: Callable[..., Any]) -> None:
    signals = {"stop_loss": [[90.0] * 3], "take_profit": [[120.0] * 3], "trailing": [[5.0] * 3]}
    simulation = trade(still(100.0, 100.0, 101.0), strength=[[1.0, 0.0, NAN]], **signals)
    position = simulation.positions[0]
    for name in ("lots", "entry", "margin", "stop", "take", "trail", "trail_stop"):
        assert position[name] == 0, name


def test_lots_are_rounded_towards_zero(trade: Callable[..., Any]) -> None:
    simulation = trade(still(100.0, 100.0, 100.0), strength=[[0.299, -0.299, NAN]])
    assert list(simulation.fills["lots"]) == [29, -58]


def test_an_order_below_the_smallest_notional_is_not_sent_but_one_that_closes_is(trade: Callable[..., Any]) -> None:
    bars = still(100.0, 100.0, 100.0, 100.0, 4.0, 4.0)
    # 4 lots are worth 4, below 5; 6 lots are worth 6; when the price is 4 they are worth 0.24 and may still be closed
    simulation = trade(bars, strength=[[0.04, 0.06, NAN, NAN, 0.0, NAN]], rules={"min_notional": 5.0}, leverage=1.0)
    assert [(row["bar"], row["lots"]) for row in simulation.fills] == [(2, 6), (5, -6)]


def test_the_venue_rejects_an_explicit_order_below_the_smallest_notional(
    trade: Callable[..., Any], place: Callable[..., int]
) -> None:
    simulation = trade(still(100.0, 100.0, 100.0), rules={"min_notional": 5.0}, until=1)
    row = place(simulation, 4)
    simulation.advance(2)
    assert simulation.orders[row]["state"] == 5  # rejected
    assert simulation.orders[row]["fault"] == 2  # too small
    assert simulation.account["rejected"][0] == 1


@pytest.mark.parametrize(("lots", "fills"), [(99, 1), (100, 0)])
def test_an_order_beyond_the_free_margin_is_rejected(
    trade: Callable[..., Any], place: Callable[..., int], lots: int, fills: int
) -> None:
    # 0.99 coins need 99 of margin and 0.099 of fee; 1 coin needs 100.1 of the 100 that are there
    simulation = trade(still(100.0, 100.0), capital=100.0, leverage=1.0, taker=0.001, until=1)
    row = place(simulation, lots)
    simulation.advance(2)
    assert len(simulation.fills) == fills
    assert simulation.orders[row]["fault"] == (0 if fills else 1)  # margin is insufficient


def test_unrealised_profit_is_free_margin_on_a_cross_account_only(
    trade: Callable[..., Any], place: Callable[..., int]
) -> None:
    for isolated, filled in ((False, 2), (True, 1)):
        # 1 coin at 100, worth 200 now: 100 of profit. 0.5 coins more need 100 of margin for 1.5 × 200 = 300 in all
        simulation = trade(still(100.0, 100.0, 200.0, 200.0), capital=200.0, leverage=1.0, isolated=isolated, until=1)
        place(simulation, 100)
        simulation.advance(3)
        place(simulation, 50 if not isolated else 51)  # isolated: 100 are left, and 51 lots need 102
        simulation.advance(4)
        assert len(simulation.fills) == filled


def test_reduce_only_takes_what_is_there_and_no_more(trade: Callable[..., Any], place: Callable[..., int]) -> None:
    simulation = trade(still(*[100.0] * 5), until=1)
    place(simulation, 30)
    simulation.advance(2)
    row = place(simulation, -50, reduce_only=True)
    simulation.advance(3)
    assert simulation.positions[0]["lots"] == 0
    assert simulation.fills[1]["lots"] == -30
    assert simulation.orders[row]["lots"] == -30  # it shrank
    nothing = place(simulation, -10, reduce_only=True)
    simulation.advance(4)
    assert len(simulation.fills) == 2
    assert simulation.orders[nothing]["state"] == kinds.REJECTED  # -2022
