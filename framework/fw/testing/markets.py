"""Small made-up markets with one trait each, for tests: the same seed gives the same market."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

import attrs
import numpy as np

from fw.domain.bars import Bars
from fw.domain.instrument import Instrument
from fw.domain.market import Market, Series
from fw.domain.stamps import KINDS, Stamps
from fw.domain.time import HOUR, MINUTE, BarSize, parse_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TICK = 0.1
FUNDING_INTERVAL = 8 * HOUR
LAG = 5 * MINUTE
"""Time from a statistic's own instant, the close of a bar, to its publication."""
LEVELS = 5
"""How deep the books are."""


def trend(instruments: Sequence[str] = ("BTCUSDT",), *, rise: float = 0.5, **where: Any) -> Market:
    """Prices that rise by the share `rise` from first bar to last (negative: fall), with noise.

    Every market here also takes `bars=500, bar="1h", start="2024-01-01", price=40000.0, noise=0.004, seed=0`;
    noise is the standard deviation of one bar's log return.
    """

    def path(noise: Floats) -> Floats:
        return np.cumsum(noise) + np.linspace(0.0, np.log1p(rise), len(noise))

    return _market(instruments, path, **where)


def range_bound(instruments: Sequence[str] = ("BTCUSDT",), *, width: float = 0.05, **where: Any) -> Market:
    """Prices that swing by the share `width` around where they began, a swing every 60 bars."""

    def path(noise: Floats) -> Floats:
        swing: Floats = np.sin(np.arange(len(noise)) * (2 * np.pi / 60))
        return width * swing + noise

    return _market(instruments, path, **where)


def gap(instruments: Sequence[str] = ("BTCUSDT",), *, missing: int = 30, jump: float = -0.1, **where: Any) -> Market:
    """`missing` bars left out in the middle, over which the price moves by the share `jump`."""

    def path(noise: Floats) -> Floats:
        log = np.cumsum(noise)
        log[len(log) // 2 :] += np.log1p(jump)
        return log

    whole = _market(instruments, path, **where)
    rows = np.arange(len(whole.bars))
    middle = len(rows) // 2
    kept = rows[(rows < middle - missing) | (rows >= middle)]
    series = {name: attrs.evolve(data, bars=data.bars.rows(kept)) for name, data in whole.series.items()}
    return Market(series=series, focus=whole.focus)


def flash_crash(instruments: Sequence[str] = ("BTCUSDT",), *, depth: float = 0.4, **where: Any) -> Market:
    """Three bars in the middle that fall by the share `depth`, and six that take most of it back."""

    def path(noise: Floats) -> Floats:
        shock = np.zeros(len(noise))
        middle = len(noise) // 2
        bottom = np.log1p(-depth)
        shape = np.concatenate((np.linspace(0.0, bottom, 4)[1:], np.linspace(bottom, 0.1 * bottom, 7)[1:]))
        end = min(len(noise), middle + len(shape))
        shock[middle:end] = shape[: end - middle]
        shock[end:] = 0.1 * bottom
        return np.cumsum(noise) + shock

    return _market(instruments, path, **where)


def funding_spike(instruments: Sequence[str] = ("BTCUSDT",), *, rate: float = 0.0075, **where: Any) -> Market:
    """A rise whose funding climbs to `rate` an interval for three settlements in the middle."""

    def path(noise: Floats) -> Floats:
        return np.cumsum(noise) + np.linspace(0.0, 0.2, len(noise))

    def funding(usual: Floats) -> Floats:
        usual[len(usual) // 2 : len(usual) // 2 + 3] = rate
        return usual

    return _market(instruments, path, funding=funding, **where)


MARKETS: Mapping[str, Callable[..., Market]] = {
    "trend": trend,
    "range_bound": range_bound,
    "gap": gap,
    "flash_crash": flash_crash,
    "funding_spike": funding_spike,
}
"""Every market above by name, for tests that should hold on all of them."""


def with_kinds(market: Market, needs: Iterable[str], *, seed: int = 0) -> Market:
    """The same market with stamped data that it lacks made up, by kind or column: `weather`, `weather.wind`.

    A kind has the columns that are named, else `value`: numbers above 0, of each bar's close, published 5 minutes late.
    """
    kinds: dict[str, list[str]] = {}
    for need in needs:
        kind, _, column = need.partition(".")
        kinds.setdefault(kind, []).extend([column] if column else [])
    series = {}
    for symbol, data in market.series.items():
        closes, made = data.bars.close_time, dict(data.stamps)
        for kind, named in kinds.items():
            if data.has(kind):
                continue
            random = np.random.default_rng((seed, crc32(f"{symbol} {kind}".encode())))
            columns = {name: np.exp(np.cumsum(random.normal(0.0, 0.02, len(closes)))) for name in named or ("value",)}
            made[kind] = Stamps(closes, columns, published=closes + LAG)
        series[symbol] = attrs.evolve(data, stamps=made)
    return attrs.evolve(market, series=series)


def _market(
    instruments: Sequence[str],
    path: Callable[[Floats], Floats],
    *,
    bars: int = 500,
    bar: str | BarSize = "1h",
    start: str = "2024-01-01",
    price: float = 40_000.0,
    noise: float = 0.004,
    seed: int = 0,
    funding: Callable[[Floats], Floats] = lambda usual: usual,
) -> Market:
    size = BarSize.parse(bar) if isinstance(bar, str) else bar
    open_time = int(size.floor(parse_time(start))) + size.ns * np.arange(bars)
    settled = np.arange(-(-open_time[0] // FUNDING_INTERVAL), -(-(open_time[-1] + size.ns) // FUNDING_INTERVAL))
    shared = np.random.default_rng(seed).normal(0.0, noise, bars)  # instruments move together, though not alike
    series = {}
    for symbol in instruments:
        random = np.random.default_rng((seed, crc32(symbol.encode())))
        own = 0.7 * shared + 0.7 * random.normal(0.0, noise, bars)
        close = _on_tick(price * np.exp(path(own)))
        made = _bars(size, open_time, close, price, noise, random)
        mark = _bars(
            size, open_time, _on_tick(close * (1 + random.normal(0.0, 1e-4, bars))), price, 0.2 * noise, random
        )
        rates = funding(random.normal(1e-4, 5e-5, len(settled)))
        series[symbol] = Series(
            bars=made,
            mark=mark,
            funding=Stamps(settled * FUNDING_INTERVAL, rates),
            stamps=_stamps(made, random),
            rules=Instrument(symbol=symbol, tick=TICK, lot=0.001, min_notional=5.0),
        )
    return Market(series=series, focus=instruments[0])


def _bars(
    size: BarSize, open_time: NDArray[np.int64], close: Floats, first: float, noise: float, random: np.random.Generator
) -> Bars:
    """Bars that open where the one before closed and reach a little beyond both ends."""
    opened = np.append(_on_tick(np.array([first])), close[:-1])
    reach = 1 + 0.5 * noise * np.abs(random.normal(size=(2, len(close))))
    high, low = _on_tick(np.maximum(opened, close) * reach[0]), _on_tick(np.minimum(opened, close) / reach[1])
    volume = np.round(100.0 * np.exp(random.normal(0.0, 0.5, len(close))), 3)
    taken = np.divide(close - low, high - low, out=np.full(len(close), 0.5), where=high > low)
    return Bars(
        size=size,
        open_time=open_time,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        extra={
            "quote_volume": volume * (high + low) / 2,
            "trades": np.ceil(10 * volume),
            "taker_buy_volume": np.round(volume * taken, 3),
        },
    )


def _stamps(bars: Bars, random: np.random.Generator) -> dict[str, Stamps]:
    """A row of every kind for every bar: statistics of its close, published late, the rest known when it closes."""
    count, closes = len(bars), bars.close_time

    def wandering(step: float) -> Floats:
        log: Floats = np.cumsum(random.normal(0.0, step, count))
        return np.exp(log)

    def published_late(columns: Floats | dict[str, Floats]) -> Stamps:
        return Stamps(closes, columns, published=closes + LAG)

    held = published_late(1e4 * wandering(0.01))
    premium = random.normal(0.0, 3e-4, count)
    ratios = {name: wandering(0.02) for name in KINDS["long_short"]}
    sold = np.round(bars.volume - bars.extra["taker_buy_volume"], 3)
    buys = random.binomial(bars.extra["trades"].astype(np.int64), 0.5).astype(np.float64)
    done: dict[str, Floats] = {
        "bought": bars.extra["taker_buy_volume"],
        "sold": sold,
        "buys": buys,
        "sells": bars.extra["trades"] - buys,
    }
    return {
        "open_interest": held,
        "index": _of_bars(bars, {name: getattr(bars, name) / (1 + premium) for name in KINDS["index"]}),
        "premium": _of_bars(bars, _premium_bars(premium, random)),
        "long_short": published_late(ratios),
        "taker_ratio": published_late(np.exp(random.normal(0.0, 0.2, count))),
        "book": Stamps(closes, _book(bars.close, random)),
        "trades": _of_bars(bars, done),
    }


def _of_bars(bars: Bars, columns: dict[str, Floats]) -> Stamps:
    return Stamps(bars.open_time, columns, published=bars.close_time)


def _premium_bars(close: Floats, random: np.random.Generator) -> dict[str, Floats]:
    opened = np.append(0.0, close[:-1])
    reach = 1e-4 * np.abs(random.normal(size=(2, len(close))))
    high, low = np.maximum(opened, close) + reach[0], np.minimum(opened, close) - reach[1]
    return {"open": opened, "high": high, "low": low, "close": close}


def _book(close: Floats, random: np.random.Generator) -> dict[str, Floats]:
    """Levels a tick or more apart, the best of them on both sides of the close."""
    columns = {}
    for side, away in (("bid", -TICK), ("ask", TICK)):
        steps = np.cumsum(random.geometric(0.6, (LEVELS, len(close))), axis=0)
        for level in range(LEVELS):
            columns[f"{side}_{level + 1}"] = np.maximum(close + away * steps[level], 0.5 * TICK)
            columns[f"{side}_size_{level + 1}"] = np.round(2.0 * np.exp(random.normal(0.0, 0.8, len(close))), 3) + 0.001
    return columns


def _on_tick(prices: Floats) -> Floats:
    snapped: Floats = np.maximum(np.round(prices / TICK), 1.0) * TICK
    return snapped
