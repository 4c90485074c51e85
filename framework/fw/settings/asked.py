"""Feature sets that a strategy, sizer or check asks for in code, read by the file's own rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    problems: list[Problem] = []
    reader = Reader(registry, problems)
    entries = reader.read(
        from_python(list(asked), by, problems), settings_of(StrategyFile)["features"].hint, "features"
    )
    if problems:
        raise PluginError("\n".join(map(str, problems)))
    found: tuple[FeatureEntry, ...] = entries
    return found
