"""Oscillators of closes that swing between bounds: RSI and its stochastic, CMO, TRIX, awesome, Fisher."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.averages import chained_block, repeated
from fw_features.spans import FADED_IN_CHAINS, integers, room, spans_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BARS = ("bars",)


@attrs.frozen
class Rsi:
    """Wilder's relative strength index, in `rsi_14`: 100 when the price only rose, 0 when it only fell.

    It begins anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * wilder_block(max(self.spans))

    def compute(self, market: fw.Market) -> fw.Frame:
        return fw.Frame.of({f"rsi_{span}": strength(market, span) for span in self.spans})

    def about(self) -> tuple[Column, ...]:
        formula = "100 × U / (U + D); U, D: Wilder's means over {span} bars of rises and falls of close; 50 when flat"
        return _columns("rsi", self.spans, formula, "Wilder 1978; TA-Lib RSI", 0.0, 100.0)


@attrs.frozen
class Cmo:
    """Chande's momentum oscillator with Wilder's means, in `cmo_14`: from −100, only falls, to 100, only rises."""

    spans: tuple[int, ...] = spans_setting((14,), ge=2, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * wilder_block(max(self.spans))

    def compute(self, market: fw.Market) -> fw.Frame:
        columns = {}
        for span in self.spans:
            gain, loss = _gains_and_losses(market, span)
            columns[f"cmo_{span}"] = share(gain - loss, gain + loss, 0.0)
        return fw.Frame.of(columns)

    def about(self) -> tuple[Column, ...]:
        formula = (
            "100 × (U − D) / (U + D); U, D: Wilder's means over {span} bars of rises and falls of close; 0 when flat"
        )
        return _columns("cmo", self.spans, formula, "Chande 1994 with Wilder's means; TA-Lib CMO", -100.0, 100.0)


@attrs.frozen
class StochRsi:
    """Where RSI stands in its own range: `stoch_rsi_k_14_14`, and its mean of `signal` bars, `stoch_rsi_d_14_14_3`."""

    rsi: int = fw.setting(14, ge=2, help="bars of the RSI")
    span: int = fw.setting(14, ge=2, help="values of RSI in the range")
    signal: int = fw.setting(3, ge=1, help="bars in the mean")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * wilder_block(self.rsi) + self.span + self.signal - 2

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.extremes import highest, lowest
        from fw_features.kernels import moving_means

        values = strength(market, self.rsi)[self.rsi :]
        high, low, place, mean = room(4, market)
        for column in (high, low, place, mean):
            column[: self.rsi] = float("nan")
        highest(values, integers((self.span,)), high[None, self.rsi :])
        lowest(values, integers((self.span,)), low[None, self.rsi :])
        started = self.rsi + self.span - 1
        place[:started] = mean[:started] = float("nan")
        place[started:] = share(values[self.span - 1 :] - low[started:], high[started:] - low[started:], 50.0)
        moving_means(place[started:], integers((self.signal,)), mean[None, started:])
        return fw.Frame.of(dict(zip(self._names, (place, mean), strict=True)))

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
class Trix:
    """Percent by which a triple exponential mean of closes moved in the last bar, in `trix_15`."""

    spans: tuple[int, ...] = spans_setting((15,), ge=2, help="bars of each mean, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * chained_block(max(self.spans)) + 1

    def compute(self, market: fw.Market) -> fw.Frame:
        columns = {}
        for span, (_, _, thrice) in repeated(self.spans, 3, market):
            column = room(1, market)[0]
            column[:1] = float("nan")
            column[1:] = (thrice[1:] - thrice[:-1]) / thrice[:-1] * 100.0
            columns[f"trix_{span}"] = column
        return fw.Frame.of(columns)

    def about(self) -> tuple[Column, ...]:
        formula = "100 × (m / m a bar ago − 1), m = EMA(EMA(EMA(close))), each over {span} bars"
        return _columns("trix", self.spans, formula, "Hutson 1983; TA-Lib TRIX", -100.0, float("inf"), "percent")


@attrs.frozen
class Awesome:
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

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.kernels import moving_means

        means = room(2, market)
        moving_means((market.bars.high + market.bars.low) / 2.0, integers((self.fast, self.slow)), means)
        return fw.Frame.of({f"awesome_{self.fast}_{self.slow}": means[0] - means[1]})

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
class Fisher:
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

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.blocks import block_starts
        from fw_features.extremes import highest, lowest
        from fw_features.recursions import fisher_transforms

        columns: dict[str, Floats] = {}
        median = (market.bars.high + market.bars.low) / 2.0
        for span in self.spans:
            high, low = room(2, market)
            highest(median, integers((span,)), high[None])
            lowest(median, integers((span,)), low[None])
            places = share(median - low, high - low, 50.0) / 100.0
            out, block = room(2, market), self.WARM + span
            fisher_transforms(places, span, block_starts(market.bars, block), block, out)
            columns |= {f"fisher_{span}": out[0], f"fisher_signal_{span}": out[1]}
        return fw.Frame.of(columns)

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


def strength(market: fw.Market, span: int) -> Floats:
    """RSI of closes."""
    gain, loss = _gains_and_losses(market, span)
    return share(gain, gain + loss, 50.0)


def share(part: Floats, whole: Floats, without: float) -> Floats:
    """100 × part / whole, and `without` where the whole is 0; NaN stays NaN."""
    from fw.ledger import empty
    from fw_features.kernels import shares

    out: Floats = empty(len(part))
    shares(part, whole, without, out)
    return out


def _gains_and_losses(market: fw.Market, span: int) -> Floats:
    from fw_features.blocks import block_starts
    from fw_features.recursions import gains_and_losses

    out, block = room(2, market), wilder_block(span)
    gains_and_losses(market.bars.close, span, block_starts(market.bars, block), block, out)
    return out


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
