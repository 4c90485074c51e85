"""Moving averages: plain, exponential, weighted, and those made to lag less (DEMA, TEMA, Hull) or to adapt (KAMA)."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import (
    FADED,
    FADED_IN_CHAINS,
    OverSpans,
    Written,
    integers,
    of_source,
    room,
    source_setting,
    spans_setting,
    unit_of,
)

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

BARS = ("bars",)


@attrs.frozen
class Sma(OverSpans):
    """Simple moving averages, in `sma_20`: the plain mean of the last span values."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the mean, one column each")
    source: str = source_setting("what is averaged")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.kernels import moving_means

        spans = integers(self.spans)
        return lambda market, first, out: moving_means(getattr(market.bars, self.source), spans, out)

    def about(self) -> tuple[Column, ...]:
        formula = "mean of the last {span} values of {source}"
        return _averages("sma", self.spans, formula, "TA-Lib SMA", self.source)


@attrs.frozen
class Ema(Written):
    """Exponential moving averages, in `ema_20`: the newest value weighs 2 / (span + 1), older ones ever less.

    The mean begins anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((20,), help="bars, one column each")
    source: str = source_setting("what is averaged")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.recursions import forgetting_means

        source, rows = self.source, [(k, span, self._block(span)) for k, span in enumerate(self.spans)]

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            values = getattr(bars, source)
            for k, span, block in rows:
                forgetting_means(values, 0, span, 2 / (span + 1), block_starts(bars, block, first), block, out[k])

        return write

    def about(self) -> tuple[Column, ...]:
        formula = "mean + 2 / (1 + {span}) × ({source} − mean), seeded with the plain mean of {span} values"
        return _averages("ema", self.spans, formula, "TA-Lib EMA", self.source)

    def _block(self, span: int) -> int:
        return FADED * (span + 1) // 2 + 1


@attrs.frozen
class Wma(OverSpans):
    """Weighted moving averages, in `wma_20`: weights fall in a line from span for the newest close to 1."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    def writer(self) -> Writer:
        from fw_features.windows import weighted_sums

        lines = [_line(span) for span in self.spans]

        def write(market: fw.Market, first: int, out: Floats) -> None:
            for column, line in zip(out, lines, strict=True):
                weighted_sums(market.bars.close, line, 1.0, column)

        return write

    def about(self) -> tuple[Column, ...]:
        formula = "Σ ({span} − k) × close k bars ago / Σ ({span} − k), k = 0 … {span} − 1"
        return _averages("wma", self.spans, formula, "TA-Lib WMA")


@attrs.frozen
class Dema(Written):
    """Double exponential moving averages, in `dema_20`: 2 × EMA − EMA of the EMA, which lags less."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * chained_block(max(self.spans))

    def writer(self) -> Writer:
        return repeated(self.spans, (2.0, -1.0, 0.0))

    def about(self) -> tuple[Column, ...]:
        formula = "2 × EMA − EMA(EMA) of close, each over {span} bars"
        return _averages("dema", self.spans, formula, "Mulloy 1994; TA-Lib DEMA", low=-math.inf)


@attrs.frozen
class Tema(Written):
    """Triple exponential moving averages, in `tema_20`: 3 × EMA − 3 × EMA of it + EMA of that; lags still less."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return 2 * chained_block(max(self.spans))

    def writer(self) -> Writer:
        return repeated(self.spans, (3.0, -3.0, 1.0))

    def about(self) -> tuple[Column, ...]:
        formula = "3 × EMA − 3 × EMA(EMA) + EMA(EMA(EMA)) of close, each over {span} bars"
        return _averages("tema", self.spans, formula, "Mulloy 1994; TA-Lib TEMA", low=-math.inf)


@attrs.frozen
class Hull(Written):
    """Hull moving averages, in `hull_20`: WMA over √span bars of 2 × WMA over half the span − WMA over the span."""

    spans: tuple[int, ...] = spans_setting((20,), ge=4, help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    @property
    def lookback(self) -> int:
        return max(span + math.isqrt(span) - 1 for span in self.spans)

    def writer(self) -> Writer:
        from fw_features.windows import hull_means

        lines = [(_line(span // 2), _line(span), _line(math.isqrt(span))) for span in self.spans]

        def write(market: fw.Market, first: int, out: Floats) -> None:
            for column, three in zip(out, lines, strict=True):
                hull_means(market.bars.close, *three, column)

        return write

    def about(self) -> tuple[Column, ...]:
        formula = "WMA(2 × WMA(close, {half}) − WMA(close, {span}), {root})"
        return _averages("hull", self.spans, formula, "Hull 2005; half and root rounded down", low=-math.inf)


@attrs.frozen
class Kama(Written):
    """Kaufman's adaptive moving averages, in `kama_20`: fast where the price goes one way, slow where it swings.

    The mean begins anew at fixed instants; what was before weighs less than 1e-9 by then unless prices have swung
    in place for weeks of bars.
    """

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the efficiency ratio, one column each")
    needs: ClassVar[tuple[str, ...]] = BARS

    WARM: ClassVar[int] = 2048

    @property
    def lookback(self) -> int:
        return 2 * (self.WARM + max(self.spans))

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.recursions import paced_means
        from fw_features.windows import efficiencies

        slow, fast = 2.0 / 31.0, 2.0 / 3.0

        def write(market: fw.Market, first: int, out: Floats) -> None:
            close = market.bars.close
            (weights,) = room(1, len(close))
            for column, span in zip(out, self.spans, strict=True):
                block = self.WARM + span
                starts = block_starts(market.bars, block, first)
                efficiencies(close, span, slow, fast, weights)
                paced_means(close, weights, span, starts, block, column)

        return write

    def about(self) -> tuple[Column, ...]:
        formula = (
            "mean + w × (close − mean); w = (e × (2/3 − 2/31) + 2/31)², e = |close − close {span} bars ago| / "
            "Σ |close − close before| of {span} bars, 1 on flat prices"
        )
        return _averages("kama", self.spans, formula, "Kaufman 1995; TA-Lib KAMA")


def chained_block(span: int) -> int:
    """Bars by which means of means over `span` bars have forgotten."""
    return FADED_IN_CHAINS * (span + 1) // 2 + 1


def repeated(spans: tuple[int, ...], factors: tuple[float, float, float]) -> Writer:
    """For each span a sum of the exponential mean of closes, that of those means, and so on, each times its factor."""
    import numpy as np

    from fw_features.blocks import block_starts
    from fw_features.recursions import repeated_means

    weights, rows = np.array(factors), [(k, span, chained_block(span)) for k, span in enumerate(spans)]

    def write(market: fw.Market, first: int, out: Floats) -> None:
        bars = market.bars
        for k, span, block in rows:
            repeated_means(bars.close, span, weights, block_starts(bars, block, first), block, out[k])

    return write


@cache
def _line(span: int) -> Floats:
    """Weights that fall in a line to the oldest value, and sum to 1."""
    import numpy as np

    weights: Floats = np.arange(span, 0, -1) / (span * (span + 1) / 2)
    return weights


def _averages(
    name: str, spans: tuple[int, ...], formula: str, by: str, source: str = "close", low: float = 0.0
) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=f"{of_source(name, source)}_{span}",
            formula=formula.format(span=span, source=source, half=span // 2, root=math.isqrt(span)),
            unit=unit_of(source),
            low=low,
            scale_free=source == "volume",
            source=by,
        )
        for span in spans
    )
