"""The simulated broker: the ledger as a venue, for backtests and paper trading."""
