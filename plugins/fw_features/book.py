"""What stands in the order book: spread, depth on both sides, the price between them, and how it came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.known import about_scored, believed, rows_of_bars, scored, stale_setting, stamps_of
from fw_features.spans import framed, integers, room, spans_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BEST = ("book.bid_1", "book.bid_size_1", "book.ask_1", "book.ask_size_1")


@attrs.frozen
class QuotedSpread:
    """What a round trip at the best prices costs, in `quoted_spread`, `quoted_spread_mean_24`, `quoted_spread_z_24`.

    The newest book at the close counts, as long as it is no older than `stale` bars.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, two columns each")
    stale: int = stale_setting(1)
    needs: ClassVar[tuple[str, ...]] = ("bars", "book.bid_1", "book.ask_1")

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.stale - 1

    def compute(self, market: fw.Market) -> fw.Frame:
        import numpy as np

        bid, ask = believed(market, "book", ("bid_1", "ask_1"), self.stale, 0.0)
        there = (bid > 0.0) & (ask > bid)
        wide: Floats = np.divide(ask - bid, 0.5 * (ask + bid), out=np.zeros(len(bid)), where=there)
        return scored(self, market, wide, self.spans, self.stale - 1)

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
class DepthImbalance:
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

    def compute(self, market: fw.Market) -> fw.Frame:
        import numpy as np

        out = room(len(self.levels), market)
        sizes = believed(market, "book", _columns(self.needs), self.stale, 0.0)
        for level in range(
            1, len(sizes) // 2
        ):  # level by level: a sum of the library rounds by how many bars there are
            sizes[2 * level : 2 * level + 2] += sizes[2 * level - 2 : 2 * level]
        for column, level in zip(out, self.levels, strict=True):
            bids, asks = sizes[2 * level - 2 : 2 * level]
            waiting = bids + asks
            column[:] = 0.0
            np.divide(bids - asks, waiting, out=column, where=waiting > 0.0)
        out[:, : self.stale - 1] = np.nan
        return framed(self, out)

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
class Microprice:
    """How far the middle of the book leans to the side where less is waiting, in `microprice`, as a share of price.

    The newest book at the close counts, as long as it is no older than `stale` bars.
    """

    stale: int = stale_setting(1)
    needs: ClassVar[tuple[str, ...]] = ("bars", *BEST)

    @property
    def lookback(self) -> int:
        return self.stale

    def compute(self, market: fw.Market) -> fw.Frame:
        import numpy as np

        bid, bids, ask, asks = believed(market, "book", _columns(BEST), self.stale, 0.0)
        waiting, middle = bids + asks, 0.5 * (bid + ask)
        there = (waiting > 0.0) & (middle > 0.0)
        # the distance from the middle: half the spread, times which side waits
        lean: Floats = np.divide(
            0.5 * (ask - bid) * (bids - asks), waiting * middle, out=np.zeros(len(bid)), where=there
        )
        lean[: self.stale - 1] = np.nan
        return fw.Frame.of({"microprice": lean})

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
class OrderFlow:
    """Order-flow imbalance at the best prices, in `order_flow_1` and `order_flow_24`, in usual sizes of the best level.

    Each row of the book is compared with the one before: sizes that came to the bid, or left the ask, count for
    buyers. With every change of the book this is the flow itself; with a book a bar it is what is left of it at the
    close. A row whose predecessor is older than `stale` bars before its bar is compared with nothing.
    """

    spans: tuple[int, ...] = spans_setting((1, 24), help="bars in the sum, one column each")
    stale: int = stale_setting(1)
    needs: ClassVar[tuple[str, ...]] = ("bars", *BEST)

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.stale

    def compute(self, market: fw.Market) -> fw.Frame:
        import numpy as np

        from fw_features.kernels import moving_means
        from fw_features.stamps import book_flows

        book = stamps_of(market, "book")
        first, end = rows_of_bars(market, book)
        oldest, _ = rows_of_bars(market, book, back=self.stale)
        flows, sizes, rows = np.empty((3, len(market.bars)))
        bid, bids, ask, asks = (book[name] for name in _columns(BEST))
        book_flows(bid, bids, ask, asks, first, end, oldest, flows, sizes, rows)
        out = room(len(self.spans), market)
        late = min(self.stale, len(flows))
        out[:, :late] = np.nan
        sums, means, counts = np.empty((3, len(self.spans), len(flows) - late))
        for values, moved in ((flows, sums), (sizes, means), (rows, counts)):
            moving_means(values[late:], integers(self.spans), moved)
        for column, span, total, size, count in zip(out, self.spans, sums, means, counts, strict=True):
            usual = np.divide(size, count, out=np.zeros(len(size)), where=count > 0.0)
            column[late:] = np.divide(span * total, usual, out=np.zeros(len(size)), where=usual > 0.0)
            column[late : late + span - 1] = np.nan
        return framed(self, out)

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


def _columns(needs: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a book among what a set needs."""
    return tuple(need.removeprefix("book.") for need in needs if need.startswith("book."))
