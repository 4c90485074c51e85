"""Market data on disk: Parquet files that any tool opens, and beside them a manifest of what they are."""

from fw_binance.store.series import Series
from fw_binance.store.store import Store, Written

__all__ = ["Series", "Store", "Written"]
