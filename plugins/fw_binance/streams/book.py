"""A book of orders kept from the exchange's changes, by its rule for joining them to a snapshot.

Changes that end before the snapshot are left out; the first one used must reach over it, and each later one must begin
where the one before it ended. Otherwise the book is unknown until the next snapshot.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

from fw_binance.streams.frames import Depth

KEPT = 1000
"""Changes held while no snapshot is there: ten seconds of them at the fastest pace but one."""


class Book:
    """Mutable: bids and asks of one instrument as of update `last`; prices in quote, sizes in base currency."""

    def __init__(self) -> None:
        self.last = 0
        """Number of the newest change in it; 0 before the first snapshot."""
        self.time = 0
        """When that happened, ms."""
        self.gaps = 0
        """Times its chain of changes broke."""
        self._first = True
        self._waiting: list[Depth] = []
        self._bids = Side(best_is_highest=True)
        self._asks = Side(best_is_highest=False)

    @property
    def synced(self) -> bool:
        """Whether it is the exchange's book."""
        return self.last > 0

    def reset(self, last: int, bids: Sequence[tuple[float, float]], asks: Sequence[tuple[float, float]]) -> bool:
        """Begin from a snapshot that ends with update `last`; whether the changes held so far follow from it."""
        self.last, self._first = last, True
        self._bids.replace(bids)
        self._asks.replace(asks)
        held, self._waiting = self._waiting, []
        for depth in held:  # one that does not follow is held again, with all after it
            self.change(depth)
        return self.synced

    def change(self, depth: Depth) -> bool:
        """Take in a change; False where a snapshot is needed first, the change being held until then."""
        if not self.synced:
            del self._waiting[: max(0, len(self._waiting) - KEPT + 1)]
            self._waiting.append(depth)
            return False
        if depth.last < self.last:
            return True  # older than the snapshot
        follows = depth.first <= self.last <= depth.last if self._first else depth.previous == self.last
        if not follows:
            self.gaps += 1
            self.last, self._waiting = 0, [depth]
            return False
        self._first = False
        self.last, self.time = depth.last, depth.time
        self._bids.change(depth.bids)
        self._asks.change(depth.asks)
        return True

    def best(self, levels: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """The nearest prices with their sizes, bids falling and asks rising."""
        return self._bids.best(levels), self._asks.best(levels)


class Side:
    """One side of a book: prices in order, and the size at each; mutable."""

    def __init__(self, *, best_is_highest: bool) -> None:
        self._sign = -1.0 if best_is_highest else 1.0
        self._sizes: dict[float, float] = {}
        self._order: list[float] = []
        """Prices times the sign: the best first."""

    def replace(self, rows: Sequence[tuple[float, float]]) -> None:
        """Forget all and take these."""
        self._sizes = {price: size for price, size in rows if size > 0}
        self._order = sorted(price * self._sign for price in self._sizes)

    def change(self, rows: Sequence[tuple[float, float]]) -> None:
        """Set the sizes at these prices; 0 takes one away."""
        for price, size in rows:
            key = price * self._sign
            if size > 0:
                if price not in self._sizes:
                    insort(self._order, key)
                self._sizes[price] = size
            elif self._sizes.pop(price, None) is not None:
                del self._order[bisect_left(self._order, key)]

    def best(self, levels: int) -> list[tuple[float, float]]:
        """The first prices with their sizes."""
        return [(key * self._sign, self._sizes[key * self._sign]) for key in self._order[:levels]]
