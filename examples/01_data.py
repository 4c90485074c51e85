"""Look at a market: fetch it from an exchange into the store, bars, larger bars, funding, and DataFrames of them.

No network is needed: the exchange is one of practice, on this machine, and trades a made-up market.
"""

from pathlib import Path

import fw
from fw_venue.server import Venue

HERE = Path(__file__).parent

with Venue(fw.load(HERE / "two_instruments.yaml").market(), port=8766) as exchange:
    hosts = {f"source.environment.{name}": address for name, address in exchange.hosts.items()}
    year = {"source.start": "2024-02-01", "source.end": "2025-01-01", "source.download": True}
    market = fw.load(
        HERE / "binance_btc.yaml", overrides={**hosts, **year, "instruments": ["BTCUSDT", "ETHUSDT"]}
    ).market()

print(market.instruments)

bars = market.of("ETHUSDT").bars
print(bars, "from", bars.to_pandas().index[0])

# Larger bars are made of these; only whole ones exist.
days = market.of("ETHUSDT").at("1d").to_pandas()
print(days[["open", "high", "low", "close"]].tail(3))

funding = market.funding
assert funding is not None
print(f"{len(funding)} funding stamps, {funding.value.mean():+.6f} on average: positive means that longs pay")

# What was fetched lies in data/ of the workspace, in files that pandas opens as they are; the exchange is gone by now.
print(*sorted({file.parts[2] for file in Path().glob("data/*/*/*/*/*.parquet")}))
