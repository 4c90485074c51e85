"""Feature sets that a strategy, sizer or check asks for in code, read by the file's own rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fw.errors import PluginError, Problem
from fw.settings.fields import settings_of
from fw.settings.reader import Reader
from fw.settings.strategy import FeatureEntry, StrategyFile
from fw.settings.tree import from_python

if TYPE_CHECKING:
    from fw.registry import Registry


def features_asked(
    asked: Iterable[Mapping[str, Any] | str], registry: Registry, *, by: str
) -> tuple[FeatureEntry, ...]:
    """The entries; PluginError names the part (`by`) that asks for something that cannot be."""
    if isinstance(asked, str | Mapping) or not isinstance(asked, Iterable):
        raise PluginError(f"{by}: `features` is a list of feature sets, such as ['returns'], not {asked!r:.60}")
    asked = list(asked)
    known = tuple(_known(one, registry) for one in asked)
    if None not in known and len({entry.name for entry in known if entry is not None}) == len(known):
        return tuple(entry for entry in known if entry is not None)
    problems: list[Problem] = []
    entries = _read(asked, registry, by, problems)
    if problems:
        raise PluginError("\n".join(map(str, problems)))
    return entries


def _read(asked: list[Any], registry: Registry, by: str, problems: list[Problem]) -> tuple[FeatureEntry, ...]:
    reader = Reader(registry, problems)
    entries: tuple[FeatureEntry, ...] = reader.read(
        from_python(asked, by, problems), settings_of(StrategyFile)["features"].hint, "features"
    )
    return entries


def _known(one: Any, registry: Registry) -> FeatureEntry | None:
    """One set without a problem; None where it has one, or is no plain data."""
    try:
        return _remembered(json.dumps(one), registry)
    except TypeError:
        return None


@lru_cache(maxsize=1024)
def _remembered(text: str, registry: Registry) -> FeatureEntry | None:
    """The combinations of a sweep ask for the same sets again and again."""
    problems: list[Problem] = []
    entries = _read([json.loads(text)], registry, "", problems)
    return None if problems else entries[0]
