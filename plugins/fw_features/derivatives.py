"""What only a perpetual future has: funding and open interest.

Each value is used from the instant on at which it is known: funding from its settlement, open interest from its
publication.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.known import believer, stale_setting
from fw_features.spans import OverSpans, Written, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

INTERVAL = 8 * 3_600_000_000_000  # the exchange's usual time between settlements, and the longest


@attrs.frozen
class Funding(OverSpans):
    """Funding as settled: level, change and hours to the next, and over a span its sum, score and yearly carry.

    Columns `funding_rate`, `funding_change`, `funding_hours`; `funding_sum_168`, `funding_z_168`, `funding_carry_168`.
    A rate stamped 08:00 is known to the bar that closes at 08:00, and to none before. What is looked at is the time
    of a span of bars up to a bar's close, of the longest for the first three; it must be 8 hours or more, or most
    bars would know of no settlement.
    """

    spans: tuple[int, ...] = spans_setting((72, 168), help="bars in the sum, three columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "funding")

    def writer(self) -> Writer:
        from fw_features.stamps import settlements

        spans, shortest = integers(self.spans), min(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            funding, bars = market.funding, market.bars
            if funding is None:
                raise fw.DataError(f"funding needs funding of {market.focus}, which the source does not have")
            if shortest * bars.size.ns < INTERVAL:
                raise fw.DataError(
                    f"funding looks back {shortest} bars of {bars.size}, less than the 8 hours between "
                    f"settlements: set spans to {-(-INTERVAL // bars.size.ns)} or more"
                )
            settlements(
                funding.published, funding.time, funding.value, bars.close_time, bars.size.ns, spans, first, out
            )

        return write

    def about(self) -> tuple[Column, ...]:
        longest = max(self.spans)
        definition = "the exchange's settled funding"
        alone = (
            Column(
                name="funding_rate",
                formula=f"last rate settled by the close; 0 where none was in the time of {longest} bars",
                unit="share an interval; above 0 longs pay shorts",
                scale_free=True,
                source=definition,
            ),
            Column(
                name="funding_change",
                formula=f"last rate less the one before; 0 where there are no two in the time of {longest} bars",
                unit="share an interval",
                scale_free=True,
                source=definition,
            ),
            Column(
                name="funding_hours",
                formula="time to the next settlement, as far from the last as that from the one before; by the clock, "
                "every 8 hours, where there are no two",
                unit="hours",
                low=0.0,
                scale_free=True,
                source=definition,
            ),
        )
        return alone + tuple(column for span in self.spans for column in self._about(span))

    def _about(self, span: int) -> tuple[Column, ...]:
        time = f"settled in the time of the last {span} bars"
        return (
            Column(
                name=f"funding_sum_{span}",
                formula=f"sum of the rates {time}; 0 where there are none",
                unit="share",
                scale_free=True,
                source="definition: what a long of constant value paid",
            ),
            Column(
                name=f"funding_z_{span}",
                formula=f"(last rate − mean) / sample deviation of the rates {time}; "
                "0 where all are equal, or one or none",
                unit="1",
                scale_free=True,
                source="definition of the standard score",
            ),
            Column(
                name=f"funding_carry_{span}",
                formula=f"funding_sum_{span} × 365 days / the time of {span} bars",
                unit="share a year",
                scale_free=True,
                source="definition: what a short of constant value earns at that pace",
            ),
        )


@attrs.frozen
class OpenInterest(Written):
    """Open interest: its change over a span, how much of the volume it is, and how far the price parted from it.

    Columns `oi_change_24`, `oi_volume_24`, `oi_divergence_24`. The exchange states an instant for each value but gives
    it out later: it counts as known from its publication on, which the source tells, and as unknown `stale` bars later.
    """

    spans: tuple[int, ...] = spans_setting((24,), help="bars of the change, three columns each")
    stale: int = stale_setting()
    needs: ClassVar[tuple[str, ...]] = ("bars", "open_interest")

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.stale

    def writer(self) -> Writer:
        from fw_features.levels import interests

        spans, stale = integers(self.spans), self.stale
        believed = believer("open_interest", ("value",), stale, math.nan)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            interests(bars.close, bars.volume, believed(market)[0], spans, stale, out)

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(column for span in self.spans for column in self._about(span))

    def _about(self, span: int) -> tuple[Column, ...]:
        unknown = f"0 where either was unknown (none published in the time of {self.stale} bars)"
        return (
            Column(
                name=f"oi_change_{span}",
                formula=f"ln(open interest / open interest known {span} bars ago); {unknown}",
                unit="1",
                scale_free=True,
                source="definition of the log return",
            ),
            Column(
                name=f"oi_volume_{span}",
                formula=f"open interest / volume of the last {span} bars; 0 where nothing was traded or it is unknown",
                unit="1 (both in base currency)",
                low=0.0,
                scale_free=True,
                source="definition: spans that it takes to trade every open contract",
            ),
            Column(
                name=f"oi_divergence_{span}",
                formula=f"ln(close / close {span} bars ago) − oi_change_{span}; {unknown}",
                unit="1",
                scale_free=True,
                source="definition: above 0, price rose more than the positions behind it",
            ),
        )
