"""`fw data record`: a recorder run to its end, with a line that tells how it goes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from fw_binance.environment import Environment, environment_named
from fw_binance.streams.patience import Patience
from fw_binance.streams.record import Recorder, Recording
from fw_binance.streams.session import connected, stopped_by_signals

if TYPE_CHECKING:
    from fw_binance.limits import Limiter


def record_streams(
    environment: str,
    symbols: tuple[str, ...],
    *,
    kinds: tuple[str, ...],
    length: float | None,
    flush: float,
    data: Path,
    quiet: bool,
) -> dict[str, Any]:
    """Record until the length (s) is over, or Ctrl-C; how many rows came, and what went wrong."""
    return asyncio.run(
        record(environment_named(environment), symbols, kinds=kinds, length=length, flush=flush, data=data, quiet=quiet)
    )


async def record(
    environment: Environment,
    symbols: tuple[str, ...],
    *,
    kinds: tuple[str, ...],
    length: float | None,
    flush: float,
    data: Path,
    quiet: bool = True,
    patience: Patience | None = None,
    limiter: Limiter | None = None,
    stop: asyncio.Event | None = None,
    told: Callable[[Recorder], None] | None = None,
) -> dict[str, Any]:
    """The same within an event loop; `stop` ends it."""
    from fw_binance.store import Store

    stop = stop or asyncio.Event()
    async with connected(environment, limiter=limiter) as (asking, exchange):
        with stopped_by_signals(stop.set), _shown(quiet=quiet) as shown:
            recorder = Recorder(
                Recording(
                    symbols=symbols,
                    kinds=kinds,
                    asking=asking,
                    exchange=exchange,
                    store=Store(data, environment.venue),
                    flush=flush,
                    patience=patience or Patience(),
                    random=Random(),
                    log=_Log(shown),
                    told=told or shown.tell,
                )
            )
            if length is not None:
                asyncio.get_running_loop().call_later(length, stop.set)
            await recorder.run(stop)
    series = [
        {"symbol": track.symbol, "kind": track.table.kind, "rows": track.written} for track in recorder.tracks.values()
    ]
    return {"series": series, "counters": recorder.counters.listed()}


class _Line:
    """One line on stderr that changes, where somebody is looking; mutable, as it remembers what it says."""

    def __init__(self, *, quiet: bool) -> None:
        self._status: Any = None
        if not quiet and sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("connecting; Ctrl-C ends it, and keeps what came")
            self._status.start()

    def tell(self, recorder: Recorder) -> None:
        """How it goes."""
        if self._status is None:
            return
        waiting = sum(track.waiting for track in recorder.tracks.values())
        trouble = "".join(f"; {reason}" for reason in recorder.troubles.values())
        self._status.update(f"{recorder.rows:,} rows written, {waiting:,} waiting{trouble}; Ctrl-C ends it")

    def say(self, text: str) -> None:
        """Something worth keeping on the screen."""
        if self._status is not None:
            self._status.console.print(text, highlight=False, markup=False)

    def end(self) -> None:
        """Leave nothing behind."""
        if self._status is not None:
            self._status.stop()


@contextmanager
def _shown(*, quiet: bool) -> Iterator[_Line]:
    line = _Line(quiet=quiet)
    try:
        yield line
    finally:
        line.end()


class _Log:
    """What the connections have to say, shown above the line."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def warning(self, event: str, **more: Any) -> None:
        """Such as that a connection was lost, and why."""
        self._line.say(f"{event}: {', '.join(f'{name} {value}' for name, value in more.items())}")

    exception = warning
