"""How large a position is at strength 1: a share of equity, a number of coins, or what keeps its swings level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

import fw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@attrs.frozen
class FixedFraction:
    """Exposure is the signal's strength × a fixed fraction of equity."""

    fraction: float = fw.setting(1.0, gt=0, help="exposure at strength 1: notional over equity")

    def size(self, signals: Mapping[str, fw.Signal], view: fw.View) -> dict[str, fw.Target]:
        return {
            name: fw.Target(exposure=signal.strength * self.fraction, signal=signal) for name, signal in signals.items()
        }

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, fraction=self.fraction)


@attrs.frozen
class FixedQuantity:
    """The position is the signal's strength × a fixed quantity of every instrument, whatever the equity."""

    quantity: float = fw.setting(1.0, gt=0, help="base currency (coins) at strength 1")

    def size(self, signals: Mapping[str, fw.Signal], view: fw.View) -> dict[str, fw.Target]:
        return {
            name: fw.Target(notional=signal.strength * self.quantity * view.of(name).bars.last, signal=signal)
            for name, signal in signals.items()
        }

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, quantity=self.quantity)


@attrs.frozen
class VolatilityTarget:
    """Exposure is the signal's strength × target / realised volatility, both a year, at most `limit`.

    The realised volatility is that of the last `span` bars (feature `volatility`). Until there are that many
    there is no position.
    """

    target: float = fw.setting(0.4, gt=0, help="volatility wanted of the position, a year (365 days): 0.4 is 40 %")
    span: int = fw.setting(24, ge=2, help="bars over which the realised volatility is measured")
    limit: float = fw.setting(1.0, gt=0, help="largest exposure at strength 1, however calm the market")

    @property
    def features(self) -> tuple[dict[str, Any], ...]:
        return ({"use": "volatility", "spans": (self.span,)},)

    @property
    def _column(self) -> str:
        return f"volatility_{self.span}"

    def size(self, signals: Mapping[str, fw.Signal], view: fw.View) -> dict[str, fw.Target]:
        return {name: self._target(signal, view.of(name)) for name, signal in signals.items()}

    def size_all(self, history: fw.History) -> NDArray[np.float64]:
        import numpy as np

        volatility = history.features[self._column]
        with np.errstate(divide="ignore", over="ignore"):
            # a comparison instead of a minimum: it passes NaN on and never needs a quotient by zero
            return np.where(volatility * self.limit <= self.target, self.limit, self.target / volatility)

    def _target(self, signal: fw.Signal, view: fw.View) -> fw.Target:
        volatility = float(view.features[self._column][-1])
        scale = self.limit if volatility * self.limit <= self.target else self.target / volatility
        exposure = signal.strength * scale if scale == scale else 0.0
        return fw.Target(exposure=exposure, signal=signal)
