"""Trade one column against fixed levels; momentum is the log return against zero."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw_strategies.protections import signal, signals, stop_setting, take_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@attrs.frozen
class Threshold:
    """Long once a feature or forecast rises above a level, short once it falls below another.

    Without exits a side is held until the other level is crossed, and on a single side for good.
    """

    column: str = fw.setting(help="a feature or forecast column, such as return_20 or trend.mean_24")
    above: float | None = fw.setting(None, help="long while the value is above; none: never long")
    below: float | None = fw.setting(None, help="short while the value is below; none: never short")
    exit_long: float | None = fw.setting(None, help="a long position is closed once the value is below")
    exit_short: float | None = fw.setting(None, help="a short position is closed once the value is above")
    stop_loss: float | None = stop_setting()
    take_profit: float | None = take_setting()

    def __attrs_post_init__(self) -> None:
        above, below, exit_long, exit_short = self._levels
        if self.above is None and self.below is None:
            raise ValueError("threshold needs a level to trade at: above, below or both")
        if below > above:
            raise ValueError(f"below must not be more than above, but {below:g} is more than {above:g}")
        if exit_long > above:
            raise ValueError(f"exit_long must not be more than above, but {exit_long:g} is more than {above:g}")
        if exit_short < below:
            raise ValueError(f"exit_short must not be less than below, but {exit_short:g} is less than {below:g}")

    @property
    def _levels(self) -> tuple[float, float, float, float]:
        """above, below, exit_long, exit_short, with infinities that are never crossed where there is no level."""
        return (
            math.inf if self.above is None else self.above,
            -math.inf if self.below is None else self.below,
            -math.inf if self.exit_long is None else self.exit_long,
            math.inf if self.exit_short is None else self.exit_short,
        )

    def decide(self, view: fw.View) -> float | fw.Signal | None:
        value = column_of(self.column, view.features, view.forecasts)[-1]
        held = 0.0 if view.signal is None else view.signal.strength
        return signal(band(value, held, *self._levels), view, self.stop_loss, self.take_profit)

    def decide_all(self, history: fw.History) -> fw.SignalArrays | NDArray[np.float64]:
        column = column_of(self.column, history.features, history.forecasts)
        strength = bands_of(column, history.first, *self._levels)
        return signals(strength, history, self.stop_loss, self.take_profit)


@attrs.frozen
class Momentum:
    """Long while the price is above that of `span` bars ago, short while it is below; a tie keeps."""

    span: int = fw.setting(20, ge=1, help="bars to look back")
    stop_loss: float | None = stop_setting()
    take_profit: float | None = take_setting()

    @property
    def features(self) -> tuple[dict[str, Any], ...]:
        return ({"use": "returns", "spans": (self.span,)},)

    def decide(self, view: fw.View) -> float | fw.Signal | None:
        change = view.features[f"return_{self.span}"][-1]
        strength = 1.0 if change > 0.0 else -1.0 if change < 0.0 else None
        return signal(strength, view, self.stop_loss, self.take_profit)

    def decide_all(self, history: fw.History) -> fw.SignalArrays | NDArray[np.float64]:
        column = history.features[f"return_{self.span}"]
        strength = bands_of(column, history.first, 0.0, 0.0, -math.inf, math.inf)
        return signals(strength, history, self.stop_loss, self.take_profit)


def band(value: float, held: float, above: float, below: float, exit_long: float, exit_short: float) -> float | None:
    """The strength a value calls for while `held` is in force; None keeps it, as NaN always does."""
    if value > above:
        return 1.0
    if value < below:
        return -1.0
    if (held > 0.0 and value < exit_long) or (held < 0.0 and value > exit_short):
        return 0.0
    return None


def bands_of(
    column: NDArray[np.float64], first: int, above: float, below: float, exit_long: float, exit_short: float
) -> NDArray[np.float64]:
    """`band` at every bar from `first` on, float64[instrument, bar]; NaN keeps."""
    from fw.ledger import empty
    from fw_strategies.kernels import bands

    out: NDArray[np.float64] = empty(*column.shape)
    bands(column, first, above, below, exit_long, exit_short, out)
    return out


def column_of(
    name: str, features: Mapping[str, NDArray[np.float64]], forecasts: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """A column of either kind; SettingsError names those there are."""
    for columns in (features, forecasts):
        if name in columns:
            return columns[name]
    there = ", ".join([*features, *forecasts]) or "none"
    raise fw.SettingsError(
        f"strategy.column: there is no feature or forecast named {name!r}; there is {there}. "
        "List what computes it under `features:` or `models:`"
    )
