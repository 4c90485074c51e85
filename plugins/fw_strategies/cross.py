"""Follow the side on which a fast average lies of a slow one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw_strategies.protections import signal, signals, stop_setting, take_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@attrs.frozen
class SmaCross:
    """Long while the fast simple average is above the slow one, short while it is below; a tie keeps."""

    fast: int = fw.setting(20, ge=1, help="bars in the fast average")
    slow: int = fw.setting(100, ge=2, help="bars in the slow average")
    stop_loss: float | None = stop_setting()
    take_profit: float | None = take_setting()

    def __attrs_post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be less than slow, but {self.fast} is not less than {self.slow}")

    @property
    def features(self) -> tuple[dict[str, Any], ...]:
        return ({"use": "sma", "spans": (self.fast, self.slow)},)

    @cached_property
    def _columns(self) -> tuple[str, str]:
        return f"sma_{self.fast}", f"sma_{self.slow}"

    def decide(self, view: fw.View) -> float | fw.Signal | None:
        fast_name, slow_name = self._columns
        features = view.features
        fast, slow = features[fast_name][-1], features[slow_name][-1]
        strength = 1.0 if fast > slow else -1.0 if fast < slow else None
        return signal(strength, view, self.stop_loss, self.take_profit)

    def decide_all(self, history: fw.History) -> fw.SignalArrays | NDArray[np.float64]:
        from fw.ledger import empty
        from fw_strategies.kernels import crossings

        fast, slow = (history.features[name] for name in self._columns)
        strength = empty(*fast.shape)
        crossings(fast, slow, strength)
        return signals(strength, history, self.stop_loss, self.take_profit)
