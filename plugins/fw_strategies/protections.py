"""Stops and take profits as shares of the price, fixed at the close of the bar where the strength changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def stop_setting() -> Any:
    return fw.setting(None, gt=0, lt=1, help="close at a loss of this share of the price; 0.02 is 2 %")


def take_setting() -> Any:
    return fw.setting(None, gt=0, lt=1, help="close at a profit of this share of the price; 0.05 is 5 %")


def signal(
    strength: float | None, view: fw.View, stop_loss: float | None, take_profit: float | None
) -> float | fw.Signal | None:
    """A strength (1, 0 or −1) with its protections; None, which keeps what is in force, while it does not change."""
    if strength is None or (stop_loss is None and take_profit is None):
        return strength
    if view.signal is not None and view.signal.strength == strength:
        return None
    if strength == 0.0:
        return fw.Signal(strength)
    close = float(view.bars.last)
    return fw.Signal(
        strength,
        stop_loss=None if stop_loss is None else close * (1.0 - strength * stop_loss),
        take_profit=None if take_profit is None else close * (1.0 + strength * take_profit),
    )


def signals(
    strength: NDArray[np.float64], history: fw.History, stop_loss: float | None, take_profit: float | None
) -> fw.SignalArrays | NDArray[np.float64]:
    """The same for a whole run: strengths float64[instrument, bar], NaN where they keep."""
    if stop_loss is None and take_profit is None:
        return strength
    import numpy as np

    from fw.ledger import empty
    from fw_strategies.kernels import protect

    out = empty(3, *strength.shape)
    stop, take = (np.nan if share is None else share for share in (stop_loss, take_profit))
    protect(strength, history.bars.close, history.first, stop, take, out)
    return fw.SignalArrays(strength=out[0], stop_loss=out[1], take_profit=out[2])
