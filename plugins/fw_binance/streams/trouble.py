"""Which instruments' data cannot be relied on just now, and why; said once when it begins and once when it is over."""

from __future__ import annotations

from collections.abc import Iterable

import attrs


@attrs.define
class Trouble:
    """Mutable: it remembers every cause until that is over."""

    _causes: dict[str, dict[str, str]] = attrs.field(factory=dict)

    def begins(self, instruments: Iterable[str], cause: str, reason: str) -> tuple[str, ...]:
        """Note a reason; the instruments that had none before."""
        fresh = []
        for instrument in instruments:
            causes = self._causes.setdefault(instrument, {})
            if not causes:
                fresh.append(instrument)
            causes[cause] = reason
        return tuple(fresh)

    def ends(self, instruments: Iterable[str], cause: str) -> tuple[str, ...]:
        """The cause is over; the instruments that have no other."""
        free = []
        for instrument in instruments:
            causes = self._causes.get(instrument, {})
            if causes.pop(cause, None) is not None and not causes:
                free.append(instrument)
        return tuple(free)

    def of(self, instrument: str) -> tuple[str, ...]:
        """The reasons in force."""
        return tuple(self._causes.get(instrument, {}).values())
