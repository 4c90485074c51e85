"""How the account went over time: against buying and holding, under its peaks, month by month, how much at stake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import numpy as np

from fw.domain.time import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw import BarSize, Frame, Result

Numbers = Any
"""float64[bar]."""


class Curve(Protocol):
    """An account over time: that of a run just finished, or of one read back."""

    @property
    def capital(self) -> float: ...
    @property
    def bar(self) -> BarSize: ...
    @property
    def equity(self) -> Frame: ...


def buy_and_hold(result: Result) -> Numbers:
    """What the capital would have become, bought in equal parts at the first open and kept; no costs, no leverage."""
    growth = np.zeros(result.equity.rows)
    for symbol in result.instruments:
        bars = result.market.of(symbol).bars
        growth += closes_at(result, symbol) / bars.open[0] if len(bars) else np.nan
    return result.capital * growth / max(len(result.instruments), 1)


def closes_at(result: Result, symbol: str) -> Numbers:
    """The last close of an instrument known at each row of equity; NaN before its first."""
    bars = result.market.of(symbol).bars
    row = np.searchsorted(bars.close_time, result.equity["time"], side="right") - 1
    return np.where(row >= 0, bars.close[np.maximum(row, 0)], np.nan) if len(bars) else np.full(len(row), np.nan)


def underwater(result: Curve) -> Numbers:
    """Equity over its highest so far (the capital included), less one: 0 or below."""
    equity = result.equity["equity"]
    return equity / np.maximum(np.maximum.accumulate(equity), result.capital) - 1.0 if len(equity) else equity


@attrs.frozen(kw_only=True)
class Drawdown:
    """One fall from a peak; times are closes of bars, ns."""

    depth: float
    """Share of the peak lost, 0 or more."""
    start: int
    """The peak."""
    trough: int
    end: int | None
    """Back at the peak; None: not within the run."""
    length: int
    """From the peak to the end, or to the run's end, ns."""


SHALLOWEST = 5e-5
"""Share of the peak: what is less deep reads as 0.00 % and is no fall to name."""


def drawdowns(result: Result, *, most: int = 5) -> tuple[Drawdown, ...]:
    """The deepest falls, deepest first; each lasts from one peak to the bar that is back at it."""
    depth = underwater(result)
    under = depth <= -SHALLOWEST
    edges = np.flatnonzero(np.diff(np.concatenate(([False], under, [False])).astype(np.int8)))
    firsts, ends = edges[::2], edges[1::2]
    if not len(firsts):
        return ()
    troughs = np.array([first + int(depth[first:end].argmin()) for first, end in zip(firsts, ends, strict=True)])
    times = result.equity["time"]
    begin = int(times[0]) - result.bar.ns
    found = []
    for k in np.argsort(depth[troughs], kind="stable")[:most]:
        start = int(times[firsts[k] - 1]) if firsts[k] else begin
        recovered = ends[k] < len(times)
        end = int(times[ends[k]]) if recovered else None
        found.append(
            Drawdown(
                depth=-float(depth[troughs[k]]),
                start=start,
                trough=int(times[troughs[k]]),
                end=end,
                length=(int(times[-1]) if end is None else end) - start,
            )
        )
    return tuple(found)


def returns_by_month(result: Curve) -> Mapping[int, Mapping[int, float | None]]:
    """Year to month (1 … 12; 0: the whole year) to return; None where equity was not above zero before.

    A bar belongs to the month in which it opened; the first month begins at the capital.
    """
    equity, times = result.equity["equity"], result.equity["time"] - result.bar.ns
    if not len(equity):
        return {}
    months = times.view("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    lasts = np.flatnonzero(np.append(months[1:] != months[:-1], True))
    before = result.capital
    opened: dict[int, float] = {}
    table: dict[int, dict[int, float | None]] = {}
    for last in lasts.tolist():
        year, month = divmod(int(months[last]), 12)
        year, now = year + 1970, float(equity[last])
        start = opened.setdefault(year, before)
        row = table.setdefault(year, {})
        row[month + 1] = now / before - 1.0 if before > 0.0 else None
        row[0] = now / start - 1.0 if start > 0.0 else None
        before = now
    return table


@attrs.frozen(kw_only=True, eq=False)
class Stake:
    """What was at stake at each close, as shares of equity; NaN where equity is not above zero."""

    exposure: Numbers
    """Σ |lots × lot × close| / equity."""
    margin: Numbers | None
    """Exposure over leverage; None where the settings do not say the leverage."""


def stake_of(result: Result) -> Stake:
    """Exposure from the fills, and the initial margin it takes."""
    notional = np.zeros(result.equity.rows)
    for symbol in result.instruments:
        held = quantity_at(result, symbol)
        notional += np.where(held == 0.0, 0.0, np.abs(held) * closes_at(result, symbol))
    equity = result.equity["equity"]
    exposure = np.divide(notional, equity, out=np.full(len(equity), np.nan), where=equity > 0.0)
    account = result.settings.get("account")
    leverage = account.get("leverage") if isinstance(account, Mapping) else None
    return Stake(exposure=exposure, margin=exposure / leverage if isinstance(leverage, int | float) else None)


def quantity_at(result: Result, symbol: str) -> Numbers:
    """What was held of an instrument at each close, in base currency, signed; whole lots, so flat is exactly 0."""
    fills, opens = result.fills, result.equity["time"] - result.bar.ns
    held = np.zeros(len(opens), dtype=np.int64)
    mine = np.flatnonzero(fills["instrument"] == symbol) if fills.rows else np.empty(0, np.int64)
    if not len(mine) or not len(opens):
        return held.astype(np.float64)
    lots = fills["lots"][mine].astype(np.int64)
    row = np.searchsorted(opens, fills["time"][mine], side="right") - 1
    np.add.at(held, np.clip(row, 0, len(opens) - 1), lots)
    lot = abs(float(fills["quantity"][mine[0]]) / int(lots[0]))
    return np.cumsum(held) * lot


def day(ns: int) -> str:
    """`2024-01-31` in UTC."""
    return datetime.fromtimestamp(int(ns) // SECOND, UTC).strftime("%Y-%m-%d")


def milliseconds(times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Times as browsers count them."""
    return times / 1e6
