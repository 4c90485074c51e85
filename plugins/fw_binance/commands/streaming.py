"""The commands `fw data book`, `trades` and `record`: what happens on the exchange just now, shown or kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

import fw
from fw_binance.commands.choosing import json_option, show_json, show_table


def environment_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which exchange."""
    help = "live, testnet, or the address of an exchange of one's own, such as http://127.0.0.1:8080."
    return click.option("--environment", metavar="WHICH", default="live", show_default=True, help=help)(command)


@click.command()
@click.argument("symbol")
@click.option("--levels", default=10, show_default=True, type=click.IntRange(1, 1000), help="Prices of each side.")
@environment_option
@json_option
def book(symbol: str, levels: int, environment: str, as_json: bool) -> None:
    """Show the order book of SYMBOL as it is now."""
    from fw_binance.streams.glimpse import book_of

    found = book_of(environment, symbol, levels)
    if as_json:
        show_json(found)
        return
    sides = zip(found["bids"], found["asks"], strict=False)
    rows = [
        (f"{bid['size']:,.10g}", f"{bid['price']:,.10g}", f"{ask['price']:,.10g}", f"{ask['size']:,.10g}")
        for bid, ask in sides
    ]
    show_table(["bid size", "bid", "ask", "ask size"], rows, right=[0, 1, 2, 3])
    spread = f"spread {found['spread']:,.10g} ({found['spread_bps']:.2f} bps)"
    click.echo(f"\n{symbol}: {spread}, {found['bid_share']:.0%} of what is shown is bid")


@click.command()
@click.argument("symbol")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@environment_option
@json_option
def trades(symbol: str, limit: int, environment: str, as_json: bool) -> None:
    """Show the newest trades of SYMBOL, the last one at the end."""
    from fw_binance.streams.glimpse import trades_of

    found = trades_of(environment, symbol, limit)
    if as_json:
        show_json(found)
        return
    rows = [(row["at"], row["taker"], f"{row['price']:,.10g}", f"{row['quantity']:,.10g}") for row in found]
    show_table(["time (UTC)", "taker", "price", "quantity"], rows, right=[2, 3])


@click.command()
@click.argument("symbols", metavar="SYMBOL...", nargs=-1, required=True)
@click.option(
    "--kind",
    "kinds",
    metavar="KINDS",
    default="trades,book",
    show_default=True,
    help="What: trades, book (best prices), depth (the whole book's changes), marks, liquidations; with commas.",
)
@click.option("--for", "length", metavar="SPAN", help="How long, such as 30m or 8h; until Ctrl-C where it is not said.")
@click.option("--flush", metavar="SPAN", default="60s", show_default=True, help="How often what came is written.")
@environment_option
@json_option
def record(
    symbols: tuple[str, ...], kinds: str, length: str | None, flush: str, environment: str, as_json: bool
) -> None:
    """Write what happens on SYMBOLs to the store, as it happens."""
    from fw_binance.streams.recording import record_streams

    found = record_streams(
        environment,
        tuple(dict.fromkeys(symbols)),
        kinds=_kinds(kinds),
        length=None if length is None else _span("--for", length),
        flush=_span("--flush", flush),
        data=fw.Workspace.here().data,
        quiet=as_json,
    )
    if as_json:
        show_json(found)
        return
    rows = [(row["symbol"], row["kind"], f"{row['rows']:,}") for row in found["series"]]
    show_table(["symbol", "kind", "rows"], rows, right=[2])
    remarks = [f"{found['counters'][name]:,} {words}" for name, words in REMARKS.items() if found["counters"][name]]
    click.echo("\n" + ("; ".join(remarks) if remarks else "nothing was missed"))


REMARKS = {
    "failures": "connections lost",
    "trades_missed": "trades missed and asked for over REST",
    "book_gaps": "breaks of a book",
    "malformed": "unreadable messages",
    "rows_dropped": "rows lost as writing could not keep up",
}


def _kinds(text: str) -> tuple[str, ...]:
    from fw_binance.streams.tables import OFFERED

    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in OFFERED]
    if unknown or not names:
        raise fw.SettingsError(f"--kind wants some of {', '.join(OFFERED)}, with commas between them, not {text!r}")
    return tuple(dict.fromkeys(OFFERED[name] for name in names))


def _span(option: str, text: str) -> float:
    """Seconds."""
    try:
        span = fw.Duration.parse(text).ns / 1e9
    except ValueError as problem:
        raise fw.SettingsError(f"{option} {problem}") from None
    if not span:
        raise fw.SettingsError(f"{option} wants more than nothing, not {text!r}")
    return span
