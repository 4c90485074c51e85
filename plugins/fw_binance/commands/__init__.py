"""`fw data`: fetch market data, look at what is there, check it, mend it, take it in and give it out."""

from __future__ import annotations

import click


def data_group() -> click.Group:
    """The group with all its commands."""
    from fw_binance.commands.downloading import download
    from fw_binance.commands.exporting import export
    from fw_binance.commands.importing import import_
    from fw_binance.commands.listing import list_
    from fw_binance.commands.repairing import repair
    from fw_binance.commands.streaming import book, record, trades
    from fw_binance.commands.verifying import verify

    group = click.Group(
        "data", help="Fetch market data, list what is there, check it, mend it, take it in, give it out."
    )
    for command in (download, list_, verify, repair, import_, export, record, book, trades):
        group.add_command(command)
    return group
