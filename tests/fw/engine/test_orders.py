"""Explicit orders: placed, amended, withdrawn, and reviewed as the worst they can lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

import fw
from fw import Amend, Cancel, Place

FLAT = (100.0, 100.0, 100.0, 100.0)
DIP = (100.0, 100.0, 94.0, 98.0)
RISE = (100.0, 106.0, 100.0, 103.0)
Drive = Callable[..., fw.Result]


def fills(result: fw.Result) -> list[tuple[int, int, float]]:
    """(bar, lots, price) of every fill."""
    rows = zip(result.fills["time"], result.fills["lots"], result.fills["price"], strict=True)
    return [(int(time) // 3_600_000_000_000, int(lots), float(price)) for time, lots, price in rows]


def states(result: fw.Result) -> list[str]:
    return list(map(str, result.orders["state"]))


@pytest.mark.parametrize(
    ("order", "filled"),
    [
        (Place(0.5), [(1, 50, 100.0)]),
        (Place(-0.5), [(1, -50, 100.0)]),
        (Place(0.5, "limit", 95.0), [(2, 50, 95.0)]),
        (Place(-0.5, "limit", 105.0), [(3, -50, 105.0)]),
        (Place(-0.5, "stop", 95.0), [(2, -50, 95.0)]),
        (Place(0.5, "stop", 105.0), [(3, 50, 105.0)]),
        (Place(-0.5, "take_profit", 105.0), [(3, -50, 105.0)]),
        (Place(0.5, "take_profit", 95.0), [(2, 50, 95.0)]),
        (Place(0.5, "limit", 95.0, expiry=2), [(2, 50, 95.0)]),
        (Place(0.5, "limit", 95.0, expiry=1), []),
        (Place(0.5, reduce_only=True), []),
        (Place(0.001), []),  # less than a lot
    ],
)
def test_every_kind_of_order(drive: Drive, order: Place, filled: Any) -> None:
    result = drive({0: (order,)}, [FLAT, FLAT, DIP, RISE, FLAT], account={"leverage": 1})
    assert fills(result) == filled
    assert set(result.fills["reason"]) <= {"order"}


def test_an_order_that_ran_out_of_its_bars_is_expired(drive: Drive) -> None:
    assert states(drive({0: (Place(0.5, "limit", 95.0, expiry=1),)}, [FLAT, FLAT, DIP])) == ["expired"]


def test_orders_are_withdrawn_by_name_or_all_together(drive: Drive) -> None:
    three = (Place(0.1, "limit", 95.0, id="a"), Place(0.2, "limit", 95.0, id="b"), Place(0.3, "limit", 95.0))
    assert fills(drive({0: three, 1: (Cancel("b"),)}, [FLAT, FLAT, DIP])) == [(2, 10, 95.0), (2, 30, 95.0)]
    result = drive({0: three, 1: (Cancel(),)}, [FLAT, FLAT, DIP])
    assert fills(result) == []
    assert states(result) == ["cancelled"] * 3


def test_an_order_is_amended_in_price_and_in_size(drive: Drive) -> None:
    first = (Place(0.5, "limit", 90.0, id="a"),)
    assert fills(drive({0: first, 1: (Amend("a", price=95.04),)}, [FLAT, FLAT, DIP])) == [(2, 50, 95.0)]  # on its tick
    assert fills(drive({0: first, 1: (Amend("a", quantity=0.2, price=95.0),)}, [FLAT, FLAT, DIP])) == [(2, 20, 95.0)]
    assert fills(drive({0: first, 1: (Amend("a", quantity=0.8, price=95.0),)}, [FLAT, FLAT, DIP])) == [(2, 80, 95.0)]


def test_a_name_may_be_used_again(drive: Drive) -> None:
    script = {0: (Place(0.1, id="a"),), 1: (Place(0.2, "limit", 95.0, id="a"),), 2: (Cancel("a"),)}
    assert fills(drive(script, [FLAT, FLAT, FLAT, DIP])) == [(1, 10, 100.0)]


def test_withdrawing_or_amending_what_has_ended_changes_nothing(drive: Drive) -> None:
    script = {0: (Place(0.1, id="a"),), 2: (Cancel("a"), Amend("a", price=90.0))}
    assert fills(drive(script)) == [(1, 10, 100.0)]


def test_the_tag_of_an_order_goes_to_its_fill_and_trade(drive: Drive) -> None:
    result = drive({0: (Place(0.5, tag="probe"),), 3: (Place(-0.5, tag="enough"),)})
    assert list(result.fills["tag"]) == ["probe", "enough"]
    assert list(result.trades["tag"]) == ["probe"]
    assert list(result.trades["exit_reason"]) == ["order"]


def test_orders_trade_the_instrument_in_focus(drive: Drive) -> None:
    result = drive({(0, "B"): (Place(0.5),)}, [FLAT, FLAT], [(50.0,) * 4, (51.0,) * 4])
    assert list(result.fills["instrument"]) == ["B"]
    assert list(result.fills["price"]) == [51.0]


def test_two_hundred_working_orders_are_the_most(drive: Drive) -> None:
    def grid(count: int) -> tuple[Place, ...]:
        return tuple(Place(0.01, "limit", 50.0 + i / 10) for i in range(count))

    for script in ({0: grid(1000)}, {0: grid(150), 1: grid(150)}):
        result = drive(script)
        said = states(result)
        refused = len([state for state in said if state == "rejected"])
        assert len(said) - refused == 200
        assert any(f"{refused} orders" in note and "-2025" in note for note in result.notes)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Cancel("x"), "names an order 'x' that it never placed"),
        (Amend("x", price=90.0), "names an order 'x' that it never placed"),
        (Place(1.0, "iceberg", 90.0), "placed an order of kind 'iceberg'"),
        (Place(1.0, "bracket", 90.0), "placed an order of kind 'bracket'"),
        (Place(1.0, "limit"), "placed a limit order with price None"),
        (Place(1.0, "stop", -5.0), "placed a stop order with price -5.0"),
        (Place(1.0, "limit", float("nan")), "placed a limit order with price nan"),
        (Place(1.0, "market", 100.0), "placed a market order with price 100.0"),
        (Place(float("nan")), "placed an order over nan"),
        (Place(float("inf")), "placed an order over inf"),
        (1.0, "gave float among its orders"),
        ("buy", "gave str among its orders"),
    ],
)
def test_an_order_that_cannot_be_says_what_is_wrong_with_it(drive: Drive, action: Any, words: str) -> None:
    with pytest.raises(fw.PluginError, match=words) as caught:
        drive({3: (action,)})
    message = str(caught.value)
    assert message.endswith(" (A at 1970-01-01 04:00)")
    assert "\n" not in message


@pytest.mark.parametrize(
    "amended",
    [
        {"quantity": 0.0},
        {"quantity": -0.5},
        {"quantity": 0.001},
        {"quantity": float("nan")},
        {"price": float("nan")},
        {"price": 0.0},
    ],
)
def test_an_amendment_that_cannot_be_says_so(drive: Drive, amended: dict[str, float]) -> None:
    with pytest.raises(fw.PluginError, match="amended the order 'a'"):
        drive({0: (Place(0.5, "limit", 90.0, id="a"),), 1: (Amend("a", **amended),)})


def test_max_exposure_shrinks_an_order_that_counts_with_all_on_its_side(drive: Drive) -> None:
    # 1,000 of equity and a limit of 2: 20 coins at 100. 12 wait, so of 15 more 8 are left
    script = {0: (Place(12.0, "limit", 95.0), Place(15.0, "limit", 94.0))}
    result = drive(script, account={"capital": 1000}, risk=[{"use": "max_exposure", "limit": 2}])
    assert list(result.orders["lots"]) == [1200, 800]


def test_the_other_side_has_its_own_room(drive: Drive) -> None:
    script = {0: (Place(12.0, "limit", 95.0), Place(-25.0, "limit", 105.0))}
    result = drive(script, account={"capital": 1000}, risk=[{"use": "max_exposure", "limit": 2}])
    assert list(result.orders["lots"]) == [1200, -2000]


def test_working_orders_of_other_instruments_take_room(drive: Drive) -> None:
    script = {0: (Place(12.0, "limit", 95.0),), (0, "B"): (Place(15.0, "limit", 95.0),)}
    rows = [FLAT] * 3
    result = drive(script, rows, rows, account={"capital": 1000}, risk=[{"use": "max_exposure", "limit": 2}])
    assert list(result.orders["lots"]) == [1200, 800]


def test_leverage_bounds_explicit_orders_too(drive: Drive) -> None:
    result = drive({0: (Place(50.0),)}, account={"capital": 1000, "leverage": 3})
    assert list(result.orders["lots"]) == [3000]


def test_reduce_only_orders_pass_every_check(drive: Drive) -> None:
    refuse = Refuse()
    script = {0: (Place(1.0),), 2: (Place(-1.0, reduce_only=True),)}
    result = drive(script, risk=[refuse])
    assert [row[1] for row in fills(result)] == []
    refuse.says = lambda target: target
    assert [row[1] for row in fills(drive(script, risk=[refuse]))] == [100, -100]


@attrs.define
class Refuse:
    """A check in Python that says the same to every target."""

    says: Any = attrs.field(default=lambda target: fw.Veto("not today"))
    seen: list[Any] = attrs.field(factory=list)

    def review(self, targets: Any, view: fw.View) -> Any:
        self.seen.append(dict(targets))
        return {name: self.says(target) for name, target in targets.items()}


def test_a_check_in_python_sees_an_order_as_the_worst_it_leads_to(drive: Drive) -> None:
    refuse = Refuse(says=lambda target: target)
    drive({0: (Place(1.0),), 2: (Place(0.5, "limit", 95.0), Place(0.25, "limit", 94.0))}, risk=[refuse])
    assert [targets["A"].lots for targets in refuse.seen] == [100, 150, 175]


def test_a_check_in_python_shrinks_or_refuses_an_order(drive: Drive) -> None:
    halved = drive({0: (Place(1.0),)}, risk=[Refuse(says=lambda target: target.scaled(0.5))])
    assert list(halved.orders["lots"]) == [50]
    by_exposure = drive({0: (Place(1.0),)}, risk=[Refuse(says=lambda target: fw.Target(exposure=0.003))])
    assert list(by_exposure.orders["lots"]) == [30]  # 0.003 of 10,000 are 30
    refused = drive({0: (Place(1.0),)}, risk=[Refuse()])
    assert refused.orders.rows == 0
    assert list(refused.vetoes["reason"]) == ["not today"]


def test_an_order_that_a_check_refused_may_still_be_withdrawn(drive: Drive) -> None:
    script = {0: (Place(1.0, "limit", 95.0, id="a"),), 1: (Cancel("a"),), 2: (Amend("a", price=96.0),)}
    assert drive(script, risk=[Refuse()]).orders.rows == 0


def test_nearer_to_flat_passes_a_check_that_refuses_everything(drive: Drive) -> None:
    class Later(Refuse):
        def review(self, targets: Any, view: fw.View) -> Any:
            return super().review(targets, view) if view.time > 3 * 3_600_000_000_000 else targets

    result = drive({0: (Place(1.0),), 5: (Place(-0.4),), 6: (Place(-5.0),)}, risk=[Later()])
    # of the order that would turn the position, the closing half is nearer to flat
    assert [row[1] for row in fills(result)] == [100, -40, -60]


def test_signals_and_explicit_orders_live_side_by_side(drive: Drive) -> None:
    script = {0: 0.001, 2: (Place(0.05),), 4: 0.0}
    result = drive(script)  # 0.001 of 10,000 is 0.1 coins; the flat signal closes whatever is held
    assert [row[1] for row in fills(result)] == [10, 5, -15]


def test_a_halted_account_takes_no_orders_but_those_that_close(drive: Drive) -> None:
    rows = [FLAT, FLAT, (50.0,) * 4, (50.0,) * 4, (50.0,) * 4, (50.0,) * 4]
    script = {0: (Place(50.0),), 3: (Place(1.0),), 4: (Place(-1.0),)}
    result = drive(script, rows, risk=[{"use": "drawdown_stop", "limit": 0.2}], account={"leverage": 1})
    assert [(bar, lots) for bar, lots, _ in fills(result)] == [(1, 5000), (3, -5000)]
    assert list(result.fills["reason"]) == ["order", "risk"]
