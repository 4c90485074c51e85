"""Prices of one exchange and orders to another are refused when the file is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import fw
from fw.registry import Offer, Registry
from fw.settings.read import read_strategy
from fw_binance.environment import Setting


@attrs.frozen
class Feed:
    """Prices of an exchange."""

    environment: Setting = fw.setting("live")

    def history(self, want: fw.Want) -> fw.Market:
        raise NotImplementedError


@attrs.frozen
class Desk:
    """Orders to an exchange."""

    environment: Setting = fw.setting("live")

    def submit(self, order: fw.Order) -> None:
        raise NotImplementedError


@attrs.frozen
class Plain:
    """A part without an environment."""

    def submit(self, order: fw.Order) -> None:
        raise NotImplementedError

    def decide(self, view: fw.View) -> None:
        return None


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Any]:
    offers = [("source", "feed", Feed), ("broker", "desk", Desk), ("broker", "plain", Plain)]
    offers += [("strategy", "still", Plain), ("sizer", "fixed_fraction", Plain), ("reporter", "summary", Plain)]
    registry = Registry([Offer(kind, name, spec, "test", "test", "1") for kind, name, spec in offers])

    def read(text: str) -> Any:
        file = tmp_path / "s.yaml"
        file.write_text(f"instruments: [BTCUSDT]\nbar: 1h\nstrategy: still\n{text}", encoding="utf-8")
        return read_strategy(file, registry)

    return read


HOSTS = "{rest: http://127.0.0.1:8080, ws: ws://127.0.0.1:8080}"


@pytest.mark.parametrize(
    "text",
    [
        "source: {use: feed, environment: testnet}\nbroker: {use: desk, environment: live}",
        "source: {use: feed, environment: testnet}\nbroker: desk",
        "source: feed\nbroker: {use: desk, environment: testnet}",
        f"source: feed\nbroker: {{use: desk, environment: {HOSTS}}}",
        f"source: {{use: feed, environment: {HOSTS}}}\nbroker: desk",
    ],
)
def test_source_and_broker_of_different_environments_are_refused(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(fw.SettingsError, match=r"s\.yaml:5:\d+: broker.environment: .*of one exchange") as caught:
        read(text)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "text",
    [
        "source: feed\nbroker: desk",
        "source: {use: feed, environment: testnet}\nbroker: {use: desk, environment: testnet}",
        f"source: {{use: feed, environment: {HOSTS}}}\nbroker: {{use: desk, environment: {HOSTS}}}",
        "source: {use: feed, environment: testnet}\nbroker: plain",
    ],
)
def test_one_environment_or_a_broker_without_any_is_fine(read: Callable[[str], Any], text: str) -> None:
    assert read(text).source.use == "feed"
