"""What takers did, trade by trade or summed up by bar: net volume, which side trades more often, and how large."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.known import rows_of_bars, stamps_of
from fw_features.spans import framed, integers, room, spans_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@attrs.frozen
class SignedVolume:
    """Volume bought less volume sold by takers, in `signed_volume_24`, and as a share of both in `signed_share_24`."""

    spans: tuple[int, ...] = spans_setting((1, 24), help="bars in the sum, two columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "trades.bought", "trades.sold")

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.flows import shares
        from fw_features.kernels import moving_means

        bought, sold = _by_bar(market, ("bought", "sold"))
        net, spans = bought - sold, integers(self.spans)
        sums, of_all = room(len(self.spans), market), room(len(self.spans), market)
        moving_means(net, spans, sums)
        shares(net, bought + sold, spans, of_all)
        out = room(2 * len(self.spans), market)
        out[0::2], out[1::2] = sums * spans[:, None], of_all
        return framed(self, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(column for span in self.spans for column in self._about(span))

    def _about(self, span: int) -> tuple[Column, ...]:
        return (
            Column(
                name=f"signed_volume_{span}",
                formula=f"Σ (bought − sold) by takers over the last {span} bars",
                unit="base currency",
                scale_free=True,
                source="definition of signed volume: Hasbrouck 1991",
            ),
            Column(
                name=f"signed_share_{span}",
                formula=f"signed_volume_{span} / Σ (bought + sold); 0 where nothing was traded",
                unit="share",
                low=-1.0,
                high=1.0,
                scale_free=True,
                source="Chordia, Roll and Subrahmanyam 2002",
            ),
        )


@attrs.frozen
class TradeFlow:
    """Which side trades more often, in `trade_balance_24`, and how much a trade is, in `trade_size_24`.

    Many small buys against few large sells give a balance above 0 and a signed volume below.
    """

    spans: tuple[int, ...] = spans_setting((1, 24), help="bars in the sum, two columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "trades.bought", "trades.sold", "trades.buys", "trades.sells")

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def compute(self, market: fw.Market) -> fw.Frame:
        from fw_features.flows import shares

        bought, sold, buys, sells = _by_bar(market, ("bought", "sold", "buys", "sells"))
        spans = integers(self.spans)
        balances, sizes = room(len(self.spans), market), room(len(self.spans), market)
        shares(buys - sells, buys + sells, spans, balances)
        shares(bought + sold, buys + sells, spans, sizes)
        out = room(2 * len(self.spans), market)
        out[0::2], out[1::2] = balances, sizes
        return framed(self, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(column for span in self.spans for column in self._about(span))

    def _about(self, span: int) -> tuple[Column, ...]:
        return (
            Column(
                name=f"trade_balance_{span}",
                formula=f"(buys − sells) / (buys + sells), trades of the last {span} bars; 0 where nobody traded",
                unit="share",
                low=-1.0,
                high=1.0,
                scale_free=True,
                source="Chordia, Roll and Subrahmanyam 2002",
            ),
            Column(
                name=f"trade_size_{span}",
                formula=f"volume / trades of the last {span} bars; 0 where nobody traded",
                unit="base currency",
                low=0.0,
                scale_free=True,
                source="definition",
            ),
        )


def _by_bar(market: fw.Market, columns: tuple[str, ...]) -> Floats:
    """The sums of the rows published in the time of each bar, float64[column, bar]."""
    import numpy as np

    from fw_features.stamps import sums_between

    trades = stamps_of(market, "trades")
    first, end = rows_of_bars(market, trades)
    sums: Floats = np.empty((len(columns), len(market.bars)))
    for column, row in zip(columns, sums, strict=True):
        sums_between(trades[column], first, end, row)
    return sums
