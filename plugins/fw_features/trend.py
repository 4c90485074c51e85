"""Where the price is going and how surely: MACD, directional movement, Aroon, Supertrend, regression, swings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.averages import chained_block
from fw_features.spans import FADED_IN_CHAINS, OverSpans, Written, integers, room, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

BARS = ("bars",)


@attrs.frozen
class Macd(Written):
    """Convergence of two EMAs of closes: `macd_12_26_9`, its signal line and the histogram, their difference.

    The other columns are `macd_signal_12_26_9` and `macd_histogram_12_26_9`.
    """

    fast: int = fw.setting(12, ge=2, help="bars of the faster mean; fewer than slow")
    slow: int = fw.setting(26, ge=2, help="bars of the slower mean")
    signal: int = fw.setting(9, ge=1, help="bars of the mean of the difference")
    needs: ClassVar[tuple[str, ...]] = BARS

    def __attrs_post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be fewer bars than slow ({self.slow})")

    @property
    def lookback(self) -> int:
        return 2 * self._block

    @property
    def _block(self) -> int:
        return chained_block(max(self.slow, self.signal)) + self.signal

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.recursions import crossing_means

        block = self._block

        def write(market: fw.Market, first: int, out: Floats) -> None:
            starts = block_starts(market.bars, block, first)
            crossing_means(market.bars.close, self.fast, self.slow, self.signal, starts, block, out)

        return write

    @property
    def _names(self) -> tuple[str, ...]:
        spans = f"{self.fast}_{self.slow}_{self.signal}"
        return f"macd_{spans}", f"macd_signal_{spans}", f"macd_histogram_{spans}"

    def about(self) -> tuple[Column, ...]:
        formulas = (
            f"EMA(close, {self.fast}) − EMA(close, {self.slow})",
            f"EMA(MACD, {self.signal})",
            "MACD − signal",
        )
        return tuple(
            Column(name=name, formula=formula, unit="price", source="Appel 1979; TA-Lib MACD")
            for name, formula in zip(self._names, formulas, strict=True)
        )


@attrs.frozen
class Adx(Written):
    """Wilder's directional movement: `adx_14`, how strong a trend is, `plus_di_14` and `minus_di_14`, where to.

    They begin anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars, three columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.kernels import directions, true_ranges
        from fw_features.movements import directional_movement

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            rise, fall, reach = room(3, len(bars))
            directions(bars.high, bars.low, rise, fall)
            true_ranges(bars.high, bars.low, bars.close, reach)
            for k, span in enumerate(self.spans):
                block = self._block(span)
                starts = block_starts(bars, block, first)
                directional_movement(rise, fall, reach, span, starts, block, out[3 * k : 3 * k + 3])

        return write

    def _block(self, span: int) -> int:
        return FADED_IN_CHAINS * span + 2

    def about(self) -> tuple[Column, ...]:
        columns = []
        for span in self.spans:
            for name, formula in (
                ("adx", f"Wilder's mean over {span} bars of 100 × |+DI − −DI| / (+DI + −DI); kept where both are 0"),
                ("plus_di", f"100 × Wilder's sum of rises of the high / that of true ranges, {span} bars; 0 when flat"),
                ("minus_di", f"100 × Wilder's sum of falls of the low / that of true ranges, {span} bars; 0 when flat"),
            ):
                by = "Wilder 1978; TA-Lib ADX, PLUS_DI, MINUS_DI"
                columns.append(_column(f"{name}_{span}", formula, "1", by, 0.0, 100.0))
        return tuple(columns)


@attrs.frozen
class Aroon(Written):
    """How long ago the highest high and the lowest low were, and the difference, in `aroon_14`.

    `aroon_up_14` is of the high, `aroon_down_14` of the low. 100 is now, 0 is span bars ago; the latest of equal ones
    counts.
    """

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars back, three columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.extremes import places_of_extremes

        spans = integers(self.spans)
        return lambda market, first, out: places_of_extremes(market.bars.high, market.bars.low, spans, out)

    def about(self) -> tuple[Column, ...]:
        columns = []
        for span in self.spans:
            for name, formula, low in (
                ("aroon_up", f"100 × ({span} − bars since the highest high of {span + 1} bars) / {span}", 0.0),
                ("aroon_down", f"100 × ({span} − bars since the lowest low of {span + 1} bars) / {span}", 0.0),
                ("aroon", "Aroon up − Aroon down", -100.0),
            ):
                by = "Chande 1995; TA-Lib AROON, AROONOSC"
                columns.append(_column(f"{name}_{span}", formula, "1", by, low, 100.0))
        return tuple(columns)


@attrs.frozen
class Supertrend(Written):
    """A stop that follows the trend: `supertrend_10_3`, in price, and `supertrend_direction_10_3`, 1 or −1.

    The line is the median price less (plus, when falling) `width` average true ranges and never draws back until
    the close crosses it. It begins anew at fixed instants, the direction as 1, after a warm-up.
    """

    span: int = fw.setting(10, ge=2, help="bars of the average true range")
    width: float = fw.setting(3.0, gt=0, help="average true ranges between median price and line")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * self._block

    @property
    def _block(self) -> int:
        return 100 * self.span + 2

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.movements import supertrends

        block, width = self._block, float(self.width)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            starts = block_starts(bars, block, first)
            supertrends(bars.high, bars.low, bars.close, self.span, width, starts, block, out)

        return write

    @property
    def _names(self) -> tuple[str, str]:
        return f"supertrend_{self.span}_{self.width:g}", f"supertrend_direction_{self.span}_{self.width:g}"

    def about(self) -> tuple[Column, ...]:
        line, direction = self._names
        band = f"(high + low) / 2 ∓ {self.width:g} × ATR({self.span})"
        by = "Seban; pandas-ta SUPERTREND"
        return (
            Column(name=line, formula=f"{band}, not drawn back before the close crosses it", unit="price", source=by),
            _column(direction, "1 since the close rose above the line, −1 since it fell below", "1", by, -1.0, 1.0),
        )


@attrs.frozen
class Regression(OverSpans):
    """The least-squares line through the last span closes: `slope_20`, a bar, `r2_20` and `direction_20`, its sign."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="closes in the line, three columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        import numpy as np

        from fw_features.windows import fits

        def write(market: fw.Market, first: int, out: Floats) -> None:
            for k, span in enumerate(self.spans):
                slope, share, direction = out[3 * k : 3 * k + 3]
                fits(market.bars.close, span, slope, share)
                np.sign(slope, out=direction)

        return write

    def about(self) -> tuple[Column, ...]:
        columns = []
        for span in self.spans:
            line = f"the least-squares line through the last {span} closes"
            columns += [
                Column(
                    name=f"slope_{span}",
                    formula=f"slope of {line}",
                    unit="price a bar",
                    source="TA-Lib LINEARREG_SLOPE",
                ),
                _column(
                    f"r2_{span}", f"share of variance explained by {line}; 0 when flat", "1", "definition", 0.0, 1.0
                ),
                _column(f"direction_{span}", f"sign of the slope of {line}", "1", "definition", -1.0, 1.0),
            ]
        return tuple(columns)


@attrs.frozen
class Swings(Written):
    """How many of the last span bars made a higher high or a lower low than the bar before.

    In `higher_highs_20` and `lower_lows_20`.
    """

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars compared with the one before, two columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.windows import swings

        spans = integers(self.spans)
        return lambda market, first, out: swings(market.bars.high, market.bars.low, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            _column(
                f"{name}_{span}",
                f"bars of the last {span} whose {price} than that of the bar before",
                "bars",
                "definition",
                0.0,
                float(span),
            )
            for span in self.spans
            for name, price in (("higher_highs", "high is higher"), ("lower_lows", "low is lower"))
        )


def _column(name: str, formula: str, unit: str, source: str, low: float, high: float) -> Column:
    """A column that does not change with the scale of prices."""
    return Column(name=name, formula=formula, unit=unit, low=low, high=high, scale_free=True, source=source)
