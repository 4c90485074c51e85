"""The Python driver asks sizers and risk checks, holds them to their contract, and acts on what changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest

import fw

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


@pytest.mark.parametrize("kind", [float, np.float64, fw.Signal])
def test_a_repeated_signal_is_sized_and_reviewed_once_whatever_its_type(drive: Drive, kind: Any) -> None:
    check = Checks(lambda target, view: fw.Veto("no"))
    result = drive(Says(lambda view: kind(1.0)), risk=[check])
    assert len(check.seen) == 1
    assert result.vetoes.rows == 1


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
