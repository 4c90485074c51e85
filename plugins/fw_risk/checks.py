"""Two checks of the whole account: how much it may hold, and how much it may lose."""

from __future__ import annotations

import attrs

import fw


@attrs.frozen
class MaxExposure:
    """Keeps the sum of all notionals within `limit` × equity at each decision.

    What is held counts first; new targets share what is left in proportion to what they ask beyond what they hold.
    A move nearer to flat always passes, and too little room to grow is no reason to shrink.
    """

    limit: float = fw.setting(2.0, gt=0, help="gross notional over the account's equity")

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, exposure_limit=min(terms.exposure_limit, self.limit))


@attrs.frozen
class DrawdownStop:
    """Closes everything once equity has fallen by `limit` from its peak, and opens nothing until the run ends."""

    limit: float = fw.setting(0.2, gt=0, lt=1, help="fall of equity from its peak: 0.2 is 20 %")

    def terms(self, terms: fw.Terms) -> fw.Terms:
        return attrs.evolve(terms, drawdown_limit=min(terms.drawdown_limit, self.limit))
