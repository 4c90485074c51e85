"""The JSON Schema of strategy.yaml for the installed plugins, so that editors complete and check it.

It is drawn from the same fields the reader reads. What a schema cannot say (names that must differ, `end` after
`start`, what a settings class checks as a whole) is left to the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from fw.errors import PluginError
from fw.registry import Offer, Registry, word
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
from fw.settings.merge import may_be_empty
from fw.settings.plain import plain
from fw.settings.scalars import LABEL
from fw.settings.strategy import DEFAULTS, StrategyFile
from fw.settings.words import an

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(registry: Registry) -> dict[str, Any]:
    """The whole schema; one arm per installed part, bare names too."""
    settings = settings_of(StrategyFile)
    parts = {part.kind: part for setting in settings.values() if (part := _part_in(setting.hint))}
    properties = {name: _property(setting) for name, setting in settings.items()}
    for name in filter(may_be_empty, settings):
        properties[name] |= {"type": [properties[name]["type"], "null"]}
    for name, default in DEFAULTS.items():
        properties[name] |= {"default": default}
        if isinstance(default, str):
            properties[name] = {"anyOf": [properties[name], _without_use(registry, parts[name], default)]}
    properties["profiles"] = {
        "description": "other settings by profile name, merged over these: --profile NAME; null removes",
        "type": ["object", "null"],
        "additionalProperties": {"type": ["object", "null"], "propertyNames": {"enum": list(settings)}},
    }
    return {
        "$schema": DIALECT,
        "title": "strategy.yaml",
        "description": _first_line(StrategyFile),
        "type": "object",
        "properties": properties,
        "required": [name for name, setting in settings.items() if setting.is_required and name not in DEFAULTS],
        "additionalProperties": False,
        "$defs": {kind: _kind(registry, part) for kind, part in parts.items()},
    }


def _kind(registry: Registry, part: Part) -> dict[str, Any]:
    """What may stand where a part of this kind is wanted."""
    offers = registry.offers(part.kind)
    alternatives = [_arm(registry, offer, part) for offer in offers]
    pairs = zip(offers, alternatives, strict=True)
    bare_names = sorted(
        {name for offer, arm in pairs if arm["required"] == ["use"] for name in _names(registry, offer)}
    )
    return {"description": an(word(part.kind)), "anyOf": [{"enum": bare_names}, *alternatives]}


def _arm(registry: Registry, offer: Offer, part: Part) -> dict[str, Any]:
    """The settings of one part, those the program itself reads included."""
    arm = _settings(offer.spec)
    own = {name: _property(setting) for name, setting in settings_of(part.entry).items()}
    use = {"enum": _names(registry, offer), "description": offer.summary}
    listed = (
        {"name": {**LABEL.schema, "description": "what columns and --set call it"}} if _is_listed(part.kind) else {}
    )
    return {
        "title": offer.qualified,
        **arm,
        "properties": {"use": use, **listed, **own, **arm["properties"]},
        "required": ["use", *arm["required"]],
    }


def _without_use(registry: Registry, part: Part, default: str) -> dict[str, Any]:
    """The settings of the part that is taken where none is named."""
    offer = next((o for o in registry.offers(part.kind) if default in _names(registry, o)), None)
    if offer is None:
        return {"not": {}}
    arm = _arm(registry, offer, part)
    properties = {name: value for name, value in arm["properties"].items() if name != "use"}
    return {**arm, "properties": properties, "required": [name for name in arm["required"] if name != "use"]}


def _names(registry: Registry, offer: Offer) -> list[str]:
    alone = sum(other.name == offer.name for other in registry.offers(offer.kind)) == 1
    return [offer.name, offer.qualified] if alone else [offer.qualified]


def _settings(cls: type[Any]) -> dict[str, Any]:
    try:
        settings = settings_of(cls)
    except PluginError:  # the reader tells whoever uses this part; the schema of the others is still wanted
        return {"not": {}, "properties": {}, "required": []}
    return {
        "description": _first_line(cls),
        "type": "object",
        "properties": {name: _property(setting) for name, setting in settings.items()} | _renamed(settings),
        "required": [name for name, setting in settings.items() if setting.is_required and not setting.bounds.was],
        "additionalProperties": False,
    }


def _renamed(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Settings under the names they had before, which editors strike through."""
    return {
        setting.bounds.was: {**_property(setting), "description": f"called {name} now", "deprecated": True}
        for name, setting in settings.items()
        if setting.bounds.was
    }


def _property(setting: Setting) -> dict[str, Any]:
    said = _type(setting.hint, setting.bounds)
    if setting.bounds.help:
        said = {"description": setting.bounds.help, **said}
    default = setting.default
    if default is not attrs.NOTHING and _part_in(setting.hint) is None:
        said["default"] = plain(default, {}, setting.hint)
    return said


def _type(hint: Any, bounds: Bounds) -> dict[str, Any]:
    inner, said = bare(hint)
    if (part := part_of(hint)) is not None:
        return {"$ref": f"#/$defs/{part.kind}"}
    alternatives = arms(inner)
    if len(alternatives) > 1:
        return {"anyOf": [_type(arm, bounds) for arm in alternatives]}
    if inner is type(None):
        return {"type": "null"}
    if (kind := kind_of(hint)) is not None:
        return {**kind.schema, **_bounds(bounds)}
    if (choices := choices_of(inner)) is not None:
        return {"enum": list(choices.values())}
    if (item := item_of(inner)) is not None:
        distinct = {"minItems": 1, "uniqueItems": True} if Distinct in said else {}
        return {"type": "array", "items": _type(item, bounds), **distinct}
    if (fixed := items_of(inner)) is not None:
        items = [_type(item, bounds) for item in fixed]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if (value := value_of(inner)) is not None:
        names = {"propertyNames": {"pattern": LABEL.schema["pattern"]}} if part_of(value) else {}
        return {"type": "object", "additionalProperties": _type(value, Bounds()), **names}
    return _settings(inner) if attrs.has(inner) else {"not": {}}


def _bounds(bounds: Bounds) -> Mapping[str, Any]:
    words = {
        "minimum": bounds.ge,
        "exclusiveMinimum": bounds.gt,
        "maximum": bounds.le,
        "exclusiveMaximum": bounds.lt,
        "enum": None if bounds.choices is None else [plain(choice, {}) for choice in bounds.choices],
    }
    return {name: value for name, value in words.items() if value is not None}


def _part_in(hint: Any) -> Part | None:
    """The kind of part a setting holds: one, a list or a mapping of them."""
    return part_of(hint) or part_of(item_of(hint)) or part_of(value_of(hint))


def _is_listed(kind: str) -> bool:
    holders = (part_of(item_of(setting.hint)) for setting in settings_of(StrategyFile).values())
    return any(part is not None and part.kind == kind for part in holders)


def _first_line(cls: type[Any]) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]
