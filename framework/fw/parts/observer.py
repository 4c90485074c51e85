"""Fed the event kinds it declares; never blocks, never decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from fw.domain.event import Event


@runtime_checkable
class Observer(Protocol):
    """Watches a run."""

    @property
    def kinds(self) -> tuple[type, ...]:
        """Event classes it wants; none is built that nobody wants."""
        ...

    def notice(self, event: Event) -> None:
        """Take one event."""
        ...
