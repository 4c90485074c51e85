"""The one folder a user's outputs go under: the current one, or FW_HOME."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs

from fw.errors import DataError, SettingsError

RUN_ID = re.compile(r"\d{8}-\d{6}-(?P<name>.+)-[0-9a-f]{4}")
"""Time, name and four letters of its own."""

SHOWN = 5
"""Runs a message lists at most."""


def _absolute(path: Path | str) -> Path:
    return Path(path).expanduser().resolve()


@attrs.frozen
class Workspace:
    """Where everything has its place; no folder is made before something is written into it."""

    root: Path = attrs.field(converter=_absolute)

    @classmethod
    def here(cls, environ: Mapping[str, str] | None = None) -> Workspace:
        """FW_HOME where it is set, else the current folder; SettingsError where that is no more."""
        environ = os.environ if environ is None else environ
        try:
            return cls(Path(environ.get("FW_HOME") or Path.cwd()))
        except (FileNotFoundError, RuntimeError):  # the latter: a `~` that stands for no home
            raise SettingsError(
                f"the workspace {environ.get('FW_HOME') or '(the current folder)'} does not exist any more: "
                "change into a folder that does, or set FW_HOME to one"
            ) from None

    @property
    def data(self) -> Path:
        """Market data that was fetched."""
        return self.root / "data"

    @property
    def models(self) -> Path:
        """Trained models, by name and version."""
        return self.root / "models"

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.root / "runs"

    @property
    def reports(self) -> Path:
        """Pages on several runs."""
        return self.root / "reports"

    @property
    def private(self) -> Path:
        """What the program keeps for itself; safe to delete but for the trials."""
        return self.root / ".fw"

    @property
    def cache(self) -> Path:
        """What can be computed again."""
        return self.private / "cache"

    @property
    def trials(self) -> Path:
        """Every run and sweep ever made here, one JSON object a line."""
        return self.private / "trials.jsonl"

    def inside(self, path: Path | str) -> Path:
        """The absolute form of an output path, where a relative one counts from the workspace.

        Raises SettingsError for a path outside, links followed.
        """
        absolute = (self.root / Path(path).expanduser()).resolve()
        if not absolute.is_relative_to(self.root):
            raise SettingsError(
                f"{path} is outside the workspace {self.root}: write below it, or set FW_HOME to another folder"
            )
        return absolute

    def run_folder(self, name: str) -> Path:
        """The folder of a run by its path, its id, the beginning of its id, or the name that it alone has.

        DataError where none fits, or several do.
        """
        known = self.run_ids()
        newest = f"; the newest there is {known[-1]}" if known else ""
        for folder in (self.runs / name, Path(name)):
            if name and folder.is_dir() and folder.resolve() == self.runs.resolve():
                raise DataError(f"{name} is the folder of all runs: name one in it{newest}")
            if folder.is_dir() and name not in ("", ".", ".."):
                return folder.resolve()
        if not known:
            raise DataError(f"there is no run {name!r}: no runs are in {self.runs} yet; `fw run FILE` makes one")
        begun = [run for run in known if name and run.startswith(name)]
        called = [run for run in known if (parts := RUN_ID.fullmatch(run)) and parts["name"] == name]
        for fitting, what in ((begun, "begin with"), (called, "are called")):
            if len(fitting) == 1:
                return self.runs / fitting[0]
            if fitting:
                more = ", …" * (len(fitting) > SHOWN)
                listed = ", ".join(fitting[: -SHOWN - 1 : -1])
                raise DataError(f"{len(fitting)} runs {what} {name!r}, the newest first: {listed}{more}")
        raise DataError(f"there is no run {name!r} in {self.runs}{newest}")

    def run_ids(self) -> list[str]:
        """Every run of the workspace, oldest first: ids begin with the time; an account counts from its last line."""
        return sorted((folder.name for folder in self.runs.glob("*") if folder.is_dir()), key=self._when)

    def _when(self, run: str) -> str:
        journal = self.runs / run / "journal.jsonl"
        if RUN_ID.fullmatch(run) or not journal.exists():
            return run
        return f"{datetime.fromtimestamp(journal.stat().st_mtime, UTC):%Y%m%d-%H%M%S}"
