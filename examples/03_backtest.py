"""Run strategies: one from a file, and one written right here."""

from pathlib import Path

import attrs

import fw

HERE = Path(__file__).parent

plan = fw.load(HERE / "quickstart.yaml")
result = plan.run(write=False)
print(result.engine, result.metrics["sharpe"])


@attrs.frozen
class BuyTheDip:
    """Long after a fall of `fall`, with a stop and a target; flat otherwise."""

    fall: float = 0.03

    def decide(self, view: fw.View) -> fw.Signal | None:
        close = view.bars.close
        if view.position.lots or len(close) < 25:
            return None  # keep what there is
        price = close[-1]
        if price > close[-25] * (1 - self.fall):
            return fw.Signal(strength=0.0)
        return fw.Signal(strength=1.0, stop_loss=price * 0.96, take_profit=price * 1.04, tag="dip")


dips = fw.backtest(result.market, BuyTheDip(), sizer={"use": "fixed_fraction", "fraction": 0.5})
print(f"{len(dips.trades['profit'])} trades, {dips.equity['equity'][-1]:,.2f} at the end")
print(dips.trades.to_pandas()[["entry_time", "profit", "exit_reason"]].head())
