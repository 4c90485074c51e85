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

GAP = 3
"""Columns between two of a table."""


def show_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Iterable[int] = (),
    whole: Iterable[int] = (),
    piped: int = PIPE_WIDTH,
) -> None:
    """Print rows under headers; columns in `right` are set flush right, those in `whole` never broken.

    Where all stand flush right they are numbers, and rather than these the headers are broken.

    It is as wide as the terminal or COLUMNS say, or `piped` columns where neither does.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[str(cell) for cell in row] for row in rows]
    numbers, unbroken = set(right), set(whole)
    widths = _widths(headers, cells, table_width(piped)) if len(numbers) == len(headers) else {}
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, header in enumerate(headers):
        side: Any = "right" if index in numbers else "left"
        table.add_column(header, justify=side, overflow="fold", no_wrap=index in unbroken, width=widths.get(index))
    for row in cells:
        table.add_row(*map(Text, row))
    # taken anew each time: stdout may have been redirected since
    Console(width=table_width(piped)).print(table)


def _widths(headers: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> dict[int, int]:
    """Columns for each that break no cell and as few headers as may be; none where even the cells do not fit."""
    from rich.cells import cell_len

    widths = {index: max((cell_len(row[index]) for row in rows), default=1) for index in range(len(headers))}
    left = room - GAP * (len(headers) - 1) - sum(widths.values())
    if left < 0:
        return {}
    while left and (short := [index for index, header in enumerate(headers) if widths[index] < cell_len(header)]):
        widths[min(short, key=lambda index: cell_len(headers[index]) - widths[index])] += 1
        left -= 1
    return widths


def table_width(piped: int = PIPE_WIDTH) -> int:
    """Columns there are for a table."""
    if not os.environ.get("COLUMNS", "").isdigit() and not sys.stdout.isatty():
        return piped
    return shutil.get_terminal_size().columns


def show_json(data: Any) -> None:
    """Print one JSON value; NaN and infinity, which JSON does not have, are a mistake of ours."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
