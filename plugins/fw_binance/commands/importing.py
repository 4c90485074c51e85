"""The command `fw data import`: files that are at hand become part of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fw_binance.commands.choosing import json_option, show_json, store_of


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--kind", metavar="KIND", help="klines, mark, index, premium, funding, metrics, agg_trades, …")
@click.option("--symbol", metavar="SYMBOL", help="Such as BTCUSDT.")
@click.option("--bar", metavar="SIZE", help="Such as 1h.")
@click.option(
    "--venue", metavar="NAME", help="Folder of data/; else binance_usdm, or binance_spot for a file called spot."
)
@click.option("--dry-run", is_flag=True, help="Only say what each file is taken for.")
@json_option
def import_(
    files: tuple[Path, ...],
    kind: str | None,
    symbol: str | None,
    bar: str | None,
    venue: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take Parquet, Feather or CSV FILEs into the store.

    What each is, is told from its columns and its name, and said; the options say it where that fails, or is wrong.
    Rows already there take the numbers of the file. Bars not yet closed are left out.
    """
    from fw_binance.store.importing import recognise, take

    # all of them first: where one cannot be told, none is half-way in
    found = [recognise(file, kind=kind, symbol=symbol, bar=bar, venue=venue) for file in files]
    rows: list[dict[str, Any]] = []
    for one in found:
        done = None if dry_run else take(store_of(one.venue), one)
        rows.append(
            {
                "file": str(one.file),
                "venue": one.venue,
                "kind": one.series.kind,
                "symbol": one.series.symbol,
                "bar": None if one.series.bar is None else str(one.series.bar),
                "columns": dict(one.columns),
                "new": None if done is None else done.new,
                "changed": None if done is None else done.changed,
            }
        )
        if not as_json:
            said = "" if done is None else f": {done.new:,} new rows, {done.changed:,} changed"
            click.echo(f"{one.file.name} is {one.series} of {one.venue}{said}")
    if as_json:
        show_json(rows)
