"""Where the two rules for ambiguous bars must bracket a run, and that a run which counts none is the same by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.plan import Plan

BARS = 300
EASY = settings(
    max_examples=max(60, settings.default.max_examples // 4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@attrs.frozen
class OneCoin:
    """A coin at strength 1, whatever the account has."""

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, quantity=1.0)

    def size(self, signals: Any, view: fw.View) -> Any:
        raise AssertionError("the terms say it")


@EASY
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 2),
    engine=st.sampled_from(["scan", "loop"]),
    bps=st.sampled_from([0.0, 1.0, 50.0]),
    wild=st.sampled_from([0.003, 0.01, 0.03]),
)
def test_sizes_that_depend_on_nothing_are_bracketed_at_every_close(
    make_plan: Callable[..., Plan], scripted: Any, seed: int, count: int, engine: str, bps: float, wild: float
) -> None:
    """One trade a signal, entered at an open: it ends in the same bar by both rules, and no better if pessimistic.

    It need not hold where sizes follow equity (lots are rounded), where a check or an empty wallet ends trading,
    where the strategy looks at its account or positions, or where a limit enters inside a bar: the trade whose profit
    is not paid there may go on and leave with the signal at an open beyond that profit.
    """
    market, strategy = scripted(seed, ("BTCUSDT", "ETHUSDT")[:count], BARS, wild=wild)
    arrays = attrs.evolve(strategy.arrays, limit=None, expiry=None)
    plan = make_plan(
        market,
        attrs.evolve(strategy, arrays=arrays),
        account={"capital": 1e9, "margin": "cross"},
        sizer=OneCoin(),
        simulation={"slippage": {"bps": bps}},
    )
    bounds = plan.run(write=False, engine=engine).bounds
    if bounds is None:
        return
    worse, better = bounds.pessimistic, bounds.optimistic
    assert (worse.trades, worse.ambiguous_bars) == (better.trades, better.ambiguous_bars)
    np.testing.assert_array_equal(worse.result.trades["exit_time"], better.result.trades["exit_time"])
    assert (worse.result.trades["profit"] <= better.result.trades["profit"] + 1e-9).all()
    # sums of a thousand million, whose last digit is worth a ten-millionth
    assert (worse.result.equity["equity"] <= better.result.equity["equity"] + 1e-4).all()
    assert worse.profit < better.profit


@EASY
@given(
    seed=st.integers(0, 2**32 - 1),
    shown=st.sampled_from(["pessimistic", "optimistic"]),
    wild=st.sampled_from([0.003, 0.01]),
    leverage=st.sampled_from([1, 10]),
)
def test_a_run_without_ambiguous_bars_is_the_same_by_both_rules(
    make_plan: Callable[..., Plan], scripted: Any, seed: int, shown: str, wild: float, leverage: int
) -> None:
    market, strategy = scripted(seed, ("BTCUSDT",), 60, wild=wild)
    plan = make_plan(
        market,
        strategy,
        account={"leverage": leverage, "allow_high_leverage": True},
        sizer={"use": "fixed_fraction", "fraction": 0.5 * leverage},
    )
    one, other = (
        plan.with_settings(f"simulation.bar_path={rule}").run(write=False)
        for rule in (shown, "optimistic" if shown == "pessimistic" else "pessimistic")
    )
    if one.bounds is not None:
        return
    for column in other.fills:
        np.testing.assert_array_equal(one.fills[column], other.fills[column], err_msg=column)
    np.testing.assert_array_equal(one.equity["equity"], other.equity["equity"])
