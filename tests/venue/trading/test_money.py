"""The exchange's money is the backtest's: the same orders on the same prices end with the same fills, to the last cent.

The market goes by hours, and the exchange makes a price every quarter of one. A backtest over bars that are these
prices decides at the close of one and trades at the next; on the exchange the same order is given when that next price
is there, so that only what else this price does may come before it and not after.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fw

BTC = "BTCUSDT"
QUARTER = 15 * 60_000
CAPITAL = 100_000.0
MS = 1_000_000

Action = tuple[Any, ...]


def quotes_as_bars(venue: Any) -> fw.Market:
    """Every price that the exchange makes, as a bar of its own."""
    series = {}
    for symbol, tape in venue.tapes.items():
        times = np.arange(venue.begins, venue.ends, QUARTER)

        def flat(prices: Any, times: Any = times) -> fw.Bars:
            column = np.array([prices.price(int(time)) for time in times])
            return fw.Bars(
                size=fw.BarSize.parse("15m"),
                open_time=times * MS,
                open=column,
                high=column,
                low=column,
                close=column,
                volume=np.full(len(times), 1e6),
            )

        given = tape.series
        series[symbol] = fw.Series(
            bars=flat(tape.traded), mark=flat(tape.mark), funding=given.funding, rules=tape.contract.rules
        )
    return fw.Market(series=series, focus=BTC)


class Script:
    """Does at each close what stands under the number of the next price."""

    def __init__(self, actions: dict[int, list[Action]]) -> None:
        self.actions, self.closes = actions, 0

    def decide(self, view: fw.View) -> Any:
        self.closes += 1
        return tuple(self._said(action) for action in self.actions.get(self.closes, ())) or None

    @staticmethod
    def _said(action: Action) -> Any:
        what, name, *rest = action
        if what == "cancel":
            return fw.Cancel(name)
        if what == "amend":
            quantity, price = rest
            return fw.Amend(name, quantity=quantity, price=price)
        return fw.Place(id=name, **rest[0])


def send(trader: Any, action: Action, numbers: dict[str, Any]) -> None:
    """The same over REST."""
    what, name, *rest = action
    if what == "place":
        given = rest[0]
        side, size = ("BUY" if given["quantity"] > 0 else "SELL"), abs(given["quantity"])
        kind, price = given.get("kind", "market"), given.get("price")
        reduces = given.get("reduce_only", False)
        if kind in ("market", "limit"):
            force = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "post_only": "GTX"}[given.get("time_in_force", "gtc")]
            body = {"symbol": BTC, "side": side, "type": kind.upper(), "quantity": f"{size:.3f}"}
            body |= {"newClientOrderId": name, "reduceOnly": reduces}
            body |= {} if price is None else {"price": f"{price:.1f}", "timeInForce": force}
            _, _, answer = trader.ask("POST", "v1/order", **body)
            numbers[name] = ("v1/order", "orderId", answer.get("orderId"), side, size, price)
            return
        types = {
            "stop": "STOP_MARKET",
            "take_profit": "TAKE_PROFIT_MARKET",
            "stop_limit": "STOP",
            "take_profit_limit": "TAKE_PROFIT",
            "trailing_stop": "TRAILING_STOP_MARKET",
        }
        body = {"algoType": "CONDITIONAL", "symbol": BTC, "side": side, "type": types[kind], "clientAlgoId": name}
        body |= {"closePosition": True} if given.get("close_position") else {"quantity": f"{size:.3f}"}
        body |= {"reduceOnly": True} if reduces else {}
        body |= {"workingType": "MARK_PRICE"} if given.get("trigger_by") == "mark" else {}
        body |= {"price": f"{given['limit']:.1f}"} if "limit" in given else {}
        body |= {"triggerPrice": f"{price:.1f}"} if price is not None else {}
        body |= {"callbackRate": f"{100 * given['callback']:g}"} if "callback" in given else {}
        _, _, answer = trader.ask("POST", "v1/algoOrder", **body)
        numbers[name] = ("v1/algoOrder", "algoId", answer.get("algoId"), side, size, price)
        return
    path, field, number, side, size, price = numbers[name]
    if number is None:
        return
    if what == "cancel":
        trader.ask("DELETE", path, symbol=BTC, **{field: number})
    else:
        quantity, new = rest
        changed = {"quantity": f"{abs(quantity or size):.3f}", "price": f"{new or price:.1f}"}
        trader.ask("PUT", path, symbol=BTC, side=side, orderId=number, **changed)
        numbers[name] = (path, field, number, side, abs(quantity or size), new or price)


def random_script(rng: np.random.Generator, prices: Any) -> dict[int, list[Action]]:
    """Orders of every kind, now and then changed or withdrawn; triggers stand clear of the prices around them."""
    actions: dict[int, list[Action]] = {}
    limits: list[str] = []
    for number in range(1, len(prices) - 1):
        if rng.random() < 0.55:
            continue
        name, around = f"order-{number}", (prices[number - 1], prices[number])
        side = float(rng.choice([-1.0, 1.0]))
        quantity = side * round(float(rng.uniform(0.2, 3.0)), 3)
        below, above = (
            round(min(around) * rng.uniform(0.97, 0.997), 1),
            round(max(around) * rng.uniform(1.003, 1.03), 1),
        )
        kind = str(
            rng.choice(["market", "limit", "limit", "stop", "take_profit", "stop_limit", "trailing_stop", "old"])
        )
        if kind == "old" and limits:
            chosen = str(rng.choice(limits))
            price = round(prices[number] * float(rng.uniform(0.98, 1.02)), 1)
            action: Action = ("cancel", chosen) if rng.random() < 0.5 else ("amend", chosen, None, price)
            actions[number] = [action]
            continue
        place: dict[str, Any] = {"quantity": quantity, "reduce_only": bool(rng.random() < 0.25)}
        if kind == "limit":
            place |= {"kind": kind, "price": below if side > 0 else above}
            place["time_in_force"] = str(rng.choice(["gtc", "gtc", "gtc", "ioc", "fok", "post_only"]))
            limits.append(name)
        elif kind in ("stop", "stop_limit", "take_profit"):
            trigger = above if (side > 0) == (kind != "take_profit") else below
            place |= {"kind": kind, "price": trigger}
            if kind == "stop_limit":
                place["limit"] = round(trigger * (1 + side * 0.002), 1)
            if rng.random() < 0.3:
                place["trigger_by"] = "mark"
        elif kind == "trailing_stop":
            place |= {"kind": kind, "callback": round(float(rng.uniform(0.003, 0.02)), 3)}
        actions[number] = [("place", name, place)]
    return actions


def both(
    make_venue: Callable[..., Any], trader_of: Callable[[Any], Any], market: fw.Market, actions: Any, **terms: Any
) -> tuple[Any, fw.Result]:
    """The client after the last price, and the backtest of the same."""
    settings = {"maker": 0.0002, "taker": 0.0005, "isolated": False, "leverage": 20.0} | terms
    venue = make_venue(market, at=0, pace=QUARTER, capital=CAPITAL, terms=fw.Terms(**settings))
    venue.limits.orders_ten_seconds = venue.limits.orders_minute = venue.limits.weight = 1_000_000
    trader = trader_of(venue)
    numbers: dict[str, Any] = {}
    last = (venue.ends - venue.begins) // QUARTER - 1
    for number in range(1, last + 1):
        venue.clock.advance(QUARTER)
        for action in actions.get(number, ()):
            send(trader, action, numbers)
    result = fw.backtest(
        quotes_as_bars(venue),
        Script(actions),
        simulation={"slippage": {"bps": 0}},
        account={
            "capital": CAPITAL,
            "margin": "isolated" if settings["isolated"] else "cross",
            "leverage": settings["leverage"],
            "fees": "vip0",
            "mark": "required",
            "allow_high_leverage": True,
        },
    )
    return trader, result


@pytest.fixture
def trader_of(trading_tools: ModuleType) -> Callable[[Any], Any]:
    trader: Callable[[Any], Any] = trading_tools.Trader
    return trader


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("isolated", [False, True], ids=["cross", "isolated"])
def test_the_same_orders_end_with_the_same_fills_fees_funding_and_equity(
    make_venue: Callable[..., Any], trader_of: Callable[[Any], Any], made_up: ModuleType, seed: int, isolated: bool
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, (BTC,), 40, wild=0.01, marked=True)
    trial = make_venue(market, at=0, pace=QUARTER)
    prices = [trial.tapes[BTC].traded.price(time) for time in range(trial.begins, trial.ends, QUARTER)]
    actions = random_script(rng, prices)
    trader, result = both(make_venue, trader_of, market, actions, isolated=isolated)
    assert len(result.fills["lots"]) > 10
    assert traded(trader) == traded_in(result)
    charged = sum(float(trade["commission"]) for trade in trader.get("v1/userTrades", symbol=BTC, limit=1000))
    assert charged == pytest.approx(float(np.sum(result.fills["fee"])), abs=1e-6)
    paid = trader.get("v1/income", incomeType="FUNDING_FEE", limit=1000)
    assert [float(row["income"]) for row in paid] == pytest.approx(result.funding["amount"].tolist(), abs=1e-7)
    worth = float(trader.get("v2/account")["totalMarginBalance"])
    assert worth == pytest.approx(float(result.equity["equity"][-1]), abs=1e-7)
    assert worth == pytest.approx(summed_up(trader), abs=1e-5)
    entries = trader.get("v1/income", limit=1000)
    assert CAPITAL + sum(float(row["income"]) for row in entries) == pytest.approx(trader.wallet, abs=1e-5)


def summed_up(trader: Any) -> float:
    """What is there after every coin was paid for, every fee and all funding, with what is held at its mark price."""
    trades = trader.get("v1/userTrades", symbol=BTC, limit=1000, startTime=0)
    cash = sum((-1 if row["buyer"] else 1) * float(row["qty"]) * float(row["price"]) for row in trades)
    fees = sum(float(row["commission"]) for row in trades)
    funding = sum(float(row["income"]) for row in trader.get("v1/income", incomeType="FUNDING_FEE", limit=1000))
    fund = trader.get("v1/income", incomeType="INSURANCE_CLEAR", limit=1000)
    borne = sum(
        float(row["income"]) for row in fund if not row["tradeId"]
    )  # not a fee: what was lost beyond all margin
    (position,) = trader.get("v2/positionRisk", symbol=BTC)
    return CAPITAL + cash - fees + funding + borne + float(position["positionAmt"]) * float(position["markPrice"])


def traded(trader: Any) -> list[tuple[int, float, float]]:
    """Time, signed quantity and price of every fill; those of one instant in no order, as it has two."""
    rows = trader.get("v1/userTrades", symbol=BTC, limit=1000, startTime=0)
    return sorted((row["time"], float(row["qty"]) * (1 if row["buyer"] else -1), float(row["price"])) for row in rows)


def traded_in(result: fw.Result) -> list[tuple[int, float, float]]:
    """The same of a backtest."""
    fills = result.fills
    rows = zip(fills["time"].tolist(), fills["lots"].tolist(), fills["price"].tolist(), strict=True)
    return sorted((time // MS, round(lots * 0.001, 3), price) for time, lots, price in rows)
