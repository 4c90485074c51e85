"""The exchange as it happens: connections kept alive, holes filled before the next bar is given, books, recordings."""
