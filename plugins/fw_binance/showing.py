"""A progress bar with rate and time left, on stderr, where somebody is looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Shown = Callable[[str, int, int], None]

PATIENCE = 0.5
"""Seconds before a bar is worth drawing."""


@contextmanager
def shown_rows(*, quiet: bool = False) -> Iterator[Shown | None]:
    """Give a function to tell what is fetched, rows done and rows in all; None where nobody is looking."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Rows a second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f} rows/s")

    drawn = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    began, task = time.perf_counter(), drawn.add_task("", total=None)

    def show(what: str, done: int, total: int) -> None:
        if not drawn.live.is_started and time.perf_counter() - began > PATIENCE:
            drawn.start()
        drawn.update(task, description=what, completed=done, total=total)

    try:
        yield show
    finally:
        drawn.stop()
