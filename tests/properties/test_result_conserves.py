"""A finished run's own tables account for its equity: as cash and coins at every bar, and trade by trade."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.plan import Plan

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def cash_and_coins(result: fw.Result, symbol: str, closes: Any) -> Any:
    """What an instrument had earned by each close: all that it took in and paid out, and its coins at the mark."""
    times = result.equity["time"]
    fills, funding = result.fills, result.funding
    mine, paid = fills["instrument"] == symbol, funding["instrument"] == symbol

    def by_each_close(happened: Any, amount: Any) -> Any:
        """Sums up to each close; what bears a close's own time belongs to the bar that opens there."""
        sums = np.concatenate(([0.0], np.cumsum(amount)))
        return sums[np.searchsorted(happened, times, side="left")]

    coins = by_each_close(fills["time"][mine], fills["quantity"][mine])
    cash = by_each_close(fills["time"][mine], -fills["quantity"][mine] * fills["price"][mine] - fills["fee"][mine])
    return cash + coins * closes + by_each_close(funding["time"][paid], funding["amount"][paid])


@settings(
    max_examples=max(60, settings.default.max_examples // 4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 3),
    engine=st.sampled_from(["scan", "loop"]),
    margin=st.sampled_from(["cross", "isolated"]),
    leverage=st.sampled_from([1, 5, 50]),
    fraction=st.sampled_from([0.3, 2.0, 20.0]),
    wild=st.sampled_from([0.003, 0.02]),
    marked=st.booleans(),
)
def test_equity_is_the_capital_and_what_every_instrument_earned(
    make_plan: Callable[..., Plan],
    scripted: Any,
    seed: int,
    count: int,
    engine: str,
    margin: str,
    leverage: int,
    fraction: float,
    wild: float,
    marked: bool,
) -> None:
    market, strategy = scripted(seed, SYMBOLS[:count], 250, wild=wild, marked=marked)
    mark = "required" if marked else "last"
    plan = make_plan(
        market,
        strategy,
        account={"margin": margin, "leverage": leverage, "allow_high_leverage": True, "mark": mark},
        sizer={"use": "fixed_fraction", "fraction": fraction},
    )
    result = plan.run(write=False, engine=engine)
    earned = []
    for symbol in result.instruments:
        series = result.market.series[symbol]
        marks = series.mark if marked else series.bars
        assert marks is not None
        earned.append(cash_and_coins(result, symbol, marks.close))
    volume = result.capital + float(np.abs(result.fills["quantity"] * result.fills["price"]).sum())
    missing = result.equity["equity"] - result.capital - sum(earned)
    # what is missing is what the insurance fund bore, which begins with a liquidation and never shrinks
    assert np.all(np.diff(missing, prepend=0.0) >= -1e-9 * volume)
    assert missing[-1] == pytest.approx(result.totals["shortfall"], abs=1e-9 * volume)
    trades = result.trades
    for symbol in result.instruments:  # what is open at the end counts there as at the last traded price
        whole = cash_and_coins(result, symbol, result.market.of(symbol).bars.close)[-1]
        assert trades["profit"][trades["instrument"] == symbol].sum() == pytest.approx(whole, abs=1e-9 * volume)
    totals = result.totals
    parts = totals["realised"] + totals["unrealised"] - totals["fees"] + totals["funding"] + totals["shortfall"]
    assert result.equity["equity"][-1] == pytest.approx(result.capital + parts, abs=1e-9 * volume)
