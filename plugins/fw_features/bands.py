"""Bands around a mean, as wide as prices deviate from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import OverSpans, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Writer


@attrs.frozen
class Bollinger(OverSpans):
    """Bands `deviations` standard deviations (divisor: span) around the mean close.

    Columns `bollinger_upper_20`, `_middle_20`, `_lower_20`, `_width_20` (of the bands, as a share of the mean) and
    `_percent_b_20` (where the close is: 0 at the lower band, 1 at the upper). Other than 2 deviations are in the
    name: `bollinger_upper_20_2p5`.
    """

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="closes in the mean, five columns each")
    deviations: float = fw.setting(2.0, gt=0, help="standard deviations from the mean to a band")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.banding import bollinger_bands

        spans = integers(self.spans)
        return lambda market, first, out: bollinger_bands(market.bars.close, spans, self.deviations, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(column for span in self.spans for column in self._about(span))

    def _about(self, span: int) -> tuple[Column, ...]:
        wide = f"{self.deviations:g}"
        end = f"{span}" if self.deviations == 2 else f"{span}_{wide.replace('.', 'p')}"
        mean = f"mean of the last {span} closes"
        library = "Bollinger 2001; TA-Lib BBANDS"
        upper, lower, middle = f"bollinger_upper_{end}", f"bollinger_lower_{end}", f"bollinger_middle_{end}"
        return (
            Column(name=upper, formula=f"{mean} + {wide} × their deviation", unit="price", source=library),
            Column(name=middle, formula=mean, unit="price", source=library),
            Column(name=lower, formula=f"{mean} − {wide} × their deviation", unit="price", source=library),
            Column(
                name=f"bollinger_width_{end}",
                formula="(upper − lower) / middle",
                unit="share",
                low=0.0,
                scale_free=True,
                source="Bollinger 2001",
            ),
            Column(
                name=f"bollinger_percent_b_{end}",
                formula="(close − lower) / (upper − lower); 0.5 where all closes are equal",
                unit="1",
                scale_free=True,
                source="Bollinger 2001",
            ),
        )
