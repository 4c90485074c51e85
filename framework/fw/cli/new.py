"""`fw new`: a part or a plugin to begin with, which works as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fw.cli.kinds import completing, refusal
from fw.hookspecs import KINDS

if TYPE_CHECKING:
    from fw.scaffold import Scaffold


NEW = (*KINDS, "plugin")


@click.command("new")
@click.argument("kind", shell_complete=completing(NEW))
@click.argument("name")
@click.option("--into", metavar="FOLDER", type=click.Path(path_type=Path), help="Write below this folder.")
@click.pass_context
def command(ctx: click.Context, kind: str, name: str, into: Path | None) -> None:
    """Write a part or a plugin to begin with.

    A part is one file with its tests beside it and a strategy file that runs it. A plugin is a folder that can be
    installed and published. Nothing is overwritten. KIND is plugin, source, features, model, strategy, sizer, risk,
    broker, metric, reporter or observer.
    """
    if kind not in NEW:
        raise refusal(kind, NEW)
    from fw.cli.others import plugins_of
    from fw.scaffold import scaffold, write
    from fw.workspace import Workspace

    workspace = Workspace.here()
    folder = workspace.inside(Path.cwd() if into is None else into)
    made = scaffold(kind, name, plugins_of(ctx).registry)
    tops = write(made, folder)
    click.echo(f"wrote {', '.join(shown(top) for top in tops)}")
    for what, how in next_steps(made, folder, tops):
        click.echo(f"{what:<9} {how}")


def next_steps(made: Scaffold, folder: Path, tops: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """What to do with it now, and the command for it."""
    if made.kind == "plugin":
        own = shown(tops[0])
        yield "test it:", f"python -m pytest {own}"
        folder_for_pip = own if os.path.isabs(own) else f"./{own}"  # a bare name would be looked for in the index
        yield "use it:", f"pip install -e {folder_for_pip} && fw run {own}/{made.name}.yaml"
        yield "build it:", f"pip wheel --no-deps -w dist {folder_for_pip}"
        return
    yield "test it:", f"python -m pytest {shown(folder / f'test_{made.name}.py')}"
    if made.runs:
        file = shown(folder / f"{made.name}.yaml")
        yield "check it:", f"fw check {file}"
        yield "run it:", f"fw run {file}"
    else:
        yield "later:", "a strategy file cannot name models yet; until then the tests try it"


def shown(path: Path) -> str:
    """A path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
