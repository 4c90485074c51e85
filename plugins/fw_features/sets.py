"""The bundled feature sets: returns, averages, volatility and range, one column for each span."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

import fw
from fw_features.about import Column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOURCES = ("open", "high", "low", "close", "volume")

# what an old value still weighs when a new block begins: e**-24 < 1e-10
FADED = 24


def _spans(value: int | Iterable[int]) -> tuple[int, ...]:
    """One span or several, each once."""
    spans = (value,) if isinstance(value, int) else tuple(dict.fromkeys(value))
    if not spans:
        raise ValueError("wants at least one span, as in [20]")
    return spans


def _spans_setting(default: tuple[int, ...], *, ge: int = 1, help: str) -> Any:
    return fw.setting(default, ge=ge, converter=_spans, help=help)


def _source_setting() -> Any:
    return fw.setting("close", choices=SOURCES, help="what is averaged: open, high, low, close or volume")


@attrs.frozen
class Returns:
    """Log returns: ln(close / close a span ago), in `return_5`; 0.01 is about 1 %."""

    spans: tuple[int, ...] = _spans_setting((1,), help="bars back, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.kernels import log_returns

        out = _columns(self.spans, market)
        log_returns(market.bars.close, _array(self.spans), out)
        return _frame("return", self.spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"return_{span}",
                formula=f"ln(close / close {span} bars ago)",
                unit="1",
                scale_free=True,
                source="definition of the log return",
            )
            for span in self.spans
        )


@attrs.frozen
class Sma:
    """Simple moving averages, in `sma_20`: the plain mean of the last span values."""

    spans: tuple[int, ...] = _spans_setting((20,), help="bars in the mean, one column each")
    source: str = _source_setting()
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.kernels import moving_means

        out = _columns(self.spans, market)
        moving_means(getattr(market.bars, self.source), _array(self.spans), out)
        return _frame(_named("sma", self.source), self.spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"{_named('sma', self.source)}_{span}",
                formula=f"mean of the last {span} values of {self.source}",
                unit=_unit(self.source),
                low=0.0,
                scale_free=self.source == "volume",
                source="TA-Lib SMA",
            )
            for span in self.spans
        )


@attrs.frozen
class Ema:
    """Exponential moving averages, in `ema_20`: the newest value weighs 2 / (span + 1), older ones ever less.

    The mean begins anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = _spans_setting((20,), help="bars, one column each")
    source: str = _source_setting()
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.blocks import block_starts
        from fw_features.kernels import forgetting_means

        out = _columns(self.spans, market)
        values = getattr(market.bars, self.source)
        for column, span in zip(out, self.spans, strict=True):
            block = self._block(span)
            forgetting_means(values, 0, span, 2 / (span + 1), block_starts(market.bars, block), block, column)
        return _frame(_named("ema", self.source), self.spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"{_named('ema', self.source)}_{span}",
                formula=f"mean + 2 / {span + 1} × ({self.source} − mean), seeded with the plain mean of {span} values",
                unit=_unit(self.source),
                low=0.0,
                scale_free=self.source == "volume",
                source="TA-Lib EMA",
            )
            for span in self.spans
        )

    def _block(self, span: int) -> int:
        return FADED * (span + 1) // 2 + 1


@attrs.frozen
class Volatility:
    """Standard deviation of the last span one-bar log returns, a year (365 days), in `volatility_24`; 0.6 is 60 %.

    The divisor is span − 1; a year's is the bar's times the root of the number of bars in a year.
    """

    spans: tuple[int, ...] = _spans_setting((24,), ge=2, help="returns in the deviation, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.kernels import deviations

        out = _columns(self.spans, market)
        a_year = math.sqrt(market.bars.size.bars_per_year)
        deviations(market.bars.close, _array(self.spans), a_year, out)
        return _frame("volatility", self.spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"volatility_{span}",
                formula=f"sample deviation (divisor {span - 1}) of the last {span} log returns × √(bars in 365 days)",
                unit="1 a root year",
                low=0.0,
                scale_free=True,
                source="definition of historical volatility",
            )
            for span in self.spans
        )


@attrs.frozen
class Atr:
    """Average true range by Wilder's smoothing, in price, in `atr_14`: the newest bar weighs 1 / span.

    The mean begins anew at fixed instants after a warm-up long enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = _spans_setting((14,), help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.blocks import block_starts
        from fw_features.kernels import forgetting_means, true_ranges

        out = _columns(self.spans, market)
        bars = market.bars
        ranges = true_ranges(bars.high, bars.low, bars.close)
        for column, span in zip(out, self.spans, strict=True):
            block = self._block(span)
            forgetting_means(ranges, 1, span, 1 / span, block_starts(bars, block), block, column)
        return _frame("atr", self.spans, out)

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


def _columns(spans: tuple[int, ...], market: fw.Market) -> NDArray[np.float64]:
    """Room for one column a span, float64[span, bar]."""
    from fw.ledger import empty

    out: NDArray[np.float64] = empty(len(spans), len(market.bars))
    return out


def _array(spans: tuple[int, ...]) -> NDArray[np.int64]:
    import numpy as np

    return np.array(spans, dtype=np.int64)


def _named(name: str, source: str) -> str:
    """Averages of anything but closes carry their source: `sma_volume_20`."""
    return name if source == "close" else f"{name}_{source}"


def _unit(source: str) -> str:
    return "base currency" if source == "volume" else "price"


def _frame(name: str, spans: tuple[int, ...], out: NDArray[np.float64]) -> fw.Frame:
    return fw.Frame.of({f"{name}_{span}": column for span, column in zip(spans, out, strict=True)})
