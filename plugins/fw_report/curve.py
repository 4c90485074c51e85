"""What one pass over a run's equity gives, worked out once per run however many metrics ask for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from fw import Unmeasured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw import Result

ROUNDING = 1e-12
"""Deviations below this share of equity are the rounding of the many sums behind it, not movement."""

NO_BARS = Unmeasured("no bars")
ONE_BAR = Unmeasured("needs at least two bars")
RUINED = Unmeasured("equity reached zero, after which returns do not exist")
EXTREME = Unmeasured("returns too extreme for a number")
FLAT = Unmeasured("returns do not vary")


@attrs.frozen(kw_only=True)
class Curve:
    """The equity of a run in a few numbers; moments are of simple returns per bar, the first from the capital."""

    bars: int
    mean: float
    second: float
    """Sum of squared deviations from the mean."""
    third: float
    fourth: float
    below: float
    """Sum of squared shortfalls under the threshold."""
    lowest: float
    mean_equity: float
    drawdown: float
    """The deepest, as a share of its peak: 0 or more."""
    bars_under: int
    """Most bars from a peak to the first bar back at it, or to the end."""

    @property
    def deviation(self) -> float:
        """Sample standard deviation (n − 1) of returns; needs two bars."""
        return math.sqrt(self.second / (self.bars - 1))

    @property
    def downside(self) -> float:
        """Root of the mean squared shortfall under the threshold, over all bars."""
        return math.sqrt(self.below / self.bars)

    def trouble(self, *, bars: int = 2, varying: bool = False) -> Unmeasured | None:
        """Why returns cannot be measured, if they cannot."""
        if self.bars < bars:
            return NO_BARS if self.bars == 0 else ONE_BAR
        if self.lowest <= 0.0:
            return RUINED
        if not math.isfinite(self.fourth + self.below):
            return EXTREME
        if varying and self.deviation <= ROUNDING * (1.0 + abs(self.mean)):
            return FLAT
        return None


@attrs.frozen
class Measured:
    """Works the curve out; as a value it is the key under which the run remembers it."""

    threshold: float = 0.0
    """Return per bar under which a bar counts as a shortfall."""

    def __call__(self, result: Result) -> Curve:
        equity = equity_of(result)
        if not len(equity):
            return Curve(
                bars=0,
                mean=0.0,
                second=0.0,
                third=0.0,
                fourth=0.0,
                below=0.0,
                lowest=result.capital,
                mean_equity=result.capital,
                drawdown=0.0,
                bars_under=0,
            )
        from fw_report.kernels import curve_pass

        mean, second, third, fourth, below, lowest, mean_equity, drawdown, bars_under = curve_pass(
            float(result.capital), equity, float(self.threshold)
        )
        return Curve(
            bars=len(equity),
            mean=mean,
            second=second,
            third=third,
            fourth=fourth,
            below=below,
            lowest=lowest,
            mean_equity=mean_equity,
            drawdown=drawdown,
            bars_under=bars_under,
        )


def curve_of(result: Result, *, threshold: float = 0.0) -> Curve:
    """The curve of a run."""
    return result.once(Measured(threshold))


@attrs.frozen
class Tail:
    """The worst returns: `quantile` of all of them at 1 − confidence, `mean` of those at or beyond it."""

    quantile: float
    mean: float


@attrs.frozen
class WorstReturns:
    """Works the tail out, in expected linear time; as a value it is the key under which the run remembers it."""

    confidence: float

    def __call__(self, result: Result) -> Tail:
        import numpy as np

        from fw_report.kernels import returns_of

        returns = returns_of(float(result.capital), equity_of(result))
        place = (1.0 - self.confidence) * (len(returns) - 1)
        rank = math.floor(place + 1e-9)  # 0.05 × 20 is one, not a hair less
        above = min(rank + 1, len(returns) - 1)
        ordered = np.partition(returns, (rank, above))
        low, high = float(ordered[rank]), float(ordered[above])
        quantile = low + (high - low) * max(place - rank, 0.0)
        # fsum is exact, so the order in which the partition left the tail does not matter
        return Tail(quantile=quantile, mean=math.fsum(ordered[: rank + 1].tolist()) / (rank + 1))


def equity_of(result: Result) -> NDArray[np.float64]:
    """The equity column as kernels take it: float64, contiguous, and read-only as a frame's columns are."""
    import numpy as np

    equity: NDArray[np.float64] = np.ascontiguousarray(result.equity["equity"], dtype=np.float64).view()
    equity.flags.writeable = False
    return equity
