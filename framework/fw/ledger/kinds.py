"""The rows of the ledger: account, positions, orders, fills, funding; and the constants that stand in them."""

from __future__ import annotations

from typing import Any

import numpy as np


def code(value: int) -> int:
    """A constant for kernels: a numpy integer, for numba compiles a function anew for each Python one it is given."""
    return np.int64(value)  # type: ignore[return-value]


def codes(count: int) -> tuple[int, ...]:
    """The constants 0, 1, … of an enumeration."""
    return tuple(code(value) for value in range(count))


OPEN, HIGH, LOW, CLOSE, VOLUME = codes(5)
PRICE_FIELDS = 5
MARK_FIELDS = 9
"""Rows of the market block with mark prices: open, high, low, close of the mark follow the traded ones."""

Ledger = Any
"""The handle's record, by which kernels reach every array; numba infers the types that matter."""
Rows = Any
"""An array of one of the row types below, or of numbers."""
Row = Any
"""One record of such an array, by reference."""

MARKET, LIMIT, STOP, TAKE_PROFIT, BRACKET, STOP_LIMIT, TAKE_PROFIT_LIMIT, TRAILING_STOP = codes(8)
ORDER_KINDS = (
    "market",
    "limit",
    "stop",
    "take_profit",
    "bracket",
    "stop_limit",
    "take_profit_limit",
    "trailing_stop",
)
CONDITIONAL = (STOP, TAKE_PROFIT, STOP_LIMIT, TAKE_PROFIT_LIMIT, TRAILING_STOP)
"""Kinds that wait for a trigger."""
WATCHED = code(99)
"""What an order `acts` as until its trigger is reached, where that takes more than a price traded."""

GTC, IOC, FOK, POST_ONLY = codes(4)
TIMES_IN_FORCE = ("gtc", "ioc", "fok", "post_only")

SENT, WORKING, FILLED, CANCELLED, EXPIRED, REJECTED = codes(6)
ORDER_STATES = ("sent", "working", "filled", "cancelled", "expired", "rejected")

NO_FAULT, NO_MARGIN, TOO_SMALL, NOTHING_TO_REDUCE, RUINED, TOO_LARGE, OVER_BRACKET, WOULD_TRIGGER = codes(8)
TOO_LATE, WOULD_TAKE, SECOND_CLOSE = (code(value) for value in range(8, 11))
FAULTS = (
    "",
    "margin is insufficient (-2019)",
    "notional is below the minimum (-4164)",
    "reduce-only without a position to reduce (-2022)",
    "the account is in liquidation (-2023)",
    "more than the largest order (-4005)",
    "leverage above the cap of the bracket that holds the notional (-2027)",
    "a stop or take-profit on the wrong side of the price would trigger at once (-2021)",
    "the position would be liquidated before its stop is reached",
    "a post-only order would take (-5022)",
    "there is an order already that closes the whole position so (-4130)",
    # below: what only `fw.domain.filters` finds
    "less than the smallest quantity (-4004)",
    "the quantity is no multiple of the step (-4023)",
    "price below the lowest (-4013)",
    "price above the highest (-4002)",
    "the price is no multiple of the tick (-4014)",
    "trigger price above the highest (-4007)",
    "a buy too far above the mark price (-4016)",
    "a sale too far below the mark price (-4024)",
    "a buy too far above its trigger (-4183)",
    "a sale too far below its trigger (-4184)",
    "the other side's best price is too far from the mark price (-4131)",
    "too many open orders (-2025)",
    "too many open conditional orders (-4045)",
)
TOO_HIGH = code(FAULTS.index("a buy too far above the mark price (-4016)"))
TOO_LOW = code(FAULTS.index("a sale too far below the mark price (-4024)"))
CODES = tuple(int(text.rpartition("(")[2].rstrip(")") if text.endswith(")") else 0) for text in FAULTS)
"""The exchange's own number for each fault; 0: it has none."""

PESSIMISTIC, OPTIMISTIC, ALONG = codes(3)
"""What to make of a bar that touched two prices: the worse came first, the better did, or the bar is one straight way
from its open to its close (a piece of a path), so that the order of prices is known."""

SIGNAL, REBALANCE, RISK, EXPLICIT, STOP_LOSS, PROFIT, TRAILING, LIQUIDATION = codes(8)
REASONS = ("signal", "rebalance", "risk", "order", "stop", "take_profit", "trailing", "liquidation")

BY_STRENGTH, BY_EXPOSURE, BY_NOTIONAL, BY_LOTS, BY_VETO = codes(5)
"""How a target is given to `decide`: strength times a term, or one of the units of `fw.Target`; or refused."""

UNCHANGED, PROTECTIONS, SIZE = codes(3)
"""What of a wish differs from the signal in force."""

MOST_TIERS = 16
NEVER = code(2**62)
"""A bar that never comes."""
NO, YES = codes(2)
NONE = code(-1)
"""No order, no signal, no instrument, no reason."""

POSITION = np.dtype(
    [
        # what is held
        ("lots", "i8"),
        ("entry", "f8"),  # average entry price
        ("margin", "f8"),  # isolated wallet
        ("stop", "f8"),  # protections, 0: none
        ("take", "f8"),
        ("trail", "f8"),  # distance, in price
        ("trail_stop", "f8"),  # where the trailing stop stands now
        ("closing", "f8"),  # price of a liquidation that is under way
        ("traded", "i8"),  # lots in the bar `traded_bar`, where a bar's volume bounds them
        ("traded_bar", "i8"),
        # the signal in force; a NaN strength: none yet
        ("strength", "f8"),
        ("signal_stop", "f8"),
        ("signal_take", "f8"),
        ("signal_trail", "f8"),
        ("signal_limit", "f8"),
        ("signal_expiry", "i8"),
        ("signal", "i8"),  # its row in the decisions
        ("exposure", "f8"),  # what it was sized to; NaN: nothing to rebalance to
        ("below", "f8"),  # levels of the protections that bars were looked at for
        ("above", "f8"),
        ("clear", "i8"),  # the first bar not looked at for them
        ("touch", "i8"),  # the first that may touch one; a bar far away: none was seen
        ("later", "i8"),  # of a scan: where the signal after the next one may come,
        ("coming", "f8"),  # if this is the strength of the next one
        ("next_change", "i8"),  # of a scan: no signal before this bar differs from the one in force; -1: unknown
        # funding still to come
        ("funding_next", "i8"),
        ("funding_end", "i8"),
        # the contract
        ("lot", "f8"),
        ("tick", "f8"),
        ("per_unit", "f8"),  # ticks in 1, where that is a whole number; else 0
        ("min_notional", "f8"),
        ("most_lots", "i8"),  # of one market order
        ("percent_up", "f8"),  # of the mark price: the most that a limit buys at, the least that it sells at
        ("percent_down", "f8"),
        ("clearance", "f8"),
        ("tier_count", "i8"),
        ("tiers", "f8", (MOST_TIERS, 4)),  # floor, rate, amount, highest leverage
    ],
    align=True,
)

ACCOUNT = np.dtype(
    [
        # money; wallet = capital + realised - fees + funding + shortfall
        ("capital", "f8"),
        ("realised", "f8"),
        ("fees", "f8"),  # clearance fees included
        ("funding", "f8"),  # received
        ("shortfall", "f8"),  # borne by the insurance fund
        ("slippage", "f8"),  # lost to slippage, already inside the fill prices
        ("equity", "f8"),
        ("peak", "f8"),
        # progress
        ("next", "i8"),  # first bar not yet stepped
        ("safe", "i8"),  # block of bars that what is held now outlasts; -1: none is known
        ("halted", "i8"),  # bar + 1 at which trading ended; 0: it goes on
        ("fills", "i8"),
        ("payments", "i8"),
        ("orders", "i8"),
        ("decisions", "i8"),
        ("working", "i8"),
        ("liquidations", "i8"),
        ("ambiguous", "i8"),  # bars in which stop and take-profit could both have come first
        ("rejected", "i8"),
        ("too_small", "i8"),  # decisions that came to less than the smallest order
        ("exposed", "i8"),  # instrument-bars that ended with a position
        # terms
        ("maker", "f8"),
        ("taker", "f8"),
        ("slip", "f8"),  # share of the price
        ("slip_ticks", "f8"),  # half of the spread
        ("slip_volatility", "f8"),  # times the deviation of a bar's return
        ("slip_impact", "f8"),  # times that, and the square root of the share of a bar's volume
        ("slip_span", "i8"),  # bars that both are taken of
        ("pieces", "i8"),  # bars of the tape that make a whole one
        ("through", "f8"),
        ("path", "i8"),
        ("delay", "i8"),  # bars that an order is on its way
        ("participation", "f8"),  # largest share of a bar's volume
        ("groups", "i8"),  # one-cancels-other groups so far
        ("isolated", "i8"),
        ("leverage", "f8"),
        ("reserve", "f8"),
        ("fraction", "f8"),  # exposure at strength 1; NaN: see quantity
        ("quantity", "f8"),  # base currency at strength 1; NaN: see scales
        ("exposure_limit", "f8"),
        ("drawdown_limit", "f8"),
        ("rebalance", "f8"),
    ],
    align=True,
)

ORDER = np.dtype(
    [
        ("bar", "i8"),  # decided at this bar's close
        ("since", "i8"),  # the venue has its price since this bar's close
        ("signal", "i8"),  # row of the decision behind it; -1: none
        ("lots", "i8"),
        ("filled", "i8"),
        ("goal", "i8"),  # of a planned order: what the position shall come to
        ("price", "f8"),  # limit or trigger; of a trailing stop where it stands
        ("trigger", "f8"),  # as it was given; of a trailing stop where it begins to follow
        ("limit", "f8"),  # of the limit order that a trigger places
        ("callback", "f8"),  # share of the best price by which a trailing stop stays behind
        ("best", "f8"),  # price since a trailing stop began to follow; 0: it has not
        ("expiry", "i8"),  # last bar at which it may fill
        ("cancel", "i8"),  # bar at whose close it is withdrawn
        ("done", "i8"),  # bar at which it ended
        ("triggered", "i8"),  # bar in which its trigger was reached; -1: it was not
        ("amended", "i8"),  # bar at whose close its last amendment reached the venue; -1: there was none
        ("resized", "i8"),  # bar in which the venue itself last changed its lots; -1: it did not
        ("promised", "i8"),  # the most lots that amendments on their way give it; 0: none is
        ("stop", "f8"),  # protections of the position it makes
        ("take", "f8"),
        ("trail", "f8"),
        ("instrument", "i8"),
        ("kind", "i8"),
        ("acts", "i8"),  # the kind that it is matched as now
        ("time_in_force", "i8"),
        ("by_mark", "i8"),
        ("close_all", "i8"),
        ("group", "i8"),  # of orders of which one cancels the others; 0: none
        ("reduce_only", "i8"),
        ("planned", "i8"),  # 1: from a signal, 0: an explicit order
        ("reason", "i8"),
        ("state", "i8"),
        ("fault", "i8"),
    ],
    align=True,
)

FILL = np.dtype(
    [
        ("bar", "i8"),
        ("order", "i8"),  # row of its order; -1: the venue's own doing
        ("lots", "i8"),
        ("price", "f8"),
        ("fee", "f8"),
        ("realised", "f8"),
        ("slippage", "f8"),
        ("instrument", "i8"),
        ("reason", "i8"),
    ],
    align=True,
)

STAMP = np.dtype([("time", "i8"), ("bar", "i8"), ("inside", "i8"), ("rate", "f8"), ("cash", "f8")], align=True)
"""A funding stamp: `cash` is rate × price per coin; `inside` 0: at the bar's open, before its fills."""

PAYMENT = np.dtype([("bar", "i8"), ("stamp", "i8"), ("lots", "i8"), ("amount", "f8"), ("instrument", "i8")], align=True)

DECISION = np.dtype(
    [
        ("bar", "i8"),
        ("instrument", "i8"),
        ("strength", "f8"),
        ("stop", "f8"),
        ("take", "f8"),
        ("trail", "f8"),
        ("limit", "f8"),
        ("expiry", "i8"),
    ],
    align=True,
)

WISH = np.dtype(
    [
        ("strength", "f8"),  # NaN: keep everything
        ("stop", "f8"),
        ("take", "f8"),
        ("trail", "f8"),
        ("limit", "f8"),
        ("expiry", "i8"),
        ("unit", "i8"),  # BY_STRENGTH …
        ("amount", "f8"),  # in that unit, signed
        ("force", "i8"),  # plan although the signal is unchanged; the reason of the order, or -1
        # worked out by `decide`
        ("changed", "i8"),
        ("notional", "f8"),
    ],
    align=True,
)
"""One instrument's decision on its way into the ledger."""

SIGNAL_FIELDS = ("strength", "stop_loss", "take_profit", "trailing", "limit", "expiry")

LOWEST, HIGHEST = codes(2)
"""Rows of what is known of a block's marks."""
BLOCK = code(64)
"""Bars whose margin is judged together."""
GLANCE = code(16)
"""Bars whose signals, or prices, are compared together: what one differs in is looked for only among so many."""
STRETCH = code(1024)
"""Bars that are marked together at most: their equity stays in the first-level cache."""
LANES = code(16)
"""Bars that one turn of such a loop takes."""
LINE = code(8)
"""Prices that memory hands over together."""
AHEAD = code(16)
"""Bars by which prices are asked for before they are needed."""
