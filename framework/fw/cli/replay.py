"""`fw replay`: a run's journal must give the same decisions again."""

from __future__ import annotations

import click

from fw.cli.process import output_kept
from fw.cli.show import run_names

DIFFERENT = 1


@click.command("replay")
@click.argument("run", shell_complete=run_names)
@click.pass_context
def command(ctx: click.Context, run: str) -> None:
    """Decide a finished run again, and compare.

    RUN is its id, the beginning of it, or its folder.
    """
    from fw.engine.replay import replay
    from fw.workspace import Workspace

    with output_kept():
        differences = replay(Workspace.here().run_folder(run))
    for difference in differences:
        click.echo(str(difference))
    if differences:
        ctx.exit(DIFFERENT)
    click.echo("the same decisions")
