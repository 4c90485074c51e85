"""Channels around the price: Donchian, by the extremes of the last bars, and Keltner, by a mean and the range."""

from __future__ import annotations

from typing import ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import FADED, filled, framed, integers, room, spans_setting

BARS = ("bars",)


@attrs.frozen
class Donchian:
    """The highest high and lowest low of the last span bars, this one included, and their middle.

    In `donchian_upper_20`, `donchian_lower_20` and `donchian_middle_20`.
    """

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the channel, three columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.extremes import channels

        return filled(self, market, channels, market.bars.high, market.bars.low, integers(self.spans))

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
class Keltner:
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

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.banding import lines_around
        from fw_features.blocks import block_starts
        from fw_features.kernels import true_ranges
        from fw_features.recursions import forgetting_means

        bars = market.bars
        ranges, out = room(1, market)[0], room(3, market)
        middle, reach = out[1], out[2]
        starts, atr_starts = block_starts(bars, self._block), block_starts(bars, self._atr_block)
        forgetting_means(bars.close, 0, self.span, 2 / (self.span + 1), starts, self._block, middle)
        true_ranges(bars.high, bars.low, bars.close, ranges)
        forgetting_means(ranges, 1, self.atr_span, 1 / self.atr_span, atr_starts, self._atr_block, reach)
        first = max(self.span - 1, self.atr_span)
        middle[:first] = float("nan")
        lines_around(middle, float(self.width), out[0], reach)
        return framed(self, out)

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
