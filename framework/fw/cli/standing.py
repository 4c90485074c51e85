"""How an account stands while it runs: one line on stderr, renewed every second, where somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fw.domain.time import SECOND, Duration, format_time

if TYPE_CHECKING:
    from fw.engine.streamed import Standing, Watch

A_SECOND = 1.0


@contextmanager
def shown_standing(*, quiet: bool = False) -> Iterator[Watch | None]:
    """Give a function that is told how to ask, and shows what it hears; None where nobody is looking."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    shown: list[Any] = []

    def watch(ask: Callable[[], Standing]) -> None:
        from rich.console import Console
        from rich.live import Live

        live = Live(
            get_renderable=lambda: line_of(ask()),
            console=Console(stderr=True),
            refresh_per_second=1.0 / A_SECOND,
            transient=True,
        )
        live.start()
        shown.append(live)

    try:
        yield watch
    finally:
        for live in shown:
            live.stop()


def line_of(standing: Standing) -> str:
    """A standing in one line."""
    age = max(standing.now - standing.closed, 0)
    held = ", ".join(f"{quantity:+g} {symbol}" for symbol, quantity in standing.positions.items()) or "flat"
    parts = [
        format_time(standing.now - standing.now % SECOND),
        f"equity {standing.equity:,.2f}",
        held,
        f"{standing.moments:,} bars, the last {Duration(age - age % SECOND)} ago",
    ]
    if standing.trouble:
        parts.append(f"nothing new is risked: {standing.trouble}")
    return " · ".join(parts)
