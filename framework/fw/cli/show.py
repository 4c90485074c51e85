"""`fw show`: one finished run, or several side by side with the settings in which they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from fw.cli.tables import number, show_json, show_table
from fw.errors import DataError
from fw.workspace import Workspace


def run_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Runs of the workspace that begin so, newest first."""
    runs = (folder.name for folder in Workspace.here().runs.glob(f"{incomplete}*") if folder.is_dir())
    return sorted(runs, reverse=True)


@click.command("show")
@click.argument("runs", nargs=-1, required=True, shell_complete=run_names)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(runs: Sequence[str], as_json: bool) -> None:
    """Show finished runs, side by side.

    Each RUN is an id, the beginning of one, or a folder.
    """
    workspace = Workspace.here()
    found = [read_run(workspace.run_folder(run)) for run in runs]
    changed = differences([run["settings"] for run in found])
    if as_json:
        show_json({"runs": found, "differences": changed})
        return
    names = list(dict.fromkeys(name for run in found for name in run["metrics"]))
    units = {name: unit for run in found for name, unit in run["units"].items()}
    rows = [(name, *(number(run["metrics"].get(name), units.get(name, "")) for run in found)) for name in names]
    show_table(("", *(run["run"] for run in found)), rows, right=range(1, len(found) + 1))
    if changed:
        click.echo()
        show_table(
            ("setting", *(run["run"] for run in found)),
            ((path, *("–" if value is None else value for value in values)) for path, values in changed.items()),
        )
    for run in found:
        for name, reason in run["unmeasured"].items():
            click.echo(f"– {run['run']}: {name} does not exist: {reason}")


def read_run(folder: Path) -> dict[str, Any]:
    """What a run's files say of its result and settings; DataError where they are missing or broken."""
    result, manifest = _read(folder / "result.json"), _read(folder / "manifest.json")
    status = manifest.get("status", "finished")
    # a run that broke off while it was written may have left a result that nobody was told of
    if not result or status != "finished":
        more = ", or was cut off" if status == "running" else f": {said}" if (said := manifest.get("error")) else ""
        reason = f"it is {status}{more}" if manifest else "it has no result.json"
        raise DataError(f"the run in {folder} has no result to show: {reason}")
    return {
        "run": folder.name,
        "folder": str(folder),
        "status": status,
        "metrics": result.get("metrics", {}),
        "unmeasured": result.get("unmeasured", {}),
        "units": result.get("units", {}),
        "settings": manifest.get("settings", {}),
    }


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{file} is not what a run writes: it should hold a JSON object")
    return found


def differences(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Settings by dotted path whose values are not the same in all runs; None where a run has no such setting."""
    flat = [dict(_leaves(one)) for one in settings]
    paths = list(dict.fromkeys(path for one in flat for path in one))
    rows = {path: [one.get(path) for one in flat] for path in paths}
    return {path: values for path, values in rows.items() if any(value != values[0] for value in values)}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no container; an item of a list goes by its name, as `--set` writes it."""
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        items = [(str(item.get("name") or item.get("use") or index), item) for index, item in enumerate(value)]
    else:
        yield path, value
        return
    for key, item in items:
        yield from _leaves(item, f"{path}.{key}" if path else key)
