"""Look at a market: bars, larger bars, funding, and DataFrames of them."""

from pathlib import Path

import fw

HERE = Path(__file__).parent

market = fw.load(HERE / "two_instruments.yaml").market()
print(market.instruments)

bars = market.of("ETHUSDT").bars
print(bars, "from", bars.to_pandas().index[0])

# Larger bars are made of these; only whole ones exist.
days = market.of("ETHUSDT").at("1d").to_pandas()
print(days[["open", "high", "low", "close"]].tail(3))

funding = market.funding
assert funding is not None
print(f"{len(funding)} funding stamps, {funding.value.mean():+.6f} on average: positive means that longs pay")
