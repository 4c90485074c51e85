"""The command `fw data verify`: is the store still what was written, and can it be true."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

import fw
from fw_binance.commands.choosing import chosen, chosen_options, json_option, show_json
from fw_binance.tolerance import Tolerance

if TYPE_CHECKING:
    from fw_binance.store.findings import Finding

USUAL = Tolerance()


@click.command()
@chosen_options
@click.option(
    "--spike",
    type=click.FloatRange(0, min_open=True),
    default=USUAL.spike,
    show_default=True,
    help="Share a bar may reach beyond the mark price.",
)
@click.option(
    "--price",
    type=click.FloatRange(0),
    default=USUAL.price,
    show_default=True,
    help="Share a price may differ from that of smaller bars.",
)
@click.option(
    "--volume", type=click.FloatRange(0), default=USUAL.volume, show_default=True, help="Share a volume may differ."
)
@click.option(
    "--differing",
    type=click.FloatRange(0, 1),
    default=USUAL.share,
    show_default=True,
    help="Share of a size's bars that may differ from smaller ones.",
)
@click.option("--strict", is_flag=True, help="What is only so at the exchange counts too.")
@json_option
def verify(
    symbols: tuple[str, ...],
    kinds: tuple[str, ...],
    bars: tuple[str, ...],
    venue: str | None,
    spike: float,
    price: float,
    volume: float,
    differing: float,
    strict: bool,
    as_json: bool,
) -> None:
    """Check the store, or what it has of SYMBOLs; ends with 1 where something is wrong.

    Every file is hashed again. Rows are looked at for order, duplicates, the bar's grid, holes, prices that cannot
    be, and bars far beyond the mark price; bars of each size are compared with the smaller ones inside them. What
    the exchange itself has so is told as a note: holes it has no bars for, and a few bars whose sizes disagree.
    """
    from fw_binance.store import verify as checking

    tolerance = Tolerance(spike=spike, price=price, volume=volume, share=differing)
    wanted = chosen(symbols, kinds, bars, venue)
    found: list[tuple[str, Finding]] = []
    with fw.shown_progress(quiet=as_json) as progress:
        for store, several in wanted:
            found += [
                (store.venue, one) for one in checking.verify(store, several, tolerance=tolerance, progress=progress)
            ]
    wrong = [one for _, one in found if one.is_fault or strict]
    if as_json:
        show_json([_plain(name, finding) for name, finding in found])
    else:
        for _, finding in found:
            click.echo(f"{'wrong' if finding.is_fault else 'note'}: {finding}")
        count = sum(len(several) for _, several in wanted)
        click.echo(f"{count} series checked, {len(wrong) or 'nothing'} wrong")
    if wrong:
        sys.exit(1)


def _plain(venue: str, finding: Finding) -> dict[str, Any]:
    series = finding.series
    return {
        "venue": venue,
        "symbol": series.symbol,
        "kind": series.kind,
        "bar": None if series.bar is None else str(series.bar),
        "what": finding.what,
        "is_fault": finding.is_fault,
        "part": finding.part,
        "text": finding.text,
        "spans": [list(span) for span in finding.spans],
    }
