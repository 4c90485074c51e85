"""Channels around the price: Donchian, by the extremes of the last bars, and Keltner, by a mean and the range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import FADED, OverSpans, Written, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

BARS = ("bars",)


@attrs.frozen
class Donchian(OverSpans):
    """The highest high and lowest low of the last span bars, this one included, and their middle.

    In `donchian_upper_20`, `donchian_lower_20` and `donchian_middle_20`.
    """

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the channel, three columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.extremes import channels

        spans = integers(self.spans)
        return lambda market, first, out: channels(market.bars.high, market.bars.low, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"donchian_{name}_{span}",
                formula=formula.format(span=span),
                unit="price",
                low=0.0,
                source="Donchian; TA-Lib MAX, MIN",
            )
            for span in self.spans
            for name, formula in (
                ("upper", "highest high of the last {span} bars"),
                ("lower", "lowest low of the last {span} bars"),
                ("middle", "(upper + lower) / 2"),
            )
        )


@attrs.frozen
class Keltner(Written):
    """An EMA of closes and lines `width` average true ranges above and below it.

    In `keltner_upper_20_10_2`, `keltner_middle_20_10_2` and `keltner_lower_20_10_2`: span, bars of the range, width.
    Both means begin anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    span: int = fw.setting(20, ge=2, help="bars of the mean of closes")
    atr_span: int = fw.setting(10, ge=2, help="bars of the average true range")
    width: float = fw.setting(2.0, gt=0, help="average true ranges between middle and lines")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * max(self._block, self._atr_block)

    @property
    def _block(self) -> int:
        return FADED * (self.span + 1) // 2 + 1

    @property
    def _atr_block(self) -> int:
        return FADED * self.atr_span + 2

    def writer(self) -> Writer:
        from fw_features.banding import lines_around
        from fw_features.blocks import block_starts
        from fw_features.kernels import true_ranges
        from fw_features.recursions import forgetting_means

        block, atr_block = self._block, self._atr_block
        known = max(self.span - 1, self.atr_span)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            upper, middle, reach = out
            forgetting_means(
                bars.close, 0, self.span, 2 / (self.span + 1), block_starts(bars, block, first), block, middle
            )
            true_ranges(bars.high, bars.low, bars.close, upper)
            starts = block_starts(bars, atr_block, first)
            forgetting_means(upper, 1, self.atr_span, 1 / self.atr_span, starts, atr_block, reach)
            middle[:known] = math.nan
            lines_around(middle, float(self.width), upper, reach)

        return write

    @property
    def _names(self) -> tuple[str, ...]:
        spans = f"{self.span}_{self.atr_span}_{self.width:g}"
        return f"keltner_upper_{spans}", f"keltner_middle_{spans}", f"keltner_lower_{spans}"

    def about(self) -> tuple[Column, ...]:
        middle, reach = f"EMA(close, {self.span})", f"{self.width:g} × ATR({self.atr_span})"
        formulas = f"{middle} + {reach}", middle, f"{middle} − {reach}"
        return tuple(
            Column(name=name, formula=formula, unit="price", source="Keltner 1960 in Raschke's form; TA-Lib EMA, ATR")
            for name, formula in zip(self._names, formulas, strict=True)
        )
