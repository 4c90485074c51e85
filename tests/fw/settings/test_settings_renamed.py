"""A setting that was renamed is read under its old name too, with a note, for as long as its author keeps that."""

from __future__ import annotations

from typing import Any

import attrs
import jsonschema
import pytest
import yaml

import fw
from fw.registry import Offer, Registry
from fw.settings.read import read_strategy
from fw.settings.schema import schema

BASE = "instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\n"
NOTE = "strategy.window is called strategy.span now; the next minor release knows that name only"


@attrs.frozen
class Momentum:
    """Long when the last bars rose."""

    span: int = fw.setting(ge=2, help="bars to look back", was="window")
    fast: int = fw.setting(3, ge=1)

    def decide(self, view: fw.View) -> None:
        return None


@pytest.fixture
def renamed(registry: Registry) -> Registry:
    return Registry([*registry.offers(), Offer("strategy", "momentum", Momentum, "mine", "fw-mine", "1")])


def read(registry: Registry, strategy: str, **more: Any) -> Any:
    return read_strategy(f"{BASE}strategy: {strategy}\n", registry, **more)


def test_the_old_name_sets_the_new_one_and_is_noted(renamed: Registry) -> None:
    file = read(renamed, "{use: momentum, window: 7}")
    assert file.strategy.spec == Momentum(span=7)
    assert file.notes == (NOTE,)
    assert file.raw["strategy"]["span"] == 7
    assert "window" not in file.raw["strategy"]
    assert read(renamed, "{use: momentum, span: 7}").notes == ()


def test_the_old_name_works_on_the_command_line_too(renamed: Registry) -> None:
    file = read(renamed, "{use: momentum}", overrides=["strategy.window=9"])
    assert (file.strategy.spec.span, len(file.notes)) == (9, 1)


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("{use: momentum, window: 7, span: 8}", "strategy.window: is the old name of span, which is set too"),
        ("{use: momentum, window: 1}", "strategy.window: must be at least 2, not 1"),
        ("{use: momentum}", "strategy.span: is missing"),
        ("{use: momentum, windw: 7}", "strategy.windw: unknown setting"),
    ],
)
def test_mistakes_are_told_of_the_name_that_was_written(renamed: Registry, strategy: str, words: str) -> None:
    with pytest.raises(fw.SettingsError) as caught:
        read(renamed, strategy)
    assert words in str(caught.value)


def test_the_schema_takes_the_old_name_and_says_that_it_is_going(renamed: Registry) -> None:
    drawn = schema(renamed)
    jsonschema.Draft202012Validator.check_schema(drawn)
    for strategy in ("{use: momentum, window: 7}", "{use: momentum, span: 7}"):
        assert jsonschema.Draft202012Validator(drawn).is_valid(yaml.safe_load(f"{BASE}strategy: {strategy}"))
    (arm,) = [one for one in drawn["$defs"]["strategy"]["anyOf"] if one.get("title") == "mine:momentum"]
    assert (arm["properties"]["window"]["deprecated"], arm["properties"]["window"]["minimum"]) == (True, 2)


def test_a_run_notes_it(make_plan: Any, made_up: Any) -> None:
    market = made_up.market_of([(100.0, 100.0, 100.0, 100.0)] * 5)
    plan = make_plan(market, Momentum(span=2), account={"funding": "zero"})
    plan.settings = attrs.evolve(plan.settings, notes=(NOTE,))
    assert NOTE in plan.run(write=False).notes
