"""Buy at the first decision and keep: what every other strategy has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

import fw
from fw_strategies.protections import signal, signals, stop_setting, take_setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@attrs.frozen
class BuyAndHold:
    """Long from the first decision on."""

    stop_loss: float | None = stop_setting()
    take_profit: float | None = take_setting()

    def decide(self, view: fw.View) -> float | fw.Signal | None:
        return signal(1.0, view, self.stop_loss, self.take_profit)

    def decide_all(self, history: fw.History) -> fw.SignalArrays | NDArray[np.float64]:
        import numpy as np

        return signals(np.ones(history.bars.close.shape), history, self.stop_loss, self.take_profit)
