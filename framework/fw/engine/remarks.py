"""What a reader must know of orders that came to nothing: refused by the venue, or too small to send."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import format_time
from fw.engine.contracts import bracket
from fw.ledger import kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.ledger.simulation import Simulation


def rejections(simulation: Simulation) -> Iterator[str]:
    """One sentence for each reason for which the venue refused orders, in the order they first came."""
    if not simulation.account["rejected"][0]:
        return
    rows = np.flatnonzero(simulation.orders["state"] == kinds.REJECTED)
    faults = simulation.orders["fault"][rows]
    for fault in dict.fromkeys(faults.tolist()):
        own = rows[faults == fault]
        order = simulation.orders[own[0]]
        bar = int(order["done"])
        at_once = bar == int(order["bar"])  # refused as it came, when that bar had closed
        when = format_time(simulation.close_time(bar) if at_once else simulation.open_time(bar))
        why = _over_bracket(simulation, order) if fault == kinds.OVER_BRACKET else kinds.FAULTS[fault]
        times = "1 order was rejected," if len(own) == 1 else f"{len(own)} orders were rejected; the first"
        yield f"{times} at {when}: {why}"


def _over_bracket(simulation: Simulation, order: Any) -> str:
    """The bracket whose cap an order would have left behind, and what would have passed."""
    k, bar = int(order["instrument"]), int(order["done"])
    contract = simulation.instruments[k]
    leverage = float(simulation.account["leverage"][0])
    fills = simulation.fills
    held = int(fills["lots"][(fills["instrument"] == k) & (fills["bar"] < bar)].sum())
    price = float(order["price"]) or float(simulation.tape.block[k, kinds.OPEN, bar])
    notional = abs(held + int(order["lots"])) * contract.lot * price
    capped = next(t for t, tier in enumerate(contract.tiers) if tier.leverage < leverage)
    # what was filled earlier in the same bar is not counted, so at least the first bracket that caps
    t = max(sum(tier.floor <= notional for tier in contract.tiers) - 1, capped)
    return (
        f"a leverage of {leverage:g} is above {contract.tiers[t].leverage:g}, the cap of {contract.symbol}'s bracket "
        f"{bracket(contract, t)}, which holds its notional of {notional:,.0f} (-2027); lower account.leverage, or keep "
        f"positions below {contract.tiers[capped].floor:,.10g} {contract.settle}"
    )


def too_small(simulation: Simulation) -> Iterator[str]:
    """How many decisions were too small to trade; where all were, the capital that it takes."""
    row = simulation.account[0]
    if not row["too_small"]:
        return
    count = int(row["too_small"])
    smallest = ", ".join(_smallest_order(simulation, k) for k in range(len(simulation.instruments)))
    if row["orders"]:
        yield f"{count} decisions were too small to trade; the smallest order: {smallest}"
        return
    every = "the one decision was" if count == 1 else f"all {count} decisions were"
    yield f"{every} too small to trade; the smallest order: {smallest}{_takes(simulation)}"


def too_thin(simulation: Simulation) -> Iterator[str]:
    """Instruments of which no bar traded so much that an order could have its share of it: none can ever fill."""
    share = float(simulation.account["participation"][0])
    if math.isinf(share):
        return
    for k, contract in enumerate(simulation.instruments):
        most = float(simulation.tape.block[k, kinds.VOLUME, simulation.tape.start :].max())
        if share * most / contract.lot + 1e-9 >= 1.0:  # as the ledger counts whole lots
            continue
        enough = f"; it takes {contract.lot / most:.2g} or more" if most > 0.0 else ""
        yield (
            f"simulation.participation: {share:g} of what any bar of {contract.symbol} traded is less than one lot, "
            f"so nothing of it fills{enough}"
        )


def _smallest_order(simulation: Simulation, k: int) -> str:
    """What the smallest order of an instrument was worth at the run's first bar."""
    contract = simulation.instruments[k]
    price = simulation.mark(k, simulation.tape.start)
    worth = _fewest_lots(simulation, k, price) * contract.lot * price
    return f"{contract.symbol} {worth:,.2f} {contract.settle}"


def _fewest_lots(simulation: Simulation, k: int, price: float) -> int:
    """Lots of the smallest order that the venue takes at a price."""
    contract = simulation.instruments[k]
    return max(contract.min_lots, math.ceil(contract.min_notional / (contract.lot * price) - 1e-9))


def _takes(simulation: Simulation) -> str:
    """The smallest setting with which one of the decisions trades, and with which each would by itself; "": not known.

    Nothing traded, so equity was the capital throughout, and what a decision asks for is a share of it.
    """
    row = simulation.account[0]
    if (simulation.wishes["unit"] != kinds.BY_STRENGTH).any():  # sized in Python, by a rule of its own
        return ""
    decisions = simulation.decisions[simulation.decisions["strength"] != 0.0]
    decisions = decisions[decisions["bar"] + 1 < simulation.tape.bars]  # what is decided last is never sent
    by_quantity = math.isnan(row["fraction"]) and not math.isnan(row["quantity"])
    shares = np.abs(decisions["strength"]) if by_quantity else _shares(simulation, decisions)
    needs = []
    for decision, share in zip(decisions, shares, strict=True):
        k, bar = int(decision["instrument"]), int(decision["bar"])
        close = float(simulation.tape.block[k, kinds.CLOSE, bar])
        met = float(decision["limit"]) or float(simulation.tape.block[k, kinds.OPEN, bar + 1])
        lots = _fewest_lots(simulation, k, min(close, met))
        if share > 0.0:
            needs.append(lots * simulation.instruments[k].lot * (1.0 if by_quantity else close) / share)
    if not needs:
        return ""
    if by_quantity:
        least, most = (f"{need:.10g}" for need in (min(needs), max(needs)))
        what = f"the sizer's quantity has to be at least {least}"
    else:
        least, most = (f"{_rounded_up(need):,.10g}" for need in (min(needs), max(needs)))
        what = f"with these settings account.capital has to be at least {least}"
    return f"; {what}" if least == most else f"; {what} for one of them, about {most} for each"


def _shares(simulation: Simulation, decisions: NDArray[Any]) -> NDArray[np.float64]:
    """What each decision asks for over equity, within the limits that decisions of one bar share; NaN: not known."""
    row = simulation.account[0]
    scales = simulation.scales
    asked = np.abs(decisions["strength"])
    if not math.isnan(row["fraction"]):
        asked = asked * float(row["fraction"])
    elif scales is not None:
        asked = asked * scales[decisions["instrument"], decisions["bar"]]
    else:
        return np.full(len(decisions), np.nan)
    room = min(float(row["exposure_limit"]), float(row["leverage"]) * (1.0 - float(row["reserve"])))
    together = np.bincount(decisions["bar"], weights=np.nan_to_num(asked))[decisions["bar"]] if len(asked) else asked
    shares: NDArray[np.float64] = asked * np.minimum(1.0, room / np.where(together > 0.0, together, 1.0))
    return shares


def _rounded_up(need: float) -> float:
    """To whole units of money, or hundredths where there are few of them."""
    return float(math.ceil(need)) if need >= 100.0 else math.ceil(need * 100.0) / 100.0
