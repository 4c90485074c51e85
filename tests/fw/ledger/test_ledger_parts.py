"""Orders that fill in parts: what is left of the old position keeps its own protections until it is gone.

A bar trades one coin, of which orders may be 0.6; strength 1 is one coin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fw.ledger import kinds

NAN = float("nan")
FLAT = (100, 100, 100, 100)
STOPS = [[110.0, NAN, 90.0, NAN, NAN, NAN, NAN]]
PARTS = {"participation": 0.6, "leverage": 5.0}


def test_a_turn_that_is_half_done_is_not_stopped_by_the_stop_of_the_side_to_come(trade: Callable[..., Any]) -> None:
    # the stop of the long to come, at 90, would be far behind the price for what is left of the short
    strength = [[-1.0, NAN, 1.0, NAN, NAN, NAN, NAN]]
    simulation = trade([FLAT] * 7, strength=strength, stop_loss=STOPS, **PARTS)
    assert simulation.fills["lots"].tolist() == [-60, -40, 60, 60, 60, 20]
    assert {kinds.REASONS[reason] for reason in simulation.fills["reason"]} == {"signal"}


@pytest.mark.parametrize(("until", "held", "stop"), [(4, -40, 110.0), (5, 20, 90.0), (7, 100, 90.0)])
def test_the_stop_changes_sides_with_the_position(
    trade: Callable[..., Any], until: int, held: int, stop: float
) -> None:
    strength = [[-1.0, NAN, 1.0, NAN, NAN, NAN, NAN]]
    simulation = trade([FLAT] * 7, strength=strength, stop_loss=STOPS, until=until, **PARTS)
    assert simulation.positions[0]["lots"] == held
    assert simulation.positions[0]["stop"] == stop


def test_an_exit_that_is_half_done_leaves_the_stop_where_it_is(trade: Callable[..., Any]) -> None:
    bars = [*[FLAT] * 4, (100, 112, 100, 111), FLAT]
    strength = [[-1.0, NAN, 0.0, NAN, NAN, NAN]]
    stops = [[110.0, NAN, NAN, NAN, NAN, NAN]]
    before = trade(bars, strength=strength, stop_loss=stops, until=4, **PARTS)
    assert (before.positions[0]["lots"], before.positions[0]["stop"]) == (-40, 110.0)
