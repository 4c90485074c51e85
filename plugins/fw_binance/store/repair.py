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

Fetch = Callable[[Sequence[tuple[Series, int, int]]], None]
"""Fetches what the store lacks of each series in [start, end) ns, into the store."""


@attrs.frozen
class Repaired:
    """What a repair did to one series."""

    series: Series
    moved: tuple[Path, ...] = ()
    """Where broken files now lie."""
    asked: tuple[Span, ...] = ()
    """The spans that were fetched again; none of what is to be had only as it happens."""
    left: tuple[Span, ...] = ()
    """Those that are missing still."""


def repair(store: Store, several: Sequence[Series], fetch: Fetch) -> list[Repaired]:
    """Move broken files aside, and ask again for what is missing and for bars that cannot be; what was done to which.

    Holes that the source had no bars for are asked for too: they may have healed.
    """
    wanted = {series: found for series in several if (found := _wanted(store, series)) is not None}
    if any(asked for _, asked in wanted.values()):
        fetch([(series, asked[0][0], asked[-1][1]) for series, (_, asked) in wanted.items() if asked])
    done = []
    for series, (moved, asked) in wanted.items():
        names = series.kind, series.symbol, series.bar
        left = [span for start, end in asked for span in store.missing(*names, start, end, again=True)]
        done.append(Repaired(series, tuple(moved), tuple(asked), tuple(union(left))))
    return done


def _wanted(store: Store, series: Series) -> tuple[list[Path], list[Span]] | None:
    """Broken files moved aside, and the spans to ask for; None where nothing is wrong."""
    found = list(check_series(store, series))
    broken = sorted({finding.part for finding in found if finding.what in BROKEN and finding.part is not None})
    spans = [span for finding in found if finding.what in ("gap", "prices") for span in finding.spans]
    moved = []
    for name in broken:
        aside, held = move_aside(store, series, name)
        moved.append(aside)
        spans += held
    if not spans:
        return None
    if series.of.is_passing:
        return moved, []
    now = store.now()
    asked = union((start, min(end, now)) for start, end in spans)
    store.want(series, asked)
    return moved, asked


def move_aside(store: Store, series: Series, name: str) -> tuple[Path, list[Span]]:
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
        manifest.without_part(name, is_wanted=True).save(folder)
        return aside, manifest.held_by(name)
