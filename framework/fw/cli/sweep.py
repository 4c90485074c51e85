"""`fw sweep`: the same file with other settings, every combination of them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fw.cli.compiling import compile_when_cold
from fw.cli.process import output_kept
from fw.cli.progress import shown_progress
from fw.cli.tables import number, show_json, show_table
from fw.errors import SettingsError
from fw.workspace import Workspace

if TYPE_CHECKING:
    from fw.domain.frame import Frame

MOST = 100_000
"""Values one setting may take; more is a slip of the pen."""
FORMATS = (".parquet", ".csv")
SHOWN = ("total_return", "sharpe", "max_drawdown", "profit_factor", "trades", "fees")
"""Metrics in the table, which a screen must hold; --json and --out give all."""


@click.command("sweep")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--over", metavar="PATH=VALUES", multiple=True, required=True, help="fast=5:50:5, or fast=5,10,20.")
@click.option("--profile", metavar="NAME", help="Merge this profile of the file.")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Change one setting; may stand often.")
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
    with output_kept(), shown_progress(quiet=quiet) as progress:
        frame = plan.sweep(values, progress=progress)
    rows = sorted_rows(frame, by)
    if target is not None:
        write_table(frame, target)
    if left_out := math.prod(map(len, values.values())) - frame.rows:
        click.echo(f"{left_out} combination{'s' * (left_out > 1)} left out: a part refuses the settings", err=True)
    if as_json:
        show_json(rows)
        return
    columns = [name for name in dict.fromkeys((*values, by, *SHOWN)) if name in frame]
    units = {name: part.unit for name, (_, part) in metrics.items()}
    shown = ([number(row[column], units.get(column, "")) for column in columns] for row in rows)
    show_table(columns, shown, right=range(len(columns)))


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
        raise SettingsError(f"--by {by}: there is no such column; there are {', '.join(known)}")


def _plain(value: Any) -> Any:
    """A missing number as None."""
    return None if isinstance(value, float) and value != value else value


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
