"""Which exchange one talks to: the real one, its testnet, or one of one's own; its hosts are never mixed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs

import fw

LIVE = ("https://fapi.binance.com", "wss://fstream.binance.com", "https://data.binance.vision")
TESTNET = ("https://demo-fapi.binance.com", "wss://fstream.binancefuture.com", "")
"""REST, websocket and archive; the testnet has no archive."""

WS_API = {LIVE[1]: "wss://ws-fapi.binance.com/ws-fapi/v1", TESTNET[1]: "wss://testnet.binancefuture.com/ws-fapi/v1"}
"""Where orders are sent by websocket; elsewhere it is a path of the websocket host."""

OF_LIVE = ("binance.com", "binance.vision")
OF_TESTNET = ("demo-fapi.binance.com", "binancefuture.com")


def _address(*schemes: str) -> Any:
    def convert(text: str) -> str:
        parts = urlsplit(text)
        if text and (parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment):
            raise ValueError(f"{text!r} is no address: write {schemes[0]}://HOST:PORT")
        return text.rstrip("/")

    return convert


@attrs.frozen
class Hosts:
    """An exchange of one's own that speaks the same protocol, such as the one that `fw venue` starts."""

    rest: str = fw.setting(converter=_address("http", "https"), help="such as http://127.0.0.1:8080")
    ws: str = fw.setting(converter=_address("ws", "wss"), help="such as ws://127.0.0.1:8080")
    archive: str = fw.setting(
        "", converter=_address("http", "https"), help="where files of past bars are; else the same as rest"
    )

    def __attrs_post_init__(self) -> None:
        if not self.rest or not self.ws:
            raise ValueError("environment wants both hosts: {rest: http://HOST:PORT, ws: ws://HOST:PORT}")
        whose = {name: _whose(address) for name, address in attrs.asdict(self).items() if address}
        if len(set(whose.values())) > 1:
            told = ", ".join(f"{name} is of {owner or 'neither'}" for name, owner in whose.items())
            raise ValueError(
                f"environment mixes hosts of the exchange and of its testnet ({told}): write live or testnet"
            )

    def __str__(self) -> str:
        return self.rest


Setting = Literal["live", "testnet"] | Hosts
"""What a strategy file may write as `environment`."""

HELP = "live, testnet, or hosts of one's own: {rest: http://127.0.0.1:PORT, ws: ws://127.0.0.1:PORT}"


@attrs.frozen
class Environment:
    """The hosts of one exchange."""

    name: str
    """`live`, `testnet`, or host and port."""
    rest: str
    ws: str
    archive: str
    """Empty where there is none."""

    @property
    def venue(self) -> str:
        """Folder of the workspace's `data/` where its data is kept apart from that of the others."""
        return "binance_usdm" if self.name == "live" else f"binance_usdm_{re.sub('[^A-Za-z0-9.]', '_', self.name)}"

    @property
    def is_own(self) -> bool:
        """Whether it is neither the exchange nor its testnet, but one of one's own."""
        return self.name not in ("live", "testnet")

    @property
    def ws_api(self) -> str:
        """Where orders are sent by websocket."""
        return WS_API.get(self.ws, f"{self.ws}/ws-fapi/v1")

    def __str__(self) -> str:
        return self.name


def environment_of(setting: Setting) -> Environment:
    """The hosts that a setting means."""
    if isinstance(setting, Hosts):
        return Environment(urlsplit(setting.rest).netloc, setting.rest, setting.ws, setting.archive or setting.rest)
    return Environment(setting, *(LIVE if setting == "live" else TESTNET))


def environment_named(text: str) -> Environment:
    """What a command line says: `live`, `testnet`, or the one address of all hosts; SettingsError for another."""
    if text in ("live", "testnet"):
        return environment_of(text)  # type: ignore[arg-type]  # the two are all that Literal allows
    if "://" not in text or _whose(text):
        meant = "http://127.0.0.1:8080, not"
        raise fw.SettingsError(f"--environment wants live, testnet or an address of one's own like {meant} {text!r}")
    try:
        return environment_of(Hosts(rest=text, ws=re.sub("^http", "ws", text)))
    except ValueError as problem:
        raise fw.SettingsError(f"--environment: {problem}") from None


def exchange_of(environment: Environment, *, pro: bool = False) -> Any:
    """A client without keys: ccxt's REST half, or with `pro` its websocket half too; close it with `await x.close()`.

    It knows no other host than the environment's, sends nothing that was not asked for, and does not throttle:
    whoever calls it keeps to the limits. Times out after 10 s (`x.timeout`, ms).
    """
    exchange = _class_of(pro)(
        {
            "enableRateLimit": False,
            "aiohttp_trust_env": not environment.is_own,  # a proxy has no business on one's own hosts
            "options": {"fetchCurrencies": False, "enableDemoTrading": environment.name == "testnet"},
        }
    )
    exchange.has["fetchCurrencies"] = False
    if environment.rest.startswith("http:"):
        exchange.timeout_on_exit = 0  # ccxt waits for encrypted connections to end; here none is
    rest = environment.rest
    api: dict[str, Any] = {f"fapi{kind}": f"{rest}/fapi/v1" for kind in ("Public", "Private")}
    api |= {f"fapi{kind}V{version}": f"{rest}/fapi/v{version}" for kind in ("Public", "Private") for version in (2, 3)}
    api["fapiData"] = f"{rest}/futures/data"
    if pro:
        api["ws"] = {"linear": f"{environment.ws}/ws", "ws-api": {"linear": environment.ws_api}}
    exchange.urls["api"] = api
    return exchange


@cache
def _class_of(pro: bool) -> Any:
    if pro:
        from ccxt.pro import binanceusdm
    else:
        from ccxt.async_support import binanceusdm

    class Exchange(binanceusdm):  # type: ignore[misc]  # ccxt is not typed
        def get_exceptions_by_url(self, url: Any, exactOrBroad: str) -> Any:
            # ccxt knows these errors by the beginning of the exchange's own address; at any other they would lose
            # their meaning: -2019 would be no InsufficientFunds
            found: Any = self.safe_dict(self.safe_dict(self.exceptions, "linear", {}), exactOrBroad, {})
            return found

    Exchange.__name__ = "binanceusdm"
    return Exchange


def _whose(address: str) -> str:
    host = urlsplit(address).hostname or ""
    for name, domains in (("the testnet", OF_TESTNET), ("the exchange", OF_LIVE)):
        if any(host == domain or host.endswith(f".{domain}") for domain in domains):
            return name
    return ""
