"""Offers the command `fw venue`."""

from __future__ import annotations

import click

import fw

__fw_api__ = 1


@fw.hookimpl
def fw_commands(cli: click.Group) -> None:
    """Adds `fw venue`."""
    from fw_venue.command import command

    cli.add_command(command)
