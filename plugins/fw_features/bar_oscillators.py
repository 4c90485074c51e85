"""Oscillators of whole bars, from high, low, close and volume: stochastic, Williams %R, CCI, MFI, ultimate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import OverSpans, Written, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

BARS = ("bars",)


@attrs.frozen
class Stochastic(Written):
    """Where the close stands between the lowest low and the highest high, 0 to 100, and two means of it.

    Fast: `stoch_fast_k_14` and its mean `stoch_fast_d_14_3`; slow: `stoch_k_14_3`, which is that mean again, and its
    mean `stoch_d_14_3_3`.
    """

    spans: tuple[int, ...] = spans_setting((14,), ge=1, help="bars in the range, four columns each")
    smooth: int = fw.setting(3, ge=1, help="bars in the mean of the fast line")
    signal: int = fw.setting(3, ge=1, help="bars in the mean of the slow line")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.smooth + self.signal - 2

    def writer(self) -> Writer:
        from fw_features.extremes import places
        from fw_features.kernels import moving_means

        smooth, signal = integers((self.smooth,)), integers((self.signal,))

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            for k, span in enumerate(self.spans):
                place, fast, again, slow = out[4 * k : 4 * k + 4]
                places(bars.high, bars.low, bars.close, span, False, place)
                started = span + self.smooth - 2
                fast[: span - 1], slow[:started] = math.nan, math.nan
                moving_means(place[span - 1 :], smooth, fast[None, span - 1 :])
                moving_means(fast[started:], signal, slow[None, started:])
                again[:] = fast

        return write

    def about(self) -> tuple[Column, ...]:
        columns = []
        for span in self.spans:
            place = f"100 × (close − lowest low) / (highest high − lowest low) of {span} bars; 50 where they are equal"
            for name, formula in (
                (f"stoch_fast_k_{span}", place),
                (f"stoch_fast_d_{span}_{self.smooth}", f"mean of the last {self.smooth} of fast %K"),
                (f"stoch_k_{span}_{self.smooth}", f"mean of the last {self.smooth} of fast %K"),
                (f"stoch_d_{span}_{self.smooth}_{self.signal}", f"mean of the last {self.signal} of slow %K"),
            ):
                columns.append(
                    _column(name, formula, "Lane; TA-Lib STOCHF, STOCH, whose %K begins with %D", 0.0, 100.0)
                )
        return tuple(columns)


@attrs.frozen
class WilliamsR(OverSpans):
    """Williams' %R, in `williams_r_14`: 0 at the highest high of the last bars, −100 at the lowest low."""

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars in the range, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.extremes import places

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            for column, span in zip(out, self.spans, strict=True):
                places(bars.high, bars.low, bars.close, span, True, column)

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(
            _column(
                f"williams_r_{span}",
                f"−100 × (highest high − close) / (highest high − lowest low) of {span} bars; −50 where they are equal",
                "Williams 1979; TA-Lib WILLR",
                -100.0,
                0.0,
            )
            for span in self.spans
        )


@attrs.frozen
class Cci(OverSpans):
    """The commodity channel index, in `cci_20`: the distance of the typical price from its mean, by the usual one.

    About ±100 in three of four bars.
    """

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the means, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.windows import channel_indices

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            for column, span in zip(out, self.spans, strict=True):
                channel_indices(bars.high, bars.low, bars.close, span, column)

        return write

    def about(self) -> tuple[Column, ...]:
        formula = (
            "(typical − mean) / (0.015 × mean |typical − mean|) of {} bars, 0 when flat; "
            "typical: (high + low + close) / 3"
        )
        infinite = float("inf")
        by = "Lambert 1980; TA-Lib CCI"
        return tuple(_column(f"cci_{span}", formula.format(span), by, -infinite, infinite) for span in self.spans)


@attrs.frozen
class Mfi(Written):
    """The money flow index, in `mfi_14`: 100 when all that was traded was at rising prices, 0 when at falling ones."""

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.flows import money_flow_indices

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            money_flow_indices(bars.high, bars.low, bars.close, bars.volume, spans, out)

        return write

    def about(self) -> tuple[Column, ...]:
        formula = (
            "100 × U / (U + D); U, D: sums over {} bars of typical × volume where typical rose, or fell; "
            "50 where neither was"
        )
        by = "Quong and Soudack 1989; TA-Lib MFI"
        return tuple(_column(f"mfi_{span}", formula.format(span), by, 0.0, 100.0) for span in self.spans)


@attrs.frozen
class Ultimate(Written):
    """Williams' ultimate oscillator: buying pressure over three spans at once, in `ultimate_7_14_28`, 0 to 100."""

    short: int = fw.setting(7, ge=1, help="bars of the span that weighs 4")
    middle: int = fw.setting(14, ge=1, help="bars of the span that weighs 2")
    long: int = fw.setting(28, ge=1, help="bars of the span that weighs 1")
    needs: ClassVar[tuple[str, ...]] = BARS

    def __attrs_post_init__(self) -> None:
        if not self.short < self.middle < self.long:
            raise ValueError(f"spans must grow: short {self.short}, middle {self.middle}, long {self.long}")

    @property
    def lookback(self) -> int:
        return self.long + 1

    def writer(self) -> Writer:
        from fw_features.flows import ultimate_oscillators

        spans = integers((self.short, self.middle, self.long))

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            ultimate_oscillators(bars.high, bars.low, bars.close, spans, out[0])

        return write

    @property
    def _name(self) -> str:
        return f"ultimate_{self.short}_{self.middle}_{self.long}"

    def about(self) -> tuple[Column, ...]:
        formula = (
            f"(4 × p({self.short}) + 2 × p({self.middle}) + p({self.long})) / 7; p(n) = 100 × Σ (close − true low) / "
            "Σ true range of n bars, 50 where nothing moved; true low: the lower of low and close before"
        )
        return (_column(self._name, formula, "Williams 1976; TA-Lib ULTOSC", 0.0, 100.0),)


def _column(name: str, formula: str, source: str, low: float, high: float) -> Column:
    return Column(name=name, formula=formula, unit="1", low=low, high=high, scale_free=True, source=source)
