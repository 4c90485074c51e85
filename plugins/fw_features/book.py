"""What stands in the order book: spread, depth on both sides, the price between them, and how it came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.known import about_scored, stale_setting, stamps_of
from fw_features.spans import Written, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

BEST = ("bid_1", "bid_size_1", "ask_1", "ask_size_1")
NEEDS_BEST = ("bars", *(f"book.{name}" for name in BEST))


@attrs.frozen
class QuotedSpread(Written):
    """What a round trip at the best prices costs, in `quoted_spread`, `quoted_spread_mean_24`, `quoted_spread_z_24`.

    The newest book at the close counts, as long as it is no older than `stale` bars.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, two columns each")
    stale: int = stale_setting(1)
    needs: ClassVar[tuple[str, ...]] = ("bars", "book.bid_1", "book.ask_1")

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.stale - 1

    def writer(self) -> Writer:
        import numpy as np

        from fw_features.levels import levels_and_scores
        from fw_features.quotes import quoted_spreads

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            book, bars = stamps_of(market, "book"), market.bars
            wide, within = np.empty(len(bars)), self.stale * bars.size.ns
            quoted_spreads(book.published, book["bid_1"], book["ask_1"], bars.close_time, within, wide)
            levels_and_scores(wide, spans, self.stale - 1, out)

        return write

    def about(self) -> tuple[Column, ...]:
        level = Column(
            name="quoted_spread",
            formula="(best ask − best bid) / their middle; 0 where no book is known, or the bid is not below the ask",
            unit="share",
            low=0.0,
            high=2.0,
            scale_free=True,
            source="definition of the quoted spread",
        )
        return about_scored(level, self.spans)


@attrs.frozen
class DepthImbalance(Written):
    """On which side more is waiting, in `depth_imbalance_1` and `depth_imbalance_5`: 1 where all of it bids.

    The newest book at the close counts, as long as it is no older than `stale` bars. It must be as deep as is asked.
    """

    levels: tuple[int, ...] = spans_setting((1, 5), help="best levels added up, one column each")
    stale: int = stale_setting(1)

    @property
    def needs(self) -> tuple[str, ...]:
        levels = range(1, max(self.levels) + 1)
        return ("bars", *(f"book.{side}_size_{level}" for level in levels for side in ("bid", "ask")))

    @property
    def lookback(self) -> int:
        return self.stale

    def writer(self) -> Writer:
        import numpy as np

        from fw_features.quotes import add_level

        deepest = max(self.levels)
        sides = [(f"bid_size_{level}", f"ask_size_{level}") for level in range(1, deepest + 1)]
        places = {level: place for place, level in enumerate(self.levels)}

        def write(market: fw.Market, first: int, out: Floats) -> None:
            book, bars = stamps_of(market, "book"), market.bars
            closes, within = bars.close_time[first:], self.stale * bars.size.ns
            waiting, deeper = np.zeros((2, len(closes))), places[deepest]
            for level, (bids, asks) in enumerate(sides, 1):
                # what is said of a level that nobody asked for is written over by the deepest
                column = out[places.get(level, deeper), first:]
                add_level(book.published, book[bids], book[asks], closes, within, waiting, column)
            out[:, : self.stale - 1] = np.nan

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"depth_imbalance_{level}",
                formula=f"(bids − asks) / (bids + asks), sizes of the best {level} levels; 0 where no book is known",
                unit="share",
                low=-1.0,
                high=1.0,
                scale_free=True,
                source="Gould and Bonart 2016",
            )
            for level in self.levels
        )


@attrs.frozen
class Microprice(Written):
    """How far the middle of the book leans to the side where less is waiting, in `microprice`, as a share of price.

    The newest book at the close counts, as long as it is no older than `stale` bars.
    """

    stale: int = stale_setting(1)
    needs: ClassVar[tuple[str, ...]] = NEEDS_BEST

    @property
    def lookback(self) -> int:
        return self.stale

    def writer(self) -> Writer:
        import numpy as np

        from fw_features.quotes import leans

        def write(market: fw.Market, first: int, out: Floats) -> None:
            book, bars = stamps_of(market, "book"), market.bars
            bid, bids, ask, asks = (book[name] for name in BEST)
            closes, within = bars.close_time[first:], self.stale * bars.size.ns
            leans(book.published, bid, bids, ask, asks, closes, within, out[0, first:])
            out[0, : self.stale - 1] = np.nan

        return write

    def about(self) -> tuple[Column, ...]:
        return (
            Column(
                name="microprice",
                formula="(best ask × bid size + best bid × ask size) / (bid size + ask size) / middle − 1; "
                "0 where no book is known",
                unit="share",
                low=-1.0,
                high=1.0,
                scale_free=True,
                source="the weighted mid-price: Gatheral and Oomen 2010",
            ),
        )


@attrs.frozen
class OrderFlow(Written):
    """Order-flow imbalance at the best prices, in `order_flow_1` and `order_flow_24`, in usual sizes of the best level.

    Each row of the book is compared with the one before: sizes that came to the bid, or left the ask, count for
    buyers. With every change of the book this is the flow itself; with a book a bar it is what is left of it at the
    close. A row whose predecessor is older than `stale` bars before its bar is compared with nothing.
    """

    spans: tuple[int, ...] = spans_setting((1, 24), help="bars in the sum, one column each")
    stale: int = stale_setting(1)
    needs: ClassVar[tuple[str, ...]] = NEEDS_BEST

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.stale

    def writer(self) -> Writer:
        from fw_features.quotes import order_flows

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            book, bars = stamps_of(market, "book"), market.bars
            bid, bids, ask, asks = (book[name] for name in BEST)
            closes, size = bars.close_time, bars.size.ns
            order_flows(book.published, bid, bids, ask, asks, closes, size, self.stale, spans, out)

        return write

    def about(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                name=f"order_flow_{span}",
                formula="Σ e / mean of (bid size + ask size) / 2 of the books in the last "
                f"{span} bars; e = bid size where the bid is not below the one before − that one's size where it is "
                "not above it − ask size where the ask is not above the one before + that one's size where it is "
                "not below it; 0 where there was no book",
                unit="sizes of the best level",
                scale_free=True,
                source="Cont, Kukanov and Stoikov 2014",
            )
            for span in self.spans
        )
