"""An order and its life: one transition table, one pure function; brokers report facts, never states."""

from __future__ import annotations

from enum import StrEnum

import attrs

from fw.errors import BrokerError


class OrderKind(StrEnum):
    """What an order does when it reaches the venue."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    TAKE_PROFIT = "take_profit"
    BRACKET = "bracket"
    """Moves the protections of the position that is there; trades nothing by itself."""
    STOP_LIMIT = "stop_limit"
    """A limit order once its trigger trades; it may miss."""
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"
    """A market order once the price has come back from its best by a share of it."""


class OrderState(StrEnum):
    """Where an order is in its life."""

    SENT = "sent"
    WORKING = "working"
    TRIGGERED = "triggered"
    PARTLY_FILLED = "partly_filled"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class Fact(StrEnum):
    """What a venue may say of an order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TRIGGERED = "triggered"
    FILLED = "filled"
    AMENDED = "amended"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


FINAL = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED})

_S, _F = OrderState, Fact
TRANSITIONS: dict[tuple[OrderState, Fact], OrderState] = {
    (_S.SENT, _F.ACCEPTED): _S.WORKING,
    (_S.SENT, _F.REJECTED): _S.REJECTED,
    (_S.SENT, _F.UNKNOWN): _S.UNKNOWN,
    (_S.WORKING, _F.TRIGGERED): _S.TRIGGERED,
    (_S.WORKING, _F.AMENDED): _S.WORKING,
    (_S.PARTLY_FILLED, _F.AMENDED): _S.PARTLY_FILLED,
    (_S.TRIGGERED, _F.AMENDED): _S.TRIGGERED,
    (_S.TRIGGERED, _F.REJECTED): _S.REJECTED,
    # a simulated venue keeps no margin for what rests, and looks for it when it would fill
    (_S.WORKING, _F.REJECTED): _S.REJECTED,
    (_S.UNKNOWN, _F.ACCEPTED): _S.WORKING,
    (_S.UNKNOWN, _F.REJECTED): _S.REJECTED,
    (_S.UNKNOWN, _F.UNKNOWN): _S.UNKNOWN,
    **{
        (state, fact): after
        for state in (_S.SENT, _S.WORKING, _S.TRIGGERED, _S.PARTLY_FILLED, _S.UNKNOWN)
        for fact, after in ((_F.CANCELLED, _S.CANCELLED), (_F.EXPIRED, _S.EXPIRED))
    },
    # a fill may arrive before the answer to the request that placed the order, and so may its end
    **{
        (state, _F.FILLED): _S.PARTLY_FILLED
        for state in (_S.SENT, _S.WORKING, _S.TRIGGERED, _S.PARTLY_FILLED, _S.UNKNOWN)
    },
    (_S.PARTLY_FILLED, _F.ACCEPTED): _S.PARTLY_FILLED,
}


@attrs.frozen(kw_only=True)
class Conditions:
    """What an order may ask for beyond its price."""

    limit: float | None = None
    """Of stop_limit and take_profit_limit: the price of the limit order that the trigger places."""
    callback: float | None = None
    """Of a trailing stop: share of the best price by which it stays behind; 0.01 is 1 %."""
    time_in_force: str = "gtc"
    """gtc, ioc (what does not fill at once expires), fok (all at once or nothing) or post_only (never takes)."""
    by_mark: bool = False
    """Whether the mark price triggers it, not the last traded one."""
    close_position: bool = False
    """It closes whatever is held when it triggers; only the sign of its size counts."""
    group: int = 0
    """Orders of one group other than 0: the first to fill cancels the others."""


@attrs.frozen(kw_only=True)
class Order(Conditions):
    """One instruction to a venue; `lots` is signed (negative sells), prices are in settlement currency."""

    id: str
    instrument: str
    kind: OrderKind
    lots: int
    time: int
    """When it was decided, ns."""
    price: float | None = None
    """Limit or trigger price; of a trailing stop the price from which on it follows, None: at once."""
    reduce_only: bool = False
    expiry: int | None = None
    """Bars after which it is withdrawn unfilled."""
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing: float | None = None
    reason: str = "signal"
    """signal, rebalance, risk or order (explicit)."""
    tag: str = ""
    state: OrderState = OrderState.SENT
    filled: int = 0
    """Lots filled so far, signed as `lots`."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.state in FINAL

    @property
    def rest(self) -> int:
        """Lots not yet filled."""
        return self.lots - self.filled


def advance(order: Order, fact: Fact, *, lots: int = 0, price: float | None = None) -> Order:
    """The order after one fact; `lots` is what a fill traded, or what an amendment left as the whole size.

    A fact about an order that is already final changes nothing when it repeats what is known; any other
    impossible step raises BrokerError, because the venue and we disagree about what happened.
    """
    if order.is_final and fact is not Fact.FILLED:
        return order
    after = TRANSITIONS.get((order.state, fact))
    if after is None:
        raise BrokerError(f"order {order.id} is {order.state} and cannot become {fact}")
    if fact is Fact.FILLED:
        filled = order.filled + lots
        if abs(filled) > abs(order.lots) or filled * order.lots < 0:
            raise BrokerError(f"order {order.id} over {order.lots} lots was filled for {filled}")
        return attrs.evolve(order, filled=filled, state=_S.FILLED if filled == order.lots else after)
    if fact is Fact.AMENDED:
        return attrs.evolve(order, state=after, lots=lots or order.lots, price=order.price if price is None else price)
    return attrs.evolve(order, state=after)
