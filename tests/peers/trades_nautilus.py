"""nautilus_trader's trades of a strategy; runs in nautilus_trader's own environment.

It is told each bar's open as a quote before the bar, for else what is decided at a close is traded at that close.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import scenes
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BarType, QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderType, TimeInForce
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

KNOWN = TestInstrumentProvider.btcusdt_perp_binance()
CONTRACT = type(KNOWN).from_dict(
    {
        **type(KNOWN).to_dict(KNOWN),
        "price_precision": 2,
        "price_increment": "0.01",
        "maker_fee": str(scenes.MAKER),
        "taker_fee": str(scenes.TAKER),
    }
)
BARS = BarType.from_str(f"{CONTRACT.id}-1-HOUR-LAST-EXTERNAL")
DEEP = Quantity(1e6, CONTRACT.size_precision)
"""More than any order wants: partial fills are no part of the comparison."""


class Decided(Strategy):  # type: ignore[misc]
    """Keeps what a bar's close decided until the next open, which comes as a quote."""

    def __init__(self, columns: dict[str, Any], times: Any) -> None:
        super().__init__()
        self.columns, self.times = columns, times
        self.bar = -1
        self.waiting = False
        self.rows: list[tuple[float, ...]] = []
        self.size = CONTRACT.make_qty(scenes.COINS)

    def on_start(self) -> None:
        self.subscribe_bars(BARS)
        self.subscribe_quote_ticks(CONTRACT.id)

    def on_bar(self, bar: Any) -> None:
        self.bar += 1
        self.waiting = not np.isnan(self.columns["side"][self.bar])

    def on_quote_tick(self, quote: Any) -> None:
        if self.waiting:
            self.waiting = False
            self.act(*(float(self.columns[name][self.bar]) for name in scenes.COLUMNS))

    def act(self, side: float, stop: float, take: float, limit: float, expiry: float) -> None:
        """Leave the old position and its orders, and enter anew."""
        self.cancel_all_orders(CONTRACT.id)
        self.close_all_positions(CONTRACT.id)
        if side == 0.0:
            return
        buying = OrderSide.BUY if side > 0 else OrderSide.SELL
        entry: dict[str, Any] = {}
        if not np.isnan(limit):
            entry = {
                "time_in_force": TimeInForce.GTD,
                # good till the close of the last bar that may fill it
                "expire_time": pd.Timestamp(self.times[self.bar + int(expiry) + 1], tz="UTC"),
            }
        if np.isnan(stop) and np.isnan(take):
            if entry:
                order = self.order_factory.limit(CONTRACT.id, buying, self.size, price(limit), **entry)
            else:
                order = self.order_factory.market(CONTRACT.id, buying, self.size)
            self.submit_order(order)
            return
        if entry:
            entry |= {"entry_order_type": OrderType.LIMIT, "entry_price": price(limit)}
        self.submit_order_list(
            self.order_factory.bracket(
                CONTRACT.id,
                buying,
                self.size,
                sl_trigger_price=price(stop),
                tp_price=price(take),
                tp_post_only=False,
                **entry,
            )
        )

    def on_position_closed(self, event: Any) -> None:
        self.rows.append(
            (
                np.searchsorted(self.times, event.ts_opened, side="right") - 1,
                np.searchsorted(self.times, event.ts_closed, side="right") - 1,
                1.0 if event.entry == OrderSide.BUY else -1.0,
                event.avg_px_open,
                event.avg_px_close,
                event.realized_pnl.as_double(),
            )
        )


class Crossover(Decided):
    """Long while the fast average is above the slow one, short while it is below; the averages are its own."""

    def on_start(self) -> None:
        super().on_start()
        self.fast, self.slow = (SimpleMovingAverage(span) for span in (scenes.FAST, scenes.SLOW))
        self.side = 0.0

    def on_bar(self, bar: Any) -> None:
        self.bar += 1
        for average in (self.fast, self.slow):
            average.update_raw(bar.close.as_double())
        apart = self.fast.value - self.slow.value
        if self.slow.initialized and apart * self.side <= 0.0 and apart != 0.0:
            self.side = 1.0 if apart > 0.0 else -1.0
            self.waiting = True

    def on_quote_tick(self, quote: Any) -> None:
        if self.waiting:
            self.waiting = False
            self.act(self.side, *[np.nan] * 4)


def price(value: float) -> Price:
    return Price(value, CONTRACT.price_precision)


def events(columns: dict[str, Any]) -> Iterator[Any]:
    """Each bar's open as a quote at its opening time, and the bar a nanosecond before the next."""
    frame = pd.DataFrame({name: columns[name] for name in scenes.PRICES})
    frame["volume"] = DEEP.as_double()
    frame.index = pd.DatetimeIndex(columns["open_time"] + scenes.HOUR - 1, tz="UTC")
    bars = BarDataWrangler(BARS, CONTRACT).process(frame)
    for time, opened, bar in zip(columns["open_time"], columns["open"], bars, strict=True):
        yield QuoteTick(CONTRACT.id, price(opened), price(opened), DEEP, DEEP, int(time), int(time))
        yield bar


def trades_of(strategy: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Closed trades; one that is open at the end stays out."""
    touch = 0.0 if strategy.endswith(scenes.THROUGH) else 1.0
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        starting_balances=[Money(scenes.CAPITAL, USDT)],
        bar_execution=True,
        bar_adaptive_high_low_ordering=strategy.endswith(scenes.NEARER_FIRST),
        default_leverage=Decimal(10),
        fill_model=FillModel(prob_fill_on_limit=touch, prob_slippage=0.0),
        reject_stop_orders=False,
        frozen_account=True,  # so large a balance stops it: `total - locked != free`, by rounding
    )
    engine.add_instrument(CONTRACT)
    engine.add_data(list(events(columns)))
    decided = (Crossover if strategy == "crossover" else Decided)(columns, columns["open_time"])
    engine.add_strategy(decided)
    engine.run()
    engine.dispose()
    return dict(zip(scenes.TRADE, np.array(decided.rows).T, strict=True))


if __name__ == "__main__":
    scenes.answer(trades_of, {"nautilus_trader": version("nautilus_trader")})
