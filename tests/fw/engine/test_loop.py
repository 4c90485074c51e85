"""The Python driver: what a strategy may say, and what it is shown."""

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
class Together:
    """A strategy that decides for all at once, made of one function."""

    what: Any

    def decide_together(self, view: fw.View) -> Any:
        return self.what(view)


def lots(result: fw.Result) -> list[tuple[int, int]]:
    return [(int(t) // HOUR, int(n)) for t, n in zip(result.fills["time"], result.fills["lots"], strict=True)]


def test_a_strength_a_signal_and_an_integer_mean_the_same(drive: Drive) -> None:
    said = [drive({0: word, 5: zero}) for word, zero in ((1.0, 0.0), (fw.Signal(1.0), fw.Signal(0.0)), (1, 0))]
    said.append(drive({0: np.float64(1.0), 5: np.float64(0.0)}))
    assert [lots(result) for result in said] == [[(1, 10000), (6, -10000)]] * 4


def test_none_keeps_and_so_does_the_same_signal_again(drive: Drive) -> None:
    once = drive({0: fw.Signal(1.0, stop_loss=95.0)})
    again = drive(Says(lambda view: fw.Signal(1.0, stop_loss=95.0)))
    assert lots(once) == lots(again) == [(1, 10000)]
    assert once.signals.rows == again.signals.rows == 1


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
