"""The feature pass: every set once over the whole history, its columns named and put on the clock's timeline."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Container, Generator, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.expression import Undefined
from fw.domain.frame import Frame, read_only
from fw.domain.time import BarSize, format_time
from fw.engine.needs import unread
from fw.errors import DataError, PluginError, SettingsError
from fw.registry import Offer, blame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.market import Market
    from fw.engine.kept import KeptColumns
    from fw.progress import Progress


@attrs.frozen(kw_only=True)
class PlannedSet:
    """A feature set that a run computes, and how."""

    part: Any = attrs.field(repr=False)
    spec: Any
    offer: Offer = attrs.field(repr=False)
    bar: BarSize | None = None
    on: str | None = None
    entry: str = ""
    """Its name in the file."""
    may_lack: bool = False
    """Whether it is left out where the market does not have what it needs."""

    @property
    def is_derived(self) -> bool:
        """Whether it is made of other columns."""
        return hasattr(self.part, "derive")

    @property
    def key(self) -> Any:
        """What tells it from other sets on the same market."""
        return type(self.spec), self.spec, self.bar, self.on

    def lookback(self, clock: BarSize) -> int:
        """Clock bars that decide one row."""
        larger = 1 if self.bar is None else self.bar.ns // clock.ns
        return (int(self.part.lookback) + (larger > 1)) * larger

    def name(self, column: str) -> str:
        """What a column is called in this run: `rsi_14`, `rsi_14@4h`, `ETHUSDT:rsi_14`."""
        at = f"{column}@{self.bar}" if self.bar is not None else column
        return f"{self.on}:{at}" if self.on is not None else at


Cache = MutableMapping["Market", dict[Any, Mapping[str, "NDArray[np.float64]"]]]
"""Columns of feature sets already computed, by the market they are of and by what asked for them."""


def compute_columns(
    sets: Sequence[PlannedSet],
    market: Market,
    cache: Cache | None = None,
    kept: KeptColumns | None = None,
    left_out: Iterable[str] = (),
    progress: Progress | None = None,
) -> Mapping[str, NDArray[np.float64]]:
    """Every column, float64[instrument, bar], by its name in the run; NaN only where it starts up.

    The market has what the sets need (`present`); a derived one that may lack its columns is left out without them.
    A sweep hands over a cache, so that combinations share their common columns; `kept` are those of earlier runs.
    `left_out` says what an error adds for whoever asks for a column of a set that is not among these; `progress` is
    told the share of the sets that is done.
    """
    columns: dict[str, NDArray[np.float64]] = {}
    known = {} if cache is None else cache.setdefault(market, {})
    _find_or_compute([planned for planned in sets if not planned.is_derived], market, known, kept, progress)
    made_of_others = []
    for planned in sets:
        if planned.is_derived:
            made_of_others.append(planned)
            continue
        for name, rows in known[planned.key].items():
            refuse_twice(planned, name, columns)
            columns[name] = rows
    for planned in made_of_others:
        if planned.may_lack and unread(planned, columns):
            continue
        refuse_twice(planned, planned.entry, columns)
        refuse_unknown(planned, columns, left_out)
        columns[planned.entry] = derived(planned, columns, market)
    if progress is not None:
        progress("computing columns", 1.0)
    return columns


def refuse_twice(planned: PlannedSet, name: str, columns: Container[str]) -> None:
    """SettingsError where there is a column of this name already."""
    if name not in columns:
        return
    if planned.is_derived:
        raise SettingsError(f"features.{name}: there is a column of this name; give it another `name`")
    raise SettingsError(f"two feature sets give the column {name!r}; change the spans of one, or drop it")


def refuse_unknown(planned: PlannedSet, columns: Iterable[str], left_out: Iterable[str] = ()) -> None:
    """SettingsError where a column that this one is made of is none of these."""
    for name in planned.part.reads:
        if name not in columns:
            close = get_close_matches(name, columns, n=1)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            raise SettingsError(
                f"features.{planned.entry}: reads the column {name!r}{meant}, which no feature set before it gives; "
                + "; ".join((f"there is {', '.join(columns) or 'none'}", *left_out))
            )


def derived(planned: PlannedSet, columns: Mapping[str, NDArray[np.float64]], market: Market) -> NDArray[np.float64]:
    """A column made of others, checked."""
    with blame(planned.offer):
        try:
            rows = planned.part.derive({name: columns[name] for name in planned.part.reads})
        except Undefined as problem:
            k, bar = problem.row
            raise DataError(
                f"features.{planned.entry}: {problem.operation} has no number for {market.instruments[k]} at "
                f"{format_time(int(market.bars.close_time[bar]))}; guard it, as in a / max(b, 1e-9)"
            ) from None
    shape = len(market.instruments), len(market.bars)
    if not isinstance(rows, np.ndarray) or rows.shape != shape or rows.dtype != np.float64:
        raise PluginError(f"{planned.offer.title} must derive float64{list(shape)} [instrument, bar]")
    made: NDArray[np.float64] = read_only(rows)
    return made


MANY = 100_000
"""Rows of all instruments together from which on sets are computed on all cores."""


def _find_or_compute(
    sets: Sequence[PlannedSet],
    market: Market,
    known: MutableMapping[Any, Mapping[str, NDArray[np.float64]]],
    kept: KeptColumns | None,
    progress: Progress | None,
) -> None:
    """Put into `known` the columns of every set that are not there: those kept on disk, or computed ones."""
    shape = len(market.instruments), len(market.bars)
    missing: dict[Any, PlannedSet] = {}
    for planned in sets:
        if planned.key in known or planned.key in missing:
            continue
        found = None if kept is None else kept.find(planned, shape)
        if found is None:
            missing[planned.key] = planned
        else:
            known[planned.key] = found
    if not missing:
        return
    with closing(_computed_all(missing.values(), market)) as answers:
        for done, planned in enumerate(missing.values()):
            if progress is not None:
                progress("computing columns", done / len(missing))
            known[planned.key], seconds = next(answers)
            if kept is not None:
                kept.keep(planned, known[planned.key], seconds)


def _computed_all(
    sets: Collection[PlannedSet], market: Market
) -> Generator[tuple[Mapping[str, NDArray[np.float64]], float]]:
    """The columns of each set in order, and the seconds that they took; on all cores where that is worth it.

    A sweep is on all cores already, in threads of its own.
    """

    def timed(planned: PlannedSet) -> tuple[Mapping[str, NDArray[np.float64]], float]:
        began = time.perf_counter()
        columns = _columns_of(planned, market)
        return columns, time.perf_counter() - began

    # those that the process may use; not every system tells
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    few = len(sets) < 2 or len(market.instruments) * len(market.bars) < MANY
    if few or cores < 2 or threading.current_thread() is not threading.main_thread():
        yield from map(timed, sets)
        return
    pool = ThreadPoolExecutor(max_workers=cores)
    try:
        yield from pool.map(timed, sets)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error nothing new begins


def _columns_of(planned: PlannedSet, market: Market) -> Mapping[str, NDArray[np.float64]]:
    """One set's columns for every instrument."""
    frames = [_on_clock(planned, market.of(symbol)) for symbol in market.instruments]
    columns = {}
    for column in frames[0]:
        rows = [frame[column] for frame in frames]
        columns[planned.name(column)] = read_only(rows[0].reshape(1, -1) if len(rows) == 1 else np.stack(rows))
    return columns


def _on_clock(planned: PlannedSet, market: Market) -> Frame:
    """One instrument's columns on the clock: a larger bar's row holds from the moment that bar has closed."""
    clock = market.bars
    focused = market.of(planned.on) if planned.on is not None else market
    if planned.bar is None or planned.bar == clock.size:
        return computed(planned, focused)
    resampled = focused.resampled(planned.bar)
    frame = computed(planned, resampled)
    closed = np.searchsorted(resampled.bars.close_time, clock.close_time, side="right")
    out = {}
    for name, column in frame.items():
        padded = np.concatenate(([np.nan], column))
        out[name] = padded[closed]
    return Frame.of(out)


def computed(planned: PlannedSet, market: Market) -> Frame:
    """What the set says, checked: one float row per bar."""
    try:
        frame = planned.part.compute(market)
    except BaseException:  # told apart only now: live comes by here at every bar
        with blame(planned.offer):
            raise
    if not isinstance(frame, Frame) or not len(frame):
        raise PluginError(f"{planned.offer.title} must return a fw.Frame of columns, not {type(frame).__name__}")
    if frame.rows != len(market.bars):
        raise PluginError(f"{planned.offer.title} returned {frame.rows} rows for {len(market.bars)} bars")
    for name, column in frame.columns.items():
        if column.dtype != np.float64:
            raise PluginError(f"{planned.offer.title}: column {name!r} is {column.dtype}, not float64")
    return frame


def first_complete_row(columns: Mapping[str, NDArray[np.float64]], first: int) -> int | None:
    """The first bar from `first` on at which every column of every instrument has a value; None: there is none."""
    from fw.ledger.checks import first_known

    complete = first
    for rows in columns.values():
        for row in rows:
            complete = max(complete, int(first_known(row, first)))
            if complete >= len(row):
                return None
    return complete
