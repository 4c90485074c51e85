"""The made-up markets are proper markets, repeat by seed, and show the trait they are named for."""

from __future__ import annotations

import numpy as np
import pytest

from fw.testing.markets import MARKETS, flash_crash, funding_spike, gap, range_bound, trend


@pytest.mark.parametrize("bar", ["1m", "1h", "1d", "1w"])
@pytest.mark.parametrize("name", MARKETS)
def test_made_up_bars_are_on_the_grid_enclose_their_prices_and_stand_on_ticks(name, bar):
    market = MARKETS[name](("BTCUSDT", "ETHUSDT"), bars=200, bar=bar)
    for instrument in market.instruments:
        bars = market.of(instrument).bars
        assert (bars.size.floor(bars.open_time) == bars.open_time).all()
        assert (np.diff(bars.open_time) > 0).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.low > 0).all()
        np.testing.assert_allclose(bars.close / 0.1, np.round(bars.close / 0.1), rtol=1e-12)


@pytest.mark.parametrize("name", MARKETS)
def test_the_same_seed_gives_the_same_market_and_another_seed_another(name):
    first, again, other = MARKETS[name](seed=1), MARKETS[name](seed=1), MARKETS[name](seed=2)
    assert np.array_equal(first.bars.close, again.bars.close)
    assert not np.array_equal(first.bars.close, other.bars.close)


def test_instruments_move_together_but_not_alike():
    market = trend(("BTCUSDT", "ETHUSDT"), bars=2000, rise=0.0)
    changes = [np.diff(np.log(market.of(name).bars.close)) for name in market.instruments]
    assert 0.2 < np.corrcoef(changes)[0, 1] < 0.8


def test_a_trend_ends_higher_by_its_rise():
    close = trend(rise=1.0, noise=1e-6).bars.close
    assert close[-1] / close[0] == pytest.approx(2.0, rel=1e-3)


def test_a_range_stays_within_its_width():
    close = range_bound(width=0.05, noise=1e-6).bars.close
    assert 1.09 < close.max() / close.min() < 1.12


def test_a_gap_leaves_bars_out_and_moves_the_price_over_them():
    market = gap(bars=100, missing=30, jump=-0.1, noise=1e-6)
    steps = np.diff(market.bars.open_time) // market.bars.size.ns
    assert sorted(set(steps.tolist())) == [1, 31]
    at = int(np.argmax(steps))
    assert market.bars.close[at + 1] / market.bars.close[at] == pytest.approx(0.9, rel=1e-3)


def test_a_flash_crash_falls_by_its_depth_and_takes_most_of_it_back():
    close = flash_crash(depth=0.4, noise=1e-6).bars.close
    assert close.min() / close[0] == pytest.approx(0.6, rel=1e-3)
    assert close[-1] / close[0] == pytest.approx(0.6**0.1, rel=1e-3)


def test_funding_spikes_for_three_settlements():
    assert int((funding_spike(rate=0.0075).funding.value == 0.0075).sum()) == 3
