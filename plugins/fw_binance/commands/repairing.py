"""The command `fw data repair`: what is broken is moved aside, and what is missing fetched."""

from __future__ import annotations

from typing import Any

import click

from fw_binance.commands.choosing import chosen, chosen_options, json_option, show_json


@click.command()
@chosen_options
@click.option(
    "--environment", default="live", show_default=True, help="live, testnet, or an address as http://127.0.0.1:8080."
)
@click.option("--quiet", is_flag=True, help="No progress.")
@json_option
def repair(
    symbols: tuple[str, ...],
    kinds: tuple[str, ...],
    bars: tuple[str, ...],
    venue: str | None,
    environment: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Mend the store, or what it has of SYMBOLs.

    Files that are not what was written are moved aside (to names ending in .corrupt) and fetched again; so are
    bars missing between the first and the last, and bars whose prices cannot be. Nothing else is fetched.
    """
    from fw.domain.time import format_time
    from fw_binance.environment import environment_named
    from fw_binance.refetching import fetcher
    from fw_binance.showing import shown_rows
    from fw_binance.store.repair import Repaired
    from fw_binance.store.repair import repair as mend

    where = environment_named(environment)
    done: list[Repaired] = []
    for store, several in chosen(symbols, kinds, bars, venue or where.venue):
        with shown_rows(quiet=quiet or as_json) as shown:
            done += mend(store, several, fetcher(where, store, shown=shown))
    if as_json:
        show_json([_plain(one) for one in done])
        return
    for one in done:
        for aside in one.moved:
            click.echo(f"{one.series}: moved a broken file to {aside}")
        if not one.asked:
            click.echo(f"{one.series}: it was recorded as it happened, and is not to be had again")
            continue
        first, last = format_time(one.asked[0][0]), format_time(one.asked[-1][1])
        spans = "1 span" if len(one.asked) == 1 else f"{len(one.asked)} spans"
        click.echo(f"{one.series}: fetched {spans} again, from {first} to {last}")
        if one.left:
            click.echo(f"{one.series}: not to be had even so, from {format_time(one.left[0][0])} on")
    if not done:
        click.echo("nothing had to be mended")


def _plain(one: Any) -> dict[str, Any]:
    series = one.series
    return {
        "symbol": series.symbol,
        "kind": series.kind,
        "bar": None if series.bar is None else str(series.bar),
        "moved": [str(file) for file in one.moved],
        "asked": [list(span) for span in one.asked],
        "left": [list(span) for span in one.left],
    }
