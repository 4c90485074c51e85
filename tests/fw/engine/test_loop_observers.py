"""The Python driver tells observers what they asked for, and nothing they do changes a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.domain.event import (
    BarsClosed,
    Cancelled,
    Decided,
    Event,
    Expired,
    Filled,
    Funding,
    Liquidated,
    Rejected,
    Submitted,
    Vetoed,
)

FLAT = (100.0, 100.0, 100.0, 100.0)
HOUR = 3_600_000_000_000
Drive = Callable[..., fw.Result]


@attrs.define(eq=False)
class Watch:
    """Keeps the events of the kinds it asks for."""

    kinds: tuple[type, ...]
    seen: list[Event] = attrs.field(factory=list)

    def notice(self, event: Event) -> None:
        self.seen.append(event)


@attrs.define(eq=False)
class NoHalf:
    """A check that refuses one size."""

    def review(self, targets: Any, view: fw.View) -> Any:
        return {name: fw.Veto("no") if target.size == 0.5 else target for name, target in targets.items()}


def lots(result: fw.Result) -> list[tuple[int, int]]:
    return [(int(t) // HOUR, int(n)) for t, n in zip(result.fills["time"], result.fills["lots"], strict=True)]


def test_an_observer_is_fed_the_kinds_it_asks_for_in_the_order_of_time(drive: Drive) -> None:
    everything, fills = Watch((Event,)), Watch((Filled,))
    rows = [FLAT, FLAT, (100.0, 100.0, 94.0, 98.0), FLAT]
    script = {
        0: fw.Signal(1.0, stop_loss=95.0),
        2: (fw.Place(1.0, "limit", 90.0, expiry=1), fw.Place(1.0, "limit", 91.0)),
    }
    drive(script, rows, observers=[{"use": everything, "name": "all"}, {"use": fills, "name": "fills"}])
    kinds = [type(event).__name__ for event in everything.seen]
    assert kinds == [
        *("BarsClosed", "Decided", "Submitted", "Accepted"),
        *("Filled", "BarsClosed"),
        *("Filled", "BarsClosed", "Submitted", "Accepted", "Submitted", "Accepted"),
        *("Expired", "BarsClosed"),
    ]
    assert [event for event in everything.seen if isinstance(event, Filled)] == fills.seen
    assert [(event.lots, event.price, event.reason) for event in fills.seen] == [
        (10000, 100.0, "signal"),
        (-10000, 95.0, "stop"),
    ]
    assert [event.bar for event in everything.seen if isinstance(event, BarsClosed)] == [0, 1, 2, 3]


def test_vetoes_rejections_cancellations_funding_and_liquidations_are_told(drive: Drive) -> None:
    watch = Watch((Vetoed, Rejected, Cancelled, Funding, Liquidated, Expired))
    rows = [FLAT, FLAT, (100.0, 106.0, 100.0, 100.0), (100.0, 100.0, 80.0, 90.0), FLAT, FLAT]
    script = {
        0: 1.0,
        1: (fw.Place(899.0, "stop", 105.0),),  # within its leverage at 100, not at 105
        3: (fw.Place(0.5, "limit", 50.0, id="a"),),
        4: (fw.Cancel("a"),),
    }
    script[5] = 0.5
    drive(script, rows, rules={"min_notional": 5.0}, rates=[(2, 0.001)], observers=[watch], risk=[NoHalf()])
    assert [(type(event).__name__, event.time // HOUR) for event in watch.seen] == [
        ("Funding", 2),
        ("Rejected", 3),  # reached in bar 2, whose close is told
        ("Liquidated", 3),
        ("Cancelled", 5),
        ("Vetoed", 6),
    ]
    assert watch.seen[0] == Funding(time=2 * HOUR, instrument="A", lots=10000, amount=pytest.approx(-10.0))
    assert (watch.seen[1].reason, watch.seen[1].code) == ("margin is insufficient (-2019)", -2019)


def test_observers_change_nothing(drive: Drive) -> None:
    script = {0: fw.Signal(1.0, stop_loss=95.0, limit=99.0), 2: -0.5, 5: (fw.Place(0.5),)}
    rows = [FLAT, (100.0, 101.0, 98.0, 99.0), FLAT, (100.0, 103.0, 97.0, 98.0), FLAT, FLAT, FLAT]
    alone, watched = drive(script, rows), drive(script, rows, observers=[Watch((Event,))])
    for name in ("fills", "orders", "equity", "signals"):
        for column in getattr(alone, name):
            np.testing.assert_array_equal(getattr(alone, name)[column], getattr(watched, name)[column])


def test_no_event_is_built_that_nobody_wants(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    for kind in (BarsClosed, Decided, Submitted, Filled):
        before = kind.__init__

        def count(self: Any, *args: Any, _before: Any = before, **rest: Any) -> None:
            built.append(type(self).__name__)
            _before(self, *args, **rest)

        monkeypatch.setattr(kind, "__init__", count)
    drive({0: 1.0, 3: 0.0})
    assert built == []
    drive({0: 1.0, 3: 0.0}, observers=[Watch((Decided,))])
    assert built == ["Decided", "Decided"]


def test_an_observer_that_breaks_is_left_out_and_the_run_goes_on(drive: Drive, capsys: Any) -> None:
    class Breaks(Watch):
        def notice(self, event: Event) -> None:
            super().notice(event)
            raise RuntimeError("no disk")

    breaks, watch = Breaks((BarsClosed,)), Watch((BarsClosed,))
    result = drive({0: 1.0}, observers=[{"use": breaks, "name": "breaks"}, {"use": watch, "name": "watch"}])
    assert lots(result) == [(1, 10000)]
    assert (len(breaks.seen), len(watch.seen)) == (1, 10)
    said = capsys.readouterr()
    assert "observer left out" in said.out + said.err
    assert "no disk" in said.out + said.err
