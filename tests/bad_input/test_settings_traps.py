"""Values that YAML, or a tired user, takes for something else: each is one line that says what is wanted."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("capital: 10000", "capital: ten", ("4:20: account.capital", "wants a number, not 'ten'")),
        ("capital: 10000", "capital: '10000'", ("4:20: account.capital", "remove the quotes")),
        ("capital: 10000", "capital: 10,000", ("account.000", "A comma ends a value", "10_000")),
        ("leverage: 2", "leverage: 2,5", ("account.5", "A comma ends a value", "0.5")),
        ("capital: 10000", "capital: 010", ("4:20: account.capital", "wants a number, not '010'")),
        ("capital: 10000", "capital: 0x10", ("4:20: account.capital", "wants a number, not '0x10'")),
        ("capital: 10000", "capital: $10000", ("4:20: account.capital", "wants a number, not '$10000'")),
        ("capital: 10000", "capital: yes", ("4:20: account.capital", "wants a number, not 'yes'")),
        ("capital: 10000", "capital: [1]", ("4:20: account.capital", "wants a number, not a list of 1")),
        ("capital: 10000", "capital: {usdt: 1}", ("4:20: account.capital", "wants a number, not settings")),
        ("capital: 10000", "capital: ", ("account.capital", "is empty: it wants a number")),
        ("capital: 10000", "capital: .nan", ("4:20: account.capital", "wants a finite number, not '.nan'")),
        ("capital: 10000", "capital: NaN", ("4:20: account.capital", "wants a finite number")),
        ("capital: 10000", "capital: .inf", ("4:20: account.capital", "wants a finite number, not '.inf'")),
        ("capital: 10000", "capital: -.inf", ("4:20: account.capital", "wants a finite number")),
        ("capital: 10000", "capital: 1e400", ("4:20: account.capital", "too large")),
        ("capital: 10000", "capital: -5", ("4:20: account.capital", "must be more than 0, not -5")),
        ("capital: 10000", "capital: 0", ("4:20: account.capital", "must be more than 0, not 0")),
        ("leverage: 2", "leverage: 0", ("4:37: account.leverage", "must be at least 1, not 0")),
        ("leverage: 2", "leverage: 2x", ("4:37: account.leverage", "wants a number, not '2x'")),
        ("leverage: 2", "leverage: 1000", ("4:37: account.leverage", "must be at most 125, not 1000")),
        ("funding: zero", "funding: no", ("account.funding", "wants one of required, zero, not 'no'")),
        ("fast: 5", "fast: 5.5", ("6:34: strategy.fast", "wants a whole number, not '5.5'")),
        ("fast: 5", "fast: on", ("6:34: strategy.fast", "wants a whole number, not 'on'")),
        ("fast: 5", "fast: 12:30:00", ("6:34: strategy.fast", "wants a whole number, not '12:30:00'")),
        ("fast: 5", "fast: 99999999999999999999", ("6:34: strategy.fast", "too large")),
        ("fast: 5", "fast: -5", ("6:34: strategy.fast", "must be at least 1, not -5")),
        ("fast: 5", "fast: 50", ("6:11: strategy", "fast must be less than slow, but 50 is not less than 20")),
        ("[BTCUSDT]", "BTCUSDT", ("2:14: instruments", "wants a list", "write [BTCUSDT]")),
        ("[BTCUSDT]", "[]", ("2:14: instruments", "is empty", "at least one")),
        ("[BTCUSDT]", "[BTCUSDT, btcusdt]", ("2:24: instruments[1]", "BTCUSDT stands twice")),
        ("[BTCUSDT]", "[BTC/USDT]", ("2:15: instruments[0]", "spot", "the perpetual is BTCUSDT")),
        ("[BTCUSDT]", "[BTC-PERP]", ("2:15: instruments[0]", "wants a symbol of letters and digits")),
        ("bar: 1h", "bar: 7m", ("3:6: bar", "'7m' is not a bar size offered", "1m, 3m, 5m, 15m")),
        ("bar: 1h", "bar: 1M", ("3:6: bar", "1M is a month", "1m is a minute")),
        ("bar: 1h", "bar: 60", ("3:6: bar", "'60' is not a bar size offered", "1h")),
        ("bar: 1h", "bar: hourly", ("3:6: bar", "'hourly' is not a bar size offered", "1h")),
        ("end: 2024-01-15", "end: 2023-01-15", ("5:50: source.end", "must be after start", "end exclusive")),
        ("end: 2024-01-15", "end: 2024-01-01", ("5:50: source.end", "must be after start")),
        ("start: 2024-01-01", "start: 2024-01-01T08:00", ("5:33: source.start", "needs a zone", "Z for UTC")),
        ("start: 2024-01-01", "start: 2024-01-01 08:00:00", ("5:33: source.start", "needs a zone", "Z for UTC")),
        ("start: 2024-01-01", "start: 2024-02-31", ("5:33: source.start", "wants a date like 2024-01-31")),
        ("start: 2024-01-01", "start: 01.01.2024", ("5:33: source.start", "wants a date like 2024-01-31")),
        ("start: 2024-01-01", "start: 1/2/2024", ("5:33: source.start", "wants a date like 2024-01-31")),
        ("start: 2024-01-01", "start: 1704067200", ("5:33: source.start", "wants a date like 2024-01-31")),
        ("name: test", "name: ../up", ("1:7: name", "wants a name that can name a folder")),
        ("name: test", 'name: "🚀 to/the:moon"', ("1:7: name", "wants a name that can name a folder")),
        ("name: test", 'name: "a\\nb"', ("1:7: name", "wants a name that can name a folder")),
        ("name: test", f"name: {'x' * 300}", ("1:7: name", "up to 100 characters", "xxx...")),
        ("{use: sma_cross, fast: 5, slow: 20}", "", ("strategy", "names no strategy")),
        ("strategy: {use: sma_cross, fast: 5, slow: 20}\n", "", ("strategy: is missing", "wants a strategy")),
    ],
)
def test_a_trap_is_one_line_that_says_what_is_wanted(
    desk: Any, wrong: Any, old: str, new: str, words: tuple[str, ...]
) -> None:
    desk.refused(wrong(old, new), 2, "s.yaml:", *words)


@pytest.mark.parametrize(
    ("old", "new", "capital"),
    [("10000", "1e4", 10_000.0), ("10000", "10_000", 10_000.0), ("10000", "1e-4", 1e-4)],
)
def test_numbers_that_yaml_would_take_for_text_are_numbers(
    desk: Any, wrong: Any, old: str, new: str, capital: float
) -> None:
    assert desk.run(wrong(old, new)).code == 0
    assert float(desk.manifests()[0]["settings"]["account"]["capital"]) == capital


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "sma_cross",
            "sma_corss",
            ("6:17: strategy", "no plugin offers a strategy called 'sma_corss'", "'sma_cross'?"),
        ),
        ("sma_cross", "🚀moon/../x", ("6:17: strategy", "no plugin offers", "there are buy_and_hold")),
        ("synthetic", "sythetic", ("5:15: source", "no plugin offers a source called 'sythetic'", "'synthetic'?")),
        ("{use: sma_cross, fast: 5, slow: 20}", "max_exposure", ("no plugin offers a strategy", "is a risk check")),
    ],
)
def test_a_part_that_nobody_offers_is_told_with_the_nearest(
    desk: Any, wrong: Any, old: str, new: str, words: tuple[str, ...]
) -> None:
    desk.refused(wrong(old, new), 4, "s.yaml:", *words)


def test_a_name_of_letters_that_folders_may_have_is_no_problem(desk: Any, wrong: Any) -> None:
    assert desk.run(wrong("name: test", "name: 🚀 Strategie Größe 1")).code == 0
    assert desk.statuses() == ["finished"]
