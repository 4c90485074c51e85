"""Oscillators of closes that swing between bounds: RSI and its stochastic, CMO, TRIX, awesome, Fisher."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.averages import chained_block, repeated
from fw_features.spans import FADED_IN_CHAINS, Written, integers, room, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

BARS = ("bars",)


@attrs.frozen
class Rsi(Written):
    """Wilder's relative strength index, in `rsi_14`: 100 when the price only rose, 0 when it only fell.

    It begins anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * wilder_block(max(self.spans))

    def writer(self) -> Writer:
        return _strengths(self.spans, 0.0, 50.0)

    def about(self) -> tuple[Column, ...]:
        formula = "100 × U / (U + D); U, D: Wilder's means over {span} bars of rises and falls of close; 50 when flat"
        return _columns("rsi", self.spans, formula, "Wilder 1978; TA-Lib RSI", 0.0, 100.0)


@attrs.frozen
class Cmo(Written):
    """Chande's momentum oscillator with Wilder's means, in `cmo_14`: from −100, only falls, to 100, only rises."""

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * wilder_block(max(self.spans))

    def writer(self) -> Writer:
        return _strengths(self.spans, -1.0, 0.0)

    def about(self) -> tuple[Column, ...]:
        formula = (
            "100 × (U − D) / (U + D); U, D: Wilder's means over {span} bars of rises and falls of close; 0 when flat"
        )
        return _columns("cmo", self.spans, formula, "Chande 1994 with Wilder's means; TA-Lib CMO", -100.0, 100.0)


@attrs.frozen
class StochRsi(Written):
    """Where RSI stands in its own range: `stoch_rsi_k_14_14`, and its mean of `signal` bars, `stoch_rsi_d_14_14_3`."""

    rsi: int = fw.setting(14, ge=2, help="bars of the RSI")
    span: int = fw.setting(14, ge=2, help="values of RSI in the range")
    signal: int = fw.setting(3, ge=1, help="bars in the mean")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * wilder_block(self.rsi) + self.span + self.signal - 2

    def writer(self) -> Writer:
        from fw_features.extremes import places
        from fw_features.kernels import moving_means

        strengths, signal = _strengths((self.rsi,), 0.0, 50.0), integers((self.signal,))
        started = self.rsi + self.span - 1
        before = self.span + self.signal - 2  # values that a row looks back on

        def write(market: fw.Market, first: int, out: Floats) -> None:
            place, mean = out
            begin = max(self.rsi, first - before)
            strengths(market, max(0, first - before), out[1:])
            values = mean[begin:].copy()
            place[: self.rsi], mean[:started] = math.nan, math.nan
            places(values, values, values, self.span, False, place[begin:])
            begin = max(started, first - self.signal + 1)
            moving_means(place[begin:], signal, mean[None, begin:])

        return write

    @property
    def _names(self) -> tuple[str, str]:
        return f"stoch_rsi_k_{self.rsi}_{self.span}", f"stoch_rsi_d_{self.rsi}_{self.span}_{self.signal}"

    def about(self) -> tuple[Column, ...]:
        values = f"RSI({self.rsi})"
        place = (
            f"100 × ({values} − lowest) / (highest − lowest) of its last {self.span} values; 50 where they are equal"
        )
        return tuple(
            Column(
                name=name,
                formula=formula,
                unit="1",
                low=0.0,
                high=100.0,
                scale_free=True,
                source="Chande and Kroll 1994; TA-Lib STOCHRSI",
            )
            for name, formula in zip(self._names, (place, f"mean of {self.signal} of these"), strict=True)
        )


@attrs.frozen
class Trix(Written):
    """Percent by which a triple exponential mean of closes moved in the last bar, in `trix_15`."""

    spans: tuple[int, ...] = spans_setting((15,), ge=2, help="bars of each mean, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * chained_block(max(self.spans)) + 1

    def writer(self) -> Writer:
        from fw_features.kernels import relative_changes

        repeat, one = repeated(self.spans, (0.0, 0.0, 1.0)), integers((1,))

        def write(market: fw.Market, first: int, out: Floats) -> None:
            means = room(len(out), len(market.bars))
            repeat(market, max(0, first - 1), means)
            for k in range(len(out)):
                relative_changes(means[k], one, 100.0, out[k : k + 1])

        return write

    def about(self) -> tuple[Column, ...]:
        formula = "100 × (m / m a bar ago − 1), m = EMA(EMA(EMA(close))), each over {span} bars"
        return _columns("trix", self.spans, formula, "Hutson 1983; TA-Lib TRIX", -100.0, float("inf"), "percent")


@attrs.frozen
class Awesome(Written):
    """Mean of the last 5 median prices less that of the last 34, in `awesome_5_34`."""

    fast: int = fw.setting(5, ge=1, help="bars in the faster mean; fewer than slow")
    slow: int = fw.setting(34, ge=2, help="bars in the slower mean")
    needs: ClassVar[tuple[str, ...]] = BARS

    def __attrs_post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be fewer bars than slow ({self.slow})")

    @property
    def lookback(self) -> int:
        return self.slow

    def writer(self) -> Writer:
        from fw_features.kernels import apart, medians, moving_means

        spans = integers((self.fast, self.slow))

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars, median = market.bars, out[0]
            means = room(2, len(median))
            medians(bars.high, bars.low, median)
            moving_means(median, spans, means)
            apart(means[0], means[1], median)

        return write

    def about(self) -> tuple[Column, ...]:
        return (
            Column(
                name=f"awesome_{self.fast}_{self.slow}",
                formula=f"SMA(median, {self.fast}) − SMA(median, {self.slow}); median: (high + low) / 2",
                unit="price",
                source="Williams 1995",
            ),
        )


@attrs.frozen
class Fisher(Written):
    """Ehlers' Fisher transform of the place of the median price in its range: `fisher_10`, `fisher_signal_10`.

    The signal is the value a bar before. It begins anew at fixed instants, from 0, 128 bars before they are shown.
    """

    spans: tuple[int, ...] = spans_setting((10,), ge=2, help="bars in the range, two columns each")
    needs: ClassVar[tuple[str, ...]] = BARS

    WARM: ClassVar[int] = 128
    """Bars after which 0.67 of a value a bar is nothing (1e-22)."""
    BOUND: ClassVar[float] = 7.61
    """ln(1.999 / 0.001), rounded up: the highest mean of the highest transform."""

    @property
    def lookback(self) -> int:
        return 2 * (self.WARM + max(self.spans))

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.extremes import places
        from fw_features.kernels import medians
        from fw_features.movements import fisher_transforms

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            median, place = room(2, len(bars))
            medians(bars.high, bars.low, median)
            for k, span in enumerate(self.spans):
                block = self.WARM + span
                places(median, median, median, span, False, place)
                fisher_transforms(place, span, block_starts(bars, block, first), block, out[2 * k : 2 * k + 2])

        return write

    def about(self) -> tuple[Column, ...]:
        value = (
            "0.66 × (place − 0.5) + 0.67 × v, within ±0.999; place: of (high + low) / 2 in its last {span}, flat 0.5"
        )
        columns: list[Column] = []
        for span in self.spans:
            formula = f"½ × ln((1 + v) / (1 − v)) + ½ × the one before; v: {value.format(span=span)}"
            for name, text in (("fisher", formula), ("fisher_signal", f"fisher_{span} a bar before, 0 at first")):
                columns += _columns(name, (span,), text, "Ehlers 2002", -self.BOUND, self.BOUND)
        return tuple(columns)


def wilder_block(span: int) -> int:
    """Bars by which the ratio of two of Wilder's means over `span` bars has forgotten."""
    return FADED_IN_CHAINS * span + 2


def _strengths(spans: tuple[int, ...], sign: float, without: float) -> Writer:
    """100 × (U + sign × D) / (U + D) of closes, a row for each span: RSI with 0, CMO with −1."""
    from fw_features.blocks import block_starts
    from fw_features.movements import strengths

    rows = [(k, span, wilder_block(span)) for k, span in enumerate(spans)]

    def write(market: fw.Market, first: int, out: Floats) -> None:
        bars = market.bars
        for k, span, block in rows:
            strengths(bars.close, span, sign, without, block_starts(bars, block, first), block, out[k])

    return write


def _columns(
    name: str, spans: tuple[int, ...], formula: str, source: str, low: float, high: float, unit: str = "1"
) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=f"{name}_{span}",
            formula=formula.replace("{span}", str(span)),
            unit=unit,
            low=low,
            high=high,
            scale_free=True,
            source=source,
        )
        for span in spans
    )
