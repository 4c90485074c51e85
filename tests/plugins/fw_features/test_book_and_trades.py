"""Order book and trades against plain definitions, and against a recorded book and its trades."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

import fw
from fw.testing import feature_contract
from fw.testing.markets import trend
from fw_features.book import DepthImbalance, Microprice, OrderFlow, QuotedSpread
from fw_features.trades import SignedVolume, TradeFlow

HOUR = 3_600_000_000_000
MINUTE = HOUR // 60
BARS = 90


def market(stamps, bars=BARS):
    made = trend(bars=bars, seed=21)
    return attrs.evolve(made, series={"BTCUSDT": attrs.evolve(made.series["BTCUSDT"], stamps=stamps)})


def books(*, seed=4, bars=BARS, levels=3, per_bar=6):
    """A book that changes at random instants, on a grid coarse enough that prices often stay, known a little later."""
    random = np.random.default_rng(seed)
    opens = trend(bars=bars, seed=21).bars.open_time
    time = np.sort(random.choice(np.arange(opens[0], opens[-1] + HOUR, MINUTE), per_bar * bars, replace=False))
    time = time[(time < opens[bars // 2]) | (time > opens[bars // 2 + 4])]
    middle = 100.0 + np.round(np.cumsum(random.integers(-1, 2, len(time)))) * 0.5
    columns = {}
    for level in range(1, levels + 1):
        columns[f"bid_{level}"] = middle - 0.5 * level
        columns[f"ask_{level}"] = middle + 0.5 * level + 0.5 * random.integers(0, 2, len(time)) * (level > 1)
        for side in ("bid", "ask"):
            columns[f"{side}_size_{level}"] = np.round(random.lognormal(0, 1, len(time)), 3) + 0.001
    return fw.Stamps(time, columns, published=time + MINUTE)


def last_books(book, made, stale):
    """For each bar the row of the newest book known at its close, None where it is as old as `stale` hours."""
    for close in made.bars.close_time:
        rows = [i for i in range(len(book)) if close - stale * HOUR < book.published[i] <= close]
        yield rows[-1] if rows else None


@pytest.mark.parametrize("stale", [1, 3])
def test_spread_imbalance_and_microprice_are_those_of_the_newest_book(stale):
    book = books()
    made = market({"book": book})
    spread = QuotedSpread(spans=(4,), stale=stale).compute(made)
    imbalance = DepthImbalance(levels=(1, 3), stale=stale).compute(made)
    leans = Microprice(stale=stale).compute(made)["microprice"]
    wide, found = [], list(last_books(book, made, stale))
    assert None in found
    for row, i in enumerate(found):
        if row < stale - 1:
            assert all(
                math.isnan(column[row]) for column in (spread["quoted_spread"], leans, imbalance["depth_imbalance_3"])
            )
            wide.append(math.nan)
            continue
        if i is None:
            expected = (0.0, 0.0, 0.0, 0.0)
        else:
            bid, ask = book["bid_1"][i], book["ask_1"][i]
            bids = [book[f"bid_size_{level}"][i] for level in (1, 2, 3)]
            asks = [book[f"ask_size_{level}"][i] for level in (1, 2, 3)]
            middle = (bid + ask) / 2
            micro = (ask * bids[0] + bid * asks[0]) / (bids[0] + asks[0])
            best = (bids[0] - asks[0]) / (bids[0] + asks[0])
            deep = (sum(bids) - sum(asks)) / (sum(bids) + sum(asks))
            expected = ((ask - bid) / middle, best, deep, micro / middle - 1)
        wide.append(expected[0])
        told = (
            spread["quoted_spread"][row],
            imbalance["depth_imbalance_1"][row],
            imbalance["depth_imbalance_3"][row],
            leans[row],
        )
        assert told == pytest.approx(expected, rel=1e-9, abs=1e-12)
    for row in range(stale + 2, BARS):
        assert spread["quoted_spread_mean_4"][row] == pytest.approx(
            sum(wide[row - 3 : row + 1]) / 4, rel=1e-12, abs=1e-15
        )


def test_a_crossed_book_has_no_spread():
    opens = trend(bars=BARS, seed=21).bars.open_time
    book = fw.Stamps(opens + MINUTE, {"bid_1": np.full(BARS, 100.0), "ask_1": np.full(BARS, 99.0)})
    assert set(QuotedSpread(spans=(2,)).compute(market({"book": book}))["quoted_spread"]) == {0.0}


def test_the_imbalance_needs_as_many_levels_as_it_adds_up():
    assert DepthImbalance(levels=(2,)).needs == (
        *("bars", "book.bid_size_1", "book.ask_size_1", "book.bid_size_2", "book.ask_size_2"),
    )


@pytest.mark.parametrize("stale", [1, 2])
@pytest.mark.parametrize("per_bar", [1, 6])
def test_order_flow_adds_up_what_came_and_went_at_the_best_prices(stale, per_bar):
    book = books(per_bar=per_bar)
    made = market({"book": book})
    frame = OrderFlow(spans=(1, 5), stale=stale).compute(made)
    flow, depth, count = [], [], []
    for close in made.bars.close_time:
        rows = [i for i in range(len(book)) if close - HOUR < book.published[i] <= close]
        total = 0.0
        for i in rows:
            before = i - 1
            if before < 0 or book.published[before] <= close - (1 + stale) * HOUR:
                continue
            bid, ask, last_bid, last_ask = (book[n][k] for k in (i, before) for n in ("bid_1", "ask_1"))
            bids, asks, last_bids, last_asks = (book[n][k] for k in (i, before) for n in ("bid_size_1", "ask_size_1"))
            total += bids if bid > last_bid else -last_bids if bid < last_bid else bids - last_bids
            total -= asks if ask < last_ask else -last_asks if ask > last_ask else asks - last_asks
        flow.append(total)
        depth.append(sum((book["bid_size_1"][i] + book["ask_size_1"][i]) / 2 for i in rows))
        count.append(len(rows))
    for span in (1, 5):
        column = frame[f"order_flow_{span}"]
        first = span + stale - 1
        assert np.isnan(column[:first]).all()
        for row in range(first, BARS):
            window = slice(row - span + 1, row + 1)
            usual = sum(depth[window]) / max(1, sum(count[window]))
            assert column[row] == pytest.approx(sum(flow[window]) / usual if usual else 0.0, rel=1e-9, abs=1e-9)


def deals(*, seed=6, bars=BARS, by=20 * MINUTE, lag=0):
    """Sums of trades by stretches shorter than a bar, some of which had none."""
    random = np.random.default_rng(seed)
    time = trend(bars=bars, seed=21).bars.open_time[0] + by * np.arange(bars * HOUR // by)
    time = time[random.random(len(time)) < 0.6]
    buys, sells = random.integers(0, 9, (2, len(time)))
    columns = {
        "bought": buys * np.round(random.lognormal(0, 1, len(time)), 3),
        "sold": sells * np.round(random.lognormal(0, 1, len(time)), 3),
        "buys": buys,
        "sells": sells,
    }
    return fw.Stamps(time, columns, published=time + by + lag)


@pytest.mark.parametrize("lag", [0, MINUTE])
def test_trades_are_added_up_by_the_bar_in_which_they_were_known(lag):
    done = deals(lag=lag)
    made = market({"trades": done})
    net, flow = SignedVolume(spans=(1, 7)).compute(made), TradeFlow(spans=(1, 7)).compute(made)
    closes = made.bars.close_time
    for span in (1, 7):
        for row in range(span - 1, BARS):
            since = closes[row] - span * HOUR
            rows = [i for i in range(len(done)) if since < done.published[i] <= closes[row]]
            bought, sold, buys, sells = (sum(done[name][i] for i in rows) for name in done.columns)
            assert net[f"signed_volume_{span}"][row] == pytest.approx(bought - sold, rel=1e-9, abs=1e-9)
            share = (bought - sold) / (bought + sold) if bought + sold else 0.0
            assert net[f"signed_share_{span}"][row] == pytest.approx(share, rel=1e-9, abs=1e-12)
            balance = (buys - sells) / (buys + sells) if buys + sells else 0.0
            assert flow[f"trade_balance_{span}"][row] == pytest.approx(balance, rel=1e-9, abs=1e-12)
            size = (bought + sold) / (buys + sells) if buys + sells else 0.0
            assert flow[f"trade_size_{span}"][row] == pytest.approx(size, rel=1e-9)


@pytest.mark.parametrize(
    "feature_set",
    [
        QuotedSpread(spans=(3,), stale=2),
        DepthImbalance(levels=(2, 3), stale=3),
        DepthImbalance(levels=(19,), stale=1),
        Microprice(stale=2),
        OrderFlow(spans=(1, 4)),
        OrderFlow(spans=(6,), stale=3),
        SignedVolume(spans=(1, 6)),
        TradeFlow(spans=(2, 6)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("bar", ["1h", "4h"])
def test_book_and_trades_keep_the_leak_contract_with_bars_missing(feature_set, bar):
    bars = 4 * (feature_set.lookback + 50)
    stamps = {"book": books(bars=bars, per_bar=2, levels=19), "trades": deals(bars=bars, lag=MINUTE)}
    data = market(stamps, bars=bars).resampled(fw.BarSize.parse(bar)).series["BTCUSDT"]
    kept = np.random.default_rng(3).random(len(data.bars)) < 0.9
    thin = fw.Market.single("BTCUSDT", data.bars.rows(kept), stamps=stamps)
    assert [str(leak) for leak in feature_contract(feature_set, thin)] == []


@pytest.mark.real
def test_a_recorded_book_and_its_trades_agree(real_data):
    """The middle of the book moves with what comes and goes at its best prices, and with what takers do."""
    import pandas as pd

    ticker = pd.read_parquet(real_data / "ticks_btcusdt_perp_bookticker_2024-08-08.parquet")
    ticker = ticker.drop_duplicates("timestamp", keep="last")
    raw = pd.read_parquet(real_data / "ticks_btcusdt_perp_trades_2024-08-08.parquet")
    second = 1_000_000_000
    time = pd.DatetimeIndex(ticker["timestamp"]).as_unit("ns").asi8
    names = {"bid_price": "bid_1", "bid_qty": "bid_size_1", "ask_price": "ask_1", "ask_qty": "ask_size_1"}
    book = fw.Stamps(time, {ours: ticker[theirs].to_numpy() for theirs, ours in names.items()})
    by_second = raw.groupby([raw["timestamp"].dt.floor("s"), "is_buyer_maker"])["qty"].sum().unstack(fill_value=0.0)
    at = pd.DatetimeIndex(by_second.index).as_unit("ns").asi8
    sums = {"bought": by_second[False].to_numpy(), "sold": by_second[True].to_numpy()}
    trades = fw.Stamps(at, sums, published=at + second)

    size = fw.BarSize(10 * second)
    opens = np.arange(int(size.floor(time[0])) + size.ns, int(time[-1]) - size.ns, size.ns)
    prices = {name: np.full(len(opens), 61_800.0) for name in ("open", "high", "low", "close", "volume")}
    bars = fw.Bars(size=size, open_time=opens, **prices)
    made = fw.Market.single("BTCUSDT", bars, stamps={"book": book, "trades": trades})
    flow = OrderFlow(spans=(1,)).compute(made)["order_flow_1"][1:]
    net = SignedVolume(spans=(1,)).compute(made)["signed_volume_1"][1:]
    middle = 0.5 * (
        book.last("bid_1", at=bars.close_time, within=size.ns) + book.last("ask_1", at=bars.close_time, within=size.ns)
    )
    moves = np.diff(middle)
    assert len(flow) > 25
    assert np.corrcoef(flow, moves)[0, 1] > 0.6  # Cont, Kukanov and Stoikov found 0.8 in shares
    assert np.corrcoef(net, moves)[0, 1] > 0.4
    spread = QuotedSpread(spans=(2,)).compute(made)["quoted_spread"]
    assert spread.min() > 0.0
    assert np.median(spread) == pytest.approx(0.1 / 61_800, rel=0.01)
