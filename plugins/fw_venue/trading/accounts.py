"""All accounts by API key, and their place in time: each moment is lived through by those with something at stake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from fw.parts.broker import Terms
from fw_venue.answers import Asked
from fw_venue.clock import Clock
from fw_venue.tape import Tape
from fw_venue.trading.listening import ListenKeys

if TYPE_CHECKING:
    from fw_venue.sockets import Hub
    from fw_venue.trading.account import Account

CAPITAL = 10_000.0
USUAL = Terms(maker=0.0002, taker=0.0005, isolated=False, leverage=20.0)
"""What an account of the exchange begins with: the fees of the lowest tier, all positions sharing its margin, 20x."""

FIRST_ID = 8_389_765_000


class Accounts:
    """Makes each account when its key is first used. Mutable: they live."""

    def __init__(
        self,
        tapes: Mapping[str, Tape],
        clock: Clock,
        hub: Hub,
        settlers: list[Callable[[int], None]],
        *,
        capital: float = CAPITAL,
        terms: Terms = USUAL,
    ) -> None:
        self.tapes, self.clock = tapes, clock
        self.capital, self.terms = capital, terms
        self.listening = ListenKeys(hub, clock)
        self.seconds = time.monotonic
        """Seconds that clients wait in, whatever the speed of the exchange's clock."""
        self._hub, self._settlers = hub, settlers
        self._numbers = count(FIRST_ID)
        self._accounts: dict[str, Account] = {}
        self._timers: dict[tuple[str, str], float] = {}
        self._warming: asyncio.Future[None] | None = None

    def of(self, asked: Asked) -> Account:
        """The account of a request's key."""
        return self.of_key(asked.key or "")

    def of_key(self, key: str) -> Account:
        if key not in self._accounts:
            from fw_venue.trading.account import Account

            def tell(event: Mapping[str, Any]) -> None:
                self.listening.tell(key, event)

            self._accounts[key] = Account(
                self.tapes,
                self.terms,
                capital=self.capital,
                clock=lambda: self.clock.now,
                numbers=self._numbers,
                tell=tell,
            )
        self._look_at_timers()
        return self._accounts[key]

    async def ready(self) -> None:
        """Wait until the ledger can be called without holding anybody up."""
        from fw_venue.trading.warming import warm

        if self._warming is None:
            self._warming = asyncio.ensure_future(asyncio.to_thread(warm))
        await asyncio.shield(self._warming)  # a client that gives up must not stop it

    def watch(self) -> None:
        """Be told of every moment from now on, where one may change anything."""
        if self._settle not in self._settlers and self._at_stake():
            self._settlers.append(self._settle)

    def _at_stake(self) -> bool:
        return any(account.at_stake for account in self._accounts.values())

    def _settle(self, moment: int) -> None:
        for account in self._accounts.values():
            if account.at_stake:
                account.live_through(moment)
        if not self._at_stake():
            self._settlers.remove(self._settle)  # nobody has anything to win or lose

    def count_down(self, key: str, symbol: str, wait: int) -> None:
        """Withdraw all open orders of a contract in `wait` ms, unless asked again; 0: never mind."""
        self._timers.pop((key, symbol), None)
        if wait:
            self._timers[key, symbol] = self.seconds() + wait / 1000.0

    def look_after(self) -> None:
        """What falls due by the seconds of clients: listen keys that nobody keeps alive, countdowns."""
        self.listening.look_after()
        self._look_at_timers()

    def _look_at_timers(self) -> None:
        now = self.seconds()
        for (key, symbol), until in list(self._timers.items()):
            if until <= now:
                del self._timers[key, symbol]
                account = self._accounts[key]
                for order in list(account.book.open(symbol)):
                    account.cancel(order)
