"""Which file a path means: `{instrument}`, `{bar}` and `*` filled in by what is there, exactly one file each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fw.domain.time import BarSize
from fw.errors import DataError, SettingsError

MOST_NAMED = 5


def find(where: str | Mapping[str, str], *, setting: str, instrument: str, bar: BarSize, folder: Path) -> Path:
    """The one file that `setting` means for an instrument; relative paths start at `folder`.

    DataError names the candidates where there are none or several, SettingsError says what the setting lacks.
    """
    if isinstance(where, str):
        pattern = where
    elif instrument in where:
        pattern = where[instrument]
    else:
        raise SettingsError(f"source.{setting} has no path for {instrument}; it has {', '.join(where) or 'none'}")
    unknown = set(re.findall(r"\{(.*?)\}", pattern)) - {"instrument", "bar"}
    if unknown:
        raise SettingsError(f"source.{setting}: {{{unknown.pop()}}} stands for nothing; use {{instrument}} and {{bar}}")

    path = folder / Path(pattern).expanduser()
    found = [Path(path.anchor)]
    for step in path.parts[bool(path.anchor) :]:
        found = [below for place in found for below in _below(place, step, instrument, bar)]
    files = sorted(file for file in found if file.is_file())
    if len(files) == 1:
        return files[0]
    if files:
        names = _listed([file.name for file in files])
        raise DataError(f"source.{setting}: {pattern} fits several files for {instrument}: {names}; say which")
    raise DataError(f"source.{setting}: {_missing(pattern, path, instrument, bar)}")


def _below(place: Path, step: str, instrument: str, bar: BarSize) -> list[Path]:
    """What is in `place` that one step of a path means."""
    if not re.search(r"\{instrument\}|\{bar\}|\*", step):
        return [place / step]
    if not place.is_dir():
        return []
    meant = re.compile(
        "".join(
            {"{instrument}": _any_case(instrument), "{bar}": _bar(bar), "*": ".*"}.get(piece, re.escape(piece))
            for piece in re.split(r"(\{instrument\}|\{bar\}|\*)", step)
        )
    )
    return [entry for entry in place.iterdir() if meant.fullmatch(entry.name)]


def _any_case(text: str) -> str:
    return f"(?i:{re.escape(text)})"


def _bar(bar: BarSize) -> str:
    """The bar size in any case, but for minutes: 1M is a month."""
    return re.escape(str(bar)) if str(bar).endswith("m") else _any_case(str(bar))


def _missing(pattern: str, path: Path, instrument: str, bar: BarSize) -> str:
    """Why no file fits, with what is there instead."""
    if path.is_dir():
        return f"{path} is a folder; name the file in it"
    special = [part for part in path.parts if re.search(r"[{*]", part)]
    place = path.parent
    while special and any(part in special for part in place.parts):
        place = place.parent
    if not place.is_dir():
        return f"there is no folder {place.resolve()}, in which {pattern} is looked for: give the one you have"
    names = sorted(entry.name for entry in place.iterdir() if not entry.name.startswith("."))
    named = [name for name in names if instrument.lower() in name.lower()] or names
    what = f"no file fits {pattern} for {instrument} and bar {bar}" if special else f"there is no file {path}"
    there = place.resolve()
    return f"{what}; the folder {there} has {_listed(named)}" if named else f"{what}; the folder {there} is empty"


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
