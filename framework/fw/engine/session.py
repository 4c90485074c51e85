"""A run on a market that is happening: told again what its journal holds, and then led by what arrives."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs

from fw import __version__
from fw.domain.time import format_time
from fw.engine.arrivals import Arrivals, clock_of
from fw.engine.assemble import Scene, Stage, assumed, contract_rules, terms_of
from fw.engine.contracts import check_contracts
from fw.engine.feed import LiveFeed, Pace
from fw.engine.folder import config_hash
from fw.engine.lines import market_of, plain_market, plain_rules, rules_of
from fw.engine.loop import Loop
from fw.engine.needs import left_out, present
from fw.engine.outcome import result_of
from fw.engine.unfolding import Unfolding
from fw.engine.warmup import asked_of, block_of, refuse_what_cannot_be, terms_by_quotes, warm_up
from fw.errors import RunRefused
from fw.ledger.growing import GrowingSimulation
from fw.parts.source import Want
from fw.registry import blame

if TYPE_CHECKING:
    from fw.domain.event import Event
    from fw.domain.market import Market
    from fw.domain.result import Result
    from fw.engine.bench import Bench
    from fw.engine.journal import Journal
    from fw.engine.run import EngineRun
    from fw.settings.strategy import StrategyFile


class Session:
    """One account, from the beginning of its journal to what was heard last. Mutable: it is a run in progress."""

    def __init__(self, bench: Bench, run: EngineRun, journal: Journal, pace: Pace) -> None:
        self.bench, self.run, self.journal, self.settings = bench, run, journal, bench.settings
        settings, self.parts = self.settings, bench.parts(run)
        if journal.only_to_read:
            self.parts = attrs.evolve(self.parts, observers=())
        else:
            refuse_what_cannot_be(settings, self.parts)
        if journal.head is None:
            journal.begin(self._beginning())
        head = journal.head
        assert head is not None
        if head["config"] != hash_of_account(settings):
            raise RunRefused(
                f"the account {journal.file.parent.name} was begun with other settings; bring them back (its "
                "manifest.json has them), or begin a new account under another `name`"
            )
        history = market_of(head["history"], settings.bar, made_up=head["made_up"])
        instruments = tuple(rules_of(said) for said in head["rules"])
        check_contracts(settings.account, instruments)
        run.instruments = dict(zip(history.instruments, instruments, strict=True))
        run.period = _period(history)
        terms, quotes, latency, notes = terms_by_quotes(terms_of(settings, self.parts, run), settings)
        found = present(self.parts.features, history, self.parts.source.offer.title)
        self.unfolding = Unfolding(found.sets, history)
        missing = left_out(found, self.unfolding.columns)
        self.simulation = GrowingSimulation(
            block_of(history, marked=settings.account.mark == "required"),
            history.bars.open_time,
            settings.bar,
            instruments,
            terms,
            capital=settings.account.capital,
        )
        self.feed = LiveFeed(
            self.simulation,
            self.unfolding,
            journal,
            attrs.evolve(pace, quotes=quotes, latency=latency, patience=settings.source.patience.ns),
            listen=self._listen,
            with_funding=settings.account.funding == "required",
            log=run.log,
        )
        tape = self.simulation.tape
        stage = Stage(
            market=history,
            tape=tape,
            block=tape.block,
            data=history,
            instruments=instruments,
            notes=(),
            asked=frozenset(),
        )
        self._scene = Scene(
            stage=stage,
            tape=tape,
            columns=self.unfolding.columns,
            notes=tuple(dict.fromkeys((*head["notes"], *missing, *notes))),
            left_out=missing,
        )
        capital = settings.account.capital
        self.loop = Loop(self.parts, self._scene, terms, run, capital=capital, progress=None, feed=self.feed)
        self._arrivals: Arrivals | None = None
        self.clock = clock_of(self.parts.source.part)
        """The time where the market happens, ns."""
        self._began = time.perf_counter()

    def _beginning(self) -> dict[str, Any]:
        """What a new account begins with: its settings, its history, and the rules of what it trades."""
        history = warm_up(self.settings, self.parts)
        instruments, said = contract_rules(self.settings, history, _period(history))
        return {
            "config": hash_of_account(self.settings),
            "version": __version__,
            "made_up": history.made_up,
            "notes": [*history.notes, *said, *assumed(self.settings, history)],
            "rules": [plain_rules(instrument) for instrument in instruments],
            "history": plain_market(history),
        }

    def go(self) -> None:
        """Do again what the journal tells, and go on with what the source's stream says, until the pace ends it."""
        try:
            self.loop.go()
        finally:
            if self._arrivals is not None:
                self._arrivals.close()

    def _listen(self, start: int) -> Iterable[tuple[Event | None, int]]:
        """What the source says from the bar on that opens at `start` (ns); nothing where a journal is only read."""
        if self.journal.only_to_read:
            return ()
        settings, source = self.settings, self.parts.source
        needs = asked_of(settings, self.parts)
        want = Want(instruments=settings.instruments, bar=settings.bar, start=start, needs=needs)
        with blame(source.offer):
            stream = source.part.stream(want)
        self._arrivals = Arrivals(stream, source.offer, self.clock)
        self.run.log.debug("listening", start=format_time(start))
        return self._arrivals

    def result(self) -> Result:
        """What came of it by now; it must have lived through one close at least."""
        simulation, market = self.simulation.seen(), self.unfolding.market
        stage = attrs.evolve(self._scene.stage, market=market, tape=simulation.tape, data=market)
        result = result_of(
            simulation,
            attrs.evolve(self._scene, stage=stage, tape=simulation.tape),
            self.settings,
            engine="loop",
            engine_reason="the market was happening",
            metrics=self.bench.metrics(self.run),
            tags=self.loop.tags,
            order_tags=self.loop.explicit.tags,
            vetoes=self.loop.vetoes,
            write=self.bench.write,
        )
        result.seconds = time.perf_counter() - self._began
        return result


def _period(history: Market) -> tuple[int, int]:
    """The first bar that is traded, ns: whose rules and fees hold."""
    end = history.period[1]
    return end, end + history.bars.size.ns


def hash_of_account(settings: StrategyFile) -> str:
    """Hex digits of the settings that an account depends on; who only looks on may change."""
    raw = {name: value for name, value in settings.raw.items() if name not in ("report", "metrics", "observers")}
    return config_hash(attrs.evolve(settings, raw=raw))
