"""What may shrink or veto targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from fw.domain.decision import Target, Veto
    from fw.parts.broker import Terms
    from fw.parts.view import View


@runtime_checkable
class RiskCheck(Protocol):
    """Reviews the targets in force; never vetoes a move nearer to flat. May also have:

    - `every_bar = True`: review at every bar, which may shrink what is held (goes to the loop).
    - `features`: feature sets it needs, as a strategy has.
    """

    def review(self, targets: Mapping[str, Target], view: View) -> Mapping[str, Target | Veto]:
        """For every target: itself, a smaller one, or a veto; `view.changed` says which are new."""
        ...


@runtime_checkable
class TermsCheck(Protocol):
    """A check whose rule is a limit in the ledger's terms, for scan and loop alike; it has no `review`."""

    def terms(self, terms: Terms) -> Terms: ...
