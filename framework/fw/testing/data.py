"""What every source, feature set and model must keep to, as plain functions to call from pytest."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import Bars
from fw.domain.forecast import Forecasts, Windows
from fw.domain.market import Market
from fw.domain.stamps import KINDS, Stamps
from fw.domain.time import HOUR, BarSize, format_time, parse_time
from fw.engine.leaks import feature_contract
from fw.errors import DataError
from fw.parts.features import DerivedColumn
from fw.parts.source import Want
from fw.parts.spec import build
from fw.registry import nearest
from fw.testing.fakes import FakeRun
from fw.testing.markets import MARKETS, with_kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray


KINDS_OF_DATA = ("bars", "funding", "mark", *KINDS)
"""What the made-up markets have."""


def check_features(spec: Any, *, bars: int = 200, tolerance: float | None = None) -> None:
    """Compute a feature set over five markets: it keeps the leak contract and leaves no hole after its start-up.

    `bars` are tested beyond its `lookback`; see `feature_contract` for `tolerance`. Kinds of data that no market here
    has, which a source of yours may give, are made up as well: see `fw.testing.markets.with_kinds`.
    """
    feature_set: Any = build(spec, FakeRun())
    name = type(feature_set).__name__
    if isinstance(feature_set, DerivedColumn):
        _check_derived(feature_set, name, bars)
        return
    _check_needs(feature_set, name)
    assert isinstance(feature_set.lookback, int) and feature_set.lookback >= 1, (
        f"{name}.lookback is the number of bars that decide one row, at least 1, not {feature_set.lookback!r}"
    )
    for trait, make in MARKETS.items():
        market = with_kinds(make(("BTCUSDT", "ETHUSDT"), bars=feature_set.lookback + bars), feature_set.needs)
        for instrument in market.instruments:
            focused = market.of(instrument)
            leaks = feature_contract(feature_set, focused, tolerance=tolerance)
            assert not leaks, f"{name} breaks the leak contract on the market {trait!r}:\n" + "\n".join(map(str, leaks))
            frame = feature_set.compute(focused)
            assert len(frame) > 0, f"{name} gives no column; a feature set gives at least one"
            for column, values in frame.items():
                _check_no_hole(f"{name}: {column} on the market {trait!r}", values, feature_set.lookback)


def _check_needs(feature_set: Any, name: str) -> None:
    """Needs are kinds that there are, columns of them, or kinds of the author's own that are no slip of the pen."""
    there = next(iter(MARKETS.values()))(bars=8).series["BTCUSDT"]
    for need in feature_set.needs:
        kind = need.partition(".")[0]
        if kind in KINDS_OF_DATA:
            assert there.has(need), (
                f"{name}.needs names {need!r}, and the {kind} of this test's markets has no such column"
            )
        else:
            meant = nearest(kind, KINDS_OF_DATA)
            assert meant is None, f"{name}.needs names {need!r}; did you mean {meant!r}?"


def _check_derived(part: DerivedColumn, name: str, bars: int) -> None:
    """A derived column: each row comes of its own row alone, and is there exactly where its columns are."""
    random = np.random.default_rng(0)
    columns = {column: random.uniform(1.0, 2.0, (2, bars)) for column in part.reads}
    assert columns, f"{name}.reads names the columns that it is made of"
    for rows in columns.values():
        rows[:, :3] = np.nan
    whole = part.derive(columns)
    assert whole.shape == (2, bars), f"{name}.derive gives {whole.shape} for columns of {(2, bars)}"
    assert (np.isnan(whole) == (np.arange(bars) < 3)).all(), f"{name} is NaN exactly where its columns are"
    for row in range(bars):
        alone = part.derive({column: rows[:, row : row + 1] for column, rows in columns.items()})
        np.testing.assert_array_equal(alone[:, 0], whole[:, row], err_msg=f"{name} looks beyond its own row {row}")


def _check_no_hole(where: str, values: NDArray[np.float64], lookback: int) -> None:
    holes = np.flatnonzero(~np.isfinite(values[lookback - 1 :])) + lookback - 1
    if len(holes):
        raise AssertionError(
            f"{where} is {values[holes[0]]} in bar {holes[0]} although the {lookback} bars of its lookback are there; "
            "models and strategies would be blind, so say a longer lookback or fill the value"
        )


def check_source(spec: Any, want: Want | None = None) -> None:
    """Read what is wanted twice: the bars are in order, in range, on the grid, and the same both times.

    Without `want` it is ten days of hourly bars of BTCUSDT, January 2024, and 50 bars to warm up.
    """
    want = usual_want() if want is None else want
    source = build(spec, FakeRun(bar=want.bar))
    name = type(source).__name__
    market = source.history(want)
    assert isinstance(market, Market), f"{name}.history gives a fw.Market, not {type(market).__name__}"
    missing = set(want.instruments) - set(market.instruments)
    assert not missing, f"{name} left out {', '.join(sorted(missing))}; raise fw.DataError for what is not there"
    for instrument in want.instruments:
        data = market.of(instrument)
        _check_bars(f"{name}, {instrument}", data.bars, want)
        stamped = dict(data.stamps) if data.funding is None else {"funding": data.funding, **data.stamps}
        for kind, stamps in stamped.items():
            _check_stamps(f"{name}: {kind}", stamps)
    again = source.history(want)
    for instrument in want.instruments:
        assert _same(market.of(instrument).bars, again.of(instrument).bars), (
            f"{name} gave other bars of {instrument} when asked again; runs could not be repeated"
        )
    nobody = attrs.evolve(want, instruments=("NOBODYUSDT",))
    try:
        source.history(nobody)
    except DataError:
        pass
    except Exception as error:  # a source may raise anything; only DataError is its contract
        raise AssertionError(
            f"{name} raised {type(error).__name__} for an instrument it does not have; raise fw.DataError that says "
            "which ones there are"
        ) from error


def _check_stamps(where: str, stamps: Stamps) -> None:
    assert (np.diff(stamps.time) > 0).all(), f"{where} times ascend, without doubles"
    assert (stamps.published >= stamps.time).all(), f"{where} is published before its own time"
    assert (np.diff(stamps.published) >= 0).all(), f"{where} is published in the order of its times"


def usual_want() -> Want:
    """What a run over a few days of BTCUSDT asks of its source."""
    return Want(
        instruments=("BTCUSDT",),
        bar=BarSize.parse("1h"),
        start=parse_time("2024-01-10"),
        end=parse_time("2024-01-20"),
        warmup=50,
    )


def _check_bars(where: str, bars: Bars, want: Want) -> None:
    assert bars.size == want.bar, f"{where}: wanted bars of {want.bar}, got {bars.size}"
    assert len(bars) > 0, f"{where}: no bars; raise fw.DataError where nothing is in the asked range"
    times = bars.open_time
    assert (np.diff(times) > 0).all(), f"{where}: open times ascend, without doubles"
    off = [format_time(int(time)) for time in times[bars.size.floor(times) != times][:1]]
    assert not off, f"{where}: {off[0]} is not when a bar of {want.bar} opens"
    if want.start is not None:
        earliest = want.start - want.warmup * want.bar.ns
        assert times[0] >= earliest, (
            f"{where}: bars from before the start and its warm-up: {format_time(int(times[0]))}"
        )
    if want.end is not None:
        assert times[-1] < want.end, (
            f"{where}: the end is exclusive, but there is a bar at {format_time(int(times[-1]))}"
        )
    prices = np.stack([bars.open, bars.high, bars.low, bars.close])
    assert np.isfinite(prices).all() and (prices > 0).all(), f"{where}: prices are finite and above 0"
    assert (bars.high >= prices.max(axis=0)).all() and (bars.low <= prices.min(axis=0)).all(), (
        f"{where}: high and low enclose open and close"
    )


def _same(left: Bars, right: Bars) -> bool:
    names = ("open_time", "open", "high", "low", "close", "volume")
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


def check_model(spec: Any, *, columns: int = 3, windows: int = 64, tolerance: float = 1e-6) -> None:
    """Fit, predict, save and load on made-up windows: forecasts are finite, repeat, and survive the disk.

    A window predicted alone may differ from the same one in a batch by `tolerance`: live predicts one at a time.
    """
    model = build(spec, FakeRun())
    name = type(model).__name__
    assert model.context >= 1 and model.horizon >= 1, f"{name}: context and horizon are bars, at least 1"
    train, valid = (_windows(model.context, model.horizon, columns, windows, seed) for seed in (0, 1))
    fitted = model.fit(train, valid)
    asked = attrs.evolve(valid, future_returns=None)
    forecasts = fitted.predict(asked)
    _check_forecasts(name, forecasts, asked)
    assert _equal(fitted.predict(asked), forecasts, 0.0), f"{name} predicts differently the second time"
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(Path(folder))
        loaded = build(spec, FakeRun()).load(Path(folder))
        assert _equal(loaded.predict(asked), forecasts, 0.0), (
            f"{name} predicts differently after save and load; save everything that `predict` uses, scaling included"
        )
    for row in (0, windows - 1):
        alone = fitted.predict(attrs.evolve(asked, past=asked.past[row : row + 1], origin=asked.origin[row : row + 1]))
        batched = Forecasts(
            origin=forecasts.origin[row : row + 1],
            columns={column: values[row : row + 1] for column, values in forecasts.columns.items()},
        )
        assert _equal(alone, batched, tolerance), (
            f"{name} forecasts a window differently alone and in a batch; windows of a batch must not see each other"
        )


def _windows(context: int, horizon: int, columns: int, windows: int, seed: int) -> Windows:
    random = np.random.default_rng(seed)
    return Windows(
        columns=tuple(f"column_{k}" for k in range(columns)),
        past=random.normal(size=(windows, context, columns)),
        origin=HOUR * (500_000 + np.arange(windows)),
        future_returns=np.cumsum(random.normal(0.0, 0.01, (windows, horizon)), axis=1),
    )


def _check_forecasts(name: str, forecasts: Any, asked: Windows) -> None:
    assert isinstance(forecasts, Forecasts), f"{name}.predict gives fw.Forecasts, not {type(forecasts).__name__}"
    assert np.array_equal(forecasts.origin, asked.origin), f"{name}: forecasts keep the origins of their windows"
    assert forecasts.columns, f"{name} forecasts no column"
    for column, values in forecasts.columns.items():
        assert values.shape == (len(asked),), f"{name}: {column} has one value a window, not shape {values.shape}"
        assert np.isfinite(values).all(), f"{name}: {column} is not finite everywhere"


def _equal(left: Forecasts, right: Forecasts, tolerance: float) -> bool:
    return set(left.columns) == set(right.columns) and all(
        np.allclose(left.columns[name], values, rtol=tolerance, atol=tolerance)
        for name, values in right.columns.items()
    )
