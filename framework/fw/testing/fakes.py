"""Stand-ins for a run and its views, so that a part can be tried without an engine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import attrs
import numpy as np

from fw.domain.bars import Bars, resample
from fw.domain.decision import Signal
from fw.domain.frame import read_only
from fw.domain.instrument import Instrument
from fw.domain.market import Market
from fw.domain.stamps import Stamps
from fw.domain.time import BarSize
from fw.errors import SettingsError
from fw.log import Secret
from fw.parts.strategy import DEFAULT_LOOKBACK
from fw.settings.strategy import Account, Simulation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.parts.features import FeatureSet

    Floats = NDArray[np.float64]
    Columns = Mapping[str, Mapping[str, Floats]]  # by instrument, then by column name

START_UP = 5
"""Bars for which a made-up column is NaN."""


@attrs.frozen
class FakeClock:
    now: int = 0


@attrs.frozen
class LogLine:
    """One thing a part told the log."""

    level: str
    event: str
    values: Mapping[str, Any]


@attrs.frozen
class FakeLog:
    """Keeps what a part tells `run.log`: `run.log.info("filled", lots=3)`."""

    lines: list[LogLine] = attrs.field(factory=list)

    def debug(self, event: str, **values: Any) -> None:
        self.lines.append(LogLine("debug", event, values))

    def info(self, event: str, **values: Any) -> None:
        self.lines.append(LogLine("info", event, values))

    def warning(self, event: str, **values: Any) -> None:
        self.lines.append(LogLine("warning", event, values))

    def error(self, event: str, **values: Any) -> None:
        self.lines.append(LogLine("error", event, values))


@attrs.define
class FakeRun:
    """A run of one hour bars over whatever instruments; mutable as its random generator is."""

    name: str = "fake"
    bar: BarSize = attrs.field(factory=lambda: BarSize.parse("1h"))
    instruments: Mapping[str, Instrument] = attrs.field(
        factory=lambda: {
            name: Instrument(symbol=name, tick=0.1, lot=0.001, min_notional=5.0) for name in ("BTCUSDT", "ETHUSDT")
        }
    )
    period: tuple[int, int] = (1_704_067_200 * 10**9, 1_735_689_600 * 10**9)
    clock: FakeClock = attrs.field(factory=FakeClock)
    random: np.random.Generator = attrs.field(factory=lambda: np.random.default_rng(0))
    log: FakeLog = attrs.field(factory=FakeLog)
    workspace: Path = attrs.field(factory=lambda: Path(tempfile.gettempdir()))
    settings: Any = attrs.field(factory=lambda: SimpleNamespace(account=Account(), simulation=Simulation(), path=None))
    secrets: Mapping[str, str] = attrs.field(factory=dict)

    def secret(self, name: str) -> Secret:
        if name not in self.secrets:
            raise SettingsError(f"no plugin knows the secret {name!r}")
        return Secret(self.secrets[name])


@attrs.frozen(kw_only=True)
class FakePosition:
    """A holding; see `fw.parts.view.PositionView`."""

    lots: int = 0
    quantity: float = 0.0
    entry_price: float = 0.0
    unrealised: float = 0.0
    exposure: float = 0.0


@attrs.frozen(kw_only=True)
class FakeAccount:
    """An account; see `fw.parts.view.AccountView`."""

    equity: float = 10_000.0
    wallet: float = 10_000.0
    peak: float = 10_000.0
    drawdown: float = 0.0
    exposure: float = 0.0


class MadeUpColumns(Mapping[str, "NDArray[np.float64]"]):
    """Any column one asks for: a random walk that depends on its name, NaN for the first few bars."""

    def __init__(self, instrument: str, bars: int) -> None:
        self._instrument = instrument
        self._bars = bars

    def __getitem__(self, name: str) -> Floats:
        random = np.random.default_rng((crc32(name.encode()), crc32(self._instrument.encode())))
        walk: Floats = np.cumsum(random.normal(size=self._bars))
        walk[:START_UP] = np.nan
        return walk

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def columns_of(market: Market, features: Sequence[FeatureSet] | None) -> Columns:
    """What feature sets compute for each instrument; without any, a made-up column for every name asked."""
    if features is None:
        return {name: MadeUpColumns(name, len(market.of(name).bars)) for name in market.instruments}
    return {
        name: {column: values for part in features for column, values in part.compute(market.of(name)).items()}
        for name in market.instruments
    }


@attrs.frozen(eq=False)
class SeenBars:
    """The last `lookback` of some closed bars; see `fw.parts.view.BarsView`."""

    bars: Bars

    def __len__(self) -> int:
        return len(self.bars)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bars, name)

    @property
    def last(self) -> float:
        return float(self.bars.close[-1])


class _UpTo(Mapping[str, "NDArray[np.float64]"]):
    """Columns as far as they are known."""

    def __init__(self, columns: Mapping[str, Floats], bars: int) -> None:
        self._columns = columns
        self._bars = bars

    def __getitem__(self, name: str) -> Floats:
        known: Floats = read_only(self._columns[name][: self._bars])
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


@attrs.frozen(eq=False, kw_only=True)
class FakeView:
    """A view on a market at the close of the bar `row` (all instruments have the same bars).

    `features` and `forecasts` are whole columns by instrument and name and are cut at the row; `positions` and
    `signals` are by instrument, flat and none where left out. `view.of(...)` focuses another instrument.
    """

    market: Market
    row: int
    features_by: Columns = attrs.field(factory=dict)
    forecasts_by: Columns = attrs.field(factory=dict)
    positions: Mapping[str, FakePosition] = attrs.field(factory=dict)
    account: FakeAccount = attrs.field(factory=FakeAccount)
    signals: Mapping[str, Signal] = attrs.field(factory=dict)
    changed: frozenset[str] = frozenset()
    lookback: int = DEFAULT_LOOKBACK

    @property
    def instrument(self) -> str:
        return self.market.focus

    @property
    def instruments(self) -> tuple[str, ...]:
        return self.market.instruments

    @property
    def time(self) -> int:
        return int(self.market.bars.open_time[self.row]) + self.market.bars.size.ns

    @property
    def bars(self) -> SeenBars:
        return SeenBars(self.market.bars.rows(slice(max(0, self.row + 1 - self.lookback), self.row + 1)))

    @property
    def features(self) -> Mapping[str, Floats]:
        return _UpTo(self.features_by.get(self.instrument, {}), self.row + 1)

    @property
    def forecasts(self) -> Mapping[str, Floats]:
        return _UpTo(self.forecasts_by.get(self.instrument, {}), self.row + 1)

    @property
    def funding(self) -> Stamps:
        funding = self.market.funding
        return Stamps(np.empty(0), np.empty(0)) if funding is None else funding.known(self.time)

    @property
    def position(self) -> FakePosition:
        return self.positions.get(self.instrument, FakePosition())

    @property
    def signal(self) -> Signal | None:
        return self.signals.get(self.instrument)

    def of(self, instrument: str) -> FakeView:
        return attrs.evolve(self, market=self.market.of(instrument))

    def at(self, size: str) -> SeenBars:
        known = resample(self.market.bars.rows(slice(0, self.row + 1)), BarSize.parse(size))
        return SeenBars(known.rows(slice(max(0, len(known) - self.lookback), None)))


@attrs.frozen(eq=False, kw_only=True)
class StackedBars:
    """Bars of all instruments, each float64[instrument, bar]."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


@attrs.frozen(eq=False)
class FakeHistory:
    """The first `bars` bars of a market at once, for array forms; all instruments have the same bars."""

    market: Market
    bars_known: int
    features_by: Columns = attrs.field(factory=dict)
    forecasts_by: Columns = attrs.field(factory=dict)
    first: int = 0

    @property
    def instruments(self) -> tuple[str, ...]:
        return self.market.instruments

    @property
    def close_time(self) -> NDArray[np.int64]:
        return self.market.bars.close_time[: self.bars_known]

    @property
    def bars(self) -> StackedBars:
        return _stacked([self.market.of(name).bars.rows(slice(0, self.bars_known)) for name in self.instruments])

    @property
    def features(self) -> Mapping[str, Floats]:
        return _StackedColumns(self.features_by, self.bars_known)

    @property
    def forecasts(self) -> Mapping[str, Floats]:
        return _StackedColumns(self.forecasts_by, self.bars_known)

    def at(self, size: str) -> StackedBars:
        """The newest closed larger bar at each clock bar; NaN before the first."""
        clock = self.close_time
        stacked = []
        for name in self.instruments:
            larger = resample(self.market.of(name).bars.rows(slice(0, self.bars_known)), BarSize.parse(size))
            newest = np.searchsorted(larger.close_time, clock, side="right") - 1
            columns: dict[str, Any] = {
                field: np.where(newest >= 0, np.append(getattr(larger, field), np.nan)[newest], np.nan)
                for field in ("open", "high", "low", "close", "volume")
            }
            stacked.append(Bars(size=larger.size, open_time=clock - larger.size.ns, **columns))
        return _stacked(stacked)


class _StackedColumns(Mapping[str, "NDArray[np.float64]"]):
    """One array [instrument, bar] a column."""

    def __init__(self, columns: Columns, bars: int) -> None:
        self._columns = columns
        self._bars = bars

    def __getitem__(self, name: str) -> Floats:
        stacked: Floats = read_only(np.array([columns[name][: self._bars] for columns in self._columns.values()]))
        if not self._columns:
            raise KeyError(name)
        return stacked

    def __iter__(self) -> Iterator[str]:
        return iter(next(iter(self._columns.values()), ()))

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))


def _stacked(bars: Sequence[Bars]) -> StackedBars:
    return StackedBars(
        **{
            field: read_only(np.stack([getattr(each, field) for each in bars]))
            for field in ("open", "high", "low", "close", "volume")
        }
    )
