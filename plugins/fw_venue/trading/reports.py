"""What an account can ask of itself: balances, positions, trades, income, and the terms it trades under."""

from __future__ import annotations

from typing import Any

from fw_venue.answers import Asked, Refusal
from fw_venue.routes import Limits, Routes
from fw_venue.trading.account import Account
from fw_venue.trading.accounts import Accounts
from fw_venue.trading.ordering import cut, week
from fw_venue.trading.reading import tape_of
from fw_venue.trading.standing import Held, Standing, most_notional
from fw_venue.trading.writing import money_text, price_text, size_text


class Reports:
    """Questions that change nothing."""

    def __init__(self, accounts: Accounts, limits: Limits) -> None:
        self._accounts, self._limits = accounts, limits

    def add_to(self, routes: Routes) -> None:
        """Serve its paths."""
        for path, handler, weight in (
            ("v2/account", self.account, 5),
            ("v3/account", self.account, 5),
            ("v2/balance", self.balance, 5),
            ("v3/balance", self.balance, 5),
            ("v2/positionRisk", self.positions, 5),
            ("v3/positionRisk", self.held_positions, 5),
            ("v1/userTrades", self.trades, 5),
            ("v1/income", self.income, 30),
            ("v1/leverageBracket", self.brackets, 1),
            ("v1/commissionRate", self.commission, 20),
            ("v1/symbolConfig", self.symbols, 5),
            ("v1/accountConfig", self.configuration, 5),
            ("v1/rateLimit/order", self.order_limits, 1),
            ("v1/adlQuantile", self.quantiles, 5),
            ("v1/forceOrders", self.forced, 20),
        ):
            routes.add("GET", f"/fapi/{path}", handler, weight=weight, security="signed")

    def account(self, asked: Asked) -> dict[str, Any]:
        """All of it: the newer version leaves out what is not held."""
        newer = asked.path.startswith("/fapi/v3")
        account = self._accounts.of(asked)
        standing = account.standing()
        positions = [its for its in standing.positions.values() if not newer or its.lots or its.bids or its.asks]
        sums = _sums(standing)
        body: dict[str, Any] = {} if newer else _permissions() | {"multiAssetsMargin": False, "tradeGroupId": -1}
        body |= {
            "totalInitialMargin": sums["initialMargin"],
            "totalMaintMargin": sums["maintMargin"],
            "totalWalletBalance": sums["walletBalance"],
            "totalUnrealizedProfit": sums["unrealizedProfit"],
            "totalMarginBalance": sums["marginBalance"],
            "totalPositionInitialMargin": sums["positionInitialMargin"],
            "totalOpenOrderInitialMargin": sums["openOrderInitialMargin"],
            "totalCrossWalletBalance": sums["crossWalletBalance"],
            "totalCrossUnPnl": sums["crossUnPnl"],
            "availableBalance": sums["availableBalance"],
            "maxWithdrawAmount": sums["maxWithdrawAmount"],
            "assets": [{"asset": standing.asset} | sums],
            "positions": [_of_account(its, standing, newer=newer) for its in positions],
        }
        if newer:
            body["assets"][0].pop("marginAvailable")
        return body

    def balance(self, asked: Asked) -> list[dict[str, Any]]:
        """Of the one asset that it trades in."""
        standing = self._accounts.of(asked).standing()
        sums = _sums(standing)
        names = ("crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "marginAvailable")
        head = {"accountAlias": "fwPr", "asset": standing.asset, "balance": sums["walletBalance"]}
        return [head | {name: sums[name] for name in names} | {"updateTime": sums["updateTime"]}]

    def positions(self, asked: Asked) -> list[dict[str, Any]]:
        """Of one contract, or of every one whether held or not."""
        account = self._accounts.of(asked)
        standing = account.standing()
        return [_older(its, standing, account) for its in _chosen(asked, account, standing)]

    def held_positions(self, asked: Asked) -> list[dict[str, Any]]:
        """Only where something is held or ordered."""
        account = self._accounts.of(asked)
        standing = account.standing()
        return [_newer(its, standing) for its in _chosen(asked, account, standing) if its.lots or its.bids or its.asks]

    def trades(self, asked: Asked) -> list[dict[str, Any]]:
        """Fills of a contract: from an id on, of a time, or the newest."""
        account = self._accounts.of(asked)
        symbol = tape_of(asked, account.tapes).symbol
        limit, first, of_order = asked.limit(500, 1000), asked.number("fromId"), asked.number("orderId")
        start, end = week(asked)
        if first is not None and (start is not None or end is not None):
            raise Refusal(-1106, "Parameter 'fromId' sent when not required.")
        found = [its for its in account.book.trades if its.order.symbol == symbol]
        if of_order is not None:
            found = [its for its in found if its.order.id == of_order]
        if first is not None:
            chosen = [its for its in found if its.id >= first][:limit]
        else:
            chosen = cut(found, lambda its: its.time, start, end, limit)
        return [its.shown() for its in chosen]

    def income(self, asked: Asked) -> list[dict[str, Any]]:
        """What came in and went out."""
        account = self._accounts.of(asked)
        symbol, kind = asked.params.get("symbol"), asked.params.get("incomeType")
        limit, (start, end) = asked.limit(100, 1000), asked.span()
        found = [
            entry
            for entry in account.income.entries
            if symbol in (None, "", entry.symbol) and kind in (None, "", entry.kind)
        ]
        if start is None and end is None:
            start = account.now - 7 * 86_400_000
        chosen = [
            entry for entry in found if (start is None or entry.time >= start) and (end is None or entry.time <= end)
        ]
        page = asked.number("page", 1) or 1
        asset = account.standing().asset
        return [entry.shown(asset) for entry in chosen[(page - 1) * limit : page * limit]]

    def brackets(self, asked: Asked) -> list[dict[str, Any]]:
        """Margin tiers."""
        account = self._accounts.of(asked)
        standing = account.standing()
        return [
            {"symbol": its.contract.symbol, "notionalCoef": 1.0, "brackets": its.contract.brackets()}
            for its in _chosen(asked, account, standing)
        ]

    def commission(self, asked: Asked) -> dict[str, Any]:
        """Shares that fills cost."""
        account = self._accounts.of(asked)
        terms = account.terms
        return {
            "symbol": tape_of(asked, account.tapes).symbol,
            "makerCommissionRate": f"{terms.maker:.6f}",
            "takerCommissionRate": f"{terms.taker:.6f}",
            "rpiCommissionRate": f"{terms.maker:.6f}",
        }

    def symbols(self, asked: Asked) -> list[dict[str, Any]]:
        """Leverage and margin type of each contract."""
        account = self._accounts.of(asked)
        return [
            {
                "symbol": its.contract.symbol,
                "marginType": "ISOLATED" if account.isolated else "CROSSED",
                "isAutoAddMargin": "false",
                "leverage": int(account.leverage),
                "maxNotionalValue": str(most_notional(its.contract, account.leverage)),
            }
            for its in _chosen(asked, account, account.standing())
        ]

    def configuration(self, asked: Asked) -> dict[str, Any]:
        """What it may do."""
        self._accounts.of(asked)
        modes = {"dualSidePosition": False, "multiAssetsMargin": False, "tradeGroupId": -1}
        body = _permissions()
        return {name: value for name, value in body.items() if name != "updateTime"} | modes | {"updateTime": 0}

    def order_limits(self, asked: Asked) -> list[dict[str, Any]]:
        """Orders that it may send."""
        kind = {"rateLimitType": "ORDERS"}
        return [
            kind | {"interval": "SECOND", "intervalNum": 10, "limit": self._limits.orders_ten_seconds},
            kind | {"interval": "MINUTE", "intervalNum": 1, "limit": self._limits.orders_minute},
        ]

    def quantiles(self, asked: Asked) -> list[dict[str, Any]]:
        """Nobody is deleveraged here: every position is last in line."""
        account = self._accounts.of(asked)
        held = [its for its in account.standing().positions.values() if its.lots]
        quantile = {"LONG": 0, "SHORT": 0, "BOTH": 0}
        return [{"symbol": its.contract.symbol, "adlQuantile": quantile} for its in held]

    def forced(self, asked: Asked) -> list[dict[str, Any]]:
        """Orders by which the exchange closed positions."""
        account = self._accounts.of(asked)
        symbol, limit = asked.params.get("symbol"), asked.limit(50, 100)
        start, end = week(asked)
        found = [
            its
            for its in account.book.orders.values()
            if its.client.startswith("autoclose-") and symbol in (None, "", its.symbol)
        ]
        return [its.shown(queried=True) for its in cut(found, lambda its: its.time, start, end, limit)]


def _chosen(asked: Asked, account: Account, standing: Standing) -> list[Held]:
    if asked.params.get("symbol"):
        return [standing.positions[tape_of(asked, account.tapes).symbol]]
    return list(standing.positions.values())


def _permissions() -> dict[str, Any]:
    return {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True, "updateTime": 0}


def _sums(standing: Standing) -> dict[str, Any]:
    """Of an asset: here there is one, so they are the account's too."""
    return {
        "walletBalance": money_text(standing.wallet),
        "unrealizedProfit": money_text(standing.unrealised),
        "marginBalance": money_text(standing.wallet + standing.unrealised),
        "maintMargin": money_text(standing.maintenance),
        "initialMargin": money_text(standing.initial + standing.of_orders),
        "positionInitialMargin": money_text(standing.initial),
        "openOrderInitialMargin": money_text(standing.of_orders),
        "crossWalletBalance": money_text(standing.cross_wallet),
        "crossUnPnl": money_text(standing.cross_unrealised),
        "availableBalance": money_text(standing.available),
        "maxWithdrawAmount": money_text(standing.available),
        "marginAvailable": True,
        "updateTime": max(its.updated for its in standing.positions.values()),
    }


def _of_account(its: Held, standing: Standing, *, newer: bool) -> dict[str, Any]:
    head = {"symbol": its.contract.symbol}
    margins = {"initialMargin": money_text(its.initial + its.of_orders), "maintMargin": money_text(its.maintenance)}
    profit = {"unrealizedProfit": money_text(its.unrealised)}
    side = {"positionSide": "BOTH", "positionAmt": size_text(its.contract, its.lots)}
    wallet = money_text(its.margin)
    if newer:
        own = {"isolatedMargin": _isolated(its, standing), "notional": money_text(its.notional)}
        return head | side | profit | own | {"isolatedWallet": wallet} | margins | {"updateTime": its.updated}
    return (
        head
        | margins
        | profit
        | {
            "positionInitialMargin": money_text(its.initial),
            "openOrderInitialMargin": money_text(its.of_orders),
            "leverage": str(int(its.leverage)),
            "isolated": standing.isolated,
            "entryPrice": _entry(its),
            "breakEvenPrice": _price(its, its.break_even),
            "maxNotional": str(most_notional(its.contract, its.leverage)),
            "bidNotional": money_text(its.bids),
            "askNotional": money_text(its.asks),
        }
        | side
        | {"notional": money_text(its.notional), "isolatedWallet": wallet, "updateTime": its.updated}
    )


def _older(its: Held, standing: Standing, account: Account) -> dict[str, Any]:
    """A position as v2/positionRisk tells it, with leverage and margin type."""
    return {
        "symbol": its.contract.symbol,
        "positionAmt": size_text(its.contract, its.lots),
        "entryPrice": _entry(its),
        "breakEvenPrice": _price(its, its.break_even),
        "markPrice": money_text(its.mark),
        "unRealizedProfit": money_text(its.unrealised),
        "liquidationPrice": _liquidation(its, standing),
        "leverage": str(int(account.leverage)),
        "maxNotionalValue": str(most_notional(its.contract, account.leverage)),
        "marginType": "isolated" if standing.isolated else "cross",
        "isolatedMargin": _isolated(its, standing),
        "isAutoAddMargin": "false",
        "positionSide": "BOTH",
        "notional": money_text(its.notional),
        "isolatedWallet": money_text(its.margin),
        "updateTime": its.updated,
    }


def _newer(its: Held, standing: Standing) -> dict[str, Any]:
    """A position as v3/positionRisk tells it, with its margins."""
    return {
        "symbol": its.contract.symbol,
        "positionSide": "BOTH",
        "positionAmt": size_text(its.contract, its.lots),
        "entryPrice": _entry(its),
        "breakEvenPrice": _price(its, its.break_even),
        "markPrice": money_text(its.mark),
        "unRealizedProfit": money_text(its.unrealised),
        "liquidationPrice": _liquidation(its, standing),
        "isolatedMargin": _isolated(its, standing),
        "notional": money_text(its.notional),
        "marginAsset": standing.asset,
        "isolatedWallet": money_text(its.margin),
        "initialMargin": money_text(its.initial + its.of_orders),
        "maintMargin": money_text(its.maintenance),
        "positionInitialMargin": money_text(its.initial),
        "openOrderInitialMargin": money_text(its.of_orders),
        "adl": 0,
        "bidNotional": money_text(its.bids),
        "askNotional": money_text(its.asks),
        "updateTime": its.updated,
    }


def _entry(its: Held) -> str:
    return _price(its, its.entry)


def _price(its: Held, price: float) -> str:
    return price_text(its.contract, round(price, 8))


def _isolated(its: Held, standing: Standing) -> str:
    return money_text(its.margin + its.unrealised if standing.isolated and its.lots else 0.0)


def _liquidation(its: Held, standing: Standing) -> str:
    price = standing.liquidation_price(its)
    return f"{price:.8f}" if price else "0"
