"""The command `fw data export`: a series of the store as one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import fw
from fw_binance.commands.choosing import chosen

if TYPE_CHECKING:
    from fw_binance.store import Series, Store


@click.command()
@click.argument("symbol")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--kind", default="klines", show_default=True, metavar="KIND", help="What to give out.")
@click.option("--bar", metavar="SIZE", help="Bar size; needed where there are several.")
@click.option("--start", metavar="TIME", help="From here on, such as 2024-01-01.")
@click.option("--end", metavar="TIME", help="Up to here, exclusive.")
@click.option("--venue", metavar="NAME", help="Folder of data/; needed where several have it.")
def export(
    symbol: str, out: Path, kind: str, bar: str | None, start: str | None, end: str | None, venue: str | None
) -> None:
    """Write what the store has of SYMBOL to a file OUT of the workspace: .parquet, .csv or .csv.gz."""
    from fw_binance.store.exporting import export as give_out

    begin, until = _time("--start", start), _time("--end", end)
    if begin is not None and until is not None and until <= begin:
        raise fw.SettingsError(f"--end {end} is not after --start {start}: start is inclusive, end exclusive")
    store, series = _one(symbol, kind, bar, venue)
    path = fw.Workspace.here().inside(out)
    count = give_out(store, series, path, begin, until)
    click.echo(f"wrote {count:,} rows of {series} to {path}")


def _one(symbol: str, kind: str, bar: str | None, venue: str | None) -> tuple[Store, Series]:
    """The one series meant; SettingsError where several could be."""
    found = chosen([symbol], [kind], [bar] if bar else [], venue)
    several = [(store, series) for store, own in found for series in own]
    if len(several) > 1:
        venues = sorted({store.venue for store, _ in several})
        sizes = sorted({series.bar for _, series in several if series.bar is not None})
        say = f"--bar: {', '.join(map(str, sizes))}" if len(sizes) > 1 else f"--venue: {', '.join(venues)}"
        raise fw.SettingsError(f"there are {len(several)} series {kind} of {symbol}; say {say}")
    return several[0]


def _time(option: str, text: str | None) -> int | None:
    from fw.domain.time import parse_time

    try:
        return None if text is None else parse_time(text)
    except ValueError as problem:
        raise fw.SettingsError(f"{option} {problem}") from None
