"""Tables for people and JSON for programs; rich is imported only when a table is drawn."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

PIPE_WIDTH = 200
"""Columns where nobody is looking: rows should stay whole for grep."""


def show_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Iterable[int] = (),
    whole: Iterable[int] = (),
    piped: int = PIPE_WIDTH,
) -> None:
    """Print rows under headers; columns in `right` are set flush right, those in `whole` never broken.

    It is as wide as the terminal or COLUMNS say, or `piped` columns where neither does.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, header in enumerate(headers):
        side: Any = "right" if index in set(right) else "left"
        table.add_column(header, justify=side, overflow="fold", no_wrap=index in set(whole))
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    # taken anew each time: stdout may have been redirected since
    Console(width=table_width(piped)).print(table)


def table_width(piped: int = PIPE_WIDTH) -> int:
    """Columns there are for a table."""
    if not os.environ.get("COLUMNS", "").isdigit() and not sys.stdout.isatty():
        return piped
    return shutil.get_terminal_size().columns


def show_json(data: Any) -> None:
    """Print one JSON value; NaN and infinity, which JSON does not have, are a mistake of ours."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
