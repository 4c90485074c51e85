"""A made-up market over any range, put together week by week."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import COLUMNS, Bars
from fw.domain.instrument import Instrument, Tier
from fw.domain.market import Market, Series
from fw.domain.stamps import Stamps
from fw.domain.time import DAY, WEEK, YEAR, BarSize, format_time, parse_time
from fw.errors import DataError
from fw_synthetic.bars import INTERVAL, INTERVALS, Paths, basis, climate, interest, paths, premium
from fw_synthetic.stamped import (
    LAG,
    book_columns,
    depth,
    extra_columns,
    hours,
    in_steps,
    premium_columns,
    ratios,
    taker_ratio,
    trade_columns,
)
from fw_synthetic.weeks import ANCHOR, Weeks, weeks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.parts.source import Want
    from fw_synthetic.plugin import Synthetic

START = parse_time("2022-01-01")
USUAL_LENGTH = 2 * YEAR
AT_ONCE = 1 << 17
"""Bars made together: few enough that what is needed in between stays small."""

USUAL_RATE, RATE_BAND, RATE_CAP = 1e-4, 5e-4, 3e-3
"""Interest part of funding, how far the basis may stray without moving it, and the most it can be."""

MARGINS = (
    (0, 0.004, 125),
    (50_000, 0.005, 100),
    (600_000, 0.0065, 75),
    (3_000_000, 0.01, 50),
    (12_000_000, 0.02, 25),
    (70_000_000, 0.05, 10),
    (200_000_000, 0.1, 5),
    (500_000_000, 0.25, 2),
)
"""Notional from which each rate of maintenance margin holds, and the highest leverage there."""


def rules(symbol: str, price: float) -> Instrument:
    """A contract with steps that suit its first price, and tiers like those of a large one."""
    tiers: list[Tier] = []
    amount, before = 0.0, 0.0
    for floor, rate, leverage in MARGINS:
        amount += floor * (rate - before) if floor else 0.0  # maintenance margin does not leap from tier to tier
        tiers.append(Tier(floor=float(floor), rate=rate, amount=round(amount, 6), leverage=float(leverage)))
        before = rate
    return Instrument(
        symbol=symbol,
        tick=float(f"1e{math.floor(math.log10(price)) - 5}"),
        lot=min(1.0, float(f"1e{math.floor(math.log10(100 / price))}")),
        min_notional=5.0,
        tiers=tuple(tiers),
        clearance_fee=0.0125,
        funding_interval=INTERVAL,
    )


@attrs.frozen(eq=False)
class SyntheticSource:
    """Makes what it is asked for; the same bars whatever else is asked for."""

    spec: Synthetic

    def history(self, want: Want) -> Market:
        """All instruments over the asked range and its warm-up; funding always, the rest where needed."""
        begin, end = self._range(want)
        first, last = (begin - ANCHOR) // WEEK, (end - 1 - ANCHOR) // WEEK
        # one week more, for funding that is settled at the range's beginning
        plans = {symbol: weeks(self.spec, symbol, first - 1, last) for symbol in want.instruments}
        made: dict[str, dict[str, NDArray[np.float64]]] = {symbol: {} for symbol in want.instruments}
        per_week = WEEK // want.bar.ns
        step = max(1, AT_ONCE // per_week)
        for week in range(first, last + 1, step):
            count = min(step, last + 1 - week)
            air = climate(self.spec, week, count, want.bar.ns)
            at = (ANCHOR + week * WEEK - begin) // want.bar.ns  # may be before the range's beginning
            for symbol, plan in plans.items():
                path = paths(self.spec, symbol, plan, air, week, want.bar.ns)
                for name, values in self._columns(symbol, path, plan, week, want).items():
                    whole = made[symbol].setdefault(name, np.empty((end - begin) // want.bar.ns))
                    _put(whole, at, values.reshape(-1))
        times = begin + want.bar.ns * np.arange((end - begin) // want.bar.ns, dtype=np.int64)
        series = {}
        for symbol, plan in plans.items():
            columns = made[symbol]
            series[symbol] = Series(
                bars=_bars(times, want.bar, columns, "", _named(columns, "bars")),
                funding=self._funding(symbol, plan).between(begin, end),
                mark=_bars(times, want.bar, columns, "mark.") if "mark" in want.needs else None,
                stamps=_stamps_of_bars(times, want, columns)
                | {kind: rows.between(begin, end + 1) for kind, rows in self._hourly(symbol, plan, want).items()},
                rules=rules(symbol, self.spec.price),
            )
        return Market(series=series, focus=want.instruments[0], made_up=True)

    def _range(self, want: Want) -> tuple[int, int]:
        """Open time of the first bar, warm-up included, and the end of the last."""
        start, end = want.start, want.end
        length = self.spec.bars * want.bar.ns if self.spec.bars is not None else USUAL_LENGTH
        if start is None:
            start = START if end is None else end - length
        if end is None:
            end = start + length
        begin = _up(start, want.bar)
        end = int(want.bar.floor(end - 1)) + want.bar.ns
        if end <= begin:
            raise DataError(f"no bar of {want.bar} opens from {format_time(start)} to {format_time(end)}")
        return begin - want.warmup * want.bar.ns, end

    def _columns(self, symbol: str, path: Paths, plan: Weeks, week: int, want: Want) -> dict[str, NDArray[np.float64]]:
        """Prices on the tick, volume in whole lots, and what else is wanted of each bar, as `mark.open`."""
        contract, needs, size = rules(symbol, self.spec.price), want.needs, want.bar.ns
        columns = {name: _on_tick(getattr(path, name) * self.spec.price, contract) for name in COLUMNS[:4]}
        traded = self.spec.turnover * (size / DAY) * path.activity / columns["close"]
        columns["volume"] = in_steps(traded, contract.lot)
        prices = dict(columns)
        if {"mark", "index", "premium"} & set(needs):
            after = basis(self.spec, symbol, plan, week, len(path.close), size)
            before = np.concatenate([after[:, :1], after[:, :-1]], axis=1)
            if "mark" in needs:  # half way between the perpetual and its index; it has no volume
                columns |= self._away("mark", path, contract, 1.0 - 0.5 * before, 1.0 - 0.5 * after)
                columns["mark.volume"] = np.zeros_like(path.close)
            if "index" in needs:
                columns |= self._away("index", path, contract, 1.0 - before, 1.0 - after)
            if "premium" in needs:
                columns |= premium_columns(before, after)
        if levels := depth(needs):
            columns |= book_columns(self.spec, symbol, path, prices["close"], contract, (week, size, levels))
        extras = {need for need in needs if need.startswith("bars.")}
        if "trades" in needs or extras:
            trades = trade_columns(self.spec, symbol, prices, contract, week, size)
            columns |= trades if "trades" in needs else {}
            columns |= {name: column for name, column in extra_columns(prices, trades).items() if name in extras}
        return columns

    def _away(
        self,
        kind: str,
        path: Paths,
        contract: Instrument,
        before: NDArray[np.float64],
        after: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Prices away from the traded ones by a factor, which is another at the open than at the close."""
        prices = {
            "open": path.open * before,
            "high": path.high * np.maximum(before, after),
            "low": path.low * np.minimum(before, after),
            "close": path.close * after,
        }
        return {f"{kind}.{name}": _on_tick(price * self.spec.price, contract) for name, price in prices.items()}

    def _funding(self, symbol: str, plan: Weeks) -> Stamps:
        """Settled every 8 hours for the basis of the 8 hours before."""
        mean = premium(self.spec, symbol, plan).reshape(-1)
        rate = mean + np.clip(USUAL_RATE - mean, -RATE_BAND, RATE_BAND)
        time = ANCHOR + plan.first * WEEK + INTERVAL * np.arange(1, len(plan.level) * INTERVALS + 1, dtype=np.int64)
        return Stamps(time, np.round(np.clip(rate, -RATE_CAP, RATE_CAP), 8))

    def _hourly(self, symbol: str, plan: Weeks, want: Want) -> dict[str, Stamps]:
        """Statistics of every hour; open interest in whole lots of base currency."""
        time = hours(plan, ANCHOR)
        found: dict[str, Any] = {}
        if "open_interest" in want.needs:
            held = interest(self.spec, symbol, plan).reshape(-1) * self.spec.turnover / self.spec.price
            found["open_interest"] = in_steps(held, rules(symbol, self.spec.price).lot)
        if "long_short" in want.needs:
            found["long_short"] = ratios(self.spec, symbol, plan)
        if "taker_ratio" in want.needs:
            found["taker_ratio"] = taker_ratio(self.spec, symbol, plan)
        return {kind: Stamps(time, columns, published=time + LAG) for kind, columns in found.items()}


def _up(time: int, bar: BarSize) -> int:
    """The first open time at or after `time`."""
    return time + (-(time - bar.origin)) % bar.ns


def _bars(
    times: NDArray[np.int64],
    size: BarSize,
    columns: Mapping[str, Any],
    prefix: str,
    extra: Mapping[str, Any] | None = None,
) -> Bars:
    return Bars(size=size, open_time=times, extra=extra or {}, **{name: columns[prefix + name] for name in COLUMNS})


def _stamps_of_bars(times: NDArray[np.int64], want: Want, columns: Mapping[str, Any]) -> dict[str, Stamps]:
    """What is known of each bar when it has closed; a book is that of the close itself."""
    closes = times + want.bar.ns
    return {
        kind: Stamps(closes if kind == "book" else times, found, published=closes)
        for kind in ("index", "premium", "book", "trades")
        if (found := _named(columns, kind))
    }


def _named(columns: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The columns of a kind, without its name."""
    return {name.partition(".")[2]: column for name, column in columns.items() if name.startswith(f"{kind}.")}


def _put(whole: NDArray[np.float64], at: int, part: NDArray[np.float64]) -> None:
    """Write the part of `part` that lies within `whole`, where it would begin at `at`."""
    first, last = max(at, 0), min(at + len(part), len(whole))
    whole[first:last] = part[first - at : last - at]


def _on_tick(prices: NDArray[np.float64], contract: Instrument) -> NDArray[np.float64]:
    """Rounded as `Instrument.snap` does, one tick at the least."""
    return np.maximum(in_steps(prices, contract.tick), contract.tick)
