"""Parts to read settings for, and short ways to read a text and to see what was wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

import fw
from fw.domain.time import BarSize, Duration, Length
from fw.registry import Offer, Registry
from fw.settings.read import read_strategy
from fw.settings.scalars import Time
from fw.settings.strategy import StrategyFile


@attrs.frozen
class Files:
    """Bars from files."""

    bars: Path | Mapping[str, Path] = fw.setting(help="where the bars are")
    columns: Mapping[str, str] = fw.setting(factory=dict, help="names of columns")


@attrs.frozen
class Synthetic:
    """Bars that were made up."""

    bars: int = fw.setting(1000, ge=1, help="how many")


@attrs.frozen
class Returns:
    """Log returns."""

    spans: tuple[int, ...] = fw.setting((1, 5), ge=1, le=10_000, help="bars each looks back")


@attrs.frozen
class Volatility:
    """Deviation of returns."""

    span: int = fw.setting(20, ge=2, help="bars")


@attrs.frozen
class Crossing:
    """Long while the fast average is above the slow one."""

    fast: int = fw.setting(20, ge=1, help="bars of the fast average")
    slow: int = fw.setting(100, ge=2, help="bars of the slow average")
    stop: float | None = fw.setting(None, gt=0, lt=1, help="stop loss, share of the price")

    def __attrs_post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be below slow ({self.slow})")

    def decide(self, view: Any) -> float:
        return 1.0


@attrs.frozen
class Curve:
    """A settings class within another."""

    knots: tuple[float, ...] = fw.setting((), help="places")
    smooth: bool = fw.setting(True, help="whether it is smooth")


@attrs.frozen
class Everything:
    """One setting of every type."""

    text: str = "hello"
    flag: bool = False
    whole: int = fw.setting(0, ge=-1000, le=1000)
    number: float = fw.setting(1.0, ge=-1e12, le=1e12)
    path: Path = Path("here")
    duration: Duration = fw.setting(Duration.parse("1h"))
    size: BarSize = fw.setting(BarSize.parse("1m"))
    length: Length = fw.setting(Length(bars=1))
    moment: Time = 0
    choice: Literal["left", "right"] = "left"
    level: Literal[1, 2] = 1
    either: int | str | None = None
    pair: tuple[int, float] = (1, 2.0)
    table: Mapping[str, int] = attrs.field(factory=dict)
    curve: Curve = attrs.field(factory=Curve)
    curves: tuple[Curve, ...] = ()


@attrs.frozen
class Fraction:
    """A share of equity."""

    fraction: float = fw.setting(1.0, gt=0, help="exposure at strength 1")


@attrs.frozen
class Limit:
    """A limit of exposure."""

    limit: float = fw.setting(help="largest exposure")


@attrs.frozen
class Network:
    """A model."""

    context: int = fw.setting(60, ge=1)
    horizon: Length = fw.setting(Length(bars=1))
    hidden: int = fw.setting(16, ge=1)


@attrs.frozen
class Nothing:
    """A part without settings."""


@attrs.frozen
class Venue:
    """A real venue."""

    environment: Literal["live", "testnet"] = "live"


@attrs.frozen
class Clashing:
    """Its author did not know what the program reads."""

    name: str = "x"


@attrs.frozen
class Exploding:
    """Its constructor is broken."""

    size: int = 1

    def __attrs_post_init__(self) -> None:
        raise KeyError("oops")


PARTS: dict[str, dict[str, type]] = {
    "source": {"files": Files, "synthetic": Synthetic, "binance": Venue},
    "features": {"returns": Returns, "volatility": Volatility},
    "model": {"network": Network},
    "strategy": {"sma_cross": Crossing, "everything": Everything, "clashing": Clashing, "exploding": Exploding},
    "sizer": {"fixed_fraction": Fraction, "kelly": Fraction},
    "risk": {"max_exposure": Limit, "quiet": Nothing},
    "broker": {"backtest": Nothing, "paper": Nothing, "binance": Venue},
    "metric": {"bars": Nothing},
    "reporter": {"summary": Nothing, "html": Nothing},
    "observer": {"counter": Nothing},
}

BASE = """\
instruments: [BTCUSDT]
bar: 1h
source: synthetic
strategy: sma_cross
"""


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Offers of one plugin for every kind of part, and `kelly` offered by two."""
    offers = [
        Offer(kind, name, spec, "parts", "fw-parts", "1.0") for kind, d in PARTS.items() for name, spec in d.items()
    ]
    return Registry([*offers, Offer("sizer", "kelly", Fraction, "others", "fw-others", "2.0")])


@pytest.fixture(scope="session")
def read(registry: Registry) -> Callable[..., StrategyFile]:
    """Read a text; `base=True` puts the shortest valid file before it."""

    def read(text: str = "", *, base: bool = True, **options: Any) -> StrategyFile:
        return read_strategy((BASE if base else "") + text + "\n", registry, **options)

    return read


@pytest.fixture(scope="session")
def faults(read: Callable[..., StrategyFile]) -> Callable[..., list[str]]:
    """What is wrong with a text, a line a problem; `<text>` is left out."""

    def faults(text: str = "", **options: Any) -> list[str]:
        with pytest.raises(fw.SettingsError) as caught:
            read(text, **options)
        return [str(problem).removeprefix("<text>").lstrip(": ") for problem in caught.value.problems]

    return faults


@pytest.fixture(scope="session")
def everything(read: Callable[..., StrategyFile]) -> Callable[[str, str], Any]:
    """The value of one setting of `Everything` read from its text."""

    def value(name: str, text: str) -> Any:
        whole = f"instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy:\n  use: everything\n  {name}: {text}\n"
        return getattr(read(whole, base=False).strategy.spec, name)

    return value
