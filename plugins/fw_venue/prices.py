"""What a price did inside each of its bars: a path from open over both extremes to the close, the same each time."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.bars import Bars
from fw.domain.time import MILLISECOND, BarSize
from fw.errors import DataError
from fw_venue.numbers import column

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 4
"""Moments a bar is made of at least: its open, both extremes and its close."""


def moments(size: int, pace: int) -> int:
    """It is how many moments `pace` ms apart, or a little more, fill a bar of `size` ms."""
    return next((count for count in range(size // pace, LEAST, -1) if size % count == 0), LEAST)


@attrs.frozen(eq=False)
class Path:
    """One bar as it forms, moment by moment; the last moment is the bar."""

    price: list[float]
    high: list[float]
    low: list[float]
    volume: list[float]
    """Of the bar so far; so are the next three."""
    quote: list[float]
    bought: list[float]
    """Volume that takers bought."""
    bought_quote: list[float]
    trades: list[int]
    price_text: list[str]
    high_text: list[str]
    low_text: list[str]
    volume_text: list[str]
    quote_text: list[str]
    bought_text: list[str]
    bought_quote_text: list[str]


class Prices:
    """One price of a symbol (traded, mark, index or premium) over all its bars.

    Times are ms. Mutable only in the path it remembers.
    """

    def __init__(self, bars: Bars, *, pace: int, tick: float, digits: int, size_digits: int, lot: float) -> None:
        self.size = bars.size.ns // MILLISECOND
        self.bar = bars.size
        self.moments = moments(self.size, pace)
        self.pace = self.size // self.moments
        """ms from one moment to the next."""
        self.digits, self.size_digits = digits, size_digits
        self.tick, self.lot = tick, lot
        self.open_time: NDArray[np.int64] = bars.open_time // MILLISECOND
        self.open, self.high, self.low, self.close = bars.open, bars.high, bars.low, bars.close
        self.volume = bars.volume
        typical = (bars.open + bars.high + bars.low + bars.close) / 4
        self.quote = bars.extra.get("quote_volume", np.round(bars.volume * typical, 5))
        some = np.where(bars.volume > 0, float(self.moments), 0.0)
        self.trades: NDArray[np.int64] = bars.extra.get("trades", some).astype(np.int64)
        half = np.floor(bars.volume / 2 / lot + 1e-9) * lot if lot else bars.volume * 0.0
        self.bought = bars.extra.get("taker_buy_volume", np.round(half, 12))
        if "taker_buy_quote_volume" in bars.extra:
            self.bought_quote = bars.extra["taker_buy_quote_volume"]
        else:
            share = np.divide(self.bought, bars.volume, out=np.zeros_like(bars.volume), where=bars.volume > 0)
            self.bought_quote = np.round(self.quote * share, 5)
        self._remembered: tuple[int, Path] | None = None
        self._last = 0

    def index(self, time: int) -> int:
        """Which bar holds this instant; −1 where there is none."""
        times, k = self.open_time, self._last
        if not (k < len(times) and times[k] <= time and (k + 1 == len(times) or time < times[k + 1])):
            k = int(times.searchsorted(time, side="right")) - 1
        if k < 0:
            return -1
        self._last = k
        return k if time < int(times[k]) + self.size else -1

    def newest(self, time: int) -> tuple[int, int]:
        """Bar and moment of the newest price at this instant; before the first bar its first moment."""
        k = self.index(time)
        if k >= 0:
            return k, self.moment(k, time)
        k = int(self.open_time.searchsorted(time, side="right")) - 1
        return (k, self.moments - 1) if k >= 0 else (0, 0)

    def moment(self, k: int, time: int) -> int:
        """Which moment of bar `k` an instant inside it belongs to."""
        return min((time - int(self.open_time[k])) // self.pace, self.moments - 1)

    def closed(self, time: int) -> int:
        """How many bars have closed by then."""
        return int(self.open_time.searchsorted(time - self.size, side="right"))

    def price(self, time: int) -> float:
        """The newest price at this instant."""
        k, moment = self.newest(time)
        return self.path(k).price[moment]

    def price_text(self, time: int) -> str:
        k, moment = self.newest(time)
        return self.path(k).price_text[moment]

    def path(self, k: int) -> Path:
        """How bar `k` forms; the last one asked for is remembered, as all of its moments are asked for in turn."""
        if self._remembered is None or self._remembered[0] != k:
            self._remembered = (k, self._walk(k))
        return self._remembered[1]

    def _walk(self, k: int) -> Path:
        last = self.moments - 1
        opened, high, low, close = (float(c[k]) for c in (self.open, self.high, self.low, self.close))
        first, second = (high, low) if high - opened <= opened - low else (low, high)
        legs = abs(first - opened), abs(second - first), abs(close - second)
        whole = sum(legs) or 1.0
        turn = min(max(round(last * legs[0] / whole), 1), last - 2)
        back = min(max(round(last * (legs[0] + legs[1]) / whole), turn + 1), last - 1)
        at = np.arange(self.moments)
        price = np.interp(at, (0, turn, back, last), (opened, first, second, close))
        price = np.clip(np.round(np.round(price / self.tick) * self.tick, self.digits), low, high)
        price[[0, turn, back, last]] = opened, first, second, close
        highest, lowest = np.maximum.accumulate(price), np.minimum.accumulate(price)
        share = (at + 1) / self.moments

        def so_far(whole: float, step: float, digits: int) -> NDArray[np.float64]:
            if not whole or not step:
                return np.full(self.moments, whole)
            part = np.round(np.floor(whole * share / step) * step, digits)
            part[-1] = whole
            return part

        volume = so_far(float(self.volume[k]), self.lot, self.size_digits)
        bought = np.minimum(so_far(float(self.bought[k]), self.lot, self.size_digits), volume)
        quote = so_far(float(self.quote[k]), 1e-5, 5)
        bought_quote = so_far(float(self.bought_quote[k]), 1e-5, 5)
        return Path(
            price=price.tolist(),
            high=highest.tolist(),
            low=lowest.tolist(),
            volume=volume.tolist(),
            quote=quote.tolist(),
            bought=bought.tolist(),
            bought_quote=bought_quote.tolist(),
            trades=(int(self.trades[k]) * (at + 1) // self.moments).tolist(),
            price_text=column(price, self.digits),
            high_text=column(highest, self.digits),
            low_text=column(lowest, self.digits),
            volume_text=column(volume, self.size_digits),
            quote_text=column(quote, 5),
            bought_text=column(bought, self.size_digits),
            bought_quote_text=column(bought_quote, 5),
        )


@attrs.frozen(eq=False)
class Larger:
    """Bars of one size made of a price's own, the first and last also where they are not filled."""

    size: int
    """ms."""
    first: NDArray[np.int64]
    """Own bar with which each begins."""
    end: NDArray[np.int64]
    """Own bar after its last."""
    open_time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    quote: NDArray[np.float64]
    trades: NDArray[np.int64]
    bought: NDArray[np.float64]
    bought_quote: NDArray[np.float64]

    @cached_property
    def close_time(self) -> NDArray[np.int64]:
        times: NDArray[np.int64] = self.open_time + self.size
        return times


def _sums(values: NDArray[np.float64], starts: NDArray[np.intp], digits: int) -> NDArray[np.float64]:
    return np.asarray(np.add.reduceat(values, starts), dtype=np.float64).round(digits)


def larger(prices: Prices, size: BarSize) -> Larger:
    """Bars of `size`; DataError where it is not a multiple of the price's own."""
    if not prices.bar.divides(size):
        raise DataError(f"bars of {size} cannot be made of bars of {prices.bar}")
    group = size.floor(prices.open_time * MILLISECOND) // MILLISECOND
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    ends = np.append(starts[1:], len(group))
    return Larger(
        size=size.ns // MILLISECOND,
        first=starts,
        end=ends,
        open_time=group[starts],
        open=prices.open[starts],
        high=np.maximum.reduceat(prices.high, starts),
        low=np.minimum.reduceat(prices.low, starts),
        close=prices.close[ends - 1],
        volume=_sums(prices.volume, starts, 9),
        quote=_sums(prices.quote, starts, 8),
        trades=np.add.reduceat(prices.trades, starts),
        bought=_sums(prices.bought, starts, 9),
        bought_quote=_sums(prices.bought_quote, starts, 8),
    )
