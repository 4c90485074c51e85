"""The Python driver: what parts may say, what it makes of it, and what it says of parts that break their contract."""

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
class Says:
    """A strategy made of one function."""

    what: Any
    lookback: int = 100

    def decide(self, view: fw.View) -> Any:
        return self.what(view)


@attrs.define(eq=False)
class Together:
    """A strategy that decides for all at once, made of one function."""

    what: Any

    def decide_together(self, view: fw.View) -> Any:
        return self.what(view)


@attrs.define(eq=False)
class Sizes:
    """A sizer made of one function of a signal and its view."""

    what: Any
    every_bar: bool = False
    asked: int = 0

    def size(self, signals: Any, view: fw.View) -> Any:
        self.asked += 1
        return {name: self.what(signal, view.of(name)) for name, signal in signals.items()}


@attrs.define(eq=False)
class Checks:
    """A check made of one function of a target and its view."""

    what: Any
    every_bar: bool = False
    seen: list[Any] = attrs.field(factory=list)

    def review(self, targets: Any, view: fw.View) -> Any:
        self.seen.append((view.time // HOUR - 1, set(view.changed), dict(targets)))
        return {name: self.what(target, view.of(name)) for name, target in targets.items()}


def lots(result: fw.Result) -> list[tuple[int, int]]:
    return [(int(t) // HOUR, int(n)) for t, n in zip(result.fills["time"], result.fills["lots"], strict=True)]


# what a strategy may say


def test_a_strength_a_signal_and_an_integer_mean_the_same(drive: Drive) -> None:
    said = [drive({0: word, 5: zero}) for word, zero in ((1.0, 0.0), (fw.Signal(1.0), fw.Signal(0.0)), (1, 0))]
    said.append(drive({0: np.float64(1.0), 5: np.float64(0.0)}))
    assert [lots(result) for result in said] == [[(1, 10000), (6, -10000)]] * 4


def test_none_keeps_and_so_does_the_same_signal_again(drive: Drive) -> None:
    once = drive({0: fw.Signal(1.0, stop_loss=90.0)})
    again = drive(Says(lambda view: fw.Signal(1.0, stop_loss=90.0)))
    assert lots(once) == lots(again) == [(1, 10000)]
    assert once.signals.rows == again.signals.rows == 1


@pytest.mark.parametrize("kind", [float, np.float64, fw.Signal])
def test_a_repeated_signal_is_sized_and_reviewed_once_whatever_its_type(drive: Drive, kind: Any) -> None:
    check = Checks(lambda target, view: fw.Veto("no"))
    result = drive(Says(lambda view: kind(1.0)), risk=[check])
    assert len(check.seen) == 1
    assert result.vetoes.rows == 1


def test_a_tag_alone_is_no_change(drive: Drive) -> None:
    result = drive({0: fw.Signal(1.0, tag="one"), 3: fw.Signal(1.0, tag="two"), 5: 0.0})
    assert list(result.signals["tag"]) == ["one", ""]
    assert list(result.fills["tag"]) == ["one", ""]


def test_a_view_s_signal_is_the_one_in_force(drive: Drive) -> None:
    seen = []

    def what(view: fw.View) -> Any:
        seen.append(None if view.signal is None else view.signal.strength)
        return {2: 0.5, 4: 0.0}.get(view.time // HOUR - 1)

    drive(Says(what))
    assert seen == [None] * 3 + [0.5] * 2 + [0.0] * 5


def test_an_empty_tuple_is_no_order_and_keeps(drive: Drive) -> None:
    assert lots(drive({0: 1.0, 1: (), 2: (), 3: None})) == [(1, 10000)]


def test_deciding_together(drive: Drive) -> None:
    rows = [FLAT] * 8

    def what(view: fw.View) -> Any:
        bar = view.time // HOUR - 1
        return {0: {"A": 0.5, "B": fw.Signal(-0.5)}, 2: {"B": None}, 3: {"A": 0.0}, 4: None, 5: {}}.get(bar)

    result = drive(Together(what), rows, rows)
    assert list(zip(result.fills["instrument"], *zip(*lots(result), strict=True), strict=True)) == [
        ("A", 1, 5000),
        ("B", 1, -5000),
        ("A", 4, -5000),
    ]


# what a strategy may not say


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("long", "decided str, not a strength"),
        (True, "decided bool, not a strength"),
        ([fw.Place(1.0)], "decided list, not a strength"),
        (np.array([1.0]), "decided ndarray, not a strength"),
        (fw.Target(lots=3), "decided Target, not a strength"),
        (float("nan"), "gave a strength of nan"),
        (np.float64("nan"), "gave a strength of nan"),
        (float("inf"), "gave a strength of inf"),
        (1.5, "gave a strength of 1.5"),
        (-2, "gave a strength of -2"),
    ],
)
def test_a_decision_that_is_none(drive: Drive, said: Any, words: str) -> None:
    with pytest.raises(fw.PluginError) as caught:
        drive({3: said})
    message = str(caught.value)
    assert message.startswith("strategy 'script' " + words)
    assert message.endswith(" (A at 1970-01-01 04:00)")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda view: 1 / 0, "raised ZeroDivisionError: division by zero (test_loop.py:"),
        (lambda view: fw.Signal(2.0), "raised ValueError: a signal's strength lies in [-1, 1], not 2.0"),
        (lambda view: fw.Signal(float("nan")), "raised ValueError: a signal's strength"),
        (lambda view: fw.Signal(1.0, stop_loss=-1.0), "raised ValueError: a signal's stop_loss"),
        (lambda view: view.of("DOGEUSDT"), "went wrong: the run does not trade 'DOGEUSDT'; it trades A"),
        (lambda view: view.features["rsi_14"], "went wrong: there is no feature 'rsi_14'"),
        (lambda view: view.at("7m"), "went wrong: view.at"),
        (lambda view: view.bars.nonsense, "raised AttributeError"),
    ],
)
def test_a_strategy_that_breaks(drive: Drive, what: Any, words: str) -> None:
    with pytest.raises(fw.PluginError) as caught:
        drive(Says(what))
    message = str(caught.value)
    assert message.startswith("strategy 'says' " + words)
    assert message.endswith(" (A at 1970-01-01 01:00)")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"DOGEUSDT": 1.0}, "decided for 'DOGEUSDT', which this run does not trade"),
        ({"A": "long"}, "decided str"),
        (1.0, "gave float, not a mapping from instrument to signals"),
        ([("A", 1.0)], "gave list, not a mapping"),
        ({"A": (fw.Place(1.0),)}, "decided tuple"),
    ],
)
def test_a_strategy_for_all_that_breaks(drive: Drive, said: Any, words: str) -> None:
    with pytest.raises(fw.PluginError, match=words) as caught:
        drive(Together(lambda view: said))
    assert str(caught.value).startswith("strategy 'together' ")


def test_a_strategy_that_cannot_decide_is_refused_before_the_data_is_read(make_plan: Any, made_up: Any) -> None:
    @attrs.frozen
    class Idle:
        def build(self, run: fw.Run) -> object:
            return object()

    with pytest.raises(fw.PluginError, match="'idle' has neither decide"):
        make_plan(made_up.market_of([FLAT] * 3), Idle()).run(write=False)


# arrays


@attrs.define(eq=False)
class Arrays:
    what: Any

    def decide(self, view: fw.View) -> Any:
        return None

    def decide_all(self, history: fw.History) -> Any:
        return self.what(history.bars.close)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda close: close[0], r"gave strength as float64\[10\], not float64\[1, 10\]"),
        (lambda close: close[:, 1:], r"gave strength as float64\[1, 9\]"),
        (lambda close: np.ones(close.shape, int), r"gave strength as int64\[1, 10\]"),
        (lambda close: [[1.0]], "gave strength as list"),
        (lambda close: None, "gave strength as NoneType"),
        (lambda close: close, "gave strength 100 for A at 1970-01-01 01:00"),
        (lambda close: np.where(close > 0, np.inf, 0.0), "gave strength inf"),
        (lambda close: fw.SignalArrays(strength=close * 0, stop_loss=close * -1), "gave stop_loss -100 for A"),
        (lambda close: fw.SignalArrays(strength=close * 0, limit=close[:, :3]), r"gave limit as float64\[1, 3\]"),
        (lambda close: fw.SignalArrays(strength=close * 0, expiry=close * 0), "gave expiry 0 for A"),
        (lambda close: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_arrays_that_are_none(make_plan: Any, made_up: Any, what: Any, words: str) -> None:
    plan = make_plan(made_up.market_of([FLAT] * 10), Arrays(what), account={"funding": "zero"})
    with pytest.raises(fw.PluginError, match=words) as caught:
        plan.run(write=False)
    assert "'arrays'" in str(caught.value)


def test_nan_strengths_keep(make_plan: Any, made_up: Any) -> None:
    def what(close: Any) -> Any:
        strength = np.full_like(close, np.nan)
        strength[0, 2], strength[0, 6] = 1.0, 0.0
        return strength

    result = make_plan(made_up.market_of([FLAT] * 10), Arrays(what), account={"funding": "zero"}).run(write=False)
    assert result.engine == "scan"
    assert [bar for bar, _ in lots(result)] == [3, 7]


# sizers


def test_a_sizer_may_answer_in_any_unit(drive: Drive) -> None:
    for target, size in (
        (fw.Target(exposure=0.5), 5000),
        (fw.Target(notional=-250.0), -250),
        (fw.Target(lots=7), 7),
        (fw.Target(lots=0), None),
    ):
        result = drive({0: 1.0}, sizer=Sizes(lambda signal, view, target=target: target))
        assert lots(result) == ([] if size is None else [(1, size)])


def test_a_flat_signal_is_flat_whatever_the_sizer_says(drive: Drive) -> None:
    result = drive({0: 1.0, 3: 0.0}, sizer=Sizes(lambda signal, view: fw.Target(lots=7)))
    assert lots(result) == [(1, 7), (4, -7)]


def test_a_sizer_sees_every_signal_in_force_and_acts_on_the_changed(drive: Drive) -> None:
    seen = []

    class Both(Sizes):
        def size(self, signals: Any, view: fw.View) -> Any:
            seen.append((sorted(signals), sorted(view.changed)))
            return super().size(signals, view)

    sizer = Both(lambda signal, view: fw.Target(lots=len(seen)))
    result = drive({0: 1.0, (3, "B"): 1.0}, [FLAT] * 6, [FLAT] * 6, sizer=sizer)
    assert seen == [(["A"], ["A"]), (["A", "B"], ["B"])]
    assert list(zip(result.fills["instrument"], result.fills["lots"], strict=True)) == [("A", 1), ("B", 2)]


def test_an_every_bar_sizer_resizes_what_it_says_differently(drive: Drive) -> None:
    sizer = Sizes(lambda signal, view: fw.Target(lots=5 if view.time < 4 * HOUR else 8), every_bar=True)
    result = drive({0: 1.0}, sizer=sizer)
    assert lots(result) == [(1, 5), (4, 3)]
    assert list(result.fills["reason"]) == ["signal", "rebalance"]
    assert sizer.asked == 10


def test_an_every_bar_sizer_brings_nothing_back_after_a_stop(drive: Drive) -> None:
    rows = [FLAT, FLAT, (100.0, 100.0, 90.0, 95.0), *[FLAT] * 4]
    script = {0: fw.Signal(1.0, stop_loss=95.0), 5: fw.Signal(0.5)}
    sizer = Sizes(lambda signal, view: fw.Target(lots=10 + view.time // HOUR), every_bar=True)
    assert [bar for bar, _ in lots(drive(script, rows, sizer=sizer))] == [1, 2, 2, 6]  # in, resized, stopped; again


def test_an_every_bar_sizer_may_begin_late(drive: Drive) -> None:
    sizer = Sizes(lambda signal, view: fw.Target(lots=0 if view.time < 4 * HOUR else 8), every_bar=True)
    assert lots(drive({0: 1.0}, sizer=sizer)) == [(4, 8)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "gave NoneType, not a mapping from instrument to targets"),
        ({}, "gave no fw.Target for A"),
        ({"A": 1.0}, "gave no fw.Target for A"),
        ({"B": fw.Target(lots=1)}, "gave no fw.Target for A"),
        ([fw.Target(lots=1)], "gave list, not a mapping from instrument to targets"),
    ],
)
def test_a_sizer_that_says_nothing(drive: Drive, said: Any, words: str) -> None:
    @attrs.frozen
    class Mute:
        def size(self, signals: Any, view: fw.View) -> Any:
            return said

    with pytest.raises(fw.PluginError) as caught:
        drive({3: 1.0}, sizer=Mute())
    assert str(caught.value) == f"sizer 'mute' {words} (A at 1970-01-01 04:00)"


def test_a_sizer_that_breaks(drive: Drive) -> None:
    with pytest.raises(fw.PluginError, match=r"sizer 'sizes' raised ZeroDivisionError.* \(A at 1970-01-01 01:00\)"):
        drive({0: 1.0}, sizer=Sizes(lambda signal, view: 1 / 0))
    with pytest.raises(fw.PluginError, match="raised ValueError: a target is a finite number"):
        drive({0: 1.0}, sizer=Sizes(lambda signal, view: fw.Target(exposure=float("nan"))))


# checks


def test_a_veto_keeps_what_is_held_and_stands_in_the_journal(drive: Drive) -> None:
    check = Checks(lambda target, view: fw.Veto("too much") if target.size > 0.5 else target)
    result = drive({0: 0.5, 3: 1.0, 6: 0.25}, risk=[check])
    assert [bar for bar, _ in lots(result)] == [1, 7]
    assert result.fills["lots"][1] == pytest.approx(-2500, abs=2)  # the entry's fee has made equity smaller
    assert [tuple(result.vetoes[name][0] for name in result.vetoes)] == [(4 * HOUR, "A", "checks", "too much")]


def test_a_check_shrinks_and_the_next_one_sees_what_is_left(drive: Drive) -> None:
    half, watch = Checks(lambda target, view: target.scaled(0.5)), Checks(lambda target, view: target)
    result = drive({0: 1.0}, risk=[{"use": half, "name": "half"}, {"use": watch, "name": "watch"}])
    assert lots(result) == [(1, 5000)]
    assert watch.seen[0][2]["A"].exposure == 0.5


def test_what_one_check_refused_the_next_is_not_asked(drive: Drive) -> None:
    no, watch = Checks(lambda target, view: fw.Veto("no")), Checks(lambda target, view: target)
    drive({0: 1.0}, risk=[{"use": no, "name": "no"}, {"use": watch, "name": "watch"}])
    assert watch.seen[0][2] == {}


def test_an_every_bar_check_shrinks_what_is_held(drive: Drive) -> None:
    check = Checks(lambda target, view: target if view.time < 4 * HOUR else target.scaled(0.5), every_bar=True)
    result = drive({0: 1.0}, risk=[check])
    assert [bar for bar, _ in lots(result)] == [1, 4]
    assert result.fills["lots"][1] == pytest.approx(-5000, abs=5)  # the entry's fee has made equity smaller
    assert list(result.fills["reason"]) == ["signal", "risk"]


def test_an_every_bar_veto_is_noted_once_while_it_stands(drive: Drive) -> None:
    check = Checks(lambda target, view: fw.Veto("closed") if view.time < 6 * HOUR else target, every_bar=True)
    result = drive({0: 1.0}, risk=[check])
    assert result.vetoes.rows == 1
    assert lots(result) == [(6, 10000)]


def test_no_check_may_veto_going_flat(drive: Drive) -> None:
    check = Checks(lambda target, view: target if target.size else fw.Veto("stay"))
    words = r"'checks' vetoed A moving nearer to flat \(stay\) \(A at 1970-01-01 04:00\)"
    with pytest.raises(fw.PluginError, match=words):
        drive({0: 1.0, 3: 0.0}, risk=[check])


def test_a_vetoed_turn_closes_the_position_and_opens_none(drive: Drive) -> None:
    check = Checks(lambda target, view: target if target.size > 0 else fw.Veto("no shorts"))
    result = drive({0: 1.0, 4: -1.0}, risk=[check])
    assert [bar for bar, _ in lots(result)] == [1, 5]
    assert result.fills["lots"].sum() == 0
    assert list(result.vetoes["reason"]) == ["no shorts"]
    assert any("checks refused a target once" in note and "no shorts" in note for note in result.notes)


def test_no_check_may_veto_a_smaller_position(drive: Drive) -> None:
    check = Checks(lambda target, view: target if abs(target.size) > 0.6 else fw.Veto("all or nothing"))
    with pytest.raises(fw.PluginError, match=r"vetoed A moving nearer to flat \(all or nothing\)"):
        drive({0: 1.0, 3: 0.5}, risk=[check])


@pytest.mark.parametrize("factor", [2.0, -1.0])
def test_no_check_may_enlarge_or_turn_a_target(drive: Drive, factor: float) -> None:
    check = Checks(lambda target, view: target.scaled(factor))
    with pytest.raises(fw.PluginError, match="enlarged the target of A; a check may only shrink it"):
        drive({0: 0.5}, risk=[check])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "gave NoneType, not a mapping from instrument to targets"),
        ({}, "gave neither a target nor a veto for A"),
        ({"A": None}, "gave neither a target nor a veto for A"),
        ({"A": False}, "gave neither a target nor a veto for A"),
    ],
)
def test_a_check_that_says_nothing(drive: Drive, said: Any, words: str) -> None:
    @attrs.frozen
    class Mute:
        def review(self, targets: Any, view: fw.View) -> Any:
            return said

    with pytest.raises(fw.PluginError) as caught:
        drive({3: 1.0}, risk=[Mute()])
    assert str(caught.value) == f"risk check 'mute' {words} (A at 1970-01-01 04:00)"


# observers


@attrs.define(eq=False)
class Watch:
    """Keeps the events of the kinds it asks for."""

    kinds: tuple[type, ...]
    seen: list[Event] = attrs.field(factory=list)

    def notice(self, event: Event) -> None:
        self.seen.append(event)


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
    rows = [FLAT, FLAT, FLAT, (100.0, 100.0, 80.0, 90.0), FLAT, FLAT]
    script = {
        0: 1.0,
        1: (fw.Place(0.01, "limit", 99.0),),
        3: (fw.Place(0.5, "limit", 50.0, id="a"),),
        4: (fw.Cancel("a"),),
    }
    check = Checks(lambda target, view: fw.Veto("no") if target.size == 0.5 else target)
    script[5] = 0.5
    drive(script, rows, rules={"min_notional": 5.0}, rates=[(2, 0.001)], observers=[watch], risk=[check])
    assert [(type(event).__name__, event.time // HOUR) for event in watch.seen] == [
        ("Funding", 2),
        ("Liquidated", 3),
        ("Rejected", 4),  # reached in bar 3, whose close is told
        ("Cancelled", 5),
        ("Vetoed", 6),
    ]
    assert watch.seen[0] == Funding(time=2 * HOUR, instrument="A", lots=10000, amount=pytest.approx(-10.0))
    assert watch.seen[2].reason == "notional is below the minimum (-4164)"


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


# the account as parts see it


def test_position_and_account_are_those_of_the_close_just_seen(drive: Drive) -> None:
    seen = []

    def what(view: fw.View) -> Any:
        position, account = view.position, view.account
        seen.append((position.lots, position.entry_price, position.unrealised, account.equity, account.wallet))
        return fw.Signal(0.01) if view.time == HOUR else None

    rows = [FLAT, (100.0, 110.0, 100.0, 110.0), (110.0, 110.0, 105.0, 105.0)]
    result = drive(Says(what), rows)
    fee = float(result.fills["fee"][0])
    assert seen[0] == (0, 0.0, 0.0, 10_000.0, 10_000.0)
    assert seen[1] == pytest.approx((100, 100.0, 10.0, 10_010.0 - fee, 10_000.0 - fee))
    assert seen[2] == pytest.approx((100, 100.0, 5.0, 10_005.0 - fee, 10_000.0 - fee))


def test_interrupting_is_not_an_error_of_the_strategy(drive: Drive) -> None:
    def what(view: fw.View) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(Says(what))
