"""The command `fw data download`: from the exchange's archive and its REST half into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import fw
from fw_binance.commands.choosing import json_option, show_json, show_table, store_of

if TYPE_CHECKING:
    from fw_binance.download import Outcome
    from fw_binance.environment import Environment
    from fw_binance.shop import Filled

USUAL = "klines,mark,funding"


@click.command()
@click.argument("symbols", metavar="SYMBOL...", nargs=-1, required=True)
@click.option("--bar", "bars", metavar="SIZE", multiple=True, help="Size of the candles, such as 1m; may stand often.")
@click.option(
    "--kind",
    "kinds",
    metavar="KINDS",
    multiple=True,
    default=(USUAL,),
    show_default=True,
    help="With commas: klines, mark, index, premium, funding, metrics (open interest and ratios), agg_trades, rules, "
    "tiers.",
)
@click.option("--start", metavar="TIME", help="First instant, as 2024-01-31; else the first there is.")
@click.option("--end", metavar="TIME", help="End, exclusive; else now.")
@click.option(
    "--environment", default="live", show_default=True, help="live, testnet, or an address as http://127.0.0.1:8080."
)
@click.option("--quiet", is_flag=True, help="No progress.")
@json_option
def download(
    symbols: tuple[str, ...],
    bars: tuple[str, ...],
    kinds: tuple[str, ...],
    start: str | None,
    end: str | None,
    environment: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Fetch the data of SYMBOLs into data/, as far as it is not there yet.

    Interrupt it whenever you like: the same command goes on where it was.
    """
    from fw_binance.download import Asked
    from fw_binance.download import download as fetch
    from fw_binance.environment import environment_named
    from fw_binance.showing import shown_rows

    asked = Asked(
        symbols=tuple(dict.fromkeys(symbols)),
        kinds=_kinds(kinds),
        bars=tuple(dict.fromkeys(_bar(word) for text in bars for word in text.split(","))),
        start=_time("--start", start),
        end=_time("--end", end),
    )
    where = environment_named(environment)
    with shown_rows(quiet=quiet or as_json) as shown:
        outcome = fetch(where, store_of(where.venue), asked, shown=shown)
    if as_json:
        show_json(plain(where, outcome))
        return
    tell(where, outcome)


def plain(environment: Environment, outcome: Outcome) -> dict[str, Any]:
    """For programs; times in ns."""
    return {
        "venue": environment.venue,
        "series": [
            {
                "kind": one.series.kind,
                "symbol": one.series.symbol,
                "bar": None if one.series.bar is None else str(one.series.bar),
                "start": one.start,
                "end": one.end,
                "new": one.new,
                "changed": one.changed,
                "files": one.files,
                "requests": one.requests,
            }
            for one in outcome.filled
        ],
        "written": outcome.written,
        "notes": outcome.notes,
    }


def tell(environment: Environment, outcome: Outcome) -> None:
    """For people."""
    from fw.domain.time import format_time

    if outcome.filled:
        rows = [
            (
                *(one.series.symbol, one.series.kind, str(one.series.bar or "")),
                *(format_time(one.start), format_time(one.end), f"{one.new:,}", _from(one)),
            )
            for one in outcome.filled
        ]
        show_table(("symbol", "kind", "bar", "from", "to", "new rows", "fetched"), rows, right=[5])
    for file in outcome.written:
        click.echo(f"wrote {file}: a run reads it with account: {{rules: {file}}}")
    for note in outcome.notes:
        click.echo(f"note: {note}")


def _from(one: Filled) -> str:
    if not one.files and not one.requests:
        return "nothing: it was there"
    said = [f"{one.files} archive file{'s' * (one.files != 1)}"] if one.files else []
    said += [f"{one.requests} page{'s' * (one.requests != 1)} of REST"] if one.requests else []
    return ", ".join(said)


def _kinds(texts: tuple[str, ...]) -> tuple[str, ...]:
    from difflib import get_close_matches

    from fw_binance.download import KINDS

    found = tuple(dict.fromkeys(word.strip() for text in texts for word in text.split(",")))
    for kind in found:
        if kind not in KINDS:
            close = get_close_matches(kind, KINDS, n=1)
            meant = f"did you mean {close[0]}? " if close else ""
            raise fw.SettingsError(f"--kind: {kind!r} cannot be downloaded: {meant}there are {', '.join(KINDS)}")
    return found


def _bar(text: str) -> fw.BarSize:
    try:
        return fw.BarSize.parse(text.strip())
    except ValueError as problem:
        raise fw.SettingsError(f"--bar: {problem}") from None


def _time(option: str, text: str | None) -> int | None:
    from fw.domain.time import parse_time

    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as problem:
        raise fw.SettingsError(f"{option}: {problem}") from None
