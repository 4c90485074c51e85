"""What a run needs to know before the first bar that it sees happen: history, and the terms of an account on quotes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.bars import COLUMNS
from fw.domain.market import Market
from fw.domain.stamps import Stamps
from fw.engine.arrivals import clock_of
from fw.engine.assemble import needs_of
from fw.engine.finer import WALKED
from fw.engine.prepare import prepare
from fw.errors import DataError, PluginError, RunRefused, SettingsError
from fw.ledger import kinds
from fw.parts.broker import Slippage
from fw.parts.source import LiveSource, Want
from fw.registry import blame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.market import Series
    from fw.engine.assemble import Parts
    from fw.parts.broker import Terms
    from fw.settings.strategy import StrategyFile


def refuse_what_cannot_be(settings: StrategyFile, parts: Parts) -> None:
    """Raise for a file that cannot run on a market that is happening, and say what to change."""
    source, broker = parts.source, parts.broker
    if not isinstance(source.part, LiveSource):
        raise SettingsError(
            f"source.live: {source.offer.title} has history only and does not stream; take a source that streams, "
            "or leave live out to run over history"
        )
    if settings.source.start is not None:
        raise SettingsError("source.start: a live run begins now; leave start out")
    if settings.simulation.finer is not None:
        raise SettingsError(
            "simulation.finer: smaller bars are for history; live, quotes show what happens inside a bar. "
            "Set simulation.finer: null in this profile"
        )
    if getattr(broker.part, "real_money", False):
        raise RunRefused(
            f"broker: {broker.offer.title} moves real money, and this version of fw fills orders by simulation only; "
            "set broker: paper"
        )
    if not hasattr(broker.part, "terms") or not hasattr(broker.part, "attach"):
        raise SettingsError(f"broker: {broker.offer.title} is not a simulated broker; set broker: paper")


def asked_of(settings: StrategyFile, parts: Parts) -> tuple[str, ...]:
    """The kinds of data that are streamed: those that parts need, and those that the account is settled by."""
    needs = {need for planned in parts.features for need in planned.part.needs}
    used = set(needs_of(parts))
    if settings.account.mark != "required" and not any(need.partition(".")[0] == "mark" for need in needs):
        used.discard("mark")
    return tuple(sorted(used))


def warm_up(settings: StrategyFile, parts: Parts) -> Market:
    """The bars that have closed by now, enough of them for the first decision to be that of a longer run.

    DataError where there are fewer than the features look back on.
    """
    size, source = settings.bar, parts.source
    now = int(size.floor(clock_of(source.part)()))
    longest = max((planned.lookback(size) for planned in parts.features), default=0)
    bars = parts.lookback + longest
    want = Want(
        instruments=settings.instruments,
        bar=size,
        start=now - bars * size.ns,
        end=now,
        needs=asked_of(settings, parts),
    )
    with blame(source.offer):
        given = source.part.history(want)
    if not isinstance(given, Market):
        raise PluginError(f"{source.offer.title} returned {type(given).__name__}, not a fw.Market")
    anywhere = attrs.evolve(want, start=None, end=None)
    market = prepare(given, anywhere, gaps=settings.source.gaps, funding="zero", mark=settings.account.mark)
    if len(market.bars) < max(longest, 1):
        raise DataError(
            f"the features look back on {longest} bars, and {source.offer.title} gave {len(market.bars)} before now: "
            "download more history, or take shorter spans"
        )
    series = {symbol: _used(data, want.needs) for symbol, data in market.series.items()}
    # of funding only what is still to come is paid
    return attrs.evolve(market, series=series, notes=tuple(note for note in market.notes if "funding" not in note))


def _used(data: Series, needs: tuple[str, ...]) -> Series:
    """Only what will be streamed too; rates there may be none of yet."""
    none_yet = Stamps(np.zeros(0, np.int64), np.zeros(0))
    return attrs.evolve(
        data,
        funding=data.funding if data.funding is not None else none_yet,
        mark=data.mark if "mark" in needs else None,
        stamps={kind: stamps for kind, stamps in data.stamps.items() if kind in needs},
    )


def block_of(market: Market, *, marked: bool) -> NDArray[np.float64]:
    """The bars of a market as a tape has them, float64[instrument, field, bar]."""
    fields = kinds.MARK_FIELDS if marked else kinds.PRICE_FIELDS
    block = np.empty((len(market.instruments), fields, len(market.bars)))
    for k, data in enumerate(market.series.values()):
        for field, name in enumerate(COLUMNS):
            block[k, field] = getattr(data.bars, name)
        for field, name in enumerate(COLUMNS[:4]) if marked else ():
            block[k, kinds.PRICE_FIELDS + field] = getattr(data.mark, name)
    return block


def terms_by_quotes(terms: Terms, settings: StrategyFile) -> tuple[Terms, int | None, int, tuple[str, ...]]:
    """The terms of an account that quotes move, ns between two quotes (None: bars alone move it), the ns that an order
    takes, and notes."""
    notes = [note for note in terms.notes if not note.startswith("orders arrive")]
    every = settings.simulation.quotes
    lost = terms.slippage if isinstance(terms.slippage, Slippage) else Slippage()
    if every is not None and (math.isfinite(terms.participation) or lost.volatility > 0.0 or lost.impact > 0.0):
        every = None
        notes.append(
            "closed bars alone move the account: participation, and slippage by volatility or impact, are measured on "
            "bars, which quotes are not"
        )
    if terms.bar_path in WALKED:
        terms = attrs.evolve(terms, bar_path="pessimistic")
        notes.append("what a bar shows and no quote did is taken as simulation.bar_path: pessimistic")
    if every is None:
        return attrs.evolve(terms, notes=()), None, 0, (*terms.notes, *notes)
    if terms.latency:
        notes.append(f"orders meet the first quote {settings.simulation.latency} or more after their decision")
    notes.append(f"quotes move the account, one in {every} at most; a quote is the middle of bid and ask")
    return attrs.evolve(terms, latency=0, notes=()), every.ns, terms.latency, tuple(notes)
