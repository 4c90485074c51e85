"""Runs side by side: metrics in groups, then the settings that differ, then why numbers are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fw.cli.tables import GAP, show_table, table_width
from fw.parts.numbers import DASH, show

if TYPE_CHECKING:
    from fw.domain.saved import SavedRun

WIDTH = 80
"""Columns where nobody says how many there are."""

OTHERS = "Others"
Groups = Mapping[str, Mapping[str, str]]


def show_runs(
    runs: Sequence[SavedRun], changed: Mapping[str, Sequence[object]], groups: Groups, paid: Mapping[str, str]
) -> None:
    """Print every metric in its unit; ids too long for their columns become numbers, said above.

    More runs than fit beside one another come in several tables. `paid` has other labels for sums that are below
    zero in all runs.
    """
    rows = [*metric_rows(runs, groups, paid), *bound_rows(runs)]
    titles, room = [run.id for run in runs], table_width(WIDTH)
    if width_of(rows, titles) > room:
        titles = [f"[{index}]" for index in range(1, len(runs) + 1)]
        for title, run in zip(titles, runs, strict=True):
            click.echo(f"{title} {run.id}")
        click.echo()
    for some in blocks(rows, titles, room):
        columns = [0, *(index + 1 for index in some)]
        show_table(
            ("", *(titles[index] for index in some)),
            ([row[column] for column in columns] for row in rows),
            right=range(1, len(columns)),
            whole=range(len(columns)),
            piped=WIDTH,
        )
        if some[-1] + 1 < len(runs):
            click.echo()
    if changed:
        click.echo()
        values = ((path, *(DASH if value is None else str(value) for value in row)) for path, row in changed.items())
        show_table(("setting", *titles), values, whole=(0,), piped=WIDTH)
    for title, run in zip(titles, runs, strict=True):
        for name, reason in run.result.get("unmeasured", {}).items():
            click.echo(f"{DASH} {title}: {labels_of(groups).get(name, name)} does not exist: {reason}")


def labels_of(groups: Groups) -> dict[str, str]:
    """What metrics are called in tables, by name."""
    return {name: label for names in groups.values() for name, label in names.items()}


def metric_rows(runs: Sequence[SavedRun], groups: Groups, paid: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """A row for each metric, its label first, with a row for the title of each group above."""
    metrics: list[Mapping[str, Any]] = [run.result.get("metrics", {}) for run in runs]
    units = {name: unit for run in runs for name, unit in run.result.get("units", {}).items()}
    there = dict.fromkeys(name for one in metrics for name in one)
    known = labels_of(groups)
    sections = {title: [name for name in names if name in there] for title, names in groups.items()}
    sections[OTHERS] = [name for name in there if name not in known]
    filled = {title: names for title, names in sections.items() if names}
    for title, names in filled.items():
        if len(filled) > 1:
            yield (title, *("" for _ in runs))
        for name in names:
            indent = "  " if len(filled) > 1 else ""
            label, values = known.get(name, name.replace("_", " ").capitalize()), [one.get(name) for one in metrics]
            if name in paid and all((value or 0) < 0 for value in values):
                label, values = paid[name], [abs(value or 0) for value in values]
            shown = (DASH if value is None else show(value, unit=unit_of(value, units.get(name))) for value in values)
            yield (indent + label, *shown)


def bound_rows(runs: Sequence[SavedRun]) -> Iterator[tuple[str, ...]]:
    """How many bars did not tell what came first inside them, and the return by either rule; nothing where none did."""
    bounds: list[Mapping[str, Any]] = [run.result.get("bounds") or {} for run in runs]
    if not any(bounds):
        return
    bars = [run.result.get("totals", {}).get("ambiguous_bars") for run in runs]
    yield ("Ambiguous bars", *(DASH if number is None else show(number, unit="count") for number in bars))
    for rule in ("pessimistic", "optimistic"):
        returns = [one.get(rule, {}).get("total_return") for one in bounds]
        yield (f"  Return if {rule}", *(DASH if value is None else show(value, unit="percent") for value in returns))


def unit_of(value: Any, said: str | None) -> str:
    """The unit of a metric; where none was written down, a whole number counts something."""
    return said or ("count" if isinstance(value, int) else "ratio")


def width_of(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> int:
    """Columns a table of all runs takes."""
    return sum(widths(rows, titles)) + GAP * len(titles)


def widths(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> list[int]:
    """Columns that each column takes, that of the names first."""
    from rich.cells import cell_len

    return [
        max((cell_len(row[column]) for row in (*rows, ("", *titles))), default=0) for column in range(len(titles) + 1)
    ]


def blocks(rows: Sequence[Sequence[str]], titles: Sequence[str], room: int) -> Iterator[list[int]]:
    """The runs, by their index, that fit beside one another in one table; one at the least."""
    names, *columns = widths(rows, titles)
    some: list[int] = []
    taken = names
    for index, width in enumerate(columns):
        if some and taken + width + GAP > room:
            yield some
            some, taken = [], names
        some.append(index)
        taken += width + GAP
    yield some
