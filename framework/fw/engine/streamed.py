"""A run that is led by a stream and leaves the folder of its account: result files now and then, and at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from fw.engine.feed import Pace
from fw.engine.fingerprint import fingerprint
from fw.engine.folder import RunFolder, config_hash, write_result
from fw.engine.journal import Journal
from fw.engine.session import Session
from fw.engine.written import logged, told
from fw.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from fw.domain.result import Result
    from fw.engine.bench import Bench
    from fw.settings.strategy import StrategyFile
    from fw.workspace import Workspace

OFTEN = 30.0
"""Seconds between two times that the files of a running account are written."""
SHARE = 50.0
"""How much longer than the writing itself the time between is at least: it keeps the run from nothing."""


@attrs.frozen(kw_only=True)
class Standing:
    """How an account stands while it runs."""

    now: int
    """Its time, ns."""
    closed: int
    """The newest close, ns."""
    equity: float
    positions: Mapping[str, float]
    """Base currency held, by instrument; flat ones are left out."""
    moments: int
    trouble: str
    """What keeps it from risking anything new; empty: nothing."""


Watch = Callable[[Callable[[], Standing]], Any]
"""Is given a function that tells how the account stands, at any time and from any thread."""


def streamed_run(bench: Bench, *, until: int | None, moments: int | None, watch: Watch | None) -> Result:
    """Run on what happens until a close (ns), for so many moments, or for ever; the account's folder keeps it all."""
    path = account_folder(bench.workspace, bench.settings)
    path.mkdir(parents=True, exist_ok=True)
    with closing(Journal(path)) as journal:
        folder = RunFolder(bench.workspace, bench.settings, bench.plugins, path=path)
        with told(folder, f"keeps the account: the same command goes on with it, fw show {folder.id} shows it"):
            run = bench.make_run(path)
            bench.plugins.run_starting(run)
            result: Result | None = None
            try:
                with logged(run, bench):
                    reporters = bench.reporters(run)
                    ends = [end for end in (until, bench.settings.source.end) if end is not None]
                    pace = Pace(until=min(ends, default=None), moments=moments)
                    session = Session(bench, run, journal, pace)
                    files = _Files(session, folder, reporters)
                    session.feed.lived = files.write_now_and_then
                    if watch is not None:
                        watch(lambda: standing_of(session))
                    with files.written_at_the_end():
                        session.go()
                    result = files.result
            finally:
                bench.plugins.run_finished(run, result)
    if result is None:
        raise DataError(f"no bar closed while the run lasted; {path} keeps the account")
    return result


def account_folder(workspace: Workspace, settings: StrategyFile) -> Path:
    """Where an account lives: its file's name, and the profile it runs under."""
    name = f"{settings.name}-{settings.profile}" if settings.profile else settings.name
    slug = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)[:80]
    return workspace.inside(workspace.runs / slug)


def standing_of(session: Session) -> Standing:
    """How a session stands."""
    simulation, feed = session.simulation, session.feed
    rows = simulation.positions
    held = {
        contract.symbol: float(row["lots"] * row["lot"])
        for contract, row in zip(simulation.instruments, rows, strict=True)
        if row["lots"]
    }
    return Standing(
        now=max(feed.now, session.clock()),
        closed=feed.opens,
        equity=float(simulation.account["equity"][0]),
        positions=held,
        moments=feed.moments,
        trouble=feed.trouble,
    )


class _Files:
    """The result files of an account that lives. Mutable: it knows when they were written last."""

    def __init__(self, session: Session, folder: RunFolder, reporters: Any) -> None:
        self._session, self._folder, self._reporters = session, folder, reporters
        self._next = 0.0
        self.result: Result | None = None

    def write_now_and_then(self) -> None:
        """Write them, unless that was done a moment ago."""
        began = time.monotonic()
        if began < self._next:
            return
        self._write(())
        ended = time.monotonic()
        self._next = ended + max(OFTEN, SHARE * (ended - began))

    @contextmanager
    def written_at_the_end(self) -> Iterator[None]:
        """Write them when the run ends, however it does, and let the reporters speak."""
        try:
            yield
        except KeyboardInterrupt:
            self._finish()
            raise
        self._finish()

    def _finish(self) -> None:
        if self._session.feed.moments:
            self.result = self._write(self._reporters)

    def _write(self, reporters: Any) -> Result:
        session, folder = self._session, self._folder
        result = session.result()
        result.folder = folder.path
        data = fingerprint(session.unfolding.market)
        write_result(result, folder.path, fingerprint=data, config=config_hash(session.settings))
        result.printed = session.bench.reported(result, folder.path, reporters)
        folder.save(data=data, engine=result.engine)
        return result
