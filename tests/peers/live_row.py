"""One new bar in live mode: the newest row of every bundled column at its defaults, from the trailing windows."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import worker

import fw
from fw.engine.columns import PlannedSet, compute_columns
from fw.engine.live import LiveColumns
from fw.testing.markets import trend

HISTORY, BARS, MOMENTS = 5_000, 200, 24
"""Bars known at the beginning, bars that close in one job, and jobs until the market is at its end."""


def live_row(path: Path) -> worker.Job:
    """Two hundred bars close one after the other; the answer counts columns, and rows unlike the whole history's."""
    market = trend(bars=HISTORY + MOMENTS * BARS + 1)  # with funding, marks and all that an exchange publishes
    sets = bundled()
    closes = market.bars.close_time
    live = LiveColumns(sets, market.known(int(closes[HISTORY - 1])))
    arriving = iter([news(market, row) for row in range(HISTORY, len(closes))])
    rows: list[Any] = []

    def job() -> dict[str, int]:
        before = len(rows)
        rows.extend(live.add(newer) for newer in itertools.islice(arriving, BARS))
        if len(rows) < before + BARS:
            raise RuntimeError("the market is at its end; make more MOMENTS of it")
        return Answer(columns=len(live.names), sets=len(sets), bars=len(rows)).of(sets, market, live.names, rows)

    return job


class Answer(dict[str, Any]):
    """The counts, and only when it is sent whether the rows are those of the whole history."""

    def of(self, sets: Any, market: fw.Market, names: tuple[str, ...], rows: list[Any]) -> Answer:
        self.compared = sets, market, names, rows
        return self

    def complete(self) -> dict[str, Any]:
        sets, market, names, rows = self.compared
        whole = compute_columns(sets, market)
        last = HISTORY + len(rows)
        expected = np.stack([whole[name][:, HISTORY:last] for name in names])  # [column, instrument, bar]
        got = np.stack(rows, axis=-1)
        return self | {"differ": int((expected != got).any(axis=(0, 1)).sum())}


def bundled() -> tuple[PlannedSet, ...]:
    """Every bundled set that runs without a setting, but the one that measures an instrument against itself."""
    offers = [offer for offer in fw.catalog().offers("features") if offer.plugin == "features"]
    complete = [offer for offer in offers if all(row.default for row in offer.settings) and offer.name != "against"]
    return tuple(PlannedSet(part=(spec := offer.spec()), spec=spec, offer=offer) for offer in complete)


def news(market: fw.Market, row: int) -> fw.Market:
    """What becomes known when the bar `row` closes."""
    opens, before = int(market.bars.open_time[row]), int(market.bars.close_time[row - 1]) + 1
    known = market.known(int(market.bars.close_time[row]))
    series = {
        symbol: attrs.evolve(
            data,
            bars=data.bars.between(opens, None),
            mark=None if data.mark is None else data.mark.between(opens, None),
            funding=None if data.funding is None else data.funding.between(before, None),
            stamps={kind: stamps.between(before, None) for kind, stamps in data.stamps.items()},
        )
        for symbol, data in known.series.items()
    }
    return attrs.evolve(known, series=series)
