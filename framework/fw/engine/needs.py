"""What feature sets need and the source does not have: an error, or left out where the file says so."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

import attrs

from fw.errors import DataError

if TYPE_CHECKING:
    from fw.domain.market import Market
    from fw.engine.columns import PlannedSet


@attrs.frozen
class Present:
    """The feature sets that can be computed of a market."""

    sets: tuple[PlannedSet, ...]
    notes: tuple[str, ...] = ()
    """What is left out, and why, for the reader of the report."""


def kinds_of(needs: Iterable[str]) -> set[str]:
    """What sets need, with the kind of every column: `book.bid_5` and `book`."""
    return {name for need in needs for name in (need, need.partition(".")[0])}


def present(sets: Iterable[PlannedSet], market: Market, source: str) -> Present:
    """The sets whose data the market has; DataError for another one, unless it says `missing: skip`.

    `source` is what an error or a note calls the source.
    """
    found, notes = [], []
    for planned in sets:
        lack = lacking(planned, market)
        if lack is None:
            found.append(planned)
            continue
        if not planned.may_lack:
            raise DataError(
                f"{planned.offer.title} needs {lack}, which {source} does not have for this run; name one that has it, "
                f"take the set out, or say `missing: skip` in features.{planned.entry} to run without it"
            )
        notes.append(f"features.{planned.entry} is left out: {source} does not have {lack} for this run")
    if not notes:  # then a column that is not there was misspelt
        found = [attrs.evolve(planned, may_lack=False) if planned.may_lack else planned for planned in found]
    return Present(tuple(found), tuple(notes))


def lacking(planned: PlannedSet, market: Market) -> str | None:
    """The first thing that a set needs and the market has not, as `book.bid_5 of BTCUSDT`; None: it has all."""
    symbols = market.instruments if planned.on is None else (planned.on,)
    for need in () if planned.is_derived else planned.part.needs:
        for symbol in symbols:
            if not market.series[symbol].has(need):
                return f"{need} of {symbol}"
    return None


def left_out(found: Present, columns: Container[str]) -> tuple[str, ...]:
    """Notes on every set without columns: those that lack data, and those made of columns that lack it."""
    if not found.notes:
        return ()
    unfed = (
        f"features.{planned.entry} is left out: it reads {name!r}, which no feature set gives"
        for planned in found.sets
        if planned.is_derived and planned.entry not in columns and (name := unread(planned, columns))
    )
    return (*found.notes, *unfed)


def unread(planned: PlannedSet, columns: Container[str]) -> str | None:
    """The first column that a derived set would read and that is not there."""
    return next((name for name in planned.part.reads if name not in columns), None)
