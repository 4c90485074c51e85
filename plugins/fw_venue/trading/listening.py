"""Listen keys: by them a client hears what happens to its account, for an hour unless it keeps them alive."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from fw_venue.answers import Asked, Refusal
from fw_venue.clock import Clock
from fw_venue.routes import Routes
from fw_venue.trading import events

if TYPE_CHECKING:
    from fw_venue.sockets import Hub

PATH = "/fapi/v1/listenKey"
LIFE = 3600.0


@attrs.define
class _Key:
    text: str
    until: float


class ListenKeys:
    """The live key of each account. Mutable: they come and go; their hour is one of the clients' clocks."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self._hub, self._clock = hub, clock
        self.seconds = time.monotonic
        self._keys: dict[str, _Key] = {}
        self._made = 0

    def add_to(self, routes: Routes) -> None:
        """Serve its path."""
        routes.add("POST", PATH, self.begin, security="key")
        routes.add("PUT", PATH, self.keep, security="key")
        routes.add("DELETE", PATH, self.end, security="key")

    def begin(self, asked: Asked) -> dict[str, Any]:
        """The account's key, a new one where none lives; it lives an hour from now."""
        self.look_after()
        account = asked.key or ""
        if account not in self._keys:
            self._made += 1
            text = hashlib.sha256(f"{account} {self._made}".encode()).hexdigest()
            self._keys[account] = _Key(text, 0.0)
        return self._prolonged(account)

    def keep(self, asked: Asked) -> dict[str, Any]:
        """The same for a key that still lives."""
        self.look_after()
        if (asked.key or "") not in self._keys:
            raise Refusal(-1125, "This listenKey does not exist.")
        return self._prolonged(asked.key or "")

    def end(self, asked: Asked) -> dict[str, Any]:
        """No event is told by it any more."""
        self._keys.pop(asked.key or "", None)
        return {}

    def _prolonged(self, account: str) -> dict[str, Any]:
        key = self._keys[account]
        key.until = self.seconds() + LIFE
        return {"listenKey": key.text}

    def tell(self, account: str, event: Mapping[str, Any]) -> None:
        """Send an event to all that listen with the account's key."""
        if account in self._keys:
            self._hub.tell(self._keys[account].text, event)

    def look_after(self) -> None:
        """Tell of keys whose hour is over; their sockets stay open, and hear nothing."""
        now = self.seconds()
        for account, key in list(self._keys.items()):
            if key.until <= now:
                self._hub.tell(key.text, events.key_expired(key.text, self._clock.now))
                del self._keys[account]
