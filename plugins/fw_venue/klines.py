"""Candles of one price and one size as the exchange gives them: closed ones from the market, the newest as it forms."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from fw.domain.time import BarSize
from fw_venue.numbers import column, written
from fw_venue.prices import Larger, Prices, larger

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 1024
"""Rows written together: a page is put together from a few such pieces."""


class Candle(NamedTuple):
    """One candle, its numbers as texts."""

    time: int
    """Its open, ms."""
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote: str
    trades: int
    bought: str
    bought_quote: str
    first_id: int
    """Of its trades."""
    last_id: int


class Klines:
    """Rows of [open time, open, high, low, close, volume, close time, quote volume, trades, bought, bought quote, 0].

    Mutable in the pieces it remembers.
    """

    def __init__(self, prices: Prices, size: BarSize, name: str, *, traded: bool) -> None:
        self.prices, self.name, self.traded = prices, name, traded
        self.bars: Larger = larger(prices, size)
        self.size = self.bars.size
        self.origin = size.origin // 1_000_000
        self._piece = lru_cache(maxsize=64)(self._write)

    def rows(self, start: int | None, end: int | None, limit: int, now: int) -> list[bytes]:
        """What there is of [start, end] (open times, ms) at `now`, each row as JSON.

        With a start the first so many from it, else the last so many.
        """
        times = self.bars.open_time
        closed = int(self.bars.close_time.searchsorted(now, side="right"))
        there = int(times.searchsorted(now, side="right"))  # the last of them may be forming
        first = 0 if start is None else int(times.searchsorted(start))
        last = there if end is None else min(there, int(times.searchsorted(end, side="right")))
        if start is None:
            first = max(first, last - limit)
        last = min(last, first + limit)
        rows = self.closed_rows(first, min(last, closed))
        if first < last and last > closed:
            rows.append(self.forming(now))
        return rows

    def closed_rows(self, first: int, last: int) -> list[bytes]:
        """The rows of bars that have closed, by number."""
        found: list[bytes] = []
        while first < last:
            piece = first // CHUNK
            stop = min(last, (piece + 1) * CHUNK)
            found += self._piece(piece)[first - piece * CHUNK : stop - piece * CHUNK]
            first = stop
        return found

    def closing(self, now: int) -> Candle | None:
        """The candle that ends at this instant, where there is one."""
        if (now - self.origin) % self.size:
            return None
        number = int(self.bars.close_time.searchsorted(now))
        if number == len(self.bars.close_time) or int(self.bars.close_time[number]) != now:
            return None
        cells = [cells[0] for cells in self._columns(slice(number, number + 1))]
        first, last = int(self.bars.first[number]), int(self.bars.end[number]) - 1
        return Candle._make([*cells, self.first_id(first), self.last_id(last, self.prices.moments - 1)])

    def _write(self, piece: int) -> list[bytes]:
        columns, end = self._columns(slice(piece * CHUNK, (piece + 1) * CHUNK)), self.size - 1
        return [
            f'[{t},"{o}","{h}","{lo}","{c}","{v}",{t + end},"{q}",{n},"{b}","{bq}","0"]'.encode()
            for t, o, h, lo, c, v, q, n, b, bq in zip(*columns, strict=True)
        ]

    def _row(self, its: Candle) -> bytes:
        return (
            f'[{its.time},"{its.open}","{its.high}","{its.low}","{its.close}","{its.volume}",'
            f'{its.time + self.size - 1},"{its.quote}",{its.trades},"{its.bought}","{its.bought_quote}","0"]'
        ).encode()

    def _columns(self, cut: slice) -> list[list[Any]]:
        """The cells of closed candles as far as trades and what was bought, column by column."""
        its, digits, sizes = self.bars, self.prices.digits, self.prices.size_digits
        opens = its.open_time[cut].tolist()
        nothing = ["0"] * len(opens)
        volumes = (
            (
                column(its.volume[cut], sizes),
                column(its.quote[cut], 5),
                its.trades[cut].tolist(),
                column(its.bought[cut], sizes),
                column(its.bought_quote[cut], 5),
            )
            if self.traded
            else (nothing, nothing, [self.size // 1000] * len(opens), nothing, nothing)
        )
        return [opens, *(column(values[cut], digits) for values in (its.open, its.high, its.low, its.close)), *volumes]

    def first_id(self, k: int) -> int:
        """Id of the first trade of own bar `k`."""
        return 2 * k * self.prices.moments + 1

    def last_id(self, k: int, moment: int) -> int:
        """Id of the last trade at a moment of own bar `k`."""
        return 2 * (k * self.prices.moments + moment) + 2

    def forming(self, now: int) -> bytes:
        """The row of the newest candle as it stands at `now`."""
        k, moment = self.prices.newest(now)
        its = self.so_far(k, moment)
        if not self.traded:
            its = its._replace(
                volume="0", quote="0", bought="0", bought_quote="0", trades=max(1, (now - its.time) // 1000)
            )
        return self._row(its)

    def so_far(self, k: int, moment: int) -> Candle:
        """The candle that holds own bar `k`, as it stood at a moment of it."""
        its, path = self.prices, self.prices.path(k)
        if self.size == its.size:
            return Candle(
                int(its.open_time[k]),
                path.price_text[0],
                path.high_text[moment],
                path.low_text[moment],
                path.price_text[moment],
                path.volume_text[moment],
                path.quote_text[moment],
                path.trades[moment],
                path.bought_text[moment],
                path.bought_quote_text[moment],
                self.first_id(k),
                self.last_id(k, moment),
            )
        number = int(self.bars.first.searchsorted(k, side="right")) - 1
        first = int(self.bars.first[number])
        done = slice(first, k)
        high, low = path.high[moment], path.low[moment]
        if first < k:
            high, low = max(high, float(its.high[done].max())), min(low, float(its.low[done].min()))
        digits, sizes = its.digits, its.size_digits

        def whole(values: NDArray[np.float64], now: float, digits: int) -> str:
            return written(round(float(values[done].sum()) + now, max(digits, 8)), digits)

        return Candle(
            int(self.bars.open_time[number]),
            written(float(its.open[first]), digits),
            written(high, digits),
            written(low, digits),
            path.price_text[moment],
            whole(its.volume, path.volume[moment], sizes),
            whole(its.quote, path.quote[moment], 5),
            int(its.trades[done].sum()) + path.trades[moment],
            whole(its.bought, path.bought[moment], sizes),
            whole(its.bought_quote, path.bought_quote[moment], 5),
            self.first_id(first),
            self.last_id(k, moment),
        )
