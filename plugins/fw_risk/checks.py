"""Two checks of the whole account: how much it may hold, and how much it may lose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

import fw
from fw_risk.exposure import exposure_of, is_nearer_to_flat, turns

if TYPE_CHECKING:
    from fw.parts.given import Run

Reviewed = dict[str, "fw.Target | fw.Veto"]


@attrs.frozen
class MaxExposure:
    """Keeps the sum of all notionals within `limit` × equity at each decision.

    What is held counts first; new targets share what is left in proportion to what they ask beyond what they hold.
    A move nearer to flat always passes, and too little room to grow is no reason to shrink.
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
        growth: dict[str, float] = {}  # what targets ask beyond what they hold
        kept = 0.0
        for name in sorted({*view.instruments, *targets}):  # sorted: rounding must not depend on the order of lists
            target, focused = targets.get(name), view.of(name)
            held = abs(focused.position.exposure)
            if target is None or name not in view.changed:
                kept += held
                continue
            asked = abs(exposure_of(target, focused, self.run))
            if is_nearer_to_flat(target, focused):
                kept += asked
            else:
                floor = 0.0 if turns(target, focused) else held
                growth[name] = asked - floor
                kept += floor
        room = max(0.0, self.limit - kept)
        total = sum(growth.values())
        if total <= room:
            return dict(targets)
        return {
            name: self._shared(target, growth[name] * (1.0 - room / total), view.of(name)) if name in growth else target
            for name, target in targets.items()
        }

    def _shared(self, target: fw.Target, excess: float, view: fw.View) -> fw.Target | fw.Veto:
        """The target less the exposure there is no room for."""
        asked = abs(exposure_of(target, view, self.run))
        if excess >= asked and view.position.lots == 0:
            return fw.Veto(f"the account's exposure is at its limit of {self.limit:g} × equity")
        return target.scaled(max(0.0, 1.0 - excess / asked))


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
