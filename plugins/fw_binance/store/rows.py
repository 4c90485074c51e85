"""Checks of a series' rows: order, grid, holes and prices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import HOUR, MINUTE, format_time
from fw_binance.store.findings import Finding
from fw_binance.store.kinds import OHLC
from fw_binance.store.manifest import Manifest
from fw_binance.store.series import Series
from fw_binance.store.spans import Span, without

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = dict[str, "NDArray[Any]"]
EIGHT_HOURS = 8.0


def check_part(series: Series, name: str, rows: Rows) -> Iterator[Finding]:
    """What is wrong inside one file."""
    times = rows[series.of.time]
    own = series.own_time(times)
    if len(own) > 1 and (own[1:] < own[:-1]).any():
        first = own[1:][own[1:] < own[:-1]][0]
        yield _broken(series, name, "order", f"times do not ascend at {format_time(first)}")
    if doubles := _doubles(series, rows):
        yield _broken(series, name, "duplicate", f"{_counted(len(doubles), 'row')} twice, {_first(doubles)}")
    if series.bar is not None and not series.of.lenient:
        off = times[(times - series.bar.origin) % series.bar.ns != 0]
        if len(off):
            yield _broken(
                series, name, "misaligned", f"{_counted(len(off), 'bar')} off the grid, {_first(off.tolist())}"
            )
    if series.of.is_candles:
        yield from _prices(series, name, rows)


def _broken(series: Series, name: str, what: str, text: str) -> Finding:
    return Finding(series=series, what=what, part=name, text=f"{name}: {text}")


def _doubles(series: Series, rows: Rows) -> list[int]:
    """Times of rows that agree in the key with the row before."""
    times = series.own_time(rows[series.of.time])
    same = np.ones(max(len(times) - 1, 0), bool)
    for name in series.of.key:
        key = times if name == series.of.time else rows[name]
        same &= key[1:] == key[:-1]
    found: list[int] = times[1:][same].tolist()
    return found


def _prices(series: Series, name: str, rows: Rows) -> Iterator[Finding]:
    opens, high, low, close = (rows[column] for column in OHLC)
    wrong = ~((low <= opens) & (low <= close) & (opens <= high) & (close <= high))
    if series.kind != "premium":  # which is a rate, of either sign
        wrong |= ~(low > 0)
    if "volume" in rows:
        wrong |= rows["volume"] < 0
    if wrong.any():
        at = rows[series.of.time][wrong].tolist()
        assert series.bar is not None
        yield Finding(
            series=series,
            what="prices",
            part=name,
            text=f"{name}: {_counted(len(at), 'bar')} whose prices cannot be, {_first(at)}",
            spans=tuple((time, time + series.bar.ns) for time in at),
        )


def check_holes(series: Series, manifest: Manifest) -> Iterator[Finding]:
    """Bars missing between the first and the last: yet to be fetched, or not to be had."""
    held = manifest.held()
    ends = [(held[0][0], held[-1][1])] if held else []
    holes = without([*ends, *manifest.wanted], held)
    unknown = without(holes, manifest.covered)
    for spans, is_fault, why in (
        (unknown, True, "; `fw data repair` fetches them"),
        (without(holes, unknown), False, ", which the source has not"),
    ):
        if spans:
            yield _gap(series, spans, is_fault, why)


def _gap(series: Series, spans: list[Span], is_fault: bool, why: str) -> Finding:
    assert series.bar is not None
    count = sum(end - start for start, end in spans) // series.bar.ns
    places = "" if len(spans) == 1 else f" in {len(spans)} places"
    text = f"{_counted(count, 'bar')} missing{places}, {_first([start for start, _ in spans])}{why}"
    return Finding(series=series, what="gap", text=text, is_fault=is_fault, spans=tuple(spans))


def check_settlements(series: Series, rows: Rows, covered: list[Span]) -> Iterator[Finding]:
    """Funding settlements missing in what was fetched.

    Two are further apart than the interval stated with the later, or than eight hours.
    """
    times = series.own_time(rows["time"])
    stated = np.where(np.isnan(rows["interval_hours"]), EIGHT_HOURS, rows["interval_hours"])
    late = np.flatnonzero(np.diff(times) > stated[1:] * HOUR + MINUTE)
    spans = [(int(rows["time"][at]) + 1, int(rows["time"][at + 1])) for at in late]
    spans = [span for span in spans if not without([span], covered)]
    if spans:
        text = f"settlements missing in {_counted(len(spans), 'place')}, {_first([spans[0][0] - 1], 'after')}"
        yield Finding(series=series, what="gap", text=text, spans=tuple(spans))


def check_ids(series: Series, rows: Rows, before: tuple[int, int] | None, covered: list[Span]) -> Iterator[Finding]:
    """Trades missing in what was fetched, as their ids tell; `before` is time and id of the trade before these."""
    time, number = (rows["time"][0], rows["agg_trade_id"][0] - 1) if before is None else before
    times, ids = np.append(time, rows["time"]), np.append(number, rows["agg_trade_id"])
    late = np.flatnonzero(np.diff(ids) > 1)
    spans = [(int(times[at]), int(times[at + 1]) + 1) for at in late]
    inside = [place for place, span in enumerate(spans) if not without([span], covered)]
    if inside:
        count = int((np.diff(ids)[late[inside]] - 1).sum())
        chosen = [spans[place] for place in inside]
        text = f"{_counted(count, 'trade')} missing, {_first([start for start, _ in chosen], 'after')}"
        yield Finding(series=series, what="gap", text=text, spans=tuple(chosen))


def check_wanted(series: Series, manifest: Manifest) -> Iterator[Finding]:
    """Time whose file was moved aside, and of which nothing was fetched since."""
    if manifest.wanted:
        since = _first([start for start, _ in manifest.wanted], "from")
        text = f"what was there has to be fetched again, {since}; `fw data repair` does"
        yield Finding(series=series, what="gap", text=text, spans=tuple(manifest.wanted))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _first(times: Iterable[int], word: str = "at") -> str:
    several = list(times)
    return f"{'the first ' if len(several) > 1 else ''}{word} {format_time(several[0])}"
