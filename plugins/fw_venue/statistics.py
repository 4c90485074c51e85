"""What the exchange counts of its traders, of the last 30 days: /futures/data and the open interest of now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fw_venue.answers import Asked, Refusal
from fw_venue.clock import Clock
from fw_venue.counts import Count
from fw_venue.market_data import MarketData
from fw_venue.numbers import written
from fw_venue.routes import Routes
from fw_venue.tape import Tape

DAY = 86_400_000
KEPT = 30 * DAY
MINUTE = 60_000
PERIODS = {
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": 60 * MINUTE,
    "2h": 120 * MINUTE,
    "4h": 240 * MINUTE,
    "6h": 360 * MINUTE,
    "12h": 720 * MINUTE,
    "1d": DAY,
}

Row = Callable[[Tape, Count], dict[str, Any] | None]


class TraderStatistics:
    """Handlers over what the tapes know of traders."""

    def __init__(self, market: MarketData, clock: Clock) -> None:
        self._market, self._clock = market, clock

    def add_to(self, routes: Routes) -> None:
        """Serve them."""
        routes.add("GET", "/fapi/v1/openInterest", self.open_interest)
        kinds: tuple[tuple[str, Row], ...] = (
            ("openInterestHist", _interest),
            ("topLongShortAccountRatio", lambda tape, row: _ratio(tape, row, row.top_accounts)),
            ("topLongShortPositionRatio", lambda tape, row: _ratio(tape, row, row.top_positions)),
            ("globalLongShortAccountRatio", lambda tape, row: _ratio(tape, row, row.accounts)),
            ("takerlongshortRatio", _taker),
        )
        for name, row in kinds:
            routes.add("GET", f"/futures/data/{name}", self._rows(row), weight=0, statistics=True)
        routes.add("GET", "/futures/data/basis", self.basis, weight=0, statistics=True)

    def open_interest(self, asked: Asked) -> dict[str, Any]:
        tape, now = self._market.tape(asked), self._clock.now
        newest = max(tape.counts.between(now - DAY, now + 1), key=lambda row: row.time, default=None)
        held = 0.0 if newest is None else newest.interest
        return {"openInterest": written(held, tape.contract.size_digits), "symbol": tape.symbol, "time": now}

    def _rows(self, row: Row) -> Callable[[Asked], Any]:
        def handler(asked: Asked) -> list[dict[str, Any]]:
            tape = self._market.tape(asked)
            period, first, last, limit, ascending = self._asked(asked)
            made = (row(tape, one) for one in tape.counts.between(first, last + 1) if one.time % period == 0)
            return _cut([one for one in made if one is not None], limit, ascending)

        return handler

    def basis(self, asked: Asked) -> list[dict[str, Any]]:
        tape = self._market.tape(asked, "pair")
        period, first, last, limit, ascending = self._asked(asked)
        times: Iterable[int] = range(-(-first // period) * period, last + 1, period)
        rows = []
        for time in times:
            if tape.traded.index(time) < 0:
                continue
            price, index = tape.traded.price(time), tape.index.price(time)
            rows.append(
                {
                    "indexPrice": tape.index.price_text(time),
                    "contractType": "PERPETUAL",
                    "basisRate": f"{price / index - 1:.4f}",
                    "futuresPrice": tape.traded.price_text(time),
                    "annualizedBasisRate": "",
                    "basis": f"{price - index:.8f}",
                    "pair": tape.symbol,
                    "timestamp": time,
                }
            )
        return _cut(rows, limit, ascending)

    def _asked(self, asked: Asked) -> tuple[int, int, int, int, bool]:
        """Period, first and last time, how many rows, and whether they are counted from the first."""
        period = PERIODS[asked.choice("period", PERIODS, -1130, "Data sent for parameter 'period' is not valid.")]
        limit, (start, end) = asked.limit(30, 500), asked.span()
        now = self._clock.now
        if start is not None and start < now - KEPT:
            raise Refusal(-1130, "parameter 'startTime' is invalid.")
        first = start if start is not None else now - KEPT
        return period, first, min(now, now if end is None else end), limit, start is not None


def _cut(rows: list[dict[str, Any]], limit: int, ascending: bool) -> list[dict[str, Any]]:
    return rows[:limit] if ascending else rows[-limit:]


def _interest(tape: Tape, row: Count) -> dict[str, Any]:
    return {
        "symbol": tape.symbol,
        "sumOpenInterest": f"{row.interest:.8f}",
        "sumOpenInterestValue": f"{row.interest_value:.8f}",
        "timestamp": row.time,
    }


def _ratio(tape: Tape, row: Count, ratio: float | None) -> dict[str, Any] | None:
    if ratio is None:
        return None
    return {
        "symbol": tape.symbol,
        "longAccount": f"{ratio / (1 + ratio):.4f}",
        "longShortRatio": f"{ratio:.4f}",
        "shortAccount": f"{1 / (1 + ratio):.4f}",
        "timestamp": row.time,
    }


def _taker(tape: Tape, row: Count) -> dict[str, Any] | None:
    if row.taker is None:
        return None
    bought = row.taker / (1 + row.taker) * row.interest  # only the ratio is known; the volumes are made to fit it
    return {
        "buySellRatio": f"{row.taker:.4f}",
        "sellVol": f"{row.interest - bought:.4f}",
        "buyVol": f"{bought:.4f}",
        "timestamp": row.time,
    }
