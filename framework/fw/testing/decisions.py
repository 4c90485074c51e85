"""What every strategy, sizer and risk check must keep to, as plain functions to call from pytest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.decision import Amend, Cancel, Place, Signal, Target, Veto
from fw.parts.broker import Terms
from fw.parts.spec import build
from fw.parts.strategy import DEFAULT_LOOKBACK, SignalArrays
from fw.testing.fakes import FakeAccount, FakeHistory, FakePosition, FakeRun, FakeView, columns_of
from fw.testing.markets import MARKETS

if TYPE_CHECKING:
    from fw.domain.market import Market
    from fw.parts.features import FeatureSet
    from fw.testing.fakes import Columns

INSTRUMENTS = ("BTCUSDT", "ETHUSDT")
BARS = 150
WARM_UP = 30
"""Bars before the first decision of a strategy under test."""


def check_strategy(spec: Any, *, features: Sequence[FeatureSet] | None = None, bars: int = BARS) -> None:
    """Walk a strategy over five markets: its decisions are valid and repeat, and its array form says the same.

    `features` are the sets whose columns it reads; without them every column is made up.
    """
    strategy = build(spec, FakeRun())
    assert any(hasattr(strategy, name) for name in ("decide", "decide_together")), (
        f"{_named(strategy)} decides nothing: give it `decide(self, view)`, or `decide_together(self, view)` for all "
        "instruments at once"
    )
    for name, make in MARKETS.items():
        market = make(INSTRUMENTS, bars=bars + WARM_UP)
        columns = columns_of(market, features)
        where = f"{_named(strategy)} on the market {name!r}"
        first = _walk(strategy, market, columns, where)
        again = _walk(build(spec, FakeRun()), market, columns, where)
        assert first == again, (
            f"{where} decided differently the second time: replay and live depend on equal decisions from equal "
            "data, so keep no state between runs and take randomness from `run.random` only"
        )
        if hasattr(strategy, "decide_all"):
            _check_arrays(strategy, market, columns, first, where)


def _walk(strategy: Any, market: Market, columns: Columns, where: str) -> list[dict[str, Signal]]:
    """The signals in force after each bar, by instrument."""
    in_force: dict[str, Signal] = {}
    history = []
    lookback = getattr(strategy, "lookback", DEFAULT_LOOKBACK)
    for row in range(WARM_UP, len(market.bars)):
        view = FakeView(market=market, row=row, features_by=columns, forecasts_by=columns, lookback=lookback)
        view = attrs.evolve(view, signals=dict(in_force))
        if hasattr(strategy, "decide_together"):
            decisions = dict(strategy.decide_together(view))
            unknown = set(decisions) - set(market.instruments)
            assert not unknown, f"{where} decided for {', '.join(sorted(unknown))}, which is not in the run"
        else:
            decisions = {name: strategy.decide(view.of(name)) for name in market.instruments}
        for name, decision in decisions.items():
            signal = _valid_signal(decision, f"{where}, bar {row}, {name}")
            if signal is not None:
                in_force[name] = signal
        history.append(dict(in_force))
    return history


def _valid_signal(decision: Any, where: str) -> Signal | None:
    """The signal a decision stands for; None where it keeps or gives orders."""
    if decision is None or isinstance(decision, Signal):
        return decision
    if isinstance(decision, tuple):
        assert all(isinstance(action, Place | Amend | Cancel) for action in decision), (
            f"{where}: a tuple of orders holds fw.Place, fw.Amend and fw.Cancel only, not {decision!r}"
        )
        return None
    assert isinstance(decision, float | int) and not isinstance(decision, bool), (
        f"{where}: decide returns a strength from -1 to 1, a fw.Signal, a tuple of orders, or None to keep what is "
        f"in force; it returned {decision!r}"
    )
    assert -1.0 <= decision <= 1.0, (
        f"{where}: a strength lies from -1 to 1, not {decision!r}; to keep what is in force return None, never NaN"
    )
    return Signal(float(decision))


def _check_arrays(strategy: Any, market: Market, columns: Columns, walked: list[dict[str, Signal]], where: str) -> None:
    whole = _signals_in_force(strategy, market, columns, len(market.bars))
    for row, (expected, found) in enumerate(zip(walked, whole, strict=True), WARM_UP):
        for name in market.instruments:
            left, right = expected.get(name), found.get(name)
            assert (left and attrs.evolve(left, tag="")) == right, (
                f"{where}: decide and decide_all differ at bar {row} for {name}: {left} and {right}. Backtests may "
                "use either, so both must give the same bits: compute with the same expressions in the same order, and "
                f"remember nothing of the warm-up before history.first (here {WARM_UP})"
            )
    for bars in range(WARM_UP + 1, len(market.bars), 7):
        part = _signals_in_force(strategy, market, columns, bars)
        assert part == whole[: bars - WARM_UP], (
            f"{where}: decide_all changes its decisions of the first {bars} bars when later bars are there, so it "
            "reads the future; row [k, i] may use columns[:, : i + 1] only"
        )


def _signals_in_force(strategy: Any, market: Market, columns: Columns, bars: int) -> list[dict[str, Signal]]:
    """The array form's signals, folded as the engine does: a NaN strength keeps."""
    found = strategy.decide_all(FakeHistory(market, bars, columns, columns, WARM_UP))
    arrays = found if isinstance(found, SignalArrays) else SignalArrays(strength=found)
    for name, array in attrs.asdict(arrays, recurse=False).items():
        if array is not None:
            wanted = (len(market.instruments), bars)
            assert array.shape == wanted and array.dtype == np.float64, (
                f"decide_all gives {name} as {array.dtype}{list(array.shape)}, but it is float64{list(wanted)}: "
                "[instrument, bar]"
            )
    in_force: dict[str, Signal] = {}
    folded = []
    for row in range(WARM_UP, bars):
        for k, name in enumerate(market.instruments):
            strength = float(arrays.strength[k, row])
            if not math.isnan(strength):
                expiry = _at(arrays.expiry, k, row)
                in_force[name] = Signal(
                    strength,
                    stop_loss=_at(arrays.stop_loss, k, row),
                    take_profit=_at(arrays.take_profit, k, row),
                    trailing=_at(arrays.trailing, k, row),
                    limit=_at(arrays.limit, k, row),
                    expiry=None if expiry is None else int(expiry),
                )
        folded.append(dict(in_force))
    return folded


def _at(array: Any, k: int, row: int) -> float | None:
    value = math.nan if array is None else float(array[k, row])
    return None if math.isnan(value) else value


SIGNALS: tuple[dict[str, Signal], ...] = (
    {"BTCUSDT": Signal(1.0), "ETHUSDT": Signal(-1.0)},
    {"BTCUSDT": Signal(0.3, stop_loss=10.0), "ETHUSDT": Signal(0.0)},
    {"BTCUSDT": Signal(-0.7, take_profit=1.0)},
    {},
)


def check_sizer(spec: Any, *, features: Sequence[FeatureSet] | None = None) -> None:
    """Size several sets of signals: a target each, on its side, in any order, as the form for the scan says."""
    sizer = build(spec, FakeRun())
    name = _named(sizer)
    assert not (hasattr(sizer, "terms") and hasattr(sizer, "size_all")), (
        f"{name} has both terms and size_all; they are two ways to tell the scan the same rule, so keep one"
    )
    market = MARKETS["trend"](INSTRUMENTS, bars=BARS)
    columns = columns_of(market, features)
    history = FakeHistory(market, BARS, columns, columns)
    scales = sizer.size_all(history) if hasattr(sizer, "size_all") else None
    assert scales is None or scales.shape == (len(INSTRUMENTS), BARS), (
        f"{name}.size_all gives float64[instrument, bar], here {[len(INSTRUMENTS), BARS]}, not {list(scales.shape)}"
    )
    fraction = sizer.terms(Terms()).fraction if hasattr(sizer, "terms") else None
    for row in (0, 1, 30, BARS - 1):
        for signals in SIGNALS:
            view = FakeView(
                market=market,
                row=row,
                features_by=columns,
                forecasts_by=columns,
                signals=signals,
                changed=frozenset(signals),
            )
            targets = dict(sizer.size(signals, view))
            _check_targets(name, signals, targets)
            reversed_signals = dict(reversed(list(signals.items())))
            assert dict(sizer.size(reversed_signals, view)) == targets, (
                f"{name} sizes differently when the signals come in another order; the order of a list must not "
                "decide who gets the money"
            )
            for k, instrument in enumerate(INSTRUMENTS):
                scale = fraction if scales is None else float(scales[k, row])
                if instrument in targets and scale is not None:
                    _check_scan_form(name, signals[instrument].strength, scale, targets[instrument])


def _check_targets(name: str, signals: Mapping[str, Signal], targets: Mapping[str, Target]) -> None:
    assert set(targets) == set(signals), (
        f"{name} gave targets for {sorted(targets)} when asked for {sorted(signals)}; a sizer answers every signal, "
        "with an exposure of 0 where it wants no position"
    )
    for instrument, target in targets.items():
        signal = signals[instrument]
        assert isinstance(target, Target), f"{name} gives a fw.Target for each signal, not {target!r}"
        assert target.signal == signal, (
            f"{name} lost the signal of {instrument}: pass it on as Target(..., signal=signal), for its stop and take "
            "profit travel with it"
        )
        assert target.size * signal.strength >= 0.0 and (signal.strength != 0.0 or target.size == 0.0), (
            f"{name} made {target.size} of a strength of {signal.strength}; a size has its signal's sign, and flat is 0"
        )


def _check_scan_form(name: str, strength: float, scale: float, target: Target) -> None:
    expected = 0.0 if math.isnan(scale) else strength * scale
    assert target.exposure == expected, (
        f"{name}: size gives {target.exposure!r} where its form for the scan gives {expected!r} (strength × scale); "
        "both must give the same bits, so compute with the same expressions in the same order"
    )


HOLDINGS: tuple[Mapping[str, float], ...] = (
    {},
    {"BTCUSDT": 1.5},
    {"BTCUSDT": -0.5, "ETHUSDT": 2.5},
)
"""Exposures held, by instrument."""

WANTED: tuple[Mapping[str, Target], ...] = (
    {"BTCUSDT": Target(exposure=1.0), "ETHUSDT": Target(exposure=-1.0)},
    {"BTCUSDT": Target(exposure=9.0), "ETHUSDT": Target(exposure=-7.0)},
    {"BTCUSDT": Target(exposure=0.0), "ETHUSDT": Target(exposure=0.5)},
    {"BTCUSDT": Target(lots=-400), "ETHUSDT": Target(notional=60_000.0)},
    {"ETHUSDT": Target(lots=0)},
    {},
)


def check_risk_check(spec: Any, *, features: Sequence[FeatureSet] | None = None) -> None:
    """Review targets against holdings and losses: nothing grows, moves nearer to flat pass, order does not matter.

    A check by `terms` tightens limits, and touches nothing else.
    """
    check = build(spec, FakeRun())
    name = _named(check)
    market = MARKETS["range_bound"](INSTRUMENTS, bars=BARS)
    columns = columns_of(market, features)
    if hasattr(check, "terms"):
        assert not hasattr(check, "review"), f"{name} has both terms and review; a run uses terms alone, so keep one"
        _check_terms(name, check)
        return
    for holdings in HOLDINGS:
        for drawdown in (0.0, 0.15, 0.9):
            for targets in WANTED:
                for changed in (frozenset(targets), frozenset(list(targets)[:1])):
                    view = _holding(market, columns, holdings, drawdown, changed)
                    reviewed = dict(check.review(targets, view))
                    _check_review(name, targets, reviewed, view)
                    backwards = dict(check.review(dict(reversed(list(targets.items()))), view))
                    assert backwards == reviewed, (
                        f"{name} reviews differently when targets come in another order; the order of a list must "
                        "not decide who gets the budget"
                    )


def _check_terms(name: str, check: Any) -> None:
    for limit in (0.001, 0.5, math.inf):
        given = Terms(exposure_limit=limit, drawdown_limit=limit)
        terms = check.terms(given)
        assert terms.exposure_limit <= limit and terms.drawdown_limit <= limit, (
            f"{name}.terms loosens a limit another check has set; use min(terms.exposure_limit, ...)"
        )
        assert attrs.evolve(terms, exposure_limit=limit, drawdown_limit=limit) == given, (
            f"{name}.terms changes what is not a limit; a check may set exposure_limit and drawdown_limit only"
        )


def _holding(
    market: Market, columns: Columns, holdings: Mapping[str, float], drawdown: float, changed: frozenset[str]
) -> FakeView:
    row = BARS - 1
    equity = 10_000.0
    positions = {}
    for name, exposure in holdings.items():
        price = float(market.of(name).bars.close[row])
        lots = round(exposure * equity / price / 0.001)
        positions[name] = FakePosition(
            lots=lots, quantity=lots * 0.001, entry_price=price, exposure=lots * 0.001 * price / equity
        )
    account = FakeAccount(
        equity=equity,
        wallet=equity,
        peak=equity / (1.0 - drawdown),
        drawdown=drawdown,
        exposure=sum(abs(position.exposure) for position in positions.values()),
    )
    return FakeView(
        market=market,
        row=row,
        features_by=columns,
        forecasts_by=columns,
        positions=positions,
        account=account,
        changed=changed,
    )


def _check_review(
    name: str, targets: Mapping[str, Target], reviewed: Mapping[str, Target | Veto], view: FakeView
) -> None:
    assert set(reviewed) == set(targets), (
        f"{name} answered for {sorted(reviewed)} when asked about {sorted(targets)}; a check answers every target, "
        "with the target itself where it has nothing against it"
    )
    for instrument, target in targets.items():
        answer = reviewed[instrument]
        focused = view.of(instrument)
        held, wanted = focused.position.exposure, _exposure(target, focused)
        if abs(wanted) <= abs(held) and wanted * held >= 0.0:
            assert answer == target, (
                f"{name} answered {answer!r} to a move nearer to flat (from {held:g} to {wanted:g} × equity); such "
                "a move always passes as it is, or the check would lock a loss in"
            )
        elif isinstance(answer, Veto):
            assert answer.reason, f"{name} vetoed without a reason; the journal shows it to whoever asks why"
        else:
            assert isinstance(answer, Target), f"{name} answers with a fw.Target or a fw.Veto, not {answer!r}"
            allowed = _exposure(answer, focused)
            assert abs(allowed) <= abs(wanted) * (1 + 1e-12) and allowed * wanted >= 0.0, (
                f"{name} made {allowed:g} × equity of {wanted:g}; a check shrinks or vetoes, it never enlarges"
            )
            assert answer.signal == target.signal, f"{name} lost the signal of {instrument}; use target.scaled(...)"


def _exposure(target: Target, view: FakeView) -> float:
    if target.exposure is not None:
        return target.exposure
    if target.notional is not None:
        return target.notional / view.account.equity
    return target.size * 0.001 * view.bars.last / view.account.equity


def _named(part: Any) -> str:
    return type(part).__name__
