"""`fw sweep`: the same file with other settings, every combination of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from fw.cli.compiling import compile_when_cold
from fw.cli.process import output_kept
from fw.cli.settings import setting_paths
from fw.cli.tables import show_json, show_table
from fw.errors import SettingsError
from fw.parts.numbers import DASH, show
from fw.progress import shown_progress
from fw.registry import nearest
from fw.settings.describe import in_yaml
from fw.workspace import Workspace

if TYPE_CHECKING:
    from fw.domain.frame import Frame

MOST = 100_000
"""Values one setting may take; more is a slip of the pen."""
FORMATS = (".parquet", ".csv")
ENDED = "ended"
SHOWN = ("total_return", "sharpe", "max_drawdown", "profit_factor", "trades", "fees")
"""Metrics in the table, which a screen must hold; --json and --out give all."""


@click.command("sweep")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--over",
    metavar="PATH=VALUES",
    multiple=True,
    required=True,
    shell_complete=setting_paths,
    help="strategy.fast=5:50:5, or strategy.fast=5,10,20.",
)
@click.option("--profile", metavar="NAME", help="Merge this profile of the file.")
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=setting_paths,
    help="Change one setting; may stand often.",
)
@click.option("--by", default="sharpe", show_default=True, metavar="METRIC", help="Sort by it, largest first.")
@click.option("--out", type=click.Path(path_type=Path), help="Write all rows to this .parquet or .csv file too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    file: Path,
    over: tuple[str, ...],
    profile: str | None,
    overrides: tuple[str, ...],
    by: str,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run a file with many settings.

    Runs the strategy FILE once for every combination of the values given with --over. The table shows the main metrics;
    --json and --out give all of them.
    """
    values = parse_over(over)
    target = _writable_table(out)
    from fw.plan import load

    plan = load(file, profile=profile, overrides=list(overrides))
    metrics = plan.bench.metrics(plan.bench.make_run())
    check_by(by, [*values, *metrics])
    compile_when_cold(plan, quiet=quiet)
    refused: list[tuple[Mapping[str, Any], SettingsError]] = []
    with output_kept(), shown_progress(quiet=quiet) as progress, named_over(values):
        frame = plan.sweep(
            values,
            metrics=None if as_json or target is not None else shown_metrics(by, metrics),
            progress=progress,
            refused=lambda *one: refused.append(one),
        )
    rows = sorted_rows(frame, by)
    if target is not None:
        write_table(frame, target)
    if refused:
        click.echo(left_out(refused), err=True)
    if as_json:
        show_json(rows)
        return
    columns = [name for name in dict.fromkeys((*values, by, *SHOWN)) if name in frame and name != ENDED]
    columns += [ENDED] * any(row[ENDED] for row in rows)
    units = {name: part.unit for name, (_, part) in metrics.items()}
    show_table(
        columns, [[cell(row[name], units.get(name)) for name in columns] for row in rows], right=range(len(columns))
    )


def shown_metrics(by: str, metrics: Iterable[str]) -> tuple[str, ...]:
    """What the table shows: nothing else is worth measuring for it."""
    return tuple(name for name in dict.fromkeys((by, *SHOWN)) if name in metrics)


def cell(value: Any, unit: str | None) -> str:
    """A metric in its unit, a setting as it is written, of a time the day."""
    if value is None:
        return DASH
    if unit is not None:
        return show(value, unit=unit)
    return str(value).partition(" ")[0] if isinstance(value, str) else in_yaml(value)


def left_out(refused: Sequence[tuple[Mapping[str, Any], SettingsError]]) -> str:
    """How many combinations a part refused, with the first of them and why."""
    values, error = refused[0]
    named = " ".join(f"{path}={in_yaml(value)}" for path, value in values.items())
    why = "; ".join(problem.text for problem in error.problems) or str(error)
    count = len(refused)
    return f"{count} combination{'s' * (count > 1)} left out{'; the first' * (count > 1)}: {named}: {why}"


@contextmanager
def named_over(values: Mapping[str, Any]) -> Iterator[None]:
    """Have problems with a swept value name the option it was given by; within, it was written by `--set`."""
    try:
        yield
    except SettingsError as error:
        begins = tuple(f"--set {path}" for path in values)
        error.problems = tuple(
            attrs.evolve(problem, file=problem.file.replace("--set", "--over", 1))
            if problem.file.startswith(begins)
            else problem
            for problem in error.problems
        )
        raise


def parse_over(options: tuple[str, ...]) -> dict[str, list[Any]]:
    """`path=start:stop:step` (stop included when hit exactly) or `path=a,b,c`, to values by path."""
    found: dict[str, list[Any]] = {}
    for option in options:
        path, equals, text = option.partition("=")
        if not equals or not path.strip() or not text.strip():
            raise SettingsError(f"--over {option}: wants PATH=START:STOP:STEP or PATH=A,B,C")
        if path.strip() in found:
            raise SettingsError(f"--over {option}: {path.strip()} is given twice")
        found[path.strip()] = _range(option, text) if ":" in text else [_scalar(item) for item in text.split(",")]
    return found


def _range(option: str, text: str) -> list[Any]:
    # decimals, because 0.1 + 0.1 + 0.1 in floats is past 0.3
    try:
        start, stop, step = (Decimal(item.strip()) for item in text.split(":"))
    except (ValueError, InvalidOperation):
        raise SettingsError(f"--over {option}: a range is START:STOP:STEP, three numbers") from None
    if not all(bound.is_finite() for bound in (start, stop, step)) or step == 0 or (stop - start) / step < 0:
        raise SettingsError(f"--over {option}: the step {step} does not lead from {start} to {stop}")
    count = int((stop - start) / step) + 1
    if count > MOST:
        raise SettingsError(f"--over {option}: that is {count:,} values; {MOST:,} are the most")
    return [_scalar(str(start + index * step)) for index in range(count)]


def _scalar(text: str) -> Any:
    """A whole number, a number, or the text as it stands."""
    for kind in (int, float):
        try:
            return kind(text.strip())
        except ValueError:
            continue
    return text.strip()


def sorted_rows(frame: Frame, by: str) -> list[dict[str, Any]]:
    """One mapping a combination, largest `by` first; combinations without that number come last."""
    check_by(by, list(frame))
    columns = {name: [_plain(value) for value in frame[name].tolist()] for name in frame}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return sorted(rows, key=lambda row: (row[by] is None, -row[by] if isinstance(row[by], int | float) else 0))


def check_by(by: str, known: Sequence[str]) -> None:
    """Raise for a column that cannot be sorted by; before hours of work rather than after."""
    if by not in known:
        close = nearest(by, known)
        hint = f". Did you mean {close!r}?" if close else f"; there are {', '.join(known)}"
        raise SettingsError(f"--by {by}: there is no such column{hint}")


def _plain(value: Any) -> Any:
    """A missing number, or a text that says nothing, as None."""
    return None if value == "" or (isinstance(value, float) and value != value) else value


def _writable_table(out: Path | None) -> Path | None:
    """Where the table goes, judged before hours of work."""
    if out is None:
        return None
    if out.suffix not in FORMATS:
        raise SettingsError(f"--out {out}: wants a file ending in {' or '.join(FORMATS)}")
    return Workspace.here().inside(out)


def write_table(frame: Frame, target: Path) -> None:
    """Write all rows in the order they were run; the file appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.part")
    table = frame.to_pandas()
    try:
        if target.suffix == ".csv":
            table.to_csv(unfinished, index=False)
        else:
            table.to_parquet(unfinished, index=False)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
