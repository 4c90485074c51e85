"""Rows of several writes as one: each once, in order; what came later is right, but never what is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import format_time
from fw.errors import DataError
from fw_binance.store.kinds import OHLC
from fw_binance.store.series import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = dict[str, "NDArray[Any]"]

DTYPES = {"time": np.int64, "int": np.int64, "float": np.float64, "bool": np.bool_}


def rows_of(series: Series, columns: Mapping[str, Any]) -> Rows:
    """The columns given as rows the store keeps: sorted, each once, NaN in columns of numbers that were not given.

    DataError says what no row of the kind can be: a time off the bar's grid, a bar without a price, a column unknown.
    """
    kind = series.of
    check_names(series, columns)
    if lacking := [name for name, number in kind.columns.items() if number != "float" and name not in columns]:
        raise DataError(f"{series}: rows need {', '.join(lacking)}")
    count = len(columns[kind.time])
    rows: Rows = {}
    for name, number in kind.columns.items():
        given = np.ascontiguousarray(columns[name], DTYPES[number]) if name in columns else np.full(count, np.nan)
        if given.shape != (count,):
            raise DataError(f"{series}: {count} times and {given.shape} of {name}")
        rows[name] = given
    _check(series, rows)
    return _united(series, rows)[0]


def check_names(series: Series, names: Iterable[str]) -> None:
    """DataError for a column that the kind has not."""
    there = series.of.columns
    if unknown := [name for name in names if name not in there]:
        raise DataError(f"{series}: no column is called {', '.join(unknown)}; there are {', '.join(there)}")


def _check(series: Series, rows: Rows) -> None:
    times, bar = rows[series.of.time], series.bar
    if bar is not None and not series.of.lenient and (off := (times - bar.origin) % bar.ns).any():
        first = format_time(times[np.flatnonzero(off)[0]])
        raise DataError(f"{series}: no bar of {bar} opens at {first}; is it another bar size, or time unit?")
    if series.of.is_candles:
        for name in OHLC:
            if not np.isfinite(rows[name]).all():
                first = format_time(times[np.flatnonzero(~np.isfinite(rows[name]))[0]])
                raise DataError(f"{series}: the bar of {first} has no {name}; leave it out")


def merged(series: Series, old: Rows, new: Rows) -> tuple[Rows, int]:
    """Both together, and how many rows of `old` now have other numbers; `new` is right where they differ."""
    time = series.of.time
    if not len(old[time]):
        return new, 0
    both = {name: np.concatenate((old[name], new[name])) for name in series.of.columns}
    return _united(series, both)


def _united(series: Series, rows: Rows) -> tuple[Rows, int]:
    """Sorted by key, rows of one key made one, and how many were not the same."""
    kind = series.of
    keys = [series.own_time(rows[name]) if name == kind.time else rows[name] for name in kind.key]
    if _ascends(keys[0]):
        return rows, 0
    order = np.argsort(keys[0], kind="stable") if len(keys) == 1 else np.lexsort(keys[::-1])
    rows = {name: column[order] for name, column in rows.items()}
    is_first = np.zeros(len(order), bool)
    is_first[:1] = True
    for key in keys:
        there = key[order]
        is_first[1:] |= there[1:] != there[:-1]
    if is_first.all():
        return rows, 0
    firsts = np.flatnonzero(is_first)
    lasts = np.append(firsts[1:], len(order)) - 1
    return _latest(series, rows, firsts, lasts)


def _ascends(times: NDArray[np.int64]) -> bool:
    return bool((times[1:] > times[:-1]).all())


def _latest(series: Series, rows: Rows, firsts: NDArray[np.intp], lasts: NDArray[np.intp]) -> tuple[Rows, int]:
    """Of each stretch of rows of one key the last, its unknown numbers taken from those before it."""
    kind = series.of
    united = {name: column[lasts] for name, column in rows.items()}
    differ = np.zeros(len(firsts), bool)
    for back in range(1, int((lasts - firsts).max()) + 1):
        chosen = np.flatnonzero(lasts - back >= firsts)
        earlier = lasts[chosen] - back
        for name in _floats(series):
            kept, other = united[name][chosen], rows[name][earlier]
            unknown = np.isnan(kept)
            differ[chosen] |= ~unknown & ~np.isnan(other) & (kept != other)
            united[name][chosen] = np.where(unknown, other, kept)
    if kind.lenient:  # whichever was written first or last, the same time stands
        united[kind.time] = np.minimum.reduceat(rows[kind.time], firsts)
    return united, int(differ.sum())


def _floats(series: Series) -> Sequence[str]:
    return [name for name, number in series.of.columns.items() if number == "float"]


def nothing(series: Series) -> Rows:
    """No rows at all."""
    return {name: np.empty(0, DTYPES[number]) for name, number in series.of.columns.items()}


def joined(pieces: Iterable[Rows], names: Sequence[str], expected: int) -> Rows | None:
    """The pieces one after the other, each let go once it is copied; None where there is none.

    `expected` rows are made room for; more where there are more.
    """
    room: Rows = {}
    at = 0
    for piece in pieces:
        count = len(next(iter(piece.values())))
        if not room or at + count > len(next(iter(room.values()))):
            size = max(expected, at + count, 2 * at)
            larger = {name: np.empty(size, piece[name].dtype) for name in names}
            for name, column in room.items():
                larger[name][:at] = column[:at]
            room = larger
        for name in names:
            room[name][at : at + count] = piece[name]
        at += count
    return {name: column[:at] for name, column in room.items()} if room else None
