"""How sentences about settings say a type, a value, or a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import attrs

from fw.registry import word
from fw.settings.fields import arms, choices_of, item_of, items_of, kind_of, part_of, value_of
from fw.settings.scalars import shown
from fw.settings.tree import Given, Items, Node, Scalar


def words(hint: Any) -> str:
    """The type as a sentence has it: `a whole number`, `a list of paths`."""
    alternatives = arms(hint)
    if len(alternatives) > 1:
        return " or ".join("null" if a is type(None) else words(a) for a in alternatives)
    if kind := kind_of(hint):
        return kind.words
    if part := part_of(hint):
        return an(word(part.kind))
    if choices := choices_of(hint):
        return f"one of {', '.join(choices)}" if len(choices) > 1 else next(iter(choices))
    if (item := item_of(hint)) is not None:
        return f"a list of {_plural(words(item))}"
    if (items := items_of(hint)) is not None:
        return f"a list of {', '.join(map(words, items))}"
    if (value := value_of(hint)) is not None:
        return f"{_plural(words(value))} by name"
    return "settings" if attrs.has(hint) else getattr(hint, "__name__", str(hint))


def an(name: str) -> str:
    """A name with its article."""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def near(name: str, known: Iterable[str]) -> str:
    """The hint after an unknown name."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(names)}" if names else "There are none here"


def shape(node: Node) -> str:
    """What stands at a node."""
    match node:
        case Scalar():
            return shown(node.text, node.quoted)
        case Items():
            return f"a list of {len(node.items)}"
        case Given():
            return an(type(node.value).__name__)
    return "settings (name: value)"


def _plural(phrase: str) -> str:
    single = phrase.removeprefix("a ").removeprefix("an ")
    if " or " in single or single.startswith(("one of", "list", "number of")):
        return f"({phrase})"
    return single if single in ("settings", "text") else f"{single}s"
