"""Lays settings over settings: defaults under the file, a profile over it, then variables, then `--set`.

A profile is merged key by key: lists are replaced, null removes, and a mapping whose `use` or `live` changes is
replaced whole, for the old part's settings mean nothing to the new one. A variable or `--set` writes one value at one
path; parts in lists are addressed by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs

from fw.errors import Problem
from fw.settings.fields import item_of, part_of, settings_of, value_of
from fw.settings.reader import name_in_list
from fw.settings.secrets import ADVICE, looks_secret, names_a_secret
from fw.settings.strategy import DEFAULTS, StrategyFile
from fw.settings.tree import (
    Entry,
    Items,
    Node,
    Place,
    Refused,
    Scalar,
    Table,
    from_python,
    from_yaml,
    is_secret,
    listed,
)
from fw.settings.words import near

PREFIX = "FW__"
MOST_KNOWN = 4096
"""Overrides whose reading is remembered."""
Path = tuple[str, ...]


def is_part(path: Path) -> bool:
    """Whether a part stands at this path, so that a bare name there is short for `{use: name}`."""
    fields = settings_of(StrategyFile)
    if not path or path[0] not in fields:
        return False
    hint = fields[path[0]].hint
    if part_of(hint) is not None:
        return len(path) == 1
    return len(path) == 2 and (part_of(item_of(hint)) or part_of(value_of(hint))) is not None


def with_defaults(root: Table) -> Table:
    """The settings with the parts they need not name; an empty list or mapping is as good as none."""
    empty = [name for name, entry in root.entries.items() if may_be_empty(name) and _is_null(entry.node)]
    if empty:
        root = attrs.evolve(root, entries={name: e for name, e in root.entries.items() if name not in empty})
    for name, default in DEFAULTS.items():
        given = root.get(name)
        if given is None:
            node = from_python(default, root.place.file, [])
            root = root.with_entry(name, Entry(node.place, node))
        elif isinstance(given, Table) and "use" not in given.entries and isinstance(default, str):
            use = Entry(given.place, Scalar(given.place, default))
            root = root.with_entry(name, Entry(root.entries[name].place, given.with_entry("use", use)))
    return root


@lru_cache(maxsize=MOST_KNOWN)
def may_be_empty(name: str) -> bool:
    """Whether a setting at the top is a list or a mapping that need not be given: `risk:` with nothing under it."""
    setting = settings_of(StrategyFile).get(name)
    return (
        setting is not None
        and not setting.is_required
        and (item_of(setting.hint) is not None or value_of(setting.hint) is not None)
    )


def merged(base: Node | None, over: Node, path: Path = ()) -> Node:
    """A profile's value laid over the file's."""
    if is_part(path):
        base, over = base and _as_table(base), _as_table(over)
    if not isinstance(over, Table):
        return over
    if not isinstance(base, Table) or _is_another(base, over):
        base = Table(over.place, {})
    entries = dict(base.entries)
    for name, entry in over.entries.items():
        if _is_null(entry.node):
            entries.pop(name, None)
        else:
            entries[name] = Entry(entry.place, merged(base.get(name), entry.node, (*path, name)))
    return attrs.evolve(base, entries=entries)


def with_environment(root: Table, environ: Mapping[str, str], problems: list[Problem]) -> Table:
    """Every `FW__A__B=value` written over the settings, matched in any case."""
    names = [name for name in environ if name.startswith(PREFIX)]
    # `use` first: writing it drops the settings of the part that was there
    for name in sorted(names, key=lambda n: (not n.endswith("__USE"), n)):
        path = tuple(name[len(PREFIX) :].lower().split("__"))
        if not all(path):
            problems.append(
                Place(name).problem("", f"wants names joined by two underscores, like {PREFIX}STRATEGY__FAST")
            )
            continue
        root = _written(root, path, environ[name], Place(name), problems, _loosely)
    return root


def with_overrides(root: Table, overrides: Sequence[str], problems: list[Problem]) -> Table:
    """Every `path=value` of `--set` written over the settings, in order."""
    for override in overrides:
        read = _override(override)
        problems += read.problems
        if read.node is not None:
            root = _put_at(root, read.path, read.node, read.place, problems, _exactly)
    return root


@attrs.frozen
class _Override:
    """One `path=value` as it was read; no node where nothing is to be written."""

    path: Path
    place: Place
    node: Node | None
    problems: tuple[Problem, ...]


@lru_cache(maxsize=MOST_KNOWN)
def _override(text: str) -> _Override:
    """It depends on the text alone, and the combinations of a sweep write the same ones again and again."""
    path, equals, value = text.partition("=")
    names = tuple(path.strip().split("."))
    place = Place(f"--set {_shown(path, value) if equals else _shown(path)}")
    problems: list[Problem] = []
    node = None
    if not equals or not all(names):
        problems.append(place.problem("", "wants PATH=VALUE, like strategy.fast=5"))
    elif any(map(looks_secret, names)):
        problems.append(place.problem("", f"looks like a secret key: {ADVICE}"))
    else:
        node = _value_at(names, value, place, problems)
    return _Override(names, place, node, tuple(problems))


def _shown(path: str, text: str | None = None) -> str:
    """An override as problems repeat it: never with a secret."""
    names = path.split(".")
    if any(map(looks_secret, names)):
        return "…"
    said = (re.match(r"[\w.-]*", path) or [""])[0]
    found: list[Problem] = []
    node = None if text is None else from_yaml(text, "", found)
    if text is None or names_a_secret(names[-1]) or isinstance(node, Refused) or found:
        return said[:80]
    return f"{said}={text}" if len(path) + len(text) <= 80 else f"{said}={text}"[:77] + "..."


Match = Callable[[str, Sequence[str]], str | None]


def _exactly(name: str, known: Sequence[str]) -> str | None:
    return name if name in known else None


def _loosely(name: str, known: Sequence[str]) -> str | None:
    # names of variables have neither lower case nor hyphens
    return next((k for k in known if k.lower().replace("-", "_") == name), None)


class _NoSuchPlace(Exception):
    """Nothing can be written at this path."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path


def _written(root: Table, path: Path, text: str, place: Place, problems: list[Problem], match: Match) -> Table:
    """The settings with one value, as text, written at a path; problems are told of `place`."""
    node = _value_at(path, text, place, problems)
    return root if node is None else _put_at(root, path, node, place, problems, match)


def _value_at(path: Path, text: str, place: Place, problems: list[Problem]) -> Node | None:
    """The value that is to be written at a path; None where none may be."""
    where = ".".join(path)
    if path[0] == "profiles":
        problems.append(place.problem(where, "profiles stand in the file; choose one with --profile"))
        return None
    node = from_yaml(text, place.file, problems, at=place, path=where) or Scalar(place, "")
    if is_secret(path[-1], node):
        problems.append(place.problem(where, ADVICE))
        return None
    return node


def _put_at(root: Table, path: Path, node: Node, place: Place, problems: list[Problem], match: Match) -> Table:
    """The settings with one value at a path."""
    try:
        new = _put(root, path, node, (), match)
    except _NoSuchPlace as problem:
        problems.append(place.problem(".".join(problem.path), str(problem)))
        return root
    assert isinstance(new, Table)
    return new


def _put(node: Node | None, names: Path, value: Node, at: Path, match: Match) -> Node:
    """A node with `value` at `names` below it; `at` is the node's own path."""
    if not names:
        return value
    if is_part(at):
        node = node and _as_table(node)
    if isinstance(node, Items):
        return _put_in_list(node, names, value, at, match)
    if node is None or _is_null(node):
        if _is_list_of_parts(at):
            raise _NoSuchPlace(at, f"names no part {names[0]!r}: set the list, as in {at[0]}=[{names[0]}]")
        node = Table(value.place, {})
    if isinstance(node, Refused):
        return node
    if not isinstance(node, Table):
        raise _NoSuchPlace((*at, names[0]), f"cannot be set: {'.'.join(at)} is one value, not settings")
    name = match(names[0], list(node.entries)) or names[0]
    if names == ("use",) and is_part(at) and _is_another(node, Table(value.place, {"use": Entry(value.place, value)})):
        kept = {n: e for n, e in node.entries.items() if n == "name"}
        return Table(value.place, {"use": Entry(value.place, value), **kept})
    old = node.entries.get(name)
    new = _put(old.node if old else None, names[1:], value, (*at, name), match)
    return node.with_entry(name, Entry(old.place if old and len(names) > 1 else value.place, new))


def _put_in_list(node: Items, names: Path, value: Node, at: Path, match: Match) -> Node:
    where = ".".join(at)
    if not _is_list_of_parts(at):
        raise _NoSuchPlace((*at, names[0]), f"cannot be set: {where} is a list; set it whole, as in {where}=[…]")
    known = [name_in_list(item) or "" for item in listed(node)]
    name = match(names[0], known)
    if name is None:
        raise _NoSuchPlace((*at, names[0]), f"no part in {where} has this name. {near(names[0], filter(None, known))}")
    index = known.index(name)
    new = _put(node.items[index], names[1:], value, (*at, name), match)
    return attrs.evolve(node, items=(*node.items[:index], new, *node.items[index + 1 :]))


def _is_list_of_parts(path: Path) -> bool:
    fields = settings_of(StrategyFile)
    return len(path) == 1 and path[0] in fields and part_of(item_of(fields[path[0]].hint)) is not None


def _as_table(node: Node) -> Node:
    if isinstance(node, Scalar) and not node.is_null:
        return Table(node.place, {"use": Entry(node.place, node)})
    return node


def _is_another(base: Table, over: Table) -> bool:
    """Whether `use` or `live` changes."""
    use, live = over.get("use"), over.get("live")
    return (use is not None and _text(use) != _text(base.get("use"))) or (
        live is not None and (_text(live) or "false").lower() != (_text(base.get("live")) or "false").lower()
    )


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def _text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def as_override(path: str, value: Any) -> str:
    """A setting and its value in Python, as --set writes them: `strategy.fast=5`."""
    return f"{path}={_as_text(value)}"


def _as_text(value: Any) -> str:
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():  # numpy's scalars
        value = item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_as_text, value)) + "]"
    return "null" if value is None else str(value)
