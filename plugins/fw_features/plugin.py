"""Columns computed from the market: prices, trends, oscillators, volatility, volume and what else is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fw

if TYPE_CHECKING:
    import click

__fw_api__ = 1


@fw.hookimpl
def fw_features() -> dict[str, type[Any]]:
    from fw_features.catalog import FAMILIES

    return {name: spec for family in FAMILIES.values() for name, spec in family.items()}


@fw.hookimpl
def fw_commands(cli: click.Group) -> None:
    from fw_features.commands.group import features

    cli.add_command(features)
