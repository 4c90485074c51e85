"""How much prices move from close to close, and what that does itself.

Every volatility here is a deviation of log returns a year of 365 days; 0.6 is 60 %.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import FADED, OverSpans, Written, integers, room, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

A_YEAR = "1 a root year"


@attrs.frozen
class Volatility(Written):
    """Standard deviation of the last span one-bar log returns, a year (365 days), in `volatility_24`; 0.6 is 60 %.

    The divisor is span − 1; a year's is the bar's times the root of the number of bars in a year.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="returns in the deviation, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.returns import sample_deviations

        spans = integers(self.spans)
        return lambda market, first, out: sample_deviations(market.bars.close, spans, root_year(market), out)

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
class Realised(Written):
    """Volatility from squared returns, what of it is not jumps, and its down and up halves.

    Columns `realised_24`, `bipower_24`, `jump_24`, `downside_24`, `upside_24`: the mean return counts as 0.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="returns in the mean, five columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.returns import realised_measures

        spans = integers(self.spans)
        return lambda market, first, out: realised_measures(market.bars.close, spans, root_year(market), out)

    def about(self) -> tuple[Column, ...]:
        return tuple(column for span in self.spans for column in self._about(span))

    def _about(self, span: int) -> tuple[Column, ...]:
        def volatility(name: str, formula: str, source: str) -> Column:
            return Column(name=f"{name}_{span}", formula=formula, unit=A_YEAR, low=0.0, scale_free=True, source=source)

        whole = f"over the last {span} log returns r"
        halves = "Barndorff-Nielsen, Kinnebrock and Shephard 2010"
        return (
            volatility("realised", f"√(mean of r² {whole} × bars a year)", "Andersen and Bollerslev 1998"),
            volatility(
                "bipower",
                f"√(π / 2 × mean of |r| × |r before| over their {span - 1} neighbours {whole} × bars a year)",
                "Barndorff-Nielsen and Shephard 2004",
            ),
            Column(
                name=f"jump_{span}",
                formula=f"1 − (bipower_{span} / realised_{span})², not below 0; 0 where nothing moved",
                unit="share",
                low=0.0,
                high=1.0,
                scale_free=True,
                source="Huang and Tauchen 2005",
            ),
            volatility("downside", f"√(mean of r² where r < 0, else 0, {whole} × bars a year)", halves),
            volatility("upside", f"√(mean of r² where r > 0, else 0, {whole} × bars a year)", halves),
        )


@attrs.frozen
class VolatilityOfVolatility(Written):
    """How unsteady volatility is, in `vol_of_vol_24`: its own deviation over a span, as a share of its mean."""

    spans: tuple[int, ...] = spans_setting(
        (24,), ge=2, help="returns in a volatility, and volatilities, one column each"
    )
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * max(self.spans)

    def writer(self) -> Writer:
        from fw_features.returns import deviations_of_deviations

        spans = integers(self.spans)
        return lambda market, first, out: deviations_of_deviations(market.bars.close, spans, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"vol_of_vol_{span}",
                formula=f"sample deviation / mean of the last {span} values of volatility_{span}; 0 where it is 0",
                unit="1",
                low=0.0,
                scale_free=True,
                source="definition of the coefficient of variation",
            )
            for span in self.spans
        )


@attrs.frozen
class EwmaVolatility(Written):
    """Volatility that forgets, in `ewma_volatility_33`: the newest squared return weighs 2 / (span + 1).

    A span of 33 bars is RiskMetrics' decay of 0.94. The mean begins anew at fixed instants after a warm-up long
    enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((33,), help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def writer(self) -> Writer:
        from fw_features.blocks import block_starts
        from fw_features.ranges import to_deviations
        from fw_features.recursions import forgetting_means
        from fw_features.returns import squared_returns

        def write(market: fw.Market, first: int, out: Floats) -> None:
            (squares,) = room(1, len(market.bars))
            squared_returns(market.bars.close, squares)
            for column, span in zip(out, self.spans, strict=True):
                block = self._block(span)
                starts = block_starts(market.bars, block, first)
                forgetting_means(squares, 1, span, 2 / (span + 1), starts, block, column)
                to_deviations(column[None, first:], root_year(market))

        return write

    def about(self) -> tuple[Column, ...]:
        formula = "√(m × bars a year), m + 2 / (n + 1) × (r² − m), n = {span}, seeded with the plain mean of n squares"
        return volatility_columns("ewma_volatility", self.spans, formula, "RiskMetrics 1996")

    def _block(self, span: int) -> int:
        return FADED * (span + 1) // 2 + 2


@attrs.frozen
class Har(Written):
    """The terms of the heterogeneous autoregression of volatility, in `har_24`: logs of realised volatility by span.

    The usual three are a day, a week and 30 days; the bars of these spans are hours.
    """

    spans: tuple[int, ...] = spans_setting((24, 168, 720), help="returns in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.returns import log_realised

        spans = integers(self.spans)
        return lambda market, first, out: log_realised(market.bars.close, spans, root_year(market), first, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"har_{span}",
                formula=f"ln √(mean of the last {span} squared log returns × bars a year), not below ln 0.000001",
                unit="1",
                low=math.log(1e-6),
                scale_free=True,
                source="Corsi 2009, in logs",
            )
            for span in self.spans
        )


@attrs.frozen
class Hurst(OverSpans):
    """Whether moves add up (above 0.5) or cancel out (below), in `hurst_128`: their growth with their length."""

    spans: tuple[int, ...] = spans_setting((128,), ge=16, help="closes looked at, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.ranges import hurst_exponents

        spans = integers(self.spans)
        return lambda market, first, out: hurst_exponents(market.bars.close, spans, first, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"hurst_{span}",
                formula="least-squares slope of ½ ln(mean squared log move) over ln(lag), lags 1, 2, 4 … up to "
                f"{span // 4}, of the last {span} closes, kept in [0, 1]; 0.5 where some lag shows no move",
                unit="1",
                low=0.0,
                high=1.0,
                scale_free=True,
                source="structure function of order 2: Hurst 1951, Di Matteo 2007",
            )
            for span in self.spans
        )


def root_year(market: fw.Market) -> float:
    """The root of the bars in a year: by how much a year's deviation is a bar's."""
    return math.sqrt(market.bars.size.bars_per_year)


def volatility_columns(name: str, spans: tuple[int, ...], formula: str, source: str) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=f"{name}_{span}",
            formula=formula.format(span=span),
            unit=A_YEAR,
            low=0.0,
            scale_free=True,
            source=source,
        )
        for span in spans
    )
