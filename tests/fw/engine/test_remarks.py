"""What a run says of orders that came to nothing, tried by doing what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fw

HOUR = 3_600_000_000_000
Drive = Callable[..., fw.Result]
TIERS = (fw.Tier(0, 0.01, 0, 20), fw.Tier(5_000, 0.02, 50, 10), fw.Tier(20_000, 0.05, 650, 3))


def said(result: fw.Result, word: str) -> list[str]:
    return [note for note in result.notes if word in note]


@pytest.mark.parametrize(("share", "fills"), [(0.009, 0), (0.01, 1)])
def test_a_share_of_the_volume_below_one_lot_is_told(drive: Drive, share: float, fills: int) -> None:
    # every bar trades one coin, and a lot is 0.01 of it
    result = drive({0: (fw.Place(0.01),)}, simulation={"participation": share})
    assert result.fills.rows == fills
    assert said(result, "participation") == (
        []
        if fills
        else [
            "simulation.participation: 0.009 of what any bar of A traded is less than one lot, so nothing of it fills; "
            "it takes 0.01 or more"
        ]
    )


@pytest.mark.parametrize(
    ("strength", "text"),
    [
        (
            0.6,  # of 10,000
            "1 order was rejected, at 1970-01-01 01:00: a leverage of 15 is above 10, the cap of A's bracket from "
            "5,000 to 20,000 USDT, which holds its notional of 6,000 (-2027); lower account.leverage, or keep "
            "positions below 5,000 USDT",
        ),
        (0.4, None),
    ],
)
def test_leverage_above_the_cap_names_the_bracket(drive: Drive, strength: float, text: str | None) -> None:
    result = drive({0: strength}, account={"leverage": 15}, rules={"tiers": TIERS})
    assert said(result, "-2027") == ([] if text is None else [text])
    assert result.fills.rows == (0 if text else 1)


def test_the_position_counts_and_the_last_bracket_has_no_end(drive: Drive) -> None:
    script = {0: (fw.Place(150.0),), 2: (fw.Place(60.0),)}
    result = drive(script, account={"leverage": 8}, rules={"tiers": TIERS}, sizer={"fraction": 1})
    (note,) = said(result, "-2027")
    assert "a leverage of 8 is above 3" in note
    assert "from 20,000 USDT on, which holds its notional of 21,000" in note


def test_each_reason_for_rejections_has_its_sentence(drive: Drive) -> None:
    script = {
        0: (fw.Place(0.01), fw.Place(1.0, "limit", 130.0)),
        3: (fw.Place(0.02), fw.Place(0.01)),
    }
    result = drive(script, rules={"min_notional": 5.0, "percent_up": 1.15})
    assert said(result, "rejected") == [
        "3 orders were rejected; the first at 1970-01-01 01:00: notional is below the minimum (-4164)",
        "1 order was rejected, at 1970-01-01 01:00: a buy too far above the mark price (-4016)",
    ]


def capitals(note: str) -> list[float]:
    """The one or two numbers a note asks for."""
    found = re.search(r"has to be at least ([\d,.]+?)(?: for one of them, about ([\d,.]+) for each)?$", note)
    assert found is not None, note
    return [float(number.replace(",", "")) for number in found.groups() if number]


@pytest.mark.parametrize("engine", ["scan", "loop"])
@pytest.mark.parametrize(
    ("sizer", "risk"),
    [
        ({"use": "fixed_fraction", "fraction": 0.25}, []),
        ({"use": "fixed_fraction", "fraction": 1.5}, [{"use": "max_exposure", "limit": 0.3}]),
        ({"use": "volatility_target", "target": 0.4, "span": 5, "limit": 2}, []),
    ],
)
def test_the_smallest_capital_it_names_trades_and_a_little_less_does_not(
    made_up: ModuleType, make_plan: Callable[..., Any], engine: str, sizer: dict[str, Any], risk: list[Any]
) -> None:
    rng = np.random.default_rng(5)
    market = made_up.random_market(rng, ("A",), 200)
    rows = np.full((1, 200), np.nan)
    rows[0, [20, 80, 150]] = [1.0, -0.5, 0.8]
    strategy = made_up.Scripted(fw.SignalArrays(strength=rows))

    def run(capital: float) -> fw.Result:
        account = {"capital": capital, "funding": "zero", "leverage": 2}
        settings = {"sizer": sizer, "risk": risk, "simulation": {"slippage": {"bps": 0}}}
        result: fw.Result = make_plan(market, strategy, account=account, **settings).run(write=False, engine=engine)
        return result

    (note,) = said(run(0.5), "too small")
    assert note.startswith("all 3 decisions were too small to trade; the smallest order: A 5.")
    least, most = capitals(note)
    assert run(least).fills.rows > 0
    assert run(least * 0.99).fills.rows == 0
    assert not said(run(most * 1.05), "too small")  # a little more: what was lost before it is not known


def test_a_quantity_that_is_too_small_asks_for_a_larger_one(drive: Drive) -> None:
    result = drive({0: 0.5}, sizer={"use": "fixed_quantity", "quantity": 0.05}, rules={"min_notional": 5.0})
    (note,) = said(result, "too small")
    # half of 0.1 coins at 100 are 5
    assert note == (
        "the one decision was too small to trade; the smallest order: A 5.00 USDT; "
        "the sizer's quantity has to be at least 0.1"
    )


def test_instruments_that_share_a_limit_need_more_together(drive: Drive) -> None:
    script = {(0, "A"): 1.0, (0, "B"): 1.0}
    rows = [(100.0,) * 4] * 5
    settings: dict[str, Any] = {"risk": [{"use": "max_exposure", "limit": 1}], "rules": {"min_notional": 5.0}}
    few = drive(script, rows, rows, account={"capital": 9}, **settings)
    assert capitals(said(few, "too small")[0]) == [10.0]  # half of it for each
    assert drive(script, rows, rows, account={"capital": 10}, **settings).fills.rows == 2
