"""Settings as plain data again: numbers, texts, lists and mappings that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from fw.domain.time import BarSize, Duration, Length, format_time
from fw.errors import PluginError
from fw.settings.fields import arms, item_of, kind_of, settings_of, value_of
from fw.settings.scalars import TIME
from fw.settings.strategy import PartEntry, StrategyFile


def plain_default(name: str) -> Any:
    """What the file means where it does not set this."""
    setting = settings_of(StrategyFile)[name]
    return plain(setting.default, {}, setting.hint)


def plain(value: Any, written: Mapping[Path, str], hint: Any = None) -> Any:
    """One value; `hint` tells times from other whole numbers."""
    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int) and any(kind_of(arm) is TIME for arm in arms(hint)):
        return format_time(value).replace(" ", "T") + "Z"
    if isinstance(value, int):
        return value
    if isinstance(value, Path):
        return written.get(value, value.as_posix())
    if isinstance(value, Duration | BarSize | Length):
        return str(value) if getattr(value, "bars", None) is None else value.bars  # type: ignore[union-attr]
    if isinstance(value, PartEntry):
        return _plain_entry(value, written)
    if isinstance(value, Mapping):
        return {str(name): plain(item, written, value_of(hint)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, written, item_of(hint)) for item in value]
    if attrs.has(type(value)) and has_settings(type(value)):
        return plain_settings(value, written)
    item = getattr(value, "item", None)  # numpy's scalars
    if callable(item) and getattr(value, "shape", None) == ():
        return plain(item(), written)
    return f"{type(value).__module__}.{type(value).__qualname__}"


def has_settings(cls: type[Any]) -> bool:
    """Whether the fields of an attrs class can be written as settings; an object in a part may hold anything."""
    try:
        settings_of(cls)
    except PluginError:
        return False
    return True


def plain_settings(spec: Any, written: Mapping[Path, str]) -> dict[str, Any]:
    """The settings of an object; of one that is no settings class, its public attributes."""
    if attrs.has(type(spec)):
        return {
            name: plain(getattr(spec, setting.attribute.name), written, setting.hint)
            for name, setting in settings_of(type(spec)).items()
        }
    return {name: plain(value, written) for name, value in getattr(spec, "__dict__", {}).items() if name[0] != "_"}


def _plain_entry(entry: PartEntry, written: Mapping[Path, str]) -> dict[str, Any]:
    data: dict[str, Any] = {"use": entry.use}
    if entry.name != entry.provenance.name and entry.kind != "model":
        data["name"] = entry.name
    own = settings_of(type(entry))
    data |= {name: plain(getattr(entry, name), written, setting.hint) for name, setting in own.items()}
    return data | plain_settings(entry.spec, written)
