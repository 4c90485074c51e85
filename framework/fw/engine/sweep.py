"""Many runs of one plan: every combination of some settings, on one market, sharing their common columns."""

from __future__ import annotations

import itertools
import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import attrs
import numpy as np

from fw.domain.frame import Frame
from fw.domain.time import format_time
from fw.engine.columns import Cache
from fw.engine.folder import config_hash
from fw.engine.trials import note_trials, trial_of
from fw.errors import SettingsError
from fw.settings.merge import as_override

if TYPE_CHECKING:
    from fw.engine.assemble import Ready
    from fw.engine.bench import Bench
    from fw.progress import Progress

MOST_RUNS = 1_000_000
MOST_TOGETHER = 16
"""Runs that a thread begins together."""
FEWEST = 4
"""Batches a thread at least, so that none is idle for long at the end."""

TRIED = "sharpe"
"""What the trial ledger keeps of every combination, asked for or not."""

ENDED = "ended"
"""The column that says when trading ended before the data did."""

Refused = Callable[[Mapping[str, Any], SettingsError], None]


@attrs.frozen
class _Begun:
    """A combination up to its first bar; up to its settings, where its market has yet to be read."""

    values: tuple[Any, ...]
    bench: Bench
    config: str
    ready: Ready | None


@attrs.frozen
class _Row:
    """What became of one combination."""

    values: tuple[Any, ...]
    metrics: Mapping[str, float]
    trial: dict[str, Any]
    ended: str


class _Stopped(Exception):
    """A run was told to end; nobody waits for its result."""


def sweep(
    bench_of: Callable[[Sequence[str]], Bench],
    over: Mapping[str, Sequence[Any]],
    *,
    trials: Path,
    engine: str | None,
    metrics: Sequence[str] | None = None,
    progress: Progress | None,
    refused: Refused | None = None,
) -> Frame:
    """One row a combination: the swept values under their paths, its metrics as floats (NaN: none), and `ended`.

    `metrics` names those that are measured; None: all.
    `ended` says when a risk check ended trading for good, as text; empty where none did. `bench_of` gives the bench
    of a combination, written as for --set. A setting that is refused (by a part, fast above slow, say, or by the
    rules of a contract) drops its combination, which `refused` is told with the reason; SettingsError where all are.
    Kernels run without the GIL, so threads use every core.
    """
    if not over or any(len(values) == 0 for values in over.values()):
        raise SettingsError("a sweep needs at least one setting with at least one value")
    count = math.prod(len(values) for values in over.values())
    if count > MOST_RUNS:
        raise SettingsError(f"that is {count:,} runs; {MOST_RUNS:,} are the most")
    measured = None if metrics is None else (*metrics, TRIED)
    cache: Cache = WeakKeyDictionary()  # a combination may have a market of its own, whose columns go with it
    combinations = list(itertools.product(*over.values()))
    texts = [[as_override(path, value) for value in values] for path, values in over.items()]
    overrides = list(itertools.product(*texts))
    hashed: dict[str, tuple[Any, str]] = {}
    wall = datetime.now(UTC).isoformat(timespec="seconds")
    done = 0
    stopping = threading.Event()

    def go_on(what: str, share: float) -> None:
        """What a run in its thread looks at now and then; nothing else can stop a thread."""
        if stopping.is_set():
            raise _Stopped

    def ready(bench: Bench) -> Ready:
        return bench.ready(bench.make_run(), engine=engine, cache=cache, metrics=measured)

    def begun(values: tuple[Any, ...], written: tuple[str, ...]) -> _Begun | SettingsError:
        try:
            bench = bench_of(written)
            config = config_hash(bench.settings, hashed)
            return _Begun(values, bench, config, ready(bench) if bench.has_market else None)
        except SettingsError as error:
            return error

    def ended(one: _Begun | SettingsError) -> _Row | SettingsError:
        nonlocal done
        if isinstance(one, SettingsError):
            return one
        try:
            result = one.bench.driven(one.ready or ready(one.bench), progress=go_on)
        except SettingsError as error:
            return error
        numbers = {
            name: float(value) if isinstance(value, int | float | np.number) else math.nan
            for name, value in (
                (name, result.metrics[name]) for name in (result.metrics if metrics is None else metrics)
            )
        }
        trial = trial_of(result, run="sweep", config=one.config, wall=wall)
        done += 1
        if progress is not None:
            progress("sweep", done / count)
        return _Row(one.values, numbers, trial, "" if result.ended is None else format_time(result.ended))

    def several(batch: slice) -> list[_Row | SettingsError]:
        """Begun together, for what Python does again at once takes it half as long; then driven one by one."""
        return [ended(one) for one in list(map(begun, combinations[batch], overrides[batch]))]

    threads = os.cpu_count() or 1
    size = min(max(1, count // (FEWEST * threads)), MOST_TOGETHER)
    batches = [slice(at, at + size) for at in range(0, count, size)]
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        answers = list(itertools.chain.from_iterable(pool.map(several, batches)))
    finally:
        stopping.set()  # after an error or Ctrl-C what is under way ends soon, and nothing new begins
        pool.shutdown(cancel_futures=True)
    rows = [answer for answer in answers if not isinstance(answer, SettingsError)]
    if not rows:
        raise next(answer for answer in answers if isinstance(answer, SettingsError))
    note_trials(trials, [row.trial for row in rows])
    for values, answer in zip(combinations, answers, strict=True):
        if refused is not None and isinstance(answer, SettingsError):
            refused(dict(zip(over, values, strict=True)), answer)
    columns: dict[str, Any] = {path: np.array([row.values[i] for row in rows]) for i, path in enumerate(over)}
    for name in rows[0].metrics:
        columns[name] = np.array([row.metrics[name] for row in rows])
    columns[ENDED] = np.array([row.ended for row in rows])
    return Frame.of(columns)
