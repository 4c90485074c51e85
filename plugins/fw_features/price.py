"""Where the price stands and how it came there: returns, distances, the shape of candles, calendar and clock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import OverSpans, Written, ago, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

BARS = ("bars",)


@attrs.frozen
class Returns(Written):
    """Log returns: ln(close / close a span ago), in `return_5`; 0.01 is about 1 %."""

    spans: tuple[int, ...] = spans_setting((1,), help="bars back, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.kernels import log_returns

        spans = integers(self.spans)
        return lambda market, first, out: log_returns(market.bars.close, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"return_{span}",
                formula=f"ln(close / close {ago(span)})",
                unit="1",
                scale_free=True,
                source="definition of the log return",
            )
            for span in self.spans
        )


@attrs.frozen
class SimpleReturns(Written):
    """Simple returns: close / close a span ago − 1, in `simple_return_5`; 0.01 is 1 %."""

    spans: tuple[int, ...] = spans_setting((1,), help="bars back, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.kernels import relative_changes

        spans = integers(self.spans)
        return lambda market, first, out: relative_changes(market.bars.close, spans, 1.0, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"simple_return_{span}",
                formula=f"close / close {ago(span)} − 1",
                unit="share",
                low=-1.0,
                scale_free=True,
                source="TA-Lib ROCP",
            )
            for span in self.spans
        )


@attrs.frozen
class Momentum(Written):
    """By how much the price moved: close − close a span ago, in `momentum_10`."""

    spans: tuple[int, ...] = spans_setting((10,), help="bars back, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.kernels import differences

        spans = integers(self.spans)
        return lambda market, first, out: differences(market.bars.close, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(name=f"momentum_{span}", formula=f"close − close {ago(span)}", unit="price", source="TA-Lib MOM")
            for span in self.spans
        )


@attrs.frozen
class RateOfChange(Written):
    """Rate of change in percent: 100 × (close / close a span ago − 1), in `roc_20`."""

    spans: tuple[int, ...] = spans_setting((5, 20, 60), help="bars back, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.kernels import relative_changes

        spans = integers(self.spans)
        return lambda market, first, out: relative_changes(market.bars.close, spans, 100.0, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"roc_{span}",
                formula=f"100 × (close / close {ago(span)} − 1)",
                unit="percent",
                low=-100.0,
                scale_free=True,
                source="TA-Lib ROC",
            )
            for span in self.spans
        )


@attrs.frozen
class Gap(Written):
    """How far a bar opens from the close before it: open / close before − 1, in `gap`."""

    needs: ClassVar[tuple[str, ...]] = BARS
    lookback: ClassVar[int] = 2

    def writer(self) -> Writer:
        def write(market: fw.Market, first: int, out: Floats) -> None:
            before = market.bars.close[:-1]
            out[0, :1] = math.nan
            out[0, 1:] = (market.bars.open[1:] - before) / before

        return write

    def about(self) -> tuple[Column, ...]:
        formula = "open / close before − 1, however many bars are missing in between"
        return (Column(name="gap", formula=formula, unit="share", low=-1.0, scale_free=True, source="definition"),)


@attrs.frozen
class Distance(OverSpans):
    """How far the close is from the highest high, the lowest low and the VWAP of the last bars.

    Shares, in `from_high_20`, `from_low_20` and `from_vwap_20`. VWAP is the mean of the typical price,
    (high + low + close) / 3, weighted with volume.
    """

    spans: tuple[int, ...] = spans_setting((20,), help="bars, the newest one included; three columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.distances import distances

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            distances(bars.high, bars.low, bars.close, bars.volume, spans, out)

        return write

    def about(self) -> tuple[Column, ...]:
        columns = []
        for span in self.spans:
            for name, other, low, high in (
                ("high", f"highest high of {span} bars", -1.0, 0.0),
                ("low", f"lowest low of {span} bars", 0.0, math.inf),
                ("vwap", f"Σ typical price × volume / Σ volume of {span} bars; 0 without volume", -1.0, math.inf),
            ):
                formula = f"close / {name} − 1; {name}: {other}"
                columns.append(
                    Column(
                        name=f"from_{name}_{span}",
                        formula=formula,
                        unit="share",
                        low=low,
                        high=high,
                        scale_free=True,
                        source="definition",
                    )
                )
        return tuple(columns)
