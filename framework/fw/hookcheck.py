"""Looks at a plugin's functions before they are registered, and says what is wrong with each in one sentence."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import attrs

from fw.hookspecs import GROUP, KINDS, Hooks
from fw.registry import nearest

HOOKS = tuple(name for name in vars(Hooks) if name.startswith("fw_"))
PART_NAME = re.compile(r"[A-Za-z_][\w-]*")


def inspect_hooks(module: Any) -> tuple[set[str], list[str]]:
    """The hooks that can be registered, and a sentence for each that cannot."""
    good, mistakes = set(), []
    for attribute in dir(module):
        value = inspect.getattr_static(module, attribute, None)
        try:
            marks = getattr(value, f"{GROUP}_impl", None)
        except Exception:  # an object that does not like to be looked at is no hook
            continue
        if not isinstance(marks, dict):
            if attribute in HOOKS and callable(value):
                mistakes.append(f"has {attribute}, which is not marked with @fw.hookimpl, so nothing calls it")
            continue
        hook = marks.get("specname") or attribute
        if hook not in HOOKS:
            if not marks.get("optionalhook"):
                close = nearest(hook, HOOKS)
                mistakes.append(f"has {hook}, which is no hook" + (f". Did you mean {close}?" if close else ""))
        elif surplus := _surplus_arguments(getattr(module, attribute), hook):
            takes = ", ".join(_arguments(hook)) or "no argument"
            mistakes.append(f"has {hook}({', '.join(surplus)}); the hook gives {takes}")
        elif hook in KINDS.values() and (marks.get("wrapper") or marks.get("hookwrapper")):
            mistakes.append(f"wraps {hook}, which offers parts and cannot be wrapped")
        else:
            good.add(hook)
    return good, mistakes


def not_a_spec(name: Any, spec: Any) -> str | None:
    """What keeps this entry of a part hook's mapping from being a part; None when nothing does."""
    if not isinstance(name, str) or not PART_NAME.fullmatch(name):
        return f"offers {name!r}, which cannot be a part's name: letters, digits, _ and - only"
    if not isinstance(spec, type):
        return f"must give a class for {name!r}, not {what(spec)}"
    # attrs has no question for this before 25.4; the name of its guard has been the same since 20.1
    if not attrs.has(spec) or spec.__setattr__.__name__ != "_frozen_setattrs":
        return f"gives {spec.__name__} for {name!r}, which is not a class marked with @attrs.frozen"
    return None


def what(value: Any) -> str:
    """A value's kind, for the end of a sentence."""
    return "None" if value is None else f"a {type(value).__name__}"


def _arguments(hook: str) -> list[str]:
    return list(inspect.signature(getattr(Hooks, hook)).parameters)[1:]


def _surplus_arguments(function: Callable[..., Any], hook: str) -> list[str]:
    """Arguments the hook does not give; one with a default does no harm."""
    given = _arguments(hook)
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and (name not in given or parameter.kind is parameter.KEYWORD_ONLY)
    ]
