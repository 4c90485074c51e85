"""How large the positions are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.decision import Signal, Target
    from fw.parts.broker import Terms
    from fw.parts.strategy import History
    from fw.parts.view import View


@runtime_checkable
class Sizer(Protocol):
    """Turns the signals in force into targets. May also have:

    - `every_bar = True`: size at every bar instead of when a signal changes (goes to the loop).
    - `features`: feature sets it needs, as a strategy has.
    - `terms(terms) -> Terms` or `size_all(history)`: the same rule for the scan.
    """

    def size(self, signals: Mapping[str, Signal], view: View) -> Mapping[str, Target]:
        """A target for every signal; the view is unfocused: use `view.of(instrument)`."""
        ...


@runtime_checkable
class TermsSizer(Protocol):
    """A sizer whose rule is a field of the ledger's terms."""

    def terms(self, terms: Terms) -> Terms: ...


@runtime_checkable
class ArraySizer(Protocol):
    """A sizer that can size a whole run at once."""

    def size_all(self, history: History) -> NDArray[np.float64]:
        """Exposure for strength 1, float64[instrument, bar]; NaN: too early to say, which gives no position."""
        ...
