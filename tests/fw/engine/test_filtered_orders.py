"""Explicit orders that the exchange's filters refuse: a fact with its code, a row in the journal, and no trade."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import pytest

import fw
from fw import Place

FLAT = (100.0, 100.0, 100.0, 100.0)
DIP = (100.0, 100.0, 80.0, 98.0)
Drive = Callable[..., fw.Result]


@attrs.define
class Listener:
    """Keeps what it hears."""

    kinds: tuple[type, ...] = (fw.Rejected, fw.Accepted)
    heard: list[Any] = attrs.field(factory=list)

    def notice(self, event: Any) -> None:
        self.heard.append(event)


@pytest.mark.parametrize(
    ("order", "rules", "fault"),
    [
        (Place(0.5, "limit", 105.1), {"percent_up": 1.05}, "a buy too far above the mark price (-4016)"),
        (Place(-0.5, "limit", 94.9), {"percent_down": 0.95}, "a sale too far below the mark price (-4024)"),
        (Place(0.5, "limit", 89.9), {"min_price": 90.0}, "price below the lowest (-4013)"),
        (Place(0.5, "limit", 100.1), {"max_price": 100.0}, "price above the highest (-4002)"),
        (Place(0.5, "stop", 100.1), {"max_price": 100.0}, "trigger price above the highest (-4007)"),
        (Place(0.5), {"max_lots": 49}, "more than the largest order (-4005)"),
        (Place(0.5, "limit", 90.0), {"max_limit_lots": 49}, "more than the largest order (-4005)"),
        (Place(0.5, "limit", 90.0), {"min_lots": 51}, "less than the smallest quantity (-4004)"),
        (Place(0.5), {"market_step": 20}, "the quantity is no multiple of the step (-4023)"),
        (Place(0.5, "limit", 90.0), {"min_notional": 45.1}, "notional is below the minimum (-4164)"),
    ],
)
def test_the_journal_has_the_refusal_and_its_code(
    drive: Drive, order: Place, rules: dict[str, Any], fault: str
) -> None:
    result = drive({0: (order,)}, [FLAT, DIP, DIP], rules=rules)
    assert list(map(str, result.orders["state"])) == ["rejected"]
    assert list(map(str, result.orders["fault"])) == [fault]
    assert result.fills.rows == 0
    assert result.totals["rejected"] == 1


def test_observers_hear_the_exchanges_own_words(drive: Drive) -> None:
    listener = Listener()
    script = {0: (Place(0.5, "limit", 120.0), Place(0.5, "limit", 90.0))}
    drive(script, [FLAT, DIP], rules={"percent_up": 1.15}, observers=[listener])
    refused, accepted = listener.heard
    assert (refused.code, refused.reason) == (-4016, "Limit price can't be higher than 115. (-4016)")
    assert (type(accepted), accepted.order_id) == (fw.Accepted, "1")


def test_a_reduction_is_exempt_from_the_smallest_notional_alone(drive: Drive) -> None:
    script = {0: (Place(1.0),), 2: (Place(-0.01, reduce_only=True),)}
    assert drive(script, [FLAT] * 5, rules={"min_notional": 50.0}).fills.rows == 2
    assert drive(script, [FLAT] * 5, rules={"min_notional": 50.0, "min_market_lots": 2}).fills.rows == 1


def test_an_order_of_less_than_a_lot_is_not_sent_and_that_is_said(drive: Drive) -> None:
    result = drive({0: (Place(0.001),)}, [FLAT] * 3)
    assert result.orders.rows == 0
    assert [note for note in result.notes if note.startswith("the one decision was too small to trade")]


def test_conditional_orders_are_counted_apart_from_the_others(drive: Drive) -> None:
    script = {0: (Place(-0.1, "stop", 90.0), Place(-0.1, "limit", 110.0), Place(-0.1, "stop", 89.0))}
    result = drive(script, [FLAT] * 3, rules={"max_conditional_orders": 1})
    assert list(map(str, result.orders["state"])) == ["working", "working", "rejected"]
    assert str(result.orders["fault"][2]) == "too many open conditional orders (-4045)"


def test_a_market_order_is_refused_where_trades_are_too_far_from_the_mark(
    make_plan: Callable[..., Any], made_up: ModuleType
) -> None:
    bars = [FLAT] * 4
    market = made_up.market_of(bars, percent_up=1.05)
    marks = attrs.evolve(
        market.bars, **{name: getattr(market.bars, name) - 5.0 for name in ("open", "high", "low", "close")}
    )
    market = attrs.evolve(market, series={"A": attrs.evolve(market.series["A"], mark=marks)})

    class Buyer:
        def decide(self, view: fw.View) -> Any:
            return (Place(0.5),) if view.time == 3_600_000_000_000 else None

    for mark, state in (("required", "rejected"), ("last", "filled")):
        plan = make_plan(market, Buyer(), account={"funding": "zero", "mark": mark})
        result = plan.run(write=False)
        assert list(map(str, result.orders["state"])) == [state]
    # 100 is above 95 × 1.05 = 99.75
