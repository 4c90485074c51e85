"""A run that leaves a folder: whatever happens, its manifest says how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fw.engine.folder import RunFolder
from fw.engine.trials import note_trials, trial_of
from fw.errors import FwError

if TYPE_CHECKING:
    from fw.domain.result import Result
    from fw.engine.bench import Bench
    from fw.engine.run import EngineRun
    from fw.progress import Progress


def written_run(bench: Bench, *, engine: str | None, progress: Progress | None, began: float) -> Result:
    """Run, fill a run folder, let the reporters speak, and note the trial."""
    folder = RunFolder(bench.workspace, bench.settings, bench.plugins)
    with told(folder):
        run = bench.make_run(folder.path)
        bench.plugins.run_starting(run)
        result: Result | None = None
        try:
            with logged(run, bench):
                reporters = bench.reporters(run)  # what they lack should be told before the work, not after it
                result = bench.backtest(run, engine=engine, progress=progress, bounds="now", keep=True)
                result.seconds = time.perf_counter() - began
                result.folder = folder.path
                folder.save(data=bench.fingerprint(), seconds=round(result.seconds, 3), engine=result.engine)
                bench.write(result, folder.path, reporters)
                run.log.debug("run finished", engine=result.engine, why=result.engine_reason, notes=list(result.notes))
        finally:
            bench.plugins.run_finished(run, result)
        # before the folder says `finished`: no run may be shown that was not counted
        trial = trial_of(result, run=folder.id, config=folder.manifest["config"], wall=folder.manifest["started"])
        note_trials(bench.workspace.trials, [trial])
    return result


@contextmanager
def logged(run: EngineRun, bench: Bench) -> Iterator[None]:
    """Have the run's log begin with what is run, and end with what stopped it."""
    run.log.debug("run started", file=str(bench.settings.path or ""), profile=bench.settings.profile or "")
    for problem in bench.plugins.problems:
        run.log.debug("plugin problem", problem=str(problem))
    try:
        yield
    except BaseException as error:
        run.log.debug("run ended early", error=type(error).__name__, text=str(error))
        raise


@contextmanager
def told(folder: RunFolder, what: str = "stays, and says that it was interrupted") -> Iterator[None]:
    """Have the manifest say how the run ended, whatever happens; `what` tells what its folder is good for then."""
    try:
        yield
    except KeyboardInterrupt as stop:
        with suppress(OSError):
            folder.end("interrupted")
            stop.add_note(f"{folder.path} {what}")
        raise
    except BaseException as error:
        # a full disk takes no last word either; then it still says `running`, and why it ended is told all the same
        with suppress(OSError):
            folder.end("failed", error=str(error) if isinstance(error, FwError) else type(error).__name__)
        raise
    folder.end("finished")
