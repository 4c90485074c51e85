"""Pauses between tries that double, and differ a little from one client to the next."""

from __future__ import annotations

from random import Random

import attrs


@attrs.define
class Backoff:
    """Mutable: it counts the tries since the last success."""

    first: float
    """Seconds; the pause before the second try is between half of it and all of it."""
    at_most: float
    random: Random
    tries: int = 0

    def next(self) -> float:
        """The next pause in seconds; a random half of it keeps clients that lost the exchange at once apart."""
        pause = min(self.at_most, self.first * 2.0 ** min(self.tries, 40))
        self.tries += 1
        return pause * (0.5 + 0.5 * self.random.random())

    def reset(self) -> None:
        """Begin with short pauses again."""
        self.tries = 0
