"""Which plugins are installed, read from the metadata of the distributions; nothing is imported."""

from __future__ import annotations

import re
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fw.hookspecs import GROUP
from fw.registry import BUNDLED, PluginProblem, canonical, one_line

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint


@attrs.frozen
class Installed:
    """An entry point of the group, not yet imported."""

    entry: EntryPoint
    distribution: str
    version: str

    def problem(self, text: str, mend: str) -> PluginProblem:
        """A problem with it, from before there was a module."""
        return PluginProblem(self.entry.name, self.distribution, self.version, text, mend, _source_of(self.entry))


def installed(problems: list[PluginProblem] | None = None) -> list[Installed]:
    """Every plugin that is installed, bundled ones first; metadata that cannot be read is added to `problems`."""
    import importlib_metadata

    found: list[Installed] = []
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        # metadata of other people's packages may be broken in any way; the search goes on
        try:
            # most distributions have no such line, and parsing costs more than looking
            if f"[{GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
            name, version = _named(distribution)
            if canonical(name) in seen:
                continue  # further along the path and hidden by the first
            seen.add(canonical(name))
            found += [Installed(entry, name, version) for entry in distribution.entry_points.select(group=GROUP)]
        except Exception as error:  # metadata may be broken in any way; it is recorded, and the rest goes on
            place = getattr(distribution, "_path", "an installed distribution")
            text = f"has metadata that cannot be read: {one_line(error)}"
            if problems is not None:
                problems.append(PluginProblem(Path(str(place)).name, "", "", text, f"remove or reinstall {place}"))
    return sorted(found, key=lambda it: (it.distribution != BUNDLED, it.entry.name, canonical(it.distribution)))


def _named(distribution: Any) -> tuple[str, str]:
    """Name and version; reading two lines of the metadata is a tenth of the work of parsing all of it."""
    header = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    name = re.search(r"^Name:\s*(\S+)", header, re.MULTILINE)
    version = re.search(r"^Version:\s*(\S+)", header, re.MULTILINE)
    if not name or not version:
        raise ValueError("its metadata has no name or no version")
    return name[1], version[1]


def _source_of(entry: EntryPoint) -> Path | None:
    """The file an entry point names, found without importing anything."""
    path: list[str] | None = None
    origin = None
    for part in entry.value.partition(":")[0].strip().split("."):
        try:
            spec = PathFinder.find_spec(part, path)
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        path, origin = list(spec.submodule_search_locations or ()), spec.origin
    return Path(origin) if origin else None
