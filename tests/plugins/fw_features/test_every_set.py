"""What holds for every bundled feature set: it says what its columns are, and they are that on any market."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import fw
from fw.testing import feature_contract
from fw.testing.markets import funding_spike, gap, trend
from fw_features.plugin import fw_features

SETS = {name: spec() for name, spec in fw_features().items() if hasattr(spec, "compute")}
"""Every bundled set as it is without settings."""
SETS["index basis"] = fw_features()["basis"](against="index")

PRICES = ("open", "high", "low", "close")
SYMBOLS = ("BTCUSDT", "ETHUSDT")


def changed(market, **columns):
    """The same market with other columns of its bars, each from a function of the bars."""

    def replaced(bars):
        return attrs.evolve(bars, **{name: make(bars) for name, make in columns.items()})

    series = {name: attrs.evolve(data, bars=replaced(data.bars)) for name, data in market.series.items()}
    return attrs.evolve(market, series=series)


def with_extras(market, seed=5):
    """The same market with what an exchange's bars have beside prices and volume."""
    random = np.random.default_rng(seed)

    def extra(bars):
        return {
            "quote_volume": bars.volume * (bars.high + bars.low) / 2,
            "trades": np.floor(bars.volume * 10),
            "taker_buy_volume": bars.volume * random.uniform(0, 1, len(bars)),
        }

    return changed(market, extra=extra)


def usual(bars):
    return with_extras(trend(SYMBOLS, bars=bars, noise=0.01, seed=3))


def flat(bars):
    def level(bars):
        return np.full(len(bars), 16538.1)

    return with_extras(changed(trend(SYMBOLS, bars=bars), **dict.fromkeys(PRICES, level)))


def without_volume(bars):
    return with_extras(changed(trend(SYMBOLS, bars=bars, seed=4), volume=lambda bars: np.zeros(len(bars))))


def dead(bars):
    """Neither prices move nor is anything traded."""
    return with_extras(changed(flat(bars), volume=lambda bars: np.zeros(len(bars))))


def spiked(bars):
    """One bar trades, up and down, a hundredfold of what its neighbours do, at a thousandfold volume."""

    def at_middle(name, factor):
        def make(bars):
            values = getattr(bars, name).copy()
            values[len(values) // 2] *= factor
            return values

        return make

    high, low, volume = at_middle("high", 100.0), at_middle("low", 0.01), at_middle("volume", 1000.0)
    return with_extras(changed(trend(SYMBOLS, bars=bars, seed=6), high=high, low=low, volume=volume))


def gapped(bars):
    return with_extras(gap(SYMBOLS, bars=bars, jump=-0.3, noise=0.01, seed=7))


def costly(bars):
    return with_extras(funding_spike(SYMBOLS, bars=bars, seed=8))


def thinned(bars):
    """A third of the bars is missing, here and there."""
    market = usual(3 * bars // 2 + 2)
    kept = np.sort(np.random.default_rng(9).permutation(len(market.bars))[:bars])
    series = {name: attrs.evolve(data, bars=data.bars.rows(kept)) for name, data in market.series.items()}
    return attrs.evolve(market, series=series)


MARKETS = {make.__name__: make for make in (usual, flat, without_volume, dead, spiked, gapped, thinned, costly)}


def rows(feature_set):
    """Bars enough to see the set restart and the market's trait long after its warm-up."""
    return feature_set.lookback + 400


@pytest.fixture(params=sorted(SETS))
def feature_set(request):
    return SETS[request.param]


def test_a_set_names_its_columns_in_order_and_says_what_they_are(feature_set):
    about = feature_set.about()
    assert [column.name for column in about] == list(feature_set.compute(usual(rows(feature_set))))
    for column in about:
        assert column.formula
        assert column.unit
        assert column.source
        assert column.low < column.high


@pytest.mark.parametrize("make", MARKETS.values(), ids=MARKETS)
def test_columns_are_numbers_after_their_start_up_and_never_leave_their_bounds(feature_set, make):
    frame = feature_set.compute(make(rows(feature_set)))
    for column in feature_set.about():
        values = frame[column.name]
        known = np.flatnonzero(~np.isnan(values))
        assert len(known), column.name
        assert known[0] < feature_set.lookback, (column.name, known[0])
        assert not np.isnan(values[known[0] :]).any(), (column.name, np.flatnonzero(np.isnan(values))[-1])
        assert np.isfinite(values[known]).all(), column.name
        assert values[known].min() >= column.low, (column.name, values[known].min())
        assert values[known].max() <= column.high, (column.name, values[known].max())


def test_columns_start_up_as_long_whatever_the_prices_do(feature_set):
    starts = {
        tuple(int(np.isnan(column).sum()) for column in feature_set.compute(make(rows(feature_set))).values())
        for make in (usual, flat, without_volume, dead, spiked)
    }
    assert len(starts) == 1, starts


def test_columns_free_of_scale_stay_when_all_prices_are_multiplied(feature_set):
    market = usual(rows(feature_set))

    def times_1000(bars):
        extra = dict(bars.extra)
        if "quote_volume" in extra:
            extra["quote_volume"] = extra["quote_volume"] * 1000.0
        return attrs.evolve(bars, **{name: getattr(bars, name) * 1000.0 for name in PRICES}, extra=extra)

    def dearer(stamps):
        """Prices of the index and of the book are prices; ratios, sizes and the premium are none."""
        priced = {kind: rows for kind, rows in stamps.items() if kind in ("index", "book")}
        return dict(stamps) | {
            kind: fw.Stamps(
                rows.time,
                {name: column * (1.0 if "size" in name else 1000.0) for name, column in rows.columns.items()},
                published=rows.published,
            )
            for kind, rows in priced.items()
        }

    series = {
        name: attrs.evolve(data, bars=times_1000(data.bars), mark=times_1000(data.mark), stamps=dearer(data.stamps))
        for name, data in market.series.items()
    }
    before, after = feature_set.compute(market), feature_set.compute(attrs.evolve(market, series=series))
    for column in feature_set.about():
        same = np.allclose(after[column.name], before[column.name], rtol=1e-9, atol=1e-9, equal_nan=True)
        assert same == column.scale_free, column.name


@pytest.mark.parametrize("make", [usual, spiked, thinned, dead], ids=lambda make: make.__name__)
def test_every_row_is_that_of_its_last_lookback_bars_bit_for_bit(feature_set, make):
    market = make(feature_set.lookback + 80)
    assert [str(leak) for leak in feature_contract(feature_set, market)] == []


@pytest.mark.parametrize("make", [usual, thinned], ids=lambda make: make.__name__)
def test_rows_of_a_long_history_are_those_of_their_windows_bit_for_bit(feature_set, make):
    """Long enough for whatever works on several stretches of a history at once."""
    market = make(4 * feature_set.lookback + 100)
    whole = feature_set.compute(market)
    for row in np.random.default_rng(2).integers(feature_set.lookback, len(market.bars), 20):
        first, known = row + 1 - feature_set.lookback, int(market.bars.close_time[row])
        window = feature_set.compute(market.known(known).between(int(market.bars.open_time[first]), None))
        for name, column in window.items():
            assert column[-1] == whole[name][row], (name, row)


@pytest.mark.parametrize("bars", [0, 1, 2, 3, 14, 50])
def test_any_number_of_bars_gives_one_row_a_bar(feature_set, bars):
    market = usual(60)
    series = {name: attrs.evolve(data, bars=data.bars.rows(slice(0, bars))) for name, data in market.series.items()}
    frame = feature_set.compute(fw.Market(series=series, focus=market.focus))
    assert {len(column) for column in frame.values()} == {bars}
    assert [column.name for column in feature_set.about()] == list(frame)
