"""Peers make our trades and our profit from the same bars and decisions, but for the differences that have a name.

The peers are the witnesses. So is a plain walk over the bars (`differences.py`), which must give our trades with no
difference switched on and a peer's with the peer's; it needs no peer to be there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PEERS = ("backtesting", "vectorbt", "nautilus")


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_makes_our_trades_from_made_up_bars(
    harness: Any, ready: Callable[[str], Path], tmp_path: Path, peer: str
) -> None:
    ready(peer)
    agree, differences = harness("agree"), harness("differences")
    found = agree.agreement(peer, "made up", tmp_path)
    assert set(found) == set(agree.STRATEGIES[peer])
    for one in found.values():
        assert not one.unexplained
        assert one.equal > 250
        assert one.largest <= 1e-9
    assert set().union(*(one.reasons for one in found.values())) == differences.KNOWN[peer]  # no name stands idle
    assert found["crossover"].equal == found["crossover"].ours == found["crossover"].theirs
    assert min(found["brackets"].ends[end] for end in ("stop", "take_profit", "signal")) > 100


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_makes_our_trades_from_real_bars(
    harness: Any, ready: Callable[[str], Path], tmp_path: Path, real_data: Path, peer: str
) -> None:
    ready(peer)
    for one in harness("agree").agreement(peer, "real", tmp_path, real_data).values():
        assert not one.unexplained
        assert one.equal > 500
        assert one.largest <= 1e-9


@pytest.mark.parametrize("through", [0, 1])
@pytest.mark.parametrize("strategy", ["brackets", "limits", "limits with brackets"])
def test_our_trades_are_those_of_a_plain_walk(harness: Any, strategy: str, through: int) -> None:
    agree, scenes, differences = harness("agree"), harness("scenes"), harness("differences")
    prices = scenes.made_up(4)
    columns = prices | scenes.decisions(strategy, prices, 4, scenes.GRID)
    ours = agree.rows_of(harness("trades_ours").trades_of(strategy, columns, through=through))
    terms = differences.Terms(scenes.COINS, scenes.MAKER, scenes.TAKER, through)
    assert len(ours) > 80
    assert agree.mismatches("fw", ours, agree.rows_by_decision(columns, terms, set())) == []


def columns_of(*bars: tuple[float, float, float, float], **decisions: dict[int, float]) -> dict[str, Any]:
    """Bars, and decisions as `name={bar: value}`; flat is decided at the last bar but one."""
    columns = dict(zip(("open", "high", "low", "close"), np.array(bars, dtype=float).T, strict=True))
    for name in ("side", "stop", "take", "limit", "expiry"):
        columns[name] = np.full(len(bars), np.nan)
        for bar, value in decisions.get(name, {}).items():
            columns[name][bar] = value
    columns["side"][-2] = 0.0
    return columns


CALM = (100.0, 101.0, 99.0, 100.0)
LONG = {"side": {0: 1.0}, "stop": {0: 95.0}, "take": {0: 110.0}}


@pytest.mark.parametrize(
    ("name", "bars", "decisions", "ours", "theirs"),
    [
        # entry at 100; the third bar opens at 114, beyond the profit of 110
        ("GAPPED_PROFIT", [CALM, CALM, (114, 115, 113, 114), CALM, CALM], LONG, (2, 110.0), (2, 114.0)),
        # the third bar opens at 91, beyond the stop of 95
        ("GAPPED_STOP", [CALM, CALM, (91, 92, 90, 91), CALM, CALM], LONG, (2, 91.0), (2, 95.0)),
        # one bar reaches both
        ("HIGH_FIRST", [CALM, CALM, (100, 112, 94, 100), CALM, CALM], LONG, (2, 95.0), (2, 110.0)),
        # the entry's own bar reaches the stop, the next one opens at 97 and reaches it again
        ("NOT_AT_ONCE", [CALM, (100, 101, 94, 97), (97, 98, 93, 97), CALM, CALM], LONG, (1, 95.0), (2, 95.0)),
        # flat is decided at the third bar's close; the fourth reaches the stop after its open
        ("ONE_ORDER", [CALM, CALM, CALM, (99, 100, 94, 95)], LONG, (3, 99.0), (3, 95.0)),
        # or opens beyond the profit, which rested before the decision's order comes
        ("PROTECTION_FIRST", [CALM, CALM, CALM, (114, 115, 113, 114)], LONG, (3, 114.0), (3, 110.0)),
        # a limit of 96 reached inside the bar, which then falls to the stop, as does the next
        (
            "LIMIT_NOT_AT_ONCE",
            [CALM, (100, 101, 94, 97), (97, 98, 93, 97), CALM, CALM],
            LONG | {"limit": {0: 96.0}, "expiry": {0: 2}},
            (1, 95.0),
            (2, 95.0),
        ),
        # a profit of 110 that is touched and no more; limits must be traded through by a tick
        ("TOUCH", [CALM, CALM, (100, 110, 99, 100), CALM, CALM], LONG, (4, 100.0), (2, 110.0)),
    ],
)
def test_a_named_difference_moves_the_exit(
    harness: Any, name: str, bars: Any, decisions: Any, ours: Any, theirs: Any
) -> None:
    differences = harness("differences")
    columns, terms = columns_of(*bars, **decisions), differences.Terms(1.0, 0.0, 0.0, int(name == "TOUCH"))
    for switches, expected in ((set(), ours), ({getattr(differences, name)}, theirs)):
        (trade,) = differences.walk(columns, terms, switches)
        assert (trade.exit_bar, trade.exit_price) == expected


@pytest.mark.parametrize(
    ("name", "bars", "ours", "theirs"),
    [
        # a buy at 98 that has rested for a bar; the next opens at 96
        ("GAPPED_LIMIT", [CALM, CALM, (96, 97, 95.5, 96), CALM, CALM], [(2, 98.0)], [(2, 96.0)]),
        # it runs out with the third bar; the fourth opens at 96
        ("LATE", [CALM, CALM, CALM, (96, 97, 95.5, 96), CALM, CALM], [], [(3, 98.0)]),
    ],
)
def test_a_named_difference_moves_the_entry(harness: Any, name: str, bars: Any, ours: Any, theirs: Any) -> None:
    differences = harness("differences")
    columns = columns_of(*bars, side={0: 1.0}, limit={0: 98.0}, expiry={0: 2})
    terms = differences.Terms(1.0, 0.0, 0.0, 0)
    for switches, expected in ((set(), ours), ({getattr(differences, name)}, theirs)):
        trades = differences.walk(columns, terms, switches)
        assert [(trade.entry_bar, trade.entry_price) for trade in trades] == expected


def test_what_is_entered_beyond_its_profit_is_a_maker_with_us_and_a_taker_with_another(harness: Any) -> None:
    differences = harness("differences")
    columns = columns_of(CALM, (114, 115, 113, 114), CALM, CALM, **LONG)
    terms = differences.Terms(1.0, 0.01, 0.1, 0)
    profits = [
        differences.walk(columns, terms, switches)[0].profit for switches in (set(), {differences.BEYOND_AT_ENTRY})
    ]
    assert profits == pytest.approx([110 - 114 - 11.4 - 1.10, 114 - 114 - 11.4 - 11.4])
