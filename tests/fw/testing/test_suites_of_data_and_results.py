"""The suites of sources, models, brokers and what looks at results pass a sound part, and tell a broken one why."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

import fw
from fw.domain.event import Filled
from fw.testing import check_broker, check_metric, check_model, check_observer, check_reporter, check_source
from fw.testing.markets import trend


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


def test_a_simulated_broker_that_keeps_fills_to_itself_or_repeats_them_is_told_so():
    from fw.ledger import LedgerBroker

    class Silent(LedgerBroker):
        def advance(self, bar):
            self.simulation.advance(bar + 1)

    class Loud:
        """An inbox that hands everything over twice."""

        def __init__(self, inbox):
            self.inbox, self.kinds, self.wants = inbox, inbox.kinds, inbox.wants

        def put(self, event):
            self.inbox.put(event)
            self.inbox.put(event)

    class Echo(LedgerBroker):
        def open(self, inbox):
            super().open(Loud(inbox))

    def spec_of(broker):
        return attrs.frozen(type("Spec", (), {"build": lambda self, run: broker()}))()

    check_broker(spec_of(LedgerBroker))
    for broken in (Silent, Echo):
        with pytest.raises(AssertionError, match="tells each once"):
            check_broker(spec_of(broken))
