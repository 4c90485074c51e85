"""Two checks of the whole account: how much it may hold, and how much it may lose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

import fw
from fw_risk.exposure import exposure_of, held_as, is_nearer_to_flat, turns

if TYPE_CHECKING:
    from fw.parts.given import Run

Reviewed = dict[str, "fw.Target | fw.Veto"]


@attrs.frozen
class MaxExposure:
    """Keeps the sum of all notionals within `limit` × equity at each decision.

    What instruments without a new signal hold counts first; new targets share what is left in proportion to what
    they ask. A move nearer to flat always passes.
    """

    limit: float = fw.setting(2.0, gt=0, help="gross notional over the account's equity")

    def build(self, run: Run) -> ExposureCheck:
        return ExposureCheck(self.limit, run)


@attrs.frozen
class ExposureCheck:
    """`max_exposure` in a run, whose instruments tell what a lot is."""

    limit: float
    run: Run

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, exposure_limit=min(terms.exposure_limit, self.limit))

    def review(self, targets: Mapping[str, fw.Target], view: fw.View) -> Reviewed:
        if view.account.equity <= 0.0:
            return _close_only(targets, view, "the account has no equity left")
        growing: dict[str, float] = {}  # what the targets that add exposure ask for
        kept = 0.0
        for name in sorted({*view.instruments, *targets}):  # sorted: rounding must not depend on the order of lists
            target, focused = targets.get(name), view.of(name)
            if target is None or name not in view.changed:
                kept += abs(focused.position.exposure)
            elif is_nearer_to_flat(target, focused):
                kept += abs(exposure_of(target, focused, self.run))
            else:
                growing[name] = abs(exposure_of(target, focused, self.run))
        if sum(growing.values()) <= self.limit - kept:
            return dict(targets)
        floors = {name: _held_on_its_side(targets[name], view.of(name)) for name in growing}
        share = _share(growing, floors, self.limit - kept)
        return {
            name: self._shared(target, share, view.of(name)) if name in growing else target
            for name, target in targets.items()
        }

    def _shared(self, target: fw.Target, share: float, view: fw.View) -> fw.Target | fw.Veto:
        """The target's share of the room; too little room to grow is no reason to shrink what is held."""
        if abs(target.size) * share < abs(held_as(target, view)) and not turns(target, view):
            return attrs.evolve(target, exposure=None, notional=None, lots=view.position.lots)
        if share == 0.0 and view.position.lots == 0:
            return fw.Veto(f"the account's exposure is at its limit of {self.limit:g} × equity")
        return target.scaled(share)


def _share(asked: Mapping[str, float], floors: Mapping[str, float], room: float) -> float:
    """The share of what they ask that all get, so that together they fit the room and none falls below its floor."""
    sharing = dict(asked)
    while sharing:
        share = max(0.0, room) / sum(sharing.values())
        stuck = [name for name, wanted in sharing.items() if wanted * share < floors[name]]
        if not stuck:
            return share
        for name in stuck:
            room -= floors[name]
            del sharing[name]
    return 0.0


def _held_on_its_side(target: fw.Target, view: fw.View) -> float:
    """The exposure a target may fall back on; none where it turns to the other side."""
    return 0.0 if turns(target, view) else abs(view.position.exposure)


@attrs.frozen
class DrawdownStop:
    """Closes everything once equity has fallen by `limit` from its peak, and opens nothing until the run ends."""

    limit: float = fw.setting(0.2, gt=0, lt=1, help="fall of equity from its peak: 0.2 is 20 %")

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, drawdown_limit=min(terms.drawdown_limit, self.limit))

    def review(self, targets: Mapping[str, fw.Target], view: fw.View) -> Reviewed:
        fall = view.account.drawdown
        if fall < self.limit:
            return dict(targets)
        return _close_only(targets, view, f"equity is {fall:.1%} below its peak; the limit is {self.limit:.1%}")


def _close_only(targets: Mapping[str, fw.Target], view: fw.View, reason: str) -> Reviewed:
    """Let pass what takes away from what is held, the closing half of a turn included; refuse the rest."""
    reviewed: Reviewed = {}
    for name, target in targets.items():
        focused = view.of(name)
        if is_nearer_to_flat(target, focused):
            reviewed[name] = target
        elif turns(target, focused):
            reviewed[name] = target.scaled(0.0)
        else:
            reviewed[name] = fw.Veto(reason)
    return reviewed
