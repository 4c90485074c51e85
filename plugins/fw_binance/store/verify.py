"""Looks whether the store still holds what was written into it, and whether that can be true."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.errors import DataError
from fw_binance.store.comparing import check_sizes, check_spikes
from fw_binance.store.files import SUFFIX, decode
from fw_binance.store.findings import BROKEN, Finding
from fw_binance.store.manifest import Manifest, hash_of
from fw_binance.store.merging import nothing
from fw_binance.store.rows import check_holes, check_ids, check_part, check_settlements, check_wanted
from fw_binance.store.series import Series
from fw_binance.store.store import Store
from fw_binance.tolerance import Tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[str, float], None]
Rows = dict[str, "NDArray[Any]"]


def verify(
    store: Store,
    several: Sequence[Series],
    *,
    tolerance: Tolerance | None = None,
    progress: Progress | None = None,
) -> list[Finding]:
    """Everything found in these series: each by itself, and those of one symbol against each other."""
    tolerance = tolerance or Tolerance()
    found: list[Finding] = []
    sound: dict[Series, list[Path]] = {}
    for place, series in enumerate(several):
        if progress is not None:
            progress(f"checking {series}", place / len(several))
        own = list(check_series(store, series))
        found.extend(own)
        broken = {finding.part for finding in own if finding.what in BROKEN}
        sound[series] = [file for file in _files(store, series) if file.name.removesuffix(SUFFIX) not in broken]

    def read(series: Series, columns: Sequence[str]) -> Mapping[str, NDArray[Any]]:
        pieces = [decode(file, series.of, columns) for file in sound[series]]
        pieces = pieces or [nothing(series)]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in columns}

    if progress is not None:
        progress("comparing bar sizes", 1.0)
    found.extend(check_sizes(several, read, tolerance))
    found.extend(check_spikes(several, read, tolerance))
    return found


def check_series(store: Store, series: Series) -> Iterator[Finding]:
    """What is wrong in one series."""
    corrupt = list(_corrupt(store, series))
    if corrupt:  # a writer at work is not to be taken for damage; where nothing may be written there is none
        with contextlib.suppress(PermissionError), store.hold(series):
            corrupt = list(_corrupt(store, series))
    yield from corrupt
    left_out = {finding.part for finding in corrupt}
    manifest = store.manifest(series)
    last: tuple[int, int] | None = None
    settled: list[Rows] = []
    for file in _files(store, series):
        name = file.name.removesuffix(SUFFIX)
        rows = nothing(series) if name in left_out else decode(file, series.of, [*series.of.columns])
        if not len(rows[series.of.time]):
            last = None
            continue
        yield from check_part(series, name, rows)
        if series.kind == "agg_trades":
            yield from check_ids(series, rows, last, manifest.covered)
            last = int(rows["time"][-1]), int(rows["agg_trade_id"][-1])
        elif series.kind == "funding":
            settled.append(rows)
    if settled:
        whole = {name: np.concatenate([rows[name] for rows in settled]) for name in settled[0]}
        yield from check_settlements(series, whole, manifest.covered)
    yield from check_holes(series, manifest) if series.bar is not None else check_wanted(series, manifest)


def _corrupt(store: Store, series: Series) -> Iterator[Finding]:
    """The files that are not, byte for byte, what the manifest says, or that cannot be read."""
    manifest: Manifest = store.manifest(series)
    for file in _files(store, series):
        name = file.name.removesuffix(SUFFIX)
        part = manifest.parts.get(name)
        if part is not None and hash_of(file.read_bytes()) == part.sha256:
            continue
        why = "its bytes are not those that were written"
        if part is None or file.stat().st_size == 0:
            why = "it cannot be read"
        else:
            try:
                decode(file, series.of, [*series.of.columns])
            except DataError:
                why = "it cannot be read, and is not what was written"
        yield Finding(series=series, what="corrupt", part=name, text=f"{file} is corrupt: {why}")


def _files(store: Store, series: Series) -> list[Path]:
    return sorted(store.folder(series).glob(f"[!.]*{SUFFIX}"))
