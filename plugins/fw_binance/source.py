"""The exchange as a source: its history out of the store, fetched first where that is allowed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import EXTRAS, Bars
from fw.domain.market import Market, Series
from fw.domain.stamps import PRICES, Stamps
from fw.domain.time import format_time
from fw.errors import DataError
from fw_binance.download import STATISTICS, Asked, asked_now, command_for, download
from fw_binance.environment import Environment
from fw_binance.store import Series as Stored
from fw_binance.store import Store
from fw_binance.streams.patience import Patience

if TYPE_CHECKING:
    from fw.domain.time import BarSize
    from fw.parts.source import Stream, Want
    from fw_binance.streams.live import LiveStream

CANDLES = ("klines", "mark", "index", "premium")
RATIOS = ("accounts", "top_accounts", "top_positions")
ONE_BY_ONE = ("trades.buys", "trades.sells")
"""Needs that only single trades can fill; volumes bought and sold stand in the candles."""

KINDS_FOR: Mapping[str, tuple[str, ...]] = {
    "klines": ("bars", "trades"),
    "funding": ("funding",),
    "mark": ("mark",),
    "index": ("index",),
    "premium": ("premium",),
    "metrics": ("open_interest", "long_short", "taker_ratio"),
    "agg_trades": ONE_BY_ONE,
}
"""Kinds of the store, and the needs they fill; recorded books are read where they are."""


@attrs.frozen(eq=False, kw_only=True)
class BinanceSource:
    """Reads the store; with `download` it asks the exchange for what is missing there."""

    environment: Environment
    store: Store
    download: bool = False
    lag: int = 0
    """Ns from a row of statistics to its publication."""
    firm: frozenset[str] = frozenset({"klines"})
    """Kinds without which nothing is given; of the others what there is."""
    patience: Patience = attrs.field(factory=Patience)
    """How long its streams wait for what."""
    clock: Callable[[], int] = time.time_ns
    _streams: list[LiveStream] = attrs.field(factory=list, init=False)
    """Those that were opened."""

    @property
    def now(self) -> int:
        """The exchange's time, ns; one of one's own may let it run as it likes."""
        stream = self._streams[-1] if self._streams else None
        if not self.environment.is_own:
            return self.clock() + (0 if stream is None else stream.ahead)
        return (0 if stream is None else stream.now) or asked_now(self.environment)

    def stream(self, want: Want) -> Stream:
        """What happens from `want.start` on, as `fw.LiveSource` has it."""
        from fw_binance.streams.live import LiveStream, Terms

        terms = Terms(environment=self.environment, patience=self.patience, lag=self.lag)
        self._streams[:] = [LiveStream(terms, want)]
        return self._streams[-1]

    def history(self, want: Want) -> Market:
        """Every instrument, cut to the asked range and its warm-up; DataError says what to type for what is missing."""
        kinds = [kind for kind, needs in KINDS_FOR.items() if set(needs) & set(want.needs) or kind in self.firm]
        notes = self._fetched(want, kinds) if self.download else self._looked_for(want, kinds)
        series = {symbol: self._series(symbol, want, kinds) for symbol in want.instruments}
        return Market(series=series, focus=want.instruments[0], notes=tuple(dict.fromkeys(notes)))

    def _fetched(self, want: Want, kinds: list[str]) -> list[str]:
        """What there is to say after what was missing has been fetched."""
        start, end = self._range(want)
        if end is not None and not self._missing(want, kinds):
            return []
        from fw_binance.showing import shown_rows

        asked = Asked(symbols=want.instruments, kinds=tuple(kinds), bars=(want.bar,), start=start, end=end)
        with shown_rows() as shown:
            return download(self.environment, self.store, asked, shown=shown).notes

    def _looked_for(self, want: Want, kinds: list[str]) -> list[str]:
        """Notes on what is missing in part; DataError where a run cannot do without."""
        missing = self._missing(want, kinds)
        if not missing:
            return []
        start, end = self._range(want)
        symbols = tuple(dict.fromkeys(one.symbol for one in missing))
        lacking = [kind for kind in kinds if any(one.kind == kind for one in missing)]
        bars = [want.bar] if set(lacking) & set(CANDLES) else []
        command = command_for(symbols, lacking, bars, start, end, self.environment)
        hard = [one for one in missing if one.kind in self.firm or not self._has_any(one, start, end)]
        if any(one.kind != "mark" or "mark" in self.firm for one in hard):
            first = hard[0]
            more = f" (and of {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise DataError(
                f"the store {self.store.root / self.store.venue} lacks {_said(first)}{more} from "
                f"{format_time(missing[first][0][0])} on: type `{command}`, or set source.download: true"
            )
        return [f"{_said(one)} are not all in the store; `{command}` fetches them" for one in missing]

    def _missing(self, want: Want, kinds: Iterable[str]) -> dict[Stored, list[tuple[int, int]]]:
        """Spans by series, of those that lack any; without an end only series without a row."""
        start, end = self._range(want)
        found = {}
        for symbol in want.instruments:
            for kind in kinds:
                series = Stored(kind, symbol, self._bar(kind, want.bar))
                begin, until = self._held(series) if start is None or end is None else (start, end)
                begin = start if start is not None else begin
                until = end if end is not None else max(until, begin + 1)
                spans = self.store.missing(series.kind, series.symbol, series.bar, begin, until)
                if spans or begin >= until:
                    found[series] = spans or [(begin, until)]
        return found

    def _held(self, series: Stored) -> tuple[int, int]:
        """First and last time of a series in the store, the same instant where it has none."""
        parts = list(self.store.manifest(series).parts.values())
        return (parts[0].first, parts[-1].last) if parts else (0, 0)

    def _has_any(self, series: Stored, start: int | None, end: int | None) -> bool:
        parts = self.store.manifest(series).parts.values()
        return any((end is None or part.first < end) and (start is None or part.last >= start) for part in parts)

    def _range(self, want: Want) -> tuple[int | None, int | None]:
        """The range with its warm-up; nothing of it lies in the future."""
        start = None if want.start is None else want.start - want.warmup * want.bar.ns
        now = int(want.bar.floor(self.clock()))
        end = None if want.end is None else want.end if start is not None and now <= start else min(want.end, now)
        return start, end

    @staticmethod
    def _bar(kind: str, bar: BarSize) -> BarSize | None:
        if kind in CANDLES:
            return bar
        return STATISTICS if kind == "metrics" else None

    def _series(self, symbol: str, want: Want, kinds: Iterable[str]) -> Series:
        """What the store has of one instrument."""
        start, end = self._range(want)
        extras = [name for name in EXTRAS if f"bars.{name}" in want.needs]
        taken = ["taker_buy_volume"] if "trades" in want.needs else []
        columns = ["open_time", *PRICES, "volume", *dict.fromkeys((*extras, *taken))]
        rows = self.store.read("klines", symbol, want.bar, start, end, columns)
        if not len(rows["open_time"]):
            raise DataError(
                f"there are no bars of {want.bar} of {symbol} from {_at(start, 'the beginning')} to {_at(end, 'now')}; "
                "change source.start and source.end, or see fw data list"
            )
        funding = self._read("funding", symbol, None, want)
        mark = self._read("mark", symbol, want.bar, want) if "mark" in kinds else None
        return Series(
            bars=_bars_of(rows, want.bar, rows["volume"], {name: rows[name] for name in extras}),
            funding=None if funding is None else Stamps(funding["time"], funding["funding_rate"]).to_minutes(),
            mark=None if mark is None else _bars_of(mark, want.bar, np.zeros(len(mark["open_time"])), {}),
            stamps=self._stamps(symbol, want, rows),
        )

    def _read(self, kind: str, symbol: str, bar: BarSize | None, want: Want) -> dict[str, Any] | None:
        """The rows of a kind; None where there is none."""
        start, end = self._range(want)
        rows = self.store.read(kind, symbol, bar, start, end)
        return rows if len(next(iter(rows.values()))) else None

    def _stamps(self, symbol: str, want: Want, candles: Mapping[str, Any]) -> dict[str, Stamps]:
        """Rows that are published now and then, as far as they are needed and there."""
        found: dict[str, Stamps] = {}
        for kind in ("index", "premium"):
            if kind in want.needs and (rows := self._read(kind, symbol, want.bar, want)) is not None:
                times = rows["open_time"]
                found[kind] = Stamps(times, {name: rows[name] for name in PRICES}, published=times + want.bar.ns)
        if set(KINDS_FOR["metrics"]) & set(want.needs):
            rows = self._read("metrics", symbol, STATISTICS, want)
            found |= self._statistics(symbol, rows, want) if rows is not None else {}
        if set(ONE_BY_ONE) & set(want.needs):
            rows = self._read("agg_trades", symbol, None, want)
            found |= {"trades": _sums(rows, want.bar)} if rows is not None else {}
        elif "trades" in want.needs:
            times, bought = candles["open_time"], candles["taker_buy_volume"]
            columns = {"bought": bought, "sold": candles["volume"] - bought}
            found["trades"] = Stamps(times, columns, published=times + want.bar.ns)
        if "book" in want.needs and (rows := self._read("book", symbol, None, want)) is not None:
            last = np.append(rows["time"][1:] != rows["time"][:-1], True)
            names = ("bid_1", "bid_size_1", "ask_1", "ask_size_1")
            found["book"] = Stamps(rows["time"][last], {name: rows[name][last] for name in names})
        return found

    def _statistics(self, symbol: str, rows: Mapping[str, Any], want: Want) -> dict[str, Stamps]:
        """Open interest and ratios, each without the rows in which the exchange stated none."""
        times = Stored("metrics", symbol, STATISTICS).own_time(rows["time"])
        columns = {
            "open_interest": {"value": rows["open_interest"]},
            "long_short": {name: rows[name] for name in RATIOS},
            "taker_ratio": {"value": rows["taker_ratio"]},
        }
        found = {}
        for kind, table in columns.items():
            known = np.logical_and.reduce([np.isfinite(column) for column in table.values()])
            if kind in want.needs and known.any():
                kept = {name: column[known] for name, column in table.items()}
                found[kind] = Stamps(times[known], kept, published=times[known] + self.lag)
        return found


def _bars_of(rows: Mapping[str, Any], size: BarSize, volume: Any, extra: Mapping[str, Any]) -> Bars:
    prices = {name: rows[name] for name in PRICES}
    return Bars(size=size, open_time=rows["open_time"], volume=volume, extra=extra, **prices)


def _sums(rows: Mapping[str, Any], bar: BarSize) -> Stamps:
    """Single trades summed up by bar: volume and number of those bought and sold by takers."""
    opened = bar.floor(rows["time"])
    starts = np.flatnonzero(np.append(True, opened[1:] != opened[:-1]))
    sold = rows["is_buyer_maker"]  # the taker sold where the buyer's order was resting
    single = {
        "bought": np.where(sold, 0.0, rows["quantity"]),
        "sold": np.where(sold, rows["quantity"], 0.0),
        "buys": np.where(sold, 0.0, 1.0),
        "sells": np.where(sold, 1.0, 0.0),
    }
    columns = {name: np.add.reduceat(values, starts) for name, values in single.items()}
    return Stamps(opened[starts], columns, published=opened[starts] + bar.ns)


def _said(series: Stored) -> str:
    words = {"klines": "bars", "mark": "mark prices", "index": "index prices", "premium": "premiums"}
    kind = words.get(series.kind, series.kind)
    return f"{kind} of {series.symbol}{f' ({series.bar})' if series.kind in CANDLES else ''}"


def _at(time: int | None, otherwise: str) -> str:
    return otherwise if time is None else format_time(time)
