"""Accounts on markets that happen as fast as they are read; hour `i` is bar `i`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest

import fw
from fw.domain.time import format_time
from fw.engine.feed import Pace
from fw.engine.journal import Journal
from fw.engine.session import Session
from fw.testing.live import Happening


@attrs.frozen
class Lived:
    """An account after a run."""

    result: fw.Result | None
    session: Session
    folder: Path
    differences: list[str]
    """Found where its journal was only told again."""


@pytest.fixture
def live(make_plan: Callable[..., Any], tmp_path: Path) -> Callable[..., Lived]:
    """Run a strategy over a source that streams, in a new account; one in a `folder` goes on.

    With `again` its journal is only told again.
    """

    def run(
        source: Happening, strategy: Any, *, folder: Path | None = None, again: bool = False, **settings: Any
    ) -> Lived:
        if folder is None:
            folder = tmp_path / f"account-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
        moments = settings.pop("moments", None)
        settings.setdefault("simulation", {"quotes": None})
        given = {"use": source, "live": True, **settings.pop("source", {})}
        plan = make_plan(source.market, strategy, source=given, broker="paper", **settings)
        journal = Journal(folder, only_to_read=again)
        try:
            session = Session(plan.bench, plan.bench.make_run(console=False), journal, Pace(moments=moments))
            session.go()
            return Lived(session.result() if session.feed.moments else None, session, folder, journal.told())
        finally:
            journal.close()

    return run


@pytest.fixture
def backtest_of(make_plan: Callable[..., Any], made_up: ModuleType) -> Callable[..., fw.Result]:
    """The backtest over the bars that a source lets happen."""

    def run(source: Happening, strategy: Any, begins: int, **settings: Any) -> fw.Result:
        start = format_time(begins).replace(" ", "T") + "Z"
        given = {"use": made_up.GivenMarket(source.market), "start": start}
        result: fw.Result = make_plan(source.market, strategy, source=given, **settings).run(write=False, engine="loop")
        return result

    return run
