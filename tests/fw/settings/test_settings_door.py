"""Plain Python data is read by the file's rules; a part may be given as an object."""

# ruff: noqa: E501  a message stands in one line

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest

import fw
from fw.domain.time import BarSize
from fw.settings.read import strategy_from


@attrs.frozen
class Own:
    """A strategy that no plugin offers."""

    span: int = fw.setting(3, ge=1)

    def decide(self, view: Any) -> float:
        return 1.0


class Plain:
    """A strategy that is no settings class."""

    def __init__(self) -> None:
        self.span, self._cache = 5, object()

    def decide(self, view: Any) -> float:
        return 1.0


@pytest.fixture
def parts(registry):
    """The settings classes offered, by name."""
    return {offer.name: offer.spec for offer in registry.offers()}


def settings(**changes: Any) -> dict[str, Any]:
    return {"instruments": ["BTCUSDT"], "bar": "1h", "source": "synthetic", "strategy": "sma_cross"} | changes


def test_plain_data_is_read_as_the_file_is(registry, read):
    assert strategy_from(settings(), registry) == read()


def test_a_read_file_is_read_again_from_its_own_data(registry, read):
    text = "features: [{use: returns, name: r, bar: 4h}]\nmodels: {m: {use: network, train: {every: 5, window: 30d}}}"
    file = read(text, overrides=["source.start=2024-01-01T08:30:15.5Z", "sizer=parts:kelly"])
    again = strategy_from(file.raw, registry)
    assert again == file
    assert again.raw == file.raw


def test_python_values_are_read_by_the_type_wanted(registry):
    file = strategy_from(
        settings(
            bar=BarSize.parse("4h"),
            seed=np.int64(3),
            account={"capital": np.float32(1e4), "leverage": 2},
            instruments=("BTCUSDT", "eth/usdt:usdt"),
            source={
                "use": "synthetic",
                "start": datetime(2024, 1, 1, tzinfo=UTC),
                "end": pd.Timestamp("2024-02-01", tz="UTC"),
            },
            rebalance=None,
        ),
        registry,
    )
    assert (file.bar, file.seed, file.account.capital) == (BarSize.parse("4h"), 3, 10_000.0)
    assert file.instruments == ("BTCUSDT", "ETHUSDT")
    assert (file.source.start, file.source.end) == (1_704_067_200_000_000_000, 1_706_745_600_000_000_000)


def test_a_settings_object_stands_in_place_of_a_part(registry, parts):
    spec = parts["sma_cross"](fast=7)
    file = strategy_from(settings(strategy=spec, risk=[parts["max_exposure"](limit=2)]), registry)
    assert file.strategy.spec is spec
    assert (file.strategy.use, file.strategy.provenance.plugin) == ("sma_cross", "parts")
    assert (file.risk[0].name, file.risk[0].spec.limit) == ("max_exposure", 2)
    assert file.raw["strategy"] == {"use": "sma_cross", "fast": 7, "slow": 100, "stop": None}
    assert file == strategy_from(file.raw, registry)


def test_what_the_program_reads_stands_beside_the_object(registry, parts):
    feature = {"use": parts["returns"](spans=(3,)), "name": "three", "bar": "4h"}
    model = {"use": parts["network"](), "features": ["three"]}
    file = strategy_from(settings(features=[feature], models={"m": model}), registry)
    assert (file.features[0].name, str(file.features[0].bar), file.features[0].spec.spans) == ("three", "4h", (3,))
    assert file.models["m"].features == ("three",)


@pytest.mark.parametrize("strategy", [Own(span=4), Plain()])
def test_any_object_that_decides_is_a_strategy(registry, strategy):
    entry = strategy_from(settings(strategy=strategy), registry).strategy
    assert entry.spec is strategy
    assert entry.provenance.plugin == "python"
    assert entry.use == f"python:{__name__}.{type(strategy).__name__}"
    assert entry.name == type(strategy).__name__.lower()


def test_the_data_of_an_object_names_its_class_and_public_values(registry):
    assert strategy_from(settings(strategy=Plain()), registry).raw["strategy"] == {
        "use": f"python:{__name__}.Plain",
        "span": 5,
    }
    assert strategy_from(settings(strategy=Own()), registry).raw["strategy"] == {
        "use": f"python:{__name__}.Own",
        "span": 3,
    }


def test_paths_count_from_the_folder_given(registry, tmp_path):
    data = settings(source={"use": "files", "bars": {"BTCUSDT": "btc.csv", "ETHUSDT": Path("/x/eth.csv")}})
    assert strategy_from(data, registry, folder=tmp_path).source.spec.bars["BTCUSDT"] == tmp_path / "btc.csv"
    here = strategy_from(data, registry)
    assert here.source.spec.bars == {"BTCUSDT": Path("btc.csv"), "ETHUSDT": Path("/x/eth.csv")}


def test_overrides_are_written_over_the_data(registry):
    assert strategy_from(settings(), registry, overrides=["strategy.fast=4"]).strategy.spec.fast == 4


def mistake(registry, **changes: Any) -> str:
    with pytest.raises(fw.SettingsError) as caught:
        strategy_from(settings(**changes), registry, file="fw.backtest")
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sede": 1}, "fw.backtest: sede: unknown setting. Did you mean 'seed'?"),
        ({"seed": "1"}, "fw.backtest: seed: wants a whole number, not the text '1': remove the quotes"),
        ({"seed": True}, "fw.backtest: seed: wants a whole number, not 'true'"),
        ({"seed": 1.5}, "fw.backtest: seed: wants a whole number, not '1.5'"),
        ({"seed": 10**40}, "fw.backtest: seed: wants a whole number, not 'a number of more than 30 digits'"),
        ({"seed": None}, "fw.backtest: seed: is empty: it wants a whole number"),
        ({"account": {"capital": float("nan")}}, "fw.backtest: account.capital: wants a finite number, not 'nan'"),
        ({"account": {"capital": float("inf")}}, "fw.backtest: account.capital: wants a finite number, not 'inf'"),
        ({"account": {"capital": -1}}, "fw.backtest: account.capital: must be more than 0, not -1"),
        ({"account": {1: 2}}, "fw.backtest: account: the name of a setting must be text, not 1"),
        ({"account": {"password": "x" * 9}}, "fw.backtest: account.password: a secret must never stand in settings"),
        ({"instruments": "BTCUSDT"}, "fw.backtest: instruments: wants a list of symbols, not the text 'BTCUSDT': write [BTCUSDT]"),
        ({"instruments": {"BTCUSDT"}}, "fw.backtest: instruments: wants a list of symbols, not a set"),
        ({"strategy": Own}, "fw.backtest: strategy: wants an object, not the class: write Own(…)"),
        ({"strategy": 5j}, "fw.backtest: strategy: wants a strategy: its name, its settings or an object with decide() or "
         "decide_together() or decide_all(), not a complex"),
        ({"strategy": {"use": Own(), "span": 4}}, "fw.backtest: strategy.span: the part was given as an object: set this on it"),
        ({"source": {"use": "synthetic", "start": datetime(2024, 1, 1, 8)}}, "fw.backtest: source.start: the clock time "
         "'2024-01-01T08:00:00' needs a zone: end it with Z for UTC, or with +02:00"),
        ({"bar": object()}, "fw.backtest: bar: wants a bar size, not an object"),
    ],
)  # fmt: skip
def test_mistakes_are_told_as_in_a_file(registry, changes, message):
    assert mistake(registry, **changes).startswith(message)


def test_data_that_holds_itself_is_given_up(registry):
    loop: dict[str, Any] = {}
    loop["account"] = loop
    assert "nested deeper than 32 levels" in mistake(registry, account=loop)
    bomb: list[Any] = ["x"]
    for _ in range(25):
        bomb = [bomb, bomb]
    assert "more than 20000 values" in mistake(registry, features=bomb)


def test_data_that_is_no_mapping_is_refused(registry):
    with pytest.raises(fw.SettingsError, match="settings: wants settings by name"):
        strategy_from([1], registry)  # type: ignore[arg-type]


def test_reading_settings_loads_nothing_heavy():
    import subprocess

    code = "import sys, fw.settings.read, fw.settings.schema; print([m for m in ('numpy','numba','pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
