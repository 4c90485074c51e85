"""What a strategy wants, what a sizer makes of it, and what a risk check refuses."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import attrs

LONG, SHORT, FLAT = 1.0, -1.0, 0.0


@attrs.frozen
class Signal:
    """What a strategy wants for one instrument; ValueError for a strength outside [-1, 1] or a price ≤ 0.

    Orders are made when `strength`, `limit` or `expiry` changes. A change of protections alone moves those of the
    position that is there and opens none: after a stop-out nothing is entered until the strength or the limit entry
    is another.
    """

    strength: float
    """From -1 (fully short) over 0 (flat) to 1 (fully long)."""
    stop_loss: float | None = None
    """Price at which the position is closed at a loss."""
    take_profit: float | None = None
    """Price at which the position is closed at a profit."""
    trailing: float | None = None
    """Distance, in price, at which a stop follows the best price since entry."""
    limit: float | None = None
    """Enter at this price or better instead of at the market."""
    expiry: int | None = None
    """Bars after which an unfilled limit entry is withdrawn; None: it rests until the signal changes."""
    tag: str = ""
    """Free text carried to the trades it makes."""

    def __attrs_post_init__(self) -> None:
        if not -1.0 <= self.strength <= 1.0:
            raise ValueError(f"a signal's strength lies in [-1, 1], not {self.strength!r}")
        if self.stop_loss is None and self.take_profit is None and self.trailing is None and self.limit is None:
            return
        _check_expiry(self.expiry)
        for name in ("stop_loss", "take_profit", "trailing", "limit"):
            price = getattr(self, name)
            if price is not None and not 0.0 < price < math.inf:
                raise ValueError(f"a signal's {name} is a price above 0, not {price!r}")


@attrs.frozen
class Target:
    """A sized position: exactly one of exposure, notional and lots, each signed (negative: short)."""

    exposure: float | None = None
    """Notional over the account's equity."""
    notional: float | None = None
    """In settlement currency."""
    lots: int | None = None
    """In steps of size."""
    signal: Signal | None = None
    """The signal it was sized from; its protections come along."""

    def __attrs_post_init__(self) -> None:
        given = [value for value in (self.exposure, self.notional, self.lots) if value is not None]
        if len(given) != 1:
            raise ValueError("a target says exactly one of exposure, notional and lots")
        if not math.isfinite(given[0]):
            raise ValueError(f"a target is a finite number, not {given[0]!r}")
        if self.lots is not None and self.lots != int(self.lots):
            raise ValueError(f"a target's lots are whole steps, not {self.lots!r}; for parts of one, give a notional")

    @property
    def size(self) -> float:
        """The signed number that was given, whatever its unit."""
        for value in (self.exposure, self.notional, self.lots):
            if value is not None:
                return float(value)
        raise AssertionError

    def scaled(self, factor: float) -> Target:
        """The same target, `factor` times as large; lots are rounded towards zero."""
        changes: dict[str, Any] = {}
        if self.exposure is not None:
            changes["exposure"] = self.exposure * factor
        elif self.notional is not None:
            changes["notional"] = self.notional * factor
        elif self.lots is not None:
            changes["lots"] = math.trunc(self.lots * factor)
        return attrs.evolve(self, **changes)


@attrs.frozen
class Veto:
    """A risk check's refusal: a value, never an exception."""

    reason: str
    """Why, for the journal."""


@attrs.frozen
class Place:
    """An explicit order of a strategy that acts by itself; `quantity` is in base currency, negative sells."""

    quantity: float
    """In base currency; positive buys, negative sells."""
    kind: str = "market"
    """market, limit, stop or take_profit (a market order once `price` trades), stop_limit or take_profit_limit (a
    limit order at `limit` once `price` trades), trailing_stop."""
    price: float | None = None
    """Limit or trigger price; None for a market order. Of a trailing stop: where it begins to follow, None: at once."""
    reduce_only: bool = False
    """It may close a position, and never opens or turns one; risk checks let it pass."""
    expiry: int | None = None
    """Bars after which it is withdrawn unfilled."""
    id: str = ""
    """A name to amend or cancel it by; made up where empty."""
    tag: str = ""
    """Free text carried to its fills."""
    limit: float | None = None
    """Of a stop_limit or take_profit_limit: the price of the limit order that its trigger places."""
    callback: float | None = None
    """Of a trailing_stop: share of the best price by which it stays behind, from 0.001 to 0.2."""
    time_in_force: str = "gtc"
    """Of a limit order: gtc, ioc (what does not fill at once expires), fok (all at once or nothing) or post_only
    (refused where it would take)."""
    trigger_by: str = "last"
    """Which price triggers it: last or mark."""
    close_position: bool = False
    """Of a stop or take_profit: close whatever is held then; only the sign of `quantity` counts."""
    oco: str = ""
    """One cancels other: the first to fill of the orders placed under the same name cancels the rest."""

    def __attrs_post_init__(self) -> None:
        _check_number("quantity", self.quantity)
        for name in ("price", "limit", "callback"):
            _check_number(name, getattr(self, name), optional=True)
        _check_text("oco", self.oco)
        _check_expiry(self.expiry)
        _check_text("id", self.id)
        _check_text("tag", self.tag)


@attrs.frozen
class Amend:
    """Change a working order's price or quantity (None keeps it)."""

    id: str
    """The name it was placed under."""
    quantity: float | None = None
    """The whole new size, in base currency, on the side it had."""
    price: float | None = None
    """The new limit or trigger price."""

    def __attrs_post_init__(self) -> None:
        _check_text("id", self.id)
        _check_number("quantity", self.quantity, optional=True)
        _check_number("price", self.price, optional=True)


@attrs.frozen
class Cancel:
    """Withdraw a working order; an empty id withdraws all of the instrument."""

    id: str = ""
    """The name it was placed under."""

    def __attrs_post_init__(self) -> None:
        _check_text("id", self.id)


def _check_number(name: str, value: Any, *, optional: bool = False) -> None:
    if (optional and value is None) or (isinstance(value, Real) and not isinstance(value, bool)):
        return
    raise TypeError(f"an order's {name} is a number, not {value!r}")


def _check_expiry(value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"an expiry is a whole number of bars, not {value!r}")
    if value < 1:
        raise ValueError(f"an expiry is 1 bar or more, not {value!r}")


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"an order's {name} is text, not {value!r}")


Action = Place | Amend | Cancel
Orders = tuple[Action, ...]
Decision = float | Signal | Orders | None
