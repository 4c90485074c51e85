"""The shape of prices: candles, how unusual a price is, fractional differences."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import OverSpans, Written, integers, of_source, room, source_setting, spans_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw_features.spans import Floats, Writer

BARS = ("bars",)


@attrs.frozen
class Candle(Written):
    """The shape of each bar as shares of its range, high − low: `candle_body`, `candle_upper`, `candle_lower`.

    `candle_range` is the range as a share of the open.
    """

    needs: ClassVar[tuple[str, ...]] = BARS
    lookback: ClassVar[int] = 1

    def writer(self) -> Writer:
        from fw_features.distances import candles

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            candles(bars.open, bars.high, bars.low, bars.close, out)

        return write

    def about(self) -> tuple[Column, ...]:
        flat = "0 where high equals low"
        rows = (
            ("body", f"(close − open) / (high − low); {flat}", -1.0, 1.0),
            ("upper", f"(high − the higher of open and close) / (high − low); {flat}", 0.0, 1.0),
            ("lower", f"(the lower of open and close − low) / (high − low); {flat}", 0.0, 1.0),
            ("range", "(high − low) / open", 0.0, float("inf")),
        )
        return tuple(
            Column(
                name=f"candle_{name}",
                formula=formula,
                unit="share",
                low=low,
                high=high,
                scale_free=True,
                source="definition",
            )
            for name, formula, low, high in rows
        )


@attrs.frozen
class ZScore(OverSpans):
    """How many standard deviations a value is from the mean of its last span values, in `zscore_20`."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="values in mean and deviation, one column each")
    source: str = source_setting("what is measured")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.moments import moving_scores

        spans = integers(self.spans)
        return lambda market, first, out: moving_scores(getattr(market.bars, self.source), spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"{of_source('zscore', self.source)}_{span}",
                formula=f"({self.source} − mean) / sample deviation (divisor {span - 1}) of its last {span} values; "
                "0 where they are all equal",
                unit="1",
                scale_free=True,
                source="definition of the standard score",
            )
            for span in self.spans
        )


@attrs.frozen
class FractionalDifference(OverSpans):
    """Log prices differenced an `order` between 0 and 1: nearly stationary, with memory left; in `fracdiff_40_100`.

    The name has the order in hundredths and the span of the window. Weights beyond the window are left out.
    """

    spans: tuple[int, ...] = spans_setting((100,), ge=2, help="bars in the window of weights, one column each")
    order: float = fw.setting(0.4, gt=0, lt=2, help="order of differencing; 1 is the log return")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.logs import logarithms
        from fw_features.windows import weighted_sums

        weights = [_weights(self.order, span) for span in self.spans]

        def write(market: fw.Market, first: int, out: Floats) -> None:
            (logs,) = room(1, len(market.bars))
            logarithms(market.bars.close, logs)
            for column, (line, total) in zip(out, weights, strict=True):
                weighted_sums(logs, line, total, column)

        return write

    @property
    def _name(self) -> str:
        return f"fracdiff_{100 * self.order:g}"

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"{self._name}_{span}",
                formula=f"Σ w[k] × ln(close k bars ago), k = 0 … {span - 1}; w[0] = 1, "
                f"w[k] = −w[k − 1] × ({self.order:g} − k + 1) / k",
                unit="1",
                source="Hosking 1981; Lopez de Prado 2018, fixed-width window",
            )
            for span in self.spans
        )


@cache
def _weights(order: float, span: int) -> tuple[NDArray[np.float64], float]:
    """Weights of the binomial series of (1 − B)^order, the newest first, and their sum."""
    import numpy as np

    weights = [1.0]
    for ago in range(1, span):
        weights.append(-weights[-1] * (order - ago + 1) / ago)
    return np.array(weights), sum(weights)
