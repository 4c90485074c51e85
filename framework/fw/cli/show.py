"""`fw show`: one finished run, or several side by side with the settings in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from fw.cli.side_by_side import show_runs
from fw.cli.tables import show_json
from fw.errors import PluginError, SettingsError
from fw.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from fw.domain.saved import SavedRun


def run_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Runs of the workspace that begin so, newest first."""
    try:
        runs = Workspace.here().runs
    except SettingsError:  # no place to tell of it, between two words of a line
        return []
    return sorted((folder.name for folder in runs.glob(f"{incomplete}*") if folder.is_dir()), reverse=True)


@click.command("show")
@click.argument("runs", nargs=-1, required=True, shell_complete=run_names)
@click.option("--html", is_flag=True, help="Write a page that compares them, and print where it is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, runs: Sequence[str], html: bool, as_json: bool) -> None:
    """Show finished runs, side by side.

    Each RUN is an id, the beginning of one, or a folder.
    """
    import fw
    from fw.domain.saved import differences

    found = [fw.open_run(run) for run in runs]
    page = write_page(ctx, found) if html else None
    changed = differences([run.settings for run in found])
    if as_json:
        show_json({"runs": [plain(run) for run in found], "differences": changed, "page": page and str(page)})
    elif page is not None:
        click.echo(page)
    else:
        show_runs(found, changed, groups_of(ctx))


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
        "settings": run.settings,
    }


def groups_of(ctx: click.Context) -> Mapping[str, Mapping[str, str]]:
    """Metrics by group in the order of the reporter `summary`; none where there is no such reporter."""
    from fw.cli.others import plugins_of

    try:
        offer = plugins_of(ctx).registry.find("reporter", "summary")
    except PluginError:
        return {}
    found: Mapping[str, Mapping[str, str]] = getattr(offer.spec, "groups", {})
    return found
