"""Reads a tree of texts into any settings class by its type hints, and reports every problem with its place."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from fw.errors import PluginError, Problem, SettingsError
from fw.registry import Offer, Registry, blame, word
from fw.setting import Bounds
from fw.settings.fields import (
    Distinct,
    Part,
    Setting,
    arms,
    bare,
    choices_of,
    item_of,
    items_of,
    kind_of,
    part_of,
    settings_of,
    value_of,
)
from fw.settings.scalars import LABEL, shown
from fw.settings.tree import Entry, Given, Items, Node, Place, Refused, Scalar, Table, joined
from fw.settings.words import an, near, shape, words

UNBOUNDED = Bounds()
BAD: Any = object()
"""Read in place of a value whose problem was reported."""

METHODS = {
    "source": ("history",),
    "features": ("compute",),
    "model": ("fit", "load"),
    "strategy": ("decide", "decide_together", "decide_all"),
    "sizer": ("size", "size_all", "terms"),
    "risk": ("review", "review_all", "terms"),
    "broker": ("submit",),
    "metric": ("measure",),
    "reporter": ("report",),
    "observer": ("notice",),
}
"""What an object given in place of a part's settings has one of, unless it has `build`."""


class Reader:
    """Mutable while it reads: it collects problems. `partial` checks shapes only, as of a profile not in force."""

    def __init__(
        self, registry: Registry, problems: list[Problem], *, folder: Path | None = None, partial: bool = False
    ) -> None:
        self.registry, self.problems, self.folder, self.partial = registry, problems, folder, partial
        self.causes: dict[Problem, PluginError] = {}
        self.written: dict[Path, str] = {}
        """Paths as they stood in the file, by what they came to."""
        self.notes: list[str] = []
        """What is no mistake yet: settings under a name they had before."""

    def report(self, place: Place, path: str, text: str, cause: PluginError | None = None) -> Any:
        problem = place.problem(path, text)
        self.problems.append(problem)
        if cause is not None:
            self.causes[problem] = cause
        return BAD

    def finish(self) -> None:
        """Raise what was found: SettingsError; where plugins are all the trouble it is also their own error."""
        if not self.problems:
            return
        kinds = {type(self.causes[p]) for p in self.problems if p in self.causes}
        if kinds and all(p in self.causes for p in self.problems):
            raise _both(kinds.pop() if len(kinds) == 1 else PluginError)(set(self.problems))
        raise SettingsError(set(self.problems))

    def read(self, node: Node, wanted: Any, path: str, bounds: Bounds = UNBOUNDED) -> Any:
        """The value of a node as the type wanted, within its bounds (each item, of a list); BAD after a report."""
        inner, said = bare(wanted)
        if isinstance(node, Refused):
            return BAD
        if (part := part_of(wanted)) is not None:
            return self.part(node, part, path)
        alternatives = arms(inner)
        if isinstance(node, Scalar) and node.is_null:
            if type(None) in alternatives or self.partial:
                return None
            return self.report(node.place, path, f"is empty: it wants {words(wanted)}")
        if len(alternatives) > 1:
            return self._union(node, wanted, tuple(a for a in alternatives if a is not type(None)), path, bounds)
        if isinstance(node, Given):
            return self._given(node, wanted, path)
        if (kind := kind_of(wanted)) is not None:
            return self._scalar(node, wanted, path, kind.read, bounds)
        if (choices := choices_of(inner)) is not None:
            return self._scalar(node, wanted, path, lambda text, quoted: _choice(text, choices), bounds)
        if (item := item_of(inner)) is not None:
            return self._items(node, wanted, item, path, bounds, distinct=Distinct in said)
        if (fixed := items_of(inner)) is not None:
            return self._fixed(node, wanted, fixed, path)
        if (value := value_of(inner)) is not None:
            return self._mapping(node, wanted, value, path)
        if attrs.has(inner):
            return self.settings(node, inner, path)
        cause = PluginError(f"its type {words(inner)} cannot be written in settings")
        return self.report(node.place, path, str(cause), cause)

    def settings(self, node: Node, cls: type[Any], path: str) -> Any:
        """An instance of a settings class."""
        if not isinstance(node, Table):
            return self._misfit(node, cls, path)
        values = self.values(node, settings_of(cls), path)
        return values if values is BAD or self.partial else self.build(node.place, cls, values, path)

    def values(self, table: Table, settings: Mapping[str, Setting], path: str, also: Iterable[str] = ()) -> Any:
        """Settings read by name, BAD when any is wrong; `also` are names known here but read elsewhere."""
        values: dict[str, Any] = {}
        for name, entry in table.entries.items():
            place, node, at = entry.place, entry.node, joined(path, name)
            if name not in settings and (new := _renamed(name, settings)):
                if new in table.entries:
                    values[name] = self.report(place, at, f"is the old name of {new}, which is set too: leave one out")
                    continue
                self.notes.append(
                    f"{at} is called {joined(path, new)} now; the next minor release knows that name only"
                )
                name = new
            if isinstance(node, Refused):
                values[name] = BAD
                continue
            if name not in settings:
                hint = _cut_number(name, node) or self._elsewhere(name, settings) or near(name, [*settings, *also])
                values[name] = self.report(place, at, f"unknown setting. {hint}")
                continue
            values[name] = self.read(node, settings[name].hint, at, settings[name].bounds)
        for name, setting in settings.items():
            if setting.is_required and name not in values and not self.partial:
                about = f": it wants {words(setting.hint)}" + (
                    f" ({setting.bounds.help})" if setting.bounds.help else ""
                )
                values[name] = self.report(table.place, joined(path, name), f"is missing{about}")
        return BAD if any(value is BAD for value in values.values()) else values

    def _elsewhere(self, name: str, settings: Mapping[str, Setting]) -> str:
        """Where among these settings one of this name stands, one floor down."""
        for outer, setting in settings.items():
            inner, _ = bare(setting.hint)
            if isinstance(inner, type) and attrs.has(inner) and name in settings_of(inner):
                return f"It stands under {outer}: write {outer}: {{{name}: …}}"
        return ""

    def build(self, place: Place, cls: type[Any], values: Mapping[str, Any], path: str) -> Any:
        """The class made of its values; what it complains about as a whole stands at `place`."""
        try:
            return cls(**values)
        except (ValueError, SettingsError) as problem:
            return self.report(place, path, str(problem))

    def part(self, node: Node, part: Part, path: str, *, name: str = "", in_list: bool = False) -> Any:
        """An entry of the part's class; a bare name is short for `{use: name}`, a spec may stand in its place."""
        if (isinstance(node, Scalar) and not node.is_null) or isinstance(node, Given):
            node = Table(node.place, {"use": Entry(node.place, node)})
        if isinstance(node, Refused):
            return BAD
        if not isinstance(node, Table):
            if self.partial and isinstance(node, Scalar):
                return None
            return self.report(node.place, path, f"names no {word(part.kind)}: write its name, or {{use: NAME}}")
        if self.partial:
            return None
        own = settings_of(part.entry)
        kernels = Table(node.place, {n: e for n, e in node.entries.items() if n in own})
        rest = Table(node.place, {n: e for n, e in node.entries.items() if n not in own and n not in ("use", "name")})
        values = self.values(kernels, own, path)
        found = self._spec(node, rest, part, path, (*own, "use", *(["name"] if in_list else [])))
        own_name = self._name(node, path, in_list)
        if found is BAD or values is BAD or own_name is BAD:
            return BAD
        use, spec, offer = found
        return part.entry(
            kind=part.kind,
            use=use,
            name=name or own_name or offer.name,
            spec=spec,
            provenance=offer,
            line=node.place.line,
            column=node.place.column,
            **values,
        )

    def _spec(self, node: Table, rest: Table, part: Part, path: str, own: tuple[str, ...]) -> Any:
        """(use, spec, offer) of a part."""
        use = node.get("use")
        if use is None or (isinstance(use, Scalar) and use.is_null):
            return self.report(node.place, path, f"names no {word(part.kind)}: write `use: NAME`")
        if isinstance(use, Given):
            for entry_name, entry in rest.entries.items():
                self.report(entry.place, joined(path, entry_name), "the part was given as an object: set this on it")
            return self._object(use, part, path) if not rest.entries else BAD
        if not isinstance(use, Scalar):
            return BAD if isinstance(use, Refused) else self.report(use.place, joined(path, "use"), "wants a name")
        try:
            offer = self.registry.find(part.kind, use.text)
            settings = settings_of(offer.spec)
            if clash := settings.keys() & {"name", *own}:
                raise PluginError(
                    f"{offer.title} of plugin {offer.plugin!r} has a setting named {min(clash)!r}, "
                    f"which the program itself reads here: its author must rename it"
                )
        except PluginError as problem:
            return self.report(use.place, path, str(problem), problem)
        values = self.values(rest, settings, path, also=own)
        if values is BAD:
            return BAD
        try:
            with blame(offer):
                spec = self.build(node.place, offer.spec, values, path)
        except PluginError as problem:
            return self.report(node.place, path, str(problem), problem)
        return BAD if spec is BAD else (use.text, spec, offer)

    def _object(self, node: Given, part: Part, path: str) -> Any:
        """(use, spec, offer) of a part given as an object."""
        spec, cls = node.value, type(node.value)
        methods = METHODS.get(part.kind, ())
        if inspect.isclass(spec):
            return self.report(node.place, path, f"wants an object, not the class: write {spec.__name__}(…)")
        for offer in self.registry.offers(part.kind):
            if offer.spec is cls:
                return offer.name, spec, offer
        if not any(callable(getattr(spec, method, None)) for method in ("build", *methods)):
            needs = " or ".join(f"{method}()" for method in methods)
            return self.report(
                node.place,
                path,
                f"wants a {word(part.kind)}: its name, its settings or an object with {needs}, not {an(cls.__name__)}",
            )
        use = f"python:{cls.__module__}.{cls.__qualname__}"
        return use, spec, Offer(part.kind, _snake(cls.__name__), cls, "python", "", "")

    def _name(self, node: Table, path: str, in_list: bool) -> Any:
        """A listed part's own name, "" where it has none; elsewhere a name is no setting."""
        own = node.entries.get("name")
        if own is None:
            return ""
        if not in_list:
            return self.report(own.place, joined(path, "name"), "unknown setting: only the parts of a list have names")
        return self._scalar(own.node, str, joined(path, "name"), LABEL.read)

    def _scalar(
        self, node: Node, wanted: Any, path: str, read: Callable[[str, bool], Any], bounds: Bounds = UNBOUNDED
    ) -> Any:
        if not isinstance(node, Scalar):
            return self._misfit(node, wanted, path)
        try:
            value = read(node.text, node.quoted)
        except ValueError as problem:
            return self.report(node.place, path, str(problem))
        value = self._resolved(value, node.text) if isinstance(value, Path) else value
        return self._within(node, wanted, value, path, bounds)

    def _resolved(self, path: Path, text: str) -> Path:
        if text.startswith("~/"):
            path = path.expanduser()
        elif self.folder is not None:
            path = self.folder / path
        self.written[path] = text
        return path

    def _items(self, node: Node, wanted: Any, item: Any, path: str, bounds: Bounds, *, distinct: bool) -> Any:
        if not isinstance(node, Items):
            return self._misfit(node, wanted, path)
        if (part := part_of(item)) is not None:
            return self._parts(node, part, path)
        values = [self.read(n, item, f"{path}[{i}]", bounds) for i, n in enumerate(node.items)]
        if distinct:
            if not values:
                return self.report(node.place, path, "is empty: it wants at least one")
            for i, value in enumerate(values):
                if value is not BAD and value in values[:i]:
                    values[i] = self.report(node.items[i].place, f"{path}[{i}]", f"{value} stands twice")
        return BAD if any(v is BAD for v in values) else tuple(values)

    def _parts(self, node: Items, part: Part, path: str) -> Any:
        entries, first = [], dict[str, Place]()
        for i, item in enumerate(node.items):
            title = name_in_list(item)
            entry = self.part(item, part, joined(path, title) if title else f"{path}[{i}]", in_list=True)
            if entry is not BAD and not self.partial:
                if entry.name in first:
                    line = f" (first in line {first[entry.name].line})" if first[entry.name].line else ""
                    text = f"two parts have this name{line}: give one a `name:` of its own"
                    entry = self.report(item.place, joined(path, entry.name), text)
                else:
                    first[entry.name] = item.place
            entries.append(entry)
        return BAD if any(e is BAD for e in entries) else tuple(entries)

    def _fixed(self, node: Node, wanted: Any, fixed: tuple[Any, ...], path: str) -> Any:
        if not isinstance(node, Items) or len(node.items) != len(fixed):
            return self._misfit(node, wanted, path)
        values = [self.read(n, t, f"{path}[{i}]") for i, (n, t) in enumerate(zip(node.items, fixed, strict=True))]
        return BAD if any(v is BAD for v in values) else tuple(values)

    def _mapping(self, node: Node, wanted: Any, value: Any, path: str) -> Any:
        if not isinstance(node, Table):
            return self._misfit(node, wanted, path)
        part, values = part_of(value), dict[str, Any]()
        for name, entry in node.entries.items():
            at = joined(path, name)
            if part is not None:
                label = self._scalar(Scalar(entry.place, name, True), str, at, LABEL.read)
                values[name] = BAD if label is BAD else self.part(entry.node, part, at, name=name)
            else:
                values[name] = self.read(entry.node, value, at)
        return BAD if any(v is BAD for v in values.values()) else values

    def _union(self, node: Node, wanted: Any, alternatives: tuple[Any, ...], path: str, bounds: Bounds) -> Any:
        """The first alternative that fits; text and paths last, for they take anything."""
        fitting = [a for a in alternatives if _has_shape(node, a)] or list(alternatives)
        if len(fitting) == 1 and (len(alternatives) == 1 or _has_shape(node, fitting[0])):
            return self.read(node, fitting[0], path, bounds)
        for alternative in sorted(fitting, key=lambda a: a in (str, Path)):
            trial = Reader(self.registry, [], folder=self.folder, partial=self.partial)
            value = trial.read(node, alternative, path)
            if value is not BAD:
                self.written.update(trial.written)
                return self._within(node, wanted, value, path, bounds)
        return self._misfit(node, wanted, path)

    def _given(self, node: Given, wanted: Any, path: str) -> Any:
        if wanted is Any or (inspect.isclass(wanted) and isinstance(node.value, wanted)):
            return node.value
        return self._misfit(node, wanted, path)

    def _within(self, node: Node, wanted: Any, value: Any, path: str, bounds: Bounds) -> Any:
        """The value, BAD when it is outside its bounds."""
        if isinstance(value, tuple):
            return value
        try:
            complaint = bounds.complaint(value)
        except TypeError:
            cause = PluginError(f"its bounds do not fit {words(wanted)}: its author must change them")
            return self.report(node.place, path, str(cause), cause)
        return self.report(node.place, path, complaint) if complaint else value

    def _misfit(self, node: Node, wanted: Any, path: str) -> Any:
        example = ""
        if item_of(wanted) is not None and isinstance(node, Scalar) and not re.search(r"[\s\[\]{},:#]", node.text):
            example = f": write [{node.text}]"
        return self.report(node.place, path, f"wants {words(wanted)}, not {shape(node)}{example}")


def _renamed(name: str, settings: Mapping[str, Setting]) -> str:
    """The setting that had this name before; empty where none had."""
    return next((new for new, setting in settings.items() if setting.bounds.was == name), "")


def name_in_list(node: Node) -> str | None:
    """What a listed part is called, read no further."""
    if isinstance(node, Table):
        own = node.get("name")
        node = own if isinstance(own, Scalar) else node.get("use") or node
    return node.text.rsplit(":", 1)[-1] if isinstance(node, Scalar) and not node.is_null else None


def _both(cause: type[PluginError]) -> type[SettingsError]:
    # whoever catches SettingsError gets the lines, whoever catches the plugin's error gets its exit code
    return type(cause.__name__, (SettingsError, cause), {"exit_code": cause.exit_code, "__doc__": cause.__doc__})


def _cut_number(name: str, node: Node) -> str:
    """The advice where a comma cut a number in two, as in {capital: 10,000}."""
    if name.isdigit() and isinstance(node, Scalar) and node.is_null:
        return "A comma ends a value: write thousands as 10000 or 10_000, decimals as 0.5"
    return ""


def _choice(text: str, choices: Mapping[str, Any]) -> Any:
    if text in choices:
        return choices[text]
    close = difflib.get_close_matches(text, choices, 1)
    hint = f". Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"wants {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}, not {shown(text)}{hint}")


def _has_shape(node: Node, wanted: Any) -> bool:
    inner, _ = bare(wanted)
    if part_of(wanted) is not None:
        return not isinstance(node, Items)
    if isinstance(node, Scalar):
        return kind_of(wanted) is not None or choices_of(inner) is not None
    if isinstance(node, Items):
        return item_of(wanted) is not None or items_of(wanted) is not None
    if isinstance(node, Table):
        return value_of(wanted) is not None or (attrs.has(inner) and kind_of(wanted) is None)
    return inspect.isclass(inner)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
