"""Metrics of the equity curve: what it earned, how it moved, how deep it fell.

Throughout, `r` are simple returns per bar, `E[i] / E[i−1] − 1`, the first from the run's capital; n is how many
there are; B is how many bars 365 days hold, because the market never closes. No number is given where equity
reached zero (unless said), where there are too few bars, or where a divisor is zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

import fw
from fw import Unmeasured
from fw_report.curve import NO_BARS, ROUNDING, RUINED, WorstReturns, curve_of

if TYPE_CHECKING:
    from fw import Result
    from fw.parts.metric import Value

TOO_SHORT = Unmeasured("a run shorter than a day says nothing of a year")
NEVER_FELL = Unmeasured("equity never fell")


@attrs.frozen
class FinalEquity:
    """Equity at the last close, with open positions at their mark.

    `E[n]`, in settlement currency. Also given where equity reached zero.
    """

    unit = "money"

    def measure(self, result: Result) -> Value:
        return float(result.equity["equity"][-1]) if result.equity.rows else NO_BARS


@attrs.frozen
class TotalReturn:
    """Growth of equity over the whole run, as a share of the capital.

    `E[n] / capital − 1`; not annualised. Also given where equity reached zero: −100 % or less.
    """

    unit = "percent"

    def measure(self, result: Result) -> Value:
        if not result.equity.rows:
            return NO_BARS
        return float(result.equity["equity"][-1]) / result.capital - 1.0


@attrs.frozen
class Cagr:
    """Compound annual growth rate: the steady yearly return that gives the same final equity.

    `(E[n] / capital)^(B / n) − 1`. Needs at least one day of bars. −100 % where equity ends at exactly zero; no
    number where it ends below.
    """

    unit = "percent"

    def measure(self, result: Result) -> Value:
        bars = result.equity.rows
        if not bars:
            return NO_BARS
        if bars * 365 < result.bar.bars_per_year:
            return TOO_SHORT
        growth = float(result.equity["equity"][-1]) / result.capital
        if growth < 0.0:
            return Unmeasured("equity ended below zero")
        try:
            return float(growth ** (result.bar.bars_per_year / bars) - 1.0)
        except OverflowError:
            return Unmeasured("too large when annualised")


@attrs.frozen
class Volatility:
    """Standard deviation of returns, annualised.

    `std(r) × √B`, with the sample deviation (n − 1). Zero where equity is flat. Needs two bars.
    """

    unit = "percent"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        return curve.trouble() or curve.deviation * math.sqrt(result.bar.bars_per_year)


@attrs.frozen
class Sharpe:
    """Sharpe ratio: mean excess return over the deviation of returns, annualised.

    `(mean(r) − f / B) / std(r) × √B`, where f is `risk_free` and the deviation is the sample's (n − 1). Needs two
    bars whose returns vary by more than rounding.
    """

    risk_free: float = fw.setting(0.0, ge=-1.0, le=1.0, help="interest a year that cash would earn; 0.04 is 4 %")
    unit = "ratio"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        a_year = result.bar.bars_per_year
        return curve.trouble(varying=True) or (
            (curve.mean - self.risk_free / a_year) / curve.deviation * math.sqrt(a_year)
        )


@attrs.frozen
class Sortino:
    """Sortino ratio: mean excess return over the downside deviation, annualised.

    `(mean(r) − q / B) / √(mean(min(r − q / B, 0)²)) × √B`, where q is `required`; the mean of squares runs over all
    n bars. Needs two bars, and one below the required return.
    """

    required: float = fw.setting(0.0, ge=-1.0, le=1.0, help="return a year that counts as no loss; 0.04 is 4 %")
    unit = "ratio"

    def measure(self, result: Result) -> Value:
        a_year = result.bar.bars_per_year
        required = self.required / a_year
        curve = curve_of(result, threshold=required)
        trouble = curve.trouble()
        if trouble is None and curve.downside <= ROUNDING * (1.0 + abs(curve.mean)):
            trouble = Unmeasured("no bar fell below the required return" if self.required else "no bar lost")
        return trouble or (curve.mean - required) / curve.downside * math.sqrt(a_year)


@attrs.frozen
class Calmar:
    """Calmar ratio: yearly growth over the deepest drawdown.

    `cagr / max_drawdown`. Needs a drawdown, and whatever `cagr` needs.
    """

    unit = "ratio"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        if curve.bars and curve.lowest <= 0.0:
            return RUINED
        growth = Cagr().measure(result)
        if isinstance(growth, Unmeasured):
            return growth
        if curve.drawdown <= ROUNDING:
            return NEVER_FELL
        return growth / curve.drawdown


@attrs.frozen
class MaxDrawdown:
    """Deepest fall of equity from a peak, as a share of that peak.

    `max(1 − E[i] / max(capital, E[1..i]))`; 0 or more, seen at closes. Also given where equity reached zero: 100 % or
    more.
    """

    unit = "percent"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        return curve.drawdown if curve.bars else NO_BARS


@attrs.frozen
class MaxDrawdownDuration:
    """Longest time from a peak of equity to the first bar back at it, or to the end of the run.

    The most bars between them × the bar size; the capital is a peak at the first bar's open. Zero where equity never
    fell.
    """

    unit = "duration"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        return curve.bars_under * result.bar.ns if curve.bars else NO_BARS


@attrs.frozen
class Skew:
    """Skewness of returns: negative where large losses are more common than large gains.

    `m₃ / m₂^1.5`, where mₖ is the mean of `(r − mean(r))^k`: the population's (biased) form, per bar, not
    annualised. Needs two bars whose returns vary.
    """

    unit = "ratio"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        return curve.trouble(varying=True) or curve.third / curve.bars / (curve.second / curve.bars) ** 1.5


@attrs.frozen
class Kurtosis:
    """Excess kurtosis of returns: 0 for a normal distribution, higher where tails are fatter.

    `m₄ / m₂² − 3` (Fisher), where mₖ is the mean of `(r − mean(r))^k`: the population's (biased) form, per bar, not
    annualised. Needs two bars whose returns vary.
    """

    unit = "ratio"

    def measure(self, result: Result) -> Value:
        curve = curve_of(result)
        return curve.trouble(varying=True) or curve.fourth / curve.bars / (curve.second / curve.bars) ** 2 - 3.0


@attrs.frozen
class ValueAtRisk:
    """The return of one bar that only the worst share of bars, 1 − confidence, falls below.

    The quantile of r at `1 − confidence`, linear between the two nearest; per bar, negative for a loss. Needs two
    bars.
    """

    confidence: float = fw.setting(0.95, gt=0.5, lt=1.0, help="share of bars that do better")
    unit = "percent"

    def measure(self, result: Result) -> Value:
        return curve_of(result).trouble() or result.once(WorstReturns(self.confidence)).quantile


@attrs.frozen
class ConditionalValueAtRisk:
    """Mean return of the worst bars: how bad a bar is when it is bad (expected shortfall).

    The mean of the `⌊(1 − confidence) × (n − 1)⌋ + 1` smallest r; per bar, negative for a loss. Needs two bars.
    """

    confidence: float = fw.setting(0.95, gt=0.5, lt=1.0, help="share of bars that do better")
    unit = "percent"

    def measure(self, result: Result) -> Value:
        return curve_of(result).trouble() or result.once(WorstReturns(self.confidence)).mean
