"""A practice exchange on this machine, which speaks the protocol of Binance USD-M futures."""
