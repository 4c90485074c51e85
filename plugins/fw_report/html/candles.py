"""The candles that the page holds: the whole run in candles of few enough bars, every bar of it around trades.

The page draws larger candles out of these as the reader zooms out, and says how many bars one candle is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import DAY, HOUR, MINUTE
from fw_report.html.downsample import grouped
from fw_report.html.render import packed
from fw_report.html.tables import MOST_TRADES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw import Bars, Result

Step = tuple[int, int, float, float, float]

WHOLE = 60_000
"""Most candles of the whole run, all instruments together."""
DETAIL = 60_000
"""Most single bars around trades, all instruments together."""
AROUND = 40
"""Bars shown before and after a trade, or around each end of a long one."""
LONG_TRADE = 400
ROUND = tuple(
    [k * MINUTE for k in (2, 3, 5, 10, 15, 20, 30)]
    + [k * HOUR for k in (1, 2, 3, 4, 6, 8, 12)]
    + [k * DAY for k in (1, 2, 3, 4, 7, 14, 28)]
)
"""Stretches of time that people think in, ns."""


def candles_of(result: Result) -> list[dict[str, Any]]:
    """One mapping an instrument, as `candles.js` reads it."""
    count = max(len(result.instruments), 1)
    made = []
    for symbol in result.instruments:
        bars = result.market.of(symbol).bars
        size = round_size(-(-len(bars) // max(WHOLE // count, 1)), result.bar.ns)
        found = {"symbol": symbol, "bars": len(bars), "size": size, "bar": result.bar.ns / 1e6}
        if len(bars):
            found["whole"] = _columns(grouped(bars, size), int(bars.open_time[0]))
            found["start"] = int(bars.open_time[0]) / 1e6
            if size > 1:
                runs = around_trades(result, symbol, most=DETAIL // count)
                rows = np.concatenate([np.arange(first, last) for first, last in runs] or [np.empty(0, np.int64)])
                found["detail"] = _columns(bars.rows(rows), int(bars.open_time[0]))
                found["runs"] = [packed(np.array([run[side] for run in runs], np.int64), "i4") for side in (0, 1)]
        made.append(found)
    return made


def round_size(least: int, bar: int) -> int:
    """How many bars make one candle: at least so many, a round stretch of time where there is one; `bar` in ns."""
    if least <= 1:
        return 1
    return next((ns // bar for ns in ROUND if ns >= least * bar and ns % bar == 0), least)


def around_trades(result: Result, symbol: str, *, most: int) -> list[tuple[int, int]]:
    """Stretches of bars [first, last) around trades, apart and ascending, at most `most` bars in all.

    The trades that made or lost most come first where not all fit.
    """
    bars, trades = result.market.of(symbol).bars, result.trades
    mine = np.flatnonzero(trades["instrument"] == symbol) if trades.rows else np.empty(0, np.int64)
    entry = np.searchsorted(bars.open_time, trades["entry_time"][mine], side="right") - 1
    leave = np.searchsorted(bars.open_time, trades["exit_time"][mine], side="right") - 1
    wanted = np.zeros(len(bars), dtype=bool)
    room = most
    for k in np.argsort(-np.abs(trades["profit"][mine]), kind="stable").tolist():
        if leave[k] - entry[k] <= LONG_TRADE:
            stretches = [(entry[k] - AROUND, leave[k] + AROUND + 1)]
        else:
            stretches = [(at - AROUND, at + AROUND + 1) for at in (entry[k], leave[k])]
        for first, last in stretches:
            part = wanted[max(first, 0) : last]
            room -= int((~part).sum())
            if room < 0:
                return _stretches(wanted)
            part[:] = True
    return _stretches(wanted)


def _stretches(wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], wanted, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _columns(bars: Bars, start: int) -> dict[str, Any]:
    """Minutes since the run's start, and prices; four bytes a number are finer than a screen."""
    prices = {name: packed(getattr(bars, name), "f4") for name in ("open", "high", "low", "close")}
    return {"minute": packed((bars.open_time - start) // MINUTE, "i4"), **prices}


def protections_of(result: Result, *, most: int = 60_000) -> tuple[dict[str, Any], int]:
    """The stops and targets in force while trades were open, and how many steps of them there are.

    A step is row of the trade table, time, stop, take-profit, trailing distance (NaN: none).

    Entry orders bring them along, later signals move them. Signals in force before the last one prior to the entry
    do not count. At most `most` steps, those of the first trades.
    """
    steps: list[Step] = []
    unshown = max(result.trades.rows - MOST_TRADES, 0)
    signals, trades = result.signals, result.trades
    if not signals.rows or not trades.rows:
        return _steps(steps)
    levels = [signals[name] for name in ("stop_loss", "take_profit", "trailing")]
    for symbol in result.instruments:
        mine = np.flatnonzero(signals["instrument"] == symbol)
        if not np.isfinite(np.stack([level[mine] for level in levels])).any():
            continue
        times = signals["time"][mine]
        rows = np.flatnonzero(trades["instrument"] == symbol)
        # a signal at a close is in force from the next open, which is the same instant
        begins = np.searchsorted(times, trades["entry_time"][rows], side="right") - 1
        ends = np.searchsorted(times, trades["exit_time"][rows], side="left")
        for row, begin, end in zip(rows.tolist(), begins.tolist(), ends.tolist(), strict=True):
            if row < unshown:
                continue
            if len(steps) >= most:
                break
            entry = int(trades["entry_time"][row])
            for at in range(max(begin, 0), max(end, begin + 1)):
                signal = mine[at]
                stop, take, trailing = (float(level[signal]) for level in levels)
                steps.append((row - unshown, max(int(times[at]), entry), stop, take, trailing))
    return _steps(steps)


def _steps(steps: list[Step]) -> tuple[dict[str, Any], int]:
    steps.sort()
    columns = np.array(steps, dtype=np.float64).reshape(-1, 5)
    return {
        "trade": packed(columns[:, 0], "i4"),
        "time": packed(columns[:, 1] / 1e6),
        **{name: packed(columns[:, k], "f4") for k, name in ((2, "stop"), (3, "take"), (4, "trailing"))},
    }, len(steps)
