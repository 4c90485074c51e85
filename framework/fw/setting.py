"""One field of a part's settings: its default, bounds, choices and help, said once for reader, schema and docs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import attrs

METADATA_KEY = "fw"
REQUIRED = attrs.NOTHING


@attrs.frozen
class Bounds:
    """What a setting's value must satisfy; `None` means no such bound."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    choices: tuple[Any, ...] | None = None
    help: str = ""
    was: str = ""
    """The name it had before; empty where it had none."""

    def complaint(self, value: Any) -> str | None:
        """Say what is wrong with `value`, or None when nothing is."""
        if self.choices is not None and value not in self.choices:
            return f"wants one of {', '.join(map(str, self.choices))}, not {value!r}"
        for bound, holds, words in (
            (self.ge, operator.ge, "at least"),
            (self.gt, operator.gt, "more than"),
            (self.le, operator.le, "at most"),
            (self.lt, operator.lt, "less than"),
        ):
            if bound is not None and not holds(value, bound):
                return f"must be {words} {bound:.15g}, not {value:.15g}"
        return None


def setting(
    default: Any = REQUIRED,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: Sequence[Any] | None = None,
    help: str = "",
    was: str = "",
    factory: Callable[[], Any] | None = None,
    converter: Callable[[Any], Any] | None = None,
) -> Any:
    """Declare one setting of a spec class; bounds apply to each item where the value is a tuple.

    A renamed setting says what it `was`: files with the old name still run, and the notes of the run ask to change it.
    Keep it for one minor release. Raises ValueError, when the spec is built, for a value outside the bounds.
    """
    allowed = tuple(choices) if choices is not None else None
    bounds = Bounds(ge=ge, gt=gt, le=le, lt=lt, choices=allowed, help=help, was=was)
    is_bound = any(bound is not None for bound in (ge, gt, le, lt, allowed))

    def validate(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        for item in value if isinstance(value, tuple) else (value,):
            complaint = None if item is None else bounds.complaint(item)
            if complaint:
                raise ValueError(complaint)

    kwargs: dict[str, Any] = {"factory": factory} if factory is not None else {"default": default}
    return attrs.field(
        validator=validate if is_bound else None, metadata={METADATA_KEY: bounds}, converter=converter, **kwargs
    )


def bounds_of(attribute: attrs.Attribute[Any]) -> Bounds:
    """The bounds and help of a spec's field; empty ones where it was declared without `setting`."""
    found = attribute.metadata.get(METADATA_KEY)
    return found if isinstance(found, Bounds) else Bounds()
