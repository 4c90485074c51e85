"""Makes the store whole again: moves aside what is broken, and fetches what is missing, that alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from fw_binance.store.files import ASIDE, SUFFIX, flush_folder
from fw_binance.store.findings import BROKEN
from fw_binance.store.series import Series
from fw_binance.store.spans import Span, union
from fw_binance.store.store import Store
from fw_binance.store.verify import check_series

Fetch = Callable[[Series, int, int], None]
"""Fetches the rows of [start, end) ns into the store."""


@attrs.frozen
class Repaired:
    """What a repair did to one series."""

    series: Series
    moved: tuple[Path, ...] = ()
    """Where broken files now lie."""
    asked: tuple[Span, ...] = ()
    """The spans that were fetched again."""
    left: tuple[Span, ...] = ()
    """Those that are missing still."""


def repair(store: Store, several: Sequence[Series], fetch: Fetch) -> list[Repaired]:
    """Of each series that needed it, what was done."""
    done = [repair_series(store, series, fetch) for series in several]
    return [one for one in done if one.moved or one.asked]


def repair_series(store: Store, series: Series, fetch: Fetch) -> Repaired:
    """Move its broken files aside, ask again for what is missing between its ends, and for bars that cannot be."""
    found = list(check_series(store, series))
    broken = sorted({finding.part for finding in found if finding.what in BROKEN and finding.part is not None})
    wanted = [span for finding in found if finding.what in ("gap", "prices") for span in finding.spans]
    moved = []
    for name in broken:
        aside, lost = move_aside(store, series, name)
        moved.append(aside)
        wanted.append(lost)
    now = store.now()
    asked = union((start, min(end, now)) for start, end in wanted)
    for start, end in asked:
        fetch(series, start, end)
    names = series.kind, series.symbol, series.bar
    left = [span for start, end in asked for span in store.missing(*names, start, end, again=True)]
    return Repaired(series, tuple(moved), tuple(asked), tuple(union(left)))


def move_aside(store: Store, series: Series, name: str) -> tuple[Path, Span]:
    """Keep a file under a name the store does not read; gives where it lies, and the time it was for."""
    with store.hold(series):
        folder = store.folder(series)
        file = folder / f"{name}{SUFFIX}"
        manifest = store.manifest(series)
        number, aside = 1, file.with_name(f"{file.name}{ASIDE}")
        while aside.exists():
            number += 1
            aside = file.with_name(f"{file.name}{ASIDE}-{number}")
        os.replace(file, aside)
        flush_folder(folder)
        manifest.without_part(name, is_lost=True).save(folder)
        return aside, manifest.held_by(name)
