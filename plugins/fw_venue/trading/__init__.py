"""The trading half of the practice exchange: one account for each API key, settled by the ledger of a backtest."""
