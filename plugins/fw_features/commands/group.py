"""The commands `fw features list`, `describe`, `compute` and `report`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

import fw


@click.group("features")
def features() -> None:
    """Look feature sets up, write their columns to a file, judge them."""


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def _plugins_option(command: Callable[..., Any]) -> Callable[..., Any]:
    help = "Count the plugin files that this strategy file lists in."
    return click.option("--in", "file", metavar="FILE", type=click.Path(path_type=Path), help=help)(command)


def _strategy(command: Callable[..., Any]) -> Callable[..., Any]:
    """A strategy file, and how to change its settings, as the built-in commands take them."""
    overrides = click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one setting; may stand often."
    )
    profile = click.option("--profile", metavar="NAME", help="Merge this profile of the file.")
    return click.argument("file", type=click.Path(path_type=Path, readable=False))(profile(overrides(command)))


@features.command("list")
@_plugins_option
@_json_option
def list_sets(file: Path | None, as_json: bool) -> None:
    """List every feature set, with its columns at the default settings."""
    from fw_features.commands.listing import listed

    found = [listed(offer) for offer in fw.catalog(file).offers("features")]
    if as_json:
        _show_json([one.plain() for one in found])
        return
    rows = [(one.offer.name, one.offer.summary, one.short()) for one in found]
    _show_table(("name", "what it is", "columns"), rows)
    columns = sum(len(one.columns) for one in found)
    click.echo(f"\n{len(found)} sets, {columns} columns at the default settings; fw features describe NAME says more")


@features.command()
@click.argument("name")
@_plugins_option
@_json_option
def describe(name: str, file: Path | None, as_json: bool) -> None:
    """Explain one feature set: its settings, and formula, unit, range and source of each column."""
    from inspect import cleandoc

    from fw_features.commands.listing import bounds, listed

    offer = fw.catalog(file).find("features", name)
    found = listed(offer)
    rows = offer.settings
    fields = ("name", "type", "default", "bounds", "help")
    if as_json:
        settings = [{field: getattr(row, field) for field in fields} for row in rows]
        _show_json({**found.plain(), "text": cleandoc(offer.spec.__doc__ or ""), "settings": settings})
        return
    click.echo(f"{offer.title}, of plugin {offer.plugin!r} ({offer.origin})\n")
    click.echo(f"{cleandoc(offer.spec.__doc__ or 'It has no description.')}\n")
    if rows:
        headers = ("setting", *fields[1:])
        _show_table(headers, [tuple(str(getattr(row, field)) for field in fields) for row in rows])
    else:
        click.echo("It has no settings.")
    if found.unknown:
        click.echo(f"\nIts columns are not known: {found.unknown}")
        return
    click.echo(f"\nneeds {', '.join(found.needs)}; {found.lookback} bars decide one row\n")
    if any("formula" in column for column in found.columns):
        said = [
            (str(one["name"]), str(one["formula"]), str(one["unit"]), bounds(one), str(one["source"]))
            for one in found.columns
        ]
        _show_table(("column", "formula", "unit", "range", "source"), said)
    else:
        click.echo(f"columns: {', '.join(str(one['name']) for one in found.columns)}")


@features.command()
@_strategy
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Parquet file of the workspace to write.")
@_json_option
def compute(file: Path, profile: str | None, overrides: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Compute the columns of a strategy FILE and write them to a Parquet file.

    One row for each instrument and bar of the traded period; `time` is when the row is known, the bar's close.
    """
    from fw.domain.time import format_time
    from fw_features.commands.table import write_columns

    plan = fw.load(file, profile=profile, overrides=list(overrides))
    path = plan.workspace.inside(out)
    with fw.shown_progress() as progress:
        written = write_columns(plan, path, progress)
    if as_json:
        _show_json({**written.plain(), "left_out": plan.left_out()})
        return
    click.echo(f"wrote {written.path}")
    for note in plan.left_out():
        click.echo(f"note: {note}")
    many = _several(len(written.columns), "column")
    click.echo(f"{written.rows:,} rows of {', '.join(written.instruments)}; {many}: {', '.join(written.columns)}")
    if written.first_complete is None:
        click.echo("no row is complete: a column still lacks a number at the end")
    else:
        click.echo(f"first complete row: {format_time(written.first_complete)} UTC")


@features.command()
@_strategy
@click.option("--out", type=click.Path(path_type=Path), help="Page of the workspace to write; else below reports/.")
@click.option(
    "--horizons", metavar="BARS", default="1,4,24,168", show_default=True, help="Bars ahead to judge by, with commas."
)
@_json_option
def report(
    file: Path, profile: str | None, overrides: tuple[str, ...], out: Path | None, horizons: str, as_json: bool
) -> None:
    """Write a page to judge the columns of a strategy FILE by eye.

    Coverage, distribution, autocorrelation, columns that say the same, and rank correlation with forward returns.
    """
    from fw_features.commands.table import check_traded, write_whole
    from fw_features.page.page import page_of
    from fw_features.page.words import by_luck
    from fw_features.study.study import study

    asked = _horizons(horizons)
    plan = fw.load(file, profile=profile, overrides=list(overrides))
    default = plan.workspace.reports / f"features-{_file_name(plan.settings.name)}.html"
    target = plan.workspace.inside(default if out is None else out)
    check_traded(plan)  # says at once what is missing
    with fw.shown_progress() as progress:
        found = study(plan, horizons=asked, progress=progress)
    text = page_of(found).encode("utf-8", "replace")
    write_whole(target, lambda beside: beside.write_bytes(text))
    if as_json:
        _show_json({"path": str(target), **found, "left_out": plan.left_out()})
        return
    click.echo(f"wrote {target}")
    for note in plan.left_out():
        click.echo(f"note: {note}")
    beyond, stand = found["below_5_percent"], found["stand"]
    click.echo(
        f"{_several(found['tests'], 'rank correlation')} with forward returns: "
        f"{beyond} {'is' if beyond == 1 else 'are'} beyond 5 % each by itself, "
        f"where luck alone gives {by_luck(found['tests'])}; "
        f"{stand} {'stands' if stand == 1 else 'stand'} when all are counted"
    )


def _horizons(text: str) -> tuple[int, ...]:
    """Bars, ascending, each once."""
    try:
        found = tuple(sorted({int(word) for word in text.split(",")}))
    except ValueError:
        raise fw.SettingsError(f"--horizons wants whole numbers with commas, as in 1,4,24, not {text!r}") from None
    if found[0] < 1 or found[-1] > 100_000:
        raise fw.SettingsError(f"--horizons wants numbers of bars from 1 to 100000, not {text!r}")
    return found


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _file_name(name: str) -> str:
    """A plan's name with nothing in it that a file's name may not have."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)


def _show_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def _show_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headers as wide as the terminal is; whole rows where nobody is looking."""
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
        table.add_column(header, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=shutil.get_terminal_size().columns if looked_at else 200).print(table)
