"""Targets come in three units; these say what they come to, and which only take away from what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import fw
    from fw.parts.given import Run


def exposure_of(target: fw.Target, view: fw.View, run: Run) -> float:
    """A target's signed notional over equity; `view` is focused on its instrument and equity is above 0."""
    if target.exposure is not None:
        return target.exposure
    if target.notional is not None:
        return target.notional / view.account.equity
    return target.size * run.instruments[view.instrument].lot * view.bars.last / view.account.equity


def is_nearer_to_flat(target: fw.Target, view: fw.View) -> bool:
    """Whether a target only takes away from what is held: the same side and no larger, or flat."""
    held = held_as(target, view)
    return abs(target.size) <= abs(held) and target.size * held >= 0.0


def turns(target: fw.Target, view: fw.View) -> bool:
    """Whether a target is on the other side of what is held."""
    return target.size * view.position.lots < 0.0


def held_as(target: fw.Target, view: fw.View) -> float:
    """What is held, in the target's own unit, signed."""
    if target.exposure is not None:
        return view.position.exposure
    if target.notional is not None:
        return view.position.quantity * view.bars.last
    return float(view.position.lots)
