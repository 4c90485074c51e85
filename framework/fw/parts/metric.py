"""Numbers measured on a finished run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

if TYPE_CHECKING:
    from fw.domain.result import Result


@attrs.frozen
class Unmeasured:
    """A number that does not exist for this run, with the reason; shown as a dash, never as NaN."""

    reason: str
    """Such as `no trades`."""


Value = float | int | Unmeasured


@runtime_checkable
class Metric(Protocol):
    """One number; its class docstring is the written definition."""

    @property
    def unit(self) -> str:
        """ratio, percent (held as a share: 0.12 is 12 %), money, count or duration (ns)."""
        ...

    def measure(self, result: Result) -> Value:
        """The number, or why there is none."""
        ...
