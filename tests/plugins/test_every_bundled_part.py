"""Every bundled part passes the suite of its kind; the registry finds them, so that none is left out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fw.testing
from fw.domain.time import parse_time
from fw.plugins import load
from fw.registry import BUNDLED, Offer
from fw.testing.fakes import FakeRun
from fw_binance.environment import Hosts

REGISTRY = load(environ={}).registry
SETTINGS: dict[tuple[str, str], dict[str, Any]] = {
    ("strategy", "threshold"): {"column": "any", "above": 0.1},
    ("features", "expression"): {"expr": "(a - b@4h) / c"},
}
"""Of parts that do not stand by their defaults alone."""
SUITES: dict[str, Callable[[Any], None]] = {
    "strategy": fw.testing.check_strategy,
    "features": lambda spec: fw.testing.check_features(spec, bars=40),
    "sizer": fw.testing.check_sizer,
    "risk": fw.testing.check_risk_check,
    "broker": fw.testing.check_broker,
    "metric": fw.testing.check_metric,
    "reporter": fw.testing.check_reporter,
}
OFFERS = [(kind, offer) for kind in SUITES for offer in REGISTRY.offers(kind) if offer.distribution == BUNDLED]
WANT = fw.Want(
    instruments=("BTCUSDT", "ETHUSDT"),
    bar=fw.BarSize.parse("1h"),
    start=parse_time("2024-01-10"),
    end=parse_time("2024-01-20"),
    warmup=50,
)


@pytest.mark.parametrize(("kind", "offer"), OFFERS, ids=[f"{kind}-{offer.name}" for kind, offer in OFFERS])
def test_a_bundled_part_passes_the_suite_of_its_kind(kind: str, offer: Offer) -> None:
    SUITES[kind](offer.spec(**SETTINGS.get((kind, offer.name), {})))


def test_a_made_up_market_and_files_of_it_pass_the_suite_of_sources(tmp_path: Path) -> None:
    offers = {offer.name: offer for offer in REGISTRY.offers("source")}
    fw.testing.check_source(offers["synthetic"].spec(), WANT)
    market = offers["synthetic"].spec().build(FakeRun()).history(WANT)
    for name in market.instruments:
        market.of(name).bars.to_pandas().reset_index().to_parquet(tmp_path / f"{name}.parquet")
    fw.testing.check_source(offers["files"].spec(bars=f"{tmp_path}/{{instrument}}.parquet"), WANT)
    assert set(offers) == {"synthetic", "files", "binance"}, "put the new source through its suite here"


def test_the_exchange_passes_the_suite_of_sources(
    make_venue: Callable[..., Any], venue_kit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = {offer.name: offer for offer in REGISTRY.offers("source")}
    venue = make_venue(venue_kit.market(WANT.instruments, 24 * 20, bar="1h"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))  # the workspace of the suite's run
    fw.testing.check_source(offers["binance"].spec(environment=Hosts(**venue.hosts), download=True), WANT)
