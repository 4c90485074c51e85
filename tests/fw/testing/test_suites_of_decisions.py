"""The suites of strategies, sizers and risk checks pass what keeps its contract, and tell a broken one why."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

import fw
from fw.testing import check_risk_check, check_sizer, check_strategy


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
