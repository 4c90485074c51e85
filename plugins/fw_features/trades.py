"""What takers did, trade by trade or summed up by bar: net volume, which side trades more often, and how large."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.known import stamps_of
from fw_features.spans import OverSpans, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer


@attrs.frozen
class SignedVolume(OverSpans):
    """Volume bought less volume sold by takers, in `signed_volume_24`, and as a share of both in `signed_share_24`."""

    spans: tuple[int, ...] = spans_setting((1, 24), help="bars in the sum, two columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "trades.bought", "trades.sold")

    def writer(self) -> Writer:
        from fw_features.dealings import net_volumes

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            trades, bars = stamps_of(market, "trades"), market.bars
            net_volumes(trades.published, trades["bought"], trades["sold"], bars.close_time, bars.size.ns, spans, out)

        return write

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
class TradeFlow(OverSpans):
    """Which side trades more often, in `trade_balance_24`, and how much a trade is, in `trade_size_24`.

    Many small buys against few large sells give a balance above 0 and a signed volume below.
    """

    spans: tuple[int, ...] = spans_setting((1, 24), help="bars in the sum, two columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "trades.bought", "trades.sold", "trades.buys", "trades.sells")

    def writer(self) -> Writer:
        from fw_features.dealings import balances_and_sizes

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            trades, bars = stamps_of(market, "trades"), market.bars
            bought, sold, buys, sells = (trades[name] for name in ("bought", "sold", "buys", "sells"))
            closes, size = bars.close_time, bars.size.ns
            balances_and_sizes(trades.published, bought, sold, buys, sells, closes, size, spans, out)

        return write

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
