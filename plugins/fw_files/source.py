"""A market read from files: one per instrument and kind of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.bars import EXTRAS, PRICES, Bars
from fw.domain.market import Market, Series
from fw.domain.stamps import Stamps
from fw.domain.time import BarSize, format_time
from fw.errors import DataError, SettingsError
from fw_files.paths import find
from fw_files.stamped import FORMS, spacing, stamps_of
from fw_files.tables import Table, read

if TYPE_CHECKING:
    from fw.parts.source import Want
    from fw_files.plugin import Files


@attrs.frozen(eq=False)
class FileSource:
    """Reads what its settings name; relative paths start at `folder`."""

    spec: Files
    folder: Path

    def history(self, want: Want) -> Market:
        """Every instrument, cut to the asked range and its warm-up where its times ascend."""
        notes: list[str] = []
        series = {symbol: self._series(symbol, want, notes) for symbol in want.instruments}
        return Market(series=series, focus=want.instruments[0], notes=tuple(dict.fromkeys(notes)))

    def _series(self, symbol: str, want: Want, notes: list[str]) -> Series:
        bars, file = self._bars(symbol, want, notes)
        return Series(
            bars=_cut(bars, want, file),
            funding=self._funding(symbol, want, notes),
            mark=self._mark(symbol, want, notes),
            stamps={
                kind: self._stamps(kind, symbol, want, notes) for kind in FORMS if getattr(self.spec, kind) is not None
            },
        )

    def _bars(self, symbol: str, want: Want, notes: list[str]) -> tuple[Bars, Path]:
        file = self._find("bars", self.spec.bars, symbol, want)
        extras = [name for name in EXTRAS if name in self.spec.columns]
        asked = [name for name in EXTRAS if name not in extras and f"bars.{name}" in want.needs]
        table = self._read(file, "bars", [*PRICES, "volume", *extras], notes, maybe=asked)
        extra = {name: table.numbers[name] for name in EXTRAS if name in table.numbers}
        return _bars_of(table, want.bar, table.numbers["volume"], extra), file

    def _mark(self, symbol: str, want: Want, notes: list[str]) -> Bars | None:
        if self.spec.mark is None:
            return None
        file = self._find("mark", self.spec.mark, symbol, want)
        table = self._read(file, "mark", PRICES, notes)
        size = spacing(table.time, file, "mark") or want.bar
        return _bars_of(table, size, np.zeros(len(table.time)), {})

    def _funding(self, symbol: str, want: Want, notes: list[str]) -> Stamps | None:
        if self.spec.funding is None:
            return None
        file = self._find("funding", self.spec.funding, symbol, want)
        table = self._read(file, "funding", ["funding_rate"], notes)
        return Stamps(table.time, table.numbers["funding_rate"]).to_minutes()

    def _stamps(self, kind: str, symbol: str, want: Want, notes: list[str]) -> Stamps:
        form, lag = FORMS[kind], self.spec.lag_of(kind)
        file = self._find(kind, getattr(self.spec, kind), symbol, want)
        table = self._read(file, kind, form.wanted, notes, maybe=(*form.maybe, "published"))
        if table.published is None and lag.ns:
            notes.append(f"{kind}: taken as published {lag} after {'its bar closes' if form.of_bars else 'its time'}")
        return stamps_of(table, kind, file=file, bar=want.bar, lag=lag)

    def _find(self, setting: str, where: str | Mapping[str, str], symbol: str, want: Want) -> Path:
        if isinstance(where, str) and len(want.instruments) > 1 and "{instrument}" not in where:
            raise SettingsError(
                f"source.{setting}: {where} names one file for {len(want.instruments)} instruments; "
                "write {instrument} in it, or one path per instrument"
            )
        return find(where, setting=setting, instrument=symbol, bar=want.bar, folder=self.folder)

    def _read(
        self, file: Path, setting: str, wanted: Sequence[str], notes: list[str], maybe: Sequence[str] = ()
    ) -> Table:
        # what was said of the candles' columns need not hold in the other files
        firm = setting == "bars"
        table = read(file, wanted, said=self.spec.columns, firm=firm, unit=self.spec.time_unit, maybe=maybe)
        notes.append(table.note(setting))
        return table


def _bars_of(table: Table, size: BarSize, volume: np.ndarray, extra: Mapping[str, np.ndarray]) -> Bars:
    prices = {name: table.numbers[name] for name in PRICES}
    return Bars(size=size, open_time=table.time, volume=volume, extra=extra, **prices)


def _cut(bars: Bars, want: Want, file: Path) -> Bars:
    """The asked range with its warm-up; unsorted bars stay whole, for the kernel to say where they go back."""
    times = bars.open_time
    if (times[1:] <= times[:-1]).any():
        return bars
    first = 0 if want.start is None else int(np.searchsorted(times, want.start))
    last = len(times) if want.end is None else int(np.searchsorted(times, want.end))
    if first >= last:
        begins, ends = format_time(times[0]), format_time(int(times[-1]) + bars.size.ns)
        asked = "".join(
            f" {word} {format_time(at)}" for word, at in (("from", want.start), ("to", want.end)) if at is not None
        )
        raise DataError(
            f"{file} has bars from {begins} to {ends}, none in the asked range{asked}; "
            "change source.start and source.end"
        )
    return bars.rows(slice(max(0, first - want.warmup), last))
