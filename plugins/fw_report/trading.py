"""Metrics of trades and of what trading cost.

A trade is a round trip of one instrument from flat to flat; its profit is net of its fees and of the funding paid or
received while it was open. A trade still open at the end counts, marked at the last close. A trade of exactly zero
profit is neither won nor lost. Money is in settlement currency.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from fw import Unmeasured
from fw_report.curve import NO_BARS, curve_of

if TYPE_CHECKING:
    from fw import Result
    from fw.parts.metric import Value

NO_TRADES = Unmeasured("no trades")
NONE_LOST = Unmeasured("no trade lost")
NONE_WON = Unmeasured("no trade won")


@attrs.frozen(kw_only=True)
class Tally:
    """Profits of a run's trades, counted once for every metric that asks; sums are exact (fsum)."""

    trades: int
    won: int
    lost: int
    gross_profit: float
    gross_loss: float
    """Zero or negative."""
    best: float
    worst: float
    longest_won: int
    longest_lost: int
    holding: float
    """Mean time from entry to exit, ns."""


def tally_of(result: Result) -> Tally:
    """Counts and sums over the run's trades, oldest exit first; call it through `result.once`."""
    profits: list[float] = result.trades["profit"].tolist()
    won = [profit for profit in profits if profit > 0.0]
    lost = [profit for profit in profits if profit < 0.0]
    held = result.trades["exit_time"] - result.trades["entry_time"]
    return Tally(
        trades=len(profits),
        won=len(won),
        lost=len(lost),
        gross_profit=math.fsum(won),
        gross_loss=math.fsum(lost),
        best=max(profits, default=0.0),
        worst=min(profits, default=0.0),
        longest_won=_longest_streak(profits, 1.0),
        longest_lost=_longest_streak(profits, -1.0),
        holding=int(held.sum()) / max(len(profits), 1),
    )


def _longest_streak(profits: list[float], sign: float) -> int:
    longest = streak = 0
    for profit in profits:
        streak = streak + 1 if profit * sign > 0.0 else 0
        longest = max(longest, streak)
    return longest


@attrs.frozen
class Trades:
    """Number of trades, an open one included.

    Zero where nothing was traded.
    """

    unit = "count"

    def measure(self, result: Result) -> Value:
        return result.trades.rows


@attrs.frozen
class WinRate:
    """Share of trades that made a profit.

    `won / trades`. Needs a trade.
    """

    unit = "percent"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        return tally.won / tally.trades if tally.trades else NO_TRADES


@attrs.frozen
class ProfitFactor:
    """Money won over money lost.

    `Σ profit of won trades / |Σ profit of lost trades|`; zero where no trade won. Needs a lost trade.
    """

    unit = "ratio"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        if not tally.trades:
            return NO_TRADES
        return tally.gross_profit / -tally.gross_loss if tally.lost else NONE_LOST


@attrs.frozen
class Expectancy:
    """Mean profit of a trade.

    `Σ profit / trades`. Needs a trade.
    """

    unit = "money"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        return (tally.gross_profit + tally.gross_loss) / tally.trades if tally.trades else NO_TRADES


@attrs.frozen
class PayoffRatio:
    """Mean profit of a won trade over the mean loss of a lost one.

    `mean(profit of won) / |mean(profit of lost)|`. Needs one of each.
    """

    unit = "ratio"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        if not tally.trades:
            return NO_TRADES
        if not tally.won or not tally.lost:
            return NONE_WON if tally.lost or not tally.won else NONE_LOST
        return (tally.gross_profit / tally.won) / (-tally.gross_loss / tally.lost)


@attrs.frozen
class LongestWinningStreak:
    """Most won trades in a row, by time of exit.

    A trade of zero profit ends a streak. Needs a trade.
    """

    unit = "count"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        return tally.longest_won if tally.trades else NO_TRADES


@attrs.frozen
class LongestLosingStreak:
    """Most lost trades in a row, by time of exit.

    A trade of zero profit ends a streak. Needs a trade.
    """

    unit = "count"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        return tally.longest_lost if tally.trades else NO_TRADES


@attrs.frozen
class BestTrade:
    """Largest profit of one trade.

    Negative where every trade lost. Needs a trade.
    """

    unit = "money"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        return tally.best if tally.trades else NO_TRADES


@attrs.frozen
class WorstTrade:
    """Smallest profit of one trade: the largest loss.

    Positive where every trade won. Needs a trade.
    """

    unit = "money"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        return tally.worst if tally.trades else NO_TRADES


@attrs.frozen
class AverageHolding:
    """Mean time from entry to exit of a trade.

    `mean(exit_time − entry_time)`, where times are those of the fills: in a backtest the open of the fill's bar, so a
    trade within one bar counts as zero. Needs a trade.
    """

    unit = "duration"

    def measure(self, result: Result) -> Value:
        tally = result.once(tally_of)
        return round(tally.holding) if tally.trades else NO_TRADES


@attrs.frozen
class Exposure:
    """Share of time in the market.

    Bars with a position, over all bars, averaged over the instruments.
    """

    unit = "percent"

    def measure(self, result: Result) -> Value:
        bars = result.equity.rows * len(result.instruments)
        return float(result.totals["exposure_bars"]) / bars if bars else NO_BARS


@attrs.frozen
class Turnover:
    """How many times a year equity was traded over, buying and selling both counted.

    `Σ |quantity × price| of fills / mean(E) × B / n`. Needs a mean equity above zero.
    """

    unit = "ratio"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        if not curve.bars:
            return NO_BARS
        if curve.mean_equity <= 0.0:
            return Unmeasured("mean equity is not above zero")
        if not result.fills.rows:
            return 0.0
        traded = math.fsum(abs(result.fills["quantity"] * result.fills["price"]).tolist())
        return traded / curve.mean_equity * result.bar.bars_per_year / curve.bars


@attrs.frozen
class Fees:
    """Fees paid over the run, those of liquidations included.

    Positive: paid; maker rebates may make it negative. Already taken from equity.
    """

    unit = "money"

    def measure(self, result: Result) -> Value:
        return float(result.totals["fees"])


@attrs.frozen
class Funding:
    """Funding received over the run.

    Negative: paid. Already in equity.
    """

    unit = "money"

    def measure(self, result: Result) -> Value:
        return float(result.totals["funding"])


@attrs.frozen
class Slippage:
    """What fills cost against the prices that were there before them.

    Positive: lost. Already in the prices of fills, and so in equity.
    """

    unit = "money"

    def measure(self, result: Result) -> Value:
        return float(result.totals["slippage"])


@attrs.frozen
class Liquidations:
    """How often the venue closed a position because its margin was used up.

    Zero where it never did.
    """

    unit = "count"

    def measure(self, result: Result) -> Value:
        return int(result.totals["liquidations"])
