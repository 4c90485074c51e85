"""Compute columns from the market, the same way for research, backtest and live."""

from pathlib import Path

import fw

HERE = Path(__file__).parent

plan = fw.load(HERE / "quickstart.yaml")
columns = plan.features()  # by instrument
print(columns["BTCUSDT"].to_pandas().tail(3))

# A feature set is a part too: make one of your own, ask it for its columns.
bars = plan.market().bars
spread = fw.Frame.of({"spread": (bars.high - bars.low) / bars.close})
print(f"bars are {spread['spread'].mean():.2%} high on average")
