"""No clean column raises an alarm, and each one raises it as soon as it is read a bar too early."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fw
from fw.engine.leaks import FUTURE, PAST, Leak
from fw.testing import feature_contract


def beside(name: str) -> Any:
    """A corpus of this folder, as a module."""
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


clean, planted = beside("clean"), beside("planted")

NO_MORE_THAN_ROUNDING = (
    "a forward return hidden in the last digits",
    "a running total that remembers rounding",
)


def reported(column: Any, market: fw.Market) -> list[Leak]:
    return feature_contract(column, market)


def test_the_clean_corpus_is_large_and_most_of_it_exact() -> None:
    assert len(clean.CORPUS) >= 100
    assert sum(column.tolerance == 0.0 for column in clean.CORPUS.values()) >= 100


@pytest.mark.parametrize("name", clean.CORPUS)
def test_a_clean_column_raises_no_alarm(name: str, market: fw.Market) -> None:
    column = clean.CORPUS[name]
    assert reported(column, market) == []
    values = column.compute(market)["clean"][column.lookback - 1 :]
    assert np.isfinite(values).all(), "it says nothing, of which nothing can be wrong"


@pytest.mark.parametrize("name", clean.CORPUS)
def test_the_same_column_read_a_bar_too_early_is_caught(name: str, market: fw.Market) -> None:
    column = clean.CORPUS[name]

    class Early:
        needs, lookback, tolerance = column.needs, column.lookback, column.tolerance

        def compute(self, market: fw.Market) -> fw.Frame:
            values = column.compute(market)["clean"]
            # the last bar has none after it: its own stands there, so that no hole gives it away
            return fw.Frame.of({"early": np.append(values[1:], values[-1:])})

    (leak,) = reported(Early(), market)
    assert leak.reason == FUTURE


def test_a_column_whose_author_counts_a_bar_too_few_is_caught(market: fw.Market) -> None:
    short = clean.Clean(clean.CORPUS["the highest high"].of, 19)
    (leak,) = reported(short, market)
    assert leak.reason == PAST


@pytest.mark.parametrize("name", [name for name in planted.CORPUS if name not in NO_MORE_THAN_ROUNDING])
def test_no_tolerance_of_rounding_hides_a_planted_leak(name: str, market: fw.Market) -> None:
    leaky = planted.CORPUS[name]
    assert reported(clean.Clean(leaky.of, leaky.lookback, clean.ROUNDING, leaky.needs), market)
