"""Explicit orders with conditions through a whole run: every kind, what they show, what checks see, and how to err."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw import Amend, Cancel, Place

FLAT = (100.0,) * 4
DIP = (100.0, 100.0, 94.0, 98.0)
RISE = (100.0, 106.0, 100.0, 103.0)
Drive = Callable[..., fw.Result]
NAN = float("nan")


def fills(result: fw.Result) -> list[tuple[int, int, float]]:
    """(bar, lots, price) of every fill."""
    rows = zip(result.fills["time"], result.fills["lots"], result.fills["price"], strict=True)
    return [(int(time) // 3_600_000_000_000, int(lots), round(float(price), 9)) for time, lots, price in rows]


def column(result: fw.Result, name: str) -> list[Any]:
    return [value.item() if hasattr(value, "item") else value for value in result.orders[name]]


@pytest.mark.parametrize(
    ("order", "filled", "state"),
    [
        (Place(0.5, "limit", 95.0, time_in_force="post_only"), [(2, 50, 95.0)], "filled"),
        (Place(0.5, "limit", 100.0, time_in_force="post_only"), [], "rejected"),
        (Place(0.5, "limit", 100.0, time_in_force="ioc"), [(1, 50, 100.0)], "filled"),
        (Place(0.5, "limit", 99.0, time_in_force="ioc"), [], "expired"),
        (Place(0.5, "limit", 100.0, time_in_force="fok"), [(1, 50, 100.0)], "filled"),
        (Place(0.5, "limit", 99.0, time_in_force="fok"), [], "expired"),
        (Place(-0.5, "stop_limit", 95.0, limit=94.0), [(2, -50, 95.0)], "filled"),
        (Place(-0.5, "stop_limit", 95.0, limit=99.0), [(3, -50, 100.0)], "filled"),  # it rests; then the open is 100
        (Place(0.5, "take_profit_limit", 95.0, limit=95.5), [(2, 50, 95.0)], "filled"),
        (Place(-0.5, "trailing_stop", callback=0.05), [(2, -50, 95.0)], "filled"),
        (Place(-0.5, "trailing_stop", 105.0, callback=0.01), [(4, -50, 100.0)], "filled"),  # from 106 on, at 104.9
        (Place(0.5, "stop", 105.0, trigger_by="last"), [(3, 50, 105.0)], "filled"),
        (Place(-1.0, "stop", 95.0, close_position=True), [], "rejected"),  # nothing to close
    ],
)
def test_every_kind_from_a_strategy_to_its_fill(drive: Drive, order: Place, filled: Any, state: str) -> None:
    result = drive({0: (order,)}, [FLAT, FLAT, DIP, RISE, FLAT], account={"leverage": 1})
    expected = [(bar, lots, 99.0 if (order.limit, bar) == (99.0, 3) else price) for bar, lots, price in filled]
    assert fills(result) == expected
    assert column(result, "state") == [state]


def test_a_bracket_of_two_orders_of_which_one_cancels_the_other(drive: Drive) -> None:
    script = {
        0: (Place(1.0),),
        1: (
            Place(-1.0, "limit", 105.0, reduce_only=True, oco="exit"),
            Place(-1.0, "stop", 95.0, close_position=True, oco="exit"),
        ),
    }
    risen = drive(script, [FLAT, FLAT, RISE, DIP])
    assert fills(risen) == [(1, 100, 100.0), (2, -100, 105.0)]
    assert column(risen, "state") == ["filled", "filled", "cancelled"]
    fallen = drive(script, [FLAT, FLAT, DIP, RISE])
    assert fills(fallen) == [(1, 100, 100.0), (2, -100, 95.0)]
    assert column(fallen, "state") == ["filled", "cancelled", "filled"]


def test_both_bounds_of_a_bar_that_reaches_both(drive: Drive) -> None:
    both = (100.0, 106.0, 94.0, 100.0)
    script = {
        0: (Place(1.0),),
        1: (Place(-1.0, "limit", 105.0, oco="exit"), Place(-1.0, "stop", 95.0, oco="exit")),
    }
    result = drive(script, [FLAT, FLAT, both, FLAT])
    assert result.totals["ambiguous_bars"] == 1
    assert fills(result)[1:] == [(2, -100, 95.0)]
    assert result.bounds is not None
    assert result.bounds.optimistic.profit - result.bounds.pessimistic.profit == pytest.approx(10.0, rel=0.01)


def test_names_of_groups_belong_to_their_instrument(drive: Drive) -> None:
    pair = (Place(0.1, "limit", 95.0, oco="x"), Place(0.1, "limit", 96.0, oco="x"))
    result = drive({0: pair, (0, "B"): pair}, [FLAT, DIP], [FLAT, FLAT])
    assert column(result, "state") == ["filled", "cancelled", "working", "working"]
    first, second, third, fourth = column(result, "group")
    assert first == second != third == fourth


def test_the_table_of_orders_shows_what_they_asked_for(drive: Drive) -> None:
    script = {
        0: (
            Place(0.5),
            Place(0.5, "limit", 90.0, time_in_force="post_only", oco="x"),
            Place(-0.5, "stop", 95.0),
            Place(-0.5, "stop_limit", 94.0, limit=93.0, trigger_by="last", oco="x"),
            Place(-0.5, "trailing_stop", 110.0, callback=0.01),
            Place(-1, "take_profit", 120.0, close_position=True),
        )
    }
    result = drive(script, [FLAT, FLAT])
    np.testing.assert_array_equal(column(result, "trigger"), [NAN, NAN, 95.0, 94.0, 110.0, 120.0])
    np.testing.assert_array_equal(column(result, "limit"), [NAN, NAN, NAN, 93.0, NAN, NAN])
    assert column(result, "trigger_by") == ["", "", "last", "last", "last", "last"]
    assert column(result, "time_in_force") == ["gtc", "post_only", "gtc", "gtc", "gtc", "gtc"]
    assert column(result, "close_position") == [False] * 5 + [True]
    assert column(result, "group") == [0, 1, 0, 1, 0, 0]
    assert column(result, "filled") == [50, 0, 0, 0, 0, 0]
    assert column(result, "state") == ["filled"] + ["working"] * 5


def test_the_table_tells_a_part_and_what_is_on_its_way(drive: Drive) -> None:
    simulation = {"slippage": {"bps": 0}, "participation": 0.5}  # half a coin a bar
    part = drive({0: (Place(0.8),)}, [FLAT, FLAT], simulation=simulation)
    assert (column(part, "state"), column(part, "filled")) == (["partly_filled"], [50])
    late = drive({0: (Place(0.8),)}, [FLAT, FLAT], simulation={"slippage": {"bps": 0}, "latency": "1s"})
    assert (column(late, "state"), column(late, "filled")) == (["sent"], [0])


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Place(1.0, "stop_limit", 105.0), "placed a stop_limit order with limit None"),
        (Place(1.0, "stop_limit", limit=105.0), "placed a stop_limit order with price None"),
        (Place(1.0, "limit", 105.0, limit=105.0), "placed a limit order with limit 105.0"),
        (Place(1.0, "take_profit_limit", 95.0, limit=-1.0), "placed a take_profit_limit order with limit -1.0"),
        (Place(1.0, "trailing_stop"), "placed a trailing_stop order with callback None"),
        (Place(1.0, "stop", 105.0, callback=0.01), "placed a stop order with callback 0.01"),
        (Place(1.0, "trailing_stop", callback=0.5), "callback 0.5; it lies from 0.001 to 0.2"),
        (Place(1.0, "trailing_stop", NAN, callback=0.01), "placed a trailing_stop order with price nan"),
        (Place(1.0, "limit", 95.0, time_in_force="gtx"), "a time in force is gtc, ioc, fok, post_only"),
        (Place(1.0, time_in_force="ioc"), "placed a market order ioc, which is for limit orders"),
        (Place(1.0, "stop", 105.0, time_in_force="post_only"), "placed a stop order post_only"),
        (Place(1.0, "limit", 95.0, close_position=True), "placed a limit order to close the position"),
        (Place(0.0, "stop", 95.0, close_position=True), "placed an order over 0.0"),
        (Place(1.0, "limit", 95.0, trigger_by="mark"), "placed a limit order triggered by 'mark'"),
        (Place(1.0, "stop", 105.0, trigger_by="index"), "placed a stop order triggered by 'index'"),
        (Place(1.0, "stop", 105.0, trigger_by="mark"), "which this run does not have"),
    ],
)
def test_an_order_that_cannot_be_says_so_in_one_sentence(drive: Drive, order: Place, words: str) -> None:
    with pytest.raises(fw.PluginError) as caught:
        drive({3: (order,)})
    message = str(caught.value)
    assert words in message
    assert message.endswith(" (A at 1970-01-01 04:00)")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("order", "amended", "words"),
    [
        (Place(-1.0, "trailing_stop", callback=0.01, id="a"), {"price": 95.0}, "a trailing_stop has none"),
        (Place(-1, "stop", 95.0, close_position=True, id="a"), {"quantity": -1.0}, "it closes whatever is held"),
    ],
)
def test_what_an_order_has_not_cannot_be_amended(drive: Drive, order: Place, amended: Any, words: str) -> None:
    with pytest.raises(fw.PluginError, match=words):
        drive({0: (Place(1.0),), 1: (order,), 2: (Amend("a", **amended),)})


@pytest.mark.parametrize(
    "order",
    [
        Place(15.0, "stop_limit", 105.0, limit=106.0),
        Place(15.0, "take_profit_limit", 95.0, limit=96.0),
        Place(15.0, "trailing_stop", 95.0, callback=0.01),
        Place(15.0, "limit", 95.0, time_in_force="post_only"),
        Place(15.0, "stop", 105.0, oco="x"),
    ],
)
def test_checks_count_orders_of_every_kind_with_all_on_their_side(drive: Drive, order: Place) -> None:
    # 1,000 of equity and a limit of 2: 20 coins at 100. 12 wait, so of 15 more 8 are left
    script = {0: (Place(12.0, "limit", 90.0), order)}
    result = drive(script, account={"capital": 1000}, risk=[{"use": "max_exposure", "limit": 2}])
    assert column(result, "lots") == [1200, 800]


def test_what_has_filled_of_an_order_is_counted_once(drive: Drive) -> None:
    # half a coin of 0.8 is in: 0.5 held and 0.3 to come leave 1.2 of 2 coins
    script = {0: (Place(0.8),), 1: (Place(5.0, "limit", 90.0),)}
    result = drive(
        script,
        account={"capital": 100.1},  # its fee is paid
        risk=[{"use": "max_exposure", "limit": 2}],
        simulation={"slippage": {"bps": 0}, "participation": 0.5},
    )
    assert column(result, "lots") == [80, 120]


def test_more_lots_on_their_way_are_counted_too(drive: Drive) -> None:
    script = {0: (Place(0.5, "limit", 90.0, id="a"),), 2: (Amend("a", quantity=1.5), Place(5.0, "limit", 90.0))}
    simulation = {"slippage": {"bps": 0}, "latency": "1h"}
    result = drive(script, account={"capital": 100}, risk=[{"use": "max_exposure", "limit": 2}], simulation=simulation)
    assert column(result, "lots") == [150, 50]


def test_closing_all_and_reduce_only_pass_every_check(drive: Drive) -> None:
    class No:
        def review(self, targets: Any, view: fw.View) -> Any:
            grows = view.time <= 3_600_000_000_000
            return targets if grows else dict.fromkeys(targets, fw.Veto("no more"))

    script = {
        0: (Place(1.0, "market"),),
        1: (
            Place(-1, "stop", 95.0, close_position=True),
            Place(-1.0, "trailing_stop", 120.0, callback=0.01, reduce_only=True, id="t"),
            Place(-0.5, "limit", 150.0, reduce_only=True, id="r"),
            Place(1.0, "limit", 90.0),
        ),
        2: (Amend("r", quantity=-0.9), Cancel("t")),
    }
    result = drive(script, risk=[No()])
    assert column(result, "kind") == ["market", "stop", "trailing_stop", "limit"]
    assert column(result, "lots") == [100, -1, -100, -90]
    assert column(result, "state") == ["filled", "working", "cancelled", "working"]


@attrs.frozen
class Bracketing:
    """Buys after a fall, with a profit and a trailing stop in one group."""

    def decide(self, view: fw.View) -> Any:
        close, held = view.bars.close, view.position.quantity
        if held == 0 and len(close) > 3 and close[-1] < close[-3]:
            return (fw.Cancel(), Place(0.05, "limit", close[-1] * 0.999, time_in_force="post_only", expiry=3))
        if held > 0:
            profit = Place(-held, "take_profit_limit", close[-1] * 1.01, limit=close[-1] * 1.009, oco="exit")
            return (fw.Cancel(), profit, Place(-held, "trailing_stop", callback=0.01, oco="exit", reduce_only=True))
        return None


PLUGIN = """
import attrs
import fw
from fw import Place

{source}

@fw.hookimpl
def fw_strategies():
    return {{"bracketing": Bracketing}}
"""

FILE = """
name: bracketing
plugins: [./bracketing.py]
instruments: [BTCUSDT]
bar: 1h
account: {capital: 10000}
simulation: {participation: 0.1, latency: 1s}
source: {use: synthetic, start: 2024-01-01, end: 2024-02-01}
strategy: bracketing
broker: backtest
"""


def test_a_run_of_them_is_written_down_and_replays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import inspect

    from fw.engine.folder import read_journal
    from fw.engine.replay import replay

    source = "from typing import Any\n" + inspect.getsource(Bracketing)
    (tmp_path / "bracketing.py").write_text(PLUGIN.format(source=source))
    (tmp_path / "bracketing.yaml").write_text(FILE)
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    result = fw.load(tmp_path / "bracketing.yaml").run()
    assert {"filled", "cancelled", "expired"} <= set(column(result, "state"))
    assert result.folder is not None
    written = read_journal(result.folder / "journal.parquet")["orders"]
    assert written["time_in_force"].to_pylist() == column(result, "time_in_force")
    assert written["filled"].to_pylist() == column(result, "filled")
    assert replay(result.folder) == []


def test_observers_hear_triggers_and_amendments(drive: Drive, made_up: ModuleType) -> None:
    @attrs.define
    class Listener:
        kinds: tuple[type, ...] = (fw.Accepted, fw.Triggered, fw.Amended, fw.Filled, fw.Cancelled)
        heard: list[str] = attrs.field(factory=list)

        def notice(self, event: Any) -> None:
            self.heard.append(f"{event.time // 3_600_000_000_000} {type(event).__name__} {event.order_id}")

    listener = Listener()
    script = {
        0: (Place(1.0), Place(-1, "stop", 95.0, close_position=True), Place(-0.5, "limit", 110.0, id="a")),
        1: (Amend("a", price=105.0),),
    }
    drive(script, [FLAT, FLAT, RISE, DIP], observers=[listener])
    assert listener.heard == [
        *("1 Accepted 0", "1 Accepted 1", "1 Accepted 2", "1 Filled 0"),
        *("2 Amended 2", "2 Filled 2"),
        *("3 Triggered 1", "3 Amended 1", "3 Filled 1"),
    ]
