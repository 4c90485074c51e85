"""`fw schema`: the JSON Schema of strategy files, which editors check and complete by."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fw.cli.tables import show_json


@click.command("schema")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this file of the workspace.")
@click.pass_context
def command(ctx: click.Context, file: Path | None, out: Path | None) -> None:
    """Print the JSON Schema of strategy files.

    It has an arm for every part that is installed, and for those of the plugin files that FILE names, so that
    editors check and complete by it.
    """
    from fw.cli.others import plugins_of
    from fw.settings.schema import schema
    from fw.workspace import Workspace

    if file is None:
        found = schema(plugins_of(ctx).registry)
    else:
        from fw.plugins import load
        from fw.settings.read import look_at
        from fw.settings.read import plugins_of as files_of

        look_at(file)
        found = schema(load(files=files_of(file)).registry)
    if out is None:
        show_json(found)
        return
    target = Workspace.here().inside(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo(f"wrote {target}")
