"""A settings class as rows of words, for `fw parts` and the tables of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from fw.setting import Bounds
from fw.settings.fields import Setting, arms, settings_of
from fw.settings.plain import plain
from fw.settings.strategy import DEFAULTS, StrategyFile
from fw.settings.words import words


@attrs.frozen
class Row:
    """One setting in words; `default` is empty where it must be given."""

    name: str
    type: str
    default: str
    bounds: str
    help: str


def describe(cls: type[Any], prefix: str = "") -> tuple[Row, ...]:
    """A row a setting, in the order of the class; nested settings follow under their path."""
    rows: list[Row] = []
    for setting in settings_of(cls).values():
        row = _row(
            setting, prefix, DEFAULTS.get(setting.name, setting.default) if cls is StrategyFile else setting.default
        )
        nested = [arm for arm in arms(setting.hint) if isinstance(arm, type) and words(arm) == "settings"]
        if nested and row.default:
            row = attrs.evolve(row, default="{}" if setting.default is not None else "null")
        rows.append(row)
        for arm in nested:
            rows += describe(arm, f"{row.name}.")
    return tuple(rows)


def _row(setting: Setting, prefix: str, default: Any) -> Row:
    return Row(
        name=f"{prefix}{setting.name}",
        type=words(setting.hint),
        default="" if default is attrs.NOTHING else in_yaml(plain(default, {}, setting.hint)),
        bounds=bounds_in_words(setting.bounds),
        help=setting.bounds.help,
    )


def bounds_in_words(bounds: Bounds) -> str:
    """`≥ 1, < 2`, or the choices."""
    signs = (("≥", bounds.ge), (">", bounds.gt), ("≤", bounds.le), ("<", bounds.lt))
    said = [f"{sign} {bound:.15g}" for sign, bound in signs if bound is not None]
    if bounds.choices is not None:
        said.append("one of " + ", ".join(map(str, bounds.choices)))
    return ", ".join(said)


def in_yaml(value: Any) -> str:
    """Plain data as one would write it in a strategy file, in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{int(value)}" if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {in_yaml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_yaml, value)) + "]"
    return str(value) or '""'
