"""All that is known of one symbol at an instant, from the market alone: prices, candles, quotes, trades, funding.

Nothing is remembered from one instant to the next, so REST and streams cannot disagree.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import Bars
from fw.domain.market import Series
from fw.domain.stamps import PRICES, Stamps
from fw.domain.time import HOUR, MILLISECOND, OFFERED, BarSize
from fw.errors import DataError
from fw_venue.contracts import Contract
from fw_venue.counts import Counts
from fw_venue.klines import Klines
from fw_venue.numbers import written
from fw_venue.prices import Prices

if TYPE_CHECKING:
    from numpy.typing import NDArray

IDS = 10
"""Update ids that a moment takes."""


@attrs.frozen
class Quote:
    """The best bid and ask, as texts."""

    update: int
    bid: str
    bid_size: str
    ask: str
    ask_size: str


@attrs.frozen
class Trade:
    """One aggregated trade."""

    id: int
    time: int
    """ms."""
    price: str
    size: str
    sold: bool
    """The taker sold: the buyer was the maker."""


class Tape:
    """One symbol over all of its bars; `pace` is the distance of two moments, ms. Mutable in what it remembers."""

    def __init__(self, contract: Contract, series: Series, *, pace: int) -> None:
        if not len(series.bars):
            raise DataError(f"the market has no bars of {contract.symbol}: there is nothing to trade on")
        self.contract, self.series = contract, series
        self.symbol = contract.symbol
        self._pace = pace
        self._klines: dict[tuple[str, str], Klines] = {}

    @cached_property
    def traded(self) -> Prices:
        its = self.contract
        return self._prices(self.series.bars, its.rules.tick, its.price_digits)

    @cached_property
    def mark(self) -> Prices:
        """The mark price; the traded one where the market has none."""
        return self._prices(self.series.mark or self.series.bars, 1e-8, 8)

    @cached_property
    def index(self) -> Prices:
        """The index price; the mark price where the market has none."""
        stamps = self.series.stamps.get("index")
        bars = self.series.mark or self.series.bars if stamps is None else self._bars(stamps)
        return self._prices(bars, 1e-8, 8)

    @cached_property
    def premium(self) -> Prices:
        """The premium index; what the traded price is above the index, where the market has none."""
        stamps = self.series.stamps.get("premium")
        return self._prices(self._premium() if stamps is None else self._bars(stamps), 1e-8, 8)

    def prices(self, kind: str) -> Prices:
        """Of a kind: traded, mark, index or premium."""
        found: Prices = getattr(self, kind)
        return found

    def klines(self, kind: str, interval: str) -> Klines | None:
        """Candles of a kind and size; None for a size that the market's bars do not make up."""
        key = kind, interval
        if key not in self._klines:
            if interval not in OFFERED:
                return None
            prices, size = self.prices(kind), BarSize.parse(interval)
            if not prices.bar.divides(size):
                return None
            self._klines[key] = Klines(prices, size, interval, traded=kind == "traded")
        return self._klines[key]

    def ordinal(self, time: int) -> int:
        """How many moments came before the newest one; ids are made of it."""
        k, moment = self.traded.newest(time)
        return k * self.traded.moments + moment

    def quote(self, ordinal: int) -> Quote:
        """The best bid and ask after this moment: what moved up was bought, at the ask."""
        k, moment = divmod(ordinal, self.traded.moments)
        path, its = self.traded.path(k), self.contract
        price = path.price[moment]
        before = path.price[moment - 1] if moment else (float(self.traded.close[k - 1]) if k else price)
        tick, digits = its.rules.tick, its.price_digits
        up = price > before
        bid, ask = (price - tick, price) if up else (price, price + tick)
        bid_size, ask_size = self.best_sizes(ordinal)
        return Quote(
            update=(ordinal + 1) * IDS,
            bid=written(round(bid, digits), digits) if up else path.price_text[moment],
            bid_size=bid_size,
            ask=path.price_text[moment] if up else written(round(ask, digits), digits),
            ask_size=ask_size,
        )

    def best_sizes(self, ordinal: int) -> tuple[str, str]:
        """What stands at the best bid and ask: some lots, other ones at every moment."""
        lot, digits = self.contract.rules.lot, self.contract.size_digits
        base = self.usual_lots
        bid = base + base * (ordinal * 7919 % 97) // 13
        ask = base + base * (ordinal * 6101 % 89) // 11
        return f"{bid * lot:.{digits}f}", f"{ask * lot:.{digits}f}"

    @cached_property
    def usual_lots(self) -> int:
        """Lots that are traded at a moment, as a rule."""
        mean = float(np.mean(self.series.bars.volume)) / self.traded.moments
        return max(1, round(mean / self.contract.rules.lot))

    def trades(self, ordinal: int) -> list[Trade]:
        """What takers bought and sold at this moment: none, one or two."""
        k, moment = divmod(ordinal, self.traded.moments)
        path, digits = self.traded.path(k), self.contract.size_digits
        volume, bought = path.volume[moment], path.bought[moment]
        if moment:
            volume, bought = volume - path.volume[moment - 1], bought - path.bought[moment - 1]
        time = int(self.traded.open_time[k]) + moment * self.traded.pace
        price, found = path.price_text[moment], []
        for number, (size, sold) in enumerate(((bought, False), (volume - bought, True))):
            size = round(size, 9)
            if size > 0:
                text = written(size, digits)
                found.append(Trade(id=2 * ordinal + number + 1, time=time, price=price, size=text, sold=sold))
        return found

    def time_of(self, ordinal: int) -> int:
        """When a moment is, ms."""
        k, moment = divmod(ordinal, self.traded.moments)
        return int(self.traded.open_time[k]) + moment * self.traded.pace

    @cached_property
    def _funding(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        stamps = self.series.funding
        if stamps is None:
            return np.empty(0, np.int64), np.empty(0)
        return stamps.time // MILLISECOND, stamps.value

    def funding(self, start: int | None, end: int | None, limit: int, now: int) -> list[tuple[int, str, str]]:
        """Time (ms), rate and mark price of what was settled in [start, end]; without a start the last so many."""
        times, rates = self._funding
        there = int(times.searchsorted(now, side="right"))
        first = 0 if start is None else int(times.searchsorted(start))
        last = there if end is None else min(there, int(times.searchsorted(end, side="right")))
        if start is None:
            first = max(first, last - limit)
        return [
            (int(times[k]), written(float(rates[k]), 8), self.mark.price_text(int(times[k])))
            for k in range(first, min(last, first + limit))
        ]

    def has_funding(self, start: int, end: int) -> bool:
        """Whether anything is settled in [start, end), ms."""
        first, last = self._funding[0].searchsorted((start, end))
        return bool(first < last)

    def next_funding(self, now: int) -> tuple[int, str]:
        """When funding is settled next (ms), and what its rate seems to be: it nears it as the time comes."""
        times, rates = self._funding
        k = int(times.searchsorted(now, side="right"))
        step = self.contract.rules.funding_interval // MILLISECOND
        after = int(times[k]) if k < len(times) else now - now % step + step
        last = float(rates[k - 1]) if k else 0.0
        if k < len(times):
            share = 1.0 - min(max((after - now) / step, 0.0), 1.0)
            last += share * (float(rates[k]) - last)
        return after, f"{last:.8f}"

    @property
    def funding_hours(self) -> int:
        return max(1, round(self.contract.rules.funding_interval / HOUR))

    def halt(self, now: int, *, delisted: bool = False) -> None:
        """The market ends here: bars that have not closed by now (ms) never will."""
        self.contract.status = "DELISTED" if delisted else "SETTLING"
        self.contract.delivery = now
        series, time = self.series, now * MILLISECOND
        self.series = attrs.evolve(
            series,
            bars=series.bars.known(time),
            mark=None if series.mark is None else series.mark.known(time),
            funding=None if series.funding is None else series.funding.known(time),
            stamps={kind: stamps.known(time) for kind, stamps in series.stamps.items()},
        )
        for made in ("traded", "mark", "index", "premium", "counts", "_funding"):
            self.__dict__.pop(made, None)
        self._klines.clear()

    @cached_property
    def counts(self) -> Counts:
        """What is counted of its traders."""
        return Counts(self.series.stamps, self.traded)

    def _prices(self, bars: Bars, tick: float, digits: int) -> Prices:
        lot, sizes = self.contract.rules.lot, self.contract.size_digits
        return Prices(bars, pace=self._pace, tick=tick, digits=digits, size_digits=sizes, lot=lot)

    def _bars(self, stamps: Stamps) -> Bars:
        """Candles that are stamped with their open."""
        step = int(np.diff(stamps.time).min()) if len(stamps) > 1 else self.series.bars.size.ns
        columns: dict[str, Any] = {name: stamps[name] for name in PRICES}
        return Bars(size=BarSize(step), open_time=stamps.time, volume=np.zeros(len(stamps)), **columns)

    def _premium(self) -> Bars:
        bars, index = self.series.bars, self.index
        if index.bar != bars.size or not np.array_equal(index.open_time, bars.open_time // MILLISECOND):
            index = self.mark if self.series.mark is None else self._prices(bars, 1e-8, 8)
        opened, close = bars.open / index.open - 1.0, bars.close / index.close - 1.0
        columns = {
            "open": opened,
            "high": np.maximum(opened, close),
            "low": np.minimum(opened, close),
            "close": close,
        }
        rounded: dict[str, Any] = {name: np.round(values, 8) for name, values in columns.items()}
        return Bars(size=bars.size, open_time=bars.open_time, volume=np.zeros(len(bars)), **rounded)
