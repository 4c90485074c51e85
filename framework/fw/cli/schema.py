"""`fw schema`: the JSON Schema of strategy files, which editors check and complete by."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fw.cli.tables import show_json


@click.command("schema")
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this file of the workspace.")
@click.pass_context
def command(ctx: click.Context, out: Path | None) -> None:
    """Print the JSON Schema of strategy files.

    It has an arm for every part that is installed, so that editors check and complete by it.
    """
    from fw.cli.others import plugins_of
    from fw.settings.schema import schema
    from fw.workspace import Workspace

    found = schema(plugins_of(ctx).registry)
    if out is None:
        show_json(found)
        return
    file = Workspace.here().inside(out)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(f"wrote {file}")
