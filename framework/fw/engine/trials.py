"""The trial ledger: every run and sweep ever made in a workspace, so that overfitting can be counted.

Trials count together when they share an instrument and their periods overlap, whatever the source or the bar; those
on made-up markets count by themselves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fw.domain.saved import Trial

if TYPE_CHECKING:
    from fw.domain.result import Result


def trial_of(result: Result, *, run: str, config: str, wall: str) -> dict[str, Any]:
    """One line of the ledger."""
    begins, ends = result.market.period
    sharpe = result.metrics.get("sharpe")
    return {
        "wall": wall,
        "run": run,
        "config": config,
        "name": result.name,
        "instruments": list(result.instruments),
        "start": int(begins),
        "end": int(ends),
        "bar": str(result.bar),
        "bars": int(result.equity.rows),
        "made_up": result.market.made_up,
        "sharpe": float(sharpe) if isinstance(sharpe, int | float) else None,
    }


def note_trials(file: Path, trials: Iterable[Mapping[str, Any]]) -> None:
    """Append in one write, so that two processes cannot mix their lines."""
    as_text = json.JSONEncoder(sort_keys=True).encode
    text = "".join(f"{as_text(trial)}\n" for trial in trials)
    if not text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def trials_beside(result: Result, file: Path) -> tuple[Trial, ...]:
    """The trials that count beside a result; its own, once it is written, is not among them."""
    times = result.equity["time"]
    start, end = int(times[0]) - result.bar.ns, int(times[-1])
    own = result.folder.name if result.folder is not None else None
    made_up = result.market.made_up
    found = trials_like(file, instruments=result.instruments, start=start, end=end, made_up=made_up)
    return tuple(
        Trial(**{field.name: trial[field.name] for field in attrs.fields(Trial)})
        for trial in found
        if trial.get("run") != own and all(field.name in trial for field in attrs.fields(Trial))
    )


def trials_like(
    file: Path, *, instruments: Iterable[str], start: int, end: int, made_up: bool = False
) -> list[dict[str, Any]]:
    """The trials on any of these instruments over a period that overlaps [start, end) (ns); broken lines are passed."""
    if not file.exists():
        return []
    wanted = set(instruments)
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            trial = json.loads(line)
        except ValueError:
            continue  # a line torn by a crash; the others still count
        if not isinstance(trial, dict) or not wanted & set(trial.get("instruments", ())):
            continue
        meets = trial.get("start", 0) < end and trial.get("end", 0) > start
        if meets and trial.get("made_up", False) == made_up:
            found.append(trial)
    return found
