"""An environment is one exchange: its hosts, and the folder in which its data is kept apart."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import fw
from fw_binance.environment import Hosts, environment_named, environment_of, exchange_of

PRACTICE = Hosts(rest="http://127.0.0.1:8080/", ws="ws://127.0.0.1:8080")


def test_each_environment_has_hosts_and_a_folder_of_its_own() -> None:
    known = [environment_of("live"), environment_of("testnet"), environment_of(PRACTICE)]
    assert [one.rest for one in known] == [
        "https://fapi.binance.com",
        "https://demo-fapi.binance.com",
        "http://127.0.0.1:8080",
    ]
    assert [one.venue for one in known] == ["binance_usdm", "binance_usdm_testnet", "binance_usdm_127.0.0.1_8080"]
    assert [one.archive for one in known] == ["https://data.binance.vision", "", "http://127.0.0.1:8080"]


def test_a_command_line_names_an_environment_by_a_word_or_one_address() -> None:
    assert environment_named("testnet") == environment_of("testnet")
    assert environment_named("http://127.0.0.1:8080") == environment_of(PRACTICE)


@pytest.mark.parametrize("text", ["liv", "127.0.0.1:8080", "http://", "ftp://127.0.0.1", "https://fapi.binance.com"])
def test_what_is_no_environment_is_told(text: str) -> None:
    with pytest.raises(fw.SettingsError, match="--environment"):
        environment_named(text)


@pytest.mark.parametrize(
    "hosts",
    [
        {"rest": "https://fapi.binance.com", "ws": "wss://fstream.binancefuture.com"},
        {"rest": "http://127.0.0.1:8080", "ws": "wss://fstream.binance.com"},
        {
            "rest": "https://demo-fapi.binance.com",
            "ws": "wss://fstream.binancefuture.com",
            "archive": "https://data.binance.vision",
        },
    ],
)
def test_hosts_of_two_exchanges_are_refused(hosts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="mixes hosts"):
        Hosts(**hosts)


@pytest.mark.parametrize("pro", [False, True])
@pytest.mark.parametrize("setting", ["live", "testnet", PRACTICE])
def test_a_client_knows_no_other_host_than_its_environments(setting: Any, pro: bool) -> None:
    environment = environment_of(setting)
    allowed = (environment.rest, environment.ws, environment.ws_api)

    async def addresses() -> list[str]:
        exchange = exchange_of(environment, pro=pro)
        await exchange.close()
        return list(_texts(exchange.urls["api"]))

    found = asyncio.run(addresses())
    assert found
    assert all(address.startswith(allowed) for address in found)


def test_errors_keep_their_meaning_at_an_address_of_ones_own() -> None:
    from ccxt.base.errors import InsufficientFunds, OrderNotFillable

    exchange = exchange_of(environment_of(PRACTICE))
    known = exchange.get_exceptions_by_url("http://127.0.0.1:8080/fapi/v1/order", "exact")
    assert (known["-2019"], known["-5022"]) == (InsufficientFunds, OrderNotFillable)


def _texts(tree: Any) -> Any:
    for value in tree.values():
        yield from _texts(value) if isinstance(value, dict) else [value]
