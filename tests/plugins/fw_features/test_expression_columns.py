"""Columns composed in the file: of columns before them, in both engines, with one clear sentence for every mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fw
from fw.testing.markets import trend

SETS: list[Any] = [{"use": "sma", "spans": [5, 20]}, "atr", {"use": "sma", "spans": [5], "name": "slow", "bar": "4h"}]


def plan_of(*expressions: dict[str, Any], column: str = "trend", **settings: Any) -> fw.Result:
    features = [*SETS, *({"use": "expression", **said} for said in expressions)]
    strategy = {"use": "threshold", "column": column, "above": 0.1}
    return fw.backtest(trend(("BTCUSDT", "ETHUSDT"), bars=400), strategy, features=features, **settings)


def test_it_is_worked_out_of_columns_before_it_and_may_be_read_by_the_next(tmp_path: Any) -> None:
    result = plan_of(
        {"name": "spread", "expr": "(sma_5 - sma_20) / max(atr_14, 0.1)"},
        {"name": "trend", "expr": "spread - (sma_5@4h > sma_5)"},
    )
    assert result.engine == "scan"
    assert result.fills.rows >= 1


def test_the_column_is_the_arithmetic(tmp_path: Any) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic, start: 2024-01-01, end: 2024-02-01}\n"
        "features: [{use: sma, spans: [5, 20]}, atr, "
        "{use: expression, name: trend, expr: (sma_5 - sma_20) / atr_14}]\n"
        "strategy: {use: threshold, column: trend, above: 0}\n"
    )
    columns = fw.load(file).features()["BTCUSDT"]
    expected = (columns["sma_5"] - columns["sma_20"]) / columns["atr_14"]
    np.testing.assert_array_equal(columns["trend"], expected)
    assert all(finding.ok for finding in fw.load(file).check())


@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        (
            {"name": "trend", "expr": "sma_5 - sma_21"},
            fw.SettingsError,
            "reads the column 'sma_21' (did you mean 'sma_20'?)",
        ),
        ({"name": "trend", "expr": "root(sma_5)"}, fw.SettingsError, "does not know the function 'root'"),
        ({"name": "trend", "expr": "sma_5.real"}, fw.SettingsError, "not 'sma_5.real'"),
        ({"name": "sma_5", "expr": "sma_20 - atr_14"}, fw.SettingsError, "there is a column of this name"),
        ({"name": "trend", "expr": "sma_5", "bar": "4h"}, fw.SettingsError, "give `bar` and `on` to those"),
        (
            {"name": "trend", "expr": "1 / (sma_5 - sma_5)"},
            fw.DataError,
            "has no number for BTCUSDT at 2024-",
        ),
    ],
)
def test_a_mistake_is_one_sentence(said: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as told:
        plan_of(said)
    assert message in str(told.value)
    assert "\n" not in str(told.value)
