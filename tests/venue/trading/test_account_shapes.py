"""Answers and events of an account have the fields and JSON types of those of the real exchange, one by one.

No account of the real exchange was recorded but one order; the others are examples of its documents. Where they were
written before a field came or went, it is named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BTC = "BTCUSDT"
MINUTE = 60_000
NET = "fixtures/binance_net/endpoints"
SAID = "fixtures/binance_net/subscriptions"
HEARD = "fixtures/nautilus_crate/user_data_json"
LATEST = "fixtures/nautilus_integration/ws_messages"

OURS_ONLY = {
    ".avgPrice": "told by the recorded order, not by the documents' answers to changes",
    ".cumQuote": "the same",
    ".positions.[].breakEvenPrice": "since the example",
    ".positions.[].notional": "the same",
    ".positions.[].isolatedWallet": "the same",
    ".rpiCommissionRate": "since the example",
    ".o.pm": "since the example",
    ".o.gtd": "the same",
}
THEIRS_ONLY = {
    ".pair": "of answers of the coin-margined half",
    ".cumBase": "the same",
    ".activatePrice": "of orders that are conditional ones now",
    ".priceRate": "the same",
    ".[].activatePrice": "the same",
    ".[].priceRate": "the same",
}
OTHERWISE = {"tradeId", "tranId", "isAutoAddMargin"}
"""Numbers in one example and texts in the next."""


def kind(value: Any) -> str:
    """A JSON type; a number inside a text is another one than a word."""
    if isinstance(value, str):
        return "a number in a text" if re.fullmatch(r"-?\d+(\.\d+)?", value) else "a word"
    return {bool: "a truth", int: "a number", float: "a number", type(None): "null"}[type(value)]


def fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from fields(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value[:1]:
            yield from fields(inner, f"{path}.[]")
    else:
        yield path, kind(value)


def differences(ours: Any, theirs: Any) -> list[str]:
    mine, known = dict(fields(ours)), dict(fields(theirs))
    found = [f"they have {path}" for path in known.keys() - mine.keys() - THEIRS_ONLY.keys()]
    found += [f"only we have {path}" for path in mine.keys() - known.keys() - OURS_ONLY.keys()]
    for path in mine.keys() & known.keys():
        name = path.rpartition(".")[2]
        texts = {"a number in a text", "a word"}
        both_texts = {mine[path], known[path]} <= texts and name in ("clientOrderId", "c", "caid", "clientAlgoId")
        if mine[path] != known[path] and name not in OTHERWISE and not both_texts:
            found.append(f"{path} is {mine[path]}, theirs {known[path]}")
    return sorted(found)


@pytest.fixture(scope="module")
def examples(real_data: Path) -> Path:
    folder = real_data / "binance_payloads"
    if not folder.is_dir():
        pytest.skip(f"no payloads of the exchange in {folder}")
    return folder


@pytest.fixture
def trader(trading: Callable[..., Any]) -> Any:
    """An account that holds, has ordered, and has paid funding."""
    trader = trading(*[40_000] * 4, funding=((1, 0.0001),))
    trader.order("BUY", 0.1)
    trader.order("SELL", 0.05, 41_000)
    trader.conditional("SELL", "TAKE_PROFIT", 0.05, triggerPrice=42_000, price=42_000)
    trader.venue.clock.advance(MINUTE)
    return trader


def given(examples: Path, file: str) -> Any:
    theirs = json.loads((examples / file).read_text(encoding="utf-8"))
    return theirs["data"] if isinstance(theirs, dict) and "stream" in theirs else theirs


QUESTIONS = [
    ("v1/accountConfig", f"{NET}/Account_GetAccountConfiguration.json"),
    ("v2/account", "fixtures/nautilus_crate/http_json/account_info_v2.json"),
    ("v3/account", f"{NET}/Account_GetAccountInfoV3.json"),
    ("v3/balance", f"{NET}/Account_GetBalances.json"),
    ("v1/leverageBracket", f"{NET}/Account_GetBrackets.json"),
    ("v1/income", f"{NET}/Account_GetIncomeHistory.json"),
    ("v1/multiAssetsMargin", f"{NET}/Account_GetMultiAssetsMode.json"),
    ("v1/rateLimit/order", f"{NET}/Account_GetOrderRateLimit.json"),
    ("v2/positionRisk", f"{NET}/Account_GetPositionInformation.json"),
    ("v1/symbolConfig", f"{NET}/Account_GetSymbolConfiguration.json"),
    (f"v1/commissionRate?{BTC}", f"{NET}/Account_GetUserCommissionRate.json"),
    (f"v1/openOrders?{BTC}", f"{NET}/Trading_GetOpenOrders.json"),
    (f"v1/allOrders?{BTC}", f"{NET}/Trading_GetOrders.json"),
    ("v1/openAlgoOrders", f"{NET}/Trading_GetOpenConditionalOrders.json"),
    (f"v1/userTrades?{BTC}", f"{NET}/Trading_GetUserTrades.json"),
]


@pytest.mark.parametrize(("path", "file"), QUESTIONS, ids=[path.partition("?")[0] for path, _ in QUESTIONS])
def test_an_answer_about_an_account_has_the_fields_of_the_exchange(
    trader: Any, examples: Path, path: str, file: str
) -> None:
    path, _, symbol = path.partition("?")
    ours = trader.get(path, **({"symbol": symbol} if symbol else {}))
    assert ours
    assert differences(ours, given(examples, file)) == []


def test_the_newest_position_has_the_fields_of_the_exchange(trader: Any, examples: Path) -> None:
    theirs = given(examples, "fixtures/binance_net/socket/Trading_GetPositions.json")["result"]
    theirs[0]["unRealizedProfit"] = theirs[0].pop("unrealizedProfit")  # over REST it is spelt so
    assert differences(trader.get("v3/positionRisk"), theirs) == []


def test_orders_are_answered_with_the_fields_of_the_exchange(trader: Any, examples: Path) -> None:
    ours = trader.order("BUY", 0.1, 39_000)
    recorded = given(examples, "recorded/rest_private/ccxt_new_order_response_usdm_limit.json")[0]
    assert differences(ours, recorded) == []
    assert [ours[name] for name in ("price", "avgPrice", "origQty", "executedQty", "cumQuote", "stopPrice")] == [
        "39000.00",
        "0.00",
        "0.100",
        "0.000",
        "0.00000",
        "0.00",
    ]  # as many decimals as there
    changed = trader.done(
        "PUT", "v1/order", symbol=BTC, orderId=ours["orderId"], side="BUY", quantity=0.1, price=39_001
    )
    assert differences(changed, given(examples, f"{NET}/Trading_EditOrder.json")) == []
    gone = trader.cancel(ours["orderId"])
    assert differences(gone, given(examples, f"{NET}/Trading_CancelOrder.json")) == []


def test_conditional_orders_are_answered_with_the_fields_of_the_exchange(trader: Any, examples: Path) -> None:
    ours = trader.conditional("SELL", "TAKE_PROFIT", 0.01, triggerPrice=43_000, price=43_000)
    assert differences(ours, given(examples, f"{NET}/Trading_PlaceConditionalOrder.json")) == []
    now = trader.venue.tapes[BTC].traded.price(trader.venue.clock.now)
    stop = trader.conditional("SELL", "TAKE_PROFIT_MARKET", 0.01, triggerPrice=now + 1, reduceOnly=True)
    found = trader.get("v1/algoOrder", algoId=stop["algoId"])
    waiting = given(examples, f"{NET}/Trading_GetOpenConditionalOrders.json")[0]
    assert differences(found, waiting) == []


def test_a_triggered_order_is_told_with_the_fields_of_the_exchange(trading: Callable[..., Any], examples: Path) -> None:
    trader = trading(40_000, 39_000, 39_000)
    trader.order("BUY", 0.1)
    stop = trader.conditional("SELL", "STOP_MARKET", 0.1, triggerPrice=39_500)
    events = trader.events(lambda: trader.venue.clock.advance(MINUTE))
    found = trader.get("v1/algoOrder", algoId=stop["algoId"])
    assert differences(found, given(examples, f"{NET}/Trading_GetConditionalOrder.json")) == []
    told = [event for event in events if event["e"] == "ALGO_UPDATE"]
    for event, name in zip(told, ("triggering", "triggered", "finished"), strict=True):
        assert differences(event, given(examples, f"{LATEST}/ws_futures_algo_update_{name}.json")) == []


def test_settings_are_answered_with_the_fields_of_the_exchange(trader: Any, examples: Path) -> None:
    body = trader.done("POST", "v1/leverage", symbol=BTC, leverage=10)
    assert differences(body, given(examples, f"{NET}/Account_ChangeInitialLeverage.json")) == []
    body = trader.done("DELETE", "v1/allOpenOrders", symbol=BTC)
    assert differences(body, given(examples, f"{NET}/Trading_CancelAllOrders.json")) == []
    body = trader.done("POST", "v1/countdownCancelAll", symbol=BTC, countdownTime=100_000)
    assert differences(body, given(examples, f"{NET}/Trading_CancelAllOrdersAfterTimeout.json")) == []
    body = trader.done("POST", "v1/listenKey")
    assert differences(body, given(examples, f"{NET}/Account_StartUserStream.json")) == []


def test_events_have_the_fields_of_the_exchange(trading: Callable[..., Any], examples: Path) -> None:
    trader = trading(40_000, 30_000, 30_000)

    def doing() -> None:
        trader.done("POST", "v1/leverage", symbol=BTC, leverage=50)
        trader.order("BUY", 1)
        trader.conditional("SELL", "TAKE_PROFIT", 0.01, triggerPrice=43_000, price=43_000)
        trader.venue.clock.advance(MINUTE)

    events = trader.events(doing)

    def first(name: str, execution: str = "") -> Any:
        return next(event for event in events if event["e"] == name and (not execution or event["o"]["x"] == execution))

    for event, file in (
        (first("ORDER_TRADE_UPDATE", "NEW"), f"{SAID}/OrderUpdate.json"),
        (first("ORDER_TRADE_UPDATE", "TRADE"), f"{HEARD}/order_update_trade.json"),
        (first("ORDER_TRADE_UPDATE", "CALCULATED"), f"{HEARD}/order_update_calculated.json"),
        (first("ACCOUNT_UPDATE"), f"{SAID}/AccountUpdate.json"),
        (first("ALGO_UPDATE"), f"{SAID}/AlgoOrderUpdate.json"),
        (first("TRADE_LITE"), f"{SAID}/TradeUpdate.json"),
        (first("ACCOUNT_CONFIG_UPDATE"), f"{SAID}/Leverage.json"),
        (first("MARGIN_CALL"), f"{SAID}/MarginUpdate.json"),
    ):
        assert differences(event, given(examples, file)) == [], file
