"""Keys and signatures are looked at in one place, before any handler."""

from __future__ import annotations

import pytest

from fw_venue.answers import Asked, Refusal
from fw_venue.clock import Clock
from fw_venue.routes import Limits, Routes

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
QUERY = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
"""The worked example of the exchange's own documents."""


def asked(*, key: str | None = KEY, signature: str = SIGNATURE) -> Asked:
    params = dict(pair.split("=") for pair in QUERY.split("&"))
    return Asked("POST", "/fapi/v1/order", {**params, "signature": signature}, key=key, signed=QUERY)


def answer(request: Asked, *, now: int = 1_499_827_319_559) -> str:
    routes = Routes(Clock(now), Limits(), {KEY: SECRET})
    routes.add("POST", "/fapi/v1/order", lambda _: "done", security="signed", orders=1, weight=0)
    try:
        return str(routes.answer(request))
    except Refusal as refusal:
        return f"{refusal.status} {refusal.code}"


def test_the_worked_example_of_the_exchange_is_accepted() -> None:
    request = asked()
    assert answer(request) == "done"
    assert request.headers == {
        "X-MBX-USED-WEIGHT-1M": "0",
        "X-MBX-ORDER-COUNT-10S": "1",
        "X-MBX-ORDER-COUNT-1M": "1",
    }


@pytest.mark.parametrize(
    ("request_", "later", "wanted"),
    [
        (asked(key=None), 0, "401 -2014"),
        (asked(key="nobody"), 0, "401 -2015"),
        (asked(signature="0" * 64), 0, "400 -1022"),
        (asked(), 5000, "done"),
        (asked(), 5001, "400 -1021"),
        (asked(), -999, "done"),
        (asked(), -1000, "400 -1021"),
    ],
)
def test_a_key_a_signature_or_a_time_that_is_wrong_is_refused(request_: Asked, later: int, wanted: str) -> None:
    assert answer(request_, now=1_499_827_319_559 + later) == wanted
