"""A made-up market over any range, put together week by week."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import COLUMNS, Bars
from fw.domain.instrument import Instrument, Tier
from fw.domain.market import Market, Series, Stamps
from fw.domain.time import DAY, HOUR, WEEK, YEAR, BarSize, format_time, parse_time
from fw.errors import DataError
from fw_synthetic.bars import INTERVAL, INTERVALS, Paths, basis, climate, interest, paths, premium
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
        """All instruments over the asked range and its warm-up; funding always, marks and interest where needed."""
        begin, end = self._range(want)
        first, last = (begin - ANCHOR) // WEEK, (end - 1 - ANCHOR) // WEEK
        # one week more, for funding that is settled at the range's beginning
        plans = {symbol: weeks(self.spec, symbol, first - 1, last) for symbol in want.instruments}
        with_mark = "mark" in want.needs
        made = {symbol: _empty((end - begin) // want.bar.ns, with_mark) for symbol in want.instruments}
        per_week = WEEK // want.bar.ns
        step = max(1, AT_ONCE // per_week)
        for week in range(first, last + 1, step):
            count = min(step, last + 1 - week)
            air = climate(self.spec, week, count, want.bar.ns)
            at = (ANCHOR + week * WEEK - begin) // want.bar.ns  # may be before the range's beginning
            for symbol, plan in plans.items():
                path = paths(self.spec, symbol, plan, air, week, want.bar.ns)
                columns = self._columns(symbol, path, want.bar)
                if with_mark:
                    columns |= self._mark_columns(symbol, path, plan, week, want.bar)
                for name, values in columns.items():
                    _put(made[symbol][name], at, values.reshape(-1))
        times = begin + want.bar.ns * np.arange((end - begin) // want.bar.ns, dtype=np.int64)
        series = {}
        for symbol, plan in plans.items():
            held = self._interest(symbol, plan).between(begin, end) if "open_interest" in want.needs else None
            series[symbol] = Series(
                bars=_bars(times, want.bar, made[symbol], ""),
                funding=self._funding(symbol, plan).between(begin, end),
                mark=_bars(times, want.bar, made[symbol], "mark_") if with_mark else None,
                open_interest=held,
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

    def _columns(self, symbol: str, path: Paths, bar: BarSize) -> dict[str, NDArray[np.float64]]:
        """Prices on the tick, volume in whole lots."""
        contract = rules(symbol, self.spec.price)
        prices = {name: _on_tick(getattr(path, name) * self.spec.price, contract) for name in COLUMNS[:4]}
        volume = self.spec.turnover * (bar.ns / DAY) * path.activity / prices["close"]
        return prices | {"volume": _in_steps(volume, contract.lot)}

    def _mark_columns(
        self, symbol: str, path: Paths, plan: Weeks, week: int, bar: BarSize
    ) -> dict[str, NDArray[np.float64]]:
        """The mark lies half way between the perpetual and its index; it has no volume."""
        after = 1.0 - 0.5 * basis(self.spec, symbol, plan, week, len(path.close), bar.ns)
        before = np.concatenate([after[:, :1], after[:, :-1]], axis=1)
        contract = rules(symbol, self.spec.price)
        marks = {
            "open": path.open * before,
            "high": path.high * np.maximum(before, after),
            "low": path.low * np.minimum(before, after),
            "close": path.close * after,
        }
        out = {f"mark_{name}": _on_tick(price * self.spec.price, contract) for name, price in marks.items()}
        return out | {"mark_volume": np.zeros_like(path.close)}

    def _funding(self, symbol: str, plan: Weeks) -> Stamps:
        """Settled every 8 hours for the basis of the 8 hours before."""
        mean = premium(self.spec, symbol, plan).reshape(-1)
        rate = mean + np.clip(USUAL_RATE - mean, -RATE_BAND, RATE_BAND)
        time = ANCHOR + plan.first * WEEK + INTERVAL * np.arange(1, len(plan.level) * INTERVALS + 1, dtype=np.int64)
        return Stamps(time, np.round(np.clip(rate, -RATE_CAP, RATE_CAP), 8))

    def _interest(self, symbol: str, plan: Weeks) -> Stamps:
        """Every hour, in whole lots of base currency."""
        held = interest(self.spec, symbol, plan).reshape(-1) * self.spec.turnover / self.spec.price
        time = ANCHOR + plan.first * WEEK + HOUR * np.arange(len(held), dtype=np.int64)
        return Stamps(time, _in_steps(held, rules(symbol, self.spec.price).lot))


def _up(time: int, bar: BarSize) -> int:
    """The first open time at or after `time`."""
    return time + (-(time - bar.origin)) % bar.ns


def _bars(times: NDArray[np.int64], size: BarSize, columns: Mapping[str, Any], prefix: str) -> Bars:
    return Bars(size=size, open_time=times, **{name: columns[prefix + name] for name in COLUMNS})


def _empty(bars: int, with_mark: bool) -> dict[str, NDArray[np.float64]]:
    names = (*COLUMNS, *(f"mark_{name}" for name in COLUMNS)) if with_mark else COLUMNS
    return {name: np.empty(bars) for name in names}


def _put(whole: NDArray[np.float64], at: int, part: NDArray[np.float64]) -> None:
    """Write the part of `part` that lies within `whole`, where it would begin at `at`."""
    first, last = max(at, 0), min(at + len(part), len(whole))
    whole[first:last] = part[first - at : last - at]


def _on_tick(prices: NDArray[np.float64], contract: Instrument) -> NDArray[np.float64]:
    """Rounded as `Instrument.snap` does, one tick at the least."""
    return np.maximum(_in_steps(prices, contract.tick), contract.tick)


def _in_steps(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """The nearest multiples, each the nearest float to its decimal writing."""
    per_unit = round(1.0 / step)
    return np.round(values * per_unit) / per_unit if per_unit >= 1 else np.round(values / step) * step
