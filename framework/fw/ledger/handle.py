"""The record of addresses by which kernels reach a run's arrays, and the views that it gives.

The run owns the arrays. A compiled function costs its caller 45 ns for each array argument, and numba counts references
to each; so kernels are given this one record, and borrow the arrays from it without an owner. The views are
intrinsics: a few instructions where they stand, instead of functions that would each have to be compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from fw.ledger.kinds import ACCOUNT, DECISION, FILL, ORDER, PAYMENT, POSITION, SIGNAL_FIELDS, STAMP, WISH

HANDLE = np.dtype(
    [(name, "i8") for name in ("market", "positions", "account", "orders", "working", "fills", "stamps", "payments")]
    + [(name, "i8") for name in ("decisions", "wishes", "equity", "scratch", "extremes", "scales", "closes")]
    + [(name, "i8") for name in SIGNAL_FIELDS]
    + [(name, "i8") for name in ("instruments", "bars", "clock_bars", "fields", "blocks", "mark", "stamp_count")]
    + [(name, "i8") for name in ("order_room", "fill_room", "payment_room", "decision_room", "scratch_room")],
)


FIELDS = HANDLE.names or ()


def _view(address: str, row: Any, *shape: str | int, optional: bool = False) -> Any:
    """A function `view(ledger)` for kernels: the array at one of the handle's addresses, C-ordered.

    `shape` names fields of the handle, or gives lengths. An optional array has no columns where its address is 0.
    """
    array_type = types.Array(from_dtype(np.dtype(row)), len(shape), "C")

    def typed(typing_context: Any, ledger: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def read(name: str) -> Any:
                offset = 8 * FIELDS.index(name)
                word = context.get_data_type(types.int64)
                return builder.load(cgutils.get_record_member(builder, arguments[0], offset, word))

            at = read(address)
            lengths = [read(n) if isinstance(n, str) else context.get_constant(types.intp, int(n)) for n in shape]
            if optional:
                nothing = context.get_constant(types.intp, 0)
                lengths[-1] = builder.select(builder.icmp_signed("!=", at, nothing), lengths[-1], nothing)
            item = context.get_constant(types.intp, np.dtype(row).itemsize)
            strides = [item]
            for length in reversed(lengths[1:]):
                strides.insert(0, builder.mul(strides[0], length))
            array = context.make_array(array_type)(context, builder)
            populate_array(
                array,
                data=builder.inttoptr(at, array.data.type),
                shape=cgutils.pack_array(builder, lengths),
                strides=cgutils.pack_array(builder, strides),
                itemsize=item,
                meminfo=None,
            )
            return array._getvalue()

        return array_type(ledger), build

    return intrinsic(typed)


market_of = _view("market", np.float64, "instruments", "fields", "bars")
"""float64[instrument, field, bar]."""
positions_of = _view("positions", POSITION, "instruments")
"""One row an instrument."""
account_of = _view("account", ACCOUNT, 1)
"""The one row of the account."""
orders_of = _view("orders", ORDER, "order_room")
"""Room for orders; `account.orders` of them are written."""
working_of = _view("working", np.int64, "order_room")
"""Rows of orders that may still fill, in order of submission."""
fills_of = _view("fills", FILL, "fill_room")
"""Room for fills; `account.fills` of them are written."""
stamps_of = _view("stamps", STAMP, "stamp_count")
"""Funding stamps, instrument after instrument."""
payments_of = _view("payments", PAYMENT, "payment_room")
"""Room for funding payments."""
decisions_of = _view("decisions", DECISION, "decision_room")
"""Room for changed signals."""
wishes_of = _view("wishes", WISH, "instruments")
"""One row an instrument."""
equity_of = _view("equity", np.float64, "bars")
"""float64[bar]."""
closes_of = _view("closes", np.int64, "clock_bars", optional=True)
"""int64[clock bar], how many bars have closed by its close; empty where every bar is a clock bar."""
scratch_of = _view("scratch", np.float64, "scratch_room")
"""float64[`BLOCK` or more], for whoever needs it."""
extremes_of = _view("extremes", np.float64, "instruments", 2, "blocks")
"""Lowest and highest mark, float64[instrument, `LOWEST` or `HIGHEST`, block]; NaN: not yet seen. Address 0: a run
whose bars come one by one."""
scales_of = _view("scales", np.float64, "instruments", "bars", optional=True)
"""Exposure at strength 1, float64[instrument, bar]; no columns when absent."""
strength_of = _view("strength", np.float64, "instruments", "bars", optional=True)
"""Strengths, float64[instrument, bar]; no columns when absent."""
stop_of = _view("stop_loss", np.float64, "instruments", "bars", optional=True)
"""Stop losses, float64[instrument, bar]; no columns when absent."""
take_of = _view("take_profit", np.float64, "instruments", "bars", optional=True)
"""Take-profits, float64[instrument, bar]; no columns when absent."""
trail_of = _view("trailing", np.float64, "instruments", "bars", optional=True)
"""Trailing distances, float64[instrument, bar]; no columns when absent."""
limit_of = _view("limit", np.float64, "instruments", "bars", optional=True)
"""Limit entries, float64[instrument, bar]; no columns when absent."""
expiry_of = _view("expiry", np.float64, "instruments", "bars", optional=True)
"""Expiries of limit entries, float64[instrument, bar]; no columns when absent."""


def _prefetch(typing_context: Any, prices: Any, at: Any) -> Any:
    """`prefetch(prices, at)` for kernels: ask for the memory of one element before it is needed."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        pointer = builder.gep(data, [arguments[1]])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        builder.call(
            builder.module.declare_intrinsic("llvm.prefetch", (pointer.type,), kind),
            [pointer, number(0), number(3), number(1)],  # to read, soon, as data
        )
        return context.get_dummy_value()

    return types.void(prices, types.intp), build


prefetch = intrinsic(_prefetch)
"""A fill reads one price far from all that was read before: without it a fifth of a scan waits for memory."""
