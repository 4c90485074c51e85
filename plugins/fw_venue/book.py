"""The order book around the newest price: every level has its size, so a snapshot and the changes since always agree.

The best bid and ask are those of the tape; deeper levels stand on a coarser grid, each with a size of its own that only
its price decides. What changes from one moment to the next is then what the best prices passed over.
"""

from __future__ import annotations

from fw_venue.tape import IDS, Tape

Level = tuple[str, str]
"""Price and size."""

GRID = 1e-4
"""Distance of two levels, as a share of the price."""


class Book:
    """The book of one symbol at any moment of its tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        its = tape.contract
        self._tick, self._lot = its.rules.tick, its.rules.lot
        self._digits, self._sizes = its.price_digits, its.size_digits
        self._step = max(1, round(float(tape.series.bars.close[0]) * GRID / self._tick))
        self._usual = tape.usual_lots

    def top(self, ordinal: int, levels: int) -> tuple[list[Level], list[Level]]:
        """The best so many bids, falling, and asks, rising."""
        bid, ask, bid_size, ask_size = self._best(ordinal)
        bids = [(self._price(bid), bid_size)]
        asks = [(self._price(ask), ask_size)]
        below, above = self._below(bid), self._above(ask)
        for number in range(levels - 1):
            if (price := below - number * self._step) > 0:
                bids.append((self._price(price), self._size(price)))
            price = above + number * self._step
            asks.append((self._price(price), self._size(price)))
        return bids, asks

    def changes(self, before: int, ordinal: int) -> tuple[list[Level], list[Level]]:
        """Levels that differ between two moments, with their new sizes; a size of nothing removes one."""
        old_bid, old_ask, _, _ = self._best(before)
        bid, ask, bid_size, ask_size = self._best(ordinal)
        bids, asks = {bid: bid_size}, {ask: ask_size}
        if bid != old_bid:
            bids.setdefault(old_bid, self._size(old_bid) if old_bid < bid and old_bid % self._step == 0 else self._none)
            for price in self._grid(min(bid, old_bid), max(bid, old_bid)):
                bids.setdefault(price, self._size(price) if price < bid else self._none)
        if ask != old_ask:
            asks.setdefault(old_ask, self._size(old_ask) if old_ask > ask and old_ask % self._step == 0 else self._none)
            for price in self._grid(min(ask, old_ask), max(ask, old_ask)):
                asks.setdefault(price, self._size(price) if price > ask else self._none)
        return (
            [(self._price(price), bids[price]) for price in sorted(bids)],
            [(self._price(price), asks[price]) for price in sorted(asks)],
        )

    @staticmethod
    def update(ordinal: int) -> int:
        """The last update id of a moment."""
        return (ordinal + 1) * IDS

    def _best(self, ordinal: int) -> tuple[int, int, str, str]:
        quote = self._tape.quote(ordinal)
        bid, ask = round(float(quote.bid) / self._tick), round(float(quote.ask) / self._tick)
        return bid, ask, quote.bid_size, quote.ask_size

    def _below(self, ticks: int) -> int:
        return (ticks - 1) // self._step * self._step

    def _above(self, ticks: int) -> int:
        return (ticks // self._step + 1) * self._step

    def _grid(self, low: int, high: int) -> range:
        """Levels of the grid in [low, high]."""
        return range(-(-low // self._step) * self._step, high + 1, self._step)

    def _price(self, ticks: int) -> str:
        return f"{ticks * self._tick:.{self._digits}f}"

    def _size(self, ticks: int) -> str:
        lots = self._usual * (1 + ticks * 2_654_435_761 // self._step % 89)
        return f"{lots * self._lot:.{self._sizes}f}"

    @property
    def _none(self) -> str:
        return f"{0:.{self._sizes}f}"
