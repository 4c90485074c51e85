"""Results made by hand from a price path and a list of fills, with a plain ledger that shares no code with the engine.

The account is cash and coins: a fill moves both, funding moves cash, equity is cash plus coins at the close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from fw.domain.bars import Bars
from fw.domain.frame import Frame
from fw.domain.market import Market, Series
from fw.domain.result import Result
from fw.domain.time import BarSize


@attrs.frozen(kw_only=True)
class HandFill:
    """A trade in bar `bar`; `inside` says that it happened after the funding inside that bar."""

    bar: int
    lots: int
    price: float
    instrument: str = "BTCUSDT"
    fee: float = 0.0
    slippage: float = 0.0
    reason: str = "signal"
    tag: str = ""
    inside: bool = False


@attrs.frozen(kw_only=True)
class HandFunding:
    """A stamp `offset` ns after the open of bar `bar`; longs pay `rate` × `price` a coin."""

    bar: int
    rate: float
    price: float
    instrument: str = "BTCUSDT"
    offset: int = 0


def result_by_hand(
    closes: Mapping[str, Sequence[float]] | Sequence[float],
    fills: Sequence[HandFill] = (),
    funding: Sequence[HandFunding] = (),
    *,
    capital: float = 10_000.0,
    lot: float = 0.001,
    bar: str = "1h",
    words: str = "object",
    **rest: Any,
) -> Result:
    """A finished run over these closes; `words` is the dtype of text columns (`object`, or `U` for fixed width)."""
    from fw.engine.trades import trades_of

    paths = dict(closes) if isinstance(closes, Mapping) else {"BTCUSDT": closes}
    size = BarSize.parse(bar)
    symbols = tuple(paths)
    count = len(next(iter(paths.values())))
    opens = np.arange(count, dtype=np.int64) * size.ns + 1_704_067_200 * 10**9
    happenings = sorted(
        [(fill.bar, 2 if fill.inside else 0, k, fill) for k, fill in enumerate(fills)]
        + [(stamp.bar, 1 if stamp.offset else -1, k, stamp) for k, stamp in enumerate(funding)],
        key=lambda happening: happening[:3],
    )
    cash = capital
    lots = dict.fromkeys(symbols, 0)
    entry = dict.fromkeys(symbols, 0.0)
    fill_rows: list[tuple[Any, ...]] = []
    funding_rows: list[tuple[Any, ...]] = []
    equity = []
    exposed = 0
    k = 0
    for i in range(count):
        touched = {symbol for symbol in symbols if lots[symbol]}
        while k < len(happenings) and happenings[k][0] == i:
            what = happenings[k][3]
            k += 1
            symbol = what.instrument
            held = lots[symbol]
            if isinstance(what, HandFunding):
                if held:
                    amount = -held * lot * what.rate * what.price
                    cash += amount
                    funding_rows.append((int(opens[i]) + what.offset, symbol, held, what.rate, amount))
                continue
            cash -= what.lots * lot * what.price + what.fee
            realised, entry[symbol] = _average_cost(held, entry[symbol], what.lots, what.price, lot)
            lots[symbol] = held + what.lots
            touched.add(symbol)
            quantity = abs(what.lots) * lot
            row = (int(opens[i]), symbol, what.lots, quantity, what.price, what.fee, realised, what.slippage)
            fill_rows.append((*row, what.reason, len(fill_rows), what.tag))
        exposed += len(touched)
        equity.append(cash + sum(lots[symbol] * lot * paths[symbol][i] for symbol in symbols))
    unrealised = sum(lots[s] * lot * (paths[s][-1] - entry[s]) for s in symbols) if count else 0.0
    market = Market(series={s: Series(bars=_bars(paths[s], opens, size)) for s in symbols}, focus=symbols[0])
    text = np.dtype(object) if words == "object" else np.dtype(str)
    fill_kinds = [np.int64, text, np.int64, float, float, float, float, float, text, np.int64, text]
    fill_names = [
        "time",
        "instrument",
        "lots",
        "quantity",
        "price",
        "fee",
        "realised",
        "slippage",
        "reason",
        "order",
        "tag",
    ]
    settled: dict[str, Any] = {
        "name": "by hand",
        "engine": "scan",
        "engine_reason": "every part has an array form",
        "trade": trades_of,
    }
    return Result(
        bar=size,
        capital=capital,
        instruments=symbols,
        market=market,
        equity=Frame.of({"time": opens + size.ns, "equity": np.array(equity, dtype=np.float64)}),
        fills=_frame(fill_names, fill_kinds, fill_rows),
        funding=_frame(
            ["time", "instrument", "lots", "rate", "amount"], [np.int64, text, np.int64, float, float], funding_rows
        ),
        signals=Frame.of({}),
        orders=Frame.of({}),
        vetoes=Frame.of({}),
        totals={
            "realised": sum(row[6] for row in fill_rows),
            "unrealised": unrealised,
            "fees": sum(row[5] for row in fill_rows),
            "funding": sum(row[4] for row in funding_rows),
            "slippage": sum(row[7] for row in fill_rows),
            "shortfall": 0.0,
            "liquidations": sum(row[8] == "liquidation" for row in fill_rows),
            "ambiguous_bars": 0,
            "exposure_bars": exposed,
            "rejected": 0,
        },
        **{**settled, **rest},
    )


def result_of_equity(equity: Sequence[float] | np.ndarray[Any, Any], *, capital: float, bar: str = "1d") -> Result:
    """A run whose equity is given: nothing was traded."""
    path = np.asarray(equity, dtype=np.float64)
    result = result_by_hand(np.ones(len(path)), capital=capital, bar=bar)  # type: ignore[arg-type]
    return attrs.evolve(result, equity=Frame.of({"time": result.equity["time"], "equity": path}))


def _average_cost(held: int, entry: float, lots: int, price: float, lot: float) -> tuple[float, float]:
    """Realised profit and the average entry after a fill."""
    closing = min(abs(held), abs(lots)) if held * lots < 0 else 0
    realised = (1 if held > 0 else -1) * closing * lot * (price - entry)
    after = held + lots
    if after == 0:
        return realised, 0.0
    if held * lots < 0:
        return realised, entry if after * held > 0 else price
    return realised, (abs(held) * entry + abs(lots) * price) / abs(after)


def _bars(closes: Sequence[float], opens: Any, size: BarSize) -> Bars:
    path = np.asarray(closes, dtype=np.float64)
    return Bars(size=size, open_time=opens, open=path, high=path, low=path, close=path, volume=np.ones(len(path)))


def _frame(names: list[str], kinds: list[Any], rows: list[tuple[Any, ...]]) -> Frame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return Frame.of(
        {name: np.array(list(column), dtype=kind) for name, kind, column in zip(names, kinds, columns, strict=True)}
    )
