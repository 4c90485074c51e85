"""How much prices move: historical volatility and average true range, one column for each span."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import FADED, framed, integers, room, spans_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@attrs.frozen
class Volatility:
    """Standard deviation of the last span one-bar log returns, a year (365 days), in `volatility_24`; 0.6 is 60 %.

    The divisor is span − 1; a year's is the bar's times the root of the number of bars in a year.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="returns in the deviation, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.returns import sample_deviations

        out = room(len(self.spans), market)
        a_year = math.sqrt(market.bars.size.bars_per_year)
        sample_deviations(market.bars.close, integers(self.spans), a_year, out)
        return framed(self, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"volatility_{span}",
                formula=f"sample deviation (divisor {span - 1}) of the last {span} log returns × √(bars in 365 days)",
                unit="1 a root year",
                low=0.0,
                scale_free=True,
                source="definition of historical volatility",
            )
            for span in self.spans
        )


@attrs.frozen
class Atr:
    """Average true range by Wilder's smoothing, in price, in `atr_14`: the newest bar weighs 1 / span.

    The mean begins anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((14,), help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def compute(self, market: fw.Market) -> fw.Frame:
        return framed(self, self.average_ranges(market))

    def average_ranges(self, market: fw.Market) -> Floats:
        """The columns as float64[span, bar]."""
        from fw_features.blocks import block_starts
        from fw_features.kernels import true_ranges
        from fw_features.recursions import forgetting_means

        bars, ranges, out = market.bars, room(1, market)[0], room(len(self.spans), market)
        true_ranges(bars.high, bars.low, bars.close, ranges)
        for column, span in zip(out, self.spans, strict=True):
            block = self._block(span)
            forgetting_means(ranges, 1, span, 1 / span, block_starts(bars, block), block, column)
        return out

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"atr_{span}",
                formula=f"mean + 1 / {span} × (true range − mean), seeded with the plain mean of {span} true ranges; "
                "true range: the largest of high − low, |high − close before| and |low − close before|",
                unit="price",
                low=0.0,
                source="Wilder 1978; TA-Lib ATR",
            )
            for span in self.spans
        )

    def _block(self, span: int) -> int:
        return FADED * span + 2
