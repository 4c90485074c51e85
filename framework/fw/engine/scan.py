"""The compiled driver: whole arrays of signals in, the ledger over all bars, nothing per bar in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import format_time
from fw.engine.history import HistoryWindow
from fw.errors import PluginError
from fw.ledger.checks import first_bad_price, first_bad_strength
from fw.ledger.kinds import SIGNAL_FIELDS
from fw.ledger.simulation import Simulation
from fw.parts.strategy import SignalArrays
from fw.registry import Offer, blame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.engine.assemble import Parts, Scene
    from fw.parts.broker import Terms
    from fw.progress import Progress

CHUNK = 500_000
"""Bars between two words of progress."""


def scan(parts: Parts, scene: Scene, terms: Terms, *, capital: float, progress: Progress | None = None) -> Simulation:
    """Run the arrays; the simulation that comes back has reached the last bar."""
    history = history_of(scene)
    signals = signals_of(parts, history, scene)
    simulation = Simulation(
        scene.tape,
        scene.stage.instruments,
        terms,
        capital=capital,
        signals=signals,
        scales=scales_of(parts, history, scene),
    )
    end = scene.tape.bars
    for stop in range(min(scene.tape.start + CHUNK, end), end + CHUNK, CHUNK):
        simulation.advance(min(stop, end))
        if progress is not None:
            progress("backtest", min(stop, end) / end)
    return simulation


def history_of(scene: Scene) -> HistoryWindow:
    """The whole run, as array forms see it."""
    return HistoryWindow(
        scene.stage.market, scene.stage.bars, scene.columns, {}, scene.tape.first, left_out=scene.left_out
    )


def signals_of(parts: Parts, history: HistoryWindow, scene: Scene) -> SignalArrays:
    """What the strategy decides for every bar, checked."""
    offer = parts.strategy.offer
    with blame(offer):
        said = parts.strategy.part.decide_all(history)
    signals = said if isinstance(said, SignalArrays) else SignalArrays(strength=said)
    shape = scene.tape.block.shape[0], scene.tape.clock_bars
    for name in SIGNAL_FIELDS:
        column = getattr(signals, name)
        if column is not None or name == "strength":
            _check(name, column, shape, offer, history)
    return signals


def _check(name: str, column: Any, shape: tuple[int, int], offer: Offer, history: HistoryWindow) -> None:
    if not isinstance(column, np.ndarray) or column.shape != shape or column.dtype != np.float64:
        got = f"{column.dtype}{list(column.shape)}" if isinstance(column, np.ndarray) else type(column).__name__
        raise PluginError(f"{offer.title}: decide_all gave {name} as {got}, not float64{list(shape)} [instrument, bar]")
    checked = np.floor(column) if name == "expiry" else column  # half a bar is no bar
    k, i = (first_bad_strength if name == "strength" else first_bad_price)(np.ascontiguousarray(checked))
    if k >= 0:
        wanted = "in [-1, 1]" if name == "strength" else "a finite number above 0"
        raise PluginError(
            f"{offer.title}: decide_all gave {name} {column[k, i]:g} for {history.instruments[k]} at "
            f"{format_time(int(history.close_time[i]))}; it must be {wanted} (NaN: none)"
        )


def scales_of(parts: Parts, history: HistoryWindow, scene: Scene) -> NDArray[np.float64] | None:
    """What an array sizer says for every bar; None where the terms say it."""
    sizer = parts.sizer
    if not hasattr(sizer.part, "size_all"):
        return None
    with blame(sizer.offer):
        scales = np.asarray(sizer.part.size_all(history))
    shape = scene.tape.block.shape[0], scene.tape.clock_bars
    if scales.shape != shape or scales.dtype != np.float64:
        raise PluginError(
            f"{sizer.offer.title}: size_all gave {scales.dtype}{list(scales.shape)}, not float64{list(shape)}"
        )
    if np.isinf(scales).any():
        raise PluginError(f"{sizer.offer.title}: size_all gave an infinite scale")
    return scales
