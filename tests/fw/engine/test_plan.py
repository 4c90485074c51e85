"""The Python door: which engine runs, what is asked of the source, and what a plan shares with its changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest

import fw

FLAT = (100.0, 100.0, 100.0, 100.0)
HOUR = 3_600_000_000_000
Make = Callable[..., fw.Plan]


@attrs.frozen
class Arrays:
    """A strategy with both forms."""

    def decide(self, view: fw.View) -> float:
        return 1.0

    def decide_all(self, history: fw.History) -> Any:
        return np.ones_like(history.bars.close)


@attrs.frozen
class Plain:
    def decide(self, view: fw.View) -> float:
        return 1.0


@attrs.frozen
class PlainSizer:
    def size(self, signals: Any, view: fw.View) -> Any:
        return {name: fw.Target(lots=1, signal=signal) for name, signal in signals.items()}


@attrs.frozen
class PlainCheck:
    def review(self, targets: Any, view: fw.View) -> Any:
        return targets


@attrs.frozen
class Watch:
    kinds: tuple[type, ...] = ()

    def notice(self, event: Any) -> None:
        raise AssertionError


@pytest.fixture
def plan(make_plan: Make, made_up: Any) -> Callable[..., fw.Plan]:
    def make(strategy: Any, **settings: Any) -> fw.Plan:
        return make_plan(made_up.market_of([FLAT] * 10), strategy, account={"funding": "zero"}, **settings)

    return make


@pytest.mark.parametrize(
    ("strategy", "settings", "engine", "reason"),
    [
        (Arrays(), {}, "scan", "every part has an array form"),
        (Arrays(), {"risk": ["max_exposure", "drawdown_stop"]}, "scan", "every part has an array form"),
        (Plain(), {}, "loop", "strategy 'plain' decides bar by bar (it has no decide_all)"),
        (Arrays(), {"sizer": PlainSizer()}, "loop", "sizer 'plain_sizer' sizes bar by bar"),
        (Arrays(), {"risk": [PlainCheck()]}, "loop", "risk check 'plain_check' reviews bar by bar"),
        (Arrays(), {"observers": [Watch()]}, "loop", "observer 'watch' watches events"),
    ],
)
def test_the_engine_is_chosen_and_says_why(
    plan: Callable[..., fw.Plan], strategy: Any, settings: Any, engine: str, reason: str
) -> None:
    made = plan(strategy, **settings)
    result = made.run(write=False)
    assert result.engine == engine
    assert reason in result.engine_reason
    assert made.run(write=False, engine="loop").engine == "loop"
    if engine == "loop":
        with pytest.raises(fw.SettingsError, match="the scan cannot run this"):
            made.run(write=False, engine="scan")


def test_an_engine_that_was_asked_for_says_so(plan: Callable[..., fw.Plan]) -> None:
    assert plan(Arrays()).run(write=False, engine="loop").engine_reason == "it was asked for"


@attrs.define(eq=False)
class Asked:
    """A source that notes what it was asked for."""

    market: fw.Market
    wants: list[Any] = attrs.field(factory=list)

    def history(self, want: fw.Want) -> fw.Market:
        self.wants.append(want)
        return self.market


def test_a_source_is_asked_once_for_what_is_needed_and_for_warm_up(make_plan: Make, made_up: Any) -> None:
    source = Asked(made_up.market_of([(100.0 + i,) * 4 for i in range(40)]))

    @attrs.frozen
    class Looks:
        lookback = 8

        def decide(self, view: fw.View) -> None:
            return None

    plan = make_plan(
        source.market,
        Looks(),
        source={"use": source, "start": "1970-01-01T20:00Z", "end": "1970-01-02T12:00Z"},
        features=[{"use": "sma", "spans": [3, 12]}],
        account={"funding": "zero"},
    )
    result = plan.run(write=False)
    plan.run(write=False)
    (want,) = source.wants
    assert (want.start, want.end, str(want.bar)) == (20 * HOUR, 36 * HOUR, "1h")
    assert want.warmup == 12
    assert "bars" in want.needs
    assert result.equity.rows == 16
    assert int(result.equity["time"][0]) == 21 * HOUR
    assert len(plan.market().bars) == 16 + 12


def test_a_source_that_gives_no_market_is_named(make_plan: Make, made_up: Any) -> None:
    plan = make_plan(made_up.market_of([FLAT] * 3), Plain(), source=Asked(None))  # type: ignore[arg-type]
    with pytest.raises(fw.PluginError, match=r"source 'asked' returned NoneType, not a fw\.Market"):
        plan.run(write=False)


def test_changed_settings_share_the_market_where_they_may(make_plan: Make, made_up: Any) -> None:
    source = Asked(made_up.market_of([FLAT] * 10))
    plan = make_plan(source.market, Plain(), source=source, account={"funding": "zero"})
    plan.market()
    other = plan.with_settings("account.leverage=3", "sizer.fraction=2")
    assert other.run(write=False).settings["account"]["leverage"] == 3
    assert len(source.wants) == 1
    assert plan.settings.account.leverage == 1
    deeper = other.with_settings("account.capital=77")
    assert (deeper.settings.account.leverage, deeper.settings.account.capital) == (3, 77)


def test_the_fingerprint_is_that_of_the_data(make_plan: Make, made_up: Any) -> None:
    one, again = (make_plan(made_up.market_of([FLAT] * 10), Plain(), account={"funding": "zero"}) for _ in range(2))
    other = make_plan(
        made_up.market_of([FLAT] * 9 + [(100.0, 100.1, 100.0, 100.0)]), Plain(), account={"funding": "zero"}
    )
    assert one.fingerprint() == again.fingerprint() == one.with_settings("account.leverage=3").fingerprint()
    assert one.fingerprint() != other.fingerprint()


def test_a_run_that_a_plugin_refuses_says_who_and_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path / "home"))
    (tmp_path / "no.py").write_text(
        "import fw\n@fw.hookimpl\ndef fw_run_starting(run):\n    raise fw.RunRefused('not on a Sunday')\n"
    )
    (tmp_path / "run.yaml").write_text(
        "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic, bars: 50}\n"
        "strategy: buy_and_hold\nplugins: [./no.py]\nreport: []\n"
    )
    plan = fw.load(tmp_path / "run.yaml")
    with pytest.raises(fw.RunRefused, match="not on a Sunday"):
        plan.run()
    (folder,) = (tmp_path / "home" / "runs").iterdir()
    assert '"status": "failed"' in (folder / "manifest.json").read_text()


def test_training_without_models_says_there_is_nothing_to_train(plan: Callable[..., fw.Plan]) -> None:
    with pytest.raises(fw.SettingsError, match="nothing to train"):
        plan(Plain()).train()


def test_progress_is_told_as_a_share(plan: Callable[..., fw.Plan]) -> None:
    told: list[tuple[str, float]] = []
    plan(Arrays()).run(write=False, progress=lambda what, share: told.append((what, share)))
    assert told[-1] == ("backtest", 1.0)
    assert all(0.0 <= share <= 1.0 for _, share in told)


def test_overrides_may_be_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "strategy.yaml"
    file.write_text(
        "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic, start: 2023-01-01, end: 2023-02-01}\n"
        "strategy: {use: sma_cross, fast: 5, slow: 20}\n"
    )
    plan = fw.load(file, overrides={"strategy.fast": 7, "report": [], "risk": [], "rebalance": None})
    assert (plan.settings.strategy.spec.fast, plan.settings.report) == (7, ())


def test_data_at_hand_may_have_its_gaps_filled_and_its_range_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    index = pd.date_range("2024-01-01", periods=50, freq="1h", tz="UTC").delete([20, 21])
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 100.0), index=index)
    with pytest.raises(fw.Gap):
        fw.backtest(frame, "buy_and_hold")
    source = {"gaps": "flat", "start": "2024-01-01T10:00Z"}
    result = fw.backtest(frame, "buy_and_hold", source=source, account={"capital": 5000})
    assert (result.equity.rows, result.capital) == (40, 5000.0)
    with pytest.raises(fw.SettingsError, match="the data is at hand"):
        fw.backtest(frame, "buy_and_hold", source={"use": "files"})


def test_a_run_without_any_fill_is_written_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    (tmp_path / "grid.py").write_text(
        "import attrs, fw\n@attrs.frozen\nclass Grid:\n    'Places what never fills.'\n"
        "    def decide(self, view):\n"
        "        return fw.Cancel(), fw.Place(0.01, 'limit', round(view.bars.last * 0.5, 1), tag='deep')\n"
        "@fw.hookimpl\ndef fw_strategies():\n    return {'grid': Grid}\n"
    )
    file = tmp_path / "grid.yaml"
    file.write_text(
        "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic, start: 2023-01-01, end: 2023-01-03}\n"
        "strategy: grid\nplugins: [./grid.py]\n"
    )
    result = fw.load(file).run()
    assert result.fills.rows == 0
    assert result.orders.rows == 48


def test_a_strategy_that_decides_nothing_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path))

    class Silent:
        def decide(self, view: fw.View) -> None:
            return None

    frame = pd.DataFrame(
        dict.fromkeys(("open", "high", "low", "close"), 100.0),
        index=pd.date_range("2024-01-01", periods=30, freq="1h", tz="UTC"),
    )
    assert "the strategy decided nothing in 30 bars" in fw.backtest(frame, Silent()).notes
