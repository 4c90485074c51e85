"""The words of the trade as frozen values: time, instruments, bars, decisions, orders, facts, results."""
