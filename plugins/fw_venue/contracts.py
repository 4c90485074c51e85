"""What the exchange says of each contract, from the market's own rules or from dated facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from fw.domain.instrument import UNLIMITED, Instrument
from fw.domain.market import Market
from fw.domain.time import MILLISECOND
from fw.domain.venue import rules
from fw_venue.numbers import decimals, plain

PERPETUAL = 4_133_404_800_000
"""Delivery date of a contract that is not being delisted, ms."""

QUOTES = ("USDT", "USDC", "BUSD", "BTC")


@attrs.define  # mutable: a contract is settled or delisted while the exchange runs
class Contract:
    """One perpetual contract of the practice exchange."""

    rules: Instrument
    onboard: int
    """ms."""
    status: str = "TRADING"
    delivery: int = PERPETUAL
    """ms."""

    @property
    def symbol(self) -> str:
        return self.rules.symbol

    @cached_property
    def assets(self) -> tuple[str, str]:
        """Base and quote."""
        quote = next((quote for quote in QUOTES if self.symbol.endswith(quote)), self.rules.settle)
        return self.symbol.removesuffix(quote) or self.symbol, quote

    @cached_property
    def price_digits(self) -> int:
        return decimals(self.rules.tick)

    @cached_property
    def size_digits(self) -> int:
        return decimals(self.rules.lot)

    def described(self) -> dict[str, Any]:
        """Its entry in `exchangeInfo`."""
        base, quote = self.assets
        return {
            "symbol": self.symbol,
            "pair": self.symbol,
            "contractType": "PERPETUAL",
            "deliveryDate": self.delivery,
            "onboardDate": self.onboard,
            "status": self.status,
            "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000",
            "baseAsset": base,
            "quoteAsset": quote,
            "marginAsset": self.rules.settle,
            "pricePrecision": self.price_digits + 1,  # more than the tick has, as often on the exchange
            "quantityPrecision": self.size_digits,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "underlyingSubType": [],
            "settlePlan": 0,
            "triggerProtect": "0.0500",
            "liquidationFee": f"{self.rules.clearance_fee:.6f}",
            "marketTakeBound": f"{min(self.rules.take_bound, 1.0):.2f}",
            "maxMoveOrderLimit": 10_000,
            "filters": self._filters(),
            "orderTypes": [
                "LIMIT",
                "MARKET",
                "STOP",
                "STOP_MARKET",
                "TAKE_PROFIT",
                "TAKE_PROFIT_MARKET",
                "TRAILING_STOP_MARKET",
            ],
            "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
            "permissionSets": ["GRID", "COPY"],
        }

    def _filters(self) -> list[dict[str, Any]]:
        its = self.rules
        tick, lot = f"{its.tick:.{self.price_digits + 1}f}", f"{its.lot:.{self.size_digits}f}"

        def size(lots: int, unlimited: float) -> str:
            return plain(unlimited if lots >= UNLIMITED else round(lots * its.lot, 12)).removesuffix(".0")

        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(max(its.min_price, its.tick)).removesuffix(".0"),
                "maxPrice": plain(its.max_price if math.isfinite(its.max_price) else 1e9).removesuffix(".0"),
                "tickSize": tick,
            },
            {
                "filterType": "LOT_SIZE",
                "stepSize": lot,
                "minQty": size(its.min_lots, its.lot),
                "maxQty": size(its.max_limit_lots, 1e9),
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "stepSize": size(its.market_step, its.lot),
                "minQty": size(its.min_market_lots, its.lot),
                "maxQty": size(its.max_lots, 1e9),
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": its.max_orders},
            {"filterType": "MIN_NOTIONAL", "notional": plain(its.min_notional).removesuffix(".0")},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": f"{min(its.percent_up, 1000.0):.4f}",
                "multiplierDown": f"{its.percent_down:.4f}",
                "multiplierDecimal": "4",
            },
            {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
        ]

    def brackets(self) -> list[dict[str, Any]]:
        """Its entry in `leverageBracket`."""
        tiers = self.rules.tiers
        caps = [tier.floor for tier in tiers[1:]] + [tiers[-1].floor * 10 or 1e9]
        return [
            {
                "bracket": number,
                "initialLeverage": int(tier.leverage),
                "notionalCap": int(cap),
                "notionalFloor": int(tier.floor),
                "maintMarginRatio": tier.rate,
                "cum": tier.amount,
            }
            for number, (tier, cap) in enumerate(zip(tiers, caps, strict=True), start=1)
        ]


def contracts(market: Market, *, venue: str = "binance_usdm", override: Path | None = None) -> Mapping[str, Contract]:
    """The market's contracts by symbol; DataError for one without rules."""
    found = {}
    for symbol, series in market.series.items():
        times = series.bars.open_time
        first, last = int(times[0]), int(times[-1]) + series.bars.size.ns
        its = series.rules or rules(venue, symbol, start=first, end=last, override=override)[0]
        found[symbol] = Contract(its, onboard=first // MILLISECOND)
    return found
