"""`fw show`: one finished run, or several side by side with the settings in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fw.cli.side_by_side import show_runs
from fw.cli.tables import show_json
from fw.errors import DataError, PluginError, SettingsError
from fw.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from fw.domain.saved import SavedRun


def run_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Runs of the workspace that begin so, newest first."""
    try:
        runs = Workspace.here().run_ids()
    except SettingsError:  # no place to tell of it, between two words of a line
        return []
    return [run for run in reversed(runs) if run.startswith(incomplete)]


@click.command("show")
@click.argument("runs", nargs=-1, shell_complete=run_names)
@click.option("--html", is_flag=True, help="Write a page that compares them, and print where it is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, runs: Sequence[str], html: bool, as_json: bool) -> None:
    """Show finished runs, side by side.

    Each RUN is an id, the beginning of one, a name that only one run has, or a folder; without any it is the newest.
    Of several, those without a result are left out.
    """
    from fw.domain.saved import differences

    found, without = opened(runs or newest())
    page = write_page(ctx, found) if html else None
    changed = differences([run.settings for run in found])
    if as_json:
        show_json({"runs": [plain(run) for run in found], "differences": changed, "page": page and str(page)})
    elif page is not None:
        click.echo(page)
    else:
        show_runs(found, changed, told_by_summary(ctx, "groups"), told_by_summary(ctx, "paid"))
    for text in without:
        click.echo(f"left out: {text}", err=True)


def newest() -> list[str]:
    """The newest run of the workspace; DataError where there is none."""
    workspace = Workspace.here()
    runs = workspace.run_ids()
    if not runs:
        raise DataError(f"no runs are in {workspace.runs} yet; `fw run FILE` makes one")
    return runs[-1:]


def opened(names: Sequence[str]) -> tuple[list[SavedRun], list[str]]:
    """The runs of these names, and why others of them have nothing to show; DataError where none has."""
    import fw

    workspace = Workspace.here()
    found, without = [], []
    for folder in [workspace.run_folder(name) for name in names]:
        try:
            found.append(fw.open_run(folder))
        except DataError as error:
            without.append(str(error))
    if not found:
        raise DataError("\n".join(without))
    return found, without


def write_page(ctx: click.Context, runs: Sequence[SavedRun]) -> Path:
    """Let the reporter `html` write a page on these runs."""
    from fw.cli.others import plugins_of
    from fw.registry import blame

    offer = plugins_of(ctx).registry.find("reporter", "html")
    if not hasattr(offer.spec, "compare"):
        raise SettingsError(f"{offer.title} writes no page on several runs (it has no compare)")
    # the last four letters of an id are its own; before them stand the time and the name
    path = Workspace.here().reports / f"compare-{'-'.join(run.id[-4:] for run in runs)}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    with blame(offer):
        offer.spec().compare(runs, path)
    return path


def plain(run: SavedRun) -> dict[str, object]:
    """A run for programs."""
    return {
        "run": run.id,
        "folder": str(run.folder),
        "status": run.manifest.get("status", "finished"),
        "metrics": run.result.get("metrics", {}),
        "unmeasured": run.result.get("unmeasured", {}),
        "units": run.result.get("units", {}),
        "bounds": run.result.get("bounds"),
        "settings": run.settings,
    }


def told_by_summary(ctx: click.Context, name: str) -> Mapping[str, Any]:
    """What the reporter `summary` keeps to, as its order and labels of metrics; empty where there is no such one."""
    from fw.cli.others import plugins_of

    try:
        offer = plugins_of(ctx).registry.find("reporter", "summary")
    except PluginError:
        return {}
    found: Mapping[str, Any] = getattr(offer.spec, name, {})
    return found
