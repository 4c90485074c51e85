"""Downloads from a practice exchange, at once instead of in the exchange's minutes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

import fw
from fw.domain.time import parse_time
from fw_binance.archive import Archive
from fw_binance.client import Client
from fw_binance.download import Asked, Outcome, download
from fw_binance.environment import Environment, Hosts, environment_of
from fw_binance.limits import Limiter, Pace
from fw_binance.store import Store


@attrs.define
class Minutes:
    """Time that passes only when somebody sleeps; mutable as time is."""

    time: float = 1_700_000_000.0
    slept: list[float] = attrs.field(factory=list)

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@attrs.define(kw_only=True)
class Fetcher:
    """Downloads into a store of its own; mutable in what it remembers of the pauses it made."""

    root: Path
    patience: float = 300.0
    timeout: float = 5.0
    minutes: Minutes = attrs.field(factory=Minutes)
    shown: list[tuple[str, int, int]] = attrs.field(factory=list)

    def limiter(self, host: str) -> Limiter:
        return Limiter(host, Pace(now=self.minutes.now, sleep=self.minutes.sleep, patience=self.patience))

    def environment(self, venue: Any) -> Environment:
        return environment_of(Hosts(**venue.hosts))

    def store(self, venue: Any) -> Store:
        return Store(self.root, self.environment(venue).venue)

    def __call__(
        self,
        venue: Any,
        *symbols: str,
        kinds: str = "klines",
        bars: str = "1m",
        start: str | None = None,
        end: str | None = None,
    ) -> Outcome:
        asked = Asked(
            symbols=symbols or ("BTCUSDT",),
            kinds=tuple(kinds.split()),
            bars=tuple(fw.BarSize.parse(bar) for bar in bars.split()),
            start=None if start is None else parse_time(start),
            end=None if end is None else parse_time(end),
        )
        environment = self.environment(venue)
        return download(
            environment,
            self.store(venue),
            asked,
            shown=lambda *told: self.shown.append(told),
            client=Client(environment, limiter=self.limiter(environment.rest), timeout=self.timeout),
            archive=Archive(environment, limiter=self.limiter(environment.archive), timeout=self.timeout),
        )

    def files(self, venue: Any) -> dict[str, str]:
        """Every file of data, by its hash."""
        folder = self.root / self.environment(venue).venue
        return {
            str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*.parquet"))
        }


@pytest.fixture
def make_fetcher(tmp_path: Path) -> Callable[..., Fetcher]:
    """Makes one that writes into a folder of its own."""
    made: list[Fetcher] = []

    def make(**settings: Any) -> Fetcher:
        made.append(Fetcher(root=tmp_path / f"data-{len(made)}", **settings))
        return made[-1]

    return make


@pytest.fixture
def fetch(make_fetcher: Callable[..., Fetcher]) -> Fetcher:
    """`fetch(venue, "BTCUSDT", kinds="klines mark", bars="1m", start="2024-01-01")`."""
    return make_fetcher()


@pytest.fixture(scope="module")
def fetch_once(tmp_path_factory: pytest.TempPathFactory) -> Fetcher:
    """One for all tests of a module."""
    return Fetcher(root=tmp_path_factory.mktemp("data"))
