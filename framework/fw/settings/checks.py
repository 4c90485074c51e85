"""What must hold between settings that are each right by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fw.domain.time import BarSize
from fw.settings.reader import BAD, Reader, name_in_list
from fw.settings.strategy import FeatureEntry, ModelEntry, Simulation, SourceEntry
from fw.settings.tree import Node, Table, listed
from fw.settings.words import near


def check(reader: Reader, root: Table, values: Mapping[str, Any]) -> None:
    """Report what does not fit together; values that are missing or were reported are passed over."""
    source, bar = values.get("source"), values.get("bar")
    if isinstance(source, SourceEntry):
        _check_range(reader, source, root.get("source"))
    _check_environments(reader, source, values.get("broker"), root)
    simulation = values.get("simulation")
    if isinstance(bar, BarSize) and isinstance(simulation, Simulation):
        _check_finer(reader, simulation, root.get("simulation"), bar)
    features = values.get("features", ())
    if isinstance(bar, BarSize) and features is not BAD:
        for entry, node in zip(features, listed(root.get("features")), strict=False):
            _check_bar(reader, entry, node, bar, f"features.{entry.name}")
    known = [name for node in listed(root.get("features")) if (name := name_in_list(node))]
    models, nodes = values.get("models", {}), root.get("models")
    if models is BAD or not isinstance(nodes, Table):
        return
    for name, entry in models.items():
        model = nodes.get(name)
        if isinstance(bar, BarSize):
            _check_bar(reader, entry, model, bar, f"models.{name}")
        for i, feature in enumerate(entry.features):
            if feature not in known:
                text = f"no feature set of this file is called {feature!r}. {near(feature, known)}"
                at = listed(model.get("features") if isinstance(model, Table) else None)[i]
                reader.report(at.place, f"models.{name}.features[{i}]", text)


def _check_range(reader: Reader, source: SourceEntry, node: Node | None) -> None:
    end = node.get("end") if isinstance(node, Table) else None
    if source.start is not None and source.end is not None and source.end <= source.start and end is not None:
        reader.report(end.place, "source.end", "must be after start: start is inclusive, end exclusive")


def _check_environments(reader: Reader, source: Any, broker: Any, root: Table) -> None:
    """Orders go where the prices come from: parts that name an environment name the same."""
    theirs, own = (getattr(getattr(entry, "spec", None), "environment", None) for entry in (source, broker))
    if theirs is None or own is None or theirs == own:
        return
    node = root.get("broker")
    said = node.get("environment") if isinstance(node, Table) else None
    place = (said or node or root).place
    text = (
        f"is {own}, but that of the source is {theirs}: prices and orders must be of one exchange; give both the same"
    )
    reader.report(place, "broker.environment", text)


def _check_finer(reader: Reader, simulation: Simulation, node: Node | None, clock: BarSize) -> None:
    own = node.get("finer") if isinstance(node, Table) else None
    if simulation.finer is None or own is None:
        return
    if simulation.finer >= clock:
        text = f"{simulation.finer} is not smaller than the clock, which is {clock}; leave it out"
        reader.report(own.place, "simulation.finer", text)
    elif not simulation.finer.divides(clock):
        reader.report(own.place, "simulation.finer", f"bars of {simulation.finer} do not fill the clock's, {clock}")


def _check_bar(reader: Reader, entry: FeatureEntry | ModelEntry, node: Node | None, clock: BarSize, path: str) -> None:
    own = node.get("bar") if isinstance(node, Table) else None
    if entry.bar is None or own is None:
        return
    if entry.bar < clock:
        reader.report(own.place, f"{path}.bar", f"{entry.bar} is smaller than the clock, which is {clock}")
    elif not clock.divides(entry.bar):
        reader.report(own.place, f"{path}.bar", f"{entry.bar} is no whole number of the clock's bars, {clock}")
