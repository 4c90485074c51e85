"""A tape finer than the clock: the market on bars of the clock made of smaller ones, and bars walked price by price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import resample
from fw.domain.time import BarSize, Duration, format_time
from fw.engine.tape import lay
from fw.errors import DataError
from fw.ledger import kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.market import Market
    from fw.ledger.tape import Tape
    from fw.settings.strategy import Simulation

WALKED = {
    "ohlc": "open, high, low, close",
    "adaptive": "from the open to the nearer of high and low first",
}
"""Bar paths that go from price to price, in the words of a note."""
STEPS = 3
"""Segments of a walked bar: to one extreme, to the other, to the close."""
FLOAT_NOISE = 1e-9
"""Share of a price, below any tick, by which distances between decimals may differ as floats."""
SAMPLE = 1000
"""Bars whose distance shows their size."""


@attrs.frozen(eq=False, kw_only=True)
class Laid:
    """A market laid out for a run."""

    tape: Tape
    """What the ledger runs on: bars of the clock, or finer ones."""
    market: Market
    """The same on bars of the clock, its columns inside `block`."""
    block: NDArray[np.float64]
    """[instrument, field, clock bar]; the tape's own where that is not finer."""
    data: Market
    """What all of it was made of; `market` itself unless the bars read were finer."""
    notes: tuple[str, ...]


def lay_out(
    held: list[Market], *, clock: BarSize, start: int | None, bar_path: str, with_marks: bool, with_funding: bool
) -> Laid:
    """The tape of a market read in bars of the clock or in smaller ones; `start` (ns): where trading begins.

    `held`, marks and funding are as for `lay`. Smaller bars are cut to whole bars of the clock, which are then made
    of them: so the two cannot disagree. DataError where not one bar of the clock is whole.
    """
    size = held[0].bars.size
    notes: list[str] = []
    if size != clock:
        held = [whole_bars(held.pop(), clock, start, notes)]
    begin = 0 if start is None else int((held[0].bars.open_time < start).sum())
    tape, data, said = lay(held, first=begin, with_marks=with_marks, with_funding=with_funding)
    market, block = data, tape.block
    if size != clock:
        made, market, _ = lay([on_clock(data, clock)], first=0, with_marks=False, with_funding=False)
        closes = np.searchsorted(data.bars.open_time, market.bars.close_time).astype(np.int64)
        tape, block = attrs.evolve(tape, closes=closes, clock=clock), made.block
    if bar_path in WALKED:
        tape = walk(tape, nearer_first=bar_path == "adaptive")
    first = 0 if start is None else int((market.bars.open_time < start).sum())
    return Laid(tape=attrs.evolve(tape, first=first), market=market, block=block, data=data, notes=(*said, *notes))


def whole_bars(market: Market, clock: BarSize, start: int | None, notes: list[str]) -> Market:
    """The part of a market that fills bars of the clock, all its instruments being on one timeline.

    What is left out is a note, unless it is warm-up before `start` (ns).
    """
    bars = market.bars
    times = resample(attrs.evolve(bars, extra={}), clock).open_time
    if not len(times):
        begins, ends = market.period
        raise DataError(
            f"bars of {bars.size} from {format_time(begins)} to {format_time(ends)} fill no bar of {clock}; "
            "change source.start and source.end, or take a smaller bar"
        )
    begin, end = int(times[0]), int(times[-1]) + clock.ns
    before, after = int((bars.open_time < begin).sum()), int((bars.open_time >= end).sum())
    if not before and not after:
        return market
    for count, where in ((before if start is None or begin > start else 0, "first"), (after, "last")):
        if count:
            bars_of = f"bar of {bars.size} fills" if count == 1 else f"{count} bars of {bars.size} fill"
            notes.append(f"the {where} {bars_of} no whole bar of {clock}, and {'is' if count == 1 else 'are'} left out")
    return market.between(begin, end)


def on_clock(market: Market, clock: BarSize) -> Market:
    """The same market on bars of the clock, with marks that were finer on it too."""
    larger = market.resampled(clock)
    series = {}
    for symbol, data in larger.series.items():
        mark = data.mark
        if mark is not None and mark.size < clock and mark.size.divides(clock):
            mark = resample(mark, clock)
        series[symbol] = attrs.evolve(data, mark=mark)
    return attrs.evolve(larger, series=series)


def walk(tape: Tape, *, nearer_first: bool) -> Tape:
    """The tape with each bar as three, along which prices only rise or only fall.

    They go from the open to the high, on to the low and on to the close. With `nearer_first` the low comes before the
    high where it is nearer to the open; where both are as near, in a bar that closes above its open. Marks go to
    their own extremes in the order of the traded ones. Each third of a bar has a third of its volume and of its
    time: times inside a bar are nominal. A funding stamp inside a bar falls into the third that holds its time.
    """
    block, (n, fields, bars) = tape.block, tape.block.shape
    out = np.empty((n, fields, STEPS * bars))
    for k in range(n):
        low_first = _low_first(block[k]) if nearer_first else None
        _walk_prices(block[k, : kinds.VOLUME], low_first, out[k, : kinds.VOLUME])
        out[k, kinds.VOLUME] = np.repeat(block[k, kinds.VOLUME] / STEPS, STEPS)
        if fields == kinds.MARK_FIELDS:
            _walk_prices(block[k, kinds.PRICE_FIELDS :], low_first, out[k, kinds.PRICE_FIELDS :])
    third = tape.size.ns // STEPS
    times = (tape.open_time[:, None] + third * np.arange(STEPS)).reshape(-1)
    closes = np.arange(1, bars + 1, dtype=np.int64) if tape.closes is None else tape.closes
    return attrs.evolve(
        tape,
        block=out,
        stamps=[_stamps_on(rows, tape, third) for rows in tape.stamps],
        open_time=times,
        size=BarSize(third),
        closes=STEPS * closes,
        pieces=STEPS,
        clock=tape.clock or tape.size,
    )


def _low_first(prices: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[bar]: whether the path goes to the low before the high."""
    opened = prices[kinds.OPEN]
    farther = (prices[kinds.HIGH] - opened) - (opened - prices[kinds.LOW])  # how much more the high is away
    as_near = np.abs(farther) <= FLOAT_NOISE * opened
    first: NDArray[np.bool_] = np.where(as_near, prices[kinds.CLOSE] > opened, farther > 0.0)
    return first


def _walk_prices(prices: NDArray[np.float64], low_first: NDArray[np.bool_] | None, out: NDArray[np.float64]) -> None:
    """Write open, high, low, close of three segments for each bar."""
    one, other = prices[kinds.HIGH], prices[kinds.LOW]
    if low_first is not None:
        one, other = np.where(low_first, other, one), np.where(low_first, one, other)
    corners = (prices[kinds.OPEN], one, other, prices[kinds.CLOSE])
    for step in range(STEPS):
        begin, end = corners[step], corners[step + 1]
        rows = slice(step, None, STEPS)
        out[kinds.OPEN, rows], out[kinds.CLOSE, rows] = begin, end
        out[kinds.HIGH, rows], out[kinds.LOW, rows] = np.maximum(begin, end), np.minimum(begin, end)


def _stamps_on(rows: NDArray[Any], tape: Tape, third: int) -> NDArray[Any]:
    """Funding stamps in the thirds of their bars; one at a bar's open, or in a hole before it, at the first's."""
    out = rows.copy()
    late = np.where(rows["inside"] == 1, rows["time"] - tape.open_time[rows["bar"]], 0)
    out["bar"] = STEPS * rows["bar"] + late // third
    out["inside"] = late % third != 0
    return out


def check_size(given: Market, size: BarSize) -> None:
    """Raise where a source that was asked for finer bars gave larger ones."""
    for symbol, data in given.series.items():
        apart = np.diff(data.bars.open_time[:SAMPLE])
        found = max(data.bars.size.ns, int(apart.min()) if len(apart) else 0)
        if found > size.ns:
            raise DataError(f"the source gave {symbol} in bars of {Duration(found)}, not of {size}")


def path_notes(simulation: Simulation, clock: BarSize) -> tuple[str, ...]:
    """What a run's notes say of how its bars were gone through."""
    said = []
    if simulation.finer is not None:
        said.append(f"fills are found on {simulation.finer} bars inside {clock} decisions")
    if simulation.bar_path in WALKED:
        said.append(f"bars are walked {WALKED[simulation.bar_path]} (simulation.bar_path: {simulation.bar_path})")
    return tuple(said)
