"""Offers the command `fw venue`."""

from __future__ import annotations

import click

import fw


@fw.hookimpl
def fw_commands(cli: click.Group) -> None:
    """Adds `fw venue`."""
