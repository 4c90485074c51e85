"""nautilus_trader: the same Python decision at every bar; runs in nautilus_trader's own environment."""

from __future__ import annotations

import warnings
from collections import deque
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import market
import worker
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

warnings.filterwarnings("ignore")

CONTRACT = TestInstrumentProvider.btcusdt_perp_binance()
CONTRACT = type(CONTRACT).from_dict({**type(CONTRACT).to_dict(CONTRACT), "taker_fee": str(market.FEE)})
BARS = BarType.from_str(f"{CONTRACT.id}-1-MINUTE-LAST-EXTERNAL")
CAPITAL = 1e7
"""Less than the others have: with 1e9 this version stops at `total - locked != free`, by rounding."""


class Last50(Strategy):  # type: ignore[misc]
    """Long above the close of 49 bars ago, short otherwise; keeps the closes itself, the quickest way here."""

    def on_start(self) -> None:
        self.closes: deque[float] = deque(maxlen=50)
        self.side = 0
        self.fills: list[tuple[int, float]] = []
        self.one, self.two = CONTRACT.make_qty(1), CONTRACT.make_qty(2)
        self.subscribe_bars(BARS)

    def on_bar(self, bar: Any) -> None:
        close = self.closes
        close.append(bar.close.as_double())
        if len(close) < 50:
            return
        self.turn(1 if close[-1] > close[0] else -1)

    def turn(self, side: int) -> None:
        if side != self.side:
            quantity = self.one if self.side == 0 else self.two
            self.side = side
            self.submit_order(
                self.order_factory.market(CONTRACT.id, OrderSide.BUY if side > 0 else OrderSide.SELL, quantity)
            )

    def on_order_filled(self, event: Any) -> None:
        quantity = event.last_qty.as_double()
        self.fills.append((event.ts_event, quantity if event.order_side == OrderSide.BUY else -quantity))


class Crossing(Last50):
    """The crossover of two averages, kept as running sums."""

    def on_start(self) -> None:
        super().on_start()
        self.closes = deque(maxlen=market.SLOW + 1)
        self.fast = self.slow = 0.0

    def on_bar(self, bar: Any) -> None:
        close = self.closes
        now = bar.close.as_double()
        close.append(now)
        self.fast += now
        self.slow += now
        if len(close) > market.FAST:
            self.fast -= close[-1 - market.FAST]
        if len(close) > market.SLOW:
            self.slow -= close[0]
        if len(close) >= market.SLOW:
            self.turn(1 if self.fast / market.FAST > self.slow / market.SLOW else -1)


def running(strategy_of: type[Last50]) -> Any:
    """A case: the strategy over the bars."""
    return lambda path: backtest(path, strategy_of)


def backtest(path: Path, strategy_of: type[Last50]) -> worker.Job:
    """`BacktestEngine.run` with logging, its risk engine and its statistics off."""
    frame = market.read_pandas(path, utc=True)
    bars = BarDataWrangler(BARS, CONTRACT).process(frame)

    def job() -> dict[str, Any]:
        engine = BacktestEngine(
            BacktestEngineConfig(
                logging=LoggingConfig(bypass_logging=True),
                risk_engine=RiskEngineConfig(bypass=True),
                run_analysis=False,
            )
        )
        venue = Venue("BINANCE")
        engine.add_venue(
            venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            starting_balances=[Money(CAPITAL, USDT)],
            bar_execution=True,
            default_leverage=Decimal(10),
        )
        engine.add_instrument(CONTRACT)
        engine.add_data(bars)
        strategy = strategy_of()
        engine.add_strategy(strategy)
        engine.run()
        fills = strategy.fills
        engine.dispose()
        # it fills at the decision's own close, which is the next bar's open for us
        return {
            "bar": [(time - market.FIRST) // market.MINUTE + 1 for time, _ in fills],
            "quantity": [quantity for _, quantity in fills],
        }

    return job


if __name__ == "__main__":
    worker.serve(
        {"loop": running(Last50), "crossing": running(Crossing)},
        {"nautilus_trader": version("nautilus_trader"), "pandas": version("pandas")},
    )
