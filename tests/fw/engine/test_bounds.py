"""A run with bars that do not tell what came first inside them is also known by the other rule."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.ledger import LedgerBroker

HOUR = 3_600_000_000_000
FLAT = (100.0, 100.0, 100.0, 100.0)
BOTH = (100.0, 106.0, 94.0, 100.0)
BRACKET = fw.Signal(0.5, stop_loss=95.0, take_profit=105.0)
ONE_BAR = [FLAT, FLAT, BOTH, FLAT]
Drive = Callable[..., fw.Result]


@attrs.frozen
class Costless:
    """A venue that charges nothing."""

    def build(self, run: fw.Run) -> LedgerBroker:
        return LedgerBroker(lambda terms: attrs.evolve(terms, maker=0.0, taker=0.0))


@attrs.frozen
class Arrays:
    """Enters at the first close with a bracket of 5 %, as arrays or bar by bar."""

    def decide(self, view: fw.View) -> Any:
        return BRACKET

    def decide_all(self, history: fw.History) -> fw.SignalArrays:
        whole = np.ones_like(history.bars.close)
        return fw.SignalArrays(strength=0.5 * whole, stop_loss=95.0 * whole, take_profit=105.0 * whole)


def test_half_the_capital_in_one_bracket_of_five_percent_ends_2_5_percent_lower_or_higher(drive: Drive) -> None:
    # 50 coins at 100 from a capital of 10,000; left at 95 or at 105
    result = drive({0: BRACKET}, ONE_BAR, broker=Costless())
    assert result.bounds is not None
    assert result.bounds.shown == "pessimistic"
    assert result.bounds.hidden == "optimistic"
    worse, better = result.bounds.pessimistic, result.bounds.optimistic
    assert (worse.profit, better.profit) == (pytest.approx(-250.0), pytest.approx(250.0))
    assert (worse.final_equity, better.final_equity) == (pytest.approx(9_750.0), pytest.approx(10_250.0))
    assert (worse.total_return, better.total_return) == (pytest.approx(-0.025), pytest.approx(0.025))
    assert (worse.max_drawdown, better.max_drawdown) == (pytest.approx(0.025), 0.0)
    assert (worse.trades, better.trades, worse.ambiguous_bars, better.ambiguous_bars) == (1, 1, 1, 1)
    assert worse.result is result
    assert list(better.result.trades["exit_reason"]) == ["take_profit"]


@pytest.mark.parametrize("engine", ["scan", "loop"])
@pytest.mark.parametrize("shown", ["pessimistic", "optimistic"])
def test_each_bound_is_a_plain_run_by_that_rule(
    make_plan: Callable[..., fw.Plan], scripted: Any, engine: str, shown: str
) -> None:
    tried = 0
    for seed in range(30):
        market, strategy = scripted(seed, ("BTCUSDT", "ETHUSDT"), 300, wild=0.03)
        plan = make_plan(market, strategy, account={"margin": "cross", "leverage": 3}, simulation={"bar_path": shown})
        bounds = plan.run(write=False, engine=engine).bounds
        if bounds is None:
            continue
        tried += 1
        assert bounds.shown == shown
        for rule in ("pessimistic", "optimistic"):
            plain = plan.with_settings(f"simulation.bar_path={rule}").run(write=False, engine=engine)
            bound = bounds.of(rule)  # type: ignore[arg-type]
            assert dict(bound.result.totals) == dict(plain.totals)
            for name in ("equity", "fills", "trades", "signals", "orders"):
                one, other = getattr(bound.result, name), getattr(plain, name)
                for column in other:
                    np.testing.assert_array_equal(one[column], other[column], err_msg=f"{name}.{column}")
            assert bound.final_equity == plain.metrics["final_equity"]
            assert bound.total_return == pytest.approx(plain.metrics["total_return"], rel=1e-12)
            assert bound.max_drawdown == pytest.approx(plain.metrics["max_drawdown"], rel=1e-12)
            assert (bound.trades, bound.ambiguous_bars) == (plain.trades.rows, plain.totals["ambiguous_bars"])
    assert tried > 5


def test_nothing_is_bounded_where_every_bar_told_what_came_first(drive: Drive) -> None:
    assert drive({0: BRACKET}, [FLAT, FLAT, (100.0, 106.0, 96.0, 100.0), FLAT]).bounds is None
    assert drive({}).bounds is None


def test_the_pessimistic_bound_may_end_higher_for_what_follows_is_another_history(drive: Drive) -> None:
    # the worse first loses 2.5 % and ends trading at the limit of 2 %; the better first goes on, into a fall of 40 %
    result = drive(
        {0: BRACKET, 3: 0.6},
        [FLAT, FLAT, BOTH, FLAT, FLAT, (60.0,) * 4, (60.0,) * 4],
        account={"margin": "cross"},
        broker=Costless(),
        risk=[{"use": "drawdown_stop", "limit": 0.02}],
    )
    assert result.bounds is not None
    assert result.bounds.pessimistic.profit == pytest.approx(-250.0)
    assert result.bounds.optimistic.profit == pytest.approx(250.0 - 0.6 * 10_250.0 * 0.4)


@attrs.frozen
class Counting:
    """Holds a bracket, and counts how often anybody asks it."""

    calls: Any = attrs.field(factory=itertools.count, eq=False)

    def build(self, run: fw.Run) -> Counting:
        return self  # one counter, whoever builds it

    def decide(self, view: fw.View) -> fw.Signal:
        next(self.calls)
        return BRACKET


def asked(strategy: Counting) -> int:
    """How often since the last time."""
    return int(next(strategy.calls))


@pytest.fixture
def plan(make_plan: Callable[..., fw.Plan], made_up: Any) -> Callable[..., fw.Plan]:
    def make(strategy: Any, **settings: Any) -> fw.Plan:
        return make_plan(made_up.market_of(ONE_BAR), strategy, account={"funding": "zero"}, **settings)

    return make


def test_the_run_is_made_again_when_its_bounds_are_first_asked_for(plan: Callable[..., fw.Plan]) -> None:
    strategy = Counting()
    result = plan(strategy).run(write=False)
    assert asked(strategy) == 4
    first = result.bounds
    assert asked(strategy) == 4 + 1 + 4
    assert result.bounds is first
    assert asked(strategy) == 4 + 1 + 4 + 1


def test_a_sweep_and_a_check_make_no_run_twice(plan: Callable[..., fw.Plan]) -> None:
    strategy = Counting()
    plan(strategy).sweep({"sizer.fraction": [0.1, 0.2]})
    assert asked(strategy) == 2 * 4


@attrs.define(eq=False)
class Remembers:
    """Enters once, and knows that it did: a second run of the same object would trade nothing."""

    entered: bool = False

    def decide(self, view: fw.View) -> fw.Signal | None:
        if self.entered:
            return None
        self.entered = True
        return BRACKET


def test_an_object_that_remembers_is_copied_before_it_has_seen_anything(plan: Callable[..., fw.Plan]) -> None:
    strategy = Remembers()
    result = plan(strategy).run(write=False)
    assert result.bounds is not None
    assert (result.bounds.pessimistic.trades, result.bounds.optimistic.trades) == (1, 1)
    again = attrs.evolve(result).bounds  # a result changed in something else asks anew
    assert again is not None
    assert again.optimistic == result.bounds.optimistic


def test_random_numbers_are_drawn_anew(plan: Callable[..., fw.Plan]) -> None:
    @attrs.frozen
    class Drawn:
        def build(self, run: fw.Run) -> Any:
            return Sized(run.random.uniform(0.1, 0.5))

    @attrs.frozen
    class Sized:
        strength: float

        def decide(self, view: fw.View) -> fw.Signal:
            return attrs.evolve(BRACKET, strength=self.strength)

    bounds = plan(Drawn()).run(write=False).bounds
    assert bounds is not None
    sizes = [bound.result.trades["quantity"][0] for bound in (bounds.pessimistic, bounds.optimistic)]
    assert sizes[0] == sizes[1]


def test_what_cannot_be_run_twice_is_said_in_the_notes(plan: Callable[..., fw.Plan]) -> None:
    @attrs.define(eq=False)
    class Locked:
        lock: Any = attrs.field(factory=threading.Lock)

        def decide(self, view: fw.View) -> fw.Signal:
            return BRACKET

    result = plan(Locked()).run(write=False)
    assert result.bounds is None
    assert any(
        note.startswith("the result if optimistic is not known: strategy 'locked' cannot be") for note in result.notes
    )


def test_a_strategy_that_fails_only_by_the_other_rule_keeps_the_run(plan: Callable[..., fw.Plan]) -> None:
    @attrs.frozen
    class Fails:
        def decide(self, view: fw.View) -> fw.Signal:
            if view.account.equity > 10_100.0:
                raise ZeroDivisionError("rich")
            return BRACKET

    result = plan(Fails()).run(write=False)
    assert result.equity.rows == 4
    assert result.bounds is None
    (note,) = (note for note in result.notes if note.startswith("the result if optimistic is not known"))
    assert "strategy 'fails' raised ZeroDivisionError: rich" in note


def test_observers_are_told_of_the_run_itself_only(plan: Callable[..., fw.Plan]) -> None:
    told: list[Any] = []

    @attrs.frozen
    class Watch:
        kinds: tuple[type, ...] = (fw.Filled,)

        def notice(self, event: Any) -> None:
            told.append(event.price)

    result = plan(Arrays(), observers=[Watch()], simulation={"slippage": {"bps": 0}}).run(write=False)
    assert result.engine == "loop"
    assert result.bounds is not None
    assert told == [100.0, 95.0]


def test_finer_data_narrows_the_bounds_from_both_sides(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    file = tmp_path / "brackets.yaml"
    file.write_text(
        "instruments: [BTCUSDT]\nbar: 1h\naccount: {funding: zero}\nsizer: {use: fixed_fraction, fraction: 0.5}\n"
        "strategy: {use: momentum, span: 72, stop_loss: 0.006, take_profit: 0.008}\n"
        f"source: {{use: files, folder: {real_data}, bars: '{{instrument}}_perp_{{bar}}_*.parquet', "
        "start: 2022-02-01, end: 2023-02-01}\n"
    )
    hours, quarters = (
        fw.load(file, overrides={"simulation.finer": finer}).run(write=False).bounds for finer in (None, "15m")
    )
    assert hours is not None
    assert quarters is not None
    assert 0 < quarters.pessimistic.ambiguous_bars < hours.pessimistic.ambiguous_bars
    in_order = (hours.pessimistic, quarters.pessimistic, quarters.optimistic, hours.optimistic)
    returns = [bound.total_return for bound in in_order]
    assert returns == sorted(set(returns))


def test_a_written_run_works_its_bounds_out_at_once_and_tells_of_it(plan: Callable[..., fw.Plan]) -> None:
    told: list[tuple[str, float]] = []
    result = plan(Arrays(), report=[]).run(progress=lambda what, share: told.append((what, share)))
    assert result.folder is not None
    assert json.loads((result.folder / "result.json").read_text())["bounds"]["shown"] == "pessimistic"
    assert told == [("backtest", 1.0), ("if optimistic", 1.0)]


def test_a_run_s_folder_holds_both_bounds_and_the_same_bytes_each_time(tmp_path: Path, made_up: Any) -> None:
    import fw.plan

    market = made_up.market_of(ONE_BAR)
    files = []
    for name in ("one", "two"):
        result = fw.plan.backtest(market, Arrays(), report=[], account={"funding": "zero"})
        files.append((result.report(tmp_path / name) / "result.json").read_bytes())
    assert files[0] == files[1]
    said = json.loads(files[0])["bounds"]
    assert said["shown"] == "pessimistic"
    assert said["pessimistic"]["profit"] < 0.0 < said["optimistic"]["profit"]
    assert set(said["optimistic"]) == {
        "final_equity",
        "profit",
        "total_return",
        "max_drawdown",
        "trades",
        "ambiguous_bars",
    }
    calm = fw.plan.backtest(made_up.market_of([FLAT] * 4), Arrays(), report=[], account={"funding": "zero"})
    folder = calm.report(tmp_path / "calm")
    assert json.loads((folder / "result.json").read_text())["bounds"] is None
