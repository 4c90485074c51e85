"""An order as a client writes it, read as the exchange reads it: every parameter, and each fault with its code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from fw.domain.filters import exact, refusal
from fw_venue.answers import Asked, Refusal, unknown_symbol
from fw_venue.book import Book
from fw_venue.tape import Tape
from fw_venue.trading.account import Account
from fw_venue.trading.aftermath import SAYS
from fw_venue.trading.order import Conditional, Placed
from fw_venue.trading.standing import tier_of

NUMBER = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
FORCES = ("GTC", "IOC", "FOK", "GTX", "GTD")
CONDITIONALS = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
MATCHES = {
    "OPPONENT": 1,
    "OPPONENT_5": 5,
    "OPPONENT_10": 10,
    "OPPONENT_20": 20,
    "QUEUE": 1,
    "QUEUE_5": 5,
    "QUEUE_10": 10,
    "QUEUE_20": 20,
}
"""Which level of the book gives an order its price."""

SOONEST = 600_000
"""ms from now to a date until which an order may be good."""
CALLBACKS = Decimal("0.1"), Decimal(20)
MARKET_BUY = 1.0005
"""Of the ask: what a market order to buy is taken to cost until it has filled."""


def tape_of(asked: Asked, tapes: Mapping[str, Tape]) -> Tape:
    """The contract that is asked for."""
    tape = tapes.get(asked.text("symbol"))
    if tape is None:
        raise unknown_symbol()
    return tape


def new_order(asked: Asked, account: Account) -> Placed:
    """An order of the order endpoints, which filters, margin and position let pass."""
    tape = tape_of(asked, account.tapes)
    side, kind = _side(asked), asked.text("type")
    if kind in CONDITIONALS:
        raise Refusal(
            -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        )
    if kind not in ("LIMIT", "MARKET"):
        raise Refusal(-1116, "Invalid orderType.")
    _one_way(asked)
    client = _client(asked, "newClientOrderId", account)
    limit = kind == "LIMIT"
    _unwanted(asked, ("stopPrice", "triggerPrice", "callbackRate", "activatePrice", "closePosition"))
    if not limit:
        _unwanted(asked, ("price", "timeInForce", "priceMatch", "goodTillDate"))
    force = _force(asked) if limit else "GTC"
    size = _decimal(asked, "quantity")
    match = asked.params.get("priceMatch", "NONE")
    price = _price(asked, tape, side, match, account.now) if limit else None
    reduces = _truth(asked, "reduceOnly")
    till = _good_till(asked, force, account.now)
    account.book.refuse_duplicate(client, conditional=False)
    _trading(tape, account, reduces=reduces)
    order = Placed(
        contract=tape.contract,
        client=client,
        side=side,
        kind=kind,
        lots=0,
        price=0.0 if price is None else float(price),
        force=force,
        reduce_only=reduces,
        match=match,
        good_till=till,
    )
    order.lots = _filtered(account, tape, order.sign, size, price=price, reduces=reduces)
    if reduces and account.lots(tape.symbol) * order.sign >= 0:
        raise Refusal(-2022, SAYS[-2022])
    afford(account, tape, order, order.lots)
    return order


def new_conditional(asked: Asked, account: Account) -> Conditional:
    """An order of the algo endpoints."""
    if asked.text("algoType") != "CONDITIONAL":
        raise Refusal(-1102, "Mandatory parameter 'algoType' was not sent, was empty/null, or malformed.")
    tape = tape_of(asked, account.tapes)
    side, kind = _side(asked), asked.text("type")
    if kind not in CONDITIONALS:
        raise Refusal(-1116, "Invalid orderType.")
    _one_way(asked)
    client = _client(asked, "clientAlgoId", account)
    limit, trailing = kind in ("STOP", "TAKE_PROFIT"), kind == "TRAILING_STOP_MARKET"
    closes, reduces = _truth(asked, "closePosition"), _truth(asked, "reduceOnly")
    if _truth(asked, "priceProtect"):
        raise Refusal(-1106, "Parameter 'priceProtect' sent when not required: it is not practised here.")
    if asked.params.get("priceMatch", "NONE") != "NONE":
        raise Refusal(-1106, "Parameter 'priceMatch' sent when not required: it is not practised behind a trigger.")
    if closes:
        if kind not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
            raise Refusal(-4136, f"Target strategy invalid for orderType {kind},closePosition true.")
        if asked.params.get("quantity"):
            raise Refusal(-4137, "Quantity must be zero with closePosition equals true.")
        if reduces:
            raise Refusal(-1106, "Parameter 'reduceonly' sent when not required.")
    if not trailing:
        _unwanted(asked, ("callbackRate", "activatePrice", "activationPrice"))
    trigger = _decimal(asked, "activatePrice", needed=False) if trailing else _decimal(asked, "triggerPrice")
    price = _decimal(asked, "price") if limit else None
    size = None if closes else _decimal(asked, "quantity")
    force = _force(asked, default="GTC") if limit else "GTC"
    its = Conditional(
        contract=tape.contract,
        client=client,
        side=side,
        kind=kind,
        lots=0,
        trigger=float(trigger or 0),
        price=float(price or 0),
        callback=_callback(asked) if trailing else "",
        force=force,
        reduce_only=reduces,
        close_all=closes,
        by_mark=_working(asked) == "MARK_PRICE",
        good_till=_good_till(asked, force, account.now),
    )
    account.book.refuse_duplicate(client, conditional=True)
    _trading(tape, account, reduces=reduces or closes)
    if (reduces or closes) and account.lots(tape.symbol) * its.sign >= 0:
        raise Refusal(-2022, SAYS[-2022])
    if sum(1 for _ in account.book.waiting()) >= tape.contract.rules.max_conditional_orders:
        raise Refusal(-4045, "Reach max stop order limit.")
    for number in (trigger, price):
        _precise(number, tape.contract.price_digits + 1)
    if size is not None:
        near = trigger or Decimal(repr(tape.traded.price(account.now)))
        its.lots = _filtered(account, tape, its.sign, size, price=price, reduces=reduces, trigger=near)
    elif trigger is not None and exact(float(trigger)) % exact(tape.contract.rules.tick):
        raise Refusal(-4014, "Price not increased by tick size.")
    return its


def amendment(asked: Asked, account: Account, order: Placed) -> tuple[int, float]:
    """What an open order is to become: lots and price."""
    if order.kind != "LIMIT":
        raise Refusal(-5025, "Only limit order is supported.")
    if _side(asked) != order.side:
        raise Refusal(-1117, "Invalid side.")
    tape = account.tapes[order.symbol]
    size = _decimal(asked, "quantity")
    match = asked.params.get("priceMatch", "NONE")
    price = _price(asked, tape, order.side, match, account.now)
    its = order.contract
    working = order.reduce_only
    lots = _filtered(account, tape, order.sign, size, price=price, reduces=working, amends=True)
    if lots == order.lots and float(price) == order.price:
        raise Refusal(-5027, "No need to modify the order.")
    if order.amended >= 10_000:
        raise Refusal(-5026, "Exceed maximum modify order limit.")
    if lots > order.lots or float(price) > order.price:
        unit = its.rules.lot
        changed = Placed(
            contract=its,
            client=order.client,
            side=order.side,
            kind="LIMIT",
            lots=lots,
            price=float(price),
            reduce_only=order.reduce_only,
        )
        afford(account, tape, changed, lots - order.filled, without=order.rest * unit * order.price)
    return lots, float(price)


def afford(account: Account, tape: Tape, order: Placed, lots: int, *, without: float = 0.0) -> None:
    """Refuse an order that the bracket or the free margin does not allow, with all that is open filled.

    `without`: notional of an open order in whose place it comes.
    """
    if order.reduce_only:
        return
    its, symbol, quote = order.contract.rules, order.symbol, tape.quote(tape.ordinal(account.now))
    price = order.price or (float(quote.ask) * MARKET_BUY if order.sign > 0 else float(quote.bid))
    worth = lots * its.lot * price
    before = account.standing()
    added = worth - without
    extra = (added, 0.0) if order.sign > 0 else (0.0, added)
    after = account.standing(taking={symbol: extra})
    held = after.positions[symbol]
    if held.of_orders <= before.positions[symbol].of_orders:
        return  # nearer to flat
    worst = abs(held.notional) + held.of_orders * held.leverage
    if account.leverage > tier_of(order.contract, worst).leverage:
        raise Refusal(-2027, SAYS[-2027])
    loss = lots * its.lot * max(order.sign * (price - held.mark), 0.0)
    need = held.of_orders - before.positions[symbol].of_orders + loss
    if need > before.available + 1e-9:
        raise Refusal(-2019, SAYS[-2019])


def _filtered(
    account: Account,
    tape: Tape,
    sign: int,
    size: Decimal,
    *,
    price: Decimal | None,
    reduces: bool,
    trigger: Decimal | None = None,
    amends: bool = False,
) -> int:
    """Lots of an order that the filters let pass."""
    contract, now = tape.contract, account.now
    _precise(size, contract.size_digits)
    _precise(price, contract.price_digits + 1)
    quote = tape.quote(tape.ordinal(now))
    said = refusal(
        contract.rules,
        sign * size,
        mark=tape.mark.price(now),
        price=price,
        trigger=trigger,
        best=quote.ask if sign > 0 else quote.bid,
        reduce_only=reduces,
        working=0 if amends else sum(1 for _ in account.book.open(tape.symbol)),
    )
    if said is not None:
        raise Refusal(said.code, said.text)
    return int(size / exact(contract.rules.lot))


def _trading(tape: Tape, account: Account, *, reduces: bool) -> None:
    if tape.contract.status != "TRADING" or tape.traded.index(account.now) < 0:
        raise Refusal(-4140, "Invalid symbol status for opening position.")


def _side(asked: Asked) -> str:
    return asked.choice("side", ("BUY", "SELL"), -1117, "Invalid side.")


def _one_way(asked: Asked) -> None:
    if asked.params.get("positionSide", "BOTH") != "BOTH":
        raise Refusal(-4061, "Order's position side does not match user's setting.")


def _client(asked: Asked, name: str, account: Account) -> str:
    """The client's own id, or one that is made up."""
    client = asked.params.get(name) or f"practice-{account.next_id()}"
    if len(client) > 36:
        raise Refusal(-4015, "Client order id length should not be more than 36 chars")
    if not re.fullmatch(CLIENT_ID, client):
        raise Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{CLIENT_ID}'.")
    return client


def _force(asked: Asked, default: str | None = None) -> str:
    force = asked.text("timeInForce", default)
    if force not in FORCES:
        raise Refusal(-1115, "Invalid timeInForce.")
    return force


def _working(asked: Asked) -> str:
    working = asked.params.get("workingType", "CONTRACT_PRICE")
    if working not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise Refusal(-1102, "Mandatory parameter 'workingType' was not sent, was empty/null, or malformed.")
    return working


def _callback(asked: Asked) -> str:
    share = _decimal(asked, "callbackRate")
    least, most = CALLBACKS
    if not least <= share <= most:
        raise Refusal(-1130, "Data sent for parameter 'callbackRate' is not valid.")
    return f"{share.normalize():f}"


def _good_till(asked: Asked, force: str, now: int) -> int:
    if force != "GTD":
        _unwanted(asked, ("goodTillDate",))
        return 0
    till = int(asked.number("goodTillDate") or asked.text("goodTillDate"))
    if not now + SOONEST < till < 253_402_300_799_000:
        raise Refusal(
            -5040,
            "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than "
            "253402300799000",
        )
    return till // 1000 * 1000


def _price(asked: Asked, tape: Tape, side: str, match: str, now: int) -> Decimal:
    """The price of a limit order, or that of the level of the book it is matched to."""
    if match == "NONE":
        return _decimal(asked, "price")
    if match not in MATCHES:
        raise Refusal(-1102, "Mandatory parameter 'priceMatch' was not sent, was empty/null, or malformed.")
    if asked.params.get("price"):
        raise Refusal(-1106, "Parameter 'price' sent when not required.")
    bids, asks = Book(tape).top(tape.ordinal(now), MATCHES[match])
    levels = asks if (side == "BUY") == match.startswith("OPPONENT") else bids
    return Decimal(levels[-1][0])


def _decimal(asked: Asked, name: str, *, needed: bool = True) -> Decimal:
    """A number above or at nothing, as it is written; 0 where it may be missing, and is."""
    text = asked.text(name) if needed else asked.params.get(name, "")
    if not text:
        return Decimal(0)
    if not re.fullmatch(NUMBER, text):
        raise Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{NUMBER}'.")
    return Decimal(text)


def _precise(number: Decimal | None, digits: int) -> None:
    if number is None:
        return
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > digits:
        raise Refusal(-1111, "Precision is over the maximum defined for this asset.")


def _truth(asked: Asked, name: str) -> bool:
    value = asked.params.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return value == "true"


def _unwanted(asked: Asked, names: Iterable[str]) -> None:
    for name in names:
        if asked.params.get(name) and asked.params[name].lower() not in ("false", "none", "0"):
            raise Refusal(-1106, f"Parameter '{name}' sent when not required.")
