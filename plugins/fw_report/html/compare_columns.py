"""Runs side by side: the letter, the colour and the label that each goes by on the whole page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from fw_report.html.course import day
from fw_report.text import DASH

if TYPE_CHECKING:
    from fw import BarSize, Frame, SavedRun

COLOURS = 6
"""Hues of lines; from the seventh run on they come again, dashed."""
IN_A_LABEL = 3
"""Most settings that a run is named by."""
MINOR = ("name", "report", "plugins", "metrics", "observers")
"""Settings that change no decision; a run is not named by them."""


@attrs.frozen(kw_only=True)
class Column:
    """A run in its place: the letter it goes by, its colour, and in what it differs from the others."""

    letter: str
    hue: int
    """1 … 6."""
    dashed: bool
    label: str
    run: SavedRun
    bar: BarSize

    @property
    def capital(self) -> float:
        """What it began with."""
        return float(self.run.result["capital"])

    @property
    def equity(self) -> Frame:
        """time (ns, close of the bar), equity."""
        return self.run.equity

    @property
    def start(self) -> int:
        """Open of its first bar, ns."""
        return int(self.run.result["start"])

    @property
    def end(self) -> int:
        """Close of its last bar, ns."""
        return int(self.run.result["end"])


def columns_of(runs: Sequence[SavedRun], changed: Mapping[str, Sequence[Any]]) -> tuple[Column, ...]:
    """The runs with letters, colours and labels."""
    from fw import BarSize

    return tuple(
        Column(
            letter=letter_of(place),
            hue=place % COLOURS + 1,
            dashed=place // COLOURS % 2 == 1,
            label=_label(run, place, changed, runs),
            run=run,
            bar=BarSize.parse(str(run.result["bar"])),
        )
        for place, run in enumerate(runs)
    )


def letter_of(place: int) -> str:
    """A … Z, then A2 … Z2 and so on."""
    turn, letter = divmod(place, 26)
    return chr(ord("A") + letter) + (str(turn + 1) if turn else "")


def _label(run: SavedRun, place: int, changed: Mapping[str, Sequence[Any]], runs: Sequence[SavedRun]) -> str:
    """Its name where names differ, then the settings that tell the most runs apart."""
    name = str(run.result.get("name", run.id))
    names = {str(other.result.get("name", other.id)) for other in runs}
    kinds = {
        path: len({written(value) for value in values})
        for path, values in changed.items()
        if not path.startswith(MINOR) and values[place] is not None
    }
    short = _short(changed)
    paths = sorted(kinds, key=lambda path: -kinds[path])[:IN_A_LABEL]
    told = [f"{short[path]} {written(changed[path][place])}" for path in changed if path in paths]
    return ", ".join([name] * (len(names) > 1 or not told) + told)


def _short(paths: Iterable[str]) -> dict[str, str]:
    """Each path's last word, or as many words from its end as tell it from the others."""
    split = {path: path.split(".") for path in paths}
    short = {}
    for path, words in split.items():
        for count in range(1, len(words) + 1):
            if sum(other[-count:] == words[-count:] for other in split.values()) == 1:
                break
        short[path] = ".".join(words[-count:])
    return short


def written(value: Any) -> str:
    """A setting as a strategy file would have it; a dash where there is none."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(written(item) for item in value) if value else "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {written(item)}" for key, item in value.items()) if value else "none"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def period_of(column: Column) -> str:
    """`2020-01-01 to 2025-01-01`."""
    return f"{day(column.start)} to {day(column.end)}"
