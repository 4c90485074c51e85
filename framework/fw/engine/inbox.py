"""Where the facts of a run go: to its journal, where it keeps one, and to the observers that asked for their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fw.registry import one_line

if TYPE_CHECKING:
    from fw.domain.event import Event
    from fw.engine.assemble import Live
    from fw.engine.journal import Journal


class Inbox:
    """Facts on their way to the journal and the observers; kinds nobody wants are not built. Mutable: a queue."""

    def __init__(self, observers: tuple[Live, ...], log: Any = None, journal: Journal | None = None) -> None:
        self._observers = observers
        self._log = log
        self._journal = journal
        kept = () if journal is None else journal.kinds
        self.kinds = (*kept, *(kind for live in observers for kind in live.part.kinds))

    def wants(self, kind: type) -> bool:
        """Whether the journal keeps events of this kind, or any observer asked for them."""
        return any(issubclass(kind, wanted) for wanted in self.kinds)

    def put(self, event: Event) -> None:
        """Hand an event to those who want it; an observer that breaks is left out, not the run.

        What a journal only tells again the observers have seen already.
        """
        if self._journal is not None:
            is_new = self._journal.is_new
            if isinstance(event, self._journal.kinds):
                self._journal.put(event)
            if not is_new:
                return
        for live in self._observers:
            if not isinstance(event, tuple(live.part.kinds)):
                continue
            try:
                live.part.notice(event)
            except Exception as error:  # whoever only watches may not stop a run, whatever it raises
                self._observers = tuple(other for other in self._observers if other is not live)
                if self._log is not None:
                    self._log.warning("observer left out", observer=live.offer.title, error=one_line(error))
