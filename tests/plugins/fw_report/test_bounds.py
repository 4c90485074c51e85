"""What reports say of a run whose bars leave open what came first inside them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import pytest

from fw import Result
from fw.domain.bounds import Bounds, bound_of
from fw.testing.results import results
from fw_report.bounds import line_of
from fw_report.html.charts import equity_chart
from fw_report.html.page import page_of
from fw_report.sober import sober
from fw_report.summary import summary_of
from fw_report.text import width

Make = Callable[..., Result]


@pytest.fixture(scope="module")
def bounded(by_hand: ModuleType) -> Make:
    """A run of trades of one coin at 100 that made these profits by either rule; no costs, a trade every two hours."""

    def run(profits: list[float], bars: int) -> Result:
        fills = []
        for k, profit in enumerate(profits):
            fills.append(by_hand.HandFill(bar=2 * k, lots=1_000, price=100.0))
            fills.append(by_hand.HandFill(bar=2 * k + 1, lots=-1_000, price=100.0 + profit))
        result: Result = by_hand.result_by_hand([100.0] * (2 * len(profits) + 2), fills)
        return attrs.evolve(result, totals={**result.totals, "ambiguous_bars": bars})

    def make(worse: list[float], better: list[float], *, shown: Any = "pessimistic", bars: int = 3) -> Result:
        one, other = run(worse, bars), run(better, bars)
        bounds = Bounds(shown=shown, pessimistic=bound_of(one), optimistic=bound_of(other))
        return attrs.evolve(bounds.of(shown).result, bound=lambda _: bounds)

    return make


def judged(result: Result) -> tuple[str, str]:
    """Verdict and sentence about what came first."""
    (finding,) = (finding for finding in sober(result).findings if finding.about == "Order inside bars")
    return finding.verdict, finding.sentence


def test_nothing_is_said_where_every_bar_told(by_hand: ModuleType) -> None:
    run = by_hand.result_by_hand([100.0] * 5, [by_hand.HandFill(bar=1, lots=1_000, price=99.0)])
    assert "Ambiguous" not in summary_of(run)
    assert "Order inside bars" not in {finding.about for finding in sober(run).findings}
    for words in ("optimistic", "pessimistic"):
        assert words not in page_of(run)
    assert [trace["name"] for trace in equity_chart(run)["data"]] == ["Buy and hold", "Equity"]


def test_a_sign_that_depends_on_it_is_bad(bounded: Make) -> None:
    # of 10,000: −120 and +340
    run = bounded([-60.0, -60.0], [170.0, 170.0], bars=12)
    verdict, sentence = judged(run)
    assert verdict == "bad"
    assert "What came first inside 12 bars decides whether the run earned or lost" in sentence
    assert "−1.20 % with the worse first (pessimistic, shown)" in sentence
    assert "3.40 % with the better first (optimistic)" in sentence
    assert "Finer data would tell" in sentence


def test_a_run_that_stands_out_from_luck_by_one_rule_only_is_doubtful(bounded: Make) -> None:
    even, uneven = [9.0, 11.0] * 40, [60.0, -50.0] * 40
    verdict, sentence = judged(bounded(uneven, even))
    assert verdict == "doubtful"
    assert "decides whether luck explains the run: if optimistic it hardly does, if pessimistic it may" in sentence


def test_a_profit_of_which_more_than_half_rests_on_it_is_doubtful_where_it_is_shown(bounded: Make) -> None:
    less, more = [40.0, -39.0, 3.0], [40.0, -39.0, 9.0]
    assert judged(bounded(less, more, shown="optimistic"))[0] == "doubtful"
    assert "made more than half of the profit" in judged(bounded(less, more, shown="optimistic"))[1]
    assert judged(bounded(less, more, shown="pessimistic"))[0] == "good", "the profit shown does not rest on it"


def test_what_changes_no_conclusion_is_said_to(bounded: Make) -> None:
    verdict, sentence = judged(bounded([30.0, -10.0], [30.0, -9.0], bars=1))
    assert verdict == "good"
    assert "What came first inside 1 bar changes no conclusion" in sentence
    verdict, sentence = judged(bounded([-30.0, -10.0], [-30.0, -9.0]))
    assert verdict == "bad"
    assert "the run lost either way" in sentence


def test_the_summary_has_one_line_of_both_returns(bounded: Make) -> None:
    run = bounded([-60.0, -60.0], [170.0, 170.0], bars=12)
    said = "Ambiguous bars 12: return −1.20 % pessimistic (shown), 3.40 % optimistic"
    assert said in summary_of(run).splitlines()
    shown = bounded([-60.0, -60.0], [170.0, 170.0], shown="optimistic")
    assert line_of(shown.bounds) == "Ambiguous bars 3: return 3.40 % optimistic (shown), −1.20 % pessimistic"
    wild = bounded([-9_990.0], [1e12], bars=1_234_567)
    assert all(width(line) <= 80 for line in summary_of(wild).splitlines())


def test_the_page_shows_the_other_return_beside_its_own_and_the_other_line_in_the_chart(bounded: Make) -> None:
    run = bounded([-60.0, -60.0], [170.0, 170.0], bars=12)
    page = page_of(run)
    label, rest = page.index("Total return if optimistic"), page.index("How much of this to believe")
    assert label < rest
    card = page[label : label + 600]
    assert "3.40 %" in card
    assert "gain" in card
    assert "In 12 bars nobody knows what came first" in card
    assert '<span class="muted"><i></i>If optimistic</span>' in page
    names = [trace["name"] for trace in equity_chart(run)["data"]]
    assert names == ["Buy and hold", "If optimistic", "Equity"]


def test_made_up_results_for_conformance_have_one_with_bounds() -> None:
    bounds = results()["ambiguous bars"].bounds
    assert bounds is not None
    assert bounds.pessimistic.profit < bounds.optimistic.profit
