"""What the exchange would never allow, or money that cannot be reckoned: the sentence a user reads, word by word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

HOURS = 3_600_000
START = 1_704_067_200_000


@pytest.fixture
def over_real(real_data: Path) -> Callable[..., str]:
    """A strategy file over ten days of the real candles, with marks from a file of that name."""

    def text(mark: str, *, kind: str, start: str = "2020-03-05", end: str = "2020-03-15") -> str:
        return f"""\
name: test
instruments: [BTCUSDT]
bar: 1h
account: {{capital: 10000, leverage: 2, mark: {kind}}}
source:
  use: files
  folder: {real_data}
  bars: btcusdt_perp_1h_2019-09_2024-12.parquet
  funding: btcusdt_perp_funding_8h_2019-09_2024-12.parquet
  mark: {mark}
  start: {start}
  end: {end}
strategy: buy_and_hold
"""

    return text


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (
            "leverage: 5",
            "s.yaml:4:10: account: leverage: 5 is above 3: a move of less than 20.0% can take an isolated position's "
            "whole margin; say account.allow_high_leverage: true if that is meant",
        ),
        (
            "leverage: 2, position_mode: hedge",
            "s.yaml:4:10: account: position_mode: a run holds one position an instrument, not a long and a short at "
            "once; leave it out, or one_way. The margin arithmetic of hedge mode is in fw.ledger.formulas",
        ),
    ],
)
def test_an_account_that_is_not_simulated_or_not_meant(wrong: Any, desk: Any, account: str, said: str) -> None:
    assert desk.refused(wrong("leverage: 2", account), 2) == f"Error: {said}\n"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("slippage: {bps: -1}", "simulation.slippage.bps: must be at least 0, not -1"),
        ("slippage: {half_spread: -0.5}", "simulation.slippage.half_spread: must be at least 0, not -0.5"),
        ("slippage: {bps: 15000}", "simulation.slippage.bps: must be at most 9000, not 15000"),
    ],
)
def test_a_spread_below_nothing_or_above_the_price(desk: Any, good: str, setting: str, said: str) -> None:
    assert desk.refused(good + f"simulation: {{{setting}}}\n", 2, said).startswith("Error: s.yaml:7:")


@pytest.mark.parametrize("share", ["1.5", "0", "-0.1"])
def test_a_share_of_the_volume_above_all_of_it_or_none(desk: Any, good: str, share: str) -> None:
    desk.refused(good + f"simulation: {{participation: {share}}}\n", 2, "s.yaml:7:", "participation")


def rules_of(desk: Any, **record: Any) -> None:
    """The user's own rules of BTCUSDT: numbers of the contract, and tiers where there are any."""
    tiers = record.pop("tiers", [[0, 0.01, 0, 20], [5000, 0.02, 50, 10]])
    dated = {"from": "2024-01-01", "source": "mine"}
    content = {
        "instruments": {"BTCUSDT": [{**dated, "tick": 0.1, "lot": 0.001, **record}]},
        "tiers": {"BTCUSDT": [{**dated, "tiers": tiers}]},
    }
    desk.write("mine.json", json.dumps(content))


def test_an_inverse_contract(desk: Any, wrong: Any) -> None:
    rules_of(desk, linear=False)
    assert desk.refused(wrong("leverage: 2", "leverage: 2, rules: ./mine.json"), 2) == (
        "Error: instruments: BTCUSDT is an inverse contract, whose margin and profit are in coins; a run trades linear "
        "ones only. The arithmetic of inverse contracts is in fw.ledger.formulas\n"
    )


def test_a_leverage_that_no_order_could_have(desk: Any, wrong: Any) -> None:
    rules_of(desk)
    text = wrong("leverage: 2", "leverage: 25, allow_high_leverage: true, rules: ./mine.json")
    assert desk.refused(text, 2) == (
        "Error: account.leverage: 25 is above 20, the most that BTCUSDT allows: that is the cap of its first bracket, "
        "from 0 to 5,000 USDT (-4028); lower it\n"
    )


def test_tiers_with_a_hole(desk: Any, wrong: Any) -> None:
    rules_of(desk, tiers=[[0, 0.01, 0, 20], [5000, 0.02, 500, 10]])
    line = desk.refused(wrong("leverage: 2", "leverage: 2, rules: ./mine.json"), 3)
    assert line.startswith("Error: account.rules: ")
    assert line.endswith(
        "mine.json: tiers.BTCUSDT has a hole at the tier from 5,000: with the amount 500 maintenance leaps there; 50 "
        "would join it to the tier before, or a tier between them is missing\n"
    )


def result_of(desk: Any, text: str) -> dict[str, Any]:
    """What a run that goes through writes down."""
    before = set(desk.runs())
    assert desk.run(text).code == 0
    (folder,) = set(desk.runs()) - before
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def test_leverage_above_the_cap_of_the_bracket_is_told_with_the_bracket(desk: Any, wrong: Any) -> None:
    rules_of(desk)
    text = wrong("leverage: 2", "leverage: 15, allow_high_leverage: true, rules: ./mine.json")
    (note,) = (note for note in result_of(desk, text)["notes"] if "rejected" in note)
    assert "a leverage of 15 is above 10, the cap of BTCUSDT's bracket from 5,000 USDT on, which holds its " in note
    assert note.endswith("(-2027); lower account.leverage, or keep positions below 5,000 USDT")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "return fw.Signal(1.0, stop_loss=view.bars.last * 1.01)",
            "a stop or take-profit on the wrong side of the price would trigger at once (-2021)",
        ),
        (
            "return fw.Signal(1.0, stop_loss=view.bars.last * 0.5)",
            "the position would be liquidated before its stop is reached",
        ),
    ],
)
def test_a_stop_that_protects_nothing_is_refused_and_says_why(desk: Any, body: str, said: str) -> None:
    text = desk.strategy(body).replace("leverage: 2", "leverage: 3")
    result = result_of(desk, text)
    assert any("rejected" in note and note.endswith(said) for note in result["notes"]), result["notes"]
    assert result["totals"]["exposure_bars"] == 0


def test_a_capital_too_small_for_any_order_is_told_the_smallest_that_works(desk: Any, wrong: Any) -> None:
    rules_of(desk, min_notional=100)
    small = wrong("capital: 10000, leverage: 2", "capital: 50, leverage: 2, rules: ./mine.json")
    (note,) = (note for note in result_of(desk, small)["notes"] if "too small" in note)
    assert note.startswith("all ")
    capital = note.partition("account.capital has to be at least ")[2].partition(" for one")[0]
    assert 100 <= float(capital) < 160  # the price is near 40,000: three lots of 0.001 coins
    enough = result_of(desk, small.replace("capital: 50", f"capital: {capital}"))
    assert enough["totals"]["exposure_bars"] > 0


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ([0, 8, 8, 16], "BTCUSDT funding has 2024-01-01 08:00 twice; remove the doubles"),
        ([0, 16, 8, 24], "BTCUSDT funding goes back from 2024-01-01 16:00 to 2024-01-01 08:00; sort by time"),
    ],
)
def test_funding_with_doubled_or_shuffled_times(
    desk: Any, candles: pd.DataFrame, over_file: Any, hours: list[int], said: str
) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    times = [START + hour * HOURS for hour in [*hours, *range(32, 304, 8)]]
    pd.DataFrame({"time": times, "funding_rate": 1e-4}).to_csv(desk.files / "funding.csv", index=False)
    text = over_file(more=", funding: funding.csv").replace(", funding: zero}", "}")
    assert desk.refused(text, 3) == f"Error: {said}\n"


EIGHT = "btcusdt_perp_mark_8h_2019-12_2024-12.parquet"
HOURLY = "btcusdt_perp_mark_1h_2023-12_2024-12.parquet"
OTHERWISE = "or set account.mark: last, which judges liquidation on traded prices"


def test_marks_coarser_than_the_clock_cannot_be_required(desk: Any, over_real: Callable[..., str]) -> None:
    assert desk.refused(over_real(EIGHT, kind="required"), 3) == (
        "Error: BTCUSDT has mark prices in bars of 8h, and traded ones in bars of 1h: coarser marks serve funding "
        "only, for they do not say when inside them a price was reached; give mark bars of 1h, " + OTHERWISE + "\n"
    )


def test_required_marks_that_do_not_cover_the_run(desk: Any, over_real: Callable[..., str]) -> None:
    text = over_real(HOURLY, kind="required", start="2023-11-25", end="2023-12-05")
    assert desk.refused(text, 3) == (
        "Error: BTCUSDT has mark prices from 2023-12-02 00:00 to 2025-01-01 00:00, but bars from 2023-11-25 00:00 to "
        "2023-12-05 00:00; set source.start and source.end to match, " + OTHERWISE + "\n"
    )


def test_marks_that_serve_funding_only_may_be_missing_and_that_is_said(
    desk: Any, over_real: Callable[..., str]
) -> None:
    short = result_of(desk, over_real(EIGHT, kind="last", start="2019-12-15", end="2019-12-30"))
    assert (
        "BTCUSDT has mark prices from 2019-12-23 08:00 to 2025-01-01 00:00, but bars from 2019-12-15 00:00 to "
        "2019-12-30 00:00; outside, funding is priced at traded opens"
    ) in short["notes"]
    whole = result_of(desk, over_real(EIGHT, kind="last"))
    assert not [note for note in whole["notes"] if "mark prices" in note]


def test_rules_of_another_time_are_stamped_by_the_time_that_is_traded(desk: Any, over_real: Callable[..., str]) -> None:
    notes = result_of(desk, over_real(EIGHT, kind="last"))["notes"]  # its warm-up begins in January
    assert "BTCUSDT: tiers of 2024-10 applied to 2020-03" in notes
    counts = "open orders, open conditional orders"
    assert f"BTCUSDT: min notional, filters, clearance fee, {counts} of 2021-07 applied to 2020-03" in notes
    assert "fees of 2026-11 applied to 2020-03" in notes
