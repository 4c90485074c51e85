"""One thing the doctor looked at: fine, worth knowing, or wrong, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import attrs

from fw.registry import one_line

State = Literal["ok", "note", "problem"]


@attrs.frozen(kw_only=True)
class Finding:
    """One line of the doctor's."""

    section: str
    """What it belongs to: environment, libraries, extras, plugins, cache, workspace, clock or machine."""
    title: str
    """What was looked at."""
    state: State = "ok"
    text: str = ""
    """What was seen."""
    mend: str = ""
    """The command that mends it, or what else to do; empty where nothing has to be done."""
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    """The same as numbers and texts, for programs."""

    def plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return attrs.asdict(self)


def looked_at(section: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What one look found; where it breaks, that is a finding too, and the others still stand."""
    try:
        return list(look())
    except Exception as error:  # a doctor that falls ill helps nobody, whatever it was
        text = f"cannot be looked at: {one_line(error)}"
        return [Finding(section=section, title=section, state="problem", text=text)]


def size(count: float) -> str:
    """`3.2 MB`: bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def plural(count: int, word: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count:,} {word}{'s' * (count != 1)}"
