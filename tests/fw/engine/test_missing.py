"""A feature set whose data the source lacks is an error that says what to do, or left out where the file says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.testing.markets import trend

SETTINGS = {"account": {"funding": "zero"}}
RATIOS = "long_short.accounts"


@attrs.define(eq=False)
class Needy:
    """A set of one column, `x`, that needs what it is told."""

    needs: tuple[str, ...]
    name: str = "x"
    lookback: int = 1

    def compute(self, market: fw.Market) -> fw.Frame:
        return fw.Frame.of({self.name: market.bars.close.copy()})


@attrs.frozen
class Asking:
    """Asks for a column at every bar."""

    column: str = "x"

    def decide(self, view: fw.View) -> float:
        return float(view.features[self.column][-1] > 0)


@attrs.frozen
class AskingAtOnce(Asking):
    """Asks for a column in arrays."""

    def decide_all(self, history: fw.History) -> fw.SignalArrays:
        return fw.SignalArrays(strength=np.sign(history.features[self.column]))


@pytest.fixture
def plan(make_plan: Callable[..., Any]) -> Callable[..., Any]:
    """Features over a market without ratios, deals or what else makes it whole; ETHUSDT has ratios."""

    def make(*features: Any, strategy: Any = None) -> Any:
        whole = trend(("BTCUSDT", "ETHUSDT"), bars=60)
        btc, eth = (whole.series[name] for name in whole.series)
        bare = attrs.evolve(btc, stamps={}, bars=attrs.evolve(btc.bars, extra={}))
        market = attrs.evolve(whole, series={"BTCUSDT": bare, "ETHUSDT": eth})
        return make_plan(market, strategy or Asking(), features=list(features), **SETTINGS)

    return make


@pytest.mark.parametrize("need", ["long_short", "book.bid_5", "bars.trades", "sentiment"])
def test_what_the_source_lacks_is_named_with_the_ways_out(plan: Callable[..., Any], need: str) -> None:
    words = (
        rf"feature set 'needy' needs {need} of BTCUSDT, which source .* does not have for this run; name one that "
        "has it, take the set out, or say `missing: skip` in features.needy to run without it"
    )
    for door in ("run", "features", "check"):
        with pytest.raises(fw.DataError, match=words):
            getattr(plan(Needy(("bars", need))), door)()


def test_a_set_that_may_be_missing_is_left_out_and_the_run_says_so(plan: Callable[..., Any]) -> None:
    made = plan(
        {"use": Needy(("bars", "long_short")), "name": "crowd", "missing": "skip"},
        {"use": Needy(("bars",)), "name": "price"},
    )
    note = "features.crowd is left out: source 'given_market' does not have long_short of BTCUSDT for this run"
    assert list(made.features()["BTCUSDT"]) == ["time", "x"]
    assert made.left_out() == (note,)
    assert note in made.run(write=False).notes
    assert (True, "features", note) in [(one.ok, one.title, one.text) for one in made.check()]


def test_a_set_is_there_when_its_own_instrument_has_the_data(plan: Callable[..., Any]) -> None:
    for missing in ("error", "skip"):
        made = plan({"use": Needy(("bars", RATIOS)), "on": "ETHUSDT", "missing": missing})
        assert list(made.features()["BTCUSDT"]) == ["time", "ETHUSDT:x"]
        assert made.left_out() == ()


@pytest.mark.parametrize(("strategy", "engine"), [(Asking(), "loop"), (AskingAtOnce(), "scan")])
def test_a_strategy_that_asks_for_a_column_left_out_is_told_why_it_is_not_there(
    plan: Callable[..., Any], strategy: Any, engine: str
) -> None:
    made = plan({"use": Needy(("book",)), "name": "deep", "missing": "skip"}, "returns", strategy=strategy)
    with pytest.raises(fw.PluginError) as caught:
        made.run(write=False, engine=engine)
    assert "there is no feature 'x'; this run computes: " in str(caught.value)
    assert "features.deep is left out: source 'given_market' does not have book of BTCUSDT" in str(caught.value)


def test_a_composed_column_follows_what_it_is_made_of(plan: Callable[..., Any]) -> None:
    crowd = {"use": Needy((RATIOS,)), "name": "crowd", "missing": "skip"}
    composed = {"use": "expression", "name": "twice", "expr": "2 * x"}
    further = {"use": "expression", "name": "more", "expr": "twice + 1", "missing": "skip"}
    with pytest.raises(fw.SettingsError, match=r"reads the column 'x'.*features\.crowd is left out"):
        plan(crowd, composed).features()
    made = plan(crowd, {**composed, "missing": "skip"}, further, "returns")
    assert not {"x", "twice", "more"} & set(made.features()["BTCUSDT"])
    assert made.left_out()[1:] == (
        "features.twice is left out: it reads 'x', which no feature set gives",
        "features.more is left out: it reads 'twice', which no feature set gives",
    )


def test_a_misspelt_column_is_no_missing_data(plan: Callable[..., Any]) -> None:
    composed = {"use": "expression", "name": "twice", "expr": "2 * y", "missing": "skip"}
    with pytest.raises(fw.SettingsError, match="reads the column 'y'"):
        plan(Needy(("bars",)), composed).features()


def test_a_plan_that_needs_more_than_was_read_reads_again(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(
        "name: p\ninstruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic, bars: 200}\nfeatures: [returns]\n"
        "strategy: buy_and_hold\n"
    )
    first = fw.load("plan.yaml")
    assert first.market().stamps == {}
    second = first.with_settings("features=[open_interest]")
    assert set(second.market().stamps) == {"open_interest"}
    assert second.fingerprint() != first.fingerprint()
    assert "oi_change_24" in second.features()["BTCUSDT"]
