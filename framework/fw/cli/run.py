"""`fw run`: one strategy file, run over its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fw.cli.compiling import compile_when_cold
from fw.cli.process import output_kept
from fw.cli.settings import setting_paths
from fw.cli.tables import show_json
from fw.progress import shown_progress

if TYPE_CHECKING:
    from fw.domain.result import Result


def _moment(ctx: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    from fw.domain.time import parse_time

    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("run")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--profile", metavar="NAME", help="Merge this profile of the file.")
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=setting_paths,
    help="Change one setting; may stand often.",
)
@click.option("--engine", type=click.Choice(("scan", "loop")), help="Insist on one engine; they give equal results.")
@click.option("--until", metavar="TIME", callback=_moment, help="Live: end at the first close from then on.")
@click.option("--bars", metavar="N", type=click.IntRange(min=1), help="Live: end after so many bars.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--quiet", is_flag=True, help="Print only where it was written; no progress.")
def command(
    file: Path,
    profile: str | None,
    overrides: tuple[str, ...],
    engine: str | None,
    until: int | None,
    bars: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run a strategy file.

    Prints what the reporters of FILE say, and writes a folder under runs/. Where its source is live, it runs until
    Ctrl-C, and the same command goes on with its account.
    """
    from fw.cli.standing import shown_standing
    from fw.plan import load

    plan = load(file, profile=profile, overrides=list(overrides))
    compile_when_cold(plan, quiet=quiet)
    with output_kept(), shown_progress(quiet=quiet) as progress, shown_standing(quiet=quiet) as watch:
        result = plan.run(engine=engine, progress=progress, until=until, bars=bars, watch=watch)
    if as_json:
        show_json(summary(result))
        return
    for text in () if quiet else result.printed:
        click.echo(text)
    if result.folder is not None:
        click.echo(f"written to {result.folder}")


def summary(result: Result) -> dict[str, Any]:
    """A run as one JSON object; a metric that does not exist is null, with its reason under `unmeasured`."""
    metrics, unmeasured = measured(result.metrics)
    return {
        "run": result.folder.name if result.folder is not None else None,
        "folder": str(result.folder) if result.folder is not None else None,
        "engine": result.engine,
        "bars": int(result.equity.rows),
        "seconds": float(result.seconds),
        "metrics": metrics,
        "unmeasured": unmeasured,
        "bounds": None if result.bounds is None else result.bounds.plain(),
    }


def measured(metrics: Any) -> tuple[dict[str, float | int | None], dict[str, str]]:
    """Values by name, null where there is none, and the reasons for those."""
    from fw.parts.metric import Unmeasured

    values: dict[str, float | int | None] = {}
    reasons: dict[str, str] = {}
    for name, value in metrics.items():
        if isinstance(value, Unmeasured):
            values[name], reasons[name] = None, value.reason
        else:
            # numpy's own numbers are not JSON's
            values[name] = value.item() if hasattr(value, "item") else value
    return values, reasons
