"""Liquidity: what trading costs, how far it moves the price, and who takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import OverSpans, Written, integers, spans_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw_features.spans import Floats, Writer

MILLION = 1e6


@attrs.frozen
class Amihud(Written):
    """Illiquidity, in `amihud_24`: by how much a million of settlement currency moved the price, on average."""

    spans: tuple[int, ...] = spans_setting((24,), help="returns in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.flows import price_impacts

        spans = integers(self.spans)
        return lambda market, first, out: price_impacts(market.bars.close, market.bars.volume, spans, MILLION, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"amihud_{span}",
                formula=f"mean of |log return| / (close × volume / 1000000) over those of the last {span} bars that "
                "traded; 0 where none did",
                unit="share a million",
                low=0.0,
                source="Amihud 2002",
            )
            for span in self.spans
        )


@attrs.frozen
class RollSpread(Written):
    """The spread that closes bouncing between bid and ask give away, in `roll_48`, as a share of price."""

    spans: tuple[int, ...] = spans_setting((48,), ge=3, help="returns in the covariance, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.flows import roll_spreads

        spans = integers(self.spans)
        return lambda market, first, out: roll_spreads(market.bars.close, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"roll_{span}",
                formula=f"2 √(−c), c the covariance (divisor {span - 1}) of the last {span} log returns with the ones "
                "before them; 0 where c is above 0",
                unit="share",
                low=0.0,
                scale_free=True,
                source="Roll 1984",
            )
            for span in self.spans
        )


@attrs.frozen
class CorwinSchultz(Written):
    """The spread that highs and lows give away, in `corwin_schultz_24`, as a share of price.

    Ranges grow with time, but the spread in them does not: those of two bars are compared with that of both. Made
    for markets that close, it moves a day to the close before; this one never closes, so nothing is moved.
    """

    spans: tuple[int, ...] = spans_setting((24,), help="pairs of bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.flows import corwin_schultz_spreads

        spans = integers(self.spans)
        return lambda market, first, out: corwin_schultz_spreads(market.bars.high, market.bars.low, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"corwin_schultz_{span}",
                formula=f"mean over {span} pairs of bars of 2 (e^α − 1) / (1 + e^α), 0 where α < 0; "
                "α = (√(2β) − √β) / (3 − 2√2) − √(γ / (3 − 2√2)), "
                "β the sum of both ln(high / low)², γ that of the pair",
                unit="share",
                low=0.0,
                high=2.0,
                scale_free=True,
                source="Corwin and Schultz 2012",
            )
            for span in self.spans
        )


@attrs.frozen
class TakerImbalance(OverSpans):
    """Whether takers buy or sell, in `taker_imbalance_24`: 1 where all volume was bought by takers, −1 where sold.

    The source's bars must have the column taker_buy_volume.
    """

    spans: tuple[int, ...] = spans_setting((1, 24), help="bars in the sum, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "bars.taker_buy_volume")

    def writer(self) -> Writer:
        from fw_features.flows import shares

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bought, volume = _extra(market, "taker_buy_volume", "taker_imbalance"), market.bars.volume
            shares(bought - (volume - bought), volume, spans, out)

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"taker_imbalance_{span}",
                formula=f"(bought − sold) / volume by takers over the last {span} bars; 0 where nothing was traded",
                unit="share",
                low=-1.0,
                high=1.0,
                scale_free=True,
                source="Chordia, Roll and Subrahmanyam 2002",
            )
            for span in self.spans
        )


@attrs.frozen
class TradeIntensity(OverSpans):
    """How much busier than usual it is, in `trade_intensity_24`: the bar's trades over the mean of the last span bars.

    The source's bars must have the column trades.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "bars.trades")

    def writer(self) -> Writer:
        from fw_features.flows import over_means

        spans = integers(self.spans)
        return lambda market, first, out: over_means(_extra(market, "trades", "trade_intensity"), spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"trade_intensity_{span}",
                formula=f"trades / their mean over the last {span} bars; 0 where nobody traded",
                unit="1",
                low=0.0,
                high=float(span) * (1 + 1e-12),
                scale_free=True,
                source="definition",
            )
            for span in self.spans
        )


def _extra(market: fw.Market, column: str, asked_by: str) -> NDArray[np.float64]:
    """A column that not every source has."""
    if column not in market.bars.extra:
        raise fw.DataError(
            f"{asked_by} needs the column {column}, which the source's bars of {market.focus} do not have: "
            f"name a source that has it, or leave {asked_by} out"
        )
    return market.bars.extra[column]
