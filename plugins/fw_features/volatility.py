"""How much prices move: estimators of volatility from closes and from ranges, bands, and what volatility itself does.

Every volatility here is a deviation of log returns a year of 365 days; 0.6 is 60 %.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import FADED, filled, framed, integers, room, spans_setting

A_YEAR = "1 a root year"


@attrs.frozen
class Parkinson:
    """Volatility from high and low alone, in `parkinson_20`: five times as exact as closes, blind to leaps."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.ranges import PARKINSON

        return _of_terms(self, PARKINSON, market)

    def about(self) -> tuple[Column, ...]:
        formula = "√(mean of ln(high / low)² / (4 ln 2) over {span} bars × bars a year)"
        return _volatilities("parkinson", self.spans, formula, "Parkinson 1980")


@attrs.frozen
class GarmanKlass:
    """Volatility from all four prices of a bar, in `garman_klass_20`, where prices do not drift."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.ranges import GARMAN_KLASS

        return _of_terms(self, GARMAN_KLASS, market)

    def about(self) -> tuple[Column, ...]:
        formula = (
            "√(mean of ½ ln(high / low)² − (2 ln 2 − 1) ln(close / open)² over {span} bars × bars a year); "
            "0 where the mean is below 0"
        )
        return _volatilities("garman_klass", self.spans, formula, "Garman and Klass 1980")


@attrs.frozen
class RogersSatchell:
    """Volatility from all four prices of a bar, in `rogers_satchell_20`, whatever the drift."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.ranges import ROGERS_SATCHELL

        return _of_terms(self, ROGERS_SATCHELL, market)

    def about(self) -> tuple[Column, ...]:
        terms = "ln(high / open) ln(high / close) + ln(low / open) ln(low / close)"
        formula = f"√(mean of {terms} over {{span}} bars × bars a year)"
        return _volatilities("rogers_satchell", self.spans, formula, "Rogers and Satchell 1991")


@attrs.frozen
class YangZhang:
    """Volatility from all four prices and the leap from the close before, in `yang_zhang_20`, whatever the drift."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the variance, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.ranges import to_deviations, yang_zhang_variances

        out = room(len(self.spans), market)
        bars = market.bars
        yang_zhang_variances(bars.open, bars.high, bars.low, bars.close, integers(self.spans), out)
        to_deviations(out, root_year(market))
        return framed(self, out)

    def about(self) -> tuple[Column, ...]:
        formula = (
            "√((variance of ln(open / close before) + k × variance of ln(close / open) + (1 − k) × Rogers-Satchell "
            "variance) × bars a year) over {span} bars, k = 0.34 / (1.34 + (n + 1) / (n − 1))"
        )
        return _volatilities("yang_zhang", self.spans, formula, "Yang and Zhang 2000")


@attrs.frozen
class Realised:
    """Volatility from squared returns, what of it is not jumps, and its down and up halves.

    Columns `realised_24`, `bipower_24`, `jump_24`, `downside_24`, `upside_24`: the mean return counts as 0.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="returns in the mean, five columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.returns import realised_measures

        return filled(self, market, realised_measures, market.bars.close, integers(self.spans), root_year(market))

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
class VolatilityOfVolatility:
    """How unsteady volatility is, in `vol_of_vol_24`: its own deviation over a span, as a share of its mean."""

    spans: tuple[int, ...] = spans_setting(
        (24,), ge=2, help="returns in a volatility, and volatilities, one column each"
    )
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.returns import deviations_of_deviations

        return filled(self, market, deviations_of_deviations, market.bars.close, integers(self.spans))

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
class EwmaVolatility:
    """Volatility that forgets, in `ewma_volatility_33`: the newest squared return weighs 2 / (span + 1).

    A span of 33 bars is RiskMetrics' decay of 0.94. The mean begins anew at fixed instants after a warm-up long
    enough to agree with the endless form to 1e-9.
    """

    spans: tuple[int, ...] = spans_setting((33,), help="bars, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return 2 * self._block(max(self.spans))

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.blocks import block_starts
        from fw_features.ranges import to_deviations
        from fw_features.recursions import forgetting_means
        from fw_features.returns import squared_returns

        out, squares = room(len(self.spans), market), room(1, market)[0]
        squared_returns(market.bars.close, squares)
        for column, span in zip(out, self.spans, strict=True):
            block = self._block(span)
            forgetting_means(squares, 1, span, 2 / (span + 1), block_starts(market.bars, block), block, column)
        to_deviations(out, root_year(market))
        return framed(self, out)

    def about(self) -> tuple[Column, ...]:
        formula = "√(m × bars a year), m + 2 / (n + 1) × (r² − m), n = {span}, seeded with the plain mean of n squares"
        return _volatilities("ewma_volatility", self.spans, formula, "RiskMetrics 1996")

    def _block(self, span: int) -> int:
        return FADED * (span + 1) // 2 + 2


@attrs.frozen
class Har:
    """The terms of the heterogeneous autoregression of volatility, in `har_24`: logs of realised volatility by span.

    The usual three are a day, a week and 30 days; the bars of these spans are hours.
    """

    spans: tuple[int, ...] = spans_setting((24, 168, 720), help="returns in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.returns import log_realised

        return filled(self, market, log_realised, market.bars.close, integers(self.spans), root_year(market))

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
class Hurst:
    """Whether moves add up (above 0.5) or cancel out (below), in `hurst_128`: their growth with their length."""

    spans: tuple[int, ...] = spans_setting((128,), ge=16, help="closes looked at, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.ranges import hurst_exponents

        return filled(self, market, hurst_exponents, market.bars.close, integers(self.spans))

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


def _of_terms(feature_set: Any, estimator: int, market: fw.Market) -> fw.Frame:
    """Roots of the moving means of what each bar says of the variance."""
    from fw_features.ranges import deviations_of_terms

    out, bars = room(len(feature_set.spans), market), market.bars
    prices = bars.open, bars.high, bars.low, bars.close
    deviations_of_terms(estimator, *prices, integers(feature_set.spans), root_year(market), out)
    return framed(feature_set, out)


def _volatilities(name: str, spans: tuple[int, ...], formula: str, source: str) -> tuple[Column, ...]:
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
