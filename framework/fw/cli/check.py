"""`fw check`: everything that can be known to be wrong before a run, leaks included."""

from __future__ import annotations

from pathlib import Path

import click

from fw.cli.process import output_kept
from fw.cli.settings import setting_paths

FOUND = 1


@click.command("check")
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
@click.pass_context
def command(ctx: click.Context, file: Path, profile: str | None, overrides: tuple[str, ...]) -> None:
    """Look for mistakes and leaks before a run.

    Checks the strategy FILE, its data, and that no feature set nor the strategy sees the future.
    """
    from fw.plan import load

    with output_kept():
        findings = load(file, profile=profile, overrides=list(overrides)).check()
    for finding in findings:
        click.echo(
            f"{'ok  ' if finding.ok else 'BAD '} {finding.title}" + (f": {finding.text}" if finding.text else "")
        )
    if not all(finding.ok for finding in findings):
        ctx.exit(FOUND)
