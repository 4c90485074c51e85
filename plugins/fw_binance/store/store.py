"""The store: reads and writes series, knows what is missing, and stays whole whoever dies when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw import BarSize
from fw.domain.time import OFFERED
from fw_binance.store import manifest as manifests
from fw_binance.store.files import SUFFIX, ahead, corrupt, decode, encode, left_over, write_whole
from fw_binance.store.kinds import KINDS
from fw_binance.store.locks import Locks
from fw_binance.store.manifest import Manifest, Part, describe, hash_of
from fw_binance.store.merging import check_names, joined, merged, nothing, rows_of
from fw_binance.store.series import SYMBOL, Series
from fw_binance.store.spans import Span, union, without

if TYPE_CHECKING:
    from numpy.typing import NDArray

Bar = BarSize | str | None
Spans = list[Span]
Paths = list[Path]


@attrs.frozen
class Written:
    """What a write did."""

    new: int = 0
    """Rows that were not there before."""
    changed: int = 0
    """Rows that were there with other numbers."""
    parts: tuple[str, ...] = ()
    """Files that are now others."""


@attrs.frozen(eq=False)
class Store:
    """Series of one venue below `root/venue`, in files `kind/symbol/bar/2024-01.parquet`; safe to share by processes.

    `patience`: seconds to wait for another writer of the same series, of which `waiting` is told. `now` gives the
    time of writing, ns.
    """

    root: Path = attrs.field(converter=Path)
    venue: str = "binance_usdm"
    patience: float = attrs.field(default=600.0, kw_only=True)
    waiting: Callable[[str], None] | None = attrs.field(default=None, kw_only=True)
    now: Callable[[], int] = attrs.field(default=time.time_ns, kw_only=True)
    _locks: Locks = attrs.field(init=False)

    @_locks.default
    def _make_locks(self) -> Locks:
        return Locks(self.patience, self.waiting)

    def folder(self, series: Series) -> Path:
        """Where the files of a series lie."""
        return series.folder(self.root, self.venue)

    def read(
        self,
        kind: str,
        symbol: str,
        bar: Bar = None,
        start: int | None = None,
        end: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """The rows whose time is in [start, end) ns, by column: times and ids int64, numbers float64, flags bool.

        No rows where nothing is there; DataError for a corrupt file. Arrays may be read-only.
        """
        series = Series(kind, symbol, bar)
        names = [*(series.of.columns if columns is None else columns)]
        check_names(series, names)
        wanted = [*dict.fromkeys((series.of.time, *names))]
        counts = manifests.counts(self.folder(series))
        files = self._files(series, start, end)
        alone = len(files) == 1
        found = ahead(lambda file: _rows_in(file, series, wanted, start, end, threads=alone), files)
        pieces = (piece for piece in found if piece is not None)
        expected = sum(counts.get(file.name.removesuffix(SUFFIX), 0) for file in files)
        rows = next(pieces, None) if alone else joined(pieces, names, expected)
        return {name: (nothing(series) if rows is None else rows)[name] for name in names}

    def _files(self, series: Series, start: int | None, end: int | None) -> Paths:
        low = "" if start is None else series.part_of(start)
        high = "~" if end is None else series.part_of(end - 1)
        names = [file.name for file in self.folder(series).glob(f"[!.]*{SUFFIX}")]
        return [self.folder(series) / name for name in sorted(names) if low <= name.removesuffix(SUFFIX) <= high]

    def write(
        self,
        kind: str,
        symbol: str,
        bar: Bar,
        columns: Mapping[str, Any],
        *,
        source: str,
        covers: Span | None = None,
    ) -> Written:
        """Add rows, in any order; rows already there take the numbers given, and keep those that are NaN.

        `covers`: the span [start, end) of which the source gave all it has, so that what is not among the rows is not
        asked for again. Without it rows on a grid cover themselves, other rows all from the first to the last.
        """
        series = Series(kind, symbol, bar)
        rows = rows_of(series, columns)
        times = rows[series.of.time]
        spans = [covers] if covers else []
        if covers is None and series.bar is None and len(times):
            spans = [(int(times[0]), int(times[-1]) + 1)]
        if not len(times) and not spans:
            return Written()
        with self.hold(series):
            return self._write(series, rows, source, spans)

    def _write(self, series: Series, rows: dict[str, NDArray[Any]], source: str, spans: Spans) -> Written:
        folder, times = self.folder(series), rows[series.of.time]
        manifest = self.manifest(series)
        files: dict[str, bytes] = {}
        parts: dict[str, Part] = {}
        new = changed = 0
        for name, chosen in series.parts(times):
            old = manifest.parts.get(name)
            there, sources = nothing(series), {source}
            if (file := folder / f"{name}{SUFFIX}").exists():
                there = _whole(file, series, old)
                sources |= set(old.source if old else ())
            both, others = merged(series, there, {column: values[chosen] for column, values in rows.items()})
            data = encode(both, series.of)
            part = describe(series, both[series.of.time], data, sources, self.now())
            new += part.rows - len(there[series.of.time])
            changed += others
            if old is not None and part.sha256 == old.sha256:
                continue  # the same bytes again
            files[name], parts[name] = data, part
        answered = list(row_spans(series, times)) if manifest.wanted else []
        if not (files or without(spans, manifest.covered) or answered):
            return Written()
        if files:
            attrs.evolve(manifest, pending=parts).save(folder)
            for name, data in files.items():
                write_whole(folder / f"{name}{SUFFIX}", data)
        manifest.with_parts(parts, spans, answered).save(folder)
        return Written(new, changed, tuple(files))

    def missing(self, kind: str, symbol: str, bar: Bar, start: int, end: int, *, again: bool = False) -> Spans:
        """The spans of [start, end) that have yet to be fetched, on the bar's grid.

        `again`: those too of which the source said before that it has nothing.
        """
        series = Series(kind, symbol, bar)
        start, end = series.on_grid(start, end)
        manifest = self.manifest(series)
        known = manifest.held()
        if not again or series.bar is None:
            known = union([*known, *manifest.covered])
        known = without(known, manifest.wanted)
        if series.bar is None:
            return without([(start, end)], known)
        return union(series.on_grid(first, last) for first, last in without([(start, end)], known))

    def want(self, series: Series, spans: Sequence[Span]) -> None:
        """Count these spans as missing until they are written again, though rows may be there."""
        with self.hold(series):
            self.manifest(series).with_wanted(spans).save(self.folder(series))

    def manifest(self, series: Series) -> Manifest:
        """What is known of a series' files; nothing where there are none."""
        folder = self.folder(series)
        return manifests.load(series, folder, now=self.now())[0] if folder.is_dir() else Manifest(series)

    @contextmanager
    def hold(self, series: Series) -> Iterator[None]:
        """Be the only writer of a series, as long as this lasts; what writers that died left is cleared away."""
        folder = self.folder(series)
        with self._locks.hold(folder, str(series)) as is_new:
            if is_new:
                for file in left_over(folder):
                    file.unlink(missing_ok=True)
                manifest, mended = manifests.load(series, folder, now=self.now())
                if mended and manifest.parts:
                    manifest.save(folder)
            yield

    def list(self) -> Sequence[Series]:
        """Every series that has files, if only broken ones: by kind, symbol and size of its bars."""
        found = []
        for kind, of in KINDS.items():
            for symbol in (self.root / self.venue / kind).glob("[!.]*"):
                folders = [symbol / bar for bar in OFFERED] if of.barred else [symbol]
                for folder in folders:
                    if SYMBOL.fullmatch(symbol.name) and any(folder.glob(f"[!.]*{SUFFIX}*")):
                        found.append(Series(kind, symbol.name, folder.name if of.barred else None))
        return sorted(found, key=_order)


def _order(series: Series) -> tuple[int, str, int]:
    return [*KINDS].index(series.kind), series.symbol, 0 if series.bar is None else series.bar.ns


def row_spans(series: Series, times: NDArray[np.int64]) -> Iterator[Span]:
    """The time that rows fill, where they stand on a grid."""
    if series.bar is None or not len(times):
        return
    own, size = series.own_time(times), series.bar.ns
    breaks = np.flatnonzero(np.diff(own) > size)
    for first, last in zip([0, *(breaks + 1)], [*breaks, len(own) - 1], strict=True):
        yield int(own[first]), int(own[last]) + size


def _whole(file: Path, series: Series, part: Part | None) -> dict[str, NDArray[Any]]:
    """All rows of a file that is still what was written; DataError where not, lest what is wrong be taken over."""
    data = file.read_bytes()
    if part is not None and hash_of(data) != part.sha256:
        raise corrupt(file, "its bytes are not those that were written")
    return decode(file, series.of, [*series.of.columns], data=data)


def _rows_in(
    file: Path, series: Series, names: list[str], start: int | None, end: int | None, *, threads: bool
) -> dict[str, NDArray[Any]] | None:
    """The rows of a file in [start, end); None where there are none."""
    try:
        rows = decode(file, series.of, names, threads=threads)
    except FileNotFoundError:  # moved aside since it was listed
        return None
    times = rows[series.of.time]
    first = 0 if start is None else int(times.searchsorted(start))
    last = len(times) if end is None else int(times.searchsorted(end))
    if last <= first:
        return None
    return rows if last - first == len(times) else {name: column[first:last] for name, column in rows.items()}
