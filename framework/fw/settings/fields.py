"""What the fields of a settings class say: name, type, bounds, default; for the reader, the schema and the tables."""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union

import attrs

from fw.errors import PluginError
from fw.setting import Bounds, bounds_of
from fw.settings.scalars import SCALARS, Kind

Answer = TypeVar("Answer")

ABOUT = {"fw.about": True}
"""Metadata of a field that tells about the settings and is no setting itself."""


@attrs.frozen(eq=False)
class Setting:
    """One field that a file may set."""

    name: str
    hint: Any
    bounds: Bounds
    attribute: attrs.Attribute[Any]

    @property
    def is_required(self) -> bool:
        return self.attribute.default is attrs.NOTHING

    @property
    def default(self) -> Any:
        """The default, from its factory where it has one; NOTHING where there is none or it needs the instance."""
        default: Any = self.attribute.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            return attrs.NOTHING if default.takes_self else default.factory()
        return default


@attrs.frozen(eq=False)
class Part:
    """Marks a type as a part of a kind: `Annotated[PartEntry, Part("sizer", PartEntry)]`."""

    kind: str
    entry: type[Any]


class Distinct:
    """Marks a list that must hold something, and nothing twice."""


def settings_of(cls: Any) -> Mapping[str, Setting]:
    """The settings of an attrs class by name, none for another class; PluginError where a type cannot be resolved."""
    return _settings_of(cls)


@functools.cache
def _settings_of(cls: Any) -> Mapping[str, Setting]:
    if not attrs.has(cls):
        return types.MappingProxyType({})
    fields = [f for f in attrs.fields(cls) if f.init and not f.metadata.get("fw.about")]
    hints = _hints(cls, [f.name for f in fields])
    return types.MappingProxyType(
        {f.alias or f.name: Setting(f.alias or f.name, hints.get(f.name, Any), bounds_of(f), f) for f in fields}
    )


def _hints(cls: type[Any], names: list[str]) -> dict[str, Any]:
    """The types of the fields named; other annotations may name what is imported for type checkers only."""
    try:
        return typing.get_type_hints(cls, include_extras=True)
    except NameError:
        pass
    found: dict[str, Any] = {}
    for name in names:
        home = next(c for c in cls.__mro__ if name in inspect.get_annotations(c))
        alone = type(cls.__name__, (), {"__annotations__": {name: inspect.get_annotations(home)[name]}})
        scope = vars(sys.modules[home.__module__]) if home.__module__ in sys.modules else {}
        try:
            found[name] = typing.get_type_hints(alone, globalns=scope, include_extras=True)[name]
        except NameError as problem:
            raise PluginError(
                f"the type of {cls.__name__}.{name} is unknown at run time ({problem}): import it outside TYPE_CHECKING"
            ) from None
    return found


def _once(look: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Look at each type once; by identity, for `int | float` equals `float | int`, which is read otherwise."""
    known: dict[int, tuple[Any, Answer]] = {}

    @functools.wraps(look)
    def looked(hint: Any) -> Answer:
        found = known.get(id(hint))
        if found is None:
            found = known[id(hint)] = hint, look(hint)  # a type that is kept shares its id with no other
        return found[1]

    return looked


@_once
def bare(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without its `Annotated`, and what that said."""
    if typing.get_origin(hint) is Annotated:
        inner, *said = typing.get_args(hint)
        return inner, tuple(said)
    return hint, ()


@_once
def kind_of(hint: Any) -> Kind | None:
    """How values of this type are read from one text; None for lists, settings and parts."""
    inner, said = bare(hint)
    for note in said:
        if isinstance(note, Kind):
            return note
    try:
        return SCALARS.get(inner)
    except TypeError:  # an unhashable type
        return None


@_once
def part_of(hint: Any) -> Part | None:
    """The part a type is marked as."""
    return next((note for note in bare(hint)[1] if isinstance(note, Part)), None)


@_once
def arms(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union, the type itself where it is none."""
    return typing.get_args(hint) if typing.get_origin(hint) in (Union, types.UnionType) else (hint,)


@_once
def choices_of(hint: Any) -> dict[str, Any] | None:
    """The values of a Literal by their text, None for another type."""
    if typing.get_origin(hint) is not Literal:
        return None
    return {str(v).lower() if isinstance(v, bool) else str(v): v for v in typing.get_args(hint)}


@_once
def item_of(hint: Any) -> Any:
    """What a `tuple[X, ...]` or `list[X]` holds, None for another type."""
    inner, _ = bare(hint)
    args = typing.get_args(inner)
    if typing.get_origin(inner) is tuple and len(args) == 2 and args[1] is Ellipsis:
        return args[0]
    if typing.get_origin(inner) in (list, typing.get_origin(typing.Sequence[int])) and args:
        return args[0]
    return None


@_once
def items_of(hint: Any) -> tuple[Any, ...] | None:
    """The types in a tuple of fixed length, None for another type."""
    inner, _ = bare(hint)
    return typing.get_args(inner) if typing.get_origin(inner) is tuple and item_of(hint) is None else None


@_once
def value_of(hint: Any) -> Any:
    """What a `Mapping[str, X]` holds, None for another type."""
    inner, _ = bare(hint)
    args = typing.get_args(inner)
    if typing.get_origin(inner) in (dict, typing.get_origin(typing.Mapping[str, int])) and args and args[0] is str:
        return args[1]
    return None
