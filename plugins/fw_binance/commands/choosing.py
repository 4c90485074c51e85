"""Which series of which store a command is about, and how it shows them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import fw

if TYPE_CHECKING:
    from fw_binance.store import Series, Store


def chosen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Symbols, and kinds, bars and venue to narrow them down by."""
    for option in (
        click.option("--venue", metavar="NAME", help="Only this folder of data/; all where it is not said."),
        click.option("--bar", "bars", metavar="SIZE", multiple=True, help="Only this bar size; may stand often."),
        click.option("--kind", "kinds", metavar="KIND", multiple=True, help="Only this kind; may stand often."),
        click.argument("symbols", metavar="[SYMBOL]...", nargs=-1),
    ):
        command = option(command)
    return command


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whether a program reads it."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def stores(venue: str | None = None) -> list[Store]:
    """The stores of the workspace, or that of one venue."""
    from fw_binance.store import Store
    from fw_binance.store.kinds import KINDS

    root = fw.Workspace.here().data
    if venue is not None:
        return [store_of(venue)]
    there = (folder for folder in sorted(root.glob("[!.]*")) if any((folder / kind).is_dir() for kind in KINDS))
    return [Store(root, folder.name) for folder in there]


def store_of(venue: str) -> Store:
    """The store of a venue, which tells whom it waits for; SettingsError for what is no folder's name."""
    from fw_binance.store import Store

    if not venue or Path(venue).name != venue or venue.startswith("."):
        raise fw.SettingsError(f"--venue wants the name of a folder in data/, such as binance_usdm, not {venue!r}")
    return Store(fw.Workspace.here().data, venue, waiting=lambda text: click.echo(text, err=True))


def chosen(
    symbols: Sequence[str], kinds: Sequence[str], bars: Sequence[str], venue: str | None
) -> list[tuple[Store, list[Series]]]:
    """The series meant, by store; DataError where there is none, or none of what was named."""
    from fw_binance.store.kinds import kind_of

    for kind in kinds:
        kind_of(kind)
    sizes = {_size(bar) for bar in bars}
    there = [(store, list(store.list())) for store in stores(venue)]
    for symbol in symbols:
        _look_for(symbol, {series.symbol for _, several in there for series in several})
    found = []
    for store, several in there:
        fitting = [
            series
            for series in several
            if (not symbols or series.symbol in symbols)
            and (not kinds or series.kind in kinds)
            and (not sizes or series.bar in sizes)
        ]
        if fitting:
            found.append((store, fitting))
    if not found:
        what = " of that" if any((symbols, kinds, bars, venue)) else ""
        data = fw.Workspace.here().data
        raise fw.DataError(f"nothing{what} is in {data}; `fw data download` and `fw data import` fill it")
    return found


def _look_for(symbol: str, there: set[str]) -> None:
    from difflib import get_close_matches

    if symbol not in there:
        close = get_close_matches(symbol.upper(), there, n=1)
        meant = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(sorted(there))}" if there else ""
        raise fw.DataError(f"the store has nothing of {symbol}{meant}")


def _size(bar: str) -> fw.BarSize:
    try:
        return fw.BarSize.parse(bar)
    except ValueError as problem:
        raise fw.SettingsError(f"--bar: {problem}") from None


def show_json(data: Any) -> None:
    """For programs."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Rows under headers as wide as the terminal is, numbers flush right; whole rows where nobody is looking."""
    import os
    import shutil
    import sys

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    looked_at = os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, header in enumerate(headers):
        table.add_column(header, overflow="fold", justify="right" if place in right else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=shutil.get_terminal_size().columns if looked_at else 200).print(table)


def size_text(count: int) -> str:
    """Bytes for people."""
    number, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
