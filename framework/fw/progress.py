"""A progress bar on stderr for work that lasts, only where somebody is looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, float], None]
"""Is told what is being done and the share done, 0 to 1."""

PATIENCE, PAUSE = 0.5, 0.05
"""Seconds before a bar is worth drawing, and between two times that it is."""


@contextmanager
def shown_progress(*, quiet: bool = False) -> Iterator[Progress | None]:
    """Give a function to tell what is being done and the share done, 0 to 1; None where nobody is looking.

    A bar appears on stderr when the work has lasted half a second; each new word for what is done begins one.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    began = shown = time.perf_counter()
    bars: list[tuple[str, object]] = []
    drawn = None

    def show(what: str, done: float) -> None:
        nonlocal drawn, shown
        now = time.perf_counter()
        if now - shown < PAUSE and done < 1.0:
            return
        shown = now
        if drawn is None:
            if now - began < PATIENCE:
                return
            from rich.console import Console
            from rich.progress import Progress

            drawn = Progress(console=Console(stderr=True), transient=True)
            drawn.start()
        if not bars or bars[-1][0] != what:
            bars.append((what, drawn.add_task(what, total=1.0)))
        drawn.update(bars[-1][1], completed=done)  # type: ignore[arg-type]

    try:
        yield show
    finally:
        if drawn is not None:
            drawn.stop()
