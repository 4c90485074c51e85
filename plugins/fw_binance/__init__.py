"""The exchange Binance: its history kept in a store, its streams as a live source."""
