"""What finished runs left behind: their files, their lines in the trial ledger, and how their settings differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from fw.domain.frame import Frame


@attrs.frozen(kw_only=True)
class Trial:
    """One run, or one combination of a sweep, that was made in a workspace."""

    run: str
    """The run's id; `sweep` for a combination of a sweep."""
    name: str
    config: str
    """Hash of its settings' meaning; all combinations of one sweep have that of the file swept."""
    sharpe: float | None
    """A year (365 days), as the metric `sharpe`; None where it does not exist."""
    bar: str
    bars: int
    start: int
    """Open of its first bar, ns."""
    end: int
    """Close of its last bar, ns."""


@attrs.frozen(eq=False, kw_only=True)
class SavedRun:
    """A finished run as its folder holds it; the bars it traded on are not there."""

    id: str
    folder: Path
    result: Mapping[str, Any] = attrs.field(repr=False)
    """What result.json holds: metrics, unmeasured, units, totals, notes, name, bar, start, end, data …"""
    manifest: Mapping[str, Any] = attrs.field(repr=False)
    """What manifest.json holds: settings, seed, versions of program and plugins, times …"""
    read: Callable[[str], Frame] = attrs.field(repr=False)
    """A frame of the run's folder by name; DataError where its file is missing or broken."""

    @property
    def equity(self) -> Frame:
        """time (ns, close of the bar), equity."""
        return self.read("equity")

    @property
    def trades(self) -> Frame:
        """As `Result.trades`."""
        return self.read("trades")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The strategy file as plain data."""
        settings: Mapping[str, Any] = self.manifest.get("settings", {})
        return settings


def differences(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Settings by dotted path whose values are not the same in all; None where one has no such setting.

    Reporters are left out: what is written about a run changes nothing in it.
    """
    flat = [dict(leaves({key: value for key, value in one.items() if key != "report"})) for one in settings]
    paths = list(dict.fromkeys(path for one in flat for path in one))
    rows = {path: [one.get(path) for one in flat] for path in paths}
    return {path: values for path, values in rows.items() if any(value != values[0] for value in values)}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no container; an item of a list goes by its name, as `--set` writes it."""
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        items = [(str(item.get("name") or item.get("use") or index), item) for index, item in enumerate(value)]
    else:
        yield path, value
        return
    for key, item in items:
        yield from leaves(item, f"{path}.{key}" if path else key)
