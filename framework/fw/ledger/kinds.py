"""The rows of the ledger: account, positions, orders, fills, funding; and the handle through which kernels reach them.

A run owns the arrays. Kernels are given one record of their addresses, because each array argument of a compiled
function costs its caller 45 ns, and borrow the arrays without counting references to them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from fw.ledger.compiled import view


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

MARKET, LIMIT, STOP, TAKE_PROFIT, BRACKET = codes(5)
ORDER_KINDS = ("market", "limit", "stop", "take_profit", "bracket")

SENT, WORKING, FILLED, CANCELLED, EXPIRED, REJECTED = codes(6)
ORDER_STATES = ("sent", "working", "filled", "cancelled", "expired", "rejected")

NO_FAULT, NO_MARGIN, TOO_SMALL, NOTHING_TO_REDUCE, RUINED = codes(5)
FAULTS = (
    "",
    "margin is insufficient (-2019)",
    "notional is below the minimum (-4164)",
    "reduce-only without a position to reduce (-2022)",
    "the account is in liquidation (-2023)",
)

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
        # the signal in force; a NaN strength: none yet
        ("strength", "f8"),
        ("signal_stop", "f8"),
        ("signal_take", "f8"),
        ("signal_trail", "f8"),
        ("signal_limit", "f8"),
        ("signal_expiry", "i8"),
        ("signal", "i8"),  # its row in the decisions
        ("exposure", "f8"),  # what it was sized to; NaN: nothing to rebalance to
        # funding still to come
        ("funding_next", "i8"),
        ("funding_end", "i8"),
        # the contract
        ("lot", "f8"),
        ("tick", "f8"),
        ("per_unit", "f8"),  # ticks in 1, where that is a whole number; else 0
        ("min_notional", "f8"),
        ("clearance", "f8"),
        ("tier_count", "i8"),
        ("tiers", "f8", (MOST_TIERS, 3)),  # floor, rate, amount
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
        ("slip", "f8"),
        ("through", "f8"),
        ("pessimistic", "i8"),
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
        ("price", "f8"),  # limit or trigger
        ("expiry", "i8"),  # last bar at which it may fill
        ("done", "i8"),  # bar at which it ended
        ("stop", "f8"),  # protections of the position it makes
        ("take", "f8"),
        ("trail", "f8"),
        ("instrument", "i8"),
        ("kind", "i8"),
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

HANDLE = np.dtype(
    [(name, "i8") for name in ("market", "positions", "account", "orders", "working", "fills", "stamps", "payments")]
    + [(name, "i8") for name in ("decisions", "wishes", "equity", "scratch", "scales")]
    + [(name, "i8") for name in SIGNAL_FIELDS]
    + [(name, "i8") for name in ("instruments", "bars", "mark", "stamp_count")]
    + [(name, "i8") for name in ("order_room", "fill_room", "payment_room", "decision_room")],
)

BLOCK = 128
"""Bars that the calm skip looks at together."""


def _array_at(typing_context: Any, address: Any, shape: Any, dtype: Any) -> Any:
    """A C-ordered array on memory that somebody else owns."""
    array_type = types.Array(dtype.dtype, len(shape), "C")

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(array_type)(context, builder)
        item = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(dtype.dtype)))
        lengths = cgutils.unpack_tuple(builder, arguments[1])
        strides = [item]
        for length in reversed(lengths[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        populate_array(
            array,
            data=builder.inttoptr(arguments[0], array.data.type),
            shape=cgutils.pack_array(builder, lengths),
            strides=cgutils.pack_array(builder, strides),
            itemsize=item,
            meminfo=None,
        )
        return array._getvalue()

    return array_type(address, shape, dtype), build


array_at: Any = intrinsic(_array_at)
"""`array_at(address, shape, dtype)` inside a kernel; numba gives the typing context."""


@view
def column_of(address: int, instruments: int, bars: int) -> Rows:
    """An array [instrument, bar] at an address, or one without columns where the address is 0."""
    return array_at(address, (instruments, bars if address != 0 else 0), np.float64)


@view
def market_of(ledger: Ledger) -> Rows:
    """float64[instrument, field, bar]."""
    fields = MARK_FIELDS if ledger.mark else PRICE_FIELDS
    return array_at(ledger.market, (ledger.instruments, fields, ledger.bars), np.float64)


@view
def positions_of(ledger: Ledger) -> Rows:
    """One row an instrument."""
    return array_at(ledger.positions, (ledger.instruments,), POSITION)


@view
def account_of(ledger: Ledger) -> Rows:
    """The one row of the account."""
    return array_at(ledger.account, (1,), ACCOUNT)


@view
def orders_of(ledger: Ledger) -> Rows:
    """Room for orders; `account.orders` of them are written."""
    return array_at(ledger.orders, (ledger.order_room,), ORDER)


@view
def working_of(ledger: Ledger) -> Rows:
    """Rows of orders that may still fill, in order of submission."""
    return array_at(ledger.working, (ledger.order_room,), np.int64)


@view
def fills_of(ledger: Ledger) -> Rows:
    """Room for fills; `account.fills` of them are written."""
    return array_at(ledger.fills, (ledger.fill_room,), FILL)


@view
def stamps_of(ledger: Ledger) -> Rows:
    """Funding stamps, instrument after instrument."""
    return array_at(ledger.stamps, (ledger.stamp_count,), STAMP)


@view
def payments_of(ledger: Ledger) -> Rows:
    """Room for funding payments."""
    return array_at(ledger.payments, (ledger.payment_room,), PAYMENT)


@view
def decisions_of(ledger: Ledger) -> Rows:
    """Room for changed signals."""
    return array_at(ledger.decisions, (ledger.decision_room,), DECISION)


@view
def wishes_of(ledger: Ledger) -> Rows:
    """One row an instrument."""
    return array_at(ledger.wishes, (ledger.instruments,), WISH)


@view
def equity_of(ledger: Ledger) -> Rows:
    """float64[bar]."""
    return array_at(ledger.equity, (ledger.bars,), np.float64)


@view
def scratch_of(ledger: Ledger) -> Rows:
    """float64[BLOCK], for whoever needs it."""
    return array_at(ledger.scratch, (BLOCK,), np.float64)


@view
def scales_of(ledger: Ledger) -> Rows:
    """Exposure at strength 1, float64[instrument, bar]; no columns when absent."""
    return column_of(ledger.scales, ledger.instruments, ledger.bars)


@view
def strength_of(ledger: Ledger) -> Rows:
    """Strengths, float64[instrument, bar]; no columns when absent."""
    return column_of(ledger.strength, ledger.instruments, ledger.bars)


@view
def stop_of(ledger: Ledger) -> Rows:
    """Stop losses, float64[instrument, bar]; no columns when absent."""
    return column_of(ledger.stop_loss, ledger.instruments, ledger.bars)


@view
def take_of(ledger: Ledger) -> Rows:
    """Take-profits, float64[instrument, bar]; no columns when absent."""
    return column_of(ledger.take_profit, ledger.instruments, ledger.bars)


@view
def trail_of(ledger: Ledger) -> Rows:
    """Trailing distances, float64[instrument, bar]; no columns when absent."""
    return column_of(ledger.trailing, ledger.instruments, ledger.bars)


@view
def limit_of(ledger: Ledger) -> Rows:
    """Limit entries, float64[instrument, bar]; no columns when absent."""
    return column_of(ledger.limit, ledger.instruments, ledger.bars)


@view
def expiry_of(ledger: Ledger) -> Rows:
    """Expiries of limit entries, float64[instrument, bar]; no columns when absent."""
    return column_of(ledger.expiry, ledger.instruments, ledger.bars)
