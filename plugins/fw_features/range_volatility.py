"""Volatility from the range of bars, which says more than their closes do; a year's, where 0.6 is 60 %."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import OverSpans, Written, integers, spans_setting
from fw_features.volatility import root_year, volatility_columns

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer


@attrs.frozen
class Parkinson(OverSpans):
    """Volatility from high and low alone, in `parkinson_20`: five times as exact as closes, blind to leaps."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.ranges import PARKINSON

        return _of_terms(PARKINSON, self.spans)

    def about(self) -> tuple[Column, ...]:
        formula = "√(mean of ln(high / low)² / (4 ln 2) over {span} bars × bars a year)"
        return volatility_columns("parkinson", self.spans, formula, "Parkinson 1980")


@attrs.frozen
class GarmanKlass(OverSpans):
    """Volatility from all four prices of a bar, in `garman_klass_20`, where prices do not drift."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.ranges import GARMAN_KLASS

        return _of_terms(GARMAN_KLASS, self.spans)

    def about(self) -> tuple[Column, ...]:
        formula = (
            "√(mean of ½ ln(high / low)² − (2 ln 2 − 1) ln(close / open)² over {span} bars × bars a year); "
            "0 where the mean is below 0"
        )
        return volatility_columns("garman_klass", self.spans, formula, "Garman and Klass 1980")


@attrs.frozen
class RogersSatchell(OverSpans):
    """Volatility from all four prices of a bar, in `rogers_satchell_20`, whatever the drift."""

    spans: tuple[int, ...] = spans_setting((20,), help="bars in the mean, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    def writer(self) -> Writer:
        from fw_features.ranges import ROGERS_SATCHELL

        return _of_terms(ROGERS_SATCHELL, self.spans)

    def about(self) -> tuple[Column, ...]:
        terms = "ln(high / open) ln(high / close) + ln(low / open) ln(low / close)"
        formula = f"√(mean of {terms} over {{span}} bars × bars a year)"
        return volatility_columns("rogers_satchell", self.spans, formula, "Rogers and Satchell 1991")


@attrs.frozen
class YangZhang(Written):
    """Volatility from all four prices and the leap from the close before, in `yang_zhang_20`, whatever the drift."""

    spans: tuple[int, ...] = spans_setting((20,), ge=2, help="bars in the variance, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.ranges import to_deviations, yang_zhang_variances

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            bars = market.bars
            yang_zhang_variances(bars.open, bars.high, bars.low, bars.close, spans, out)
            to_deviations(out, root_year(market))

        return write

    def about(self) -> tuple[Column, ...]:
        formula = (
            "√((variance of ln(open / close before) + k × variance of ln(close / open) + (1 − k) × Rogers-Satchell "
            "variance) × bars a year) over {span} bars, k = 0.34 / (1.34 + (n + 1) / (n − 1))"
        )
        return volatility_columns("yang_zhang", self.spans, formula, "Yang and Zhang 2000")


def _of_terms(estimator: int, of_spans: tuple[int, ...]) -> Writer:
    """Roots of the moving means of what each bar says of the variance."""
    from fw_features.ranges import deviations_of_terms

    spans = integers(of_spans)

    def write(market: fw.Market, first: int, out: Floats) -> None:
        bars = market.bars
        prices = bars.open, bars.high, bars.low, bars.close
        deviations_of_terms(estimator, *prices, spans, root_year(market), out)

    return write
