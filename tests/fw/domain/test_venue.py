"""Contract rules and fees by date; the made-up file has two dates of everything."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fw.domain.instrument import Instrument
from fw.domain.time import DAY, HOUR, parse_time
from fw.domain.venue import VENUES, Fees, fees, overrides, rules
from fw.errors import DataError, SettingsError

MADE_UP = Path(__file__).parents[2] / "data" / "made_up_rules.json"
NOW: dict[str, Any] = {"start": parse_time("2026-11-02"), "end": parse_time("2026-11-20")}


def made_up(start: str, end: str) -> tuple[Instrument, tuple[str, ...]]:
    return rules("binance_usdm", "MADEUSDT", start=parse_time(start), end=parse_time(end), override=MADE_UP)


def shipped(symbol: str, start: str, end: str) -> tuple[Instrument, tuple[str, ...]]:
    return rules("binance_usdm", symbol, start=parse_time(start), end=parse_time(end))


def test_btcusdt_in_late_2024_has_the_tiers_published_then() -> None:
    contract, notes = shipped("BTCUSDT", "2024-10-24", "2024-12-31")
    assert [(t.floor, t.rate, t.amount, t.leverage) for t in contract.tiers[:4]] == [
        (0, 0.004, 0, 125),
        (50_000, 0.005, 50, 100),
        (600_000, 0.0065, 950, 75),
        (3_000_000, 0.01, 11_450, 50),
    ]
    assert (contract.tick, contract.lot, contract.max_lots) == (0.1, 0.001, 1_000_000)
    assert "tiers of 2024-10" not in " ".join(notes)


def test_maintenance_margin_does_not_leap_between_tiers() -> None:
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "ADAUSDT", "AVAXUSDT", "BCHUSDT"):
        tiers = shipped(symbol, "2024-01-01", "2024-12-31")[0].tiers
        for lower, upper in pairwise(tiers):
            at = upper.floor
            assert at * lower.rate - lower.amount == pytest.approx(at * upper.rate - upper.amount)
            assert upper.leverage < lower.leverage


def test_a_run_before_the_tiers_were_recorded_is_told_so() -> None:
    _, notes = shipped("BTCUSDT", "2020-03-01", "2020-06-01")
    assert "tiers of 2024-10 applied to 2020-03" in notes
    counts = "open orders, open conditional orders"
    assert f"min notional, filters, clearance fee, {counts} of 2021-07 applied to 2020-03" in notes


def test_a_run_long_after_they_were_recorded_is_told_so() -> None:
    _, notes = shipped("ETHUSDT", "2026-03-01", "2026-08-15")
    assert "tiers of 2024-10 applied to 2026-08" in notes


def test_the_finest_tick_of_the_period_is_taken() -> None:
    assert shipped("BTCUSDT", "2020-01-01", "2024-01-01")[0].tick == 0.01
    assert shipped("BTCUSDT", "2023-01-01", "2024-01-01")[0].tick == 0.1
    assert shipped("SOLUSDT", "2022-03-01", "2022-06-01")[0].tick == 0.01
    assert shipped("SOLUSDT", "2022-03-01", "2023-06-01")[0].tick == 0.001


def test_real_prices_are_on_the_tick_of_their_period(real_data: Path) -> None:
    import pandas as pd

    for file, symbol, start, end in (
        ("btcusdt_perp_1h_2019-09_2024-12", "BTCUSDT", "2019-09-08", "2022-01-01"),
        ("btcusdt_perp_1h_2019-09_2024-12", "BTCUSDT", "2022-04-12", "2025-01-01"),
        ("solusdt_perp_4h_2020-09_2024-12", "SOLUSDT", "2020-09-14", "2021-05-01"),
        ("solusdt_perp_15m_2022-01_2024-12", "SOLUSDT", "2022-01-19", "2022-11-01"),
        ("solusdt_perp_15m_2022-01_2024-12", "SOLUSDT", "2022-11-09", "2025-01-01"),
        ("bnbusdt_perp_4h_2020-02_2024-12", "BNBUSDT", "2020-02-10", "2021-05-01"),
        ("xrpusdt_perp_4h_2020-01_2024-12", "XRPUSDT", "2020-01-06", "2025-01-01"),
    ):
        contract = shipped(symbol, start, end)[0]
        frame = pd.read_parquet(real_data / f"{file}.parquet").set_index("timestamp").loc[start:end].iloc[:-1]
        prices = frame[["open", "high", "low", "close"]].to_numpy()[::17].ravel()
        assert all(contract.snap(price) == price for price in prices), (symbol, start)


def test_the_filters_are_those_the_exchange_was_recorded_to_state(real_data: Path) -> None:
    recorded = real_data / "binance_payloads" / "recorded" / "rest" / "fapi_v1_exchangeInfo_2021-07-22.json"
    for said in json.loads(recorded.read_text())["symbols"]:
        if said["symbol"] not in json.loads((VENUES / "binance_usdm" / "instruments.json").read_text()):
            continue
        contract, _ = shipped(said["symbol"], "2021-07-21", "2021-08-01")
        filters = {each["filterType"]: each for each in said["filters"]}
        price, size, market = (filters[name] for name in ("PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"))
        percent = filters["PERCENT_PRICE"]
        assert (contract.min_price, contract.max_price) == (float(price["minPrice"]), float(price["maxPrice"]))
        assert (contract.percent_up, contract.percent_down) == (
            float(percent["multiplierUp"]),
            float(percent["multiplierDown"]),
        )
        assert contract.take_bound == float(said["marketTakeBound"])
        for lots, quantity in (
            (1, size["stepSize"]),
            (contract.min_lots, size["minQty"]),
            (contract.max_limit_lots, size["maxQty"]),
            (contract.market_step, market["stepSize"]),
            (contract.min_market_lots, market["minQty"]),
            (contract.max_lots, market["maxQty"]),
        ):
            assert lots * contract.lot == pytest.approx(float(quantity), rel=1e-12), said["symbol"]
        assert contract.min_notional == float(filters["MIN_NOTIONAL"]["notional"])
        assert contract.max_orders == filters["MAX_NUM_ORDERS"]["limit"]
        assert contract.max_conditional_orders == filters["MAX_NUM_ALGO_ORDERS"]["limit"]


def test_a_range_of_prices_seen_at_another_time_says_nothing() -> None:
    # DOGEUSDT traded at 0.0023 in 2020, below the 0.00244 that was the lowest price in July 2021
    early, _ = shipped("DOGEUSDT", "2020-08-01", "2020-12-01")
    assert (early.min_price, early.max_price) == (0.0, math.inf)
    assert (early.percent_up, early.percent_down) == (1.15, 0.85)
    then, _ = shipped("DOGEUSDT", "2021-07-21", "2021-12-01")
    assert (then.min_price, then.max_price) == (0.00244, 10.0)


def test_each_period_has_the_record_nearest_to_it() -> None:
    early, notes = made_up("2020-06-01", "2020-09-01")
    assert (early.min_notional, early.clearance_fee, early.tiers[0].rate) == (5, 0.01, 0.01)
    assert (early.percent_up, early.percent_down, early.max_price) == (1.2, 0.8, 500)
    assert early.funding_interval == 8 * HOUR
    assert notes == ("filters of 2022-01 applied to 2020-06",)  # the largest market order was not known before
    late, notes = made_up("2022-02-01", "2022-05-01")
    assert (late.min_notional, late.clearance_fee, len(late.tiers)) == (20, 0.02, 2)
    assert notes == ()
    assert (late.percent_up, late.percent_down, late.max_price) == (1.1, 0.9, 1000)
    assert late.funding_interval == 4 * HOUR
    assert late.max_lots == 500


MADE_UP_NOTE = "min notional, filters, clearance fee, funding hours of 2022-01 applied to 2021-06"


def test_a_period_over_two_records_has_the_finest_steps_and_the_later_numbers() -> None:
    contract, notes = made_up("2021-06-01", "2022-06-01")
    assert (contract.tick, contract.lot) == (0.01, 0.1)
    assert contract.tiers[0].rate == 0.02
    assert notes == (MADE_UP_NOTE, "tiers of 2022-01 applied to 2021-06")


@pytest.mark.parametrize(
    ("start", "end", "rate", "hours", "taker", "stamp"),
    [
        ("2019-03-01", "2019-06-01", 0.01, 8, 0.002, "of 2020-01 applied to 2019-03"),
        ("2020-01-01", "2020-12-01", 0.01, 8, 0.002, None),
        ("2021-11-01", "2021-12-01", 0.02, 4, 0.0004, "of 2022-01 applied to 2021-11"),  # nearer to what came
        ("2020-06-01", "2021-03-01", 0.01, 8, 0.002, "of 2020-01 applied to 2021-02"),  # seen over a year before
        ("2022-01-01", "2022-12-31", 0.02, 4, 0.0004, None),
        ("2024-05-01", "2024-06-01", 0.02, 4, 0.0004, "of 2022-01 applied to 2024-05"),
    ],
)
def test_tiers_funding_intervals_and_fees_are_of_their_dates_or_stamped(
    start: str, end: str, rate: float, hours: int, taker: float, stamp: str | None
) -> None:
    contract, notes = made_up(start, end)
    charged, fee_notes = fees("binance_usdm", "made_up", start=parse_time(start), end=parse_time(end), override=MADE_UP)
    assert (contract.tiers[0].rate, contract.funding_interval, charged.taker) == (rate, hours * HOUR, taker)
    if stamp is None:
        assert not [note for note in notes if note.startswith(("tiers", "min notional"))]
        assert fee_notes == ()
    else:
        assert f"tiers {stamp}" in notes
        assert any("funding hours" in note and note.endswith(stamp) for note in notes)
        assert fee_notes == (f"fees {stamp}",)


def test_steps_known_only_later_stand_for_the_time_before() -> None:
    contract, notes = made_up("2019-01-01", "2019-06-01")
    assert (contract.tick, contract.lot) == (0.01, 1)
    assert "tiers of 2020-01 applied to 2019-01" in notes


def test_the_users_file_goes_before_the_venue_and_leaves_the_rest_to_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    record = {"from": "2024-01-01", "tick": 0.5, "lot": 0.01}
    file.write_text(json.dumps({"instruments": {"BTCUSDT": [record]}}))
    start, end = parse_time("2024-10-24"), parse_time("2024-10-24") + DAY
    contract, _ = rules("binance_usdm", "BTCUSDT", start=start, end=end, override=file)
    assert (contract.tick, contract.lot, contract.min_notional) == (0.5, 0.01, 0)
    assert len(contract.tiers) == 12


def test_a_symbol_without_rules_is_an_error_that_names_account_rules() -> None:
    with pytest.raises(DataError, match=r"no contract rules for BTCUSD .*BTCUSDT.*account\.rules"):
        rules("binance_usdm", "BTCUSD", start=0, end=DAY)
    with pytest.raises(DataError, match=r"neither .*made_up_rules\.json nor binance_usdm .*OTHERUSDT"):
        rules("binance_usdm", "OTHERUSDT", start=0, end=DAY, override=MADE_UP)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"fees": {"X": [{"from": "2024-01-01", "maker": 0.1}]}}, "maker and taker as shares of notional"),
        ({"fees": {"X": [{"from": "2024-01-01", "maker": 2, "taker": 5}]}}, "such as 0.0002 and 0.0005"),
        ({"fees": 3}, "for each fee tier"),
        (
            {"instruments": {"X": [{"from": "2024-01-01", "tick": 1, "lot": 1, "linear": 0}]}},
            "true or false for linear",
        ),
        ("{", "not JSON"),
        ([], "keys instruments and tiers"),
        ({"instrument": {}}, "keys instruments and tiers"),
        ({"instruments": []}, "for each symbol"),
        ({"instruments": {"X": {}}}, "list of dated records"),
        ({"instruments": {"X": [{"tick": 1, "lot": 1}]}}, "`from: 2024-01-31`"),
        ({"instruments": {"X": [{"from": "soon", "tick": 1, "lot": 1}]}}, "`from: 2024-01-31`"),
        ({"instruments": {"X": [{"from": "2024-01-01", "tick": 0, "lot": 1}]}}, "tick above 0"),
        ({"instruments": {"X": [{"from": "2024-01-01", "tick": 1}]}}, "lot above 0"),
        ({"instruments": {"X": [{"from": "2024-01-01", "tick": "1", "lot": 1}]}}, "number of 0 or more for tick"),
        ({"instruments": {"X": [{"from": "2024-01-01", "tik": 1, "lot": 1}]}}, "did you mean 'tick'"),
        ({"instruments": {"X": [{"from": "2024-01-01", "tick": 1, "lot": 1, "max_price": 0}]}}, "max_price above 0"),
        ({"instruments": {"X": [{"from": "2024-01-01", "tick": 1, "lot": 1, "percent_up": 0.15}]}}, "as a multiple"),
        ({"tiers": {"X": [{"from": "2024-01-01", "tiers": [[1, 0.1, 0, 5]]}]}}, "the first from 0"),
        ({"tiers": {"X": [{"from": "2024-01-01", "tiers": [[0, 0.1, 0]]}]}}, "rows of"),
    ],
)
def test_a_broken_file_of_rules_is_one_clear_error(tmp_path: Path, content: Any, said: str) -> None:
    file = tmp_path / "rules.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DataError, match=said) as caught:
        rules("binance_usdm", "X", start=0, end=DAY, override=file)
    assert "account.rules" in str(caught.value)


def test_a_missing_file_of_rules_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"account\.rules: cannot read"):
        rules("binance_usdm", "X", start=0, end=DAY, override=tmp_path / "none.json")


def test_fees_of_a_tier_are_shares_of_notional() -> None:
    assert fees("binance_usdm", "vip0", **NOW) == (Fees(maker=0.0002, taker=0.0005), ())
    # 10 % less when paid in BNB
    assert fees("binance_usdm", "vip0_bnb", **NOW)[0].taker == pytest.approx(0.9 * 0.0005)


def test_the_users_fees_go_before_the_venues_and_leave_the_rest_to_it() -> None:
    assert fees("binance_usdm", "vip0", override=MADE_UP, **NOW)[0].taker == 0.0005
    with pytest.raises(SettingsError, match="it has vip0, vip0_bnb, made_up"):
        fees("binance_usdm", "vip9", override=MADE_UP, **NOW)


def test_a_file_of_fees_alone_leaves_a_sources_own_rules_in_force(tmp_path: Path) -> None:
    file = tmp_path / "fees.json"
    file.write_text(json.dumps({"fees": {"BTCUSDT": [{"from": "2024-01-01", "maker": 0, "taker": 0.001}]}}))
    assert not overrides(file, "BTCUSDT")
    assert overrides(MADE_UP, "MADEUSDT")
    assert rules("binance_usdm", "BTCUSDT", override=file, **NOW) == rules("binance_usdm", "BTCUSDT", **NOW)


def test_an_inverse_contract_is_read_as_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    record = {"from": "2024-01-01", "tick": 0.1, "lot": 1, "linear": False}
    file.write_text(json.dumps({"instruments": {"BTCUSDT": [record]}}))
    assert not rules("binance_usdm", "BTCUSDT", override=file, **NOW)[0].linear
    assert rules("binance_usdm", "BTCUSDT", **NOW)[0].linear


def test_fees_of_another_time_are_stamped() -> None:
    past: dict[str, Any] = {"start": parse_time("2020-03-01"), "end": parse_time("2020-04-01")}
    assert fees("binance_usdm", "vip0", **past)[1] == ("fees of 2026-11 applied to 2020-03",)


HOLED = [[0, 0.004, 0, 125], [50_000, 0.005, 50, 100], [600_000, 0.01, 50, 50]]


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        (HOLED, "hole at the tier from 600,000: with the amount 50 maintenance leaps there; 3,050 would join it"),
        ([*HOLED[:1], [50_000, 0.005, 50, 150]], r"allows more leverage \(150\) in the tier from 50,000"),
        ([[0, 0.4, 0, 125]], "wants a rate below 1 / leverage in the tier from 0, not 0.4"),
        ([[0, 0.004, 20, 125]], "wants an amount of 0 in its first tier, not 20"),
    ],
)
def test_tiers_with_holes_are_refused(tmp_path: Path, tiers: Any, said: str) -> None:
    record = {"from": "2024-01-01", "source": "made up", "tiers": tiers}
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"tiers": {"BTCUSDT": [record]}}))
    with pytest.raises(DataError, match=said):
        rules("binance_usdm", "BTCUSDT", override=file, **NOW)


def test_an_unknown_fee_tier_or_venue_is_met_with_what_may_have_been_meant() -> None:
    with pytest.raises(SettingsError, match=r"no fee tier 'vip00' \(did you mean 'vip0'\?\)"):
        fees("binance_usdm", "vip00", **NOW)
    with pytest.raises(SettingsError, match=r"account\.venue.*did you mean 'binance_usdm'"):
        fees("binance_usd", "vip0", **NOW)
    with pytest.raises(SettingsError, match=r"account\.venue"):
        rules("../../secrets", "BTCUSDT", start=0, end=DAY)
