"""The average true range: how far prices go in a bar, gaps counted, in price and as a share of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import FADED, Written, room, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer


@attrs.frozen
class Atr(Written):
    """Average true range by Wilder's smoothing, in price, in `atr_14`: the newest bar weighs 1 / span.

    The mean begins anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((14,), help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.kernels import true_ranges
        from fw_features.recursions import forgetting_means

        rows = [(k, span, self._block(span)) for k, span in enumerate(self.spans)]

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            ranges = room(1, len(bars))[0]
            true_ranges(bars.high, bars.low, bars.close, ranges)
            for k, span, block in rows:
                forgetting_means(ranges, 1, span, 1 / span, block_starts(bars, block, first), block, out[k])

        return write

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


@attrs.frozen
class NormalisedAtr(Written):
    """Average true range by Wilder's smoothing as percent of the close, in `natr_14`; 1.5 is 1.5 %."""

    spans: tuple[int, ...] = spans_setting((14,), help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return self._ranges().lookback

    def writer(self) -> Writer:
        from fw_features.kernels import shares

        ranges = self._ranges().writer()

        def write(market: fw.Market, first: int, out: Floats) -> None:
            ranges(market, first, out)
            for column in out:
                shares(column, market.bars.close, 0.0, column)

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"natr_{span}",
                formula=f"100 × atr_{span} / close",
                unit="%",
                low=0.0,
                scale_free=True,
                source="TA-Lib NATR",
            )
            for span in self.spans
        )

    def _ranges(self) -> Atr:
        return Atr(spans=self.spans)
