"""One instrument among others: how it moves with another, how far they parted, and where it ranks.

The other instruments are those of the run, on the same timeline; their newest bar closes at the same moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import Written, integers, room, spans_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw_features.spans import Floats, Writer


@attrs.frozen
class Against(Written):
    """Beta, correlation and spread to another instrument of the run.

    Columns `beta_btcusdt_48`, `correlation_btcusdt_48`, `spread_btcusdt_48`, `spread_z_btcusdt_48`, by its symbol.
    """

    to: str = fw.setting("BTCUSDT", help="the other instrument, one of the run's")
    spans: tuple[int, ...] = spans_setting((48,), ge=3, help="bars looked at, four columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        from fw_features.pairs import betas_and_correlations, spreads_and_scores

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            own, other = market.bars.close, _beside(market, self.to)
            betas_and_correlations(own, other, spans, out)
            spreads_and_scores(own, other, spans, out)

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(column for span in self.spans for column in self._about(span))

    def _about(self, span: int) -> tuple[Column, ...]:
        end = f"{self.to.lower()}_{span}"
        return (
            Column(
                name=f"beta_{end}",
                formula=f"covariance / variance of {self.to} of the last {span} log returns; "
                f"0 where {self.to} stands still",
                unit="1",
                scale_free=True,
                source="least-squares slope: Sharpe 1964",
            ),
            Column(
                name=f"correlation_{end}",
                formula=f"correlation with {self.to} of the last {span} log returns; 0 where either stands still",
                unit="1",
                low=-1.0,
                high=1.0,
                scale_free=True,
                source="Pearson 1895",
            ),
            Column(
                name=f"spread_{end}",
                formula=f"ln(close / close of {self.to}) less its mean over the last {span} bars",
                unit="1",
                scale_free=True,
                source="Gatev, Goetzmann and Rouwenhorst 2006",
            ),
            Column(
                name=f"spread_z_{end}",
                formula=f"spread_{end} / sample deviation of the last {span} log ratios; 0 where all are equal",
                unit="1",
                scale_free=True,
                source="definition of the standard score",
            ),
        )


@attrs.frozen
class Rank(Written):
    """Where the return over a span stands among the run's instruments, in `rank_24`: 0 the lowest, 1 the highest."""

    spans: tuple[int, ...] = spans_setting((24,), help="bars of the return, one column each")
    needs: ClassVar[tuple[str, ...]] = ("bars",)

    @property
    def lookback(self) -> int:
        return max(self.spans) + 1

    def writer(self) -> Writer:
        import numpy as np

        from fw_features.kernels import log_returns

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            others = [symbol for symbol in market.series if symbol != market.focus]
            own = room(*out.shape) if others else out
            log_returns(market.bars.close, spans, own)
            np.subtract(own, own, out=out)  # NaN where there is no return, else 0
            other = room(*out.shape) if others else own
            for symbol in others:
                log_returns(_beside(market, symbol), spans, other)
                out += (own > other) + 0.5 * (own == other)
            if others:
                out /= len(others)
            else:
                out += 0.5

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"rank_{span}",
                formula=f"share of the other instruments whose log return over {span} bars is lower, equal ones half; "
                "0.5 where there is no other",
                unit="share",
                low=0.0,
                high=1.0,
                scale_free=True,
                source="definition of the percentile rank",
            )
            for span in self.spans
        )


def _beside(market: fw.Market, symbol: str) -> NDArray[np.float64]:
    """The closes of another instrument, bar by bar beside those of the one in focus."""
    import numpy as np

    bars = market.of(symbol).bars
    if not np.array_equal(bars.open_time, market.bars.open_time):
        raise fw.DataError(
            f"the bars of {symbol} and {market.focus} do not open at the same times, so they cannot be compared; "
            "runs put them on one timeline (source.gaps)"
        )
    return bars.close
