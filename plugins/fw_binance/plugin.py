"""Offers the source `binance` and the commands of `fw data`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fw

if TYPE_CHECKING:
    import click


@fw.hookimpl
def fw_sources() -> dict[str, type[Any]]:
    """The exchange's history."""
    return {}


@fw.hookimpl
def fw_commands(cli: click.Group) -> None:
    """Adds `fw data`."""
    from fw_binance.commands import data_group

    cli.add_command(data_group())
