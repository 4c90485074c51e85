"""The conformance suites pass parts that keep their contract and tell a broken one what it broke."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

import fw
from fw.domain.event import Filled
from fw.testing import (
    check_broker,
    check_metric,
    check_model,
    check_observer,
    check_reporter,
    check_risk_check,
    check_sizer,
    check_source,
    check_strategy,
)
from fw.testing.markets import trend


@attrs.frozen
class Rising:
    """Long when the last close rose, short when it fell."""

    lookback: int = 2

    def decide(self, view):
        close = view.bars.close
        if len(close) < 2 or close[-1] == close[-2]:
            return None
        return 1.0 if close[-1] > close[-2] else -1.0

    def decide_all(self, history):
        close = history.bars.close
        out = np.full(close.shape, np.nan)
        out[:, 1:] = np.sign(np.diff(close, axis=1))
        out[out == 0.0] = np.nan
        return out


def test_a_strategy_with_two_equal_forms_passes():
    check_strategy(Rising())


def test_a_strategy_for_all_instruments_at_once_passes():
    class Pair:
        def decide_together(self, view):
            return {"BTCUSDT": 0.5, "ETHUSDT": fw.Signal(-0.5)}

    check_strategy(Pair())


def wrong_strategies():
    class Nan:
        def decide(self, view):
            return math.nan

    class Word:
        def decide(self, view):
            return "buy"

    class TooMuch:
        def decide(self, view):
            return 2.0

    class Nothing:
        pass

    class Stranger:
        def decide_together(self, view):
            return {"DOGEUSDT": 1.0}

    class OtherForm(Rising):
        def decide_all(self, history):
            return -super().decide_all(history)

    class Peeking(Rising):
        def decide(self, view):
            return None

        def decide_all(self, history):
            close = history.bars.close
            return np.where(close.shape[1] == 180, np.nan, np.ones(close.shape))

    class Remembering(Rising):
        def decide(self, view):
            return 1.0 if view.signal is None else None

        def decide_all(self, history):
            out = np.full(history.bars.close.shape, np.nan)
            out[:, 0] = 1.0
            return out

    class Flat(Rising):
        def decide_all(self, history):
            return super().decide_all(history)[0]

    class Dice:
        seen: list = []  # noqa: RUF012

        def decide(self, view):
            self.seen.append(1)
            return 1.0 if len(self.seen) % 7 else -1.0

    return [
        (Nan, "never NaN"),
        (Word, "decide returns a strength"),
        (TooMuch, "from -1 to 1, not 2.0"),
        (Nothing, "decides nothing"),
        (Stranger, "DOGEUSDT, which is not in the run"),
        (OtherForm, "decide and decide_all differ at bar 30"),
        (Peeking, "reads the future"),
        (Remembering, r"remember nothing of the warm-up"),
        (Flat, r"\[instrument, bar\]"),
        (Dice, "decided differently the second time"),
    ]


@pytest.mark.parametrize(("strategy", "message"), wrong_strategies(), ids=lambda x: getattr(x, "__name__", ""))
def test_a_broken_strategy_is_told_what_is_wrong(strategy, message):
    with pytest.raises(AssertionError, match=message):
        check_strategy(strategy())


@attrs.frozen
class Half:
    def size(self, signals, view):
        return {name: fw.Target(exposure=signal.strength * 0.5, signal=signal) for name, signal in signals.items()}


def test_a_sizer_passes():
    check_sizer(Half())


def wrong_sizers():
    class Forgetful(Half):
        def size(self, signals, view):
            return {name: fw.Target(exposure=signal.strength) for name, signal in signals.items()}

    class Silent(Half):
        def size(self, signals, view):
            return {}

    class Contrary(Half):
        def size(self, signals, view):
            return {n: fw.Target(exposure=-signal.strength, signal=signal) for n, signal in signals.items()}

    class Greedy(Half):
        def size(self, signals, view):
            sizes = [1.0, 0.5]
            return {
                name: fw.Target(exposure=signal.strength * sizes[rank], signal=signal)
                for rank, (name, signal) in enumerate(signals.items())
            }

    class OtherTerms(Half):
        def terms(self, terms):
            return attrs.evolve(terms, fraction=0.6)

    class Both(OtherTerms):
        def size_all(self, history):
            return np.full(history.bars.close.shape, 0.5)

    return [
        (Forgetful, "lost the signal"),
        (Silent, "a sizer answers every signal"),
        (Contrary, "a size has its signal's sign"),
        (Greedy, "signals come in another order"),
        (OtherTerms, "both must give the same bits"),
        (Both, "keep one"),
    ]


@pytest.mark.parametrize(("sizer", "message"), wrong_sizers(), ids=lambda x: getattr(x, "__name__", ""))
def test_a_broken_sizer_is_told_what_is_wrong(sizer, message):
    with pytest.raises(AssertionError, match=message):
        check_sizer(sizer())


@attrs.frozen
class Anything:
    def review(self, targets, view):
        return dict(targets)


def test_a_risk_check_passes():
    check_risk_check(Anything())


def wrong_checks():
    class Locking(Anything):
        def review(self, targets, view):
            return {name: fw.Veto("no trading") for name in targets}

    class Growing(Anything):
        def review(self, targets, view):
            return {name: target.scaled(1.5) for name, target in targets.items()}

    class Partial(Anything):
        def review(self, targets, view):
            return {}

    class FirstComes(Anything):
        def review(self, targets, view):
            return {
                name: target if rank == 0 or target.size == 0 else target.scaled(0.5)
                for rank, (name, target) in enumerate(targets.items())
            }

    class Both(Anything):
        def terms(self, terms):
            return terms

    @attrs.frozen
    class Loosening:
        def terms(self, terms):
            return attrs.evolve(terms, exposure_limit=5.0)

    @attrs.frozen
    class Meddling:
        def terms(self, terms):
            return attrs.evolve(terms, taker=0.0001)

    return [
        (Locking, "would lock a loss in"),
        (Growing, "would lock a loss in|never enlarges"),
        (Partial, "a check answers every target"),
        (FirstComes, "would lock a loss in|another order"),
        (Both, "keep one"),
        (Loosening, "loosens a limit"),
        (Meddling, "changes what is not a limit"),
    ]


@pytest.mark.parametrize(("check", "message"), wrong_checks(), ids=lambda x: getattr(x, "__name__", ""))
def test_a_broken_risk_check_is_told_what_is_wrong(check, message):
    with pytest.raises(AssertionError, match=message):
        check_risk_check(check())


@attrs.frozen
class Memory:
    market: object

    def history(self, want):
        missing = set(want.instruments) - set(self.market.instruments)
        if missing:
            raise fw.DataError(f"no {missing}; there is {', '.join(self.market.instruments)}")
        start = None if want.start is None else want.start - want.warmup * want.bar.ns
        return self.market.between(start, want.end)


def test_a_source_passes():
    market = trend(bars=300)
    times = market.bars.open_time
    want = fw.Want(instruments=("BTCUSDT",), bar=market.bars.size, start=int(times[50]), end=int(times[200]), warmup=20)
    check_source(Memory(market), want)


def test_a_source_that_ignores_the_end_is_told_so():
    market = trend(bars=300)

    class Endless(Memory):
        def history(self, want):
            return super().history(attrs.evolve(want, end=None))

    want = fw.Want(instruments=("BTCUSDT",), bar=market.bars.size, end=int(market.bars.open_time[200]))
    with pytest.raises(AssertionError, match="the end is exclusive"):
        check_source(Endless(market), want)


def test_a_source_that_fails_its_own_way_for_an_unknown_instrument_is_told_so():
    market = trend(bars=30)

    class Rude(Memory):
        def history(self, want):
            return fw.Market(series={want.instruments[0]: self.market.series[want.instruments[0]]}, focus="BTCUSDT")

    with pytest.raises(AssertionError, match="raised KeyError for an instrument it does not have"):
        check_source(Rude(market), fw.Want(instruments=("BTCUSDT",), bar=market.bars.size))


@attrs.frozen
class Mean:
    """Forecasts the mean return it saw in training."""

    context: int = 4
    horizon: int = 2
    mean: float = 0.0

    def fit(self, train, valid):
        return attrs.evolve(self, mean=float(train.future_returns[:, -1].mean()))

    def predict(self, windows):
        return fw.Forecasts(origin=windows.origin, columns={"mean_2": np.full(len(windows), self.mean)})

    def save(self, folder):
        (folder / "mean").write_text(repr(self.mean))

    def load(self, folder):
        return attrs.evolve(self, mean=float((folder / "mean").read_text()))


def test_a_model_passes():
    check_model(Mean())


def test_a_model_that_forgets_on_the_disk_is_told_so():
    class Forgetting(Mean):
        def load(self, folder):
            return self

    with pytest.raises(AssertionError, match="after save and load"):
        check_model(Forgetting())


def test_a_model_whose_windows_see_each_other_is_told_so():
    class Crowd(Mean):
        def predict(self, windows):
            return fw.Forecasts(origin=windows.origin, columns={"mean_2": windows.past[:, -1, 0] - windows.past.mean()})

    with pytest.raises(AssertionError, match="alone and in a batch"):
        check_model(Crowd())


@attrs.frozen
class Best:
    """The largest profit of one trade."""

    unit: str = "money"

    def measure(self, result):
        profit = result.trades["profit"]
        return float(profit.max()) if len(profit) else fw.Unmeasured("no trades")


def test_a_metric_passes():
    check_metric(Best())


def test_a_metric_that_gives_nan_is_told_so():
    class Average(Best):
        """The mean profit of a trade."""

        def measure(self, result):
            profit = result.trades["profit"]
            return float(profit.sum() / np.float64(len(profit))) if len(profit) else math.nan

    with pytest.raises(AssertionError, match=r"return fw\.Unmeasured with the reason"):
        check_metric(Average())


@attrs.frozen
class Line:
    def report(self, result, folder):
        text = f"{result.name}: {result.equity['equity'][-1]:.2f}"
        if folder is not None:
            (folder / "line.txt").write_text(text)
        return text


def test_a_reporter_passes():
    check_reporter(Line())


def test_a_reporter_that_writes_elsewhere_is_told_so():
    class Stray(Line):
        def report(self, result, folder):
            if folder is not None:
                (folder.parent / "stray.txt").write_text("here")

    with pytest.raises(AssertionError, match=r"wrote stray\.txt beside"):
        check_reporter(Stray())


def test_observers_pass_or_are_told():
    @attrs.define
    class Count:
        kinds: tuple = (Filled,)
        seen: int = 0

        def notice(self, event):
            self.seen += 1

    count = Count()
    check_observer(count)
    assert count.seen == 1
    with pytest.raises(AssertionError, match="kinds holds event classes"):
        check_observer(Count(kinds=("fills",)))


def test_brokers_pass_or_are_told():
    class Dry:
        real_money = False

        def open(self, inbox): ...
        def submit(self, order): ...
        def amend(self, order_id, *, lots, price): ...
        def cancel(self, order_id): ...
        def account(self):
            return fw.AccountReport(time=0, wallet=0.0, equity=0.0, positions={})

        def close(self): ...

    class Mute(Dry):
        cancel = None

    check_broker(Dry())
    with pytest.raises(AssertionError, match="no method cancel"):
        check_broker(Mute())
