"""The command `fw data list`: what the store has, from when to when, and how old it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import fw
from fw_binance.commands.choosing import chosen, chosen_options, json_option, show_json, show_table, size_text, stores

if TYPE_CHECKING:
    from fw_binance.store import Series, Store


@click.command("list")
@chosen_options
@json_option
def list_(
    symbols: tuple[str, ...], kinds: tuple[str, ...], bars: tuple[str, ...], venue: str | None, as_json: bool
) -> None:
    """List the series of the store, or those of SYMBOLs."""
    if not any((symbols, kinds, bars, venue)) and not any(store.list() for store in stores()):
        if as_json:
            show_json([])
        else:
            data = fw.Workspace.here().data
            click.echo(f"nothing is in {data} yet; `fw data download` and `fw data import` fill it")
        return
    found = chosen(symbols, kinds, bars, venue)
    rows = [row_of(store, series) for store, several in found for series in several]
    if as_json:
        show_json(rows)
        return
    venues = len(found) > 1
    headers = ["venue", "symbol", "kind", "bar", "from", "to", "rows", "size", "missing", "age"]
    shown = [
        [
            *(row["venue"], row["symbol"], row["kind"], row["bar"] or "", _moment(row["first"]), _moment(row["last"])),
            *(f"{row['rows']:,}", size_text(row["bytes"]), _missing(row), _age(row["age_s"])),
        ]
        for row in rows
    ]
    first = 0 if venues else 1
    show_table(headers[first:], [row[first:] for row in shown], right=[6 - first, 7 - first, 8 - first, 9 - first])
    total = sum(row["bytes"] for row in rows)
    click.echo(f"\n{len(rows)} series, {size_text(total)}; `fw data verify` checks them")


def row_of(store: Store, series: Series) -> dict[str, Any]:
    """What is known of a series, for programs; times in ns, `missing` in bars."""
    from fw_binance.store.spans import without

    manifest = store.manifest(series)
    parts = list(manifest.parts.values())
    if not parts:  # no file of it can be read
        first = last = None
    else:
        first, last = parts[0].first, parts[-1].last
    held = manifest.held()
    holes = without([(held[0][0], held[-1][1])], held) if held else []
    size = 1 if series.bar is None else series.bar.ns
    return {
        "venue": store.venue,
        "symbol": series.symbol,
        "kind": series.kind,
        "bar": None if series.bar is None else str(series.bar),
        "first": first,
        "last": last,
        "rows": sum(part.rows for part in parts),
        "bytes": sum(part.bytes for part in parts),
        "files": len(parts),
        "sources": sorted({source for part in parts for source in part.source}),
        "missing": sum(end - start for start, end in holes) // size,
        "gaps": len(holes),
        "age_s": None if last is None else max(0, (store.now() - last - (size if series.bar else 0)) // 10**9),
    }


def _moment(time: int | None) -> str:
    from fw.domain.time import format_time

    return "nothing whole" if time is None else format_time(time)


def _missing(row: dict[str, Any]) -> str:
    if not row["missing"]:
        return "-"
    return f"{row['missing']:,} in {row['gaps']}" if row["gaps"] > 1 else f"{row['missing']:,}"


def _age(seconds: int | None) -> str:
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
