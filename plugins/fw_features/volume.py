"""Volume: how much is traded, at which prices, and where in the range of its bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import FADED, OverSpans, Written, integers, room, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer


@attrs.frozen
class VolumeScore(OverSpans):
    """How unusual the newest volume is, in `volume_z_20`: sample deviations above the mean of the last span bars."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.moments import moving_scores

        spans = integers(self.spans)
        return lambda market, first, out: moving_scores(market.bars.volume, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"volume_z_{span}",
                formula=f"(volume − mean of the last {span}) / their sample deviation; 0 where all are equal",
                unit="1",
                scale_free=True,
                source="definition of the standard score",
            )
            for span in self.spans
        )


@attrs.frozen
class Vwap(OverSpans):
    """Volume-weighted average price of the last span bars, in `vwap_24`: typical prices weighed with volume."""

    spans: tuple[int, ...] = spans_setting((24,), help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.flows import volume_prices

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            volume_prices(bars.high, bars.low, bars.close, bars.volume, spans, out)

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"vwap_{span}",
                formula=f"sum of (high + low + close) / 3 × volume over the sum of volume of the last {span} bars; "
                "the plain mean where nothing was traded",
                unit="price",
                low=0.0,
                source="Berkowitz, Logue and Noser 1988, from bars",
            )
            for span in self.spans
        )


@attrs.frozen
class ObvSlope(OverSpans):
    """How on-balance volume rises over the last span bars, in `obv_slope_20`, as a share of their mean volume.

    On-balance volume itself is a sum since the first bar there is: with other history at hand it is another number,
    so what was learned from it in a backtest could not be had live. Its slope over a window is the same wherever
    the sum began.
    """

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the slope, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.flows import balance_slopes

        spans = integers(self.spans)
        return lambda market, first, out: balance_slopes(market.bars.close, market.bars.volume, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"obv_slope_{span}",
                formula=f"least-squares slope of on-balance volume over the last {span} bars / their mean volume; "
                "0 where nothing was traded",
                unit="1",
                low=-2.0,
                high=2.0,
                scale_free=True,
                source="Granville 1963; TA-Lib OBV, made independent of where it begins",
            )
            for span in self.spans
        )


@attrs.frozen
class Vroc(Written):
    """Rate of change of volume, in `vroc_20`: percent above what it was a span of bars ago."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars back, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.kernels import relative_changes

        spans = integers(self.spans)
        return lambda market, first, out: relative_changes(market.bars.volume, spans, 100.0, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"vroc_{span}",
                formula=f"100 × (volume / volume {span} bars ago − 1); 0 where nothing was traded then",
                unit="%",
                low=-100.0,
                scale_free=True,
                source="TA-Lib ROC of volume",
            )
            for span in self.spans
        )


@attrs.frozen
class ChaikinOscillator(Written):
    """Whether money flow quickens, in `chaikin_3_10`: a fast less a slow mean of the accumulation/distribution line.

    The line is an endless sum, but where it began fades out of the difference: both begin anew at fixed instants
    after a warm-up long enough to agree with the endless form to 1e-9.
    """

    fast: int = fw.setting(3, ge=1, help="bars in the fast exponential mean")
    slow: int = fw.setting(10, ge=2, help="bars in the slow exponential mean")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * self._block

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.flows import money_flows
        from fw_features.recursions import chaikin_oscillators

        block = self._block

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            (flows,) = room(1, len(bars))
            money_flows(bars.high, bars.low, bars.close, bars.volume, flows)
            chaikin_oscillators(flows, self.fast, self.slow, block_starts(bars, block, first), block, out[0])

        return write

    def about(self) -> tuple[Column, ...]:
        return (
            Column(
                name=f"chaikin_{self.fast}_{self.slow}",
                formula=f"exponential means of the running sum of money flow over {self.fast} less over {self.slow} "
                "bars; money flow: volume × ((close − low) − (high − close)) / (high − low), 0 without a range",
                unit="base currency",
                scale_free=True,
                source="Chaikin; TA-Lib ADOSC",
            ),
        )

    @property
    def _block(self) -> int:
        return FADED * (max(self.fast, self.slow) + 1) // 2 + 1


@attrs.frozen
class MoneyFlow(OverSpans):
    """Accumulation and distribution over the last span bars: of volume, and as a share of it (Chaikin money flow).

    Columns `ad_20`, by how much the accumulation/distribution line rose over 20 bars, and `cmf_20`. The line itself
    is a sum since the first bar there is, which live has not.
    """

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the sum, two columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.flows import money_flow_sums

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            money_flow_sums(bars.high, bars.low, bars.close, bars.volume, spans, out)

        return write

    def about(self) -> tuple[Column, ...]:
        flow = "volume × ((close − low) − (high − close)) / (high − low), 0 without a range"
        return tuple(
            column
            for span in self.spans
            for column in (
                Column(
                    name=f"ad_{span}",
                    formula=f"sum over the last {span} bars of {flow}",
                    unit="base currency",
                    scale_free=True,
                    source="TA-Lib AD, its change over the span",
                ),
                Column(
                    name=f"cmf_{span}",
                    formula=f"ad_{span} / volume of the last {span} bars; 0 where nothing was traded",
                    unit="share",
                    low=-1.0,
                    high=1.0,
                    scale_free=True,
                    source="Chaikin money flow",
                ),
            )
        )
