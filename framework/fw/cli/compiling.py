"""The first run on a machine compiles everything: say so, and let two processes do it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fw.plan import Plan


def compile_when_cold(plan: Plan, *, quiet: bool) -> None:
    """Have the ledger compiled by another process while this one compiles what measures the result."""
    from fw.ledger.compiled import is_cold, warm_elsewhere

    if not is_cold():
        return
    if not quiet:
        click.echo("compiling the kernels, once; about ten seconds", err=True)
    if not warm_elsewhere():
        return
    gc.disable()  # as the other process does
    try:
        measure_once(plan)
    finally:
        gc.enable()


def measure_once(plan: Plan) -> None:
    """Compile what measures a result, on small ones made by hand."""
    from fw.engine.trades import trades_of
    from fw.testing.results import results

    metrics = [part for _, part in plan.bench.metrics(plan.bench.make_run()).values()]
    for result in results().values():
        trades_of(result)
        for part in metrics:
            part.measure(result)
